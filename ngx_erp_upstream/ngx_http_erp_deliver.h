
/*
 * An attempt to deliver, as the files of it and the variables know it.
 */

#ifndef _NGX_HTTP_ERP_DELIVER_H_INCLUDED_
#define _NGX_HTTP_ERP_DELIVER_H_INCLUDED_


#include "ngx_http_erp_module.h"
#include "ngx_canonical_node.h"


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

    ngx_canonical_arena_t       arena;
    ngx_erp_call_t              call;
    ngx_erp_auth_wait_t         auth;
    ngx_erp_question_t          question;    /* STEP and SETTLE */
    ngx_erp_settle_t            settle;

    uint64_t                    started;     /* ms since the epoch */
    ngx_msec_t                  start;       /* of ngx_current_msec */
    ngx_uint_t                  handshakes;  /* of erp_on_error */
    unsigned                    renewed:1;   /* credentials, once */
    unsigned                    probed:1;
} ngx_http_erp_delivery_t;


typedef struct {
    ngx_str_t                   name;
    ngx_str_t                   value;
} ngx_http_erp_value_t;


/* the attempt that a request is part of, or NULL */
ngx_http_erp_delivery_t *ngx_http_erp_delivery_of(ngx_http_request_t *r);


#endif /* _NGX_HTTP_ERP_DELIVER_H_INCLUDED_ */
