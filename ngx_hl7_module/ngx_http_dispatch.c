
#include "ngx_http_dispatch.h"


#define NGX_HTTP_DISPATCH_POOL_SIZE  1024
#define NGX_HTTP_DISPATCH_RETRY      100      /* ms without a free slot */


static ngx_connection_t *ngx_http_dispatch_connection(ngx_connection_t *pc);
static void ngx_http_dispatch_renew(ngx_connection_t *c);
static void ngx_http_dispatch_keep(ngx_http_dispatch_t *d);
static void ngx_http_dispatch_turn_handler(ngx_event_t *ev);
static ngx_int_t ngx_http_dispatch_escape(ngx_pool_t *pool, ngx_str_t *dst,
    ngx_str_t *src);
static ssize_t ngx_http_dispatch_recv(ngx_connection_t *c, u_char *buf,
    size_t size);
static ssize_t ngx_http_dispatch_recv_chain(ngx_connection_t *c,
    ngx_chain_t *in, off_t limit);
static ssize_t ngx_http_dispatch_send(ngx_connection_t *c, u_char *buf,
    size_t size);
static ngx_chain_t *ngx_http_dispatch_send_chain(ngx_connection_t *c,
    ngx_chain_t *in, off_t limit);
static void ngx_http_dispatch_capture(ngx_http_dispatch_t *d, ngx_buf_t *b,
    size_t size);
static void ngx_http_dispatch_answer(ngx_http_dispatch_t *d,
    ngx_uint_t status);
static void ngx_http_dispatch_request_cleanup(void *data);
static void ngx_http_dispatch_closed(void *data);
static u_char *ngx_http_dispatch_log_error(ngx_log_t *log, u_char *buf,
    size_t len);


static ngx_http_dispatch_name_t  ngx_http_dispatch_content_type =
    ngx_http_dispatch_name("Content-Type", "content-type");


/* of this worker: requests that are alive, and who waits for one to end */

static ngx_uint_t   ngx_http_dispatch_live;
static ngx_queue_t  ngx_http_dispatch_waiting;


/*
 * A slot, with its pool, whose request has ended at once: it serves the next
 * message of this turn of the event loop, and is freed when the turn is over.
 */

static ngx_connection_t  *ngx_http_dispatch_spare;
static ngx_event_t        ngx_http_dispatch_turn;


void
ngx_http_dispatch_init_worker(void)
{
    ngx_http_dispatch_live = 0;
    ngx_queue_init(&ngx_http_dispatch_waiting);

    ngx_http_dispatch_turn.handler = ngx_http_dispatch_turn_handler;
    ngx_http_dispatch_turn.log = ngx_cycle->log;
}


ngx_uint_t
ngx_http_dispatch_available(void)
{
    ngx_uint_t  n;

    n = ngx_cycle->free_connection_n;

    if (ngx_http_dispatch_spare) {
        n++;
    }

    return n >= 2 * (ngx_http_dispatch_live + 1);
}


void
ngx_http_dispatch_wait(ngx_event_t *ev)
{
    ngx_post_event(ev, &ngx_http_dispatch_waiting);

    /* the slots may be taken by others, whose end nobody tells us */

    if (!ev->timer_set) {
        ngx_add_timer(ev, NGX_HTTP_DISPATCH_RETRY);
    }
}


void
ngx_http_dispatch_forget(ngx_event_t *ev)
{
    if (ev->posted) {
        ngx_delete_posted_event(ev);
    }

    if (ev->timer_set) {
        ngx_del_timer(ev);
    }
}


