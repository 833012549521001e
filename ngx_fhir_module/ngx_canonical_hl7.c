
/*
 * Values of an HL7 v2 message by the paths of a map: see the header.
 */

#include "ngx_canonical_hl7_private.h"
#include "ngx_hl7_segment.h"


/* the repetition that a path names, itself or by a component of it */
#define ngx_canonical_hl7_which(p)                                            \
    ((p)->path.component ? (p)->whole.repetition : (p)->path.repetition)

/* three characters: A-Z, then A-Z and 0-9 */
#define NGX_CANONICAL_HL7_ALL  (26 * 36 * 36)


static ngx_canonical_hl7_name_t *ngx_canonical_hl7_lookup(
    ngx_canonical_hl7_t *hl7, ngx_uint_t name);
static ngx_uint_t ngx_canonical_hl7_ordinal(ngx_uint_t name);
static ngx_uint_t ngx_canonical_hl7_name_of(ngx_hl7_message_t *m,
    uint32_t segment);
static ngx_int_t ngx_canonical_hl7_spread(ngx_canonical_hl7_t *hl7);

static ngx_uint_t ngx_canonical_hl7_is_with(ngx_uint_t *with, ngx_uint_t name);
static uint32_t ngx_canonical_hl7_from(ngx_canonical_hl7_t *hl7,
    ngx_uint_t name, uint32_t from);
static uint32_t ngx_canonical_hl7_where(ngx_canonical_hl7_path_t *path,
    ngx_canonical_hl7_t *hl7, uint32_t i, uint32_t end);

static ngx_canonical_hl7_scope_t *ngx_canonical_hl7_repeated(
    ngx_canonical_hl7_scope_t *scope);
static ngx_hl7_state_e ngx_canonical_hl7_first(ngx_hl7_message_t *m, u_char a,
    u_char b, ngx_str_t *value);
static ngx_hl7_state_e ngx_canonical_hl7_filter(
    ngx_canonical_hl7_path_t *path, ngx_hl7_message_t *m, ngx_str_t *value);

static ngx_uint_t ngx_canonical_hl7_is_ascii(u_char *p, u_char *end);
static ngx_int_t ngx_canonical_hl7_utf8(ngx_canonical_hl7_t *hl7,
    ngx_str_t *text);

static ngx_uint_t ngx_canonical_hl7_occurrence(ngx_canonical_hl7_t *hl7,
    uint32_t segment);
static ngx_uint_t ngx_canonical_hl7_number_of(ngx_canonical_hl7_t *hl7,
    ngx_canonical_hl7_value_t *value, ngx_uint_t field);


static ngx_hl7_delimiters_t  ngx_canonical_hl7_no_delimiters;


/* from the last one on: each one becomes the first one of its name */

ngx_int_t
ngx_canonical_hl7_init(ngx_canonical_hl7_t *hl7, ngx_hl7_message_t *m,
    ngx_hl7_charset_t *charset, ngx_canonical_arena_t *a)
{
    uint32_t                   i;
    ngx_uint_t                 name;
    ngx_canonical_hl7_name_t  *entry;

    ngx_memzero(hl7, sizeof(ngx_canonical_hl7_t));

    hl7->message = m;
    hl7->charset = charset;
    hl7->arena = a;

    hl7->same = ngx_canonical_alloc(a, (m->nsegments + 1) * sizeof(uint32_t));
    if (hl7->same == NULL) {
        return NGX_ERROR;
    }

    for (i = m->nsegments; i-- > 0; /* void */) {

        hl7->same[i] = NGX_CANONICAL_HL7_NONE;

        name = ngx_canonical_hl7_name_of(m, i);
        if (name == 0) {
            continue;
        }

        entry = ngx_canonical_hl7_lookup(hl7, name);

        if (entry->name) {
            hl7->same[i] = entry->first;

        } else {

            if (hl7->all == NULL
                && hl7->nnames == NGX_CANONICAL_HL7_NAMES * 3 / 4)
            {
                if (ngx_canonical_hl7_spread(hl7) != NGX_OK) {
                    return NGX_ERROR;
                }

                entry = ngx_canonical_hl7_lookup(hl7, name);
            }

            entry->name = name;
            hl7->nnames++;
        }

        entry->first = i;
        entry->next = i;
    }

    return NGX_OK;
}


