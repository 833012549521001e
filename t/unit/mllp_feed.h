
/*
 * Feeds bytes to the frame reader in given reads and writes down what comes
 * out.  The transcript must not depend on the reads.  Every call gets its
 * own allocation of just the bytes it may see, for ASan and valgrind.
 */

#ifndef _MLLP_FEED_H_INCLUDED_
#define _MLLP_FEED_H_INCLUDED_


#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ngx_mllp_frame.h"


/* of one result, the list of deviations included */
#define FEED_LINE  1024

#define feed_assert(expr)                                                     \
    if (!(expr)) {                                                            \
        fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #expr);            \
        abort();                                                              \
    }


typedef struct {
    ngx_uint_t      tolerate;
    size_t          max_size;
    size_t          max_junk;
    const u_char   *data;
    size_t          len;
    const u_char   *cuts;       /* a read ends behind data[i] if cuts[i] */

    char           *text;       /* the transcript, the caller frees it */
    size_t          text_len;
} feed_t;


/* when segments have to be looked at, the plain way, to compare with */

static inline ngx_uint_t
feed_walk(const u_char *p, size_t len)
{
    size_t  i;

    for (i = 0; i < len; i++) {

        if (p[i] == LF
            || (i > 0 && p[i - 1] == CR && (p[i] == CR || p[i] == 'M')))
        {
            return 1;
        }
    }

    return 0;
}


/* whether the bytes are what can be in a frame, and what ended it is there */

static inline ngx_uint_t
feed_content(feed_t *f, ngx_mllp_frame_t *frame, ngx_int_t rc)
{
    size_t   len;
    u_char  *p, *end;

    end = frame->end;
    len = end - frame->start;

    if (len > f->max_size || memchr(frame->start, NGX_MLLP_VT, len)) {
        return 0;
    }

    if ((rc == NGX_OK && *end != NGX_MLLP_FS)
        || (rc == NGX_DONE && *end != NGX_MLLP_VT))
    {
        return 0;
    }

    p = memchr(frame->start, NGX_MLLP_FS, len);

    if (p && !(f->tolerate & ngx_mllp_bit(NGX_MLLP_FS_IN_DATA))) {
        return 0;
    }

    for ( /* void */ ; p && p < end; p++) {
        if (p[0] == NGX_MLLP_FS && p[1] == CR) {
            return 0;
        }
    }

    return frame->walk == feed_walk(frame->start, len);
}


static inline const char *
feed_name(ngx_int_t rc)
{
    switch (rc) {

    case NGX_OK:
        return "frame";

    case NGX_DONE:
        return "fragment";

    case NGX_DECLINED:
        return "declined";

    default:
        feed_assert(rc == NGX_ERROR);
        return "error";
    }
}


/* " name*count@offset" for each deviation, and empties the list */

static inline char *
feed_deviations(char *p, ngx_mllp_deviations_t *d)
{
    ngx_uint_t  kind;

    for (kind = 0; kind < NGX_MLLP_DEVIATIONS; kind++) {

        if (d->set & ngx_mllp_bit(kind)) {
            p += sprintf(p, " %s*%u@%llu",
                         (char *) ngx_mllp_deviation_names[kind].data,
                         (unsigned) d->count[kind],
                         (unsigned long long) d->offset[kind]);
        }
    }

    d->set = 0;

    return p;
}


/* "what offset+length walk: deviations;" */

static inline void
feed_write(feed_t *f, ngx_mllp_reader_t *rd, ngx_int_t rc,
    ngx_mllp_frame_t *frame)
{
    char  *p;

    f->text = realloc(f->text, f->text_len + FEED_LINE);
    feed_assert(f->text != NULL);

    p = f->text + f->text_len;

    p += sprintf(p, "%s %llu+%zu%s", feed_name(rc),
                 (unsigned long long) frame->offset,
                 (size_t) (frame->end - frame->start),
                 frame->walk ? " walk" : "");

    if (rc != NGX_OK) {
        p += sprintf(p, " %s",
                     (char *) ngx_mllp_deviation_names[frame->error].data);
    }

    *p++ = ':';
    p = feed_deviations(p, rd->deviations);
    p += sprintf(p, "; ");

    f->text_len = p - f->text;
}


static inline void
feed_eof(feed_t *f, ngx_mllp_reader_t *rd)
{
    char       *p;
    ngx_int_t   rc;
    ngx_uint_t  in_frame;

    in_frame = ngx_mllp_in_frame(rd);
    rc = ngx_mllp_read_eof(rd);

    feed_assert(rc == (in_frame ? NGX_DECLINED : NGX_OK));

    f->text = realloc(f->text, f->text_len + FEED_LINE);
    feed_assert(f->text != NULL);

    p = f->text + f->text_len;
    p += sprintf(p, "eof %llu %s:", (unsigned long long) rd->offset,
                 in_frame ? "inside" : "between");
    p = feed_deviations(p, rd->deviations);

    f->text_len = p - f->text;
}


/* one call: bytes from *done to "have"; whether to call again is returned */

static inline ngx_int_t
feed_call(feed_t *f, ngx_mllp_reader_t *rd, size_t *done, size_t have)
{
    u_char            *buf, *pos, *last;
    ngx_int_t          rc;
    ngx_mllp_frame_t   frame;

    buf = malloc(have - *done);
    feed_assert(buf != NULL || have == *done);

    if (have > *done) {
        memcpy(buf, f->data + *done, have - *done);
    }

    pos = buf;
    last = buf + (have - *done);
    memset(&frame, 0xa5, sizeof(ngx_mllp_frame_t));

    rc = ngx_mllp_read_frame(rd, &pos, last, &frame);

    feed_assert(pos >= buf && pos <= last);

    if (rc != NGX_AGAIN) {
        feed_assert(frame.start >= buf && frame.start <= frame.end
                    && frame.end <= last);
        feed_assert(frame.offset == *done + (frame.start - buf));
        feed_assert(feed_content(f, &frame, rc));
        feed_assert(rc == NGX_OK
                    || (rd->deviations->set & ngx_mllp_bit(frame.error)));
        feed_write(f, rd, rc, &frame);
    }

    if (rc == NGX_OK || rc == NGX_DONE) {
        feed_assert(pos > frame.end);
    }

    if (rc == NGX_DECLINED && frame.error == NGX_MLLP_FS_IN_DATA) {
        rc = NGX_OK;
    }

    *done += pos - buf;
    feed_assert(rd->offset == *done);

    free(buf);

    return rc;
}


static inline void
feed(feed_t *f)
{
    size_t                 done, have;
    ngx_int_t              rc;
    ngx_mllp_reader_t      rd;
    ngx_mllp_deviations_t  deviations;

    memset(&rd, 0, sizeof(ngx_mllp_reader_t));
    memset(&deviations, 0, sizeof(ngx_mllp_deviations_t));

    rd.tolerate = f->tolerate;
    rd.max_size = f->max_size;
    rd.max_junk = f->max_junk;
    rd.deviations = &deviations;

    f->text = NULL;
    f->text_len = 0;

    done = 0;
    have = 0;

    while (have < f->len) {
        do {
            have++;
        } while (have < f->len && !f->cuts[have - 1]);

        do {
            rc = feed_call(f, &rd, &done, have);
        } while (rc == NGX_OK || rc == NGX_DONE);

        if (rc != NGX_AGAIN) {
            break;
        }
    }

    feed_eof(f, &rd);
}


#endif /* _MLLP_FEED_H_INCLUDED_ */
