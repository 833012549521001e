
/*
 * Frames between workers and the store process.
 *
 * A frame is its length (4 bytes, of what follows), its type (1), its
 * number (8, an answer has that of its question), and fields in their order:
 * numbers as 8 bytes, strings as 4 bytes of length and the bytes.  All is
 * little-endian: both ends are processes of one machine and one binary.
 */

#ifndef _NGX_ERP_WIRE_H_INCLUDED_
#define _NGX_ERP_WIRE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


#define NGX_ERP_WIRE_HEADER   13
#define NGX_ERP_WIRE_MAX      (64 * 1024 * 1024)   /* of a whole frame */
#define NGX_ERP_WIRE_VERSION  1

/*
 * A member of the results of a delivery, which cannot be the name of one: a
 * step may have been sent, by an attempt that does not count as one.
 */
#define NGX_ERP_RESULT_SENT   "#sent"


typedef enum {
    NGX_ERP_HELLO = 1,       /* worker: who it is; again: other slots */
    NGX_ERP_PUT,             /* worker: a message and its deliveries */
    NGX_ERP_PUT_ANSWER,      /* store: when they are on disk, or refused */
    NGX_ERP_LEASE,           /* store: a delivery to be attempted */
    NGX_ERP_STEP,            /* worker: a step is done; keep its result */
    NGX_ERP_SETTLE,          /* worker: the outcome */
    NGX_ERP_SETTLED,         /* store: on disk; also STEP's answer */
    NGX_ERP_HOLDING,         /* worker: an attempt in flight, reconnected */
    NGX_ERP_ENDED,           /* store: a delivery ended that is waited for */
    NGX_ERP_ASK,             /* worker: a request to the API */
    NGX_ERP_ANSWER           /* store: its response */
} ngx_erp_frame_e;


/* the answer to PUT */

typedef enum {
    NGX_ERP_STORED = 1,
    NGX_ERP_DUPLICATE,       /* it was there already, the same */
    NGX_ERP_CONFLICT,        /* the same key, other content */
    NGX_ERP_FULL,            /* below min_free, or the disk is full */
    NGX_ERP_FAILED           /* the database refuses; see the store's log */
} ngx_erp_put_e;


typedef struct {
    ngx_str_t      type;         /* "charge" */
    ngx_str_t      key;          /* idempotency key */
    ngx_str_t      map;          /* name@version */
    ngx_str_t      body;         /* canonical JSON */
} ngx_erp_object_t;


typedef struct {
    uint64_t       object;       /* index in the message */
    ngx_str_t      destination;  /* URI of its location */
    ngx_str_t      order;        /* order_by; empty: no order */
    ngx_str_t      key;          /* idempotency key at the destination */
    uint64_t       ttl;          /* milliseconds, 0: that of the destination */
    uint64_t       wait;         /* 1: tell the worker when it has ended */
} ngx_erp_target_t;


typedef struct {
    uint64_t            received;        /* milliseconds since the epoch */
    ngx_str_t           flow;            /* name of the location */
    ngx_str_t           source;          /* sender: application and facility,
                                            or the client's address */
    ngx_str_t           type;            /* "ADT^A01", "Encounter" */
    ngx_str_t           control_id;
    ngx_str_t           correlation_id;
    ngx_str_t           traceparent;
    ngx_str_t           dedup;           /* 40 bytes, empty: not checked */
    ngx_str_t           hash;            /* 32 bytes, of the content */
    ngx_str_t           raw;             /* as it came, or empty */

    ngx_erp_object_t   *objects;
    uint64_t            nobjects;
    ngx_erp_target_t   *targets;
    uint64_t            ntargets;
} ngx_erp_message_t;


typedef struct {
    uint64_t            delivery;
    uint64_t            attempt;         /* from 1 */
    uint64_t            step;            /* to begin with, from 0 */
    uint64_t            created;         /* of the message */
    ngx_str_t           destination;
    ngx_str_t           order;
    ngx_str_t           key;
    ngx_str_t           object_type;
    ngx_str_t           object_key;
    ngx_str_t           correlation_id;
    ngx_str_t           traceparent;
    ngx_str_t           results;         /* of earlier steps, JSON object */
    ngx_str_t           body;
    uint64_t            replay_of;       /* 0: it is none */
} ngx_erp_lease_t;


typedef struct {
    uint64_t            delivery;
    uint64_t            attempt;
    uint64_t            outcome;         /* ngx_erp_outcome_e */
    uint64_t            status;          /* of HTTP, or NGX_ERP_STATUS_... */
    uint64_t            started;
    uint64_t            took;            /* milliseconds */
    uint64_t            retry_after;     /* milliseconds, 0: none */
    uint64_t            step;            /* that it ended in */
    ngx_str_t           results;
    ngx_str_t           code;            /* of the ERP */
    ngx_str_t           message;
} ngx_erp_settle_t;


