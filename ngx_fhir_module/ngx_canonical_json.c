
/*
 * Reads a JSON text: see the header.
 *
 * Source: RFC 8259; UTF-8 as RFC 3629 has it.
 */

#include "ngx_canonical_json.h"
#include "ngx_canonical_text.h"
#include "ngx_hl7_message.h"


/* up to so many members are compared one by one */
#define NGX_CANONICAL_JSON_FEW  16

#define NGX_CANONICAL_JSON_BOM  "\xef\xbb\xbf"


#define ngx_canonical_json_is_digit(p, end)                                   \
    ((p) < (end) && *(p) >= '0' && *(p) <= '9')


typedef struct ngx_canonical_json_name_s  ngx_canonical_json_name_t;

/*
 * The names of an object with many members: a Patricia tree over their bits.
 * Unlike a hash it has no bad case to be aimed at: a look-up takes as many
 * steps as the name has bits, at most.
 */

struct ngx_canonical_json_name_s {
    ngx_canonical_json_name_t  *child[2];
    u_char                     *data;
    uint32_t                    len;
    uint64_t                    bit;       /* from 1; a child whose bit is not
                                              greater is the end */
};


typedef struct {
    ngx_canonical_node_t       *node;
    ngx_canonical_json_name_t  *names;
    uint64_t                    seen;      /* a bit for each hash of a name */
    ngx_uint_t                  members;
} ngx_canonical_json_frame_t;


typedef struct {
    ngx_canonical_arena_t       *arena;
    u_char                      *start;
    u_char                      *end;
    ngx_canonical_limits_t      *limits;
    ngx_canonical_error_t       *err;
    ngx_int_t                    rc;       /* of a function that fails */

    ngx_uint_t                   nodes;
    ngx_canonical_json_frame_t  *frame;    /* of the open container */
    ngx_canonical_json_frame_t  *deepest;
    ngx_canonical_json_frame_t   frames[NGX_CANONICAL_JSON_DEPTH_MAX + 1];
} ngx_canonical_json_t;


/*
 * These take the position and return the next one, or NULL when they have set
 * r->rc and, where it is NGX_DECLINED, *r->err.
 */

static u_char *ngx_canonical_json_text(ngx_canonical_json_t *r, u_char *p);
static u_char *ngx_canonical_json_value(ngx_canonical_json_t *r, u_char *p);
static u_char *ngx_canonical_json_token(ngx_canonical_json_t *r, u_char *p,
    ngx_canonical_node_t *node);
static u_char *ngx_canonical_json_word(ngx_canonical_json_t *r, u_char *p,
    ngx_canonical_node_t *node, const char *word, size_t len);
static u_char *ngx_canonical_json_number(ngx_canonical_json_t *r, u_char *p);
static u_char *ngx_canonical_json_digits(ngx_canonical_json_t *r, u_char *p);
static u_char *ngx_canonical_json_name(ngx_canonical_json_t *r, u_char *p,
    ngx_canonical_node_t *node);
static u_char *ngx_canonical_json_special(ngx_canonical_json_t *r, u_char *p);
static u_char *ngx_canonical_json_decode(ngx_canonical_json_t *r, u_char *p,
    u_char *last, u_char **data, uint32_t *len);
static u_char *ngx_canonical_json_escape(u_char *p, u_char *end, uint32_t *ch,
    const char **why);
static u_char *ngx_canonical_json_hex(u_char *p, u_char *end, uint32_t *ch);
static u_char *ngx_canonical_json_encode(u_char *out, uint32_t ch);

/* NGX_OK, NGX_BUSY: the object has the name; NGX_ERROR: no memory */

static ngx_int_t ngx_canonical_json_unique(ngx_canonical_json_t *r,
    u_char *data, uint32_t len);
static ngx_int_t ngx_canonical_json_insert(ngx_canonical_json_t *r,
    u_char *data, uint32_t len);
static ngx_uint_t ngx_canonical_json_bit(u_char *data, uint32_t len,
    uint64_t bit);

