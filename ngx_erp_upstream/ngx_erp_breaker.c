
/*
 * The breaker of a destination: see the header.
 */

#include <stdio.h>

#include "ngx_erp_policy.h"


static uint64_t ngx_erp_breaker_after(uint64_t now, uint64_t time);
static ngx_uint_t ngx_erp_breaker_fail(ngx_erp_breaker_t *b,
    ngx_erp_breaker_conf_t *conf, uint64_t now);
static void ngx_erp_breaker_slide(ngx_erp_breaker_t *b,
    ngx_erp_breaker_conf_t *conf, uint64_t now);
static void ngx_erp_breaker_empty(ngx_erp_breaker_t *b, uint64_t now);
static ngx_uint_t ngx_erp_breaker_many(ngx_erp_breaker_t *b,
    ngx_erp_breaker_conf_t *conf);
static void ngx_erp_breaker_count(uint32_t *n);

static ngx_uint_t ngx_erp_breaker_word(u_char **pos, u_char *end,
    const char *word);
static ngx_uint_t ngx_erp_breaker_number(u_char **pos, u_char *end,
    uint64_t max, uint64_t *number);
static ngx_uint_t ngx_erp_breaker_fields(ngx_erp_breaker_t *b, u_char *pos,
    u_char *end);


static const char  *ngx_erp_breaker_states[] = {
    "closed", "open", "half-open"
};


ngx_int_t
ngx_erp_breaker_ask(ngx_erp_breaker_t *b, ngx_erp_breaker_conf_t *conf,
    uint64_t now, uint64_t *until)
{
    uint64_t  longest;

    if (b->state == NGX_ERP_CLOSED) {
        return NGX_OK;
    }

    if (b->state == NGX_ERP_HALF_OPEN) {
        *until = 0;
        return NGX_AGAIN;
    }

    if (now < b->until) {

        /*
         * The clock may have jumped back, and the configuration may have
         * changed: it never waits for longer than it would if it opened now.
         */

        longest = ngx_max(conf->open, conf->max_open);
        longest = ngx_min(longest, b->open_for);

        if (b->until - now > longest) {
            b->until = ngx_erp_breaker_after(now, longest);
        }
    }

    if (now < b->until) {
        *until = b->until;
        return NGX_AGAIN;
    }

    b->state = NGX_ERP_HALF_OPEN;

    return NGX_OK;
}


static uint64_t
ngx_erp_breaker_after(uint64_t now, uint64_t time)
{
    return (time > UINT64_MAX - now) ? UINT64_MAX : now + time;
}


ngx_uint_t
ngx_erp_breaker_note(ngx_erp_breaker_t *b, ngx_erp_breaker_conf_t *conf,
    ngx_erp_outcome_e outcome, uint64_t now)
{
    if (b->state == NGX_ERP_OPEN) {
        return 0;
    }

    ngx_erp_breaker_slide(b, conf, now);

    if (outcome == NGX_ERP_DOWN || outcome == NGX_ERP_UNKNOWN) {
        return ngx_erp_breaker_fail(b, conf, now);
    }

    b->consecutive = 0;

    if (b->state == NGX_ERP_CLOSED) {
        ngx_erp_breaker_count(&b->good[b->current]);
        return 0;
    }

    b->state = NGX_ERP_CLOSED;
    b->until = 0;

    /* what was counted before it opened would open it again */

    ngx_erp_breaker_empty(b, now);

    return 1;
}


static ngx_uint_t
ngx_erp_breaker_fail(ngx_erp_breaker_t *b, ngx_erp_breaker_conf_t *conf,
    uint64_t now)
{
    uint64_t  longest;

    if (b->consecutive < UINT32_MAX) {
        b->consecutive++;
    }

    ngx_erp_breaker_count(&b->failed[b->current]);

    if (b->state == NGX_ERP_HALF_OPEN) {
        longest = ngx_max(conf->open, conf->max_open);

        if (b->open_for > longest / 2) {
            b->open_for = longest;

        } else {
            b->open_for = ngx_max(2 * b->open_for, conf->open);
        }

    } else if ((conf->consecutive && b->consecutive >= conf->consecutive)
               || ngx_erp_breaker_many(b, conf))
    {
        b->open_for = conf->open;

    } else {
        return 0;
    }

    b->state = NGX_ERP_OPEN;
    b->until = ngx_erp_breaker_after(now, b->open_for);

    return 1;
}


void
ngx_erp_breaker_cancel(ngx_erp_breaker_t *b)
{
    if (b->state == NGX_ERP_HALF_OPEN) {
        b->state = NGX_ERP_OPEN;
        b->until = 0;
    }
}


/* makes the slice of "now" the present one */

static void
ngx_erp_breaker_slide(ngx_erp_breaker_t *b, ngx_erp_breaker_conf_t *conf,
    uint64_t now)
{
    uint64_t  width, n;

    width = ngx_max(conf->window / NGX_ERP_BREAKER_SLICES, 1);

    if (now < b->slice) {

        /* a clock that was put right by less than a slice counts on */

        if (b->slice - now > width) {
            ngx_erp_breaker_empty(b, now);
        }

        return;
    }

    n = (now - b->slice) / width;

    if (n >= NGX_ERP_BREAKER_SLICES) {
        ngx_erp_breaker_empty(b, now);
        return;
    }

    b->slice += n * width;

    while (n--) {
        b->current = (b->current + 1) % NGX_ERP_BREAKER_SLICES;
        b->good[b->current] = 0;
        b->failed[b->current] = 0;
    }
}


