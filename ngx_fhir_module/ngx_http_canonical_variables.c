
/*
 * $canonical_type and the like, and any member of the object by its path.
 */

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_http_hl7_module.h"
#include "ngx_http_canonical_module.h"


#define NGX_HTTP_CANONICAL_UNMAPPED_MAX  1024
#define NGX_HTTP_CANONICAL_PATH_MAX      16


typedef struct {
    ngx_http_request_t         *request;
    ngx_http_canonical_ctx_t    ctx;
} ngx_http_canonical_slot_t;


static ngx_http_canonical_ctx_t *ngx_http_canonical_lookup(
    ngx_http_request_t *r);
static ngx_int_t ngx_http_canonical_object_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_canonical_count_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_canonical_unmapped_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_canonical_path_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_canonical_node_t *ngx_http_canonical_path(
    ngx_canonical_node_t *node, u_char *p, size_t len, ngx_uint_t depth);
static void ngx_http_canonical_set(ngx_http_variable_value_t *v,
    u_char *data, size_t len);
static void ngx_http_canonical_cleanup(void *data);

static ngx_http_variable_t  ngx_http_canonical_vars[] = {

    { ngx_string("canonical_type"), NULL, ngx_http_canonical_object_variable,
      offsetof(ngx_canonical_object_t, type), NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("canonical_key"), NULL, ngx_http_canonical_object_variable,
      offsetof(ngx_canonical_object_t, key), NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("canonical_map"), NULL, ngx_http_canonical_object_variable,
      offsetof(ngx_canonical_object_t, map), NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("canonical_count"), NULL, ngx_http_canonical_count_variable,
      0, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("canonical_unmapped"), NULL,
      ngx_http_canonical_unmapped_variable,
      0, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("canonical_"), NULL, ngx_http_canonical_path_variable,
      0, NGX_HTTP_VAR_NOCACHEABLE|NGX_HTTP_VAR_PREFIX, 0 },

      ngx_http_null_variable
};


ngx_int_t
ngx_http_canonical_add_variables(ngx_conf_t *cf)
{
    ngx_http_variable_t  *var, *v;

    for (v = ngx_http_canonical_vars; v->name.len; v++) {
        var = ngx_http_add_variable(cf, &v->name, v->flags);
        if (var == NULL) {
            return NGX_ERROR;
        }

        var->get_handler = v->get_handler;
        var->data = v->data;
    }

    return NGX_OK;
}


ngx_http_canonical_ctx_t *
ngx_http_canonical_ctx(ngx_http_request_t *r)
{
    ngx_pool_cleanup_t         *cln;
    ngx_http_canonical_ctx_t   *ctx;
    ngx_http_canonical_slot_t  *slot;

    ctx = ngx_http_canonical_lookup(r);

    if (ctx) {
        return ctx;
    }

    cln = ngx_pool_cleanup_add(r->pool, sizeof(ngx_http_canonical_slot_t));
    if (cln == NULL) {
        return NULL;
    }

    slot = cln->data;
    ngx_memzero(slot, sizeof(ngx_http_canonical_slot_t));

    slot->request = r;
    cln->handler = ngx_http_canonical_cleanup;

    ngx_http_set_ctx(r, &slot->ctx, ngx_http_canonical_module);

    return &slot->ctx;
}


/*
 * On the pool, as an internal redirect forgets the contexts of modules.  A
 * subrequest has its own.
 */

static ngx_http_canonical_ctx_t *
ngx_http_canonical_lookup(ngx_http_request_t *r)
{
    ngx_pool_cleanup_t         *cln;
    ngx_http_canonical_ctx_t   *ctx;
    ngx_http_canonical_slot_t  *slot;

    ctx = ngx_http_get_module_ctx(r, ngx_http_canonical_module);

    if (ctx) {
        return ctx;
    }

    for (cln = r->pool->cleanup; cln; cln = cln->next) {
        if (cln->handler == ngx_http_canonical_cleanup) {
            slot = cln->data;

            if (slot->request == r) {
                ngx_http_set_ctx(r, &slot->ctx, ngx_http_canonical_module);
                return &slot->ctx;
            }
        }
    }

    return NULL;
}


ngx_http_canonical_ctx_t *
ngx_http_canonical_find(ngx_http_request_t *r)
{
    ngx_http_canonical_ctx_t  *ctx;

    for ( /* void */ ; r; r = r->parent) {
        ctx = ngx_http_canonical_lookup(r);

        if (ctx && (ctx->request || ctx->response)) {
            return ctx;
        }
    }

    return NULL;
}


/* only marks the context on the list of the pool */

static void
ngx_http_canonical_cleanup(void *data)
{
}


