
/*
 * Which delivery goes next.
 */

#include "unit.h"

#include "ngx_erp_schedule.h"


#define NOW  1700000000000ULL


static ngx_erp_schedule_t *erp_open(uint32_t destinations);
static ngx_int_t erp_add(uint32_t destination, uint64_t id, uint64_t order,
    uint64_t next_at);
static uint64_t erp_next(uint64_t now);
static uint64_t erp_wait(uint64_t now);
static ngx_erp_state_e erp_settle(uint64_t id, ngx_erp_outcome_e outcome,
    uint64_t now);
static int erp_reason(const char *word);
static ngx_int_t erp_replay(uint64_t id, uint64_t seq, uint64_t order,
    ngx_uint_t state);
static ngx_erp_numbers_t *erp_numbers(uint32_t destination);

static void test_order(void);
static void test_outcomes(void);
static void test_held(void);
static void test_held_rows(void);
static void test_keys(void);
static void test_ttl(void);
static void test_breaker(void);
static void test_limits(void);
static void test_turns(void);
static void test_pause(void);
static void test_first(void);
static void test_probe(void);
static void test_ending(void);
static void test_remove(void);
static void test_late(void);
static void test_oldest(void);
static void test_bounds(void);
static void test_clock(void);


static ngx_erp_schedule_t  *s;
static ngx_erp_rules_t      rules;
static ngx_erp_row_t        row;
static const char          *reason;
static ngx_uint_t           expired;


int
main(void)
{
    test_order();
    test_outcomes();
    test_held();
    test_held_rows();
    test_keys();
    test_ttl();
    test_breaker();
    test_limits();
    test_turns();
    test_pause();
    test_first();
    test_probe();
    test_ending();
    test_remove();
    test_late();
    test_oldest();
    test_bounds();
    test_clock();

    ngx_erp_schedule_free(s);

    return unit_done();
}


/* destinations 1 to n with the rules */

static ngx_erp_schedule_t *
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


static ngx_int_t
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

static uint64_t
erp_next(uint64_t now)
{
    uint64_t  wait;

    memset(&row, 0, sizeof(row));

    if (ngx_erp_schedule_next(s, now, &row, &expired, &wait) != NGX_OK) {
        return 0;
    }

    return row.id;
}


static uint64_t
erp_wait(uint64_t now)
{
    uint64_t  wait;

    if (ngx_erp_schedule_next(s, now, &row, &expired, &wait) != NGX_AGAIN) {
        return (uint64_t) -1;
    }

    return wait;
}


static ngx_erp_state_e
erp_settle(uint64_t id, ngx_erp_outcome_e outcome, uint64_t now)
{
    ngx_erp_schedule_settle(s, id, outcome, 0, now, 0, &row, &reason);

    return row.state;
}


static int
erp_reason(const char *word)
{
    return reason && strcmp(reason, word) == 0;
}


static ngx_erp_numbers_t *
erp_numbers(uint32_t destination)
{
    static ngx_erp_numbers_t  n;

    ngx_erp_schedule_numbers(s, destination, &n);

    return &n;
}


