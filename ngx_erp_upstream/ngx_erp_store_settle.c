
/*
 * What has become of attempts: STEP and SETTLE.
 *
 * It has happened at the destination, so it is kept until it is written: when
 * a turn has failed as a whole it is as if it came anew; when it could not be
 * written alone, what the scheduler has decided on it stays.
 */

#include "ngx_erp_store_private.h"
#include "ngx_erp_db_query.h"


#define NGX_ERP_SETTLE_TRIES  10      /* of a row that is damaged */


static ngx_int_t ngx_erp_store_settle_frame(ngx_erp_store_t *store,
    ngx_erp_peer_t *peer, ngx_erp_frame_e type, ngx_erp_settle_t *s,
    ngx_erp_kept_t *k);
static ngx_int_t ngx_erp_store_step(ngx_erp_store_t *store,
    ngx_erp_settle_t *s);
static ngx_int_t ngx_erp_store_decide(ngx_erp_store_t *store,
    ngx_erp_tie_t *tie, ngx_erp_settle_t *s, ngx_erp_kept_t *k);
static ngx_int_t ngx_erp_store_heard_late(ngx_erp_store_t *store,
    ngx_erp_tie_t *tie, ngx_erp_settle_t *s, ngx_erp_kept_t *k);
static void ngx_erp_store_decide_once(ngx_erp_store_t *store,
    ngx_erp_settle_t *s, ngx_erp_kept_t *k);
static ngx_int_t ngx_erp_store_write(ngx_erp_store_t *store,
    ngx_erp_settle_t *s, ngx_erp_kept_t *k);
static void ngx_erp_store_free_key(ngx_erp_store_t *store,
    ngx_erp_row_t *row);
static void ngx_erp_store_wait_one(ngx_erp_store_t *store,
    ngx_erp_peer_t *peer, uint64_t number, uint64_t delivery);
static ngx_int_t ngx_erp_store_kept_one(ngx_erp_store_t *store,
    ngx_erp_kept_t *k);
static ngx_uint_t ngx_erp_store_damaged(ngx_erp_store_t *store);
static uint64_t ngx_erp_store_random(void);


#define ngx_erp_kept_frame(k)  ((u_char *) (k) + sizeof(ngx_erp_kept_t))


ngx_int_t
ngx_erp_store_settle(ngx_erp_store_t *store, ngx_erp_peer_t *peer,
    ngx_erp_in_t *in, u_char *frame)
{
    ngx_erp_kept_t    k, *kept;
    ngx_erp_settle_t  s;

    if (ngx_erp_wire_get_frame(in, in->type, &s) != NGX_OK
        || s.outcome > NGX_ERP_BAD)
    {
        return NGX_DECLINED;
    }

    ngx_memzero(&k, sizeof(ngx_erp_kept_t));

    if (ngx_erp_store_settle_frame(store, peer, in->type, &s, &k) == NGX_OK) {
        ngx_erp_peer_frame(peer, NGX_ERP_SETTLED, in->number, NULL);
        return NGX_OK;
    }

    if (store->failed != NGX_OK) {
        return NGX_OK;
    }

    /* the turn as a whole may still fail, then it is one of many */

    kept = ngx_erp_store_keep_frame(&store->alone, peer, frame,
                                    in->end - frame);
    if (kept == NULL) {
        peer->bad = 1;
        return NGX_OK;
    }

    kept->delivery = s.delivery;
    kept->row = k.row;
    kept->reason = k.reason;
    kept->decided = k.decided;
    kept->revived = k.revived;

    return NGX_OK;
}


/* NGX_OK: it is to be answered; or it is to be tried again */

