
/*
 * A request was refused: what of its authentication is to be had anew.
 */

#include "ngx_erp_auth_private.h"


static ngx_uint_t ngx_erp_auth_refused_secret(ngx_erp_auth_t *auth,
    ngx_array_t *headers, ngx_pool_t *pool);
static ngx_uint_t ngx_erp_auth_refused_state(ngx_erp_auth_t *auth,
    ngx_array_t *headers);
static ngx_uint_t ngx_erp_auth_required(ngx_erp_auth_t *auth,
    ngx_erp_call_t *call);
static ngx_uint_t ngx_erp_auth_same(ngx_str_t *used, ngx_str_t *value);
static ngx_uint_t ngx_erp_auth_has(ngx_str_t *used, ngx_str_t *value);


ngx_uint_t
ngx_erp_auth_refused(ngx_array_t *auths, ngx_array_t *headers,
    ngx_erp_call_t *call)
{
    ngx_uint_t       i, renewed;
    ngx_erp_auth_t **auth;

    if (auths == NULL
        || (call->status != NGX_HTTP_UNAUTHORIZED
            && call->status != NGX_HTTP_FORBIDDEN))
    {
        return 0;
    }

    auth = auths->elts;
    renewed = 0;

    for (i = 0; i < auths->nelts; i++) {

        if (auth[i]->kind == NGX_ERP_AUTH_CSRF) {

            /* a pair is of the session that it was fetched with */

            if (renewed || ngx_erp_auth_required(auth[i], call)) {
                renewed |= ngx_erp_auth_refused_state(auth[i], headers);
            }

        } else if (call->status != NGX_HTTP_UNAUTHORIZED) {
            continue;

        } else if (auth[i]->state) {
            renewed |= ngx_erp_auth_refused_state(auth[i], headers);

        } else {
            renewed |= ngx_erp_auth_refused_secret(auth[i], headers,
                                                   call->pool);
        }
    }

    return renewed;
}


/* whether the file has another one than was sent */

static ngx_uint_t
ngx_erp_auth_refused_secret(ngx_erp_auth_t *auth, ngx_array_t *headers,
    ngx_pool_t *pool)
{
    ngx_str_t   value, *used;
    ngx_uint_t  version;

    if (auth->kind == NGX_ERP_AUTH_WSSE) {
        version = auth->secret->version;
        (void) ngx_erp_secret_get(auth->secret, 1);

        return auth->secret->version != version;
    }

    if (ngx_erp_auth_secret(auth, pool, 1, &value) != NGX_OK) {
        return 0;
    }

    used = ngx_erp_auth_header(headers, &auth->name);

    return used == NULL || !ngx_erp_auth_same(used, &value);
}


/* what was sent is forgotten, unless it has been renewed in the meantime */

static ngx_uint_t
ngx_erp_auth_refused_state(ngx_erp_auth_t *auth, ngx_array_t *headers)
{
    ngx_str_t             *used;
    ngx_erp_auth_state_t  *state;

    state = auth->state;

    if (!state->valid) {
        return 1;
    }

    if (state->value.len) {
        used = ngx_erp_auth_header(headers, &auth->name);

        if (used == NULL || !ngx_erp_auth_same(used, &state->value)) {
            return 1;
        }
    }

    if (state->cookie.len) {
        used = ngx_erp_auth_header(headers, &ngx_erp_auth_cookie);

        if (used == NULL || !ngx_erp_auth_has(used, &state->cookie)) {
            return 1;
        }
    }

    ngx_erp_auth_drop(state);

    return 1;
}


/* SAP and others answer "x-csrf-token: Required" */

static ngx_uint_t
ngx_erp_auth_required(ngx_erp_auth_t *auth, ngx_erp_call_t *call)
{
    ngx_str_t  *value;

    if (call->status != NGX_HTTP_FORBIDDEN) {
        return 0;
    }

    value = ngx_erp_call_header(call, (char *) auth->name.lowcase);

    return value && value->len == sizeof("required") - 1
           && ngx_strncasecmp(value->data, (u_char *) "required", value->len)
              == 0;
}


static ngx_uint_t
ngx_erp_auth_same(ngx_str_t *used, ngx_str_t *value)
{
    return used->len == value->len
           && ngx_memcmp(used->data, value->data, value->len) == 0;
}


/* a Cookie may have those of others before and behind it */

static ngx_uint_t
ngx_erp_auth_has(ngx_str_t *used, ngx_str_t *value)
{
    size_t  i;

    if (used->len < value->len) {
        return 0;
    }

    for (i = 0; i <= used->len - value->len; i++) {
        if (ngx_memcmp(used->data + i, value->data, value->len) == 0) {
            return 1;
        }
    }

    return 0;
}
