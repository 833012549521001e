
/*
 * Dates and times: see the header.
 */

#include "ngx_canonical_time.h"


#define NGX_CANONICAL_TIME_DIGITS  9
#define NGX_CANONICAL_TIME_OFFSET  (14 * 60)     /* minutes, at most */
#define NGX_CANONICAL_TIME_WEST    (12 * 60)     /* of HL7 */


/* each of these reads at *pos, moves it, and returns what is wrong, or NULL */

static const char *ngx_canonical_time_date(ngx_canonical_time_t *t,
    u_char **pos, u_char *end, u_char separator);
static const char *ngx_canonical_time_clock(ngx_canonical_time_t *t,
    u_char **pos, u_char *end, u_char separator);
static const char *ngx_canonical_time_fraction(ngx_canonical_time_t *t,
    u_char **pos, u_char *end);
static const char *ngx_canonical_time_offset(ngx_canonical_time_t *t,
    u_char **pos, u_char *end, u_char separator);
static const char *ngx_canonical_time_offset_hl7(ngx_canonical_time_t *t,
    u_char **pos, u_char *end);
static const char *ngx_canonical_time_iso(ngx_canonical_time_t *t,
    u_char **pos, u_char *end);

static ngx_uint_t ngx_canonical_time_more(u_char *p, u_char *end,
    u_char separator);
static ngx_int_t ngx_canonical_time_two(u_char *p, u_char *end);
static ngx_uint_t ngx_canonical_time_leap(ngx_uint_t year);
static ngx_int_t ngx_canonical_time_done(u_char *p, u_char *end,
    const char **why);

static int64_t ngx_canonical_time_days(ngx_canonical_time_t *t);
static u_char *ngx_canonical_time_print_clock(ngx_canonical_time_t *t,
    u_char *out, ngx_uint_t separator);
static u_char *ngx_canonical_time_print_offset(ngx_canonical_time_t *t,
    u_char *out, ngx_uint_t separator);
static u_char *ngx_canonical_time_put(u_char *out, ngx_uint_t n);

static ngx_int_t ngx_canonical_time_cmp_date(ngx_canonical_time_t *a,
    ngx_canonical_time_t *b, ngx_uint_t precision);
static ngx_int_t ngx_canonical_time_cmp_clock(ngx_canonical_time_t *a,
    ngx_canonical_time_t *b, ngx_uint_t precision);
static ngx_int_t ngx_canonical_time_order(int64_t a, int64_t b);


static const u_char  ngx_canonical_time_months[] = {
    31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31
};


ngx_int_t
ngx_canonical_time_read_hl7(ngx_canonical_time_t *t, ngx_str_t *text,
    const char **why)
{
    u_char  *p, *end;

    p = text->data;
    end = p + text->len;

    ngx_memzero(t, sizeof(ngx_canonical_time_t));

    *why = ngx_canonical_time_date(t, &p, end, 0);

    if (*why == NULL && t->precision == NGX_CANONICAL_DAY
        && ngx_canonical_time_more(p, end, 0))
    {
        *why = ngx_canonical_time_clock(t, &p, end, 0);
    }

    if (*why == NULL) {
        *why = ngx_canonical_time_offset_hl7(t, &p, end);
    }

    if (t->precision < NGX_CANONICAL_HOUR) {
        t->zoned = 0;
        t->offset = 0;
    }

    return ngx_canonical_time_done(p, end, why);
}


ngx_int_t
ngx_canonical_time_read_hl7_tm(ngx_canonical_time_t *t, ngx_str_t *text,
    const char **why)
{
    u_char  *p, *end;

    p = text->data;
    end = p + text->len;

    ngx_memzero(t, sizeof(ngx_canonical_time_t));

    *why = ngx_canonical_time_clock(t, &p, end, 0);

    if (*why == NULL) {
        *why = ngx_canonical_time_offset_hl7(t, &p, end);
    }

    return ngx_canonical_time_done(p, end, why);
}


