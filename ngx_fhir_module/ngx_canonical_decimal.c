
/*
 * Decimals: see the header.
 *
 * The absolute value of "units" is always less than 10^36, so that ten times
 * it still is an __int128.
 */

#include "ngx_canonical_decimal.h"


typedef __int128           ngx_canonical_int128_t;
typedef unsigned __int128  ngx_canonical_uint128_t;


#define NGX_CANONICAL_DECIMAL_HALF      18      /* digits of an uint64_t */
#define NGX_CANONICAL_DECIMAL_QUOTIENT  8
#define NGX_CANONICAL_DECIMAL_EXPONENT  1000    /* larger ones are this */


static ngx_uint_t ngx_canonical_decimal_exponent(u_char **pos, u_char *end,
    ngx_int_t *exponent);
static ngx_int_t ngx_canonical_decimal_shift(ngx_canonical_decimal_t *d,
    ngx_int_t scale);
static ngx_int_t ngx_canonical_decimal_sum(ngx_canonical_decimal_t *r,
    ngx_canonical_decimal_t *a, ngx_canonical_decimal_t *b, ngx_uint_t minus);
static ngx_int_t ngx_canonical_decimal_bound(ngx_canonical_decimal_t *r,
    ngx_canonical_int128_t units, ngx_uint_t scale);
static void ngx_canonical_decimal_strip(ngx_canonical_decimal_t *d,
    ngx_uint_t scale);
static u_char *ngx_canonical_decimal_digits(u_char *end, uint64_t n,
    ngx_uint_t width);
static ngx_int_t ngx_canonical_decimal_order(ngx_canonical_int128_t a,
    ngx_canonical_int128_t b);


static const uint64_t  ngx_canonical_decimal_tens[] = {
    1ull, 10ull, 100ull, 1000ull, 10000ull, 100000ull, 1000000ull,
    10000000ull, 100000000ull, 1000000000ull, 10000000000ull,
    100000000000ull, 1000000000000ull, 10000000000000ull,
    100000000000000ull, 1000000000000000ull, 10000000000000000ull,
    100000000000000000ull, 1000000000000000000ull
};


/* 10^n, n up to NGX_CANONICAL_DECIMAL_DIGITS */

static ngx_inline ngx_canonical_int128_t
ngx_canonical_decimal_ten(ngx_uint_t n)
{
    if (n <= NGX_CANONICAL_DECIMAL_HALF) {
        return ngx_canonical_decimal_tens[n];
    }

    return (ngx_canonical_int128_t)
               ngx_canonical_decimal_tens[NGX_CANONICAL_DECIMAL_HALF]
           * ngx_canonical_decimal_tens[n - NGX_CANONICAL_DECIMAL_HALF];
}


/* the one 128 bit division that is common is in fact one of 64 bits */

static ngx_inline ngx_canonical_int128_t
ngx_canonical_decimal_divide(ngx_canonical_int128_t a,
    ngx_canonical_int128_t b, ngx_canonical_int128_t *rest)
{
    if (a >= 0 && a <= INT64_MAX && b > 0 && b <= INT64_MAX) {
        *rest = (int64_t) a % (int64_t) b;
        return (int64_t) a / (int64_t) b;
    }

    *rest = a % b;

    return a / b;
}


ngx_int_t
ngx_canonical_decimal_read(ngx_canonical_decimal_t *d, ngx_str_t *text,
    ngx_uint_t exponent)
{
    u_char                  *p, *end, *point;
    ngx_int_t                power, scale;
    ngx_uint_t               minus, any, digits;
    ngx_canonical_uint128_t  units;

    p = text->data;
    end = p + text->len;
    minus = 0;

    if (p < end && (*p == '-' || *p == '+')) {
        minus = (*p++ == '-');
    }

    any = 0;
    digits = 0;
    units = 0;
    point = NULL;

    for ( /* void */ ; p < end; p++) {

        if (*p >= '0' && *p <= '9') {
            any = 1;

            if (units || *p != '0') {
                if (++digits > NGX_CANONICAL_DECIMAL_DIGITS) {
                    return NGX_DECLINED;
                }

                units = units * 10 + (*p - '0');
            }

            continue;
        }

        if (*p != '.' || point) {
            break;
        }

        point = p + 1;
    }

    if (!any) {
        return NGX_DECLINED;
    }

    scale = point ? p - point : 0;

    if (p < end) {
        if (!exponent || !ngx_canonical_decimal_exponent(&p, end, &power)) {
            return NGX_DECLINED;
        }

        scale -= power;
    }

    d->units = minus ? - (ngx_canonical_int128_t) units
                     : (ngx_canonical_int128_t) units;

    return ngx_canonical_decimal_shift(d, scale);
}


/* all that is left of the text */

