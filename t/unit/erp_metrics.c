
/*
 * What the store process counts, and how it is printed: lines of Prometheus
 * text, bounds, labels.  promtool reads all of it, where it is installed.
 */

#include "erp_store.h"

#include "ngx_erp_metrics_private.h"


static void labels(void);
static void flows(void);
static void bounded(void);
static void outcomes(void);
static void histograms(void);
static void queues(void);
static void states(void);
static void dead_letters(void);
static void many_dead(void);
static void names(void);
static void store_numbers(void);
static void many_destinations(void);
static void checked(void);


static ngx_erp_metrics_t      *m;
static ngx_erp_metrics_now_t   now;
static ngx_str_t               text;
static ngx_erp_rules_t         rules;


int
main(void)
{
    labels();
    flows();
    bounded();
    outcomes();
    histograms();
    queues();
    states();
    dead_letters();
    many_dead();
    names();
    store_numbers();
    many_destinations();
    checked();

    return unit_done();
}


static void
setup(void)
{
    store_new(NULL);

    memset(&now, 0, sizeof(now));

    m = ngx_erp_metrics_create();
    now.schedule = ngx_erp_schedule_create();

    if (m == NULL || now.schedule == NULL) {
        printf("Bail out! no memory\n");
        exit(EXIT_FAILURE);
    }

    now.db = db;
    now.now = NOW;
    now.capacity = 1000000;
}


static void
teardown(void)
{
    free(text.data);
    ngx_str_null(&text);

    ngx_erp_metrics_free(m);
    ngx_erp_schedule_free(now.schedule);
    store_end();
}


/* prints anew: text.data is a string of C then */

static ngx_int_t
print(void)
{
    u_char     *p;
    ngx_int_t   rc;

    free(text.data);
    ngx_str_null(&text);

    rc = ngx_erp_metrics_print(m, &now, &text);

    if (rc == NGX_OK) {
        p = realloc(text.data, text.len + 1);
        if (p == NULL) {
            exit(EXIT_FAILURE);
        }

        p[text.len] = '\0';
        text.data = p;
    }

    return rc;
}


/* the value of a sample, or "none"; a name without braces is of one line */

static const char *
value(const char *sample)
{
    char        *p;
    size_t       len;
    static char  out[64];

    len = strlen(sample);

    for (p = (char *) text.data; p; p = strchr(p, '\n')) {
        p += (*p == '\n');

        if (strncmp(p, sample, len) == 0 && p[len] == ' ') {
            snprintf(out, sizeof(out), "%.*s", (int) strcspn(p + len + 1,
                     "\n"), p + len + 1);
            return out;
        }
    }

    return "none";
}


#define is_value(sample, want, name)                                          \
    unit_row(value(sample), want, name, __FILE__, __LINE__)


/* how many lines begin with it */

static int
lines(const char *start)
{
    int      n;
    char    *p;
    size_t   len;

    n = 0;
    len = strlen(start);

    for (p = (char *) text.data; p && *p; p = strchr(p, '\n')) {
        p += (*p == '\n');
        n += (strncmp(p, start, len) == 0);
    }

    return n;
}


static ngx_str_t
label(const char *value, size_t len)
{
    ngx_str_t      in, out;
    static u_char  buf[NGX_ERP_METRICS_LABEL + 1];

    in.data = (u_char *) value;
    in.len = len;

    memset(buf, 'Z', sizeof(buf));

    out.data = buf;
    out.len = ngx_erp_metrics_label(buf, &in);

    ok(buf[NGX_ERP_METRICS_LABEL] == 'Z', "label: within its bounds");

    return out;
}