static ngx_int_t
ngx_erp_store_settle_frame(ngx_erp_store_t *store, ngx_erp_peer_t *peer,
    ngx_erp_frame_e type, ngx_erp_settle_t *s, ngx_erp_kept_t *k)
{
    ngx_int_t       rc;
    ngx_uint_t      present;
    ngx_erp_tie_t  *tie;

    if (ngx_erp_store_begin(store) != NGX_OK) {
        return NGX_ERROR;
    }

    if (!k->decided) {
        tie = ngx_erp_tie_find(&store->leases, s->delivery);

        present = tie && tie->peer == peer && tie->number == s->attempt;

        if (type == NGX_ERP_STEP) {
            return present ? ngx_erp_store_step(store, s) : NGX_OK;
        }

        rc = present ? ngx_erp_store_decide(store, tie, s, k)
                     : ngx_erp_store_heard_late(store, tie, s, k);

        if (rc != NGX_OK) {
            return (rc == NGX_DONE) ? NGX_OK : rc;
        }

        k->decided = 1;
    }

    return ngx_erp_store_write(store, s, k);
}


static ngx_int_t
ngx_erp_store_step(ngx_erp_store_t *store, ngx_erp_settle_t *s)
{
    ngx_int_t  rc;

    rc = ngx_erp_db_step(store->db, s);

    if (rc == NGX_OK) {
        store->changes++;
    }

    return (rc == NGX_DECLINED) ? NGX_OK : rc;
}


/* NGX_DONE: nothing is to be written */

static ngx_int_t
ngx_erp_store_decide(ngx_erp_store_t *store, ngx_erp_tie_t *tie,
    ngx_erp_settle_t *s, ngx_erp_kept_t *k)
{
    uint64_t   next_at;
    ngx_int_t  rc;

    store->touched = 1;

    if (s->outcome == 0) {
        rc = ngx_erp_db_state(store->db, s->delivery, &k->row);

        if (rc != NGX_OK && rc != NGX_DECLINED) {
            return rc;
        }

        /* one that ends has no slots; another one should not spin */

        next_at = store->now + (tie->peer->slots ? NGX_ERP_STORE_MAX : 0);

        ngx_erp_tie_end(&store->leases, tie);

        k->row.id = s->delivery;
        ngx_erp_store_give_back(store, &k->row, next_at);

        return NGX_DONE;
    }

    ngx_erp_tie_end(&store->leases, tie);

    if (ngx_erp_schedule_settle(store->schedule, s->delivery, s->outcome,
                                s->retry_after, store->now,
                                ngx_erp_store_random(), &k->row, &k->reason)
        != NGX_OK)
    {
        return ngx_erp_store_heard_late(store, NULL, s, k);
    }

    ngx_erp_store_decide_once(store, s, k);

    return NGX_OK;
}


/*
 * Of an old attempt only one thing is of interest, that it is in effect: also
 * if it was a dead letter since.  Most of these are asked a second time, as
 * the answer was lost.
 */

static ngx_int_t
ngx_erp_store_heard_late(ngx_erp_store_t *store, ngx_erp_tie_t *tie,
    ngx_erp_settle_t *s, ngx_erp_kept_t *k)
{
    ngx_int_t      rc;
    const char    *reason;
    ngx_erp_row_t  row;

    if (s->outcome != NGX_ERP_DONE) {
        return NGX_DONE;
    }

    rc = ngx_erp_db_state(store->db, s->delivery, &k->row);

    if (rc != NGX_OK) {
        return (rc == NGX_DECLINED) ? NGX_DONE : rc;
    }

    if (k->row.state == NGX_ERP_DELIVERED) {
        return NGX_DONE;
    }

    store->touched = 1;

    if (tie) {
        ngx_erp_tie_end(&store->leases, tie);
    }

    (void) ngx_erp_schedule_settle(store->schedule, s->delivery, NGX_ERP_DONE,
                                   0, store->now, 0, &row, &reason);

    k->revived = (k->row.state == NGX_ERP_DEAD);
    k->row.state = NGX_ERP_DELIVERED;
    k->reason = NULL;

    return NGX_OK;
}


/*
 * erp_idempotency none: what may be in effect is not tried again.  A worker
 * may have said so already, as "bad".
 */

