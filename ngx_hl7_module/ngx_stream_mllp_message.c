
#include "ngx_stream_mllp.h"
#include "ngx_http_hl7_module.h"


#define NGX_STREAM_MLLP_SPARES  64


static ngx_stream_mllp_message_t *ngx_stream_mllp_message(
    ngx_stream_mllp_session_t *ms, ngx_stream_mllp_buf_t *b,
    ngx_stream_mllp_message_e kind);
static void ngx_stream_mllp_batch(ngx_stream_mllp_session_t *ms,
    ngx_stream_mllp_message_e kind);
static void ngx_stream_mllp_run(ngx_stream_mllp_message_t *m, u_char *start,
    u_char *end);
static ngx_int_t ngx_stream_mllp_open(ngx_stream_mllp_message_t *m,
    u_char *start, u_char *end);
static ngx_int_t ngx_stream_mllp_check(ngx_stream_mllp_message_t *m);
static ngx_int_t ngx_stream_mllp_decline(ngx_stream_mllp_message_t *m,
    ngx_uint_t code, ngx_uint_t field, const char *text);
static ngx_uint_t ngx_stream_mllp_is_id(ngx_str_t *s);
static ngx_int_t ngx_stream_mllp_request(ngx_stream_mllp_message_t *m,
    ngx_http_dispatch_t *d);
static void ngx_stream_mllp_remember(ngx_stream_mllp_session_t *ms,
    ngx_hl7_context_t *ctx);
static void ngx_stream_mllp_header(ngx_http_dispatch_t *d);
static void ngx_stream_mllp_answer(ngx_http_dispatch_t *d);
static void ngx_stream_mllp_closed(ngx_http_dispatch_t *d);


/* of this worker: messages are made and done with all the time */

static ngx_stream_mllp_message_t  *ngx_stream_mllp_spare;
static ngx_uint_t                  ngx_stream_mllp_spares;


static ngx_str_t  ngx_stream_mllp_type = ngx_string(NGX_HL7_CONTENT_TYPE);
static ngx_str_t  ngx_stream_mllp_protocol = ngx_string("MLLP/1.0");

static ngx_http_dispatch_name_t  ngx_stream_mllp_correlation_id =
    ngx_http_dispatch_name("X-Correlation-ID", "x-correlation-id");

static ngx_http_dispatch_name_t  ngx_stream_mllp_traceparent =
    ngx_http_dispatch_name("traceparent", "traceparent");


void
ngx_stream_mllp_open_frame(ngx_stream_mllp_session_t *ms,
    ngx_mllp_frame_t *frame)
{
    ngx_int_t                   rc;
    ngx_hl7_envelope_t         *env;
    ngx_stream_mllp_message_t  *m;

    env = &ms->envelope;

    rc = ngx_hl7_envelope_open(env, frame, ms->conf->tolerate,
                               &ms->deviations);

    if (rc == NGX_OK
        && ngx_max(env->fhs.len, env->bhs.len) > ms->conf->max_header)
    {
        /* they are repeated as well */

        env->error.code = NGX_HL7_VALUE_TOO_LONG;
        env->error.offset = ms->conf->max_header;
        ngx_str_set(&env->error.text, "header segment is too long");

        rc = NGX_DECLINED;
    }

    ms->frame_deviations = ngx_stream_mllp_log_deviations(ms);

    if (rc != NGX_OK) {
        ngx_log_error(NGX_LOG_WARN, ms->connection->log, 0,
                      "MLLP frame refused: %V at byte %uL",
                      &env->error.text,
                      frame->offset + env->error.offset);

        ngx_stream_mllp_quarantine(ms, frame, env->deviation);

        m = ngx_stream_mllp_message(ms, ms->in, NGX_STREAM_MLLP_MESSAGE);
        if (m == NULL) {
            return;
        }

        (void) ngx_stream_mllp_open(m, env->start, env->end);

        ngx_stream_mllp_reply(m, env->deviation == NGX_MLLP_UTF16
                                 ? NGX_HL7_OUTCOME_REJECT
                                 : NGX_HL7_OUTCOME_ERROR,
                              &env->error);
        return;
    }

    if (env->kind == NGX_HL7_BLOCK_ACK) {

        /* the peer's answer to a block of ours: nothing is owed for it */

        if (*env->start == NGX_MLLP_NAK) {
            ngx_log_error(NGX_LOG_WARN, ms->connection->log, 0,
                          "MLLP client did not commit an acknowledgement");
        }

        return;
    }

    ms->frame = ms->in;
    ms->frame->refs++;

    if (env->kind == NGX_HL7_BATCH) {

        if (env->declared >= 0 && (ngx_uint_t) env->declared != env->messages)
        {
            ngx_log_error(NGX_LOG_WARN, ms->connection->log, 0,
                          "HL7 batch of %ui messages declares %i",
                          env->messages, env->declared);
        }

        ngx_stream_mllp_batch(ms, NGX_STREAM_MLLP_BATCH_BEGIN);
    }
}


