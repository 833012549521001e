
/*
 * The ceiling: the least MLLP server that is correct for any ordinary
 * message.  One thread, epoll, a buffer for each connection, frames found
 * as they come in, an acknowledgement built from the message's own MSH, one
 * send() for all answers of a turn.  No phases, no logging, no limits but
 * of size, nothing tolerated: what is not a message ends the connection.
 *
 *     ceiling port
 */

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>


#define VT           0x0b
#define FS           0x1c
#define CR           0x0d

#define EVENTS       256
#define BACKLOG      4096

#define BUFFER_SIZE  (256 * 1024)
#define BUFFER_MAX   (16 * 1024 * 1024)

#define HEADER_MAX   1024            /* MSH; bounds an acknowledgement */
#define ACK_MAX      (HEADER_MAX + 128)
#define OUT_SIZE     65536

#define FIELDS       13              /* of MSH: up to MSH-12 */
#define SECOND_LEN   14              /* MSH-7 */
#define ID_LEN       20              /* MSH-10 */


typedef struct {
    char    *data;
    size_t   len;
} str_t;


typedef struct {
    int      fd;
    char    *buf;
    size_t   size;
    size_t   len;                    /* bytes in buf */
    size_t   scanned;                /* of them without FS */
    str_t    rest;                   /* answers that could not be sent yet */
} conn_t;


static int server_listen(int port);
static void server_accept(int listener);
static void server_read(conn_t *c);
static void server_process(conn_t *c);
static char *server_frame(conn_t *c, char *start, char *end);
static int server_answer(char *msh, char *end);
static int server_split(str_t *field, char *msh, char *end);
static str_t server_event(str_t *type, char sep);
static char *server_add(char *p, char sep, const char *data, size_t len);
static char *server_id(void);
static void server_flush(conn_t *c);
static void server_write(conn_t *c);
static void server_wait(conn_t *c, int op, unsigned events);
static void server_close(conn_t *c);
static void server_clock(void);
static void server_die(const char *what);


static int     ep;
static char    out[OUT_SIZE];        /* the answers of this turn */
static size_t  out_len;
static char    second[SECOND_LEN + 1];


int
main(int argc, char **argv)
{
    int                  i, n, listener;
    struct rlimit        files;
    struct epoll_event   ev, events[EVENTS];

    if (argc != 2) {
        fprintf(stderr, "usage: ceiling port\n");
        return 2;
    }

    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }

    ep = epoll_create1(0);
    if (ep == -1) {
        server_die("epoll_create1()");
    }

    listener = server_listen(atoi(argv[1]));

    ev.events = EPOLLIN;
    ev.data.ptr = NULL;

    if (epoll_ctl(ep, EPOLL_CTL_ADD, listener, &ev) == -1) {
        server_die("epoll_ctl()");
    }

    for ( ;; ) {
        n = epoll_wait(ep, events, EVENTS, -1);

        server_clock();

        for (i = 0; i < n; i++) {

            if (events[i].data.ptr == NULL) {
                server_accept(listener);

            } else if (events[i].events & EPOLLOUT) {
                server_write(events[i].data.ptr);

            } else {
                server_read(events[i].data.ptr);
            }
        }
    }
}


static int
server_listen(int port)
{
    int                 fd, on;
    struct sockaddr_in  sin;

    fd = socket(AF_INET, SOCK_STREAM|SOCK_NONBLOCK, 0);
    if (fd == -1) {
        server_die("socket()");
    }

    on = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(int));

    memset(&sin, 0, sizeof(struct sockaddr_in));
    sin.sin_family = AF_INET;
    sin.sin_port = htons(port);
    sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);

    if (bind(fd, (struct sockaddr *) &sin, sizeof(sin)) == -1) {
        server_die("bind()");
    }

    if (listen(fd, BACKLOG) == -1) {
        server_die("listen()");
    }

    return fd;
}


