
/*
 * The MLLP listener of stream{}: its configuration, a connection (session)
 * and a message on its way.
 *
 *   ngx_stream_mllp_module.c    directives, variables
 *   ngx_stream_mllp_session.c   the turns of a connection, timers
 *   ngx_stream_mllp_io.c        bytes in, bytes out, closing
 *   ngx_stream_mllp_message.c   a frame, its messages, their requests
 *   ngx_stream_mllp_uri.c       the URI of a message
 *   ngx_stream_mllp_reply.c     what a message is answered with
 */

#ifndef _NGX_STREAM_MLLP_H_INCLUDED_
#define _NGX_STREAM_MLLP_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>
#include <ngx_stream.h>

#include "ngx_mllp_frame.h"
#include "ngx_mllp_quarantine.h"
#include "ngx_hl7_envelope.h"
#include "ngx_hl7_ack.h"
#include "ngx_hl7_variables.h"
#include "ngx_http_dispatch.h"


#define NGX_STREAM_MLLP_STATUS_MAX  600

/* bytes of MSH that are remembered for the log of the connection */
#define NGX_STREAM_MLLP_LAST_MAX    512

/* bytes of acknowledgements that need no memory of their own */
#define NGX_STREAM_MLLP_ACK_SIZE    768


typedef struct ngx_stream_mllp_piece_s  ngx_stream_mllp_piece_t;
typedef struct ngx_stream_mllp_route_s  ngx_stream_mllp_route_t;


typedef struct {
    ngx_http_core_srv_conf_t     *server;
    ngx_stream_complex_value_t   *uri;
    ngx_stream_complex_value_t   *args;        /* NULL: no "?" in the URI */
    ngx_stream_mllp_piece_t      *pieces;      /* NULL: variables that are
                                                  not of MSH */
    ngx_uint_t                    by_type;     /* the URI depends on MSH-9
                                                  only */

    size_t                        max_size;
    size_t                        max_header;
    size_t                        max_junk;
    size_t                        buffer_size;
    size_t                        ack_max_size;

    ngx_msec_t                    read_timeout;
    ngx_msec_t                    idle_timeout;
    ngx_msec_t                    send_timeout;
    ngx_msec_t                    quiet_timeout;

    ngx_uint_t                    inflight;
    ngx_uint_t                    tolerate;    /* ngx_mllp_bit(kind)s */

    ngx_uint_t                    ack;         /* ngx_hl7_ack_mode_e */
    u_char                       *ack_map;     /* ngx_hl7_outcome_e of status */

    ngx_hl7_charset_t            *charset;
    ngx_mllp_quarantine_t        *quarantine;
} ngx_stream_mllp_srv_conf_t;


/* a receive buffer; messages in it keep it until their requests end */

typedef struct {
    ngx_uint_t                    refs;
    u_char                       *last;
    u_char                       *end;
    u_char                        data[1];
} ngx_stream_mllp_buf_t;


typedef struct {
    ngx_stream_session_t         *stream;
    ngx_connection_t             *connection;
    ngx_stream_mllp_srv_conf_t   *conf;

    /* in: [pos, in->last) has not been consumed */

    ngx_stream_mllp_buf_t        *in;
    u_char                       *pos;
    size_t                        size;        /* of the next buffer */
    ngx_mllp_reader_t             reader;
    ngx_mllp_deviations_t         deviations;  /* since the last frame */

    /* the frame whose messages are being dispatched */

    ngx_stream_mllp_buf_t        *frame;       /* NULL: none */
    ngx_hl7_envelope_t            envelope;
    uint32_t                      frame_deviations;

    /* messages: in order of receipt until answered; alive while requested */

    ngx_queue_t                   messages;
    ngx_queue_t                   alive;
    ngx_uint_t                    inflight;    /* in either of the queues */

    /* out: [out_pos, out_last) has to be sent */

    u_char                       *out;
    u_char                       *out_pos;
    u_char                       *out_last;
    u_char                       *out_end;

    ngx_event_t                   resume;      /* there may be more to take */
    ngx_event_t                   finish;      /* the turn is over */

    /* the response batch that is being sent */

    ngx_uint_t                    batch_acks;
    ngx_uint_t                    batch_negative;

    /* for variables: the message of the moment, and the last one's MSH */

    ngx_hl7_context_t            *context;
    u_char                       *last;
    size_t                        last_len;
    size_t                        last_size;
    ngx_str_t                     last_ack;

    ngx_stream_mllp_route_t      *routes;      /* URIs made before, or NULL */

    ngx_uint_t                    received;    /* messages */
    ngx_uint_t                    refused;     /* with a negative ack */
    uint32_t                      seen;        /* deviations ever */
    ngx_uint_t                    overdue;     /* frames since the worker
                                                  should have ended */

    unsigned                      processing:1;
    unsigned                      unseen:1;    /* bytes for the reader */
    unsigned                      progress:1;  /* bytes came in this turn */
    unsigned                      eof:1;       /* the peer sends no more */
    unsigned                      closing:1;   /* read no more, answer, close */
    unsigned                      error:1;     /* the peer is gone */
    unsigned                      aborted:1;   /* so are its requests */
} ngx_stream_mllp_session_t;


typedef enum {
    NGX_STREAM_MLLP_MESSAGE = 0,
    NGX_STREAM_MLLP_BATCH_BEGIN,
    NGX_STREAM_MLLP_BATCH_END
} ngx_stream_mllp_message_e;


typedef struct ngx_stream_mllp_message_s  ngx_stream_mllp_message_t;

struct ngx_stream_mllp_message_s {
    ngx_queue_t                   queue;
    ngx_queue_t                   alive;

