
/*
 * Who we are to an ERP: headers, and the tokens and sessions that a worker
 * keeps for them.
 *
 * A login is one request at a time: who comes meanwhile waits for it, or, as
 * long as the token that is to be renewed is good, goes on with that.
 */

#include "ngx_erp_auth_private.h"
#include "ngx_erp_auth_wsse.h"
#include "ngx_http_canonical_module.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>


/* after a login that failed: no other one for so long, doubled each time */

#define NGX_ERP_AUTH_DELAY      1000
#define NGX_ERP_AUTH_DELAY_MAX  60000

/* that is believed of Retry-After */
#define NGX_ERP_AUTH_ASKED      3600000

/* what a header may add to an envelope */
#define NGX_ERP_AUTH_ENVELOPE   (1024 * 1024)


static void ngx_erp_auth_next(ngx_erp_auth_wait_t *w);
static ngx_int_t ngx_erp_auth_one(ngx_erp_auth_wait_t *w,
    ngx_erp_auth_t *auth);
static ngx_int_t ngx_erp_auth_state(ngx_erp_auth_wait_t *w,
    ngx_erp_auth_t *auth);
static ngx_uint_t ngx_erp_auth_waits(ngx_erp_auth_t *auth);
static ngx_int_t ngx_erp_auth_failed(ngx_erp_auth_wait_t *w,
    ngx_erp_auth_state_t *state);
static ngx_int_t ngx_erp_auth_add_state(ngx_erp_auth_wait_t *w,
    ngx_erp_auth_t *auth);
static ngx_int_t ngx_erp_auth_add(ngx_erp_auth_wait_t *w,
    ngx_http_dispatch_name_t *name, ngx_str_t *value);
static ngx_int_t ngx_erp_auth_add_cookie(ngx_erp_auth_wait_t *w,
    ngx_str_t *cookie);

static void ngx_erp_auth_keep(ngx_erp_auth_state_t *state,
    ngx_erp_auth_login_t *login);
static ngx_int_t ngx_erp_auth_copy(ngx_str_t *to, ngx_str_t *from);
static void ngx_erp_auth_fail(ngx_erp_auth_state_t *state,
    ngx_erp_auth_login_t *login, ngx_uint_t again);
static ngx_msec_t ngx_erp_auth_asked(ngx_erp_auth_state_t *state,
    ngx_str_t *retry_after);
static void ngx_erp_auth_wake(ngx_erp_auth_state_t *state, ngx_uint_t again,
    ngx_uint_t failed);

static ngx_erp_auth_t *ngx_erp_auth_wsse(ngx_array_t *auths);


#define ngx_erp_auth_before(time)                                             \
    ((ngx_msec_int_t) ((time) - ngx_current_msec) > 0)


ngx_http_dispatch_name_t  ngx_erp_auth_authorization =
    ngx_http_dispatch_name("Authorization", "authorization");

ngx_http_dispatch_name_t  ngx_erp_auth_cookie =
    ngx_http_dispatch_name("Cookie", "cookie");


void
ngx_erp_auth_get(ngx_erp_auth_wait_t *w)
{
    w->rc = NGX_OK;
    w->status = 0;
    w->why = NULL;
    w->index = 0;
    w->again = 0;
    ngx_str_null(&w->retry_after);

    w->headers = ngx_array_create(w->pool, 4, sizeof(ngx_erp_header_t));

    if (w->headers == NULL) {
        w->rc = NGX_ERROR;
        w->why = "no memory";
        w->handler(w);
        return;
    }

    ngx_erp_auth_next(w);
}


/* "w" may be gone when it returns */

static void
ngx_erp_auth_next(ngx_erp_auth_wait_t *w)
{
    ngx_int_t        rc;
    ngx_erp_auth_t **auth;

    auth = w->auths ? w->auths->elts : NULL;

    while (w->auths && w->index < w->auths->nelts) {

        rc = ngx_erp_auth_one(w, auth[w->index]);

        if (rc == NGX_AGAIN) {
            return;
        }

        if (rc == NGX_ERROR) {
            w->rc = NGX_ERROR;

            if (w->why == NULL) {
                w->why = "no memory";
            }

            break;
        }

        w->index++;
    }

    w->handler(w);
}


/* NGX_OK; NGX_AGAIN: it waits for a login; NGX_ERROR */

