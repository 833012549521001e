
/*
 * Between frames the reader goes byte by byte through what should be a
 * single VT; ngx_mllp_read_frame() has a function for each state there.
 * In a frame it looks for the end, and there the time is spent:
 * ngx_mllp_skip() passes over whole blocks that have nothing of interest and
 * stops at the next byte that may be, ngx_mllp_scan() looks at that byte.
 */

#include "ngx_mllp_frame.h"


/* AVX-512 where there is some: a cache line at a time */

#if (__x86_64__ && __GNUC__)

#include <immintrin.h>

#define NGX_MLLP_WIDE        __attribute__((target("avx512bw")))
#define NGX_MLLP_LINE        64
#define NGX_MLLP_WIDE_BLOCK  (4 * NGX_MLLP_LINE)

#endif


#define NGX_MLLP_PREFIXES                                                     \
    (sizeof(ngx_mllp_prefixes) / sizeof(ngx_mllp_prefix_t))

#define NGX_MLLP_VECTOR  32
#define NGX_MLLP_BLOCK   (4 * NGX_MLLP_VECTOR)

/* CR and M differ in this bit */
#define NGX_MLLP_CR_M    0x40


/* AVX2 where there is some; clang 14 drops the bodies of target_clones */

#if (__x86_64__ && __GLIBC__ && !__clang__)
#define NGX_MLLP_CLONES  __attribute__((target_clones("avx2", "default")))
#else
#define NGX_MLLP_CLONES
#endif


typedef enum {
    ngx_mllp_start = 0,     /* VT is due */
    ngx_mllp_junk,          /* between two frames */
    ngx_mllp_refused,       /* behind FS in data: VT is looked for */
    ngx_mllp_vt,            /* behind VT */
    ngx_mllp_content,
    ngx_mllp_fs,            /* the frame has ended at FS, CR may follow */
    ngx_mllp_trailer        /* behind FS CR */
} ngx_mllp_state_e;


typedef struct {
    ngx_str_t             text;
    ngx_mllp_deviation_e  kind;
} ngx_mllp_prefix_t;


/* GCC's vector extension: SSE2 or NEON, whatever the optimization level */

typedef u_char    ngx_mllp_vector_t
    __attribute__((vector_size(NGX_MLLP_VECTOR)));
typedef uint64_t  ngx_mllp_words_t
    __attribute__((vector_size(NGX_MLLP_VECTOR)));


static ngx_int_t ngx_mllp_read_start(ngx_mllp_reader_t *rd, u_char **pos,
    u_char *last, ngx_mllp_frame_t *frame);
static ngx_int_t ngx_mllp_read_prefix(ngx_mllp_reader_t *rd, u_char *p,
    u_char *last, ngx_mllp_deviation_e *kind);
static ngx_int_t ngx_mllp_read_junk(ngx_mllp_reader_t *rd, u_char **pos,
    u_char *last, ngx_mllp_frame_t *frame);
static ngx_int_t ngx_mllp_read_vt(ngx_mllp_reader_t *rd, u_char **pos,
    ngx_mllp_frame_t *frame);
static ngx_int_t ngx_mllp_read_fs(ngx_mllp_reader_t *rd, u_char **pos);
static ngx_int_t ngx_mllp_read_trailer(ngx_mllp_reader_t *rd, u_char **pos,
    u_char *last, ngx_mllp_frame_t *frame);
static ngx_int_t ngx_mllp_read_content(ngx_mllp_reader_t *rd, u_char **pos,
    u_char *last, ngx_mllp_frame_t *frame);
static ngx_int_t ngx_mllp_read_end(ngx_mllp_reader_t *rd, u_char **pos,
    ngx_mllp_frame_t *frame);
static u_char *ngx_mllp_scan(u_char *start, u_char *p, u_char *last,
    ngx_uint_t *walk);
static u_char *ngx_mllp_skip(u_char *p, u_char *last, ngx_uint_t walk);
#ifdef NGX_MLLP_WIDE
static NGX_MLLP_WIDE u_char *ngx_mllp_skip_wide(u_char *p, u_char *last,
    u_char lf, u_char cr);
