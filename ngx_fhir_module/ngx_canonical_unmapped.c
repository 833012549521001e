
/*
 * What no rule reads: see ngx_canonical_map.h.
 */

#include "ngx_canonical_rule.h"
#include "ngx_hl7_segment.h"


#define NGX_CANONICAL_UNMAPPED_NAMES  256     /* of segments, a power of 2 */
#define NGX_CANONICAL_UNMAPPED_NAME   64      /* bytes of an element's name */

#define NGX_CANONICAL_UNMAPPED_END  "..."


typedef struct {
    ngx_canonical_map_t        **maps;
    ngx_uint_t                   nmaps;
    ngx_canonical_arena_t       *arena;

    u_char                      *start;
    u_char                      *pos;
    u_char                      *end;         /* room for the end is behind */
    unsigned                     full:1;
    unsigned                     fhir:1;
} ngx_canonical_unmapped_t;


/* the segments of a name: fields that are read or in the list already */

typedef struct {
    ngx_uint_t                   name;        /* 0: free */
    uint32_t                     fields[8];
    unsigned                     all:1;
} ngx_canonical_unmapped_segment_t;


/* an element that is read, or on the way to one, or in the list already */

typedef struct ngx_canonical_branch_s  ngx_canonical_branch_t;

struct ngx_canonical_branch_s {
    ngx_str_t                    name;
    ngx_canonical_branch_t      *parent;
    ngx_canonical_branch_t      *first;
    ngx_canonical_branch_t      *next;
    ngx_uint_t                   way;         /* map that reads below */
    unsigned                     done:1;
};


static ngx_int_t ngx_canonical_unmapped_hl7(ngx_canonical_unmapped_t *u,
    ngx_hl7_message_t *m);
static ngx_canonical_unmapped_segment_t *ngx_canonical_unmapped_segment(
    ngx_canonical_unmapped_t *u, ngx_canonical_unmapped_segment_t *table,
    ngx_uint_t name);
static void ngx_canonical_unmapped_reads(ngx_canonical_unmapped_t *u,
    ngx_canonical_unmapped_segment_t *s);
static void ngx_canonical_unmapped_fields(ngx_canonical_unmapped_t *u,
    ngx_canonical_unmapped_segment_t *s, ngx_hl7_message_t *m,
    ngx_hl7_span_t *segment);
static void ngx_canonical_unmapped_add_field(ngx_canonical_unmapped_t *u,
    u_char *name, ngx_uint_t field);

static ngx_int_t ngx_canonical_unmapped_tree(ngx_canonical_unmapped_t *u,
    ngx_canonical_node_t *root);
static ngx_int_t ngx_canonical_unmapped_chains(ngx_canonical_unmapped_t *u,
    ngx_canonical_branch_t *root, ngx_canonical_reads_t *reads,
    ngx_uint_t map);
static ngx_canonical_branch_t *ngx_canonical_unmapped_chain(
    ngx_canonical_unmapped_t *u, ngx_canonical_branch_t *b, ngx_str_t *chain,
    ngx_uint_t map);
static ngx_canonical_branch_t *ngx_canonical_unmapped_branch(
    ngx_canonical_branch_t *b, ngx_str_t *name);
static ngx_canonical_branch_t *ngx_canonical_unmapped_grow(
    ngx_canonical_unmapped_t *u, ngx_canonical_branch_t *b, ngx_str_t *name);
static ngx_int_t ngx_canonical_unmapped_members(ngx_canonical_unmapped_t *u,
    ngx_canonical_branch_t *b, ngx_canonical_node_t *node, ngx_uint_t type);
static ngx_int_t ngx_canonical_unmapped_member(ngx_canonical_unmapped_t *u,
    ngx_canonical_branch_t *b, ngx_canonical_node_t *node, ngx_uint_t type);
static ngx_uint_t ngx_canonical_unmapped_is_header(ngx_str_t *name,
    ngx_uint_t type);
static void ngx_canonical_unmapped_add_path(ngx_canonical_unmapped_t *u,
    ngx_canonical_branch_t *b);

static void ngx_canonical_unmapped_add(ngx_canonical_unmapped_t *u,
    u_char *text, size_t len);
static u_char *ngx_canonical_unmapped_clean(u_char *p, u_char *name,
    size_t len);


#define ngx_canonical_unmapped_set(s, n)                                      \
    (s)->fields[(n) / 32] |= (uint32_t) 1 << ((n) % 32)


