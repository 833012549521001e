
/*
 * What nginx.conf says of requests to a destination: their key, who we are to
 * it, and what else is asked.
 */

#include "ngx_http_erp_conf.h"


#define NGX_HTTP_ERP_HANDSHAKES_MAX  100


/* erp_idempotency, as it is read */

typedef struct {
    ngx_http_erp_idempotency_t   idempotency;
    ngx_str_t                    format;
    ngx_uint_t                   none;
    ngx_uint_t                   repeatability;
} ngx_http_erp_idempotency_words_t;


static char *ngx_http_erp_idempotency_check(
    ngx_http_erp_idempotency_words_t *words);
static const char *ngx_http_erp_idempotency_format(ngx_conf_t *cf,
    ngx_http_erp_option_t *option, ngx_str_t *value, void *field);
static char *ngx_http_erp_auth_login(ngx_conf_t *cf, ngx_erp_auth_t *auth);
static char *ngx_http_erp_conf_results(ngx_conf_t *cf, ngx_uint_t first,
    ngx_array_t *results, ngx_uint_t *attempts);
static char *ngx_http_erp_conf_result(ngx_conf_t *cf, ngx_str_t *word,
    ngx_array_t *results);
static ngx_int_t ngx_http_erp_conf_result_name(ngx_conf_t *cf,
    ngx_str_t *word, ngx_str_t *name);


#define ngx_http_erp_idempotency_offset(field)                                \
    offsetof(ngx_http_erp_idempotency_words_t, field)


static ngx_http_erp_option_t  ngx_http_erp_idempotency_options[] = {

    { ngx_string("none"), NULL,
      ngx_http_erp_idempotency_offset(none), 0, 0, 0 },

    { ngx_string("repeatability"), NULL,
      ngx_http_erp_idempotency_offset(repeatability), 0, 0, 0 },

    { ngx_string("header"), ngx_http_erp_option_header,
      ngx_http_erp_idempotency_offset(idempotency.key), 0, 0, 0 },

    { ngx_string("format"), ngx_http_erp_idempotency_format,
      ngx_http_erp_idempotency_offset(format), 0, 0, 0 },

    { ngx_string("created"), ngx_http_erp_option_header,
      ngx_http_erp_idempotency_offset(idempotency.created), 0, 0, 0 },

    { ngx_string("upsert"), ngx_http_erp_option_header,
      ngx_http_erp_idempotency_offset(idempotency.upsert), 0, 0, 0 },

    { ngx_string("probe"), ngx_http_erp_option_uri,
      ngx_http_erp_idempotency_offset(idempotency.probe), 0, 0, 0 },

    { ngx_string("found"), ngx_http_erp_option_test,
      ngx_http_erp_idempotency_offset(idempotency.found), 0, 0, 0 },

    { ngx_null_string, NULL, 0, 0, 0, 0 }
};


ngx_http_erp_idempotency_t  ngx_http_erp_idempotency_default = {
    { ngx_http_dispatch_name("Idempotency-Key", "idempotency-key"),
      ngx_null_string },                   /* key */
    NGX_HTTP_ERP_KEY_TEXT,                 /* format */
    { { ngx_null_string, NULL, 0 }, ngx_null_string },    /* created */
    { { ngx_null_string, NULL, 0 }, ngx_null_string },    /* upsert */
    NULL,                                  /* probe */
    { ngx_null_string, ngx_null_string, 0 },              /* found */
    0                                      /* none */
};


/* OASIS Repeatable Requests 1.0 */

static ngx_http_dispatch_name_t  ngx_http_erp_repeatability_id =
    ngx_http_dispatch_name("Repeatability-Request-ID",
                           "repeatability-request-id");

static ngx_http_dispatch_name_t  ngx_http_erp_repeatability_sent =
    ngx_http_dispatch_name("Repeatability-First-Sent",
                           "repeatability-first-sent");


static ngx_str_t  ngx_http_erp_true = ngx_string("true");


char *
ngx_http_erp_idempotency(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_erp_loc_conf_t *elcf = conf;

    char                              *rv;
    ngx_http_erp_idempotency_t        *idempotency;
    ngx_http_erp_idempotency_words_t   words;

    if (elcf->idempotency) {
        return "is duplicate";
    }

    ngx_memzero(&words, sizeof(ngx_http_erp_idempotency_words_t));

    rv = ngx_http_erp_options(cf, 1, ngx_http_erp_idempotency_options,
                              &words);
    if (rv != NGX_CONF_OK) {
        return rv;
    }

    if (words.none && cf->args->nelts > 2) {
        return "has \"none\" beside other parameters";
    }

    rv = ngx_http_erp_idempotency_check(&words);
    if (rv != NGX_CONF_OK) {
        return rv;
    }

    idempotency = ngx_palloc(cf->pool, sizeof(ngx_http_erp_idempotency_t));
    if (idempotency == NULL) {
        return NGX_CONF_ERROR;
    }

    *idempotency = words.idempotency;
    idempotency->none = (words.none != 0);

    if (words.repeatability) {
        idempotency->key.name = ngx_http_erp_repeatability_id;
        idempotency->created.name = ngx_http_erp_repeatability_sent;
        idempotency->format = NGX_HTTP_ERP_KEY_UUID;
    }

    if (idempotency->upsert.name.key.len) {
        idempotency->upsert.value = ngx_http_erp_true;
    }

    elcf->idempotency = idempotency;

    return NGX_CONF_OK;
}


