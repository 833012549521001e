
/*
 * Checks a tree by a compiled schema: see the header.
 */

#include "ngx_canonical_schema_private.h"
#include "ngx_hl7_message.h"


/* schemas looked at for one tree, and in each other */

#define NGX_CANONICAL_SCHEMA_STEPS  10000000
#define NGX_CANONICAL_SCHEMA_DEPTH  2000


/* where a node is: it and what it is in, up to the root */

typedef struct ngx_canonical_schema_place_s  ngx_canonical_schema_place_t;

struct ngx_canonical_schema_place_s {
    ngx_canonical_schema_place_t  *up;       /* NULL: the root */
    ngx_str_t                     *name;     /* as the schema has it; NULL: an
                                                element */
    ngx_uint_t                     index;
    unsigned                       unknown:1;   /* a name of the body */
};


typedef struct {
    ngx_canonical_arena_t         *arena;
    ngx_canonical_error_t         *err;
    ngx_uint_t                     steps;
    ngx_uint_t                     depth;
    ngx_uint_t                     quiet;    /* a failure is no error */
} ngx_canonical_schema_run_t;


/*
 * All of these: NGX_OK; NGX_DECLINED: the value is not as the schema has it;
 * NGX_ABORT: that cannot be found out; NGX_ERROR: no memory.
 */

static ngx_int_t ngx_canonical_schema_node(ngx_canonical_schema_run_t *run,
    ngx_canonical_schema_t *s, ngx_canonical_node_t *node,
    ngx_canonical_schema_place_t *place);
static ngx_int_t ngx_canonical_schema_by_kind(ngx_canonical_schema_run_t *run,
    ngx_canonical_schema_t *s, ngx_canonical_node_t *node,
    ngx_canonical_schema_place_t *place);
static ngx_int_t ngx_canonical_schema_object(ngx_canonical_schema_run_t *run,
    ngx_canonical_schema_t *s, ngx_canonical_node_t *node,
    ngx_canonical_schema_place_t *place);
static ngx_int_t ngx_canonical_schema_missing(ngx_canonical_schema_run_t *run,
    ngx_canonical_schema_t *s, ngx_canonical_node_t *node,
    ngx_canonical_schema_place_t *place, uint64_t seen);
static ngx_int_t ngx_canonical_schema_array(ngx_canonical_schema_run_t *run,
    ngx_canonical_schema_t *s, ngx_canonical_node_t *node,
    ngx_canonical_schema_place_t *place);
static ngx_int_t ngx_canonical_schema_string(ngx_canonical_schema_run_t *run,
    ngx_canonical_schema_t *s, ngx_canonical_node_t *node,
    ngx_canonical_schema_place_t *place);
static ngx_int_t ngx_canonical_schema_of_number(
    ngx_canonical_schema_run_t *run, ngx_canonical_schema_t *s,
    ngx_canonical_node_t *node, ngx_canonical_schema_place_t *place);

static ngx_int_t ngx_canonical_schema_combined(ngx_canonical_schema_run_t *run,
    ngx_canonical_schema_t *s, ngx_canonical_node_t *node,
    ngx_canonical_schema_place_t *place);
static ngx_int_t ngx_canonical_schema_values(ngx_canonical_schema_run_t *run,
    ngx_canonical_schema_t *s, ngx_canonical_node_t *node,
    ngx_canonical_schema_place_t *place);
static ngx_int_t ngx_canonical_schema_lists(ngx_canonical_schema_run_t *run,
    ngx_canonical_schema_t *s, ngx_canonical_node_t *node,
    ngx_canonical_schema_place_t *place);
static ngx_int_t ngx_canonical_schema_matches(ngx_canonical_schema_run_t *run,
    ngx_canonical_schema_t **list, ngx_canonical_node_t *node,
    ngx_canonical_schema_place_t *place, ngx_uint_t *n);
static ngx_int_t ngx_canonical_schema_try(ngx_canonical_schema_run_t *run,
    ngx_canonical_schema_t *s, ngx_canonical_node_t *node,
    ngx_canonical_schema_place_t *place);
static ngx_int_t ngx_canonical_schema_branch(ngx_canonical_schema_run_t *run,
    ngx_canonical_schema_t *s, ngx_canonical_node_t *node,
    ngx_canonical_schema_place_t *place);

static ngx_int_t ngx_canonical_schema_fail(ngx_canonical_schema_run_t *run,
    ngx_canonical_node_t *node, ngx_canonical_schema_place_t *place,
    ngx_uint_t code, const char *text);
