
/*
 * The compiler of maps: the map itself and the words that stand once in it.
 */

#include "ngx_canonical_compile.h"


typedef const char *(*ngx_canonical_word_pt)(ngx_canonical_compiler_t *c,
    ngx_str_t *words, ngx_uint_t n);

typedef struct {
    const char             *name;
    ngx_canonical_word_pt   handler;
    ngx_uint_t              min;          /* words, its name included */
    ngx_uint_t              max;          /* 0: any number */
    ngx_uint_t              once;         /* stands outside of blocks */
} ngx_canonical_word_t;


static const char *ngx_canonical_compile_from(ngx_canonical_compiler_t *c,
    ngx_str_t *words, ngx_uint_t n);
static const char *ngx_canonical_from_hl7(ngx_canonical_compiler_t *c,
    ngx_str_t *word, ngx_uint_t i);
static const char *ngx_canonical_from_fhir(ngx_canonical_compiler_t *c,
    ngx_str_t *word, ngx_uint_t i);
static const char *ngx_canonical_compile_to(ngx_canonical_compiler_t *c,
    ngx_str_t *words, ngx_uint_t n);
static const char *ngx_canonical_to_xml(ngx_canonical_compiler_t *c,
    ngx_str_t *words, ngx_uint_t n);
static const char *ngx_canonical_to_hl7(ngx_canonical_compiler_t *c,
    ngx_str_t *words, ngx_uint_t n);
static const char *ngx_canonical_compile_emit(ngx_canonical_compiler_t *c,
    ngx_str_t *words, ngx_uint_t n);
static const char *ngx_canonical_compile_zone(ngx_canonical_compiler_t *c,
    ngx_str_t *words, ngx_uint_t n);
static const char *ngx_canonical_compile_schema(ngx_canonical_compiler_t *c,
    ngx_str_t *words, ngx_uint_t n);
static const char *ngx_canonical_compile_on_error(ngx_canonical_compiler_t *c,
    ngx_str_t *words, ngx_uint_t n);
static const char *ngx_canonical_set_on_error(ngx_canonical_compiler_t *c,
    ngx_str_t *value);
static const char *ngx_canonical_compile_phi(ngx_canonical_compiler_t *c,
    ngx_str_t *words, ngx_uint_t n);
static const char *ngx_canonical_add_allowed(ngx_canonical_compiler_t *c,
    ngx_str_t *name);


static ngx_canonical_word_t  ngx_canonical_words[] = {
    { "set", ngx_canonical_compile_set, 3, 0, 0 },
    { "const", ngx_canonical_compile_const, 3, 4, 0 },
    { "each", ngx_canonical_compile_each, 3, 0, 0 },
    { "when", ngx_canonical_compile_when, 3, 0, 0 },
    { "else", ngx_canonical_compile_else, 1, 1, 0 },
    { "segment", ngx_canonical_compile_segment, 2, 2, 0 },
    { "emit", ngx_canonical_compile_emit, 3, 3, 0 },
    { "from", ngx_canonical_compile_from, 2, 0, 1 },
    { "to", ngx_canonical_compile_to, 2, 0, 1 },
    { "zone", ngx_canonical_compile_zone, 2, 4, 1 },
    { "schema", ngx_canonical_compile_schema, 2, 3, 1 },
    { "on_error", ngx_canonical_compile_on_error, 2, 2, 1 },
    { "phi", ngx_canonical_compile_phi, 1, 0, 1 },
    { NULL, NULL, 0, 0, 0 }
};


