
/*
 * The store's database: what is put in, leased and settled, and that a restart
 * finds it.  What is kept and what goes is in erp_keep.c, damage and keys are
 * in erp_damage.c.
 */

#include "erp_store.h"


static void opened(void);
static void migrated(void);
static void stored(void);
static void fanned_out(void);
static void failed(void);
static void leased(void);
static void settled(void);
static void changed(void);
static void replayed(void);
static void started(void);
static void destinations(void);


int
main(void)
{
    opened();
    migrated();
    stored();
    fanned_out();
    failed();
    leased();
    settled();
    changed();
    replayed();
    started();
    destinations();

    return unit_done();
}


static void
opened(void)
{
    char         path[512];
    struct stat  st;

    store_new(NULL);

    is_num(num("PRAGMA application_id"), NGX_ERP_APPLICATION_ID,
           "an empty file becomes a database of ours");
    is_num(num("PRAGMA user_version"), NGX_ERP_SCHEMA_VERSION,
           "of the schema's version");
    is_num(num("PRAGMA page_size"), 4096, "pages of 4096 bytes");
    is_num(num("PRAGMA synchronous"), 2, "synchronous is FULL");
    is_row("PRAGMA journal_mode", "wal", "there is a WAL");

    snprintf(path, sizeof(path), "%s/store.db", store_dir);
    ok(stat(path, &st) == 0 && (st.st_mode & 0777) == 0600,
       "nobody else may read it");

    store_close();
    is_num(store_open(NULL), NGX_OK, "it opens again");

    store_end();

    store_make();
    strcat(store_dir, "/none");
    is_num(store_open(NULL), NGX_ERROR, "no directory: an error");
    ok(strstr(store_why, "No such file") != NULL, "that says why");
    store_dir[strlen(store_dir) - 5] = '\0';
    store_clean();
}


static void
migrated(void)
{
    const char *const  steps[] = {
        "CREATE TABLE a (x)",
        "CREATE TABLE b (x); CREATE TABLE a (y)"
    };

    store_new(NULL);

    ok(sql("PRAGMA user_version = 99") == SQLITE_OK, "a newer schema");
    store_close();
    is_num(store_open(NULL), NGX_DECLINED, "is refused");
    ok(strstr(store_why, "version 99") != NULL, "by its version");
    store_clean();

    store_make();
    db = calloc(1, sizeof(ngx_erp_db_t));
    sqlite3_open(":memory:", &db->sqlite);

    is_num(ngx_erp_schema_migrate(db->sqlite, steps, 1, store_why), NGX_OK,
           "a first step");
    is_num(ngx_erp_schema_migrate(db->sqlite, steps, 2, store_why),
           NGX_ERROR, "a second one fails in its middle");
    is_num(num("PRAGMA user_version"), 1, "the version is what it was");
    is_num(num("SELECT count(*) FROM sqlite_schema"), 1,
           "and so are the tables");
    is_num(ngx_erp_schema_migrate(db->sqlite, steps, 1, store_why), NGX_OK,
           "which are used as they are");

    sqlite3_close(db->sqlite);
    free(db);
    store_clean();
}


