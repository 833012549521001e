
/*
 * A FHIR resource from XML: see ngx_fhir_tree.h.
 *
 * Source: FHIR R4 §2.6.1.
 */

#include "ngx_fhir_tree.h"
#include "ngx_canonical_sax.h"
#include "ngx_hl7_message.h"


#define NGX_FHIR_XML_NAMESPACE  "http://hl7.org/fhir"
#define NGX_FHIR_XML_XHTML      "http://www.w3.org/1999/xhtml"


#define ngx_fhir_xml_is(name, literal)                                        \
    ((name)->len == sizeof(literal) - 1                                       \
     && ngx_memcmp((name)->data, literal, sizeof(literal) - 1) == 0)

#define ngx_fhir_xml_is_uri(uri, literal)                                     \
    ((uri) && strcmp((const char *) (uri), literal) == 0)


/* those of a handler that return NGX_ERROR have noted why */

static void ngx_fhir_xml_start(ngx_canonical_sax_t *s, ngx_str_t *name,
    const xmlChar *uri, ngx_uint_t n, const xmlChar **attrs);
static void ngx_fhir_xml_no_resource(ngx_canonical_sax_t *s);
static ngx_int_t ngx_fhir_xml_resource(ngx_canonical_sax_t *s,
    ngx_str_t *name);
static ngx_int_t ngx_fhir_xml_element(ngx_canonical_sax_t *s,
    ngx_str_t *name, const xmlChar *uri);
static ngx_canonical_place_t *ngx_fhir_xml_place(ngx_canonical_sax_t *s,
    ngx_fhir_element_t *element, ngx_str_t *name);
static ngx_canonical_place_t *ngx_fhir_xml_array(ngx_canonical_sax_t *s,
    ngx_canonical_frame_t *frame, ngx_str_t *name);
static ngx_uint_t ngx_fhir_xml_is_attribute(ngx_uint_t type,
    ngx_str_t *name);
static ngx_int_t ngx_fhir_xml_attribute(ngx_canonical_sax_t *s,
    const xmlChar **attr);
static ngx_int_t ngx_fhir_xml_value(ngx_canonical_sax_t *s,
    const xmlChar **attr);
static ngx_uint_t ngx_fhir_xml_is_number(u_char *p, u_char *end);
static u_char *ngx_fhir_xml_digits(u_char *p, u_char *end);
static void ngx_fhir_xml_end(ngx_canonical_sax_t *s);
static void ngx_fhir_xml_characters(ngx_canonical_sax_t *s, u_char *p,
    size_t len);


static ngx_str_t  ngx_fhir_xml_resource_type = ngx_string("resourceType");


ngx_int_t
ngx_fhir_xml_read(ngx_canonical_arena_t *a, ngx_str_t *text,
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

    s.start = ngx_fhir_xml_start;
    s.end = ngx_fhir_xml_end;
    s.characters = ngx_fhir_xml_characters;

    rc = ngx_canonical_sax_parse(&s);

    if (rc == NGX_OK) {
        *root = s.root;
    }

    return rc;
}


static void
ngx_fhir_xml_start(ngx_canonical_sax_t *s, ngx_str_t *name,
    const xmlChar *uri, ngx_uint_t n, const xmlChar **attrs)
{
    ngx_int_t   rc;
    ngx_uint_t  i;

    if (s->skip) {
        s->skip++;
        return;
    }

    if (s->frame == NULL || s->frame->holds) {

        if (!ngx_fhir_xml_is_uri(uri, NGX_FHIR_XML_NAMESPACE)) {
            ngx_fhir_xml_no_resource(s);
            return;
        }

        rc = ngx_fhir_xml_resource(s, name);

    } else {
        rc = ngx_fhir_xml_element(s, name, uri);
    }

    if (rc != NGX_OK || s->skip) {
        return;
    }

    for (i = 0; i < n; i++) {
        if (ngx_fhir_xml_attribute(s, attrs + i * NGX_CANONICAL_SAX_ATTR)
            != NGX_OK)
        {
            return;
        }
    }
}


static void
ngx_fhir_xml_no_resource(ngx_canonical_sax_t *s)
{
    ngx_canonical_sax_fail(s, NULL, "not a resource of FHIR R4");

    s->err->code = NGX_HL7_TABLE_VALUE;
}


