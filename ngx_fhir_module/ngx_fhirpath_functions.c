
/*
 * FHIRPath: the functions on collections.
 */

#include "ngx_fhirpath_private.h"


static ngx_int_t ngx_fhirpath_number(ngx_fhirpath_run_t *run,
    ngx_fhirpath_op_t *op, ngx_uint_t mark, ngx_uint_t *n);
static ngx_int_t ngx_fhirpath_iif_test(ngx_fhirpath_run_t *run,
    ngx_fhirpath_op_t *op, ngx_fhirpath_truth_e *truth);
static ngx_int_t ngx_fhirpath_extensions(ngx_fhirpath_run_t *run,
    ngx_canonical_node_t *node, ngx_str_t *url);

static ngx_int_t ngx_fhirpath_search(ngx_fhirpath_run_t *run,
    ngx_fhirpath_op_t *op, ngx_uint_t all, ngx_uint_t *found);


ngx_int_t
ngx_fhirpath_eval_where(ngx_fhirpath_run_t *run, ngx_fhirpath_op_t *op)
{
    ngx_int_t             rc;
    ngx_uint_t            i, n, mark, top;
    ngx_fhirpath_self_t   self;
    ngx_fhirpath_truth_e  truth;

    mark = run->n;

    rc = op->input->eval(run, op->input);
    if (rc != NGX_OK) {
        return rc;
    }

    ngx_fhirpath_enter(run, &self);

    top = run->n;
    n = mark;

    for (i = mark; i < top; i++) {

        ngx_fhirpath_set(run, i, mark);

        rc = ngx_fhirpath_test(run, op->args[0], &truth);
        if (rc != NGX_OK) {
            return rc;
        }

        if (truth == NGX_FHIRPATH_YES) {
            run->stack[n++] = run->stack[i];
        }
    }

    run->n = n;
    ngx_fhirpath_leave(run, &self);

    return NGX_OK;
}


ngx_int_t
ngx_fhirpath_eval_select(ngx_fhirpath_run_t *run, ngx_fhirpath_op_t *op)
{
    ngx_int_t            rc;
    ngx_uint_t           i, mark, top;
    ngx_fhirpath_self_t  self;

    mark = run->n;

    rc = op->input->eval(run, op->input);
    if (rc != NGX_OK) {
        return rc;
    }

    ngx_fhirpath_enter(run, &self);

    top = run->n;

    for (i = mark; i < top; i++) {

        ngx_fhirpath_set(run, i, mark);

        rc = op->args[0]->eval(run, op->args[0]);
        if (rc != NGX_OK) {
            return rc;
        }
    }

    ngx_fhirpath_drop(run, mark, top);
    ngx_fhirpath_leave(run, &self);

    return NGX_OK;
}


ngx_int_t
ngx_fhirpath_eval_first(ngx_fhirpath_run_t *run, ngx_fhirpath_op_t *op)
{
    ngx_int_t   rc;
    ngx_uint_t  mark;

    mark = run->n;

    rc = op->input->eval(run, op->input);

    if (rc == NGX_OK && run->n > mark) {
        run->n = mark + 1;
    }

    return rc;
}


ngx_int_t
ngx_fhirpath_eval_last(ngx_fhirpath_run_t *run, ngx_fhirpath_op_t *op)
{
    ngx_int_t   rc;
    ngx_uint_t  mark;

    mark = run->n;

    rc = op->input->eval(run, op->input);

    if (rc == NGX_OK && run->n > mark) {
        run->stack[mark] = run->stack[run->n - 1];
        run->n = mark + 1;
    }

    return rc;
}


ngx_int_t
ngx_fhirpath_eval_single(ngx_fhirpath_run_t *run, ngx_fhirpath_op_t *op)
{
    ngx_int_t   rc;
    ngx_uint_t  mark;

    mark = run->n;

    rc = op->input->eval(run, op->input);

    if (rc == NGX_OK && run->n - mark > 1) {
        return ngx_fhirpath_fail(run, "several items where one is needed",
                                 run->stack[mark].node);
    }

    return rc;
}


ngx_int_t
ngx_fhirpath_eval_tail(ngx_fhirpath_run_t *run, ngx_fhirpath_op_t *op)
{
    ngx_int_t   rc;
    ngx_uint_t  mark;

    mark = run->n;

    rc = op->input->eval(run, op->input);

    if (rc == NGX_OK && run->n > mark) {
        ngx_fhirpath_drop(run, mark, mark + 1);
    }

    return rc;
}


