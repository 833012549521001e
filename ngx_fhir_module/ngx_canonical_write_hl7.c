
/*
 * A tree as an HL7 v2 message: see ngx_canonical_write.h.
 *
 * The values of a segment are collected with their positions, put in order
 * and written with as many delimiters as lie between two of them.
 *
 * Source: HL7 v2.9.1 §2.5 to §2.7, §2.14.9 (MSH).
 */

#include "ngx_canonical_write.h"
#include "ngx_hl7_text.h"


#define NGX_CANONICAL_HL7_MAX   512      /* a field, a component... */
#define NGX_CANONICAL_HL7_REPS  65535

#define NGX_CANONICAL_HL7_NULL  "\"\""
#define NGX_CANONICAL_HL7_BR    "\\.br\\"

/* a text that would be HL7's null, by its bytes */
#define NGX_CANONICAL_HL7_TWO   "\\X2222\\"


/* 0: not given */

typedef struct {
    uint16_t                     field;
    uint16_t                     repetition;
    uint16_t                     component;
    uint16_t                     subcomponent;
} ngx_canonical_position_t;


typedef struct {
    ngx_canonical_position_t     at;
    uint32_t                     len;
    uint8_t                      raw;        /* goes out as it is */
    u_char                      *data;
} ngx_canonical_value_t;


typedef struct {
    u_char                      *name;
    ngx_uint_t                   first;      /* of its values */
    ngx_uint_t                   last;       /* behind them */
} ngx_canonical_segment_t;


typedef struct {
    ngx_canonical_arena_t       *arena;
    const char                  *why;

    ngx_canonical_segment_t     *segments;
    ngx_uint_t                   nsegments;

    ngx_canonical_value_t       *values;     /* of all segments */
    ngx_uint_t                   nvalues;
    ngx_uint_t                   size;
    ngx_uint_t                   wide;       /* a byte beyond ASCII */

    u_char                      *out;        /* NULL: bytes are counted */
    size_t                       len;
} ngx_canonical_write_hl7_t;


static ngx_int_t ngx_canonical_hl7_segments(ngx_canonical_write_hl7_t *w,
    ngx_canonical_node_t *root, ngx_canonical_msh_t *msh);
static ngx_uint_t ngx_canonical_hl7_is_name(ngx_canonical_node_t *node);
static ngx_int_t ngx_canonical_hl7_segment(ngx_canonical_write_hl7_t *w,
    ngx_canonical_segment_t *segment, ngx_canonical_node_t *node);
static ngx_int_t ngx_canonical_hl7_collect(ngx_canonical_write_hl7_t *w,
    ngx_canonical_position_t at, ngx_canonical_node_t *node);
static ngx_int_t ngx_canonical_hl7_members(ngx_canonical_write_hl7_t *w,
    ngx_canonical_position_t at, ngx_canonical_node_t *node);
static ngx_int_t ngx_canonical_hl7_repetitions(ngx_canonical_write_hl7_t *w,
    ngx_canonical_position_t at, ngx_canonical_node_t *node);
static ngx_int_t ngx_canonical_hl7_path(ngx_canonical_position_t *at,
    ngx_canonical_node_t *node);
static ngx_int_t ngx_canonical_hl7_number(u_char **pos, u_char *end);
static ngx_int_t ngx_canonical_hl7_add(ngx_canonical_write_hl7_t *w,
    ngx_canonical_position_t *at, ngx_str_t *text, ngx_uint_t raw);
static ngx_int_t ngx_canonical_hl7_sort(ngx_canonical_write_hl7_t *w,
    ngx_canonical_segment_t *segment);
static int ngx_canonical_hl7_cmp(const void *one, const void *two);
static ngx_uint_t ngx_canonical_hl7_conflict(ngx_canonical_position_t *a,
    ngx_canonical_position_t *b);

static ngx_int_t ngx_canonical_hl7_msh(ngx_canonical_write_hl7_t *w,
    ngx_canonical_node_t *node, ngx_canonical_msh_t *msh);
static ngx_int_t ngx_canonical_hl7_given(ngx_canonical_write_hl7_t *w);
static ngx_int_t ngx_canonical_hl7_type(ngx_canonical_write_hl7_t *w,
    ngx_str_t *type);