static ngx_int_t
ngx_fhir_xml_resource(ngx_canonical_sax_t *s, ngx_str_t *name)
{
    ngx_uint_t              type, depth;
    ngx_canonical_node_t   *node, *member;
    ngx_canonical_frame_t  *up, *frame;

    type = ngx_fhir_type(name->data, name->len);

    if (!ngx_fhir_type_is_resource(type) || type == NGX_FHIR_RESOURCE
        || type == NGX_FHIR_DOMAIN_RESOURCE)
    {
        ngx_fhir_xml_no_resource(s);
        return NGX_ERROR;
    }

    up = s->frame;

    if (up == NULL) {
        depth = 1;
        node = ngx_canonical_sax_add(s, NULL, NGX_CANONICAL_OBJECT, NULL);

    } else {

        if (up->elements++) {
            ngx_canonical_sax_fail(s, NULL, "two resources where one can be");
            return NGX_ERROR;
        }

        depth = up->holds->depth + 1;
        node = ngx_canonical_sax_add(s, up->holds, NGX_CANONICAL_OBJECT,
                                     up->name.len ? &up->name : NULL);
    }

    if (node == NULL) {
        return NGX_ERROR;
    }

    node->type = (uint16_t) type;
    node->offset = ngx_canonical_sax_tag(s);

    frame = ngx_canonical_sax_push(s, depth);
    if (frame == NULL) {
        return NGX_ERROR;
    }

    frame->place.node = node;
    frame->type = type;

    member = ngx_canonical_sax_add(s, &frame->place, NGX_CANONICAL_STRING,
                                   &ngx_fhir_xml_resource_type);
    if (member == NULL) {
        return NGX_ERROR;
    }

    member->data = name->data;
    member->len = (uint32_t) name->len;
    member->offset = node->offset;

    return NGX_OK;
}


static ngx_int_t
ngx_fhir_xml_element(ngx_canonical_sax_t *s, ngx_str_t *name,
    const xmlChar *uri)
{
    ngx_canonical_kind_e    kind;
    ngx_canonical_node_t   *node;
    ngx_fhir_element_t     *element;
    ngx_canonical_place_t  *place;
    ngx_canonical_frame_t  *up, *frame;

    up = s->frame;
    element = ngx_fhir_element(up->type, name->data, name->len);

    if (element == NULL || element->choice
        || ngx_fhir_xml_is_attribute(up->type, name))
    {
        ngx_canonical_sax_fail(s, NULL, "element that FHIR R4 does not "
                                        "have here");
        return NGX_ERROR;
    }

    if (!ngx_fhir_xml_is_uri(uri, element->type == NGX_FHIR_XHTML
                                  ? NGX_FHIR_XML_XHTML
                                  : NGX_FHIR_XML_NAMESPACE))
    {
        ngx_canonical_sax_fail(s, NULL, "element of another namespace");
        return NGX_ERROR;
    }

    up->elements++;

    place = ngx_fhir_xml_place(s, element, name);
    if (place == NULL) {
        return NGX_ERROR;
    }

    if (place != &up->place) {
        name = NULL;
    }

    if (element->type == NGX_FHIR_RESOURCE) {
        frame = ngx_canonical_sax_push(s, 0);

        if (frame == NULL) {
            return NGX_ERROR;
        }

        frame->holds = place;

        if (name) {
            frame->name = *name;
        }

        return NGX_OK;
    }

    kind = ngx_fhir_type_is_primitive(element->type) ? NGX_CANONICAL_NONE
                                                     : NGX_CANONICAL_OBJECT;

    node = ngx_canonical_sax_add(s, place, kind, name);
    if (node == NULL) {
        return NGX_ERROR;
    }

    node->offset = ngx_canonical_sax_tag(s);

    if (element->type == NGX_FHIR_XHTML) {
        s->skip = 1;
        return NGX_OK;
    }

    frame = ngx_canonical_sax_push(s, place->depth + 1);
    if (frame == NULL) {
        return NGX_ERROR;
    }

    frame->place.node = node;
    frame->type = element->type;

    return NGX_OK;
}


/* where the element goes: into its parent or the array there */

static ngx_canonical_place_t *
ngx_fhir_xml_place(ngx_canonical_sax_t *s, ngx_fhir_element_t *element,
    ngx_str_t *name)
{
    ngx_canonical_node_t   *last;
    ngx_canonical_frame_t  *frame;

    frame = s->frame;
    last = frame->array.node;

    if (element->repeats && last && last->name_len == name->len
        && ngx_memcmp(last->name, name->data, name->len) == 0)
    {
        return &frame->array;
    }

    if (ngx_canonical_member(frame->place.node, name->data, name->len)) {
        ngx_canonical_sax_fail(s, NULL, element->repeats
                               ? "repetitions that stand apart"
                               : "element that cannot repeat");
        return NULL;
    }

    frame->array.node = NULL;

    return element->repeats ? ngx_fhir_xml_array(s, frame, name)
                            : &frame->place;
}


static ngx_canonical_place_t *
ngx_fhir_xml_array(ngx_canonical_sax_t *s, ngx_canonical_frame_t *frame,
    ngx_str_t *name)
{
    ngx_canonical_node_t  *array;

    array = ngx_canonical_sax_add(s, &frame->place, NGX_CANONICAL_ARRAY,
                                  name);
    if (array == NULL) {
        return NULL;
    }

    array->offset = ngx_canonical_sax_tag(s);

    frame->array.node = array;
    frame->array.depth = frame->place.depth + 1;
    frame->array.members = 0;

    return &frame->array;
}


/* Element.id and Extension.url; the id of a resource is an element */

static ngx_uint_t
ngx_fhir_xml_is_attribute(ngx_uint_t type, ngx_str_t *name)
{
    if (ngx_fhir_xml_is(name, "id")) {
        return !ngx_fhir_type_is_resource(type);
    }

    return type == NGX_FHIR_EXTENSION && ngx_fhir_xml_is(name, "url");
}


