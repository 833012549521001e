
/*
 * What the API reads: see the header.
 */

#include "ngx_erp_db_query.h"


static ngx_int_t ngx_erp_query_failed(ngx_erp_db_t *db, int rc);


static const char *const  ngx_erp_query_sql[] = {

    [NGX_ERP_QUERY_DEAD_COUNT] =
        "SELECT count(*) FROM (SELECT 1 FROM delivery INDEXED BY"
        " delivery_dead WHERE state = 3 AND destination = ?1 LIMIT ?2)",

    [NGX_ERP_QUERY_FLOWS] =
        "SELECT flow, count(*), min(received), max(received) FROM"
        " (SELECT flow, received FROM message ORDER BY id DESC LIMIT ?1)"
        " GROUP BY flow LIMIT 1000",

    /* those of one destination are picked out of what the index has */

    [NGX_ERP_QUERY_PENDING] =
        "SELECT id, destination, seq FROM delivery"
        " INDEXED BY delivery_pending"
        " WHERE ended IS NULL AND seq > ?1 ORDER BY seq LIMIT ?2",

    [NGX_ERP_QUERY_DEAD] =
        "SELECT id, destination, ended, reason FROM delivery"
        " INDEXED BY delivery_dead_id"
        " WHERE state = 3 AND id > ?1 ORDER BY id LIMIT ?2",

    [NGX_ERP_QUERY_DELIVERY] =
        "SELECT d.id, d.message, d.body, d.destination, d.state, d.attempts,"
        " d.deaths, d.step, d.tries, d.received, d.next_at, d.ttl_at,"
        " d.ended, d.replay_of, d.order_key, d.key, d.reason, a.outcome,"
        " a.status, a.code, a.message, b.type, b.key, m.control_id,"
        " m.correlation_id"
        " FROM delivery d"
        " LEFT JOIN attempt a ON a.delivery = d.id AND a.number = d.tries"
        " LEFT JOIN body b ON b.id = d.body"
        " LEFT JOIN message m ON m.id = d.message"
        " WHERE d.id = ?1",

    [NGX_ERP_QUERY_HEAD] =
        "SELECT state, destination, order_hash, received, key FROM delivery"
        " WHERE id = ?1",

    [NGX_ERP_QUERY_BLOCKS] =
        "SELECT id FROM delivery INDEXED BY delivery_dead"
        " WHERE state = 3 AND destination = ?1 AND order_hash = ?2 LIMIT 1",

    [NGX_ERP_QUERY_RELEASE] =
        "UPDATE delivery INDEXED BY delivery_dead SET order_hash = NULL"
        " WHERE state = 3 AND destination = ?1 AND order_hash = ?2",

    [NGX_ERP_QUERY_MESSAGE] =
        "SELECT id, received, flow, source, type, control_id,"
        " correlation_id, traceparent FROM message WHERE id = ?1",

    [NGX_ERP_QUERY_BY_ID] =
        "SELECT id FROM message WHERE id = ?1 AND id > ?2",

    /* these two are skip-scans, in the order of ids as they come */

    [NGX_ERP_QUERY_BY_CORRELATION] =
        "SELECT id FROM message INDEXED BY message_correlation_id"
        " WHERE correlation_id = ?1 AND id > ?2 LIMIT ?3",

    [NGX_ERP_QUERY_BY_CONTROL] =
        "SELECT id FROM message INDEXED BY message_control_id"
        " WHERE control_id = ?1 AND id > ?2 ORDER BY id LIMIT ?3",

    [NGX_ERP_QUERY_BY_KEY] =
        "SELECT id >> 16 FROM body INDEXED BY body_key"
        " WHERE key = ?1 AND id >= (?2 + 1) << 16 LIMIT ?3",

    [NGX_ERP_QUERY_OBJECTS] =
        "SELECT id, type, key, map, size, sealed FROM body WHERE"
        " id BETWEEN ?1 << 16 AND (?1 << 16) + 65535 ORDER BY id LIMIT ?2",

    [NGX_ERP_QUERY_DELIVERIES] =
        "SELECT id FROM delivery INDEXED BY delivery_message"
        " WHERE message = ?1 ORDER BY id LIMIT ?2",

    [NGX_ERP_QUERY_ATTEMPTS] =
        "SELECT number, attempt, started, took, outcome, status, step, code,"
        " message FROM attempt WHERE delivery = ?1 ORDER BY number LIMIT ?2"
};


