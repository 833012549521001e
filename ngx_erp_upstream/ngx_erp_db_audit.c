
/*
 * The operator's book: each row has the hash of the one before it.
 */

#include "ngx_erp_db_private.h"

#include <openssl/evp.h>


#define NGX_ERP_AUDIT_HASH  32


typedef struct {
    uint64_t     id;
    uint64_t     at;
    ngx_str_t    who;
    ngx_str_t    action;
    ngx_str_t    what;
    ngx_str_t    reason;
    u_char       prev[NGX_ERP_AUDIT_HASH];
} ngx_erp_audit_t;


static ngx_int_t ngx_erp_db_audit_last(ngx_erp_db_t *db, ngx_erp_audit_t *a);
static ngx_int_t ngx_erp_db_audit_hash(ngx_erp_audit_t *a, u_char *hash);
static ngx_int_t ngx_erp_db_audit_row(ngx_erp_db_t *db, u_char *prev,
    uint64_t *bad);


ngx_int_t
ngx_erp_db_audit(ngx_erp_db_t *db, ngx_str_t *who, ngx_str_t *action,
    ngx_str_t *what, ngx_str_t *reason)
{
    u_char            hash[NGX_ERP_AUDIT_HASH];
    ngx_int_t         rc;
    sqlite3_stmt     *stmt;
    ngx_erp_audit_t   a;

    rc = ngx_erp_db_save(db);
    if (rc != NGX_OK) {
        return rc;
    }

    rc = ngx_erp_db_audit_last(db, &a);
    if (rc != NGX_OK) {
        return ngx_erp_db_end(db, rc);
    }

    a.at = db->now;
    a.who = *who;
    a.action = *action;
    a.what = *what;
    a.reason = *reason;

    if (ngx_erp_db_audit_hash(&a, hash) != NGX_OK) {
        return ngx_erp_db_end(db, ngx_erp_db_fail(db, "SHA-256 failed"));
    }

    stmt = db->stmt[NGX_ERP_SQL_AUDIT];

    (void) sqlite3_bind_int64(stmt, 1, a.id);
    (void) sqlite3_bind_int64(stmt, 2, a.at);
    ngx_erp_db_bind_text(stmt, 3, who);
    ngx_erp_db_bind_text(stmt, 4, action);
    ngx_erp_db_bind_text(stmt, 5, what);
    ngx_erp_db_bind_text(stmt, 6, reason);
    ngx_erp_db_bind_blob(stmt, 7, a.prev, NGX_ERP_AUDIT_HASH);
    ngx_erp_db_bind_blob(stmt, 8, hash, NGX_ERP_AUDIT_HASH);

    return ngx_erp_db_end(db, ngx_erp_db_run(db, NGX_ERP_SQL_AUDIT));
}


/* the number and previous hash of the next row; before the first: zeros */

static ngx_int_t
ngx_erp_db_audit_last(ngx_erp_db_t *db, ngx_erp_audit_t *a)
{
    ngx_int_t      rc;
    ngx_str_t      hash;
    sqlite3_stmt  *stmt;

    a->id = 1;
    ngx_memzero(a->prev, NGX_ERP_AUDIT_HASH);

    stmt = db->stmt[NGX_ERP_SQL_AUDIT_LAST];
    rc = ngx_erp_db_row(db, NGX_ERP_SQL_AUDIT_LAST);

    if (rc != NGX_OK) {
        return (rc == NGX_DONE) ? NGX_OK : rc;
    }

    a->id = sqlite3_column_int64(stmt, 0) + 1;
    hash = ngx_erp_db_column(stmt, 1);

    if (hash.len == NGX_ERP_AUDIT_HASH) {
        ngx_memcpy(a->prev, hash.data, NGX_ERP_AUDIT_HASH);
    }

    (void) sqlite3_reset(stmt);

    return NGX_OK;
}


/*
 * SHA-256 of prev_hash, then id, at as 8 bytes each, most significant first,
 * then each string with its length before it in the same form.
 */

