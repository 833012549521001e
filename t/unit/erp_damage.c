
/*
 * The store's database when things go wrong: rows and pages that are damaged,
 * a disk that is full or fails, files that are missing, keys that are not the
 * right ones.
 */

#include "erp_store.h"

#include <glob.h>
#include <signal.h>
#include <sys/resource.h>
#include <utime.h>


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
static void full(void);
static void failing(void);
static void files(void);
static void sealed(void);
static void rotated(void);
static void swept(void);

static u_char *load(const char *name, size_t *len);
static void save(const char *name, const u_char *data, size_t len);
static int contains(const char *name, const char *text);


int
main(void)
{
    foreign();
    rows();
    rot();
    pages();
    pending_index();
    full();
    failing();
    files();
    sealed();
    rotated();
    swept();

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

    save("store.db", (u_char *) "these are my notes, and not a database", 38);
    is_num(store_open(NULL), NGX_DECLINED, "a text is refused");
    after = load("store.db", &now);
    ok(now == 38 && memcmp(after, "these are", 9) == 0, "and left as it is");
    free(after);

    snprintf(path, sizeof(path), "%s/store.db", store_dir);
    unlink(path);
    sqlite3_open(path, &other);
    sqlite3_exec(other, "CREATE TABLE mine (x); INSERT INTO mine VALUES (1)",
                 NULL, NULL, NULL);
    sqlite3_close(other);

    before = load("store.db", &len);
    is_num(store_open(NULL), NGX_DECLINED,
           "the database of another application is refused");
    ok(strstr(store_why, "another application") != NULL, "as such");
    after = load("store.db", &now);
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

    file = load("store.db", &len);
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
    save("store.db", file, len);

    if (store_open(NULL) == NGX_OK) {
        rot_leases(count);
        store_close();

    } else {
        count[ROT_REFUSED]++;
        p = load("store.db", &n);
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

    file = load("store.db", &len);
    memset(file + (page - 1) * 4096, 0x5a, 4096);
    save("store.db", file, len);

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
    save("store.db", file, len);
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

    file = load("store.db", &len);
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
        save("store.db", file, len);
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


static void
full(void)
{
    int              i;
    ngx_int_t        rc;
    store_message_t  s;
    static u_char    text[20000];

    store_new(NULL);
    memset(text, 'x', sizeof(text));
    store_one(1);

    sql("PRAGMA max_page_count = 60");
    rc = ngx_erp_db_begin(db);

    for (i = 2; rc == NGX_OK && i < 100; i++) {
        store_message(&s, i);
        s.object.body.data = text;
        s.object.body.len = sizeof(text);
        rc = store_put(&s);
    }

    is_num(rc, NGX_ABORT, "the disk is full");
    is_num(s.verdict, NGX_ERP_FULL, "the message is told so");
    is_num(store_put(&s), NGX_ABORT, "others of the turn too");
    is_num(s.verdict, NGX_ERP_FULL, "in the same way");
    is_num(ngx_erp_db_commit(db), NGX_ABORT, "nothing of it is stored");
    is_num(num("SELECT count(*) FROM message"), 1, "nothing at all");

    sql("PRAGMA max_page_count = 100000");
    ngx_erp_db_begin(db);
    is_num(store_put(&s), NGX_OK, "when there is room again");
    is_num(s.verdict, NGX_ERP_STORED, "it is stored");
    is_num(ngx_erp_db_commit(db), NGX_OK, "in the next turn");
    is_row("PRAGMA integrity_check", "ok", "the file is whole");

    store_end();
}


/* writes beyond a limit fail: in the commit, with nothing but the WAL */

static void
failing(void)
{
    uint64_t          id;
    char              path[512];
    struct stat       st;
    struct rlimit     was, low;
    ngx_erp_lease_t   lease;
    store_message_t   s;

    store_new(NULL);
    id = store_one(1);

    snprintf(path, sizeof(path), "%s/store.db-wal", store_dir);
    stat(path, &st);

    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &was);
    low = was;
    low.rlim_cur = st.st_size + 4096;
    setrlimit(RLIMIT_FSIZE, &low);

    store_message(&s, 2);
    ngx_erp_db_begin(db);
    is_num(store_put(&s), NGX_OK, "a message is put");
    is_num(ngx_erp_db_commit(db), NGX_ERROR, "the disk fails");
    ok(ngx_erp_db_error(db)[0] != '\0', "with a reason");
    setrlimit(RLIMIT_FSIZE, &was);

    is_num(num("SELECT count(*) FROM message"), 1, "nothing is stored");
    ngx_erp_db_begin(db);
    store_put(&s);
    is_num(s.verdict, NGX_ERP_STORED, "it is put again");
    is_num(ngx_erp_db_commit(db), NGX_OK, "and stored");
    is_num(store_lease(id, &lease), NGX_OK, "all goes on");

    store_close();
    is_num(store_open(NULL), NGX_OK, "also after a restart");
    is_num(num("SELECT count(*) FROM message"), 2, "with both");
    is_row("PRAGMA integrity_check", "ok", "the file is whole");

    store_end();
}


static void
files(void)
{
    int               i, fd;
    char              path[2048];
    u_char           *large;
    ngx_str_t         file;
    ngx_erp_lease_t   lease;
    store_message_t   s;
    struct rlimit     was, low;

    store_new(NULL);

    large = malloc(NGX_ERP_BODY_INLINE + 1);

    for (i = 1; i <= 3; i++) {
        memset(large, 'a' + i, NGX_ERP_BODY_INLINE + 1);
        store_message(&s, i);
        s.object.body.data = large;
        s.object.body.len = NGX_ERP_BODY_INLINE + 1;
        ngx_erp_db_begin(db);
        store_put(&s);
        ngx_erp_db_commit(db);
    }

    for (i = 1; i <= 2; i++) {
        snprintf(path, sizeof(path), "SELECT lower(hex(file)) FROM body"
                 " WHERE id >> 16 = %d", i);
        file = str(row(path));
        snprintf(path, sizeof(path), "%s/blob/%.2s/%s", store_dir, file.data,
                 file.data);

        if (i == 1) {
            unlink(path);
            continue;
        }

        fd = open(path, O_WRONLY);
        ok(pwrite(fd, "?", 1, 77777) == 1, "a file is changed");
        close(fd);
    }

    is_num(store_lease(1, &lease), NGX_DECLINED, "one that is gone");
    is_num(store_lease(2, &lease), NGX_DECLINED, "one that was changed");
    is_row("SELECT count(*), min(reason) FROM delivery WHERE state = 3",
           "2|damaged", "are dead letters");
    is_num(store_lease(3, &lease), NGX_OK, "others are not");

    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &was);
    low = was;
    low.rlim_cur = 100000;
    setrlimit(RLIMIT_FSIZE, &low);

    store_message(&s, 4);
    s.object.body.data = large;
    s.object.body.len = NGX_ERP_BODY_INLINE + 1;
    large[0] = 'x';
    ngx_erp_db_begin(db);
    is_num(store_put(&s), NGX_ERROR, "one that cannot be written");
    is_num(s.verdict, NGX_ERP_FAILED, "is no good answer");
    ngx_erp_db_rollback(db);
    setrlimit(RLIMIT_FSIZE, &was);

    is_num(store_files(), 2, "and leaves nothing");

    free(large);
    store_end();
}