ngx_int_t
ngx_stream_mllp_next_message(ngx_stream_mllp_session_t *ms)
{
    u_char                     *start, *end;
    ngx_stream_mllp_message_t  *m;

    if (ngx_hl7_envelope_next(&ms->envelope, &start, &end) == NGX_OK) {

        m = ngx_stream_mllp_message(ms, ms->frame, NGX_STREAM_MLLP_MESSAGE);
        if (m == NULL) {
            return NGX_ERROR;
        }

        ngx_stream_mllp_run(m, start, end);

        if (ms->envelope.kind != NGX_HL7_SINGLE) {
            return NGX_OK;
        }
    }

    if (ms->envelope.kind == NGX_HL7_BATCH) {
        ngx_stream_mllp_batch(ms, NGX_STREAM_MLLP_BATCH_END);
    }

    ngx_stream_mllp_buf_free(ms->frame);
    ms->frame = NULL;

    return NGX_DONE;
}


void
ngx_stream_mllp_refuse_frame(ngx_stream_mllp_session_t *ms,
    ngx_mllp_frame_t *frame, const char *text)
{
    ngx_hl7_error_t             err;
    ngx_stream_mllp_message_t  *m;

    if (frame->error < NGX_MLLP_DEVIATIONS) {
        ngx_log_error(NGX_LOG_WARN, ms->connection->log, 0,
                      "MLLP frame refused: %s, \"%V\", frame at byte %uL",
                      text, &ngx_mllp_deviation_names[frame->error],
                      frame->offset);
    }

    ngx_stream_mllp_quarantine(ms, frame, frame->error);

    m = ngx_stream_mllp_message(ms, ms->in, NGX_STREAM_MLLP_MESSAGE);
    if (m == NULL) {
        return;
    }

    m->context.deviations = ngx_stream_mllp_log_deviations(ms);

    /* without MSH there is nobody to be answered */

    if (ngx_stream_mllp_open(m, frame->start, frame->end) != NGX_OK) {
        m->answered = 1;
        m->negative = 1;
        return;
    }

    ngx_memzero(&err, sizeof(ngx_hl7_error_t));

    err.code = NGX_HL7_INTERNAL_ERROR;
    err.text.len = ngx_strlen(text);
    err.text.data = (u_char *) text;
    err.offset = frame->end - frame->start;

    ngx_stream_mllp_reply(m, NGX_HL7_OUTCOME_REJECT, &err);
}


/* an entry in the order of receipt; a failure ends the connection */

static ngx_stream_mllp_message_t *
ngx_stream_mllp_message(ngx_stream_mllp_session_t *ms,
    ngx_stream_mllp_buf_t *b, ngx_stream_mllp_message_e kind)
{
    ngx_hl7_context_t          *ctx;
    ngx_stream_mllp_message_t  *m;

    m = ngx_stream_mllp_spare;

    if (m) {
        ngx_stream_mllp_spare = m->next;
        ngx_stream_mllp_spares--;

    } else {
        m = ngx_alloc(sizeof(ngx_stream_mllp_message_t), ms->connection->log);
        if (m == NULL) {
            ms->error = 1;
            return NULL;
        }
    }

    m->session = ms;
    m->kind = kind;
    m->buffer = b;
    b->refs++;

    m->dispatch = NULL;
    m->ack = NULL;
    m->ack_len = 0;
    m->answered = 0;
    m->negative = 0;
    m->batch = 0;

    /* the rest of the context is what is opened, and nothing before */

    ctx = &m->context;

    ctx->charset = ms->conf->charset;
    ctx->pool = NULL;
    ctx->size = 0;
    ctx->deviations = ms->frame_deviations;
    ctx->connection = ms->connection;
    ctx->opened = 0;
    ctx->indexed = 0;

    ngx_str_null(&ctx->ack_code);
    ngx_str_null(&ctx->id.correlation_id);
    ngx_str_null(&ctx->id.traceparent);
    ngx_memzero(&ctx->error, sizeof(ngx_hl7_error_t));

    ngx_queue_insert_tail(&ms->messages, &m->queue);
    m->queued = 1;

    ms->inflight++;

    if (kind == NGX_STREAM_MLLP_MESSAGE) {
        ms->received++;
        m->batch = (ms->frame && ms->envelope.kind == NGX_HL7_BATCH);
    }

    return m;
}


