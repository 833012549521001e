
/*
 * erp_auth: its words.
 */

#include "ngx_erp_auth_private.h"
#include "ngx_canonical_text.h"
#include "ngx_http_canonical_module.h"


#define NGX_ERP_AUTH_EARLY   60000

/* of a template */
#define NGX_ERP_AUTH_MEMORY  (1024 * 1024)


/* parameters, as bits of what a kind may have and must have */

#define NGX_ERP_AUTH_P_USER      0x0001
#define NGX_ERP_AUTH_P_PASSWORD  0x0002
#define NGX_ERP_AUTH_P_TOKEN     0x0004
#define NGX_ERP_AUTH_P_HEADER    0x0008
#define NGX_ERP_AUTH_P_FILE      0x0010
#define NGX_ERP_AUTH_P_PREFIX    0x0020
#define NGX_ERP_AUTH_P_CLIENT    0x0040
#define NGX_ERP_AUTH_P_SECRET    0x0080
#define NGX_ERP_AUTH_P_SCOPE     0x0100
#define NGX_ERP_AUTH_P_EARLY     0x0200
#define NGX_ERP_AUTH_P_STYLE     0x0400
#define NGX_ERP_AUTH_P_LOGIN     0x0800
#define NGX_ERP_AUTH_P_VALUE     0x1000
#define NGX_ERP_AUTH_P_COOKIE    0x2000
#define NGX_ERP_AUTH_P_FORM      0x4000


typedef struct {
    ngx_str_t    name;
    ngx_uint_t   required;
    ngx_uint_t   allowed;
    ngx_uint_t   uri;            /* behind the name */
    ngx_uint_t   secret;         /* NGX_ERP_SECRET_... */
} ngx_erp_auth_words_t;


typedef struct {
    ngx_uint_t   bit;
    ngx_str_t    name;
} ngx_erp_auth_param_t;


static ngx_int_t ngx_erp_auth_param(ngx_conf_t *cf, ngx_erp_auth_t *auth,
    ngx_str_t *word, ngx_uint_t *seen);
static ngx_uint_t ngx_erp_auth_param_find(ngx_str_t *word,
    ngx_str_t *value);
static ngx_int_t ngx_erp_auth_param_set(ngx_conf_t *cf, ngx_erp_auth_t *auth,
    ngx_uint_t bit, ngx_str_t *value);
static ngx_int_t ngx_erp_auth_text(ngx_conf_t *cf, ngx_str_t *value);
static ngx_int_t ngx_erp_auth_choice(ngx_conf_t *cf, ngx_str_t *value,
    const char *no, const char *yes);
static ngx_int_t ngx_erp_auth_login_method(ngx_conf_t *cf,
    ngx_erp_auth_t *auth, ngx_str_t *value);
static ngx_int_t ngx_erp_auth_name(ngx_conf_t *cf, ngx_erp_auth_t *auth,
    ngx_str_t *value);
static ngx_int_t ngx_erp_auth_complete(ngx_conf_t *cf, ngx_erp_auth_t *auth,
    ngx_uint_t seen);
static ngx_int_t ngx_erp_auth_template(ngx_conf_t *cf, ngx_erp_auth_t *auth,
    ngx_str_t *value);
static ngx_int_t ngx_erp_auth_state(ngx_conf_t *cf, ngx_erp_auth_t *auth);
static void ngx_erp_auth_cleanup(void *data);


#define NGX_ERP_AUTH_WHO  (NGX_ERP_AUTH_P_USER|NGX_ERP_AUTH_P_PASSWORD)

/* by their kind */

