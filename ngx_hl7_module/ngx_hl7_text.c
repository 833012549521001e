
/*
 * Character sets and escape sequences of HL7 v2: see the header.
 */

#include <iconv.h>

#include "ngx_hl7_text.h"


static u_char *ngx_hl7_unescape_sequence(ngx_hl7_message_t *m, u_char *p,
    u_char *end, u_char *out);
static u_char *ngx_hl7_unescape_hex(u_char *p, u_char *end, u_char *out);
static ngx_int_t ngx_hl7_hex(u_char ch);
static u_char ngx_hl7_delimiter(ngx_hl7_delimiters_t *d, u_char letter);
static u_char *ngx_hl7_utf8_to_utf8(ngx_hl7_charset_t *cs, ngx_str_t *in,
    u_char *out);
static size_t ngx_hl7_utf8_len(u_char *p, u_char *end);
static u_char *ngx_hl7_ascii_to_utf8(ngx_hl7_charset_t *cs, ngx_str_t *in,
    u_char *out);
static u_char *ngx_hl7_latin1_to_utf8(ngx_hl7_charset_t *cs, ngx_str_t *in,
    u_char *out);
static u_char *ngx_hl7_iconv_to_utf8(ngx_hl7_charset_t *cs, ngx_str_t *in,
    u_char *out);
static u_char *ngx_hl7_replacement(u_char *out);


/* letters of the escape sequences that stand for delimiters */
static const char  ngx_hl7_letters[] = "FSRETP";


/* the frequent ones first */

static ngx_hl7_charset_t  ngx_hl7_charsets[] = {

    { ngx_string("UNICODE UTF-8"), ngx_string("UTF-8"), 0,
      ngx_hl7_utf8_to_utf8 },

    { ngx_string("ASCII"), ngx_string("US-ASCII"), 0, ngx_hl7_ascii_to_utf8 },

    { ngx_string("8859/1"), ngx_string("ISO-8859-1"), 0,
      ngx_hl7_latin1_to_utf8 },

    { ngx_string("8859/15"), ngx_string("ISO-8859-15"), 0,
      ngx_hl7_iconv_to_utf8 },

    { ngx_null_string, ngx_string("windows-1252"), 0, ngx_hl7_iconv_to_utf8 },

    { ngx_string("8859/2"), ngx_string("ISO-8859-2"), 0,
      ngx_hl7_iconv_to_utf8 },

    { ngx_string("8859/3"), ngx_string("ISO-8859-3"), 0,
      ngx_hl7_iconv_to_utf8 },

    { ngx_string("8859/4"), ngx_string("ISO-8859-4"), 0,
      ngx_hl7_iconv_to_utf8 },

    { ngx_string("8859/5"), ngx_string("ISO-8859-5"), 0,
      ngx_hl7_iconv_to_utf8 },

    { ngx_string("8859/6"), ngx_string("ISO-8859-6"), 0,
      ngx_hl7_iconv_to_utf8 },

    { ngx_string("8859/7"), ngx_string("ISO-8859-7"), 0,
      ngx_hl7_iconv_to_utf8 },

    { ngx_string("8859/8"), ngx_string("ISO-8859-8"), 0,
      ngx_hl7_iconv_to_utf8 },

    { ngx_string("8859/9"), ngx_string("ISO-8859-9"), 0,
      ngx_hl7_iconv_to_utf8 },

    { ngx_string("ISO IR6"), ngx_string("US-ASCII"), 0,
      ngx_hl7_ascii_to_utf8 },

    { ngx_null_string, ngx_string("Shift_JIS"), NGX_HL7_SHIFT_JIS,
      ngx_hl7_iconv_to_utf8 },

    /* JIS X 0201 are the single bytes of Shift_JIS */

    { ngx_string("ISO IR14"), ngx_string("Shift_JIS"), NGX_HL7_ISO_2022,
      ngx_hl7_iconv_to_utf8 },

    { ngx_string("ISO IR87"), ngx_string("ISO-2022-JP"), NGX_HL7_ISO_2022,
      ngx_hl7_iconv_to_utf8 },

    { ngx_string("ISO IR159"), ngx_string("ISO-2022-JP-2"), NGX_HL7_ISO_2022,
      ngx_hl7_iconv_to_utf8 },

    { ngx_string("GB 18030-2000"), ngx_string("GB18030"), NGX_HL7_BIG5,
      ngx_hl7_iconv_to_utf8 },

    { ngx_string("BIG-5"), ngx_string("Big5"), NGX_HL7_BIG5,
      ngx_hl7_iconv_to_utf8 },

    { ngx_string("KS X 1001"), ngx_string("EUC-KR"), 0,
      ngx_hl7_iconv_to_utf8 },

    { ngx_string("CNS 11643-1992"), ngx_string("EUC-TW"), 0,
      ngx_hl7_iconv_to_utf8 },

    { ngx_null_string, ngx_null_string, 0, NULL }
};