ngx_int_t
ngx_canonical_map_unmapped(ngx_canonical_map_t **maps, ngx_uint_t n,
    ngx_canonical_run_t *run, size_t max, ngx_str_t *list)
{
    size_t                    size;
    ngx_int_t                 rc;
    ngx_canonical_unmapped_t  u;

    ngx_str_null(list);

    if (n == 0) {
        return NGX_OK;
    }

    ngx_memzero(&u, sizeof(ngx_canonical_unmapped_t));

    u.maps = maps;
    u.nmaps = n;
    u.arena = run->arena;
    u.fhir = (maps[0]->from == NGX_CANONICAL_FROM_FHIR);

    size = max + sizeof(NGX_CANONICAL_UNMAPPED_END) - 1;

    u.start = ngx_canonical_bytes(u.arena, size);
    if (u.start == NULL) {
        return NGX_ERROR;
    }

    u.pos = u.start;
    u.end = u.start + max;

    rc = run->message ? ngx_canonical_unmapped_hl7(&u, run->message)
                      : ngx_canonical_unmapped_tree(&u, run->root);

    if (u.full) {
        u.pos = ngx_cpymem(u.pos, NGX_CANONICAL_UNMAPPED_END,
                           sizeof(NGX_CANONICAL_UNMAPPED_END) - 1);
    }

    list->data = u.start;
    list->len = u.pos - u.start;

    return rc;
}


static ngx_int_t
ngx_canonical_unmapped_hl7(ngx_canonical_unmapped_t *u, ngx_hl7_message_t *m)
{
    u_char                            *p;
    ngx_uint_t                         i, name;
    ngx_hl7_span_t                    *segment;
    ngx_canonical_unmapped_segment_t  *table, *s;

    table = ngx_canonical_zalloc(u->arena, NGX_CANONICAL_UNMAPPED_NAMES
                                 * sizeof(ngx_canonical_unmapped_segment_t));
    if (table == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; i < m->nsegments && !u->full; i++) {
        segment = &m->segments[i];
        p = m->start + segment->start;

        name = ngx_hl7_segment_name(p, p + segment->len);
        if (name == 0) {
            continue;
        }

        s = ngx_canonical_unmapped_segment(u, table, name);

        if (s == NULL) {
            u->full = 1;

        } else if (!s->all) {
            ngx_canonical_unmapped_fields(u, s, m, segment);
        }
    }

    return NGX_OK;
}


/* NULL: more names than a message can have in earnest */

static ngx_canonical_unmapped_segment_t *
ngx_canonical_unmapped_segment(ngx_canonical_unmapped_t *u,
    ngx_canonical_unmapped_segment_t *table, ngx_uint_t name)
{
    ngx_uint_t                         i, n;
    ngx_canonical_unmapped_segment_t  *s;

    i = name ^ name >> 8 ^ name >> 13;

    for (n = 0; n < NGX_CANONICAL_UNMAPPED_NAMES; n++) {
        s = &table[i++ % NGX_CANONICAL_UNMAPPED_NAMES];

        if (s->name == name) {
            return s;
        }

        if (s->name == 0) {
            s->name = name;
            ngx_canonical_unmapped_reads(u, s);
            return s;
        }
    }

    return NULL;
}


static void
ngx_canonical_unmapped_reads(ngx_canonical_unmapped_t *u,
    ngx_canonical_unmapped_segment_t *s)
{
    ngx_uint_t              i, j, k;
    ngx_canonical_read_t   *read;
    ngx_canonical_reads_t  *reads;

    /* those of MSH that choose the map and answer the message */

    static ngx_uint_t  header[] = { 1, 2, 7, 9, 10, 11, 12, 18, 0 };

    if (s->name == NGX_HL7_MSH) {
        for (i = 0; header[i]; i++) {
            ngx_canonical_unmapped_set(s, header[i]);
        }
    }

    for (i = 0; i < u->nmaps; i++) {
        reads = u->maps[i]->reads;

        for (j = 0; j < reads->nsegments; j++) {
            read = &reads->segments[j];

            if (read->name != s->name) {
                continue;
            }

            s->all |= read->all;

            for (k = 0; k < 8; k++) {
                s->fields[k] |= read->fields[k];
            }
        }
    }
}


