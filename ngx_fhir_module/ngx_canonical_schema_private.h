
/*
 * The compiled form of a schema: ngx_canonical_schema_compile.c makes it with
 * the keywords of ngx_canonical_schema_keyword.c, ngx_canonical_schema.c
 * checks by it, ngx_canonical_schema_value.c knows numbers, equality and
 * formats.
 */

#ifndef _NGX_CANONICAL_SCHEMA_PRIVATE_H_INCLUDED_
#define _NGX_CANONICAL_SCHEMA_PRIVATE_H_INCLUDED_


#include "ngx_canonical_schema.h"
#include "ngx_canonical_automaton.h"
#include "ngx_canonical_regex.h"


/* a set of kinds; NONE goes with NULL */

#define ngx_canonical_schema_bit(kind)  (1u << (kind))

#define NGX_CANONICAL_SCHEMA_NULL                                             \
    (ngx_canonical_schema_bit(NGX_CANONICAL_NONE)                             \
     | ngx_canonical_schema_bit(NGX_CANONICAL_NULL))

#define NGX_CANONICAL_SCHEMA_INTEGER                                          \
    ngx_canonical_schema_bit(NGX_CANONICAL_ARRAY + 1)

#define NGX_CANONICAL_SCHEMA_ANY                                              \
    (ngx_canonical_schema_bit(NGX_CANONICAL_ARRAY + 1) - 1)

#define NGX_CANONICAL_SCHEMA_UNBOUNDED  ((size_t) -1)

/* in minItems and the like */
#define NGX_CANONICAL_SCHEMA_SIZE_DIGITS  9

/* schemas that apply to one and the same value, one by way of the other */
#define NGX_CANONICAL_SCHEMA_CHAIN      32

/* names in one "required": they are bits */
#define NGX_CANONICAL_SCHEMA_REQUIRED   64


/*
 * A number of JSON, 0.DIGITS * 10^exponent, the first digit not zero.
 * "first" to "last" is the text of DIGITS without zeros around it and may
 * have the point inside.
 */

typedef struct {
    u_char                          *first;      /* NULL: zero */
    u_char                          *last;
    int64_t                          exponent;
    ngx_uint_t                       digits;
    unsigned                         negative:1;
} ngx_canonical_schema_number_t;


typedef enum {
    NGX_CANONICAL_SCHEMA_NO_FORMAT = 0,
    NGX_CANONICAL_SCHEMA_DATE,
    NGX_CANONICAL_SCHEMA_DATE_TIME
} ngx_canonical_schema_format_e;


typedef struct {
    ngx_str_t                        name;
    ngx_canonical_schema_t          *schema;     /* NULL: only required */
    uint64_t                         required;   /* its bit, or 0 */
    const char                      *missing;    /* text of the error */
} ngx_canonical_schema_property_t;


typedef struct ngx_canonical_schema_dependent_s
    ngx_canonical_schema_dependent_t;

struct ngx_canonical_schema_dependent_s {
    ngx_str_t                          name;     /* if this is there, */
    ngx_str_t                          required; /* this must be */
    const char                        *missing;
    ngx_canonical_schema_dependent_t  *next;
};


struct ngx_canonical_schema_s {
    uint16_t                            types;
    uint16_t                            keywords;   /* kinds that have some */
    unsigned                            combined:1; /* const to otherwise */
    unsigned                            alone:1;    /* a $ref and no more */
    unsigned                            closed:1;
    unsigned                            visiting:1;
    const char                         *mismatch;   /* text: wrong type */

    /* of objects */

    ngx_canonical_schema_property_t    *properties;
    ngx_uint_t                          nproperties;
    ngx_canonical_schema_property_t   **hash;       /* NULL: no properties */
    ngx_uint_t                          hash_mask;
    uint64_t                            required;
    ngx_canonical_schema_t             *additional;
    ngx_canonical_schema_dependent_t   *dependents;

    /* of arrays, strings and numbers; the sizes inclusive */

    ngx_canonical_schema_t             *items;
    size_t                              min_items;
    size_t                              max_items;
    size_t                              min_length;
    size_t                              max_length;
    ngx_canonical_automaton_t          *automaton;  /* pattern: one of the */
    ngx_canonical_regex_t              *regex;      /* two */
    ngx_canonical_schema_format_e       format;
    ngx_canonical_schema_number_t      *minimum;
    ngx_canonical_schema_number_t      *maximum;
    ngx_canonical_schema_number_t      *exclusive_minimum;
    ngx_canonical_schema_number_t      *exclusive_maximum;

    /* of any value; the lists end with NULL */

    ngx_canonical_node_t               *constant;
    ngx_canonical_node_t               *values;     /* the array of enum */
    ngx_canonical_schema_t             *ref;
    ngx_canonical_schema_t            **all;
    ngx_canonical_schema_t            **any;
    ngx_canonical_schema_t            **one;
    ngx_canonical_schema_t             *negated;
    ngx_canonical_schema_t             *condition;
    ngx_canonical_schema_t             *then;
    ngx_canonical_schema_t             *otherwise;

    /* of the compilation */

    ngx_str_t                           pointer;    /* to it in its file */
    uint32_t                            offset;
    ngx_uint_t                          chain;      /* 0: not yet known */
    ngx_uint_t                          longest;
    ngx_canonical_schema_t             *next;
};


/* --- properties --- */

