
/*
 * FHIRPath, a subset, compiled at start and run without parsing.
 *
 * In it: paths, [n], where exists empty first last single tail skip take count
 * ofType as is not iif all select distinct isDistinct extension resolve (in
 * the Bundle or contained) hasValue, = != < > <= >= and or in contains & + - *
 * / |, unary minus, startsWith endsWith contains matches substring replace
 * length upper lower trim split join indexOf toString toInteger toDecimal
 * toDate toDateTime, $this, $index, %resource, %context, literals.  All else
 * does not compile.  The pattern of matches() is a literal.
 *
 * Source: FHIRPath 2.0 (N1), and FHIR R4 §2.9.
 */

#ifndef _NGX_FHIRPATH_H_INCLUDED_
#define _NGX_FHIRPATH_H_INCLUDED_


#include "ngx_canonical_node.h"
#include "ngx_canonical_decimal.h"
#include "ngx_canonical_time.h"
#include "ngx_fhir_types.h"


typedef struct ngx_fhirpath_s  ngx_fhirpath_t;


typedef enum {
    NGX_FHIRPATH_NODE = 0,       /* of the tree, container or primitive */
    NGX_FHIRPATH_BOOLEAN,
    NGX_FHIRPATH_INTEGER,
    NGX_FHIRPATH_DECIMAL,
    NGX_FHIRPATH_STRING,
    NGX_FHIRPATH_DATE,
    NGX_FHIRPATH_DATETIME,
    NGX_FHIRPATH_TIME
} ngx_fhirpath_kind_e;


/* 32 bytes, and no more aligned than the arena is: a decimal is elsewhere */

typedef struct {
    ngx_fhirpath_kind_e            kind;
    uint32_t                       type;   /* of FHIR, of a node; or 0 */
    ngx_canonical_node_t          *node;   /* of a computed value the node
                                              that it was made of, or NULL */
    union {
        ngx_uint_t                 boolean;
        int64_t                    integer;
        ngx_canonical_decimal_t   *decimal;
        ngx_str_t                  string;
        ngx_canonical_time_t       time;   /* date, dateTime, time */
    };
} ngx_fhirpath_item_t;


typedef struct {
    ngx_fhirpath_item_t           *items;
    ngx_uint_t                     nitems;
} ngx_fhirpath_collection_t;


/* of one resource at hand; zeroed, then these are set by the caller */

typedef struct {
    ngx_canonical_arena_t         *arena;
    ngx_canonical_node_t          *root;      /* the body: resolve() */
    ngx_canonical_node_t          *resource;  /* %resource */
    ngx_uint_t                     max_items; /* of all collections of one
                                                 evaluation together */

    /* after NGX_DECLINED */

    const char                    *why;
    ngx_canonical_node_t          *at;        /* or NULL */

    /* private */

    void                          *work;
} ngx_fhirpath_context_t;


/*
 * Compiles an expression.  "type" is what it is applied to, and "resource"
 * what %resource is, 0 if that is not known; where it is known, an element
 * that R4 does not have is an error.  With "untyped" the tree is no FHIR:
 * names are members and nothing more.  NULL with *why and *at, the index in
 * "text".  "text" is kept.
 */
ngx_fhirpath_t *ngx_fhirpath_compile(ngx_canonical_arena_t *a,
    ngx_str_t *text, ngx_uint_t type, ngx_uint_t resource, ngx_uint_t untyped,
    size_t *at, const char **why);

/* what the expression yields, as far as it is known; 0: unknown */
ngx_uint_t ngx_fhirpath_type(ngx_fhirpath_t *fp);

/*
 * Evaluates it with the focus, or nothing if that is NULL, as $this and
 * %context.  NGX_OK and the result, allocated from ctx->arena, which stays
 * when the next one is made; NGX_DECLINED with ctx->why, a constant text: an
 * error of FHIRPath (several items where one is needed, operands of types that
 * do not go together, ctx->max_items); NGX_ERROR: no memory.
 */
ngx_int_t ngx_fhirpath_eval(ngx_fhirpath_t *fp, ngx_fhirpath_context_t *ctx,
    ngx_fhirpath_item_t *focus, ngx_fhirpath_collection_t *result);

/* makes an item of a node: of a resource, or of type "type" */
void ngx_fhirpath_node(ngx_fhirpath_item_t *item, ngx_canonical_node_t *node,
    ngx_uint_t type);

/*
 * The text of an item that is a primitive or a computed value, as toString()
 * has it.  NGX_OK, NGX_DECLINED: it is a container or has no value, NGX_ERROR:
 * no memory.
 */
ngx_int_t ngx_fhirpath_text(ngx_fhirpath_item_t *item,
    ngx_canonical_arena_t *a, ngx_str_t *text);

/*
 * Calls "read" for each chain of elements that the expression goes down from
 * what it is applied to or, with "resource", from %resource, "period.end" and
 * "identifier.value", for the report of what no rule reads.  No name at all is
 * that as a whole.  A choice has its plain name, "value".  What resolve()
 * leads to is in no chain.
 */
typedef void (*ngx_fhirpath_read_pt)(void *data, ngx_str_t *names,
    ngx_uint_t n, ngx_uint_t resource);

void ngx_fhirpath_reads(ngx_fhirpath_t *fp, ngx_fhirpath_read_pt read,
    void *data);

/*
 * Calls "element" for each name that the expression has, wherever it leads,
 * with the type that the element is one of; 0: unknown, it may be one of any.
 * "by" is the name right before it: NULL if there is none, it is an element of
 * what the expression is applied to; empty if no name led there, as to what
 * resolve() finds.  Where there are several of these, it is called for each.
 */
typedef void (*ngx_fhirpath_element_pt)(void *data, ngx_uint_t of,
    ngx_str_t *name, ngx_str_t *by);

void ngx_fhirpath_elements(ngx_fhirpath_t *fp,
    ngx_fhirpath_element_pt element, void *data);

/*
 * Of an expression whose items come from an element "name", the one for what
 * has that: "identifier" of "identifier.value.first()" and "value".  NGX_OK;
 * NGX_DECLINED: there is none, or it is known to be of another type than
 * "of"; NGX_ERROR: no memory.
 */
ngx_int_t ngx_fhirpath_owner(ngx_canonical_arena_t *a, ngx_fhirpath_t *fp,
    ngx_uint_t of, const char *name, ngx_fhirpath_t **owner);

/*
 * Calls "end" for each name that may have led to items of the result: NULL if
 * they are what the expression is applied to, empty as above.
 */
typedef void (*ngx_fhirpath_end_pt)(void *data, ngx_str_t *name);

void ngx_fhirpath_ends(ngx_fhirpath_t *fp, ngx_fhirpath_end_pt end,
    void *data);


#endif /* _NGX_FHIRPATH_H_INCLUDED_ */
