
/*
 * canonical_response: the body of a response is collected, mapped and sent
 * as JSON; lines of NDJSON are mapped as they come, see
 * ngx_http_canonical_stream.c.
 *
 * What cannot be mapped is not let through: it becomes a 502.
 */

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_http_canonical_module.h"


static ngx_int_t ngx_http_canonical_header_filter(ngx_http_request_t *r);
static ngx_uint_t ngx_http_canonical_is_for(ngx_http_request_t *r);
static ngx_http_canonical_ctx_t *ngx_http_canonical_begin(
    ngx_http_request_t *r);
static const char *ngx_http_canonical_unfit(ngx_http_request_t *r,
    ngx_http_canonical_mapping_t *mapping);
static ngx_int_t ngx_http_canonical_no_file(ngx_http_request_t *r);
static void ngx_http_canonical_change(ngx_http_request_t *r,
    ngx_str_t *type);
static ngx_int_t ngx_http_canonical_body_filter(ngx_http_request_t *r,
    ngx_chain_t *in);
static ngx_int_t ngx_http_canonical_pass(ngx_http_request_t *r,
    ngx_chain_t *out);
static ngx_int_t ngx_http_canonical_collect(ngx_http_request_t *r,
    ngx_http_canonical_ctx_t *ctx, ngx_buf_t *b);
static ngx_int_t ngx_http_canonical_send(ngx_http_request_t *r,
    ngx_http_canonical_ctx_t *ctx);
static ngx_int_t ngx_http_canonical_send_text(ngx_http_request_t *r,
    ngx_str_t *text);
static ngx_int_t ngx_http_canonical_failed(ngx_http_request_t *r,
    ngx_http_canonical_ctx_t *ctx, ngx_chain_t *in);
static ngx_int_t ngx_http_canonical_drop(ngx_http_request_t *r,
    ngx_chain_t *in);


static ngx_str_t  ngx_http_canonical_json_type =
    ngx_string("application/json");
static ngx_str_t  ngx_http_canonical_lines_type =
    ngx_string("application/x-ndjson");


static ngx_http_output_header_filter_pt  ngx_http_next_header_filter;
static ngx_http_output_body_filter_pt    ngx_http_next_body_filter;


/*
 * Before the content: a response that the client takes packed is to be
 * unpacked for us, whose gzip_ok the header filter has tested again.
 */

ngx_int_t
ngx_http_canonical_response_handler(ngx_http_request_t *r)
{
    if (r->subrequest_in_memory) {

        /* an upstream fills it behind the back of filters */

        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "response of a subrequest in memory cannot be mapped");
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

#if (NGX_HTTP_GZIP)
    r->gzip_tested = 1;
    r->gzip_ok = 0;
#endif

    return NGX_OK;
}


