
/*
 * A message goes out as one frame around the body of the request, and its
 * acknowledgement comes back as the body of the response.
 *
 * NGINX has a status for what it sees itself, 502 for a connection that is
 * closed and 504 for a time-out, whether anything has been sent or not.  Of a
 * message that has been sent as a whole more is to be told: mllp_reply_action
 * says what its silence means, and that it was closed upon says no more than
 * silence does.  So from then on the connection is watched: its read handler
 * sees the time-out first, its recv() the end.
 */

#include "ngx_http_mllp.h"
#include "ngx_http_hl7_module.h"
#include "ngx_http_memory_body.h"


#define NGX_HTTP_MLLP_FAIL  422


static ngx_int_t ngx_http_mllp_open(ngx_http_request_t *r,
    ngx_http_mllp_ctx_t *ctx);
static ngx_int_t ngx_http_mllp_eval(ngx_http_request_t *r,
    ngx_http_mllp_loc_conf_t *mlcf);
static ngx_int_t ngx_http_mllp_create_request(ngx_http_request_t *r);
static ngx_chain_t *ngx_http_mllp_chain(ngx_pool_t *pool, u_char *start,
    u_char *end);
static ngx_int_t ngx_http_mllp_reinit_request(ngx_http_request_t *r);
static ngx_int_t ngx_http_mllp_output_filter(void *data, ngx_chain_t *in);
static void ngx_http_mllp_sent(ngx_http_request_t *r,
    ngx_http_mllp_ctx_t *ctx);
static ssize_t ngx_http_mllp_recv(ngx_connection_t *c, u_char *buf,
    size_t size);
static void ngx_http_mllp_read(ngx_http_request_t *r,
    ngx_http_upstream_t *u);
static ngx_uint_t ngx_http_mllp_next(ngx_http_upstream_t *u, ngx_uint_t ft);
static ngx_int_t ngx_http_mllp_process_header(ngx_http_request_t *r);
static void ngx_http_mllp_make_room(ngx_buf_t *b);
static ngx_int_t ngx_http_mllp_answer(ngx_http_request_t *r,
    ngx_http_mllp_ctx_t *ctx, ngx_str_t *content);
static ngx_int_t ngx_http_mllp_input_filter_init(void *data);
static void ngx_http_mllp_abort_request(ngx_http_request_t *r);
static void ngx_http_mllp_finalize_request(ngx_http_request_t *r,
    ngx_int_t rc);


static u_char  ngx_http_mllp_begin[] = { NGX_MLLP_VT };
static u_char  ngx_http_mllp_end[] = { CR, NGX_MLLP_FS, CR };


/* of ngx_mllp_action_e, but for NGX_MLLP_WAIT */

static ngx_uint_t  ngx_http_mllp_status[] = {
    NGX_HTTP_OK,
    NGX_HTTP_MLLP_FAIL,
    NGX_HTTP_SERVICE_UNAVAILABLE,
    NGX_HTTP_GATEWAY_TIME_OUT
};


