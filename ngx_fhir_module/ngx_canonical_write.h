
/*
 * A tree as something else than JSON: what maps with "to" make for an ERP or
 * a clinical system.
 */

#ifndef _NGX_CANONICAL_WRITE_H_INCLUDED_
#define _NGX_CANONICAL_WRITE_H_INCLUDED_


#include "ngx_canonical_node.h"


/*
 * All of these allocate *out from "a".  NGX_OK; NGX_DECLINED with *why, a
 * constant text: the tree cannot be written so; NGX_ERROR: no memory.
 */

/*
 * XML in UTF-8 with libxml2's writer.  Members are elements, those whose name
 * begins with "@" attributes, "#text" is the text of an element that has
 * attributes; an array is its element repeated; null is an empty element.
 * Attributes come before elements whatever their order in the tree.  A name
 * that is no XML name, a prefix other than the root's, and a character that
 * XML has not, are NGX_DECLINED.
 */
typedef struct {
    ngx_str_t     root;          /* name of the element, may have a prefix */
    ngx_str_t     xmlns;         /* its namespace, or empty */
    ngx_str_t     action;        /* of SOAP 1.1, not written */
    ngx_uint_t    soap;          /* 0, 11 or 12: in an Envelope and its Body */
} ngx_canonical_xml_t;

ngx_int_t ngx_canonical_write_xml(ngx_canonical_arena_t *a,
    ngx_canonical_node_t *root, ngx_canonical_xml_t *xml, ngx_str_t *out,
    const char **why);

/*
 * application/x-www-form-urlencoded; members in each other as "a[b]", arrays
 * as "a[]"; null as an empty value.
 */
ngx_int_t ngx_canonical_write_form(ngx_canonical_arena_t *a,
    ngx_canonical_node_t *root, ngx_str_t *out, const char **why);

/*
 * An HL7 v2 message in UTF-8, segments ended by CR.  "root" is an array of
 * objects, each a segment by its name, whose members are its fields in
 * whatever order: "3", "3.1", "3.4.2", numbers up to 512; an array is the
 * repetitions of a field, an object ({"4.2": ...}) its parts.  What is given
 * twice, "3" and "3.1", is NGX_DECLINED.
 *
 * MSH is made from what is given here, with P in MSH-11; a first segment named
 * MSH adds to it or replaces its fields, but 1, 2 and 9.  MSH-18 is "UNICODE
 * UTF-8" when there is a byte beyond ASCII.
 *
 * A null is HL7's null, the two quotes; a string of two quotes is written as
 * \X2222\.  Delimiters are escaped, the end of a line becomes \.br\, other
 * control characters a space; nothing is written for an empty value.
 */
typedef struct {
    ngx_str_t     type;          /* "MFN^M16^MFN_M16" */
    ngx_str_t     version;       /* "2.5.1" */
    ngx_str_t     control_id;
    ngx_str_t     time;          /* MSH-7 */
} ngx_canonical_msh_t;

ngx_int_t ngx_canonical_write_hl7(ngx_canonical_arena_t *a,
    ngx_canonical_node_t *root, ngx_canonical_msh_t *msh, ngx_str_t *out,
    const char **why);


#endif /* _NGX_CANONICAL_WRITE_H_INCLUDED_ */
