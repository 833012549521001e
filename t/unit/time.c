
/*
 * Dates and times: read, put into a zone, printed and compared.
 */

#include "unit.h"
#include "arena.h"

#include "ngx_canonical_time.h"


#define BERLIN  "CET-1CEST,M3.5.0,M10.5.0/3"


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
same(const char *what, const char *got, const char *want)
{
    char  title[256];

    snprintf(title, sizeof(title), "%s is %s", what, want);

    if (!ok(strcmp(got, want) == 0, title)) {
        printf("#   got %s\n", got);
    }
}


typedef ngx_int_t (*reader)(ngx_canonical_time_t *t, ngx_str_t *text,
    const char **why);

typedef u_char *(*printer)(ngx_canonical_time_t *t, u_char *out);


static void
convert(reader from, printer to, const char *text, const char *want)
{
    u_char                 out[NGX_CANONICAL_TIME_LEN + 64], *end;
    ngx_str_t              s;
    const char            *why;
    ngx_canonical_time_t   t;

    memset(&t, 0xa5, sizeof(t));
    why = "unset";
    s = str(text);

    if (from(&t, &s, &why) != NGX_OK) {
        same(text, why, want);
        return;
    }

    end = to(&t, out);
    ok(why == NULL && end - out <= (int) NGX_CANONICAL_TIME_LEN, "is read");
    *end = '\0';

    same(text, (char *) out, want);
}


#define hl7(text, want)                                                       \
    convert(ngx_canonical_time_read_hl7, ngx_canonical_time_print, text, want)

#define hl7_tm(text, want)                                                    \
    convert(ngx_canonical_time_read_hl7_tm, ngx_canonical_time_print_hl7,     \
            text, want)

#define iso(text, want)                                                       \
    convert(ngx_canonical_time_read_iso, ngx_canonical_time_print, text, want)


static void
test_hl7(void)
{
    hl7("2026", "2026");
    hl7("202611", "2026-11");
    hl7("20261121", "2026-11-21");
    hl7("2026112108", "2026-11-21T08:00:00");
    hl7("202611210814", "2026-11-21T08:14:00");
    hl7("20261121081459", "2026-11-21T08:14:59");
    hl7("20261121081459.1", "2026-11-21T08:14:59.1");
    hl7("20261121081459.1200", "2026-11-21T08:14:59.1200");
    hl7("20261121081459.123456789", "2026-11-21T08:14:59.123456789");
    hl7("20261121081459.000000001", "2026-11-21T08:14:59.000000001");
    hl7("20261121081459+0115", "2026-11-21T08:14:59+01:15");
    hl7("202611210814-0330", "2026-11-21T08:14:00-03:30");
    hl7("20261121081459.5+0000", "2026-11-21T08:14:59.5+00:00");
    hl7("20261121081459-1200", "2026-11-21T08:14:59-12:00");
    hl7("20261121081459+1400", "2026-11-21T08:14:59+14:00");
    hl7("20261121+0100", "2026-11-21");
    hl7("2026-0500", "2026");
    hl7("20280229", "2028-02-29");
    hl7("20000229", "2000-02-29");
    hl7("20161231235960Z", "not a date or time");
    hl7("20161231235960+0000", "2016-12-31T23:59:60+00:00");
    hl7("00010101", "0001-01-01");
    hl7("99991231235959", "9999-12-31T23:59:59");

    hl7("", "not a year of four digits");
    hl7("0000", "not a year of four digits");
    hl7("202", "not a year of four digits");
    hl7("2o26", "not a year of four digits");
    hl7(" 2026", "not a year of four digits");
    hl7("20261", "not a month");
    hl7("202600", "not a month");
    hl7("202613", "not a month");
    hl7("2026112", "not a day of the month");
    hl7("20261131", "not a day of the month");
    hl7("20260229", "not a day of the month");
    hl7("21000229", "not a day of the month");
    hl7("20260100", "not a day of the month");
    hl7("20260132", "not a day of the month");
    hl7("2026112124", "not an hour");
    hl7("20261121240000", "not an hour");
    hl7("202611210860", "not a minute");
    hl7("20261121081461", "not a second");
    hl7("2026112108145", "not a second");
    hl7("20261121081459.", "not a fraction of a second");
    hl7("20261121081459.+0100", "not a fraction of a second");
    hl7("20261121081459.1234567890",
        "a fraction of a second with more than nine digits");
    hl7("20261121081459+1401", "not an offset from UTC");
    hl7("20261121081459-1201", "not an offset from UTC");
    hl7("20261121081459+0160", "not an offset from UTC");
    hl7("20261121081459+01", "not an offset from UTC");
    hl7("20261121081459+", "not an offset from UTC");
    hl7("20261121081459+01:00", "not an offset from UTC");
    hl7("20261121081459+01000", "not a date or time");
    hl7("20261121081459 ", "not a date or time");
    hl7("2026-11-21", "not an offset from UTC");
    hl7("20261121T08", "not a date or time");
    hl7("202611210814.5", "not a date or time");
    hl7("2026112108145900", "not a date or time");
}


