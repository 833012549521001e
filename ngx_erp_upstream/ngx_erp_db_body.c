
/*
 * Bodies: sealed where there are keys, large ones in files.
 */

#include "ngx_erp_db_private.h"

#include <errno.h>
#include <stdio.h>


static uint64_t ngx_erp_db_body_sum(ngx_erp_db_body_t *b);
static ngx_int_t ngx_erp_db_body_file(ngx_erp_db_t *db, ngx_str_t *stored,
    u_char *name);
static ngx_int_t ngx_erp_db_body_load(ngx_erp_db_t *db, ngx_erp_db_body_t *b,
    u_char *out);


ngx_int_t
ngx_erp_db_body(ngx_erp_db_t *db, uint64_t id, ngx_erp_object_t *object)
{
    u_char              name[NGX_ERP_BLOB_NAME];
    ngx_int_t           rc;
    sqlite3_stmt       *stmt;
    ngx_erp_db_body_t   b;

    rc = ngx_erp_db_seal(db, id, &object->body, &b.data);
    if (rc != NGX_OK) {
        return rc;
    }

    b.id = id;
    b.size = object->body.len;
    b.sealed = (db->keys != NULL);
    b.type = object->type;
    b.key = object->key;
    b.map = object->map;
    b.file.len = 0;
    b.file.data = NULL;

    if (object->body.len > NGX_ERP_BODY_INLINE) {
        rc = ngx_erp_db_body_file(db, &b.data, name);
        if (rc != NGX_OK) {
            return rc;
        }

        b.file.len = NGX_ERP_BLOB_NAME;
        b.file.data = name;
        b.data.len = 0;
    }

    stmt = db->stmt[NGX_ERP_SQL_BODY];

    (void) sqlite3_bind_int64(stmt, 1, b.id);
    (void) sqlite3_bind_int64(stmt, 2, b.size);
    (void) sqlite3_bind_int64(stmt, 3, b.sealed);
    (void) sqlite3_bind_int64(stmt, 4, ngx_erp_db_body_sum(&b));
    ngx_erp_db_bind_text(stmt, 5, &b.type);
    ngx_erp_db_bind_text(stmt, 6, &b.key);
    ngx_erp_db_bind_text(stmt, 7, &b.map);
    ngx_erp_db_bind_blob(stmt, 8, b.file.data, b.file.len);
    ngx_erp_db_bind_blob(stmt, 9, b.data.data, b.data.len);

    return ngx_erp_db_run(db, NGX_ERP_SQL_BODY);
}


static uint64_t
ngx_erp_db_body_sum(ngx_erp_db_body_t *b)
{
    uint64_t  sum;

    sum = ngx_erp_db_sum_num(b->id, b->size);
    sum = ngx_erp_db_sum_num(sum, b->sealed);
    sum = ngx_erp_db_sum(sum, b->type.data, b->type.len);
    sum = ngx_erp_db_sum(sum, b->key.data, b->key.len);
    sum = ngx_erp_db_sum(sum, b->map.data, b->map.len);
    sum = ngx_erp_db_sum(sum, b->file.data, b->file.len);

    return ngx_erp_db_sum(sum, b->data.data, b->data.len);
}


/* noted: if its row does not come about the file has to go */

static ngx_int_t
ngx_erp_db_body_file(ngx_erp_db_t *db, ngx_str_t *stored, u_char *name)
{
    ngx_int_t  rc;

    rc = ngx_erp_blob_write(db->directory, stored->data, stored->len, name);

    if (rc != NGX_OK) {
        snprintf(db->error, sizeof(db->error),
                 "a file of blob/ cannot be written: %s", strerror(errno));
        return rc;
    }

    return ngx_erp_db_file(db, name);
}


ngx_int_t
ngx_erp_db_body_read(ngx_erp_db_t *db, ngx_erp_db_body_t *b, u_char *out)
{
    if (b->sum != ngx_erp_db_body_sum(b)) {
        return ngx_erp_db_damaged(db, "body");
    }

    if (b->file.len) {
        return ngx_erp_db_body_load(db, b, out);
    }

    if (ngx_erp_db_plain(b->sealed, b->data.len) != b->size) {
        return ngx_erp_db_damaged(db, "body");
    }

    return ngx_erp_db_unseal(db, b->id, b->sealed, &b->data, out);
}


static ngx_int_t
ngx_erp_db_body_load(ngx_erp_db_t *db, ngx_erp_db_body_t *b, u_char *out)
{
    u_char     *p;
    ngx_int_t   rc;
    ngx_str_t   stored;

    if (b->file.len != NGX_ERP_BLOB_NAME) {
        return ngx_erp_db_damaged(db, "body");
    }

    stored.len = b->size;
    p = out;

    if (b->sealed) {
        stored.len += NGX_ERP_SEAL_MORE;

        if (ngx_erp_db_room(&db->seal, &db->seal_size, stored.len)
            != NGX_OK)
        {
            return ngx_erp_db_fail(db, "no memory");
        }

        p = db->seal;
    }

    rc = ngx_erp_blob_read(db->directory, b->file.data, p, stored.len);

    if (rc == NGX_DECLINED) {
        return ngx_erp_db_damaged(db, "file of a body");
    }

    if (rc != NGX_OK) {
        snprintf(db->error, sizeof(db->error),
                 "a file of blob/ cannot be read: %s", strerror(errno));
        return NGX_ERROR;
    }

    if (!b->sealed) {
        return NGX_OK;
    }

    stored.data = p;

    return ngx_erp_db_unseal(db, b->id, 1, &stored, out);
}
