
/*
 * A tree as XML or SOAP, by libxml2's writer: see ngx_canonical_write.h.
 *
 * Source: XML 1.0 (fifth edition) §2.2 (characters), Namespaces in XML 1.0,
 * SOAP 1.1 §4, SOAP 1.2 part 1 §5.
 */

#include <libxml/tree.h>
#include <libxml/xmlwriter.h>

#include "ngx_canonical_write.h"
#include "ngx_canonical_text.h"


/* elements in each other, and bytes of a name */

#define NGX_CANONICAL_XML_DEPTH  128
#define NGX_CANONICAL_XML_NAME   255


#define NGX_CANONICAL_XML_SOAP_11  "http://schemas.xmlsoap.org/soap/envelope/"
#define NGX_CANONICAL_XML_SOAP_12  "http://www.w3.org/2003/05/soap-envelope"


typedef struct {
    ngx_canonical_arena_t   *arena;
    ngx_canonical_xml_t     *xml;
    const char              *why;

    xmlTextWriterPtr         writer;
    ngx_str_t                prefix;     /* of the root */
    ngx_uint_t               depth;

    u_char                  *value;      /* a copy with a zero at its end */
    size_t                   size;
} ngx_canonical_write_xml_t;


static ngx_int_t ngx_canonical_xml_document(ngx_canonical_write_xml_t *w,
    ngx_canonical_node_t *root);
static ngx_int_t ngx_canonical_xml_open_soap(ngx_canonical_write_xml_t *w);
static ngx_int_t ngx_canonical_xml_namespace(ngx_canonical_write_xml_t *w);
static ngx_int_t ngx_canonical_xml_content(ngx_canonical_write_xml_t *w,
    ngx_canonical_node_t *node);
static ngx_int_t ngx_canonical_xml_attribute(ngx_canonical_write_xml_t *w,
    ngx_canonical_node_t *parent, ngx_canonical_node_t *node);
static ngx_int_t ngx_canonical_xml_member(ngx_canonical_write_xml_t *w,
    ngx_canonical_node_t *node);
static ngx_int_t ngx_canonical_xml_element(ngx_canonical_write_xml_t *w,
    ngx_canonical_node_t *node, ngx_str_t *name);
static ngx_int_t ngx_canonical_xml_name(ngx_canonical_write_xml_t *w,
    ngx_str_t *name, u_char *out);
static ngx_int_t ngx_canonical_xml_text(ngx_canonical_write_xml_t *w,
    u_char *data, size_t len);
static ngx_uint_t ngx_canonical_xml_is_text(u_char *p, size_t len);
static ngx_int_t ngx_canonical_xml_done(ngx_canonical_write_xml_t *w, int rc);
static ngx_int_t ngx_canonical_xml_decline(ngx_canonical_write_xml_t *w,
    const char *why);


ngx_int_t
ngx_canonical_write_xml(ngx_canonical_arena_t *a, ngx_canonical_node_t *root,
    ngx_canonical_xml_t *xml, ngx_str_t *out, const char **why)
{
    ngx_int_t                  rc;
    ngx_str_t                  text;
    xmlBufferPtr               buffer;
    ngx_canonical_write_xml_t  w;

    ngx_memzero(&w, sizeof(ngx_canonical_write_xml_t));

    w.arena = a;
    w.xml = xml;

    buffer = xmlBufferCreate();
    if (buffer == NULL) {
        return NGX_ERROR;
    }

    xmlBufferSetAllocationScheme(buffer, XML_BUFFER_ALLOC_DOUBLEIT);

    w.writer = xmlNewTextWriterMemory(buffer, 0);

    if (w.writer == NULL) {
        xmlBufferFree(buffer);
        return NGX_ERROR;
    }

    rc = ngx_canonical_xml_document(&w, root);

    /* this writes what the writer still has */

    xmlFreeTextWriter(w.writer);

    if (rc == NGX_OK) {
        text.data = (u_char *) xmlBufferContent(buffer);
        text.len = xmlBufferLength(buffer);

        out->len = text.len;
        out->data = ngx_canonical_copy(a, &text);

        if (out->data == NULL) {
            rc = NGX_ERROR;
        }
    }

    xmlBufferFree(buffer);

    *why = w.why;

    return rc;
}


static ngx_int_t
ngx_canonical_xml_document(ngx_canonical_write_xml_t *w,
    ngx_canonical_node_t *root)
{
    u_char     *colon;
    ngx_int_t   rc;

    if (root->kind == NGX_CANONICAL_ARRAY) {
        return ngx_canonical_xml_decline(w, "an array is no XML document");
    }

    colon = memchr(w->xml->root.data, ':', w->xml->root.len);

    if (colon) {
        w->prefix.data = w->xml->root.data;
        w->prefix.len = colon - w->xml->root.data;

        if (w->xml->xmlns.len == 0) {
            return ngx_canonical_xml_decline(w, "a prefix without a "
                                                "namespace");
        }
    }

    rc = ngx_canonical_xml_done(w, xmlTextWriterStartDocument(w->writer, "1.0",
                                                              "UTF-8", NULL));
    if (rc != NGX_OK) {
        return rc;
    }

    if (w->xml->soap) {
        rc = ngx_canonical_xml_open_soap(w);

        if (rc != NGX_OK) {
            return rc;
        }
    }

    rc = ngx_canonical_xml_element(w, root, &w->xml->root);

    if (rc != NGX_OK) {
        return rc;
    }

    /* ends what is open */

    return ngx_canonical_xml_done(w, xmlTextWriterEndDocument(w->writer));
}


