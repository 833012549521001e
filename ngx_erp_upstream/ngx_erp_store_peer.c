
/*
 * Connections of workers: what they send is read into one buffer, what they
 * are told is written behind what is in another.
 */

#include "ngx_erp_store_private.h"


#define NGX_ERP_PEER_BACKLOG  511
#define NGX_ERP_PEER_BUFFER   (64 * 1024)       /* at first */
#define NGX_ERP_PEER_KEPT     (1024 * 1024)     /* of one that is empty */
#define NGX_ERP_PEER_AHEAD    (4 * 1024 * 1024) /* read before it is handled,
                                                   or one frame */


static ngx_socket_t ngx_erp_store_socket(ngx_erp_store_t *store);
static ngx_int_t ngx_erp_store_bind(ngx_erp_store_t *store, ngx_socket_t s,
    u_char *path);
static void ngx_erp_store_accept(ngx_event_t *ev);
static void ngx_erp_peer_create(ngx_erp_store_t *store, ngx_socket_t s);
static void *ngx_erp_peer_grow(void *data, void *old, size_t size);
static void ngx_erp_peer_read_handler(ngx_event_t *rev);
static ngx_int_t ngx_erp_peer_room(ngx_erp_peer_t *peer);
static void ngx_erp_peer_write_handler(ngx_event_t *wev);


ngx_int_t
ngx_erp_store_listen(ngx_erp_store_t *store)
{
    ngx_socket_t       s;
    ngx_connection_t  *c;

    s = ngx_erp_store_socket(store);

    if (s == (ngx_socket_t) -1) {
        return NGX_ERROR;
    }

    c = ngx_get_connection(s, store->log);

    if (c == NULL) {
        (void) ngx_close_socket(s);
        return NGX_ERROR;
    }

    c->data = store;

    c->read->handler = ngx_erp_store_accept;
    c->read->log = store->log;
    c->write->log = store->log;

    if (ngx_handle_read_event(c->read, 0) != NGX_OK) {
        ngx_close_connection(c);
        return NGX_ERROR;
    }

    store->listening = c;

    return NGX_OK;
}


/* one that is there is replaced at once: a worker that connects finds one */

static ngx_socket_t
ngx_erp_store_socket(ngx_erp_store_t *store)
{
    u_char        path[NGX_MAX_PATH];
    ngx_socket_t  s;

    s = ngx_socket(AF_UNIX, SOCK_STREAM, 0);

    if (s == (ngx_socket_t) -1) {
        ngx_log_error(NGX_LOG_EMERG, store->log, ngx_socket_errno,
                      ngx_socket_n " failed");
        return s;
    }

    *ngx_snprintf(path, NGX_MAX_PATH - 1, "%V/%s.%P",
                  &store->conf->path->name, NGX_ERP_STORE_SOCKET, store->pid)
        = '\0';

    if (ngx_nonblocking(s) == -1
        || fcntl(s, F_SETFD, FD_CLOEXEC) == -1
        || ngx_erp_store_bind(store, s, path) != NGX_OK
        || listen(s, NGX_ERP_PEER_BACKLOG) == -1
        || rename((char *) path, (char *) ngx_erp_store_path(store,
                                              NGX_ERP_STORE_SOCKET))
           == -1)
    {
        ngx_log_error(NGX_LOG_EMERG, store->log, ngx_errno,
                      "socket \"%s\" failed", path);

        (void) ngx_close_socket(s);
        (void) unlink((char *) path);

        return (ngx_socket_t) -1;
    }

    return s;
}


/* for the user of workers alone, that this process has too */

static ngx_int_t
ngx_erp_store_bind(ngx_erp_store_t *store, ngx_socket_t s, u_char *path)
{
    int                 rc;
    mode_t              mode;
    struct sockaddr_un  sun;

    ngx_memzero(&sun, sizeof(struct sockaddr_un));

    sun.sun_family = AF_UNIX;
    (void) ngx_cpystrn((u_char *) sun.sun_path, path, sizeof(sun.sun_path));

    (void) unlink((char *) path);

    mode = umask(0177);
    rc = bind(s, (struct sockaddr *) &sun, sizeof(struct sockaddr_un));
    (void) umask(mode);

    return (rc == -1) ? NGX_ERROR : NGX_OK;
}


static void
ngx_erp_store_accept(ngx_event_t *ev)
{
    ngx_err_t          err;
    ngx_socket_t       s;
    ngx_connection_t  *c;

    c = ev->data;

    for ( ;; ) {
        s = accept(c->fd, NULL, NULL);

        if (s == (ngx_socket_t) -1) {
            err = ngx_socket_errno;

            if (err == NGX_EINTR || err == NGX_ECONNABORTED) {
                continue;
            }

            if (err != NGX_EAGAIN) {
                ngx_log_error(NGX_LOG_ALERT, ev->log, err,
                              "accept() of a worker failed");
            }

            break;
        }

        ngx_erp_peer_create(c->data, s);
    }

    if (ngx_handle_read_event(ev, 0) != NGX_OK) {
        ngx_log_error(NGX_LOG_ALERT, ev->log, 0,
                      "the store process listens no more");
    }
}