ngx_hl7_charset_t *
ngx_hl7_charset(ngx_str_t *name)
{
    char               *s;
    ngx_hl7_charset_t  *cs;

    if (name->len == 0) {
        return NULL;
    }

    s = (char *) name->data;

    for (cs = ngx_hl7_charsets; cs->to_utf8; cs++) {

        if ((name->len == cs->hl7.len
             && strncasecmp(s, (char *) cs->hl7.data, name->len) == 0)
            || (name->len == cs->iana.len
                && strncasecmp(s, (char *) cs->iana.data, name->len) == 0))
        {
            return cs;
        }
    }

    return NULL;
}


ngx_hl7_charset_t *
ngx_hl7_message_charset(ngx_hl7_message_t *m, ngx_hl7_charset_t *fallback)
{
    u_char              d;
    ngx_str_t           field, name;
    ngx_hl7_charset_t  *cs, *second;

    (void) ngx_hl7_msh(m, 18, 0, &field);

    d = m->delimiters.repetition;

    if (ngx_hl7_part(m, &field, d, 1, &name) == NGX_HL7_VALUED) {
        cs = ngx_hl7_charset(&name);

        if (cs == NULL || cs->to_utf8 != ngx_hl7_ascii_to_utf8) {
            return cs;
        }

    } else {
        cs = fallback;
    }

    if (ngx_hl7_part(m, &field, d, 2, &name) == NGX_HL7_VALUED) {
        second = ngx_hl7_charset(&name);

        if (second && second->multibyte == NGX_HL7_ISO_2022) {
            return second;
        }
    }

    return cs;
}


u_char *
ngx_hl7_unescape(ngx_hl7_message_t *m, ngx_str_t *in, u_char *out)
{
    u_char  ch, *p, *end, *start, *last;

    ch = m->delimiters.escape;

    p = in->data;
    end = in->data + in->len;

    if (ch == 0) {
        return ngx_movemem(out, p, in->len);
    }

    for ( ;; ) {
        start = ngx_hl7_find(m, p, end, ch);

        out = ngx_movemem(out, p, start - p);

        if (start == end) {
            return out;
        }

        last = ngx_hl7_find(m, start + 1, end, ch);

        if (last == end) {
            return ngx_movemem(out, start, end - start);
        }

        out = ngx_hl7_unescape_sequence(m, start, last + 1, out);

        p = last + 1;
    }
}


/* [p, end) is one sequence with its two escape characters */

static u_char *
ngx_hl7_unescape_sequence(ngx_hl7_message_t *m, u_char *p, u_char *end,
    u_char *out)
{
    u_char  ch, *last;
    size_t  len;

    len = end - p - 2;

    if (len == 1) {
        ch = ngx_hl7_delimiter(&m->delimiters, p[1]);

        if (ch) {
            *out++ = ch;
            return out;
        }

        if (p[1] == 'H' || p[1] == 'N') {
            return out;
        }

    } else if (len == 3 && ngx_memcmp(p + 1, ".br", 3) == 0) {
        *out++ = LF;
        return out;

    } else if (len % 2 == 1 && p[1] == 'X') {
        last = ngx_hl7_unescape_hex(p + 2, end - 1, out);

        if (last) {
            return last;
        }
    }

    return ngx_movemem(out, p, end - p);
}


/* checks first: "out" may be where the digits are */

static u_char *
ngx_hl7_unescape_hex(u_char *p, u_char *end, u_char *out)
{
    u_char  *digit;

    for (digit = p; digit < end; digit++) {
        if (ngx_hl7_hex(*digit) < 0) {
            return NULL;
        }
    }

    for ( /* void */ ; p < end; p += 2) {
        *out++ = (u_char) (ngx_hl7_hex(p[0]) << 4 | ngx_hl7_hex(p[1]));
    }

    return out;
}


static ngx_int_t
ngx_hl7_hex(u_char ch)
{
    if (ch >= '0' && ch <= '9') {
        return ch - '0';
    }

    ch |= 0x20;

    if (ch >= 'a' && ch <= 'f') {
        return ch - 'a' + 10;
    }

    return -1;
}


/* the delimiter that \letter\ stands for; 0 if there is none */

static u_char
ngx_hl7_delimiter(ngx_hl7_delimiters_t *d, u_char letter)
{
    switch (letter) {

    case 'F':
        return d->field;

    case 'S':
        return d->component;

    case 'R':
        return d->repetition;

    case 'E':
        return d->escape;

    case 'T':
        return d->subcomponent;

    case 'P':
        return d->truncation;

    default:
        return 0;
    }
}


