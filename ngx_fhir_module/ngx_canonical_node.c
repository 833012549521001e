
/*
 * The tree: see the header.
 */

#include "ngx_canonical_node.h"
#include "ngx_canonical_text.h"


static size_t ngx_canonical_print_text_size(u_char *p, size_t len);
static u_char *ngx_canonical_print_value(ngx_canonical_node_t *node,
    u_char *out);
static u_char *ngx_canonical_print_text(u_char *p, size_t len, u_char *out);
static size_t ngx_canonical_print_special(u_char *p, size_t len, u_char **pos);


#define ngx_canonical_is_container(node)                                      \
    ((node)->kind == NGX_CANONICAL_OBJECT                                     \
     || (node)->kind == NGX_CANONICAL_ARRAY)


/* what a byte may become: \u001f */
#define NGX_CANONICAL_PRINT_MAX  6


ngx_canonical_node_t *
ngx_canonical_node(ngx_canonical_arena_t *a, ngx_canonical_kind_e kind)
{
    ngx_canonical_node_t  *node;

    node = ngx_canonical_zalloc(a, sizeof(ngx_canonical_node_t));

    if (node) {
        node->kind = kind;
    }

    return node;
}


void
ngx_canonical_remove_last(ngx_canonical_node_t *parent,
    ngx_canonical_node_t *node)
{
    ngx_canonical_node_t  *prev;

    if (parent->first == node) {
        parent->first = NULL;
        parent->last = NULL;
        return;
    }

    prev = parent->first;

    while (prev->next != node) {
        prev = prev->next;
    }

    prev->next = NULL;
    parent->last = prev;
}


ngx_canonical_node_t *
ngx_canonical_member(ngx_canonical_node_t *object, const void *name,
    size_t len)
{
    ngx_canonical_node_t  *node;

    for (node = object->first; node; node = node->next) {

        if (node->name_len == len && node->name
            && ngx_memcmp(node->name, name, len) == 0)
        {
            return node;
        }
    }

    return NULL;
}


ngx_canonical_node_t *
ngx_canonical_find(ngx_canonical_node_t *root, ngx_str_t *path)
{
    u_char                *p, *end, *dot;
    ngx_canonical_node_t  *node;

    p = path->data;
    end = p + path->len;
    node = root;

    for ( ;; ) {
        for (dot = p; dot < end && *dot != '.'; dot++) { /* void */ }

        node = ngx_canonical_member(node, p, dot - p);

        if (node == NULL || dot == end) {
            return node;
        }

        p = dot + 1;
    }
}


/*
 * Both walks need no memory: while a container is open, its "last" is its
 * parent; it is known again when the last child has been printed.
 */

size_t
ngx_canonical_print_size(ngx_canonical_node_t *node)
{
    size_t                 size;
    ngx_canonical_node_t  *parent, *next;

    parent = NULL;

    /* the last store is of a whole word */

    size = NGX_HL7_WORD;

    for ( ;; ) {

        /* quotes, colon, comma, and brackets or quotes of the value */

        size += sizeof("\"\":,\"\"") - 1;

        if (parent && parent->kind == NGX_CANONICAL_OBJECT) {
            size += ngx_canonical_print_text_size(node->name, node->name_len);
        }

        if (ngx_canonical_is_container(node)) {

            if (node->first) {
                node->last = parent;
                parent = node;
                node = node->first;
                continue;
            }

        } else if (node->kind == NGX_CANONICAL_STRING) {
            size += ngx_canonical_print_text_size(node->data, node->len);

        } else {
            size += sizeof("null") - 1 + node->len;
        }

        while (parent && node->next == NULL) {
            next = parent->last;
            parent->last = node;
            node = parent;
            parent = next;
        }

        if (parent == NULL) {
            return size;
        }

        node = node->next;
    }
}


static size_t
ngx_canonical_print_text_size(u_char *p, size_t len)
{
    size_t           n, size;
    ngx_hl7_match_t  match;

    size = len;

    while (len) {
        match = ngx_canonical_text_special(ngx_canonical_text_load(p, len));
        n = match ? ngx_hl7_first(match) : NGX_HL7_WORD;

        if (n < NGX_HL7_WORD && n < len) {
            size += NGX_CANONICAL_PRINT_MAX - 1;
            n++;
        }

        p += n;
        len -= n;
    }

    return size;
}


