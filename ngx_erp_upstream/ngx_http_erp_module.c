
#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include <libxml/parser.h>

#include "ngx_http_erp_conf.h"
#include "ngx_http_canonical_module.h"


#define NGX_HTTP_ERP_CONF_MAX    (16 * 1024 * 1024)
#define NGX_HTTP_ERP_MAX_ANSWER  (16 * 1024 * 1024)

#define NGX_HTTP_ERP_ANY_CONF                                                 \
    (NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF)


/* a directive that is of no use without erp_store */

typedef struct {
    char               *(*set)(ngx_conf_t *cf, ngx_command_t *cmd,
                               void *conf);
} ngx_http_erp_needs_t;


static ngx_int_t ngx_http_erp_init(ngx_conf_t *cf);
static void *ngx_http_erp_create_main_conf(ngx_conf_t *cf);
static void *ngx_http_erp_create_loc_conf(ngx_conf_t *cf);
static char *ngx_http_erp_merge_loc_conf(ngx_conf_t *cf, void *parent,
    void *child);
static ngx_int_t ngx_http_erp_merge_flow(ngx_conf_t *cf,
    ngx_http_erp_loc_conf_t *prev, ngx_http_erp_loc_conf_t *conf);
static void ngx_http_erp_merge_noname(ngx_http_core_loc_conf_t *clcf,
    ngx_http_erp_loc_conf_t *prev, ngx_http_erp_loc_conf_t *conf);
static void ngx_http_erp_merge_judge(ngx_http_erp_loc_conf_t *prev,
    ngx_http_erp_loc_conf_t *conf);
