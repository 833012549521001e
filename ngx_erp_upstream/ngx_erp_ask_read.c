
/*
 * The API: how the store is, and its destinations.
 */

#include "ngx_erp_ask_private.h"


#define NGX_ERP_ASK_FLOWS   10000    /* messages that are looked at */
#define NGX_ERP_ASK_COUNTS  50000    /* dead letters that are counted */
#define NGX_ERP_ASK_COUNT   1000     /* of each destination at least */


typedef struct {
    ngx_erp_asking_t       *q;
    ngx_canonical_node_t   *list;
    uint64_t                most;        /* dead letters of each */
    ngx_uint_t              n;

    uint64_t                pending;
    uint64_t                inflight;
    uint64_t                dead;
    uint64_t                oldest;
    ngx_uint_t              more;
} ngx_erp_ask_dests_t;


static ngx_int_t ngx_erp_ask_each(ngx_erp_asking_t *q,
    ngx_erp_destination_pt handler, ngx_erp_ask_dests_t *dests);
static ngx_int_t ngx_erp_ask_add_up(void *data, ngx_erp_destination_t *d);
static ngx_int_t ngx_erp_ask_list(void *data, ngx_erp_destination_t *d);
static void ngx_erp_ask_describe(ngx_erp_asking_t *q,
    ngx_canonical_node_t *object, ngx_erp_destination_t *d);
static const char *ngx_erp_ask_state(ngx_erp_destination_t *d,
    ngx_erp_numbers_t *n);
static ngx_int_t ngx_erp_ask_numbers(ngx_erp_asking_t *q);
static ngx_int_t ngx_erp_ask_check(ngx_erp_asking_t *q);


ngx_int_t
ngx_erp_ask_status(ngx_erp_asking_t *q)
{
    ngx_int_t            rc;
    ngx_erp_json_t      *j;
    ngx_erp_ask_dests_t  dests;

    rc = ngx_erp_ask_each(q, ngx_erp_ask_add_up, &dests);
    if (rc != NGX_OK) {
        return rc;
    }

    j = &q->json;

    ngx_erp_json_text(j, q->root, "state", q->asked->full ? "full" : "ready");
    ngx_erp_json_time(j, q->root, "now", "now_ms", q->asked->now);
    ngx_erp_json_num(j, q->root, "pending", dests.pending);
    ngx_erp_json_num(j, q->root, "inflight", dests.inflight);
    ngx_erp_json_num(j, q->root, "dead", dests.dead);

    if (dests.more) {
        ngx_erp_json_bool(j, q->root, "dead_more", 1);
    }

    if (dests.oldest) {
        ngx_erp_json_num(j, q->root, "oldest", dests.oldest);

    } else {
        ngx_erp_json_null(j, q->root, "oldest");
    }

    ngx_erp_json_bool(j, q->root, "full", q->asked->full);

    return ngx_erp_ask_numbers(q);
}


static ngx_int_t
ngx_erp_ask_each(ngx_erp_asking_t *q, ngx_erp_destination_pt handler,
    ngx_erp_ask_dests_t *dests)
{
    ngx_int_t      rc;
    ngx_erp_db_t  *db;

    db = q->asked->db;

    ngx_memzero(dests, sizeof(ngx_erp_ask_dests_t));

    dests->q = q;
    dests->most = NGX_ERP_ASK_COUNTS / ngx_max(db->nuris, 1);
    dests->most = ngx_max(dests->most, NGX_ERP_ASK_COUNT);

    rc = ngx_erp_db_destinations(db, handler, dests);

    return (rc == NGX_OK || rc == NGX_DONE) ? NGX_OK : NGX_ABORT;
}


static ngx_int_t
ngx_erp_ask_add_up(void *data, ngx_erp_destination_t *d)
{
    ngx_erp_ask_dests_t *dests = data;

    uint64_t           dead;
    ngx_int_t          rc;
    ngx_erp_numbers_t  n;

    ngx_erp_schedule_numbers(dests->q->asked->schedule, d->number, &n);

    dests->pending += n.ready + n.inflight + n.held + n.blocked;
    dests->inflight += n.inflight;

    if (n.oldest && (dests->oldest == 0 || n.oldest < dests->oldest)) {
        dests->oldest = n.oldest;
    }

    rc = ngx_erp_query_num(dests->q->asked->db, NGX_ERP_QUERY_DEAD_COUNT,
                           d->number, dests->most + 1, &dead);

    if (dead > dests->most) {
        dests->more = 1;
        dead = dests->most;
    }

    dests->dead += dead;

    return rc;
}


static ngx_int_t
ngx_erp_ask_numbers(ngx_erp_asking_t *q)
{
    ngx_canonical_node_t  *object;
    ngx_erp_db_numbers_t   n;

    if (ngx_erp_db_numbers(q->asked->db, &n) != NGX_OK) {
        return NGX_ABORT;
    }

    object = ngx_erp_json_object(&q->json, q->root, "database");

    ngx_erp_json_num(&q->json, object, "wal", n.wal);
    ngx_erp_json_num(&q->json, object, "pages", n.pages);
    ngx_erp_json_num(&q->json, object, "free", n.free);
    ngx_erp_json_num(&q->json, object, "corrupt", n.corrupt);

    return NGX_OK;
}


