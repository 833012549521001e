
/*
 * canonical_stream: lines of NDJSON in a request without a length are mapped
 * when the content handler reads them.
 *
 * An upstream that reads without buffering gets each line when it comes: the
 * memory is that of one line and of one turn.  For any other handler what is
 * made of the lines is held in memory until the last one, so that NGINX has
 * no reason for a temporary file.
 *
 * A line that cannot be mapped ends the reading with a status of an error.
 * NGINX closes the connection of the upstream then, in mid-body, and answers
 * with a page, in whose place a filter here puts the problem details.
 */

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_http_canonical_module.h"


/* what is made in one turn, while the upstream has not taken the last */
#define NGX_HTTP_CANONICAL_TURN  65536


struct ngx_http_canonical_upload_s {
    ngx_http_canonical_flow_t   flow;

    ngx_str_t                   type;       /* as it was */
    off_t                       length;     /* of what has been passed on */

    /* of a refusal */

    ngx_uint_t                  status;
    ngx_str_t                   answer_type;
    ngx_str_t                   answer;

    unsigned                    last:1;     /* all of it has been read */
    unsigned                    done:1;     /* and mapped */
    unsigned                    taken:1;    /* in part, by an upstream */
    unsigned                    answering:1;
};


static ngx_http_canonical_upload_t *ngx_http_canonical_upload_find(
    ngx_http_request_t *r);
static ngx_int_t ngx_http_canonical_upload_filter(ngx_http_request_t *r,
    ngx_chain_t *in);
static ngx_int_t ngx_http_canonical_upload_add(ngx_http_request_t *r,
    ngx_http_canonical_upload_t *up, ngx_chain_t *in);
static ngx_int_t ngx_http_canonical_upload_map(ngx_http_request_t *r,
    ngx_http_canonical_upload_t *up, ngx_chain_t **out);
static ngx_int_t ngx_http_canonical_upload_end(ngx_http_request_t *r,
    ngx_http_canonical_upload_t *up, ngx_chain_t **ll);
static ngx_int_t ngx_http_canonical_upload_refuse(ngx_http_request_t *r,
    ngx_http_canonical_upload_t *up);
static ngx_int_t ngx_http_canonical_upload_header_filter(
    ngx_http_request_t *r);
static ngx_int_t ngx_http_canonical_upload_body_filter(ngx_http_request_t *r,
    ngx_chain_t *in);


static ngx_str_t  ngx_http_canonical_lines_type =
    ngx_string("application/x-ndjson");


static ngx_http_request_body_filter_pt   ngx_http_next_request_body_filter;
static ngx_http_output_header_filter_pt  ngx_http_next_header_filter;
static ngx_http_output_body_filter_pt    ngx_http_next_body_filter;


