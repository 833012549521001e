
/*
 * Text: character sets, escape sequences, conversion to UTF-8.
 */

#include "unit.h"

#include "ngx_hl7_text.h"


#define FFFD  "\xef\xbf\xbd"


static ngx_hl7_message_t  m;
static u_char             buf[512];


static void
open_text(const char *text)
{
    ngx_hl7_error_t  err;

    if (ngx_hl7_message_open(&m, (u_char *) text,
                             (u_char *) text + strlen(text), &err)
        != NGX_OK)
    {
        ok(0, "the message opens");
    }
}


static ngx_hl7_charset_t *
charset(const char *name)
{
    ngx_str_t  s;

    s.len = strlen(name);
    s.data = (u_char *) name;

    return ngx_hl7_charset(&s);
}


static void
test_charsets(void)
{
    ngx_uint_t          i;
    ngx_str_t           name;
    ngx_hl7_charset_t  *cs;

    static struct {
        const char  *name;
        const char  *iana;
        ngx_uint_t   multibyte;
        const char  *in;
        const char  *out;
    } rows[] = {
        { "ASCII", "US-ASCII", 0, "a\xe9", "a" FFFD },
        { "8859/1", "ISO-8859-1", 0, "a\xe9\x80", "a\xc3\xa9\xc2\x80" },
        { "8859/2", "ISO-8859-2", 0, "\xb1", "\xc4\x85" },
        { "8859/3", "ISO-8859-3", 0, "\xa1", "\xc4\xa6" },
        { "8859/4", "ISO-8859-4", 0, "\xa2", "\xc4\xb8" },
        { "8859/5", "ISO-8859-5", 0, "\xb6", "\xd0\x96" },
        { "8859/6", "ISO-8859-6", 0, "\xc8", "\xd8\xa8" },
        { "8859/7", "ISO-8859-7", 0, "\xe1", "\xce\xb1" },
        { "8859/8", "ISO-8859-8", 0, "\xe0", "\xd7\x90" },
        { "8859/9", "ISO-8859-9", 0, "\xf0", "\xc4\x9f" },
        { "8859/15", "ISO-8859-15", 0, "\xa4", "\xe2\x82\xac" },
        { "ISO IR6", "US-ASCII", 0, "a\xff", "a" FFFD },
        { "ISO IR14", "Shift_JIS", NGX_HL7_ISO_2022, "\xb1",
          "\xef\xbd\xb1" },
        { "ISO IR87", "ISO-2022-JP", NGX_HL7_ISO_2022, "\x1b$BK\\\x1b(B\\",
          "\xe6\x9c\xac\\" },
        { "ISO IR159", "ISO-2022-JP-2", NGX_HL7_ISO_2022,
          "\x1b$(D0!\x1b(B", "\xe4\xb8\x82" },
        { "GB 18030-2000", "GB18030", NGX_HL7_BIG5, "\xd6\xd0\x81\x30\x81\x30",
          "\xe4\xb8\xad\xc2\x80" },
        { "KS X 1001", "EUC-KR", 0, "\xb1\xe8", "\xea\xb9\x80" },
        { "CNS 11643-1992", "EUC-TW", 0, "\xc4\xe3", "\xe4\xb8\xad" },
        { "BIG-5", "Big5", NGX_HL7_BIG5, "\xb3\x5c", "\xe8\xa8\xb1" },
        { "UNICODE UTF-8", "UTF-8", 0, "\xc3\xa9", "\xc3\xa9" },
        { "Shift_JIS", "Shift_JIS", NGX_HL7_SHIFT_JIS, "\x83\x5c",
          "\xe3\x82\xbd" },
        { "windows-1252", "windows-1252", 0, "\x80\x81", "\xe2\x82\xac" FFFD },
        { NULL, NULL, 0, NULL, NULL }
    };

    for (i = 0; rows[i].name; i++) {
        cs = charset(rows[i].name);

        if (!ok(cs && strcmp((char *) cs->iana.data, rows[i].iana) == 0
                && cs->multibyte == rows[i].multibyte, rows[i].name))
        {
            continue;
        }

        ok(charset(rows[i].iana) != NULL, rows[i].iana);

        name.len = strlen(rows[i].in);
        name.data = (u_char *) rows[i].in;
        name.len = ngx_hl7_to_utf8(cs, &name, buf) - buf;
        name.data = buf;

        unit_is((char *) name.data, name.len, rows[i].out,
                strlen(rows[i].out), "its conversion", __FILE__, __LINE__);
    }

    ok(charset("utf-8") == charset("Unicode UTF-8"), "either case");
    ok(charset("iso-8859-1") == charset("8859/1"), "either name");
    ok(charset("") == NULL, "no name");
    ok(charset("UNICODE") == NULL, "UNICODE");
    ok(charset("UNICODE UTF-16") == NULL, "UTF-16");
    ok(charset("UTF-16") == NULL, "UTF-16 of IANA");
    ok(charset("UNICODE UTF-32") == NULL, "UTF-32");
    ok(charset("8859/10") == NULL, "a longer name");
    ok(charset("8859/") == NULL, "a shorter name");
    ok(charset("UTF-8 ") == NULL, "a name and a space");
}