const char *
ngx_canonical_map_begin(ngx_canonical_compiler_t *c, ngx_str_t *words,
    ngx_uint_t n)
{
    u_char                 *p;
    ngx_str_t               version;
    ngx_canonical_map_t    *map;
    ngx_canonical_plan_t   *plan;
    ngx_canonical_draft_t  *draft;

    if (n != 2 || !ngx_canonical_word_is_name(&words[0])) {
        return "a name of letters, digits, \"_\" and \"-\", and \"version=\" "
               "are expected";
    }

    if (!ngx_canonical_word_value(&words[1], "version=", &version)) {
        return ngx_canonical_unexpected(c, &words[1]);
    }

    if (version.len == 0 || version.len > 64
        || ngx_canonical_word_number(&version, 999999999) == NGX_ERROR)
    {
        return ngx_canonical_compile_error(c, "invalid version \"%.*s\", a "
                                           "number is expected",
                                           ngx_canonical_quote(&version));
    }

    plan = ngx_canonical_zalloc(c->arena, sizeof(ngx_canonical_plan_t));
    draft = ngx_canonical_zalloc(c->arena, sizeof(ngx_canonical_draft_t));
    p = ngx_canonical_bytes(c->arena, words[0].len + 1 + version.len);

    if (plan == NULL || draft == NULL || p == NULL) {
        return NGX_CANONICAL_NO_MEMORY;
    }

    map = &plan->map;

    map->name = words[0];
    map->version = version;
    map->file = c->file;
    map->line = c->line;

    map->label.data = p;
    p = ngx_cpymem(p, words[0].data, words[0].len);
    *p++ = '@';
    p = ngx_cpymem(p, version.data, version.len);
    map->label.len = p - map->label.data;

    map->block = &draft->block;
    map->reads = &plan->reads;

    c->map = map;
    c->block = NULL;

    plan->top = ngx_canonical_compile_open(c, NULL, draft,
                                           &draft->block.rules);

    return plan->top ? NULL : NGX_CANONICAL_NO_MEMORY;
}


const char *
ngx_canonical_map_word(ngx_canonical_compiler_t *c, ngx_str_t *words,
    ngx_uint_t n)
{
    const char             *why;
    ngx_canonical_word_t   *word;
    ngx_canonical_frame_t  *frame;

    for (word = ngx_canonical_words; word->name; word++) {
        if (ngx_canonical_word_is(&words[0], word->name)) {
            break;
        }
    }

    if (word->name == NULL) {
        return ngx_canonical_compile_error(c, "unknown directive \"%.*s\"",
                                           ngx_canonical_quote(&words[0]));
    }

    if (n < word->min || (word->max && n > word->max)) {
        return ngx_canonical_compile_error(c, "invalid number of arguments in "
                                           "\"%s\" directive", word->name);
    }

    frame = ngx_canonical_frame(c);

    if (word->once && frame->parent) {
        return ngx_canonical_compile_error(c, "\"%s\" directive is not "
                                           "allowed here", word->name);
    }

    if (c->map->from == 0 && word->handler != ngx_canonical_compile_from) {
        return "\"from\" must stand first";
    }

    why = word->handler(c, words, n);

    if (why == NULL && frame == ngx_canonical_frame(c)) {
        frame->when = NULL;
    }

    return why;
}


const char *
ngx_canonical_map_close(ngx_canonical_compiler_t *c)
{
    ngx_canonical_frame_t  *frame, *parent;

    frame = ngx_canonical_frame(c);
    parent = frame->parent;

    if (parent == NULL) {
        return "unexpected \"}\"";
    }

    parent->when = (frame->rule->kind == NGX_CANONICAL_WHEN
                    && !frame->otherwise) ? frame->rule : NULL;

    c->block = parent;

    return NULL;
}


ngx_canonical_frame_t *
ngx_canonical_compile_open(ngx_canonical_compiler_t *c,
    ngx_canonical_rule_t *rule, ngx_canonical_draft_t *draft,
    ngx_canonical_rule_t **last)
{
    ngx_canonical_frame_t  *frame;

    frame = ngx_canonical_zalloc(c->arena, sizeof(ngx_canonical_frame_t));
    if (frame == NULL) {
        return NULL;
    }

    frame->parent = ngx_canonical_frame(c);
    frame->depth = frame->parent ? frame->parent->depth + 1 : 0;
    frame->rule = rule;
    frame->draft = draft;
    frame->last = last;

    c->block = frame;

    return frame;
}


