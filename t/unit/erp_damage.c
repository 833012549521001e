
/*
 * The store's database when rows, pages and its index are damaged, and files
 * that are not ours.
 */

#include "erp_store.h"


#define FLIPS     150
#define MESSAGES  60


static void foreign(void);
static void rows(void);
static void rot(void);
static void rot_once(u_char *file, size_t len, unsigned *seed, int *count);
static void rot_leases(int *count);
static void pages(void);
static void pending_index(void);
static int pending_all(void);


int
main(void)
{
    foreign();
    rows();
    rot();
    pages();
    pending_index();

    return unit_done();
}


/* a file that is not ours is left as it is */

static void
foreign(void)
{
    size_t    len, now;
    char      path[512];
    u_char   *before, *after;
    sqlite3  *other;

    store_make();

    store_save("store.db",
               (u_char *) "these are my notes, and not a database", 38);
    is_num(store_open(NULL), NGX_DECLINED, "a text is refused");
    after = store_load("store.db", &now);
    ok(now == 38 && memcmp(after, "these are", 9) == 0, "and left as it is");
    free(after);

    snprintf(path, sizeof(path), "%s/store.db", store_dir);
    unlink(path);
    sqlite3_open(path, &other);
    sqlite3_exec(other, "CREATE TABLE mine (x); INSERT INTO mine VALUES (1)",
                 NULL, NULL, NULL);
    sqlite3_close(other);

    before = store_load("store.db", &len);
    is_num(store_open(NULL), NGX_DECLINED,
           "the database of another application is refused");
    ok(strstr(store_why, "another application") != NULL, "as such");
    after = store_load("store.db", &now);
    ok(len == now && memcmp(before, after, len) == 0, "and left as it is");

    free(before);
    free(after);
    store_clean();
}


/* what is not as it was is a dead letter, and never handed out */

static void
rows(void)
{
    int               i;
    char              text[256];
    ngx_erp_lease_t   lease;
    store_message_t   s;
    const char       *changes[] = {
        "UPDATE body SET data = '{\"id\":\"body 2\"}' WHERE id >> 16 = 1",
        "UPDATE body SET data = NULL WHERE id >> 16 = 2",
        "UPDATE body SET key = 'GHH/V9' WHERE id >> 16 = 3",
        "UPDATE body SET size = 99999999999 WHERE id >> 16 = 4",
        "UPDATE body SET sealed = 1 WHERE id >> 16 = 5",
        "DELETE FROM body WHERE id >> 16 = 6",
        "UPDATE delivery SET body = body + 65536 WHERE id = 7",
        "UPDATE delivery SET key = 'other' WHERE id = 8",
        "UPDATE delivery SET destination = 2 WHERE id = 9",
        "UPDATE message SET correlation_id = 'other' WHERE id = 10",
        "DELETE FROM message WHERE id = 11",
        "UPDATE body SET file = zeroblob(32), data = NULL WHERE id >> 16 = 12"
    };

    store_new(NULL);

    for (i = 1; i <= 14; i++) {
        store_message(&s, i);
        s.target.destination = str(i == 14 ? "/erp/b" : "/erp/a");
        ngx_erp_db_begin(db);
        store_put(&s);
        ngx_erp_db_commit(db);
    }

    for (i = 0; i < 12; i++) {
        if (sql(changes[i]) != SQLITE_OK) {
            printf("# %s\n", row(changes[i]));
        }

        is_num(store_lease(i + 1, &lease), NGX_DECLINED, changes[i]);

        snprintf(text, sizeof(text),
                 "SELECT state, reason FROM delivery WHERE id = %d", i + 1);
        is_row(text, "3|damaged", "is a dead letter");
    }

    is_num(store_lease(13, &lease), NGX_OK, "others are not");

    sql("DELETE FROM destination WHERE number = 2");
    store_close();
    store_open(NULL);
    is_num(store_lease(14, &lease), NGX_DECLINED, "a destination is gone");

    store_message(&s, 10);
    ngx_erp_db_begin(db);
    is_num(store_put(&s), NGX_OK, "a duplicate of a damaged message");
    is_num(s.verdict, NGX_ERP_FAILED, "is not answered as one");
    ngx_erp_db_commit(db);
    ok(db->corrupt != 0, "damages are counted");

    store_end();
}


/*
 * One bit of the file is another: what is handed out is what was put in.
 * Whether each flip was met is told, and what was lost without a word.
 */

