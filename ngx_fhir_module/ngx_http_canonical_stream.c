
/*
 * NDJSON of an upstream: lines are mapped as they come, in bounded memory.
 */

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_http_canonical_module.h"


/* of pieces that ngx_pfree() gives back: more than a page */
#define NGX_HTTP_CANONICAL_OUT       16384

/* in r->buffered, beside those of SSI, sub and copy */
#define NGX_HTTP_CANONICAL_BUFFERED  0x08


static ngx_int_t ngx_http_canonical_stream_buf(ngx_http_request_t *r,
    ngx_http_canonical_ctx_t *ctx, ngx_chain_t **out);
static ngx_int_t ngx_http_canonical_lines(ngx_http_request_t *r,
    ngx_http_canonical_ctx_t *ctx, ngx_buf_t *in, ngx_chain_t ***ll);
static ngx_int_t ngx_http_canonical_line(ngx_http_request_t *r,
    ngx_http_canonical_ctx_t *ctx, ngx_str_t *line, ngx_chain_t ***ll,
    ngx_buf_t **b);
static ngx_int_t ngx_http_canonical_write(ngx_http_request_t *r,
    ngx_http_canonical_ctx_t *ctx, ngx_str_t *text, ngx_chain_t ***ll,
    ngx_buf_t **b);
static ngx_chain_t *ngx_http_canonical_out(ngx_http_request_t *r,
    ngx_http_canonical_ctx_t *ctx, size_t size);


/*
 * One buffer at a time, and none while the client has not taken what was made
 * of the last one: the memory does not grow with the body.
 */

ngx_int_t
ngx_http_canonical_stream(ngx_http_request_t *r,
    ngx_http_canonical_ctx_t *ctx, ngx_chain_t *in,
    ngx_http_output_body_filter_pt next)
{
    ngx_int_t     rc;
    ngx_uint_t    held;
    ngx_chain_t  *out;

    if (in && ngx_chain_add_copy(r->pool, &ctx->in, in) != NGX_OK) {
        return NGX_ERROR;
    }

    held = 0;

    for ( ;; ) {
        out = NULL;

        if (ctx->in && ctx->busy == NULL) {
            rc = ngx_http_canonical_stream_buf(r, ctx, &out);

            if (rc != NGX_OK) {
                return rc;
            }

        } else if (held) {

            /* a filter waits for more, or for a flush */

            out = ngx_http_canonical_out(r, ctx, 0);
            if (out == NULL) {
                return NGX_ERROR;
            }

            out->buf->flush = 1;
        }

        rc = next(r, out);

        ngx_chain_update_chains(r->pool, &ctx->free, &ctx->busy, &out,
                                (ngx_buf_tag_t) &ngx_http_canonical_module);

        if (rc == NGX_ERROR) {
            return rc;
        }

        if (ctx->in == NULL) {
            r->buffered &= ~NGX_HTTP_CANONICAL_BUFFERED;
            return rc;
        }

        if (ctx->busy == NULL) {
            held = 0;
            continue;
        }

        if (held || r->connection->buffered || r->connection->data != r) {
            r->buffered |= NGX_HTTP_CANONICAL_BUFFERED;
            return rc;
        }

        held = 1;
    }
}


/* what its lines become; NGX_DECLINED: one cannot be mapped */

static ngx_int_t
ngx_http_canonical_stream_buf(ngx_http_request_t *r,
    ngx_http_canonical_ctx_t *ctx, ngx_chain_t **out)
{
    ngx_int_t      rc;
    ngx_buf_t     *b;
    ngx_uint_t     flush;
    ngx_chain_t   *cl, **ll;

    cl = ctx->in;
    b = cl->buf;

    if (!ctx->started && ngx_http_canonical_cut(r, b)) {
        ctx->response->run.error.text = "response is not complete";
        return NGX_DECLINED;
    }

    ll = out;
    flush = b->flush && ctx->started;

    rc = ngx_http_canonical_lines(r, ctx, b, &ll);

    if (rc != NGX_OK) {
        return rc;
    }

    ctx->in = cl->next;

    ngx_free_chain(r->pool, cl);

    b->pos = b->last;
    b->file_pos = b->file_last;

    if (!flush && !b->last_buf && !b->last_in_chain) {
        return NGX_OK;
    }

    cl = ngx_http_canonical_out(r, ctx, 0);
    if (cl == NULL) {
        return NGX_ERROR;
    }

    cl->buf->flush = flush;

    if (b->last_buf || b->last_in_chain) {
        cl->buf->last_buf = (r == r->main);
        cl->buf->last_in_chain = 1;
        cl->buf->sync = (r != r->main);
    }

    *ll = cl;

    return NGX_OK;
}


