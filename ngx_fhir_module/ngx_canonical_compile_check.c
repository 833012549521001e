
/*
 * The compiler of maps: what can be told when the whole map is there.
 */

#include "ngx_canonical_compile.h"


static const char *ngx_canonical_check_rules(ngx_canonical_compiler_t *c,
    ngx_canonical_rule_t *rule);
static const char *ngx_canonical_check_each(ngx_canonical_compiler_t *c,
    ngx_canonical_rule_t *rule);
static const char *ngx_canonical_check_set(ngx_canonical_compiler_t *c,
    ngx_canonical_rule_t *rule);
static void ngx_canonical_check_flat(ngx_canonical_compiler_t *c,
    ngx_canonical_rule_t *rule);
static const char *ngx_canonical_check_object(ngx_canonical_compiler_t *c,
    ngx_canonical_block_t *block);
static const char *ngx_canonical_check_key(ngx_canonical_compiler_t *c,
    ngx_canonical_block_t *block);
static const char *ngx_canonical_check_names(ngx_canonical_compiler_t *c,
    ngx_canonical_block_t *block);
static const char *ngx_canonical_check_outer(ngx_canonical_compiler_t *c,
    ngx_canonical_block_t *block, ngx_canonical_block_t *outer);
static ngx_uint_t ngx_canonical_same_path(ngx_canonical_block_t *a,
    ngx_uint_t i, ngx_canonical_block_t *b, ngx_uint_t j);
static void ngx_canonical_check_at(ngx_canonical_compiler_t *c,
    ngx_canonical_block_t *block, ngx_uint_t slot);
static ngx_uint_t ngx_canonical_is_target(ngx_canonical_rule_t *rule,
    ngx_str_t *target);


const char *
ngx_canonical_map_end(ngx_canonical_compiler_t *c, ngx_canonical_map_t **mapp)
{
    ngx_str_t             *allow;
    const char            *why;
    ngx_canonical_map_t   *map;
    ngx_canonical_plan_t  *plan;

    map = c->map;
    plan = ngx_canonical_plan(c);

    if (ngx_canonical_frame(c) != plan->top) {
        return "a block is not closed";
    }

    why = ngx_canonical_check_rules(c, map->block->rules);
    if (why) {
        return why;
    }

    if (map->block->type.data) {
        why = ngx_canonical_check_object(c, map->block);
        if (why) {
            return why;
        }
    }

    c->file = map->file;
    c->line = map->line;

    if (map->from == 0) {
        return "a map needs \"from\"";
    }

    if (map->to == NGX_CANONICAL_TO_CANONICAL && !map->block->has_emit) {
        return "a map needs \"emit\" or \"to\"";
    }

    for (allow = map->allow; allow && allow->len; allow++) {
        if (!ngx_canonical_is_target(map->block->rules, allow)) {
            return ngx_canonical_compile_error(c, "\"phi allow=\": no rule "
                                               "sets \"%.*s\"",
                                               ngx_canonical_quote(allow));
        }
    }

    *mapp = map;

    c->map = NULL;
    c->block = NULL;

    return NULL;
}


/* calls itself as deep as blocks are in each other */

static const char *
ngx_canonical_check_rules(ngx_canonical_compiler_t *c,
    ngx_canonical_rule_t *rule)
{
    const char  *why;

    for ( /* void */ ; rule; rule = rule->next) {

        switch (rule->kind) {

        case NGX_CANONICAL_SET:
            why = ngx_canonical_check_set(c, rule);
            break;

        case NGX_CANONICAL_EACH:
            why = ngx_canonical_check_each(c, rule);
            break;

        case NGX_CANONICAL_SEGMENT:
            why = ngx_canonical_check_rules(c, rule->block->rules);
            break;

        case NGX_CANONICAL_WHEN:
            why = ngx_canonical_check_rules(c, rule->then);

            if (why == NULL) {
                why = ngx_canonical_check_rules(c, rule->otherwise);
            }

            break;

        default: /* NGX_CANONICAL_CONST */
            why = NULL;
        }

        if (why) {
            return why;
        }
    }

    return NULL;
}


