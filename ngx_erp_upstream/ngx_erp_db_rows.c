
/*
 * What a start reads: deliveries that have not ended, and destinations.
 */

#include "ngx_erp_db_private.h"


/* a column behind those of a row */

#define NGX_ERP_DB_ROW_SAME  11


static ngx_int_t ngx_erp_db_rows(ngx_erp_db_t *db, ngx_erp_sql_e n,
    ngx_erp_row_pt handler, void *data);
static ngx_int_t ngx_erp_db_add_uri(ngx_erp_db_t *db, ngx_str_t *uri,
    uint32_t number);


ngx_int_t
ngx_erp_db_npending(ngx_erp_db_t *db, uint64_t *n)
{
    ngx_int_t   rc;
    ngx_uint_t  corrupt;

    corrupt = db->corrupt;

    rc = ngx_erp_db_number(db, NGX_ERP_SQL_NPENDING, n);

    return (db->corrupt != corrupt) ? NGX_DECLINED : rc;
}


ngx_int_t
ngx_erp_db_pending(ngx_erp_db_t *db, ngx_erp_row_pt handler, void *data)
{
    ngx_int_t   rc;
    ngx_uint_t  corrupt;

    corrupt = db->corrupt;

    rc = ngx_erp_db_rows(db, NGX_ERP_SQL_PENDING, handler, data);

    return (db->corrupt != corrupt) ? NGX_DECLINED : rc;
}


ngx_int_t
ngx_erp_db_reindex(ngx_erp_db_t *db)
{
    return ngx_erp_db_run(db, NGX_ERP_SQL_REINDEX);
}


ngx_int_t
ngx_erp_db_blocking(ngx_erp_db_t *db, ngx_erp_row_pt handler, void *data)
{
    return ngx_erp_db_rows(db, NGX_ERP_SQL_BLOCKING, handler, data);
}


static ngx_int_t
ngx_erp_db_rows(ngx_erp_db_t *db, ngx_erp_sql_e n, ngx_erp_row_pt handler,
    void *data)
{
    uint64_t        seq, id;
    ngx_int_t       rc;
    sqlite3_stmt   *stmt;
    ngx_erp_row_t   row;

    stmt = db->stmt[n];
    seq = 0;
    id = 0;

    for ( ;; ) {
        rc = ngx_erp_db_row(db, n);

        if (rc != NGX_OK) {
            return (rc == NGX_DONE) ? NGX_OK : rc;
        }

        ngx_erp_db_read_row(stmt, &row);

        /* where one is found twice another one may be missing */

        if (n == NGX_ERP_SQL_PENDING
            && (!sqlite3_column_int(stmt, NGX_ERP_DB_ROW_SAME)
                || row.seq < seq || (row.seq == seq && row.id <= id)))
        {
            (void) sqlite3_reset(stmt);
            return ngx_erp_db_damaged(db, "index of deliveries");
        }

        seq = row.seq;
        id = row.id;

        rc = handler(data, &row);

        if (rc != NGX_OK) {
            (void) sqlite3_reset(stmt);
            return rc;
        }
    }
}


void
ngx_erp_db_read_row(sqlite3_stmt *stmt, ngx_erp_row_t *row)
{
    row->id = sqlite3_column_int64(stmt, 0);
    row->state = sqlite3_column_int(stmt, 1);
    row->destination = sqlite3_column_int(stmt, 2);
    row->order = sqlite3_column_int64(stmt, 3);
    row->next_at = sqlite3_column_int64(stmt, 4);
    row->ttl_at = sqlite3_column_int64(stmt, 5);
    row->received = sqlite3_column_int64(stmt, 6);
    row->attempts = sqlite3_column_int(stmt, 7);
    row->deaths = sqlite3_column_int(stmt, 8);
    row->step = sqlite3_column_int(stmt, 9);
    row->seq = sqlite3_column_int64(stmt, 10);
}


ngx_int_t
ngx_erp_db_destinations(ngx_erp_db_t *db, ngx_erp_destination_pt handler,
    void *data)
{
    ngx_int_t               rc;
    sqlite3_stmt           *stmt;
    ngx_erp_destination_t   d;

    stmt = db->stmt[NGX_ERP_SQL_DESTINATIONS];

    for ( ;; ) {
        rc = ngx_erp_db_row(db, NGX_ERP_SQL_DESTINATIONS);

        if (rc != NGX_OK) {
            return (rc == NGX_DONE) ? NGX_OK : rc;
        }

        d.number = sqlite3_column_int(stmt, 0);
        d.uri = ngx_erp_db_column(stmt, 1);
        d.paused = sqlite3_column_int(stmt, 2) != 0;
        d.breaker = ngx_erp_db_column(stmt, 3);

        rc = handler(data, &d);

        if (rc != NGX_OK) {
            (void) sqlite3_reset(stmt);
            return rc;
        }
    }
}


