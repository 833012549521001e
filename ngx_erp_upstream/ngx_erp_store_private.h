
/*
 * What the files of the store process share.
 *
 * It is one process without threads, and all it does is a turn: what workers
 * have sent is handled within one transaction, answers are written behind
 * what is in the buffers of their connections, and are sent when it is on
 * disk.  If it cannot be written, they are taken back.
 */

#ifndef _NGX_ERP_STORE_PRIVATE_H_INCLUDED_
#define _NGX_ERP_STORE_PRIVATE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>

#include "ngx_erp_store.h"
#include "ngx_erp_ask.h"
#include "ngx_erp_judge.h"


#define NGX_ERP_STORE_FRAMES   1024                 /* of a turn */
#define NGX_ERP_STORE_BYTES    (8 * 1024 * 1024)
#define NGX_ERP_STORE_LEASES   512
#define NGX_ERP_STORE_ARENA    (64 * 1024 * 1024)
#define NGX_ERP_STORE_SPARE    (512 * 1024)         /* kept of it */
#define NGX_ERP_STORE_UNSENT   (4 * 1024 * 1024)    /* then no more leases */
#define NGX_ERP_STORE_DEAF     (16 * 1024 * 1024)   /* then no more frames */

#define NGX_ERP_STORE_GRACE    5000     /* for workers to tell what they have,
                                           after a start */
#define NGX_ERP_STORE_GONE     500      /* from a closed socket to the belief
                                           that a worker has died: all are
                                           closed when NGINX is stopped */
#define NGX_ERP_STORE_DEATHS   3        /* then it is poison */

#define NGX_ERP_STORE_RETRY    100      /* after a turn that has failed, */
#define NGX_ERP_STORE_MAX      1000     /* and at most */
#define NGX_ERP_STORE_LATER    5000     /* of one delivery alone */
#define NGX_ERP_STORE_AHEAD    (366ULL * 24 * 60 * 60 * 1000)
                                        /* no delivery waits for that long */
#define NGX_ERP_STORE_PATIENCE 5        /* so often a database that is locked
                                           is waited for */


typedef struct ngx_erp_store_s  ngx_erp_store_t;
typedef struct ngx_erp_tie_s    ngx_erp_tie_t;
typedef struct ngx_erp_block_s  ngx_erp_block_t;


/* a worker; its struct outlives its connection while it has leases */

typedef struct {
    ngx_queue_t            queue;
    ngx_erp_store_t       *store;
    ngx_connection_t      *connection;   /* NULL: it is gone */
    uint64_t               gone_at;      /* when that is believed */

    uint64_t               pid;
    ngx_uint_t             slots;
    ngx_uint_t             nleases;
    ngx_queue_t            leases;       /* of ngx_erp_tie_t */
    ngx_queue_t            waits;

    u_char                *start;        /* what it has sent */
    u_char                *pos;
    u_char                *last;
    u_char                *end;
    size_t                 need;         /* bytes of the frame at pos */
    size_t                 turn;         /* where the turn began, from start */

    ngx_erp_out_t          out;
    size_t                 sent;         /* of it */
    size_t                 mark;         /* of it, when the turn began */

    unsigned               hello:1;
    unsigned               bad:1;        /* to be closed when the turn ends */
    unsigned               died:1;       /* the other end was closed */
    unsigned               stalled:1;    /* there is more than was read */
    unsigned               asks:1;       /* its next frame is an ASK */
} ngx_erp_peer_t;


/*
 * What a worker has to do with a delivery: an attempt in flight ("number" is
 * that of the attempt), or somebody who waits for its end ("number" is that
 * of the PUT).
 */

struct ngx_erp_tie_s {
    ngx_rbtree_node_t      node;         /* by delivery */
    ngx_queue_t            queue;        /* of the worker */
    ngx_queue_t            turn;         /* made or ended in this turn */
    ngx_erp_peer_t        *peer;
    uint64_t               delivery;
    uint64_t               number;
    unsigned               made:1;
};


