
/*
 * The database: opening it, turns, what is there at start.
 */

#include "ngx_erp_db_query.h"
#include "ngx_erp_schema.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>


#define NGX_ERP_DB_BUSY   200         /* ms: an operator who writes */


static ngx_int_t ngx_erp_db_open_file(ngx_erp_db_t *db, char *why);
static ngx_int_t ngx_erp_db_pragmas(ngx_erp_db_t *db, ngx_uint_t fresh,
    char *why);
static ngx_int_t ngx_erp_db_prepare(ngx_erp_db_t *db, char *why);
static ngx_int_t ngx_erp_db_refused(ngx_erp_db_t *db, int rc, char *why);
static int ngx_erp_db_wal(void *data, sqlite3 *sqlite, const char *name,
    int pages);
static void ngx_erp_db_end_one(ngx_erp_db_t *db);
static uint64_t ngx_erp_db_now(void);


ngx_int_t
ngx_erp_db_open(ngx_erp_db_t **result, const char *directory,
    ngx_erp_keys_t *keys, char *why)
{
    ngx_int_t      rc;
    ngx_erp_db_t  *db;

    *result = NULL;

    /* nobody asks for these numbers, and they cost a lock for each malloc() */

    (void) sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);

    db = calloc(1, sizeof(ngx_erp_db_t));
    if (db == NULL) {
        snprintf(why, 256, "no memory");
        return NGX_ERROR;
    }

    db->keys = keys;
    db->wal_limit = NGX_ERP_DB_WAL;
    db->wal_next = NGX_ERP_DB_WAL;
    db->now = ngx_erp_db_now();

    db->directory = strdup(directory);

    if (db->directory == NULL) {
        snprintf(why, 256, "no memory");
        rc = NGX_ERROR;

    } else {
        rc = ngx_erp_db_open_file(db, why);
    }

    if (rc != NGX_OK) {
        ngx_erp_db_close(db);
        return rc;
    }

    *result = db;

    return NGX_OK;
}


static ngx_int_t
ngx_erp_db_open_file(ngx_erp_db_t *db, char *why)
{
    int         fd, rc;
    char        path[PATH_MAX];
    ngx_int_t   declined;
    ngx_uint_t  version;

    if (snprintf(path, PATH_MAX, "%s/store.db", db->directory) >= PATH_MAX) {
        snprintf(why, 256, "its path is too long");
        return NGX_ERROR;
    }

    /* SQLite gives its other files the mode of this one */

    fd = open(path, O_RDWR|O_CREAT|O_CLOEXEC, 0600);
    if (fd == -1) {
        snprintf(why, 256, "open() failed: %s", strerror(errno));
        return NGX_ERROR;
    }

    (void) close(fd);

    rc = sqlite3_open_v2(path, &db->sqlite,
                         SQLITE_OPEN_READWRITE|SQLITE_OPEN_NOMUTEX, NULL);

    if (rc != SQLITE_OK) {
        return ngx_erp_db_refused(db, rc, why);
    }

    (void) sqlite3_extended_result_codes(db->sqlite, 1);
    (void) sqlite3_busy_timeout(db->sqlite, NGX_ERP_DB_BUSY);

    /* a file that is not ours is left as it is, also its WAL */

    (void) sqlite3_db_config(db->sqlite, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1,
                             NULL);

    declined = ngx_erp_schema_check(db->sqlite, ngx_erp_schema_version,
                                    &version, why);

    if (declined == NGX_OK) {
        declined = ngx_erp_db_pragmas(db, version == 0, why);
    }

    if (declined == NGX_OK) {
        declined = ngx_erp_schema_migrate(db->sqlite, ngx_erp_schema,
                                          ngx_erp_schema_version, why);
    }

    if (declined == NGX_OK) {
        declined = ngx_erp_db_prepare(db, why);
    }

    if (declined == NGX_OK && ngx_erp_db_reload(db) != NGX_OK) {
        snprintf(why, 256, "%s", db->error);
        declined = db->corrupt ? NGX_DECLINED : NGX_ERROR;
    }

    if (declined == NGX_OK) {
        declined = ngx_erp_db_keys(db, why);
    }

    if (declined == NGX_OK) {
        (void) sqlite3_db_config(db->sqlite, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE,
                                 0, NULL);
    }

    return declined;
}


