
/*
 * The course of an attempt: is it in effect already, then a step after the
 * other; credentials before each call, and what its answer means after it.
 */

#include "ngx_http_erp_deliver.h"
#include "ngx_http_canonical_module.h"


#define NGX_HTTP_ERP_LOGIN      "login failed: "
#define NGX_HTTP_ERP_NO_RESULT  "no result \"%V\" in the answer"


static ngx_http_erp_step_t *ngx_http_erp_attempt_step(
    ngx_http_erp_delivery_t *d);
static ngx_http_erp_uri_t *ngx_http_erp_attempt_uri(
    ngx_http_erp_delivery_t *d);
static ngx_uint_t ngx_http_erp_attempt_more(ngx_http_erp_delivery_t *d);
static ngx_http_erp_idempotency_t *ngx_http_erp_attempt_own(
    ngx_http_erp_delivery_t *d);

static void ngx_http_erp_attempt_begin(ngx_http_erp_delivery_t *d);
static ngx_uint_t ngx_http_erp_attempt_again(ngx_http_erp_delivery_t *d);
static void ngx_http_erp_attempt_first(ngx_http_erp_delivery_t *d);
static void ngx_http_erp_attempt_send(ngx_http_erp_delivery_t *d);

static void ngx_http_erp_attempt_go(ngx_http_erp_delivery_t *d,
    ngx_http_erp_at_e at, ngx_http_erp_uri_t *uri);
static void ngx_http_erp_attempt_login(ngx_http_erp_delivery_t *d);
static void ngx_http_erp_attempt_auth(ngx_erp_auth_wait_t *w);
static void ngx_http_erp_attempt_refused(ngx_http_erp_delivery_t *d);
static void ngx_http_erp_attempt_call(ngx_http_erp_delivery_t *d);
static ngx_array_t *ngx_http_erp_attempt_headers(ngx_http_erp_delivery_t *d);
static void ngx_http_erp_attempt_called(ngx_erp_call_t *call);
static ngx_uint_t ngx_http_erp_attempt_renew(ngx_http_erp_delivery_t *d);

static void ngx_http_erp_attempt_probed(ngx_http_erp_delivery_t *d,
    ngx_erp_verdict_t *verdict);
static ngx_int_t ngx_http_erp_attempt_found(ngx_http_erp_delivery_t *d);
static void ngx_http_erp_attempt_done(ngx_http_erp_delivery_t *d);
static void ngx_http_erp_attempt_failed(ngx_http_erp_delivery_t *d,
    ngx_erp_verdict_t *verdict);
static ngx_http_erp_on_error_t *ngx_http_erp_attempt_on_error(
    ngx_http_erp_delivery_t *d);

static void ngx_http_erp_attempt_note(ngx_http_erp_delivery_t *d,
    ngx_uint_t outcome, ngx_uint_t status, const char *message);
static void ngx_http_erp_attempt_retry_after(ngx_http_erp_delivery_t *d,
    ngx_str_t *value);
static void ngx_http_erp_attempt_end(ngx_http_erp_delivery_t *d);
static ngx_uint_t ngx_http_erp_attempt_none(ngx_http_erp_delivery_t *d);
static void ngx_http_erp_attempt_memory(ngx_http_erp_delivery_t *d);


/* the attempt that a request is part of; logins have calls of their own */

ngx_http_erp_delivery_t *
ngx_http_erp_delivery_of(ngx_http_request_t *r)
{
    ngx_erp_call_t  *call;

    call = ngx_erp_call_of(r);

    if (call == NULL || call->handler != ngx_http_erp_attempt_called) {
        return NULL;
    }

    return call->data;
}


/* erp_step d->step; NULL: the destination itself is the one step */