ngx_int_t
ngx_canonical_time_read_iso(ngx_canonical_time_t *t, ngx_str_t *text,
    const char **why)
{
    u_char  *p, *end;

    p = text->data;
    end = p + text->len;

    ngx_memzero(t, sizeof(ngx_canonical_time_t));

    *why = ngx_canonical_time_iso(t, &p, end);

    return ngx_canonical_time_done(p, end, why);
}


/* a time of day is known by its first T or its first colon */

static const char *
ngx_canonical_time_iso(ngx_canonical_time_t *t, u_char **pos, u_char *end)
{
    u_char      *p;
    const char  *why;

    p = *pos;

    if (p < end && *p == 'T') {
        (*pos)++;
        return ngx_canonical_time_clock(t, pos, end, ':');
    }

    if (end - p == 2 || (end - p > 2 && p[2] == ':')) {
        return ngx_canonical_time_clock(t, pos, end, ':');
    }

    why = ngx_canonical_time_date(t, pos, end, '-');

    if (why || t->precision < NGX_CANONICAL_DAY
        || !ngx_canonical_time_more(*pos, end, 'T'))
    {
        return why;
    }

    (*pos)++;

    why = ngx_canonical_time_clock(t, pos, end, ':');

    if (why || *pos == end) {
        return why;
    }

    if (**pos == 'Z') {
        (*pos)++;
        t->zoned = 1;
        t->utc = 1;
        return NULL;
    }

    return ngx_canonical_time_offset(t, pos, end, ':');
}


/* "separator" 0: of HL7, without them */

static const char *
ngx_canonical_time_date(ngx_canonical_time_t *t, u_char **pos, u_char *end,
    u_char separator)
{
    u_char     *p;
    ngx_int_t   century, year, n;

    p = *pos;

    century = ngx_canonical_time_two(p, end);
    year = (century == NGX_ERROR) ? NGX_ERROR
                                  : ngx_canonical_time_two(p + 2, end);

    if (year == NGX_ERROR || century + year == 0) {
        return "not a year of four digits";
    }

    t->year = (uint16_t) (century * 100 + year);
    t->precision = NGX_CANONICAL_YEAR;

    *pos = p += 4;

    if (!ngx_canonical_time_more(p, end, separator)) {
        return NULL;
    }

    p += (separator != 0);
    n = ngx_canonical_time_two(p, end);

    if (n < 1 || n > 12) {
        return "not a month";
    }

    t->month = (uint8_t) n;
    t->precision = NGX_CANONICAL_MONTH;

    *pos = p += 2;

    if (!ngx_canonical_time_more(p, end, separator)) {
        return NULL;
    }

    p += (separator != 0);
    n = ngx_canonical_time_two(p, end);

    if (n < 1 || n > ngx_canonical_time_months[t->month - 1]
        || (n == 29 && t->month == 2 && !ngx_canonical_time_leap(t->year)))
    {
        return "not a day of the month";
    }

    t->day = (uint8_t) n;
    t->precision = NGX_CANONICAL_DAY;

    *pos = p + 2;

    return NULL;
}


static const char *
ngx_canonical_time_clock(ngx_canonical_time_t *t, u_char **pos, u_char *end,
    u_char separator)
{
    u_char     *p;
    ngx_int_t   n;

    p = *pos;
    n = ngx_canonical_time_two(p, end);

    if (n == NGX_ERROR || n > 23) {
        return "not an hour";
    }

    t->hour = (uint8_t) n;
    t->precision = NGX_CANONICAL_HOUR;

    *pos = p += 2;

    if (!ngx_canonical_time_more(p, end, separator)) {
        return NULL;
    }

    p += (separator != 0);
    n = ngx_canonical_time_two(p, end);

    if (n == NGX_ERROR || n > 59) {
        return "not a minute";
    }

    t->minute = (uint8_t) n;
    t->precision = NGX_CANONICAL_MINUTE;

    *pos = p += 2;

    if (!ngx_canonical_time_more(p, end, separator)) {
        return NULL;
    }

    p += (separator != 0);
    n = ngx_canonical_time_two(p, end);

    if (n == NGX_ERROR || n > 60) {
        return "not a second";
    }

    t->second = (uint8_t) n;
    t->precision = NGX_CANONICAL_SECOND;

    *pos = p += 2;

    if (p < end && *p == '.') {
        return ngx_canonical_time_fraction(t, pos, end);
    }

    return NULL;
}


