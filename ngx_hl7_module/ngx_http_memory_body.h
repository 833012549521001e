
/*
 * Reads the body of a request into memory, as a whole: NGINX's own reader
 * puts what is larger than client_body_buffer_size into a temporary file,
 * where what concerns a patient does not belong.
 */

#ifndef _NGX_HTTP_MEMORY_BODY_H_INCLUDED_
#define _NGX_HTTP_MEMORY_BODY_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>


/*
 * To be returned from a phase handler of the main request: NGX_DECLINED, the
 * body is there; NGX_DONE, the phases run again, from this handler on, when
 * it is; or a status: 413 when it is larger than "max" bytes, 0: no bound of
 * ours, others as ngx_http_read_client_request_body() has them.  What could
 * not be read once has the same status ever after.
 *
 * Afterwards r->request_body->bufs is NULL or one buffer in memory.
 */
ngx_int_t ngx_http_memory_body(ngx_http_request_t *r, size_t max);


#endif /* _NGX_HTTP_MEMORY_BODY_H_INCLUDED_ */