static ngx_int_t ngx_canonical_hl7_charset(ngx_canonical_write_hl7_t *w);
static ngx_int_t ngx_canonical_hl7_ours(ngx_canonical_write_hl7_t *w,
    ngx_uint_t field, ngx_str_t *text, ngx_uint_t raw);
static ngx_canonical_value_t *ngx_canonical_hl7_find(
    ngx_canonical_write_hl7_t *w, ngx_uint_t field);

static void ngx_canonical_hl7_message(ngx_canonical_write_hl7_t *w);
static void ngx_canonical_hl7_go(ngx_canonical_write_hl7_t *w,
    ngx_canonical_position_t *from, ngx_canonical_position_t *to);
static void ngx_canonical_hl7_fill(ngx_canonical_write_hl7_t *w, u_char ch,
    ngx_int_t n);
static void ngx_canonical_hl7_value(ngx_canonical_write_hl7_t *w,
    ngx_canonical_value_t *value);
static void ngx_canonical_hl7_text(ngx_canonical_write_hl7_t *w, u_char *p,
    u_char *end);
static void ngx_canonical_hl7_put(ngx_canonical_write_hl7_t *w,
    const void *p, size_t len);
static ngx_int_t ngx_canonical_hl7_decline(ngx_canonical_write_hl7_t *w,
    const char *why);


static ngx_hl7_delimiters_t  ngx_canonical_hl7_delimiters = {
    '|', '^', '~', '\\', '&', 0, 4
};


static ngx_str_t  ngx_canonical_hl7_null =
    ngx_string(NGX_CANONICAL_HL7_NULL);
static ngx_str_t  ngx_canonical_hl7_production = ngx_string("P");
static ngx_str_t  ngx_canonical_hl7_utf8 = ngx_string("UNICODE UTF-8");


ngx_int_t
ngx_canonical_write_hl7(ngx_canonical_arena_t *a, ngx_canonical_node_t *root,
    ngx_canonical_msh_t *msh, ngx_str_t *out, const char **why)
{
    ngx_int_t                  rc;
    ngx_canonical_write_hl7_t  w;

    ngx_memzero(&w, sizeof(ngx_canonical_write_hl7_t));

    w.arena = a;

    rc = ngx_canonical_hl7_segments(&w, root, msh);

    if (rc != NGX_OK) {
        *why = w.why;
        return rc;
    }

    ngx_canonical_hl7_message(&w);

    out->len = w.len;
    out->data = ngx_canonical_bytes(a, w.len);

    if (out->data == NULL) {
        return NGX_ERROR;
    }

    w.out = out->data;
    w.len = 0;

    ngx_canonical_hl7_message(&w);

    return NGX_OK;
}


static ngx_int_t
ngx_canonical_hl7_segments(ngx_canonical_write_hl7_t *w,
    ngx_canonical_node_t *root, ngx_canonical_msh_t *msh)
{
    ngx_int_t              rc;
    ngx_uint_t             n;
    ngx_canonical_node_t  *node, *header;

    if (root->kind != NGX_CANONICAL_ARRAY) {
        return ngx_canonical_hl7_decline(w, "a message is an array of "
                                            "segments");
    }

    n = 1;

    for (node = root->first; node; node = node->next) {
        n++;
    }

    w->segments = ngx_canonical_alloc(w->arena,
                                      n * sizeof(ngx_canonical_segment_t));
    if (w->segments == NULL) {
        return NGX_ERROR;
    }

    /* MSH is the first one, and is made when the others are known */

    w->nsegments = 1;

    header = NULL;

    for (node = root->first; node; node = node->next) {

        if (node->kind != NGX_CANONICAL_OBJECT
            || !ngx_canonical_hl7_is_name(node))
        {
            return ngx_canonical_hl7_decline(w, "not a segment");
        }

        if (ngx_memcmp(node->name, "MSH", 3) == 0) {

            if (node != root->first) {
                return ngx_canonical_hl7_decline(w, "MSH is not the first "
                                                    "segment");
            }

            header = node;
            continue;
        }

        rc = ngx_canonical_hl7_segment(w, &w->segments[w->nsegments++], node);

        if (rc != NGX_OK) {
            return rc;
        }
    }

    return ngx_canonical_hl7_msh(w, header, msh);
}


