
/*
 * The message index: opening, segments, fields, parts.
 */

#include "unit.h"

#include "ngx_hl7_message.h"
#include "ngx_hl7_text.h"


#define SEGMENTS  64


static ngx_hl7_message_t  m;
static ngx_hl7_error_t    err;
static ngx_hl7_span_t     segments[SEGMENTS];
static ngx_str_t          v;


static ngx_int_t
open_len(const char *text, size_t len)
{
    static u_char  *copy;

    /* of the exact size, for the address sanitizer and valgrind */

    free(copy);
    copy = malloc(len ? len : 1);
    memcpy(copy, text, len);

    return ngx_hl7_message_open(&m, copy, copy + len, &err);
}


static ngx_int_t
open_text(const char *text)
{
    return open_len(text, strlen(text));
}


static void
open_index(const char *text)
{
    if (open_text(text) != NGX_OK
        || ngx_hl7_message_count_segments(&m) > SEGMENTS)
    {
        ok(0, "the message can be indexed");
        return;
    }

    ngx_hl7_message_index(&m, segments);
}


static void
test_header(void)
{
    ngx_uint_t            i;
    ngx_hl7_delimiters_t  *d;

    static const char  text[] = "MSH|^~\\&|APP^1.2.3^ISO~X|FAC||\"\"|20261121|"
                                "|ADT^A01^ADT_A01|77|P^T|2.5.1\rPID|1";

    is_num(open_text(text), NGX_OK, "a usual header opens");

    d = &m.delimiters;
    ok(d->field == '|' && d->component == '^' && d->repetition == '~'
       && d->escape == '\\' && d->subcomponent == '&', "its delimiters");
    is_num(d->truncation, 0, "no truncation character");
    is_num(d->given, 4, "four characters in MSH-2");
    is_num(m.nsegments, 0, "the segment index is empty");
    is_num(m.multibyte, 0, "no MSH-18, no multibyte");

    is_num(ngx_hl7_msh(&m, 1, 0, &v), NGX_HL7_VALUED, "MSH-1 is there");
    is_str(v, "|", "MSH-1");
    (void) ngx_hl7_msh(&m, 1, 1, &v);
    is_str(v, "|", "MSH-1.1");
    is_num(ngx_hl7_msh(&m, 1, 2, &v), NGX_HL7_ABSENT, "MSH-1.2");
    (void) ngx_hl7_msh(&m, 2, 0, &v);
    is_str(v, "^~\\&", "MSH-2");
    (void) ngx_hl7_msh(&m, 2, 1, &v);
    is_str(v, "^~\\&", "MSH-2.1 is not split");
    is_num(ngx_hl7_msh(&m, 2, 2, &v), NGX_HL7_ABSENT, "MSH-2.2");
    (void) ngx_hl7_msh(&m, 3, 0, &v);
    is_str(v, "APP^1.2.3^ISO~X", "MSH-3 with all repetitions");
    (void) ngx_hl7_msh(&m, 3, 1, &v);
    is_str(v, "APP", "MSH-3.1");
    (void) ngx_hl7_msh(&m, 3, 3, &v);
    is_str(v, "ISO", "MSH-3.3 is of the first repetition");
    is_num(ngx_hl7_msh(&m, 3, 4, &v), NGX_HL7_ABSENT, "MSH-3.4 is absent");
    is_num(v.len, 0, "and empty");
    is_num(ngx_hl7_msh(&m, 5, 0, &v), NGX_HL7_EMPTY, "MSH-5 is empty");
    is_num(ngx_hl7_msh(&m, 5, 1, &v), NGX_HL7_EMPTY, "MSH-5.1 as well");
    is_num(ngx_hl7_msh(&m, 5, 2, &v), NGX_HL7_ABSENT, "MSH-5.2 is absent");
    is_num(ngx_hl7_msh(&m, 6, 0, &v), NGX_HL7_NULL, "MSH-6 is null");
    is_str(v, "\"\"", "a null holds its quotes");
    is_num(ngx_hl7_msh(&m, 6, 1, &v), NGX_HL7_NULL, "MSH-6.1 is null");
    is_num(ngx_hl7_msh(&m, 6, 2, &v), NGX_HL7_ABSENT, "MSH-6.2 is absent");
    (void) ngx_hl7_msh(&m, 9, 3, &v);
    is_str(v, "ADT_A01", "MSH-9.3");
    (void) ngx_hl7_msh(&m, 12, 0, &v);
    is_str(v, "2.5.1", "the last field ends before CR");
    is_num(ngx_hl7_msh(&m, 13, 0, &v), NGX_HL7_ABSENT, "MSH-13 is absent");
    is_num(ngx_hl7_msh(&m, 0, 0, &v), NGX_HL7_ABSENT, "there is no MSH-0");
    is_num(ngx_hl7_msh(&m, NGX_HL7_MSH_FIELDS, 0, &v), NGX_HL7_ABSENT,
           "no field above the limit");
    is_num(ngx_hl7_msh(&m, (ngx_uint_t) -1, 1, &v), NGX_HL7_ABSENT,
           "none far above");

    for (i = 4; i < sizeof(text); i++) {
        if (open_len(text, i) != NGX_OK) {
            break;
        }

        (void) ngx_hl7_msh(&m, 3, 0, &v);

        if (v.len != (i < 9 ? 0 : ngx_min(i - 9, 15))) {
            break;
        }
    }

    is_num(i, sizeof(text), "a header cut anywhere has what is there");

    (void) open_text("MSH|");
    is_num(ngx_hl7_msh(&m, 2, 0, &v), NGX_HL7_EMPTY, "MSH-2 without bytes");
    is_num(ngx_hl7_msh(&m, 3, 0, &v), NGX_HL7_ABSENT, "and no MSH-3");

    (void) open_text("MSH|^~\\&|a\nb|c");
    is_num(ngx_hl7_msh(&m, 3, 0, &v), NGX_HL7_VALUED, "LF ends the header");
    is_str(v, "a", "its last field");
    is_num(ngx_hl7_msh(&m, 4, 0, &v), NGX_HL7_ABSENT, "what follows does not");

    (void) open_text("MSH|^~\\&|||||||||||||||||||||||25|26|27\rPID|");
    (void) ngx_hl7_msh(&m, 25, 0, &v);
    is_str(v, "25", "the last field of the table");

    (void) open_text("MSH|^~\\&|||||||||||||||||||||||end\rPID|");
    (void) ngx_hl7_msh(&m, 25, 0, &v);
    is_str(v, "end", "the last field of the table ends the header");

    is_num(open_text("BHS|^~\\&|a|b\rBTS|1"), NGX_OK, "BHS opens");
    (void) ngx_hl7_msh(&m, 3, 0, &v);
    is_str(v, "a", "BHS-3");
    is_num(open_text("FHS|^~\\&|a|b\rFTS|1"), NGX_OK, "FHS opens");
    (void) ngx_hl7_msh(&m, 4, 0, &v);
    is_str(v, "b", "FHS-4");
}