static ngx_http_erp_step_t *
ngx_http_erp_attempt_step(ngx_http_erp_delivery_t *d)
{
    ngx_array_t          *steps;
    ngx_http_erp_step_t  *step;

    steps = d->dest->conf->steps;

    if (steps == NULL || d->step >= steps->nelts) {
        return NULL;
    }

    step = steps->elts;

    return &step[d->step];
}


static ngx_http_erp_uri_t *
ngx_http_erp_attempt_uri(ngx_http_erp_delivery_t *d)
{
    ngx_http_erp_step_t  *step;

    step = ngx_http_erp_attempt_step(d);

    return step ? step->uri : d->dest;
}


static ngx_uint_t
ngx_http_erp_attempt_more(ngx_http_erp_delivery_t *d)
{
    ngx_array_t  *steps;

    steps = d->dest->conf->steps;

    return steps && d->step + 1 < steps->nelts;
}


/*
 * The probe of the destination asks for all of its steps.  One that the
 * location of a step has for itself, not inherited, asks for that step.
 */

static ngx_http_erp_idempotency_t *
ngx_http_erp_attempt_own(ngx_http_erp_delivery_t *d)
{
    ngx_http_erp_idempotency_t  *own;

    own = ngx_http_erp_attempt_uri(d)->conf->idempotency;

    return (own != d->dest->conf->idempotency && own->probe) ? own : NULL;
}


ngx_uint_t
ngx_http_erp_attempt_probes(ngx_http_erp_delivery_t *d)
{
    return d->dest->conf->idempotency->probe
           || ngx_http_erp_attempt_own(d);
}


void
ngx_http_erp_attempt(ngx_http_erp_delivery_t *d)
{
    switch (ngx_http_erp_results_read(d)) {

    case NGX_OK:
        break;

    case NGX_DECLINED:
        ngx_http_erp_attempt_note(d, NGX_ERP_BAD, 0,
                                  "the results of earlier steps are damaged");
        ngx_http_erp_attempt_end(d);
        return;

    default: /* NGX_ERROR */
        ngx_http_erp_attempt_memory(d);
        return;
    }

    /* a reload may have changed the steps of what is half done */

    if (d->step && ngx_http_erp_attempt_step(d) == NULL) {
        ngx_http_erp_attempt_note(d, NGX_ERP_BAD, 0,
                                  "the next step is not configured any more");
        ngx_http_erp_attempt_end(d);
        return;
    }

    ngx_http_erp_attempt_begin(d);
}


static void
ngx_http_erp_attempt_begin(ngx_http_erp_delivery_t *d)
{
    ngx_http_erp_uri_t  *probe;

    probe = d->dest->conf->idempotency->probe;

    if (probe && ngx_http_erp_attempt_again(d)) {
        ngx_http_erp_attempt_go(d, NGX_HTTP_ERP_AT_PROBE, probe);
        return;
    }

    ngx_http_erp_attempt_first(d);
}


/* whether any of it may be in effect already */

static ngx_uint_t
ngx_http_erp_attempt_again(ngx_http_erp_delivery_t *d)
{
    return d->lease.attempt > 1 || d->lease.step || d->lease.replay_of
           || d->sent;
}


static void
ngx_http_erp_attempt_first(ngx_http_erp_delivery_t *d)
{
    ngx_http_erp_idempotency_t  *own;

    own = ngx_http_erp_attempt_own(d);

    if (own && ngx_http_erp_attempt_again(d)) {
        ngx_http_erp_attempt_go(d, NGX_HTTP_ERP_AT_STEP_PROBE, own->probe);
        return;
    }

    ngx_http_erp_attempt_send(d);
}


static void
ngx_http_erp_attempt_send(ngx_http_erp_delivery_t *d)
{
    ngx_http_erp_attempt_go(d, NGX_HTTP_ERP_AT_STEP,
                            ngx_http_erp_attempt_uri(d));
}