static void
stored(void)
{
    store_message_t  a, b;

    store_new(NULL);

    store_message(&a, 1);
    is_num(ngx_erp_db_begin(db), NGX_OK, "a turn begins");
    is_num(store_put(&a), NGX_OK, "a message is put");
    is_num(a.verdict, NGX_ERP_STORED, "and stored");
    is_num(a.row.state, NGX_ERP_READY, "its delivery is ready");
    is_num(a.row.next_at, NOW + 5, "at its time");
    is_num(a.row.order, ngx_erp_db_order(&a.target.order), "in its order");

    b = a;
    is_num(store_put(&b), NGX_OK, "again in the same turn");
    is_num(b.verdict, NGX_ERP_DUPLICATE, "it is a duplicate");
    is_num(b.id, a.id, "of that one");
    is_num(ngx_erp_db_commit(db), NGX_OK, "the turn ends");

    store_close();
    store_open(NULL);

    ngx_erp_db_begin(db);
    b = a;
    is_num(store_put(&b), NGX_OK, "again after a restart");
    is_num(b.verdict, NGX_ERP_DUPLICATE, "it is a duplicate still");
    is_num(b.id, a.id, "of that one");

    b.m.hash = str("other content");
    b.id = 0;
    is_num(store_put(&b), NGX_OK, "the same dedup with other content");
    is_num(b.verdict, NGX_ERP_CONFLICT, "is a conflict");
    is_num(b.id, a.id, "with that one");

    store_message(&b, 2);
    b.object.key = a.object.key;
    b.target.key = a.object.key;
    store_put(&b);
    is_num(b.verdict, NGX_ERP_STORED, "the same key in another message: no");

    store_message(&b, 3);
    b.m.dedup.len = 0;
    store_put(&b);
    store_put(&b);
    is_num(b.verdict, NGX_ERP_STORED, "without dedup all is stored");
    is_num(ngx_erp_db_commit(db), NGX_OK, "the turn ends");

    is_num(num("SELECT count(*) FROM message"), 4, "four messages");
    is_num(num("SELECT count(*) FROM body"), 4, "four bodies");
    is_num(num("SELECT count(*) FROM delivery"), 4, "four deliveries");

    ngx_erp_db_begin(db);
    store_message(&b, 4);
    store_put(&b);
    ngx_erp_db_rollback(db);
    is_num(num("SELECT count(*) FROM message"), 4, "a turn can be undone");

    is_num(num("SELECT count(*) FROM message m JOIN body b"
               " ON b.id >> 16 = m.id"), 4, "bodies tell their message");

    store_end();
}


static void
fanned_out(void)
{
    uint64_t           i;
    ngx_erp_row_t      rows[3];
    ngx_erp_object_t   objects[2];
    ngx_erp_target_t   targets[3];
    ngx_erp_lease_t    lease;
    store_message_t    s;

    store_new(NULL);
    store_message(&s, 1);

    objects[0] = s.object;
    objects[1] = s.object;
    objects[1].type = str("charge");
    objects[1].body = str("{\"second\":2}");

    for (i = 0; i < 3; i++) {
        targets[i] = s.target;
        targets[i].object = i / 2;
        targets[i].destination = str(i == 1 ? "/erp/b" : "/erp/a");
    }

    targets[2].ttl = 1000;

    s.m.raw = str("MSH|^~\\&|as it came");
    s.m.objects = objects;
    s.m.nobjects = 2;
    s.m.targets = targets;
    s.m.ntargets = 3;

    ngx_erp_db_begin(db);
    is_num(ngx_erp_db_put(db, &s.m, NOW, &s.verdict, &s.id, rows), NGX_OK,
           "two objects, three deliveries");
    is_num(ngx_erp_db_commit(db), NGX_OK, "in one turn");

    ok(rows[0].destination == rows[2].destination
       && rows[0].destination != rows[1].destination,
       "two of them to the same destination");
    ok(rows[0].id < rows[1].id && rows[1].id < rows[2].id, "in their order");
    is_num(rows[2].ttl_at, NOW + 1 + 1000, "one of them with a ttl");
    is_num(num("SELECT count(*) FROM body"), 3, "and the message as it came");

    store_lease(rows[2].id, &lease);
    is_str(lease.body, "{\"second\":2}", "each has its object");
    is_str(lease.object_type, "charge", "of its type");
    store_lease(rows[1].id, &lease);
    is_str(lease.body, "{\"id\":\"body 1\"}", "the other one");
    is_str(lease.destination, "/erp/b", "and its destination");

    store_message(&s, 2);
    s.target.object = 1;
    ngx_erp_db_begin(db);
    is_num(store_put(&s), NGX_OK, "a delivery without an object");
    is_num(s.verdict, NGX_ERP_FAILED, "is refused");
    s.target.object = 0;
    s.target.destination.len = 0;
    is_num(store_put(&s), NGX_OK, "one without a destination");
    is_num(s.verdict, NGX_ERP_FAILED, "as well");
    store_message(&s, 3);
    is_num(store_put(&s), NGX_OK, "others of that turn");
    is_num(s.verdict, NGX_ERP_STORED, "are stored");
    is_num(ngx_erp_db_commit(db), NGX_OK, "and it ends");

    store_end();
}


/* a trigger of the test stands for a page that cannot be written */

