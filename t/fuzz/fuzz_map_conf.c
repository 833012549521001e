
/*
 * A piece of configuration, compiled: whatever it is, it becomes maps that
 * hold together, or there is a message.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "mapconf.h"

#include "ngx_canonical_rule.h"


#define check(expr)  if (!(expr)) abort()


static void fuzz_block(ngx_canonical_map_t *map, ngx_canonical_block_t *block);
static void fuzz_rules(ngx_canonical_map_t *map, ngx_canonical_block_t *block,
    ngx_canonical_rule_t *rule);
static void fuzz_sources(ngx_canonical_map_t *map, ngx_canonical_source_t *s,
    ngx_uint_t template);
static ngx_canonical_zone_t *fuzz_zone(ngx_canonical_compiler_t *c,
    ngx_str_t *name, const char **why);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char                  *text;
    mapconf_t             *mc;
    mapconf_name_t        *n;
    ngx_canonical_map_t   *map;
    ngx_canonical_arena_t  a;

    text = malloc(size);
    memcpy(text, data, size);

    mc = malloc(sizeof(mapconf_t));

    unit_arena(&a, 16 * 1024 * 1024);
    mapconf_init(mc, &a);

    mc->compiler.zone = fuzz_zone;

    if (mapconf_read(mc, text, size) == NGX_OK) {

        for (n = mc->maps; n; n = n->next) {
            map = n->value;

            check(map->from && map->name.len && map->block && map->reads);
            check(map->label.len == map->name.len + 1 + map->version.len);
            check(map->to || map->block->has_emit);

            fuzz_block(map, map->block);
        }

    } else {
        check(mc->error[0] >= '0' && mc->error[0] <= '9');
        check(strlen(strchr(mc->error, ' ')) > 1);
    }

    unit_arena_free(&a);

    free(mc);
    free(text);

    return 0;
}


static void
fuzz_block(ngx_canonical_map_t *map, ngx_canonical_block_t *block)
{
    ngx_uint_t             i;
    ngx_canonical_slot_t  *slot;

    for (i = 0; i < block->nslots; i++) {
        slot = &block->slots[i];

        check(slot->name.len);
        check(slot->parent == NGX_CANONICAL_NO_SLOT
              || (slot->parent < i
                  && block->slots[slot->parent].kind == NGX_CANONICAL_OBJECT));
    }

    if (block->type.data) {
        check(block->has_emit && block->key.len);
        check(block->key_slot == NGX_CANONICAL_NO_SLOT
              || block->slots[block->key_slot].kind == NGX_CANONICAL_STRING);
    }

    fuzz_rules(map, block, block->rules);
}


static void
fuzz_rules(ngx_canonical_map_t *map, ngx_canonical_block_t *block,
    ngx_canonical_rule_t *rule)
{
    for ( /* void */ ; rule; rule = rule->next) {

        check(rule->slot == NGX_CANONICAL_NO_SLOT
              || rule->slot < block->nslots);
        check(rule->previous == NGX_CANONICAL_NO_SLOT
              || rule->previous < block->nslots);
        check(rule->line && rule->file.len);

        switch (rule->kind) {

        case NGX_CANONICAL_SET:
            check(rule->sources && rule->target.len);
            check(rule->drop == (rule->slot == NGX_CANONICAL_NO_SLOT));
            check(!rule->required || rule->value.data == NULL);
            break;

        case NGX_CANONICAL_CONST:
            check(rule->value.data && rule->slot != NGX_CANONICAL_NO_SLOT);
            break;

        case NGX_CANONICAL_EACH:
            check(rule->sources && rule->block->parent == block);
            fuzz_block(map, rule->block);
            break;

        case NGX_CANONICAL_SEGMENT:
            check(rule->block->name.len == 3);
            fuzz_block(map, rule->block);
            break;

        case NGX_CANONICAL_WHEN:
            check(rule->sources && rule->test);
            fuzz_rules(map, block, rule->then);
            fuzz_rules(map, block, rule->otherwise);
            break;

        default:
            abort();
        }

        fuzz_sources(map, rule->sources, 0);
    }
}


static void
fuzz_sources(ngx_canonical_map_t *map, ngx_canonical_source_t *s,
    ngx_uint_t template)
{
    ngx_canonical_part_t  *part;

    for ( /* void */ ; s; s = s->next) {

        switch (s->kind) {

        case NGX_CANONICAL_SOURCE_HL7:
            check(map->from == NGX_CANONICAL_FROM_HL7);
            check(s->hl7.name || s->hl7.path.field == 0);
            break;

        case NGX_CANONICAL_SOURCE_FHIRPATH:
            check(map->from != NGX_CANONICAL_FROM_HL7 && s->fhirpath);
            break;

        case NGX_CANONICAL_SOURCE_VARIABLE:
            break;

        case NGX_CANONICAL_SOURCE_TEMPLATE:
            check(!template && s->parts);

            for (part = s->parts; part; part = part->next) {
                fuzz_sources(map, part->source, 1);
            }

            break;

        default:
            abort();
        }
    }
}


/* no files */

static ngx_canonical_zone_t *
fuzz_zone(ngx_canonical_compiler_t *c, ngx_str_t *name, const char **why)
{
    if (name->len && (name->data[0] == '+' || name->data[0] == '-')) {
        return mapconf_zone(c, name, why);
    }

    *why = "no files here";

    return NULL;
}
