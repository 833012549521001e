
/*
 * FHIRPath: the grammar.  Operations are made by ngx_fhirpath_build.c.
 */

#include "ngx_fhirpath_private.h"


static ngx_fhirpath_op_t *ngx_fhirpath_expression(ngx_fhirpath_compiler_t *c,
    ngx_uint_t level);
static ngx_fhirpath_op_t *ngx_fhirpath_binary(ngx_fhirpath_compiler_t *c,
    ngx_fhirpath_op_t *left, ngx_uint_t level);
static ngx_fhirpath_op_t *ngx_fhirpath_unary(ngx_fhirpath_compiler_t *c);
static ngx_fhirpath_op_t *ngx_fhirpath_invocation(
    ngx_fhirpath_compiler_t *c, ngx_fhirpath_op_t *op);
static ngx_fhirpath_op_t *ngx_fhirpath_indexer(ngx_fhirpath_compiler_t *c,
    ngx_fhirpath_op_t *op);
static ngx_fhirpath_op_t *ngx_fhirpath_term(ngx_fhirpath_compiler_t *c);
static ngx_fhirpath_op_t *ngx_fhirpath_group(ngx_fhirpath_compiler_t *c);
static ngx_fhirpath_op_t *ngx_fhirpath_literal(ngx_fhirpath_compiler_t *c);
static ngx_fhirpath_op_t *ngx_fhirpath_variable(ngx_fhirpath_compiler_t *c);
static ngx_fhirpath_op_t *ngx_fhirpath_named(ngx_fhirpath_compiler_t *c,
    ngx_fhirpath_op_t *input);
static ngx_fhirpath_op_t *ngx_fhirpath_call(ngx_fhirpath_compiler_t *c,
    ngx_fhirpath_op_t *input, ngx_str_t *name, size_t at);
static ngx_int_t ngx_fhirpath_arguments(ngx_fhirpath_compiler_t *c,
    const ngx_fhirpath_function_t *f, ngx_fhirpath_op_t *op);
static ngx_int_t ngx_fhirpath_argument(ngx_fhirpath_compiler_t *c,
    ngx_fhirpath_op_t *op, ngx_uint_t i, char kind);

static ngx_int_t ngx_fhirpath_expect(ngx_fhirpath_compiler_t *c,
    const char *symbol, const char *why);


/* of "4 days", which is no number but a quantity */

static const char *const  ngx_fhirpath_units[] = {
    "year", "month", "week", "day", "hour", "minute", "second",
    "millisecond", "years", "months", "weeks", "days", "hours", "minutes",
    "seconds", "milliseconds", NULL
};


ngx_fhirpath_t *
ngx_fhirpath_compile(ngx_canonical_arena_t *a, ngx_str_t *text,
    ngx_uint_t type, ngx_uint_t resource, ngx_uint_t untyped, size_t *at,
    const char **why)
{
    ngx_fhirpath_t           *fp;
    ngx_fhirpath_compiler_t   c;

    ngx_memzero(&c, sizeof(ngx_fhirpath_compiler_t));

    c.arena = a;
    c.text = text;
    c.pos = text->data;
    c.why = "no memory";
    c.resource = untyped ? 0 : resource;
    c.domain = ngx_fhir_type((u_char *) "DomainResource",
                             sizeof("DomainResource") - 1);

    fp = ngx_canonical_zalloc(a, sizeof(ngx_fhirpath_t));
    c.fp = fp;

    if (fp) {
        fp->untyped = untyped ? 1 : 0;

        c.root.kind = type ? (ngx_uint_t) NGX_FHIRPATH_NODE : NGX_FHIRPATH_ANY;
        c.root.type = untyped ? 0 : type;

        if (ngx_fhirpath_chain_start(&c, &c.root.chains, NGX_FHIRPATH_FOCUS)
            == NGX_OK)
        {
            fp->op = ngx_fhirpath_parse(&c);
        }
    }

    if (fp == NULL || fp->op == NULL) {
        *at = ngx_min(c.at, text->len);
        *why = c.why;
        return NULL;
    }

    ngx_fhirpath_chain_use(&fp->op->result.chains);

    if (fp->op->result.kind == NGX_FHIRPATH_NODE) {
        fp->type = fp->op->result.type;
    }

    return fp;
}


