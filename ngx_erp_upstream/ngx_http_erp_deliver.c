
/*
 * The frame of an attempt to deliver: a lease of the store is copied and
 * becomes one, and what came of it is told to the store.
 */

#include "ngx_http_erp_deliver.h"

#include <openssl/evp.h>


#define NGX_HTTP_ERP_POOL_SIZE  4096
#define NGX_HTTP_ERP_AGAIN      1000     /* ms, without memory for SETTLE */
#define NGX_HTTP_ERP_KEY_BYTES  16       /* of a hash as the key */


static ngx_http_erp_uri_t *ngx_http_erp_deliver_dest(ngx_str_t *uri);
static ngx_int_t ngx_http_erp_deliver_copy(ngx_http_erp_delivery_t *d,
    ngx_erp_lease_t *lease);
static ngx_int_t ngx_http_erp_deliver_key(ngx_http_erp_delivery_t *d);
static u_char *ngx_http_erp_deliver_uuid(u_char *p, u_char *bytes);
static ngx_int_t ngx_http_erp_deliver_headers(ngx_http_erp_delivery_t *d);
static ngx_int_t ngx_http_erp_deliver_header(ngx_http_erp_delivery_t *d,
    ngx_http_dispatch_name_t *name, ngx_str_t *value);
static void ngx_http_erp_deliver_start(ngx_event_t *ev);

static void ngx_http_erp_deliver_fill(ngx_http_erp_delivery_t *d,
    ngx_uint_t sent);
static void ngx_http_erp_deliver_stored(ngx_erp_question_t *q);
static void ngx_http_erp_deliver_log(ngx_http_erp_delivery_t *d);
static void ngx_http_erp_deliver_settle(ngx_event_t *ev);
static void ngx_http_erp_deliver_settled(ngx_erp_question_t *q);


static ngx_http_dispatch_name_t  ngx_http_erp_correlation_id =
    ngx_http_dispatch_name("X-Correlation-ID", "x-correlation-id");
static ngx_http_dispatch_name_t  ngx_http_erp_traceparent =
    ngx_http_dispatch_name("traceparent", "traceparent");

static ngx_str_t  ngx_http_erp_json_type = ngx_string("application/json");

/* by ngx_erp_outcome_e; 0: no attempt was made */

static const char  *ngx_http_erp_outcomes[] = {
    "given back", "done", "retry", "down", "unknown", "bad"
};


ngx_int_t
ngx_http_erp_deliver(void *data, ngx_erp_lease_t *lease)
{
    ngx_pool_t               *pool;
    ngx_time_t               *tp;
    ngx_http_erp_uri_t       *dest;
    ngx_http_erp_delivery_t  *d;

    dest = ngx_http_erp_deliver_dest(&lease->destination);

    if (dest == NULL) {
        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                      "erp delivery %uL: there is no destination \"%V\"",
                      lease->delivery, &lease->destination);
        return NGX_ERROR;
    }

    pool = ngx_create_pool(NGX_HTTP_ERP_POOL_SIZE, ngx_cycle->log);
    if (pool == NULL) {
        return NGX_ERROR;
    }

    d = ngx_pcalloc(pool, sizeof(ngx_http_erp_delivery_t));
    if (d == NULL) {
        goto failed;
    }

    tp = ngx_timeofday();

    d->pool = pool;
    d->dest = dest;
    d->started = (uint64_t) tp->sec * 1000 + tp->msec;
    d->start = ngx_current_msec;

    if (ngx_http_erp_deliver_copy(d, lease) != NGX_OK
        || ngx_http_erp_deliver_key(d) != NGX_OK
        || ngx_http_erp_deliver_headers(d) != NGX_OK
        || ngx_array_init(&d->results, pool, 4, sizeof(ngx_http_erp_value_t))
           != NGX_OK)
    {
        goto failed;
    }

    d->step = lease->step;

    /* the client is told first that it is in flight */

    d->event.handler = ngx_http_erp_deliver_start;
    d->event.data = d;
    d->event.log = ngx_cycle->log;

    ngx_post_event(&d->event, &ngx_posted_events);

    return NGX_OK;

failed:

    ngx_destroy_pool(pool);

    return NGX_ERROR;
}


static ngx_http_erp_uri_t *
ngx_http_erp_deliver_dest(ngx_str_t *uri)
{
    ngx_uint_t                 i;
    ngx_http_erp_uri_t       **dest;
    ngx_http_erp_main_conf_t  *emcf;

    emcf = ngx_http_cycle_get_module_main_conf(ngx_cycle,
                                               ngx_http_erp_module);
    if (emcf == NULL) {
        return NULL;
    }

    dest = emcf->dests.elts;

    for (i = 0; i < emcf->dests.nelts; i++) {

        if (dest[i]->uri.len == uri->len
            && ngx_strncmp(dest[i]->uri.data, uri->data, uri->len) == 0)
        {
            return dest[i];
        }
    }

    return NULL;
}


