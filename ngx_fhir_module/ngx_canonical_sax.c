
/*
 * libxml2's SAX parser for the readers of XML: see the header.
 */

#include <libxml/xmlIO.h>

#include "ngx_canonical_sax.h"
#include "ngx_hl7_message.h"


/*
 * Before 2.12 libxml2 compares each attribute with each other one of its
 * element, and looks for a prefix in a list.
 */

#define NGX_CANONICAL_SAX_ATTRIBUTES  1024
#define NGX_CANONICAL_SAX_NAMESPACES  256

/* its table of names does not grow beyond this */
#define NGX_CANONICAL_SAX_DISTINCT  16384

/* the least that a text of several pieces gets */
#define NGX_CANONICAL_SAX_TEXT  256


typedef struct {
    int                            code;        /* of libxml2 */
    const char                    *text;
} ngx_canonical_sax_error_t;


static ngx_int_t ngx_canonical_sax_run(ngx_canonical_sax_t *s);
static int ngx_canonical_sax_read(void *data, char *buf, int len);
static ngx_uint_t ngx_canonical_sax_excess(ngx_canonical_sax_t *s);
static void ngx_canonical_sax_doctype(void *data, const xmlChar *name,
    const xmlChar *external, const xmlChar *system);
static void ngx_canonical_sax_start(void *data, const xmlChar *name,
    const xmlChar *prefix, const xmlChar *uri, int nns, const xmlChar **ns,
    int n, int defaulted, const xmlChar **attrs);
static void ngx_canonical_sax_end(void *data, const xmlChar *name,
    const xmlChar *prefix, const xmlChar *uri);
static void ngx_canonical_sax_characters(void *data, const xmlChar *p,
    int len);
static void ngx_canonical_sax_error(void *data, xmlErrorPtr error);
static void ngx_canonical_sax_silent(void *data, xmlErrorPtr error);
static void ngx_canonical_sax_over(ngx_canonical_sax_t *s, const char *text);
static void ngx_canonical_sax_decline(ngx_canonical_sax_t *s, long offset,
    const char *text);
static void ngx_canonical_sax_no_memory(ngx_canonical_sax_t *s);
static void ngx_canonical_sax_stop(ngx_canonical_sax_t *s);
static long ngx_canonical_sax_tag_offset(ngx_canonical_sax_t *s);
static long ngx_canonical_sax_offset(ngx_canonical_sax_t *s,
    const xmlChar *p);
static u_char *ngx_canonical_sax_in_body(ngx_canonical_sax_t *s,
    const xmlChar *p, size_t len, uint32_t *offset);
static ngx_int_t ngx_canonical_sax_room(ngx_canonical_sax_t *s, size_t len);


static ngx_canonical_sax_error_t  ngx_canonical_sax_errors[] = {
    { XML_ERR_DOCUMENT_EMPTY, "no XML document" },
    { XML_ERR_DOCUMENT_END, "content behind the document" },
    { XML_ERR_TAG_NOT_FINISHED, "document is not complete" },
    { XML_ERR_TAG_NAME_MISMATCH, "end tag of another element" },
    { XML_ERR_ATTRIBUTE_REDEFINED, "attribute is there twice" },
    { XML_ERR_UNDECLARED_ENTITY, "entity that XML does not have" },
    { XML_WAR_UNDECLARED_ENTITY, "entity that XML does not have" },
    { XML_NS_ERR_UNDEFINED_NAMESPACE, "prefix without a namespace" },
    { XML_ERR_UNSUPPORTED_ENCODING, "unknown character set" },
    { XML_ERR_UNKNOWN_ENCODING, "unknown character set" },
    { XML_ERR_INVALID_ENCODING, "bytes that the character set does not have" },
    { XML_I18N_CONV_FAILED, "bytes that the character set does not have" },
    { XML_ERR_INTERNAL_ERROR, "nested too deeply" },
    { XML_ERR_ATTRIBUTE_NOT_FINISHED, "attribute too long or not complete" },
    { 0, NULL }
};


