
/*
 * A store in a directory of its own, and messages for it: unit tests of the
 * database.
 */

#ifndef _UNIT_ERP_STORE_H_INCLUDED_
#define _UNIT_ERP_STORE_H_INCLUDED_


#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "unit.h"

#include "ngx_erp_db_private.h"
#include "ngx_erp_schema.h"


#define NOW  ((uint64_t) 1700000000000)


/* valgrind and sanitizers give wide frames: these are not on the stack */

static char           store_dir[256];
static char           store_why[256];
static ngx_erp_db_t  *db;


static inline int
store_remove(const char *path, const struct stat *st, int flag,
    struct FTW *ftw)
{
    return remove(path);
}


static inline void
store_clean(void)
{
    (void) nftw(store_dir, store_remove, 16, FTW_DEPTH|FTW_PHYS);
}


static inline void
store_make(void)
{
    const char  *tmp;

    tmp = getenv("TMPDIR");
    snprintf(store_dir, sizeof(store_dir), "%s/erp_unit_XXXXXX",
             tmp ? tmp : "/tmp");

    if (mkdtemp(store_dir) == NULL) {
        printf("Bail out! no directory: %s\n", strerror(errno));
        exit(EXIT_FAILURE);
    }
}


static inline ngx_int_t
store_open(ngx_erp_keys_t *keys)
{
    store_why[0] = '\0';

    return ngx_erp_db_open(&db, store_dir, keys, store_why);
}


static inline void
store_close(void)
{
    ngx_erp_db_close(db);
    db = NULL;
}


/* a directory of its own for each group of tests */

static inline void
store_new(ngx_erp_keys_t *keys)
{
    store_make();

    if (store_open(keys) != NGX_OK) {
        printf("Bail out! no store: %s\n", store_why);
        exit(EXIT_FAILURE);
    }
}


static inline void
store_end(void)
{
    store_close();
    store_clean();
}


static inline ngx_str_t
str(const char *text)
{
    ngx_str_t  s;

    s.data = (u_char *) text;
    s.len = text ? strlen(text) : 0;

    return s;
}


/* SQL of the test's own, within the store's connection */

static inline int
sql(const char *text)
{
    return sqlite3_exec(db->sqlite, text, NULL, NULL, NULL);
}


static inline sqlite3_int64
num(const char *text)
{
    sqlite3_int64  n;
    sqlite3_stmt  *stmt;

    n = -1;

    if (sqlite3_prepare_v2(db->sqlite, text, -1, &stmt, NULL) == SQLITE_OK
        && sqlite3_step(stmt) == SQLITE_ROW)
    {
        n = sqlite3_column_int64(stmt, 0);
    }

    sqlite3_finalize(stmt);

    return n;
}


/* the first row as text, columns divided by "|" */

static inline const char *
row(const char *text)
{
    int            i;
    size_t         len;
    const char    *column;
    sqlite3_stmt  *stmt;
    static char    out[1024];

    out[0] = '\0';

    if (sqlite3_prepare_v2(db->sqlite, text, -1, &stmt, NULL) != SQLITE_OK) {
        return sqlite3_errmsg(db->sqlite);
    }

    if (sqlite3_step(stmt) == SQLITE_ROW) {
        for (i = 0; i < sqlite3_column_count(stmt); i++) {
            column = (const char *) sqlite3_column_text(stmt, i);
            len = strlen(out);
            snprintf(out + len, sizeof(out) - len, "%s%s", i ? "|" : "",
                     column ? column : "");
        }
    }

    sqlite3_finalize(stmt);

    return out;
}


#define is_row(query, want, name)                                             \
    unit_row(row(query), want, name, __FILE__, __LINE__)

static inline void
unit_row(const char *got, const char *want, const char *name,
    const char *file, int line)
{
    if (!unit_check(strcmp(got, want) == 0, name, "rows differ", file, line))
    {
        printf("#   got %s\n#   want %s\n", got, want);
    }
}


/* one object, one delivery; what is to be other is changed behind it */

typedef struct {
    ngx_erp_message_t   m;
    ngx_erp_object_t    object;
    ngx_erp_target_t    target;
    ngx_erp_put_e       verdict;
    uint64_t            id;
    ngx_erp_row_t       row;
    char                text[128];
} store_message_t;