static void
server_accept(int listener)
{
    int      fd, on;
    conn_t  *c;

    for ( ;; ) {
        fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
        if (fd == -1) {
            return;
        }

        on = 1;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(int));

        c = calloc(1, sizeof(conn_t));
        if (c == NULL) {
            server_die("calloc()");
        }

        c->fd = fd;
        c->size = BUFFER_SIZE;
        c->buf = malloc(c->size);

        if (c->buf == NULL) {
            server_die("malloc()");
        }

        server_wait(c, EPOLL_CTL_ADD, EPOLLIN);
    }
}


static void
server_read(conn_t *c)
{
    ssize_t  n;

    if (c->len == c->size) {

        if (c->size == BUFFER_MAX) {
            server_close(c);
            return;
        }

        c->size *= 2;
        c->buf = realloc(c->buf, c->size);

        if (c->buf == NULL) {
            server_die("realloc()");
        }
    }

    n = recv(c->fd, c->buf + c->len, c->size - c->len, 0);

    if (n == -1 && errno == EAGAIN) {
        return;
    }

    if (n <= 0) {
        server_close(c);
        return;
    }

    c->len += n;
    server_process(c);
}


/* answers the whole frames in the buffer */

static void
server_process(conn_t *c)
{
    char  *p, *fs, *end;

    p = c->buf;
    end = c->buf + c->len;

    while (c->rest.len == 0) {

        fs = server_frame(c, p, end);

        if (fs == NULL) {
            break;
        }

        if (*p != VT || fs[1] != CR || server_answer(p + 1, fs) == -1) {
            server_flush(c);
            server_close(c);
            return;
        }

        p = fs + 2;

        if (OUT_SIZE - out_len < ACK_MAX) {
            server_flush(c);
        }
    }

    server_flush(c);

    c->len = end - p;
    memmove(c->buf, p, c->len);

    if (c->rest.len != 0) {
        server_wait(c, EPOLL_CTL_MOD, EPOLLOUT);
    }
}


/* FS of the frame, NULL if it is not all there */

static char *
server_frame(conn_t *c, char *start, char *end)
{
    char  *fs;

    fs = memchr(start + c->scanned, FS, end - start - c->scanned);

    if (fs == NULL) {
        c->scanned = end - start;
        return NULL;
    }

    if (fs + 1 == end) {
        c->scanned = fs - start;
        return NULL;
    }

    c->scanned = 0;

    return fs;
}


static int
server_answer(char *msh, char *end)
{
    char   *p, sep;
    str_t   field[FIELDS], event;

    if (server_split(field, msh, end) == -1 || field[10].len == 0) {
        return -1;
    }

    sep = msh[3];
    event = server_event(&field[9], msh[4]);

    p = out + out_len;

    *p++ = VT;
    p = server_add(p, 'M', "SH", 2);
    p = server_add(p, sep, field[2].data, field[2].len);
    p = server_add(p, sep, field[5].data, field[5].len);
    p = server_add(p, sep, field[6].data, field[6].len);
    p = server_add(p, sep, field[3].data, field[3].len);
    p = server_add(p, sep, field[4].data, field[4].len);
    p = server_add(p, sep, second, SECOND_LEN);
    p = server_add(p, sep, NULL, 0);
    p = server_add(p, sep, "ACK", 3);
    p = server_add(p, msh[4], event.data, event.len);
    p = server_add(p, msh[4], "ACK", 3);
    p = server_add(p, sep, server_id(), ID_LEN);
    p = server_add(p, sep, field[11].data, field[11].len);
    p = server_add(p, sep, field[12].data, field[12].len);
    p = server_add(p, CR, "MSA", 3);
    p = server_add(p, sep, "AA", 2);
    p = server_add(p, sep, field[10].data, field[10].len);
    *p++ = CR;
    *p++ = FS;
    *p++ = CR;

    out_len = p - out;

    return 0;
}


/* field[2] to field[12] of MSH */

