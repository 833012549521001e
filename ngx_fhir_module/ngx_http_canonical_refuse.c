
/*
 * What the sender of a refused body is told, and what the log says: where
 * and why, by our own words and those of the configuration.
 */

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_http_hl7_module.h"
#include "ngx_http_canonical_module.h"


#define NGX_HTTP_CANONICAL_TEXT_MAX    1024
#define NGX_HTTP_CANONICAL_SOURCE_MAX  128
#define NGX_HTTP_CANONICAL_ANSWER_MAX  65536


/* who reads the description of an error */

typedef enum {
    NGX_HTTP_CANONICAL_LOG = 0,        /* all of it */
    NGX_HTTP_CANONICAL_SENDER,         /* no paths of this machine */
    NGX_HTTP_CANONICAL_MLLP            /* nor the place, which ERR-2 has */
} ngx_http_canonical_reader_e;


static void ngx_http_canonical_keep(ngx_http_request_t *r,
    ngx_http_canonical_mapping_t *mapping);
static ngx_str_t ngx_http_canonical_describe(ngx_pool_t *pool,
    ngx_http_canonical_mapping_t *mapping, ngx_canonical_error_t *err,
    ngx_http_canonical_reader_e reader);
static u_char *ngx_http_canonical_source(u_char *p, u_char *last,
    ngx_str_t *source);
static ngx_str_t ngx_http_canonical_file(ngx_str_t *path);
static void ngx_http_canonical_tell_mllp(ngx_http_request_t *r,
    ngx_canonical_error_t *err, ngx_str_t *text);
static ngx_uint_t ngx_http_canonical_accepts_fhir(ngx_http_request_t *r);
static ngx_canonical_node_t *ngx_http_canonical_problem(ngx_http_request_t *r,
    ngx_canonical_arena_t *a, ngx_http_canonical_mapping_t *mapping);
static ngx_canonical_node_t *ngx_http_canonical_outcome(ngx_http_request_t *r,
    ngx_canonical_arena_t *a, ngx_http_canonical_mapping_t *mapping,
    ngx_str_t *text);
static const char *ngx_http_canonical_issue(
    ngx_http_canonical_mapping_t *mapping);
static ngx_canonical_node_t *ngx_http_canonical_add(ngx_canonical_arena_t *a,
    ngx_canonical_node_t *parent, const char *name,
    ngx_canonical_kind_e kind);


typedef struct {
    ngx_uint_t    status;
    const char   *title;
} ngx_http_canonical_title_t;


static ngx_http_canonical_title_t  ngx_http_canonical_titles[] = {
    { 400, "Bad Request" },
    { 413, "Content Too Large" },
    { 415, "Unsupported Media Type" },
    { 422, "Unprocessable Content" },
    { 0, "Error" }
};


void
ngx_http_canonical_log(ngx_http_request_t *r, ngx_uint_t level,
    ngx_http_canonical_mapping_t *mapping, ngx_canonical_error_t *err)
{
    ngx_str_t  text;

    /* the pool of a line of NDJSON, when it is one */

    text = ngx_http_canonical_describe(mapping->arena.data, mapping, err,
                                       NGX_HTTP_CANONICAL_LOG);

    ngx_log_error(level, r->connection->log, 0, "%V", &text);
}


void
ngx_http_canonical_warn(ngx_http_request_t *r,
    ngx_http_canonical_mapping_t *mapping)
{
    ngx_canonical_warning_t  *w;

    for (w = mapping->run.warnings; w; w = w->next) {
        ngx_http_canonical_log(r, NGX_LOG_WARN, mapping, &w->error);
    }
}