/* all of them return NULL */

static u_char *ngx_canonical_json_wrong(ngx_canonical_json_t *r, u_char *p,
    const char *why);
static u_char *ngx_canonical_json_over(ngx_canonical_json_t *r, u_char *p,
    const char *why);
static u_char *ngx_canonical_json_memory(ngx_canonical_json_t *r, u_char *p);


static ngx_inline u_char *
ngx_canonical_json_space(u_char *p, u_char *end)
{
    ngx_hl7_match_t  match;

    if (p < end && *p > ' ') {
        return p;
    }

    if (end - p > 1 && *p == ' ' && p[1] > ' ') {
        return p + 1;
    }

    for ( ;; ) {
        match = ngx_canonical_text_solid(ngx_hl7_load(p, end - p));

        if (match) {
            return p + ngx_hl7_first(match);
        }

        p += NGX_HL7_WORD;
    }
}


/* from behind the quote on */

static ngx_inline u_char *
ngx_canonical_json_string(ngx_canonical_json_t *r, u_char *p, u_char **data,
    uint32_t *len)
{
    u_char           *start;
    ngx_uint_t        escaped;
    ngx_hl7_match_t   match;

    start = p;
    escaped = 0;

    for ( ;; ) {
        match = ngx_canonical_text_special(ngx_hl7_load(p, r->end - p));

        if (match == 0) {
            p += NGX_HL7_WORD;
            continue;
        }

        p += ngx_hl7_first(match);

        if (p < r->end) {

            if (*p == '"') {
                break;
            }

            if (*p == '\\') {
                escaped = 1;
            }
        }

        p = ngx_canonical_json_special(r, p);
        if (p == NULL) {
            return NULL;
        }
    }

    if (escaped) {
        return ngx_canonical_json_decode(r, start, p, data, len);
    }

    *data = start;
    *len = (uint32_t) (p - start);

    return p + 1;
}


ngx_int_t
ngx_canonical_json_read(ngx_canonical_arena_t *a, ngx_str_t *text,
    ngx_canonical_limits_t *limits, ngx_canonical_node_t **root,
    ngx_canonical_error_t *err)
{
    u_char                *p;
    ngx_canonical_node_t   document;
    ngx_canonical_json_t   r;

    p = text->data;

    r.arena = a;
    r.start = p;
    r.end = p;
    r.limits = limits;
    r.err = err;
    r.nodes = 0;

    if (text->len == 0) {
        (void) ngx_canonical_json_wrong(&r, p, NULL);
        return r.rc;
    }

    if (text->len > NGX_MAX_UINT32_VALUE) {
        (void) ngx_canonical_json_over(&r, p, "text of 4G bytes or more");
        return r.rc;
    }

    r.end += text->len;

    if (text->len >= 3 && ngx_memcmp(p, NGX_CANONICAL_JSON_BOM, 3) == 0) {
        p += 3;
    }

    /* the root has a parent as every node has one */

    ngx_memzero(&document, sizeof(ngx_canonical_node_t));

    r.frame = r.frames;
    r.frame->node = &document;
    r.frame->members = 0;

    r.deepest = r.frame + ngx_min(limits->depth, NGX_CANONICAL_JSON_DEPTH_MAX);

    if (ngx_canonical_json_text(&r, p) == NULL) {
        return r.rc;
    }

    *root = document.first;

    return NGX_OK;
}


