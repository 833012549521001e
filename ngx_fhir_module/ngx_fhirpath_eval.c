
/*
 * FHIRPath: evaluation, and the operations that have no file of their own.
 */

#include "ngx_fhirpath_private.h"


/* the first stack; its size doubles */
#define NGX_FHIRPATH_STACK  16

/*
 * Members passed and comparisons: what any evaluation may cost, and what more
 * for each item of ctx->max_items.
 */
#define NGX_FHIRPATH_STEPS       1000000
#define NGX_FHIRPATH_STEPS_ITEM  64


static ngx_fhirpath_run_t *ngx_fhirpath_run(ngx_fhirpath_context_t *ctx);
static ngx_int_t ngx_fhirpath_grow(ngx_fhirpath_run_t *run);
static ngx_int_t ngx_fhirpath_operands(ngx_fhirpath_run_t *run,
    ngx_fhirpath_op_t *op, ngx_fhirpath_item_t *a, ngx_fhirpath_item_t *b);


ngx_int_t
ngx_fhirpath_eval(ngx_fhirpath_t *fp, ngx_fhirpath_context_t *ctx,
    ngx_fhirpath_item_t *focus, ngx_fhirpath_collection_t *result)
{
    ngx_int_t            rc;
    ngx_fhirpath_run_t  *run;

    run = ctx->work;

    if (run == NULL) {
        run = ngx_fhirpath_run(ctx);
        if (run == NULL) {
            return NGX_ERROR;
        }
    }

    run->ctx = ctx;
    run->n = 0;
    run->left = ctx->max_items;
    run->steps = NGX_FHIRPATH_STEPS
                 + NGX_FHIRPATH_STEPS_ITEM
                   * (int64_t) ngx_min(ctx->max_items, NGX_MAX_INT32_VALUE);
    run->focus = focus;
    run->untyped = fp->untyped;
    run->index = 0;
    run->selfless = (focus == NULL);

    if (focus) {
        run->self = *focus;
    }

    rc = fp->op->eval(run, fp->op);

    if (rc != NGX_OK) {
        return rc;
    }

    /* the result stays where it is, the stack goes on behind it */

    result->items = run->stack;
    result->nitems = run->n;

    run->stack += run->n;
    run->size -= run->n;

    return NGX_OK;
}


static ngx_fhirpath_run_t *
ngx_fhirpath_run(ngx_fhirpath_context_t *ctx)
{
    ngx_fhirpath_run_t  *run;

    run = ngx_canonical_zalloc(ctx->arena, sizeof(ngx_fhirpath_run_t));

    if (run == NULL) {
        return NULL;
    }

    run->ctx = ctx;

    if (ngx_fhirpath_grow(run) != NGX_OK) {
        return NULL;
    }

    ctx->work = run;

    return run;
}


void
ngx_fhirpath_node(ngx_fhirpath_item_t *item, ngx_canonical_node_t *node,
    ngx_uint_t type)
{
    ngx_memzero(item, sizeof(ngx_fhirpath_item_t));

    item->kind = NGX_FHIRPATH_NODE;
    item->node = node;
    item->type = node->type ? node->type : type;
}


ngx_fhirpath_item_t *
ngx_fhirpath_push(ngx_fhirpath_run_t *run)
{
    ngx_fhirpath_item_t  *item;

    if (run->left == 0) {
        run->rc = ngx_fhirpath_fail(run, "too many items", NULL);
        return NULL;
    }

    if (run->n == run->size) {
        run->rc = ngx_fhirpath_grow(run);
        if (run->rc != NGX_OK) {
            return NULL;
        }
    }

    run->left--;

    item = &run->stack[run->n++];
    item->type = 0;

    return item;
}


/* the old one may hold results and is left as it is */

static ngx_int_t
ngx_fhirpath_grow(ngx_fhirpath_run_t *run)
{
    ngx_uint_t            size;
    ngx_fhirpath_item_t  *stack;

    size = NGX_FHIRPATH_STACK + 2 * run->n;

    stack = ngx_canonical_alloc(run->ctx->arena,
                                size * sizeof(ngx_fhirpath_item_t));
    if (stack == NULL) {
        return NGX_ERROR;
    }

    if (run->n) {
        ngx_memcpy(stack, run->stack, run->n * sizeof(ngx_fhirpath_item_t));
    }

    run->stack = stack;
    run->size = size;

    return NGX_OK;
}