static void
labels(void)
{
    char       buf[300];
    u_char     out[NGX_ERP_METRICS_ESCAPED + 1];
    ngx_str_t  s;

    is_str(label("/adt", 4), "/adt", "label: as it is");
    is_str(label("", 0), "", "label: an empty one");
    is_str(label("a\tb\0c\x7f", 6), "a?b?c?", "label: control characters");
    is_str(label("a\nb", 3), "a\nb", "label: a newline is kept");
    is_str(label("\xc3\xa4\xe2\x82\xac\xf0\x9f\x8f\xa5", 9),
           "\xc3\xa4\xe2\x82\xac\xf0\x9f\x8f\xa5", "label: UTF-8 is kept");
    is_str(label("\xe4\x80", 2), "??", "label: a character without its end");
    is_str(label("\xc0\xaf", 2), "??", "label: one that is too long");
    is_str(label("\xe0\x80\x80", 3), "???", "label: another one");
    is_str(label("\xf0\x80\x80\x80", 4), "????", "label: and another one");
    is_str(label("\xed\xa0\x80", 3), "???", "label: a surrogate");
    is_str(label("\xf4\x90\x80\x80", 4), "????", "label: beyond Unicode");
    is_str(label("\xff", 1), "?", "label: never in UTF-8");

    memset(buf, 'x', sizeof(buf));
    s = label(buf, sizeof(buf));
    is_num(s.len, NGX_ERP_METRICS_LABEL, "label: cut");

    memcpy(buf + NGX_ERP_METRICS_LABEL - 1, "\xc3\xa4", 2);
    s = label(buf, sizeof(buf));
    is_num(s.len, NGX_ERP_METRICS_LABEL - 1, "label: not within a character");

    s = str("a\"b\\c\nd");
    s.len = ngx_erp_metrics_escape(out, &s) - out;
    s.data = out;
    is_str(s, "a\\\"b\\\\c\\nd", "label: escaped");
}


static void
put(const char *flow, const char *type, ngx_erp_put_e verdict)
{
    ngx_str_t  f, t;

    f = str(flow);
    t = str(type);

    ngx_erp_metrics_put(m, &f, &t, verdict);
}


static void
flows(void)
{
    time_t      t;
    uint64_t    messages, last;
    ngx_str_t   name;

    setup();

    is_num(ngx_erp_metrics_flow(m, 0, &name, &messages, &last), 0,
           "flows: none at first");

    t = time(NULL);

    put("/adt", "ADT^A01", NGX_ERP_STORED);
    put("/adt", "ADT^A01", NGX_ERP_DUPLICATE);
    put("/adt", "ADT^A08", NGX_ERP_CONFLICT);
    put("/a\"b", "Encounter", NGX_ERP_STORED);
    put("/adt", "ADT^A01", NGX_ERP_FULL);
    put("/adt", "ADT^A01", NGX_ERP_FAILED);

    is_num(print(), NGX_OK, "flows: printed");

    is_value("hie_messages_received_total{flow=\"/adt\",msg_type=\"ADT^A01\"}",
             "2", "flows: messages, also those that were there already");
    is_value("hie_messages_received_total{flow=\"/adt\",msg_type=\"ADT^A08\"}",
             "1", "flows: another type");
    is_value("hie_messages_received_total{flow=\"/a\\\"b\","
             "msg_type=\"Encounter\"}", "1", "flows: a name that is escaped");
    is_value("hie_messages_duplicate_total{flow=\"/adt\",stage=\"store\"}",
             "1", "flows: duplicates");
    is_value("hie_messages_duplicate_total{flow=\"/a\\\"b\",stage=\"store\"}",
             "0", "flows: none of them");
    is_value("hie_queue_write_errors_total{op=\"put\"}", "2",
             "flows: what is not stored is not received");

    is_num(ngx_erp_metrics_flow(m, 0, &name, &messages, &last), 1,
           "flows: the first one");
    is_str(name, "/adt", "flows: by its name");
    is_num(messages, 3, "flows: with its messages");
    ok(last / 1000 >= (uint64_t) t && last / 1000 <= (uint64_t) t + 60,
       "flows: and its time");
    is_num(ngx_erp_metrics_flow(m, 1, &name, &messages, &last), 1,
           "flows: the second one");
    is_num(ngx_erp_metrics_flow(m, 2, &name, &messages, &last), 0,
           "flows: no third one");

    put("/adt", "", NGX_ERP_STORED);
    put("/adt", "A B", NGX_ERP_STORED);
    put("/adt", "other", NGX_ERP_STORED);
    put("/adt", "{x}", NGX_ERP_STORED);
    put("/adt", "A123456789012345678901234567890123", NGX_ERP_STORED);

    print();
    is_value("hie_messages_received_total{flow=\"/adt\",msg_type=\"other\"}",
             "5", "flows: what is no type is other");
    is_num(lines("hie_messages_received_total"), 4,
           "flows: and no series of its own");

    teardown();
}


