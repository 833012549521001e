
/*
 * The first byte chooses a reader of times, what it has read is printed and
 * read again; or the bytes are the file of a time zone.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "ngx_canonical_time.h"


#define check(expr)  if (!(expr)) abort()


typedef ngx_int_t (*reader)(ngx_canonical_time_t *t, ngx_str_t *text,
    const char **why);

typedef u_char *(*printer)(ngx_canonical_time_t *t, u_char *out);


static void fuzz_text(reader from, printer to, reader again, ngx_str_t *text);
static void fuzz_valid(ngx_canonical_time_t *t);
static void fuzz_same(ngx_canonical_time_t *a, ngx_canonical_time_t *b);
static void fuzz_zone(u_char *data, size_t size);
static void fuzz_local(ngx_canonical_zone_t *zone, int year);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    u_char     *bytes;
    ngx_str_t   text;

    if (size == 0) {
        return 0;
    }

    bytes = malloc(size);
    memcpy(bytes, data + 1, size - 1);

    text.data = bytes;
    text.len = size - 1;

    switch (data[0] & 3) {

    case 0:
        fuzz_text(ngx_canonical_time_read_hl7, ngx_canonical_time_print_hl7,
                  ngx_canonical_time_read_hl7, &text);
        fuzz_text(ngx_canonical_time_read_hl7, ngx_canonical_time_print,
                  ngx_canonical_time_read_iso, &text);
        break;

    case 1:
        fuzz_text(ngx_canonical_time_read_hl7_tm,
                  ngx_canonical_time_print_hl7,
                  ngx_canonical_time_read_hl7_tm, &text);
        break;

    case 2:
        fuzz_text(ngx_canonical_time_read_iso, ngx_canonical_time_print,
                  ngx_canonical_time_read_iso, &text);
        break;

    default:
        fuzz_zone(bytes, size - 1);
    }

    free(bytes);

    return 0;
}


static void
fuzz_text(reader from, printer to, reader again, ngx_str_t *text)
{
    u_char                 out[NGX_CANONICAL_TIME_LEN], *end;
    ngx_int_t              result;
    ngx_str_t              s;
    const char            *why;
    ngx_canonical_time_t   t, u;

    if (from(&t, text, &why) != NGX_OK) {
        check(why);
        return;
    }

    fuzz_valid(&t);

    end = to(&t, out);
    check(end > out && end <= out + sizeof(out));

    s.data = out;
    s.len = end - out;

    check(again(&u, &s, &why) == NGX_OK);
    fuzz_valid(&u);

    /* ISO 8601 is printed with its seconds, whether they were there or not */

    if (to == ngx_canonical_time_print && t.precision >= NGX_CANONICAL_HOUR) {
        t.precision = ngx_max(t.precision, NGX_CANONICAL_SECOND);
    }

    fuzz_same(&t, &u);

    check(ngx_canonical_time_cmp(&t, &u, &result) == NGX_OK && result == 0);
}


static void
fuzz_valid(ngx_canonical_time_t *t)
{
    check(t->precision >= NGX_CANONICAL_YEAR
          && t->precision <= NGX_CANONICAL_FRACTION);
    check(t->year <= 9999 && t->month <= 12 && t->day <= 31);
    check(t->hour <= 23 && t->minute <= 59 && t->second <= 60);
    check(t->nanosecond <= 999999999 && t->digits <= 9);
    check((t->digits > 0) == (t->precision == NGX_CANONICAL_FRACTION));
    check(t->offset >= -14 * 60 && t->offset <= 14 * 60);
    check(!t->zoned || t->precision >= NGX_CANONICAL_HOUR);
    check(t->zoned || (t->offset == 0 && !t->utc));
}


static void
fuzz_same(ngx_canonical_time_t *a, ngx_canonical_time_t *b)
{
    check(a->year == b->year && a->month == b->month && a->day == b->day);
    check(a->hour == b->hour && a->minute == b->minute);
    check(a->second == b->second && a->nanosecond == b->nanosecond);
    check(a->digits == b->digits && a->precision == b->precision);
    check(a->zoned == b->zoned && a->utc == b->utc && a->offset == b->offset);
}


static void
fuzz_zone(u_char *data, size_t size)
{
    int                     year;
    const char             *why;
    ngx_canonical_zone_t   *zone;
    ngx_canonical_arena_t   a;

    unit_arena(&a, 4 << 20);

    why = NULL;

    if (ngx_canonical_zone_read(&zone, &a, data, size, &why) == NGX_OK) {

        for (year = 1; year <= 9999; year += 137) {
            fuzz_local(zone, year);
        }

    } else {
        check(why);
    }

    unit_arena_free(&a);
}


static void
fuzz_local(ngx_canonical_zone_t *zone, int year)
{
    u_char                 out[NGX_CANONICAL_TIME_LEN], *end;
    int32_t                offset[2];
    int64_t                local;
    ngx_str_t              s;
    ngx_uint_t             n;
    const char            *why;
    ngx_canonical_time_t   t, u;

    local = (int64_t) (year - 1970) * 31556952;
    n = ngx_canonical_zone_offset(zone, local, offset);

    check(n <= 2 && (n == 1) == (offset[0] == offset[1]));
    check((n == 2) == (offset[0] > offset[1]));
    check(abs(offset[0]) <= 26 * 3600 && abs(offset[1]) <= 26 * 3600);

    ngx_memzero(&t, sizeof(t));

    t.year = (uint16_t) year;
    t.month = (uint8_t) (year % 12 + 1);
    t.day = (uint8_t) (year % 28 + 1);
    t.hour = (uint8_t) (year % 24);
    t.precision = NGX_CANONICAL_SECOND;

    ngx_canonical_time_zone(&t, zone, year & 1);
    fuzz_valid(&t);

    end = ngx_canonical_time_print(&t, out);

    s.data = out;
    s.len = end - out;

    check(ngx_canonical_time_read_iso(&u, &s, &why) == NGX_OK);
    fuzz_same(&t, &u);
}
