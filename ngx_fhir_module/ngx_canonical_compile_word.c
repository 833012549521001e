
/*
 * The compiler of maps: words, and messages about them.
 */

#include "ngx_canonical_compile.h"
#include "ngx_hl7_segment.h"

#include <stdarg.h>
#include <stdio.h>


#define ngx_canonical_is_alpha(ch)                                            \
    (((ch) | 0x20) >= 'a' && ((ch) | 0x20) <= 'z')

#define ngx_canonical_is_digit(ch)  ((ch) >= '0' && (ch) <= '9')


const char *
ngx_canonical_compile_error(ngx_canonical_compiler_t *c, const char *fmt, ...)
{
    va_list  args;

    va_start(args, fmt);
    (void) vsnprintf((char *) c->text, sizeof(c->text), fmt, args);
    va_end(args);

    return (const char *) c->text;
}


const char *
ngx_canonical_unexpected(ngx_canonical_compiler_t *c, ngx_str_t *word)
{
    return ngx_canonical_compile_error(c, "invalid parameter \"%.*s\"",
                                       ngx_canonical_quote(word));
}


ngx_uint_t
ngx_canonical_word_is(ngx_str_t *word, const char *text)
{
    size_t  len;

    len = strlen(text);

    return word->len == len && ngx_memcmp(word->data, text, len) == 0;
}


ngx_uint_t
ngx_canonical_word_value(ngx_str_t *word, const char *name, ngx_str_t *value)
{
    size_t  len;

    len = strlen(name);

    if (word->len < len || ngx_memcmp(word->data, name, len) != 0) {
        return 0;
    }

    value->data = word->data + len;
    value->len = word->len - len;

    return 1;
}


ngx_uint_t
ngx_canonical_word_is_name(ngx_str_t *word)
{
    u_char  ch;
    size_t  i;

    for (i = 0; i < word->len; i++) {
        ch = word->data[i];

        if (ngx_canonical_is_alpha(ch) || ch == '_') {
            continue;
        }

        if (i == 0 || (!ngx_canonical_is_digit(ch) && ch != '-')) {
            return 0;
        }
    }

    return word->len != 0;
}


ngx_uint_t
ngx_canonical_word_segment(ngx_str_t *word)
{
    u_char  *p;
    size_t   i;

    if (word->len != 3) {
        return 0;
    }

    p = word->data;

    for (i = 0; i < 3; i++) {
        if (!(p[i] >= 'A' && p[i] <= 'Z')
            && !(i > 0 && ngx_canonical_is_digit(p[i])))
        {
            return 0;
        }
    }

    return ngx_hl7_name(p[0], p[1], p[2]);
}


ngx_int_t
ngx_canonical_word_number(ngx_str_t *word, ngx_int_t max)
{
    size_t     i;
    ngx_int_t  n;

    n = 0;

    for (i = 0; i < word->len; i++) {

        if (!ngx_canonical_is_digit(word->data[i])) {
            return NGX_ERROR;
        }

        n = n * 10 + (word->data[i] - '0');

        if (n > max) {
            return NGX_ERROR;
        }
    }

    return word->len ? n : NGX_ERROR;
}
