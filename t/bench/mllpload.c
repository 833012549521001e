
/*
 * An MLLP load generator, and the check that every answer is right: each
 * acknowledgement must be framed, be positive (MSA-1 AA) and name in MSA-2
 * the oldest message in flight of its connection.
 *
 *     mllpload -p port [-c connections] [-w window] [-m adt|oru|file]
 *              [-u warm-up seconds] [-t seconds] [-P pid of the server]
 *     mllpload -p port -i [-s] -c connections
 *
 * The first form keeps "window" messages in flight on each connection.  The
 * second opens connections, exchanges a message on each with -s, says
 * "ready", waits for a line on standard input, and then proves with one
 * message on each that all of them are alive.
 */

#define _GNU_SOURCE
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "conn.h"
#include "hist.h"


#define EVENTS  256
#define DRAIN   (5 * NSEC)           /* wait for the last answers */


/* readings at the beginning and at the end of the time that counts */

typedef struct {
    uint64_t  ran;                   /* nanoseconds */
    uint64_t  waited;                /* ready to run, but others ran */
} cpu_t;


typedef struct {
    cpu_t     own;
    cpu_t     server;
    uint64_t  time;
    uint64_t  acked;
} mark_t;


static void load_options(int argc, char **argv);
static void load_run(conn_t *conns);
static int load_open(conn_t *conns);
static void load_mark(mark_t *mark);
static void load_cpu(cpu_t *cpu, int pid);
static void load_report(mark_t *from, mark_t *to);
static void load_idle(conn_t *conns);
static void load_exchange(conn_t *c);
static uint64_t load_inflight(conn_t *conns);
static int load_verdict(void);


static int          connections, idle, speak, server_pid;
static double       warmup, duration;                     /* seconds */
static const char  *message_name;


int
main(int argc, char **argv)
{
    int            i;
    conn_t        *conns;
    struct rlimit  files;

    load_options(argc, argv);

    if (message_open(&load.message, message_name) != 0) {
        fprintf(stderr, "mllpload: no message in \"%s\"\n", message_name);
        return 2;
    }

    load.frame_len = load.message.head_len + ID_LEN + load.message.tail_len;

    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }

    conns = calloc(connections, sizeof(conn_t));
    if (conns == NULL) {
        load_die("calloc()");
    }

    for (i = 0; i < connections; i++) {
        conns[i].number = i;
    }

    if (idle) {
        load_idle(conns);

    } else {
        load_run(conns);
    }

    free(conns);

    return load_verdict();
}


static void
load_options(int argc, char **argv)
{
    int  opt;

    connections = 1;
    load.window = 1;
    warmup = 0.2;
    duration = 1.0;
    message_name = "adt";

    while ((opt = getopt(argc, argv, "p:c:w:m:t:u:P:is")) != -1) {

        switch (opt) {

        case 'p':
            load.port = atoi(optarg);
            break;

        case 'c':
            connections = atoi(optarg);
            break;

        case 'w':
            load.window = atoi(optarg);
            break;

        case 'm':
            message_name = optarg;
            break;

        case 't':
            duration = atof(optarg);
            break;

        case 'u':
            warmup = atof(optarg);
            break;

        case 'P':
            server_pid = atoi(optarg);
            break;

        case 'i':
            idle = 1;
            break;

        case 's':
            speak = 1;
            break;

        default:
            exit(2);
        }
    }

    if (load.port < 1 || connections < 1 || connections > 65536
        || load.window < 1 || load.window > WINDOW_MAX)
    {
        fprintf(stderr, "mllpload: -p port, -c 1..65536, -w 1..%d\n",
                WINDOW_MAX);
        exit(2);
    }
}


static void
load_run(conn_t *conns)
{
    int                  ep, i, n;
    mark_t               from, to;
    conn_t              *c;
    uint64_t             now, next;
    struct epoll_event   events[EVENTS];

    ep = load_open(conns);
    next = load_time() + warmup * NSEC;

    from.acked = 0;
    to.acked = 0;

    while (load.alive && (load.refill || load_inflight(conns) != 0)) {

        n = epoll_wait(ep, events, EVENTS, 100);

        now = load_time();

        if (now >= next) {

            if (!load.refill) {
                break;
            }

            if (load.counting) {
                load_mark(&to);
                load.counting = 0;
                load.refill = 0;
                next = now + DRAIN;

            } else {
                load_mark(&from);
                load.counting = 1;
                next = now + duration * NSEC;
            }
        }

        for (i = 0; i < n; i++) {
            c = events[i].data.ptr;

            if (events[i].events & ~EPOLLOUT) {
                conn_receive(c, MSG_DONTWAIT);
            }

            conn_send(c, MSG_DONTWAIT);
        }
    }

    load.bad[BAD_LOST] += load_inflight(conns);

    if (to.acked > from.acked) {
        load_report(&from, &to);
    }
}


