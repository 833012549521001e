
/*
 * Delays, Retry-After, breakers and rates.
 */

#include "unit.h"

#include "ngx_erp_policy.h"


#define NOW  1795000000000ULL        /* Wed, 18 Nov 2026 11:06:40 GMT */


static void
test_delay(void)
{
    uint64_t         delay, least, most;
    ngx_uint_t       i, bad;
    ngx_erp_retry_t  r;

    memset(&r, 0, sizeof(r));

    r.base = 1000;
    r.factor = 200;
    r.max = 300000;

    is_num(ngx_erp_retry_delay(&r, 1, 99), 1000, "the first: base");
    is_num(ngx_erp_retry_delay(&r, 2, 99), 2000, "then twice");
    is_num(ngx_erp_retry_delay(&r, 9, 99), 256000, "and so on");
    is_num(ngx_erp_retry_delay(&r, 10, 99), 300000, "up to max");
    is_num(ngx_erp_retry_delay(&r, (ngx_uint_t) -1, 99), 300000,
           "and for ever");
    is_num(ngx_erp_retry_delay(&r, 0, 99), 1000, "none has failed: base");

    r.factor = 150;
    is_num(ngx_erp_retry_delay(&r, 4, 0), 3375, "by one and a half");
    r.base = 1;
    is_num(ngx_erp_retry_delay(&r, 3, 0), 3, "rounded up, so that it grows");
    r.factor = 101;
    is_num(ngx_erp_retry_delay(&r, 100000, 0), 300000, "by one per cent");
    r.factor = 100;
    is_num(ngx_erp_retry_delay(&r, 100000, 0), 1, "always the same");
    r.factor = 10;
    is_num(ngx_erp_retry_delay(&r, 100000, 0), 1, "never less");

    r.factor = 200;
    r.max = UINT64_MAX;
    ok(ngx_erp_retry_delay(&r, 1000, 0) == UINT64_MAX, "no overflow");
    r.jitter = NGX_ERP_JITTER_FULL;
    ok(ngx_erp_retry_delay(&r, 1000, UINT64_MAX) == UINT64_MAX,
       "not with jitter");
    r.factor = (ngx_uint_t) -1;
    ok(ngx_erp_retry_delay(&r, 2, UINT64_MAX) == UINT64_MAX,
       "nor by any factor");

    r.base = 0;
    r.factor = 200;
    is_num(ngx_erp_retry_delay(&r, 5, 77), 0, "no delay at all");

    r.base = 1000;
    r.max = 500;
    r.jitter = NGX_ERP_JITTER_NONE;
    is_num(ngx_erp_retry_delay(&r, 1, 0), 500, "max is above base");

    r.max = 300000;
    bad = 0;
    least = UINT64_MAX;
    most = 0;
    r.jitter = NGX_ERP_JITTER_FULL;

    for (i = 0; i < 5000; i++) {
        delay = ngx_erp_retry_delay(&r, 1, i);
        bad += delay < 1 || delay > 1000;
        least = ngx_min(least, delay);
        most = ngx_max(most, delay);
    }

    ok(bad == 0 && least == 1 && most == 1000, "full: from 1 to the delay");

    least = UINT64_MAX;
    most = 0;
    r.jitter = NGX_ERP_JITTER_EQUAL;

    for (i = 0; i < 5000; i++) {
        delay = ngx_erp_retry_delay(&r, 2, i);
        least = ngx_min(least, delay);
        most = ngx_max(most, delay);
    }

    ok(least == 1000 && most == 2000, "equal: from half of it to all");
}


static void
after(const char *text, ngx_int_t rc, uint64_t want)
{
    char              title[128];
    uint64_t          delay;
    ngx_int_t         got;
    ngx_str_t         s;
    ngx_erp_retry_t   r;

    memset(&r, 0, sizeof(r));
    r.retry_after = 600000;

    s.len = strlen(text);
    s.data = malloc(s.len + 1);
    memcpy(s.data, text, s.len);

    delay = 77;
    got = ngx_erp_retry_after(&r, &s, NOW, &delay);
    free(s.data);

    sprintf(title, "Retry-After: %.90s", text);

    if (!ok(got == rc && (rc != NGX_OK || delay == want), title)) {
        printf("#   got %ld, %llu\n", (long) got, (unsigned long long) delay);
    }
}


