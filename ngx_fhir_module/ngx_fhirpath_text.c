
/*
 * FHIRPath: the functions on strings.  Indices and lengths count characters.
 */

#include "ngx_fhirpath_private.h"


static ngx_int_t ngx_fhirpath_input(ngx_fhirpath_run_t *run,
    ngx_fhirpath_op_t *op, ngx_str_t *s, ngx_canonical_node_t **node);
static ngx_int_t ngx_fhirpath_argument_string(ngx_fhirpath_run_t *run,
    ngx_fhirpath_op_t *op, ngx_str_t *s);
static ngx_int_t ngx_fhirpath_argument_integer(ngx_fhirpath_run_t *run,
    ngx_fhirpath_op_t *op, int64_t *n);
static ngx_int_t ngx_fhirpath_two(ngx_fhirpath_run_t *run,
    ngx_fhirpath_op_t *op, ngx_str_t *s, ngx_str_t *arg,
    ngx_canonical_node_t **node);
static u_char *ngx_fhirpath_search_string(u_char *p, u_char *end,
    ngx_str_t *what);
static ngx_uint_t ngx_fhirpath_characters(u_char *p, u_char *end);
static u_char *ngx_fhirpath_advance(u_char *p, u_char *end, int64_t n);
static ngx_int_t ngx_fhirpath_replace(ngx_fhirpath_run_t *run, ngx_str_t *s,
    ngx_str_t *what, ngx_str_t *with, ngx_canonical_node_t *node);
static u_char *ngx_fhirpath_replace_next(u_char *p, u_char *end,
    ngx_str_t *what, ngx_uint_t first);
static ngx_uint_t ngx_fhirpath_is_space(u_char ch);


/* NGX_DONE: it is empty, and so is the result */

static ngx_int_t
ngx_fhirpath_input(ngx_fhirpath_run_t *run, ngx_fhirpath_op_t *op,
    ngx_str_t *s, ngx_canonical_node_t **node)
{
    ngx_int_t            rc;
    ngx_fhirpath_item_t  item;

    rc = ngx_fhirpath_operand(run, op->input, &item);
    if (rc != NGX_OK) {
        return rc;
    }

    *node = item.node;

    if (ngx_fhirpath_as_string(&item, s) == NGX_OK) {
        return NGX_OK;
    }

    /* a primitive without a value */

    if (item.kind == NGX_FHIRPATH_NODE
        && (item.node->kind == NGX_CANONICAL_NONE
            || item.node->kind == NGX_CANONICAL_NULL))
    {
        return NGX_DONE;
    }

    return ngx_fhirpath_fail(run, "a string is needed", item.node);
}


static ngx_int_t
ngx_fhirpath_argument_string(ngx_fhirpath_run_t *run, ngx_fhirpath_op_t *op,
    ngx_str_t *s)
{
    ngx_int_t            rc;
    ngx_fhirpath_item_t  item;

    rc = ngx_fhirpath_operand(run, op, &item);

    if (rc == NGX_OK && ngx_fhirpath_as_string(&item, s) != NGX_OK) {
        return ngx_fhirpath_fail(run, "the argument is no string", item.node);
    }

    return rc;
}


static ngx_int_t
ngx_fhirpath_argument_integer(ngx_fhirpath_run_t *run, ngx_fhirpath_op_t *op,
    int64_t *n)
{
    ngx_int_t            rc;
    ngx_fhirpath_item_t  item;

    rc = ngx_fhirpath_operand(run, op, &item);

    if (rc == NGX_OK && ngx_fhirpath_as_integer(&item, n) != NGX_OK) {
        return ngx_fhirpath_fail(run, "the argument is no integer", item.node);
    }

    return rc;
}


/* the input and the first argument */

static ngx_int_t
ngx_fhirpath_two(ngx_fhirpath_run_t *run, ngx_fhirpath_op_t *op, ngx_str_t *s,
    ngx_str_t *arg, ngx_canonical_node_t **node)
{
    ngx_int_t  rc;

    rc = ngx_fhirpath_input(run, op, s, node);

    return (rc == NGX_OK)
           ? ngx_fhirpath_argument_string(run, op->args[0], arg) : rc;
}


