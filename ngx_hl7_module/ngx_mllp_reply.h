
/*
 * The sender's side of MLLP: what may be sent in a frame, and what the
 * receiver's acknowledgement of it says.
 *
 * Source: HL7 v2.9.1 §2.9.2 and §2.9.3 (acknowledgements), table 0008;
 * Transport Specification: MLLP, Release 2 (block acknowledgements).
 */

#ifndef _NGX_MLLP_REPLY_H_INCLUDED_
#define _NGX_MLLP_REPLY_H_INCLUDED_


#include "ngx_mllp_frame.h"
#include "ngx_hl7_ack.h"


/* how it ended; in the order of ngx_hl7_outcome_e, application first */

typedef enum {
    NGX_MLLP_REPLY_AA = 0,
    NGX_MLLP_REPLY_CA,
    NGX_MLLP_REPLY_AE,
    NGX_MLLP_REPLY_CE,
    NGX_MLLP_REPLY_AR,
    NGX_MLLP_REPLY_CR,
    NGX_MLLP_REPLY_ACK,          /* blocks of release 2 */
    NGX_MLLP_REPLY_NAK,
    NGX_MLLP_REPLY_MISMATCH,     /* what came is of no use */
    NGX_MLLP_REPLY_TIMEOUT,      /* nothing came */

    NGX_MLLP_REPLIES,            /* those that have an action */

    NGX_MLLP_REPLY_NONE = NGX_MLLP_REPLIES   /* nothing is owed */
} ngx_mllp_reply_e;


/* the directive mllp_reply_action */

typedef enum {
    NGX_MLLP_DONE = 0,
    NGX_MLLP_FAIL,               /* the message is at fault */
    NGX_MLLP_RETRY,              /* not now */
    NGX_MLLP_UNKNOWN,            /* it may have been accepted */
    NGX_MLLP_WAIT                /* another acknowledgement decides */
} ngx_mllp_action_e;


/* frames that are dropped before it is a mismatch */
#define NGX_MLLP_REPLY_LATE  16


typedef struct {
    ngx_hl7_message_t     *message;   /* that was sent, opened */
    u_char                *action;    /* ngx_mllp_action_e of each reply */

    ngx_mllp_reader_t      reader;
    ngx_mllp_deviations_t  deviations;

    ngx_uint_t             late;      /* frames that were dropped */
    ngx_mllp_reply_e       reply;     /* valid after NGX_OK */
    unsigned               clean:1;   /* so is this: nothing is left over,
                                         the connection can be used again */
} ngx_mllp_reply_t;


/* the names of the directive and of $mllp_reply, NONE has one as well */
extern ngx_str_t  ngx_mllp_reply_names[NGX_MLLP_REPLIES + 1];
extern ngx_str_t  ngx_mllp_action_names[];   /* ends with an empty one */

/* of NGX_MLLP_REPLIES, and one more for NONE */
extern u_char     ngx_mllp_reply_actions[NGX_MLLP_REPLIES + 1];


/*
 * Changes "action" as a word of mllp_reply_action says, "AR,CR=retry"; "set"
 * has a bit for each reply that a word has named before.  Returns NULL, or
 * what is wrong with the word.
 */
const char *ngx_mllp_reply_word(ngx_str_t *word, u_char *action,
    ngx_uint_t *set);

/*
 * Opens what is to be sent.  NGX_OK; NGX_DECLINED with *err: it is no single
 * message with a header, it has no MSH-10 that an acknowledgement could name,
 * or there is VT or FS in it, which would end the frame.
 */
ngx_int_t ngx_mllp_reply_open(ngx_hl7_message_t *m, u_char *start,
    u_char *end, ngx_hl7_error_t *err);

/*
 * What the message asks for: a reply at all, and one when it is accepted.  If
 * it does not, silence is what is owed to a message that is accepted.
 */
ngx_uint_t ngx_mllp_reply_owed(ngx_hl7_message_t *m);
ngx_uint_t ngx_mllp_reply_owed_success(ngx_hl7_message_t *m);

/*
 * Begins to wait.  "message" and "action" stay the caller's; an
 * acknowledgement has "max_size" bytes at most.
 */
void ngx_mllp_reply_init(ngx_mllp_reply_t *rp, ngx_hl7_message_t *message,
    u_char *action, size_t max_size);

/*
 * Takes frames out of the bytes [*pos, last) as ngx_mllp_read_frame() does.
 *
 *   NGX_OK     it is decided, by rp->reply; *content is the acknowledgement,
 *              empty after a block and after a mismatch.
 *   NGX_AGAIN  more bytes are needed.
 *   NGX_DONE   something was dropped, or is to be waited after: call again.
 *
 * An acknowledgement whose MSA-2 is not MSH-10 is late, of an earlier message
 * on the connection: it and what is no acknowledgement is dropped, up to
 * NGX_MLLP_REPLY_LATE times.  A code that is not of table 0008 and what is
 * no MLLP is a mismatch at once.
 */
ngx_int_t ngx_mllp_reply_read(ngx_mllp_reply_t *rp, u_char **pos,
    u_char *last, ngx_str_t *content);

/* the time is over, or the connection is: MISMATCH or TIMEOUT */
ngx_mllp_reply_e ngx_mllp_reply_end(ngx_mllp_reply_t *rp);


#endif /* _NGX_MLLP_REPLY_H_INCLUDED_ */
