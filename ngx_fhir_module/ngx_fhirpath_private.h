
/*
 * The parts of FHIRPath.  _lex.c, _lex_literal.c and _parse.c read the text;
 * _build.c and _check.c make operations of it and check them, _reads.c keeps
 * which elements they go down to; _table.c lists the functions and operators,
 * _eval.c runs them, and the other files are these.
 */

#ifndef _NGX_FHIRPATH_PRIVATE_H_INCLUDED_
#define _NGX_FHIRPATH_PRIVATE_H_INCLUDED_


#include "ngx_fhirpath.h"
#include "ngx_canonical_regex.h"


/*
 * Operations in each other, the names of a path counted: bounds the stack that
 * an evaluation needs.
 */
#define NGX_FHIRPATH_DEPTH   96

/* ways that an expression may go down from its focus */
#define NGX_FHIRPATH_CHAINS  256

#define NGX_FHIRPATH_ARGS    3

/* operators: their character, or one of these; and the tightest of levels */
#define NGX_FHIRPATH_OP_OR        1
#define NGX_FHIRPATH_OP_AND       2
#define NGX_FHIRPATH_OP_IN        3
#define NGX_FHIRPATH_OP_CONTAINS  4
#define NGX_FHIRPATH_OP_NE        5
#define NGX_FHIRPATH_OP_LE        6
#define NGX_FHIRPATH_OP_GE        7
#define NGX_FHIRPATH_OP_IS        8
#define NGX_FHIRPATH_OP_AS        9

#define NGX_FHIRPATH_LEVEL_MAX    10

/* kinds known at compile time only; the others are ngx_fhirpath_kind_e */
#define NGX_FHIRPATH_ANY     0xff


/* three-valued logic */

typedef enum {
    NGX_FHIRPATH_NO = 0,
    NGX_FHIRPATH_YES,
    NGX_FHIRPATH_UNKNOWN         /* an empty collection */
} ngx_fhirpath_truth_e;


typedef struct ngx_fhirpath_op_s        ngx_fhirpath_op_t;
typedef struct ngx_fhirpath_run_s       ngx_fhirpath_run_t;
typedef struct ngx_fhirpath_chain_s     ngx_fhirpath_chain_t;
typedef struct ngx_fhirpath_function_s  ngx_fhirpath_function_t;
typedef struct ngx_fhirpath_operator_s  ngx_fhirpath_operator_t;


/*
 * Puts the result on top of the stack: NGX_OK; NGX_DECLINED, an error of
 * FHIRPath; NGX_ERROR, no memory.  After the last two the stack does not
 * matter.
 */
typedef ngx_int_t (*ngx_fhirpath_eval_pt)(ngx_fhirpath_run_t *run,
    ngx_fhirpath_op_t *op);

/* the same of an operation that yields a boolean at most */
typedef ngx_int_t (*ngx_fhirpath_test_pt)(ngx_fhirpath_run_t *run,
    ngx_fhirpath_op_t *op, ngx_fhirpath_truth_e *truth);


/* --- the compiled form --- */

typedef struct {
    ngx_str_t                 name;
    ngx_uint_t                of;        /* type of the parent, 0: unknown */
    ngx_fhir_element_t       *element;   /* of that type */
} ngx_fhirpath_step_t;


/* the right side of "is": of FHIR, or the system's if type is 0 */

typedef struct {
    ngx_uint_t                type;
    ngx_uint_t                kind;      /* of the system; ANY: none that
                                            there is */
} ngx_fhirpath_type_t;


/* where elements are counted from */

typedef enum {
    NGX_FHIRPATH_FOCUS = 0,
    NGX_FHIRPATH_RESOURCE,       /* %resource */
    NGX_FHIRPATH_ASIDE           /* what no name led to */
} ngx_fhirpath_start_e;


/* elements from there down to what an operation yields */

struct ngx_fhirpath_chain_s {
    ngx_fhirpath_chain_t     *parent;    /* goes down to where this begins */
    ngx_fhirpath_step_t      *steps;
    ngx_uint_t                nsteps;
    ngx_fhirpath_chain_t     *next;      /* of all of them */
    unsigned                  used:1;    /* not only passed through */
    ngx_fhirpath_start_e      start;     /* where it begins, without parent */
};