static ngx_uint_t
ngx_canonical_decimal_exponent(u_char **pos, u_char *end, ngx_int_t *exponent)
{
    u_char      *p;
    ngx_int_t    n;
    ngx_uint_t   minus;

    p = *pos;

    if (*p != 'e' && *p != 'E') {
        return 0;
    }

    p++;
    minus = 0;

    if (p < end && (*p == '-' || *p == '+')) {
        minus = (*p++ == '-');
    }

    if (p == end) {
        return 0;
    }

    for (n = 0; p < end; p++) {

        if (*p < '0' || *p > '9') {
            return 0;
        }

        n = n * 10 + (*p - '0');

        if (n > NGX_CANONICAL_DECIMAL_EXPONENT) {
            n = NGX_CANONICAL_DECIMAL_EXPONENT;
        }
    }

    *pos = p;
    *exponent = minus ? -n : n;

    return 1;
}


/* sets the scale, which of 1e3 is -3: then the units become that of 1000 */

static ngx_int_t
ngx_canonical_decimal_shift(ngx_canonical_decimal_t *d, ngx_int_t scale)
{
    if (scale > NGX_CANONICAL_DECIMAL_DIGITS) {
        return NGX_DECLINED;
    }

    if (scale >= 0) {
        d->scale = scale;
        return NGX_OK;
    }

    d->scale = 0;

    if (d->units == 0) {
        return NGX_OK;
    }

    if (scale < -NGX_CANONICAL_DECIMAL_DIGITS) {
        return NGX_DECLINED;
    }

    if (ngx_canonical_decimal_rescale(d, -scale) != NGX_OK) {
        return NGX_DECLINED;
    }

    d->scale = 0;

    return NGX_OK;
}


ngx_int_t
ngx_canonical_decimal_rescale(ngx_canonical_decimal_t *d, ngx_uint_t scale)
{
    ngx_uint_t              n;
    ngx_canonical_int128_t  units, room, rest;

    if (scale == d->scale) {
        return NGX_OK;
    }

    if (scale > NGX_CANONICAL_DECIMAL_DIGITS) {
        return NGX_DECLINED;
    }

    units = d->units;

    if (scale > d->scale) {
        n = scale - d->scale;
        room = ngx_canonical_decimal_ten(NGX_CANONICAL_DECIMAL_DIGITS - n);

        if (units >= room || units <= -room) {
            return NGX_DECLINED;
        }

        d->units = units * ngx_canonical_decimal_ten(n);
        d->scale = scale;

        return NGX_OK;
    }

    units = ngx_canonical_decimal_divide(units,
                               ngx_canonical_decimal_ten(d->scale - scale),
                               &rest);
    if (rest) {
        return NGX_DECLINED;
    }

    d->units = units;
    d->scale = scale;

    return NGX_OK;
}


u_char *
ngx_canonical_decimal_print(ngx_canonical_decimal_t *d, u_char *out)
{
    u_char                   buf[NGX_CANONICAL_DECIMAL_LEN], *p, *end;
    size_t                   len, scale;
    ngx_canonical_uint128_t  units;

    units = d->units;

    if (d->units < 0) {
        *out++ = '-';
        units = - units;
    }

    scale = d->scale;
    end = buf + sizeof(buf);
    p = end;

    if (units > UINT64_MAX) {
        p = ngx_canonical_decimal_digits(p,
             units % ngx_canonical_decimal_tens[NGX_CANONICAL_DECIMAL_HALF],
             NGX_CANONICAL_DECIMAL_HALF);
        units /= ngx_canonical_decimal_tens[NGX_CANONICAL_DECIMAL_HALF];
    }

    p = ngx_canonical_decimal_digits(p, units, 1);

    /* one digit at least before the point */

    while ((size_t) (end - p) <= scale) {
        *--p = '0';
    }

    len = end - p - scale;
    out = ngx_cpymem(out, p, len);

    if (scale) {
        *out++ = '.';
        out = ngx_cpymem(out, p + len, scale);
    }

    return out;
}


/* writes digits in front of "end", with zeros up to "width" */

static u_char *
ngx_canonical_decimal_digits(u_char *end, uint64_t n, ngx_uint_t width)
{
    u_char  *p;

    for (p = end; n; n /= 10) {
        *--p = (u_char) ('0' + n % 10);
    }

    while ((ngx_uint_t) (end - p) < width) {
        *--p = '0';
    }

    return p;
}


ngx_int_t
ngx_canonical_decimal_cmp(ngx_canonical_decimal_t *a,
    ngx_canonical_decimal_t *b)
{
    ngx_int_t               rc;
    ngx_uint_t              scale;
    ngx_canonical_int128_t  x, y, rest_x, rest_y;

    if (a->scale == b->scale) {
        return ngx_canonical_decimal_order(a->units, b->units);
    }

    /* what is before the point, then what is behind it: both have room */

    x = ngx_canonical_decimal_divide(a->units,
                               ngx_canonical_decimal_ten(a->scale), &rest_x);
    y = ngx_canonical_decimal_divide(b->units,
                               ngx_canonical_decimal_ten(b->scale), &rest_y);

    rc = ngx_canonical_decimal_order(x, y);
    if (rc) {
        return rc;
    }

    scale = ngx_max(a->scale, b->scale);

    rest_x *= ngx_canonical_decimal_ten(scale - a->scale);
    rest_y *= ngx_canonical_decimal_ten(scale - b->scale);

    return ngx_canonical_decimal_order(rest_x, rest_y);
}


