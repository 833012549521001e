
/*
 * FHIRPath: the functions and operators that there are.
 */

#include "ngx_fhirpath_private.h"


#define ngx_fhirpath_values(name, args, min, kind, string, eval)              \
    { ngx_string(name), args, min, kind, string, eval, NULL }

#define ngx_fhirpath_tests(name, args, min, string, test)                     \
    { ngx_string(name), args, min, NGX_FHIRPATH_BOOLEAN, string,              \
      ngx_fhirpath_eval_test, test }


static const ngx_fhirpath_function_t  ngx_fhirpath_functions[] = {

    ngx_fhirpath_values("where", "l", 1, NGX_FHIRPATH_SAME, 0,
                        ngx_fhirpath_eval_where),
    ngx_fhirpath_values("select", "l", 1, NGX_FHIRPATH_SELECTED, 0,
                        ngx_fhirpath_eval_select),
    ngx_fhirpath_values("first", "", 0, NGX_FHIRPATH_SAME, 0,
                        ngx_fhirpath_eval_first),
    ngx_fhirpath_values("last", "", 0, NGX_FHIRPATH_SAME, 0,
                        ngx_fhirpath_eval_last),
    ngx_fhirpath_values("single", "", 0, NGX_FHIRPATH_SAME, 0,
                        ngx_fhirpath_eval_single),
    ngx_fhirpath_values("tail", "", 0, NGX_FHIRPATH_SAME, 0,
                        ngx_fhirpath_eval_tail),
    ngx_fhirpath_values("skip", "i", 1, NGX_FHIRPATH_SAME, 0,
                        ngx_fhirpath_eval_skip),
    ngx_fhirpath_values("take", "i", 1, NGX_FHIRPATH_SAME, 0,
                        ngx_fhirpath_eval_take),
    ngx_fhirpath_values("count", "", 0, NGX_FHIRPATH_INTEGER, 0,
                        ngx_fhirpath_eval_count),
    ngx_fhirpath_values("ofType", "t", 1, NGX_FHIRPATH_CAST, 0,
                        ngx_fhirpath_eval_oftype),
    ngx_fhirpath_values("as", "t", 1, NGX_FHIRPATH_CAST, 0,
                        ngx_fhirpath_eval_as),
    ngx_fhirpath_values("iif", "cll", 2, NGX_FHIRPATH_CHOSEN, 0,
                        ngx_fhirpath_eval_iif),
    ngx_fhirpath_values("distinct", "", 0, NGX_FHIRPATH_SAME, 0,
                        ngx_fhirpath_eval_distinct),
    ngx_fhirpath_values("extension", "s", 1, NGX_FHIRPATH_EXTENDED, 0,
                        ngx_fhirpath_eval_extension),
    ngx_fhirpath_values("resolve", "", 0, NGX_FHIRPATH_RESOLVED, 0,
                        ngx_fhirpath_eval_resolve),

    ngx_fhirpath_tests("exists", "l", 0, 0, ngx_fhirpath_test_exists),
    ngx_fhirpath_tests("empty", "", 0, 0, ngx_fhirpath_test_empty),
    ngx_fhirpath_tests("all", "l", 1, 0, ngx_fhirpath_test_all),
    ngx_fhirpath_tests("not", "", 0, 0, ngx_fhirpath_test_not),
    ngx_fhirpath_tests("is", "t", 1, 0, ngx_fhirpath_test_is),
    ngx_fhirpath_tests("isDistinct", "", 0, 0, ngx_fhirpath_test_distinct),
    ngx_fhirpath_tests("hasValue", "", 0, 0, ngx_fhirpath_test_value),

    ngx_fhirpath_tests("startsWith", "s", 1, 1, ngx_fhirpath_test_start),
    ngx_fhirpath_tests("endsWith", "s", 1, 1, ngx_fhirpath_test_end),
    ngx_fhirpath_tests("contains", "s", 1, 1, ngx_fhirpath_test_within),
    ngx_fhirpath_tests("matches", "r", 1, 1, ngx_fhirpath_test_matches),

    ngx_fhirpath_values("substring", "ii", 1, NGX_FHIRPATH_STRING, 1,
                        ngx_fhirpath_eval_substring),
    ngx_fhirpath_values("replace", "ss", 2, NGX_FHIRPATH_STRING, 1,
                        ngx_fhirpath_eval_replace),
    ngx_fhirpath_values("length", "", 0, NGX_FHIRPATH_INTEGER, 1,
                        ngx_fhirpath_eval_length),
    ngx_fhirpath_values("upper", "", 0, NGX_FHIRPATH_STRING, 1,
                        ngx_fhirpath_eval_upper),
    ngx_fhirpath_values("lower", "", 0, NGX_FHIRPATH_STRING, 1,
                        ngx_fhirpath_eval_lower),
    ngx_fhirpath_values("trim", "", 0, NGX_FHIRPATH_STRING, 1,
                        ngx_fhirpath_eval_trim),
    ngx_fhirpath_values("split", "s", 1, NGX_FHIRPATH_STRING, 1,
                        ngx_fhirpath_eval_split),
    ngx_fhirpath_values("join", "s", 0, NGX_FHIRPATH_STRING, 1,
                        ngx_fhirpath_eval_join),
    ngx_fhirpath_values("indexOf", "s", 1, NGX_FHIRPATH_INTEGER, 1,
                        ngx_fhirpath_eval_indexof),

    ngx_fhirpath_values("toString", "", 0, NGX_FHIRPATH_STRING, 0,
                        ngx_fhirpath_eval_tostring),
    ngx_fhirpath_values("toInteger", "", 0, NGX_FHIRPATH_INTEGER, 0,
                        ngx_fhirpath_eval_tointeger),
    ngx_fhirpath_values("toDecimal", "", 0, NGX_FHIRPATH_DECIMAL, 0,
                        ngx_fhirpath_eval_todecimal),
    ngx_fhirpath_values("toDate", "", 0, NGX_FHIRPATH_DATE, 0,
                        ngx_fhirpath_eval_todate),
    ngx_fhirpath_values("toDateTime", "", 0, NGX_FHIRPATH_DATETIME, 0,
                        ngx_fhirpath_eval_todatetime),

    { ngx_null_string, NULL, 0, 0, 0, NULL, NULL }
};


