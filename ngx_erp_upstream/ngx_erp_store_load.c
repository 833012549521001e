
/*
 * What the store process knows by heart: destinations, and the schedule.
 *
 * The database is right.  After a turn that has failed the schedule, which has
 * moved on already, is read again.
 */

#include "ngx_erp_store_private.h"


#define NGX_ERP_STORE_LOT  64


/* rows that are read, and added together */

typedef struct {
    ngx_erp_store_t  *store;
    ngx_uint_t        n;
    ngx_erp_row_t     rows[NGX_ERP_STORE_LOT];
} ngx_erp_store_lot_t;


static ngx_int_t ngx_erp_store_known_add(ngx_erp_store_t *store,
    ngx_erp_store_dest_t *dest, ngx_erp_known_t *known);
static ngx_erp_known_t *ngx_erp_store_known(ngx_erp_store_t *store,
    uint32_t number);
static ngx_int_t ngx_erp_store_load_again(ngx_erp_store_t *store);
static ngx_int_t ngx_erp_store_load_all(ngx_erp_store_t *store);
static ngx_int_t ngx_erp_store_load_destination(void *data,
    ngx_erp_destination_t *d);
static ngx_int_t ngx_erp_store_load_blocking(void *data, ngx_erp_row_t *row);
static ngx_int_t ngx_erp_store_load_row(void *data, ngx_erp_row_t *row);
static ngx_int_t ngx_erp_store_load_lot(ngx_erp_store_lot_t *lot);
static uint64_t ngx_erp_store_load_leased(ngx_erp_store_t *store,
    uint64_t delivery);
static ngx_int_t ngx_erp_store_left_add(ngx_erp_store_t *store,
    uint64_t delivery);
static void ngx_erp_store_load_claim(ngx_erp_store_t *store);


ngx_int_t
ngx_erp_store_destinations(ngx_erp_store_t *store)
{
    ngx_int_t              rc;
    ngx_uint_t             i;
    ngx_erp_store_dest_t  *dests;

    dests = store->conf->dests.elts;
    store->nknown = store->conf->dests.nelts;

    if (store->nknown == 0) {
        return NGX_OK;
    }

    store->known = ngx_calloc(store->nknown * sizeof(ngx_erp_known_t),
                              store->log);
    if (store->known == NULL) {
        return NGX_ERROR;
    }

    rc = ngx_erp_db_begin(store->db);
    if (rc != NGX_OK) {
        return rc;
    }

    for (i = 0; rc == NGX_OK && i < store->nknown; i++) {
        rc = ngx_erp_store_known_add(store, &dests[i], &store->known[i]);
    }

    if (rc != NGX_OK) {
        ngx_erp_db_rollback(store->db);
        return rc;
    }

    return ngx_erp_db_commit(store->db);
}


static ngx_int_t
ngx_erp_store_known_add(ngx_erp_store_t *store, ngx_erp_store_dest_t *dest,
    ngx_erp_known_t *known)
{
    known->conf = dest;

    return ngx_erp_db_destination(store->db, &dest->uri, &known->number);
}


static ngx_erp_known_t *
ngx_erp_store_known(ngx_erp_store_t *store, uint32_t number)
{
    ngx_uint_t  i;

    for (i = 0; i < store->nknown; i++) {
        if (store->known[i].number == number) {
            return &store->known[i];
        }
    }

    return NULL;
}


ngx_erp_store_dest_t *
ngx_erp_store_dest(ngx_erp_store_t *store, uint32_t number)
{
    ngx_erp_known_t  *known;

    known = ngx_erp_store_known(store, number);

    return known ? known->conf : NULL;
}


ngx_int_t
ngx_erp_store_load(ngx_erp_store_t *store)
{
    ngx_int_t   rc;
    ngx_uint_t  rebuild;

    rc = ngx_erp_store_load_all(store);

    if (rc != NGX_DECLINED) {
        return rc;
    }

    ngx_log_error(NGX_LOG_ERR, store->log, 0,
                  "store \"%V\": %s; it is made again",
                  &store->conf->path->name, ngx_erp_db_error(store->db));

    if (ngx_erp_db_begin_one(store->db) != NGX_OK) {
        return NGX_ERROR;
    }

    rebuild = store->rebuild;

    if (ngx_erp_store_load_again(store) != NGX_OK) {
        ngx_erp_db_rollback(store->db);
        return NGX_ERROR;
    }

    if (ngx_erp_db_commit(store->db) != NGX_OK) {
        store->rebuild = rebuild;
        return NGX_ERROR;
    }

    return NGX_OK;
}