static void
declined(const char *text, ngx_uint_t code, const char *segment,
    ngx_uint_t field, size_t offset, const char *name)
{
    ngx_int_t  rc;

    memset(&err, 0xa5, sizeof(err));
    rc = open_text(text);

    if (!ok(rc == NGX_DECLINED && err.code == code
            && strcmp(err.segment, segment) == 0 && err.field == field
            && err.offset == offset && err.occurrence == (field ? 1 : 0)
            && err.text.len > 0
            && err.text.len == strlen((char *) err.text.data), name))
    {
        printf("#   rc %d code %d segment %.3s field %d offset %d\n",
               (int) rc, (int) err.code, err.segment, (int) err.field,
               (int) err.offset);
    }
}


static void
test_declined(void)
{
    int   i, bad;
    char  text[] = "MSH|^~\\&|";

    declined("", 100, "", 0, 0, "an empty message");
    declined("M", 100, "", 0, 0, "M");
    declined("MS", 100, "", 0, 0, "MS");
    declined("PID|1", 100, "", 0, 0, "no header segment");
    declined("msh|^~\\&|", 100, "", 0, 0, "a name in small letters");
    declined("MSH", 101, "MSH", 1, 3, "MSH only");
    declined("MSH\rPID|1", 101, "MSH", 1, 3, "MSH and CR");
    declined("BHS\nPID|1", 101, "BHS", 1, 3, "BHS and LF");
    declined("MSHA^~\\&A", 102, "MSH", 1, 3, "a letter as separator");
    declined("FHS1^~\\&1", 102, "FHS", 1, 3, "a digit as separator");
    declined("MSH ^~\\& ", 102, "MSH", 1, 3, "a space as separator");
    declined("MSH|^~\\z|", 102, "MSH", 2, 7, "a letter in MSH-2");
    declined("MSH|^7\\&|", 102, "MSH", 2, 5, "a digit in MSH-2");
    declined("MSH|^^\\&|", 102, "MSH", 2, 5, "a delimiter twice");
    declined("MSH|^~\\&^|", 102, "MSH", 2, 8, "truncation twice");
    declined("BHS|^~\\^|", 102, "BHS", 2, 7, "BHS is named");

    is_num(open_len("MSH\0^~\\&", 8), NGX_DECLINED, "NUL as separator");
    is_num(open_len("MSH|^\0\\&", 8), NGX_DECLINED, "NUL in MSH-2");

    for (bad = 0, i = 1; i < 256; i++) {
        text[5] = (char) i;
        bad += (open_text(text) == NGX_DECLINED);
    }

    /* 62 letters and digits, ^ \ & again, 29 control characters; "|", CR and
       LF end MSH-2 before */

    is_num(bad, 62 + 3 + 29, "bytes that cannot be in MSH-2");
}