ngx_http_dispatch_t *
ngx_http_dispatch_create(ngx_connection_t *pc,
    ngx_http_core_srv_conf_t *server)
{
    ngx_event_t          *rev, *wev;
    ngx_connection_t     *c;
    ngx_http_dispatch_t  *d;

    c = ngx_http_dispatch_connection(pc);
    if (c == NULL) {
        return NULL;
    }

    d = ngx_pcalloc(c->pool, sizeof(ngx_http_dispatch_t));
    if (d == NULL) {
        ngx_http_close_connection(c);
        return NULL;
    }

    d->pool = c->pool;
    d->connection = c;

    d->log = *pc->log;
    d->log.handler = ngx_http_dispatch_log_error;
    d->log.data = &d->log_ctx;
    d->log.action = NULL;
    d->log_ctx.connection = c;

    c->pool->log = &d->log;

    c->type = SOCK_STREAM;
    c->log = &d->log;
    c->log_error = NGX_ERROR_INFO;

    c->listening = pc->listening;
    c->sockaddr = pc->sockaddr;
    c->socklen = pc->socklen;
    c->addr_text = pc->addr_text;
    c->local_sockaddr = pc->local_sockaddr;
    c->local_socklen = pc->local_socklen;
    c->proxy_protocol = pc->proxy_protocol;
    c->number = pc->number;
    c->start_time = pc->start_time;

    c->recv = ngx_http_dispatch_recv;
    c->recv_chain = ngx_http_dispatch_recv_chain;
    c->send = ngx_http_dispatch_send;
    c->send_chain = ngx_http_dispatch_send_chain;

    c->need_last_buf = 1;
    c->sndlowat = 1;
    c->tcp_nodelay = NGX_TCP_NODELAY_DISABLED;
    c->tcp_nopush = NGX_TCP_NOPUSH_DISABLED;

    rev = c->read;
    wev = c->write;

    rev->log = &d->log;
    wev->log = &d->log;
    wev->ready = 1;

    /* no request after this one, and nothing to linger for */
    rev->eof = 1;

    /* events that look registered are not registered again */

    if (ngx_event_flags & NGX_USE_CLEAR_EVENT) {
        rev->active = 1;
        wev->active = 1;

    } else {
        rev->ready = 1;
    }

    d->addr_conf.default_server = server;
    d->hc.addr_conf = &d->addr_conf;
    d->hc.conf_ctx = server->ctx;

    c->data = &d->hc;

    d->cleanup.handler = ngx_http_dispatch_closed;
    d->cleanup.data = d;
    c->pool->cleanup = &d->cleanup;

    ngx_http_dispatch_live++;

    return d;
}


/*
 * A slot as ngx_get_connection() gives it, with a pool.  It is logged with the
 * parent's log: our own handler needs a connection.
 */

static ngx_connection_t *
ngx_http_dispatch_connection(ngx_connection_t *pc)
{
    ngx_pool_t        *pool;
    ngx_connection_t  *c;

    c = ngx_http_dispatch_spare;

    if (c) {
        ngx_http_dispatch_spare = NULL;
        ngx_http_dispatch_renew(c);

        c->fd = pc->fd;
        c->log = pc->log;
        c->pool->log = pc->log;

    } else {
        pool = ngx_create_pool(NGX_HTTP_DISPATCH_POOL_SIZE, pc->log);
        if (pool == NULL) {
            return NULL;
        }

        c = ngx_get_connection(pc->fd, pc->log);
        if (c == NULL) {
            ngx_destroy_pool(pool);
            return NULL;
        }

        c->pool = pool;

#if (NGX_STAT_STUB)
        (void) ngx_atomic_fetch_add(ngx_stat_active, 1);
#endif
    }

    /* shared: closing frees the slot only, not the events and the socket */

    c->shared = 1;

    return c;
}


/*
 * "instance" stays as it is: changed again, it would let events through that
 * are older than this use of the slot.
 */

static void
ngx_http_dispatch_renew(ngx_connection_t *c)
{
    ngx_pool_t   *pool;
    ngx_uint_t    instance;
    ngx_event_t  *rev, *wev;

    pool = c->pool;
    rev = c->read;
    wev = c->write;
    instance = rev->instance;

    ngx_reset_pool(pool);

    ngx_memzero(c, sizeof(ngx_connection_t));
    ngx_memzero(rev, sizeof(ngx_event_t));
    ngx_memzero(wev, sizeof(ngx_event_t));

    c->pool = pool;
    c->read = rev;
    c->write = wev;

    rev->instance = instance;
    rev->index = NGX_INVALID_INDEX;
    rev->data = c;

    wev->instance = instance;
    wev->index = NGX_INVALID_INDEX;
    wev->data = c;
    wev->write = 1;
}


void
ngx_http_dispatch_cancel(ngx_http_dispatch_t *d)
{
    d->answered = 1;
    d->closed = NULL;

    /* not finalized: "post_action" would have it live on */

    if (d->request) {
        ngx_http_free_request(d->request, NGX_HTTP_INTERNAL_SERVER_ERROR);
    }

    ngx_http_close_connection(d->connection);
}