ngx_int_t
ngx_erp_ask_flows(ngx_erp_asking_t *q)
{
    ngx_int_t              rc;
    ngx_str_t              flow;
    sqlite3_stmt          *stmt;
    ngx_erp_json_t        *j;
    ngx_canonical_node_t  *list, *object;

    j = &q->json;

    ngx_erp_json_num(j, q->root, "of_last", NGX_ERP_ASK_FLOWS);
    list = ngx_erp_json_array(j, q->root, "flows");

    stmt = ngx_erp_query(q->asked->db, NGX_ERP_QUERY_FLOWS, NULL,
                         NGX_ERP_ASK_FLOWS, 0);

    while ((rc = ngx_erp_query_row(q->asked->db, NGX_ERP_QUERY_FLOWS))
           == NGX_OK)
    {
        if (ngx_erp_json_full(j)) {
            ngx_erp_query_end(q->asked->db, NGX_ERP_QUERY_FLOWS);
            ngx_erp_json_bool(j, q->root, "truncated", 1);
            return NGX_OK;
        }

        object = ngx_erp_json_object(j, list, NULL);
        flow = ngx_erp_db_column(stmt, 0);

        ngx_erp_json_str(j, object, "flow", &flow);
        ngx_erp_json_num(j, object, "messages", sqlite3_column_int64(stmt, 1));
        ngx_erp_json_time(j, object, "first_received", "first_received_ms",
                          sqlite3_column_int64(stmt, 2));
        ngx_erp_json_time(j, object, "last_received", "last_received_ms",
                          sqlite3_column_int64(stmt, 3));
    }

    return (rc == NGX_DECLINED) ? NGX_OK : rc;
}


/* all, or the one whose number the path has */

ngx_int_t
ngx_erp_ask_destinations(ngx_erp_asking_t *q)
{
    ngx_int_t            rc;
    ngx_erp_ask_dests_t  dests;

    rc = ngx_erp_ask_each(q, ngx_erp_ask_list, &dests);

    if (rc != NGX_OK) {
        return rc;
    }

    if (q->number && dests.n == 0) {
        return ngx_erp_ask_refuse(q, 404, "there is no such destination",
                                  NULL);
    }

    if (q->number == 0 && dests.list == NULL) {
        (void) ngx_erp_json_array(&q->json, q->root, "destinations");
    }

    return NGX_OK;
}


static ngx_int_t
ngx_erp_ask_list(void *data, ngx_erp_destination_t *d)
{
    ngx_erp_ask_dests_t *dests = data;

    uint64_t               dead;
    ngx_int_t              rc;
    ngx_erp_json_t        *j;
    ngx_erp_asking_t      *q;
    ngx_canonical_node_t  *object;

    q = dests->q;
    j = &q->json;
    object = q->root;

    if (q->number) {
        if (d->number != q->number) {
            return NGX_OK;
        }

    } else {
        if (dests->n == 0) {
            dests->list = ngx_erp_json_array(j, q->root, "destinations");

        } else if (dests->n == NGX_ERP_ASK_MAX || ngx_erp_json_full(j)) {
            ngx_erp_json_bool(j, q->root, "truncated", 1);
            return NGX_DONE;
        }

        object = ngx_erp_json_object(j, dests->list, NULL);
    }

    dests->n++;

    rc = ngx_erp_query_num(q->asked->db, NGX_ERP_QUERY_DEAD_COUNT, d->number,
                           dests->most + 1, &dead);
    if (rc != NGX_OK) {
        return rc;
    }

    ngx_erp_ask_describe(q, object, d);

    ngx_erp_json_num(j, object, "dead", ngx_min(dead, dests->most));

    if (dead > dests->most) {
        ngx_erp_json_bool(j, object, "dead_more", 1);
    }

    return q->number ? NGX_DONE : NGX_OK;
}


static void
ngx_erp_ask_describe(ngx_erp_asking_t *q, ngx_canonical_node_t *object,
    ngx_erp_destination_t *d)
{
    ngx_erp_json_t        *j;
    ngx_erp_numbers_t      n;
    ngx_canonical_node_t  *breaker;

    static const char *const  words[] = { "closed", "open", "half-open" };

    j = &q->json;

    ngx_erp_schedule_numbers(q->asked->schedule, d->number, &n);

    ngx_erp_json_num(j, object, "number", d->number);
    ngx_erp_json_str(j, object, "uri", &d->uri);
    ngx_erp_json_text(j, object, "state", ngx_erp_ask_state(d, &n));
    ngx_erp_json_bool(j, object, "paused", d->paused);

    if (n.breaker) {
        breaker = ngx_erp_json_object(j, object, "breaker");

        ngx_erp_json_text(j, breaker, "state", words[n.breaker->state]);
        ngx_erp_json_num(j, breaker, "failures", n.breaker->consecutive);

        if (n.breaker->state == NGX_ERP_OPEN) {
            ngx_erp_json_time(j, breaker, "until", "until_ms",
                              n.breaker->until);
        }
    }

    ngx_erp_json_num(j, object, "ready", n.ready);
    ngx_erp_json_num(j, object, "inflight", n.inflight);
    ngx_erp_json_num(j, object, "held", n.held);
    ngx_erp_json_num(j, object, "blocked", n.blocked);

    if (n.oldest) {
        ngx_erp_json_num(j, object, "oldest", n.oldest);

    } else {
        ngx_erp_json_null(j, object, "oldest");
    }
}


