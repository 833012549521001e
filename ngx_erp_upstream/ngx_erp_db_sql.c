
/*
 * Statements of the database: prepared once, bound, run.
 */

#include "ngx_erp_db_private.h"

#include <stdio.h>


const char *const  ngx_erp_db_sql[] = {

    [NGX_ERP_SQL_BEGIN] = "BEGIN IMMEDIATE",
    [NGX_ERP_SQL_COMMIT] = "COMMIT",
    [NGX_ERP_SQL_ROLLBACK] = "ROLLBACK",
    [NGX_ERP_SQL_VERSION] = "PRAGMA data_version",

    [NGX_ERP_SQL_LAST] =
        "SELECT max(ifnull((SELECT max(id) FROM message), 0),"
        " ifnull((SELECT id FROM high_water WHERE name = 'message'), 0)),"
        " max(ifnull((SELECT max(id) FROM delivery), 0),"
        " ifnull((SELECT id FROM high_water WHERE name = 'delivery'), 0))",

    [NGX_ERP_SQL_MESSAGE] =
        "INSERT INTO message VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9,"
        " ?10, ?11)",

    [NGX_ERP_SQL_BODY] =
        "INSERT INTO body VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",

    [NGX_ERP_SQL_DELIVERY] =
        "INSERT INTO delivery VALUES (?1, ?13, ?2, ?3, ?4, 0, 0, 0, 0, 0,"
        " ?5, ?6, ?7, NULL, ?8, ?9, ?10, ?11, ?12, NULL)",

    [NGX_ERP_SQL_DESTINATION] =
        "INSERT INTO destination (uri) VALUES (?1)",

    [NGX_ERP_SQL_DEDUP] =
        "SELECT id, received, flow, source, type, control_id, correlation_id,"
        " traceparent, dedup, hash, sum FROM message WHERE dedup = ?1",

    /* of a delivery that was replayed the last replay counts */

    [NGX_ERP_SQL_STATES] =
        "SELECT m.correlation_id, count(d.id), sum(d.waited),"
        " sum(d.waited AND d.ended IS NULL), sum(d.waited AND d.state = 2)"
        " FROM message m LEFT JOIN"
        " (SELECT id, message, ended, state, ?2 IS NULL"
        " OR instr(?2, char(10) || (SELECT uri FROM destination t"
        " WHERE t.number = l.destination) || char(10)) > 0 AS waited"
        " FROM delivery l WHERE message = ?1 AND NOT EXISTS"
        " (SELECT 1 FROM delivery r WHERE r.message = ?1"
        " AND r.replay_of = l.id)) d ON d.message = m.id"
        " WHERE m.id = ?1 GROUP BY m.id",

    [NGX_ERP_SQL_STATE] =
        "SELECT id, state, destination, order_hash, next_at, ttl_at,"
        " received, attempts, deaths, step, seq FROM delivery WHERE id = ?1",

    [NGX_ERP_SQL_LEASE] =
        "SELECT d.message, d.body, d.destination, d.received, d.ttl_at,"
        " d.replay_of, d.order_key, d.key, d.seq, d.sum, d.state,"
        " d.attempts, d.step,"
        " m.id, m.received, m.flow, m.source, m.type, m.control_id,"
        " m.correlation_id, m.traceparent, m.dedup, m.hash, m.sum,"
        " b.id, b.size, b.sealed, b.sum, b.type, b.key, b.map, b.file,"
        " b.data, r.sealed, r.data"
        " FROM delivery d LEFT JOIN message m ON m.id = d.message"
        " LEFT JOIN body b ON b.id = d.body"
        " LEFT JOIN result r ON r.delivery = d.id"
        " WHERE d.id = ?1",

    [NGX_ERP_SQL_LEASED] =
        "UPDATE delivery SET state = 1, attempts = ?2 WHERE id = ?1",

    [NGX_ERP_SQL_STEP] =
        "UPDATE delivery SET step = ?2 WHERE id = ?1",

    [NGX_ERP_SQL_RESULT] =
        "INSERT OR REPLACE INTO result VALUES (?1, ?2, ?3)",

    [NGX_ERP_SQL_SETTLE] =
        "UPDATE delivery SET state = ?2, attempts = ?3, tries = tries + 1,"
        " next_at = ?4, ended = ?5, reason = ?6 WHERE id = ?1",

    [NGX_ERP_SQL_ATTEMPT] =
        "INSERT INTO attempt SELECT id, tries, ?2, ?3, ?4, ?5, ?6, ?7, ?8,"
        " ?9 FROM delivery WHERE id = ?1",

    [NGX_ERP_SQL_CHANGE] =
        "UPDATE delivery SET state = ?2, next_at = ?3, ended = ?4,"
        " reason = ?5 WHERE id = ?1",

    [NGX_ERP_SQL_DIED] =
        "UPDATE delivery SET deaths = deaths + 1 WHERE id = ?1"
        " RETURNING deaths",

    /* one that has results has had a step: that tells enough */

    [NGX_ERP_SQL_LOST] =
        "INSERT OR IGNORE INTO result VALUES"
        " (?1, 0, CAST('{\"" NGX_ERP_RESULT_SENT "\":\"1\"}' AS BLOB))",

    [NGX_ERP_SQL_REPLAY] =
        "SELECT message, body, destination, received, ttl_at, replay_of,"
        " order_key, key, seq, sum FROM delivery WHERE id = ?1",

    [NGX_ERP_SQL_NPENDING] =
        "SELECT count(*) FROM delivery INDEXED BY delivery_pending"
        " WHERE ended IS NULL",

    /* of the index, and whether the table has the same */

    [NGX_ERP_SQL_PENDING] =
        "SELECT t.id, t.state, t.destination, t.order_hash, t.next_at,"
        " t.ttl_at, t.received, t.attempts, t.deaths, t.step, t.seq,"
        " (i.seq, i.destination, i.ended) IS (t.seq, t.destination, t.ended)"
        " FROM delivery i INDEXED BY delivery_pending"
        " LEFT JOIN delivery t NOT INDEXED ON t.id = i.id"
        " WHERE i.ended IS NULL ORDER BY i.seq",

    [NGX_ERP_SQL_REINDEX] = "REINDEX delivery_pending",

    [NGX_ERP_SQL_BLOCKING] =
        "SELECT id, state, destination, order_hash, next_at, ttl_at,"
        " received, attempts, deaths, step, seq"
        " FROM delivery INDEXED BY delivery_dead"
        " WHERE state = 3 AND order_hash IS NOT NULL ORDER BY id",

    [NGX_ERP_SQL_DESTINATIONS] =
        "SELECT number, uri, paused, breaker FROM destination"
        " ORDER BY number",

    [NGX_ERP_SQL_DESTINATION_STATE] =
        "UPDATE destination SET paused = ?2, breaker = ?3 WHERE number = ?1",

    [NGX_ERP_SQL_AUDIT_LAST] =
        "SELECT id, hash FROM audit ORDER BY id DESC LIMIT 1",

    [NGX_ERP_SQL_AUDIT] =
        "INSERT INTO audit VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",

    [NGX_ERP_SQL_AUDIT_ALL] =
        "SELECT id, at, who, action, what, reason, prev_hash, hash"
        " FROM audit ORDER BY id",

    /* a message of which nothing holds it back: 1, else 0 */

    [NGX_ERP_SQL_PRUNE] =
        "SELECT m.id, m.received < ?2 AND NOT EXISTS ("
        "SELECT 1 FROM delivery d WHERE d.message = m.id"
        " AND (d.ended IS NULL"
        " OR d.ended >= CASE d.state WHEN 3 THEN ?3 ELSE ?2 END))"
        " FROM message m WHERE m.id > ?1 ORDER BY m.id LIMIT 1",

    [NGX_ERP_SQL_PRUNE_FILES] =
        "SELECT file FROM body WHERE id BETWEEN ?1 << 16"
        " AND (?1 << 16) + 65535 AND file IS NOT NULL",

    [NGX_ERP_SQL_PRUNE_ATTEMPTS] =
        "DELETE FROM attempt WHERE delivery IN"
        " (SELECT id FROM delivery WHERE message = ?1)",

    [NGX_ERP_SQL_PRUNE_RESULTS] =
        "DELETE FROM result WHERE delivery IN"
        " (SELECT id FROM delivery WHERE message = ?1)",

    [NGX_ERP_SQL_PRUNE_DELIVERIES] =
        "DELETE FROM delivery WHERE message = ?1",

    [NGX_ERP_SQL_PRUNE_BODIES] =
        "DELETE FROM body WHERE id BETWEEN ?1 << 16"
        " AND (?1 << 16) + 65535",

    [NGX_ERP_SQL_PRUNE_MESSAGE] = "DELETE FROM message WHERE id = ?1",

    [NGX_ERP_SQL_HIGH_WATER] =
        "INSERT OR REPLACE INTO high_water VALUES ('message', ?1),"
        " ('delivery', ?2)",

    [NGX_ERP_SQL_FILE] = "SELECT 1 FROM body WHERE file = ?1 LIMIT 1",
    [NGX_ERP_SQL_PAGES] = "PRAGMA page_count",
    [NGX_ERP_SQL_FREE_PAGES] = "PRAGMA freelist_count",
    [NGX_ERP_SQL_VACUUM] = "PRAGMA incremental_vacuum(100)"
};