typedef struct {
    ngx_rbtree_t           tree;
    ngx_rbtree_node_t      sentinel;
    ngx_queue_t            made;
    ngx_queue_t            ended;
    ngx_uint_t             leases;       /* 1: of leases, 0: of waits */
} ngx_erp_ties_t;


/* STEP or SETTLE that could not be written yet */

typedef struct {
    ngx_queue_t            queue;
    ngx_erp_peer_t        *peer;         /* NULL: it is gone */
    uint64_t               delivery;
    ngx_uint_t             tries;

    /* what the scheduler has decided already, if it has */

    ngx_erp_row_t          row;
    const char            *reason;
    unsigned               decided:1;
    unsigned               revived:1;    /* it was a dead letter */

    size_t                 len;          /* of the frame behind it */
} ngx_erp_kept_t;


/* a destination, in nginx.conf */

typedef struct {
    ngx_erp_store_dest_t  *conf;
    uint32_t               number;
    ngx_erp_breaker_t      before;       /* the turn */
    ngx_erp_breaker_e      state;        /* as the database has it */
    uint64_t               until;
} ngx_erp_known_t;


/* in front of what the arena of the turn has; a multiple of 16 bytes */

struct ngx_erp_block_s {
    ngx_erp_block_t       *next;
    size_t                 size;         /* without this */
};


/* for metrics, once it is on disk */

typedef struct ngx_erp_count_s  ngx_erp_count_t;

struct ngx_erp_count_s {
    ngx_erp_count_t       *next;
    ngx_erp_frame_e        type;         /* PUT, SETTLE, or ENDED */
    uint32_t               destination;
    ngx_uint_t             value;        /* verdict, outcome, or state */
    uint64_t               time;
    const char            *reason;
    ngx_str_t              flow;
    ngx_str_t              message_type;
};


typedef enum {
    NGX_ERP_STORE_LOCKING = 0,
    NGX_ERP_STORE_OPENING,
    NGX_ERP_STORE_READY
} ngx_erp_phase_e;


struct ngx_erp_store_s {
    ngx_erp_store_conf_t  *conf;
    ngx_log_t             *log;
    ngx_erp_phase_e        phase;
    ngx_pid_t              pid;
    ngx_fd_t               lock;
    ngx_connection_t      *listening;
    char                   why[256];     /* why it does not start, as logged */

    ngx_erp_db_t          *db;
    ngx_erp_schedule_t    *schedule;
    ngx_erp_metrics_t     *metrics;

    ngx_queue_t            peers;
    ngx_erp_ties_t         leases;
    ngx_erp_ties_t         waits;
    ngx_queue_t            kept;

    ngx_erp_known_t       *known;
    ngx_uint_t             nknown;

    /* deliveries that were in flight at the start: who has them? */

    uint64_t              *left;
    ngx_uint_t             nleft;
    ngx_uint_t             left_size;
    uint64_t               left_until;
    uint64_t               pending;      /* number of deliveries read */

    uint64_t               wall;         /* at the start */
    uint64_t               monotonic;
    uint64_t               now;          /* of the turn */

    /* the turn */

    ngx_event_t            event;
    ngx_event_t            wake;
    ngx_event_t            single;
    ngx_event_t            tick;
    ngx_canonical_arena_t  arena;
    ngx_erp_block_t       *blocks;
    ngx_erp_block_t       *spare;
    size_t                 nspare;       /* bytes */
    ngx_erp_count_t       *counts;
    ngx_queue_t            alone;        /* of ngx_erp_kept_t: not written,
                                            while others were */
    ngx_queue_t            written;      /* of those that were kept */
    ngx_uint_t             frames;
    size_t                 bytes;
    ngx_uint_t             changes;
    uint64_t               wait;         /* of the scheduler */
    ngx_int_t              failed;       /* why this turn has to fail */
    unsigned               begun:1;
    unsigned               touched:1;    /* the schedule was changed */
    unsigned               rest:1;       /* there is more to do */
    unsigned               no_memory:1;

