
/*
 * canonical_response: the body of a response is collected, mapped and sent
 * as JSON; lines of NDJSON are mapped as they come.
 *
 * What cannot be mapped is not let through: it becomes a 502.
 */

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_http_canonical_module.h"


/* of pieces that ngx_pfree() gives back: more than a page */
#define NGX_HTTP_CANONICAL_OUT  16384


static ngx_int_t ngx_http_canonical_header_filter(ngx_http_request_t *r);
static ngx_uint_t ngx_http_canonical_is_for(ngx_http_request_t *r);
static ngx_int_t ngx_http_canonical_stream(ngx_http_request_t *r,
    ngx_http_canonical_ctx_t *ctx);
static ngx_int_t ngx_http_canonical_body_filter(ngx_http_request_t *r,
    ngx_chain_t *in);
static ngx_int_t ngx_http_canonical_collect(ngx_http_request_t *r,
    ngx_http_canonical_ctx_t *ctx, ngx_buf_t *b);
static ngx_int_t ngx_http_canonical_send(ngx_http_request_t *r,
    ngx_http_canonical_ctx_t *ctx);
static ngx_int_t ngx_http_canonical_stream_body(ngx_http_request_t *r,
    ngx_http_canonical_ctx_t *ctx, ngx_chain_t *in);
static ngx_int_t ngx_http_canonical_lines(ngx_http_request_t *r,
    ngx_http_canonical_ctx_t *ctx, ngx_uint_t last, ngx_chain_t **out);
static ngx_int_t ngx_http_canonical_line(ngx_http_request_t *r,
    ngx_http_canonical_ctx_t *ctx, ngx_str_t *line, ngx_chain_t ***ll,
    ngx_buf_t **b);
static ngx_int_t ngx_http_canonical_write(ngx_http_request_t *r,
    ngx_http_canonical_ctx_t *ctx, ngx_str_t *text, ngx_chain_t ***ll,
    ngx_buf_t **b);
static ngx_chain_t *ngx_http_canonical_out(ngx_http_request_t *r,
    ngx_http_canonical_ctx_t *ctx, size_t size);
static ngx_int_t ngx_http_canonical_failed(ngx_http_request_t *r,
    ngx_http_canonical_ctx_t *ctx);


static ngx_str_t  ngx_http_canonical_json_type =
    ngx_string("application/json");
static ngx_str_t  ngx_http_canonical_lines_type =
    ngx_string("application/x-ndjson");


static ngx_http_output_header_filter_pt  ngx_http_next_header_filter;
static ngx_http_output_body_filter_pt    ngx_http_next_body_filter;


static ngx_int_t
ngx_http_canonical_header_filter(ngx_http_request_t *r)
{
    ngx_str_t                       type;
    ngx_http_canonical_ctx_t       *ctx;
    ngx_http_canonical_mapping_t   *mapping;
    ngx_http_canonical_loc_conf_t  *clcf;

    clcf = ngx_http_get_module_loc_conf(r, ngx_http_canonical_module);

    if (clcf->response == NULL || !ngx_http_canonical_is_for(r)) {
        return ngx_http_next_header_filter(r);
    }

    ctx = ngx_http_canonical_ctx(r);
    if (ctx == NULL) {
        return NGX_ERROR;
    }

    if (ctx->done) {
        return ngx_http_next_header_filter(r);
    }

    type = r->headers_out.content_type;

    mapping = ngx_http_canonical_mapping(r, clcf->response, &type);
    if (mapping == NULL) {
        return NGX_ERROR;
    }

    ctx->response = mapping;

    if (r->headers_out.status == NGX_HTTP_PARTIAL_CONTENT) {
        mapping->run.error.text = "a part of a response cannot be mapped";
        return ngx_http_canonical_failed(r, ctx);
    }

    if (r->headers_out.content_encoding
        && r->headers_out.content_encoding->value.len)
    {
        mapping->run.error.text = "a packed response cannot be mapped";
        return ngx_http_canonical_failed(r, ctx);
    }

    if (r->headers_out.content_length_n > (off_t) clcf->max_size
        && mapping->media != NGX_HTTP_CANONICAL_NDJSON)
    {
        mapping->run.error.text = "response is larger than canonical_max_size";
        return ngx_http_canonical_failed(r, ctx);
    }

    r->main_filter_need_in_memory = 1;
    r->allow_ranges = 0;

    ngx_http_clear_content_length(r);
    ngx_http_clear_accept_ranges(r);
    ngx_http_clear_last_modified(r);
    ngx_http_weak_etag(r);

    if (r->header_only) {
        ctx->done = 1;
        r->headers_out.content_type = ngx_http_canonical_json_type;
        r->headers_out.content_type_len = r->headers_out.content_type.len;
        return ngx_http_next_header_filter(r);
    }

    if (mapping->media == NGX_HTTP_CANONICAL_NDJSON) {
        return ngx_http_canonical_stream(r, ctx);
    }

    ctx->collecting = 1;

    return NGX_OK;
}


