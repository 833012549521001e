
/*
 * What the files of the metrics share.
 */

#ifndef _NGX_ERP_METRICS_PRIVATE_H_INCLUDED_
#define _NGX_ERP_METRICS_PRIVATE_H_INCLUDED_


#include "ngx_erp_metrics.h"


#define NGX_ERP_METRICS_FLOWS    255
#define NGX_ERP_METRICS_TYPES    64       /* of a flow */
#define NGX_ERP_METRICS_SERIES   1024     /* of flows and types, in all */
#define NGX_ERP_METRICS_TYPE     32       /* bytes of one */
#define NGX_ERP_METRICS_DESTS    4096

#define NGX_ERP_METRICS_RESULTS  5
#define NGX_ERP_METRICS_REASONS  8        /* the last one: other */
#define NGX_ERP_METRICS_OTHER    (NGX_ERP_METRICS_REASONS - 1)


typedef struct {
    uint64_t               n[NGX_ERP_METRICS_TIMES + 1];
    uint64_t               sum;
} ngx_erp_metrics_histogram_t;


typedef struct {
    uint64_t               messages;
    u_char                 name[NGX_ERP_METRICS_TYPE];
    size_t                 len;
} ngx_erp_metrics_type_t;


typedef struct {
    u_char                   name[NGX_ERP_METRICS_LABEL];
    size_t                   len;
    uint64_t                 messages;
    uint64_t                 duplicates;
    uint64_t                 other;      /* of types without a series */
    uint64_t                 last;
    ngx_erp_metrics_type_t  *types;
    ngx_uint_t               ntypes;
    ngx_uint_t               room;
} ngx_erp_metrics_flow_t;


typedef struct {
    uint64_t                     delivered;
    uint64_t                     replayed;
    uint64_t                     attempts[NGX_ERP_METRICS_RESULTS];
    uint64_t                     dead[NGX_ERP_METRICS_REASONS];
    ngx_erp_metrics_histogram_t  age;
    ngx_erp_metrics_histogram_t  took;
} ngx_erp_metrics_dest_t;


/* dead letters that are there, as the database has them */

typedef struct {
    uint32_t               destination;
    uint64_t               n[NGX_ERP_METRICS_REASONS];
} ngx_erp_metrics_dead_t;


struct ngx_erp_metrics_s {
    ngx_erp_metrics_flow_t        flows[NGX_ERP_METRICS_FLOWS];
    ngx_erp_metrics_flow_t        other;     /* all other flows */
    ngx_uint_t                    nflows;
    ngx_uint_t                    series;

    ngx_erp_metrics_dest_t      **dests;     /* by number, or NULL */
    ngx_uint_t                    ndests;
    ngx_erp_metrics_dest_t        rest;      /* all other destinations */
    ngx_uint_t                    rest_counts;

    ngx_erp_metrics_histogram_t   sync;      /* microseconds */
    ngx_erp_metrics_histogram_t   batch;
    uint64_t                      put_errors;
    uint64_t                      commit_errors;
    uint64_t                      recovered;

    ngx_erp_metrics_dead_t       *dead;
    ngx_uint_t                    ndead;
    ngx_uint_t                    dead_room;
    uint64_t                      dead_at;   /* when it was asked for */
    uint64_t                      dead_keep; /* and for how long that is
                                                good */
};


extern const ngx_erp_metrics_bound_t  ngx_erp_metrics_syncs[];
extern const ngx_erp_metrics_bound_t  ngx_erp_metrics_batches[];

extern const char *const  ngx_erp_metrics_reasons[NGX_ERP_METRICS_REASONS];

/* the index of a reason; those that are not known are "other" */
ngx_uint_t ngx_erp_metrics_reason(const char *reason, size_t len);

/*
 * Looks at dead letters of the database, unless that was done a moment ago:
 * m->dead, empty if that cannot be read.  NGX_ERROR: no memory.
 */
ngx_int_t ngx_erp_metrics_look(ngx_erp_metrics_t *m, ngx_erp_db_t *db,
    uint64_t now);


#endif /* _NGX_ERP_METRICS_PRIVATE_H_INCLUDED_ */
