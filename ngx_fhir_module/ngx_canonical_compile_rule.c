
/*
 * The compiler of maps: rules.
 */

#include "ngx_canonical_compile.h"


static ngx_canonical_rule_t *ngx_canonical_rule(ngx_canonical_compiler_t *c,
    ngx_canonical_rule_e kind);
static void ngx_canonical_rule_append(ngx_canonical_compiler_t *c,
    ngx_canonical_rule_t *rule);
static const char *ngx_canonical_rule_place(ngx_canonical_compiler_t *c,
    const char *name);
static const char *ngx_canonical_rule_values(ngx_canonical_compiler_t *c,
    ngx_canonical_rule_t *rule, ngx_canonical_source_t *s,
    ngx_uint_t template);
static const char *ngx_canonical_rule_hl7_value(ngx_canonical_compiler_t *c,
    ngx_canonical_rule_t *rule, ngx_canonical_hl7_path_t *path,
    ngx_uint_t template);
static const char *ngx_canonical_rule_owners(ngx_canonical_compiler_t *c,
    ngx_canonical_rule_t *rule);

static const char *ngx_canonical_each_target(ngx_canonical_compiler_t *c,
    ngx_canonical_rule_t *rule, ngx_str_t *target);
static const char *ngx_canonical_each_sources(ngx_canonical_compiler_t *c,
    ngx_canonical_rule_t *rule);
static const char *ngx_canonical_each_with(ngx_canonical_compiler_t *c,
    ngx_canonical_rule_t *rule, ngx_str_t *words, ngx_uint_t n);
static const char *ngx_canonical_each_open(ngx_canonical_compiler_t *c,
    ngx_canonical_rule_t *rule);
static ngx_int_t ngx_canonical_prefix(ngx_canonical_compiler_t *c,
    ngx_str_t *prefix, ngx_str_t *target, u_char ch);

static const char *ngx_canonical_when_test(ngx_canonical_compiler_t *c,
    ngx_canonical_rule_t *rule, ngx_str_t *words, ngx_uint_t n);


const char *
ngx_canonical_compile_set(ngx_canonical_compiler_t *c, ngx_str_t *words,
    ngx_uint_t n)
{
    ngx_uint_t              i;
    const char             *why;
    ngx_canonical_rule_t   *rule;

    why = ngx_canonical_rule_place(c, "set");
    if (why) {
        return why;
    }

    rule = ngx_canonical_rule(c, NGX_CANONICAL_SET);
    if (rule == NULL) {
        return NGX_CANONICAL_NO_MEMORY;
    }

    i = 2;

    why = ngx_canonical_compile_sources(c, words, n, &i, &rule->sources);

    if (why == NULL) {
        why = ngx_canonical_compile_options(c, rule, &words[i], n - i);
    }

    if (why == NULL) {
        why = rule->drop ? ngx_canonical_compile_name(c, rule, &words[1])
                         : ngx_canonical_compile_target(c, rule, &words[1], 1);
    }

    if (why == NULL && rule->key && !rule->all
        && !ngx_canonical_frame(c)->draft->in_segment)
    {
        why = ngx_canonical_compile_previous(c, rule);
    }

    if (why == NULL) {
        why = ngx_canonical_rule_values(c, rule, rule->sources, 0);
    }

    if (why == NULL && rule->key) {
        why = ngx_canonical_rule_owners(c, rule);
    }

    if (why == NULL) {
        why = ngx_canonical_compile_reads(c, rule);
    }

    if (why) {
        return why;
    }

    if (rule->drop || rule->key || rule->mask) {
        rule->phi.len = 0;
    }

    ngx_canonical_rule_append(c, rule);

    return NULL;
}


const char *
ngx_canonical_compile_const(ngx_canonical_compiler_t *c, ngx_str_t *words,
    ngx_uint_t n)
{
    const char            *why;
    ngx_canonical_rule_t  *rule;

    why = ngx_canonical_rule_place(c, "const");
    if (why) {
        return why;
    }

    rule = ngx_canonical_rule(c, NGX_CANONICAL_CONST);
    if (rule == NULL) {
        return NGX_CANONICAL_NO_MEMORY;
    }

    rule->value = words[2];

    why = ngx_canonical_compile_literal(c, rule, n == 4 ? &words[3] : NULL);

    if (why == NULL) {
        why = ngx_canonical_compile_target(c, rule, &words[1], 1);
    }

    if (why) {
        return why;
    }

    ngx_canonical_rule_append(c, rule);

    return NULL;
}


