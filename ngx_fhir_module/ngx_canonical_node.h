
/*
 * One tree for all: a JSON text, an XML document, a FHIR resource and a
 * canonical object.  Strings are UTF-8 without escape sequences and point
 * into the body where they can; numbers are their text, so that a decimal
 * never passes through a binary float.
 */

#ifndef _NGX_CANONICAL_NODE_H_INCLUDED_
#define _NGX_CANONICAL_NODE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_canonical_arena.h"


typedef enum {
    NGX_CANONICAL_NONE = 0,      /* a FHIR primitive without a value, that
                                    has extensions or an id only */
    NGX_CANONICAL_NULL,
    NGX_CANONICAL_BOOLEAN,       /* data is "true" or "false" */
    NGX_CANONICAL_NUMBER,        /* data is its text */
    NGX_CANONICAL_STRING,
    NGX_CANONICAL_OBJECT,
    NGX_CANONICAL_ARRAY
} ngx_canonical_kind_e;


typedef struct ngx_canonical_node_s  ngx_canonical_node_t;

struct ngx_canonical_node_s {
    u_char                *name;       /* of the member; none in an array */
    u_char                *data;       /* the value, but of containers */
    ngx_canonical_node_t  *first;      /* members or elements in their order;
                                          of a FHIR primitive "id" and
                                          "extension" */
    ngx_canonical_node_t  *last;
    ngx_canonical_node_t  *next;

    uint32_t               name_len;
    uint32_t               len;        /* of data */
    uint32_t               offset;     /* of the value in the body */
    uint16_t               type;       /* of FHIR, set by its reader; see
                                          ngx_fhir_types.h */
    uint8_t                kind;       /* ngx_canonical_kind_e */
    uint8_t                computed;   /* no value of the body: offset is
                                          that of what it came from */
};


/* the bounds of a body, all of them inclusive */

typedef struct {
    ngx_uint_t             depth;      /* of containers in each other */
    ngx_uint_t             nodes;      /* in all */
    ngx_uint_t             members;    /* of one object or array */
    size_t                 number;     /* characters of a number */
} ngx_canonical_limits_t;


/* a node that is in no tree; NULL: no memory, or the arena is full */
ngx_canonical_node_t *ngx_canonical_node(ngx_canonical_arena_t *a,
    ngx_canonical_kind_e kind);


static ngx_inline void
ngx_canonical_append(ngx_canonical_node_t *parent, ngx_canonical_node_t *node)
{
    if (parent->last) {
        parent->last->next = node;

    } else {
        parent->first = node;
    }

    parent->last = node;
}


/* takes the last child of "parent" off it; "node" must be that */
void ngx_canonical_remove_last(ngx_canonical_node_t *parent,
    ngx_canonical_node_t *node);

/* the first member of this name, or NULL */
ngx_canonical_node_t *ngx_canonical_member(ngx_canonical_node_t *object,
    const void *name, size_t len);

/* the same by a literal */
#define ngx_canonical_get(object, name)                                       \
    ngx_canonical_member(object, name, sizeof(name) - 1)

/*
 * The node at a dotted path of member names, "patient.token"; NULL if there
 * is none.
 */
ngx_canonical_node_t *ngx_canonical_find(ngx_canonical_node_t *root,
    ngx_str_t *path);

/*
 * Prints the tree as JSON without white space.  Control characters (below
 * U+0020), the quote and the backslash are escaped, also U+2028 and U+2029;
 * other text stays UTF-8, and a byte that is not UTF-8 becomes U+FFFD.  A NONE
 * is printed as null, and the children of a FHIR primitive are not printed.
 * "out" has at least _size() bytes: the end that _print() returns is within
 * them, and what is behind it may have been written to.
 *
 * Neither uses the stack: any depth will do.  They borrow node->last of the
 * containers that are open, and have put it back when they return.
 */
size_t ngx_canonical_print_size(ngx_canonical_node_t *node);
u_char *ngx_canonical_print(ngx_canonical_node_t *node, u_char *out);


#endif /* _NGX_CANONICAL_NODE_H_INCLUDED_ */