u_char *
ngx_hl7_escape(ngx_hl7_delimiters_t *d, ngx_str_t *in, u_char *out)
{
    u_char       ch;
    size_t       i;
    const char  *letter;

    for (i = 0; i < in->len; i++) {
        ch = in->data[i];

        if (ch < ' ' || ch == 0x7f) {
            *out++ = ' ';
            continue;
        }

        letter = ngx_hl7_letters;

        while (*letter && ngx_hl7_delimiter(d, *letter) != ch) {
            letter++;
        }

        if (*letter == '\0') {
            *out++ = ch;

        } else if (d->escape == 0) {
            *out++ = ' ';

        } else {
            *out++ = d->escape;
            *out++ = *letter;
            *out++ = d->escape;
        }
    }

    return out;
}


u_char *
ngx_hl7_to_utf8(ngx_hl7_charset_t *cs, ngx_str_t *in, u_char *out)
{
    return cs->to_utf8(cs, in, out);
}


static u_char *
ngx_hl7_utf8_to_utf8(ngx_hl7_charset_t *cs, ngx_str_t *in, u_char *out)
{
    u_char  *p, *end;
    size_t   len;

    p = in->data;
    end = in->data + in->len;

    while (p < end) {

        if (*p < 0x80) {
            *out++ = *p++;
            continue;
        }

        len = ngx_hl7_utf8_len(p, end);

        if (len == 0) {
            out = ngx_hl7_replacement(out);
            p++;
            continue;
        }

        out = ngx_cpymem(out, p, len);
        p += len;
    }

    return out;
}


/*
 * The length of the character of two bytes and more at p; 0 if it is none.
 * Source: RFC 3629 §4 (no overlong forms, surrogates or codes over 10FFFF).
 */

static size_t
ngx_hl7_utf8_len(u_char *p, u_char *end)
{
    u_char  low, high;
    size_t  i, len;

    low = 0x80;
    high = 0xbf;

    if (*p >= 0xc2 && *p <= 0xdf) {
        len = 2;

    } else if (*p >= 0xe0 && *p <= 0xef) {
        len = 3;
        low = (*p == 0xe0) ? 0xa0 : low;
        high = (*p == 0xed) ? 0x9f : high;

    } else if (*p >= 0xf0 && *p <= 0xf4) {
        len = 4;
        low = (*p == 0xf0) ? 0x90 : low;
        high = (*p == 0xf4) ? 0x8f : high;

    } else {
        return 0;
    }

    if ((size_t) (end - p) < len || p[1] < low || p[1] > high) {
        return 0;
    }

    for (i = 2; i < len; i++) {
        if ((p[i] & 0xc0) != 0x80) {
            return 0;
        }
    }

    return len;
}


static u_char *
ngx_hl7_ascii_to_utf8(ngx_hl7_charset_t *cs, ngx_str_t *in, u_char *out)
{
    size_t  i;

    for (i = 0; i < in->len; i++) {

        if (in->data[i] < 0x80) {
            *out++ = in->data[i];

        } else {
            out = ngx_hl7_replacement(out);
        }
    }

    return out;
}


static u_char *
ngx_hl7_latin1_to_utf8(ngx_hl7_charset_t *cs, ngx_str_t *in, u_char *out)
{
    u_char  ch;
    size_t  i;

    for (i = 0; i < in->len; i++) {
        ch = in->data[i];

        if (ch < 0x80) {
            *out++ = ch;

        } else {
            *out++ = 0xc0 | ch >> 6;
            *out++ = 0x80 | (ch & 0x3f);
        }
    }

    return out;
}


static u_char *
ngx_hl7_iconv_to_utf8(ngx_hl7_charset_t *cs, ngx_str_t *in, u_char *out)
{
    char     *src, *dst;
    size_t    left, room;
    iconv_t   cd;

    cd = iconv_open("UTF-8", (char *) cs->iana.data);

    if (cd == (iconv_t) -1) {
        return NULL;
    }

    src = (char *) in->data;
    left = in->len;

    dst = (char *) out;
    room = in->len * NGX_HL7_UTF8_MAX;

    while (iconv(cd, &src, &left, &dst, &room) == (size_t) -1
           && left > 0 && room >= 3)
    {
        dst = (char *) ngx_hl7_replacement((u_char *) dst);
        room -= 3;

        src++;
        left--;
    }

    /* what a stateful converter still holds back */

    (void) iconv(cd, NULL, NULL, &dst, &room);

    (void) iconv_close(cd);

    return (u_char *) dst;
}


static u_char *
ngx_hl7_replacement(u_char *out)
{
    return ngx_cpymem(out, "\xef\xbf\xbd", 3);
}