static ngx_int_t
ngx_http_canonical_header_filter(ngx_http_request_t *r)
{
    ngx_uint_t                      header_only;
    ngx_http_canonical_ctx_t       *ctx;
    ngx_http_canonical_mapping_t   *mapping;
    ngx_http_canonical_loc_conf_t  *clcf;

#if (NGX_HTTP_GZIP)
    if (!r->gzip_ok) {
        r->gzip_tested = 0;
    }
#endif

    clcf = ngx_http_get_module_loc_conf(r, ngx_http_canonical_module);

    if (clcf->response == NULL || !ngx_http_canonical_is_for(r)) {
        return ngx_http_next_header_filter(r);
    }

    ctx = ngx_http_canonical_begin(r);
    if (ctx == NULL) {
        return NGX_ERROR;
    }

    mapping = ctx->response;

    mapping->run.error.text = ngx_http_canonical_unfit(r, mapping);

    if (mapping->run.error.text) {
        return ngx_http_canonical_failed(r, ctx, NULL);
    }

    if (ngx_http_canonical_no_file(r) != NGX_OK) {
        return NGX_ERROR;
    }

    r->main_filter_need_in_memory = 1;

    /* the last of the filters sets r->header_only */

    header_only = r->header_only || r->method == NGX_HTTP_HEAD;

    if (header_only) {
        ngx_http_canonical_change(r, (mapping->media
                                      == NGX_HTTP_CANONICAL_NDJSON)
                                     ? &ngx_http_canonical_lines_type
                                     : &ngx_http_canonical_json_type);

        return ngx_http_next_header_filter(r);
    }

    if (mapping->media == NGX_HTTP_CANONICAL_NDJSON) {
        ctx->streaming = 1;
        return NGX_OK;
    }

    ctx->collecting = 1;

    if (r->headers_out.content_length_n > 0) {

        ctx->flow.size = (size_t) r->headers_out.content_length_n;

        ctx->flow.buffer.data = ngx_palloc(r->pool, ctx->flow.size);
        if (ctx->flow.buffer.data == NULL) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/* errors and what has no body pass, as does what auth_request does not read */

static ngx_uint_t
ngx_http_canonical_is_for(ngx_http_request_t *r)
{
    if (r->headers_out.status == NGX_HTTP_NOT_MODIFIED) {

        /* as it was with the 200 */

        ngx_http_clear_last_modified(r);
        ngx_http_weak_etag(r);

        return 0;
    }

    return r->headers_out.status >= NGX_HTTP_OK
           && r->headers_out.status < NGX_HTTP_SPECIAL_RESPONSE
           && r->headers_out.status != NGX_HTTP_NO_CONTENT
           && r->headers_out.content_length_n != 0
           && (r == r->main || !r->header_only);
}


/* a redirect may have left something of another response */

static ngx_http_canonical_ctx_t *
ngx_http_canonical_begin(ngx_http_request_t *r)
{
    ngx_http_canonical_ctx_t       *ctx;
    ngx_http_canonical_loc_conf_t  *clcf;

    clcf = ngx_http_get_module_loc_conf(r, ngx_http_canonical_module);

    ctx = ngx_http_canonical_ctx(r);
    if (ctx == NULL) {
        return NULL;
    }

    if (ctx->request == NULL) {
        ctx->current = NULL;
    }

    ngx_memzero(&ctx->flow, sizeof(ngx_http_canonical_flow_t));

    ctx->collecting = 0;
    ctx->streaming = 0;
    ctx->started = 0;
    ctx->dropping = 0;

    ctx->response = ngx_http_canonical_mapping(r, clcf->response,
                                               &r->headers_out.content_type);

    ctx->flow.mapping = ctx->response;
    ctx->flow.max = NGX_MAX_SIZE_T_VALUE;

    return ctx->response ? ctx : NULL;
}


/* NULL: the response may be mapped */

static const char *
ngx_http_canonical_unfit(ngx_http_request_t *r,
    ngx_http_canonical_mapping_t *mapping)
{
    ngx_table_elt_t                *h;
    ngx_http_canonical_loc_conf_t  *clcf;

    clcf = ngx_http_get_module_loc_conf(r, ngx_http_canonical_module);

    if (r->headers_out.status == NGX_HTTP_PARTIAL_CONTENT) {
        return "a part of a response cannot be mapped";
    }

    h = r->headers_out.content_encoding;

    if (h && h->value.len
        && (h->value.len != sizeof("identity") - 1
            || ngx_strncasecmp(h->value.data, (u_char *) "identity",
                               h->value.len)
               != 0))
    {
        return "a packed response cannot be mapped";
    }

    if (!ngx_http_canonical_takes(mapping)) {
        return "no map for the media type of the response";
    }

    if (r->headers_out.content_length_n > (off_t) clcf->max_size
        && mapping->media != NGX_HTTP_CANONICAL_NDJSON)
    {
        return "response is larger than canonical_max_size";
    }

    return NULL;
}


/*
 * What the client is too slow for stays with the upstream: no temporary file
 * has it, unless it is cached or stored anyway.
 */

static ngx_int_t
ngx_http_canonical_no_file(ngx_http_request_t *r)
{
    ngx_http_upstream_t       *u;
    ngx_http_upstream_conf_t  *conf;

    u = r->upstream;

    if (u == NULL || u->header_sent || u->store
#if (NGX_HTTP_CACHE)
        || u->cacheable
#endif
       )
    {
        return NGX_OK;
    }

    conf = ngx_palloc(r->pool, sizeof(ngx_http_upstream_conf_t));
    if (conf == NULL) {
        return NGX_ERROR;
    }

    *conf = *u->conf;
    conf->max_temp_file_size = 0;

    u->conf = conf;

    return NGX_OK;
}


static void
ngx_http_canonical_change(ngx_http_request_t *r, ngx_str_t *type)
{
    r->allow_ranges = 0;

    ngx_http_clear_content_length(r);
    ngx_http_clear_accept_ranges(r);
    ngx_http_clear_last_modified(r);
    ngx_http_weak_etag(r);

    r->headers_out.content_type = *type;
    r->headers_out.content_type_len = type->len;
    r->headers_out.content_type_lowcase = NULL;
    r->headers_out.charset.len = 0;
}


static ngx_int_t
ngx_http_canonical_body_filter(ngx_http_request_t *r, ngx_chain_t *in)
{
    ngx_int_t                  rc;
    ngx_buf_t                 *b;
    ngx_http_canonical_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_canonical_module);

    if (ctx && ctx->streaming) {
        rc = ngx_http_canonical_stream(r, ctx, in, ngx_http_canonical_pass);

        return (rc == NGX_DECLINED)
               ? ngx_http_canonical_failed(r, ctx, ctx->flow.in) : rc;
    }

    if (ctx && ctx->dropping) {
        return ngx_http_canonical_drop(r, in);
    }

    if (ctx == NULL || !ctx->collecting) {
        return ngx_http_next_body_filter(r, in);
    }

    for ( /* void */ ; in; in = in->next) {
        b = in->buf;

        rc = ngx_http_canonical_collect(r, ctx, b);

        if (rc == NGX_OK && (b->last_buf || b->last_in_chain)) {
            rc = ngx_http_canonical_send(r, ctx);

            if (rc != NGX_DECLINED) {
                return rc;
            }
        }

        if (rc == NGX_DECLINED) {
            return ngx_http_canonical_failed(r, ctx, in);
        }

        if (rc != NGX_OK) {
            return rc;
        }
    }

    return NGX_OK;
}


/* the header of lines goes with the first of them */

static ngx_int_t
ngx_http_canonical_pass(ngx_http_request_t *r, ngx_chain_t *out)
{
    ngx_int_t                  rc;
    ngx_http_canonical_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_canonical_module);

    if (!ctx->started) {

        if (out == NULL) {
            return NGX_OK;
        }

        ctx->started = 1;

        ngx_http_canonical_change(r, &ngx_http_canonical_lines_type);

        rc = ngx_http_next_header_filter(r);

        if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
            return NGX_ERROR;
        }
    }

    return ngx_http_next_body_filter(r, out);
}


