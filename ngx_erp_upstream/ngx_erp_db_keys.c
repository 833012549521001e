
/*
 * Keys of the database: which ones its bodies were sealed with, and that
 * those are here.
 */

#include "ngx_erp_db_private.h"

#include <stdio.h>


static ngx_int_t ngx_erp_db_key_known(ngx_erp_db_t *db, sqlite3_stmt *stmt,
    char *why);
static ngx_int_t ngx_erp_db_key_gone(ngx_erp_db_t *db, ngx_str_t *id,
    sqlite3_int64 last, char *why);
static ngx_int_t ngx_erp_db_key_forget(ngx_erp_db_t *db, ngx_str_t *id,
    char *why);
static ngx_int_t ngx_erp_db_key_current(ngx_erp_db_t *db, char *why);
static ngx_int_t ngx_erp_db_key_refused(ngx_erp_db_t *db, int rc, char *why);


static u_char  ngx_erp_db_word[] = "the word that the keys are known by";


/*
 * Each key that was used has a row, and is needed for as long as there are
 * messages of its time.  The one in use has no end yet.
 */

ngx_int_t
ngx_erp_db_keys(ngx_erp_db_t *db, char *why)
{
    int            rc;
    ngx_int_t      known;
    sqlite3_stmt  *stmt;

    rc = sqlite3_prepare_v2(db->sqlite,
                            "SELECT key_id, last, word FROM sealing", -1,
                            &stmt, NULL);
    if (rc != SQLITE_OK) {
        return ngx_erp_db_key_refused(db, rc, why);
    }

    while ((rc = sqlite3_step(stmt)) == SQLITE_ROW) {

        known = ngx_erp_db_key_known(db, stmt, why);

        if (known != NGX_OK) {
            (void) sqlite3_finalize(stmt);
            return known;
        }
    }

    (void) sqlite3_finalize(stmt);

    if (rc != SQLITE_DONE) {
        return ngx_erp_db_key_refused(db, rc, why);
    }

    return db->keys ? ngx_erp_db_key_current(db, why) : NGX_OK;
}


static ngx_int_t
ngx_erp_db_key_known(ngx_erp_db_t *db, sqlite3_stmt *stmt, char *why)
{
    u_char         out[sizeof(ngx_erp_db_word)];
    ngx_int_t      rc;
    ngx_str_t      id, word;
    sqlite3_int64  last;

    id = ngx_erp_db_column(stmt, 0);
    word = ngx_erp_db_column(stmt, 2);

    last = INT64_MAX;

    if (sqlite3_column_type(stmt, 1) != SQLITE_NULL) {
        last = sqlite3_column_int64(stmt, 1);
    }

    if (id.len != NGX_ERP_KEY_ID
        || word.len != sizeof(out) + NGX_ERP_SEAL_MORE)
    {
        snprintf(why, 256, "damaged: table sealing");
        return NGX_DECLINED;
    }

    if (db->keys == NULL) {
        return ngx_erp_db_key_gone(db, &id, last, why);
    }

    rc = ngx_erp_open(db->keys, 0, word.data, word.len, out);

    if (rc == NGX_DECLINED) {
        return ngx_erp_db_key_gone(db, &id, last, why);
    }

    if (rc != NGX_OK
        || ngx_memcmp(out, ngx_erp_db_word, sizeof(out)) != 0)
    {
        snprintf(why, 256, "damaged: table sealing, or not its key");
        return NGX_DECLINED;
    }

    return NGX_OK;
}


/* a key that is not given: is anything left of its time? */

static ngx_int_t
ngx_erp_db_key_gone(ngx_erp_db_t *db, ngx_str_t *id, sqlite3_int64 last,
    char *why)
{
    int            rc;
    sqlite3_stmt  *stmt;

    rc = sqlite3_prepare_v2(db->sqlite,
                            "SELECT 1 FROM message WHERE id <= ?1 LIMIT 1",
                            -1, &stmt, NULL);

    if (rc == SQLITE_OK) {
        (void) sqlite3_bind_int64(stmt, 1, last);
        rc = sqlite3_step(stmt);
    }

    (void) sqlite3_finalize(stmt);

    if (rc == SQLITE_DONE) {
        return ngx_erp_db_key_forget(db, id, why);
    }

    if (rc != SQLITE_ROW) {
        return ngx_erp_db_key_refused(db, rc, why);
    }

    snprintf(why, 256, "its bodies are sealed with the key %02x%02x%02x%02x"
             "%02x%02x%02x%02x, which is not given",
             id->data[0], id->data[1], id->data[2], id->data[3],
             id->data[4], id->data[5], id->data[6], id->data[7]);

    return NGX_DECLINED;
}


