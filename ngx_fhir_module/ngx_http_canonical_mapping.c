
/*
 * A body and its maps: what it is, which maps it is for, and the objects that
 * they make of it.
 */

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_http_hl7_module.h"
#include "ngx_http_canonical_module.h"
#include "ngx_hl7_text.h"
#include "ngx_canonical_json.h"
#include "ngx_canonical_xml.h"
#include "ngx_fhir_tree.h"


static ngx_int_t ngx_http_canonical_variable(void *data, uintptr_t index,
    ngx_str_t *value);
static ngx_int_t ngx_http_canonical_map_hl7(ngx_http_request_t *r,
    ngx_http_canonical_mapping_t *mapping);
static ngx_hl7_context_t *ngx_http_canonical_message(ngx_http_request_t *r,
    ngx_http_canonical_mapping_t *mapping);
static ngx_int_t ngx_http_canonical_read(ngx_http_request_t *r,
    ngx_http_canonical_mapping_t *mapping, ngx_str_t *text,
    ngx_canonical_from_e from, ngx_canonical_node_t **root);
static ngx_int_t ngx_http_canonical_map_tree(ngx_http_request_t *r,
    ngx_http_canonical_mapping_t *mapping, ngx_canonical_from_e from,
    ngx_canonical_node_t *root);
static ngx_int_t ngx_http_canonical_map_resource(ngx_http_request_t *r,
    ngx_http_canonical_mapping_t *mapping, ngx_canonical_node_t *resource);
static ngx_int_t ngx_http_canonical_run(ngx_http_request_t *r,
    ngx_http_canonical_mapping_t *mapping, ngx_canonical_map_t *map);
static ngx_canonical_from_e ngx_http_canonical_from(
    ngx_http_canonical_mapping_t *mapping);


typedef struct {
    ngx_str_t                   type;
    ngx_http_canonical_media_e  media;
} ngx_http_canonical_media_type_t;


static ngx_http_canonical_media_type_t  ngx_http_canonical_types[] = {
    { ngx_string("application/fhir+json"), NGX_HTTP_CANONICAL_JSON },
    { ngx_string("application/fhir+xml"), NGX_HTTP_CANONICAL_XML },
    { ngx_string("application/fhir+ndjson"), NGX_HTTP_CANONICAL_NDJSON },
    { ngx_string("application/json"), NGX_HTTP_CANONICAL_JSON },
    { ngx_string("application/xml"), NGX_HTTP_CANONICAL_XML },
    { ngx_string("application/ndjson"), NGX_HTTP_CANONICAL_NDJSON },
    { ngx_string("application/x-ndjson"), NGX_HTTP_CANONICAL_NDJSON },
    { ngx_string("text/json"), NGX_HTTP_CANONICAL_JSON },
    { ngx_string("text/xml"), NGX_HTTP_CANONICAL_XML },
    { ngx_null_string, 0 }
};


ngx_http_canonical_media_e
ngx_http_canonical_media(ngx_str_t *type)
{
    size_t                            len;
    ngx_http_canonical_media_type_t  *mt;

    if (ngx_http_hl7_type(type)) {
        return NGX_HTTP_CANONICAL_HL7;
    }

    for (len = 0; len < type->len; len++) {
        if (type->data[len] == ';' || type->data[len] == ' '
            || type->data[len] == '\t')
        {
            break;
        }
    }

    for (mt = ngx_http_canonical_types; mt->type.len; mt++) {
        if (mt->type.len == len
            && ngx_strncasecmp(mt->type.data, type->data, len) == 0)
        {
            return mt->media;
        }
    }

    /* RFC 6838 4.2.8: structured syntaxes */

#define ngx_http_canonical_suffix(s)                                          \
    (len > sizeof(s) - 1                                                      \
     && ngx_strncasecmp(type->data + len - (sizeof(s) - 1), (u_char *) s,     \
                        sizeof(s) - 1)                                        \
        == 0)

    if (ngx_http_canonical_suffix("+json")) {
        return NGX_HTTP_CANONICAL_JSON;
    }

    if (ngx_http_canonical_suffix("+xml")) {
        return NGX_HTTP_CANONICAL_XML;
    }

    return NGX_HTTP_CANONICAL_UNKNOWN;
}


