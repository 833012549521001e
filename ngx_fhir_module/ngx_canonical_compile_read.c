
/*
 * The compiler of maps: what the rules read, and whether that is PHI.
 */

#include "ngx_canonical_compile.h"
#include "ngx_hl7_segment.h"

#include <stdio.h>


#define NGX_CANONICAL_COMPILE_CHAIN  1024

#define NGX_CANONICAL_PERSONS                                                 \
    (sizeof(ngx_canonical_persons) / sizeof(char *))

#define ngx_canonical_is_letter(ch)                                           \
    ((((ch) | 0x20) >= 'a' && ((ch) | 0x20) <= 'z')                           \
     || ((ch) >= '0' && (ch) <= '9') || (ch) == '_')


typedef struct {
    ngx_canonical_compiler_t   *c;
    ngx_str_t                   text;      /* of the expression */
    ngx_str_t                   phi;
    unsigned                    failed:1;  /* no memory */
    unsigned                    persons:1; /* what is not known may be one */
} ngx_canonical_reader_t;


static const char *ngx_canonical_read_source(ngx_canonical_compiler_t *c,
    ngx_canonical_rule_t *rule, ngx_canonical_source_t *s);
static const char *ngx_canonical_read_hl7(ngx_canonical_compiler_t *c,
    ngx_canonical_rule_t *rule, ngx_canonical_hl7_path_t *path);
static const char *ngx_canonical_read_variable(ngx_canonical_compiler_t *c,
    ngx_canonical_rule_t *rule, ngx_str_t *text);
static const char *ngx_canonical_read_add(ngx_canonical_compiler_t *c,
    ngx_canonical_rule_t *rule, ngx_uint_t name, ngx_uint_t field);
static const char *ngx_canonical_read_fhirpath(ngx_canonical_compiler_t *c,
    ngx_canonical_rule_t *rule, ngx_canonical_source_t *s);
static void ngx_canonical_read_chain(void *data, ngx_str_t *names,
    ngx_uint_t n);
static ngx_int_t ngx_canonical_chain_make(ngx_canonical_compiler_t *c,
    ngx_str_t *names, ngx_uint_t n, ngx_str_t *chain);
static ngx_int_t ngx_canonical_chain_add(ngx_canonical_compiler_t *c,
    ngx_str_t *chain);
static ngx_uint_t ngx_canonical_chain_is_phi(ngx_canonical_reader_t *r,
    ngx_uint_t type, ngx_str_t *names, ngx_uint_t n);
static ngx_uint_t ngx_canonical_may_be_person(ngx_canonical_reader_t *r,
    ngx_uint_t type, ngx_uint_t depth);
static ngx_uint_t ngx_canonical_is_phi_element(ngx_str_t *name);
static void ngx_canonical_read_resolved(ngx_canonical_reader_t *r);
static ngx_uint_t ngx_canonical_read_name(u_char **pos, u_char *end,
    ngx_str_t *name);
static ngx_uint_t ngx_canonical_is_person(ngx_str_t *type);
static u_char *ngx_canonical_skip_brackets(u_char *p, u_char *end);


static const char  *ngx_canonical_persons[] = {
    "Patient", "RelatedPerson", "Person"
};

static const char  *ngx_canonical_phi_elements[] = {
    "name", "telecom", "address", "birthDate", "photo", "contact",
    "identifier"
};


const char *
ngx_canonical_compile_reads(ngx_canonical_compiler_t *c,
    ngx_canonical_rule_t *rule)
{
    const char              *why;
    ngx_canonical_source_t  *s;

    for (s = rule->sources; s; s = s->next) {
        why = ngx_canonical_read_source(c, rule, s);
        if (why) {
            return why;
        }
    }

    return NULL;
}


static const char *
ngx_canonical_read_source(ngx_canonical_compiler_t *c,
    ngx_canonical_rule_t *rule, ngx_canonical_source_t *s)
{
    const char              *why;
    ngx_canonical_part_t    *part;
    ngx_canonical_source_t  *inner;

    switch (s->kind) {

    case NGX_CANONICAL_SOURCE_HL7:
        return ngx_canonical_read_hl7(c, rule, &s->hl7);

    case NGX_CANONICAL_SOURCE_FHIRPATH:
        return ngx_canonical_read_fhirpath(c, rule, s);

    case NGX_CANONICAL_SOURCE_VARIABLE:
        return ngx_canonical_read_variable(c, rule, &s->text);

    default: /* NGX_CANONICAL_SOURCE_TEMPLATE */
        break;
    }

    /* in a template there are no templates */

    for (part = s->parts; part; part = part->next) {
        for (inner = part->source; inner; inner = inner->next) {
            why = ngx_canonical_read_source(c, rule, inner);
            if (why) {
                return why;
            }
        }
    }

    return NULL;
}