typedef struct {
    ngx_fhirpath_chain_t    **items;
    ngx_uint_t                n;
} ngx_fhirpath_chains_t;


/* what is known of a collection before there is one */

typedef struct {
    ngx_uint_t                kind;      /* of each item, or ANY */
    ngx_uint_t                type;      /* of FHIR, if a NODE; 0: unknown */
    ngx_fhirpath_chains_t     chains;
} ngx_fhirpath_static_t;


/* what can be compared with each other, see ngx_fhirpath_class() */

typedef enum {
    NGX_FHIRPATH_CLASS_ANY = 0,  /* not known */
    NGX_FHIRPATH_CLASS_NUMBER,
    NGX_FHIRPATH_CLASS_STRING,
    NGX_FHIRPATH_CLASS_DATE,     /* and dateTime */
    NGX_FHIRPATH_CLASS_TIME,
    NGX_FHIRPATH_CLASS_BOOLEAN,
    NGX_FHIRPATH_CLASS_COMPLEX
} ngx_fhirpath_class_e;


typedef enum {
    NGX_FHIRPATH_OTHER = 0,
    NGX_FHIRPATH_THIS,
    NGX_FHIRPATH_LITERAL,
    NGX_FHIRPATH_PATH
} ngx_fhirpath_op_e;


struct ngx_fhirpath_op_s {
    ngx_fhirpath_eval_pt      eval;
    ngx_fhirpath_test_pt      test;      /* or NULL */
    ngx_fhirpath_op_e         id;
    ngx_uint_t                op;        /* of an operator */

    ngx_fhirpath_op_t        *input;     /* or the left operand */
    ngx_fhirpath_op_t        *args[NGX_FHIRPATH_ARGS];   /* [0]: the right */

    ngx_fhirpath_item_t       literal;
    ngx_fhirpath_step_t      *steps;     /* of a path */
    ngx_uint_t                nsteps;
    ngx_fhirpath_type_t       of;        /* of is, as, ofType */
    ngx_canonical_regex_t    *regex;     /* of matches */

    ngx_fhirpath_static_t     result;
    ngx_uint_t                depth;
    size_t                    at;        /* in the text */
    ngx_fhirpath_op_t        *next;      /* of all paths */
};


struct ngx_fhirpath_s {
    ngx_fhirpath_op_t        *op;
    ngx_fhirpath_op_t        *paths;
    ngx_fhirpath_chain_t     *chains;
    ngx_uint_t                type;
    unsigned                  untyped:1;
};


/* --- compilation --- */

typedef enum {
    NGX_FHIRPATH_END = 0,
    NGX_FHIRPATH_NAME,
    NGX_FHIRPATH_QUOTED,         /* `name` */
    NGX_FHIRPATH_VALUE,          /* a string, number, date or time */
    NGX_FHIRPATH_DOLLAR,         /* $this: "this" */
    NGX_FHIRPATH_PERCENT,        /* %resource: "resource" */
    NGX_FHIRPATH_SYMBOL
} ngx_fhirpath_token_e;


typedef struct {
    ngx_fhirpath_token_e      kind;
    ngx_str_t                 text;
    ngx_fhirpath_item_t       literal;
    size_t                    at;
} ngx_fhirpath_token_t;


typedef struct {
    ngx_canonical_arena_t    *arena;
    ngx_str_t                *text;
    u_char                   *pos;
    ngx_fhirpath_token_t      token;     /* the one to be read next */

    ngx_fhirpath_t           *fp;
    ngx_fhirpath_static_t     root;      /* of %context */
    ngx_fhirpath_static_t     self;      /* of $this */
    ngx_uint_t                resource;  /* the type of %resource, or 0 */
    ngx_uint_t                domain;    /* the type DomainResource */
    ngx_uint_t                nchains;
    ngx_uint_t                depth;     /* of the parser */

    size_t                    at;        /* of what is wrong */
    const char               *why;
} ngx_fhirpath_compiler_t;