ngx_int_t
ngx_http_mllp_handler(ngx_http_request_t *r)
{
    ngx_int_t                  rc;
    ngx_http_upstream_t       *u;
    ngx_http_mllp_ctx_t       *ctx;
    ngx_http_mllp_loc_conf_t  *mlcf;

    if (!(r->method & NGX_HTTP_POST)) {
        return NGX_HTTP_NOT_ALLOWED;
    }

    /* the request outlives the handler if its phases run again in there */

    r->main->count++;

    rc = ngx_http_memory_body(r, 0);

    if (rc == NGX_DONE) {
        return NGX_DONE;
    }

    r->main->count--;

    if (rc != NGX_DECLINED) {
        return rc;
    }

    mlcf = ngx_http_get_module_loc_conf(r, ngx_http_mllp_module);

    ctx = ngx_pcalloc(r->pool, sizeof(ngx_http_mllp_ctx_t));
    if (ctx == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ctx->action = mlcf->action;

    ngx_http_set_ctx(r, ctx, ngx_http_mllp_module);

    rc = ngx_http_mllp_open(r, ctx);
    if (rc != NGX_OK) {
        return rc;
    }

    if (ngx_http_upstream_create(r) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    u = r->upstream;

    if (mlcf->lengths && ngx_http_mllp_eval(r, mlcf) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

#if (NGX_HTTP_SSL)
    u->ssl = (mlcf->upstream.ssl != NULL);
#endif

    ngx_str_set(&u->schema, "mllp://");

    u->output.tag = (ngx_buf_tag_t) &ngx_http_mllp_module;
    u->output.output_filter = ngx_http_mllp_output_filter;
    u->output.filter_ctx = r;

    u->conf = &mlcf->upstream;

    u->create_request = ngx_http_mllp_create_request;
    u->reinit_request = ngx_http_mllp_reinit_request;
    u->process_header = ngx_http_mllp_process_header;
    u->abort_request = ngx_http_mllp_abort_request;
    u->finalize_request = ngx_http_mllp_finalize_request;

    u->input_filter_init = ngx_http_mllp_input_filter_init;
    u->input_filter = ngx_http_upstream_non_buffered_filter;
    u->input_filter_ctx = r;

    r->main->count++;

    ngx_http_upstream_init(r);

    return NGX_DONE;
}


/* a byte order mark is not sent */

static ngx_int_t
ngx_http_mllp_open(ngx_http_request_t *r, ngx_http_mllp_ctx_t *ctx)
{
    u_char             *start, *end;
    ngx_chain_t        *cl;
    ngx_hl7_error_t     err;
    ngx_hl7_context_t  *hl7;

    cl = r->request_body->bufs;

    start = cl ? cl->buf->pos : NULL;
    end = cl ? cl->buf->last : NULL;

    if (end - start > 3 && ngx_memcmp(start, "\xef\xbb\xbf", 3) == 0) {
        start += 3;
    }

    if (ngx_mllp_reply_open(&ctx->message, start, end, &err) == NGX_OK) {
        return NGX_OK;
    }

    ngx_log_error(NGX_LOG_INFO, r->connection->log, 0,
                  "request body cannot be sent over MLLP: %V at byte %uz",
                  &err.text, err.offset);

    hl7 = ngx_http_hl7_context(r);

    if (hl7) {
        hl7->error = err;
    }

    return NGX_HTTP_BAD_REQUEST;
}


static ngx_int_t
ngx_http_mllp_eval(ngx_http_request_t *r, ngx_http_mllp_loc_conf_t *mlcf)
{
    ngx_url_t                      url;
    ngx_http_upstream_resolved_t  *resolved;

    ngx_memzero(&url, sizeof(ngx_url_t));

    if (ngx_http_script_run(r, &url.url, mlcf->lengths->elts, 0,
                            mlcf->values->elts)
        == NULL)
    {
        return NGX_ERROR;
    }

    url.no_resolve = 1;
    url.default_port = NGX_HTTP_MLLP_PORT;

    if (ngx_parse_url(r->pool, &url) != NGX_OK) {
        if (url.err) {
            ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                          "%s in upstream \"%V\"", url.err, &url.url);
        }

        return NGX_ERROR;
    }

    resolved = ngx_pcalloc(r->pool, sizeof(ngx_http_upstream_resolved_t));
    if (resolved == NULL) {
        return NGX_ERROR;
    }

    if (url.addrs) {
        resolved->sockaddr = url.addrs[0].sockaddr;
        resolved->socklen = url.addrs[0].socklen;
        resolved->name = url.addrs[0].name;
        resolved->naddrs = 1;
    }

    resolved->host = url.host;
    resolved->port = url.no_port ? NGX_HTTP_MLLP_PORT : url.port;
    resolved->no_port = url.no_port;

    r->upstream->resolved = resolved;

    return NGX_OK;
}


static ngx_int_t
ngx_http_mllp_create_request(ngx_http_request_t *r)
{
    ngx_http_mllp_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_mllp_module);

    r->upstream->request_bufs = ngx_http_mllp_chain(r->pool,
                                                    ctx->message.start,
                                                    ctx->message.end);
    if (r->upstream->request_bufs == NULL) {
        return NGX_ERROR;
    }

    return ngx_http_mllp_reinit_request(r);
}


/* VT, the body where it is, CR if the last segment has no end, FS CR */

static ngx_chain_t *
ngx_http_mllp_chain(ngx_pool_t *pool, u_char *start, u_char *end)
{
    ngx_uint_t    i;
    ngx_buf_t    *b;
    ngx_chain_t  *cl;

    b = ngx_pcalloc(pool, 3 * sizeof(ngx_buf_t));
    cl = ngx_palloc(pool, 3 * sizeof(ngx_chain_t));

    if (b == NULL || cl == NULL) {
        return NULL;
    }

    b[0].pos = ngx_http_mllp_begin;
    b[0].last = ngx_http_mllp_begin + sizeof(ngx_http_mllp_begin);

    b[1].pos = start;
    b[1].last = end;

    b[2].pos = ngx_http_mllp_end;
    b[2].last = ngx_http_mllp_end + sizeof(ngx_http_mllp_end);

    if (end[-1] == CR || end[-1] == LF) {
        b[2].pos++;
    }

    for (i = 0; i < 3; i++) {
        b[i].start = b[i].pos;
        b[i].end = b[i].last;
        b[i].memory = 1;

        cl[i].buf = &b[i];
        cl[i].next = &cl[i + 1];
    }

    b[2].flush = 1;
    cl[2].next = NULL;

    return cl;
}


static ngx_int_t
ngx_http_mllp_reinit_request(ngx_http_request_t *r)
{
    ngx_http_mllp_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_mllp_module);

    ctx->replied = 0;
    ctx->sent = 0;
    ctx->closed = 0;
    ctx->ended = 0;
    ctx->failed = 0;

    ngx_mllp_reply_init(&ctx->reply, &ctx->message, ctx->action,
                        r->upstream->conf->buffer_size
                        - NGX_MLLP_OVERHEAD);

    return NGX_OK;
}