static void
test_order(void)
{
    memset(&rules, 0, sizeof(rules));
    rules.retry.base = 100;
    rules.retry.factor = 200;
    rules.retry.max = 1000;

    erp_open(1);

    is_num(erp_wait(NOW), 0, "nothing, and nothing waits");

    erp_add(1, 10, 5, NOW);
    erp_add(1, 11, 5, NOW);
    erp_add(1, 12, 6, NOW + 50);
    erp_add(1, 14, 0, NOW);
    erp_add(1, 13, 0, NOW);

    is_num(erp_numbers(1)->ready, 4, "heads are ready");
    is_num(erp_numbers(1)->blocked, 1, "what is behind one is blocked");

    is_num(erp_next(NOW), 10, "the first by time and id");
    is_num(row.order, 5, "its key");
    is_num(row.state, NGX_ERP_LEASED, "it is leased");
    is_num(row.destination, 1, "its destination");
    is_num(erp_next(NOW), 13, "not the one behind it; by id, not by order of"
           " adding");
    is_num(erp_next(NOW), 14, "the next one");
    is_num(erp_wait(NOW), 50, "then one waits for its time");
    is_num(erp_next(NOW + 50), 12, "it comes at its time");
    is_num(erp_wait(NOW + 50), 0, "one behind what is in flight waits for no"
           " time");

    is_num(erp_settle(10, NGX_ERP_RETRY, NOW + 60), NGX_ERP_READY, "retried");
    is_num(row.next_at, NOW + 160, "after the delay");
    is_num(erp_wait(NOW + 60), 100, "the key waits with it");
    is_num(erp_next(NOW + 160), 10, "the same one again");
    is_num(row.attempts, 1, "one attempt is used up");
    is_num(erp_settle(10, NGX_ERP_DONE, NOW + 170), NGX_ERP_DELIVERED,
           "delivered");
    ok(reason == NULL, "without a reason");
    is_num(erp_next(NOW + 170), 11, "now the one behind it");

    erp_settle(11, NGX_ERP_DONE, NOW + 170);
    erp_settle(12, NGX_ERP_DONE, NOW + 170);
    erp_settle(13, NGX_ERP_DONE, NOW + 170);
    is_num(erp_numbers(1)->inflight, 1, "one is left");
    erp_settle(14, NGX_ERP_DONE, NOW + 170);
    is_num(erp_numbers(1)->oldest, 0, "none is left");
}


static void
test_outcomes(void)
{
    memset(&rules, 0, sizeof(rules));
    rules.retry.base = 100;
    rules.retry.factor = 200;
    rules.retry.max = 1000;
    rules.retry.attempts = 3;
    rules.skip = 1;

    erp_open(1);
    erp_add(1, 1, 9, NOW);
    erp_add(1, 2, 9, NOW);

    erp_next(NOW);
    is_num(erp_settle(1, NGX_ERP_RETRY, NOW), NGX_ERP_READY, "first failure");
    is_num(row.next_at, NOW + 100, "the first delay");

    erp_next(NOW + 100);
    is_num(erp_settle(1, NGX_ERP_DOWN, NOW + 100), NGX_ERP_READY, "down");
    is_num(row.attempts, 1, "uses up no attempt");
    is_num(row.next_at, NOW + 300, "but waits");

    erp_next(NOW + 300);
    is_num(erp_settle(1, NGX_ERP_UNKNOWN, NOW + 300), NGX_ERP_READY,
           "unknown");
    is_num(row.attempts, 2, "uses up one");
    is_num(row.next_at, NOW + 500, "the second delay");

    is_num(erp_next(NOW + 500), 1, "the last attempt");
    is_num(erp_settle(1, NGX_ERP_RETRY, NOW + 500), NGX_ERP_DEAD, "dead");
    ok(erp_reason("attempts"), "for its attempts");
    is_num(row.attempts, 3, "three of them");

    is_num(erp_next(NOW + 500), 2, "a key that does not hold goes on");
    is_num(erp_settle(2, NGX_ERP_BAD, NOW + 500), NGX_ERP_DEAD, "bad");
    ok(erp_reason("rejected"), "is rejected");
}


