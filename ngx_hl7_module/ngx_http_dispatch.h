
/*
 * In-process dispatch: a message that did not come over HTTP becomes a
 * request to a location, without a socket and without a copy of its body.
 *
 * The request runs on a connection slot of its own that shares the file
 * descriptor of the connection the message came from, the way the streams of
 * NGINX's QUIC do; its response is captured instead of sent.  It needs
 * two connection slots when the location proxies.  Requests that end at once
 * take turns on one slot.
 */

#ifndef _NGX_HTTP_DISPATCH_H_INCLUDED_
#define _NGX_HTTP_DISPATCH_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include <ngx_http.h>


/* the name of a header, and "key" in lower case; hash is 0 before its use */

typedef struct {
    ngx_str_t                      key;
    u_char                        *lowcase;
    ngx_uint_t                     hash;
} ngx_http_dispatch_name_t;

#define ngx_http_dispatch_name(key, lowcase)                                  \
    { ngx_string(key), (u_char *) lowcase, 0 }


typedef struct ngx_http_dispatch_s  ngx_http_dispatch_t;

typedef void (*ngx_http_dispatch_handler_pt)(ngx_http_dispatch_t *d);


struct ngx_http_dispatch_s {
    ngx_http_connection_t          hc;    /* first: is r->http_connection */

    ngx_pool_t                    *pool;        /* lives until closed() */
    ngx_connection_t              *connection;  /* the slot of the request */
    ngx_http_request_t            *request;     /* NULL once it is freed */

    /*
     * Set by the caller before ngx_http_dispatch_run().
     *
     * header() is called when the header of the response is known and may
     * set "capture"; it may be NULL.
     * answer() is called once, when the response is complete or when it is
     * certain that there will be none; the request still exists.
     * closed() is called once, after answer(), when the request is gone and
     * its slot is free for others; "d" and its pool end when it returns.
     *
     * All run inside other handlers of NGINX: they may take notes and post
     * events, and must not dispatch, close connections or run phases.
     */
    ngx_http_dispatch_handler_pt   header;
    ngx_http_dispatch_handler_pt   answer;
    ngx_http_dispatch_handler_pt   closed;
    void                          *data;
    void                          *context;   /* of the message, or NULL */

    size_t                         capture;   /* bytes of body to keep */
    ngx_uint_t                     plain;     /* nothing in the URI has to be
                                                 encoded */

    /* the response, valid from answer() on */

    ngx_uint_t                     status;    /* 444: close without a word */
    ngx_str_t                      body;      /* in pool, at most "capture" */
    size_t                         body_size; /* all of it */

    /* private */

    ngx_pool_cleanup_t             cleanup;
    ngx_http_cleanup_t             request_cleanup;

    ngx_log_t                      log;
    ngx_http_log_ctx_t             log_ctx;
    ngx_http_addr_conf_t           addr_conf;

    ngx_http_request_body_t        request_body;
    ngx_chain_t                    request_chain;
    ngx_buf_t                      request_buf;
    ngx_buf_t                      header_buf;

    ngx_uint_t                    *gone;      /* for ngx_http_dispatch_run() */

    unsigned                       answered:1;
};


/*
 * Whether the worker has connection slots to dispatch one more message,
 * leaving two for each that is alive: upstreams and subrequests that it still
 * may need.  Dispatching with fewer would turn a burst into failures.
 */
ngx_uint_t ngx_http_dispatch_available(void);

/*
 * Has the event's handler called when it is worth to ask again.  Undone by
 * ngx_http_dispatch_forget().
 */
void ngx_http_dispatch_wait(ngx_event_t *ev);
void ngx_http_dispatch_forget(ngx_event_t *ev);

/*
 * Takes a pool and a connection slot for a request to "server" that came
 * over the connection "c".  NULL if there is no memory or no slot; this has
 * been logged.
 */
ngx_http_dispatch_t *ngx_http_dispatch_create(ngx_connection_t *c,
    ngx_http_core_srv_conf_t *server);

/*
 * Makes the POST request.  "uri" begins with "/"; it and "args" are decoded,
 * what does not belong into a request line is encoded there.  They,
 * "type" and "protocol" (such as "MLLP/1.0") live as long as d->pool.
 * The body [start, end) is used where it is and must stay there until
 * closed().  NGX_OK, or NGX_ERROR; closed() is then not called, "d" is gone.
 */
ngx_int_t ngx_http_dispatch_request(ngx_http_dispatch_t *d, ngx_str_t *uri,
    ngx_str_t *args, ngx_str_t *type, ngx_str_t *protocol, u_char *start,
    u_char *end);

/* gives up before the request is made: "d" is gone, closed() is not called */
void ngx_http_dispatch_cancel(ngx_http_dispatch_t *d);

/*
 * Adds a header to the request before it runs; "value" lives as long as
 * d->pool.
 */
ngx_int_t ngx_http_dispatch_header(ngx_http_dispatch_t *d,
    ngx_http_dispatch_name_t *name, ngx_str_t *value);

/* runs the request; both handlers may have been called when it returns */
void ngx_http_dispatch_run(ngx_http_dispatch_t *d);

/* the peer is gone: ends the request as NGINX ends it when a client leaves */
void ngx_http_dispatch_abort(ngx_http_dispatch_t *d);

/* the dispatch that a request belongs to, subrequests as well, or NULL */
ngx_http_dispatch_t *ngx_http_dispatch_of(ngx_http_request_t *r);

/*
 * The parts that a module has to wire: a header filter directly above
 * NGINX's own, and the start of a worker.
 */
ngx_int_t ngx_http_dispatch_header_filter(ngx_http_request_t *r);
void ngx_http_dispatch_init_worker(void);


#endif /* _NGX_HTTP_DISPATCH_H_INCLUDED_ */
