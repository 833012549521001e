
/*
 * A heap of numbered items: see the header.
 */

#include "ngx_erp_heap.h"


#define NGX_ERP_HEAP_SHIFT  10

#define ngx_erp_heap_at(h, i)                                                 \
    (*(uint32_t *) ngx_erp_array_at(&(h)->items, i))


static void ngx_erp_heap_up(ngx_erp_heap_t *h, uint32_t at, uint32_t item);
static void ngx_erp_heap_down(ngx_erp_heap_t *h, uint32_t at, uint32_t item);
static void ngx_erp_heap_put(ngx_erp_heap_t *h, uint32_t at, uint32_t item);


void
ngx_erp_heap_init(ngx_erp_heap_t *h, const ngx_erp_heap_type_t *type,
    void *data)
{
    ngx_erp_array_init(&h->items, sizeof(uint32_t), NGX_ERP_HEAP_SHIFT);

    h->n = 0;
    h->type = type;
    h->data = data;
}


void
ngx_erp_heap_free(ngx_erp_heap_t *h)
{
    ngx_erp_array_free(&h->items);
}


ngx_int_t
ngx_erp_heap_reserve(ngx_erp_heap_t *h, uint64_t n)
{
    return ngx_erp_array_reserve(&h->items, n);
}


void
ngx_erp_heap_trim(ngx_erp_heap_t *h, uint64_t n)
{
    ngx_erp_array_trim(&h->items, n);
}


void
ngx_erp_heap_push(ngx_erp_heap_t *h, uint32_t item)
{
    ngx_erp_heap_up(h, h->n++, item);
}


void
ngx_erp_heap_remove(ngx_erp_heap_t *h, uint32_t item)
{
    uint32_t  at, last, *place;

    place = h->type->place(h->data, item);

    if (*place == 0) {
        return;
    }

    at = *place - 1;
    *place = 0;

    h->n--;
    last = ngx_erp_heap_at(h, h->n);

    if (last == item) {
        return;
    }

    /* the last one fills the gap, it may belong on either side of it */

    if (at && h->type->before(h->data, last, ngx_erp_heap_at(h, (at - 1) / 4)))
    {
        ngx_erp_heap_up(h, at, last);

    } else {
        ngx_erp_heap_down(h, at, last);
    }
}


uint32_t
ngx_erp_heap_top(ngx_erp_heap_t *h)
{
    return h->n ? ngx_erp_heap_at(h, 0) : 0;
}


static void
ngx_erp_heap_up(ngx_erp_heap_t *h, uint32_t at, uint32_t item)
{
    uint32_t  parent;

    while (at) {
        parent = ngx_erp_heap_at(h, (at - 1) / 4);

        if (!h->type->before(h->data, item, parent)) {
            break;
        }

        ngx_erp_heap_put(h, at, parent);
        at = (at - 1) / 4;
    }

    ngx_erp_heap_put(h, at, item);
}


static void
ngx_erp_heap_down(ngx_erp_heap_t *h, uint32_t at, uint32_t item)
{
    uint32_t  child, first, i;
    uint64_t  c;

    for ( ;; ) {
        c = (uint64_t) at * 4 + 1;

        if (c >= h->n) {
            break;
        }

        first = (uint32_t) c;

        for (i = first + 1; i < h->n && i < c + 4; i++) {
            if (h->type->before(h->data, ngx_erp_heap_at(h, i),
                                ngx_erp_heap_at(h, first)))
            {
                first = i;
            }
        }

        child = ngx_erp_heap_at(h, first);

        if (!h->type->before(h->data, child, item)) {
            break;
        }

        ngx_erp_heap_put(h, at, child);
        at = first;
    }

    ngx_erp_heap_put(h, at, item);
}


static void
ngx_erp_heap_put(ngx_erp_heap_t *h, uint32_t at, uint32_t item)
{
    ngx_erp_heap_at(h, at) = item;
    *h->type->place(h->data, item) = at + 1;
}
