
/*
 * An HL7 v2 message as an index over its bytes: see the header.
 */

#include "ngx_hl7_message.h"
#include "ngx_hl7_segment.h"
#include "ngx_hl7_text.h"


#define NGX_HL7_ESC  0x1b


#define ngx_hl7_is_digit(ch)  ((ch) >= '0' && (ch) <= '9')


static ngx_int_t ngx_hl7_open_delimiters(ngx_hl7_message_t *m,
    ngx_hl7_error_t *err);
static void ngx_hl7_open_fields(ngx_hl7_message_t *m);
static ngx_uint_t ngx_hl7_is_utf8(ngx_hl7_message_t *m);
static void ngx_hl7_open_type(ngx_hl7_message_t *m);
static size_t ngx_hl7_split(ngx_hl7_message_t *m, size_t start, size_t end,
    u_char d, u_char stop, u_char other, ngx_hl7_span_t *span,
    ngx_hl7_span_t *last);
static ngx_int_t ngx_hl7_decline(ngx_hl7_message_t *m, ngx_hl7_error_t *err,
    ngx_uint_t code, ngx_uint_t field, size_t offset, const char *text);
static ngx_uint_t ngx_hl7_is_header(u_char *p, size_t len);
static ngx_uint_t ngx_hl7_can_delimit(u_char ch);
static ngx_hl7_state_e ngx_hl7_component(ngx_hl7_message_t *m,
    ngx_str_t *value, ngx_uint_t n);
static ngx_uint_t ngx_hl7_count(u_char *p, u_char *end, u_char ch);
static u_char *ngx_hl7_find_byte(u_char *p, u_char *end, u_char ch);
static u_char *ngx_hl7_find_two_byte(u_char *p, u_char *end, u_char ch,
    ngx_uint_t multibyte);
static u_char *ngx_hl7_find_iso_2022(u_char *p, u_char *end, u_char ch);
static ngx_hl7_state_e ngx_hl7_span(ngx_hl7_message_t *m, ngx_hl7_span_t *span,
    ngx_str_t *value);
static ngx_hl7_state_e ngx_hl7_absent(u_char *p, ngx_str_t *value);


ngx_int_t
ngx_hl7_message_open(ngx_hl7_message_t *m, u_char *start, u_char *end,
    ngx_hl7_error_t *err)
{
    ngx_hl7_charset_t  *cs;

    m->start = start;
    m->end = end;
    m->multibyte = 0;
    m->segments = NULL;
    m->nsegments = 0;

    ngx_memzero(&m->delimiters, sizeof(ngx_hl7_delimiters_t));
    ngx_memzero(m->type, sizeof(m->type));

    if (!ngx_hl7_is_header(start, end - start)) {
        return ngx_hl7_decline(m, err, NGX_HL7_SEGMENT_SEQUENCE, 0, 0,
                               "no MSH, BHS or FHS segment at the start");
    }

    if (end - start == 3 || start[3] == CR || start[3] == LF) {
        return ngx_hl7_decline(m, err, NGX_HL7_REQUIRED_FIELD, 1, 3,
                               "the field separator is missing");
    }

    if (!ngx_hl7_can_delimit(start[3]) || start[3] == ' ') {
        return ngx_hl7_decline(m, err, NGX_HL7_DATA_TYPE, 1, 3,
                               "the field separator cannot be one");
    }

    m->delimiters.field = start[3];

    ngx_hl7_open_fields(m);

    if (ngx_hl7_open_delimiters(m, err) != NGX_OK) {
        return NGX_DECLINED;
    }

    if (m->msh[18].len && !ngx_hl7_is_utf8(m)) {
        cs = ngx_hl7_message_charset(m, NULL);
        m->multibyte = cs ? cs->multibyte : 0;
    }

    if (m->msh[9].start) {
        ngx_hl7_open_type(m);
    }

    return NGX_OK;
}


/* what MSH-18 mostly says, without a look into the table */

static ngx_uint_t
ngx_hl7_is_utf8(ngx_hl7_message_t *m)
{
    return m->msh[18].len == sizeof("UNICODE UTF-8") - 1
           && ngx_memcmp(m->start + m->msh[18].start, "UNICODE UTF-8",
                         sizeof("UNICODE UTF-8") - 1) == 0;
}


/* codes: no character set has anything but ASCII in them */

static void
ngx_hl7_open_type(ngx_hl7_message_t *m)
{
    u_char  component, repetition;
    size_t  start;

    /* CR stands for a delimiter that there is not: it is not in a field */

    component = m->delimiters.component ? m->delimiters.component : CR;
    repetition = m->delimiters.repetition ? m->delimiters.repetition : CR;

    start = m->msh[9].start;

    (void) ngx_hl7_split(m, start, start + m->msh[9].len, component,
                         repetition, repetition, m->type, m->type + 3);
}


