
/*
 * The compiler of maps, private to ngx_canonical_compile*.c.
 */

#ifndef _NGX_CANONICAL_COMPILE_H_INCLUDED_
#define _NGX_CANONICAL_COMPILE_H_INCLUDED_


#include "ngx_canonical_rule.h"


/* of braces in each other: what walks over a map recurses as deep */
#define NGX_CANONICAL_COMPILE_DEPTH  32


typedef struct ngx_canonical_draft_s  ngx_canonical_draft_t;
typedef struct ngx_canonical_frame_s  ngx_canonical_frame_t;
typedef struct ngx_canonical_use_s    ngx_canonical_use_t;


/* a rule that sets a slot */

struct ngx_canonical_use_s {
    ngx_canonical_frame_t      *frame;
    ngx_str_t                   file;
    ngx_uint_t                  line;
    ngx_canonical_use_t        *next;
};


/* a block in the making */

struct ngx_canonical_draft_s {
    ngx_canonical_block_t       block;      /* the first: see _draft() */
    ngx_canonical_use_t       **uses;       /* of each slot */
    ngx_uint_t                  size;       /* of the arrays */

    ngx_str_t                   prefix;     /* of whole targets */
    ngx_str_t                   chain;      /* of elements, of FHIRPath */
    ngx_str_t                   phi;        /* the PHI field it goes over */

    /* a target of the "each" that has no "[]": objects, or segments */
    unsigned                    objects:1;
    unsigned                    in_segment:1;

    unsigned                    subject:1;  /* goes over references to one */

    ngx_str_t                   file;       /* of emit */
    ngx_uint_t                  line;
};


/* what the words between two braces go into */

struct ngx_canonical_frame_s {
    ngx_canonical_frame_t      *parent;
    ngx_canonical_draft_t      *draft;
    ngx_canonical_rule_t       *rule;       /* that it belongs to, or NULL */
    ngx_canonical_rule_t      **last;       /* where the next rule goes */
    ngx_canonical_rule_t       *when;       /* closed just now: "else" */
    ngx_uint_t                  depth;
    unsigned                    otherwise:1;
};


/* a map in the making */

typedef struct {
    ngx_canonical_map_t         map;        /* the first: see _plan() */
    ngx_canonical_frame_t      *top;
    ngx_canonical_reads_t       reads;
    ngx_uint_t                  segments;   /* size of reads.segments */
    ngx_uint_t                  chains;     /* size of reads.chains */
    ngx_uint_t                  allowed;    /* targets in map.allow */
    unsigned                    has_to:1;
    unsigned                    has_zone:1;
    unsigned                    has_on_error:1;
} ngx_canonical_plan_t;


#define ngx_canonical_plan(c)   ((ngx_canonical_plan_t *) (c)->map)
#define ngx_canonical_frame(c)  ((ngx_canonical_frame_t *) (c)->block)
#define ngx_canonical_draft(b)  ((ngx_canonical_draft_t *) (b))

#define ngx_canonical_is_fhirpath(map)  ((map)->from != NGX_CANONICAL_FROM_HL7)

/* a word in a message, "%.*s" */
#define ngx_canonical_quote(s)  (int) ngx_min((s)->len, 120), (s)->data

#define NGX_CANONICAL_NO_MEMORY  "no memory"


/* --- ngx_canonical_compile.c --- */

/* the frame of a new pair of braces becomes the present one; NULL: memory */
ngx_canonical_frame_t *ngx_canonical_compile_open(ngx_canonical_compiler_t *c,
    ngx_canonical_rule_t *rule, ngx_canonical_draft_t *draft,
    ngx_canonical_rule_t **last);


/* --- ngx_canonical_compile_word.c --- */

