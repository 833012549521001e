
/*
 * Acknowledgements: which of them a message is owed, and their bytes.
 *
 * Source: HL7 v2.9.1 §2.9.2 and §2.9.3 (original and enhanced processing
 * rules), tables 0008, 0155, 0357 and 0516; ERR of §2.14.5; v2.3.1 and
 * v2.4 for the older forms of MSH-9, MSA and ERR.
 */

#ifndef _NGX_HL7_ACK_H_INCLUDED_
#define _NGX_HL7_ACK_H_INCLUDED_


#include "ngx_hl7_message.h"


/* the directive mllp_ack */

typedef enum {
    NGX_HL7_ACK_AUTO = 0,            /* MSH-15 and MSH-16 decide */
    NGX_HL7_ACK_ORIGINAL,            /* always one AA, AE or AR */
    NGX_HL7_ACK_ACCEPT,              /* always one CA, CE or CR */
    NGX_HL7_ACK_RELEASE2,            /* auto, with a block ack before */
    NGX_HL7_ACK_NONE
} ngx_hl7_ack_mode_e;


typedef enum {
    NGX_HL7_OUTCOME_ACCEPT = 0,      /* AA, CA */
    NGX_HL7_OUTCOME_ERROR,           /* AE, CE */
    NGX_HL7_OUTCOME_REJECT           /* AR, CR */
} ngx_hl7_outcome_e;


/* acknowledgements that are owed, a set; they are sent in this order */

#define NGX_HL7_OWED_BLOCK        0x01    /* release 2: ACK or NAK */
#define NGX_HL7_OWED_COMMIT       0x02    /* CA, CE, CR */
#define NGX_HL7_OWED_APPLICATION  0x04    /* AA, AE, AR */


typedef struct {
    ngx_hl7_message_t   *message;    /* opened, or NULL: its header could not
                                        be read */
    ngx_hl7_outcome_e    outcome;
    ngx_uint_t           commit;     /* 1: CA, CE, CR; 0: AA, AE, AR */
    ngx_str_t            control_id; /* MSH-10, new for each ack, 1..20 chars */
    ngx_str_t            time;       /* MSH-7 */
    ngx_hl7_error_t     *error;      /* why it is negative, or NULL */
    ngx_uint_t           clean;      /* there is no FS and VT in the message:
                                        they are not looked for */
} ngx_hl7_ack_t;


/*
 * Whether it is a message that can be answered, not NULL and not the header
 * of a batch (FHS, BHS), which opens as well.
 */
static ngx_inline ngx_uint_t
ngx_hl7_is_message(ngx_hl7_message_t *m)
{
    return m != NULL && m->start[0] == 'M';
}

/*
 * Whether the message is itself an acknowledgement or a reply: MSH-9.1 is
 * ACK, or MSA follows MSH (and SFT, UAC).  Works without the segment index.
 */
ngx_uint_t ngx_hl7_is_ack(ngx_hl7_message_t *m);

/*
 * Whether MSH-15 or MSH-16 is valued: the sender uses enhanced mode.
 */
ngx_uint_t ngx_hl7_is_enhanced(ngx_hl7_message_t *m);

/*
 * The outcome that can be acknowledged: without a message control id nobody
 * can say what was accepted, and ACCEPT becomes ERROR.  ngx_hl7_ack_owed()
 * and ngx_hl7_ack_write() apply this themselves.
 */
ngx_hl7_outcome_e ngx_hl7_ack_outcome(ngx_hl7_message_t *m,
    ngx_hl7_outcome_e outcome);

/*
 * The acknowledgements owed to a message with this outcome.  "m" may be NULL:
 * the header could not be read.  What is not ngx_hl7_is_message() counts as
 * NULL, here and below.
 *
 *   - auto: both of MSH-15/16 empty: APPLICATION.  Otherwise each by
 *     its own condition of table 0155 (AL NE ER SU, other values count as
 *     AL), an empty MSH-15 counting as NE and an empty MSH-16 as AL; null
 *     is empty.
 *     After a negative commit ack that was owed no application ack follows:
 *     the message did not reach the application.
 *   - an acknowledgement (ngx_hl7_is_ack) is owed a commit ack at most, and
 *     only when its MSH-15 asks for it; none in original mode.
 *   - release2: BLOCK in any case, and what auto says.
 *   - message NULL: a negative APPLICATION in all modes that answer, COMMIT
 *     in accept mode.
 */
