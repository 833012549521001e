
/*
 * A connection of the load generator: it sends messages, up to a window of
 * them in flight, and checks the answer of each.
 */

#ifndef _CONN_H_INCLUDED_
#define _CONN_H_INCLUDED_


#include <stdint.h>

#include "message.h"


#define ID_LEN      20               /* the longest MSH-10 there may be */
#define WINDOW_MAX  64
#define ACKS_SIZE   16384            /* read buffer of a connection */

#define NSEC        1000000000ull


typedef struct {
    int          fd;                 /* -1 when it is lost */
    int          number;
    uint64_t     queued;             /* messages */
    uint64_t     acked;
    uint64_t     sent;               /* bytes */
    uint64_t     stamp[WINDOW_MAX];  /* when it was queued */
    char         id[WINDOW_MAX][ID_LEN];
    size_t       len;                /* of acks */
    char         acks[ACKS_SIZE];
} conn_t;


/* what is wrong with an answer */

enum {
    BAD_FRAME = 0,                   /* not an acknowledgement in a frame */
    BAD_CODE,                        /* not AA */
    BAD_ID,                          /* of another message, or out of order */
    BAD_LOST,                        /* no answer: closed or timed out */
    BAD_KINDS
};


/* what all connections have in common */

typedef struct {
    int          port;
    int          window;
    int          refill;             /* an answer makes room for a message */
    int          counting;           /* latencies count */
    message_t    message;
    size_t       frame_len;

    int          alive;              /* connections */
    uint64_t     acked;
    uint64_t     bad[BAD_KINDS];
} load_t;


extern load_t  load;


void conn_connect(conn_t *c);

/* queues a message, and sends what is queued; "flags" are those of send() */
void conn_queue(conn_t *c, uint64_t now);
void conn_send(conn_t *c, int flags);

/* takes and checks the answers that are there */
void conn_receive(conn_t *c, int flags);

/* messages without an answer are lost */
void conn_close(conn_t *c);

/* nanoseconds */
uint64_t load_time(void);

void load_die(const char *what);


#endif /* _CONN_H_INCLUDED_ */
