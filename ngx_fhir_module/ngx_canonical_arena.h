
/*
 * Memory of one run of a map, or of a configuration: taken in blocks from
 * its owner (a pool of nginx, malloc() in a test), handed out by moving a
 * pointer, never given back piece by piece.
 */

#ifndef _NGX_CANONICAL_ARENA_H_INCLUDED_
#define _NGX_CANONICAL_ARENA_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


typedef struct {
    u_char       *pos;
    u_char       *end;

    /* a block of "size" bytes aligned to a pointer; NULL: no memory */
    void       *(*block)(void *data, size_t size);
    void         *data;

    size_t        next;      /* size of the next block */
    size_t        taken;     /* bytes of all blocks */
    size_t        limit;     /* bound of them */

    unsigned      full:1;    /* the limit, not the memory, was the reason */
} ngx_canonical_arena_t;


#define NGX_CANONICAL_BLOCK_MIN  2048
#define NGX_CANONICAL_BLOCK_MAX  65536


/* "limit" bounds what is taken from the owner, in bytes */
void ngx_canonical_arena_init(ngx_canonical_arena_t *a,
    void *(*block)(void *data, size_t size), void *data, size_t limit);

/* takes one more block; private to the two below */
void *ngx_canonical_arena_grow(ngx_canonical_arena_t *a, size_t size,
    size_t align);


/* "size" bytes aligned to a pointer, not zeroed; NULL: no memory, or full */

static ngx_inline void *
ngx_canonical_alloc(ngx_canonical_arena_t *a, size_t size)
{
    u_char  *p;

    p = ngx_align_ptr(a->pos, NGX_ALIGNMENT);

    if (p <= a->end && (size_t) (a->end - p) >= size) {
        a->pos = p + size;
        return p;
    }

    return ngx_canonical_arena_grow(a, size, NGX_ALIGNMENT);
}


/* the same for bytes, not aligned */

static ngx_inline u_char *
ngx_canonical_bytes(ngx_canonical_arena_t *a, size_t size)
{
    u_char  *p;

    p = a->pos;

    if ((size_t) (a->end - p) >= size) {
        a->pos = p + size;
        return p;
    }

    return ngx_canonical_arena_grow(a, size, 1);
}


/*
 * Gives back what is behind "last" of the last ngx_canonical_bytes(), which
 * ended at "end".
 */

static ngx_inline void
ngx_canonical_trim(ngx_canonical_arena_t *a, u_char *end, u_char *last)
{
    /* a large piece has a block of its own: nothing to gain */

    if (a->pos == end) {
        a->pos = last;
    }
}


void *ngx_canonical_zalloc(ngx_canonical_arena_t *a, size_t size);

/* a copy in the arena; NULL: no memory */
u_char *ngx_canonical_copy(ngx_canonical_arena_t *a, ngx_str_t *s);


#endif /* _NGX_CANONICAL_ARENA_H_INCLUDED_ */
