
/*
 * What the files of the client share: ngx_erp_client.c has the questions,
 * ngx_erp_client_frame.c what the store sends, ngx_erp_client_io.c the
 * connection.
 */

#ifndef _NGX_ERP_CLIENT_PRIVATE_H_INCLUDED_
#define _NGX_ERP_CLIENT_PRIVATE_H_INCLUDED_


#include "ngx_erp_client.h"


#define NGX_ERP_CLIENT_BUCKETS  256       /* a power of two */

#define ngx_erp_client_bucket(buckets, n)                                     \
    &(buckets)[(ngx_uint_t) (n) & (NGX_ERP_CLIENT_BUCKETS - 1)]


typedef struct {
    ngx_queue_t              queue;       /* of its bucket */
    uint64_t                 delivery;
    uint64_t                 attempt;
} ngx_erp_client_lease_t;


struct ngx_erp_client_s {
    ngx_erp_client_conf_t   *conf;
    struct sockaddr_un       sockaddr;

    ngx_connection_t        *connection;  /* NULL: there is none */
    ngx_event_t              connect;     /* timer; does not hold a worker */
    ngx_event_t              flush;       /* posted */
    ngx_msec_t               delay;       /* before the next try to connect */
    ngx_msec_t               lost;        /* when there was a connection */
    ngx_msec_t               refused;     /* for the first time */

    u_char                  *in;          /* received: [in_pos, in_last) is
                                             not yet a whole frame */
    u_char                  *in_pos;
    u_char                  *in_last;
    u_char                  *in_end;
    size_t                   need;        /* bytes of that frame, 0: unknown */

    ngx_erp_out_t            out;
    size_t                   sent;        /* bytes of "out" */

    uint64_t                 number;      /* of the last question */
    ngx_queue_t              questions;   /* in their order */
    ngx_queue_t              numbers[NGX_ERP_CLIENT_BUCKETS];

    ngx_queue_t              leases[NGX_ERP_CLIENT_BUCKETS];
    ngx_uint_t               nleases;

    ngx_msec_t               exited;      /* when "exiting" was set */

    unsigned                 exiting:1;
    unsigned                 refusing:1;  /* "refused" is set */
    unsigned                 logged:1;    /* that there is no store */
};


/* --- ngx_erp_client.c --- */

/* a new connection: what the store has to know, into "out" */
ngx_int_t ngx_erp_client_greet(ngx_erp_client_t *client);

/* nobody listens: questions of a worker that is about to end fail */
void ngx_erp_client_refused(ngx_erp_client_t *client);

/* looks whether the worker is to end */
void ngx_erp_client_check(ngx_erp_client_t *client);

/* whether a worker that is to end needs the store no more */
ngx_uint_t ngx_erp_client_finished(ngx_erp_client_t *client);


/* the question is over, for whatever reason */
void ngx_erp_client_remove(ngx_erp_question_t *q);


/* --- ngx_erp_client_frame.c --- */

/* of the store: NGX_ERROR, with the error logged, if it cannot be one */
ngx_int_t ngx_erp_client_frame(ngx_erp_client_t *client, ngx_erp_in_t *in);

/* an attempt is not in flight any more */
void ngx_erp_client_settled(ngx_erp_client_t *client, uint64_t delivery,
    uint64_t attempt);

/* handler of questions that are the client's own */
void ngx_erp_client_gave_back(ngx_erp_question_t *q);

void ngx_erp_client_free_leases(ngx_erp_client_t *client);


/* --- ngx_erp_client_io.c --- */

void ngx_erp_client_init_io(ngx_erp_client_t *client);

/* connects as soon as it is time for it */
void ngx_erp_client_connect(ngx_erp_client_t *client);

/* sends what is in "out", at the end of this turn of the event loop */
void ngx_erp_client_flush(ngx_erp_client_t *client);

/* closes the connection and frees buffers and timers */
void ngx_erp_client_close(ngx_erp_client_t *client);


#endif /* _NGX_ERP_CLIENT_PRIVATE_H_INCLUDED_ */