static ngx_erp_auth_words_t  ngx_erp_auth_words[] = {

    { ngx_string("basic"), NGX_ERP_AUTH_WHO, NGX_ERP_AUTH_WHO, 0, 0 },

    { ngx_string("bearer"), NGX_ERP_AUTH_P_TOKEN, NGX_ERP_AUTH_P_TOKEN, 0,
      NGX_ERP_SECRET_LINE },

    { ngx_string("api_key"), NGX_ERP_AUTH_P_HEADER|NGX_ERP_AUTH_P_FILE,
      NGX_ERP_AUTH_P_HEADER|NGX_ERP_AUTH_P_FILE|NGX_ERP_AUTH_P_PREFIX, 0,
      NGX_ERP_SECRET_LINE },

    { ngx_string("oauth2"), NGX_ERP_AUTH_P_CLIENT|NGX_ERP_AUTH_P_SECRET,
      NGX_ERP_AUTH_P_CLIENT|NGX_ERP_AUTH_P_SECRET|NGX_ERP_AUTH_P_SCOPE
      |NGX_ERP_AUTH_P_EARLY|NGX_ERP_AUTH_P_STYLE, 1, 0 },

    { ngx_string("session"), NGX_ERP_AUTH_WHO,
      NGX_ERP_AUTH_WHO|NGX_ERP_AUTH_P_LOGIN|NGX_ERP_AUTH_P_HEADER
      |NGX_ERP_AUTH_P_VALUE|NGX_ERP_AUTH_P_COOKIE, 1, NGX_ERP_SECRET_UTF8 },

    { ngx_string("csrf"), 0, NGX_ERP_AUTH_P_HEADER, 1, 0 },

    { ngx_string("wsse"), NGX_ERP_AUTH_WHO,
      NGX_ERP_AUTH_WHO|NGX_ERP_AUTH_P_FORM, 0,
      NGX_ERP_SECRET_LINE|NGX_ERP_SECRET_UTF8 },

    { ngx_null_string, 0, 0, 0, 0 }
};


static ngx_erp_auth_param_t  ngx_erp_auth_params[] = {
    { NGX_ERP_AUTH_P_USER,     ngx_string("user=") },
    { NGX_ERP_AUTH_P_PASSWORD, ngx_string("password_file=") },
    { NGX_ERP_AUTH_P_TOKEN,    ngx_string("token_file=") },
    { NGX_ERP_AUTH_P_HEADER,   ngx_string("header=") },
    { NGX_ERP_AUTH_P_FILE,     ngx_string("file=") },
    { NGX_ERP_AUTH_P_PREFIX,   ngx_string("prefix=") },
    { NGX_ERP_AUTH_P_CLIENT,   ngx_string("client_id=") },
    { NGX_ERP_AUTH_P_SECRET,   ngx_string("client_secret_file=") },
    { NGX_ERP_AUTH_P_SCOPE,    ngx_string("scope=") },
    { NGX_ERP_AUTH_P_EARLY,    ngx_string("early=") },
    { NGX_ERP_AUTH_P_STYLE,    ngx_string("style=") },
    { NGX_ERP_AUTH_P_LOGIN,    ngx_string("login=") },
    { NGX_ERP_AUTH_P_VALUE,    ngx_string("value=") },
    { NGX_ERP_AUTH_P_FORM,     ngx_string("password=") },
    { 0, ngx_null_string }
};


ngx_erp_auth_t *
ngx_erp_auth_conf(ngx_conf_t *cf, ngx_str_t *words, ngx_uint_t n)
{
    ngx_uint_t             i, seen;
    ngx_erp_auth_t        *auth;
    ngx_erp_auth_words_t  *w;

    for (i = 0; ngx_erp_auth_words[i].name.len; i++) {
        if (words[0].len == ngx_erp_auth_words[i].name.len
            && ngx_memcmp(words[0].data, ngx_erp_auth_words[i].name.data,
                          words[0].len)
               == 0)
        {
            break;
        }
    }

    w = &ngx_erp_auth_words[i];

    if (w->name.len == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "unknown authentication \"%V\"", &words[0]);
        return NULL;
    }

    auth = ngx_pcalloc(cf->pool, sizeof(ngx_erp_auth_t));
    if (auth == NULL) {
        return NULL;
    }

    auth->kind = i;
    auth->early = NGX_ERP_AUTH_EARLY;

    i = 1;

    if (w->uri) {

        if (n < 2 || words[1].len == 0 || words[1].data[0] != '/') {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "\"%V\" needs the URI of "
                               "a location, which begins with \"/\"",
                               &w->name);
            return NULL;
        }

        auth->uri = words[1];
        i = 2;
    }

    for (seen = 0; i < n; i++) {
        if (ngx_erp_auth_param(cf, auth, &words[i], &seen) != NGX_OK) {
            return NULL;
        }
    }

    if (ngx_erp_auth_complete(cf, auth, seen) != NGX_OK
        || ngx_erp_auth_state(cf, auth) != NGX_OK)
    {
        return NULL;
    }

    return auth;
}


