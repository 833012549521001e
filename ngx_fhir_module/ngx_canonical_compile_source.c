
/*
 * The compiler of maps: where values come from.
 *
 * In a map from HL7 a "|" outside of brackets separates alternatives, and a
 * word with a brace is a template.  In the other maps a source is a FHIRPath,
 * where a "|" outside of all parentheses separates alternatives too, rather
 * than being FHIRPath's union: the first of them that is not empty is meant;
 * and a word is a template if it has a brace outside of strings, but for the
 * empty collection, {}.
 */

#include "ngx_canonical_compile.h"


static const char *ngx_canonical_source_word(ngx_canonical_compiler_t *c,
    ngx_str_t *text, ngx_canonical_source_t **last);
static const char *ngx_canonical_source_split(ngx_canonical_compiler_t *c,
    ngx_str_t *text, ngx_canonical_source_t **last);
static u_char *ngx_canonical_source_end(u_char *p, u_char *end,
    ngx_uint_t fhirpath);
static u_char *ngx_canonical_skip_string(u_char *p, u_char *end);
static const char *ngx_canonical_source_one(ngx_canonical_compiler_t *c,
    ngx_str_t *text, ngx_canonical_source_t *s);
static ngx_uint_t ngx_canonical_source_is_variable(
    ngx_canonical_compiler_t *c, ngx_str_t *text);
static const char *ngx_canonical_source_variable(ngx_canonical_compiler_t *c,
    ngx_str_t *text, ngx_canonical_source_t *s);
static const char *ngx_canonical_source_hl7(ngx_canonical_compiler_t *c,
    ngx_str_t *text, ngx_canonical_source_t *s);
static const char *ngx_canonical_source_fhirpath(ngx_canonical_compiler_t *c,
    ngx_str_t *text, ngx_canonical_source_t *s);
static ngx_uint_t ngx_canonical_source_is_template(ngx_str_t *text,
    ngx_uint_t fhirpath);
static const char *ngx_canonical_source_template(ngx_canonical_compiler_t *c,
    ngx_str_t *text, ngx_canonical_source_t *s);
static const char *ngx_canonical_template_part(ngx_canonical_compiler_t *c,
    u_char **pos, u_char *end, ngx_canonical_part_t *part);
static u_char *ngx_canonical_template_close(u_char *p, u_char *end,
    ngx_uint_t fhirpath);


const char *
ngx_canonical_compile_sources(ngx_canonical_compiler_t *c, ngx_str_t *words,
    ngx_uint_t n, ngx_uint_t *i, ngx_canonical_source_t **sources)
{
    const char  *why;

    for ( ;; ) {

        if (*i == n || ngx_canonical_word_is(&words[*i], "|")) {
            return "a source is expected";
        }

        why = ngx_canonical_compile_alternative(c, &words[*i], sources);
        if (why) {
            return why;
        }

        (*i)++;

        if (*i == n || !ngx_canonical_word_is(&words[*i], "|")) {
            return NULL;
        }

        (*i)++;
    }
}


const char *
ngx_canonical_compile_alternative(ngx_canonical_compiler_t *c,
    ngx_str_t *text, ngx_canonical_source_t **sources)
{
    while (*sources) {
        sources = &(*sources)->next;
    }

    return ngx_canonical_source_word(c, text, sources);
}


static const char *
ngx_canonical_source_word(ngx_canonical_compiler_t *c, ngx_str_t *text,
    ngx_canonical_source_t **last)
{
    ngx_canonical_source_t  *s;

    if (!ngx_canonical_source_is_template(text,
                                          ngx_canonical_is_fhirpath(c->map)))
    {
        return ngx_canonical_source_split(c, text, last);
    }

    s = ngx_canonical_zalloc(c->arena, sizeof(ngx_canonical_source_t));
    if (s == NULL) {
        return NGX_CANONICAL_NO_MEMORY;
    }

    *last = s;
    s->text = *text;

    return ngx_canonical_source_template(c, text, s);
}


static const char *
ngx_canonical_source_split(ngx_canonical_compiler_t *c, ngx_str_t *text,
    ngx_canonical_source_t **last)
{
    u_char                  *p, *end;
    ngx_str_t                one;
    const char              *why;
    ngx_canonical_source_t  *s;

    end = text->data + text->len;

    for (one.data = text->data; /* void */ ; one.data = p + 1) {

        p = ngx_canonical_source_end(one.data, end,
                                     ngx_canonical_is_fhirpath(c->map));

        one.len = p - one.data;

        while (one.len && *one.data == ' ') {
            one.data++;
            one.len--;
        }

        while (one.len && one.data[one.len - 1] == ' ') {
            one.len--;
        }

        if (one.len == 0) {
            return ngx_canonical_compile_error(c, "invalid source \"%.*s\": "
                                              "one of its alternatives is "
                                              "empty",
                                              ngx_canonical_quote(text));
        }

        s = ngx_canonical_zalloc(c->arena, sizeof(ngx_canonical_source_t));
        if (s == NULL) {
            return NGX_CANONICAL_NO_MEMORY;
        }

        *last = s;
        last = &s->next;

        s->text = one;

        why = ngx_canonical_source_one(c, &one, s);

        if (why || p == end) {
            return why;
        }
    }
}