ngx_http_canonical_mapping_t *
ngx_http_canonical_mapping(ngx_http_request_t *r, ngx_array_t *maps,
    ngx_str_t *type)
{
    ngx_uint_t                       i;
    ngx_http_canonical_name_t      **name;
    ngx_http_canonical_mapping_t    *mapping;
    ngx_http_canonical_loc_conf_t   *clcf;

    clcf = ngx_http_get_module_loc_conf(r, ngx_http_canonical_module);

    mapping = ngx_pcalloc(r->pool, sizeof(ngx_http_canonical_mapping_t));
    if (mapping == NULL) {
        return NULL;
    }

    ngx_canonical_arena_init(&mapping->arena, ngx_http_canonical_memory,
                             r->pool, clcf->max_memory);

    mapping->maps = maps;
    mapping->type = *type;
    mapping->media = ngx_http_canonical_media(type);

    mapping->used = ngx_palloc(r->pool,
                               maps->nelts * sizeof(ngx_canonical_map_t *));
    if (mapping->used == NULL) {
        return NULL;
    }

    name = maps->elts;

    mapping->many = (maps->nelts > 1)
                    || mapping->media == NGX_HTTP_CANONICAL_NDJSON;

    for (i = 0; i < maps->nelts; i++) {
        mapping->many |= ngx_canonical_map_many(name[i]->value);
    }

    mapping->run.arena = &mapping->arena;
    mapping->run.variable = ngx_http_canonical_variable;
    mapping->run.data = r;
    mapping->run.max_objects = clcf->max_objects;
    mapping->run.max_items = clcf->max_members;

    return mapping;
}


void *
ngx_http_canonical_memory(void *data, size_t size)
{
    return ngx_palloc(data, size);
}


static ngx_int_t
ngx_http_canonical_variable(void *data, uintptr_t index, ngx_str_t *value)
{
    ngx_http_variable_value_t  *v;

    v = ngx_http_get_indexed_variable(data, index);

    if (v == NULL) {
        return NGX_ERROR;
    }

    if (v->not_found) {
        return NGX_DECLINED;
    }

    value->data = v->data;
    value->len = v->len;

    return NGX_OK;
}


ngx_int_t
ngx_http_canonical_map(ngx_http_request_t *r,
    ngx_http_canonical_mapping_t *mapping)
{
    if (mapping->body.len == 0) {
        return ngx_http_canonical_none(mapping, NGX_HTTP_BAD_REQUEST, 0,
                                       "empty body");
    }

    switch (mapping->media) {

    case NGX_HTTP_CANONICAL_HL7:
        return ngx_http_canonical_map_hl7(r, mapping);

    case NGX_HTTP_CANONICAL_NDJSON:
        return ngx_http_canonical_map_lines(r, mapping);

    default:
        return ngx_http_canonical_map_text(r, mapping, &mapping->body);
    }
}


static ngx_int_t
ngx_http_canonical_map_hl7(ngx_http_request_t *r,
    ngx_http_canonical_mapping_t *mapping)
{
    ngx_int_t                    rc;
    ngx_str_t                    type, event;
    ngx_uint_t                   i;
    ngx_hl7_context_t           *ctx;
    ngx_canonical_map_t         *map;
    ngx_canonical_error_t       *err;
    ngx_http_canonical_name_t  **name;

    ctx = ngx_http_canonical_message(r, mapping);
    if (ctx == NULL) {
        return NGX_ERROR;
    }

    if (!ctx->opened) {
        err = &mapping->run.error;

        err->offset = ctx->error.offset;
        err->positioned = 1;
        ngx_memcpy(err->segment, ctx->error.segment, sizeof(err->segment));
        err->field = ctx->error.field;

        return ngx_http_canonical_none(mapping, NGX_HTTP_BAD_REQUEST,
                                       NGX_HL7_SEGMENT_SEQUENCE,
                                       "not an HL7 v2 message");
    }

    if (ngx_hl7_context_index(ctx) != NGX_OK) {
        return NGX_ERROR;
    }

    mapping->run.message = &ctx->message;
    mapping->run.charset = ngx_hl7_context_charset(ctx);

    if (mapping->run.charset == NULL) {
        return ngx_http_canonical_none(mapping, 422,
                                       NGX_HL7_TABLE_VALUE,
                                       "unknown character set in MSH-18");
    }

    ngx_hl7_msh(&ctx->message, 9, 1, &type);
    ngx_hl7_msh(&ctx->message, 9, 2, &event);

    name = mapping->maps->elts;

    for (i = 0; i < mapping->maps->nelts; i++) {
        map = name[i]->value;

        if (ngx_canonical_map_from(map) != NGX_CANONICAL_FROM_HL7
            || !ngx_canonical_map_for_hl7(map, &type, &event))
        {
            continue;
        }

        rc = ngx_http_canonical_run(r, mapping, map);

        if (rc != NGX_OK) {
            return rc;
        }
    }

    if (mapping->nused == 0) {
        return ngx_http_canonical_none(mapping,
                                       NGX_HTTP_UNSUPPORTED_MEDIA_TYPE,
                                       NGX_HL7_MESSAGE_TYPE,
                                       "no map for this message type");
    }

    return NGX_OK;
}


