
#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include <libxml/parser.h>

#include "ngx_http_canonical_module.h"
#include "ngx_canonical_json.h"


#define NGX_HTTP_CANONICAL_CONF_MAX  (256 * 1024 * 1024)


static ngx_int_t ngx_http_canonical_init(ngx_conf_t *cf);
static ngx_int_t ngx_http_canonical_check_names(ngx_conf_t *cf,
    ngx_http_canonical_main_conf_t *mcf);
static ngx_int_t ngx_http_canonical_check_use(ngx_conf_t *cf,
    ngx_http_canonical_name_t *name);
static void *ngx_http_canonical_create_main_conf(ngx_conf_t *cf);
static void *ngx_http_canonical_create_loc_conf(ngx_conf_t *cf);
static char *ngx_http_canonical_merge_loc_conf(ngx_conf_t *cf, void *parent,
    void *child);
static char *ngx_http_canonical_maps_slot(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_http_canonical_positive(ngx_conf_t *cf, void *post,
    void *data);


static ngx_conf_post_t  ngx_http_canonical_positive_post = {
    ngx_http_canonical_positive
};


static ngx_conf_num_bounds_t  ngx_http_canonical_depth_bounds = {
    ngx_conf_check_num_bounds, 1, NGX_CANONICAL_JSON_DEPTH_MAX
};


static ngx_command_t  ngx_http_canonical_commands[] = {

    { ngx_string("canonical_table"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_BLOCK|NGX_CONF_TAKE1,
      ngx_http_canonical_table,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("canonical_key"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_2MORE,
      ngx_http_canonical_key,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("canonical_map"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_BLOCK|NGX_CONF_TAKE12,
      ngx_http_canonical_map_block,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("canonical_request"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_1MORE,
      ngx_http_canonical_maps_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_canonical_loc_conf_t, request),
      NULL },

    { ngx_string("canonical_response"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_1MORE,
      ngx_http_canonical_maps_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_canonical_loc_conf_t, response),
      NULL },

    { ngx_string("canonical_render"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_1MORE,
      ngx_http_canonical_maps_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_canonical_loc_conf_t, render),
      NULL },

    { ngx_string("canonical_max_size"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_size_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_canonical_loc_conf_t, max_size),
      &ngx_http_canonical_positive_post },

    { ngx_string("canonical_max_memory"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_size_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_canonical_loc_conf_t, max_memory),
      &ngx_http_canonical_positive_post },

    { ngx_string("canonical_max_depth"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_num_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_canonical_loc_conf_t, max_depth),
      &ngx_http_canonical_depth_bounds },

    { ngx_string("canonical_max_members"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_num_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_canonical_loc_conf_t, max_members),
      &ngx_http_canonical_positive_post },

    { ngx_string("canonical_max_number"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_num_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_canonical_loc_conf_t, max_number),
      &ngx_http_canonical_positive_post },

    { ngx_string("canonical_max_objects"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_num_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_canonical_loc_conf_t, max_objects),
      &ngx_http_canonical_positive_post },

    { ngx_string("canonical_stream"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_canonical_loc_conf_t, stream),
      NULL },

    { ngx_string("canonical_quarantine"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_TAKE12,
      ngx_mllp_quarantine_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_canonical_loc_conf_t, quarantine),
      NULL },

      ngx_null_command
};


static ngx_http_module_t  ngx_http_canonical_module_ctx = {
    ngx_http_canonical_add_variables,      /* preconfiguration */
    ngx_http_canonical_init,               /* postconfiguration */

    ngx_http_canonical_create_main_conf,   /* create main configuration */
    NULL,                                  /* init main configuration */

    NULL,                                  /* create server configuration */
    NULL,                                  /* merge server configuration */

    ngx_http_canonical_create_loc_conf,    /* create location configuration */
    ngx_http_canonical_merge_loc_conf      /* merge location configuration */
};


ngx_module_t  ngx_http_canonical_module = {
    NGX_MODULE_V1,
    &ngx_http_canonical_module_ctx,        /* module context */
    ngx_http_canonical_commands,           /* module directives */
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


static ngx_int_t
ngx_http_canonical_init(ngx_conf_t *cf)
{
    ngx_http_handler_pt             *h;
    ngx_http_core_main_conf_t       *cmcf;
    ngx_http_canonical_main_conf_t  *mcf;

    mcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_canonical_module);

    if (ngx_http_canonical_check_names(cf, mcf) != NGX_OK) {
        return NGX_ERROR;
    }

    xmlInitParser();

    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);

    /* behind the checks of access, before the content */

    h = ngx_array_push(&cmcf->phases[NGX_HTTP_PRECONTENT_PHASE].handlers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    *h = ngx_http_canonical_request_handler;

    if (ngx_http_canonical_response_init(cf) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_http_canonical_upload_init(cf);
}


static ngx_int_t
ngx_http_canonical_check_names(ngx_conf_t *cf,
    ngx_http_canonical_main_conf_t *mcf)
{
    ngx_uint_t                   i, k;
    ngx_array_t                 *names[3];
    ngx_http_canonical_name_t  **n;

    static const char  *kinds[] = {
        "canonical_table", "canonical_key", "canonical_map"
    };

    names[0] = &mcf->tables;
    names[1] = &mcf->keys;
    names[2] = &mcf->maps;

    for (k = 0; k < 3; k++) {
        n = names[k]->elts;

        for (i = 0; i < names[k]->nelts; i++) {
            if (!n[i]->defined) {
                ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                              "unknown %s \"%V\" in %s:%ui", kinds[k],
                              &n[i]->name, n[i]->named.file,
                              n[i]->named.line);
                return NGX_ERROR;
            }
        }
    }

    n = mcf->maps.elts;

    for (i = 0; i < mcf->maps.nelts; i++) {
        if (ngx_http_canonical_check_use(cf, n[i]) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/* a map that could never be for the body it is given */

static ngx_int_t
ngx_http_canonical_check_use(ngx_conf_t *cf, ngx_http_canonical_name_t *name)
{
    ngx_uint_t                   canonical, to;
    const char                  *why;
    ngx_http_canonical_place_t  *place;

    canonical = (ngx_canonical_map_from(name->value)
                 == NGX_CANONICAL_FROM_CANONICAL);
    to = (ngx_canonical_map_to(name->value) != NGX_CANONICAL_TO_CANONICAL);

    if (name->reads.line && (canonical || to)) {
        place = &name->reads;
        why = to ? "has \"to\", it is for \"canonical_render\" only"
                 : "is \"from canonical\", of no body";

    } else if (name->renders.line && !(canonical && to)) {
        place = &name->renders;
        why = to ? "is not \"from canonical\", as \"canonical_render\" needs"
                 : "has no \"to\", as \"canonical_render\" needs";

    } else {
        return NGX_OK;
    }

    ngx_log_error(NGX_LOG_EMERG, cf->log, 0, "canonical_map \"%V\" %s in "
                  "%s:%ui", &name->name, why, place->file, place->line);

    return NGX_ERROR;
}


static void *
ngx_http_canonical_create_main_conf(ngx_conf_t *cf)
{
    ngx_uint_t                       i;
    ngx_array_t                     *arrays[5];
    ngx_http_canonical_main_conf_t  *mcf;

    mcf = ngx_pcalloc(cf->pool, sizeof(ngx_http_canonical_main_conf_t));
    if (mcf == NULL) {
        return NULL;
    }

    arrays[0] = &mcf->tables;
    arrays[1] = &mcf->keys;
    arrays[2] = &mcf->maps;
    arrays[3] = &mcf->schemas;
    arrays[4] = &mcf->zones;

    for (i = 0; i < 5; i++) {
        if (ngx_array_init(arrays[i], cf->pool, 8,
                           sizeof(ngx_http_canonical_name_t *))
            != NGX_OK)
        {
            return NULL;
        }
    }

    ngx_canonical_arena_init(&mcf->arena, ngx_http_canonical_memory, cf->pool,
                             NGX_HTTP_CANONICAL_CONF_MAX);

    return mcf;
}


static void *
ngx_http_canonical_create_loc_conf(ngx_conf_t *cf)
{
    ngx_http_canonical_loc_conf_t  *clcf;

    clcf = ngx_palloc(cf->pool, sizeof(ngx_http_canonical_loc_conf_t));
    if (clcf == NULL) {
        return NULL;
    }

    clcf->request = NGX_CONF_UNSET_PTR;
    clcf->response = NGX_CONF_UNSET_PTR;
    clcf->render = NGX_CONF_UNSET_PTR;
    clcf->max_size = NGX_CONF_UNSET_SIZE;
    clcf->max_memory = NGX_CONF_UNSET_SIZE;
    clcf->max_depth = NGX_CONF_UNSET_UINT;
    clcf->max_members = NGX_CONF_UNSET_UINT;
    clcf->max_number = NGX_CONF_UNSET_UINT;
    clcf->max_objects = NGX_CONF_UNSET_UINT;
    clcf->stream = NGX_CONF_UNSET;
    clcf->quarantine = NGX_CONF_UNSET_PTR;

    return clcf;
}


static char *
ngx_http_canonical_merge_loc_conf(ngx_conf_t *cf, void *parent, void *child)
{
    ngx_http_canonical_loc_conf_t *prev = parent;
    ngx_http_canonical_loc_conf_t *conf = child;

    ngx_conf_merge_ptr_value(conf->request, prev->request, NULL);
    ngx_conf_merge_ptr_value(conf->response, prev->response, NULL);
    ngx_conf_merge_ptr_value(conf->render, prev->render, NULL);

    ngx_conf_merge_size_value(conf->max_size, prev->max_size,
                              16 * 1024 * 1024);
    ngx_conf_merge_size_value(conf->max_memory, prev->max_memory,
                              256 * 1024 * 1024);
    ngx_conf_merge_uint_value(conf->max_depth, prev->max_depth, 64);
    ngx_conf_merge_uint_value(conf->max_members, prev->max_members, 100000);
    ngx_conf_merge_uint_value(conf->max_number, prev->max_number, 64);
    ngx_conf_merge_uint_value(conf->max_objects, prev->max_objects, 10000);
    ngx_conf_merge_value(conf->stream, prev->stream, 0);
    ngx_conf_merge_ptr_value(conf->quarantine, prev->quarantine, NULL);

    return NGX_CONF_OK;
}


static char *
ngx_http_canonical_maps_slot(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    char  *p = conf;

    ngx_str_t                        *value;
    ngx_uint_t                        i;
    ngx_array_t                     **maps;
    ngx_http_canonical_name_t       **name, **n;
    ngx_http_canonical_main_conf_t   *mcf;

    maps = (ngx_array_t **) (p + cmd->offset);

    if (*maps != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (ngx_strcmp(value[1].data, "off") == 0) {

        if (cf->args->nelts > 2) {
            return "has \"off\" beside maps";
        }

        *maps = NULL;
        return NGX_CONF_OK;
    }

    *maps = ngx_array_create(cf->pool, cf->args->nelts - 1,
                             sizeof(ngx_http_canonical_name_t *));
    if (*maps == NULL) {
        return NGX_CONF_ERROR;
    }

    mcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_canonical_module);

    for (i = 1; i < cf->args->nelts; i++) {

        name = ngx_array_push(*maps);
        if (name == NULL) {
            return NGX_CONF_ERROR;
        }

        *name = ngx_http_canonical_name(cf, &mcf->maps, &value[i]);
        if (*name == NULL) {
            return NGX_CONF_ERROR;
        }

        for (n = (*maps)->elts; n < name; n++) {
            if (*n == *name) {
                ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                                   "duplicate canonical_map \"%V\"",
                                   &value[i]);
                return NGX_CONF_ERROR;
            }
        }

        if (cmd->offset == offsetof(ngx_http_canonical_loc_conf_t, render)) {
            ngx_http_canonical_place(cf, &(*name)->renders);

        } else {
            ngx_http_canonical_place(cf, &(*name)->reads);
        }
    }

    return NGX_CONF_OK;
}


/* the slots of sizes and of numbers are of one width */

static char *
ngx_http_canonical_positive(ngx_conf_t *cf, void *post, void *data)
{
    size_t *value = data;

    return *value ? NGX_CONF_OK : "must be positive";
}


ngx_http_canonical_name_t *
ngx_http_canonical_name(ngx_conf_t *cf, ngx_array_t *names, ngx_str_t *name)
{
    ngx_uint_t                   i;
    ngx_http_canonical_name_t  **n;

    n = names->elts;

    for (i = 0; i < names->nelts; i++) {
        if (n[i]->name.len == name->len
            && ngx_strncmp(n[i]->name.data, name->data, name->len) == 0)
        {
            return n[i];
        }
    }

    n = ngx_array_push(names);
    if (n == NULL) {
        return NULL;
    }

    *n = ngx_pcalloc(cf->pool, sizeof(ngx_http_canonical_name_t));
    if (*n == NULL) {
        return NULL;
    }

    (*n)->name = *name;
    ngx_http_canonical_place(cf, &(*n)->named);

    return *n;
}


void
ngx_http_canonical_place(ngx_conf_t *cf, ngx_http_canonical_place_t *place)
{
    if (place->line == 0) {
        place->file = cf->conf_file->file.name.data;
        place->line = cf->conf_file->line;
    }
}
