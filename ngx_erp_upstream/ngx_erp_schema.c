
/*
 * The schema of the store's database: see the header.
 *
 * Comments within the statements are for the operator: the .schema command
 * of sqlite3 shows them.
 */

#include "ngx_erp_schema.h"

#include <stdio.h>


static ngx_int_t ngx_erp_schema_number(sqlite3 *sqlite, const char *sql,
    sqlite3_int64 *number, char *why);
static ngx_int_t ngx_erp_schema_step(sqlite3 *sqlite, const char *sql,
    ngx_uint_t version, char *why);
static ngx_int_t ngx_erp_schema_why(sqlite3 *sqlite, int rc, char *why);


#define NGX_ERP_SCHEMA_TABLES_1                                               \
    "CREATE TABLE state ("                                                    \
    "    number INTEGER PRIMARY KEY,"                                         \
    "    name TEXT NOT NULL);"                                                \
    "INSERT INTO state VALUES (0, 'ready'), (1, 'leased'), (2, 'delivered'),"\
    "    (3, 'dead'), (4, 'held'), (5, 'skipped'), (6, 'discarded'),"         \
    "    (7, 'ending');"                                                      \
                                                                              \
    "CREATE TABLE outcome ("                                                  \
    "    number INTEGER PRIMARY KEY,"                                         \
    "    name TEXT NOT NULL);"                                                \
    "INSERT INTO outcome VALUES (1, 'done'), (2, 'retry'), (3, 'down'),"      \
    "    (4, 'unknown'), (5, 'bad');"                                         \
                                                                              \
    "CREATE TABLE destination ("                                              \
    "    number INTEGER PRIMARY KEY,"                                         \
    "    uri TEXT NOT NULL UNIQUE,"                                           \
    "    paused INTEGER NOT NULL DEFAULT 0,"                                  \
    "    breaker TEXT);"                                                      \
                                                                              \
    "CREATE TABLE message (\n"                                                \
    "    id INTEGER PRIMARY KEY,\n"                                           \
    "    received INTEGER NOT NULL, -- all times: ms since 1970, UTC\n"       \
    "    flow TEXT,\n"                                                        \
    "    source TEXT,\n"                                                      \
    "    type TEXT,\n"                                                        \
    "    control_id TEXT,\n"                                                  \
    "    correlation_id TEXT,\n"                                              \
    "    traceparent TEXT,\n"                                                 \
    "    dedup BLOB, -- the same again is a duplicate\n"                      \
    "    hash BLOB, -- of the content\n"                                      \
    "    sum INTEGER NOT NULL -- of the row, finds damage\n"                  \
    ");"                                                                      \
                                                                              \
    "CREATE TABLE body (\n"                                                   \
    "    id INTEGER PRIMARY KEY, -- message << 16 | number of the object,\n"  \
    "                            -- from 1; 0: the message as it came\n"      \
    "    size INTEGER NOT NULL,\n"                                            \
    "    sealed INTEGER NOT NULL, -- 1: AES-256-GCM\n"                        \
    "    sum INTEGER NOT NULL, -- of the row, finds damage\n"                 \
    "    type TEXT,\n"                                                        \
    "    key TEXT,\n"                                                         \
    "    map TEXT,\n"                                                         \
    "    file BLOB, -- SHA-256 and name below blob/; data is empty then\n"    \
    "    data BLOB\n"                                                         \
    ");"                                                                      \
                                                                              \
    "CREATE TABLE delivery (\n"                                               \
    "    id INTEGER PRIMARY KEY,\n"                                           \
    "    seq INTEGER NOT NULL, -- order of those of a key: id, or that\n"     \
    "                          -- of the one whose place it has taken\n"      \
    "    message INTEGER NOT NULL,\n"                                         \
    "    body INTEGER NOT NULL,\n"                                            \
    "    destination INTEGER NOT NULL,\n"                                     \
    "    state INTEGER NOT NULL, -- see the table state\n"                    \
    "    attempts INTEGER NOT NULL, -- used up\n"                             \
    "    deaths INTEGER NOT NULL, -- of processes that had it in flight\n"    \
    "    step INTEGER NOT NULL, -- the next attempt begins with it\n"         \
    "    tries INTEGER NOT NULL, -- rows in the table attempt\n"              \
    "    received INTEGER NOT NULL,\n"                                        \
    "    next_at INTEGER NOT NULL,\n"                                         \
    "    ttl_at INTEGER NOT NULL, -- 0: never\n"                              \
    "    ended INTEGER, -- null: it has not\n"                                \
    "    order_hash INTEGER, -- of order_key; null: no order\n"               \
    "    replay_of INTEGER,\n"                                                \
    "    sum INTEGER NOT NULL, -- of what never changes, finds damage\n"      \
    "    order_key TEXT,\n"                                                   \
    "    key TEXT, -- idempotency key at the destination\n"                   \
    "    reason TEXT\n"                                                       \
    ");"                                                                      \
                                                                              \
    "CREATE TABLE result (\n"                                                 \
    "    delivery INTEGER PRIMARY KEY,\n"                                     \
    "    sealed INTEGER NOT NULL,\n"                                          \
    "    data BLOB -- of the steps that are done\n"                           \
    ");"                                                                      \
                                                                              \
    "CREATE TABLE attempt (\n"                                                \
    "    delivery INTEGER NOT NULL,\n"                                        \
    "    number INTEGER NOT NULL, -- of all, with those not counted\n"        \
    "    attempt INTEGER NOT NULL, -- of those that count\n"                  \
    "    started INTEGER NOT NULL,\n"                                         \
    "    took INTEGER NOT NULL,\n"                                            \
    "    outcome INTEGER NOT NULL, -- see the table outcome\n"                \
    "    status INTEGER NOT NULL, -- HTTP; 1: no connection, 2: no answer\n"  \
    "    step INTEGER NOT NULL,\n"                                            \
    "    code TEXT,\n"                                                        \
    "    message TEXT,\n"                                                     \
    "    PRIMARY KEY (delivery, number)\n"                                    \
    ") WITHOUT ROWID;"                                                        \
                                                                              \
    "CREATE TABLE audit (\n"                                                  \
    "    id INTEGER PRIMARY KEY,\n"                                           \
    "    at INTEGER NOT NULL,\n"                                              \
    "    who TEXT,\n"                                                         \
    "    action TEXT,\n"                                                      \
    "    what TEXT,\n"                                                        \
    "    reason TEXT,\n"                                                      \
    "    prev_hash BLOB NOT NULL,\n"                                          \
    "    hash BLOB NOT NULL -- SHA-256 of prev_hash and the row\n"            \
    ");"                                                                      \
                                                                              \
    "CREATE TABLE high_water ("                                               \
    "    name TEXT PRIMARY KEY,"                                              \
    "    id INTEGER NOT NULL"                                                 \
    ") WITHOUT ROWID;"                                                        \
                                                                              \
    "CREATE TABLE sealing (\n"                                                \
    "    key_id BLOB PRIMARY KEY,\n"                                          \
    "    last INTEGER, -- message that it sealed; null: in use\n"             \
    "    word BLOB NOT NULL -- a known one, sealed\n"                         \
    ") WITHOUT ROWID;"