static void
ngx_http_erp_attempt_go(ngx_http_erp_delivery_t *d, ngx_http_erp_at_e at,
    ngx_http_erp_uri_t *uri)
{
    d->at = at;
    d->target = uri;
    d->auths = uri->conf->auths ? uri->conf->auths : d->dest->conf->auths;

    ngx_http_erp_attempt_login(d);
}


static void
ngx_http_erp_attempt_login(ngx_http_erp_delivery_t *d)
{
    ngx_memzero(&d->auth, sizeof(ngx_erp_auth_wait_t));

    if (d->auths == NULL || d->auths->nelts == 0) {
        ngx_http_erp_attempt_call(d);
        return;
    }

    d->auth.auths = d->auths;
    d->auth.pool = d->pool;
    d->auth.handler = ngx_http_erp_attempt_auth;
    d->auth.data = d;

    ngx_erp_auth_get(&d->auth);
}


static void
ngx_http_erp_attempt_auth(ngx_erp_auth_wait_t *w)
{
    ngx_http_erp_delivery_t *d = w->data;

    if (w->rc == NGX_OK) {
        ngx_http_erp_attempt_call(d);
        return;
    }

    ngx_http_erp_attempt_refused(d);
}


/* no document is at fault: the breaker and the back-off of the destination */

static void
ngx_http_erp_attempt_refused(ngx_http_erp_delivery_t *d)
{
    u_char      *p;
    size_t       len;
    const char  *why;

    /* without its handshake, what the ERP said before stands */

    if (d->at == NGX_HTTP_ERP_AT_HANDSHAKE) {
        ngx_http_erp_attempt_end(d);
        return;
    }

    why = d->auth.why ? d->auth.why : "for no known reason";

    ngx_http_erp_attempt_note(d, NGX_ERP_DOWN, d->auth.status,
                              "login failed");
    ngx_http_erp_attempt_retry_after(d, &d->auth.retry_after);

    len = sizeof(NGX_HTTP_ERP_LOGIN) - 1 + ngx_strlen(why);
    p = ngx_pnalloc(d->pool, len);

    if (p) {
        d->settle.message.data = p;
        d->settle.message.len = len;

        p = ngx_cpymem(p, NGX_HTTP_ERP_LOGIN, sizeof(NGX_HTTP_ERP_LOGIN) - 1);
        ngx_memcpy(p, why, ngx_strlen(why));
    }

    ngx_http_erp_attempt_end(d);
}


static void
ngx_http_erp_attempt_call(ngx_http_erp_delivery_t *d)
{
    ngx_array_t     *headers;
    ngx_erp_call_t  *call;

    headers = ngx_http_erp_attempt_headers(d);

    if (headers == NULL) {
        ngx_http_erp_attempt_memory(d);
        return;
    }

    call = &d->call;

    ngx_memzero(call, sizeof(ngx_erp_call_t));
    d->envelope = NULL;

    call->server = d->target->server;
    call->uri = d->target->uri;
    call->type = d->type;
    call->body = d->lease.body;
    call->headers = headers;
    call->capture = d->target->conf->max_answer;
    call->pool = d->pool;
    call->handler = ngx_http_erp_attempt_called;
    call->data = d;

    ngx_erp_call_run(call);
}


static ngx_array_t *
ngx_http_erp_attempt_headers(ngx_http_erp_delivery_t *d)
{
    ngx_array_t       *headers;
    ngx_erp_header_t  *h;

    if (d->auth.headers == NULL || d->auth.headers->nelts == 0) {
        return &d->headers;
    }

    headers = ngx_array_create(d->pool,
                               d->headers.nelts + d->auth.headers->nelts,
                               sizeof(ngx_erp_header_t));
    if (headers == NULL) {
        return NULL;
    }

    /* there is room for both */

    h = ngx_array_push_n(headers, d->headers.nelts);
    ngx_memcpy(h, d->headers.elts,
               d->headers.nelts * sizeof(ngx_erp_header_t));

    h = ngx_array_push_n(headers, d->auth.headers->nelts);
    ngx_memcpy(h, d->auth.headers->elts,
               d->auth.headers->nelts * sizeof(ngx_erp_header_t));

    return headers;
}