ngx_int_t
ngx_canonical_sax_parse(ngx_canonical_sax_t *s)
{
    void                    *data;
    ngx_int_t                rc;
    xmlStructuredErrorFunc   handler;

    ngx_memzero(s->err, sizeof(ngx_canonical_error_t));

    s->rc = NGX_OK;

    if (s->text->len > NGX_MAX_INT32_VALUE) {
        ngx_canonical_sax_decline(s, 0, "document of 2G bytes or more");
        s->err->code = NGX_HL7_VALUE_TOO_LONG;
        return s->rc;
    }

    /* a failed conversion has no context and would be told on stderr */

    handler = xmlStructuredError;
    data = xmlStructuredErrorContext;

    xmlSetStructuredErrorFunc(NULL, ngx_canonical_sax_silent);

    rc = ngx_canonical_sax_run(s);

    xmlSetStructuredErrorFunc(data, handler);

    return rc;
}


static ngx_int_t
ngx_canonical_sax_run(ngx_canonical_sax_t *s)
{
    xmlSAXHandler  sax;

    ngx_memzero(&sax, sizeof(xmlSAXHandler));

    sax.initialized = XML_SAX2_MAGIC;
    sax.internalSubset = ngx_canonical_sax_doctype;
    sax.startElementNs = ngx_canonical_sax_start;
    sax.endElementNs = ngx_canonical_sax_end;
    sax.characters = ngx_canonical_sax_characters;
    sax.ignorableWhitespace = ngx_canonical_sax_characters;
    sax.serror = ngx_canonical_sax_error;

    s->ctxt = xmlCreateIOParserCtxt(&sax, s, ngx_canonical_sax_read, NULL, s,
                                    XML_CHAR_ENCODING_NONE);
    if (s->ctxt == NULL) {
        return NGX_ERROR;
    }

    /*
     * NOENT: else an "&" stays a reference in attributes.  There are no other
     * entities to substitute, since no declaration is let through.
     */

    (void) xmlCtxtUseOptions(s->ctxt, XML_PARSE_NONET|XML_PARSE_NOENT);

    (void) xmlParseDocument(s->ctxt);

    if (s->rc == NGX_OK && (!s->ctxt->wellFormed || s->root == NULL)) {

        /* nothing was said about it */

        ngx_canonical_sax_decline(s, -1, "not a well-formed document");
    }

    /* libxml2 keeps entities in one, if a broken declaration has them */

    if (s->ctxt->myDoc) {
        xmlFreeDoc(s->ctxt->myDoc);
        s->ctxt->myDoc = NULL;
    }

    xmlFreeParserCtxt(s->ctxt);

    return s->rc;
}


/* gives libxml2 the next bytes */

static int
ngx_canonical_sax_read(void *data, char *buf, int len)
{
    size_t                n;
    ngx_canonical_sax_t  *s = data;

    if (s->rc != NGX_OK) {
        return 0;
    }

    if (s->ctxt && ngx_canonical_sax_excess(s)) {
        s->err->code = NGX_HL7_VALUE_TOO_LONG;
        return 0;
    }

    n = ngx_min((size_t) len, s->text->len - s->read);

    ngx_memcpy(buf, s->text->data + s->read, n);
    s->read += n;

    return (int) n;
}


/* what would make libxml2 slow, also amid a tag */

static ngx_uint_t
ngx_canonical_sax_excess(ngx_canonical_sax_t *s)
{
    if (xmlDictSize(s->ctxt->dict) > NGX_CANONICAL_SAX_DISTINCT) {
        ngx_canonical_sax_decline(s, -1, "too many names");
        return 1;
    }

#if (LIBXML_VERSION < 21200)

    /* the array doubles */

    if (s->ctxt->maxatts / NGX_CANONICAL_SAX_ATTR
            > NGX_CANONICAL_SAX_ATTRIBUTES * 2
        || s->ctxt->nsNr / 2 > NGX_CANONICAL_SAX_ATTRIBUTES)
    {
        ngx_canonical_sax_decline(s, -1, "too many attributes");
        return 1;
    }

#endif

    return 0;
}


