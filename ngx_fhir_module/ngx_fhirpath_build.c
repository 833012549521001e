
/*
 * FHIRPath: operations, and what is known of their results.
 */

#include "ngx_fhirpath_private.h"


static ngx_int_t ngx_fhirpath_build_step(ngx_fhirpath_compiler_t *c,
    ngx_fhirpath_op_t *op, ngx_str_t *name, size_t at);
static ngx_fhirpath_step_t *ngx_fhirpath_build_steps(
    ngx_fhirpath_compiler_t *c, ngx_fhirpath_op_t *op);
static ngx_fhirpath_op_t *ngx_fhirpath_build_focus(
    ngx_fhirpath_compiler_t *c, ngx_uint_t type, size_t at);
static ngx_int_t ngx_fhirpath_build_join(ngx_fhirpath_compiler_t *c,
    ngx_fhirpath_static_t *a, ngx_fhirpath_static_t *b,
    ngx_fhirpath_static_t *to);
static void ngx_fhirpath_build_sum(ngx_fhirpath_op_t *op);
static void ngx_fhirpath_build_cast(ngx_fhirpath_op_t *op);
static ngx_int_t ngx_fhirpath_build_down(ngx_fhirpath_compiler_t *c,
    ngx_fhirpath_op_t *op, const char *first, const char *second,
    ngx_fhirpath_chains_t *to);
static ngx_int_t ngx_fhirpath_build_result(ngx_fhirpath_compiler_t *c,
    const ngx_fhirpath_function_t *f, ngx_fhirpath_op_t *op);
static void ngx_fhirpath_build_use(const ngx_fhirpath_function_t *f,
    ngx_fhirpath_op_t *op);
static ngx_int_t ngx_fhirpath_build_pattern(ngx_fhirpath_compiler_t *c,
    ngx_fhirpath_op_t *op);


ngx_fhirpath_op_t *
ngx_fhirpath_build(ngx_fhirpath_compiler_t *c, size_t at,
    ngx_fhirpath_eval_pt eval)
{
    ngx_fhirpath_op_t  *op;

    op = ngx_canonical_zalloc(c->arena, sizeof(ngx_fhirpath_op_t));

    if (op == NULL) {
        c->why = "no memory";
        return NULL;
    }

    op->eval = eval;
    op->at = at;
    op->depth = 1;
    op->result.kind = NGX_FHIRPATH_ANY;

    return op;
}


ngx_fhirpath_op_t *
ngx_fhirpath_build_self(ngx_fhirpath_compiler_t *c, size_t at)
{
    ngx_fhirpath_op_t  *op;

    op = ngx_fhirpath_build(c, at, ngx_fhirpath_eval_this);

    if (op) {
        op->id = NGX_FHIRPATH_THIS;
        op->result = c->self;
    }

    return op;
}


/*
 * The first name of a path: the type of $this, that is, $this itself, or an
 * element of it.  Types other than the primitive ones begin with a capital
 * letter and elements never do.
 */

ngx_fhirpath_op_t *
ngx_fhirpath_build_name(ngx_fhirpath_compiler_t *c, ngx_str_t *name, size_t at)
{
    ngx_uint_t          type;
    ngx_fhirpath_op_t  *op;

    if (!c->fp->untyped
        && name->len && name->data[0] >= 'A' && name->data[0] <= 'Z')
    {
        type = ngx_fhir_type(name->data, name->len);

        if (type) {
            return ngx_fhirpath_build_focus(c, type, at);
        }
    }

    op = ngx_fhirpath_build_self(c, at);

    return op ? ngx_fhirpath_build_member(c, op, name, at) : NULL;
}


