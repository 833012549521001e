
/*
 * The database of the store process: SQLite, WAL, synchronous=FULL, one
 * writer.
 *
 * Rows are made and changed inside of a turn, from ngx_erp_db_begin() to
 * ngx_erp_db_commit(), one fsync for all that arrived.  If one change fails
 * the turn fails as a whole.  For the next thousand turns each change is a
 * transaction, with an fsync, of its own, so that what fails again (a damaged
 * page) fails alone; after a crash some of such a turn may be there.
 *
 * An operator may open the file with the sqlite3 command line, also while it
 * is written: the views v_backlog, v_dead, v_blocked_keys and v_trace are for
 * that.  Times are milliseconds since the epoch.
 */

#ifndef _NGX_ERP_DB_H_INCLUDED_
#define _NGX_ERP_DB_H_INCLUDED_


#include "ngx_erp_wire.h"
#include "ngx_erp_policy.h"
#include "ngx_erp_crypt.h"


#define NGX_ERP_SCHEMA_VERSION  1

/* bodies above it are files in blob/, see ngx_erp_blob.h */
#define NGX_ERP_BODY_INLINE     (256 * 1024)


typedef struct ngx_erp_db_s  ngx_erp_db_t;


/* of a delivery; SQL knows these numbers too */

typedef enum {
    NGX_ERP_READY = 0,       /* waits for its time, its turn, its key */
    NGX_ERP_LEASED,          /* an attempt is on its way */
    NGX_ERP_DELIVERED,
    NGX_ERP_DEAD,            /* dead letter */
    NGX_ERP_HELD,            /* by an operator, or as its key is blocked */
    NGX_ERP_SKIPPED,         /* by an operator, or its key's policy */
    NGX_ERP_DISCARDED,       /* by an operator */
    NGX_ERP_ENDING           /* in flight, DISCARDED when that attempt ends */
} ngx_erp_state_e;

/* it has not ended */
#define ngx_erp_state_open(state)                                             \
    ((state) == NGX_ERP_READY || (state) == NGX_ERP_LEASED                    \
     || (state) == NGX_ERP_HELD || (state) == NGX_ERP_ENDING)


/* what the scheduler knows of a delivery */

typedef struct {
    uint64_t          id;
    uint64_t          seq;           /* place among those of its key: its id,
                                        or that of the first one it replays */
    uint64_t          order;         /* hash of the order key, 0: none */
    uint64_t          next_at;
    uint64_t          ttl_at;        /* 0: never */
    uint64_t          received;
    uint32_t          destination;   /* number of its row */
    uint32_t          attempts;
    uint32_t          deaths;        /* of processes that had it in flight */
    uint16_t          step;
    uint8_t           state;         /* ngx_erp_state_e */
} ngx_erp_row_t;


/*
 * Opens or makes the database in the directory: checks or migrates the
 * schema, checks the keys (NULL: bodies are not sealed) against a sealed word
 * that the database keeps.  NGX_OK; NGX_DECLINED with *why (at least 256
 * bytes) when it must not be used: another key, a newer schema, damaged;
 * NGX_ERROR with *why: the system refuses.  Nothing is emptied or overwritten
 * in either case.  The directory is there; the keys live as long as *db.
 */
ngx_int_t ngx_erp_db_open(ngx_erp_db_t **db, const char *directory,
    ngx_erp_keys_t *keys, char *why);
void ngx_erp_db_close(ngx_erp_db_t *db);

/*
 * NGX_OK, or NGX_ERROR; ngx_erp_db_error() then says why.  NGX_ABORT: the disk
 * is full; so also for all that is done inside of a turn.  After an error of
 * commit nothing of the turn is stored, and the turn has ended.  A turn that
 * has failed refuses all that follows, up to its end.
 */
ngx_int_t ngx_erp_db_begin(ngx_erp_db_t *db);

/*
 * For what is all or nothing as a turn, and alone in it: one transaction in
 * any case, and if it fails then those after it do not suffer for that.
 */
ngx_int_t ngx_erp_db_begin_one(ngx_erp_db_t *db);

ngx_int_t ngx_erp_db_commit(ngx_erp_db_t *db);
void ngx_erp_db_rollback(ngx_erp_db_t *db);
const char *ngx_erp_db_error(ngx_erp_db_t *db);


