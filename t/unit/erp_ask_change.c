
/*
 * The API of the store: what it changes, and what it refuses to change.
 */

#include "erp_api.h"


static void reasons(void);
static void paused(void);
static void probed(void);
static void replayed(void);
static void replayed_in_order(void);
static void replayed_to(void);
static void replayed_by(void);
static void skipped(void);
static void released(void);
static void audited(void);
static void failed(void);
static void ended(void *data, ngx_erp_row_t *row, const char *reason);


static ngx_str_t  k = ngx_string("k");


int
main(void)
{
    reasons();
    paused();
    probed();
    replayed();
    replayed_in_order();
    replayed_to();
    replayed_by();
    skipped();
    released();
    audited();
    failed();

    return unit_done();
}


static void
reasons(void)
{
    ngx_uint_t   i;
    char         body[2048];
    const char  *without[] = {
        "{\"destination\":\"/erp/a\"}",
        "{\"destination\":\"/erp/a\",\"reason\":\"\"}",
        "{\"destination\":\"/erp/a\",\"reason\":\" \\t\"}",
        "{\"destination\":\"/erp/a\",\"reason\":null}",
        "{\"destination\":\"/erp/a\",\"reason\":1}"
    };

    store_new(NULL);
    store_one(1);
    api_start();

    for (i = 0; i < sizeof(without) / sizeof(without[0]); i++) {
        is_num(post("/v1/destinations/pause", without[i]), 400,
               "a change needs a reason");
        is_at("parameter", "reason", "it is said");
    }

    snprintf(body, sizeof(body), "{\"destination\":\"/erp/a\",\"reason\":\""
             "%01025d\"}", 1);
    is_num(post("/v1/destinations/pause", body), 400, "not such a long one");

    is_num(num("SELECT count(*) FROM audit"), 0, "nothing is in the audit");
    is_num(num("SELECT paused FROM destination"), 0, "and nothing changed");

    api_end();
    store_end();
}


static void
paused(void)
{
    ngx_erp_breaker_t  *b;

    store_new(NULL);
    store_one(1);
    api_start();

    b = ngx_erp_schedule_breaker(asked.schedule, 1);
    b->consecutive = 2;

    is_num(post("/v1/destinations/pause",
                "{\"destination\":\"/erp/a\",\"reason\":\"ERP upgrade\"}"),
           200, "a pause");
    is_at("paused", "true", "it is paused");
    is_at("changed", "true", "now");
    is_num(api_next(), 0, "nothing goes");
    is_row("SELECT paused, breaker LIKE 'closed consecutive=2 %'"
           " FROM destination", "1|1", "the row has it, and the breaker");
    is_row("SELECT who, action, what, reason FROM audit",
           "otto|pause|/erp/a|ERP upgrade", "and the audit");

    get("/v1/destinations/1", "");
    is_at("state", "paused", "it is told");

    post("/v1/destinations/pause",
         "{\"destination\":\"/erp/a\",\"reason\":\"again\"}");
    is_at("changed", "false", "again it is nothing new");

    api_start();
    is_num(api_next(), 0, "a start keeps it");

    is_num(post("/v1/destinations/resume",
                "{\"destination\":\"/erp/a\",\"reason\":\"done\"}"),
           200, "it goes on");
    is_at("paused", "false", "it is not paused");
    is_num(api_next(), 1, "the delivery goes");
    is_num(num("SELECT paused FROM destination"), 0, "the row has it");

    is_num(post("/v1/destinations/pause", "{\"reason\":\"x\"}"), 400,
           "which one?");
    is_num(post("/v1/destinations/pause",
                "{\"destination\":\"/no\",\"reason\":\"x\"}"), 404,
           "one that is not there");

    api_end();
    store_end();
}


