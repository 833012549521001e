
/*
 * HL7 v2 in http{}: what other modules may ask of a request.
 */

#ifndef _NGX_HTTP_HL7_MODULE_H_INCLUDED_
#define _NGX_HTTP_HL7_MODULE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_hl7_variables.h"


#define NGX_HL7_CONTENT_TYPE  "application/hl7-v2"


/*
 * The context of a request, its own for one that came over HTTP and the
 * message's for one that came over MLLP; NULL: no memory.  ctx->opened tells
 * whether there is a message, which over HTTP may change when the
 * body has been read.  A module that refuses the message may set ctx->error.
 */
ngx_hl7_context_t *ngx_http_hl7_context(ngx_http_request_t *r);

/* whether a media type, parameters ignored, is one of HL7 v2 */
ngx_uint_t ngx_http_hl7_type(ngx_str_t *type);


extern ngx_module_t  ngx_http_hl7_module;


#endif /* _NGX_HTTP_HL7_MODULE_H_INCLUDED_ */