static ngx_int_t
ngx_canonical_decimal_order(ngx_canonical_int128_t a, ngx_canonical_int128_t b)
{
    return (a > b) - (a < b);
}


ngx_int_t
ngx_canonical_decimal_add(ngx_canonical_decimal_t *r,
    ngx_canonical_decimal_t *a, ngx_canonical_decimal_t *b)
{
    return ngx_canonical_decimal_sum(r, a, b, 0);
}


ngx_int_t
ngx_canonical_decimal_sub(ngx_canonical_decimal_t *r,
    ngx_canonical_decimal_t *a, ngx_canonical_decimal_t *b)
{
    return ngx_canonical_decimal_sum(r, a, b, 1);
}


static ngx_int_t
ngx_canonical_decimal_sum(ngx_canonical_decimal_t *r,
    ngx_canonical_decimal_t *a, ngx_canonical_decimal_t *b, ngx_uint_t minus)
{
    ngx_uint_t               scale;
    ngx_canonical_decimal_t  x, y;

    x = *a;
    y = *b;

    scale = ngx_max(x.scale, y.scale);

    if (ngx_canonical_decimal_rescale(&x, scale) != NGX_OK
        || ngx_canonical_decimal_rescale(&y, scale) != NGX_OK)
    {
        return NGX_DECLINED;
    }

    return ngx_canonical_decimal_bound(r, minus ? x.units - y.units
                                                : x.units + y.units, scale);
}


ngx_int_t
ngx_canonical_decimal_mul(ngx_canonical_decimal_t *r,
    ngx_canonical_decimal_t *a, ngx_canonical_decimal_t *b)
{
    ngx_canonical_int128_t   x, y, limit;
    ngx_canonical_decimal_t  product;

    x = a->units < 0 ? - a->units : a->units;
    y = b->units < 0 ? - b->units : b->units;

    if ((x > INT64_MAX || y > INT64_MAX) && y) {
        limit = ngx_canonical_decimal_ten(NGX_CANONICAL_DECIMAL_DIGITS);

        if (x > limit / y) {
            return NGX_DECLINED;
        }
    }

    /* zeros at the end go only if the scale has no room */

    product.units = a->units * b->units;
    product.scale = a->scale + b->scale;

    ngx_canonical_decimal_strip(&product, NGX_CANONICAL_DECIMAL_DIGITS);

    return ngx_canonical_decimal_bound(r, product.units, product.scale);
}


ngx_int_t
ngx_canonical_decimal_div(ngx_canonical_decimal_t *r,
    ngx_canonical_decimal_t *a, ngx_canonical_decimal_t *b)
{
    ngx_int_t                scale, max;
    ngx_canonical_int128_t   x, y, q, rest, digit, limit;
    ngx_canonical_decimal_t  quotient;

    if (b->units == 0) {
        return NGX_DECLINED;
    }

    x = a->units < 0 ? - a->units : a->units;
    y = b->units < 0 ? - b->units : b->units;

    max = ngx_max(a->scale, b->scale);
    max = ngx_max(max, NGX_CANONICAL_DECIMAL_QUOTIENT);

    limit = ngx_canonical_decimal_ten(NGX_CANONICAL_DECIMAL_DIGITS);

    q = ngx_canonical_decimal_divide(x, y, &rest);
    scale = (ngx_int_t) a->scale - (ngx_int_t) b->scale;

    /* as on paper, digit by digit: nothing can overflow */

    while (scale < 0 || (rest && scale < max)) {
        digit = ngx_canonical_decimal_divide(rest * 10, y, &rest);
        q = q * 10 + digit;
        scale++;

        if (q >= limit) {
            return NGX_DECLINED;
        }
    }

    if (rest * 2 >= y) {
        q++;
    }

    quotient.units = ((a->units < 0) != (b->units < 0)) ? -q : q;
    quotient.scale = scale;

    ngx_canonical_decimal_strip(&quotient, 0);

    return ngx_canonical_decimal_bound(r, quotient.units, quotient.scale);
}


static ngx_int_t
ngx_canonical_decimal_bound(ngx_canonical_decimal_t *r,
    ngx_canonical_int128_t units, ngx_uint_t scale)
{
    ngx_canonical_int128_t  limit;

    limit = ngx_canonical_decimal_ten(NGX_CANONICAL_DECIMAL_DIGITS);

    if (units >= limit || units <= -limit
        || scale > NGX_CANONICAL_DECIMAL_DIGITS)
    {
        return NGX_DECLINED;
    }

    r->units = units;
    r->scale = scale;

    return NGX_OK;
}


/* drops zeros at the end while the scale is more than "scale" */

static void
ngx_canonical_decimal_strip(ngx_canonical_decimal_t *d, ngx_uint_t scale)
{
    ngx_canonical_int128_t  units, rest;

    while (d->scale > scale) {

        units = ngx_canonical_decimal_divide(d->units, 10, &rest);
        if (rest) {
            break;
        }

        d->units = units;
        d->scale--;
    }
}