static void
bounded(void)
{
    int                       i, n;
    char                      name[200];
    uint64_t                  messages, last;
    ngx_str_t                 s;
    static const char *const  types[] = {
        "ADT", "ORU", "SIU", "DFT", "ORM", "MDM", "BAR", "RDE"
    };

    setup();

    for (i = 0; i < NGX_ERP_METRICS_TYPES + 10; i++) {
        sprintf(name, "T%d", i);
        put("/a", name, NGX_ERP_STORED);
    }

    print();
    is_num(lines("hie_messages_received_total{flow=\"/a\""),
           NGX_ERP_METRICS_TYPES + 1, "bounded: the types of a flow");
    is_value("hie_messages_received_total{flow=\"/a\",msg_type=\"other\"}",
             "10", "bounded: the rest of them");

    for (i = 0; i < 300; i++) {
        sprintf(name, "/flow/%d", i);

        for (n = 0; n < 8; n++) {
            put(name, types[n], n ? NGX_ERP_STORED : NGX_ERP_DUPLICATE);
        }
    }

    print();
    is_num(lines("hie_messages_duplicate_total"), NGX_ERP_METRICS_FLOWS + 1,
           "bounded: flows");
    is_value("hie_messages_duplicate_total{flow=\"other\",stage=\"store\"}",
             "46", "bounded: the rest of them");
    ok(lines("hie_messages_received_total")
       <= NGX_ERP_METRICS_SERIES + NGX_ERP_METRICS_FLOWS + 1,
       "bounded: all types of all flows");

    is_num(ngx_erp_metrics_flow(m, NGX_ERP_METRICS_FLOWS, &s, &messages,
                                &last), 1, "bounded: the rest is a flow");
    is_str(s, "other", "bounded: by its name");
    is_num(messages, 46 * 8, "bounded: with its messages");
    is_num(ngx_erp_metrics_flow(m, NGX_ERP_METRICS_FLOWS + 1, &s, &messages,
                                &last), 0, "bounded: it is the last one");

    put("other", "ADT", NGX_ERP_STORED);
    print();
    is_num(lines("hie_messages_duplicate_total{flow=\"other\""), 1,
           "bounded: a location of that name is no second one");

    teardown();
    setup();

    memset(name, 'x', sizeof(name));
    name[0] = '/';
    name[199] = '\0';
    put(name, "ADT", NGX_ERP_STORED);
    name[198] = '\0';
    put(name, "ADT", NGX_ERP_STORED);

    print();
    is_num(lines("hie_messages_received_total"), 1,
           "bounded: names that are cut are one series");

    teardown();
}


/* the number of a destination, with a row and rules */

static uint32_t
destination(const char *uri)
{
    uint32_t   number;
    ngx_str_t  s;

    number = 0;
    s = str(uri);

    if (ngx_erp_db_begin(db) != NGX_OK
        || ngx_erp_db_destination(db, &s, &number) != NGX_OK
        || ngx_erp_db_commit(db) != NGX_OK
        || ngx_erp_schedule_destination(now.schedule, number, &rules)
           != NGX_OK)
    {
        printf("Bail out! no destination\n");
        exit(EXIT_FAILURE);
    }

    return number;
}