static void
test_held(void)
{
    memset(&rules, 0, sizeof(rules));

    erp_open(2);
    erp_add(1, 1, 9, NOW);
    erp_add(1, 2, 9, NOW);
    erp_add(1, 3, 9, NOW);
    erp_add(2, 4, 9, NOW);

    is_num(erp_next(NOW), 1, "the head");
    is_num(erp_next(NOW), 4, "the same order elsewhere is another key");
    erp_settle(1, NGX_ERP_BAD, NOW);
    is_num(erp_wait(NOW), 0, "its death holds the key");
    is_num(erp_numbers(1)->held, 2, "two are held");
    is_num(erp_numbers(1)->ready + erp_numbers(1)->blocked, 0, "no others");

    erp_add(1, 5, 9, NOW);
    is_num(erp_numbers(1)->held, 3, "a later one too");

    ngx_erp_schedule_release(s, 1, 9);
    is_num(erp_numbers(1)->held, 0, "released");
    is_num(erp_numbers(1)->blocked, 2, "behind the next one");
    is_num(erp_next(NOW), 2, "which goes");

    ngx_erp_schedule_hold(s, 1, 9);
    is_num(erp_numbers(1)->inflight, 1, "held while in flight");
    is_num(erp_settle(2, NGX_ERP_RETRY, NOW), NGX_ERP_READY, "retried");
    is_num(erp_next(NOW + 1000), 0, "but held");
    ngx_erp_schedule_release(s, 1, 9);
    is_num(erp_next(NOW + 1000), 2, "until it is released");

    is_num(erp_settle(4, NGX_ERP_BAD, NOW), NGX_ERP_DEAD, "the last of a key");
    erp_add(2, 6, 9, NOW);
    is_num(erp_numbers(2)->held, 1, "holds those to come");
    ngx_erp_schedule_remove(s, 6);
    ngx_erp_schedule_release(s, 2, 9);
    erp_add(2, 7, 9, NOW);
    is_num(erp_next(NOW), 7, "until its release");

    is_num(ngx_erp_schedule_hold(s, 2, 8), NGX_OK, "held at start");
    erp_add(2, 8, 8, NOW);
    is_num(erp_next(NOW), 0, "holds what is added");

    ngx_erp_schedule_release(s, 2, 777);
    ngx_erp_schedule_release(s, 777, 9);
    is_num(ngx_erp_schedule_hold(s, 2, 0), NGX_OK, "none is no key");
}


/* the states of rows at start */

static void
test_held_rows(void)
{
    uint64_t       id;
    ngx_erp_row_t  r;

    memset(&rules, 0, sizeof(rules));
    memset(&r, 0, sizeof(r));

    erp_open(1);

    r.destination = 1;
    r.order = 3;
    r.received = NOW;
    r.state = NGX_ERP_HELD;

    for (id = 1; id <= 3; id++) {
        r.id = id;
        ngx_erp_schedule_add(s, &r);
    }

    r.id = 4;
    r.order = 0;
    ngx_erp_schedule_add(s, &r);

    r.id = 5;
    r.state = NGX_ERP_LEASED;
    r.next_at = NOW + 5000;
    ngx_erp_schedule_add(s, &r);

    is_num(erp_wait(NOW), 5000, "one that was leased waits, others are held");
    is_num(erp_numbers(1)->held, 4, "four");
    is_num(erp_numbers(1)->ready, 1, "and one");

    ngx_erp_schedule_release(s, 1, 3);
    r.id = 6;
    r.order = 3;
    r.state = NGX_ERP_HELD;
    r.next_at = NOW;
    ngx_erp_schedule_add(s, &r);

    is_num(erp_next(NOW), 1, "a release is of all of them");
    erp_settle(1, NGX_ERP_DONE, NOW);
    is_num(ngx_erp_schedule_remove(s, 3), NGX_OK, "one is taken out");
    is_num(erp_next(NOW), 2, "the second one");
    erp_settle(2, NGX_ERP_DONE, NOW);
    is_num(erp_next(NOW), 0, "but not of one that came later");
    is_num(erp_numbers(1)->held, 2, "that and the one without a key");
    ngx_erp_schedule_release(s, 1, 3);
    is_num(erp_next(NOW), 6, "released too");
    is_num(erp_next(NOW + 5000), 5, "the leased one at its time");
}


/* the same orders at many destinations */

