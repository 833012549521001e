
/*
 * The scheduler of deliveries against a slow one that is plainly right: any
 * operations in any order, chosen by a source of numbers.  After each of them
 * what the scheduler says is compared with what the model has.
 */

#ifndef _UNIT_ERP_MODEL_H_INCLUDED_
#define _UNIT_ERP_MODEL_H_INCLUDED_


#include "erp_model_state.h"


static inline const char *
model_rules(model_t *m)
{
    int               d;
    ngx_erp_rules_t   r;

    d = (int) model_below(m, MODEL_DESTS);

    if (model_below(m, 4) == 0) {
        m->dests[d].configured = 0;
        model_check(ngx_erp_schedule_destination(m->s, model_numbers[d], NULL)
                    == NGX_OK, "no rules");
        return NULL;
    }

    memset(&r, 0, sizeof(r));

    r.retry.base = 1 + model_below(m, 20);
    r.retry.factor = 100 + model_below(m, 200);
    r.retry.max = 500;
    r.retry.jitter = model_below(m, 3);
    r.retry.attempts = model_below(m, 5);
    r.retry.ttl = model_below(m, 2) * 300;
    r.breaker.consecutive = model_below(m, 4);
    r.breaker.errors = model_below(m, 2) * 60;
    r.breaker.minimum = 4;
    r.breaker.window = 1000;
    r.breaker.open = 20 + model_below(m, 20);
    r.breaker.max_open = 200;
    r.concurrency = model_below(m, 4);
    r.rate = model_below(m, 3) ? 0 : 1 + model_below(m, 200000);
    r.skip = model_below(m, 2);

    m->dests[d].rules = r;
    m->dests[d].configured = 1;
    m->dests[d].level = UINT64_MAX / 4;
    m->dests[d].since = 0;

    model_check(ngx_erp_schedule_destination(m->s, model_numbers[d], &r)
                == NGX_OK, "rules");
    return NULL;
}


static inline const char *
model_add(model_t *m)
{
    int             i;
    model_dest_t   *d;
    ngx_erp_row_t   row;

    if (m->n == MODEL_ITEMS) {
        return NULL;
    }

    d = &m->dests[model_below(m, MODEL_DESTS)];

    memset(&row, 0, sizeof(row));

    row.destination = model_numbers[d - m->dests];
    row.id = m->id += 1 + model_below(m, 3);
    row.seq = model_below(m, 10) ? row.id : 1 + model_below(m, row.id);
    row.order = model_below(m, MODEL_KEYS + 1);
    row.received = m->now - model_below(m, 50);
    row.next_at = m->now + model_below(m, 3) * model_below(m, 30);
    row.ttl_at = model_below(m, 4) ? 0 : m->now + model_below(m, 200);
    row.attempts = model_below(m, 2);
    row.deaths = model_below(m, 3);
    row.step = model_below(m, 65536);
    row.state = model_below(m, 30) || row.seq < row.id ? NGX_ERP_READY
                                                       : NGX_ERP_HELD;

    if (model_below(m, 20) == 0) {
        row.state = model_below(m, 2) ? NGX_ERP_LEASED : NGX_ERP_ENDING;
    }

    model_check(ngx_erp_schedule_add(m->s, &row) == NGX_OK, "add");
    model_check(ngx_erp_schedule_add(m->s, &row) == NGX_DECLINED,
                "added twice");

    if (row.ttl_at == 0 && d->rules.retry.ttl) {
        row.ttl_at = row.received + d->rules.retry.ttl;
    }

    if (row.state == NGX_ERP_ENDING) {
        row.ttl_at = row.next_at;
    }

    i = model_place(m, &row);

    memmove(&m->items[i + 1], &m->items[i], (m->n - i) * sizeof(m->items[0]));

    m->items[i].row = row;
    m->items[i].ending = row.state == NGX_ERP_ENDING;
    m->items[i].state = row.state == NGX_ERP_HELD ? MODEL_HELD : MODEL_READY;
    m->n++;

    return NULL;
}


/* what each destination would give: the first expired one, the first due */

