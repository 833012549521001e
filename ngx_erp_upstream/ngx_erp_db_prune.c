
/*
 * What is done when there is nothing else to do: messages that are old
 * enough, the WAL, free pages, files without a row.
 */

#include "ngx_erp_db_private.h"

#include <time.h>


#define NGX_ERP_DB_LOOKS      8       /* messages looked at for one deleted */
#define NGX_ERP_DB_FREE       8       /* that part of the file may be free */
#define NGX_ERP_DB_FILE_AGE   600     /* seconds: nobody writes it any more */


static ngx_int_t ngx_erp_db_prune_turn(ngx_erp_db_t *db, uint64_t before,
    uint64_t dead, ngx_uint_t rows, ngx_uint_t *more);
static ngx_int_t ngx_erp_db_prune_message(ngx_erp_db_t *db, uint64_t id);
static ngx_int_t ngx_erp_db_prune_files(ngx_erp_db_t *db, uint64_t id);
static ngx_int_t ngx_erp_db_high_water(ngx_erp_db_t *db);
static ngx_uint_t ngx_erp_db_file_needed(void *data, u_char *name);


ngx_int_t
ngx_erp_db_prune(ngx_erp_db_t *db, uint64_t before, uint64_t dead,
    ngx_uint_t rows, ngx_uint_t *more)
{
    ngx_int_t  rc, done;

    *more = 0;

    if (db->turn) {
        return ngx_erp_db_fail(db, "a turn within a turn");
    }

    rc = ngx_erp_db_begin(db);
    if (rc != NGX_OK) {
        return rc;
    }

    rc = ngx_erp_db_save(db);

    if (rc == NGX_OK) {
        rc = ngx_erp_db_prune_turn(db, before, dead, rows, more);
        rc = ngx_erp_db_end(db, rc);
    }

    done = ngx_erp_db_commit(db);

    return (rc == NGX_OK) ? done : rc;
}


/*
 * Goes on behind the message that was looked at last, also when that could
 * not be deleted; then from the first again.
 */

static ngx_int_t
ngx_erp_db_prune_turn(ngx_erp_db_t *db, uint64_t before, uint64_t dead,
    ngx_uint_t rows, ngx_uint_t *more)
{
    uint64_t       id;
    ngx_int_t      rc;
    ngx_uint_t     i, n, old;
    sqlite3_stmt  *stmt;

    stmt = db->stmt[NGX_ERP_SQL_PRUNE];
    n = 0;

    for (i = 0; n < rows && i < rows * NGX_ERP_DB_LOOKS; i++) {

        (void) sqlite3_bind_int64(stmt, 1, db->prune);
        (void) sqlite3_bind_int64(stmt, 2, before);
        (void) sqlite3_bind_int64(stmt, 3, dead);

        rc = ngx_erp_db_row(db, NGX_ERP_SQL_PRUNE);

        if (rc == NGX_DONE) {
            db->prune = 0;
            break;
        }

        if (rc != NGX_OK) {
            return rc;
        }

        id = sqlite3_column_int64(stmt, 0);
        old = sqlite3_column_int(stmt, 1);
        (void) sqlite3_reset(stmt);

        db->prune = id;

        if (old) {
            rc = ngx_erp_db_prune_message(db, id);
            if (rc != NGX_OK) {
                return rc;
            }

            n++;
        }
    }

    *more = (db->prune != 0);

    return n ? ngx_erp_db_high_water(db) : NGX_OK;
}