/*
 * The index of the pending ones has nothing that changes before they end: a
 * lease does not write to it.
 *
 * What is random, correlation ids and keys, is indexed in lots of 1024
 * messages: a turn then writes to the few pages of one lot, not to a page for
 * each message (half of all bytes written, and of the time).  A search
 * looks into each lot, SQLite calls it a skip-scan: it knows from the numbers
 * in sqlite_stat1 that this pays.
 */

#define NGX_ERP_SCHEMA_INDEXES_1                                              \
    "CREATE UNIQUE INDEX message_dedup ON message (dedup)"                    \
    "    WHERE dedup IS NOT NULL;"                                            \
    "CREATE INDEX message_correlation_id"                                     \
    "    ON message (id >> 10, correlation_id)"                               \
    "    WHERE correlation_id IS NOT NULL;"                                   \
    "CREATE INDEX message_control_id ON message (control_id)"                 \
    "    WHERE control_id IS NOT NULL;"                                       \
    "CREATE INDEX body_key ON body (id >> 26, key)"                           \
    "    WHERE key IS NOT NULL;"                                              \
    "CREATE INDEX body_file ON body (file) WHERE file IS NOT NULL;"           \
    "CREATE INDEX delivery_message ON delivery (message);"                    \
    "CREATE INDEX delivery_pending ON delivery (seq, destination, ended)"     \
    "    WHERE ended IS NULL;"                                                \
    "CREATE INDEX delivery_dead ON delivery (destination, order_hash)"        \
    "    WHERE state = 3;"                                                    \
    "CREATE INDEX delivery_dead_id ON delivery (id, destination, ended,"      \
    "    reason, state) WHERE state = 3;"                                     \
                                                                              \
    "ANALYZE;"                                                                \
    "INSERT INTO sqlite_stat1 VALUES"                                         \
    "    ('message', 'message_correlation_id', '1000000 1024 1'),"            \
    "    ('body', 'body_key', '1000000 1024 2');"                             \
    "ANALYZE sqlite_schema;" /* they are read */                              \
                                                                              \
    "CREATE TRIGGER audit_update BEFORE UPDATE ON audit BEGIN"                \
    "    SELECT RAISE(ABORT, 'audit is append-only'); END;"                   \
    "CREATE TRIGGER audit_delete BEFORE DELETE ON audit BEGIN"                \
    "    SELECT RAISE(ABORT, 'audit is append-only'); END;"


