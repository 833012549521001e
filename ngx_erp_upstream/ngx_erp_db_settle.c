
/*
 * What becomes of a delivery: attempts, steps, ends, replays.
 */

#include "ngx_erp_db_private.h"


static ngx_int_t ngx_erp_db_settle_row(ngx_erp_db_t *db, ngx_erp_settle_t *s,
    ngx_erp_state_e state, uint64_t next_at, ngx_str_t *reason);
static ngx_int_t ngx_erp_db_settle_attempt(ngx_erp_db_t *db,
    ngx_erp_settle_t *s);
static ngx_int_t ngx_erp_db_result(ngx_erp_db_t *db, uint64_t delivery,
    ngx_str_t *results);
static ngx_int_t ngx_erp_db_changed(ngx_erp_db_t *db, ngx_erp_sql_e n);
static void ngx_erp_db_bind_ended(sqlite3_stmt *stmt, int n,
    ngx_erp_state_e state, uint64_t at);
static ngx_int_t ngx_erp_db_replay_read(ngx_erp_db_t *db, uint64_t delivery,
    ngx_uint_t first, ngx_str_t *key, uint64_t next_at, ngx_erp_row_t *row);


ngx_int_t
ngx_erp_db_step(ngx_erp_db_t *db, ngx_erp_settle_t *s)
{
    ngx_int_t      rc;
    sqlite3_stmt  *stmt;

    rc = ngx_erp_db_save(db);
    if (rc != NGX_OK) {
        return rc;
    }

    stmt = db->stmt[NGX_ERP_SQL_STEP];

    (void) sqlite3_bind_int64(stmt, 1, s->delivery);
    (void) sqlite3_bind_int64(stmt, 2, s->step + 1);

    rc = ngx_erp_db_changed(db, NGX_ERP_SQL_STEP);

    if (rc == NGX_OK) {
        rc = ngx_erp_db_result(db, s->delivery, &s->results);
    }

    return ngx_erp_db_end(db, rc);
}


ngx_int_t
ngx_erp_db_settle(ngx_erp_db_t *db, ngx_erp_settle_t *s,
    ngx_erp_state_e state, uint64_t next_at, ngx_str_t *reason)
{
    ngx_int_t  rc;

    rc = ngx_erp_db_save(db);
    if (rc != NGX_OK) {
        return rc;
    }

    rc = ngx_erp_db_settle_row(db, s, state, next_at, reason);

    if (rc == NGX_OK) {
        rc = ngx_erp_db_settle_attempt(db, s);
    }

    if (rc == NGX_OK) {
        rc = ngx_erp_db_result(db, s->delivery, &s->results);
    }

    return ngx_erp_db_end(db, rc);
}


static ngx_int_t
ngx_erp_db_settle_row(ngx_erp_db_t *db, ngx_erp_settle_t *s,
    ngx_erp_state_e state, uint64_t next_at, ngx_str_t *reason)
{
    uint64_t       attempts;
    sqlite3_stmt  *stmt;

    attempts = s->attempt;

    if (s->outcome == NGX_ERP_DOWN && attempts) {
        attempts--;
    }

    stmt = db->stmt[NGX_ERP_SQL_SETTLE];

    (void) sqlite3_bind_int64(stmt, 1, s->delivery);
    (void) sqlite3_bind_int(stmt, 2, state);
    (void) sqlite3_bind_int64(stmt, 3, attempts);
    (void) sqlite3_bind_int64(stmt, 4, next_at);
    ngx_erp_db_bind_ended(stmt, 5, state, s->started + s->took);
    ngx_erp_db_bind_text(stmt, 6, reason);

    return ngx_erp_db_changed(db, NGX_ERP_SQL_SETTLE);
}


static ngx_int_t
ngx_erp_db_settle_attempt(ngx_erp_db_t *db, ngx_erp_settle_t *s)
{
    sqlite3_stmt  *stmt;

    stmt = db->stmt[NGX_ERP_SQL_ATTEMPT];

    (void) sqlite3_bind_int64(stmt, 1, s->delivery);
    (void) sqlite3_bind_int64(stmt, 2, s->attempt);
    (void) sqlite3_bind_int64(stmt, 3, s->started);
    (void) sqlite3_bind_int64(stmt, 4, s->took);
    (void) sqlite3_bind_int64(stmt, 5, s->outcome);
    (void) sqlite3_bind_int64(stmt, 6, s->status);
    (void) sqlite3_bind_int64(stmt, 7, s->step);
    ngx_erp_db_bind_text(stmt, 8, &s->code);
    ngx_erp_db_bind_text(stmt, 9, &s->message);

    return ngx_erp_db_run(db, NGX_ERP_SQL_ATTEMPT);
}


static ngx_int_t
ngx_erp_db_result(ngx_erp_db_t *db, uint64_t delivery, ngx_str_t *results)
{
    ngx_int_t      rc;
    ngx_str_t      stored;
    sqlite3_stmt  *stmt;

    if (results->len == 0) {
        return NGX_OK;
    }

    rc = ngx_erp_db_seal(db, NGX_ERP_DB_SEAL_RESULT | delivery, results,
                         &stored);
    if (rc != NGX_OK) {
        return rc;
    }

    stmt = db->stmt[NGX_ERP_SQL_RESULT];

    (void) sqlite3_bind_int64(stmt, 1, delivery);
    (void) sqlite3_bind_int(stmt, 2, db->keys != NULL);
    ngx_erp_db_bind_blob(stmt, 3, stored.data, stored.len);

    return ngx_erp_db_run(db, NGX_ERP_SQL_RESULT);
}