static const char *
ngx_canonical_read_hl7(ngx_canonical_compiler_t *c,
    ngx_canonical_rule_t *rule, ngx_canonical_hl7_path_t *path)
{
    const char             *why;
    ngx_canonical_draft_t  *draft;

    if (path->name == 0) {
        draft = ngx_canonical_frame(c)->draft;

        if (draft->phi.len) {
            rule->phi = draft->phi;
        }

        return NULL;
    }

    if (path->is.data) {
        why = ngx_canonical_read_add(c, NULL, path->name, path->where.field);
        if (why) {
            return why;
        }
    }

    return ngx_canonical_read_add(c, rule, path->name, path->path.field);
}


/* those of the listener that are paths: $hl7_field_PID_5 */

static const char *
ngx_canonical_read_variable(ngx_canonical_compiler_t *c,
    ngx_canonical_rule_t *rule, ngx_str_t *text)
{
    char            *s;
    size_t           at;
    ngx_str_t        name;
    const char      *why;
    ngx_hl7_path_t   path;

    if (!ngx_canonical_word_value(text, "$hl7_field_", &name)
        && !ngx_canonical_word_value(text, "$hl7_utf8_", &name))
    {
        return NULL;
    }

    if (ngx_hl7_path_parse_name(&path, &name, &at, &why) != NGX_OK) {
        return NULL;
    }

    s = path.segment;

    return ngx_canonical_read_add(c, rule, ngx_hl7_name(s[0], s[1], s[2]),
                                  path.field);
}


/* "rule" is NULL where the value goes nowhere */

static const char *
ngx_canonical_read_add(ngx_canonical_compiler_t *c, ngx_canonical_rule_t *rule,
    ngx_uint_t name, ngx_uint_t field)
{
    char                    text[sizeof("PID-65535")];
    ngx_str_t               s;
    ngx_uint_t              i, size;
    ngx_canonical_plan_t   *plan;
    ngx_canonical_read_t   *read;

    plan = ngx_canonical_plan(c);

    for (i = 0; i < plan->reads.nsegments; i++) {
        if (plan->reads.segments[i].name == name) {
            break;
        }
    }

    if (i == plan->segments) {
        size = i ? i * 2 : 16;

        read = ngx_canonical_alloc(c->arena,
                                   size * sizeof(ngx_canonical_read_t));
        if (read == NULL) {
            return NGX_CANONICAL_NO_MEMORY;
        }

        if (i) {
            ngx_memcpy(read, plan->reads.segments,
                       i * sizeof(ngx_canonical_read_t));
        }

        plan->reads.segments = read;
        plan->segments = size;
    }

    read = &plan->reads.segments[i];

    if (i == plan->reads.nsegments) {
        ngx_memzero(read, sizeof(ngx_canonical_read_t));
        read->name = name;
        plan->reads.nsegments++;
    }

    if (field && field < 256) {
        read->fields[field / 32] |= (uint32_t) 1 << (field % 32);
    }

    if (rule == NULL) {
        return NULL;
    }

    if (rule->drop && field == 0) {
        read->all = 1;
    }

    switch (name) {

    case ngx_hl7_name('P', 'I', 'D'):
    case ngx_hl7_name('N', 'K', '1'):
    case ngx_hl7_name('G', 'T', '1'):
    case ngx_hl7_name('I', 'N', '1'):
    case ngx_hl7_name('I', 'N', '2'):
        break;

    default:
        return NULL;
    }

    s.data = (u_char *) text;
    s.len = snprintf(text, sizeof(text), "%c%c%c-%d", (int) (name >> 16),
                     (int) (name >> 8 & 0xff), (int) (name & 0xff),
                     (int) (field & 0xffff));

    rule->phi.data = ngx_canonical_copy(c->arena, &s);
    rule->phi.len = s.len;

    return rule->phi.data ? NULL : NGX_CANONICAL_NO_MEMORY;
}


static const char *
ngx_canonical_read_fhirpath(ngx_canonical_compiler_t *c,
    ngx_canonical_rule_t *rule, ngx_canonical_source_t *s)
{
    ngx_canonical_draft_t   *draft;
    ngx_canonical_reader_t   r;

    draft = ngx_canonical_frame(c)->draft;

    ngx_memzero(&r, sizeof(ngx_canonical_reader_t));

    r.c = c;
    r.text = s->text;

    if (draft->phi.len) {
        r.phi = draft->phi;
    }

    if (c->map->from == NGX_CANONICAL_FROM_FHIR) {
        ngx_canonical_read_resolved(&r);
    }

    ngx_fhirpath_reads(s->fhirpath, ngx_canonical_read_chain, &r);

    if (r.failed) {
        return NGX_CANONICAL_NO_MEMORY;
    }

    if (r.phi.len) {
        rule->phi = r.phi;
    }

    return NULL;
}