static const char *
ngx_canonical_compile_from(ngx_canonical_compiler_t *c, ngx_str_t *words,
    ngx_uint_t n)
{
    ngx_uint_t                i;
    const char               *why;
    ngx_canonical_map_t      *map;

    static const char  *names[] = {
        "hl7", "fhir", "json", "xml", "canonical"
    };

    map = c->map;

    if (map->from) {
        return "\"from\" directive is duplicate";
    }

    for (i = 0; i < 5 && !ngx_canonical_word_is(&words[1], names[i]); i++);

    if (i == 5) {
        return ngx_canonical_compile_error(c, "invalid value \"%.*s\", hl7, "
                                           "fhir, json, xml or canonical is "
                                           "expected",
                                           ngx_canonical_quote(&words[1]));
    }

    map->from = NGX_CANONICAL_FROM_HL7 + i;

    if (map->from == NGX_CANONICAL_FROM_JSON
        || map->from == NGX_CANONICAL_FROM_XML)
    {
        return n == 2 ? NULL : ngx_canonical_unexpected(c, &words[2]);
    }

    /* one of them is used */

    map->events = ngx_canonical_zalloc(c->arena, n * sizeof(ngx_str_t) * 2);
    map->types = ngx_canonical_zalloc(c->arena, n * sizeof(ngx_uint_t));
    map->objects = ngx_canonical_zalloc(c->arena, n * sizeof(ngx_str_t));

    if (map->events == NULL || map->types == NULL || map->objects == NULL) {
        return NGX_CANONICAL_NO_MEMORY;
    }

    for (i = 2; i < n; i++) {

        if (map->from == NGX_CANONICAL_FROM_HL7) {
            why = ngx_canonical_from_hl7(c, &words[i], map->nfrom);

        } else if (map->from == NGX_CANONICAL_FROM_FHIR) {

            if (ngx_canonical_word_value(&words[i], "profile=",
                                         &map->profile))
            {
                continue;
            }

            why = ngx_canonical_from_fhir(c, &words[i], map->nfrom);

        } else if (ngx_canonical_word_is_name(&words[i])) {
            map->objects[map->nfrom] = words[i];
            why = NULL;

        } else {
            why = ngx_canonical_unexpected(c, &words[i]);
        }

        if (why) {
            return why;
        }

        map->nfrom++;
    }

    if (map->nfrom == 0) {
        return ngx_canonical_compile_error(c, "\"from %s\" names no messages",
                                           names[map->from
                                                 - NGX_CANONICAL_FROM_HL7]);
    }

    if (map->nfrom == 1) {
        map->block->fhir = map->types[0];
    }

    return NULL;
}


/* ADT^A01, ADT^* or ADT */

static const char *
ngx_canonical_from_hl7(ngx_canonical_compiler_t *c, ngx_str_t *word,
    ngx_uint_t i)
{
    u_char     *p, *end;
    ngx_str_t  *event;

    event = c->map->events[i];
    end = word->data + word->len;

    for (p = word->data; p < end && *p != '^'; p++);

    event[0].data = word->data;
    event[0].len = p - word->data;

    if (p < end) {
        p++;
    }

    event[1].data = p;
    event[1].len = end - p;

    if (event[1].len == 1 && *p == '*') {
        event[1].len = 0;
    }

    for (p = event[1].data; p < event[1].data + event[1].len; p++) {
        if (!(*p >= 'A' && *p <= 'Z') && !(*p >= '0' && *p <= '9')) {
            break;
        }
    }

    if (ngx_canonical_word_segment(&event[0]) == 0
        || p != event[1].data + event[1].len)
    {
        return ngx_canonical_compile_error(c, "invalid message \"%.*s\", "
                                           "TYPE^EVENT is expected",
                                           ngx_canonical_quote(word));
    }

    return NULL;
}


static const char *
ngx_canonical_from_fhir(ngx_canonical_compiler_t *c, ngx_str_t *word,
    ngx_uint_t i)
{
    ngx_uint_t  type;

    type = ngx_fhir_type(word->data, word->len);

    if (type == 0 || !ngx_fhir_type_is_resource(type)) {
        return ngx_canonical_compile_error(c, "unknown resource \"%.*s\"",
                                           ngx_canonical_quote(word));
    }

    c->map->types[i] = type;

    return NULL;
}


