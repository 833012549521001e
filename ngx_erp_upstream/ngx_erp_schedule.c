
/*
 * Which delivery goes next: see the header.
 *
 * Destinations at which something may have changed are in a ring, those at
 * which nothing can happen before a time in a heap of timers, the others in
 * neither.  A look at one that has nothing to give takes it out of the ring.
 */

#include "ngx_erp_queue.h"


static void ngx_erp_schedule_wake(ngx_erp_schedule_t *s, uint64_t now);
static uint32_t ngx_erp_schedule_turn(ngx_erp_schedule_t *s);
static uint32_t ngx_erp_schedule_pick(ngx_erp_schedule_t *s,
    ngx_erp_dest_t *dest, uint64_t now, ngx_uint_t *expired);
static ngx_uint_t ngx_erp_schedule_may(ngx_erp_dest_t *dest, uint64_t now);
static ngx_uint_t ngx_erp_schedule_at(ngx_erp_dest_t *dest, uint64_t now,
    uint64_t time);
static void ngx_erp_schedule_row(ngx_erp_schedule_t *s, uint32_t i,
    ngx_erp_row_t *row);
static void ngx_erp_schedule_note(ngx_erp_dest_t *dest, uint32_t i,
    ngx_erp_outcome_e outcome, uint64_t retry_after, uint64_t now);
static ngx_erp_state_e ngx_erp_schedule_judge(ngx_erp_dest_t *dest,
    ngx_erp_item_t *item, ngx_erp_outcome_e outcome, uint64_t now,
    const char **reason);
static uint64_t ngx_erp_schedule_again(ngx_erp_dest_t *dest,
    ngx_erp_item_t *item, ngx_erp_outcome_e outcome, uint64_t retry_after,
    uint64_t now, uint64_t random);
static void ngx_erp_schedule_cancel(ngx_erp_dest_t *dest, uint32_t i);


ngx_int_t
ngx_erp_schedule_destination(ngx_erp_schedule_t *s, uint32_t number,
    ngx_erp_rules_t *rules)
{
    uint32_t         d;
    ngx_erp_dest_t  *dest;

    d = ngx_erp_dest_get(s, number);
    if (d == 0) {
        return NGX_ERROR;
    }

    dest = ngx_erp_dest(s, d);
    dest->configured = rules ? 1 : 0;

    if (rules) {
        dest->rules = *rules;
        dest->rate.rate = rules->rate;
    }

    ngx_erp_dest_touch(s, d);

    return NGX_OK;
}


void
ngx_erp_schedule_pause(ngx_erp_schedule_t *s, uint32_t number,
    ngx_uint_t paused)
{
    uint32_t  d;

    d = ngx_erp_dest_find(s, number);

    if (d) {
        ngx_erp_dest(s, d)->paused = paused ? 1 : 0;
        ngx_erp_dest_touch(s, d);
    }
}


ngx_erp_breaker_t *
ngx_erp_schedule_breaker(ngx_erp_schedule_t *s, uint32_t number)
{
    uint32_t  d;

    d = ngx_erp_dest_find(s, number);

    return d ? &ngx_erp_dest(s, d)->breaker : NULL;
}


ngx_uint_t
ngx_erp_schedule_probe(ngx_erp_schedule_t *s, uint32_t number, uint64_t now)
{
    uint32_t         d, i;
    ngx_uint_t       changed;
    ngx_erp_dest_t  *dest;

    d = ngx_erp_dest_find(s, number);
    if (d == 0) {
        return 0;
    }

    dest = ngx_erp_dest(s, d);
    changed = 0;

    if (dest->breaker.state == NGX_ERP_OPEN && dest->breaker.until > now) {
        dest->breaker.until = now;
        changed = 1;
    }

    if (dest->wait_until > now) {
        dest->wait_until = now;
        changed = 1;
    }

    i = ngx_erp_heap_top(&dest->due);

    if (i && !ngx_erp_item(s, i)->ending
        && ngx_erp_item(s, i)->next_at > now)
    {
        ngx_erp_item_set(s, i, NGX_ERP_ITEM_READY, now);
        changed = 1;
    }

    ngx_erp_dest_touch(s, d);

    return changed;
}