ngx_int_t
ngx_fhirpath_eval_skip(ngx_fhirpath_run_t *run, ngx_fhirpath_op_t *op)
{
    ngx_int_t   rc;
    ngx_uint_t  n, mark;

    mark = run->n;

    rc = ngx_fhirpath_number(run, op, mark, &n);

    if (rc == NGX_OK) {
        ngx_fhirpath_drop(run, mark, mark + n);
    }

    return rc;
}


ngx_int_t
ngx_fhirpath_eval_take(ngx_fhirpath_run_t *run, ngx_fhirpath_op_t *op)
{
    ngx_int_t   rc;
    ngx_uint_t  n, mark;

    mark = run->n;

    rc = ngx_fhirpath_number(run, op, mark, &n);

    if (rc == NGX_OK) {
        run->n = mark + n;
    }

    return rc;
}


/* the input, and how many of its items: none if there is no number */

static ngx_int_t
ngx_fhirpath_number(ngx_fhirpath_run_t *run, ngx_fhirpath_op_t *op,
    ngx_uint_t mark, ngx_uint_t *n)
{
    int64_t              value;
    ngx_int_t            rc;
    ngx_fhirpath_item_t  item;

    *n = 0;

    rc = op->input->eval(run, op->input);
    if (rc != NGX_OK) {
        return rc;
    }

    rc = ngx_fhirpath_operand(run, op->args[0], &item);

    if (rc == NGX_DONE) {
        run->n = mark;
        return NGX_OK;
    }

    if (rc != NGX_OK) {
        return rc;
    }

    if (ngx_fhirpath_as_integer(&item, &value) != NGX_OK) {
        return ngx_fhirpath_fail(run, "the argument is no integer", item.node);
    }

    if (value > 0) {
        *n = ngx_min((uint64_t) value, run->n - mark);
    }

    return NGX_OK;
}


ngx_int_t
ngx_fhirpath_eval_count(ngx_fhirpath_run_t *run, ngx_fhirpath_op_t *op)
{
    ngx_int_t   rc;
    ngx_uint_t  n, mark;

    mark = run->n;

    rc = op->input->eval(run, op->input);
    if (rc != NGX_OK) {
        return rc;
    }

    n = run->n - mark;
    run->n = mark;

    return ngx_fhirpath_push_integer(run, (int64_t) n, NULL);
}


ngx_int_t
ngx_fhirpath_eval_oftype(ngx_fhirpath_run_t *run, ngx_fhirpath_op_t *op)
{
    ngx_int_t   rc;
    ngx_uint_t  i, n;

    n = run->n;
    i = n;

    rc = op->input->eval(run, op->input);
    if (rc != NGX_OK) {
        return rc;
    }

    for ( /* void */ ; i < run->n; i++) {
        if (ngx_fhirpath_is(&run->stack[i], &op->of, 1)) {
            run->stack[n++] = run->stack[i];
        }
    }

    run->n = n;

    return NGX_OK;
}


/* only the argument that is chosen is evaluated */

ngx_int_t
ngx_fhirpath_eval_iif(ngx_fhirpath_run_t *run, ngx_fhirpath_op_t *op)
{
    ngx_int_t             rc;
    ngx_uint_t            mark;
    ngx_fhirpath_op_t    *chosen;
    ngx_fhirpath_item_t   item;
    ngx_fhirpath_self_t   self;
    ngx_fhirpath_truth_e  truth;

    mark = run->n;

    ngx_memzero(&item, sizeof(ngx_fhirpath_item_t));

    rc = op->input->eval(run, op->input);

    if (rc == NGX_OK) {
        rc = ngx_fhirpath_pop(run, mark, &item);
    }

    if (rc != NGX_OK && rc != NGX_DONE) {
        return rc;
    }

    ngx_fhirpath_enter(run, &self);

    run->selfless = (rc == NGX_DONE);

    if (!run->selfless) {
        run->self = item;
    }

    rc = ngx_fhirpath_iif_test(run, op->args[0], &truth);
    if (rc != NGX_OK) {
        return rc;
    }

    chosen = (truth == NGX_FHIRPATH_YES) ? op->args[1] : op->args[2];

    if (chosen) {
        rc = chosen->eval(run, chosen);
        if (rc != NGX_OK) {
            return rc;
        }
    }

    ngx_fhirpath_leave(run, &self);

    return NGX_OK;
}