static ngx_int_t
ngx_erp_auth_one(ngx_erp_auth_wait_t *w, ngx_erp_auth_t *auth)
{
    ngx_str_t  value;

    if (auth->state) {
        return ngx_erp_auth_state(w, auth);
    }

    if (auth->kind == NGX_ERP_AUTH_WSSE) {
        return NGX_OK;
    }

    if (ngx_erp_auth_secret(auth, w->pool, 0, &value) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_erp_auth_add(w, &auth->name, &value);
}


ngx_int_t
ngx_erp_auth_secret(ngx_erp_auth_t *auth, ngx_pool_t *pool, ngx_uint_t now,
    ngx_str_t *value)
{
    u_char     *p;
    ngx_str_t   prefix, *secret;

    secret = ngx_erp_secret_get(auth->secret, now);

    if (auth->kind == NGX_ERP_AUTH_BASIC) {
        return ngx_erp_auth_basic(pool, &auth->user, secret, value);
    }

    prefix = auth->prefix;

    if (auth->kind == NGX_ERP_AUTH_BEARER) {
        ngx_str_set(&prefix, "Bearer ");
    }

    value->len = prefix.len + secret->len;

    value->data = ngx_pnalloc(pool, value->len);
    if (value->data == NULL) {
        return NGX_ERROR;
    }

    p = ngx_cpymem(value->data, prefix.data, prefix.len);
    ngx_memcpy(p, secret->data, secret->len);

    return NGX_OK;
}


ngx_int_t
ngx_erp_auth_basic(ngx_pool_t *pool, ngx_str_t *user, ngx_str_t *password,
    ngx_str_t *value)
{
    u_char  *p, *pair;
    size_t   len;

    len = user->len + 1 + password->len;

    pair = ngx_pnalloc(pool, len);
    if (pair == NULL) {
        return NGX_ERROR;
    }

    value->data = ngx_pnalloc(pool, sizeof("Basic ") - 1
                                    + ngx_erp_base64_len(len));
    if (value->data == NULL) {
        return NGX_ERROR;
    }

    p = ngx_cpymem(pair, user->data, user->len);
    *p++ = ':';
    ngx_memcpy(p, password->data, password->len);

    p = ngx_cpymem(value->data, "Basic ", sizeof("Basic ") - 1);
    p = ngx_erp_base64(p, pair, len);

    value->len = p - value->data;

    OPENSSL_cleanse(pair, len);

    return NGX_OK;
}


static ngx_int_t
ngx_erp_auth_state(ngx_erp_auth_wait_t *w, ngx_erp_auth_t *auth)
{
    ngx_erp_auth_state_t  *state;

    state = auth->state;

    if (state->valid && !state->lasting
        && !ngx_erp_auth_before(state->expires))
    {
        ngx_erp_auth_drop(state);
    }

    if (state->valid) {

        if (!state->lasting && !ngx_erp_auth_before(state->renew)
            && state->login == NULL && !ngx_erp_auth_waits(auth))
        {
            /* without memory the next one will try */
            (void) ngx_erp_auth_login(auth, NULL);
        }

        return ngx_erp_auth_add_state(w, auth);
    }

    if (state->login == NULL) {

        if (ngx_erp_auth_waits(auth)) {
            return ngx_erp_auth_failed(w, state);
        }

        if (ngx_erp_auth_login(auth, w) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    ngx_queue_insert_tail(&state->waiting, &w->queue);

    return NGX_AGAIN;
}


/* whether it is too early for another login after one that failed */

static ngx_uint_t
ngx_erp_auth_waits(ngx_erp_auth_t *auth)
{
    ngx_erp_auth_state_t  *state;

    state = auth->state;

    if (!state->failed || !ngx_erp_auth_before(state->next)) {
        return 0;
    }

    if (auth->secret) {
        (void) ngx_erp_secret_get(auth->secret, 0);

        /* with another password it may be another answer */

        return auth->secret->version == state->version;
    }

    return 1;
}


static ngx_int_t
ngx_erp_auth_failed(ngx_erp_auth_wait_t *w, ngx_erp_auth_state_t *state)
{
    u_char  *p;

    w->status = state->status;
    w->why = state->why;

    if (state->retry_after.len) {
        p = ngx_pstrdup(w->pool, &state->retry_after);

        if (p) {
            w->retry_after.data = p;
            w->retry_after.len = state->retry_after.len;
        }

        return NGX_ERROR;
    }

    /* who comes before that comes in vain */

    if (state->failed && ngx_erp_auth_before(state->next)) {
        p = ngx_pnalloc(w->pool, NGX_TIME_T_LEN);

        if (p) {
            w->retry_after.data = p;
            w->retry_after.len = ngx_sprintf(p, "%M",
                                    (state->next - ngx_current_msec + 999)
                                    / 1000)
                                 - p;
        }
    }

    return NGX_ERROR;
}


static ngx_int_t
ngx_erp_auth_add_state(ngx_erp_auth_wait_t *w, ngx_erp_auth_t *auth)
{
    ngx_str_t              value;
    ngx_erp_auth_state_t  *state;

    state = auth->state;

    /* what is in it may be gone before the request is */

    if (state->value.len) {
        value.len = state->value.len;
        value.data = ngx_pstrdup(w->pool, &state->value);

        if (value.data == NULL
            || ngx_erp_auth_add(w, &auth->name, &value) != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    if (state->cookie.len) {
        return ngx_erp_auth_add_cookie(w, &state->cookie);
    }

    return NGX_OK;
}


static ngx_int_t
ngx_erp_auth_add(ngx_erp_auth_wait_t *w, ngx_http_dispatch_name_t *name,
    ngx_str_t *value)
{
    ngx_erp_header_t  *h;

    h = ngx_array_push(w->headers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    h->name = *name;
    h->value = *value;

    return NGX_OK;
}


/* a request has one Cookie (RFC 6265 §5.4), whoever gave us cookies */

static ngx_int_t
ngx_erp_auth_add_cookie(ngx_erp_auth_wait_t *w, ngx_str_t *cookie)
{
    u_char     *p;
    ngx_str_t  *before, value;

    before = ngx_erp_auth_header(w->headers, &ngx_erp_auth_cookie);

    value.len = cookie->len + (before ? before->len + 2 : 0);

    value.data = ngx_pnalloc(w->pool, value.len);
    if (value.data == NULL) {
        return NGX_ERROR;
    }

    p = value.data;

    if (before) {
        p = ngx_cpymem(p, before->data, before->len);
        *p++ = ';';
        *p++ = ' ';
    }

    ngx_memcpy(p, cookie->data, cookie->len);

    if (before) {
        *before = value;
        return NGX_OK;
    }

    return ngx_erp_auth_add(w, &ngx_erp_auth_cookie, &value);
}


void
ngx_erp_auth_end(ngx_erp_auth_login_t *login)
{
    ngx_uint_t             again, failed;
    ngx_erp_auth_t        *auth;
    ngx_erp_auth_wait_t   *w;
    ngx_erp_auth_state_t  *state;

    auth = login->auth;
    state = auth->state;
    state->login = NULL;

    again = 0;

    if (login->why == NULL) {
        ngx_erp_auth_keep(state, login);
    }

    if (login->why && login->auths && !ngx_queue_empty(&state->waiting)
        && login->call.status == NGX_HTTP_UNAUTHORIZED)
    {
        /*
         * Who asked was refused, by the headers of the auths before this one:
         * once more, from the first one on, if something is to be renewed.
         */

        w = ngx_queue_data(ngx_queue_head(&state->waiting),
                           ngx_erp_auth_wait_t, queue);

        again = !w->again
                && ngx_erp_auth_refused(login->auths, &login->headers,
                                        &login->call);
    }

    failed = (login->why != NULL);

    if (failed) {
        ngx_erp_auth_fail(state, login, again);
    }

    ngx_erp_auth_login_free(login);

    ngx_erp_auth_wake(state, again, failed);
}


static void
ngx_erp_auth_keep(ngx_erp_auth_state_t *state, ngx_erp_auth_login_t *login)
{
    ngx_msec_t  life, early;
    ngx_str_t   value, cookie;

    ngx_str_null(&value);
    ngx_str_null(&cookie);

    if (ngx_erp_auth_copy(&value, &login->value) != NGX_OK
        || ngx_erp_auth_copy(&cookie, &login->cookie) != NGX_OK)
    {
        ngx_erp_secret_wipe(&value);
        login->why = "no memory";
        return;
    }

    ngx_erp_auth_drop(state);

    state->value = value;
    state->cookie = cookie;
    state->valid = 1;
    state->failed = 0;
    state->delay = 0;

    life = login->life;
    early = ngx_min(login->auth->early, life / 5);

    state->lasting = (life == 0);
    state->expires = login->started + life;
    state->renew = state->expires - early;
}


static ngx_int_t
ngx_erp_auth_copy(ngx_str_t *to, ngx_str_t *from)
{
    if (from->len == 0) {
        return NGX_OK;
    }

    to->data = ngx_alloc(from->len, ngx_cycle->log);
    if (to->data == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(to->data, from->data, from->len);
    to->len = from->len;

    return NGX_OK;
}


static void
ngx_erp_auth_fail(ngx_erp_auth_state_t *state, ngx_erp_auth_login_t *login,
    ngx_uint_t again)
{
    state->status = login->call.status;
    state->why = login->why;

    ngx_erp_secret_wipe(&state->retry_after);

    if (again) {
        return;
    }

    state->delay = state->failed ? ngx_min(state->delay * 2,
                                           NGX_ERP_AUTH_DELAY_MAX)
                                 : NGX_ERP_AUTH_DELAY;

    state->failed = 1;
    state->version = login->version;
    state->next = ngx_current_msec
                  + ngx_erp_auth_asked(state, &login->call.retry_after);

    if (state->status < NGX_HTTP_OK) {
        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                      "erp_auth \"%V\" failed: %s", &login->auth->uri,
                      state->why);
        return;
    }

    ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                  "erp_auth \"%V\" failed with status %ui: %s",
                  &login->auth->uri, state->status, state->why);
}


/* our delay, or that which the answer asks for, if it is longer */

static ngx_msec_t
ngx_erp_auth_asked(ngx_erp_auth_state_t *state, ngx_str_t *retry_after)
{
    uint64_t          asked;
    ngx_time_t       *tp;
    ngx_erp_retry_t   retry;

    ngx_memzero(&retry, sizeof(ngx_erp_retry_t));

    retry.retry_after = NGX_ERP_AUTH_ASKED;
    tp = ngx_timeofday();

    if (retry_after->len == 0
        || ngx_erp_retry_after(&retry, retry_after,
                               (uint64_t) tp->sec * 1000 + tp->msec, &asked)
           != NGX_OK
        || asked <= state->delay)
    {
        return state->delay;
    }

    /* as it is: the destination may believe more of it; or it goes without */

    (void) ngx_erp_auth_copy(&state->retry_after, retry_after);

    return (ngx_msec_t) asked;
}


/* handlers may ask for headers again: they see a state that is settled */

static void
ngx_erp_auth_wake(ngx_erp_auth_state_t *state, ngx_uint_t again,
    ngx_uint_t failed)
{
    ngx_queue_t           waiting, *q;
    ngx_erp_auth_wait_t  *w;

    if (ngx_queue_empty(&state->waiting)) {
        return;
    }

    ngx_queue_init(&waiting);
    ngx_queue_add(&waiting, &state->waiting);
    ngx_queue_init(&state->waiting);

    while (!ngx_queue_empty(&waiting)) {

        q = ngx_queue_head(&waiting);
        ngx_queue_remove(q);

        w = ngx_queue_data(q, ngx_erp_auth_wait_t, queue);

        if (again && !w->again) {
            w->again = 1;
            w->index = 0;
            w->headers->nelts = 0;

        } else if (failed) {
            w->rc = ngx_erp_auth_failed(w, state);
            w->handler(w);
            continue;
        }

        ngx_erp_auth_next(w);
    }
}


ngx_str_t *
ngx_erp_auth_header(ngx_array_t *headers, ngx_http_dispatch_name_t *name)
{
    ngx_uint_t         i;
    ngx_erp_header_t  *h;

    if (headers == NULL) {
        return NULL;
    }

    h = headers->elts;

    for (i = 0; i < headers->nelts; i++) {
        if (h[i].name.key.len == name->key.len
            && ngx_memcmp(h[i].name.lowcase, name->lowcase, name->key.len)
               == 0)
        {
            return &h[i].value;
        }
    }

    return NULL;
}


void
ngx_erp_auth_drop(ngx_erp_auth_state_t *state)
{
    state->valid = 0;

    ngx_erp_secret_wipe(&state->value);
    ngx_erp_secret_wipe(&state->cookie);
}


ngx_uint_t
ngx_erp_auth_in_body(ngx_array_t *auths)
{
    return ngx_erp_auth_wsse(auths) != NULL;
}


static ngx_erp_auth_t *
ngx_erp_auth_wsse(ngx_array_t *auths)
{
    ngx_uint_t       i;
    ngx_erp_auth_t **auth;

    if (auths == NULL) {
        return NULL;
    }

    auth = auths->elts;

    for (i = 0; i < auths->nelts; i++) {
        if (auth[i]->kind == NGX_ERP_AUTH_WSSE) {
            return auth[i];
        }
    }

    return NULL;
}


ngx_int_t
ngx_erp_auth_envelope(ngx_array_t *auths, ngx_pool_t *pool, ngx_str_t *body)
{
    ngx_int_t               rc;
    ngx_str_t               envelope;
    ngx_erp_auth_t         *auth;
    ngx_erp_wsse_t          w;
    ngx_canonical_arena_t   arena;

    auth = ngx_erp_auth_wsse(auths);

    if (auth == NULL) {
        return NGX_OK;
    }

    w.user = auth->user;
    w.password = *ngx_erp_secret_get(auth->secret, 0);
    w.digest = auth->digest;
    w.created = ngx_time();

    if (RAND_bytes(w.nonce, NGX_ERP_WSSE_NONCE) != 1) {
        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0, "RAND_bytes() failed");
        return NGX_ERROR;
    }

    ngx_canonical_arena_init(&arena, ngx_http_canonical_memory, pool,
                             body->len + NGX_ERP_AUTH_ENVELOPE);

    rc = ngx_erp_wsse(&arena, &w, body, &envelope);

    if (rc == NGX_OK) {
        *body = envelope;
    }

    return rc;
}
