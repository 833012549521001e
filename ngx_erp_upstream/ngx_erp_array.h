
/*
 * An array that grows by blocks: nothing that is in it moves or is copied,
 * and little of it is unused.  Items are numbered by 32 bits.
 */

#ifndef _NGX_ERP_ARRAY_H_INCLUDED_
#define _NGX_ERP_ARRAY_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


typedef struct {
    u_char    **blocks;
    uint32_t    nblocks;
    uint32_t    room;        /* for pointers to blocks */
    uint32_t    size;        /* of an item */
    uint32_t    shift;       /* a block has 1 << shift items */
} ngx_erp_array_t;


#define ngx_erp_array_at(a, i)                                                \
    ((void *) ((a)->blocks[(i) >> (a)->shift]                                 \
               + (size_t) ((i) & ((1U << (a)->shift) - 1)) * (a)->size))


void ngx_erp_array_init(ngx_erp_array_t *a, size_t size, ngx_uint_t shift);
void ngx_erp_array_free(ngx_erp_array_t *a);

/* NGX_OK: the items 0 to n - 1 are there, new ones zeroed; or NGX_ERROR */
ngx_int_t ngx_erp_array_reserve(ngx_erp_array_t *a, uint64_t n);

/* gives back what is behind the first n items, but for one block */
void ngx_erp_array_trim(ngx_erp_array_t *a, uint64_t n);


#endif /* _NGX_ERP_ARRAY_H_INCLUDED_ */