static inline void
model_look(model_t *m)
{
    int              i, *best;
    uint64_t         a, b;
    ngx_uint_t       inflight[MODEL_DESTS];
    model_item_t    *item;
    model_dest_t    *d;
    ngx_erp_row_t   *row, *other;

    memset(inflight, 0, sizeof(inflight));

    for (d = m->dests; d < m->dests + MODEL_DESTS; d++) {
        d->expired = -1;
        d->due = -1;
        d->before = *model_breaker(m, d);
    }

    for (i = 0; i < m->n; i++) {
        item = &m->items[i];
        row = &item->row;
        d = model_dest(m, item);

        inflight[d - m->dests] += model_inflight(item);

        if (!d->configured || !model_waits(m, i)) {
            continue;
        }

        if (row->ttl_at && row->ttl_at <= m->now) {
            best = &d->expired;

        } else if (row->next_at <= m->now) {
            best = &d->due;

        } else {
            continue;
        }

        if (*best >= 0) {
            other = &m->items[*best].row;
            a = best == &d->due ? row->next_at : row->ttl_at;
            b = best == &d->due ? other->next_at : other->ttl_at;

            if (a > b || (a == b && row->id > other->id)) {
                continue;
            }
        }

        *best = i;
    }

    for (d = m->dests; d < m->dests + MODEL_DESTS; d++) {
        if (d->paused || d->wait_until > m->now
            || (d->rules.concurrency
                && inflight[d - m->dests] >= d->rules.concurrency)
            || (d->before.state != NGX_ERP_CLOSED
                && (d->probe || d->before.until > m->now)))
        {
            d->due = -1;
        }
    }
}


static inline const char *
model_wait(model_t *m, uint64_t wait)
{
    int             i, any;
    uint64_t        at, first;
    model_dest_t   *d;
    ngx_erp_row_t  *row;

    any = 0;
    first = UINT64_MAX;

    for (i = 0; i < m->n; i++) {
        d = model_dest(m, &m->items[i]);
        row = &m->items[i].row;

        if (!d->configured || !model_waits(m, i)) {
            continue;
        }

        any = 1;

        if (row->ttl_at) {
            first = ngx_min(first, row->ttl_at);
        }

        if (!d->paused && d->rules.rate == 0 && d->rules.concurrency == 0
            && d->before.state == NGX_ERP_CLOSED)
        {
            at = ngx_max(row->next_at, d->wait_until);
            first = ngx_min(first, at);
        }
    }

    model_check(any || wait == 0, "it waits for nothing");

    if (first != UINT64_MAX) {
        model_check(wait, "it never asks again");
        model_check(m->now + wait <= first, "it asks again too late");
    }

    return NULL;
}


/* a bucket of one second, and at least one */

static inline void
model_fill(model_t *m)
{
    uint64_t       full;
    model_dest_t  *d;

    for (d = m->dests; d < m->dests + MODEL_DESTS; d++) {
        full = ngx_max(d->rules.rate * 1000, 1000000);

        if (m->now > d->last) {
            d->level += (m->now - d->last) * d->rules.rate;
        }

        d->level = ngx_min(d->level, full);
        d->last = m->now;
    }
}


static inline const char *
model_none(model_t *m, uint64_t wait)
{
    model_dest_t  *d;

    for (d = m->dests; d < m->dests + MODEL_DESTS; d++) {
        model_check(d->expired < 0, "an expired one is left");

        d->passed_over = 0;

        if (d->due < 0) {
            d->since = 0;
            continue;
        }

        model_check(d->rules.rate, "a due one is left");

        if (d->since == 0 || d->since > m->now) {
            d->since = m->now;
        }

        model_check(m->now - d->since <= 1000000 / d->rules.rate,
                    "the rate holds it for too long");
    }

    return model_wait(m, wait);
}


static inline const char *
model_turns(model_t *m, model_dest_t *given)
{
    model_dest_t  *d;

    for (d = m->dests; d < m->dests + MODEL_DESTS; d++) {
        if (d == given || (d->expired < 0 && (d->due < 0 || d->rules.rate))) {
            d->passed_over = 0;

        } else {
            model_check(++d->passed_over < MODEL_DESTS, "no turn");
        }
    }

    given->since = 0;

    return NULL;
}