static void
test_after(void)
{
    after("0", NGX_OK, 0);
    after("1", NGX_OK, 1000);
    after("120", NGX_OK, 120000);
    after(" 120\t ", NGX_OK, 120000);
    after("600", NGX_OK, 600000);
    after("601", NGX_OK, 600000);
    after("99999999999999999999999999999999999999", NGX_OK, 600000);
    after("18446744073709552", NGX_OK, 600000);
    after("00000000000000000000000000000000000007", NGX_OK, 7000);

    after("Wed, 18 Nov 2026 11:06:40 GMT", NGX_OK, 0);
    after("Wed, 18 Nov 2026 11:06:39 GMT", NGX_OK, 0);
    after("Wed, 18 Nov 2026 11:06:41 GMT", NGX_OK, 1000);
    after("Wed, 18 Nov 2026 11:16:41 GMT", NGX_OK, 600000);
    after("Wednesday, 18-Nov-26 11:07:40 GMT", NGX_OK, 60000);
    after("Wed Nov 18 11:07:40 2026", NGX_OK, 60000);
    after("Wed, 18 Nov 2026 11:06:60 GMT", NGX_OK, 20000);
    after("Sun, 06 Nov 1994 08:49:37 GMT", NGX_OK, 0);
    after("Sunday, 06-Nov-94 08:49:37 GMT", NGX_OK, 0);
    after("Sun Nov  6 08:49:37 1994", NGX_OK, 0);
    after("Thu, 01 Jan 1970 00:00:00 GMT", NGX_OK, 0);
    after("Sat, 06 Nov 1868 08:49:37 GMT", NGX_OK, 0);
    after("Fri, 31 Dec 9999 23:59:59 GMT", NGX_OK, 600000);
    after("Friday, 18-Nov-76 11:07:40 GMT", NGX_OK, 600000);
    after("Friday, 18-Nov-77 11:07:40 GMT", NGX_OK, 0);
    after("Tue, 29 Feb 2028 00:00:00 GMT", NGX_OK, 600000);

    after("", NGX_DECLINED, 0);
    after("  ", NGX_DECLINED, 0);
    after("-1", NGX_DECLINED, 0);
    after("+1", NGX_DECLINED, 0);
    after("1.5", NGX_DECLINED, 0);
    after("5s", NGX_DECLINED, 0);
    after("120, 120", NGX_DECLINED, 0);
    after("soon", NGX_DECLINED, 0);
    after("Wed", NGX_DECLINED, 0);
    after("Wed,", NGX_DECLINED, 0);
    after("Wednesday", NGX_DECLINED, 0);
    after("Wed, 18 Nov 2026 11:07:40", NGX_DECLINED, 0);
    after("Wed, 18 Nov 2026 11:07:40 CET", NGX_DECLINED, 0);
    after("Wed, 18 Nov 2026 11:07:40 GMT+1", NGX_DECLINED, 0);
    after("Wed, 18 Foo 2026 11:07:40 GMT", NGX_DECLINED, 0);
    after("Wed, 31 Nov 2026 11:07:40 GMT", NGX_DECLINED, 0);
    after("Wed, 00 Nov 2026 11:07:40 GMT", NGX_DECLINED, 0);
    after("Mon, 29 Feb 2027 11:07:40 GMT", NGX_DECLINED, 0);
    after("Mon, 29 Feb 2100 11:07:40 GMT", NGX_DECLINED, 0);
    after("Wed, 18 Nov 2026 24:27:40 GMT", NGX_DECLINED, 0);
    after("Wed, 18 Nov 2026 10:60:40 GMT", NGX_DECLINED, 0);
    after("Wed, 18 Nov 2026 11:07:61 GMT", NGX_DECLINED, 0);
    after("Wed, 1a Nov 2026 11:07:40 GMT", NGX_DECLINED, 0);
    after("Wednesday, 18 Nov 2026 11:07:40 GMT", NGX_DECLINED, 0);
    after("Wed Nov 18 11:07:40 26", NGX_DECLINED, 0);
}


/* a year of two digits at the end of a century: now is in 2080 */

