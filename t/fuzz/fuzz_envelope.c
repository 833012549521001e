
/*
 * Whatever is in a frame: its messages lie inside, in order, without
 * overlap, and begin with each segment MSH of it; deviations are noted
 * within the frame; frame->walk changes the cost and nothing else.
 *
 * The first byte of an input: tolerated kinds, from NGX_MLLP_BOM on.
 */

#include "mllp_feed.h"
#include "ngx_hl7_envelope.h"


#define FUZZ_OFFSET  7000000000

#define fuzz_assert(expr)                                                     \
    do {                                                                      \
        if (!(expr)) {                                                        \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #expr);        \
            abort();                                                          \
        }                                                                     \
    } while (0)


int LLVMFuzzerTestOneInput(const u_char *data, size_t size);


static ngx_uint_t
fuzz_is_end(u_char ch)
{
    return ch == CR || ch == LF;
}


/* segments of this name from "start" on, where a segment begins */

static ngx_uint_t
fuzz_segments(u_char *start, u_char *end, const char *name)
{
    u_char      *p;
    ngx_uint_t   n;

    n = 0;

    for (p = start; end - p >= 3; p++) {

        if ((p == start || fuzz_is_end(p[-1])) && memcmp(p, name, 3) == 0) {
            n++;
        }
    }

    return n;
}


static void
fuzz_deviations(ngx_mllp_frame_t *frame, ngx_mllp_deviations_t *d)
{
    size_t      len, lf;
    u_char     *p;
    ngx_uint_t  i;

    len = frame->end - frame->start;

    for (i = 0; i < NGX_MLLP_DEVIATIONS; i++) {

        if (!(d->set & ngx_mllp_bit(i))) {
            continue;
        }

        fuzz_assert(i >= NGX_MLLP_BOM && i <= NGX_MLLP_EMPTY_FRAME);
        fuzz_assert(d->count[i] >= 1 && d->count[i] <= len + 1);
        fuzz_assert(d->offset[i] >= FUZZ_OFFSET);
        fuzz_assert(d->offset[i] <= FUZZ_OFFSET + len);
    }

    if (d->set & ngx_mllp_bit(NGX_MLLP_LF_SEGMENTS)) {
        p = frame->start + (d->offset[NGX_MLLP_LF_SEGMENTS] - FUZZ_OFFSET);
        fuzz_assert(*p == LF);

        for (lf = 0; p < frame->end; p++) {
            lf += (*p == LF);
        }

        fuzz_assert(lf == d->count[NGX_MLLP_LF_SEGMENTS]);
    }
}


static void
fuzz_messages(ngx_hl7_envelope_t *env, ngx_mllp_frame_t *frame)
{
    u_char      *start, *end, *last;
    ngx_uint_t   n;

    fuzz_assert(env->end == frame->end);

    last = env->start;

    for (n = 0; ngx_hl7_envelope_next(env, &start, &end) == NGX_OK; n++) {

        fuzz_assert(start >= last && end > start && end <= env->end);
        fuzz_assert(end - start >= 3 && memcmp(start, "MSH", 3) == 0);
        fuzz_assert(start == frame->start || start == env->start
                    || fuzz_is_end(start[-1]));
        fuzz_assert(end == env->end || fuzz_is_end(end[-1]));
        fuzz_assert(fuzz_segments(start, end, "MSH") == 1);

        if (env->kind != NGX_HL7_SINGLE) {
            fuzz_assert(fuzz_segments(start, end, "FHS") == 0);
            fuzz_assert(fuzz_segments(start, end, "BHS") == 0);
            fuzz_assert(fuzz_segments(start, end, "BTS") == 0);
            fuzz_assert(fuzz_segments(start, end, "FTS") == 0);
        }

        last = end;
    }

    fuzz_assert(n == env->messages);
    fuzz_assert(ngx_hl7_envelope_next(env, &start, &end) == NGX_DONE);

    if (env->kind != NGX_HL7_BLOCK_ACK) {
        fuzz_assert(n == fuzz_segments(env->start, env->end, "MSH"));
    }
}


int
LLVMFuzzerTestOneInput(const u_char *data, size_t size)
{
    size_t                 len;
    u_char                *content;
    ngx_int_t              rc;
    ngx_uint_t             tolerate;
    ngx_mllp_frame_t       frame;
    ngx_hl7_envelope_t     env, slow;
    ngx_mllp_deviations_t  deviations, all;

    if (size < 1) {
        return 0;
    }

    len = size - 1;
    content = malloc(len + (len == 0));
    fuzz_assert(content != NULL);
    memcpy(content, data + 1, len);

    ngx_memzero(&frame, sizeof(ngx_mllp_frame_t));
    frame.start = content;
    frame.end = content + len;
    frame.offset = FUZZ_OFFSET;
    frame.walk = feed_walk(frame.start, len);

    tolerate = (ngx_uint_t) data[0] << NGX_MLLP_BOM;

    ngx_memzero(&deviations, sizeof(ngx_mllp_deviations_t));
    rc = ngx_hl7_envelope_open(&env, &frame, tolerate, &deviations);

    fuzz_deviations(&frame, &deviations);

    frame.walk = 1;

    ngx_memzero(&all, sizeof(ngx_mllp_deviations_t));
    fuzz_assert(ngx_hl7_envelope_open(&slow, &frame, tolerate, &all) == rc);
    fuzz_assert(memcmp(&deviations, &all, sizeof(deviations)) == 0);
    fuzz_assert(env.kind == slow.kind && env.messages == slow.messages);
    fuzz_assert(env.start == slow.start && env.declared == slow.declared);

    if (rc == NGX_OK) {
        fuzz_assert(env.error.code == 0);
        fuzz_assert(env.deviation == NGX_MLLP_DEVIATIONS);
        fuzz_assert(!(deviations.set & ~tolerate));
        fuzz_messages(&env, &frame);

    } else {
        fuzz_assert(rc == NGX_DECLINED);
        fuzz_assert(env.error.code != 0 && env.error.text.len != 0);
        fuzz_assert(env.error.offset <= len);
        fuzz_assert(env.start >= frame.start && env.start <= frame.end);
        fuzz_assert(env.end == frame.end);
    }

    free(content);

    return 0;
}