static const char *
ngx_canonical_time_fraction(ngx_canonical_time_t *t, u_char **pos, u_char *end)
{
    u_char      *p;
    uint32_t     n;
    ngx_uint_t   digits;

    n = 0;
    digits = 0;

    for (p = *pos + 1; p < end && *p >= '0' && *p <= '9'; p++) {

        if (++digits > NGX_CANONICAL_TIME_DIGITS) {
            return "a fraction of a second with more than nine digits";
        }

        n = n * 10 + (*p - '0');
    }

    if (digits == 0) {
        return "not a fraction of a second";
    }

    *pos = p;

    t->digits = (uint8_t) digits;
    t->precision = NGX_CANONICAL_FRACTION;

    for ( /* void */ ; digits < NGX_CANONICAL_TIME_DIGITS; digits++) {
        n *= 10;
    }

    t->nanosecond = n;

    return NULL;
}


static const char *
ngx_canonical_time_offset_hl7(ngx_canonical_time_t *t, u_char **pos,
    u_char *end)
{
    const char  *why;

    if (*pos == end) {
        return NULL;
    }

    why = ngx_canonical_time_offset(t, pos, end, 0);

    if (why == NULL && t->offset < -NGX_CANONICAL_TIME_WEST) {
        return "not an offset from UTC";
    }

    return why;
}


static const char *
ngx_canonical_time_offset(ngx_canonical_time_t *t, u_char **pos, u_char *end,
    u_char separator)
{
    u_char     *p, sign;
    ngx_int_t   hours, minutes;

    p = *pos;
    sign = *p++;

    if (sign != '+' && sign != '-') {
        return "not a date or time";
    }

    hours = ngx_canonical_time_two(p, end);
    minutes = NGX_ERROR;

    if (hours != NGX_ERROR) {
        p += 2;

        if (separator == 0) {
            minutes = ngx_canonical_time_two(p, end);

        } else if (p < end && *p++ == separator) {
            minutes = ngx_canonical_time_two(p, end);
        }
    }

    if (minutes == NGX_ERROR || minutes > 59
        || hours * 60 + minutes > NGX_CANONICAL_TIME_OFFSET)
    {
        return "not an offset from UTC";
    }

    *pos = p + 2;

    t->zoned = 1;
    t->offset = (int16_t) (hours * 60 + minutes);

    if (sign == '-') {
        t->offset = (int16_t) -t->offset;
    }

    return NULL;
}


/* whether the next part follows: its separator, or, without one, a digit */

static ngx_uint_t
ngx_canonical_time_more(u_char *p, u_char *end, u_char separator)
{
    if (p == end) {
        return 0;
    }

    return separator ? *p == separator : *p >= '0' && *p <= '9';
}


static ngx_int_t
ngx_canonical_time_two(u_char *p, u_char *end)
{
    if (end - p < 2
        || p[0] < '0' || p[0] > '9' || p[1] < '0' || p[1] > '9')
    {
        return NGX_ERROR;
    }

    return (p[0] - '0') * 10 + (p[1] - '0');
}


static ngx_uint_t
ngx_canonical_time_leap(ngx_uint_t year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}


/* all of the text must have been read */

static ngx_int_t
ngx_canonical_time_done(u_char *p, u_char *end, const char **why)
{
    if (*why == NULL && p != end) {
        *why = "not a date or time";
    }

    return *why ? NGX_DECLINED : NGX_OK;
}