static ngx_canonical_rule_t *
ngx_canonical_rule(ngx_canonical_compiler_t *c, ngx_canonical_rule_e kind)
{
    ngx_canonical_rule_t  *rule;

    rule = ngx_canonical_zalloc(c->arena, sizeof(ngx_canonical_rule_t));

    if (rule) {
        rule->kind = kind;
        rule->slot = NGX_CANONICAL_NO_SLOT;
        rule->previous = NGX_CANONICAL_NO_SLOT;
        rule->scale = NGX_CANONICAL_NO_SLOT;
        rule->value_kind = NGX_CANONICAL_STRING;
        rule->file = c->file;
        rule->line = c->line;
    }

    return rule;
}


static void
ngx_canonical_rule_append(ngx_canonical_compiler_t *c,
    ngx_canonical_rule_t *rule)
{
    ngx_canonical_frame_t  *frame;

    frame = ngx_canonical_frame(c);

    *frame->last = rule;
    frame->last = &rule->next;
}


/* a message of HL7 has no values outside of its segments */

static const char *
ngx_canonical_rule_place(ngx_canonical_compiler_t *c, const char *name)
{
    if (c->map->to == NGX_CANONICAL_TO_HL7
        && !ngx_canonical_frame(c)->draft->in_segment)
    {
        return ngx_canonical_compile_error(c, "\"%s\" stands in no "
                                           "\"segment\"", name);
    }

    return NULL;
}


/* whether the paths of HL7 are to values, and to one each */

static const char *
ngx_canonical_rule_values(ngx_canonical_compiler_t *c,
    ngx_canonical_rule_t *rule, ngx_canonical_source_t *s,
    ngx_uint_t template)
{
    const char            *why;
    ngx_canonical_part_t  *part;

    for ( /* void */ ; s; s = s->next) {

        if (s->kind == NGX_CANONICAL_SOURCE_HL7) {
            why = ngx_canonical_rule_hl7_value(c, rule, &s->hl7, template);
            if (why) {
                return why;
            }
        }

        if (s->kind != NGX_CANONICAL_SOURCE_TEMPLATE) {
            continue;
        }

        /* in a template there are no templates */

        for (part = s->parts; part; part = part->next) {
            why = ngx_canonical_rule_values(c, rule, part->source, 1);
            if (why) {
                return why;
            }
        }
    }

    return NULL;
}


static const char *
ngx_canonical_rule_hl7_value(ngx_canonical_compiler_t *c,
    ngx_canonical_rule_t *rule, ngx_canonical_hl7_path_t *path,
    ngx_uint_t template)
{
    if (rule->drop) {
        return NULL;
    }

    if (path->name && path->path.field == 0
        && (rule->kind != NGX_CANONICAL_WHEN || template
            || rule->test != NGX_CANONICAL_PRESENT))
    {
        return ngx_canonical_compile_error(c, "\"%.*s\" is a segment, not a "
                                           "field",
                                           ngx_canonical_quote(&path->text));
    }

    if ((path->all_segments || path->all_repetitions)
        && (!rule->all || template))
    {
        return ngx_canonical_compile_error(c, "\"%.*s\" gives several values,"
                                           " which a target with \"[]\" can "
                                           "have only",
                                           ngx_canonical_quote(&path->text));
    }

    return NULL;
}


/* an identifier of FHIR has its authority beside its value */

static const char *
ngx_canonical_rule_owners(ngx_canonical_compiler_t *c,
    ngx_canonical_rule_t *rule)
{
    ngx_uint_t               type;
    ngx_canonical_source_t  *s;

    if (c->map->from != NGX_CANONICAL_FROM_FHIR) {
        return NULL;
    }

    type = ngx_fhir_type((u_char *) "Identifier", sizeof("Identifier") - 1);

    for (s = rule->sources; s; s = s->next) {

        if (s->kind == NGX_CANONICAL_SOURCE_FHIRPATH
            && ngx_fhirpath_owner(c->arena, s->fhirpath, type, "value",
                                  &s->owner)
               == NGX_ERROR)
        {
            return NGX_CANONICAL_NO_MEMORY;
        }
    }

    return NULL;
}


