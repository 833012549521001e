
/*
 * The message is never copied: a connection has the control ids of its
 * window, and sendmsg() joins them with the two pieces of the message.
 */

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "conn.h"
#include "hist.h"


#define ID_PREFIX     8              /* of the process and the connection */

#define PORTS_PER_IP  8000           /* connections from one source address */


static void conn_acks(conn_t *c);
static void conn_check(conn_t *c, char *p, char *end);


load_t  load;


void
conn_connect(conn_t *c)
{
    int                 i, on;
    char                prefix[ID_PREFIX + 1];
    struct timeval      second;
    struct sockaddr_in  sin;

    snprintf(prefix, sizeof(prefix), "%04X%04X", getpid() & 0xffff,
             c->number & 0xffff);

    for (i = 0; i < load.window; i++) {
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
    sin.sin_port = htons(load.port);

    if (connect(c->fd, (struct sockaddr *) &sin, sizeof(sin)) == -1) {
        load_die("connect()");
    }

    load.alive++;
}


void
conn_queue(conn_t *c, uint64_t now)
{
    int       i;
    char     *id;
    uint64_t  n;

    static const char  hex[] = "0123456789ABCDEF";

    id = c->id[c->queued % load.window];
    c->stamp[c->queued % load.window] = now;

    n = c->queued++;

    for (i = ID_LEN - 1; i >= ID_PREFIX; i--) {
        id[i] = hex[n & 0xf];
        n >>= 4;
    }
}


void
conn_send(conn_t *c, int flags)
{
    size_t         skip;
    ssize_t        n;
    uint64_t       i;
    struct iovec  *v, iov[3 * WINDOW_MAX];
    struct msghdr  msg;

    if (c->fd == -1 || c->sent == c->queued * load.frame_len) {
        return;
    }

    v = iov;

    for (i = c->sent / load.frame_len; i < c->queued; i++) {
        v->iov_base = load.message.head;
        v++->iov_len = load.message.head_len;

        v->iov_base = c->id[i % load.window];
        v++->iov_len = ID_LEN;

        v->iov_base = load.message.tail;
        v++->iov_len = load.message.tail_len;
    }

    memset(&msg, 0, sizeof(struct msghdr));
    msg.msg_iov = iov;
    msg.msg_iovlen = v - iov;

    /* what is sent of the first one */

    v = iov;

    for (skip = c->sent % load.frame_len; skip >= v->iov_len; v++) {
        skip -= v->iov_len;
        msg.msg_iovlen--;
    }

    msg.msg_iov = v;
    v->iov_base = (char *) v->iov_base + skip;
    v->iov_len -= skip;

    n = sendmsg(c->fd, &msg, flags|MSG_NOSIGNAL);

    if (n == -1) {
        if (errno != EAGAIN && errno != EINTR) {
            conn_close(c);
        }

        return;
    }

    c->sent += n;
}


void
conn_receive(conn_t *c, int flags)
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
            conn_close(c);
            return;
        }

        c->len += n;
        conn_acks(c);

        if ((size_t) n < room) {
            return;
        }
    }
}


static void
conn_acks(conn_t *c)
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
            || c->sent < (c->acked + 1) * load.frame_len)
        {
            load.bad[BAD_FRAME]++;
            conn_close(c);
            return;
        }

        conn_check(c, p + 1, fs);

        if (load.counting) {
            hist_add(now - c->stamp[c->acked % load.window]);
        }

        c->acked++;
        load.acked++;

        if (load.refill) {
            conn_queue(c, now);
        }

        p = fs + 2;
    }

    c->len = end - p;

    if (c->len == ACKS_SIZE) {
        load.bad[BAD_FRAME]++;
        conn_close(c);
        return;
    }

    memmove(c->acks, p, c->len);
}


static void
conn_check(conn_t *c, char *p, char *end)
{
    char  *id, sep;

    if (end - p < 8 || memcmp(p, "MSH", 3) != 0) {
        load.bad[BAD_FRAME]++;
        return;
    }

    sep = p[3];

    do {
        p = memchr(p, MLLP_CR, end - p);

        if (p == NULL) {
            load.bad[BAD_FRAME]++;
            return;
        }

        p++;

    } while (end - p < 4 || memcmp(p, "MSA", 3) != 0 || p[3] != sep);

    p += 4;

    if (end - p < 3 || memcmp(p, "AA", 2) != 0 || p[2] != sep) {
        load.bad[BAD_CODE]++;
        return;
    }

    p += 3;

    id = c->id[c->acked % load.window];

    if (end - p < ID_LEN || memcmp(p, id, ID_LEN) != 0
        || (end - p > ID_LEN && p[ID_LEN] != sep && p[ID_LEN] != MLLP_CR))
    {
        load.bad[BAD_ID]++;
    }
}


void
conn_close(conn_t *c)
{
    if (c->fd == -1) {
        return;
    }

    close(c->fd);
    c->fd = -1;

    load.bad[BAD_LOST] += c->queued - c->acked;
    c->acked = c->queued;

    load.alive--;
}


uint64_t
load_time(void)
{
    struct timespec  ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);

    return ts.tv_sec * NSEC + ts.tv_nsec;
}


void
load_die(const char *what)
{
    fprintf(stderr, "mllpload: %s failed: %s\n", what, strerror(errno));
    exit(2);
}