#endif
NGX_MLLP_CLONES static u_char *ngx_mllp_skip_vectors(u_char *p, u_char *last,
    u_char lf, u_char cr);


/* the first one at any block start, the others where a connection starts */

static ngx_mllp_prefix_t  ngx_mllp_prefixes[] = {
    { ngx_string("MSH"), NGX_MLLP_NO_VT },
    { ngx_string("\x16\x03"), NGX_MLLP_TLS },
    { ngx_string("GET "), NGX_MLLP_HTTP },
    { ngx_string("POST "), NGX_MLLP_HTTP },
    { ngx_string("PUT "), NGX_MLLP_HTTP },
    { ngx_string("HEAD "), NGX_MLLP_HTTP },
    { ngx_string("OPTIONS "), NGX_MLLP_HTTP },
    { ngx_string("DELETE "), NGX_MLLP_HTTP },
    { ngx_string("PATCH "), NGX_MLLP_HTTP },
    { ngx_string("CONNECT "), NGX_MLLP_HTTP },
    { ngx_string("TRACE "), NGX_MLLP_HTTP },
    { ngx_string("PRI "), NGX_MLLP_HTTP }
};


static ngx_inline ngx_uint_t
ngx_mllp_tolerates(ngx_mllp_reader_t *rd, ngx_mllp_deviation_e kind)
{
    return (rd->tolerate & ngx_mllp_bit(kind)) != 0;
}


static ngx_inline void
ngx_mllp_advance(ngx_mllp_reader_t *rd, u_char **pos, size_t n)
{
    *pos += n;
    rd->offset += n;
}


static ngx_inline void
ngx_mllp_begin(ngx_mllp_reader_t *rd, ngx_mllp_state_e state)
{
    rd->state = state;
    rd->scanned = 0;
    rd->walk = 0;
}


static ngx_inline void
ngx_mllp_set_frame(ngx_mllp_reader_t *rd, u_char *start, u_char *end,
    ngx_uint_t walk, ngx_mllp_frame_t *frame)
{
    frame->start = start;
    frame->end = end;
    frame->offset = rd->offset;
    frame->walk = walk;
}


/* notes what is wrong and says whether it is allowed all the same */

static ngx_int_t
ngx_mllp_note(ngx_mllp_reader_t *rd, ngx_mllp_deviation_e kind,
    uint64_t offset, ngx_mllp_frame_t *frame)
{
    ngx_mllp_deviate(rd->deviations, kind, offset);

    frame->error = kind;

    return ngx_mllp_tolerates(rd, kind) ? NGX_OK : NGX_DECLINED;
}


ngx_int_t
ngx_mllp_read_frame(ngx_mllp_reader_t *rd, u_char **pos, u_char *last,
    ngx_mllp_frame_t *frame)
{
    ngx_int_t  rc;

    while (*pos < last) {

        switch (rd->state) {

        case ngx_mllp_start:
            rc = ngx_mllp_read_start(rd, pos, last, frame);
            break;

        case ngx_mllp_vt:
            rc = ngx_mllp_read_vt(rd, pos, frame);
            break;

        case ngx_mllp_content:
            return ngx_mllp_read_content(rd, pos, last, frame);

        case ngx_mllp_fs:
            rc = ngx_mllp_read_fs(rd, pos);
            break;

        case ngx_mllp_trailer:
            rc = ngx_mllp_read_trailer(rd, pos, last, frame);
            break;

        default: /* ngx_mllp_junk, ngx_mllp_refused */
            rc = ngx_mllp_read_junk(rd, pos, last, frame);
            break;
        }

        if (rc != NGX_OK) {
            ngx_mllp_set_frame(rd, *pos, *pos, 0, frame);
            return rc;
        }
    }

    return NGX_AGAIN;
}


ngx_int_t
ngx_mllp_read_eof(ngx_mllp_reader_t *rd)
{
    if (rd->state == ngx_mllp_fs) {
        ngx_mllp_deviate(rd->deviations, NGX_MLLP_FS_ONLY, rd->offset - 1);
        rd->state = ngx_mllp_trailer;
    }

    return ngx_mllp_in_frame(rd) ? NGX_DECLINED : NGX_OK;
}