/* splits bytewise: which character set it is, is known only afterwards */

static void
ngx_hl7_open_fields(ngx_hl7_message_t *m)
{
    m->msh[0].start = 0;
    m->msh[0].len = 0;
    m->msh[1].start = 3;
    m->msh[1].len = 1;

    m->header = ngx_hl7_split(m, 4, m->end - m->start, m->delimiters.field,
                              CR, LF, &m->msh[2],
                              m->msh + NGX_HL7_MSH_FIELDS);
}


/*
 * Splits the bytes from "start" at the delimiter "d", up to the first of the
 * two stops or "end", into the spans from "span" on: those that are left over
 * become absent, parts that find none are left out.  Returns where it ended.
 */

static size_t
ngx_hl7_split(ngx_hl7_message_t *m, size_t start, size_t end, u_char d,
    u_char stop, u_char other, ngx_hl7_span_t *span, ngx_hl7_span_t *last)
{
    size_t            i, pos;
    ngx_hl7_word_t    w;
    ngx_hl7_match_t   parts, stops;

    for (pos = start; pos < end; pos += NGX_HL7_WORD) {

        w = ngx_hl7_load(m->start + pos, m->end - m->start - pos);

        parts = ngx_hl7_match(w, d);
        stops = ngx_hl7_match(w, stop) | ngx_hl7_match(w, other);

        if (stops) {
            end = ngx_min(end, pos + ngx_hl7_first(stops));
        }

        for ( /* void */ ; parts; parts &= parts - 1) {
            i = pos + ngx_hl7_first(parts);

            if (i >= end || span == last) {
                break;
            }

            span->start = start;
            span->len = i - start;

            span++;
            start = i + 1;
        }
    }

    if (span < last) {
        span->start = start;
        span->len = end - start;

        span++;
        ngx_memzero(span, (u_char *) last - (u_char *) span);
    }

    return end;
}


static ngx_int_t
ngx_hl7_open_delimiters(ngx_hl7_message_t *m, ngx_hl7_error_t *err)
{
    u_char                 ch, *p, set[6];
    ngx_uint_t             i, given;
    ngx_hl7_delimiters_t  *d;

    static const u_char  defaults[] = "|^~\\&";

    d = &m->delimiters;

    if (m->msh[2].len == 4 && ngx_memcmp(m->start + 3, defaults, 5) == 0) {

        /* those of nearly all messages */

        d->component = '^';
        d->repetition = '~';
        d->escape = '\\';
        d->subcomponent = '&';
        d->given = 4;

        return NGX_OK;
    }

    given = ngx_min(m->msh[2].len, 5);
    p = m->start + 3;

    ngx_memzero(set, sizeof(set));

    for (i = 0; i <= given; i++) {
        ch = p[i];

        if (!ngx_hl7_can_delimit(ch)) {
            return ngx_hl7_decline(m, err, NGX_HL7_DATA_TYPE, 2, 3 + i,
                                   "an encoding character cannot be one");
        }

        if (ch == ' ') {
            continue;
        }

        if (memchr(set, ch, i) != NULL) {
            return ngx_hl7_decline(m, err, NGX_HL7_DATA_TYPE, 2, 3 + i,
                                   "an encoding character is there twice");
        }

        set[i] = ch;
    }

    for ( /* void */ ; i < 5; i++) {
        if (memchr(set, defaults[i], i) == NULL) {
            set[i] = defaults[i];
        }
    }

    d->component = set[1];
    d->repetition = set[2];
    d->escape = set[3];
    d->subcomponent = set[4];
    d->truncation = set[5];
    d->given = given;

    return NGX_OK;
}


static ngx_int_t
ngx_hl7_decline(ngx_hl7_message_t *m, ngx_hl7_error_t *err, ngx_uint_t code,
    ngx_uint_t field, size_t offset, const char *text)
{
    ngx_memzero(err, sizeof(ngx_hl7_error_t));

    err->code = code;
    err->text.len = strlen(text);
    err->text.data = (u_char *) text;
    err->offset = offset;

    if (field) {
        ngx_memcpy(err->segment, m->start, 3);
        err->occurrence = 1;
        err->field = field;
    }

    return NGX_DECLINED;
}


static ngx_uint_t
ngx_hl7_is_header(u_char *p, size_t len)
{
    return len >= 3
           && (ngx_memcmp(p, "MSH", 3) == 0 || ngx_memcmp(p, "BHS", 3) == 0
               || ngx_memcmp(p, "FHS", 3) == 0);
}


/* bytes above 0x7f are let through: single-byte sets have signs there */

