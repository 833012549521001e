
/*
 * Which delivery goes next: due times, order per key, breakers, limits.  All
 * in memory, rebuilt at start from the rows; knows neither SQL nor sockets.
 *
 * Deliveries of one destination and order key are a queue: only its head may
 * go, and the others wait for its end.  Different keys never wait for each
 * other.  A delivery costs at most 80 bytes, a key 50 more.
 *
 * "now" should be a clock that does not jump: the time of day at the start
 * and what a monotonic clock counted since.  If it does jump, then nothing is
 * lost or out of order, but what waits for a time waits for that very time.
 *
 * Ids are below 2^48.  Of times above 2^44, of more than 2^20 attempts and of
 * more than 15 deaths, that number less one is kept.
 */

#ifndef _NGX_ERP_SCHEDULE_H_INCLUDED_
#define _NGX_ERP_SCHEDULE_H_INCLUDED_


#include "ngx_erp_db.h"


typedef struct ngx_erp_schedule_s  ngx_erp_schedule_t;


/* what nginx.conf says of a destination */

typedef struct {
    ngx_erp_retry_t          retry;
    ngx_erp_breaker_conf_t   breaker;
    ngx_uint_t               concurrency;    /* 0: any */
    ngx_uint_t               rate;           /* thousandths a second */
    ngx_uint_t               skip;           /* a blocked key: 0: hold it, its
                                                head being a dead letter; 1:
                                                go on behind it */
} ngx_erp_rules_t;


/* the numbers of a destination, for the API and metrics: each delivery is
   in one of them */

typedef struct {
    ngx_uint_t               ready;          /* may go, or waits for a time */
    ngx_uint_t               inflight;
    ngx_uint_t               held;           /* also all of a held key */
    ngx_uint_t               blocked;        /* behind another of its key */
    uint64_t                 oldest;         /* received, of those; 0: none */
    ngx_erp_breaker_t       *breaker;        /* NULL: unknown destination */
    ngx_uint_t               paused;
    ngx_uint_t               configured;     /* it has rules */
} ngx_erp_numbers_t;


/* NULL: no memory */
ngx_erp_schedule_t *ngx_erp_schedule_create(void);
void ngx_erp_schedule_free(ngx_erp_schedule_t *s);

/*
 * A destination, by its number, and its rules: before its deliveries are
 * added, and again with other rules after a reload.  One that has no rules
 * (rules == NULL: it is not in nginx.conf any more) keeps its deliveries and
 * sends none, nor do they expire.  NGX_ERROR: no memory.
 */
ngx_int_t ngx_erp_schedule_destination(ngx_erp_schedule_t *s,
    uint32_t number, ngx_erp_rules_t *rules);

/* of a known destination; a paused one's deliveries still expire */
void ngx_erp_schedule_pause(ngx_erp_schedule_t *s, uint32_t number,
    ngx_uint_t paused);

/*
 * To be read, and to be filled in at start; NULL: unknown.  One that was half
 * open then is open again: its attempt is not on its way any more.
 */
ngx_erp_breaker_t *ngx_erp_schedule_breaker(ngx_erp_schedule_t *s,
    uint32_t number);

/*
 * An operator: the destination is tried now.  An open breaker lets an attempt
 * through, what it has asked for in Retry-After is over, and of the deliveries
 * that wait for a time the first one goes.  Whether that has changed anything.
 */
ngx_uint_t ngx_erp_schedule_probe(ngx_erp_schedule_t *s, uint32_t number,
    uint64_t now);

/*
 * Adds a delivery.  Those of a key go in the order of "seq" (0: the id): one
 * with a lower number than others is put in front of them, but not of what is
 * in flight; that is how a replay takes the place of what it replays.
 *
 * A state of READY or HELD; LEASED is one whose attempt may still be on its
 * way, it waits until next_at; ENDING is one of which the same is true, but
 * then it is given as expired.  One that is HELD blocks its key when it is its
 * head; without a key it stays until it is removed; it is not one that is put
 * in front.  A ttl_at of 0 is that of
 * the rules from "received" on.  NGX_DECLINED: it is there already; NGX_ERROR:
 * no memory.
 */