ngx_int_t
ngx_erp_schedule_add(ngx_erp_schedule_t *s, ngx_erp_row_t *row)
{
    if (row->id > NGX_ERP_ID_MAX || row->seq > NGX_ERP_ID_MAX) {
        return NGX_ERROR;
    }

    /* numbers ascend: that of a new one is not looked for */

    if (row->id <= s->last) {

        if (ngx_erp_item_find(s, row->id)) {
            return NGX_DECLINED;
        }

    } else {
        s->last = row->id;
    }

    return ngx_erp_item_add(s, row);
}


ngx_int_t
ngx_erp_schedule_next(ngx_erp_schedule_t *s, uint64_t now, ngx_erp_row_t *row,
    ngx_uint_t *expired, uint64_t *wait)
{
    uint32_t         d, i;
    ngx_erp_dest_t  *dest;
    ngx_erp_item_t  *item;

    *wait = 0;

    ngx_erp_schedule_wake(s, now);

    while ((d = ngx_erp_schedule_turn(s)) != 0) {
        dest = ngx_erp_dest(s, d);

        i = ngx_erp_schedule_pick(s, dest, now, expired);

        if (i) {
            item = ngx_erp_item(s, i);

            ngx_erp_item_set(s, i, *expired ? NGX_ERP_ITEM_EXPIRING
                                            : NGX_ERP_ITEM_INFLIGHT,
                             item->next_at);

            ngx_erp_schedule_row(s, i, row);

            return NGX_OK;
        }

        if (dest->wake != NGX_ERP_NEVER) {
            ngx_erp_heap_push(&s->timers, d);
        }
    }

    d = ngx_erp_heap_top(&s->timers);

    if (d) {
        *wait = ngx_erp_dest(s, d)->wake - now;
    }

    return NGX_AGAIN;
}


ngx_int_t
ngx_erp_schedule_expired(ngx_erp_schedule_t *s, uint64_t now,
    ngx_erp_row_t *row, uint64_t *wait)
{
    uint32_t         d, i;
    uint64_t         next;
    ngx_erp_dest_t  *dest;
    ngx_erp_item_t  *item;

    next = NGX_ERP_NEVER;

    for (d = 1; d <= s->ndests; d++) {
        dest = ngx_erp_dest(s, d);

        i = dest->configured ? ngx_erp_heap_top(&dest->ttl) : 0;

        if (i == 0) {
            continue;
        }

        item = ngx_erp_item(s, i);

        if (item->ttl_at <= now) {
            ngx_erp_item_set(s, i, NGX_ERP_ITEM_EXPIRING, item->next_at);
            ngx_erp_schedule_row(s, i, row);

            return NGX_OK;
        }

        next = ngx_min(next, item->ttl_at);
    }

    *wait = (next == NGX_ERP_NEVER) ? 0 : next - now;

    return NGX_AGAIN;
}


/* those whose time has come; all of them if time goes backwards */

static void
ngx_erp_schedule_wake(ngx_erp_schedule_t *s, uint64_t now)
{
    uint32_t  d;

    if (now < s->clock) {
        for (d = 1; d <= s->ndests; d++) {
            ngx_erp_dest_touch(s, d);
        }
    }

    s->clock = now;

    for ( ;; ) {
        d = ngx_erp_heap_top(&s->timers);

        if (d == 0 || ngx_erp_dest(s, d)->wake > now) {
            break;
        }

        ngx_erp_dest_touch(s, d);
    }
}


static uint32_t
ngx_erp_schedule_turn(ngx_erp_schedule_t *s)
{
    uint32_t         d;
    ngx_erp_dest_t  *dest;

    d = s->ring_head;

    if (d) {
        dest = ngx_erp_dest(s, d);

        s->ring_head = dest->ring_next;
        dest->ringed = 0;

        if (s->ring_head == 0) {
            s->ring_tail = 0;
        }
    }

    return d;
}


/* 0: none now, and not before dest->wake */

