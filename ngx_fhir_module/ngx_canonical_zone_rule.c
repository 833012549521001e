
/*
 * Rules of time zones: see the header.
 */

#include "ngx_canonical_zone_rule.h"


static ngx_uint_t ngx_canonical_zone_rule_name(u_char **pos, u_char *end);
static ngx_uint_t ngx_canonical_zone_rule_day(ngx_canonical_zone_day_t *day,
    u_char **pos, u_char *end);
static ngx_uint_t ngx_canonical_zone_rule_time(u_char **pos, u_char *end,
    int hours, int32_t *time);
static ngx_uint_t ngx_canonical_zone_rule_number(u_char **pos, u_char *end,
    int min, int max, int *number);
static ngx_uint_t ngx_canonical_zone_rule_skip(u_char **pos, u_char *end,
    u_char ch);

static int64_t ngx_canonical_zone_rule_january(int64_t year);
static ngx_uint_t ngx_canonical_zone_rule_leap(int64_t year);


static const u_char  ngx_canonical_zone_rule_months[] = {
    31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31
};


/* hours east of UTC are negative in the text */

ngx_uint_t
ngx_canonical_zone_rule_read(ngx_canonical_zone_rule_t *rule, u_char *p,
    u_char *end)
{
    ngx_memzero(rule, sizeof(ngx_canonical_zone_rule_t));

    if (!ngx_canonical_zone_rule_name(&p, end)
        || !ngx_canonical_zone_rule_time(&p, end, 24, &rule->standard))
    {
        return 0;
    }

    rule->standard = -rule->standard;

    if (p == end) {
        return 1;
    }

    if (!ngx_canonical_zone_rule_name(&p, end)) {
        return 0;
    }

    rule->changes = 1;
    rule->summer = rule->standard + 3600;

    if (p < end && *p != ',') {
        if (!ngx_canonical_zone_rule_time(&p, end, 24, &rule->summer)) {
            return 0;
        }

        rule->summer = -rule->summer;
    }

    return ngx_canonical_zone_rule_skip(&p, end, ',')
           && ngx_canonical_zone_rule_day(&rule->start, &p, end)
           && ngx_canonical_zone_rule_skip(&p, end, ',')
           && ngx_canonical_zone_rule_day(&rule->stop, &p, end)
           && p == end;
}


static ngx_uint_t
ngx_canonical_zone_rule_name(u_char **pos, u_char *end)
{
    u_char  *p, ch;

    p = *pos;

    if (p < end && *p == '<') {
        p = memchr(p, '>', end - p);

        if (p == NULL) {
            return 0;
        }

        *pos = p + 1;

        return 1;
    }

    for ( /* void */ ; p < end; p++) {
        ch = (u_char) (*p | 0x20);

        if (ch < 'a' || ch > 'z') {
            break;
        }
    }

    if (p - *pos < 3) {
        return 0;
    }

    *pos = p;

    return 1;
}


/* Mm.w.d, Jn or n, and the time, 02:00 if there is none */

static ngx_uint_t
ngx_canonical_zone_rule_day(ngx_canonical_zone_day_t *day, u_char **pos,
    u_char *end)
{
    if (ngx_canonical_zone_rule_skip(pos, end, 'M')) {
        day->form = 'M';

        if (!ngx_canonical_zone_rule_number(pos, end, 1, 12, &day->month)
            || !ngx_canonical_zone_rule_skip(pos, end, '.')
            || !ngx_canonical_zone_rule_number(pos, end, 1, 5, &day->week)
            || !ngx_canonical_zone_rule_skip(pos, end, '.')
            || !ngx_canonical_zone_rule_number(pos, end, 0, 6, &day->day))
        {
            return 0;
        }

    } else if (ngx_canonical_zone_rule_skip(pos, end, 'J')) {
        day->form = 'J';

        if (!ngx_canonical_zone_rule_number(pos, end, 1, 365, &day->day)) {
            return 0;
        }

    } else if (!ngx_canonical_zone_rule_number(pos, end, 0, 365, &day->day)) {
        return 0;
    }

    day->time = 2 * 3600;

    if (ngx_canonical_zone_rule_skip(pos, end, '/')) {
        return ngx_canonical_zone_rule_time(pos, end, 167, &day->time);
    }

    return 1;
}


/* [+-]hh[:mm[:ss]] in seconds */

static ngx_uint_t
ngx_canonical_zone_rule_time(u_char **pos, u_char *end, int hours,
    int32_t *time)
{
    int         h, m, s;
    ngx_uint_t  minus;

    minus = ngx_canonical_zone_rule_skip(pos, end, '-');

    if (!minus) {
        (void) ngx_canonical_zone_rule_skip(pos, end, '+');
    }

    m = 0;
    s = 0;

    if (!ngx_canonical_zone_rule_number(pos, end, 0, hours, &h)) {
        return 0;
    }

    if (ngx_canonical_zone_rule_skip(pos, end, ':')) {

        if (!ngx_canonical_zone_rule_number(pos, end, 0, 59, &m)) {
            return 0;
        }

        if (ngx_canonical_zone_rule_skip(pos, end, ':')
            && !ngx_canonical_zone_rule_number(pos, end, 0, 59, &s))
        {
            return 0;
        }
    }

    *time = (h * 60 + m) * 60 + s;

    if (minus) {
        *time = -*time;
    }

    return 1;
}


static ngx_uint_t
ngx_canonical_zone_rule_number(u_char **pos, u_char *end, int min, int max,
    int *number)
{
    int      n;
    u_char  *p;

    n = 0;

    for (p = *pos; p < end && *p >= '0' && *p <= '9'; p++) {

        n = n * 10 + (*p - '0');

        if (n > max) {
            return 0;
        }
    }

    if (p == *pos || n < min) {
        return 0;
    }

    *pos = p;
    *number = n;

    return 1;
}


static ngx_uint_t
ngx_canonical_zone_rule_skip(u_char **pos, u_char *end, u_char ch)
{
    if (*pos == end || **pos != ch) {
        return 0;
    }

    (*pos)++;

    return 1;
}


int64_t
ngx_canonical_zone_rule_at(ngx_canonical_zone_day_t *day, int64_t year)
{
    int      i, len;
    int64_t  days;

    days = ngx_canonical_zone_rule_january(year);

    if (day->form == 0) {
        return (days + day->day) * 86400 + day->time;
    }

    if (day->form == 'J') {
        i = day->day - 1
            + (day->day >= 60 && ngx_canonical_zone_rule_leap(year));
        return (days + i) * 86400 + day->time;
    }

    len = 0;

    for (i = 1; i <= day->month; i++) {
        days += len;
        len = ngx_canonical_zone_rule_months[i - 1]
              + (i == 2 && ngx_canonical_zone_rule_leap(year));
    }

    /* 1970-01-01 was a Thursday; 5 is the last week, be it the fourth */

    i = (int) ((days + 4) % 7);
    i = (day->day - i + 14) % 7 + (day->week - 1) * 7;

    if (i >= len) {
        i -= 7;
    }

    return (days + i) * 86400 + day->time;
}


/* days from 1970-01-01 to the first one of a year, which may be negative */

static int64_t
ngx_canonical_zone_rule_january(int64_t year)
{
    int64_t  era;

    era = year / 400;
    year %= 400;

    if (year < 0) {
        year += 400;
        era--;
    }

    return era * 146097 + year * 365 + (year + 3) / 4 - (year + 99) / 100
           + (year + 399) / 400 - 719528;
}


static ngx_uint_t
ngx_canonical_zone_rule_leap(int64_t year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}