static void
test_century(void)
{
    uint64_t          delay;
    ngx_str_t         s;
    ngx_erp_retry_t   r;

    memset(&r, 0, sizeof(r));
    r.retry_after = UINT64_MAX;

    ngx_str_set(&s, "Wednesday, 01-Jan-10 00:00:00 GMT");
    (void) ngx_erp_retry_after(&r, &s, 3487190400000, &delay);
    is_num(delay / 1000 / 86400, 10773, "2110");

    ngx_str_set(&s, "Wednesday, 01-Jan-31 00:00:00 GMT");
    (void) ngx_erp_retry_after(&r, &s, 3487190400000, &delay);
    is_num(delay, 0, "2031, as 2131 is too far away");
}


/* each day of 400 years, counted one by one */

static void
test_calendar(void)
{
    char              text[64];
    uint64_t          delay, at;
    ngx_str_t         s;
    ngx_uint_t        year, month, day, length, bad;
    ngx_erp_retry_t   r;

    static const char  *names[] = {
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep",
        "Oct", "Nov", "Dec"
    };

    memset(&r, 0, sizeof(r));
    r.retry_after = UINT64_MAX;

    at = 0;
    bad = 0;

    for (year = 1970; year < 2370; year++) {
        for (month = 0; month < 12; month++) {

            length = (month == 3 || month == 5 || month == 8 || month == 10)
                     ? 30 : 31;

            if (month == 1) {
                length = (year % 4 || (year % 100 == 0 && year % 400)) ? 28
                                                                       : 29;
            }

            for (day = 1; day <= length; day++, at += 86400000) {
                s.len = sprintf(text, "Mon, %02d %s %04d 00:00:01 GMT",
                                (int) day, names[month], (int) year);
                s.data = (u_char *) text;

                bad += ngx_erp_retry_after(&r, &s, 0, &delay) != NGX_OK
                       || delay != at + 1000;
            }
        }
    }

    is_num(bad, 0, "each day of 400 years");
}


static ngx_erp_breaker_t       b;
static ngx_erp_breaker_conf_t  conf;
static uint64_t                until;


static void
reset(ngx_uint_t consecutive, ngx_uint_t errors, ngx_uint_t minimum)
{
    memset(&b, 0, sizeof(b));

    conf.consecutive = consecutive;
    conf.errors = errors;
    conf.minimum = minimum;
    conf.window = 30000;
    conf.open = 30000;
    conf.max_open = 100000;
}


static ngx_uint_t
notes(ngx_uint_t n, ngx_erp_outcome_e outcome, uint64_t now)
{
    ngx_uint_t  changed;

    for (changed = 0; n; n--) {
        changed += ngx_erp_breaker_note(&b, &conf, outcome, now);
    }

    return changed;
}


#define ask(now)  ngx_erp_breaker_ask(&b, &conf, now, &until)


static void
test_consecutive(void)
{
    reset(3, 0, 0);

    is_num(ask(NOW), NGX_OK, "a new one is closed");
    is_num(notes(2, NGX_ERP_DOWN, NOW), 0, "two failures");
    is_num(notes(1, NGX_ERP_DONE, NOW), 0, "a success");
    is_num(notes(2, NGX_ERP_UNKNOWN, NOW), 0, "two failures again");
    is_num(notes(1, NGX_ERP_BAD, NOW), 0, "a refusal is an answer");
    is_num(notes(2, NGX_ERP_DOWN, NOW), 0, "two failures again");
    is_num(notes(1, NGX_ERP_RETRY, NOW), 0, "to try again is an answer, too");
    is_num(notes(2, NGX_ERP_DOWN, NOW), 0, "two failures again");
    is_num(ask(NOW), NGX_OK, "still closed");
    is_num(notes(1, NGX_ERP_UNKNOWN, NOW), 1, "the third one opens it");
    is_num(b.state, NGX_ERP_OPEN, "open");

    until = 0;
    is_num(ask(NOW + 29999), NGX_AGAIN, "nothing goes");
    is_num(until - NOW, 30000, "until then");
    is_num(notes(5, NGX_ERP_DONE, NOW + 10), 0,
           "what comes in now is of before");
    is_num(notes(5, NGX_ERP_DOWN, NOW + 10), 0, "failures, too");
    is_num(ask(NOW + 30000), NGX_OK, "one may go");
    is_num(b.state, NGX_ERP_HALF_OPEN, "half-open");
    is_num(ask(NOW + 30000), NGX_AGAIN, "only one");
    is_num(until, 0, "its end is awaited");

    is_num(notes(1, NGX_ERP_DOWN, NOW + 31000), 1, "it fails");
    is_num(ask(NOW + 31000), NGX_AGAIN, "open again");
    is_num(until - NOW, 91000, "twice as long");
    is_num(ask(NOW + 91000), NGX_OK, "the next one");
    (void) notes(1, NGX_ERP_UNKNOWN, NOW + 91000);
    (void) ask(NOW + 91000);
    is_num(until - NOW, 191000, "at most max_open");
    is_num(ask(NOW + 191000), NGX_OK, "the next one");
    (void) notes(1, NGX_ERP_UNKNOWN, NOW + 191000);
    (void) ask(NOW + 191000);
    is_num(until - NOW, 291000, "max_open again");

    is_num(ask(NOW + 300000), NGX_OK, "the next one");
    is_num(notes(1, NGX_ERP_BAD, NOW + 300000), 1, "is answered");
    is_num(b.state, NGX_ERP_CLOSED, "closed");
    is_num(ask(NOW + 300000), NGX_OK, "all may go");
    is_num(notes(2, NGX_ERP_DOWN, NOW + 300000), 0, "failures from zero");
    is_num(notes(1, NGX_ERP_DOWN, NOW + 300000), 1, "open");
    (void) ask(NOW + 300000);
    is_num(until - NOW, 330000, "as short as the first time");

    reset(0, 0, 0);
    is_num(notes(1000, NGX_ERP_DOWN, NOW), 0, "neither rule: never open");

    reset(1, 0, 0);
    conf.max_open = 0;
    (void) notes(1, NGX_ERP_DOWN, NOW);
    (void) ask(NOW);
    is_num(until - NOW, 30000, "max_open is never less than open");
}