/* those of a batch have delimiters of their own, and are no message */

static ngx_uint_t
ngx_canonical_hl7_is_name(ngx_canonical_node_t *node)
{
    u_char      ch;
    ngx_uint_t  i;

    if (node->name_len != 3) {
        return 0;
    }

    for (i = 0; i < 3; i++) {
        ch = node->name[i];

        if (!(ch >= 'A' && ch <= 'Z')
            && !(i && ch >= '0' && ch <= '9'))
        {
            return 0;
        }
    }

    return ngx_memcmp(node->name, "BHS", 3) != 0
           && ngx_memcmp(node->name, "FHS", 3) != 0;
}


static ngx_int_t
ngx_canonical_hl7_segment(ngx_canonical_write_hl7_t *w,
    ngx_canonical_segment_t *segment, ngx_canonical_node_t *node)
{
    ngx_int_t                 rc;
    ngx_canonical_position_t  at;

    ngx_memzero(&at, sizeof(ngx_canonical_position_t));

    segment->name = node->name;
    segment->first = w->nvalues;

    rc = ngx_canonical_hl7_members(w, at, node);

    if (rc != NGX_OK) {
        return rc;
    }

    return ngx_canonical_hl7_sort(w, segment);
}


/* calls itself four times at most: each member goes into a part of "at" */

static ngx_int_t
ngx_canonical_hl7_collect(ngx_canonical_write_hl7_t *w,
    ngx_canonical_position_t at, ngx_canonical_node_t *node)
{
    ngx_str_t  text;

    switch (node->kind) {

    case NGX_CANONICAL_OBJECT:
        return ngx_canonical_hl7_members(w, at, node);

    case NGX_CANONICAL_ARRAY:
        return ngx_canonical_hl7_repetitions(w, at, node);

    case NGX_CANONICAL_NULL:
        return ngx_canonical_hl7_add(w, &at, &ngx_canonical_hl7_null, 1);

    case NGX_CANONICAL_NONE:
        return NGX_OK;

    default:
        text.data = node->data;
        text.len = node->len;

        return ngx_canonical_hl7_add(w, &at, &text, 0);
    }
}