/* the next "|" that separates alternatives, or the end */

static u_char *
ngx_canonical_source_end(u_char *p, u_char *end, ngx_uint_t fhirpath)
{
    ngx_uint_t  depth;

    depth = 0;

    for ( /* void */ ; p < end; p++) {

        switch (*p) {

        case '|':
            if (depth == 0) {
                return p;
            }

            break;

        case '[':
        case '(':
        case '{':
            depth++;
            break;

        case ']':
        case ')':
        case '}':
            if (depth) {
                depth--;
            }

            break;

        case '\'':
        case '`':
            if (fhirpath) {
                p = ngx_canonical_skip_string(p, end);
            }

            break;
        }
    }

    return end;
}


/* at the quote that ends the string, or before the end */

static u_char *
ngx_canonical_skip_string(u_char *p, u_char *end)
{
    u_char  quote;

    quote = *p;

    for (p++; p < end && *p != quote; p++) {
        if (*p == '\\' && p + 1 < end) {
            p++;
        }
    }

    return (p < end) ? p : end - 1;
}


static const char *
ngx_canonical_source_one(ngx_canonical_compiler_t *c, ngx_str_t *text,
    ngx_canonical_source_t *s)
{
    if (ngx_canonical_source_is_variable(c, text)) {
        return ngx_canonical_source_variable(c, text, s);
    }

    if (ngx_canonical_is_fhirpath(c->map)) {
        return ngx_canonical_source_fhirpath(c, text, s);
    }

    return ngx_canonical_source_hl7(c, text, s);
}


static ngx_uint_t
ngx_canonical_source_is_variable(ngx_canonical_compiler_t *c, ngx_str_t *text)
{
    u_char  *p, *end;

    if (text->data[0] != '$') {
        return 0;
    }

    if (!ngx_canonical_is_fhirpath(c->map)) {
        return 1;
    }

    end = text->data + text->len;

    for (p = text->data + 1; p < end; p++) {
        if (!((*p | 0x20) >= 'a' && (*p | 0x20) <= 'z')
            && !(*p >= '0' && *p <= '9') && *p != '_')
        {
            return 0;
        }
    }

    return !ngx_canonical_word_is(text, "$this")
           && !ngx_canonical_word_is(text, "$index")
           && !ngx_canonical_word_is(text, "$total");
}


static const char *
ngx_canonical_source_variable(ngx_canonical_compiler_t *c, ngx_str_t *text,
    ngx_canonical_source_t *s)
{
    ngx_str_t    name;
    const char  *why;

    name.data = text->data + 1;
    name.len = text->len - 1;

    why = "it has no name";
    s->kind = NGX_CANONICAL_SOURCE_VARIABLE;

    if (name.len == 0
        || c->variable(c, &name, &s->variable, &why) != NGX_OK)
    {
        return ngx_canonical_compile_error(c, "invalid variable \"%.*s\": %s",
                                           ngx_canonical_quote(text), why);
    }

    return NULL;
}


static const char *
ngx_canonical_source_hl7(ngx_canonical_compiler_t *c, ngx_str_t *text,
    ngx_canonical_source_t *s)
{
    size_t                  at;
    const char             *why;
    ngx_canonical_rule_t   *each;
    ngx_canonical_block_t  *block;

    s->kind = NGX_CANONICAL_SOURCE_HL7;

    if (ngx_canonical_hl7_path(&s->hl7, text, &at, &why) != NGX_OK) {
        return ngx_canonical_compile_error(c, "invalid path \"%.*s\": %s at "
                                           "character %d",
                                           ngx_canonical_quote(text), why,
                                           (int) at);
    }

    if (s->hl7.name) {
        return NULL;
    }

    for (block = &ngx_canonical_frame(c)->draft->block; block;
         block = block->parent)
    {
        each = block->each;

        if (each && each->block == block && each->sources->hl7.path.field) {
            return NULL;
        }
    }

    return ngx_canonical_compile_error(c, "\"%.*s\" stands in no \"each\" "
                                       "over a field",
                                       ngx_canonical_quote(text));
}