u_char *
ngx_canonical_print(ngx_canonical_node_t *node, u_char *out)
{
    ngx_canonical_node_t  *parent, *next;

    parent = NULL;

    for ( ;; ) {

        if (parent && parent->kind == NGX_CANONICAL_OBJECT) {
            out = ngx_canonical_print_text(node->name, node->name_len, out);
            *out++ = ':';
        }

        if (ngx_canonical_is_container(node)) {
            *out++ = (node->kind == NGX_CANONICAL_OBJECT) ? '{' : '[';

            if (node->first) {
                node->last = parent;
                parent = node;
                node = node->first;
                continue;
            }

            *out++ = (node->kind == NGX_CANONICAL_OBJECT) ? '}' : ']';

        } else {
            out = ngx_canonical_print_value(node, out);
        }

        while (parent && node->next == NULL) {
            *out++ = (parent->kind == NGX_CANONICAL_OBJECT) ? '}' : ']';

            next = parent->last;
            parent->last = node;
            node = parent;
            parent = next;
        }

        if (parent == NULL) {
            return out;
        }

        *out++ = ',';
        node = node->next;
    }
}


static u_char *
ngx_canonical_print_value(ngx_canonical_node_t *node, u_char *out)
{
    switch (node->kind) {

    case NGX_CANONICAL_STRING:
        return ngx_canonical_print_text(node->data, node->len, out);

    case NGX_CANONICAL_NUMBER:
    case NGX_CANONICAL_BOOLEAN:
        return ngx_cpymem(out, node->data, node->len);

    default:
        return ngx_cpymem(out, "null", 4);
    }
}


static u_char *
ngx_canonical_print_text(u_char *p, size_t len, u_char *out)
{
    size_t           n;
    ngx_hl7_word_t   w;
    ngx_hl7_match_t  match;

    *out++ = '"';

    while (len) {
        w = ngx_canonical_text_load(p, len);
        match = ngx_canonical_text_special(w);
        n = match ? ngx_hl7_first(match) : NGX_HL7_WORD;

        /* what is stored too much will be overwritten */

        ngx_canonical_text_store(out, w);

        p += n;
        len -= n;
        out += n;

        if (n < NGX_HL7_WORD && len) {
            n = ngx_canonical_print_special(p, len, &out);
            p += n;
            len -= n;
        }
    }

    *out++ = '"';

    return out;
}


/*
 * One character that is an escape sequence or outside of ASCII; returns its
 * bytes in the text.
 */

static size_t
ngx_canonical_print_special(u_char *p, size_t len, u_char **pos)
{
    size_t   i, n;
    u_char  *out;

    static const u_char  hex[] = "0123456789abcdef";
    static const u_char  letters[] = "uuuuuuuubtnufr";   /* of 0x00 to 0x0d */

    out = *pos;
    n = ngx_canonical_text_utf8(p, p + len);

    if (n == 0) {
        *pos = ngx_cpymem(out, "\xef\xbf\xbd", 3);
        return 1;
    }

    if (n == 3 && p[0] == 0xe2 && p[1] == 0x80 && (p[2] & 0xfe) == 0xa8) {
        *pos = ngx_cpymem(out, (p[2] & 1) ? "\\u2029" : "\\u2028", 6);
        return n;
    }

    if (n > 1) {
        for (i = 0; i < n; i++) {
            *out++ = p[i];
        }

        *pos = out;
        return n;
    }

    *out++ = '\\';

    if (*p >= 0x20) {
        *out++ = *p;

    } else {
        *out = (*p < sizeof(letters) - 1) ? letters[*p] : 'u';

        if (*out++ == 'u') {
            *out++ = '0';
            *out++ = '0';
            *out++ = hex[*p >> 4];
            *out++ = hex[*p & 0xf];
        }
    }

    *pos = out;

    return 1;
}