ngx_int_t
ngx_erp_query_open(ngx_erp_db_t *db)
{
    int               rc;
    ngx_uint_t        i;
    ngx_erp_query_t  *q;

    if (db->query) {
        return NGX_OK;
    }

    q = calloc(1, sizeof(ngx_erp_query_t));
    if (q == NULL) {
        (void) ngx_erp_db_fail(db, "no memory");
        return NGX_ABORT;
    }

    db->query = q;

    for (i = 0; i < NGX_ERP_QUERY_N; i++) {
        rc = sqlite3_prepare_v3(db->sqlite, ngx_erp_query_sql[i], -1,
                                SQLITE_PREPARE_PERSISTENT, &q->stmt[i],
                                NULL);
        if (rc != SQLITE_OK) {
            (void) ngx_erp_query_failed(db, rc);
            ngx_erp_query_close(db);
            return NGX_ABORT;
        }
    }

    return NGX_OK;
}


void
ngx_erp_query_close(ngx_erp_db_t *db)
{
    ngx_uint_t  i;

    if (db->query == NULL) {
        return;
    }

    for (i = 0; i < NGX_ERP_QUERY_N; i++) {
        (void) sqlite3_finalize(db->query->stmt[i]);
    }

    free(db->query);
    db->query = NULL;
}


sqlite3_stmt *
ngx_erp_query(ngx_erp_db_t *db, ngx_erp_query_e n, ngx_str_t *text,
    uint64_t a, uint64_t b)
{
    int            i;
    sqlite3_stmt  *stmt;

    stmt = db->query->stmt[n];
    i = 1;

    if (text) {
        ngx_erp_db_bind_text(stmt, i++, text);
    }

    (void) sqlite3_bind_int64(stmt, i, a);

    if (sqlite3_bind_parameter_count(stmt) > i) {
        (void) sqlite3_bind_int64(stmt, i + 1, b);
    }

    return stmt;
}


ngx_int_t
ngx_erp_query_row(ngx_erp_db_t *db, ngx_erp_query_e n)
{
    int        rc;
    ngx_int_t  result;

    rc = sqlite3_step(db->query->stmt[n]);

    if (rc == SQLITE_ROW) {
        return NGX_OK;
    }

    /* the message is of the step */

    result = (rc == SQLITE_DONE) ? NGX_DECLINED
                                 : ngx_erp_query_failed(db, rc);

    ngx_erp_query_end(db, n);

    return result;
}


static ngx_int_t
ngx_erp_query_failed(ngx_erp_db_t *db, int rc)
{
    (void) ngx_erp_db_failed(db, rc);

    return NGX_ABORT;
}


/* a text that was bound may be gone before the next use */

void
ngx_erp_query_end(ngx_erp_db_t *db, ngx_erp_query_e n)
{
    (void) sqlite3_reset(db->query->stmt[n]);
    (void) sqlite3_clear_bindings(db->query->stmt[n]);
}


ngx_int_t
ngx_erp_query_dead(ngx_erp_db_t *db, ngx_erp_query_dead_t *d)
{
    ngx_int_t      rc;
    sqlite3_stmt  *stmt;

    rc = ngx_erp_query_row(db, NGX_ERP_QUERY_DEAD);

    if (rc == NGX_OK) {
        stmt = db->query->stmt[NGX_ERP_QUERY_DEAD];

        d->id = sqlite3_column_int64(stmt, 0);
        d->destination = sqlite3_column_int(stmt, 1);
        d->ended = sqlite3_column_int64(stmt, 2);
        d->reason = ngx_erp_db_column(stmt, 3);
    }

    return rc;
}


ngx_int_t
ngx_erp_query_attempt(ngx_erp_db_t *db, ngx_erp_query_attempt_t *a)
{
    ngx_int_t      rc;
    sqlite3_stmt  *stmt;

    rc = ngx_erp_query_row(db, NGX_ERP_QUERY_ATTEMPTS);

    if (rc == NGX_OK) {
        stmt = db->query->stmt[NGX_ERP_QUERY_ATTEMPTS];

        a->number = sqlite3_column_int64(stmt, 0);
        a->attempt = sqlite3_column_int64(stmt, 1);
        a->started = sqlite3_column_int64(stmt, 2);
        a->took = sqlite3_column_int64(stmt, 3);
        a->outcome = sqlite3_column_int64(stmt, 4);
        a->status = sqlite3_column_int64(stmt, 5);
        a->step = sqlite3_column_int64(stmt, 6);
        a->code = ngx_erp_db_column(stmt, 7);
        a->error = ngx_erp_db_column(stmt, 8);
    }

    return rc;
}