static u_char *
ngx_canonical_json_text(ngx_canonical_json_t *r, u_char *p)
{
    ngx_uint_t                   object, opened;
    ngx_canonical_json_frame_t  *frame;

    p = ngx_canonical_json_space(p, r->end);

    for ( ;; ) {
        frame = r->frame;

        p = ngx_canonical_json_value(r, p);
        if (p == NULL) {
            return NULL;
        }

        opened = (r->frame != frame);

        for ( ;; ) {
            p = ngx_canonical_json_space(p, r->end);

            if (r->frame == r->frames) {
                return (p == r->end) ? p
                       : ngx_canonical_json_wrong(r, p,
                                                  "text behind the value");
            }

            object = (r->frame->node->kind == NGX_CANONICAL_OBJECT);

            if (p < r->end && *p == (object ? '}' : ']')) {
                r->frame--;
                opened = 0;
                p++;
                continue;
            }

            if (opened) {
                break;
            }

            if (p < r->end && *p == ',') {
                p = ngx_canonical_json_space(p + 1, r->end);
                break;
            }

            return ngx_canonical_json_wrong(r, p, object
                                                  ? "\",\" or \"}\" expected"
                                                  : "\",\" or \"]\" expected");
        }
    }
}


/* a member or an element; of a container only the opening bracket */

static u_char *
ngx_canonical_json_value(ngx_canonical_json_t *r, u_char *p)
{
    ngx_canonical_node_t        *new, node;
    ngx_canonical_json_frame_t  *frame;

    frame = r->frame;

    if (r->nodes >= r->limits->nodes) {
        return ngx_canonical_json_over(r, p, "too many values");
    }

    if (frame->members >= r->limits->members && frame != r->frames) {
        return ngx_canonical_json_over(r, p,
                                       "too many members in one container");
    }

    node.name = NULL;
    node.name_len = 0;

    if (frame->node->kind == NGX_CANONICAL_OBJECT) {
        p = ngx_canonical_json_name(r, p, &node);
        if (p == NULL) {
            return NULL;
        }
    }

    node.data = NULL;
    node.first = NULL;
    node.last = NULL;
    node.next = NULL;
    node.len = 0;
    node.offset = (uint32_t) (p - r->start);
    node.type = 0;
    node.computed = 0;

    p = ngx_canonical_json_token(r, p, &node);
    if (p == NULL) {
        return NULL;
    }

    new = ngx_canonical_alloc(r->arena, sizeof(ngx_canonical_node_t));
    if (new == NULL) {
        return ngx_canonical_json_memory(r, r->start + node.offset);
    }

    *new = node;

    ngx_canonical_append(frame->node, new);
    frame->members++;
    r->nodes++;

    if (node.kind == NGX_CANONICAL_OBJECT || node.kind == NGX_CANONICAL_ARRAY)
    {
        frame++;
        frame->node = new;
        frame->names = NULL;
        frame->seen = 0;
        frame->members = 0;

        r->frame = frame;
    }

    return p;
}


static u_char *
ngx_canonical_json_token(ngx_canonical_json_t *r, u_char *p,
    ngx_canonical_node_t *node)
{
    u_char  *last;

    switch (p < r->end ? *p : '\0') {

    case '"':
        node->kind = NGX_CANONICAL_STRING;
        return ngx_canonical_json_string(r, p + 1, &node->data, &node->len);

    case '{':
    case '[':

        if (r->frame == r->deepest) {
            return ngx_canonical_json_over(r, p, "nested too deeply");
        }

        node->kind = (*p == '{') ? NGX_CANONICAL_OBJECT : NGX_CANONICAL_ARRAY;
        return p + 1;

    case '-':
    case '0': case '1': case '2': case '3': case '4':
    case '5': case '6': case '7': case '8': case '9':

        last = ngx_canonical_json_number(r, p);

        if (last) {
            node->kind = NGX_CANONICAL_NUMBER;
            node->data = p;
            node->len = (uint32_t) (last - p);
        }

        return last;

    case 't':
        node->kind = NGX_CANONICAL_BOOLEAN;
        return ngx_canonical_json_word(r, p, node, "true", 4);

    case 'f':
        node->kind = NGX_CANONICAL_BOOLEAN;
        return ngx_canonical_json_word(r, p, node, "false", 5);

    case 'n':
        node->kind = NGX_CANONICAL_NULL;
        return ngx_canonical_json_word(r, p, node, "null", 4);

    default:
        return ngx_canonical_json_wrong(r, p, "value expected");
    }
}


