
/*
 * The store's database: what is kept beside deliveries, what goes when it is
 * old, files, the views of the operator.
 */

#include "erp_store.h"


static void audited(void);
static void answered(void);
static void blobs(void);
static void pruned(void);
static void checkpointed(void);
static void shared(void);
static void viewed(void);


int
main(void)
{
    audited();
    answered();
    blobs();
    pruned();
    checkpointed();
    shared();
    viewed();

    return unit_done();
}


static void
audited(void)
{
    int        i;
    uint64_t   bad;
    ngx_str_t  who, action, what, reason;

    store_new(NULL);

    who = str("admin");
    action = str("replay");
    what = str("delivery 7");

    is_num(ngx_erp_db_audit_check(db, &bad), NGX_OK, "an empty book is good");

    for (i = 0; i < 5; i++) {
        reason = str(i == 3 ? "" : "ticket 4711");
        ngx_erp_db_begin(db);
        ngx_erp_db_audit(db, &who, &action, &what, &reason);
        ngx_erp_db_commit(db);
    }

    store_close();
    store_open(NULL);

    is_num(num("SELECT count(*) FROM audit"), 5, "five rows");
    is_num(ngx_erp_db_audit_check(db, &bad), NGX_OK, "are a chain");
    ok(sql("UPDATE audit SET who = 'x'") != SQLITE_OK, "that is not changed");
    ok(sql("DELETE FROM audit") != SQLITE_OK, "nor deleted");

    sql("DROP TRIGGER audit_update; DROP TRIGGER audit_delete;"
        "UPDATE audit SET reason = 'ticket 4712' WHERE id = 2");
    is_num(ngx_erp_db_audit_check(db, &bad), NGX_DECLINED, "a change");
    is_num(bad, 2, "is found");

    sql("UPDATE audit SET reason = 'ticket 4711' WHERE id = 2;"
        "DELETE FROM audit WHERE id = 3");
    is_num(ngx_erp_db_audit_check(db, &bad), NGX_DECLINED, "a gap");
    is_num(bad, 3, "is found");

    sql("UPDATE audit SET id = 3 WHERE id = 4");
    is_num(ngx_erp_db_audit_check(db, &bad), NGX_DECLINED,
           "closed or not");

    store_end();
}


static void
answered(void)
{
    uint64_t              n;
    ngx_str_t             all, some;
    ngx_erp_row_t         row, rows[3];
    store_message_t       s;
    ngx_erp_target_t      targets[3];
    ngx_erp_put_answer_t  a;

    store_new(NULL);
    memset(&a, 0, sizeof(a));
    all = str("");

    is_num(ngx_erp_db_message(db, 1, &all, &a), NGX_DECLINED,
           "no message yet");
    is_num(ngx_erp_db_state(db, 1, &row), NGX_DECLINED, "no delivery either");

    store_message(&s, 1);
    for (n = 0; n < 3; n++) {
        targets[n] = s.target;
    }
    targets[2].destination = str("/other");
    s.m.targets = targets;
    s.m.ntargets = 3;

    ngx_erp_db_begin(db);
    is_num(ngx_erp_db_put(db, &s.m, NOW, &s.verdict, &s.id, rows), NGX_OK,
           "a message with three deliveries");
    ngx_erp_db_commit(db);

    store_settle(1, 1, NGX_ERP_DONE, NGX_ERP_DELIVERED, "");
    store_settle(2, 1, NGX_ERP_BAD, NGX_ERP_DEAD, "rejected");

    is_num(ngx_erp_db_message(db, 1, &all, &a), NGX_OK, "its states");
    is_num(a.message, 1, "of that one");
    is_num(a.deliveries, 3, "all of them");
    is_num(a.delivered, 1, "one delivered");
    is_num(a.dead, 1, "one dead");
    is_num(a.open, 1, "one on its way");
    is_str(a.correlation_id, "corr00000001", "its correlation id");

    some = str("\n/other\n");
    is_num(ngx_erp_db_message(db, 1, &some, &a), NGX_OK, "states of some");
    is_num(a.deliveries, 3, "of as many");
    is_num(a.open, 1, "one on its way");
    is_num(a.delivered + a.dead, 0, "and no other");

    some = str("\n/othe\n\nother\n");
    ngx_erp_db_message(db, 1, &some, &a);
    is_num(a.open + a.delivered + a.dead, 0, "names are whole ones");

    ngx_erp_db_begin(db);
    is_num(ngx_erp_db_replay(db, 2, 0, NULL, NOW, &row), NGX_OK,
           "the dead one is replayed");
    ngx_erp_db_commit(db);

    ngx_erp_db_message(db, 1, &all, &a);
    is_num(a.dead, 0, "then it does not count");
    is_num(a.open, 2, "but the replay");

    is_num(ngx_erp_db_state(db, 2, &row), NGX_OK, "what became of it");
    is_num(row.state, NGX_ERP_DEAD, "is its state");
    is_num(row.attempts, 1, "its attempts");

    store_message(&s, 2);
    s.m.ntargets = 0;
    s.m.correlation_id = str("");
    ngx_erp_db_begin(db);
    store_put(&s);
    ngx_erp_db_commit(db);

    is_num(ngx_erp_db_message(db, 2, &all, &a), NGX_OK,
           "one without deliveries");
    is_num(a.open + a.delivered + a.dead, 0, "has none");
    is_num(a.correlation_id.len, 0, "nor an id");

    store_end();
}