ngx_int_t
ngx_http_canonical_upload(ngx_http_request_t *r, ngx_http_canonical_ctx_t *ctx)
{
    ngx_http_canonical_upload_t    *up;
    ngx_http_canonical_loc_conf_t  *clcf;

    clcf = ngx_http_get_module_loc_conf(r, ngx_http_canonical_module);

    if (!clcf->stream || clcf->request == NULL || clcf->render
        || r != r->main || r->request_body || r->discard_body
        || !r->headers_in.chunked || r->headers_in.content_type == NULL
        || ngx_http_canonical_media(&r->headers_in.content_type->value)
           != NGX_HTTP_CANONICAL_NDJSON
        || ngx_http_canonical_is_packed(r))
    {
        return NGX_DECLINED;
    }

    up = ngx_pcalloc(r->pool, sizeof(ngx_http_canonical_upload_t));
    if (up == NULL) {
        return NGX_ERROR;
    }

    up->type = r->headers_in.content_type->value;

    up->flow.max = NGX_HTTP_CANONICAL_TURN;
    up->flow.mapping = ngx_http_canonical_mapping(r, clcf->request, &up->type);

    if (up->flow.mapping == NULL
        || ngx_http_canonical_headers(r, &ngx_http_canonical_lines_type, -1)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    ctx->request = up->flow.mapping;
    ctx->current = NULL;
    ctx->upload = up;

    return NGX_OK;
}


ngx_int_t
ngx_http_canonical_upload_cancel(ngx_http_request_t *r,
    ngx_http_canonical_ctx_t *ctx)
{
    if (r->request_body) {
        return NGX_DECLINED;
    }

    r->headers_in.content_type->value = ctx->upload->type;

    ctx->request = NULL;
    ctx->upload = NULL;

    return NGX_OK;
}


ngx_uint_t
ngx_http_canonical_upload_gone(ngx_http_request_t *r)
{
    ngx_http_canonical_upload_t  *up;

    up = ngx_http_canonical_upload_find(r);

    return up && r->request_body
           && (!up->done || up->taken || r->reading_body);
}


/* NULL: the body is not mapped here */

static ngx_http_canonical_upload_t *
ngx_http_canonical_upload_find(ngx_http_request_t *r)
{
    ngx_http_canonical_ctx_t  *ctx;

    if (r != r->main) {
        return NULL;
    }

    ctx = ngx_http_get_module_ctx(r, ngx_http_canonical_module);

    if (ctx == NULL && r->internal) {

        /* a redirect has forgotten it */

        ctx = ngx_http_canonical_find(r);
    }

    return ctx ? ctx->upload : NULL;
}


static ngx_int_t
ngx_http_canonical_upload_filter(ngx_http_request_t *r, ngx_chain_t *in)
{
    ngx_int_t                     rc;
    ngx_chain_t                  *out;
    ngx_http_canonical_upload_t  *up;

    up = ngx_http_canonical_upload_find(r);

    if (up == NULL) {
        return ngx_http_next_request_body_filter(r, in);
    }

    if (up->status) {
        return up->status;
    }

    up->taken |= r->reading_body;

    rc = ngx_http_canonical_upload_add(r, up, in);

    out = NULL;

    if (rc == NGX_OK) {
        rc = ngx_http_canonical_upload_map(r, up, &out);
    }

    if (rc == NGX_DECLINED) {
        return ngx_http_canonical_upload_refuse(r, up);
    }

    if (rc != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    rc = ngx_http_next_request_body_filter(r, out);

    ngx_chain_update_chains(r->pool, &up->flow.free, &up->flow.busy, &out,
                            (ngx_buf_tag_t) &ngx_http_canonical_module);

    return rc;
}


/* NGINX may use again a buffer without data, even if it has not been seen */

static ngx_int_t
ngx_http_canonical_upload_add(ngx_http_request_t *r,
    ngx_http_canonical_upload_t *up, ngx_chain_t *in)
{
    ngx_chain_t  *cl, **ll;

    for (ll = &up->flow.in; *ll; ll = &(*ll)->next) { /* void */ }

    for ( /* void */ ; in; in = in->next) {

        if (in->buf->last_buf) {
            up->last = 1;
        }

        if (ngx_buf_size(in->buf) == 0) {
            continue;
        }

        cl = ngx_alloc_chain_link(r->pool);
        if (cl == NULL) {
            return NGX_ERROR;
        }

        cl->buf = in->buf;
        cl->next = NULL;

        *ll = cl;
        ll = &cl->next;
    }

    return NGX_OK;
}


/*
 * Nothing is taken of the client's buffers while the upstream has not sent
 * what was made of the last ones: then NGINX does not read on either.  But the
 * last of them are taken at once, as NGINX sees to it that the client is not
 * too slow until then.
 */

static ngx_int_t
ngx_http_canonical_upload_map(ngx_http_request_t *r,
    ngx_http_canonical_upload_t *up, ngx_chain_t **out)
{
    ngx_int_t                   rc;
    ngx_buf_t                  *b;
    ngx_chain_t                *cl, **ll;
    ngx_http_canonical_flow_t  *flow;

    flow = &up->flow;
    flow->holding = !r->request_body_no_buffering;

    ngx_chain_update_chains(r->pool, &flow->free, &flow->busy, out,
                            (ngx_buf_tag_t) &ngx_http_canonical_module);

    if (up->done || (flow->busy && !up->last)) {
        return NGX_OK;
    }

    if (up->last) {
        flow->max = NGX_MAX_SIZE_T_VALUE;
    }

    flow->out = NULL;
    flow->written = 0;

    ll = out;

    while (flow->in) {
        cl = flow->in;
        b = cl->buf;

        rc = ngx_http_canonical_flow(r, flow, &b->pos, b->last, 0, &ll);

        if (rc != NGX_OK) {
            return rc;
        }

        if (b->pos < b->last) {
            break;
        }

        flow->in = cl->next;
        ngx_free_chain(r->pool, cl);
    }

    if (up->last) {
        rc = ngx_http_canonical_upload_end(r, up, ll);

        if (rc != NGX_OK) {
            return rc;
        }
    }

    for (cl = *out; cl; cl = cl->next) {
        up->length += ngx_buf_size(cl->buf);
        cl->buf->flush = r->request_body_no_buffering;
    }

    if (up->done) {

        /* both are of what came; HTTP/2 copies the second to the first */

        r->headers_in.content_length_n = up->length;
        r->request_body->received = up->length;
    }

    return NGX_OK;
}


/* a last line without LF, and the end */

static ngx_int_t
ngx_http_canonical_upload_end(ngx_http_request_t *r,
    ngx_http_canonical_upload_t *up, ngx_chain_t **ll)
{
    u_char                        *p;
    ngx_int_t                      rc;
    ngx_buf_t                     *b;
    ngx_chain_t                   *cl;
    ngx_http_canonical_mapping_t  *mapping;

    mapping = up->flow.mapping;
    p = NULL;

    rc = ngx_http_canonical_flow(r, &up->flow, &p, NULL, 1, &ll);

    if (rc != NGX_OK) {
        return rc;
    }

    if (mapping->pool == NULL) {
        mapping->line = 0;
        return ngx_http_canonical_none(mapping, NGX_HTTP_BAD_REQUEST, 0,
                                       "empty body");
    }

    cl = ngx_http_canonical_out(r, &up->flow, 0);
    if (cl == NULL) {
        return NGX_ERROR;
    }

    b = cl->buf;
    b->last_buf = 1;

    *ll = cl;

    if (mapping->text.len) {
        b->start = mapping->text.data;
        b->pos = b->start;
        b->last = b->start + mapping->text.len;
        b->end = b->last;
        b->temporary = 1;
    }

    up->done = 1;

    return NGX_OK;
}


/* a status, with which the reader ends the request */

static ngx_int_t
ngx_http_canonical_upload_refuse(ngx_http_request_t *r,
    ngx_http_canonical_upload_t *up)
{
    ngx_int_t                      rc;
    ngx_http_canonical_ctx_t      *ctx;
    ngx_http_canonical_mapping_t  *mapping;

    mapping = up->flow.mapping;

    up->status = mapping->status;

    ctx = ngx_http_canonical_find(r);
    if (ctx) {
        ctx->refused = up->status;
    }

    rc = ngx_http_canonical_answer(r, mapping, &up->answer_type, &up->answer);

    ngx_str_null(&mapping->body);

    if (rc == NGX_ERROR) {
        up->status = NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    /* nobody will read the rest */

    r->keepalive = 0;
    r->lingering_close = 1;

    return up->status;
}


/* the answer takes the place of the page */

static ngx_int_t
ngx_http_canonical_upload_header_filter(ngx_http_request_t *r)
{
    ngx_http_canonical_upload_t  *up;

    up = ngx_http_canonical_upload_find(r);

    if (up == NULL || up->answer.len == 0
        || r->headers_out.status != up->status)
    {
        return ngx_http_next_header_filter(r);
    }

    /* NGINX does not linger after a 400 */

    r->lingering_close = 1;

    ngx_http_clear_content_length(r);

    r->headers_out.content_length_n = up->answer.len;
    r->headers_out.content_type = up->answer_type;
    r->headers_out.content_type_len = up->answer_type.len;
    r->headers_out.content_type_lowcase = NULL;

    up->answering = 1;

    return ngx_http_next_header_filter(r);
}


static ngx_int_t
ngx_http_canonical_upload_body_filter(ngx_http_request_t *r, ngx_chain_t *in)
{
    ngx_buf_t                    *b;
    ngx_uint_t                    last;
    ngx_chain_t                   out;
    ngx_http_canonical_upload_t  *up;

    up = ngx_http_canonical_upload_find(r);

    if (up == NULL || !up->answering) {
        return ngx_http_next_body_filter(r, in);
    }

    last = 0;

    for ( /* void */ ; in; in = in->next) {
        last |= in->buf->last_buf;
        in->buf->pos = in->buf->last;
    }

    if (!last) {
        return NGX_OK;
    }

    up->answering = 0;

    b = ngx_calloc_buf(r->pool);
    if (b == NULL) {
        return NGX_ERROR;
    }

    b->pos = up->answer.data;
    b->last = b->pos + up->answer.len;
    b->memory = 1;
    b->last_buf = 1;
    b->last_in_chain = 1;

    out.buf = b;
    out.next = NULL;

    return ngx_http_next_body_filter(r, &out);
}


ngx_int_t
ngx_http_canonical_upload_init(ngx_conf_t *cf)
{
    ngx_http_next_request_body_filter = ngx_http_top_request_body_filter;
    ngx_http_top_request_body_filter = ngx_http_canonical_upload_filter;

    ngx_http_next_header_filter = ngx_http_top_header_filter;
    ngx_http_top_header_filter = ngx_http_canonical_upload_header_filter;

    ngx_http_next_body_filter = ngx_http_top_body_filter;
    ngx_http_top_body_filter = ngx_http_canonical_upload_body_filter;

    return NGX_OK;
}