static void
delimiters(const char *text, ngx_uint_t given, const char *want,
    const char *name)
{
    ngx_hl7_delimiters_t  *d;

    d = &m.delimiters;

    if (!ok(open_text(text) == NGX_OK && d->given == given
            && d->component == (u_char) want[0]
            && d->repetition == (u_char) want[1]
            && d->escape == (u_char) want[2]
            && d->subcomponent == (u_char) want[3]
            && d->truncation == (u_char) want[4], name))
    {
        printf("#   got %d: %c%c%c%c%c\n", (int) d->given, d->component,
               d->repetition, d->escape, d->subcomponent, d->truncation);
    }
}


static void
test_delimiters(void)
{
    delimiters("MSH|", 0, "^~\\&\0", "cut behind MSH-1");
    delimiters("MSH||APP", 0, "^~\\&\0", "none");
    delimiters("MSH|^|APP", 1, "^~\\&\0", "one");
    delimiters("MSH|@|APP", 1, "@~\\&\0", "another one");
    delimiters("MSH|^~|APP", 2, "^~\\&\0", "two");
    delimiters("MSH|^~\\|APP", 3, "^~\\&\0", "three");
    delimiters("MSH|^~\\&|APP", 4, "^~\\&\0", "four");
    delimiters("MSH|^~\\&#|APP", 5, "^~\\&#", "five");
    delimiters("MSH|^~\\&#@@A|APP", 5, "^~\\&#", "more than five");
    delimiters("MSH|~|APP", 1, "~\0\\&\0", "the default is in use");
    delimiters("MSH|^~&|APP", 3, "^~&\0\0", "no escape: & is the third");
    delimiters("MSH|&\\|APP", 2, "&\\\0\0\0", "two defaults are in use");
    delimiters("MSH^^APP", 0, "\0~\\&\0", "^ separates fields");
    delimiters("MSH^|^APP", 1, "|~\\&\0", "^ and | exchanged");
    delimiters("MSH|^~ &|APP", 4, "^~\0&\0", "a space is no escape");
    delimiters("MSH|^~\\& |APP", 5, "^~\\&\0", "a space is no truncation");
    delimiters("MSH\t^~\\&\tAPP", 4, "^~\\&\0", "TAB separates fields");
    delimiters("MSH|^~\\\xa7|APP", 4, "^~\\\xa7\0", "a byte above 0x7f");

    (void) open_text("MSH^^APP");
    (void) ngx_hl7_msh(&m, 3, 1, &v);
    is_str(v, "APP", "without a component delimiter the field is one");
    is_num(ngx_hl7_msh(&m, 3, 2, &v), NGX_HL7_ABSENT, "and no other");
}


static void
indexed(const char *text, const char *want, const char *name)
{
    char        got[256], *p;
    ngx_uint_t  i;

    open_index(text);

    p = got;

    for (i = 0; i < m.nsegments; i++) {
        p += sprintf(p, "%.*s;", (int) m.segments[i].len,
                     (char *) m.start + m.segments[i].start);
    }

    *p = '\0';

    if (!ok(strcmp(got, want) == 0
            && ngx_hl7_message_count_segments(&m) >= m.nsegments, name))
    {
        printf("#   got %s\n", got);
    }
}