ngx_int_t
ngx_erp_query_delivery(ngx_erp_db_t *db, uint64_t id,
    ngx_erp_query_delivery_t *d)
{
    ngx_int_t      rc;
    sqlite3_stmt  *stmt;

    stmt = ngx_erp_query(db, NGX_ERP_QUERY_DELIVERY, NULL, id, 0);

    rc = ngx_erp_query_row(db, NGX_ERP_QUERY_DELIVERY);
    if (rc != NGX_OK) {
        return rc;
    }

    d->id = sqlite3_column_int64(stmt, 0);
    d->message = sqlite3_column_int64(stmt, 1);
    d->body = sqlite3_column_int64(stmt, 2);
    d->destination = sqlite3_column_int(stmt, 3);
    d->state = sqlite3_column_int(stmt, 4);
    d->attempts = sqlite3_column_int64(stmt, 5);
    d->deaths = sqlite3_column_int64(stmt, 6);
    d->step = sqlite3_column_int64(stmt, 7);
    d->tries = sqlite3_column_int64(stmt, 8);
    d->received = sqlite3_column_int64(stmt, 9);
    d->next_at = sqlite3_column_int64(stmt, 10);
    d->ttl_at = sqlite3_column_int64(stmt, 11);
    d->ended = sqlite3_column_int64(stmt, 12);
    d->replay_of = sqlite3_column_int64(stmt, 13);
    d->order_key = ngx_erp_db_column(stmt, 14);
    d->key = ngx_erp_db_column(stmt, 15);
    d->reason = ngx_erp_db_column(stmt, 16);
    d->outcome = sqlite3_column_int64(stmt, 17);
    d->status = sqlite3_column_int64(stmt, 18);
    d->code = ngx_erp_db_column(stmt, 19);
    d->error = ngx_erp_db_column(stmt, 20);
    d->object_type = ngx_erp_db_column(stmt, 21);
    d->object_key = ngx_erp_db_column(stmt, 22);
    d->control_id = ngx_erp_db_column(stmt, 23);
    d->correlation_id = ngx_erp_db_column(stmt, 24);

    return NGX_OK;
}


ngx_int_t
ngx_erp_query_head(ngx_erp_db_t *db, uint64_t id, ngx_erp_query_head_t *h)
{
    ngx_int_t      rc;
    sqlite3_stmt  *stmt;

    stmt = ngx_erp_query(db, NGX_ERP_QUERY_HEAD, NULL, id, 0);

    rc = ngx_erp_query_row(db, NGX_ERP_QUERY_HEAD);

    if (rc == NGX_OK) {
        h->state = sqlite3_column_int(stmt, 0);
        h->destination = sqlite3_column_int(stmt, 1);
        h->order = sqlite3_column_int64(stmt, 2);
        h->received = sqlite3_column_int64(stmt, 3);
        h->key = ngx_erp_db_column(stmt, 4);
    }

    return rc;
}


ngx_int_t
ngx_erp_query_num(ngx_erp_db_t *db, ngx_erp_query_e n, uint64_t a, uint64_t b,
    uint64_t *num)
{
    ngx_int_t      rc;
    sqlite3_stmt  *stmt;

    *num = 0;

    stmt = ngx_erp_query(db, n, NULL, a, b);

    rc = ngx_erp_query_row(db, n);

    if (rc == NGX_OK) {
        *num = sqlite3_column_int64(stmt, 0);
        ngx_erp_query_end(db, n);
    }

    return (rc == NGX_DECLINED) ? NGX_OK : rc;
}


ngx_int_t
ngx_erp_query_release(ngx_erp_db_t *db, uint32_t destination, uint64_t order,
    uint64_t *n)
{
    ngx_int_t  rc;

    *n = 0;

    if (ngx_erp_db_save(db) != NGX_OK) {
        return NGX_ABORT;
    }

    (void) ngx_erp_query(db, NGX_ERP_QUERY_RELEASE, NULL, destination, order);

    rc = ngx_erp_query_row(db, NGX_ERP_QUERY_RELEASE);

    if (rc == NGX_DECLINED) {
        *n = sqlite3_changes(db->sqlite);
        rc = NGX_OK;
    }

    return (ngx_erp_db_end(db, rc) == NGX_OK) ? NGX_OK : NGX_ABORT;
}


ngx_int_t
ngx_erp_query_find(ngx_erp_db_t *db, ngx_str_t *uri, uint32_t *number)
{
    ngx_uint_t  i;

    for (i = 0; i < db->nuris; i++) {
        if (db->uris[i].uri.len == uri->len
            && ngx_memcmp(db->uris[i].uri.data, uri->data, uri->len) == 0)
        {
            *number = db->uris[i].number;
            return NGX_OK;
        }
    }

    return NGX_DECLINED;
}