static void
key_make(ngx_erp_key_t *key, int n)
{
    u_char  data[NGX_ERP_KEY_LEN];

    memset(data, n, sizeof(data));
    (void) ngx_erp_key_read(key, data, sizeof(data));
}


static void
sealed(void)
{
    u_char           *large;
    ngx_erp_keys_t    keys, wrong;
    ngx_erp_lease_t   lease;
    store_message_t   s;
    ngx_erp_settle_t  st;

    memset(&keys, 0, sizeof(keys));
    memset(&wrong, 0, sizeof(wrong));
    key_make(&keys.current, 1);
    key_make(&wrong.current, 2);

    store_new(&keys);

    store_message(&s, 1);
    s.m.raw = str("canary-raw");
    s.object.body = str("{\"name\":\"canary-body\"}");
    ngx_erp_db_begin(db);
    is_num(store_put(&s), NGX_OK, "a message is put");

    memset(&st, 0, sizeof(st));
    st.delivery = s.row.id;
    st.results = str("{\"x\":\"canary-result\"}");
    ngx_erp_db_step(db, &st);
    ngx_erp_db_commit(db);

    is_num(contains("store.db-wal", "corr00000001"), 1,
           "the file can be searched");
    is_num(contains("store.db-wal", "canary"), 0, "no content is in it");

    is_num(store_lease(1, &lease), NGX_OK, "it is leased");
    is_str(lease.body, "{\"name\":\"canary-body\"}", "the body");
    is_str(lease.results, "{\"x\":\"canary-result\"}", "the result");

    large = malloc(NGX_ERP_BODY_INLINE + 1);
    memset(large, 'L', NGX_ERP_BODY_INLINE + 1);
    store_message(&s, 2);
    s.object.body.data = large;
    s.object.body.len = NGX_ERP_BODY_INLINE + 1;
    ngx_erp_db_begin(db);
    store_put(&s);
    ngx_erp_db_commit(db);
    is_num(store_lease(2, &lease), NGX_OK, "a large one");
    ok(lease.body.len == NGX_ERP_BODY_INLINE + 1
       && memcmp(lease.body.data, large, lease.body.len) == 0, "as it was");
    free(large);

    /* a row of another one: as good a seal, at the wrong place */

    store_one(3);
    store_one(4);
    sql("UPDATE body SET data = (SELECT data FROM body WHERE id >> 16 = 3)"
        " WHERE id >> 16 = 4");
    is_num(store_lease(4, &lease), NGX_DECLINED, "a body cannot be moved");
    is_num(store_lease(3, &lease), NGX_OK, "the other one is good");

    store_close();
    is_num(store_open(&wrong), NGX_DECLINED, "with another key: refused");
    ok(strstr(store_why, "which is not given") != NULL, "by its name");
    is_num(store_open(NULL), NGX_DECLINED, "without a key: refused");
    is_num(store_open(&keys), NGX_OK, "with its own it opens");
    is_num(num("SELECT count(*) FROM message"), 4, "nothing is lost");

    store_end();
}