static ngx_uint_t
ngx_hl7_can_delimit(u_char ch)
{
    u_char  c;

    c = ch | 0x20;

    return (ch >= ' ' || ch == '\t') && ch != 0x7f
           && !(ch >= '0' && ch <= '9') && !(c >= 'a' && c <= 'z');
}


ngx_uint_t
ngx_hl7_message_count_segments(ngx_hl7_message_t *m)
{
    return ngx_hl7_count(m->start, m->end, CR)
           + ngx_hl7_count(m->start, m->end, LF) + 1;
}


static ngx_uint_t
ngx_hl7_count(u_char *p, u_char *end, u_char ch)
{
    ngx_uint_t  n;

    n = 0;

    for ( ;; ) {
        p = ngx_hl7_find_byte(p, end, ch);

        if (p == end) {
            return n;
        }

        n++;
        p++;
    }
}


/*
 * The next CR and the next LF are looked for separately, each once: a message
 * without LF costs one look over it more than one without any terminator.
 */

void
ngx_hl7_message_index(ngx_hl7_message_t *m, ngx_hl7_span_t *segments)
{
    u_char          *p, *cr, *lf, *last;
    ngx_hl7_span_t  *segment;

    segment = segments;

    cr = ngx_hl7_find_byte(m->start, m->end, CR);
    lf = ngx_hl7_find_byte(m->start, m->end, LF);

    for (p = m->start; p < m->end; p = last + 1) {
        last = ngx_min(cr, lf);

        if (last > p) {
            segment->start = p - m->start;
            segment->len = last - p;
            segment++;
        }

        if (last == m->end) {
            break;
        }

        if (last == cr) {
            cr = ngx_hl7_find_byte(cr + 1, m->end, CR);

        } else {
            lf = ngx_hl7_find_byte(lf + 1, m->end, LF);
        }
    }

    m->segments = segments;
    m->nsegments = segment - segments;
}


ngx_hl7_state_e
ngx_hl7_msh(ngx_hl7_message_t *m, ngx_uint_t field, ngx_uint_t component,
    ngx_str_t *value)
{
    ngx_hl7_state_e  state;

    if (field >= NGX_HL7_MSH_FIELDS) {
        return ngx_hl7_absent(m->end, value);
    }

    if (field == 9 && component && component <= 3) {
        return ngx_hl7_span(m, &m->type[component - 1], value);
    }

    state = ngx_hl7_span(m, &m->msh[field], value);

    if (state == NGX_HL7_ABSENT || component == 0) {
        return state;
    }

    if (field <= 2) {
        return ngx_hl7_part(m, value, 0, component, value);
    }

    if (m->multibyte == 0 && m->delimiters.component
        && m->delimiters.repetition)
    {
        return ngx_hl7_component(m, value, component);
    }

    (void) ngx_hl7_part(m, value, m->delimiters.repetition, 1, value);

    return ngx_hl7_part(m, value, m->delimiters.component, component, value);
}


/* both steps in one, for the short values of MSH */

static ngx_hl7_state_e
ngx_hl7_component(ngx_hl7_message_t *m, ngx_str_t *value, ngx_uint_t n)
{
    u_char  *p, *start, *end;

    start = value->data;
    end = value->data + value->len;

    for (p = start; p < end; p++) {

        if (*p == m->delimiters.repetition) {
            break;
        }

        if (*p == m->delimiters.component) {
            if (--n == 0) {
                break;
            }

            start = p + 1;
        }
    }

    if (n > 1) {
        return ngx_hl7_absent(p, value);
    }

    value->data = start;
    value->len = p - start;

    return ngx_hl7_state(value);
}


ngx_hl7_state_e
ngx_hl7_field(ngx_hl7_message_t *m, ngx_hl7_span_t *segment, ngx_uint_t n,
    ngx_str_t *value)
{
    /* the message's own header was split when it was opened */

    if (segment->start == 0) {
        return ngx_hl7_msh(m, n, 0, value);
    }

    value->data = m->start + segment->start;
    value->len = segment->len;

    if (!ngx_hl7_is_header(value->data, value->len)) {
        n++;

    } else if (n == 1 && value->len > 3) {
        value->data += 3;
        value->len = 1;
        return NGX_HL7_VALUED;
    }

    /* the name is the part before the first field */

    if (n < 2) {
        return ngx_hl7_absent(value->data, value);
    }

    return ngx_hl7_part(m, value, m->delimiters.field, n, value);
}


