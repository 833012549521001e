
#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_hl7_module.h"
#include "ngx_http_dispatch.h"


typedef struct {
    ngx_str_t                    name;
    ngx_str_t                    file;
    ngx_uint_t                   line;
    ngx_http_core_srv_conf_t   **server;
} ngx_hl7_want_t;


typedef struct {
    ngx_array_t                  wants;    /* of ngx_hl7_want_t */
} ngx_hl7_conf_t;


static void *ngx_hl7_create_conf(ngx_cycle_t *cycle);
static char *ngx_hl7_init_conf(ngx_cycle_t *cycle, void *conf);
static ngx_http_core_srv_conf_t *ngx_hl7_find_server(ngx_cycle_t *cycle,
    ngx_str_t *name);
static ngx_int_t ngx_hl7_init_process(ngx_cycle_t *cycle);


static ngx_core_module_t  ngx_hl7_module_ctx = {
    ngx_string("hl7"),
    ngx_hl7_create_conf,
    ngx_hl7_init_conf
};


ngx_module_t  ngx_hl7_module = {
    NGX_MODULE_V1,
    &ngx_hl7_module_ctx,                   /* module context */
    NULL,                                  /* module directives */
    NGX_CORE_MODULE,                       /* module type */
    NULL,                                  /* init master */
    NULL,                                  /* init module */
    ngx_hl7_init_process,                  /* init process */
    NULL,                                  /* init thread */
    NULL,                                  /* exit thread */
    NULL,                                  /* exit process */
    NULL,                                  /* exit master */
    NGX_MODULE_V1_PADDING
};


static ngx_int_t
ngx_hl7_init_process(ngx_cycle_t *cycle)
{
    ngx_http_dispatch_init_worker();

    return NGX_OK;
}


ngx_int_t
ngx_hl7_want_server(ngx_conf_t *cf, ngx_str_t *name,
    ngx_http_core_srv_conf_t **server)
{
    ngx_hl7_want_t  *want;
    ngx_hl7_conf_t  *hcf;

    hcf = (ngx_hl7_conf_t *) ngx_get_conf(cf->cycle->conf_ctx,
                                          ngx_hl7_module);

    want = ngx_array_push(&hcf->wants);
    if (want == NULL) {
        return NGX_ERROR;
    }

    want->name = *name;
    want->file = cf->conf_file->file.name;
    want->line = cf->conf_file->line;
    want->server = server;

    return NGX_OK;
}


static void *
ngx_hl7_create_conf(ngx_cycle_t *cycle)
{
    ngx_hl7_conf_t  *hcf;

    hcf = ngx_pcalloc(cycle->pool, sizeof(ngx_hl7_conf_t));
    if (hcf == NULL) {
        return NULL;
    }

    if (ngx_array_init(&hcf->wants, cycle->pool, 4, sizeof(ngx_hl7_want_t))
        != NGX_OK)
    {
        return NULL;
    }

    return hcf;
}


/*
 * Not in init_module: a failure there ends the master process, on a reload
 * as well.
 */

static char *
ngx_hl7_init_conf(ngx_cycle_t *cycle, void *conf)
{
    ngx_hl7_conf_t *hcf = conf;

    ngx_uint_t       i;
    ngx_hl7_want_t  *want;

    want = hcf->wants.elts;

    for (i = 0; i < hcf->wants.nelts; i++) {

        *want[i].server = ngx_hl7_find_server(cycle, &want[i].name);

        if (*want[i].server == NULL) {
            ngx_log_error(NGX_LOG_EMERG, cycle->log, 0,
                          "no http server has the server_name \"%V\" in %V:%ui",
                          &want[i].name, &want[i].file, want[i].line);
            return NGX_CONF_ERROR;
        }
    }

    return NGX_CONF_OK;
}


static ngx_http_core_srv_conf_t *
ngx_hl7_find_server(ngx_cycle_t *cycle, ngx_str_t *name)
{
    ngx_uint_t                   i, j;
    ngx_http_server_name_t      *names;
    ngx_http_core_srv_conf_t   **cscfp;
    ngx_http_core_main_conf_t   *cmcf;

    cmcf = ngx_http_cycle_get_module_main_conf(cycle, ngx_http_core_module);

    if (cmcf == NULL) {
        return NULL;
    }

    cscfp = cmcf->servers.elts;

    for (i = 0; i < cmcf->servers.nelts; i++) {
        names = cscfp[i]->server_names.elts;

        for (j = 0; j < cscfp[i]->server_names.nelts; j++) {

            if (names[j].name.len == name->len
                && ngx_strncasecmp(names[j].name.data, name->data, name->len)
                   == 0)
            {
                return cscfp[i];
            }
        }
    }

    return NULL;
}