static void
ngx_canonical_read_chain(void *data, ngx_str_t *names, ngx_uint_t n)
{
    ngx_uint_t               i, phi;
    ngx_str_t                chain;
    ngx_canonical_map_t     *map;
    ngx_canonical_reader_t  *r;

    r = data;
    map = r->c->map;

    if (n == 0 || r->failed) {
        return;
    }

    if (ngx_canonical_chain_make(r->c, names, n, &chain) != NGX_OK
        || ngx_canonical_chain_add(r->c, &chain) != NGX_OK)
    {
        r->failed = 1;
        return;
    }

    if (map->from != NGX_CANONICAL_FROM_FHIR || r->phi.len) {
        return;
    }

    phi = ngx_canonical_chain_is_phi(r,
                                 ngx_canonical_frame(r->c)->draft->block.fhir,
                                 names, n);

    /* %resource and %context: the chain may begin at the root */

    if (memchr(r->text.data, '%', r->text.len)) {
        for (i = 0; i < map->nfrom && !phi; i++) {
            phi = ngx_canonical_chain_is_phi(r, map->types[i], names, n);
        }
    }

    if (phi) {
        r->phi = chain;
    }
}


/* the names with dots, behind those of the blocks around */

static ngx_int_t
ngx_canonical_chain_make(ngx_canonical_compiler_t *c, ngx_str_t *names,
    ngx_uint_t n, ngx_str_t *chain)
{
    u_char      *p;
    size_t       len;
    ngx_str_t   *prefix;
    ngx_uint_t   i;

    prefix = &ngx_canonical_frame(c)->draft->chain;
    len = prefix->len;

    for (i = 0; i < n; i++) {
        len += 1 + names[i].len;
    }

    p = ngx_canonical_bytes(c->arena, len + 1);
    if (p == NULL) {
        return NGX_ERROR;
    }

    chain->data = p;

    if (prefix->len) {
        p = ngx_cpymem(p, prefix->data, prefix->len);
    }

    for (i = 0; i < n; i++) {

        if (p != chain->data) {
            *p++ = '.';
        }

        p = ngx_cpymem(p, names[i].data, names[i].len);
    }

    chain->len = p - chain->data;

    return NGX_OK;
}


static ngx_int_t
ngx_canonical_chain_add(ngx_canonical_compiler_t *c, ngx_str_t *chain)
{
    ngx_str_t              *chains, *known;
    ngx_uint_t              i, n, size;
    ngx_canonical_plan_t   *plan;

    plan = ngx_canonical_plan(c);
    n = plan->reads.nchains;

    for (i = 0; i < n; i++) {
        known = &plan->reads.chains[i];

        if (known->len == chain->len
            && ngx_memcmp(known->data, chain->data, chain->len) == 0)
        {
            return NGX_OK;
        }
    }

    if (n == plan->chains) {
        size = n ? n * 2 : 16;

        chains = ngx_canonical_alloc(c->arena, size * sizeof(ngx_str_t));
        if (chains == NULL) {
            return NGX_ERROR;
        }

        if (n) {
            ngx_memcpy(chains, plan->reads.chains, n * sizeof(ngx_str_t));
        }

        plan->reads.chains = chains;
        plan->chains = size;
    }

    plan->reads.chains[n] = *chain;
    plan->reads.nchains++;

    return NGX_OK;
}


/*
 * Follows the types of R4.  Where these are not known, as in the entries of a
 * Bundle, a resource is taken for a person's.
 */

static ngx_uint_t
ngx_canonical_chain_is_phi(ngx_canonical_reader_t *r, ngx_uint_t type,
    ngx_str_t *names, ngx_uint_t n)
{
    ngx_uint_t           i;
    ngx_fhir_element_t  *element;

    for (i = 0; i < n; i++) {

        if (ngx_canonical_may_be_person(r, type, i)
            && ngx_canonical_is_phi_element(&names[i]))
        {
            return 1;
        }

        element = type ? ngx_fhir_element(type, names[i].data, names[i].len)
                       : NULL;

        type = element ? element->type : 0;
    }

    return 0;
}


/* type 0 is that of several resources, or one that could not be told */

static ngx_uint_t
ngx_canonical_may_be_person(ngx_canonical_reader_t *r, ngx_uint_t type,
    ngx_uint_t depth)
{
    ngx_uint_t            i, j, person, abstract;
    ngx_canonical_map_t  *map;

    map = r->c->map;

    if (type == 0 && (depth || ngx_canonical_frame(r->c)->draft->chain.len)) {
        return r->persons;
    }

    for (i = 0; i < NGX_CANONICAL_PERSONS; i++) {
        person = ngx_fhir_type((u_char *) ngx_canonical_persons[i],
                               strlen(ngx_canonical_persons[i]));

        abstract = (type != person);

        if (type && ngx_fhir_type_is(person, type)) {
            return abstract ? r->persons : 1;
        }

        for (j = 0; type == 0 && j < map->nfrom; j++) {
            if (map->types[j] == person) {
                return 1;
            }
        }
    }

    return 0;
}