static int
server_split(str_t *field, char *msh, char *end)
{
    int    i;
    char  *p, *sep;

    if (end - msh > HEADER_MAX) {
        end = msh + HEADER_MAX;
    }

    if (end - msh < 8 || memcmp(msh, "MSH", 3) != 0) {
        return -1;
    }

    end = memchr(msh, CR, end - msh);
    if (end == NULL) {
        return -1;
    }

    p = msh + 4;

    for (i = 2; i < FIELDS; i++) {
        sep = memchr(p, msh[3], end - p);

        if (sep == NULL) {
            sep = end;
        }

        field[i].data = p;
        field[i].len = sep - p;

        p = (sep == end) ? end : sep + 1;
    }

    return 0;
}


/* MSH-9.2 */

static str_t
server_event(str_t *type, char sep)
{
    char   *p, *end;
    str_t   event;

    event.data = NULL;
    event.len = 0;

    p = memchr(type->data, sep, type->len);
    if (p == NULL) {
        return event;
    }

    p++;
    end = type->data + type->len;

    event.data = p;
    p = memchr(p, sep, end - p);
    event.len = (p ? p : end) - event.data;

    return event;
}


static char *
server_add(char *p, char sep, const char *data, size_t len)
{
    *p++ = sep;

    return len ? mempcpy(p, data, len) : p;
}


/* MSH-10: the time of the start in hexadecimal, and a count behind it */

static char *
server_id(void)
{
    int  i;

    static char  id[ID_LEN];

    if (id[0] == '\0') {
        snprintf(id, ID_LEN, "%08X", (unsigned) time(NULL));
        memset(id + 8, '0', ID_LEN - 8);
    }

    for (i = ID_LEN - 1; ++id[i] > '9'; i--) {
        id[i] = '0';
    }

    return id;
}


/* sends the answers of this turn, keeps what the peer does not take */

static void
server_flush(conn_t *c)
{
    ssize_t  n;

    if (out_len == 0) {
        return;
    }

    n = send(c->fd, out, out_len, MSG_NOSIGNAL);

    if (n == -1) {
        n = 0;
    }

    c->rest.len = out_len - n;
    out_len = 0;

    if (c->rest.len == 0) {
        return;
    }

    c->rest.data = malloc(c->rest.len);
    if (c->rest.data == NULL) {
        server_die("malloc()");
    }

    memcpy(c->rest.data, out + n, c->rest.len);
}


static void
server_write(conn_t *c)
{
    ssize_t  n;

    n = send(c->fd, c->rest.data, c->rest.len, MSG_NOSIGNAL);

    if (n == -1 && errno == EAGAIN) {
        return;
    }

    if (n == -1) {
        server_close(c);
        return;
    }

    c->rest.len -= n;

    if (c->rest.len != 0) {
        memmove(c->rest.data, c->rest.data + n, c->rest.len);
        return;
    }

    free(c->rest.data);
    c->rest.data = NULL;

    server_wait(c, EPOLL_CTL_MOD, EPOLLIN);
    server_process(c);
}


static void
server_wait(conn_t *c, int op, unsigned events)
{
    struct epoll_event  ev;

    ev.events = events;
    ev.data.ptr = c;

    if (epoll_ctl(ep, op, c->fd, &ev) == -1) {
        server_die("epoll_ctl()");
    }
}


static void
server_close(conn_t *c)
{
    close(c->fd);
    free(c->rest.data);
    free(c->buf);
    free(c);
}


static void
server_clock(void)
{
    time_t         now;
    struct tm      tm;

    static time_t  last;

    now = time(NULL);

    if (now == last) {
        return;
    }

    last = now;
    gmtime_r(&now, &tm);
    strftime(second, sizeof(second), "%Y%m%d%H%M%S", &tm);
}


static void
server_die(const char *what)
{
    fprintf(stderr, "ceiling: %s failed: %s\n", what, strerror(errno));
    exit(2);
}