static inline const char *
model_next(model_t *m)
{
    int             i;
    uint64_t        wait;
    ngx_int_t       rc;
    ngx_uint_t      expired;
    model_item_t   *item;
    model_dest_t   *d;
    ngx_erp_row_t   row;

    model_look(m);
    model_fill(m);

    memset(&row, 0, sizeof(row));

    rc = ngx_erp_schedule_next(m->s, m->now, &row, &expired, &wait);

    if (rc == NGX_AGAIN) {
        return model_none(m, wait);
    }

    model_check(rc == NGX_OK, "next");

    m->given++;

    i = model_find(m, row.id);
    model_check(i >= 0, "it is not there");

    item = &m->items[i];
    d = model_dest(m, item);

    item->row.state = item->ending ? NGX_ERP_ENDING
                      : expired ? NGX_ERP_READY : NGX_ERP_LEASED;
    model_check(memcmp(&row, &item->row, sizeof(row)) == 0, "another row");

    if (expired) {
        model_check(i == d->expired, "not the first to expire");
        item->state = MODEL_EXPIRING;
        return model_turns(m, d);
    }

    model_check(d->expired < 0, "expired ones go first");
    model_check(i == d->due, "it may not go, or is not the first");

    if (d->rules.rate) {
        model_check(d->level >= 1000000, "above the rate");
        d->level -= 1000000;
    }

    if (d->before.state != NGX_ERP_CLOSED) {
        model_check(model_breaker(m, d)->state == NGX_ERP_HALF_OPEN,
                    "through an open breaker");
        d->probe = row.id;
    }

    item->state = MODEL_INFLIGHT;

    return model_turns(m, d);
}


static inline ngx_erp_state_e
model_outcome(model_t *m, model_item_t *item, ngx_erp_outcome_e outcome,
    uint64_t retry_after, uint64_t random, const char **reason)
{
    uint64_t       failed;
    model_dest_t  *d;

    d = model_dest(m, item);
    *reason = NULL;

    if (item->state == MODEL_EXPIRING) {
        *reason = item->ending ? "operator" : "expired";
        return item->ending ? NGX_ERP_DISCARDED : NGX_ERP_DEAD;
    }

    failed = item->row.attempts + 1;

    if (outcome != NGX_ERP_DOWN) {
        item->row.attempts++;
    }

    if (outcome == NGX_ERP_DONE) {
        return NGX_ERP_DELIVERED;
    }

    if (item->ending) {
        *reason = "operator";
        return NGX_ERP_DISCARDED;
    }

    if (outcome == NGX_ERP_BAD) {
        *reason = "rejected";

    } else if (outcome != NGX_ERP_DOWN && d->rules.retry.attempts
               && item->row.attempts >= d->rules.retry.attempts)
    {
        *reason = "attempts";

    } else if (item->row.ttl_at && item->row.ttl_at <= m->now) {
        *reason = "expired";
    }

    if (*reason) {
        return NGX_ERP_DEAD;
    }

    item->row.next_at = m->now;

    if (retry_after) {
        item->row.next_at += retry_after;

    } else if (outcome != NGX_ERP_DOWN || d->before.state == NGX_ERP_CLOSED) {
        item->row.next_at += ngx_erp_retry_delay(&d->rules.retry, failed,
                                                 random);
    }

    return item->state == MODEL_HELD ? NGX_ERP_HELD : NGX_ERP_READY;
}