static void
probed(void)
{
    ngx_erp_breaker_t  *b;

    store_new(NULL);
    store_one(1);
    api_start();

    is_num(post("/v1/destinations/probe",
                "{\"destination\":\"/erp/a\",\"reason\":\"x\"}"), 200,
           "a probe of what is not down");
    is_at("changed", "false", "changes nothing");

    b = ngx_erp_schedule_breaker(asked.schedule, 1);
    b->state = NGX_ERP_OPEN;
    b->until = NOW + 30000;
    b->open_for = 30000;
    is_num(api_next(), 0, "an open breaker");

    is_num(post("/v1/destinations/probe",
                "{\"destination\":\"/erp/a\",\"reason\":\"it is up\"}"), 200,
           "is probed");
    is_at("changed", "true", "it is");
    is_num(num("SELECT breaker LIKE 'open %until=1700000001000%'"
               " FROM destination"), 1, "the row has it");
    is_num(num("SELECT count(*) FROM audit WHERE action = 'probe'"), 2,
           "and the audit");
    is_num(api_next(), 1, "an attempt goes");
    is_num(b->state, NGX_ERP_HALF_OPEN, "which decides");

    api_settle(1, NGX_ERP_DOWN, 60000);
    is_num(api_next(), 0, "it is down, and said for how long");
    post("/v1/destinations/probe",
         "{\"destination\":\"/erp/a\",\"reason\":\"it is up\"}");
    is_at("changed", "true", "a probe does not wait for that");
    is_num(api_next(), 1, "and its delivery goes");

    api_settle(1, NGX_ERP_RETRY, 0);
    is_num(api_next(), 0, "it is to be tried later");
    post("/v1/destinations/pause",
         "{\"destination\":\"/erp/a\",\"reason\":\"x\"}");
    post("/v1/destinations/probe",
         "{\"destination\":\"/erp/a\",\"reason\":\"it is up\"}");
    is_at("changed", "true", "a probe does not wait for that either");
    is_at("paused", "true", "but it tells");
    is_num(api_next(), 0, "that it is paused");
    post("/v1/destinations/resume",
         "{\"destination\":\"/erp/a\",\"reason\":\"x\"}");
    is_num(api_next(), 1, "then it goes");

    api_end();
    store_end();
}


static void
replayed(void)
{
    store_new(NULL);

    api_dead(1, "/erp/a", "k1", "rejected");
    api_dead(2, "/erp/b", "k2", "rejected");
    api_dead(3, "/erp/a", "", "expired");
    api_start();

    is_num(post("/v1/dead-letters/replay",
                "{\"filter\":{\"destination\":\"/erp/a\"},"
                "\"dry_run\":true}"), 200, "a dry run needs no reason");
    is_at("matched", "2", "and tells how many");
    is_at("replayed", "0", "without doing it");
    is_num(num("SELECT count(*) FROM delivery"), 3, "really");
    is_num(num("SELECT count(*) FROM audit"), 0, "nor in the audit");

    is_num(post("/v1/dead-letters/replay",
                "{\"filter\":{\"destination\":\"/erp/a\"},"
                "\"reason\":\"account added\"}"), 200, "a replay");
    is_at("matched", "2", "those that match");
    is_at("replayed", "2", "are replayed");
    is_row("SELECT group_concat(id || ' ' || replay_of), group_concat(key)"
           " FROM delivery WHERE replay_of > 0",
           "4 1,5 3|GHH/V00001,GHH/V00003", "by new rows, with their keys");
    is_row("SELECT group_concat(reason), sum(state) FROM delivery"
           " WHERE id IN (1, 3)", "replayed,replayed|12",
           "the dead letters have ended");
    is_num(num("SELECT state FROM delivery WHERE id = 2"), NGX_ERP_DEAD,
           "another one has not");
    is_row("SELECT who, action, reason, what LIKE '%\"replayed\":2%/erp/a%'"
           " FROM audit", "otto|replay|account added|1", "the audit knows");

    is_num(api_next(), 4, "it goes");
    is_num(api_next(), 5, "both do");
    is_num(api_next(), 0, "and no more");

    is_num(post("/v1/dead-letters/replay",
                "{\"filter\":{\"destination\":\"/erp/a\"},"
                "\"reason\":\"account added\"}"), 200, "again");
    is_at("matched", "0", "none is there any more");

    api_start();
    is_num(api_next(), 4, "after a start it goes as well");

    is_num(post("/v1/dead-letters/replay", "{\"reason\":\"x\"}"), 400,
           "a filter must be there");
    is_at("parameter", "filter", "it says");
    is_num(post("/v1/dead-letters/replay",
                "{\"reason\":\"x\",\"filter\":{\"keys\":\"x\"}}"), 400,
           "a filter of what is unknown takes nothing");
    is_num(post("/v1/dead-letters/replay",
                "{\"reason\":\"x\",\"filter\":{\"key\":\"\"}}"), 400,
           "nor an empty one");
    is_num(post("/v1/dead-letters/replay",
                "{\"reason\":\"x\",\"filter\":{\"destination\":\"/x\"}}"),
           404, "nor one of an unknown destination");

    api_end();
    store_end();
}


