
/*
 * What the database of the store can do, without sockets and workers:
 * durable puts in turns of some sizes, leases and settles, a start with a
 * million rows.  Beside each put stands what a bare SQLite writer makes of
 * the same schema, rows and turns: the ceiling.  They take turns, round by
 * round, as the disk has its moods; the figures are medians.
 *
 *     erp_db DIRECTORY [SECONDS [PENDING]]
 *
 * prints name=value: messages a second, or milliseconds.  And for
 * t/bench/store, which takes turns itself:
 *
 *     erp_db DIRECTORY bare|put BATCH SECONDS RAW BODY
 *     erp_db DIRECTORY fill PENDING BODY
 *     erp_db DIRECTORY settle
 *
 * the bare writer or the puts alone, with messages of RAW bytes and objects
 * of BODY; a store with so many deliveries that are due; leases and ends.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "ngx_erp_db.h"
#include "ngx_erp_schema.h"


#define BODY      1024
#define BODY_MAX  65536
#define ROUNDS    5
#define BATCH     512
#define SETTLED   20000


typedef struct {
    sqlite3         *sqlite;
    sqlite3_stmt    *begin;
    sqlite3_stmt    *commit;
    sqlite3_stmt    *message;
    sqlite3_stmt    *body;
    sqlite3_stmt    *delivery;
    sqlite3_stmt    *last;
    uint64_t         next;
} bare_t;


static void all(const char *directory, double seconds, ngx_uint_t n);
static void alone(const char *directory, ngx_uint_t is_bare,
    ngx_uint_t batch, double seconds);
static void puts_at(const char *directory, ngx_uint_t batch, double seconds);
static double put_run(ngx_erp_db_t *db, ngx_uint_t batch, double seconds);
static double bare_run(bare_t *b, ngx_uint_t batch, double seconds);
static void bare_open(bare_t *b, const char *directory);
static void bare_put(bare_t *b, uint64_t n);
static void bare_body(bare_t *b, uint64_t id, ngx_erp_object_t *o);
static void bare_close(bare_t *b);
static void settle(const char *directory);
static void settle_all(ngx_erp_db_t *db, const char *name, uint64_t *ids,
    ngx_uint_t end);
static void settle_turn(ngx_erp_db_t *db, uint64_t *ids, ngx_uint_t n,
    ngx_uint_t end);
static void pending(const char *directory, ngx_uint_t n);
static void fill(const char *directory, const char *name, ngx_uint_t n);
static void load(const char *directory, const char *name, ngx_uint_t n);
static ngx_int_t pending_row(void *data, ngx_erp_row_t *row);
static ngx_erp_db_t *store(const char *directory, const char *name);
static void turn(ngx_erp_db_t *db, ngx_uint_t n, uint64_t *ids);
static void message(ngx_erp_message_t *m, uint64_t n);
static size_t size(const char *arg);
static double median(double *values, ngx_uint_t n);
static double seconds_now(void);
static double seconds_cpu(void);
static void die(const char *what, const char *why);


static uint64_t          started, number;
static u_char            text[BODY_MAX];
static size_t            raw_len, body_len = BODY;
static ngx_erp_object_t  object;
static ngx_erp_target_t  target;
static u_char            dedup[40], hash[32], control[20], correlation[32];
static u_char            key[24];


int
main(int argc, char **argv)
{
    memset(text, 'x', sizeof(text));
    started = time(NULL) * 1000ULL;

    if (argc == 7) {
        raw_len = size(argv[5]);
        body_len = size(argv[6]);
        alone(argv[1], strcmp(argv[2], "bare") == 0, atoi(argv[3]),
              atof(argv[4]));

    } else if (argc == 5 && strcmp(argv[2], "fill") == 0) {
        body_len = size(argv[4]);
        fill(argv[1], ".", atoi(argv[3]));

    } else if (argc == 3 && strcmp(argv[2], "settle") == 0) {
        settle(argv[1]);

    } else if (argc >= 2 && argc <= 4) {
        all(argv[1], (argc > 2) ? atof(argv[2]) : 1,
            (argc > 3) ? atoi(argv[3]) : 1000000);

    } else {
        fprintf(stderr, "usage: %s directory [seconds [pending]]\n", argv[0]);
        return 1;
    }

    return 0;
}


static void
all(const char *directory, double seconds, ngx_uint_t n)
{
    ngx_uint_t  i;
    ngx_uint_t  batches[] = { 1, 16, 90, 335 };

    for (i = 0; i < sizeof(batches) / sizeof(batches[0]); i++) {
        puts_at(directory, batches[i], seconds);
    }

    settle(directory);
    pending(directory, n);
}


/* the other one may have been here before */

