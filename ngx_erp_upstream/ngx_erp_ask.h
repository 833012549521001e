
/*
 * The API, in the store process: a request as erp_api hands it on, answered
 * from the database and the schedule.  No event, no socket.
 */

#ifndef _NGX_ERP_ASK_H_INCLUDED_
#define _NGX_ERP_ASK_H_INCLUDED_


#include "ngx_erp_db.h"
#include "ngx_erp_schedule.h"
#include "ngx_erp_metrics.h"
#include "ngx_canonical_node.h"


typedef struct {
    ngx_erp_db_t          *db;
    ngx_erp_schedule_t    *schedule;
    ngx_erp_metrics_t     *metrics;
    uint64_t               now;
    off_t                  capacity;     /* see ngx_erp_metrics_now_t */
    unsigned               full:1;       /* below min_free */
    ngx_canonical_arena_t *arena;        /* for the answer */
} ngx_erp_asked_t;


/*
 * Answers: inside of a turn of the database, which the caller commits before
 * he sends it.  Rows that were added go into the schedule, changes are made
 * there too: after a commit that failed the caller rebuilds it.  NGX_OK, also
 * for a 4xx; NGX_ERROR: no memory; NGX_ABORT: the turn has failed.
 */
ngx_int_t ngx_erp_ask(ngx_erp_asked_t *asked, ngx_erp_ask_t *ask,
    ngx_erp_answer_t *answer);


#endif /* _NGX_ERP_ASK_H_INCLUDED_ */