ngx_int_t
ngx_erp_db_run(ngx_erp_db_t *db, ngx_erp_sql_e n)
{
    int  rc;

    /* what a pragma returns is not looked at */

    do {
        rc = sqlite3_step(db->stmt[n]);
    } while (rc == SQLITE_ROW);

    if (rc != SQLITE_DONE) {
        /* the message is of the step */
        (void) ngx_erp_db_failed(db, rc);
        (void) sqlite3_reset(db->stmt[n]);
        return ngx_erp_db_why(rc);
    }

    (void) sqlite3_reset(db->stmt[n]);

    return NGX_OK;
}


ngx_int_t
ngx_erp_db_row(ngx_erp_db_t *db, ngx_erp_sql_e n)
{
    int  rc;

    rc = sqlite3_step(db->stmt[n]);

    if (rc == SQLITE_ROW) {
        return NGX_OK;
    }

    if (rc == SQLITE_DONE) {
        (void) sqlite3_reset(db->stmt[n]);
        return NGX_DONE;
    }

    (void) ngx_erp_db_failed(db, rc);
    (void) sqlite3_reset(db->stmt[n]);

    return ngx_erp_db_why(rc);
}


/* the one column of the one row */

ngx_int_t
ngx_erp_db_number(ngx_erp_db_t *db, ngx_erp_sql_e n, uint64_t *number)
{
    ngx_int_t  rc;

    *number = 0;
    rc = ngx_erp_db_row(db, n);

    if (rc == NGX_OK) {
        *number = sqlite3_column_int64(db->stmt[n], 0);
        (void) sqlite3_reset(db->stmt[n]);
    }

    return (rc == NGX_DONE) ? NGX_OK : rc;
}


