
/*
 * A run of a map, private to ngx_canonical_run*.c, ngx_canonical_source.c and
 * ngx_canonical_value.c.
 */

#ifndef _NGX_CANONICAL_RUN_H_INCLUDED_
#define _NGX_CANONICAL_RUN_H_INCLUDED_


#include "ngx_canonical_rule.h"


/* warnings that a run keeps */
#define NGX_CANONICAL_WARNINGS  32


typedef struct {
    ngx_canonical_map_t        *map;
    ngx_canonical_run_t        *run;
    ngx_canonical_arena_t      *arena;

    ngx_canonical_hl7_t        *hl7;       /* NULL: the body is a tree */
    ngx_fhirpath_context_t      fhirpath;  /* of a tree */

    ngx_canonical_node_t       *root;      /* of a map with "to" */

    int16_t                     msh_offset;
    unsigned                    msh_read:1;
    unsigned                    msh_zoned:1;

    /* numbers and booleans stay what they are, objects may be copied */
    unsigned                    keep:1;
} ngx_canonical_runner_t;


/* a block at one of its iterations */

typedef struct ngx_canonical_frame_s  ngx_canonical_frame_t;

struct ngx_canonical_frame_s {
    ngx_canonical_frame_t      *parent;    /* NULL: the outermost */
    ngx_canonical_block_t      *block;
    ngx_canonical_rule_t       *rule;      /* each or segment; or NULL */

    ngx_canonical_hl7_scope_t  *scope;     /* what paths are relative to */
    ngx_fhirpath_item_t        *focus;

    ngx_canonical_node_t       *object;    /* that is filled; NULL: not yet
                                              made */
    ngx_canonical_node_t      **nodes;     /* by slot; NULL: not yet made */

    /*
     * A block around those that emit: its values go into each of their
     * objects.  They are got once, into a model.
     */

    ngx_canonical_node_t      **model;     /* by slot; NULL: not yet made */
    ngx_uint_t                 *order;     /* its slots in order of making */
    ngx_uint_t                  norder;

    unsigned                    walk:1;    /* only blocks that emit are run */
    unsigned                    record:1;  /* the model is being made */
    unsigned                    merge:1;   /* its object has outer values */
};


typedef enum {
    NGX_CANONICAL_ABSENT = 0,
    NGX_CANONICAL_NIL,                     /* the null of HL7 and of JSON */
    NGX_CANONICAL_VALUED
} ngx_canonical_state_e;


typedef struct {
    ngx_canonical_state_e       state;
    ngx_canonical_kind_e        kind;      /* when it is valued */
    ngx_str_t                   text;      /* but of containers */

    ngx_canonical_source_t     *source;    /* the alternative that has it */
    ngx_canonical_hl7_value_t   hl7;       /* of a source of this kind */
    ngx_canonical_node_t       *node;      /* of a tree, or NULL */

    ngx_str_t                   secret;    /* what a token was made of; data
                                              NULL: it is none */
    ngx_str_t                   authority;

    /* after NGX_DECLINED */

    const char                 *why;
    ngx_uint_t                  code;      /* table 0357 */
} ngx_canonical_value_t;


/* goes over all values of one source */

typedef struct {
    ngx_canonical_source_t     *source;
    ngx_canonical_hl7_iter_t    iter;
    ngx_fhirpath_collection_t   items;
    ngx_uint_t                  n;         /* given so far */
} ngx_canonical_values_t;


/* --- ngx_canonical_run.c --- */

/*
 * All of these return NGX_OK, also when something is wrong and the map says
 * on_error=warn; NGX_DECLINED with run->error; NGX_ERROR: no memory.
 */

/* runs one rule after another; with f->walk those only that lead to "emit" */
ngx_int_t ngx_canonical_rules(ngx_canonical_runner_t *r,
    ngx_canonical_frame_t *f, ngx_canonical_rule_t *rule);


/* --- ngx_canonical_run_object.c: the same of these --- */

/* makes the object of a block that emits */
ngx_int_t ngx_canonical_emit(ngx_canonical_runner_t *r,
    ngx_canonical_frame_t *f);

/* checks an object that is complete and adds it to those of the run */
ngx_int_t ngx_canonical_object(ngx_canonical_runner_t *r,
    ngx_canonical_frame_t *f, ngx_canonical_node_t *root);


/* --- ngx_canonical_run_target.c: NULL or NGX_ERROR is no memory --- */

/* begins a block within that of "parent"; scope and focus are the same */
ngx_int_t ngx_canonical_enter(ngx_canonical_runner_t *r,
    ngx_canonical_frame_t *f, ngx_canonical_frame_t *parent,
    ngx_canonical_rule_t *rule, ngx_canonical_block_t *block);

