
/*
 * The API: dead letters that are to go once more.
 */

#include "ngx_erp_ask_private.h"

#include <stdio.h>


typedef struct {
    uint64_t                limit;
    uint64_t                rate;
    ngx_uint_t              new_key;

    uint64_t               *ids;
    uint64_t                n;
    uint64_t                matched;
    uint64_t                replayed;
    uint64_t                failed;

    ngx_canonical_node_t   *list;        /* of the answer */
} ngx_erp_ask_replays_t;


static ngx_int_t ngx_erp_ask_replay_params(ngx_erp_asking_t *q,
    ngx_erp_ask_filter_t *f, ngx_erp_ask_replays_t *r, ngx_uint_t *dry);
static int ngx_erp_ask_compare(const void *a, const void *b);
static ngx_int_t ngx_erp_ask_collect(ngx_erp_asking_t *q, void *data,
    uint64_t id, ngx_str_t *reason);
static ngx_int_t ngx_erp_ask_replay_all(ngx_erp_asking_t *q,
    ngx_erp_ask_replays_t *r);
static ngx_int_t ngx_erp_ask_replay_one(ngx_erp_asking_t *q,
    ngx_erp_ask_replays_t *r, uint64_t id);
static void ngx_erp_ask_replay_listed(ngx_erp_asking_t *q,
    ngx_erp_ask_replays_t *r, uint64_t id, ngx_erp_row_t *row);
static ngx_int_t ngx_erp_ask_new_key(ngx_erp_asking_t *q, uint64_t id,
    ngx_str_t *key);
static ngx_int_t ngx_erp_ask_replay_audit(ngx_erp_asking_t *q,
    ngx_erp_ask_replays_t *r);


static ngx_str_t  ngx_erp_ask_replayed = ngx_string("replayed");


/*
 * A replay is a delivery of its own.  Of a dead letter that holds its key it
 * is in front of all that waits for that, with several of a key in their
 * order; else it is behind those of its key.  The dead letter is DISCARDED
 * then, so that the same filter does not take it again, and does not hold its
 * key any more.
 */

ngx_int_t
ngx_erp_ask_replay(ngx_erp_asking_t *q)
{
    uint64_t                next;
    ngx_int_t               rc;
    ngx_uint_t              dry;
    ngx_erp_json_t         *j;
    ngx_erp_ask_filter_t    f;
    ngx_erp_ask_replays_t   r;

    ngx_memzero(&r, sizeof(ngx_erp_ask_replays_t));

    next = 0;

    rc = ngx_erp_ask_replay_params(q, &f, &r, &dry);

    if (rc == NGX_OK) {
        rc = ngx_erp_ask_dead(q, &f, ngx_erp_ask_collect, &r, &next);
    }

    if (rc == NGX_OK && !dry) {
        r.list = ngx_erp_json_array(&q->json, q->root, "deliveries");

        rc = ngx_erp_ask_replay_all(q, &r);

        if (rc == NGX_OK) {
            rc = ngx_erp_ask_replay_audit(q, &r);
        }
    }

    if (rc != NGX_OK) {
        return rc;
    }

    j = &q->json;

    ngx_erp_json_num(j, q->root, "matched", r.matched);
    ngx_erp_json_num(j, q->root, "replayed", r.replayed);

    if (r.failed) {
        ngx_erp_json_num(j, q->root, "failed", r.failed);
    }

    ngx_erp_json_bool(j, q->root, "dry_run", dry);
    ngx_erp_json_bool(j, q->root, "complete", next == 0);

    /* those over the limit are found again without it */

    if (next && (dry || r.matched == r.n)) {
        ngx_erp_json_num(j, q->root, "next", next);
    }

    return NGX_OK;
}


static ngx_int_t
ngx_erp_ask_replay_params(ngx_erp_asking_t *q, ngx_erp_ask_filter_t *f,
    ngx_erp_ask_replays_t *r, ngx_uint_t *dry)
{
    ngx_int_t              rc;
    ngx_canonical_node_t  *filter;

    *dry = 0;
    r->limit = NGX_ERP_ASK_MAX;

    filter = ngx_canonical_get(q->params, "filter");

    if (filter == NULL || filter->kind != NGX_CANONICAL_OBJECT) {
        return ngx_erp_ask_refuse(q, 400, "an object is needed", "filter");
    }

    rc = ngx_erp_ask_known(q, filter, NGX_ERP_ASK_FILTER "ids ");

    if (rc == NGX_OK) {
        rc = ngx_erp_ask_filter(q, filter, f);
    }

    if (rc == NGX_OK) {
        rc = ngx_erp_ask_ids(q, filter, "ids", NGX_ERP_ASK_MAX, &f->ids,
                             &f->nids);
    }

    if (rc == NGX_OK) {
        rc = ngx_erp_ask_flag(q, q->params, "dry_run", dry);
    }

    if (rc == NGX_OK) {
        rc = ngx_erp_ask_flag(q, q->params, "new_key", &r->new_key);
    }

    if (rc == NGX_OK) {
        rc = ngx_erp_ask_num(q, q->params, "limit", 1, NGX_ERP_ASK_REPLAYS,
                             &r->limit);
    }

    if (rc == NGX_OK) {
        rc = ngx_erp_ask_num(q, q->params, "rate", 1, 100000, &r->rate);
    }

    if (rc != NGX_OK) {
        return rc;
    }

    if (f->ids) {
        qsort(f->ids, f->nids, sizeof(uint64_t), ngx_erp_ask_compare);
    }

    r->ids = ngx_canonical_alloc(q->asked->arena,
                                 r->limit * sizeof(uint64_t));

    return r->ids ? NGX_OK : NGX_ERROR;
}


