
/*
 * Regular expressions of maps and schemas: PCRE2, UTF-8, bounded.
 */

#ifndef _NGX_CANONICAL_REGEX_H_INCLUDED_
#define _NGX_CANONICAL_REGEX_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_canonical_arena.h"


typedef struct ngx_canonical_regex_s  ngx_canonical_regex_t;

/*
 * Compiles a pattern.  NULL with *why and *at (index in "pattern"): it is
 * wrong, or there is no memory.  All memory is of "a", also what a
 * match needs: nothing is freed.
 */
ngx_canonical_regex_t *ngx_canonical_regex_compile(ngx_canonical_arena_t *a,
    ngx_str_t *pattern, const char **why, size_t *at);

/*
 * Whether the pattern is found in the text: NGX_OK, NGX_DECLINED, or
 * NGX_ERROR: a limit was reached, or the text is not UTF-8.  The limits are
 * 100,000 steps, a few milliseconds, and 2 MB.
 */
ngx_int_t ngx_canonical_regex_match(ngx_canonical_regex_t *re,
    ngx_str_t *text);


#endif /* _NGX_CANONICAL_REGEX_H_INCLUDED_ */