void
ngx_stream_mllp_message_free(ngx_stream_mllp_message_t *m)
{
    if (m->queued || m->dispatch) {
        return;
    }

    m->session->inflight--;

    ngx_stream_mllp_buf_free(m->buffer);

    if (m->ack && m->ack != m->buf) {
        ngx_free(m->ack);
    }

#if !(NGX_DEBUG_PALLOC)

    if (ngx_stream_mllp_spares < NGX_STREAM_MLLP_SPARES) {
        m->next = ngx_stream_mllp_spare;
        ngx_stream_mllp_spare = m;
        ngx_stream_mllp_spares++;
        return;
    }

#endif

    ngx_free(m);
}


/* what a batch is answered with before and after its messages' answers */

static void
ngx_stream_mllp_batch(ngx_stream_mllp_session_t *ms,
    ngx_stream_mllp_message_e kind)
{
    ngx_stream_mllp_message_t  *m;

    m = ngx_stream_mllp_message(ms, ms->frame, kind);
    if (m == NULL) {
        return;
    }

    m->fhs = ms->envelope.fhs;
    m->bhs = ms->envelope.bhs;
    m->answered = 1;
}


static void
ngx_stream_mllp_run(ngx_stream_mllp_message_t *m, u_char *start, u_char *end)
{
    ngx_hl7_context_t          *ctx;
    ngx_http_dispatch_t        *d;
    ngx_stream_mllp_session_t  *ms;

    ms = m->session;
    ctx = &m->context;

    if (ngx_stream_mllp_open(m, start, end) != NGX_OK
        || ngx_stream_mllp_check(m) != NGX_OK)
    {
        ngx_log_error(NGX_LOG_WARN, ms->connection->log, 0,
                      "HL7 message refused: %V at byte %uz of the message",
                      &ctx->error.text, ctx->error.offset);

        ngx_stream_mllp_reply(m, ctx->error.code == NGX_HL7_MESSAGE_TYPE
                                 || ctx->error.code == NGX_HL7_EVENT_CODE
                                 ? NGX_HL7_OUTCOME_REJECT
                                 : NGX_HL7_OUTCOME_ERROR,
                              &ctx->error);
        return;
    }

    d = ngx_http_dispatch_create(ms->connection, ms->conf->server);

    if (d && ngx_stream_mllp_request(m, d) == NGX_OK) {
        ngx_http_dispatch_run(d);
        return;
    }

    if (ctx->error.code == 0) {
        ctx->error.code = NGX_HL7_INTERNAL_ERROR;
        ngx_str_set(&ctx->error.text, "no resources, try again later");
    }

    ngx_stream_mllp_reply(m, NGX_HL7_OUTCOME_REJECT, &ctx->error);
}


/*
 * Opens the message.  Acknowledgements repeat fields of MSH: one that is over
 * the bound counts as one that cannot be read.
 */

static ngx_int_t
ngx_stream_mllp_open(ngx_stream_mllp_message_t *m, u_char *start, u_char *end)
{
    ngx_hl7_error_t    *err;
    ngx_hl7_context_t  *ctx;

    ctx = &m->context;

    if (ngx_hl7_context_open(ctx, start, end) != NGX_OK) {
        return NGX_DECLINED;
    }

    if (ctx->message.header <= m->session->conf->max_header) {
        return NGX_OK;
    }

    ctx->opened = 0;

    err = &ctx->error;

    ngx_memzero(err, sizeof(ngx_hl7_error_t));
    ngx_memcpy(err->segment, "MSH", 4);

    err->code = NGX_HL7_VALUE_TOO_LONG;
    err->occurrence = 1;
    err->offset = m->session->conf->max_header;
    ngx_str_set(&err->text, "header segment is too long");

    return NGX_DECLINED;
}


/*
 * What every message must have to be routed and acknowledged.  The type and
 * the event become a path: they are the letters, digits and "_" that HL7
 * codes are made of, or the message is refused.
 */