static const char *
ngx_canonical_compile_to(ngx_canonical_compiler_t *c, ngx_str_t *words,
    ngx_uint_t n)
{
    ngx_uint_t             i;
    ngx_canonical_map_t   *map;
    ngx_canonical_plan_t  *plan;

    static const char  *names[] = { "json", "xml", "soap", "form", "hl7" };

    map = c->map;
    plan = ngx_canonical_plan(c);

    if (plan->has_to) {
        return "\"to\" directive is duplicate";
    }

    if (map->block->rules || map->block->has_emit) {
        return "\"to\" must stand before the rules";
    }

    plan->has_to = 1;

    for (i = 0; i < 5 && !ngx_canonical_word_is(&words[1], names[i]); i++);

    if (i == 5) {
        return ngx_canonical_compile_error(c, "invalid value \"%.*s\", json, "
                                           "xml, soap, form or hl7 is "
                                           "expected",
                                           ngx_canonical_quote(&words[1]));
    }

    map->to = NGX_CANONICAL_TO_JSON + i;

    switch (map->to) {

    case NGX_CANONICAL_TO_XML:
    case NGX_CANONICAL_TO_SOAP:
        return ngx_canonical_to_xml(c, words, n);

    case NGX_CANONICAL_TO_HL7:
        return ngx_canonical_to_hl7(c, words, n);

    default:
        return n == 2 ? NULL : ngx_canonical_unexpected(c, &words[2]);
    }
}


static const char *
ngx_canonical_to_xml(ngx_canonical_compiler_t *c, ngx_str_t *words,
    ngx_uint_t n)
{
    u_char               *p;
    ngx_str_t             name, value;
    ngx_uint_t            i, soap;
    ngx_canonical_xml_t  *xml;

    xml = &c->map->xml;
    soap = c->map->to == NGX_CANONICAL_TO_SOAP;

    xml->soap = soap ? 11 : 0;

    if (n < 3) {
        return "the name of the root element is missing";
    }

    xml->root = words[2];
    name = words[2];

    for (p = name.data; p < name.data + name.len && *p != ':'; p++);

    if (p < name.data + name.len) {
        value.data = name.data;
        value.len = p - name.data;
        name.data = p + 1;
        name.len -= value.len + 1;

        if (!ngx_canonical_word_is_name(&value)) {
            name.len = 0;
        }
    }

    if (!ngx_canonical_word_is_name(&name)) {
        return ngx_canonical_compile_error(c, "invalid element name \"%.*s\"",
                                           ngx_canonical_quote(&words[2]));
    }

    for (i = 3; i < n; i++) {

        if (ngx_canonical_word_value(&words[i], "xmlns=", &xml->xmlns)
            || (soap && ngx_canonical_word_value(&words[i], "action=",
                                                 &xml->action)))
        {
            continue;
        }

        if (soap && ngx_canonical_word_is(&words[i], "version=1.1")) {
            xml->soap = 11;

        } else if (soap && ngx_canonical_word_is(&words[i], "version=1.2")) {
            xml->soap = 12;

        } else {
            return ngx_canonical_unexpected(c, &words[i]);
        }
    }

    return NULL;
}


