
/*
 * The messages that the load generator sends.  A message is kept framed and
 * in two pieces, what is before MSH-10 and what is behind it, so that each
 * one sent has a control id of its own and nothing is copied for it.
 */

#ifndef _MESSAGE_H_INCLUDED_
#define _MESSAGE_H_INCLUDED_


#include <stddef.h>


#define MLLP_VT  0x0b
#define MLLP_FS  0x1c
#define MLLP_CR  0x0d


typedef struct {
    char    *head;               /* VT and MSH up to MSH-10 */
    size_t   head_len;
    char    *tail;               /* from behind MSH-10 to FS CR */
    size_t   tail_len;
} message_t;


/*
 * "adt": an ADT^A01 of 1.5 KB, "oru": an ORU^R01 of 60 KB with an embedded
 * document, any other name: a file that holds one message, not framed.
 * Returns 0, or -1 if there is no such message.
 */
int message_open(message_t *m, const char *name);


#endif /* _MESSAGE_H_INCLUDED_ */