ngx_int_t ngx_erp_schedule_add(ngx_erp_schedule_t *s, ngx_erp_row_t *row);

/* n of them will be added to an empty one */
void ngx_erp_schedule_reserve(ngx_erp_schedule_t *s, uint64_t n);

/*
 * A start adds them by the million, and each touches memory far from that of
 * the last one: what these will touch is fetched, all at the same time.
 */
void ngx_erp_schedule_fetch(ngx_erp_schedule_t *s, ngx_erp_row_t *rows,
    ngx_uint_t n);

/*
 * Takes the next one that may go now: NGX_OK and *row, which is in flight
 * then; NGX_AGAIN and *wait, milliseconds until it is worth to ask again (0:
 * nothing waits for a time).  Destinations take turns.  One whose ttl has
 * passed comes with *expired set, and is not in flight: settle it.  row's
 * attempts are those used up before this one.
 */
ngx_int_t ngx_erp_schedule_next(ngx_erp_schedule_t *s, uint64_t now,
    ngx_erp_row_t *row, ngx_uint_t *expired, uint64_t *wait);

/*
 * The same while nobody can take one: only what has expired, which needs
 * nobody.
 */
ngx_int_t ngx_erp_schedule_expired(ngx_erp_schedule_t *s, uint64_t now,
    ngx_erp_row_t *row, uint64_t *wait);

/*
 * A worker says that it has it in flight, after a restart: as if _next() had
 * given it, but for limits and breaker.  NGX_DECLINED: it is not one that
 * might go.
 */
ngx_int_t ngx_erp_schedule_claim(ngx_erp_schedule_t *s, uint64_t delivery);

/*
 * The end of what _next() gave, or of an attempt that is heard of late.
 * "outcome" moves the breaker; what becomes of the delivery is in *row: state
 * READY with next_at (RETRY, DOWN, UNKNOWN; HELD if it was), or one of the
 * ends, with *reason a constant word or NULL.  Of an expired one the outcome
 * is not looked at; one that is ENDING is DISCARDED then.  "retry_after" is 0
 * or what the destination asked for: then the destination as a whole waits.
 * "random" is any number.  A delivery that ends lets the next one of its key
 * go, but for a dead letter of a key that is to hold.  NGX_DECLINED: there is
 * no such delivery, row is zeroed.
 */
ngx_int_t ngx_erp_schedule_settle(ngx_erp_schedule_t *s, uint64_t delivery,
    ngx_erp_outcome_e outcome, uint64_t retry_after, uint64_t now,
    uint64_t random, ngx_erp_row_t *row, const char **reason);

/*
 * The attempt was never made, or its worker is gone: as if not taken.  NGX_OK;
 * NGX_DONE: it was to be removed, and is; NGX_DECLINED: there is no such
 * delivery, or it was not taken.
 */
ngx_int_t ngx_erp_schedule_give_back(ngx_erp_schedule_t *s,
    uint64_t delivery, uint64_t next_at);

/*
 * A key is held, as by a dead letter: at start, for those which were.  What
 * is in flight is not touched; an order of 0 is no key.  NGX_ERROR: no memory.
 */
ngx_int_t ngx_erp_schedule_hold(ngx_erp_schedule_t *s, uint32_t destination,
    uint64_t order);

/* whether it is */
ngx_uint_t ngx_erp_schedule_held(ngx_erp_schedule_t *s, uint32_t destination,
    uint64_t order);

/*
 * An operator: a key goes on behind its dead head, also those of it that are
 * HELD now.
 */
void ngx_erp_schedule_release(ngx_erp_schedule_t *s, uint32_t destination,
    uint64_t order);

/*
 * An operator: a delivery is taken out.  NGX_OK; NGX_AGAIN: it is in flight,
 * and ENDING: it goes when its attempt ends, DISCARDED unless that was DONE;
 * NGX_DECLINED: there is no such delivery.
 */
ngx_int_t ngx_erp_schedule_remove(ngx_erp_schedule_t *s, uint64_t delivery);

void ngx_erp_schedule_numbers(ngx_erp_schedule_t *s, uint32_t number,
    ngx_erp_numbers_t *n);


#endif /* _NGX_ERP_SCHEDULE_H_INCLUDED_ */
