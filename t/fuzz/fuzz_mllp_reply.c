
/*
 * What a receiver answers: any way of cutting the same bytes into reads
 * decides the same, at the same frame.  And what may be sent: it makes a frame
 * that reads back as it was.
 *
 * The first six bytes of an input: which replies wait, the size of an
 * acknowledgement (two bytes), seed of the cuts (two bytes), one read in how
 * many bytes.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ngx_mllp_reply.h"


#define FUZZ_HEAD  6
#define FUZZ_SENT  "MSH|^~\\&|A|B|C|D|2026||ADT^A01|M1|P|2.5\r"

#define fuzz_assert(expr)  if (!(expr)) { abort(); }


typedef struct {
    ngx_int_t         rc;
    ngx_mllp_reply_e  reply;
    ngx_uint_t        late;
    size_t            start;
    size_t            len;
} fuzz_result_t;


int LLVMFuzzerTestOneInput(const u_char *data, size_t size);


/* each read has the bytes in memory of its own, from *pos on */

static void
fuzz_run(u_char *action, size_t max, const u_char *data, size_t size,
    uint32_t seed, ngx_uint_t every, fuzz_result_t *result)
{
    u_char             *copy, *pos;
    size_t              done, len;
    ngx_int_t           rc;
    ngx_str_t           content;
    ngx_uint_t          calls;
    ngx_hl7_error_t     err;
    ngx_mllp_reply_t    rp;
    ngx_hl7_message_t   m;

    fuzz_assert(ngx_mllp_reply_open(&m, (u_char *) FUZZ_SENT,
                                    (u_char *) FUZZ_SENT
                                    + sizeof(FUZZ_SENT) - 1, &err)
                == NGX_OK);

    ngx_mllp_reply_init(&rp, &m, action, max);

    memset(result, 0, sizeof(fuzz_result_t));

    rc = NGX_AGAIN;
    done = 0;
    calls = 0;

    for (len = 0; len <= size; len++) {
        seed = seed * 1664525 + 1013904223;

        if (len < size && every && (seed >> 16) % every != 0) {
            continue;
        }

        if (len < size && every == 0) {
            continue;
        }

        copy = malloc(len - done + 1);
        fuzz_assert(copy != NULL);

        copy = realloc(copy, len - done ? len - done : 1);
        memcpy(copy, data + done, len - done);

        pos = copy;

        do {
            fuzz_assert(calls++ < 4 * size + 16);

            rc = ngx_mllp_reply_read(&rp, &pos, copy + (len - done),
                                     &content);

            fuzz_assert(pos >= copy && pos <= copy + (len - done));
            fuzz_assert(rp.late <= NGX_MLLP_REPLY_LATE);

        } while (rc == NGX_DONE);

        if (rc == NGX_OK) {
            fuzz_assert(rp.reply < NGX_MLLP_REPLY_TIMEOUT);
            fuzz_assert(rp.reply == NGX_MLLP_REPLY_MISMATCH
                        || action[rp.reply] != NGX_MLLP_WAIT);

            if (content.len) {
                fuzz_assert(content.data >= copy && content.len <= max
                            && content.data + content.len
                               <= copy + (len - done));

                result->start = done + (content.data - copy);
                result->len = content.len;
            }

            fuzz_assert(!rp.clean || copy[len - done - 1] == CR
                        || copy[len - done - 1] == LF);
        }

        done += pos - copy;
        free(copy);

        if (rc != NGX_AGAIN) {
            break;
        }
    }

    result->rc = rc;
    result->reply = (rc == NGX_OK) ? rp.reply : ngx_mllp_reply_end(&rp);
    result->late = rp.late;
}


static void
fuzz_send(const u_char *data, size_t size)
{
    u_char                 *frame, *pos, *copy;
    ngx_hl7_error_t         err;
    ngx_mllp_frame_t        f;
    ngx_hl7_message_t       m;
    ngx_mllp_reader_t       rd;
    ngx_mllp_deviations_t   deviations;

    copy = malloc(size + 1);
    fuzz_assert(copy != NULL);

    copy = realloc(copy, size ? size : 1);
    memcpy(copy, data, size);

    if (ngx_mllp_reply_open(&m, copy, copy + size, &err) == NGX_OK) {

        fuzz_assert(!ngx_mllp_reply_owed_success(&m)
                    || ngx_mllp_reply_owed(&m));

        frame = malloc(size + NGX_MLLP_OVERHEAD);
        fuzz_assert(frame != NULL);

        frame[0] = NGX_MLLP_VT;
        memcpy(frame + 1, copy, size);
        frame[size + 1] = NGX_MLLP_FS;
        frame[size + 2] = CR;

        memset(&rd, 0, sizeof(ngx_mllp_reader_t));
        memset(&deviations, 0, sizeof(ngx_mllp_deviations_t));

        rd.max_size = size;
        rd.deviations = &deviations;

        pos = frame;

        fuzz_assert(ngx_mllp_read_frame(&rd, &pos,
                                        frame + size + NGX_MLLP_OVERHEAD, &f)
                    == NGX_OK);
        fuzz_assert((size_t) (f.end - f.start) == size
                    && memcmp(f.start, copy, size) == 0);

        free(frame);
    }

    free(copy);
}


int
LLVMFuzzerTestOneInput(const u_char *data, size_t size)
{
    size_t         max;
    u_char         action[NGX_MLLP_REPLIES + 1];
    fuzz_result_t  one, two;

    fuzz_send(data, size);

    if (size < FUZZ_HEAD) {
        return 0;
    }

    memcpy(action, ngx_mllp_reply_actions, sizeof(action));

    if (data[0] & 1) {
        action[NGX_MLLP_REPLY_CA] = NGX_MLLP_WAIT;
    }

    if (data[0] & 2) {
        action[NGX_MLLP_REPLY_ACK] = NGX_MLLP_WAIT;
    }

    max = data[1] << 8 | data[2];

    fuzz_run(action, max, data + FUZZ_HEAD, size - FUZZ_HEAD, 0, 0, &one);
    fuzz_run(action, max, data + FUZZ_HEAD, size - FUZZ_HEAD,
             data[3] << 8 | data[4], data[5] % 32 + 1, &two);

    fuzz_assert(memcmp(&one, &two, sizeof(fuzz_result_t)) == 0);

    return 0;
}