enum {
    ROT_REFUSED,
    ROT_ERROR,
    ROT_DEAD,
    ROT_NONE,
    ROT_WRONG,
    ROT_LOST,
    ROT_N
};


static void
rot(void)
{
    int        i, count[ROT_N];
    size_t     len;
    u_char    *file;
    unsigned   seed;

    store_new(NULL);

    for (i = 1; i <= MESSAGES; i++) {
        store_one(i);
    }

    store_close();

    file = store_load("store.db", &len);
    memset(count, 0, sizeof(count));
    seed = 1;

    for (i = 0; i < FLIPS; i++) {
        rot_once(file, len, &seed, count);
    }

    is_num(count[ROT_WRONG], 0, "nothing else is ever handed out");
    ok(count[ROT_DEAD] + count[ROT_REFUSED] + count[ROT_ERROR] > FLIPS / 10,
       "most of what matters is met");

    printf("# %d flips: %d refused, %d errors, %d dead letters, %d of no"
           " effect, %d lost\n", FLIPS, count[ROT_REFUSED], count[ROT_ERROR],
           count[ROT_DEAD], count[ROT_NONE], count[ROT_LOST]);

    free(file);
    store_clean();
}


static void
rot_once(u_char *file, size_t len, unsigned *seed, int *count)
{
    size_t  at, n;
    u_char  bit, *p;

    /* zeros are free space, mostly */

    do {
        at = (size_t) rand_r(seed) * 16 % len + rand_r(seed) % 16;
    } while (at >= len || file[at] == 0);

    bit = 1 << rand_r(seed) % 8;

    file[at] ^= bit;
    store_save("store.db", file, len);

    if (store_open(NULL) == NGX_OK) {
        rot_leases(count);
        store_close();

    } else {
        count[ROT_REFUSED]++;
        p = store_load("store.db", &n);
        ok(n == len && memcmp(p, file, len) == 0,
           "one that is refused is left as it is");
        free(p);
    }

    file[at] ^= bit;
}


typedef struct {
    int       n;
    uint64_t  ids[2 * MESSAGES];
} pending_t;


static ngx_int_t
pending(void *data, ngx_erp_row_t *row)
{
    pending_t *p = data;

    p->ids[p->n++] = row->id;

    return p->n == 2 * MESSAGES ? NGX_DONE : NGX_OK;
}


static void
rot_leases(int *count)
{
    int               i, good, bad;
    char              body[64];
    ngx_int_t         rc;
    pending_t         p;
    store_message_t   s;
    ngx_erp_lease_t   l;

    p.n = 0;
    good = 0;
    bad = 0;

    if (ngx_erp_db_begin(db) != NGX_OK
        || ngx_erp_db_pending(db, pending, &p) != NGX_OK)
    {
        count[ROT_ERROR]++;
        return;
    }

    for (i = 0; i < p.n; i++) {
        rc = ngx_erp_db_lease(db, p.ids[i], 1, &l);

        if (rc != NGX_OK) {
            bad++;
            continue;
        }

        store_message(&s, (int) p.ids[i]);
        sprintf(body, "{\"id\":\"body %d\"}", (int) p.ids[i]);

        if (l.body.len != strlen(body)
            || memcmp(l.body.data, body, l.body.len) != 0
            || l.key.len != s.target.key.len
            || memcmp(l.key.data, s.target.key.data, l.key.len) != 0
            || l.destination.len != 6
            || l.created != s.m.received
            || memcmp(l.correlation_id.data, s.m.correlation_id.data,
                      s.m.correlation_id.len) != 0)
        {
            count[ROT_WRONG]++;
        }

        good++;
    }

    if (bad || db->corrupt) {
        count[ROT_DEAD]++;

    } else if (good < MESSAGES) {
        count[ROT_LOST]++;

    } else {
        count[ROT_NONE]++;
    }

    ngx_erp_db_rollback(db);
}


/* a page that is no page of a tree any more */

