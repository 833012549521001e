
/*
 * The API: what an operator changes, each with a row in his book.
 */

#include "ngx_erp_ask_private.h"

#include <stdio.h>


typedef struct {
    uint32_t                number;
    u_char                  breaker[NGX_ERP_BREAKER_LEN];
    ngx_str_t               text;        /* of the breaker */
    unsigned                paused:1;
} ngx_erp_ask_known_t;


static ngx_int_t ngx_erp_ask_set_paused(ngx_erp_asking_t *q,
    ngx_uint_t paused);
static ngx_int_t ngx_erp_ask_read_state(ngx_erp_asking_t *q,
    ngx_str_t *uri, ngx_erp_ask_known_t *known);
static ngx_int_t ngx_erp_ask_read_row(void *data, ngx_erp_destination_t *d);
static ngx_int_t ngx_erp_ask_keep_state(ngx_erp_asking_t *q,
    ngx_erp_ask_known_t *known);

static ngx_int_t ngx_erp_ask_end_all(ngx_erp_asking_t *q,
    ngx_erp_state_e state);
static ngx_int_t ngx_erp_ask_end_check(ngx_erp_asking_t *q, uint64_t *ids,
    ngx_uint_t n);
static ngx_int_t ngx_erp_ask_end_one(ngx_erp_asking_t *q, uint64_t id,
    ngx_erp_state_e state, const char **result);
static ngx_int_t ngx_erp_ask_end_pending(ngx_erp_asking_t *q, uint64_t id,
    ngx_erp_query_head_t *h, ngx_erp_state_e state, const char **result);


static ngx_str_t  ngx_erp_ask_operator = ngx_string("operator");


ngx_int_t
ngx_erp_ask_pause(ngx_erp_asking_t *q)
{
    return ngx_erp_ask_set_paused(q, 1);
}


ngx_int_t
ngx_erp_ask_resume(ngx_erp_asking_t *q)
{
    return ngx_erp_ask_set_paused(q, 0);
}


static ngx_int_t
ngx_erp_ask_set_paused(ngx_erp_asking_t *q, ngx_uint_t paused)
{
    ngx_int_t             rc;
    ngx_str_t             uri;
    ngx_uint_t            before;
    ngx_erp_ask_known_t   known;

    rc = ngx_erp_ask_read_state(q, &uri, &known);
    if (rc != NGX_OK) {
        return rc;
    }

    before = known.paused;
    known.paused = paused ? 1 : 0;

    rc = ngx_erp_ask_keep_state(q, &known);
    if (rc != NGX_OK) {
        return rc;
    }

    ngx_erp_schedule_pause(q->asked->schedule, known.number, paused);

    ngx_erp_json_str(&q->json, q->root, "destination", &uri);
    ngx_erp_json_bool(&q->json, q->root, "paused", paused);
    ngx_erp_json_bool(&q->json, q->root, "changed", before != paused);

    return ngx_erp_ask_audited(q, paused ? "pause" : "resume", &uri);
}


/* an attempt goes at once, if there is one and it is not paused */

ngx_int_t
ngx_erp_ask_probe(ngx_erp_asking_t *q)
{
    ngx_int_t             rc;
    ngx_str_t             uri;
    ngx_uint_t            changed;
    ngx_erp_breaker_t    *breaker;
    ngx_erp_ask_known_t   known;

    rc = ngx_erp_ask_read_state(q, &uri, &known);
    if (rc != NGX_OK) {
        return rc;
    }

    q->changed = 1;

    changed = ngx_erp_schedule_probe(q->asked->schedule, known.number,
                                     q->asked->now);

    /* of what is kept only the breaker */

    breaker = ngx_erp_schedule_breaker(q->asked->schedule, known.number);

    if (breaker && breaker->state == NGX_ERP_OPEN) {
        known.text.len = ngx_erp_breaker_print(breaker, known.breaker)
                         - known.breaker;

        rc = ngx_erp_ask_keep_state(q, &known);
        if (rc != NGX_OK) {
            return rc;
        }
    }

    ngx_erp_json_str(&q->json, q->root, "destination", &uri);
    ngx_erp_json_bool(&q->json, q->root, "paused", known.paused);
    ngx_erp_json_bool(&q->json, q->root, "changed", changed);

    return ngx_erp_ask_audited(q, "probe", &uri);
}


/* the schedule's breaker is newer than that of the row */