static void
ngx_http_erp_attempt_called(ngx_erp_call_t *call)
{
    ngx_http_erp_delivery_t *d = call->data;

    size_t             limit;
    ngx_erp_verdict_t  verdict;

    if (d->at == NGX_HTTP_ERP_AT_STEP
        && call->status != NGX_ERP_STATUS_CONNECT)
    {
        d->sent = 1;
    }

    limit = NGX_HTTP_ERP_TREE * d->target->conf->max_answer
            + NGX_CANONICAL_BLOCK_MAX;

    ngx_canonical_arena_init(&d->arena, ngx_http_canonical_memory, d->pool,
                             limit);

    if (ngx_erp_judge(d->target->conf->judge, &d->arena, call->status,
                      &call->answer_type, &call->answer, &verdict)
        != NGX_OK)
    {
        ngx_http_erp_attempt_memory(d);
        return;
    }

    call->status = verdict.status;

    if (ngx_http_erp_attempt_renew(d)) {
        return;
    }

    if (d->at == NGX_HTTP_ERP_AT_PROBE
        || d->at == NGX_HTTP_ERP_AT_STEP_PROBE)
    {
        ngx_http_erp_attempt_probed(d, &verdict);
        return;
    }

    if (d->at == NGX_HTTP_ERP_AT_HANDSHAKE) {

        if (verdict.outcome == NGX_ERP_DONE) {
            ngx_http_erp_attempt_send(d);

        } else {
            ngx_http_erp_attempt_end(d);
        }

        return;
    }

    if (verdict.outcome == NGX_ERP_DONE) {
        ngx_http_erp_attempt_note(d, NGX_ERP_DONE, call->status, "");
        ngx_http_erp_attempt_done(d);
        return;
    }

    ngx_http_erp_attempt_failed(d, &verdict);
}


/* credentials that were refused, once: whether the call is made again */

static ngx_uint_t
ngx_http_erp_attempt_renew(ngx_http_erp_delivery_t *d)
{
    if (d->renewed || d->auth.headers == NULL
        || !ngx_erp_auth_refused(d->auths, d->auth.headers, &d->call))
    {
        return 0;
    }

    d->renewed = 1;
    ngx_http_erp_attempt_login(d);

    return 1;
}


/*
 * A probe that fails says nothing of the document: it is never at fault, and
 * is not sent either.
 */

static void
ngx_http_erp_attempt_probed(ngx_http_erp_delivery_t *d,
    ngx_erp_verdict_t *verdict)
{
    ngx_int_t  rc;

    if (verdict->outcome != NGX_ERP_DONE) {

        if (verdict->outcome == NGX_ERP_BAD) {
            verdict->outcome = NGX_ERP_RETRY;
        }

        ngx_http_erp_attempt_failed(d, verdict);
        return;
    }

    rc = ngx_http_erp_attempt_found(d);

    switch (rc) {

    case NGX_OK:
        ngx_http_erp_attempt_note(d, NGX_ERP_DONE, d->call.status,
                                  "found by probe");

        if (d->at == NGX_HTTP_ERP_AT_PROBE) {
            ngx_http_erp_attempt_end(d);

        } else {
            ngx_http_erp_attempt_done(d);
        }

        return;

    case NGX_DECLINED:

        if (d->at == NGX_HTTP_ERP_AT_PROBE) {
            ngx_http_erp_attempt_first(d);

        } else {
            ngx_http_erp_attempt_send(d);
        }

        return;

    case NGX_ABORT:
        ngx_http_erp_attempt_note(d, NGX_ERP_UNKNOWN, d->call.status,
                                  "the answer of the probe cannot be read");
        ngx_http_erp_attempt_end(d);
        return;

    default: /* NGX_ERROR */
        ngx_http_erp_attempt_memory(d);
    }
}


