
/*
 * The way of the listener from bytes to acknowledgements, without sockets:
 * any way of cutting the same bytes into reads gives the same acknowledgements.
 *
 * The first five bytes of an input: tolerated kinds (two bytes), mode of
 * mllp_ack and outcome, seed of the cuts, one read in how many bytes.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ngx_mllp_frame.h"
#include "ngx_hl7_envelope.h"
#include "ngx_hl7_ack.h"


#define FUZZ_HEAD      5
#define FUZZ_MAX_SIZE  4096
#define FUZZ_MAX_JUNK  64

#define fuzz_assert(expr)                                                     \
    if (!(expr)) {                                                            \
        fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #expr);            \
        abort();                                                              \
    }


typedef struct {
    ngx_uint_t            tolerate;
    ngx_hl7_ack_mode_e    mode;
    ngx_hl7_outcome_e     outcome;

    u_char               *text;      /* all acknowledgements */
    size_t                len;
} fuzz_t;


int LLVMFuzzerTestOneInput(const u_char *data, size_t size);


static u_char *
fuzz_room(fuzz_t *f, size_t n)
{
    f->text = realloc(f->text, f->len + n);
    fuzz_assert(f->text != NULL);

    return f->text + f->len;
}


static void
fuzz_ack(fuzz_t *f, ngx_hl7_message_t *m, ngx_hl7_outcome_e outcome,
    ngx_hl7_error_t *error)
{
    u_char         *p;
    ngx_uint_t      owed, commit;
    ngx_hl7_ack_t   ack;

    owed = ngx_hl7_ack_owed(f->mode, m, outcome);

    p = fuzz_room(f, 1);
    *p = '0' + owed;
    f->len++;

    for (commit = 0; commit <= 1; commit++) {

        if (!(owed & (commit ? NGX_HL7_OWED_COMMIT
                             : NGX_HL7_OWED_APPLICATION)))
        {
            continue;
        }

        memset(&ack, 0, sizeof(ngx_hl7_ack_t));

        ack.message = m;
        ack.outcome = outcome;
        ack.commit = commit;
        ack.error = error;
        ngx_str_set(&ack.control_id, "0123456789abcdef");
        ngx_str_set(&ack.time, "20260301120000+0100");

        p = fuzz_room(f, ngx_hl7_ack_len(&ack));
        f->len += ngx_hl7_ack_write(p, &ack) - p;
    }
}


static void
fuzz_message(fuzz_t *f, u_char *start, u_char *end)
{
    ngx_hl7_error_t    err;
    ngx_hl7_message_t  m;

    memset(&err, 0, sizeof(ngx_hl7_error_t));

    if (ngx_hl7_message_open(&m, start, end, &err) != NGX_OK) {
        fuzz_ack(f, NULL, NGX_HL7_OUTCOME_ERROR, &err);
        return;
    }

    fuzz_ack(f, &m, f->outcome, NULL);
}


static void
fuzz_frame(fuzz_t *f, ngx_mllp_frame_t *frame, ngx_mllp_deviations_t *d)
{
    u_char              *p, *start, *end;
    ngx_hl7_error_t      err;
    ngx_hl7_message_t    m;
    ngx_hl7_envelope_t   env;

    if (ngx_hl7_envelope_open(&env, frame, f->tolerate, d) != NGX_OK) {

        if (ngx_hl7_message_open(&m, env.start, env.end, &err) == NGX_OK) {
            fuzz_ack(f, &m, NGX_HL7_OUTCOME_ERROR, &env.error);

        } else {
            fuzz_ack(f, NULL, NGX_HL7_OUTCOME_ERROR, &env.error);
        }

        return;
    }

    if (env.kind == NGX_HL7_BLOCK_ACK) {
        return;
    }

    while (ngx_hl7_envelope_next(&env, &start, &end) == NGX_OK) {
        fuzz_assert(start >= frame->start && start < end
                    && end <= frame->end);
        fuzz_message(f, start, end);
    }

    /* what is counted and noted on the way must be the same as well */

    p = fuzz_room(f, sizeof(uint32_t));
    memcpy(p, &d->set, sizeof(uint32_t));
    f->len += sizeof(uint32_t);
}


/* the reads end where "seed" says, or nowhere but at the end when it is 0 */

static void
fuzz_run(fuzz_t *f, const u_char *data, size_t size, uint32_t seed,
    ngx_uint_t one_in)
{
    size_t                  n, keep, have;
    u_char                 *pos, *buf;
    ngx_int_t               rc;
    ngx_mllp_frame_t        frame;
    ngx_mllp_reader_t       rd;
    ngx_mllp_deviations_t   d;

    memset(&rd, 0, sizeof(ngx_mllp_reader_t));
    memset(&d, 0, sizeof(ngx_mllp_deviations_t));

    rd.tolerate = f->tolerate;
    rd.max_size = FUZZ_MAX_SIZE;
    rd.max_junk = FUZZ_MAX_JUNK;
    rd.deviations = &d;

    f->text = NULL;
    f->len = 0;

    keep = 0;
    have = 0;

    while (have < size) {

        n = size - have;

        if (seed) {
            n = 0;

            do {
                seed = seed * 1664525 + 1013904223;
                n++;
            } while (have + n < size && (seed >> 16) % (one_in + 1) != 0);
        }

        have += n;
        n += keep;

        /* just the bytes that the reader may see */

        buf = malloc(n);
        fuzz_assert(buf != NULL);
        memcpy(buf, data + have - n, n);

        pos = buf;

        do {
            rc = ngx_mllp_read_frame(&rd, &pos, buf + n, &frame);

            if (rc == NGX_OK) {
                fuzz_frame(f, &frame, &d);
                d.set = 0;

            } else if (rc == NGX_DECLINED) {
                fuzz_message(f, frame.start, frame.end);
            }

        } while (rc == NGX_OK || rc == NGX_DONE
                 || (rc == NGX_DECLINED
                     && frame.error == NGX_MLLP_FS_IN_DATA));

        keep = buf + n - pos;

        free(buf);

        if (rc != NGX_AGAIN) {
            return;
        }
    }
}


int
LLVMFuzzerTestOneInput(const u_char *data, size_t size)
{
    fuzz_t  whole, cut;

    if (size < FUZZ_HEAD) {
        return 0;
    }

    whole.tolerate = (data[0] << 8 | data[1])
                     & (ngx_mllp_bit(NGX_MLLP_TOLERABLE) - 1);

    if (whole.tolerate & ngx_mllp_bit(NGX_MLLP_FS_ONLY)) {
        whole.tolerate &= ~ngx_mllp_bit(NGX_MLLP_FS_IN_DATA);
    }

    whole.mode = data[2] % (NGX_HL7_ACK_NONE + 1);
    whole.outcome = (data[2] >> 4) % (NGX_HL7_OUTCOME_REJECT + 1);

    cut = whole;

    fuzz_run(&whole, data + FUZZ_HEAD, size - FUZZ_HEAD, 0, 0);
    fuzz_run(&cut, data + FUZZ_HEAD, size - FUZZ_HEAD, data[3] + 1, data[4]);

    fuzz_assert(whole.len == cut.len
                && (whole.len == 0
                    || memcmp(whole.text, cut.text, whole.len) == 0));

    free(whole.text);
    free(cut.text);

    return 0;
}
