
/*
 * Dead letters that are there: counted in the database, as pruning, replays
 * and operators change them too.
 *
 * How many a destination has is in an index; why is in the rows, which are
 * looked at up to a bound: a store that has many more dead letters than that
 * has other things to do.  The reason of those behind it is "other".
 */

#include <stdlib.h>
#include <time.h>

#include "ngx_erp_db_private.h"
#include "ngx_erp_metrics_private.h"


#define NGX_ERP_METRICS_KEEP     10000    /* milliseconds */
#define NGX_ERP_METRICS_RETRY    600000   /* after an error */
#define NGX_ERP_METRICS_SHARE    100      /* takes 1/100 of the time at most */


typedef ngx_int_t (*ngx_erp_metrics_row_pt)(ngx_erp_metrics_t *m,
    sqlite3_stmt *stmt);


static ngx_int_t ngx_erp_metrics_select(ngx_erp_metrics_t *m,
    ngx_erp_db_t *db, const char *sql, ngx_erp_metrics_row_pt handler);
static ngx_int_t ngx_erp_metrics_dead_all(ngx_erp_metrics_t *m,
    sqlite3_stmt *stmt);
static ngx_int_t ngx_erp_metrics_dead_reason(ngx_erp_metrics_t *m,
    sqlite3_stmt *stmt);
static uint64_t ngx_erp_metrics_clock(void);


static const char  ngx_erp_metrics_all[] =
    "SELECT destination, count(*)"
    " FROM delivery INDEXED BY delivery_dead"
    " WHERE state = 3 GROUP BY destination";

static const char  ngx_erp_metrics_some[] =
    "SELECT destination, count(*), reason"
    " FROM (SELECT destination, reason"
    " FROM delivery INDEXED BY delivery_dead"
    " WHERE state = 3 LIMIT 10000)"
    " GROUP BY destination, reason";


ngx_int_t
ngx_erp_metrics_look(ngx_erp_metrics_t *m, ngx_erp_db_t *db, uint64_t now)
{
    uint64_t   start, took;
    ngx_int_t  rc;

    /* after a clock has jumped back the difference is large */

    if (m->dead_keep && now - m->dead_at < m->dead_keep) {
        return NGX_OK;
    }

    start = ngx_erp_metrics_clock();

    m->ndead = 0;
    m->dead_at = now;

    rc = ngx_erp_metrics_select(m, db, ngx_erp_metrics_all,
                                ngx_erp_metrics_dead_all);

    if (rc == NGX_OK) {
        rc = ngx_erp_metrics_select(m, db, ngx_erp_metrics_some,
                                    ngx_erp_metrics_dead_reason);
    }

    if (rc == NGX_DECLINED) {

        /* a damaged page, perhaps: that is counted already */

        m->ndead = 0;
        m->dead_keep = NGX_ERP_METRICS_RETRY;

        return NGX_OK;
    }

    if (rc != NGX_OK) {
        m->dead_keep = 0;
        return rc;
    }

    took = ngx_erp_metrics_clock() - start;
    m->dead_keep = ngx_max(NGX_ERP_METRICS_KEEP,
                           NGX_ERP_METRICS_SHARE * took);

    return NGX_OK;
}


/* NGX_DECLINED: the database refuses; NGX_ERROR: no memory */

static ngx_int_t
ngx_erp_metrics_select(ngx_erp_metrics_t *m, ngx_erp_db_t *db,
    const char *sql, ngx_erp_metrics_row_pt handler)
{
    int            rc;
    ngx_int_t      done;
    sqlite3_stmt  *stmt;

    rc = sqlite3_prepare_v2(db->sqlite, sql, -1, &stmt, NULL);
    if (rc != SQLITE_OK) {
        (void) ngx_erp_db_failed(db, rc);
        return NGX_DECLINED;
    }

    done = NGX_OK;

    while (done == NGX_OK && (rc = sqlite3_step(stmt)) == SQLITE_ROW) {
        done = handler(m, stmt);
    }

    if (done == NGX_OK && rc != SQLITE_DONE) {
        (void) ngx_erp_db_failed(db, rc);
        done = NGX_DECLINED;
    }

    (void) sqlite3_finalize(stmt);

    return done;
}


static ngx_int_t
ngx_erp_metrics_dead_all(ngx_erp_metrics_t *m, sqlite3_stmt *stmt)
{
    void                    *p;
    ngx_uint_t               n;
    ngx_erp_metrics_dead_t  *d;

    if (m->ndead == m->dead_room) {
        n = m->dead_room ? 2 * m->dead_room : 16;

        p = realloc(m->dead, n * sizeof(ngx_erp_metrics_dead_t));
        if (p == NULL) {
            return NGX_ERROR;
        }

        m->dead = p;
        m->dead_room = n;
    }

    d = &m->dead[m->ndead++];

    ngx_memzero(d, sizeof(ngx_erp_metrics_dead_t));
    d->destination = sqlite3_column_int64(stmt, 0);
    d->n[NGX_ERP_METRICS_OTHER] = sqlite3_column_int64(stmt, 1);

    return NGX_OK;
}


/* "other" has what is left */

static ngx_int_t
ngx_erp_metrics_dead_reason(ngx_erp_metrics_t *m, sqlite3_stmt *stmt)
{
    uint64_t                 n;
    ngx_str_t                reason;
    ngx_uint_t               i;
    ngx_erp_metrics_dead_t  *d;

    n = sqlite3_column_int64(stmt, 1);
    reason = ngx_erp_db_column(stmt, 2);

    for (i = 0; i < m->ndead; i++) {
        d = &m->dead[i];

        if (d->destination == (uint32_t) sqlite3_column_int64(stmt, 0)) {
            n = ngx_min(n, d->n[NGX_ERP_METRICS_OTHER]);
            d->n[NGX_ERP_METRICS_OTHER] -= n;
            d->n[ngx_erp_metrics_reason((char *) reason.data, reason.len)]
                += n;
            break;
        }
    }

    return NGX_OK;
}


static uint64_t
ngx_erp_metrics_clock(void)
{
    struct timespec  ts;

    (void) clock_gettime(CLOCK_MONOTONIC, &ts);

    return (uint64_t) ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}