static ngx_int_t
ngx_erp_db_audit_hash(ngx_erp_audit_t *a, u_char *hash)
{
    int          ok, shift;
    u_char       number[8];
    uint64_t     n;
    EVP_MD_CTX  *md;
    ngx_uint_t   i;
    ngx_str_t   *strings[] = { &a->who, &a->action, &a->what, &a->reason };

    md = EVP_MD_CTX_new();
    if (md == NULL) {
        return NGX_ERROR;
    }

    ok = EVP_DigestInit_ex(md, EVP_sha256(), NULL)
         && EVP_DigestUpdate(md, a->prev, NGX_ERP_AUDIT_HASH);

    for (i = 0; ok && i < 6; i++) {
        n = (i == 0) ? a->id : (i == 1) ? a->at : strings[i - 2]->len;

        for (shift = 0; shift < 8; shift++) {
            number[shift] = (u_char) (n >> (56 - 8 * shift));
        }

        ok = EVP_DigestUpdate(md, number, sizeof(number));

        if (ok && i >= 2 && n) {
            ok = EVP_DigestUpdate(md, strings[i - 2]->data, n);
        }
    }

    ok = ok && EVP_DigestFinal_ex(md, hash, NULL);

    EVP_MD_CTX_free(md);

    return ok ? NGX_OK : NGX_ERROR;
}


ngx_int_t
ngx_erp_db_audit_check(ngx_erp_db_t *db, uint64_t *bad)
{
    u_char     prev[NGX_ERP_AUDIT_HASH];
    uint64_t   next;
    ngx_int_t  rc;

    next = 1;
    ngx_memzero(prev, NGX_ERP_AUDIT_HASH);

    while ((rc = ngx_erp_db_row(db, NGX_ERP_SQL_AUDIT_ALL)) == NGX_OK) {

        *bad = next;
        rc = ngx_erp_db_audit_row(db, prev, &next);

        if (rc != NGX_OK) {
            (void) sqlite3_reset(db->stmt[NGX_ERP_SQL_AUDIT_ALL]);
            return rc;
        }
    }

    return (rc == NGX_DONE) ? NGX_OK : rc;
}


static ngx_int_t
ngx_erp_db_audit_row(ngx_erp_db_t *db, u_char *prev, uint64_t *next)
{
    u_char            is[NGX_ERP_AUDIT_HASH];
    ngx_str_t         before, hash;
    sqlite3_stmt     *stmt;
    ngx_erp_audit_t   a;

    stmt = db->stmt[NGX_ERP_SQL_AUDIT_ALL];

    a.id = sqlite3_column_int64(stmt, 0);
    a.at = sqlite3_column_int64(stmt, 1);
    a.who = ngx_erp_db_column(stmt, 2);
    a.action = ngx_erp_db_column(stmt, 3);
    a.what = ngx_erp_db_column(stmt, 4);
    a.reason = ngx_erp_db_column(stmt, 5);
    before = ngx_erp_db_column(stmt, 6);
    hash = ngx_erp_db_column(stmt, 7);

    ngx_memcpy(a.prev, prev, NGX_ERP_AUDIT_HASH);

    if (ngx_erp_db_audit_hash(&a, is) != NGX_OK) {
        return ngx_erp_db_fail(db, "SHA-256 failed");
    }

    if (a.id != *next
        || before.len != NGX_ERP_AUDIT_HASH
        || hash.len != NGX_ERP_AUDIT_HASH
        || ngx_memcmp(before.data, prev, NGX_ERP_AUDIT_HASH) != 0
        || ngx_memcmp(hash.data, is, NGX_ERP_AUDIT_HASH) != 0)
    {
        return ngx_erp_db_damaged(db, "audit");
    }

    ngx_memcpy(prev, is, NGX_ERP_AUDIT_HASH);
    *next = a.id + 1;

    return NGX_OK;
}