static ngx_canonical_hl7_name_t *
ngx_canonical_hl7_lookup(ngx_canonical_hl7_t *hl7, ngx_uint_t name)
{
    ngx_uint_t                 i;
    ngx_canonical_hl7_name_t  *entry;

    if (hl7->all) {
        return &hl7->all[ngx_canonical_hl7_ordinal(name)];
    }

    i = ((uint32_t) name * 2654435761U) >> (32 - NGX_CANONICAL_HL7_BITS);

    for ( ;; ) {
        entry = &hl7->names[i];

        if (entry->name == name || entry->name == 0) {
            return entry;
        }

        i = (i + 1) & (NGX_CANONICAL_HL7_NAMES - 1);
    }
}


static ngx_uint_t
ngx_canonical_hl7_ordinal(ngx_uint_t name)
{
    ngx_uint_t  a, b, c;

    a = (name >> 16) & 0xff;
    b = (name >> 8) & 0xff;
    c = name & 0xff;

    b = (b >= 'A') ? b - 'A' : b - '0' + 26;
    c = (c >= 'A') ? c - 'A' : c - '0' + 26;

    return ((a - 'A') * 36 + b) * 36 + c;
}


/* 0: it is none that a path could name */

static ngx_uint_t
ngx_canonical_hl7_name_of(ngx_hl7_message_t *m, uint32_t segment)
{
    u_char           *p;
    ngx_hl7_span_t   *span;

    span = &m->segments[segment];
    p = m->start + span->start;

    if (span->len < 3 || (span->len > 3 && p[3] != m->delimiters.field)) {
        return 0;
    }

    if (p[0] < 'A' || p[0] > 'Z'
        || ((p[1] < 'A' || p[1] > 'Z') && (p[1] < '0' || p[1] > '9'))
        || ((p[2] < 'A' || p[2] > 'Z') && (p[2] < '0' || p[2] > '9')))
    {
        return 0;
    }

    return ngx_hl7_name(p[0], p[1], p[2]);
}


/* so that nobody can make look-ups slow by the names they choose */

static ngx_int_t
ngx_canonical_hl7_spread(ngx_canonical_hl7_t *hl7)
{
    ngx_uint_t                 i;
    ngx_canonical_hl7_name_t  *all, *entry;

    all = ngx_canonical_zalloc(hl7->arena,
                   NGX_CANONICAL_HL7_ALL * sizeof(ngx_canonical_hl7_name_t));
    if (all == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; i < NGX_CANONICAL_HL7_NAMES; i++) {
        entry = &hl7->names[i];

        if (entry->name) {
            all[ngx_canonical_hl7_ordinal(entry->name)] = *entry;
        }
    }

    hl7->all = all;

    return NGX_OK;
}


void
ngx_canonical_hl7_scope(ngx_canonical_hl7_scope_t *scope,
    ngx_canonical_hl7_t *hl7)
{
    ngx_memzero(scope, sizeof(ngx_canonical_hl7_scope_t));

    scope->hl7 = hl7;
    scope->end = hl7->message->nsegments;
}


uint32_t
ngx_canonical_hl7_range(ngx_canonical_hl7_path_t *path,
    ngx_canonical_hl7_scope_t *scope, uint32_t *end)
{
    ngx_uint_t                  given;
    ngx_canonical_hl7_t        *hl7;
    ngx_canonical_hl7_name_t   *entry;
    ngx_canonical_hl7_scope_t  *s;

    hl7 = scope->hl7;
    given = path->occurrence || path->all_segments || path->is.data;

    for (s = scope; s->parent; s = s->parent) {

        if (s->name == path->name
            || (s->name == 0
                && ngx_canonical_hl7_name_of(hl7->message, s->current)
                   == path->name))
        {
            if (given) {
                continue;
            }

            *end = s->current + 1;
            return s->current;
        }

        if (s->with && ngx_canonical_hl7_is_with(s->with, path->name)) {
            *end = s->end;
            return ngx_canonical_hl7_from(hl7, path->name, s->current + 1);
        }
    }

    *end = hl7->message->nsegments;

    entry = ngx_canonical_hl7_lookup(hl7, path->name);

    return entry->name ? entry->first : NGX_CANONICAL_HL7_NONE;
}


