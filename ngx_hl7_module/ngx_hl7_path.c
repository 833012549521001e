
/*
 * Paths into an HL7 v2 message: see the header.
 */

#include "ngx_hl7_path.h"


#define NGX_HL7_PATH_NUMBER_MAX  65535


/*
 * Each of these reads at *pos and moves it.  They return NULL, or what is
 * wrong with the character at *pos.
 */

static const char *ngx_hl7_path_read(ngx_hl7_path_t *path, u_char **pos,
    u_char *end);
static const char *ngx_hl7_path_read_name(ngx_hl7_path_t *path, u_char **pos,
    u_char *end);
static const char *ngx_hl7_path_segment(ngx_hl7_path_t *path, u_char **pos,
    u_char *end, ngx_uint_t lower);
static const char *ngx_hl7_path_repetition(ngx_hl7_path_t *path, u_char **pos,
    u_char *end);
static const char *ngx_hl7_path_filter(ngx_hl7_path_t *path, u_char **pos,
    u_char *end);
static const char *ngx_hl7_path_components(ngx_hl7_path_t *path, u_char **pos,
    u_char *end, u_char separator);
static const char *ngx_hl7_path_number(u_char **pos, u_char *end,
    uint16_t *number);
static ngx_uint_t ngx_hl7_path_skip(u_char **pos, u_char *end, u_char ch);

static ngx_hl7_state_e ngx_hl7_path_select(ngx_hl7_path_t *path,
    ngx_hl7_message_t *m, ngx_hl7_delimiters_t *d, ngx_str_t *value);
static ngx_uint_t ngx_hl7_path_match(ngx_hl7_path_t *path,
    ngx_hl7_message_t *m, ngx_hl7_delimiters_t *d, ngx_str_t *repetition);


/* MSH-1 and MSH-2 are delimiters and contain no parts */
static ngx_hl7_delimiters_t  ngx_hl7_path_no_delimiters;


ngx_int_t
ngx_hl7_path_parse(ngx_hl7_path_t *path, ngx_str_t *text, size_t *at,
    const char **why)
{
    u_char  *p;

    p = text->data;
    *why = ngx_hl7_path_read(path, &p, text->data + text->len);
    *at = p - text->data;

    return *why ? NGX_ERROR : NGX_OK;
}


ngx_int_t
ngx_hl7_path_parse_name(ngx_hl7_path_t *path, ngx_str_t *name, size_t *at,
    const char **why)
{
    u_char  *p;

    p = name->data;
    *why = ngx_hl7_path_read_name(path, &p, name->data + name->len);
    *at = p - name->data;

    return *why ? NGX_ERROR : NGX_OK;
}


static const char *
ngx_hl7_path_read(ngx_hl7_path_t *path, u_char **pos, u_char *end)
{
    const char  *why;

    why = ngx_hl7_path_segment(path, pos, end, 0);
    if (why) {
        return why;
    }

    if (ngx_hl7_path_skip(pos, end, '[')) {
        why = ngx_hl7_path_number(pos, end, &path->occurrence);
        if (why) {
            return why;
        }

        if (!ngx_hl7_path_skip(pos, end, ']')) {
            return "\"]\" is expected";
        }
    }

    if (*pos == end) {
        return NULL;
    }

    if (!ngx_hl7_path_skip(pos, end, '-')) {
        return "\"-\" is expected";
    }

    why = ngx_hl7_path_number(pos, end, &path->field);
    if (why) {
        return why;
    }

    if (ngx_hl7_path_skip(pos, end, '[')) {
        why = ngx_hl7_path_repetition(path, pos, end);
        if (why) {
            return why;
        }
    }

    return ngx_hl7_path_components(path, pos, end, '.');
}


