
/*
 * What has become of a message and of a delivery.
 */

#include "ngx_erp_db_private.h"


ngx_int_t
ngx_erp_db_message(ngx_erp_db_t *db, uint64_t message, ngx_str_t *waited,
    ngx_erp_put_answer_t *answer)
{
    uint64_t       n;
    ngx_int_t      rc;
    ngx_str_t      id;
    sqlite3_stmt  *stmt;

    stmt = db->stmt[NGX_ERP_SQL_STATES];
    (void) sqlite3_bind_int64(stmt, 1, message);
    ngx_erp_db_bind_text(stmt, 2, waited);

    rc = ngx_erp_db_row(db, NGX_ERP_SQL_STATES);

    if (rc != NGX_OK) {
        return (rc == NGX_DONE) ? NGX_DECLINED : rc;
    }

    id = ngx_erp_db_column(stmt, 0);

    if (ngx_erp_db_room(&db->buffer, &db->size, id.len) == NGX_OK) {
        n = sqlite3_column_int64(stmt, 2);

        answer->message = message;
        answer->deliveries = sqlite3_column_int64(stmt, 1);
        answer->open = sqlite3_column_int64(stmt, 3);
        answer->delivered = sqlite3_column_int64(stmt, 4);
        answer->dead = n - answer->open - answer->delivered;

        answer->correlation_id.data = db->buffer;
        answer->correlation_id.len = id.len;

        if (id.len) {
            ngx_memcpy(db->buffer, id.data, id.len);
        }

    } else {
        rc = ngx_erp_db_fail(db, "no memory");
    }

    (void) sqlite3_reset(stmt);

    return rc;
}


ngx_int_t
ngx_erp_db_state(ngx_erp_db_t *db, uint64_t delivery, ngx_erp_row_t *row)
{
    ngx_int_t      rc;
    sqlite3_stmt  *stmt;

    stmt = db->stmt[NGX_ERP_SQL_STATE];
    (void) sqlite3_bind_int64(stmt, 1, delivery);

    rc = ngx_erp_db_row(db, NGX_ERP_SQL_STATE);

    if (rc != NGX_OK) {
        return (rc == NGX_DONE) ? NGX_DECLINED : rc;
    }

    ngx_erp_db_read_row(stmt, row);
    (void) sqlite3_reset(stmt);

    return NGX_OK;
}
