
/*
 * A FHIR resource, from JSON or from XML, as one and the same tree.
 *
 * The tree is that of FHIR's JSON form with two differences: an element and
 * its "_" twin are one node, whose children are the id and the extensions of
 * the primitive; and node->type is set on each resource (its resourceType),
 * and on no other node.
 *
 * Source: FHIR R4 §2.6.2 (JSON), §2.6.1 (XML).
 */

#ifndef _NGX_FHIR_TREE_H_INCLUDED_
#define _NGX_FHIR_TREE_H_INCLUDED_


#include "ngx_canonical_node.h"
#include "ngx_canonical_error.h"
#include "ngx_fhir_types.h"


/*
 * Reads a resource.  NGX_OK; NGX_DECLINED and *err (text, offset): the text is
 * not JSON, not an object, or names no resource of R4 as its resourceType;
 * NGX_ERROR: no memory.  Elements that R4 does not have stay, also a "_"
 * member that fits no element.  A null without a twin stays a NULL.
 */
ngx_int_t ngx_fhir_json_read(ngx_canonical_arena_t *a, ngx_str_t *text,
    ngx_canonical_limits_t *limits, ngx_canonical_node_t **root,
    ngx_canonical_error_t *err);

/*
 * The same from XML: an array where R4 says that the element repeats, numbers
 * and booleans where R4 says so.  Elements that R4 does not have, and those
 * in other namespaces, are refused.  The narrative (text.div) is left out:
 * a NONE.
 */
ngx_int_t ngx_fhir_xml_read(ngx_canonical_arena_t *a, ngx_str_t *text,
    ngx_canonical_limits_t *limits, ngx_canonical_node_t **root,
    ngx_canonical_error_t *err);


#endif /* _NGX_FHIR_TREE_H_INCLUDED_ */