/*
 * What resolve() leads to is in no chain.  It may be a person, unless the
 * expression says by ofType() that it is something else.
 */

static void
ngx_canonical_read_resolved(ngx_canonical_reader_t *r)
{
    u_char      *p, *end;
    ngx_str_t    name, type;
    ngx_uint_t   resolved, phi, others, persons;

    resolved = 0;
    phi = 0;
    others = 0;
    persons = 0;

    p = r->text.data;
    end = p + r->text.len;

    while (ngx_canonical_read_name(&p, end, &name)) {

        if (ngx_canonical_word_is(&name, "resolve")) {
            resolved = 1;

        } else if (ngx_canonical_word_is(&name, "ofType")
                   && ngx_canonical_read_name(&p, end, &type))
        {
            if (ngx_canonical_is_person(&type)) {
                persons = 1;

            } else {
                others = 1;
            }

        } else if (resolved && ngx_canonical_is_phi_element(&name)) {
            phi = 1;
        }
    }

    r->persons = persons || !others;

    if (phi && r->persons) {
        r->phi = r->text;
    }
}


/* the next name that stands in no string */

static ngx_uint_t
ngx_canonical_read_name(u_char **pos, u_char *end, ngx_str_t *name)
{
    u_char  *p;

    for (p = *pos; p < end && !ngx_canonical_is_letter(*p); p++) {

        if (*p != '\'') {
            continue;
        }

        for (p++; p < end && *p != '\''; p++) {
            if (*p == '\\' && p + 1 < end) {
                p++;
            }
        }

        if (p == end) {
            break;
        }
    }

    name->data = p;

    while (p < end && ngx_canonical_is_letter(*p)) {
        p++;
    }

    name->len = p - name->data;
    *pos = p;

    return name->len != 0;
}


static ngx_uint_t
ngx_canonical_is_person(ngx_str_t *type)
{
    ngx_uint_t  i;

    for (i = 0; i < NGX_CANONICAL_PERSONS; i++) {
        if (ngx_canonical_word_is(type, ngx_canonical_persons[i])) {
            return 1;
        }
    }

    return 0;
}


static ngx_uint_t
ngx_canonical_is_phi_element(ngx_str_t *name)
{
    ngx_uint_t  i, n;

    n = sizeof(ngx_canonical_phi_elements) / sizeof(char *);

    for (i = 0; i < n; i++) {
        if (ngx_canonical_word_is(name, ngx_canonical_phi_elements[i])) {
            return 1;
        }
    }

    return 0;
}


/*
 * The names of "participant.where(x).individual[0]" that no brackets are
 * around of and that are no functions: what it goes down.
 */

ngx_int_t
ngx_canonical_compile_chain(ngx_canonical_compiler_t *c, ngx_str_t *text,
    ngx_str_t *chain)
{
    u_char      *p, *end, *start;
    ngx_str_t    names[16];
    ngx_uint_t   n;

    n = 0;
    p = text->data;
    end = text->data + ngx_min(text->len, NGX_CANONICAL_COMPILE_CHAIN);

    while (p < end && n < 16) {

        start = p;

        while (p < end && ngx_canonical_is_letter(*p)) {
            p++;
        }

        if (p == start) {
            break;
        }

        if (p < end && *p == '(') {
            p = ngx_canonical_skip_brackets(p, end);

        } else {
            names[n].data = start;
            names[n].len = p - start;
            n++;
        }

        if (p < end && *p == '[') {
            p = ngx_canonical_skip_brackets(p, end);
        }

        if (p == end || *p != '.') {
            break;
        }

        p++;
    }

    return ngx_canonical_chain_make(c, names, n, chain);
}


/* behind the bracket that closes the one at "p" */

static u_char *
ngx_canonical_skip_brackets(u_char *p, u_char *end)
{
    u_char      quote;
    ngx_uint_t  depth;

    depth = 0;

    for ( /* void */ ; p < end; p++) {

        switch (*p) {

        case '(':
        case '[':
            depth++;
            break;

        case ')':
        case ']':
            if (--depth == 0) {
                return p + 1;
            }

            break;

        case '\'':
            quote = *p;

            for (p++; p < end && *p != quote; p++) {
                if (*p == '\\' && p + 1 < end) {
                    p++;
                }
            }

            break;
        }
    }

    return end;
}