/* that of the request, or, of another body, one of its own */

static ngx_hl7_context_t *
ngx_http_canonical_message(ngx_http_request_t *r,
    ngx_http_canonical_mapping_t *mapping)
{
    u_char             *start, *end;
    ngx_hl7_context_t  *ctx;

    static ngx_str_t    charset = ngx_string("UTF-8");

    start = mapping->body.data;
    end = start + mapping->body.len;

    ctx = ngx_http_hl7_context(r);

    if (ctx == NULL
        || (ctx->opened && ctx->message.start >= start
            && ctx->message.start < end))
    {
        return ctx;
    }

    ctx = ngx_pcalloc(r->pool, sizeof(ngx_hl7_context_t));
    if (ctx == NULL) {
        return NULL;
    }

    ctx->pool = r->pool;
    ctx->connection = r->connection;
    ctx->charset = ngx_hl7_charset(&charset);

    if (end - start > 3 && ngx_memcmp(start, "\xef\xbb\xbf", 3) == 0) {
        start += 3;
    }

    (void) ngx_hl7_context_open(ctx, start, end);

    return ctx;
}


ngx_int_t
ngx_http_canonical_map_text(ngx_http_request_t *r,
    ngx_http_canonical_mapping_t *mapping, ngx_str_t *text)
{
    ngx_int_t              rc;
    ngx_canonical_from_e   from;
    ngx_canonical_node_t  *root;

    from = ngx_http_canonical_from(mapping);

    if (from == 0) {
        return ngx_http_canonical_none(mapping,
                                       NGX_HTTP_UNSUPPORTED_MEDIA_TYPE, 0,
                                       "no map for this media type");
    }

    rc = ngx_http_canonical_read(r, mapping, text, from, &root);

    if (rc == NGX_DECLINED) {
        mapping->status = (mapping->run.error.code == NGX_HL7_VALUE_TOO_LONG)
                          ? NGX_HTTP_REQUEST_ENTITY_TOO_LARGE
                          : NGX_HTTP_BAD_REQUEST;
        mapping->run.error.positioned = 1;
    }

    if (rc != NGX_OK) {
        return rc;
    }

    return ngx_http_canonical_map_tree(r, mapping, from, root);
}


static ngx_int_t
ngx_http_canonical_read(ngx_http_request_t *r,
    ngx_http_canonical_mapping_t *mapping, ngx_str_t *text,
    ngx_canonical_from_e from, ngx_canonical_node_t **root)
{
    ngx_canonical_arena_t          *a;
    ngx_canonical_error_t          *err;
    ngx_canonical_limits_t          limits;
    ngx_http_canonical_loc_conf_t  *clcf;

    clcf = ngx_http_get_module_loc_conf(r, ngx_http_canonical_module);

    ngx_http_canonical_limits(clcf, &limits);

    a = &mapping->arena;
    err = &mapping->run.error;

    if (mapping->media == NGX_HTTP_CANONICAL_XML) {

        if (from == NGX_CANONICAL_FROM_FHIR) {
            return ngx_fhir_xml_read(a, text, &limits, root, err);
        }

        return ngx_canonical_xml_read(a, text, &limits, root, err);
    }

    if (from == NGX_CANONICAL_FROM_FHIR) {
        return ngx_fhir_json_read(a, text, &limits, root, err);
    }

    return ngx_canonical_json_read(a, text, &limits, root, err);
}