static ngx_int_t
ngx_stream_mllp_check(ngx_stream_mllp_message_t *m)
{
    ngx_str_t           value;
    ngx_hl7_message_t  *hl7;

    hl7 = &m->context.message;

    if (ngx_hl7_msh(hl7, 10, 0, &value) != NGX_HL7_VALUED) {
        return ngx_stream_mllp_decline(m, NGX_HL7_REQUIRED_FIELD, 10,
                                       "message control id is missing");
    }

    m->route = ngx_stream_mllp_known(m->session, hl7);

    if (m->route) {
        return NGX_OK;
    }

    if (ngx_hl7_msh(hl7, 9, 1, &value) != NGX_HL7_VALUED) {
        return ngx_stream_mllp_decline(m, NGX_HL7_MESSAGE_TYPE, 9,
                                       "message type is missing");
    }

    if (!ngx_stream_mllp_is_id(&value)) {
        return ngx_stream_mllp_decline(m, NGX_HL7_MESSAGE_TYPE, 9,
                                       "message type is not a code");
    }

    if (ngx_hl7_msh(hl7, 9, 2, &value) == NGX_HL7_VALUED
        && !ngx_stream_mllp_is_id(&value))
    {
        return ngx_stream_mllp_decline(m, NGX_HL7_EVENT_CODE, 9,
                                       "trigger event is not a code");
    }

    if (ngx_hl7_msh(hl7, 9, 3, &value) == NGX_HL7_VALUED
        && !ngx_stream_mllp_is_id(&value))
    {
        return ngx_stream_mllp_decline(m, NGX_HL7_MESSAGE_TYPE, 9,
                                       "message structure is not a code");
    }

    return NGX_OK;
}


static ngx_int_t
ngx_stream_mllp_decline(ngx_stream_mllp_message_t *m, ngx_uint_t code,
    ngx_uint_t field, const char *text)
{
    ngx_hl7_error_t  *err;

    err = &m->context.error;

    ngx_memzero(err, sizeof(ngx_hl7_error_t));
    ngx_memcpy(err->segment, "MSH", 4);

    err->code = code;
    err->text.len = ngx_strlen(text);
    err->text.data = (u_char *) text;
    err->occurrence = 1;
    err->field = field;
    err->offset = m->context.message.msh[field].start;

    return NGX_DECLINED;
}


static ngx_uint_t
ngx_stream_mllp_is_id(ngx_str_t *s)
{
    size_t  i;
    u_char  c;

    static uint32_t  id[] = {
        0x00000000, 0x03ff0000,            /* 0-9 */
        0x87fffffe, 0x07fffffe,            /* A-Z _ a-z */
        0, 0, 0, 0
    };

    for (i = 0; i < s->len; i++) {
        c = s->data[i];

        if (!(id[c >> 5] & (1U << (c & 0x1f)))) {
            return 0;
        }
    }

    return 1;
}


/* NGX_ERROR: "d" is gone */