static void
ngx_canonical_sax_doctype(void *data, const xmlChar *name,
    const xmlChar *external, const xmlChar *system)
{
    ngx_canonical_sax_fail(data, NULL, "document type declaration");
}


static void
ngx_canonical_sax_start(void *data, const xmlChar *name,
    const xmlChar *prefix, const xmlChar *uri, int nns, const xmlChar **ns,
    int n, int defaulted, const xmlChar **attrs)
{
    ngx_str_t            *own;
    ngx_canonical_sax_t  *s = data;

    if (s->rc != NGX_OK) {
        ngx_canonical_sax_stop(s);
        return;
    }

    if (s->ctxt->nsNr / 2 > NGX_CANONICAL_SAX_NAMESPACES) {
        ngx_canonical_sax_over(s, "too many namespaces");
        return;
    }

    s->converted = (s->ctxt->input->buf && s->ctxt->input->buf->encoder);

    own = ngx_canonical_sax_name(s, name);

    if (own) {
        s->in_tag = 1;
        s->start(s, own, uri, n, attrs);
        s->in_tag = 0;
    }
}


static void
ngx_canonical_sax_end(void *data, const xmlChar *name, const xmlChar *prefix,
    const xmlChar *uri)
{
    ngx_canonical_sax_t  *s = data;

    if (s->rc != NGX_OK) {
        ngx_canonical_sax_stop(s);
        return;
    }

    s->end(s);
}


static void
ngx_canonical_sax_characters(void *data, const xmlChar *p, int len)
{
    ngx_canonical_sax_t  *s = data;

    if (s->rc == NGX_OK && s->frame) {
        s->characters(s, (u_char *) p, len);
    }
}


/*
 * The parser may be anywhere: it is not stopped here.  After a fatal error it
 * makes no more calls by itself.
 */

static void
ngx_canonical_sax_error(void *data, xmlErrorPtr error)
{
    ngx_canonical_sax_t        *s = data;
    ngx_canonical_sax_error_t  *e;

    if (s->rc != NGX_OK || error->level < XML_ERR_ERROR) {
        return;
    }

    if (error->code == XML_ERR_NO_MEMORY) {
        s->rc = NGX_ERROR;
        return;
    }

    for (e = ngx_canonical_sax_errors; e->code; e++) {
        if (e->code == error->code) {
            break;
        }
    }

    ngx_canonical_sax_decline(s, -1, e->code ? e->text
                                             : "not a well-formed document");
}


static void
ngx_canonical_sax_silent(void *data, xmlErrorPtr error)
{
}


void
ngx_canonical_sax_fail(ngx_canonical_sax_t *s, const xmlChar *at,
    const char *text)
{
    ngx_canonical_sax_decline(s, at ? ngx_canonical_sax_offset(s, at) : -1,
                              text);
    ngx_canonical_sax_stop(s);
}


static void
ngx_canonical_sax_over(ngx_canonical_sax_t *s, const char *text)
{
    ngx_canonical_sax_fail(s, NULL, text);

    s->err->code = NGX_HL7_VALUE_TOO_LONG;
}


/* offset -1: of the tag that is handled, or where the parser is */

static void
ngx_canonical_sax_decline(ngx_canonical_sax_t *s, long offset,
    const char *text)
{
    if (offset < 0 && s->ctxt && s->ctxt->input) {
        offset = s->in_tag ? ngx_canonical_sax_tag_offset(s)
                           : xmlByteConsumed(s->ctxt);
    }

    s->rc = NGX_DECLINED;
    s->err->text = text;
    s->err->code = NGX_HL7_DATA_TYPE;

    if (offset >= 0 && (size_t) offset <= s->text->len) {
        s->err->offset = offset;
        s->err->positioned = 1;
    }
}