static void
replayed_in_order(void)
{
    char              args[64];
    ngx_erp_lease_t   lease;

    store_new(NULL);

    api_dead(1, "/erp/a", "k", "rejected");
    api_put(2, "/erp/a", "k");
    api_start();

    is_num(api_next(), 0, "a dead letter holds its key");

    post("/v1/dead-letters/replay",
         "{\"filter\":{\"ids\":[1]},\"reason\":\"x\"}");
    is_at("deliveries.0.id", "1", "that one");
    is_at("deliveries.0.replay", "3", "by a new one");
    is_at("deliveries.0.position", "first", "in its place");
    is_num(api_next(), 3, "in front of those that wait");
    is_num(api_next(), 0, "one at a time");

    api_start();
    is_num(api_next(), 3, "as after a start");
    get("/v1/queues", "limit=1");
    is_at("deliveries.0.id", "3", "and in the list");
    snprintf(args, sizeof(args), "after=%s", api_text("next"));
    get("/v1/queues", args);
    is_at("deliveries.0.id", "2", "which goes on");
    is_row("SELECT head, waiting FROM v_blocked_keys", "",
           "nothing is blocked");

    /* it is a dead letter again, and is replayed again */

    store_lease(3, &lease);
    store_settle(3, 1, NGX_ERP_BAD, NGX_ERP_DEAD, "rejected");
    is_row("SELECT head, waiting FROM v_blocked_keys", "3|1",
           "it holds again");
    api_start();
    is_num(api_next(), 0, "as for the schedule");

    post("/v1/dead-letters/replay",
         "{\"filter\":{\"ids\":[3]},\"reason\":\"x\"}");
    is_at("deliveries.0.position", "first", "again");
    is_num(api_next(), 4, "in front");
    is_row("SELECT id, seq, replay_of, key FROM delivery WHERE id = 4",
           "4|1|3|GHH/V00001", "of the same place, with the same key");

    api_settle(4, NGX_ERP_DONE, 0);
    is_num(api_next(), 2, "then those that wait");

    ngx_erp_schedule_free(asked.schedule);
    asked.schedule = NULL;
    store_end();
    store_new(NULL);

    /* two of a key: released with the last one */

    api_dead(1, "/erp/a", "k", "rejected");
    api_dead(2, "/erp/a", "k", "rejected");
    api_put(3, "/erp/a", "k");
    api_start();

    post("/v1/dead-letters/replay",
         "{\"filter\":{\"ids\":1},\"reason\":\"x\"}");
    is_at("replayed", "1", "one of two dead letters");
    is_num(api_next(), 0, "the other one still holds the key");
    post("/v1/dead-letters/replay",
         "{\"filter\":{\"ids\":[\"2\",\"2\"]},\"reason\":\"x\"}");
    is_at("replayed", "1", "the other one, given twice");
    is_num(api_next(), 4, "the key goes on with the first one");

    api_settle(4, NGX_ERP_DONE, 0);
    is_num(api_next(), 5, "then the second");
    api_start();
    is_num(api_next(), 4, "the same after a start");

    api_end();
    store_end();
}