static ngx_int_t
ngx_http_mllp_output_filter(void *data, ngx_chain_t *in)
{
    ngx_http_request_t *r = data;

    ngx_int_t                  rc;
    ngx_http_upstream_t       *u;
    ngx_http_mllp_ctx_t       *ctx;
    ngx_http_core_loc_conf_t  *clcf;

    u = r->upstream;

    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    /* a frame of several packets would wait before the last one */

    if (clcf->tcp_nodelay && ngx_tcp_nodelay(u->peer.connection) != NGX_OK) {
        return NGX_ERROR;
    }

    rc = ngx_chain_writer(&u->writer, in);

    if (rc == NGX_OK) {
        ctx = ngx_http_get_module_ctx(r, ngx_http_mllp_module);

        if (!ctx->sent) {
            ngx_http_mllp_sent(r, ctx);
        }
    }

    return rc;
}


static void
ngx_http_mllp_sent(ngx_http_request_t *r, ngx_http_mllp_ctx_t *ctx)
{
    ngx_connection_t     *c;
    ngx_http_upstream_t  *u;

    u = r->upstream;
    c = u->peer.connection;

    ctx->sent = 1;

    ctx->recv = c->recv;
    c->recv = ngx_http_mllp_recv;

    ctx->read = u->read_event_handler;
    u->read_event_handler = ngx_http_mllp_read;

    if (ngx_mllp_reply_owed(&ctx->message)) {
        return;
    }

    ctx->reply.reply = NGX_MLLP_REPLY_NONE;
    ctx->reply.clean = 1;
    ctx->ended = 1;

    ngx_post_event(c->read, &ngx_posted_events);
}