static ngx_int_t
ngx_fhir_xml_attribute(ngx_canonical_sax_t *s, const xmlChar **attr)
{
    ngx_str_t              *name;
    ngx_canonical_node_t   *node;
    ngx_canonical_frame_t  *frame;

    /* xsi:schemaLocation, xml:lang */

    if (ngx_canonical_sax_attr_prefix(attr)) {
        return NGX_OK;
    }

    frame = s->frame;

    name = ngx_canonical_sax_name(s, attr[0]);
    if (name == NULL) {
        return NGX_ERROR;
    }

    if (ngx_fhir_type_is_primitive(frame->type)
        && ngx_fhir_xml_is(name, "value"))
    {
        return ngx_fhir_xml_value(s, attr);
    }

    if (frame->holds || !ngx_fhir_xml_is_attribute(frame->type, name)) {
        ngx_canonical_sax_fail(s, ngx_canonical_sax_attr_value(attr),
                               "attribute that FHIR R4 does not have "
                               "here");
        return NGX_ERROR;
    }

    node = ngx_canonical_sax_add(s, &frame->place, NGX_CANONICAL_STRING,
                                 name);
    if (node == NULL) {
        return NGX_ERROR;
    }

    return ngx_canonical_sax_value(s, node, ngx_canonical_sax_attr_value(attr),
                                   ngx_canonical_sax_attr_len(attr));
}


static ngx_int_t
ngx_fhir_xml_value(ngx_canonical_sax_t *s, const xmlChar **attr)
{
    size_t                 len;
    u_char                *p;
    ngx_uint_t             code;
    const char            *why;
    ngx_canonical_node_t  *node;

    node = s->frame->place.node;
    p = (u_char *) ngx_canonical_sax_attr_value(attr);
    len = ngx_canonical_sax_attr_len(attr);
    code = NGX_HL7_DATA_TYPE;
    why = NULL;

    switch (s->frame->type) {

    case NGX_FHIR_BOOLEAN:
        node->kind = NGX_CANONICAL_BOOLEAN;

        if (!(len == 4 && ngx_memcmp(p, "true", 4) == 0)
            && !(len == 5 && ngx_memcmp(p, "false", 5) == 0))
        {
            why = "not a boolean";
        }

        break;

    case NGX_FHIR_DECIMAL:
    case NGX_FHIR_INTEGER:
    case NGX_FHIR_UNSIGNED_INT:
    case NGX_FHIR_POSITIVE_INT:
        node->kind = NGX_CANONICAL_NUMBER;

        if (!ngx_fhir_xml_is_number(p, p + len)) {
            why = "not a number";

        } else if (len > s->limits->number) {
            code = NGX_HL7_VALUE_TOO_LONG;
            why = "number too long";
        }

        break;

    default:
        node->kind = NGX_CANONICAL_STRING;
    }

    if (why) {
        ngx_canonical_sax_fail(s, p, why);
        s->err->code = code;
        return NGX_ERROR;
    }

    return ngx_canonical_sax_value(s, node, p, len);
}


/* as JSON has it */

static ngx_uint_t
ngx_fhir_xml_is_number(u_char *p, u_char *end)
{
    if (p < end && *p == '-') {
        p++;
    }

    p = (p < end && *p == '0') ? p + 1 : ngx_fhir_xml_digits(p, end);

    if (p && p < end && *p == '.') {
        p = ngx_fhir_xml_digits(p + 1, end);
    }

    if (p && p < end && (*p == 'e' || *p == 'E')) {
        p++;

        if (p < end && (*p == '+' || *p == '-')) {
            p++;
        }

        p = ngx_fhir_xml_digits(p, end);
    }

    return p == end;
}


/* one at least, or NULL */

static u_char *
ngx_fhir_xml_digits(u_char *p, u_char *end)
{
    u_char  *start;

    for (start = p; p < end && *p >= '0' && *p <= '9'; p++) { /* void */ }

    return (p == start) ? NULL : p;
}


static void
ngx_fhir_xml_end(ngx_canonical_sax_t *s)
{
    ngx_canonical_node_t   *node;
    ngx_canonical_frame_t  *frame;

    if (s->skip) {
        s->skip--;
        return;
    }

    frame = s->frame;
    node = frame->place.node;

    if (frame->holds) {

        if (frame->elements == 0) {
            ngx_canonical_sax_fail(s, NULL, "no resource where one must be");
            return;
        }

    } else if (node->first == NULL
               && (node->kind == NGX_CANONICAL_NONE
                   || node->kind == NGX_CANONICAL_OBJECT))
    {
        ngx_canonical_sax_fail(s, NULL,
                               "element with neither value nor children");
        return;
    }

    ngx_canonical_sax_pop(s);
}


/* all that FHIR says stands in attributes */

static void
ngx_fhir_xml_characters(ngx_canonical_sax_t *s, u_char *p, size_t len)
{
    if (s->skip == 0 && !ngx_canonical_sax_blank(p, len)) {
        ngx_canonical_sax_fail(s, p, "text beside elements");
    }
}