static void
test_index(void)
{
    indexed("MSH|^~\\&|", "MSH|^~\\&|;", "one segment without an end");
    indexed("MSH|^~\\&|\r", "MSH|^~\\&|;", "one segment");
    indexed("MSH|\rPID|1\rPV1", "MSH|;PID|1;PV1;", "CR");
    indexed("MSH|\nPID|1\nPV1\n", "MSH|;PID|1;PV1;", "LF");
    indexed("MSH|\r\nPID|1\r\nPV1\r\n", "MSH|;PID|1;PV1;", "CRLF");
    indexed("MSH|\nPID|1\rPV1\r\nZ", "MSH|;PID|1;PV1;Z;", "all of them");
    indexed("MSH|\r\r\n\n\rPID|1\r\r", "MSH|;PID|1;", "empty segments");
    indexed("MSH|\r \rPID|1", "MSH|; ;PID|1;", "a space is a segment");

    open_index("MSH|\nPID|1\rPV1\r\nZ");
    is_num(ngx_hl7_message_count_segments(&m), 5, "the bound counts all ends");
    ok(m.segments == segments, "the index is the caller's array");
    is_num(m.segments[1].start, 5, "a segment begins behind the end before");
    is_num(m.segments[1].len, 5, "its length is without its end");
}


static void
field(ngx_uint_t segment, ngx_uint_t n, ngx_hl7_state_e state,
    const char *want, const char *name)
{
    ngx_hl7_state_e  got;

    memset(&v, 0xa5, sizeof(v));
    got = ngx_hl7_field(&m, &m.segments[segment], n, &v);

    if (!ok(got == state && v.len == strlen(want)
            && memcmp(v.data, want, v.len) == 0
            && v.data >= m.start && v.data + v.len <= m.end, name))
    {
        printf("#   state %d, %.*s\n", got, (int) v.len, v.data);
    }
}


static void
test_fields(void)
{
    open_index("MSH|^~\\&|A\rPID|1||\"\"|a^b~c|\rPV1\rMSH|^~\\&|B|C\rBHS\r"
               "MSHX|1\rFHS||||||||||||||||||||||||||27");

    field(0, 1, NGX_HL7_VALUED, "|", "MSH-1");
    field(0, 2, NGX_HL7_VALUED, "^~\\&", "MSH-2");
    field(0, 3, NGX_HL7_VALUED, "A", "MSH-3");
    field(0, 4, NGX_HL7_ABSENT, "", "MSH-4");
    field(0, 26, NGX_HL7_ABSENT, "", "MSH-26");
    field(1, 0, NGX_HL7_ABSENT, "", "there is no PID-0");
    field(1, 1, NGX_HL7_VALUED, "1", "PID-1");
    field(1, 2, NGX_HL7_EMPTY, "", "PID-2");
    field(1, 3, NGX_HL7_NULL, "\"\"", "PID-3");
    field(1, 4, NGX_HL7_VALUED, "a^b~c", "PID-4");
    field(1, 5, NGX_HL7_EMPTY, "", "PID-5 is the last");
    field(1, 6, NGX_HL7_ABSENT, "", "PID-6");
    field(1, (ngx_uint_t) -1, NGX_HL7_ABSENT, "", "a number without limits");
    field(2, 1, NGX_HL7_ABSENT, "", "a segment without fields");
    field(3, 1, NGX_HL7_VALUED, "|", "MSH-1 of another header");
    field(3, 2, NGX_HL7_VALUED, "^~\\&", "MSH-2 of it");
    field(3, 3, NGX_HL7_VALUED, "B", "MSH-3 of it");
    field(3, 4, NGX_HL7_VALUED, "C", "MSH-4 of it");
    field(3, 5, NGX_HL7_ABSENT, "", "MSH-5 of it");
    field(3, 0, NGX_HL7_ABSENT, "", "MSH-0 of it");
    field(4, 1, NGX_HL7_ABSENT, "", "BHS-1 of a name alone");
    field(6, 27, NGX_HL7_VALUED, "27", "FHS-27");

    open_index("MSH|^~\\&|||||||||||||||||||||||25|26|27\rPID|");
    field(0, 25, NGX_HL7_VALUED, "25", "MSH-25");
    field(0, 26, NGX_HL7_ABSENT, "", "MSH-26 is beyond the limit");

    open_index("MSH|^~\\&|\rPID\rPID|\rPIDX|\rPI\rpid|\rBHS|");
    ok(ngx_hl7_segment_is(&m, &m.segments[0], "MSH"), "MSH is MSH");
    ok(ngx_hl7_segment_is(&m, &m.segments[1], "PID"), "a name alone");
    ok(ngx_hl7_segment_is(&m, &m.segments[2], "PID"), "a name with a field");
    ok(!ngx_hl7_segment_is(&m, &m.segments[2], "PV1"), "another name");
    ok(!ngx_hl7_segment_is(&m, &m.segments[3], "PID"), "a longer name");
    ok(!ngx_hl7_segment_is(&m, &m.segments[4], "PID"), "a shorter name");
    ok(!ngx_hl7_segment_is(&m, &m.segments[5], "PID"), "small letters");
    ok(ngx_hl7_segment_is_header(&m, &m.segments[0]), "MSH is a header");
    ok(ngx_hl7_segment_is_header(&m, &m.segments[6]), "BHS is a header");
    ok(!ngx_hl7_segment_is_header(&m, &m.segments[1]), "PID is none");
    ok(!ngx_hl7_segment_is_header(&m, &m.segments[4]), "PI is none");
}