ngx_uint_t
ngx_fhirpath_type(ngx_fhirpath_t *fp)
{
    return fp->type;
}


ngx_fhirpath_op_t *
ngx_fhirpath_parse(ngx_fhirpath_compiler_t *c)
{
    ngx_fhirpath_op_t  *op;

    c->self = c->root;

    if (ngx_fhirpath_lex(c) != NGX_OK) {
        return NULL;
    }

    op = ngx_fhirpath_expression(c, 0);

    if (op && c->token.kind != NGX_FHIRPATH_END) {
        ngx_fhirpath_wrong(c, c->token.at, "an operator is expected", NULL,
                           NULL);
        return NULL;
    }

    return op;
}


/* what binds at least as tight as "level" */

static ngx_fhirpath_op_t *
ngx_fhirpath_expression(ngx_fhirpath_compiler_t *c, ngx_uint_t level)
{
    ngx_fhirpath_op_t  *op;

    if (++c->depth > NGX_FHIRPATH_DEPTH) {
        ngx_fhirpath_wrong(c, c->token.at, "the expression is nested too deep",
                           NULL, NULL);
        return NULL;
    }

    op = ngx_fhirpath_unary(c);

    if (op) {
        op = ngx_fhirpath_binary(c, op, level);
    }

    c->depth--;

    return op;
}


static ngx_fhirpath_op_t *
ngx_fhirpath_binary(ngx_fhirpath_compiler_t *c, ngx_fhirpath_op_t *left,
    ngx_uint_t level)
{
    size_t                          at;
    ngx_fhirpath_op_t              *right;
    ngx_fhirpath_type_t             of;
    const ngx_fhirpath_operator_t  *o;

    while (left && (c->token.kind == NGX_FHIRPATH_SYMBOL
                    || c->token.kind == NGX_FHIRPATH_NAME))
    {
        o = ngx_fhirpath_operator(&c->token.text);

        if (o == NULL || o->level < level) {
            break;
        }

        at = c->token.at;

        if (o->op == 0) {
            ngx_fhirpath_wrong(c, at, "operator \"", &c->token.text,
                               "\" is not supported");
            return NULL;
        }

        if (ngx_fhirpath_lex(c) != NGX_OK) {
            return NULL;
        }

        if (o->op == NGX_FHIRPATH_OP_IS || o->op == NGX_FHIRPATH_OP_AS) {
            if (ngx_fhirpath_type_name(c, &of) != NGX_OK) {
                return NULL;
            }

            left = ngx_fhirpath_build_type(c, o, left, &of, at);
            continue;
        }

        right = ngx_fhirpath_expression(c, o->level + 1);
        if (right == NULL) {
            return NULL;
        }

        left = ngx_fhirpath_build_binary(c, o, left, right, at);
    }

    return left;
}


static ngx_fhirpath_op_t *
ngx_fhirpath_unary(ngx_fhirpath_compiler_t *c)
{
    size_t              at;
    ngx_uint_t          minus;
    ngx_fhirpath_op_t  *op;

    minus = ngx_fhirpath_at_symbol(c, "-");

    if (!minus && !ngx_fhirpath_at_symbol(c, "+")) {
        op = ngx_fhirpath_term(c);

        while (op && ngx_fhirpath_at_symbol(c, ".")) {
            op = ngx_fhirpath_invocation(c, op);
        }

        return op;
    }

    at = c->token.at;

    if (ngx_fhirpath_lex(c) != NGX_OK) {
        return NULL;
    }

    /* binds tighter than all operators of two operands */

    op = ngx_fhirpath_expression(c, NGX_FHIRPATH_LEVEL_MAX);

    return op ? ngx_fhirpath_build_unary(c, op, minus, at) : NULL;
}


/* ".name", ".function()", each with the "[n]" behind it */