static ngx_int_t
ngx_canonical_hl7_members(ngx_canonical_write_hl7_t *w,
    ngx_canonical_position_t at, ngx_canonical_node_t *node)
{
    ngx_int_t                 rc;
    ngx_canonical_node_t     *member;
    ngx_canonical_position_t  position;

    for (member = node->first; member; member = member->next) {
        position = at;

        if (ngx_canonical_hl7_path(&position, member) != NGX_OK) {
            return ngx_canonical_hl7_decline(w, "not the number of a field or "
                                                "of a part of it");
        }

        rc = ngx_canonical_hl7_collect(w, position, member);

        if (rc != NGX_OK) {
            return rc;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_canonical_hl7_repetitions(ngx_canonical_write_hl7_t *w,
    ngx_canonical_position_t at, ngx_canonical_node_t *node)
{
    ngx_int_t              rc;
    ngx_canonical_node_t  *element;

    if (at.component || at.repetition) {
        return ngx_canonical_hl7_decline(w, "only a field can repeat");
    }

    for (element = node->first; element; element = element->next) {

        if (at.repetition++ == NGX_CANONICAL_HL7_REPS) {
            return ngx_canonical_hl7_decline(w, "too many repetitions");
        }

        rc = ngx_canonical_hl7_collect(w, at, element);

        if (rc != NGX_OK) {
            return rc;
        }
    }

    return NGX_OK;
}


/* "3", "3.4" or "3.4.2", from what "at" has not got yet */

static ngx_int_t
ngx_canonical_hl7_path(ngx_canonical_position_t *at,
    ngx_canonical_node_t *node)
{
    u_char     *p, *end;
    ngx_int_t   n;

    p = node->name;
    end = p + node->name_len;

    for ( ;; ) {
        n = ngx_canonical_hl7_number(&p, end);

        if (n == 0) {
            return NGX_DECLINED;
        }

        if (at->field == 0) {
            at->field = n;

        } else if (at->component == 0) {
            at->component = n;

        } else if (at->subcomponent == 0) {
            at->subcomponent = n;

        } else {
            return NGX_DECLINED;
        }

        if (p == end) {
            return NGX_OK;
        }

        if (*p++ != '.') {
            return NGX_DECLINED;
        }
    }
}


/* 0: none, or too large */

static ngx_int_t
ngx_canonical_hl7_number(u_char **pos, u_char *end)
{
    u_char     *p;
    ngx_int_t   n;

    n = 0;

    for (p = *pos; p < end && *p >= '0' && *p <= '9'; p++) {
        n = n * 10 + (*p - '0');

        if (n == 0 || n > NGX_CANONICAL_HL7_MAX) {
            return 0;
        }
    }

    *pos = p;

    return n;
}


static ngx_int_t
ngx_canonical_hl7_add(ngx_canonical_write_hl7_t *w,
    ngx_canonical_position_t *at, ngx_str_t *text, ngx_uint_t raw)
{
    size_t                  i;
    ngx_uint_t              size;
    ngx_canonical_value_t  *value;

    if (w->nvalues == w->size) {
        size = w->size ? w->size * 2 : 64;

        value = ngx_canonical_alloc(w->arena,
                                    size * sizeof(ngx_canonical_value_t));
        if (value == NULL) {
            return NGX_ERROR;
        }

        if (w->nvalues) {
            ngx_memcpy(value, w->values,
                       w->nvalues * sizeof(ngx_canonical_value_t));
        }

        w->values = value;
        w->size = size;
    }

    for (i = 0; i < text->len && !w->wide; i++) {
        w->wide = (text->data[i] > 0x7f);
    }

    value = &w->values[w->nvalues++];

    value->at = *at;
    value->data = text->data;
    value->len = (uint32_t) text->len;
    value->raw = raw;

    if (value->at.repetition == 0) {
        value->at.repetition = 1;
    }

    return NGX_OK;
}


/* the segment's values are the last ones */

static ngx_int_t
ngx_canonical_hl7_sort(ngx_canonical_write_hl7_t *w,
    ngx_canonical_segment_t *segment)
{
    ngx_uint_t              i, n, sorted;
    ngx_canonical_value_t  *values;

    segment->last = w->nvalues;

    n = segment->last - segment->first;

    if (n < 2) {
        return NGX_OK;
    }

    values = w->values + segment->first;
    sorted = 1;

    for (i = 1; i < n && sorted; i++) {
        sorted = (ngx_canonical_hl7_cmp(&values[i - 1], &values[i]) <= 0);
    }

    if (!sorted) {
        qsort(values, n, sizeof(ngx_canonical_value_t), ngx_canonical_hl7_cmp);
    }

    for (i = 1; i < n; i++) {
        if (ngx_canonical_hl7_conflict(&values[i - 1].at, &values[i].at)) {
            return ngx_canonical_hl7_decline(w, "a field that is given twice");
        }
    }

    return NGX_OK;
}


static int
ngx_canonical_hl7_cmp(const void *one, const void *two)
{
    const ngx_canonical_position_t  *a, *b;

    a = &((const ngx_canonical_value_t *) one)->at;
    b = &((const ngx_canonical_value_t *) two)->at;

    if (a->field != b->field) {
        return a->field - b->field;
    }

    if (a->repetition != b->repetition) {
        return a->repetition - b->repetition;
    }

    if (a->component != b->component) {
        return a->component - b->component;
    }

    return a->subcomponent - b->subcomponent;
}


/* whether both say what a place holds; "a" is not behind "b" */

static ngx_uint_t
ngx_canonical_hl7_conflict(ngx_canonical_position_t *a,
    ngx_canonical_position_t *b)
{
    if (a->field != b->field || a->repetition != b->repetition) {
        return 0;
    }

    if (a->component == 0) {
        return 1;
    }

    return a->component == b->component
           && (a->subcomponent == 0 || a->subcomponent == b->subcomponent);
}


static ngx_int_t
ngx_canonical_hl7_msh(ngx_canonical_write_hl7_t *w,
    ngx_canonical_node_t *node, ngx_canonical_msh_t *msh)
{
    ngx_int_t                  rc;
    ngx_canonical_segment_t   *segment;
    ngx_canonical_position_t   at;

    segment = w->segments;

    segment->name = (u_char *) "MSH";
    segment->first = w->nvalues;

    if (node) {
        ngx_memzero(&at, sizeof(ngx_canonical_position_t));

        rc = ngx_canonical_hl7_members(w, at, node);

        if (rc == NGX_OK) {
            rc = ngx_canonical_hl7_given(w);
        }

        if (rc != NGX_OK) {
            return rc;
        }
    }

    if (ngx_canonical_hl7_ours(w, 7, &msh->time, 0) != NGX_OK
        || ngx_canonical_hl7_ours(w, 10, &msh->control_id, 0) != NGX_OK
        || ngx_canonical_hl7_ours(w, 11, &ngx_canonical_hl7_production, 0)
           != NGX_OK
        || ngx_canonical_hl7_ours(w, 12, &msh->version, 0) != NGX_OK)
    {
        return NGX_ERROR;
    }

    rc = ngx_canonical_hl7_type(w, &msh->type);

    if (rc == NGX_OK && w->wide) {
        rc = ngx_canonical_hl7_charset(w);
    }

    if (rc != NGX_OK) {
        return rc;
    }

    return ngx_canonical_hl7_sort(w, segment);
}


/* what the tree says of MSH */

static ngx_int_t
ngx_canonical_hl7_given(ngx_canonical_write_hl7_t *w)
{
    if (ngx_canonical_hl7_find(w, 1) || ngx_canonical_hl7_find(w, 2)
        || ngx_canonical_hl7_find(w, 9))
    {
        return ngx_canonical_hl7_decline(w, "MSH-1, MSH-2 and MSH-9 cannot "
                                            "be set");
    }

    return NGX_OK;
}


static ngx_int_t
ngx_canonical_hl7_type(ngx_canonical_write_hl7_t *w, ngx_str_t *type)
{
    u_char  ch, c;
    size_t  i;

    for (i = 0; i < type->len; i++) {
        ch = type->data[i];
        c = ch | 0x20;

        if (!(c >= 'a' && c <= 'z') && !(ch >= '0' && ch <= '9')
            && ch != '_' && ch != '^')
        {
            return ngx_canonical_hl7_decline(w, "not a message type");
        }
    }

    return ngx_canonical_hl7_ours(w, 9, type, 1);
}


static ngx_int_t
ngx_canonical_hl7_charset(ngx_canonical_write_hl7_t *w)
{
    ngx_canonical_value_t  *value;

    value = ngx_canonical_hl7_find(w, 18);

    if (value == NULL) {
        return ngx_canonical_hl7_ours(w, 18, &ngx_canonical_hl7_utf8, 0);
    }

    if (value->len != ngx_canonical_hl7_utf8.len
        || ngx_memcmp(value->data, ngx_canonical_hl7_utf8.data, value->len)
           != 0)
    {
        return ngx_canonical_hl7_decline(w, "MSH-18 is not UNICODE UTF-8");
    }

    return NGX_OK;
}


static ngx_int_t
ngx_canonical_hl7_ours(ngx_canonical_write_hl7_t *w, ngx_uint_t field,
    ngx_str_t *text, ngx_uint_t raw)
{
    ngx_canonical_position_t  at;

    if (ngx_canonical_hl7_find(w, field)) {
        return NGX_OK;
    }

    ngx_memzero(&at, sizeof(ngx_canonical_position_t));

    at.field = field;

    return ngx_canonical_hl7_add(w, &at, text, raw);
}


/* the first value of this field of MSH */

static ngx_canonical_value_t *
ngx_canonical_hl7_find(ngx_canonical_write_hl7_t *w, ngx_uint_t field)
{
    ngx_uint_t  i;

    for (i = w->segments[0].first; i < w->nvalues; i++) {
        if (w->values[i].at.field == field) {
            return &w->values[i];
        }
    }

    return NULL;
}


static void
ngx_canonical_hl7_message(ngx_canonical_write_hl7_t *w)
{
    ngx_uint_t                 i, v;
    ngx_canonical_value_t     *value;
    ngx_canonical_segment_t   *segment;
    ngx_canonical_position_t   at;

    for (i = 0; i < w->nsegments; i++) {
        segment = &w->segments[i];

        ngx_memzero(&at, sizeof(ngx_canonical_position_t));

        ngx_canonical_hl7_put(w, segment->name, 3);

        if (i == 0) {
            ngx_canonical_hl7_put(w, "|^~\\&", 5);
            at.field = 2;
        }

        for (v = segment->first; v < segment->last; v++) {
            value = &w->values[v];

            /* nothing has to be written for an empty one */

            if (value->len) {
                ngx_canonical_hl7_go(w, &at, &value->at);
                ngx_canonical_hl7_value(w, value);

                at = value->at;
            }
        }

        ngx_canonical_hl7_put(w, "\r", 1);
    }
}


/* the delimiters between two values; what is not given is the first one */

static void
ngx_canonical_hl7_go(ngx_canonical_write_hl7_t *w,
    ngx_canonical_position_t *from, ngx_canonical_position_t *to)
{
    ngx_int_t  repetition, component, subcomponent;

    repetition = 1;
    component = 1;
    subcomponent = 1;

    if (to->field == from->field) {
        repetition = from->repetition;

        if (to->repetition == from->repetition) {
            component = ngx_max(from->component, 1);

            if (to->component == from->component) {
                subcomponent = ngx_max(from->subcomponent, 1);
            }
        }
    }

    ngx_canonical_hl7_fill(w, '|', to->field - from->field);
    ngx_canonical_hl7_fill(w, '~', to->repetition - repetition);
    ngx_canonical_hl7_fill(w, '^', to->component - component);
    ngx_canonical_hl7_fill(w, '&', to->subcomponent - subcomponent);
}


static void
ngx_canonical_hl7_fill(ngx_canonical_write_hl7_t *w, u_char ch, ngx_int_t n)
{
    for ( /* void */ ; n > 0; n--) {
        ngx_canonical_hl7_put(w, &ch, 1);
    }
}


static void
ngx_canonical_hl7_value(ngx_canonical_write_hl7_t *w,
    ngx_canonical_value_t *value)
{
    u_char  *p, *end, *lf;

    if (value->raw) {
        ngx_canonical_hl7_put(w, value->data, value->len);
        return;
    }

    if (value->len == 2
        && ngx_memcmp(value->data, NGX_CANONICAL_HL7_NULL, 2) == 0)
    {
        ngx_canonical_hl7_put(w, NGX_CANONICAL_HL7_TWO,
                              sizeof(NGX_CANONICAL_HL7_TWO) - 1);
        return;
    }

    p = value->data;
    end = p + value->len;

    for ( ;; ) {
        lf = memchr(p, LF, end - p);

        if (lf == NULL) {
            ngx_canonical_hl7_text(w, p, end);
            return;
        }

        ngx_canonical_hl7_text(w, p, (lf > p && lf[-1] == CR) ? lf - 1 : lf);
        ngx_canonical_hl7_put(w, NGX_CANONICAL_HL7_BR,
                              sizeof(NGX_CANONICAL_HL7_BR) - 1);

        p = lf + 1;
    }
}


static void
ngx_canonical_hl7_text(ngx_canonical_write_hl7_t *w, u_char *p, u_char *end)
{
    u_char     *last;
    ngx_str_t   text;

    if (w->out) {
        text.data = p;
        text.len = end - p;

        last = ngx_hl7_escape(&ngx_canonical_hl7_delimiters, &text,
                              w->out + w->len);

        w->len = last - w->out;
        return;
    }

    for ( /* void */ ; p < end; p++) {
        w->len += (*p == '|' || *p == '^' || *p == '~' || *p == '\\'
                   || *p == '&') ? NGX_HL7_ESCAPE_MAX : 1;
    }
}


static void
ngx_canonical_hl7_put(ngx_canonical_write_hl7_t *w, const void *p, size_t len)
{
    if (w->out) {
        ngx_memcpy(w->out + w->len, p, len);
    }

    w->len += len;
}


static ngx_int_t
ngx_canonical_hl7_decline(ngx_canonical_write_hl7_t *w, const char *why)
{
    w->why = why;

    return NGX_DECLINED;
}
