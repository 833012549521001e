
/*
 * Which delivery goes next: breakers, limits, turns and pauses of destinations,
 * and clocks.
 */

#include "erp_schedule.h"


static void test_breaker(void);
static void test_limits(void);
static void test_turns(void);
static void test_pause(void);
static void test_probe(void);
static void test_oldest(void);
static void test_bounds(void);
static void test_clock(void);


int
main(void)
{
    test_breaker();
    test_limits();
    test_turns();
    test_pause();
    test_probe();
    test_oldest();
    test_bounds();
    test_clock();

    ngx_erp_schedule_free(s);

    return unit_done();
}


static void
test_breaker(void)
{
    ngx_uint_t          i;
    ngx_erp_breaker_t  *b;

    memset(&rules, 0, sizeof(rules));
    rules.retry.base = 10;
    rules.retry.max = 10;
    rules.breaker.consecutive = 2;
    rules.breaker.open = 1000;
    rules.breaker.max_open = 4000;

    erp_open(1);
    b = ngx_erp_schedule_breaker(s, 1);

    for (i = 1; i <= 5; i++) {
        erp_add(1, i, 0, NOW);
    }

    erp_next(NOW);
    erp_next(NOW);
    erp_next(NOW);
    erp_settle(1, NGX_ERP_DOWN, NOW);
    is_num(row.next_at, NOW + 10, "closed: it waits by the delay");
    erp_settle(2, NGX_ERP_DOWN, NOW);
    is_num(b->state, NGX_ERP_OPEN, "open");
    is_num(row.next_at, NOW, "the breaker decides when it goes");

    is_num(erp_wait(NOW), 1000, "none goes while it is open");
    is_num(erp_next(NOW + 1000), 2, "then one");
    is_num(b->state, NGX_ERP_HALF_OPEN, "half open");
    is_num(erp_wait(NOW + 1000), 0, "and no other");

    erp_settle(3, NGX_ERP_DOWN, NOW + 1001);
    is_num(b->state, NGX_ERP_HALF_OPEN, "an earlier attempt does not decide");

    ngx_erp_schedule_give_back(s, 2, NOW + 1001);
    is_num(erp_next(NOW + 1001), 4, "given back: another one is let through");
    is_num(erp_wait(NOW + 1001), 0, "one");

    erp_settle(4, NGX_ERP_DOWN, NOW + 1001);
    is_num(erp_wait(NOW + 1001), 2000, "open for longer");
    erp_next(NOW + 3001);
    erp_settle(row.id, NGX_ERP_RETRY, NOW + 3001);
    is_num(b->state, NGX_ERP_CLOSED, "an answer closes it");

    for (i = 0; erp_next(NOW + 3001); i++) { /* void */ }

    is_num(i, 4, "the others go");

    erp_open(1);
    erp_add(1, 1, 0, NOW);
    ngx_erp_schedule_breaker(s, 1)->state = NGX_ERP_HALF_OPEN;
    is_num(erp_next(NOW), 1, "one that was half open at start is not stuck");
}


static void
test_limits(void)
{
    ngx_uint_t  i;

    memset(&rules, 0, sizeof(rules));
    rules.concurrency = 2;

    erp_open(1);

    for (i = 1; i <= 30; i++) {
        erp_add(1, i, 0, NOW);
    }

    erp_next(NOW);
    erp_next(NOW);
    is_num(erp_wait(NOW), 0, "two at a time");
    erp_settle(1, NGX_ERP_DONE, NOW);
    is_num(erp_next(NOW), 3, "one more when one has ended");
    is_num(erp_next(NOW), 0, "and no more");

    rules.concurrency = 0;
    rules.rate = 10000;
    ngx_erp_schedule_destination(s, 1, &rules);

    for (i = 0; erp_next(NOW); i++) { /* void */ }

    is_num(i, 10, "as many as in a second");
    is_num(erp_wait(NOW), 100, "then each tenth of a second");
    ok(erp_next(NOW + 100), "one");
    is_num(erp_next(NOW + 100), 0, "one");

    rules.rate = 0;
    ngx_erp_schedule_destination(s, 1, &rules);
    ngx_erp_schedule_settle(s, 2, NGX_ERP_RETRY, 5000, NOW + 100, 0, &row,
                            &reason);
    is_num(row.next_at, NOW + 5100, "Retry-After is its delay");
    is_num(erp_wait(NOW + 100), 5000, "and the destination waits");
    ok(erp_next(NOW + 5100), "until then");
}