static ngx_int_t
ngx_erp_ask_read_state(ngx_erp_asking_t *q, ngx_str_t *uri,
    ngx_erp_ask_known_t *known)
{
    ngx_int_t           rc;
    ngx_erp_breaker_t  *breaker;

    ngx_memzero(known, sizeof(ngx_erp_ask_known_t));

    known->text.data = known->breaker;

    rc = ngx_erp_ask_destination(q, q->params, uri, &known->number);
    if (rc != NGX_OK) {
        return rc;
    }

    if (known->number == 0) {
        return ngx_erp_ask_refuse(q, 400, "it is needed", "destination");
    }

    rc = ngx_erp_db_destinations(q->asked->db, ngx_erp_ask_read_row, known);

    if (rc != NGX_OK && rc != NGX_DONE) {
        return NGX_ABORT;
    }

    breaker = ngx_erp_schedule_breaker(q->asked->schedule, known->number);

    if (breaker) {
        known->text.len = ngx_erp_breaker_print(breaker, known->breaker)
                          - known->breaker;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_erp_ask_read_row(void *data, ngx_erp_destination_t *d)
{
    ngx_erp_ask_known_t *known = data;

    if (d->number != known->number) {
        return NGX_OK;
    }

    known->paused = d->paused;
    known->text.len = ngx_min(d->breaker.len, NGX_ERP_BREAKER_LEN);

    if (known->text.len) {
        ngx_memcpy(known->breaker, d->breaker.data, known->text.len);
    }

    return NGX_DONE;
}


static ngx_int_t
ngx_erp_ask_keep_state(ngx_erp_asking_t *q, ngx_erp_ask_known_t *known)
{
    q->changed = 1;

    if (ngx_erp_db_destination_state(q->asked->db, known->number,
                                     known->paused, &known->text)
        != NGX_OK)
    {
        return NGX_ABORT;
    }

    return NGX_OK;
}


ngx_int_t
ngx_erp_ask_skip(ngx_erp_asking_t *q)
{
    return ngx_erp_ask_end_all(q, NGX_ERP_SKIPPED);
}


ngx_int_t
ngx_erp_ask_discard(ngx_erp_asking_t *q)
{
    return ngx_erp_ask_end_all(q, NGX_ERP_DISCARDED);
}


static ngx_int_t
ngx_erp_ask_end_all(ngx_erp_asking_t *q, ngx_erp_state_e state)
{
    char                   text[128];
    uint64_t              *ids;
    ngx_int_t              rc;
    ngx_str_t              what;
    ngx_uint_t             i, n;
    const char            *result;
    ngx_canonical_node_t  *list, *object;

    ids = NULL;
    n = 0;

    rc = ngx_erp_ask_ids(q, q->params, "ids", NGX_ERP_ASK_MAX, &ids, &n);

    if (rc == NGX_OK) {
        rc = ngx_erp_ask_end_check(q, ids, n);
    }

    if (rc != NGX_OK) {
        return rc;
    }

    list = ngx_erp_json_array(&q->json, q->root, "deliveries");

    for (i = 0; i < n; i++) {
        rc = ngx_erp_ask_end_one(q, ids[i], state, &result);
        if (rc != NGX_OK) {
            return rc;
        }

        object = ngx_erp_json_object(&q->json, list, NULL);

        ngx_erp_json_num(&q->json, object, "id", ids[i]);
        ngx_erp_json_text(&q->json, object, "result", result);

        what.data = (u_char *) text;
        what.len = snprintf(text, sizeof(text), "delivery %llu: %s",
                            (unsigned long long) ids[i], result);

        rc = ngx_erp_ask_audited(q, state == NGX_ERP_SKIPPED ? "skip"
                                                             : "discard",
                                 &what);
        if (rc != NGX_OK) {
            return rc;
        }
    }

    return NGX_OK;
}


/* all of them are there, or nothing is done */

static ngx_int_t
ngx_erp_ask_end_check(ngx_erp_asking_t *q, uint64_t *ids, ngx_uint_t n)
{
    ngx_int_t              rc;
    ngx_uint_t             i;
    ngx_erp_query_head_t   h;

    if (n == 0) {
        return ngx_erp_ask_refuse(q, 400, "it is needed", "ids");
    }

    for (i = 0; i < n; i++) {
        rc = ngx_erp_query_head(q->asked->db, ids[i], &h);

        if (rc == NGX_DECLINED) {
            return ngx_erp_ask_refuse(q, 404, "there is no such delivery",
                                      "ids");
        }

        if (rc != NGX_OK) {
            return rc;
        }

        ngx_erp_query_end(q->asked->db, NGX_ERP_QUERY_HEAD);
    }

    return NGX_OK;
}


static ngx_int_t
ngx_erp_ask_end_one(ngx_erp_asking_t *q, uint64_t id, ngx_erp_state_e state,
    const char **result)
{
    ngx_int_t              rc;
    ngx_uint_t             released;
    ngx_erp_query_head_t   h;

    rc = ngx_erp_query_head(q->asked->db, id, &h);

    if (rc != NGX_OK) {
        return NGX_ABORT;
    }

    ngx_erp_query_end(q->asked->db, NGX_ERP_QUERY_HEAD);

    q->changed = 1;

    switch (h.state) {

    case NGX_ERP_READY:
    case NGX_ERP_LEASED:
    case NGX_ERP_HELD:
    case NGX_ERP_ENDING:
        return ngx_erp_ask_end_pending(q, id, &h, state, result);

    case NGX_ERP_DEAD:
        break;

    default:
        *result = "it has ended already";
        return NGX_OK;
    }

    if (ngx_erp_db_change(q->asked->db, id, state, 0, &ngx_erp_ask_operator)
        != NGX_OK)
    {
        return NGX_ABORT;
    }

    rc = ngx_erp_ask_free_key(q, h.destination, h.order, &released);

    *result = (state == NGX_ERP_SKIPPED)
              ? (released ? "skipped, its key goes on" : "skipped")
              : (released ? "discarded, its key goes on" : "discarded");

    return rc;
}


static ngx_int_t
ngx_erp_ask_end_pending(ngx_erp_asking_t *q, uint64_t id,
    ngx_erp_query_head_t *h, ngx_erp_state_e state, const char **result)
{
    ngx_erp_row_t  row;

    *result = (state == NGX_ERP_SKIPPED) ? "skipped" : "discarded";

    if (ngx_erp_schedule_remove(q->asked->schedule, id) == NGX_AGAIN) {
        *result = "in flight, ends with its attempt";
        state = NGX_ERP_ENDING;
    }

    if (ngx_erp_db_change(q->asked->db, id, state, 0, &ngx_erp_ask_operator)
        != NGX_OK)
    {
        return NGX_ABORT;
    }

    if (state != NGX_ERP_ENDING && q->asked->ended) {
        ngx_memzero(&row, sizeof(ngx_erp_row_t));

        row.id = id;
        row.destination = h->destination;
        row.received = h->received;
        row.state = state;

        q->asked->ended(q->asked->data, &row, "operator");
    }

    return NGX_OK;
}


ngx_int_t
ngx_erp_ask_free_key(ngx_erp_asking_t *q, uint32_t destination,
    uint64_t order, ngx_uint_t *released)
{
    uint64_t   other;
    ngx_int_t  rc;

    *released = 0;

    if (order == 0) {
        return NGX_OK;
    }

    rc = ngx_erp_query_num(q->asked->db, NGX_ERP_QUERY_BLOCKS, destination,
                           order, &other);

    if (rc == NGX_OK && other == 0) {
        ngx_erp_schedule_release(q->asked->schedule, destination, order);
        *released = 1;
    }

    return rc;
}


/* a key goes on, and its dead letters stay as they are */

ngx_int_t
ngx_erp_ask_release(ngx_erp_asking_t *q)
{
    uint32_t    destination;
    uint64_t    hash, n;
    ngx_int_t   rc;
    ngx_str_t   uri, order, what;

    ngx_str_null(&order);

    rc = ngx_erp_ask_destination(q, q->params, &uri, &destination);

    if (rc == NGX_OK) {
        rc = ngx_erp_ask_text(q, q->params, "order", &order);
    }

    if (rc != NGX_OK) {
        return rc;
    }

    if (destination == 0 || order.len == 0) {
        return ngx_erp_ask_refuse(q, 400, "it is needed",
                                  destination ? "order" : "destination");
    }

    hash = ngx_erp_db_order(&order);

    if (ngx_erp_query_release(q->asked->db, destination, hash, &n) != NGX_OK) {
        return NGX_ABORT;
    }

    if (n == 0) {
        return ngx_erp_ask_refuse(q, 404, "no dead letter holds this key",
                                  "order");
    }

    q->changed = 1;

    ngx_erp_schedule_release(q->asked->schedule, destination, hash);

    ngx_erp_json_str(&q->json, q->root, "destination", &uri);
    ngx_erp_json_str(&q->json, q->root, "order", &order);
    ngx_erp_json_num(&q->json, q->root, "dead_letters", n);

    if (ngx_erp_json_print(&q->json, q->root, &what) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_erp_ask_audited(q, "release", &what);
}


ngx_int_t
ngx_erp_ask_audited(ngx_erp_asking_t *q, const char *action, ngx_str_t *what)
{
    ngx_str_t  who, did, cut;

    who = q->ask->who;
    ngx_erp_json_cut(&who, NGX_ERP_JSON_STRING);

    cut = *what;
    ngx_erp_json_cut(&cut, NGX_ERP_JSON_STRING);

    did.data = (u_char *) action;
    did.len = ngx_strlen(action);

    q->changed = 1;

    if (ngx_erp_db_audit(q->asked->db, &who, &did, &cut, &q->reason)
        != NGX_OK)
    {
        return NGX_ABORT;
    }

    return NGX_OK;
}