static ngx_int_t
ngx_erp_db_pragmas(ngx_erp_db_t *db, ngx_uint_t fresh, char *why)
{
    int                       rc;
    ngx_uint_t                i;
    static const char *const  pragmas[] = {
        "PRAGMA auto_vacuum = INCREMENTAL",
        "PRAGMA page_size = 4096",
        "PRAGMA temp_store = MEMORY",
        "PRAGMA foreign_keys = OFF",
        "PRAGMA secure_delete = FAST",
        "PRAGMA cache_size = -16384",
        "PRAGMA synchronous = FULL",
        "PRAGMA journal_mode = WAL",
        "PRAGMA journal_size_limit = 67108864",
        "PRAGMA wal_autocheckpoint = 0"
    };

    /* the first two write to the file: only to one that is empty yet */

    for (i = fresh ? 0 : 2; i < sizeof(pragmas) / sizeof(pragmas[0]); i++) {
        rc = sqlite3_exec(db->sqlite, pragmas[i], NULL, NULL, NULL);
        if (rc != SQLITE_OK) {
            return ngx_erp_db_refused(db, rc, why);
        }
    }

    (void) sqlite3_wal_hook(db->sqlite, ngx_erp_db_wal, db);

    return NGX_OK;
}


static ngx_int_t
ngx_erp_db_prepare(ngx_erp_db_t *db, char *why)
{
    int         rc;
    ngx_uint_t  i;

    for (i = 0; i < NGX_ERP_SQL_N; i++) {
        rc = sqlite3_prepare_v3(db->sqlite, ngx_erp_db_sql[i], -1,
                                SQLITE_PREPARE_PERSISTENT, &db->stmt[i],
                                NULL);
        if (rc != SQLITE_OK) {
            return ngx_erp_db_refused(db, rc, why);
        }
    }

    return NGX_OK;
}


/*
 * What was read once and others may have changed since: they are an operator,
 * or the process that was the store before this one.  Numbers are never used
 * again, also when the last rows were pruned.
 */

ngx_int_t
ngx_erp_db_reload(ngx_erp_db_t *db)
{
    uint64_t       version;
    ngx_int_t      rc;
    sqlite3_stmt  *stmt;

    rc = ngx_erp_db_number(db, NGX_ERP_SQL_VERSION, &version);

    if (rc != NGX_OK || version == db->version) {
        return rc;
    }

    rc = ngx_erp_db_row(db, NGX_ERP_SQL_LAST);
    if (rc != NGX_OK) {
        return rc;
    }

    stmt = db->stmt[NGX_ERP_SQL_LAST];

    db->next_message = sqlite3_column_int64(stmt, 0) + 1;
    db->next_delivery = sqlite3_column_int64(stmt, 1) + 1;

    (void) sqlite3_reset(stmt);

    ngx_erp_db_uris_undo(db, 0);

    rc = ngx_erp_db_uris(db);

    if (rc == NGX_OK) {
        db->version = version;
    }

    return rc;
}


static ngx_int_t
ngx_erp_db_refused(ngx_erp_db_t *db, int rc, char *why)
{
    if (db->sqlite == NULL) {
        snprintf(why, 256, "no memory");
        return NGX_ERROR;
    }

    snprintf(why, 256, "%s (%d)", sqlite3_errmsg(db->sqlite),
             sqlite3_extended_errcode(db->sqlite));

    rc &= 0xff;

    /* of our own schema an SQL error is damage */

    return (rc == SQLITE_NOTADB || rc == SQLITE_CORRUPT
            || rc == SQLITE_ERROR)
           ? NGX_DECLINED : NGX_ERROR;
}


void
ngx_erp_db_close(ngx_erp_db_t *db)
{
    ngx_uint_t  i;

    if (db == NULL) {
        return;
    }

    if (db->turn) {
        ngx_erp_db_rollback(db);
    }

    ngx_erp_query_close(db);

    for (i = 0; i < NGX_ERP_SQL_N; i++) {
        (void) sqlite3_finalize(db->stmt[i]);
    }

    (void) sqlite3_close(db->sqlite);

    ngx_erp_db_uris_undo(db, 0);

    free(db->uris);
    free(db->files);
    free(db->buffer);
    free(db->seal);
    free(db->directory);
    free(db);
}