static inline const char *
model_settle(model_t *m, int i)
{
    uint64_t            random, retry_after;
    const char         *why, *reason;
    model_item_t       *item;
    model_dest_t       *d;
    ngx_erp_row_t       row;
    ngx_erp_state_e     state;
    ngx_erp_outcome_e   outcome;

    if (i < 0) {
        return NULL;
    }

    item = &m->items[i];
    d = model_dest(m, item);

    outcome = NGX_ERP_DONE + model_below(m, 5);
    retry_after = model_below(m, 10) ? 0 : model_below(m, 40);
    random = m->number(m->data);

    d->before = *model_breaker(m, d);

    if (item->state != MODEL_EXPIRING) {
        if (d->before.state != NGX_ERP_HALF_OPEN || d->probe == item->row.id) {
            ngx_erp_breaker_note(&d->before, &d->rules.breaker, outcome,
                                 m->now);
        }

        if (d->probe == item->row.id) {
            d->probe = 0;
        }

        if (retry_after) {
            d->wait_until = ngx_max(d->wait_until, m->now + retry_after);
        }
    }

    memset(&row, 0, sizeof(row));

    model_check(ngx_erp_schedule_settle(m->s, item->row.id, outcome,
                                        retry_after, m->now, random, &row,
                                        &reason)
                == NGX_OK, "settle");

    state = model_outcome(m, item, outcome, retry_after, random, &why);

    model_check((why == NULL) == (reason == NULL)
                && (why == NULL || strcmp(why, reason) == 0), "reason");
    model_check(memcmp(&d->before, model_breaker(m, d),
                       sizeof(ngx_erp_breaker_t)) == 0, "breaker");

    /* that one was released is only seen when it becomes the head */

    if (state == NGX_ERP_READY && model_head(m, i) != i) {
        row.state = (row.state == NGX_ERP_HELD) ? NGX_ERP_READY : row.state;
    }

    item->row.state = state;
    model_check(memcmp(&row, &item->row, sizeof(row)) == 0, "settled row");

    if (state == NGX_ERP_READY || state == NGX_ERP_HELD) {
        item->state = state == NGX_ERP_HELD ? MODEL_HELD : MODEL_READY;
        return NULL;
    }

    if (state == NGX_ERP_DEAD && !d->rules.skip && item->row.order) {
        d->held[item->row.order] = 1;
    }

    m->ended++;
    model_drop(m, i);

    return NULL;
}


/* one that an attempt or its expiry is to be settled of, -1: none */

static inline int
model_pending(model_t *m)
{
    int  i, k;

    if (m->n == 0) {
        return -1;
    }

    i = (int) model_below(m, m->n);

    for (k = 0; k < m->n; k++, i = (i + 1) % m->n) {
        if (model_inflight(&m->items[i])
            || m->items[i].state == MODEL_EXPIRING)
        {
            return i;
        }
    }

    return -1;
}


static inline const char *
model_give_back(model_t *m, int i)
{
    model_item_t  *item;
    model_dest_t  *d;

    if (i < 0) {
        return NULL;
    }

    item = &m->items[i];
    d = model_dest(m, item);

    if (model_inflight(item) && d->probe == item->row.id) {
        d->probe = 0;
    }

    if (item->state == MODEL_INFLIGHT || item->state == MODEL_EXPIRING) {

        if (item->ending) {
            model_check(ngx_erp_schedule_give_back(m->s, item->row.id, m->now)
                        == NGX_DONE, "given back, and ends");
            model_drop(m, i);
            return NULL;
        }

        item->state = MODEL_READY;
        item->row.next_at = m->now + model_below(m, 20);
    }

    ngx_erp_schedule_give_back(m->s, item->row.id, item->row.next_at);

    return NULL;
}


static inline const char *
model_claim(model_t *m, int i)
{
    ngx_int_t  rc;

    if (i < 0) {
        return NULL;
    }

    rc = ngx_erp_schedule_claim(m->s, m->items[i].row.id);

    model_check((rc == NGX_OK) == model_waits(m, i), "claim");

    if (rc == NGX_OK) {
        m->items[i].state = MODEL_INFLIGHT;
    }

    return NULL;
}


static inline const char *
model_remove(model_t *m, int i)
{
    ngx_int_t  rc;

    if (i < 0) {
        return NULL;
    }

    rc = ngx_erp_schedule_remove(m->s, m->items[i].row.id);

    if (model_inflight(&m->items[i])) {
        model_check(rc == NGX_AGAIN, "removed in flight");
        m->items[i].ending = 1;
        return NULL;
    }

    model_check(rc == NGX_OK, "remove");
    model_drop(m, i);

    return NULL;
}


