
/*
 * Reads a JSON text into a tree in one pass.  Refused are what RFC 8259
 * refuses, and: a name that an object has twice, bytes that are not UTF-8,
 * half a surrogate pair, and what goes over the limits.  A BOM at the start
 * is skipped.
 */

#ifndef _NGX_CANONICAL_JSON_H_INCLUDED_
#define _NGX_CANONICAL_JSON_H_INCLUDED_


#include "ngx_canonical_node.h"
#include "ngx_canonical_error.h"


/* what limits.depth is at most, whatever it says */
#define NGX_CANONICAL_JSON_DEPTH_MAX  512


/*
 * NGX_OK and the root, whose strings point into "text" where nothing was
 * escaped; NGX_DECLINED and *err (text, offset); NGX_ERROR: no memory.  A text
 * of 4G bytes or more, and an arena that is full, are NGX_DECLINED.  err->code
 * is 104 for what goes over a bound and 102 for what is not JSON.
 */
ngx_int_t ngx_canonical_json_read(ngx_canonical_arena_t *a, ngx_str_t *text,
    ngx_canonical_limits_t *limits, ngx_canonical_node_t **root,
    ngx_canonical_error_t *err);


#endif /* _NGX_CANONICAL_JSON_H_INCLUDED_ */