ngx_int_t
ngx_fhirpath_test_start(ngx_fhirpath_run_t *run, ngx_fhirpath_op_t *op,
    ngx_fhirpath_truth_e *truth)
{
    ngx_int_t              rc;
    ngx_str_t              s, what;
    ngx_canonical_node_t  *node;

    *truth = NGX_FHIRPATH_UNKNOWN;

    rc = ngx_fhirpath_two(run, op, &s, &what, &node);

    if (rc != NGX_OK) {
        return (rc == NGX_DONE) ? NGX_OK : rc;
    }

    *truth = (s.len >= what.len
              && ngx_memcmp(s.data, what.data, what.len) == 0)
             ? NGX_FHIRPATH_YES : NGX_FHIRPATH_NO;

    return NGX_OK;
}


ngx_int_t
ngx_fhirpath_test_end(ngx_fhirpath_run_t *run, ngx_fhirpath_op_t *op,
    ngx_fhirpath_truth_e *truth)
{
    ngx_int_t              rc;
    ngx_str_t              s, what;
    ngx_canonical_node_t  *node;

    *truth = NGX_FHIRPATH_UNKNOWN;

    rc = ngx_fhirpath_two(run, op, &s, &what, &node);

    if (rc != NGX_OK) {
        return (rc == NGX_DONE) ? NGX_OK : rc;
    }

    *truth = (s.len >= what.len
              && ngx_memcmp(s.data + s.len - what.len, what.data, what.len)
                 == 0)
             ? NGX_FHIRPATH_YES : NGX_FHIRPATH_NO;

    return NGX_OK;
}


ngx_int_t
ngx_fhirpath_test_within(ngx_fhirpath_run_t *run, ngx_fhirpath_op_t *op,
    ngx_fhirpath_truth_e *truth)
{
    ngx_int_t              rc;
    ngx_str_t              s, what;
    ngx_canonical_node_t  *node;

    *truth = NGX_FHIRPATH_UNKNOWN;

    rc = ngx_fhirpath_two(run, op, &s, &what, &node);

    if (rc != NGX_OK) {
        return (rc == NGX_DONE) ? NGX_OK : rc;
    }

    *truth = ngx_fhirpath_search_string(s.data, s.data + s.len, &what)
             ? NGX_FHIRPATH_YES : NGX_FHIRPATH_NO;

    return NGX_OK;
}


ngx_int_t
ngx_fhirpath_test_matches(ngx_fhirpath_run_t *run, ngx_fhirpath_op_t *op,
    ngx_fhirpath_truth_e *truth)
{
    ngx_int_t              rc;
    ngx_str_t              s;
    ngx_canonical_node_t  *node;

    *truth = NGX_FHIRPATH_UNKNOWN;

    rc = ngx_fhirpath_input(run, op, &s, &node);

    if (rc == NGX_DONE || (rc == NGX_OK && op->regex == NULL)) {
        return NGX_OK;
    }

    if (rc != NGX_OK) {
        return rc;
    }

    rc = ngx_canonical_regex_match(op->regex, &s);

    if (rc == NGX_ERROR) {
        return ngx_fhirpath_fail(run, "the pattern takes too many steps",
                                 node);
    }

    *truth = (rc == NGX_OK) ? NGX_FHIRPATH_YES : NGX_FHIRPATH_NO;

    return NGX_OK;
}


ngx_int_t
ngx_fhirpath_eval_indexof(ngx_fhirpath_run_t *run, ngx_fhirpath_op_t *op)
{
    u_char                *p;
    int64_t                n;
    ngx_int_t              rc;
    ngx_str_t              s, what;
    ngx_canonical_node_t  *node;

    rc = ngx_fhirpath_two(run, op, &s, &what, &node);

    if (rc != NGX_OK) {
        return (rc == NGX_DONE) ? NGX_OK : rc;
    }

    p = ngx_fhirpath_search_string(s.data, s.data + s.len, &what);
    n = p ? (int64_t) ngx_fhirpath_characters(s.data, p) : -1;

    return ngx_fhirpath_push_integer(run, n, node);
}


