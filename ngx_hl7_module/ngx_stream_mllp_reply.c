
#include "ngx_stream_mllp.h"
#include "ngx_http_hl7_module.h"


#define NGX_STREAM_MLLP_TEXT_LEN  64
#define NGX_STREAM_MLLP_OUT_SIZE  1024
#define NGX_STREAM_MLLP_OUT_MORE  4096
#define NGX_STREAM_MLLP_BLOCK     (1 + NGX_MLLP_OVERHEAD)


static void ngx_stream_mllp_status_error(ngx_uint_t status,
    ngx_hl7_error_t *err, u_char *buf);
static void ngx_stream_mllp_acknowledge(ngx_stream_mllp_message_t *m,
    ngx_hl7_outcome_e outcome, ngx_hl7_error_t *error, ngx_str_t *supplied,
    ngx_uint_t commit);
static u_char *ngx_stream_mllp_ack_write(u_char *p,
    ngx_stream_mllp_message_t *m, ngx_hl7_ack_t *ack, ngx_str_t *supplied);
static ngx_int_t ngx_stream_mllp_batch_ack(ngx_stream_mllp_session_t *ms,
    ngx_stream_mllp_message_t *m);
static ngx_int_t ngx_stream_mllp_out(ngx_stream_mllp_session_t *ms,
    u_char *data, size_t len);
static u_char *ngx_stream_mllp_room(ngx_stream_mllp_session_t *ms,
    size_t len);
static u_char *ngx_stream_mllp_block(u_char *p, ngx_uint_t negative);
static ngx_str_t *ngx_stream_mllp_time(void);


void
ngx_stream_mllp_reply_response(ngx_stream_mllp_message_t *m,
    ngx_http_dispatch_t *d)
{
    ngx_str_t          *type;
    ngx_uint_t          commit;
    ngx_hl7_error_t     err, *error;
    ngx_hl7_outcome_e   outcome, supplied;
    u_char              buf[NGX_STREAM_MLLP_TEXT_LEN];

    ngx_memzero(&err, sizeof(ngx_hl7_error_t));

    if (d->status == NGX_HTTP_CLOSE) {
        m->session->closing = 1;

        if (m->batch) {

            /* what a response batch leaves out is accepted */

            ngx_stream_mllp_status_error(d->status, &err, buf);
            ngx_stream_mllp_reply(m, NGX_HL7_OUTCOME_REJECT, &err);
            return;
        }

        m->answered = 1;
        m->negative = 1;
        return;
    }

    outcome = m->session->conf->ack_map[ngx_min(d->status,
                                          NGX_STREAM_MLLP_STATUS_MAX - 1)];

    error = &m->context.error;

    if (error->code == 0 && outcome != NGX_HL7_OUTCOME_ACCEPT) {
        ngx_stream_mllp_status_error(d->status, &err, buf);
        error = &err;
    }

    type = &d->request->headers_out.content_type;

    if (d->body_size && ngx_http_hl7_type(type)) {

        if (d->body_size > d->body.len) {
            err.code = NGX_HL7_INTERNAL_ERROR;
            ngx_str_set(&err.text, "acknowledgement of the backend is too "
                                   "large");

        } else if (ngx_hl7_ack_check(&m->context.message, &d->body,
                                     &supplied, &commit, &err)
                   == NGX_OK)
        {
            if (supplied != NGX_HL7_OUTCOME_ACCEPT
                || outcome == NGX_HL7_OUTCOME_ACCEPT)
            {
                ngx_stream_mllp_acknowledge(m, supplied, NULL, &d->body,
                                            commit);
                return;
            }

            err.code = NGX_HL7_INTERNAL_ERROR;
            ngx_str_set(&err.text, "acknowledgement of the backend is "
                                   "positive, its status is not");
        }

        ngx_log_error(NGX_LOG_ERR, d->connection->log, 0,
                      "acknowledgement of the backend refused: %V", &err.text);

        error = &err;
        outcome = ngx_max(outcome, NGX_HL7_OUTCOME_ERROR);
    }

    ngx_stream_mllp_reply(m, outcome, error);
}


/* a status tells the sender why, in words of ours */

static void
ngx_stream_mllp_status_error(ngx_uint_t status, ngx_hl7_error_t *err,
    u_char *buf)
{
    switch (status) {

    case NGX_HTTP_NOT_FOUND:
    case NGX_HTTP_UNSUPPORTED_MEDIA_TYPE:
        err->code = NGX_HL7_MESSAGE_TYPE;
        break;

    case NGX_HTTP_REQUEST_ENTITY_TOO_LARGE:
        err->code = NGX_HL7_VALUE_TOO_LONG;
        break;

    default:
        err->code = NGX_HL7_INTERNAL_ERROR;
    }

    err->text.data = buf;
    err->text.len = ngx_snprintf(buf, NGX_STREAM_MLLP_TEXT_LEN,
                                 "message refused with status %ui", status)
                    - buf;
}


void
ngx_stream_mllp_reply(ngx_stream_mllp_message_t *m,
    ngx_hl7_outcome_e outcome, ngx_hl7_error_t *error)
{
    ngx_stream_mllp_acknowledge(m, outcome, error, NULL, 0);
}


