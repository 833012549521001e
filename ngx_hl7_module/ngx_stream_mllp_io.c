
#include "ngx_stream_mllp.h"


#define NGX_STREAM_MLLP_LINGER   2000    /* ms to read to the end */
#define NGX_STREAM_MLLP_DISCARD  4096
#define NGX_STREAM_MLLP_SPARE    131072  /* bytes of a buffer to be kept */


static ngx_stream_mllp_buf_t *ngx_stream_mllp_buf_alloc(size_t size,
    ngx_log_t *log);
static void ngx_stream_mllp_linger_handler(ngx_event_t *rev);
static void ngx_stream_mllp_empty_handler(ngx_event_t *wev);


/* of this worker: connections that take turns use the same warm memory */

static ngx_stream_mllp_buf_t  *ngx_stream_mllp_spare;


ngx_int_t
ngx_stream_mllp_recv(ngx_stream_mllp_session_t *ms)
{
    ssize_t            n;
    ngx_connection_t  *c;

    c = ms->connection;

    if (!c->read->ready) {
        return NGX_AGAIN;
    }

    if (ngx_stream_mllp_space(ms) != NGX_OK) {
        return NGX_ERROR;
    }

    n = c->recv(c, ms->in->last, ms->in->end - ms->in->last);

    if (n == NGX_AGAIN) {
        return NGX_AGAIN;
    }

    if (n == NGX_ERROR) {
        return NGX_ERROR;
    }

    if (n == 0) {
        ms->eof = 1;
        return NGX_OK;
    }

    ms->in->last += n;
    ms->stream->received += n;
    ms->unseen = 1;

    return NGX_OK;
}


/* makes room in the buffer for the next read */

ngx_int_t
ngx_stream_mllp_space(ngx_stream_mllp_session_t *ms)
{
    size_t                  keep, size, min;
    ngx_stream_mllp_buf_t  *b, *in;

    in = ms->in;
    keep = 0;

    if (in) {
        keep = in->last - ms->pos;
        min = 1;

        /* no small reads into the rest of a buffer */

        if (in->refs > 1 || ms->pos != in->data) {
            min = ngx_max((in->end - in->data) / 4, 1);
        }

        if ((size_t) (in->end - in->last) >= min) {
            return NGX_OK;
        }

        if (in->refs == 1 && ms->pos != in->data) {
            ngx_memmove(in->data, ms->pos, keep);
            ms->pos = in->data;
            in->last = in->data + keep;

            if (in->last < in->end) {
                return NGX_OK;
            }
        }
    }

    size = ngx_max(ms->size, keep * 2);

    if (size > ms->conf->max_size + ms->conf->buffer_size) {
        size = ngx_max(ms->conf->max_size + ms->conf->buffer_size, keep + 1);
    }

    b = ngx_stream_mllp_buf_alloc(size, ms->connection->log);
    if (b == NULL) {
        return NGX_ERROR;
    }

    if (in) {
        b->last = ngx_cpymem(b->data, ms->pos, keep);
        ngx_stream_mllp_buf_free(in);
    }

    ms->in = b;
    ms->pos = b->data;

    /* a sender of large messages gets buffers that hold one at once */

    ms->size = size;

    return NGX_OK;
}


static ngx_stream_mllp_buf_t *
ngx_stream_mllp_buf_alloc(size_t size, ngx_log_t *log)
{
    ngx_stream_mllp_buf_t  *b;

    b = ngx_stream_mllp_spare;

    if (b && (size_t) (b->end - b->data) == size) {
        ngx_stream_mllp_spare = NULL;

    } else {
        b = ngx_alloc(offsetof(ngx_stream_mllp_buf_t, data) + size, log);
        if (b == NULL) {
            return NULL;
        }
    }

    b->refs = 1;
    b->last = b->data;
    b->end = b->data + size;

    return b;
}


void
ngx_stream_mllp_buf_free(ngx_stream_mllp_buf_t *b)
{
    if (--b->refs) {
        return;
    }

#if !(NGX_DEBUG_PALLOC)

    if (ngx_stream_mllp_spare == NULL
        && b->end - b->data <= NGX_STREAM_MLLP_SPARE)
    {
        ngx_stream_mllp_spare = b;
        return;
    }

#endif

    ngx_free(b);
}


/* a peer that resets the connection is noticed though nothing is read */

