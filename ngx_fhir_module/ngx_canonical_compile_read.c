
/*
 * The compiler of maps: what the rules read, and whether that is PHI.
 */

#include "ngx_canonical_compile.h"
#include "ngx_hl7_segment.h"

#include <stdio.h>


#define NGX_CANONICAL_COMPILE_CHAIN  1024

#define ngx_canonical_is_letter(ch)                                           \
    ((((ch) | 0x20) >= 'a' && ((ch) | 0x20) <= 'z')                           \
     || ((ch) >= '0' && (ch) <= '9') || (ch) == '_')


typedef struct {
    ngx_canonical_compiler_t   *c;
    unsigned                    phi:1;
    unsigned                    failed:1;  /* no memory */
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
    ngx_uint_t n, ngx_uint_t resource);
static ngx_int_t ngx_canonical_chain_make(ngx_canonical_compiler_t *c,
    ngx_str_t *prefix, ngx_str_t *names, ngx_uint_t n, ngx_str_t *chain);
static ngx_int_t ngx_canonical_chain_add(ngx_canonical_compiler_t *c,
    ngx_str_t *chain);
static ngx_uint_t ngx_canonical_read_is_phi(ngx_canonical_compiler_t *c,
    ngx_canonical_rule_t *rule, ngx_canonical_source_t *s);
static void ngx_canonical_read_element(void *data, ngx_uint_t of,
    ngx_str_t *name, ngx_str_t *by);
static ngx_uint_t ngx_canonical_is_of_person(ngx_uint_t type);
static void ngx_canonical_read_subject(void *data, ngx_str_t *name);
static ngx_uint_t ngx_canonical_read_holds_phi(ngx_canonical_compiler_t *c,
    ngx_canonical_rule_t *rule, ngx_canonical_source_t *s);
static ngx_uint_t ngx_canonical_is_in(ngx_str_t *name, const char **names);
static u_char *ngx_canonical_skip_brackets(u_char *p, u_char *end);


/* elements that are PHI of these and, by its reference, of a subject */

static const char  *ngx_canonical_persons[] = {
    "Patient", "RelatedPerson", "Person", NULL
};

static const char  *ngx_canonical_phi_elements[] = {
    "name", "telecom", "address", "birthDate", "photo", "contact",
    "identifier", NULL
};

static const char  *ngx_canonical_subjects[] = {
    "subject", "patient", "beneficiary", "for", NULL
};

static const char  *ngx_canonical_phi_references[] = {
    "display", "identifier", NULL
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

    r.c = c;
    r.failed = 0;

    ngx_fhirpath_reads(s->fhirpath, ngx_canonical_read_chain, &r);

    if (r.failed) {
        return NGX_CANONICAL_NO_MEMORY;
    }

    if (draft->phi.len) {
        rule->phi = draft->phi;

    } else if (c->map->from == NGX_CANONICAL_FROM_FHIR
               && ngx_canonical_read_is_phi(c, rule, s))
    {
        rule->phi = s->text;
    }

    return NULL;
}


static void
ngx_canonical_read_chain(void *data, ngx_str_t *names, ngx_uint_t n,
    ngx_uint_t resource)
{
    ngx_str_t                chain, *prefix;
    ngx_canonical_reader_t  *r;

    r = data;

    if (n == 0 || r->failed) {
        return;
    }

    prefix = resource ? NULL : &ngx_canonical_frame(r->c)->draft->chain;

    if (ngx_canonical_chain_make(r->c, prefix, names, n, &chain) != NGX_OK
        || ngx_canonical_chain_add(r->c, &chain) != NGX_OK)
    {
        r->failed = 1;
    }
}


/* the names with dots, behind those of the blocks around or NULL */