static void
test_window(void)
{
    ngx_uint_t  i, opened;

    reset(0, 50, 10);

    (void) notes(5, NGX_ERP_DONE, NOW);
    is_num(notes(4, NGX_ERP_DOWN, NOW), 0, "9 answers are too few");
    is_num(notes(1, NGX_ERP_DOWN, NOW), 1, "5 of 10 open it");

    is_num(ask(NOW + 30000), NGX_OK, "half-open");
    is_num(notes(1, NGX_ERP_DONE, NOW + 30000), 1, "closed");
    is_num(notes(9, NGX_ERP_DOWN, NOW + 30000), 0,
           "what was counted before is gone");
    is_num(notes(1, NGX_ERP_DOWN, NOW + 30000), 1, "until they are ten");

    reset(0, 50, 10);
    (void) notes(6, NGX_ERP_DONE, NOW);
    is_num(notes(5, NGX_ERP_DOWN, NOW), 0, "5 of 11 do not");
    is_num(notes(1, NGX_ERP_DOWN, NOW), 1, "6 of 12 do");

    /* 12 successes at first, which leave the window */

    reset(0, 50, 10);
    (void) notes(12, NGX_ERP_DONE, NOW);
    is_num(notes(11, NGX_ERP_DOWN, NOW + 29000), 0, "11 of 23");
    is_num(notes(1, NGX_ERP_DOWN, NOW + 29999), 1, "12 of 24");

    reset(0, 50, 10);
    (void) notes(12, NGX_ERP_DONE, NOW);
    is_num(notes(9, NGX_ERP_DOWN, NOW + 29999), 0, "9 of 21");
    is_num(notes(1, NGX_ERP_DOWN, NOW + 30000), 1, "then 10 of 10");

    reset(0, 50, 10);
    (void) notes(9, NGX_ERP_DOWN, NOW);
    is_num(notes(9, NGX_ERP_DOWN, NOW + 100000000), 0, "a day later");

    /* 40 per cent for an hour */

    reset(0, 50, 10);
    opened = 0;

    for (i = 0; i < 3600; i++) {
        opened += notes(i % 2 + 1, NGX_ERP_DOWN, NOW + i * 1000);
        opened += notes(3 - i % 2, NGX_ERP_DONE, NOW + i * 1000);
    }

    is_num(opened, 0, "below the bound it stays closed");

    for (i = 3600; i < 3700 && opened == 0; i++) {
        opened += notes(6, NGX_ERP_DOWN, NOW + i * 1000);
        opened += notes(4, NGX_ERP_DONE, NOW + i * 1000);
    }

    is_num(opened, 1, "above it opens");

    reset(0, 50, 10);
    conf.window = 0;
    is_num(notes(100, NGX_ERP_DOWN, NOW), 0, "no window, no percentage");

    conf.window = 5;
    is_num(notes(100, NGX_ERP_DOWN, NOW), 1, "a window of 5 ms");
}


