
/*
 * Logins: what their answers mean.
 *
 * Sources: RFC 6749 §5.1 (the token's answer), RFC 6265 §5.2 (Set-Cookie).
 */

#include "ngx_erp_auth_private.h"
#include "ngx_canonical_json.h"
#include "ngx_http_canonical_module.h"


#define NGX_ERP_AUTH_TREE      (1024 * 1024)

/* seconds that a token lives: without expires_in, and at most */

#define NGX_ERP_AUTH_LIFE      300
#define NGX_ERP_AUTH_LIFE_MAX  86400


/* they return NULL, or why the answer is of no use */

static const char *ngx_erp_auth_read_json(ngx_erp_auth_login_t *login,
    ngx_canonical_arena_t *arena, ngx_canonical_node_t **root);
static const char *ngx_erp_auth_read_token(ngx_erp_auth_login_t *login,
    ngx_canonical_node_t *root);
static ngx_msec_t ngx_erp_auth_life(ngx_canonical_node_t *node);
static const char *ngx_erp_auth_read_session(ngx_erp_auth_login_t *login,
    ngx_canonical_arena_t *arena, ngx_canonical_node_t *root);
static const char *ngx_erp_auth_read_csrf(ngx_erp_auth_login_t *login);
static const char *ngx_erp_auth_read_cookies(ngx_erp_auth_login_t *login);
static ngx_uint_t ngx_erp_auth_pair(ngx_erp_header_t *h, ngx_str_t *pair);
static ngx_uint_t ngx_erp_auth_control(ngx_str_t *s);


static ngx_canonical_limits_t  ngx_erp_auth_limits = { 32, 4096, 1024, 64 };


const char *
ngx_erp_auth_read(ngx_erp_auth_login_t *login)
{
    const char             *why;
    ngx_erp_call_t         *call;
    ngx_canonical_node_t   *root;
    ngx_canonical_arena_t   arena;

    call = &login->call;

    if (call->status == NGX_ERP_STATUS_CONNECT) {
        return "no connection";
    }

    if (call->status == NGX_ERP_STATUS_TIMEOUT) {
        return "no whole answer";
    }

    if (login->auth->kind == NGX_ERP_AUTH_CSRF) {
        return ngx_erp_auth_read_csrf(login);
    }

    if (call->status < NGX_HTTP_OK
        || call->status >= NGX_HTTP_SPECIAL_RESPONSE)
    {
        return "it was refused";
    }

    ngx_canonical_arena_init(&arena, ngx_http_canonical_memory, login->pool,
                             NGX_ERP_AUTH_TREE);

    why = ngx_erp_auth_read_json(login, &arena, &root);

    if (why) {
        return why;
    }

    if (login->auth->kind == NGX_ERP_AUTH_OAUTH2) {
        return ngx_erp_auth_read_token(login, root);
    }

    return ngx_erp_auth_read_session(login, &arena, root);
}


/* *root is NULL where cookies are enough */

static const char *
ngx_erp_auth_read_json(ngx_erp_auth_login_t *login,
    ngx_canonical_arena_t *arena, ngx_canonical_node_t **root)
{
    ngx_int_t               rc;
    ngx_erp_auth_t         *auth;
    ngx_canonical_node_t   *error;
    ngx_canonical_error_t   err;

    auth = login->auth;
    *root = NULL;

    if (login->call.cut) {
        return "the answer is too long";
    }

    if (login->call.answer.len == 0 && auth->cookie
        && auth->value.nparts == 0)
    {
        return NULL;
    }

    rc = ngx_canonical_json_read(arena, &login->call.answer,
                                 &ngx_erp_auth_limits, root, &err);

    if (rc == NGX_ERROR) {
        return "no memory";
    }

    if (rc == NGX_DECLINED) {
        return "the answer is no JSON";
    }

    if ((*root)->kind != NGX_CANONICAL_OBJECT) {
        return "the answer is no JSON object";
    }

    error = ngx_canonical_get(*root, "error");

    if (error && error->kind != NGX_CANONICAL_NULL) {
        return "it was refused, the answer has an error";
    }

    return NULL;
}


static const char *
ngx_erp_auth_read_token(ngx_erp_auth_login_t *login,
    ngx_canonical_node_t *root)
{
    u_char                *p;
    ngx_str_t              token;
    ngx_canonical_node_t  *node;

    node = ngx_canonical_get(root, "token_type");

    if (node
        && (node->kind != NGX_CANONICAL_STRING || node->len != 6
            || ngx_strncasecmp(node->data, (u_char *) "bearer", 6) != 0))
    {
        return "the type of the token is not \"Bearer\"";
    }

    node = ngx_canonical_get(root, "access_token");

    if (node == NULL || node->kind != NGX_CANONICAL_STRING || node->len == 0) {
        return "the answer has no access_token";
    }

    token.data = node->data;
    token.len = node->len;

    if (ngx_erp_auth_control(&token)) {
        return "the token has a control character";
    }

    p = ngx_pnalloc(login->pool, sizeof("Bearer ") - 1 + token.len);
    if (p == NULL) {
        return "no memory";
    }

    login->value.data = p;

    p = ngx_cpymem(p, "Bearer ", sizeof("Bearer ") - 1);
    p = ngx_cpymem(p, token.data, token.len);

    login->value.len = p - login->value.data;
    login->life = ngx_erp_auth_life(ngx_canonical_get(root, "expires_in"));

    return NULL;
}


