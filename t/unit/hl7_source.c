
/*
 * Paths of a map into an HL7 v2 message: how they are written, what they find
 * where, all of it, and where it was.
 */

#include "unit.h"
#include "arena.h"

#include "ngx_canonical_hl7.h"
#include "ngx_hl7_segment.h"


static ngx_canonical_arena_t       arena;
static ngx_hl7_message_t           m;
static ngx_hl7_span_t             *segments;
static ngx_canonical_hl7_t         hl7;
static ngx_canonical_hl7_scope_t   top;
static ngx_canonical_hl7_path_t    path;
static ngx_canonical_hl7_value_t   v;


static void
open_message(const char *text, const char *charset)
{
    static u_char    *copy;

    size_t            len;
    ngx_str_t         name;
    ngx_hl7_error_t   err;

    /* of the exact size, for the address sanitizer and valgrind */

    len = strlen(text);

    free(copy);
    free(segments);
    copy = malloc(len);
    memcpy(copy, text, len);

    if (arena.data) {
        unit_arena_free(&arena);
    }

    unit_arena(&arena, 64 * 1024 * 1024);

    if (ngx_hl7_message_open(&m, copy, copy + len, &err) != NGX_OK) {
        ok(0, "the message can be opened");
        exit(1);
    }

    segments = malloc(ngx_hl7_message_count_segments(&m)
                      * sizeof(ngx_hl7_span_t));
    ngx_hl7_message_index(&m, segments);

    name.data = (u_char *) charset;
    name.len = charset ? strlen(charset) : 0;

    if (ngx_canonical_hl7_init(&hl7, &m,
                               charset ? ngx_hl7_charset(&name) : NULL,
                               &arena)
        != NGX_OK)
    {
        ok(0, "there is memory");
        exit(1);
    }

    ngx_canonical_hl7_scope(&top, &hl7);
}


static void
parse(const char *text)
{
    size_t       at;
    ngx_str_t    s;
    const char  *why;

    s.len = strlen(text);
    s.data = (u_char *) text;

    if (ngx_canonical_hl7_path(&path, &s, &at, &why) != NGX_OK) {
        ok(0, text);
        printf("# %s at %d\n", why, (int) at);
        exit(1);
    }
}


/*
 * A path in full: name occurrence-field repetition component subcomponent,
 * "*" of segments and repetitions, predicates.
 */

