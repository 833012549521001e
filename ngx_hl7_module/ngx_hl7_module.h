
/*
 * The core module that ties stream{} and http{} together.
 */

#ifndef _NGX_HL7_MODULE_H_INCLUDED_
#define _NGX_HL7_MODULE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>


/*
 * Asks for the http server with the name "name", in *server once the whole
 * configuration has been read: stream{} may stand before http{}.  A name that
 * no server has is an error with the file and line of now.
 */
ngx_int_t ngx_hl7_want_server(ngx_conf_t *cf, ngx_str_t *name,
    ngx_http_core_srv_conf_t **server);


extern ngx_module_t  ngx_hl7_module;


#endif /* _NGX_HL7_MODULE_H_INCLUDED_ */