static ngx_int_t
ngx_canonical_chain_make(ngx_canonical_compiler_t *c, ngx_str_t *prefix,
    ngx_str_t *names, ngx_uint_t n, ngx_str_t *chain)
{
    u_char      *p;
    size_t       len;
    ngx_uint_t   i;

    len = prefix ? prefix->len : 0;

    for (i = 0; i < n; i++) {
        len += 1 + names[i].len;
    }

    p = ngx_canonical_bytes(c->arena, len + 1);
    if (p == NULL) {
        return NGX_ERROR;
    }

    chain->data = p;

    if (prefix && prefix->len) {
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
 * By the types of R4.  Those of the elements of one of several resources are
 * known for each of these only.
 */

static ngx_uint_t
ngx_canonical_read_is_phi(ngx_canonical_compiler_t *c,
    ngx_canonical_rule_t *rule, ngx_canonical_source_t *s)
{
    size_t                   at;
    ngx_uint_t               i;
    const char              *why;
    ngx_fhirpath_t          *fp;
    ngx_canonical_block_t   *block;
    ngx_canonical_reader_t   r;

    block = &ngx_canonical_frame(c)->draft->block;

    r.c = c;
    r.phi = 0;

    if (block->fhir || block->each) {
        ngx_fhirpath_elements(s->fhirpath, ngx_canonical_read_element, &r);

    } else {
        for (i = 0; i < c->map->nfrom; i++) {

            fp = ngx_fhirpath_compile(c->arena, &s->text, c->map->types[i],
                                      c->map->types[i], 0, &at, &why);

            /* what is nothing that this resource has may be of any other */

            ngx_fhirpath_elements(fp ? fp : s->fhirpath,
                                  ngx_canonical_read_element, &r);
        }
    }

    return r.phi || ngx_canonical_read_holds_phi(c, rule, s);
}


/* type 0 may be any */

static void
ngx_canonical_read_element(void *data, ngx_uint_t of, ngx_str_t *name,
    ngx_str_t *by)
{
    ngx_uint_t               subject;
    ngx_canonical_reader_t  *r;

    r = data;

    if (ngx_canonical_is_in(name, ngx_canonical_phi_elements)
        && (of == 0 || ngx_canonical_is_of_person(of)))
    {
        r->phi = 1;
    }

    if (ngx_canonical_is_in(name, ngx_canonical_phi_references)
        && (of == 0 || of == NGX_FHIR_REFERENCE))
    {
        subject = by ? ngx_canonical_is_in(by, ngx_canonical_subjects)
                     : ngx_canonical_frame(r->c)->draft->subject;

        if (subject) {
            r->phi = 1;
        }
    }
}


static ngx_uint_t
ngx_canonical_is_of_person(ngx_uint_t type)
{
    return ngx_canonical_is_in(ngx_fhir_type_name(type),
                               ngx_canonical_persons);
}


ngx_uint_t
ngx_canonical_compile_is_subject(ngx_canonical_compiler_t *c,
    ngx_canonical_source_t *s)
{
    ngx_canonical_reader_t  r;

    r.c = c;
    r.phi = 0;

    for ( /* void */ ; s; s = s->next) {
        if (s->kind == NGX_CANONICAL_SOURCE_FHIRPATH) {
            ngx_fhirpath_ends(s->fhirpath, ngx_canonical_read_subject, &r);
        }
    }

    return r.phi;
}


static void
ngx_canonical_read_subject(void *data, ngx_str_t *name)
{
    ngx_canonical_reader_t  *r;

    r = data;

    if (name ? ngx_canonical_is_in(name, ngx_canonical_subjects)
             : ngx_canonical_frame(r->c)->draft->subject)
    {
        r->phi = 1;
    }
}


/*
 * JSON may hold objects as they are: resources, parts of them and references
 * to a subject may have anything inside.  What is of no known type is taken
 * for a value: see rule->flat.
 */

static ngx_uint_t
ngx_canonical_read_holds_phi(ngx_canonical_compiler_t *c,
    ngx_canonical_rule_t *rule, ngx_canonical_source_t *s)
{
    ngx_str_t   *name;
    ngx_uint_t   type;

    if (c->map->to != NGX_CANONICAL_TO_JSON
        || rule->kind != NGX_CANONICAL_SET)
    {
        return 0;
    }

    type = ngx_fhirpath_type(s->fhirpath);

    if (type == NGX_FHIR_REFERENCE) {
        return ngx_canonical_compile_is_subject(c, s);
    }

    name = ngx_fhir_type_name(type);

    return type && (ngx_fhir_type_is_resource(type)
                    || memchr(name->data, '.', name->len) != NULL);
}


static ngx_uint_t
ngx_canonical_is_in(ngx_str_t *name, const char **names)
{
    for ( /* void */ ; *names; names++) {
        if (ngx_canonical_word_is(name, *names)) {
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

    return ngx_canonical_chain_make(c, &ngx_canonical_frame(c)->draft->chain,
                                    names, n, chain);
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
