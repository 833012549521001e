
/*
 * JSON Schema 2020-12, the part that a canonical object needs, compiled at
 * start.
 *
 * Known are: type (one or several), enum, const, required, properties,
 * additionalProperties (a boolean or a schema), items, minItems, maxItems,
 * minLength, maxLength, pattern, format (date, date-time: checked; others are
 * refused), minimum, maximum, exclusiveMinimum, exclusiveMaximum, anyOf,
 * oneOf, allOf, not, if/then/else, dependentRequired, $ref to #/$defs/NAME,
 * $defs, and without effect $schema, $id, title, description, examples,
 * $comment, default.  Any other keyword fails the compilation: what a schema
 * says must not be ignored.  $schema, $id and $defs stand in the outermost
 * schema only, and "required" has at most 64 names.
 */

#ifndef _NGX_CANONICAL_SCHEMA_H_INCLUDED_
#define _NGX_CANONICAL_SCHEMA_H_INCLUDED_


#include "ngx_canonical_node.h"
#include "ngx_canonical_error.h"


typedef struct ngx_canonical_schema_s  ngx_canonical_schema_t;


/*
 * Compiles the text of a schema file, which must stay.  NGX_OK, or NGX_ERROR
 * with *err (text, offset, target: the JSON pointer of the keyword).
 */
ngx_int_t ngx_canonical_schema_compile(ngx_canonical_schema_t **schema,
    ngx_canonical_arena_t *a, ngx_str_t *text, ngx_canonical_error_t *err);

/*
 * NGX_OK, NGX_DECLINED with *err (text: which keyword; offset: that of the
 * node at fault; target: its JSON pointer, allocated from "a", that ends above
 * a member which the schema does not name: such a name is of the body), or
 * NGX_ERROR: no memory.  Numbers are compared as decimals, lengths are in
 * characters.  Does not recurse deeper than the tree and the schema are;
 * what takes ten million steps or 2000 schemas in each other is NGX_DECLINED.
 */
ngx_int_t ngx_canonical_schema_check(ngx_canonical_schema_t *schema,
    ngx_canonical_arena_t *a, ngx_canonical_node_t *root,
    ngx_canonical_error_t *err);


#endif /* _NGX_CANONICAL_SCHEMA_H_INCLUDED_ */
