
#include "ngx_stream_mllp.h"


#define NGX_STREAM_MLLP_TURN     128     /* steps of a turn: 64 frames */
#define NGX_STREAM_MLLP_OUT_MAX  65536   /* unsent bytes that stop reading */


#define ngx_stream_mllp_out_full(ms)                                          \
    ((ms)->out_last - (ms)->out_pos >= NGX_STREAM_MLLP_OUT_MAX)


static void ngx_stream_mllp_read_handler(ngx_event_t *rev);
static void ngx_stream_mllp_write_handler(ngx_event_t *wev);
static void ngx_stream_mllp_resume_handler(ngx_event_t *ev);
static void ngx_stream_mllp_process(ngx_stream_mllp_session_t *ms);
static void ngx_stream_mllp_frames(ngx_stream_mllp_session_t *ms);
static void ngx_stream_mllp_finish_handler(ngx_event_t *ev);
static ngx_uint_t ngx_stream_mllp_ready(ngx_stream_mllp_session_t *ms);
static ngx_int_t ngx_stream_mllp_read_frame(ngx_stream_mllp_session_t *ms);
static ngx_uint_t ngx_stream_mllp_overdue(ngx_stream_mllp_session_t *ms);
static void ngx_stream_mllp_eof(ngx_stream_mllp_session_t *ms);
static void ngx_stream_mllp_timeout(ngx_stream_mllp_session_t *ms);
static void ngx_stream_mllp_refuse_partial(ngx_stream_mllp_session_t *ms,
    const char *text);
static void ngx_stream_mllp_rest(ngx_stream_mllp_session_t *ms);
static void ngx_stream_mllp_cleanup(void *data);


void
ngx_stream_mllp_handler(ngx_stream_session_t *s)
{
    size_t                      len;
    ngx_connection_t           *c;
    ngx_pool_cleanup_t         *cln;
    ngx_stream_mllp_session_t  *ms;

    c = s->connection;

    c->log->action = "reading MLLP";

    if (c->type != SOCK_STREAM) {
        ngx_log_error(NGX_LOG_ERR, c->log, 0, "\"mllp_pass\" requires TCP");
        ngx_stream_finalize_session(s, NGX_STREAM_INTERNAL_SERVER_ERROR);
        return;
    }

    cln = ngx_pool_cleanup_add(c->pool, sizeof(ngx_stream_mllp_session_t));
    if (cln == NULL) {
        ngx_stream_finalize_session(s, NGX_STREAM_INTERNAL_SERVER_ERROR);
        return;
    }

    ms = cln->data;
    ngx_memzero(ms, sizeof(ngx_stream_mllp_session_t));

    cln->handler = ngx_stream_mllp_cleanup;

    ms->stream = s;
    ms->connection = c;
    ms->conf = ngx_stream_get_module_srv_conf(s, ngx_stream_mllp_module);
    ms->size = ms->conf->buffer_size;

    ms->reader.tolerate = ms->conf->tolerate;
    ms->reader.max_size = ms->conf->max_size;
    ms->reader.max_junk = ms->conf->max_junk;
    ms->reader.deviations = &ms->deviations;

    ngx_queue_init(&ms->messages);
    ngx_queue_init(&ms->alive);

    ms->resume.handler = ngx_stream_mllp_resume_handler;
    ms->resume.data = ms;
    ms->resume.log = c->log;

    ms->finish.handler = ngx_stream_mllp_finish_handler;
    ms->finish.data = ms;
    ms->finish.log = c->log;

    ngx_stream_set_ctx(s, ms, ngx_stream_mllp_module);

    c->read->handler = ngx_stream_mllp_read_handler;
    c->write->handler = ngx_stream_mllp_write_handler;

#if (NGX_STREAM_SSL)

    if (c->ssl) {

        /* what waits to be sent may move to a larger buffer */
        SSL_set_mode(c->ssl->connection, SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);

        /* a peer that still sends has no "close notify" for us */
        c->ssl->no_wait_shutdown = 1;
    }

#endif

    /* what modules of the preread phase have read */

    if (c->buffer && c->buffer->pos < c->buffer->last) {

        len = c->buffer->last - c->buffer->pos;
        ms->size = ngx_max(ms->size, len);

        if (ngx_stream_mllp_space(ms) != NGX_OK) {
            ngx_stream_finalize_session(s, NGX_STREAM_INTERNAL_SERVER_ERROR);
            return;
        }

        ms->in->last = ngx_cpymem(ms->in->last, c->buffer->pos, len);
        c->buffer->pos = c->buffer->last;
        s->received += len;
        ms->unseen = 1;
    }

    ngx_stream_mllp_process(ms);
}