static const char *
ngx_canonical_check_each(ngx_canonical_compiler_t *c,
    ngx_canonical_rule_t *rule)
{
    const char  *why;

    if (rule->slot == NGX_CANONICAL_NO_SLOT && !rule->block->has_emit
        && c->map->to == NGX_CANONICAL_TO_CANONICAL)
    {
        c->file = rule->file;
        c->line = rule->line;

        return "\"each\" without \"[]\" behind its name needs \"emit\" inside";
    }

    why = ngx_canonical_check_rules(c, rule->block->rules);

    if (why || rule->block->type.data == NULL) {
        return why;
    }

    return ngx_canonical_check_object(c, rule->block);
}


static const char *
ngx_canonical_check_set(ngx_canonical_compiler_t *c,
    ngx_canonical_rule_t *rule)
{
    ngx_str_t  *allow;

    if (!c->map->phi) {
        return NULL;
    }

    for (allow = c->map->allow; allow && allow->len; allow++) {
        if (allow->len == rule->target.len
            && ngx_memcmp(allow->data, rule->target.data, allow->len) == 0)
        {
            return NULL;
        }
    }

    if (rule->phi.len == 0) {
        ngx_canonical_check_flat(c, rule);
        return NULL;
    }

    c->file = rule->file;
    c->line = rule->line;

    return ngx_canonical_compile_error(c, "\"%.*s\" lets PHI through: %.*s is "
                                       "neither hmac= nor mask= nor in \"phi "
                                       "allow=\"",
                                       ngx_canonical_quote(&rule->target),
                                       ngx_canonical_quote(&rule->phi));
}


/* where no object of FHIR is expected, none will do: it could be a person's */

static void
ngx_canonical_check_flat(ngx_canonical_compiler_t *c,
    ngx_canonical_rule_t *rule)
{
    ngx_uint_t               type;
    ngx_canonical_source_t  *s;

    if (c->map->from != NGX_CANONICAL_FROM_FHIR) {
        return;
    }

    for (s = rule->sources; s; s = s->next) {

        if (s->kind != NGX_CANONICAL_SOURCE_FHIRPATH) {
            continue;
        }

        type = ngx_fhirpath_type(s->fhirpath);

        if (type == 0 || ngx_fhir_type_is_primitive(type)) {
            rule->flat = 1;
        }
    }
}


/* of a block that emits */

static const char *
ngx_canonical_check_object(ngx_canonical_compiler_t *c,
    ngx_canonical_block_t *block)
{
    const char             *why;
    ngx_canonical_block_t  *b, *outer;

    why = ngx_canonical_check_key(c, block);

    for (b = block; b && why == NULL; b = b->parent) {
        why = ngx_canonical_check_names(c, b);
    }

    for (b = block; b && why == NULL; b = b->parent) {
        for (outer = b->parent; outer && why == NULL; outer = outer->parent) {
            why = ngx_canonical_check_outer(c, b, outer);
        }
    }

    return why;
}


/* its target is in the block, or in one around, whose values it gets too */

static const char *
ngx_canonical_check_key(ngx_canonical_compiler_t *c,
    ngx_canonical_block_t *block)
{
    ngx_uint_t              slot;
    ngx_canonical_block_t  *b;

    slot = NGX_CANONICAL_NO_SLOT;

    for (b = block; b; b = b->parent) {
        slot = ngx_canonical_compile_slot(b, &block->key);

        if (slot != NGX_CANONICAL_NO_SLOT) {
            break;
        }
    }

    if (b == NULL || b->slots[slot].kind != NGX_CANONICAL_STRING) {

        c->file = ngx_canonical_draft(block)->file;
        c->line = ngx_canonical_draft(block)->line;

        return ngx_canonical_compile_error(c, b ? "\"key=%.*s\" is no single "
                                                  "value"
                                                : "\"key=%.*s\" is set "
                                                  "nowhere",
                                           ngx_canonical_quote(&block->key));
    }

    block->key_slot = (b == block) ? slot : NGX_CANONICAL_NO_SLOT;

    return NULL;
}