static ngx_int_t
ngx_stream_mllp_request(ngx_stream_mllp_message_t *m, ngx_http_dispatch_t *d)
{
    ngx_int_t                   rc;
    ngx_str_t                   uri, args;
    ngx_hl7_context_t          *ctx;
    ngx_stream_mllp_session_t  *ms;

    ms = m->session;
    ctx = &m->context;

    ctx->pool = d->pool;

    ngx_stream_mllp_remember(ms, ctx);

    ms->context = ctx;
    rc = ngx_stream_mllp_uri(m, d->pool, &uri, &args);
    ms->context = NULL;

    if (rc != NGX_OK) {
        ngx_http_dispatch_cancel(d);
        return NGX_ERROR;
    }

    ngx_hie_id_make(&ctx->id, NULL, NULL);

    d->plain = (m->route != NULL);

    d->header = ngx_stream_mllp_header;
    d->answer = ngx_stream_mllp_answer;
    d->closed = ngx_stream_mllp_closed;
    d->data = m;
    d->context = ctx;
    d->connection->requests = ms->received - 1;

    if (ngx_http_dispatch_request(d, &uri, &args, &ngx_stream_mllp_type,
                                  &ngx_stream_mllp_protocol,
                                  ctx->message.start, ctx->message.end)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (ngx_http_dispatch_header(d, &ngx_stream_mllp_correlation_id,
                                 &ctx->id.correlation_id)
        != NGX_OK
        || ngx_http_dispatch_header(d, &ngx_stream_mllp_traceparent,
                                    &ctx->id.traceparent)
           != NGX_OK)
    {
        ngx_http_dispatch_cancel(d);
        return NGX_ERROR;
    }

    m->dispatch = d;
    ngx_queue_insert_tail(&ms->alive, &m->alive);

    return NGX_OK;
}


/* the log of the connection is written when the message is long gone */

static void
ngx_stream_mllp_remember(ngx_stream_mllp_session_t *ms,
    ngx_hl7_context_t *ctx)
{
    ngx_hl7_message_t  *hl7;

    if (ms->last == NULL) {
        ms->last = ngx_alloc(NGX_STREAM_MLLP_LAST_MAX, ms->connection->log);
        if (ms->last == NULL) {
            return;
        }
    }

    hl7 = &ctx->message;

    ms->last_len = ngx_min(hl7->header, NGX_STREAM_MLLP_LAST_MAX);
    ngx_memcpy(ms->last, hl7->start, ms->last_len);

    ms->last_size = hl7->end - hl7->start;
}


void
ngx_stream_mllp_quarantine(ngx_stream_mllp_session_t *ms,
    ngx_mllp_frame_t *frame, ngx_mllp_deviation_e deviation)
{
    if (ms->conf->quarantine) {
        ngx_mllp_quarantine_put(ms->conf->quarantine, ms->connection,
                                frame->start, frame->end - frame->start,
                                deviation);
    }
}


/* an acknowledgement of the backend's own is kept, other bodies are not */

static void
ngx_stream_mllp_header(ngx_http_dispatch_t *d)
{
    ngx_stream_mllp_message_t *m = d->data;

    if (ngx_http_hl7_type(&d->request->headers_out.content_type)) {
        d->capture = m->session->conf->ack_max_size;
    }
}


static void
ngx_stream_mllp_answer(ngx_http_dispatch_t *d)
{
    ngx_stream_mllp_message_t *m = d->data;

    ngx_stream_mllp_reply_response(m, d);
    ngx_stream_mllp_wake(m->session);
}


static void
ngx_stream_mllp_closed(ngx_http_dispatch_t *d)
{
    ngx_stream_mllp_message_t *m = d->data;

    ngx_stream_mllp_session_t  *ms;

    ms = m->session;

    ngx_queue_remove(&m->alive);
    m->dispatch = NULL;

    /* the index and the ids were in its pool */
    m->context.pool = NULL;

    ngx_stream_mllp_message_free(m);
    ngx_stream_mllp_wake(ms);
}


void
ngx_stream_mllp_abort(ngx_stream_mllp_session_t *ms)
{
    ngx_queue_t                *q, queue;
    ngx_stream_mllp_message_t  *m;

    if (ms->aborted || ngx_queue_empty(&ms->alive)) {
        return;
    }

    ms->aborted = 1;

    /* each ends at once or later, and leaves the queue when it has ended */

    ngx_queue_init(&queue);
    ngx_queue_add(&queue, &ms->alive);
    ngx_queue_init(&ms->alive);

    while (!ngx_queue_empty(&queue)) {
        q = ngx_queue_head(&queue);
        ngx_queue_remove(q);
        ngx_queue_insert_tail(&ms->alive, q);

        m = ngx_queue_data(q, ngx_stream_mllp_message_t, alive);
        ngx_http_dispatch_abort(m->dispatch);
    }
}


uint32_t
ngx_stream_mllp_log_deviations(ngx_stream_mllp_session_t *ms)
{
    u_char                 *p, *last;
    uint32_t                set;
    ngx_uint_t              i, level;
    ngx_mllp_deviations_t  *d;
    u_char                  buf[NGX_MLLP_DEVIATIONS
                                * (20 + 2 * NGX_INT64_LEN)];

    d = &ms->deviations;
    set = d->set;

    if (set == 0) {
        return 0;
    }

    p = buf;
    last = buf + sizeof(buf);

    for (i = 0; i < NGX_MLLP_DEVIATIONS; i++) {
        if (set & ngx_mllp_bit(i)) {
            p = ngx_slprintf(p, last, "%s%V x%uD at byte %uL",
                             p == buf ? "" : ", ",
                             &ngx_mllp_deviation_names[i], d->count[i],
                             d->offset[i]);
        }
    }

    /*
     * A sender does it with each message: once is a warning.  Who ends
     * without a message is no sender, but speaks another protocol.
     */

    level = (ms->received == 0 && ms->closing) || !(set & ~ms->seen)
            ? NGX_LOG_INFO : NGX_LOG_WARN;

    ngx_log_error(level, ms->connection->log, 0, "MLLP deviations: %*s",
                  (size_t) (p - buf), buf);

    ms->seen |= set;
    d->set = 0;

    return set;
}
