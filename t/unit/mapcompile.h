
/*
 * What tests of the compiler share: a map that compiles, one that does not,
 * and what it became.
 */

#ifndef _UNIT_MAPCOMPILE_H_INCLUDED_
#define _UNIT_MAPCOMPILE_H_INCLUDED_


#include "unit.h"
#include "arena.h"
#include "mapconf.h"

#include "ngx_canonical_rule.h"
#include "ngx_hl7_segment.h"


#define KEY                                                                   \
    "canonical_key patient secret=0123456789abcdef0123456789abcdef id=k1;"

#define TABLE  "canonical_table sex { default U; M male; F female; }"

#define HEAD  "canonical_map m version=1 { from hl7 ADT^A01;"
#define ADT   KEY TABLE HEAD "emit encounter key=id; set id PV1-19.1;"
#define PAT   KEY "canonical_map m version=1 { from fhir Patient;"            \
              "emit patient key=id; set id id;"


static ngx_canonical_arena_t  arena;
static mapconf_t              mc;


static inline ngx_canonical_map_t *
compile(const char *text)
{
    if (arena.data) {
        unit_arena_free(&arena);
    }

    unit_arena(&arena, 64 * 1024 * 1024);
    mapconf_init(&mc, &arena);

    if (mapconf_read(&mc, text, strlen(text)) != NGX_OK) {
        return NULL;
    }

    return mc.maps ? mc.maps->value : NULL;
}


static inline ngx_canonical_map_t *
good(const char *text)
{
    ngx_canonical_map_t  *map;

    map = compile(text);

    if (!ok(map != NULL, text)) {
        printf("# %s\n", mc.error);
        exit(1);
    }

    return map;
}


static inline void
bad(const char *text, const char *error)
{
    char  title[2048];

    snprintf(title, sizeof(title), "%s", text);

    if (compile(text)) {
        ok(0, title);
        printf("# is compiled\n");
        return;
    }

    if (!ok(strcmp(mc.error, error) == 0, title)) {
        printf("#   got  %s\n#   want %s\n", mc.error, error);
    }
}


/* the rule of a target, wherever it is */

static inline ngx_canonical_rule_t *
find(ngx_canonical_rule_t *rule, const char *target)
{
    ngx_canonical_rule_t  *found;

    for ( /* void */ ; rule; rule = rule->next) {

        if (rule->target.len == strlen(target)
            && memcmp(rule->target.data, target, rule->target.len) == 0)
        {
            return rule;
        }

        found = rule->block ? find(rule->block->rules, target) : NULL;

        if (found == NULL) {
            found = find(rule->then, target);
        }

        if (found == NULL) {
            found = find(rule->otherwise, target);
        }

        if (found) {
            return found;
        }
    }

    return NULL;
}


static inline ngx_uint_t
reads(ngx_canonical_map_t *map, const char *name, ngx_uint_t field)
{
    ngx_uint_t             i;
    ngx_canonical_read_t  *r;

    for (i = 0; i < map->reads->nsegments; i++) {
        r = &map->reads->segments[i];

        if (r->name == ngx_hl7_name(name[0], name[1], name[2])) {
            return field ? ngx_canonical_read_field(r, field) : 1;
        }
    }

    return 0;
}


static inline ngx_uint_t
reads_chain(ngx_canonical_map_t *map, const char *chain)
{
    ngx_uint_t  i;
    ngx_str_t  *s;

    for (i = 0; i < map->reads->nchains; i++) {
        s = &map->reads->chains[i];

        if (s->len == strlen(chain) && memcmp(s->data, chain, s->len) == 0) {
            return 1;
        }
    }

    return 0;
}


#endif /* _UNIT_MAPCOMPILE_H_INCLUDED_ */