/* names are few and known: three of their characters tell most apart */

static ngx_inline ngx_uint_t
ngx_canonical_schema_hash(u_char *name, size_t len)
{
    if (len == 0) {
        return 0;
    }

    return len + name[0] * 3 + name[len / 2] * 17 + name[len - 1] * 7;
}


/* the property, or NULL; for schemas with a hash */

static ngx_inline ngx_canonical_schema_property_t *
ngx_canonical_schema_property(ngx_canonical_schema_t *s, u_char *name,
    size_t len)
{
    ngx_uint_t                        i;
    ngx_canonical_schema_property_t  *p;

    i = ngx_canonical_schema_hash(name, len);

    for ( ;; ) {
        p = s->hash[i & s->hash_mask];

        if (p == NULL
            || (p->name.len == len
                && ngx_memcmp(p->name.data, name, len) == 0))
        {
            return p;
        }

        i++;
    }
}


/* --- compilation --- */

typedef struct {
    ngx_str_t                           token;      /* of a JSON pointer */
    ngx_canonical_schema_t             *schema;
} ngx_canonical_schema_def_t;


typedef struct {
    ngx_canonical_arena_t              *arena;
    ngx_canonical_error_t              *err;

    ngx_canonical_schema_t             *root;
    ngx_canonical_schema_t             *schemas;    /* all of them */

    ngx_canonical_schema_def_t         *defs;
    ngx_uint_t                          ndefs;
} ngx_canonical_schema_compiler_t;


typedef struct ngx_canonical_keyword_s  ngx_canonical_keyword_t;

struct ngx_canonical_keyword_s {
    ngx_str_t                           name;
    unsigned                            kinds;      /* it speaks about; 0: no
                                                       effect */
    ngx_int_t                         (*handler)(
                                         ngx_canonical_schema_compiler_t *c,
                                         ngx_canonical_schema_t *s,
                                         ngx_canonical_node_t *value,
                                         ngx_canonical_keyword_t *keyword);
    size_t                              offset;     /* of the member it sets,
                                                       or the kind of value */
};


/* "type" alone is no reason to look at a value again: a kind of its own */
#define NGX_CANONICAL_SCHEMA_TYPE  (NGX_CANONICAL_SCHEMA_INTEGER << 1)

/* the keyword that a member of a schema is, or NULL */
ngx_canonical_keyword_t *ngx_canonical_schema_keyword(
    ngx_canonical_node_t *member);

/* a schema within another; NULL: an error that is set */
ngx_canonical_schema_t *ngx_canonical_schema_sub(
    ngx_canonical_schema_compiler_t *c, ngx_str_t *base, ngx_str_t *token,
    ngx_canonical_node_t *node);

/* "base" with one token more */
ngx_int_t ngx_canonical_schema_pointer(ngx_canonical_schema_compiler_t *c,
    ngx_str_t *base, ngx_str_t *token, ngx_str_t *pointer);

/* members or elements of a node */
ngx_uint_t ngx_canonical_schema_count(ngx_canonical_node_t *node);

/* "text", then the name without what would break a line; NULL: no memory */
const char *ngx_canonical_schema_text(ngx_canonical_schema_compiler_t *c,
    const char *text, ngx_str_t *name);

/* sets the error, of a keyword or (NULL) of the schema; NGX_ERROR */
ngx_int_t ngx_canonical_schema_wrong(ngx_canonical_schema_compiler_t *c,
    ngx_canonical_schema_t *s, ngx_str_t *keyword, size_t offset,
    const char *text);


/* --- values --- */

/*
 * Takes the text of a number apart.  An exponent that is out of any reason is
 * cut to NGX_CANONICAL_SCHEMA_EXPONENT: no number of a schema, which has at
 * most 64 characters and a smaller one, can be taken for it.
 */
#define NGX_CANONICAL_SCHEMA_EXPONENT  100000000000000000LL

void ngx_canonical_schema_number(ngx_canonical_schema_number_t *n,
    u_char *text, size_t len);

/* whether it has no fraction: 1.0 and 1e3 have none */
ngx_uint_t ngx_canonical_schema_integer(ngx_canonical_schema_number_t *n);

/* less than, equal to or greater than 0, exact */
ngx_int_t ngx_canonical_schema_compare(ngx_canonical_schema_number_t *a,
    ngx_canonical_schema_number_t *b);

/*
 * Whether two values are equal: numbers by value, objects in any order.
 * Recurses as deep as "want", which is of a schema.
 */
ngx_uint_t ngx_canonical_schema_equal(ngx_canonical_node_t *want,
    ngx_canonical_node_t *node);

/* characters of a text in UTF-8 */
size_t ngx_canonical_schema_length(u_char *text, size_t len);

/* full-date and date-time of RFC 3339 */
ngx_uint_t ngx_canonical_schema_date(u_char *text, size_t len);
ngx_uint_t ngx_canonical_schema_date_time(u_char *text, size_t len);

/* an index as decimal digits, written before "end"; its start */
u_char *ngx_canonical_schema_index(u_char *end, ngx_uint_t i);

/* bytes of a name as a token of a JSON pointer, and the token; the end */
size_t ngx_canonical_schema_token_len(ngx_str_t *name);
u_char *ngx_canonical_schema_token(u_char *p, ngx_str_t *name);


#endif /* _NGX_CANONICAL_SCHEMA_PRIVATE_H_INCLUDED_ */
