
/*
 * Results: values of answers by their pointers, as a JSON object in the store
 * and as $erp_result_NAME.
 */

#include "ngx_http_erp_deliver.h"
#include "ngx_http_canonical_module.h"
#include "ngx_canonical_json.h"
#include "ngx_canonical_xml.h"



static ngx_int_t ngx_http_erp_results_answer(ngx_http_erp_delivery_t *d,
    ngx_canonical_node_t **root);
static ngx_int_t ngx_http_erp_results_set(ngx_http_erp_delivery_t *d,
    ngx_str_t *name, ngx_str_t *value, ngx_uint_t error);
static ngx_int_t ngx_http_erp_results_member(ngx_canonical_arena_t *a,
    ngx_canonical_node_t *root, ngx_str_t *name, ngx_str_t *value);


static ngx_canonical_limits_t  ngx_http_erp_results_limits = {
    64, 65536, 65536, 256
};


ngx_int_t
ngx_http_erp_results_read(ngx_http_erp_delivery_t *d)
{
    ngx_int_t               rc;
    ngx_str_t               name, value;
    ngx_canonical_node_t   *root, *node;
    ngx_canonical_error_t   err;

    if (d->lease.results.len == 0) {
        return NGX_OK;
    }

    ngx_canonical_arena_init(&d->arena, ngx_http_canonical_memory, d->pool,
                             NGX_HTTP_ERP_TREE * d->lease.results.len
                             + NGX_CANONICAL_BLOCK_MAX);

    rc = ngx_canonical_json_read(&d->arena, &d->lease.results,
                                 &ngx_http_erp_results_limits, &root, &err);
    if (rc != NGX_OK) {
        return rc;
    }

    if (root->kind != NGX_CANONICAL_OBJECT) {
        return NGX_DECLINED;
    }

    for (node = root->first; node; node = node->next) {

        name.data = node->name;
        name.len = node->name_len;

        if (ngx_erp_judge_value(node, &value) != NGX_OK) {
            return NGX_DECLINED;
        }

        if (name.len == sizeof(NGX_ERP_RESULT_SENT) - 1
            && ngx_memcmp(name.data, NGX_ERP_RESULT_SENT, name.len) == 0)
        {
            d->sent = 1;

        } else if (ngx_http_erp_results_set(d, &name, &value, 0) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_erp_results_print(ngx_http_erp_delivery_t *d, ngx_uint_t sent,
    ngx_str_t *out)
{
    size_t                  limit;
    ngx_str_t               name, value;
    ngx_uint_t              i;
    ngx_canonical_node_t   *root;
    ngx_canonical_arena_t   a;
    ngx_http_erp_value_t   *v;

    ngx_str_null(out);

    /* nodes only: the strings stay where they are */

    limit = (d->results.nelts + 2) * 4 * sizeof(ngx_canonical_node_t)
            + NGX_CANONICAL_BLOCK_MAX;

    ngx_canonical_arena_init(&a, ngx_http_canonical_memory, d->pool, limit);

    root = ngx_canonical_node(&a, NGX_CANONICAL_OBJECT);
    if (root == NULL) {
        return NGX_ERROR;
    }

    v = d->results.elts;

    for (i = 0; i < d->results.nelts; i++) {

        if (!v[i].error
            && ngx_http_erp_results_member(&a, root, &v[i].name, &v[i].value)
               != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    if (sent) {
        ngx_str_set(&name, NGX_ERP_RESULT_SENT);
        ngx_str_set(&value, "1");

        if (ngx_http_erp_results_member(&a, root, &name, &value) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    if (root->first == NULL) {
        return NGX_OK;
    }

    out->data = ngx_pnalloc(d->pool, ngx_canonical_print_size(root));
    if (out->data == NULL) {
        return NGX_ERROR;
    }

    out->len = ngx_canonical_print(root, out->data) - out->data;

    return NGX_OK;
}


static ngx_int_t
ngx_http_erp_results_member(ngx_canonical_arena_t *a,
    ngx_canonical_node_t *root, ngx_str_t *name, ngx_str_t *value)
{
    ngx_canonical_node_t  *node;

    node = ngx_canonical_node(a, NGX_CANONICAL_STRING);
    if (node == NULL) {
        return NGX_ERROR;
    }

    node->name = name->data;
    node->name_len = name->len;
    node->data = value->data;
    node->len = value->len;

    ngx_canonical_append(root, node);

    return NGX_OK;
}


ngx_int_t
ngx_http_erp_results_take(ngx_http_erp_delivery_t *d, ngx_array_t *results,
    ngx_uint_t error, ngx_str_t **missing)
{
    ngx_int_t               rc, taken;
    ngx_str_t               value;
    ngx_uint_t              i;
    ngx_canonical_node_t   *root, *node;
    ngx_http_erp_result_t  *result;

    if (results->nelts == 0) {
        return NGX_OK;
    }

    rc = ngx_http_erp_results_answer(d, &root);
    if (rc == NGX_ERROR) {
        return NGX_ERROR;
    }

    taken = NGX_OK;
    result = results->elts;

    for (i = 0; i < results->nelts; i++) {

        if (rc != NGX_OK
            || ngx_erp_pointer(root, &result[i].pointer, &node) != NGX_OK
            || ngx_erp_judge_value(node, &value) != NGX_OK
            || value.len == 0)
        {
            if (taken == NGX_OK) {
                taken = NGX_DECLINED;
                *missing = &result[i].name;
            }

            continue;
        }

        if (ngx_http_erp_results_set(d, &result[i].name, &value, error)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return taken;
}


/* an answer without a tree is NGX_DECLINED */

static ngx_int_t
ngx_http_erp_results_answer(ngx_http_erp_delivery_t *d,
    ngx_canonical_node_t **root)
{
    u_char                 *p, *end;
    ngx_str_t              *answer;
    ngx_canonical_error_t   err;

    answer = &d->call.answer;

    ngx_canonical_arena_init(&d->arena, ngx_http_canonical_memory, d->pool,
                             NGX_HTTP_ERP_TREE * answer->len
                             + NGX_CANONICAL_BLOCK_MAX);

    p = answer->data;
    end = p + answer->len;

    /* a byte order mark is no text */

    if (answer->len >= 3 && ngx_memcmp(p, "\xef\xbb\xbf", 3) == 0) {
        p += 3;
    }

    while (p < end && (*p == ' ' || *p == '\t' || *p == CR || *p == LF)) {
        p++;
    }

    if (p == end) {
        return NGX_DECLINED;
    }

    if (*p == '<') {
        return ngx_canonical_xml_read(&d->arena, answer,
                                      &ngx_http_erp_results_limits, root,
                                      &err);
    }

    return ngx_canonical_json_read(&d->arena, answer,
                                   &ngx_http_erp_results_limits, root, &err);
}


/* a newer one replaces that of the same name; those of an error are apart */

static ngx_int_t
ngx_http_erp_results_set(ngx_http_erp_delivery_t *d, ngx_str_t *name,
    ngx_str_t *value, ngx_uint_t error)
{
    ngx_uint_t             i;
    ngx_http_erp_value_t  *v;

    v = d->results.elts;

    for (i = 0; i < d->results.nelts; i++) {

        if (v[i].error == error && v[i].name.len == name->len
            && ngx_strncasecmp(v[i].name.data, name->data, name->len) == 0)
        {
            v[i].value = *value;
            return NGX_OK;
        }
    }

    v = ngx_array_push(&d->results);
    if (v == NULL) {
        return NGX_ERROR;
    }

    v->name = *name;
    v->value = *value;
    v->error = error;

    return NGX_OK;
}


/* what an error told comes first */

ngx_str_t *
ngx_http_erp_results_find(ngx_http_erp_delivery_t *d, u_char *name,
    size_t len)
{
    ngx_str_t             *found;
    ngx_uint_t             i;
    ngx_http_erp_value_t  *v;

    found = NULL;
    v = d->results.elts;

    for (i = 0; i < d->results.nelts; i++) {

        if (v[i].name.len != len
            || ngx_strncasecmp(v[i].name.data, name, len) != 0)
        {
            continue;
        }

        found = &v[i].value;

        if (v[i].error) {
            break;
        }
    }

    return found;
}