static inline const char *
model_key(model_t *m, int held)
{
    int            i, d;
    uint64_t       order;
    ngx_erp_row_t *row;

    d = (int) model_below(m, MODEL_DESTS);
    order = 1 + model_below(m, MODEL_KEYS);

    m->dests[d].held[order] = held;

    if (held) {
        model_check(ngx_erp_schedule_hold(m->s, model_numbers[d], order)
                    == NGX_OK, "hold");
        return NULL;
    }

    ngx_erp_schedule_release(m->s, model_numbers[d], order);

    for (i = 0; i < m->n; i++) {
        row = &m->items[i].row;

        if (row->destination == model_numbers[d] && row->order == order
            && m->items[i].state == MODEL_HELD)
        {
            m->items[i].state = MODEL_READY;
        }
    }

    return NULL;
}


/* a head that waits goes now, the one whose time would have come first */

static inline const char *
model_probe(model_t *m)
{
    int                 i, d, best, changed;
    ngx_erp_row_t      *row;
    ngx_erp_breaker_t  *b;

    d = (int) model_below(m, MODEL_DESTS);
    b = model_breaker(m, &m->dests[d]);
    best = -1;

    for (i = 0; i < m->n; i++) {
        row = &m->items[i].row;

        if (row->destination == model_numbers[d] && model_waits(m, i)
            && (best < 0 || row->next_at < m->items[best].row.next_at
                || (row->next_at == m->items[best].row.next_at
                    && row->id < m->items[best].row.id)))
        {
            best = i;
        }
    }

    changed = m->dests[d].wait_until > m->now
              || (b->state == NGX_ERP_OPEN && b->until > m->now);

    m->dests[d].wait_until = ngx_min(m->dests[d].wait_until, m->now);

    if (best >= 0 && !m->items[best].ending
        && m->items[best].row.next_at > m->now)
    {
        m->items[best].row.next_at = m->now;
        changed = 1;
    }

    model_check(ngx_erp_schedule_probe(m->s, model_numbers[d], m->now)
                == (ngx_uint_t) changed, "probe");
    model_check(b->state != NGX_ERP_OPEN || b->until <= m->now,
                "an open breaker after a probe");
    return NULL;
}


static inline void
model_pause(model_t *m)
{
    int  d;

    d = (int) model_below(m, MODEL_DESTS);

    m->dests[d].paused = model_below(m, 3) == 0;

    ngx_erp_schedule_pause(m->s, model_numbers[d], m->dests[d].paused);
}


static inline void
model_clock(model_t *m)
{
    uint64_t  kind;

    kind = model_below(m, 40);

    if (kind == 0) {
        m->now -= model_below(m, 3000);

    } else if (kind == 1) {
        m->now += model_below(m, 20000);

    } else {
        m->now += model_below(m, 12);
    }
}


static inline const char *
model_step(model_t *m)
{
    int       any;
    uint64_t  op;

    op = model_below(m, 100);
    any = m->n ? (int) model_below(m, m->n) : -1;

    if (op < 25) {
        return model_add(m);

    } else if (op < 55) {
        return model_next(m);

    } else if (op < 75) {
        return model_settle(m, model_pending(m));

    } else if (op < 76) {
        return model_settle(m, any);

    } else if (op < 79) {
        return model_give_back(m, model_pending(m));

    } else if (op < 80) {
        return model_give_back(m, any);

    } else if (op < 81) {
        return model_claim(m, any);

    } else if (op < 82) {
        return model_remove(m, model_below(m, 2) ? any : model_pending(m));

    } else if (op < 88) {
        return model_key(m, 0);

    } else if (op < 89) {
        return model_key(m, 1);

    } else if (op < 90) {
        return model_rules(m);

    } else if (op < 91) {
        model_pause(m);
        return NULL;

    } else if (op < 92) {
        return model_probe(m);
    }

    model_clock(m);

    return NULL;
}


static inline int
model_open(model_t *m, uint64_t (*number)(void *data), void *data)
{
    int  d;

    memset(m, 0, sizeof(model_t));

    m->s = ngx_erp_schedule_create();
    if (m->s == NULL) {
        return 0;
    }

    m->number = number;
    m->data = data;
    m->now = MODEL_START;

    for (d = 0; d < MODEL_DESTS; d++) {
        if (ngx_erp_schedule_destination(m->s, model_numbers[d], NULL)
            != NGX_OK)
        {
            return 0;
        }

        m->dests[d].last = m->now;
    }

    return 1;
}


#endif /* _UNIT_ERP_MODEL_H_INCLUDED_ */
