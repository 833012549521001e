
/*
 * A turn: all that workers have sent so far, within one transaction, and one
 * fsync for it.  While that is written the next lot gathers in the sockets.
 */

#include "ngx_erp_store_private.h"


#define NGX_ERP_STORE_TELL  10000     /* ms, between the same errors */


static void ngx_erp_store_turn_begin(ngx_erp_store_t *store);
static ngx_uint_t ngx_erp_store_asks(ngx_erp_store_t *store);
static void ngx_erp_store_all(ngx_erp_store_t *store);
static void ngx_erp_store_frames(ngx_erp_store_t *store);
static ngx_uint_t ngx_erp_store_peer_frames(ngx_erp_store_t *store,
    ngx_erp_peer_t *peer);
static void ngx_erp_store_bad(ngx_erp_store_t *store, ngx_erp_peer_t *peer);
static ngx_int_t ngx_erp_store_commit(ngx_erp_store_t *store);
static void ngx_erp_store_done(ngx_erp_store_t *store);
static void ngx_erp_store_fail(ngx_erp_store_t *store, ngx_int_t rc);
static void ngx_erp_store_unsay(ngx_erp_store_t *store);
static void ngx_erp_store_later(ngx_erp_store_t *store);
static void ngx_erp_store_flush_counts(ngx_erp_store_t *store);
static void ngx_erp_store_peers(ngx_erp_store_t *store);
static void ngx_erp_store_arm(ngx_erp_store_t *store);
static void ngx_erp_store_until(uint64_t *next, uint64_t time);
static void *ngx_erp_store_block(void *data, size_t size);
static void ngx_erp_store_free_blocks(ngx_erp_store_t *store);
static uint64_t ngx_erp_store_microseconds(void);


void
ngx_erp_store_post(ngx_erp_store_t *store)
{
    if (store->phase == NGX_ERP_STORE_LOCKING) {
        return;
    }

    ngx_post_event(&store->event, &ngx_posted_events);
}


void
ngx_erp_store_wake(ngx_event_t *ev)
{
    ngx_erp_store_post(ev->data);
}


void
ngx_erp_store_turn(ngx_event_t *ev)
{
    ngx_int_t         rc;
    ngx_erp_store_t  *store;

    store = ev->data;

    if (store->phase != NGX_ERP_STORE_READY) {
        return;
    }

    store->now = ngx_erp_store_now(store);

    if (store->retry_at > store->now) {
        ngx_erp_store_arm(store);
        return;
    }

    if (store->rebuild && ngx_erp_store_load(store) != NGX_OK) {
        ngx_erp_store_error(store, "cannot be read");
        ngx_erp_store_later(store);
        ngx_erp_store_arm(store);
        return;
    }

    ngx_erp_store_turn_begin(store);

    if (!ngx_erp_store_asks(store)) {
        ngx_erp_store_all(store);
    }

    rc = ngx_erp_store_commit(store);

    if (rc == NGX_OK) {
        ngx_erp_store_done(store);

    } else {
        ngx_erp_store_fail(store, rc);
    }

    ngx_erp_store_flush_counts(store);
    ngx_erp_store_free_blocks(store);
    ngx_erp_store_peers(store);

    store->turned_at = ngx_erp_store_now(store);

    ngx_erp_store_arm(store);
}


/* a turn for one question of the API; 0: there is none */

static ngx_uint_t
ngx_erp_store_asks(ngx_erp_store_t *store)
{
    u_char          *frame;
    ngx_queue_t     *q;
    ngx_erp_in_t     in;
    ngx_erp_peer_t  *peer;

    for (q = ngx_queue_head(&store->peers);
         q != ngx_queue_sentinel(&store->peers);
         q = ngx_queue_next(q))
    {
        peer = ngx_queue_data(q, ngx_erp_peer_t, queue);

        if (peer->asks && !peer->bad) {
            peer->asks = 0;
            store->rest = 1;

            frame = peer->pos;

            if (ngx_erp_wire_next(&peer->pos, peer->last, &in, &peer->need)
                != NGX_OK
                || ngx_erp_store_frame(store, peer, &in, frame) != NGX_OK)
            {
                ngx_erp_store_bad(store, peer);
            }

            return 1;
        }
    }

    return 0;
}


static void
ngx_erp_store_all(ngx_erp_store_t *store)
{
    ngx_uint_t  ending;

    /* when NGINX is stopped workers close their sockets, but did not die */

    ending = ngx_terminate || ngx_quit;

    ngx_erp_store_kept(store);

    if (!ending) {
        ngx_erp_store_lost_peers(store);
        ngx_erp_store_lost_left(store);
    }

    ngx_erp_store_frames(store);

    if (!ending) {
        ngx_erp_store_pump(store);
    }

    ngx_erp_store_breakers_write(store);
}


