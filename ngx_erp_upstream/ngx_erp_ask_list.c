
/*
 * The API: what waits at a destination, and dead letters by a filter.
 */

#include "ngx_erp_ask_private.h"


#define NGX_ERP_ASK_REASONS  32
#define NGX_ERP_ASK_REASON   32      /* bytes of the word */


typedef struct {
    char                    word[NGX_ERP_ASK_REASON + 1];
    uint64_t                n;
} ngx_erp_ask_reason_t;


typedef struct {
    ngx_erp_ask_page_t      page;
    ngx_canonical_node_t   *list;
    uint64_t                listed;
    uint64_t                matched;
    uint64_t                last;        /* listed */
    ngx_erp_ask_reason_t    reasons[NGX_ERP_ASK_REASONS];
    ngx_uint_t              nreasons;
    uint64_t                more;        /* of other reasons */
} ngx_erp_ask_letters_t;


static ngx_int_t ngx_erp_ask_pending(ngx_erp_asking_t *q,
    ngx_canonical_node_t *list, ngx_erp_ask_page_t *page,
    uint32_t destination, uint64_t *next);
static ngx_int_t ngx_erp_ask_item(ngx_erp_asking_t *q,
    ngx_canonical_node_t *list, uint64_t id, ngx_uint_t detail);
static ngx_int_t ngx_erp_ask_letter(ngx_erp_asking_t *q, void *data,
    uint64_t id, ngx_str_t *reason);
static void ngx_erp_ask_count(ngx_erp_ask_letters_t *letters,
    ngx_str_t *reason);
static ngx_int_t ngx_erp_ask_dead_ids(ngx_erp_asking_t *q,
    ngx_erp_ask_filter_t *f, ngx_erp_ask_dead_pt handler, void *data);
static ngx_int_t ngx_erp_ask_deep(ngx_erp_asking_t *q,
    ngx_erp_ask_filter_t *f, uint64_t id);
static ngx_uint_t ngx_erp_ask_takes(ngx_erp_ask_filter_t *f,
    uint32_t destination, uint64_t ended, ngx_str_t *reason);
static ngx_uint_t ngx_erp_ask_takes_deep(ngx_erp_ask_filter_t *f,
    ngx_erp_query_delivery_t *d);
static ngx_uint_t ngx_erp_ask_same(ngx_str_t *a, ngx_str_t *b);


static const char *const  ngx_erp_ask_states[] = {
    "ready", "leased", "delivered", "dead", "held", "skipped", "discarded",
    "ending"
};


ngx_int_t
ngx_erp_ask_queues(ngx_erp_asking_t *q)
{
    uint32_t               destination;
    uint64_t               next;
    ngx_int_t              rc;
    ngx_str_t              uri;
    ngx_erp_ask_page_t     page;
    ngx_canonical_node_t  *list;

    destination = 0;

    rc = ngx_erp_ask_page(q, &page);

    if (rc == NGX_OK) {
        rc = ngx_erp_ask_destination(q, q->params, &uri, &destination);
    }

    if (rc != NGX_OK) {
        return rc;
    }

    next = 0;
    list = ngx_erp_json_array(&q->json, q->root, "deliveries");

    rc = ngx_erp_ask_pending(q, list, &page, destination, &next);

    if (rc == NGX_OK && next) {
        ngx_erp_json_num(&q->json, q->root, "next", next);
    }

    return rc;
}


/* *next is set when there may be more */

static ngx_int_t
ngx_erp_ask_pending(ngx_erp_asking_t *q, ngx_canonical_node_t *list,
    ngx_erp_ask_page_t *page, uint32_t destination, uint64_t *next)
{
    uint64_t       id, last, listed;
    ngx_int_t      rc;
    ngx_uint_t     scanned;
    sqlite3_stmt  *stmt;
    ngx_erp_db_t  *db;

    db = q->asked->db;

    last = page->after;
    listed = 0;
    scanned = 0;

    stmt = ngx_erp_query(db, NGX_ERP_QUERY_PENDING, NULL, page->after,
                         NGX_ERP_ASK_SCAN + 1);

    while ((rc = ngx_erp_query_row(db, NGX_ERP_QUERY_PENDING)) == NGX_OK) {
        id = sqlite3_column_int64(stmt, 0);

        if (scanned++ == NGX_ERP_ASK_SCAN) {
            *next = last;
            break;
        }

        if (destination == 0
            || (uint32_t) sqlite3_column_int(stmt, 1) == destination)
        {
            if (listed == page->limit || ngx_erp_json_full(&q->json)) {
                *next = last;
                break;
            }

            rc = ngx_erp_ask_item(q, list, id, page->detail);

            if (rc != NGX_OK) {
                break;
            }

            listed++;
        }

        last = sqlite3_column_int64(stmt, 2);
    }

    ngx_erp_query_end(db, NGX_ERP_QUERY_PENDING);

    return (rc == NGX_DECLINED) ? NGX_OK : rc;
}