/*
 * A letter for each argument: "l" an expression evaluated with each item of
 * the input as $this, "c" such a condition of iif(), "s" a string, "i" an
 * integer, "v" any value, "t" a type, "r" a literal pattern.
 */

struct ngx_fhirpath_function_s {
    ngx_str_t                 name;
    const char               *args;
    ngx_uint_t                min;       /* arguments at least */
    ngx_uint_t                kind;      /* of the result, or one of below */
    ngx_uint_t                string;    /* the input must be one */
    ngx_fhirpath_eval_pt      eval;
    ngx_fhirpath_test_pt      test;
};


#define NGX_FHIRPATH_SAME      0x100     /* as the input */
#define NGX_FHIRPATH_SELECTED  0x101     /* as the argument */
#define NGX_FHIRPATH_CHOSEN    0x102     /* as one of the last arguments */
#define NGX_FHIRPATH_CAST      0x103     /* the type that is an argument */
#define NGX_FHIRPATH_RESOLVED  0x104     /* any resource */
#define NGX_FHIRPATH_EXTENDED  0x105     /* extensions */


struct ngx_fhirpath_operator_s {
    ngx_str_t                 name;
    ngx_uint_t                level;     /* the higher the tighter */
    ngx_uint_t                op;        /* 0: not supported */
    ngx_uint_t                kind;      /* of the result */
    ngx_fhirpath_eval_pt      eval;
    ngx_fhirpath_test_pt      test;
};


/* NGX_OK and c->token, or NGX_ERROR */
ngx_int_t ngx_fhirpath_lex(ngx_fhirpath_compiler_t *c);

/* ngx_fhirpath_lex_literal.c: at c->pos, behind the quote, digit or "@" */
ngx_int_t ngx_fhirpath_lex_quoted(ngx_fhirpath_compiler_t *c, u_char quote);
ngx_int_t ngx_fhirpath_lex_number(ngx_fhirpath_compiler_t *c);
ngx_int_t ngx_fhirpath_lex_time(ngx_fhirpath_compiler_t *c);

/* sets c->why to the three one after another; the last two may be NULL */
void ngx_fhirpath_wrong(ngx_fhirpath_compiler_t *c, size_t at,
    const char *before, ngx_str_t *name, const char *after);
void ngx_fhirpath_wrong_two(ngx_fhirpath_compiler_t *c, size_t at,
    ngx_str_t *one, const char *between, ngx_str_t *two, const char *after);

/* the whole expression; NULL: c->why */
ngx_fhirpath_op_t *ngx_fhirpath_parse(ngx_fhirpath_compiler_t *c);

/* the token to be read next */
ngx_uint_t ngx_fhirpath_at_symbol(ngx_fhirpath_compiler_t *c,
    const char *symbol);
ngx_uint_t ngx_fhirpath_is_word(ngx_str_t *text, const char *word);

/* the name of a type, up to the token behind it */
ngx_int_t ngx_fhirpath_type_name(ngx_fhirpath_compiler_t *c,
    ngx_fhirpath_type_t *of);

/*
 * Each makes an operation, checks what can be known of it, and returns NULL
 * after an error.
 */
ngx_fhirpath_op_t *ngx_fhirpath_build(ngx_fhirpath_compiler_t *c, size_t at,
    ngx_fhirpath_eval_pt eval);
ngx_fhirpath_op_t *ngx_fhirpath_build_self(ngx_fhirpath_compiler_t *c,
    size_t at);
ngx_fhirpath_op_t *ngx_fhirpath_build_name(ngx_fhirpath_compiler_t *c,
    ngx_str_t *name, size_t at);
ngx_fhirpath_op_t *ngx_fhirpath_build_member(ngx_fhirpath_compiler_t *c,
    ngx_fhirpath_op_t *input, ngx_str_t *name, size_t at);
ngx_fhirpath_op_t *ngx_fhirpath_build_index(ngx_fhirpath_compiler_t *c,
    ngx_fhirpath_op_t *input, ngx_fhirpath_op_t *index, size_t at);
