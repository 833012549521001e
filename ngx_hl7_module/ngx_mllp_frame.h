
/*
 * The MLLP frame reader: a resumable state machine over the receive buffer
 * of one connection.  It copies nothing and knows no socket.
 *
 *     <VT> content <FS><CR>        VT 0x0B, FS 0x1C, CR 0x0D
 *
 * Source: Transport Specification: MLLP, Release 2; HL7 v2.9.1 Appendix C.
 *
 * Any way of cutting the same bytes into reads gives the same frames, the
 * same refusals and the same deviations with the same offsets.
 */

#ifndef _NGX_MLLP_FRAME_H_INCLUDED_
#define _NGX_MLLP_FRAME_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_mllp_deviation.h"


#define NGX_MLLP_VT   0x0b
#define NGX_MLLP_FS   0x1c
#define NGX_MLLP_ACK  0x06           /* MLLP release 2 block acks */
#define NGX_MLLP_NAK  0x15

#define NGX_MLLP_OVERHEAD  3         /* VT, FS, CR */


typedef struct {
    u_char                 *start;   /* content, VT and FS excluded */
    u_char                 *end;
    uint64_t                offset;  /* of start, from the connection's start */
    ngx_uint_t              walk;    /* its segments have to be looked at:
                                        there is LF, CR CR, or M after CR */
    ngx_mllp_deviation_e    error;   /* why it is refused, a fragment, or why
                                        this is not MLLP */
} ngx_mllp_frame_t;


typedef struct {
    /* set by the caller before the first call, not changed by the reader */

    ngx_uint_t              tolerate;       /* ngx_mllp_bit(kind)s */
    size_t                  max_size;       /* bytes of content of a frame */
    size_t                  max_junk;       /* bytes in a row between frames */
    ngx_mllp_deviations_t  *deviations;     /* the caller empties it */

    /* for the caller to read; zero at the start */

    uint64_t                offset;         /* of *pos */

    /* private; all zero at the start */

    size_t                  scanned;        /* content bytes behind *pos that
                                               have been looked at */
    size_t                  junk;           /* bytes of the present run */
    ngx_uint_t              walk;
    ngx_uint_t              state;
} ngx_mllp_reader_t;


/*
 * Takes the next thing out of the bytes [*pos, last) and moves *pos behind
 * what it is done with.  The bytes from the new *pos on stay the caller's to
 * keep: the next call gets them again, at the same or another address, with
 * more bytes behind them.
 *
 *   NGX_OK        a whole frame.  Content of one byte ACK or NAK is a block
 *                 acknowledgement of MLLP release 2, for the caller to see.
 *   NGX_AGAIN     more bytes are needed.
 *   NGX_DONE      a fragment: a new VT came before FS (NGX_MLLP_VT_IN_DATA,
 *                 tolerated).  It must not be acknowledged.  Call again.
 *   NGX_DECLINED  a block that cannot be accepted; frame->error says why,
 *                 and frame holds what there is of it.  It is answered
 *                 negatively if its MSH can be read.  After
 *                 NGX_MLLP_FS_IN_DATA the reader looks for the next VT: call
 *                 again; after the other errors the connection must be
 *                 closed.
 *   NGX_ERROR     this is not MLLP; frame->error says what it looks like.
 *                 The connection must be closed without an answer.
 *
 * A refused frame, and an empty one with NGX_ERROR, ends right before the byte
 * that is refused; after NGX_OK and NGX_AGAIN frame->error says nothing.
 *
 * Every deviation, tolerated or refused, is noted in rd->deviations when its
 * last byte is seen.
 * With NGX_MLLP_FS_ONLY tolerated a frame ends at FS at once; whether CR
 * follows is noted with the next call, so it counts for the next frame.
 */
ngx_int_t ngx_mllp_read_frame(ngx_mllp_reader_t *rd, u_char **pos,
    u_char *last, ngx_mllp_frame_t *frame);

/*
 * The peer sends no more.  NGX_OK: between frames; NGX_DECLINED: in the
 * middle of one, which must not be acknowledged positively.
 */
ngx_int_t ngx_mllp_read_eof(ngx_mllp_reader_t *rd);

/* whether a frame has begun and not ended: mllp_read_timeout applies */
ngx_uint_t ngx_mllp_in_frame(ngx_mllp_reader_t *rd);


#endif /* _NGX_MLLP_FRAME_H_INCLUDED_ */