static void
ngx_erp_store_turn_begin(ngx_erp_store_t *store)
{
    ngx_queue_t     *q;
    ngx_erp_peer_t  *peer;

    ngx_canonical_arena_init(&store->arena, ngx_erp_store_block, store,
                             NGX_ERP_STORE_ARENA);

    store->counts = NULL;
    store->frames = 0;
    store->bytes = 0;
    store->changes = 0;
    store->wait = 0;
    store->failed = NGX_OK;
    store->begun = 0;
    store->touched = 0;
    store->rest = 0;

    for (q = ngx_queue_head(&store->peers);
         q != ngx_queue_sentinel(&store->peers);
         q = ngx_queue_next(q))
    {
        peer = ngx_queue_data(q, ngx_erp_peer_t, queue);

        peer->turn = peer->pos - peer->start;
        peer->mark = peer->out.last - peer->out.start;
    }

    ngx_erp_store_breakers_mark(store);
}


ngx_int_t
ngx_erp_store_begin(ngx_erp_store_t *store)
{
    if (store->failed != NGX_OK || store->begun) {
        return store->failed;
    }

    store->failed = ngx_erp_db_begin(store->db);

    if (store->failed == NGX_OK) {
        store->begun = 1;
    }

    return store->failed;
}


void
ngx_erp_store_undo(ngx_erp_store_t *store)
{
    ngx_erp_store_unsay(store);

    ngx_erp_db_rollback(store->db);

    ngx_erp_ties_undo(&store->leases);
    ngx_erp_ties_undo(&store->waits);

    store->counts = NULL;
    store->changes = 0;
    store->begun = 0;

    if (store->touched) {
        store->rebuild = 1;
    }
}


static void
ngx_erp_store_frames(ngx_erp_store_t *store)
{
    ngx_queue_t     *q;
    ngx_erp_peer_t  *peer;

    for (q = ngx_queue_head(&store->peers);
         q != ngx_queue_sentinel(&store->peers);
         q = ngx_queue_next(q))
    {
        peer = ngx_queue_data(q, ngx_erp_peer_t, queue);

        if (ngx_erp_store_peer_frames(store, peer)) {
            continue;
        }

        /* the rest of all of them in the next turn, this one not first */

        store->rest = 1;

        q = ngx_queue_head(&store->peers);
        ngx_queue_remove(q);
        ngx_queue_insert_tail(&store->peers, q);

        return;
    }
}


/* 0: enough for this turn */

static ngx_uint_t
ngx_erp_store_peer_frames(ngx_erp_store_t *store, ngx_erp_peer_t *peer)
{
    u_char        *frame;
    ngx_int_t      rc;
    ngx_erp_in_t   in;

    while (!peer->bad && ngx_erp_peer_unsent(peer) < NGX_ERP_STORE_DEAF
           && peer->pos != peer->last)
    {
        if (store->frames == NGX_ERP_STORE_FRAMES
            || store->bytes >= NGX_ERP_STORE_BYTES)
        {
            return !ngx_erp_peer_waits(peer);
        }

        frame = peer->pos;
        peer->need = 0;

        rc = ngx_erp_wire_next(&peer->pos, peer->last, &in, &peer->need);

        if (rc == NGX_AGAIN) {
            break;
        }

        peer->need = 0;

        if (rc == NGX_OK && in.type == NGX_ERP_ASK) {
            peer->pos = frame;
            peer->asks = 1;
            store->rest = 1;
            break;
        }

        if (rc == NGX_OK) {
            store->frames++;
            store->bytes += peer->pos - frame;

            rc = ngx_erp_store_frame(store, peer, &in, frame);
        }

        if (rc != NGX_OK) {
            ngx_erp_store_bad(store, peer);
        }
    }

    return 1;
}


static void
ngx_erp_store_bad(ngx_erp_store_t *store, ngx_erp_peer_t *peer)
{
    ngx_log_error(NGX_LOG_ERR, store->log, 0,
                  "worker %uL sent what the store process does not "
                  "understand", peer->pid);

    peer->bad = 1;
}