ngx_uint_t ngx_hl7_ack_owed(ngx_hl7_ack_mode_e mode, ngx_hl7_message_t *m,
    ngx_hl7_outcome_e outcome);

/* the code of table 0008, two characters: "AA", "CE", ... */
const char *ngx_hl7_ack_code(ngx_hl7_outcome_e outcome, ngx_uint_t commit);

/* an upper bound for the bytes of the acknowledgement, unframed */
size_t ngx_hl7_ack_len(ngx_hl7_ack_t *ack);

/*
 * Writes the acknowledgement, unframed, segments ended by CR, and returns
 * the end.
 *
 *   MSH: delimiters of the message, four at least, with a space for one that
 *     it does not have; MSH-3/4 from its 5/6, 5/6 from its 3/4; MSH-9 by
 *     version: ACK, from 2.3 on ACK^trigger, from 2.4 on ACK^trigger^ACK (no
 *     trigger: ACK); MSH-11, 12 and 18 as received; MSH-15 and 16 NE and NE
 *     in an application ack to a message with one of them, else empty.
 *   MSA: code, MSH-10 byte for byte; before v2.5 the error's text in MSA-3;
 *     MSA-4 echoes MSH-13 when it is there.
 *   ERR, when negative: v2.5 on ERR-2 location, ERR-3 code of table 0357,
 *     ERR-4 severity E, ERR-7 diagnostic (the byte offset, unless the error
 *     has neither segment nor offset), ERR-8 text; before v2.5 ERR-1
 *     segment^sequence^field^code&text&HL70357.
 *
 * An unknown version gets the forms of v2.5.  An error of NULL gets code 207.
 * 200 bytes of the error's text are used, 20 of the control id, 26 of the
 * time; the latter two end before the message's field separator.  FS and VT
 * in an echoed field become a space.
 *
 * Without a message: default delimiters, version 2.5, processing id P, MSA-2
 * empty.
 */
u_char *ngx_hl7_ack_write(u_char *p, ngx_hl7_ack_t *ack);

/*
 * A response batch around acknowledgements (option of §2.10.3.3): writes FHS
 * if the request had one, and BHS, with senders and receivers exchanged and
 * field 12 the control id (11) of the request.  "fhs" and "bhs" are the
 * request's header segments, possibly empty; without bhs the fhs stands in
 * for it, without both or if it cannot be read the defaults.  The length is
 * an upper bound for beginning and end together; control id and time are cut
 * as above.
 */
size_t ngx_hl7_batch_ack_len(ngx_str_t *fhs, ngx_str_t *bhs);
u_char *ngx_hl7_batch_ack_begin(u_char *p, ngx_str_t *fhs, ngx_str_t *bhs,
    ngx_str_t *control_id, ngx_str_t *time);

/* BTS with the number of acknowledgements, and FTS if there was FHS */
u_char *ngx_hl7_batch_ack_end(u_char *p, ngx_str_t *fhs, ngx_str_t *bhs,
    ngx_uint_t acks);

/*
 * What an acknowledgement or a reply says: finds its MSA, which follows MSH,
 * SFT and UAC, works without the segment index; NGX_OK with *outcome and
 * *commit for a code of table 0008, or NGX_DECLINED.
 */
ngx_uint_t ngx_hl7_ack_find_msa(ngx_hl7_message_t *m, ngx_hl7_span_t *msa);
ngx_int_t ngx_hl7_ack_decode(ngx_str_t *code, ngx_hl7_outcome_e *outcome,
    ngx_uint_t *commit);

/*
 * Checks an acknowledgement that a backend supplied for "m": it must have MSH
 * and behind it (and SFT, UAC) MSA, MSA-1 of table 0008, MSA-2 equal to
 * MSH-10 of "m" byte for byte, no VT or FS in it.  A positive one needs a
 * MSH-10 that is valued.  Segment ends and delimiters are its own.
 *
 * NGX_OK with *outcome and *commit, or NGX_DECLINED with *err, which is
 * written for the sender of "m": code 207 and no location.
 */
ngx_int_t ngx_hl7_ack_check(ngx_hl7_message_t *m, ngx_str_t *reply,
    ngx_hl7_outcome_e *outcome, ngx_uint_t *commit, ngx_hl7_error_t *err);


#endif /* _NGX_HL7_ACK_H_INCLUDED_ */