ngx_int_t
ngx_fhirpath_push_boolean(ngx_fhirpath_run_t *run, ngx_fhirpath_truth_e truth)
{
    ngx_fhirpath_item_t  *item;

    if (truth == NGX_FHIRPATH_UNKNOWN) {
        return NGX_OK;
    }

    item = ngx_fhirpath_push(run);
    if (item == NULL) {
        return run->rc;
    }

    item->kind = NGX_FHIRPATH_BOOLEAN;
    item->node = NULL;
    item->boolean = (truth == NGX_FHIRPATH_YES);

    return NGX_OK;
}


ngx_int_t
ngx_fhirpath_push_integer(ngx_fhirpath_run_t *run, int64_t n,
    ngx_canonical_node_t *node)
{
    ngx_fhirpath_item_t  *item;

    item = ngx_fhirpath_push(run);
    if (item == NULL) {
        return run->rc;
    }

    item->kind = NGX_FHIRPATH_INTEGER;
    item->node = node;
    item->integer = n;

    return NGX_OK;
}


ngx_int_t
ngx_fhirpath_push_decimal(ngx_fhirpath_run_t *run, ngx_canonical_decimal_t *d,
    ngx_canonical_node_t *node)
{
    ngx_fhirpath_item_t      *item;
    ngx_canonical_decimal_t  *copy;

    copy = ngx_canonical_alloc(run->ctx->arena,
                               sizeof(ngx_canonical_decimal_t));
    if (copy == NULL) {
        return NGX_ERROR;
    }

    *copy = *d;

    item = ngx_fhirpath_push(run);
    if (item == NULL) {
        return run->rc;
    }

    item->kind = NGX_FHIRPATH_DECIMAL;
    item->node = node;
    item->decimal = copy;

    return NGX_OK;
}


ngx_int_t
ngx_fhirpath_push_string(ngx_fhirpath_run_t *run, u_char *data, size_t len,
    ngx_canonical_node_t *node)
{
    ngx_fhirpath_item_t  *item;

    item = ngx_fhirpath_push(run);
    if (item == NULL) {
        return run->rc;
    }

    item->kind = NGX_FHIRPATH_STRING;
    item->node = node;
    item->string.data = data;
    item->string.len = len;

    return NGX_OK;
}


ngx_int_t
ngx_fhirpath_fail(ngx_fhirpath_run_t *run, const char *why,
    ngx_canonical_node_t *at)
{
    run->ctx->why = why;
    run->ctx->at = at;

    return NGX_DECLINED;
}


ngx_int_t
ngx_fhirpath_work(ngx_fhirpath_run_t *run, ngx_uint_t n)
{
    run->steps -= (int64_t) n;

    if (run->steps < 0) {
        return ngx_fhirpath_fail(run, "too much work", NULL);
    }

    return NGX_OK;
}


ngx_int_t
ngx_fhirpath_pop(ngx_fhirpath_run_t *run, ngx_uint_t mark,
    ngx_fhirpath_item_t *item)
{
    if (run->n == mark) {
        return NGX_DONE;
    }

    *item = run->stack[mark];

    if (run->n - mark > 1) {
        return ngx_fhirpath_fail(run, "several items where one is needed",
                                 item->node);
    }

    run->n = mark;

    return NGX_OK;
}


ngx_int_t
ngx_fhirpath_operand(ngx_fhirpath_run_t *run, ngx_fhirpath_op_t *op,
    ngx_fhirpath_item_t *item)
{
    ngx_int_t   rc;
    ngx_uint_t  mark;

    if (op->id == NGX_FHIRPATH_LITERAL) {
        *item = op->literal;
        return NGX_OK;
    }

    mark = run->n;

    rc = op->eval(run, op);

    return (rc == NGX_OK) ? ngx_fhirpath_pop(run, mark, item) : rc;
}


/* NGX_DONE: one of them is empty */

static ngx_int_t
ngx_fhirpath_operands(ngx_fhirpath_run_t *run, ngx_fhirpath_op_t *op,
    ngx_fhirpath_item_t *a, ngx_fhirpath_item_t *b)
{
    ngx_int_t  left, right;

    left = ngx_fhirpath_operand(run, op->input, a);

    if (left != NGX_OK && left != NGX_DONE) {
        return left;
    }

    right = ngx_fhirpath_operand(run, op->args[0], b);

    return (right == NGX_OK) ? left : right;
}


ngx_int_t
ngx_fhirpath_test(ngx_fhirpath_run_t *run, ngx_fhirpath_op_t *op,
    ngx_fhirpath_truth_e *truth)
{
    ngx_int_t            rc;
    ngx_fhirpath_item_t  item;

    if (op->test) {
        return op->test(run, op, truth);
    }

    *truth = NGX_FHIRPATH_UNKNOWN;

    rc = ngx_fhirpath_operand(run, op, &item);

    if (rc == NGX_OK) {
        *truth = ngx_fhirpath_truth(&item);
        return NGX_OK;
    }

    return (rc == NGX_DONE) ? NGX_OK : rc;
}


