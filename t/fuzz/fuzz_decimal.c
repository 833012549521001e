
/*
 * Two decimals with a line feed between them.  What is read is printed and
 * read again; sums, products and quotients are taken back.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ngx_canonical_decimal.h"


#define check(expr)  if (!(expr)) abort()


static ngx_uint_t fuzz_read(ngx_canonical_decimal_t *d, const uint8_t *data,
    size_t size);
static void fuzz_again(ngx_canonical_decimal_t *d);
static void fuzz_rescale(ngx_canonical_decimal_t *d, ngx_uint_t scale);
static void fuzz_pair(ngx_canonical_decimal_t *a, ngx_canonical_decimal_t *b);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t                    len;
    const uint8_t            *line;
    ngx_canonical_decimal_t   a, b;

    line = memchr(data, '\n', size);
    len = line ? (size_t) (line - data) : size;

    if (!fuzz_read(&a, data, len)) {
        return 0;
    }

    fuzz_rescale(&a, len % 40);
    fuzz_rescale(&a, size % 40);

    if (line && fuzz_read(&b, line + 1, size - len - 1)) {
        fuzz_pair(&a, &b);
        fuzz_pair(&b, &a);
    }

    return 0;
}


static ngx_uint_t
fuzz_read(ngx_canonical_decimal_t *d, const uint8_t *data, size_t size)
{
    ngx_int_t                 rc;
    ngx_str_t                 s;
    ngx_canonical_decimal_t   plain;

    s.len = size;
    s.data = malloc(size);
    memcpy(s.data, data, size);

    rc = ngx_canonical_decimal_read(d, &s, 1);

    /* without an exponent it is the same number or none */

    if (ngx_canonical_decimal_read(&plain, &s, 0) == NGX_OK) {
        check(rc == NGX_OK && plain.units == d->units
              && plain.scale == d->scale);

    } else {
        check(rc != NGX_OK || memchr(data, 'e', size)
              || memchr(data, 'E', size));
    }

    free(s.data);

    if (rc != NGX_OK) {
        return 0;
    }

    fuzz_again(d);

    return 1;
}


static void
fuzz_again(ngx_canonical_decimal_t *d)
{
    u_char                    out[NGX_CANONICAL_DECIMAL_LEN], *end;
    ngx_str_t                 s;
    ngx_canonical_decimal_t   again;

    check(d->scale <= NGX_CANONICAL_DECIMAL_DIGITS);

    end = ngx_canonical_decimal_print(d, out);
    check(end > out && end <= out + sizeof(out));
    check(d->units < 0 || out[0] != '-');

    s.data = out;
    s.len = end - out;

    check(ngx_canonical_decimal_read(&again, &s, 0) == NGX_OK);
    check(again.units == d->units && again.scale == d->scale);
    check(ngx_canonical_decimal_cmp(&again, d) == 0);
}


static void
fuzz_rescale(ngx_canonical_decimal_t *d, ngx_uint_t scale)
{
    ngx_canonical_decimal_t  r;

    r = *d;

    if (ngx_canonical_decimal_rescale(&r, scale) != NGX_OK) {
        return;
    }

    check(r.scale == scale && ngx_canonical_decimal_cmp(&r, d) == 0);
    fuzz_again(&r);

    check(ngx_canonical_decimal_rescale(&r, d->scale) == NGX_OK);
    check(r.units == d->units);
}


static void
fuzz_pair(ngx_canonical_decimal_t *a, ngx_canonical_decimal_t *b)
{
    ngx_int_t                rc;
    ngx_canonical_decimal_t  r, back;

    rc = ngx_canonical_decimal_cmp(a, b);
    check(rc == -ngx_canonical_decimal_cmp(b, a));

    if (ngx_canonical_decimal_sub(&r, a, b) == NGX_OK) {
        fuzz_again(&r);
        check((r.units > 0) - (r.units < 0) == rc);

        if (ngx_canonical_decimal_add(&back, &r, b) == NGX_OK) {
            check(ngx_canonical_decimal_cmp(&back, a) == 0);
        }
    }

    if (ngx_canonical_decimal_mul(&r, a, b) == NGX_OK) {
        fuzz_again(&r);
        check(ngx_canonical_decimal_mul(&back, b, a) == NGX_OK);
        check(back.units == r.units && back.scale == r.scale);

        /* it is exact, so the quotient has no more digits than "a" */

        if (b->units && ngx_canonical_decimal_div(&back, &r, b) == NGX_OK
            && a->scale <= 8)
        {
            check(ngx_canonical_decimal_cmp(&back, a) == 0);
        }
    }

    if (ngx_canonical_decimal_div(&r, a, b) == NGX_OK) {
        check(b->units);
        fuzz_again(&r);
    }
}
