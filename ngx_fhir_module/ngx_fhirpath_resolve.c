
/*
 * FHIRPath: resolve(), within the body.  Entries of a Bundle are found by
 * their fullUrl, and by type and id.
 */

#include "ngx_fhirpath_private.h"


static ngx_int_t ngx_fhirpath_refer(ngx_fhirpath_run_t *run,
    ngx_str_t *reference, ngx_canonical_node_t **node);
static ngx_int_t ngx_fhirpath_contained(ngx_fhirpath_run_t *run,
    ngx_str_t *id, ngx_canonical_node_t **node);
static ngx_int_t ngx_fhirpath_bundle(ngx_fhirpath_run_t *run);
static void ngx_fhirpath_bundle_add(ngx_fhirpath_run_t *run,
    ngx_canonical_node_t *entry, uint32_t hash);
static ngx_canonical_node_t *ngx_fhirpath_bundle_find(ngx_fhirpath_run_t *run,
    ngx_str_t *reference);
static ngx_uint_t ngx_fhirpath_entry_is(ngx_fhirpath_run_t *run,
    ngx_canonical_node_t *entry, ngx_str_t *reference);
static ngx_canonical_node_t *ngx_fhirpath_entry_resource(
    ngx_fhirpath_run_t *run, ngx_canonical_node_t *entry, ngx_str_t *type,
    ngx_str_t *id);
static ngx_canonical_node_t *ngx_fhirpath_get(ngx_fhirpath_run_t *run,
    ngx_canonical_node_t *node, const char *name);
static ngx_uint_t ngx_fhirpath_string(ngx_canonical_node_t *node,
    ngx_str_t *s);


ngx_int_t
ngx_fhirpath_eval_resolve(ngx_fhirpath_run_t *run, ngx_fhirpath_op_t *op)
{
    ngx_int_t              rc;
    ngx_str_t              reference;
    ngx_uint_t             i, mark, top;
    ngx_fhirpath_item_t    item;
    ngx_canonical_node_t  *node;

    mark = run->n;

    rc = op->input->eval(run, op->input);
    if (rc != NGX_OK) {
        return rc;
    }

    top = run->n;

    for (i = mark; i < top; i++) {
        item = run->stack[i];

        if (ngx_fhirpath_as_string(&item, &reference) != NGX_OK) {

            if (item.kind != NGX_FHIRPATH_NODE) {
                continue;
            }

            node = ngx_fhirpath_get(run, item.node, "reference");

            if (node == NULL || !ngx_fhirpath_string(node, &reference)) {
                continue;
            }
        }

        rc = ngx_fhirpath_refer(run, &reference, &node);

        if (rc == NGX_OK && node) {
            rc = ngx_fhirpath_walk(run, node, node->type, NULL, NULL);
        }

        if (rc != NGX_OK) {
            return rc;
        }
    }

    ngx_fhirpath_drop(run, mark, top);

    return NGX_OK;
}


/* *node NULL: it is not here */

static ngx_int_t
ngx_fhirpath_refer(ngx_fhirpath_run_t *run, ngx_str_t *reference,
    ngx_canonical_node_t **node)
{
    u_char     *p;
    ngx_int_t   rc;
    ngx_str_t   id;

    *node = NULL;

    if (reference->len && reference->data[0] == '#') {
        id.data = reference->data + 1;
        id.len = reference->len - 1;

        return ngx_fhirpath_contained(run, &id, node);
    }

    if (run->ctx->root == NULL || run->ctx->root->type != NGX_FHIR_BUNDLE) {
        return NGX_OK;
    }

    if (run->bundle != run->ctx->root) {
        rc = ngx_fhirpath_bundle(run);
        if (rc != NGX_OK) {
            return rc;
        }
    }

    /* an entry is the present version, whichever that is */

    id = *reference;
    p = memmem(id.data, id.len, "/_history/", sizeof("/_history/") - 1);

    if (p) {
        id.len = p - id.data;
    }

    *node = ngx_fhirpath_bundle_find(run, &id);

    return (run->steps < 0) ? ngx_fhirpath_work(run, 0) : NGX_OK;
}


/* "#" alone is the resource that contains others */

static ngx_int_t
ngx_fhirpath_contained(ngx_fhirpath_run_t *run, ngx_str_t *id,
    ngx_canonical_node_t **node)
{
    ngx_str_t              value;
    ngx_canonical_node_t  *contained, *n;

    if (run->ctx->resource == NULL) {
        return NGX_OK;
    }

    if (id->len == 0) {
        *node = run->ctx->resource;
        return NGX_OK;
    }

    contained = ngx_fhirpath_get(run, run->ctx->resource, "contained");

    if (contained == NULL || contained->kind != NGX_CANONICAL_ARRAY) {
        return NGX_OK;
    }

    for (n = contained->first; n; n = n->next) {

        if (ngx_fhirpath_string(ngx_fhirpath_get(run, n, "id"), &value)
            && value.len == id->len
            && ngx_memcmp(value.data, id->data, id->len) == 0)
        {
            *node = n;
            break;
        }
    }

    return (run->steps < 0) ? ngx_fhirpath_work(run, 0) : NGX_OK;
}