static void
ngx_erp_store_decide_once(ngx_erp_store_t *store, ngx_erp_settle_t *s,
    ngx_erp_kept_t *k)
{
    ngx_erp_store_dest_t  *dest;

    dest = ngx_erp_store_dest(store, k->row.destination);

    if (dest == NULL || !dest->once) {
        return;
    }

    if (s->outcome == NGX_ERP_UNKNOWN && k->row.state != NGX_ERP_DEAD
        && k->row.state != NGX_ERP_DISCARDED)
    {
        (void) ngx_erp_store_drop(store, &k->row);

        k->row.state = NGX_ERP_DEAD;
        k->reason = "unknown";
    }

    if (s->outcome == NGX_ERP_BAD && s->status == NGX_ERP_STATUS_TIMEOUT
        && k->row.state == NGX_ERP_DEAD)
    {
        k->reason = "unknown";
    }
}


static ngx_int_t
ngx_erp_store_write(ngx_erp_store_t *store, ngx_erp_settle_t *s,
    ngx_erp_kept_t *k)
{
    ngx_int_t        rc;
    ngx_str_t        reason;
    ngx_erp_count_t  count;

    reason.data = (u_char *) k->reason;
    reason.len = k->reason ? ngx_strlen(k->reason) : 0;

    rc = ngx_erp_db_settle(store->db, s, k->row.state, k->row.next_at,
                           &reason);

    if (rc == NGX_DECLINED) {
        return NGX_OK;
    }

    if (rc != NGX_OK) {
        return rc;
    }

    store->changes++;

    if (k->revived) {
        ngx_erp_store_free_key(store, &k->row);
    }

    ngx_memzero(&count, sizeof(ngx_erp_count_t));

    count.type = NGX_ERP_SETTLE;
    count.destination = k->row.destination;
    count.value = s->outcome;
    count.time = s->took;

    ngx_erp_store_count(store, &count);

    ngx_erp_store_ended(store, &k->row, s->status, k->reason, &s->code);

    return NGX_OK;
}


/* of a dead letter that is none: it may be what has held its key */

static void
ngx_erp_store_free_key(ngx_erp_store_t *store, ngx_erp_row_t *row)
{
    uint64_t  other;

    if (row->order == 0
        || ngx_erp_query_open(store->db) != NGX_OK
        || ngx_erp_query_num(store->db, NGX_ERP_QUERY_BLOCKS,
                             row->destination, row->order, &other)
           != NGX_OK
        || other)
    {
        return;
    }

    store->touched = 1;

    ngx_erp_schedule_release(store->schedule, row->destination, row->order);
}


void
ngx_erp_store_ended(ngx_erp_store_t *store, ngx_erp_row_t *row,
    uint64_t status, const char *reason, ngx_str_t *code)
{
    ngx_erp_tie_t    *tie;
    ngx_erp_ended_t   ended;
    ngx_erp_count_t   count;

    if (ngx_erp_state_open(row->state)) {
        return;
    }

    ngx_memzero(&count, sizeof(ngx_erp_count_t));

    count.type = NGX_ERP_ENDED;
    count.destination = row->destination;
    count.value = row->state;
    count.reason = reason;
    count.time = (store->now > row->received) ? store->now - row->received : 0;

    ngx_erp_store_count(store, &count);

    while ((tie = ngx_erp_tie_find(&store->waits, row->id)) != NULL) {

        ngx_memzero(&ended, sizeof(ngx_erp_ended_t));

        ended.delivery = row->id;
        ended.state = row->state;
        ended.status = status;
        ended.reason.data = (u_char *) reason;
        ended.reason.len = reason ? ngx_strlen(reason) : 0;

        if (code) {
            ended.code = *code;
        }

        ngx_erp_peer_frame(tie->peer, NGX_ERP_ENDED, tie->number, &ended);
        ngx_erp_tie_end(&store->waits, tie);
    }
}