static ngx_uint_t
ngx_canonical_hl7_is_with(ngx_uint_t *with, ngx_uint_t name)
{
    for ( /* void */ ; *with; with++) {
        if (*with == name) {
            return 1;
        }
    }

    return 0;
}


/* the first segment of this name that is not before "from" */

static uint32_t
ngx_canonical_hl7_from(ngx_canonical_hl7_t *hl7, ngx_uint_t name,
    uint32_t from)
{
    uint32_t                   i;
    ngx_canonical_hl7_name_t  *entry;

    entry = ngx_canonical_hl7_lookup(hl7, name);

    if (entry->name == 0) {
        return NGX_CANONICAL_HL7_NONE;
    }

    i = (from < entry->from) ? entry->first : entry->next;

    while (i < from) {
        i = hl7->same[i];
    }

    entry->from = from;
    entry->next = i;

    return i;
}


uint32_t
ngx_canonical_hl7_segment(ngx_canonical_hl7_path_t *path,
    ngx_canonical_hl7_scope_t *scope, uint32_t *end)
{
    uint32_t    i;
    ngx_uint_t  n;

    i = ngx_canonical_hl7_range(path, scope, end);

    if (path->is.data) {
        i = ngx_canonical_hl7_where(path, scope->hl7, i, *end);

    } else {
        for (n = path->occurrence; n > 1 && i < *end; n--) {
            i = scope->hl7->same[i];
        }
    }

    return (i < *end) ? i : NGX_CANONICAL_HL7_NONE;
}


static uint32_t
ngx_canonical_hl7_where(ngx_canonical_hl7_path_t *path,
    ngx_canonical_hl7_t *hl7, uint32_t i, uint32_t end)
{
    ngx_canonical_hl7_found_t  *found;

    found = &hl7->found[((uintptr_t) path->is.data >> 4)
                        & (NGX_CANONICAL_HL7_FOUND - 1)];

    if (found->is == path->is.data && found->from == i && found->end == end) {
        return found->segment;
    }

    found->is = path->is.data;
    found->from = i;
    found->end = end;

    while (i < end && !ngx_canonical_hl7_matches(path, hl7, i)) {
        i = hl7->same[i];
    }

    found->segment = i;

    return i;
}


ngx_uint_t
ngx_canonical_hl7_matches(ngx_canonical_hl7_path_t *path,
    ngx_canonical_hl7_t *hl7, uint32_t i)
{
    ngx_str_t           value;
    ngx_hl7_state_e     state;
    ngx_hl7_message_t  *m;

    if (path->is.data == NULL) {
        return 1;
    }

    m = hl7->message;

    state = ngx_hl7_path_get_in(&path->where, m, &m->segments[i], &value);

    return state == NGX_HL7_VALUED && value.len == path->is.len
           && ngx_memcmp(value.data, path->is.data, value.len) == 0;
}


void
ngx_canonical_hl7_get(ngx_canonical_hl7_path_t *path,
    ngx_canonical_hl7_scope_t *scope, ngx_canonical_hl7_value_t *value)
{
    uint32_t  i, end;

    if (path->name == 0) {
        ngx_canonical_hl7_relative(path, scope, value);
        return;
    }

    i = ngx_canonical_hl7_segment(path, scope, &end);

    if (i != NGX_CANONICAL_HL7_NONE) {
        ngx_canonical_hl7_in(path, scope->hl7, i, value);
        return;
    }

    value->state = NGX_HL7_ABSENT;
    value->raw.data = scope->hl7->message->end;
    value->raw.len = 0;
    value->whole = value->raw;
    value->segment = NGX_CANONICAL_HL7_NONE;
    value->repetition = 0;
}


/* the compiler sees to it that there is an "each" over a field */

void
ngx_canonical_hl7_relative(ngx_canonical_hl7_path_t *path,
    ngx_canonical_hl7_scope_t *scope, ngx_canonical_hl7_value_t *value)
{
    ngx_canonical_hl7_scope_t  *s;

    s = ngx_canonical_hl7_repeated(scope);

    value->segment = s->current;
    value->whole = s->repetition;
    value->repetition = s->number;
    value->state = ngx_hl7_state(&s->repetition);

    ngx_canonical_hl7_parts(path, scope->hl7, s->field, value);
}


/* the nearest scope over repetitions */

