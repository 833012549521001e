
#include <ngx_config.h>
#include <ngx_core.h>

#include <openssl/rand.h>

#include "ngx_hie_id.h"


static ngx_uint_t ngx_hie_id_valid(ngx_str_t *id);
static ngx_uint_t ngx_hie_traceparent_valid(ngx_str_t *tp);
static ngx_uint_t ngx_hie_hex(u_char *p, size_t n, ngx_uint_t zero);


/* of this process: random bytes in store, as they are dear one by one */

static u_char     ngx_hie_random[1024];
static size_t     ngx_hie_random_left;
static ngx_pid_t  ngx_hie_random_pid;


void
ngx_hie_id_make(ngx_hie_id_t *id, ngx_str_t *correlation_id,
    ngx_str_t *traceparent)
{
    u_char  *p;

    /* 00-<trace id>-<span id>-<flags> */

    p = id->buf;
    *p++ = '0';
    *p++ = '0';
    *p++ = '-';

    if (traceparent && ngx_hie_traceparent_valid(traceparent)) {
        ngx_memcpy(p, traceparent->data + 3, NGX_HIE_TRACE_ID_LEN);
        p += NGX_HIE_TRACE_ID_LEN;
        *p++ = '-';
        p = ngx_hie_random_hex(p, 16);
        *p++ = '-';
        ngx_memcpy(p, traceparent->data + 53, 2);

    } else {
        p = ngx_hie_random_hex(p, NGX_HIE_TRACE_ID_LEN);
        *p++ = '-';
        p = ngx_hie_random_hex(p, 16);
        *p++ = '-';
        *p++ = '0';
        *p = '1';
    }

    id->traceparent.len = NGX_HIE_TRACEPARENT_LEN;
    id->traceparent.data = id->buf;

    if (correlation_id && ngx_hie_id_valid(correlation_id)) {
        id->correlation_id = *correlation_id;

    } else {
        id->correlation_id.len = NGX_HIE_TRACE_ID_LEN;
        id->correlation_id.data = id->buf + 3;
    }
}


u_char *
ngx_hie_random_hex(u_char *p, size_t n)
{
    size_t  len;

    len = n / 2;

    /* a fork must not repeat what its parent has in store */

    if (ngx_hie_random_left < len || ngx_hie_random_pid != ngx_pid) {

        if (RAND_bytes(ngx_hie_random, sizeof(ngx_hie_random)) != 1) {
            for (len = 0; len < sizeof(ngx_hie_random); len++) {
                ngx_hie_random[len] = (u_char) (ngx_random() >> 7);
            }

            len = n / 2;
        }

        ngx_hie_random_left = sizeof(ngx_hie_random);
        ngx_hie_random_pid = ngx_pid;
    }

    ngx_hie_random_left -= len;

    return ngx_hex_dump(p, ngx_hie_random + ngx_hie_random_left, len);
}


static ngx_uint_t
ngx_hie_id_valid(ngx_str_t *id)
{
    size_t  i;

    if (id->len == 0 || id->len > NGX_HIE_ID_MAX) {
        return 0;
    }

    for (i = 0; i < id->len; i++) {
        if (id->data[i] <= ' ' || id->data[i] >= 0x7f) {
            return 0;
        }
    }

    return 1;
}


static ngx_uint_t
ngx_hie_traceparent_valid(ngx_str_t *tp)
{
    u_char  *p;

    p = tp->data;

    /* a later version may add something after a dash */

    if (tp->len < NGX_HIE_TRACEPARENT_LEN
        || (tp->len > NGX_HIE_TRACEPARENT_LEN
            && (p[NGX_HIE_TRACEPARENT_LEN] != '-'
                || (p[0] == '0' && p[1] == '0'))))
    {
        return 0;
    }

    return p[2] == '-' && p[35] == '-' && p[52] == '-'
           && ngx_hie_hex(p, 2, 1)
           && !(p[0] == 'f' && p[1] == 'f')
           && ngx_hie_hex(p + 3, 32, 0)
           && ngx_hie_hex(p + 36, 16, 0)
           && ngx_hie_hex(p + 53, 2, 1);
}


/* lower case hexadecimal digits, all zeros only if "zero" allows it */

static ngx_uint_t
ngx_hie_hex(u_char *p, size_t n, ngx_uint_t zero)
{
    size_t  i;

    for (i = 0; i < n; i++) {
        if (!((p[i] >= '0' && p[i] <= '9') || (p[i] >= 'a' && p[i] <= 'f'))) {
            return 0;
        }

        if (p[i] != '0') {
            zero = 1;
        }
    }

    return zero;
}
