
/*
 * Paths: both ways to write them, and what they find.
 */

#include "unit.h"

#include "ngx_hl7_path.h"


#define SEGMENTS  64


static ngx_hl7_message_t  m;
static ngx_hl7_span_t     segments[SEGMENTS];


/* a path in full: SEG occurrence field repetition component subcomponent */

static void
parsed(ngx_uint_t name, const char *text, const char *want)
{
    char             got[128], title[128];
    size_t           at;
    ngx_str_t        s;
    ngx_int_t        rc;
    const char      *why;
    ngx_hl7_path_t   path;

    s.len = strlen(text);
    s.data = (u_char *) text;

    memset(&path, 0xa5, sizeof(path));

    rc = name ? ngx_hl7_path_parse_name(&path, &s, &at, &why)
              : ngx_hl7_path_parse(&path, &s, &at, &why);

    if (rc == NGX_OK) {
        sprintf(got, "%s %d %d %d %d %d", path.segment, path.occurrence,
                path.field, path.repetition, path.component,
                path.subcomponent);

        if (path.filter_component) {
            sprintf(got + strlen(got), " %d.%d=%.*s", path.filter_component,
                    path.filter_subcomponent, (int) path.filter.len,
                    path.filter.data);
        }

    } else {
        sprintf(got, "%d: %s", (int) at, why);
    }

    sprintf(title, "%s is %s", text, want);

    if (!ok(strcmp(got, want) == 0, title)) {
        printf("#   got %s\n", got);
    }
}


static void
test_parse(void)
{
    parsed(0, "MSH", "MSH 1 0 0 0 0");
    parsed(0, "ZZ9", "ZZ9 1 0 0 0 0");
    parsed(0, "OBX[12]", "OBX 12 0 0 0 0");
    parsed(0, "PID-3", "PID 1 3 0 0 0");
    parsed(0, "PID-3.1", "PID 1 3 0 1 0");
    parsed(0, "PID-3.4.2", "PID 1 3 0 4 2");
    parsed(0, "PID-3[2]", "PID 1 3 2 0 0");
    parsed(0, "PID-3[2].4.2", "PID 1 3 2 4 2");
    parsed(0, "OBX[2]-5", "OBX 2 5 0 0 0");
    parsed(0, "PID-3[5=MR].1", "PID 1 3 0 1 0 5.0=MR");
    parsed(0, "PID-3[5=MR]", "PID 1 3 0 0 0 5.0=MR");
    parsed(0, "PID-3[4.2=1.2.3].1.2", "PID 1 3 0 1 2 4.2=1.2.3");
    parsed(0, "PID-3[1==[ x-].1", "PID 1 3 0 1 0 1.0==[ x-");
    parsed(0, "PV1[65535]-65535[65535].65535.65535",
           "PV1 65535 65535 65535 65535 65535");
    parsed(0, "PID-03", "PID 1 3 0 0 0");

    parsed(0, "", "0: a segment name has three characters");
    parsed(0, "PI", "2: a segment name has three characters");
    parsed(0, "pid-3", "0: not a character of a segment name");
    parsed(0, "PiD-3", "1: not a character of a segment name");
    parsed(0, "1PD-3", "0: not a character of a segment name");
    parsed(0, "PI-3", "2: not a character of a segment name");
    parsed(0, "PIDX-3", "3: \"-\" is expected");
    parsed(0, "PID.3", "3: \"-\" is expected");
    parsed(0, "OBX[1]5", "6: \"-\" is expected");
    parsed(0, "OBX[1", "5: \"]\" is expected");
    parsed(0, "OBX[1=2]", "5: \"]\" is expected");
    parsed(0, "OBX[", "4: a number from 1 to 65535 is expected");
    parsed(0, "OBX[]-1", "4: a number from 1 to 65535 is expected");
    parsed(0, "OBX[0]-1", "4: a number from 1 to 65535 is expected");
    parsed(0, "PID-", "4: a number from 1 to 65535 is expected");
    parsed(0, "PID-0", "4: a number from 1 to 65535 is expected");
    parsed(0, "PID-x", "4: a number from 1 to 65535 is expected");
    parsed(0, "PID--1", "4: a number from 1 to 65535 is expected");
    parsed(0, "PID-65536", "4: a number from 1 to 65535 is expected");
    parsed(0, "PID-99999999999999999999999",
           "4: a number from 1 to 65535 is expected");
    parsed(0, "PID-3x", "5: unexpected character");
    parsed(0, "PID-3.", "6: a number from 1 to 65535 is expected");
    parsed(0, "PID-3.0", "6: a number from 1 to 65535 is expected");
    parsed(0, "PID-3.1.", "8: a number from 1 to 65535 is expected");
    parsed(0, "PID-3.1.2.3", "9: unexpected character");
    parsed(0, "PID-3.1[2]", "7: unexpected character");
    parsed(0, "PID-3[1][2]", "8: unexpected character");
    parsed(0, "PID-3 ", "5: unexpected character");
    parsed(0, "PID-3[", "6: a number from 1 to 65535 is expected");
    parsed(0, "PID-3[*]", "6: a number from 1 to 65535 is expected");
    parsed(0, "PID-3[1", "7: \"=\" or \"]\" is expected");
    parsed(0, "PID-3[1x]", "7: \"=\" or \"]\" is expected");
    parsed(0, "PID-3[1.]", "8: a number from 1 to 65535 is expected");
    parsed(0, "PID-3[1.2]", "9: \"=\" or \"]\" is expected");
    parsed(0, "PID-3[1=]", "8: a value is expected");
    parsed(0, "PID-3[1=MR", "10: \"]\" is expected");
    parsed(0, "PID-3[1=", "8: \"]\" is expected");
}