static const char *
ngx_canonical_source_fhirpath(ngx_canonical_compiler_t *c, ngx_str_t *text,
    ngx_canonical_source_t *s)
{
    size_t       at;
    const char  *why;

    at = 0;
    why = NGX_CANONICAL_NO_MEMORY;

    s->kind = NGX_CANONICAL_SOURCE_FHIRPATH;

    s->fhirpath = ngx_fhirpath_compile(c->arena, &s->text,
                                   ngx_canonical_frame(c)->draft->block.fhir,
                                   c->map->block->fhir,
                                   c->map->from != NGX_CANONICAL_FROM_FHIR,
                                   &at, &why);

    if (s->fhirpath == NULL) {
        return ngx_canonical_compile_error(c, "invalid expression \"%.*s\": "
                                           "%s at character %d",
                                           ngx_canonical_quote(text), why,
                                           (int) at);
    }

    return NULL;
}


static ngx_uint_t
ngx_canonical_source_is_template(ngx_str_t *text, ngx_uint_t fhirpath)
{
    u_char  *p, *q, *end;

    end = text->data + text->len;

    for (p = text->data; p < end; p++) {

        if (fhirpath && (*p == '\'' || *p == '`')) {
            p = ngx_canonical_skip_string(p, end);
            continue;
        }

        if (*p != '{') {
            continue;
        }

        for (q = p + 1; q < end && *q == ' '; q++);

        if (!fhirpath || q == end || *q != '}') {
            return 1;
        }

        p = q;
    }

    return 0;
}


static const char *
ngx_canonical_source_template(ngx_canonical_compiler_t *c, ngx_str_t *text,
    ngx_canonical_source_t *s)
{
    u_char                 *p, *end;
    ngx_uint_t              sources;
    const char             *why;
    ngx_canonical_part_t   *part, **last;

    s->kind = NGX_CANONICAL_SOURCE_TEMPLATE;
    last = &s->parts;
    sources = 0;

    p = text->data;
    end = text->data + text->len;

    while (p < end) {

        part = ngx_canonical_zalloc(c->arena, sizeof(ngx_canonical_part_t));
        if (part == NULL) {
            return NGX_CANONICAL_NO_MEMORY;
        }

        *last = part;
        last = &part->next;

        why = ngx_canonical_template_part(c, &p, end, part);

        if (why) {
            return ngx_canonical_compile_error(c, "invalid template "
                                              "\"%.*s\": %s at character %d",
                                              ngx_canonical_quote(text), why,
                                              (int) (p - text->data));
        }

        if (part->source == NULL) {
            continue;
        }

        sources++;

        why = ngx_canonical_source_split(c, &part->source->text,
                                         &part->source);
        if (why) {
            return why;
        }
    }

    if (sources == 0) {
        return ngx_canonical_compile_error(c, "template \"%.*s\" has no "
                                           "source, use \"const\"",
                                           ngx_canonical_quote(text));
    }

    return NULL;
}


/*
 * Literal text, where a doubled brace is one, and what is in braces behind
 * it.  part->source->text is that then.
 */

static const char *
ngx_canonical_template_part(ngx_canonical_compiler_t *c, u_char **pos,
    u_char *end, ngx_canonical_part_t *part)
{
    u_char                  *p, *out;
    ngx_canonical_source_t  *s;

    out = ngx_canonical_bytes(c->arena, end - *pos);
    if (out == NULL) {
        return NGX_CANONICAL_NO_MEMORY;
    }

    part->literal.data = out;

    for (p = *pos; p < end; p++) {

        if (*p != '{' && *p != '}') {
            *out++ = *p;
            continue;
        }

        if (p + 1 < end && p[1] == *p) {
            *out++ = *p++;
            continue;
        }

        break;
    }

    part->literal.len = out - part->literal.data;
    *pos = p;

    if (p == end) {
        return NULL;
    }

    if (*p == '}') {
        return "unexpected \"}\"";
    }

    s = ngx_canonical_zalloc(c->arena, sizeof(ngx_canonical_source_t));
    if (s == NULL) {
        return NGX_CANONICAL_NO_MEMORY;
    }

    part->source = s;

    s->text.data = ++p;

    p = ngx_canonical_template_close(p, end,
                                     ngx_canonical_is_fhirpath(c->map));

    if (p == end) {
        return "\"{\" without \"}\"";
    }

    s->text.len = p - s->text.data;

    if (s->text.len == 0) {
        return "nothing in the braces";
    }

    *pos = p + 1;

    return NULL;
}


static u_char *
ngx_canonical_template_close(u_char *p, u_char *end, ngx_uint_t fhirpath)
{
    ngx_uint_t  depth;

    depth = 0;

    for ( /* void */ ; p < end; p++) {

        if (fhirpath && (*p == '\'' || *p == '`')) {
            p = ngx_canonical_skip_string(p, end);

        } else if (fhirpath && *p == '{') {
            depth++;

        } else if (*p == '}' && depth-- == 0) {
            return p;
        }
    }

    return end;
}