static void
failed(void)
{
    store_message_t  a, b;

    store_new(NULL);

    sql("CREATE TEMP TRIGGER boom BEFORE INSERT ON main.delivery"
        " WHEN new.key = 'boom' BEGIN SELECT RAISE(ABORT, 'boom'); END");

    store_message(&a, 1);
    store_message(&b, 2);
    b.target.key = str("boom");
    b.target.destination = str("/erp/new");

    ngx_erp_db_begin(db);
    is_num(store_put(&a), NGX_OK, "a message is put");
    is_num(store_put(&b), NGX_ERROR, "one that fails fails the turn");
    is_num(b.verdict, NGX_ERP_FAILED, "with that verdict");
    store_message(&a, 3);
    is_num(store_put(&a), NGX_ERROR, "what follows is refused");
    is_num(a.verdict, NGX_ERP_FAILED, "also as failed");
    is_num(ngx_erp_db_commit(db), NGX_ERROR, "so is the end of the turn");
    ok(strstr(ngx_erp_db_error(db), "boom") != NULL, "the reason is kept");
    is_num(num("SELECT count(*) FROM message"), 0, "nothing is stored");
    is_num(num("SELECT count(*) FROM destination"), 0,
           "and no destination");

    store_message(&a, 1);
    ngx_erp_db_begin(db);
    is_num(store_put(&b), NGX_OK, "in the next turn it is undone alone");
    is_num(b.verdict, NGX_ERP_FAILED, "and failed");
    is_num(store_put(&a), NGX_OK, "others");
    is_num(a.verdict, NGX_ERP_STORED, "are stored");
    is_num(ngx_erp_db_commit(db), NGX_OK, "the turn ends well");
    is_num(num("SELECT count(*) FROM message"), 1, "one message");
    is_num(num("SELECT count(*) FROM body"), 1, "one body");
    is_num(num("SELECT count(*) FROM destination"), 1, "one destination");

    b.target.key = str("good");
    ngx_erp_db_begin(db);
    store_put(&b);
    is_num(b.verdict, NGX_ERP_STORED, "the failed one comes again");
    is_num(ngx_erp_db_commit(db), NGX_OK, "and is stored");
    is_num(num("SELECT count(*) FROM delivery d JOIN destination t"
               " ON t.number = d.destination"), 2, "to its destination");

    store_end();
}


static void
leased(void)
{
    uint64_t         id;
    ngx_erp_lease_t  lease;

    store_new(NULL);
    id = store_one(7);

    is_num(store_lease(id, &lease), NGX_OK, "a delivery is leased");
    is_num(lease.delivery, id, "its number");
    is_num(lease.attempt, 1, "the first attempt");
    is_num(lease.step, 0, "at the first step");
    is_num(lease.created, NOW + 7, "of that time");
    is_num(lease.replay_of, 0, "no replay");
    is_str(lease.destination, "/erp/a", "destination");
    is_str(lease.order, "GHH/V00007", "order key");
    is_str(lease.key, "GHH/V00007", "idempotency key");
    is_str(lease.object_type, "encounter", "type");
    is_str(lease.object_key, "GHH/V00007", "key");
    is_str(lease.correlation_id, "corr00000007", "correlation id");
    is_num(lease.traceparent.len, 55, "traceparent");
    is_str(lease.results, "", "no results");
    is_str(lease.body, "{\"id\":\"body 7\"}", "body");
    is_row("SELECT state, attempts FROM delivery", "1|1", "it is noted");

    ngx_erp_db_begin(db);
    is_num(ngx_erp_db_lease(db, id, 0, &lease), NGX_OK, "not counted");
    is_num(lease.attempt, 2, "has the next number");
    is_num(ngx_erp_db_lease(db, 999, 1, &lease), NGX_DECLINED,
           "one that is not there");
    is_num(ngx_erp_db_commit(db), NGX_OK, "does no harm");
    is_row("SELECT state, attempts FROM delivery", "1|1",
           "what is not counted is not");

    store_settle(id, 1, NGX_ERP_DONE, NGX_ERP_DELIVERED, "");
    is_num(store_lease(id, &lease), NGX_DECLINED, "nor one that has ended");
    is_row("SELECT state FROM delivery", "2", "it stays so");

    store_end();
}