void
ngx_http_canonical_limits(ngx_http_canonical_loc_conf_t *clcf,
    ngx_canonical_limits_t *limits)
{
    limits->depth = clcf->max_depth;
    limits->members = clcf->max_members;
    limits->number = clcf->max_number;
    limits->nodes = clcf->max_memory / sizeof(ngx_canonical_node_t);
}


static ngx_int_t
ngx_http_canonical_map_tree(ngx_http_request_t *r,
    ngx_http_canonical_mapping_t *mapping, ngx_canonical_from_e from,
    ngx_canonical_node_t *root)
{
    ngx_int_t                    rc;
    ngx_uint_t                   i, n;
    ngx_canonical_map_t         *map;
    ngx_canonical_node_t        *entries, *entry, *resource;
    ngx_http_canonical_name_t  **name;

    mapping->run.body = root;
    n = mapping->run.nobjects;

    if (from == NGX_CANONICAL_FROM_FHIR) {

        rc = ngx_http_canonical_map_resource(r, mapping, root);

        if (rc != NGX_DECLINED || mapping->status) {
            return rc;
        }

        if (root->type != NGX_FHIR_BUNDLE) {
            return ngx_http_canonical_none(mapping, 422, 0,
                                           "no map for this resource type");
        }

        mapping->many = 1;
        entries = ngx_canonical_get(root, "entry");

        for (entry = entries ? entries->first : NULL;
             entry;
             entry = entry->next)
        {
            resource = ngx_canonical_get(entry, "resource");

            if (resource == NULL) {
                continue;
            }

            rc = ngx_http_canonical_map_resource(r, mapping, resource);

            if (rc == NGX_ERROR || mapping->status) {
                return rc;
            }
        }

        if (mapping->run.nobjects == n) {
            return ngx_http_canonical_none(mapping, 422, 0,
                                     "no map for any resource of the Bundle");
        }

        return NGX_OK;
    }

    mapping->run.root = root;
    name = mapping->maps->elts;

    for (i = 0; i < mapping->maps->nelts; i++) {
        map = name[i]->value;

        if (ngx_canonical_map_from(map) != from) {
            continue;
        }

        rc = ngx_http_canonical_run(r, mapping, map);

        if (rc != NGX_OK) {
            return rc;
        }
    }

    return NGX_OK;
}


/* NGX_DECLINED without a status: there is no map for it */

static ngx_int_t
ngx_http_canonical_map_resource(ngx_http_request_t *r,
    ngx_http_canonical_mapping_t *mapping, ngx_canonical_node_t *resource)
{
    ngx_int_t                    rc;
    ngx_uint_t                   i, n, found;
    ngx_canonical_map_t         *map;
    ngx_http_canonical_name_t  **name;

    mapping->run.root = resource;
    name = mapping->maps->elts;
    found = 0;

    for (i = 0; i < mapping->maps->nelts; i++) {
        map = name[i]->value;

        if (ngx_canonical_map_from(map) != NGX_CANONICAL_FROM_FHIR
            || !ngx_canonical_map_for_fhir(map, resource->type))
        {
            continue;
        }

        n = mapping->run.nobjects;

        rc = ngx_http_canonical_run(r, mapping, map);

        if (rc != NGX_OK) {
            return rc;
        }

        /* a map for another profile makes no object */

        found |= (mapping->run.nobjects > n || ngx_canonical_map_many(map));
    }

    return found ? NGX_OK : NGX_DECLINED;
}