ngx_int_t
ngx_fhirpath_eval_length(ngx_fhirpath_run_t *run, ngx_fhirpath_op_t *op)
{
    int64_t                n;
    ngx_int_t              rc;
    ngx_str_t              s;
    ngx_canonical_node_t  *node;

    rc = ngx_fhirpath_input(run, op, &s, &node);

    if (rc != NGX_OK) {
        return (rc == NGX_DONE) ? NGX_OK : rc;
    }

    n = (int64_t) ngx_fhirpath_characters(s.data, s.data + s.len);

    return ngx_fhirpath_push_integer(run, n, node);
}


/* a part of the string, nothing is copied */

ngx_int_t
ngx_fhirpath_eval_substring(ngx_fhirpath_run_t *run, ngx_fhirpath_op_t *op)
{
    u_char                *p, *end, *last;
    int64_t                start, length;
    ngx_int_t              rc;
    ngx_str_t              s;
    ngx_canonical_node_t  *node;

    start = -1;

    rc = ngx_fhirpath_input(run, op, &s, &node);

    if (rc == NGX_OK) {
        rc = ngx_fhirpath_argument_integer(run, op->args[0], &start);
    }

    if (rc != NGX_OK) {
        return (rc == NGX_DONE) ? NGX_OK : rc;
    }

    if (start < 0) {
        return NGX_OK;
    }

    end = s.data + s.len;
    last = end;

    p = ngx_fhirpath_advance(s.data, end, start);

    if (p == end) {
        return NGX_OK;
    }

    if (op->args[1]) {
        rc = ngx_fhirpath_argument_integer(run, op->args[1], &length);

        if (rc == NGX_OK) {
            last = ngx_fhirpath_advance(p, end, length);

        } else if (rc != NGX_DONE) {
            return rc;
        }
    }

    return ngx_fhirpath_push_string(run, p, last - p, node);
}


ngx_int_t
ngx_fhirpath_eval_trim(ngx_fhirpath_run_t *run, ngx_fhirpath_op_t *op)
{
    ngx_int_t              rc;
    ngx_str_t              s;
    ngx_canonical_node_t  *node;

    rc = ngx_fhirpath_input(run, op, &s, &node);

    if (rc != NGX_OK) {
        return (rc == NGX_DONE) ? NGX_OK : rc;
    }

    while (s.len && ngx_fhirpath_is_space(s.data[s.len - 1])) {
        s.len--;
    }

    while (s.len && ngx_fhirpath_is_space(s.data[0])) {
        s.data++;
        s.len--;
    }

    return ngx_fhirpath_push_string(run, s.data, s.len, node);
}


ngx_int_t
ngx_fhirpath_eval_split(ngx_fhirpath_run_t *run, ngx_fhirpath_op_t *op)
{
    u_char                *p, *end, *next;
    ngx_int_t              rc;
    ngx_str_t              s, what;
    ngx_canonical_node_t  *node;

    rc = ngx_fhirpath_two(run, op, &s, &what, &node);

    if (rc != NGX_OK) {
        return (rc == NGX_DONE) ? NGX_OK : rc;
    }

    p = s.data;
    end = s.data + s.len;

    for ( ;; ) {
        next = what.len ? ngx_fhirpath_search_string(p, end, &what) : NULL;

        rc = ngx_fhirpath_push_string(run, p, (next ? next : end) - p, node);
        if (rc != NGX_OK) {
            return rc;
        }

        if (next == NULL) {
            return NGX_OK;
        }

        p = next + what.len;
    }
}


ngx_int_t
ngx_fhirpath_eval_join(ngx_fhirpath_run_t *run, ngx_fhirpath_op_t *op)
{
    u_char      *p, *out;
    size_t       len;
    ngx_int_t    rc;
    ngx_str_t    s, between;
    ngx_uint_t   i, n, mark;

    mark = run->n;
    ngx_str_null(&between);

    rc = op->input->eval(run, op->input);

    if (rc == NGX_OK && op->args[0]) {
        rc = ngx_fhirpath_argument_string(run, op->args[0], &between);
    }

    if (rc != NGX_OK && rc != NGX_DONE) {
        return rc;
    }

    len = 0;
    n = mark;

    for (i = mark; i < run->n; i++) {

        if (ngx_fhirpath_as_string(&run->stack[i], &s) == NGX_OK) {
            len += s.len + between.len;
            run->stack[n++] = run->stack[i];
            continue;
        }

        if (run->stack[i].kind != NGX_FHIRPATH_NODE
            || run->stack[i].node->kind > NGX_CANONICAL_NULL)
        {
            return ngx_fhirpath_fail(run, "a string is needed",
                                     run->stack[i].node);
        }
    }

    run->n = mark;

    if (n == mark) {
        return NGX_OK;
    }

    out = ngx_canonical_bytes(run->ctx->arena, len);
    if (out == NULL) {
        return NGX_ERROR;
    }

    p = out;

    for (i = mark; i < n; i++) {

        if (i > mark && between.len) {
            p = ngx_cpymem(p, between.data, between.len);
        }

        (void) ngx_fhirpath_as_string(&run->stack[i], &s);

        p = ngx_cpymem(p, s.data, s.len);
    }

    return ngx_fhirpath_push_string(run, out, p - out, run->stack[mark].node);
}


