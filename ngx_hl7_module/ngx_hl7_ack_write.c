
#include "ngx_hl7_ack.h"
#include "ngx_hl7_text.h"
#include "ngx_mllp_frame.h"


/* bytes of our own: of MSH and MSA, of ERR without text, of a text */

#define NGX_HL7_ACK_LEN        128
#define NGX_HL7_ACK_ERR_LEN    256
#define NGX_HL7_ACK_TEXT       250

/* of FHS, BHS, BTS and FTS together */
#define NGX_HL7_ACK_BATCH_LEN  256

#define NGX_HL7_ACK_CONTROL_ID  20
#define NGX_HL7_ACK_TIME        26

/* since then ERR has a field for each thing it says */
#define NGX_HL7_V25  250


typedef struct {
    ngx_uint_t   code;
    ngx_str_t    text;
} ngx_hl7_ack_reason_t;


static ngx_int_t ngx_hl7_ack_open(ngx_hl7_message_t *m, ngx_str_t *header);
static u_char *ngx_hl7_ack_msh(u_char *p, ngx_hl7_ack_t *ack,
    ngx_hl7_message_t *m, ngx_uint_t version);
static u_char *ngx_hl7_ack_type(u_char *p, ngx_hl7_message_t *m,
    ngx_uint_t version);
static u_char *ngx_hl7_ack_msa(u_char *p, ngx_hl7_message_t *m,
    const char *code, ngx_str_t *text);
static u_char *ngx_hl7_ack_err(u_char *p, ngx_hl7_message_t *m,
    ngx_hl7_error_t *error);
static u_char *ngx_hl7_ack_err_1(u_char *p, ngx_hl7_message_t *m,
    ngx_hl7_error_t *error);
static u_char *ngx_hl7_ack_location(u_char *p, ngx_hl7_message_t *m,
    ngx_hl7_error_t *error, u_char component);
static u_char *ngx_hl7_ack_part(u_char *p, ngx_uint_t n, u_char component);
static u_char *ngx_hl7_ack_reason(u_char *p, ngx_uint_t code, u_char d);
static void ngx_hl7_ack_batch_open(ngx_hl7_message_t *m, ngx_str_t *header);
static u_char *ngx_hl7_ack_batch_header(u_char *p, const char *name,
    ngx_str_t *header, ngx_str_t *control_id, ngx_str_t *time);
static u_char *ngx_hl7_ack_batch_trailer(u_char *p, const char *name,
    ngx_str_t *header, ngx_uint_t n);
static u_char *ngx_hl7_ack_header(u_char *p, const char *name,
    ngx_hl7_message_t *m, ngx_str_t *time);
static u_char *ngx_hl7_ack_echo(u_char *p, ngx_hl7_message_t *m,
    ngx_uint_t field);
static u_char *ngx_hl7_ack_echo_two(u_char *p, ngx_hl7_message_t *m,
    ngx_uint_t field);
static u_char *ngx_hl7_ack_value(u_char *p, ngx_hl7_message_t *m,
    ngx_str_t *value, size_t max);
static u_char *ngx_hl7_ack_text(u_char *p, ngx_hl7_message_t *m,
    ngx_str_t *text);
static u_char ngx_hl7_ack_delimiter(u_char d);
static u_char *ngx_hl7_ack_number(u_char *p, size_t n);
static void ngx_hl7_ack_clean(u_char *p, u_char *end);


/* table 0357 */

static ngx_hl7_ack_reason_t  ngx_hl7_ack_reasons[] = {
    { NGX_HL7_SEGMENT_SEQUENCE, ngx_string("Segment sequence error") },
    { NGX_HL7_REQUIRED_FIELD, ngx_string("Required field missing") },
    { NGX_HL7_DATA_TYPE, ngx_string("Data type error") },
    { NGX_HL7_TABLE_VALUE, ngx_string("Table value not found") },
    { NGX_HL7_VALUE_TOO_LONG, ngx_string("Value too long") },
    { NGX_HL7_MESSAGE_TYPE, ngx_string("Unsupported message type") },
    { NGX_HL7_EVENT_CODE, ngx_string("Unsupported event code") },
    { NGX_HL7_PROCESSING_ID, ngx_string("Unsupported processing id") },
    { NGX_HL7_VERSION_ID, ngx_string("Unsupported version id") },
    { NGX_HL7_DUPLICATE_KEY, ngx_string("Duplicate key identifier") },
    { NGX_HL7_INTERNAL_ERROR, ngx_string("Application internal error") }
};