ngx_int_t
ngx_http_dispatch_request(ngx_http_dispatch_t *d, ngx_str_t *uri,
    ngx_str_t *args, ngx_str_t *type, ngx_str_t *protocol, u_char *start,
    u_char *end)
{
    size_t                len;
    u_char               *p;
    ngx_buf_t            *b;
    ngx_str_t             path;
    ngx_connection_t     *c;
    ngx_http_request_t   *r;

    c = d->connection;

    r = ngx_http_create_request(c);
    if (r == NULL) {
        goto failed;
    }

    c->data = r;
    d->request = r;

    d->request_cleanup.handler = ngx_http_dispatch_request_cleanup;
    d->request_cleanup.data = d;
    d->request_cleanup.next = r->cleanup;
    r->cleanup = &d->request_cleanup;

    if (ngx_list_init(&r->headers_in.headers, r->pool, 4,
                      sizeof(ngx_table_elt_t))
        != NGX_OK)
    {
        goto failed;
    }

    /* HTTP/1.0 keeps chunks, early hints and demands for a Host away */

    r->http_version = NGX_HTTP_VERSION_10;
    r->http_protocol = *protocol;
    r->method = NGX_HTTP_POST;
    ngx_str_set(&r->method_name, "POST");

    r->uri = *uri;
    r->unparsed_uri = *uri;

    if ((!d->plain
         && ngx_http_dispatch_escape(d->pool, &r->unparsed_uri, uri) != NGX_OK)
        || ngx_http_dispatch_escape(d->pool, &r->args, args) != NGX_OK)
    {
        goto failed;
    }

    if (r->args.len) {
        path = r->unparsed_uri;
        len = path.len + 1 + r->args.len;

        p = ngx_pnalloc(d->pool, len);
        if (p == NULL) {
            goto failed;
        }

        r->unparsed_uri.len = len;
        r->unparsed_uri.data = p;

        p = ngx_cpymem(p, path.data, path.len);
        *p++ = '?';
        ngx_memcpy(p, r->args.data, r->args.len);
    }

    len = sizeof("POST ") - 1 + r->unparsed_uri.len + 1 + protocol->len;

    p = ngx_pnalloc(d->pool, len);
    if (p == NULL) {
        goto failed;
    }

    /* only now: a failure is logged with the request */

    r->request_line.len = len;
    r->request_line.data = p;

    p = ngx_cpymem(p, "POST ", sizeof("POST ") - 1);
    p = ngx_cpymem(p, r->unparsed_uri.data, r->unparsed_uri.len);
    *p++ = ' ';
    ngx_memcpy(p, protocol->data, protocol->len);

    /* what is made of "uri" has to be encoded again */
    r->quoted_uri = 1;

    r->valid_unparsed_uri = 1;
    r->valid_location = 1;
    ngx_http_set_exten(r);

    r->header_in = &d->header_buf;
    r->headers_in.connection_type = NGX_HTTP_CONNECTION_CLOSE;
    r->headers_in.content_length_n = end - start;
    r->request_length = end - start;

    if (ngx_http_dispatch_header(d, &ngx_http_dispatch_content_type, type)
        != NGX_OK)
    {
        goto failed;
    }

    b = &d->request_buf;
    b->start = start;
    b->pos = start;
    b->last = end;
    b->end = end;
    b->memory = 1;
    b->last_buf = 1;

    d->request_chain.buf = b;

    d->request_body.bufs = &d->request_chain;
    d->request_body.buf = b;
    d->request_body.received = end - start;
#if (nginx_version >= 1021002)
    d->request_body.last_sent = 1;
    d->request_body.last_saved = 1;
#endif

    r->request_body = &d->request_body;

    /* files and caches are read for us: send_chain() sees memory only */
    r->main_filter_need_in_memory = 1;

    r->http_state = NGX_HTTP_PROCESS_REQUEST_STATE;

    return NGX_OK;

failed:

    ngx_http_dispatch_cancel(d);

    return NGX_ERROR;
}


/* what stands in a request line: a value of a message may hold anything */

static ngx_int_t
ngx_http_dispatch_escape(ngx_pool_t *pool, ngx_str_t *dst, ngx_str_t *src)
{
    u_char     *p;
    uintptr_t   n;

    *dst = *src;

    if (src->len == 0) {
        return NGX_OK;
    }

    n = ngx_escape_uri(NULL, src->data, src->len, NGX_ESCAPE_URI);

    if (n == 0) {
        return NGX_OK;
    }

    p = ngx_pnalloc(pool, src->len + 2 * n);
    if (p == NULL) {
        return NGX_ERROR;
    }

    dst->len = src->len + 2 * n;
    dst->data = p;

    (void) ngx_escape_uri(p, src->data, src->len, NGX_ESCAPE_URI);

    return NGX_OK;
}