#define ngx_fhirpath_logic(name, level, op, test)                             \
    { ngx_string(name), level, op, NGX_FHIRPATH_BOOLEAN,                      \
      ngx_fhirpath_eval_test, test }

#define ngx_fhirpath_sums(name, level, op, kind, eval)                        \
    { ngx_string(name), level, op, kind, eval, NULL }

#define ngx_fhirpath_none(name, level)                                        \
    { ngx_string(name), level, 0, 0, NULL, NULL }


static const ngx_fhirpath_operator_t  ngx_fhirpath_operators[] = {

    ngx_fhirpath_none("implies", 0),
    ngx_fhirpath_none("xor", 1),
    ngx_fhirpath_logic("or", 1, NGX_FHIRPATH_OP_OR, ngx_fhirpath_test_or),
    ngx_fhirpath_logic("and", 2, NGX_FHIRPATH_OP_AND, ngx_fhirpath_test_and),
    ngx_fhirpath_logic("in", 3, NGX_FHIRPATH_OP_IN, ngx_fhirpath_test_member),
    ngx_fhirpath_logic("contains", 3, NGX_FHIRPATH_OP_CONTAINS,
                       ngx_fhirpath_test_member),
    ngx_fhirpath_logic("=", 4, '=', ngx_fhirpath_test_equal),
    ngx_fhirpath_logic("!=", 4, NGX_FHIRPATH_OP_NE, ngx_fhirpath_test_equal),
    ngx_fhirpath_none("~", 4),
    ngx_fhirpath_none("!~", 4),
    ngx_fhirpath_logic("<", 5, '<', ngx_fhirpath_test_order),
    ngx_fhirpath_logic(">", 5, '>', ngx_fhirpath_test_order),
    ngx_fhirpath_logic("<=", 5, NGX_FHIRPATH_OP_LE, ngx_fhirpath_test_order),
    ngx_fhirpath_logic(">=", 5, NGX_FHIRPATH_OP_GE, ngx_fhirpath_test_order),
    ngx_fhirpath_sums("|", 6, '|', NGX_FHIRPATH_ANY, ngx_fhirpath_eval_union),
    ngx_fhirpath_logic("is", 7, NGX_FHIRPATH_OP_IS, ngx_fhirpath_test_is),
    ngx_fhirpath_sums("as", 7, NGX_FHIRPATH_OP_AS, NGX_FHIRPATH_ANY,
                      ngx_fhirpath_eval_as),
    ngx_fhirpath_sums("+", 8, '+', NGX_FHIRPATH_ANY, ngx_fhirpath_eval_math),
    ngx_fhirpath_sums("-", 8, '-', NGX_FHIRPATH_ANY, ngx_fhirpath_eval_math),
    ngx_fhirpath_sums("&", 8, '&', NGX_FHIRPATH_STRING,
                      ngx_fhirpath_eval_concat),
    ngx_fhirpath_sums("*", 9, '*', NGX_FHIRPATH_ANY, ngx_fhirpath_eval_math),
    ngx_fhirpath_sums("/", 9, '/', NGX_FHIRPATH_DECIMAL,
                      ngx_fhirpath_eval_math),
    ngx_fhirpath_none("div", 9),
    ngx_fhirpath_none("mod", 9),

    { ngx_null_string, 0, 0, 0, NULL, NULL }
};


const ngx_fhirpath_function_t *
ngx_fhirpath_function(ngx_str_t *name)
{
    const ngx_fhirpath_function_t  *f;

    for (f = ngx_fhirpath_functions; f->name.len; f++) {

        if (f->name.len == name->len
            && ngx_memcmp(f->name.data, name->data, name->len) == 0)
        {
            return f;
        }
    }

    return NULL;
}


const ngx_fhirpath_operator_t *
ngx_fhirpath_operator(ngx_str_t *name)
{
    const ngx_fhirpath_operator_t  *o;

    for (o = ngx_fhirpath_operators; o->name.len; o++) {

        if (o->name.len == name->len
            && ngx_memcmp(o->name.data, name->data, name->len) == 0)
        {
            return o;
        }
    }

    return NULL;
}
