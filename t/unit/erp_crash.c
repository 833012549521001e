
/*
 * A writer that is killed again and again while it puts, settles and prunes:
 * what it has acknowledged is there, once, and the file is whole.  kill -9 is
 * no power cut: the page cache stays.
 */

#include "erp_store.h"

#include <poll.h>
#include <signal.h>
#include <time.h>


#define ROUNDS   40
#define SECONDS  4
#define NUMBERS  200000
#define LARGE    (NGX_ERP_BODY_INLINE + 1000)


/* what the writer tells, and what is known of a message by it */

enum {
    PUT = 1,         /* is on disk */
    TRIED = 2,       /* is being settled: it may be, and be pruned then */
    SETTLED = 4      /* that is on disk */
};

typedef struct {
    uint32_t  what;
    uint32_t  number;
} tell_t;


static void writer(int fd, uint32_t first, uint32_t settle, unsigned seed);
static void writer_put(uint32_t n);
static void writer_settle(int fd, uint32_t *next, uint32_t end);
static void tell(int fd, uint32_t what, uint32_t number);
static void round_once(unsigned seed);
static void listen_to(int fd, pid_t pid, unsigned *seed);
static void check(void);
static void check_messages(int *lost, int *twice, int *undone);
static ngx_int_t check_lease(void *data, ngx_erp_row_t *row);
static double now(void);


static u_char   known[NUMBERS];
static u_char   found[NUMBERS];
static u_char   large[LARGE];
static int      bad, killed, puts_told, settles_told;
static int      lost, twice, undone, broken, unread, refused;


int
main(void)
{
    int     i;
    double  end;

    store_new(NULL);
    store_close();

    end = now() + SECONDS;

    for (i = 0; i < ROUNDS && (i < 3 || now() < end); i++) {
        round_once(i + 1);
        check();
    }

    is_num(refused, 0, "each time the database opens");
    is_num(broken, 0, "the file is whole");
    is_num(lost, 0, "nothing that was acknowledged is lost");
    is_num(twice, 0, "nothing is there twice");
    is_num(undone, 0, "no end of a delivery is undone");
    is_num(unread, 0, "each body is there");
    is_num(bad, 0, "the writer had no error");
    ok(killed > 0 && puts_told > 0 && settles_told > 0,
       "it was killed at work");

    printf("# %d kills, %d messages, %d settled\n", killed, puts_told,
           settles_told);

    store_clean();

    return unit_done();
}


static void
round_once(unsigned seed)
{
    int       fds[2], status;
    pid_t     pid;
    uint32_t  first, settle;

    /* behind the last one that it was told of: some are put again */

    for (first = NUMBERS - 1; first && !(known[first] & PUT); first--) {
        /* void */
    }

    for (settle = 1; known[settle] & TRIED; settle++) { /* void */ }

    fflush(stdout);

    if (pipe(fds) != 0) {
        bad++;
        return;
    }

    pid = fork();

    if (pid == 0) {
        close(fds[0]);
        writer(fds[1], first + 1, settle, seed);
        _exit(EXIT_FAILURE);
    }

    close(fds[1]);
    listen_to(fds[0], pid, &seed);
    close(fds[0]);

    if (waitpid(pid, &status, 0) == pid && WIFSIGNALED(status)) {
        killed++;

    } else {
        bad++;
    }
}


/* returns only by an error */

static void
writer(int fd, uint32_t first, uint32_t settle, unsigned seed)
{
    int         i, n;
    uint32_t    next, end;
    ngx_uint_t  more;

    if (store_open(NULL) != NGX_OK) {
        return;
    }

    for (next = first; next < NUMBERS - 64; next = end) {

        if (ngx_erp_db_begin(db) != NGX_OK) {
            return;
        }

        n = 1 + rand_r(&seed) % 32;
        end = next + n;

        for (i = 0; i < n; i++) {
            writer_put(next + i);
        }

        if (ngx_erp_db_commit(db) != NGX_OK) {
            return;
        }

        for (i = 0; i < n; i++) {
            tell(fd, PUT, next + i);
        }

        if (rand_r(&seed) % 2) {
            writer_settle(fd, &settle, next);
        }

        if (rand_r(&seed) % 8 == 0
            && ngx_erp_db_prune(db, NOW * 2, 0, 5, &more) != NGX_OK)
        {
            return;
        }

        if (rand_r(&seed) % 16 == 0) {
            (void) ngx_erp_db_checkpoint(db);
        }
    }
}


