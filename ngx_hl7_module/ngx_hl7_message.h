
/*
 * An HL7 v2 message as an index over its bytes.
 *
 * Nothing is copied and nothing is allocated: MSH is split once, segments
 * are indexed into an array that the caller gives, and fields, repetitions,
 * components and subcomponents are found on demand.
 *
 * Source: HL7 v2.9.1 chapter 2, §2.5 to §2.7 and §2.14.9 (MSH).
 */

#ifndef _NGX_HL7_MESSAGE_H_INCLUDED_
#define _NGX_HL7_MESSAGE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/* error codes of table 0357 */

#define NGX_HL7_SEGMENT_SEQUENCE    100
#define NGX_HL7_REQUIRED_FIELD      101
#define NGX_HL7_DATA_TYPE           102
#define NGX_HL7_TABLE_VALUE         103
#define NGX_HL7_VALUE_TOO_LONG      104
#define NGX_HL7_MESSAGE_TYPE        200
#define NGX_HL7_EVENT_CODE          201
#define NGX_HL7_PROCESSING_ID       202
#define NGX_HL7_VERSION_ID          203
#define NGX_HL7_DUPLICATE_KEY       205
#define NGX_HL7_INTERNAL_ERROR      207


/*
 * What is wrong with a message and where.  "text" is always our own words,
 * never bytes of the message: it may be logged and sent.
 */
typedef struct {
    ngx_uint_t      code;            /* table 0357 */
    ngx_str_t       text;
    char            segment[4];      /* "PID", or "" if none can be named */
    ngx_uint_t      occurrence;      /* of that segment, from 1 */
    ngx_uint_t      field;           /* 0: the segment as a whole */
    ngx_uint_t      repetition;      /* these three from 1, 0: not known */
    ngx_uint_t      component;
    ngx_uint_t      subcomponent;
    size_t          offset;          /* bytes from the message's start */
} ngx_hl7_error_t;


typedef struct {
    u_char          field;           /* MSH-1; the rest MSH-2 */
    u_char          component;
    u_char          repetition;
    u_char          escape;
    u_char          subcomponent;
    u_char          truncation;      /* since v2.7, else 0 */
    ngx_uint_t      given;           /* characters in MSH-2, 0 to 5 */
} ngx_hl7_delimiters_t;


typedef struct {
    uint32_t        start;           /* bytes from the message's start */
    uint32_t        len;
} ngx_hl7_span_t;


/* MSH-1 is msh[1]; the last field of v2.9.1 is MSH-25 */
#define NGX_HL7_MSH_FIELDS  26

/* character sets with bytes that look like a delimiter and are none */

#define NGX_HL7_SHIFT_JIS   1        /* second bytes of two-byte characters */
#define NGX_HL7_BIG5        2        /* the same; GB18030 too */
#define NGX_HL7_ISO_2022    3        /* all between ESC $ B and ESC ( B */


typedef struct {
    u_char                *start;
    u_char                *end;

    ngx_hl7_delimiters_t   delimiters;

    ngx_uint_t             multibyte;  /* NGX_HL7_SHIFT_JIS... or 0 */

    size_t                 header;     /* bytes of MSH without its end */
    ngx_hl7_span_t         msh[NGX_HL7_MSH_FIELDS];  /* start 0: absent */
    ngx_hl7_span_t         type[3];    /* MSH-9.1 to 9.3, asked for by all */

    ngx_hl7_span_t        *segments;   /* terminators excluded */
    ngx_uint_t             nsegments;
} ngx_hl7_message_t;


/* the third state of a value is HL7's null: two double quotes, "delete it" */

typedef enum {
    NGX_HL7_ABSENT = 0,              /* no such segment, field or component */
    NGX_HL7_EMPTY,                   /* there, without a character */
    NGX_HL7_NULL,                    /* "" */
    NGX_HL7_VALUED
} ngx_hl7_state_e;