static const char *
message_charset(const char *field, ngx_hl7_charset_t *fallback)
{
    static char         text[128];
    ngx_hl7_charset_t  *cs;

    sprintf(text, "MSH|^~\\&||||||||||||||||%s|", field);
    open_text(text);

    cs = ngx_hl7_message_charset(&m, fallback);

    return cs ? (char *) cs->iana.data : "none";
}


static void
test_message_charset(void)
{
    ngx_hl7_charset_t  *latin1;

    latin1 = charset("8859/1");

#define is_charset(field, fallback, want, name)                               \
    ok(strcmp(message_charset(field, fallback), want) == 0, name)

    is_charset("UNICODE UTF-8", latin1, "UTF-8", "MSH-18");
    is_charset("8859/2~UNICODE UTF-8", latin1, "ISO-8859-2", "the first one");
    is_charset("", latin1, "ISO-8859-1", "empty: the fallback");
    is_charset("", NULL, "none", "empty and no fallback");
    is_charset("\"\"", latin1, "ISO-8859-1", "null: the fallback");
    is_charset("KLINGON", latin1, "none", "unknown: none");
    is_charset("UNICODE UTF-16", latin1, "none", "UTF-16: none");
    is_charset("~8859/2", latin1, "ISO-8859-1", "a second one alone");
    is_charset("~ISO IR87", latin1, "ISO-2022-JP", "empty and Japanese");
    is_charset("ASCII~ISO IR87", NULL, "ISO-2022-JP", "ASCII and Japanese");
    is_charset("ASCII~8859/1", NULL, "US-ASCII", "ASCII and another");
    is_charset("UNICODE UTF-8~ISO IR87", NULL, "UTF-8", "UTF-8 stays");
    is_charset("~KLINGON", latin1, "ISO-8859-1", "a second unknown one");

    open_text("MSH|^~\\&|");
    ok(ngx_hl7_message_charset(&m, latin1) == latin1, "absent: the fallback");
}


/* into memory of the exact size, then in place */

static void
unescaped(const char *text, const char *want, const char *name)
{
    u_char     *out, *end, *copy;
    ngx_str_t   s;

    s.len = strlen(text);
    copy = malloc(s.len + 1);
    out = malloc(s.len + 1);
    s.data = copy + 1;
    memcpy(s.data, text, s.len);

    end = ngx_hl7_unescape(&m, &s, out + 1);
    unit_is((char *) out + 1, end - out - 1, want, strlen(want), name,
            __FILE__, __LINE__);

    end = ngx_hl7_unescape(&m, &s, s.data);
    unit_is((char *) s.data, end - s.data, want, strlen(want),
            "the same in place", __FILE__, __LINE__);

    free(copy);
    free(out);
}


