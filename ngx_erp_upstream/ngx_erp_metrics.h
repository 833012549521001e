
/*
 * What the store process counts, and all of it as Prometheus text.  Counters
 * begin at zero with the process, as Prometheus expects of a restart.
 */

#ifndef _NGX_ERP_METRICS_H_INCLUDED_
#define _NGX_ERP_METRICS_H_INCLUDED_


#include "ngx_erp_db.h"
#include "ngx_erp_schedule.h"


#define NGX_ERP_METRICS_VERSION  "0.1.0"      /* of hie_build_info */

#define NGX_ERP_METRICS_LABEL    128          /* bytes of a label's value */
#define NGX_ERP_METRICS_ESCAPED  (2 * NGX_ERP_METRICS_LABEL)


typedef struct ngx_erp_metrics_s  ngx_erp_metrics_t;


/* bounds of a histogram, in the unit it is counted in; ends with le == NULL */

typedef struct {
    const char            *le;           /* as text, in the unit of its name */
    uint64_t               max;
} ngx_erp_metrics_bound_t;


#define NGX_ERP_METRICS_TIMES    15

/* latencies, in milliseconds */
extern const ngx_erp_metrics_bound_t
    ngx_erp_metrics_times[NGX_ERP_METRICS_TIMES + 1];

/* the first bucket that a value belongs to */
ngx_uint_t ngx_erp_metrics_bucket(const ngx_erp_metrics_bound_t *bounds,
    uint64_t value);

/*
 * The value of a label: UTF-8 without control characters, cut; returns how
 * many of NGX_ERP_METRICS_LABEL bytes of "out" it takes.  What stands between
 * the quotes is written of that by _escape(), which returns its end, at
 * most NGX_ERP_METRICS_ESCAPED bytes on.
 */
size_t ngx_erp_metrics_label(u_char *out, ngx_str_t *value);
u_char *ngx_erp_metrics_escape(u_char *out, ngx_str_t *label);


/* NULL: no memory */
ngx_erp_metrics_t *ngx_erp_metrics_create(void);
void ngx_erp_metrics_free(ngx_erp_metrics_t *m);

/*
 * A message that was put.  Flows above a bound are "other" together, and so
 * is, in a flow, a "type" that does not look like one or is one too many.
 */
void ngx_erp_metrics_put(ngx_erp_metrics_t *m, ngx_str_t *flow,
    ngx_str_t *type, ngx_erp_put_e verdict);

/* the end of an attempt; "took" in milliseconds */
void ngx_erp_metrics_attempt(ngx_erp_metrics_t *m, uint32_t destination,
    ngx_erp_outcome_e outcome, uint64_t took);

/* the end of a delivery; "age" since it was received, milliseconds */
void ngx_erp_metrics_ended(ngx_erp_metrics_t *m, uint32_t destination,
    ngx_erp_state_e state, const char *reason, uint64_t age);

void ngx_erp_metrics_replayed(ngx_erp_metrics_t *m, uint32_t destination);

/*
 * The i-th flow that this process has heard of, from 0; the return value is 0
 * behind the last one.  "last" is when, in milliseconds since the epoch.
 */
ngx_uint_t ngx_erp_metrics_flow(ngx_erp_metrics_t *m, ngx_uint_t i,
    ngx_str_t *name, uint64_t *messages, uint64_t *last);

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
