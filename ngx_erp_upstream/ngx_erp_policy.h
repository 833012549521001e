
/*
 * What becomes of a delivery after an attempt: delays, Retry-After, breakers.
 * Times are milliseconds since the epoch, durations milliseconds.
 */

#ifndef _NGX_ERP_POLICY_H_INCLUDED_
#define _NGX_ERP_POLICY_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/* the outcome of an attempt */

typedef enum {
    NGX_ERP_DONE = 1,        /* in effect */
    NGX_ERP_RETRY,           /* may go next time: uses up an attempt */
    NGX_ERP_DOWN,            /* the destination's fault: uses up none */
    NGX_ERP_UNKNOWN,         /* sent, not answered: it may be in effect */
    NGX_ERP_BAD              /* never: dead letter */
} ngx_erp_outcome_e;


typedef enum {
    NGX_ERP_JITTER_NONE = 0,
    NGX_ERP_JITTER_FULL,     /* 0 to the delay */
    NGX_ERP_JITTER_EQUAL     /* half of it to all of it */
} ngx_erp_jitter_e;


/* erp_retry */

typedef struct {
    uint64_t           base;
    ngx_uint_t         factor;       /* in hundredths: 200 doubles */
    uint64_t           max;
    ngx_erp_jitter_e   jitter;
    ngx_uint_t         attempts;     /* 0: any number */
    uint64_t           ttl;          /* of a delivery, 0: for ever */
    uint64_t           retry_after;  /* the longest one that is believed */
} ngx_erp_retry_t;


/*
 * The delay before the next attempt, "failed" of them having failed, from 1;
 * "random" is any number.  Never overflows; at least 1 unless base is 0.  A
 * factor below 100 is taken as 100.
 */
uint64_t ngx_erp_retry_delay(ngx_erp_retry_t *retry, ngx_uint_t failed,
    uint64_t random);

/*
 * The value of Retry-After, seconds or a date in one of the three forms of
 * RFC 9110 §5.6.7, as a delay from "now", at most retry->retry_after.
 * NGX_OK, or NGX_DECLINED: it is neither.  A date that has passed is 0.
 */
ngx_int_t ngx_erp_retry_after(ngx_erp_retry_t *retry, ngx_str_t *value,
    uint64_t now, uint64_t *delay);


/* erp_breaker */

typedef struct {
    ngx_uint_t         consecutive;  /* failures that open it, 0: never */
    ngx_uint_t         errors;       /* per cent of the window, 0: never */
    ngx_uint_t         minimum;      /* answers in a window that counts */
    uint64_t           window;       /* 0: errors are not counted */
    uint64_t           open;         /* the first time; doubles */
    uint64_t           max_open;
} ngx_erp_breaker_conf_t;


typedef enum {
    NGX_ERP_CLOSED = 0,
    NGX_ERP_OPEN,
    NGX_ERP_HALF_OPEN        /* one attempt is on its way, to see */
} ngx_erp_breaker_e;


#define NGX_ERP_BREAKER_SLICES  10

typedef struct {
    ngx_erp_breaker_e  state;
    ngx_uint_t         consecutive;
    uint64_t           until;        /* when an open one lets one through */
    uint64_t           open_for;     /* how long it was open last */

    uint64_t           slice;        /* start of the present one */
    ngx_uint_t         current;
    uint32_t           good[NGX_ERP_BREAKER_SLICES];
    uint32_t           failed[NGX_ERP_BREAKER_SLICES];
} ngx_erp_breaker_t;


/*
 * Whether an attempt may begin: NGX_OK; NGX_AGAIN with *until, when to ask
 * again (of a half-open one that is when its attempt ends: 0).  An open one
 * becomes half-open by NGX_OK.  A clock that jumps back does not make it wait
 * for longer than it was to be open.
 */
ngx_int_t ngx_erp_breaker_ask(ngx_erp_breaker_t *b,
    ngx_erp_breaker_conf_t *conf, uint64_t now, uint64_t *until);

/*
 * Takes note of an outcome: DOWN and UNKNOWN are failures of the destination,
 * DONE, RETRY and BAD are answers of one that lives.  An open breaker takes
 * none: it is of an attempt from before.  Returns whether the state has
 * changed.
 */
ngx_uint_t ngx_erp_breaker_note(ngx_erp_breaker_t *b,
    ngx_erp_breaker_conf_t *conf, ngx_erp_outcome_e outcome, uint64_t now);

/*
 * An attempt ends without an outcome: it was never made, or its worker is
 * gone.  A half-open breaker is open again and lets the next one through at
 * once; without this call it would wait for ever.
 */
void ngx_erp_breaker_cancel(ngx_erp_breaker_t *b);

/*
 * As text for a row, and back: a restart resets nothing.  _print() writes at
 * most NGX_ERP_BREAKER_LEN bytes and returns the end; _read() is NGX_OK or
 * NGX_DECLINED, then the breaker is closed.  A half-open one is read as an
 * open one whose time has come: nobody knows of its attempt.  The text is
 *
 *     open consecutive=5 until=1795000030000 for=30000
 *         slice=1795000000000 window=3/1,0/5,...
 *
 * on one line, the slices from the oldest one on, answers and failures.
 */
#define NGX_ERP_BREAKER_LEN  384

u_char *ngx_erp_breaker_print(ngx_erp_breaker_t *b, u_char *out);
ngx_int_t ngx_erp_breaker_read(ngx_erp_breaker_t *b, ngx_str_t *text);


/*
 * erp_limit rate: a bucket of one second, or of one attempt where that is
 * more.  It is full at first, all zeros but for the rate.
 */

typedef struct {
    ngx_uint_t         rate;         /* in thousandths a second, 0: any */
    uint64_t           level;        /* in millionths of one */
    uint64_t           last;
} ngx_erp_rate_t;

/* takes one: 0, or how long to wait until there is one */
uint64_t ngx_erp_rate_take(ngx_erp_rate_t *r, uint64_t now);


#endif /* _NGX_ERP_POLICY_H_INCLUDED_ */
