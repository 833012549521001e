
/*
 * Delays before the next attempt: see the header.
 */

#include "ngx_erp_policy.h"


/* the largest rate, in thousandths a second: its second fits in 64 bits */
#define NGX_ERP_RATE_MAX      1000000000000000ULL

/* one attempt, in millionths */
#define NGX_ERP_RATE_ONE      1000000ULL

#define NGX_ERP_SECONDS_MAX   (UINT64_MAX / 1000)


/* what is read of a date, and where */

typedef struct {
    u_char         *pos;
    u_char         *end;
    ngx_uint_t      failed;

    ngx_uint_t      year;
    ngx_uint_t      month;       /* from 0 */
    ngx_uint_t      day;
    ngx_uint_t      hour;
    ngx_uint_t      minute;
    ngx_uint_t      second;
} ngx_erp_date_t;


static uint64_t ngx_erp_retry_grow(uint64_t delay, ngx_uint_t factor,
    uint64_t max);
static ngx_int_t ngx_erp_retry_seconds(ngx_str_t *text, uint64_t *seconds);

static ngx_int_t ngx_erp_date(ngx_str_t *text, uint64_t now,
    uint64_t *seconds);
static void ngx_erp_date_asctime(ngx_erp_date_t *d);
static void ngx_erp_date_rfc850(ngx_erp_date_t *d, uint64_t now);
static void ngx_erp_date_fixdate(ngx_erp_date_t *d);
static ngx_uint_t ngx_erp_date_full(ngx_uint_t year, uint64_t now);
static void ngx_erp_date_time(ngx_erp_date_t *d);
static void ngx_erp_date_month(ngx_erp_date_t *d);
static ngx_uint_t ngx_erp_date_number(ngx_erp_date_t *d, ngx_uint_t digits);
static void ngx_erp_date_text(ngx_erp_date_t *d, const char *text);
static ngx_uint_t ngx_erp_date_skip(ngx_erp_date_t *d, const char *text);
static ngx_int_t ngx_erp_date_seconds(ngx_erp_date_t *d, uint64_t *seconds);


static const char  *ngx_erp_days[] = {
    "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday",
    "Sunday"
};

static const char  *ngx_erp_days_short[] = {
    "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"
};

static const char  *ngx_erp_months[] = {
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct",
    "Nov", "Dec"
};


uint64_t
ngx_erp_retry_delay(ngx_erp_retry_t *retry, ngx_uint_t failed,
    uint64_t random)
{
    uint64_t    delay, least;
    ngx_uint_t  i;

    delay = ngx_min(retry->base, retry->max);

    if (retry->factor > 100) {
        for (i = 1; i < failed && delay && delay < retry->max; i++) {
            delay = ngx_erp_retry_grow(delay, retry->factor, retry->max);
        }
    }

    least = delay;

    if (retry->jitter == NGX_ERP_JITTER_FULL) {
        least = 0;

    } else if (retry->jitter == NGX_ERP_JITTER_EQUAL) {
        least = delay / 2;
    }

    if (delay - least < UINT64_MAX) {
        random %= delay - least + 1;
    }

    delay = least + random;

    return (delay == 0 && retry->base) ? 1 : delay;
}


/* rounded up, so that it grows each time */

static uint64_t
ngx_erp_retry_grow(uint64_t delay, ngx_uint_t factor, uint64_t max)
{
    if (delay > (UINT64_MAX - 99) / factor) {
        return max;
    }

    delay = (delay * factor + 99) / 100;

    return ngx_min(delay, max);
}


ngx_int_t
ngx_erp_retry_after(ngx_erp_retry_t *retry, ngx_str_t *value, uint64_t now,
    uint64_t *delay)
{
    uint64_t   seconds;
    ngx_str_t  text;

    text = *value;

    while (text.len && (text.data[0] == ' ' || text.data[0] == '\t')) {
        text.data++;
        text.len--;
    }

    while (text.len
           && (text.data[text.len - 1] == ' '
               || text.data[text.len - 1] == '\t'))
    {
        text.len--;
    }

    if (ngx_erp_retry_seconds(&text, &seconds) == NGX_OK) {
        *delay = ngx_min(seconds * 1000, retry->retry_after);
        return NGX_OK;
    }

    if (ngx_erp_date(&text, now, &seconds) != NGX_OK) {
        return NGX_DECLINED;
    }

    *delay = 0;

    if (seconds * 1000 > now) {
        *delay = ngx_min(seconds * 1000 - now, retry->retry_after);
    }

    return NGX_OK;
}