/* once for a body */

static ngx_int_t
ngx_fhirpath_bundle(ngx_fhirpath_run_t *run)
{
    uint32_t               hash;
    ngx_str_t              url, type, id;
    ngx_uint_t             n, size;
    ngx_canonical_node_t  *entries, *entry;

    entries = ngx_fhirpath_get(run, run->ctx->root, "entry");
    n = 0;

    for (entry = entries ? entries->first : NULL; entry; entry = entry->next) {
        n++;
    }

    for (size = 8; size < 4 * n; size *= 2) { /* void */ }

    run->entries = ngx_canonical_zalloc(run->ctx->arena,
                                        size * sizeof(ngx_canonical_node_t *));
    if (run->entries == NULL) {
        return NGX_ERROR;
    }

    run->bundle = NULL;
    run->mask = size - 1;

    for (entry = entries ? entries->first : NULL; entry; entry = entry->next) {

        if (ngx_fhirpath_string(ngx_fhirpath_get(run, entry, "fullUrl"),
                                &url))
        {
            ngx_fhirpath_bundle_add(run, entry,
                                    ngx_fhirpath_hash(NGX_FHIRPATH_HASH,
                                                      url.data, url.len));
        }

        if (ngx_fhirpath_entry_resource(run, entry, &type, &id)) {
            hash = ngx_fhirpath_hash(NGX_FHIRPATH_HASH, type.data, type.len);
            hash = ngx_fhirpath_hash(hash, (u_char *) "/", 1);

            ngx_fhirpath_bundle_add(run, entry,
                                    ngx_fhirpath_hash(hash, id.data, id.len));
        }
    }

    if (run->steps < 0) {
        return ngx_fhirpath_work(run, 0);
    }

    run->bundle = run->ctx->root;

    return NGX_OK;
}


/* of equal names the first one is found first */

static void
ngx_fhirpath_bundle_add(ngx_fhirpath_run_t *run, ngx_canonical_node_t *entry,
    uint32_t hash)
{
    ngx_uint_t  i;

    for (i = hash & run->mask; run->entries[i]; i = (i + 1) & run->mask) {

        if (--run->steps < 0) {
            return;
        }
    }

    run->entries[i] = entry;
}


static ngx_canonical_node_t *
ngx_fhirpath_bundle_find(ngx_fhirpath_run_t *run, ngx_str_t *reference)
{
    ngx_uint_t  i;

    i = ngx_fhirpath_hash(NGX_FHIRPATH_HASH, reference->data, reference->len)
        & run->mask;

    for ( /* void */ ; run->entries[i]; i = (i + 1) & run->mask) {

        if (--run->steps < 0) {
            return NULL;
        }

        if (ngx_fhirpath_entry_is(run, run->entries[i], reference)) {
            return ngx_fhirpath_get(run, run->entries[i], "resource");
        }
    }

    return NULL;
}


static ngx_uint_t
ngx_fhirpath_entry_is(ngx_fhirpath_run_t *run, ngx_canonical_node_t *entry,
    ngx_str_t *reference)
{
    u_char     *p;
    ngx_str_t   url, type, id;

    if (ngx_fhirpath_string(ngx_fhirpath_get(run, entry, "fullUrl"), &url)
        && url.len == reference->len
        && ngx_memcmp(url.data, reference->data, url.len) == 0)
    {
        return 1;
    }

    if (ngx_fhirpath_entry_resource(run, entry, &type, &id) == NULL
        || reference->len != type.len + 1 + id.len)
    {
        return 0;
    }

    p = reference->data;

    return ngx_memcmp(p, type.data, type.len) == 0 && p[type.len] == '/'
           && ngx_memcmp(p + type.len + 1, id.data, id.len) == 0;
}


/* NULL if it has no type or no id */

static ngx_canonical_node_t *
ngx_fhirpath_entry_resource(ngx_fhirpath_run_t *run,
    ngx_canonical_node_t *entry, ngx_str_t *type, ngx_str_t *id)
{
    ngx_canonical_node_t  *resource;

    resource = ngx_fhirpath_get(run, entry, "resource");

    if (resource == NULL || resource->type == 0
        || !ngx_fhirpath_string(ngx_fhirpath_get(run, resource, "id"), id))
    {
        return NULL;
    }

    *type = *ngx_fhir_type_name(resource->type);

    return resource;
}


static ngx_canonical_node_t *
ngx_fhirpath_get(ngx_fhirpath_run_t *run, ngx_canonical_node_t *node,
    const char *name)
{
    ngx_str_t  s;

    s.data = (u_char *) name;
    s.len = strlen(name);

    return ngx_fhirpath_member(run, node, &s);
}


static ngx_uint_t
ngx_fhirpath_string(ngx_canonical_node_t *node, ngx_str_t *s)
{
    if (node == NULL || node->kind != NGX_CANONICAL_STRING || node->len == 0) {
        return 0;
    }

    s->data = node->data;
    s->len = node->len;

    return 1;
}