static void
rotated(void)
{
    ngx_uint_t       more;
    ngx_erp_keys_t   old, both, new;
    ngx_erp_lease_t  lease;

    memset(&old, 0, sizeof(old));
    memset(&both, 0, sizeof(both));
    memset(&new, 0, sizeof(new));

    key_make(&old.current, 1);
    key_make(&both.current, 2);
    key_make(&both.previous, 1);
    both.has_previous = 1;
    key_make(&new.current, 2);

    store_new(&old);
    store_one(1);
    store_close();

    is_num(store_open(&new), NGX_DECLINED, "the new key alone is no use");
    is_num(store_open(&both), NGX_OK, "with the previous one it is");
    is_num(store_lease(1, &lease), NGX_OK, "old bodies are read");
    store_one(2);
    is_num(store_lease(2, &lease), NGX_OK, "and new ones");
    store_settle(2, 1, NGX_ERP_DONE, NGX_ERP_DELIVERED, "");
    store_close();

    is_num(store_open(&new), NGX_DECLINED, "old ones are there still");
    store_open(&both);
    store_settle(1, 1, NGX_ERP_DONE, NGX_ERP_DELIVERED, "");
    ngx_erp_db_prune(db, NOW + 200, 0, 1, &more);
    is_num(num("SELECT min(id) FROM message"), 2, "the old message goes");
    store_close();

    is_num(store_open(&new), NGX_OK, "now the new key is enough");
    is_num(num("SELECT count(*) FROM sealing"), 1, "the old one is forgotten");
    store_close();

    is_num(store_open(&old), NGX_DECLINED, "and it is not enough");
    store_open(&new);
    ngx_erp_db_prune(db, NOW + 200, 0, 9, &more);
    ngx_erp_db_prune(db, NOW + 200, 0, 9, &more);
    is_num(num("SELECT count(*) FROM message"), 0, "all messages go");
    store_close();

    is_num(store_open(NULL), NGX_OK, "then none is needed");
    store_one(3);
    store_close();
    is_num(store_open(NULL), NGX_OK, "nor later");
    store_close();
    is_num(store_open(&new), NGX_OK, "and one may come");
    is_num(store_lease(3, &lease), NGX_OK, "what is not sealed is read");

    store_end();
}