/*
 * NGINX asks ngx_http_mllp_process_header() when bytes have come: when it is
 * ended without any, one is pretended.
 */

static ssize_t
ngx_http_mllp_recv(ngx_connection_t *c, u_char *buf, size_t size)
{
    ssize_t               n;
    ngx_http_request_t   *r;
    ngx_http_mllp_ctx_t  *ctx;

    r = c->data;

    ctx = ngx_http_get_module_ctx(r, ngx_http_mllp_module);

    if (ctx->ended) {
        *buf = 0;
        return 1;
    }

    n = ctx->recv(c, buf, size);

    if (n > 0 || n == NGX_AGAIN
        || ngx_http_mllp_next(r->upstream, NGX_HTTP_UPSTREAM_FT_ERROR))
    {
        return n;
    }

    ngx_log_error(NGX_LOG_ERR, c->log, 0,
                  "upstream closed the connection before it acknowledged "
                  "the message");

    /* as if the time was over, and there is no other try */

    ctx->closed = 1;
    r->upstream->peer.tries = 0;

    c->read->timedout = 1;
    ngx_post_event(c->read, &ngx_posted_events);

    return NGX_AGAIN;
}


static void
ngx_http_mllp_read(ngx_http_request_t *r, ngx_http_upstream_t *u)
{
    ngx_mllp_reply_e      reply;
    ngx_connection_t     *c;
    ngx_http_mllp_ctx_t  *ctx;

    c = u->peer.connection;

    ctx = ngx_http_get_module_ctx(r, ngx_http_mllp_module);

    if (c->read->timedout && !ctx->ended
        && !ngx_http_mllp_next(u, NGX_HTTP_UPSTREAM_FT_TIMEOUT))
    {
        reply = ngx_mllp_reply_end(&ctx->reply);

        if (reply == NGX_MLLP_REPLY_TIMEOUT && !ctx->closed
            && !ngx_mllp_reply_owed_success(&ctx->message))
        {
            /* an error would have been told */
            reply = NGX_MLLP_REPLY_NONE;
        }

        ctx->reply.reply = reply;
        ctx->replied = 1;

        if (ctx->action[reply] != NGX_MLLP_UNKNOWN) {

            if (!ctx->closed && reply != NGX_MLLP_REPLY_NONE) {
                ngx_log_error(NGX_LOG_ERR, c->log, 0,
                              "upstream did not acknowledge the message in "
                              "time");
            }

            c->read->timedout = 0;
            ctx->ended = 1;
            ctx->failed = (reply != NGX_MLLP_REPLY_NONE);
        }

        /* else it is the 504 of NGINX */
    }

    ctx->read(r, u);
}


/*
 * Whether NGINX makes another try of it, as ngx_http_upstream_next() sees it:
 * the message may have been accepted, so only if that does not matter.
 */

static ngx_uint_t
ngx_http_mllp_next(ngx_http_upstream_t *u, ngx_uint_t ft)
{
    ngx_msec_t  timeout;

    timeout = u->conf->next_upstream_timeout;

    if (u->peer.tries < 2
        && !(u->peer.cached && ft == NGX_HTTP_UPSTREAM_FT_ERROR))
    {
        return 0;
    }

    ft |= NGX_HTTP_UPSTREAM_FT_NON_IDEMPOTENT;

    return (u->conf->next_upstream & ft) == ft
           && !(timeout && ngx_current_msec - u->peer.start_time >= timeout);
}


