
/*
 * Deliveries to workers, and back from those that are gone.
 *
 * An attempt is counted when it ends, not when it begins: of one that a
 * worker's death has ended only the death is counted.
 */

#include "ngx_erp_store_private.h"


#define NGX_ERP_STORE_LOST  1000      /* in a turn */


static ngx_erp_peer_t *ngx_erp_store_choose(ngx_erp_store_t *store);
static void ngx_erp_store_expire(ngx_erp_store_t *store, ngx_erp_row_t *row);
static ngx_int_t ngx_erp_store_lease(ngx_erp_store_t *store,
    ngx_erp_peer_t *peer, ngx_erp_row_t *row);
static void ngx_erp_store_lease_send(ngx_erp_store_t *store,
    ngx_erp_peer_t *peer, ngx_erp_row_t *row, ngx_erp_lease_t *lease);
static void ngx_erp_store_lease_failed(ngx_erp_store_t *store,
    ngx_erp_row_t *row, ngx_int_t rc);
static void ngx_erp_store_lost(ngx_erp_store_t *store, uint64_t delivery,
    ngx_uint_t died);
static const char *ngx_erp_store_lost_reason(ngx_erp_store_t *store,
    ngx_erp_row_t *row, ngx_uint_t died);
static void ngx_erp_store_bury(ngx_erp_store_t *store, ngx_erp_row_t *row,
    const char *reason);
static void ngx_erp_store_change(ngx_erp_store_t *store, ngx_erp_row_t *row,
    ngx_erp_state_e state, uint64_t next_at, const char *reason);


void
ngx_erp_store_pump(ngx_erp_store_t *store)
{
    ngx_int_t        rc;
    ngx_uint_t       n, expired;
    ngx_erp_row_t    row;
    ngx_erp_peer_t  *peer;

    if (store->failed != NGX_OK) {
        return;
    }

    for (n = 0; n < NGX_ERP_STORE_LEASES; n++) {

        if (store->bytes >= NGX_ERP_STORE_BYTES && n) {
            break;
        }

        peer = ngx_erp_store_choose(store);

        if (peer) {
            rc = ngx_erp_schedule_next(store->schedule, store->now, &row,
                                       &expired, &store->wait);

        } else {
            expired = 1;
            rc = ngx_erp_schedule_expired(store->schedule, store->now, &row,
                                          &store->wait);
        }

        if (rc != NGX_OK) {
            return;
        }

        if (ngx_erp_store_begin(store) != NGX_OK) {
            (void) ngx_erp_schedule_give_back(store->schedule, row.id,
                                              store->now);
            return;
        }

        store->touched = 1;

        if (expired) {
            ngx_erp_store_expire(store, &row);

        } else if (ngx_erp_store_lease(store, peer, &row) != NGX_OK) {

            /* this one alone, or the turn as a whole: not each of them */

            break;
        }
    }

    store->rest = 1;
}


/* the one with most free slots */

static ngx_erp_peer_t *
ngx_erp_store_choose(ngx_erp_store_t *store)
{
    ngx_uint_t       n, most;
    ngx_queue_t     *q;
    ngx_erp_peer_t  *peer, *chosen;

    most = 0;
    chosen = NULL;

    for (q = ngx_queue_head(&store->peers);
         q != ngx_queue_sentinel(&store->peers);
         q = ngx_queue_next(q))
    {
        peer = ngx_queue_data(q, ngx_erp_peer_t, queue);

        if (peer->connection == NULL || peer->bad
            || peer->nleases >= peer->slots
            || ngx_erp_peer_unsent(peer) >= NGX_ERP_STORE_UNSENT)
        {
            continue;
        }

        n = peer->slots - peer->nleases;

        if (n > most) {
            most = n;
            chosen = peer;
        }
    }

    return chosen;
}


static void
ngx_erp_store_expire(ngx_erp_store_t *store, ngx_erp_row_t *row)
{
    const char     *reason;
    ngx_erp_row_t   ended;

    (void) ngx_erp_schedule_settle(store->schedule, row->id, NGX_ERP_RETRY, 0,
                                   store->now, 0, &ended, &reason);

    ngx_erp_store_change(store, row, ended.state, row->next_at, reason);
}


static ngx_int_t
ngx_erp_store_lease(ngx_erp_store_t *store, ngx_erp_peer_t *peer,
    ngx_erp_row_t *row)
{
    ngx_int_t        rc;
    ngx_erp_lease_t  lease;

    if (ngx_erp_store_is_kept(store, row->id)) {

        /* its last attempt is to be written first */

        (void) ngx_erp_schedule_give_back(store->schedule, row->id,
                                          store->now + NGX_ERP_STORE_MAX);
        return NGX_OK;
    }

    rc = ngx_erp_db_lease(store->db, row->id, 0, &lease);

    if (rc == NGX_OK) {
        ngx_erp_store_lease_send(store, peer, row, &lease);
        return store->failed;
    }

    ngx_erp_store_lease_failed(store, row, rc);

    return (rc == NGX_DECLINED) ? NGX_OK : rc;
}


