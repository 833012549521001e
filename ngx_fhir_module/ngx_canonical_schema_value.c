
/*
 * Values as JSON Schema sees them: numbers of any size compared by their
 * text, equality, lengths, formats.
 */

#include "ngx_canonical_schema_private.h"


static ngx_uint_t ngx_canonical_schema_members(ngx_canonical_node_t *want,
    ngx_canonical_node_t *node);
static ngx_int_t ngx_canonical_schema_two(u_char *p);


void
ngx_canonical_schema_number(ngx_canonical_schema_number_t *n, u_char *text,
    size_t len)
{
    u_char      *p, *end;
    int64_t      e;
    ngx_uint_t   point, minus, zeros;

    ngx_memzero(n, sizeof(ngx_canonical_schema_number_t));

    p = text;
    end = text + len;
    point = 0;
    zeros = 0;

    if (p < end && *p == '-') {
        n->negative = 1;
        p++;
    }

    for ( /* void */ ; p < end && *p != 'e' && *p != 'E'; p++) {

        if (*p == '.') {
            point = 1;
            continue;
        }

        if (*p == '0' && n->first == NULL) {
            n->exponent -= point;
            continue;
        }

        if (n->first == NULL) {
            n->first = p;
        }

        n->exponent += !point;

        if (*p == '0') {
            zeros++;
            continue;
        }

        n->digits += zeros + 1;
        n->last = p + 1;
        zeros = 0;
    }

    if (n->first == NULL) {
        n->negative = 0;
        return;
    }

    if (p == end) {
        return;
    }

    p++;
    minus = 0;

    if (p < end && (*p == '-' || *p == '+')) {
        minus = (*p++ == '-');
    }

    for (e = 0; p < end; p++) {
        e = e * 10 + (*p - '0');

        if (e >= NGX_CANONICAL_SCHEMA_EXPONENT) {
            e = NGX_CANONICAL_SCHEMA_EXPONENT;
            break;
        }
    }

    n->exponent += minus ? -e : e;
}


ngx_uint_t
ngx_canonical_schema_integer(ngx_canonical_schema_number_t *n)
{
    return n->first == NULL || (int64_t) n->digits <= n->exponent;
}


ngx_int_t
ngx_canonical_schema_compare(ngx_canonical_schema_number_t *a,
    ngx_canonical_schema_number_t *b)
{
    u_char     *p, *q;
    ngx_int_t   sign;

    if (a->first == NULL || b->first == NULL || a->negative != b->negative) {
        return (a->first == NULL ? 0 : a->negative ? -1 : 1)
               - (b->first == NULL ? 0 : b->negative ? -1 : 1);
    }

    sign = a->negative ? -1 : 1;

    if (a->exponent != b->exponent) {
        return a->exponent < b->exponent ? -sign : sign;
    }

    p = a->first;
    q = b->first;

    for ( ;; ) {
        if (p < a->last && *p == '.') {
            p++;
        }

        if (q < b->last && *q == '.') {
            q++;
        }

        if (p == a->last || q == b->last) {
            return sign * ((p < a->last) - (q < b->last));
        }

        if (*p != *q) {
            return *p < *q ? -sign : sign;
        }

        p++;
        q++;
    }
}


ngx_uint_t
ngx_canonical_schema_equal(ngx_canonical_node_t *want,
    ngx_canonical_node_t *node)
{
    ngx_canonical_schema_number_t  a, b;

    if (want->kind != node->kind) {
        return want->kind <= NGX_CANONICAL_NULL
               && node->kind <= NGX_CANONICAL_NULL;
    }

    switch (want->kind) {

    case NGX_CANONICAL_BOOLEAN:
    case NGX_CANONICAL_STRING:
        return want->len == node->len
               && (want->len == 0
                   || ngx_memcmp(want->data, node->data, want->len) == 0);

    case NGX_CANONICAL_NUMBER:
        ngx_canonical_schema_number(&a, want->data, want->len);
        ngx_canonical_schema_number(&b, node->data, node->len);
        return ngx_canonical_schema_compare(&a, &b) == 0;

    case NGX_CANONICAL_OBJECT:
    case NGX_CANONICAL_ARRAY:
        return ngx_canonical_schema_members(want, node);

    default:
        return 1;
    }
}


