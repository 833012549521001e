
/*
 * Regular expressions: what they find, and that nothing grows without end.
 */

#include "unit.h"
#include "arena.h"

#include "ngx_canonical_regex.h"


static ngx_canonical_arena_t  arena;


static ngx_str_t
str(const char *text)
{
    ngx_str_t  s;

    s.len = strlen(text);
    s.data = (u_char *) text;

    return s;
}


static void
matched(const char *pattern, const char *text, ngx_int_t want)
{
    char                    title[256];
    size_t                  at;
    ngx_str_t               p, s;
    const char             *why;
    ngx_canonical_regex_t  *re;

    p = str(pattern);
    s = str(text);

    snprintf(title, sizeof(title), "\"%s\" on %d bytes", pattern, (int) s.len);

    re = ngx_canonical_regex_compile(&arena, &p, &why, &at);

    if (!ok(re != NULL && why == NULL, "it compiles")) {
        return;
    }

    is_num(ngx_canonical_regex_match(re, &s), want, title);
    is_num(ngx_canonical_regex_match(re, &s), want, title);
}


static void
test_match(void)
{
    matched("^A0[1-9]$", "A03", NGX_OK);
    matched("^A0[1-9]$", "A10", NGX_DECLINED);
    matched("0[1-9]", "xA03y", NGX_OK);
    matched("", "", NGX_OK);
    matched("", "x", NGX_OK);
    matched("^$", "", NGX_OK);
    matched("x", "", NGX_DECLINED);
    matched("^a$", "a\n", NGX_DECLINED);
    matched("^.$", "\xc3\x84", NGX_OK);
    matched("^\xc3\x84+$", "\xc3\x84\xc3\x84", NGX_OK);
    matched("(a)(b)(c)\\2", "abcb", NGX_OK);
    matched("x", "\xff\xfe", NGX_ERROR);
    matched("(?<=a)b", "ab", NGX_OK);
}


static void
test_empty(void)
{
    size_t                  at;
    ngx_str_t               empty;
    const char             *why;
    ngx_canonical_regex_t  *re;

    ngx_str_null(&empty);

    re = ngx_canonical_regex_compile(&arena, &empty, &why, &at);

    ok(re != NULL, "an empty pattern");
    is_num(ngx_canonical_regex_match(re, &empty), NGX_OK, "an empty text");
}


static void
wrong(const char *pattern, size_t want)
{
    size_t       at;
    ngx_str_t    p;
    const char  *why;

    p = str(pattern);
    why = NULL;

    ok(ngx_canonical_regex_compile(&arena, &p, &why, &at) == NULL,
       "a wrong pattern");
    ok(why && strlen(why) > 5, "it says why");
    is_num(at, want, "and where");
}


static void
test_wrong(void)
{
    wrong("a(b", 3);
    wrong("[a", 2);
    wrong("*a", 0);
    wrong("a\\Cb", 3);
    wrong("ab\xff", 2);
}


/* the limits of a match: an error soon, and memory of a constant size */

static void
test_limits(void)
{
    char                    text[4096];
    size_t                  at, taken;
    u_char                 *pos;
    ngx_str_t               p, s;
    ngx_uint_t              i, errors;
    const char             *why;
    ngx_canonical_regex_t  *re;

    memset(text, 'a', sizeof(text));
    text[sizeof(text) - 1] = 'b';

    p = str("^(a+)+$");
    s.data = (u_char *) text;
    s.len = sizeof(text);

    re = ngx_canonical_regex_compile(&arena, &p, &why, &at);

    is_num(ngx_canonical_regex_match(re, &s), NGX_ERROR, "it gives up");

    taken = arena.taken;
    pos = arena.pos;
    errors = 0;

    for (i = 0; i < 50; i++) {
        errors += (ngx_canonical_regex_match(re, &s) == NGX_ERROR);
    }

    is_num(errors, 50, "each time");
    ok(arena.taken == taken && arena.pos == pos, "nothing more is taken");

    s.len = 3;
    is_num(ngx_canonical_regex_match(re, &s), NGX_OK, "it still matches");
}


static void
test_memory(void)
{
    size_t                  at, limit;
    ngx_str_t               p;
    ngx_uint_t              failed;
    const char             *why;
    ngx_canonical_arena_t   a;
    ngx_canonical_regex_t  *re;

    p = str("^(a|b)+$");
    failed = 0;

    for (limit = 0; limit < 16384; limit += 512) {

        unit_arena(&a, limit);

        re = ngx_canonical_regex_compile(&a, &p, &why, &at);
        failed += (re == NULL && why != NULL);

        unit_arena_free(&a);

        if (re) {
            break;
        }
    }

    ok(failed > 2 && limit < 16384, "without memory it says so");
}


int
main(void)
{
    unit_arena(&arena, 64 << 20);

    test_match();
    test_empty();
    test_wrong();
    test_limits();
    test_memory();

    unit_arena_free(&arena);

    return unit_done();
}
