
#include "ngx_mllp_reply.h"
#include "ngx_hl7_segment.h"


/* of receivers all is tolerated that leaves no doubt where a frame ends */

#define NGX_MLLP_REPLY_TOLERATE                                               \
    (ngx_mllp_bit(NGX_MLLP_JUNK_BETWEEN) | ngx_mllp_bit(NGX_MLLP_VT_IN_DATA)  \
     | ngx_mllp_bit(NGX_MLLP_FS_ONLY) | ngx_mllp_bit(NGX_MLLP_LF_AFTER_FS)    \
     | ngx_mllp_bit(NGX_MLLP_DOUBLE_FRAME))


static ngx_int_t ngx_mllp_reply_find(ngx_str_t *names, ngx_uint_t n,
    u_char *p, u_char *end);
static ngx_int_t ngx_mllp_reply_refuse(ngx_hl7_error_t *err, ngx_uint_t code,
    size_t offset, const char *text);
static ngx_int_t ngx_mllp_reply_judge(ngx_mllp_reply_t *rp,
    ngx_mllp_frame_t *frame);
static ngx_int_t ngx_mllp_reply_drop(ngx_mllp_reply_t *rp);
static void ngx_mllp_reply_rest(ngx_mllp_reply_t *rp, u_char **pos,
    u_char *last, ngx_mllp_frame_t *frame);


ngx_str_t  ngx_mllp_reply_names[NGX_MLLP_REPLIES + 1] = {
    ngx_string("AA"),
    ngx_string("CA"),
    ngx_string("AE"),
    ngx_string("CE"),
    ngx_string("AR"),
    ngx_string("CR"),
    ngx_string("ACK"),
    ngx_string("NAK"),
    ngx_string("mismatch"),
    ngx_string("timeout"),
    ngx_string("none")
};


ngx_str_t  ngx_mllp_action_names[] = {
    ngx_string("done"),
    ngx_string("fail"),
    ngx_string("retry"),
    ngx_string("unknown"),
    ngx_string("wait"),
    ngx_null_string
};


u_char  ngx_mllp_reply_actions[NGX_MLLP_REPLIES + 1] = {
    NGX_MLLP_DONE,               /* AA */
    NGX_MLLP_DONE,               /* CA */
    NGX_MLLP_FAIL,               /* AE */
    NGX_MLLP_FAIL,               /* CE */
    NGX_MLLP_RETRY,              /* AR */
    NGX_MLLP_RETRY,              /* CR */
    NGX_MLLP_DONE,               /* ACK */
    NGX_MLLP_RETRY,              /* NAK */
    NGX_MLLP_RETRY,              /* mismatch */
    NGX_MLLP_UNKNOWN,            /* timeout */
    NGX_MLLP_DONE                /* none */
};


const char *
ngx_mllp_reply_word(ngx_str_t *word, u_char *action, ngx_uint_t *set)
{
    u_char     *p, *end, *last, *equal;
    ngx_int_t   n, reply;

    p = word->data;
    last = p + word->len;

    equal = memchr(p, '=', word->len);
    if (equal == NULL) {
        return "has no \"=\"";
    }

    n = ngx_mllp_reply_find(ngx_mllp_action_names, NGX_MLLP_WAIT + 1,
                            equal + 1, last);
    if (n == NGX_ERROR) {
        return "has an unknown action";
    }

    for ( ;; ) {
        for (end = p; end < equal && *end != ','; end++) { /* void */ }

        reply = ngx_mllp_reply_find(ngx_mllp_reply_names, NGX_MLLP_REPLIES,
                                    p, end);
        if (reply == NGX_ERROR) {
            return "has an unknown reply";
        }

        if (*set & (ngx_uint_t) 1 << reply) {
            return "has a reply that has an action already";
        }

        /* nothing is to be expected after any other */

        if (n == NGX_MLLP_WAIT
            && reply != NGX_MLLP_REPLY_CA && reply != NGX_MLLP_REPLY_ACK)
        {
            return "cannot wait: only CA and ACK can";
        }

        *set |= (ngx_uint_t) 1 << reply;
        action[reply] = (u_char) n;

        if (end == equal) {
            return NULL;
        }

        p = end + 1;
    }
}