static ngx_uint_t
ngx_canonical_schema_members(ngx_canonical_node_t *want,
    ngx_canonical_node_t *node)
{
    ngx_canonical_node_t  *w, *n;

    /* of different sizes: known without looking into them */

    for (w = want->first, n = node->first; w && n; w = w->next, n = n->next) {
        /* void */
    }

    if (w || n) {
        return 0;
    }

    n = node->first;

    for (w = want->first; w; w = w->next) {

        if (want->kind == NGX_CANONICAL_OBJECT) {
            n = ngx_canonical_member(node, w->name, w->name_len);
        }

        if (n == NULL || !ngx_canonical_schema_equal(w, n)) {
            return 0;
        }

        n = n->next;
    }

    return 1;
}


size_t
ngx_canonical_schema_length(u_char *text, size_t len)
{
    size_t  i, n;

    n = 0;

    for (i = 0; i < len; i++) {
        n += (text[i] & 0xc0) != 0x80;
    }

    return n;
}


ngx_uint_t
ngx_canonical_schema_date(u_char *text, size_t len)
{
    ngx_int_t       century, year, month, day, last;

    static u_char   days[] = { 31, 28, 31, 30, 31, 30,
                               31, 31, 30, 31, 30, 31 };

    if (len != 10 || text[4] != '-' || text[7] != '-') {
        return 0;
    }

    century = ngx_canonical_schema_two(text);
    year = ngx_canonical_schema_two(text + 2);
    month = ngx_canonical_schema_two(text + 5);
    day = ngx_canonical_schema_two(text + 8);

    if (century < 0 || year < 0 || month < 1 || month > 12) {
        return 0;
    }

    last = days[month - 1];

    if (month == 2 && (year ? year : century) % 4 == 0) {
        last = 29;
    }

    return day >= 1 && day <= last;
}


ngx_uint_t
ngx_canonical_schema_date_time(u_char *text, size_t len)
{
    u_char     *p, *end;
    ngx_int_t   hour, minute, second, zone, hours, minutes;

    if (len < sizeof("2026-11-21T08:14:00Z") - 1
        || !ngx_canonical_schema_date(text, 10)
        || (text[10] | 0x20) != 't' || text[13] != ':' || text[16] != ':')
    {
        return 0;
    }

    hour = ngx_canonical_schema_two(text + 11);
    minute = ngx_canonical_schema_two(text + 14);
    second = ngx_canonical_schema_two(text + 17);

    if (hour < 0 || hour > 23 || minute < 0 || minute > 59
        || second < 0 || second > 60)
    {
        return 0;
    }

    p = text + 19;
    end = text + len;

    if (*p == '.') {
        for (p++; p < end && *p >= '0' && *p <= '9'; p++) { /* void */ }

        if (p == text + 20 || p == end) {
            return 0;
        }
    }

    zone = 0;

    if ((*p | 0x20) != 'z') {

        if (end - p != sizeof("+01:00") - 1 || (*p != '+' && *p != '-')
            || p[3] != ':')
        {
            return 0;
        }

        hours = ngx_canonical_schema_two(p + 1);
        minutes = ngx_canonical_schema_two(p + 4);

        if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59) {
            return 0;
        }

        zone = hours * 60 + minutes;
        zone = (*p == '-') ? -zone : zone;

    } else if (end - p != 1) {
        return 0;
    }

    /* a leap second is the last one of a day in UTC */

    return second < 60
           || (hour * 60 + minute - zone + 1440) % 1440 == 1439;
}


/* two digits as a number, or -1 */

static ngx_int_t
ngx_canonical_schema_two(u_char *p)
{
    if (p[0] < '0' || p[0] > '9' || p[1] < '0' || p[1] > '9') {
        return -1;
    }

    return (p[0] - '0') * 10 + (p[1] - '0');
}


u_char *
ngx_canonical_schema_index(u_char *end, ngx_uint_t i)
{
    do {
        *--end = (u_char) ('0' + i % 10);
        i /= 10;
    } while (i);

    return end;
}


size_t
ngx_canonical_schema_token_len(ngx_str_t *name)
{
    size_t  i, len;

    len = name->len;

    for (i = 0; i < name->len; i++) {
        len += (name->data[i] == '~' || name->data[i] == '/');
    }

    return len;
}


u_char *
ngx_canonical_schema_token(u_char *p, ngx_str_t *name)
{
    size_t  i;
    u_char  ch;

    for (i = 0; i < name->len; i++) {
        ch = name->data[i];

        if (ch == '~' || ch == '/') {
            *p++ = '~';
            *p++ = (ch == '~') ? '0' : '1';

        } else {
            *p++ = ch;
        }
    }

    return p;
}