static u_char *
ngx_canonical_json_word(ngx_canonical_json_t *r, u_char *p,
    ngx_canonical_node_t *node, const char *word, size_t len)
{
    if ((size_t) (r->end - p) < len || ngx_memcmp(p, word, len) != 0) {
        return ngx_canonical_json_wrong(r, p, "value expected");
    }

    if (node->kind == NGX_CANONICAL_BOOLEAN) {
        node->data = p;
        node->len = (uint32_t) len;
    }

    return p + len;
}


static u_char *
ngx_canonical_json_number(ngx_canonical_json_t *r, u_char *p)
{
    u_char  *start;

    start = p;

    if (*p == '-') {
        p++;
    }

    if (p < r->end && *p == '0') {
        p++;

        if (ngx_canonical_json_is_digit(p, r->end)) {
            return ngx_canonical_json_wrong(r, start,
                                            "number with a leading zero");
        }

    } else {
        p = ngx_canonical_json_digits(r, p);
    }

    if (p && p < r->end && *p == '.') {
        p = ngx_canonical_json_digits(r, p + 1);
    }

    if (p && p < r->end && (*p == 'e' || *p == 'E')) {
        p++;

        if (p < r->end && (*p == '+' || *p == '-')) {
            p++;
        }

        p = ngx_canonical_json_digits(r, p);
    }

    if (p && (size_t) (p - start) > r->limits->number) {
        return ngx_canonical_json_over(r, start, "number too long");
    }

    return p;
}


static u_char *
ngx_canonical_json_digits(ngx_canonical_json_t *r, u_char *p)
{
    if (!ngx_canonical_json_is_digit(p, r->end)) {
        return ngx_canonical_json_wrong(r, p, "digit expected");
    }

    do {
        p++;
    } while (ngx_canonical_json_is_digit(p, r->end));

    return p;
}


/* up to the member's value */

static u_char *
ngx_canonical_json_name(ngx_canonical_json_t *r, u_char *p,
    ngx_canonical_node_t *node)
{
    u_char  *start;

    start = p;

    if (p == r->end || *p != '"') {
        return ngx_canonical_json_wrong(r, p, "name in quotes expected");
    }

    p = ngx_canonical_json_string(r, p + 1, &node->name, &node->name_len);
    if (p == NULL) {
        return NULL;
    }

    switch (ngx_canonical_json_unique(r, node->name, node->name_len)) {

    case NGX_OK:
        break;

    case NGX_BUSY:
        return ngx_canonical_json_wrong(r, start, "duplicate name");

    default:
        return ngx_canonical_json_memory(r, start);
    }

    p = ngx_canonical_json_space(p, r->end);

    if (p == r->end || *p != ':') {
        return ngx_canonical_json_wrong(r, p, "\":\" expected");
    }

    return ngx_canonical_json_space(p + 1, r->end);
}


/* what is not plain ASCII within a string; "p" may be the end of the text */

static u_char *
ngx_canonical_json_special(ngx_canonical_json_t *r, u_char *p)
{
    size_t       n;
    u_char      *last;
    uint32_t     ch;
    const char  *why;

    if (p == r->end || *p < 0x20) {
        return ngx_canonical_json_wrong(r, p, "control character in a string");
    }

    if (*p == '\\') {
        last = ngx_canonical_json_escape(p, r->end, &ch, &why);
        return last ? last : ngx_canonical_json_wrong(r, p, why);
    }

    do {
        n = ngx_canonical_text_utf8(p, r->end);
        if (n == 0) {
            return ngx_canonical_json_wrong(r, p, "bytes that are not UTF-8");
        }

        p += n;

    } while (p < r->end && *p >= 0x80);

    return p;
}


/* from "p" to the closing quote "last", where nothing is wrong any more */