static ngx_int_t
ngx_canonical_xml_open_soap(ngx_canonical_write_xml_t *w)
{
    int          rc;
    const char  *uri;

    uri = (w->xml->soap == 11) ? NGX_CANONICAL_XML_SOAP_11
                               : NGX_CANONICAL_XML_SOAP_12;

    rc = xmlTextWriterStartElement(w->writer, BAD_CAST "soap:Envelope");

    if (rc >= 0) {
        rc = xmlTextWriterWriteAttribute(w->writer, BAD_CAST "xmlns:soap",
                                         BAD_CAST uri);
    }

    if (rc >= 0) {
        rc = xmlTextWriterStartElement(w->writer, BAD_CAST "soap:Body");
    }

    return ngx_canonical_xml_done(w, rc);
}


/* of the root, whose start tag is open */

static ngx_int_t
ngx_canonical_xml_namespace(ngx_canonical_write_xml_t *w)
{
    u_char     *p, name[NGX_CANONICAL_XML_NAME + sizeof("xmlns:")];
    ngx_int_t   rc;

    if (w->xml->xmlns.len == 0) {
        return NGX_OK;
    }

    p = ngx_cpymem(name, "xmlns", 5);

    if (w->prefix.len) {
        *p++ = ':';
        p = ngx_cpymem(p, w->prefix.data, w->prefix.len);
    }

    *p = '\0';

    rc = ngx_canonical_xml_done(w, xmlTextWriterStartAttribute(w->writer,
                                                               name));
    if (rc != NGX_OK) {
        return rc;
    }

    rc = ngx_canonical_xml_text(w, w->xml->xmlns.data, w->xml->xmlns.len);

    if (rc != NGX_OK) {
        return rc;
    }

    return ngx_canonical_xml_done(w, xmlTextWriterEndAttribute(w->writer));
}


/* of an element whose start tag is open: attributes, then the others */