static ngx_int_t
ngx_fhirpath_iif_test(ngx_fhirpath_run_t *run, ngx_fhirpath_op_t *op,
    ngx_fhirpath_truth_e *truth)
{
    ngx_int_t            rc;
    ngx_fhirpath_item_t  item;

    *truth = NGX_FHIRPATH_UNKNOWN;

    if (op->test) {
        return op->test(run, op, truth);
    }

    rc = ngx_fhirpath_operand(run, op, &item);

    if (rc != NGX_OK) {
        return (rc == NGX_DONE) ? NGX_OK : rc;
    }

    if (ngx_fhirpath_kind(&item) != NGX_FHIRPATH_BOOLEAN) {
        return ngx_fhirpath_fail(run, "the condition is no boolean",
                                 item.node);
    }

    *truth = ngx_fhirpath_truth(&item);

    return NGX_OK;
}


ngx_int_t
ngx_fhirpath_eval_distinct(ngx_fhirpath_run_t *run, ngx_fhirpath_op_t *op)
{
    ngx_int_t   rc;
    ngx_uint_t  mark;

    mark = run->n;

    rc = op->input->eval(run, op->input);

    return (rc == NGX_OK) ? ngx_fhirpath_distinct(run, mark) : rc;
}


ngx_int_t
ngx_fhirpath_eval_extension(ngx_fhirpath_run_t *run, ngx_fhirpath_op_t *op)
{
    ngx_int_t              rc;
    ngx_str_t              url;
    ngx_uint_t             i, mark, top;
    ngx_fhirpath_item_t    item;
    ngx_canonical_node_t  *node;

    mark = run->n;

    rc = op->input->eval(run, op->input);
    if (rc != NGX_OK) {
        return rc;
    }

    top = run->n;

    rc = ngx_fhirpath_operand(run, op->args[0], &item);

    if (rc != NGX_OK && rc != NGX_DONE) {
        return rc;
    }

    if (rc == NGX_DONE || ngx_fhirpath_as_string(&item, &url) != NGX_OK) {
        run->n = mark;
        return NGX_OK;
    }

    for (i = mark; i < top; i++) {

        if (run->stack[i].kind != NGX_FHIRPATH_NODE) {
            continue;
        }

        node = run->stack[i].node;

        rc = ngx_fhirpath_extensions(run, node, &url);
        if (rc != NGX_OK) {
            return rc;
        }
    }

    ngx_fhirpath_drop(run, mark, top);

    return NGX_OK;
}


static ngx_int_t
ngx_fhirpath_extensions(ngx_fhirpath_run_t *run, ngx_canonical_node_t *node,
    ngx_str_t *url)
{
    ngx_int_t              rc;
    ngx_str_t              name;
    ngx_canonical_node_t  *array, *e, *value;

    ngx_str_set(&name, "extension");

    array = ngx_fhirpath_member(run, node, &name);

    if (array == NULL || array->kind != NGX_CANONICAL_ARRAY) {
        return NGX_OK;
    }

    ngx_str_set(&name, "url");

    for (e = array->first; e; e = e->next) {

        value = ngx_fhirpath_member(run, e, &name);

        if (value == NULL || value->kind != NGX_CANONICAL_STRING
            || value->len != url->len
            || (url->len
                && ngx_memcmp(value->data, url->data, url->len) != 0))
        {
            continue;
        }

        rc = ngx_fhirpath_walk(run, e, NGX_FHIR_EXTENSION, NULL, NULL);
        if (rc != NGX_OK) {
            return rc;
        }
    }

    return (run->steps < 0) ? ngx_fhirpath_work(run, 0) : NGX_OK;
}


ngx_int_t
ngx_fhirpath_test_exists(ngx_fhirpath_run_t *run, ngx_fhirpath_op_t *op,
    ngx_fhirpath_truth_e *truth)
{
    ngx_int_t   rc;
    ngx_uint_t  mark, found;

    if (op->args[0]) {
        rc = ngx_fhirpath_search(run, op, 0, &found);

    } else {
        mark = run->n;

        rc = op->input->eval(run, op->input);

        found = (run->n > mark);
        run->n = mark;
    }

    *truth = (rc == NGX_OK && found) ? NGX_FHIRPATH_YES : NGX_FHIRPATH_NO;

    return rc;
}


