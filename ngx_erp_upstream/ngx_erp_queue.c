
/*
 * Deliveries in the queues of their keys: see the header.
 */

#include "ngx_erp_queue.h"


static ngx_int_t ngx_erp_dest_reserve(ngx_erp_dest_t *dest);
static void ngx_erp_item_fill(ngx_erp_item_t *item, ngx_erp_row_t *row);
static void ngx_erp_item_link(ngx_erp_schedule_t *s, uint32_t i);
static uint32_t ngx_erp_item_follower(ngx_erp_schedule_t *s,
    ngx_erp_queue_t *queue, ngx_erp_item_t *item);
static void ngx_erp_item_unlink(ngx_erp_schedule_t *s, uint32_t i);
static ngx_uint_t ngx_erp_item_is_head(ngx_erp_item_t *item);
static void ngx_erp_item_place(ngx_erp_schedule_t *s, uint32_t i);
static void ngx_erp_item_displace(ngx_erp_schedule_t *s, uint32_t i);
static void ngx_erp_item_count(ngx_erp_schedule_t *s, uint32_t i,
    ngx_int_t sign);
static void ngx_erp_queue_count(ngx_erp_schedule_t *s, ngx_erp_queue_t *queue,
    ngx_int_t sign);


ngx_int_t
ngx_erp_item_add(ngx_erp_schedule_t *s, ngx_erp_row_t *row)
{
    uint32_t         d, i, q;
    ngx_erp_dest_t  *dest;
    ngx_erp_item_t  *item;

    d = ngx_erp_dest_get(s, row->destination);
    if (d == 0) {
        return NGX_ERROR;
    }

    dest = ngx_erp_dest(s, d);

    /* what is reserved here nothing else has to fail for */

    if (ngx_erp_dest_reserve(dest) != NGX_OK) {
        return NGX_ERROR;
    }

    i = ngx_erp_item_new(s);
    if (i == 0) {
        return NGX_ERROR;
    }

    q = 0;

    if (row->order) {
        q = ngx_erp_queue_get(s, d, row->order);

        if (q == 0) {
            ngx_erp_item_free(s, i);
            return NGX_ERROR;
        }
    }

    item = ngx_erp_item(s, i);

    ngx_erp_item_fill(item, row);

    if (row->ttl_at == 0 && dest->rules.retry.ttl) {
        item->ttl_at = ngx_min(ngx_erp_later(row->received,
                                             dest->rules.retry.ttl),
                               NGX_ERP_TIME_MAX);
    }

    /* nobody has to wait for it longer than for an attempt on its way */

    if (item->ending) {
        item->ttl_at = ngx_max(item->next_at, 1);
    }

    item->keyed = q ? 1 : 0;
    item->owner = q ? q : d;

    ngx_erp_index_add(&s->ids, i);
    ngx_erp_heap_push(&dest->age, i);

    ngx_erp_item_link(s, i);

    return NGX_OK;
}


