
/*
 * Identifiers that follow a message through the engine and to the ERP:
 * a correlation id and a W3C trace context.  Never made from patient data.
 *
 * Source: W3C Trace Context, §3.2 (traceparent).
 */

#ifndef _NGX_HIE_ID_H_INCLUDED_
#define _NGX_HIE_ID_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


#define NGX_HIE_TRACE_ID_LEN     32
#define NGX_HIE_TRACEPARENT_LEN  55
#define NGX_HIE_ID_MAX           128
#define NGX_HIE_RANDOM_LEN       16      /* hexadecimal */


typedef struct {
    ngx_str_t    correlation_id;
    ngx_str_t    traceparent;
    u_char       buf[NGX_HIE_TRACEPARENT_LEN];
} ngx_hie_id_t;


/*
 * Fills in "id" from what the peer sent, each possibly NULL: an
 * X-Correlation-ID of 1 to NGX_HIE_ID_MAX visible characters is kept where
 * it is; a valid traceparent gives the trace id, with a span id of our own;
 * what is missing or invalid is made.  Without X-Correlation-ID the trace id
 * is the correlation id.  "id" must not be moved afterwards.
 */
void ngx_hie_id_make(ngx_hie_id_t *id, ngx_str_t *correlation_id,
    ngx_str_t *traceparent);

/* writes NGX_HIE_RANDOM_LEN random digits; returns the end; no secrets */
u_char *ngx_hie_random_hex(u_char *p);


#endif /* _NGX_HIE_ID_H_INCLUDED_ */