/* many at once, and those that hold nothing */

static void
replayed_to(void)
{
    int               i;
    char              order[64];
    size_t            len;
    uint64_t          id;
    ngx_erp_rules_t   rules;

    store_new(NULL);

    api_dead(1, "/erp/a", "k", "rejected");
    api_dead(2, "/erp/a", "other", "rejected");
    api_dead(3, "/erp/a", "k", "rejected");
    api_dead(4, "/erp/a", "", "rejected");
    api_dead(5, "/erp/a", "k", "rejected");
    api_put(6, "/erp/a", "k");
    api_put(7, "/erp/a", "other");
    api_start();

    post("/v1/dead-letters/replay", "{\"filter\":{},\"reason\":\"x\"}");
    is_num(api_length("deliveries"), 5, "all of them at once");
    is_at("deliveries.2.position", "first", "each is told");
    is_at("deliveries.3.position", "(none)", "without a key is no position");

    for (i = 0; i < 2; i++) {
        order[0] = '\0';

        while ((id = api_next()) != 0) {
            len = strlen(order);
            snprintf(order + len, sizeof(order) - len, "%d ", (int) id);
            api_settle(id, NGX_ERP_DONE, 0);
        }

        unit_row(order, "8 9 7 10 11 12 6 ", i ? "as after a start"
                 : "those of a key in their order", __FILE__, __LINE__);
        api_start();
    }

    api_end();
    store_end();
    store_new(NULL);

    /* a key that is not held has gone on since */

    api_dead(1, "/erp/a", "k", "rejected");
    api_put(2, "/erp/a", "k");
    api_start();

    memset(&rules, 0, sizeof(rules));
    rules.skip = 1;
    ngx_erp_schedule_destination(asked.schedule, 1, &rules);
    ngx_erp_schedule_release(asked.schedule, 1, ngx_erp_db_order(&k));

    post("/v1/dead-letters/replay", "{\"filter\":{},\"reason\":\"x\"}");
    is_at("deliveries.0.position", "last", "of a key that is not held");
    is_num(api_next(), 2, "it is behind");
    is_num(num("SELECT seq FROM delivery WHERE id = 3"), 3, "in its row too");

    api_end();
    store_end();
}


static void
replayed_by(void)
{
    uint64_t  before;

    store_new(NULL);

    api_dead(1, "/erp/a", "k1", "expired");
    api_dead(2, "/erp/a", "k2", "expired");
    api_dead(3, "/erp/a", "k3", "expired");
    api_dead(4, "/erp/a", "k4", "expired");
    api_start();

    /* the clock of the rows is the real one */

    asked.now = before = num("SELECT unixepoch() * 1000");

    post("/v1/dead-letters/replay",
         "{\"filter\":{},\"reason\":\"x\",\"limit\":3,\"rate\":2,"
         "\"new_key\":true}");
    is_at("matched", "4", "all match");
    is_at("replayed", "3", "as many as the limit is");
    is_at("next", "(none)", "the same again takes the rest");

    ok(num("SELECT min(next_at) FROM delivery WHERE replay_of = 1")
       == (sqlite3_int64) before
       && num("SELECT next_at FROM delivery WHERE replay_of = 2")
          == (sqlite3_int64) before + 500
       && num("SELECT next_at FROM delivery WHERE replay_of = 3")
          == (sqlite3_int64) before + 1000,
       "at the rate");
    is_row("SELECT group_concat(key) FROM delivery WHERE replay_of > 0",
           "GHH/V00001-replay-1,GHH/V00002-replay-2,GHH/V00003-replay-3",
           "with new keys");
    is_num(api_next(), 5, "and what is old does not expire again");
    is_num(api_next(), 0, "the second one waits");

    post("/v1/dead-letters/replay",
         "{\"filter\":{},\"reason\":\"x\",\"limit\":3}");
    is_at("replayed", "1", "the rest");

    api_dead(5, "/erp/a", "k5", "rejected");
    api_dead(6, "/erp/a", "k6", "rejected");
    sql("UPDATE delivery SET key = 'damage' WHERE order_key = 'k5'");

    is_num(post("/v1/dead-letters/replay",
                "{\"filter\":{\"reason\":\"rejected\"},\"reason\":\"x\"}"),
           200, "one is damaged");
    is_at("failed", "1", "it is told");
    is_at("replayed", "1", "the other is replayed");
    is_num(num("SELECT count(*) FROM delivery WHERE state = 3"), 1,
           "it is still a dead letter");

    is_num(post("/v1/dead-letters/replay",
                "{\"filter\":{\"ids\":[99]},\"reason\":\"x\"}"), 404,
           "one that is not there");
    is_num(post("/v1/dead-letters/replay",
                "{\"filter\":{\"ids\":[]},\"reason\":\"x\"}"), 400, "none");
    is_num(post("/v1/dead-letters/replay",
                "{\"filter\":{\"ids\":[1]},\"reason\":\"x\"}"), 200,
           "one that is dead no more");
    is_at("matched", "0", "is not taken");
    is_num(post("/v1/dead-letters/replay",
                "{\"filter\":{},\"reason\":\"x\",\"limit\":10001}"), 400,
           "too many");

    api_end();
    store_end();
}


