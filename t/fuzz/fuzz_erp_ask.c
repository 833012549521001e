
/*
 * Requests to the API of a store that has some deliveries: a method, a path
 * and a query string or body from the bytes.  An answer is JSON below its
 * bound, with a status that there is; a problem has changed nothing, a change
 * has a row in the audit, and what the schedule and the rows know of those
 * that wait is the same.
 *
 * The first line is "METHOD PATH?ARGS", the body is behind it.
 */

#include "erp_api.h"


#define check(expr)                                                           \
    if (!(expr)) {                                                            \
        fprintf(stderr, "%s\n", #expr);                                       \
        abort();                                                              \
    }


static void fuzz_start(void);
static void fuzz_stop(void);
static void fuzz_question(const uint8_t *data, size_t size);
static void fuzz_answer(sqlite3_int64 audit, sqlite3_int64 changes);
static void fuzz_rows(void);


static ngx_uint_t  fuzz_asked;


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ngx_int_t      rc;
    sqlite3_int64  audit, changes;

    if (asked.db == NULL) {
        fuzz_start();
    }

    memset(&question, 0, sizeof(question));
    fuzz_question(data, size);

    unit_arena(&api_arena, NGX_ERP_ASK_ARENA);
    api_used = 1;
    asked.arena = &api_arena;

    audit = num("SELECT count(*) FROM audit");
    changes = sqlite3_total_changes(db->sqlite);

    check(ngx_erp_db_begin(db) == NGX_OK);

    rc = ngx_erp_ask(&asked, &question, &answer);

    check(rc == NGX_OK);
    fuzz_answer(audit, changes);

    check(ngx_erp_db_commit(db) == NGX_OK);

    fuzz_rows();

    api_forget();

    /* one store for many requests, but not for ever: replays add rows */

    if (++fuzz_asked % 1000 == 0) {
        fuzz_stop();
    }

    return 0;
}


static void
fuzz_start(void)
{
    static ngx_uint_t  registered;

    store_new(NULL);

    /* nobody asks whether it is on a disk */

    check(sql("PRAGMA synchronous = OFF") == SQLITE_OK);

    api_dead(1, "/erp/a", "k", "rejected");
    api_put(2, "/erp/a", "k");
    api_dead(3, "/erp/b", "k", "expired");
    api_dead(4, "/erp/b", "", "attempts");
    api_put(5, "/erp/b", "");
    api_put(6, "/erp/b", "l");
    api_put(7, "/erp/b", "l");
    api_start();

    (void) api_next();

    if (!registered) {
        registered = 1;
        atexit(fuzz_stop);
    }
}


static void
fuzz_stop(void)
{
    if (asked.db) {
        api_end();
        store_end();
    }
}


static void
fuzz_question(const uint8_t *data, size_t size)
{
    u_char  *p, *end;

    p = (u_char *) data;
    end = memchr(p, '\n', size);

    if (end) {
        question.body.data = end + 1;
        question.body.len = p + size - end - 1;

    } else {
        end = p + size;
    }

    question.method.data = p;

    while (p < end && *p != ' ') {
        p++;
    }

    question.method.len = p - question.method.data;

    if (p < end) {
        p++;
    }

    question.path.data = p;

    while (p < end && *p != '?') {
        p++;
    }

    question.path.len = p - question.path.data;

    if (p < end) {
        question.args.data = p + 1;
        question.args.len = end - p - 1;
    }

    question.who = str("fuzz");
}


static void
fuzz_answer(sqlite3_int64 audit, sqlite3_int64 changes)
{
    check(answer.status == 200 || answer.status == 400
          || answer.status == 404 || answer.status == 405);

    if (answer.type.data[0] == 't') {
        check(answer.status == 200);
        return;
    }

    check(answer.body.len > 2 && answer.body.len < 1024 * 1024);

    check(api_read() && api_root->kind == NGX_CANONICAL_OBJECT);

    if (answer.status != 200 || question.method.data[0] != 'P') {
        check(sqlite3_total_changes(db->sqlite) == changes);
        return;
    }

    check(strcmp(api_text("dry_run"), "true") == 0
          || num("SELECT count(*) FROM audit") > audit);
}


static void
fuzz_rows(void)
{
    ngx_uint_t         i, n;
    ngx_erp_numbers_t  numbers;

    n = 0;

    for (i = 1; i <= 2; i++) {
        ngx_erp_schedule_numbers(asked.schedule, i, &numbers);
        n += numbers.ready + numbers.inflight + numbers.held
             + numbers.blocked;
    }

    check((sqlite3_int64) n
          == num("SELECT count(*) FROM delivery WHERE ended IS NULL"));
}