ngx_int_t
ngx_erp_db_change(ngx_erp_db_t *db, uint64_t delivery, ngx_erp_state_e state,
    uint64_t next_at, ngx_str_t *reason)
{
    ngx_int_t      rc;
    sqlite3_stmt  *stmt;

    rc = ngx_erp_db_save(db);
    if (rc != NGX_OK) {
        return rc;
    }

    stmt = db->stmt[NGX_ERP_SQL_CHANGE];

    (void) sqlite3_bind_int64(stmt, 1, delivery);
    (void) sqlite3_bind_int(stmt, 2, state);
    (void) sqlite3_bind_int64(stmt, 3, next_at);
    ngx_erp_db_bind_ended(stmt, 4, state, db->now);
    ngx_erp_db_bind_text(stmt, 5, reason);

    return ngx_erp_db_end(db, ngx_erp_db_changed(db, NGX_ERP_SQL_CHANGE));
}


static ngx_int_t
ngx_erp_db_changed(ngx_erp_db_t *db, ngx_erp_sql_e n)
{
    ngx_int_t  rc;

    rc = ngx_erp_db_run(db, n);

    if (rc == NGX_OK && sqlite3_changes(db->sqlite) == 0) {
        (void) ngx_erp_db_fail(db, "there is no such delivery");
        return NGX_DECLINED;
    }

    return rc;
}


static void
ngx_erp_db_bind_ended(sqlite3_stmt *stmt, int n, ngx_erp_state_e state,
    uint64_t at)
{
    if (ngx_erp_state_open(state)) {
        (void) sqlite3_bind_null(stmt, n);
        return;
    }

    (void) sqlite3_bind_int64(stmt, n, at);
}


ngx_int_t
ngx_erp_db_died(ngx_erp_db_t *db, uint64_t delivery, ngx_uint_t *deaths)
{
    ngx_int_t      rc;
    sqlite3_stmt  *stmt;

    rc = ngx_erp_db_save(db);
    if (rc != NGX_OK) {
        return rc;
    }

    stmt = db->stmt[NGX_ERP_SQL_DIED];
    (void) sqlite3_bind_int64(stmt, 1, delivery);

    rc = ngx_erp_db_row(db, NGX_ERP_SQL_DIED);

    if (rc == NGX_DONE) {
        (void) ngx_erp_db_fail(db, "there is no such delivery");
        rc = NGX_DECLINED;
    }

    if (rc == NGX_OK) {
        *deaths = sqlite3_column_int(stmt, 0);
        (void) sqlite3_reset(stmt);
    }

    return ngx_erp_db_end(db, rc);
}


ngx_int_t
ngx_erp_db_lost(ngx_erp_db_t *db, uint64_t delivery)
{
    ngx_int_t  rc;

    rc = ngx_erp_db_save(db);
    if (rc != NGX_OK) {
        return rc;
    }

    (void) sqlite3_bind_int64(db->stmt[NGX_ERP_SQL_LOST], 1, delivery);

    return ngx_erp_db_end(db, ngx_erp_db_run(db, NGX_ERP_SQL_LOST));
}


ngx_int_t
ngx_erp_db_replay(ngx_erp_db_t *db, uint64_t delivery, ngx_uint_t first,
    ngx_str_t *key, uint64_t next_at, ngx_erp_row_t *row)
{
    ngx_int_t      rc;
    sqlite3_stmt  *stmt;

    rc = ngx_erp_db_save(db);
    if (rc != NGX_OK) {
        return rc;
    }

    stmt = db->stmt[NGX_ERP_SQL_REPLAY];
    (void) sqlite3_bind_int64(stmt, 1, delivery);

    rc = ngx_erp_db_row(db, NGX_ERP_SQL_REPLAY);

    if (rc == NGX_OK) {
        rc = ngx_erp_db_replay_read(db, delivery, first, key, next_at, row);
        (void) sqlite3_reset(stmt);

    } else if (rc == NGX_DONE) {
        (void) ngx_erp_db_fail(db, "there is no such delivery");
        rc = NGX_DECLINED;
    }

    return ngx_erp_db_end(db, rc);
}


static ngx_int_t
ngx_erp_db_replay_read(ngx_erp_db_t *db, uint64_t delivery, ngx_uint_t first,
    ngx_str_t *key, uint64_t next_at, ngx_erp_row_t *row)
{
    ngx_int_t              rc;
    sqlite3_stmt          *stmt;
    ngx_erp_db_delivery_t  d;

    stmt = db->stmt[NGX_ERP_SQL_REPLAY];

    d.id = delivery;
    ngx_erp_db_delivery_read(stmt, &d);

    if ((uint64_t) sqlite3_column_int64(stmt, 9)
        != ngx_erp_db_delivery_sum(&d))
    {
        return ngx_erp_db_damaged(db, "delivery");
    }

    /* a ttl of the rules begins anew, or one that expired does so again */

    d.id = db->next_delivery;
    d.seq = first ? d.seq : d.id;
    d.received = db->now;
    d.ttl_at = 0;
    d.replay_of = delivery;

    if (key) {
        d.key = *key;
    }

    rc = ngx_erp_db_deliver(db, &d, next_at, row);

    if (rc == NGX_OK) {
        db->next_delivery++;
    }

    return rc;
}