static void
alone(const char *directory, ngx_uint_t is_bare, ngx_uint_t batch,
    double seconds)
{
    bare_t            b;
    double            cpu, rate;
    uint64_t          first;
    const char       *name;
    ngx_erp_db_t     *db;
    struct timespec   ts;

    name = is_bare ? "bare" : "put";
    clock_gettime(CLOCK_REALTIME, &ts);
    number = ts.tv_sec * 1000000000ULL + ts.tv_nsec;
    first = number;

    if (is_bare) {
        bare_open(&b, directory);

    } else {
        db = store(directory, ".");
    }

    cpu = seconds_cpu();

    rate = is_bare ? bare_run(&b, batch, seconds)
                   : put_run(db, batch, seconds);

    cpu = seconds_cpu() - cpu;

    if (is_bare) {
        bare_close(&b);

    } else {
        ngx_erp_db_close(db);
    }

    printf("%s=%.0f %s_us=%.2f\n", name, rate, name,
           cpu * 1e6 / (number - first));
}


static void
puts_at(const char *directory, ngx_uint_t batch, double seconds)
{
    bare_t         b;
    double         put[ROUNDS], bare[ROUNDS], ratio[ROUNDS];
    char           name[64];
    ngx_uint_t     i;
    ngx_erp_db_t  *db;

    snprintf(name, sizeof(name), "put%d", (int) batch);
    db = store(directory, name);

    snprintf(name, sizeof(name), "%s/bare%d", directory, (int) batch);
    bare_open(&b, name);

    for (i = 0; i < ROUNDS; i++) {
        put[i] = put_run(db, batch, seconds);
        bare[i] = bare_run(&b, batch, seconds);
        ratio[i] = put[i] / bare[i];
    }

    ngx_erp_db_close(db);
    bare_close(&b);

    printf("put_%d=%.0f\n", (int) batch, median(put, ROUNDS));
    printf("bare_%d=%.0f\n", (int) batch, median(bare, ROUNDS));
    printf("ratio_%d=%.2f\n", (int) batch, median(ratio, ROUNDS));
    fflush(stdout);
}


static double
put_run(ngx_erp_db_t *db, ngx_uint_t batch, double seconds)
{
    double      start, now;
    ngx_uint_t  n;

    n = 0;
    start = seconds_now();

    do {
        turn(db, batch, NULL);
        n += batch;
        now = seconds_now();
    } while (now - start < seconds);

    return n / (now - start);
}


static double
bare_run(bare_t *b, ngx_uint_t batch, double seconds)
{
    double      start, now;
    ngx_uint_t  i, n;

    n = 0;
    start = seconds_now();

    do {
        sqlite3_step(b->begin);
        sqlite3_reset(b->begin);

        for (i = 0; i < batch; i++) {
            bare_put(b, number++);
        }

        if (sqlite3_step(b->commit) != SQLITE_DONE) {
            die("commit", sqlite3_errmsg(b->sqlite));
        }

        sqlite3_reset(b->commit);

        n += batch;
        now = seconds_now();
    } while (now - start < seconds);

    return n / (now - start);
}


