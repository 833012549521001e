
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
 *
 * The message is never copied: a connection has the control ids of its
 * window, and writev() joins them with the two pieces of the message.
 */

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "message.h"


#define ID_LEN         20            /* the longest MSH-10 there may be */
#define ID_PREFIX      8             /* of the process and the connection */
#define WINDOW_MAX     64
#define ACKS_SIZE      16384         /* read buffer of a connection */
#define EVENTS         256

#define PORTS_PER_IP   8000          /* connections from one source address */
#define DRAIN          (5 * NSEC)    /* wait for the last acknowledgements */

#define NSEC           1000000000ull

#define HIST_SUB_BITS  5             /* 32 steps in each power of two */
#define HIST_SUB       (1 << HIST_SUB_BITS)
#define HIST_SIZE      ((64 - HIST_SUB_BITS + 1) * HIST_SUB)


typedef struct {
    int         fd;
    int         number;
    uint64_t    queued;              /* messages */
    uint64_t    acked;
    uint64_t    sent;                /* bytes */
    uint64_t    stamp[WINDOW_MAX];   /* when it was queued */
    char        id[WINDOW_MAX][ID_LEN];
    size_t      len;                 /* of acks */
    char        acks[ACKS_SIZE];
} conn_t;


/* what is wrong with an answer */

enum {
    BAD_FRAME = 0,                   /* not an acknowledgement in a frame */
    BAD_CODE,                        /* not AA */
    BAD_ID,                          /* of another message, or out of order */
    BAD_LOST,                        /* no answer: closed or timed out */
    BAD_KINDS
};


/* readings at the beginning and at the end of the time that counts */

typedef struct {
    uint64_t    ran;                 /* nanoseconds */
    uint64_t    waited;              /* ready to run, but others ran */
} cpu_t;


typedef struct {
    uint64_t    time;
    uint64_t    acked;
    cpu_t       server;
    cpu_t       own;
} mark_t;


static void load_options(int argc, char **argv);
static void load_run(conn_t *conns);
static void load_mark(mark_t *mark);
static void load_cpu(cpu_t *cpu, int pid);
static void load_report(mark_t *from, mark_t *to);
static void load_idle(conn_t *conns);
static void load_exchange(conn_t *c);
static void load_connect(conn_t *c);
static void load_receive(conn_t *c, int flags);
static void load_acks(conn_t *c);
static void load_check(conn_t *c, char *p, char *end);
static void load_queue(conn_t *c, uint64_t now);
static void load_send(conn_t *c, int flags);
static void load_close(conn_t *c);
static uint64_t load_inflight(conn_t *conns);
static int load_verdict(void);
static void hist_add(uint64_t ns);
static double hist_percentile(double share);
static uint64_t load_time(void);
static void load_die(const char *what);


static int          port, connections, window, idle, speak, server_pid;
static double       warmup, duration;
static const char  *message_name;

static int          counting, stopping, alive;
static size_t       frame_len;
static uint64_t     acked, bad[BAD_KINDS];
static uint64_t     hist[HIST_SIZE], hist_count, hist_max;
static message_t    message;