static ngx_int_t
ngx_erp_ask_item(ngx_erp_asking_t *q, ngx_canonical_node_t *list, uint64_t id,
    ngx_uint_t detail)
{
    ngx_int_t                  rc;
    ngx_canonical_node_t      *object;
    ngx_erp_query_delivery_t   d;

    rc = ngx_erp_query_delivery(q->asked->db, id, &d);

    if (rc == NGX_OK) {
        object = ngx_erp_json_object(&q->json, list, NULL);

        ngx_erp_ask_delivery(q, object, &d, detail);

        ngx_erp_json_num(&q->json, object, "message", d.message);
        ngx_erp_json_str(&q->json, object, "correlation_id",
                         &d.correlation_id);
        ngx_erp_json_str(&q->json, object, "control_id", &d.control_id);

        ngx_erp_query_end(q->asked->db, NGX_ERP_QUERY_DELIVERY);
    }

    /* the index has it and the table does not: not for the API to judge */

    return (rc == NGX_DECLINED) ? NGX_OK : rc;
}


void
ngx_erp_ask_delivery(ngx_erp_asking_t *q, ngx_canonical_node_t *object,
    ngx_erp_query_delivery_t *d, ngx_uint_t detail)
{
    uint64_t         now;
    ngx_str_t       *uri;
    ngx_erp_json_t  *j;

    j = &q->json;
    now = q->asked->now;

    ngx_erp_json_num(j, object, "id", d->id);

    uri = ngx_erp_db_uri(q->asked->db, d->destination);

    if (uri) {
        ngx_erp_json_str(j, object, "destination", uri);
    }

    ngx_erp_json_text(j, object, "state",
                      d->state <= NGX_ERP_ENDING
                      ? ngx_erp_ask_states[d->state] : "damaged");

    ngx_erp_json_str(j, object, "reason", &d->reason);
    ngx_erp_json_str(j, object, "type", &d->object_type);
    ngx_erp_json_str(j, object, "object_key", &d->object_key);
    ngx_erp_json_str(j, object, "key", &d->key);
    ngx_erp_json_str(j, object, "order", &d->order_key);
    ngx_erp_json_num(j, object, "attempts", d->attempts);
    ngx_erp_json_num(j, object, "step", d->step);

    if (d->deaths) {
        ngx_erp_json_num(j, object, "deaths", d->deaths);
    }

    if (d->replay_of) {
        ngx_erp_json_num(j, object, "replay_of", d->replay_of);
    }

    ngx_erp_json_time(j, object, "received", "received_ms", d->received);

    if (d->ended) {
        ngx_erp_json_time(j, object, "ended", "ended_ms", d->ended);

    } else {
        ngx_erp_json_num(j, object, "age_ms",
                         now > d->received ? now - d->received : 0);
        ngx_erp_json_time(j, object, "next_at", "next_at_ms", d->next_at);
        ngx_erp_json_time(j, object, "expires", "expires_ms", d->ttl_at);
    }

    if (d->outcome) {
        ngx_erp_json_text(j, object, "outcome",
                          ngx_erp_ask_outcome(d->outcome));
        ngx_erp_json_num(j, object, "status", d->status);
        ngx_erp_json_str(j, object, "code", &d->code);

        if (detail) {
            ngx_erp_json_str(j, object, "error", &d->error);
        }
    }
}


const char *
ngx_erp_ask_outcome(uint64_t outcome)
{
    static const char *const  outcomes[] = {
        "none", "done", "retry", "down", "unknown", "bad"
    };

    return (outcome <= NGX_ERP_BAD) ? outcomes[outcome] : "damaged";
}


