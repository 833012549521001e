
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
static ngx_uint_t ngx_http_canonical_same(ngx_array_t *one,
    ngx_array_t *two);
static ngx_uint_t ngx_http_canonical_is_error_page(ngx_http_request_t *r);
static ngx_int_t ngx_http_canonical_forget(ngx_http_request_t *r);
static ngx_int_t ngx_http_canonical_take(ngx_http_request_t *r,
    ngx_http_canonical_ctx_t *ctx);
static ngx_int_t ngx_http_canonical_taken(ngx_http_request_t *r,
    ngx_http_canonical_ctx_t *ctx, ngx_http_canonical_loc_conf_t *clcf);
static ngx_int_t ngx_http_canonical_make(ngx_http_request_t *r,
    ngx_http_canonical_ctx_t *ctx, ngx_str_t *type, ngx_str_t *text,
    ngx_http_canonical_mapping_t **refused);
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
static ngx_int_t ngx_http_canonical_copy_headers(ngx_http_request_t *r,
    ngx_list_t *list, ngx_uint_t n);
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
    ngx_str_t                       type, text;
    ngx_uint_t                      again;
    ngx_http_canonical_ctx_t       *ctx;
    ngx_http_canonical_mapping_t   *refused;
    ngx_http_canonical_loc_conf_t  *clcf;

    clcf = ngx_http_get_module_loc_conf(r, ngx_http_canonical_module);

    if (clcf->response && ngx_http_canonical_response_handler(r) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (ngx_http_canonical_upload_gone(r)) {
        return ngx_http_canonical_forget(r);
    }

    if ((clcf->request == NULL && clcf->render == NULL)
        || !ngx_http_canonical_has_body(r))
    {
        return NGX_DECLINED;
    }

    ctx = ngx_http_canonical_ctx(r);
    if (ctx == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    again = ctx->conf
            && ngx_http_canonical_same(ctx->conf->request, clcf->request)
            && ngx_http_canonical_same(ctx->conf->render, clcf->render);

    if (again && ctx->refused == 0) {
        return NGX_DECLINED;
    }

    if (ngx_http_canonical_is_error_page(r)) {
        return ngx_http_canonical_forget(r);
    }

    if (again) {
        return ctx->refused;
    }

    if (ctx->upload && ngx_http_canonical_upload_cancel(r, ctx) != NGX_OK) {
        return ngx_http_canonical_taken(r, ctx, clcf);
    }

    rc = ngx_http_canonical_upload(r, ctx);

    if (rc == NGX_OK) {
        ctx->conf = clcf;
        ctx->refused = 0;
        return NGX_DECLINED;
    }

    if (rc == NGX_ERROR) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    rc = ngx_http_canonical_take(r, ctx);

    if (rc != NGX_OK) {
        return rc;
    }

    ctx->conf = clcf;
    ctx->refused = NGX_HTTP_INTERNAL_SERVER_ERROR;

    rc = ngx_http_canonical_make(r, ctx, &type, &text, &refused);

    if (rc == NGX_DECLINED) {
        ctx->refused = refused->status;
        return ngx_http_canonical_refuse(r, refused);
    }

    if (rc != NGX_OK || ngx_http_canonical_replace(r, &type, &text) != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ctx->refused = 0;

    return NGX_DECLINED;
}


/*
 * A GET of a FHIR server has none, and passes.  A subrequest has that of its
 * parent, if this was read at all: what the header says of it is not asked.
 */

static ngx_uint_t
ngx_http_canonical_has_body(ngx_http_request_t *r)
{
    if (r->request_body && r->request_body->bufs) {
        return 1;
    }

    if (r != r->main) {
        return 0;
    }

    return r->headers_in.content_length_n > 0 || r->headers_in.chunked
           || (r->method & (NGX_HTTP_POST|NGX_HTTP_PUT|NGX_HTTP_PATCH));
}


/* two locations may name the same maps */

static ngx_uint_t
ngx_http_canonical_same(ngx_array_t *one, ngx_array_t *two)
{
    if (one == NULL || two == NULL) {
        return one == two;
    }

    return one->nelts == two->nelts
           && ngx_memcmp(one->elts, two->elts, one->nelts * one->size) == 0;
}


/* error_page has made a GET of it */

static ngx_uint_t
ngx_http_canonical_is_error_page(ngx_http_request_t *r)
{
    return r->internal && (r->error_page || r->err_status)
           && (r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD));
}


/* an error page needs no body, and one that is not mapped goes nowhere */

static ngx_int_t
ngx_http_canonical_forget(ngx_http_request_t *r)
{
    ngx_http_request_body_t  *rb;

    if (r->discard_body) {
        return NGX_DECLINED;
    }

    if (r == r->main && (r->request_body == NULL || r->reading_body)) {

        /* nobody will read the rest of it */

        r->keepalive = 0;
        r->lingering_close = 1;

#if (NGX_HTTP_V2)
        if (r->stream) {
            r->stream->skip_data = 1;
        }
#endif
    }

    rb = ngx_pcalloc(r->pool, sizeof(ngx_http_request_body_t));

    if (rb == NULL || ngx_http_canonical_headers(r, NULL, 0) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    r->request_body = rb;

    return NGX_DECLINED;
}


/*
 * The body as it came stays known: a redirect, or a subrequest, may lead to a
 * location with other maps.  NGX_OK, or what the handler returns.
 */

static ngx_int_t
ngx_http_canonical_take(ngx_http_request_t *r, ngx_http_canonical_ctx_t *ctx)
{
    ngx_int_t                       rc;
    ngx_buf_t                      *b;
    ngx_http_request_t             *pr;
    ngx_http_canonical_ctx_t       *parent;
    ngx_http_canonical_loc_conf_t  *clcf;

    clcf = ngx_http_get_module_loc_conf(r, ngx_http_canonical_module);

    for (pr = r->parent; pr && !ctx->has_body; pr = pr->parent) {

        parent = ngx_http_canonical_ctx(pr);
        if (parent == NULL) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        if (parent->has_body && r->request_body == pr->request_body) {
            ctx->type = parent->type;
            ctx->body = parent->body;
            ctx->has_body = 1;

        } else if (parent->upload && r->request_body == pr->request_body) {
            return ngx_http_canonical_taken(r, parent, clcf);
        }
    }

    if (ctx->has_body) {
        return (ctx->body.len > clcf->max_size)
               ? NGX_HTTP_REQUEST_ENTITY_TOO_LARGE : NGX_OK;
    }

    rc = ngx_http_memory_body(r, clcf->max_size);

    if (rc != NGX_DECLINED) {
        return rc;
    }

    if (r->headers_in.content_type) {
        ctx->type = r->headers_in.content_type->value;
    }

    if (r->request_body->bufs) {
        b = r->request_body->bufs->buf;
        ctx->body.data = b->pos;
        ctx->body.len = b->last - b->pos;
    }

    ctx->has_body = 1;

    return NGX_OK;
}


/* a streamed body is not there any more as it came */

static ngx_int_t
ngx_http_canonical_taken(ngx_http_request_t *r, ngx_http_canonical_ctx_t *ctx,
    ngx_http_canonical_loc_conf_t *clcf)
{
    if (ngx_http_canonical_same(ctx->conf->request, clcf->request)
        && clcf->render == NULL)
    {
        return NGX_DECLINED;
    }

    ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                  "a streamed body cannot be mapped again");

    return NGX_HTTP_INTERNAL_SERVER_ERROR;
}


/* NGX_DECLINED with *refused; NGX_ERROR: no memory */

static ngx_int_t
ngx_http_canonical_make(ngx_http_request_t *r, ngx_http_canonical_ctx_t *ctx,
    ngx_str_t *type, ngx_str_t *text, ngx_http_canonical_mapping_t **refused)
{
    ngx_int_t                       rc;
    ngx_http_canonical_mapping_t   *mapping;
    ngx_http_canonical_loc_conf_t  *clcf;

    clcf = ngx_http_get_module_loc_conf(r, ngx_http_canonical_module);

    if (clcf->request) {
        rc = ngx_http_canonical_map_request(r, ctx, clcf->request);

        if (rc != NGX_OK) {
            *refused = ctx->request;
            return rc;
        }
    }

    if (clcf->render) {
        return ngx_http_canonical_render(r, ctx, clcf->render, type, text,
                                         refused);
    }

    mapping = ctx->request;

    if (mapping->media == NGX_HTTP_CANONICAL_NDJSON) {
        *type = ngx_http_canonical_lines_type;
        *text = mapping->text;

        return NGX_OK;
    }

    *type = ngx_http_canonical_json_type;
    *text = ngx_http_canonical_print(r->pool, mapping, mapping->run.objects);

    return text->data ? NGX_OK : NGX_ERROR;
}


static ngx_int_t
ngx_http_canonical_map_request(ngx_http_request_t *r,
    ngx_http_canonical_ctx_t *ctx, ngx_array_t *maps)
{
    ngx_int_t                      rc;
    ngx_http_canonical_mapping_t  *mapping;

    mapping = ngx_http_canonical_mapping(r, maps, &ctx->type);
    if (mapping == NULL) {
        return NGX_ERROR;
    }

    mapping->body = ctx->body;

    ctx->request = mapping;
    ctx->current = NULL;

    if (ngx_http_canonical_is_packed(r)) {
        return ngx_http_canonical_none(mapping,
                                       NGX_HTTP_UNSUPPORTED_MEDIA_TYPE, 0,
                                       "a packed body cannot be mapped");
    }

    rc = ngx_http_canonical_map(r, mapping);

    /* of lines each has its own objects, which are gone */

    if (rc != NGX_OK || mapping->media == NGX_HTTP_CANONICAL_NDJSON) {
        return rc;
    }

    if (mapping->run.nobjects == 1) {
        ctx->current = mapping->run.objects;
    }

    ngx_http_canonical_warn(r, mapping);

    return NGX_OK;
}


ngx_uint_t
ngx_http_canonical_is_packed(ngx_http_request_t *r)
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

        if (h[i].key.len == sizeof("Content-Encoding") - 1
            && ngx_strncasecmp(h[i].key.data, (u_char *) "Content-Encoding",
                               h[i].key.len)
               == 0
            && (h[i].value.len != sizeof("identity") - 1
                || ngx_strncasecmp(h[i].value.data, (u_char *) "identity",
                                   h[i].value.len)
                   != 0))
        {
            return 1;
        }
    }
}