/* what is answered when no header could be read */

static ngx_str_t  ngx_hl7_ack_default = ngx_string("MSH|^~\\&|||||||||P|2.5");
static ngx_str_t  ngx_hl7_ack_batch_default = ngx_string("BHS|^~\\&");


static ngx_hl7_error_t  ngx_hl7_ack_no_control_id = {
    NGX_HL7_REQUIRED_FIELD, ngx_string("no message control id"),
    "MSH", 1, 10, 0, 0, 0, 0
};


static ngx_hl7_error_t  ngx_hl7_ack_unexplained = {
    NGX_HL7_INTERNAL_ERROR, ngx_string("the message was not accepted"),
    "", 0, 0, 0, 0, 0, 0
};


size_t
ngx_hl7_ack_len(ngx_hl7_ack_t *ack)
{
    size_t           len;
    ngx_hl7_span_t  *msh;

    len = NGX_HL7_ACK_LEN;

    if (ngx_hl7_ack_outcome(ack->message, ack->outcome)
        != NGX_HL7_OUTCOME_ACCEPT)
    {
        len += NGX_HL7_ACK_ERR_LEN + NGX_HL7_ACK_TEXT * NGX_HL7_ESCAPE_MAX;
    }

    if (!ngx_hl7_is_message(ack->message)) {
        return len;
    }

    msh = ack->message->msh;

    /* MSH-10 is not repeated in the MSH of the acknowledgement */

    return len + msh[3].len + msh[4].len + msh[5].len + msh[6].len
           + msh[9].len + msh[10].len + msh[11].len + msh[12].len
           + msh[13].len + msh[18].len;
}


u_char *
ngx_hl7_ack_write(u_char *p, ngx_hl7_ack_t *ack)
{
    u_char             *start;
    ngx_str_t          *text;
    ngx_uint_t          version;
    ngx_hl7_error_t    *error;
    ngx_hl7_outcome_e   outcome;
    ngx_hl7_message_t  *m, none;

    start = p;

    m = ack->message;

    if (!ngx_hl7_is_message(m)) {
        (void) ngx_hl7_ack_open(&none, &ngx_hl7_ack_default);
        m = &none;
    }

    version = ngx_hl7_version(m);

    if (version == 0) {
        version = NGX_HL7_V25;
    }

    outcome = ngx_hl7_ack_outcome(m, ack->outcome);
    error = NULL;

    if (outcome != ack->outcome) {
        error = &ngx_hl7_ack_no_control_id;

    } else if (outcome != NGX_HL7_OUTCOME_ACCEPT) {
        error = ack->error ? ack->error : &ngx_hl7_ack_unexplained;
    }

    text = (error && version < NGX_HL7_V25) ? &error->text : NULL;

    p = ngx_hl7_ack_msh(p, ack, m, version);
    p = ngx_hl7_ack_msa(p, m, ngx_hl7_ack_code(outcome, ack->commit), text);

    if (error) {
        p = (version < NGX_HL7_V25) ? ngx_hl7_ack_err_1(p, m, error)
                                    : ngx_hl7_ack_err(p, m, error);
    }

    if (!ack->clean) {
        ngx_hl7_ack_clean(start, p);
    }

    return p;
}


static ngx_int_t
ngx_hl7_ack_open(ngx_hl7_message_t *m, ngx_str_t *header)
{
    ngx_hl7_error_t  err;

    return ngx_hl7_message_open(m, header->data, header->data + header->len,
                                &err);
}