void
ngx_erp_store_wait_again(ngx_erp_store_t *store, ngx_erp_peer_t *peer,
    uint64_t number, ngx_erp_message_t *m, uint64_t message)
{
    uint64_t      *ids, i, n;
    sqlite3_stmt  *stmt;

    ids = ngx_erp_store_alloc(store, (m->ntargets + 1) * sizeof(uint64_t));

    if (ids == NULL || ngx_erp_query_open(store->db) != NGX_OK) {
        return;
    }

    stmt = ngx_erp_query(store->db, NGX_ERP_QUERY_DELIVERIES, NULL, message,
                         m->ntargets + 1);

    for (n = 0; ngx_erp_query_row(store->db, NGX_ERP_QUERY_DELIVERIES)
                == NGX_OK; n++)
    {
        ids[n] = sqlite3_column_int64(stmt, 0);
    }

    /* others since nginx.conf was changed, or replays: it is not clear which
       of them are meant */

    if (n != m->ntargets) {
        return;
    }

    for (i = 0; i < n; i++) {
        if (m->targets[i].wait) {
            ngx_erp_store_wait_one(store, peer, number, ids[i]);
        }
    }
}


static void
ngx_erp_store_wait_one(ngx_erp_store_t *store, ngx_erp_peer_t *peer,
    uint64_t number, uint64_t delivery)
{
    ngx_erp_ended_t           ended;
    ngx_erp_query_delivery_t  d;

    if (ngx_erp_query_delivery(store->db, delivery, &d) != NGX_OK) {
        return;
    }

    if (d.ended) {
        ended.delivery = delivery;
        ended.state = d.state;
        ended.status = d.status;
        ended.reason = d.reason;
        ended.code = d.code;

        ngx_erp_peer_frame(peer, NGX_ERP_ENDED, number, &ended);

    } else {
        (void) ngx_erp_tie_make(&store->waits, peer, delivery, number, 1);
    }

    ngx_erp_query_end(store->db, NGX_ERP_QUERY_DELIVERY);
}


ngx_erp_kept_t *
ngx_erp_store_keep_frame(ngx_queue_t *queue, ngx_erp_peer_t *peer,
    u_char *frame, size_t len)
{
    ngx_erp_kept_t  *k;

    k = ngx_alloc(sizeof(ngx_erp_kept_t) + len, peer->store->log);
    if (k == NULL) {
        return NULL;
    }

    ngx_memzero(k, sizeof(ngx_erp_kept_t));

    k->peer = peer;
    k->len = len;
    ngx_memcpy(ngx_erp_kept_frame(k), frame, len);

    ngx_queue_insert_tail(queue, &k->queue);

    return k;
}


void
ngx_erp_store_kept(ngx_erp_store_t *store)
{
    ngx_uint_t       tries;
    ngx_queue_t     *q, *next;
    ngx_erp_kept_t  *k;

    if (ngx_queue_empty(&store->kept) || store->kept_at > store->now) {
        return;
    }

    tries = NGX_MAX_INT_T_VALUE;

    for (q = ngx_queue_head(&store->kept);
         q != ngx_queue_sentinel(&store->kept);
         q = next)
    {
        next = ngx_queue_next(q);
        k = ngx_queue_data(q, ngx_erp_kept_t, queue);

        if (ngx_erp_store_kept_one(store, k) == NGX_OK) {
            ngx_queue_remove(q);
            ngx_queue_insert_tail(&store->written, q);
            continue;
        }

        k->tries++;
        tries = ngx_min(tries, k->tries);
    }

    store->kept_at = store->now
                     + ngx_min(NGX_ERP_STORE_RETRY << ngx_min(tries, 8),
                               NGX_ERP_STORE_LATER);
}


