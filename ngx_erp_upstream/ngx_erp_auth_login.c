
/*
 * Logins: the request of each kind.
 *
 * Sources: RFC 6749 §2.3.1 and §4.4 (OAuth 2.0 client credentials); JSON-RPC
 * 2.0; "x-csrf-token: Fetch" of SAP Gateway.
 */

#include "ngx_erp_auth_private.h"

#include <openssl/crypto.h>


/* of an answer: a token may be some KB, and there is little else in it */

#define NGX_ERP_AUTH_ANSWER  65536


static ngx_int_t ngx_erp_auth_oauth2(ngx_erp_auth_login_t *login);
static ngx_int_t ngx_erp_auth_client(ngx_erp_auth_login_t *login,
    ngx_str_t *id, ngx_str_t *secret);
static ngx_int_t ngx_erp_auth_form(ngx_pool_t *pool, ngx_str_t *from,
    ngx_str_t *to);
static void ngx_erp_auth_clear(ngx_str_t *s);
static ngx_int_t ngx_erp_auth_session(ngx_erp_auth_login_t *login);
static u_char *ngx_erp_auth_json(u_char *p, ngx_str_t *s);
static size_t ngx_erp_auth_json_len(ngx_str_t *s);
static ngx_int_t ngx_erp_auth_csrf(ngx_erp_auth_login_t *login,
    ngx_erp_auth_wait_t *w);
static ngx_int_t ngx_erp_auth_push(ngx_erp_auth_login_t *login,
    ngx_http_dispatch_name_t *name, ngx_str_t *value);

static void ngx_erp_auth_login_handler(ngx_erp_call_t *call);


static ngx_http_dispatch_name_t  ngx_erp_auth_accept =
    ngx_http_dispatch_name("Accept", "accept");


ngx_int_t
ngx_erp_auth_login(ngx_erp_auth_t *auth, ngx_erp_auth_wait_t *w)
{
    ngx_int_t              rc;
    ngx_pool_t            *pool;
    ngx_erp_auth_login_t  *login;

    pool = ngx_create_pool(4096, ngx_cycle->log);
    if (pool == NULL) {
        return NGX_ERROR;
    }

    login = ngx_pcalloc(pool, sizeof(ngx_erp_auth_login_t));
    if (login == NULL) {
        ngx_destroy_pool(pool);
        return NGX_ERROR;
    }

    login->auth = auth;
    login->pool = pool;
    login->started = ngx_current_msec;

    rc = ngx_array_init(&login->headers, pool, 4, sizeof(ngx_erp_header_t));

    if (rc == NGX_OK) {

        switch (auth->kind) {

        case NGX_ERP_AUTH_OAUTH2:
            rc = ngx_erp_auth_oauth2(login);
            break;

        case NGX_ERP_AUTH_SESSION:
            rc = ngx_erp_auth_session(login);
            break;

        default: /* NGX_ERP_AUTH_CSRF */
            rc = ngx_erp_auth_csrf(login, w);
        }
    }

    if (rc != NGX_OK) {
        ngx_erp_auth_login_free(login);
        return NGX_ERROR;
    }

    login->call.server = auth->server;
    login->call.uri = auth->uri;
    login->call.headers = &login->headers;
    login->call.pool = pool;
    login->call.handler = ngx_erp_auth_login_handler;
    login->call.data = login;

    auth->state->login = login;

    ngx_erp_call_run(&login->call);

    return NGX_OK;
}


void
ngx_erp_auth_login_free(ngx_erp_auth_login_t *login)
{
    ngx_erp_auth_clear(&login->call.body);
    ngx_erp_auth_clear(&login->call.answer);
    ngx_erp_auth_clear(&login->credentials);
    ngx_erp_auth_clear(&login->value);
    ngx_erp_auth_clear(&login->cookie);

    ngx_destroy_pool(login->pool);
}