static void
settled(void)
{
    uint64_t          id;
    ngx_erp_lease_t   lease;
    ngx_erp_settle_t  s;

    store_new(NULL);
    id = store_one(1);

    store_lease(id, &lease);
    is_num(store_settle(id, 1, NGX_ERP_DOWN, NGX_ERP_READY, ""), NGX_OK,
           "a destination is down");
    is_row("SELECT state, attempts, tries, next_at, ended FROM delivery",
           "0|0|1|1700000000900|", "no attempt is used up");

    store_lease(id, &lease);
    is_num(lease.attempt, 1, "it is the first one again");
    store_settle(id, 1, NGX_ERP_RETRY, NGX_ERP_READY, "");
    is_row("SELECT attempts, tries FROM delivery", "1|2", "now it is");

    store_lease(id, &lease);

    memset(&s, 0, sizeof(s));
    s.delivery = id;
    s.step = 0;
    s.results = str("{\"id\":17}");

    ngx_erp_db_begin(db);
    is_num(ngx_erp_db_step(db, &s), NGX_OK, "a step is done");
    s.delivery = 999;
    is_num(ngx_erp_db_step(db, &s), NGX_DECLINED, "but not of another");
    is_num(ngx_erp_db_commit(db), NGX_OK, "it is on disk");

    store_close();
    store_open(NULL);

    store_lease(id, &lease);
    is_num(lease.step, 1, "a crash resumes behind it");
    is_str(lease.results, "{\"id\":17}", "with its result");
    is_num(lease.attempt, 3, "each lease of a crash counts");

    store_settle(id, 3, NGX_ERP_BAD, NGX_ERP_DEAD, "rejected");
    is_row("SELECT state, attempts, reason, ended FROM delivery",
           "3|3|rejected|1700000000120", "a dead letter");
    is_row("SELECT destination, delivery, reason, attempts, status, code,"
           " error, object_type, key, order_key, correlation_id, control_id"
           " FROM v_dead",
           "/erp/a|1|rejected|3|422|E42|no such account|encounter"
           "|GHH/V00001|GHH/V00001|corr00000001|MSG00001", "with its reason");
    is_row("SELECT count(*), min(attempt), max(attempt) FROM attempt",
           "3|1|3", "three attempts");
    is_row("SELECT outcome, status, took, code, error FROM v_trace"
           " WHERE correlation_id = 'corr00000001' AND attempt = 3",
           "bad|422|20|E42|no such account", "the trace has them");

    is_num(store_settle(999, 1, NGX_ERP_DONE, NGX_ERP_DELIVERED, ""),
           NGX_DECLINED, "there is no such delivery");
    is_num(num("SELECT count(*) FROM attempt"), 3, "nor an attempt of it");

    store_end();
}


static void
changed(void)
{
    uint64_t         id;
    ngx_str_t        reason;
    ngx_uint_t       deaths;
    ngx_erp_lease_t  lease;

    store_new(NULL);
    id = store_one(1);

    reason = str("operator");

    ngx_erp_db_begin(db);
    is_num(ngx_erp_db_change(db, id, NGX_ERP_HELD, NOW + 1, &reason), NGX_OK,
           "held");
    is_row("SELECT state, next_at, ended IS NULL, reason FROM delivery",
           "4|1700000000001|1|operator", "is not ended");
    is_num(ngx_erp_db_change(db, id, NGX_ERP_DISCARDED, 0, &reason), NGX_OK,
           "discarded");
    is_row("SELECT state, ended > 1700000000000, reason FROM delivery",
           "6|1|operator", "is ended");
    reason.len = 0;
    is_num(ngx_erp_db_change(db, id, NGX_ERP_READY, NOW, &reason), NGX_OK,
           "made ready");
    is_row("SELECT state, ended, reason FROM delivery", "0||",
           "is not ended again");
    is_num(ngx_erp_db_change(db, 999, NGX_ERP_READY, NOW, &reason),
           NGX_DECLINED, "there is no such delivery");

    is_num(ngx_erp_db_died(db, id, &deaths), NGX_OK, "a process died");
    is_num(ngx_erp_db_died(db, id, &deaths), NGX_OK, "and another");
    is_num(deaths, 2, "two did");
    is_num(ngx_erp_db_died(db, 999, &deaths), NGX_DECLINED, "not of another");
    is_num(ngx_erp_db_lost(db, id), NGX_OK, "what it did is not known");
    is_num(ngx_erp_db_lost(db, id), NGX_OK, "twice");
    is_num(ngx_erp_db_commit(db), NGX_OK, "the turn ends");
    is_num(num("SELECT deaths FROM delivery"), 2, "it is noted");

    ngx_erp_db_begin(db);
    is_num(ngx_erp_db_lease(db, id, 0, &lease), NGX_OK, "it is leased");
    ngx_erp_db_commit(db);
    is_num(lease.attempt, 1, "that did not count");
    is_str(lease.results, "{\"#sent\":\"1\"}", "but is told");

    store_end();
}


