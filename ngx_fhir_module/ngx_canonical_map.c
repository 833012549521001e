
/*
 * What a compiled map says: see the header.
 */

#include "ngx_canonical_rule.h"


static ngx_uint_t ngx_canonical_map_equal(ngx_str_t *a, ngx_str_t *b);


ngx_str_t *
ngx_canonical_map_name(ngx_canonical_map_t *map)
{
    return &map->name;
}


ngx_str_t *
ngx_canonical_map_label(ngx_canonical_map_t *map)
{
    return &map->label;
}


ngx_canonical_from_e
ngx_canonical_map_from(ngx_canonical_map_t *map)
{
    return map->from;
}


ngx_canonical_to_e
ngx_canonical_map_to(ngx_canonical_map_t *map)
{
    return map->to;
}


ngx_canonical_on_error_e
ngx_canonical_map_on_error(ngx_canonical_map_t *map)
{
    return map->on_error;
}


ngx_uint_t
ngx_canonical_map_many(ngx_canonical_map_t *map)
{
    return map->to == NGX_CANONICAL_TO_CANONICAL
           && map->block->type.data == NULL;
}


ngx_uint_t
ngx_canonical_map_for_hl7(ngx_canonical_map_t *map, ngx_str_t *type,
    ngx_str_t *event)
{
    ngx_str_t   *known;
    ngx_uint_t   i;

    if (map->from != NGX_CANONICAL_FROM_HL7) {
        return 0;
    }

    for (i = 0; i < map->nfrom; i++) {

        if (!ngx_canonical_map_equal(&map->events[i][0], type)) {
            continue;
        }

        known = &map->events[i][1];

        if (known->len == 0 || (known->len == 1 && known->data[0] == '*')
            || ngx_canonical_map_equal(known, event))
        {
            return 1;
        }
    }

    return 0;
}


ngx_uint_t
ngx_canonical_map_for_fhir(ngx_canonical_map_t *map, ngx_uint_t type)
{
    ngx_uint_t  i;

    if (map->from != NGX_CANONICAL_FROM_FHIR) {
        return 0;
    }

    for (i = 0; i < map->nfrom; i++) {
        if (map->types[i] == type) {
            return 1;
        }
    }

    return 0;
}


ngx_uint_t
ngx_canonical_map_for_object(ngx_canonical_map_t *map, ngx_str_t *type)
{
    ngx_uint_t  i;

    if (map->from != NGX_CANONICAL_FROM_CANONICAL) {
        return 0;
    }

    for (i = 0; i < map->nfrom; i++) {
        if (ngx_canonical_map_equal(&map->objects[i], type)) {
            return 1;
        }
    }

    return 0;
}


static ngx_uint_t
ngx_canonical_map_equal(ngx_str_t *a, ngx_str_t *b)
{
    return a->len == b->len && ngx_memcmp(a->data, b->data, a->len) == 0;
}