static void
writer_put(uint32_t n)
{
    store_message_t  s;

    store_message(&s, n);

    if (n % 64 == 0) {
        memcpy(large, &n, sizeof(n));
        s.object.body.data = large;
        s.object.body.len = sizeof(large);
    }

    if (store_put(&s) != NGX_OK
        || (s.verdict != NGX_ERP_STORED && s.verdict != NGX_ERP_DUPLICATE))
    {
        _exit(EXIT_FAILURE);
    }
}


static void
writer_settle(int fd, uint32_t *next, uint32_t end)
{
    char      text[128];
    uint32_t  n, last;

    last = ngx_min(*next + 8, end);

    for (n = *next; n < last; n++) {
        tell(fd, TRIED, n);

        snprintf(text, sizeof(text), "SELECT d.id FROM message m"
                 " JOIN delivery d ON d.message = m.id"
                 " WHERE m.control_id = 'MSG%05d'", (int) n);

        if (store_settle(num(text), 1, NGX_ERP_DONE, NGX_ERP_DELIVERED, "")
            == NGX_OK)
        {
            tell(fd, SETTLED, n);
        }
    }

    *next = last;
}


static void
tell(int fd, uint32_t what, uint32_t number)
{
    tell_t  t;

    t.what = what;
    t.number = number;

    if (write(fd, &t, sizeof(t)) != sizeof(t)) {
        _exit(EXIT_FAILURE);
    }
}


/* kills it some time after its first word, or at once */

static void
listen_to(int fd, pid_t pid, unsigned *seed)
{
    int            sent;
    double         at;
    tell_t         t;
    struct pollfd  p;

    sent = 0;
    at = 0;

    p.fd = fd;
    p.events = POLLIN;

    if (rand_r(seed) % 5 == 0) {
        usleep(rand_r(seed) % 3000);
        kill(pid, SIGKILL);
        sent = 1;
    }

    for ( ;; ) {
        (void) poll(&p, 1, at ? 1 : 1000);

        if (at && !sent && now() >= at) {
            kill(pid, SIGKILL);
            sent = 1;
        }

        if (!(p.revents & (POLLIN|POLLHUP))) {
            continue;
        }

        if (read(fd, &t, sizeof(t)) != sizeof(t)) {
            return;
        }

        if (at == 0) {
            at = now() + rand_r(seed) % 80000 / 1e6;
        }

        if (t.number < NUMBERS) {
            known[t.number] |= t.what;
            puts_told += (t.what == PUT);
            settles_told += (t.what == SETTLED);
        }
    }
}


static void
check(void)
{
    if (store_open(NULL) != NGX_OK) {
        printf("# %s\n", store_why);
        refused++;
        return;
    }

    if (strcmp(row("PRAGMA integrity_check"), "ok") != 0) {
        broken++;
    }

    check_messages(&lost, &twice, &undone);

    if (ngx_erp_db_begin(db) != NGX_OK
        || ngx_erp_db_pending(db, check_lease, NULL) != NGX_OK)
    {
        unread++;
    }

    ngx_erp_db_rollback(db);
    store_close();
}


static void
check_messages(int *lost, int *twice, int *undone)
{
    int            n;
    sqlite3_stmt  *stmt;

    memset(found, 0, sizeof(found));

    if (sqlite3_prepare_v2(db->sqlite,
                           "SELECT substr(m.control_id, 4), d.state"
                           " FROM message m LEFT JOIN delivery d"
                           " ON d.message = m.id", -1, &stmt, NULL)
        != SQLITE_OK)
    {
        broken++;
        return;
    }

    while (sqlite3_step(stmt) == SQLITE_ROW) {
        n = sqlite3_column_int(stmt, 0);

        if (n <= 0 || n >= NUMBERS || found[n]) {
            (*twice)++;
            continue;
        }

        found[n] = 1;

        if ((known[n] & SETTLED)
            && sqlite3_column_int(stmt, 1) != NGX_ERP_DELIVERED)
        {
            (*undone)++;
        }
    }

    sqlite3_finalize(stmt);

    for (n = 1; n < NUMBERS; n++) {
        if ((known[n] & PUT) && !(known[n] & TRIED) && !found[n]) {
            (*lost)++;
        }
    }
}


/* the turn is rolled back: it stays as it is */

static ngx_int_t
check_lease(void *data, ngx_erp_row_t *row)
{
    ngx_erp_lease_t  lease;

    if (ngx_erp_db_lease(db, row->id, 0, &lease) != NGX_OK) {
        unread++;
    }

    return NGX_OK;
}


static double
now(void)
{
    struct timespec  ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);

    return ts.tv_sec + ts.tv_nsec / 1e9;
}
