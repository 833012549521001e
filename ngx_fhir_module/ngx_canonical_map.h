
/*
 * Maps: compiled from the words of the configuration, run on a message.
 */

#ifndef _NGX_CANONICAL_MAP_H_INCLUDED_
#define _NGX_CANONICAL_MAP_H_INCLUDED_


#include "ngx_canonical_node.h"
#include "ngx_canonical_error.h"
#include "ngx_canonical_table.h"
#include "ngx_canonical_schema.h"
#include "ngx_canonical_zone.h"
#include "ngx_canonical_hl7.h"
#include "ngx_canonical_write.h"


typedef struct ngx_canonical_map_s  ngx_canonical_map_t;


typedef enum {
    NGX_CANONICAL_FROM_HL7 = 1,
    NGX_CANONICAL_FROM_FHIR,
    NGX_CANONICAL_FROM_JSON,
    NGX_CANONICAL_FROM_XML,
    NGX_CANONICAL_FROM_CANONICAL
} ngx_canonical_from_e;


typedef enum {
    NGX_CANONICAL_TO_CANONICAL = 0,
    NGX_CANONICAL_TO_JSON,
    NGX_CANONICAL_TO_XML,
    NGX_CANONICAL_TO_SOAP,
    NGX_CANONICAL_TO_FORM,
    NGX_CANONICAL_TO_HL7
} ngx_canonical_to_e;


typedef enum {
    NGX_CANONICAL_REJECT = 0,
    NGX_CANONICAL_QUARANTINE,
    NGX_CANONICAL_WARN
} ngx_canonical_on_error_e;


/* --- compilation --- */

/*
 * What the words of a map name, found by the owner of the compiler.  A table
 * or key may be defined later: then it is an empty one until that is done.
 * NULL (or NGX_ERROR) with *why: there is none.
 */

typedef struct ngx_canonical_compiler_s  ngx_canonical_compiler_t;

struct ngx_canonical_compiler_s {
    ngx_canonical_arena_t    *arena;         /* of the configuration */
    void                     *data;          /* of the owner */

    ngx_canonical_table_t  *(*table)(ngx_canonical_compiler_t *c,
                                ngx_str_t *name);
    ngx_canonical_key_t    *(*key)(ngx_canonical_compiler_t *c,
                                ngx_str_t *name);
    ngx_canonical_schema_t *(*schema)(ngx_canonical_compiler_t *c,
                                ngx_str_t *file, const char **why);
    ngx_canonical_zone_t   *(*zone)(ngx_canonical_compiler_t *c,
                                ngx_str_t *name, const char **why);

    /* of nginx, the name without "$" */
    ngx_int_t               (*variable)(ngx_canonical_compiler_t *c,
                                ngx_str_t *name, uintptr_t *index,
                                const char **why);

    ngx_str_t                 file;          /* of the present word */
    ngx_uint_t                line;

    u_char                    text[512];     /* a message of ours */

    /* private */

    ngx_canonical_map_t      *map;
    void                     *block;         /* that words go into */
};


/*
 * Begins a map: canonical_map NAME version=N.  NGX_OK and the words that
 * follow go into it, or an error message, as all of these: NULL is fine.
 */
const char *ngx_canonical_map_begin(ngx_canonical_compiler_t *c,
    ngx_str_t *words, ngx_uint_t n);

/*
 * One directive inside of a map, words[0] is its name.  If it opens a block
 * (each, when, else, segment), the words that follow go into that until
 * ngx_canonical_map_close().  The bytes of the words are kept.
 */
const char *ngx_canonical_map_word(ngx_canonical_compiler_t *c,
    ngx_str_t *words, ngx_uint_t n);
const char *ngx_canonical_map_close(ngx_canonical_compiler_t *c);

/* ends the map and checks it as a whole; c->line may be set by an error */
const char *ngx_canonical_map_end(ngx_canonical_compiler_t *c,
    ngx_canonical_map_t **map);


/* --- what a compiled map says --- */