static void
ngx_stream_mllp_read_handler(ngx_event_t *rev)
{
    ngx_connection_t           *c;
    ngx_stream_session_t       *s;
    ngx_stream_mllp_session_t  *ms;

    c = rev->data;
    s = c->data;
    ms = ngx_stream_get_module_ctx(s, ngx_stream_mllp_module);

    if (c->close) {

        if (c->error) {
            ngx_log_error(NGX_LOG_INFO, c->log, 0,
                          "MLLP connection closed by worker shutdown");
            ms->error = 1;

        } else {

            /* a sender may be about to send: it gets a moment to be quiet */

            (void) ngx_stream_mllp_overdue(ms);

            c->close = 0;
            ngx_add_timer(rev, ms->conf->quiet_timeout);
            return;
        }

    } else if (rev->timedout) {
        rev->timedout = 0;
        ngx_stream_mllp_timeout(ms);
    }

    ngx_stream_mllp_process(ms);
}


static void
ngx_stream_mllp_write_handler(ngx_event_t *wev)
{
    ngx_connection_t           *c;
    ngx_stream_session_t       *s;
    ngx_stream_mllp_session_t  *ms;

    c = wev->data;
    s = c->data;
    ms = ngx_stream_get_module_ctx(s, ngx_stream_mllp_module);

    if (wev->timedout) {
        wev->timedout = 0;
        ngx_connection_error(c, NGX_ETIMEDOUT,
                             "MLLP client does not read acknowledgements");
        ms->error = 1;

    } else if (ms->out == NULL) {
        return;
    }

    ngx_stream_mllp_process(ms);
}


static void
ngx_stream_mllp_resume_handler(ngx_event_t *ev)
{
    ngx_stream_mllp_session_t  *ms;

    ms = ev->data;

    ngx_http_dispatch_forget(ev);
    ev->timedout = 0;

    ngx_stream_mllp_process(ms);
}


void
ngx_stream_mllp_wake(ngx_stream_mllp_session_t *ms)
{
    if (ms->processing) {
        return;
    }

    ngx_http_dispatch_forget(&ms->resume);
    ngx_post_event(&ms->resume, &ngx_posted_events);
}


/*
 * What has been received is taken; what is answered by then is sent when all
 * connections that had something to read have been served.  A sender is so
 * woken less often, and the worker does not wait for it.
 */

static void
ngx_stream_mllp_process(ngx_stream_mllp_session_t *ms)
{
    ms->connection->idle = 0;

    if (!ms->error) {
        ms->processing = 1;
        ngx_stream_mllp_frames(ms);
        ms->processing = 0;
    }

    if (ms->in && ms->in->refs == 1 && ms->pos == ms->in->last) {

        /* now: the next connection gets the same, still warm memory */

        ms->size = ngx_max(ms->conf->buffer_size,
                           (size_t) (ms->in->last - ms->in->data));

        ngx_stream_mllp_buf_free(ms->in);
        ms->in = NULL;
        ms->pos = NULL;
    }

    ngx_post_event(&ms->finish, &ngx_posted_events);
}


/* the end of a turn: one call sends all, then the session rests or closes */

static void
ngx_stream_mllp_finish_handler(ngx_event_t *ev)
{
    ngx_uint_t                  full;
    ngx_connection_t           *c;
    ngx_stream_mllp_session_t  *ms;

    ms = ev->data;
    c = ms->connection;

    full = ngx_stream_mllp_out_full(ms);

    if (!ms->error && ngx_stream_mllp_send(ms) != NGX_OK) {
        ms->error = 1;
    }

    if (full && ms->out == NULL) {

        /* no event tells that what stopped the reading is sent */
        ngx_post_event(&ms->resume, &ngx_posted_next_events);
    }

    if (ms->error) {

        /* requests may go on for a while: the socket is theirs until then */

        ngx_stream_mllp_abort(ms);

        if (ngx_queue_empty(&ms->alive)) {
            ngx_stream_mllp_close(ms);
        }

        return;
    }

    if (ms->closing
        && ms->frame == NULL
        && ms->inflight == 0
        && ms->out == NULL)
    {
        ngx_http_dispatch_forget(&ms->resume);
        ngx_stream_mllp_linger(c);
        return;
    }

    ngx_stream_mllp_rest(ms);
}