static void
test_parse_name(void)
{
    parsed(1, "msh", "MSH 1 0 0 0 0");
    parsed(1, "pid_3", "PID 1 3 0 0 0");
    parsed(1, "PID_3_1", "PID 1 3 0 1 0");
    parsed(1, "pid_3_4_2", "PID 1 3 0 4 2");
    parsed(1, "pid_3r2_4_2", "PID 1 3 2 4 2");
    parsed(1, "Pid_3R2", "PID 1 3 2 0 0");
    parsed(1, "obx2_5", "OBX 2 5 0 0 0");
    parsed(1, "obx12", "OBX 12 0 0 0 0");
    parsed(1, "pv1_3", "PV1 1 3 0 0 0");
    parsed(1, "pv12_3", "PV1 2 3 0 0 0");
    parsed(1, "zz9_1", "ZZ9 1 1 0 0 0");

    parsed(1, "", "0: a segment name has three characters");
    parsed(1, "ms", "2: a segment name has three characters");
    parsed(1, "1sh", "0: not a character of a segment name");
    parsed(1, "m_h", "1: not a character of a segment name");
    parsed(1, "pid-3", "3: \"_\" is expected");
    parsed(1, "pidx_3", "3: \"_\" is expected");
    parsed(1, "obx0_3", "3: a number from 1 to 65535 is expected");
    parsed(1, "obx65536_3", "3: a number from 1 to 65535 is expected");
    parsed(1, "obx2r", "4: \"_\" is expected");
    parsed(1, "pid_", "4: a number from 1 to 65535 is expected");
    parsed(1, "pid_r2", "4: a number from 1 to 65535 is expected");
    parsed(1, "pid_3r", "6: a number from 1 to 65535 is expected");
    parsed(1, "pid_3r0", "6: a number from 1 to 65535 is expected");
    parsed(1, "pid_3_", "6: a number from 1 to 65535 is expected");
    parsed(1, "pid_3_1_", "8: a number from 1 to 65535 is expected");
    parsed(1, "pid_3_1_2_3", "9: unexpected character");
    parsed(1, "pid_3_1r2", "7: unexpected character");
    parsed(1, "pid_3.1", "5: unexpected character");
    parsed(1, "pid_3[5=x]", "5: unexpected character");
}


static void
get(const char *text, ngx_hl7_state_e state, const char *want)
{
    char              title[128];
    size_t            at;
    ngx_str_t         s, v;
    const char       *why;
    ngx_hl7_path_t    path;
    ngx_hl7_state_e   got;

    s.len = strlen(text);
    s.data = (u_char *) text;

    if (ngx_hl7_path_parse(&path, &s, &at, &why) != NGX_OK) {
        ok(0, text);
        return;
    }

    memset(&v, 0xa5, sizeof(v));
    got = ngx_hl7_path_get(&path, &m, &v);

    sprintf(title, "%s gives %s", text, want);

    if (!ok(got == state && v.len == strlen(want)
            && memcmp(v.data, want, v.len) == 0
            && v.data >= m.start && v.data + v.len <= m.end, title))
    {
        printf("#   state %d, %.*s\n", got, (int) v.len, v.data);
    }
}


