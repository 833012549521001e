
/*
 * The API of the store: what it tells, and what it refuses to tell.
 */

#include "erp_api.h"


static void routed(void);
static void refused(void);
static void times(void);
static void status(void);
static void flows(void);
static void destinations(void);
static void queues(void);
static void dead_letters(void);
static void filtered(void);
static void traced(void);
static void metrics(void);
static void bounded(void);
static void large(void);
static void planned(void);


int
main(void)
{
    routed();
    refused();
    times();
    status();
    flows();
    destinations();
    queues();
    dead_letters();
    filtered();
    traced();
    metrics();
    bounded();
    large();
    planned();

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