static ngx_fhirpath_op_t *
ngx_fhirpath_build_focus(ngx_fhirpath_compiler_t *c, ngx_uint_t type,
    size_t at)
{
    ngx_fhirpath_op_t  *op;

    op = ngx_fhirpath_build_self(c, at);

    if (op == NULL || (c->self.type && ngx_fhir_type_is(c->self.type, type))) {
        return op;
    }

    if (c->self.kind != NGX_FHIRPATH_ANY
        && (c->self.kind != NGX_FHIRPATH_NODE
            || (c->self.type && !ngx_fhir_type_is(type, c->self.type))))
    {
        ngx_fhirpath_wrong(c, at, "it is not applied to \"",
                           ngx_fhir_type_name(type), "\"");
        return NULL;
    }

    op->id = NGX_FHIRPATH_OTHER;
    op->eval = ngx_fhirpath_eval_typed;
    op->of.type = type;
    op->of.kind = NGX_FHIRPATH_ANY;
    op->result.kind = NGX_FHIRPATH_NODE;
    op->result.type = type;

    return op;
}


/* names behind one another are one operation */

ngx_fhirpath_op_t *
ngx_fhirpath_build_member(ngx_fhirpath_compiler_t *c,
    ngx_fhirpath_op_t *input, ngx_str_t *name, size_t at)
{
    ngx_fhirpath_op_t  *op;

    op = input;

    if (input->id != NGX_FHIRPATH_PATH) {
        op = ngx_fhirpath_build(c, at, ngx_fhirpath_eval_path);
        if (op == NULL) {
            return NULL;
        }

        op->id = NGX_FHIRPATH_PATH;
        op->input = input;
        op->result = input->result;

        op->next = c->fp->paths;
        c->fp->paths = op;
    }

    if (ngx_fhirpath_build_step(c, op, name, at) != NGX_OK
        || ngx_fhirpath_check_depth(c, op) != NGX_OK)
    {
        return NULL;
    }

    return op;
}