ngx_str_t *ngx_canonical_map_name(ngx_canonical_map_t *map);
ngx_str_t *ngx_canonical_map_label(ngx_canonical_map_t *map); /* name@version */
ngx_canonical_from_e ngx_canonical_map_from(ngx_canonical_map_t *map);
ngx_canonical_to_e ngx_canonical_map_to(ngx_canonical_map_t *map);
ngx_canonical_on_error_e ngx_canonical_map_on_error(ngx_canonical_map_t *map);

/* whether a body yields several objects: "emit" stands inside of "each" */
ngx_uint_t ngx_canonical_map_many(ngx_canonical_map_t *map);

/* whether it is for messages of this type and event: "ADT", "A01" */
ngx_uint_t ngx_canonical_map_for_hl7(ngx_canonical_map_t *map,
    ngx_str_t *type, ngx_str_t *event);

/* whether it is for resources of this type, see ngx_fhir_types.h */
ngx_uint_t ngx_canonical_map_for_fhir(ngx_canonical_map_t *map,
    ngx_uint_t type);

/* whether it is for canonical objects of this type: "charge" */
ngx_uint_t ngx_canonical_map_for_object(ngx_canonical_map_t *map,
    ngx_str_t *type);


/* --- a run --- */

typedef struct ngx_canonical_object_s  ngx_canonical_object_t;

struct ngx_canonical_object_s {
    ngx_canonical_map_t      *map;
    ngx_canonical_node_t     *root;
    ngx_str_t                 type;          /* of emit */
    ngx_str_t                 key;
    ngx_canonical_object_t   *next;
};


typedef struct ngx_canonical_warning_s  ngx_canonical_warning_t;

struct ngx_canonical_warning_s {
    ngx_canonical_error_t     error;
    ngx_canonical_warning_t  *next;
};


/* zeroed, then set by the caller; one of "message" and "root" */

typedef struct {
    ngx_canonical_arena_t    *arena;

    ngx_hl7_message_t        *message;       /* with its segment index */
    ngx_hl7_charset_t        *charset;       /* of the message */

    ngx_canonical_node_t     *body;          /* the whole: for resolve() */
    ngx_canonical_node_t     *root;          /* what is to be mapped */

    /* NGX_OK, NGX_DECLINED: no value, NGX_ERROR */
    ngx_int_t               (*variable)(void *data, uintptr_t index,
                                ngx_str_t *value);
    void                     *data;

    ngx_uint_t                max_objects;   /* of all runs together */
    ngx_uint_t                max_items;     /* see ngx_fhirpath.h */

    /* the results; further runs append to them */

    ngx_canonical_object_t   *objects;
    ngx_canonical_object_t  **last;          /* private, NULL at first */
    ngx_uint_t                nobjects;

    ngx_canonical_warning_t  *warnings;      /* of on_error=warn */

    ngx_canonical_error_t     error;         /* after NGX_DECLINED */

    /* private */

    void                     *hl7;           /* made once for a message */
} ngx_canonical_run_t;


/*
 * NGX_OK and zero or more objects more; NGX_DECLINED and run->error: the body
 * does not fit the map or its schema, or there would be too many objects;
 * NGX_ERROR: no memory.
 */
ngx_int_t ngx_canonical_map_run(ngx_canonical_map_t *map,
    ngx_canonical_run_t *run);

/*
 * What no rule of the maps reads, comma separated, from "a": "ZPV,PV2-3,EVN-5"
 * of a message (the segment alone when nothing of it is read), "subject,
 * period.start" of a resource; each once, at most "max" bytes, then "...".
 * NGX_ERROR: no memory.
 */
ngx_int_t ngx_canonical_map_unmapped(ngx_canonical_map_t **maps,
    ngx_uint_t n, ngx_canonical_run_t *run, size_t max, ngx_str_t *list);


/*
 * Writes the root that a map with "to" has made: *out from "a", and its media
 * type.  "msh" gives the time and control id of an HL7 message.  NGX_OK;
 * NGX_DECLINED with *why: it cannot be written so; NGX_ERROR: no memory.
 */
ngx_int_t ngx_canonical_map_write(ngx_canonical_map_t *map,
    ngx_canonical_arena_t *a, ngx_canonical_node_t *root,
    ngx_canonical_msh_t *msh, ngx_str_t *type, ngx_str_t *out,
    const char **why);


#endif /* _NGX_CANONICAL_MAP_H_INCLUDED_ */
