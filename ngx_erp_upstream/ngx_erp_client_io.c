
#include "ngx_erp_client_private.h"


#define NGX_ERP_CLIENT_BUFFER     16384
#define NGX_ERP_CLIENT_KEEP       262144   /* bytes of an idle buffer */

#define NGX_ERP_CLIENT_DELAY      20       /* ms before the next try */
#define NGX_ERP_CLIENT_MAX_DELAY  500
#define NGX_ERP_CLIENT_OUTAGE     1000     /* ms, then it is logged */


static void ngx_erp_client_connect_handler(ngx_event_t *ev);
static ngx_int_t ngx_erp_client_open(ngx_erp_client_t *client,
    ngx_socket_t s);
static void ngx_erp_client_refuse(ngx_erp_client_t *client, ngx_err_t err);
static void ngx_erp_client_later(ngx_erp_client_t *client);
static void ngx_erp_client_lose(ngx_erp_client_t *client);
static void ngx_erp_client_disconnect(ngx_erp_client_t *client);

static void ngx_erp_client_read_handler(ngx_event_t *rev);
static ngx_int_t ngx_erp_client_room(ngx_erp_client_t *client);
static ngx_int_t ngx_erp_client_frames(ngx_erp_client_t *client);

static void ngx_erp_client_write_handler(ngx_event_t *wev);
static void ngx_erp_client_flush_handler(ngx_event_t *ev);
static void ngx_erp_client_send(ngx_erp_client_t *client);


void
ngx_erp_client_init_io(ngx_erp_client_t *client)
{
    client->connect.handler = ngx_erp_client_connect_handler;
    client->connect.data = client;
    client->connect.log = client->conf->log;
    client->connect.cancelable = 1;

    client->flush.handler = ngx_erp_client_flush_handler;
    client->flush.data = client;
    client->flush.log = client->conf->log;

    client->delay = NGX_ERP_CLIENT_DELAY;
    client->lost = ngx_current_msec;

    ngx_add_timer(&client->connect, 1);
}


void
ngx_erp_client_close(ngx_erp_client_t *client)
{
    ngx_erp_client_disconnect(client);

    if (client->connect.timer_set) {
        ngx_del_timer(&client->connect);
    }

    if (client->out.start) {
        ngx_free(client->out.start);
        client->out.start = NULL;
        client->out.last = NULL;
        client->out.end = NULL;
    }
}


void
ngx_erp_client_connect(ngx_erp_client_t *client)
{
    /* an exiting worker that has lost it may need it again */

    if (client->connection == NULL && !client->connect.timer_set) {
        ngx_add_timer(&client->connect, 1);
    }
}


static void
ngx_erp_client_connect_handler(ngx_event_t *ev)
{
    ngx_erp_client_t *client = ev->data;

    int           rc;
    ngx_err_t     err;
    ngx_socket_t  s;

    ngx_erp_client_check(client);

    if (client->connection || ngx_erp_client_finished(client)) {
        return;
    }

    s = ngx_socket(AF_UNIX, SOCK_STREAM, 0);

    if (s == (ngx_socket_t) -1) {
        ngx_log_error(NGX_LOG_ALERT, ev->log, ngx_socket_errno,
                      ngx_socket_n " failed");
        ngx_erp_client_later(client);
        return;
    }

    if (ngx_nonblocking(s) == -1) {
        ngx_log_error(NGX_LOG_ALERT, ev->log, ngx_socket_errno,
                      ngx_nonblocking_n " failed");
        goto failed;
    }

    /* such a socket is connected at once, or not at all */

    rc = connect(s, (struct sockaddr *) &client->sockaddr,
                 sizeof(struct sockaddr_un));

    if (rc == -1) {
        err = ngx_socket_errno;

        if (ngx_close_socket(s) == -1) {
            ngx_log_error(NGX_LOG_ALERT, ev->log, ngx_socket_errno,
                          ngx_close_socket_n " failed");
        }

        ngx_erp_client_refuse(client, err);
        return;
    }

    if (ngx_erp_client_open(client, s) == NGX_OK) {
        return;
    }

    if (client->connection) {
        ngx_erp_client_lose(client);
        return;
    }

failed:

    if (ngx_close_socket(s) == -1) {
        ngx_log_error(NGX_LOG_ALERT, ev->log, ngx_socket_errno,
                      ngx_close_socket_n " failed");
    }

    ngx_erp_client_later(client);
}


