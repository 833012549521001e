
#include "ngx_erp_call.h"


static void ngx_erp_call_parent_handler(ngx_event_t *ev);
static void ngx_erp_call_event_handler(ngx_event_t *ev);
static void ngx_erp_call_start(ngx_erp_call_t *call);
static ngx_int_t ngx_erp_call_headers(ngx_erp_call_t *call,
    ngx_http_dispatch_t *d);
static ngx_int_t ngx_erp_call_clean(ngx_pool_t *pool, ngx_str_t *value);
static void ngx_erp_call_answer(ngx_http_dispatch_t *d);
static ngx_uint_t ngx_erp_call_status(ngx_http_request_t *r,
    ngx_uint_t status);
static ngx_uint_t ngx_erp_call_answered(ngx_http_request_t *r,
    ngx_uint_t upstream, ngx_uint_t status);
static ngx_int_t ngx_erp_call_response(ngx_erp_call_t *call,
    ngx_http_dispatch_t *d);
static ngx_int_t ngx_erp_call_copy_header(ngx_erp_call_t *call,
    ngx_table_elt_t *h);
static ngx_int_t ngx_erp_call_copy(ngx_pool_t *pool, ngx_str_t *dst,
    ngx_str_t *src);
static void ngx_erp_call_closed(ngx_http_dispatch_t *d);
static void ngx_erp_call_done(ngx_erp_call_t *call);


#define ngx_erp_call_is_control(ch)                                           \
    (((ch) < 0x20 && (ch) != '\t') || (ch) == 0x7f)


/* of this worker: what all calls come over */

static ngx_connection_t  *ngx_erp_call_parent;
static ngx_sockaddr_t     ngx_erp_call_sockaddr;


static ngx_str_t  ngx_erp_call_protocol = ngx_string("ERP/1.0");


ngx_int_t
ngx_erp_call_init_worker(ngx_cycle_t *cycle)
{
    ngx_socket_t       s;
    ngx_connection_t  *c;

    /* without a peer: nothing to be read, and no end of file either */

    s = ngx_socket(AF_UNIX, SOCK_DGRAM, 0);

    if (s == (ngx_socket_t) -1) {
        ngx_log_error(NGX_LOG_EMERG, cycle->log, ngx_socket_errno,
                      ngx_socket_n " for calls failed");
        return NGX_ERROR;
    }

    if (ngx_nonblocking(s) == -1) {
        ngx_log_error(NGX_LOG_EMERG, cycle->log, ngx_socket_errno,
                      ngx_nonblocking_n " for calls failed");
        goto failed;
    }

    c = ngx_get_connection(s, cycle->log);
    if (c == NULL) {
        goto failed;
    }

    ngx_erp_call_sockaddr.sockaddr.sa_family = AF_UNIX;

    c->type = SOCK_DGRAM;
    c->sockaddr = &ngx_erp_call_sockaddr.sockaddr;
    c->socklen = offsetof(struct sockaddr_un, sun_path);
    c->local_sockaddr = c->sockaddr;
    c->local_socklen = c->socklen;
    ngx_str_set(&c->addr_text, "unix:");

    c->number = ngx_atomic_fetch_add(ngx_connection_counter, 1);
    c->start_time = ngx_current_msec;

    /* never registered, but worker_shutdown_timeout calls it */

    c->read->handler = ngx_erp_call_parent_handler;
    c->write->handler = ngx_erp_call_parent_handler;
    c->read->log = cycle->log;
    c->write->log = cycle->log;

    ngx_erp_call_parent = c;

    return NGX_OK;

failed:

    if (ngx_close_socket(s) == -1) {
        ngx_log_error(NGX_LOG_ALERT, cycle->log, ngx_socket_errno,
                      ngx_close_socket_n " failed");
    }

    return NGX_ERROR;
}


void
ngx_erp_call_exit_worker(ngx_cycle_t *cycle)
{
    if (ngx_erp_call_parent) {
        ngx_close_connection(ngx_erp_call_parent);
        ngx_erp_call_parent = NULL;
    }
}


static void
ngx_erp_call_parent_handler(ngx_event_t *ev)
{
    ngx_log_debug0(NGX_LOG_DEBUG_HTTP, ev->log, 0, "erp call parent handler");
}


void
ngx_erp_call_run(ngx_erp_call_t *call)
{
    call->status = 0;
    ngx_str_null(&call->answer_type);
    ngx_str_null(&call->answer);
    ngx_str_null(&call->retry_after);
    ngx_memzero(&call->answer_headers, sizeof(ngx_array_t));
    call->cut = 0;
    call->dispatch = NULL;
    call->done = 0;

    ngx_memzero(&call->event, sizeof(ngx_event_t));

    call->event.handler = ngx_erp_call_event_handler;
    call->event.data = call;
    call->event.log = ngx_cycle->log;

    /* the caller may be in the middle of another request */

    ngx_post_event(&call->event, &ngx_posted_events);
}


