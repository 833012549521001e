
/*
 * FHIRPath: "=", "<", "in" and their like.
 */

#include "ngx_fhirpath_private.h"


static ngx_int_t ngx_fhirpath_equal_all(ngx_fhirpath_run_t *run,
    ngx_fhirpath_item_t *a, ngx_fhirpath_item_t *b, ngx_uint_t n,
    ngx_fhirpath_truth_e *truth);
static ngx_fhirpath_truth_e ngx_fhirpath_equal_value(ngx_fhirpath_item_t *a,
    ngx_fhirpath_item_t *b, ngx_fhirpath_kind_e kind,
    ngx_fhirpath_kind_e other);
static ngx_fhirpath_truth_e ngx_fhirpath_equal_boolean(
    ngx_fhirpath_item_t *a, ngx_fhirpath_item_t *b);
static ngx_int_t ngx_fhirpath_compare(ngx_fhirpath_item_t *a,
    ngx_fhirpath_item_t *b, ngx_fhirpath_class_e class, ngx_int_t *order);
static ngx_int_t ngx_fhirpath_compare_numbers(ngx_fhirpath_item_t *a,
    ngx_fhirpath_item_t *b, ngx_int_t *order);
static ngx_int_t ngx_fhirpath_compare_times(ngx_fhirpath_item_t *a,
    ngx_fhirpath_item_t *b, ngx_int_t *order);
static ngx_int_t ngx_fhirpath_compare_strings(ngx_fhirpath_item_t *a,
    ngx_fhirpath_item_t *b, ngx_int_t *order);
static ngx_int_t ngx_fhirpath_deep(ngx_fhirpath_run_t *run,
    ngx_fhirpath_item_t *a, ngx_fhirpath_item_t *b,
    ngx_fhirpath_truth_e *truth);
static ngx_int_t ngx_fhirpath_deep_member(ngx_fhirpath_run_t *run,
    ngx_canonical_node_t *a, ngx_canonical_node_t *b, ngx_uint_t type,
    ngx_fhirpath_truth_e *truth);
static ngx_fhirpath_class_e ngx_fhirpath_kind_class(ngx_fhirpath_kind_e kind);


ngx_int_t
ngx_fhirpath_test_equal(ngx_fhirpath_run_t *run, ngx_fhirpath_op_t *op,
    ngx_fhirpath_truth_e *truth)
{
    ngx_int_t             rc;
    ngx_uint_t            mark, middle, n;
    ngx_fhirpath_op_t    *right;
    ngx_fhirpath_item_t  *b;

    *truth = NGX_FHIRPATH_UNKNOWN;

    right = op->args[0];
    mark = run->n;

    rc = op->input->eval(run, op->input);
    if (rc != NGX_OK) {
        return rc;
    }

    middle = run->n;

    if (right->id == NGX_FHIRPATH_LITERAL) {
        b = &right->literal;
        n = 1;

    } else {
        rc = right->eval(run, right);
        if (rc != NGX_OK) {
            return rc;
        }

        b = run->stack + middle;
        n = run->n - middle;
    }

    run->n = mark;

    if (middle == mark || n == 0) {
        return NGX_OK;
    }

    if (middle - mark != n) {
        *truth = NGX_FHIRPATH_NO;

    } else {
        rc = ngx_fhirpath_equal_all(run, run->stack + mark, b, n, truth);
    }

    if (op->op == NGX_FHIRPATH_OP_NE && *truth != NGX_FHIRPATH_UNKNOWN) {
        *truth = (*truth == NGX_FHIRPATH_YES) ? NGX_FHIRPATH_NO
                                              : NGX_FHIRPATH_YES;
    }

    return rc;
}


/* nothing is put on the stack meanwhile */

static ngx_int_t
ngx_fhirpath_equal_all(ngx_fhirpath_run_t *run, ngx_fhirpath_item_t *a,
    ngx_fhirpath_item_t *b, ngx_uint_t n, ngx_fhirpath_truth_e *truth)
{
    ngx_int_t             rc;
    ngx_uint_t            i;
    ngx_fhirpath_truth_e  equal;

    *truth = NGX_FHIRPATH_YES;

    for (i = 0; i < n; i++) {

        rc = ngx_fhirpath_equal(run, &a[i], &b[i], &equal);
        if (rc != NGX_OK) {
            return rc;
        }

        if (equal == NGX_FHIRPATH_NO) {
            *truth = NGX_FHIRPATH_NO;
            return NGX_OK;
        }

        if (equal == NGX_FHIRPATH_UNKNOWN) {
            *truth = NGX_FHIRPATH_UNKNOWN;
        }
    }

    return NGX_OK;
}