static ngx_canonical_hl7_scope_t *
ngx_canonical_hl7_repeated(ngx_canonical_hl7_scope_t *scope)
{
    while (scope->name && scope->parent) {
        scope = scope->parent;
    }

    return scope;
}


void
ngx_canonical_hl7_in(ngx_canonical_hl7_path_t *path, ngx_canonical_hl7_t *hl7,
    uint32_t i, ngx_canonical_hl7_value_t *value)
{
    ngx_hl7_path_t     *whole;
    ngx_hl7_span_t     *segment;
    ngx_hl7_message_t  *m;

    m = hl7->message;
    whole = &path->whole;
    segment = &m->segments[i];

    value->segment = i;
    value->repetition = ngx_canonical_hl7_which(path);

    if (whole->field <= 2) {
        value->state = ngx_hl7_path_get_in(whole, m, segment, &value->whole);

    } else {
        value->state = ngx_canonical_hl7_field(m, segment, whole->field,
                                               &value->whole);

        if (value->state == NGX_HL7_ABSENT) {
            value->raw = value->whole;
            return;
        }

        if (whole->filter_component) {
            value->state = ngx_canonical_hl7_filter(path, m, &value->whole);

        } else if (whole->repetition == 1) {
            value->state = ngx_canonical_hl7_first(m, m->delimiters.repetition,
                                                   0, &value->whole);
        } else {
            value->state = ngx_hl7_part(m, &value->whole,
                                        m->delimiters.repetition,
                                        whole->repetition, &value->whole);
        }
    }

    ngx_canonical_hl7_parts(path, hl7, path->path.field, value);
}


ngx_hl7_state_e
ngx_canonical_hl7_field(ngx_hl7_message_t *m, ngx_hl7_span_t *segment,
    ngx_uint_t n, ngx_str_t *value)
{
    u_char           *p, *end;
    ngx_hl7_word_t    w;
    ngx_hl7_match_t   match;

    if (m->multibyte || ngx_hl7_segment_is_header(m, segment)) {
        return ngx_hl7_field(m, segment, n, value);
    }

    p = m->start + segment->start;
    end = p + segment->len;

    for ( /* void */ ; p < end; p += NGX_HL7_WORD) {
        w = ngx_hl7_load(p, end - p);

        for (match = ngx_hl7_match(w, m->delimiters.field); match;
             match &= match - 1)
        {
            if (--n == 0) {
                p += ngx_hl7_first(match) + 1;

                value->data = p;
                value->len = ngx_hl7_find(m, p, end, m->delimiters.field) - p;

                return ngx_hl7_state(value);
            }
        }
    }

    value->data = end;
    value->len = 0;

    return NGX_HL7_ABSENT;
}


/* the first repetition that fits, of the field that *value is */

static ngx_hl7_state_e
ngx_canonical_hl7_filter(ngx_canonical_hl7_path_t *path, ngx_hl7_message_t *m,
    ngx_str_t *value)
{
    ngx_str_t        rest;
    ngx_hl7_state_e  state;

    rest = *value;

    for ( ;; ) {
        state = ngx_hl7_part(m, &rest, m->delimiters.repetition, 1, value);

        if (ngx_canonical_hl7_filtered(path, m, value)) {
            return state;
        }

        if (value->len == rest.len) {
            value->len = 0;
            return NGX_HL7_ABSENT;
        }

        rest.data += value->len + 1;
        rest.len -= value->len + 1;
    }
}


/*
 * Where a receiver expects a simple type, and the sender has components, it
 * takes the first one (HL7 v2.9.1 §2.5.2), and so of subcomponents.
 */

void
ngx_canonical_hl7_parts(ngx_canonical_hl7_path_t *path,
    ngx_canonical_hl7_t *hl7, ngx_uint_t field,
    ngx_canonical_hl7_value_t *value)
{
    ngx_uint_t             component, subcomponent;
    ngx_hl7_message_t     *m;
    ngx_hl7_delimiters_t  *d;

    m = hl7->message;
    value->raw = value->whole;

    if (field == 0 || value->state == NGX_HL7_ABSENT) {
        return;
    }

    d = ngx_canonical_hl7_delimiters(hl7, value->segment, field);

    component = path->path.component;
    subcomponent = path->path.subcomponent;

    if (component > 1 || subcomponent > 1) {
        value->state = ngx_hl7_part(m, &value->raw, d->component,
                                    ngx_max(component, 1), &value->raw);
    }

    if (value->state == NGX_HL7_ABSENT) {
        return;
    }

    if (subcomponent > 1) {
        value->state = ngx_hl7_part(m, &value->raw, d->subcomponent,
                                    subcomponent, &value->raw);
        return;
    }

    value->state = ngx_canonical_hl7_first(m, d->component, d->subcomponent,
                                           &value->raw);
}


