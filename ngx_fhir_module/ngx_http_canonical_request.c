
/*
 * canonical_request and canonical_render: the body of a request is replaced
 * before the content handler sees it.
 */

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_http_hl7_module.h"
#include "ngx_http_memory_body.h"
#include "ngx_http_canonical_module.h"
#include "ngx_canonical_json.h"
#include "ngx_hie_id.h"


static ngx_uint_t ngx_http_canonical_has_body(ngx_http_request_t *r);
static ngx_int_t ngx_http_canonical_map_request(ngx_http_request_t *r,
    ngx_http_canonical_ctx_t *ctx, ngx_array_t *maps);
static ngx_int_t ngx_http_canonical_render(ngx_http_request_t *r,
    ngx_http_canonical_ctx_t *ctx, ngx_array_t *maps, ngx_str_t *type,
    ngx_str_t *text, ngx_http_canonical_mapping_t **refused);
static ngx_int_t ngx_http_canonical_render_source(ngx_http_request_t *r,
    ngx_http_canonical_ctx_t *ctx, ngx_http_canonical_mapping_t *mapping,
    ngx_canonical_node_t **root);
static void ngx_http_canonical_msh(ngx_canonical_msh_t *msh, u_char *buf);
static ngx_int_t ngx_http_canonical_replace(ngx_http_request_t *r,
    ngx_str_t *type, ngx_str_t *text);
static ngx_int_t ngx_http_canonical_headers(ngx_http_request_t *r,
    ngx_str_t *type, size_t len);
static ngx_table_elt_t *ngx_http_canonical_header(ngx_list_t *list,
    const char *key, const char *lowcase, ngx_str_t *value);


static ngx_str_t  ngx_http_canonical_json_type =
    ngx_string("application/json");
static ngx_str_t  ngx_http_canonical_lines_type =
    ngx_string("application/x-ndjson");


