
/*
 * Paths of a map into an HL7 v2 message: those of ngx_hl7_path.h and
 *
 *     OBX[3.1=29463-7]-5   the first OBX whose OBX-3.1 is that
 *     OBX[*]-5             all of them; PID-3[*].1 all repetitions
 *     .2.1                 component 2, subcomponent 1 of the repetition that
 *                          the nearest "each" over a field stands at; "." is
 *                          its first component
 *     PID                  a segment, for "each" and for "when ... present"
 *
 * As the value of a field it is always one subcomponent, the first where none
 * is written: PID-8 is PID-8[1].1.1 and PID-3.4 is PID-3[1].4.1.  "each PID-3"
 * goes over whole repetitions.
 *
 * And what they are relative to: inside of "each FT1 with PR1", FT1 is the
 * present one, PR1 those up to the next FT1, and all else is looked up in the
 * message.
 */

#ifndef _NGX_CANONICAL_HL7_H_INCLUDED_
#define _NGX_CANONICAL_HL7_H_INCLUDED_


#include "ngx_hl7_path.h"
#include "ngx_hl7_text.h"
#include "ngx_canonical_arena.h"
#include "ngx_canonical_error.h"


typedef struct {
    ngx_str_t              text;
    ngx_uint_t             name;          /* ngx_hl7_name(); 0: relative */
    ngx_hl7_path_t         path;          /* of the field; field 0: none */
    ngx_hl7_path_t         whole;         /* of the repetition that it is in */

    uint16_t               occurrence;    /* 0: not given */
    unsigned               all_segments:1;
    unsigned               all_repetitions:1;

    ngx_hl7_path_t         where;         /* of the predicate */
    ngx_str_t              is;            /* its value; data NULL: none */
} ngx_canonical_hl7_path_t;


/* the message of a run, with the first segment of each name by hash */

#define NGX_CANONICAL_HL7_BITS   6
#define NGX_CANONICAL_HL7_NAMES  (1 << NGX_CANONICAL_HL7_BITS)
#define NGX_CANONICAL_HL7_FOUND  16       /* a power of 2 */
#define NGX_CANONICAL_HL7_NONE   ((uint32_t) -1)

typedef struct {
    uint32_t               name;          /* 0: free */
    uint32_t               first;

    /* the first one from segment "from" on, the last answer: groups come in
     * the order of the message, so each search goes on from there */

    uint32_t               from;
    uint32_t               next;
} ngx_canonical_hl7_name_t;


/* a predicate's last answer: "each" may ask for it again and again */

typedef struct {
    u_char                *is;            /* in the text of the path */
    uint32_t               from;
    uint32_t               end;
    uint32_t               segment;
} ngx_canonical_hl7_found_t;


typedef struct {
    ngx_hl7_message_t     *message;
    ngx_hl7_charset_t     *charset;       /* NULL: taken for UTF-8 */
    ngx_canonical_arena_t *arena;

    uint32_t              *same;          /* next segment of the same name, of
                                             each one of the index */

    ngx_uint_t                  nnames;
    ngx_canonical_hl7_name_t    names[NGX_CANONICAL_HL7_NAMES];
                                          /* open addressing */
    ngx_canonical_hl7_name_t   *all;      /* of a message with too many for
                                             that: all names there can be */
    ngx_canonical_hl7_found_t   found[NGX_CANONICAL_HL7_FOUND];
} ngx_canonical_hl7_t;


/* where a rule stands */

typedef struct ngx_canonical_hl7_scope_s  ngx_canonical_hl7_scope_t;

struct ngx_canonical_hl7_scope_s {
    ngx_canonical_hl7_scope_t  *parent;   /* NULL: the message */
    ngx_canonical_hl7_t        *hl7;

    /* over segments */

    ngx_uint_t             name;          /* 0: over repetitions */
    uint32_t               current;       /* its index */
    uint32_t               end;           /* of its group, exclusive */
    ngx_uint_t            *with;          /* names, the last one 0; or NULL */