static void
part(const char *in, u_char d, ngx_uint_t n, ngx_hl7_state_e state,
    const char *want, const char *name)
{
    ngx_str_t        s;
    ngx_hl7_state_e  got;

    s.len = strlen(in);
    s.data = (u_char *) in;

    got = ngx_hl7_part(&m, &s, d, n, &s);

    if (!ok(got == state && s.len == strlen(want)
            && memcmp(s.data, want, s.len) == 0
            && s.data >= (u_char *) in
            && s.data + s.len <= (u_char *) in + strlen(in), name))
    {
        printf("#   state %d, %.*s\n", got, (int) s.len, s.data);
    }
}


static void
test_parts(void)
{
    (void) open_text("MSH|^~\\&|");

    part("a^b^c", '^', 1, NGX_HL7_VALUED, "a", "the first part");
    part("a^b^c", '^', 2, NGX_HL7_VALUED, "b", "the second part");
    part("a^b^c", '^', 3, NGX_HL7_VALUED, "c", "the last part");
    part("a^b^c", '^', 4, NGX_HL7_ABSENT, "", "no more parts");
    part("a^^c", '^', 2, NGX_HL7_EMPTY, "", "an empty part");
    part("a^\"\"", '^', 2, NGX_HL7_NULL, "\"\"", "a null part");
    part("a^", '^', 2, NGX_HL7_EMPTY, "", "an empty part at the end");
    part("", '^', 1, NGX_HL7_EMPTY, "", "the first part of nothing");
    part("", '^', 2, NGX_HL7_ABSENT, "", "the second part of nothing");
    part("ab", '^', 1, NGX_HL7_VALUED, "ab", "a value is its first part");
    part("\"\"", '^', 1, NGX_HL7_NULL, "\"\"", "a null is its first part");
    part("\"\"", '^', 2, NGX_HL7_ABSENT, "", "and has no second");
    part("a^b", 0, 1, NGX_HL7_VALUED, "a^b", "delimiter 0 splits nothing");
    part("a^b", 0, 2, NGX_HL7_ABSENT, "", "so there is no second part");

    v.data = (u_char *) "a\0b";
    v.len = 3;
    is_num(ngx_hl7_part(&m, &v, 0, 2, &v), NGX_HL7_ABSENT, "not even at NUL");

    part("\"", '^', 1, NGX_HL7_VALUED, "\"", "one quote is a value");
    part("\"\"\"", '^', 1, NGX_HL7_VALUED, "\"\"\"", "three quotes too");
}