static u_char *
ngx_hl7_ack_msh(u_char *p, ngx_hl7_ack_t *ack, ngx_hl7_message_t *m,
    ngx_uint_t version)
{
    u_char      field;
    ngx_uint_t  enhanced;

    field = m->delimiters.field;

    p = ngx_hl7_ack_header(p, "MSH", m, &ack->time);

    *p++ = field;
    *p++ = field;
    p = ngx_hl7_ack_type(p, m, version);

    *p++ = field;
    p = ngx_hl7_ack_value(p, m, &ack->control_id, NGX_HL7_ACK_CONTROL_ID);

    *p++ = field;
    p = ngx_hl7_ack_echo_two(p, m, 11);

    enhanced = !ack->commit && ngx_hl7_is_enhanced(m);

    if (enhanced || m->msh[18].len) {
        *p++ = field;
        *p++ = field;

        *p++ = field;
        p = enhanced ? ngx_cpymem(p, "NE", 2) : p;

        *p++ = field;
        p = enhanced ? ngx_cpymem(p, "NE", 2) : p;
    }

    if (m->msh[18].len) {
        *p++ = field;

        *p++ = field;
        p = ngx_hl7_ack_echo(p, m, 18);
    }

    *p++ = CR;

    return p;
}


/* MSH-9: ACK, since v2.3 ACK^trigger, since v2.4 ACK^trigger^ACK */

static u_char *
ngx_hl7_ack_type(u_char *p, ngx_hl7_message_t *m, ngx_uint_t version)
{
    ngx_str_t  trigger;

    p = ngx_cpymem(p, "ACK", 3);

    if (version >= 230 && ngx_hl7_msh(m, 9, 2, &trigger) == NGX_HL7_VALUED) {
        *p++ = m->delimiters.component;
        p = ngx_cpymem(p, trigger.data, trigger.len);

        if (version >= 240) {
            *p++ = m->delimiters.component;
            p = ngx_cpymem(p, "ACK", 3);
        }
    }

    return p;
}


static u_char *
ngx_hl7_ack_msa(u_char *p, ngx_hl7_message_t *m, const char *code,
    ngx_str_t *text)
{
    u_char  field;

    field = m->delimiters.field;

    p = ngx_cpymem(p, "MSA", 3);

    *p++ = field;
    p = ngx_cpymem(p, code, 2);

    *p++ = field;
    p = ngx_hl7_ack_echo(p, m, 10);

    if (text || m->msh[13].len) {
        *p++ = field;
        p = text ? ngx_hl7_ack_text(p, m, text) : p;
    }

    if (m->msh[13].len) {
        *p++ = field;
        p = ngx_hl7_ack_echo(p, m, 13);
    }

    *p++ = CR;

    return p;
}


/* ERR since v2.5 */

static u_char *
ngx_hl7_ack_err(u_char *p, ngx_hl7_message_t *m, ngx_hl7_error_t *error)
{
    u_char  field, component;

    field = m->delimiters.field;
    component = ngx_hl7_ack_delimiter(m->delimiters.component);

    p = ngx_cpymem(p, "ERR", 3);

    *p++ = field;

    *p++ = field;
    p = ngx_hl7_ack_location(p, m, error, component);
    p = ngx_hl7_ack_part(p, error->repetition, component);
    p = ngx_hl7_ack_part(p, error->component, component);
    p = ngx_hl7_ack_part(p, error->subcomponent, component);

    while (p[-1] == component) {
        p--;
    }

    *p++ = field;
    p = ngx_hl7_ack_reason(p, error->code, component);

    *p++ = field;
    *p++ = 'E';

    *p++ = field;
    *p++ = field;

    *p++ = field;

    if (error->segment[0] || error->offset) {
        p = ngx_cpymem(p, "byte ", 5);
        p = ngx_hl7_ack_number(p, error->offset);
    }

    *p++ = field;
    p = ngx_hl7_ack_text(p, m, &error->text);

    *p++ = CR;

    return p;
}


/* ERR before v2.5: all in ERR-1, the text is in MSA-3 */

static u_char *
ngx_hl7_ack_err_1(u_char *p, ngx_hl7_message_t *m, ngx_hl7_error_t *error)
{
    u_char  component;

    component = ngx_hl7_ack_delimiter(m->delimiters.component);

    p = ngx_cpymem(p, "ERR", 3);

    *p++ = m->delimiters.field;
    p = ngx_hl7_ack_location(p, m, error, component);

    *p++ = component;
    p = ngx_hl7_ack_reason(p, error->code,
                           ngx_hl7_ack_delimiter(m->delimiters.subcomponent));

    *p++ = CR;

    return p;
}