const char *
ngx_canonical_compile_each(ngx_canonical_compiler_t *c, ngx_str_t *words,
    ngx_uint_t n)
{
    ngx_uint_t             i;
    const char            *why;
    ngx_canonical_rule_t  *rule;

    rule = ngx_canonical_rule(c, NGX_CANONICAL_EACH);
    if (rule == NULL) {
        return NGX_CANONICAL_NO_MEMORY;
    }

    i = 2;

    why = ngx_canonical_compile_sources(c, words, n, &i, &rule->sources);

    if (why == NULL) {
        why = ngx_canonical_each_sources(c, rule);
    }

    if (why == NULL && i < n && ngx_canonical_word_is(&words[n - 1],
                                                      "required"))
    {
        rule->required = 1;
        n--;
    }

    if (why == NULL && i < n) {
        why = ngx_canonical_each_with(c, rule, &words[i], n - i);
    }

    if (why == NULL) {
        why = ngx_canonical_each_target(c, rule, &words[1]);
    }

    if (why == NULL) {
        why = ngx_canonical_compile_reads(c, rule);
    }

    if (why) {
        return why;
    }

    ngx_canonical_rule_append(c, rule);

    return ngx_canonical_each_open(c, rule);
}


static const char *
ngx_canonical_each_target(ngx_canonical_compiler_t *c,
    ngx_canonical_rule_t *rule, ngx_str_t *target)
{
    ngx_uint_t              array;
    const char             *why;
    ngx_canonical_draft_t  *draft;

    draft = ngx_canonical_frame(c)->draft;

    array = target->len > 2
            && ngx_memcmp(target->data + target->len - 2, "[]", 2) == 0;

    if (c->map->to == NGX_CANONICAL_TO_HL7 && !draft->in_segment) {

        if (array) {
            return "the name of an \"each\" around segments has no \"[]\"";
        }

    } else if (array) {

        why = ngx_canonical_compile_target(c, rule, target, 1);

        /* what is in it are objects */

        rule->all = 0;

        return why;

    } else if (c->map->to != NGX_CANONICAL_TO_CANONICAL) {
        return "the name of \"each\" ends with \"[]\"";
    }

    if (!ngx_canonical_word_is_name(target)) {
        return ngx_canonical_compile_error(c, "invalid target \"%.*s\"",
                                           ngx_canonical_quote(target));
    }

    return ngx_canonical_compile_name(c, rule, target);
}


static const char *
ngx_canonical_each_sources(ngx_canonical_compiler_t *c,
    ngx_canonical_rule_t *rule)
{
    ngx_uint_t                 fields, segments;
    ngx_canonical_source_t    *s;
    ngx_canonical_hl7_path_t  *path;

    fields = 0;
    segments = 0;

    for (s = rule->sources; s; s = s->next) {

        if (s->kind == NGX_CANONICAL_SOURCE_FHIRPATH) {
            continue;
        }

        path = &s->hl7;

        if (s->kind != NGX_CANONICAL_SOURCE_HL7 || path->name == 0
            || path->path.component)
        {
            return ngx_canonical_compile_error(c, "\"each\" cannot go over "
                                              "\"%.*s\"",
                                              ngx_canonical_quote(&s->text));
        }

        if (path->path.field) {
            fields = 1;

        } else {
            segments = 1;
        }
    }

    if (fields && segments) {
        return "\"each\" goes over segments or over fields, not over both";
    }

    return NULL;
}


static const char *
ngx_canonical_each_with(ngx_canonical_compiler_t *c,
    ngx_canonical_rule_t *rule, ngx_str_t *words, ngx_uint_t n)
{
    ngx_uint_t  i, j, *with;

    if (!ngx_canonical_word_is(&words[0], "with")) {
        return ngx_canonical_unexpected(c, &words[0]);
    }

    if (ngx_canonical_is_fhirpath(c->map)
        || rule->sources->hl7.path.field)
    {
        return "\"with\" is for segments of HL7";
    }

    if (n == 1) {
        return "\"with\" names no segments";
    }

    with = ngx_canonical_zalloc(c->arena, n * sizeof(ngx_uint_t));
    if (with == NULL) {
        return NGX_CANONICAL_NO_MEMORY;
    }

    rule->with = with;

    for (i = 1; i < n; i++) {

        with[i - 1] = ngx_canonical_word_segment(&words[i]);

        if (with[i - 1] == 0) {
            return ngx_canonical_compile_error(c, "\"%.*s\" is no segment",
                                              ngx_canonical_quote(&words[i]));
        }

        if (with[i - 1] == rule->sources->hl7.name) {
            return ngx_canonical_unexpected(c, &words[i]);
        }

        for (j = 0; j < i - 1; j++) {
            if (with[j] == with[i - 1]) {
                return ngx_canonical_unexpected(c, &words[i]);
            }
        }
    }

    return NULL;
}