ngx_int_t
ngx_fhirpath_test_empty(ngx_fhirpath_run_t *run, ngx_fhirpath_op_t *op,
    ngx_fhirpath_truth_e *truth)
{
    ngx_int_t   rc;
    ngx_uint_t  mark;

    mark = run->n;

    rc = op->input->eval(run, op->input);

    *truth = (run->n > mark) ? NGX_FHIRPATH_NO : NGX_FHIRPATH_YES;
    run->n = mark;

    return rc;
}


ngx_int_t
ngx_fhirpath_test_all(ngx_fhirpath_run_t *run, ngx_fhirpath_op_t *op,
    ngx_fhirpath_truth_e *truth)
{
    ngx_int_t   rc;
    ngx_uint_t  found;

    rc = ngx_fhirpath_search(run, op, 1, &found);

    *truth = (rc == NGX_OK && !found) ? NGX_FHIRPATH_YES : NGX_FHIRPATH_NO;

    return rc;
}


/* an item of the input that does, or if "all" does not, meet the argument */

static ngx_int_t
ngx_fhirpath_search(ngx_fhirpath_run_t *run, ngx_fhirpath_op_t *op,
    ngx_uint_t all, ngx_uint_t *found)
{
    ngx_int_t             rc;
    ngx_uint_t            i, mark, top;
    ngx_fhirpath_self_t   self;
    ngx_fhirpath_truth_e  truth;

    *found = 0;
    mark = run->n;

    rc = op->input->eval(run, op->input);
    if (rc != NGX_OK) {
        return rc;
    }

    ngx_fhirpath_enter(run, &self);

    top = run->n;

    for (i = mark; i < top && !*found; i++) {

        ngx_fhirpath_set(run, i, mark);

        rc = ngx_fhirpath_test(run, op->args[0], &truth);
        if (rc != NGX_OK) {
            return rc;
        }

        *found = ((truth == NGX_FHIRPATH_YES) != all);
    }

    run->n = mark;
    ngx_fhirpath_leave(run, &self);

    return NGX_OK;
}


ngx_int_t
ngx_fhirpath_test_not(ngx_fhirpath_run_t *run, ngx_fhirpath_op_t *op,
    ngx_fhirpath_truth_e *truth)
{
    ngx_int_t  rc;

    rc = ngx_fhirpath_test(run, op->input, truth);

    if (rc == NGX_OK && *truth != NGX_FHIRPATH_UNKNOWN) {
        *truth = (*truth == NGX_FHIRPATH_YES) ? NGX_FHIRPATH_NO
                                              : NGX_FHIRPATH_YES;
    }

    return rc;
}


ngx_int_t
ngx_fhirpath_test_distinct(ngx_fhirpath_run_t *run, ngx_fhirpath_op_t *op,
    ngx_fhirpath_truth_e *truth)
{
    ngx_int_t   rc;
    ngx_uint_t  mark, top;

    *truth = NGX_FHIRPATH_NO;
    mark = run->n;

    rc = op->input->eval(run, op->input);
    if (rc != NGX_OK) {
        return rc;
    }

    top = run->n;

    rc = ngx_fhirpath_distinct(run, mark);

    if (run->n == top) {
        *truth = NGX_FHIRPATH_YES;
    }

    run->n = mark;

    return rc;
}


/* of one primitive; a computed value is none of FHIR but has a value too */

ngx_int_t
ngx_fhirpath_test_value(ngx_fhirpath_run_t *run, ngx_fhirpath_op_t *op,
    ngx_fhirpath_truth_e *truth)
{
    ngx_int_t             rc;
    ngx_uint_t            mark;
    ngx_fhirpath_item_t  *item;

    mark = run->n;

    rc = op->input->eval(run, op->input);
    if (rc != NGX_OK) {
        return rc;
    }

    item = &run->stack[mark];

    *truth = (run->n - mark == 1
              && ngx_fhirpath_kind(item) != NGX_FHIRPATH_NODE)
             ? NGX_FHIRPATH_YES : NGX_FHIRPATH_NO;

    run->n = mark;

    return NGX_OK;
}