/* one item that is no boolean is true (FHIRPath §4.5) */

ngx_fhirpath_truth_e
ngx_fhirpath_truth(ngx_fhirpath_item_t *item)
{
    if (ngx_fhirpath_kind(item) != NGX_FHIRPATH_BOOLEAN) {
        return NGX_FHIRPATH_YES;
    }

    if (item->kind == NGX_FHIRPATH_BOOLEAN) {
        return item->boolean ? NGX_FHIRPATH_YES : NGX_FHIRPATH_NO;
    }

    return (item->node->len && item->node->data[0] == 't') ? NGX_FHIRPATH_YES
                                                           : NGX_FHIRPATH_NO;
}


ngx_int_t
ngx_fhirpath_eval_this(ngx_fhirpath_run_t *run, ngx_fhirpath_op_t *op)
{
    ngx_fhirpath_item_t  *item;

    if (run->selfless) {
        return NGX_OK;
    }

    if (run->self.kind == NGX_FHIRPATH_NODE
        && run->self.node->kind == NGX_CANONICAL_ARRAY)
    {
        /* that of a JSON text: what is in an array is never an array itself */

        return ngx_fhirpath_walk(run, run->self.node, run->self.type, NULL,
                                 NULL);
    }

    item = ngx_fhirpath_push(run);
    if (item == NULL) {
        return run->rc;
    }

    *item = run->self;

    return NGX_OK;
}


ngx_int_t
ngx_fhirpath_eval_index(ngx_fhirpath_run_t *run, ngx_fhirpath_op_t *op)
{
    return ngx_fhirpath_push_integer(run, run->index, NULL);
}


ngx_int_t
ngx_fhirpath_eval_context(ngx_fhirpath_run_t *run, ngx_fhirpath_op_t *op)
{
    ngx_fhirpath_item_t  *item;

    if (run->focus == NULL) {
        return NGX_OK;
    }

    item = ngx_fhirpath_push(run);
    if (item == NULL) {
        return run->rc;
    }

    *item = *run->focus;

    return NGX_OK;
}


ngx_int_t
ngx_fhirpath_eval_resource(ngx_fhirpath_run_t *run, ngx_fhirpath_op_t *op)
{
    ngx_fhirpath_item_t  *item;

    if (run->ctx->resource == NULL) {
        return NGX_OK;
    }

    item = ngx_fhirpath_push(run);
    if (item == NULL) {
        return run->rc;
    }

    ngx_fhirpath_node(item, run->ctx->resource, op->result.type);

    return NGX_OK;
}


ngx_int_t
ngx_fhirpath_eval_literal(ngx_fhirpath_run_t *run, ngx_fhirpath_op_t *op)
{
    ngx_fhirpath_item_t  *item;

    item = ngx_fhirpath_push(run);
    if (item == NULL) {
        return run->rc;
    }

    *item = op->literal;

    return NGX_OK;
}


ngx_int_t
ngx_fhirpath_eval_nothing(ngx_fhirpath_run_t *run, ngx_fhirpath_op_t *op)
{
    return NGX_OK;
}


/* $this if it is of the type that the path begins with */

ngx_int_t
ngx_fhirpath_eval_typed(ngx_fhirpath_run_t *run, ngx_fhirpath_op_t *op)
{
    if (run->selfless || !ngx_fhirpath_is(&run->self, &op->of, 0)) {
        return NGX_OK;
    }

    return ngx_fhirpath_eval_this(run, op);
}


ngx_int_t
ngx_fhirpath_eval_item(ngx_fhirpath_run_t *run, ngx_fhirpath_op_t *op)
{
    int64_t              n;
    ngx_int_t            rc;
    ngx_uint_t           mark;
    ngx_fhirpath_item_t  index;

    mark = run->n;
    n = -1;

    rc = op->input->eval(run, op->input);
    if (rc != NGX_OK) {
        return rc;
    }

    rc = ngx_fhirpath_operand(run, op->args[0], &index);

    if (rc != NGX_OK && rc != NGX_DONE) {
        return rc;
    }

    if (rc == NGX_OK && ngx_fhirpath_as_integer(&index, &n) != NGX_OK) {
        return ngx_fhirpath_fail(run, "the index is no integer", index.node);
    }

    if (n < 0 || (uint64_t) n >= run->n - mark) {
        run->n = mark;
        return NGX_OK;
    }

    run->stack[mark] = run->stack[mark + n];
    run->n = mark + 1;

    return NGX_OK;
}


