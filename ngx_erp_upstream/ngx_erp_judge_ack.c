
/*
 * Where an acknowledgement of HL7 v2 says what is wrong: see ngx_erp_judge.h.
 */

#include "ngx_erp_judge.h"
#include "ngx_hl7_ack.h"
#include "ngx_hl7_segment.h"


#define NGX_ERP_ERR  ngx_hl7_name('E', 'R', 'R')

static ngx_uint_t ngx_erp_judge_ack_err(ngx_hl7_message_t *m,
    ngx_hl7_span_t *msa, ngx_hl7_span_t *err);
static ngx_uint_t ngx_erp_judge_ack_value(ngx_hl7_message_t *m,
    ngx_hl7_span_t *segment, ngx_uint_t field, ngx_uint_t component,
    ngx_str_t *value);


void
ngx_erp_judge_ack(ngx_str_t *body, ngx_erp_verdict_t *verdict)
{
    size_t             i;
    ngx_str_t          text, code;
    ngx_uint_t         has_err;
    ngx_hl7_span_t     msa, err;
    ngx_hl7_error_t    error;
    ngx_hl7_message_t  m;

    if (ngx_hl7_message_open(&m, body->data, body->data + body->len, &error)
        != NGX_OK
        || !ngx_hl7_is_message(&m)
        || !ngx_hl7_ack_find_msa(&m, &msa))
    {
        return;
    }

    has_err = ngx_erp_judge_ack_err(&m, &msa, &err);

    /* MSA-3 is that of versions before 2.5, but many have it ever after */

    if (ngx_erp_judge_ack_value(&m, &msa, 3, 0, &text)
        || (has_err && (ngx_erp_judge_ack_value(&m, &err, 8, 0, &text)
                        || ngx_erp_judge_ack_value(&m, &err, 7, 0, &text)
                        || ngx_erp_judge_ack_value(&m, &err, 3, 2, &text))))
    {
        ngx_erp_judge_text(&text, verdict);
    }

    if (!(has_err && ngx_erp_judge_ack_value(&m, &err, 3, 1, &code))
        && !ngx_erp_judge_ack_value(&m, &msa, 1, 0, &code))
    {
        return;
    }

    if (code.len > NGX_ERP_CODE_MAX) {
        return;
    }

    for (i = 0; i < code.len; i++) {
        if (code.data[i] <= ' ' || code.data[i] >= 0x7f) {
            return;
        }
    }

    ngx_memcpy(verdict->code.data, code.data, code.len);
    verdict->code.len = code.len;
}


static ngx_uint_t
ngx_erp_judge_ack_err(ngx_hl7_message_t *m, ngx_hl7_span_t *msa,
    ngx_hl7_span_t *err)
{
    u_char  *p;

    p = m->start + msa->start + msa->len;

    while (p < m->end) {
        p = ngx_hl7_segment_next(p, m->end);

        if (ngx_hl7_segment_name(p, m->end) == NGX_ERP_ERR) {
            err->start = p - m->start;
            err->len = ngx_hl7_segment_end(p, m->end) - p;
            return 1;
        }

        p = ngx_hl7_segment_end(p, m->end);
    }

    return 0;
}


static ngx_uint_t
ngx_erp_judge_ack_value(ngx_hl7_message_t *m, ngx_hl7_span_t *segment,
    ngx_uint_t field, ngx_uint_t component, ngx_str_t *value)
{
    ngx_hl7_state_e  state;

    state = ngx_hl7_field(m, segment, field, value);

    if (state == NGX_HL7_VALUED && component) {
        state = ngx_hl7_part(m, value, m->delimiters.component, component,
                             value);
    }

    return state == NGX_HL7_VALUED;
}
