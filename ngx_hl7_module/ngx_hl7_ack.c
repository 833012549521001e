
#include "ngx_hl7_ack.h"
#include "ngx_hl7_segment.h"
#include "ngx_mllp_frame.h"


static ngx_uint_t ngx_hl7_ack_asked(ngx_hl7_message_t *m, ngx_uint_t field,
    ngx_hl7_outcome_e outcome);
static ngx_int_t ngx_hl7_ack_bad_reply(ngx_hl7_error_t *err,
    const char *text);


/* by outcome, for the application and for the commit acknowledgement */

static const char  *ngx_hl7_ack_codes[][2] = {
    { "AA", "CA" },
    { "AE", "CE" },
    { "AR", "CR" }
};


ngx_uint_t
ngx_hl7_is_ack(ngx_hl7_message_t *m)
{
    ngx_str_t       type;
    ngx_hl7_span_t  msa;

    if (ngx_hl7_msh(m, 9, 1, &type) == NGX_HL7_VALUED
        && type.len == 3 && ngx_memcmp(type.data, "ACK", 3) == 0)
    {
        return 1;
    }

    return ngx_hl7_ack_find_msa(m, &msa);
}


ngx_uint_t
ngx_hl7_is_enhanced(ngx_hl7_message_t *m)
{
    ngx_str_t  value;

    return ngx_hl7_msh(m, 15, 0, &value) == NGX_HL7_VALUED
           || ngx_hl7_msh(m, 16, 0, &value) == NGX_HL7_VALUED;
}


ngx_hl7_outcome_e
ngx_hl7_ack_outcome(ngx_hl7_message_t *m, ngx_hl7_outcome_e outcome)
{
    ngx_str_t  id;

    if (outcome == NGX_HL7_OUTCOME_ACCEPT
        && (!ngx_hl7_is_message(m)
            || ngx_hl7_msh(m, 10, 0, &id) != NGX_HL7_VALUED))
    {
        return NGX_HL7_OUTCOME_ERROR;
    }

    return outcome;
}


ngx_uint_t
ngx_hl7_ack_owed(ngx_hl7_ack_mode_e mode, ngx_hl7_message_t *m,
    ngx_hl7_outcome_e outcome)
{
    ngx_uint_t  owed, asked;

    if (mode == NGX_HL7_ACK_NONE) {
        return 0;
    }

    owed = (mode == NGX_HL7_ACK_RELEASE2) ? NGX_HL7_OWED_BLOCK : 0;

    if (!ngx_hl7_is_message(m)) {
        return owed | ((mode == NGX_HL7_ACK_ACCEPT) ? NGX_HL7_OWED_COMMIT
                                                  : NGX_HL7_OWED_APPLICATION);
    }

    outcome = ngx_hl7_ack_outcome(m, outcome);
    asked = ngx_hl7_ack_asked(m, 15, outcome);

    if (ngx_hl7_is_ack(m)) {
        return owed | ((asked && mode != NGX_HL7_ACK_ORIGINAL)
                       ? NGX_HL7_OWED_COMMIT : 0);
    }

    if (mode == NGX_HL7_ACK_ACCEPT) {
        return NGX_HL7_OWED_COMMIT;
    }

    if (mode == NGX_HL7_ACK_ORIGINAL || !ngx_hl7_is_enhanced(m)) {
        return owed | NGX_HL7_OWED_APPLICATION;
    }

    if (asked) {
        owed |= NGX_HL7_OWED_COMMIT;

        if (outcome != NGX_HL7_OUTCOME_ACCEPT) {
            return owed;
        }
    }

    if (ngx_hl7_ack_asked(m, 16, outcome)) {
        owed |= NGX_HL7_OWED_APPLICATION;
    }

    return owed;
}


/* whether MSH-15 or MSH-16 (table 0155) asks for an answer to this outcome */

static ngx_uint_t
ngx_hl7_ack_asked(ngx_hl7_message_t *m, ngx_uint_t field,
    ngx_hl7_outcome_e outcome)
{
    ngx_str_t  value;

    if (ngx_hl7_msh(m, field, 0, &value) != NGX_HL7_VALUED) {
        return field == 16;
    }

    if (value.len != 2) {
        return 1;
    }

    if (ngx_memcmp(value.data, "NE", 2) == 0) {
        return 0;
    }

    if (ngx_memcmp(value.data, "ER", 2) == 0) {
        return outcome != NGX_HL7_OUTCOME_ACCEPT;
    }

    if (ngx_memcmp(value.data, "SU", 2) == 0) {
        return outcome == NGX_HL7_OUTCOME_ACCEPT;
    }

    return 1;
}