/* each as ID:SEQ */

static ngx_int_t
ordered(void *data, ngx_erp_row_t *row)
{
    char *text = data;

    sprintf(text + strlen(text), "%d:%d ", (int) row->id, (int) row->seq);

    return NGX_OK;
}


static void
replayed(void)
{
    uint64_t         id;
    ngx_str_t        key;
    char             order[64];
    ngx_erp_row_t    again, other;
    ngx_erp_lease_t  lease;

    store_new(NULL);
    id = store_one(1);
    store_one(2);
    store_lease(id, &lease);
    store_settle(id, 1, NGX_ERP_DONE, NGX_ERP_DELIVERED, "");

    key = str("a new key");

    ngx_erp_db_begin(db);
    is_num(ngx_erp_db_replay(db, id, 0, NULL, NOW + 9, &again), NGX_OK,
           "a replay");
    is_num(ngx_erp_db_replay(db, id, 0, &key, NOW + 9, &other), NGX_OK,
           "and with another key");
    is_num(ngx_erp_db_replay(db, 999, 0, NULL, NOW, &other), NGX_DECLINED,
           "not of what is not there");
    is_num(ngx_erp_db_commit(db), NGX_OK, "the turn ends");

    ok(again.id == 3 && again.state == NGX_ERP_READY
       && again.next_at == NOW + 9 && again.attempts == 0,
       "is a new delivery");

    store_lease(again.id, &lease);
    is_num(lease.replay_of, id, "of the first");
    is_str(lease.key, "GHH/V00001", "with its key");
    is_str(lease.body, "{\"id\":\"body 1\"}", "and its body");
    store_lease(4, &lease);
    is_str(lease.key, "a new key", "the other has its own");
    is_num(other.seq, 4, "and is behind");

    /* in the place of the old one: also after a start */

    store_lease(2, &lease);
    store_settle(2, 1, NGX_ERP_BAD, NGX_ERP_DEAD, "rejected");
    ngx_erp_db_begin(db);
    ngx_erp_db_replay(db, 2, 1, NULL, NOW, &again);
    ngx_erp_db_commit(db);
    is_num(again.seq, 2, "one that is first has its place");
    is_row("SELECT group_concat(id) FROM (SELECT id FROM delivery"
           " WHERE ended IS NULL ORDER BY seq)", "5,3,4", "in its row");

    store_close();
    store_open(NULL);

    order[0] = '\0';
    ngx_erp_db_pending(db, ordered, order);
    ok(strcmp(order, "5:2 3:3 4:4 ") == 0, "after a start");
    is_num(store_lease(5, &lease), NGX_OK, "its row is sound");
    sql("UPDATE delivery SET seq = 9 WHERE id = 3");
    is_num(store_lease(3, &lease), NGX_DECLINED, "damage of it is found");

    store_end();
}


/* counts rows up to a limit, checks the last one */

typedef struct {
    int             n;
    int             limit;
    uint64_t        id;
    ngx_erp_row_t   row;
} seen_t;


static ngx_int_t
seen(void *data, ngx_erp_row_t *row)
{
    seen_t *s = data;

    if (row->id <= s->id) {
        return NGX_ERROR;
    }

    s->n++;
    s->id = row->id;
    s->row = *row;

    return (s->n == s->limit) ? NGX_DONE : NGX_OK;
}


