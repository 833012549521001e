
/*
 * mllp_pass of http{}: its configuration, as that of NGINX's own proxies.
 */

#include "ngx_http_mllp.h"


#define NGX_HTTP_MLLP_BUFFER_MIN   256
#define NGX_HTTP_MLLP_BUFFER_SIZE  65536


static ngx_int_t ngx_http_mllp_variable_reply(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_mllp_variable_dropped(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_mllp_add_variables(ngx_conf_t *cf);
static void *ngx_http_mllp_create_loc_conf(ngx_conf_t *cf);
static char *ngx_http_mllp_merge_loc_conf(ngx_conf_t *cf, void *parent,
    void *child);
static char *ngx_http_mllp_pass(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_http_mllp_reply_action(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_http_mllp_buffer_size(ngx_conf_t *cf, void *post,
    void *data);
#if (NGX_HTTP_SSL)
static void ngx_http_mllp_merge_ssl(ngx_http_mllp_loc_conf_t *conf,
    ngx_http_mllp_loc_conf_t *prev);
static ngx_int_t ngx_http_mllp_set_ssl(ngx_conf_t *cf,
    ngx_http_mllp_loc_conf_t *conf);
static ngx_int_t ngx_http_mllp_set_ssl_certificate(ngx_conf_t *cf,
    ngx_http_mllp_loc_conf_t *conf);
#endif


static ngx_conf_bitmask_t  ngx_http_mllp_next_upstream_masks[] = {
    { ngx_string("error"), NGX_HTTP_UPSTREAM_FT_ERROR },
    { ngx_string("timeout"), NGX_HTTP_UPSTREAM_FT_TIMEOUT },
    { ngx_string("invalid_response"), NGX_HTTP_UPSTREAM_FT_INVALID_HEADER },
    { ngx_string("non_idempotent"), NGX_HTTP_UPSTREAM_FT_NON_IDEMPOTENT },
    { ngx_string("off"), NGX_HTTP_UPSTREAM_FT_OFF },
    { ngx_null_string, 0 }
};


static ngx_conf_post_t  ngx_http_mllp_buffer_size_post = {
    ngx_http_mllp_buffer_size
};


#if (NGX_HTTP_SSL)

static ngx_conf_bitmask_t  ngx_http_mllp_ssl_protocols[] = {
    { ngx_string("TLSv1"), NGX_SSL_TLSv1 },
    { ngx_string("TLSv1.1"), NGX_SSL_TLSv1_1 },
    { ngx_string("TLSv1.2"), NGX_SSL_TLSv1_2 },
    { ngx_string("TLSv1.3"), NGX_SSL_TLSv1_3 },
    { ngx_null_string, 0 }
};

#endif


static ngx_command_t  ngx_http_mllp_commands[] = {

    { ngx_string("mllp_pass"),
      NGX_HTTP_LOC_CONF|NGX_HTTP_LIF_CONF|NGX_HTTP_LMT_CONF|NGX_CONF_TAKE1,
      ngx_http_mllp_pass,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("mllp_reply_action"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_1MORE,
      ngx_http_mllp_reply_action,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("mllp_bind"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE12,
      ngx_http_upstream_bind_set_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_mllp_loc_conf_t, upstream.local),
      NULL },

    { ngx_string("mllp_socket_keepalive"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_mllp_loc_conf_t, upstream.socket_keepalive),
      NULL },

    { ngx_string("mllp_ignore_client_abort"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_mllp_loc_conf_t, upstream.ignore_client_abort),
      NULL },

    { ngx_string("mllp_intercept_errors"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_mllp_loc_conf_t, upstream.intercept_errors),
      NULL },

    { ngx_string("mllp_connect_timeout"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_mllp_loc_conf_t, upstream.connect_timeout),
      NULL },

    { ngx_string("mllp_send_timeout"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_mllp_loc_conf_t, upstream.send_timeout),
      NULL },

    { ngx_string("mllp_read_timeout"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_mllp_loc_conf_t, upstream.read_timeout),
      NULL },

    { ngx_string("mllp_buffer_size"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_size_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_mllp_loc_conf_t, upstream.buffer_size),
      &ngx_http_mllp_buffer_size_post },

    { ngx_string("mllp_next_upstream"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_1MORE,
      ngx_conf_set_bitmask_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_mllp_loc_conf_t, upstream.next_upstream),
      &ngx_http_mllp_next_upstream_masks },

    { ngx_string("mllp_next_upstream_tries"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_num_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_mllp_loc_conf_t, upstream.next_upstream_tries),
      NULL },

    { ngx_string("mllp_next_upstream_timeout"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_mllp_loc_conf_t, upstream.next_upstream_timeout),
      NULL },

#if (NGX_HTTP_SSL)

    { ngx_string("mllp_ssl"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_mllp_loc_conf_t, ssl),
      NULL },

    { ngx_string("mllp_ssl_session_reuse"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_mllp_loc_conf_t, upstream.ssl_session_reuse),
      NULL },

    { ngx_string("mllp_ssl_protocols"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_1MORE,
      ngx_conf_set_bitmask_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_mllp_loc_conf_t, ssl_protocols),
      &ngx_http_mllp_ssl_protocols },

    { ngx_string("mllp_ssl_ciphers"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_str_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_mllp_loc_conf_t, ssl_ciphers),
      NULL },

    { ngx_string("mllp_ssl_name"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_http_set_complex_value_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_mllp_loc_conf_t, upstream.ssl_name),
      NULL },

    { ngx_string("mllp_ssl_server_name"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_mllp_loc_conf_t, upstream.ssl_server_name),
      NULL },

    { ngx_string("mllp_ssl_verify"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_mllp_loc_conf_t, upstream.ssl_verify),
      NULL },

    { ngx_string("mllp_ssl_verify_depth"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_num_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_mllp_loc_conf_t, ssl_verify_depth),
      NULL },

    { ngx_string("mllp_ssl_trusted_certificate"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_str_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_mllp_loc_conf_t, ssl_trusted_certificate),
      NULL },

    { ngx_string("mllp_ssl_crl"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_str_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_mllp_loc_conf_t, ssl_crl),
      NULL },

    { ngx_string("mllp_ssl_certificate"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_http_set_complex_value_zero_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_mllp_loc_conf_t, upstream.ssl_certificate),
      NULL },

    { ngx_string("mllp_ssl_certificate_key"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_http_set_complex_value_zero_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_mllp_loc_conf_t, upstream.ssl_certificate_key),
      NULL },

#endif

      ngx_null_command
};


static ngx_http_module_t  ngx_http_mllp_module_ctx = {
    ngx_http_mllp_add_variables,           /* preconfiguration */
    NULL,                                  /* postconfiguration */

    NULL,                                  /* create main configuration */
    NULL,                                  /* init main configuration */

    NULL,                                  /* create server configuration */
    NULL,                                  /* merge server configuration */

    ngx_http_mllp_create_loc_conf,         /* create location configuration */
    ngx_http_mllp_merge_loc_conf           /* merge location configuration */
};


ngx_module_t  ngx_http_mllp_module = {
    NGX_MODULE_V1,
    &ngx_http_mllp_module_ctx,             /* module context */
    ngx_http_mllp_commands,                /* module directives */
    NGX_HTTP_MODULE,                       /* module type */
    NULL,                                  /* init master */
    NULL,                                  /* init module */
    NULL,                                  /* init process */
    NULL,                                  /* init thread */
    NULL,                                  /* exit thread */
    NULL,                                  /* exit process */
    NULL,                                  /* exit master */
    NGX_MODULE_V1_PADDING
};


static ngx_http_variable_t  ngx_http_mllp_variables[] = {

    { ngx_string("mllp_reply"), NULL, ngx_http_mllp_variable_reply, 0,
      NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("mllp_dropped"), NULL, ngx_http_mllp_variable_dropped, 0,
      NGX_HTTP_VAR_NOCACHEABLE, 0 },

      ngx_http_null_variable
};


static ngx_int_t
ngx_http_mllp_variable_reply(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_str_t            *name;
    ngx_http_mllp_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_mllp_module);

    if (ctx == NULL || !ctx->replied) {
        v->not_found = 1;
        return NGX_OK;
    }

    name = &ngx_mllp_reply_names[ctx->reply.reply];

    v->len = name->len;
    v->data = name->data;
    v->valid = 1;
    v->no_cacheable = 0;
    v->not_found = 0;

    return NGX_OK;
}


static ngx_int_t
ngx_http_mllp_variable_dropped(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    u_char               *p;
    ngx_http_mllp_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_mllp_module);

    if (ctx == NULL) {
        v->not_found = 1;
        return NGX_OK;
    }

    p = ngx_pnalloc(r->pool, NGX_INT_T_LEN);
    if (p == NULL) {
        return NGX_ERROR;
    }

    v->len = ngx_sprintf(p, "%ui", ctx->reply.late) - p;
    v->data = p;
    v->valid = 1;
    v->no_cacheable = 0;
    v->not_found = 0;

    return NGX_OK;
}


static ngx_int_t
ngx_http_mllp_add_variables(ngx_conf_t *cf)
{
    ngx_http_variable_t  *var, *v;

    for (v = ngx_http_mllp_variables; v->name.len; v++) {
        var = ngx_http_add_variable(cf, &v->name, v->flags);
        if (var == NULL) {
            return NGX_ERROR;
        }

        var->get_handler = v->get_handler;
        var->data = v->data;
    }

    return NGX_OK;
}


static void *
ngx_http_mllp_create_loc_conf(ngx_conf_t *cf)
{
    ngx_http_mllp_loc_conf_t  *conf;

    conf = ngx_pcalloc(cf->pool, sizeof(ngx_http_mllp_loc_conf_t));
    if (conf == NULL) {
        return NULL;
    }

    /*
     * set by ngx_pcalloc(), besides what an unbuffered upstream has no use
     * of:
     *
     *     conf->upstream.buffering = 0;
     *     conf->upstream.next_upstream = 0;
     *     conf->lengths = NULL;
     *     conf->values = NULL;
     *     conf->action = NULL;
     *     conf->ssl_protocols = 0;
     *     conf->ssl_ciphers = { 0, NULL };
     *     conf->ssl_trusted_certificate = { 0, NULL };
     *     conf->ssl_crl = { 0, NULL };
     */

    conf->upstream.local = NGX_CONF_UNSET_PTR;
    conf->upstream.socket_keepalive = NGX_CONF_UNSET;
    conf->upstream.ignore_client_abort = NGX_CONF_UNSET;
    conf->upstream.intercept_errors = NGX_CONF_UNSET;

    conf->upstream.connect_timeout = NGX_CONF_UNSET_MSEC;
    conf->upstream.send_timeout = NGX_CONF_UNSET_MSEC;
    conf->upstream.read_timeout = NGX_CONF_UNSET_MSEC;
    conf->upstream.next_upstream_timeout = NGX_CONF_UNSET_MSEC;
    conf->upstream.next_upstream_tries = NGX_CONF_UNSET_UINT;

    conf->upstream.buffer_size = NGX_CONF_UNSET_SIZE;

#if (NGX_HTTP_SSL)
    conf->ssl = NGX_CONF_UNSET;
    conf->ssl_verify_depth = NGX_CONF_UNSET_UINT;

    conf->upstream.ssl_session_reuse = NGX_CONF_UNSET;
    conf->upstream.ssl_name = NGX_CONF_UNSET_PTR;
    conf->upstream.ssl_server_name = NGX_CONF_UNSET;
    conf->upstream.ssl_verify = NGX_CONF_UNSET;
    conf->upstream.ssl_certificate = NGX_CONF_UNSET_PTR;
    conf->upstream.ssl_certificate_key = NGX_CONF_UNSET_PTR;
#endif

    ngx_str_set(&conf->upstream.module, "mllp");

    return conf;
}


static char *
ngx_http_mllp_merge_loc_conf(ngx_conf_t *cf, void *parent, void *child)
{
    ngx_http_mllp_loc_conf_t *prev = parent;
    ngx_http_mllp_loc_conf_t *conf = child;

    ngx_uint_t                 inherits;
    ngx_http_core_loc_conf_t  *clcf;

    ngx_conf_merge_ptr_value(conf->upstream.local, prev->upstream.local,
                             NULL);
    ngx_conf_merge_value(conf->upstream.socket_keepalive,
                         prev->upstream.socket_keepalive, 0);
    ngx_conf_merge_value(conf->upstream.ignore_client_abort,
                         prev->upstream.ignore_client_abort, 0);
    ngx_conf_merge_value(conf->upstream.intercept_errors,
                         prev->upstream.intercept_errors, 0);

    ngx_conf_merge_msec_value(conf->upstream.connect_timeout,
                              prev->upstream.connect_timeout, 60000);
    ngx_conf_merge_msec_value(conf->upstream.send_timeout,
                              prev->upstream.send_timeout, 60000);
    ngx_conf_merge_msec_value(conf->upstream.read_timeout,
                              prev->upstream.read_timeout, 60000);
    ngx_conf_merge_msec_value(conf->upstream.next_upstream_timeout,
                              prev->upstream.next_upstream_timeout, 0);
    ngx_conf_merge_uint_value(conf->upstream.next_upstream_tries,
                              prev->upstream.next_upstream_tries, 0);

    ngx_conf_merge_size_value(conf->upstream.buffer_size,
                              prev->upstream.buffer_size,
                              NGX_HTTP_MLLP_BUFFER_SIZE);

    ngx_conf_merge_bitmask_value(conf->upstream.next_upstream,
                                 prev->upstream.next_upstream,
                                 (NGX_CONF_BITMASK_SET
                                  |NGX_HTTP_UPSTREAM_FT_ERROR
                                  |NGX_HTTP_UPSTREAM_FT_TIMEOUT));

    if (conf->upstream.next_upstream & NGX_HTTP_UPSTREAM_FT_OFF) {
        conf->upstream.next_upstream = NGX_CONF_BITMASK_SET
                                       |NGX_HTTP_UPSTREAM_FT_OFF;
    }

    if (conf->action == NULL) {
        conf->action = prev->action ? prev->action : ngx_mllp_reply_actions;
    }

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    inherits = clcf->noname && conf->upstream.upstream == NULL
               && conf->lengths == NULL;

    if (inherits) {
        conf->upstream.upstream = prev->upstream.upstream;
        conf->lengths = prev->lengths;
        conf->values = prev->values;
    }

    if (clcf->lmt_excpt && clcf->handler == NULL
        && (conf->upstream.upstream || conf->lengths))
    {
        clcf->handler = ngx_http_mllp_handler;
    }

#if (NGX_HTTP_SSL)

    ngx_http_mllp_merge_ssl(conf, prev);

    if (conf->ssl && (conf->upstream.upstream || conf->lengths)
        && ngx_http_mllp_set_ssl(cf, conf) != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

#endif

    return NGX_CONF_OK;
}


static char *
ngx_http_mllp_pass(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_mllp_loc_conf_t *mlcf = conf;

    ngx_url_t                   u;
    ngx_str_t                  *value;
    ngx_uint_t                  n;
    ngx_http_core_loc_conf_t   *clcf;
    ngx_http_script_compile_t   sc;

    if (mlcf->upstream.upstream || mlcf->lengths) {
        return "is duplicate";
    }

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);
    clcf->handler = ngx_http_mllp_handler;

    value = cf->args->elts;

    n = ngx_http_script_variables_count(&value[1]);

    if (n) {
        ngx_memzero(&sc, sizeof(ngx_http_script_compile_t));

        sc.cf = cf;
        sc.source = &value[1];
        sc.lengths = &mlcf->lengths;
        sc.values = &mlcf->values;
        sc.variables = n;
        sc.complete_lengths = 1;
        sc.complete_values = 1;

        if (ngx_http_script_compile(&sc) != NGX_OK) {
            return NGX_CONF_ERROR;
        }

        return NGX_CONF_OK;
    }

    ngx_memzero(&u, sizeof(ngx_url_t));

    u.url = value[1];
    u.default_port = NGX_HTTP_MLLP_PORT;
    u.no_resolve = 1;

    mlcf->upstream.upstream = ngx_http_upstream_add(cf, &u, 0);
    if (mlcf->upstream.upstream == NULL) {
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


static char *
ngx_http_mllp_reply_action(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_mllp_loc_conf_t *mlcf = conf;

    ngx_str_t   *value;
    ngx_uint_t   i, set;
    const char  *why;

    if (mlcf->action) {
        return "is duplicate";
    }

    mlcf->action = ngx_pnalloc(cf->pool, sizeof(ngx_mllp_reply_actions));
    if (mlcf->action == NULL) {
        return NGX_CONF_ERROR;
    }

    ngx_memcpy(mlcf->action, ngx_mllp_reply_actions,
               sizeof(ngx_mllp_reply_actions));

    set = 0;
    value = cf->args->elts;

    for (i = 1; i < cf->args->nelts; i++) {
        why = ngx_mllp_reply_word(&value[i], mlcf->action, &set);

        if (why) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "\"%V\" of \"%V\" %s", &value[i], &cmd->name,
                               why);
            return NGX_CONF_ERROR;
        }
    }

    return NGX_CONF_OK;
}


static char *
ngx_http_mllp_buffer_size(ngx_conf_t *cf, void *post, void *data)
{
    size_t *size = data;

    if (*size < NGX_HTTP_MLLP_BUFFER_MIN) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"mllp_buffer_size\" must be at least %d",
                           NGX_HTTP_MLLP_BUFFER_MIN);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


#if (NGX_HTTP_SSL)

static void
ngx_http_mllp_merge_ssl(ngx_http_mllp_loc_conf_t *conf,
    ngx_http_mllp_loc_conf_t *prev)
{
    ngx_conf_merge_value(conf->ssl, prev->ssl, 0);

    ngx_conf_merge_bitmask_value(conf->ssl_protocols, prev->ssl_protocols,
                                 (NGX_CONF_BITMASK_SET|NGX_SSL_TLSv1_2
                                  |NGX_SSL_TLSv1_3));
    ngx_conf_merge_str_value(conf->ssl_ciphers, prev->ssl_ciphers,
                             "DEFAULT");
    ngx_conf_merge_uint_value(conf->ssl_verify_depth,
                              prev->ssl_verify_depth, 1);
    ngx_conf_merge_str_value(conf->ssl_trusted_certificate,
                             prev->ssl_trusted_certificate, "");
    ngx_conf_merge_str_value(conf->ssl_crl, prev->ssl_crl, "");

    ngx_conf_merge_value(conf->upstream.ssl_session_reuse,
                         prev->upstream.ssl_session_reuse, 1);
    ngx_conf_merge_ptr_value(conf->upstream.ssl_name,
                             prev->upstream.ssl_name, NULL);
    ngx_conf_merge_value(conf->upstream.ssl_server_name,
                         prev->upstream.ssl_server_name, 0);
    ngx_conf_merge_value(conf->upstream.ssl_verify,
                         prev->upstream.ssl_verify, 0);
    ngx_conf_merge_ptr_value(conf->upstream.ssl_certificate,
                             prev->upstream.ssl_certificate, NULL);
    ngx_conf_merge_ptr_value(conf->upstream.ssl_certificate_key,
                             prev->upstream.ssl_certificate_key, NULL);
}


static ngx_int_t
ngx_http_mllp_set_ssl(ngx_conf_t *cf, ngx_http_mllp_loc_conf_t *conf)
{
    ngx_ssl_t           *ssl;
    ngx_pool_cleanup_t  *cln;

    ssl = ngx_pcalloc(cf->pool, sizeof(ngx_ssl_t));
    if (ssl == NULL) {
        return NGX_ERROR;
    }

    conf->upstream.ssl = ssl;

    ssl->log = cf->log;

    if (ngx_ssl_create(ssl, conf->ssl_protocols, NULL) != NGX_OK) {
        return NGX_ERROR;
    }

    cln = ngx_pool_cleanup_add(cf->pool, 0);
    if (cln == NULL) {
        ngx_ssl_cleanup_ctx(ssl);
        return NGX_ERROR;
    }

    cln->handler = ngx_ssl_cleanup_ctx;
    cln->data = ssl;

    if (ngx_ssl_ciphers(cf, ssl, &conf->ssl_ciphers, 0) != NGX_OK) {
        return NGX_ERROR;
    }

    if (conf->upstream.ssl_certificate
        && ngx_http_mllp_set_ssl_certificate(cf, conf) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (conf->upstream.ssl_verify) {

        if (conf->ssl_trusted_certificate.len == 0) {
            ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                          "no mllp_ssl_trusted_certificate for "
                          "mllp_ssl_verify");
            return NGX_ERROR;
        }

        if (ngx_ssl_trusted_certificate(cf, ssl,
                                        &conf->ssl_trusted_certificate,
                                        conf->ssl_verify_depth)
            != NGX_OK)
        {
            return NGX_ERROR;
        }

        if (ngx_ssl_crl(cf, ssl, &conf->ssl_crl) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    return ngx_ssl_client_session_cache(cf, ssl,
                                        conf->upstream.ssl_session_reuse);
}


/* one with variables is loaded for each connection */

static ngx_int_t
ngx_http_mllp_set_ssl_certificate(ngx_conf_t *cf,
    ngx_http_mllp_loc_conf_t *conf)
{
    ngx_http_complex_value_t  *cert, *key;

    cert = conf->upstream.ssl_certificate;
    key = conf->upstream.ssl_certificate_key;

    if (key == NULL) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "no \"mllp_ssl_certificate_key\" is defined for "
                      "certificate \"%V\"", &cert->value);
        return NGX_ERROR;
    }

    if (cert->lengths == NULL && key->lengths == NULL) {
        return ngx_ssl_certificate(cf, conf->upstream.ssl, &cert->value,
                                   &key->value, NULL);
    }

    conf->upstream.ssl_passwords = ngx_ssl_preserve_passwords(cf, NULL);

    return (conf->upstream.ssl_passwords == NULL) ? NGX_ERROR : NGX_OK;
}

#endif