ngx_int_t
ngx_http_canonical_request_handler(ngx_http_request_t *r)
{
    ngx_int_t                       rc;
    ngx_str_t                       text, type;
    ngx_http_canonical_ctx_t       *ctx;
    ngx_http_canonical_mapping_t   *refused;
    ngx_http_canonical_loc_conf_t  *clcf;

    clcf = ngx_http_get_module_loc_conf(r, ngx_http_canonical_module);

    if (clcf->request == NULL && clcf->render == NULL) {
        return NGX_DECLINED;
    }

    ctx = ngx_http_canonical_ctx(r);
    if (ctx == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (ctx->conf == clcf || !ngx_http_canonical_has_body(r)) {
        return NGX_DECLINED;
    }

    rc = ngx_http_memory_body(r, clcf->max_size);

    if (rc != NGX_DECLINED) {
        return rc;
    }

    ctx->conf = clcf;
    refused = NULL;

    if (clcf->request) {
        rc = ngx_http_canonical_map_request(r, ctx, clcf->request);

        if (rc == NGX_DECLINED) {
            return ngx_http_canonical_refuse(r, ctx->request);
        }

        if (rc != NGX_OK) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
    }

    if (clcf->render) {
        rc = ngx_http_canonical_render(r, ctx, clcf->render, &type, &text,
                                       &refused);

        if (rc == NGX_DECLINED) {
            return ngx_http_canonical_refuse(r, refused);
        }

        if (rc != NGX_OK) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

    } else {
        type = (ctx->request->media == NGX_HTTP_CANONICAL_NDJSON)
               ? ngx_http_canonical_lines_type : ngx_http_canonical_json_type;

        text = ngx_http_canonical_print(r->pool, ctx->request,
                                        ctx->request->run.objects);
        if (text.data == NULL) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }
    }

    if (ngx_http_canonical_replace(r, &type, &text) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return NGX_DECLINED;
}


/* a GET of a FHIR server has none, and passes */

static ngx_uint_t
ngx_http_canonical_has_body(ngx_http_request_t *r)
{
    if (r->headers_in.content_length_n > 0 || r->headers_in.chunked) {
        return 1;
    }

    if (r->request_body && r->request_body->bufs) {
        return 1;
    }

    return r->method & (NGX_HTTP_POST|NGX_HTTP_PUT|NGX_HTTP_PATCH);
}


/*
 * The body as it came stays known: a redirect may lead to a location with
 * other maps.
 */

static ngx_int_t
ngx_http_canonical_map_request(ngx_http_request_t *r,
    ngx_http_canonical_ctx_t *ctx, ngx_array_t *maps)
{
    ngx_int_t                      rc;
    ngx_buf_t                     *b;
    ngx_http_canonical_mapping_t  *mapping;

    if (!ctx->has_body) {
        ctx->has_body = 1;

        if (r->headers_in.content_type) {
            ctx->type = r->headers_in.content_type->value;
        }

        if (r->request_body->bufs) {
            b = r->request_body->bufs->buf;
            ctx->body.data = b->pos;
            ctx->body.len = b->last - b->pos;
        }
    }

    mapping = ngx_http_canonical_mapping(r, maps, &ctx->type);
    if (mapping == NULL) {
        return NGX_ERROR;
    }

    mapping->body = ctx->body;
    ctx->request = mapping;

    rc = ngx_http_canonical_map(r, mapping);

    if (rc != NGX_OK) {
        return rc;
    }

    ctx->current = (mapping->run.nobjects == 1) ? mapping->run.objects : NULL;

    ngx_http_canonical_warn(r, mapping);

    return NGX_OK;
}


static ngx_int_t
ngx_http_canonical_render(ngx_http_request_t *r,
    ngx_http_canonical_ctx_t *ctx, ngx_array_t *maps, ngx_str_t *type,
    ngx_str_t *text, ngx_http_canonical_mapping_t **refused)
{
    u_char                         buf[NGX_HTTP_CANONICAL_MSH_LEN];
    ngx_int_t                      rc;
    ngx_str_t                      json, object, none;
    ngx_uint_t                     i;
    const char                    *why;
    ngx_canonical_msh_t            msh;
    ngx_canonical_map_t           *map;
    ngx_canonical_node_t          *root, *node;
    ngx_http_canonical_name_t    **name;
    ngx_http_canonical_mapping_t  *mapping;

    ngx_str_null(&none);

    json = (r->headers_in.content_type) ? r->headers_in.content_type->value
                                        : none;

    mapping = ngx_http_canonical_mapping(r, maps, ctx->request
                                         ? &ngx_http_canonical_json_type
                                         : &json);
    if (mapping == NULL) {
        return NGX_ERROR;
    }

    *refused = mapping;

    rc = ngx_http_canonical_render_source(r, ctx, mapping, &root);
    if (rc != NGX_OK) {
        return rc;
    }

    ngx_str_null(&object);

    node = ngx_canonical_get(root, "type");

    if (node && node->kind == NGX_CANONICAL_STRING) {
        object.data = node->data;
        object.len = node->len;
    }

    name = maps->elts;

    for (i = 0; i < maps->nelts; i++) {
        if (ngx_canonical_map_for_object(name[i]->value, &object)) {
            break;
        }
    }

    if (i == maps->nelts) {
        mapping->status = 422;
        mapping->run.error.text = "no map for this type of object";
        return NGX_DECLINED;
    }

    map = name[i]->value;

    mapping->run.body = root;
    mapping->run.root = root;

    rc = ngx_canonical_map_run(map, &mapping->run);

    if (rc == NGX_DECLINED) {
        mapping->status = 422;
    }

    if (rc != NGX_OK) {
        return rc;
    }

    ngx_http_canonical_warn(r, mapping);

    ngx_http_canonical_msh(&msh, buf);

    rc = ngx_canonical_map_write(map, &mapping->arena,
                                 mapping->run.objects->root, &msh, type, text,
                                 &why);

    if (rc == NGX_DECLINED) {
        mapping->status = 422;
        mapping->run.error.text = why;
    }

    return rc;
}


/* the object of canonical_request, or the body */

static ngx_int_t
ngx_http_canonical_render_source(ngx_http_request_t *r,
    ngx_http_canonical_ctx_t *ctx, ngx_http_canonical_mapping_t *mapping,
    ngx_canonical_node_t **root)
{
    ngx_int_t                       rc;
    ngx_buf_t                      *b;
    ngx_str_t                       text;
    ngx_canonical_limits_t          limits;
    ngx_http_canonical_loc_conf_t  *clcf;

    if (ctx->request) {

        if (ctx->current == NULL) {
            mapping->status = 422;
            mapping->run.error.text = "canonical_render needs one object";
            return NGX_DECLINED;
        }

        *root = ctx->current->root;
        return NGX_OK;
    }

    if (mapping->media != NGX_HTTP_CANONICAL_JSON) {
        mapping->status = NGX_HTTP_UNSUPPORTED_MEDIA_TYPE;
        mapping->run.error.text = "not a canonical object";
        return NGX_DECLINED;
    }

    if (r->request_body->bufs == NULL) {
        mapping->status = NGX_HTTP_BAD_REQUEST;
        mapping->run.error.text = "empty body";
        return NGX_DECLINED;
    }

    b = r->request_body->bufs->buf;

    text.data = b->pos;
    text.len = b->last - b->pos;

    clcf = ngx_http_get_module_loc_conf(r, ngx_http_canonical_module);
    ngx_http_canonical_limits(clcf, &limits);

    rc = ngx_canonical_json_read(&mapping->arena, &text, &limits, root,
                                 &mapping->run.error);

    if (rc == NGX_OK && (*root)->kind != NGX_CANONICAL_OBJECT) {
        mapping->status = 422;
        mapping->run.error.text = "not an object";
        return NGX_DECLINED;
    }

    if (rc == NGX_DECLINED) {
        mapping->status = NGX_HTTP_BAD_REQUEST;
        mapping->run.error.positioned = 1;
    }

    return rc;
}


/* what a message of ours needs and no map can know */

static void
ngx_http_canonical_msh(ngx_canonical_msh_t *msh, u_char *buf)
{
    ngx_tm_t  tm;

    ngx_memzero(msh, sizeof(ngx_canonical_msh_t));

    ngx_gmtime(ngx_time(), &tm);

    msh->time.data = buf;
    msh->time.len = ngx_sprintf(buf, "%4d%02d%02d%02d%02d%02d+0000",
                                tm.ngx_tm_year, tm.ngx_tm_mon,
                                tm.ngx_tm_mday, tm.ngx_tm_hour,
                                tm.ngx_tm_min, tm.ngx_tm_sec)
                    - buf;

    msh->control_id.data = msh->time.data + msh->time.len;
    msh->control_id.len = ngx_hie_random_hex(msh->control_id.data)
                          - msh->control_id.data;
}


/* a subrequest has the body of its parent until it gets one of its own */

static ngx_int_t
ngx_http_canonical_replace(ngx_http_request_t *r, ngx_str_t *type,
    ngx_str_t *text)
{
    ngx_buf_t                *b;
    ngx_chain_t              *cl;
    ngx_http_request_body_t  *rb;

    b = ngx_calloc_buf(r->pool);
    cl = ngx_alloc_chain_link(r->pool);
    rb = ngx_pcalloc(r->pool, sizeof(ngx_http_request_body_t));

    if (b == NULL || cl == NULL || rb == NULL) {
        return NGX_ERROR;
    }

    b->start = text->data;
    b->pos = text->data;
    b->last = text->data + text->len;
    b->end = b->last;
    b->temporary = 1;
    b->last_buf = 1;

    cl->buf = b;
    cl->next = NULL;

    *rb = *r->request_body;
    rb->bufs = cl;
    rb->buf = NULL;

    r->request_body = rb;

    return ngx_http_canonical_headers(r, type, text->len);
}


static ngx_int_t
ngx_http_canonical_headers(ngx_http_request_t *r, ngx_str_t *type, size_t len)
{
    u_char           *p;
    ngx_str_t         value;
    ngx_list_t        list;
    ngx_uint_t        i;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h, *copy;

    if (ngx_list_init(&list, r->pool, 16, sizeof(ngx_table_elt_t)) != NGX_OK)
    {
        return NGX_ERROR;
    }

    part = &r->headers_in.headers.part;
    h = part->elts;

    for (i = 0; /* void */ ; i++) {

        if (i >= part->nelts) {
            if (part->next == NULL) {
                break;
            }

            part = part->next;
            h = part->elts;
            i = 0;
        }

        if (&h[i] == r->headers_in.content_type
            || &h[i] == r->headers_in.content_length
            || &h[i] == r->headers_in.transfer_encoding)
        {
            continue;
        }

        copy = ngx_list_push(&list);
        if (copy == NULL) {
            return NGX_ERROR;
        }

        *copy = h[i];
    }

    p = ngx_pnalloc(r->pool, NGX_SIZE_T_LEN);
    if (p == NULL) {
        return NGX_ERROR;
    }

    value.data = p;
    value.len = ngx_sprintf(p, "%uz", len) - p;

    r->headers_in.content_length = ngx_http_canonical_header(&list,
                                    "Content-Length", "content-length",
                                    &value);
    r->headers_in.content_type = ngx_http_canonical_header(&list,
                                    "Content-Type", "content-type", type);

    if (r->headers_in.content_length == NULL
        || r->headers_in.content_type == NULL)
    {
        return NGX_ERROR;
    }

    r->headers_in.headers = list;

    /* the last part was a member of the list on the stack */

    if (list.last == &list.part) {
        r->headers_in.headers.last = &r->headers_in.headers.part;
    }

    r->headers_in.content_length_n = len;
    r->headers_in.transfer_encoding = NULL;
    r->headers_in.chunked = 0;

    return NGX_OK;
}


static ngx_table_elt_t *
ngx_http_canonical_header(ngx_list_t *list, const char *key,
    const char *lowcase, ngx_str_t *value)
{
    ngx_table_elt_t  *h;

    h = ngx_list_push(list);
    if (h == NULL) {
        return NULL;
    }

    ngx_memzero(h, sizeof(ngx_table_elt_t));

    h->key.len = ngx_strlen(key);
    h->key.data = (u_char *) key;
    h->lowcase_key = (u_char *) lowcase;
    h->hash = ngx_hash_key((u_char *) lowcase, h->key.len);
    h->value = *value;

    return h;
}