static void
outcomes(void)
{
    uint32_t  a;

    setup();
    a = destination("/erp/a");
    (void) destination("/erp/b");

    ngx_erp_metrics_attempt(m, a, NGX_ERP_DONE, 3);
    ngx_erp_metrics_attempt(m, a, NGX_ERP_DONE, 3);
    ngx_erp_metrics_attempt(m, a, NGX_ERP_RETRY, 3);
    ngx_erp_metrics_attempt(m, a, NGX_ERP_DOWN, 3);
    ngx_erp_metrics_attempt(m, a, NGX_ERP_UNKNOWN, 3);
    ngx_erp_metrics_attempt(m, a, NGX_ERP_BAD, 3);
    ngx_erp_metrics_attempt(m, a, 0, 3);
    ngx_erp_metrics_attempt(m, a, NGX_ERP_BAD + 1, 3);

    ngx_erp_metrics_ended(m, a, NGX_ERP_DELIVERED, NULL, 100);
    ngx_erp_metrics_ended(m, a, NGX_ERP_DEAD, "rejected", 100);
    ngx_erp_metrics_ended(m, a, NGX_ERP_DEAD, "poison", 100);
    ngx_erp_metrics_ended(m, a, NGX_ERP_DEAD, "of tomorrow", 100);
    ngx_erp_metrics_ended(m, a, NGX_ERP_DEAD, NULL, 100);
    ngx_erp_metrics_ended(m, a, NGX_ERP_DISCARDED, NULL, 100);
    ngx_erp_metrics_replayed(m, a);

    is_num(print(), NGX_OK, "outcomes: printed");

#define ATTEMPTS(result)                                                      \
    "hie_delivery_attempts_total{destination=\"/erp/a\",result=\"" result "\"}"
#define DEAD(reason)                                                          \
    "hie_messages_dead_lettered_total{destination=\"/erp/a\",reason=\""       \
    reason "\"}"

    is_value(ATTEMPTS("done"), "2", "outcomes: done");
    is_value(ATTEMPTS("retry"), "1", "outcomes: retry");
    is_value(ATTEMPTS("down"), "1", "outcomes: down");
    is_value(ATTEMPTS("unknown"), "1", "outcomes: unknown");
    is_value(ATTEMPTS("bad"), "1", "outcomes: bad");
    is_num(lines("hie_delivery_attempts_total{destination=\"/erp/a\""), 5,
           "outcomes: an attempt that was never made is none");

    is_value("hie_messages_delivered_total{destination=\"/erp/a\"}", "1",
             "outcomes: delivered");
    is_value("hie_messages_delivered_total{destination=\"/erp/b\"}", "0",
             "outcomes: nothing yet, but a series");
    is_value(DEAD("rejected"), "1", "outcomes: rejected");
    is_value(DEAD("poison"), "1", "outcomes: poison");
    is_value(DEAD("expired"), "0", "outcomes: not expired");
    is_value(DEAD("other"), "2", "outcomes: for other reasons");
    is_value("hie_messages_replayed_total{destination=\"/erp/a\"}", "1",
             "outcomes: replayed");

    teardown();
}


#define TOOK(le)                                                              \
    "hie_upstream_response_duration_seconds_bucket{destination=\"/erp/a\","   \
    "le=\"" le "\"}"

static void
histograms(void)
{
    uint32_t  a;

    setup();
    a = destination("/erp/a");

    ngx_erp_metrics_attempt(m, a, NGX_ERP_DONE, 0);
    ngx_erp_metrics_attempt(m, a, NGX_ERP_DONE, 5);
    ngx_erp_metrics_attempt(m, a, NGX_ERP_DONE, 6);
    ngx_erp_metrics_attempt(m, a, NGX_ERP_DONE, 3600000);
    ngx_erp_metrics_attempt(m, a, NGX_ERP_DONE, 3600001);
    ngx_erp_metrics_ended(m, a, NGX_ERP_DELIVERED, NULL, 61500);

    ngx_erp_metrics_commit(m, 7, 1234, NGX_OK);
    ngx_erp_metrics_commit(m, 1, 6000000, NGX_OK);
    ngx_erp_metrics_commit(m, 0, 1, NGX_OK);
    ngx_erp_metrics_commit(m, 3, 1, NGX_ERROR);
    ngx_erp_metrics_commit(m, 3, 1, NGX_ABORT);

    print();

    is_value(TOOK("0.005"), "2", "histogram: up to its bound");
    is_value(TOOK("0.01"), "3", "histogram: cumulative");
    is_value(TOOK("300"), "3", "histogram: nothing in between");
    is_value(TOOK("3600"), "4", "histogram: the last bound");
    is_value(TOOK("+Inf"), "5", "histogram: behind it");
    is_value("hie_upstream_response_duration_seconds_count"
             "{destination=\"/erp/a\"}", "5", "histogram: all of them");
    is_value("hie_upstream_response_duration_seconds_sum"
             "{destination=\"/erp/a\"}", "7200.012000", "histogram: seconds");

    is_value("hie_delivery_duration_seconds_bucket{destination=\"/erp/a\","
             "le=\"60\"}", "0", "histogram: of deliveries");
    is_value("hie_delivery_duration_seconds_sum{destination=\"/erp/a\"}",
             "61.500000", "histogram: their seconds");

    is_value("hie_queue_sync_duration_seconds_bucket{le=\"0.001\"}", "0",
             "histogram: a commit takes longer");
    is_value("hie_queue_sync_duration_seconds_bucket{le=\"0.0025\"}", "1",
             "histogram: than that");
    is_value("hie_queue_sync_duration_seconds_bucket{le=\"+Inf\"}", "2",
             "histogram: without those that wrote nothing or failed");
    is_value("hie_queue_sync_duration_seconds_sum", "6.001234",
             "histogram: microseconds as seconds");
    is_value("hie_queue_commit_batch_messages_bucket{le=\"5\"}", "1",
             "histogram: batches");
    is_value("hie_queue_commit_batch_messages_sum", "8.000000",
             "histogram: changes in all");
    is_value("hie_queue_commit_batch_messages_count", "2",
             "histogram: commits in all");
    is_value("hie_queue_write_errors_total{op=\"commit\"}", "2",
             "histogram: failed commits are errors");

    teardown();
}