/* segment^sequence^field, of which all but the carets may be empty */

static u_char *
ngx_hl7_ack_location(u_char *p, ngx_hl7_message_t *m, ngx_hl7_error_t *error,
    u_char component)
{
    ngx_str_t  segment;

    segment.data = (u_char *) error->segment;
    segment.len = strnlen(error->segment, sizeof(error->segment));

    p = ngx_hl7_ack_text(p, m, &segment);

    *p++ = component;
    p = error->occurrence ? ngx_hl7_ack_number(p, error->occurrence) : p;

    *p++ = component;
    p = error->field ? ngx_hl7_ack_number(p, error->field) : p;

    return p;
}


/* of v2.5's ERL, which goes on where ERR-1 ends */

static u_char *
ngx_hl7_ack_part(u_char *p, ngx_uint_t n, u_char component)
{
    *p++ = component;

    return n ? ngx_hl7_ack_number(p, n) : p;
}


/* code^text^HL70357 */

static u_char *
ngx_hl7_ack_reason(u_char *p, ngx_uint_t code, u_char d)
{
    ngx_str_t   *text;
    ngx_uint_t   i, n;

    p = ngx_hl7_ack_number(p, code);

    *p++ = d;

    n = sizeof(ngx_hl7_ack_reasons) / sizeof(ngx_hl7_ack_reason_t);

    for (i = 0; i < n; i++) {
        if (ngx_hl7_ack_reasons[i].code == code) {
            text = &ngx_hl7_ack_reasons[i].text;
            p = ngx_cpymem(p, text->data, text->len);
            break;
        }
    }

    *p++ = d;

    return ngx_cpymem(p, "HL70357", 7);
}


size_t
ngx_hl7_batch_ack_len(ngx_str_t *fhs, ngx_str_t *bhs)
{
    /* both headers of the response may be made from the same one */

    return NGX_HL7_ACK_BATCH_LEN + 2 * ngx_max(fhs->len, bhs->len);
}


u_char *
ngx_hl7_batch_ack_begin(u_char *p, ngx_str_t *fhs, ngx_str_t *bhs,
    ngx_str_t *control_id, ngx_str_t *time)
{
    if (fhs->len) {
        p = ngx_hl7_ack_batch_header(p, "FHS", fhs, control_id, time);
    }

    return ngx_hl7_ack_batch_header(p, "BHS", bhs->len ? bhs : fhs, control_id,
                                    time);
}


u_char *
ngx_hl7_batch_ack_end(u_char *p, ngx_str_t *fhs, ngx_str_t *bhs,
    ngx_uint_t acks)
{
    p = ngx_hl7_ack_batch_trailer(p, "BTS", bhs->len ? bhs : fhs, acks);

    if (fhs->len) {
        p = ngx_hl7_ack_batch_trailer(p, "FTS", fhs, 1);
    }

    return p;
}


static void
ngx_hl7_ack_batch_open(ngx_hl7_message_t *m, ngx_str_t *header)
{
    if (header->len == 0 || ngx_hl7_ack_open(m, header) != NGX_OK) {
        (void) ngx_hl7_ack_open(m, &ngx_hl7_ack_batch_default);
    }
}


/* FHS or BHS: up to field 12 they are alike */

static u_char *
ngx_hl7_ack_batch_header(u_char *p, const char *name, ngx_str_t *header,
    ngx_str_t *control_id, ngx_str_t *time)
{
    u_char             *start, field;
    ngx_hl7_message_t   m;

    start = p;

    ngx_hl7_ack_batch_open(&m, header);
    field = m.delimiters.field;

    p = ngx_hl7_ack_header(p, name, &m, time);

    *p++ = field;
    *p++ = field;
    *p++ = field;

    *p++ = field;
    p = ngx_hl7_ack_value(p, &m, control_id, NGX_HL7_ACK_CONTROL_ID);

    *p++ = field;
    p = ngx_hl7_ack_echo(p, &m, 11);

    *p++ = CR;

    ngx_hl7_ack_clean(start, p);

    return p;
}