/*
 * What is owed is made here, but for the one of the kind that the backend has
 * supplied: that is sent as it is.  The message whose turn it is has it
 * written to the bytes to be sent at once, others keep it.
 */

static void
ngx_stream_mllp_acknowledge(ngx_stream_mllp_message_t *m,
    ngx_hl7_outcome_e outcome, ngx_hl7_error_t *error, ngx_str_t *supplied,
    ngx_uint_t commit)
{
    u_char                     *p;
    size_t                      len;
    ngx_uint_t                  owed, next;
    ngx_hl7_ack_t               ack;
    ngx_hl7_message_t          *hl7;
    ngx_stream_mllp_session_t  *ms;
    u_char                      id[NGX_HIE_RANDOM_LEN];

    ms = m->session;
    hl7 = m->context.opened ? &m->context.message : NULL;

    outcome = ngx_hl7_ack_outcome(hl7, outcome);
    owed = ngx_hl7_ack_owed(ms->conf->ack, hl7, outcome);

    if (m->batch && ms->conf->ack == NGX_HL7_ACK_RELEASE2) {

        /* a batch is committed as the one block that it is */
        owed = 0;
    }

    ngx_memzero(&ack, sizeof(ngx_hl7_ack_t));

    ack.message = hl7;
    ack.outcome = outcome;
    ack.error = (outcome == NGX_HL7_OUTCOME_ACCEPT) ? NULL : error;
    ack.control_id.len = NGX_HIE_RANDOM_LEN;
    ack.control_id.data = id;
    ack.time = *ngx_stream_mllp_time();
    ack.clean = !(m->context.deviations & ngx_mllp_bit(NGX_MLLP_FS_IN_DATA));

    len = NGX_STREAM_MLLP_BLOCK
          + 2 * (ngx_hl7_ack_len(&ack) + NGX_MLLP_OVERHEAD);

    if (supplied) {
        len += supplied->len + 1 + NGX_MLLP_OVERHEAD;
    }

    next = !m->batch && ngx_queue_head(&ms->messages) == &m->queue;

    if (next) {
        p = ngx_stream_mllp_room(ms, len);

    } else if (len <= NGX_STREAM_MLLP_ACK_SIZE) {
        p = m->buf;

    } else {
        p = ngx_alloc(len, ms->connection->log);
    }

    if (p == NULL) {

        /* without an answer the sender will send again */

        ms->error = 1;
        m->answered = 1;
        return;
    }

    m->ack = next ? NULL : p;

    if (owed & NGX_HL7_OWED_BLOCK) {
        p = ngx_stream_mllp_block(p, outcome != NGX_HL7_OUTCOME_ACCEPT);
    }

    if (owed & NGX_HL7_OWED_COMMIT) {
        ack.commit = 1;
        p = ngx_stream_mllp_ack_write(p, m, &ack, commit ? supplied : NULL);
    }

    if (owed & NGX_HL7_OWED_APPLICATION) {
        ack.commit = 0;
        p = ngx_stream_mllp_ack_write(p, m, &ack, commit ? NULL : supplied);
    }

    if (next) {
        ms->out_last = p;

    } else {
        m->ack_len = p - m->ack;
    }

    m->negative = (outcome != NGX_HL7_OUTCOME_ACCEPT);
    m->answered = 1;

    ms->last_ack = m->context.ack_code;
}


static u_char *
ngx_stream_mllp_ack_write(u_char *p, ngx_stream_mllp_message_t *m,
    ngx_hl7_ack_t *ack, ngx_str_t *supplied)
{
    ngx_str_t  *code;

    if (!m->batch) {
        *p++ = NGX_MLLP_VT;
    }

    if (supplied) {
        p = ngx_cpymem(p, supplied->data, supplied->len);

        if (p[-1] != CR && p[-1] != LF) {
            *p++ = CR;
        }

    } else {
        (void) ngx_hie_random_hex(ack->control_id.data);

        p = ngx_hl7_ack_write(p, ack);
    }

    if (!m->batch) {
        *p++ = NGX_MLLP_FS;
        *p++ = CR;
    }

    code = &m->context.ack_code;

    if (code->len == 0) {
        code->len = 2;
        code->data = (u_char *) ngx_hl7_ack_code(ack->outcome, ack->commit);

    } else {

        /* both are owed to a message that is accepted only */
        ngx_str_set(code, "CA,AA");
    }

    return p;
}


ngx_int_t
ngx_stream_mllp_flush(ngx_stream_mllp_session_t *ms)
{
    ngx_queue_t                *q;
    ngx_stream_mllp_message_t  *m;

    while (!ngx_queue_empty(&ms->messages)) {

        q = ngx_queue_head(&ms->messages);
        m = ngx_queue_data(q, ngx_stream_mllp_message_t, queue);

        if (!m->answered) {
            break;
        }

        if (m->kind != NGX_STREAM_MLLP_MESSAGE) {
            if (ngx_stream_mllp_batch_ack(ms, m) != NGX_OK) {
                return NGX_ERROR;
            }

        } else {

            if (m->negative) {
                ms->refused++;
                ms->batch_negative++;
            }

            if (m->ack_len) {
                ms->batch_acks++;

                if (ngx_stream_mllp_out(ms, m->ack, m->ack_len) != NGX_OK) {
                    return NGX_ERROR;
                }
            }
        }

        ngx_queue_remove(q);
        m->queued = 0;

        ngx_stream_mllp_message_free(m);
    }

    return NGX_OK;
}