static void
ngx_erp_peer_create(ngx_erp_store_t *store, ngx_socket_t s)
{
    ngx_erp_peer_t    *peer;
    ngx_connection_t  *c;

    peer = NULL;
    c = NULL;

    if (ngx_nonblocking(s) == -1 || fcntl(s, F_SETFD, FD_CLOEXEC) == -1) {
        ngx_log_error(NGX_LOG_ALERT, store->log, ngx_socket_errno,
                      ngx_nonblocking_n " failed");
        goto failed;
    }

    peer = ngx_calloc(sizeof(ngx_erp_peer_t), store->log);
    if (peer == NULL) {
        goto failed;
    }

    c = ngx_get_connection(s, store->log);
    if (c == NULL) {
        goto failed;
    }

    c->data = peer;
    c->recv = ngx_recv;
    c->send = ngx_send;
    c->log_error = NGX_ERROR_INFO;

    c->read->handler = ngx_erp_peer_read_handler;
    c->write->handler = ngx_erp_peer_write_handler;
    c->read->log = store->log;
    c->write->log = store->log;
    c->write->ready = 1;

    peer->store = store;
    peer->connection = c;
    peer->out.grow = ngx_erp_peer_grow;

    ngx_queue_init(&peer->leases);
    ngx_queue_init(&peer->waits);

    if (ngx_handle_read_event(c->read, 0) != NGX_OK) {
        ngx_close_connection(c);
        ngx_free(peer);
        return;
    }

    ngx_queue_insert_tail(&store->peers, &peer->queue);

    return;

failed:

    if (peer) {
        ngx_free(peer);
    }

    (void) ngx_close_socket(s);
}


static void *
ngx_erp_peer_grow(void *data, void *old, size_t size)
{
    return realloc(old, size);
}


static void
ngx_erp_peer_read_handler(ngx_event_t *rev)
{
    ssize_t            n;
    ngx_erp_peer_t    *peer;
    ngx_connection_t  *c;

    c = rev->data;
    peer = c->data;

    peer->stalled = 0;

    for ( ;; ) {

        /* the other end may be faster than the disk */

        if ((size_t) (peer->last - peer->pos)
            >= ngx_max(peer->need, NGX_ERP_PEER_AHEAD))
        {
            peer->stalled = 1;
            break;
        }

        if (ngx_erp_peer_room(peer) != NGX_OK) {
            ngx_log_error(NGX_LOG_ERR, c->log, 0,
                          "no memory for what worker %uL sends", peer->pid);
            ngx_erp_peer_close(peer);
            break;
        }

        n = c->recv(c, peer->last, peer->end - peer->last);

        if (n == NGX_AGAIN) {
            break;
        }

        if (n == 0 || n == NGX_ERROR) {
            peer->died = 1;
            ngx_erp_peer_close(peer);
            break;
        }

        peer->last += n;

        if (!rev->ready) {
            break;
        }
    }

    if (peer->connection && ngx_handle_read_event(rev, 0) != NGX_OK) {
        ngx_erp_peer_close(peer);
    }

    if (peer->connection == NULL || ngx_erp_peer_waits(peer)) {
        ngx_erp_store_post(peer->store);
    }
}


/* some, and for the rest of the frame that is being read */

static ngx_int_t
ngx_erp_peer_room(ngx_erp_peer_t *peer)
{
    size_t   used, size;
    u_char  *p;

    used = peer->last - peer->pos;
    size = peer->end - peer->start;

    if (used == 0) {
        peer->pos = peer->start;
        peer->last = peer->start;
    }

    if ((size_t) (peer->end - peer->last) >= NGX_ERP_PEER_BUFFER / 2
        && (size_t) (peer->end - peer->pos) >= peer->need)
    {
        return NGX_OK;
    }

    if (used + NGX_ERP_PEER_BUFFER <= size && peer->need <= size
        && (size_t) (peer->pos - peer->start) >= used)
    {
        ngx_memmove(peer->start, peer->pos, used);
        peer->pos = peer->start;
        peer->last = peer->start + used;

        return NGX_OK;
    }

    size = ngx_max(used + NGX_ERP_PEER_BUFFER, peer->need);

    if (used) {
        size = ngx_max(size, 2 * used);
    }

    p = malloc(size);
    if (p == NULL) {
        return NGX_ERROR;
    }

    if (peer->start) {
        ngx_memcpy(p, peer->pos, used);
        ngx_free(peer->start);
    }

    peer->start = p;
    peer->pos = p;
    peer->last = p + used;
    peer->end = p + size;

    return NGX_OK;
}


