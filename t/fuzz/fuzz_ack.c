
/*
 * Whatever a message looks like, its acknowledgements fit in the length that
 * was promised, break no frame, can be parsed, echo MSH-10 and pass the check
 * for acknowledgements of a backend.
 *
 * The first four bytes of an input: code of the error, its field, lengths of
 * the error's text and of a reply at the end of the input; the rest is the
 * message.
 */

#include "ngx_hl7_ack.h"
#include "ngx_mllp_frame.h"


#define FUZZ_HEAD  4

#define fuzz_assert(expr)                                                     \
    do {                                                                      \
        if (!(expr)) {                                                        \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #expr);        \
            abort();                                                          \
        }                                                                     \
    } while (0)


int LLVMFuzzerTestOneInput(const u_char *data, size_t size);


static u_char  fuzz_text[256];


static ngx_uint_t
fuzz_is_clean(u_char *p, size_t len)
{
    return memchr(p, NGX_MLLP_VT, len) == NULL
           && memchr(p, NGX_MLLP_FS, len) == NULL
           && memchr(p, LF, len) == NULL;
}


/* an acknowledgement of "m", a message or NULL */

static void
fuzz_ack(ngx_hl7_ack_t *ack)
{
    size_t              len;
    u_char             *buf, *end;
    ngx_str_t           id, echo, reply;
    ngx_uint_t          commit;
    ngx_hl7_error_t     err;
    ngx_hl7_span_t      segments[4];
    ngx_hl7_message_t  *m, parsed;
    ngx_hl7_outcome_e   outcome;

    m = ngx_hl7_is_message(ack->message) ? ack->message : NULL;

    len = ngx_hl7_ack_len(ack);
    buf = malloc(len);
    fuzz_assert(buf != NULL);

    end = ngx_hl7_ack_write(buf, ack);

    fuzz_assert((size_t) (end - buf) <= len);
    fuzz_assert(memcmp(buf, "MSH", 3) == 0 && end[-1] == CR);
    fuzz_assert(fuzz_is_clean(buf, end - buf));

    fuzz_assert(ngx_hl7_message_open(&parsed, buf, end, &err) == NGX_OK);
    fuzz_assert(ngx_hl7_message_count_segments(&parsed) <= 4);
    ngx_hl7_message_index(&parsed, segments);

    outcome = ngx_hl7_ack_outcome(m, ack->outcome);

    fuzz_assert(parsed.nsegments
                == (outcome == NGX_HL7_OUTCOME_ACCEPT ? 2 : 3));
    fuzz_assert(ngx_hl7_segment_is(&parsed, &segments[1], "MSA"));
    fuzz_assert(ngx_hl7_is_ack(&parsed));

    if (m && ngx_hl7_msh(m, 10, 0, &id) > NGX_HL7_EMPTY
        && fuzz_is_clean(id.data, id.len))
    {
        (void) ngx_hl7_field(&parsed, &segments[1], 2, &echo);

        if (parsed.multibyte == 0) {
            fuzz_assert(echo.len == id.len);
            fuzz_assert(memcmp(echo.data, id.data, id.len) == 0);

            reply.data = buf;
            reply.len = end - buf;

            fuzz_assert(ngx_hl7_ack_check(m, &reply, &outcome, &commit, &err)
                        == NGX_OK);
            fuzz_assert(outcome == ngx_hl7_ack_outcome(m, ack->outcome));
            fuzz_assert(commit == ack->commit);
        }

    } else {
        fuzz_assert(m == NULL || outcome != NGX_HL7_OUTCOME_ACCEPT
                    || !fuzz_is_clean(id.data, id.len));
    }

    free(buf);
}


