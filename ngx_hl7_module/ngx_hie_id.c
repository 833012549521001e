
#include <ngx_config.h>
#include <ngx_core.h>

#include <openssl/rand.h>

#if (__SSE2__)
#include <emmintrin.h>
#endif

#include "ngx_hie_id.h"


static void ngx_hie_random_seed(void);
static uint64_t ngx_hie_random_next(void);
static u_char *ngx_hie_hex_digits(u_char *p, uint64_t n);
static ngx_uint_t ngx_hie_id_valid(ngx_str_t *id);
static ngx_uint_t ngx_hie_traceparent_valid(ngx_str_t *tp);
static ngx_uint_t ngx_hie_hex(u_char *p, size_t n, ngx_uint_t zero);


/*
 * The generator of this process, xoshiro256**: ids have to be unique, not
 * secret, and the system's own generator costs more than all the rest.
 */

static uint64_t   ngx_hie_random[4];
static ngx_pid_t  ngx_hie_random_pid;

/* "00-" and the first half of the trace ids that this process makes */
static u_char     ngx_hie_trace[3 + NGX_HIE_RANDOM_LEN];


void
ngx_hie_id_make(ngx_hie_id_t *id, ngx_str_t *correlation_id,
    ngx_str_t *traceparent)
{
    u_char  *p;

    /* a fork must not repeat what its parent makes */

    if (ngx_hie_random_pid != ngx_pid) {
        ngx_hie_random_seed();
    }

    /* 00-<trace id>-<span id>-<flags> */

    p = ngx_cpymem(id->buf, ngx_hie_trace, sizeof(ngx_hie_trace));

    if (traceparent && ngx_hie_traceparent_valid(traceparent)) {
        p = ngx_cpymem(id->buf + 3, traceparent->data + 3,
                       NGX_HIE_TRACE_ID_LEN);
        *p++ = '-';
        p = ngx_hie_random_hex(p);
        *p++ = '-';
        ngx_memcpy(p, traceparent->data + 53, 2);

    } else {
        p = ngx_hie_random_hex(p);
        *p++ = '-';
        p = ngx_hie_random_hex(p);
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
ngx_hie_random_hex(u_char *p)
{
    if (ngx_hie_random_pid != ngx_pid) {
        ngx_hie_random_seed();
    }

    return ngx_hie_hex_digits(p, ngx_hie_random_next());
}


static void
ngx_hie_random_seed(void)
{
    ngx_uint_t  i;

    if (RAND_bytes((u_char *) ngx_hie_random, sizeof(ngx_hie_random)) != 1) {

        for (i = 0; i < 4; i++) {
            ngx_hie_random[i] = ((uint64_t) ngx_random() << 32)
                                ^ (uint64_t) ngx_random()
                                ^ ((uint64_t) ngx_pid << 16);
        }
    }

    /* the one state that does not change */
    ngx_hie_random[0] |= 1;

    ngx_hie_random_pid = ngx_pid;

    ngx_memcpy(ngx_hie_trace, "00-", 3);
    (void) ngx_hie_hex_digits(ngx_hie_trace + 3, ngx_hie_random_next());
}


static uint64_t
ngx_hie_random_next(void)
{
    uint64_t  *s, n, t;

    s = ngx_hie_random;

    n = s[1] * 5;
    n = ((n << 7) | (n >> 57)) * 9;

    t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = (s[3] << 45) | (s[3] >> 19);

    return n;
}


/* sixteen hexadecimal digits, a digit in each byte */

#if (__SSE2__)

static u_char *
ngx_hie_hex_digits(u_char *p, uint64_t n)
{
    __m128i  d, letters, high;

    d = _mm_loadl_epi64((__m128i *) &n);
    high = _mm_srli_epi16(d, 4);

    d = _mm_and_si128(_mm_unpacklo_epi8(high, d), _mm_set1_epi8(0x0f));
    letters = _mm_cmpgt_epi8(d, _mm_set1_epi8(9));

    /* the letters come 39 behind */

    d = _mm_add_epi8(d, _mm_set1_epi8('0'));
    d = _mm_add_epi8(d, _mm_and_si128(letters, _mm_set1_epi8(39)));

    _mm_storeu_si128((__m128i *) p, d);

    return p + 16;
}

#else

/* eight at a time */

static u_char *
ngx_hie_hex_digits(u_char *p, uint64_t n)
{
    uint64_t    d;
    ngx_uint_t  i;

    for (i = 0; i < 2; i++) {
        d = n & 0xffffffff;
        d = (d | (d << 16)) & 0x0000ffff0000ffffULL;
        d = (d | (d << 8)) & 0x00ff00ff00ff00ffULL;
        d = (d | (d << 4)) & 0x0f0f0f0f0f0f0f0fULL;

        /* 10 and more: the letters come 39 behind */

        d += 0x3030303030303030ULL
             + (((d + 0x0606060606060606ULL) >> 4) & 0x0101010101010101ULL)
               * 39;

        ngx_memcpy(p, &d, 8);

        p += 8;
        n >>= 32;
    }

    return p;
}

#endif


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