static void
ngx_stream_mllp_frames(ngx_stream_mllp_session_t *ms)
{
    ngx_int_t    rc;
    ngx_uint_t   n;

    for (n = 0; !ms->error; n++) {

        if (ngx_stream_mllp_flush(ms) != NGX_OK) {
            ms->error = 1;
            return;
        }

        if (!ngx_stream_mllp_ready(ms)) {
            ngx_stream_mllp_check_peer(ms);
            return;
        }

        if (n == NGX_STREAM_MLLP_TURN) {
            ngx_post_event(&ms->resume, &ngx_posted_next_events);
            return;
        }

        if (ms->frame) {
            (void) ngx_stream_mllp_next_message(ms);
            continue;
        }

        if (ms->closing) {
            ngx_stream_mllp_check_peer(ms);
            return;
        }

        rc = ngx_stream_mllp_read_frame(ms);

        if (rc == NGX_OK) {
            ms->overdue += ngx_stream_mllp_overdue(ms);
        }

        if (rc == NGX_AGAIN) {

            if (ms->eof) {
                ngx_stream_mllp_eof(ms);
                continue;
            }

            if (ms->overdue <= ms->conf->inflight) {
                rc = ngx_stream_mllp_recv(ms);
            }

            if (rc == NGX_OK) {
                ms->progress = 1;
            }
        }

        if (rc == NGX_AGAIN) {

            if (ngx_stream_mllp_overdue(ms)
                && (ms->overdue > ms->conf->inflight
                    || !ngx_mllp_in_frame(&ms->reader)))
            {
                ms->closing = 1;
            }

            return;
        }

        if (rc == NGX_ERROR) {
            ms->error = 1;
            return;
        }
    }
}


/*
 * Back-pressure is not to read: while as many messages as allowed are in
 * flight, acknowledgements wait to be sent, or the worker has no slots for
 * what has been read.
 */

static ngx_uint_t
ngx_stream_mllp_ready(ngx_stream_mllp_session_t *ms)
{
    if (ms->inflight >= ms->conf->inflight || ngx_stream_mllp_out_full(ms)) {
        return 0;
    }

    if ((ms->frame == NULL && !ms->unseen) || ngx_http_dispatch_available()) {
        return 1;
    }

    if (!ms->resume.posted) {
        ngx_http_dispatch_wait(&ms->resume);
    }

    return 0;
}


/* NGX_OK: took something; NGX_AGAIN: more bytes are needed; NGX_ERROR */

static ngx_int_t
ngx_stream_mllp_read_frame(ngx_stream_mllp_session_t *ms)
{
    ngx_int_t          rc;
    ngx_str_t         *name;
    ngx_mllp_frame_t   frame;

    if (ms->in == NULL) {
        return NGX_AGAIN;
    }

    rc = ngx_mllp_read_frame(&ms->reader, &ms->pos, ms->in->last, &frame);

    switch (rc) {

    case NGX_OK:
        ngx_stream_mllp_open_frame(ms, &frame);
        return NGX_OK;

    case NGX_AGAIN:
        ms->unseen = 0;
        return NGX_AGAIN;

    case NGX_DONE:
        ngx_stream_mllp_quarantine(ms, &frame, frame.error);
        return NGX_OK;

    case NGX_DECLINED:

        if (frame.error == NGX_MLLP_TOO_LARGE) {
            ngx_stream_mllp_refuse_frame(ms, &frame, "message is too large");
            ms->closing = 1;

        } else {
            ngx_stream_mllp_refuse_frame(ms, &frame, "damaged MLLP frame");
            ms->closing = (frame.error != NGX_MLLP_FS_IN_DATA);
        }

        return NGX_OK;

    default: /* NGX_ERROR */

        ms->closing = 1;

        (void) ngx_stream_mllp_log_deviations(ms);

        name = &ngx_mllp_deviation_names[frame.error];

        ngx_log_error(NGX_LOG_INFO, ms->connection->log, 0,
                      "client sent no MLLP: \"%V\" at byte %uL",
                      name, frame.offset);

        return NGX_OK;
    }
}


/*
 * A sender that is never quiet would keep a worker from its exit for ever.
 * When the time to be quiet has passed since that began, what the sender has
 * sent is answered, and it has to connect anew: at the first moment when there
 * is no more to read, or after as many messages as may be in flight.
 */

static ngx_uint_t
ngx_stream_mllp_overdue(ngx_stream_mllp_session_t *ms)
{
    static ngx_msec_t  start;

    if (!ngx_exiting) {
        return 0;
    }

    if (start == 0) {
        start = ngx_current_msec;
    }

    return ngx_current_msec - start >= ms->conf->quiet_timeout;
}


static void
ngx_stream_mllp_eof(ngx_stream_mllp_session_t *ms)
{
    ms->closing = 1;

    if (ngx_mllp_read_eof(&ms->reader) != NGX_OK) {
        ngx_log_error(NGX_LOG_WARN, ms->connection->log, 0,
                      "MLLP client closed connection inside a frame");

        ngx_stream_mllp_refuse_partial(ms, "connection closed in the message");
    }

    (void) ngx_stream_mllp_log_deviations(ms);
}


