
/*
 * What the files of the API share.
 */

#ifndef _NGX_ERP_ASK_PRIVATE_H_INCLUDED_
#define _NGX_ERP_ASK_PRIVATE_H_INCLUDED_


#include "ngx_erp_ask.h"
#include "ngx_erp_db_query.h"
#include "ngx_erp_json.h"


#define NGX_ERP_ASK_LIMIT    100
#define NGX_ERP_ASK_MAX      1000

/*
 * What one request looks at, at most: entries of an index, whole rows; the
 * writer does nothing else meanwhile.
 */
#define NGX_ERP_ASK_SCAN     20000
#define NGX_ERP_ASK_READ     5000

#define NGX_ERP_ASK_REPLAYS  10000


typedef struct {
    ngx_erp_asked_t        *asked;
    ngx_erp_ask_t          *ask;
    ngx_erp_answer_t       *answer;

    ngx_canonical_node_t   *params;      /* query string or body: an object */
    uint64_t                number;      /* that the path ends with */
    ngx_str_t               reason;      /* of a change */

    ngx_erp_json_t          json;
    ngx_canonical_node_t   *root;        /* of the answer */

    unsigned                changed:1;   /* something was */
} ngx_erp_asking_t;


/*
 * An answer is made into q->root.  NGX_OK; NGX_DECLINED: it was refused by
 * ngx_erp_ask_refuse(), which returns that, before anything was changed;
 * NGX_ERROR: no memory; NGX_ABORT: the database refuses.
 */
typedef ngx_int_t (*ngx_erp_ask_pt)(ngx_erp_asking_t *q);

/* the texts are constant; "parameter" may be NULL */
ngx_int_t ngx_erp_ask_refuse(ngx_erp_asking_t *q, ngx_uint_t status,
    const char *detail, const char *parameter);


/* --- parameters: NGX_OK, NGX_DECLINED (refused) or NGX_ERROR --- */

ngx_int_t ngx_erp_ask_args(ngx_erp_asking_t *q);
ngx_int_t ngx_erp_ask_body(ngx_erp_asking_t *q);

/* "names" has all that may be there, with a space behind each */
ngx_int_t ngx_erp_ask_known(ngx_erp_asking_t *q, ngx_canonical_node_t *object,
    const char *names);

/* what is not there leaves the value as it is */
ngx_int_t ngx_erp_ask_text(ngx_erp_asking_t *q, ngx_canonical_node_t *object,
    const char *name, ngx_str_t *value);
ngx_int_t ngx_erp_ask_num(ngx_erp_asking_t *q, ngx_canonical_node_t *object,
    const char *name, uint64_t min, uint64_t max, uint64_t *value);
ngx_int_t ngx_erp_ask_flag(ngx_erp_asking_t *q, ngx_canonical_node_t *object,
    const char *name, ngx_uint_t *value);
ngx_int_t ngx_erp_ask_time(ngx_erp_asking_t *q, ngx_canonical_node_t *object,
    const char *name, uint64_t *value);
ngx_int_t ngx_erp_ask_ids(ngx_erp_asking_t *q, ngx_canonical_node_t *object,
    const char *name, ngx_uint_t max, uint64_t **ids, ngx_uint_t *n);

/* *number is 0 without it; one that is not known is refused */
ngx_int_t ngx_erp_ask_destination(ngx_erp_asking_t *q,
    ngx_canonical_node_t *object, ngx_str_t *uri, uint32_t *number);

/* limit, after and detail of a list */

typedef struct {
    uint64_t                limit;
    uint64_t                after;
    ngx_uint_t              detail;
} ngx_erp_ask_page_t;

ngx_int_t ngx_erp_ask_page(ngx_erp_asking_t *q, ngx_erp_ask_page_t *page);


/* --- dead letters: those that a filter takes --- */

typedef struct {
    uint32_t                destination;     /* 0: any */
    ngx_str_t               reason;
    ngx_str_t               type;
    ngx_str_t               key;
    uint64_t                since;
    uint64_t                until;
    uint64_t                status;
    uint64_t                after;
    uint64_t               *ids;             /* NULL: all */
    ngx_uint_t              nids;
    ngx_uint_t              deep;            /* more than the index has */
} ngx_erp_ask_filter_t;

#define NGX_ERP_ASK_FILTER                                                    \
    "destination reason type key since until status after "

/* NGX_OK to go on; all else ends it and is returned */
typedef ngx_int_t (*ngx_erp_ask_dead_pt)(ngx_erp_asking_t *q, void *data,
    uint64_t id, ngx_str_t *reason);

ngx_int_t ngx_erp_ask_filter(ngx_erp_asking_t *q,
    ngx_canonical_node_t *object, ngx_erp_ask_filter_t *f);

/*
 * Goes through them by their ids.  *next is 0, or the last id that was looked
 * at, and there may be others behind it.
 */
ngx_int_t ngx_erp_ask_dead(ngx_erp_asking_t *q, ngx_erp_ask_filter_t *f,
    ngx_erp_ask_dead_pt handler, void *data, uint64_t *next);


/* what lists and traces tell of a delivery, into "object" */
void ngx_erp_ask_delivery(ngx_erp_asking_t *q, ngx_canonical_node_t *object,
    ngx_erp_query_delivery_t *d, ngx_uint_t detail);
const char *ngx_erp_ask_outcome(uint64_t outcome);


/* --- changes --- */

/* lets a key go on if no other dead letter holds it; an order of 0 is none */
ngx_int_t ngx_erp_ask_free_key(ngx_erp_asking_t *q, uint32_t destination,
    uint64_t order, ngx_uint_t *released);

/* a row of the audit; "what" is cut */
ngx_int_t ngx_erp_ask_audited(ngx_erp_asking_t *q, const char *action,
    ngx_str_t *what);


/* --- answers --- */

ngx_int_t ngx_erp_ask_status(ngx_erp_asking_t *q);
ngx_int_t ngx_erp_ask_flows(ngx_erp_asking_t *q);
ngx_int_t ngx_erp_ask_destinations(ngx_erp_asking_t *q);
ngx_int_t ngx_erp_ask_audit(ngx_erp_asking_t *q);
ngx_int_t ngx_erp_ask_live(ngx_erp_asking_t *q);
ngx_int_t ngx_erp_ask_ready(ngx_erp_asking_t *q);
ngx_int_t ngx_erp_ask_metrics(ngx_erp_asking_t *q);

ngx_int_t ngx_erp_ask_queues(ngx_erp_asking_t *q);
ngx_int_t ngx_erp_ask_dead_letters(ngx_erp_asking_t *q);
ngx_int_t ngx_erp_ask_messages(ngx_erp_asking_t *q);

ngx_int_t ngx_erp_ask_pause(ngx_erp_asking_t *q);
ngx_int_t ngx_erp_ask_resume(ngx_erp_asking_t *q);
ngx_int_t ngx_erp_ask_probe(ngx_erp_asking_t *q);
ngx_int_t ngx_erp_ask_replay(ngx_erp_asking_t *q);
ngx_int_t ngx_erp_ask_skip(ngx_erp_asking_t *q);
ngx_int_t ngx_erp_ask_discard(ngx_erp_asking_t *q);
ngx_int_t ngx_erp_ask_release(ngx_erp_asking_t *q);


#endif /* _NGX_ERP_ASK_PRIVATE_H_INCLUDED_ */