ngx_int_t
ngx_fhirpath_test_member(ngx_fhirpath_run_t *run, ngx_fhirpath_op_t *op,
    ngx_fhirpath_truth_e *truth)
{
    ngx_int_t             rc;
    ngx_uint_t            i, mark, top;
    ngx_fhirpath_op_t    *one, *all;
    ngx_fhirpath_item_t   item;

    *truth = NGX_FHIRPATH_UNKNOWN;

    one = (op->op == NGX_FHIRPATH_OP_IN) ? op->input : op->args[0];
    all = (op->op == NGX_FHIRPATH_OP_IN) ? op->args[0] : op->input;

    rc = ngx_fhirpath_operand(run, one, &item);

    if (rc != NGX_OK) {
        return (rc == NGX_DONE) ? NGX_OK : rc;
    }

    mark = run->n;

    rc = all->eval(run, all);
    if (rc != NGX_OK) {
        return rc;
    }

    top = run->n;
    run->n = mark;

    for (i = mark; i < top; i++) {

        rc = ngx_fhirpath_equal(run, &item, &run->stack[i], truth);

        if (rc != NGX_OK || *truth == NGX_FHIRPATH_YES) {
            return rc;
        }
    }

    *truth = NGX_FHIRPATH_NO;

    return NGX_OK;
}


/*
 * A text without a type ("5" of an XML document) is what it is compared with,
 * if that is no such text.
 */

ngx_int_t
ngx_fhirpath_equal(ngx_fhirpath_run_t *run, ngx_fhirpath_item_t *a,
    ngx_fhirpath_item_t *b, ngx_fhirpath_truth_e *truth)
{
    ngx_str_t            s, t;
    ngx_fhirpath_kind_e  kind, other;

    if (--run->steps < 0) {
        return ngx_fhirpath_work(run, 0);
    }

    kind = ngx_fhirpath_kind(a);
    other = ngx_fhirpath_kind(b);

    if (kind == NGX_FHIRPATH_STRING && other == NGX_FHIRPATH_STRING) {
        (void) ngx_fhirpath_as_string(a, &s);
        (void) ngx_fhirpath_as_string(b, &t);

        *truth = (s.len == t.len && ngx_memcmp(s.data, t.data, s.len) == 0)
                 ? NGX_FHIRPATH_YES : NGX_FHIRPATH_NO;
        return NGX_OK;
    }

    if (kind == NGX_FHIRPATH_NODE && other == NGX_FHIRPATH_NODE) {
        return ngx_fhirpath_deep(run, a, b, truth);
    }

    *truth = NGX_FHIRPATH_NO;

    if (kind != NGX_FHIRPATH_NODE && other != NGX_FHIRPATH_NODE) {
        *truth = ngx_fhirpath_equal_value(a, b, kind, other);
    }

    return NGX_OK;
}


static ngx_fhirpath_truth_e
ngx_fhirpath_equal_value(ngx_fhirpath_item_t *a, ngx_fhirpath_item_t *b,
    ngx_fhirpath_kind_e kind, ngx_fhirpath_kind_e other)
{
    ngx_int_t             rc, order;
    ngx_fhirpath_class_e  class;

    class = ngx_fhirpath_kind_class(ngx_fhirpath_loose(a) ? other : kind);

    if (class != ngx_fhirpath_kind_class(ngx_fhirpath_loose(b) ? kind : other))
    {
        return NGX_FHIRPATH_NO;
    }

    if (class == NGX_FHIRPATH_CLASS_BOOLEAN) {
        return ngx_fhirpath_equal_boolean(a, b);
    }

    rc = ngx_fhirpath_compare(a, b, class, &order);

    if (rc == NGX_DONE) {
        return NGX_FHIRPATH_UNKNOWN;
    }

    return (rc == NGX_OK && order == 0) ? NGX_FHIRPATH_YES : NGX_FHIRPATH_NO;
}