ngx_uint_t
ngx_mllp_in_frame(ngx_mllp_reader_t *rd)
{
    return rd->state == ngx_mllp_vt || rd->state == ngx_mllp_content;
}


static ngx_int_t
ngx_mllp_read_start(ngx_mllp_reader_t *rd, u_char **pos, u_char *last,
    ngx_mllp_frame_t *frame)
{
    ngx_mllp_deviation_e  kind;

    if (**pos == NGX_MLLP_VT) {
        ngx_mllp_advance(rd, pos, 1);
        ngx_mllp_begin(rd, ngx_mllp_vt);
        return NGX_OK;
    }

    kind = NGX_MLLP_JUNK_BETWEEN;

    if (ngx_mllp_read_prefix(rd, *pos, last, &kind) == NGX_AGAIN) {
        return NGX_AGAIN;
    }

    if (ngx_mllp_note(rd, kind, rd->offset, frame) != NGX_OK) {
        return NGX_ERROR;
    }

    if (kind == NGX_MLLP_NO_VT) {
        ngx_mllp_begin(rd, ngx_mllp_content);

    } else {
        rd->state = ngx_mllp_junk;
        rd->junk = 0;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_mllp_read_prefix(ngx_mllp_reader_t *rd, u_char *p, u_char *last,
    ngx_mllp_deviation_e *kind)
{
    size_t              len;
    ngx_int_t           rc;
    ngx_uint_t          i, n;
    ngx_mllp_prefix_t  *prefix;

    rc = NGX_DECLINED;
    n = (rd->offset == 0) ? NGX_MLLP_PREFIXES : 1;

    for (i = 0; i < n; i++) {
        prefix = &ngx_mllp_prefixes[i];
        len = ngx_min(prefix->text.len, (size_t) (last - p));

        if (ngx_memcmp(p, prefix->text.data, len) != 0) {
            continue;
        }

        if (len == prefix->text.len) {
            *kind = prefix->kind;
            return NGX_OK;
        }

        rc = NGX_AGAIN;
    }

    return rc;
}


/* also passes over the rest of a refused block */

static ngx_int_t
ngx_mllp_read_junk(ngx_mllp_reader_t *rd, u_char **pos, u_char *last,
    ngx_mllp_frame_t *frame)
{
    size_t   n, room;
    u_char  *vt;

    vt = memchr(*pos, NGX_MLLP_VT, last - *pos);

    n = (vt ? vt : last) - *pos;
    room = rd->max_junk - rd->junk;

    if (n > room) {
        ngx_mllp_advance(rd, pos, room);
        (void) ngx_mllp_note(rd, NGX_MLLP_TOO_MUCH_JUNK, rd->offset, frame);
        return NGX_ERROR;
    }

    ngx_mllp_advance(rd, pos, n);
    rd->junk += n;

    if (vt) {
        rd->state = ngx_mllp_start;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_mllp_read_vt(ngx_mllp_reader_t *rd, u_char **pos, ngx_mllp_frame_t *frame)
{
    if (**pos != NGX_MLLP_VT) {
        rd->state = ngx_mllp_content;
        return NGX_OK;
    }

    if (ngx_mllp_note(rd, NGX_MLLP_DOUBLE_FRAME, rd->offset, frame) != NGX_OK) {
        return NGX_DECLINED;
    }

    ngx_mllp_advance(rd, pos, 1);

    return NGX_OK;
}


static ngx_int_t
ngx_mllp_read_trailer(ngx_mllp_reader_t *rd, u_char **pos, u_char *last,
    ngx_mllp_frame_t *frame)
{
    ngx_uint_t  fs_only;

    if (**pos == LF) {

        if (ngx_mllp_note(rd, NGX_MLLP_LF_AFTER_FS, rd->offset, frame)
            != NGX_OK)
        {
            return NGX_ERROR;
        }

        ngx_mllp_advance(rd, pos, 1);
        rd->state = ngx_mllp_start;

        return NGX_OK;
    }

    if (**pos != NGX_MLLP_FS) {
        rd->state = ngx_mllp_start;
        return NGX_OK;
    }

    fs_only = ngx_mllp_tolerates(rd, NGX_MLLP_FS_ONLY);

    if (!fs_only) {

        /* FS without CR is no trailer, but junk */

        if (last - *pos == 1) {
            return NGX_AGAIN;
        }

        if ((*pos)[1] != CR) {
            rd->state = ngx_mllp_start;
            return NGX_OK;
        }
    }

    if (ngx_mllp_note(rd, NGX_MLLP_DOUBLE_FRAME, rd->offset, frame) != NGX_OK) {
        return NGX_DECLINED;
    }

    ngx_mllp_advance(rd, pos, fs_only ? 1 : 2);
    rd->state = fs_only ? ngx_mllp_fs : ngx_mllp_trailer;

    return NGX_OK;
}


static ngx_int_t
ngx_mllp_read_fs(ngx_mllp_reader_t *rd, u_char **pos)
{
    if (**pos == CR) {
        ngx_mllp_advance(rd, pos, 1);

    } else {
        ngx_mllp_deviate(rd->deviations, NGX_MLLP_FS_ONLY, rd->offset - 1);
    }

    rd->state = ngx_mllp_trailer;

    return NGX_OK;
}


static ngx_int_t
ngx_mllp_read_content(ngx_mllp_reader_t *rd, u_char **pos, u_char *last,
    ngx_mllp_frame_t *frame)
{
    u_char      *p, *start, *limit;
    ngx_uint_t   fs_in_data;

    start = *pos;
    p = start + rd->scanned;
    limit = ((size_t) (last - start) > rd->max_size) ? start + rd->max_size
                                                     : last;

    fs_in_data = ngx_mllp_tolerates(rd, NGX_MLLP_FS_IN_DATA);

    for ( ;; ) {
        p = ngx_mllp_scan(start, p, limit, &rd->walk);
        rd->scanned = p - start;

        if (p == last) {
            return NGX_AGAIN;
        }

        if (*p != NGX_MLLP_FS || ngx_mllp_tolerates(rd, NGX_MLLP_FS_ONLY)) {
            break;
        }

        if (p + 1 == last) {
            return NGX_AGAIN;
        }

        if (p[1] == CR || p == limit || !fs_in_data) {
            break;
        }

        ngx_mllp_deviate(rd->deviations, NGX_MLLP_FS_IN_DATA,
                         rd->offset + rd->scanned);
        p++;
    }

    ngx_mllp_set_frame(rd, start, p, rd->walk, frame);

    return ngx_mllp_read_end(rd, pos, frame);
}


/* the byte at frame->end is VT, FS or the first one over max_size */

static ngx_int_t
ngx_mllp_read_end(ngx_mllp_reader_t *rd, u_char **pos,
    ngx_mllp_frame_t *frame)
{
    u_char    *p;
    size_t     size;
    uint64_t   offset;

    p = frame->end;
    size = p - frame->start;
    offset = frame->offset + size;

    if (*p == NGX_MLLP_VT) {

        if (ngx_mllp_note(rd, NGX_MLLP_VT_IN_DATA, offset, frame) != NGX_OK) {
            return NGX_DECLINED;
        }

        ngx_mllp_advance(rd, pos, size + 1);
        ngx_mllp_begin(rd, ngx_mllp_vt);

        return NGX_DONE;
    }

    if (*p == NGX_MLLP_FS) {

        if (ngx_mllp_tolerates(rd, NGX_MLLP_FS_ONLY)) {
            ngx_mllp_advance(rd, pos, size + 1);
            rd->state = ngx_mllp_fs;
            return NGX_OK;
        }

        if (p[1] == CR) {
            ngx_mllp_advance(rd, pos, size + 2);
            rd->state = ngx_mllp_trailer;
            return NGX_OK;
        }

        if (ngx_mllp_note(rd, NGX_MLLP_FS_IN_DATA, offset, frame) != NGX_OK) {
            ngx_mllp_advance(rd, pos, size + 1);
            rd->state = ngx_mllp_refused;
            rd->junk = 0;
            return NGX_DECLINED;
        }

        /* FS is the byte over max_size */
    }

    (void) ngx_mllp_note(rd, NGX_MLLP_TOO_LARGE, offset, frame);

    return NGX_DECLINED;
}


/*
 * Looks for VT and FS, and notes on the way whether the segments have to be
 * looked at.  It looks back at one byte, so that does not depend on where a
 * read has ended.
 */

static u_char *
ngx_mllp_scan(u_char *start, u_char *p, u_char *last, ngx_uint_t *walk)
{
    for ( /* void */ ; p < last; p++) {

        if (p > start) {
            p = ngx_mllp_skip(p, last, *walk);

            if (p == last) {
                break;
            }
        }

        switch (*p) {

        case NGX_MLLP_VT:
        case NGX_MLLP_FS:
            return p;

        case LF:
            *walk = 1;
            break;

        case CR:
        case 'M':
            if (p > start && p[-1] == CR) {
                *walk = 1;
            }

            break;
        }
    }

    return p;
}


/*
 * The first byte that ngx_mllp_scan() must look at, or "last": VT, FS, LF,
 * and CR or M behind CR.  When it is known that there is something to walk
 * for, FS takes the place of LF and of the first CR.  The byte before p is
 * read as well.
 */

static u_char *
ngx_mllp_skip(u_char *p, u_char *last, ngx_uint_t walk)
{
    u_char  lf, cr;

    lf = walk ? NGX_MLLP_FS : LF;
    cr = walk ? NGX_MLLP_FS : CR;

#ifdef NGX_MLLP_WIDE

    if (__builtin_cpu_supports("avx512bw")) {
        return ngx_mllp_skip_wide(p, last, lf, cr);
    }

#endif

    return ngx_mllp_skip_vectors(p, last, lf, cr);
}


#ifdef NGX_MLLP_WIDE

/*
 * Bytes that are looked for, at the place that their low four bits say: those
 * become 0.  FS in the place of another byte is found there by nobody.
 */

static ngx_inline NGX_MLLP_WIDE __m512i
ngx_mllp_table(u_char lf, u_char cr)
{
    return _mm512_broadcast_i32x4(
               _mm_setr_epi8(-1, 0, 0, 0, 0, 0, 0, 0, 0, 0, (char) lf,
                             NGX_MLLP_VT, NGX_MLLP_FS, (char) cr, 0, 0));
}


static ngx_inline NGX_MLLP_WIDE __m512i
ngx_mllp_look_up(__m512i v, __m512i table)
{
    return _mm512_xor_si512(_mm512_shuffle_epi8(table, v), v);
}


/* a bit for each byte to stop at; v1 has the bytes before those of v */

static ngx_inline NGX_MLLP_WIDE __mmask64
ngx_mllp_line(__m512i v, __m512i v1, __m512i table, __m512i cr)
{
    __m512i  second;

    second = _mm512_andnot_si512(_mm512_set1_epi8(NGX_MLLP_CR_M), v);
    second = _mm512_xor_si512(second, _mm512_set1_epi8(CR));

    v = _mm512_min_epu8(ngx_mllp_look_up(v, table),
                        _mm512_or_si512(second, _mm512_xor_si512(v1, cr)));

    return _mm512_testn_epi8_mask(v, v);
}


/* whether a block has nothing to stop at: most have no CR at all */

static ngx_inline NGX_MLLP_WIDE ngx_uint_t
ngx_mllp_clean(u_char *p, u_char cr, __m512i coarse, __m512i fine,
    __m512i first)
{
    __m512i     v;
    __mmask64   marks;
    ngx_uint_t  i;

    v = _mm512_set1_epi8(-1);

    for (i = 0; i < NGX_MLLP_WIDE_BLOCK; i += NGX_MLLP_LINE) {
        v = _mm512_min_epu8(v, ngx_mllp_look_up(_mm512_loadu_si512(p + i),
                                                coarse));
    }

    marks = _mm512_testn_epi8_mask(v, v);

    if (marks == 0 && p[-1] != cr) {
        return 1;
    }

    marks = 0;

    for (i = 0; i < NGX_MLLP_WIDE_BLOCK; i += NGX_MLLP_LINE) {
        marks |= ngx_mllp_line(_mm512_loadu_si512(p + i),
                               _mm512_loadu_si512(p + i - 1), fine,
                               first);
    }

    return marks == 0;
}


/* from a cache line on: loads that cross one cost twice */

static NGX_MLLP_WIDE u_char *
ngx_mllp_skip_wide(u_char *p, u_char *last, u_char lf, u_char cr)
{
    __m512i    coarse, fine, first;
    __mmask64  in, marks;

    coarse = ngx_mllp_table(lf, cr);
    fine = ngx_mllp_table(lf, NGX_MLLP_FS);
    first = _mm512_set1_epi8((char) cr);

    if (last - p >= NGX_MLLP_LINE) {

        marks = ngx_mllp_line(_mm512_loadu_si512(p),
                              _mm512_loadu_si512(p - 1), fine, first);
        if (marks) {
            return p + __builtin_ctzll(marks);
        }

        p = ngx_align_ptr(p + 1, NGX_MLLP_LINE);
    }

    while (last - p >= NGX_MLLP_WIDE_BLOCK
           && ngx_mllp_clean(p, cr, coarse, fine, first))
    {
        p += NGX_MLLP_WIDE_BLOCK;
    }

    for ( /* void */ ; last - p >= NGX_MLLP_LINE; p += NGX_MLLP_LINE) {

        marks = ngx_mllp_line(_mm512_loadu_si512(p),
                              _mm512_loadu_si512(p - 1), fine, first);
        if (marks) {
            return p + __builtin_ctzll(marks);
        }
    }

    /* the bytes behind "last" are not read */

    in = ((__mmask64) 1 << (last - p)) - 1;

    marks = ngx_mllp_line(_mm512_maskz_loadu_epi8(in, p),
                          _mm512_maskz_loadu_epi8(in, p - 1), fine, first);

    return marks ? p + __builtin_ctzll(marks) : last;
}

#endif


/* marks the bytes of a vector that ngx_mllp_scan() must look at */

static ngx_inline void
ngx_mllp_mark(u_char *p, u_char lf, u_char cr, ngx_mllp_vector_t *marks)
{
    ngx_mllp_vector_t  v, v1;

    ngx_memcpy(&v, p, NGX_MLLP_VECTOR);
    ngx_memcpy(&v1, p - 1, NGX_MLLP_VECTOR);

    *marks |= (ngx_mllp_vector_t) ((v == NGX_MLLP_VT)
                                   | (v == NGX_MLLP_FS)
                                   | (v == lf)
                                   | (((v & ~NGX_MLLP_CR_M) == CR)
                                      & (v1 == cr)));
}


/* whether any byte is marked */

static ngx_inline ngx_uint_t
ngx_mllp_marked(ngx_mllp_vector_t *marks)
{
    ngx_mllp_words_t  w;

    w = (ngx_mllp_words_t) *marks;

    return (w[0] | w[1] | w[2] | w[3]) != 0;
}


NGX_MLLP_CLONES static u_char *
ngx_mllp_skip_vectors(u_char *p, u_char *last, u_char lf, u_char cr)
{
    size_t             i;
    ngx_mllp_vector_t  marks;
    u_char             bytes[NGX_MLLP_VECTOR];

    marks = (ngx_mllp_vector_t) { 0 };

    for ( /* void */ ; last - p >= NGX_MLLP_BLOCK; p += NGX_MLLP_BLOCK) {

        for (i = 0; i < NGX_MLLP_BLOCK; i += NGX_MLLP_VECTOR) {
            ngx_mllp_mark(p + i, lf, cr, &marks);
        }

        if (ngx_mllp_marked(&marks)) {
            break;
        }
    }

    marks = (ngx_mllp_vector_t) { 0 };

    for ( /* void */ ; last - p >= NGX_MLLP_VECTOR; p += NGX_MLLP_VECTOR) {

        ngx_mllp_mark(p, lf, cr, &marks);

        if (ngx_mllp_marked(&marks)) {
            ngx_memcpy(bytes, &marks, NGX_MLLP_VECTOR);

            for (i = 0; bytes[i] == 0; i++) { /* void */ }

            return p + i;
        }
    }

    for ( /* void */ ; p < last; p++) {

        if (*p == NGX_MLLP_VT || *p == NGX_MLLP_FS || *p == lf
            || ((*p & ~NGX_MLLP_CR_M) == CR && p[-1] == cr))
        {
            break;
        }
    }

    return p;
}