static void
test_turns(void)
{
    ngx_uint_t  i, first, third;

    memset(&rules, 0, sizeof(rules));

    erp_open(3);

    for (i = 1; i <= 300; i++) {
        erp_add(1, i, 0, NOW - 1000);
        erp_add(3, 1000 + i, 0, NOW);
    }

    first = 0;
    third = 0;

    for (i = 0; i < 100; i++) {
        erp_next(NOW);
        first += row.destination == 1;
        third += row.destination == 3;
    }

    is_num(first, 50, "half of them of the one");
    is_num(third, 50, "half of the other, though they are due later");

    erp_add(2, 2000, 0, NOW);

    for (i = 1; erp_next(NOW) != 2000; i++) { /* void */ }

    ok(i <= 3, "a third one has its turn");
}


static void
test_pause(void)
{
    memset(&rules, 0, sizeof(rules));

    erp_open(1);
    erp_add(1, 1, 0, NOW);
    ngx_erp_schedule_pause(s, 1, 1);
    is_num(erp_wait(NOW), 0, "paused");
    is_num(erp_numbers(1)->paused, 1, "in the numbers");
    ngx_erp_schedule_pause(s, 1, 0);
    is_num(erp_next(NOW), 1, "resumed");

    is_num(erp_add(2, 2, 0, NOW), NGX_OK, "a destination without rules");
    is_num(erp_next(NOW), 0, "sends none");
    is_num(erp_numbers(2)->ready, 1, "and keeps them");
    ngx_erp_schedule_destination(s, 2, &rules);
    is_num(erp_next(NOW), 2, "until it has some");

    ngx_erp_schedule_pause(s, 3, 1);
    ok(ngx_erp_schedule_breaker(s, 3) == NULL, "an unknown one");
    ok(erp_numbers(3)->breaker == NULL, "has no numbers");
}


static void
test_probe(void)
{
    memset(&rules, 0, sizeof(rules));
    rules.breaker.consecutive = 1;
    rules.breaker.open = 10000;
    rules.breaker.max_open = 10000;

    erp_open(1);
    is_num(ngx_erp_schedule_probe(s, 2, NOW), 0, "nobody is probed");
    is_num(ngx_erp_schedule_probe(s, 1, NOW), 0, "one that is well");

    erp_add(1, 1, 0, NOW);
    erp_add(1, 2, 0, NOW + 5000);
    is_num(erp_next(NOW), 1, "an attempt");
    erp_settle(1, NGX_ERP_DOWN, NOW);
    is_num(erp_next(NOW), 0, "opens the breaker");
    is_num(ngx_erp_schedule_probe(s, 1, NOW), 1, "a probe");
    is_num(erp_next(NOW), 1, "goes through it");
    is_num(ngx_erp_schedule_probe(s, 1, NOW), 1,
           "another one lets the next delivery be due");
    is_num(erp_next(NOW), 0, "but not before the breaker has an answer");
    erp_settle(1, NGX_ERP_DONE, NOW);
    is_num(erp_next(NOW), 2, "then it goes");

    ngx_erp_schedule_settle(s, 2, NGX_ERP_RETRY, 7000, NOW, 0, &row, &reason);
    erp_add(1, 3, 0, NOW);
    is_num(erp_next(NOW), 0, "Retry-After is for all");
    is_num(ngx_erp_schedule_probe(s, 1, NOW), 1, "but for a probe");
    is_num(erp_next(NOW), 3, "the first that is due");
    is_num(erp_next(NOW), 0, "and not all");
}


