
/*
 * What the scheduler keeps: deliveries, the queues of their keys, and
 * destinations, in arrays and by number.  For ngx_erp_schedule.c alone.
 *
 * A delivery without an order key is in no queue.  A "head" is the first of
 * a queue or such a one.  A head that may go, now or at a time, is in the due
 * heap of its destination, and in the ttl heap if it may expire.
 */

#ifndef _NGX_ERP_QUEUE_H_INCLUDED_
#define _NGX_ERP_QUEUE_H_INCLUDED_


#include "ngx_erp_schedule.h"
#include "ngx_erp_heap.h"
#include "ngx_erp_index.h"


#define NGX_ERP_NEVER         UINT64_MAX

#define NGX_ERP_ID_MAX        (((uint64_t) 1 << 48) - 1)
#define NGX_ERP_TIME_MAX      (((uint64_t) 1 << 44) - 1)
#define NGX_ERP_ATTEMPTS_MAX  ((1 << 20) - 1)
#define NGX_ERP_DEATHS_MAX    15


typedef enum {
    NGX_ERP_ITEM_READY = 0,
    NGX_ERP_ITEM_INFLIGHT,
    NGX_ERP_ITEM_EXPIRING,   /* given to be settled */
    NGX_ERP_ITEM_HELD
} ngx_erp_item_e;


/* a delivery: 56 bytes, there are millions of them */

typedef struct {
    uint64_t           id:48;
    uint64_t           step:16;

    uint64_t           seq:48;           /* a queue is in this order */
    uint64_t           ending:1;         /* not to be tried again */

    uint64_t           next_at:44;
    uint64_t           attempts:20;

    uint64_t           ttl_at:44;
    uint64_t           deaths:4;
    uint64_t           state:3;          /* ngx_erp_item_e */
    uint64_t           keyed:1;
    uint64_t           received_low:12;

    uint32_t           received_high;
    uint32_t           owner;            /* its queue, or its destination */
    uint32_t           prev;             /* in its queue; of one without: */
    uint32_t           next;             /* its places in due and ttl heap */
    uint32_t           age;              /* place in the heap of ages */
    uint32_t           chain;            /* of the index, or of unused ones */
} ngx_erp_item_t;


typedef struct {
    uint64_t           order;
    uint32_t           dest:31;
    uint32_t           held:1;           /* until it is released */
    uint32_t           head;
    uint32_t           tail;
    uint32_t           n;
    uint32_t           freed;            /* up to it HELD ones were released */
    uint32_t           due;              /* places of the head */
    uint32_t           ttl;
    uint32_t           chain;
} ngx_erp_queue_t;


typedef struct {
    uint32_t           number;
    uint32_t           chain;

    ngx_erp_rules_t    rules;            /* the last ones */
    ngx_erp_breaker_t  breaker;
    ngx_erp_rate_t     rate;
    uint64_t           wait_until;       /* as it asked for */
    uint32_t           probe;            /* the attempt of a half-open one */

    ngx_erp_heap_t     due;
    ngx_erp_heap_t     ttl;
    ngx_erp_heap_t     age;
    uint32_t           heads;

    ngx_int_t          ready;
    ngx_int_t          inflight;
    ngx_int_t          held;
    ngx_int_t          blocked;

    /* in the ring of those to be looked at, or in the heap of timers */

    uint32_t           ring_next;
    uint32_t           timer;            /* place */
    uint64_t           wake;

    unsigned           ringed:1;
    unsigned           configured:1;
    unsigned           paused:1;
} ngx_erp_dest_t;


struct ngx_erp_schedule_s {
    ngx_erp_array_t    items;            /* from 1 on, as all of these */
    ngx_erp_array_t    queues;
    ngx_erp_array_t    dests;
    uint32_t           nitems;
    uint32_t           nqueues;
    uint32_t           ndests;
    uint32_t           free_items;
    uint32_t           free_queues;

    ngx_erp_index_t    ids;
    ngx_erp_index_t    keys;
    ngx_erp_index_t    numbers;

    ngx_erp_heap_t     timers;
    uint32_t           ring_head;
    uint32_t           ring_tail;

    uint64_t           clock;
    uint64_t           last;             /* highest id that was added */
};


#define ngx_erp_item(s, i)                                                    \
    ((ngx_erp_item_t *) ngx_erp_array_at(&(s)->items, i))
#define ngx_erp_queue(s, q)                                                   \
    ((ngx_erp_queue_t *) ngx_erp_array_at(&(s)->queues, q))
#define ngx_erp_dest(s, d)                                                    \
    ((ngx_erp_dest_t *) ngx_erp_array_at(&(s)->dests, d))

#define ngx_erp_item_received(item)                                           \
    ((uint64_t) (item)->received_high << 12 | (item)->received_low)

/* by numbers of rows; 0: there is none, or no memory for a new one */

uint32_t ngx_erp_item_find(ngx_erp_schedule_t *s, uint64_t delivery);
uint32_t ngx_erp_dest_find(ngx_erp_schedule_t *s, uint32_t number);
uint32_t ngx_erp_dest_get(ngx_erp_schedule_t *s, uint32_t number);
uint32_t ngx_erp_queue_find(ngx_erp_schedule_t *s, uint32_t dest,
    uint64_t order);
uint32_t ngx_erp_queue_get(ngx_erp_schedule_t *s, uint32_t dest,
    uint64_t order);

void ngx_erp_queue_drop(ngx_erp_schedule_t *s, uint32_t queue);
uint32_t ngx_erp_item_new(ngx_erp_schedule_t *s);
void ngx_erp_item_free(ngx_erp_schedule_t *s, uint32_t item);

/* the destination of a delivery */
uint32_t ngx_erp_item_dest(ngx_erp_schedule_t *s, uint32_t item);

/* a delivery to its place in the queue of its key: NGX_OK or NGX_ERROR */
ngx_int_t ngx_erp_item_add(ngx_erp_schedule_t *s, ngx_erp_row_t *row);

/* whether it is a head in the due heap: only time and limits are against it */
ngx_uint_t ngx_erp_item_may_go(ngx_erp_schedule_t *s, uint32_t item);

/* changes what decides of where it is */
void ngx_erp_item_set(ngx_erp_schedule_t *s, uint32_t item,
    ngx_erp_item_e state, uint64_t next_at);

/* the end of it; its key is held then if "hold" */
void ngx_erp_item_remove(ngx_erp_schedule_t *s, uint32_t item,
    ngx_uint_t hold);

/* holds a key, or releases it */
void ngx_erp_queue_hold(ngx_erp_schedule_t *s, uint32_t queue,
    ngx_uint_t held);

/* something has changed: it is to be looked at when its turn comes */
void ngx_erp_dest_touch(ngx_erp_schedule_t *s, uint32_t dest);


static ngx_inline uint64_t
ngx_erp_later(uint64_t time, uint64_t delay)
{
    return (delay < NGX_ERP_NEVER - time) ? time + delay : NGX_ERP_NEVER;
}


#endif /* _NGX_ERP_QUEUE_H_INCLUDED_ */