ngx_fhirpath_op_t *ngx_fhirpath_build_unary(ngx_fhirpath_compiler_t *c,
    ngx_fhirpath_op_t *operand, ngx_uint_t minus, size_t at);
ngx_fhirpath_op_t *ngx_fhirpath_build_binary(ngx_fhirpath_compiler_t *c,
    const ngx_fhirpath_operator_t *o, ngx_fhirpath_op_t *left,
    ngx_fhirpath_op_t *right, size_t at);
ngx_fhirpath_op_t *ngx_fhirpath_build_type(ngx_fhirpath_compiler_t *c,
    const ngx_fhirpath_operator_t *o, ngx_fhirpath_op_t *input,
    ngx_fhirpath_type_t *of, size_t at);
ngx_int_t ngx_fhirpath_build_function(ngx_fhirpath_compiler_t *c,
    const ngx_fhirpath_function_t *f, ngx_fhirpath_op_t *op);

/* ngx_fhirpath_check.c: NGX_ERROR and c->why */
ngx_int_t ngx_fhirpath_check_depth(ngx_fhirpath_compiler_t *c,
    ngx_fhirpath_op_t *op);
ngx_int_t ngx_fhirpath_check_element(ngx_fhirpath_compiler_t *c,
    ngx_fhirpath_static_t *of, ngx_str_t *name, size_t at,
    ngx_fhir_element_t **element);
ngx_int_t ngx_fhirpath_check_operator(ngx_fhirpath_compiler_t *c,
    ngx_fhirpath_op_t *op);
ngx_int_t ngx_fhirpath_check_function(ngx_fhirpath_compiler_t *c,
    const ngx_fhirpath_function_t *f, ngx_fhirpath_op_t *op);

ngx_fhirpath_class_e ngx_fhirpath_class(ngx_fhirpath_static_t *s);

/* ngx_fhirpath_reads.c: see ngx_fhirpath_reads(); NGX_ERROR: c->why */
ngx_int_t ngx_fhirpath_chain_start(ngx_fhirpath_compiler_t *c,
    ngx_fhirpath_chains_t *chains, ngx_fhirpath_start_e start);
ngx_int_t ngx_fhirpath_chain_down(ngx_fhirpath_compiler_t *c,
    ngx_fhirpath_chains_t *from, ngx_fhirpath_step_t *steps,
    ngx_uint_t nsteps, ngx_fhirpath_chains_t *to);
ngx_int_t ngx_fhirpath_chain_join(ngx_fhirpath_compiler_t *c,
    ngx_fhirpath_chains_t *a, ngx_fhirpath_chains_t *b,
    ngx_fhirpath_chains_t *to);
void ngx_fhirpath_chain_use(ngx_fhirpath_chains_t *chains);

/* NULL: there is none */
const ngx_fhirpath_function_t *ngx_fhirpath_function(ngx_str_t *name);
const ngx_fhirpath_operator_t *ngx_fhirpath_operator(ngx_str_t *name);


/* --- evaluation --- */

/*
 * Kept in ctx->work from one evaluation to the next.  The stack begins behind
 * the result of the last evaluation; it may move when an item is put on it.
 */

struct ngx_fhirpath_run_s {
    ngx_fhirpath_context_t   *ctx;
    ngx_fhirpath_item_t      *stack;
    ngx_uint_t                n;
    ngx_uint_t                size;

    ngx_fhirpath_item_t       self;      /* $this */
    ngx_fhirpath_item_t      *focus;     /* %context, or NULL */
    int64_t                   index;     /* $index */
    unsigned                  selfless:1;    /* $this is empty */
    unsigned                  untyped:1;

    ngx_uint_t                left;      /* of ctx->max_items */
    int64_t                   steps;     /* members passed, comparisons */
    ngx_int_t                 rc;        /* why there is no room */

    /* entries of a Bundle by their names */

    ngx_canonical_node_t     *bundle;
    ngx_canonical_node_t    **entries;   /* NULL: nothing here */
    ngx_uint_t                mask;
};