/* without a connection the socket is the caller's to close */

static ngx_int_t
ngx_erp_client_open(ngx_erp_client_t *client, ngx_socket_t s)
{
    ngx_int_t          rc;
    ngx_event_t       *rev, *wev;
    ngx_connection_t  *c;

    c = ngx_get_connection(s, client->conf->log);
    if (c == NULL) {
        return NGX_ERROR;
    }

    client->connection = c;

    rev = c->read;
    wev = c->write;

    c->type = SOCK_STREAM;
    c->recv = ngx_recv;
    c->send = ngx_send;
    c->log_error = NGX_ERROR_INFO;
    c->number = ngx_atomic_fetch_add(ngx_connection_counter, 1);
    c->start_time = ngx_current_msec;
    c->data = client;

    /* the handler is told when the worker is to end */
    c->idle = 1;

    rev->handler = ngx_erp_client_read_handler;
    rev->log = client->conf->log;
    wev->handler = ngx_erp_client_write_handler;
    wev->log = client->conf->log;
    wev->ready = 1;

    if (ngx_add_conn) {
        rc = ngx_add_conn(c);

    } else {
        rc = ngx_handle_read_event(rev, 0);
    }

    if (rc != NGX_OK || ngx_erp_client_greet(client) != NGX_OK) {
        return NGX_ERROR;
    }

    if (client->logged) {
        client->logged = 0;
        ngx_log_error(NGX_LOG_NOTICE, client->conf->log, 0,
                      "connected to the store again");
    }

    ngx_erp_client_flush(client);

    return NGX_OK;
}


static void
ngx_erp_client_refuse(ngx_erp_client_t *client, ngx_err_t err)
{
    /* a store that is being replaced is not worth a line */

    if (!client->logged
        && ngx_current_msec - client->lost >= NGX_ERP_CLIENT_OUTAGE)
    {
        client->logged = 1;
        ngx_log_error(NGX_LOG_ERR, client->conf->log, err,
                      "connect() to the store at \"%V\" failed",
                      &client->conf->path);
    }

    ngx_erp_client_later(client);

    if (err == NGX_ECONNREFUSED || err == NGX_ENOENT) {
        ngx_erp_client_refused(client);
    }
}


static void
ngx_erp_client_later(ngx_erp_client_t *client)
{
    ngx_add_timer(&client->connect, client->delay);

    client->delay = ngx_min(2 * client->delay, NGX_ERP_CLIENT_MAX_DELAY);
}


static void
ngx_erp_client_lose(ngx_erp_client_t *client)
{
    ngx_erp_client_disconnect(client);
    ngx_erp_client_later(client);
}


static void
ngx_erp_client_disconnect(ngx_erp_client_t *client)
{
    if (client->flush.posted) {
        ngx_delete_posted_event(&client->flush);
    }

    if (client->connection) {
        ngx_close_connection(client->connection);
        client->connection = NULL;
        client->lost = ngx_current_msec;
    }

    if (client->in) {
        ngx_free(client->in);
        client->in = NULL;
        client->in_pos = NULL;
        client->in_last = NULL;
        client->in_end = NULL;
        client->need = 0;
    }

    client->out.last = client->out.start;
    client->sent = 0;
}


static void
ngx_erp_client_read_handler(ngx_event_t *rev)
{
    ssize_t            n;
    ngx_connection_t  *c;
    ngx_erp_client_t  *client;

    c = rev->data;
    client = c->data;

    if (c->close) {

        /*
         * The worker is to end: it may do so before it comes to posted
         * events, or wait for long before that.
         */

        c->close = 0;

        ngx_erp_client_check(client);
        ngx_erp_client_send(client);
        return;
    }

    ngx_erp_client_check(client);

    do {
        if (ngx_erp_client_room(client) != NGX_OK) {
            goto failed;
        }

        n = c->recv(c, client->in_last, client->in_end - client->in_last);

        if (n == NGX_AGAIN) {
            break;
        }

        if (n == NGX_ERROR || n == 0) {
            ngx_log_error(NGX_LOG_INFO, rev->log, 0,
                          "the store closed the connection");
            goto failed;
        }

        client->in_last += n;

        if (ngx_erp_client_frames(client) != NGX_OK) {
            goto failed;
        }

    } while (rev->ready);

    if (ngx_handle_read_event(rev, 0) != NGX_OK) {
        goto failed;
    }

    return;

failed:

    ngx_erp_client_lose(client);
}