/* errors and what has no body pass */

static ngx_uint_t
ngx_http_canonical_is_for(ngx_http_request_t *r)
{
    return r->headers_out.status >= NGX_HTTP_OK
           && r->headers_out.status < NGX_HTTP_SPECIAL_RESPONSE
           && r->headers_out.status != NGX_HTTP_NO_CONTENT
           && r->headers_out.content_length_n != 0;
}


static ngx_int_t
ngx_http_canonical_stream(ngx_http_request_t *r,
    ngx_http_canonical_ctx_t *ctx)
{
    ctx->streaming = 1;

    r->headers_out.content_type = ngx_http_canonical_lines_type;
    r->headers_out.content_type_len = r->headers_out.content_type.len;
    r->headers_out.content_type_lowcase = NULL;

    return ngx_http_next_header_filter(r);
}


static ngx_int_t
ngx_http_canonical_body_filter(ngx_http_request_t *r, ngx_chain_t *in)
{
    ngx_int_t                  rc;
    ngx_buf_t                 *b;
    ngx_http_canonical_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_canonical_module);

    if (ctx && ctx->streaming) {
        return ngx_http_canonical_stream_body(r, ctx, in);
    }

    if (ctx == NULL || !ctx->collecting) {
        return ngx_http_next_body_filter(r, in);
    }

    for ( /* void */ ; in; in = in->next) {
        b = in->buf;

        rc = ngx_http_canonical_collect(r, ctx, b);

        if (rc == NGX_DECLINED) {
            return ngx_http_canonical_failed(r, ctx);
        }

        if (rc != NGX_OK) {
            return rc;
        }

        if (b->last_buf || b->last_in_chain) {
            return ngx_http_canonical_send(r, ctx);
        }
    }

    return NGX_OK;
}


/* takes all of it: the producer may use the buffer again */

static ngx_int_t
ngx_http_canonical_collect(ngx_http_request_t *r,
    ngx_http_canonical_ctx_t *ctx, ngx_buf_t *b)
{
    size_t                          size, room;
    u_char                         *p;
    ngx_http_canonical_loc_conf_t  *clcf;

    if (!ngx_buf_in_memory(b)) {
        return NGX_OK;
    }

    size = b->last - b->pos;
    clcf = ngx_http_get_module_loc_conf(r, ngx_http_canonical_module);

    if (size > clcf->max_size - ctx->buffer.len) {
        ctx->response->run.error.text = ctx->streaming
                                 ? "a line is larger than canonical_max_size"
                                 : "response is larger than canonical_max_size";
        return NGX_DECLINED;
    }

    if (size > ctx->size - ctx->buffer.len) {

        room = ngx_max(ctx->size * 2, ctx->buffer.len + size);
        room = ngx_max(room, 16384);

        p = ngx_palloc(r->pool, room);
        if (p == NULL) {
            return NGX_ERROR;
        }

        if (ctx->buffer.len) {
            ngx_memcpy(p, ctx->buffer.data, ctx->buffer.len);
        }

        if (ctx->size) {
            ngx_pfree(r->pool, ctx->buffer.data);
        }

        ctx->buffer.data = p;
        ctx->size = room;
    }

    if (size) {
        ngx_memcpy(ctx->buffer.data + ctx->buffer.len, b->pos, size);
        ctx->buffer.len += size;
    }

    b->pos = b->last;
    b->file_pos = b->file_last;

    return NGX_OK;
}


