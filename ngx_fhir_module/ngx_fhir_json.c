
/*
 * A FHIR resource from JSON: see the header.
 *
 * Most resources have no "_" twin.  Those that have none, which a look at
 * the bytes tells, are only searched for the resources in them, and that at
 * the few places where R4 has them.
 */

#include "ngx_fhir_tree.h"
#include "ngx_canonical_json.h"
#include "ngx_hl7_message.h"
#include "ngx_hl7_segment.h"


/* no type of R4 has so many elements: a twin is not searched among more */
#define NGX_FHIR_JSON_MEMBERS  256


static ngx_uint_t ngx_fhir_json_has_twins(ngx_str_t *text);
static ngx_uint_t ngx_fhir_json_has_escaped(u_char *p, u_char *end);

/* these two call themselves as deep as the reader lets containers nest */

static void ngx_fhir_json_merge(ngx_canonical_node_t *node);
static void ngx_fhir_json_resources(ngx_canonical_node_t *node);

static void ngx_fhir_json_members(ngx_canonical_node_t *object);
static ngx_uint_t ngx_fhir_json_is_twin(ngx_canonical_node_t *node);
static ngx_canonical_node_t *ngx_fhir_json_base(ngx_canonical_node_t *object,
    ngx_canonical_node_t *prev, ngx_canonical_node_t *twin);
static ngx_uint_t ngx_fhir_json_fits(ngx_canonical_node_t *base,
    ngx_canonical_node_t *twin);
static ngx_uint_t ngx_fhir_json_fits_one(ngx_canonical_node_t *base,
    ngx_canonical_node_t *twin);
static void ngx_fhir_json_join(ngx_canonical_node_t *base,
    ngx_canonical_node_t *twin);
static void ngx_fhir_json_join_one(ngx_canonical_node_t *base,
    ngx_canonical_node_t *twin);
static void ngx_fhir_json_alone(ngx_canonical_node_t *twin);
static void ngx_fhir_json_rest(ngx_canonical_node_t *node);
static void ngx_fhir_json_none(ngx_canonical_node_t *node);

static ngx_uint_t ngx_fhir_json_is_place(ngx_canonical_node_t *node,
    ngx_uint_t *resource);
static void ngx_fhir_json_type(ngx_canonical_node_t *node);
static ngx_int_t ngx_fhir_json_wrong(ngx_canonical_error_t *err,
    ngx_canonical_node_t *node, ngx_uint_t code, const char *why);


#define ngx_fhir_json_is(node, literal)                                       \
    ((node)->name_len == sizeof(literal) - 1                                  \
     && ngx_memcmp((node)->name, literal, sizeof(literal) - 1) == 0)


ngx_int_t
ngx_fhir_json_read(ngx_canonical_arena_t *a, ngx_str_t *text,
    ngx_canonical_limits_t *limits, ngx_canonical_node_t **root,
    ngx_canonical_error_t *err)
{
    ngx_int_t              rc;
    ngx_canonical_node_t  *node, *name;

    rc = ngx_canonical_json_read(a, text, limits, &node, err);

    if (rc != NGX_OK) {
        return rc;
    }

    if (node->kind != NGX_CANONICAL_OBJECT) {
        return ngx_fhir_json_wrong(err, node, NGX_HL7_DATA_TYPE,
                                   "not an object");
    }

    name = ngx_canonical_get(node, "resourceType");

    if (name == NULL || name->kind != NGX_CANONICAL_STRING) {
        return ngx_fhir_json_wrong(err, name ? name : node,
                                   NGX_HL7_REQUIRED_FIELD, "no resourceType");
    }

    ngx_fhir_json_type(node);

    if (node->type == NGX_FHIR_UNKNOWN) {
        return ngx_fhir_json_wrong(err, name, NGX_HL7_TABLE_VALUE,
                                   "not a resource of FHIR R4");
    }

    if (ngx_fhir_json_has_twins(text)) {
        ngx_fhir_json_merge(node);
    }

    ngx_fhir_json_resources(node);

    *root = node;

    return NGX_OK;
}


/* whether a name may begin with "_", which may be an escape sequence */

static ngx_uint_t
ngx_fhir_json_has_twins(ngx_str_t *text)
{
    u_char  *p, *end;

    end = text->data + text->len;

    for (p = text->data; p < end; p++) {
        p = memchr(p, '_', end - p);

        if (p == NULL) {
            break;
        }

        if (p > text->data && p[-1] == '"') {
            return 1;
        }
    }

    p = memchr(text->data, '\\', text->len);

    return p && ngx_fhir_json_has_escaped(p, end);
}


