
/*
 * FHIRPath: names of types, "is" and "as".
 */

#include "ngx_fhirpath_private.h"


static ngx_int_t ngx_fhirpath_type_find(ngx_fhirpath_compiler_t *c,
    ngx_str_t *space, ngx_str_t *name, ngx_fhirpath_type_t *of);


static const struct {
    const char           *name;
    ngx_fhirpath_kind_e   kind;
} ngx_fhirpath_system[] = {
    { "Boolean", NGX_FHIRPATH_BOOLEAN },
    { "Integer", NGX_FHIRPATH_INTEGER },
    { "Decimal", NGX_FHIRPATH_DECIMAL },
    { "String", NGX_FHIRPATH_STRING },
    { "Date", NGX_FHIRPATH_DATE },
    { "DateTime", NGX_FHIRPATH_DATETIME },
    { "Time", NGX_FHIRPATH_TIME },
    { NULL, 0 }
};


ngx_int_t
ngx_fhirpath_type_name(ngx_fhirpath_compiler_t *c, ngx_fhirpath_type_t *of)
{
    size_t     at;
    ngx_str_t  space, name;

    at = c->token.at;
    ngx_str_null(&space);

    for ( ;; ) {

        if (c->token.kind != NGX_FHIRPATH_NAME
            && c->token.kind != NGX_FHIRPATH_QUOTED)
        {
            ngx_fhirpath_wrong(c, c->token.at, "a type is expected", NULL,
                               NULL);
            return NGX_ERROR;
        }

        name = c->token.text;

        if (ngx_fhirpath_lex(c) != NGX_OK) {
            return NGX_ERROR;
        }

        if (space.len || !ngx_fhirpath_at_symbol(c, ".")
            || (!ngx_fhirpath_is_word(&name, "FHIR")
                && !ngx_fhirpath_is_word(&name, "System")))
        {
            break;
        }

        space = name;

        if (ngx_fhirpath_lex(c) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    if (ngx_fhirpath_type_find(c, &space, &name, of) != NGX_OK) {
        ngx_fhirpath_wrong(c, at, "unknown type \"", &name, "\"");
        return NGX_ERROR;
    }

    return NGX_OK;
}


/* a name without its space is one of FHIR first */

static ngx_int_t
ngx_fhirpath_type_find(ngx_fhirpath_compiler_t *c, ngx_str_t *space,
    ngx_str_t *name, ngx_fhirpath_type_t *of)
{
    ngx_uint_t  i;

    of->kind = NGX_FHIRPATH_ANY;
    of->type = ngx_fhir_type(name->data, name->len);

    if (of->type && !ngx_fhirpath_is_word(space, "System")) {
        return NGX_OK;
    }

    if (!ngx_fhirpath_is_word(space, "FHIR")) {

        for (i = 0; ngx_fhirpath_system[i].name; i++) {

            if (ngx_fhirpath_is_word(name, ngx_fhirpath_system[i].name)) {
                of->kind = ngx_fhirpath_system[i].kind;
                of->type = 0;
                return NGX_OK;
            }
        }
    }

    if (of->type) {

        /* System.Patient, System.Quantity: nothing here is of that type */

        of->type = 0;
        return NGX_OK;
    }

    return NGX_DECLINED;
}


/* primitive types match exactly, others also by what they are derived from */

ngx_uint_t
ngx_fhirpath_is(ngx_fhirpath_item_t *item, ngx_fhirpath_type_t *of,
    ngx_uint_t exact)
{
    if (of->type) {

        if (item->kind != NGX_FHIRPATH_NODE || item->type == 0) {
            return 0;
        }

        if (exact && ngx_fhir_type_is_primitive(of->type)) {
            return item->type == of->type;
        }

        return ngx_fhir_type_is(item->type, of->type);
    }

    if (of->kind == NGX_FHIRPATH_ANY
        || (item->kind == NGX_FHIRPATH_NODE && item->type))
    {
        return 0;
    }

    return ngx_fhirpath_kind(item) == of->kind
           && of->kind != NGX_FHIRPATH_NODE;
}


ngx_int_t
ngx_fhirpath_test_is(ngx_fhirpath_run_t *run, ngx_fhirpath_op_t *op,
    ngx_fhirpath_truth_e *truth)
{
    ngx_int_t            rc;
    ngx_fhirpath_item_t  item;

    *truth = NGX_FHIRPATH_UNKNOWN;

    rc = ngx_fhirpath_operand(run, op->input, &item);

    if (rc != NGX_OK) {
        return (rc == NGX_DONE) ? NGX_OK : rc;
    }

    *truth = ngx_fhirpath_is(&item, &op->of, 0) ? NGX_FHIRPATH_YES
                                                : NGX_FHIRPATH_NO;
    return NGX_OK;
}


ngx_int_t
ngx_fhirpath_eval_as(ngx_fhirpath_run_t *run, ngx_fhirpath_op_t *op)
{
    ngx_int_t             rc;
    ngx_fhirpath_item_t   item, *copy;

    rc = ngx_fhirpath_operand(run, op->input, &item);

    if (rc != NGX_OK) {
        return (rc == NGX_DONE) ? NGX_OK : rc;
    }

    if (!ngx_fhirpath_is(&item, &op->of, 1)) {
        return NGX_OK;
    }

    copy = ngx_fhirpath_push(run);
    if (copy == NULL) {
        return run->rc;
    }

    *copy = item;

    return NGX_OK;
}