static ngx_fhirpath_op_t *
ngx_fhirpath_invocation(ngx_fhirpath_compiler_t *c, ngx_fhirpath_op_t *op)
{
    if (ngx_fhirpath_lex(c) != NGX_OK) {
        return NULL;
    }

    if (c->token.kind != NGX_FHIRPATH_NAME
        && c->token.kind != NGX_FHIRPATH_QUOTED)
    {
        ngx_fhirpath_wrong(c, c->token.at,
                           "a name or function is expected after \".\"", NULL,
                           NULL);
        return NULL;
    }

    return ngx_fhirpath_indexer(c, ngx_fhirpath_named(c, op));
}


static ngx_fhirpath_op_t *
ngx_fhirpath_indexer(ngx_fhirpath_compiler_t *c, ngx_fhirpath_op_t *op)
{
    size_t              at;
    ngx_fhirpath_op_t  *index;

    while (op && ngx_fhirpath_at_symbol(c, "[")) {
        at = c->token.at;

        if (ngx_fhirpath_lex(c) != NGX_OK) {
            return NULL;
        }

        index = ngx_fhirpath_expression(c, 0);

        if (index == NULL
            || ngx_fhirpath_expect(c, "]", "\"]\" is expected") != NGX_OK)
        {
            return NULL;
        }

        op = ngx_fhirpath_build_index(c, op, index, at);
    }

    return op;
}


static ngx_fhirpath_op_t *
ngx_fhirpath_term(ngx_fhirpath_compiler_t *c)
{
    ngx_fhirpath_op_t  *op;

    switch (c->token.kind) {

    case NGX_FHIRPATH_NAME:
    case NGX_FHIRPATH_QUOTED:
        op = ngx_fhirpath_named(c, NULL);
        break;

    case NGX_FHIRPATH_VALUE:
        op = ngx_fhirpath_literal(c);
        break;

    case NGX_FHIRPATH_DOLLAR:
    case NGX_FHIRPATH_PERCENT:
        op = ngx_fhirpath_variable(c);
        break;

    case NGX_FHIRPATH_SYMBOL:
        op = ngx_fhirpath_group(c);
        break;

    default:
        ngx_fhirpath_wrong(c, c->token.at, "an expression is expected", NULL,
                           NULL);
        return NULL;
    }

    return ngx_fhirpath_indexer(c, op);
}


/* "( expression )" or "{}" */

static ngx_fhirpath_op_t *
ngx_fhirpath_group(ngx_fhirpath_compiler_t *c)
{
    size_t              at;
    ngx_fhirpath_op_t  *op;

    at = c->token.at;

    if (ngx_fhirpath_at_symbol(c, "{")) {

        if (ngx_fhirpath_lex(c) != NGX_OK
            || ngx_fhirpath_expect(c, "}", "\"}\" is expected") != NGX_OK)
        {
            return NULL;
        }

        return ngx_fhirpath_build(c, at, ngx_fhirpath_eval_nothing);
    }

    if (!ngx_fhirpath_at_symbol(c, "(")) {
        ngx_fhirpath_wrong(c, at, "an expression is expected", NULL, NULL);
        return NULL;
    }

    if (ngx_fhirpath_lex(c) != NGX_OK) {
        return NULL;
    }

    op = ngx_fhirpath_expression(c, 0);

    if (op == NULL
        || ngx_fhirpath_expect(c, ")", "\")\" is expected") != NGX_OK)
    {
        return NULL;
    }

    return op;
}