static ngx_int_t
ngx_erp_db_prune_message(ngx_erp_db_t *db, uint64_t id)
{
    ngx_int_t                   rc;
    ngx_uint_t                  i;
    static const ngx_erp_sql_e  from[] = {
        NGX_ERP_SQL_PRUNE_ATTEMPTS,
        NGX_ERP_SQL_PRUNE_RESULTS,
        NGX_ERP_SQL_PRUNE_DELIVERIES,
        NGX_ERP_SQL_PRUNE_BODIES,
        NGX_ERP_SQL_PRUNE_MESSAGE
    };

    rc = ngx_erp_db_prune_files(db, id);
    if (rc != NGX_OK) {
        return rc;
    }

    for (i = 0; i < sizeof(from) / sizeof(from[0]); i++) {
        (void) sqlite3_bind_int64(db->stmt[from[i]], 1, id);

        rc = ngx_erp_db_run(db, from[i]);
        if (rc != NGX_OK) {
            return rc;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_erp_db_prune_files(ngx_erp_db_t *db, uint64_t id)
{
    ngx_int_t      rc;
    ngx_str_t      file;
    sqlite3_stmt  *stmt;

    stmt = db->stmt[NGX_ERP_SQL_PRUNE_FILES];
    (void) sqlite3_bind_int64(stmt, 1, id);

    while ((rc = ngx_erp_db_row(db, NGX_ERP_SQL_PRUNE_FILES)) == NGX_OK) {
        file = ngx_erp_db_column(stmt, 0);

        if (file.len == NGX_ERP_BLOB_NAME
            && ngx_erp_db_file(db, file.data) != NGX_OK)
        {
            (void) sqlite3_reset(stmt);
            return NGX_ERROR;
        }
    }

    return (rc == NGX_DONE) ? NGX_OK : rc;
}


/* the last rows may be gone now, and their numbers must not come again */

static ngx_int_t
ngx_erp_db_high_water(ngx_erp_db_t *db)
{
    sqlite3_stmt  *stmt;

    stmt = db->stmt[NGX_ERP_SQL_HIGH_WATER];

    (void) sqlite3_bind_int64(stmt, 1, db->next_message - 1);
    (void) sqlite3_bind_int64(stmt, 2, db->next_delivery - 1);

    return ngx_erp_db_run(db, NGX_ERP_SQL_HIGH_WATER);
}


ngx_int_t
ngx_erp_db_checkpoint(ngx_erp_db_t *db)
{
    ngx_int_t             rc;
    ngx_erp_db_numbers_t  n;

    if (db->turn) {
        return ngx_erp_db_fail(db, "a turn within a turn");
    }

    if (db->sweep < NGX_ERP_BLOB_FOLDERS) {
        ngx_erp_blob_sweep(db->directory, db->sweep,
                           time(NULL) - NGX_ERP_DB_FILE_AGE,
                           ngx_erp_db_file_needed, db);
        db->sweep++;
    }

    rc = ngx_erp_db_numbers(db, &n);

    if (rc == NGX_OK && n.free > n.pages / NGX_ERP_DB_FREE) {
        rc = ngx_erp_db_run(db, NGX_ERP_SQL_VACUUM);
    }

    if (db->wal) {
        ngx_erp_db_empty(db, SQLITE_CHECKPOINT_TRUNCATE);
    }

    return rc;
}


ngx_int_t
ngx_erp_db_numbers(ngx_erp_db_t *db, ngx_erp_db_numbers_t *n)
{
    ngx_int_t  rc;

    n->wal = (uint64_t) db->wal * 4096;
    n->corrupt = db->corrupt;

    rc = ngx_erp_db_number(db, NGX_ERP_SQL_PAGES, &n->pages);

    if (rc == NGX_OK) {
        rc = ngx_erp_db_number(db, NGX_ERP_SQL_FREE_PAGES, &n->free);
    }

    return rc;
}


/* a file that is to be looked at when the turn has ended, either way */

ngx_int_t
ngx_erp_db_file(ngx_erp_db_t *db, u_char *name)
{
    void        *p;
    ngx_uint_t   n;

    if (db->nfiles == db->files_size) {
        n = db->files_size ? 2 * db->files_size : 16;

        p = realloc(db->files, n * NGX_ERP_BLOB_NAME);
        if (p == NULL) {
            return ngx_erp_db_fail(db, "no memory");
        }

        db->files = p;
        db->files_size = n;
    }

    ngx_memcpy(db->files[db->nfiles], name, NGX_ERP_BLOB_NAME);
    db->nfiles++;

    return NGX_OK;
}


void
ngx_erp_db_files(ngx_erp_db_t *db)
{
    while (db->nfiles) {
        db->nfiles--;

        if (!ngx_erp_db_file_needed(db, db->files[db->nfiles])) {
            ngx_erp_blob_remove(db->directory, db->files[db->nfiles]);
        }
    }
}


/* it stays if that cannot be told */

static ngx_uint_t
ngx_erp_db_file_needed(void *data, u_char *name)
{
    ngx_erp_db_t *db = data;

    ngx_int_t      rc;
    sqlite3_stmt  *stmt;

    stmt = db->stmt[NGX_ERP_SQL_FILE];
    ngx_erp_db_bind_blob(stmt, 1, name, NGX_ERP_BLOB_NAME);

    rc = ngx_erp_db_row(db, NGX_ERP_SQL_FILE);

    if (rc == NGX_OK) {
        (void) sqlite3_reset(stmt);
    }

    return rc != NGX_DONE;
}