static ngx_int_t
ngx_http_canonical_render(ngx_http_request_t *r,
    ngx_http_canonical_ctx_t *ctx, ngx_array_t *maps, ngx_str_t *type,
    ngx_str_t *text, ngx_http_canonical_mapping_t **refused)
{
    u_char                         buf[NGX_HTTP_CANONICAL_MSH_LEN];
    ngx_int_t                      rc;
    ngx_str_t                      object;
    ngx_uint_t                     i;
    const char                    *why;
    ngx_canonical_msh_t            msh;
    ngx_canonical_map_t           *map;
    ngx_canonical_node_t          *root, *node;
    ngx_http_canonical_name_t    **name;
    ngx_http_canonical_mapping_t  *mapping;

    mapping = ngx_http_canonical_mapping(r, maps, ctx->request
                                         ? &ngx_http_canonical_json_type
                                         : &ctx->type);
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
        return ngx_http_canonical_none(mapping, 422, 0,
                                       "no map for this type of object");
    }

    map = name[i]->value;

    mapping->run.body = root;
    mapping->run.root = root;

    rc = ngx_canonical_map_run(map, &mapping->run);

    if (rc == NGX_DECLINED) {
        mapping->status = 422;
    }

    if (rc == NGX_ERROR && mapping->arena.full) {
        return ngx_http_canonical_none(mapping,
                                       NGX_HTTP_REQUEST_ENTITY_TOO_LARGE, 0,
                                       "too much memory needed");
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
    ngx_canonical_limits_t          limits;
    ngx_http_canonical_loc_conf_t  *clcf;

    if (ctx->request) {

        if (ctx->current == NULL) {
            return ngx_http_canonical_none(mapping, 422, 0,
                                         "canonical_render needs one object");
        }

        *root = ctx->current->root;
        return NGX_OK;
    }

    if (mapping->media != NGX_HTTP_CANONICAL_JSON
        || ngx_http_canonical_is_packed(r))
    {
        return ngx_http_canonical_none(mapping,
                                       NGX_HTTP_UNSUPPORTED_MEDIA_TYPE, 0,
                                       "not a canonical object");
    }

    if (ctx->body.len == 0) {
        return ngx_http_canonical_none(mapping, NGX_HTTP_BAD_REQUEST, 0,
                                       "empty body");
    }

    clcf = ngx_http_get_module_loc_conf(r, ngx_http_canonical_module);
    ngx_http_canonical_limits(clcf, &limits);

    rc = ngx_canonical_json_read(&mapping->arena, &ctx->body, &limits, root,
                                 &mapping->run.error);

    if (rc == NGX_OK && (*root)->kind != NGX_CANONICAL_OBJECT) {
        return ngx_http_canonical_none(mapping, 422, 0, "not an object");
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

    rb = ngx_palloc(r->pool, sizeof(ngx_http_request_body_t));
    if (rb == NULL) {
        return NGX_ERROR;
    }

    *rb = *r->request_body;

    rb->bufs = NULL;
    rb->buf = NULL;

    r->request_body = rb;

    if (text->len == 0) {
        return ngx_http_canonical_headers(r, type, 0);
    }

    b = ngx_calloc_buf(r->pool);
    cl = ngx_alloc_chain_link(r->pool);

    if (b == NULL || cl == NULL) {
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

    rb->bufs = cl;

    return ngx_http_canonical_headers(r, type, text->len);
}


ngx_int_t
ngx_http_canonical_headers(ngx_http_request_t *r, ngx_str_t *type, off_t len)
{
    u_char      *p;
    ngx_str_t    value;
    ngx_list_t   list;

    /* what stays chunked has no Content-Length */

    if (ngx_http_canonical_copy_headers(r, &list, (len < 0) ? 1 : 3)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    r->headers_in.content_type = NULL;

    if (type) {
        r->headers_in.content_type = ngx_http_canonical_header(&list,
                                    "Content-Type", "content-type", type);

        if (r->headers_in.content_type == NULL) {
            return NGX_ERROR;
        }
    }

    if (len >= 0) {
        r->headers_in.content_length = NULL;
        r->headers_in.content_length_n = -1;
        r->headers_in.transfer_encoding = NULL;
        r->headers_in.chunked = 0;
    }

    if (type && len >= 0) {
        p = ngx_pnalloc(r->pool, NGX_OFF_T_LEN);
        if (p == NULL) {
            return NGX_ERROR;
        }

        value.data = p;
        value.len = ngx_sprintf(p, "%O", len) - p;

        r->headers_in.content_length = ngx_http_canonical_header(&list,
                                    "Content-Length", "content-length",
                                    &value);

        if (r->headers_in.content_length == NULL) {
            return NGX_ERROR;
        }

        r->headers_in.content_length_n = len;
    }

    r->headers_in.headers = list;

    /* the last part was a member of the list on the stack */

    if (list.last == &list.part) {
        r->headers_in.headers.last = &r->headers_in.headers.part;
    }

    return NGX_OK;
}


/* all but the first "n" of the body, each of which may be there twice */

static ngx_int_t
ngx_http_canonical_copy_headers(ngx_http_request_t *r, ngx_list_t *list,
    ngx_uint_t n)
{
    ngx_uint_t        i, k;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h, *copy;

    static ngx_str_t  names[] = {
        ngx_string("Content-Type"),
        ngx_string("Content-Length"),
        ngx_string("Transfer-Encoding")
    };

    if (ngx_list_init(list, r->pool, 16, sizeof(ngx_table_elt_t)) != NGX_OK) {
        return NGX_ERROR;
    }

    part = &r->headers_in.headers.part;
    h = part->elts;

    for (i = 0; /* void */ ; i++) {

        if (i >= part->nelts) {
            if (part->next == NULL) {
                return NGX_OK;
            }

            part = part->next;
            h = part->elts;
            i = 0;
        }

        for (k = 0; k < n; k++) {
            if (h[i].key.len == names[k].len
                && ngx_strncasecmp(h[i].key.data, names[k].data,
                                   names[k].len)
                   == 0)
            {
                break;
            }
        }

        if (k < n) {
            continue;
        }

        copy = ngx_list_push(list);
        if (copy == NULL) {
            return NGX_ERROR;
        }

        *copy = h[i];
    }
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
