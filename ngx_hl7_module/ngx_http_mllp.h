
/*
 * The sender of MLLP: an upstream protocol of http{}.
 *
 *   ngx_http_mllp_module.c    directives, TLS, variables
 *   ngx_http_mllp_upstream.c  the message out, the acknowledgement in
 */

#ifndef _NGX_HTTP_MLLP_H_INCLUDED_
#define _NGX_HTTP_MLLP_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include <ngx_http.h>

#include "ngx_mllp_reply.h"


#define NGX_HTTP_MLLP_PORT  2575


typedef struct {
    ngx_http_upstream_conf_t       upstream;

    ngx_array_t                   *lengths;    /* of mllp_pass with */
    ngx_array_t                   *values;     /* variables */

    u_char                        *action;     /* ngx_mllp_action_e of each
                                                  ngx_mllp_reply_e */
#if (NGX_HTTP_SSL)
    ngx_flag_t                     ssl;
    ngx_uint_t                     ssl_protocols;
    ngx_str_t                      ssl_ciphers;
    ngx_uint_t                     ssl_verify_depth;
    ngx_str_t                      ssl_trusted_certificate;
    ngx_str_t                      ssl_crl;
#endif
} ngx_http_mllp_loc_conf_t;


typedef struct {
    ngx_hl7_message_t              message;
    ngx_mllp_reply_t               reply;
    u_char                        *action;

    /* of the connection, while it is watched */

    ngx_recv_pt                    recv;
    ngx_http_upstream_handler_pt   read;

    unsigned                       replied:1;  /* reply.reply is valid */
    unsigned                       sent:1;     /* the whole message */
    unsigned                       closed:1;   /* by the receiver, after it */
    unsigned                       ended:1;    /* nothing more is read */
    unsigned                       failed:1;   /* for max_fails */
} ngx_http_mllp_ctx_t;


/* the content handler of mllp_pass */
ngx_int_t ngx_http_mllp_handler(ngx_http_request_t *r);


extern ngx_module_t  ngx_http_mllp_module;


#endif /* _NGX_HTTP_MLLP_H_INCLUDED_ */