static void
bare_open(bare_t *b, const char *directory)
{
    char         path[512];
    ngx_uint_t   i, fresh;
    const char  *sql[] = {
        "BEGIN IMMEDIATE", "COMMIT",
        "INSERT INTO message VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10,"
        " 0)",
        "INSERT INTO body VALUES (?1, ?2, 0, 0, ?3, ?4, ?5, NULL, ?6)",
        "INSERT INTO delivery VALUES (?1, ?1, ?1, ?2, 1, 0, 0, 0, 0, 0, ?3,"
        " ?3, 0, NULL, ?4, NULL, 0, ?5, ?5, NULL)",
        "SELECT ifnull(max(id), 0) + 1 FROM message"
    };

    sqlite3_stmt  **stmt[] = { &b->begin, &b->commit, &b->message, &b->body,
                               &b->delivery, &b->last };

    mkdir(directory, 0700);
    snprintf(path, sizeof(path), "%s/bare.db", directory);

    fresh = (access(path, F_OK) != 0);

    if (sqlite3_open(path, &b->sqlite) != SQLITE_OK
        || sqlite3_exec(b->sqlite,
                        "PRAGMA page_size = 4096;"
                        "PRAGMA auto_vacuum = INCREMENTAL;"
                        "PRAGMA cache_size = -65536;"
                        "PRAGMA secure_delete = FAST;"
                        "PRAGMA synchronous = FULL;"
                        "PRAGMA journal_mode = WAL;"
                        "PRAGMA wal_autocheckpoint = 4000", NULL, NULL, NULL)
           != SQLITE_OK
        || (fresh
            && sqlite3_exec(b->sqlite, ngx_erp_schema[0], NULL, NULL, NULL)
               != SQLITE_OK))
    {
        die(path, sqlite3_errmsg(b->sqlite));
    }

    for (i = 0; i < sizeof(sql) / sizeof(sql[0]); i++) {
        if (sqlite3_prepare_v2(b->sqlite, sql[i], -1, stmt[i], NULL)
            != SQLITE_OK)
        {
            die(sql[i], sqlite3_errmsg(b->sqlite));
        }
    }

    sqlite3_step(b->last);
    b->next = sqlite3_column_int64(b->last, 0);
    sqlite3_reset(b->last);
}


static void
bare_put(bare_t *b, uint64_t n)
{
    uint64_t            id;
    sqlite3_stmt       *s;
    ngx_erp_object_t    raw;
    ngx_erp_message_t   m;

    message(&m, n);
    id = b->next++;

    s = b->message;
    sqlite3_bind_int64(s, 1, id);
    sqlite3_bind_int64(s, 2, m.received);
    sqlite3_bind_text(s, 3, (char *) m.flow.data, m.flow.len, NULL);
    sqlite3_bind_text(s, 4, (char *) m.source.data, m.source.len, NULL);
    sqlite3_bind_text(s, 5, (char *) m.type.data, m.type.len, NULL);
    sqlite3_bind_text(s, 6, (char *) m.control_id.data, m.control_id.len,
                      NULL);
    sqlite3_bind_text(s, 7, (char *) m.correlation_id.data,
                      m.correlation_id.len, NULL);
    sqlite3_bind_text(s, 8, (char *) m.traceparent.data, m.traceparent.len,
                      NULL);
    sqlite3_bind_blob(s, 9, m.dedup.data, m.dedup.len, NULL);
    sqlite3_bind_blob(s, 10, m.hash.data, m.hash.len, NULL);
    sqlite3_step(s);
    sqlite3_reset(s);

    if (m.raw.len) {
        memset(&raw, 0, sizeof(ngx_erp_object_t));
        raw.body = m.raw;
        bare_body(b, id << 16, &raw);
    }

    bare_body(b, (id << 16) + 1, &object);

    s = b->delivery;
    sqlite3_bind_int64(s, 1, id);
    sqlite3_bind_int64(s, 2, (id << 16) + 1);
    sqlite3_bind_int64(s, 3, m.received);
    sqlite3_bind_int64(s, 4, n * 0x9e3779b97f4a7c15ULL);
    sqlite3_bind_text(s, 5, (char *) target.key.data, target.key.len, NULL);
    sqlite3_step(s);
    sqlite3_reset(s);
}


static void
bare_body(bare_t *b, uint64_t id, ngx_erp_object_t *o)
{
    sqlite3_stmt  *s;

    s = b->body;
    sqlite3_bind_int64(s, 1, id);
    sqlite3_bind_int64(s, 2, o->body.len);
    sqlite3_bind_text(s, 3, (char *) o->type.data, o->type.len, NULL);
    sqlite3_bind_text(s, 4, (char *) o->key.data, o->key.len, NULL);
    sqlite3_bind_text(s, 5, (char *) o->map.data, o->map.len, NULL);
    sqlite3_bind_blob(s, 6, o->body.data, o->body.len, NULL);
    sqlite3_step(s);
    sqlite3_reset(s);
}