void
ngx_canonical_time_zone(ngx_canonical_time_t *t, ngx_canonical_zone_t *zone,
    ngx_uint_t last)
{
    int32_t      offset[2], seconds;
    int64_t      local;
    ngx_uint_t   n;

    if (t->zoned || t->precision < NGX_CANONICAL_HOUR || t->year == 0) {
        return;
    }

    local = ngx_canonical_time_days(t) * 86400
            + (t->hour * 60 + t->minute) * 60 + t->second;

    n = ngx_canonical_zone_offset(zone, local, offset);

    seconds = (n == 2 && last) ? offset[1] : offset[0];
    seconds += (seconds < 0) ? -30 : 30;
    seconds /= 60;

    /* local mean times of some islands, before 1900, cannot be written */

    if (seconds >= -NGX_CANONICAL_TIME_OFFSET
        && seconds <= NGX_CANONICAL_TIME_OFFSET)
    {
        t->offset = (int16_t) seconds;
        t->zoned = 1;
    }
}


/* from 1970-01-01; years begin in March, so that a leap day is their last */

static int64_t
ngx_canonical_time_days(ngx_canonical_time_t *t)
{
    int64_t  year, month;

    year = t->year;
    month = t->month - 3;

    if (month < 0) {
        month += 12;
        year--;
    }

    return year * 365 + year / 4 - year / 100 + year / 400
           + (month * 153 + 2) / 5 + t->day - 1 - 719468;
}


u_char *
ngx_canonical_time_print(ngx_canonical_time_t *t, u_char *out)
{
    if (t->year == 0) {
        return ngx_canonical_time_print_tod(t, out);
    }

    out = ngx_canonical_time_print_date(t, out);

    if (t->precision < NGX_CANONICAL_HOUR) {
        return out;
    }

    *out++ = 'T';
    out = ngx_canonical_time_print_tod(t, out);

    if (t->utc) {
        *out++ = 'Z';
        return out;
    }

    return ngx_canonical_time_print_offset(t, out, ':');
}


u_char *
ngx_canonical_time_print_date(ngx_canonical_time_t *t, u_char *out)
{
    if (t->year == 0) {
        return out;
    }

    out = ngx_canonical_time_put(out, t->year / 100);
    out = ngx_canonical_time_put(out, t->year % 100);

    if (t->precision >= NGX_CANONICAL_MONTH) {
        *out++ = '-';
        out = ngx_canonical_time_put(out, t->month);
    }

    if (t->precision >= NGX_CANONICAL_DAY) {
        *out++ = '-';
        out = ngx_canonical_time_put(out, t->day);
    }

    return out;
}


u_char *
ngx_canonical_time_print_tod(ngx_canonical_time_t *t, u_char *out)
{
    ngx_canonical_time_t  whole;

    if (t->precision < NGX_CANONICAL_HOUR) {
        return out;
    }

    if (t->precision >= NGX_CANONICAL_SECOND) {
        return ngx_canonical_time_print_clock(t, out, ':');
    }

    whole = *t;
    whole.precision = NGX_CANONICAL_SECOND;

    return ngx_canonical_time_print_clock(&whole, out, ':');
}


u_char *
ngx_canonical_time_print_hl7(ngx_canonical_time_t *t, u_char *out)
{
    if (t->year) {
        out = ngx_canonical_time_put(out, t->year / 100);
        out = ngx_canonical_time_put(out, t->year % 100);

        if (t->precision >= NGX_CANONICAL_MONTH) {
            out = ngx_canonical_time_put(out, t->month);
        }

        if (t->precision >= NGX_CANONICAL_DAY) {
            out = ngx_canonical_time_put(out, t->day);
        }
    }

    if (t->precision < NGX_CANONICAL_HOUR) {
        return out;
    }

    out = ngx_canonical_time_print_clock(t, out, 0);

    return ngx_canonical_time_print_offset(t, out, 0);
}


/* with the precision that is there, which is an hour at least */