#define NGX_ERP_SCHEMA_VIEWS_1                                                \
    "CREATE VIEW v_backlog AS"                                                \
    "    SELECT t.uri AS destination, s.name AS state, p.number,"             \
    "        datetime(p.oldest / 1000, 'unixepoch') AS oldest"                \
    "    FROM (SELECT destination, state, count(*) AS number,"                \
    "            min(received) AS oldest"                                     \
    "        FROM delivery WHERE ended IS NULL"                               \
    "        GROUP BY destination, state) p"                                  \
    "    JOIN destination t ON t.number = p.destination"                      \
    "    JOIN state s ON s.number = p.state;"                                 \
                                                                              \
    "CREATE VIEW v_dead AS"                                                   \
    "    SELECT t.uri AS destination, d.id AS delivery, d.reason,"            \
    "        datetime(d.ended / 1000, 'unixepoch') AS since,"                 \
    "        d.attempts, a.status, a.code, a.message AS error,"               \
    "        b.type AS object_type, d.key, d.order_key,"                      \
    "        m.correlation_id, m.control_id, m.id AS message"                 \
    "    FROM delivery d"                                                     \
    "    JOIN destination t ON t.number = d.destination"                      \
    "    LEFT JOIN message m ON m.id = d.message"                             \
    "    LEFT JOIN body b ON b.id = d.body"                                   \
    "    LEFT JOIN attempt a ON a.delivery = d.id AND a.number = d.tries"     \
    "    WHERE d.state = 3;"                                                  \
                                                                              \
    "CREATE VIEW v_blocked_keys AS"                                           \
    "    WITH waiting AS MATERIALIZED ("                                      \
    "        SELECT destination, order_hash, count(*) AS number,"             \
    "            min(seq) AS first"                                           \
    "        FROM delivery WHERE ended IS NULL AND order_hash IS NOT NULL"    \
    "        GROUP BY destination, order_hash),"                              \
    "    head AS ("                                                           \
    "        SELECT w.number, d.id"                                           \
    "        FROM delivery d JOIN waiting w"                                  \
    "            ON w.destination = d.destination"                            \
    "            AND w.order_hash = d.order_hash AND d.seq < w.first"         \
    "        WHERE d.state = 3"                                               \
    "        UNION ALL"                                                       \
    "        SELECT w.number - 1, d.id"                                       \
    "        FROM waiting w JOIN delivery d ON d.seq = w.first"               \
    "        WHERE d.ended IS NULL AND w.number > 1"                          \
    "        AND (d.tries > 0 OR d.state = 4))"                               \
    "    SELECT t.uri AS destination, d.order_key, h.number AS waiting,"      \
    "        d.id AS head, s.name AS state, d.reason, d.attempts,"            \
    "        datetime(d.received / 1000, 'unixepoch') AS received"            \
    "    FROM head h"                                                         \
    "    JOIN delivery d ON d.id = h.id"                                      \
    "    JOIN destination t ON t.number = d.destination"                      \
    "    JOIN state s ON s.number = d.state;"                                 \
                                                                              \
    "CREATE VIEW v_trace AS"                                                  \
    "    SELECT m.correlation_id, m.id AS message, m.control_id,"             \
    "        datetime(m.received / 1000, 'unixepoch') AS received,"           \
    "        m.flow, m.source, m.type, b.type AS object_type,"                \
    "        b.key AS object_key, b.map, t.uri AS destination,"               \
    "        d.id AS delivery, s.name AS state, d.reason, d.replay_of,"       \
    "        datetime(d.next_at / 1000, 'unixepoch') AS next,"                \
    "        datetime(d.ended / 1000, 'unixepoch') AS ended,"                 \
    "        a.number AS attempt,"                                            \
    "        datetime(a.started / 1000, 'unixepoch') AS started, a.took,"     \
    "        o.name AS outcome, a.status, a.step, a.code,"                    \
    "        a.message AS error"                                              \
    "    FROM message m"                                                      \
    "    LEFT JOIN delivery d ON d.message = m.id"                            \
    "    LEFT JOIN body b ON b.id = d.body"                                   \
    "    LEFT JOIN destination t ON t.number = d.destination"                 \
    "    LEFT JOIN state s ON s.number = d.state"                             \
    "    LEFT JOIN attempt a ON a.delivery = d.id"                            \
    "    LEFT JOIN outcome o ON o.number = a.outcome;"