static void
test_tm(void)
{
    hl7_tm("08", "08");
    hl7_tm("0814", "0814");
    hl7_tm("081459", "081459");
    hl7_tm("081459.25", "081459.25");
    hl7_tm("0814-0500", "0814-0500");

    hl7_tm("", "not an hour");
    hl7_tm("8", "not an hour");
    hl7_tm("24", "not an hour");
    hl7_tm("08:14", "not a date or time");
    hl7_tm("081460+0000", "081460+0000");
    hl7_tm("081461", "not a second");
}


static void
test_iso(void)
{
    iso("2026", "2026");
    iso("2026-11", "2026-11");
    iso("2026-11-21", "2026-11-21");
    iso("2026-11-21T08", "2026-11-21T08:00:00");
    iso("2026-11-21T08:14", "2026-11-21T08:14:00");
    iso("2026-11-21T08:14:00", "2026-11-21T08:14:00");
    iso("2026-11-21T08:14:00Z", "2026-11-21T08:14:00Z");
    iso("2026-11-21T08:14:00+01:00", "2026-11-21T08:14:00+01:00");
    iso("2026-11-21T08:14:00.120-14:00", "2026-11-21T08:14:00.120-14:00");
    iso("2026-11-21T08:14Z", "2026-11-21T08:14:00Z");
    iso("2015-02-28T23:59:60Z", "2015-02-28T23:59:60Z");
    iso("08:14", "08:14:00");
    iso("08", "08:00:00");
    iso("T08", "08:00:00");
    iso("T08:14:00.50", "08:14:00.50");

    iso("", "not a year of four digits");
    iso("20261121", "not a date or time");
    iso("2026-1", "not a month");
    iso("2026-11-31", "not a day of the month");
    iso("2026-11-21T", "not an hour");
    iso("2026-11-21T24:00:00", "not an hour");
    iso("2026-11-21T08:", "not a minute");
    iso("2026-11-21T0814", "not a date or time");
    iso("2026-11-21 08:14", "not a date or time");
    iso("2026-11-21t08:14", "not a date or time");
    iso("2026-11-21T08:14:00z", "not a date or time");
    iso("2026-11-21Z", "not a date or time");
    iso("2026-11-21+01:00", "not a date or time");
    iso("2026-11-21T08:14:00+0100", "not an offset from UTC");
    iso("2026-11-21T08:14:00+01", "not an offset from UTC");
    iso("2026-11-21T08:14:00+14:01", "not an offset from UTC");
    iso("2026-11-21T08:14:00Z ", "not a date or time");
    iso("2026-11T08:14", "not a date or time");
    iso("08:14Z", "not a date or time");
    iso("T", "not an hour");
    iso("24:00", "not an hour");
}