/*
 * The response batch is sent piece by piece, as its messages are answered:
 * it needs no memory of its own.  A release 2 block is answered as a whole.
 */

static ngx_int_t
ngx_stream_mllp_batch_ack(ngx_stream_mllp_session_t *ms,
    ngx_stream_mllp_message_t *m)
{
    u_char      *p;
    size_t       len;
    ngx_str_t    control_id;
    ngx_uint_t   mode;
    u_char       id[NGX_HIE_RANDOM_LEN];

    mode = ms->conf->ack;

    if (mode == NGX_HL7_ACK_NONE
        || (mode == NGX_HL7_ACK_RELEASE2
            && m->kind == NGX_STREAM_MLLP_BATCH_BEGIN))
    {
        ms->batch_acks = 0;
        ms->batch_negative = 0;
        return NGX_OK;
    }

    len = NGX_STREAM_MLLP_BLOCK + NGX_MLLP_OVERHEAD
          + ngx_hl7_batch_ack_len(&m->fhs, &m->bhs);

    p = ngx_alloc(len, ms->connection->log);
    if (p == NULL) {
        return NGX_ERROR;
    }

    m->ack = p;

    if (mode == NGX_HL7_ACK_RELEASE2) {
        p = ngx_stream_mllp_block(p, ms->batch_negative);

    } else if (m->kind == NGX_STREAM_MLLP_BATCH_BEGIN) {

        control_id.len = NGX_HIE_RANDOM_LEN;
        control_id.data = id;
        (void) ngx_hie_random_hex(id);

        *p++ = NGX_MLLP_VT;
        p = ngx_hl7_batch_ack_begin(p, &m->fhs, &m->bhs, &control_id,
                                    ngx_stream_mllp_time());
        ms->batch_acks = 0;
        ms->batch_negative = 0;

    } else {
        p = ngx_hl7_batch_ack_end(p, &m->fhs, &m->bhs, ms->batch_acks);
        *p++ = NGX_MLLP_FS;
        *p++ = CR;
    }

    return ngx_stream_mllp_out(ms, m->ack, p - m->ack);
}


static ngx_int_t
ngx_stream_mllp_out(ngx_stream_mllp_session_t *ms, u_char *data, size_t len)
{
    u_char  *p;

    p = ngx_stream_mllp_room(ms, len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    ms->out_last = ngx_cpymem(p, data, len);

    return NGX_OK;
}


/* where the next bytes to be sent are to be written, or NULL */

static u_char *
ngx_stream_mllp_room(ngx_stream_mllp_session_t *ms, size_t len)
{
    u_char  *p;
    size_t   pending, size;

    if ((size_t) (ms->out_end - ms->out_last) < len) {

        pending = ms->out_last - ms->out_pos;

        /* where there are two, more follow */

        size = pending ? NGX_STREAM_MLLP_OUT_MORE : NGX_STREAM_MLLP_OUT_SIZE;
        size = ngx_max(2 * (pending + len), size);

        p = ngx_alloc(size, ms->connection->log);
        if (p == NULL) {
            return NULL;
        }

        if (ms->out) {
            ngx_memcpy(p, ms->out_pos, pending);
            ngx_free(ms->out);
        }

        ms->out = p;
        ms->out_pos = p;
        ms->out_last = p + pending;
        ms->out_end = p + size;
    }

    return ms->out_last;
}


static u_char *
ngx_stream_mllp_block(u_char *p, ngx_uint_t negative)
{
    *p++ = NGX_MLLP_VT;
    *p++ = negative ? NGX_MLLP_NAK : NGX_MLLP_ACK;
    *p++ = NGX_MLLP_FS;
    *p++ = CR;

    return p;
}


/* MSH-7: local time with its offset, made once a second */

static ngx_str_t *
ngx_stream_mllp_time(void)
{
    ngx_tm_t          tm;
    ngx_int_t         off;
    ngx_time_t       *tp;

    static time_t     sec;
    static u_char     buf[sizeof("19700928120000+0600")];
    static ngx_str_t  time = { sizeof("19700928120000+0600") - 1, buf };

    tp = ngx_timeofday();

    if (tp->sec == sec) {
        return &time;
    }

    off = tp->gmtoff;

    ngx_gmtime(tp->sec + off * 60, &tm);

    (void) ngx_sprintf(buf, "%4d%02d%02d%02d%02d%02d%c%02i%02i",
                       tm.ngx_tm_year, tm.ngx_tm_mon, tm.ngx_tm_mday,
                       tm.ngx_tm_hour, tm.ngx_tm_min, tm.ngx_tm_sec,
                       off < 0 ? '-' : '+', ngx_abs(off) / 60,
                       ngx_abs(off) % 60);

    sec = tp->sec;

    return &time;
}