static void
test_clock(void)
{
    reset(1, 0, 0);

    (void) notes(1, NGX_ERP_DOWN, NOW);
    is_num(ask(NOW - 3600000), NGX_AGAIN, "an hour back");
    is_num(until, NOW - 3600000 + 30000, "it waits for 30 s all the same");
    is_num(ask(NOW - 3600000 + 30000), NGX_OK, "then one may go");

    reset(1, 0, 0);
    (void) notes(1, NGX_ERP_DOWN, UINT64_MAX - 5);
    ok(ask(UINT64_MAX - 5) == NGX_AGAIN && until == UINT64_MAX,
       "the end of all time");

    reset(1, 0, 0);
    (void) notes(1, NGX_ERP_DOWN, NOW);
    conf.open = 1000;
    conf.max_open = 2000;
    (void) ask(NOW + 1);
    is_num(until, NOW + 2001, "a configuration that waits for less");

    reset(0, 50, 4);
    (void) notes(3, NGX_ERP_DOWN, NOW);
    is_num(notes(1, NGX_ERP_DOWN, NOW - 2000), 1,
           "a clock that is put right by less than a slice");

    reset(0, 50, 4);
    (void) notes(3, NGX_ERP_DOWN, NOW);
    is_num(notes(3, NGX_ERP_DOWN, NOW - 3600000), 0,
           "an hour back: the window begins again");
    is_num(notes(1, NGX_ERP_DOWN, NOW - 3600000), 1, "and counts");
}


static void
test_cancel(void)
{
    reset(1, 0, 0);

    ngx_erp_breaker_cancel(&b);
    is_num(b.state, NGX_ERP_CLOSED, "nothing to a closed one");

    (void) notes(1, NGX_ERP_DOWN, NOW);
    ngx_erp_breaker_cancel(&b);
    is_num(ask(NOW + 1), NGX_AGAIN, "nor to an open one");

    (void) ask(NOW + 30000);
    ngx_erp_breaker_cancel(&b);
    is_num(b.state, NGX_ERP_OPEN, "a half-open one is open");
    is_num(ask(NOW + 29000), NGX_OK,
           "and the next one may go at once, by any clock");

    (void) notes(1, NGX_ERP_DOWN, NOW + 30000);
    (void) ask(NOW + 30000);
    is_num(until, NOW + 90000, "its time has not been forgotten");
}