/* "\u005f"; a text may have many other escape sequences, in the narrative */

static ngx_uint_t
ngx_fhir_json_has_escaped(u_char *p, u_char *end)
{
    u_char           *escape;
    ngx_hl7_match_t   match;

    for ( /* void */ ; end - p > 6; p += NGX_HL7_WORD) {
        match = ngx_hl7_match(ngx_hl7_load(p, end - p), '\\')
                & ngx_hl7_match(ngx_hl7_load(p + 1, end - p - 1), 'u');

        for ( /* void */ ; match; match &= match - 1) {
            escape = p + ngx_hl7_first(match);

            if (end - escape > 6 && ngx_memcmp(escape + 2, "005", 3) == 0) {
                return 1;
            }
        }
    }

    return 0;
}


static void
ngx_fhir_json_merge(ngx_canonical_node_t *node)
{
    ngx_canonical_node_t  *child;

    if (node->kind == NGX_CANONICAL_OBJECT) {
        ngx_fhir_json_members(node);
    }

    /* a primitive has children now, too */

    for (child = node->first; child; child = child->next) {

        if (child->first) {
            ngx_fhir_json_merge(child);
        }
    }
}


static void
ngx_fhir_json_members(ngx_canonical_node_t *object)
{
    ngx_canonical_node_t  *node, *base, *prev, *next;

    prev = NULL;

    for (node = object->first; node; node = next) {
        next = node->next;

        if (!ngx_fhir_json_is_twin(node)) {
            prev = node;
            continue;
        }

        base = ngx_fhir_json_base(object, prev, node);

        if (base == node || !ngx_fhir_json_fits(base, node)) {
            prev = node;
            continue;
        }

        if (base == NULL) {
            ngx_fhir_json_alone(node);
            prev = node;
            continue;
        }

        ngx_fhir_json_join(base, node);

        if (prev) {
            prev->next = next;

        } else {
            object->first = next;
        }

        if (next == NULL) {
            object->last = prev;
        }
    }
}


static ngx_uint_t
ngx_fhir_json_is_twin(ngx_canonical_node_t *node)
{
    return node->name_len > 1 && node->name[0] == '_' && node->name[1] != '_';
}


/*
 * The member that the twin belongs to, mostly the one before it.  NULL: there
 * is none; the twin itself: too many to search.
 */

static ngx_canonical_node_t *
ngx_fhir_json_base(ngx_canonical_node_t *object, ngx_canonical_node_t *prev,
    ngx_canonical_node_t *twin)
{
    u_char                *name;
    size_t                 len;
    ngx_uint_t             n;
    ngx_canonical_node_t  *node;

    name = twin->name + 1;
    len = twin->name_len - 1;

    if (prev && prev->name_len == len
        && ngx_memcmp(prev->name, name, len) == 0)
    {
        return prev;
    }

    n = 0;

    for (node = object->first; node; node = node->next) {

        if (node->name_len == len && ngx_memcmp(node->name, name, len) == 0) {
            return node;
        }

        if (++n > NGX_FHIR_JSON_MEMBERS) {
            return twin;
        }
    }

    return NULL;
}


/* what does not fit is no twin: it stays what it is, an unknown element */

static ngx_uint_t
ngx_fhir_json_fits(ngx_canonical_node_t *base, ngx_canonical_node_t *twin)
{
    ngx_canonical_node_t  *b, *t;

    if (twin->kind != NGX_CANONICAL_ARRAY) {
        return ngx_fhir_json_fits_one(base, twin);
    }

    if (base && base->kind != NGX_CANONICAL_ARRAY) {
        return 0;
    }

    b = base ? base->first : NULL;

    for (t = twin->first; t; t = t->next) {

        if (t->kind != NGX_CANONICAL_NULL && !ngx_fhir_json_fits_one(b, t)) {
            return 0;
        }

        b = b ? b->next : NULL;
    }

    return 1;
}


static ngx_uint_t
ngx_fhir_json_fits_one(ngx_canonical_node_t *base, ngx_canonical_node_t *twin)
{
    return twin->kind == NGX_CANONICAL_OBJECT
           && (base == NULL || base->kind < NGX_CANONICAL_OBJECT);
}