/* to be started, or done */

static void
ngx_erp_call_event_handler(ngx_event_t *ev)
{
    ngx_erp_call_t *call = ev->data;

    ngx_http_dispatch_forget(ev);

    if (call->done) {
        call->handler(call);
        return;
    }

    if (!ngx_http_dispatch_available()) {
        ngx_http_dispatch_wait(ev);
        return;
    }

    ngx_erp_call_start(call);
}


static void
ngx_erp_call_start(ngx_erp_call_t *call)
{
    ngx_str_t             type;
    ngx_http_request_t   *r;
    ngx_http_dispatch_t  *d;

    d = ngx_http_dispatch_create(ngx_erp_call_parent, call->server);
    if (d == NULL) {
        goto failed;
    }

    d->answer = ngx_erp_call_answer;
    d->closed = ngx_erp_call_closed;
    d->data = call;
    d->capture = call->capture;

    type = call->type;

    if (ngx_erp_call_clean(d->pool, &type) != NGX_OK) {
        ngx_http_dispatch_cancel(d);
        goto failed;
    }

    if (ngx_http_dispatch_request(d, &call->uri, &call->args, &type,
                                  &ngx_erp_call_protocol, call->body.data,
                                  call->body.data + call->body.len)
        != NGX_OK)
    {
        goto failed;
    }

    r = d->request;

    /* as after an internal redirect: "internal" locations answer */
    r->internal = 1;

    /* not to be checked: see ngx_erp_call_length_handler() */
    r->headers_in.content_length_n = -1;

    if (type.len == 0) {

        /* the only header there is yet */

        r->headers_in.headers.part.nelts = 0;
        r->headers_in.content_type = NULL;
    }

    if (call->body.len == 0) {

        /* an empty buffer is an alert in chains of an upstream */

        r->request_body->bufs = NULL;
        r->request_body->buf = NULL;
    }

    if (ngx_erp_call_headers(call, d) != NGX_OK) {
        ngx_http_dispatch_cancel(d);
        goto failed;
    }

    call->dispatch = d;

    ngx_http_dispatch_run(d);

    return;

failed:

    call->status = NGX_HTTP_INTERNAL_SERVER_ERROR;

    ngx_erp_call_done(call);
}