typedef struct {
    uint64_t            version;         /* NGX_ERP_WIRE_VERSION */
    uint64_t            pid;
    uint64_t            slots;           /* leases at a time; 0: no more */
} ngx_erp_hello_t;


typedef struct {
    uint64_t            verdict;         /* ngx_erp_put_e */
    uint64_t            message;         /* its id, of STORED and DUPLICATE */
    uint64_t            deliveries;      /* all of them */
    uint64_t            open;            /* of DUPLICATE, those to destinations
                                            that are waited for: on their
                                            way */
    uint64_t            delivered;
    uint64_t            dead;            /* or skipped, or discarded */
    ngx_str_t           correlation_id;  /* that it was stored with */
} ngx_erp_put_answer_t;


/* the number of the frame is that of the PUT */

typedef struct {
    uint64_t            delivery;
    uint64_t            state;           /* ngx_erp_state_e */
    uint64_t            status;          /* of the last attempt */
    ngx_str_t           reason;          /* of a dead letter */
    ngx_str_t           code;            /* of the ERP */
} ngx_erp_ended_t;


typedef struct {
    uint64_t            delivery;
    uint64_t            attempt;
} ngx_erp_holding_t;


typedef struct {
    ngx_str_t           method;
    ngx_str_t           path;            /* "/v1/status" */
    ngx_str_t           args;
    ngx_str_t           body;
    ngx_str_t           who;             /* user, or address */
} ngx_erp_ask_t;


typedef struct {
    uint64_t            status;          /* of HTTP */
    ngx_str_t           type;
    ngx_str_t           body;
} ngx_erp_answer_t;


/* --- writing: a buffer that grows --- */

typedef struct {
    u_char        *start;
    u_char        *last;
    u_char        *end;
    void        *(*grow)(void *data, void *old, size_t size);  /* realloc */
    void          *data;
    size_t         frame;        /* private: where it began, from start */
    unsigned       failed:1;     /* no memory, or over NGX_ERP_WIRE_MAX */
} ngx_erp_out_t;

/*
 * Begins and ends a frame behind what is in the buffer; between them fields
 * are added.  A failure stays until _end(), which takes the frame back and
 * returns NGX_ERROR; what was in the buffer before is still there.  The buffer
 * is its owner's to free, and starts as zeros but for "grow" and "data".
 */
void ngx_erp_wire_begin(ngx_erp_out_t *out, ngx_erp_frame_e type,
    uint64_t number);
void ngx_erp_wire_num(ngx_erp_out_t *out, uint64_t n);
void ngx_erp_wire_str(ngx_erp_out_t *out, ngx_str_t *s);
ngx_int_t ngx_erp_wire_end(ngx_erp_out_t *out);

ngx_int_t ngx_erp_wire_put(ngx_erp_out_t *out, uint64_t number,
    ngx_erp_message_t *m);

/*
 * All other frames: "fields" is the structure of that type, ngx_erp_settle_t
 * of STEP and SETTLE, ngx_erp_put_answer_t of PUT_ANSWER and so on; NULL of
 * SETTLED, which has none.
 */
ngx_int_t ngx_erp_wire_frame(ngx_erp_out_t *out, ngx_erp_frame_e type,
    uint64_t number, const void *fields);


/* --- reading: strings point into the buffer --- */

typedef struct {
    ngx_erp_frame_e  type;
    uint64_t         number;
    u_char          *pos;
    u_char          *end;
    unsigned         failed:1;   /* a field is not there */
} ngx_erp_in_t;

/*
 * The frame at *pos, which is moved behind it: NGX_OK; NGX_AGAIN, not whole
 * yet, *need is how many bytes it has in all (0: not known yet); NGX_ERROR:
 * too large or of an unknown type.
 */
ngx_int_t ngx_erp_wire_next(u_char **pos, u_char *end, ngx_erp_in_t *in,
    size_t *need);

/* the next field; without it 0 and an empty string, and in->failed is set */
uint64_t ngx_erp_wire_get_num(ngx_erp_in_t *in);
ngx_str_t ngx_erp_wire_get_str(ngx_erp_in_t *in);

/*
 * NGX_OK, or NGX_ERROR: it is not such a frame, has more than that, or a
 * target names an object that is not there.  The arrays of a message are
 * allocated by "alloc" (NULL, no memory, is NGX_ERROR too); their numbers are
 * checked against the bytes that are there before that.
 */
ngx_int_t ngx_erp_wire_get_put(ngx_erp_in_t *in, ngx_erp_message_t *m,
    void *(*alloc)(void *data, size_t size), void *data);

/*
 * All other frames, "fields" as ngx_erp_wire_frame() has it: NGX_OK, or
 * NGX_ERROR: it is not of that type, or has more or less than that.
 */
ngx_int_t ngx_erp_wire_get_frame(ngx_erp_in_t *in, ngx_erp_frame_e type,
    void *fields);


#endif /* _NGX_ERP_WIRE_H_INCLUDED_ */
