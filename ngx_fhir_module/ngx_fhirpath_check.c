
/*
 * FHIRPath: what is wrong with an expression whatever it is applied to.
 */

#include "ngx_fhirpath_private.h"


static ngx_int_t ngx_fhirpath_check_input(ngx_fhirpath_compiler_t *c,
    const ngx_fhirpath_function_t *f, ngx_fhirpath_op_t *op);
static ngx_int_t ngx_fhirpath_check_argument(ngx_fhirpath_compiler_t *c,
    ngx_fhirpath_op_t *arg, char kind);


ngx_int_t
ngx_fhirpath_check_depth(ngx_fhirpath_compiler_t *c, ngx_fhirpath_op_t *op)
{
    ngx_uint_t  i, depth;

    depth = op->input ? op->input->depth : 0;

    for (i = 0; i < NGX_FHIRPATH_ARGS && op->args[i]; i++) {
        depth = ngx_max(depth, op->args[i]->depth);
    }

    op->depth = depth + 1 + op->nsteps;

    if (op->depth > NGX_FHIRPATH_DEPTH) {
        ngx_fhirpath_wrong(c, op->at, "the expression is nested too deep",
                           NULL, NULL);
        return NGX_ERROR;
    }

    return NGX_OK;
}


/*
 * An element of any resource or element may be more than the abstract types
 * have.
 */

ngx_int_t
ngx_fhirpath_check_element(ngx_fhirpath_compiler_t *c,
    ngx_fhirpath_static_t *of, ngx_str_t *name, size_t at,
    ngx_fhir_element_t **element)
{
    ngx_fhir_element_t  *e;

    if (of->kind != NGX_FHIRPATH_ANY && of->kind != NGX_FHIRPATH_NODE) {
        ngx_fhirpath_wrong(c, at, "a value has no element \"", name, "\"");
        return NGX_ERROR;
    }

    if (of->type == 0) {
        return NGX_OK;
    }

    e = ngx_fhir_element(of->type, name->data, name->len);

    if (e && !e->typed) {
        *element = e;
        return NGX_OK;
    }

    if (e == NULL
        && (of->type == NGX_FHIR_RESOURCE || of->type == NGX_FHIR_ELEMENT
            || of->type == c->domain))
    {
        return NGX_OK;
    }

    if (e) {
        ngx_fhirpath_wrong(c, at, "the element is a choice: \"", &e->name,
                           "\"");
        return NGX_ERROR;
    }

    ngx_fhirpath_wrong_two(c, at, ngx_fhir_type_name(of->type),
                           " has no element \"", name, "\"");

    return NGX_ERROR;
}


ngx_fhirpath_class_e
ngx_fhirpath_class(ngx_fhirpath_static_t *s)
{
    switch (s->kind) {

    case NGX_FHIRPATH_BOOLEAN:
        return NGX_FHIRPATH_CLASS_BOOLEAN;

    case NGX_FHIRPATH_INTEGER:
    case NGX_FHIRPATH_DECIMAL:
        return NGX_FHIRPATH_CLASS_NUMBER;

    case NGX_FHIRPATH_STRING:
        return NGX_FHIRPATH_CLASS_STRING;

    case NGX_FHIRPATH_DATE:
    case NGX_FHIRPATH_DATETIME:
        return NGX_FHIRPATH_CLASS_DATE;

    case NGX_FHIRPATH_TIME:
        return NGX_FHIRPATH_CLASS_TIME;

    case NGX_FHIRPATH_NODE:
        break;

    default:
        return NGX_FHIRPATH_CLASS_ANY;
    }

    switch (s->type) {

    case NGX_FHIR_UNKNOWN:
    case NGX_FHIR_ELEMENT:
        return NGX_FHIRPATH_CLASS_ANY;

    case NGX_FHIR_BOOLEAN:
        return NGX_FHIRPATH_CLASS_BOOLEAN;

    case NGX_FHIR_INTEGER:
    case NGX_FHIR_UNSIGNED_INT:
    case NGX_FHIR_POSITIVE_INT:
    case NGX_FHIR_DECIMAL:
        return NGX_FHIRPATH_CLASS_NUMBER;

    case NGX_FHIR_DATE:
    case NGX_FHIR_DATETIME:
    case NGX_FHIR_INSTANT:
        return NGX_FHIRPATH_CLASS_DATE;

    case NGX_FHIR_TIME:
        return NGX_FHIRPATH_CLASS_TIME;

    default:
        return ngx_fhir_type_is_primitive(s->type)
               ? NGX_FHIRPATH_CLASS_STRING : NGX_FHIRPATH_CLASS_COMPLEX;
    }
}