/* cuts a value before the first of these delimiters, 0 is none */

static ngx_hl7_state_e
ngx_canonical_hl7_first(ngx_hl7_message_t *m, u_char a, u_char b,
    ngx_str_t *value)
{
    u_char           *p, *end;
    ngx_hl7_word_t    w;
    ngx_hl7_match_t   match;

    p = value->data;
    end = p + value->len;

    a = a ? a : b;
    b = b ? b : a;

    if (a == 0) {
        return ngx_hl7_state(value);
    }

    if (m->multibyte) {
        end = ngx_hl7_find(m, p, end, a);
        end = ngx_hl7_find(m, p, end, b);
        value->len = end - p;

        return ngx_hl7_state(value);
    }

    /* values are short, and behind them is more of the message */

    for ( /* void */ ; p < end; p += NGX_HL7_WORD) {
        w = ngx_hl7_load(p, m->end - p);
        match = ngx_hl7_match(w, a) | ngx_hl7_match(w, b);

        if (match) {
            p += ngx_hl7_first(match);
            value->len = ngx_min(p, end) - value->data;
            break;
        }
    }

    return ngx_hl7_state(value);
}


ngx_hl7_delimiters_t *
ngx_canonical_hl7_delimiters(ngx_canonical_hl7_t *hl7, uint32_t segment,
    ngx_uint_t field)
{
    ngx_hl7_message_t  *m;

    m = hl7->message;

    if (field <= 2 && ngx_hl7_segment_is_header(m, &m->segments[segment])) {
        return &ngx_canonical_hl7_no_delimiters;
    }

    return &m->delimiters;
}


ngx_uint_t
ngx_canonical_hl7_filtered(ngx_canonical_hl7_path_t *path,
    ngx_hl7_message_t *m, ngx_str_t *repetition)
{
    ngx_str_t        part;
    ngx_hl7_state_e  state;

    if (path->path.filter_component == 0) {
        return 1;
    }

    state = ngx_hl7_part(m, repetition, m->delimiters.component,
                         path->path.filter_component, &part);

    if (state != NGX_HL7_ABSENT && path->path.filter_subcomponent) {
        state = ngx_hl7_part(m, &part, m->delimiters.subcomponent,
                             path->path.filter_subcomponent, &part);
    }

    return state != NGX_HL7_ABSENT && part.len == path->path.filter.len
           && ngx_memcmp(part.data, path->path.filter.data, part.len) == 0;
}


ngx_int_t
ngx_canonical_hl7_text(ngx_canonical_hl7_t *hl7,
    ngx_canonical_hl7_value_t *value, ngx_str_t *text)
{
    u_char             *p, *last;
    ngx_uint_t          escaped;
    ngx_hl7_message_t  *m;

    m = hl7->message;
    *text = value->raw;

    while (text->len && text->data[text->len - 1] == ' ') {
        text->len--;
    }

    escaped = text->len && m->delimiters.escape
              && memchr(text->data, m->delimiters.escape, text->len) != NULL;

    if (escaped) {
        p = ngx_canonical_bytes(hl7->arena, text->len);
        if (p == NULL) {
            return NGX_ERROR;
        }

        last = ngx_hl7_unescape(m, text, p);

        ngx_canonical_trim(hl7->arena, p + text->len, last);

        text->data = p;
        text->len = last - p;
    }

    /* ISO 2022 has characters of several bytes that are all ASCII */

    if (m->multibyte != NGX_HL7_ISO_2022
        && ngx_canonical_hl7_is_ascii(text->data, text->data + text->len))
    {
        return NGX_OK;
    }

    return ngx_canonical_hl7_utf8(hl7, text);
}