static ngx_int_t
ngx_http_canonical_send(ngx_http_request_t *r, ngx_http_canonical_ctx_t *ctx)
{
    ngx_int_t                      rc;
    ngx_buf_t                     *b;
    ngx_str_t                      text;
    ngx_chain_t                    out;
    ngx_http_canonical_mapping_t  *mapping;

    mapping = ctx->response;
    mapping->body = ctx->buffer;

    rc = ngx_http_canonical_map(r, mapping);

    if (rc == NGX_DECLINED) {
        return ngx_http_canonical_failed(r, ctx);
    }

    if (rc != NGX_OK) {
        return NGX_ERROR;
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
    ctx->done = 1;

    r->headers_out.content_length_n = text.len;
    r->headers_out.content_type = ngx_http_canonical_json_type;
    r->headers_out.content_type_len = r->headers_out.content_type.len;
    r->headers_out.content_type_lowcase = NULL;
    r->headers_out.charset.len = 0;

    rc = ngx_http_next_header_filter(r);

    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        return rc;
    }

    b = ngx_calloc_buf(r->pool);
    if (b == NULL) {
        return NGX_ERROR;
    }

    b->pos = text.data;
    b->last = text.data + text.len;
    b->memory = 1;
    b->last_buf = (r == r->main);
    b->last_in_chain = 1;

    out.buf = b;
    out.next = NULL;

    return ngx_http_next_body_filter(r, &out);
}


/*
 * One buffer at a time, and none while the client has not taken what was made
 * of the last one: the memory does not grow with the body.
 */

static ngx_int_t
ngx_http_canonical_stream_body(ngx_http_request_t *r,
    ngx_http_canonical_ctx_t *ctx, ngx_chain_t *in)
{
    ngx_int_t     rc;
    ngx_uint_t    last;
    ngx_chain_t  *cl, *out;

    if (in && ngx_chain_add_copy(r->pool, &ctx->in, in) != NGX_OK) {
        return NGX_ERROR;
    }

    for ( ;; ) {
        out = NULL;

        if (ctx->in && ctx->busy == NULL) {
            cl = ctx->in;
            ctx->in = cl->next;

            last = cl->buf->last_buf || cl->buf->last_in_chain;

            rc = ngx_http_canonical_collect(r, ctx, cl->buf);

            ngx_free_chain(r->pool, cl);

            if (rc == NGX_OK) {
                rc = ngx_http_canonical_lines(r, ctx, last, &out);
            }

            if (rc != NGX_OK) {
                return (rc == NGX_DECLINED)
                       ? ngx_http_canonical_failed(r, ctx) : NGX_ERROR;
            }
        }

        rc = ngx_http_next_body_filter(r, out);

        ngx_chain_update_chains(r->pool, &ctx->free, &ctx->busy, &out,
                                (ngx_buf_tag_t) &ngx_http_canonical_module);

        if (rc == NGX_ERROR || ctx->in == NULL || ctx->busy) {
            return rc;
        }
    }
}


/* the lines that are complete; NGX_DECLINED: one cannot be mapped */

static ngx_int_t
ngx_http_canonical_lines(ngx_http_request_t *r,
    ngx_http_canonical_ctx_t *ctx, ngx_uint_t last, ngx_chain_t **out)
{
    u_char       *p, *end, *lf;
    ngx_int_t     rc;
    ngx_buf_t    *b;
    ngx_str_t     line;
    ngx_chain_t  *cl, **ll;

    ll = out;
    b = NULL;

    p = ctx->buffer.data;
    end = p + ctx->buffer.len;

    while (p < end) {
        lf = ngx_strlchr(p, end, LF);

        if (lf == NULL && !last) {
            break;
        }

        line.data = p;
        line.len = (lf ? lf : end) - p;
        p = lf ? lf + 1 : end;

        ctx->response->line++;

        rc = ngx_http_canonical_line(r, ctx, &line, &ll, &b);

        if (rc != NGX_OK) {
            return rc;
        }
    }

    ctx->buffer.len = end - p;

    if (ctx->buffer.len) {
        ngx_memmove(ctx->buffer.data, p, ctx->buffer.len);
    }

    if (!last) {
        return NGX_OK;
    }

    cl = ngx_http_canonical_out(r, ctx, 0);
    if (cl == NULL) {
        return NGX_ERROR;
    }

    cl->buf->temporary = 0;
    cl->buf->last_buf = (r == r->main);
    cl->buf->last_in_chain = 1;

    *ll = cl;

    return NGX_OK;
}