/*
 * After SQLITE_CORRUPT a transaction is for reading only, and of a full or
 * failing disk little can be hoped for: then the turn has failed.
 */

ngx_int_t
ngx_erp_db_failed(ngx_erp_db_t *db, int rc)
{
    snprintf(db->error, sizeof(db->error), "%s (%d)",
             sqlite3_errmsg(db->sqlite), sqlite3_extended_errcode(db->sqlite));

    switch (rc & 0xff) {

    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        db->corrupt++;
        break;

    case SQLITE_FULL:
        db->full = 1;
        break;

    case SQLITE_IOERR:
        break;

    default:
        if (!sqlite3_get_autocommit(db->sqlite)) {
            return NGX_ERROR;
        }
    }

    if (db->turn && !db->careful) {
        db->broken = 1;
    }

    return ngx_erp_db_why(rc);
}


ngx_int_t
ngx_erp_db_why(int rc)
{
    return ((rc & 0xff) == SQLITE_FULL) ? NGX_ABORT : NGX_ERROR;
}


ngx_int_t
ngx_erp_db_fail(ngx_erp_db_t *db, const char *why)
{
    snprintf(db->error, sizeof(db->error), "%s", why);
    return NGX_ERROR;
}


ngx_int_t
ngx_erp_db_damaged(ngx_erp_db_t *db, const char *what)
{
    db->corrupt++;
    snprintf(db->error, sizeof(db->error), "damaged: %s", what);

    return NGX_DECLINED;
}


void
ngx_erp_db_bind_text(sqlite3_stmt *stmt, int n, ngx_str_t *s)
{
    if (s->len == 0) {
        (void) sqlite3_bind_null(stmt, n);
        return;
    }

    (void) sqlite3_bind_text64(stmt, n, (char *) s->data, s->len,
                               SQLITE_STATIC, SQLITE_UTF8);
}