static ngx_int_t ngx_canonical_schema_abort(ngx_canonical_schema_run_t *run,
    ngx_canonical_node_t *node, ngx_canonical_schema_place_t *place,
    const char *text);
static ngx_int_t ngx_canonical_schema_error(ngx_canonical_schema_run_t *run,
    ngx_canonical_node_t *node, ngx_canonical_schema_place_t *place,
    ngx_uint_t code, const char *text);
static size_t ngx_canonical_schema_place_len(
    ngx_canonical_schema_place_t **place);


static const char  ngx_canonical_schema_no_match[] =
    "does not match its pattern";


ngx_int_t
ngx_canonical_schema_check(ngx_canonical_schema_t *schema,
    ngx_canonical_arena_t *a, ngx_canonical_node_t *root,
    ngx_canonical_error_t *err)
{
    ngx_int_t                   rc;
    ngx_canonical_schema_run_t  run;

    run.arena = a;
    run.err = err;
    run.steps = 0;
    run.depth = 0;
    run.quiet = 0;

    rc = ngx_canonical_schema_node(&run, schema, root, NULL);

    return (rc == NGX_ABORT) ? NGX_DECLINED : rc;
}


static ngx_int_t
ngx_canonical_schema_node(ngx_canonical_schema_run_t *run,
    ngx_canonical_schema_t *s, ngx_canonical_node_t *node,
    ngx_canonical_schema_place_t *place)
{
    unsigned                       kind;
    ngx_int_t                      rc;
    ngx_canonical_schema_number_t  n;

    if (run->steps++ == NGX_CANONICAL_SCHEMA_STEPS
        || run->depth == NGX_CANONICAL_SCHEMA_DEPTH)
    {
        return ngx_canonical_schema_abort(run, node, place,
                                          "too large for its schema");
    }

    kind = ngx_canonical_schema_bit(node->kind);

    if (!(s->types & kind)) {

        if (node->kind != NGX_CANONICAL_NUMBER
            || !(s->types & NGX_CANONICAL_SCHEMA_INTEGER))
        {
            return ngx_canonical_schema_fail(run, node, place,
                                             NGX_HL7_DATA_TYPE, s->mismatch);
        }

        ngx_canonical_schema_number(&n, node->data, node->len);

        if (!ngx_canonical_schema_integer(&n)) {
            return ngx_canonical_schema_fail(run, node, place,
                                             NGX_HL7_DATA_TYPE, s->mismatch);
        }
    }

    rc = NGX_OK;

    run->depth++;

    if (s->keywords & kind) {
        rc = ngx_canonical_schema_by_kind(run, s, node, place);
    }

    if (s->combined && rc == NGX_OK) {
        rc = ngx_canonical_schema_combined(run, s, node, place);
    }

    run->depth--;

    return rc;
}


static ngx_int_t
ngx_canonical_schema_by_kind(ngx_canonical_schema_run_t *run,
    ngx_canonical_schema_t *s, ngx_canonical_node_t *node,
    ngx_canonical_schema_place_t *place)
{
    switch (node->kind) {

    case NGX_CANONICAL_OBJECT:
        return ngx_canonical_schema_object(run, s, node, place);

    case NGX_CANONICAL_ARRAY:
        return ngx_canonical_schema_array(run, s, node, place);

    case NGX_CANONICAL_STRING:
        return ngx_canonical_schema_string(run, s, node, place);

    default: /* NGX_CANONICAL_NUMBER */
        return ngx_canonical_schema_of_number(run, s, node, place);
    }
}


static ngx_int_t
ngx_canonical_schema_object(ngx_canonical_schema_run_t *run,
    ngx_canonical_schema_t *s, ngx_canonical_node_t *node,
    ngx_canonical_schema_place_t *place)
{
    uint64_t                          seen;
    ngx_int_t                         rc;
    ngx_canonical_node_t             *member;
    ngx_canonical_schema_t           *sub;
    ngx_canonical_schema_place_t      at;
    ngx_canonical_schema_property_t  *p;

    at.up = place;
    at.index = 0;

    seen = 0;
    p = NULL;

    for (member = node->first; member; member = member->next) {

        if (s->hash) {
            p = ngx_canonical_schema_property(s, member->name,
                                              member->name_len);
        }

        if (p && p->schema) {
            seen |= p->required;
            sub = p->schema;

        } else {
            seen |= p ? p->required : 0;
            sub = s->additional;

            if (s->closed) {
                return ngx_canonical_schema_fail(run, member, place,
                                                 NGX_HL7_DATA_TYPE,
                                                 "a member that the schema "
                                                 "does not know");
            }

            if (sub == NULL) {
                continue;
            }
        }

        at.name = p ? &p->name : NULL;
        at.unknown = (p == NULL);

        rc = ngx_canonical_schema_node(run, sub, member, &at);
        if (rc != NGX_OK) {
            return rc;
        }
    }

    if (seen != s->required || s->dependents) {
        return ngx_canonical_schema_missing(run, s, node, place, seen);
    }

    return NGX_OK;
}