/* the memory of its mapping is freed behind each line */

static ngx_int_t
ngx_http_canonical_line(ngx_http_request_t *r,
    ngx_http_canonical_ctx_t *ctx, ngx_str_t *line, ngx_chain_t ***ll,
    ngx_buf_t **b)
{
    ngx_int_t                      rc;
    ngx_str_t                      text;
    ngx_pool_t                    *pool;
    ngx_http_canonical_mapping_t  *mapping;

    if (line->len && line->data[line->len - 1] == CR) {
        line->len--;
    }

    if (line->len == 0) {
        return NGX_OK;
    }

    mapping = ctx->response;

    pool = ngx_create_pool(NGX_DEFAULT_POOL_SIZE, r->connection->log);
    if (pool == NULL) {
        return NGX_ERROR;
    }

    ngx_http_canonical_reuse(mapping, pool);

    rc = ngx_http_canonical_map_text(r, mapping, line);

    if (rc == NGX_OK) {
        ngx_http_canonical_warn(r, mapping);

        text = ngx_http_canonical_print(pool, mapping, mapping->run.objects);

        rc = text.data ? ngx_http_canonical_write(r, ctx, &text, ll, b)
                       : NGX_ERROR;

    } else if (rc == NGX_DECLINED) {
        ngx_http_canonical_log(r, NGX_LOG_ERR, mapping, &mapping->run.error);
        mapping->logged = 1;
    }

    mapping->run.root = NULL;
    mapping->run.objects = NULL;

    ngx_destroy_pool(pool);

    return rc;
}


static ngx_int_t
ngx_http_canonical_write(ngx_http_request_t *r,
    ngx_http_canonical_ctx_t *ctx, ngx_str_t *text, ngx_chain_t ***ll,
    ngx_buf_t **b)
{
    ngx_chain_t  *cl;

    if (text->len == 0) {
        return NGX_OK;
    }

    if (*b == NULL || (size_t) ((*b)->end - (*b)->last) < text->len) {

        cl = ngx_http_canonical_out(r, ctx, text->len);
        if (cl == NULL) {
            return NGX_ERROR;
        }

        **ll = cl;
        *ll = &cl->next;
        *b = cl->buf;
    }

    (*b)->last = ngx_cpymem((*b)->last, text->data, text->len);

    return NGX_OK;
}


/* a buffer that has been sent, or a new one */

static ngx_chain_t *
ngx_http_canonical_out(ngx_http_request_t *r, ngx_http_canonical_ctx_t *ctx,
    size_t size)
{
    ngx_buf_t    *b;
    ngx_chain_t  *cl;

    cl = ngx_chain_get_free_buf(r->pool, &ctx->free);
    if (cl == NULL) {
        return NULL;
    }

    b = cl->buf;

    if (size > (size_t) (b->end - b->start)) {

        if (b->start) {
            ngx_pfree(r->pool, b->start);
        }

        size = ngx_max(size, NGX_HTTP_CANONICAL_OUT);

        b->start = ngx_palloc(r->pool, size);
        if (b->start == NULL) {
            return NULL;
        }

        b->end = b->start + size;
    }

    b->pos = b->start;
    b->last = b->start;
    b->tag = (ngx_buf_tag_t) &ngx_http_canonical_module;
    b->temporary = 1;

    return cl;
}


/* 502, or the end of the connection when the header is out already */

static ngx_int_t
ngx_http_canonical_failed(ngx_http_request_t *r,
    ngx_http_canonical_ctx_t *ctx)
{
    ngx_uint_t  streaming;

    if (!ctx->response->logged) {
        ngx_http_canonical_log(r, NGX_LOG_ERR, ctx->response,
                               &ctx->response->run.error);
    }

    streaming = ctx->streaming;

    ctx->collecting = 0;
    ctx->streaming = 0;
    ctx->done = 1;

    if (streaming) {
        return NGX_ERROR;
    }

    return ngx_http_filter_finalize_request(r, &ngx_http_canonical_module,
                                            NGX_HTTP_BAD_GATEWAY);
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