ngx_int_t
ngx_fhirpath_check_operator(ngx_fhirpath_compiler_t *c, ngx_fhirpath_op_t *op)
{
    ngx_uint_t            ordered, known, equal;
    ngx_fhirpath_class_e  a, b;

    a = ngx_fhirpath_class(&op->input->result);
    b = ngx_fhirpath_class(&op->args[0]->result);

    known = (a && b);
    equal = (a == b);

    switch (op->op) {

    case '<':
    case '>':
    case NGX_FHIRPATH_OP_LE:
    case NGX_FHIRPATH_OP_GE:
        ordered = (a < NGX_FHIRPATH_CLASS_BOOLEAN
                   && b < NGX_FHIRPATH_CLASS_BOOLEAN);

        if (!ordered || (known && !equal)) {
            break;
        }

        return NGX_OK;

    case '+':
        if (a > NGX_FHIRPATH_CLASS_STRING || b > NGX_FHIRPATH_CLASS_STRING
            || (known && !equal))
        {
            break;
        }

        return NGX_OK;

    case '-':
    case '*':
    case '/':
        if (a > NGX_FHIRPATH_CLASS_NUMBER || b > NGX_FHIRPATH_CLASS_NUMBER) {
            break;
        }

        return NGX_OK;

    case '&':
        if (a == NGX_FHIRPATH_CLASS_COMPLEX
            || b == NGX_FHIRPATH_CLASS_COMPLEX)
        {
            break;
        }

        return NGX_OK;

    default:
        return NGX_OK;
    }

    ngx_fhirpath_wrong(c, op->at, "the types of the operands do not fit", NULL,
                       NULL);

    return NGX_ERROR;
}


ngx_int_t
ngx_fhirpath_check_function(ngx_fhirpath_compiler_t *c,
    const ngx_fhirpath_function_t *f, ngx_fhirpath_op_t *op)
{
    ngx_uint_t  i;

    if (ngx_fhirpath_check_input(c, f, op) != NGX_OK) {
        return NGX_ERROR;
    }

    for (i = 0; i < NGX_FHIRPATH_ARGS && op->args[i]; i++) {

        if (ngx_fhirpath_check_argument(c, op->args[i], f->args[i])
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_fhirpath_check_input(ngx_fhirpath_compiler_t *c,
    const ngx_fhirpath_function_t *f, ngx_fhirpath_op_t *op)
{
    ngx_uint_t              wrong;
    ngx_fhirpath_class_e    class;
    ngx_fhirpath_static_t  *input;

    wrong = 0;
    input = &op->input->result;
    class = ngx_fhirpath_class(input);

    /* of a primitive in the tree its text will do */

    if (f->string) {
        wrong = (class == NGX_FHIRPATH_CLASS_COMPLEX
                 || (input->kind != NGX_FHIRPATH_NODE
                     && class != NGX_FHIRPATH_CLASS_ANY
                     && class != NGX_FHIRPATH_CLASS_STRING));
    }

    if (f->kind == NGX_FHIRPATH_RESOLVED) {
        wrong = (class != NGX_FHIRPATH_CLASS_ANY
                 && class != NGX_FHIRPATH_CLASS_STRING
                 && input->type != NGX_FHIR_REFERENCE);
    }

    if (wrong) {
        ngx_fhirpath_wrong(c, op->at, "the input has the wrong type for \"",
                           (ngx_str_t *) &f->name, "\"");
        return NGX_ERROR;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_fhirpath_check_argument(ngx_fhirpath_compiler_t *c, ngx_fhirpath_op_t *arg,
    char kind)
{
    ngx_fhirpath_class_e  class, want;

    switch (kind) {

    case 's':
        want = NGX_FHIRPATH_CLASS_STRING;
        break;

    case 'i':
        want = NGX_FHIRPATH_CLASS_NUMBER;
        break;

    case 'c':
        want = NGX_FHIRPATH_CLASS_BOOLEAN;
        break;

    default:
        return NGX_OK;
    }

    class = ngx_fhirpath_class(&arg->result);

    if ((class != NGX_FHIRPATH_CLASS_ANY && class != want)
        || (kind == 'i' && arg->result.kind == NGX_FHIRPATH_DECIMAL))
    {
        ngx_fhirpath_wrong(c, arg->at, "the argument has the wrong type", NULL,
                           NULL);
        return NGX_ERROR;
    }

    return NGX_OK;
}