/*
 * The upstream is gone: all that NGINX does then is to flush, as it believes
 * that the header is out.
 */

ngx_uint_t
ngx_http_canonical_cut(ngx_http_request_t *r, ngx_buf_t *b)
{
    return b->flush && ngx_buf_special(b)
           && !b->last_buf && !b->last_in_chain
           && r->upstream && r->upstream->cleanup == NULL;
}


/* takes all of it: the producer may use the buffer again */

static ngx_int_t
ngx_http_canonical_collect(ngx_http_request_t *r,
    ngx_http_canonical_ctx_t *ctx, ngx_buf_t *b)
{
    size_t                          size;
    ngx_http_canonical_loc_conf_t  *clcf;

    if (ngx_http_canonical_cut(r, b)) {
        ctx->response->run.error.text = "response is not complete";
        return NGX_DECLINED;
    }

    if (!ngx_buf_in_memory(b)) {
        return b->in_file ? NGX_ERROR : NGX_OK;
    }

    size = b->last - b->pos;
    clcf = ngx_http_get_module_loc_conf(r, ngx_http_canonical_module);

    if (size > clcf->max_size - ctx->flow.buffer.len) {
        ctx->response->run.error.text =
                                  "response is larger than canonical_max_size";
        return NGX_DECLINED;
    }

    if (ngx_http_canonical_append(r, &ctx->flow, b->pos, size) != NGX_OK) {
        return NGX_ERROR;
    }

    b->pos = b->last;
    b->file_pos = b->file_last;

    return NGX_OK;
}


