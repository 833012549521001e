
/*
 * Patterns of codes, dates and numbers, ^...$ of characters, [classes],
 * (groups|alternatives) and ? * + {n} {n,m}, all in ASCII, as a deterministic
 * automaton: one table look-up for a byte, no backtracking.  What such a
 * pattern matches is what ngx_canonical_regex.h makes of it.
 */

#ifndef _NGX_CANONICAL_AUTOMATON_H_INCLUDED_
#define _NGX_CANONICAL_AUTOMATON_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_canonical_arena.h"


typedef struct {
    uint16_t     *rows;          /* of a state: by class where the row of the
                                    next one begins, then if it is final */
    uint16_t      columns;
    uint8_t       classes[256];  /* of a byte; 0: in no state allowed */
} ngx_canonical_automaton_t;


/* NULL: the pattern needs more than that, is wrong, or there is no memory */
ngx_canonical_automaton_t *ngx_canonical_automaton(ngx_canonical_arena_t *a,
    ngx_str_t *pattern);


/* the first row leads nowhere, the second one is the start */

static ngx_inline ngx_uint_t
ngx_canonical_automaton_match(ngx_canonical_automaton_t *m, u_char *text,
    size_t len)
{
    size_t       i;
    ngx_uint_t   row;

    row = m->columns;

    for (i = 0; i < len; i++) {
        row = m->rows[row + m->classes[text[i]]];

        if (row == 0) {
            return 0;
        }
    }

    return m->rows[row + m->columns - 1];
}


#endif /* _NGX_CANONICAL_AUTOMATON_H_INCLUDED_ */