static void
open_index(const char *text)
{
    ngx_hl7_error_t  err;

    if (ngx_hl7_message_open(&m, (u_char *) text,
                             (u_char *) text + strlen(text), &err)
        != NGX_OK
        || ngx_hl7_message_count_segments(&m) > SEGMENTS)
    {
        ok(0, "the message can be indexed");
        return;
    }

    ngx_hl7_message_index(&m, segments);
}


static void
test_get(void)
{
    open_index("MSH|^~\\&|LAB^1.2~X||||20261121||ORU^R01|7|P|2.5\r"
               "PID|1||10^^^HOSP&1.2&ISO^MR~20^^^SITE^PI~30^^^HOSP^MR|\"\"|"
               "DOE\\T\\SON^JANE^^\"\"||\r"
               "OBX|1|NM|A||5.0\r"
               "OBX|2|ST|B||x&y^z\r"
               "OBX|3|TX\r"
               "ZPI|only");

    get("PID", NGX_HL7_VALUED,
        "PID|1||10^^^HOSP&1.2&ISO^MR~20^^^SITE^PI~30^^^HOSP^MR|\"\"|"
        "DOE\\T\\SON^JANE^^\"\"||");
    get("OBX[3]", NGX_HL7_VALUED, "OBX|3|TX");
    get("OBX[4]", NGX_HL7_ABSENT, "");
    get("OBX[4]-1", NGX_HL7_ABSENT, "");
    get("NK1", NGX_HL7_ABSENT, "");
    get("NK1-2.1", NGX_HL7_ABSENT, "");
    get("ZPI-1", NGX_HL7_VALUED, "only");

    get("PID-1", NGX_HL7_VALUED, "1");
    get("PID-1.1", NGX_HL7_VALUED, "1");
    get("PID-1.1.1", NGX_HL7_VALUED, "1");
    get("PID-1.1.2", NGX_HL7_ABSENT, "");
    get("PID-1.2", NGX_HL7_ABSENT, "");
    get("PID-1.2.1", NGX_HL7_ABSENT, "");
    get("PID-1[1]", NGX_HL7_VALUED, "1");
    get("PID-1[2]", NGX_HL7_ABSENT, "");
    get("PID-2", NGX_HL7_EMPTY, "");
    get("PID-2.1", NGX_HL7_EMPTY, "");
    get("PID-2.2", NGX_HL7_ABSENT, "");
    get("PID-4", NGX_HL7_NULL, "\"\"");
    get("PID-4.1", NGX_HL7_NULL, "\"\"");
    get("PID-4.2", NGX_HL7_ABSENT, "");
    get("PID-5.4", NGX_HL7_NULL, "\"\"");
    get("PID-5.3", NGX_HL7_EMPTY, "");
    get("PID-5.5", NGX_HL7_ABSENT, "");
    get("PID-5.1", NGX_HL7_VALUED, "DOE\\T\\SON");
    get("PID-7", NGX_HL7_EMPTY, "");
    get("PID-8", NGX_HL7_ABSENT, "");

    get("PID-3", NGX_HL7_VALUED,
        "10^^^HOSP&1.2&ISO^MR~20^^^SITE^PI~30^^^HOSP^MR");
    get("PID-3.1", NGX_HL7_VALUED, "10");
    get("PID-3.4", NGX_HL7_VALUED, "HOSP&1.2&ISO");
    get("PID-3.4.1", NGX_HL7_VALUED, "HOSP");
    get("PID-3.4.3", NGX_HL7_VALUED, "ISO");
    get("PID-3.4.4", NGX_HL7_ABSENT, "");
    get("PID-3[2]", NGX_HL7_VALUED, "20^^^SITE^PI");
    get("PID-3[2].1", NGX_HL7_VALUED, "20");
    get("PID-3[3].4.1", NGX_HL7_VALUED, "HOSP");
    get("PID-3[4].1", NGX_HL7_ABSENT, "");

    get("PID-3[5=MR].1", NGX_HL7_VALUED, "10");
    get("PID-3[5=PI].1", NGX_HL7_VALUED, "20");
    get("PID-3[5=PI]", NGX_HL7_VALUED, "20^^^SITE^PI");
    get("PID-3[1=30].5", NGX_HL7_VALUED, "MR");
    get("PID-3[5=M].1", NGX_HL7_ABSENT, "");
    get("PID-3[5=MRN].1", NGX_HL7_ABSENT, "");
    get("PID-3[6=x].1", NGX_HL7_ABSENT, "");
    get("PID-3[4=HOSP].1", NGX_HL7_VALUED, "30");
    get("PID-3[4.1=HOSP].1", NGX_HL7_VALUED, "10");
    get("PID-3[4.2=1.2].4.3", NGX_HL7_VALUED, "ISO");
    get("PID-3[4.2=1.3].4.3", NGX_HL7_ABSENT, "");
    get("PID-2[1=x].1", NGX_HL7_ABSENT, "");
    get("PID-9[1=x].1", NGX_HL7_ABSENT, "");
    get("PID-1[1=1]", NGX_HL7_VALUED, "1");

    get("OBX-5", NGX_HL7_VALUED, "5.0");
    get("OBX[2]-5", NGX_HL7_VALUED, "x&y^z");
    get("OBX[2]-5.1.2", NGX_HL7_VALUED, "y");
    get("OBX[3]-5", NGX_HL7_ABSENT, "");

    get("MSH", NGX_HL7_VALUED,
        "MSH|^~\\&|LAB^1.2~X||||20261121||ORU^R01|7|P|2.5");
    get("MSH-1", NGX_HL7_VALUED, "|");
    get("MSH-1.1", NGX_HL7_VALUED, "|");
    get("MSH-1.2", NGX_HL7_ABSENT, "");
    get("MSH-2", NGX_HL7_VALUED, "^~\\&");
    get("MSH-2.1", NGX_HL7_VALUED, "^~\\&");
    get("MSH-2.1.1", NGX_HL7_VALUED, "^~\\&");
    get("MSH-2[1]", NGX_HL7_VALUED, "^~\\&");
    get("MSH-2[2]", NGX_HL7_ABSENT, "");
    get("MSH-2.2", NGX_HL7_ABSENT, "");
    get("MSH-3", NGX_HL7_VALUED, "LAB^1.2~X");
    get("MSH-3.2", NGX_HL7_VALUED, "1.2");
    get("MSH-3[2].1", NGX_HL7_VALUED, "X");
    get("MSH-9.2", NGX_HL7_VALUED, "R01");
    get("MSH-13", NGX_HL7_ABSENT, "");
    get("MSH-60", NGX_HL7_ABSENT, "");

    open_index("MSH^|~\\&^A|B^\nPID^1^a|b");

    get("PID-2.2", NGX_HL7_VALUED, "b");
    get("MSH-3.2", NGX_HL7_VALUED, "B");

    /* second bytes that look like delimiters */

    open_index("MSH|^~\\&||||||||||||||||Shift_JIS\r"
               "PID|1||\x83\x7e^\x81\x5e~\x83\x5c^MR");

    get("PID-3[2=MR].1", NGX_HL7_VALUED, "\x83\x5c");
    get("PID-3.2", NGX_HL7_VALUED, "\x81\x5e");
}


