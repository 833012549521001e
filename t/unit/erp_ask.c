
/*
 * The API of the store: what it tells, what it changes, what it refuses.
 */

#include "erp_api.h"


static void routed(void);
static void refused(void);
static void reasons(void);
static void times(void);
static void status(void);
static void flows(void);
static void destinations(void);
static void paused(void);
static void probed(void);
static void queues(void);
static void dead_letters(void);
static void filtered(void);
static void traced(void);
static void replayed(void);
static void replayed_in_order(void);
static void replayed_to(void);
static void replayed_by(void);
static void skipped(void);
static void released(void);
static void audited(void);
static void metrics(void);
static void bounded(void);
static void large(void);
static void planned(void);
static void failed(void);
static void ended(void *data, ngx_erp_row_t *row, const char *reason);


static ngx_str_t  k = ngx_string("k");


int
main(void)
{
    routed();
    refused();
    reasons();
    times();
    status();
    flows();
    destinations();
    paused();
    probed();
    queues();
    dead_letters();
    filtered();
    traced();
    replayed();
    replayed_in_order();
    replayed_to();
    replayed_by();
    skipped();
    released();
    audited();
    metrics();
    bounded();
    large();
    planned();
    failed();

    return unit_done();
}


static void
routed(void)
{
    store_new(NULL);
    api_start();

    is_num(get("/v1/health/live", ""), 200, "it lives");
    is_at("state", "live", "and says so");
    is_str(answer.type, "application/json", "in JSON");
    is_num(api("HEAD", "/v1/health/live", "", NULL), 200, "HEAD is GET");

    is_num(get("/v1/health/ready", ""), 200, "it is ready");
    asked.full = 1;
    is_num(get("/v1/health/ready", ""), 503, "but not when it is full");
    is_at("state", "full", "and says why");
    asked.full = 0;

    is_num(get("/v1/nothing", ""), 404, "an unknown path");
    is_str(answer.type, "application/problem+json", "is a problem");
    is_at("status", "404", "with its status");
    is_at("title", "Not Found", "and its title");
    is_num(get("/v1/status/", ""), 404, "so is a path that goes on");
    is_num(get("", ""), 404, "and an empty one");

    is_num(post("/v1/status", "{}"), 405, "a method that it has not");
    is_num(get("/v1/keys/release", ""), 405, "nor this one");
    is_num(api("get", "/v1/status", "", NULL), 405, "a method has its case");

    api_end();
    store_end();
}