ngx_uint_t
ngx_erp_peer_waits(ngx_erp_peer_t *peer)
{
    u_char        *pos;
    ngx_int_t      rc;
    ngx_erp_in_t   in;

    if (peer->bad || (size_t) (peer->last - peer->pos) < peer->need) {
        return 0;
    }

    pos = peer->pos;
    peer->need = 0;

    rc = ngx_erp_wire_next(&pos, peer->last, &in, &peer->need);

    if (rc != NGX_AGAIN) {
        peer->need = 0;
    }

    /* the turn finds out about errors */

    return rc != NGX_AGAIN;
}


void
ngx_erp_peer_resume(ngx_erp_peer_t *peer)
{
    ngx_event_t  *rev;

    if (peer->pos == peer->last && peer->end - peer->start > NGX_ERP_PEER_KEPT)
    {
        ngx_free(peer->start);

        peer->start = NULL;
        peer->pos = NULL;
        peer->last = NULL;
        peer->end = NULL;
    }

    if (peer->stalled && peer->connection) {
        rev = peer->connection->read;
        ngx_post_event(rev, &ngx_posted_next_events);
    }
}


static void
ngx_erp_peer_write_handler(ngx_event_t *wev)
{
    ngx_erp_peer_t    *peer;
    ngx_connection_t  *c;

    c = wev->data;
    peer = c->data;

    if (ngx_erp_peer_unsent(peer) == 0) {
        return;
    }

    ngx_erp_peer_send(peer);

    /* it may not have been given all that is due, nor been listened to */

    if (peer->connection && ngx_erp_peer_unsent(peer) == 0) {
        ngx_erp_store_post(peer->store);
    }
}


void
ngx_erp_peer_send(ngx_erp_peer_t *peer)
{
    size_t             size;
    ssize_t            n;
    ngx_connection_t  *c;

    c = peer->connection;

    while ((size = ngx_erp_peer_unsent(peer)) != 0) {

        n = c->send(c, peer->out.start + peer->sent, size);

        if (n == NGX_AGAIN || n == 0) {

            /* a buffer that is never empty must not grow for ever */

            if (peer->sent >= size) {
                ngx_memmove(peer->out.start, peer->out.start + peer->sent,
                            size);
                peer->out.last = peer->out.start + size;
                peer->sent = 0;
            }

            if (ngx_handle_write_event(c->write, 0) != NGX_OK) {
                ngx_erp_peer_close(peer);
            }

            return;
        }

        if (n == NGX_ERROR) {
            peer->died = 1;
            ngx_erp_peer_close(peer);
            ngx_erp_store_post(peer->store);
            return;
        }

        peer->sent += n;
    }

    peer->sent = 0;

    if (peer->out.end - peer->out.start > NGX_ERP_PEER_KEPT) {
        ngx_free(peer->out.start);
        peer->out.start = NULL;
        peer->out.end = NULL;
    }

    peer->out.last = peer->out.start;
}


void
ngx_erp_peer_frame(ngx_erp_peer_t *peer, ngx_erp_frame_e type,
    uint64_t number, const void *fields)
{
    if (peer == NULL || peer->connection == NULL || peer->bad) {
        return;
    }

    if (ngx_erp_wire_frame(&peer->out, type, number, fields) != NGX_OK) {
        ngx_log_error(NGX_LOG_ERR, peer->store->log, 0,
                      "no memory for an answer to worker %uL", peer->pid);

        /* it connects again and asks again */

        peer->bad = 1;
    }
}


/*
 * The connection alone: what has come by it is still handled, and what the
 * worker has in flight is given back when it is believed that it has ended.
 */

void
ngx_erp_peer_close(ngx_erp_peer_t *peer)
{
    ngx_erp_store_t  *store;

    store = peer->store;

    if (peer->connection == NULL) {
        return;
    }

    ngx_log_error(NGX_LOG_INFO, store->log, 0,
                  "worker %uL has left the store, %ui in flight",
                  peer->pid, peer->nleases);

    ngx_close_connection(peer->connection);

    peer->connection = NULL;
    peer->stalled = 0;
    peer->gone_at = ngx_erp_store_now(store)
                    + (peer->died ? NGX_ERP_STORE_GONE
                                  : NGX_ERP_STORE_GRACE);

    if (peer->out.start) {
        ngx_free(peer->out.start);
    }

    peer->out.start = NULL;
    peer->out.last = NULL;
    peer->out.end = NULL;
    peer->sent = 0;
    peer->mark = 0;
}


void
ngx_erp_peer_free(ngx_erp_peer_t *peer)
{
    ngx_queue_t      *q;
    ngx_erp_kept_t   *kept;
    ngx_erp_store_t  *store;

    store = peer->store;

    for (q = ngx_queue_head(&store->kept);
         q != ngx_queue_sentinel(&store->kept);
         q = ngx_queue_next(q))
    {
        kept = ngx_queue_data(q, ngx_erp_kept_t, queue);

        if (kept->peer == peer) {
            kept->peer = NULL;
        }
    }

    ngx_erp_ties_free(&store->leases, &peer->leases);
    ngx_erp_ties_free(&store->waits, &peer->waits);

    if (peer->start) {
        ngx_free(peer->start);
    }

    ngx_queue_remove(&peer->queue);
    ngx_free(peer);
}