static void
parsed(const char *text, const char *want)
{
    char             got[256], title[256];
    size_t           at;
    ngx_str_t        s;
    const char      *why;
    ngx_hl7_path_t  *p;

    s.len = strlen(text);
    s.data = (u_char *) text;

    memset(&path, 0xa5, sizeof(path));

    if (ngx_canonical_hl7_path(&path, &s, &at, &why) == NGX_OK) {
        p = &path.path;

        sprintf(got, "%s %d-%d %d %d %d%s%s", path.name ? p->segment : ".",
                path.occurrence, p->field, p->repetition, p->component,
                p->subcomponent, path.all_segments ? " S*" : "",
                path.all_repetitions ? " R*" : "");

        if (path.is.data) {
            sprintf(got + strlen(got), " S%d.%d.%d=%.*s", path.where.field,
                    path.where.component, path.where.subcomponent,
                    (int) path.is.len, path.is.data);
        }

        if (p->filter_component) {
            sprintf(got + strlen(got), " R%d.%d=%.*s", p->filter_component,
                    p->filter_subcomponent, (int) p->filter.len,
                    p->filter.data);
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
test_path(void)
{
    parsed("PID", "PID 0-0 0 0 0");
    parsed("PID-3", "PID 0-3 0 0 0");
    parsed("ZZ9-3.1", "ZZ9 0-3 0 1 0");
    parsed("PID-3[2].4.2", "PID 0-3 2 4 2");
    parsed("OBX[2]-5", "OBX 2-5 0 0 0");
    parsed("OBX[*]-5", "OBX 0-5 0 0 0 S*");
    parsed("PID-3[*].1", "PID 0-3 0 1 0 R*");
    parsed("OBX[*]-5[*].1.2", "OBX 0-5 0 1 2 S* R*");
    parsed("OBX[*]", "OBX 0-0 0 0 0 S*");
    parsed("PID-3[5=MR].1", "PID 0-3 0 1 0 R5.0=MR");
    parsed("PID-3[4.2=1.2].1", "PID 0-3 0 1 0 R4.2=1.2");
    parsed("OBX[3.1=29463-7]-5", "OBX 0-5 0 0 0 S3.1.0=29463-7");
    parsed("OBX[3=a^b]-5[2=x]", "OBX 0-5 0 0 0 S3.0.0=a^b R2.0=x");
    parsed("OBX[3.1.2==]", "OBX 0-0 0 0 0 S3.1.2==");
    parsed(".", ". 0-0 0 0 0");
    parsed(".2", ". 0-0 0 2 0");
    parsed(".2.1", ". 0-0 0 2 1");

    parsed("", "0: a segment name has three characters");
    parsed("PI", "2: a segment name has three characters");
    parsed("pid-3", "0: not a character of a segment name");
    parsed("P-D", "1: not a character of a segment name");
    parsed("PID.3", "3: \"-\" is expected");
    parsed("PID-", "4: a number from 1 to 65535 is expected");
    parsed("PID-3[", "6: a number from 1 to 65535 is expected");
    parsed("PID-3[*", "7: \"=\" or \"]\" is expected");
    parsed("PID-3[2", "7: \"=\" or \"]\" is expected");
    parsed("PID-3[2.1]", "9: \"=\" is expected");
    parsed("PID-3[5=]", "8: a value is expected");
    parsed("PID-3[5=MR", "10: \"]\" is expected");
    parsed("PID-3.0", "6: a number from 1 to 65535 is expected");
    parsed("PID-3.1.2.3", "9: unexpected character");
    parsed("PID-3x", "5: unexpected character");
    parsed("PID-3|", "5: unexpected character");
    parsed("OBX[0]-5", "4: a number from 1 to 65535 is expected");
    parsed("OBX[x]-5", "4: a number from 1 to 65535 is expected");
    parsed("OBX[1x]-5", "5: \"]\" is expected");
    parsed("OBX[1.2]-5", "7: \"=\" is expected");
    parsed("OBX[1.2.3.4=x]-5", "9: \"=\" is expected");
    parsed("OBX[65536]-5", "4: a number from 1 to 65535 is expected");
    parsed("..2", "1: a number from 1 to 65535 is expected");
    parsed(".2.", "3: a number from 1 to 65535 is expected");
    parsed(".2.1.1", "4: unexpected character");
    parsed(".x", "1: a number from 1 to 65535 is expected");
}


/* "state text", and where that is */

static void
gives(ngx_canonical_hl7_scope_t *scope, const char *text, const char *want)
{
    char                   got[256], title[256];
    ngx_str_t              s;
    ngx_canonical_error_t  err;

    static const char  *states[] = { "absent", "empty", "null", "" };

    parse(text);

    memset(&v, 0xa5, sizeof(v));
    memset(&err, 0, sizeof(err));

    ngx_canonical_hl7_get(&path, scope, &v);
    ngx_canonical_hl7_locate(&path, scope, &v, &err);

    ngx_str_null(&s);

    if (v.state == NGX_HL7_VALUED
        && ngx_canonical_hl7_text(&hl7, &v, &s) != NGX_OK)
    {
        s.len = 0;
    }

    sprintf(got, "%s%.*s %s%d[%d]-%d[%d].%d.%d", states[v.state],
            (int) s.len, s.data, err.segment, (int) err.number,
            (int) err.occurrence, (int) err.field, (int) err.repetition,
            (int) err.component, (int) err.subcomponent);

    sprintf(title, "%s gives %s", text, want);

    if (!ok(strcmp(got, want) == 0, title)) {
        printf("#   got %s\n", got);
    }

    if (err.positioned && v.state == NGX_HL7_VALUED) {
        ok(memcmp(m.start + err.offset, v.raw.data, v.raw.len) == 0,
           "the offset");
    }
}


static const char  dft[] =
    "MSH|^~\\&|OR|GHH|||20261121||DFT^P03|M1|P|2.8\r"
    "PID|1||900^^^NAT^SS~PAT1^^^GHH&1.2&ISO^MR||\"\"|  |a\\T\\b^\"\"  |"
    "|x&y^z~u&v|^b|\"\"^c~d|~e|a&b~\"\"&c\r"
    "DG1|1||A01\r"
    "FT1|1|T1|x^y\r"
    "PR1|1||P11\r"
    "NTE|1||n11\r"
    "PR1|2||P12\r"
    "FT1|2|T2\r"
    "NTE|1||n21\r"
    "FT1|3|T3\r"
    "PR1|1||P31\r"
    "DG1|2||B02\r"
    "FTX|1\r"
    "ZZ\r"
    "OBX|1|NM|29463-7^W||70\r"
    "OBX|2|NM|8302-2^H||180~181\r"
    "OBX|3\r"
    "OBX|4|NM|29463-7^W||~72~\r";


static void
test_get(void)
{
    open_message(dft, NULL);

    gives(&top, "MSH-10", "M1 MSH1[1]-10[0].0.0");
    gives(&top, "MSH-9.2", "P03 MSH1[1]-9[1].2.0");
    gives(&top, "MSH-2", "^~\\& MSH1[1]-2[0].0.0");
    gives(&top, "MSH-2.1", "^~\\& MSH1[1]-2[1].1.0");
    gives(&top, "MSH-2.2", "absent MSH1[1]-2[1].2.0");
    gives(&top, "PID-3.1", "900 PID2[1]-3[1].1.0");
    gives(&top, "PID-3[2].1", "PAT1 PID2[1]-3[2].1.0");
    gives(&top, "PID-3[5=MR].1", "PAT1 PID2[1]-3[2].1.0");
    gives(&top, "PID-3[5=MR].4.2", "1.2 PID2[1]-3[2].4.2");
    gives(&top, "PID-3[4.3=ISO].1", "PAT1 PID2[1]-3[2].1.0");
    gives(&top, "PID-3[5=XX].1", "absent PID2[1]-3[0].1.0");
    gives(&top, "PID-3[3].1", "absent PID2[1]-3[3].1.0");
    gives(&top, "PID-4", "empty PID2[1]-4[0].0.0");
    gives(&top, "PID-5", "null PID2[1]-5[0].0.0");
    gives(&top, "PID-5.1", "null PID2[1]-5[1].1.0");
    gives(&top, "PID-5.2", "absent PID2[1]-5[1].2.0");
    gives(&top, "PID-6", " PID2[1]-6[0].0.0");
    gives(&top, "PID-7.1", "a&b PID2[1]-7[1].1.0");
    gives(&top, "PID-30", "absent PID2[1]-30[0].0.0");

    /* what is not written is the first: of the field, of a component */

    gives(&top, "PID-9", "x PID2[1]-9[0].0.0");
    gives(&top, "PID-9.1", "x PID2[1]-9[1].1.0");
    gives(&top, "PID-9.1.2", "y PID2[1]-9[1].1.2");
    gives(&top, "PID-9.2", "z PID2[1]-9[1].2.0");
    gives(&top, "PID-9[2]", "u PID2[1]-9[2].0.0");
    gives(&top, "PID-9[2].1.2", "v PID2[1]-9[2].1.2");
    gives(&top, "PID-9[3]", "absent PID2[1]-9[3].0.0");
    gives(&top, "PID-10", "empty PID2[1]-10[0].0.0");
    gives(&top, "PID-11", "null PID2[1]-11[0].0.0");
    gives(&top, "PID-11.2", "c PID2[1]-11[1].2.0");
    gives(&top, "PID-12", "empty PID2[1]-12[0].0.0");
    gives(&top, "PID-13[2]", "null PID2[1]-13[2].0.0");
    gives(&top, "PID-3", "900 PID2[1]-3[0].0.0");
    gives(&top, "PID-3[5=MR]", "PAT1 PID2[1]-3[2].0.0");
    gives(&top, "PID-3[5=MR].4", "GHH PID2[1]-3[2].4.0");
    gives(&top, "PID-7", "a&b PID2[1]-7[0].0.0");
    gives(&top, "FT1-3", "x FT14[1]-3[0].0.0");
    gives(&top, "NK1-2.1", "absent NK10[1]-2[1].1.0");
    gives(&top, "FT1-2", "T1 FT14[1]-2[0].0.0");
    gives(&top, "FT1[3]-2", "T3 FT110[3]-2[0].0.0");
    gives(&top, "FT1[4]-2", "absent FT10[4]-2[0].0.0");
    gives(&top, "FTX-1", "1 FTX13[1]-1[0].0.0");
    gives(&top, "OBX[3.1=8302-2]-5.1", "180 OBX16[2]-5[1].1.0");
    gives(&top, "OBX[3=8302-2^H]-5[2]", "181 OBX16[2]-5[2].0.0");
    gives(&top, "OBX[3.1=x]-5", "absent OBX0[1]-5[0].0.0");
    gives(&top, "OBX[1=4]-3.1", "29463-7 OBX18[4]-3[1].1.0");

    parse("PID-3[5=MR].1");
    ngx_canonical_hl7_get(&path, &top, &v);
    is_str(v.whole, "PAT1^^^GHH&1.2&ISO^MR", "the repetition it is in");

    parse("PID-3");
    ngx_canonical_hl7_get(&path, &top, &v);
    is_str(v.whole, "900^^^NAT^SS", "the first of it");

    parse("DG1");
    ngx_canonical_hl7_get(&path, &top, &v);
    is_str(v.raw, "DG1|1||A01", "a segment as a whole");
}


/* plain paths find what the listener's find, if these say what part it is */

static void
test_same(void)
{
    char             text[32];
    size_t           at;
    ngx_str_t        s, value;
    ngx_uint_t       i, f, r, c, good;
    const char      *why;
    ngx_hl7_path_t   plain;
    ngx_hl7_state_e  state;

    static const char  *names[] = {
        "MSH", "PID[1]", "FT1", "FT1[3]", "OBX[2]", "OBX[4]", "ZZZ"
    };

    static const char  *repetitions[] = { "", "[1]", "[2]", "[4]", "[5=MR]" };

    static const char  *parts[][2] = {
        { "", ".1.1" }, { ".1", ".1.1" }, { ".2", ".2.1" }, { ".4.1", "" },
        { ".4.2", "" }
    };

    open_message(dft, NULL);
    good = 0;

    for (i = 0; i < 7 * 12 * 5 * 5; i++) {
        f = i / 7 % 12 + 1;
        r = i / 7 / 12 % 5;
        c = i / 7 / 12 / 5;

        sprintf(text, "%s-%d%s%s", names[i % 7], (int) f, repetitions[r],
                parts[c][0]);

        parse(text);
        ngx_canonical_hl7_get(&path, &top, &v);

        s.data = (u_char *) text;
        s.len = sprintf(text, "%s-%d%s%s", names[i % 7], (int) f,
                        repetitions[r], parts[c][parts[c][1][0] != '\0']);

        ngx_hl7_path_parse(&plain, &s, &at, &why);
        state = ngx_hl7_path_get(&plain, &m, &value);

        if (state != v.state || value.len != v.raw.len
            || (value.len && value.data != v.raw.data))
        {
            printf("# %s differs\n", text);
            continue;
        }

        good++;
    }

    is_num(good, 7 * 12 * 5 * 5, "the same as the listener's paths");
}


/* all values, with slashes between them */

static void
lists(ngx_canonical_hl7_scope_t *scope, const char *text, const char *want)
{
    char                      got[256], title[256], *p;
    ngx_canonical_hl7_iter_t  it;

    parse(text);

    p = got;

    ngx_canonical_hl7_iter(&it, &path, scope);

    while (ngx_canonical_hl7_next(&it, &v) == NGX_OK) {
        p += sprintf(p, "%.*s/", (int) v.raw.len, v.raw.data);
    }

    *p = '\0';

    ok(ngx_canonical_hl7_next(&it, &v) == NGX_DONE, "done stays done");

    sprintf(title, "%s lists %s", text, want);

    if (!ok(strcmp(got, want) == 0, title)) {
        printf("#   got %s\n", got);
    }
}


static void
test_next(void)
{
    open_message(dft, NULL);

    lists(&top, "PID-3[*].1", "900/PAT1/");
    lists(&top, "PID-3[*].4.2", "/1.2/");
    lists(&top, "PID-3[*]", "900/PAT1/");
    lists(&top, "PID-3[*].4", "NAT/GHH/");
    lists(&top, "PID-9[*]", "x/u/");
    lists(&top, "PID-13[*]", "a/\"\"/");
    lists(&top, "PID-3.1", "900/");
    lists(&top, "PID-3[5=MR].1", "PAT1/");
    lists(&top, "PID-5[*]", "\"\"/");
    lists(&top, "PID-4[*]", "");
    lists(&top, "PID-99[*]", "");
    lists(&top, "NK1-1[*]", "");
    lists(&top, "MSH-2[*]", "^~\\&/");
    lists(&top, "OBX[*]-5", "70/180/");
    lists(&top, "OBX[*]-5[*]", "70/180/181//72//");
    lists(&top, "OBX[*]-5[2]", "181/72/");
    lists(&top, "OBX[3.1=29463-7]-5[*]", "70/");
    lists(&top, "OBX[4]-5[*]", "/72//");
    lists(&top, "OBX[9]-5[*]", "");
    lists(&top, "PR1[*]-3", "P11/P12/P31/");
    lists(&top, "DG1[*]-1", "1/2/");

    parse("OBX[*]-5[*]");
    is_num(path.all_segments + path.all_repetitions, 2, "both stars");
}


/*
 * Goes over "text" in "scope" and lists, for each, what "inner" gives in it.
 */

static void
each(ngx_canonical_hl7_scope_t *scope, const char *text, const char *with,
    const char *inner, const char *want)
{
    char                       got[512], title[256], *p;
    ngx_uint_t                 names[8], n;
    ngx_canonical_hl7_iter_t   it;
    ngx_canonical_hl7_path_t   over;
    ngx_canonical_hl7_scope_t  s;

    for (n = 0; with && with[0]; n++, with += 3) {
        names[n] = ngx_hl7_name(with[0], with[1], with[2]);
    }

    names[n] = 0;

    parse(text);
    over = path;
    parse(inner);

    p = got;

    ngx_canonical_hl7_iter(&it, &over, scope);

    while (ngx_canonical_hl7_each(&it, n ? names : NULL, &s) == NGX_OK) {
        ngx_canonical_hl7_get(&path, &s, &v);
        p += sprintf(p, "%.*s/", (int) v.raw.len, v.raw.data);
    }

    *p = '\0';

    sprintf(title, "%s in each %s gives %s", inner, text, want);

    if (!ok(strcmp(got, want) == 0, title)) {
        printf("#   got %s\n", got);
    }
}


static void
test_each(void)
{
    ngx_uint_t                 with[] = {
        ngx_hl7_name('P', 'R', '1'), ngx_hl7_name('N', 'T', 'E'), 0
    };

    ngx_canonical_hl7_path_t   ft1, pid3;
    ngx_canonical_hl7_iter_t   it, reps;
    ngx_canonical_hl7_scope_t  s, r;

    open_message(dft, NULL);

    each(&top, "FT1", "PR1NTE", "FT1-2", "T1/T2/T3/");
    each(&top, "FT1", "PR1NTE", "PR1-3", "P11//P31/");
    each(&top, "FT1", "PR1NTE", "NTE-3", "n11/n21//");
    each(&top, "FT1", "PR1NTE", "PR1[2]-3", "P12///");
    each(&top, "FT1", "PR1NTE", "PR1[1=2]-3", "P12///");
    each(&top, "FT1", "PR1", "NTE-3", "n11/n11/n11/");
    each(&top, "FT1", "PR1NTE", "DG1-3", "A01/A01/A01/");
    each(&top, "FT1", "PR1DG1", "DG1-3", "//B02/");
    each(&top, "FT1", NULL, "FT1[2]-2", "T2/T2/T2/");
    each(&top, "FT1", NULL, "OBX[3.1=8302-2]-1", "2/2/2/");
    each(&top, "FT1[2]", NULL, "FT1-2", "T2/");
    each(&top, "FT1[4]", NULL, "FT1-2", "");
    each(&top, "FT1[*]", NULL, "FT1-2", "T1/T2/T3/");
    each(&top, "NK1", NULL, "NK1-2", "");
    each(&top, "OBX[3.1=29463-7]", NULL, "OBX-1", "1/4/");

    each(&top, "PID-3", NULL, ".1", "900/PAT1/");
    each(&top, "PID-3", NULL, ".4.2", "/1.2/");
    each(&top, "PID-3", NULL, ".", "900/PAT1/");
    each(&top, "PID-9", NULL, ".", "x/u/");
    each(&top, "PID-9", NULL, ".1.2", "y/v/");
    each(&top, "PID-3", NULL, ".4", "NAT/GHH/");
    each(&top, "PID-3", NULL, "PID-1", "1/1/");
    each(&top, "PID-3[5=MR]", NULL, ".1", "PAT1/");
    each(&top, "PID-3[4.2=1.2]", NULL, ".1", "PAT1/");
    each(&top, "PID-3[2]", NULL, ".1", "PAT1/");
    each(&top, "PID-3[3]", NULL, ".1", "");
    each(&top, "PID-3[*]", NULL, ".1", "900/PAT1/");
    each(&top, "PID-4", NULL, ".1", "");
    each(&top, "OBX[2]-5", NULL, ".", "180/181/");
    each(&top, "OBX[*]-5", NULL, "OBX-1", "1/2/2/4/4/4/");
    each(&top, "OBX[*]-5", NULL, ".", "70/180/181//72//");
    each(&top, "MSH-2", NULL, ".1", "^~\\&/");

    /* blocks in each other */

    parse("FT1");
    ft1 = path;

    ngx_canonical_hl7_iter(&it, &ft1, &top);
    ngx_canonical_hl7_each(&it, with, &s);

    each(&s, "PR1", "NTE", "PR1-3", "P11/P12/");
    each(&s, "PR1", "NTE", "NTE-3", "n11//");
    each(&s, "PR1", NULL, "NTE-3", "n11/n11/");
    each(&s, "PR1", NULL, "FT1-2", "T1/T1/");
    each(&s, "PR1[2]", NULL, "PR1-3", "P12/");
    each(&s, "PR1[*]", NULL, "PR1-3", "P11/P12/");
    each(&s, "PR1[3]", NULL, "PR1-3", "");
    each(&s, "DG1", NULL, "DG1-3", "A01/B02/");
    each(&s, "FT1-3", NULL, ".2", "y/");
    each(&s, "FT1", NULL, "FT1-2", "T1/");
    lists(&s, "PR1[*]-3", "P11/P12/");
    lists(&s, "DG1[*]-3", "A01/B02/");
    lists(&s, "FT1[*]-2", "T1/T2/T3/");

    ngx_canonical_hl7_each(&it, with, &s);

    each(&s, "PR1", NULL, "PR1-3", "");
    gives(&s, "FT1-2", "T2 FT18[2]-2[0].0.0");
    gives(&s, "NTE-3", "n21 NTE9[2]-3[0].0.0");

    /* a field in it, and a segment in that */

    parse("PID-3");
    pid3 = path;

    ngx_canonical_hl7_iter(&reps, &pid3, &s);
    ngx_canonical_hl7_each(&reps, NULL, &r);
    ngx_canonical_hl7_each(&reps, NULL, &r);

    gives(&r, ".1", "PAT1 PID2[1]-3[2].1.0");
    gives(&r, ".9", "absent PID2[1]-3[2].9.0");
    gives(&r, ".", "PAT1 PID2[1]-3[2].0.0");
    gives(&r, ".4", "GHH PID2[1]-3[2].4.0");
    gives(&r, "FT1-2", "T2 FT18[2]-2[0].0.0");
    gives(&r, "NTE-3", "n21 NTE9[2]-3[0].0.0");
    each(&r, "NTE", NULL, ".1", "PAT1/");
    lists(&r, ".1", "PAT1/");
    lists(&r, ".9", "");

    /* searches that go back again */

    ngx_canonical_hl7_iter(&it, &ft1, &top);

    while (ngx_canonical_hl7_each(&it, with, &s) == NGX_OK) {
        each(&top, "FT1", "PR1NTE", "PR1-3", "P11//P31/");
    }
}


static void
is_text(const char *message, const char *charset, const char *want,
    const char *name)
{
    ngx_str_t  s;

    open_message(message, charset);
    parse("ZZZ-1");
    ngx_canonical_hl7_get(&path, &top, &v);

    if (ngx_canonical_hl7_text(&hl7, &v, &s) != NGX_OK) {
        ok(0, name);
        return;
    }

    if (!ok(s.len == strlen(want) && memcmp(s.data, want, s.len) == 0, name))
    {
        printf("#   got \"%.*s\"\n", (int) s.len, s.data);
    }
}


static void
test_text(void)
{
    ngx_str_t  s;

#define TEXT(value)  "MSH|^~\\&|\rZZZ|" value "|x\r"

    is_text(TEXT("plain text"), NULL, "plain text", "plain text");
    ok(ngx_canonical_hl7_text(&hl7, &v, &s) == NGX_OK && s.data == v.raw.data,
       "is not copied");

    is_text(TEXT("spaces  "), NULL, "spaces", "spaces at the end");
    is_text(TEXT("   "), NULL, "", "spaces alone");
    is_text(TEXT("a\\T\\b\\.br\\c \\E\\"), NULL, "a&b\nc \\",
            "escape sequences");
    is_text(TEXT("\\XC3BC\\"), NULL, "\xc3\xbc", "escaped bytes of UTF-8");
    is_text(TEXT("\xc3\xbc 12345678"), NULL, "\xc3\xbc 12345678", "UTF-8");
    is_text(TEXT("12345678\xfc"), NULL, "12345678\xef\xbf\xbd", "no UTF-8");
    is_text(TEXT("M\xfcller\\F\\"), "8859/1", "M\xc3\xbcller|", "Latin-1");
    is_text(TEXT("\xa4"), "8859/15", "\xe2\x82\xac", "Latin-9");
}


/* "first" with fewer delimiters, and where bytes only look like one */

static void
test_delimiters(void)
{
    open_message("MSH| ~\\&|\rZZZ|a^b&c~d|&~d\r", NULL);
    gives(&top, "ZZZ-1", "a^b ZZZ2[1]-1[0].0.0");
    gives(&top, "ZZZ-2", "empty ZZZ2[1]-2[0].0.0");
    gives(&top, "ZZZ-1.2", "absent ZZZ2[1]-1[1].2.0");

    open_message("MSH|^ \\ |\rZZZ|a&b~c^d|x\r", NULL);
    gives(&top, "ZZZ-1", "a&b~c ZZZ2[1]-1[0].0.0");
    gives(&top, "ZZZ-1.2", "d ZZZ2[1]-1[1].2.0");

    open_message("MSH|    |\rZZZ|a&b~c^d\r", NULL);
    gives(&top, "ZZZ-1", "a&b~c^d ZZZ2[1]-1[0].0.0");

    /* the second byte of one character is "^", that of another one "~" */

    open_message("MSH|^~\\&||||||||||||||||Shift_JIS\r"
                 "ZZZ|\x83\x5e\x83\x7e&\x83\x5e^x~y|\x83\x5e~z\r", NULL);

    parse("ZZZ-1");
    ngx_canonical_hl7_get(&path, &top, &v);
    is_str(v.raw, "\x83\x5e\x83\x7e", "characters of two bytes");

    parse("ZZZ-2");
    ngx_canonical_hl7_get(&path, &top, &v);
    is_str(v.raw, "\x83\x5e", "and a repetition");
}


/* more names than the small table has room for, and where memory ends */

static void
test_names(void)
{
    char                  *text, *p, want[64];
    ngx_uint_t             i, n, good;
    ngx_canonical_arena_t  a;

    text = malloc(64 * 1024);
    p = text + sprintf(text, "MSH|^~\\&|\r");

    for (i = 0; i < 1000; i++) {
        n = i % 500;
        p += sprintf(p, "%c%c%c|%d\r", (int) ('A' + n % 26),
                     "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"[n / 26],
                     '0' + (int) (n % 10), (int) i);
    }

    p += sprintf(p, "a-b|1\r12A|2\rABCD|3\rAB\r");

    open_message(text, NULL);
    ok(hl7.all != NULL, "many names have a large table");

    good = 1;

    for (i = 0; i < 500; i++) {
        sprintf(want, "%c%c%c[2]-1", (int) ('A' + i % 26),
                "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"[i / 26],
                '0' + (int) (i % 10));
        parse(want);

        ngx_canonical_hl7_get(&path, &top, &v);
        sprintf(want, "%d", (int) (i + 500));

        good &= (v.raw.len == strlen(want)
                 && memcmp(v.raw.data, want, v.raw.len) == 0);
    }

    ok(good, "all of them are found");

    unit_arena(&a, 1024);
    ok(ngx_canonical_hl7_init(&hl7, &m, NULL, &a) == NGX_ERROR,
       "no memory for the segments");
    unit_arena_free(&a);

    unit_arena(&a, 64 * 1024);
    ok(ngx_canonical_hl7_init(&hl7, &m, NULL, &a) == NGX_ERROR,
       "no memory for the names");
    unit_arena_free(&a);

    free(text);
}


int
main(void)
{
    test_path();
    test_get();
    test_same();
    test_next();
    test_each();
    test_text();
    test_delimiters();
    test_names();

    unit_arena_free(&arena);

    return unit_done();
}