ngx_int_t
ngx_erp_ask_dead_letters(ngx_erp_asking_t *q)
{
    uint64_t                next;
    ngx_int_t               rc;
    ngx_uint_t              i;
    ngx_erp_json_t         *j;
    ngx_canonical_node_t   *reasons;
    ngx_erp_ask_filter_t    f;
    ngx_erp_ask_letters_t  *letters;

    /* it lives as long as the answer, which has the words of it */

    letters = ngx_canonical_zalloc(q->asked->arena,
                                   sizeof(ngx_erp_ask_letters_t));
    if (letters == NULL) {
        return NGX_ERROR;
    }

    rc = ngx_erp_ask_page(q, &letters->page);

    if (rc == NGX_OK) {
        rc = ngx_erp_ask_filter(q, q->params, &f);
    }

    if (rc != NGX_OK) {
        return rc;
    }

    j = &q->json;
    letters->list = ngx_erp_json_array(j, q->root, "dead_letters");

    rc = ngx_erp_ask_dead(q, &f, ngx_erp_ask_letter, letters, &next);

    if (rc != NGX_OK) {
        return rc;
    }

    reasons = ngx_erp_json_object(j, q->root, "reasons");

    for (i = 0; i < letters->nreasons; i++) {
        ngx_erp_json_num(j, reasons, letters->reasons[i].word,
                         letters->reasons[i].n);
    }

    if (letters->more) {
        ngx_erp_json_num(j, reasons, "more", letters->more);
    }

    ngx_erp_json_num(j, q->root, "matched", letters->matched);
    ngx_erp_json_bool(j, q->root, "complete", next == 0);

    if (letters->matched > letters->listed) {
        next = letters->last;
    }

    if (next) {
        ngx_erp_json_num(j, q->root, "next", next);
    }

    return NGX_OK;
}


/* those that are not listed any more are counted */

static ngx_int_t
ngx_erp_ask_letter(ngx_erp_asking_t *q, void *data, uint64_t id,
    ngx_str_t *reason)
{
    ngx_erp_ask_letters_t *letters = data;

    ngx_erp_ask_count(letters, reason);

    if (letters->matched++ != letters->listed
        || letters->listed == letters->page.limit
        || ngx_erp_json_full(&q->json))
    {
        return NGX_OK;
    }

    letters->listed++;
    letters->last = id;

    return ngx_erp_ask_item(q, letters->list, id, letters->page.detail);
}


static void
ngx_erp_ask_count(ngx_erp_ask_letters_t *letters, ngx_str_t *reason)
{
    ngx_str_t              word;
    ngx_uint_t             i;
    ngx_erp_ask_reason_t  *r;

    word = *reason;
    ngx_erp_json_cut(&word, NGX_ERP_ASK_REASON);

    if (word.len == 0) {
        ngx_str_set(&word, "other");
    }

    for (i = 0; i < letters->nreasons; i++) {
        r = &letters->reasons[i];

        if (ngx_strlen(r->word) == word.len
            && ngx_memcmp(r->word, word.data, word.len) == 0)
        {
            r->n++;
            return;
        }
    }

    if (letters->nreasons == NGX_ERP_ASK_REASONS) {
        letters->more++;
        return;
    }

    r = &letters->reasons[letters->nreasons++];

    ngx_memcpy(r->word, word.data, word.len);
    r->word[word.len] = '\0';
    r->n = 1;
}


ngx_int_t
ngx_erp_ask_filter(ngx_erp_asking_t *q, ngx_canonical_node_t *object,
    ngx_erp_ask_filter_t *f)
{
    ngx_int_t  rc;
    ngx_str_t  uri;

    ngx_memzero(f, sizeof(ngx_erp_ask_filter_t));

    f->until = INT64_MAX;

    rc = ngx_erp_ask_destination(q, object, &uri, &f->destination);

    if (rc == NGX_OK) {
        rc = ngx_erp_ask_text(q, object, "reason", &f->reason);
    }

    if (rc == NGX_OK) {
        rc = ngx_erp_ask_text(q, object, "type", &f->type);
    }

    if (rc == NGX_OK) {
        rc = ngx_erp_ask_text(q, object, "key", &f->key);
    }

    if (rc == NGX_OK) {
        rc = ngx_erp_ask_time(q, object, "since", &f->since);
    }

    if (rc == NGX_OK) {
        rc = ngx_erp_ask_time(q, object, "until", &f->until);
    }

    if (rc == NGX_OK) {
        rc = ngx_erp_ask_num(q, object, "status", 1, 999, &f->status);
    }

    if (rc == NGX_OK) {
        rc = ngx_erp_ask_num(q, object, "after", 0, INT64_MAX, &f->after);
    }

    f->deep = f->type.len || f->key.len || f->status;

    return rc;
}


