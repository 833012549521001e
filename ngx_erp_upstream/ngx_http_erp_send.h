
/*
 * A flow: what becomes of a request to a location with erp_send, as the files
 * of it and the variables know it.
 */

#ifndef _NGX_HTTP_ERP_SEND_H_INCLUDED_
#define _NGX_HTTP_ERP_SEND_H_INCLUDED_


#include "ngx_http_erp_module.h"


#define NGX_HTTP_ERP_HASH_LEN       32       /* of SHA-256 */

/* what a message is known by, see ngx_http_erp_name.c */
#define NGX_HTTP_ERP_GROUP_LEN      4
#define NGX_HTTP_ERP_TAIL_LEN       20
#define NGX_HTTP_ERP_PROOF_LEN      16

#define NGX_HTTP_ERP_DEDUP_LEN                                                \
    (NGX_HTTP_ERP_GROUP_LEN + NGX_HTTP_ERP_TAIL_LEN + NGX_HTTP_ERP_PROOF_LEN)

/* table 0357, besides those of ngx_hl7_message.h */
#define NGX_HTTP_ERP_DUPLICATE_KEY  205


typedef struct {
    ngx_str_t                   verdict;     /* "stored"; empty: none yet */
    uint64_t                    message;     /* number in the store, 0: none */

    /* private */

    ngx_http_request_t         *request;
    ngx_erp_message_t           put;
    ngx_erp_question_t          question;

    ngx_msec_t                  wait;        /* the longest one */
    ngx_uint_t                  waiting;     /* for so many deliveries */
    ngx_event_t                 timer;
    ngx_rbtree_node_t           node;        /* by number of the question */

    u_char                      dedup[NGX_HTTP_ERP_DEDUP_LEN];
    u_char                      hash[NGX_HTTP_ERP_HASH_LEN];

    unsigned                    asking:1;
    unsigned                    registered:1;   /* node */
    unsigned                    stored:1;       /* it waits since then */
} ngx_http_erp_sent_t;


/* why a message is refused */

typedef struct {
    ngx_uint_t                  status;
    ngx_uint_t                  code;        /* table 0357 */
    const char                 *text;        /* our own words */

    uint64_t                    message;     /* 0: not known */
    uint64_t                    delivery;    /* that is dead, or 0 */
    ngx_str_t                   reason;      /* of the dead letter */
    ngx_str_t                   erp_code;    /* of the ERP */
} ngx_http_erp_refusal_t;


/* NULL: the request has not come as far as to the store */
ngx_http_erp_sent_t *ngx_http_erp_sent(ngx_http_request_t *r);


/* --- ngx_http_erp_put.c --- */

/*
 * Makes sent->put of the body, which has been read, or of the objects that
 * canonical_request has made of it; sets "wait" and "waiting".  NGX_OK;
 * NGX_DECLINED with *refusal; NGX_ERROR: no memory.
 */
ngx_int_t ngx_http_erp_put(ngx_http_request_t *r, ngx_http_erp_sent_t *sent,
    ngx_http_erp_refusal_t *refusal);


/* --- ngx_http_erp_answer.c: what a content handler returns --- */

/*
 * 202 or 200, by sent->message; "correlation_id" is that of the message in the
 * store, which has so many deliveries.
 */
ngx_int_t ngx_http_erp_accept(ngx_http_request_t *r, ngx_uint_t status,
    ngx_http_erp_sent_t *sent, ngx_str_t *correlation_id,
    uint64_t deliveries);

/* logs it, and answers with problem details and, over MLLP, with ERR */
ngx_int_t ngx_http_erp_refuse(ngx_http_request_t *r,
    ngx_http_erp_refusal_t *refusal);


#endif /* _NGX_HTTP_ERP_SEND_H_INCLUDED_ */
