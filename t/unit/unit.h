
/*
 * The least that a unit test of plain C needs: checks that print TAP, so
 * that prove(1) runs the programs beside the Test::Nginx files.
 */

#ifndef _UNIT_H_INCLUDED_
#define _UNIT_H_INCLUDED_


#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ngx_config.h>
#include <ngx_core.h>


static int  unit_tests, unit_failed;


/* one line of TAP for each check; the name says what must hold */
#define ok(expr, name)                                                        \
    unit_check((expr) ? 1 : 0, name, #expr, __FILE__, __LINE__)

/* a string of nginx against a C literal */
#define is_str(s, literal, name)                                              \
    unit_is((char *) (s).data, (s).len, literal, sizeof(literal) - 1, name,   \
            __FILE__, __LINE__)

#define is_num(a, b, name)                                                    \
    unit_num((long long) (a), (long long) (b), name, __FILE__, __LINE__)


static inline int
unit_check(int good, const char *name, const char *expr, const char *file,
    int line)
{
    unit_tests++;
    printf("%sok %d - %s\n", good ? "" : "not ", unit_tests, name);

    if (!good) {
        unit_failed++;
        printf("#   %s:%d: %s\n", file, line, expr);
    }

    return good;
}


static inline void
unit_is(const char *got, size_t len, const char *want, size_t want_len,
    const char *name, const char *file, int line)
{
    if (!unit_check(len == want_len && memcmp(got, want, len) == 0, name,
                    "strings differ", file, line))
    {
        printf("#   got \"%.*s\"\n#   want \"%s\"\n", (int) len, got, want);
    }
}


static inline void
unit_num(long long got, long long want, const char *name, const char *file,
    int line)
{
    if (!unit_check(got == want, name, "numbers differ", file, line)) {
        printf("#   got %lld\n#   want %lld\n", got, want);
    }
}


static inline int
unit_done(void)
{
    printf("1..%d\n", unit_tests);
    return unit_failed ? EXIT_FAILURE : EXIT_SUCCESS;
}


#endif /* _UNIT_H_INCLUDED_ */
