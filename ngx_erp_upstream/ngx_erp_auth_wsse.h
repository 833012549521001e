
/*
 * A UsernameToken of WS-Security in the header of a SOAP envelope.
 *
 * Source: OASIS Web Services Security: SOAP Message Security 1.1 and
 * UsernameToken Profile 1.1, whose elements are those of 1.0.
 */

#ifndef _NGX_ERP_AUTH_WSSE_H_INCLUDED_
#define _NGX_ERP_AUTH_WSSE_H_INCLUDED_


#include <time.h>

#include "ngx_canonical_arena.h"


#define NGX_ERP_WSSE_NONCE  16


typedef struct {
    ngx_str_t      user;         /* UTF-8, characters that XML has */
    ngx_str_t      password;
    u_char         nonce[NGX_ERP_WSSE_NONCE];
    time_t         created;
    unsigned       digest:1;     /* PasswordDigest, not PasswordText */
} ngx_erp_wsse_t;


/*
 * The envelope with it, from "a": in the Header that is there, or in a new one
 * before Body.  NGX_OK; NGX_DECLINED: it is no envelope of SOAP 1.1 or 1.2 in
 * an encoding that ASCII is part of; NGX_ERROR: no memory, or OpenSSL has
 * failed.
 */
ngx_int_t ngx_erp_wsse(ngx_canonical_arena_t *a, ngx_erp_wsse_t *w,
    ngx_str_t *body, ngx_str_t *out);


#endif /* _NGX_ERP_AUTH_WSSE_H_INCLUDED_ */