static const char *
ngx_canonical_to_hl7(ngx_canonical_compiler_t *c, ngx_str_t *words,
    ngx_uint_t n)
{
    u_char               *p;
    ngx_str_t             type;
    ngx_canonical_msh_t  *msh;

    static ngx_str_t  version = ngx_string("2.5.1");

    msh = &c->map->msh;
    msh->version = version;

    if (n < 3 || n > 4) {
        return "TYPE^EVENT is expected";
    }

    msh->type = words[2];

    type = words[2];
    type.len = ngx_min(type.len, 3);

    for (p = words[2].data + type.len; p < words[2].data + words[2].len; p++) {
        if (!(*p >= 'A' && *p <= 'Z') && !(*p >= '0' && *p <= '9')
            && *p != '_' && *p != '^')
        {
            break;
        }
    }

    if (ngx_canonical_word_segment(&type) == 0 || words[2].len < 4
        || words[2].data[3] != '^' || p != words[2].data + words[2].len)
    {
        return ngx_canonical_compile_error(c, "invalid message \"%.*s\", "
                                           "TYPE^EVENT is expected",
                                           ngx_canonical_quote(&words[2]));
    }

    if (n == 4 && !ngx_canonical_word_value(&words[3], "version=",
                                            &msh->version))
    {
        return ngx_canonical_unexpected(c, &words[3]);
    }

    for (p = msh->version.data; p < msh->version.data + msh->version.len; p++)
    {
        if (!(*p >= '0' && *p <= '9') && *p != '.') {
            break;
        }
    }

    if (msh->version.len == 0 || p != msh->version.data + msh->version.len) {
        return ngx_canonical_unexpected(c, &words[3]);
    }

    return NULL;
}


static const char *
ngx_canonical_compile_emit(ngx_canonical_compiler_t *c, ngx_str_t *words,
    ngx_uint_t n)
{
    ngx_canonical_block_t  *block, *b;
    ngx_canonical_draft_t  *draft;
    ngx_canonical_frame_t  *frame;

    frame = ngx_canonical_frame(c);
    draft = frame->draft;
    block = &draft->block;

    if (c->map->to != NGX_CANONICAL_TO_CANONICAL) {
        return "a map with \"to\" has no \"emit\"";
    }

    if (frame->rule && frame->rule->kind != NGX_CANONICAL_EACH) {
        return "\"emit\" stands in the map or in \"each\"";
    }

    if (block->type.data) {
        return "\"emit\" directive is duplicate";
    }

    for (b = block; b; b = b->parent) {
        if (b->parent && !ngx_canonical_draft(b)->objects) {
            return "\"emit\" stands in an \"each\" whose name has no \"[]\"";
        }

        if (b->type.data) {
            return "\"emit\" stands inside of another object";
        }
    }

    if (block->has_emit) {
        return "\"emit\" stands around another one";
    }

    if (!ngx_canonical_word_is_name(&words[1])) {
        return ngx_canonical_compile_error(c, "invalid object type \"%.*s\"",
                                           ngx_canonical_quote(&words[1]));
    }

    if (!ngx_canonical_word_value(&words[2], "key=", &block->key)
        || block->key.len == 0)
    {
        return "\"key=\" and a target are expected";
    }

    block->type = words[1];
    draft->file = c->file;
    draft->line = c->line;

    for (b = block; b; b = b->parent) {
        b->has_emit = 1;
    }

    return NULL;
}


static const char *
ngx_canonical_compile_zone(ngx_canonical_compiler_t *c, ngx_str_t *words,
    ngx_uint_t n)
{
    ngx_str_t              value;
    ngx_uint_t             i;
    const char            *why;
    ngx_canonical_map_t   *map;
    ngx_canonical_plan_t  *plan;

    map = c->map;
    plan = ngx_canonical_plan(c);

    if (plan->has_zone) {
        return "\"zone\" directive is duplicate";
    }

    plan->has_zone = 1;

    for (i = 1; i < n; i++) {

        if (ngx_canonical_word_is(&words[i], "msh") && !map->zone_msh) {

            if (ngx_canonical_is_fhirpath(map)) {
                return "\"zone msh\" is for HL7 messages";
            }

            map->zone_msh = 1;
            map->zone_first = (map->zone == NULL);
            continue;
        }

        if (ngx_canonical_word_value(&words[i], "ambiguous=", &value)) {

            map->ambiguous_last = ngx_canonical_word_is(&value, "last");

            if (!map->ambiguous_last
                && !ngx_canonical_word_is(&value, "first"))
            {
                return ngx_canonical_unexpected(c, &words[i]);
            }

            continue;
        }

        if (map->zone) {
            return ngx_canonical_unexpected(c, &words[i]);
        }

        why = "unknown";
        map->zone = c->zone(c, &words[i], &why);

        if (map->zone == NULL) {
            return ngx_canonical_compile_error(c, "zone \"%.*s\": %s",
                                               ngx_canonical_quote(&words[i]),
                                               why);
        }
    }

    if (map->zone == NULL && !map->zone_msh) {
        return "\"zone\" names no time zone";
    }

    return NULL;
}