static void
ngx_canonical_sax_no_memory(ngx_canonical_sax_t *s)
{
    if (s->arena->full) {
        ngx_canonical_sax_over(s, "document takes too much memory");
        return;
    }

    s->rc = NGX_ERROR;
    ngx_canonical_sax_stop(s);
}


static void
ngx_canonical_sax_stop(ngx_canonical_sax_t *s)
{
    xmlStopParser(s->ctxt);
}


ngx_canonical_frame_t *
ngx_canonical_sax_push(ngx_canonical_sax_t *s, ngx_uint_t depth)
{
    ngx_canonical_frame_t  *frame, *up, *down;

    up = s->frame;
    frame = up ? up->down : s->frames;

    if (frame == NULL) {
        frame = ngx_canonical_alloc(s->arena, sizeof(ngx_canonical_frame_t));

        if (frame == NULL) {
            ngx_canonical_sax_no_memory(s);
            return NULL;
        }

        frame->down = NULL;

        if (up) {
            up->down = frame;

        } else {
            s->frames = frame;
        }
    }

    down = frame->down;

    ngx_memzero(frame, sizeof(ngx_canonical_frame_t));

    frame->place.depth = depth;
    frame->up = up;
    frame->down = down;

    s->frame = frame;

    return frame;
}


void
ngx_canonical_sax_pop(ngx_canonical_sax_t *s)
{
    s->frame = s->frame->up;
}


ngx_canonical_node_t *
ngx_canonical_sax_add(ngx_canonical_sax_t *s, ngx_canonical_place_t *place,
    ngx_canonical_kind_e kind, ngx_str_t *name)
{
    ngx_canonical_node_t  *node;

    if (place) {

        if (place->depth > s->limits->depth) {
            ngx_canonical_sax_over(s, "nested too deeply");
            return NULL;
        }

        if (place->members == s->limits->members) {
            ngx_canonical_sax_over(s, "too many members");
            return NULL;
        }

        place->members++;
    }

    if (s->nodes == s->limits->nodes) {
        ngx_canonical_sax_over(s, "too many values");
        return NULL;
    }

    s->nodes++;

    node = ngx_canonical_node(s->arena, kind);
    if (node == NULL) {
        ngx_canonical_sax_no_memory(s);
        return NULL;
    }

    if (name) {
        node->name = name->data;
        node->name_len = (uint32_t) name->len;
    }

    if (place) {
        ngx_canonical_append(place->node, node);

    } else {
        s->root = node;
    }

    return node;
}


ngx_str_t *
ngx_canonical_sax_name(ngx_canonical_sax_t *s, const xmlChar *name)
{
    uintptr_t   n;
    ngx_str_t  *own, from;

    n = (uintptr_t) name;
    n = (n ^ n >> 8 ^ n >> 16) & (NGX_CANONICAL_SAX_NAMES - 1);

    own = &s->names[n].name;

    if (s->names[n].key == name) {
        return own;
    }

    from.data = (u_char *) name;
    from.len = strlen((const char *) name);

    own->len = from.len;
    own->data = ngx_canonical_copy(s->arena, &from);

    if (own->data == NULL) {
        s->names[n].key = NULL;
        ngx_canonical_sax_no_memory(s);
        return NULL;
    }

    s->names[n].key = name;

    return own;
}


ngx_int_t
ngx_canonical_sax_value(ngx_canonical_sax_t *s, ngx_canonical_node_t *node,
    const xmlChar *p, size_t len)
{
    ngx_str_t  from;

    node->len = (uint32_t) len;
    node->data = ngx_canonical_sax_in_body(s, p, len, &node->offset);

    if (node->data) {
        return NGX_OK;
    }

    from.data = (u_char *) p;
    from.len = len;

    node->data = ngx_canonical_copy(s->arena, &from);

    if (node->data == NULL) {
        ngx_canonical_sax_no_memory(s);
        return NGX_ERROR;
    }

    return NGX_OK;
}