static const char *
ngx_erp_ask_state(ngx_erp_destination_t *d, ngx_erp_numbers_t *n)
{
    if (n->breaker == NULL || !n->configured) {
        return "not configured";
    }

    if (d->paused) {
        return "paused";
    }

    switch (n->breaker->state) {

    case NGX_ERP_OPEN:
        return "down";

    case NGX_ERP_HALF_OPEN:
        return "retrying";

    default:
        return (n->breaker->consecutive && n->ready + n->inflight)
               ? "retrying" : "running";
    }
}


ngx_int_t
ngx_erp_ask_audit(ngx_erp_asking_t *q)
{
    char               hex[2 * 64];
    ngx_int_t          rc;
    ngx_str_t          hash, text;
    ngx_uint_t         i, check;
    sqlite3_stmt      *stmt;
    ngx_erp_db_t      *db;
    static const char  digits[] = "0123456789abcdef";

    check = 0;

    rc = ngx_erp_ask_flag(q, q->params, "check", &check);
    if (rc != NGX_OK) {
        return rc;
    }

    db = q->asked->db;

    rc = ngx_erp_db_row(db, NGX_ERP_SQL_AUDIT_LAST);

    if (rc == NGX_DONE) {
        ngx_erp_json_num(&q->json, q->root, "id", 0);

    } else if (rc == NGX_OK) {
        stmt = db->stmt[NGX_ERP_SQL_AUDIT_LAST];
        hash = ngx_erp_db_column(stmt, 1);
        hash.len = ngx_min(hash.len, sizeof(hex) / 2);

        for (i = 0; i < hash.len; i++) {
            hex[2 * i] = digits[hash.data[i] >> 4];
            hex[2 * i + 1] = digits[hash.data[i] & 0xf];
        }

        text.data = (u_char *) hex;
        text.len = 2 * hash.len;

        ngx_erp_json_num(&q->json, q->root, "id",
                         sqlite3_column_int64(stmt, 0));
        ngx_erp_json_str(&q->json, q->root, "hash", &text);

        (void) sqlite3_reset(stmt);

    } else {
        return NGX_ABORT;
    }

    return check ? ngx_erp_ask_check(q) : NGX_OK;
}


static ngx_int_t
ngx_erp_ask_check(ngx_erp_asking_t *q)
{
    uint64_t   bad;
    ngx_int_t  rc;

    bad = 0;

    rc = ngx_erp_db_audit_check(q->asked->db, &bad);

    if (rc == NGX_OK) {
        ngx_erp_json_bool(&q->json, q->root, "valid", 1);
        return NGX_OK;
    }

    if (rc != NGX_DECLINED) {
        return NGX_ABORT;
    }

    ngx_erp_json_bool(&q->json, q->root, "valid", 0);
    ngx_erp_json_num(&q->json, q->root, "bad", bad);

    return NGX_OK;
}


ngx_int_t
ngx_erp_ask_live(ngx_erp_asking_t *q)
{
    ngx_erp_json_text(&q->json, q->root, "state", "live");

    return NGX_OK;
}


/* whether it takes messages */

ngx_int_t
ngx_erp_ask_ready(ngx_erp_asking_t *q)
{
    if (q->asked->full) {
        q->answer->status = 503;
    }

    ngx_erp_json_text(&q->json, q->root, "state",
                      q->asked->full ? "full" : "ready");

    return NGX_OK;
}


ngx_int_t
ngx_erp_ask_metrics(ngx_erp_asking_t *q)
{
    ngx_int_t              rc;
    ngx_str_t              text;
    ngx_erp_metrics_now_t  now;

    now.db = q->asked->db;
    now.schedule = q->asked->schedule;
    now.now = q->asked->now;
    now.capacity = q->asked->capacity;

    rc = ngx_erp_metrics_print(q->asked->metrics, &now, &text);

    if (rc != NGX_OK) {
        return q->asked->db->broken ? NGX_ABORT : NGX_ERROR;
    }

    q->answer->body.data = ngx_canonical_copy(q->asked->arena, &text);
    q->answer->body.len = text.len;
    ngx_str_set(&q->answer->type, "text/plain; version=0.0.4");

    free(text.data);

    return q->answer->body.data ? NGX_OK : NGX_ERROR;
}