/* a number; some have it as a string, or with a fraction */

static ngx_msec_t
ngx_erp_auth_life(ngx_canonical_node_t *node)
{
    uint32_t    i;
    ngx_uint_t  life;

    if (node == NULL
        || (node->kind != NGX_CANONICAL_NUMBER
            && node->kind != NGX_CANONICAL_STRING))
    {
        return NGX_ERP_AUTH_LIFE * 1000;
    }

    life = 0;

    for (i = 0; i < node->len; i++) {

        if (node->data[i] < '0' || node->data[i] > '9') {
            break;
        }

        if (life <= NGX_ERP_AUTH_LIFE_MAX) {
            life = life * 10 + (node->data[i] - '0');
        }
    }

    if (i == 0 || (i < node->len && node->data[i] != '.')) {
        return NGX_ERP_AUTH_LIFE * 1000;
    }

    life = ngx_min(life, NGX_ERP_AUTH_LIFE_MAX);

    return ngx_max(life, 1) * 1000;
}


static const char *
ngx_erp_auth_read_session(ngx_erp_auth_login_t *login,
    ngx_canonical_arena_t *arena, ngx_canonical_node_t *root)
{
    ngx_int_t        rc;
    const char      *why;
    ngx_erp_auth_t  *auth;

    auth = login->auth;

    if (auth->value.nparts) {
        rc = ngx_erp_template_run(arena, &auth->value, &auth->user, root,
                                  &login->value, &why);

        if (rc == NGX_DECLINED) {
            return why;
        }

        if (rc == NGX_ERROR) {
            return "no memory";
        }
    }

    if (!auth->cookie) {
        return NULL;
    }

    why = ngx_erp_auth_read_cookies(login);

    if (why == NULL && login->cookie.len == 0) {
        return "the answer sets no cookie";
    }

    return why;
}


/* the token is there with any status that its service likes */

static const char *
ngx_erp_auth_read_csrf(ngx_erp_auth_login_t *login)
{
    ngx_str_t  *token;

    token = ngx_erp_call_header(&login->call,
                                (char *) login->auth->name.lowcase);

    if (token == NULL || token->len == 0
        || (token->len == sizeof("required") - 1
            && ngx_strncasecmp(token->data, (u_char *) "required", token->len)
               == 0))
    {
        return "the answer has no CSRF token";
    }

    if (ngx_erp_auth_control(token)) {
        return "the token has a control character";
    }

    login->value = *token;

    return ngx_erp_auth_read_cookies(login);
}


/* all of them as one Cookie: who sets them knows what they are for */

static const char *
ngx_erp_auth_read_cookies(ngx_erp_auth_login_t *login)
{
    u_char            *p;
    size_t             len;
    ngx_str_t          pair;
    ngx_uint_t         i;
    ngx_array_t       *headers;
    ngx_erp_header_t  *h;

    headers = &login->call.answer_headers;
    h = headers->elts;
    len = 0;

    for (i = 0; i < headers->nelts; i++) {

        if (!ngx_erp_auth_pair(&h[i], &pair)) {
            continue;
        }

        if (ngx_erp_auth_control(&pair)) {
            return "a cookie has a control character";
        }

        len += pair.len + 2;
    }

    if (len == 0) {
        return NULL;
    }

    p = ngx_pnalloc(login->pool, len);
    if (p == NULL) {
        return "no memory";
    }

    login->cookie.data = p;

    for (i = 0; i < headers->nelts; i++) {

        if (!ngx_erp_auth_pair(&h[i], &pair)) {
            continue;
        }

        if (p != login->cookie.data) {
            *p++ = ';';
            *p++ = ' ';
        }

        p = ngx_cpymem(p, pair.data, pair.len);
    }

    login->cookie.len = p - login->cookie.data;

    return NULL;
}


/* name and value of a Set-Cookie, without its attributes; 0: it is none */

static ngx_uint_t
ngx_erp_auth_pair(ngx_erp_header_t *h, ngx_str_t *pair)
{
    u_char  *p, *end, *last;

    if (!ngx_erp_auth_is(&h->name, "set-cookie")) {
        return 0;
    }

    p = h->value.data;
    end = p + h->value.len;

    for (last = p; last < end && *last != ';'; last++) { /* void */ }

    while (p < last && (*p == ' ' || *p == '\t')) {
        p++;
    }

    while (last > p && (last[-1] == ' ' || last[-1] == '\t')) {
        last--;
    }

    pair->data = p;
    pair->len = last - p;

    /* what has no name is not sent back */

    return p < last && *p != '=' && ngx_strlchr(p, last, '=') != NULL;
}


static ngx_uint_t
ngx_erp_auth_control(ngx_str_t *s)
{
    size_t  i;

    for (i = 0; i < s->len; i++) {
        if (s->data[i] < 0x20 || s->data[i] == 0x7f) {
            return 1;
        }
    }

    return 0;
}