/* "emit" itself makes these members */

static const char *
ngx_canonical_check_names(ngx_canonical_compiler_t *c,
    ngx_canonical_block_t *block)
{
    ngx_uint_t             i;
    ngx_canonical_slot_t  *slot;

    for (i = 0; i < block->nslots; i++) {
        slot = &block->slots[i];

        if (slot->parent == NGX_CANONICAL_NO_SLOT
            && (ngx_canonical_word_is(&slot->name, "type")
                || ngx_canonical_word_is(&slot->name, "map")
                || ngx_canonical_word_is(&slot->name, "key")))
        {
            ngx_canonical_check_at(c, block, i);

            return ngx_canonical_compile_error(c, "\"%.*s\" is set by "
                                               "\"emit\"",
                                               ngx_canonical_quote(
                                                   &slot->name));
        }
    }

    return NULL;
}


/* what is set around and inside is either overwritten or added to */

static const char *
ngx_canonical_check_outer(ngx_canonical_compiler_t *c,
    ngx_canonical_block_t *block, ngx_canonical_block_t *outer)
{
    ngx_uint_t  i, j;

    for (i = 0; i < block->nslots; i++) {
        for (j = 0; j < outer->nslots; j++) {

            if (block->slots[i].kind == outer->slots[j].kind
                || !ngx_canonical_same_path(block, i, outer, j))
            {
                continue;
            }

            ngx_canonical_check_at(c, block, i);

            return ngx_canonical_compile_error(c, "\"%.*s\" is set as a "
                                               "value, an object or an array "
                                               "elsewhere",
                                               ngx_canonical_quote(
                                                   &block->slots[i].name));
        }
    }

    return NULL;
}


static ngx_uint_t
ngx_canonical_same_path(ngx_canonical_block_t *a, ngx_uint_t i,
    ngx_canonical_block_t *b, ngx_uint_t j)
{
    ngx_str_t  *one, *two;

    while (i != NGX_CANONICAL_NO_SLOT && j != NGX_CANONICAL_NO_SLOT) {

        one = &a->slots[i].name;
        two = &b->slots[j].name;

        if (one->len != two->len
            || ngx_memcmp(one->data, two->data, one->len) != 0)
        {
            return 0;
        }

        i = a->slots[i].parent;
        j = b->slots[j].parent;
    }

    return i == j;
}


/* the line of the rule that sets a slot, or one of the object it is */

static void
ngx_canonical_check_at(ngx_canonical_compiler_t *c,
    ngx_canonical_block_t *block, ngx_uint_t slot)
{
    ngx_uint_t              i, parent;
    ngx_canonical_use_t    *use;
    ngx_canonical_draft_t  *draft;

    draft = ngx_canonical_draft(block);

    for (i = slot; i < block->nslots; i++) {

        for (parent = i; parent != NGX_CANONICAL_NO_SLOT && parent != slot;
             parent = block->slots[parent].parent)
        {
            /* void */
        }

        use = draft->uses[i];

        if (parent == slot && use) {
            c->file = use->file;
            c->line = use->line;
            return;
        }
    }
}


/* calls itself as deep as blocks are in each other */

static ngx_uint_t
ngx_canonical_is_target(ngx_canonical_rule_t *rule, ngx_str_t *target)
{
    for ( /* void */ ; rule; rule = rule->next) {

        if (rule->kind == NGX_CANONICAL_SET && !rule->drop
            && rule->target.len == target->len
            && ngx_memcmp(rule->target.data, target->data, target->len) == 0)
        {
            return 1;
        }

        if (rule->block && ngx_canonical_is_target(rule->block->rules, target))
        {
            return 1;
        }

        if (ngx_canonical_is_target(rule->then, target)
            || ngx_canonical_is_target(rule->otherwise, target))
        {
            return 1;
        }
    }

    return 0;
}