static ngx_int_t
ngx_erp_dest_reserve(ngx_erp_dest_t *dest)
{
    if (ngx_erp_heap_reserve(&dest->age, (uint64_t) dest->age.n + 1) != NGX_OK
        || ngx_erp_heap_reserve(&dest->due, (uint64_t) dest->heads + 1)
           != NGX_OK
        || ngx_erp_heap_reserve(&dest->ttl, (uint64_t) dest->heads + 1)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    return NGX_OK;
}


static void
ngx_erp_item_fill(ngx_erp_item_t *item, ngx_erp_row_t *row)
{
    uint64_t  received;

    ngx_memzero(item, sizeof(ngx_erp_item_t));

    received = ngx_min(row->received, NGX_ERP_TIME_MAX);

    item->id = row->id;
    item->step = row->step;
    item->seq = row->seq ? row->seq : row->id;
    item->ending = (row->state == NGX_ERP_ENDING);
    item->next_at = ngx_min(row->next_at, NGX_ERP_TIME_MAX);
    item->attempts = ngx_min(row->attempts, NGX_ERP_ATTEMPTS_MAX);
    item->ttl_at = ngx_min(row->ttl_at, NGX_ERP_TIME_MAX);
    item->deaths = ngx_min(row->deaths, NGX_ERP_DEATHS_MAX);
    item->received_low = received & 0xfff;
    item->received_high = (uint32_t) (received >> 12);

    item->state = (row->state == NGX_ERP_HELD) ? NGX_ERP_ITEM_HELD
                                               : NGX_ERP_ITEM_READY;
}


static void
ngx_erp_item_link(ngx_erp_schedule_t *s, uint32_t i)
{
    uint32_t          next;
    ngx_erp_item_t   *item;
    ngx_erp_queue_t  *queue;

    item = ngx_erp_item(s, i);

    if (!item->keyed) {
        ngx_erp_dest(s, item->owner)->heads++;
        ngx_erp_item_count(s, i, 1);
        ngx_erp_item_place(s, i);
        return;
    }

    queue = ngx_erp_queue(s, item->owner);

    ngx_erp_queue_count(s, queue, -1);

    next = ngx_erp_item_follower(s, queue, item);

    if (queue->n == 0) {
        ngx_erp_dest(s, queue->dest)->heads++;

    } else if (next == queue->head) {
        ngx_erp_item_displace(s, next);
    }

    item->next = next;
    item->prev = next ? ngx_erp_item(s, next)->prev : queue->tail;

    if (item->prev) {
        ngx_erp_item(s, item->prev)->next = i;

    } else {
        queue->head = i;
    }

    if (next) {
        ngx_erp_item(s, next)->prev = i;

    } else {
        queue->tail = i;
    }

    queue->n++;

    ngx_erp_queue_count(s, queue, 1);

    if (queue->head == i) {
        ngx_erp_item_place(s, i);
    }
}


/*
 * Which one it goes in front of, 0: none.  A replay is in front of all, or
 * behind other replays; never of what is in flight, or given to be settled.
 */

static uint32_t
ngx_erp_item_follower(ngx_erp_schedule_t *s, ngx_erp_queue_t *queue,
    ngx_erp_item_t *item)
{
    uint32_t         i;
    ngx_erp_item_t  *other;

    if (queue->tail == 0 || ngx_erp_item(s, queue->tail)->seq <= item->seq) {
        return 0;
    }

    i = queue->head;
    other = ngx_erp_item(s, i);

    if (other->state == NGX_ERP_ITEM_INFLIGHT
        || other->state == NGX_ERP_ITEM_EXPIRING)
    {
        i = other->next;
    }

    while (i && ngx_erp_item(s, i)->seq <= item->seq) {
        i = ngx_erp_item(s, i)->next;
    }

    return i;
}


void
ngx_erp_item_set(ngx_erp_schedule_t *s, uint32_t i, ngx_erp_item_e state,
    uint64_t next_at)
{
    ngx_uint_t       head;
    ngx_erp_item_t  *item;

    item = ngx_erp_item(s, i);
    head = ngx_erp_item_is_head(item);

    ngx_erp_item_count(s, i, -1);

    if (head) {
        ngx_erp_item_displace(s, i);
    }

    item->state = state;
    item->next_at = ngx_min(next_at, NGX_ERP_TIME_MAX);

    ngx_erp_item_count(s, i, 1);

    if (head) {
        ngx_erp_item_place(s, i);
    }

    ngx_erp_dest_touch(s, ngx_erp_item_dest(s, i));
}


void
ngx_erp_item_remove(ngx_erp_schedule_t *s, uint32_t i, ngx_uint_t hold)
{
    uint32_t          d, q;
    ngx_erp_dest_t   *dest;
    ngx_erp_item_t   *item;
    ngx_erp_queue_t  *queue;

    item = ngx_erp_item(s, i);
    d = ngx_erp_item_dest(s, i);
    dest = ngx_erp_dest(s, d);

    ngx_erp_item_count(s, i, -1);

    if (ngx_erp_item_is_head(item)) {
        ngx_erp_item_displace(s, i);
    }

    ngx_erp_heap_remove(&dest->age, i);
    ngx_erp_index_remove(&s->ids, i);

    if (item->keyed) {
        q = item->owner;
        queue = ngx_erp_queue(s, q);

        ngx_erp_item_unlink(s, i);

        if (hold) {
            queue->held = 1;
        }

        if (queue->n) {
            ngx_erp_queue_count(s, queue, 1);
            ngx_erp_item_place(s, queue->head);

        } else {
            dest->heads--;

            if (!queue->held) {
                ngx_erp_queue_drop(s, q);
            }
        }

    } else {
        dest->heads--;
    }

    ngx_erp_heap_trim(&dest->age, dest->age.n);
    ngx_erp_heap_trim(&dest->due, dest->heads);
    ngx_erp_heap_trim(&dest->ttl, dest->heads);

    ngx_erp_item_free(s, i);

    ngx_erp_dest_touch(s, d);
}


static void
ngx_erp_item_unlink(ngx_erp_schedule_t *s, uint32_t i)
{
    ngx_erp_item_t   *item;
    ngx_erp_queue_t  *queue;

    item = ngx_erp_item(s, i);
    queue = ngx_erp_queue(s, item->owner);

    if (item->prev) {
        ngx_erp_item(s, item->prev)->next = item->next;

    } else {
        queue->head = item->next;
    }

    if (item->next) {
        ngx_erp_item(s, item->next)->prev = item->prev;

    } else {
        queue->tail = item->prev;
    }

    if (queue->freed == i) {
        queue->freed = item->prev;
    }

    queue->n--;
}


void
ngx_erp_queue_hold(ngx_erp_schedule_t *s, uint32_t q, ngx_uint_t held)
{
    ngx_erp_queue_t  *queue;

    queue = ngx_erp_queue(s, q);

    ngx_erp_queue_count(s, queue, -1);

    queue->held = held ? 1 : 0;

    if (!held) {
        queue->freed = queue->tail;
    }

    ngx_erp_queue_count(s, queue, 1);

    ngx_erp_dest_touch(s, queue->dest);

    if (queue->n) {
        ngx_erp_item_place(s, queue->head);

    } else if (!held) {
        ngx_erp_queue_drop(s, q);
    }
}


/* prev of one without a key is a place in a heap */

static ngx_uint_t
ngx_erp_item_is_head(ngx_erp_item_t *item)
{
    return !item->keyed || item->prev == 0;
}


/* the place in the heap is that of the head of the queue */

ngx_uint_t
ngx_erp_item_may_go(ngx_erp_schedule_t *s, uint32_t i)
{
    ngx_erp_dest_t  *dest;

    dest = ngx_erp_dest(s, ngx_erp_item_dest(s, i));

    return ngx_erp_item_is_head(ngx_erp_item(s, i))
           && ngx_erp_heap_has(&dest->due, i);
}


/* a head into the heaps or out of them, as it may go or not */

static void
ngx_erp_item_place(ngx_erp_schedule_t *s, uint32_t i)
{
    uint32_t          d;
    ngx_erp_dest_t   *dest;
    ngx_erp_item_t   *item;
    ngx_erp_queue_t  *queue;

    item = ngx_erp_item(s, i);

    if (item->keyed) {
        queue = ngx_erp_queue(s, item->owner);

        if (queue->freed && item->state == NGX_ERP_ITEM_HELD) {
            item->state = NGX_ERP_ITEM_READY;
        }

        if (queue->held) {
            ngx_erp_item_displace(s, i);
            return;
        }
    }

    d = ngx_erp_item_dest(s, i);
    dest = ngx_erp_dest(s, d);

    if (item->state != NGX_ERP_ITEM_READY || ngx_erp_heap_has(&dest->due, i)) {
        return;
    }

    ngx_erp_heap_push(&dest->due, i);

    if (item->ttl_at) {
        ngx_erp_heap_push(&dest->ttl, i);
    }

    ngx_erp_dest_touch(s, d);
}


static void
ngx_erp_item_displace(ngx_erp_schedule_t *s, uint32_t i)
{
    ngx_erp_dest_t  *dest;

    dest = ngx_erp_dest(s, ngx_erp_item_dest(s, i));

    ngx_erp_heap_remove(&dest->due, i);
    ngx_erp_heap_remove(&dest->ttl, i);
}


/* adds to the numbers of the destination, or takes off, all that depends */

static void
ngx_erp_item_count(ngx_erp_schedule_t *s, uint32_t i, ngx_int_t sign)
{
    ngx_erp_dest_t  *dest;
    ngx_erp_item_t  *item;

    item = ngx_erp_item(s, i);

    if (item->keyed) {
        ngx_erp_queue_count(s, ngx_erp_queue(s, item->owner), sign);
        return;
    }

    dest = ngx_erp_dest(s, item->owner);

    if (item->state == NGX_ERP_ITEM_INFLIGHT) {
        dest->inflight += sign;

    } else if (item->state == NGX_ERP_ITEM_HELD) {
        dest->held += sign;

    } else {
        dest->ready += sign;
    }
}


static void
ngx_erp_queue_count(ngx_erp_schedule_t *s, ngx_erp_queue_t *queue,
    ngx_int_t sign)
{
    ngx_int_t        rest;
    ngx_uint_t       stopped;
    ngx_erp_dest_t  *dest;
    ngx_erp_item_t  *head;

    if (queue->n == 0) {
        return;
    }

    dest = ngx_erp_dest(s, queue->dest);
    head = ngx_erp_item(s, queue->head);
    rest = queue->n;

    stopped = queue->held
              || (head->state == NGX_ERP_ITEM_HELD && queue->freed == 0);

    if (head->state == NGX_ERP_ITEM_INFLIGHT) {
        dest->inflight += sign;
        rest--;

    } else if (!stopped) {
        dest->ready += sign;
        rest--;
    }

    if (stopped) {
        dest->held += sign * rest;

    } else {
        dest->blocked += sign * rest;
    }
}


void
ngx_erp_dest_touch(ngx_erp_schedule_t *s, uint32_t d)
{
    ngx_erp_dest_t  *dest;

    dest = ngx_erp_dest(s, d);

    if (dest->ringed) {
        return;
    }

    ngx_erp_heap_remove(&s->timers, d);

    if (s->ring_tail) {
        ngx_erp_dest(s, s->ring_tail)->ring_next = d;

    } else {
        s->ring_head = d;
    }

    s->ring_tail = d;
    dest->ring_next = 0;
    dest->ringed = 1;
}
