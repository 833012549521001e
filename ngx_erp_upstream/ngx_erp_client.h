
/*
 * A worker's connection to the store process: questions with answers,
 * deliveries to attempt.  It connects again when the store has been replaced
 * or respawned, tells which attempts are in flight, and asks again what was
 * not answered.
 */

#ifndef _NGX_ERP_CLIENT_H_INCLUDED_
#define _NGX_ERP_CLIENT_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>

#include "ngx_erp_wire.h"


typedef struct ngx_erp_client_s    ngx_erp_client_t;
typedef struct ngx_erp_question_s  ngx_erp_question_t;

typedef void (*ngx_erp_question_pt)(ngx_erp_question_t *q);


/* zeroed by the caller, who keeps it until handler() or _forget() */

struct ngx_erp_question_s {
    ngx_erp_question_pt    handler;
    void                  *data;

    /*
     * For handler(): NGX_OK and "in" in front of the first field of the
     * answer; or NGX_ERROR: not in time, or there is no store and the worker
     * is about to end.
     */

    ngx_int_t              rc;
    ngx_erp_in_t          *in;

    /* private */

    ngx_queue_t            queue;
    uint64_t               number;
    ngx_erp_frame_e        type;
    ngx_str_t              frame;
    ngx_event_t            timer;
    ngx_erp_client_t      *client;
    ngx_queue_t            bucket;
    uint64_t               delivery;     /* of SETTLE */
    uint64_t               attempt;
    ngx_msec_t             started;
    unsigned               asked:1;
};


typedef struct {
    ngx_str_t              path;         /* of store.sock */
    ngx_msec_t             timeout;      /* of PUT and ASK */
    ngx_uint_t             slots;
    ngx_log_t             *log;

    /*
     * A delivery to attempt: its strings are valid during the call.  Until
     * SETTLE is answered it is told to a new store as being in flight.
     * NGX_ERROR: it cannot be, and is given back.
     */
    ngx_int_t            (*lease)(void *data, ngx_erp_lease_t *lease);

    /* a delivery of PUT "number" has ended */
    void                 (*ended)(void *data, uint64_t number,
                               ngx_erp_ended_t *ended);

    /* a new store: it knows of nobody who waits for an end */
    void                 (*connected)(void *data);
    void                  *data;
} ngx_erp_client_conf_t;


/* at the start of a worker; NULL: no memory, or the path is too long for a
   socket.  "conf" is kept. */
ngx_erp_client_t *ngx_erp_client_create(ngx_cycle_t *cycle,
    ngx_erp_client_conf_t *conf);

/* at its end: closes the connection; handlers are not called any more */
void ngx_erp_client_free(ngx_erp_client_t *client);

/*
 * Asks.  The handler is called from the event loop, never from inside of the
 * call, unless that returns NGX_ERROR: no memory, the frame is too large, or
 * too much waits already for a store that does not read.
 * PUT and ASK have the timeout; STEP and SETTLE are asked until the store
 * has them on disk: a worker that is told to end waits for it as long as for
 * PUT.  "fields" is the ngx_erp_message_t of PUT, else as for
 * ngx_erp_wire_frame(); copied.  q->number is that of the frame.
 */
ngx_int_t ngx_erp_client_ask(ngx_erp_client_t *client, ngx_erp_frame_e type,
    const void *fields, ngx_erp_question_t *q);

/* the handler is not to be called any more; it may still be done */
void ngx_erp_client_forget(ngx_erp_client_t *client, ngx_erp_question_t *q);


#endif /* _NGX_ERP_CLIENT_H_INCLUDED_ */