static ngx_fhirpath_op_t *
ngx_fhirpath_literal(ngx_fhirpath_compiler_t *c)
{
    ngx_uint_t            i;
    ngx_fhirpath_op_t    *op;
    ngx_fhirpath_kind_e   kind;

    op = ngx_fhirpath_build(c, c->token.at, ngx_fhirpath_eval_literal);
    if (op == NULL) {
        return NULL;
    }

    kind = c->token.literal.kind;

    op->id = NGX_FHIRPATH_LITERAL;
    op->literal = c->token.literal;
    op->result.kind = kind;

    if (ngx_fhirpath_lex(c) != NGX_OK) {
        return NULL;
    }

    if (kind != NGX_FHIRPATH_INTEGER && kind != NGX_FHIRPATH_DECIMAL) {
        return op;
    }

    i = 0;

    if (c->token.kind == NGX_FHIRPATH_NAME) {
        while (ngx_fhirpath_units[i]
               && !ngx_fhirpath_is_word(&c->token.text, ngx_fhirpath_units[i]))
        {
            i++;
        }
    }

    if ((c->token.kind == NGX_FHIRPATH_NAME && ngx_fhirpath_units[i])
        || (c->token.kind == NGX_FHIRPATH_VALUE
            && c->token.literal.kind == NGX_FHIRPATH_STRING))
    {
        ngx_fhirpath_wrong(c, op->at, "quantities are not supported", NULL,
                           NULL);
        return NULL;
    }

    return op;
}


static ngx_fhirpath_op_t *
ngx_fhirpath_variable(ngx_fhirpath_compiler_t *c)
{
    size_t              at;
    ngx_str_t          *name;
    ngx_fhirpath_op_t  *op;

    at = c->token.at;
    name = &c->token.text;

    if (c->token.kind == NGX_FHIRPATH_DOLLAR) {

        if (ngx_fhirpath_is_word(name, "this")) {
            op = ngx_fhirpath_build_self(c, at);

        } else if (ngx_fhirpath_is_word(name, "index")) {
            op = ngx_fhirpath_build(c, at, ngx_fhirpath_eval_index);

            if (op) {
                op->result.kind = NGX_FHIRPATH_INTEGER;
            }

        } else {
            ngx_fhirpath_wrong(c, at, "variable \"$", name,
                               "\" is not supported");
            return NULL;
        }

    } else if (ngx_fhirpath_is_word(name, "context")) {
        op = ngx_fhirpath_build(c, at, ngx_fhirpath_eval_context);

        if (op) {
            op->result = c->root;
        }

    } else if (ngx_fhirpath_is_word(name, "resource")) {
        op = ngx_fhirpath_build(c, at, ngx_fhirpath_eval_resource);

        if (op) {
            op->result.kind = NGX_FHIRPATH_NODE;
            op->result.type = c->resource;

            if (ngx_fhirpath_chain_start(c, &op->result.chains,
                                         NGX_FHIRPATH_RESOURCE)
                != NGX_OK)
            {
                return NULL;
            }
        }

    } else {
        ngx_fhirpath_wrong(c, at, "variable \"%", name, "\" is not supported");
        return NULL;
    }

    if (op == NULL || ngx_fhirpath_lex(c) != NGX_OK) {
        return NULL;
    }

    return op;
}


/* an element of "input", or of $this if it is NULL; or a function */

static ngx_fhirpath_op_t *
ngx_fhirpath_named(ngx_fhirpath_compiler_t *c, ngx_fhirpath_op_t *input)
{
    size_t              at;
    ngx_str_t           name;
    ngx_uint_t          quoted;
    ngx_fhirpath_op_t  *op;

    at = c->token.at;
    name = c->token.text;
    quoted = (c->token.kind == NGX_FHIRPATH_QUOTED);

    if (ngx_fhirpath_lex(c) != NGX_OK) {
        return NULL;
    }

    if (ngx_fhirpath_at_symbol(c, "(")) {
        return ngx_fhirpath_call(c, input, &name, at);
    }

    if (input) {
        return ngx_fhirpath_build_member(c, input, &name, at);
    }

    if (!quoted && (ngx_fhirpath_is_word(&name, "true")
                    || ngx_fhirpath_is_word(&name, "false")))
    {
        op = ngx_fhirpath_build(c, at, ngx_fhirpath_eval_literal);

        if (op) {
            op->id = NGX_FHIRPATH_LITERAL;
            op->literal.kind = NGX_FHIRPATH_BOOLEAN;
            op->literal.boolean = (name.data[0] == 't');
            op->result.kind = NGX_FHIRPATH_BOOLEAN;
        }

        return op;
    }

    return ngx_fhirpath_build_name(c, &name, at);
}