static void
add(uint64_t id, uint32_t destination, uint64_t order, uint64_t received,
    ngx_erp_state_e state)
{
    ngx_erp_row_t  row;

    memset(&row, 0, sizeof(row));

    row.id = id;
    row.destination = destination;
    row.order = order;
    row.received = received;
    row.next_at = NOW;
    row.state = state;

    is_num(ngx_erp_schedule_add(now.schedule, &row), NGX_OK,
           "queue: a delivery");
}


#define GAUGE(name)  "hie_queue_" name "{destination=\"/erp/a\"}"

static void
queues(void)
{
    uint32_t       a, b;
    uint64_t       wait;
    ngx_uint_t     expired;
    ngx_erp_row_t  row;

    setup();
    a = destination("/erp/a");
    b = destination("/erp/b");

    print();
    is_value(GAUGE("messages"), "0", "queue: empty");
    is_value(GAUGE("oldest_message_timestamp_seconds"), "none",
             "queue: no oldest one");

    add(1, a, 7, 1700000000123, NGX_ERP_READY);
    add(2, a, 7, 1700000001000, NGX_ERP_READY);
    add(3, a, 7, 1700000001000, NGX_ERP_READY);
    add(4, a, 0, 1700000001000, NGX_ERP_READY);
    add(5, a, 8, 1700000001000, NGX_ERP_HELD);
    add(6, b, 0, 1700000002000, NGX_ERP_HELD);

    is_num(ngx_erp_schedule_next(now.schedule, NOW, &row, &expired, &wait),
           NGX_OK, "queue: one is on its way");

    print();
    is_value(GAUGE("messages"), "5", "queue: all that have not ended");
    is_value(GAUGE("inflight_messages"), "1", "queue: in flight");
    is_value(GAUGE("held_messages"), "1", "queue: held");
    is_value(GAUGE("blocked_messages"), "2", "queue: behind their key");
    is_value(GAUGE("oldest_message_timestamp_seconds"), "1700000000.123",
             "queue: the oldest one");
    is_value("hie_queue_messages{destination=\"/erp/b\"}", "1",
             "queue: of another destination");

    teardown();
}


static void
is_state(const char *want, const char *name)
{
    int                       i, n;
    char                      sample[128];
    static const char *const  all[] = {
        "running", "stopped", "retrying", "down", "not_configured"
    };

    print();
    n = 0;

    for (i = 0; i < 5; i++) {
        sprintf(sample, "hie_destination_state{destination=\"/erp/a\","
                "state=\"%s\"}", all[i]);
        n += (strcmp(value(sample), "1") == 0)
             + 10 * (strcmp(value(sample), "0") == 0);
    }

    is_num(n, 41, "state: one of them");

    sprintf(sample, "hie_destination_state{destination=\"/erp/a\","
            "state=\"%s\"}", want);
    is_value(sample, "1", name);
}


static void
states(void)
{
    uint32_t            a;
    ngx_erp_breaker_t  *b;

    setup();
    a = destination("/erp/a");
    b = ngx_erp_schedule_breaker(now.schedule, a);

    is_state("running", "state: running");

    b->consecutive = 2;
    is_state("retrying", "state: it has failed");

    b->state = NGX_ERP_OPEN;
    is_state("down", "state: its breaker is open");

    b->state = NGX_ERP_HALF_OPEN;
    is_state("down", "state: its breaker is half open");

    ngx_erp_schedule_pause(now.schedule, a, 1);
    is_state("stopped", "state: an operator has stopped it");

    (void) ngx_erp_schedule_destination(now.schedule, a, NULL);
    is_state("not_configured", "state: it is not in nginx.conf any more");

    ngx_erp_schedule_free(now.schedule);
    now.schedule = ngx_erp_schedule_create();
    is_state("not_configured", "state: it never was");

    teardown();
}