static void
refused(void)
{
    store_new(NULL);
    api_start();

    is_num(get("/v1/status", "a=1"), 400, "an unknown parameter");
    is_at("parameter", "a", "by its name");
    is_num(get("/v1/queues", "limi=1"), 400, "part of a name");
    is_num(get("/v1/queues", "limit=1&limit=1"), 400, "one that is twice");
    is_num(get("/v1/queues", "limit=0"), 400, "a limit of none");
    is_at("parameter", "limit", "by its name");
    is_num(get("/v1/queues", "limit=1001"), 400, "one that is too large");
    is_num(get("/v1/queues", "limit="), 400, "without a value");
    is_num(get("/v1/queues", "limit"), 400, "or without the sign");
    is_num(get("/v1/queues", "limit=%31%30"), 200, "an escaped one");
    is_num(get("/v1/queues", "&limit=1&&"), 200, "empty ones");
    is_num(get("/v1/queues", "limit=%3"), 400, "half of an escape");
    is_num(get("/v1/queues", "limit=%3g"), 400, "no escape");
    is_num(get("/v1/queues", "detail=2"), 400, "no flag");
    is_num(get("/v1/queues", "after=9999999999999999999"), 400,
           "too many digits");
    is_num(get("/v1/queues", "destination=/erp/a"), 404,
           "a destination that is not there");
    is_at("parameter", "destination", "is named so");
    is_num(num("SELECT count(*) FROM destination"), 0, "and is not made");

    is_num(api("POST", "/v1/keys/release", "a=1", "{}"), 400,
           "a change has no query string");
    is_num(post("/v1/keys/release", "{"), 400, "a body that is not JSON");
    is_num(post("/v1/keys/release", ""), 400, "none");
    is_num(post("/v1/keys/release", "[]"), 400, "another value");
    is_num(post("/v1/keys/release", "{\"reason\":\"x\",\"b\":1}"), 400,
           "an unknown member");
    is_at("parameter", "b", "by its name");

    api_end();
    store_end();
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
times(void)
{
    ngx_uint_t             i;
    uint64_t               ms;
    ngx_str_t              text, printed;
    ngx_erp_json_t         j;
    ngx_canonical_node_t  *root;

    static const struct {
        const char  *text;
        uint64_t     ms;
    } known[] = {
        { "1970-01-01T00:00:00.001Z", 1 },
        { "1970-12-31T23:59:59.999Z", 31535999999 },
        { "1972-02-29T12:00:00.000Z", 68212800000 },
        { "2000-02-29T23:59:59.000Z", 951868799000 },
        { "2000-03-01T00:00:00.000Z", 951868800000 },
        { "2026-11-21T08:14:00.123Z", 1795248840123 },
        { "2100-02-28T00:00:00.000Z", 4107456000000 },
        { "9999-12-31T23:59:59.999Z", 253402300799999 }
    };

    unit_arena(&api_arena, 1024 * 1024);

    for (i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        text = str(known[i].text);

        is_num(ngx_erp_json_ms(&text, &ms), NGX_OK, "a time is read");
        is_num(ms, known[i].ms, known[i].text);

        ngx_erp_json_init(&j, &api_arena);
        root = ngx_erp_json_root(&j);
        ngx_erp_json_time(&j, root, "t", "t_ms", known[i].ms);

        ok(ngx_erp_json_print(&j, root, &printed) == NGX_OK
           && memcmp(printed.data + 6, known[i].text, 24) == 0,
           "and printed");
    }

    text = str("2026-11-21T09:14:00.123+01:00");
    ok(ngx_erp_json_ms(&text, &ms) == NGX_OK && ms == 1795248840123,
       "with an offset");
    text = str("2026-11-21");
    ok(ngx_erp_json_ms(&text, &ms) == NGX_OK && ms == 1795219200000,
       "a day");
    text = str("1795248840123");
    ok(ngx_erp_json_ms(&text, &ms) == NGX_OK && ms == 1795248840123,
       "milliseconds");
    text = str("1970-01-01T00:00:00+01:00");
    is_num(ngx_erp_json_ms(&text, &ms), NGX_DECLINED, "before the epoch");
    text = str("2026-02-30");
    is_num(ngx_erp_json_ms(&text, &ms), NGX_DECLINED, "no such day");

    text = str("a\303\244b");
    ngx_erp_json_cut(&text, 2);
    is_num(text.len, 1, "no character is cut into halves");

    unit_arena_free(&api_arena);
}


static void
status(void)
{
    store_new(NULL);

    api_start();
    is_num(get("/v1/status", ""), 200, "the status of an empty store");
    is_at("pending", "0", "nothing waits");
    is_at("oldest", "null", "since never");

    store_one(2);
    store_one(1);
    api_put(3, "/erp/b", "k");
    api_put(4, "/erp/b", "k");
    api_dead(5, "/erp/b", "x", "rejected");
    api_start();
    (void) api_next();

    is_num(get("/v1/status", ""), 200, "the status");
    is_at("state", "ready", "it is ready");
    is_at("now", "2023-11-14T22:13:21.000Z", "with its time");
    is_at("now_ms", "1700000001000", "twice");
    is_at("pending", "4", "what waits");
    is_at("inflight", "1", "what is on its way");
    is_at("dead", "1", "what is dead");
    is_at("oldest", "1700000000001", "the oldest one");
    is_at("full", "false", "it is not full");
    is_at("database.corrupt", "0", "nor damaged");
    ok(atoi(api_text("database.pages")) > 1, "and has pages");

    asked.full = 1;
    get("/v1/status", "");
    is_at("state", "full", "it is full");
    is_at("full", "true", "twice");
    asked.full = 0;

    api_end();
    store_end();
}


static void
flows(void)
{
    store_message_t  s;

    store_new(NULL);
    store_one(1);
    store_one(9);

    store_message(&s, 5);
    s.m.flow = str("/siu");
    ngx_erp_db_begin(db);
    store_put(&s);
    ngx_erp_db_commit(db);

    api_start();

    is_num(get("/v1/flows", ""), 200, "flows");
    is_num(api_length("flows"), 2, "each once");
    is_at("flows.0.flow", "/adt", "by name");
    is_at("flows.0.messages", "2", "how many");
    is_at("flows.0.first_received_ms", "1700000000001", "from when");
    is_at("flows.0.last_received", "2023-11-14T22:13:20.009Z", "to when");
    is_at("flows.1.last_received_ms", "1700000000005", "in both forms");
    is_at("of_last", "10000", "of how many messages at most");

    api_end();
    store_end();
}


static void
destinations(void)
{
    ngx_erp_breaker_t  *b;

    store_new(NULL);

    api_start();
    is_num(get("/v1/destinations", ""), 200, "no destinations");
    is_num(api_length("destinations"), 0, "are an empty list");

    api_put(1, "/erp/a", "k");
    api_put(2, "/erp/a", "k");
    api_dead(3, "/erp/b", "x", "rejected");
    api_put(4, "/erp/b", "x");
    api_start();

    is_num(get("/v1/destinations", ""), 200, "destinations");
    is_num(api_length("destinations"), 2, "all of them");
    is_at("destinations.0.uri", "/erp/a", "by URI");
    is_at("destinations.0.number", "1", "and number");
    is_at("destinations.0.state", "running", "it runs");
    is_at("destinations.0.ready", "1", "one may go");
    is_at("destinations.0.blocked", "1", "one is behind it");
    is_at("destinations.0.dead", "0", "none is dead");
    is_at("destinations.0.oldest", "1700000000001", "the oldest");
    is_at("destinations.0.breaker.state", "closed", "its breaker");
    is_at("destinations.1.held", "1", "a held key");
    is_at("destinations.1.dead", "1", "by a dead letter");

    is_num(get("/v1/destinations/2", ""), 200, "one of them");
    is_at("uri", "/erp/b", "is that one");
    is_num(get("/v1/destinations/3", ""), 404, "one that is not there");
    is_num(get("/v1/destinations/0", ""), 404, "nor that");
    is_num(get("/v1/destinations/x", ""), 404, "nor that");
    is_num(get("/v1/destinations/", ""), 404, "nor that");

    b = ngx_erp_schedule_breaker(asked.schedule, 1);
    b->consecutive = 3;
    get("/v1/destinations/1", "");
    is_at("state", "retrying", "it has failed and waits");
    is_at("breaker.failures", "3", "so many times");

    b->state = NGX_ERP_OPEN;
    b->until = NOW + 5000;
    get("/v1/destinations/1", "");
    is_at("state", "down", "its breaker is open");
    is_at("breaker.state", "open", "it is");
    is_at("breaker.until_ms", "1700000005000", "until then");

    b->state = NGX_ERP_HALF_OPEN;
    get("/v1/destinations/1", "");
    is_at("state", "retrying", "its breaker looks");

    ngx_erp_schedule_destination(asked.schedule, 1, NULL);
    get("/v1/destinations/1", "");
    is_at("state", "not configured", "it is not in nginx.conf any more");

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
queues(void)
{
    uint64_t         id;
    ngx_erp_lease_t  lease;

    store_new(NULL);

    id = api_put(1, "/erp/a", "k1");
    api_put(2, "/erp/b", "k2");
    api_put(3, "/erp/a", "k1");
    api_put(4, "/erp/a", "");
    store_lease(id, &lease);
    store_settle(id, 1, NGX_ERP_RETRY, NGX_ERP_READY, "");
    api_dead(5, "/erp/a", "k5", "rejected");
    api_start();

    is_num(get("/v1/queues", "destination=/erp/a"), 200, "a queue");
    is_num(api_length("deliveries"), 3, "has what waits");
    is_at("deliveries.0.id", "1", "in order");
    is_at("deliveries.0.state", "ready", "its state");
    is_at("deliveries.0.destination", "/erp/a", "its destination");
    is_at("deliveries.0.attempts", "1", "its attempts");
    is_at("deliveries.0.order", "k1", "its key");
    is_at("deliveries.0.next_at_ms", "1700000000900", "its time");
    is_at("deliveries.0.age_ms", "999", "its age");
    is_at("deliveries.0.status", "422", "the last status");
    is_at("deliveries.0.outcome", "retry", "the last outcome");
    is_at("deliveries.0.code", "E42", "the ERP's code");
    is_at("deliveries.0.error", "(none)", "not its words");
    is_at("deliveries.0.correlation_id", "corr00000001", "where it is from");
    is_at("deliveries.2.id", "4", "and so on");
    is_at("deliveries.2.order", "(none)", "without a key");
    is_at("deliveries.2.outcome", "(none)", "without an attempt");
    is_at("next", "(none)", "there is no more");

    is_num(get("/v1/queues", "destination=%2Ferp%2Fa&detail=1&limit=1"), 200,
           "with details");
    is_at("deliveries.0.error", "no such account", "its words");
    is_num(api_length("deliveries"), 1, "not more than the limit");
    is_at("next", "2", "there is more");

    is_num(get("/v1/queues", "destination=/erp/a&after=1&limit=2"), 200,
           "the next ones");
    is_at("deliveries.0.id", "3", "go on there");
    is_num(api_length("deliveries"), 2, "to the end");
    is_at("next", "(none)", "which it is");

    is_num(get("/v1/queues", ""), 200, "of all destinations");
    is_num(api_length("deliveries"), 4, "all of them");
    ok(memmem(answer.body.data, answer.body.len, "body ", 5) == NULL,
       "without their bodies");

    api_end();
    store_end();
}


static void
dead_letters(void)
{
    store_new(NULL);

    api_dead(1, "/erp/a", "k1", "rejected");
    api_dead(2, "/erp/b", "k2", "rejected");
    api_dead(3, "/erp/a", "k3", "expired");
    api_dead(4, "/erp/a", "", "");
    api_put(5, "/erp/a", "k5");
    api_start();

    is_num(get("/v1/dead-letters", ""), 200, "dead letters");
    is_num(api_length("dead_letters"), 4, "all of them");
    is_at("dead_letters.0.id", "1", "in order");
    is_at("dead_letters.0.reason", "rejected", "why");
    is_at("dead_letters.0.ended_ms", "1700000000120", "since when");
    is_at("dead_letters.0.status", "422", "the last status");
    is_at("dead_letters.0.code", "E42", "the ERP's code");
    is_at("dead_letters.0.error", "(none)", "not its words");
    is_at("dead_letters.0.type", "encounter", "what it is");
    is_at("dead_letters.0.message", "1", "of which message");
    is_at("reasons.rejected", "2", "counted by reason");
    is_at("reasons.expired", "1", "each");
    is_at("reasons.other", "1", "also without one");
    is_at("matched", "4", "in all");
    is_at("complete", "true", "really all");
    is_at("next", "(none)", "there is no more");

    get("/v1/dead-letters", "limit=1&detail=1&destination=/erp/a");
    is_num(api_length("dead_letters"), 1, "a page");
    is_at("dead_letters.0.error", "no such account", "with its words");
    is_at("matched", "3", "of more");
    is_at("reasons.rejected", "1", "counted to the end");
    is_at("next", "1", "and where it goes on");

    get("/v1/dead-letters", "limit=1&after=1&destination=/erp/a");
    is_at("dead_letters.0.id", "3", "the next page");
    get("/v1/dead-letters", "limit=1&after=3&destination=/erp/a");
    is_at("dead_letters.0.id", "4", "and the last one");
    is_at("next", "(none)", "which it is");

    api_end();
    store_end();
}


static void
filtered(void)
{
    ngx_uint_t  i;

    static const struct {
        const char  *args;
        const char  *matched;
    } filters[] = {
        { "reason=rejected", "2" },
        { "reason=reject", "0" },
        { "type=encounter", "3" },
        { "type=charge", "0" },
        { "key=k2", "1" },
        { "key=GHH/V00003", "1" },
        { "key=GHH%2fV00003&reason=rejected", "0" },
        { "status=422", "3" },
        { "status=500", "0" },
        { "since=1700000000120", "3" },
        { "since=1700000000121", "0" },
        { "until=1700000000120", "0" },
        { "until=1700000000121", "3" },
        { "since=2023-11-14T22:13:20Z&until=2023-11-14T22:13:21Z", "3" },
        { "since=2023-11-14T23:13:20%2B01:00", "3" },
        { "since=2023-11-15", "0" },
        { "destination=/erp/b&status=422&type=encounter", "1" },
        { "after=1", "2" }
    };

    store_new(NULL);

    api_dead(1, "/erp/a", "k1", "rejected");
    api_dead(2, "/erp/b", "k2", "rejected");
    api_dead(3, "/erp/a", "k3", "expired");
    api_start();

    for (i = 0; i < sizeof(filters) / sizeof(filters[0]); i++) {
        is_num(get("/v1/dead-letters", filters[i].args), 200, "a filter");
        is_at("matched", filters[i].matched, filters[i].args);
    }

    is_num(get("/v1/dead-letters", "since=tomorrow"), 400, "no time");
    is_at("parameter", "since", "is named");
    is_num(get("/v1/dead-letters", "status=1000"), 400, "no status");
    is_num(get("/v1/dead-letters", "ids=1"), 400, "no ids here");

    api_end();
    store_end();
}


static void
traced(void)
{
    ngx_uint_t        i;
    const char       *by[] = { "id=1", "correlation_id=corr00000001",
                               "key=GHH%2FV00001", "control_id=MSG00001" };
    ngx_erp_lease_t   lease;
    store_message_t   s;
    ngx_erp_object_t  objects[2];

    store_new(NULL);

    store_message(&s, 1);
    objects[0] = s.object;
    objects[1] = s.object;
    objects[1].type = str("charge");
    s.m.objects = objects;
    s.m.nobjects = 2;
    s.m.raw = str("MSH|secret");
    ngx_erp_db_begin(db);
    store_put(&s);
    ngx_erp_db_commit(db);

    store_one(2);
    store_lease(1, &lease);
    store_settle(1, 1, NGX_ERP_RETRY, NGX_ERP_READY, "");
    store_lease(1, &lease);
    store_settle(1, 2, NGX_ERP_BAD, NGX_ERP_DEAD, "rejected");
    api_start();

    post("/v1/dead-letters/replay", "{\"filter\":{},\"reason\":\"x\"}");

    for (i = 0; i < 4; i++) {
        is_num(get("/v1/messages", by[i]), 200, by[i]);
        is_num(api_length("messages"), 1, "is one message");
        is_at("messages.0.id", "1", "that one");
        is_at("messages.0.type", "ADT^A01", "its type");
        is_at("messages.0.flow", "/adt", "its flow");
        is_at("messages.0.correlation_id", "corr00000001", "its number");
    }

    is_at("messages.0.received", "2023-11-14T22:13:20.001Z", "its time");
    is_at("messages.0.raw_size", "10", "as it came");
    is_num(api_length("messages.0.objects"), 2, "its objects");
    is_at("messages.0.objects.1.type", "charge", "their type");
    is_at("messages.0.objects.1.key", "GHH/V00001", "their key");
    is_at("messages.0.objects.1.map", "adt@1", "their map");
    is_at("messages.0.objects.1.size", "15", "their size");
    is_at("messages.0.objects.1.number", "2", "their number");

    is_num(api_length("messages.0.deliveries"), 2, "its deliveries");
    is_at("messages.0.deliveries.0.state", "discarded", "the first ended");
    is_at("messages.0.deliveries.0.reason", "replayed", "by a replay");
    is_at("messages.0.deliveries.0.object", "1", "of the first object");
    is_num(api_length("messages.0.deliveries.0.history"), 2,
           "after two attempts");
    is_at("messages.0.deliveries.0.history.0.outcome", "retry", "a retry");
    is_at("messages.0.deliveries.0.history.1.outcome", "bad", "and a bad one");
    is_at("messages.0.deliveries.0.history.1.number", "2", "the second");
    is_at("messages.0.deliveries.0.history.1.took_ms", "20", "took so long");
    is_at("messages.0.deliveries.0.history.1.error", "(none)",
          "without the ERP's words");
    is_at("messages.0.deliveries.1.replay_of", "1", "the replay");
    is_at("messages.0.deliveries.1.state", "ready", "waits");

    ok(memmem(answer.body.data, answer.body.len, "body ", 5) == NULL
       && memmem(answer.body.data, answer.body.len, "secret", 6) == NULL,
       "bodies are not in it");

    get("/v1/messages", "id=1&detail=1");
    is_at("messages.0.deliveries.0.history.1.error", "no such account",
          "with the ERP's words");

    is_num(get("/v1/messages", "id=3"), 404, "no such message");
    is_num(get("/v1/messages", "key=none"), 200, "no such key");
    is_num(api_length("messages"), 0, "is an empty list");
    is_num(get("/v1/messages", ""), 400, "by what?");
    is_num(get("/v1/messages", "id=1&key=a"), 400, "by one of them");

    store_message(&s, 3);
    s.m.control_id = str("MSG00001");
    ngx_erp_db_begin(db);
    store_put(&s);
    ngx_erp_db_commit(db);

    is_num(get("/v1/messages", "control_id=MSG00001&limit=1"), 200,
           "two messages with one number");
    is_num(api_length("messages"), 1, "a page");
    is_at("next", "1", "there is more");
    get("/v1/messages", "control_id=MSG00001&after=1");
    is_at("messages.0.id", "3", "the other one");
    is_at("next", "(none)", "which is the last");

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


static void
metrics(void)
{
    store_new(NULL);
    store_one(1);
    api_start();

    is_num(api("GET", "/metrics", "", NULL), 200, "the metrics");
    is_str(answer.type, "text/plain; version=0.0.4", "are text");
    ok(answer.body.len > 0, "with something in it");
    is_num(get("/metrics", "a=1"), 400, "without parameters");

    api_end();
    store_end();
}


/* more rows than one request looks at: their pages lead to all of them */

static void
bounded(void)
{
    int   pages;
    char  args[4096];

    store_new(NULL);

    api_dead(1, "/erp/a", "k", "rejected");
    api_put(2, "/erp/b", "k");

    sql("INSERT INTO delivery"
        " WITH RECURSIVE n(i) AS (SELECT 10 UNION ALL SELECT i + 1 FROM n"
        " WHERE i < 45009)"
        " SELECT n.i, n.i, message, body, destination, state, attempts,"
        " deaths, step, tries, received, next_at, ttl_at, ended, n.i,"
        " replay_of, sum,"
        " n.i, key, iif(n.i % 3, 'expired', 'rejected')"
        " FROM n, delivery d WHERE d.id = 1");
    sql("INSERT INTO delivery"
        " WITH RECURSIVE n(i) AS (SELECT 50000 UNION ALL SELECT i + 1 FROM n"
        " WHERE i < 94999)"
        " SELECT n.i, n.i, message, body, destination, state, attempts,"
        " deaths, step, tries, received, next_at, ttl_at, ended, n.i,"
        " replay_of, sum,"
        " n.i, key, reason FROM n, delivery d WHERE d.id = 2");

    store_close();
    store_open(NULL);

    api_put(3, "/erp/c", "k");
    api_start();

    is_num(get("/v1/queues", "destination=/erp/c"), 200, "a long queue");
    is_num(api_length("deliveries"), 0, "it is not on the first page");

    for (pages = 1; pages < 5 && api_node("next"); pages++) {
        snprintf(args, sizeof(args), "destination=/erp/c&after=%s",
                 api_text("next"));
        get("/v1/queues", args);

        if (api_length("deliveries")) {
            break;
        }
    }

    is_num(pages, 2, "but on the third");
    is_at("deliveries.0.id", "95000", "the very one");
    is_at("next", "(none)", "and no more");

    get("/v1/dead-letters", "reason=expired&limit=1000");
    is_num(api_length("dead_letters"), 1000, "a page is full");
    is_at("matched", "13333", "more are counted");
    is_at("complete", "false", "not all");
    is_at("next", "1508", "it goes on behind what is listed");

    get("/v1/dead-letters", "reason=expired&limit=1000&after=30000");
    is_at("complete", "true", "these are all");

    /* whole rows are read for a key: fewer of them in one request */

    is_num(get("/v1/dead-letters", "key=none"), 200, "by key");
    is_at("matched", "0", "none of those");
    is_at("complete", "false", "that were looked at");
    is_at("next", "5008", "and from here on");

    is_num(post("/v1/dead-letters/replay", "{\"filter\":{},"
                "\"dry_run\":true}"), 200, "a dry run");
    is_at("matched", "20000", "has the bound too");
    is_at("complete", "false", "and says so");
    is_at("next", "20008", "and where to go on");

    get("/v1/destinations/1", "");
    is_at("dead", "16666", "dead letters are counted up to a bound");
    is_at("dead_more", "true", "there are more");
    get("/v1/status", "");
    is_at("dead", "16666", "in all");
    is_at("dead_more", "true", "at least");

    api_end();
    store_end();
}


/* what is large is cut, and the answer stays below a megabyte */

static void
large(void)
{
    int    n;
    char   args[4096];

    store_new(NULL);

    api_dead(1, "/erp/a", "k", "rejected");

    sql("UPDATE delivery SET order_key = replace(hex(zeroblob(1500)), '00',"
        " char(1)), key = replace(hex(zeroblob(1500)), '0', 'x')");
    sql("INSERT INTO delivery"
        " WITH RECURSIVE n(i) AS (SELECT 10 UNION ALL SELECT i + 1 FROM n"
        " WHERE i < 1009)"
        " SELECT n.i, n.i, message, body, destination, state, attempts,"
        " deaths, step, tries, received, next_at, ttl_at, ended, n.i,"
        " replay_of, sum,"
        " order_key, key, reason FROM n, delivery d WHERE d.id = 1");
    api_start();

    is_num(get("/v1/dead-letters", "limit=1000"), 200, "much of it");
    n = api_length("dead_letters");
    ok(n > 50 && n < 1000, "is less than was asked for");
    is_num(strlen(api_text("dead_letters.0.key")), 1024, "texts are cut");
    is_at("matched", "1001", "all is counted");

    snprintf(args, sizeof(args), "limit=1000&after=%s", api_text("next"));
    get("/v1/dead-letters", args);
    snprintf(args, sizeof(args), "%d", 1001 - n);
    is_at("matched", args, "and the next page goes on there");

    is_num(get("/v1/messages", "id=1&detail=1"), 200, "a large trace");
    is_at("messages.0.truncated", "true", "has an end");
    ok(api_length("messages.0.deliveries") > 50, "behind many");

    api_end();
    store_end();
}


static const char *
plan(ngx_uint_t n)
{
    char  text[2048];

    snprintf(text, sizeof(text), "EXPLAIN QUERY PLAN %s",
             sqlite3_sql(db->query->stmt[n]));

    return row(text);
}


static void
planned(void)
{
    ngx_uint_t  i;

    store_new(NULL);
    store_one(1);
    is_num(ngx_erp_query_open(db), NGX_OK, "the statements");

    for (i = 0; i < NGX_ERP_QUERY_N; i++) {
        if (i != NGX_ERP_QUERY_FLOWS && i != NGX_ERP_QUERY_DEAD_COUNT) {
            ok(strstr(plan(i), "SEARCH") != NULL, sqlite3_sql(
                   db->query->stmt[i]));
        }
    }

    ok(strstr(plan(NGX_ERP_QUERY_PENDING), "COVERING INDEX delivery_pending"
              " (seq>?)") != NULL,
       "what waits is read from its index alone");
    ok(strstr(plan(NGX_ERP_QUERY_DEAD), "COVERING INDEX delivery_dead_id"
              " (id>?)") != NULL,
       "dead letters are read from theirs");
    ok(strstr(plan(NGX_ERP_QUERY_BY_CORRELATION), "ANY(<expr>)") != NULL,
       "a correlation id is looked for in each lot");
    ok(strstr(plan(NGX_ERP_QUERY_BY_KEY), "ANY(<expr>)") != NULL,
       "so is a key");

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