static void
ngx_fhir_json_join(ngx_canonical_node_t *base, ngx_canonical_node_t *twin)
{
    ngx_canonical_node_t  *b, *t;

    if (twin->kind == NGX_CANONICAL_OBJECT) {
        ngx_fhir_json_join_one(base, twin);
        return;
    }

    t = twin->first;

    for (b = base->first; b && t; b = b->next) {
        ngx_fhir_json_join_one(b, t);
        t = t->next;
    }

    if (t == NULL) {
        return;
    }

    /* the twin is longer: the rest of it goes to the end */

    if (base->last) {
        base->last->next = t;

    } else {
        base->first = t;
    }

    base->last = twin->last;

    ngx_fhir_json_rest(t);
}


static void
ngx_fhir_json_join_one(ngx_canonical_node_t *base, ngx_canonical_node_t *twin)
{
    if (twin->kind == NGX_CANONICAL_NULL) {
        return;
    }

    base->first = twin->first;
    base->last = twin->last;

    if (base->kind == NGX_CANONICAL_NULL) {
        ngx_fhir_json_none(base);
    }
}


/* a twin of nothing is the element, without a value */

static void
ngx_fhir_json_alone(ngx_canonical_node_t *twin)
{
    twin->name++;
    twin->name_len--;

    if (twin->kind == NGX_CANONICAL_OBJECT) {
        ngx_fhir_json_none(twin);

    } else {
        ngx_fhir_json_rest(twin->first);
    }
}


/* elements of a twin from here on have no value, and some are nothing */

static void
ngx_fhir_json_rest(ngx_canonical_node_t *node)
{
    for ( /* void */ ; node; node = node->next) {

        if (node->kind == NGX_CANONICAL_OBJECT) {
            ngx_fhir_json_none(node);
        }
    }
}


static void
ngx_fhir_json_none(ngx_canonical_node_t *node)
{
    node->kind = NGX_CANONICAL_NONE;
    node->data = NULL;
    node->len = 0;
}


/*
 * Goes down where R4 has an element of type Resource: "contained" everywhere,
 * Bundle.entry.resource, Bundle.entry.response.outcome and
 * Parameters.parameter.resource, of which a part is one more.
 */

static void
ngx_fhir_json_resources(ngx_canonical_node_t *node)
{
    ngx_uint_t             resource;
    ngx_canonical_node_t  *member, *child;

    for (member = node->first; member; member = member->next) {

        if (member->first == NULL
            || !ngx_fhir_json_is_place(member, &resource))
        {
            continue;
        }

        if (member->kind == NGX_CANONICAL_OBJECT) {

            if (resource) {
                ngx_fhir_json_type(member);
            }

            ngx_fhir_json_resources(member);
            continue;
        }

        for (child = member->first; child; child = child->next) {

            if (child->kind != NGX_CANONICAL_OBJECT) {
                continue;
            }

            if (resource) {
                ngx_fhir_json_type(child);
            }

            ngx_fhir_json_resources(child);
        }
    }
}


/* of one of the elements above, or on the way to one */

static ngx_uint_t
ngx_fhir_json_is_place(ngx_canonical_node_t *node, ngx_uint_t *resource)
{
    *resource = 1;

    if (ngx_fhir_json_is(node, "contained")
        || ngx_fhir_json_is(node, "resource")
        || ngx_fhir_json_is(node, "outcome"))
    {
        return 1;
    }

    *resource = 0;

    return ngx_fhir_json_is(node, "entry")
           || ngx_fhir_json_is(node, "response")
           || ngx_fhir_json_is(node, "parameter")
           || ngx_fhir_json_is(node, "part");
}


/* abstract ones are no type of a node */

static void
ngx_fhir_json_type(ngx_canonical_node_t *node)
{
    ngx_uint_t             type;
    ngx_canonical_node_t  *name;

    name = ngx_canonical_get(node, "resourceType");

    if (name == NULL || name->kind != NGX_CANONICAL_STRING) {
        return;
    }

    type = ngx_fhir_type(name->data, name->len);

    if (type != NGX_FHIR_RESOURCE && type != NGX_FHIR_DOMAIN_RESOURCE
        && ngx_fhir_type_is_resource(type))
    {
        node->type = (uint16_t) type;
    }
}


static ngx_int_t
ngx_fhir_json_wrong(ngx_canonical_error_t *err, ngx_canonical_node_t *node,
    ngx_uint_t code, const char *why)
{
    ngx_memzero(err, sizeof(ngx_canonical_error_t));

    err->text = why;
    err->code = code;
    err->offset = node->offset;
    err->positioned = 1;

    return NGX_DECLINED;
}