static uint32_t
ngx_erp_schedule_pick(ngx_erp_schedule_t *s, ngx_erp_dest_t *dest,
    uint64_t now, ngx_uint_t *expired)
{
    uint32_t         i;
    ngx_erp_item_t  *item;

    *expired = 0;
    dest->wake = NGX_ERP_NEVER;

    if (!dest->configured) {
        return 0;
    }

    i = ngx_erp_heap_top(&dest->ttl);

    if (i && !ngx_erp_schedule_at(dest, now, ngx_erp_item(s, i)->ttl_at)) {
        *expired = 1;
        return i;
    }

    if (dest->paused
        || (dest->rules.concurrency
            && (ngx_uint_t) dest->inflight >= dest->rules.concurrency)
        || (dest->probe && dest->breaker.state != NGX_ERP_CLOSED))
    {
        return 0;
    }

    i = ngx_erp_heap_top(&dest->due);

    if (i == 0) {
        return 0;
    }

    item = ngx_erp_item(s, i);

    if (ngx_erp_schedule_at(dest, now, item->next_at)
        || ngx_erp_schedule_at(dest, now, dest->wait_until)
        || !ngx_erp_schedule_may(dest, now))
    {
        return 0;
    }

    if (dest->breaker.state == NGX_ERP_HALF_OPEN) {
        dest->probe = i;
    }

    return i;
}


/* breaker and rate: what one of them gives is not used up by the other */

static ngx_uint_t
ngx_erp_schedule_may(ngx_erp_dest_t *dest, uint64_t now)
{
    uint64_t           until, wait;
    ngx_erp_breaker_e  state;

    /* half open without an attempt on its way: it would wait for ever */

    ngx_erp_breaker_cancel(&dest->breaker);

    state = dest->breaker.state;
    until = 0;

    if (ngx_erp_breaker_ask(&dest->breaker, &dest->rules.breaker, now, &until)
        != NGX_OK)
    {
        (void) ngx_erp_schedule_at(dest, now, until);
        return 0;
    }

    wait = ngx_erp_rate_take(&dest->rate, now);

    if (wait) {
        dest->breaker.state = state;
        (void) ngx_erp_schedule_at(dest, now, ngx_erp_later(now, wait));
        return 0;
    }

    return 1;
}


/* whether the time is still to come; then it is a time to wake up at */

static ngx_uint_t
ngx_erp_schedule_at(ngx_erp_dest_t *dest, uint64_t now, uint64_t time)
{
    if (time <= now) {
        return 0;
    }

    dest->wake = ngx_min(dest->wake, time);

    return 1;
}


static void
ngx_erp_schedule_row(ngx_erp_schedule_t *s, uint32_t i, ngx_erp_row_t *row)
{
    ngx_erp_item_t  *item;

    item = ngx_erp_item(s, i);

    row->id = item->id;
    row->seq = item->seq;
    row->order = item->keyed ? ngx_erp_queue(s, item->owner)->order : 0;
    row->next_at = item->next_at;
    row->ttl_at = item->ttl_at;
    row->received = ngx_erp_item_received(item);
    row->destination = ngx_erp_dest(s, ngx_erp_item_dest(s, i))->number;
    row->attempts = (uint32_t) item->attempts;
    row->deaths = (uint32_t) item->deaths;
    row->step = (uint16_t) item->step;

    row->state = (item->state == NGX_ERP_ITEM_HELD) ? NGX_ERP_HELD
                 : item->ending ? NGX_ERP_ENDING
                 : (item->state == NGX_ERP_ITEM_INFLIGHT) ? NGX_ERP_LEASED
                 : NGX_ERP_READY;
}


ngx_int_t
ngx_erp_schedule_claim(ngx_erp_schedule_t *s, uint64_t delivery)
{
    uint32_t         i;
    ngx_erp_item_t  *item;

    i = ngx_erp_item_find(s, delivery);

    if (i == 0 || !ngx_erp_item_may_go(s, i)) {
        return NGX_DECLINED;
    }

    item = ngx_erp_item(s, i);

    ngx_erp_item_set(s, i, NGX_ERP_ITEM_INFLIGHT, item->next_at);

    return NGX_OK;
}