static const char *
ngx_canonical_each_open(ngx_canonical_compiler_t *c,
    ngx_canonical_rule_t *rule)
{
    ngx_canonical_draft_t   *outer, *draft;
    ngx_canonical_source_t  *s;

    if (ngx_canonical_frame(c)->depth == NGX_CANONICAL_COMPILE_DEPTH) {
        return "too many blocks in each other";
    }

    outer = ngx_canonical_frame(c)->draft;

    draft = ngx_canonical_zalloc(c->arena, sizeof(ngx_canonical_draft_t));
    if (draft == NULL) {
        return NGX_CANONICAL_NO_MEMORY;
    }

    s = rule->sources;

    draft->block.each = rule;
    draft->in_segment = outer->in_segment;
    draft->objects = (rule->slot == NGX_CANONICAL_NO_SLOT);
    draft->phi = rule->phi;
    draft->prefix = outer->prefix;

    if (ngx_canonical_is_fhirpath(c->map)) {

        if (ngx_canonical_compile_chain(c, &s->text, &draft->chain) != NGX_OK)
        {
            return NGX_CANONICAL_NO_MEMORY;
        }

        draft->subject = ngx_canonical_compile_is_subject(c, s) ? 1 : 0;

        if (c->map->from == NGX_CANONICAL_FROM_FHIR && s->next == NULL) {
            draft->block.fhir = ngx_fhirpath_type(s->fhirpath);
        }

    } else if (s->hl7.path.field == 0) {

        /* relative paths are to the field of an "each" around */

        draft->phi = outer->phi;
    }

    draft->block.phi = (draft->phi.len != 0);

    if (rule->slot != NGX_CANONICAL_NO_SLOT
        && ngx_canonical_prefix(c, &draft->prefix, &rule->target, '.')
           != NGX_OK)
    {
        return NGX_CANONICAL_NO_MEMORY;
    }

    draft->block.parent = &outer->block;
    rule->block = &draft->block;

    return ngx_canonical_compile_open(c, rule, draft, &draft->block.rules)
           ? NULL : NGX_CANONICAL_NO_MEMORY;
}


/* "target" and a character */

static ngx_int_t
ngx_canonical_prefix(ngx_canonical_compiler_t *c, ngx_str_t *prefix,
    ngx_str_t *target, u_char ch)
{
    u_char  *p;

    p = ngx_canonical_bytes(c->arena, target->len + 1);
    if (p == NULL) {
        return NGX_ERROR;
    }

    prefix->data = p;
    prefix->len = target->len + 1;

    p = ngx_cpymem(p, target->data, target->len);
    *p = ch;

    return NGX_OK;
}


const char *
ngx_canonical_compile_when(ngx_canonical_compiler_t *c, ngx_str_t *words,
    ngx_uint_t n)
{
    ngx_uint_t              i;
    const char             *why;
    ngx_canonical_rule_t   *rule;
    ngx_canonical_frame_t  *frame;

    frame = ngx_canonical_frame(c);

    if (frame->depth == NGX_CANONICAL_COMPILE_DEPTH) {
        return "too many blocks in each other";
    }

    rule = ngx_canonical_rule(c, NGX_CANONICAL_WHEN);
    if (rule == NULL) {
        return NGX_CANONICAL_NO_MEMORY;
    }

    i = 1;

    why = ngx_canonical_compile_sources(c, words, n, &i, &rule->sources);

    if (why == NULL) {
        why = ngx_canonical_when_test(c, rule, &words[i], n - i);
    }

    if (why == NULL) {
        why = ngx_canonical_rule_values(c, rule, rule->sources, 0);
    }

    if (why == NULL) {
        why = ngx_canonical_compile_reads(c, rule);
    }

    if (why) {
        return why;
    }

    ngx_canonical_rule_append(c, rule);

    return ngx_canonical_compile_open(c, rule, frame->draft, &rule->then)
           ? NULL : NGX_CANONICAL_NO_MEMORY;
}


