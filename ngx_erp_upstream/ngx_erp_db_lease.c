
/*
 * A delivery as a worker needs it: read, checked against damage, leased.
 */

#include "ngx_erp_db_private.h"


/* columns of the statement: of the delivery first, then of others */

#define NGX_ERP_LEASE_SUM      9
#define NGX_ERP_LEASE_STATE    10
#define NGX_ERP_LEASE_TRIED    11
#define NGX_ERP_LEASE_STEP     12
#define NGX_ERP_LEASE_MESSAGE  13
#define NGX_ERP_LEASE_BODY     24
#define NGX_ERP_LEASE_RESULT   33


typedef struct {
    ngx_erp_db_delivery_t  delivery;
    ngx_erp_db_body_t      body;
    ngx_erp_message_t      message;
    ngx_str_t             *uri;
    ngx_str_t              result;
    ngx_uint_t             result_sealed;
} ngx_erp_db_leased_t;


static ngx_int_t ngx_erp_db_lease_read(ngx_erp_db_t *db, uint64_t delivery,
    ngx_erp_lease_t *lease);
static ngx_int_t ngx_erp_db_lease_check(ngx_erp_db_t *db,
    ngx_erp_db_leased_t *l);
static ngx_int_t ngx_erp_db_lease_fill(ngx_erp_db_t *db,
    ngx_erp_db_leased_t *l, ngx_erp_lease_t *lease);
static u_char *ngx_erp_db_lease_copy(u_char *p, ngx_str_t *from,
    ngx_str_t *to);
static ngx_int_t ngx_erp_db_lease_dead(ngx_erp_db_t *db, uint64_t delivery);


ngx_int_t
ngx_erp_db_lease(ngx_erp_db_t *db, uint64_t delivery, ngx_uint_t count,
    ngx_erp_lease_t *lease)
{
    ngx_int_t      rc;
    ngx_uint_t     corrupt;
    sqlite3_stmt  *stmt;

    if (db->broken) {
        return db->full ? NGX_ABORT : NGX_ERROR;
    }

    corrupt = db->corrupt;
    rc = ngx_erp_db_lease_read(db, delivery, lease);

    if (rc != NGX_OK) {
        /* the page may be damaged as well as what is in it */
        return (db->corrupt != corrupt) ? ngx_erp_db_lease_dead(db, delivery)
                                        : rc;
    }

    rc = ngx_erp_db_save(db);
    if (rc != NGX_OK) {
        return rc;
    }

    stmt = db->stmt[NGX_ERP_SQL_LEASED];

    (void) sqlite3_bind_int64(stmt, 1, delivery);
    (void) sqlite3_bind_int64(stmt, 2, lease->attempt - (count ? 0 : 1));

    return ngx_erp_db_end(db, ngx_erp_db_run(db, NGX_ERP_SQL_LEASED));
}


static ngx_int_t
ngx_erp_db_lease_read(ngx_erp_db_t *db, uint64_t delivery,
    ngx_erp_lease_t *lease)
{
    ngx_int_t             rc;
    sqlite3_stmt         *stmt;
    ngx_erp_db_leased_t   l;

    stmt = db->stmt[NGX_ERP_SQL_LEASE];
    (void) sqlite3_bind_int64(stmt, 1, delivery);

    rc = ngx_erp_db_row(db, NGX_ERP_SQL_LEASE);

    if (rc == NGX_OK) {
        switch (sqlite3_column_int(stmt, NGX_ERP_LEASE_STATE)) {

        case NGX_ERP_READY:
        case NGX_ERP_LEASED:
        case NGX_ERP_HELD:
            break;

        default:
            (void) sqlite3_reset(stmt);
            rc = NGX_DONE;
        }
    }

    if (rc != NGX_OK) {
        if (rc == NGX_DONE) {
            (void) ngx_erp_db_fail(db, "there is no such delivery");
            rc = NGX_DECLINED;
        }

        return rc;
    }

    l.delivery.id = delivery;
    rc = ngx_erp_db_lease_check(db, &l);

    if (rc == NGX_OK) {
        lease->delivery = delivery;
        rc = ngx_erp_db_lease_fill(db, &l, lease);
    }

    (void) sqlite3_reset(stmt);

    return rc;
}


/* nine columns that all who read a delivery have first */

void
ngx_erp_db_delivery_read(sqlite3_stmt *stmt, ngx_erp_db_delivery_t *d)
{
    d->message = sqlite3_column_int64(stmt, 0);
    d->body = sqlite3_column_int64(stmt, 1);
    d->destination = sqlite3_column_int64(stmt, 2);
    d->received = sqlite3_column_int64(stmt, 3);
    d->ttl_at = sqlite3_column_int64(stmt, 4);
    d->replay_of = sqlite3_column_int64(stmt, 5);
    d->order_key = ngx_erp_db_column(stmt, 6);
    d->key = ngx_erp_db_column(stmt, 7);
    d->seq = sqlite3_column_int64(stmt, 8);
}


/* rows that are not there have nulls in all columns, and the wrong number */