static void
ngx_erp_store_lease_send(ngx_erp_store_t *store, ngx_erp_peer_t *peer,
    ngx_erp_row_t *row, ngx_erp_lease_t *lease)
{
    size_t          used;
    ngx_erp_tie_t  *tie;

    tie = ngx_erp_tie_make(&store->leases, peer, row->id, lease->attempt, 1);

    if (tie == NULL) {
        store->failed = NGX_ERROR;
        return;
    }

    used = peer->out.last - peer->out.start;

    if (ngx_erp_wire_frame(&peer->out, NGX_ERP_LEASE, 0, lease) == NGX_OK) {
        store->changes++;
        store->bytes += (peer->out.last - peer->out.start) - used;
        return;
    }

    ngx_erp_tie_end(&store->leases, tie);

    if (lease->body.len > NGX_ERP_WIRE_MAX / 2) {

        /* no frame has room for it and its results */

        ngx_erp_store_bury(store, row, "size");
        return;
    }

    ngx_log_error(NGX_LOG_ERR, store->log, 0,
                  "no memory for delivery %uL", row->id);

    ngx_erp_store_give_back(store, row, store->now + NGX_ERP_STORE_LATER);
}


/* one that is damaged is a dead letter already, or cannot be made one */

static void
ngx_erp_store_lease_failed(ngx_erp_store_t *store, ngx_erp_row_t *row,
    ngx_int_t rc)
{
    ngx_erp_row_t  now;

    if (rc != NGX_DECLINED) {
        ngx_erp_store_error(store, "cannot give a delivery");
        (void) ngx_erp_schedule_give_back(store->schedule, row->id,
                                          store->now + NGX_ERP_STORE_LATER);
        return;
    }

    ngx_log_error(NGX_LOG_ERR, store->log, 0,
                  "store \"%V\": delivery %uL cannot be read: %s",
                  &store->conf->path->name, row->id,
                  ngx_erp_db_error(store->db));

    (void) ngx_erp_store_drop(store, row);

    if (ngx_erp_db_state(store->db, row->id, &now) == NGX_OK
        && now.state == NGX_ERP_DEAD)
    {
        store->changes++;
        ngx_erp_store_ended(store, &now, 0, "damaged", NULL);
    }
}


void
ngx_erp_store_lost_peers(ngx_erp_store_t *store)
{
    ngx_uint_t       n, died;
    ngx_queue_t     *q;
    ngx_erp_tie_t   *tie;
    ngx_erp_peer_t  *peer;

    n = 0;

    for (q = ngx_queue_head(&store->peers);
         q != ngx_queue_sentinel(&store->peers);
         q = ngx_queue_next(q))
    {
        peer = ngx_queue_data(q, ngx_erp_peer_t, queue);

        if (peer->connection || peer->gone_at > store->now
            || ngx_queue_empty(&peer->leases) || ngx_erp_peer_waits(peer))
        {
            continue;
        }

        /* one that was told to end has no slots: it had no time to finish */

        died = peer->died && peer->slots;

        while (!ngx_queue_empty(&peer->leases)) {

            if (ngx_erp_store_begin(store) != NGX_OK) {
                return;
            }

            if (n++ == NGX_ERP_STORE_LOST) {
                store->rest = 1;
                return;
            }

            tie = ngx_queue_data(ngx_queue_head(&peer->leases),
                                 ngx_erp_tie_t, queue);

            ngx_erp_store_lost(store, tie->delivery, died);
            ngx_erp_tie_end(&store->leases, tie);
        }
    }
}


/* what was in flight at the start, and no worker has */

void
ngx_erp_store_lost_left(ngx_erp_store_t *store)
{
    uint64_t    delivery;
    ngx_uint_t  n;

    if (store->nleft == 0 || store->left_until > store->now) {
        return;
    }

    for (n = 0; store->nleft; n++) {

        if (ngx_erp_store_begin(store) != NGX_OK) {
            return;
        }

        if (n == NGX_ERP_STORE_LOST) {
            store->rest = 1;
            return;
        }

        delivery = store->left[store->nleft - 1];

        if (ngx_erp_tie_find(&store->leases, delivery) == NULL) {
            ngx_erp_store_lost(store, delivery, store->crashed);
        }

        /* should the turn fail, then its row is read as given back */

        store->nleft--;
    }
}