static ngx_int_t
ngx_erp_call_headers(ngx_erp_call_t *call, ngx_http_dispatch_t *d)
{
    ngx_str_t          value;
    ngx_uint_t         i;
    ngx_erp_header_t  *h;

    if (call->headers == NULL) {
        return NGX_OK;
    }

    h = call->headers->elts;

    for (i = 0; i < call->headers->nelts; i++) {
        value = h[i].value;

        if (ngx_erp_call_clean(d->pool, &value) != NGX_OK
            || ngx_http_dispatch_header(d, &h[i].name, &value) != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/* a value that came from elsewhere does not end its line */

static ngx_int_t
ngx_erp_call_clean(ngx_pool_t *pool, ngx_str_t *value)
{
    u_char  *p;
    size_t   i;

    for (i = 0; i < value->len; i++) {
        if (ngx_erp_call_is_control(value->data[i])) {
            break;
        }
    }

    if (i == value->len) {
        return NGX_OK;
    }

    p = ngx_pnalloc(pool, value->len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; i < value->len; i++) {
        p[i] = ngx_erp_call_is_control(value->data[i]) ? ' ' : value->data[i];
    }

    value->data = p;

    return NGX_OK;
}


static void
ngx_erp_call_answer(ngx_http_dispatch_t *d)
{
    ngx_erp_call_t *call = d->data;

    call->status = ngx_erp_call_status(d->request, d->status);

    if (call->status == NGX_ERP_STATUS_CONNECT
        || call->status == NGX_ERP_STATUS_TIMEOUT)
    {
        /* the page is NGINX's own */
        return;
    }

    if (ngx_erp_call_response(call, d) != NGX_OK) {

        /* there was one, and nobody can tell what it said */

        call->status = NGX_ERP_STATUS_TIMEOUT;
        ngx_str_null(&call->answer);
    }
}


/*
 * Tells answers of the upstream from those that NGINX makes instead: by the
 * tries, which the request has a list of.
 */

static ngx_uint_t
ngx_erp_call_status(ngx_http_request_t *r, ngx_uint_t status)
{
    ngx_uint_t                  i, header, unknown;
    ngx_http_upstream_state_t  *state;

    if (r->upstream_states == NULL) {

        /* it did not get as far as to an upstream */
        return status;
    }

    state = r->upstream_states->elts;

    header = 0;
    unknown = 0;

    for (i = 0; i < r->upstream_states->nelts; i++) {

        /* all zeros stand between two upstreams, of a redirect */

        if (state[i].peer == NULL && state[i].header_time == 0) {
            header = 0;
            continue;
        }

        header = (state[i].header_time != (ngx_msec_t) -1);

        if (!header && state[i].bytes_sent > 0) {
            unknown = 1;
        }
    }

    if (header) {
        return ngx_erp_call_answered(r, state[i - 1].status, status);
    }

    /* what "error_page" made of it is meant so */

    if (status < NGX_HTTP_INTERNAL_SERVER_ERROR
        && status != NGX_HTTP_CLIENT_CLOSED_REQUEST)
    {
        return status;
    }

    return unknown ? NGX_ERP_STATUS_TIMEOUT : NGX_ERP_STATUS_CONNECT;
}


/* the upstream has answered, with a status of its own */

static ngx_uint_t
ngx_erp_call_answered(ngx_http_request_t *r, ngx_uint_t upstream,
    ngx_uint_t status)
{
    /* the dispatcher has its own for a response whose end nobody saw */

    if (status != r->headers_out.status) {
        return NGX_ERP_STATUS_TIMEOUT;
    }

    /* NGINX could not read a success: what it was of is in effect */

    if (upstream && upstream < NGX_HTTP_SPECIAL_RESPONSE
        && status >= NGX_HTTP_SPECIAL_RESPONSE)
    {
        return NGX_ERP_STATUS_TIMEOUT;
    }

    return status;
}


static ngx_int_t
ngx_erp_call_response(ngx_erp_call_t *call, ngx_http_dispatch_t *d)
{
    ngx_uint_t           i;
    ngx_list_part_t     *part;
    ngx_table_elt_t     *h;
    ngx_http_request_t  *r;

    r = d->request;

    call->cut = (d->body_size > d->body.len);

    if (ngx_erp_call_copy(call->pool, &call->answer_type,
                          &r->headers_out.content_type)
        != NGX_OK
        || ngx_erp_call_copy(call->pool, &call->answer, &d->body) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (ngx_array_init(&call->answer_headers, call->pool, 8,
                       sizeof(ngx_erp_header_t))
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    part = &r->headers_out.headers.part;
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

        if (h[i].hash && ngx_erp_call_copy_header(call, &h[i]) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_erp_call_copy_header(ngx_erp_call_t *call, ngx_table_elt_t *from)
{
    ngx_str_t          key;
    ngx_erp_header_t  *h;

    h = ngx_array_push(&call->answer_headers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    ngx_memzero(h, sizeof(ngx_erp_header_t));

    if (ngx_erp_call_copy(call->pool, &h->name.key, &from->key) != NGX_OK
        || ngx_erp_call_copy(call->pool, &key, &from->key) != NGX_OK
        || ngx_erp_call_copy(call->pool, &h->value, &from->value) != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_strlow(key.data, key.data, key.len);
    h->name.lowcase = key.data;

    if (call->retry_after.len == 0
        && key.len == sizeof("retry-after") - 1
        && ngx_memcmp(key.data, "retry-after", key.len) == 0)
    {
        call->retry_after = h->value;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_erp_call_copy(ngx_pool_t *pool, ngx_str_t *dst, ngx_str_t *src)
{
    dst->len = 0;
    dst->data = NULL;

    if (src->len == 0) {
        return NGX_OK;
    }

    dst->data = ngx_pnalloc(pool, src->len);
    if (dst->data == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(dst->data, src->data, src->len);
    dst->len = src->len;

    return NGX_OK;
}


static void
ngx_erp_call_closed(ngx_http_dispatch_t *d)
{
    ngx_erp_call_t *call = d->data;

    call->dispatch = NULL;

    ngx_erp_call_done(call);
}


static void
ngx_erp_call_done(ngx_erp_call_t *call)
{
    call->done = 1;

    ngx_post_event(&call->event, &ngx_posted_events);
}


ngx_int_t
ngx_erp_call_length_handler(ngx_http_request_t *r)
{
    ngx_erp_call_t  *call;

    if (r == r->main && r->headers_in.content_length_n == -1) {
        call = ngx_erp_call_of(r);

        if (call) {
            r->headers_in.content_length_n = call->body.len;
        }
    }

    return NGX_DECLINED;
}


ngx_erp_call_t *
ngx_erp_call_of(ngx_http_request_t *r)
{
    ngx_http_dispatch_t  *d;

    d = ngx_http_dispatch_of(r);

    if (d == NULL || d->answer != ngx_erp_call_answer) {
        return NULL;
    }

    return d->data;
}


ngx_str_t *
ngx_erp_call_header(ngx_erp_call_t *call, const char *name)
{
    size_t             len;
    ngx_uint_t         i;
    ngx_erp_header_t  *h;

    len = ngx_strlen(name);
    h = call->answer_headers.elts;

    for (i = 0; i < call->answer_headers.nelts; i++) {
        if (h[i].name.key.len == len
            && ngx_memcmp(h[i].name.lowcase, name, len) == 0)
        {
            return &h[i].value;
        }
    }

    return NULL;
}