static u_char *
ngx_hl7_ack_batch_trailer(u_char *p, const char *name, ngx_str_t *header,
    ngx_uint_t n)
{
    ngx_hl7_message_t  m;

    ngx_hl7_ack_batch_open(&m, header);

    p = ngx_cpymem(p, name, 3);

    *p++ = m.delimiters.field;
    p = ngx_hl7_ack_number(p, n);

    *p++ = CR;

    return p;
}


/* fields 1 to 7 of a header segment, sender and receiver exchanged */

static u_char *
ngx_hl7_ack_header(u_char *p, const char *name, ngx_hl7_message_t *m,
    ngx_str_t *time)
{
    ngx_hl7_delimiters_t  *d;

    d = &m->delimiters;

    p = ngx_cpymem(p, name, 3);

    *p++ = d->field;
    *p++ = ngx_hl7_ack_delimiter(d->component);
    *p++ = ngx_hl7_ack_delimiter(d->repetition);
    *p++ = ngx_hl7_ack_delimiter(d->escape);
    *p++ = ngx_hl7_ack_delimiter(d->subcomponent);

    if (d->given == 5) {
        *p++ = ngx_hl7_ack_delimiter(d->truncation);
    }

    *p++ = d->field;
    p = ngx_hl7_ack_echo_two(p, m, 5);

    *p++ = d->field;
    p = ngx_hl7_ack_echo_two(p, m, 3);

    *p++ = d->field;

    return ngx_hl7_ack_value(p, m, time, NGX_HL7_ACK_TIME);
}


/* a field of the header, byte for byte */

static u_char *
ngx_hl7_ack_echo(u_char *p, ngx_hl7_message_t *m, ngx_uint_t field)
{
    ngx_hl7_span_t  *span;

    span = &m->msh[field];

    return ngx_cpymem(p, m->start + span->start, span->len);
}


/* a field and the next one, which are one piece when both are there */

static u_char *
ngx_hl7_ack_echo_two(u_char *p, ngx_hl7_message_t *m, ngx_uint_t field)
{
    ngx_hl7_span_t  *span;

    span = &m->msh[field];

    if (span[1].start) {
        return ngx_cpymem(p, m->start + span->start,
                          span[1].start + span[1].len - span->start);
    }

    p = ngx_hl7_ack_echo(p, m, field);

    *p++ = m->delimiters.field;

    return p;
}


/* a value of ours, up to what would be a field separator of theirs */

static u_char *
ngx_hl7_ack_value(u_char *p, ngx_hl7_message_t *m, ngx_str_t *value,
    size_t max)
{
    size_t   len;
    u_char  *end;

    len = ngx_min(value->len, max);

    if (len == 0) {
        return p;
    }

    end = memchr(value->data, m->delimiters.field, len);

    return ngx_cpymem(p, value->data, end ? (size_t) (end - value->data)
                                          : len);
}


static u_char *
ngx_hl7_ack_text(u_char *p, ngx_hl7_message_t *m, ngx_str_t *text)
{
    ngx_str_t  cut;

    cut.data = text->data;
    cut.len = ngx_min(text->len, NGX_HL7_ACK_TEXT);

    return ngx_hl7_escape(&m->delimiters, &cut, p);
}


/* a delimiter that the message does not have is written as a space */

static u_char
ngx_hl7_ack_delimiter(u_char d)
{
    return d ? d : ' ';
}


static u_char *
ngx_hl7_ack_number(u_char *p, size_t n)
{
    u_char  *digit, buf[NGX_INT64_LEN];

    digit = buf + NGX_INT64_LEN;

    do {
        *--digit = (u_char) (n % 10 + '0');
        n /= 10;
    } while (n);

    return ngx_cpymem(p, digit, buf + NGX_INT64_LEN - digit);
}


/* echoed fields may have a FS where that is tolerated: no frame breaks here */

static void
ngx_hl7_ack_clean(u_char *p, u_char *end)
{
    u_char  *found;

    for (found = p;
         (found = memchr(found, NGX_MLLP_FS, end - found)) != NULL;
         found++)
    {
        *found = ' ';
    }

    for (found = p;
         (found = memchr(found, NGX_MLLP_VT, end - found)) != NULL;
         found++)
    {
        *found = ' ';
    }
}