static void
ngx_canonical_unmapped_fields(ngx_canonical_unmapped_t *u,
    ngx_canonical_unmapped_segment_t *s, ngx_hl7_message_t *m,
    ngx_hl7_span_t *segment)
{
    u_char      *start, *p, *end, *last;
    ngx_uint_t   i, n, set;

    start = m->start + segment->start;
    end = start + segment->len;

    for (i = 0, set = 0; i < 8; i++) {
        set |= s->fields[i];
    }

    if (set == 0) {
        s->all = 1;
        ngx_canonical_unmapped_add_field(u, start, 0);
        return;
    }

    p = ngx_hl7_find(m, start, end, m->delimiters.field);

    for (n = ngx_hl7_segment_is_header(m, segment) ? 2 : 1; p < end; n++) {
        last = ngx_hl7_find(m, p + 1, end, m->delimiters.field);

        if (last - p > 1 && n < 256 && !ngx_canonical_read_field(s, n)) {
            ngx_canonical_unmapped_set(s, n);
            ngx_canonical_unmapped_add_field(u, start, n);
        }

        p = last;
    }
}


static void
ngx_canonical_unmapped_add_field(ngx_canonical_unmapped_t *u, u_char *name,
    ngx_uint_t field)
{
    u_char  text[8], *p;

    p = ngx_canonical_unmapped_clean(text, name, 3);

    if (field) {
        *p++ = '-';

        if (field >= 100) {
            *p++ = '0' + field / 100;
        }

        if (field >= 10) {
            *p++ = '0' + field / 10 % 10;
        }

        *p++ = '0' + field % 10;
    }

    ngx_canonical_unmapped_add(u, text, p - text);
}