/*
 * Stores a message, its objects and its deliveries.  *verdict is STORED, with
 * *id and one row of "rows" for each target filled in; DUPLICATE or CONFLICT
 * with the id of the one that is there; FULL or FAILED.  "next_at" is the
 * time of the first attempt.  A destination that is new gets its row.
 *
 * Only "dedup" decides on duplicates: keys of objects come again with other
 * content, as a visit does when it is admitted, changed and discharged.
 *
 * NGX_OK, or NGX_ERROR or NGX_ABORT: the turn as a whole has failed.
 */
ngx_int_t ngx_erp_db_put(ngx_erp_db_t *db, ngx_erp_message_t *m,
    uint64_t next_at, ngx_erp_put_e *verdict, uint64_t *id,
    ngx_erp_row_t *rows);

/*
 * What the answer to a duplicate tells of the message that is there, but for
 * the verdict; of a delivery that was replayed the last replay counts.
 * "waited" is the destinations that are waited for, a newline in front of and
 * behind each; empty: all.  The string of the answer is valid until the next
 * call, or a lease.  NGX_DECLINED: there is no such message; NGX_ERROR.
 */
ngx_int_t ngx_erp_db_message(ngx_erp_db_t *db, uint64_t message,
    ngx_str_t *waited, ngx_erp_put_answer_t *answer);

/* what has become of a delivery; NGX_DECLINED: there is none; NGX_ERROR */
ngx_int_t ngx_erp_db_state(ngx_erp_db_t *db, uint64_t delivery,
    ngx_erp_row_t *row);

/*
 * What a worker needs for an attempt; strings are valid until the next call
 * of this function, ngx_erp_db_message() or ngx_erp_db_destination().  Sets
 * state LEASED and adds one to attempts if "count"; lease->attempt is the
 * number that this attempt has if it counts.  NGX_OK, NGX_DECLINED: there is
 * no such delivery that has not ended, or it or its body is damaged or cannot
 * be opened (then it is made a dead letter, "damaged"), NGX_ERROR.
 */
ngx_int_t ngx_erp_db_lease(ngx_erp_db_t *db, uint64_t delivery,
    ngx_uint_t count, ngx_erp_lease_t *lease);

/*
 * s->step is done and has s->results (those of all steps): an attempt after
 * this one begins with the next step.  NGX_DECLINED: there is no such
 * delivery.
 */
ngx_int_t ngx_erp_db_step(ngx_erp_db_t *db, ngx_erp_settle_t *s);

/*
 * The end of an attempt: a row of "attempt", and what the delivery is now.
 * "reason" is a word for a dead letter ("rejected", "expired", "attempts",
 * "poison", "operator"), or empty.  s->attempt attempts are used up then, of
 * an outcome of DOWN one less.  s->results are kept if there are any.
 * NGX_DECLINED: there is no such delivery.
 */
ngx_int_t ngx_erp_db_settle(ngx_erp_db_t *db, ngx_erp_settle_t *s,
    ngx_erp_state_e state, uint64_t next_at, ngx_str_t *reason);

/*
 * A change without an attempt: expired, held, released, given back, and a dead
 * letter that is made READY again.  NGX_DECLINED: there is no such delivery.
 */
ngx_int_t ngx_erp_db_change(ngx_erp_db_t *db, uint64_t delivery,
    ngx_erp_state_e state, uint64_t next_at, ngx_str_t *reason);

/* one more death of a process that had it in flight; *deaths is how many */
ngx_int_t ngx_erp_db_died(ngx_erp_db_t *db, uint64_t delivery,
    ngx_uint_t *deaths);

/* nobody knows what has become of an attempt: the next one is told so, by
   NGX_ERP_RESULT_SENT */
ngx_int_t ngx_erp_db_lost(ngx_erp_db_t *db, uint64_t delivery);

/*
 * The same object to the same destination once more: a new delivery, READY.
 * "first": it takes the place of the old one among those of its order key,
 * else it is behind all of them.  "key" replaces its idempotency key, NULL:
 * the same.  Its ttl is gone, that of the destination counts from
 * now on: "received" is now.  NGX_OK and *row; NGX_DECLINED: there is no such
 * delivery, or it is damaged.
 */
