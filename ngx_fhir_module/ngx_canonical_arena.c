
/*
 * Memory in blocks: see the header.
 */

#include "ngx_canonical_arena.h"


void
ngx_canonical_arena_init(ngx_canonical_arena_t *a,
    void *(*block)(void *data, size_t size), void *data, size_t limit)
{
    ngx_memzero(a, sizeof(ngx_canonical_arena_t));

    a->block = block;
    a->data = data;
    a->next = NGX_CANONICAL_BLOCK_MIN;
    a->limit = limit;
}


/*
 * A large piece gets a block of its own and the present one stays in use;
 * otherwise the rest of the present one is left.
 */

void *
ngx_canonical_arena_grow(ngx_canonical_arena_t *a, size_t size, size_t align)
{
    size_t   n;
    u_char  *p;

    n = (size > a->next / 2) ? size : a->next;

    if (n > a->limit - a->taken) {
        a->full = 1;
        return NULL;
    }

    p = a->block(a->data, n);
    if (p == NULL) {
        return NULL;
    }

    a->taken += n;

    if (n != size) {
        a->pos = p + size;
        a->end = p + n;

        if (a->next < NGX_CANONICAL_BLOCK_MAX) {
            a->next *= 2;
        }
    }

    return p;
}


void *
ngx_canonical_zalloc(ngx_canonical_arena_t *a, size_t size)
{
    void  *p;

    p = ngx_canonical_alloc(a, size);

    if (p) {
        ngx_memzero(p, size);
    }

    return p;
}


u_char *
ngx_canonical_copy(ngx_canonical_arena_t *a, ngx_str_t *s)
{
    u_char  *p;

    p = ngx_canonical_bytes(a, s->len);

    if (p && s->len) {
        ngx_memcpy(p, s->data, s->len);
    }

    return p;
}