static void
fuzz_owed(ngx_hl7_message_t *m, ngx_hl7_outcome_e outcome)
{
    ngx_uint_t          owed;
    ngx_hl7_ack_mode_e  mode;

    for (mode = NGX_HL7_ACK_AUTO; mode <= NGX_HL7_ACK_NONE; mode++) {
        owed = ngx_hl7_ack_owed(mode, m, outcome);

        fuzz_assert(!(owed & NGX_HL7_OWED_BLOCK)
                    == (mode != NGX_HL7_ACK_RELEASE2));

        if (m && ngx_hl7_is_message(m) && ngx_hl7_is_ack(m)) {
            fuzz_assert(!(owed & NGX_HL7_OWED_APPLICATION));
        }

        if (m == NULL && mode != NGX_HL7_ACK_NONE) {
            fuzz_assert(owed & ~NGX_HL7_OWED_BLOCK);
        }
    }
}


static void
fuzz_batch(u_char *start, size_t len)
{
    size_t     room;
    u_char    *buf, *end;
    ngx_str_t  fhs, bhs, id, time;

    ngx_str_set(&id, "K7");
    ngx_str_set(&time, "20261121080001");

    fhs.data = start;
    fhs.len = len / 2;
    bhs.data = start + len / 2;
    bhs.len = len - len / 2;

    room = ngx_hl7_batch_ack_len(&fhs, &bhs);
    buf = malloc(room);
    fuzz_assert(buf != NULL);

    end = ngx_hl7_batch_ack_begin(buf, &fhs, &bhs, &id, &time);
    end = ngx_hl7_batch_ack_end(end, &fhs, &bhs, (ngx_uint_t) -1);

    fuzz_assert((size_t) (end - buf) <= room);
    fuzz_assert(fuzz_is_clean(buf, end - buf));

    free(buf);

    /* the whole of it as one header */

    bhs.data = start;
    bhs.len = len;
    fhs.len = 0;

    room = ngx_hl7_batch_ack_len(&fhs, &bhs);
    buf = malloc(room);
    fuzz_assert(buf != NULL);

    end = ngx_hl7_batch_ack_begin(buf, &fhs, &bhs, &id, &time);
    end = ngx_hl7_batch_ack_end(end, &fhs, &bhs, (ngx_uint_t) -1);

    fuzz_assert((size_t) (end - buf) <= room);
    fuzz_assert(fuzz_is_clean(buf, end - buf));

    free(buf);
}


int
LLVMFuzzerTestOneInput(const u_char *data, size_t size)
{
    size_t              len;
    u_char             *content;
    ngx_str_t           reply;
    ngx_uint_t          commit;
    ngx_hl7_ack_t       ack;
    ngx_hl7_error_t     err, error;
    ngx_hl7_message_t   m;
    ngx_hl7_outcome_e   outcome;

    if (size < FUZZ_HEAD) {
        return 0;
    }

    memset(fuzz_text, '|', sizeof(fuzz_text));

    error.code = data[0];
    ngx_memcpy(error.segment, "PID", 4);
    error.occurrence = data[0];
    error.field = data[1];
    error.offset = size;
    error.text.data = fuzz_text;
    error.text.len = data[2];

    size -= FUZZ_HEAD;
    reply.len = ngx_min(data[3], size);
    len = size - reply.len;

    content = malloc(size + (size == 0));
    fuzz_assert(content != NULL);
    memcpy(content, data + FUZZ_HEAD, size);
    reply.data = content + len;

    ack.message = (ngx_hl7_message_open(&m, content, content + len, &err)
                   == NGX_OK) ? &m : NULL;
    ack.error = (data[0] == 0) ? NULL : &error;
    ack.clean = 0;
    ngx_str_set(&ack.control_id, "20261121-0001-000007");
    ngx_str_set(&ack.time, "20261121080001.123+0100");

    for (outcome = 0; outcome <= NGX_HL7_OUTCOME_REJECT; outcome++) {
        ack.outcome = outcome;

        for (commit = 0; commit < 2; commit++) {
            ack.commit = commit;
            fuzz_ack(&ack);
        }

        fuzz_owed(ack.message, outcome);
    }

    if (ngx_hl7_is_message(ack.message)
        && ngx_hl7_ack_check(&m, &reply, &outcome, &commit, &err) == NGX_OK)
    {
        fuzz_assert(outcome == ngx_hl7_ack_outcome(&m, outcome));
    }

    fuzz_batch(content, len);

    free(content);

    return 0;
}