static ngx_fhirpath_truth_e
ngx_fhirpath_equal_boolean(ngx_fhirpath_item_t *a, ngx_fhirpath_item_t *b)
{
    ngx_uint_t            i, value[2];
    ngx_str_t             text;
    ngx_fhirpath_item_t  *item;

    for (i = 0; i < 2; i++) {
        item = i ? b : a;

        if (item->kind == NGX_FHIRPATH_BOOLEAN) {
            value[i] = item->boolean;

        } else if (ngx_fhirpath_as_string(item, &text) == NGX_OK
                   && text.len == 4 && ngx_memcmp(text.data, "true", 4) == 0)
        {
            value[i] = 1;

        } else if (ngx_fhirpath_as_string(item, &text) == NGX_OK
                   && text.len == 5 && ngx_memcmp(text.data, "false", 5) == 0)
        {
            value[i] = 0;

        } else {
            return NGX_FHIRPATH_NO;
        }
    }

    return (value[0] == value[1]) ? NGX_FHIRPATH_YES : NGX_FHIRPATH_NO;
}


ngx_int_t
ngx_fhirpath_order(ngx_fhirpath_run_t *run, ngx_uint_t op,
    ngx_fhirpath_item_t *a, ngx_fhirpath_item_t *b,
    ngx_fhirpath_truth_e *truth)
{
    ngx_int_t             rc, order;
    ngx_uint_t            yes;
    ngx_fhirpath_kind_e   kind, other;
    ngx_fhirpath_class_e  class;

    kind = ngx_fhirpath_kind(a);
    other = ngx_fhirpath_kind(b);

    class = ngx_fhirpath_kind_class(ngx_fhirpath_loose(a) ? other : kind);

    if (class != ngx_fhirpath_kind_class(ngx_fhirpath_loose(b) ? kind : other)
        || class >= NGX_FHIRPATH_CLASS_BOOLEAN)
    {
        return ngx_fhirpath_fail(run, "these values cannot be compared",
                                 a->node ? a->node : b->node);
    }

    rc = ngx_fhirpath_compare(a, b, class, &order);

    if (rc == NGX_DONE) {
        return NGX_OK;
    }

    if (rc != NGX_OK) {
        return ngx_fhirpath_fail(run, "these values cannot be compared",
                                 a->node ? a->node : b->node);
    }

    switch (op) {

    case '<':
        yes = (order < 0);
        break;

    case '>':
        yes = (order > 0);
        break;

    case NGX_FHIRPATH_OP_LE:
        yes = (order <= 0);
        break;

    default:
        yes = (order >= 0);
    }

    *truth = yes ? NGX_FHIRPATH_YES : NGX_FHIRPATH_NO;

    return NGX_OK;
}


/* NGX_DONE: unknown; NGX_DECLINED: one of them is not what its type says */

static ngx_int_t
ngx_fhirpath_compare(ngx_fhirpath_item_t *a, ngx_fhirpath_item_t *b,
    ngx_fhirpath_class_e class, ngx_int_t *order)
{
    switch (class) {

    case NGX_FHIRPATH_CLASS_NUMBER:
        return ngx_fhirpath_compare_numbers(a, b, order);

    case NGX_FHIRPATH_CLASS_DATE:
    case NGX_FHIRPATH_CLASS_TIME:
        return ngx_fhirpath_compare_times(a, b, order);

    default:
        return ngx_fhirpath_compare_strings(a, b, order);
    }
}


static ngx_int_t
ngx_fhirpath_compare_numbers(ngx_fhirpath_item_t *a, ngx_fhirpath_item_t *b,
    ngx_int_t *order)
{
    int64_t                  m, n;
    ngx_canonical_decimal_t  d, e;

    if (ngx_fhirpath_as_integer(a, &m) == NGX_OK
        && ngx_fhirpath_as_integer(b, &n) == NGX_OK)
    {
        *order = (m > n) - (m < n);
        return NGX_OK;
    }

    if (ngx_fhirpath_as_decimal(a, &d) != NGX_OK
        || ngx_fhirpath_as_decimal(b, &e) != NGX_OK)
    {
        return NGX_DECLINED;
    }

    *order = ngx_canonical_decimal_cmp(&d, &e);

    return NGX_OK;
}


static ngx_int_t
ngx_fhirpath_compare_times(ngx_fhirpath_item_t *a, ngx_fhirpath_item_t *b,
    ngx_int_t *order)
{
    ngx_canonical_time_t  t, u;

    if (ngx_fhirpath_as_time(a, &t) != NGX_OK
        || ngx_fhirpath_as_time(b, &u) != NGX_OK
        || (t.year == 0) != (u.year == 0))
    {
        return NGX_DECLINED;
    }

    return (ngx_canonical_time_cmp(&t, &u, order) == NGX_OK) ? NGX_OK
                                                             : NGX_DONE;
}