static void
bare_close(bare_t *b)
{
    sqlite3_finalize(b->begin);
    sqlite3_finalize(b->commit);
    sqlite3_finalize(b->message);
    sqlite3_finalize(b->body);
    sqlite3_finalize(b->delivery);
    sqlite3_finalize(b->last);
    sqlite3_close(b->sqlite);
}


/* the other half of the work: leases and ends, in turns of 90 */

static void
settle(const char *directory)
{
    uint64_t       ids[SETTLED + BATCH];
    ngx_uint_t     i;
    ngx_erp_db_t  *db;

    db = store(directory, "settle");

    for (i = 0; i < SETTLED; i += 90) {
        turn(db, 90, ids + i);
    }

    settle_all(db, "lease", ids, 0);
    settle_all(db, "settle", ids, 1);

    ngx_erp_db_close(db);
}


static void
settle_all(ngx_erp_db_t *db, const char *name, uint64_t *ids, ngx_uint_t end)
{
    double      start, cpu;
    ngx_uint_t  i;

    start = seconds_now();
    cpu = seconds_cpu();

    for (i = 0; i < SETTLED; i += 90) {
        settle_turn(db, ids + i, 90, end);
    }

    printf("%s_90=%.0f\n", name, SETTLED / (seconds_now() - start));
    printf("%s_us=%.2f\n", name, (seconds_cpu() - cpu) * 1e6 / SETTLED);
    fflush(stdout);
}


static void
settle_turn(ngx_erp_db_t *db, uint64_t *ids, ngx_uint_t n, ngx_uint_t end)
{
    ngx_int_t          rc;
    ngx_str_t          reason;
    ngx_uint_t         i;
    ngx_erp_lease_t    lease;
    ngx_erp_settle_t   s;

    ngx_str_null(&reason);
    memset(&s, 0, sizeof(s));

    s.attempt = 1;
    s.outcome = NGX_ERP_DONE;
    s.status = 201;
    s.started = started;
    s.took = 20;

    rc = ngx_erp_db_begin(db);

    for (i = 0; rc == NGX_OK && i < n; i++) {
        if (end) {
            s.delivery = ids[i];
            rc = ngx_erp_db_settle(db, &s, NGX_ERP_DELIVERED, 0, &reason);

        } else {
            rc = ngx_erp_db_lease(db, ids[i], 1, &lease);
        }
    }

    if (rc != NGX_OK || ngx_erp_db_commit(db) != NGX_OK) {
        die("settle", ngx_erp_db_error(db));
    }
}


static void
pending(const char *directory, ngx_uint_t n)
{
    struct rusage  ru;

    fill(directory, "pending", n);

    load(directory, "load_ms", n);
    load(directory, "load_again_ms", n);

    getrusage(RUSAGE_SELF, &ru);
    printf("memory_mb=%ld\n", ru.ru_maxrss / 1024);
}


static void
fill(const char *directory, const char *name, ngx_uint_t n)
{
    double         start;
    ngx_uint_t     i;
    ngx_erp_db_t  *db;

    db = store(directory, name);
    start = seconds_now();

    for (i = 0; i < n; i += BATCH) {
        turn(db, ngx_min(BATCH, n - i), NULL);
    }

    printf("fill_%d=%.0f\n", BATCH, n / (seconds_now() - start));

    ngx_erp_db_close(db);
}


static void
load(const char *directory, const char *name, ngx_uint_t n)
{
    double         start;
    uint64_t       sum[2];
    ngx_erp_db_t  *db;

    sum[0] = 0;

    start = seconds_now();
    db = store(directory, "pending");

    if (ngx_erp_db_pending(db, pending_row, sum) != NGX_OK || sum[0] < n) {
        die("pending", ngx_erp_db_error(db));
    }

    printf("%s=%.0f\n", name, (seconds_now() - start) * 1000);
    fflush(stdout);

    ngx_erp_db_close(db);
}


static ngx_int_t
pending_row(void *data, ngx_erp_row_t *row)
{
    uint64_t *sum = data;

    sum[0]++;
    sum[1] += row->next_at + row->order;

    return NGX_OK;
}


static ngx_erp_db_t *
store(const char *directory, const char *name)
{
    char           path[512], why[256];
    ngx_erp_db_t  *db;

    snprintf(path, sizeof(path), "%s/%s", directory, name);
    mkdir(path, 0700);

    if (ngx_erp_db_open(&db, path, NULL, why) != NGX_OK) {
        die(path, why);
    }

    return db;
}