static void
ngx_stream_mllp_timeout(ngx_stream_mllp_session_t *ms)
{
    if (ms->progress || ms->inflight || ms->out) {
        return;
    }

    if (ms->frame || ms->unseen) {

        if (ms->resume.timer_set) {
            ngx_log_error(NGX_LOG_ERR, ms->connection->log, NGX_ETIMEDOUT,
                          "no connection slots for a message of MLLP client");
            ms->error = 1;
        }

        return;
    }

    ms->closing = 1;

    if (ngx_mllp_in_frame(&ms->reader)) {
        ngx_log_error(NGX_LOG_WARN, ms->connection->log, NGX_ETIMEDOUT,
                      "MLLP client timed out inside a frame");

        ngx_stream_mllp_refuse_partial(ms, "timed out in the message");
        return;
    }

    (void) ngx_stream_mllp_log_deviations(ms);

    ngx_log_error(NGX_LOG_INFO, ms->connection->log, 0,
                  "closing idle MLLP connection");
}


/* a frame that will not be complete */

static void
ngx_stream_mllp_refuse_partial(ngx_stream_mllp_session_t *ms,
    const char *text)
{
    ngx_mllp_frame_t  frame;

    if (ms->in == NULL) {

        /* VT was all */
        return;
    }

    ngx_memzero(&frame, sizeof(ngx_mllp_frame_t));

    frame.start = ms->pos;
    frame.end = ms->in->last;
    frame.offset = ms->reader.offset;
    frame.error = NGX_MLLP_DEVIATIONS;

    if (frame.end > frame.start && frame.end[-1] == NGX_MLLP_FS) {

        /* all but CR is there: the sender does not know of it */

        frame.end--;
        frame.error = NGX_MLLP_FS_ONLY;

        ngx_mllp_deviate(&ms->deviations, NGX_MLLP_FS_ONLY,
                         frame.offset + (frame.end - frame.start));
    }

    ngx_stream_mllp_refuse_frame(ms, &frame, text);

    ms->pos = ms->in->last;
}


/* until the next event: what is not needed is freed, a timer is set */

static void
ngx_stream_mllp_rest(ngx_stream_mllp_session_t *ms)
{
    ngx_uint_t         in_frame;
    ngx_msec_t         timeout;
    ngx_connection_t  *c;

    c = ms->connection;

    if (ngx_handle_read_event(c->read, 0) != NGX_OK) {
        ms->error = 1;
        ngx_stream_mllp_wake(ms);
        return;
    }

    in_frame = ngx_mllp_in_frame(&ms->reader);

    c->idle = (!in_frame && !ms->unseen && ms->frame == NULL
               && ms->inflight == 0 && ms->out == NULL);

    if (in_frame) {
        timeout = ms->conf->read_timeout;

    } else if (ngx_exiting && c->idle) {
        timeout = ms->conf->quiet_timeout;

    } else {
        timeout = ms->conf->idle_timeout;
    }

    /*
     * The timer runs all the time and is looked at when it expires: cheaper
     * than to stop it for each message, and an exiting worker waits for it.
     */

    if (ngx_exiting && c->read->timer_set) {

        /* a timer that is set is moved in large steps only */
        ngx_del_timer(c->read);
    }

    if (ms->progress || !c->read->timer_set) {
        ngx_add_timer(c->read, timeout);
    }

    ms->progress = 0;
}


/*
 * Closing with bytes unread would send RST, which may overtake the last
 * acknowledgements: the rest is read first, for a while.
 */

static void
ngx_stream_mllp_cleanup(void *data)
{
    ngx_stream_mllp_session_t *ms = data;

    ngx_queue_t                *q;
    ngx_stream_mllp_message_t  *m;

    ngx_http_dispatch_forget(&ms->resume);

    if (ms->finish.posted) {
        ngx_delete_posted_event(&ms->finish);
    }

    while (!ngx_queue_empty(&ms->messages)) {
        q = ngx_queue_head(&ms->messages);
        m = ngx_queue_data(q, ngx_stream_mllp_message_t, queue);

        ngx_queue_remove(q);
        m->queued = 0;

        ngx_stream_mllp_message_free(m);
    }

    if (ms->frame) {
        ngx_stream_mllp_buf_free(ms->frame);
    }

    if (ms->in) {
        ngx_stream_mllp_buf_free(ms->in);
    }

    if (ms->out) {
        ngx_free(ms->out);
    }

    if (ms->last) {
        ngx_free(ms->last);
    }
}