static void
test_text(void)
{
    u_char             out[NGX_ERP_BREAKER_LEN];
    ngx_str_t          s;
    ngx_uint_t         i, bad;
    ngx_erp_breaker_t  r;

    reset(3, 50, 10);

    (void) notes(4, NGX_ERP_DONE, NOW);
    (void) notes(2, NGX_ERP_DOWN, NOW + 7000);

    s.data = out;
    s.len = ngx_erp_breaker_print(&b, out) - out;
    is_str(s, "closed consecutive=2 until=0 for=0 slice=1795000006000 "
              "window=0/0,0/0,0/0,0/0,0/0,0/0,0/0,4/0,0/0,0/2", "closed");

    is_num(ngx_erp_breaker_read(&r, &s), NGX_OK, "read");
    b = r;
    is_num(notes(1, NGX_ERP_DOWN, NOW + 8000), 1, "it goes on as before");

    s.len = ngx_erp_breaker_print(&b, out) - out;
    is_str(s, "open consecutive=3 until=1795000038000 for=30000 "
              "slice=1795000006000 "
              "window=0/0,0/0,0/0,0/0,0/0,0/0,0/0,4/0,0/0,0/3", "open");
    is_num(ngx_erp_breaker_read(&r, &s), NGX_OK, "read");
    ok(r.state == NGX_ERP_OPEN && r.until == b.until
       && r.open_for == b.open_for && r.consecutive == 3, "the same");

    (void) ask(NOW + 38000);
    s.len = ngx_erp_breaker_print(&b, out) - out;
    ok(memcmp(out, "half-open ", 10) == 0, "half-open");
    is_num(ngx_erp_breaker_read(&r, &s), NGX_OK, "read");
    is_num(r.state, NGX_ERP_OPEN, "is open");
    b = r;
    is_num(ask(NOW + 38000), NGX_OK, "and lets one through");

    bad = 0;

    for (i = 0; i < s.len; i++) {
        ngx_str_t  part;

        part.len = i;
        part.data = malloc(i + 1);
        memcpy(part.data, out, i);

        /* a number may lose its last digits, not all of them */

        bad += ngx_erp_breaker_read(&r, &part) == NGX_OK;
        bad += r.state != NGX_ERP_CLOSED || r.until != 0 || r.slice != 0;

        free(part.data);
    }

    is_num(bad, 0, "a part of it is declined, and closed");

    out[s.len++] = '0';
    is_num(ngx_erp_breaker_read(&r, &s), NGX_OK, "a number with more digits");
    out[s.len - 1] = ' ';
    is_num(ngx_erp_breaker_read(&r, &s), NGX_DECLINED, "but nothing else");

    memset(&b, 0xff, sizeof(b));
    b.state = NGX_ERP_HALF_OPEN;
    b.consecutive = UINT32_MAX;
    b.current = 3;
    s.len = ngx_erp_breaker_print(&b, out) - out;
    ok(s.len < NGX_ERP_BREAKER_LEN, "the longest text");
    is_num(ngx_erp_breaker_read(&r, &s), NGX_OK, "is read");
    ok(r.good[0] == UINT32_MAX && r.open_for == UINT64_MAX, "as it was");

    s.data = (u_char *) "closed consecutive=4294967296 until=0 for=0 slice=0 "
                        "window=0/0,0/0,0/0,0/0,0/0,0/0,0/0,0/0,0/0,0/0";
    s.len = strlen((char *) s.data);
    is_num(ngx_erp_breaker_read(&r, &s), NGX_DECLINED, "a number too large");
}


static void
test_rate(void)
{
    uint64_t        now, wait;
    ngx_uint_t      i, n;
    ngx_erp_rate_t  r;

    memset(&r, 0, sizeof(r));
    is_num(ngx_erp_rate_take(&r, NOW), 0, "any rate");

    r.rate = 50000;

    for (n = 0; ngx_erp_rate_take(&r, NOW) == 0; n++) { /* void */ }

    is_num(n, 50, "50 of a second at once");
    is_num(ngx_erp_rate_take(&r, NOW), 20, "then one in 20 ms");
    is_num(ngx_erp_rate_take(&r, NOW + 19), 1, "not before");
    is_num(ngx_erp_rate_take(&r, NOW + 20), 0, "then");

    /* asked each millisecond for 10 seconds */

    for (n = 0, i = 21; i <= 10020; i++) {
        n += ngx_erp_rate_take(&r, NOW + i) == 0;
    }

    is_num(n, 500, "and 50 a second");

    is_num(ngx_erp_rate_take(&r, NOW - 3600000), 20, "an hour back");
    is_num(ngx_erp_rate_take(&r, NOW - 3600000 + 20), 0, "it goes on");

    r.rate = 3000;
    r.level = 0;
    is_num(ngx_erp_rate_take(&r, NOW - 3600000 + 20), 334,
           "a wait is rounded up");

    r.rate = 2000;
    r.level = 50000000;

    for (n = 0; ngx_erp_rate_take(&r, NOW) == 0; n++) { /* void */ }

    is_num(n, 2, "a rate that has become less");

    /* one in 1000 seconds */

    memset(&r, 0, sizeof(r));
    r.rate = 1;
    is_num(ngx_erp_rate_take(&r, NOW), 0, "the first");
    is_num(ngx_erp_rate_take(&r, NOW), 1000000, "the next");

    for (now = NOW; (wait = ngx_erp_rate_take(&r, now)) != 0; now += 777) {
        /* void */
    }

    is_num(now - NOW, 777 * 1288, "however often one asks");

    memset(&r, 0, sizeof(r));
    r.rate = (ngx_uint_t) -1;
    is_num(ngx_erp_rate_take(&r, NOW), 0, "the largest rate");
    is_num(ngx_erp_rate_take(&r, UINT64_MAX), 0, "for ever");
}


int
main(void)
{
    test_delay();
    test_after();
    test_century();
    test_calendar();
    test_consecutive();
    test_window();
    test_clock();
    test_cancel();
    test_text();
    test_rate();

    return unit_done();
}