static ngx_int_t
ngx_erp_store_commit(ngx_erp_store_t *store)
{
    uint64_t   took;
    ngx_int_t  rc;

    if (!store->begun) {
        return store->failed;
    }

    if (store->failed != NGX_OK) {
        ngx_erp_db_rollback(store->db);
        return store->failed;
    }

    took = ngx_erp_store_microseconds();

    rc = ngx_erp_db_commit(store->db);

    took = ngx_erp_store_microseconds() - took;

    if (store->changes) {
        ngx_erp_metrics_commit(store->metrics, store->changes, took, rc);
    }

    return rc;
}


static void
ngx_erp_store_done(ngx_erp_store_t *store)
{
    ngx_erp_ties_commit(&store->leases);
    ngx_erp_ties_commit(&store->waits);

    ngx_erp_store_kept_commit(store);

    store->failures = 0;
    store->retry_at = 0;

    if (store->changes) {
        store->changed = 1;

        /* a second is a long time for a small disk */

        ngx_erp_store_free_space(store);
    }
}


/*
 * Nothing of the turn is stored: who asked is told so, what has happened at
 * destinations is kept and tried again.  A database that is locked by an
 * operator is waited for.
 */

static void
ngx_erp_store_fail(ngx_erp_store_t *store, ngx_int_t rc)
{
    ngx_uint_t       wait;
    ngx_queue_t     *q;
    ngx_erp_peer_t  *peer;

    store->failed = rc;

    ngx_erp_store_error(store, "cannot be written");

    if (rc == NGX_ABORT) {
        ngx_erp_store_no_space(store);
    }

    wait = !store->touched && store->failures < NGX_ERP_STORE_PATIENCE;

    ngx_erp_store_later(store);

    ngx_erp_ties_undo(&store->leases);
    ngx_erp_ties_undo(&store->waits);

    ngx_erp_store_kept_undo(store);

    store->counts = NULL;

    ngx_erp_store_unsay(store);

    for (q = ngx_queue_head(&store->peers);
         q != ngx_queue_sentinel(&store->peers);
         q = ngx_queue_next(q))
    {
        peer = ngx_queue_data(q, ngx_erp_peer_t, queue);

        if (wait) {
            peer->pos = peer->start + peer->turn;
            peer->asks = 0;

        } else {
            ngx_erp_store_refuse(store, peer);
        }
    }

    if (store->touched) {
        store->rebuild = 1;
    }
}


/* what would have been sent */

static void
ngx_erp_store_unsay(ngx_erp_store_t *store)
{
    ngx_queue_t     *q;
    ngx_erp_peer_t  *peer;

    for (q = ngx_queue_head(&store->peers);
         q != ngx_queue_sentinel(&store->peers);
         q = ngx_queue_next(q))
    {
        peer = ngx_queue_data(q, ngx_erp_peer_t, queue);

        if (peer->out.start) {
            peer->out.last = peer->out.start + peer->mark;
        }
    }
}


static void
ngx_erp_store_later(ngx_erp_store_t *store)
{
    uint64_t  delay;

    delay = NGX_ERP_STORE_RETRY << ngx_min(store->failures, 8);

    store->failures++;
    store->retry_at = ngx_erp_store_now(store)
                      + ngx_min(delay, NGX_ERP_STORE_MAX);
}


void
ngx_erp_store_error(ngx_erp_store_t *store, const char *what)
{
    if (store->logged_at && store->logged_at + NGX_ERP_STORE_TELL > store->now)
    {
        return;
    }

    store->logged_at = store->now;

    ngx_log_error(NGX_LOG_ERR, store->log, 0, "store \"%V\" %s: %s",
                  &store->conf->path->name, what,
                  ngx_erp_db_error(store->db));
}


void
ngx_erp_store_count(ngx_erp_store_t *store, ngx_erp_count_t *count)
{
    ngx_erp_count_t  *c;

    c = ngx_erp_store_alloc(store, sizeof(ngx_erp_count_t));
    if (c == NULL) {
        return;
    }

    *c = *count;

    c->next = store->counts;
    store->counts = c;
}


static void
ngx_erp_store_flush_counts(ngx_erp_store_t *store)
{
    ngx_erp_count_t    *c;
    ngx_erp_metrics_t  *m;

    m = store->metrics;

    for (c = store->counts; c; c = c->next) {

        switch (c->type) {

        case NGX_ERP_PUT:
            ngx_erp_metrics_put(m, &c->flow, &c->message_type, c->value);
            break;

        case NGX_ERP_SETTLE:
            ngx_erp_metrics_attempt(m, c->destination, c->value, c->time);
            break;

        default: /* NGX_ERP_ENDED */
            ngx_erp_metrics_ended(m, c->destination, c->value, c->reason,
                                  c->time);
        }
    }

    store->counts = NULL;
}