ngx_int_t
ngx_erp_schedule_settle(ngx_erp_schedule_t *s, uint64_t delivery,
    ngx_erp_outcome_e outcome, uint64_t retry_after, uint64_t now,
    uint64_t random, ngx_erp_row_t *row, const char **reason)
{
    uint32_t          i;
    uint64_t          next_at;
    ngx_erp_dest_t   *dest;
    ngx_erp_item_t   *item;
    ngx_erp_state_e   state;

    *reason = NULL;

    i = ngx_erp_item_find(s, delivery);

    if (i == 0) {
        ngx_memzero(row, sizeof(ngx_erp_row_t));
        return NGX_DECLINED;
    }

    dest = ngx_erp_dest(s, ngx_erp_item_dest(s, i));
    item = ngx_erp_item(s, i);

    if (item->state == NGX_ERP_ITEM_EXPIRING) {
        state = item->ending ? NGX_ERP_DISCARDED : NGX_ERP_DEAD;
        *reason = item->ending ? "operator" : "expired";

    } else {
        ngx_erp_schedule_note(dest, i, outcome, retry_after, now);

        if (outcome != NGX_ERP_DOWN && item->attempts < NGX_ERP_ATTEMPTS_MAX) {
            item->attempts++;
        }

        state = ngx_erp_schedule_judge(dest, item, outcome, now, reason);
    }

    if (state == NGX_ERP_READY) {
        next_at = ngx_erp_schedule_again(dest, item, outcome, retry_after,
                                         now, random);

        ngx_erp_item_set(s, i, (item->state == NGX_ERP_ITEM_HELD)
                               ? NGX_ERP_ITEM_HELD : NGX_ERP_ITEM_READY,
                         next_at);

        ngx_erp_schedule_row(s, i, row);

    } else {
        ngx_erp_schedule_row(s, i, row);
        row->state = state;

        ngx_erp_item_remove(s, i, state == NGX_ERP_DEAD && !dest->rules.skip);
    }

    return NGX_OK;
}


/* of a half-open breaker only the one attempt decides */

static void
ngx_erp_schedule_note(ngx_erp_dest_t *dest, uint32_t i,
    ngx_erp_outcome_e outcome, uint64_t retry_after, uint64_t now)
{
    if (dest->breaker.state != NGX_ERP_HALF_OPEN || dest->probe == i) {
        (void) ngx_erp_breaker_note(&dest->breaker, &dest->rules.breaker,
                                    outcome, now);
    }

    if (dest->probe == i) {
        dest->probe = 0;
    }

    if (retry_after) {
        dest->wait_until = ngx_max(dest->wait_until,
                                   ngx_erp_later(now, retry_after));
    }
}


static ngx_erp_state_e
ngx_erp_schedule_judge(ngx_erp_dest_t *dest, ngx_erp_item_t *item,
    ngx_erp_outcome_e outcome, uint64_t now, const char **reason)
{
    if (outcome == NGX_ERP_DONE) {
        return NGX_ERP_DELIVERED;
    }

    if (item->ending) {
        *reason = "operator";
        return NGX_ERP_DISCARDED;
    }

    if (outcome == NGX_ERP_BAD) {
        *reason = "rejected";
        return NGX_ERP_DEAD;
    }

    if (outcome != NGX_ERP_DOWN && dest->rules.retry.attempts
        && item->attempts >= dest->rules.retry.attempts)
    {
        *reason = "attempts";
        return NGX_ERP_DEAD;
    }

    if (item->ttl_at && item->ttl_at <= now) {
        *reason = "expired";
        return NGX_ERP_DEAD;
    }

    return NGX_ERP_READY;
}


static uint64_t
ngx_erp_schedule_again(ngx_erp_dest_t *dest, ngx_erp_item_t *item,
    ngx_erp_outcome_e outcome, uint64_t retry_after, uint64_t now,
    uint64_t random)
{
    ngx_uint_t  failed;

    if (retry_after) {
        return ngx_erp_later(now, retry_after);
    }

    failed = item->attempts;

    if (outcome == NGX_ERP_DOWN) {

        if (dest->breaker.state != NGX_ERP_CLOSED) {
            return now;
        }

        failed++;
    }

    return ngx_erp_later(now, ngx_erp_retry_delay(&dest->rules.retry, failed,
                                                  random));
}


