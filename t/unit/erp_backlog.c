
/*
 * A million deliveries, and the memory for them.  The arrays are compiled in
 * here, with an allocator that counts and fails when it is told to.
 */

#include <stdlib.h>
#include <time.h>

#include "unit.h"

static void *erp_calloc(size_t n, size_t size);
static void *erp_realloc(void *p, size_t size);

#define calloc   erp_calloc
#define realloc  erp_realloc

#include "ngx_erp_array.c"

#undef calloc
#undef realloc

#include "erp_schedule.h"


#define MANY  1000000


static void test_memory(void);
static void test_many(uint64_t keys, uint64_t room, const char *name);
static void test_drain(uint64_t keys, const char *name);
static double test_seconds(void);


static size_t      allocated;
static ngx_uint_t  allowed = (ngx_uint_t) -1;


int
main(void)
{
    test_memory();
    test_many(100000, 0, "of 100,000 keys");
    test_many(100000, MANY, "of 100,000 keys, expected");
    test_many(0, 0, "without a key");

    ngx_erp_schedule_free(s);

    return unit_done();
}


static void *
erp_calloc(size_t n, size_t size)
{
    if (allowed == 0) {
        return NULL;
    }

    allowed--;
    allocated += n * size;

    return calloc(n, size);
}


static void *
erp_realloc(void *p, size_t size)
{
    if (allowed == 0) {
        return NULL;
    }

    allowed--;
    allocated += size;

    return realloc(p, size);
}


/* with the n-th allocation failing, for each n */

static void
test_memory(void)
{
    uint64_t    id, lost;
    ngx_int_t   rc;
    ngx_uint_t  n, given;

    memset(&rules, 0, sizeof(rules));

    for (n = 0; n < 9; n++) {
        allowed = n;

        if (erp_open(1)) {
            break;
        }
    }

    is_num(n, 6, "a scheduler is made with all of it, or not at all");
    ok(ngx_erp_schedule_breaker(s, 1) == NULL, "a destination without memory");

    allowed = 0;
    is_num(ngx_erp_schedule_destination(s, 1, &rules), NGX_ERROR, "neither");
    is_num(ngx_erp_schedule_hold(s, 1, 5), NGX_ERROR, "nor a key");
    is_num(erp_add(1, 1, 0, NOW), NGX_ERROR, "nor a delivery");

    lost = 0;

    for (id = 1; id <= 6000; id++) {

        for (n = 0; n < 100; n++) {
            allowed = n;
            rc = erp_add(id % 3, id, id % 5 ? id : 0, NOW);

            if (rc == NGX_OK) {
                break;
            }

            lost += rc != NGX_ERROR;
        }

        lost += n == 100;
    }

    allowed = (ngx_uint_t) -1;

    is_num(lost, 0, "each is refused, or added");
    for (n = 0; n < 3; n++) {
        ngx_erp_schedule_destination(s, n, &rules);
    }

    allowed = 0;

    for (given = 0; erp_next(NOW); given++) {
        lost += erp_settle(row.id, NGX_ERP_DONE, NOW) != NGX_ERP_DELIVERED;
    }

    allowed = (ngx_uint_t) -1;

    is_num(given, 6000, "all of them go, and no memory is needed for that");
    is_num(lost, 0, "and end");
}


/* a million of them, with room made before; keys 0: none has one */

static void
test_many(uint64_t keys, uint64_t room, const char *name)
{
    double         started;
    uint64_t       id;
    ngx_erp_row_t  r;

    memset(&rules, 0, sizeof(rules));
    memset(&r, 0, sizeof(r));
    rules.retry.ttl = 3600 * 1000;

    erp_open(10);

    r.next_at = NOW;
    allocated = 0;
    started = test_seconds();

    ngx_erp_schedule_reserve(s, room);

    for (id = 1; id <= MANY; id++) {
        r.id = id;
        r.destination = 1 + id % 10;
        r.order = keys ? 1 + (id * 2654435761) % keys : 0;
        r.received = NOW + id / 1000;

        if (ngx_erp_schedule_add(s, &r) != NGX_OK) {
            break;
        }
    }

    printf("# a million %s: %.3f s, %.1f bytes each\n", name,
           test_seconds() - started, (double) allocated / MANY);

    is_num(id, MANY + 1, "a million deliveries");
    ok(allocated <= 80 * (size_t) MANY, "at most 80 bytes each");

    test_drain(keys, name);
}


static void
test_drain(uint64_t keys, const char *name)
{
    double            started;
    uint64_t          given, wrong, flying, i;
    static uint64_t   last[100001], flight[64];

    memset(last, 0, sizeof(last));
    given = 0;
    wrong = 0;
    flying = 0;
    started = test_seconds();

    for ( ;; ) {

        while (flying < 64 && erp_next(NOW)) {
            flight[flying++] = row.id;
            given++;

            if (keys) {
                wrong += row.id <= last[row.order];
                last[row.order] = row.id;
            }
        }

        if (flying == 0) {
            break;
        }

        for (i = 0; i < flying; i++) {
            wrong += erp_settle(flight[i], NGX_ERP_DONE, NOW)
                     != NGX_ERP_DELIVERED;
        }

        flying = 0;
    }

    printf("# drained %s: %.3f s\n", name, test_seconds() - started);

    is_num(given, MANY, "all of them go");
    is_num(wrong, 0, "in order");
}


/* of this process: others run beside it */

static double
test_seconds(void)
{
    struct timespec  t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);

    return t.tv_sec + t.tv_nsec / 1e9;
}