ngx_int_t
ngx_erp_ask_dead(ngx_erp_asking_t *q, ngx_erp_ask_filter_t *f,
    ngx_erp_ask_dead_pt handler, void *data, uint64_t *next)
{
    uint64_t              last;
    ngx_int_t             rc;
    ngx_uint_t            scanned, reads;
    ngx_erp_db_t         *db;
    ngx_erp_query_dead_t  dead;

    *next = 0;

    if (f->ids) {
        return ngx_erp_ask_dead_ids(q, f, handler, data);
    }

    db = q->asked->db;

    last = f->after;
    scanned = 0;
    reads = 0;

    (void) ngx_erp_query(db, NGX_ERP_QUERY_DEAD, NULL, f->after,
                         NGX_ERP_ASK_SCAN + 1);

    while ((rc = ngx_erp_query_dead(db, &dead)) == NGX_OK) {

        if (scanned++ == NGX_ERP_ASK_SCAN || reads == NGX_ERP_ASK_READ) {
            *next = last;
            break;
        }

        last = dead.id;

        if (!ngx_erp_ask_takes(f, dead.destination, dead.ended, &dead.reason))
        {
            continue;
        }

        if (f->deep) {
            reads++;
            rc = ngx_erp_ask_deep(q, f, dead.id);
        }

        if (rc == NGX_OK) {
            rc = handler(q, data, dead.id, &dead.reason);
        }

        if (rc != NGX_OK && rc != NGX_DECLINED) {
            break;
        }
    }

    ngx_erp_query_end(db, NGX_ERP_QUERY_DEAD);

    return (rc == NGX_DECLINED) ? NGX_OK : rc;
}


/* whole rows: the index is not asked */

static ngx_int_t
ngx_erp_ask_dead_ids(ngx_erp_asking_t *q, ngx_erp_ask_filter_t *f,
    ngx_erp_ask_dead_pt handler, void *data)
{
    ngx_int_t                  rc;
    ngx_uint_t                 i, takes;
    ngx_erp_query_delivery_t   d;

    for (i = 0; i < f->nids; i++) {

        rc = ngx_erp_query_delivery(q->asked->db, f->ids[i], &d);

        if (rc == NGX_DECLINED) {
            return ngx_erp_ask_refuse(q, 404, "there is no such delivery",
                                      "ids");
        }

        if (rc != NGX_OK) {
            return rc;
        }

        takes = d.state == NGX_ERP_DEAD
                && d.id > f->after
                && ngx_erp_ask_takes(f, d.destination, d.ended, &d.reason)
                && ngx_erp_ask_takes_deep(f, &d);

        rc = takes ? handler(q, data, d.id, &d.reason) : NGX_OK;

        ngx_erp_query_end(q->asked->db, NGX_ERP_QUERY_DELIVERY);

        if (rc != NGX_OK) {
            return rc;
        }
    }

    return NGX_OK;
}


/* NGX_OK, NGX_DECLINED: not this one, or NGX_ABORT */

static ngx_int_t
ngx_erp_ask_deep(ngx_erp_asking_t *q, ngx_erp_ask_filter_t *f, uint64_t id)
{
    ngx_int_t                  rc;
    ngx_erp_query_delivery_t   d;

    rc = ngx_erp_query_delivery(q->asked->db, id, &d);

    if (rc == NGX_OK) {
        rc = ngx_erp_ask_takes_deep(f, &d) ? NGX_OK : NGX_DECLINED;
        ngx_erp_query_end(q->asked->db, NGX_ERP_QUERY_DELIVERY);
    }

    return rc;
}


static ngx_uint_t
ngx_erp_ask_takes(ngx_erp_ask_filter_t *f, uint32_t destination,
    uint64_t ended, ngx_str_t *reason)
{
    return (f->destination == 0 || f->destination == destination)
           && (f->reason.len == 0 || ngx_erp_ask_same(&f->reason, reason))
           && ended >= f->since && ended < f->until;
}


static ngx_uint_t
ngx_erp_ask_takes_deep(ngx_erp_ask_filter_t *f, ngx_erp_query_delivery_t *d)
{
    return (f->status == 0 || f->status == d->status)
           && (f->type.len == 0 || ngx_erp_ask_same(&f->type, &d->object_type))
           && (f->key.len == 0
               || ngx_erp_ask_same(&f->key, &d->key)
               || ngx_erp_ask_same(&f->key, &d->object_key)
               || ngx_erp_ask_same(&f->key, &d->order_key));
}


static ngx_uint_t
ngx_erp_ask_same(ngx_str_t *a, ngx_str_t *b)
{
    return a->len == b->len && ngx_memcmp(a->data, b->data, a->len) == 0;
}