#define THERE(uri, reason)                                                    \
    "hie_dead_letter_messages{destination=\"" uri "\",reason=\"" reason "\"}"

static void
dead_letters(void)
{
    int       i;
    uint64_t  id;

    setup();

    print();
    is_num(lines("hie_dead_letter_messages"), 0, "dead: no destination");

    for (i = 0; i < 6; i++) {
        id = store_one(i);
        store_settle(id, 1, NGX_ERP_BAD, NGX_ERP_DEAD,
                     i < 3 ? "rejected" : i < 5 ? "expired" : "of tomorrow");
    }

    id = store_one(10);
    store_settle(id, 1, NGX_ERP_DONE, NGX_ERP_DELIVERED, "");

    print();
    is_value(THERE("/erp/a", "rejected"), "0", "dead: what was there before");

    now.now += 9999;
    print();
    is_value(THERE("/erp/a", "rejected"), "0", "dead: for some time");

    now.now += 1;
    print();
    is_value(THERE("/erp/a", "rejected"), "3", "dead: then by its reason");
    is_value(THERE("/erp/a", "expired"), "2", "dead: expired");
    is_value(THERE("/erp/a", "other"), "1", "dead: for other reasons");
    is_value(THERE("/erp/a", "poison"), "0", "dead: none was poison");

    sql("UPDATE delivery SET state = 6 WHERE reason = 'rejected'");
    now.now -= 3600000;
    print();
    is_value(THERE("/erp/a", "rejected"), "0",
             "dead: a clock that jumps back does not stop it");

    is_num(ngx_erp_db_begin(db), NGX_OK, "dead: a turn");
    now.now += 10000;
    is_num(print(), NGX_OK, "dead: inside of it");
    is_num(ngx_erp_db_commit(db), NGX_OK, "dead: the turn ends well");
    is_value(THERE("/erp/a", "expired"), "2", "dead: the same");

    sql("DROP INDEX delivery_dead");
    now.now += 10000;
    is_num(print(), NGX_OK, "dead: that they cannot be counted is no error");
    is_value(THERE("/erp/a", "expired"), "0", "dead: they are not shown");

    sql("CREATE INDEX delivery_dead ON delivery (destination, order_hash)"
        " WHERE state = 3");
    now.now += 20000;
    print();
    is_value(THERE("/erp/a", "expired"), "0", "dead: nor is it tried at once");
    now.now += 600000;
    print();
    is_value(THERE("/erp/a", "expired"), "2", "dead: but in a while");

    teardown();
}


static void
many_dead(void)
{
    setup();
    (void) destination("/erp/a");
    (void) destination("/erp/b");

    sql("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n"
        " WHERE i < 12000) INSERT INTO delivery SELECT i, i, i, i,"
        " 1 + (i > 9000), 3, 1, 0, 0, 1, 1, 1, 0, 1, NULL, NULL, 0, NULL,"
        " NULL, 'rejected' FROM n");

    print();
    is_value(THERE("/erp/a", "rejected"), "9000", "many: those looked at");
    is_value(THERE("/erp/a", "other"), "0", "many: none left");
    is_value(THERE("/erp/b", "rejected"), "1000", "many: up to a bound");
    is_value(THERE("/erp/b", "other"), "2000", "many: the rest of them");

    teardown();
}


static void
names(void)
{
    char  uri[300], sample[400];

    setup();
    (void) destination("/erp/\"\\");

    memset(uri, 'x', sizeof(uri));
    uri[0] = '/';
    uri[200] = '\0';
    (void) destination(uri);
    uri[199] = '\0';
    (void) destination(uri);
    (void) destination("/erp/\xff");

    print();
    is_value("hie_queue_messages{destination=\"/erp/\\\"\\\\\"}", "0",
             "names: escaped");
    is_value("hie_queue_messages{destination=\"/erp/?#4\"}", "0",
             "names: what is changed has its number");

    uri[128] = '\0';
    sprintf(sample, "hie_queue_messages{destination=\"%s#2\"}", uri);
    is_value(sample, "0", "names: also what is cut");
    sprintf(sample, "hie_queue_messages{destination=\"%s#3\"}", uri);
    is_value(sample, "0", "names: so that there are no two of one name");

    teardown();
}