/* room for one more item, or NULL and run->rc */
ngx_fhirpath_item_t *ngx_fhirpath_push(ngx_fhirpath_run_t *run);
ngx_int_t ngx_fhirpath_push_boolean(ngx_fhirpath_run_t *run,
    ngx_fhirpath_truth_e truth);
ngx_int_t ngx_fhirpath_push_integer(ngx_fhirpath_run_t *run, int64_t n,
    ngx_canonical_node_t *node);
ngx_int_t ngx_fhirpath_push_decimal(ngx_fhirpath_run_t *run,
    ngx_canonical_decimal_t *d, ngx_canonical_node_t *node);
ngx_int_t ngx_fhirpath_push_string(ngx_fhirpath_run_t *run, u_char *data,
    size_t len, ngx_canonical_node_t *node);

/* NGX_DECLINED with this reason */
ngx_int_t ngx_fhirpath_fail(ngx_fhirpath_run_t *run, const char *why,
    ngx_canonical_node_t *at);

/* takes n of run->steps, NGX_DECLINED: there are no more */
ngx_int_t ngx_fhirpath_work(ngx_fhirpath_run_t *run, ngx_uint_t n);

/*
 * Takes the items above "mark" off the stack: NGX_OK and the only one, or
 * NGX_DONE: there is none.
 */
ngx_int_t ngx_fhirpath_pop(ngx_fhirpath_run_t *run, ngx_uint_t mark,
    ngx_fhirpath_item_t *item);

/* $this and $index of outside, while there are others */

typedef struct {
    ngx_fhirpath_item_t       self;
    int64_t                   index;
    ngx_uint_t                selfless;
} ngx_fhirpath_self_t;


static ngx_inline void
ngx_fhirpath_enter(ngx_fhirpath_run_t *run, ngx_fhirpath_self_t *saved)
{
    saved->self = run->self;
    saved->index = run->index;
    saved->selfless = run->selfless;

    run->selfless = 0;
}


/* the item "i" of the stack, of a collection that begins at "mark" */

static ngx_inline void
ngx_fhirpath_set(ngx_fhirpath_run_t *run, ngx_uint_t i, ngx_uint_t mark)
{
    run->self = run->stack[i];
    run->index = (int64_t) (i - mark);
}


static ngx_inline void
ngx_fhirpath_leave(ngx_fhirpath_run_t *run, ngx_fhirpath_self_t *saved)
{
    run->self = saved->self;
    run->index = saved->index;
    run->selfless = saved->selfless ? 1 : 0;
}


/* takes the items from "mark" up to "top" out of the stack */
void ngx_fhirpath_drop(ngx_fhirpath_run_t *run, ngx_uint_t mark,
    ngx_uint_t top);

/* evaluates op and pops */
ngx_int_t ngx_fhirpath_operand(ngx_fhirpath_run_t *run,
    ngx_fhirpath_op_t *op, ngx_fhirpath_item_t *item);

/* evaluates op as a condition */
ngx_int_t ngx_fhirpath_test(ngx_fhirpath_run_t *run, ngx_fhirpath_op_t *op,
    ngx_fhirpath_truth_e *truth);

/* the truth of an item as a condition */
ngx_fhirpath_truth_e ngx_fhirpath_truth(ngx_fhirpath_item_t *item);


/*
 * What an item is as a value: a container, or what has none, is
 * NGX_FHIRPATH_NODE.
 */
ngx_fhirpath_kind_e ngx_fhirpath_kind(ngx_fhirpath_item_t *item);

/* whether a node is a primitive with a value */
static ngx_inline ngx_uint_t
ngx_fhirpath_has_value(ngx_canonical_node_t *node)
{
    return node->kind >= NGX_CANONICAL_BOOLEAN
           && node->kind <= NGX_CANONICAL_STRING;
}

/* NGX_OK, or NGX_DECLINED: it is no such value */
ngx_int_t ngx_fhirpath_as_integer(ngx_fhirpath_item_t *item, int64_t *n);
ngx_int_t ngx_fhirpath_as_decimal(ngx_fhirpath_item_t *item,
    ngx_canonical_decimal_t *d);
ngx_int_t ngx_fhirpath_as_time(ngx_fhirpath_item_t *item,
    ngx_canonical_time_t *t);