static u_char *
ngx_canonical_json_decode(ngx_canonical_json_t *r, u_char *p, u_char *last,
    u_char **data, uint32_t *len)
{
    size_t            n, size;
    u_char           *out;
    uint32_t          ch;
    const char       *why;
    ngx_hl7_word_t    w;
    ngx_hl7_match_t   match;

    /* no escape sequence is shorter than its character */

    size = last - p + NGX_HL7_WORD;

    out = ngx_canonical_bytes(r->arena, size);
    if (out == NULL) {
        return ngx_canonical_json_memory(r, p);
    }

    *data = out;

    while (p < last) {
        w = ngx_canonical_text_load(p, last - p);
        match = ngx_hl7_match(w, '\\');
        n = match ? ngx_hl7_first(match)
                  : ngx_min((size_t) (last - p), NGX_HL7_WORD);

        /* what is stored too much will be overwritten */

        ngx_canonical_text_store(out, w);

        p += n;
        out += n;

        if (match) {
            p = ngx_canonical_json_escape(p, last, &ch, &why);
            out = ngx_canonical_json_encode(out, ch);
        }
    }

    *len = (uint32_t) (out - *data);

    ngx_canonical_trim(r->arena, *data + size, out);

    return last + 1;
}


/* from the backslash on; NULL and *why, or the next position */

static u_char *
ngx_canonical_json_escape(u_char *p, u_char *end, uint32_t *ch,
    const char **why)
{
    uint32_t    low;
    ngx_uint_t  i;

    static const u_char  letters[] = "\"\\/bfnrt";
    static const u_char  bytes[] = "\"\\/\b\f\n\r\t";

    *why = "unknown escape sequence";

    if (end - p < 2) {
        return NULL;
    }

    for (i = 0; i < sizeof(letters) - 1; i++) {

        if (p[1] == letters[i]) {
            *ch = bytes[i];
            return p + 2;
        }
    }

    p = ngx_canonical_json_hex(p, end, ch);

    if (p == NULL || (*ch & 0xf800) != 0xd800) {
        return p;
    }

    *why = "half of a surrogate pair";

    p = ngx_canonical_json_hex(p, end, &low);

    if (p == NULL || (*ch & 0xfc00) != 0xd800 || (low & 0xfc00) != 0xdc00) {
        return NULL;
    }

    *ch = 0x10000 + ((*ch & 0x3ff) << 10) + (low & 0x3ff);

    return p;
}


/* \uXXXX */

static u_char *
ngx_canonical_json_hex(u_char *p, u_char *end, uint32_t *ch)
{
    u_char      c;
    ngx_uint_t  i;

    if (end - p < 6 || p[0] != '\\' || p[1] != 'u') {
        return NULL;
    }

    *ch = 0;

    for (i = 2; i < 6; i++) {
        c = p[i];

        if (c >= '0' && c <= '9') {
            *ch = *ch << 4 | (c - '0');
            continue;
        }

        c |= 0x20;

        if (c < 'a' || c > 'f') {
            return NULL;
        }

        *ch = *ch << 4 | (c - 'a' + 10);
    }

    return p + 6;
}


static u_char *
ngx_canonical_json_encode(u_char *out, uint32_t ch)
{
    if (ch < 0x80) {
        *out++ = (u_char) ch;
        return out;
    }

    if (ch < 0x800) {
        *out++ = (u_char) (0xc0 | ch >> 6);

    } else {

        if (ch < 0x10000) {
            *out++ = (u_char) (0xe0 | ch >> 12);

        } else {
            *out++ = (u_char) (0xf0 | ch >> 18);
            *out++ = (u_char) (0x80 | (ch >> 12 & 0x3f));
        }

        *out++ = (u_char) (0x80 | (ch >> 6 & 0x3f));
    }

    *out++ = (u_char) (0x80 | (ch & 0x3f));

    return out;
}