static void
test_oldest(void)
{
    uint64_t          i, state, oldest;
    ngx_uint_t        good;
    ngx_erp_row_t     r;
    static uint64_t   received[1000];

    memset(&rules, 0, sizeof(rules));
    memset(&r, 0, sizeof(r));

    erp_open(1);

    state = 1;

    for (i = 0; i < 1000; i++) {
        state = state * 6364136223846793005 + 1442695040888963407;
        received[i] = NOW + (state >> 40) % 5000;

        r.destination = 1;
        r.id = i + 1;
        r.order = i % 7;
        r.received = received[i];
        ngx_erp_schedule_add(s, &r);
    }

    good = 0;

    for (i = 0; i < 1000; i++) {
        oldest = received[i];

        for (state = i; state < 1000; state++) {
            oldest = ngx_min(oldest, received[state]);
        }

        good += erp_numbers(1)->oldest == oldest;
        ngx_erp_schedule_remove(s, i + 1);
    }

    is_num(good, 1000, "the oldest one, exactly");
    is_num(erp_numbers(1)->oldest, 0, "none");
}


static void
test_bounds(void)
{
    ngx_erp_row_t  r;

    memset(&rules, 0, sizeof(rules));
    memset(&r, 0, sizeof(r));
    rules.retry.ttl = UINT64_MAX;

    erp_open(1);

    is_num(erp_add(1, (uint64_t) 1 << 48, 0, NOW), NGX_ERROR, "too large");
    is_num(erp_add(1, ((uint64_t) 1 << 48) - 1, 0, NOW), NGX_OK, "the last");
    is_num(erp_add(1, ((uint64_t) 1 << 48) - 1, 0, NOW), NGX_DECLINED,
           "there already");
    is_num(erp_add(1, 0, 0, NOW), NGX_OK, "zero");

    is_num(erp_next(NOW), 0, "it goes");
    is_num(row.destination, 1, "zero is an id too");
    is_num(erp_next(NOW), ((uint64_t) 1 << 48) - 1, "so does the last");

    r.id = 5;
    r.destination = 1;
    r.attempts = UINT32_MAX;
    r.deaths = UINT32_MAX;
    r.step = UINT16_MAX;
    r.received = UINT64_MAX;
    r.ttl_at = UINT64_MAX;
    ngx_erp_schedule_add(s, &r);

    is_num(erp_next(NOW), 5, "one with large numbers");
    is_num(row.attempts, (1 << 20) - 1, "attempts");
    is_num(row.deaths, 15, "deaths");
    is_num(row.step, UINT16_MAX, "step");
    is_num(row.received, ((uint64_t) 1 << 44) - 1, "received");
    is_num(row.ttl_at, ((uint64_t) 1 << 44) - 1, "ttl");
    erp_settle(5, NGX_ERP_RETRY, NOW);
    is_num(row.attempts, (1 << 20) - 1, "attempts stay");
    ngx_erp_schedule_give_back(s, ((uint64_t) 1 << 48) - 1, UINT64_MAX);
    is_num(erp_next(NOW), 5, "the other one waits for ever");
    is_num(erp_next(NOW), 0, "for ever");
}


static void
test_clock(void)
{
    memset(&rules, 0, sizeof(rules));
    rules.rate = 1000;
    rules.retry.ttl = 4000;

    erp_open(1);
    erp_add(1, 1, 0, NOW);
    erp_add(1, 2, 0, NOW);
    erp_add(1, 3, 0, NOW);

    is_num(erp_next(NOW), 1, "one each second");
    is_num(erp_wait(NOW), 1000, "the next one waits");
    is_num(erp_next(NOW - 100), 0, "the clock goes back");
    is_num(erp_wait(NOW - 100), 100, "what is due waits for its time");
    is_num(erp_wait(NOW), 1000, "and for the rate");
    is_num(erp_next(NOW + 1000), 2, "it goes");
    is_num(erp_next(NOW + 100000), 3, "the clock goes on");
    ok(expired, "beyond its ttl");
}
