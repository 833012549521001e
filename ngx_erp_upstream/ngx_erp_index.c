
/*
 * A hash of numbered items: see the header.
 */

#include "ngx_erp_index.h"


#define NGX_ERP_INDEX_SHIFT  8
#define NGX_ERP_INDEX_LOAD   1       /* items to a bucket */


static void ngx_erp_index_grow(ngx_erp_index_t *x);
static uint32_t *ngx_erp_index_bucket(ngx_erp_index_t *x, uint64_t hash);


ngx_int_t
ngx_erp_index_init(ngx_erp_index_t *x, const ngx_erp_index_type_t *type,
    void *data)
{
    ngx_memzero(x, sizeof(ngx_erp_index_t));

    ngx_erp_array_init(&x->buckets, sizeof(uint32_t), NGX_ERP_INDEX_SHIFT);

    x->nbuckets = 1 << NGX_ERP_INDEX_SHIFT;
    x->mask = x->nbuckets - 1;
    x->type = type;
    x->data = data;

    return ngx_erp_array_reserve(&x->buckets, x->nbuckets);
}


void
ngx_erp_index_free(ngx_erp_index_t *x)
{
    ngx_erp_array_free(&x->buckets);
}


void
ngx_erp_index_reserve(ngx_erp_index_t *x, uint64_t n)
{
    uint32_t  nbuckets;

    nbuckets = x->nbuckets;

    while (nbuckets < n / NGX_ERP_INDEX_LOAD && nbuckets < (1U << 30)) {
        nbuckets *= 2;
    }

    if (x->n == 0 && x->split == 0
        && ngx_erp_array_reserve(&x->buckets, nbuckets) == NGX_OK)
    {
        x->nbuckets = nbuckets;
        x->mask = nbuckets - 1;
    }
}


void
ngx_erp_index_add(ngx_erp_index_t *x, uint32_t item)
{
    uint32_t  *bucket;

    if (x->n / NGX_ERP_INDEX_LOAD >= x->nbuckets) {
        ngx_erp_index_grow(x);
    }

    bucket = ngx_erp_index_bucket(x, x->type->hash(x->data, item));

    *x->type->next(x->data, item) = *bucket;
    *bucket = item;

    x->n++;
}


/* divides the bucket "split" between itself and a new one */

static void
ngx_erp_index_grow(ngx_erp_index_t *x)
{
    uint32_t  *from, *to, *next, item;

    if (ngx_erp_array_reserve(&x->buckets, (uint64_t) x->nbuckets + 1)
        != NGX_OK)
    {
        return;
    }

    from = ngx_erp_array_at(&x->buckets, x->split);
    to = ngx_erp_array_at(&x->buckets, x->nbuckets);

    while ((item = *from) != 0) {
        next = x->type->next(x->data, item);

        if (x->type->hash(x->data, item) & (x->mask + 1)) {
            *from = *next;
            *next = *to;
            *to = item;

        } else {
            from = next;
        }
    }

    x->nbuckets++;
    x->split++;

    if (x->split > x->mask) {
        x->mask = 2 * x->mask + 1;
        x->split = 0;
    }
}


void
ngx_erp_index_remove(ngx_erp_index_t *x, uint32_t item)
{
    uint32_t  *p;

    p = ngx_erp_index_bucket(x, x->type->hash(x->data, item));

    while (*p != item) {
        p = x->type->next(x->data, *p);
    }

    *p = *x->type->next(x->data, item);

    x->n--;
}


uint32_t
ngx_erp_index_first(ngx_erp_index_t *x, uint64_t hash)
{
    return *ngx_erp_index_bucket(x, hash);
}


void
ngx_erp_index_fetch(ngx_erp_index_t *x, uint64_t hash)
{
    __builtin_prefetch(ngx_erp_index_bucket(x, hash));
}


static uint32_t *
ngx_erp_index_bucket(ngx_erp_index_t *x, uint64_t hash)
{
    uint32_t  b;

    b = (uint32_t) hash & x->mask;

    if (b < x->split) {
        b = (uint32_t) hash & (2 * x->mask + 1);
    }

    return ngx_erp_array_at(&x->buckets, b);
}


uint64_t
ngx_erp_index_mix(uint64_t n)
{
    n ^= n >> 32;
    n *= 0x9e3779b97f4a7c15;
    n ^= n >> 29;
    n *= 0xbf58476d1ce4e5b9;
    n ^= n >> 32;

    return n;
}
