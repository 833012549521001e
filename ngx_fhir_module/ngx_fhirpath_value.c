
/*
 * FHIRPath: items as values of the system's types.
 */

#include "ngx_fhirpath_private.h"


static ngx_fhirpath_kind_e ngx_fhirpath_kind_untyped(
    ngx_canonical_node_t *node);
static size_t ngx_fhirpath_print_integer(int64_t n, u_char *out);


ngx_fhirpath_kind_e
ngx_fhirpath_kind(ngx_fhirpath_item_t *item)
{
    if (item->kind != NGX_FHIRPATH_NODE) {
        return item->kind;
    }

    if (!ngx_fhirpath_has_value(item->node)) {
        return NGX_FHIRPATH_NODE;
    }

    switch (item->type) {

    case NGX_FHIR_UNKNOWN:
        return ngx_fhirpath_kind_untyped(item->node);

    case NGX_FHIR_BOOLEAN:
        return NGX_FHIRPATH_BOOLEAN;

    case NGX_FHIR_INTEGER:
    case NGX_FHIR_UNSIGNED_INT:
    case NGX_FHIR_POSITIVE_INT:
        return NGX_FHIRPATH_INTEGER;

    case NGX_FHIR_DECIMAL:
        return NGX_FHIRPATH_DECIMAL;

    case NGX_FHIR_DATE:
        return NGX_FHIRPATH_DATE;

    case NGX_FHIR_DATETIME:
    case NGX_FHIR_INSTANT:
        return NGX_FHIRPATH_DATETIME;

    case NGX_FHIR_TIME:
        return NGX_FHIRPATH_TIME;

    default:
        return NGX_FHIRPATH_STRING;
    }
}


static ngx_fhirpath_kind_e
ngx_fhirpath_kind_untyped(ngx_canonical_node_t *node)
{
    uint32_t  i;

    if (node->kind == NGX_CANONICAL_BOOLEAN) {
        return NGX_FHIRPATH_BOOLEAN;
    }

    if (node->kind != NGX_CANONICAL_NUMBER) {
        return NGX_FHIRPATH_STRING;
    }

    for (i = 0; i < node->len; i++) {

        if (node->data[i] != '-'
            && (node->data[i] < '0' || node->data[i] > '9'))
        {
            return NGX_FHIRPATH_DECIMAL;
        }
    }

    return NGX_FHIRPATH_INTEGER;
}


ngx_int_t
ngx_fhirpath_as_integer(ngx_fhirpath_item_t *item, int64_t *n)
{
    ngx_str_t  text;

    if (item->kind == NGX_FHIRPATH_INTEGER) {
        *n = item->integer;
        return NGX_OK;
    }

    if (item->kind != NGX_FHIRPATH_NODE
        || ngx_fhirpath_as_string(item, &text) != NGX_OK)
    {
        return NGX_DECLINED;
    }

    return ngx_fhirpath_read_integer(&text, n);
}


ngx_int_t
ngx_fhirpath_as_decimal(ngx_fhirpath_item_t *item, ngx_canonical_decimal_t *d)
{
    ngx_str_t  text;

    if (item->kind == NGX_FHIRPATH_INTEGER) {
        d->units = item->integer;
        d->scale = 0;
        return NGX_OK;
    }

    if (item->kind == NGX_FHIRPATH_DECIMAL) {
        *d = *item->decimal;
        return NGX_OK;
    }

    if (item->kind != NGX_FHIRPATH_NODE
        || ngx_fhirpath_as_string(item, &text) != NGX_OK)
    {
        return NGX_DECLINED;
    }

    if (item->node->kind == NGX_CANONICAL_NUMBER) {
        return ngx_canonical_decimal_read(d, &text, 1);
    }

    return ngx_fhirpath_read_decimal(&text, d);
}


ngx_int_t
ngx_fhirpath_as_time(ngx_fhirpath_item_t *item, ngx_canonical_time_t *t)
{
    ngx_str_t    text;
    const char  *why;

    switch (item->kind) {

    case NGX_FHIRPATH_DATE:
    case NGX_FHIRPATH_DATETIME:
    case NGX_FHIRPATH_TIME:
        *t = item->time;
        return NGX_OK;

    case NGX_FHIRPATH_NODE:
        if (ngx_fhirpath_as_string(item, &text) != NGX_OK) {
            return NGX_DECLINED;
        }

        return ngx_canonical_time_read_iso(t, &text, &why);

    default:
        return NGX_DECLINED;
    }
}