    unsigned               rebuild:1;    /* the schedule is not to be used */
    unsigned               crashed:1;    /* the process before this one */
    unsigned               full:1;       /* messages are refused */
    unsigned               no_space:1;   /* the disk was really full */
    unsigned               ballast:1;    /* the file is there */
    unsigned               changed:1;    /* since the last checkpoint */
    unsigned               more:1;       /* to prune */

    ngx_uint_t             failures;     /* turns, one after the other */
    uint64_t               retry_at;     /* no turn before it */
    uint64_t               kept_at;
    uint64_t               logged_at;

    off_t                  available;    /* bytes */
    uint64_t               turned_at;
    uint64_t               prune_at;
    uint64_t               ballast_at;
    ngx_uint_t             sweeps;
    ngx_event_t            prune;

    u_char                 path[NGX_MAX_PATH];
};


/* --- ngx_erp_store.c --- */

/* milliseconds since the epoch, see there */
uint64_t ngx_erp_store_now(ngx_erp_store_t *store);

/* of a file in the directory; valid until the next call */
u_char *ngx_erp_store_path(ngx_erp_store_t *store, const char *name);


/* --- ngx_erp_store_load.c --- */

/* reads the schedule: at the start, and after a turn that has failed */
ngx_int_t ngx_erp_store_load(ngx_erp_store_t *store);

/* numbers of destinations, at the start: a turn of its own */
ngx_int_t ngx_erp_store_destinations(ngx_erp_store_t *store);

/* NULL: it is not in nginx.conf */
ngx_erp_store_dest_t *ngx_erp_store_dest(ngx_erp_store_t *store,
    uint32_t number);

void ngx_erp_store_breakers_mark(ngx_erp_store_t *store);
void ngx_erp_store_breakers_write(ngx_erp_store_t *store);


/* --- ngx_erp_store_peer.c --- */

ngx_int_t ngx_erp_store_listen(ngx_erp_store_t *store);

/* reads more of it once there is room */
void ngx_erp_peer_resume(ngx_erp_peer_t *peer);
void ngx_erp_peer_send(ngx_erp_peer_t *peer);
void ngx_erp_peer_close(ngx_erp_peer_t *peer);
void ngx_erp_peer_free(ngx_erp_peer_t *peer);

/* whether there is a whole frame */
ngx_uint_t ngx_erp_peer_waits(ngx_erp_peer_t *peer);

/* bytes that were not sent yet */
#define ngx_erp_peer_unsent(peer)                                             \
    ((size_t) ((peer)->out.last - (peer)->out.start) - (peer)->sent)

/* a frame to it, if it is there; "peer" may be NULL */
void ngx_erp_peer_frame(ngx_erp_peer_t *peer, ngx_erp_frame_e type,
    uint64_t number, const void *fields);


/* --- ngx_erp_store_tie.c --- */

void ngx_erp_ties_init(ngx_erp_ties_t *ties, ngx_uint_t leases);
ngx_erp_tie_t *ngx_erp_tie_find(ngx_erp_ties_t *ties, uint64_t delivery);

/* NULL: no memory; "made": it is gone again if the turn fails */
ngx_erp_tie_t *ngx_erp_tie_make(ngx_erp_ties_t *ties, ngx_erp_peer_t *peer,
    uint64_t delivery, uint64_t number, ngx_uint_t made);
void ngx_erp_tie_move(ngx_erp_tie_t *tie, ngx_erp_peer_t *peer);

/* it is there again if the turn fails */
void ngx_erp_tie_end(ngx_erp_ties_t *ties, ngx_erp_tie_t *tie);

void ngx_erp_ties_commit(ngx_erp_ties_t *ties);
void ngx_erp_ties_undo(ngx_erp_ties_t *ties);

/* those of a worker, outside of a turn */
void ngx_erp_ties_free(ngx_erp_ties_t *ties, ngx_queue_t *queue);


/* --- ngx_erp_store_turn.c --- */

void ngx_erp_store_turn(ngx_event_t *ev);
void ngx_erp_store_wake(ngx_event_t *ev);