/* those of a key are replayed in their order */

static int
ngx_erp_ask_compare(const void *a, const void *b)
{
    uint64_t  first, second;

    first = *(const uint64_t *) a;
    second = *(const uint64_t *) b;

    return (first > second) - (first < second);
}


static ngx_int_t
ngx_erp_ask_collect(ngx_erp_asking_t *q, void *data, uint64_t id,
    ngx_str_t *reason)
{
    ngx_erp_ask_replays_t *r = data;

    /* an id may be given twice */

    if (r->n && r->ids[r->n - 1] == id) {
        return NGX_OK;
    }

    r->matched++;

    if (r->n < r->limit) {
        r->ids[r->n++] = id;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_erp_ask_replay_all(ngx_erp_asking_t *q, ngx_erp_ask_replays_t *r)
{
    uint64_t   i;
    ngx_int_t  rc;

    for (i = 0; i < r->n; i++) {
        q->changed = 1;

        rc = ngx_erp_ask_replay_one(q, r, r->ids[i]);

        if (rc == NGX_OK) {
            r->replayed++;

        } else if (rc == NGX_DECLINED) {
            r->failed++;

        } else {
            return rc;
        }
    }

    return NGX_OK;
}


/* NGX_DECLINED: it is damaged */

static ngx_int_t
ngx_erp_ask_replay_one(ngx_erp_asking_t *q, ngx_erp_ask_replays_t *r,
    uint64_t id)
{
    uint64_t               next_at;
    ngx_int_t              rc;
    ngx_str_t              key;
    ngx_uint_t             first, released;
    ngx_erp_db_t          *db;
    ngx_erp_row_t          row;
    ngx_erp_query_head_t   h;

    db = q->asked->db;

    rc = ngx_erp_query_head(db, id, &h);
    if (rc != NGX_OK) {
        return rc;
    }

    key = h.key;

    rc = r->new_key ? ngx_erp_ask_new_key(q, id, &key) : NGX_OK;

    ngx_erp_query_end(db, NGX_ERP_QUERY_HEAD);

    if (rc != NGX_OK) {
        return rc;
    }

    next_at = q->asked->now;

    if (r->rate) {
        next_at += r->replayed * 1000 / r->rate;
    }

    first = ngx_erp_schedule_held(q->asked->schedule, h.destination, h.order);

    rc = ngx_erp_db_replay(db, id, first, r->new_key ? &key : NULL, next_at,
                           &row);

    if (rc != NGX_OK) {
        return (rc == NGX_DECLINED) ? NGX_DECLINED : NGX_ABORT;
    }

    if (ngx_erp_db_change(db, id, NGX_ERP_DISCARDED, 0, &ngx_erp_ask_replayed)
        != NGX_OK)
    {
        return NGX_ABORT;
    }

    if (ngx_erp_schedule_add(q->asked->schedule, &row) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_erp_metrics_replayed(q->asked->metrics, row.destination);

    ngx_erp_ask_replay_listed(q, r, id, &row);

    return ngx_erp_ask_free_key(q, h.destination, h.order, &released);
}


/* the first ones; of a delivery without a key there is no position */

static void
ngx_erp_ask_replay_listed(ngx_erp_asking_t *q, ngx_erp_ask_replays_t *r,
    uint64_t id, ngx_erp_row_t *row)
{
    ngx_canonical_node_t  *object;

    if (r->replayed >= NGX_ERP_ASK_MAX) {
        return;
    }

    object = ngx_erp_json_object(&q->json, r->list, NULL);

    ngx_erp_json_num(&q->json, object, "id", id);
    ngx_erp_json_num(&q->json, object, "replay", row->id);

    if (row->order) {
        ngx_erp_json_text(&q->json, object, "position",
                          (row->seq < row->id) ? "first" : "last");
    }
}


static ngx_int_t
ngx_erp_ask_new_key(ngx_erp_asking_t *q, uint64_t id, ngx_str_t *key)
{
    char       more[32];
    u_char    *p;
    size_t     len;

    len = snprintf(more, sizeof(more), "%sreplay-%llu", key->len ? "-" : "",
                   (unsigned long long) id);

    p = ngx_canonical_bytes(q->asked->arena, key->len + len);

    if (p == NULL) {
        return NGX_ERROR;
    }

    if (key->len) {
        ngx_memcpy(p, key->data, key->len);
    }

    ngx_memcpy(p + key->len, more, len);

    key->data = p;
    key->len += len;

    return NGX_OK;
}


/* the deliveries tell by replay_of which ones */

static ngx_int_t
ngx_erp_ask_replay_audit(ngx_erp_asking_t *q, ngx_erp_ask_replays_t *r)
{
    ngx_str_t              what, filter;
    ngx_erp_json_t         j;
    ngx_canonical_node_t  *root;

    ngx_erp_json_init(&j, q->asked->arena);

    if (ngx_erp_json_print(&j, ngx_canonical_get(q->params, "filter"),
                           &filter)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    root = ngx_erp_json_root(&j);

    ngx_erp_json_num(&j, root, "matched", r->matched);
    ngx_erp_json_num(&j, root, "replayed", r->replayed);
    ngx_erp_json_bool(&j, root, "new_key", r->new_key);
    ngx_erp_json_str(&j, root, "filter", &filter);

    if (ngx_erp_json_print(&j, root, &what) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_erp_ask_audited(q, "replay", &what);
}