static const char *
ngx_hl7_path_read_name(ngx_hl7_path_t *path, u_char **pos, u_char *end)
{
    const char  *why;

    why = ngx_hl7_path_segment(path, pos, end, 1);
    if (why) {
        return why;
    }

    if (*pos < end && **pos >= '0' && **pos <= '9') {
        why = ngx_hl7_path_number(pos, end, &path->occurrence);
        if (why) {
            return why;
        }
    }

    if (*pos == end) {
        return NULL;
    }

    if (!ngx_hl7_path_skip(pos, end, '_')) {
        return "\"_\" is expected";
    }

    why = ngx_hl7_path_number(pos, end, &path->field);
    if (why) {
        return why;
    }

    if (ngx_hl7_path_skip(pos, end, 'r') || ngx_hl7_path_skip(pos, end, 'R')) {
        why = ngx_hl7_path_number(pos, end, &path->repetition);
        if (why) {
            return why;
        }
    }

    return ngx_hl7_path_components(path, pos, end, '_');
}


/* the first of them: it gives the rest of the path its defaults */

static const char *
ngx_hl7_path_segment(ngx_hl7_path_t *path, u_char **pos, u_char *end,
    ngx_uint_t lower)
{
    u_char      ch;
    ngx_uint_t  i;

    ngx_memzero(path, sizeof(ngx_hl7_path_t));

    path->occurrence = 1;

    for (i = 0; i < 3; i++, (*pos)++) {

        if (*pos == end) {
            return "a segment name has three characters";
        }

        ch = **pos;

        if (lower) {
            ch = ngx_toupper(ch);
        }

        if (!(ch >= 'A' && ch <= 'Z') && !(i > 0 && ch >= '0' && ch <= '9')) {
            return "not a character of a segment name";
        }

        path->segment[i] = ch;
    }

    return NULL;
}


static const char *
ngx_hl7_path_repetition(ngx_hl7_path_t *path, u_char **pos, u_char *end)
{
    uint16_t     number;
    const char  *why;

    why = ngx_hl7_path_number(pos, end, &number);
    if (why) {
        return why;
    }

    if (ngx_hl7_path_skip(pos, end, ']')) {
        path->repetition = number;
        return NULL;
    }

    path->filter_component = number;

    return ngx_hl7_path_filter(path, pos, end);
}


static const char *
ngx_hl7_path_filter(ngx_hl7_path_t *path, u_char **pos, u_char *end)
{
    u_char      *last;
    const char  *why;

    if (ngx_hl7_path_skip(pos, end, '.')) {
        why = ngx_hl7_path_number(pos, end, &path->filter_subcomponent);
        if (why) {
            return why;
        }
    }

    if (!ngx_hl7_path_skip(pos, end, '=')) {
        return "\"=\" or \"]\" is expected";
    }

    path->filter.data = *pos;

    last = memchr(*pos, ']', end - *pos);

    if (last == *pos) {
        return "a value is expected";
    }

    if (last == NULL) {
        *pos = end;
        return "\"]\" is expected";
    }

    path->filter.len = last - *pos;
    *pos = last + 1;

    return NULL;
}


static const char *
ngx_hl7_path_components(ngx_hl7_path_t *path, u_char **pos, u_char *end,
    u_char separator)
{
    const char  *why;

    if (ngx_hl7_path_skip(pos, end, separator)) {
        why = ngx_hl7_path_number(pos, end, &path->component);
        if (why) {
            return why;
        }

        if (ngx_hl7_path_skip(pos, end, separator)) {
            why = ngx_hl7_path_number(pos, end, &path->subcomponent);
            if (why) {
                return why;
            }
        }
    }

    return (*pos == end) ? NULL : "unexpected character";
}


/* what is no number within the limits is wrong from its first digit on */

static const char *
ngx_hl7_path_number(u_char **pos, u_char *end, uint16_t *number)
{
    u_char      *p;
    ngx_uint_t   n;

    n = 0;

    for (p = *pos; p < end && *p >= '0' && *p <= '9'; p++) {
        n = n * 10 + (*p - '0');

        if (n > NGX_HL7_PATH_NUMBER_MAX) {
            return "a number from 1 to 65535 is expected";
        }
    }

    if (n == 0) {
        return "a number from 1 to 65535 is expected";
    }

    *number = (uint16_t) n;
    *pos = p;

    return NULL;
}