static ngx_int_t
ngx_erp_db_key_forget(ngx_erp_db_t *db, ngx_str_t *id, char *why)
{
    int            rc;
    sqlite3_stmt  *stmt;

    rc = sqlite3_prepare_v2(db->sqlite,
                            "DELETE FROM sealing WHERE key_id = ?1", -1,
                            &stmt, NULL);

    if (rc == SQLITE_OK) {
        ngx_erp_db_bind_blob(stmt, 1, id->data, id->len);
        rc = sqlite3_step(stmt);
    }

    (void) sqlite3_finalize(stmt);

    return (rc == SQLITE_DONE) ? NGX_OK : ngx_erp_db_key_refused(db, rc, why);
}


static ngx_int_t
ngx_erp_db_key_current(ngx_erp_db_t *db, char *why)
{
    int            rc;
    u_char         word[sizeof(ngx_erp_db_word) + NGX_ERP_SEAL_MORE];
    sqlite3_stmt  *stmt;

    if (ngx_erp_seal(db->keys, 0, ngx_erp_db_word, sizeof(ngx_erp_db_word),
                     word)
        != NGX_OK)
    {
        snprintf(why, 256, "sealing failed");
        return NGX_ERROR;
    }

    rc = sqlite3_prepare_v2(db->sqlite,
             "UPDATE sealing SET last = ?2 WHERE last IS NULL"
             " AND key_id <> ?1", -1, &stmt, NULL);

    if (rc == SQLITE_OK) {
        ngx_erp_db_bind_blob(stmt, 1, db->keys->current.id, NGX_ERP_KEY_ID);
        (void) sqlite3_bind_int64(stmt, 2, db->next_message - 1);
        rc = sqlite3_step(stmt);
    }

    (void) sqlite3_finalize(stmt);

    if (rc != SQLITE_DONE) {
        return ngx_erp_db_key_refused(db, rc, why);
    }

    /* one that is used again is again without an end */

    rc = sqlite3_prepare_v2(db->sqlite,
             "INSERT INTO sealing VALUES (?1, NULL, ?2)"
             " ON CONFLICT DO UPDATE SET last = NULL WHERE last IS NOT NULL",
             -1, &stmt, NULL);

    if (rc == SQLITE_OK) {
        ngx_erp_db_bind_blob(stmt, 1, db->keys->current.id, NGX_ERP_KEY_ID);
        ngx_erp_db_bind_blob(stmt, 2, word, sizeof(word));
        rc = sqlite3_step(stmt);
    }

    (void) sqlite3_finalize(stmt);

    return (rc == SQLITE_DONE) ? NGX_OK : ngx_erp_db_key_refused(db, rc, why);
}


static ngx_int_t
ngx_erp_db_key_refused(ngx_erp_db_t *db, int rc, char *why)
{
    snprintf(why, 256, "%s (%d)", sqlite3_errmsg(db->sqlite), rc);

    return ((rc & 0xff) == SQLITE_CORRUPT) ? NGX_DECLINED : NGX_ERROR;
}


ngx_int_t
ngx_erp_db_seal(ngx_erp_db_t *db, uint64_t row, ngx_str_t *plain,
    ngx_str_t *stored)
{
    if (db->keys == NULL) {
        *stored = *plain;
        return NGX_OK;
    }

    stored->len = plain->len + NGX_ERP_SEAL_MORE;

    if (ngx_erp_db_room(&db->seal, &db->seal_size, stored->len) != NGX_OK) {
        return ngx_erp_db_fail(db, "no memory");
    }

    stored->data = db->seal;

    if (ngx_erp_seal(db->keys, row, plain->data, plain->len, stored->data)
        != NGX_OK)
    {
        return ngx_erp_db_fail(db, "sealing failed");
    }

    return NGX_OK;
}


size_t
ngx_erp_db_plain(ngx_uint_t sealed, size_t len)
{
    if (!sealed) {
        return len;
    }

    return (len > NGX_ERP_SEAL_MORE) ? len - NGX_ERP_SEAL_MORE : 0;
}


/* "out" has ngx_erp_db_plain() bytes; NGX_DECLINED: damaged, or another key */

ngx_int_t
ngx_erp_db_unseal(ngx_erp_db_t *db, uint64_t row, ngx_uint_t sealed,
    ngx_str_t *stored, u_char *out)
{
    ngx_int_t  rc;

    if (!sealed) {
        if (stored->len) {
            ngx_memcpy(out, stored->data, stored->len);
        }

        return NGX_OK;
    }

    if (db->keys == NULL || stored->len < NGX_ERP_SEAL_MORE) {
        return ngx_erp_db_damaged(db, "what is sealed");
    }

    rc = ngx_erp_open(db->keys, row, stored->data, stored->len, out);

    return (rc == NGX_OK) ? NGX_OK
                          : ngx_erp_db_damaged(db, "what is sealed");
}
