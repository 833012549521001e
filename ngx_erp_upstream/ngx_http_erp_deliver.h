
/*
 * An attempt to deliver, as the files of it and the variables know it.
 */

#ifndef _NGX_HTTP_ERP_DELIVER_H_INCLUDED_
#define _NGX_HTTP_ERP_DELIVER_H_INCLUDED_


#include "ngx_http_erp_module.h"
#include "ngx_canonical_node.h"
#include "ngx_hie_id.h"


/* memory for the tree of an answer, by the size that it may have */
#define NGX_HTTP_ERP_TREE  64


/* what the call that is on its way is for */

typedef enum {
    NGX_HTTP_ERP_AT_PROBE = 0,       /* is it in effect? */
    NGX_HTTP_ERP_AT_STEP_PROBE,      /* is this step in effect? */
    NGX_HTTP_ERP_AT_STEP,
    NGX_HTTP_ERP_AT_HANDSHAKE        /* erp_on_error */
} ngx_http_erp_at_e;


typedef struct {
    ngx_pool_t                 *pool;
    ngx_erp_lease_t             lease;       /* its strings in "pool" */
    ngx_http_erp_uri_t         *dest;

    ngx_str_t                   key;         /* as the header has it */
    ngx_str_t                   traceparent; /* of this attempt */
    ngx_str_t                   type;        /* media type of lease.body */

    ngx_uint_t                  step;        /* that is on its way */
    ngx_array_t                 results;     /* of ngx_http_erp_value_t: of
                                                steps, and of the last error */
    ngx_str_t                   code;        /* of the last error */
    ngx_str_t                   message;

    ngx_canonical_arena_t       arena;       /* of the last answer */
    ngx_erp_call_t              call;
    ngx_erp_auth_wait_t         auth;
    ngx_erp_question_t          question;    /* STEP and SETTLE */
    ngx_erp_settle_t            settle;

    uint64_t                    started;     /* ms since the epoch */
    ngx_msec_t                  start;       /* of ngx_current_msec */
    ngx_uint_t                  handshakes;  /* of erp_on_error */

    ngx_hie_id_t                id;
    ngx_array_t                 headers;     /* of each call, without auth */
    ngx_http_erp_at_e           at;
    ngx_http_erp_uri_t         *target;      /* of the call */
    ngx_array_t                *auths;       /* for it, or NULL */
    u_char                     *envelope;    /* body with WS-Security */
    ngx_event_t                 event;

    unsigned                    renewed:1;   /* credentials, once */
    unsigned                    sent:1;      /* a step has been, by this
                                                attempt or one before */
} ngx_http_erp_delivery_t;


typedef struct {
    ngx_str_t                   name;
    ngx_str_t                   value;
    unsigned                    error:1;     /* of erp_on_error: not stored */
} ngx_http_erp_value_t;


/* the attempt that a request is part of, or NULL */
ngx_http_erp_delivery_t *ngx_http_erp_delivery_of(ngx_http_request_t *r);


/* --- ngx_http_erp_attempt.c --- */

/* runs it: _step() and _end() are called in its course */
void ngx_http_erp_attempt(ngx_http_erp_delivery_t *d);

/* the step d->step, which was stored or (NGX_ERROR) may not have been */
void ngx_http_erp_attempt_stored(ngx_http_erp_delivery_t *d, ngx_int_t rc);

/* whether a later attempt will ask the ERP first, if it knows of this one */
ngx_uint_t ngx_http_erp_attempt_probes(ngx_http_erp_delivery_t *d);


/* --- ngx_http_erp_deliver.c --- */

/* the step d->step is done, and another one follows: it is stored */
void ngx_http_erp_deliver_step(ngx_http_erp_delivery_t *d);

/* the end, with outcome, status, code and message in d->settle; frees "d" */
void ngx_http_erp_deliver_end(ngx_http_erp_delivery_t *d);


/* --- ngx_http_erp_result.c --- */

/*
 * What earlier attempts have stored, out of d->lease: NGX_OK; NGX_DECLINED: it
 * is damaged; NGX_ERROR: no memory.
 */
ngx_int_t ngx_http_erp_results_read(ngx_http_erp_delivery_t *d);

/* what is to be stored, empty if it is nothing: NGX_OK or NGX_ERROR */
ngx_int_t ngx_http_erp_results_print(ngx_http_erp_delivery_t *d,
    ngx_uint_t sent, ngx_str_t *out);

/*
 * Takes "results", an array of ngx_http_erp_result_t, out of the answer of
 * d->call: NGX_OK; NGX_DECLINED: one of them, *missing, is not there or is
 * empty, the others have been taken; NGX_ERROR: no memory.
 */
ngx_int_t ngx_http_erp_results_take(ngx_http_erp_delivery_t *d,
    ngx_array_t *results, ngx_uint_t error, ngx_str_t **missing);

/* NULL: there is none of this name; it may be in any case */
ngx_str_t *ngx_http_erp_results_find(ngx_http_erp_delivery_t *d,
    u_char *name, size_t len);


#endif /* _NGX_HTTP_ERP_DELIVER_H_INCLUDED_ */
