
/*
 * An array that grows by blocks: see the header.
 */

#include <stdlib.h>

#include "ngx_erp_array.h"


static ngx_int_t ngx_erp_array_room(ngx_erp_array_t *a);
static uint64_t ngx_erp_array_blocks(ngx_erp_array_t *a, uint64_t n);


void
ngx_erp_array_init(ngx_erp_array_t *a, size_t size, ngx_uint_t shift)
{
    ngx_memzero(a, sizeof(ngx_erp_array_t));

    a->size = (uint32_t) size;
    a->shift = (uint32_t) shift;
}


void
ngx_erp_array_free(ngx_erp_array_t *a)
{
    while (a->nblocks) {
        free(a->blocks[--a->nblocks]);
    }

    free(a->blocks);

    a->blocks = NULL;
    a->room = 0;
}


ngx_int_t
ngx_erp_array_reserve(ngx_erp_array_t *a, uint64_t n)
{
    u_char    *block;
    uint64_t   nblocks;

    if (n > UINT32_MAX) {
        return NGX_ERROR;
    }

    nblocks = ngx_erp_array_blocks(a, n);

    while (a->nblocks < nblocks) {

        if (a->nblocks == a->room && ngx_erp_array_room(a) != NGX_OK) {
            return NGX_ERROR;
        }

        block = calloc((size_t) 1 << a->shift, a->size);
        if (block == NULL) {
            return NGX_ERROR;
        }

        a->blocks[a->nblocks++] = block;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_erp_array_room(ngx_erp_array_t *a)
{
    u_char    **blocks;
    uint32_t    room;

    room = a->room ? 2 * a->room : 4;

    blocks = realloc(a->blocks, room * sizeof(u_char *));
    if (blocks == NULL) {
        return NGX_ERROR;
    }

    a->blocks = blocks;
    a->room = room;

    return NGX_OK;
}


void
ngx_erp_array_trim(ngx_erp_array_t *a, uint64_t n)
{
    uint64_t  keep;

    keep = ngx_erp_array_blocks(a, n) + 1;

    while (a->nblocks > keep) {
        free(a->blocks[--a->nblocks]);
    }
}


static uint64_t
ngx_erp_array_blocks(ngx_erp_array_t *a, uint64_t n)
{
    return (n + ((uint64_t) 1 << a->shift) - 1) >> a->shift;
}
