
/*
 * Reads XML into a tree with libxml2's SAX reader.  No network, no DTD and no
 * entity but the five of XML and character references: a document type
 * declaration is refused at its first character.  What goes over the limits
 * is refused before it is in the tree.
 */

#ifndef _NGX_CANONICAL_XML_H_INCLUDED_
#define _NGX_CANONICAL_XML_H_INCLUDED_


#include "ngx_canonical_node.h"
#include "ngx_canonical_error.h"


/*
 * Any document: an element is an object with its attributes and child
 * elements as members by their local names (repeated ones stay repeated
 * members, one after another in the order of the document), or, without
 * either, a string with its text.  Text of an element that has attributes
 * but no child elements is the member "value" unless it is white space or
 * there is an attribute of that name; text between child elements is left out,
 * as are comments and processing instructions.  The root node is the
 * document's element and has its name.
 *
 * NGX_OK; NGX_DECLINED and *err (text, offset); NGX_ERROR: no memory.
 */
ngx_int_t ngx_canonical_xml_read(ngx_canonical_arena_t *a, ngx_str_t *text,
    ngx_canonical_limits_t *limits, ngx_canonical_node_t **root,
    ngx_canonical_error_t *err);


#endif /* _NGX_CANONICAL_XML_H_INCLUDED_ */