static void
blobs(void)
{
    u_char           *large;
    size_t            len;
    ngx_uint_t        more;
    ngx_erp_lease_t   lease;
    store_message_t   a, b;

    store_new(NULL);

    len = NGX_ERP_BODY_INLINE + 1;
    large = malloc(len);
    memset(large, 'L', len);

    store_message(&a, 1);
    a.object.body.data = large;
    a.object.body.len = len;
    store_message(&b, 2);
    b.object.body = a.object.body;

    ngx_erp_db_begin(db);
    store_put(&a);
    is_num(store_files(), 1, "a large body is a file");
    ngx_erp_db_rollback(db);
    is_num(store_files(), 0, "which goes when the turn is undone");

    ngx_erp_db_begin(db);
    store_put(&a);
    store_put(&b);
    is_num(ngx_erp_db_commit(db), NGX_OK, "two messages");
    is_num(store_files(), 1, "share it");

    is_num(store_lease(a.row.id, &lease), NGX_OK, "it is leased");
    ok(lease.body.len == len && memcmp(lease.body.data, large, len) == 0,
       "as it was");
    is_str(lease.object_key, "GHH/V00001", "with its key");
    store_settle(a.row.id, 1, NGX_ERP_DONE, NGX_ERP_DELIVERED, "");

    is_num(ngx_erp_db_prune(db, NOW + 1000, 0, 10, &more), NGX_OK,
           "one message goes");
    is_num(num("SELECT count(*) FROM message"), 1, "the other is there");
    is_num(store_files(), 1, "and so is the file");

    store_lease(b.row.id, &lease);
    store_settle(b.row.id, 1, NGX_ERP_DONE, NGX_ERP_DELIVERED, "");
    ngx_erp_db_prune(db, NOW + 1000, 0, 10, &more);
    is_num(store_files(), 0, "it goes with the last one");

    free(large);
    store_end();
}


static void
pruned(void)
{
    int              i;
    ngx_uint_t       more, n;
    ngx_erp_lease_t  lease;

    store_new(NULL);

    for (i = 1; i <= 30; i++) {
        store_one(i);
    }

    /* 1: pending, 2: dead, others: delivered */

    for (i = 2; i <= 30; i++) {
        store_lease(i, &lease);
        store_settle(i, 1, NGX_ERP_DONE,
                     i == 2 ? NGX_ERP_DEAD : NGX_ERP_DELIVERED, "");
    }

    is_num(ngx_erp_db_prune(db, NOW + 120, NOW + 120, 10, &more), NGX_OK,
           "nothing is old enough");
    is_num(num("SELECT count(*) FROM message"), 30, "nothing goes");

    while (more) {
        ngx_erp_db_prune(db, NOW + 120, NOW + 120, 10, &more);
    }

    is_num(ngx_erp_db_prune(db, NOW + 121, NOW + 120, 10, &more), NGX_OK,
           "now they are");
    is_num(num("SELECT count(*) FROM message"), 20, "ten go");
    is_num(more, 1, "there are more");

    for (n = 0; more && n < 10; n++) {
        ngx_erp_db_prune(db, NOW + 121, NOW + 120, 10, &more);
    }

    is_row("SELECT count(*), min(id), max(id) FROM message", "2|1|2",
           "but the pending one and the dead letter");
    is_num(num("SELECT count(*) FROM body"), 2, "no body is left");
    is_num(num("SELECT count(*) FROM delivery"), 2, "no delivery");
    is_num(num("SELECT count(*) FROM attempt"), 1, "no attempt");

    ngx_erp_db_prune(db, NOW + 121, NOW + 121, 10, &more);
    is_num(num("SELECT count(*) FROM message"), 1, "dead ones have their own");

    is_num(ngx_erp_db_begin(db), NGX_OK, "within a turn");
    is_num(ngx_erp_db_prune(db, NOW, NOW, 10, &more), NGX_ERROR, "not");
    ngx_erp_db_rollback(db);

    store_close();
    store_open(NULL);
    is_num(store_one(31), 31, "numbers are not used again");
    is_num(num("SELECT max(id) FROM message"), 31, "of messages neither");

    store_end();
}


