
/*
 * FHIRPath: "+", "-", "*", "/".  What has no result, as a division by zero, is
 * an empty collection.
 */

#include "ngx_fhirpath_private.h"


static ngx_int_t ngx_fhirpath_math_strings(ngx_fhirpath_run_t *run,
    ngx_fhirpath_item_t *a, ngx_fhirpath_item_t *b);
static ngx_int_t ngx_fhirpath_math_integers(ngx_fhirpath_run_t *run,
    ngx_uint_t op, int64_t m, int64_t n, ngx_canonical_node_t *node);
static ngx_int_t ngx_fhirpath_math_decimals(ngx_fhirpath_run_t *run,
    ngx_uint_t op, ngx_canonical_decimal_t *d, ngx_canonical_decimal_t *e,
    ngx_canonical_node_t *node);
static ngx_uint_t ngx_fhirpath_is_integer(ngx_fhirpath_item_t *item,
    int64_t *n);


ngx_int_t
ngx_fhirpath_math(ngx_fhirpath_run_t *run, ngx_fhirpath_op_t *op,
    ngx_fhirpath_item_t *a, ngx_fhirpath_item_t *b)
{
    int64_t                   m, n;
    ngx_canonical_node_t     *node;
    ngx_canonical_decimal_t   d, e;

    node = a->node ? a->node : b->node;

    if (op->op == '+' && ngx_fhirpath_kind(a) == NGX_FHIRPATH_STRING
        && ngx_fhirpath_kind(b) == NGX_FHIRPATH_STRING)
    {
        return ngx_fhirpath_math_strings(run, a, b);
    }

    if (op->op != '/' && ngx_fhirpath_is_integer(a, &m)
        && ngx_fhirpath_is_integer(b, &n))
    {
        return ngx_fhirpath_math_integers(run, op->op, m, n, node);
    }

    if (!ngx_fhirpath_is_number(a) || !ngx_fhirpath_is_number(b)
        || ngx_fhirpath_as_decimal(a, &d) != NGX_OK
        || ngx_fhirpath_as_decimal(b, &e) != NGX_OK)
    {
        return ngx_fhirpath_fail(run, "the operands are no numbers", node);
    }

    return ngx_fhirpath_math_decimals(run, op->op, &d, &e, node);
}


static ngx_int_t
ngx_fhirpath_math_strings(ngx_fhirpath_run_t *run, ngx_fhirpath_item_t *a,
    ngx_fhirpath_item_t *b)
{
    u_char     *p;
    ngx_str_t   s, t;

    (void) ngx_fhirpath_as_string(a, &s);
    (void) ngx_fhirpath_as_string(b, &t);

    p = ngx_canonical_bytes(run->ctx->arena, s.len + t.len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(ngx_cpymem(p, s.data, s.len), t.data, t.len);

    return ngx_fhirpath_push_string(run, p, s.len + t.len,
                                    a->node ? a->node : b->node);
}


static ngx_int_t
ngx_fhirpath_math_integers(ngx_fhirpath_run_t *run, ngx_uint_t op, int64_t m,
    int64_t n, ngx_canonical_node_t *node)
{
    int64_t     result;
    ngx_uint_t  overflow;

    switch (op) {

    case '+':
        overflow = __builtin_add_overflow(m, n, &result);
        break;

    case '-':
        overflow = __builtin_sub_overflow(m, n, &result);
        break;

    default:
        overflow = __builtin_mul_overflow(m, n, &result);
    }

    return overflow ? NGX_OK : ngx_fhirpath_push_integer(run, result, node);
}


static ngx_int_t
ngx_fhirpath_math_decimals(ngx_fhirpath_run_t *run, ngx_uint_t op,
    ngx_canonical_decimal_t *d, ngx_canonical_decimal_t *e,
    ngx_canonical_node_t *node)
{
    ngx_int_t  rc;

    switch (op) {

    case '+':
        rc = ngx_canonical_decimal_add(d, d, e);
        break;

    case '-':
        rc = ngx_canonical_decimal_sub(d, d, e);
        break;

    case '*':
        rc = ngx_canonical_decimal_mul(d, d, e);
        break;

    default:
        rc = ngx_canonical_decimal_div(d, d, e);
    }

    return (rc == NGX_OK) ? ngx_fhirpath_push_decimal(run, d, node) : NGX_OK;
}


ngx_int_t
ngx_fhirpath_eval_sign(ngx_fhirpath_run_t *run, ngx_fhirpath_op_t *op)
{
    int64_t                  n;
    ngx_int_t                rc;
    ngx_fhirpath_item_t      item;
    ngx_canonical_decimal_t  d;

    rc = ngx_fhirpath_operand(run, op->input, &item);

    if (rc != NGX_OK) {
        return (rc == NGX_DONE) ? NGX_OK : rc;
    }

    if (ngx_fhirpath_is_integer(&item, &n)) {

        if (op->op == '+') {
            return ngx_fhirpath_push_integer(run, n, item.node);
        }

        return ngx_fhirpath_math_integers(run, '-', 0, n, item.node);
    }

    if (!ngx_fhirpath_is_number(&item)
        || ngx_fhirpath_as_decimal(&item, &d) != NGX_OK)
    {
        return ngx_fhirpath_fail(run, "the operand is no number", item.node);
    }

    if (op->op == '-') {
        d.units = -d.units;
    }

    return ngx_fhirpath_push_decimal(run, &d, item.node);
}


/* an integer, or the text of one that has no type */

static ngx_uint_t
ngx_fhirpath_is_integer(ngx_fhirpath_item_t *item, int64_t *n)
{
    return (ngx_fhirpath_kind(item) == NGX_FHIRPATH_INTEGER
            || ngx_fhirpath_loose(item))
           && ngx_fhirpath_as_integer(item, n) == NGX_OK;
}


ngx_uint_t
ngx_fhirpath_is_number(ngx_fhirpath_item_t *item)
{
    ngx_fhirpath_kind_e  kind;

    kind = ngx_fhirpath_kind(item);

    return kind == NGX_FHIRPATH_INTEGER || kind == NGX_FHIRPATH_DECIMAL
           || ngx_fhirpath_loose(item);
}