/* the same of a text, as toInteger() and toDecimal() read it */
ngx_int_t ngx_fhirpath_read_integer(ngx_str_t *text, int64_t *n);
ngx_int_t ngx_fhirpath_read_decimal(ngx_str_t *text,
    ngx_canonical_decimal_t *d);

/* a string, or the text of a node with a value: nothing is copied */
ngx_int_t ngx_fhirpath_as_string(ngx_fhirpath_item_t *item, ngx_str_t *s);

/* nothing is put on the stack: "a" and "b" may be there */
ngx_int_t ngx_fhirpath_equal(ngx_fhirpath_run_t *run,
    ngx_fhirpath_item_t *a, ngx_fhirpath_item_t *b,
    ngx_fhirpath_truth_e *truth);

/* "<" and its like */
ngx_int_t ngx_fhirpath_order(ngx_fhirpath_run_t *run, ngx_uint_t op,
    ngx_fhirpath_item_t *a, ngx_fhirpath_item_t *b,
    ngx_fhirpath_truth_e *truth);

/* "+", "-", "*", "/": pushes the result, if there is one */
ngx_int_t ngx_fhirpath_math(ngx_fhirpath_run_t *run, ngx_fhirpath_op_t *op,
    ngx_fhirpath_item_t *a, ngx_fhirpath_item_t *b);

/* whether it is one, or may be one as text without a type */
ngx_uint_t ngx_fhirpath_is_number(ngx_fhirpath_item_t *item);

/* whether it is text without a type, which may be anything */
ngx_uint_t ngx_fhirpath_loose(ngx_fhirpath_item_t *item);

/* FNV-1a, to be started with this */
#define NGX_FHIRPATH_HASH  2166136261u

static ngx_inline uint32_t
ngx_fhirpath_hash(uint32_t hash, u_char *data, size_t len)
{
    while (len--) {
        hash = (hash ^ *data++) * 16777619u;
    }

    return hash;
}

/* takes what is there twice off the items above "mark" */
ngx_int_t ngx_fhirpath_distinct(ngx_fhirpath_run_t *run, ngx_uint_t mark);

/* whether an item is of the type, or, if "exact", of no other */
ngx_uint_t ngx_fhirpath_is(ngx_fhirpath_item_t *item,
    ngx_fhirpath_type_t *of, ngx_uint_t exact);

/* puts what the names lead to from the item on the stack */
ngx_int_t ngx_fhirpath_walk(ngx_fhirpath_run_t *run,
    ngx_canonical_node_t *node, ngx_uint_t type, ngx_fhirpath_step_t *step,
    ngx_fhirpath_step_t *end);

/* the first member of this name, the work counted */
ngx_canonical_node_t *ngx_fhirpath_member(ngx_fhirpath_run_t *run,
    ngx_canonical_node_t *node, ngx_str_t *name);


/* operations */

ngx_int_t ngx_fhirpath_eval_this(ngx_fhirpath_run_t *run,
    ngx_fhirpath_op_t *op);
ngx_int_t ngx_fhirpath_eval_index(ngx_fhirpath_run_t *run,
    ngx_fhirpath_op_t *op);
ngx_int_t ngx_fhirpath_eval_context(ngx_fhirpath_run_t *run,
    ngx_fhirpath_op_t *op);
ngx_int_t ngx_fhirpath_eval_resource(ngx_fhirpath_run_t *run,
    ngx_fhirpath_op_t *op);
ngx_int_t ngx_fhirpath_eval_literal(ngx_fhirpath_run_t *run,
    ngx_fhirpath_op_t *op);
ngx_int_t ngx_fhirpath_eval_nothing(ngx_fhirpath_run_t *run,
    ngx_fhirpath_op_t *op);
ngx_int_t ngx_fhirpath_eval_typed(ngx_fhirpath_run_t *run,
    ngx_fhirpath_op_t *op);
ngx_int_t ngx_fhirpath_eval_path(ngx_fhirpath_run_t *run,
    ngx_fhirpath_op_t *op);