/*
 * NGX_OK: it is in effect; NGX_DECLINED: it is not; NGX_ABORT: the answer
 * cannot be read; NGX_ERROR: no memory.
 */

static ngx_int_t
ngx_http_erp_attempt_found(ngx_http_erp_delivery_t *d)
{
    ngx_uint_t                   status;
    ngx_erp_test_t               tests[2];
    ngx_erp_judge_t              judge;
    ngx_erp_verdict_t            verdict;
    ngx_http_erp_idempotency_t  *idempotency;

    status = d->call.status;

    /* where these are successes, they say that there is nothing */

    if (status == NGX_HTTP_NO_CONTENT || status == NGX_HTTP_NOT_FOUND
        || status == 410)
    {
        return NGX_DECLINED;
    }

    idempotency = (d->at == NGX_HTTP_ERP_AT_PROBE)
                  ? d->dest->conf->idempotency : ngx_http_erp_attempt_own(d);

    ngx_memzero(tests, sizeof(tests));
    tests[0] = idempotency->found;

    ngx_memzero(&judge, sizeof(ngx_erp_judge_t));
    judge.tests = tests;

    if (ngx_erp_judge(&judge, &d->arena, NGX_HTTP_OK, &d->call.answer_type,
                      &d->call.answer, &verdict)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    switch (verdict.outcome) {

    case NGX_ERP_DONE:
        return NGX_OK;

    case NGX_ERP_BAD:
        return NGX_DECLINED;

    default:
        return NGX_ABORT;
    }
}


/* the step d->step is in effect, by the answer of d->call */

static void
ngx_http_erp_attempt_done(ngx_http_erp_delivery_t *d)
{
    u_char               *p;
    ngx_int_t             rc;
    ngx_str_t            *missing;
    ngx_http_erp_step_t  *step;

    missing = NULL;
    rc = NGX_OK;

    step = ngx_http_erp_attempt_step(d);

    if (step) {
        rc = ngx_http_erp_results_take(d, &step->results, 0, &missing);
    }

    if (!ngx_http_erp_attempt_more(d)) {
        ngx_http_erp_attempt_end(d);
        return;
    }

    if (rc == NGX_OK) {
        ngx_http_erp_deliver_step(d);
        return;
    }

    if (rc == NGX_ERROR) {
        ngx_http_erp_attempt_memory(d);
        return;
    }

    /* the next step needs it, and to repeat this one makes a duplicate */

    ngx_http_erp_attempt_note(d, NGX_ERP_BAD, d->call.status,
                              "no result in the answer");

    p = ngx_pnalloc(d->pool, sizeof(NGX_HTTP_ERP_NO_RESULT) - 1
                             + missing->len);
    if (p) {
        d->settle.message.data = p;
        d->settle.message.len = ngx_sprintf(p, NGX_HTTP_ERP_NO_RESULT,
                                            missing)
                                - p;
    }

    ngx_http_erp_attempt_end(d);
}


void
ngx_http_erp_attempt_stored(ngx_http_erp_delivery_t *d, ngx_int_t rc)
{
    if (rc != NGX_OK) {
        ngx_http_erp_attempt_note(d, NGX_ERP_UNKNOWN, d->call.status,
                                  "the step could not be stored");
        ngx_http_erp_attempt_end(d);
        return;
    }

    d->step++;

    ngx_str_null(&d->code);
    ngx_str_null(&d->message);

    /* of a replay any step may be in effect, not only the first one */

    if (d->lease.replay_of) {
        ngx_http_erp_attempt_first(d);
        return;
    }

    ngx_http_erp_attempt_send(d);
}


static void
ngx_http_erp_attempt_failed(ngx_http_erp_delivery_t *d,
    ngx_erp_verdict_t *verdict)
{
    ngx_str_t                *missing;
    ngx_http_erp_on_error_t  *on_error;

    ngx_http_erp_attempt_note(d, verdict->outcome, d->call.status,
                              verdict->why);
    ngx_http_erp_attempt_retry_after(d, &d->call.retry_after);

    if (verdict->message.len) {
        d->settle.message = verdict->message;
    }

    d->settle.code = verdict->code;

    d->code = d->settle.code;
    d->message = d->settle.message;

    on_error = ngx_http_erp_attempt_on_error(d);

    if (on_error == NULL
        || ngx_http_erp_results_take(d, &on_error->results, 1, &missing)
           != NGX_OK)
    {
        ngx_http_erp_attempt_end(d);
        return;
    }

    d->handshakes++;

    ngx_http_erp_attempt_go(d, NGX_HTTP_ERP_AT_HANDSHAKE, on_error->uri);
}


static ngx_http_erp_on_error_t *
ngx_http_erp_attempt_on_error(ngx_http_erp_delivery_t *d)
{
    ngx_uint_t                i;
    ngx_array_t              *list;
    ngx_http_erp_on_error_t  *on_error;

    list = d->target->conf->on_error;

    if (list == NULL || d->at != NGX_HTTP_ERP_AT_STEP) {
        return NULL;
    }

    on_error = list->elts;

    for (i = 0; i < list->nelts; i++) {

        if (on_error[i].code.len == d->code.len
            && ngx_strncmp(on_error[i].code.data, d->code.data, d->code.len)
               == 0)
        {
            return (d->handshakes < on_error[i].attempts) ? &on_error[i]
                                                          : NULL;
        }
    }

    return NULL;
}


static void
ngx_http_erp_attempt_note(ngx_http_erp_delivery_t *d, ngx_uint_t outcome,
    ngx_uint_t status, const char *message)
{
    ngx_erp_settle_t  *s;

    s = &d->settle;

    s->outcome = outcome;
    s->status = status;
    s->retry_after = 0;

    s->message.data = (u_char *) message;
    s->message.len = ngx_strlen(message);

    ngx_str_null(&s->code);
}


static void
ngx_http_erp_attempt_retry_after(ngx_http_erp_delivery_t *d,
    ngx_str_t *value)
{
    uint64_t     now;
    ngx_time_t  *tp;

    if (value->len == 0) {
        return;
    }

    tp = ngx_timeofday();
    now = (uint64_t) tp->sec * 1000 + tp->msec;

    if (ngx_erp_retry_after(d->dest->conf->retry, value, now,
                            &d->settle.retry_after)
        != NGX_OK)
    {
        d->settle.retry_after = 0;
    }
}


static void
ngx_http_erp_attempt_end(ngx_http_erp_delivery_t *d)
{
    if (d->settle.outcome == NGX_ERP_UNKNOWN && d->sent
        && ngx_http_erp_attempt_none(d))
    {
        ngx_http_erp_attempt_note(d, NGX_ERP_BAD, d->settle.status,
                                  "outcome unknown, not sent again");
        ngx_str_set(&d->settle.code, "unknown");
    }

    ngx_http_erp_deliver_end(d);
}


/* whether it cannot be sent again without the danger of a duplicate */

static ngx_uint_t
ngx_http_erp_attempt_none(ngx_http_erp_delivery_t *d)
{
    if (ngx_http_erp_attempt_probes(d)) {
        return 0;
    }

    return d->dest->conf->idempotency->none
           || ngx_http_erp_attempt_uri(d)->conf->idempotency->none;
}


/* what was sent may be in effect, be there memory or not */

static void
ngx_http_erp_attempt_memory(ngx_http_erp_delivery_t *d)
{
    ngx_http_erp_attempt_note(d, d->sent ? NGX_ERP_UNKNOWN : NGX_ERP_DOWN, 0,
                              "no memory");
    ngx_http_erp_attempt_end(d);
}