/* room for the rest of a frame, or for the next ones */

static ngx_int_t
ngx_erp_client_room(ngx_erp_client_t *client)
{
    size_t   left, size;
    u_char  *p;

    left = client->in_last - client->in_pos;
    size = ngx_max(client->need, NGX_ERP_CLIENT_BUFFER);

    if ((size_t) (client->in_end - client->in) >= size
        && (left || client->in_end - client->in <= NGX_ERP_CLIENT_KEEP))
    {
        if (client->in_pos != client->in) {
            ngx_memmove(client->in, client->in_pos, left);
        }

    } else {
        p = ngx_alloc(size, client->conf->log);
        if (p == NULL) {
            return NGX_ERROR;
        }

        if (client->in) {
            ngx_memcpy(p, client->in_pos, left);
            ngx_free(client->in);
        }

        client->in = p;
        client->in_end = p + size;
    }

    client->in_pos = client->in;
    client->in_last = client->in + left;

    return NGX_OK;
}


static ngx_int_t
ngx_erp_client_frames(ngx_erp_client_t *client)
{
    ngx_int_t     rc;
    ngx_erp_in_t  in;

    for ( ;; ) {
        rc = ngx_erp_wire_next(&client->in_pos, client->in_last, &in,
                               &client->need);

        if (rc == NGX_AGAIN) {
            return NGX_OK;
        }

        if (rc == NGX_ERROR) {
            ngx_log_error(NGX_LOG_ERR, client->conf->log, 0,
                          "the store sent what is no frame");
            return NGX_ERROR;
        }

        /* it is a store that works */
        client->delay = NGX_ERP_CLIENT_DELAY;

        if (ngx_erp_client_frame(client, &in) != NGX_OK) {
            return NGX_ERROR;
        }
    }
}


static void
ngx_erp_client_write_handler(ngx_event_t *wev)
{
    ngx_connection_t  *c;

    c = wev->data;

    ngx_erp_client_send(c->data);
}


void
ngx_erp_client_flush(ngx_erp_client_t *client)
{
    if (!client->flush.posted) {
        ngx_post_event(&client->flush, &ngx_posted_events);
    }
}


static void
ngx_erp_client_flush_handler(ngx_event_t *ev)
{
    ngx_erp_client_send(ev->data);
}


static void
ngx_erp_client_send(ngx_erp_client_t *client)
{
    size_t             left;
    ssize_t            n;
    ngx_erp_out_t     *out;
    ngx_connection_t  *c;

    c = client->connection;
    out = &client->out;

    if (c == NULL) {
        return;
    }

    for ( ;; ) {
        left = out->last - out->start - client->sent;

        if (left == 0 || !c->write->ready) {
            break;
        }

        n = c->send(c, out->start + client->sent, left);

        if (n == NGX_AGAIN) {
            break;
        }

        if (n == NGX_ERROR) {
            ngx_erp_client_lose(client);
            return;
        }

        client->sent += n;
    }

    if (left == 0) {
        out->last = out->start;
        client->sent = 0;

        if (out->end - out->start > NGX_ERP_CLIENT_KEEP) {
            ngx_free(out->start);
            out->start = NULL;
            out->last = NULL;
            out->end = NULL;
        }

    } else if (client->sent >= left) {

        /* a store that never catches up does not make it grow for ever */

        ngx_memmove(out->start, out->start + client->sent, left);
        out->last = out->start + left;
        client->sent = 0;
    }

    if (ngx_handle_write_event(c->write, 0) != NGX_OK) {
        ngx_erp_client_lose(client);
    }
}
