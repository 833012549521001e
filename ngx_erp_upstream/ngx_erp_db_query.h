
/*
 * What the API reads of the database.  It is read by the one who writes, so
 * that each statement goes by an index or ends after a number of rows.
 *
 * All but ngx_erp_query_find() return NGX_OK, NGX_DECLINED: there is none, or
 * no further one; NGX_ABORT: the database refuses.
 */

#ifndef _NGX_ERP_DB_QUERY_H_INCLUDED_
#define _NGX_ERP_DB_QUERY_H_INCLUDED_


#include "ngx_erp_db_private.h"


typedef enum {
    NGX_ERP_QUERY_DEAD_COUNT = 0,    /* destination, most */
    NGX_ERP_QUERY_FLOWS,             /* messages to look at */
    NGX_ERP_QUERY_PENDING,           /* after (seq), rows */
    NGX_ERP_QUERY_DEAD,              /* after, rows */
    NGX_ERP_QUERY_DELIVERY,          /* id */
    NGX_ERP_QUERY_HEAD,              /* id */
    NGX_ERP_QUERY_BLOCKS,            /* destination, order */
    NGX_ERP_QUERY_RELEASE,           /* destination, order */
    NGX_ERP_QUERY_MESSAGE,           /* id */
    NGX_ERP_QUERY_BY_ID,             /* id, after */
    NGX_ERP_QUERY_BY_CORRELATION,    /* text, after, rows */
    NGX_ERP_QUERY_BY_CONTROL,        /* text, after, rows */
    NGX_ERP_QUERY_BY_KEY,            /* text, after, rows */
    NGX_ERP_QUERY_OBJECTS,           /* message, rows */
    NGX_ERP_QUERY_DELIVERIES,        /* message, rows */
    NGX_ERP_QUERY_ATTEMPTS,          /* delivery, rows */

    NGX_ERP_QUERY_N
} ngx_erp_query_e;


/* those of a database, ended with it */

typedef struct ngx_erp_query_s {
    sqlite3_stmt       *stmt[NGX_ERP_QUERY_N];
} ngx_erp_query_t;


typedef struct {
    uint64_t            id;
    uint64_t            message;
    uint64_t            body;
    uint32_t            destination;
    ngx_uint_t          state;           /* ngx_erp_state_e */
    uint64_t            attempts;
    uint64_t            deaths;
    uint64_t            step;
    uint64_t            tries;
    uint64_t            received;
    uint64_t            next_at;
    uint64_t            ttl_at;
    uint64_t            ended;
    uint64_t            replay_of;
    ngx_str_t           order_key;
    ngx_str_t           key;
    ngx_str_t           reason;

    uint64_t            outcome;         /* of the last attempt; 0: none */
    uint64_t            status;
    ngx_str_t           code;
    ngx_str_t           error;

    ngx_str_t           object_type;
    ngx_str_t           object_key;
    ngx_str_t           control_id;
    ngx_str_t           correlation_id;
} ngx_erp_query_delivery_t;


/* of a delivery, what a change has to know */

typedef struct {
    ngx_uint_t          state;
    uint32_t            destination;
    uint64_t            order;           /* 0: none, or it is released */
    uint64_t            received;
    ngx_str_t           key;
} ngx_erp_query_head_t;


typedef struct {
    uint64_t            id;
    uint32_t            destination;
    uint64_t            ended;
    ngx_str_t           reason;
} ngx_erp_query_dead_t;


typedef struct {
    uint64_t            number;
    uint64_t            attempt;
    uint64_t            started;
    uint64_t            took;
    uint64_t            outcome;
    uint64_t            status;
    uint64_t            step;
    ngx_str_t           code;
    ngx_str_t           error;
} ngx_erp_query_attempt_t;


/* prepares them, once; also NGX_OK when that is done already */
ngx_int_t ngx_erp_query_open(ngx_erp_db_t *db);

/* by ngx_erp_db_close() */
void ngx_erp_query_close(ngx_erp_db_t *db);

/*
 * Begins one with its numbers, "text" is the first one's place if there is
 * any; then _row() is each of its rows.  What a row has is valid until the
 * next _row() or _end(); one that ran to its end, or failed, has ended.
 */
sqlite3_stmt *ngx_erp_query(ngx_erp_db_t *db, ngx_erp_query_e n,
    ngx_str_t *text, uint64_t a, uint64_t b);
ngx_int_t ngx_erp_query_row(ngx_erp_db_t *db, ngx_erp_query_e n);
void ngx_erp_query_end(ngx_erp_db_t *db, ngx_erp_query_e n);

/* rows of statements that have begun */
ngx_int_t ngx_erp_query_dead(ngx_erp_db_t *db, ngx_erp_query_dead_t *d);
ngx_int_t ngx_erp_query_attempt(ngx_erp_db_t *db,
    ngx_erp_query_attempt_t *a);

/* the delivery; to be ended by the caller if it is NGX_OK */
ngx_int_t ngx_erp_query_delivery(ngx_erp_db_t *db, uint64_t id,
    ngx_erp_query_delivery_t *d);
ngx_int_t ngx_erp_query_head(ngx_erp_db_t *db, uint64_t id,
    ngx_erp_query_head_t *h);

/* *n is the number in the only row and column, 0 without one */
ngx_int_t ngx_erp_query_num(ngx_erp_db_t *db, ngx_erp_query_e n, uint64_t a,
    uint64_t b, uint64_t *num);

/*
 * The dead letters of a key do not hold it any more, nor will they after a
 * start: their order is gone, not its text.  *n is how many.
 */
ngx_int_t ngx_erp_query_release(ngx_erp_db_t *db, uint32_t destination,
    uint64_t order, uint64_t *n);

/* the number of a destination that is there: NGX_OK or NGX_DECLINED */
ngx_int_t ngx_erp_query_find(ngx_erp_db_t *db, ngx_str_t *uri,
    uint32_t *number);


#endif /* _NGX_ERP_DB_QUERY_H_INCLUDED_ */
