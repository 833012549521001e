
/*
 * The JSON of an answer: see the header.
 */

#include "ngx_erp_json.h"
#include "ngx_canonical_time.h"

#include <stdio.h>


#define NGX_ERP_JSON_DAY      ((uint64_t) 86400000)

/* the last millisecond of the year 9999 */
#define NGX_ERP_JSON_TIME     ((uint64_t) 253402300799999)


static ngx_canonical_node_t *ngx_erp_json_add(ngx_erp_json_t *j,
    ngx_canonical_node_t *parent, const char *name,
    ngx_canonical_kind_e kind);
static void ngx_erp_json_set(ngx_erp_json_t *j, ngx_canonical_node_t *node,
    u_char *data, size_t len);
static int64_t ngx_erp_json_days(int64_t year, ngx_uint_t month,
    ngx_uint_t day);
static void ngx_erp_json_date(int64_t days, int *year, int *month, int *day);


void
ngx_erp_json_init(ngx_erp_json_t *j, ngx_canonical_arena_t *arena)
{
    j->arena = arena;
    j->size = 0;
    j->failed = 0;
}


ngx_canonical_node_t *
ngx_erp_json_root(ngx_erp_json_t *j)
{
    ngx_canonical_node_t  *node;

    node = ngx_canonical_node(j->arena, NGX_CANONICAL_OBJECT);

    if (node == NULL) {
        j->failed = 1;
    }

    return node;
}


ngx_canonical_node_t *
ngx_erp_json_object(ngx_erp_json_t *j, ngx_canonical_node_t *parent,
    const char *name)
{
    return ngx_erp_json_add(j, parent, name, NGX_CANONICAL_OBJECT);
}


ngx_canonical_node_t *
ngx_erp_json_array(ngx_erp_json_t *j, ngx_canonical_node_t *parent,
    const char *name)
{
    return ngx_erp_json_add(j, parent, name, NGX_CANONICAL_ARRAY);
}


static ngx_canonical_node_t *
ngx_erp_json_add(ngx_erp_json_t *j, ngx_canonical_node_t *parent,
    const char *name, ngx_canonical_kind_e kind)
{
    ngx_canonical_node_t  *node;

    if (parent == NULL) {
        return NULL;
    }

    node = ngx_canonical_node(j->arena, kind);

    if (node == NULL) {
        j->failed = 1;
        return NULL;
    }

    if (name) {
        node->name = (u_char *) name;
        node->name_len = ngx_strlen(name);
    }

    ngx_canonical_append(parent, node);

    j->size += node->name_len + sizeof("\"\":\"\",") - 1;

    return node;
}


/* a byte that is not printed as itself is six of them at most */

static void
ngx_erp_json_set(ngx_erp_json_t *j, ngx_canonical_node_t *node, u_char *data,
    size_t len)
{
    size_t  i;

    node->data = data;
    node->len = len;

    j->size += len;

    for (i = 0; i < len; i++) {
        if (data[i] < 0x20 || data[i] >= 0x7f || data[i] == '"'
            || data[i] == '\\')
        {
            j->size += 5;
        }
    }
}


void
ngx_erp_json_text(ngx_erp_json_t *j, ngx_canonical_node_t *parent,
    const char *name, const char *text)
{
    ngx_canonical_node_t  *node;

    node = ngx_erp_json_add(j, parent, name, NGX_CANONICAL_STRING);

    if (node) {
        ngx_erp_json_set(j, node, (u_char *) text, ngx_strlen(text));
    }
}


void
ngx_erp_json_num(ngx_erp_json_t *j, ngx_canonical_node_t *parent,
    const char *name, uint64_t n)
{
    char                   digits[24];
    ngx_str_t              s;
    ngx_canonical_node_t  *node;

    node = ngx_erp_json_add(j, parent, name, NGX_CANONICAL_NUMBER);

    if (node == NULL) {
        return;
    }

    s.len = snprintf(digits, sizeof(digits), "%llu", (unsigned long long) n);
    s.data = (u_char *) digits;

    s.data = ngx_canonical_copy(j->arena, &s);

    if (s.data == NULL) {
        j->failed = 1;
        return;
    }

    ngx_erp_json_set(j, node, s.data, s.len);
}


void
ngx_erp_json_bool(ngx_erp_json_t *j, ngx_canonical_node_t *parent,
    const char *name, ngx_uint_t b)
{
    ngx_canonical_node_t  *node;

    node = ngx_erp_json_add(j, parent, name, NGX_CANONICAL_BOOLEAN);

    if (node) {
        ngx_erp_json_set(j, node, (u_char *) (b ? "true" : "false"),
                         b ? 4 : 5);
    }
}


void
ngx_erp_json_null(ngx_erp_json_t *j, ngx_canonical_node_t *parent,
    const char *name)
{
    (void) ngx_erp_json_add(j, parent, name, NGX_CANONICAL_NULL);
}