static ngx_int_t
ngx_erp_auth_oauth2(ngx_erp_auth_login_t *login)
{
    u_char          *p;
    size_t           len;
    ngx_int_t        rc;
    ngx_str_t        id, secret, scope, accept;
    ngx_erp_auth_t  *auth;

    auth = login->auth;

    ngx_str_null(&secret);

    if (ngx_erp_auth_form(login->pool, &auth->user, &id) != NGX_OK
        || ngx_erp_auth_form(login->pool, &auth->scope, &scope) != NGX_OK
        || ngx_erp_auth_form(login->pool, ngx_erp_secret_get(auth->secret, 0),
                             &secret)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    login->version = auth->secret->version;

    len = sizeof("grant_type=client_credentials&scope=&client_id="
                 "&client_secret=")
          - 1 + scope.len + id.len + secret.len;

    rc = NGX_ERROR;

    p = ngx_pnalloc(login->pool, len);
    if (p == NULL) {
        goto done;
    }

    login->call.body.data = p;

    p = ngx_cpymem(p, "grant_type=client_credentials",
                   sizeof("grant_type=client_credentials") - 1);

    if (scope.len) {
        p = ngx_cpymem(p, "&scope=", sizeof("&scope=") - 1);
        p = ngx_cpymem(p, scope.data, scope.len);
    }

    if (auth->post) {
        p = ngx_cpymem(p, "&client_id=", sizeof("&client_id=") - 1);
        p = ngx_cpymem(p, id.data, id.len);
        p = ngx_cpymem(p, "&client_secret=", sizeof("&client_secret=") - 1);
        p = ngx_cpymem(p, secret.data, secret.len);
    }

    login->call.body.len = p - login->call.body.data;
    login->call.capture = NGX_ERP_AUTH_ANSWER;

    ngx_str_set(&login->call.type, "application/x-www-form-urlencoded");
    ngx_str_set(&accept, "application/json");

    rc = ngx_erp_auth_push(login, &ngx_erp_auth_accept, &accept);

    if (rc == NGX_OK && !auth->post) {
        rc = ngx_erp_auth_client(login, &id, &secret);
    }

done:

    ngx_erp_auth_clear(&secret);

    return rc;
}


static ngx_int_t
ngx_erp_auth_client(ngx_erp_auth_login_t *login, ngx_str_t *id,
    ngx_str_t *secret)
{
    if (ngx_erp_auth_basic(login->pool, id, secret, &login->credentials)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_erp_auth_push(login, &ngx_erp_auth_authorization,
                             &login->credentials);
}


/* a copy as application/x-www-form-urlencoded has it */

static ngx_int_t
ngx_erp_auth_form(ngx_pool_t *pool, ngx_str_t *from, ngx_str_t *to)
{
    ngx_str_null(to);

    if (from->len == 0) {
        return NGX_OK;
    }

    to->len = from->len + 2 * ngx_escape_uri(NULL, from->data, from->len,
                                             NGX_ESCAPE_URI_COMPONENT);

    to->data = ngx_pnalloc(pool, to->len);
    if (to->data == NULL) {
        ngx_str_null(to);
        return NGX_ERROR;
    }

    (void) ngx_escape_uri(to->data, from->data, from->len,
                          NGX_ESCAPE_URI_COMPONENT);

    return NGX_OK;
}


static void
ngx_erp_auth_clear(ngx_str_t *s)
{
    if (s->len) {
        OPENSSL_cleanse(s->data, s->len);
    }
}


static ngx_int_t
ngx_erp_auth_session(ngx_erp_auth_login_t *login)
{
    u_char          *p;
    size_t           len;
    ngx_str_t       *password, accept;
    ngx_erp_auth_t  *auth;

    auth = login->auth;

    password = ngx_erp_secret_get(auth->secret, 0);
    login->version = auth->secret->version;

    len = sizeof("{\"id\":1,\"method\":,\"params\":[,{\"password\":},\"en\"]}")
          - 1 + ngx_erp_auth_json_len(&auth->method)
          + ngx_erp_auth_json_len(&auth->user)
          + ngx_erp_auth_json_len(password);

    p = ngx_pnalloc(login->pool, len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    login->call.body.data = p;

    if (auth->method.len) {
        p = ngx_cpymem(p, "{\"id\":1,\"method\":",
                       sizeof("{\"id\":1,\"method\":") - 1);
        p = ngx_erp_auth_json(p, &auth->method);
        p = ngx_cpymem(p, ",\"params\":[", sizeof(",\"params\":[") - 1);
        p = ngx_erp_auth_json(p, &auth->user);
        p = ngx_cpymem(p, ",{\"password\":", sizeof(",{\"password\":") - 1);
        p = ngx_erp_auth_json(p, password);
        p = ngx_cpymem(p, "},\"en\"]}", sizeof("},\"en\"]}") - 1);

    } else {
        p = ngx_cpymem(p, "{\"user\":", sizeof("{\"user\":") - 1);
        p = ngx_erp_auth_json(p, &auth->user);
        p = ngx_cpymem(p, ",\"password\":", sizeof(",\"password\":") - 1);
        p = ngx_erp_auth_json(p, password);
        *p++ = '}';
    }

    login->call.body.len = p - login->call.body.data;
    login->call.capture = NGX_ERP_AUTH_ANSWER;

    ngx_str_set(&login->call.type, "application/json");
    ngx_str_set(&accept, "application/json");

    return ngx_erp_auth_push(login, &ngx_erp_auth_accept, &accept);
}


static u_char *
ngx_erp_auth_json(u_char *p, ngx_str_t *s)
{
    *p++ = '"';
    p = (u_char *) ngx_escape_json(p, s->data, s->len);
    *p++ = '"';

    return p;
}


static size_t
ngx_erp_auth_json_len(ngx_str_t *s)
{
    return s->len + ngx_escape_json(NULL, s->data, s->len) + 2;
}


/* by the same one as the requests that it is for */

static ngx_int_t
ngx_erp_auth_csrf(ngx_erp_auth_login_t *login, ngx_erp_auth_wait_t *w)
{
    ngx_str_t          value;
    ngx_uint_t         i;
    ngx_erp_header_t  *h;

    h = w->headers->elts;

    for (i = 0; i < w->headers->nelts; i++) {
        if (ngx_erp_auth_push(login, &h[i].name, &h[i].value) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    login->auths = w->auths;

    ngx_str_set(&value, "Fetch");

    return ngx_erp_auth_push(login, &login->auth->name, &value);
}


static ngx_int_t
ngx_erp_auth_push(ngx_erp_auth_login_t *login, ngx_http_dispatch_name_t *name,
    ngx_str_t *value)
{
    ngx_erp_header_t  *h;

    h = ngx_array_push(&login->headers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    h->name = *name;
    h->value = *value;

    return NGX_OK;
}


static void
ngx_erp_auth_login_handler(ngx_erp_call_t *call)
{
    ngx_erp_auth_login_t *login = call->data;

    login->why = ngx_erp_auth_read(login);

    ngx_erp_auth_end(login);
}