static void
pages(void)
{
    int              i, declined;
    size_t           len, page;
    u_char          *file;
    ngx_erp_lease_t  lease;
    store_message_t  s;

    store_new(NULL);

    for (i = 1; i <= 40; i++) {
        store_message(&s, i);
        s.m.raw = str("MSH|^~\\&|the message as it came, which is longer than "
                      "the object, so that there are some pages of bodies");
        ngx_erp_db_begin(db);
        store_put(&s);
        ngx_erp_db_commit(db);
    }

    page = num("SELECT rootpage FROM sqlite_schema"
               " WHERE name = 'message_dedup'");
    store_close();

    file = store_load("store.db", &len);
    memset(file + (page - 1) * 4096, 0x5a, 4096);
    store_save("store.db", file, len);

    is_num(store_open(NULL), NGX_OK, "the index of duplicates is damaged");
    store_message(&s, 1);
    ngx_erp_db_begin(db);
    is_num(store_put(&s), NGX_ERROR, "the first message");
    is_num(s.verdict, NGX_ERP_FAILED, "is refused");
    is_num(ngx_erp_db_commit(db), NGX_ERROR, "and with it the turn");
    ngx_erp_db_begin(db);
    is_num(store_put(&s), NGX_OK, "once more");
    is_num(s.verdict, NGX_ERP_FAILED, "it is refused alone");
    is_num(ngx_erp_db_commit(db), NGX_OK, "the turn goes on");
    store_message(&s, 41);
    ngx_erp_db_begin(db);
    store_put(&s);
    ok(s.verdict != NGX_ERP_STORED, "and so is a new one");
    ngx_erp_db_commit(db);
    ok(db->corrupt != 0, "it is counted");
    is_num(store_lease(1, &lease), NGX_OK, "deliveries go on");
    is_num(store_settle(1, 1, NGX_ERP_DONE, NGX_ERP_DELIVERED, ""), NGX_OK,
           "to their end");

    page = num("SELECT rootpage FROM sqlite_schema WHERE name = 'body'");
    store_close();
    memset(file + (page - 1) * 4096, 0x5a, 4096);
    store_save("store.db", file, len);
    free(file);

    is_num(store_open(NULL), NGX_OK, "the table of bodies is");
    is_num(store_lease(2, &lease), NGX_ERROR, "a lease fails with its turn");
    declined = 0;

    for (i = 2; i <= 40; i++) {
        declined += (store_lease(i, &lease) == NGX_DECLINED);
    }

    is_num(declined, 39, "none of its deliveries is leased");
    is_num(num("SELECT count(*) FROM delivery WHERE state = 3"
               " AND reason = 'damaged'"), 39, "all are dead letters");

    store_end();
}


/*
 * One bit of the index that a start reads: it is refused, or made again, and
 * all deliveries are there.  Only the number of rows of the page, which
 * nothing else tells, is not among these bits.
 */

static void
pending_index(void)
{
    int        i, n, again, refused, lost;
    size_t     at, len;
    u_char    *file, *page, bit;
    unsigned   seed;

    store_new(NULL);

    for (i = 1; i <= MESSAGES; i++) {
        store_one(i);
    }

    n = num("SELECT rootpage FROM sqlite_schema"
            " WHERE name = 'delivery_pending'");
    store_close();

    file = store_load("store.db", &len);
    page = file + (n - 1) * 4096;
    seed = 1;
    again = 0;
    refused = 0;
    lost = 0;

    for (i = 0; i < FLIPS; i++) {

        do {
            at = rand_r(&seed) % 4096;
        } while (page[at] == 0 || at == 3 || at == 4);

        bit = 1 << rand_r(&seed) % 8;

        page[at] ^= bit;
        store_save("store.db", file, len);
        page[at] ^= bit;

        if (store_open(NULL) != NGX_OK) {
            refused++;
            continue;
        }

        n = pending_all();

        if (n == NGX_DECLINED) {
            again++;
            n = (ngx_erp_db_reindex(db) == NGX_OK) ? pending_all() : MESSAGES;
        }

        lost += (n != MESSAGES);
        store_close();
    }

    is_num(lost, 0, "no bit of the index loses a delivery");
    ok(again > FLIPS / 2, "it is made again");

    printf("# %d flips: made again %d, refused %d\n", FLIPS, again, refused);

    free(file);
    store_clean();
}


/* how many are as they were, or NGX_DECLINED */

static int
pending_all(void)
{
    int        i, n;
    pending_t  p;

    p.n = 0;

    if (ngx_erp_db_pending(db, pending, &p) == NGX_DECLINED) {
        return NGX_DECLINED;
    }

    n = 0;

    for (i = 0; i < p.n; i++) {
        n += (p.ids[i] == (uint64_t) i + 1);
    }

    return n;
}