static void
test_print(void)
{
    printer  date, tod, dtm;

    date = ngx_canonical_time_print_date;
    tod = ngx_canonical_time_print_tod;
    dtm = ngx_canonical_time_print_hl7;

    convert(ngx_canonical_time_read_iso, date, "2026", "2026");
    convert(ngx_canonical_time_read_iso, date, "2026-11", "2026-11");
    convert(ngx_canonical_time_read_iso, date, "2026-11-21T08:14:00Z",
            "2026-11-21");
    convert(ngx_canonical_time_read_iso, date, "08:14", "");

    convert(ngx_canonical_time_read_iso, tod, "2026-11-21T08:14:00.5Z",
            "08:14:00.5");
    convert(ngx_canonical_time_read_iso, tod, "2026-11-21", "");

    convert(ngx_canonical_time_read_iso, dtm, "2026-11", "202611");
    convert(ngx_canonical_time_read_iso, dtm, "2026-11-21T08:14",
            "202611210814");
    convert(ngx_canonical_time_read_iso, dtm, "2026-11-21T08:14:00.50Z",
            "20261121081400.50+0000");
    convert(ngx_canonical_time_read_iso, dtm, "2026-11-21T08:14:00-03:30",
            "20261121081400-0330");
    convert(ngx_canonical_time_read_iso, dtm, "2026-11-21", "20261121");
}


/* a local time of HL7 in a zone */

static void
local(ngx_canonical_zone_t *zone, ngx_uint_t last, const char *text,
    const char *want)
{
    u_char                 out[NGX_CANONICAL_TIME_LEN];
    ngx_str_t              s;
    const char            *why;
    ngx_canonical_time_t   t;

    s = str(text);

    if (!ok(zone && ngx_canonical_time_read_hl7(&t, &s, &why) == NGX_OK,
            "a time and a zone"))
    {
        return;
    }

    ngx_canonical_time_zone(&t, zone, last);
    *ngx_canonical_time_print(&t, out) = '\0';

    same(text, (char *) out, want);
}


static ngx_canonical_zone_t *
zone(const char *name, const char *directory, const char **why)
{
    ngx_str_t              s;
    ngx_canonical_zone_t  *z;

    s = str(name);

    return (ngx_canonical_zone_open(&z, &arena, &s, directory, why) == NGX_OK)
           ? z : NULL;
}


static void
fixed(const char *name, const char *want)
{
    const char            *why;
    ngx_canonical_zone_t  *z;

    z = zone(name, "/nowhere", &why);

    if (z == NULL) {
        same(name, why, want);
        return;
    }

    local(z, 0, "20261121081400", want);
}


static void
test_fixed(void)
{
    fixed("Z", "2026-11-21T08:14:00+00:00");
    fixed("UTC", "2026-11-21T08:14:00+00:00");
    fixed("+01:00", "2026-11-21T08:14:00+01:00");
    fixed("-0330", "2026-11-21T08:14:00-03:30");
    fixed("-12:00", "2026-11-21T08:14:00-12:00");
    fixed("+1400", "2026-11-21T08:14:00+14:00");

    fixed("", "no such time zone");
    fixed("+14:01", "no such time zone");
    fixed("+15:00", "no such time zone");
    fixed("+01:60", "no such time zone");
    fixed("+1:000", "no such time zone");
    fixed("+01", "no such time zone");
    fixed("+01-00", "no such time zone");
    fixed("01:00", "no such time zone");
    fixed("+ab:00", "no such time zone");
    fixed("../etc/passwd", "no such time zone");
    fixed("Europe.Berlin", "no such time zone");
    fixed("Europe/Nowhere", "no such time zone");
}


/* a file of a zone, written by hand */

typedef struct {
    u_char   data[8192];
    size_t   len;
} file_t;


static void
put(file_t *f, uint64_t n, int size)
{
    while (size--) {
        f->data[f->len++] = (u_char) (n >> size * 8);
    }
}


static void
block(file_t *f, int version, int size, const int64_t *times,
    const int32_t *offsets, int n)
{
    int  i;

    memcpy(f->data + f->len, "TZif", 4);
    f->len += 4;
    put(f, version ? '0' + version : 0, 1);
    memset(f->data + f->len, 0, 15);
    f->len += 15;

    put(f, 0, 4);              /* isut */
    put(f, 0, 4);              /* isstd */
    put(f, 0, 4);              /* leap */
    put(f, n, 4);
    put(f, n + 1, 4);
    put(f, 4, 4);

    for (i = 0; i < n; i++) {
        put(f, times[i], size);
    }

    for (i = 0; i < n; i++) {
        put(f, i + 1, 1);
    }

    for (i = 0; i <= n; i++) {
        put(f, (uint32_t) offsets[i], 4);
        put(f, 0, 2);
    }

    put(f, 'X' << 24, 4);
}