static ngx_int_t
ngx_fhirpath_compare_strings(ngx_fhirpath_item_t *a, ngx_fhirpath_item_t *b,
    ngx_int_t *order)
{
    int        rc;
    ngx_str_t  s, t;

    if (ngx_fhirpath_as_string(a, &s) != NGX_OK
        || ngx_fhirpath_as_string(b, &t) != NGX_OK)
    {
        return NGX_DECLINED;
    }

    rc = ngx_memcmp(s.data, t.data, ngx_min(s.len, t.len));

    if (rc == 0) {
        *order = (s.len > t.len) - (s.len < t.len);

    } else {
        *order = (rc > 0) ? 1 : -1;
    }

    return NGX_OK;
}


/*
 * Containers: the same members, in whatever order.  Recursion is bounded by
 * the depth that the reader of the body let pass.
 */

static ngx_int_t
ngx_fhirpath_deep(ngx_fhirpath_run_t *run, ngx_fhirpath_item_t *a,
    ngx_fhirpath_item_t *b, ngx_fhirpath_truth_e *truth)
{
    ngx_int_t              rc;
    ngx_str_t              name;
    ngx_fhir_element_t    *e;
    ngx_canonical_node_t  *m, *n, *other;
    ngx_fhirpath_truth_e   equal;

    *truth = NGX_FHIRPATH_YES;

    if (a->node == b->node) {
        return NGX_OK;
    }

    if (a->node->kind != b->node->kind) {
        *truth = NGX_FHIRPATH_NO;
        return NGX_OK;
    }

    if (a->node->kind == NGX_CANONICAL_ARRAY) {
        return ngx_fhirpath_deep_member(run, a->node, b->node, 0, truth);
    }

    n = b->node->first;

    for (m = a->node->first; m && n; m = m->next, n = n->next) {

        name.data = m->name;
        name.len = m->name_len;
        other = n;

        if (n->name_len != name.len
            || ngx_memcmp(n->name, name.data, name.len) != 0)
        {
            other = ngx_fhirpath_member(run, b->node, &name);

            if (other == NULL) {
                break;
            }
        }

        e = a->type ? ngx_fhir_element(a->type, name.data, name.len) : NULL;

        rc = ngx_fhirpath_deep_member(run, m, other, e ? e->type : 0, &equal);
        if (rc != NGX_OK) {
            return rc;
        }

        if (equal == NGX_FHIRPATH_NO) {
            *truth = NGX_FHIRPATH_NO;
            return NGX_OK;
        }

        if (equal == NGX_FHIRPATH_UNKNOWN) {
            *truth = NGX_FHIRPATH_UNKNOWN;
        }
    }

    if (m || n) {
        *truth = NGX_FHIRPATH_NO;
    }

    return NGX_OK;
}


/* an element, or the elements of an array in their order */

static ngx_int_t
ngx_fhirpath_deep_member(ngx_fhirpath_run_t *run, ngx_canonical_node_t *a,
    ngx_canonical_node_t *b, ngx_uint_t type, ngx_fhirpath_truth_e *truth)
{
    ngx_int_t              rc;
    ngx_fhirpath_item_t    x, y;
    ngx_fhirpath_truth_e   equal;

    if (a->kind != NGX_CANONICAL_ARRAY || b->kind != NGX_CANONICAL_ARRAY) {
        ngx_fhirpath_node(&x, a, type);
        ngx_fhirpath_node(&y, b, type);

        return ngx_fhirpath_equal(run, &x, &y, truth);
    }

    *truth = NGX_FHIRPATH_YES;

    for (a = a->first, b = b->first; a && b; a = a->next, b = b->next) {

        rc = ngx_fhirpath_deep_member(run, a, b, type, &equal);
        if (rc != NGX_OK) {
            return rc;
        }

        if (equal != NGX_FHIRPATH_YES) {
            *truth = equal;
        }

        if (equal == NGX_FHIRPATH_NO) {
            return NGX_OK;
        }
    }

    if (a || b) {
        *truth = NGX_FHIRPATH_NO;
    }

    return NGX_OK;
}


static ngx_fhirpath_class_e
ngx_fhirpath_kind_class(ngx_fhirpath_kind_e kind)
{
    ngx_fhirpath_static_t  s;

    if (kind == NGX_FHIRPATH_NODE) {
        return NGX_FHIRPATH_CLASS_COMPLEX;
    }

    s.kind = kind;
    s.type = 0;

    return ngx_fhirpath_class(&s);
}
