
/*
 * A request of ours to a location of nginx.conf, and its response: an attempt
 * to deliver, a login, a search.  It runs in-process, see
 * ngx_http_dispatch.h, over a connection that leads nowhere.
 */

#ifndef _NGX_ERP_CALL_H_INCLUDED_
#define _NGX_ERP_CALL_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_http_dispatch.h"
#include "ngx_erp_judge.h"


typedef struct ngx_erp_call_s  ngx_erp_call_t;

typedef void (*ngx_erp_call_pt)(ngx_erp_call_t *call);


typedef struct {
    ngx_http_dispatch_name_t   name;
    ngx_str_t                  value;
} ngx_erp_header_t;


/* zeroed and set by the caller; strings live until the handler is called */

struct ngx_erp_call_s {
    ngx_http_core_srv_conf_t  *server;
    ngx_str_t                  uri;
    ngx_str_t                  args;
    ngx_str_t                  type;         /* of the body */
    ngx_str_t                  body;
    ngx_array_t               *headers;      /* of ngx_erp_header_t, or NULL */
    size_t                     capture;      /* of the response's body */
    ngx_pool_t                *pool;         /* of the caller: results */

    /* called once, from the event loop, never from inside of _run() */
    ngx_erp_call_pt            handler;
    void                      *data;         /* see ngx_erp_call_of() */

    /*
     * The response: status of HTTP, or NGX_ERP_STATUS_CONNECT: nothing was
     * sent, or NGX_ERP_STATUS_TIMEOUT: sent, but the answer did not come, or
     * not as a whole.  All strings are in "pool".
     */

    ngx_uint_t                 status;
    ngx_str_t                  answer_type;
    ngx_str_t                  answer;       /* at most "capture" */
    ngx_str_t                  retry_after;
    ngx_array_t                answer_headers;   /* of ngx_erp_header_t: all
                                                    but those that NGINX has
                                                    fields for; Set-Cookie */
    unsigned                   cut:1;        /* the body had more bytes */

    /* private */

    ngx_event_t                event;
    ngx_http_dispatch_t       *dispatch;
    unsigned                   done:1;
};


/* at the start and the end of a worker: the connection that leads nowhere */
ngx_int_t ngx_erp_call_init_worker(ngx_cycle_t *cycle);
void ngx_erp_call_exit_worker(ngx_cycle_t *cycle);

/*
 * Runs it as an internal request, as soon as there are connection slots.
 * Without memory the handler is told status 500.
 */
void ngx_erp_call_run(ngx_erp_call_t *call);

/*
 * A handler of the preaccess phase: the length of the body, which until then
 * nobody sees, as "client_max_body_size" is for what clients send.
 */
ngx_int_t ngx_erp_call_length_handler(ngx_http_request_t *r);

/* what a request is the call of, also of a subrequest of it; or NULL */
ngx_erp_call_t *ngx_erp_call_of(ngx_http_request_t *r);

/* a header of the answer, by its name in lower case; NULL: it has none */
ngx_str_t *ngx_erp_call_header(ngx_erp_call_t *call, const char *name);


#endif /* _NGX_ERP_CALL_H_INCLUDED_ */
