
/*
 * What is in an MLLP frame: one message, a batch, several messages, a block
 * acknowledgement, or nothing that could be a message.
 *
 * Source: HL7 v2.9.1 §2.10.3 (batch protocol: [FHS]{[BHS]{MSH...}[BTS]}[FTS]).
 */

#ifndef _NGX_HL7_ENVELOPE_H_INCLUDED_
#define _NGX_HL7_ENVELOPE_H_INCLUDED_


#include "ngx_mllp_frame.h"
#include "ngx_hl7_message.h"


typedef enum {
    NGX_HL7_SINGLE = 0,
    NGX_HL7_BATCH,                   /* begins with FHS or BHS */
    NGX_HL7_SEVERAL,                 /* MULTI_MSH, tolerated */
    NGX_HL7_BLOCK_ACK                /* one byte ACK or NAK, release 2 */
} ngx_hl7_envelope_e;


typedef struct {
    ngx_hl7_envelope_e   kind;
    u_char              *start;      /* without BOM and tolerated bytes
                                        before MSH */
    u_char              *end;

    /* of a batch: its header segments, terminators excluded, or empty */
    ngx_str_t            fhs;
    ngx_str_t            bhs;        /* the first one */

    ngx_uint_t           messages;   /* 1 of a single one, 0 or more of a
                                        batch */
    ngx_int_t            declared;   /* sum of BTS-1; -1 if there is none or
                                        one of them is no number */

    ngx_hl7_error_t      error;      /* when it is declined; the offset is
                                        from the start of the frame */
    ngx_mllp_deviation_e deviation;  /* that it is declined for, or
                                        NGX_MLLP_DEVIATIONS if it has none */

    u_char              *pos;        /* private: where the next one begins */
} ngx_hl7_envelope_t;


/*
 * Looks at a frame, notes deviations of the content with their offsets on the
 * connection.  Nothing but the first and last bytes is read unless frame->walk
 * is set, or it is a batch.
 *
 * NGX_OK; NGX_DECLINED with env->error: no message in it, a deviation that
 * "tolerate" does not allow, or a segment of a batch that is outside of its
 * messages.  All deviations are noted, the first that is not allowed is the
 * error.  A frame without a header segment is a NGX_MLLP_DAMAGED_START that
 * nothing can allow.  When declined, env->start and end are what can be
 * answered negatively: from the first MSH on, or from FHS or BHS, or the
 * whole frame.
 */
ngx_int_t ngx_hl7_envelope_open(ngx_hl7_envelope_t *env,
    ngx_mllp_frame_t *frame, ngx_uint_t tolerate,
    ngx_mllp_deviations_t *deviations);

/*
 * The messages of the envelope in turn: [*start, *end) begins with MSH and
 * ends before the next MSH or batch segment (FHS BHS BTS FTS); a single
 * one is all of the envelope.  NGX_OK, or NGX_DONE after the last.
 */
ngx_int_t ngx_hl7_envelope_next(ngx_hl7_envelope_t *env, u_char **start,
    u_char **end);


#endif /* _NGX_HL7_ENVELOPE_H_INCLUDED_ */