/* a number too large is the largest: it is cut off anyway */

static ngx_int_t
ngx_erp_retry_seconds(ngx_str_t *text, uint64_t *seconds)
{
    size_t    i;
    uint64_t  n;

    if (text->len == 0) {
        return NGX_DECLINED;
    }

    n = 0;

    for (i = 0; i < text->len; i++) {

        if (text->data[i] < '0' || text->data[i] > '9') {
            return NGX_DECLINED;
        }

        if (n < NGX_ERP_SECONDS_MAX / 10) {
            n = n * 10 + (text->data[i] - '0');

        } else {
            n = NGX_ERP_SECONDS_MAX;
        }
    }

    *seconds = n;

    return NGX_OK;
}


/* RFC 9110 §5.6.7; seconds since the epoch, 0 for what was before it */

static ngx_int_t
ngx_erp_date(ngx_str_t *text, uint64_t now, uint64_t *seconds)
{
    ngx_uint_t      i;
    ngx_erp_date_t  d;

    ngx_memzero(&d, sizeof(ngx_erp_date_t));

    d.pos = text->data;
    d.end = text->data + text->len;

    for (i = 0; i < 7; i++) {

        if (ngx_erp_date_skip(&d, ngx_erp_days[i])) {
            ngx_erp_date_rfc850(&d, now);
            return ngx_erp_date_seconds(&d, seconds);
        }

        if (ngx_erp_date_skip(&d, ngx_erp_days_short[i])) {

            if (ngx_erp_date_skip(&d, ",")) {
                ngx_erp_date_fixdate(&d);

            } else {
                ngx_erp_date_asctime(&d);
            }

            return ngx_erp_date_seconds(&d, seconds);
        }
    }

    return NGX_DECLINED;
}


/* "Sun Nov  6 08:49:37 1994" behind the day */

static void
ngx_erp_date_asctime(ngx_erp_date_t *d)
{
    ngx_erp_date_text(d, " ");
    ngx_erp_date_month(d);
    ngx_erp_date_text(d, " ");

    if (ngx_erp_date_skip(d, " ")) {
        d->day = ngx_erp_date_number(d, 1);

    } else {
        d->day = ngx_erp_date_number(d, 2);
    }

    ngx_erp_date_text(d, " ");
    ngx_erp_date_time(d);
    ngx_erp_date_text(d, " ");
    d->year = ngx_erp_date_number(d, 4);
}


/* "Sunday, 06-Nov-94 08:49:37 GMT" behind the day */

static void
ngx_erp_date_rfc850(ngx_erp_date_t *d, uint64_t now)
{
    ngx_erp_date_text(d, ", ");
    d->day = ngx_erp_date_number(d, 2);
    ngx_erp_date_text(d, "-");
    ngx_erp_date_month(d);
    ngx_erp_date_text(d, "-");
    d->year = ngx_erp_date_full(ngx_erp_date_number(d, 2), now);
    ngx_erp_date_text(d, " ");
    ngx_erp_date_time(d);
    ngx_erp_date_text(d, " GMT");
}


/* "Sun, 06 Nov 1994 08:49:37 GMT" behind the comma */

static void
ngx_erp_date_fixdate(ngx_erp_date_t *d)
{
    ngx_erp_date_text(d, " ");
    d->day = ngx_erp_date_number(d, 2);
    ngx_erp_date_text(d, " ");
    ngx_erp_date_month(d);
    ngx_erp_date_text(d, " ");
    d->year = ngx_erp_date_number(d, 4);
    ngx_erp_date_text(d, " ");
    ngx_erp_date_time(d);
    ngx_erp_date_text(d, " GMT");
}


/*
 * A year of two digits: more than 50 years ahead is the last one that had
 * them.  The year of "now" need not be exact for that.
 */