ngx_int_t
ngx_erp_db_begin(ngx_erp_db_t *db)
{
    ngx_int_t  rc;

    /* here, and not after a commit: nobody waits for an answer */

    if (db->wal >= db->wal_next) {
        ngx_erp_db_empty(db, SQLITE_CHECKPOINT_PASSIVE);
    }

    if (db->careful) {
        db->careful--;
    }

    db->broken = 0;
    db->full = 0;
    db->now = ngx_erp_db_now();

    if (!db->careful) {
        rc = ngx_erp_db_run(db, NGX_ERP_SQL_BEGIN);

        if (rc == NGX_OK) {
            rc = ngx_erp_db_reload(db);
        }

        if (rc != NGX_OK) {
            ngx_erp_db_undo(db);
            return rc;
        }
    }

    db->turn = 1;
    db->uris_kept = db->nuris;

    return NGX_OK;
}


ngx_int_t
ngx_erp_db_begin_one(ngx_erp_db_t *db)
{
    ngx_int_t  rc;

    db->one = 1;
    db->careful_after = db->careful;
    db->careful = 0;

    rc = ngx_erp_db_begin(db);

    if (rc != NGX_OK) {
        ngx_erp_db_end_one(db);
    }

    return rc;
}


static void
ngx_erp_db_end_one(ngx_erp_db_t *db)
{
    if (db->one) {
        db->one = 0;
        db->careful = db->careful_after;
    }
}


ngx_int_t
ngx_erp_db_commit(ngx_erp_db_t *db)
{
    ngx_int_t  rc;

    if (db->broken) {
        rc = db->full ? NGX_ABORT : NGX_ERROR;
        ngx_erp_db_rollback(db);
        return rc;
    }

    if (!db->careful) {
        rc = ngx_erp_db_run(db, NGX_ERP_SQL_COMMIT);

        if (rc != NGX_OK) {
            ngx_erp_db_rollback(db);
            return rc;
        }
    }

    db->turn = 0;

    ngx_erp_db_end_one(db);
    ngx_erp_db_files(db);

    return NGX_OK;
}


void
ngx_erp_db_rollback(ngx_erp_db_t *db)
{
    ngx_erp_db_undo(db);

    if (!db->careful) {
        ngx_erp_db_uris_undo(db, db->uris_kept);
    }

    if (db->broken) {
        db->careful = NGX_ERP_DB_CAREFUL;
    }

    db->turn = 0;
    db->broken = 0;

    ngx_erp_db_end_one(db);
    ngx_erp_db_files(db);
}


const char *
ngx_erp_db_error(ngx_erp_db_t *db)
{
    return db->error;
}


static int
ngx_erp_db_wal(void *data, sqlite3 *sqlite, const char *name, int pages)
{
    ngx_erp_db_t *db = data;

    db->wal = pages;

    return SQLITE_OK;
}


/* in steps, as it is asked for often and each change is a checkpoint */

void
ngx_erp_db_wal_room(ngx_erp_db_t *db, uint64_t bytes)
{
    int  pages;

    pages = NGX_ERP_DB_WAL;

    while (pages > NGX_ERP_DB_WAL_MIN && (uint64_t) pages * 4096 * 2 > bytes) {
        pages /= 2;
    }

    if (pages < db->wal_limit) {
        db->wal_next = ngx_min(db->wal_next, pages);
    }

    db->wal_limit = pages;
}


/*
 * While somebody reads what is older than the WAL it can only grow: then the
 * next time is when as much has been added.
 */

void
ngx_erp_db_empty(ngx_erp_db_t *db, int mode)
{
    int  rc, pages, done;

    pages = 0;
    done = 0;

    rc = sqlite3_wal_checkpoint_v2(db->sqlite, NULL, mode, &pages, &done);

    if (rc != SQLITE_OK && rc != SQLITE_BUSY) {
        (void) ngx_erp_db_failed(db, rc);
    }

    if (rc == SQLITE_OK && pages == done) {
        db->wal = 0;
        db->wal_next = db->wal_limit;
        return;
    }

    db->wal_next = db->wal + db->wal_limit;
}


static uint64_t
ngx_erp_db_now(void)
{
    struct timespec  ts;

    (void) clock_gettime(CLOCK_REALTIME, &ts);

    return (uint64_t) ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}
