
/*
 * Builds the JSON of an answer, a tree of nodes in an arena.
 *
 * What fails stays failed, so that only the end has to be checked: without
 * memory a container is NULL, and nothing is added to that.
 */

#ifndef _NGX_ERP_JSON_H_INCLUDED_
#define _NGX_ERP_JSON_H_INCLUDED_


#include "ngx_canonical_node.h"


/* bytes of a string; the others are cut off, at a character */
#define NGX_ERP_JSON_STRING  1024

/*
 * A text larger than that is to have no further elements, see
 * ngx_erp_json_full(): what is begun then may be ended, and is still below
 * 1 MB.
 */
#define NGX_ERP_JSON_FULL    (768 * 1024)


typedef struct {
    ngx_canonical_arena_t  *arena;
    size_t                  size;        /* of the text, so far */
    unsigned                failed:1;    /* no memory */
} ngx_erp_json_t;


#define ngx_erp_json_full(j)  ((j)->failed || (j)->size > NGX_ERP_JSON_FULL)


void ngx_erp_json_init(ngx_erp_json_t *j, ngx_canonical_arena_t *arena);

/*
 * The root has no name, nor have elements of an array: NULL.  Names and texts
 * are not copied, strings and the digits of numbers are.
 */
ngx_canonical_node_t *ngx_erp_json_root(ngx_erp_json_t *j);
ngx_canonical_node_t *ngx_erp_json_object(ngx_erp_json_t *j,
    ngx_canonical_node_t *parent, const char *name);
ngx_canonical_node_t *ngx_erp_json_array(ngx_erp_json_t *j,
    ngx_canonical_node_t *parent, const char *name);

void ngx_erp_json_text(ngx_erp_json_t *j, ngx_canonical_node_t *parent,
    const char *name, const char *text);
void ngx_erp_json_num(ngx_erp_json_t *j, ngx_canonical_node_t *parent,
    const char *name, uint64_t n);
void ngx_erp_json_bool(ngx_erp_json_t *j, ngx_canonical_node_t *parent,
    const char *name, ngx_uint_t b);
void ngx_erp_json_null(ngx_erp_json_t *j, ngx_canonical_node_t *parent,
    const char *name);

/* an empty one is not there */
void ngx_erp_json_str(ngx_erp_json_t *j, ngx_canonical_node_t *parent,
    const char *name, ngx_str_t *s);

/*
 * Milliseconds since the epoch in the form of RFC 3339, UTC, and as "ms_name"
 * the number; zero is not there.
 */
void ngx_erp_json_time(ngx_erp_json_t *j, ngx_canonical_node_t *parent,
    const char *name, const char *ms_name, uint64_t ms);

/* NGX_OK, or NGX_ERROR: no memory, now or before */
ngx_int_t ngx_erp_json_print(ngx_erp_json_t *j, ngx_canonical_node_t *root,
    ngx_str_t *text);


/* "s" without what is behind "max" bytes: never within a character */
void ngx_erp_json_cut(ngx_str_t *s, size_t max);

/* milliseconds, or a date and time of RFC 3339; NGX_OK or NGX_DECLINED */
ngx_int_t ngx_erp_json_ms(ngx_str_t *text, uint64_t *ms);

/* decimal digits alone; NGX_OK or NGX_DECLINED */
ngx_int_t ngx_erp_json_digits(ngx_str_t *text, uint64_t *n);


#endif /* _NGX_ERP_JSON_H_INCLUDED_ */
