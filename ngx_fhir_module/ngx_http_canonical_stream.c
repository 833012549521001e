
/*
 * Lines of NDJSON are mapped as they come, in bounded memory: the body filter
 * of responses, and what it shares with that of requests.
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
static ngx_int_t ngx_http_canonical_flow_line(ngx_http_request_t *r,
    ngx_http_canonical_flow_t *flow, ngx_str_t *line, ngx_chain_t ***ll);
static ngx_int_t ngx_http_canonical_write(ngx_http_request_t *r,
    ngx_http_canonical_flow_t *flow, ngx_str_t *text, ngx_chain_t ***ll);


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

    if (in && ngx_chain_add_copy(r->pool, &ctx->flow.in, in) != NGX_OK) {
        return NGX_ERROR;
    }

    held = 0;

    for ( ;; ) {
        out = NULL;

        if (ctx->flow.in && ctx->flow.busy == NULL) {
            rc = ngx_http_canonical_stream_buf(r, ctx, &out);

            if (rc != NGX_OK) {
                return rc;
            }

        } else if (held) {

            /* a filter waits for more, or for a flush */

            out = ngx_http_canonical_out(r, &ctx->flow, 0);
            if (out == NULL) {
                return NGX_ERROR;
            }

            out->buf->flush = 1;
        }

        rc = next(r, out);

        ngx_chain_update_chains(r->pool, &ctx->flow.free, &ctx->flow.busy,
                                &out,
                                (ngx_buf_tag_t) &ngx_http_canonical_module);

        if (rc == NGX_ERROR) {
            return rc;
        }

        if (ctx->flow.in == NULL) {
            r->buffered &= ~NGX_HTTP_CANONICAL_BUFFERED;
            return rc;
        }

        if (ctx->flow.busy == NULL) {
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
    u_char       *p, *end;
    ngx_int_t     rc;
    ngx_buf_t    *b;
    ngx_uint_t    flush;
    ngx_chain_t  *cl, **ll;

    cl = ctx->flow.in;
    b = cl->buf;

    if (!ctx->started && ngx_http_canonical_cut(r, b)) {
        ctx->response->run.error.text = "response is not complete";
        return NGX_DECLINED;
    }

    if (ngx_buf_in_memory(b)) {
        p = b->pos;
        end = b->last;

    } else if (b->in_file) {
        return NGX_ERROR;

    } else {
        p = NULL;
        end = NULL;
    }

    ll = out;
    flush = b->flush && ctx->started;

    ctx->flow.out = NULL;
    ctx->flow.written = 0;

    rc = ngx_http_canonical_flow(r, &ctx->flow, &p, end,
                                 b->last_buf || b->last_in_chain, &ll);

    if (rc != NGX_OK) {
        return rc;
    }

    ctx->flow.in = cl->next;

    ngx_free_chain(r->pool, cl);

    b->pos = b->last;
    b->file_pos = b->file_last;

    if (!flush && !b->last_buf && !b->last_in_chain) {
        return NGX_OK;
    }

    cl = ngx_http_canonical_out(r, &ctx->flow, 0);
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

ngx_int_t
ngx_http_canonical_flow(ngx_http_request_t *r,
    ngx_http_canonical_flow_t *flow, u_char **pos, u_char *end,
    ngx_uint_t last, ngx_chain_t ***ll)
{
    u_char                         *p, *lf;
    ngx_int_t                       rc;
    ngx_str_t                       line;
    ngx_http_canonical_loc_conf_t  *clcf;

    clcf = ngx_http_get_module_loc_conf(r, ngx_http_canonical_module);

    for (p = *pos; p < end || (last && flow->buffer.len); *pos = p) {

        if (flow->written >= flow->max) {
            break;
        }

        lf = ngx_strlchr(p, end, LF);

        line.data = p;
        line.len = (lf ? lf : end) - p;

        if (line.len > clcf->max_size - flow->buffer.len) {
            flow->mapping->line++;
            ngx_memzero(&flow->mapping->run.error,
                        sizeof(ngx_canonical_error_t));

            return ngx_http_canonical_none(flow->mapping,
                                   NGX_HTTP_REQUEST_ENTITY_TOO_LARGE, 0,
                                   "a line is larger than canonical_max_size");
        }

        if (flow->buffer.len || (lf == NULL && !last)) {

            if (ngx_http_canonical_append(r, flow, p, line.len) != NGX_OK) {
                return NGX_ERROR;
            }

            line = flow->buffer;
        }

        p = lf ? lf + 1 : end;

        if (lf == NULL && !last) {
            continue;
        }

        flow->buffer.len = 0;

        rc = ngx_http_canonical_flow_line(r, flow, &line, ll);

        if (rc != NGX_OK) {
            return rc;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_canonical_flow_line(ngx_http_request_t *r,
    ngx_http_canonical_flow_t *flow, ngx_str_t *line, ngx_chain_t ***ll)
{
    ngx_int_t  rc;
    ngx_str_t  text;

    rc = ngx_http_canonical_map_line(r, flow->mapping, line, &text);

    if (rc == NGX_DECLINED) {

        /* for the quarantine */

        flow->mapping->body = *line;
    }

    if (rc != NGX_OK || text.len == 0) {
        return rc;
    }

    if (flow->holding) {
        return ngx_http_canonical_keep_line(r, flow->mapping, &text);
    }

    return ngx_http_canonical_write(r, flow, &text, ll);
}


static ngx_int_t
ngx_http_canonical_write(ngx_http_request_t *r,
    ngx_http_canonical_flow_t *flow, ngx_str_t *text, ngx_chain_t ***ll)
{
    ngx_buf_t    *b;
    ngx_chain_t  *cl;

    b = flow->out;

    if (b == NULL || (size_t) (b->end - b->last) < text->len) {

        cl = ngx_http_canonical_out(r, flow, text->len);
        if (cl == NULL) {
            return NGX_ERROR;
        }

        **ll = cl;
        *ll = &cl->next;

        b = cl->buf;
        flow->out = b;
    }

    b->last = ngx_cpymem(b->last, text->data, text->len);
    flow->written += text->len;

    return NGX_OK;
}


ngx_chain_t *
ngx_http_canonical_out(ngx_http_request_t *r, ngx_http_canonical_flow_t *flow,
    size_t size)
{
    u_char       *start, *end;
    ngx_buf_t    *b;
    ngx_chain_t  *cl;

    cl = ngx_chain_get_free_buf(r->pool, &flow->free);
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


/* to flow->buffer: of a body that is collected, too */

ngx_int_t
ngx_http_canonical_append(ngx_http_request_t *r,
    ngx_http_canonical_flow_t *flow, u_char *data, size_t size)
{
    size_t   room;
    u_char  *p;

    if (size > flow->size - flow->buffer.len) {

        room = ngx_max(flow->size * 2, flow->buffer.len + size);
        room = ngx_max(room, NGX_HTTP_CANONICAL_OUT);

        p = ngx_palloc(r->pool, room);
        if (p == NULL) {
            return NGX_ERROR;
        }

        if (flow->buffer.len) {
            ngx_memcpy(p, flow->buffer.data, flow->buffer.len);
        }

        if (flow->size) {
            ngx_pfree(r->pool, flow->buffer.data);
        }

        flow->buffer.data = p;
        flow->size = room;
    }

    if (size) {
        ngx_memcpy(flow->buffer.data + flow->buffer.len, data, size);
        flow->buffer.len += size;
    }

    return NGX_OK;
}