static void
test_get_in(void)
{
    size_t           at;
    ngx_str_t        v, text = ngx_string("OBX[7]-1");
    const char      *why;
    ngx_hl7_path_t   path;

    open_index("MSH|^~\\&|\rOBX|a\rNTE|b");

    (void) ngx_hl7_path_parse(&path, &text, &at, &why);

    is_num(ngx_hl7_path_get(&path, &m, &v), NGX_HL7_ABSENT,
           "there is no seventh OBX");
    is_num(ngx_hl7_path_get_in(&path, &m, &segments[1], &v), NGX_HL7_VALUED,
           "within a segment the occurrence does not matter");
    is_str(v, "a", "its field");
    (void) ngx_hl7_path_get_in(&path, &m, &segments[2], &v);
    is_str(v, "b", "nor does the name");

    path.field = 0;
    (void) ngx_hl7_path_get_in(&path, &m, &segments[2], &v);
    is_str(v, "NTE|b", "the segment as a whole");

    m.nsegments = 0;
    path.occurrence = 1;
    is_num(ngx_hl7_path_get(&path, &m, &v), NGX_HL7_ABSENT,
           "without an index there is nothing");
    is_num(v.len, 0, "and it is empty");
}


int
main(void)
{
    test_parse();
    test_parse_name();
    test_get();
    test_get_in();

    return unit_done();
}