static inline void
store_message(store_message_t *s, int n)
{
    char  *p;

    memset(s, 0, sizeof(*s));

    p = s->text;

    s->m.received = NOW + n;
    s->m.flow = str("/adt");
    s->m.source = str("ADT1|GHH");
    s->m.type = str("ADT^A01");
    s->m.traceparent = str("00-0123456789abcdef0123456789abcdef-"
                           "0123456789abcdef-01");

    s->m.control_id.data = (u_char *) p;
    s->m.control_id.len = sprintf(p, "MSG%05d", n);
    p += 16;

    s->m.correlation_id.data = (u_char *) p;
    s->m.correlation_id.len = sprintf(p, "corr%08d", n);
    p += 16;

    s->m.dedup.data = (u_char *) p;
    s->m.dedup.len = sprintf(p, "dedup%08d", n);
    p += 16;

    s->m.hash.data = (u_char *) p;
    s->m.hash.len = sprintf(p, "hash%08d", n);
    p += 16;

    s->object.type = str("encounter");
    s->object.map = str("adt@1");
    s->object.key.data = (u_char *) p;
    s->object.key.len = sprintf(p, "GHH/V%05d", n);
    p += 16;

    s->object.body.data = (u_char *) p;
    s->object.body.len = sprintf(p, "{\"id\":\"body %d\"}", n);

    s->target.destination = str("/erp/a");
    s->target.order = s->object.key;
    s->target.key = s->object.key;

    s->m.objects = &s->object;
    s->m.nobjects = 1;
    s->m.targets = &s->target;
    s->m.ntargets = 1;
}


/* within a turn */

static inline ngx_int_t
store_put(store_message_t *s)
{
    s->m.objects = s->m.nobjects == 1 ? &s->object : s->m.objects;

    return ngx_erp_db_put(db, &s->m, NOW + 5, &s->verdict, &s->id, &s->row);
}


/* in a turn of its own: the delivery */

static inline uint64_t
store_one(int n)
{
    store_message_t  s;

    store_message(&s, n);

    if (ngx_erp_db_begin(db) != NGX_OK
        || store_put(&s) != NGX_OK
        || ngx_erp_db_commit(db) != NGX_OK
        || s.verdict != NGX_ERP_STORED)
    {
        return 0;
    }

    return s.row.id;
}


static inline ngx_int_t
store_lease(uint64_t delivery, ngx_erp_lease_t *lease)
{
    ngx_int_t  rc, done;

    rc = ngx_erp_db_begin(db);

    if (rc == NGX_OK) {
        rc = ngx_erp_db_lease(db, delivery, 1, lease);
        done = ngx_erp_db_commit(db);
        rc = (done == NGX_OK) ? rc : done;
    }

    return rc;
}


static inline ngx_int_t
store_settle(uint64_t delivery, uint64_t attempt, ngx_erp_outcome_e outcome,
    ngx_erp_state_e state, const char *reason)
{
    ngx_int_t         rc, done;
    ngx_str_t         why;
    ngx_erp_settle_t  s;

    memset(&s, 0, sizeof(s));

    s.delivery = delivery;
    s.attempt = attempt;
    s.outcome = outcome;
    s.status = (outcome == NGX_ERP_DONE) ? 201 : 422;
    s.started = NOW + 100;
    s.took = 20;
    s.code = str(outcome == NGX_ERP_DONE ? "" : "E42");
    s.message = str(outcome == NGX_ERP_DONE ? "" : "no such account");

    why = str(reason);

    rc = ngx_erp_db_begin(db);

    if (rc == NGX_OK) {
        rc = ngx_erp_db_settle(db, &s, state, NOW + 900, &why);
        done = ngx_erp_db_commit(db);
        rc = (done == NGX_OK) ? rc : done;
    }

    return rc;
}


/* files below blob/ */

static inline int
store_files(void)
{
    int             n, i;
    DIR            *dir;
    char            path[512];
    struct dirent  *de;

    n = 0;

    for (i = 0; i < NGX_ERP_BLOB_FOLDERS; i++) {
        snprintf(path, sizeof(path), "%s/blob/%02x", store_dir, i);

        dir = opendir(path);
        if (dir == NULL) {
            continue;
        }

        while ((de = readdir(dir)) != NULL) {
            n += (de->d_name[0] != '.');
        }

        closedir(dir);
    }

    return n;
}


/* a file in the directory of the store, to be freed; NULL: it is not there */

static inline u_char *
store_load(const char *name, size_t *len)
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


/* in place of the one that is there, and of its WAL */

static inline void
store_save(const char *name, const u_char *data, size_t len)
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


#endif /* _UNIT_ERP_STORE_H_INCLUDED_ */