const char *const  ngx_erp_schema[] = {
    NGX_ERP_SCHEMA_TABLES_1 NGX_ERP_SCHEMA_INDEXES_1 NGX_ERP_SCHEMA_VIEWS_1
};

const ngx_uint_t  ngx_erp_schema_version = sizeof(ngx_erp_schema)
                                           / sizeof(ngx_erp_schema[0]);


ngx_int_t
ngx_erp_schema_migrate(sqlite3 *sqlite, const char *const *steps,
    ngx_uint_t nsteps, char *why)
{
    ngx_int_t   rc;
    ngx_uint_t  version;

    rc = ngx_erp_schema_check(sqlite, nsteps, &version, why);

    while (rc == NGX_OK && version < nsteps) {
        rc = ngx_erp_schema_step(sqlite, steps[version], version + 1, why);
        version++;
    }

    return rc;
}


ngx_int_t
ngx_erp_schema_check(sqlite3 *sqlite, ngx_uint_t nsteps, ngx_uint_t *version,
    char *why)
{
    ngx_int_t      rc;
    sqlite3_int64  id, has, objects;

    id = 0;
    has = 0;
    objects = 0;

    rc = ngx_erp_schema_number(sqlite, "PRAGMA application_id", &id, why);

    if (rc == NGX_OK) {
        rc = ngx_erp_schema_number(sqlite, "PRAGMA user_version", &has, why);
    }

    if (rc == NGX_OK) {
        rc = ngx_erp_schema_number(sqlite,
                                   "SELECT count(*) FROM sqlite_schema",
                                   &objects, why);
    }

    if (rc != NGX_OK) {
        return rc;
    }

    if (id != NGX_ERP_APPLICATION_ID && (id || has || objects)) {
        snprintf(why, 256, "it is the database of another application");
        return NGX_DECLINED;
    }

    if (has < 0 || has > (sqlite3_int64) nsteps) {
        snprintf(why, 256, "its schema has version %d, known is up to %d",
                 (int) has, (int) nsteps);
        return NGX_DECLINED;
    }

    if (has == 0 && objects) {
        snprintf(why, 256, "it is damaged: tables without a version");
        return NGX_DECLINED;
    }

    *version = has;

    return NGX_OK;
}


static ngx_int_t
ngx_erp_schema_number(sqlite3 *sqlite, const char *sql, sqlite3_int64 *number,
    char *why)
{
    int            rc;
    sqlite3_stmt  *stmt;

    rc = sqlite3_prepare_v2(sqlite, sql, -1, &stmt, NULL);
    if (rc != SQLITE_OK) {
        return ngx_erp_schema_why(sqlite, rc, why);
    }

    rc = sqlite3_step(stmt);

    if (rc == SQLITE_ROW) {
        *number = sqlite3_column_int64(stmt, 0);
        sqlite3_finalize(stmt);
        return NGX_OK;
    }

    sqlite3_finalize(stmt);

    return ngx_erp_schema_why(sqlite, rc, why);
}


static ngx_int_t
ngx_erp_schema_step(sqlite3 *sqlite, const char *sql, ngx_uint_t version,
    char *why)
{
    int        rc;
    char       pragma[128];
    ngx_int_t  failed;

    snprintf(pragma, sizeof(pragma),
             "PRAGMA application_id = %d; PRAGMA user_version = %d; COMMIT",
             NGX_ERP_APPLICATION_ID, (int) version);

    rc = sqlite3_exec(sqlite, "BEGIN IMMEDIATE", NULL, NULL, NULL);

    if (rc == SQLITE_OK) {
        rc = sqlite3_exec(sqlite, sql, NULL, NULL, NULL);
    }

    if (rc == SQLITE_OK) {
        rc = sqlite3_exec(sqlite, pragma, NULL, NULL, NULL);
    }

    if (rc == SQLITE_OK) {
        return NGX_OK;
    }

    failed = ngx_erp_schema_why(sqlite, rc, why);

    if (!sqlite3_get_autocommit(sqlite)) {
        (void) sqlite3_exec(sqlite, "ROLLBACK", NULL, NULL, NULL);
    }

    return failed;
}


static ngx_int_t
ngx_erp_schema_why(sqlite3 *sqlite, int rc, char *why)
{
    snprintf(why, 256, "%s (%d)", sqlite3_errmsg(sqlite),
             sqlite3_extended_errcode(sqlite));

    rc &= 0xff;

    return (rc == SQLITE_NOTADB || rc == SQLITE_CORRUPT) ? NGX_DECLINED
                                                         : NGX_ERROR;
}