ngx_int_t ngx_erp_db_replay(ngx_erp_db_t *db, uint64_t delivery,
    ngx_uint_t first, ngx_str_t *key, uint64_t next_at, ngx_erp_row_t *row);

/* how many are not at their end; NGX_DECLINED as with the next one */
ngx_int_t ngx_erp_db_npending(ngx_erp_db_t *db, uint64_t *n);

/*
 * All that is not at its end, in the order of "seq": at start.  The handler
 * returns NGX_OK to go on.  A million rows take less than two seconds.
 * NGX_DECLINED: the index of them is damaged.  It can be made again from the
 * table, which reads all of that; then it is to be read once more.
 */
typedef ngx_int_t (*ngx_erp_row_pt)(void *data, ngx_erp_row_t *row);

ngx_int_t ngx_erp_db_pending(ngx_erp_db_t *db, ngx_erp_row_pt handler,
    void *data);
ngx_int_t ngx_erp_db_reindex(ngx_erp_db_t *db);

/* the same for dead letters that have an order key: they may hold it */
ngx_int_t ngx_erp_db_blocking(ngx_erp_db_t *db, ngx_erp_row_pt handler,
    void *data);

/* what row->order is of an order key: never 0, but for an empty one */
uint64_t ngx_erp_db_order(ngx_str_t *key);


/* destinations: by URI, with what a restart must not forget */

typedef struct {
    uint32_t          number;
    ngx_str_t         uri;           /* valid during the call */
    ngx_str_t         breaker;       /* see ngx_erp_breaker_print() */
    unsigned          paused:1;
} ngx_erp_destination_t;

typedef ngx_int_t (*ngx_erp_destination_pt)(void *data,
    ngx_erp_destination_t *d);

ngx_int_t ngx_erp_db_destinations(ngx_erp_db_t *db,
    ngx_erp_destination_pt handler, void *data);
ngx_int_t ngx_erp_db_destination(ngx_erp_db_t *db, ngx_str_t *uri,
    uint32_t *number);
ngx_int_t ngx_erp_db_destination_state(ngx_erp_db_t *db, uint32_t number,
    ngx_uint_t paused, ngx_str_t *breaker);

/* a row of the operator's book: each change has who and why */
ngx_int_t ngx_erp_db_audit(ngx_erp_db_t *db, ngx_str_t *who,
    ngx_str_t *action, ngx_str_t *what, ngx_str_t *reason);

/*
 * Checks the chain of it: NGX_OK; NGX_DECLINED, *bad is the first row that is
 * wrong; NGX_ERROR.  What is missing at its end is not found this way.
 */
ngx_int_t ngx_erp_db_audit_check(ngx_erp_db_t *db, uint64_t *bad);


/*
 * Deletes at most "rows" messages all of whose deliveries have ended: those
 * DELIVERED, SKIPPED or DISCARDED before "before", with dead letters before
 * "dead".  *more tells whether there are more to look at.  Makes a turn of its
 * own: not inside of one.
 */
ngx_int_t ngx_erp_db_prune(ngx_erp_db_t *db, uint64_t before, uint64_t dead,
    ngx_uint_t rows, ngx_uint_t *more);

/*
 * Outside of a turn, when there is nothing else to do: the WAL into the file,
 * some free pages back, a look for files that no row needs.
 */
ngx_int_t ngx_erp_db_checkpoint(ngx_erp_db_t *db);


/*
 * So many bytes are free for the WAL, and for the file that it goes to: with
 * less it goes there sooner.
 */
void ngx_erp_db_wal_room(ngx_erp_db_t *db, uint64_t bytes);


typedef struct {
    uint64_t          wal;           /* bytes */
    uint64_t          pages;         /* of the file, 4096 bytes each */
    uint64_t          free;          /* of them */
    uint64_t          corrupt;       /* damages met since it was opened */
} ngx_erp_db_numbers_t;

ngx_int_t ngx_erp_db_numbers(ngx_erp_db_t *db, ngx_erp_db_numbers_t *n);


#endif /* _NGX_ERP_DB_H_INCLUDED_ */