static void
test_unescape(void)
{
    u_char     *end;
    ngx_str_t   s;

    open_text("MSH|^~\\&#|");

    unescaped("", "", "nothing");
    unescaped("plain", "plain", "no escape");
    unescaped("\\F\\", "|", "field");
    unescaped("\\S\\", "^", "component");
    unescaped("\\T\\", "&", "subcomponent");
    unescaped("\\R\\", "~", "repetition");
    unescaped("\\E\\", "\\", "escape");
    unescaped("\\P\\", "#", "truncation");
    unescaped("a\\T\\b\\E\\F\\E\\c", "a&b\\F\\c", "several, resolved once");
    unescaped("\\E\\\\T\\", "\\&", "one behind the other");
    unescaped("\\X48\\", "H", "a byte");
    unescaped("<\\X48492F0aff\\>", "<HI/\x0a\xff>", "several bytes");
    unescaped("a\\.br\\b", "a\nb", "line break");
    unescaped("\\H\\bold\\N\\!", "bold!", "highlighting");

    unescaped("\\X\\", "\\X\\", "no digit");
    unescaped("\\X4\\", "\\X4\\", "one digit");
    unescaped("\\X484\\", "\\X484\\", "odd digits");
    unescaped("\\X484g\\", "\\X484g\\", "no hexadecimal digit");
    unescaped("\\X48 9\\", "\\X48 9\\", "a space");
    unescaped("\\x48\\", "\\x48\\", "a small x");
    unescaped("\\f\\", "\\f\\", "a small letter");
    unescaped("\\A\\", "\\A\\", "an unknown letter");
    unescaped("\\\\", "\\\\", "no letter");
    unescaped("\\", "\\", "one escape character");
    unescaped("a\\", "a\\", "one at the end");
    unescaped("\\F", "\\F", "a cut one");
    unescaped("\\X48", "\\X48", "a cut one with digits");
    unescaped("\\.sp 2\\", "\\.sp 2\\", "formatting");
    unescaped("\\.brr\\", "\\.brr\\", "longer than a line break");
    unescaped("\\C2842\\\\M244252\\", "\\C2842\\\\M244252\\",
              "character sets");
    unescaped("\\Z1F\\", "\\Z1F\\", "local");
    unescaped("\\Z\\T\\Z\\", "\\Z\\T\\Z\\", "an unknown one ends at the next "
              "escape character");
    unescaped("\\Z\\\\T\\", "\\Z\\&", "an unknown one, then a known one");

    open_text("MSH|^~\\&|");
    unescaped("\\P\\", "\\P\\", "no truncation character, no sequence");

    open_text("MSH|^~ &|");
    unescaped("\\T\\", "\\T\\", "no escape character, no sequence");

    s.data = (u_char *) "\0T\0";
    s.len = 3;
    end = ngx_hl7_unescape(&m, &s, buf);
    ok(end - buf == 3 && memcmp(buf, s.data, 3) == 0, "NUL is none");

    open_text("MSH@*$!%@");
    unescaped("!F!!S!!R!!E!!T!\\T\\", "@*$!%\\T\\", "other delimiters");

    open_text("MSH|^~\\&||||||||||||||||Shift_JIS");
    unescaped("\x83\x5cT\\T\\\x83\x5c", "\x83\x5cT&\x83\x5c",
              "a second byte is no escape character");

    open_text("MSH|^~\\&||||||||||||||||~ISO IR87");
    unescaped("\x1b$BK\\T\\\x1b(B\\T\\", "\x1b$BK\\T\\\x1b(B&",
              "nor is one between the escapes of ISO 2022");
}


static void
escaped(const char *text, const char *want, const char *name)
{
    u_char     *out, *end;
    ngx_str_t   s;

    s.len = strlen(text);
    s.data = (u_char *) text;

    out = malloc(s.len * NGX_HL7_ESCAPE_MAX + 1);
    end = ngx_hl7_escape(&m.delimiters, &s, out);
    unit_is((char *) out, end - out, want, strlen(want), name,
            __FILE__, __LINE__);

    free(out);
}


static void
test_escape(void)
{
    u_char     *end;
    ngx_str_t   s = ngx_string("a\0b");

    open_text("MSH|^~\\&#|");

    escaped("", "", "nothing");
    escaped("plain text", "plain text", "nothing to escape");
    escaped("|^~\\&#", "\\F\\\\S\\\\R\\\\E\\\\T\\\\P\\", "all delimiters");
    escaped("a\rb\nc\td\x7f" "e\x1f", "a b c d e ", "control characters");
    escaped("\xc3\xa9", "\xc3\xa9", "bytes above 0x7f stay");

    end = ngx_hl7_escape(&m.delimiters, &s, buf);
    buf[end - buf] = '\0';
    ok(strcmp((char *) buf, "a b") == 0, "NUL");

    open_text("MSH|^~\\&|");
    escaped("#", "#", "no truncation character");

    open_text("MSH|^~ &|");
    escaped("a|b^c~d&e\\f g", "a b c d e\\f g", "no escape character");

    open_text("MSH@*$!%@");
    escaped("@*$!%|^~\\&", "!F!!S!!R!!E!!T!|^~\\&", "other delimiters");

    open_text("MSH\t^~\\&\t");
    escaped("a\tb", "a b", "TAB as delimiter is a control character");
}


