
/*
 * Deliveries, queues and destinations, and what finds them: see
 * ngx_erp_queue.h.
 */

#include <stdlib.h>

#include "ngx_erp_queue.h"


static uint32_t ngx_erp_dest_new(ngx_erp_schedule_t *s);
static uint64_t ngx_erp_id_hash(uint64_t id);
static uint64_t ngx_erp_queue_hash(uint32_t dest, uint64_t order);

static uint64_t ngx_erp_ids_hash(void *data, uint32_t i);
static uint32_t *ngx_erp_ids_next(void *data, uint32_t i);
static uint64_t ngx_erp_keys_hash(void *data, uint32_t q);
static uint32_t *ngx_erp_keys_next(void *data, uint32_t q);
static uint64_t ngx_erp_numbers_hash(void *data, uint32_t d);
static uint32_t *ngx_erp_numbers_next(void *data, uint32_t d);
static ngx_uint_t ngx_erp_due_before(void *data, uint32_t a, uint32_t b);
static uint32_t *ngx_erp_due_place(void *data, uint32_t i);
static ngx_uint_t ngx_erp_ttl_before(void *data, uint32_t a, uint32_t b);
static uint32_t *ngx_erp_ttl_place(void *data, uint32_t i);
static ngx_uint_t ngx_erp_age_before(void *data, uint32_t a, uint32_t b);
static uint32_t *ngx_erp_age_place(void *data, uint32_t i);
static ngx_uint_t ngx_erp_timer_before(void *data, uint32_t a, uint32_t b);
static uint32_t *ngx_erp_timer_place(void *data, uint32_t d);


static const ngx_erp_index_type_t  ngx_erp_ids = {
    ngx_erp_ids_hash, ngx_erp_ids_next
};

static const ngx_erp_index_type_t  ngx_erp_keys = {
    ngx_erp_keys_hash, ngx_erp_keys_next
};

static const ngx_erp_index_type_t  ngx_erp_numbers = {
    ngx_erp_numbers_hash, ngx_erp_numbers_next
};

static const ngx_erp_heap_type_t  ngx_erp_due = {
    ngx_erp_due_before, ngx_erp_due_place
};

static const ngx_erp_heap_type_t  ngx_erp_ttl = {
    ngx_erp_ttl_before, ngx_erp_ttl_place
};

static const ngx_erp_heap_type_t  ngx_erp_age = {
    ngx_erp_age_before, ngx_erp_age_place
};

static const ngx_erp_heap_type_t  ngx_erp_timers = {
    ngx_erp_timer_before, ngx_erp_timer_place
};


ngx_erp_schedule_t *
ngx_erp_schedule_create(void)
{
    ngx_erp_schedule_t  *s;

    s = calloc(1, sizeof(ngx_erp_schedule_t));
    if (s == NULL) {
        return NULL;
    }

    ngx_erp_array_init(&s->items, sizeof(ngx_erp_item_t), 10);
    ngx_erp_array_init(&s->queues, sizeof(ngx_erp_queue_t), 8);
    ngx_erp_array_init(&s->dests, sizeof(ngx_erp_dest_t), 3);
    ngx_erp_heap_init(&s->timers, &ngx_erp_timers, s);

    if (ngx_erp_index_init(&s->ids, &ngx_erp_ids, s) != NGX_OK
        || ngx_erp_index_init(&s->keys, &ngx_erp_keys, s) != NGX_OK
        || ngx_erp_index_init(&s->numbers, &ngx_erp_numbers, s) != NGX_OK)
    {
        ngx_erp_schedule_free(s);
        return NULL;
    }

    return s;
}


void
ngx_erp_schedule_free(ngx_erp_schedule_t *s)
{
    uint32_t         d;
    ngx_erp_dest_t  *dest;

    for (d = 1; d <= s->ndests; d++) {
        dest = ngx_erp_dest(s, d);

        ngx_erp_heap_free(&dest->due);
        ngx_erp_heap_free(&dest->ttl);
        ngx_erp_heap_free(&dest->age);
    }

    ngx_erp_heap_free(&s->timers);
    ngx_erp_index_free(&s->ids);
    ngx_erp_index_free(&s->keys);
    ngx_erp_index_free(&s->numbers);
    ngx_erp_array_free(&s->items);
    ngx_erp_array_free(&s->queues);
    ngx_erp_array_free(&s->dests);

    free(s);
}


void
ngx_erp_schedule_reserve(ngx_erp_schedule_t *s, uint64_t n)
{
    ngx_erp_index_reserve(&s->ids, n);
    ngx_erp_index_reserve(&s->keys, n);
}


uint32_t
ngx_erp_dest_find(ngx_erp_schedule_t *s, uint32_t number)
{
    uint32_t  d;

    d = ngx_erp_index_first(&s->numbers, ngx_erp_index_mix(number));

    while (d && ngx_erp_dest(s, d)->number != number) {
        d = ngx_erp_dest(s, d)->chain;
    }

    return d;
}


