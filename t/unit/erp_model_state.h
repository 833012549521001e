
/*
 * What the model of erp_model.h keeps, and that the scheduler has the same
 * numbers of it.
 */

#ifndef _UNIT_ERP_MODEL_STATE_H_INCLUDED_
#define _UNIT_ERP_MODEL_STATE_H_INCLUDED_


#include <stdlib.h>
#include <string.h>

#include "ngx_erp_schedule.h"


#define MODEL_DESTS  4
#define MODEL_KEYS   5           /* of a destination, and 0: none */
#define MODEL_ITEMS  256
#define MODEL_START  1700000000000ULL

#define model_check(expr, why)  if (!(expr)) { return why; }


typedef enum {
    MODEL_READY = 0,
    MODEL_INFLIGHT,
    MODEL_EXPIRING,
    MODEL_HELD
} model_state_e;


typedef struct {
    ngx_erp_row_t        row;
    model_state_e        state;
    int                  ending;
} model_item_t;


typedef struct {
    ngx_erp_rules_t      rules;
    int                  configured;
    int                  paused;
    int                  held[MODEL_KEYS + 1];
    uint64_t             wait_until;
    uint64_t             probe;
    ngx_uint_t           passed_over;
    uint64_t             level;          /* at most what the rate allows */
    uint64_t             last;
    uint64_t             since;          /* when only the rate was against */
    int                  expired;        /* items, -1: none */
    int                  due;
    ngx_erp_breaker_t    before;
} model_dest_t;


typedef struct {
    ngx_erp_schedule_t  *s;
    uint64_t           (*number)(void *data);
    void                *data;
    uint64_t             now;
    uint64_t             id;
    model_dest_t         dests[MODEL_DESTS];
    model_item_t         items[MODEL_ITEMS];     /* of a key: in their order */
    int                  n;
    ngx_uint_t           given;
    ngx_uint_t           ended;
} model_t;


static const uint32_t  model_numbers[MODEL_DESTS] = {
    1, 7, 1000000, 4294967295U
};


static inline uint64_t
model_below(model_t *m, uint64_t limit)
{
    return m->number(m->data) % limit;
}


static inline model_dest_t *
model_dest(model_t *m, model_item_t *item)
{
    int  d;

    for (d = 0; model_numbers[d] != item->row.destination; d++) { /* void */ }

    return &m->dests[d];
}


static inline ngx_erp_breaker_t *
model_breaker(model_t *m, model_dest_t *d)
{
    return ngx_erp_schedule_breaker(m->s, model_numbers[d - m->dests]);
}


static inline int
model_find(model_t *m, uint64_t id)
{
    int  i;

    for (i = 0; i < m->n && m->items[i].row.id != id; i++) { /* void */ }

    return i < m->n ? i : -1;
}


/* the first of its key, itself if it has none */

static inline int
model_head(model_t *m, int i)
{
    int             h;
    ngx_erp_row_t  *row;

    row = &m->items[i].row;

    if (row->order == 0) {
        return i;
    }

    for (h = 0;
         m->items[h].row.order != row->order
         || m->items[h].row.destination != row->destination;
         h++)
    {
        /* void */
    }

    return h;
}


/* where one with this number goes: not in front of what was given */

static inline int
model_place(model_t *m, ngx_erp_row_t *row)
{
    int             i, last, first;
    model_item_t   *item;

    last = -1;
    first = -1;

    for (i = 0; i < m->n && row->order; i++) {
        item = &m->items[i];

        if (item->row.order != row->order
            || item->row.destination != row->destination)
        {
            continue;
        }

        last = i;

        if (first < 0 && item->row.seq > row->seq
            && item->state != MODEL_INFLIGHT && item->state != MODEL_EXPIRING)
        {
            first = i;
        }
    }

    return (first < 0 || m->items[last].row.seq <= row->seq) ? m->n : first;
}


static inline int
model_inflight(model_item_t *item)
{
    return item->state == MODEL_INFLIGHT;
}


/* nothing but time and limits is against it */

static inline int
model_waits(model_t *m, int i)
{
    model_item_t  *item;

    item = &m->items[i];

    return item->state == MODEL_READY && model_head(m, i) == i
           && !model_dest(m, item)->held[item->row.order];
}


static inline void
model_drop(model_t *m, int i)
{
    m->n--;
    memmove(&m->items[i], &m->items[i + 1],
            (m->n - i) * sizeof(model_item_t));
}


static inline const char *
model_numbers_are(model_t *m)
{
    int                 d, i, h;
    uint64_t            oldest;
    ngx_uint_t          ready, inflight, held, blocked;
    model_item_t       *item;
    ngx_erp_numbers_t   n;

    for (d = 0; d < MODEL_DESTS; d++) {
        ready = inflight = held = blocked = 0;
        oldest = UINT64_MAX;

        for (i = 0; i < m->n; i++) {
            item = &m->items[i];

            if (item->row.destination != model_numbers[d]) {
                continue;
            }

            oldest = ngx_min(oldest, item->row.received);
            h = model_head(m, i);

            if (model_inflight(item)) {
                inflight++;

            } else if (m->dests[d].held[item->row.order]
                       || m->items[h].state == MODEL_HELD)
            {
                held++;

            } else if (h == i) {
                ready++;

            } else {
                blocked++;
            }
        }

        ngx_erp_schedule_numbers(m->s, model_numbers[d], &n);

        model_check(n.ready == ready, "ready");
        model_check(n.inflight == inflight, "inflight");
        model_check(n.held == held, "held");
        model_check(n.blocked == blocked, "blocked");
        model_check(n.oldest == (oldest == UINT64_MAX ? 0 : oldest),
                    "oldest");
        model_check(n.paused == (ngx_uint_t) m->dests[d].paused, "paused");
        model_check(n.breaker->state != NGX_ERP_HALF_OPEN
                    || m->dests[d].probe, "half open without an attempt");
    }

    return NULL;
}


#endif /* _UNIT_ERP_MODEL_STATE_H_INCLUDED_ */