ngx_int_t
ngx_erp_db_destination(ngx_erp_db_t *db, ngx_str_t *uri, uint32_t *number)
{
    uint64_t       sum;
    ngx_int_t      rc;
    ngx_uint_t     i;
    sqlite3_stmt  *stmt;

    sum = ngx_erp_db_sum(0, uri->data, uri->len);

    for (i = 0; i < db->nuris; i++) {
        if (db->uris[i].sum == sum
            && db->uris[i].uri.len == uri->len
            && ngx_memcmp(db->uris[i].uri.data, uri->data, uri->len) == 0)
        {
            *number = db->uris[i].number;
            return NGX_OK;
        }
    }

    if (uri->len == 0) {
        return ngx_erp_db_fail(db, "a destination has no URI");
    }

    stmt = db->stmt[NGX_ERP_SQL_DESTINATION];
    ngx_erp_db_bind_text(stmt, 1, uri);

    rc = ngx_erp_db_run(db, NGX_ERP_SQL_DESTINATION);
    if (rc != NGX_OK) {
        return rc;
    }

    *number = sqlite3_last_insert_rowid(db->sqlite);

    return ngx_erp_db_add_uri(db, uri, *number);
}


ngx_int_t
ngx_erp_db_destination_state(ngx_erp_db_t *db, uint32_t number,
    ngx_uint_t paused, ngx_str_t *breaker)
{
    ngx_int_t      rc;
    sqlite3_stmt  *stmt;

    rc = ngx_erp_db_save(db);
    if (rc != NGX_OK) {
        return rc;
    }

    stmt = db->stmt[NGX_ERP_SQL_DESTINATION_STATE];

    (void) sqlite3_bind_int64(stmt, 1, number);
    (void) sqlite3_bind_int(stmt, 2, paused != 0);
    ngx_erp_db_bind_text(stmt, 3, breaker);

    return ngx_erp_db_end(db,
                          ngx_erp_db_run(db, NGX_ERP_SQL_DESTINATION_STATE));
}


ngx_int_t
ngx_erp_db_uris(ngx_erp_db_t *db)
{
    ngx_int_t      rc;
    ngx_str_t      uri;
    sqlite3_stmt  *stmt;

    stmt = db->stmt[NGX_ERP_SQL_DESTINATIONS];

    while ((rc = ngx_erp_db_row(db, NGX_ERP_SQL_DESTINATIONS)) == NGX_OK) {
        uri = ngx_erp_db_column(stmt, 1);

        if (ngx_erp_db_add_uri(db, &uri, sqlite3_column_int(stmt, 0))
            != NGX_OK)
        {
            (void) sqlite3_reset(stmt);
            return NGX_ERROR;
        }
    }

    return (rc == NGX_DONE) ? NGX_OK : rc;
}


static ngx_int_t
ngx_erp_db_add_uri(ngx_erp_db_t *db, ngx_str_t *uri, uint32_t number)
{
    void              *p;
    ngx_uint_t         n;
    ngx_erp_db_uri_t  *u;

    if (db->nuris == db->uris_size) {
        n = db->uris_size ? 2 * db->uris_size : 16;

        p = realloc(db->uris, n * sizeof(ngx_erp_db_uri_t));
        if (p == NULL) {
            return ngx_erp_db_fail(db, "no memory");
        }

        db->uris = p;
        db->uris_size = n;
    }

    u = &db->uris[db->nuris];

    u->uri.data = malloc(uri->len + 1);
    if (u->uri.data == NULL) {
        return ngx_erp_db_fail(db, "no memory");
    }

    ngx_memcpy(u->uri.data, uri->data, uri->len);
    u->uri.len = uri->len;
    u->sum = ngx_erp_db_sum(0, uri->data, uri->len);
    u->number = number;

    db->nuris++;

    return NGX_OK;
}


/* those of a turn or a message that was undone have no row */

void
ngx_erp_db_uris_undo(ngx_erp_db_t *db, ngx_uint_t n)
{
    while (db->nuris > n) {
        db->nuris--;
        free(db->uris[db->nuris].uri.data);
    }
}


ngx_str_t *
ngx_erp_db_uri(ngx_erp_db_t *db, uint32_t number)
{
    ngx_uint_t  i;

    for (i = 0; i < db->nuris; i++) {
        if (db->uris[i].number == number) {
            return &db->uris[i].uri;
        }
    }

    return NULL;
}