/* with a new index, if all is there then; else the file is left as it is */

static ngx_int_t
ngx_erp_store_load_again(ngx_erp_store_t *store)
{
    if (ngx_erp_db_reindex(store->db) != NGX_OK) {
        return NGX_ERROR;
    }

    if (!store->rebuild) {
        store->nleft = 0;
    }

    return ngx_erp_store_load_all(store);
}


static ngx_int_t
ngx_erp_store_load_all(ngx_erp_store_t *store)
{
    uint64_t             n;
    ngx_int_t            rc;
    ngx_uint_t           i;
    ngx_erp_store_lot_t  lot;

    if (store->schedule) {
        ngx_erp_schedule_free(store->schedule);
    }

    store->pending = 0;
    store->schedule = ngx_erp_schedule_create();

    if (store->schedule == NULL) {
        return NGX_ERROR;
    }

    rc = ngx_erp_db_npending(store->db, &n);

    if (rc == NGX_OK) {
        ngx_erp_schedule_reserve(store->schedule, n);

        rc = ngx_erp_db_destinations(store->db,
                                     ngx_erp_store_load_destination, store);
    }

    if (rc == NGX_OK) {
        rc = ngx_erp_db_blocking(store->db, ngx_erp_store_load_blocking,
                                 store);
    }

    if (rc == NGX_OK) {
        lot.store = store;
        lot.n = 0;

        rc = ngx_erp_db_pending(store->db, ngx_erp_store_load_row, &lot);
    }

    if (rc == NGX_OK) {
        rc = ngx_erp_store_load_lot(&lot);
    }

    if (rc != NGX_OK) {
        return rc;
    }

    ngx_erp_store_load_claim(store);

    if (store->rebuild) {

        /* what breakers had noted before the turn that has failed */

        for (i = 0; i < store->nknown; i++) {
            *ngx_erp_schedule_breaker(store->schedule, store->known[i].number)
                = store->known[i].before;
        }

        store->rebuild = 0;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_erp_store_load_destination(void *data, ngx_erp_destination_t *d)
{
    ngx_erp_store_t *store = data;

    ngx_erp_known_t    *known;
    ngx_erp_breaker_t  *b;

    known = ngx_erp_store_known(store, d->number);

    if (ngx_erp_schedule_destination(store->schedule, d->number,
                                     known ? &known->conf->rules : NULL)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_erp_schedule_pause(store->schedule, d->number, d->paused);

    b = ngx_erp_schedule_breaker(store->schedule, d->number);
    (void) ngx_erp_breaker_read(b, &d->breaker);

    if (known) {
        known->state = b->state;
        known->until = b->until;
    }

    return NGX_OK;
}


/* of a key that is not to be held they are history */

static ngx_int_t
ngx_erp_store_load_blocking(void *data, ngx_erp_row_t *row)
{
    ngx_erp_store_t *store = data;

    ngx_erp_store_dest_t  *dest;

    dest = ngx_erp_store_dest(store, row->destination);

    if (dest && dest->rules.skip) {
        return NGX_OK;
    }

    return ngx_erp_schedule_hold(store->schedule, row->destination,
                                 row->order);
}


static ngx_int_t
ngx_erp_store_load_row(void *data, ngx_erp_row_t *row)
{
    ngx_erp_store_lot_t *lot = data;

    ngx_erp_store_t  *store;

    store = lot->store;

    if (row->state == NGX_ERP_LEASED || row->state == NGX_ERP_ENDING) {

        if (!store->rebuild
            && ngx_erp_store_left_add(store, row->id) != NGX_OK)
        {
            return NGX_ERROR;
        }

        row->next_at = ngx_erp_store_load_leased(store, row->id);
    }

    /* damaged, or by a wrong clock: the lease of it will tell which */

    if (row->next_at > store->now + NGX_ERP_STORE_AHEAD) {
        row->next_at = store->now;
    }

    store->pending++;

    lot->rows[lot->n++] = *row;

    return (lot->n == NGX_ERP_STORE_LOT) ? ngx_erp_store_load_lot(lot)
                                         : NGX_OK;
}


static ngx_int_t
ngx_erp_store_load_lot(ngx_erp_store_lot_t *lot)
{
    ngx_int_t   rc;
    ngx_uint_t  i;

    rc = NGX_OK;

    ngx_erp_schedule_fetch(lot->store->schedule, lot->rows, lot->n);

    for (i = 0; rc == NGX_OK && i < lot->n; i++) {
        rc = ngx_erp_schedule_add(lot->store->schedule, &lot->rows[i]);
    }

    lot->n = 0;

    return rc;
}


/* not before it is known that nobody has it */

static uint64_t
ngx_erp_store_load_leased(ngx_erp_store_t *store, uint64_t delivery)
{
    ngx_uint_t  i;

    for (i = store->nleft; i > 0; i--) {
        if (store->left[i - 1] == delivery) {
            return store->left_until + NGX_ERP_STORE_GRACE;
        }
    }

    return store->now;
}


static ngx_int_t
ngx_erp_store_left_add(ngx_erp_store_t *store, uint64_t delivery)
{
    uint64_t    *p;
    ngx_uint_t   n;

    if (store->nleft == store->left_size) {
        n = store->left_size ? 2 * store->left_size : 64;

        p = ngx_alloc(n * sizeof(uint64_t), store->log);
        if (p == NULL) {
            return NGX_ERROR;
        }

        if (store->left) {
            ngx_memcpy(p, store->left, store->nleft * sizeof(uint64_t));
            ngx_free(store->left);
        }

        store->left = p;
        store->left_size = n;
    }

    store->left[store->nleft++] = delivery;

    return NGX_OK;
}


/* what workers have in flight */

static void
ngx_erp_store_load_claim(ngx_erp_store_t *store)
{
    ngx_queue_t     *p, *q;
    ngx_erp_tie_t   *tie;
    ngx_erp_peer_t  *peer;

    for (p = ngx_queue_head(&store->peers);
         p != ngx_queue_sentinel(&store->peers);
         p = ngx_queue_next(p))
    {
        peer = ngx_queue_data(p, ngx_erp_peer_t, queue);

        for (q = ngx_queue_head(&peer->leases);
             q != ngx_queue_sentinel(&peer->leases);
             q = ngx_queue_next(q))
        {
            tie = ngx_queue_data(q, ngx_erp_tie_t, queue);

            (void) ngx_erp_schedule_claim(store->schedule, tie->delivery);
        }
    }
}


void
ngx_erp_store_breakers_mark(ngx_erp_store_t *store)
{
    ngx_uint_t  i;

    for (i = 0; i < store->nknown; i++) {
        store->known[i].before = *ngx_erp_schedule_breaker(store->schedule,
                                                   store->known[i].number);
    }
}


/* those that have opened or closed: a restart must not forget that */

void
ngx_erp_store_breakers_write(ngx_erp_store_t *store)
{
    u_char              text[NGX_ERP_BREAKER_LEN];
    ngx_str_t           s;
    ngx_uint_t          i;
    ngx_erp_known_t    *known;
    ngx_erp_numbers_t   n;

    for (i = 0; i < store->nknown; i++) {
        known = &store->known[i];

        ngx_erp_schedule_numbers(store->schedule, known->number, &n);

        if (n.breaker->state == known->state
            && n.breaker->until == known->until)
        {
            continue;
        }

        if (ngx_erp_store_begin(store) != NGX_OK) {
            return;
        }

        s.data = text;
        s.len = ngx_erp_breaker_print(n.breaker, text) - text;

        if (ngx_erp_db_destination_state(store->db, known->number, n.paused,
                                         &s)
            == NGX_OK)
        {
            known->state = n.breaker->state;
            known->until = n.breaker->until;
            store->changes++;
        }
    }
}