static char *ngx_http_erp_needs_store(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_http_erp_message_key(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_http_erp_max_answer(ngx_conf_t *cf, void *post, void *data);
static ngx_int_t ngx_http_erp_init_process(ngx_cycle_t *cycle);
static void ngx_http_erp_exit_process(ngx_cycle_t *cycle);


static ngx_http_erp_needs_t  ngx_http_erp_needs_send = { ngx_http_erp_send };
static ngx_http_erp_needs_t  ngx_http_erp_needs_api = { ngx_http_erp_api };

static ngx_http_erp_needs_t  ngx_http_erp_needs_metrics = {
    ngx_http_erp_metrics
};


static ngx_conf_enum_t  ngx_http_erp_blocked_keys[] = {
    { ngx_string("hold"), 0 },
    { ngx_string("skip"), 1 },
    { ngx_null_string, 0 }
};


static ngx_conf_post_t  ngx_http_erp_max_answer_post = {
    ngx_http_erp_max_answer
};


static ngx_command_t  ngx_http_erp_commands[] = {

    { ngx_string("erp_store"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_1MORE,
      ngx_http_erp_store,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("erp_send"),
      NGX_HTTP_LOC_CONF|NGX_CONF_1MORE,
      ngx_http_erp_needs_store,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      &ngx_http_erp_needs_send },

    { ngx_string("erp_message_key"),
      NGX_HTTP_ERP_ANY_CONF|NGX_CONF_TAKE1,
      ngx_http_erp_message_key,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_erp_loc_conf_t, message_key),
      NULL },

    { ngx_string("erp_retry"),
      NGX_HTTP_ERP_ANY_CONF|NGX_CONF_1MORE,
      ngx_http_erp_retry,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("erp_outcome"),
      NGX_HTTP_ERP_ANY_CONF|NGX_CONF_1MORE,
      ngx_http_erp_outcome,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("erp_success"),
      NGX_HTTP_ERP_ANY_CONF|NGX_CONF_1MORE,
      ngx_http_erp_success,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("erp_error"),
      NGX_HTTP_ERP_ANY_CONF|NGX_CONF_1MORE,
      ngx_http_erp_error,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("erp_breaker"),
      NGX_HTTP_ERP_ANY_CONF|NGX_CONF_1MORE,
      ngx_http_erp_breaker,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("erp_limit"),
      NGX_HTTP_ERP_ANY_CONF|NGX_CONF_1MORE,
      ngx_http_erp_limit,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("erp_blocked_key"),
      NGX_HTTP_ERP_ANY_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_enum_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_erp_loc_conf_t, skip),
      &ngx_http_erp_blocked_keys },

    { ngx_string("erp_idempotency"),
      NGX_HTTP_ERP_ANY_CONF|NGX_CONF_1MORE,
      ngx_http_erp_idempotency,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("erp_auth"),
      NGX_HTTP_ERP_ANY_CONF|NGX_CONF_1MORE,
      ngx_http_erp_auth,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("erp_step"),
      NGX_HTTP_LOC_CONF|NGX_CONF_1MORE,
      ngx_http_erp_step,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("erp_on_error"),
      NGX_HTTP_ERP_ANY_CONF|NGX_CONF_2MORE,
      ngx_http_erp_on_error,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("erp_max_answer"),
      NGX_HTTP_ERP_ANY_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_size_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_erp_loc_conf_t, max_answer),
      &ngx_http_erp_max_answer_post },

    { ngx_string("erp_api"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS,
      ngx_http_erp_needs_store,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      &ngx_http_erp_needs_api },

    { ngx_string("erp_metrics"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS,
      ngx_http_erp_needs_store,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      &ngx_http_erp_needs_metrics },

      ngx_null_command
};


static ngx_http_module_t  ngx_http_erp_module_ctx = {
    ngx_http_erp_add_variables,            /* preconfiguration */
    ngx_http_erp_init,                     /* postconfiguration */

    ngx_http_erp_create_main_conf,         /* create main configuration */
    NULL,                                  /* init main configuration */

    NULL,                                  /* create server configuration */
    NULL,                                  /* merge server configuration */

    ngx_http_erp_create_loc_conf,          /* create location configuration */
    ngx_http_erp_merge_loc_conf            /* merge location configuration */
};


ngx_module_t  ngx_http_erp_module = {
    NGX_MODULE_V1,
    &ngx_http_erp_module_ctx,              /* module context */
    ngx_http_erp_commands,                 /* module directives */
    NGX_HTTP_MODULE,                       /* module type */
    NULL,                                  /* init master */
    NULL,                                  /* init module */
    ngx_http_erp_init_process,             /* init process */
    NULL,                                  /* init thread */
    NULL,                                  /* exit thread */
    ngx_http_erp_exit_process,             /* exit process */
    NULL,                                  /* exit master */
    NGX_MODULE_V1_PADDING
};


ngx_erp_client_t  *ngx_http_erp_client;

static ngx_erp_judge_t  ngx_http_erp_judge_default;


static ngx_int_t
ngx_http_erp_init(ngx_conf_t *cf)
{
    ngx_http_handler_pt        *h;
    ngx_http_erp_main_conf_t   *emcf;
    ngx_http_core_main_conf_t  *cmcf;

    emcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_erp_module);

    if (emcf->store == NULL && emcf->needs.len) {
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "\"%V\" needs \"erp_store\" in %s:%ui", &emcf->needs,
                      emcf->needs_file, emcf->needs_line);
        return NGX_ERROR;
    }

    if (ngx_http_erp_uri_find(cf) != NGX_OK) {
        return NGX_ERROR;
    }

    if (emcf->store == NULL) {
        return NGX_OK;
    }

    xmlInitParser();

    if (ngx_http_erp_store_dests(emcf) != NGX_OK) {
        return NGX_ERROR;
    }

    if (emcf->flows.nelts && ngx_http_erp_counters_zone(cf) != NGX_OK) {
        return NGX_ERROR;
    }

    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);

    h = ngx_array_push(&cmcf->phases[NGX_HTTP_LOG_PHASE].handlers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    *h = ngx_http_erp_counters_handler;

    h = ngx_array_push(&cmcf->phases[NGX_HTTP_PREACCESS_PHASE].handlers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    *h = ngx_erp_call_length_handler;

    /*
     * Handlers run in reverse order of being pushed, and this module is in
     * front of ngx_http_canonical_module: see the file config.  So this one
     * runs behind canonical_render, which makes the envelope.
     */

    h = ngx_array_push(&cmcf->phases[NGX_HTTP_PRECONTENT_PHASE].handlers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    *h = ngx_http_erp_envelope_handler;

    return NGX_OK;
}


static void *
ngx_http_erp_create_main_conf(ngx_conf_t *cf)
{
    ngx_http_erp_main_conf_t  *emcf;

    emcf = ngx_pcalloc(cf->pool, sizeof(ngx_http_erp_main_conf_t));
    if (emcf == NULL) {
        return NULL;
    }

    /*
     * set by ngx_pcalloc():
     *
     *     emcf->store = NULL;
     *     emcf->counters = NULL;
     *     emcf->needs = { 0, NULL };
     */

    if (ngx_http_erp_uri_init(cf, emcf) != NGX_OK
        || ngx_array_init(&emcf->flows, cf->pool, 8,
                          sizeof(ngx_http_erp_loc_conf_t *))
           != NGX_OK)
    {
        return NULL;
    }

    ngx_canonical_arena_init(&emcf->arena, ngx_http_canonical_memory, cf->pool,
                             NGX_HTTP_ERP_CONF_MAX);

    return emcf;
}


static void *
ngx_http_erp_create_loc_conf(ngx_conf_t *cf)
{
    ngx_http_erp_loc_conf_t  *elcf;

    elcf = ngx_pcalloc(cf->pool, sizeof(ngx_http_erp_loc_conf_t));
    if (elcf == NULL) {
        return NULL;
    }

    /*
     * set by ngx_pcalloc():
     *
     *     elcf->sends = NULL;
     *     elcf->flow = { 0, NULL };
     *     elcf->flow_index = 0;
     *     elcf->retry = NULL;
     *     elcf->breaker = NULL;
     *     elcf->judge = NULL;
     *     elcf->idempotency = NULL;
     *     elcf->steps = NULL;
     *     elcf->on_error = NULL;
     *     elcf->api = 0;
     *     elcf->metrics = 0;
     */

    elcf->message_key = NGX_CONF_UNSET_PTR;
    elcf->no_message_key = NGX_CONF_UNSET;
    elcf->concurrency = NGX_CONF_UNSET_UINT;
    elcf->rate = NGX_CONF_UNSET_UINT;
    elcf->skip = NGX_CONF_UNSET_UINT;
    elcf->auths = NGX_CONF_UNSET_PTR;
    elcf->max_answer = NGX_CONF_UNSET_SIZE;

    return elcf;
}


static char *
ngx_http_erp_merge_loc_conf(ngx_conf_t *cf, void *parent, void *child)
{
    ngx_http_erp_loc_conf_t *prev = parent;
    ngx_http_erp_loc_conf_t *conf = child;

    ngx_conf_merge_ptr_value(conf->message_key, prev->message_key, NULL);
    ngx_conf_merge_value(conf->no_message_key, prev->no_message_key, 0);

    if (conf->retry == NULL) {
        conf->retry = prev->retry ? prev->retry : &ngx_http_erp_retry_default;
    }

    if (conf->breaker == NULL) {
        conf->breaker = prev->breaker ? prev->breaker
                                      : &ngx_http_erp_breaker_default;
    }

    ngx_conf_merge_uint_value(conf->concurrency, prev->concurrency, 0);
    ngx_conf_merge_uint_value(conf->rate, prev->rate, 0);
    ngx_conf_merge_uint_value(conf->skip, prev->skip, 0);

    ngx_http_erp_merge_judge(prev, conf);

    if (conf->idempotency == NULL) {
        conf->idempotency = prev->idempotency
                            ? prev->idempotency
                            : &ngx_http_erp_idempotency_default;
    }

    ngx_conf_merge_ptr_value(conf->auths, prev->auths, NULL);

    if (conf->on_error == NULL) {
        conf->on_error = prev->on_error;
    }

    ngx_conf_merge_size_value(conf->max_answer, prev->max_answer, 64 * 1024);

    if (ngx_http_erp_merge_flow(cf, prev, conf) != NGX_OK
        || ngx_http_erp_uri_location(cf, conf) != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_http_erp_merge_flow(ngx_conf_t *cf, ngx_http_erp_loc_conf_t *prev,
    ngx_http_erp_loc_conf_t *conf)
{
    ngx_uint_t                  i;
    ngx_http_erp_send_t        *send;
    ngx_http_erp_loc_conf_t   **flow;
    ngx_http_erp_main_conf_t   *emcf;
    ngx_http_core_loc_conf_t   *clcf;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    if (clcf->noname) {
        ngx_http_erp_merge_noname(clcf, prev, conf);
        return NGX_OK;
    }

    if (conf->sends == NULL) {
        return NGX_OK;
    }

    send = conf->sends->elts;

    for (i = 0; i < conf->sends->nelts; i++) {
        send[i].dest->send = 1;
    }

    conf->flow = clcf->name;

    emcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_erp_module);

    /* flows of one name, of several servers, are counted as one */

    flow = emcf->flows.elts;

    for (i = 0; i < emcf->flows.nelts; i++) {
        if (flow[i]->flow.len == conf->flow.len
            && ngx_strncmp(flow[i]->flow.data, conf->flow.data,
                           conf->flow.len)
               == 0)
        {
            conf->flow_index = i;
            return NGX_OK;
        }
    }

    conf->flow_index = i;

    flow = ngx_array_push(&emcf->flows);
    if (flow == NULL) {
        return NGX_ERROR;
    }

    *flow = conf;

    return NGX_OK;
}


/*
 * "if" and "limit_except" are the same location; the latter has a handler only
 * if that was set before it.
 */

static void
ngx_http_erp_merge_noname(ngx_http_core_loc_conf_t *clcf,
    ngx_http_erp_loc_conf_t *prev, ngx_http_erp_loc_conf_t *conf)
{
    conf->sends = prev->sends;
    conf->flow = prev->flow;
    conf->flow_index = prev->flow_index;
    conf->steps = prev->steps;
    conf->api = prev->api;
    conf->metrics = prev->metrics;

    if (!clcf->lmt_excpt || clcf->handler) {
        return;
    }

    if (conf->sends) {
        clcf->handler = ngx_http_erp_send_handler;

    } else if (conf->api) {
        clcf->handler = ngx_http_erp_api_handler;

    } else if (conf->metrics) {
        clcf->handler = ngx_http_erp_metrics_handler;
    }
}


/* three directives, each inherited on its own and as a whole */

static void
ngx_http_erp_merge_judge(ngx_http_erp_loc_conf_t *prev,
    ngx_http_erp_loc_conf_t *conf)
{
    ngx_erp_judge_t  *from, *to;

    from = prev->judge ? prev->judge : &ngx_http_erp_judge_default;

    if (conf->judge == NULL) {
        conf->judge = from;
        return;
    }

    to = conf->judge;

    if (to->bad == NULL && to->down == NULL && to->unknown == NULL
        && to->denied == NULL)
    {
        to->bad = from->bad;
        to->down = from->down;
        to->unknown = from->unknown;
        to->denied = from->denied;
    }

    if (to->success == NULL && to->tests == NULL) {
        to->success = from->success;
        to->tests = from->tests;
    }

    if (to->message.len == 0 && to->code.len == 0) {
        to->message = from->message;
        to->code = from->code;
    }
}


/* notes the first one, as erp_store may come later */

static char *
ngx_http_erp_needs_store(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_erp_needs_t      *needs;
    ngx_http_erp_main_conf_t  *emcf;

    emcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_erp_module);

    if (emcf->needs.len == 0) {
        emcf->needs = cmd->name;
        emcf->needs_file = cf->conf_file->file.name.data;
        emcf->needs_line = cf->conf_file->line;
    }

    needs = cmd->post;

    return needs->set(cf, cmd, conf);
}


static char *
ngx_http_erp_message_key(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_erp_loc_conf_t *elcf = conf;

    ngx_str_t  *value;

    if (elcf->no_message_key != NGX_CONF_UNSET) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (ngx_strcmp(value[1].data, "off") == 0) {
        elcf->message_key = NULL;
        elcf->no_message_key = 1;

        return NGX_CONF_OK;
    }

    elcf->no_message_key = 0;

    return ngx_http_set_complex_value_slot(cf, cmd, conf);
}


/* results of it go to the store, in a frame */

static char *
ngx_http_erp_max_answer(ngx_conf_t *cf, void *post, void *data)
{
    size_t *value = data;

    if (*value == 0 || *value > NGX_HTTP_ERP_MAX_ANSWER) {
        return "must be from 1 to 16m";
    }

    return NGX_CONF_OK;
}


/* the store process, and that of caches, are helpers: they deliver nothing */

static ngx_int_t
ngx_http_erp_init_process(ngx_cycle_t *cycle)
{
    u_char                    *p;
    ngx_path_t                *path;
    ngx_erp_client_conf_t     *conf;
    ngx_http_erp_main_conf_t  *emcf;

    if (ngx_process != NGX_PROCESS_WORKER && ngx_process != NGX_PROCESS_SINGLE)
    {
        return NGX_OK;
    }

    emcf = ngx_http_cycle_get_module_main_conf(cycle, ngx_http_erp_module);

    if (emcf == NULL || emcf->store == NULL) {
        return NGX_OK;
    }

    if (ngx_process == NGX_PROCESS_SINGLE
        && ngx_erp_store_single(cycle, emcf->store) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (ngx_erp_call_init_worker(cycle) != NGX_OK) {
        return NGX_ERROR;
    }

    conf = ngx_pcalloc(cycle->pool, sizeof(ngx_erp_client_conf_t));
    if (conf == NULL) {
        return NGX_ERROR;
    }

    path = emcf->store->path;

    conf->path.len = path->name.len + sizeof("/" NGX_ERP_STORE_SOCKET) - 1;

    conf->path.data = ngx_pnalloc(cycle->pool, conf->path.len + 1);
    if (conf->path.data == NULL) {
        return NGX_ERROR;
    }

    p = ngx_cpymem(conf->path.data, path->name.data, path->name.len);
    ngx_memcpy(p, "/" NGX_ERP_STORE_SOCKET, sizeof("/" NGX_ERP_STORE_SOCKET));

    conf->timeout = emcf->store->timeout;
    conf->slots = emcf->store->slots;
    conf->log = cycle->log;
    conf->lease = ngx_http_erp_deliver;
    conf->ended = ngx_http_erp_send_ended;
    conf->connected = ngx_http_erp_send_again;

    ngx_http_erp_client = ngx_erp_client_create(cycle, conf);

    return ngx_http_erp_client ? NGX_OK : NGX_ERROR;
}


static void
ngx_http_erp_exit_process(ngx_cycle_t *cycle)
{
    ngx_erp_store_exit();

    if (ngx_http_erp_client == NULL) {
        return;
    }

    ngx_erp_client_free(ngx_http_erp_client);
    ngx_http_erp_client = NULL;

    ngx_erp_call_exit_worker(cycle);
}