static ngx_int_t
ngx_http_erp_deliver_copy(ngx_http_erp_delivery_t *d, ngx_erp_lease_t *lease)
{
    u_char      *p;
    size_t       len;
    ngx_str_t   *s;
    ngx_uint_t   i;

    static const size_t  strings[] = {
        offsetof(ngx_erp_lease_t, destination),
        offsetof(ngx_erp_lease_t, order),
        offsetof(ngx_erp_lease_t, key),
        offsetof(ngx_erp_lease_t, object_type),
        offsetof(ngx_erp_lease_t, object_key),
        offsetof(ngx_erp_lease_t, correlation_id),
        offsetof(ngx_erp_lease_t, traceparent),
        offsetof(ngx_erp_lease_t, results),
        offsetof(ngx_erp_lease_t, body)
    };

    d->lease = *lease;

    len = 1;

    for (i = 0; i < sizeof(strings) / sizeof(strings[0]); i++) {
        s = (ngx_str_t *) ((char *) &d->lease + strings[i]);
        len += s->len;
    }

    p = ngx_pnalloc(d->pool, len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; i < sizeof(strings) / sizeof(strings[0]); i++) {
        s = (ngx_str_t *) ((char *) &d->lease + strings[i]);

        if (s->len) {
            ngx_memcpy(p, s->data, s->len);
        }

        s->data = p;
        p += s->len;
    }

    /* what was not mapped has a media type as its type */

    d->type = ngx_http_erp_json_type;

    if (ngx_strlchr(d->lease.object_type.data,
                    d->lease.object_type.data + d->lease.object_type.len, '/'))
    {
        d->type = d->lease.object_type;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_erp_deliver_key(ngx_http_erp_delivery_t *d)
{
    u_char              hash[EVP_MAX_MD_SIZE], *p;
    ngx_http_erp_key_e  format;

    format = d->dest->conf->idempotency->format;

    if (format == NGX_HTTP_ERP_KEY_TEXT || d->lease.key.len == 0) {
        d->key = d->lease.key;
        return NGX_OK;
    }

    if (EVP_Digest(d->lease.key.data, d->lease.key.len, hash, NULL,
                   EVP_sha256(), NULL)
        != 1)
    {
        return NGX_ERROR;
    }

    p = ngx_pnalloc(d->pool, 2 * NGX_HTTP_ERP_KEY_BYTES + 4);
    if (p == NULL) {
        return NGX_ERROR;
    }

    d->key.data = p;

    if (format == NGX_HTTP_ERP_KEY_UUID) {
        p = ngx_http_erp_deliver_uuid(p, hash);

    } else {
        p = ngx_hex_dump(p, hash, NGX_HTTP_ERP_KEY_BYTES);
    }

    d->key.len = p - d->key.data;

    return NGX_OK;
}


/* RFC 9562 §5.8: version 8 is a hash of one's own choice */

static u_char *
ngx_http_erp_deliver_uuid(u_char *p, u_char *bytes)
{
    ngx_uint_t  i;

    bytes[6] = 0x80 | (bytes[6] & 0x0f);
    bytes[8] = 0x80 | (bytes[8] & 0x3f);

    for (i = 0; i < NGX_HTTP_ERP_KEY_BYTES; i++) {

        if (i == 4 || i == 6 || i == 8 || i == 10) {
            *p++ = '-';
        }

        p = ngx_hex_dump(p, bytes + i, 1);
    }

    return p;
}


static ngx_int_t
ngx_http_erp_deliver_headers(ngx_http_erp_delivery_t *d)
{
    ngx_str_t                    value;
    ngx_http_erp_idempotency_t  *idempotency;

    if (ngx_array_init(&d->headers, d->pool, 8, sizeof(ngx_erp_header_t))
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    /* the trace of the message, a span of this attempt */

    ngx_hie_id_make(&d->id, &d->lease.correlation_id, &d->lease.traceparent);

    d->traceparent = d->id.traceparent;

    if (ngx_http_erp_deliver_header(d, &ngx_http_erp_correlation_id,
                                    &d->id.correlation_id)
        != NGX_OK
        || ngx_http_erp_deliver_header(d, &ngx_http_erp_traceparent,
                                       &d->traceparent)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    idempotency = d->dest->conf->idempotency;

    if (d->key.len
        && ngx_http_erp_deliver_header(d, &idempotency->key.name, &d->key)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (idempotency->created.name.key.len) {
        value.data = ngx_pnalloc(d->pool,
                                 sizeof("Mon, 28 Sep 1970 06:00:00 GMT") - 1);
        if (value.data == NULL) {
            return NGX_ERROR;
        }

        value.len = ngx_http_time(value.data, d->lease.created / 1000)
                    - value.data;

        if (ngx_http_erp_deliver_header(d, &idempotency->created.name, &value)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    ngx_str_set(&value, "true");

    return ngx_http_erp_deliver_header(d, &idempotency->upsert.name, &value);
}


/* a header without a name is not configured */

static ngx_int_t
ngx_http_erp_deliver_header(ngx_http_erp_delivery_t *d,
    ngx_http_dispatch_name_t *name, ngx_str_t *value)
{
    ngx_erp_header_t  *h;

    if (name->key.len == 0) {
        return NGX_OK;
    }

    h = ngx_array_push(&d->headers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    h->name = *name;
    h->value = *value;

    return NGX_OK;
}


static void
ngx_http_erp_deliver_start(ngx_event_t *ev)
{
    ngx_http_erp_attempt(ev->data);
}


void
ngx_http_erp_deliver_step(ngx_http_erp_delivery_t *d)
{
    d->settle.outcome = NGX_ERP_DONE;

    ngx_http_erp_deliver_fill(d, 0);

    ngx_memzero(&d->question, sizeof(ngx_erp_question_t));

    d->question.handler = ngx_http_erp_deliver_stored;
    d->question.data = d;

    if (ngx_erp_client_ask(ngx_http_erp_client, NGX_ERP_STEP, &d->settle,
                           &d->question)
        != NGX_OK)
    {
        ngx_http_erp_attempt_stored(d, NGX_ERROR);
    }
}


static void
ngx_http_erp_deliver_stored(ngx_erp_question_t *q)
{
    ngx_http_erp_attempt_stored(q->data, q->rc);
}


static void
ngx_http_erp_deliver_fill(ngx_http_erp_delivery_t *d, ngx_uint_t sent)
{
    ngx_erp_settle_t  *s;

    s = &d->settle;

    s->delivery = d->lease.delivery;
    s->attempt = d->lease.attempt;
    s->started = d->started;
    s->took = (ngx_msec_t) (ngx_current_msec - d->start);
    s->step = d->step;

    if (ngx_http_erp_results_print(d, sent, &s->results) != NGX_OK) {

        /* what is in the store stays as it is */
        ngx_str_null(&s->results);
    }
}


void
ngx_http_erp_deliver_end(ngx_http_erp_delivery_t *d)
{
    ngx_http_erp_deliver_fill(d, d->sent && d->settle.outcome != NGX_ERP_DONE
                                 && ngx_http_erp_attempt_probes(d));

    ngx_http_erp_deliver_log(d);

    d->event.handler = ngx_http_erp_deliver_settle;

    ngx_http_erp_deliver_settle(&d->event);
}


/* neither the message of the ERP nor what was sent: they tell of patients */

static void
ngx_http_erp_deliver_log(ngx_http_erp_delivery_t *d)
{
    u_char             buf[NGX_INT64_LEN], *p;
    ngx_str_t          status;
    ngx_uint_t         level;
    ngx_erp_settle_t  *s;

    s = &d->settle;

    level = (s->outcome == NGX_ERP_BAD) ? NGX_LOG_ERR : NGX_LOG_INFO;

    switch (s->status) {

    case NGX_ERP_STATUS_CONNECT:
        ngx_str_set(&status, "connect");
        break;

    case NGX_ERP_STATUS_TIMEOUT:
        ngx_str_set(&status, "timeout");
        break;

    default:
        p = ngx_sprintf(buf, "%uL", s->status);
        status.data = buf;
        status.len = p - buf;
    }

    ngx_log_error(level, ngx_cycle->log, 0,
                  "erp delivery %uL to \"%V\", attempt %uL: %s, status %V, "
                  "step %uL, %uL ms, correlation id: \"%V\"",
                  s->delivery, &d->dest->uri, s->attempt,
                  ngx_http_erp_outcomes[s->outcome], &status, s->step,
                  s->took, &d->id.correlation_id);
}


/* the store has to know: it would wait for the end of this worker */

static void
ngx_http_erp_deliver_settle(ngx_event_t *ev)
{
    ngx_http_erp_delivery_t *d = ev->data;

    ngx_memzero(&d->question, sizeof(ngx_erp_question_t));

    d->question.handler = ngx_http_erp_deliver_settled;
    d->question.data = d;

    if (ngx_erp_client_ask(ngx_http_erp_client, NGX_ERP_SETTLE, &d->settle,
                           &d->question)
        != NGX_OK)
    {
        ngx_add_timer(&d->event, NGX_HTTP_ERP_AGAIN);
    }
}


static void
ngx_http_erp_deliver_settled(ngx_erp_question_t *q)
{
    ngx_http_erp_delivery_t *d = q->data;

    ngx_destroy_pool(d->pool);
}
