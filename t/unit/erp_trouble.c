
/*
 * The store's database when a disk is full or fails, files are missing, and
 * keys are not the right ones.
 */

#include "erp_store.h"

#include <glob.h>
#include <signal.h>
#include <sys/resource.h>
#include <utime.h>


static void full(void);
static void failing(void);
static void files(void);
static void sealed(void);
static void rotated(void);
static void swept(void);
static int contains(const char *name, const char *text);


int
main(void)
{
    full();
    failing();
    files();
    sealed();
    rotated();
    swept();

    return unit_done();
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


static int
contains(const char *name, const char *text)
{
    int      found;
    size_t   len;
    u_char  *p;

    p = store_load(name, &len);
    found = (p && memmem(p, len, text, strlen(text)) != NULL);
    free(p);

    return found;
}
