
/*
 * Any bytes as a message: opening, index and accessors, in each way to split
 * multibyte characters.  All values lie within the message, segments and
 * fields follow one another without a gap.
 */

#include <stdlib.h>
#include <string.h>

#include "ngx_hl7_message.h"


#define check(expr)  if (!(expr)) abort()


static void fuzz_header(ngx_hl7_message_t *m);
static void fuzz_segments(ngx_hl7_message_t *m);
static void fuzz_fields(ngx_hl7_message_t *m, ngx_hl7_span_t *segment);
static void fuzz_parts(ngx_hl7_message_t *m, ngx_str_t *field);
static void fuzz_value(ngx_hl7_message_t *m, ngx_hl7_state_e state,
    ngx_str_t *value);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    u_char             *start;
    ngx_hl7_span_t     *segments;
    ngx_hl7_error_t     err;
    ngx_hl7_message_t   m;

    start = malloc(size);
    memcpy(start, data, size);

    if (ngx_hl7_message_open(&m, start, start + size, &err) != NGX_OK) {
        check(err.code && err.text.len && err.offset <= size);
        check(strlen(err.segment) == (err.field ? 3 : 0));
        free(start);
        return 0;
    }

    segments = malloc(ngx_hl7_message_count_segments(&m)
                      * sizeof(ngx_hl7_span_t));

    for (m.multibyte = 0; m.multibyte <= NGX_HL7_ISO_2022; m.multibyte++) {
        ngx_hl7_message_index(&m, segments);
        fuzz_header(&m);
        fuzz_segments(&m);
    }

    free(segments);
    free(start);

    return 0;
}


static void
fuzz_header(ngx_hl7_message_t *m)
{
    ngx_str_t        whole, value;
    ngx_uint_t       n, component;
    ngx_hl7_state_e  state;

    for (n = 0; n <= NGX_HL7_MSH_FIELDS; n++) {
        state = ngx_hl7_msh(m, n, 0, &whole);
        fuzz_value(m, state, &whole);

        for (component = 1; component < 8; component++) {
            state = ngx_hl7_msh(m, n, component, &value);
            fuzz_value(m, state, &value);
            check(value.len <= whole.len);
        }
    }

    check(m->delimiters.given <= 5);
    check(ngx_hl7_version(m) < 1000);
}


static void
fuzz_segments(ngx_hl7_message_t *m)
{
    size_t           i, pos;
    ngx_uint_t       n;
    ngx_hl7_span_t  *segment;

    check(m->nsegments <= ngx_hl7_message_count_segments(m));

    pos = 0;

    for (n = 0; n < m->nsegments; n++) {
        segment = &m->segments[n];

        check(segment->len > 0);

        for ( /* void */ ; pos < segment->start; pos++) {
            check(m->start[pos] == CR || m->start[pos] == LF);
        }

        for (i = 0; i < segment->len; i++, pos++) {
            check(m->start[pos] != CR && m->start[pos] != LF);
        }

        fuzz_fields(m, segment);
    }

    for ( /* void */ ; pos < (size_t) (m->end - m->start); pos++) {
        check(m->start[pos] == CR || m->start[pos] == LF);
    }
}


static void
fuzz_fields(ngx_hl7_message_t *m, ngx_hl7_span_t *segment)
{
    u_char           *pos;
    ngx_str_t         value;
    ngx_uint_t        n;
    ngx_hl7_state_e   state;

    pos = NULL;

    for (n = 1; n < 64; n++) {
        state = ngx_hl7_field(m, segment, n, &value);
        fuzz_value(m, state, &value);

        if (state == NGX_HL7_ABSENT) {
            break;
        }

        /* the separator is a field of the header and stands before the
           next one */

        check(pos == NULL || value.data == pos + 1 || n == 2);

        pos = value.data + value.len;
        check(pos <= m->start + segment->start + segment->len);

        fuzz_parts(m, &value);
    }

    state = ngx_hl7_field(m, segment, (ngx_uint_t) -1, &value);
    check(state == NGX_HL7_ABSENT && value.len == 0);

    (void) ngx_hl7_segment_is(m, segment, "PID");
    (void) ngx_hl7_segment_is_header(m, segment);
}


static void
fuzz_parts(ngx_hl7_message_t *m, ngx_str_t *field)
{
    size_t           len;
    ngx_str_t        value;
    ngx_uint_t       n;
    ngx_hl7_state_e  state;

    len = 0;

    for (n = 1; n < 64; n++) {
        state = ngx_hl7_part(m, field, m->delimiters.component, n, &value);

        if (state == NGX_HL7_ABSENT) {
            check(value.len == 0 && len == field->len + 1);
            return;
        }

        fuzz_value(m, state, &value);
        check(value.data == field->data + len);

        len += value.len + 1;
    }
}


static void
fuzz_value(ngx_hl7_message_t *m, ngx_hl7_state_e state, ngx_str_t *value)
{
    check(value->data >= m->start && value->data <= m->end);
    check(value->len <= (size_t) (m->end - value->data));
    check((value->len > 0)
          == (state == NGX_HL7_VALUED || state == NGX_HL7_NULL));
}