ngx_int_t
ngx_fhirpath_eval_test(ngx_fhirpath_run_t *run, ngx_fhirpath_op_t *op)
{
    ngx_int_t             rc;
    ngx_fhirpath_truth_e  truth;

    rc = op->test(run, op, &truth);

    return (rc == NGX_OK) ? ngx_fhirpath_push_boolean(run, truth) : rc;
}


ngx_int_t
ngx_fhirpath_test_and(ngx_fhirpath_run_t *run, ngx_fhirpath_op_t *op,
    ngx_fhirpath_truth_e *truth)
{
    ngx_int_t             rc;
    ngx_fhirpath_truth_e  left;

    rc = ngx_fhirpath_test(run, op->input, &left);

    if (rc != NGX_OK || left == NGX_FHIRPATH_NO) {
        *truth = NGX_FHIRPATH_NO;
        return rc;
    }

    rc = ngx_fhirpath_test(run, op->args[0], truth);

    if (rc == NGX_OK && *truth == NGX_FHIRPATH_YES) {
        *truth = left;
    }

    return rc;
}


ngx_int_t
ngx_fhirpath_test_or(ngx_fhirpath_run_t *run, ngx_fhirpath_op_t *op,
    ngx_fhirpath_truth_e *truth)
{
    ngx_int_t             rc;
    ngx_fhirpath_truth_e  left;

    rc = ngx_fhirpath_test(run, op->input, &left);

    if (rc != NGX_OK || left == NGX_FHIRPATH_YES) {
        *truth = NGX_FHIRPATH_YES;
        return rc;
    }

    rc = ngx_fhirpath_test(run, op->args[0], truth);

    if (rc == NGX_OK && *truth == NGX_FHIRPATH_NO) {
        *truth = left;
    }

    return rc;
}


ngx_int_t
ngx_fhirpath_eval_union(ngx_fhirpath_run_t *run, ngx_fhirpath_op_t *op)
{
    ngx_int_t   rc;
    ngx_uint_t  mark;

    mark = run->n;

    rc = op->input->eval(run, op->input);
    if (rc != NGX_OK) {
        return rc;
    }

    rc = op->args[0]->eval(run, op->args[0]);
    if (rc != NGX_OK) {
        return rc;
    }

    return ngx_fhirpath_distinct(run, mark);
}


/* "&": nothing is the empty string */

ngx_int_t
ngx_fhirpath_eval_concat(ngx_fhirpath_run_t *run, ngx_fhirpath_op_t *op)
{
    u_char               *p;
    ngx_int_t             rc;
    ngx_str_t             s[2];
    ngx_uint_t            i;
    ngx_fhirpath_item_t   item;

    item.node = NULL;

    for (i = 0; i < 2; i++) {
        ngx_str_null(&s[i]);

        rc = ngx_fhirpath_operand(run, i ? op->args[0] : op->input, &item);

        if (rc == NGX_DONE) {
            continue;
        }

        if (rc != NGX_OK) {
            return rc;
        }

        if (ngx_fhirpath_as_string(&item, &s[i]) != NGX_OK) {
            return ngx_fhirpath_fail(run, "the operand is no string",
                                     item.node);
        }
    }

    p = ngx_canonical_bytes(run->ctx->arena, s[0].len + s[1].len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    if (s[0].len) {
        ngx_memcpy(p, s[0].data, s[0].len);
    }

    if (s[1].len) {
        ngx_memcpy(p + s[0].len, s[1].data, s[1].len);
    }

    return ngx_fhirpath_push_string(run, p, s[0].len + s[1].len, item.node);
}


ngx_int_t
ngx_fhirpath_eval_math(ngx_fhirpath_run_t *run, ngx_fhirpath_op_t *op)
{
    ngx_int_t            rc;
    ngx_fhirpath_item_t  a, b;

    rc = ngx_fhirpath_operands(run, op, &a, &b);

    if (rc != NGX_OK) {
        return (rc == NGX_DONE) ? NGX_OK : rc;
    }

    return ngx_fhirpath_math(run, op, &a, &b);
}


ngx_int_t
ngx_fhirpath_test_order(ngx_fhirpath_run_t *run, ngx_fhirpath_op_t *op,
    ngx_fhirpath_truth_e *truth)
{
    ngx_int_t            rc;
    ngx_fhirpath_item_t  a, b;

    *truth = NGX_FHIRPATH_UNKNOWN;

    rc = ngx_fhirpath_operands(run, op, &a, &b);

    if (rc != NGX_OK) {
        return (rc == NGX_DONE) ? NGX_OK : rc;
    }

    return ngx_fhirpath_order(run, op->op, &a, &b, truth);
}
