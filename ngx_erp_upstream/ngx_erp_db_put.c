
/*
 * A message, its objects, its deliveries: all of it is stored, or nothing.
 */

#include "ngx_erp_db_private.h"


static ngx_int_t ngx_erp_db_put_check(ngx_erp_db_t *db, ngx_erp_message_t *m);
static ngx_int_t ngx_erp_db_put_all(ngx_erp_db_t *db, ngx_erp_message_t *m,
    uint64_t next_at, ngx_erp_put_e *verdict, uint64_t *id,
    ngx_erp_row_t *rows);
static ngx_int_t ngx_erp_db_put_message(ngx_erp_db_t *db,
    ngx_erp_message_t *m, ngx_erp_put_e *verdict, uint64_t *id);
static ngx_int_t ngx_erp_db_put_known(ngx_erp_db_t *db, ngx_erp_message_t *m,
    ngx_erp_put_e *verdict, uint64_t *id);
static ngx_int_t ngx_erp_db_put_deliveries(ngx_erp_db_t *db,
    ngx_erp_message_t *m, uint64_t id, uint64_t next_at, ngx_erp_row_t *rows);


ngx_int_t
ngx_erp_db_put(ngx_erp_db_t *db, ngx_erp_message_t *m, uint64_t next_at,
    ngx_erp_put_e *verdict, uint64_t *id, ngx_erp_row_t *rows)
{
    uint64_t    next;
    ngx_int_t   rc;
    ngx_uint_t  nuris;

    *verdict = NGX_ERP_FAILED;

    rc = ngx_erp_db_put_check(db, m);
    if (rc != NGX_OK) {
        return NGX_OK;
    }

    rc = ngx_erp_db_save(db);

    if (rc == NGX_OK) {
        nuris = db->nuris;
        next = db->next_delivery;

        rc = ngx_erp_db_put_all(db, m, next_at, verdict, id, rows);
        rc = ngx_erp_db_end(db, rc);

        if (rc == NGX_OK) {
            return NGX_OK;
        }

        ngx_erp_db_uris_undo(db, nuris);
        db->next_delivery = next;
    }

    *verdict = (rc == NGX_ABORT) ? NGX_ERP_FULL : NGX_ERP_FAILED;

    return db->broken ? rc : NGX_OK;
}