static ngx_fhirpath_op_t *
ngx_fhirpath_call(ngx_fhirpath_compiler_t *c, ngx_fhirpath_op_t *input,
    ngx_str_t *name, size_t at)
{
    ngx_fhirpath_op_t              *op;
    const ngx_fhirpath_function_t  *f;

    f = ngx_fhirpath_function(name);
    if (f == NULL) {
        ngx_fhirpath_wrong(c, at, "function \"", name, "\" is not supported");
        return NULL;
    }

    if (input == NULL) {
        input = ngx_fhirpath_build_self(c, at);
        if (input == NULL) {
            return NULL;
        }
    }

    op = ngx_fhirpath_build(c, at, f->eval);
    if (op == NULL) {
        return NULL;
    }

    op->test = f->test;
    op->input = input;

    if (ngx_fhirpath_lex(c) != NGX_OK
        || ngx_fhirpath_arguments(c, f, op) != NGX_OK
        || ngx_fhirpath_lex(c) != NGX_OK
        || ngx_fhirpath_build_function(c, f, op) != NGX_OK)
    {
        return NULL;
    }

    return op;
}


/* up to ")", which is left to be read */

static ngx_int_t
ngx_fhirpath_arguments(ngx_fhirpath_compiler_t *c,
    const ngx_fhirpath_function_t *f, ngx_fhirpath_op_t *op)
{
    ngx_uint_t  i;

    for (i = 0; !ngx_fhirpath_at_symbol(c, ")"); i++) {

        if (f->args[i] == '\0') {
            ngx_fhirpath_wrong(c, c->token.at, "too many arguments of \"",
                               (ngx_str_t *) &f->name, "\"");
            return NGX_ERROR;
        }

        if (ngx_fhirpath_argument(c, op, i, f->args[i]) != NGX_OK) {
            return NGX_ERROR;
        }

        if (ngx_fhirpath_at_symbol(c, ",")) {
            if (ngx_fhirpath_lex(c) != NGX_OK) {
                return NGX_ERROR;
            }

            if (!ngx_fhirpath_at_symbol(c, ")")) {
                continue;
            }

        } else if (ngx_fhirpath_at_symbol(c, ")")) {
            continue;
        }

        ngx_fhirpath_wrong(c, c->token.at, "\",\" or \")\" is expected", NULL,
                           NULL);
        return NGX_ERROR;
    }

    if (i < f->min) {
        ngx_fhirpath_wrong(c, c->token.at, "too few arguments of \"",
                           (ngx_str_t *) &f->name, "\"");
        return NGX_ERROR;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_fhirpath_argument(ngx_fhirpath_compiler_t *c, ngx_fhirpath_op_t *op,
    ngx_uint_t i, char kind)
{
    ngx_fhirpath_static_t  self;

    if (kind == 't') {
        return ngx_fhirpath_type_name(c, &op->of);
    }

    self = c->self;

    if (kind == 'l' || kind == 'c') {
        c->self = op->input->result;
    }

    op->args[i] = ngx_fhirpath_expression(c, 0);

    c->self = self;

    return op->args[i] ? NGX_OK : NGX_ERROR;
}


ngx_uint_t
ngx_fhirpath_at_symbol(ngx_fhirpath_compiler_t *c, const char *symbol)
{
    return c->token.kind == NGX_FHIRPATH_SYMBOL
           && ngx_fhirpath_is_word(&c->token.text, symbol);
}


ngx_uint_t
ngx_fhirpath_is_word(ngx_str_t *text, const char *word)
{
    size_t  len;

    len = strlen(word);

    return text->len == len && ngx_memcmp(text->data, word, len) == 0;
}


static ngx_int_t
ngx_fhirpath_expect(ngx_fhirpath_compiler_t *c, const char *symbol,
    const char *why)
{
    if (!ngx_fhirpath_at_symbol(c, symbol)) {
        ngx_fhirpath_wrong(c, c->token.at, why, NULL, NULL);
        return NGX_ERROR;
    }

    return ngx_fhirpath_lex(c);
}