static ngx_uint_t
ngx_hl7_path_skip(u_char **pos, u_char *end, u_char ch)
{
    if (*pos == end || **pos != ch) {
        return 0;
    }

    (*pos)++;

    return 1;
}


ngx_hl7_state_e
ngx_hl7_path_get(ngx_hl7_path_t *path, ngx_hl7_message_t *m, ngx_str_t *value)
{
    ngx_uint_t       i, n;
    ngx_hl7_span_t  *segment;

    n = 0;

    for (i = 0; i < m->nsegments; i++) {
        segment = &m->segments[i];

        if (!ngx_hl7_segment_is(m, segment, path->segment)) {
            continue;
        }

        if (++n == path->occurrence) {
            return ngx_hl7_path_get_in(path, m, segment, value);
        }
    }

    value->data = m->end;
    value->len = 0;

    return NGX_HL7_ABSENT;
}


ngx_hl7_state_e
ngx_hl7_path_get_in(ngx_hl7_path_t *path, ngx_hl7_message_t *m,
    ngx_hl7_span_t *segment, ngx_str_t *value)
{
    ngx_hl7_state_e        state;
    ngx_hl7_delimiters_t  *d;

    if (path->field == 0) {
        value->data = m->start + segment->start;
        value->len = segment->len;
        return NGX_HL7_VALUED;
    }

    state = ngx_hl7_field(m, segment, path->field, value);

    if (state == NGX_HL7_ABSENT
        || (path->repetition == 0 && path->filter_component == 0
            && path->component == 0))
    {
        return state;
    }

    d = &m->delimiters;

    if (path->field <= 2 && ngx_hl7_segment_is_header(m, segment)) {
        d = &ngx_hl7_path_no_delimiters;
    }

    state = ngx_hl7_path_select(path, m, d, value);

    if (state == NGX_HL7_ABSENT || path->component == 0) {
        return state;
    }

    state = ngx_hl7_part(m, value, d->component, path->component, value);

    if (state == NGX_HL7_ABSENT || path->subcomponent == 0) {
        return state;
    }

    return ngx_hl7_part(m, value, d->subcomponent, path->subcomponent, value);
}


/* narrows a field to one repetition */

static ngx_hl7_state_e
ngx_hl7_path_select(ngx_hl7_path_t *path, ngx_hl7_message_t *m,
    ngx_hl7_delimiters_t *d, ngx_str_t *value)
{
    ngx_str_t        rest;
    ngx_uint_t       n;
    ngx_hl7_state_e  state;

    if (path->filter_component == 0) {
        n = path->repetition ? path->repetition : 1;
        return ngx_hl7_part(m, value, d->repetition, n, value);
    }

    rest = *value;

    for ( ;; ) {
        state = ngx_hl7_part(m, &rest, d->repetition, 1, value);

        if (ngx_hl7_path_match(path, m, d, value)) {
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


static ngx_uint_t
ngx_hl7_path_match(ngx_hl7_path_t *path, ngx_hl7_message_t *m,
    ngx_hl7_delimiters_t *d, ngx_str_t *repetition)
{
    ngx_str_t        part;
    ngx_hl7_state_e  state;

    state = ngx_hl7_part(m, repetition, d->component, path->filter_component,
                         &part);

    if (state != NGX_HL7_ABSENT && path->filter_subcomponent) {
        state = ngx_hl7_part(m, &part, d->subcomponent,
                             path->filter_subcomponent, &part);
    }

    return state != NGX_HL7_ABSENT && part.len == path->filter.len
           && ngx_memcmp(part.data, path->filter.data, part.len) == 0;
}
