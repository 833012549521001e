
/*
 * Which delivery goes next: order, keys, outcomes, and what takes the place of
 * another.
 */

#include "erp_schedule.h"


static ngx_int_t erp_replay(uint64_t id, uint64_t seq, uint64_t order,
    ngx_uint_t state);

static void test_order(void);
static void test_outcomes(void);
static void test_held(void);
static void test_held_rows(void);
static void test_keys(void);
static void test_ttl(void);
static void test_first(void);
static void test_ending(void);
static void test_remove(void);
static void test_late(void);


int
main(void)
{
    test_order();
    test_outcomes();
    test_held();
    test_held_rows();
    test_keys();
    test_ttl();
    test_first();
    test_ending();
    test_remove();
    test_late();

    ngx_erp_schedule_free(s);

    return unit_done();
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