static ngx_int_t
ngx_fhirpath_build_step(ngx_fhirpath_compiler_t *c, ngx_fhirpath_op_t *op,
    ngx_str_t *name, size_t at)
{
    ngx_fhir_element_t   *element;
    ngx_fhirpath_step_t  *step;

    element = NULL;

    if (ngx_fhirpath_check_element(c, &op->result, name, at, &element)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    step = ngx_fhirpath_build_steps(c, op);
    if (step == NULL) {
        return NGX_ERROR;
    }

    step->name = *name;
    step->of = element ? op->result.type : 0;
    step->element = element;

    op->nsteps++;

    op->result.kind = NGX_FHIRPATH_NODE;
    op->result.type = element ? element->type : 0;

    return ngx_fhirpath_chain_down(c, &op->input->result.chains, op->steps,
                                   op->nsteps, &op->result.chains);
}


/* room for one step more, which is returned */

static ngx_fhirpath_step_t *
ngx_fhirpath_build_steps(ngx_fhirpath_compiler_t *c, ngx_fhirpath_op_t *op)
{
    ngx_fhirpath_step_t  *steps;

    steps = ngx_canonical_alloc(c->arena, (op->nsteps + 1)
                                          * sizeof(ngx_fhirpath_step_t));
    if (steps == NULL) {
        c->why = "no memory";
        return NULL;
    }

    if (op->nsteps) {
        ngx_memcpy(steps, op->steps,
                   op->nsteps * sizeof(ngx_fhirpath_step_t));
    }

    op->steps = steps;

    return &steps[op->nsteps];
}


ngx_fhirpath_op_t *
ngx_fhirpath_build_index(ngx_fhirpath_compiler_t *c, ngx_fhirpath_op_t *input,
    ngx_fhirpath_op_t *index, size_t at)
{
    ngx_fhirpath_op_t     *op;
    ngx_fhirpath_class_e   class;

    op = ngx_fhirpath_build(c, at, ngx_fhirpath_eval_item);
    if (op == NULL) {
        return NULL;
    }

    class = ngx_fhirpath_class(&index->result);

    if ((class != NGX_FHIRPATH_CLASS_ANY && class != NGX_FHIRPATH_CLASS_NUMBER)
        || index->result.kind == NGX_FHIRPATH_DECIMAL)
    {
        ngx_fhirpath_wrong(c, index->at, "the index is no integer", NULL,
                           NULL);
        return NULL;
    }

    op->input = input;
    op->args[0] = index;
    op->result = input->result;

    ngx_fhirpath_chain_use(&index->result.chains);

    return (ngx_fhirpath_check_depth(c, op) == NGX_OK) ? op : NULL;
}


ngx_fhirpath_op_t *
ngx_fhirpath_build_unary(ngx_fhirpath_compiler_t *c,
    ngx_fhirpath_op_t *operand, ngx_uint_t minus, size_t at)
{
    ngx_fhirpath_op_t     *op;
    ngx_fhirpath_class_e   class;

    op = ngx_fhirpath_build(c, at, ngx_fhirpath_eval_sign);
    if (op == NULL) {
        return NULL;
    }

    class = ngx_fhirpath_class(&operand->result);

    if (class != NGX_FHIRPATH_CLASS_ANY && class != NGX_FHIRPATH_CLASS_NUMBER)
    {
        ngx_fhirpath_wrong(c, at, "the operand is no number", NULL, NULL);
        return NULL;
    }

    op->op = minus ? '-' : '+';
    op->input = operand;

    if (operand->result.kind != NGX_FHIRPATH_NODE) {
        op->result.kind = operand->result.kind;
    }

    ngx_fhirpath_chain_use(&operand->result.chains);

    return (ngx_fhirpath_check_depth(c, op) == NGX_OK) ? op : NULL;
}


ngx_fhirpath_op_t *
ngx_fhirpath_build_binary(ngx_fhirpath_compiler_t *c,
    const ngx_fhirpath_operator_t *o, ngx_fhirpath_op_t *left,
    ngx_fhirpath_op_t *right, size_t at)
{
    ngx_fhirpath_op_t  *op;

    op = ngx_fhirpath_build(c, at, o->eval);
    if (op == NULL) {
        return NULL;
    }

    op->test = o->test;
    op->op = o->op;
    op->input = left;
    op->args[0] = right;
    op->result.kind = o->kind;

    if (ngx_fhirpath_check_operator(c, op) != NGX_OK
        || ngx_fhirpath_check_depth(c, op) != NGX_OK)
    {
        return NULL;
    }

    if (o->op == '|') {

        if (ngx_fhirpath_build_join(c, &left->result, &right->result,
                                    &op->result)
            != NGX_OK)
        {
            return NULL;
        }

        return op;
    }

    if (o->kind == NGX_FHIRPATH_ANY) {
        ngx_fhirpath_build_sum(op);
    }

    ngx_fhirpath_chain_use(&left->result.chains);
    ngx_fhirpath_chain_use(&right->result.chains);

    return op;
}


static ngx_int_t
ngx_fhirpath_build_join(ngx_fhirpath_compiler_t *c, ngx_fhirpath_static_t *a,
    ngx_fhirpath_static_t *b, ngx_fhirpath_static_t *to)
{
    ngx_uint_t  kind, type;

    kind = (a->kind == b->kind) ? a->kind : NGX_FHIRPATH_ANY;
    type = (a->kind == b->kind && a->type == b->type) ? a->type : 0;

    to->kind = kind;
    to->type = type;

    return ngx_fhirpath_chain_join(c, &a->chains, &b->chains, &to->chains);
}


/* of "+", "-" and "*" */

static void
ngx_fhirpath_build_sum(ngx_fhirpath_op_t *op)
{
    ngx_uint_t             a, b;
    ngx_fhirpath_class_e   left, right;

    a = op->input->result.kind;
    b = op->args[0]->result.kind;
    left = ngx_fhirpath_class(&op->input->result);
    right = ngx_fhirpath_class(&op->args[0]->result);

    if (a == NGX_FHIRPATH_INTEGER && b == NGX_FHIRPATH_INTEGER) {
        op->result.kind = NGX_FHIRPATH_INTEGER;

    } else if (a == NGX_FHIRPATH_DECIMAL || b == NGX_FHIRPATH_DECIMAL) {
        op->result.kind = NGX_FHIRPATH_DECIMAL;

    } else if (left == NGX_FHIRPATH_CLASS_STRING
               && right == NGX_FHIRPATH_CLASS_STRING)
    {
        op->result.kind = NGX_FHIRPATH_STRING;
    }
}


/* "is" and "as" */

ngx_fhirpath_op_t *
ngx_fhirpath_build_type(ngx_fhirpath_compiler_t *c,
    const ngx_fhirpath_operator_t *o, ngx_fhirpath_op_t *input,
    ngx_fhirpath_type_t *of, size_t at)
{
    ngx_fhirpath_op_t  *op;

    op = ngx_fhirpath_build(c, at, o->eval);
    if (op == NULL) {
        return NULL;
    }

    op->test = o->test;
    op->input = input;
    op->of = *of;
    op->result.kind = o->kind;

    if (o->op == NGX_FHIRPATH_OP_AS) {
        ngx_fhirpath_build_cast(op);

    } else {
        ngx_fhirpath_chain_use(&input->result.chains);
    }

    return (ngx_fhirpath_check_depth(c, op) == NGX_OK) ? op : NULL;
}


static void
ngx_fhirpath_build_cast(ngx_fhirpath_op_t *op)
{
    op->result = op->input->result;

    if (op->of.type) {
        op->result.kind = NGX_FHIRPATH_NODE;
        op->result.type = op->of.type;

    } else if (op->result.kind != NGX_FHIRPATH_NODE) {
        op->result.kind = op->of.kind;
    }
}


ngx_int_t
ngx_fhirpath_build_function(ngx_fhirpath_compiler_t *c,
    const ngx_fhirpath_function_t *f, ngx_fhirpath_op_t *op)
{
    if (ngx_fhirpath_check_function(c, f, op) != NGX_OK
        || ngx_fhirpath_check_depth(c, op) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (f->args[0] == 'r'
        && ngx_fhirpath_build_pattern(c, op) != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_fhirpath_build_use(f, op);

    return ngx_fhirpath_build_result(c, f, op);
}


static ngx_int_t
ngx_fhirpath_build_result(ngx_fhirpath_compiler_t *c,
    const ngx_fhirpath_function_t *f, ngx_fhirpath_op_t *op)
{
    ngx_fhirpath_op_t  *other;

    switch (f->kind) {

    case NGX_FHIRPATH_SAME:
        op->result = op->input->result;
        return NGX_OK;

    case NGX_FHIRPATH_SELECTED:
        op->result = op->args[0]->result;
        return NGX_OK;

    case NGX_FHIRPATH_CHOSEN:
        op->result = op->args[1]->result;
        other = op->args[2];

        if (other == NULL) {
            return NGX_OK;
        }

        return ngx_fhirpath_build_join(c, &op->args[1]->result,
                                       &other->result, &op->result);

    case NGX_FHIRPATH_CAST:
        ngx_fhirpath_build_cast(op);
        return NGX_OK;

    case NGX_FHIRPATH_RESOLVED:
        op->result.kind = NGX_FHIRPATH_NODE;

        if (ngx_fhirpath_chain_start(c, &op->result.chains,
                                     NGX_FHIRPATH_ASIDE)
            != NGX_OK)
        {
            return NGX_ERROR;
        }

        if (op->input->result.type != NGX_FHIR_REFERENCE) {
            ngx_fhirpath_chain_use(&op->input->result.chains);
            return NGX_OK;
        }

        return ngx_fhirpath_build_down(c, op, "reference", NULL, NULL);

    case NGX_FHIRPATH_EXTENDED:
        op->result.kind = NGX_FHIRPATH_NODE;
        op->result.type = NGX_FHIR_EXTENSION;

        if (ngx_fhirpath_build_down(c, op, "extension", "url", NULL)
            != NGX_OK)
        {
            return NGX_ERROR;
        }

        return ngx_fhirpath_build_down(c, op, "extension", NULL,
                                       &op->result.chains);

    default:
        op->result.kind = f->kind;
        return NGX_OK;
    }
}


/* down from the input by one or two names; "to" NULL: these are used */

static ngx_int_t
ngx_fhirpath_build_down(ngx_fhirpath_compiler_t *c, ngx_fhirpath_op_t *op,
    const char *first, const char *second, ngx_fhirpath_chains_t *to)
{
    ngx_fhirpath_step_t    *steps;
    ngx_fhirpath_chains_t   used;

    steps = ngx_canonical_zalloc(c->arena, 2 * sizeof(ngx_fhirpath_step_t));
    if (steps == NULL) {
        c->why = "no memory";
        return NGX_ERROR;
    }

    steps[0].name.data = (u_char *) first;
    steps[0].name.len = strlen(first);

    if (second) {
        steps[1].name.data = (u_char *) second;
        steps[1].name.len = strlen(second);
    }

    ngx_memzero(&used, sizeof(ngx_fhirpath_chains_t));

    if (ngx_fhirpath_chain_down(c, &op->input->result.chains, steps,
                                second ? 2 : 1, to ? to : &used)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_fhirpath_chain_use(&used);

    return NGX_OK;
}


/* all arguments but those that are a result; the input unless it is passed */

static void
ngx_fhirpath_build_use(const ngx_fhirpath_function_t *f, ngx_fhirpath_op_t *op)
{
    ngx_uint_t  i;

    for (i = 0; i < NGX_FHIRPATH_ARGS && op->args[i]; i++) {

        if (f->kind != NGX_FHIRPATH_SELECTED
            && (f->kind != NGX_FHIRPATH_CHOSEN || i == 0))
        {
            ngx_fhirpath_chain_use(&op->args[i]->result.chains);
        }
    }

    if (f->kind < NGX_FHIRPATH_SAME
        && (f->args[0] != 'l' || op->args[0] == NULL))
    {
        ngx_fhirpath_chain_use(&op->input->result.chains);
    }
}


/* a point is any character, of a line's end as well: (?s) */

static ngx_int_t
ngx_fhirpath_build_pattern(ngx_fhirpath_compiler_t *c, ngx_fhirpath_op_t *op)
{
    size_t              at;
    ngx_str_t           pattern, *text;
    const char         *why;
    ngx_fhirpath_op_t  *arg;

    arg = op->args[0];

    if (arg->eval == ngx_fhirpath_eval_nothing) {
        return NGX_OK;
    }

    if (arg->id != NGX_FHIRPATH_LITERAL
        || arg->literal.kind != NGX_FHIRPATH_STRING)
    {
        ngx_fhirpath_wrong(c, arg->at, "the pattern is no literal string",
                           NULL, NULL);
        return NGX_ERROR;
    }

    text = &arg->literal.string;

    pattern.len = sizeof("(?s)") - 1 + text->len;
    pattern.data = ngx_canonical_bytes(c->arena, pattern.len);

    if (pattern.data == NULL) {
        c->why = "no memory";
        return NGX_ERROR;
    }

    ngx_memcpy(ngx_cpymem(pattern.data, "(?s)", sizeof("(?s)") - 1),
               text->data, text->len);

    op->regex = ngx_canonical_regex_compile(c->arena, &pattern, &why, &at);

    if (op->regex == NULL) {
        ngx_fhirpath_wrong(c, arg->at, "invalid pattern: ", NULL, why);
        return NGX_ERROR;
    }

    return NGX_OK;
}