int
main(int argc, char **argv)
{
    int            i;
    conn_t        *conns;
    struct rlimit  files;

    load_options(argc, argv);

    if (message_open(&message, message_name) != 0) {
        fprintf(stderr, "mllpload: no message in \"%s\"\n", message_name);
        return 2;
    }

    frame_len = message.head_len + ID_LEN + message.tail_len;

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
    window = 1;
    warmup = 0.2;
    duration = 1.0;
    message_name = "adt";

    while ((opt = getopt(argc, argv, "p:c:w:m:t:u:P:is")) != -1) {

        switch (opt) {

        case 'p':
            port = atoi(optarg);
            break;

        case 'c':
            connections = atoi(optarg);
            break;

        case 'w':
            window = atoi(optarg);
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

    if (port < 1 || connections < 1 || connections > 65536
        || window < 1 || window > WINDOW_MAX)
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
    struct epoll_event   ev, events[EVENTS];

    ep = epoll_create1(0);
    if (ep == -1) {
        load_die("epoll_create1()");
    }

    for (i = 0; i < connections; i++) {
        load_connect(&conns[i]);

        ev.events = EPOLLIN|EPOLLOUT|EPOLLET;
        ev.data.ptr = &conns[i];

        if (epoll_ctl(ep, EPOLL_CTL_ADD, conns[i].fd, &ev) == -1) {
            load_die("epoll_ctl()");
        }
    }

    now = load_time();
    next = now + warmup * NSEC;

    for (i = 0; i < connections; i++) {
        for (n = 0; n < window; n++) {
            load_queue(&conns[i], now);
        }

        load_send(&conns[i], MSG_DONTWAIT);
    }

    from.acked = 0;
    to.acked = 0;

    while (alive && !(stopping && load_inflight(conns) == 0)) {

        n = epoll_wait(ep, events, EVENTS, 100);

        now = load_time();

        if (now >= next) {

            if (stopping) {
                break;
            }

            if (counting) {
                load_mark(&to);
                counting = 0;
                stopping = 1;
                next = now + DRAIN;

            } else {
                load_mark(&from);
                counting = 1;
                next = now + duration * NSEC;
            }
        }

        for (i = 0; i < n; i++) {
            c = events[i].data.ptr;

            if (events[i].events & ~EPOLLOUT) {
                load_receive(c, MSG_DONTWAIT);
            }

            load_send(c, MSG_DONTWAIT);
        }
    }

    bad[BAD_LOST] += load_inflight(conns);

    if (to.acked > from.acked) {
        load_report(&from, &to);
    }
}


static void
load_mark(mark_t *mark)
{
    mark->time = load_time();
    mark->acked = acked;
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
           "waited=%.0f\n",
           connections, window, frame_len, messages * NSEC / wall,
           hist_percentile(0.5), hist_percentile(0.99), hist_max / 1000.0,
           ran / 1000 / messages, ran * 100 / wall,
           (to->own.ran - from->own.ran) * 100 / wall, waited * 100 / wall);
}


static void
load_idle(conn_t *conns)
{
    int   i;
    char  line[16];

    for (i = 0; i < connections; i++) {
        load_connect(&conns[i]);

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

    printf("connections=%d alive=%d\n", connections, alive);
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

    load_queue(c, now);
    load_send(c, 0);

    while (c->acked < c->queued && load_time() < end) {
        load_receive(c, 0);
    }

    if (c->acked < c->queued) {
        load_close(c);
    }
}


static void
load_connect(conn_t *c)
{
    int                 i, on;
    char                prefix[ID_PREFIX + 1];
    struct timeval      second;
    struct sockaddr_in  sin;

    snprintf(prefix, sizeof(prefix), "%04X%04X", getpid() & 0xffff,
             c->number & 0xffff);

    for (i = 0; i < window; i++) {
        memcpy(c->id[i], prefix, ID_PREFIX);
    }

    c->fd = socket(AF_INET, SOCK_STREAM, 0);
    if (c->fd == -1) {
        load_die("socket()");
    }

    on = 1;
    second.tv_sec = 1;
    second.tv_usec = 0;

    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(int));
    setsockopt(c->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(int));
    setsockopt(c->fd, SOL_SOCKET, SO_RCVTIMEO, &second, sizeof(second));

    memset(&sin, 0, sizeof(struct sockaddr_in));
    sin.sin_family = AF_INET;
    sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK + c->number / PORTS_PER_IP);

    if (bind(c->fd, (struct sockaddr *) &sin, sizeof(sin)) == -1) {
        load_die("bind()");
    }

    sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    sin.sin_port = htons(port);

    if (connect(c->fd, (struct sockaddr *) &sin, sizeof(sin)) == -1) {
        load_die("connect()");
    }

    alive++;
}


static void
load_receive(conn_t *c, int flags)
{
    size_t   room;
    ssize_t  n;

    while (c->fd != -1) {
        room = ACKS_SIZE - c->len;

        n = recv(c->fd, c->acks + c->len, room, flags);

        if (n == -1 && (errno == EAGAIN || errno == EINTR)) {
            return;
        }

        if (n <= 0) {
            load_close(c);
            return;
        }

        c->len += n;
        load_acks(c);

        if ((size_t) n < room) {
            return;
        }
    }
}


static void
load_acks(conn_t *c)
{
    char      *p, *end, *fs;
    uint64_t   now;

    now = load_time();

    p = c->acks;
    end = p + c->len;

    for ( ;; ) {
        fs = memchr(p, MLLP_FS, end - p);

        if (fs == NULL || fs + 1 == end) {
            break;
        }

        if (*p != MLLP_VT || fs[1] != MLLP_CR
            || c->sent < (c->acked + 1) * frame_len)
        {
            bad[BAD_FRAME]++;
            load_close(c);
            return;
        }

        load_check(c, p + 1, fs);

        if (counting) {
            hist_add(now - c->stamp[c->acked % window]);
        }

        c->acked++;
        acked++;

        if (!idle && !stopping) {
            load_queue(c, now);
        }

        p = fs + 2;
    }

    c->len = end - p;

    if (c->len == ACKS_SIZE) {
        bad[BAD_FRAME]++;
        load_close(c);
        return;
    }

    memmove(c->acks, p, c->len);
}