/* each as ID:STATE:REASON */

static void
ended(void *data, ngx_erp_row_t *row, const char *reason)
{
    char *text = data;

    sprintf(text + strlen(text), "%d:%d:%s ", (int) row->id, row->state,
            reason);
}


static void
skipped(void)
{
    static char  told[256];

    store_new(NULL);

    api_dead(1, "/erp/a", "k", "rejected");
    api_put(2, "/erp/a", "k");
    api_put(3, "/erp/a", "k");
    api_put(4, "/erp/a", "");
    api_put(5, "/erp/a", "");
    api_start();

    told[0] = '\0';
    asked.ended = ended;
    asked.data = told;

    is_num(post("/v1/deliveries/skip",
                "{\"ids\":[1,99],\"reason\":\"x\"}"), 404,
           "one of them is not there");
    is_num(num("SELECT state FROM delivery WHERE id = 1"), NGX_ERP_DEAD,
           "then none is skipped");
    is_num(post("/v1/deliveries/skip", "{\"reason\":\"x\"}"), 400, "which?");
    is_num(post("/v1/deliveries/skip",
                "{\"ids\":[{}],\"reason\":\"x\"}"), 400, "no id");

    is_num(post("/v1/deliveries/skip",
                "{\"ids\":\"1\",\"reason\":\"not needed\"}"), 200,
           "the dead head of a key");
    is_at("deliveries.0.result", "skipped, its key goes on", "is skipped");
    is_row("SELECT state, reason FROM delivery WHERE id = 1", "5|operator",
           "in its row");
    is_row("SELECT action, what, reason FROM audit",
           "skip|delivery 1: skipped, its key goes on|not needed",
           "and in the audit");

    is_num(api_next(), 2, "its key goes on");
    is_num(api_next(), 4, "as others do");

    is_num(post("/v1/deliveries/discard",
                "{\"ids\":[3,4,5,1],\"reason\":\"x\"}"), 200,
           "of those that wait");
    is_at("deliveries.0.result", "discarded", "one behind another");
    is_at("deliveries.1.result", "in flight, ends with its attempt",
          "one on its way");
    is_at("deliveries.2.result", "discarded", "one without a key");
    is_at("deliveries.3.result", "it has ended already", "one that is over");
    is_row("SELECT group_concat(state) FROM (SELECT state FROM delivery"
           " ORDER BY id)", "5,0,6,7,6", "so their rows are");
    is_str(str(told), "3:6:operator 5:6:operator ",
           "who waits for their end is told");
    is_num(num("SELECT count(*) FROM audit"), 5, "each is in the audit");
    is_num(api_next(), 0, "none of them goes");

    is_num(post("/v1/deliveries/skip", "{\"ids\":[4],\"reason\":\"x\"}"),
           200, "the one on its way once more");
    is_at("deliveries.0.result", "in flight, ends with its attempt",
          "is the same");
    get("/v1/queues", "");
    is_at("deliveries.1.state", "ending", "the list has it");

    api_start();
    is_num(api_next(), UINT64_MAX, "after a start it is given to end");
    is_num(api_next(), 2, "others go");
    is_num(api_next(), 0, "and no other");

    is_num(post("/v1/deliveries/discard",
                "{\"ids\":[2,2],\"reason\":\"x\"}"), 200, "one twice");

    api_end();
    store_end();
}