static ngx_int_t
ngx_erp_auth_param(ngx_conf_t *cf, ngx_erp_auth_t *auth, ngx_str_t *word,
    ngx_uint_t *seen)
{
    u_char                *p;
    ngx_str_t              name, value;
    ngx_uint_t             bit;
    ngx_erp_auth_words_t  *w;

    w = &ngx_erp_auth_words[auth->kind];

    /* who takes "password_file=" for "password=" has a secret behind it */

    name = *word;

    p = ngx_strlchr(name.data, name.data + name.len, '=');
    if (p) {
        name.len = p + 1 - name.data;
    }

    bit = ngx_erp_auth_param_find(word, &value);

    if ((bit & w->allowed) == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid parameter \"%V\" of \"%V\"", &name,
                           &w->name);
        return NGX_ERROR;
    }

    if (bit & *seen) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "duplicate parameter \"%V\"",
                           &name);
        return NGX_ERROR;
    }

    *seen |= bit;

    if (bit != NGX_ERP_AUTH_P_COOKIE && value.len == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "parameter \"%V\" is empty",
                           &name);
        return NGX_ERROR;
    }

    return ngx_erp_auth_param_set(cf, auth, bit, &value);
}


static ngx_uint_t
ngx_erp_auth_param_find(ngx_str_t *word, ngx_str_t *value)
{
    ngx_erp_auth_param_t  *p;

    if (word->len == 6 && ngx_memcmp(word->data, "cookie", 6) == 0) {
        ngx_str_null(value);
        return NGX_ERP_AUTH_P_COOKIE;
    }

    for (p = ngx_erp_auth_params; p->bit; p++) {

        if (word->len >= p->name.len
            && ngx_memcmp(word->data, p->name.data, p->name.len) == 0)
        {
            value->data = word->data + p->name.len;
            value->len = word->len - p->name.len;
            return p->bit;
        }
    }

    return 0;
}


static ngx_int_t
ngx_erp_auth_param_set(ngx_conf_t *cf, ngx_erp_auth_t *auth, ngx_uint_t bit,
    ngx_str_t *value)
{
    ngx_int_t  rc;

    switch (bit) {

    case NGX_ERP_AUTH_P_USER:
    case NGX_ERP_AUTH_P_CLIENT:
        auth->user = *value;
        return ngx_erp_auth_text(cf, value);

    case NGX_ERP_AUTH_P_SCOPE:
        auth->scope = *value;
        return ngx_erp_auth_text(cf, value);

    case NGX_ERP_AUTH_P_PREFIX:
        auth->prefix = *value;
        return ngx_erp_auth_text(cf, value);

    case NGX_ERP_AUTH_P_PASSWORD:
    case NGX_ERP_AUTH_P_TOKEN:
    case NGX_ERP_AUTH_P_FILE:
    case NGX_ERP_AUTH_P_SECRET:
        auth->secret = ngx_erp_secret_conf(cf, value,
                                     ngx_erp_auth_words[auth->kind].secret);

        return auth->secret ? NGX_OK : NGX_ERROR;

    case NGX_ERP_AUTH_P_HEADER:
        return ngx_erp_auth_name(cf, auth, value);

    case NGX_ERP_AUTH_P_EARLY:
        rc = ngx_parse_time(value, 0);

        if (rc == NGX_ERROR) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "invalid time \"%V\"",
                               value);
            return NGX_ERROR;
        }

        auth->early = (ngx_msec_t) rc;
        return NGX_OK;

    case NGX_ERP_AUTH_P_STYLE:
        rc = ngx_erp_auth_choice(cf, value, "basic", "post");
        auth->post = (rc == 1);
        return (rc == NGX_ERROR) ? NGX_ERROR : NGX_OK;

    case NGX_ERP_AUTH_P_FORM:
        rc = ngx_erp_auth_choice(cf, value, "text", "digest");
        auth->digest = (rc == 1);
        return (rc == NGX_ERROR) ? NGX_ERROR : NGX_OK;

    case NGX_ERP_AUTH_P_LOGIN:
        return ngx_erp_auth_login_method(cf, auth, value);

    case NGX_ERP_AUTH_P_VALUE:
        return ngx_erp_auth_template(cf, auth, value);

    default: /* NGX_ERP_AUTH_P_COOKIE */
        auth->cookie = 1;
        return NGX_OK;
    }
}


