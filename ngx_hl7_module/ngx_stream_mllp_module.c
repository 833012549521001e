
#include "ngx_stream_mllp.h"
#include "ngx_hl7_module.h"


/* of "mllp_tolerate": what loses nothing and is common */

#define NGX_STREAM_MLLP_TOLERATE                                              \
    (ngx_mllp_bit(NGX_MLLP_JUNK_BETWEEN)                                      \
     |ngx_mllp_bit(NGX_MLLP_VT_IN_DATA)                                       \
     |ngx_mllp_bit(NGX_MLLP_LF_AFTER_FS)                                      \
     |ngx_mllp_bit(NGX_MLLP_DOUBLE_FRAME)                                     \
     |ngx_mllp_bit(NGX_MLLP_BOM)                                              \
     |ngx_mllp_bit(NGX_MLLP_LF_SEGMENTS)                                      \
     |ngx_mllp_bit(NGX_MLLP_EMPTY_SEGMENTS)                                   \
     |ngx_mllp_bit(NGX_MLLP_NO_FINAL_CR)                                      \
     |ngx_mllp_bit(NGX_MLLP_SHORT_DELIMITERS))

#define NGX_STREAM_MLLP_TOLERATE_UNSET  ((ngx_uint_t) -1)

/* spans of a message are 32 bits */
#define NGX_STREAM_MLLP_SIZE_MAX        (1024 * 1024 * 1024)


