
/*
 * A hash of numbered items that grows by one bucket at a time (linear
 * hashing): no addition is slow because of those that are there already.
 */

#ifndef _NGX_ERP_INDEX_H_INCLUDED_
#define _NGX_ERP_INDEX_H_INCLUDED_


#include "ngx_erp_array.h"


/* items are numbered from 1; *next() is for the index alone */

typedef struct {
    uint64_t       (*hash)(void *data, uint32_t item);
    uint32_t      *(*next)(void *data, uint32_t item);
} ngx_erp_index_type_t;


typedef struct {
    ngx_erp_array_t              buckets;
    uint32_t                     n;
    uint32_t                     nbuckets;
    uint32_t                     mask;
    uint32_t                     split;  /* the next bucket to be divided */
    const ngx_erp_index_type_t  *type;
    void                        *data;
} ngx_erp_index_t;


/* NGX_OK, or NGX_ERROR: no memory */
ngx_int_t ngx_erp_index_init(ngx_erp_index_t *x,
    const ngx_erp_index_type_t *type, void *data);
void ngx_erp_index_free(ngx_erp_index_t *x);

/* an empty one: with room for n items it need not grow as they come */
void ngx_erp_index_reserve(ngx_erp_index_t *x, uint64_t n);

/* cannot fail: without memory it only becomes slower */
void ngx_erp_index_add(ngx_erp_index_t *x, uint32_t item);
void ngx_erp_index_remove(ngx_erp_index_t *x, uint32_t item);

/* the first one that may have the hash, 0: none; go on with *next() */
uint32_t ngx_erp_index_first(ngx_erp_index_t *x, uint64_t hash);

/* what _first() will touch is fetched */
void ngx_erp_index_fetch(ngx_erp_index_t *x, uint64_t hash);

/* makes a hash of a number */
uint64_t ngx_erp_index_mix(uint64_t n);


#endif /* _NGX_ERP_INDEX_H_INCLUDED_ */
