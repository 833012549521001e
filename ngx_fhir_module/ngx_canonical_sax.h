
/*
 * What the readers of XML share: libxml2's SAX parser on a body in memory,
 * the limits, and what is wrong with a document.
 *
 * libxml2 asks for the body piece by piece, so it never has a second copy of
 * it.  Strings that stand in the body as they are are not copied, the others
 * go into the arena.
 *
 * Who reads XML calls xmlInitParser() once, before any thread is started:
 * a module of nginx when it is loaded.
 */

#ifndef _NGX_CANONICAL_SAX_H_INCLUDED_
#define _NGX_CANONICAL_SAX_H_INCLUDED_


#include <libxml/parser.h>

#include "ngx_canonical_node.h"
#include "ngx_canonical_error.h"


/* distinct names that are remembered, a power of two */
#define NGX_CANONICAL_SAX_NAMES  256


/* a container that is filled */

typedef struct {
    ngx_canonical_node_t          *node;
    ngx_uint_t                     depth;       /* of it, from 1 */
    ngx_uint_t                     members;
} ngx_canonical_place_t;


typedef struct ngx_canonical_frame_s  ngx_canonical_frame_t;

/* an element that is open; frames are used again */

struct ngx_canonical_frame_s {
    ngx_canonical_place_t          place;
    ngx_canonical_place_t          array;       /* FHIR: its last member */

    ngx_uint_t                     elements;    /* inside of it */
    ngx_uint_t                     type;        /* of FHIR */

    /* an element that holds a resource: where that goes and its name */

    ngx_canonical_place_t         *holds;
    ngx_str_t                      name;

    ngx_canonical_frame_t         *up;
    ngx_canonical_frame_t         *down;
};


typedef struct ngx_canonical_sax_s  ngx_canonical_sax_t;

struct ngx_canonical_sax_s {
    ngx_canonical_arena_t         *arena;
    ngx_str_t                     *text;
    ngx_canonical_limits_t        *limits;
    ngx_canonical_error_t         *err;

    /* the reader's, called as long as all is well */

    void                         (*start)(ngx_canonical_sax_t *s,
                                      ngx_str_t *name, const xmlChar *uri,
                                      ngx_uint_t n, const xmlChar **attrs);
    void                         (*end)(ngx_canonical_sax_t *s);
    void                         (*characters)(ngx_canonical_sax_t *s,
                                      u_char *p, size_t len);

    ngx_canonical_node_t          *root;
    ngx_canonical_frame_t         *frame;       /* the innermost, or NULL */

    /* text of the innermost element */

    u_char                        *data;
    size_t                         len;
    size_t                         size;        /* 0: not a copy */
    ngx_uint_t                     skip;        /* FHIR: elements of a div */

    /* private */

    xmlParserCtxtPtr               ctxt;
    ngx_canonical_frame_t         *frames;      /* the outermost */
    size_t                         read;        /* bytes of the text */
    ngx_int_t                      rc;
    ngx_uint_t                     nodes;
    unsigned                       converted:1; /* not UTF-8: no offsets */
    unsigned                       in_tag:1;    /* the start is handled */

    struct {
        const xmlChar             *key;         /* libxml2 has each once */
        ngx_str_t                  name;
    } names[NGX_CANONICAL_SAX_NAMES];
};


/*
 * Parses the text; *s was zeroed, then the first four members and the
 * three handlers were set.  NGX_OK, s->root is set; NGX_DECLINED and
 * *s->err; NGX_ERROR: no memory.
 */
ngx_int_t ngx_canonical_sax_parse(ngx_canonical_sax_t *s);


/*
 * These are called by the handlers.  Those that return something return NULL
 * or NGX_ERROR after an error, which has been noted: then the handler
 * returns.
 */

/*
 * "at" points into what libxml2 gave; NULL: the tag that is handled, or where
 * the parser is.
 */
void ngx_canonical_sax_fail(ngx_canonical_sax_t *s, const xmlChar *at,
    const char *text);

/* the frame of an element whose container is "depth" deep */
ngx_canonical_frame_t *ngx_canonical_sax_push(ngx_canonical_sax_t *s,
    ngx_uint_t depth);
void ngx_canonical_sax_pop(ngx_canonical_sax_t *s);

/* a new member of "place", or the root if that is NULL; no name: NULL */
ngx_canonical_node_t *ngx_canonical_sax_add(ngx_canonical_sax_t *s,
    ngx_canonical_place_t *place, ngx_canonical_kind_e kind, ngx_str_t *name);

/* the name as one of ours, the same bytes for the same name */
ngx_str_t *ngx_canonical_sax_name(ngx_canonical_sax_t *s,
    const xmlChar *name);

/* sets node->data, len and offset to a text that libxml2 gave */
ngx_int_t ngx_canonical_sax_value(ngx_canonical_sax_t *s,
    ngx_canonical_node_t *node, const xmlChar *p, size_t len);

/* adds to the text of the innermost element; gives it to "node" */
void ngx_canonical_sax_text(ngx_canonical_sax_t *s, u_char *p, size_t len);
void ngx_canonical_sax_take(ngx_canonical_sax_t *s,
    ngx_canonical_node_t *node);

/* whether it is white space */
ngx_uint_t ngx_canonical_sax_blank(u_char *p, size_t len);

/* of the "<" of the start tag that has just been read */
uint32_t ngx_canonical_sax_tag(ngx_canonical_sax_t *s);


/* libxml2's array of attributes has five pointers for each */

#define NGX_CANONICAL_SAX_ATTR  5

#define ngx_canonical_sax_attr_prefix(attr)  ((attr)[1])
#define ngx_canonical_sax_attr_value(attr)   ((attr)[3])
#define ngx_canonical_sax_attr_len(attr)     ((size_t) ((attr)[4] - (attr)[3]))


#endif /* _NGX_CANONICAL_SAX_H_INCLUDED_ */