const char *
ngx_hl7_ack_code(ngx_hl7_outcome_e outcome, ngx_uint_t commit)
{
    return ngx_hl7_ack_codes[outcome][commit ? 1 : 0];
}


ngx_int_t
ngx_hl7_ack_check(ngx_hl7_message_t *m, ngx_str_t *reply,
    ngx_hl7_outcome_e *outcome, ngx_uint_t *commit, ngx_hl7_error_t *err)
{
    ngx_str_t          id, value;
    ngx_hl7_span_t     msa;
    ngx_hl7_message_t  ack;

    if (reply->len == 0
        || ngx_hl7_message_open(&ack, reply->data, reply->data + reply->len,
                                err)
           != NGX_OK
        || !ngx_hl7_is_message(&ack))
    {
        return ngx_hl7_ack_bad_reply(err, "no MSH in the acknowledgement of "
                                          "the application");
    }

    if (memchr(reply->data, NGX_MLLP_VT, reply->len) != NULL
        || memchr(reply->data, NGX_MLLP_FS, reply->len) != NULL)
    {
        return ngx_hl7_ack_bad_reply(err, "VT or FS in the acknowledgement "
                                          "of the application");
    }

    if (!ngx_hl7_ack_find_msa(&ack, &msa)) {
        return ngx_hl7_ack_bad_reply(err, "no MSA in the acknowledgement of "
                                          "the application");
    }

    (void) ngx_hl7_field(&ack, &msa, 1, &value);

    if (ngx_hl7_ack_decode(&value, outcome, commit) != NGX_OK) {
        return ngx_hl7_ack_bad_reply(err, "unknown MSA-1 in the "
                                          "acknowledgement of the "
                                          "application");
    }

    (void) ngx_hl7_field(&ack, &msa, 2, &value);
    (void) ngx_hl7_msh(m, 10, 0, &id);

    if (value.len != id.len
        || ngx_memcmp(value.data, id.data, id.len) != 0)
    {
        return ngx_hl7_ack_bad_reply(err, "MSA-2 in the acknowledgement of "
                                          "the application is not MSH-10");
    }

    if (ngx_hl7_ack_outcome(m, *outcome) != *outcome) {
        return ngx_hl7_ack_bad_reply(err, "a positive acknowledgement to a "
                                          "message without MSH-10");
    }

    return NGX_OK;
}


ngx_uint_t
ngx_hl7_ack_find_msa(ngx_hl7_message_t *m, ngx_hl7_span_t *msa)
{
    u_char  *p, *end;

    end = m->start + m->header;

    for ( ;; ) {
        p = ngx_hl7_segment_next(end, m->end);

        if (p == m->end) {
            return 0;
        }

        if (*p == CR || *p == LF) {
            end = p;
            continue;
        }

        switch (ngx_hl7_segment_name(p, m->end)) {

        case NGX_HL7_MSA:
            msa->start = p - m->start;
            msa->len = ngx_hl7_segment_end(p, m->end) - p;
            return 1;

        case NGX_HL7_SFT:
        case NGX_HL7_UAC:
            end = ngx_hl7_segment_end(p, m->end);
            break;

        default:
            return 0;
        }
    }
}


ngx_int_t
ngx_hl7_ack_decode(ngx_str_t *code, ngx_hl7_outcome_e *outcome,
    ngx_uint_t *commit)
{
    ngx_uint_t  i;

    if (code->len != 2) {
        return NGX_DECLINED;
    }

    for (i = 0; i < 6; i++) {
        if (ngx_memcmp(code->data, ngx_hl7_ack_codes[i / 2][i % 2], 2) == 0) {
            *outcome = i / 2;
            *commit = i % 2;
            return NGX_OK;
        }
    }

    return NGX_DECLINED;
}


/* to the sender this is an error inside of us, with no place in its message */

static ngx_int_t
ngx_hl7_ack_bad_reply(ngx_hl7_error_t *err, const char *text)
{
    ngx_memzero(err, sizeof(ngx_hl7_error_t));

    err->code = NGX_HL7_INTERNAL_ERROR;
    err->text.data = (u_char *) text;
    err->text.len = strlen(text);

    return NGX_DECLINED;
}