    ngx_stream_mllp_session_t    *session;
    ngx_stream_mllp_buf_t        *buffer;
    ngx_http_dispatch_t          *dispatch;    /* NULL: no request (any more) */
    ngx_stream_mllp_message_e     kind;
    ngx_stream_mllp_route_t      *route;       /* NULL: not known yet */

    ngx_hl7_context_t             context;

    /* of a batch, in the entries before and after its messages */

    ngx_str_t                     fhs;
    ngx_str_t                     bhs;

    /* what is sent, framed but for messages of a batch */

    u_char                       *ack;
    size_t                        ack_len;

    unsigned                      queued:1;
    unsigned                      answered:1;
    unsigned                      negative:1;
    unsigned                      batch:1;     /* one of a batch's messages */

    ngx_stream_mllp_message_t    *next;        /* of those that are spare */

    u_char                        buf[NGX_STREAM_MLLP_ACK_SIZE];
};


/* ngx_stream_mllp_module.c */

/*
 * The context that variables tell of: the message of the moment, between
 * messages and in the log of the connection the last one; NULL: none yet.
 */
ngx_hl7_context_t *ngx_stream_mllp_context(ngx_stream_session_t *s);


/* ngx_stream_mllp_session.c */

/* the content handler of a server with mllp_pass */
void ngx_stream_mllp_handler(ngx_stream_session_t *s);

/* has the session go on after the handlers that run now */
void ngx_stream_mllp_wake(ngx_stream_mllp_session_t *ms);


/* ngx_stream_mllp_io.c */

/* makes room in ms->in for the next read; NGX_OK or NGX_ERROR */
ngx_int_t ngx_stream_mllp_space(ngx_stream_mllp_session_t *ms);

/* NGX_OK: bytes came, or ms->eof was set; NGX_AGAIN; NGX_ERROR */
ngx_int_t ngx_stream_mllp_recv(ngx_stream_mllp_session_t *ms);

/*
 * Sends what there is to send; ms->out is NULL when all of it is sent.  NGX_OK
 * or NGX_ERROR.
 */
ngx_int_t ngx_stream_mllp_send(ngx_stream_mllp_session_t *ms);

/* sets ms->error if the peer has reset the connection */
void ngx_stream_mllp_check_peer(ngx_stream_mllp_session_t *ms);

/*
 * Closes the connection, the first one after the peer has read all.  No
 * request shares the socket any more, and the session is gone, now or later.
 */
void ngx_stream_mllp_linger(ngx_connection_t *c);
void ngx_stream_mllp_close(ngx_stream_mllp_session_t *ms);

void ngx_stream_mllp_buf_free(ngx_stream_mllp_buf_t *b);


/* ngx_stream_mllp_message.c */

/*
 * Takes a frame that the reader found in ms->in.  What can be said about it as a whole
 * is said; its messages come with ngx_stream_mllp_next_message().
 */
void ngx_stream_mllp_open_frame(ngx_stream_mllp_session_t *ms,
    ngx_mllp_frame_t *frame);

/* runs the next message of the frame; NGX_DONE when that was the last */
ngx_int_t ngx_stream_mllp_next_message(ngx_stream_mllp_session_t *ms);

/*
 * Refuses what the reader could not take as a frame, with a negative
 * acknowledgement if its MSH can be read.
 */
void ngx_stream_mllp_refuse_frame(ngx_stream_mllp_session_t *ms,
    ngx_mllp_frame_t *frame, const char *text);

/* keeps the raw bytes of what cannot be a message, if that is configured */
void ngx_stream_mllp_quarantine(ngx_stream_mllp_session_t *ms,
    ngx_mllp_frame_t *frame, ngx_mllp_deviation_e deviation);

/* logs and forgets the deviations since the last frame; returns the set */
uint32_t ngx_stream_mllp_log_deviations(ngx_stream_mllp_session_t *ms);

/* ends the requests of a session whose peer is gone */
void ngx_stream_mllp_abort(ngx_stream_mllp_session_t *ms);

void ngx_stream_mllp_message_free(ngx_stream_mllp_message_t *m);


/* ngx_stream_mllp_uri.c */

/* compiles the URI of mllp_pass; NGX_ERROR: the error has been logged */
ngx_int_t ngx_stream_mllp_uri_compile(ngx_conf_t *cf, ngx_str_t *value,
    ngx_stream_mllp_srv_conf_t *conf);

/*
 * What is known by an earlier message of this connection with the same MSH-9,
 * for ngx_stream_mllp_message_t.route until the next URI is made, or NULL.
 */
ngx_stream_mllp_route_t *ngx_stream_mllp_known(ngx_stream_mllp_session_t *ms,
    ngx_hl7_message_t *m);

/*
 * The URI for a message, in memory of "pool" or of the configuration.
 * NGX_ERROR: no memory, or it is not safe, with m->context.error.
 */
ngx_int_t ngx_stream_mllp_uri(ngx_stream_mllp_message_t *m,
    ngx_pool_t *pool, ngx_str_t *uri, ngx_str_t *args);


/* ngx_stream_mllp_reply.c */

/*
 * Makes the acknowledgements that a message is owed.  "error" says why when
 * the outcome is not to accept.
 */
void ngx_stream_mllp_reply(ngx_stream_mllp_message_t *m,
    ngx_hl7_outcome_e outcome, ngx_hl7_error_t *error);

/* the same by the response of the location */
void ngx_stream_mllp_reply_response(ngx_stream_mllp_message_t *m,
    ngx_http_dispatch_t *d);

/*
 * Moves the acknowledgements that are ready, in order, to the bytes to be
 * sent.  NGX_OK or NGX_ERROR.
 */
ngx_int_t ngx_stream_mllp_flush(ngx_stream_mllp_session_t *ms);


extern ngx_module_t  ngx_stream_mllp_module;


#endif /* _NGX_STREAM_MLLP_H_INCLUDED_ */