static ngx_int_t
ngx_canonical_unmapped_tree(ngx_canonical_unmapped_t *u,
    ngx_canonical_node_t *root)
{
    ngx_uint_t               i;
    ngx_canonical_branch_t   top, *b;

    /* those that choose the map */

    static ngx_str_t  known[] = {
        ngx_string("type"), ngx_string("map"), ngx_string("key")
    };

    ngx_memzero(&top, sizeof(ngx_canonical_branch_t));

    for (i = 0; i < u->nmaps; i++) {
        if (ngx_canonical_unmapped_chains(u, &top, u->maps[i]->reads, i + 1)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    for (i = 0; i < 3; i++) {

        if (u->maps[0]->from != NGX_CANONICAL_FROM_CANONICAL) {
            break;
        }

        b = ngx_canonical_unmapped_grow(u, &top, &known[i]);
        if (b == NULL) {
            return NGX_ERROR;
        }

        b->done = 1;
    }

    return ngx_canonical_unmapped_members(u, &top, root, root->type);
}


/* what a map reads ends where none of its chains goes on */

static ngx_int_t
ngx_canonical_unmapped_chains(ngx_canonical_unmapped_t *u,
    ngx_canonical_branch_t *root, ngx_canonical_reads_t *reads, ngx_uint_t map)
{
    ngx_uint_t               i, last;
    ngx_canonical_branch_t  *b;

    for (last = 0; last <= 1; last++) {

        for (i = 0; i < reads->nchains; i++) {
            b = ngx_canonical_unmapped_chain(u, root, &reads->chains[i], map);
            if (b == NULL) {
                return NGX_ERROR;
            }

            if (last && b->way != map) {
                b->done = 1;
            }
        }
    }

    return NGX_OK;
}


static ngx_canonical_branch_t *
ngx_canonical_unmapped_chain(ngx_canonical_unmapped_t *u,
    ngx_canonical_branch_t *b, ngx_str_t *chain, ngx_uint_t map)
{
    u_char     *p, *end;
    ngx_str_t   name;

    p = chain->data;
    end = p + chain->len;

    while (b && p < end) {
        b->way = map;

        name.data = p;

        while (p < end && *p != '.') {
            p++;
        }

        name.len = p - name.data;

        b = ngx_canonical_unmapped_grow(u, b, &name);

        p++;
    }

    return b;
}


static ngx_canonical_branch_t *
ngx_canonical_unmapped_branch(ngx_canonical_branch_t *b, ngx_str_t *name)
{
    for (b = b->first; b; b = b->next) {
        if (b->name.len == name->len
            && ngx_memcmp(b->name.data, name->data, name->len) == 0)
        {
            break;
        }
    }

    return b;
}


static ngx_canonical_branch_t *
ngx_canonical_unmapped_grow(ngx_canonical_unmapped_t *u,
    ngx_canonical_branch_t *b, ngx_str_t *name)
{
    ngx_canonical_branch_t  *child;

    child = ngx_canonical_unmapped_branch(b, name);

    if (child == NULL) {
        child = ngx_canonical_zalloc(u->arena, sizeof(ngx_canonical_branch_t));

        if (child) {
            child->name = *name;
            child->parent = b;
            child->next = b->first;
            b->first = child;
        }
    }

    return child;
}


/* goes down as far as the chains do; "type" is that of the elements */

static ngx_int_t
ngx_canonical_unmapped_members(ngx_canonical_unmapped_t *u,
    ngx_canonical_branch_t *b, ngx_canonical_node_t *node, ngx_uint_t type)
{
    ngx_int_t              rc;
    ngx_canonical_node_t  *child;

    if (node->kind < NGX_CANONICAL_OBJECT) {
        return NGX_OK;
    }

    if (node->type) {
        type = node->type;
    }

    for (child = node->first; child && !u->full; child = child->next) {

        rc = (node->kind == NGX_CANONICAL_OBJECT)
             ? ngx_canonical_unmapped_member(u, b, child, type)
             : ngx_canonical_unmapped_members(u, b, child, type);

        if (rc != NGX_OK) {
            return rc;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_canonical_unmapped_member(ngx_canonical_unmapped_t *u,
    ngx_canonical_branch_t *b, ngx_canonical_node_t *node, ngx_uint_t type)
{
    ngx_str_t                name;
    ngx_fhir_element_t      *element;
    ngx_canonical_branch_t  *child;

    name.data = node->name;
    name.len = node->name_len;

    child = ngx_canonical_unmapped_branch(b, &name);
    element = NULL;

    if (u->fhir && ngx_canonical_unmapped_is_header(&name, type)) {
        return NGX_OK;
    }

    if (u->fhir && type) {
        element = ngx_fhir_element(type, name.data, name.len);

        /* valueQuantity is asked for by "value" */

        if (child == NULL && element) {
            child = ngx_canonical_unmapped_branch(b, &element->name);
        }
    }

    if (child && (child->done || child->first)) {

        if (child->done) {
            return NGX_OK;
        }

        return ngx_canonical_unmapped_members(u, child, node,
                                              element ? element->type : 0);
    }

    child = ngx_canonical_unmapped_grow(u, b, &name);
    if (child == NULL) {
        return NGX_ERROR;
    }

    child->done = 1;
    ngx_canonical_unmapped_add_path(u, child);

    return NGX_OK;
}


/* what all resources have, and nothing of what they say */

static ngx_uint_t
ngx_canonical_unmapped_is_header(ngx_str_t *name, ngx_uint_t type)
{
    ngx_uint_t  i;

    static ngx_str_t  header[] = {
        ngx_string("id"), ngx_string("resourceType"), ngx_string("meta"),
        ngx_string("text")
    };

    for (i = 0; i < 4; i++) {

        if (name->len == header[i].len
            && ngx_memcmp(name->data, header[i].data, name->len) == 0)
        {
            /* elements have ids as well */

            return i == 0 || ngx_fhir_type_is_resource(type);
        }
    }

    return 0;
}


/* written from its end */

static void
ngx_canonical_unmapped_add_path(ngx_canonical_unmapped_t *u,
    ngx_canonical_branch_t *b)
{
    u_char                  *p, text[NGX_CANONICAL_UNMAPPED_NAME * 8];
    size_t                   len;
    ngx_canonical_branch_t  *up;

    p = text + sizeof(text);

    for (up = b; up->parent; up = up->parent) {
        len = ngx_min(up->name.len, NGX_CANONICAL_UNMAPPED_NAME);

        if ((size_t) (p - text) < len + 1) {
            u->full = 1;
            return;
        }

        if (up != b) {
            *--p = '.';
        }

        p -= len;
        (void) ngx_canonical_unmapped_clean(p, up->name.data, len);
    }

    ngx_canonical_unmapped_add(u, p, text + sizeof(text) - p);
}


static void
ngx_canonical_unmapped_add(ngx_canonical_unmapped_t *u, u_char *text,
    size_t len)
{
    size_t  comma;

    comma = (u->pos == u->start) ? 0 : 1;

    if ((size_t) (u->end - u->pos) < len + comma) {
        u->full = 1;
        return;
    }

    if (comma) {
        *u->pos++ = ',';
    }

    u->pos = ngx_cpymem(u->pos, text, len);
}


/* names of the body: they may be anything */

static u_char *
ngx_canonical_unmapped_clean(u_char *p, u_char *name, size_t len)
{
    size_t  i;
    u_char  ch;

    for (i = 0; i < len; i++) {
        ch = name[i];

        *p++ = ((ch >= 'A' && ch <= 'Z') || (ch >= 'a' && ch <= 'z')
                || (ch >= '0' && ch <= '9') || ch == '_' || ch == '-')
               ? ch : '?';
    }

    return p;
}