static ngx_int_t
ngx_erp_store_kept_one(ngx_erp_store_t *store, ngx_erp_kept_t *k)
{
    size_t             need;
    u_char            *pos;
    ngx_int_t          rc;
    ngx_erp_in_t       in;
    ngx_erp_settle_t   s;

    pos = ngx_erp_kept_frame(k);

    if (ngx_erp_wire_next(&pos, pos + k->len, &in, &need) != NGX_OK
        || ngx_erp_wire_get_frame(&in, in.type, &s) != NGX_OK)
    {
        /* it was read before */
        return NGX_OK;
    }

    k->delivery = s.delivery;

    rc = ngx_erp_store_settle_frame(store, k->peer, in.type, &s, k);

    if (rc != NGX_OK) {

        if (k->tries < NGX_ERP_SETTLE_TRIES || !ngx_erp_store_damaged(store)) {
            return rc;
        }

        /* damage does not heal, and the worker waits */

        ngx_log_error(NGX_LOG_ERR, store->log, 0,
                      "store \"%V\": the end of an attempt of delivery %uL "
                      "cannot be written: %s", &store->conf->path->name,
                      s.delivery, ngx_erp_db_error(store->db));
    }

    ngx_erp_peer_frame(k->peer, NGX_ERP_SETTLED, in.number, NULL);

    return NGX_OK;
}


static ngx_uint_t
ngx_erp_store_damaged(ngx_erp_store_t *store)
{
    ngx_erp_db_numbers_t  n;

    return ngx_erp_db_numbers(store->db, &n) == NGX_OK && n.corrupt != 0;
}


ngx_uint_t
ngx_erp_store_is_kept(ngx_erp_store_t *store, uint64_t delivery)
{
    ngx_uint_t       i;
    ngx_queue_t     *q, *queues[2];
    ngx_erp_kept_t  *k;

    queues[0] = &store->kept;
    queues[1] = &store->alone;

    for (i = 0; i < 2; i++) {

        for (q = ngx_queue_head(queues[i]);
             q != ngx_queue_sentinel(queues[i]);
             q = ngx_queue_next(q))
        {
            k = ngx_queue_data(q, ngx_erp_kept_t, queue);

            if (k->decided && k->delivery == delivery) {
                return 1;
            }
        }
    }

    return 0;
}


void
ngx_erp_store_kept_commit(ngx_erp_store_t *store)
{
    ngx_queue_t  *q;

    while (!ngx_queue_empty(&store->written)) {
        q = ngx_queue_head(&store->written);
        ngx_queue_remove(q);
        ngx_free(ngx_queue_data(q, ngx_erp_kept_t, queue));
    }

    if (ngx_queue_empty(&store->alone)) {
        return;
    }

    ngx_erp_store_error(store, "cannot be written in part");

    if (ngx_queue_empty(&store->kept)) {
        store->kept_at = store->now + NGX_ERP_STORE_RETRY;
    }

    ngx_queue_add(&store->kept, &store->alone);
    ngx_queue_init(&store->alone);
}


/* those of this turn come from what is in buffers once more */

void
ngx_erp_store_kept_undo(ngx_erp_store_t *store)
{
    ngx_queue_t     *q;
    ngx_erp_kept_t  *k;

    while (!ngx_queue_empty(&store->alone)) {
        q = ngx_queue_head(&store->alone);
        ngx_queue_remove(q);
        ngx_free(ngx_queue_data(q, ngx_erp_kept_t, queue));
    }

    while (!ngx_queue_empty(&store->written)) {
        q = ngx_queue_last(&store->written);
        ngx_queue_remove(q);
        ngx_queue_insert_head(&store->kept, q);
    }

    store->kept_at = 0;

    if (!store->touched) {
        return;
    }

    for (q = ngx_queue_head(&store->kept);
         q != ngx_queue_sentinel(&store->kept);
         q = ngx_queue_next(q))
    {
        k = ngx_queue_data(q, ngx_erp_kept_t, queue);
        k->decided = 0;
    }
}


static uint64_t
ngx_erp_store_random(void)
{
    return (uint64_t) ngx_random() << 31 ^ (uint64_t) ngx_random();
}
