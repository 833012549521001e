
/*
 * The walk over segments that needs no message: where one ends, where the
 * next one begins and what its name is.  CR, LF and CRLF end a segment.
 */

#ifndef _NGX_HL7_SEGMENT_H_INCLUDED_
#define _NGX_HL7_SEGMENT_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/* a segment's name as one number, to be switched on */

#define ngx_hl7_name(a, b, c)  ((ngx_uint_t) (a) << 16 | (b) << 8 | (c))

#define NGX_HL7_MSH  ngx_hl7_name('M', 'S', 'H')
#define NGX_HL7_MSA  ngx_hl7_name('M', 'S', 'A')
#define NGX_HL7_SFT  ngx_hl7_name('S', 'F', 'T')
#define NGX_HL7_UAC  ngx_hl7_name('U', 'A', 'C')
#define NGX_HL7_FHS  ngx_hl7_name('F', 'H', 'S')
#define NGX_HL7_BHS  ngx_hl7_name('B', 'H', 'S')
#define NGX_HL7_BTS  ngx_hl7_name('B', 'T', 'S')
#define NGX_HL7_FTS  ngx_hl7_name('F', 'T', 'S')


/* the first three bytes, or 0 if there are less */

static ngx_inline ngx_uint_t
ngx_hl7_segment_name(u_char *p, u_char *end)
{
    return (end - p < 3) ? 0 : ngx_hl7_name(p[0], p[1], p[2]);
}


/*
 * Several bytes at a time: ngx_hl7_load() takes up to NGX_HL7_WORD of them,
 * ngx_hl7_match() says which of them are "ch", with bits in their order, and
 * ngx_hl7_first() is the index of the first one of these.
 */

#if (__SSE2__)

#include <emmintrin.h>

#define NGX_HL7_WORD  16

typedef __m128i     ngx_hl7_word_t;
typedef ngx_uint_t  ngx_hl7_match_t;

#define ngx_hl7_first(match)  ((size_t) __builtin_ctzll(match))


static ngx_inline ngx_hl7_match_t
ngx_hl7_match(ngx_hl7_word_t w, u_char ch)
{
    return (ngx_uint_t) _mm_movemask_epi8(_mm_cmpeq_epi8(w,
                                              _mm_set1_epi8((char) ch)));
}

#else

#define NGX_HL7_WORD  8
#define NGX_HL7_ONES  0x0101010101010101ULL

typedef uint64_t  ngx_hl7_word_t;
typedef uint64_t  ngx_hl7_match_t;

#define ngx_hl7_first(match)  ((size_t) __builtin_ctzll(match) / 8)


static ngx_inline ngx_hl7_match_t
ngx_hl7_match(ngx_hl7_word_t w, u_char ch)
{
    w ^= NGX_HL7_ONES * ch;

    /* the high bit of each byte that is zero, of no other */

    return ~(((w & (NGX_HL7_ONES * 0x7f)) + NGX_HL7_ONES * 0x7f) | w
             | NGX_HL7_ONES * 0x7f);
}

#endif


/* of less than a word, zeros follow */

static ngx_inline ngx_hl7_word_t
ngx_hl7_load(u_char *p, size_t n)
{
    ngx_hl7_word_t  w, part;

    if (n >= NGX_HL7_WORD) {
        ngx_memcpy(&w, p, NGX_HL7_WORD);

    } else {

        /* in memory of its own: "w" is to stay in a register */

        ngx_memzero(&part, NGX_HL7_WORD);
        ngx_memcpy(&part, p, n);
        w = part;
    }

#if (!__SSE2__ && !NGX_HAVE_LITTLE_ENDIAN)
    w = __builtin_bswap64(w);
#endif

    return w;
}


/* the CR or LF that ends the segment, or "end" */

static ngx_inline u_char *
ngx_hl7_segment_end(u_char *p, u_char *end)
{
    ngx_hl7_word_t   w;
    ngx_hl7_match_t  match;

    for ( /* void */ ; p < end; p += NGX_HL7_WORD) {
        w = ngx_hl7_load(p, end - p);
        match = ngx_hl7_match(w, CR) | ngx_hl7_match(w, LF);

        if (match) {
            return p + ngx_hl7_first(match);
        }
    }

    return end;
}


/* the start of the next segment, given the end of this one */

static ngx_inline u_char *
ngx_hl7_segment_next(u_char *p, u_char *end)
{
    if (end - p >= 2 && p[0] == CR && p[1] == LF) {
        return p + 2;
    }

    return (p < end) ? p + 1 : end;
}


#endif /* _NGX_HL7_SEGMENT_H_INCLUDED_ */