static void
turn(ngx_erp_db_t *db, ngx_uint_t n, uint64_t *ids)
{
    uint64_t            id;
    ngx_int_t           rc;
    ngx_uint_t          i;
    ngx_erp_row_t       row;
    ngx_erp_put_e       verdict;
    ngx_erp_message_t   m;

    rc = ngx_erp_db_begin(db);

    for (i = 0; rc == NGX_OK && i < n; i++) {
        message(&m, number++);
        rc = ngx_erp_db_put(db, &m, m.received, &verdict, &id, &row);

        if (rc == NGX_OK && verdict != NGX_ERP_STORED) {
            rc = NGX_ERROR;
        }

        if (ids) {
            ids[i] = row.id;
        }
    }

    if (rc != NGX_OK || ngx_erp_db_commit(db) != NGX_OK) {
        die("put", ngx_erp_db_error(db));
    }
}


/*
 * What is random in real ones is random here: correlation ids, keys, hashes.
 * What a message is known by begins with its sender and control id.
 */

static void
message(ngx_erp_message_t *m, uint64_t n)
{
    uint64_t    h;
    ngx_uint_t  i;

    h = n;

    for (i = 0; i < 4; i++) {
        h = (h + 0x9e3779b97f4a7c15ULL) * 0xbf58476d1ce4e5b9ULL;
        h ^= h >> 31;
        memcpy(hash + 8 * i, &h, 8);
    }

    snprintf((char *) control, sizeof(control), "MSG%09u",
             (unsigned) (n % 1000000000));

    memcpy(dedup + 12, control, 12);
    memcpy(dedup + 24, hash, 16);

    for (i = 0; i < sizeof(correlation); i++) {
        correlation[i] = "0123456789abcdef"[hash[i] & 15];
    }

    snprintf((char *) key, sizeof(key), "GHH/V%08u",
             (unsigned) (h % 100000000));

    memset(m, 0, sizeof(ngx_erp_message_t));

    m->received = started;
    ngx_str_set(&m->flow, "/adt");
    ngx_str_set(&m->source, "ADT1|GHH");
    ngx_str_set(&m->type, "ADT^A01");
    m->control_id.data = control;
    m->control_id.len = 12;
    m->correlation_id.data = correlation;
    m->correlation_id.len = sizeof(correlation);
    ngx_str_set(&m->traceparent, "00-0123456789abcdef0123456789abcdef-"
                "0123456789abcdef-01");
    m->dedup.data = dedup;
    m->dedup.len = sizeof(dedup);
    m->hash.data = hash;
    m->hash.len = sizeof(hash);
    m->raw.data = text;
    m->raw.len = raw_len;

    ngx_str_set(&object.type, "encounter");
    object.key.data = key;
    object.key.len = strlen((char *) key);
    ngx_str_set(&object.map, "adt@1");
    object.body.data = text;
    object.body.len = body_len;

    target.object = 0;
    ngx_str_set(&target.destination, "/erp");
    target.order = object.key;
    target.key = object.key;

    m->objects = &object;
    m->nobjects = 1;
    m->targets = &target;
    m->ntargets = 1;
}


static size_t
size(const char *arg)
{
    int  n;

    n = atoi(arg);

    if (n < 0 || n > BODY_MAX) {
        die(arg, "is no size of a body");
    }

    return n;
}


static double
median(double *values, ngx_uint_t n)
{
    double      t;
    ngx_uint_t  i, j;

    for (i = 1; i < n; i++) {
        for (j = i; j && values[j] < values[j - 1]; j--) {
            t = values[j];
            values[j] = values[j - 1];
            values[j - 1] = t;
        }
    }

    return values[n / 2];
}


static double
seconds_now(void)
{
    struct timespec  ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);

    return ts.tv_sec + ts.tv_nsec / 1e9;
}


static double
seconds_cpu(void)
{
    struct timespec  ts;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);

    return ts.tv_sec + ts.tv_nsec / 1e9;
}


static void
die(const char *what, const char *why)
{
    fprintf(stderr, "%s: %s\n", what, why);
    exit(1);
}
