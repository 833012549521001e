
/*
 * The scheduler against the model, with numbers of a generator: each run can
 * be repeated by its seed.
 */

#include "unit.h"
#include "erp_model.h"


#define SEEDS  40
#define STEPS  4000


static uint64_t model_random(void *data);
static int model_run(uint64_t seed, ngx_uint_t *given, ngx_uint_t *ended);
static const char *model_drain(model_t *m);
static const char *model_drain_one(model_t *m, ngx_uint_t *idle);


int
main(void)
{
    uint64_t    seed;
    ngx_uint_t  good, given, ended;

    good = 0;
    given = 0;
    ended = 0;

    for (seed = 1; seed <= SEEDS; seed++) {
        good += model_run(seed, &given, &ended);
    }

    is_num(good, SEEDS, "the scheduler does as the model does");
    ok(given > SEEDS * 300, "attempts were made");
    ok(ended > SEEDS * 100, "deliveries ended");

    printf("# %lu given, %lu ended\n", (unsigned long) given,
           (unsigned long) ended);

    return unit_done();
}


/* splitmix64 */

static uint64_t
model_random(void *data)
{
    uint64_t  z, *state = data;

    z = *state += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;

    return z ^ (z >> 31);
}


static int
model_run(uint64_t seed, ngx_uint_t *given, ngx_uint_t *ended)
{
    uint64_t         state;
    ngx_uint_t       step;
    const char      *why;
    static model_t   m;

    state = seed;
    why = NULL;

    if (!model_open(&m, model_random, &state)) {
        return 0;
    }

    for (step = 0; step < STEPS && why == NULL; step++) {
        why = model_step(&m);

        if (why == NULL) {
            why = model_numbers_are(&m);
        }
    }

    if (why == NULL) {
        why = model_drain(&m);
    }

    if (why) {
        printf("# seed %lu step %lu: %s\n", (unsigned long) seed,
               (unsigned long) step, why);
    }

    *given += m.given;
    *ended += m.ended;

    ngx_erp_schedule_free(m.s);

    return why == NULL;
}


/* with nothing against them all come to an end: none was lost */

static const char *
model_drain(model_t *m)
{
    int               d, i;
    uint64_t          order;
    ngx_uint_t        idle, held;
    const char       *why;
    ngx_erp_rules_t   rules;

    memset(&rules, 0, sizeof(rules));
    rules.skip = 1;
    rules.breaker.open = 10;
    rules.breaker.max_open = 10;

    for (d = 0; d < MODEL_DESTS; d++) {
        m->dests[d].rules = rules;
        m->dests[d].configured = 1;
        m->dests[d].paused = 0;

        ngx_erp_schedule_destination(m->s, model_numbers[d], &rules);
        ngx_erp_schedule_pause(m->s, model_numbers[d], 0);

        for (order = 1; order <= MODEL_KEYS; order++) {
            m->dests[d].held[order] = 0;
            ngx_erp_schedule_release(m->s, model_numbers[d], order);
        }
    }

    for (i = 0; i < m->n; i++) {
        if (m->items[i].state == MODEL_HELD && m->items[i].row.order) {
            m->items[i].state = MODEL_READY;
        }
    }

    for (idle = 0; m->n && idle < 500; /* void */ ) {
        why = model_drain_one(m, &idle);

        if (why) {
            return why;
        }
    }

    held = 0;

    for (i = 0; i < m->n; i++) {
        held += m->items[i].state == MODEL_HELD && m->items[i].row.order == 0;
    }

    model_check(held == (ngx_uint_t) m->n, "one never comes");

    return model_numbers_are(m);
}


static const char *
model_drain_one(model_t *m, ngx_uint_t *idle)
{
    int          pending;
    const char  *why;
    ngx_uint_t   given;

    given = m->given;

    why = model_next(m);
    if (why) {
        return why;
    }

    (*idle)++;

    if (m->given > given) {
        *idle = 0;
    }

    pending = model_pending(m);

    if (pending < 0) {
        m->now += 100;
        return NULL;
    }

    return model_settle(m, pending);
}