static char *
ngx_http_erp_idempotency_check(ngx_http_erp_idempotency_words_t *words)
{
    ngx_uint_t  header;

    header = (words->idempotency.key.name.key.len != 0);

    if (words->repeatability && header) {
        return "has \"repeatability\" beside \"header=\"";
    }

    if (!header
        && (words->format.len || words->idempotency.created.name.key.len))
    {
        return "has \"format=\" or \"created=\" without \"header=\"";
    }

    if ((words->idempotency.probe == NULL)
        != (words->idempotency.found.pointer.data == NULL))
    {
        return "needs both \"probe=\" and \"found=\"";
    }

    if (words->format.len == 0
        || ngx_strcmp(words->format.data, "text") == 0)
    {
        words->idempotency.format = NGX_HTTP_ERP_KEY_TEXT;

    } else if (ngx_strcmp(words->format.data, "hex32") == 0) {
        words->idempotency.format = NGX_HTTP_ERP_KEY_HEX;

    } else {
        words->idempotency.format = NGX_HTTP_ERP_KEY_UUID;
    }

    return NGX_CONF_OK;
}


static const char *
ngx_http_erp_idempotency_format(ngx_conf_t *cf, ngx_http_erp_option_t *option,
    ngx_str_t *value, void *field)
{
    if (ngx_strcmp(value->data, "text") != 0
        && ngx_strcmp(value->data, "hex32") != 0
        && ngx_strcmp(value->data, "uuid") != 0)
    {
        return "\"text\", \"hex32\" or \"uuid\" is expected";
    }

    return ngx_http_erp_option_text(cf, option, value, field);
}


char *
ngx_http_erp_auth(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_erp_loc_conf_t *elcf = conf;

    ngx_str_t       *value;
    ngx_uint_t       off;
    ngx_erp_auth_t  *auth, **slot;

    value = cf->args->elts;

    off = (cf->args->nelts == 2 && ngx_strcmp(value[1].data, "off") == 0);

    if (elcf->auths == NGX_CONF_UNSET_PTR) {
        elcf->auths = ngx_array_create(cf->pool, 2, sizeof(ngx_erp_auth_t *));
        if (elcf->auths == NULL) {
            return NGX_CONF_ERROR;
        }

    } else if (off || elcf->auths->nelts == 0) {
        return "has \"off\" beside another \"erp_auth\"";
    }

    /* an empty array, other than none at all, is "off" for a step too */

    if (off) {
        return NGX_CONF_OK;
    }

    auth = ngx_erp_auth_conf(cf, &value[1], cf->args->nelts - 1);
    if (auth == NULL) {
        return NGX_CONF_ERROR;
    }

    slot = ngx_array_push(elcf->auths);
    if (slot == NULL) {
        return NGX_CONF_ERROR;
    }

    *slot = auth;

    return ngx_http_erp_auth_login(cf, auth);
}


static char *
ngx_http_erp_auth_login(ngx_conf_t *cf, ngx_erp_auth_t *auth)
{
    ngx_str_t                 *uri;
    ngx_http_erp_login_t      *login;
    ngx_http_erp_main_conf_t  *emcf;

    uri = ngx_erp_auth_uri(auth);

    if (uri->len == 0) {
        return NGX_CONF_OK;
    }

    emcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_erp_module);

    login = ngx_array_push(&emcf->logins);
    if (login == NULL) {
        return NGX_CONF_ERROR;
    }

    login->auth = auth;
    login->uri = ngx_http_erp_uri(cf, uri);

    return login->uri ? NGX_CONF_OK : NGX_CONF_ERROR;
}


char *
ngx_http_erp_step(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_erp_loc_conf_t *elcf = conf;

    ngx_str_t            *value;
    ngx_http_erp_step_t  *step;

    if (elcf->steps == NULL) {
        elcf->steps = ngx_array_create(cf->pool, 2,
                                       sizeof(ngx_http_erp_step_t));
        if (elcf->steps == NULL) {
            return NGX_CONF_ERROR;
        }
    }

    step = ngx_array_push(elcf->steps);
    if (step == NULL) {
        return NGX_CONF_ERROR;
    }

    value = cf->args->elts;

    step->uri = ngx_http_erp_uri(cf, &value[1]);
    if (step->uri == NULL) {
        return NGX_CONF_ERROR;
    }

    return ngx_http_erp_conf_results(cf, 2, &step->results, NULL);
}