static ngx_int_t
ngx_erp_db_lease_check(ngx_erp_db_t *db, ngx_erp_db_leased_t *l)
{
    uint64_t       id, sum;
    sqlite3_stmt  *stmt;

    stmt = db->stmt[NGX_ERP_SQL_LEASE];

    ngx_erp_db_delivery_read(stmt, &l->delivery);
    sum = sqlite3_column_int64(stmt, NGX_ERP_LEASE_SUM);

    if (sum != ngx_erp_db_delivery_sum(&l->delivery)) {
        return ngx_erp_db_damaged(db, "delivery");
    }

    sum = ngx_erp_db_message_read(stmt, NGX_ERP_LEASE_MESSAGE, &l->message,
                                  &id);

    if (id != l->delivery.message
        || sum != ngx_erp_db_message_sum(&l->message, id))
    {
        return ngx_erp_db_damaged(db, "message");
    }

    l->body.id = sqlite3_column_int64(stmt, NGX_ERP_LEASE_BODY);
    l->body.size = sqlite3_column_int64(stmt, NGX_ERP_LEASE_BODY + 1);
    l->body.sealed = sqlite3_column_int64(stmt, NGX_ERP_LEASE_BODY + 2);
    l->body.sum = sqlite3_column_int64(stmt, NGX_ERP_LEASE_BODY + 3);
    l->body.type = ngx_erp_db_column(stmt, NGX_ERP_LEASE_BODY + 4);
    l->body.key = ngx_erp_db_column(stmt, NGX_ERP_LEASE_BODY + 5);
    l->body.map = ngx_erp_db_column(stmt, NGX_ERP_LEASE_BODY + 6);
    l->body.file = ngx_erp_db_column(stmt, NGX_ERP_LEASE_BODY + 7);
    l->body.data = ngx_erp_db_column(stmt, NGX_ERP_LEASE_BODY + 8);

    if (l->body.id != l->delivery.body
        || l->body.size > NGX_ERP_WIRE_MAX)
    {
        return ngx_erp_db_damaged(db, "body");
    }

    l->uri = ngx_erp_db_uri(db, l->delivery.destination);

    if (l->uri == NULL) {
        return ngx_erp_db_damaged(db, "destination");
    }

    l->result_sealed = sqlite3_column_int(stmt, NGX_ERP_LEASE_RESULT);
    l->result = ngx_erp_db_column(stmt, NGX_ERP_LEASE_RESULT + 1);

    return NGX_OK;
}


static ngx_int_t
ngx_erp_db_lease_fill(ngx_erp_db_t *db, ngx_erp_db_leased_t *l,
    ngx_erp_lease_t *lease)
{
    u_char        *p;
    size_t         len;
    ngx_int_t      rc;
    sqlite3_stmt  *stmt;

    stmt = db->stmt[NGX_ERP_SQL_LEASE];

    len = l->uri->len + l->delivery.order_key.len + l->delivery.key.len
          + l->body.type.len + l->body.key.len
          + l->message.correlation_id.len + l->message.traceparent.len
          + l->result.len + l->body.size;

    if (ngx_erp_db_room(&db->buffer, &db->size, len) != NGX_OK) {
        return ngx_erp_db_fail(db, "no memory");
    }

    lease->attempt = sqlite3_column_int64(stmt, NGX_ERP_LEASE_TRIED) + 1;
    lease->step = sqlite3_column_int64(stmt, NGX_ERP_LEASE_STEP);
    lease->created = l->message.received;
    lease->replay_of = l->delivery.replay_of;

    p = db->buffer;
    p = ngx_erp_db_lease_copy(p, l->uri, &lease->destination);
    p = ngx_erp_db_lease_copy(p, &l->delivery.order_key, &lease->order);
    p = ngx_erp_db_lease_copy(p, &l->delivery.key, &lease->key);
    p = ngx_erp_db_lease_copy(p, &l->body.type, &lease->object_type);
    p = ngx_erp_db_lease_copy(p, &l->body.key, &lease->object_key);
    p = ngx_erp_db_lease_copy(p, &l->message.correlation_id,
                              &lease->correlation_id);
    p = ngx_erp_db_lease_copy(p, &l->message.traceparent,
                              &lease->traceparent);

    lease->results.data = p;
    lease->results.len = ngx_erp_db_plain(l->result_sealed, l->result.len);

    rc = ngx_erp_db_unseal(db, NGX_ERP_DB_SEAL_RESULT | lease->delivery,
                           l->result_sealed, &l->result, p);
    if (rc != NGX_OK) {
        return rc;
    }

    p += lease->results.len;

    lease->body.data = p;
    lease->body.len = l->body.size;

    return ngx_erp_db_body_read(db, &l->body, p);
}


static u_char *
ngx_erp_db_lease_copy(u_char *p, ngx_str_t *from, ngx_str_t *to)
{
    to->len = from->len;
    to->data = p;

    return from->len ? ngx_cpymem(p, from->data, from->len) : p;
}


/* what was found is what is told, whether it can be noted or not */

static ngx_int_t
ngx_erp_db_lease_dead(ngx_erp_db_t *db, uint64_t delivery)
{
    char              error[sizeof(db->error)];
    ngx_int_t         rc;
    static ngx_str_t  reason = ngx_string("damaged");

    ngx_memcpy(error, db->error, sizeof(error));

    rc = ngx_erp_db_change(db, delivery, NGX_ERP_DEAD, 0, &reason);

    if (rc == NGX_OK) {
        rc = NGX_DECLINED;
    }

    ngx_memcpy(db->error, error, sizeof(error));

    return rc;
}