void
ngx_erp_db_bind_blob(sqlite3_stmt *stmt, int n, u_char *data, size_t len)
{
    if (len == 0) {
        (void) sqlite3_bind_null(stmt, n);
        return;
    }

    (void) sqlite3_bind_blob64(stmt, n, data, len, SQLITE_STATIC);
}


void
ngx_erp_db_bind_not_zero(sqlite3_stmt *stmt, int n, uint64_t value)
{
    if (value == 0) {
        (void) sqlite3_bind_null(stmt, n);
        return;
    }

    (void) sqlite3_bind_int64(stmt, n, value);
}


/* valid until the statement is stepped or reset */

ngx_str_t
ngx_erp_db_column(sqlite3_stmt *stmt, int n)
{
    ngx_str_t  s;

    s.data = (u_char *) sqlite3_column_blob(stmt, n);
    s.len = sqlite3_column_bytes(stmt, n);

    return s;
}


ngx_int_t
ngx_erp_db_save(ngx_erp_db_t *db)
{
    ngx_int_t  rc;

    if (db->broken) {
        return db->full ? NGX_ABORT : NGX_ERROR;
    }

    if (!db->careful) {
        return NGX_OK;
    }

    rc = ngx_erp_db_run(db, NGX_ERP_SQL_BEGIN);

    if (rc == NGX_OK) {
        rc = ngx_erp_db_reload(db);

        if (rc != NGX_OK) {
            ngx_erp_db_undo(db);
        }
    }

    return rc;
}


ngx_int_t
ngx_erp_db_end(ngx_erp_db_t *db, ngx_int_t rc)
{
    if (db->broken) {
        /* all of it is rolled back at the end of the turn */
        return db->full ? NGX_ABORT : NGX_ERROR;
    }

    if (!db->careful) {
        if (rc != NGX_OK && rc != NGX_DECLINED) {
            db->broken = 1;
        }

        return rc;
    }

    if (rc == NGX_OK) {
        rc = ngx_erp_db_run(db, NGX_ERP_SQL_COMMIT);
    }

    if (rc != NGX_OK) {
        ngx_erp_db_undo(db);
    }

    ngx_erp_db_files(db);

    return rc;
}


/* SQLite may have done so; the error of what was before it is kept */

void
ngx_erp_db_undo(ngx_erp_db_t *db)
{
    if (!sqlite3_get_autocommit(db->sqlite)) {
        (void) sqlite3_step(db->stmt[NGX_ERP_SQL_ROLLBACK]);
        (void) sqlite3_reset(db->stmt[NGX_ERP_SQL_ROLLBACK]);
    }
}


/*
 * FNV by words: each step is a bijection of what was before it, so that two
 * rows that differ within one word never have the same sum.
 */

uint64_t
ngx_erp_db_sum_num(uint64_t sum, uint64_t n)
{
    sum = (sum ^ n) * 0x9e3779b97f4a7c15ULL;

    return sum << 29 | sum >> 35;
}


uint64_t
ngx_erp_db_sum(uint64_t sum, const void *data, size_t len)
{
    uint64_t       n;
    const u_char  *p;

    p = data;
    sum = ngx_erp_db_sum_num(sum, len);

    for ( /* void */ ; len >= 8; len -= 8) {
        ngx_memcpy(&n, p, 8);
        sum = ngx_erp_db_sum_num(sum, n);
        p += 8;
    }

    if (len) {
        n = 0;
        ngx_memcpy(&n, p, len);
        sum = ngx_erp_db_sum_num(sum, n);
    }

    return sum;
}


/* a buffer for one use: what is in it is lost */

ngx_int_t
ngx_erp_db_room(u_char **buffer, size_t *size, size_t need)
{
    u_char  *p;

    if (need <= *size && (*size <= NGX_ERP_DB_BUFFER
                          || need > NGX_ERP_DB_BUFFER))
    {
        return NGX_OK;
    }

    if (need < 65536) {
        need = 65536;
    }

    free(*buffer);

    p = malloc(need);
    *buffer = p;
    *size = p ? need : 0;

    return p ? NGX_OK : NGX_ERROR;
}