static ngx_int_t
ngx_canonical_xml_content(ngx_canonical_write_xml_t *w,
    ngx_canonical_node_t *node)
{
    ngx_int_t              rc;
    ngx_canonical_node_t  *member;

    switch (node->kind) {

    case NGX_CANONICAL_NONE:
    case NGX_CANONICAL_NULL:
        return NGX_OK;

    case NGX_CANONICAL_OBJECT:
        break;

    case NGX_CANONICAL_ARRAY:
        return ngx_canonical_xml_decline(w, "an array in an array");

    default:
        return ngx_canonical_xml_text(w, node->data, node->len);
    }

    for (member = node->first; member; member = member->next) {

        if (member->name_len && member->name[0] == '@') {
            rc = ngx_canonical_xml_attribute(w, node, member);

            if (rc != NGX_OK) {
                return rc;
            }
        }
    }

    for (member = node->first; member; member = member->next) {

        if (member->name_len == 0 || member->name[0] != '@') {
            rc = ngx_canonical_xml_member(w, member);

            if (rc != NGX_OK) {
                return rc;
            }
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_canonical_xml_attribute(ngx_canonical_write_xml_t *w,
    ngx_canonical_node_t *parent, ngx_canonical_node_t *node)
{
    u_char     name[NGX_CANONICAL_XML_NAME + 1];
    ngx_int_t  rc;
    ngx_str_t  attr;

    if (node->kind == NGX_CANONICAL_OBJECT
        || node->kind == NGX_CANONICAL_ARRAY)
    {
        return ngx_canonical_xml_decline(w, "an attribute has one value");
    }

    if (ngx_canonical_member(parent, node->name, node->name_len) != node) {
        return ngx_canonical_xml_decline(w, "an attribute is there twice");
    }

    attr.data = node->name + 1;
    attr.len = node->name_len - 1;

    if (attr.len == 5 && ngx_memcmp(attr.data, "xmlns", 5) == 0) {
        return ngx_canonical_xml_decline(w, "a namespace is no attribute");
    }

    rc = ngx_canonical_xml_name(w, &attr, name);

    if (rc != NGX_OK) {
        return rc;
    }

    rc = ngx_canonical_xml_done(w, xmlTextWriterStartAttribute(w->writer,
                                                               name));
    if (rc != NGX_OK) {
        return rc;
    }

    if (node->kind != NGX_CANONICAL_NULL && node->kind != NGX_CANONICAL_NONE) {
        rc = ngx_canonical_xml_text(w, node->data, node->len);

        if (rc != NGX_OK) {
            return rc;
        }
    }

    return ngx_canonical_xml_done(w, xmlTextWriterEndAttribute(w->writer));
}


static ngx_int_t
ngx_canonical_xml_member(ngx_canonical_write_xml_t *w,
    ngx_canonical_node_t *node)
{
    ngx_int_t              rc;
    ngx_str_t              name;
    ngx_canonical_node_t  *element;

    name.data = node->name;
    name.len = node->name_len;

    if (name.len == 5 && ngx_memcmp(name.data, "#text", 5) == 0) {

        if (node->kind == NGX_CANONICAL_OBJECT
            || node->kind == NGX_CANONICAL_ARRAY)
        {
            return ngx_canonical_xml_decline(w, "a text has one value");
        }

        return ngx_canonical_xml_content(w, node);
    }

    if (node->kind != NGX_CANONICAL_ARRAY) {
        return ngx_canonical_xml_element(w, node, &name);
    }

    for (element = node->first; element; element = element->next) {
        rc = ngx_canonical_xml_element(w, element, &name);

        if (rc != NGX_OK) {
            return rc;
        }
    }

    return NGX_OK;
}


/* calls itself by way of its content, NGX_CANONICAL_XML_DEPTH times at most */

static ngx_int_t
ngx_canonical_xml_element(ngx_canonical_write_xml_t *w,
    ngx_canonical_node_t *node, ngx_str_t *name)
{
    u_char     buf[NGX_CANONICAL_XML_NAME + 1];
    ngx_int_t  rc;

    if (w->depth++ == NGX_CANONICAL_XML_DEPTH) {
        return ngx_canonical_xml_decline(w, "nested too deeply");
    }

    rc = ngx_canonical_xml_name(w, name, buf);

    if (rc != NGX_OK) {
        return rc;
    }

    rc = ngx_canonical_xml_done(w, xmlTextWriterStartElement(w->writer, buf));

    if (rc == NGX_OK && w->depth == 1) {
        rc = ngx_canonical_xml_namespace(w);
    }

    if (rc == NGX_OK) {
        rc = ngx_canonical_xml_content(w, node);
    }

    if (rc != NGX_OK) {
        return rc;
    }

    w->depth--;

    return ngx_canonical_xml_done(w, xmlTextWriterEndElement(w->writer));
}


/* "out" gets it with a zero; the only prefixes are the root's and "xml" */

static ngx_int_t
ngx_canonical_xml_name(ngx_canonical_write_xml_t *w, ngx_str_t *name,
    u_char *out)
{
    u_char  *colon;
    size_t   len;

    if (name->len == 0 || name->len > NGX_CANONICAL_XML_NAME
        || memchr(name->data, '\0', name->len)
        || !ngx_canonical_xml_is_text(name->data, name->len))
    {
        return ngx_canonical_xml_decline(w, "not a name of XML");
    }

    ngx_memcpy(out, name->data, name->len);
    out[name->len] = '\0';

    if (xmlValidateQName(out, 0) != 0) {
        return ngx_canonical_xml_decline(w, "not a name of XML");
    }

    colon = memchr(name->data, ':', name->len);

    if (colon) {
        len = colon - name->data;

        if (len != w->prefix.len
            || ngx_memcmp(name->data, w->prefix.data, len) != 0
            || (len == 3 && ngx_memcmp(name->data, "xml", 3) == 0)
            || (len == 5 && ngx_memcmp(name->data, "xmlns", 5) == 0))
        {
            return ngx_canonical_xml_decline(w, "a prefix without a "
                                                "namespace");
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_canonical_xml_text(ngx_canonical_write_xml_t *w, u_char *data, size_t len)
{
    size_t  size;

    if (!ngx_canonical_xml_is_text(data, len)) {
        return ngx_canonical_xml_decline(w, "a character that XML does not "
                                            "have");
    }

    if (len >= w->size) {
        size = ngx_max(len + 1, w->size * 2);

        w->value = ngx_canonical_bytes(w->arena, size);
        if (w->value == NULL) {
            return NGX_ERROR;
        }

        w->size = size;
    }

    if (len) {
        ngx_memcpy(w->value, data, len);
    }

    w->value[len] = '\0';

    return ngx_canonical_xml_done(w, xmlTextWriterWriteString(w->writer,
                                                              w->value));
}


static ngx_uint_t
ngx_canonical_xml_is_text(u_char *p, size_t len)
{
    size_t  n;

    for ( /* void */ ; len; p += n, len -= n) {

        if (*p < 0x20 && *p != '\t' && *p != LF && *p != CR) {
            return 0;
        }

        n = ngx_canonical_text_utf8(p, p + len);

        /* U+FFFE and U+FFFF */

        if (n == 0
            || (n == 3 && p[0] == 0xef && p[1] == 0xbf && p[2] >= 0xbe))
        {
            return 0;
        }
    }

    return 1;
}


/* all that can go wrong in the writer is memory: what it gets was checked */

static ngx_int_t
ngx_canonical_xml_done(ngx_canonical_write_xml_t *w, int rc)
{
    return (rc < 0) ? NGX_ERROR : NGX_OK;
}


static ngx_int_t
ngx_canonical_xml_decline(ngx_canonical_write_xml_t *w, const char *why)
{
    w->why = why;

    return NGX_DECLINED;
}