ngx_int_t
ngx_fhirpath_as_string(ngx_fhirpath_item_t *item, ngx_str_t *s)
{
    if (item->kind == NGX_FHIRPATH_STRING) {
        *s = item->string;
        return NGX_OK;
    }

    if (item->kind != NGX_FHIRPATH_NODE || !ngx_fhirpath_has_value(item->node))
    {
        ngx_str_null(s);
        return NGX_DECLINED;
    }

    s->len = item->node->len;
    s->data = s->len ? item->node->data : (u_char *) "";

    return NGX_OK;
}


ngx_int_t
ngx_fhirpath_read_integer(ngx_str_t *text, int64_t *n)
{
    u_char      *p, *last;
    int64_t      value;
    ngx_uint_t   minus;

    p = text->data;
    last = p + text->len;
    minus = (p < last && *p == '-');

    if (p < last && (*p == '-' || *p == '+')) {
        p++;
    }

    if (p == last) {
        return NGX_DECLINED;
    }

    /* downwards: there is one negative number more */

    for (value = 0; p < last; p++) {

        if (*p < '0' || *p > '9'
            || __builtin_mul_overflow(value, 10, &value)
            || __builtin_sub_overflow(value, *p - '0', &value))
        {
            return NGX_DECLINED;
        }
    }

    if (!minus && __builtin_sub_overflow((int64_t) 0, value, &value)) {
        return NGX_DECLINED;
    }

    *n = value;

    return NGX_OK;
}


/* a digit on each side of the point, other than HL7 v2 */

ngx_int_t
ngx_fhirpath_read_decimal(ngx_str_t *text, ngx_canonical_decimal_t *d)
{
    u_char  *p, *last;

    p = text->data;
    last = p + text->len;

    if (p < last && (*p == '-' || *p == '+')) {
        p++;
    }

    if (p == last || *p == '.' || last[-1] == '.') {
        return NGX_DECLINED;
    }

    return ngx_canonical_decimal_read(d, text, 0);
}


ngx_uint_t
ngx_fhirpath_loose(ngx_fhirpath_item_t *item)
{
    return item->kind == NGX_FHIRPATH_NODE && item->type == 0
           && item->node->kind == NGX_CANONICAL_STRING;
}


ngx_int_t
ngx_fhirpath_text(ngx_fhirpath_item_t *item, ngx_canonical_arena_t *a,
    ngx_str_t *text)
{
    u_char                buf[NGX_CANONICAL_DECIMAL_LEN], *p;
    ngx_canonical_time_t  t;

    switch (item->kind) {

    case NGX_FHIRPATH_NODE:
    case NGX_FHIRPATH_STRING:
        return ngx_fhirpath_as_string(item, text);

    case NGX_FHIRPATH_BOOLEAN:
        if (item->boolean) {
            ngx_str_set(text, "true");

        } else {
            ngx_str_set(text, "false");
        }

        return NGX_OK;

    case NGX_FHIRPATH_INTEGER:
        p = buf + ngx_fhirpath_print_integer(item->integer, buf);
        break;

    case NGX_FHIRPATH_DECIMAL:
        p = ngx_canonical_decimal_print(item->decimal, buf);
        break;

    case NGX_FHIRPATH_DATE:
        t = item->time;
        p = ngx_canonical_time_print_date(&t, buf);
        break;

    case NGX_FHIRPATH_DATETIME:
        t = item->time;
        p = ngx_canonical_time_print(&t, buf);
        break;

    default:
        t = item->time;
        p = ngx_canonical_time_print_tod(&t, buf);
    }

    text->data = buf;
    text->len = p - buf;

    text->data = ngx_canonical_copy(a, text);

    return text->data ? NGX_OK : NGX_ERROR;
}


static size_t
ngx_fhirpath_print_integer(int64_t n, u_char *out)
{
    u_char     digits[NGX_INT64_LEN], *p;
    size_t     len;
    uint64_t   u;

    u = (n < 0) ? - (uint64_t) n : (uint64_t) n;
    p = digits + sizeof(digits);

    do {
        *--p = (u_char) ('0' + u % 10);
        u /= 10;
    } while (u);

    if (n < 0) {
        *--p = '-';
    }

    len = digits + sizeof(digits) - p;
    ngx_memcpy(out, p, len);

    return len;
}