static ngx_int_t
ngx_canonical_schema_missing(ngx_canonical_schema_run_t *run,
    ngx_canonical_schema_t *s, ngx_canonical_node_t *node,
    ngx_canonical_schema_place_t *place, uint64_t seen)
{
    ngx_uint_t                         i;
    ngx_canonical_schema_dependent_t  *d;

    for (i = 0; seen != s->required && i < s->nproperties; i++) {

        if (s->properties[i].required & ~seen) {
            return ngx_canonical_schema_fail(run, node, place,
                                             NGX_HL7_REQUIRED_FIELD,
                                             s->properties[i].missing);
        }
    }

    for (d = s->dependents; d; d = d->next) {

        if (ngx_canonical_member(node, d->name.data, d->name.len)
            && !ngx_canonical_member(node, d->required.data, d->required.len))
        {
            return ngx_canonical_schema_fail(run, node, place,
                                             NGX_HL7_REQUIRED_FIELD,
                                             d->missing);
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_canonical_schema_array(ngx_canonical_schema_run_t *run,
    ngx_canonical_schema_t *s, ngx_canonical_node_t *node,
    ngx_canonical_schema_place_t *place)
{
    ngx_int_t                      rc;
    ngx_canonical_node_t          *element;
    ngx_canonical_schema_place_t   at;

    at.up = place;
    at.name = NULL;
    at.index = 0;
    at.unknown = 0;

    for (element = node->first; element; element = element->next) {

        if (at.index == s->max_items) {
            return ngx_canonical_schema_fail(run, node, place,
                                             NGX_HL7_DATA_TYPE,
                                             "more elements than maxItems");
        }

        if (s->items) {
            rc = ngx_canonical_schema_node(run, s->items, element, &at);
            if (rc != NGX_OK) {
                return rc;
            }
        }

        at.index++;
    }

    if (at.index < s->min_items) {
        return ngx_canonical_schema_fail(run, node, place, NGX_HL7_DATA_TYPE,
                                         "fewer elements than minItems");
    }

    return NGX_OK;
}


static ngx_int_t
ngx_canonical_schema_string(ngx_canonical_schema_run_t *run,
    ngx_canonical_schema_t *s, ngx_canonical_node_t *node,
    ngx_canonical_schema_place_t *place)
{
    size_t     len;
    ngx_int_t  rc;
    ngx_str_t  text;

    /* no more characters than bytes: most need not be counted */

    len = node->len;

    if (s->min_length || len > s->max_length) {
        len = ngx_canonical_schema_length(node->data, len);
    }

    if (len < s->min_length) {
        return ngx_canonical_schema_fail(run, node, place, NGX_HL7_DATA_TYPE,
                                         "shorter than minLength");
    }

    if (len > s->max_length) {
        return ngx_canonical_schema_fail(run, node, place,
                                         NGX_HL7_VALUE_TOO_LONG,
                                         "longer than maxLength");
    }

    if (s->automaton
        && !ngx_canonical_automaton_match(s->automaton, node->data, node->len))
    {
        return ngx_canonical_schema_fail(run, node, place, NGX_HL7_DATA_TYPE,
                                         ngx_canonical_schema_no_match);
    }

    if (s->regex) {
        text.data = node->data;
        text.len = node->len;

        rc = ngx_canonical_regex_match(s->regex, &text);

        if (rc == NGX_DECLINED) {
            return ngx_canonical_schema_fail(run, node, place,
                                             NGX_HL7_DATA_TYPE,
                                             ngx_canonical_schema_no_match);
        }

        if (rc != NGX_OK) {
            return ngx_canonical_schema_abort(run, node, place,
                                              "its pattern cannot be tried");
        }
    }

    if ((s->format == NGX_CANONICAL_SCHEMA_DATE
         && !ngx_canonical_schema_date(node->data, node->len))
        || (s->format == NGX_CANONICAL_SCHEMA_DATE_TIME
            && !ngx_canonical_schema_date_time(node->data, node->len)))
    {
        return ngx_canonical_schema_fail(run, node, place, NGX_HL7_DATA_TYPE,
                                         "not of its format");
    }

    return NGX_OK;
}


static ngx_int_t
ngx_canonical_schema_of_number(ngx_canonical_schema_run_t *run,
    ngx_canonical_schema_t *s, ngx_canonical_node_t *node,
    ngx_canonical_schema_place_t *place)
{
    const char                     *why;
    ngx_canonical_schema_number_t   n;

    ngx_canonical_schema_number(&n, node->data, node->len);

    why = NULL;

    if (s->minimum && ngx_canonical_schema_compare(&n, s->minimum) < 0) {
        why = "less than minimum";

    } else if (s->maximum
               && ngx_canonical_schema_compare(&n, s->maximum) > 0)
    {
        why = "greater than maximum";

    } else if (s->exclusive_minimum
               && ngx_canonical_schema_compare(&n, s->exclusive_minimum) <= 0)
    {
        why = "not greater than exclusiveMinimum";

    } else if (s->exclusive_maximum
               && ngx_canonical_schema_compare(&n, s->exclusive_maximum) >= 0)
    {
        why = "not less than exclusiveMaximum";
    }

    return why ? ngx_canonical_schema_fail(run, node, place,
                                           NGX_HL7_DATA_TYPE, why)
               : NGX_OK;
}


static ngx_int_t
ngx_canonical_schema_combined(ngx_canonical_schema_run_t *run,
    ngx_canonical_schema_t *s, ngx_canonical_node_t *node,
    ngx_canonical_schema_place_t *place)
{
    ngx_int_t  rc;

    rc = NGX_OK;

    if (s->constant || s->values) {
        rc = ngx_canonical_schema_values(run, s, node, place);
    }

    if (s->ref && rc == NGX_OK) {
        rc = ngx_canonical_schema_node(run, s->ref, node, place);
    }

    if ((s->all || s->any || s->one) && rc == NGX_OK) {
        rc = ngx_canonical_schema_lists(run, s, node, place);
    }

    if (s->negated && rc == NGX_OK) {
        rc = ngx_canonical_schema_try(run, s->negated, node, place);

        if (rc == NGX_OK) {
            return ngx_canonical_schema_fail(run, node, place,
                                             NGX_HL7_DATA_TYPE,
                                             "as what \"not\" excludes");
        }

        rc = (rc == NGX_DECLINED) ? NGX_OK : rc;
    }

    if (s->condition && rc == NGX_OK) {
        rc = ngx_canonical_schema_branch(run, s, node, place);
    }

    return rc;
}


static ngx_int_t
ngx_canonical_schema_values(ngx_canonical_schema_run_t *run,
    ngx_canonical_schema_t *s, ngx_canonical_node_t *node,
    ngx_canonical_schema_place_t *place)
{
    ngx_canonical_node_t  *value;

    if (s->constant && !ngx_canonical_schema_equal(s->constant, node)) {
        return ngx_canonical_schema_fail(run, node, place,
                                         NGX_HL7_TABLE_VALUE,
                                         "not the value of const");
    }

    if (s->values == NULL) {
        return NGX_OK;
    }

    for (value = s->values->first; value; value = value->next) {
        if (ngx_canonical_schema_equal(value, node)) {
            return NGX_OK;
        }
    }

    return ngx_canonical_schema_fail(run, node, place, NGX_HL7_TABLE_VALUE,
                                     "none of the values of enum");
}


static ngx_int_t
ngx_canonical_schema_lists(ngx_canonical_schema_run_t *run,
    ngx_canonical_schema_t *s, ngx_canonical_node_t *node,
    ngx_canonical_schema_place_t *place)
{
    ngx_int_t                 rc;
    ngx_uint_t                n;
    ngx_canonical_schema_t  **list;

    for (list = s->all; list && *list; list++) {
        rc = ngx_canonical_schema_node(run, *list, node, place);
        if (rc != NGX_OK) {
            return rc;
        }
    }

    if (s->any) {
        n = 1;
        rc = ngx_canonical_schema_matches(run, s->any, node, place, &n);
        if (rc != NGX_OK) {
            return rc;
        }

        if (n == 0) {
            return ngx_canonical_schema_fail(run, node, place,
                                             NGX_HL7_DATA_TYPE,
                                             "fits none of anyOf");
        }
    }

    if (s->one) {
        n = 2;
        rc = ngx_canonical_schema_matches(run, s->one, node, place, &n);
        if (rc != NGX_OK) {
            return rc;
        }

        if (n != 1) {
            return ngx_canonical_schema_fail(run, node, place,
                                             NGX_HL7_DATA_TYPE, n
                                             ? "fits more than one of oneOf"
                                             : "fits none of oneOf");
        }
    }

    return NGX_OK;
}


/* *n is how many suffice, then how many there are up to that */

static ngx_int_t
ngx_canonical_schema_matches(ngx_canonical_schema_run_t *run,
    ngx_canonical_schema_t **list, ngx_canonical_node_t *node,
    ngx_canonical_schema_place_t *place, ngx_uint_t *n)
{
    ngx_int_t   rc;
    ngx_uint_t  found;

    for (found = 0; *list && found < *n; list++) {
        rc = ngx_canonical_schema_try(run, *list, node, place);

        if (rc == NGX_OK) {
            found++;

        } else if (rc != NGX_DECLINED) {
            return rc;
        }
    }

    *n = found;

    return NGX_OK;
}


static ngx_int_t
ngx_canonical_schema_try(ngx_canonical_schema_run_t *run,
    ngx_canonical_schema_t *s, ngx_canonical_node_t *node,
    ngx_canonical_schema_place_t *place)
{
    ngx_int_t  rc;

    run->quiet++;
    rc = ngx_canonical_schema_node(run, s, node, place);
    run->quiet--;

    return rc;
}


/* if, then, else */

static ngx_int_t
ngx_canonical_schema_branch(ngx_canonical_schema_run_t *run,
    ngx_canonical_schema_t *s, ngx_canonical_node_t *node,
    ngx_canonical_schema_place_t *place)
{
    ngx_int_t                rc;
    ngx_canonical_schema_t  *branch;

    rc = ngx_canonical_schema_try(run, s->condition, node, place);

    if (rc != NGX_OK && rc != NGX_DECLINED) {
        return rc;
    }

    branch = (rc == NGX_OK) ? s->then : s->otherwise;

    return branch ? ngx_canonical_schema_node(run, branch, node, place)
                  : NGX_OK;
}


static ngx_int_t
ngx_canonical_schema_fail(ngx_canonical_schema_run_t *run,
    ngx_canonical_node_t *node, ngx_canonical_schema_place_t *place,
    ngx_uint_t code, const char *text)
{
    if (run->quiet) {
        return NGX_DECLINED;
    }

    return ngx_canonical_schema_error(run, node, place, code, text);
}


/* an error also where a failure would be none: "not" must not turn it */

static ngx_int_t
ngx_canonical_schema_abort(ngx_canonical_schema_run_t *run,
    ngx_canonical_node_t *node, ngx_canonical_schema_place_t *place,
    const char *text)
{
    ngx_int_t  rc;

    rc = ngx_canonical_schema_error(run, node, place, 0, text);

    return (rc == NGX_DECLINED) ? NGX_ABORT : rc;
}


static ngx_int_t
ngx_canonical_schema_error(ngx_canonical_schema_run_t *run,
    ngx_canonical_node_t *node, ngx_canonical_schema_place_t *place,
    ngx_uint_t code, const char *text)
{
    size_t                  len;
    u_char                 *p, buf[NGX_INT_T_LEN];
    ngx_str_t               token;
    ngx_canonical_error_t  *err;

    err = run->err;

    ngx_memzero(err, sizeof(ngx_canonical_error_t));

    err->text = text;
    err->code = code;
    err->offset = node->offset;
    err->positioned = 1;

    len = ngx_canonical_schema_place_len(&place);

    if (len == 0) {
        return NGX_DECLINED;
    }

    p = ngx_canonical_bytes(run->arena, len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    err->target.data = p;
    err->target.len = len;

    /* from its end to its start */

    p += len;

    for ( /* void */ ; place; place = place->up) {

        if (place->name) {
            token = *place->name;

        } else {
            token.data = ngx_canonical_schema_index(buf + NGX_INT_T_LEN,
                                                    place->index);
            token.len = buf + NGX_INT_T_LEN - token.data;
        }

        p -= ngx_canonical_schema_token_len(&token) + 1;
        *p = '/';
        (void) ngx_canonical_schema_token(p + 1, &token);
    }

    return NGX_DECLINED;
}


/*
 * Bytes of the JSON pointer.  It ends above a member that no schema names:
 * such a name is of the body.
 */

static size_t
ngx_canonical_schema_place_len(ngx_canonical_schema_place_t **place)
{
    size_t                         len;
    ngx_uint_t                     i;
    ngx_canonical_schema_place_t  *at;

    len = 0;

    for (at = *place; at; at = at->up) {

        if (at->unknown) {
            *place = at->up;
            len = 0;
            continue;
        }

        len++;

        if (at->name) {
            len += ngx_canonical_schema_token_len(at->name);
            continue;
        }

        for (i = at->index; i > 9; i /= 10) {
            len++;
        }

        len++;
    }

    return len;
}