uint32_t
ngx_erp_dest_get(ngx_erp_schedule_t *s, uint32_t number)
{
    uint32_t  d;

    d = ngx_erp_dest_find(s, number);

    if (d == 0) {
        d = ngx_erp_dest_new(s);

        if (d) {
            ngx_erp_dest(s, d)->number = number;
            ngx_erp_index_add(&s->numbers, d);
        }
    }

    return d;
}


static uint32_t
ngx_erp_dest_new(ngx_erp_schedule_t *s)
{
    ngx_erp_dest_t  *dest;

    if (ngx_erp_array_reserve(&s->dests, (uint64_t) s->ndests + 2) != NGX_OK
        || ngx_erp_heap_reserve(&s->timers, (uint64_t) s->ndests + 1)
           != NGX_OK)
    {
        return 0;
    }

    s->ndests++;

    dest = ngx_erp_dest(s, s->ndests);

    ngx_erp_heap_init(&dest->due, &ngx_erp_due, s);
    ngx_erp_heap_init(&dest->ttl, &ngx_erp_ttl, s);
    ngx_erp_heap_init(&dest->age, &ngx_erp_age, s);

    return s->ndests;
}


uint32_t
ngx_erp_queue_find(ngx_erp_schedule_t *s, uint32_t dest, uint64_t order)
{
    uint32_t          q;
    ngx_erp_queue_t  *queue;

    q = ngx_erp_index_first(&s->keys, ngx_erp_queue_hash(dest, order));

    while (q) {
        queue = ngx_erp_queue(s, q);

        if (queue->order == order && queue->dest == dest) {
            break;
        }

        q = queue->chain;
    }

    return q;
}


/* buckets, then queues, then their ends */

void
ngx_erp_schedule_fetch(ngx_erp_schedule_t *s, ngx_erp_row_t *rows,
    ngx_uint_t n)
{
    uint32_t          d, q;
    ngx_uint_t        i, pass;
    ngx_erp_queue_t  *queue;

    for (pass = 0; pass < 3; pass++) {

        for (i = 0; i < n; i++) {

            if (rows[i].order == 0) {
                continue;
            }

            d = ngx_erp_dest_find(s, rows[i].destination);

            if (pass == 0) {
                ngx_erp_index_fetch(&s->keys,
                                    ngx_erp_queue_hash(d, rows[i].order));
                continue;
            }

            if (pass == 1) {
                q = ngx_erp_index_first(&s->keys,
                                       ngx_erp_queue_hash(d, rows[i].order));

                __builtin_prefetch(q ? ngx_erp_queue(s, q) : NULL);
                continue;
            }

            q = ngx_erp_queue_find(s, d, rows[i].order);
            queue = q ? ngx_erp_queue(s, q) : NULL;

            if (queue && queue->n) {
                __builtin_prefetch(ngx_erp_item(s, queue->head));
                __builtin_prefetch(ngx_erp_item(s, queue->tail));
            }
        }
    }
}


uint32_t
ngx_erp_queue_get(ngx_erp_schedule_t *s, uint32_t dest, uint64_t order)
{
    uint32_t          q;
    ngx_erp_queue_t  *queue;

    q = ngx_erp_queue_find(s, dest, order);
    if (q) {
        return q;
    }

    q = s->free_queues;

    if (q) {
        s->free_queues = ngx_erp_queue(s, q)->chain;

    } else {
        if (ngx_erp_array_reserve(&s->queues, (uint64_t) s->nqueues + 2)
            != NGX_OK)
        {
            return 0;
        }

        q = ++s->nqueues;
    }

    queue = ngx_erp_queue(s, q);

    ngx_memzero(queue, sizeof(ngx_erp_queue_t));

    queue->order = order;
    queue->dest = dest;

    ngx_erp_index_add(&s->keys, q);

    return q;
}


void
ngx_erp_queue_drop(ngx_erp_schedule_t *s, uint32_t q)
{
    ngx_erp_index_remove(&s->keys, q);

    ngx_erp_queue(s, q)->chain = s->free_queues;
    s->free_queues = q;
}


uint32_t
ngx_erp_item_find(ngx_erp_schedule_t *s, uint64_t delivery)
{
    uint32_t  i;

    i = ngx_erp_index_first(&s->ids, ngx_erp_id_hash(delivery));

    while (i && ngx_erp_item(s, i)->id != delivery) {
        i = ngx_erp_item(s, i)->chain;
    }

    return i;
}


uint32_t
ngx_erp_item_dest(ngx_erp_schedule_t *s, uint32_t i)
{
    ngx_erp_item_t  *item;

    item = ngx_erp_item(s, i);

    return item->keyed ? ngx_erp_queue(s, item->owner)->dest : item->owner;
}