char *
ngx_http_erp_on_error(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_erp_loc_conf_t *elcf = conf;

    ngx_str_t                *value;
    ngx_uint_t                i;
    ngx_http_erp_on_error_t  *error;

    value = cf->args->elts;

    if (value[1].len == 0) {
        return "has an empty code";
    }

    if (elcf->on_error == NULL) {
        elcf->on_error = ngx_array_create(cf->pool, 2,
                                          sizeof(ngx_http_erp_on_error_t));
        if (elcf->on_error == NULL) {
            return NGX_CONF_ERROR;
        }
    }

    error = elcf->on_error->elts;

    for (i = 0; i < elcf->on_error->nelts; i++) {
        if (error[i].code.len == value[1].len
            && ngx_strncmp(error[i].code.data, value[1].data, value[1].len)
               == 0)
        {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "duplicate code \"%V\"",
                               &value[1]);
            return NGX_CONF_ERROR;
        }
    }

    error = ngx_array_push(elcf->on_error);
    if (error == NULL) {
        return NGX_CONF_ERROR;
    }

    error->code = value[1];
    error->attempts = 1;

    error->uri = ngx_http_erp_uri(cf, &value[2]);
    if (error->uri == NULL) {
        return NGX_CONF_ERROR;
    }

    return ngx_http_erp_conf_results(cf, 3, &error->results,
                                     &error->attempts);
}


/* "name=/pointer", and "attempts=number", unless that is NULL */

static char *
ngx_http_erp_conf_results(ngx_conf_t *cf, ngx_uint_t first,
    ngx_array_t *results, ngx_uint_t *attempts)
{
    char        *rv;
    ngx_int_t    n;
    ngx_str_t   *value;
    ngx_uint_t   i;

    if (ngx_array_init(results, cf->pool, 4, sizeof(ngx_http_erp_result_t))
        != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    value = cf->args->elts;

    for (i = first; i < cf->args->nelts; i++) {

        /* "attempts=/pointer" is a result of that name */

        if (attempts && ngx_strncmp(value[i].data, "attempts=", 9) == 0
            && value[i].data[9] != '/')
        {
            n = ngx_atoi(value[i].data + 9, value[i].len - 9);

            if (n < 1 || n > NGX_HTTP_ERP_HANDSHAKES_MAX) {
                ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                                   "invalid parameter \"%V\"", &value[i]);
                return NGX_CONF_ERROR;
            }

            *attempts = n;
            continue;
        }

        rv = ngx_http_erp_conf_result(cf, &value[i], results);
        if (rv != NGX_CONF_OK) {
            return rv;
        }
    }

    return NGX_CONF_OK;
}


static char *
ngx_http_erp_conf_result(ngx_conf_t *cf, ngx_str_t *word,
    ngx_array_t *results)
{
    u_char                 *p;
    ngx_str_t               name, value;
    ngx_uint_t              i;
    const char             *why;
    ngx_http_erp_result_t  *result;

    p = ngx_strlchr(word->data, word->data + word->len, '=');

    if (p == NULL) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "invalid parameter \"%V\"",
                           word);
        return NGX_CONF_ERROR;
    }

    name.data = word->data;
    name.len = p - word->data;
    value.data = p + 1;
    value.len = word->len - name.len - 1;

    if (ngx_http_erp_conf_result_name(cf, word, &name) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    result = results->elts;

    for (i = 0; i < results->nelts; i++) {
        if (result[i].name.len == name.len
            && ngx_strncmp(result[i].name.data, name.data, name.len) == 0)
        {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "duplicate parameter \"%V\"", word);
            return NGX_CONF_ERROR;
        }
    }

    result = ngx_array_push(results);
    if (result == NULL) {
        return NGX_CONF_ERROR;
    }

    result->name = name;

    why = ngx_http_erp_option_pointer(cf, NULL, &value, &result->pointer);

    if (why != NGX_CONF_OK) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid parameter \"%V\": %s", word, why);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


/* the end of the name of a variable, which NGINX has in lower case */

static ngx_int_t
ngx_http_erp_conf_result_name(ngx_conf_t *cf, ngx_str_t *word,
    ngx_str_t *name)
{
    u_char      *low, ch;
    ngx_uint_t   i;

    low = ngx_pnalloc(cf->pool, name->len);
    if (low == NULL) {
        return NGX_ERROR;
    }

    ngx_strlow(low, name->data, name->len);

    for (i = 0; i < name->len; i++) {
        ch = low[i];

        if (!(ch >= 'a' && ch <= 'z') && !(ch >= '0' && ch <= '9')
            && ch != '_')
        {
            break;
        }
    }

    if (name->len == 0 || i < name->len) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "invalid parameter \"%V\": a name of letters, "
                           "digits and \"_\" is expected before \"=\"", word);
        return NGX_ERROR;
    }

    name->data = low;

    return NGX_OK;
}