/* a line that began in a buffer before is put together */

static ngx_int_t
ngx_http_canonical_lines(ngx_http_request_t *r,
    ngx_http_canonical_ctx_t *ctx, ngx_buf_t *in, ngx_chain_t ***ll)
{
    u_char                         *p, *end, *lf;
    ngx_int_t                       rc;
    ngx_buf_t                      *b;
    ngx_str_t                       line;
    ngx_uint_t                      last;
    ngx_http_canonical_loc_conf_t  *clcf;

    clcf = ngx_http_get_module_loc_conf(r, ngx_http_canonical_module);

    b = NULL;
    last = in->last_buf || in->last_in_chain;

    if (ngx_buf_in_memory(in)) {
        p = in->pos;
        end = in->last;

    } else if (in->in_file) {
        return NGX_ERROR;

    } else {
        p = NULL;
        end = NULL;
    }

    while (p < end || (last && ctx->buffer.len)) {

        lf = ngx_strlchr(p, end, LF);

        line.data = p;
        line.len = (lf ? lf : end) - p;

        if (line.len > clcf->max_size - ctx->buffer.len) {
            ctx->response->line++;
            ctx->response->run.error.text =
                                    "a line is larger than canonical_max_size";
            return NGX_DECLINED;
        }

        if (ctx->buffer.len || (lf == NULL && !last)) {

            if (ngx_http_canonical_append(r, ctx, p, line.len) != NGX_OK) {
                return NGX_ERROR;
            }

            line = ctx->buffer;
        }

        p = lf ? lf + 1 : end;

        if (lf == NULL && !last) {
            break;
        }

        ctx->buffer.len = 0;

        rc = ngx_http_canonical_line(r, ctx, &line, ll, &b);

        if (rc != NGX_OK) {
            return rc;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_canonical_line(ngx_http_request_t *r,
    ngx_http_canonical_ctx_t *ctx, ngx_str_t *line, ngx_chain_t ***ll,
    ngx_buf_t **b)
{
    ngx_int_t  rc;
    ngx_str_t  text;

    rc = ngx_http_canonical_map_line(r, ctx->response, line, &text);

    if (rc == NGX_OK && text.len) {
        rc = ngx_http_canonical_write(r, ctx, &text, ll, b);
    }

    return rc;
}


static ngx_int_t
ngx_http_canonical_write(ngx_http_request_t *r,
    ngx_http_canonical_ctx_t *ctx, ngx_str_t *text, ngx_chain_t ***ll,
    ngx_buf_t **b)
{
    ngx_chain_t  *cl;

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


/* a buffer that has been sent, or a new one; of size 0 it is a special one */

static ngx_chain_t *
ngx_http_canonical_out(ngx_http_request_t *r, ngx_http_canonical_ctx_t *ctx,
    size_t size)
{
    u_char       *start, *end;
    ngx_buf_t    *b;
    ngx_chain_t  *cl;

    cl = ngx_chain_get_free_buf(r->pool, &ctx->free);
    if (cl == NULL) {
        return NULL;
    }

    b = cl->buf;
    start = b->start;
    end = b->end;

    if (size > (size_t) (end - start)) {

        if (start) {
            ngx_pfree(r->pool, start);
        }

        size = ngx_max(size, NGX_HTTP_CANONICAL_OUT);

        start = ngx_palloc(r->pool, size);
        if (start == NULL) {
            return NULL;
        }

        end = start + size;
    }

    ngx_memzero(b, sizeof(ngx_buf_t));

    b->start = start;
    b->pos = start;
    b->last = start;
    b->end = end;
    b->tag = (ngx_buf_tag_t) &ngx_http_canonical_module;

    /* recycled: it is wanted back soon, and not held for more */

    b->temporary = size ? 1 : 0;
    b->recycled = b->temporary;

    return cl;
}


/* to ctx->buffer: of a body that is collected, too */

ngx_int_t
ngx_http_canonical_append(ngx_http_request_t *r,
    ngx_http_canonical_ctx_t *ctx, u_char *data, size_t size)
{
    size_t   room;
    u_char  *p;

    if (size > ctx->size - ctx->buffer.len) {

        room = ngx_max(ctx->size * 2, ctx->buffer.len + size);
        room = ngx_max(room, NGX_HTTP_CANONICAL_OUT);

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
        ngx_memcpy(ctx->buffer.data + ctx->buffer.len, data, size);
        ctx->buffer.len += size;
    }

    return NGX_OK;
}