/* "footer" NULL: version 1 */

static void
file(file_t *f, const int64_t *times, const int32_t *offsets, int n,
    const char *footer)
{
    f->len = 0;

    if (footer == NULL) {
        block(f, 0, 4, times, offsets, n);
        return;
    }

    block(f, 3, 4, times, offsets, 0);
    block(f, 3, 8, times, offsets, n);

    f->len += sprintf((char *) f->data + f->len, "\n%s\n", footer);
}


/* as long as it is, so that a sanitizer sees a byte behind it */

static ngx_canonical_zone_t *
parse(file_t *f, const char **why)
{
    u_char                *data;
    ngx_int_t              rc;
    ngx_canonical_zone_t  *z;

    data = malloc(f->len + 1);
    memcpy(data + 1, f->data, f->len);

    *why = NULL;
    rc = ngx_canonical_zone_read(&z, &arena, data + 1, f->len, why);

    free(data);

    return (rc == NGX_OK) ? z : NULL;
}


static ngx_canonical_zone_t *
ruled(const char *footer)
{
    file_t                 f;
    int32_t                none = 0;
    const char            *why;
    ngx_canonical_zone_t  *z;

    file(&f, NULL, &none, 0, footer);
    z = parse(&f, &why);

    if (!ok(z != NULL, footer)) {
        printf("#   %s\n", why);
    }

    return z;
}


static void
test_rules(void)
{
    ngx_canonical_zone_t  *z;

    z = ruled(BERLIN);

    local(z, 0, "20260115120000", "2026-01-15T12:00:00+01:00");
    local(z, 0, "20260715120000", "2026-07-15T12:00:00+02:00");
    local(z, 0, "20260329015959", "2026-03-29T01:59:59+01:00");
    local(z, 0, "20260329023000", "2026-03-29T02:30:00+01:00");
    local(z, 1, "20260329023000", "2026-03-29T02:30:00+01:00");
    local(z, 0, "20260329030000", "2026-03-29T03:00:00+02:00");
    local(z, 0, "20261025015959", "2026-10-25T01:59:59+02:00");
    local(z, 0, "20261025023000", "2026-10-25T02:30:00+02:00");
    local(z, 1, "20261025023000", "2026-10-25T02:30:00+01:00");
    local(z, 1, "20261025030000", "2026-10-25T03:00:00+01:00");
    local(z, 1, "20261025020000", "2026-10-25T02:00:00+01:00");
    local(z, 0, "20990701000000", "2099-07-01T00:00:00+02:00");
    local(z, 0, "26260701000000", "2626-07-01T00:00:00+02:00");
    local(z, 0, "99991231235959", "9999-12-31T23:59:59+01:00");
    local(z, 0, "00010701000000", "0001-07-01T00:00:00+02:00");
    local(z, 0, "2026070100", "2026-07-01T00:00:00+02:00");

    /* nothing is done to these */

    local(z, 0, "20260701", "2026-07-01");
    local(z, 0, "20260701120000+0115", "2026-07-01T12:00:00+01:15");

    z = ruled("AEST-10AEDT,M10.1.0,M4.1.0/3");
    local(z, 0, "20260101000000", "2026-01-01T00:00:00+11:00");
    local(z, 0, "20260701000000", "2026-07-01T00:00:00+10:00");
    local(z, 1, "20260405023000", "2026-04-05T02:30:00+10:00");

    z = ruled("IST-1GMT0,M10.5.0,M3.5.0/1");
    local(z, 0, "20260101000000", "2026-01-01T00:00:00+00:00");
    local(z, 0, "20260701000000", "2026-07-01T00:00:00+01:00");
    local(z, 0, "20261025013000", "2026-10-25T01:30:00+01:00");
    local(z, 1, "20261025013000", "2026-10-25T01:30:00+00:00");

    z = ruled("<+1030>-10:30<+11>-11,M10.1.0,M4.1.0");
    local(z, 0, "20261004021500", "2026-10-04T02:15:00+10:30");
    local(z, 0, "20261004023000", "2026-10-04T02:30:00+11:00");
    local(z, 0, "20260405014500", "2026-04-05T01:45:00+11:00");
    local(z, 1, "20260405014500", "2026-04-05T01:45:00+10:30");

    z = ruled("<-03>3");
    local(z, 0, "20260701000000", "2026-07-01T00:00:00-03:00");

    /* days of the year, without 29 February and with it */

    z = ruled("AAA0BBB,J60/0,J61/0");
    local(z, 0, "20240229120000", "2024-02-29T12:00:00+00:00");
    local(z, 0, "20240301120000", "2024-03-01T12:00:00+01:00");
    local(z, 0, "20240302120000", "2024-03-02T12:00:00+00:00");

    z = ruled("AAA0BBB,59/0,60/0");
    local(z, 0, "20240229120000", "2024-02-29T12:00:00+01:00");
    local(z, 0, "20240301120000", "2024-03-01T12:00:00+00:00");
    local(z, 0, "20260301120000", "2026-03-01T12:00:00+01:00");

    z = ruled("<-02>2<-01>,M3.5.0/-1,M10.5.0/0");
    local(z, 0, "20260328233000", "2026-03-28T23:30:00-02:00");
    local(z, 0, "20260329000000", "2026-03-29T00:00:00-01:00");

    /* summer all year */

    z = ruled("XXX3EDT4,0/0,J365/23");
    local(z, 0, "20260101000000", "2026-01-01T00:00:00-04:00");
    local(z, 0, "20261231233000", "2026-12-31T23:30:00-04:00");
    local(z, 0, "20280701000000", "2028-07-01T00:00:00-04:00");
}