/* goes to a header, to JSON or to XML */

static ngx_int_t
ngx_erp_auth_text(ngx_conf_t *cf, ngx_str_t *value)
{
    u_char  *p, *end;
    size_t   n;

    end = value->data + value->len;

    for (p = value->data; p < end; p += n) {
        n = ngx_canonical_text_utf8(p, end);

        if (n == 0 || *p < 0x20 || *p == 0x7f) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "invalid value \"%V\", "
                               "text in UTF-8 is expected", value);
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/* 0, 1 or NGX_ERROR */

static ngx_int_t
ngx_erp_auth_choice(ngx_conf_t *cf, ngx_str_t *value, const char *no,
    const char *yes)
{
    if (ngx_strcmp(value->data, no) == 0) {
        return 0;
    }

    if (ngx_strcmp(value->data, yes) == 0) {
        return 1;
    }

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "invalid value, it must be "
                       "\"%s\" or \"%s\"", no, yes);

    return NGX_ERROR;
}


static ngx_int_t
ngx_erp_auth_login_method(ngx_conf_t *cf, ngx_erp_auth_t *auth,
    ngx_str_t *value)
{
    size_t  n;

    n = sizeof("jsonrpc:") - 1;

    if (value->len <= n || ngx_memcmp(value->data, "jsonrpc:", n) != 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "invalid login \"%V\", it "
                           "must be \"jsonrpc:\" and a method", value);
        return NGX_ERROR;
    }

    auth->method.data = value->data + n;
    auth->method.len = value->len - n;

    return ngx_erp_auth_text(cf, &auth->method);
}


static ngx_int_t
ngx_erp_auth_name(ngx_conf_t *cf, ngx_erp_auth_t *auth, ngx_str_t *value)
{
    u_char  ch;
    size_t  i;

    for (i = 0; i < value->len; i++) {
        ch = value->data[i];

        if (!(ch >= 'a' && ch <= 'z') && !(ch >= 'A' && ch <= 'Z')
            && !(ch >= '0' && ch <= '9')
            && (ch == '\0' || ngx_strchr("!#$%&'*+-.^_`|~", ch) == NULL))
        {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid name of a header \"%V\"", value);
            return NGX_ERROR;
        }
    }

    auth->name.key = *value;

    auth->name.lowcase = ngx_pnalloc(cf->pool, value->len + 1);
    if (auth->name.lowcase == NULL) {
        return NGX_ERROR;
    }

    auth->name.hash = ngx_hash_strlow(auth->name.lowcase, value->data,
                                      value->len);
    auth->name.lowcase[value->len] = '\0';

    return NGX_OK;
}