static void
released(void)
{
    store_new(NULL);

    api_dead(1, "/erp/a", "k", "rejected");
    api_put(2, "/erp/a", "k");
    api_dead(3, "/erp/b", "k", "rejected");
    api_start();

    is_num(post("/v1/keys/release", "{\"destination\":\"/erp/a\","
                "\"order\":\"other\",\"reason\":\"x\"}"), 404,
           "a key that nothing holds");
    is_num(num("SELECT count(*) FROM audit"), 0, "is no change");
    is_num(post("/v1/keys/release", "{\"order\":\"k\",\"reason\":\"x\"}"),
           400, "of which destination?");
    is_num(post("/v1/keys/release",
                "{\"destination\":\"/erp/a\",\"reason\":\"x\"}"), 400,
           "which key?");
    is_at("parameter", "order", "is asked");

    is_num(post("/v1/keys/release", "{\"destination\":\"/erp/a\","
                "\"order\":\"k\",\"reason\":\"by hand\"}"), 200, "a key");
    is_at("dead_letters", "1", "held by one");
    is_num(api_next(), 2, "goes on");
    is_row("SELECT action, what LIKE '%/erp/a%\"k\"%', reason FROM audit",
           "release|1|by hand", "the audit has it");

    api_start();
    is_num(api_next(), 2, "after a start as well");

    get("/v1/dead-letters", "");
    is_at("matched", "2", "the dead letters are still there");
    is_at("dead_letters.0.order", "k", "with their key");
    is_num(num("SELECT count(*) FROM delivery WHERE order_hash IS NULL"), 1,
           "that of the other destination holds its own");

    post("/v1/dead-letters/replay",
         "{\"filter\":{\"ids\":1},\"reason\":\"x\"}");
    is_at("replayed", "1", "it can be replayed");
    is_num(api_next(), 0, "in its order");

    api_end();
    store_end();
}


static void
audited(void)
{
    char  body[4096];

    store_new(NULL);
    store_one(1);
    api_start();

    is_num(get("/v1/audit/head", "check=1"), 200, "an empty audit");
    is_at("id", "0", "has no row");
    is_at("valid", "true", "and is valid");

    post("/v1/destinations/pause",
         "{\"destination\":\"/erp/a\",\"reason\":\"one\"}");
    post("/v1/destinations/resume",
         "{\"destination\":\"/erp/a\",\"reason\":\"two\"}");

    snprintf(body, sizeof(body), "{\"filter\":{\"key\":\"%02000d\"},"
             "\"reason\":\"three\"}", 1);
    post("/v1/dead-letters/replay", body);
    is_num(num("SELECT length(what) FROM audit WHERE id = 3"), 1024,
           "what is long is cut");

    get("/v1/audit/head", "");
    is_at("id", "3", "three rows");
    ok(strlen(api_text("hash")) == 64
       && strcmp(api_text("hash"),
                 row("SELECT lower(hex(hash)) FROM audit WHERE id = 3")) == 0,
       "the hash of the last");
    is_at("valid", "(none)", "which is not checked");

    get("/v1/audit/head", "check=1");
    is_at("valid", "true", "unless asked to");

    sql("DROP TRIGGER audit_update");
    sql("UPDATE audit SET reason = 'other' WHERE id = 1");
    is_num(get("/v1/audit/head", "check=1"), 200, "one was changed");
    is_at("valid", "false", "it is found");
    is_at("bad", "1", "and where");

    api_end();
    store_end();
}