static void
wrong_rule(const char *footer)
{
    file_t       f;
    int32_t      none = 0;
    const char  *why;

    file(&f, NULL, &none, 0, footer);

    ok(parse(&f, &why) == NULL, footer);
    same(footer, why, "a time zone with a wrong rule in its footer");
}


static void
test_wrong_rules(void)
{
    wrong_rule("CET");
    wrong_rule("CE-1");
    wrong_rule("<+01-1");
    wrong_rule("CET-25");
    wrong_rule("CET-1:60");
    wrong_rule("CET-1:00:60");
    wrong_rule("CET-1C");
    wrong_rule("CET-1CEST");
    wrong_rule("CET-1CEST-25,M3.5.0,M10.5.0");
    wrong_rule("CET-1CEST,M3.5.0");
    wrong_rule("CET-1CEST,M0.5.0,M10.5.0");
    wrong_rule("CET-1CEST,M13.5.0,M10.5.0");
    wrong_rule("CET-1CEST,M3.6.0,M10.5.0");
    wrong_rule("CET-1CEST,M3.5.7,M10.5.0");
    wrong_rule("CET-1CEST,M3.5,M10.5.0");
    wrong_rule("CET-1CEST,J0,M10.5.0");
    wrong_rule("CET-1CEST,J366,M10.5.0");
    wrong_rule("CET-1CEST,366,M10.5.0");
    wrong_rule("CET-1CEST,M3.5.0/168,M10.5.0");
    wrong_rule("CET-1CEST,M3.5.0,M10.5.0x");
    wrong_rule("CET-1CEST,J1/-167,J365/167");
}


/* days skipped, mean times, and what the footer says behind all that */