/* room for a block's nodes */
ngx_canonical_node_t **ngx_canonical_nodes(ngx_canonical_runner_t *r,
    ngx_canonical_block_t *block);

/*
 * Puts a value into a slot, in place of one that is there, or behind those of
 * an array.
 */
ngx_int_t ngx_canonical_put(ngx_canonical_runner_t *r,
    ngx_canonical_frame_t *f, ngx_uint_t slot, ngx_canonical_value_t *v);

/* the node of a slot, made if it is not there, as are those on the way */
ngx_canonical_node_t *ngx_canonical_slot(ngx_canonical_runner_t *r,
    ngx_canonical_frame_t *f, ngx_uint_t i);

/* a new last member or, without a name, element */
ngx_canonical_node_t *ngx_canonical_add(ngx_canonical_runner_t *r,
    ngx_canonical_node_t *parent, ngx_canonical_kind_e kind, ngx_str_t *name);


/* --- ngx_canonical_run_error.c --- */

/*
 * What is wrong with a value, by v->why and v->code, is refused or left out,
 * as on_error says: NGX_DECLINED with run->error, NGX_OK, or NGX_ERROR: no
 * memory.
 */
ngx_int_t ngx_canonical_fail(ngx_canonical_runner_t *r,
    ngx_canonical_frame_t *f, ngx_canonical_rule_t *rule,
    ngx_canonical_value_t *v);

/* the same for run->error, which is filled in already */
ngx_int_t ngx_canonical_warn(ngx_canonical_runner_t *r);

/* the run cannot go on: NGX_DECLINED with run->error; "rule" may be NULL */
ngx_int_t ngx_canonical_stop(ngx_canonical_runner_t *r,
    ngx_canonical_frame_t *f, ngx_canonical_rule_t *rule, ngx_uint_t code,
    const char *why);

/* fills in the position of run->error from an offset in the body */
void ngx_canonical_position(ngx_canonical_runner_t *r, size_t offset);


/* --- ngx_canonical_source.c --- */

/*
 * The value of the first alternative that has one; with "clear" a null is
 * none.  NGX_OK with v->state; NGX_DECLINED with v->why: a FHIRPath could not
 * be evaluated; NGX_ERROR: no memory.
 */
ngx_int_t ngx_canonical_source_get(ngx_canonical_runner_t *r,
    ngx_canonical_frame_t *f, ngx_canonical_source_t *sources,
    ngx_uint_t clear, ngx_canonical_value_t *v);

/* all values of one alternative; _values() returns as _get() does, */
ngx_int_t ngx_canonical_values(ngx_canonical_runner_t *r,
    ngx_canonical_frame_t *f, ngx_canonical_source_t *source,
    ngx_canonical_values_t *vals, ngx_canonical_value_t *v);

/* and this one NGX_DONE behind the last one, too */
ngx_int_t ngx_canonical_values_next(ngx_canonical_runner_t *r,
    ngx_canonical_frame_t *f, ngx_canonical_values_t *vals,
    ngx_canonical_value_t *v);

/* evaluates an expression: NGX_OK, NGX_DECLINED with v->why, NGX_ERROR */
ngx_int_t ngx_canonical_evaluate(ngx_canonical_runner_t *r,
    ngx_canonical_frame_t *f, ngx_fhirpath_t *fp, ngx_canonical_value_t *v,
    ngx_fhirpath_collection_t *items);

/*
 * Who assigned the identifier: component 4 of the repetition that it is in,
 * the "system" beside it; empty if that is unknown.  Returns as _get() does.
 */
ngx_int_t ngx_canonical_source_authority(ngx_canonical_runner_t *r,
    ngx_canonical_frame_t *f, ngx_canonical_value_t *v,
    ngx_str_t *authority);

/* --- ngx_canonical_value.c --- */

/*
 * Makes what was got into what the rule says, in place: v->kind and v->text
 * of the node.  NGX_OK; NGX_DONE: there is no value and none is needed;
 * NGX_DECLINED with v->why and v->code; NGX_ERROR: no memory.
 */
ngx_int_t ngx_canonical_value(ngx_canonical_runner_t *r,
    ngx_canonical_frame_t *f, ngx_canonical_rule_t *rule,
    ngx_canonical_value_t *v);

/* sets v->text to the token of v->secret; returns as the above, no NGX_DONE */
ngx_int_t ngx_canonical_value_token(ngx_canonical_runner_t *r,
    ngx_canonical_key_t *key, ngx_uint_t previous, ngx_canonical_value_t *v);


#endif /* _NGX_CANONICAL_RUN_H_INCLUDED_ */