/* no memory at any place: nothing is changed, or the turn is undone */

static void
failed(void)
{
    size_t      limit;
    ngx_int_t   rc;
    ngx_uint_t  i, wrong, errors;

    static const struct {
        const char  *method;
        const char  *path;
        const char  *args;
        const char  *body;
    } asks[] = {
        { "GET", "/v1/status", "", NULL },
        { "GET", "/v1/nothing", "", NULL },
        { "GET", "/v1/flows", "", NULL },
        { "GET", "/v1/destinations", "", NULL },
        { "GET", "/v1/queues", "destination=/erp/a&limit=3", NULL },
        { "GET", "/v1/dead-letters", "type=encounter", NULL },
        { "GET", "/v1/messages", "id=1", NULL },
        { "GET", "/v1/audit/head", "check=1", NULL },
        { "POST", "/v1/dead-letters/replay", "",
          "{\"filter\":{\"ids\":[1]},\"reason\":\"x\",\"new_key\":true,"
          "\"limit\":9}" },
        { "POST", "/v1/deliveries/skip", "",
          "{\"ids\":[1,2],\"reason\":\"x\"}" },
        { "POST", "/v1/keys/release", "",
          "{\"destination\":\"/erp/a\",\"order\":\"k\",\"reason\":\"x\"}" },
        { "POST", "/v1/destinations/pause", "",
          "{\"destination\":\"/erp/a\",\"reason\":\"x\"}" }
    };

    store_new(NULL);

    api_dead(1, "/erp/a", "k", "rejected");
    api_put(2, "/erp/a", "k");
    api_start();

    for (i = 0; i < sizeof(asks) / sizeof(asks[0]); i++) {
        wrong = 0;
        errors = 0;

        for (limit = 0; limit < 1024 * 1024; limit += 40) {
            db->careful = 5;
            rc = api_turn(asks[i].method, asks[i].path, asks[i].args,
                          asks[i].body, limit);
            wrong += db->careful != 5;

            if (rc == NGX_OK) {
                wrong += !api_read();
                break;
            }

            errors++;
            wrong += (rc != NGX_ERROR && rc != NGX_ABORT);

            wrong += num("SELECT count(*) FROM audit") != 0
                     || num("SELECT count(*) FROM delivery") != 2
                     || num("SELECT state FROM delivery WHERE id = 1") != 3
                     || num("SELECT count(order_hash) FROM delivery") != 2
                     || num("SELECT paused FROM destination") != 0;

            api_start();
        }

        ok(errors && !wrong && rc == NGX_OK, asks[i].path);

        if (asks[i].body) {

            /* that was done: as it was */

            sql("DROP TRIGGER IF EXISTS audit_delete");
            sql("DELETE FROM audit");
            sql("DELETE FROM delivery WHERE id > 2");
            sql("UPDATE delivery SET state = 3, reason = 'rejected',"
                " order_hash = (SELECT order_hash FROM delivery WHERE id = 2)"
                " WHERE id = 1");
            sql("UPDATE delivery SET state = 0, ended = NULL WHERE id = 2");
            sql("UPDATE destination SET paused = 0");
            api_start();
        }
    }

    /* a turn that has failed already */

    api_forget();
    unit_arena(&api_arena, NGX_ERP_ASK_ARENA);
    api_used = 1;

    db->careful = 0;
    ngx_erp_db_begin(db);
    db->broken = 1;

    is_num(ngx_erp_ask(&asked, &question, &answer), NGX_ABORT,
           "a turn that has failed takes no change");
    ok(ngx_erp_db_commit(db) != NGX_OK, "and is undone");

    api_end();
    store_end();
}