void
ngx_canonical_sax_text(ngx_canonical_sax_t *s, u_char *p, size_t len)
{
    uint32_t  offset;

    if (s->len == 0 && s->size == 0) {
        s->data = ngx_canonical_sax_in_body(s, p, len, &offset);

        if (s->data) {
            s->len = len;
            return;
        }
    }

    if (ngx_canonical_sax_room(s, len) != NGX_OK) {
        return;
    }

    ngx_memcpy(s->data + s->len, p, len);
    s->len += len;
}


/* the text goes into a piece of its own, which doubles */

static ngx_int_t
ngx_canonical_sax_room(ngx_canonical_sax_t *s, size_t len)
{
    size_t   size;
    u_char  *data;

    if (len <= s->size && s->len <= s->size - len) {
        return NGX_OK;
    }

    if (len > NGX_MAX_INT32_VALUE - s->len) {
        ngx_canonical_sax_over(s, "text of 2G bytes or more");
        return NGX_ERROR;
    }

    size = ngx_max((s->len + len) * 2, NGX_CANONICAL_SAX_TEXT);

    data = ngx_canonical_bytes(s->arena, size);
    if (data == NULL) {
        ngx_canonical_sax_no_memory(s);
        return NGX_ERROR;
    }

    if (s->len) {
        ngx_memcpy(data, s->data, s->len);
    }

    s->data = data;
    s->size = size;

    return NGX_OK;
}


void
ngx_canonical_sax_take(ngx_canonical_sax_t *s, ngx_canonical_node_t *node)
{
    if (s->size) {
        ngx_canonical_trim(s->arena, s->data + s->size,
                           s->data + (node ? s->len : 0));

    } else if (node && s->len && !s->converted) {
        node->offset = (uint32_t) (s->data - s->text->data);
    }

    if (node) {
        node->data = s->len ? s->data : (u_char *) "";
        node->len = (uint32_t) s->len;
    }

    s->data = NULL;
    s->len = 0;
    s->size = 0;
}


ngx_uint_t
ngx_canonical_sax_blank(u_char *p, size_t len)
{
    size_t  i;

    for (i = 0; i < len; i++) {
        if (p[i] != ' ' && p[i] != LF && p[i] != CR && p[i] != '\t') {
            return 0;
        }
    }

    return 1;
}


uint32_t
ngx_canonical_sax_tag(ngx_canonical_sax_t *s)
{
    long  offset;

    offset = ngx_canonical_sax_tag_offset(s);

    return (offset < 0) ? 0 : (uint32_t) offset;
}


/* no attribute can have a "<" */

static long
ngx_canonical_sax_tag_offset(ngx_canonical_sax_t *s)
{
    const xmlChar  *p;

    p = s->ctxt->input->cur;

    while (p > s->ctxt->input->base && *p != '<') {
        p--;
    }

    return ngx_canonical_sax_offset(s, p);
}


/* in the body, of a byte of libxml2's buffer; -1: unknown */

static long
ngx_canonical_sax_offset(ngx_canonical_sax_t *s, const xmlChar *p)
{
    long                offset;
    xmlParserInputPtr   in;

    in = s->ctxt->input;

    if (s->converted || p < in->base || p > in->end) {
        return -1;
    }

    offset = xmlByteConsumed(s->ctxt);

    return (offset < 0) ? -1 : offset - (in->cur - p);
}


/* the same bytes in the body; NULL: they stand there in another way */

static u_char *
ngx_canonical_sax_in_body(ngx_canonical_sax_t *s, const xmlChar *p,
    size_t len, uint32_t *offset)
{
    long     at;
    u_char  *data;

    at = ngx_canonical_sax_offset(s, p);

    if (at < 0) {
        return NULL;
    }

    *offset = (uint32_t) at;

    if ((size_t) at > s->text->len || len > s->text->len - at) {
        return NULL;
    }

    data = s->text->data + at;

    return (ngx_memcmp(data, p, len) == 0) ? data : NULL;
}