static ngx_uint_t
ngx_erp_date_full(ngx_uint_t year, uint64_t now)
{
    uint64_t  present;

    present = 1970 + now / 1000 / 31556952;

    year += present - present % 100;

    if (year > present + 50) {
        year -= 100;

    } else if (year + 50 <= present) {
        year += 100;
    }

    return year;
}


static void
ngx_erp_date_time(ngx_erp_date_t *d)
{
    d->hour = ngx_erp_date_number(d, 2);
    ngx_erp_date_text(d, ":");
    d->minute = ngx_erp_date_number(d, 2);
    ngx_erp_date_text(d, ":");
    d->second = ngx_erp_date_number(d, 2);
}


static void
ngx_erp_date_month(ngx_erp_date_t *d)
{
    for (d->month = 0; d->month < 12; d->month++) {
        if (ngx_erp_date_skip(d, ngx_erp_months[d->month])) {
            return;
        }
    }

    d->failed = 1;
}


static ngx_uint_t
ngx_erp_date_number(ngx_erp_date_t *d, ngx_uint_t digits)
{
    ngx_uint_t  n;

    for (n = 0; digits; digits--) {

        if (d->pos == d->end || *d->pos < '0' || *d->pos > '9') {
            d->failed = 1;
            return 0;
        }

        n = n * 10 + (*d->pos++ - '0');
    }

    return n;
}


static void
ngx_erp_date_text(ngx_erp_date_t *d, const char *text)
{
    if (!ngx_erp_date_skip(d, text)) {
        d->failed = 1;
    }
}


static ngx_uint_t
ngx_erp_date_skip(ngx_erp_date_t *d, const char *text)
{
    size_t  len;

    len = ngx_strlen(text);

    if ((size_t) (d->end - d->pos) < len
        || ngx_memcmp(d->pos, text, len) != 0)
    {
        return 0;
    }

    d->pos += len;

    return 1;
}


static ngx_int_t
ngx_erp_date_seconds(ngx_erp_date_t *d, uint64_t *seconds)
{
    uint64_t    days, year, month;
    ngx_uint_t  length;

    static const u_char  lengths[] = {
        31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31
    };

    if (d->failed || d->pos != d->end
        || d->hour > 23 || d->minute > 59 || d->second > 60)
    {
        return NGX_DECLINED;
    }

    length = lengths[d->month];

    if (d->month == 1 && d->year % 4 == 0
        && (d->year % 100 || d->year % 400 == 0))
    {
        length++;
    }

    if (d->day < 1 || d->day > length) {
        return NGX_DECLINED;
    }

    if (d->year < 1970) {
        *seconds = 0;
        return NGX_OK;
    }

    /* years and months from March on: the odd day is at their end */

    year = d->month < 2 ? d->year - 1 : d->year;
    month = (d->month + 10) % 12;

    days = year * 365 + year / 4 - year / 100 + year / 400
           + (month * 153 + 2) / 5 + d->day - 1;

    /* 719468 days from March of the year 0 until 1970 */

    *seconds = (days - 719468) * 86400 + d->hour * 3600 + d->minute * 60
               + d->second;

    return NGX_OK;
}


uint64_t
ngx_erp_rate_take(ngx_erp_rate_t *r, uint64_t now)
{
    uint64_t  rate, full, missing;

    if (r->rate == 0) {
        return 0;
    }

    /* thousandths a second are millionths a millisecond */

    rate = ngx_min(r->rate, NGX_ERP_RATE_MAX);
    full = ngx_max(rate * 1000, NGX_ERP_RATE_ONE);

    if (r->level > full) {
        r->level = full;
    }

    if (now > r->last) {
        missing = full - r->level;

        if (now - r->last >= missing / rate + 1) {
            r->level = full;

        } else {
            r->level += (now - r->last) * rate;
        }
    }

    /* also a clock that jumped back goes on from here */

    r->last = now;

    if (r->level >= NGX_ERP_RATE_ONE) {
        r->level -= NGX_ERP_RATE_ONE;
        return 0;
    }

    return (NGX_ERP_RATE_ONE - r->level + rate - 1) / rate;
}