static ngx_int_t
ngx_http_canonical_object_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_str_t                 *s;
    ngx_http_canonical_ctx_t  *ctx;

    ctx = ngx_http_canonical_find(r);

    if (ctx == NULL || ctx->current == NULL) {
        v->not_found = 1;
        return NGX_OK;
    }

    if (data == offsetof(ngx_canonical_object_t, map)) {
        s = ngx_canonical_map_label(ctx->current->map);

    } else {
        s = (ngx_str_t *) ((char *) ctx->current + data);
    }

    ngx_http_canonical_set(v, s->data, s->len);

    return NGX_OK;
}


static ngx_int_t
ngx_http_canonical_count_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    u_char                        *p;
    ngx_http_canonical_ctx_t      *ctx;
    ngx_http_canonical_mapping_t  *mapping;

    ctx = ngx_http_canonical_find(r);

    if (ctx == NULL) {
        v->not_found = 1;
        return NGX_OK;
    }

    mapping = ctx->request ? ctx->request : ctx->response;

    p = ngx_pnalloc(r->pool, NGX_INT_T_LEN);
    if (p == NULL) {
        return NGX_ERROR;
    }

    ngx_http_canonical_set(v, p,
                           ngx_sprintf(p, "%ui", mapping->before
                                                 + mapping->run.nobjects)
                           - p);
    return NGX_OK;
}


static ngx_int_t
ngx_http_canonical_unmapped_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_str_t                      list;
    ngx_http_canonical_ctx_t      *ctx;
    ngx_http_canonical_mapping_t  *mapping;

    ctx = ngx_http_canonical_find(r);

    if (ctx == NULL) {
        v->not_found = 1;
        return NGX_OK;
    }

    mapping = ctx->request ? ctx->request : ctx->response;

    /* of lines, the last one tells nothing of the others */

    if (mapping->nused == 0 || mapping->line
        || (mapping->run.root == NULL && mapping->run.message == NULL))
    {
        v->not_found = 1;
        return NGX_OK;
    }

    if (!mapping->reported) {

        if (ngx_canonical_map_unmapped(mapping->used, mapping->nused,
                                       &mapping->run,
                                       NGX_HTTP_CANONICAL_UNMAPPED_MAX, &list)
            != NGX_OK)
        {
            /* canonical_max_memory is no reason to fail here */

            v->not_found = 1;
            return mapping->arena.full ? NGX_OK : NGX_ERROR;
        }

        mapping->unmapped = list;
        mapping->reported = 1;
    }

    ngx_http_canonical_set(v, mapping->unmapped.data, mapping->unmapped.len);

    return NGX_OK;
}


static ngx_int_t
ngx_http_canonical_path_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_str_t *name = (ngx_str_t *) data;

    ngx_canonical_node_t      *node;
    ngx_http_canonical_ctx_t  *ctx;

    ctx = ngx_http_canonical_find(r);

    if (ctx == NULL || ctx->current == NULL) {
        v->not_found = 1;
        return NGX_OK;
    }

    node = ngx_http_canonical_path(ctx->current->root,
                                   name->data + sizeof("canonical_") - 1,
                                   name->len - (sizeof("canonical_") - 1), 0);

    if (node == NULL
        || (node->kind != NGX_CANONICAL_STRING
            && node->kind != NGX_CANONICAL_NUMBER
            && node->kind != NGX_CANONICAL_BOOLEAN))
    {
        v->not_found = 1;
        return NGX_OK;
    }

    ngx_http_canonical_set(v, node->data, node->len);

    return NGX_OK;
}


/*
 * $canonical_patient_token is patient.token, and $canonical_visit_id is
 * visit_id: at each object a member's name is tried as far as it goes.
 */

static ngx_canonical_node_t *
ngx_http_canonical_path(ngx_canonical_node_t *node, u_char *p, size_t len,
    ngx_uint_t depth)
{
    ngx_canonical_node_t  *child, *found;

    if (node->kind != NGX_CANONICAL_OBJECT
        || depth == NGX_HTTP_CANONICAL_PATH_MAX)
    {
        return NULL;
    }

    for (child = node->first; child; child = child->next) {

        if (child->name_len > len
            || ngx_strncasecmp(child->name, p, child->name_len) != 0)
        {
            continue;
        }

        if (child->name_len == len) {
            return child;
        }

        if (p[child->name_len] != '_') {
            continue;
        }

        found = ngx_http_canonical_path(child, p + child->name_len + 1,
                                        len - child->name_len - 1, depth + 1);
        if (found) {
            return found;
        }
    }

    return NULL;
}


/* a value with a control character could end a header: it is none */

static void
ngx_http_canonical_set(ngx_http_variable_value_t *v, u_char *data, size_t len)
{
    size_t  i;

    for (i = 0; i < len; i++) {
        if (data[i] < 0x20 || data[i] == 0x7f) {
            v->not_found = 1;
            return;
        }
    }

    v->valid = 1;
    v->no_cacheable = 0;
    v->not_found = 0;
    v->data = data;
    v->len = len;
}