/* all files of blob/ get that time: how many there are */

static int
store_age(struct utimbuf *times)
{
    int      n;
    size_t   i;
    char     path[512];
    glob_t   g;

    snprintf(path, sizeof(path), "%s/blob/*/*", store_dir);
    n = 0;

    if (glob(path, 0, NULL, &g) == 0) {
        for (i = 0; i < g.gl_pathc; i++) {
            n += (utime(g.gl_pathv[i], times) == 0);
        }

        globfree(&g);
    }

    return n;
}


/* what a crash between a file and its row has left */

static void
swept(void)
{
    int               i;
    u_char            name[NGX_ERP_BLOB_NAME], *large;
    struct utimbuf    old;
    store_message_t   s;

    store_new(NULL);

    large = malloc(NGX_ERP_BODY_INLINE + 1);
    memset(large, 'L', NGX_ERP_BODY_INLINE + 1);
    store_message(&s, 1);
    s.object.body.data = large;
    s.object.body.len = NGX_ERP_BODY_INLINE + 1;
    ngx_erp_db_begin(db);
    store_put(&s);
    ngx_erp_db_commit(db);

    ngx_erp_blob_write(store_dir, (u_char *) "orphan", 6, name);
    is_num(store_files(), 2, "a file without a row");

    for (i = 0; i < 300; i++) {
        ngx_erp_db_checkpoint(db);
    }

    is_num(store_files(), 2, "a young one stays");

    old.actime = time(NULL) - 3600;
    old.modtime = old.actime;
    is_num(store_age(&old), 2, "an hour later");

    store_close();
    store_open(NULL);

    for (i = 0; i < 300; i++) {
        ngx_erp_db_checkpoint(db);
    }

    is_num(store_files(), 1, "it goes, and the one with a row stays");

    free(large);
    store_end();
}


static u_char *
load(const char *name, size_t *len)
{
    FILE    *f;
    char     path[512];
    u_char  *p;

    snprintf(path, sizeof(path), "%s/%s", store_dir, name);

    *len = 0;
    f = fopen(path, "r");
    if (f == NULL) {
        return NULL;
    }

    fseek(f, 0, SEEK_END);
    *len = ftell(f);
    rewind(f);

    p = malloc(*len + 1);
    *len = fread(p, 1, *len, f);
    fclose(f);

    return p;
}


static void
save(const char *name, const u_char *data, size_t len)
{
    FILE  *f;
    char   path[512];

    snprintf(path, sizeof(path), "%s/%s-wal", store_dir, name);
    unlink(path);
    snprintf(path, sizeof(path), "%s/%s-shm", store_dir, name);
    unlink(path);
    snprintf(path, sizeof(path), "%s/%s", store_dir, name);

    f = fopen(path, "w");
    fwrite(data, 1, len, f);
    fclose(f);
}


static int
contains(const char *name, const char *text)
{
    int      found;
    size_t   len;
    u_char  *p;

    p = load(name, &len);
    found = (p && memmem(p, len, text, strlen(text)) != NULL);
    free(p);

    return found;
}