static const char *
ngx_canonical_compile_schema(ngx_canonical_compiler_t *c, ngx_str_t *words,
    ngx_uint_t n)
{
    ngx_str_t             value;
    const char           *why;
    ngx_canonical_map_t  *map;

    map = c->map;

    if (map->schema) {
        return "\"schema\" directive is duplicate";
    }

    why = "unknown";
    map->schema_file = words[1];
    map->schema = c->schema(c, &words[1], &why);

    if (map->schema == NULL) {
        return ngx_canonical_compile_error(c, "schema \"%.*s\": %s",
                                           ngx_canonical_quote(&words[1]),
                                           why);
    }

    if (n == 2) {
        return NULL;
    }

    if (!ngx_canonical_word_value(&words[2], "on_error=", &value)) {
        return ngx_canonical_unexpected(c, &words[2]);
    }

    return ngx_canonical_set_on_error(c, &value);
}


static const char *
ngx_canonical_compile_on_error(ngx_canonical_compiler_t *c, ngx_str_t *words,
    ngx_uint_t n)
{
    return ngx_canonical_set_on_error(c, &words[1]);
}


static const char *
ngx_canonical_set_on_error(ngx_canonical_compiler_t *c, ngx_str_t *value)
{
    ngx_uint_t             i;
    ngx_canonical_plan_t  *plan;

    static const char  *names[] = { "reject", "quarantine", "warn" };

    plan = ngx_canonical_plan(c);

    if (plan->has_on_error) {
        return "\"on_error\" is duplicate";
    }

    plan->has_on_error = 1;

    for (i = 0; i < 3; i++) {
        if (ngx_canonical_word_is(value, names[i])) {
            plan->map.on_error = NGX_CANONICAL_REJECT + i;
            return NULL;
        }
    }

    return ngx_canonical_compile_error(c, "invalid value \"%.*s\", reject, "
                                       "quarantine or warn is expected",
                                       ngx_canonical_quote(value));
}


static const char *
ngx_canonical_compile_phi(ngx_canonical_compiler_t *c, ngx_str_t *words,
    ngx_uint_t n)
{
    u_char      *p, *end;
    ngx_str_t    value, name;
    ngx_uint_t   i;
    const char  *why;

    c->map->phi = 1;

    for (i = 1; i < n; i++) {

        if (!ngx_canonical_word_value(&words[i], "allow=", &value)) {
            return ngx_canonical_unexpected(c, &words[i]);
        }

        end = value.data + value.len;

        for (name.data = value.data; name.data <= end; name.data = p + 1) {

            for (p = name.data; p < end && *p != ','; p++);

            name.len = p - name.data;

            why = ngx_canonical_add_allowed(c, &name);
            if (why) {
                return why;
            }
        }
    }

    return NULL;
}


static const char *
ngx_canonical_add_allowed(ngx_canonical_compiler_t *c, ngx_str_t *name)
{
    ngx_str_t             *allow;
    ngx_uint_t             n;
    ngx_canonical_plan_t  *plan;

    if (name->len == 0) {
        return "a target is missing in \"allow=\"";
    }

    plan = ngx_canonical_plan(c);
    n = plan->allowed;

    /* room is made when the number of them is a power of two */

    if ((n & (n - 1)) == 0) {
        allow = ngx_canonical_zalloc(c->arena,
                                     (n * 2 + 2) * sizeof(ngx_str_t));
        if (allow == NULL) {
            return NGX_CANONICAL_NO_MEMORY;
        }

        if (n) {
            ngx_memcpy(allow, plan->map.allow, n * sizeof(ngx_str_t));
        }

        plan->map.allow = allow;
    }

    plan->map.allow[n] = *name;
    plan->allowed++;

    return NULL;
}
