
/*
 * What senders do against the letter of MLLP and HL7 v2, by name.
 *
 * Each kind is one word of the directive "mllp_tolerate", one name in the
 * error log and in $hl7_deviations.  The kinds behind NGX_MLLP_UTF16 cannot
 * be tolerated: they only have a name.
 */

#ifndef _NGX_MLLP_DEVIATION_H_INCLUDED_
#define _NGX_MLLP_DEVIATION_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


typedef enum {
    /* framing: found by ngx_mllp_frame.c */

    NGX_MLLP_JUNK_BETWEEN = 0,   /* bytes between two frames */
    NGX_MLLP_NO_VT,              /* "MSH" where VT was due */
    NGX_MLLP_VT_IN_DATA,         /* a new frame before FS CR of the last */
    NGX_MLLP_FS_IN_DATA,         /* FS that CR does not follow is data */
    NGX_MLLP_FS_ONLY,            /* FS that CR does not follow is the end */
    NGX_MLLP_LF_AFTER_FS,        /* FS CR LF */
    NGX_MLLP_DOUBLE_FRAME,       /* VT VT ... FS CR FS CR */

    /* content: found by ngx_hl7_envelope.c */

    NGX_MLLP_BOM,                /* UTF-8 byte order mark before MSH */
    NGX_MLLP_DAMAGED_START,      /* other bytes before MSH in the frame */
    NGX_MLLP_LF_SEGMENTS,        /* LF or CRLF ends a segment */
    NGX_MLLP_EMPTY_SEGMENTS,     /* blank lines between segments */
    NGX_MLLP_NO_FINAL_CR,        /* the last segment has no end */
    NGX_MLLP_SHORT_DELIMITERS,   /* MSH-2 has less than four characters */
    NGX_MLLP_MULTI_MSH,          /* several messages without FHS or BHS */

    /* never tolerated */

    NGX_MLLP_UTF16,              /* content in UTF-16 or UTF-32 */
    NGX_MLLP_EMPTY_FRAME,        /* nothing between VT and FS */
    NGX_MLLP_TOO_LARGE,          /* over mllp_max_size */
    NGX_MLLP_TOO_MUCH_JUNK,      /* over mllp_max_junk */
    NGX_MLLP_TLS,                /* a TLS ClientHello on a plain port */
    NGX_MLLP_HTTP,               /* an HTTP request */

    NGX_MLLP_DEVIATIONS
} ngx_mllp_deviation_e;


/* kinds that a word of "mllp_tolerate" can allow */
#define NGX_MLLP_TOLERABLE  NGX_MLLP_UTF16

#define ngx_mllp_bit(kind)  ((ngx_uint_t) 1 << (kind))


typedef struct {
    uint32_t    set;                              /* ngx_mllp_bit(kind)s */
    uint32_t    count[NGX_MLLP_DEVIATIONS];
    uint64_t    offset[NGX_MLLP_DEVIATIONS];      /* of the first one */
} ngx_mllp_deviations_t;


extern ngx_str_t  ngx_mllp_deviation_names[NGX_MLLP_DEVIATIONS];


/*
 * Notes one deviation.  The offset is in bytes from the start of the
 * connection and is kept for the first of each kind.
 */
static ngx_inline void
ngx_mllp_deviate(ngx_mllp_deviations_t *d, ngx_mllp_deviation_e kind,
    uint64_t offset)
{
    if (!(d->set & ngx_mllp_bit(kind))) {
        d->set |= ngx_mllp_bit(kind);
        d->count[kind] = 0;
        d->offset[kind] = offset;
    }

    d->count[kind]++;
}


/*
 * The kind of a word, or NGX_ERROR if the word is unknown.  Words of kinds
 * from NGX_MLLP_TOLERABLE on are found as well: the caller compares.
 */
ngx_int_t ngx_mllp_deviation_kind(ngx_str_t *word);

/*
 * Writes the names in "set" with a comma between them, without a
 * terminator, and returns the end.  "buf" has NGX_MLLP_DEVIATIONS_LEN bytes.
 */
#define NGX_MLLP_DEVIATIONS_LEN  (NGX_MLLP_DEVIATIONS * 20)

u_char *ngx_mllp_deviations_write(u_char *buf, uint32_t set);


#endif /* _NGX_MLLP_DEVIATION_H_INCLUDED_ */
