
/*
 * UTF-8 text several bytes at a time: what the reader and the printer of JSON
 * stop at, and the length of a character.
 */

#ifndef _NGX_CANONICAL_TEXT_H_INCLUDED_
#define _NGX_CANONICAL_TEXT_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_hl7_segment.h"


/* the bits that a match may have */

#if (__SSE2__)
#define NGX_CANONICAL_TEXT_ALL  0xffff
#else
#define NGX_CANONICAL_TEXT_ALL  (NGX_HL7_ONES * 0x80)
#endif


/*
 * Which bytes are the quote, the backslash, a control character or part of a
 * character outside of ASCII; the zeros of a short word are among them.
 */

static ngx_inline ngx_hl7_match_t
ngx_canonical_text_special(ngx_hl7_word_t w)
{
#if (__SSE2__)

    /* signed: bytes above 0x7f are less than zero */

    return (ngx_uint_t) _mm_movemask_epi8(
               _mm_or_si128(_mm_cmplt_epi8(w, _mm_set1_epi8(0x20)),
                            _mm_or_si128(
                                _mm_cmpeq_epi8(w, _mm_set1_epi8('"')),
                                _mm_cmpeq_epi8(w, _mm_set1_epi8('\\')))));

#else

    return ngx_hl7_match(w, '"') | ngx_hl7_match(w, '\\')
           | ((~((w & (NGX_HL7_ONES * 0x7f)) + NGX_HL7_ONES * 0x60) | w)
              & NGX_CANONICAL_TEXT_ALL);

#endif
}


/* which bytes are no white space of JSON; the zeros are among them */

static ngx_inline ngx_hl7_match_t
ngx_canonical_text_solid(ngx_hl7_word_t w)
{
    return (ngx_hl7_match(w, ' ') | ngx_hl7_match(w, LF)
            | ngx_hl7_match(w, CR) | ngx_hl7_match(w, '\t'))
           ^ NGX_CANONICAL_TEXT_ALL;
}


/*
 * ngx_hl7_load() for short texts: those bytes that are there, without a
 * loop; zeros follow.
 */

static ngx_inline ngx_hl7_word_t
ngx_canonical_text_load(u_char *p, size_t n)
{
#if (__SSE2__)

    uint32_t  low, high;
    uint64_t  first, last;

    if (n >= NGX_HL7_WORD) {
        return _mm_loadu_si128((__m128i *) (void *) p);
    }

    /* two parts, which overlap */

    if (n >= 8) {
        ngx_memcpy(&first, p, 8);
        ngx_memcpy(&last, p + n - 8, 8);

        /* in two steps: there is no shift by 64 */

        last = (last >> 8) >> (8 * (15 - n));

        return _mm_set_epi64x((long long) last, (long long) first);
    }

    if (n >= 4) {
        ngx_memcpy(&low, p, 4);
        ngx_memcpy(&high, p + n - 4, 4);

        first = low | (uint64_t) high << (8 * (n - 4));

    } else {
        first = 0;

        if (n) {
            first = p[0] | p[n / 2] << (8 * (n / 2))
                    | p[n - 1] << (8 * (n - 1));
        }
    }

    return _mm_set_epi64x(0, (long long) first);

#else

    return ngx_hl7_load(p, n);

#endif
}


/* all of a word, in the order that it was loaded in */

static ngx_inline void
ngx_canonical_text_store(u_char *p, ngx_hl7_word_t w)
{
#if (!__SSE2__ && !NGX_HAVE_LITTLE_ENDIAN)
    w = __builtin_bswap64(w);
#endif

    ngx_memcpy(p, &w, NGX_HL7_WORD);
}


/* the length of the character at "p" in bytes; 0: it is not UTF-8 */

static ngx_inline size_t
ngx_canonical_text_utf8(u_char *p, u_char *end)
{
    u_char  min, max;
    size_t  n;

    min = 0x80;
    max = 0xbf;

    if (p[0] < 0x80) {
        return 1;

    } else if (p[0] < 0xc2) {
        return 0;

    } else if (p[0] < 0xe0) {
        n = 2;

    } else if (p[0] < 0xf0) {
        n = 3;

        /* neither overlong nor half of a surrogate pair */

        if (p[0] == 0xe0) {
            min = 0xa0;

        } else if (p[0] == 0xed) {
            max = 0x9f;
        }

    } else if (p[0] < 0xf5) {
        n = 4;

        /* neither overlong nor above U+10FFFF */

        if (p[0] == 0xf0) {
            min = 0x90;

        } else if (p[0] == 0xf4) {
            max = 0x8f;
        }

    } else {
        return 0;
    }

    if ((size_t) (end - p) < n || p[1] < min || p[1] > max
        || (n > 2 && (p[2] & 0xc0) != 0x80)
        || (n > 3 && (p[3] & 0xc0) != 0x80))
    {
        return 0;
    }

    return n;
}


#endif /* _NGX_CANONICAL_TEXT_H_INCLUDED_ */
