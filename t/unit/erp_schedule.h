
/*
 * A schedule, and what is asked of it: for the unit tests of its parts.
 */

#ifndef _UNIT_ERP_SCHEDULE_H_INCLUDED_
#define _UNIT_ERP_SCHEDULE_H_INCLUDED_


#include "unit.h"

#include "ngx_erp_schedule.h"


#define NOW  1700000000000ULL


static ngx_erp_schedule_t  *s;
static ngx_erp_rules_t      rules;
static ngx_erp_row_t        row;
static const char          *reason;
static ngx_uint_t           expired;


/* destinations 1 to n with the rules */

static inline ngx_erp_schedule_t *
erp_open(uint32_t destinations)
{
    uint32_t  d;

    if (s) {
        ngx_erp_schedule_free(s);
    }

    s = ngx_erp_schedule_create();

    if (s == NULL) {
        return NULL;
    }

    for (d = 1; d <= destinations; d++) {
        ngx_erp_schedule_destination(s, d, &rules);
    }

    return s;
}


static inline ngx_int_t
erp_add(uint32_t destination, uint64_t id, uint64_t order, uint64_t next_at)
{
    ngx_erp_row_t  r;

    memset(&r, 0, sizeof(r));

    r.id = id;
    r.destination = destination;
    r.order = order;
    r.next_at = next_at;
    r.received = NOW;

    return ngx_erp_schedule_add(s, &r);
}


/* the delivery, 0: none */

static inline uint64_t
erp_next(uint64_t now)
{
    uint64_t  wait;

    memset(&row, 0, sizeof(row));

    if (ngx_erp_schedule_next(s, now, &row, &expired, &wait) != NGX_OK) {
        return 0;
    }

    return row.id;
}


static inline uint64_t
erp_wait(uint64_t now)
{
    uint64_t  wait;

    if (ngx_erp_schedule_next(s, now, &row, &expired, &wait) != NGX_AGAIN) {
        return (uint64_t) -1;
    }

    return wait;
}


static inline ngx_erp_state_e
erp_settle(uint64_t id, ngx_erp_outcome_e outcome, uint64_t now)
{
    ngx_erp_schedule_settle(s, id, outcome, 0, now, 0, &row, &reason);

    return row.state;
}


static inline int
erp_reason(const char *word)
{
    return reason && strcmp(reason, word) == 0;
}


static inline ngx_erp_numbers_t *
erp_numbers(uint32_t destination)
{
    static ngx_erp_numbers_t  n;

    ngx_erp_schedule_numbers(s, destination, &n);

    return &n;
}


#endif /* _UNIT_ERP_SCHEDULE_H_INCLUDED_ */