    /* over repetitions of a field of the segment "current" */

    ngx_str_t              repetition;
    ngx_uint_t             field;
    ngx_uint_t             number;        /* of the repetition, from 1 */
};


/* a value and where it was */

typedef struct {
    ngx_hl7_state_e        state;
    ngx_str_t              raw;           /* bytes of the message */
    uint32_t               segment;       /* index, NGX_CANONICAL_HL7_NONE */
    ngx_str_t              whole;         /* the repetition that it is in */
    ngx_uint_t             repetition;    /* from 1; 0: the field as a whole,
                                             or one found by a predicate */
} ngx_canonical_hl7_value_t;


/* goes over the values of a path with "*", or over those of "each" */

typedef struct {
    ngx_canonical_hl7_path_t   *path;
    ngx_canonical_hl7_scope_t  *scope;    /* that the path is relative to */

    /* private */

    uint32_t               segment;       /* next to be looked at, or NONE */
    uint32_t               current;       /* whose repetitions are in "rest" */
    uint32_t               end;
    ngx_str_t              rest;
    ngx_uint_t             number;
    unsigned               started:1;
    unsigned               more:1;        /* repetitions */
} ngx_canonical_hl7_iter_t;


/*
 * Compiles a path: NGX_OK, or NGX_ERROR with *at and *why.  "text" is kept.
 */
ngx_int_t ngx_canonical_hl7_path(ngx_canonical_hl7_path_t *path,
    ngx_str_t *text, size_t *at, const char **why);

/*
 * Prepares a message, whose segment index is there; NGX_ERROR: no memory.
 * One pass over the segments.
 */
ngx_int_t ngx_canonical_hl7_init(ngx_canonical_hl7_t *hl7,
    ngx_hl7_message_t *m, ngx_hl7_charset_t *charset,
    ngx_canonical_arena_t *a);

/* the scope of the message as a whole */
void ngx_canonical_hl7_scope(ngx_canonical_hl7_scope_t *scope,
    ngx_canonical_hl7_t *hl7);

/* the first value of the path */
void ngx_canonical_hl7_get(ngx_canonical_hl7_path_t *path,
    ngx_canonical_hl7_scope_t *scope, ngx_canonical_hl7_value_t *value);

/*
 * All of them: NGX_OK and the next one, NGX_DONE.  A field that is absent or
 * empty has none; an empty repetition among others is one, of state
 * NGX_HL7_EMPTY.  For a path without "*", "each" still means all segments or
 * all repetitions: _each().
 */
void ngx_canonical_hl7_iter(ngx_canonical_hl7_iter_t *it,
    ngx_canonical_hl7_path_t *path, ngx_canonical_hl7_scope_t *scope);
ngx_int_t ngx_canonical_hl7_next(ngx_canonical_hl7_iter_t *it,
    ngx_canonical_hl7_value_t *value);

/*
 * The same for "each": sets *inner to the scope of the next segment or
 * repetition.  "with" as in the scope.  NGX_OK or NGX_DONE.
 */
ngx_int_t ngx_canonical_hl7_each(ngx_canonical_hl7_iter_t *it,
    ngx_uint_t *with, ngx_canonical_hl7_scope_t *inner);

/*
 * The value as UTF-8 without escape sequences, spaces at its end left out.
 * Points into the message where nothing had to be done.  NGX_ERROR: no memory.
 */
ngx_int_t ngx_canonical_hl7_text(ngx_canonical_hl7_t *hl7,
    ngx_canonical_hl7_value_t *value, ngx_str_t *text);

/*
 * Fills in what ERR-2 wants and the offset: where the value is, or, if it is
 * absent, where it should be.
 */
void ngx_canonical_hl7_locate(ngx_canonical_hl7_path_t *path,
    ngx_canonical_hl7_scope_t *scope, ngx_canonical_hl7_value_t *value,
    ngx_canonical_error_t *err);


#endif /* _NGX_CANONICAL_HL7_H_INCLUDED_ */