void
ngx_stream_mllp_check_peer(ngx_stream_mllp_session_t *ms)
{
    int                err;
    socklen_t          len;
    ngx_connection_t  *c;

    c = ms->connection;

    if (!c->read->pending_eof) {
        return;
    }

    err = 0;
    len = sizeof(int);

    if (getsockopt(c->fd, SOL_SOCKET, SO_ERROR, (void *) &err, &len) == -1) {
        err = ngx_socket_errno;
    }

    if (err) {
        ngx_log_error(NGX_LOG_INFO, c->log, err,
                      "MLLP client prematurely closed connection");
        ms->error = 1;
    }
}


ngx_int_t
ngx_stream_mllp_send(ngx_stream_mllp_session_t *ms)
{
    u_char            *pos;
    ssize_t            n;
    ngx_connection_t  *c;

    c = ms->connection;
    pos = ms->out_pos;

    while (ms->out_pos < ms->out_last) {

        n = c->send(c, ms->out_pos, ms->out_last - ms->out_pos);

        if (n == NGX_AGAIN) {

            /* a peer that goes on sending does not read for that */

            if (ms->out_pos != pos || !c->write->timer_set) {
                ngx_add_timer(c->write, ms->conf->send_timeout);
            }

            return ngx_handle_write_event(c->write, 0);
        }

        if (n == NGX_ERROR) {
            return NGX_ERROR;
        }

        ms->out_pos += n;
    }

    if (ms->out) {
        ngx_free(ms->out);

        ms->out = NULL;
        ms->out_pos = NULL;
        ms->out_last = NULL;
        ms->out_end = NULL;

        if (c->write->timer_set) {
            ngx_del_timer(c->write);
            return ngx_handle_write_event(c->write, 0);
        }
    }

    return NGX_OK;
}


void
ngx_stream_mllp_linger(ngx_connection_t *c)
{
    ngx_event_t                *rev;
    ngx_stream_session_t       *s;
    ngx_stream_mllp_session_t  *ms;

    s = c->data;
    ms = ngx_stream_get_module_ctx(s, ngx_stream_mllp_module);

    if (ms->eof || ms->received == 0) {
        ngx_stream_mllp_close(ms);
        return;
    }

#if (NGX_STREAM_SSL)

    if (c->ssl) {
        ngx_int_t  rc;

        c->ssl->shutdown_without_free = 1;

        rc = ngx_ssl_shutdown(c);

        if (rc == NGX_ERROR) {
            ngx_stream_mllp_close(ms);
            return;
        }

        if (rc == NGX_AGAIN) {
            c->ssl->handler = ngx_stream_mllp_linger;
            return;
        }
    }

#endif

    rev = c->read;
    rev->handler = ngx_stream_mllp_linger_handler;
    c->write->handler = ngx_stream_mllp_empty_handler;

    if (ngx_handle_read_event(rev, 0) != NGX_OK
        || ngx_shutdown_socket(c->fd, NGX_WRITE_SHUTDOWN) == -1)
    {
        ngx_stream_mllp_close(ms);
        return;
    }

    ngx_add_timer(rev, NGX_STREAM_MLLP_LINGER);

    if (rev->ready) {
        ngx_stream_mllp_linger_handler(rev);
    }
}


static void
ngx_stream_mllp_linger_handler(ngx_event_t *rev)
{
    ssize_t                     n;
    ngx_connection_t           *c;
    ngx_stream_session_t       *s;
    ngx_stream_mllp_session_t  *ms;
    u_char                      buf[NGX_STREAM_MLLP_DISCARD];

    c = rev->data;
    s = c->data;
    ms = ngx_stream_get_module_ctx(s, ngx_stream_mllp_module);

    if (rev->timedout || c->close) {
        ngx_stream_mllp_close(ms);
        return;
    }

    do {
        n = c->recv(c, buf, NGX_STREAM_MLLP_DISCARD);

        if (n == NGX_ERROR || n == 0) {
            ngx_stream_mllp_close(ms);
            return;
        }

    } while (rev->ready);

    if (ngx_handle_read_event(rev, 0) != NGX_OK) {
        ngx_stream_mllp_close(ms);
    }
}


static void
ngx_stream_mllp_empty_handler(ngx_event_t *wev)
{
    ngx_log_debug0(NGX_LOG_DEBUG_STREAM, wev->log, 0, "mllp empty handler");
}


/* no request shares the socket any more */

void
ngx_stream_mllp_close(ngx_stream_mllp_session_t *ms)
{
    /* "close notify" may have to wait: nothing wakes the session then */
    ngx_http_dispatch_forget(&ms->resume);

    ngx_stream_finalize_session(ms->stream, NGX_STREAM_OK);
}