static ngx_int_t
ngx_canonical_json_unique(ngx_canonical_json_t *r, u_char *data, uint32_t len)
{
    uint64_t                     bit;
    ngx_canonical_node_t        *node;
    ngx_canonical_json_frame_t  *frame;

    frame = r->frame;

    if (frame->names) {
        return ngx_canonical_json_insert(r, data, len);
    }

    if (frame->members == NGX_CANONICAL_JSON_FEW) {

        for (node = frame->node->first; node; node = node->next) {
            if (ngx_canonical_json_insert(r, node->name, node->name_len)
                == NGX_ERROR)
            {
                return NGX_ERROR;
            }
        }

        return ngx_canonical_json_insert(r, data, len);
    }

    /* mostly different ones already differ in this */

    bit = len ? data[0] + 7 * data[len - 1] + 13 * len : 0;
    bit = (uint64_t) 1 << (bit & 63);

    if ((frame->seen & bit)
        && ngx_canonical_member(frame->node, data, len))
    {
        return NGX_BUSY;
    }

    frame->seen |= bit;

    return NGX_OK;
}


static ngx_int_t
ngx_canonical_json_insert(ngx_canonical_json_t *r, u_char *data, uint32_t len)
{
    uint32_t                     i;
    uint64_t                     bit, differ;
    ngx_canonical_json_name_t   *t, *new, **slot;

    /* the one name that may be the same */

    bit = 0;
    t = r->frame->names;

    while (t && t->bit > bit) {
        bit = t->bit;
        t = t->child[ngx_canonical_json_bit(data, len, bit)];
    }

    differ = 0;

    if (t && t->len != len) {
        differ = 1 + __builtin_clz(t->len ^ len);

    } else if (t) {
        for (i = 0; i < len && data[i] == t->data[i]; i++) { /* void */ }

        if (i == len) {
            return NGX_BUSY;
        }

        differ = 33 + (uint64_t) i * 8 + __builtin_clz(data[i] ^ t->data[i])
                 - 24;
    }

    new = ngx_canonical_alloc(r->arena, sizeof(ngx_canonical_json_name_t));
    if (new == NULL) {
        return NGX_ERROR;
    }

    new->data = data;
    new->len = len;
    new->bit = differ;

    /* to where the bits are in their order */

    bit = 0;
    slot = &r->frame->names;

    while (*slot && (*slot)->bit > bit && (*slot)->bit < differ) {
        bit = (*slot)->bit;
        slot = &(*slot)->child[ngx_canonical_json_bit(data, len, bit)];
    }

    i = ngx_canonical_json_bit(data, len, differ);

    new->child[i] = new;
    new->child[1 - i] = *slot;
    *slot = new;

    return NGX_OK;
}


/* the length comes first, the name behind it; bit 0 is that of the first */

static ngx_uint_t
ngx_canonical_json_bit(u_char *data, uint32_t len, uint64_t bit)
{
    if (bit <= 32) {
        return bit ? len >> (32 - bit) & 1 : 0;
    }

    bit -= 33;

    return (bit / 8 < len) ? data[bit / 8] >> (7 - bit % 8) & 1 : 0;
}


static u_char *
ngx_canonical_json_wrong(ngx_canonical_json_t *r, u_char *p, const char *why)
{
    ngx_memzero(r->err, sizeof(ngx_canonical_error_t));

    r->err->text = (p == r->end) ? "unexpected end" : why;
    r->err->code = NGX_HL7_DATA_TYPE;
    r->err->offset = p - r->start;
    r->err->positioned = 1;

    r->rc = NGX_DECLINED;

    return NULL;
}


static u_char *
ngx_canonical_json_over(ngx_canonical_json_t *r, u_char *p, const char *why)
{
    (void) ngx_canonical_json_wrong(r, p, why);

    r->err->text = why;
    r->err->code = NGX_HL7_VALUE_TOO_LONG;

    return NULL;
}


static u_char *
ngx_canonical_json_memory(ngx_canonical_json_t *r, u_char *p)
{
    if (r->arena->full) {
        return ngx_canonical_json_over(r, p, "text takes too much memory");
    }

    r->rc = NGX_ERROR;

    return NULL;
}