uint32_t
ngx_erp_item_new(ngx_erp_schedule_t *s)
{
    uint32_t  i;

    i = s->free_items;

    if (i) {
        s->free_items = ngx_erp_item(s, i)->chain;
        return i;
    }

    if (ngx_erp_array_reserve(&s->items, (uint64_t) s->nitems + 2) != NGX_OK) {
        return 0;
    }

    return ++s->nitems;
}


void
ngx_erp_item_free(ngx_erp_schedule_t *s, uint32_t i)
{
    ngx_erp_item(s, i)->chain = s->free_items;
    s->free_items = i;
}


/* ids that follow each other are used one after the other: they stay near */

static uint64_t
ngx_erp_id_hash(uint64_t id)
{
    return ngx_erp_index_mix(id >> 6) + (id & 63);
}


static uint64_t
ngx_erp_queue_hash(uint32_t dest, uint64_t order)
{
    return ngx_erp_index_mix(order + dest * (uint64_t) 0x9e3779b97f4a7c15);
}


static uint64_t
ngx_erp_ids_hash(void *data, uint32_t i)
{
    ngx_erp_schedule_t *s = data;

    return ngx_erp_id_hash(ngx_erp_item(s, i)->id);
}


static uint32_t *
ngx_erp_ids_next(void *data, uint32_t i)
{
    ngx_erp_schedule_t *s = data;

    return &ngx_erp_item(s, i)->chain;
}


static uint64_t
ngx_erp_keys_hash(void *data, uint32_t q)
{
    ngx_erp_schedule_t *s = data;

    return ngx_erp_queue_hash(ngx_erp_queue(s, q)->dest,
                              ngx_erp_queue(s, q)->order);
}


static uint32_t *
ngx_erp_keys_next(void *data, uint32_t q)
{
    ngx_erp_schedule_t *s = data;

    return &ngx_erp_queue(s, q)->chain;
}


static uint64_t
ngx_erp_numbers_hash(void *data, uint32_t d)
{
    ngx_erp_schedule_t *s = data;

    return ngx_erp_index_mix(ngx_erp_dest(s, d)->number);
}


static uint32_t *
ngx_erp_numbers_next(void *data, uint32_t d)
{
    ngx_erp_schedule_t *s = data;

    return &ngx_erp_dest(s, d)->chain;
}


static ngx_uint_t
ngx_erp_due_before(void *data, uint32_t a, uint32_t b)
{
    ngx_erp_item_t      *x, *y;
    ngx_erp_schedule_t  *s = data;

    x = ngx_erp_item(s, a);
    y = ngx_erp_item(s, b);

    if (x->next_at != y->next_at) {
        return x->next_at < y->next_at;
    }

    return x->id < y->id;
}


static uint32_t *
ngx_erp_due_place(void *data, uint32_t i)
{
    ngx_erp_item_t      *item;
    ngx_erp_schedule_t  *s = data;

    item = ngx_erp_item(s, i);

    return item->keyed ? &ngx_erp_queue(s, item->owner)->due : &item->prev;
}


static ngx_uint_t
ngx_erp_ttl_before(void *data, uint32_t a, uint32_t b)
{
    ngx_erp_item_t      *x, *y;
    ngx_erp_schedule_t  *s = data;

    x = ngx_erp_item(s, a);
    y = ngx_erp_item(s, b);

    if (x->ttl_at != y->ttl_at) {
        return x->ttl_at < y->ttl_at;
    }

    return x->id < y->id;
}


static uint32_t *
ngx_erp_ttl_place(void *data, uint32_t i)
{
    ngx_erp_item_t      *item;
    ngx_erp_schedule_t  *s = data;

    item = ngx_erp_item(s, i);

    return item->keyed ? &ngx_erp_queue(s, item->owner)->ttl : &item->next;
}


static ngx_uint_t
ngx_erp_age_before(void *data, uint32_t a, uint32_t b)
{
    ngx_erp_schedule_t *s = data;

    return ngx_erp_item_received(ngx_erp_item(s, a))
           < ngx_erp_item_received(ngx_erp_item(s, b));
}


static uint32_t *
ngx_erp_age_place(void *data, uint32_t i)
{
    ngx_erp_schedule_t *s = data;

    return &ngx_erp_item(s, i)->age;
}


static ngx_uint_t
ngx_erp_timer_before(void *data, uint32_t a, uint32_t b)
{
    ngx_erp_schedule_t *s = data;

    return ngx_erp_dest(s, a)->wake < ngx_erp_dest(s, b)->wake;
}


static uint32_t *
ngx_erp_timer_place(void *data, uint32_t d)
{
    ngx_erp_schedule_t *s = data;

    return &ngx_erp_dest(s, d)->timer;
}