static ngx_int_t ngx_stream_mllp_variable(ngx_stream_session_t *s,
    ngx_stream_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_stream_mllp_prefix_variable(ngx_stream_session_t *s,
    ngx_stream_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_stream_mllp_count_variable(ngx_stream_session_t *s,
    ngx_stream_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_stream_mllp_add_variables(ngx_conf_t *cf);
static ngx_int_t ngx_stream_mllp_init(ngx_conf_t *cf);
static void *ngx_stream_mllp_create_srv_conf(ngx_conf_t *cf);
static char *ngx_stream_mllp_merge_srv_conf(ngx_conf_t *cf, void *parent,
    void *child);
static char *ngx_stream_mllp_pass(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_stream_mllp_ack_map(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static u_char *ngx_stream_mllp_ack_map_default(ngx_conf_t *cf);
static char *ngx_stream_mllp_tolerate(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_stream_mllp_charset(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_stream_mllp_check_size(ngx_conf_t *cf, void *post,
    void *data);
static char *ngx_stream_mllp_check_positive(ngx_conf_t *cf, void *post,
    void *data);


static ngx_conf_post_t  ngx_stream_mllp_size_post = {
    ngx_stream_mllp_check_size
};


static ngx_conf_post_t  ngx_stream_mllp_positive_post = {
    ngx_stream_mllp_check_positive
};


static ngx_conf_enum_t  ngx_stream_mllp_ack_modes[] = {
    { ngx_string("auto"), NGX_HL7_ACK_AUTO },
    { ngx_string("original"), NGX_HL7_ACK_ORIGINAL },
    { ngx_string("accept"), NGX_HL7_ACK_ACCEPT },
    { ngx_string("release2"), NGX_HL7_ACK_RELEASE2 },
    { ngx_string("none"), NGX_HL7_ACK_NONE },
    { ngx_null_string, 0 }
};


static ngx_command_t  ngx_stream_mllp_commands[] = {

    { ngx_string("mllp_pass"),
      NGX_STREAM_SRV_CONF|NGX_CONF_TAKE2,
      ngx_stream_mllp_pass,
      NGX_STREAM_SRV_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("mllp_max_size"),
      NGX_STREAM_MAIN_CONF|NGX_STREAM_SRV_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_size_slot,
      NGX_STREAM_SRV_CONF_OFFSET,
      offsetof(ngx_stream_mllp_srv_conf_t, max_size),
      &ngx_stream_mllp_size_post },

    { ngx_string("mllp_max_header"),
      NGX_STREAM_MAIN_CONF|NGX_STREAM_SRV_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_size_slot,
      NGX_STREAM_SRV_CONF_OFFSET,
      offsetof(ngx_stream_mllp_srv_conf_t, max_header),
      &ngx_stream_mllp_size_post },

    { ngx_string("mllp_max_junk"),
      NGX_STREAM_MAIN_CONF|NGX_STREAM_SRV_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_size_slot,
      NGX_STREAM_SRV_CONF_OFFSET,
      offsetof(ngx_stream_mllp_srv_conf_t, max_junk),
      &ngx_stream_mllp_size_post },

    { ngx_string("mllp_buffer_size"),
      NGX_STREAM_MAIN_CONF|NGX_STREAM_SRV_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_size_slot,
      NGX_STREAM_SRV_CONF_OFFSET,
      offsetof(ngx_stream_mllp_srv_conf_t, buffer_size),
      &ngx_stream_mllp_size_post },

    { ngx_string("mllp_ack_max_size"),
      NGX_STREAM_MAIN_CONF|NGX_STREAM_SRV_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_size_slot,
      NGX_STREAM_SRV_CONF_OFFSET,
      offsetof(ngx_stream_mllp_srv_conf_t, ack_max_size),
      &ngx_stream_mllp_size_post },

    { ngx_string("mllp_read_timeout"),
      NGX_STREAM_MAIN_CONF|NGX_STREAM_SRV_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_STREAM_SRV_CONF_OFFSET,
      offsetof(ngx_stream_mllp_srv_conf_t, read_timeout),
      NULL },

    { ngx_string("mllp_idle_timeout"),
      NGX_STREAM_MAIN_CONF|NGX_STREAM_SRV_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_STREAM_SRV_CONF_OFFSET,
      offsetof(ngx_stream_mllp_srv_conf_t, idle_timeout),
      NULL },

    { ngx_string("mllp_send_timeout"),
      NGX_STREAM_MAIN_CONF|NGX_STREAM_SRV_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_STREAM_SRV_CONF_OFFSET,
      offsetof(ngx_stream_mllp_srv_conf_t, send_timeout),
      NULL },

    { ngx_string("mllp_quiet_timeout"),
      NGX_STREAM_MAIN_CONF|NGX_STREAM_SRV_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_msec_slot,
      NGX_STREAM_SRV_CONF_OFFSET,
      offsetof(ngx_stream_mllp_srv_conf_t, quiet_timeout),
      NULL },

    { ngx_string("mllp_inflight"),
      NGX_STREAM_MAIN_CONF|NGX_STREAM_SRV_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_num_slot,
      NGX_STREAM_SRV_CONF_OFFSET,
      offsetof(ngx_stream_mllp_srv_conf_t, inflight),
      &ngx_stream_mllp_positive_post },

    { ngx_string("mllp_ack"),
      NGX_STREAM_MAIN_CONF|NGX_STREAM_SRV_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_enum_slot,
      NGX_STREAM_SRV_CONF_OFFSET,
      offsetof(ngx_stream_mllp_srv_conf_t, ack),
      &ngx_stream_mllp_ack_modes },

    { ngx_string("mllp_ack_map"),
      NGX_STREAM_MAIN_CONF|NGX_STREAM_SRV_CONF|NGX_CONF_1MORE,
      ngx_stream_mllp_ack_map,
      NGX_STREAM_SRV_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("mllp_tolerate"),
      NGX_STREAM_MAIN_CONF|NGX_STREAM_SRV_CONF|NGX_CONF_1MORE,
      ngx_stream_mllp_tolerate,
      NGX_STREAM_SRV_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("mllp_charset"),
      NGX_STREAM_MAIN_CONF|NGX_STREAM_SRV_CONF|NGX_CONF_TAKE1,
      ngx_stream_mllp_charset,
      NGX_STREAM_SRV_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("mllp_quarantine"),
      NGX_STREAM_MAIN_CONF|NGX_STREAM_SRV_CONF|NGX_CONF_TAKE12,
      ngx_mllp_quarantine_slot,
      NGX_STREAM_SRV_CONF_OFFSET,
      offsetof(ngx_stream_mllp_srv_conf_t, quarantine),
      NULL },

      ngx_null_command
};


static ngx_stream_module_t  ngx_stream_mllp_module_ctx = {
    ngx_stream_mllp_add_variables,         /* preconfiguration */
    ngx_stream_mllp_init,                  /* postconfiguration */

    NULL,                                  /* create main configuration */
    NULL,                                  /* init main configuration */

    ngx_stream_mllp_create_srv_conf,       /* create server configuration */
    ngx_stream_mllp_merge_srv_conf         /* merge server configuration */
};


ngx_module_t  ngx_stream_mllp_module = {
    NGX_MODULE_V1,
    &ngx_stream_mllp_module_ctx,           /* module context */
    ngx_stream_mllp_commands,              /* module directives */
    NGX_STREAM_MODULE,                     /* module type */
    NULL,                                  /* init master */
    NULL,                                  /* init module */
    NULL,                                  /* init process */
    NULL,                                  /* init thread */
    NULL,                                  /* exit thread */
    NULL,                                  /* exit process */
    NULL,                                  /* exit master */
    NGX_MODULE_V1_PADDING
};


static ngx_stream_variable_t  ngx_stream_mllp_counts[] = {

    { ngx_string("mllp_messages"), NULL, ngx_stream_mllp_count_variable,
      offsetof(ngx_stream_mllp_session_t, received),
      NGX_STREAM_VAR_NOCACHEABLE, 0 },

    { ngx_string("mllp_refused"), NULL, ngx_stream_mllp_count_variable,
      offsetof(ngx_stream_mllp_session_t, refused),
      NGX_STREAM_VAR_NOCACHEABLE, 0 },

    ngx_stream_null_variable
};


ngx_hl7_context_t *
ngx_stream_mllp_context(ngx_stream_session_t *s)
{
    ngx_hl7_context_t          *ctx;
    ngx_stream_mllp_session_t  *ms;

    ms = ngx_stream_get_module_ctx(s, ngx_stream_mllp_module);

    if (ms == NULL || ms->context) {
        return ms ? ms->context : NULL;
    }

    ctx = ngx_pcalloc(s->connection->pool, sizeof(ngx_hl7_context_t));
    if (ctx == NULL) {
        return NULL;
    }

    ctx->pool = s->connection->pool;
    ctx->charset = ms->conf->charset;
    ctx->connection = s->connection;
    ctx->deviations = ms->seen;
    ctx->ack_code = ms->last_ack;

    if (ms->last) {
        (void) ngx_hl7_context_open(ctx, ms->last, ms->last + ms->last_len);
        ctx->size = ms->last_size;
    }

    return ctx;
}


static ngx_int_t
ngx_stream_mllp_variable(ngx_stream_session_t *s,
    ngx_stream_variable_value_t *v, uintptr_t data)
{
    ngx_hl7_variable_t *var = (ngx_hl7_variable_t *) data;

    ngx_hl7_context_t  *ctx;

    ctx = ngx_stream_mllp_context(s);

    if (ctx == NULL) {
        v->not_found = 1;
        return NGX_OK;
    }

    return var->handler(ctx, s->connection->pool, v, var->data);
}


static ngx_int_t
ngx_stream_mllp_prefix_variable(ngx_stream_session_t *s,
    ngx_stream_variable_value_t *v, uintptr_t data)
{
    ngx_hl7_context_t  *ctx;

    ctx = ngx_stream_mllp_context(s);

    if (ctx == NULL) {
        v->not_found = 1;
        return NGX_OK;
    }

    return ngx_hl7_prefix_variable(ctx, s->connection->pool, v, data);
}


static ngx_int_t
ngx_stream_mllp_count_variable(ngx_stream_session_t *s,
    ngx_stream_variable_value_t *v, uintptr_t data)
{
    u_char                     *p;
    ngx_uint_t                  n;
    ngx_stream_mllp_session_t  *ms;

    ms = ngx_stream_get_module_ctx(s, ngx_stream_mllp_module);

    /* a connection that was denied has sent none */

    n = ms ? *(ngx_uint_t *) ((u_char *) ms + data) : 0;

    p = ngx_pnalloc(s->connection->pool, NGX_INT_T_LEN);
    if (p == NULL) {
        return NGX_ERROR;
    }

    v->len = ngx_sprintf(p, "%ui", n) - p;
    v->valid = 1;
    v->no_cacheable = 0;
    v->not_found = 0;
    v->data = p;

    return NGX_OK;
}


static ngx_int_t
ngx_stream_mllp_add_variables(ngx_conf_t *cf)
{
    ngx_str_t              *prefix;
    ngx_hl7_variable_t     *hv;
    ngx_stream_variable_t  *var, *v;

    for (hv = ngx_hl7_variables; hv->name.len; hv++) {
        var = ngx_stream_add_variable(cf, &hv->name,
                                      NGX_STREAM_VAR_NOCACHEABLE);
        if (var == NULL) {
            return NGX_ERROR;
        }

        var->get_handler = ngx_stream_mllp_variable;
        var->data = (uintptr_t) hv;
    }

    for (prefix = ngx_hl7_prefixes; prefix->len; prefix++) {
        var = ngx_stream_add_variable(cf, prefix, NGX_STREAM_VAR_NOCACHEABLE
                                                  |NGX_STREAM_VAR_PREFIX);
        if (var == NULL) {
            return NGX_ERROR;
        }

        var->get_handler = ngx_stream_mllp_prefix_variable;
    }

    for (v = ngx_stream_mllp_counts; v->name.len; v++) {
        var = ngx_stream_add_variable(cf, &v->name, v->flags);
        if (var == NULL) {
            return NGX_ERROR;
        }

        var->get_handler = v->get_handler;
        var->data = v->data;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_stream_mllp_init(ngx_conf_t *cf)
{
    ngx_uint_t                    i;
    ngx_stream_variable_t        *v;
    ngx_stream_core_main_conf_t  *cmcf;

    cmcf = ngx_stream_conf_get_module_main_conf(cf, ngx_stream_core_module);

    v = cmcf->variables.elts;

    for (i = 0; i < cmcf->variables.nelts; i++) {
        if (ngx_hl7_variable_check(cf, &v[i].name) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static void *
ngx_stream_mllp_create_srv_conf(ngx_conf_t *cf)
{
    ngx_stream_mllp_srv_conf_t  *conf;

    conf = ngx_pcalloc(cf->pool, sizeof(ngx_stream_mllp_srv_conf_t));
    if (conf == NULL) {
        return NULL;
    }

    /*
     * set by ngx_pcalloc():
     *
     *     conf->server = NULL;
     *     conf->uri = NULL;
     *     conf->args = NULL;
     *     conf->ack_map = NULL;
     *     conf->charset = NULL;
     */

    conf->max_size = NGX_CONF_UNSET_SIZE;
    conf->max_header = NGX_CONF_UNSET_SIZE;
    conf->max_junk = NGX_CONF_UNSET_SIZE;
    conf->buffer_size = NGX_CONF_UNSET_SIZE;
    conf->ack_max_size = NGX_CONF_UNSET_SIZE;
    conf->read_timeout = NGX_CONF_UNSET_MSEC;
    conf->idle_timeout = NGX_CONF_UNSET_MSEC;
    conf->send_timeout = NGX_CONF_UNSET_MSEC;
    conf->quiet_timeout = NGX_CONF_UNSET_MSEC;
    conf->inflight = NGX_CONF_UNSET_UINT;
    conf->ack = NGX_CONF_UNSET_UINT;
    conf->tolerate = NGX_STREAM_MLLP_TOLERATE_UNSET;
    conf->quarantine = NGX_CONF_UNSET_PTR;

    return conf;
}


static char *
ngx_stream_mllp_merge_srv_conf(ngx_conf_t *cf, void *parent, void *child)
{
    ngx_stream_mllp_srv_conf_t *prev = parent;
    ngx_stream_mllp_srv_conf_t *conf = child;

    ngx_str_t  utf8 = ngx_string("UTF-8");

    ngx_conf_merge_size_value(conf->max_size, prev->max_size,
                              16 * 1024 * 1024);
    ngx_conf_merge_size_value(conf->max_header, prev->max_header, 8192);
    ngx_conf_merge_size_value(conf->max_junk, prev->max_junk, 8192);
    ngx_conf_merge_size_value(conf->buffer_size, prev->buffer_size, 65536);
    ngx_conf_merge_size_value(conf->ack_max_size, prev->ack_max_size, 65536);

    ngx_conf_merge_msec_value(conf->read_timeout, prev->read_timeout, 30000);
    ngx_conf_merge_msec_value(conf->idle_timeout, prev->idle_timeout, 300000);
    ngx_conf_merge_msec_value(conf->send_timeout, prev->send_timeout, 60000);
    ngx_conf_merge_msec_value(conf->quiet_timeout, prev->quiet_timeout, 1000);

    ngx_conf_merge_uint_value(conf->inflight, prev->inflight, 16);
    ngx_conf_merge_uint_value(conf->ack, prev->ack, NGX_HL7_ACK_AUTO);
    ngx_conf_merge_ptr_value(conf->quarantine, prev->quarantine, NULL);

    if (conf->tolerate == NGX_STREAM_MLLP_TOLERATE_UNSET) {
        conf->tolerate = (prev->tolerate == NGX_STREAM_MLLP_TOLERATE_UNSET)
                         ? NGX_STREAM_MLLP_TOLERATE : prev->tolerate;
    }

    if (conf->charset == NULL) {
        conf->charset = prev->charset ? prev->charset
                                      : ngx_hl7_charset(&utf8);
    }

    if (conf->ack_map == NULL) {
        conf->ack_map = prev->ack_map;
    }

    if (conf->ack_map == NULL) {
        conf->ack_map = ngx_stream_mllp_ack_map_default(cf);
        if (conf->ack_map == NULL) {
            return NGX_CONF_ERROR;
        }
    }

    return NGX_CONF_OK;
}


static char *
ngx_stream_mllp_pass(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_stream_mllp_srv_conf_t *mscf = conf;

    ngx_str_t                   *value;
    ngx_stream_core_srv_conf_t  *cscf;

    if (mscf->uri) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (ngx_hl7_want_server(cf, &value[1], &mscf->server) != NGX_OK
        || ngx_stream_mllp_uri_compile(cf, &value[2], mscf) != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    cscf = ngx_stream_conf_get_module_srv_conf(cf, ngx_stream_core_module);

    cscf->handler = ngx_stream_mllp_handler;

    return NGX_CONF_OK;
}


/* 503=AR is stronger than 5xx=AE, wherever it stands, in the default too */

static char *
ngx_stream_mllp_ack_map(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_stream_mllp_srv_conf_t *mscf = conf;

    u_char      *p, *exact, outcome;
    ngx_int_t    status;
    ngx_str_t   *value;
    ngx_uint_t   i, n;

    if (mscf->ack_map) {
        return "is duplicate";
    }

    mscf->ack_map = ngx_stream_mllp_ack_map_default(cf);
    exact = ngx_pcalloc(cf->temp_pool, NGX_STREAM_MLLP_STATUS_MAX);

    if (mscf->ack_map == NULL || exact == NULL) {
        return NGX_CONF_ERROR;
    }

    exact[NGX_HTTP_REQUEST_ENTITY_TOO_LARGE] = 1;
    exact[NGX_HTTP_UNSUPPORTED_MEDIA_TYPE] = 1;
    exact[NGX_HTTP_TOO_MANY_REQUESTS] = 1;

    value = cf->args->elts;

    for (i = 1; i < cf->args->nelts; i++) {

        p = value[i].data;

        if (value[i].len != sizeof("4xx=AE") - 1 || p[3] != '='
            || p[4] != 'A' || p[0] < '2' || p[0] > '5')
        {
            goto invalid;
        }

        switch (p[5]) {
        case 'A':
            outcome = NGX_HL7_OUTCOME_ACCEPT;
            break;
        case 'E':
            outcome = NGX_HL7_OUTCOME_ERROR;
            break;
        case 'R':
            outcome = NGX_HL7_OUTCOME_REJECT;
            break;
        default:
            goto invalid;
        }

        if (p[1] == 'x' && p[2] == 'x') {

            n = (p[0] - '0') * 100;

            for (status = n; status < (ngx_int_t) n + 100; status++) {
                if (!exact[status]) {
                    mscf->ack_map[status] = outcome;
                }
            }

            continue;
        }

        status = ngx_atoi(p, 3);

        if (status == NGX_ERROR) {
            goto invalid;
        }

        exact[status] = 1;
        mscf->ack_map[status] = outcome;
    }

    return NGX_CONF_OK;

invalid:

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "invalid value \"%V\", it must be like 4xx=AE or 503=AR",
                       &value[i]);

    return NGX_CONF_ERROR;
}


/*
 * AR tells the sender that the same message may be accepted later.  Below 200
 * is what NGINX makes of a backend that does not speak HTTP.
 */

static u_char *
ngx_stream_mllp_ack_map_default(ngx_conf_t *cf)
{
    u_char      *map;
    ngx_uint_t   status;

    map = ngx_palloc(cf->pool, NGX_STREAM_MLLP_STATUS_MAX);
    if (map == NULL) {
        return NULL;
    }

    for (status = 0; status < NGX_STREAM_MLLP_STATUS_MAX; status++) {

        if (status >= 200 && status < 300) {
            map[status] = NGX_HL7_OUTCOME_ACCEPT;

        } else if (status < 200
                   || status >= 500
                   || status == NGX_HTTP_REQUEST_ENTITY_TOO_LARGE
                   || status == NGX_HTTP_UNSUPPORTED_MEDIA_TYPE
                   || status == NGX_HTTP_TOO_MANY_REQUESTS)
        {
            map[status] = NGX_HL7_OUTCOME_REJECT;

        } else {
            map[status] = NGX_HL7_OUTCOME_ERROR;
        }
    }

    return map;
}


static char *
ngx_stream_mllp_tolerate(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_stream_mllp_srv_conf_t *mscf = conf;

    ngx_int_t    kind;
    ngx_str_t   *value;
    ngx_uint_t   i;

    if (mscf->tolerate != NGX_STREAM_MLLP_TOLERATE_UNSET) {
        return "is duplicate";
    }

    mscf->tolerate = 0;

    value = cf->args->elts;

    if (cf->args->nelts == 2 && ngx_strcmp(value[1].data, "none") == 0) {
        return NGX_CONF_OK;
    }

    for (i = 1; i < cf->args->nelts; i++) {

        if (ngx_strcmp(value[i].data, "default") == 0) {
            mscf->tolerate |= NGX_STREAM_MLLP_TOLERATE;
            continue;
        }

        kind = ngx_mllp_deviation_kind(&value[i]);

        if (kind == NGX_ERROR || kind >= NGX_MLLP_TOLERABLE) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "deviation \"%V\" cannot be tolerated",
                               &value[i]);
            return NGX_CONF_ERROR;
        }

        mscf->tolerate |= ngx_mllp_bit(kind);
    }

    if ((mscf->tolerate & ngx_mllp_bit(NGX_MLLP_FS_ONLY))
        && (mscf->tolerate & ngx_mllp_bit(NGX_MLLP_FS_IN_DATA)))
    {
        return "cannot have both \"fs_only\" and \"fs_in_data\"";
    }

    return NGX_CONF_OK;
}


static char *
ngx_stream_mllp_charset(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_stream_mllp_srv_conf_t *mscf = conf;

    ngx_str_t  *value;

    if (mscf->charset) {
        return "is duplicate";
    }

    value = cf->args->elts;

    mscf->charset = ngx_hl7_charset(&value[1]);

    if (mscf->charset == NULL) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "unknown character set \"%V\"", &value[1]);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


static char *
ngx_stream_mllp_check_size(ngx_conf_t *cf, void *post, void *data)
{
    size_t *size = data;

    if (*size == 0 || *size > NGX_STREAM_MLLP_SIZE_MAX) {
        return "must be between 1 and 1024m";
    }

    return NGX_CONF_OK;
}


static char *
ngx_stream_mllp_check_positive(ngx_conf_t *cf, void *post, void *data)
{
    ngx_int_t *np = data;

    if (*np <= 0) {
        return "must be greater than 0";
    }

    return NGX_CONF_OK;
}