/* prints a message into c->text and returns that */
const char *ngx_canonical_compile_error(ngx_canonical_compiler_t *c,
    const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* the message for a word that has no place where it is */
const char *ngx_canonical_unexpected(ngx_canonical_compiler_t *c,
    ngx_str_t *word);

ngx_uint_t ngx_canonical_word_is(ngx_str_t *word, const char *text);

/* whether the word begins with "name="; *value is what follows */
ngx_uint_t ngx_canonical_word_value(ngx_str_t *word, const char *name,
    ngx_str_t *value);

/* letters, digits, "_" and "-", first a letter or "_" */
ngx_uint_t ngx_canonical_word_is_name(ngx_str_t *word);

/* an HL7 segment's name; 0: it is none */
ngx_uint_t ngx_canonical_word_segment(ngx_str_t *word);

/* a number from 0 to "max"; NGX_ERROR: it is none */
ngx_int_t ngx_canonical_word_number(ngx_str_t *word, ngx_int_t max);


/* --- ngx_canonical_compile_rule.c --- */

const char *ngx_canonical_compile_set(ngx_canonical_compiler_t *c,
    ngx_str_t *words, ngx_uint_t n);
const char *ngx_canonical_compile_const(ngx_canonical_compiler_t *c,
    ngx_str_t *words, ngx_uint_t n);
const char *ngx_canonical_compile_each(ngx_canonical_compiler_t *c,
    ngx_str_t *words, ngx_uint_t n);
const char *ngx_canonical_compile_when(ngx_canonical_compiler_t *c,
    ngx_str_t *words, ngx_uint_t n);
const char *ngx_canonical_compile_else(ngx_canonical_compiler_t *c,
    ngx_str_t *words, ngx_uint_t n);
const char *ngx_canonical_compile_segment(ngx_canonical_compiler_t *c,
    ngx_str_t *words, ngx_uint_t n);


/* --- ngx_canonical_compile_option.c --- */

/* the words of "set" behind the sources, checked against each other */
const char *ngx_canonical_compile_options(ngx_canonical_compiler_t *c,
    ngx_canonical_rule_t *rule, ngx_str_t *words, ngx_uint_t n);

/* the literal of "const" with its type, if any */
const char *ngx_canonical_compile_literal(ngx_canonical_compiler_t *c,
    ngx_canonical_rule_t *rule, ngx_str_t *type);


/* --- ngx_canonical_compile_slot.c --- */

/*
 * The slot of a target of the present block, for rule->slot and ->all, and
 * rule->target.  With "taken" it is noted that this rule sets it, and is wrong
 * if another one does.
 */
const char *ngx_canonical_compile_target(ngx_canonical_compiler_t *c,
    ngx_canonical_rule_t *rule, ngx_str_t *target, ngx_uint_t taken);

/* rule->target alone, of what sets nothing */
const char *ngx_canonical_compile_name(ngx_canonical_compiler_t *c,
    ngx_canonical_rule_t *rule, ngx_str_t *target);

/* the slot of NAME_previous for that of NAME */
const char *ngx_canonical_compile_previous(ngx_canonical_compiler_t *c,
    ngx_canonical_rule_t *rule);

/* the slot that a path of names stands for, or NO_SLOT */
ngx_uint_t ngx_canonical_compile_slot(ngx_canonical_block_t *block,
    ngx_str_t *path);


/* --- ngx_canonical_compile_source.c --- */

/*
 * The sources from words[*i] on: alternatives in one word or with "|" between
 * words; *i is then behind the last one.
 */
const char *ngx_canonical_compile_sources(ngx_canonical_compiler_t *c,
    ngx_str_t *words, ngx_uint_t n, ngx_uint_t *i,
    ngx_canonical_source_t **sources);

/* one more alternative, of "alt=" */
const char *ngx_canonical_compile_alternative(ngx_canonical_compiler_t *c,
    ngx_str_t *text, ngx_canonical_source_t **sources);


/* --- ngx_canonical_compile_read.c --- */

/* notes what a rule reads, and whether it is PHI: rule->phi */
const char *ngx_canonical_compile_reads(ngx_canonical_compiler_t *c,
    ngx_canonical_rule_t *rule);

/* whether what the sources yield may be a reference to who has the PHI */
ngx_uint_t ngx_canonical_compile_is_subject(ngx_canonical_compiler_t *c,
    ngx_canonical_source_t *s);

/*
 * The chain of elements that an "each" goes over, from the root, "a.b";
 * NGX_ERROR: no memory.
 */
ngx_int_t ngx_canonical_compile_chain(ngx_canonical_compiler_t *c,
    ngx_str_t *text, ngx_str_t *chain);


#endif /* _NGX_CANONICAL_COMPILE_H_INCLUDED_ */
