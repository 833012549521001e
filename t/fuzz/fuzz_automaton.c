
/*
 * A pattern in the first line, a text behind it.  What becomes an automaton
 * is a regular expression too, and both give the same answer, for the text
 * and for each beginning of it.
 */

#include "arena.h"

#include "ngx_canonical_automaton.h"
#include "ngx_canonical_regex.h"

#include <string.h>


#define check(expr)  if (!(expr)) abort()

#define FUZZ_TEXT    64


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t                      at;
    ngx_int_t                   rc;
    ngx_str_t                   pattern, text;
    const char                 *why;
    const uint8_t              *line;
    ngx_canonical_arena_t       a;
    ngx_canonical_regex_t      *re;
    ngx_canonical_automaton_t  *m;

    line = memchr(data, '\n', size);

    if (line == NULL) {
        return 0;
    }

    pattern.len = line - data;
    pattern.data = malloc(pattern.len);
    memcpy(pattern.data, data, pattern.len);

    unit_arena(&a, 1 << 24);

    m = ngx_canonical_automaton(&a, &pattern);

    if (m) {
        re = ngx_canonical_regex_compile(&a, &pattern, &why, &at);
        check(re);

        text.data = (u_char *) line + 1;

        for (text.len = 0;
             text.len <= size - pattern.len - 1 && text.len <= FUZZ_TEXT;
             text.len++)
        {
            rc = ngx_canonical_regex_match(re, &text);

            /* NGX_ERROR: not UTF-8, or too many steps */

            check(rc == NGX_ERROR
                  || ngx_canonical_automaton_match(m, text.data, text.len)
                     == (rc == NGX_OK));
        }
    }

    unit_arena_free(&a);
    free(pattern.data);

    return 0;
}