static void
test_keys(void)
{
    uint32_t    d;
    uint64_t    order, wrong;
    ngx_uint_t  given;

    memset(&rules, 0, sizeof(rules));

    erp_open(10);

    for (order = 1; order <= 2000; order++) {
        ngx_erp_schedule_hold(s, 1, order);
    }

    for (d = 1; d <= 10; d++) {
        for (order = 1; order <= 2000; order++) {
            erp_add(d, order * 16 + d, order, NOW);
        }
    }

    wrong = 0;

    for (given = 0; erp_next(NOW); given++) {
        wrong += row.destination == 1 || row.id / 16 != row.order;
    }

    is_num(given, 18000, "all go but those of one destination");
    is_num(wrong, 0, "each is its own");
    is_num(erp_numbers(1)->held, 2000, "which are held");
}


static void
test_ttl(void)
{
    uint64_t       left;
    ngx_erp_row_t  r;

    memset(&rules, 0, sizeof(rules));
    memset(&r, 0, sizeof(r));
    rules.retry.base = 500;
    rules.retry.max = 500;
    rules.skip = 1;

    erp_open(1);

    r.destination = 1;
    r.id = 1;
    r.order = 3;
    r.received = NOW;
    r.ttl_at = NOW + 100;
    ngx_erp_schedule_add(s, &r);
    r.id = 2;
    ngx_erp_schedule_add(s, &r);

    erp_next(NOW);
    erp_settle(1, NGX_ERP_RETRY, NOW);
    is_num(erp_wait(NOW), 100, "its ttl is before its time");
    is_num(erp_next(NOW + 100), 1, "it comes");
    ok(expired, "expired");
    is_num(erp_numbers(1)->inflight, 0, "not in flight");
    is_num(erp_next(NOW + 100), 0, "once, and what is behind it waits");
    is_num(erp_settle(1, NGX_ERP_DONE, NOW + 100), NGX_ERP_DEAD, "it is dead");
    ok(erp_reason("expired"), "as expired");
    is_num(row.attempts, 1, "after one attempt");

    ok(ngx_erp_schedule_expired(s, NOW + 99, &row, &left) == NGX_AGAIN,
       "without a worker: none has expired");
    is_num(left, 1, "but in a millisecond");
    ok(ngx_erp_schedule_expired(s, NOW + 100, &row, &left) == NGX_OK,
       "then one has");
    is_num(row.id, 2, "that which was behind it");
    ok(ngx_erp_schedule_expired(s, NOW + 100, &row, &left) == NGX_AGAIN,
       "once");
    is_num(left, 0, "and there is no other");
    ngx_erp_schedule_give_back(s, 2, NOW);

    ngx_erp_schedule_destination(s, 1, NULL);
    is_num(erp_next(NOW + 200), 0, "none expires without rules");

    rules.retry.ttl = 1000;
    ngx_erp_schedule_destination(s, 1, &rules);
    ngx_erp_schedule_pause(s, 1, 1);
    is_num(erp_next(NOW + 200), 2, "but it does while paused");
    ngx_erp_schedule_give_back(s, 2, NOW);
    is_num(erp_next(NOW + 200), 2, "given back: again");
    erp_settle(2, NGX_ERP_DONE, NOW + 200);
    ngx_erp_schedule_pause(s, 1, 0);

    erp_add(1, 3, 0, NOW);
    is_num(erp_next(NOW + 999), 3, "the ttl of the rules");
    ok(!expired, "has not passed");
    is_num(row.ttl_at, NOW + 1000, "it is in the row");
    is_num(erp_settle(3, NGX_ERP_DOWN, NOW + 1000), NGX_ERP_DEAD,
           "it passes in flight");
    ok(erp_reason("expired"), "expired");
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


/* a replay takes the place of what it replays */

static ngx_int_t
erp_replay(uint64_t id, uint64_t seq, uint64_t order, ngx_uint_t state)
{
    ngx_erp_row_t  r;

    memset(&r, 0, sizeof(r));

    r.id = id;
    r.seq = seq;
    r.destination = 1;
    r.order = order;
    r.next_at = NOW;
    r.received = NOW;
    r.state = state;

    return ngx_erp_schedule_add(s, &r);
}


static void
test_first(void)
{
    memset(&rules, 0, sizeof(rules));

    erp_open(1);
    ngx_erp_schedule_hold(s, 1, 5);
    erp_add(1, 3, 5, NOW);
    erp_add(1, 4, 5, NOW);

    ok(ngx_erp_schedule_held(s, 1, 5), "a key is held");
    ok(!ngx_erp_schedule_held(s, 1, 6), "another one is not");
    ok(!ngx_erp_schedule_held(s, 1, 0), "nor is none");
    ok(!ngx_erp_schedule_held(s, 2, 5), "nor that of nobody");

    is_num(erp_replay(6, 2, 5, NGX_ERP_READY), NGX_OK, "a replay");
    is_num(erp_replay(7, 1, 5, NGX_ERP_READY), NGX_OK,
           "and of what was before that");
    is_num(erp_replay(8, 8, 5, NGX_ERP_READY), NGX_OK, "one behind");
    is_num(erp_replay(9, 2, 0, NGX_ERP_READY), NGX_OK, "one without a key");
    is_num(erp_replay(10, (uint64_t) 1 << 48, 0, NGX_ERP_READY), NGX_ERROR,
           "one with too large a number");

    is_num(erp_numbers(1)->held, 5, "all of the key are held");
    is_num(erp_next(NOW), 9, "the one without a key goes");
    is_num(erp_next(NOW), 0, "and no other");
    ngx_erp_schedule_release(s, 1, 5);
    is_num(erp_numbers(1)->blocked, 4, "then they wait for each other");

    is_num(erp_next(NOW), 7, "the first one");
    is_num(row.seq, 1, "by its number");
    is_num(erp_next(NOW), 0, "one at a time");
    erp_settle(7, NGX_ERP_DONE, NOW);
    is_num(erp_next(NOW), 6, "the second");
    erp_settle(6, NGX_ERP_DONE, NOW);
    is_num(erp_next(NOW), 3, "what has waited");
    erp_settle(3, NGX_ERP_DONE, NOW);
    is_num(erp_next(NOW), 4, "in its order");

    /* not before what is in flight, but before what waits for a time */

    is_num(erp_replay(11, 1, 5, NGX_ERP_READY), NGX_OK,
           "a replay while one is in flight");
    is_num(erp_next(NOW), 0, "does not overtake it");
    erp_settle(4, NGX_ERP_DONE, NOW);
    is_num(erp_next(NOW), 11, "it is the next one");
    erp_settle(11, NGX_ERP_DONE, NOW);
    is_num(erp_next(NOW), 8, "then the last");

    erp_open(1);
    erp_add(1, 5, 5, NOW + 60000);
    erp_replay(6, 1, 5, NGX_ERP_READY);
    is_num(erp_next(NOW), 6, "before a head that waits for a time");
    erp_settle(6, NGX_ERP_DONE, NOW);
    is_num(erp_wait(NOW), 60000, "which still does");
    is_num(erp_next(NOW + 60000), 5, "and goes then");
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


/* what an operator has ended while it was in flight, after a start */

static void
test_ending(void)
{
    memset(&rules, 0, sizeof(rules));

    erp_open(1);
    erp_replay(1, 1, 5, NGX_ERP_ENDING);
    erp_add(1, 2, 5, NOW);

    is_num(ngx_erp_schedule_claim(s, 1), NGX_OK, "it is still in flight");
    is_num(erp_next(NOW), 0, "its key waits");
    is_num(erp_settle(1, NGX_ERP_RETRY, NOW), NGX_ERP_DISCARDED,
           "it is not tried again");
    ok(erp_reason("operator"), "as it was said");
    is_num(erp_next(NOW), 2, "its key goes on");

    erp_open(1);
    erp_replay(1, 1, 5, NGX_ERP_ENDING);
    ngx_erp_schedule_claim(s, 1);
    is_num(erp_settle(1, NGX_ERP_DONE, NOW), NGX_ERP_DELIVERED,
           "what is done is done");

    erp_open(1);
    erp_replay(1, 1, 5, NGX_ERP_ENDING);
    erp_add(1, 2, 5, NOW);
    ngx_erp_schedule_pause(s, 1, 1);
    is_num(erp_next(NOW), 1, "one that nobody has, also of a paused one");
    is_num(expired, 1, "is given to be ended");
    is_num(row.state, NGX_ERP_ENDING, "as what it is");
    is_num(erp_settle(1, NGX_ERP_RETRY, NOW), NGX_ERP_DISCARDED, "it ends");
    ngx_erp_schedule_pause(s, 1, 0);
    is_num(erp_next(NOW), 2, "its key goes on then too");
}


static void
test_remove(void)
{
    memset(&rules, 0, sizeof(rules));

    erp_open(1);
    erp_add(1, 1, 9, NOW);
    erp_add(1, 2, 9, NOW);
    erp_add(1, 3, 9, NOW);
    erp_add(1, 4, 9, NOW);
    erp_add(1, 5, 0, NOW);

    is_num(ngx_erp_schedule_remove(s, 3), NGX_OK, "from the middle");
    is_num(ngx_erp_schedule_remove(s, 3), NGX_DECLINED, "once");
    is_num(ngx_erp_schedule_remove(s, 5), NGX_OK, "without a key");
    is_num(erp_next(NOW), 1, "the head");
    is_num(ngx_erp_schedule_remove(s, 1), NGX_AGAIN, "one in flight");
    is_num(erp_next(NOW), 0, "the key waits for its end");
    is_num(erp_settle(1, NGX_ERP_RETRY, NOW), NGX_ERP_DISCARDED, "discarded");
    ok(erp_reason("operator"), "by the operator");

    is_num(erp_next(NOW), 2, "the next one");
    is_num(ngx_erp_schedule_remove(s, 2), NGX_AGAIN, "in flight");
    is_num(erp_settle(2, NGX_ERP_DONE, NOW), NGX_ERP_DELIVERED,
           "what was delivered is");

    is_num(erp_next(NOW), 4, "the last one");
    ngx_erp_schedule_remove(s, 4);
    is_num(ngx_erp_schedule_give_back(s, 4, NOW), NGX_DONE,
           "it is given back");
    is_num(erp_next(NOW), 0, "and gone");
    is_num(erp_numbers(1)->oldest, 0, "none is left");
}


/* what is heard of after a restart, or twice */

static void
test_late(void)
{
    memset(&rules, 0, sizeof(rules));

    erp_open(1);
    erp_add(1, 1, 9, NOW + 5000);
    erp_add(1, 2, 9, NOW);

    is_num(ngx_erp_schedule_claim(s, 2), NGX_DECLINED, "not one behind");
    is_num(ngx_erp_schedule_claim(s, 7), NGX_DECLINED, "not an unknown one");
    is_num(ngx_erp_schedule_claim(s, 1), NGX_OK, "a worker has the head");
    is_num(ngx_erp_schedule_claim(s, 1), NGX_DECLINED, "only one does");
    is_num(erp_next(NOW + 5000), 0, "it is in flight");
    is_num(ngx_erp_schedule_give_back(s, 1, NOW + 5000), NGX_OK,
           "it is given back");
    is_num(ngx_erp_schedule_give_back(s, 2, 0), NGX_DECLINED,
           "not one that was not taken");
    is_num(ngx_erp_schedule_give_back(s, 7, 0), NGX_DECLINED,
           "nor an unknown one");

    is_num(erp_settle(1, NGX_ERP_DONE, NOW), NGX_ERP_DELIVERED,
           "the end of one that was given back");
    is_num(ngx_erp_schedule_settle(s, 1, NGX_ERP_DONE, 0, NOW, 0, &row,
                                   &reason),
           NGX_DECLINED, "only once");
    is_num(row.id, 0, "the row is empty");
    is_num(erp_next(NOW), 2, "the next one goes");
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