void
ngx_erp_json_str(ngx_erp_json_t *j, ngx_canonical_node_t *parent,
    const char *name, ngx_str_t *s)
{
    ngx_str_t              cut;
    ngx_canonical_node_t  *node;

    if (s->len == 0) {
        return;
    }

    cut = *s;
    ngx_erp_json_cut(&cut, NGX_ERP_JSON_STRING);

    node = ngx_erp_json_add(j, parent, name, NGX_CANONICAL_STRING);

    if (node == NULL) {
        return;
    }

    cut.data = ngx_canonical_copy(j->arena, &cut);

    if (cut.data == NULL) {
        j->failed = 1;
        return;
    }

    ngx_erp_json_set(j, node, cut.data, cut.len);
}


/* what is not UTF-8 is cut anywhere */

void
ngx_erp_json_cut(ngx_str_t *s, size_t max)
{
    size_t      len;
    ngx_uint_t  i;

    if (s->len <= max) {
        return;
    }

    len = max;

    for (i = 0; i < 3 && len && (s->data[len] & 0xc0) == 0x80; i++) {
        len--;
    }

    s->len = ((s->data[len] & 0xc0) == 0x80) ? max : len;
}


void
ngx_erp_json_time(ngx_erp_json_t *j, ngx_canonical_node_t *parent,
    const char *name, const char *ms_name, uint64_t ms)
{
    int        year, month, day;
    char       text[64];
    uint64_t   rest;
    ngx_str_t  s;

    if (ms == 0) {
        return;
    }

    if (ms <= NGX_ERP_JSON_TIME) {
        ngx_erp_json_date(ms / NGX_ERP_JSON_DAY, &year, &month, &day);

        rest = ms % NGX_ERP_JSON_DAY;

        s.len = snprintf(text, sizeof(text),
                         "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ",
                         year, month, day, (int) (rest / 3600000),
                         (int) (rest / 60000 % 60), (int) (rest / 1000 % 60),
                         (int) (rest % 1000));
        s.data = (u_char *) text;

        ngx_erp_json_str(j, parent, name, &s);
    }

    ngx_erp_json_num(j, parent, ms_name, ms);
}


/* days since the epoch, by the calendar of Gregory; a year begins in March */

static int64_t
ngx_erp_json_days(int64_t year, ngx_uint_t month, ngx_uint_t day)
{
    int64_t  y, m;

    y = (month > 2) ? year : year - 1;
    m = (month > 2) ? month - 3 : month + 9;

    return 365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day
           - 719469;
}


static void
ngx_erp_json_date(int64_t days, int *year, int *month, int *day)
{
    int64_t  y, rest, m;

    days += 719468;

    /* the estimate is one too high on the last days of a year */

    y = (10000 * days + 14780) / 3652425;
    rest = days - (365 * y + y / 4 - y / 100 + y / 400);

    if (rest < 0) {
        y--;
        rest = days - (365 * y + y / 4 - y / 100 + y / 400);
    }

    m = (5 * rest + 2) / 153;

    *day = (int) (rest - (153 * m + 2) / 5 + 1);
    *month = (int) ((m < 10) ? m + 3 : m - 9);
    *year = (int) ((m < 10) ? y : y + 1);
}


ngx_int_t
ngx_erp_json_ms(ngx_str_t *text, uint64_t *ms)
{
    int64_t                n;
    const char            *why;
    ngx_canonical_time_t   t;

    if (ngx_erp_json_digits(text, ms) == NGX_OK) {
        return NGX_OK;
    }

    if (ngx_canonical_time_read_iso(&t, text, &why) != NGX_OK
        || t.year < 1970)
    {
        return NGX_DECLINED;
    }

    n = ngx_erp_json_days(t.year, ngx_max(t.month, 1), ngx_max(t.day, 1));

    n = ((n * 24 + t.hour) * 60 + t.minute - (t.zoned ? t.offset : 0)) * 60
        + t.second;

    if (n < 0) {
        return NGX_DECLINED;
    }

    *ms = (uint64_t) n * 1000 + t.nanosecond / 1000000;

    return NGX_OK;
}


ngx_int_t
ngx_erp_json_digits(ngx_str_t *text, uint64_t *n)
{
    size_t    i;
    uint64_t  sum;

    /* 18 of them never overflow, and are a number of SQLite */

    if (text->len == 0 || text->len > 18) {
        return NGX_DECLINED;
    }

    sum = 0;

    for (i = 0; i < text->len; i++) {
        if (text->data[i] < '0' || text->data[i] > '9') {
            return NGX_DECLINED;
        }

        sum = sum * 10 + text->data[i] - '0';
    }

    *n = sum;

    return NGX_OK;
}


ngx_int_t
ngx_erp_json_print(ngx_erp_json_t *j, ngx_canonical_node_t *root,
    ngx_str_t *text)
{
    u_char  *p, *end;
    size_t   size;

    if (j->failed) {
        return NGX_ERROR;
    }

    size = ngx_canonical_print_size(root);

    p = ngx_canonical_bytes(j->arena, size);

    if (p == NULL) {
        return NGX_ERROR;
    }

    end = ngx_canonical_print(root, p);

    ngx_canonical_trim(j->arena, p + size, end);

    text->data = p;
    text->len = end - p;

    return NGX_OK;
}