ngx_int_t ngx_fhirpath_eval_item(ngx_fhirpath_run_t *run,
    ngx_fhirpath_op_t *op);

/* pushes what op->test() finds */
ngx_int_t ngx_fhirpath_eval_test(ngx_fhirpath_run_t *run,
    ngx_fhirpath_op_t *op);

ngx_int_t ngx_fhirpath_test_and(ngx_fhirpath_run_t *run,
    ngx_fhirpath_op_t *op, ngx_fhirpath_truth_e *truth);
ngx_int_t ngx_fhirpath_test_or(ngx_fhirpath_run_t *run,
    ngx_fhirpath_op_t *op, ngx_fhirpath_truth_e *truth);
ngx_int_t ngx_fhirpath_test_equal(ngx_fhirpath_run_t *run,
    ngx_fhirpath_op_t *op, ngx_fhirpath_truth_e *truth);
ngx_int_t ngx_fhirpath_test_order(ngx_fhirpath_run_t *run,
    ngx_fhirpath_op_t *op, ngx_fhirpath_truth_e *truth);
ngx_int_t ngx_fhirpath_test_member(ngx_fhirpath_run_t *run,
    ngx_fhirpath_op_t *op, ngx_fhirpath_truth_e *truth);
ngx_int_t ngx_fhirpath_test_is(ngx_fhirpath_run_t *run,
    ngx_fhirpath_op_t *op, ngx_fhirpath_truth_e *truth);
ngx_int_t ngx_fhirpath_eval_as(ngx_fhirpath_run_t *run,
    ngx_fhirpath_op_t *op);
ngx_int_t ngx_fhirpath_eval_union(ngx_fhirpath_run_t *run,
    ngx_fhirpath_op_t *op);
ngx_int_t ngx_fhirpath_eval_concat(ngx_fhirpath_run_t *run,
    ngx_fhirpath_op_t *op);
ngx_int_t ngx_fhirpath_eval_math(ngx_fhirpath_run_t *run,
    ngx_fhirpath_op_t *op);
ngx_int_t ngx_fhirpath_eval_sign(ngx_fhirpath_run_t *run,
    ngx_fhirpath_op_t *op);

/* functions */

ngx_int_t ngx_fhirpath_eval_where(ngx_fhirpath_run_t *run,
    ngx_fhirpath_op_t *op);
ngx_int_t ngx_fhirpath_eval_select(ngx_fhirpath_run_t *run,
    ngx_fhirpath_op_t *op);
ngx_int_t ngx_fhirpath_eval_first(ngx_fhirpath_run_t *run,
    ngx_fhirpath_op_t *op);
ngx_int_t ngx_fhirpath_eval_last(ngx_fhirpath_run_t *run,
    ngx_fhirpath_op_t *op);
ngx_int_t ngx_fhirpath_eval_single(ngx_fhirpath_run_t *run,
    ngx_fhirpath_op_t *op);
ngx_int_t ngx_fhirpath_eval_tail(ngx_fhirpath_run_t *run,
    ngx_fhirpath_op_t *op);
ngx_int_t ngx_fhirpath_eval_skip(ngx_fhirpath_run_t *run,
    ngx_fhirpath_op_t *op);
ngx_int_t ngx_fhirpath_eval_take(ngx_fhirpath_run_t *run,
    ngx_fhirpath_op_t *op);
ngx_int_t ngx_fhirpath_eval_count(ngx_fhirpath_run_t *run,
    ngx_fhirpath_op_t *op);
ngx_int_t ngx_fhirpath_eval_oftype(ngx_fhirpath_run_t *run,
    ngx_fhirpath_op_t *op);
ngx_int_t ngx_fhirpath_eval_iif(ngx_fhirpath_run_t *run,
    ngx_fhirpath_op_t *op);
ngx_int_t ngx_fhirpath_eval_distinct(ngx_fhirpath_run_t *run,
    ngx_fhirpath_op_t *op);
ngx_int_t ngx_fhirpath_eval_extension(ngx_fhirpath_run_t *run,
    ngx_fhirpath_op_t *op);
