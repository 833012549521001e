
/*
 * The API: a message, its objects, their deliveries, each attempt.
 */

#include "ngx_erp_ask_private.h"


#define NGX_ERP_ASK_ROWS  1000       /* of each list within a message */


static ngx_int_t ngx_erp_ask_search(ngx_erp_asking_t *q,
    ngx_erp_ask_page_t *page, uint64_t *ids, ngx_uint_t *n);
static ngx_int_t ngx_erp_ask_found(ngx_erp_asking_t *q, ngx_erp_query_e n,
    ngx_erp_ask_page_t *page, uint64_t *ids, ngx_uint_t *nids);
static ngx_int_t ngx_erp_ask_message(ngx_erp_asking_t *q,
    ngx_canonical_node_t *list, uint64_t id, ngx_uint_t detail);
static ngx_int_t ngx_erp_ask_objects(ngx_erp_asking_t *q,
    ngx_canonical_node_t *message, uint64_t id, ngx_uint_t *truncated);
static ngx_int_t ngx_erp_ask_deliveries(ngx_erp_asking_t *q,
    ngx_canonical_node_t *message, uint64_t id, ngx_uint_t detail,
    ngx_uint_t *truncated);
static ngx_int_t ngx_erp_ask_history(ngx_erp_asking_t *q,
    ngx_canonical_node_t *delivery, uint64_t id, ngx_uint_t detail,
    ngx_uint_t *truncated);
static void ngx_erp_ask_attempt(ngx_erp_asking_t *q,
    ngx_canonical_node_t *list, ngx_erp_query_attempt_t *a,
    ngx_uint_t detail);