static ngx_uint_t
ngx_canonical_hl7_is_ascii(u_char *p, u_char *end)
{
    u_char    bits;
    uint64_t  word;

    for ( /* void */ ; end - p >= 8; p += 8) {
        ngx_memcpy(&word, p, 8);

        if (word & 0x8080808080808080ULL) {
            return 0;
        }
    }

    bits = 0;

    while (p < end) {
        bits |= *p++;
    }

    return bits < 0x80;
}


static ngx_int_t
ngx_canonical_hl7_utf8(ngx_canonical_hl7_t *hl7, ngx_str_t *text)
{
    u_char             *p, *last;
    size_t              size;
    ngx_hl7_charset_t  *cs;

    static ngx_str_t  utf8 = ngx_string("UTF-8");
    static ngx_str_t  ascii = ngx_string("ASCII");

    if (text->len > NGX_MAX_SIZE_T_VALUE / NGX_HL7_UTF8_MAX) {
        return NGX_ERROR;
    }

    size = text->len * NGX_HL7_UTF8_MAX;

    p = ngx_canonical_bytes(hl7->arena, size);
    if (p == NULL) {
        return NGX_ERROR;
    }

    cs = hl7->charset ? hl7->charset : ngx_hl7_charset(&utf8);

    last = ngx_hl7_to_utf8(cs, text, p);

    if (last == NULL) {

        /* nobody here knows it, so that ASCII is all that can be told */

        last = ngx_hl7_to_utf8(ngx_hl7_charset(&ascii), text, p);
    }

    ngx_canonical_trim(hl7->arena, p + size, last);

    text->data = p;
    text->len = last - p;

    return NGX_OK;
}


void
ngx_canonical_hl7_locate(ngx_canonical_hl7_path_t *path,
    ngx_canonical_hl7_scope_t *scope, ngx_canonical_hl7_value_t *value,
    ngx_canonical_error_t *err)
{
    ngx_hl7_message_t          *m;
    ngx_canonical_hl7_t        *hl7;
    ngx_canonical_hl7_scope_t  *s;

    hl7 = scope->hl7;
    m = hl7->message;

    err->field = path->path.field;
    err->component = path->path.component;
    err->subcomponent = path->path.subcomponent;

    if (path->name == 0) {
        s = ngx_canonical_hl7_repeated(scope);
        err->field = s->field;
    }

    ngx_memzero(err->segment, sizeof(err->segment));

    if (value->segment == NGX_CANONICAL_HL7_NONE) {
        ngx_memcpy(err->segment, path->path.segment, 3);
        err->occurrence = path->occurrence ? path->occurrence : 1;
        err->repetition = ngx_canonical_hl7_which(path);
        return;
    }

    ngx_memcpy(err->segment, m->start + m->segments[value->segment].start, 3);

    err->number = value->segment + 1;
    err->occurrence = ngx_canonical_hl7_occurrence(hl7, value->segment);
    err->repetition = value->repetition;

    if (err->repetition == 0 && path->path.filter_component
        && value->whole.len)
    {
        err->repetition = ngx_canonical_hl7_number_of(hl7, value,
                                                      err->field);
    }

    err->offset = value->raw.data - m->start;
    err->positioned = 1;
}


/* among those of its name */

static ngx_uint_t
ngx_canonical_hl7_occurrence(ngx_canonical_hl7_t *hl7, uint32_t segment)
{
    uint32_t    i;
    ngx_uint_t  n;

    n = 1;

    i = ngx_canonical_hl7_lookup(hl7,
                        ngx_canonical_hl7_name_of(hl7->message, segment))
        ->first;

    while (i < segment) {
        i = hl7->same[i];
        n++;
    }

    return n;
}


/* of a repetition that a predicate has found */

static ngx_uint_t
ngx_canonical_hl7_number_of(ngx_canonical_hl7_t *hl7,
    ngx_canonical_hl7_value_t *value, ngx_uint_t field)
{
    u_char             *p;
    ngx_str_t           whole;
    ngx_uint_t          n;
    ngx_hl7_message_t  *m;

    m = hl7->message;
    n = 1;

    (void) ngx_hl7_field(m, &m->segments[value->segment], field, &whole);

    for (p = whole.data; /* void */ ; p++) {
        p = ngx_hl7_find(m, p, value->whole.data, m->delimiters.repetition);

        if (p >= value->whole.data) {
            return n;
        }

        n++;
    }
}