static ngx_int_t
ngx_mllp_reply_find(ngx_str_t *names, ngx_uint_t n, u_char *p, u_char *end)
{
    ngx_uint_t  i;

    for (i = 0; i < n; i++) {
        if (names[i].len == (size_t) (end - p)
            && ngx_memcmp(names[i].data, p, names[i].len) == 0)
        {
            return i;
        }
    }

    return NGX_ERROR;
}


ngx_int_t
ngx_mllp_reply_open(ngx_hl7_message_t *m, u_char *start, u_char *end,
    ngx_hl7_error_t *err)
{
    u_char     *p;
    ngx_str_t   id;

    if (start == end) {
        return ngx_mllp_reply_refuse(err, NGX_HL7_SEGMENT_SEQUENCE, 0,
                                     "there is no message");
    }

    /* offsets in a message are 32 bits */

    if ((size_t) (end - start) > NGX_MAX_UINT32_VALUE - 1) {
        return ngx_mllp_reply_refuse(err, NGX_HL7_VALUE_TOO_LONG, 0,
                                     "the message is too long");
    }

    if (ngx_hl7_message_open(m, start, end, err) != NGX_OK) {
        return NGX_DECLINED;
    }

    if (!ngx_hl7_is_message(m)) {
        return ngx_mllp_reply_refuse(err, NGX_HL7_SEGMENT_SEQUENCE, 0,
                                     "a batch is no single message");
    }

    p = memchr(start, NGX_MLLP_VT, end - start);

    if (p == NULL) {
        p = memchr(start, NGX_MLLP_FS, end - start);
    }

    if (p) {
        return ngx_mllp_reply_refuse(err, NGX_HL7_DATA_TYPE, p - start,
                                     "VT or FS in the message");
    }

    if (ngx_hl7_msh(m, 10, 0, &id) != NGX_HL7_VALUED) {
        (void) ngx_mllp_reply_refuse(err, NGX_HL7_REQUIRED_FIELD, 0,
                                     "the message control id is missing");
        ngx_memcpy(err->segment, "MSH", sizeof("MSH"));
        err->occurrence = 1;
        err->field = 10;
        return NGX_DECLINED;
    }

    for (p = start + m->header; p < end; p = ngx_hl7_segment_end(p, end)) {
        p = ngx_hl7_segment_next(p, end);

        if (ngx_hl7_segment_name(p, end) == NGX_HL7_MSH
            && end - p > 3 && p[3] == m->delimiters.field)
        {
            return ngx_mllp_reply_refuse(err, NGX_HL7_SEGMENT_SEQUENCE,
                                         p - start, "a second MSH");
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_mllp_reply_refuse(ngx_hl7_error_t *err, ngx_uint_t code, size_t offset,
    const char *text)
{
    ngx_memzero(err, sizeof(ngx_hl7_error_t));

    err->code = code;
    err->offset = offset;
    err->text.data = (u_char *) text;
    err->text.len = strlen(text);

    return NGX_DECLINED;
}


ngx_uint_t
ngx_mllp_reply_owed(ngx_hl7_message_t *m)
{
    return ngx_mllp_reply_owed_success(m)
           || ngx_hl7_ack_owed(NGX_HL7_ACK_AUTO, m, NGX_HL7_OUTCOME_ERROR)
           || ngx_hl7_ack_owed(NGX_HL7_ACK_AUTO, m, NGX_HL7_OUTCOME_REJECT);
}


ngx_uint_t
ngx_mllp_reply_owed_success(ngx_hl7_message_t *m)
{
    return ngx_hl7_ack_owed(NGX_HL7_ACK_AUTO, m, NGX_HL7_OUTCOME_ACCEPT) != 0;
}


void
ngx_mllp_reply_init(ngx_mllp_reply_t *rp, ngx_hl7_message_t *message,
    u_char *action, size_t max_size)
{
    ngx_memzero(rp, sizeof(ngx_mllp_reply_t));

    rp->message = message;
    rp->action = action;

    rp->reader.tolerate = NGX_MLLP_REPLY_TOLERATE;
    rp->reader.max_size = max_size;
    rp->reader.max_junk = max_size;
    rp->reader.deviations = &rp->deviations;
}


ngx_int_t
ngx_mllp_reply_read(ngx_mllp_reply_t *rp, u_char **pos, u_char *last,
    ngx_str_t *content)
{
    ngx_int_t         rc;
    ngx_mllp_frame_t  frame;

    ngx_str_null(content);

    rc = ngx_mllp_read_frame(&rp->reader, pos, last, &frame);

    switch (rc) {

    case NGX_OK:
        rc = ngx_mllp_reply_judge(rp, &frame);
        break;

    case NGX_AGAIN:
        return NGX_AGAIN;

    case NGX_DONE:
        return ngx_mllp_reply_drop(rp);

    default: /* NGX_DECLINED, NGX_ERROR */
        rp->reply = NGX_MLLP_REPLY_MISMATCH;
        return NGX_OK;
    }

    if (rc != NGX_OK) {
        return rc;
    }

    if (rp->reply < NGX_MLLP_REPLY_ACK) {
        content->data = frame.start;
        content->len = frame.end - frame.start;
    }

    if (rp->reply != NGX_MLLP_REPLY_MISMATCH) {
        ngx_mllp_reply_rest(rp, pos, last, &frame);
    }

    return NGX_OK;
}


static ngx_int_t
ngx_mllp_reply_judge(ngx_mllp_reply_t *rp, ngx_mllp_frame_t *frame)
{
    ngx_str_t          id, code, value;
    ngx_uint_t         commit;
    ngx_hl7_span_t     msa;
    ngx_hl7_error_t    err;
    ngx_hl7_message_t  ack;
    ngx_hl7_outcome_e  outcome;

    if (frame->end - frame->start == 1
        && (*frame->start == NGX_MLLP_ACK || *frame->start == NGX_MLLP_NAK))
    {
        rp->reply = (*frame->start == NGX_MLLP_ACK) ? NGX_MLLP_REPLY_ACK
                                                    : NGX_MLLP_REPLY_NAK;
        goto done;
    }

    if (ngx_hl7_message_open(&ack, frame->start, frame->end, &err) != NGX_OK
        || !ngx_hl7_is_message(&ack)
        || !ngx_hl7_ack_find_msa(&ack, &msa))
    {
        return ngx_mllp_reply_drop(rp);
    }

    (void) ngx_hl7_msh(rp->message, 10, 0, &id);
    (void) ngx_hl7_field(&ack, &msa, 2, &value);

    if (value.len != id.len
        || ngx_memcmp(value.data, id.data, id.len) != 0)
    {
        return ngx_mllp_reply_drop(rp);
    }

    (void) ngx_hl7_field(&ack, &msa, 1, &code);

    if (ngx_hl7_ack_decode(&code, &outcome, &commit) != NGX_OK) {
        rp->reply = NGX_MLLP_REPLY_MISMATCH;
        return NGX_OK;
    }

    rp->reply = 2 * outcome + commit;

done:

    return (rp->action[rp->reply] == NGX_MLLP_WAIT) ? NGX_DONE : NGX_OK;
}


static ngx_int_t
ngx_mllp_reply_drop(ngx_mllp_reply_t *rp)
{
    if (++rp->late < NGX_MLLP_REPLY_LATE) {
        return NGX_DONE;
    }

    rp->reply = NGX_MLLP_REPLY_MISMATCH;

    return NGX_OK;
}


/*
 * What has come behind the frame that decided: its CR, and whole frames that
 * were owed as well.  They change nothing: whether they have come by now is
 * chance.
 */

static void
ngx_mllp_reply_rest(ngx_mllp_reply_t *rp, u_char **pos, u_char *last,
    ngx_mllp_frame_t *frame)
{
    u_char            *end;
    ngx_uint_t         i;
    ngx_mllp_frame_t   next;

    end = frame->end;

    for (i = 0; i < NGX_MLLP_REPLY_LATE; i++) {

        if (ngx_mllp_read_frame(&rp->reader, pos, last, &next) != NGX_OK) {
            break;
        }

        end = next.end;
    }

    /* FS CR, many send a LF behind it */

    rp->clean = (last - end == 2 || (last - end == 3 && end[2] == LF))
                && end[1] == CR;
}


ngx_mllp_reply_e
ngx_mllp_reply_end(ngx_mllp_reply_t *rp)
{
    return rp->late ? NGX_MLLP_REPLY_MISMATCH : NGX_MLLP_REPLY_TIMEOUT;
}