static void
load_check(conn_t *c, char *p, char *end)
{
    char  sep;

    if (end - p < 8 || memcmp(p, "MSH", 3) != 0) {
        bad[BAD_FRAME]++;
        return;
    }

    sep = p[3];

    do {
        p = memchr(p, MLLP_CR, end - p);

        if (p == NULL) {
            bad[BAD_FRAME]++;
            return;
        }

        p++;

    } while (end - p < 4 || memcmp(p, "MSA", 3) != 0 || p[3] != sep);

    p += 4;

    if (end - p < 3 || memcmp(p, "AA", 2) != 0 || p[2] != sep) {
        bad[BAD_CODE]++;
        return;
    }

    p += 3;

    if (end - p < ID_LEN || memcmp(p, c->id[c->acked % window], ID_LEN) != 0
        || (end - p > ID_LEN && p[ID_LEN] != sep && p[ID_LEN] != MLLP_CR))
    {
        bad[BAD_ID]++;
    }
}


static void
load_queue(conn_t *c, uint64_t now)
{
    int       i;
    char     *id;
    uint64_t  n;

    static const char  hex[] = "0123456789ABCDEF";

    id = c->id[c->queued % window];
    c->stamp[c->queued % window] = now;

    n = c->queued++;

    for (i = ID_LEN - 1; i >= ID_PREFIX; i--) {
        id[i] = hex[n & 0xf];
        n >>= 4;
    }
}


static void
load_send(conn_t *c, int flags)
{
    size_t         skip;
    ssize_t        n;
    uint64_t       i;
    struct iovec  *v, iov[3 * WINDOW_MAX];
    struct msghdr  msg;

    if (c->fd == -1 || c->sent == c->queued * frame_len) {
        return;
    }

    v = iov;

    for (i = c->sent / frame_len; i < c->queued; i++) {
        v->iov_base = message.head;
        v++->iov_len = message.head_len;

        v->iov_base = c->id[i % window];
        v++->iov_len = ID_LEN;

        v->iov_base = message.tail;
        v++->iov_len = message.tail_len;
    }

    memset(&msg, 0, sizeof(struct msghdr));
    msg.msg_iov = iov;
    msg.msg_iovlen = v - iov;

    /* what is sent of the first one */

    v = iov;

    for (skip = c->sent % frame_len; skip >= v->iov_len; v++) {
        skip -= v->iov_len;
        msg.msg_iovlen--;
    }

    msg.msg_iov = v;
    v->iov_base = (char *) v->iov_base + skip;
    v->iov_len -= skip;

    n = sendmsg(c->fd, &msg, flags|MSG_NOSIGNAL);

    if (n == -1) {
        if (errno != EAGAIN && errno != EINTR) {
            load_close(c);
        }

        return;
    }

    c->sent += n;
}


static void
load_close(conn_t *c)
{
    if (c->fd == -1) {
        return;
    }

    close(c->fd);
    c->fd = -1;

    bad[BAD_LOST] += c->queued - c->acked;
    c->acked = c->queued;

    alive--;
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
    if (acked && alive == connections && bad[BAD_FRAME] + bad[BAD_CODE]
        + bad[BAD_ID] + bad[BAD_LOST] == 0)
    {
        return 0;
    }

    fprintf(stderr, "mllpload: bad of %" PRIu64 " answers: framing %" PRIu64
            ", code %" PRIu64 ", id %" PRIu64 "; without answer %" PRIu64
            "; connections lost %d\n", acked, bad[BAD_FRAME], bad[BAD_CODE],
            bad[BAD_ID], bad[BAD_LOST], connections - alive);

    return 1;
}


static void
hist_add(uint64_t ns)
{
    int  i, shift;

    i = ns;

    if (ns >= HIST_SUB) {
        shift = 63 - __builtin_clzll(ns) - HIST_SUB_BITS;
        i = (shift + 1) * HIST_SUB + ((ns >> shift) & (HIST_SUB - 1));
    }

    hist[i]++;
    hist_count++;

    if (ns > hist_max) {
        hist_max = ns;
    }
}


/* microseconds, the middle of the step */

static double
hist_percentile(double share)
{
    int       i;
    uint64_t  sum;

    sum = hist[0];

    for (i = 0; i < HIST_SIZE - 1 && sum < hist_count * share; i++) {
        sum += hist[i + 1];
    }

    if (i < HIST_SUB) {
        return i / 1000.0;
    }

    return (HIST_SUB + i % HIST_SUB + 0.5)
           * (1ull << (i / HIST_SUB - 1)) / 1000.0;
}


static uint64_t
load_time(void)
{
    struct timespec  ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);

    return ts.tv_sec * NSEC + ts.tv_nsec;
}


static void
load_die(const char *what)
{
    fprintf(stderr, "mllpload: %s failed: %s\n", what, strerror(errno));
    exit(2);
}