static void
test_changes(void)
{
    file_t                 f;
    const char            *why;
    ngx_canonical_zone_t  *z;

    static const int64_t  times[] = { -2422054408ll, 0, 1325239200 };
    static const int32_t  offsets[] = { 8 * 3600 + 1112, 3208, -36000,
                                        50400 };

    static const int64_t  far[] = { -1000000000000ll };
    static const int32_t  west[] = { -57368, 3600 };

    file(&f, times, offsets, 3, "<+14>-14");
    z = parse(&f, &why);

    ok(z != NULL, "a file with changes");

    local(z, 0, "18000101000000", "1800-01-01T00:00:00+08:19");
    local(z, 0, "19600101000000", "1960-01-01T00:00:00+00:53");
    local(z, 0, "20111229235959", "2011-12-29T23:59:59-10:00");
    local(z, 0, "20111230120000", "2011-12-30T12:00:00-10:00");
    local(z, 0, "20111231000000", "2011-12-31T00:00:00+14:00");
    local(z, 0, "20500101000000", "2050-01-01T00:00:00+14:00");

    /* no footer: the last change holds */

    file(&f, times, offsets, 3, "");
    z = parse(&f, &why);
    local(z, 0, "20500101000000", "2050-01-01T00:00:00+14:00");

    file(&f, times + 1, offsets + 1, 2, NULL);
    z = parse(&f, &why);
    ok(z != NULL, "version 1");
    local(z, 0, "20111231000000", "2011-12-31T00:00:00+14:00");

    /* an offset that has no form */

    file(&f, far, west, 1, BERLIN);
    z = parse(&f, &why);
    local(z, 0, "20260701000000", "2026-07-01T00:00:00+02:00");

    file(&f, NULL, west, 0, "");
    z = parse(&f, &why);
    local(z, 0, "18000101000000", "1800-01-01T00:00:00");
}


static void
wrong_file(file_t *f, const char *want)
{
    const char  *why;

    if (ok(parse(f, &why) == NULL, want)) {
        same("the file", why, want);
    }
}


static void
test_wrong_files(void)
{
    file_t        f;
    size_t        len, refused;
    const char   *why;

    int64_t  times[] = { 1000000, 2000000 };
    int32_t  offsets[] = { 0, 3600, 0 };

    file(&f, times, offsets, 2, BERLIN);
    ok(parse(&f, &why) != NULL, "a file");

    for (len = f.len, refused = 0, f.len = 0; f.len < len; f.len++) {
        refused += (parse(&f, &why) == NULL);
    }

    is_num(refused, len, "all that is shorter is refused");

    f.data[0] = 'X';
    wrong_file(&f, "not a file of a time zone");

    file(&f, times, offsets, 2, BERLIN);
    f.data[31] = 1;
    wrong_file(&f, "a time zone with leap seconds");

    file(&f, times, offsets, 2, NULL);
    f.data[32] = 0xff;
    wrong_file(&f, "not a file of a time zone");

    file(&f, times, offsets, 2, NULL);
    f.data[39] = 0;
    wrong_file(&f, "not a file of a time zone");

    file(&f, times, offsets, 2, NULL);
    f.data[44 + 8] = 3;
    wrong_file(&f, "a time zone with a wrong offset");

    times[1] = times[0];
    file(&f, times, offsets, 2, BERLIN);
    wrong_file(&f, "a time zone whose times are not in order");

    times[1] = INT64_MAX;
    file(&f, times, offsets, 2, BERLIN);
    wrong_file(&f, "a time zone whose times are not in order");

    times[0] = INT64_MIN;
    file(&f, times, offsets, 2, BERLIN);
    wrong_file(&f, "a time zone whose times are not in order");

    times[0] = 1000000;
    times[1] = 1000001;
    file(&f, times, offsets, 2, BERLIN);
    ok(parse(&f, &why) != NULL, "changes a second apart");

    times[1] = 2000000;
    offsets[1] = 100000;
    file(&f, times, offsets, 2, BERLIN);
    wrong_file(&f, "a time zone with a wrong offset");

    offsets[1] = INT32_MIN;
    file(&f, times, offsets, 2, BERLIN);
    wrong_file(&f, "a time zone with a wrong offset");

    offsets[1] = 3600;
    file(&f, times, offsets, 2, BERLIN);
    f.data[f.len - sizeof(BERLIN) - 1] = ' ';
    wrong_file(&f, "a time zone without its footer");
}


/* those of the system, when it has them */