static u_char *
ngx_canonical_time_print_clock(ngx_canonical_time_t *t, u_char *out,
    ngx_uint_t separator)
{
    uint32_t    n;
    ngx_uint_t  i;

    out = ngx_canonical_time_put(out, t->hour);

    if (t->precision >= NGX_CANONICAL_MINUTE) {
        if (separator) {
            *out++ = (u_char) separator;
        }

        out = ngx_canonical_time_put(out, t->minute);
    }

    if (t->precision >= NGX_CANONICAL_SECOND) {
        if (separator) {
            *out++ = (u_char) separator;
        }

        out = ngx_canonical_time_put(out, t->second);
    }

    if (t->precision == NGX_CANONICAL_FRACTION) {
        *out++ = '.';
        n = t->nanosecond;

        for (i = NGX_CANONICAL_TIME_DIGITS; i > 0; i--) {
            if (i <= t->digits) {
                out[i - 1] = (u_char) ('0' + n % 10);
            }

            n /= 10;
        }

        out += t->digits;
    }

    return out;
}


static u_char *
ngx_canonical_time_print_offset(ngx_canonical_time_t *t, u_char *out,
    ngx_uint_t separator)
{
    ngx_uint_t  minutes;

    if (!t->zoned) {
        return out;
    }

    *out++ = (t->offset < 0) ? '-' : '+';

    minutes = (t->offset < 0) ? -t->offset : t->offset;

    out = ngx_canonical_time_put(out, minutes / 60);

    if (separator) {
        *out++ = (u_char) separator;
    }

    return ngx_canonical_time_put(out, minutes % 60);
}


static u_char *
ngx_canonical_time_put(u_char *out, ngx_uint_t n)
{
    *out++ = (u_char) ('0' + n / 10);
    *out++ = (u_char) ('0' + n % 10);

    return out;
}


/*
 * A date has no zone, so it is compared with the date that is written in a
 * time.
 */

ngx_int_t
ngx_canonical_time_cmp(ngx_canonical_time_t *a, ngx_canonical_time_t *b,
    ngx_int_t *result)
{
    ngx_uint_t  x, y;

    x = ngx_min(a->precision, NGX_CANONICAL_SECOND);
    y = ngx_min(b->precision, NGX_CANONICAL_SECOND);

    if ((a->year == 0) != (b->year == 0)) {
        return NGX_DECLINED;
    }

    if (x < NGX_CANONICAL_HOUR || y < NGX_CANONICAL_HOUR) {
        *result = ngx_canonical_time_cmp_date(a, b, ngx_min(x, y));

    } else if (a->zoned != b->zoned) {
        return NGX_DECLINED;

    } else {
        *result = ngx_canonical_time_cmp_clock(a, b, ngx_min(x, y));
    }

    return (*result || x == y) ? NGX_OK : NGX_DECLINED;
}


static ngx_int_t
ngx_canonical_time_cmp_date(ngx_canonical_time_t *a, ngx_canonical_time_t *b,
    ngx_uint_t precision)
{
    int64_t  x, y;

    x = a->year;
    y = b->year;

    if (precision >= NGX_CANONICAL_MONTH) {
        x = x * 16 + a->month;
        y = y * 16 + b->month;
    }

    if (precision >= NGX_CANONICAL_DAY) {
        x = x * 32 + a->day;
        y = y * 32 + b->day;
    }

    return ngx_canonical_time_order(x, y);
}


static ngx_int_t
ngx_canonical_time_cmp_clock(ngx_canonical_time_t *a, ngx_canonical_time_t *b,
    ngx_uint_t precision)
{
    int64_t    x, y;
    ngx_int_t  rc;

    x = (a->year ? ngx_canonical_time_days(a) : 0) * 1440;
    y = (b->year ? ngx_canonical_time_days(b) : 0) * 1440;

    x += a->hour * 60 + (precision > NGX_CANONICAL_HOUR ? a->minute : 0);
    y += b->hour * 60 + (precision > NGX_CANONICAL_HOUR ? b->minute : 0);

    /* both or none of them have one */

    if (a->zoned) {
        x -= a->offset;
        y -= b->offset;
    }

    rc = ngx_canonical_time_order(x, y);

    if (rc || precision < NGX_CANONICAL_SECOND) {
        return rc;
    }

    rc = ngx_canonical_time_order(a->second, b->second);

    return rc ? rc : ngx_canonical_time_order(a->nanosecond, b->nanosecond);
}


static ngx_int_t
ngx_canonical_time_order(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}