static void
ngx_erp_store_lost(ngx_erp_store_t *store, uint64_t delivery,
    ngx_uint_t died)
{
    const char     *reason;
    ngx_erp_row_t   row;

    store->touched = 1;

    if (ngx_erp_db_state(store->db, delivery, &row) != NGX_OK
        || (row.state != NGX_ERP_LEASED && row.state != NGX_ERP_ENDING))
    {
        /* the row is damaged or gone, or was settled */

        (void) ngx_erp_schedule_give_back(store->schedule, delivery,
                                          store->now);
        return;
    }

    reason = (row.state == NGX_ERP_LEASED)
             ? ngx_erp_store_lost_reason(store, &row, died) : NULL;

    if (reason) {
        ngx_log_error(NGX_LOG_ERR, store->log, 0,
                      "delivery %uL is a dead letter: %s", delivery, reason);

        ngx_erp_store_bury(store, &row, reason);
        return;
    }

    if (ngx_erp_db_lost(store->db, delivery) != NGX_OK) {
        ngx_erp_store_error(store, "cannot note that an attempt was lost");
    }

    /* of those before the start nobody has claimed it */

    (void) ngx_erp_schedule_claim(store->schedule, delivery);

    ngx_erp_store_give_back(store, &row, store->now);
}


/* why it is not to be tried again; NULL: it is */

static const char *
ngx_erp_store_lost_reason(ngx_erp_store_t *store, ngx_erp_row_t *row,
    ngx_uint_t died)
{
    ngx_uint_t             deaths;
    ngx_erp_store_dest_t  *dest;

    deaths = 0;

    if (died
        && ngx_erp_db_died(store->db, row->id, &deaths) == NGX_OK
        && deaths >= NGX_ERP_STORE_DEATHS)
    {
        return "poison";
    }

    dest = ngx_erp_store_dest(store, row->destination);

    return (dest && dest->once) ? "unknown" : NULL;
}


static void
ngx_erp_store_bury(ngx_erp_store_t *store, ngx_erp_row_t *row,
    const char *reason)
{
    if (ngx_erp_store_drop(store, row) == NGX_DONE) {
        ngx_erp_store_change(store, row, NGX_ERP_DISCARDED, row->next_at,
                             "operator");
        return;
    }

    ngx_erp_store_change(store, row, NGX_ERP_DEAD, row->next_at, reason);
}


ngx_int_t
ngx_erp_store_drop(ngx_erp_store_t *store, ngx_erp_row_t *row)
{
    ngx_erp_store_dest_t  *dest;

    store->touched = 1;

    if (ngx_erp_schedule_give_back(store->schedule, row->id, store->now)
        == NGX_DONE)
    {
        return NGX_DONE;
    }

    (void) ngx_erp_schedule_remove(store->schedule, row->id);

    dest = ngx_erp_store_dest(store, row->destination);

    if (dest && dest->rules.skip) {
        return NGX_OK;
    }

    if (ngx_erp_schedule_hold(store->schedule, row->destination, row->order)
        != NGX_OK)
    {
        store->failed = NGX_ERROR;
    }

    return NGX_OK;
}


void
ngx_erp_store_give_back(ngx_erp_store_t *store, ngx_erp_row_t *row,
    uint64_t next_at)
{
    ngx_int_t  rc;

    store->touched = 1;

    rc = ngx_erp_schedule_give_back(store->schedule, row->id, next_at);

    if (rc != NGX_DONE && row->state == NGX_ERP_ENDING) {

        /* from before the start, and nobody could claim it */

        (void) ngx_erp_schedule_remove(store->schedule, row->id);
        rc = NGX_DONE;
    }

    if (rc == NGX_DONE) {
        ngx_erp_store_change(store, row, NGX_ERP_DISCARDED, next_at,
                             "operator");
        return;
    }

    ngx_erp_store_change(store, row, NGX_ERP_READY, next_at, NULL);
}


static void
ngx_erp_store_change(ngx_erp_store_t *store, ngx_erp_row_t *row,
    ngx_erp_state_e state, uint64_t next_at, const char *reason)
{
    ngx_int_t  rc;
    ngx_str_t  why;

    why.data = (u_char *) reason;
    why.len = reason ? ngx_strlen(reason) : 0;

    rc = ngx_erp_db_change(store->db, row->id, state, next_at, &why);

    if (rc != NGX_OK) {

        /* if others are written, then the next start finds it as it was */

        ngx_erp_store_error(store, "cannot be written in part");
        return;
    }

    store->changes++;

    row->state = state;
    ngx_erp_store_ended(store, row, 0, reason, NULL);
}