/* a turn in this iteration of the event loop */
void ngx_erp_store_post(ngx_erp_store_t *store);

/* the transaction, if it has not begun: NGX_OK, or why it cannot */
ngx_int_t ngx_erp_store_begin(ngx_erp_store_t *store);

/* takes back a turn that has nothing but a question of the API */
void ngx_erp_store_undo(ngx_erp_store_t *store);

/* for metrics: copied */
void ngx_erp_store_count(ngx_erp_store_t *store, ngx_erp_count_t *count);

/* of the arena of the turn; NULL: no memory, which is noted */
void *ngx_erp_store_alloc(void *data, size_t size);

/* blocks that are kept for the next turn */
void ngx_erp_store_free_spare(ngx_erp_store_t *store);

/* an error that may come again and again: told now and then */
void ngx_erp_store_error(ngx_erp_store_t *store, const char *what);


/* --- ngx_erp_store_frame.c --- */

/* NGX_OK, or NGX_DECLINED: no worker of this version sends that */
ngx_int_t ngx_erp_store_frame(ngx_erp_store_t *store, ngx_erp_peer_t *peer,
    ngx_erp_in_t *in, u_char *frame);

/* the turn has failed: what it had of this worker */
void ngx_erp_store_refuse(ngx_erp_store_t *store, ngx_erp_peer_t *peer);


/* --- ngx_erp_store_settle.c: STEP and SETTLE --- */

ngx_int_t ngx_erp_store_settle(ngx_erp_store_t *store, ngx_erp_peer_t *peer,
    ngx_erp_in_t *in, u_char *frame);

/* what could not be written before, if it is time */
void ngx_erp_store_kept(ngx_erp_store_t *store);
void ngx_erp_store_kept_commit(ngx_erp_store_t *store);
void ngx_erp_store_kept_undo(ngx_erp_store_t *store);

/* one that waits, and has been decided: its delivery must not go before */
ngx_uint_t ngx_erp_store_is_kept(ngx_erp_store_t *store, uint64_t delivery);

/* the frame is copied; NULL: no memory */
ngx_erp_kept_t *ngx_erp_store_keep_frame(ngx_queue_t *queue,
    ngx_erp_peer_t *peer, u_char *frame, size_t len);

/*
 * A message that is there already: who waits for its deliveries is told of
 * those that have ended, and will be of others.
 */
void ngx_erp_store_wait_again(ngx_erp_store_t *store, ngx_erp_peer_t *peer,
    uint64_t number, ngx_erp_message_t *m, uint64_t message);

/* the end of a delivery: for who waits, for metrics */
void ngx_erp_store_ended(ngx_erp_store_t *store, ngx_erp_row_t *row,
    uint64_t status, const char *reason, ngx_str_t *code);


/* --- ngx_erp_store_lease.c --- */

/* due deliveries to workers with free slots */
void ngx_erp_store_pump(ngx_erp_store_t *store);

/* of a gone worker, and of those before the start: when it is time */
void ngx_erp_store_lost_peers(ngx_erp_store_t *store);
void ngx_erp_store_lost_left(ngx_erp_store_t *store);

/*
 * Out of the schedule as a dead letter: its key is held, if it is to be.
 * NGX_DONE: an operator has discarded it while it was in flight.
 */
ngx_int_t ngx_erp_store_drop(ngx_erp_store_t *store, ngx_erp_row_t *row);

/* the attempt was never made, or is to be made again */
void ngx_erp_store_give_back(ngx_erp_store_t *store, ngx_erp_row_t *row,
    uint64_t next_at);


/* --- ngx_erp_store_keep.c --- */

void ngx_erp_store_keep(ngx_erp_store_t *store);
void ngx_erp_store_free_space(ngx_erp_store_t *store);
void ngx_erp_store_prune(ngx_event_t *ev);

/* the disk is full */
void ngx_erp_store_no_space(ngx_erp_store_t *store);


#endif /* _NGX_ERP_STORE_PRIVATE_H_INCLUDED_ */