static ngx_int_t
ngx_http_canonical_run(ngx_http_request_t *r,
    ngx_http_canonical_mapping_t *mapping, ngx_canonical_map_t *map)
{
    ngx_int_t   rc;
    ngx_uint_t  i;

    for (i = 0; i < mapping->nused; i++) {
        if (mapping->used[i] == map) {
            break;
        }
    }

    if (i == mapping->nused) {
        mapping->used[mapping->nused++] = map;
    }

    rc = ngx_canonical_map_run(map, &mapping->run);

    if (rc == NGX_DECLINED) {

        /* a bound, or what is wrong with the body */

        mapping->status = (mapping->run.error.code == NGX_HL7_INTERNAL_ERROR)
                          ? NGX_HTTP_REQUEST_ENTITY_TOO_LARGE : 422;
    }

    if (rc == NGX_ERROR && mapping->arena.full) {
        return ngx_http_canonical_none(mapping,
                                       NGX_HTTP_REQUEST_ENTITY_TOO_LARGE, 0,
                                       "too much memory needed");
    }

    return rc;
}


ngx_uint_t
ngx_http_canonical_takes(ngx_http_canonical_mapping_t *mapping)
{
    ngx_uint_t                   i;
    ngx_http_canonical_name_t  **name;

    if (mapping->media != NGX_HTTP_CANONICAL_HL7) {
        return ngx_http_canonical_from(mapping) != 0;
    }

    name = mapping->maps->elts;

    for (i = 0; i < mapping->maps->nelts; i++) {
        if (ngx_canonical_map_from(name[i]->value) == NGX_CANONICAL_FROM_HL7) {
            return 1;
        }
    }

    return 0;
}


/*
 * JSON and XML are FHIR when a map is for FHIR, unless the media type says
 * otherwise and another map is for that.
 */

static ngx_canonical_from_e
ngx_http_canonical_from(ngx_http_canonical_mapping_t *mapping)
{
    ngx_uint_t                   i, fhir, other;
    ngx_canonical_from_e         from, plain;
    ngx_http_canonical_name_t  **name;

    plain = (mapping->media == NGX_HTTP_CANONICAL_XML)
            ? NGX_CANONICAL_FROM_XML : NGX_CANONICAL_FROM_JSON;

    if (mapping->media == NGX_HTTP_CANONICAL_UNKNOWN
        || mapping->media == NGX_HTTP_CANONICAL_HL7)
    {
        return 0;
    }

    name = mapping->maps->elts;
    fhir = 0;
    other = 0;

    for (i = 0; i < mapping->maps->nelts; i++) {
        from = ngx_canonical_map_from(name[i]->value);

        fhir |= (from == NGX_CANONICAL_FROM_FHIR);
        other |= (from == plain);
    }

    if (fhir && other) {
        fhir = (ngx_strlcasestrn(mapping->type.data,
                                 mapping->type.data + mapping->type.len,
                                 (u_char *) "fhir", 4 - 1)
                != NULL);
    }

    if (fhir) {
        return NGX_CANONICAL_FROM_FHIR;
    }

    return other ? plain : 0;
}


ngx_int_t
ngx_http_canonical_none(ngx_http_canonical_mapping_t *mapping,
    ngx_uint_t status, ngx_uint_t code, const char *text)
{
    mapping->status = status;
    mapping->run.error.code = code;
    mapping->run.error.text = text;

    return NGX_DECLINED;
}


ngx_str_t
ngx_http_canonical_print(ngx_pool_t *pool,
    ngx_http_canonical_mapping_t *mapping, ngx_canonical_object_t *object)
{
    u_char                  *p;
    size_t                   size;
    ngx_str_t                text;
    ngx_uint_t               lines;
    ngx_canonical_object_t  *o;

    lines = (mapping->media == NGX_HTTP_CANONICAL_NDJSON);
    size = 2;

    for (o = object; o; o = o->next) {
        size += ngx_canonical_print_size(o->root) + 1;
    }

    ngx_str_null(&text);

    p = ngx_pnalloc(pool, size);
    if (p == NULL) {
        return text;
    }

    text.data = p;

    if (mapping->many && !lines) {
        *p++ = '[';
    }

    for (o = object; o; o = o->next) {
        p = ngx_canonical_print(o->root, p);

        if (lines) {
            *p++ = LF;

        } else if (o->next) {
            *p++ = ',';
        }
    }

    if (mapping->many && !lines) {
        *p++ = ']';
    }

    text.len = p - text.data;

    return text;
}
