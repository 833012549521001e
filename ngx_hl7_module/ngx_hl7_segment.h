
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
 * Eight bytes at a time: the high bit of each byte of the result says that
 * this byte of "w" is "ch".
 */

#define NGX_HL7_ONES  0x0101010101010101ULL

static ngx_inline uint64_t
ngx_hl7_match(uint64_t w, u_char ch)
{
    w ^= NGX_HL7_ONES * ch;

    return ~(((w & (NGX_HL7_ONES * 0x7f)) + NGX_HL7_ONES * 0x7f) | w
             | NGX_HL7_ONES * 0x7f);
}


/* eight bytes, the first one lowest; only "n" of them when there are less */

static ngx_inline uint64_t
ngx_hl7_load(u_char *p, size_t n)
{
    uint64_t  w;

    w = 0;

    if (n >= 8) {
        ngx_memcpy(&w, p, 8);

    } else {
        ngx_memcpy(&w, p, n);
    }

#if (!NGX_HAVE_LITTLE_ENDIAN)
    w = __builtin_bswap64(w);
#endif

    return w;
}


/* the index of the first byte that a result has */

#define ngx_hl7_first(match)  (__builtin_ctzll(match) >> 3)


/* the CR or LF that ends the segment, or "end" */

static ngx_inline u_char *
ngx_hl7_segment_end(u_char *p, u_char *end)
{
    uint64_t  w, match;

    for ( /* void */ ; p < end; p += 8) {
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
