
/*
 * Who we are to an ERP: the headers that each request to a destination needs,
 * and the tokens, sessions and cookies behind them, which a worker gets once
 * for all who wait for them, and renews before they end.
 */

#ifndef _NGX_ERP_AUTH_H_INCLUDED_
#define _NGX_ERP_AUTH_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_erp_call.h"


typedef struct ngx_erp_auth_s       ngx_erp_auth_t;
typedef struct ngx_erp_auth_wait_s  ngx_erp_auth_wait_t;


/* zeroed and set by the caller, who keeps it until the handler is called */

struct ngx_erp_auth_wait_s {
    ngx_array_t           *auths;        /* of ngx_erp_auth_t *, in order */
    ngx_pool_t            *pool;         /* for headers and their values */
    void                 (*handler)(ngx_erp_auth_wait_t *w);
    void                  *data;

    /*
     * NGX_OK and "headers", those of all auths; or NGX_ERROR: they cannot be
     * had.  Then "status" is that of the login, a good one too if its answer
     * was of no use, or CONNECT or TIMEOUT, or 0: no memory; "retry_after" is
     * what it asked for, or seconds until there may be another login, or
     * empty; and "why" our own words.
     */

    ngx_int_t              rc;
    ngx_array_t           *headers;      /* of ngx_erp_header_t */
    ngx_uint_t             status;
    ngx_str_t              retry_after;
    const char            *why;

    /* private */

    ngx_queue_t            queue;
    ngx_uint_t             index;        /* of the auth that is next */
    unsigned               again:1;      /* from the first one on, once */
};


/*
 * erp_auth, a line of it: words from the second one on, but for "off".  NULL
 * with the error logged.
 */
ngx_erp_auth_t *ngx_erp_auth_conf(ngx_conf_t *cf, ngx_str_t *words,
    ngx_uint_t n);

/* the URI of its login, or empty; and the server that it is in, which is to be
   known before the first request: see ngx_http_erp_uri() */
ngx_str_t *ngx_erp_auth_uri(ngx_erp_auth_t *auth);
void ngx_erp_auth_server(ngx_erp_auth_t *auth,
    ngx_http_core_srv_conf_t *server);

/* whether one of them is "wsse": the body is to be changed, see below */
ngx_uint_t ngx_erp_auth_in_body(ngx_array_t *auths);

/* the handler is called from the event loop, or before it returns */
void ngx_erp_auth_get(ngx_erp_auth_wait_t *w);

/*
 * The answer to a request with these headers was a refusal (401; 403 with
 * what a missing CSRF token is told by; or of a login's own kind).  Returns 1
 * if what was used is forgotten now, and it is worth to get it anew and send
 * the request once more; 0: there is nothing to be renewed.
 */
ngx_uint_t ngx_erp_auth_refused(ngx_array_t *auths, ngx_array_t *headers,
    ngx_erp_call_t *call);

/*
 * WS-Security UsernameToken (OASIS WSS 1.1) for the envelope: NGX_OK and
 * *body, a new one in the pool (or the same, without a "wsse" among the
 * auths); NGX_DECLINED: it is no SOAP envelope; NGX_ERROR: no memory, or
 * OpenSSL has failed.
 */
ngx_int_t ngx_erp_auth_envelope(ngx_array_t *auths, ngx_pool_t *pool,
    ngx_str_t *body);


#endif /* _NGX_ERP_AUTH_H_INCLUDED_ */