static int
load_open(conn_t *conns)
{
    int                 ep, i, n;
    uint64_t            now;
    struct epoll_event  ev;

    ep = epoll_create1(0);
    if (ep == -1) {
        load_die("epoll_create1()");
    }

    for (i = 0; i < connections; i++) {
        conn_connect(&conns[i]);

        ev.events = EPOLLIN|EPOLLOUT|EPOLLET;
        ev.data.ptr = &conns[i];

        if (epoll_ctl(ep, EPOLL_CTL_ADD, conns[i].fd, &ev) == -1) {
            load_die("epoll_ctl()");
        }
    }

    now = load_time();
    load.refill = 1;

    for (i = 0; i < connections; i++) {
        for (n = 0; n < load.window; n++) {
            conn_queue(&conns[i], now);
        }

        conn_send(&conns[i], MSG_DONTWAIT);
    }

    return ep;
}


static void
load_mark(mark_t *mark)
{
    mark->time = load_time();
    mark->acked = load.acked;
    load_cpu(&mark->server, server_pid);
    load_cpu(&mark->own, getpid());
}


static void
load_cpu(cpu_t *cpu, int pid)
{
    char   name[64];
    FILE  *f;

    cpu->ran = 0;
    cpu->waited = 0;

    snprintf(name, sizeof(name), "/proc/%d/schedstat", pid);

    f = fopen(name, "r");
    if (f == NULL) {
        return;
    }

    if (fscanf(f, "%" SCNu64 " %" SCNu64, &cpu->ran, &cpu->waited) != 2) {
        load_die("reading schedstat");
    }

    fclose(f);
}


/* times are microseconds, "busy" and "waited" percent of the time */

static void
load_report(mark_t *from, mark_t *to)
{
    double  wall, messages, ran, waited;

    wall = to->time - from->time;
    messages = to->acked - from->acked;
    ran = to->server.ran - from->server.ran;
    waited = to->server.waited - from->server.waited
             + to->own.waited - from->own.waited;

    printf("connections=%d window=%d size=%zu rate=%.0f p50=%.1f p99=%.1f "
           "max=%.1f server_us=%.2f server_busy=%.0f own_busy=%.0f "
           "waited=%.0f total=%" PRIu64 "\n",
           connections, load.window, load.frame_len, messages * NSEC / wall,
           hist_percentile(0.5), hist_percentile(0.99), hist_percentile(1.0),
           ran / 1000 / messages, ran * 100 / wall,
           (to->own.ran - from->own.ran) * 100 / wall, waited * 100 / wall,
           load.acked);
}


static void
load_idle(conn_t *conns)
{
    int   i;
    char  line[16];

    for (i = 0; i < connections; i++) {
        conn_connect(&conns[i]);

        if (speak) {
            load_exchange(&conns[i]);

        } else if (i % 64 == 63) {
            usleep(2000);            /* the server's backlog is short */
        }
    }

    printf("ready\n");
    fflush(stdout);

    if (fgets(line, sizeof(line), stdin) == NULL) {
        return;
    }

    for (i = 0; i < connections; i++) {
        load_exchange(&conns[i]);
    }

    printf("connections=%d alive=%d\n", connections, load.alive);
}


static void
load_exchange(conn_t *c)
{
    uint64_t  now, end;

    now = load_time();
    end = now + DRAIN;

    if (c->fd == -1) {
        return;
    }

    conn_queue(c, now);
    conn_send(c, 0);

    while (c->acked < c->queued && load_time() < end) {
        conn_receive(c, 0);
    }

    if (c->acked < c->queued) {
        conn_close(c);
    }
}


static uint64_t
load_inflight(conn_t *conns)
{
    int       i;
    uint64_t  n;

    n = 0;

    for (i = 0; i < connections; i++) {
        n += conns[i].queued - conns[i].acked;
    }

    return n;
}


static int
load_verdict(void)
{
    uint64_t  *bad;

    bad = load.bad;

    if (load.acked && load.alive == connections && bad[BAD_FRAME] == 0
        && bad[BAD_CODE] == 0 && bad[BAD_ID] == 0 && bad[BAD_LOST] == 0)
    {
        return 0;
    }

    fprintf(stderr, "mllpload: bad of %" PRIu64 " answers: framing %" PRIu64
            ", code %" PRIu64 ", id %" PRIu64 "; without answer %" PRIu64
            "; connections lost %d\n", load.acked, bad[BAD_FRAME],
            bad[BAD_CODE], bad[BAD_ID], bad[BAD_LOST],
            connections - load.alive);

    return 1;
}
