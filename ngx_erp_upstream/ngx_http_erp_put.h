
/*
 * How a request becomes a message for the store: for the two files of that
 * alone.
 */

#ifndef _NGX_HTTP_ERP_PUT_H_INCLUDED_
#define _NGX_HTTP_ERP_PUT_H_INCLUDED_


#include "ngx_http_hl7_module.h"
#include "ngx_http_canonical_module.h"
#include "ngx_http_erp_send.h"


/* what a message is made of */

typedef struct {
    ngx_http_request_t            *request;
    ngx_http_erp_loc_conf_t       *conf;
    ngx_http_erp_sent_t           *sent;
    ngx_http_erp_refusal_t        *refusal;

    ngx_hl7_context_t             *context;      /* with the ids */
    ngx_hl7_message_t             *message;      /* NULL: it is none */
    ngx_http_canonical_ctx_t      *canonical;
    ngx_http_canonical_mapping_t  *mapping;      /* NULL: not mapped */

    ngx_str_t                      type;         /* of the body, by MIME */
    ngx_str_t                      body;         /* as it is now */
    size_t                         size;         /* of the frame */
    ngx_array_t                    targets;
} ngx_http_erp_put_t;


/* --- ngx_http_erp_name.c; NGX_OK, or NGX_ERROR: no memory --- */

/* what a trace is found by: type, source, control id */
ngx_int_t ngx_http_erp_put_names(ngx_http_erp_put_t *p);

/* what makes it the same message, and the hash of its content */
ngx_int_t ngx_http_erp_put_dedup(ngx_http_erp_put_t *p);

/* the key of object "n", the same whenever the same message comes */
ngx_int_t ngx_http_erp_put_key(ngx_http_erp_put_t *p, ngx_uint_t n,
    ngx_str_t *key);

/*
 * A value that becomes a header, a row and a part of answers: one that is too
 * long for that, or has control characters, is replaced by its hash.
 */
ngx_int_t ngx_http_erp_put_text(ngx_http_erp_put_t *p, ngx_str_t *s);


#endif /* _NGX_HTTP_ERP_PUT_H_INCLUDED_ */
