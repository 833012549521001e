
/*
 * Reads an XML document into a tree: see the header.
 */

#include "ngx_canonical_xml.h"
#include "ngx_canonical_sax.h"


static void ngx_canonical_xml_start(ngx_canonical_sax_t *s, ngx_str_t *name,
    const xmlChar *uri, ngx_uint_t n, const xmlChar **attrs);
static ngx_int_t ngx_canonical_xml_attribute(ngx_canonical_sax_t *s,
    const xmlChar **attr);
static void ngx_canonical_xml_end(ngx_canonical_sax_t *s);
static void ngx_canonical_xml_value(ngx_canonical_sax_t *s,
    ngx_canonical_frame_t *frame);


ngx_int_t
ngx_canonical_xml_read(ngx_canonical_arena_t *a, ngx_str_t *text,
    ngx_canonical_limits_t *limits, ngx_canonical_node_t **root,
    ngx_canonical_error_t *err)
{
    ngx_int_t            rc;
    ngx_canonical_sax_t  s;

    ngx_memzero(&s, sizeof(ngx_canonical_sax_t));

    s.arena = a;
    s.text = text;
    s.limits = limits;
    s.err = err;

    s.start = ngx_canonical_xml_start;
    s.end = ngx_canonical_xml_end;
    s.characters = ngx_canonical_sax_text;

    rc = ngx_canonical_sax_parse(&s);

    if (rc == NGX_OK) {
        *root = s.root;
    }

    return rc;
}


/* an element is a string until it has an attribute or an element */

static void
ngx_canonical_xml_start(ngx_canonical_sax_t *s, ngx_str_t *name,
    const xmlChar *uri, ngx_uint_t n, const xmlChar **attrs)
{
    ngx_uint_t              i, depth;
    ngx_canonical_node_t   *node;
    ngx_canonical_frame_t  *up, *frame;

    up = s->frame;
    depth = 1;

    ngx_canonical_sax_take(s, NULL);

    if (up) {
        up->place.node->kind = NGX_CANONICAL_OBJECT;
        up->elements++;
        depth = up->place.depth + 1;
    }

    node = ngx_canonical_sax_add(s, up ? &up->place : NULL,
                                 NGX_CANONICAL_STRING, name);
    if (node == NULL) {
        return;
    }

    node->offset = ngx_canonical_sax_tag(s);

    frame = ngx_canonical_sax_push(s, depth);
    if (frame == NULL) {
        return;
    }

    frame->place.node = node;

    for (i = 0; i < n; i++) {
        if (ngx_canonical_xml_attribute(s, attrs + i * NGX_CANONICAL_SAX_ATTR)
            != NGX_OK)
        {
            return;
        }
    }
}


static ngx_int_t
ngx_canonical_xml_attribute(ngx_canonical_sax_t *s, const xmlChar **attr)
{
    ngx_str_t              *name;
    ngx_canonical_node_t   *node;
    ngx_canonical_place_t  *place;

    place = &s->frame->place;
    place->node->kind = NGX_CANONICAL_OBJECT;

    name = ngx_canonical_sax_name(s, attr[0]);
    if (name == NULL) {
        return NGX_ERROR;
    }

    node = ngx_canonical_sax_add(s, place, NGX_CANONICAL_STRING, name);
    if (node == NULL) {
        return NGX_ERROR;
    }

    return ngx_canonical_sax_value(s, node, ngx_canonical_sax_attr_value(attr),
                                   ngx_canonical_sax_attr_len(attr));
}


static void
ngx_canonical_xml_end(ngx_canonical_sax_t *s)
{
    ngx_canonical_frame_t  *frame;

    frame = s->frame;

    if (frame->place.node->kind == NGX_CANONICAL_STRING) {
        ngx_canonical_sax_take(s, frame->place.node);

    } else if (frame->elements == 0) {
        ngx_canonical_xml_value(s, frame);
    }

    /* what is left belongs to an element that has others */

    ngx_canonical_sax_take(s, NULL);
    ngx_canonical_sax_pop(s);
}


/* the text beside attributes */

static void
ngx_canonical_xml_value(ngx_canonical_sax_t *s, ngx_canonical_frame_t *frame)
{
    ngx_canonical_node_t  *node;

    static ngx_str_t  name = ngx_string("value");

    if (ngx_canonical_sax_blank(s->data, s->len)
        || ngx_canonical_get(frame->place.node, "value"))
    {
        return;
    }

    node = ngx_canonical_sax_add(s, &frame->place, NGX_CANONICAL_STRING,
                                 &name);
    if (node) {
        node->offset = frame->place.node->offset;
        ngx_canonical_sax_take(s, node);
    }
}