static void
test_system(void)
{
    const char            *why;
    ngx_canonical_zone_t  *z;

    z = zone("Europe/Berlin", NULL, &why);

    if (z == NULL) {
        ok(strcmp(why, "no such time zone") == 0, "no time zones here");
        return;
    }

    local(z, 0, "20261121081400", "2026-11-21T08:14:00+01:00");
    local(z, 0, "20260329023000", "2026-03-29T02:30:00+01:00");
    local(z, 0, "20261025023000", "2026-10-25T02:30:00+02:00");
    local(z, 1, "20261025023000", "2026-10-25T02:30:00+01:00");
    local(z, 0, "19450701120000", "1945-07-01T12:00:00+03:00");

    z = zone("Europe", NULL, &why);
    ok(z == NULL, "a directory is no zone");
    same("Europe", why, "a time zone that cannot be read");

    /* it is there, but not below the directory */

    z = zone("../Europe/Berlin", "/usr/share/zoneinfo/Europe", &why);
    ok(z == NULL, "a name that leads out");
}


static void
compared(const char *a, const char *b, const char *want)
{
    char                   title[128];
    ngx_int_t              rc, back, result, reverse;
    ngx_str_t              s;
    const char            *why, *got;
    ngx_canonical_time_t   x, y;

    s = str(a);
    ok(ngx_canonical_time_read_iso(&x, &s, &why) == NGX_OK, a);
    s = str(b);
    ok(ngx_canonical_time_read_iso(&y, &s, &why) == NGX_OK, b);

    result = 0;
    reverse = 0;

    rc = ngx_canonical_time_cmp(&x, &y, &result);
    back = ngx_canonical_time_cmp(&y, &x, &reverse);

    got = (rc != NGX_OK) ? "?" : result < 0 ? "<" : result > 0 ? ">" : "=";

    snprintf(title, sizeof(title), "%s against %s", a, b);
    same(title, got, want);

    ok(rc == back && (rc != NGX_OK || result == -reverse), "and back");
}


static void
test_cmp(void)
{
    compared("2026", "2027", "<");
    compared("2026", "2026", "=");
    compared("2026", "2026-11", "?");
    compared("2025-12", "2026", "<");
    compared("2026-11-21", "2026-11-20", ">");
    compared("2026-11-21", "2026-11", "?");
    compared("2026-10-21", "2026-11", "<");
    compared("2026-11-21", "2026-11-21T08:14:00Z", "?");
    compared("2026-11-22", "2026-11-21T23:14:00-05:00", ">");

    compared("2026-11-21T08:14:00Z", "2026-11-21T09:14:00+01:00", "=");
    compared("2026-11-21T08:14:00Z", "2026-11-21T08:14:00+01:00", ">");
    compared("2026-12-31T23:30:00-01:00", "2027-01-01T00:30:00Z", "=");
    compared("2026-11-21T08:14:00Z", "2026-11-21T08:14:00", "?");
    compared("2026-11-21T08:14", "2026-11-21T08:14:00", "?");
    compared("2026-11-21T08:13", "2026-11-21T08:14:00", "<");
    compared("2026-11-21T08", "2026-11-21T08:14:00", "?");
    compared("2026-11-21T09", "2026-11-21T08:14:00", ">");
    compared("2026-11-21T08:14:00", "2026-11-21T08:14:00.000", "=");
    compared("2026-11-21T08:14:00.5", "2026-11-21T08:14:00.50", "=");
    compared("2026-11-21T08:14:00.5", "2026-11-21T08:14:00.500000001", "<");
    compared("2026-11-21T08:14:01", "2026-11-21T08:14:00.9", ">");
    compared("2016-12-31T23:59:60Z", "2017-01-01T00:00:00Z", "<");
    compared("2016-12-31T23:59:60Z", "2016-12-31T23:59:59Z", ">");

    compared("08:14", "08:15", "<");
    compared("08:14", "08:14:00", "?");
    compared("08:14:00", "08:14:00.0", "=");
    compared("08:14:00", "2026-11-21T08:14:00", "?");
}


int
main(void)
{
    unit_arena(&arena, 64 << 20);

    test_hl7();
    test_tm();
    test_iso();
    test_print();
    test_fixed();
    test_rules();
    test_wrong_rules();
    test_changes();
    test_wrong_files();
    test_system();
    test_cmp();

    unit_arena_free(&arena);

    return unit_done();
}