ngx_int_t
ngx_http_dispatch_header(ngx_http_dispatch_t *d,
    ngx_http_dispatch_name_t *name, ngx_str_t *value)
{
    ngx_table_elt_t  *h;

    h = ngx_list_push(&d->request->headers_in.headers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    if (name->hash == 0) {
        name->hash = ngx_hash_key(name->lowcase, name->key.len);
    }

    ngx_memzero(h, sizeof(ngx_table_elt_t));

    h->key = name->key;
    h->lowcase_key = name->lowcase;
    h->hash = name->hash;
    h->value = *value;

    if (name == &ngx_http_dispatch_content_type) {
        d->request->headers_in.content_type = h;
    }

    return NGX_OK;
}


void
ngx_http_dispatch_run(ngx_http_dispatch_t *d)
{
    ngx_uint_t           gone;
    ngx_connection_t    *c;
    ngx_http_request_t  *r;

    c = d->connection;
    r = d->request;

    /*
     * The reference of our own tells a request that has ended from one that
     * goes on.  A request that is terminated does not care for references:
     * "d" and "r" may be gone after the first call.  The slot is not, nobody
     * gets it before we return, as nobody dispatches from a handler.
     */

    gone = 0;
    d->gone = &gone;
    r->count++;

    ngx_http_process_request(r);
    ngx_http_run_posted_requests(c);

    if (gone) {
        return;
    }

    d->gone = NULL;

    if (r->count > 1 || r->blocked) {
        r->count--;
        return;
    }

    ngx_http_free_request(r, 0);
    ngx_http_dispatch_keep(d);
}


/* the request has been freed; what others hung on the slot ends with it */

static void
ngx_http_dispatch_keep(ngx_http_dispatch_t *d)
{
    ngx_connection_t  *c;

    c = d->connection;

    if (ngx_http_dispatch_spare
        || d->cleanup.next || d->pool->cleanup != &d->cleanup
        || c->read->timer_set || c->write->timer_set
        || c->read->posted || c->write->posted
        || c->reusable)
    {
        ngx_http_close_connection(c);
        return;
    }

    d->pool->cleanup = NULL;

    ngx_http_dispatch_spare = c;
    ngx_post_event(&ngx_http_dispatch_turn, &ngx_posted_events);

    ngx_http_dispatch_closed(d);
}


static void
ngx_http_dispatch_turn_handler(ngx_event_t *ev)
{
    ngx_connection_t  *c;

    c = ngx_http_dispatch_spare;

    if (c) {
        ngx_http_dispatch_spare = NULL;
        ngx_http_close_connection(c);
    }
}


void
ngx_http_dispatch_abort(ngx_http_dispatch_t *d)
{
    ngx_event_t       *rev;
    ngx_connection_t  *c;

    c = d->connection;
    rev = c->read;

    c->error = 1;
    rev->eof = 1;
    rev->pending_eof = 1;

    if (rev->handler) {
        rev->handler(rev);
    }
}


ngx_http_dispatch_t *
ngx_http_dispatch_of(ngx_http_request_t *r)
{
    if (r->connection->send_chain != ngx_http_dispatch_send_chain) {
        return NULL;
    }

    return (ngx_http_dispatch_t *) r->main->http_connection;
}


ngx_int_t
ngx_http_dispatch_header_filter(ngx_http_request_t *r)
{
    ngx_http_dispatch_t  *d;

    if (r->header_sent) {
        return NGX_OK;
    }

    r->header_sent = 1;

    if (r != r->main) {
        return NGX_OK;
    }

    /* filters that add to an empty body have unset its length by now */

    if (r->headers_out.status == NGX_HTTP_NO_CONTENT
        || r->headers_out.status == NGX_HTTP_NOT_MODIFIED
        || r->headers_out.content_length_n == 0)
    {
        r->header_only = 1;
    }

    d = (ngx_http_dispatch_t *) r->http_connection;

    if (d->header) {
        d->header(d);
    }

    if (r->header_only) {

        /* no body, no last buffer: this was all of it */
        ngx_http_dispatch_answer(d, r->headers_out.status);
    }

    return NGX_OK;
}


static ssize_t
ngx_http_dispatch_recv(ngx_connection_t *c, u_char *buf, size_t size)
{
    c->read->ready = 0;
    return NGX_AGAIN;
}


static ssize_t
ngx_http_dispatch_recv_chain(ngx_connection_t *c, ngx_chain_t *in,
    off_t limit)
{
    c->read->ready = 0;
    return NGX_AGAIN;
}


static ssize_t
ngx_http_dispatch_send(ngx_connection_t *c, u_char *buf, size_t size)
{
    c->sent += size;
    return size;
}


static ngx_chain_t *
ngx_http_dispatch_send_chain(ngx_connection_t *c, ngx_chain_t *in,
    off_t limit)
{
    size_t                size;
    ngx_buf_t            *b;
    ngx_uint_t            last;
    ngx_http_request_t   *r;
    ngx_http_dispatch_t  *d;

    r = c->data;
    r = r->main;
    d = (ngx_http_dispatch_t *) r->http_connection;

    last = 0;

    for ( /* void */ ; in; in = in->next) {
        b = in->buf;

        if (b->last_buf) {
            last = 1;
        }

        if (!ngx_buf_in_memory(b)) {
            if (b->in_file) {
                ngx_log_error(NGX_LOG_ALERT, c->log, 0,
                              "file buffer in an in-process response");
                c->error = 1;
                return NGX_CHAIN_ERROR;
            }

            continue;
        }

        size = b->last - b->pos;

        ngx_http_dispatch_capture(d, b, size);

        c->sent += size;
        b->pos = b->last;
    }

    if (last) {
        ngx_http_dispatch_answer(d, r->headers_out.status);
    }

    return NULL;
}


static void
ngx_http_dispatch_capture(ngx_http_dispatch_t *d, ngx_buf_t *b, size_t size)
{
    size_t  n;

    d->body_size += size;

    n = ngx_min(size, d->capture - d->body.len);

    if (n == 0 || d->answered) {
        return;
    }

    if (d->body.data == NULL) {

        /* most answers are one buffer, and short */

        if (b->last_buf) {
            d->capture = n;
        }

        d->body.data = ngx_pnalloc(d->pool, d->capture);
        if (d->body.data == NULL) {
            d->capture = 0;
            return;
        }
    }

    ngx_memcpy(d->body.data + d->body.len, b->pos, n);
    d->body.len += n;
}


static void
ngx_http_dispatch_answer(ngx_http_dispatch_t *d, ngx_uint_t status)
{
    if (d->answered) {
        return;
    }

    d->answered = 1;
    d->status = status;

    ngx_log_debug2(NGX_LOG_DEBUG_HTTP, &d->log, 0,
                   "http dispatch answer: %ui, %uz bytes",
                   status, d->body_size);

    d->answer(d);
}


/* the request is about to be logged and freed, or was terminated */

static void
ngx_http_dispatch_request_cleanup(void *data)
{
    ngx_http_dispatch_t *d = data;

    ngx_uint_t           status;
    ngx_http_request_t  *r;

    r = d->request;

    /* reset_timedout_connection would reset the connection of the peer */
    d->connection->timedout = 0;

    status = r->headers_out.status;

    if (r->header_sent) {

        /* nobody saw the end of the response */
        status = NGX_HTTP_BAD_GATEWAY;

    } else if (status < NGX_HTTP_BAD_REQUEST) {

        /* a success that did not become a response is none */
        status = NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_http_dispatch_answer(d, status);
}


static void
ngx_http_dispatch_closed(void *data)
{
    ngx_http_dispatch_t *d = data;

    ngx_queue_t  *q;
    ngx_event_t  *ev;

    d->request = NULL;

    if (d->gone) {
        *d->gone = 1;
    }

    ngx_http_dispatch_live--;

    if (!ngx_queue_empty(&ngx_http_dispatch_waiting)) {
        q = ngx_queue_head(&ngx_http_dispatch_waiting);
        ev = ngx_queue_data(q, ngx_event_t, queue);

        ngx_delete_posted_event(ev);
        ngx_post_event(ev, &ngx_posted_events);
    }

    if (d->closed) {
        d->closed(d);
    }
}


/* what ngx_http_log_error() does, which is static */

static u_char *
ngx_http_dispatch_log_error(ngx_log_t *log, u_char *buf, size_t len)
{
    u_char              *p;
    ngx_http_request_t  *r;
    ngx_http_log_ctx_t  *ctx;

    if (log->action) {
        p = ngx_snprintf(buf, len, " while %s", log->action);
        len -= p - buf;
        buf = p;
    }

    ctx = log->data;

    p = ngx_snprintf(buf, len, ", client: %V", &ctx->connection->addr_text);
    len -= p - buf;

    r = ctx->request;

    if (r) {
        return r->log_handler(r, ctx->current_request, p, len);
    }

    return p;
}