/* what they are told now is on disk, or it was refused */

static void
ngx_erp_store_peers(ngx_erp_store_t *store)
{
    ngx_queue_t     *q, *next;
    ngx_erp_peer_t  *peer;

    for (q = ngx_queue_head(&store->peers);
         q != ngx_queue_sentinel(&store->peers);
         q = next)
    {
        next = ngx_queue_next(q);
        peer = ngx_queue_data(q, ngx_erp_peer_t, queue);

        if (peer->connection && ngx_erp_peer_unsent(peer)) {
            ngx_erp_peer_send(peer);
        }

        if (peer->bad) {
            ngx_erp_peer_close(peer);
        }

        if (peer->connection) {
            ngx_erp_peer_resume(peer);
            continue;
        }

        if (peer->nleases == 0 && !ngx_erp_peer_waits(peer)) {
            ngx_erp_peer_free(peer);
        }
    }
}


/* the next turn, if nobody sends anything */

static void
ngx_erp_store_arm(ngx_erp_store_t *store)
{
    uint64_t         next, now;
    ngx_queue_t     *q;
    ngx_erp_peer_t  *peer;

    if (store->wake.timer_set) {
        ngx_del_timer(&store->wake);
    }

    now = ngx_erp_store_now(store);
    next = 0;

    if (store->retry_at > now) {
        next = store->retry_at;

    } else {

        if (store->rest) {
            /* not before all sockets were looked at */
            ngx_post_event(&store->event, &ngx_posted_next_events);
            return;
        }

        if (store->wait) {
            ngx_erp_store_until(&next, store->now + store->wait);
        }

        if (!ngx_queue_empty(&store->kept)) {
            ngx_erp_store_until(&next, store->kept_at);
        }

        if (store->nleft) {
            ngx_erp_store_until(&next, store->left_until);
        }

        for (q = ngx_queue_head(&store->peers);
             q != ngx_queue_sentinel(&store->peers);
             q = ngx_queue_next(q))
        {
            peer = ngx_queue_data(q, ngx_erp_peer_t, queue);

            if (peer->connection == NULL) {
                ngx_erp_store_until(&next, peer->gone_at);
            }
        }
    }

    if (next == 0) {
        return;
    }

    next = (next > now) ? next - now : 1;

    /* of a day that is far away NGINX's timers know nothing */

    ngx_add_timer(&store->wake, (ngx_msec_t) ngx_min(next, 3600 * 1000));
}


static void
ngx_erp_store_until(uint64_t *next, uint64_t time)
{
    if (*next == 0 || time < *next) {
        *next = time;
    }
}


void *
ngx_erp_store_alloc(void *data, size_t size)
{
    ngx_erp_store_t *store = data;

    void  *p;

    p = ngx_canonical_alloc(&store->arena, size);

    if (p == NULL) {
        store->no_memory = 1;
    }

    return p;
}


/*
 * Blocks of the arena.  Some are kept for the next turn, which needs them in
 * the same order: memory that goes back to the system costs page faults.
 */

static void *
ngx_erp_store_block(void *data, size_t size)
{
    ngx_erp_store_t *store = data;

    ngx_erp_block_t  *b;

    b = store->spare;

    if (b && b->size >= size) {
        store->spare = b->next;
        store->nspare -= b->size;

    } else {
        b = ngx_alloc(sizeof(ngx_erp_block_t) + size, store->log);
        if (b == NULL) {
            return NULL;
        }

        b->size = size;
    }

    b->next = store->blocks;
    store->blocks = b;

    return (u_char *) b + sizeof(ngx_erp_block_t);
}


static void
ngx_erp_store_free_blocks(ngx_erp_store_t *store)
{
    ngx_erp_block_t  *b;

    while (store->blocks) {
        b = store->blocks;
        store->blocks = b->next;

        if (b->size > NGX_ERP_STORE_SPARE - store->nspare) {
            ngx_free(b);
            continue;
        }

        b->next = store->spare;
        store->spare = b;
        store->nspare += b->size;
    }
}


void
ngx_erp_store_free_spare(ngx_erp_store_t *store)
{
    ngx_erp_block_t  *b;

    while (store->spare) {
        b = store->spare;
        store->spare = b->next;
        ngx_free(b);
    }

    store->nspare = 0;
}


static uint64_t
ngx_erp_store_microseconds(void)
{
    struct timespec  ts;

    (void) clock_gettime(CLOCK_MONOTONIC, &ts);

    return (uint64_t) ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}