/*
 * Reads the header, one of MSH, BHS and FHS: delimiters (MSH-2 may have 0 to
 * 5, a missing one gets its default of ^~\& unless that is in use; a space
 * stands for none, which is 0) and the fields below NGX_HL7_MSH_FIELDS.  The
 * message may be cut off anywhere behind MSH-1: what is there is read.  "end"
 * is at most 4G - 1 bytes behind "start".  The segment index is empty
 * afterwards.  "multibyte" is what MSH-18 says, 0 without it; who has a
 * fallback sets it then.
 *
 * NGX_OK, or NGX_DECLINED with *err filled in: no header segment at
 * the start, or a delimiter that cannot be one (a letter, digit or control
 * character other than TAB, or the same twice; MSH-1 only is checked when
 * MSH-2 is empty).
 */
ngx_int_t ngx_hl7_message_open(ngx_hl7_message_t *m, u_char *start,
    u_char *end, ngx_hl7_error_t *err);

/* the number of segments, an upper bound for the array of the index */
ngx_uint_t ngx_hl7_message_count_segments(ngx_hl7_message_t *m);

/*
 * Fills the index: CR, LF and CRLF end a segment, empty segments are left
 * out.  "segments" has room for what ngx_hl7_message_count_segments() said
 * and lives as long as the message.
 */
void ngx_hl7_message_index(ngx_hl7_message_t *m, ngx_hl7_span_t *segments);

/*
 * MSH-n.component, the whole field when component is 0, of the first
 * repetition when it is not.  MSH-1 is the separator itself, MSH-2 the
 * encoding characters.  Works without the segment index.  *value points
 * into the message and is empty unless the state says otherwise; of a null
 * it holds the two quotes.
 */
ngx_hl7_state_e ngx_hl7_msh(ngx_hl7_message_t *m, ngx_uint_t field,
    ngx_uint_t component, ngx_str_t *value);

/*
 * Field n of a segment of the index, all repetitions, delimiters included.
 * In MSH, BHS and FHS numbers count from the separator as field 1; of the
 * first segment there is what ngx_hl7_msh() has.
 */
ngx_hl7_state_e ngx_hl7_field(ngx_hl7_message_t *m, ngx_hl7_span_t *segment,
    ngx_uint_t n, ngx_str_t *value);

/*
 * Part n, from 1, of the value "in" that the delimiter "d" splits: a
 * repetition of a field, a component of a repetition, a subcomponent of a
 * component.  Delimiter 0 splits nothing.  "in" and "out" may be the same
 * string.
 */
ngx_hl7_state_e ngx_hl7_part(ngx_hl7_message_t *m, ngx_str_t *in, u_char d,
    ngx_uint_t n, ngx_str_t *out);

/*
 * The first "ch" in [p, end) that is a character of its own, not a part of a
 * multibyte one; "end" if there is none.
 */
u_char *ngx_hl7_find(ngx_hl7_message_t *m, u_char *p, u_char *end, u_char ch);

/* the state of a value that is there: empty, null or valued */
ngx_hl7_state_e ngx_hl7_state(ngx_str_t *value);

/* whether a segment of the index has this three-letter name */
ngx_uint_t ngx_hl7_segment_is(ngx_hl7_message_t *m, ngx_hl7_span_t *segment,
    const char *name);

/* whether it is MSH, BHS or FHS: fields 1 and 2 are delimiters, not values */
ngx_uint_t ngx_hl7_segment_is_header(ngx_hl7_message_t *m,
    ngx_hl7_span_t *segment);

/*
 * Version by MSH-12.1 as major * 100 + minor * 10 + patch: "2.5.1" is 251,
 * "2.9" is 290; 0 if it is missing or not a version.
 */
ngx_uint_t ngx_hl7_version(ngx_hl7_message_t *m);


#endif /* _NGX_HL7_MESSAGE_H_INCLUDED_ */
