
/*
 * A heap of numbered items, four children to each, that knows where each
 * item is: any of them can be taken out.
 */

#ifndef _NGX_ERP_HEAP_H_INCLUDED_
#define _NGX_ERP_HEAP_H_INCLUDED_


#include "ngx_erp_array.h"


/* items are numbered from 1; *place() is 0 of one that is not in the heap */

typedef struct {
    ngx_uint_t     (*before)(void *data, uint32_t a, uint32_t b);
    uint32_t      *(*place)(void *data, uint32_t item);
} ngx_erp_heap_type_t;


typedef struct {
    ngx_erp_array_t             items;
    uint32_t                    n;
    const ngx_erp_heap_type_t  *type;
    void                       *data;
} ngx_erp_heap_t;


#define ngx_erp_heap_has(h, item)                                             \
    (*(h)->type->place((h)->data, item) != 0)


void ngx_erp_heap_init(ngx_erp_heap_t *h, const ngx_erp_heap_type_t *type,
    void *data);
void ngx_erp_heap_free(ngx_erp_heap_t *h);

/* room for n items, so that a push cannot fail: NGX_OK or NGX_ERROR */
ngx_int_t ngx_erp_heap_reserve(ngx_erp_heap_t *h, uint64_t n);

/* gives back the room for more than n items, n being at least those in it */
void ngx_erp_heap_trim(ngx_erp_heap_t *h, uint64_t n);

/* the item is not in the heap, and there is room */
void ngx_erp_heap_push(ngx_erp_heap_t *h, uint32_t item);

/* nothing happens if it is not there */
void ngx_erp_heap_remove(ngx_erp_heap_t *h, uint32_t item);

/* the first one, 0: the heap is empty */
uint32_t ngx_erp_heap_top(ngx_erp_heap_t *h);


#endif /* _NGX_ERP_HEAP_H_INCLUDED_ */