ngx_int_t
ngx_erp_schedule_give_back(ngx_erp_schedule_t *s, uint64_t delivery,
    uint64_t next_at)
{
    uint32_t         i;
    ngx_erp_item_t  *item;

    i = ngx_erp_item_find(s, delivery);
    if (i == 0) {
        return NGX_DECLINED;
    }

    item = ngx_erp_item(s, i);

    if (item->state != NGX_ERP_ITEM_INFLIGHT
        && item->state != NGX_ERP_ITEM_EXPIRING)
    {
        return NGX_DECLINED;
    }

    ngx_erp_schedule_cancel(ngx_erp_dest(s, ngx_erp_item_dest(s, i)), i);

    if (item->ending) {
        ngx_erp_item_remove(s, i, 0);
        return NGX_DONE;
    }

    ngx_erp_item_set(s, i, NGX_ERP_ITEM_READY, next_at);

    return NGX_OK;
}


static void
ngx_erp_schedule_cancel(ngx_erp_dest_t *dest, uint32_t i)
{
    if (dest->probe == i) {
        dest->probe = 0;
        ngx_erp_breaker_cancel(&dest->breaker);
    }
}


ngx_int_t
ngx_erp_schedule_hold(ngx_erp_schedule_t *s, uint32_t destination,
    uint64_t order)
{
    uint32_t  d, q;

    d = ngx_erp_dest_get(s, destination);
    if (d == 0) {
        return NGX_ERROR;
    }

    if (order == 0) {
        return NGX_OK;
    }

    q = ngx_erp_queue_get(s, d, order);
    if (q == 0) {
        return NGX_ERROR;
    }

    ngx_erp_queue_hold(s, q, 1);

    return NGX_OK;
}


ngx_uint_t
ngx_erp_schedule_held(ngx_erp_schedule_t *s, uint32_t destination,
    uint64_t order)
{
    uint32_t  d, q;

    d = ngx_erp_dest_find(s, destination);
    q = (d && order) ? ngx_erp_queue_find(s, d, order) : 0;

    return q ? ngx_erp_queue(s, q)->held : 0;
}


void
ngx_erp_schedule_release(ngx_erp_schedule_t *s, uint32_t destination,
    uint64_t order)
{
    uint32_t  d, q;

    d = ngx_erp_dest_find(s, destination);
    if (d == 0) {
        return;
    }

    q = ngx_erp_queue_find(s, d, order);

    if (q) {
        ngx_erp_queue_hold(s, q, 0);
    }
}


ngx_int_t
ngx_erp_schedule_remove(ngx_erp_schedule_t *s, uint64_t delivery)
{
    uint32_t         i;
    ngx_erp_item_t  *item;

    i = ngx_erp_item_find(s, delivery);
    if (i == 0) {
        return NGX_DECLINED;
    }

    item = ngx_erp_item(s, i);

    if (item->state == NGX_ERP_ITEM_INFLIGHT) {
        item->ending = 1;
        return NGX_AGAIN;
    }

    ngx_erp_item_remove(s, i, 0);

    return NGX_OK;
}


void
ngx_erp_schedule_numbers(ngx_erp_schedule_t *s, uint32_t number,
    ngx_erp_numbers_t *n)
{
    uint32_t         d, i;
    ngx_erp_dest_t  *dest;

    ngx_memzero(n, sizeof(ngx_erp_numbers_t));

    d = ngx_erp_dest_find(s, number);
    if (d == 0) {
        return;
    }

    dest = ngx_erp_dest(s, d);

    n->ready = dest->ready;
    n->inflight = dest->inflight;
    n->held = dest->held;
    n->blocked = dest->blocked;
    n->breaker = &dest->breaker;
    n->paused = dest->paused;
    n->configured = dest->configured;

    i = ngx_erp_heap_top(&dest->age);

    if (i) {
        n->oldest = ngx_erp_item_received(ngx_erp_item(s, i));
    }
}