/* NGX_DECLINED: it cannot be mapped */

static ngx_int_t
ngx_http_canonical_send(ngx_http_request_t *r, ngx_http_canonical_ctx_t *ctx)
{
    ngx_int_t                      rc;
    ngx_str_t                      text;
    ngx_http_canonical_mapping_t  *mapping;

    mapping = ctx->response;
    mapping->body = ctx->flow.buffer;

    if (mapping->body.len == 0) {

        /* chunks may turn out to be none */

        ctx->collecting = 0;
        ngx_str_null(&text);

        return ngx_http_canonical_send_text(r, &text);
    }

    rc = ngx_http_canonical_map(r, mapping);

    if (rc != NGX_OK) {
        return rc;
    }

    ngx_http_canonical_warn(r, mapping);

    if (ctx->request == NULL && mapping->run.nobjects == 1) {
        ctx->current = mapping->run.objects;
    }

    text = ngx_http_canonical_print(r->pool, mapping, mapping->run.objects);
    if (text.data == NULL) {
        return NGX_ERROR;
    }

    ctx->collecting = 0;

    ngx_http_canonical_change(r, &ngx_http_canonical_json_type);

    return ngx_http_canonical_send_text(r, &text);
}


static ngx_int_t
ngx_http_canonical_send_text(ngx_http_request_t *r, ngx_str_t *text)
{
    ngx_int_t     rc;
    ngx_buf_t    *b;
    ngx_chain_t   out;

    r->headers_out.content_length_n = text->len;

    rc = ngx_http_next_header_filter(r);

    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        return rc;
    }

    b = ngx_calloc_buf(r->pool);
    if (b == NULL) {
        return NGX_ERROR;
    }

    b->pos = text->data;
    b->last = text->data + text->len;
    b->memory = text->len ? 1 : 0;
    b->last_buf = (r == r->main);
    b->last_in_chain = 1;
    b->sync = (r != r->main);

    out.buf = b;
    out.next = NULL;

    return ngx_http_next_body_filter(r, &out);
}


/* 502, or the end of the connection when the header is out already */

static ngx_int_t
ngx_http_canonical_failed(ngx_http_request_t *r,
    ngx_http_canonical_ctx_t *ctx, ngx_chain_t *in)
{
    ngx_int_t  rc;

    ngx_http_canonical_log(r, NGX_LOG_ERR, ctx->response,
                           &ctx->response->run.error);

    ctx->collecting = 0;
    ctx->streaming = 0;

    if (ctx->started) {
        r->connection->error = 1;
        return NGX_ERROR;
    }

    if (r == r->main) {
        return ngx_http_filter_finalize_request(r, &ngx_http_canonical_module,
                                                NGX_HTTP_BAD_GATEWAY);
    }

    /* what includes a subrequest goes on without it */

    ctx->dropping = 1;

    ngx_http_clean_header(r);

    r->headers_out.status = NGX_HTTP_BAD_GATEWAY;
    r->headers_out.content_length_n = 0;

    rc = ngx_http_next_header_filter(r);

    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        return rc;
    }

    return ngx_http_canonical_drop(r, in);
}


/* all but the end of it */

static ngx_int_t
ngx_http_canonical_drop(ngx_http_request_t *r, ngx_chain_t *in)
{
    ngx_buf_t    *b;
    ngx_chain_t   out;

    for ( /* void */ ; in; in = in->next) {
        b = in->buf;

        b->pos = b->last;
        b->file_pos = b->file_last;

        if (b->last_buf || b->last_in_chain) {

            b = ngx_calloc_buf(r->pool);
            if (b == NULL) {
                return NGX_ERROR;
            }

            b->last_in_chain = 1;
            b->sync = 1;

            out.buf = b;
            out.next = NULL;

            return ngx_http_next_body_filter(r, &out);
        }
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_canonical_response_init(ngx_conf_t *cf)
{
    ngx_http_next_header_filter = ngx_http_top_header_filter;
    ngx_http_top_header_filter = ngx_http_canonical_header_filter;

    ngx_http_next_body_filter = ngx_http_top_body_filter;
    ngx_http_top_body_filter = ngx_http_canonical_body_filter;

    return NGX_OK;
}