static ngx_int_t
ngx_http_mllp_process_header(ngx_http_request_t *r)
{
    ngx_int_t             rc;
    ngx_str_t             content;
    ngx_buf_t            *b;
    ngx_uint_t            late;
    ngx_http_upstream_t  *u;
    ngx_http_mllp_ctx_t  *ctx;

    u = r->upstream;
    b = &u->buffer;

    ctx = ngx_http_get_module_ctx(r, ngx_http_mllp_module);

    if (ctx->ended) {
        u->state->bytes_received--;
        ngx_str_null(&content);
        return ngx_http_mllp_answer(r, ctx, &content);
    }

    do {
        late = ctx->reply.late;

        rc = ngx_mllp_reply_read(&ctx->reply, &b->pos, b->last, &content);

        if (ctx->reply.late != late) {
            ngx_log_error(NGX_LOG_INFO, r->connection->log, 0,
                          "upstream sent what is no acknowledgement of the "
                          "message, dropped");
        }

    } while (rc == NGX_DONE);

    if (rc == NGX_AGAIN) {
        ngx_http_mllp_make_room(b);
        return NGX_AGAIN;
    }

    if (ctx->reply.reply == NGX_MLLP_REPLY_MISMATCH) {

        if (ngx_http_mllp_next(u, NGX_HTTP_UPSTREAM_FT_INVALID_HEADER)) {
            return NGX_HTTP_UPSTREAM_INVALID_HEADER;
        }

        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "upstream sent no valid acknowledgement");

        ctx->failed = 1;
    }

    return ngx_http_mllp_answer(r, ctx, &content);
}


/* what has been dropped takes no room from what is waited for */

static void
ngx_http_mllp_make_room(ngx_buf_t *b)
{
    if (b->last == b->end || b->pos == b->last) {
        b->last = ngx_movemem(b->start, b->pos, b->last - b->pos);
        b->pos = b->start;
    }
}


static ngx_int_t
ngx_http_mllp_answer(ngx_http_request_t *r, ngx_http_mllp_ctx_t *ctx,
    ngx_str_t *content)
{
    ngx_http_upstream_t  *u;

    u = r->upstream;

    if (ctx->sent) {
        u->peer.connection->recv = ctx->recv;
    }

    ctx->replied = 1;

    u->headers_in.status_n =
                         ngx_http_mllp_status[ctx->action[ctx->reply.reply]];
    u->headers_in.content_length_n = content->len;

    u->state->status = u->headers_in.status_n;

    if (content->len) {
        ngx_str_set(&r->headers_out.content_type, NGX_HL7_CONTENT_TYPE);
        r->headers_out.content_type_len = r->headers_out.content_type.len;
        r->headers_out.content_type_lowcase = NULL;

        u->buffer.pos = content->data;
        u->buffer.last = content->data + content->len;

    } else {
        u->buffer.pos = u->buffer.start;
        u->buffer.last = u->buffer.start;
    }

    u->keepalive = ctx->sent && ctx->reply.clean;

    return NGX_OK;
}


static ngx_int_t
ngx_http_mllp_input_filter_init(void *data)
{
    ngx_http_request_t *r = data;

    r->upstream->length = r->upstream->headers_in.content_length_n;

    return NGX_OK;
}


static void
ngx_http_mllp_abort_request(ngx_http_request_t *r)
{
    ngx_log_debug0(NGX_LOG_DEBUG_HTTP, r->connection->log, 0,
                   "abort http mllp request");
}


static void
ngx_http_mllp_finalize_request(ngx_http_request_t *r, ngx_int_t rc)
{
    ngx_http_upstream_t  *u;
    ngx_http_mllp_ctx_t  *ctx;

    u = r->upstream;

    ctx = ngx_http_get_module_ctx(r, ngx_http_mllp_module);

    if (ctx == NULL || !ctx->replied) {
        return;
    }

    /* it did not say: for ngx_erp_call.c as if nothing had come */

    if (u->state && ctx->action[ctx->reply.reply] == NGX_MLLP_UNKNOWN) {
        u->state->header_time = (ngx_msec_t) -1;
    }

    if (ctx->failed && u->peer.free && u->peer.sockaddr) {
        u->peer.free(&u->peer, u->peer.data, NGX_PEER_FAILED);
        u->peer.sockaddr = NULL;
    }
}