static void
ngx_erp_breaker_empty(ngx_erp_breaker_t *b, uint64_t now)
{
    b->slice = now;
    b->current = 0;

    ngx_memzero(b->good, sizeof(b->good));
    ngx_memzero(b->failed, sizeof(b->failed));
}


/* whether the failures of the window are too many */

static ngx_uint_t
ngx_erp_breaker_many(ngx_erp_breaker_t *b, ngx_erp_breaker_conf_t *conf)
{
    uint64_t    good, failed;
    ngx_uint_t  i;

    if (conf->errors == 0 || conf->window == 0) {
        return 0;
    }

    good = 0;
    failed = 0;

    for (i = 0; i < NGX_ERP_BREAKER_SLICES; i++) {
        good += b->good[i];
        failed += b->failed[i];
    }

    return good + failed >= conf->minimum
           && failed * 100 >= (good + failed) * conf->errors;
}


static void
ngx_erp_breaker_count(uint32_t *n)
{
    if (*n < UINT32_MAX) {
        (*n)++;
    }
}


u_char *
ngx_erp_breaker_print(ngx_erp_breaker_t *b, u_char *out)
{
    char        *p, *end;
    ngx_uint_t   i, n;

    p = (char *) out;
    end = p + NGX_ERP_BREAKER_LEN;

    p += snprintf(p, end - p,
                  "%s consecutive=%llu until=%llu for=%llu slice=%llu window=",
                  ngx_erp_breaker_states[b->state],
                  (unsigned long long) b->consecutive,
                  (unsigned long long) b->until,
                  (unsigned long long) b->open_for,
                  (unsigned long long) b->slice);

    for (i = 1; i <= NGX_ERP_BREAKER_SLICES; i++) {
        n = (b->current + i) % NGX_ERP_BREAKER_SLICES;

        p += snprintf(p, end - p, "%s%u/%u", i > 1 ? "," : "",
                      (unsigned) b->good[n], (unsigned) b->failed[n]);
    }

    return (u_char *) p;
}


ngx_int_t
ngx_erp_breaker_read(ngx_erp_breaker_t *b, ngx_str_t *text)
{
    u_char      *p, *end;
    ngx_uint_t   i;

    ngx_memzero(b, sizeof(ngx_erp_breaker_t));

    end = text->data + text->len;

    for (i = 0; i < 3; i++) {
        p = text->data;

        if (!ngx_erp_breaker_word(&p, end, ngx_erp_breaker_states[i])
            || !ngx_erp_breaker_fields(b, p, end))
        {
            continue;
        }

        b->state = i;
        ngx_erp_breaker_cancel(b);

        return NGX_OK;
    }

    ngx_memzero(b, sizeof(ngx_erp_breaker_t));

    return NGX_DECLINED;
}


static ngx_uint_t
ngx_erp_breaker_fields(ngx_erp_breaker_t *b, u_char *pos, u_char *end)
{
    uint64_t    n;
    ngx_uint_t  i;

    if (!ngx_erp_breaker_word(&pos, end, " consecutive=")
        || !ngx_erp_breaker_number(&pos, end, UINT32_MAX, &n)
        || !ngx_erp_breaker_word(&pos, end, " until=")
        || !ngx_erp_breaker_number(&pos, end, UINT64_MAX, &b->until)
        || !ngx_erp_breaker_word(&pos, end, " for=")
        || !ngx_erp_breaker_number(&pos, end, UINT64_MAX, &b->open_for)
        || !ngx_erp_breaker_word(&pos, end, " slice=")
        || !ngx_erp_breaker_number(&pos, end, UINT64_MAX, &b->slice)
        || !ngx_erp_breaker_word(&pos, end, " window="))
    {
        return 0;
    }

    b->consecutive = (ngx_uint_t) n;
    b->current = NGX_ERP_BREAKER_SLICES - 1;

    for (i = 0; i < NGX_ERP_BREAKER_SLICES; i++) {

        if ((i && !ngx_erp_breaker_word(&pos, end, ","))
            || !ngx_erp_breaker_number(&pos, end, UINT32_MAX, &n))
        {
            return 0;
        }

        b->good[i] = (uint32_t) n;

        if (!ngx_erp_breaker_word(&pos, end, "/")
            || !ngx_erp_breaker_number(&pos, end, UINT32_MAX, &n))
        {
            return 0;
        }

        b->failed[i] = (uint32_t) n;
    }

    return pos == end;
}


static ngx_uint_t
ngx_erp_breaker_word(u_char **pos, u_char *end, const char *word)
{
    size_t  len;

    len = ngx_strlen(word);

    if ((size_t) (end - *pos) < len || ngx_memcmp(*pos, word, len) != 0) {
        return 0;
    }

    *pos += len;

    return 1;
}


static ngx_uint_t
ngx_erp_breaker_number(u_char **pos, u_char *end, uint64_t max,
    uint64_t *number)
{
    u_char    *p;
    uint64_t   n, digit;

    n = 0;

    for (p = *pos; p < end && *p >= '0' && *p <= '9'; p++) {
        digit = *p - '0';

        if (n > (max - digit) / 10) {
            return 0;
        }

        n = n * 10 + digit;
    }

    if (p == *pos) {
        return 0;
    }

    *pos = p;
    *number = n;

    return 1;
}