ngx_int_t
ngx_erp_ask_messages(ngx_erp_asking_t *q)
{
    uint64_t              *ids;
    ngx_int_t              rc;
    ngx_uint_t             i, n;
    ngx_erp_ask_page_t     page;
    ngx_canonical_node_t  *list;

    rc = ngx_erp_ask_page(q, &page);
    if (rc != NGX_OK) {
        return rc;
    }

    /* one more than are told of */

    ids = ngx_canonical_alloc(q->asked->arena,
                              (page.limit + 1) * sizeof(uint64_t));
    if (ids == NULL) {
        return NGX_ERROR;
    }

    n = 0;

    rc = ngx_erp_ask_search(q, &page, ids, &n);
    if (rc != NGX_OK) {
        return rc;
    }

    list = ngx_erp_json_array(&q->json, q->root, "messages");

    for (i = 0; i < n; i++) {

        if (i == page.limit || (i && ngx_erp_json_full(&q->json))) {
            ngx_erp_json_num(&q->json, q->root, "next", ids[i - 1]);
            break;
        }

        rc = ngx_erp_ask_message(q, list, ids[i], page.detail);
        if (rc != NGX_OK) {
            return rc;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_erp_ask_search(ngx_erp_asking_t *q, ngx_erp_ask_page_t *page,
    uint64_t *ids, ngx_uint_t *n)
{
    uint64_t                      id;
    ngx_int_t                     rc;
    ngx_str_t                     text;
    ngx_uint_t                    i, given;
    ngx_erp_query_e               by;
    static const char *const      names[] = {
        "correlation_id", "control_id", "key"
    };
    static const ngx_erp_query_e  queries[] = {
        NGX_ERP_QUERY_BY_CORRELATION, NGX_ERP_QUERY_BY_CONTROL,
        NGX_ERP_QUERY_BY_KEY
    };

    id = 0;
    by = NGX_ERP_QUERY_BY_ID;
    ngx_str_null(&text);

    rc = ngx_erp_ask_num(q, q->params, "id", 1, INT64_MAX, &id);
    given = id != 0;

    for (i = 0; rc == NGX_OK && i < sizeof(names) / sizeof(names[0]); i++) {

        if (ngx_canonical_member(q->params, names[i], ngx_strlen(names[i]))) {
            rc = ngx_erp_ask_text(q, q->params, names[i], &text);
            by = queries[i];
            given++;
        }
    }

    if (rc != NGX_OK) {
        return rc;
    }

    if (given != 1) {
        return ngx_erp_ask_refuse(q, 400, "one of id, correlation_id, key and"
                                  " control_id is needed", NULL);
    }

    if (id) {
        (void) ngx_erp_query(q->asked->db, by, NULL, id, page->after);

    } else {
        (void) ngx_erp_query(q->asked->db, by, &text, page->after,
                             NGX_ERP_ASK_SCAN);
    }

    rc = ngx_erp_ask_found(q, by, page, ids, n);

    if (rc == NGX_OK && id && *n == 0) {
        return ngx_erp_ask_refuse(q, 404, "there is no such message", "id");
    }

    return rc;
}


/* two objects of a message may have the same key */

static ngx_int_t
ngx_erp_ask_found(ngx_erp_asking_t *q, ngx_erp_query_e n,
    ngx_erp_ask_page_t *page, uint64_t *ids, ngx_uint_t *nids)
{
    uint64_t       id;
    ngx_int_t      rc;
    sqlite3_stmt  *stmt;

    stmt = q->asked->db->query->stmt[n];

    while ((rc = ngx_erp_query_row(q->asked->db, n)) == NGX_OK) {
        id = sqlite3_column_int64(stmt, 0);

        if (*nids && ids[*nids - 1] == id) {
            continue;
        }

        ids[(*nids)++] = id;

        if (*nids > page->limit) {
            ngx_erp_query_end(q->asked->db, n);
            return NGX_OK;
        }
    }

    return (rc == NGX_DECLINED) ? NGX_OK : rc;
}


static ngx_int_t
ngx_erp_ask_message(ngx_erp_asking_t *q, ngx_canonical_node_t *list,
    uint64_t id, ngx_uint_t detail)
{
    ngx_int_t              rc;
    ngx_str_t              text;
    ngx_uint_t             i, truncated;
    sqlite3_stmt          *stmt;
    ngx_erp_json_t        *j;
    ngx_canonical_node_t  *object;

    static const char *const  names[] = {
        "flow", "source", "type", "control_id", "correlation_id",
        "traceparent"
    };

    j = &q->json;

    stmt = ngx_erp_query(q->asked->db, NGX_ERP_QUERY_MESSAGE, NULL, id, 0);

    rc = ngx_erp_query_row(q->asked->db, NGX_ERP_QUERY_MESSAGE);

    if (rc != NGX_OK) {
        /* its index has it */
        return (rc == NGX_DECLINED) ? NGX_OK : rc;
    }

    object = ngx_erp_json_object(j, list, NULL);

    ngx_erp_json_num(j, object, "id", id);
    ngx_erp_json_time(j, object, "received", "received_ms",
                      sqlite3_column_int64(stmt, 1));

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        text = ngx_erp_db_column(stmt, 2 + i);
        ngx_erp_json_str(j, object, names[i], &text);
    }

    ngx_erp_query_end(q->asked->db, NGX_ERP_QUERY_MESSAGE);

    truncated = 0;

    rc = ngx_erp_ask_objects(q, object, id, &truncated);

    if (rc == NGX_OK) {
        rc = ngx_erp_ask_deliveries(q, object, id, detail, &truncated);
    }

    if (truncated) {
        ngx_erp_json_bool(j, object, "truncated", 1);
    }

    return rc;
}


/* number 0 is the message as it came */

static ngx_int_t
ngx_erp_ask_objects(ngx_erp_asking_t *q, ngx_canonical_node_t *message,
    uint64_t id, ngx_uint_t *truncated)
{
    uint64_t               number;
    ngx_int_t              rc;
    ngx_str_t              text;
    ngx_uint_t             i, rows;
    sqlite3_stmt          *stmt;
    ngx_erp_json_t        *j;
    ngx_canonical_node_t  *list, *object;

    static const char *const  names[] = { "type", "key", "map" };

    j = &q->json;
    list = ngx_erp_json_array(j, message, "objects");
    rows = 0;

    stmt = ngx_erp_query(q->asked->db, NGX_ERP_QUERY_OBJECTS, NULL, id,
                         NGX_ERP_ASK_ROWS + 1);

    while ((rc = ngx_erp_query_row(q->asked->db, NGX_ERP_QUERY_OBJECTS))
           == NGX_OK)
    {
        if (rows++ == NGX_ERP_ASK_ROWS || ngx_erp_json_full(j)) {
            *truncated = 1;
            break;
        }

        number = sqlite3_column_int64(stmt, 0) & NGX_ERP_DB_OBJECT_MAX;
        object = message;

        if (number) {
            object = ngx_erp_json_object(j, list, NULL);
            ngx_erp_json_num(j, object, "number", number);
        }

        for (i = 0; number && i < sizeof(names) / sizeof(names[0]); i++) {
            text = ngx_erp_db_column(stmt, 1 + i);
            ngx_erp_json_str(j, object, names[i], &text);
        }

        ngx_erp_json_num(j, object, number ? "size" : "raw_size",
                         sqlite3_column_int64(stmt, 4));
        ngx_erp_json_bool(j, object, "sealed", sqlite3_column_int(stmt, 5));
    }

    ngx_erp_query_end(q->asked->db, NGX_ERP_QUERY_OBJECTS);

    return (rc == NGX_DECLINED) ? NGX_OK : rc;
}


static ngx_int_t
ngx_erp_ask_deliveries(ngx_erp_asking_t *q, ngx_canonical_node_t *message,
    uint64_t id, ngx_uint_t detail, ngx_uint_t *truncated)
{
    ngx_int_t                  rc;
    ngx_uint_t                 rows;
    sqlite3_stmt              *stmt;
    ngx_erp_db_t              *db;
    ngx_canonical_node_t      *list, *object;
    ngx_erp_query_delivery_t   d;

    db = q->asked->db;
    list = ngx_erp_json_array(&q->json, message, "deliveries");
    rows = 0;

    stmt = ngx_erp_query(db, NGX_ERP_QUERY_DELIVERIES, NULL, id,
                         NGX_ERP_ASK_ROWS + 1);

    while ((rc = ngx_erp_query_row(db, NGX_ERP_QUERY_DELIVERIES)) == NGX_OK) {

        if (rows++ == NGX_ERP_ASK_ROWS || ngx_erp_json_full(&q->json)) {
            *truncated = 1;
            break;
        }

        rc = ngx_erp_query_delivery(db, sqlite3_column_int64(stmt, 0), &d);

        if (rc == NGX_OK) {
            object = ngx_erp_json_object(&q->json, list, NULL);

            ngx_erp_json_num(&q->json, object, "object",
                             d.body & NGX_ERP_DB_OBJECT_MAX);
            ngx_erp_ask_delivery(q, object, &d, detail);

            ngx_erp_query_end(db, NGX_ERP_QUERY_DELIVERY);

            rc = ngx_erp_ask_history(q, object, d.id, detail, truncated);
        }

        if (rc != NGX_OK && rc != NGX_DECLINED) {
            break;
        }
    }

    ngx_erp_query_end(db, NGX_ERP_QUERY_DELIVERIES);

    return (rc == NGX_DECLINED) ? NGX_OK : rc;
}


static ngx_int_t
ngx_erp_ask_history(ngx_erp_asking_t *q, ngx_canonical_node_t *delivery,
    uint64_t id, ngx_uint_t detail, ngx_uint_t *truncated)
{
    ngx_int_t                 rc;
    ngx_uint_t                rows;
    ngx_canonical_node_t     *list;
    ngx_erp_query_attempt_t   a;

    list = ngx_erp_json_array(&q->json, delivery, "history");
    rows = 0;

    (void) ngx_erp_query(q->asked->db, NGX_ERP_QUERY_ATTEMPTS, NULL, id,
                         NGX_ERP_ASK_ROWS + 1);

    while ((rc = ngx_erp_query_attempt(q->asked->db, &a)) == NGX_OK) {

        if (rows++ == NGX_ERP_ASK_ROWS || ngx_erp_json_full(&q->json)) {
            *truncated = 1;
            break;
        }

        ngx_erp_ask_attempt(q, list, &a, detail);
    }

    ngx_erp_query_end(q->asked->db, NGX_ERP_QUERY_ATTEMPTS);

    return (rc == NGX_DECLINED) ? NGX_OK : rc;
}


static void
ngx_erp_ask_attempt(ngx_erp_asking_t *q, ngx_canonical_node_t *list,
    ngx_erp_query_attempt_t *a, ngx_uint_t detail)
{
    ngx_erp_json_t        *j;
    ngx_canonical_node_t  *object;

    j = &q->json;
    object = ngx_erp_json_object(j, list, NULL);

    ngx_erp_json_num(j, object, "number", a->number);
    ngx_erp_json_num(j, object, "attempt", a->attempt);
    ngx_erp_json_time(j, object, "started", "started_ms", a->started);
    ngx_erp_json_num(j, object, "took_ms", a->took);
    ngx_erp_json_text(j, object, "outcome", ngx_erp_ask_outcome(a->outcome));
    ngx_erp_json_num(j, object, "status", a->status);
    ngx_erp_json_num(j, object, "step", a->step);
    ngx_erp_json_str(j, object, "code", &a->code);

    if (detail) {
        ngx_erp_json_str(j, object, "error", &a->error);
    }
}
