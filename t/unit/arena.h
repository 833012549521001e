
/*
 * An arena of malloc()ed blocks, and the end of it: unit tests and fuzz
 * targets.
 */

#ifndef _UNIT_ARENA_H_INCLUDED_
#define _UNIT_ARENA_H_INCLUDED_


#include <stdlib.h>

#include "ngx_canonical_arena.h"


typedef struct unit_block_s  unit_block_t;

struct unit_block_s {
    unit_block_t  *next;
    size_t         unused;       /* what follows is aligned to 16 */
};


static inline void *
unit_arena_block(void *data, size_t size)
{
    unit_block_t **blocks = data, *b;

    b = malloc(sizeof(unit_block_t) + size);
    if (b == NULL) {
        return NULL;
    }

    b->next = *blocks;
    *blocks = b;

    return b + 1;
}


static inline void
unit_arena(ngx_canonical_arena_t *a, size_t limit)
{
    ngx_canonical_arena_init(a, unit_arena_block,
                             calloc(1, sizeof(unit_block_t *)), limit);
}


static inline void
unit_arena_free(ngx_canonical_arena_t *a)
{
    unit_block_t **blocks = a->data, *b;

    while (*blocks) {
        b = *blocks;
        *blocks = b->next;
        free(b);
    }

    free(blocks);
}


#endif /* _UNIT_ARENA_H_INCLUDED_ */