static const char *
ngx_canonical_when_test(ngx_canonical_compiler_t *c,
    ngx_canonical_rule_t *rule, ngx_str_t *words, ngx_uint_t n)
{
    size_t       at;
    ngx_uint_t   i;
    const char  *why;

    static const char  *tests[] = { "present", "=", "!=", "in", "~" };

    if (n == 0) {
        return "present, =, !=, in or ~ is expected";
    }

    for (i = 0; i < 5 && !ngx_canonical_word_is(&words[0], tests[i]); i++);

    if (i == 5) {
        return ngx_canonical_compile_error(c, "invalid test \"%.*s\", present,"
                                           " =, !=, in or ~ is expected",
                                           ngx_canonical_quote(&words[0]));
    }

    rule->test = NGX_CANONICAL_PRESENT + i;

    if (rule->test == NGX_CANONICAL_PRESENT) {
        return n == 1 ? NULL : ngx_canonical_unexpected(c, &words[1]);
    }

    if (n == 1) {
        return ngx_canonical_compile_error(c, "a value is expected behind "
                                           "\"%s\"", tests[i]);
    }

    if (rule->test != NGX_CANONICAL_IN && n > 2) {
        return ngx_canonical_unexpected(c, &words[2]);
    }

    if (rule->test == NGX_CANONICAL_MATCH) {
        at = 0;
        why = NGX_CANONICAL_NO_MEMORY;

        rule->regex = ngx_canonical_regex_compile(c->arena, &words[1], &why,
                                                  &at);
        if (rule->regex == NULL) {
            return ngx_canonical_compile_error(c, "invalid regular expression "
                                              "\"%.*s\": %s at character %d",
                                              ngx_canonical_quote(&words[1]),
                                              why, (int) at);
        }

        return NULL;
    }

    rule->values = ngx_canonical_zalloc(c->arena, n * sizeof(ngx_str_t));
    if (rule->values == NULL) {
        return NGX_CANONICAL_NO_MEMORY;
    }

    for (i = 1; i < n; i++) {

        if (words[i].len == 0) {
            return "an empty value is none, use \"present\" and \"else\"";
        }

        rule->values[i - 1] = words[i];
    }

    return NULL;
}


const char *
ngx_canonical_compile_else(ngx_canonical_compiler_t *c, ngx_str_t *words,
    ngx_uint_t n)
{
    ngx_canonical_rule_t   *when;
    ngx_canonical_frame_t  *frame;

    frame = ngx_canonical_frame(c);
    when = frame->when;

    if (when == NULL) {
        return "\"else\" stands right behind \"when\"";
    }

    frame = ngx_canonical_compile_open(c, when, frame->draft,
                                       &when->otherwise);
    if (frame == NULL) {
        return NGX_CANONICAL_NO_MEMORY;
    }

    frame->otherwise = 1;

    return NULL;
}


const char *
ngx_canonical_compile_segment(ngx_canonical_compiler_t *c, ngx_str_t *words,
    ngx_uint_t n)
{
    ngx_canonical_rule_t   *rule;
    ngx_canonical_draft_t  *outer, *draft;
    ngx_canonical_frame_t  *frame;

    frame = ngx_canonical_frame(c);
    outer = frame->draft;

    if (c->map->to != NGX_CANONICAL_TO_HL7) {
        return "\"segment\" is for maps \"to hl7\"";
    }

    if (outer->in_segment) {
        return "\"segment\" stands in another one";
    }

    if (frame->depth == NGX_CANONICAL_COMPILE_DEPTH) {
        return "too many blocks in each other";
    }

    if (ngx_canonical_word_segment(&words[1]) == 0) {
        return ngx_canonical_compile_error(c, "\"%.*s\" is no segment",
                                           ngx_canonical_quote(&words[1]));
    }

    if (ngx_canonical_word_is(&words[1], "MSH")
        && (frame->parent || c->map->block->rules))
    {
        return "\"segment MSH\" must stand first";
    }

    rule = ngx_canonical_rule(c, NGX_CANONICAL_SEGMENT);
    draft = ngx_canonical_zalloc(c->arena, sizeof(ngx_canonical_draft_t));

    if (rule == NULL || draft == NULL) {
        return NGX_CANONICAL_NO_MEMORY;
    }

    rule->target = words[1];
    rule->block = &draft->block;

    draft->block.parent = &outer->block;
    draft->block.name = words[1];
    draft->block.each = outer->block.each;
    draft->block.fhir = outer->block.fhir;
    draft->block.phi = outer->block.phi;
    draft->phi = outer->phi;
    draft->subject = outer->subject;
    draft->chain = outer->chain;
    draft->in_segment = 1;

    if (ngx_canonical_prefix(c, &draft->prefix, &words[1], '-') != NGX_OK) {
        return NGX_CANONICAL_NO_MEMORY;
    }

    ngx_canonical_rule_append(c, rule);

    return ngx_canonical_compile_open(c, rule, draft, &draft->block.rules)
           ? NULL : NGX_CANONICAL_NO_MEMORY;
}