ngx_int_t
ngx_http_canonical_refuse(ngx_http_request_t *r,
    ngx_http_canonical_mapping_t *mapping)
{
    ngx_int_t                 rc;
    ngx_str_t                 type;
    ngx_http_complex_value_t  cv;

    ngx_memzero(&cv, sizeof(ngx_http_complex_value_t));

    rc = ngx_http_canonical_answer(r, mapping, &type, &cv.value);

    if (rc != NGX_OK) {
        return (rc == NGX_DECLINED) ? (ngx_int_t) mapping->status
                                    : NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    /* NGX_OK would mean to the phase that all is well */

    ngx_http_finalize_request(r, ngx_http_send_response(r, mapping->status,
                                                        &type, &cv));
    return NGX_DONE;
}


ngx_int_t
ngx_http_canonical_answer(ngx_http_request_t *r,
    ngx_http_canonical_mapping_t *mapping, ngx_str_t *type, ngx_str_t *text)
{
    u_char                 *p;
    ngx_str_t               why;
    ngx_canonical_arena_t   a;
    ngx_canonical_node_t   *root;

    ngx_http_canonical_keep(r, mapping);

    ngx_http_canonical_log(r, NGX_LOG_ERR, mapping, &mapping->run.error);

    why = ngx_http_canonical_describe(r->pool, mapping, &mapping->run.error,
                                      NGX_HTTP_CANONICAL_MLLP);

    ngx_http_canonical_tell_mllp(r, &mapping->run.error, &why);

    if (ngx_http_canonical_has_error_page(r, mapping->status)) {
        return NGX_DECLINED;
    }

    /* the memory of the mapping may be what was short */

    ngx_canonical_arena_init(&a, ngx_http_canonical_memory, r->pool,
                             NGX_HTTP_CANONICAL_ANSWER_MAX);

    if (ngx_http_canonical_accepts_fhir(r)) {
        ngx_str_set(type, "application/fhir+json");
        why = ngx_http_canonical_describe(r->pool, mapping,
                                          &mapping->run.error,
                                          NGX_HTTP_CANONICAL_SENDER);
        root = ngx_http_canonical_outcome(r, &a, mapping, &why);

    } else {
        ngx_str_set(type, "application/problem+json");
        root = ngx_http_canonical_problem(r, &a, mapping);
    }

    if (root == NULL) {
        return NGX_ERROR;
    }

    p = ngx_pnalloc(r->pool, ngx_canonical_print_size(root));
    if (p == NULL) {
        return NGX_ERROR;
    }

    text->data = p;
    text->len = ngx_canonical_print(root, p) - p;

    return NGX_OK;
}


/* on_error=quarantine of the map at fault: for the eyes of who may see it */

static void
ngx_http_canonical_keep(ngx_http_request_t *r,
    ngx_http_canonical_mapping_t *mapping)
{
    ngx_uint_t                      i;
    ngx_canonical_map_t            *map;
    ngx_http_canonical_loc_conf_t  *clcf;

    clcf = ngx_http_get_module_loc_conf(r, ngx_http_canonical_module);

    if (clcf->quarantine == NULL) {
        return;
    }

    for (i = 0; i < mapping->nused; i++) {
        map = mapping->used[i];

        if (ngx_canonical_map_label(map)->data == mapping->run.error.map.data
            && ngx_canonical_map_on_error(map) == NGX_CANONICAL_QUARANTINE)
        {
            ngx_mllp_quarantine_put(clcf->quarantine, r->connection,
                                    mapping->body.data, mapping->body.len,
                                    NGX_MLLP_DEVIATIONS);
            return;
        }
    }
}


static ngx_str_t
ngx_http_canonical_describe(ngx_pool_t *pool,
    ngx_http_canonical_mapping_t *mapping, ngx_canonical_error_t *err,
    ngx_http_canonical_reader_e reader)
{
    u_char     *p, *last;
    ngx_str_t   text, file;

    ngx_str_null(&text);

    p = ngx_pnalloc(pool, NGX_HTTP_CANONICAL_TEXT_MAX);
    if (p == NULL) {
        return text;
    }

    text.data = p;
    last = p + NGX_HTTP_CANONICAL_TEXT_MAX;

    p = ngx_slprintf(p, last, "%s", err->text ? err->text : "not mapped");

    if (err->source.len) {
        p = ngx_http_canonical_source(p, last, &err->source);
    }

    if (err->segment[0] && reader != NGX_HTTP_CANONICAL_MLLP) {
        p = ngx_slprintf(p, last, ", segment %s", err->segment);

        if (err->number) {
            p = ngx_slprintf(p, last, " (%ui of the message)", err->number);
        }
    }

    if (mapping->line) {
        p = ngx_slprintf(p, last, ", line %ui", mapping->line);
    }

    if (err->positioned && reader != NGX_HTTP_CANONICAL_MLLP) {
        p = ngx_slprintf(p, last, ", byte %uz", err->offset);
    }

    if (err->target.len) {
        p = ngx_slprintf(p, last, ", target %V", &err->target);
    }

    if (err->map.len) {
        p = ngx_slprintf(p, last, ", map %V", &err->map);
    }

    if (err->file.len) {
        file = (reader == NGX_HTTP_CANONICAL_LOG)
               ? err->file : ngx_http_canonical_file(&err->file);

        p = ngx_slprintf(p, last, " in %V:%ui", &file, err->line);
    }

    text.len = p - text.data;

    return text;
}


/* a long expression is not to push the rest out of the text */

static u_char *
ngx_http_canonical_source(u_char *p, u_char *last, ngx_str_t *source)
{
    size_t  len;

    len = source->len;

    if (len <= NGX_HTTP_CANONICAL_SOURCE_MAX) {
        return ngx_slprintf(p, last, ", source %V", source);
    }

    len = NGX_HTTP_CANONICAL_SOURCE_MAX;

    /* between characters of UTF-8 */

    while (len && (source->data[len] & 0xc0) == 0x80) {
        len--;
    }

    return ngx_slprintf(p, last, ", source %*s...", len, source->data);
}


static ngx_str_t
ngx_http_canonical_file(ngx_str_t *path)
{
    size_t     n;
    ngx_str_t  file;

    for (n = path->len; n && path->data[n - 1] != '/'; n--) { /* void */ }

    file.data = path->data + n;
    file.len = path->len - n;

    return file;
}


/* the ERR segment of the acknowledgement */

static void
ngx_http_canonical_tell_mllp(ngx_http_request_t *r,
    ngx_canonical_error_t *err, ngx_str_t *text)
{
    ngx_hl7_context_t  *ctx;

    ctx = ngx_http_hl7_context(r);

    if (ctx == NULL) {
        return;
    }

    ctx->error.code = err->code ? err->code : NGX_HL7_INTERNAL_ERROR;
    ctx->error.text = *text;
    ctx->error.occurrence = err->occurrence;
    ctx->error.field = err->field;
    ctx->error.repetition = err->repetition;
    ctx->error.component = err->component;
    ctx->error.subcomponent = err->subcomponent;
    ctx->error.offset = err->offset;

    ngx_memcpy(ctx->error.segment, err->segment, sizeof(err->segment));
}


ngx_uint_t
ngx_http_canonical_has_error_page(ngx_http_request_t *r, ngx_uint_t status)
{
    ngx_uint_t                 i;
    ngx_http_err_page_t       *page;
    ngx_http_core_loc_conf_t  *clcf;

    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    if (clcf->error_pages == NULL || r->error_page) {
        return 0;
    }

    page = clcf->error_pages->elts;

    for (i = 0; i < clcf->error_pages->nelts; i++) {
        if (page[i].status == (ngx_int_t) status) {
            return 1;
        }
    }

    return 0;
}


static ngx_uint_t
ngx_http_canonical_accepts_fhir(ngx_http_request_t *r)
{
    ngx_uint_t        i;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h;

    part = &r->headers_in.headers.part;
    h = part->elts;

    for (i = 0; /* void */ ; i++) {

        if (i >= part->nelts) {
            if (part->next == NULL) {
                return 0;
            }

            part = part->next;
            h = part->elts;
            i = 0;
        }

        if (h[i].key.len == sizeof("Accept") - 1
            && ngx_strncasecmp(h[i].key.data, (u_char *) "Accept",
                               sizeof("Accept") - 1)
               == 0
            && ngx_strlcasestrn(h[i].value.data,
                                h[i].value.data + h[i].value.len,
                                (u_char *) "application/fhir+",
                                sizeof("application/fhir+") - 2))
        {
            return 1;
        }
    }
}


/* RFC 9457 */

static ngx_canonical_node_t *
ngx_http_canonical_problem(ngx_http_request_t *r, ngx_canonical_arena_t *a,
    ngx_http_canonical_mapping_t *mapping)
{
    ngx_str_t                    file;
    ngx_hl7_context_t           *ctx;
    ngx_canonical_node_t        *root;
    ngx_canonical_error_t       *err;
    ngx_http_canonical_title_t  *title;

    root = ngx_canonical_node(a, NGX_CANONICAL_OBJECT);
    if (root == NULL) {
        return NULL;
    }

    err = &mapping->run.error;

    for (title = ngx_http_canonical_titles; title->status; title++) {
        if (title->status == mapping->status) {
            break;
        }
    }

    ngx_http_canonical_add_text(a, root, "type", "about:blank");
    ngx_http_canonical_add_text(a, root, "title", title->title);
    ngx_http_canonical_add_num(a, root, "status", mapping->status);
    ngx_http_canonical_add_text(a, root, "detail",
                                err->text ? err->text : "not mapped");

    if (err->code) {
        ngx_http_canonical_add_num(a, root, "code", err->code);
    }

    ngx_http_canonical_add_str(a, root, "source", &err->source);

    if (err->segment[0]) {
        ngx_http_canonical_add_text(a, root, "segment", err->segment);
    }

    if (err->number) {
        ngx_http_canonical_add_num(a, root, "segment_number", err->number);
    }

    if (mapping->line) {
        ngx_http_canonical_add_num(a, root, "line", mapping->line);
    }

    if (err->positioned) {
        ngx_http_canonical_add_num(a, root, "offset", err->offset);
    }

    ngx_http_canonical_add_str(a, root, "target", &err->target);
    ngx_http_canonical_add_str(a, root, "map", &err->map);

    if (err->file.len) {
        file = ngx_http_canonical_file(&err->file);
        ngx_http_canonical_add_str(a, root, "file", &file);
        ngx_http_canonical_add_num(a, root, "file_line", err->line);
    }

    ctx = ngx_http_hl7_context(r);

    if (ctx) {
        ngx_http_canonical_add_str(a, root, "correlation_id",
                                   &ctx->id.correlation_id);
    }

    return root;
}


static ngx_canonical_node_t *
ngx_http_canonical_outcome(ngx_http_request_t *r, ngx_canonical_arena_t *a,
    ngx_http_canonical_mapping_t *mapping, ngx_str_t *text)
{
    ngx_canonical_node_t   *root, *issues, *issue, *list, *item;
    ngx_canonical_error_t  *err;

    err = &mapping->run.error;

    root = ngx_canonical_node(a, NGX_CANONICAL_OBJECT);
    if (root == NULL) {
        return NULL;
    }

    ngx_http_canonical_add_text(a, root, "resourceType", "OperationOutcome");

    issues = ngx_http_canonical_add(a, root, "issue", NGX_CANONICAL_ARRAY);
    if (issues == NULL) {
        return NULL;
    }

    issue = ngx_http_canonical_add(a, issues, "", NGX_CANONICAL_OBJECT);
    if (issue == NULL) {
        return NULL;
    }

    ngx_http_canonical_add_text(a, issue, "severity", "error");
    ngx_http_canonical_add_text(a, issue, "code",
                                ngx_http_canonical_issue(mapping));
    ngx_http_canonical_add_str(a, issue, "diagnostics", text);

    if (err->source.len) {
        list = ngx_http_canonical_add(a, issue, "expression",
                                      NGX_CANONICAL_ARRAY);
        if (list == NULL) {
            return NULL;
        }

        item = ngx_http_canonical_add(a, list, "", NGX_CANONICAL_STRING);
        if (item == NULL) {
            return NULL;
        }

        item->data = err->source.data;
        item->len = err->source.len;
    }

    return root;
}


/* a code of FHIR's value set issue-type */

static const char *
ngx_http_canonical_issue(ngx_http_canonical_mapping_t *mapping)
{
    switch (mapping->status) {

    case NGX_HTTP_BAD_REQUEST:
        return "structure";

    case NGX_HTTP_REQUEST_ENTITY_TOO_LARGE:
        return "too-long";

    case NGX_HTTP_UNSUPPORTED_MEDIA_TYPE:
        return "not-supported";
    }

    switch (mapping->run.error.code) {

    case NGX_HL7_REQUIRED_FIELD:
        return "required";

    case NGX_HL7_TABLE_VALUE:
        return "code-invalid";

    case NGX_HL7_DATA_TYPE:
        return "value";

    case NGX_HL7_VALUE_TOO_LONG:
        return "too-long";

    default:
        return "processing";
    }
}


/* members are left out when there is no memory: the status tells enough */

static ngx_canonical_node_t *
ngx_http_canonical_add(ngx_canonical_arena_t *a, ngx_canonical_node_t *parent,
    const char *name, ngx_canonical_kind_e kind)
{
    ngx_canonical_node_t  *node;

    node = ngx_canonical_node(a, kind);
    if (node == NULL) {
        return NULL;
    }

    node->name = (u_char *) name;
    node->name_len = ngx_strlen(name);

    ngx_canonical_append(parent, node);

    return node;
}


void
ngx_http_canonical_add_str(ngx_canonical_arena_t *a,
    ngx_canonical_node_t *parent, const char *name, ngx_str_t *value)
{
    ngx_canonical_node_t  *node;

    if (value->len == 0) {
        return;
    }

    node = ngx_http_canonical_add(a, parent, name, NGX_CANONICAL_STRING);

    if (node) {
        node->data = value->data;
        node->len = value->len;
    }
}


void
ngx_http_canonical_add_text(ngx_canonical_arena_t *a,
    ngx_canonical_node_t *parent, const char *name, const char *value)
{
    ngx_str_t  s;

    s.data = (u_char *) value;
    s.len = ngx_strlen(value);

    ngx_http_canonical_add_str(a, parent, name, &s);
}


void
ngx_http_canonical_add_num(ngx_canonical_arena_t *a,
    ngx_canonical_node_t *parent, const char *name, uint64_t value)
{
    u_char                *p;
    ngx_canonical_node_t  *node;

    p = ngx_canonical_bytes(a, NGX_INT64_LEN);
    if (p == NULL) {
        return;
    }

    node = ngx_http_canonical_add(a, parent, name, NGX_CANONICAL_NUMBER);

    if (node) {
        node->data = p;
        node->len = ngx_sprintf(p, "%uL", value) - p;
    }
}