ngx_int_t
ngx_fhirpath_eval_replace(ngx_fhirpath_run_t *run, ngx_fhirpath_op_t *op)
{
    ngx_int_t              rc;
    ngx_str_t              s, what, with;
    ngx_canonical_node_t  *node;

    rc = ngx_fhirpath_two(run, op, &s, &what, &node);

    if (rc == NGX_OK) {
        rc = ngx_fhirpath_argument_string(run, op->args[1], &with);
    }

    if (rc != NGX_OK) {
        return (rc == NGX_DONE) ? NGX_OK : rc;
    }

    return ngx_fhirpath_replace(run, &s, &what, &with, node);
}


static ngx_int_t
ngx_fhirpath_replace(ngx_fhirpath_run_t *run, ngx_str_t *s, ngx_str_t *what,
    ngx_str_t *with, ngx_canonical_node_t *node)
{
    size_t       n, len, added;
    u_char      *p, *end, *next, *out, *last;

    end = s->data + s->len;
    n = 0;

    next = ngx_fhirpath_replace_next(s->data, end, what, 1);

    while (next) {
        n++;
        next = ngx_fhirpath_replace_next(next + what->len, end, what, 0);
    }

    if (n == 0) {
        return ngx_fhirpath_push_string(run, s->data, s->len, node);
    }

    if (__builtin_mul_overflow(n, with->len, &added)
        || __builtin_add_overflow(s->len - n * what->len, added, &len))
    {
        return NGX_ERROR;
    }

    out = ngx_canonical_bytes(run->ctx->arena, len);
    if (out == NULL) {
        return NGX_ERROR;
    }

    p = s->data;
    last = out;

    next = ngx_fhirpath_replace_next(p, end, what, 1);

    while (next) {
        last = ngx_cpymem(last, p, next - p);
        last = ngx_cpymem(last, with->data, with->len);

        p = next + what->len;
        next = ngx_fhirpath_replace_next(p, end, what, 0);
    }

    ngx_memcpy(last, p, end - p);

    return ngx_fhirpath_push_string(run, out, len, node);
}


/* the empty string is found before each character, and at the end */

static u_char *
ngx_fhirpath_replace_next(u_char *p, u_char *end, ngx_str_t *what,
    ngx_uint_t first)
{
    if (what->len || first) {
        return ngx_fhirpath_search_string(p, end, what);
    }

    return (p == end) ? NULL : ngx_fhirpath_advance(p, end, 1);
}


static u_char *
ngx_fhirpath_search_string(u_char *p, u_char *end, ngx_str_t *what)
{
    return memmem(p, end - p, what->data, what->len);
}


/* bytes that no character begins with are not counted */

static ngx_uint_t
ngx_fhirpath_characters(u_char *p, u_char *end)
{
    ngx_uint_t  n;

    for (n = 0; p < end; p++) {
        n += ((*p & 0xc0) != 0x80);
    }

    return n;
}


static u_char *
ngx_fhirpath_advance(u_char *p, u_char *end, int64_t n)
{
    for ( /* void */ ; n > 0 && p < end; n--) {

        for (p++; p < end && (*p & 0xc0) == 0x80; p++) { /* void */ }
    }

    return p;
}


static ngx_uint_t
ngx_fhirpath_is_space(u_char ch)
{
    return ch == ' ' || (ch >= '\t' && ch <= '\r');
}