static void
started(void)
{
    int              i;
    seen_t           s;
    uint64_t         n;
    ngx_str_t        order, reason;
    ngx_uint_t       deaths;
    ngx_erp_lease_t  lease;

    store_new(NULL);

    for (i = 1; i <= 6; i++) {
        store_one(i);
    }

    store_lease(1, &lease);
    store_settle(1, 1, NGX_ERP_DONE, NGX_ERP_DELIVERED, "");
    store_lease(2, &lease);
    store_settle(2, 1, NGX_ERP_BAD, NGX_ERP_DEAD, "rejected");
    store_lease(3, &lease);

    reason = str("");
    ngx_erp_db_begin(db);
    ngx_erp_db_change(db, 4, NGX_ERP_HELD, 0, &reason);
    ngx_erp_db_died(db, 6, &deaths);
    ngx_erp_db_commit(db);

    store_close();
    store_open(NULL);

    memset(&s, 0, sizeof(s));
    is_num(ngx_erp_db_pending(db, seen, &s), NGX_OK, "a start reads rows");
    is_num(s.n, 4, "of all that have not ended");
    is_num(ngx_erp_db_npending(db, &n), NGX_OK, "it can count them");
    is_num(n, 4, "before");
    order = str("GHH/V00006");
    ok(s.row.id == 6 && s.row.order == ngx_erp_db_order(&order)
       && s.row.next_at == NOW + 5 && s.row.ttl_at == 0
       && s.row.received == NOW + 6 && s.row.destination == 1
       && s.row.attempts == 0 && s.row.deaths == 1 && s.row.step == 0
       && s.row.state == NGX_ERP_READY, "with all that there is to know");

    memset(&s, 0, sizeof(s));
    s.limit = 1;
    is_num(ngx_erp_db_pending(db, seen, &s), NGX_DONE, "it can be stopped");
    ok(s.row.id == 3 && s.row.state == NGX_ERP_LEASED
       && s.row.attempts == 1, "a leased one is told as such");

    s.n = 0;
    s.id = 0;
    s.limit = 2;
    ngx_erp_db_pending(db, seen, &s);
    is_num(s.row.state, NGX_ERP_HELD, "and a held one");

    memset(&s, 0, sizeof(s));
    is_num(ngx_erp_db_blocking(db, seen, &s), NGX_OK, "and dead letters");
    ok(s.n == 1 && s.row.id == 2 && s.row.state == NGX_ERP_DEAD,
       "that have an order key");

    ok(strstr(row("EXPLAIN QUERY PLAN SELECT id, state, destination,"
                  " order_hash, next_at, ttl_at, received, attempts, deaths,"
                  " step, seq FROM delivery INDEXED BY delivery_pending"
                  " WHERE ended IS NULL ORDER BY seq"),
              "SCAN delivery USING INDEX delivery_pending") != NULL,
       "they are found by their index, in its order");
    ok(strstr(row("EXPLAIN QUERY PLAN SELECT * FROM message"
                  " WHERE correlation_id = 'x'"), "(ANY(<expr>) AND") != NULL,
       "correlation ids are found lot by lot");
    ok(strstr(row("EXPLAIN QUERY PLAN SELECT id FROM body WHERE key = 'x'"),
              "(ANY(<expr>) AND") != NULL, "and keys");

    store_end();
}


static ngx_int_t
destination(void *data, ngx_erp_destination_t *d)
{
    char *out = data;

    sprintf(out + strlen(out), "%u %.*s %d %.*s;", d->number,
            (int) d->uri.len, d->uri.data, d->paused, (int) d->breaker.len,
            d->breaker.data);

    return NGX_OK;
}


static void
destinations(void)
{
    char       out[256] = "";
    uint32_t   a, b;
    ngx_str_t  uri, breaker;

    store_new(NULL);

    ngx_erp_db_begin(db);
    uri = str("/erp/a");
    is_num(ngx_erp_db_destination(db, &uri, &a), NGX_OK, "a new one");
    is_num(ngx_erp_db_destination(db, &uri, &b), NGX_OK, "again");
    is_num(a, b, "is the same");
    ngx_erp_db_commit(db);

    ngx_erp_db_begin(db);
    uri = str("/erp/b");
    ngx_erp_db_destination(db, &uri, &b);
    ngx_erp_db_rollback(db);

    ngx_erp_db_begin(db);
    uri = str("/erp/c");
    is_num(ngx_erp_db_destination(db, &uri, &b), NGX_OK, "another one");
    breaker = str("open 5");
    is_num(ngx_erp_db_destination_state(db, a, 1, &breaker), NGX_OK,
           "is paused");
    ngx_erp_db_commit(db);

    store_close();
    store_open(NULL);

    is_num(ngx_erp_db_destinations(db, destination, out), NGX_OK, "a list");
    ok(strcmp(out, "1 /erp/a 1 open 5;2 /erp/c 0 ;") == 0,
       "has both, and not the one that was undone");

    store_end();
}