static void
test_multibyte(void)
{
    u_char  *p, text[] = "MSH|^~\\&||||||||||||||||8859/1~X|";

    (void) open_text((char *) text);
    is_num(m.multibyte, 0, "8859/1 is single-byte");
    (void) open_text("MSH|^~\\&||||||||||||||||Shift_JIS~UNICODE UTF-8|");
    is_num(m.multibyte, NGX_HL7_SHIFT_JIS, "Shift_JIS, first repetition");
    (void) open_text("MSH|^~\\&||||||||||||||||gb 18030-2000");
    is_num(m.multibyte, NGX_HL7_BIG5, "GB18030");
    (void) open_text("MSH|^~\\&||||||||||||||||BIG-5");
    is_num(m.multibyte, NGX_HL7_BIG5, "Big5");
    (void) open_text("MSH|^~\\&||||||||||||||||~ISO IR87");
    is_num(m.multibyte, NGX_HL7_ISO_2022, "ISO IR87 beside ASCII");
    (void) open_text("MSH|^~\\&||||||||||||||||KLINGON");
    is_num(m.multibyte, 0, "an unknown one is 0");

    m.multibyte = NGX_HL7_SHIFT_JIS;
    part("\x83\x5e\x81\x7c^b", '^', 1, NGX_HL7_VALUED, "\x83\x5e\x81\x7c",
         "Shift_JIS: ^ as second byte");
    part("\x83\x5e^b", '^', 2, NGX_HL7_VALUED, "b", "^ behind it");
    part("\xe0\x5e^\xfc\x5e", '^', 2, NGX_HL7_VALUED, "\xfc\x5e",
         "lead bytes up to 0xfc");
    part("\xb1^b", '^', 2, NGX_HL7_VALUED, "b", "katakana is no lead byte");
    part("\x80^b\xfd^c", '^', 3, NGX_HL7_VALUED, "c", "nor 0x80 nor 0xfd");
    part("a&\x83&b", '&', 3, NGX_HL7_VALUED, "b", "& is no second byte");
    part("a^\x83", '^', 2, NGX_HL7_VALUED, "\x83", "a lead byte at the end");

    m.multibyte = NGX_HL7_BIG5;
    part("\xb3\x5c^\xa5\x7c", '^', 2, NGX_HL7_VALUED, "\xa5\x7c",
         "Big5: second bytes");
    part("\xfe\x5e^b", '^', 2, NGX_HL7_VALUED, "b", "lead byte 0xfe");
    part("\x81\x30\x81\x30^b", '^', 2, NGX_HL7_VALUED, "b",
         "GB18030: four bytes");
    part("\x81\x30\x84\x36^\x81\x30\x84\x36", '^', 2, NGX_HL7_VALUED,
         "\x81\x30\x84\x36", "four bytes on both sides");
    part("\xff^b", '^', 2, NGX_HL7_VALUED, "b", "0xff is no lead byte");

    m.multibyte = NGX_HL7_ISO_2022;
    part("\x1b$B^|K\\\x1b(B^b", '^', 2, NGX_HL7_VALUED, "b",
         "ISO 2022: ^ between the escapes");
    part("\x1b$B^^\x1b(J^b", '^', 1, NGX_HL7_VALUED, "\x1b$B^^\x1b(J",
         "back to JIS X 0201 Roman");
    part("\x1b(I^\x1b(B^b", '^', 2, NGX_HL7_VALUED, "b", "katakana");
    part("a^\x1b$B^", '^', 2, NGX_HL7_VALUED, "\x1b$B^", "never back");
    part("\x1b", '^', 1, NGX_HL7_VALUED, "\x1b", "ESC at the end");

    p = (u_char *) "a\x83|b|";
    m.multibyte = 0;
    is_num(ngx_hl7_find(&m, p, p + 5, '|') - p, 2, "find in single bytes");
    m.multibyte = NGX_HL7_SHIFT_JIS;
    is_num(ngx_hl7_find(&m, p, p + 5, '|') - p, 4, "find in Shift_JIS");
    is_num(ngx_hl7_find(&m, p, p + 4, '|') - p, 4, "found nothing: the end");

    open_index("MSH|^~\\&||||||||||||||||Shift_JIS\rPID|\x81\x7c|b\r\x83\r|");
    field(1, 1, NGX_HL7_VALUED, "\x81\x7c", "fields of a segment");
    field(1, 2, NGX_HL7_VALUED, "b", "the field behind");
    is_num(m.nsegments, 4, "the end of a segment is no second byte");
}


static void
version(const char *field, ngx_uint_t want, const char *name)
{
    char  text[64];

    sprintf(text, "MSH|^~\\&||||||||||%s", field);
    (void) open_text(text);

    is_num(ngx_hl7_version(&m), want, name);
}


static void
test_version(void)
{
    version("2.1", 210, "2.1");
    version("2.5.1", 251, "2.5.1");
    version("2.9", 290, "2.9");
    version("2.9.1^DEU", 291, "2.9.1 with components");
    version("2.3~2.5", 230, "the first repetition");
    version("", 0, "empty");
    version("\"\"", 0, "null");
    version("2", 0, "no minor number");
    version("2.", 0, "no digit");
    version("2.5.", 0, "no patch digit");
    version("2.5.1.1", 0, "one too many");
    version("2.10", 0, "two digits");
    version("2,5", 0, "a comma");
    version("v.5", 0, "a letter");
    version("2.x", 0, "a letter for the minor number");

    (void) open_text("MSH|");
    is_num(ngx_hl7_version(&m), 0, "absent");
}


int
main(void)
{
    test_header();
    test_declined();
    test_delimiters();
    test_index();
    test_fields();
    test_parts();
    test_multibyte();
    test_version();

    return unit_done();
}