static void
store_numbers(void)
{
    char                  want[64];
    ngx_erp_db_numbers_t  n;

    setup();
    (void) store_one(1);

    ngx_erp_metrics_recovered(m, 1250);
    is_num(ngx_erp_db_numbers(db, &n), NGX_OK, "store: its numbers");
    db->corrupt = 3;

    print();

    snprintf(want, sizeof(want), "%llu",
             (unsigned long long) ((n.pages - n.free) * 4096 + n.wal));
    is_value("hie_queue_bytes", want, "store: bytes");

    snprintf(want, sizeof(want), "%llu",
             (unsigned long long) (n.pages * 4096 + n.wal + 1000000));
    is_value("hie_queue_capacity_bytes", want, "store: and what it may have");

    now.capacity = -5;
    print();
    snprintf(want, sizeof(want), "%llu",
             (unsigned long long) (n.pages * 4096 + n.wal));
    is_value("hie_queue_capacity_bytes", want, "store: below min_free");

    is_value("hie_queue_corrupt_records_total", "3", "store: damages");
    is_value("hie_queue_last_recovery_duration_seconds", "1.250",
             "store: its start");
    is_num(lines("hie_build_info{version=\"" NGX_ERP_METRICS_VERSION "\","
                 "nginx=\""), 1, "store: its version");

    db->corrupt = 0;
    teardown();
}


static void
many_destinations(void)
{
    setup();
    (void) destination("/erp/a");

    ngx_erp_metrics_attempt(m, NGX_ERP_METRICS_DESTS - 1, NGX_ERP_DONE, 1);
    print();
    is_num(lines("hie_delivery_attempts_total"), 5,
           "destinations: one without a row is not shown");

    ngx_erp_metrics_ended(m, NGX_ERP_METRICS_DESTS, NGX_ERP_DELIVERED, NULL,
                          1);
    ngx_erp_metrics_ended(m, 4000000000U, NGX_ERP_DELIVERED, NULL, 1);
    print();
    is_value("hie_messages_delivered_total{destination=\"other\"}", "2",
             "destinations: above the bound they are other");
    is_num(lines("hie_queue_messages"), 1,
           "destinations: which is no queue");

    teardown();
}


/* each family once: its help, its type, then its samples */

static void
checked(void)
{
    int       i, status;
    char     *p, *eol, name[64];
    FILE     *pipe;
    uint64_t  id;

    setup();

    put("/adt", "ADT^A01", NGX_ERP_STORED);
    put("/\xff\n\"", "?", NGX_ERP_DUPLICATE);

    id = store_one(1);
    store_settle(id, 1, NGX_ERP_BAD, NGX_ERP_DEAD, "rejected");
    (void) ngx_erp_schedule_destination(now.schedule, 1, &rules);
    (void) destination("/erp/\n\\");

    ngx_erp_metrics_attempt(m, 1, NGX_ERP_BAD, 12);
    ngx_erp_metrics_commit(m, 1, 100, NGX_OK);
    add(9, 1, 0, NOW, NGX_ERP_READY);

    is_num(print(), NGX_OK, "check: printed");

    i = 0;

    for (p = (char *) text.data; (p = strstr(p, "# TYPE ")); p = eol) {
        eol = strchr(p + 7, ' ');
        snprintf(name, sizeof(name), "# TYPE %.*s ", (int) (eol - p - 7),
                 p + 7);
        i += (lines(name) == 1);
    }

    is_num(i, lines("# TYPE "), "check: each type once");
    is_num(i, lines("# HELP "), "check: each with its help");
    ok(text.data[text.len - 1] == '\n', "check: ends with a line");

    if (system("command -v promtool >/dev/null") != 0) {
        printf("# no promtool\n");
        teardown();
        return;
    }

    pipe = popen("promtool check metrics 2>&1 | sed 's/^/# /'", "w");

    if (pipe == NULL) {
        teardown();
        return;
    }

    fwrite(text.data, 1, text.len, pipe);
    (void) pclose(pipe);

    pipe = popen("promtool check metrics >/dev/null 2>&1", "w");

    if (pipe) {
        fwrite(text.data, 1, text.len, pipe);
        status = pclose(pipe);
        is_num(status, 0, "check: promtool has nothing to say");
    }

    teardown();
}