static ngx_int_t
ngx_erp_db_put_check(ngx_erp_db_t *db, ngx_erp_message_t *m)
{
    uint64_t  i;

    if (m->nobjects > NGX_ERP_DB_OBJECT_MAX) {
        return ngx_erp_db_fail(db, "a message has too many objects");
    }

    for (i = 0; i < m->ntargets; i++) {
        if (m->targets[i].object >= m->nobjects) {
            return ngx_erp_db_fail(db, "a delivery has no object");
        }

        if (m->targets[i].destination.len == 0) {
            return ngx_erp_db_fail(db, "a delivery has no destination");
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_erp_db_put_all(ngx_erp_db_t *db, ngx_erp_message_t *m, uint64_t next_at,
    ngx_erp_put_e *verdict, uint64_t *id, ngx_erp_row_t *rows)
{
    uint64_t          i, body;
    ngx_int_t         rc;
    ngx_erp_object_t  raw;

    rc = ngx_erp_db_put_message(db, m, verdict, id);

    if (rc != NGX_OK || *verdict != NGX_ERP_STORED) {
        return rc;
    }

    *verdict = NGX_ERP_FAILED;
    body = *id << NGX_ERP_DB_OBJECTS;

    if (m->raw.len) {
        ngx_memzero(&raw, sizeof(ngx_erp_object_t));
        raw.body = m->raw;

        rc = ngx_erp_db_body(db, body, &raw);
        if (rc != NGX_OK) {
            return rc;
        }
    }

    for (i = 0; i < m->nobjects; i++) {
        rc = ngx_erp_db_body(db, body + 1 + i, &m->objects[i]);
        if (rc != NGX_OK) {
            return rc;
        }
    }

    rc = ngx_erp_db_put_deliveries(db, m, *id, next_at, rows);
    if (rc != NGX_OK) {
        return rc;
    }

    *verdict = NGX_ERP_STORED;
    db->next_message = *id + 1;

    return NGX_OK;
}


static ngx_int_t
ngx_erp_db_put_message(ngx_erp_db_t *db, ngx_erp_message_t *m,
    ngx_erp_put_e *verdict, uint64_t *id)
{
    int            rc;
    sqlite3_stmt  *stmt;

    stmt = db->stmt[NGX_ERP_SQL_MESSAGE];
    *id = db->next_message;

    (void) sqlite3_bind_int64(stmt, 1, *id);
    (void) sqlite3_bind_int64(stmt, 2, m->received);
    ngx_erp_db_bind_text(stmt, 3, &m->flow);
    ngx_erp_db_bind_text(stmt, 4, &m->source);
    ngx_erp_db_bind_text(stmt, 5, &m->type);
    ngx_erp_db_bind_text(stmt, 6, &m->control_id);
    ngx_erp_db_bind_text(stmt, 7, &m->correlation_id);
    ngx_erp_db_bind_text(stmt, 8, &m->traceparent);
    ngx_erp_db_bind_blob(stmt, 9, m->dedup.data, m->dedup.len);
    ngx_erp_db_bind_blob(stmt, 10, m->hash.data, m->hash.len);
    (void) sqlite3_bind_int64(stmt, 11, ngx_erp_db_message_sum(m, *id));

    rc = sqlite3_step(stmt);

    if (rc == SQLITE_DONE) {
        (void) sqlite3_reset(stmt);
        *verdict = NGX_ERP_STORED;
        return NGX_OK;
    }

    if (rc == SQLITE_CONSTRAINT_UNIQUE) {
        (void) sqlite3_reset(stmt);
        return ngx_erp_db_put_known(db, m, verdict, id);
    }

    (void) ngx_erp_db_failed(db, rc);
    (void) sqlite3_reset(stmt);

    return ngx_erp_db_why(rc);
}


/* one that is damaged is no reason to say that it was stored */

static ngx_int_t
ngx_erp_db_put_known(ngx_erp_db_t *db, ngx_erp_message_t *m,
    ngx_erp_put_e *verdict, uint64_t *id)
{
    uint64_t            sum;
    ngx_int_t           rc;
    sqlite3_stmt       *stmt;
    ngx_erp_message_t   known;

    stmt = db->stmt[NGX_ERP_SQL_DEDUP];
    ngx_erp_db_bind_blob(stmt, 1, m->dedup.data, m->dedup.len);

    rc = ngx_erp_db_row(db, NGX_ERP_SQL_DEDUP);

    if (rc != NGX_OK) {
        return (rc == NGX_DONE) ? ngx_erp_db_damaged(db, "index of messages")
                                : rc;
    }

    sum = ngx_erp_db_message_read(stmt, 0, &known, id);

    if (sum != ngx_erp_db_message_sum(&known, *id)) {
        rc = ngx_erp_db_damaged(db, "message");

    } else if (known.hash.len == m->hash.len
               && (known.hash.len == 0
                   || ngx_memcmp(known.hash.data, m->hash.data,
                                 known.hash.len)
                      == 0))
    {
        *verdict = NGX_ERP_DUPLICATE;

    } else {
        *verdict = NGX_ERP_CONFLICT;
    }

    (void) sqlite3_reset(stmt);

    return rc;
}


/* eleven columns of a message, from the n-th on; returns its sum */

uint64_t
ngx_erp_db_message_read(sqlite3_stmt *stmt, int n, ngx_erp_message_t *m,
    uint64_t *id)
{
    *id = sqlite3_column_int64(stmt, n);
    m->received = sqlite3_column_int64(stmt, n + 1);
    m->flow = ngx_erp_db_column(stmt, n + 2);
    m->source = ngx_erp_db_column(stmt, n + 3);
    m->type = ngx_erp_db_column(stmt, n + 4);
    m->control_id = ngx_erp_db_column(stmt, n + 5);
    m->correlation_id = ngx_erp_db_column(stmt, n + 6);
    m->traceparent = ngx_erp_db_column(stmt, n + 7);
    m->dedup = ngx_erp_db_column(stmt, n + 8);
    m->hash = ngx_erp_db_column(stmt, n + 9);

    return sqlite3_column_int64(stmt, n + 10);
}


uint64_t
ngx_erp_db_message_sum(ngx_erp_message_t *m, uint64_t id)
{
    uint64_t     sum;
    ngx_uint_t   i;
    ngx_str_t   *strings[] = { &m->flow, &m->source, &m->type,
                               &m->control_id, &m->correlation_id,
                               &m->traceparent, &m->dedup, &m->hash };

    sum = ngx_erp_db_sum_num(id, m->received);

    for (i = 0; i < sizeof(strings) / sizeof(strings[0]); i++) {
        sum = ngx_erp_db_sum(sum, strings[i]->data, strings[i]->len);
    }

    return sum;
}


static ngx_int_t
ngx_erp_db_put_deliveries(ngx_erp_db_t *db, ngx_erp_message_t *m, uint64_t id,
    uint64_t next_at, ngx_erp_row_t *rows)
{
    uint64_t                i;
    uint32_t                number;
    ngx_int_t               rc;
    ngx_erp_target_t       *t;
    ngx_erp_db_delivery_t   d;

    for (i = 0; i < m->ntargets; i++) {
        t = &m->targets[i];

        rc = ngx_erp_db_destination(db, &t->destination, &number);
        if (rc != NGX_OK) {
            return rc;
        }

        d.id = db->next_delivery++;
        d.seq = d.id;
        d.message = id;
        d.body = (id << NGX_ERP_DB_OBJECTS) + 1 + t->object;
        d.destination = number;
        d.received = m->received;
        d.ttl_at = t->ttl ? m->received + t->ttl : 0;
        d.replay_of = 0;
        d.order_key = t->order;
        d.key = t->key;

        rc = ngx_erp_db_deliver(db, &d, next_at, &rows[i]);
        if (rc != NGX_OK) {
            return rc;
        }
    }

    return NGX_OK;
}


ngx_int_t
ngx_erp_db_deliver(ngx_erp_db_t *db, ngx_erp_db_delivery_t *d,
    uint64_t next_at, ngx_erp_row_t *row)
{
    sqlite3_stmt  *stmt;

    stmt = db->stmt[NGX_ERP_SQL_DELIVERY];

    row->id = d->id;
    row->seq = d->seq;
    row->order = ngx_erp_db_order(&d->order_key);
    row->next_at = next_at;
    row->ttl_at = d->ttl_at;
    row->received = d->received;
    row->destination = d->destination;
    row->attempts = 0;
    row->deaths = 0;
    row->step = 0;
    row->state = NGX_ERP_READY;

    (void) sqlite3_bind_int64(stmt, 1, d->id);
    (void) sqlite3_bind_int64(stmt, 2, d->message);
    (void) sqlite3_bind_int64(stmt, 3, d->body);
    (void) sqlite3_bind_int64(stmt, 4, d->destination);
    (void) sqlite3_bind_int64(stmt, 5, d->received);
    (void) sqlite3_bind_int64(stmt, 6, next_at);
    (void) sqlite3_bind_int64(stmt, 7, d->ttl_at);
    ngx_erp_db_bind_not_zero(stmt, 8, row->order);
    ngx_erp_db_bind_not_zero(stmt, 9, d->replay_of);
    (void) sqlite3_bind_int64(stmt, 10, ngx_erp_db_delivery_sum(d));
    ngx_erp_db_bind_text(stmt, 11, &d->order_key);
    ngx_erp_db_bind_text(stmt, 12, &d->key);
    (void) sqlite3_bind_int64(stmt, 13, d->seq);

    return ngx_erp_db_run(db, NGX_ERP_SQL_DELIVERY);
}


uint64_t
ngx_erp_db_delivery_sum(ngx_erp_db_delivery_t *d)
{
    uint64_t  sum;

    sum = ngx_erp_db_sum_num(d->id, d->seq);
    sum = ngx_erp_db_sum_num(sum, d->message);
    sum = ngx_erp_db_sum_num(sum, d->body);
    sum = ngx_erp_db_sum_num(sum, d->destination);
    sum = ngx_erp_db_sum_num(sum, d->received);
    sum = ngx_erp_db_sum_num(sum, d->ttl_at);
    sum = ngx_erp_db_sum_num(sum, d->replay_of);
    sum = ngx_erp_db_sum(sum, d->order_key.data, d->order_key.len);

    return ngx_erp_db_sum(sum, d->key.data, d->key.len);
}


uint64_t
ngx_erp_db_order(ngx_str_t *key)
{
    uint64_t  sum;

    if (key->len == 0) {
        return 0;
    }

    sum = ngx_erp_db_sum(0, key->data, key->len);

    return sum ? sum : 1;
}
