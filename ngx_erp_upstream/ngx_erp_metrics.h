
/*
 * What the store process counts, and all of it as Prometheus text.  Counters
 * begin at zero with the process, as Prometheus expects of a restart.
 */

#ifndef _NGX_ERP_METRICS_H_INCLUDED_
#define _NGX_ERP_METRICS_H_INCLUDED_


#include "ngx_erp_db.h"
#include "ngx_erp_schedule.h"


typedef struct ngx_erp_metrics_s  ngx_erp_metrics_t;


/* NULL: no memory */
ngx_erp_metrics_t *ngx_erp_metrics_create(void);
void ngx_erp_metrics_free(ngx_erp_metrics_t *m);

/* a message that was put; "type" is bounded, then it is "other" */
void ngx_erp_metrics_put(ngx_erp_metrics_t *m, ngx_str_t *flow,
    ngx_str_t *type, ngx_erp_put_e verdict);

/* the end of an attempt; "took" in milliseconds */
void ngx_erp_metrics_attempt(ngx_erp_metrics_t *m, uint32_t destination,
    ngx_erp_outcome_e outcome, uint64_t took);

/* the end of a delivery; "age" since it was received, milliseconds */
void ngx_erp_metrics_ended(ngx_erp_metrics_t *m, uint32_t destination,
    ngx_erp_state_e state, const char *reason, uint64_t age);

void ngx_erp_metrics_replayed(ngx_erp_metrics_t *m, uint32_t destination);

/* a commit: "changes" in one turn, "took" in microseconds */
void ngx_erp_metrics_commit(ngx_erp_metrics_t *m, ngx_uint_t changes,
    uint64_t took, ngx_int_t rc);

/* at start: milliseconds that it took to be ready */
void ngx_erp_metrics_recovered(ngx_erp_metrics_t *m, uint64_t took);


typedef struct {
    ngx_erp_db_t          *db;
    ngx_erp_schedule_t    *schedule;
    uint64_t               now;
    off_t                  capacity;     /* free bytes of the disk above
                                            min_free */
} ngx_erp_metrics_now_t;

/*
 * All of it, as the module README has the names.  NGX_ERROR: no memory, or the
 * database refuses.  *text is from malloc(), the caller frees text->data.
 */
ngx_int_t ngx_erp_metrics_print(ngx_erp_metrics_t *m,
    ngx_erp_metrics_now_t *now, ngx_str_t *text);


#endif /* _NGX_ERP_METRICS_H_INCLUDED_ */