static void
utf8(const char *name, const char *in, const char *want, const char *title)
{
    u_char     *out, *end;
    ngx_str_t   s;

    s.len = strlen(in);
    s.data = malloc(s.len ? s.len : 1);
    memcpy(s.data, in, s.len);

    out = malloc(s.len * NGX_HL7_UTF8_MAX + 1);
    end = ngx_hl7_to_utf8(charset(name), &s, out);

    if (ok(end != NULL, "iconv knows it")) {
        unit_is((char *) out, end - out, want, strlen(want), title,
                __FILE__, __LINE__);
    }

    free(s.data);
    free(out);
}


static void
test_to_utf8(void)
{
    ngx_hl7_charset_t  unknown, *cs;

    utf8("UTF-8", "", "", "nothing");
    utf8("8859/2", "", "", "nothing through iconv");
    utf8("UTF-8", "az~\x7f", "az~\x7f", "ASCII");
    utf8("UTF-8", "\xc2\x80\xdf\xbf", "\xc2\x80\xdf\xbf", "two bytes");
    utf8("UTF-8", "\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf",
         "\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf", "three bytes");
    utf8("UTF-8", "\xf0\x90\x80\x80\xf4\x8f\xbf\xbf",
         "\xf0\x90\x80\x80\xf4\x8f\xbf\xbf", "four bytes");
    utf8("UTF-8", FFFD, FFFD, "U+FFFD itself");

    utf8("UTF-8", "a\x80z", "a" FFFD "z", "no lead byte");
    utf8("UTF-8", "a\xe9z", "a" FFFD "z", "a byte of 8859/1");
    utf8("UTF-8", "\xc0\xaf", FFFD FFFD, "overlong, two bytes");
    utf8("UTF-8", "\xc1\xbf", FFFD FFFD, "overlong, two bytes, c1");
    utf8("UTF-8", "\xe0\x9f\xbf", FFFD FFFD FFFD, "overlong, three bytes");
    utf8("UTF-8", "\xf0\x8f\xbf\xbf", FFFD FFFD FFFD FFFD,
         "overlong, four bytes");
    utf8("UTF-8", "\xed\xa0\x80", FFFD FFFD FFFD, "a surrogate");
    utf8("UTF-8", "\xf4\x90\x80\x80", FFFD FFFD FFFD FFFD, "over 10FFFF");
    utf8("UTF-8", "\xf5\x80\x80\x80", FFFD FFFD FFFD FFFD, "far over it");
    utf8("UTF-8", "\xf5\xff\xfe", FFFD FFFD FFFD, "bytes never used");
    utf8("UTF-8", "\xc3", FFFD, "cut behind one of two");
    utf8("UTF-8", "\xe2\x82", FFFD FFFD, "cut behind two of three");
    utf8("UTF-8", "\xf0\x9f\x98", FFFD FFFD FFFD, "cut behind three of four");
    utf8("UTF-8", "\xe2\x82\xc3\xa9", FFFD FFFD "\xc3\xa9",
         "a good one behind a bad one");
    utf8("UTF-8", "\xf0\x9f\x98z", FFFD FFFD FFFD "z", "the fourth is bad");

    utf8("8859/1", "\x7f\x80\xa0\xff", "\x7f\xc2\x80\xc2\xa0\xc3\xbf",
         "8859/1 has no invalid bytes");
    utf8("8859/3", "a\xa5z", "a" FFFD "z", "a hole in 8859/3");
    utf8("Shift_JIS", "a\x83\x5c\x80z", "a\xe3\x82\xbd" FFFD "z",
         "an invalid byte in Shift_JIS");
    utf8("Shift_JIS", "\x83\x5c\x83", "\xe3\x82\xbd" FFFD,
         "a truncated character of two bytes");
    utf8("GB18030", "\x81\x30\x81", FFFD "0" FFFD,
         "a truncated character of four bytes");
    utf8("ISO-2022-JP", "\x1b$BK\\K", "\xe6\x9c\xac" FFFD,
         "a truncated character of ISO 2022");
    utf8("ISO-2022-JP", "\xe9z", FFFD "z", "eight bits in ISO-2022-JP");

    cs = charset("8859/2");
    unknown = *cs;
    ngx_str_set(&unknown.iana, "X-NO-SUCH-CHARSET");
    ok(ngx_hl7_to_utf8(&unknown, &cs->hl7, buf) == NULL,
       "a set that iconv does not know");
}


int
main(void)
{
    test_charsets();
    test_message_charset();
    test_unescape();
    test_escape();
    test_to_utf8();

    return unit_done();
}
