
/*
 * What tests of FHIRPath share: a tree of a text, a compiled expression.
 */

#ifndef _UNIT_FHIREXPR_H_INCLUDED_
#define _UNIT_FHIREXPR_H_INCLUDED_


#include "unit.h"
#include "arena.h"

#include "ngx_canonical_json.h"
#include "ngx_fhir_tree.h"
#include "ngx_fhirpath.h"


static inline ngx_canonical_node_t *
read_json(ngx_canonical_arena_t *a, const char *text, ngx_uint_t fhir)
{
    ngx_int_t                rc;
    ngx_str_t                s;
    ngx_canonical_node_t    *root;
    ngx_canonical_error_t    err;
    ngx_canonical_limits_t   limits = { 64, 1000000, 1000000, 64 };

    s.data = (u_char *) text;
    s.len = strlen(text);

    rc = fhir ? ngx_fhir_json_read(a, &s, &limits, &root, &err)
              : ngx_canonical_json_read(a, &s, &limits, &root, &err);

    if (rc != NGX_OK) {
        printf("Bail out! the test's JSON is wrong\n");
        exit(EXIT_FAILURE);
    }

    return root;
}


static inline ngx_fhirpath_t *
compile(ngx_canonical_arena_t *a, const char *type, const char *text,
    ngx_uint_t untyped, size_t *at, const char **why)
{
    ngx_str_t   s;
    ngx_uint_t  number, resource;

    s.data = (u_char *) text;
    s.len = strlen(text);
    number = type ? ngx_fhir_type((u_char *) type, strlen(type)) : 0;

    resource = ngx_fhir_type_is_resource(number) ? number : 0;

    return ngx_fhirpath_compile(a, &s, number, resource, untyped, at, why);
}


/* texts with a comma between them, "-" for what has none; or what is wrong */


#endif /* _UNIT_FHIREXPR_H_INCLUDED_ */