ngx_int_t ngx_fhirpath_test_exists(ngx_fhirpath_run_t *run,
    ngx_fhirpath_op_t *op, ngx_fhirpath_truth_e *truth);
ngx_int_t ngx_fhirpath_test_empty(ngx_fhirpath_run_t *run,
    ngx_fhirpath_op_t *op, ngx_fhirpath_truth_e *truth);
ngx_int_t ngx_fhirpath_test_all(ngx_fhirpath_run_t *run,
    ngx_fhirpath_op_t *op, ngx_fhirpath_truth_e *truth);
ngx_int_t ngx_fhirpath_test_not(ngx_fhirpath_run_t *run,
    ngx_fhirpath_op_t *op, ngx_fhirpath_truth_e *truth);
ngx_int_t ngx_fhirpath_test_distinct(ngx_fhirpath_run_t *run,
    ngx_fhirpath_op_t *op, ngx_fhirpath_truth_e *truth);
ngx_int_t ngx_fhirpath_test_value(ngx_fhirpath_run_t *run,
    ngx_fhirpath_op_t *op, ngx_fhirpath_truth_e *truth);
ngx_int_t ngx_fhirpath_eval_resolve(ngx_fhirpath_run_t *run,
    ngx_fhirpath_op_t *op);
ngx_int_t ngx_fhirpath_eval_substring(ngx_fhirpath_run_t *run,
    ngx_fhirpath_op_t *op);
ngx_int_t ngx_fhirpath_eval_replace(ngx_fhirpath_run_t *run,
    ngx_fhirpath_op_t *op);
ngx_int_t ngx_fhirpath_eval_upper(ngx_fhirpath_run_t *run,
    ngx_fhirpath_op_t *op);
ngx_int_t ngx_fhirpath_eval_lower(ngx_fhirpath_run_t *run,
    ngx_fhirpath_op_t *op);
ngx_int_t ngx_fhirpath_eval_trim(ngx_fhirpath_run_t *run,
    ngx_fhirpath_op_t *op);
ngx_int_t ngx_fhirpath_eval_split(ngx_fhirpath_run_t *run,
    ngx_fhirpath_op_t *op);
ngx_int_t ngx_fhirpath_eval_join(ngx_fhirpath_run_t *run,
    ngx_fhirpath_op_t *op);
ngx_int_t ngx_fhirpath_eval_length(ngx_fhirpath_run_t *run,
    ngx_fhirpath_op_t *op);
ngx_int_t ngx_fhirpath_eval_indexof(ngx_fhirpath_run_t *run,
    ngx_fhirpath_op_t *op);
ngx_int_t ngx_fhirpath_eval_tostring(ngx_fhirpath_run_t *run,
    ngx_fhirpath_op_t *op);
ngx_int_t ngx_fhirpath_eval_tointeger(ngx_fhirpath_run_t *run,
    ngx_fhirpath_op_t *op);
ngx_int_t ngx_fhirpath_eval_todecimal(ngx_fhirpath_run_t *run,
    ngx_fhirpath_op_t *op);
ngx_int_t ngx_fhirpath_eval_todate(ngx_fhirpath_run_t *run,
    ngx_fhirpath_op_t *op);
ngx_int_t ngx_fhirpath_eval_todatetime(ngx_fhirpath_run_t *run,
    ngx_fhirpath_op_t *op);
ngx_int_t ngx_fhirpath_test_within(ngx_fhirpath_run_t *run,
    ngx_fhirpath_op_t *op, ngx_fhirpath_truth_e *truth);
ngx_int_t ngx_fhirpath_test_start(ngx_fhirpath_run_t *run,
    ngx_fhirpath_op_t *op, ngx_fhirpath_truth_e *truth);
ngx_int_t ngx_fhirpath_test_end(ngx_fhirpath_run_t *run,
    ngx_fhirpath_op_t *op, ngx_fhirpath_truth_e *truth);
ngx_int_t ngx_fhirpath_test_matches(ngx_fhirpath_run_t *run,
    ngx_fhirpath_op_t *op, ngx_fhirpath_truth_e *truth);


#endif /* _NGX_FHIRPATH_PRIVATE_H_INCLUDED_ */
