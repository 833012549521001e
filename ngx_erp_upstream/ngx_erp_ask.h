
/*
 * The API, in the store process: a request as erp_api hands it on, answered
 * from the database and the schedule.  No event, no socket.
 *
 * Parameters of GET are in the query string, those of POST in a JSON object;
 * one that is unknown, twice there or has no value is refused.  "limit" is
 * 100 unless said, at most 1000; "after" is the "next" of the answer before,
 * which is there when there is more.  Times are members in the form of RFC
 * 3339 and, with _ms, milliseconds since the epoch; parameters are either.
 * Bodies are never in an answer, the ERP's words only with "detail=1".
 *
 *     GET  /v1/status
 *     GET  /v1/flows                of the last 10000 messages
 *     GET  /v1/destinations  /v1/destinations/NUMBER
 *     GET  /v1/queues               destination limit after detail
 *     GET  /v1/dead-letters         destination reason type key since until
 *                                   status limit after detail
 *     GET  /v1/messages             one of id correlation_id key control_id,
 *                                   limit after detail
 *     GET  /v1/audit/head           check
 *     GET  /v1/health/live  /v1/health/ready  /metrics
 *
 *     POST /v1/destinations/pause   destination reason; the same of
 *          /v1/destinations/resume  /v1/destinations/probe
 *     POST /v1/dead-letters/replay  filter reason dry_run limit rate new_key;
 *                                   the filter has ids, destination, reason,
 *                                   type, key, since, until, status, after
 *     POST /v1/deliveries/skip      ids reason
 *     POST /v1/deliveries/discard   ids reason
 *     POST /v1/keys/release         destination order reason
 *
 * A replay takes the place of a dead letter that holds its key ("position":
 * "first"), or is behind those of its key ("last").
 *
 * "key" of a filter is the idempotency key at the destination, that of the
 * object, or the order key.  "status" is that of the last attempt, 1: no
 * connection, 2: no answer.
 *
 * A change needs a reason and writes to the audit.  Errors are problem
 * details (RFC 9457), with the "parameter" that is wrong.
 */

#ifndef _NGX_ERP_ASK_H_INCLUDED_
#define _NGX_ERP_ASK_H_INCLUDED_


#include "ngx_erp_db.h"
#include "ngx_erp_schedule.h"
#include "ngx_erp_metrics.h"
#include "ngx_canonical_node.h"


/* what an answer may take of the arena, without that of /metrics */
#define NGX_ERP_ASK_ARENA  (16 * 1024 * 1024)


typedef struct {
    ngx_erp_db_t          *db;
    ngx_erp_schedule_t    *schedule;
    ngx_erp_metrics_t     *metrics;
    uint64_t               now;
    off_t                  capacity;     /* see ngx_erp_metrics_now_t */
    unsigned               full:1;       /* below min_free */
    ngx_canonical_arena_t *arena;        /* for the answer */

    /* told of each that has not ended before, and has now; may be NULL */
    void                 (*ended)(void *data, ngx_erp_row_t *row,
                                  const char *reason);
    void                  *data;

    unsigned               changed:1;    /* set: something may have been */
} ngx_erp_asked_t;


/*
 * Answers.  A POST needs a turn, by ngx_erp_db_begin_one(), as it may fail
 * after some of its changes: the caller commits that before he sends the
 * answer.  Rows that
 * were added go into the schedule, changes are made there too: after a turn
 * that failed the caller rebuilds it if asked->changed is set.  All others
 * only read, and should be outside of a turn.  NGX_OK, also for a 4xx;
 * NGX_ERROR: no memory, nothing was changed; NGX_ABORT: the database refuses,
 * the turn has failed.
 */
ngx_int_t ngx_erp_ask(ngx_erp_asked_t *asked, ngx_erp_ask_t *ask,
    ngx_erp_answer_t *answer);


#endif /* _NGX_ERP_ASK_H_INCLUDED_ */
