
/*
 * The root that a map with "to" has made, as bytes.
 */

#include "ngx_canonical_rule.h"


static ngx_int_t ngx_canonical_map_write_json(ngx_canonical_arena_t *a,
    ngx_canonical_node_t *root, ngx_str_t *out);


ngx_int_t
ngx_canonical_map_write(ngx_canonical_map_t *map, ngx_canonical_arena_t *a,
    ngx_canonical_node_t *root, ngx_canonical_msh_t *msh, ngx_str_t *type,
    ngx_str_t *out, const char **why)
{
    switch (map->to) {

    case NGX_CANONICAL_TO_XML:
        ngx_str_set(type, "application/xml");
        return ngx_canonical_write_xml(a, root, &map->xml, out, why);

    case NGX_CANONICAL_TO_SOAP:

        if (map->xml.soap == 12) {
            ngx_str_set(type, "application/soap+xml; charset=utf-8");

        } else {
            ngx_str_set(type, "text/xml; charset=utf-8");
        }

        return ngx_canonical_write_xml(a, root, &map->xml, out, why);

    case NGX_CANONICAL_TO_FORM:
        ngx_str_set(type, "application/x-www-form-urlencoded");
        return ngx_canonical_write_form(a, root, out, why);

    case NGX_CANONICAL_TO_HL7:
        ngx_str_set(type, "application/hl7-v2");

        msh->type = map->msh.type;
        msh->version = map->msh.version;

        return ngx_canonical_write_hl7(a, root, msh, out, why);

    default: /* NGX_CANONICAL_TO_JSON */
        ngx_str_set(type, "application/json");
        return ngx_canonical_map_write_json(a, root, out);
    }
}


static ngx_int_t
ngx_canonical_map_write_json(ngx_canonical_arena_t *a,
    ngx_canonical_node_t *root, ngx_str_t *out)
{
    size_t   size;
    u_char  *p, *last;

    size = ngx_canonical_print_size(root);

    p = ngx_canonical_bytes(a, size);
    if (p == NULL) {
        return NGX_ERROR;
    }

    last = ngx_canonical_print(root, p);
    ngx_canonical_trim(a, p + size, last);

    out->data = p;
    out->len = last - p;

    return NGX_OK;
}