ngx_hl7_state_e
ngx_hl7_part(ngx_hl7_message_t *m, ngx_str_t *in, u_char d, ngx_uint_t n,
    ngx_str_t *out)
{
    u_char  *p, *end;

    p = in->data;
    end = in->data + in->len;

    if (d == 0) {
        if (n > 1) {
            return ngx_hl7_absent(end, out);
        }

        *out = *in;
        return ngx_hl7_state(out);
    }

    for ( /* void */ ; n > 1; n--) {
        p = ngx_hl7_find(m, p, end, d);

        if (p == end) {
            return ngx_hl7_absent(end, out);
        }

        p++;
    }

    out->data = p;
    out->len = ngx_hl7_find(m, p, end, d) - p;

    return ngx_hl7_state(out);
}


u_char *
ngx_hl7_find(ngx_hl7_message_t *m, u_char *p, u_char *end, u_char ch)
{
    switch (m->multibyte) {

    case NGX_HL7_SHIFT_JIS:
    case NGX_HL7_BIG5:
        return ngx_hl7_find_two_byte(p, end, ch, m->multibyte);

    case NGX_HL7_ISO_2022:
        return ngx_hl7_find_iso_2022(p, end, ch);

    default:
        return ngx_hl7_find_byte(p, end, ch);
    }
}


static u_char *
ngx_hl7_find_byte(u_char *p, u_char *end, u_char ch)
{
    p = memchr(p, ch, end - p);

    return p ? p : end;
}


/*
 * Second bytes that matter are 0x40 and above; below are only the digits of
 * GB18030's four-byte characters.
 */

static u_char *
ngx_hl7_find_two_byte(u_char *p, u_char *end, u_char ch, ngx_uint_t multibyte)
{
    for ( /* void */ ; p < end; p++) {

        if (*p == ch) {
            return p;
        }

        if (*p < 0x81 || *p == 0xff || end - p == 1 || p[1] < 0x40) {
            continue;
        }

        if (multibyte == NGX_HL7_SHIFT_JIS
            && ((*p > 0x9f && *p < 0xe0) || *p > 0xfc))
        {
            continue;
        }

        p++;
    }

    return end;
}


/* escape sequences but those to ASCII and JIS X 0201 Roman leave ASCII */

static u_char *
ngx_hl7_find_iso_2022(u_char *p, u_char *end, u_char ch)
{
    ngx_uint_t  ascii;

    ascii = 1;

    for ( /* void */ ; p < end; p++) {

        if (*p == NGX_HL7_ESC) {
            ascii = end - p > 2 && p[1] == '(' && (p[2] == 'B' || p[2] == 'J');

        } else if (*p == ch && ascii) {
            return p;
        }
    }

    return end;
}


ngx_hl7_state_e
ngx_hl7_state(ngx_str_t *value)
{
    if (value->len == 0) {
        return NGX_HL7_EMPTY;
    }

    if (value->len == 2 && value->data[0] == '"' && value->data[1] == '"') {
        return NGX_HL7_NULL;
    }

    return NGX_HL7_VALUED;
}


static ngx_hl7_state_e
ngx_hl7_span(ngx_hl7_message_t *m, ngx_hl7_span_t *span, ngx_str_t *value)
{
    if (span->start == 0) {
        return ngx_hl7_absent(m->end, value);
    }

    value->data = m->start + span->start;
    value->len = span->len;

    return ngx_hl7_state(value);
}


/* no value, yet a pointer into the message */

static ngx_hl7_state_e
ngx_hl7_absent(u_char *p, ngx_str_t *value)
{
    value->data = p;
    value->len = 0;

    return NGX_HL7_ABSENT;
}


ngx_uint_t
ngx_hl7_segment_is(ngx_hl7_message_t *m, ngx_hl7_span_t *segment,
    const char *name)
{
    u_char  *p;

    p = m->start + segment->start;

    return segment->len >= 3 && ngx_memcmp(p, name, 3) == 0
           && (segment->len == 3 || p[3] == m->delimiters.field);
}


ngx_uint_t
ngx_hl7_segment_is_header(ngx_hl7_message_t *m, ngx_hl7_span_t *segment)
{
    return ngx_hl7_is_header(m->start + segment->start, segment->len);
}


ngx_uint_t
ngx_hl7_version(ngx_hl7_message_t *m)
{
    u_char          *p;
    ngx_uint_t       version, n;
    ngx_hl7_span_t  *span;

    span = &m->msh[12];
    p = m->start + span->start;

    if (span->len < 3 || !ngx_hl7_is_digit(p[0]) || p[1] != '.'
        || !ngx_hl7_is_digit(p[2]))
    {
        return 0;
    }

    version = (p[0] - '0') * 100 + (p[2] - '0') * 10;
    n = 3;

    if (span->len >= 5 && p[3] == '.' && ngx_hl7_is_digit(p[4])) {
        version += p[4] - '0';
        n = 5;
    }

    /* the end of the first component, or of the first repetition */

    if (span->len > n && p[n] != m->delimiters.component
        && p[n] != m->delimiters.repetition)
    {
        return 0;
    }

    return version;
}
