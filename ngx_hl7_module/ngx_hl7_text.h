
/*
 * Text of HL7 v2: character sets and escape sequences.
 *
 * Source: HL7 v2.9.1 §2.7 (escape sequences), §2.14.9.18 (MSH-18) and table
 * 0211.
 */

#ifndef _NGX_HL7_TEXT_H_INCLUDED_
#define _NGX_HL7_TEXT_H_INCLUDED_


#include "ngx_hl7_message.h"


typedef struct ngx_hl7_charset_s  ngx_hl7_charset_t;

typedef u_char *(*ngx_hl7_to_utf8_pt)(ngx_hl7_charset_t *cs, ngx_str_t *in,
    u_char *out);

struct ngx_hl7_charset_s {
    ngx_str_t           hl7;         /* the name in table 0211, or empty */
    ngx_str_t           iana;        /* the name for people and for iconv */
    ngx_uint_t          multibyte;   /* see ngx_hl7_message_t */
    ngx_hl7_to_utf8_pt  to_utf8;     /* private */
};


/*
 * The entry for a name of table 0211 or an IANA name, compared without
 * regard to case; NULL if it is unknown.  UTF-16 and UTF-32 are unknown:
 * MLLP cannot carry them.
 */
ngx_hl7_charset_t *ngx_hl7_charset(ngx_str_t *name);

/*
 * The character set of a message: first repetition of MSH-18, "fallback"
 * when that is empty; NULL when it names one that is unknown.  Japanese sets
 * of ISO 2022 contain ASCII and are named in the second repetition, after an
 * empty or ASCII first one: then they are the message's set.
 */
ngx_hl7_charset_t *ngx_hl7_message_charset(ngx_hl7_message_t *m,
    ngx_hl7_charset_t *fallback);

/*
 * Resolves escape sequences of a value: \F\ \S\ \T\ \R\ \E\ \P\ to the
 * delimiters, \Xhh..\ to bytes, \.br\ to LF, \H\ and \N\ to nothing.  The
 * others, and what is malformed, stay as they are (v2.9.1 §2.7), from the
 * escape character to the next one.  "out" has at least in->len bytes, the
 * result is never longer; the end is returned.  "in" and "out" may be the
 * same memory.
 */
u_char *ngx_hl7_unescape(ngx_hl7_message_t *m, ngx_str_t *in, u_char *out);

/*
 * Writes text of ours into a message: delimiters become escape sequences,
 * control characters a space, and so do delimiters when there is no escape
 * character.  Returns the end; "out" has NGX_HL7_ESCAPE_MAX bytes for each
 * byte of "in".
 */
#define NGX_HL7_ESCAPE_MAX  3

u_char *ngx_hl7_escape(ngx_hl7_delimiters_t *d, ngx_str_t *in, u_char *out);

/*
 * Converts bytes to UTF-8.  "out" has NGX_HL7_UTF8_MAX bytes for each byte of
 * "in".  A byte that is not valid in the charset becomes U+FFFD.  UTF-8
 * input is checked in the same way.  Returns the end, or NULL if iconv does
 * not know the charset.
 */
#define NGX_HL7_UTF8_MAX  4

u_char *ngx_hl7_to_utf8(ngx_hl7_charset_t *cs, ngx_str_t *in, u_char *out);


#endif /* _NGX_HL7_TEXT_H_INCLUDED_ */
