
/*
 * A character set by the first byte, a header up to the first CR, and text
 * behind it.  Results keep to their bounds; what was escaped is unescaped to
 * what it was; what is converted is UTF-8.
 */

#include <iconv.h>
#include <stdlib.h>
#include <string.h>

#include "ngx_hl7_text.h"


#define check(expr)  if (!(expr)) abort()


static void fuzz_unescape(ngx_hl7_message_t *m, ngx_str_t *text);
static void fuzz_escape(ngx_hl7_message_t *m, ngx_str_t *text);
static void fuzz_to_utf8(const char *charset, ngx_str_t *text);


static const char  *charsets[] = {
    "ASCII", "8859/1", "8859/2", "8859/3", "8859/4", "8859/5", "8859/6",
    "8859/7", "8859/8", "8859/9", "8859/15", "ISO IR6", "ISO IR14",
    "ISO IR87", "ISO IR159", "GB 18030-2000", "KS X 1001", "CNS 11643-1992",
    "BIG-5", "UNICODE UTF-8", "windows-1252", "Shift_JIS"
};


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    u_char             *copy, *end;
    ngx_str_t           text;
    ngx_hl7_error_t     err;
    ngx_hl7_message_t   m;

    if (size == 0) {
        return 0;
    }

    copy = malloc(size - 1);
    memcpy(copy, data + 1, size - 1);

    end = memchr(copy, CR, size - 1);

    if (end == NULL) {
        end = copy;
    }

    text.data = end;
    text.len = copy + size - 1 - end;

    fuzz_to_utf8(charsets[data[0] % (sizeof(charsets) / sizeof(charsets[0]))],
                 &text);

    if (ngx_hl7_message_open(&m, copy, end, &err) == NGX_OK) {

        for (m.multibyte = 0; m.multibyte <= NGX_HL7_ISO_2022; m.multibyte++) {
            fuzz_unescape(&m, &text);
        }

        m.multibyte = 0;
        fuzz_escape(&m, &text);
    }

    free(copy);

    return 0;
}


static void
fuzz_unescape(ngx_hl7_message_t *m, ngx_str_t *text)
{
    u_char     *out, *end, *same;
    ngx_str_t   copy;

    out = malloc(text->len);
    end = ngx_hl7_unescape(m, text, out);

    check(end >= out && (size_t) (end - out) <= text->len);

    copy.len = text->len;
    copy.data = malloc(text->len);
    memcpy(copy.data, text->data, text->len);

    same = ngx_hl7_unescape(m, &copy, copy.data);

    check(same - copy.data == end - out);
    check(memcmp(copy.data, out, end - out) == 0);

    free(copy.data);
    free(out);
}


static void
fuzz_escape(ngx_hl7_message_t *m, ngx_str_t *text)
{
    u_char      ch, *out, *end;
    size_t      i;
    ngx_str_t   escaped;

    out = malloc(text->len * NGX_HL7_ESCAPE_MAX);
    end = ngx_hl7_escape(&m->delimiters, text, out);

    escaped.data = out;
    escaped.len = end - out;

    check(escaped.len <= text->len * NGX_HL7_ESCAPE_MAX);
    check(memchr(out, m->delimiters.field, escaped.len) == NULL);
    check(memchr(out, CR, escaped.len) == NULL);

    if (m->delimiters.escape) {
        end = ngx_hl7_unescape(m, &escaped, out);

        check((size_t) (end - out) == text->len);

        for (i = 0; i < text->len; i++) {
            ch = text->data[i];
            check(out[i] == ((ch < ' ' || ch == 0x7f) ? ' ' : ch));
        }
    }

    free(out);
}


static void
fuzz_to_utf8(const char *charset, ngx_str_t *text)
{
    char       *src, *dst, *wide;
    u_char     *out, *end;
    size_t      left, room;
    iconv_t     cd;
    ngx_str_t   name;

    name.len = strlen(charset);
    name.data = (u_char *) charset;

    out = malloc(text->len * NGX_HL7_UTF8_MAX);
    end = ngx_hl7_to_utf8(ngx_hl7_charset(&name), text, out);

    check(end && (size_t) (end - out) <= text->len * NGX_HL7_UTF8_MAX);

    /* iconv knows what is UTF-8 */

    left = end - out;
    room = left * 4 + 4;

    src = (char *) out;
    wide = malloc(room);
    dst = wide;

    cd = iconv_open("UTF-32LE", "UTF-8");
    check(cd != (iconv_t) -1);
    check(iconv(cd, &src, &left, &dst, &room) != (size_t) -1);
    check(iconv_close(cd) == 0);

    free(wide);
    free(out);
}