static ngx_int_t
ngx_erp_auth_complete(ngx_conf_t *cf, ngx_erp_auth_t *auth, ngx_uint_t seen)
{
    ngx_str_t              name;
    ngx_uint_t             missing;
    ngx_erp_auth_words_t  *w;
    ngx_erp_auth_param_t  *p;

    w = &ngx_erp_auth_words[auth->kind];
    missing = w->required & ~seen;

    for (p = ngx_erp_auth_params; p->bit; p++) {
        if (p->bit & missing) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "\"%V\" needs \"%V\"",
                               &w->name, &p->name);
            return NGX_ERROR;
        }
    }

    if (auth->kind == NGX_ERP_AUTH_BASIC
        && ngx_strlchr(auth->user.data, auth->user.data + auth->user.len, ':'))
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "\":\" in the user \"%V\"",
                           &auth->user);
        return NGX_ERROR;
    }

    if (auth->kind == NGX_ERP_AUTH_SESSION) {

        /* with cookies there is no other header unless one is asked for */

        if (auth->cookie && auth->value.nparts == 0) {

            if (auth->name.key.len == 0) {
                return NGX_OK;
            }

            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "\"header=\" and "
                               "\"cookie\" need \"value=\"");
            return NGX_ERROR;
        }

        if (auth->value.nparts == 0) {

            if (auth->method.len) {
                ngx_str_set(&name,
                          "Session base64({user}:{/result/0}:{/result/1})");
            } else {
                ngx_str_set(&name, "Bearer {/token}");
            }

            if (ngx_erp_auth_template(cf, auth, &name) != NGX_OK) {
                return NGX_ERROR;
            }
        }
    }

    if (auth->name.key.len || auth->kind == NGX_ERP_AUTH_WSSE) {
        return NGX_OK;
    }

    if (auth->kind == NGX_ERP_AUTH_CSRF) {
        ngx_str_set(&name, "x-csrf-token");

    } else {
        ngx_str_set(&name, "Authorization");
    }

    return ngx_erp_auth_name(cf, auth, &name);
}


static ngx_int_t
ngx_erp_auth_template(ngx_conf_t *cf, ngx_erp_auth_t *auth, ngx_str_t *value)
{
    ngx_int_t               rc;
    const char             *why;
    ngx_canonical_arena_t   arena;

    ngx_canonical_arena_init(&arena, ngx_http_canonical_memory, cf->pool,
                             NGX_ERP_AUTH_MEMORY);

    rc = ngx_erp_template_compile(&arena, value, &auth->value, &why);

    if (rc == NGX_DECLINED) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "invalid value \"%V\": %s",
                           value, why);
    }

    return (rc == NGX_OK) ? ngx_erp_auth_text(cf, value) : NGX_ERROR;
}


static ngx_int_t
ngx_erp_auth_state(ngx_conf_t *cf, ngx_erp_auth_t *auth)
{
    ngx_pool_cleanup_t  *cln;

    if (auth->uri.len == 0) {
        return NGX_OK;
    }

    cln = ngx_pool_cleanup_add(cf->pool, sizeof(ngx_erp_auth_state_t));
    if (cln == NULL) {
        return NGX_ERROR;
    }

    auth->state = cln->data;

    ngx_memzero(auth->state, sizeof(ngx_erp_auth_state_t));
    ngx_queue_init(&auth->state->waiting);

    cln->handler = ngx_erp_auth_cleanup;

    return NGX_OK;
}


static void
ngx_erp_auth_cleanup(void *data)
{
    ngx_erp_auth_state_t  *state = data;

    /* at the end of a worker, which its calls do not outlive */

    if (state->login) {
        ngx_erp_auth_login_free(state->login);
    }

    ngx_erp_secret_wipe(&state->value);
    ngx_erp_secret_wipe(&state->cookie);
    ngx_erp_secret_wipe(&state->retry_after);
}


ngx_str_t *
ngx_erp_auth_uri(ngx_erp_auth_t *auth)
{
    return &auth->uri;
}


void
ngx_erp_auth_server(ngx_erp_auth_t *auth, ngx_http_core_srv_conf_t *server)
{
    auth->server = server;
}