static void
checkpointed(void)
{
    int                   i;
    char                  path[512];
    struct stat           st;
    ngx_uint_t            more;
    store_message_t       s;
    ngx_erp_db_numbers_t  n, m;
    static u_char         text[100000];

    store_new(NULL);

    memset(text, 'x', sizeof(text));
    ngx_erp_db_begin(db);

    for (i = 1; i <= 50; i++) {
        store_message(&s, i);
        s.object.body.data = text;
        s.object.body.len = sizeof(text);
        s.m.ntargets = 0;
        store_put(&s);
    }

    ngx_erp_db_commit(db);

    is_num(ngx_erp_db_numbers(db, &n), NGX_OK, "there are numbers");
    ok(n.wal > 50 * sizeof(text), "there is a WAL");
    is_num(ngx_erp_db_checkpoint(db), NGX_OK, "a checkpoint");

    snprintf(path, sizeof(path), "%s/store.db-wal", store_dir);
    ok(stat(path, &st) == 0 && st.st_size == 0, "empties it");
    ngx_erp_db_numbers(db, &n);
    ok(n.wal == 0 && n.free == 0 && n.corrupt == 0, "as the numbers say");

    ngx_erp_db_prune(db, NOW + 1000, 0, 100, &more);
    ngx_erp_db_numbers(db, &m);
    ok(m.free > m.pages / 2, "a pruned file has free pages");

    for (i = 0; i < 20; i++) {
        ngx_erp_db_checkpoint(db);
    }

    ngx_erp_db_numbers(db, &m);
    ok(m.pages < n.pages / 2, "which it gives back");
    is_row("PRAGMA integrity_check", "ok", "and it is whole");

    store_end();
}


/* another process, as after a reload: it stands for it as a second handle */

static void
shared(void)
{
    ngx_erp_db_t     *first, *second;
    store_message_t   s;

    store_new(NULL);
    first = db;
    store_open(NULL);
    second = db;

    is_num(store_one(1), 1, "one process");
    db = first;
    is_num(store_one(2), 2, "another one");
    db = second;
    is_num(store_one(3), 3, "and the first again");

    db = first;
    is_num(ngx_erp_db_begin(first), NGX_OK, "a turn of the one");
    is_num(ngx_erp_db_begin(second), NGX_ERROR, "keeps out the other");
    store_message(&s, 1);
    store_put(&s);
    is_num(s.verdict, NGX_ERP_DUPLICATE, "each sees what the other put");
    ngx_erp_db_commit(first);
    is_num(num("SELECT count(*) FROM destination"), 1, "destinations too");

    ngx_erp_db_close(second);
    store_end();
}


static void
viewed(void)
{
    int              i;
    ngx_erp_lease_t  lease;
    store_message_t  s;

    store_new(NULL);

    for (i = 1; i <= 5; i++) {
        store_message(&s, i);
        s.target.order = str(i <= 3 ? "V1" : "V2");
        ngx_erp_db_begin(db);
        store_put(&s);
        ngx_erp_db_commit(db);
    }

    is_row("SELECT * FROM v_backlog", "/erp/a|ready|5|2023-11-14 22:13:20",
           "v_backlog");
    is_num(num("SELECT count(*) FROM v_blocked_keys"), 0, "none is blocked");

    store_lease(1, &lease);
    store_settle(1, 1, NGX_ERP_BAD, NGX_ERP_DEAD, "rejected");
    is_row("SELECT destination, order_key, waiting, head, state, reason"
           " FROM v_blocked_keys", "/erp/a|V1|2|1|dead|rejected",
           "by a dead letter");

    store_lease(4, &lease);
    store_settle(4, 1, NGX_ERP_RETRY, NGX_ERP_READY, "");
    is_row("SELECT order_key, waiting, head, state, attempts"
           " FROM v_blocked_keys WHERE order_key = 'V2'", "V2|1|4|ready|1",
           "or by one that is tried again");

    is_row("SELECT message, control_id, flow, source, type, object_type,"
           " object_key, map, destination, delivery, state, attempt FROM"
           " v_trace WHERE control_id = 'MSG00002'",
           "2|MSG00002|/adt|ADT1|GHH|ADT^A01|encounter|GHH/V00002|adt@1"
           "|/erp/a|2|ready|", "v_trace");
    is_num(num("SELECT count(*) FROM v_dead"), 1, "v_dead");

    store_end();
}
