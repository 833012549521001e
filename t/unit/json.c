
/*
 * JSON: what is read and what is refused, the limits, the tree, and how it is
 * printed.
 */

#include "unit.h"
#include "arena.h"

#include "ngx_canonical_json.h"


#define MEMBERS  60000
#define DEEP     100000


static ngx_canonical_arena_t   arena;
static ngx_canonical_error_t   err;
static ngx_canonical_limits_t  limits;
static ngx_canonical_node_t   *root;
static u_char                 *body;


static void
reset(void)
{
    static const ngx_canonical_limits_t  defaults = { 64, 1000, 100, 40 };

    limits = defaults;
}


/* the text is a copy without a byte to spare, for the address sanitizer */

static ngx_int_t
read_text(const char *text, size_t len)
{
    ngx_str_t  s;

    free(body);
    unit_arena_free(&arena);
    unit_arena(&arena, 64 * 1024 * 1024);

    body = malloc(len);
    memcpy(body, text, len);

    s.data = body;
    s.len = len;
    root = NULL;

    memset(&err, 0xa5, sizeof(err));

    return ngx_canonical_json_read(&arena, &s, &limits, &root, &err);
}


static char *
print(ngx_canonical_node_t *node)
{
    size_t         size;
    u_char        *last;
    static char   *out;

    size = ngx_canonical_print_size(node);

    free(out);
    out = malloc(size + 1);

    last = ngx_canonical_print(node, (u_char *) out);

    if (last > (u_char *) out + size) {
        return "over its size";
    }

    *last = '\0';

    return out;
}


/* what is read is printed, of what is not it is said why */

static void
reads(const char *text, size_t len, const char *want, const char *file,
    int line)
{
    char       *got, refused[256], title[128];
    ngx_int_t   rc;

    rc = read_text(text, len);

    if (rc == NGX_OK) {
        got = print(root);

    } else if (rc == NGX_DECLINED && err.positioned && err.line == 0) {
        sprintf(refused, "%d: %s", (int) err.offset, err.text);
        got = refused;

    } else {
        got = "no memory";
    }

    snprintf(title, sizeof(title), "is %.40s, line %d", want, line);

    if (strchr(title, '#')) {
        *strchr(title, '#') = ' ';
    }

    unit_is(got, strlen(got), want, strlen(want), title, file, line);
}


#define is(text, want)                                                        \
    reads(text, sizeof(text) - 1, want, __FILE__, __LINE__)

#define same(text)  is(text, text)


static void
test_accepted(void)
{
    same("[]");
    same("{}");
    same("null");
    same("true");
    same("false");
    same("0");
    same("-0");
    same("\"\"");
    same("\" \"");
    same("[null,true,false,1,\"a\",{},[]]");
    same("{\"a\":1}");
    same("{\"\":0}");
    same("{\"a\":{\"b\":[{\"c\":[]}]},\"d\":[[1],[2,[3]]]}");
    same("{\"a\":1,\"A\":2,\"aa\":3,\"\":4,\" a\":5}");
    same("[{\"a\":1},{\"a\":1}]");
    same("{\"a\":{\"a\":{\"a\":1}}}");
    same("[1.0,1.10,-1.5,0.0,-0.0,0e0,0e1]");
    same("[1e1,1E1,1e+1,1E-1,1.5e300,-1.5E-0300,1e00]");
    same("[123456789012345678901234567890.1234567]");
    same("[1e9999]");

    is(" \t\r\n[ \t\r\n1 \t\r\n, \t\r\n2 \t\r\n] \t\r\n", "[1,2]");
    is(" { \"a\" : 1 , \"b\" : 2 } ", "{\"a\":1,\"b\":2}");
    is("[ ]", "[]");
    is("{\n}", "{}");
    is("                                   1                         ", "1");
    is("                1\n               ", "1");
    is("{\n                                  \"a\":\n                1}",
       "{\"a\":1}");
    is("\xef\xbb\xbf[1]", "[1]");
    is("\xef\xbb\xbf 1", "1");
}


static void
test_refused(void)
{
    is("", "0: unexpected end");
    is(" ", "1: unexpected end");
    is("                ", "16: unexpected end");
    is("\xef\xbb\xbf", "3: unexpected end");
    is("\xef\xbb", "0: value expected");
    is(" \xef\xbb\xbf" "1", "1: value expected");
    is("\xff\xfe[\0]\0", "0: value expected");
    is("[", "1: unexpected end");
    is("{", "1: unexpected end");
    is("[1", "2: unexpected end");
    is("[1,", "3: unexpected end");
    is("[1, ", "4: unexpected end");
    is("[[1]", "4: unexpected end");
    is("{\"a\"", "4: unexpected end");
    is("{\"a\":", "5: unexpected end");
    is("{\"a\":1", "6: unexpected end");
    is("{\"a\":1,", "7: unexpected end");
    is("{\"a", "3: unexpected end");
    is("\"", "1: unexpected end");
    is("\"aaaaaaaaaaaaaaa", "16: unexpected end");
    is("-", "1: unexpected end");
    is("1.", "2: unexpected end");
    is("1e", "2: unexpected end");
    is("1e+", "3: unexpected end");

    is("]", "0: value expected");
    is("}", "0: value expected");
    is(",", "0: value expected");
    is(":", "0: value expected");
    is("[,1]", "1: value expected");
    is("[1,]", "3: value expected");
    is("[1,,2]", "3: value expected");
    is("[:]", "1: value expected");
    is("[}", "1: value expected");
    is("{]", "1: name in quotes expected");
    is("{,}", "1: name in quotes expected");
    is("{\"a\":1,}", "7: name in quotes expected");
    is("{\"a\":1,,\"b\":2}", "7: name in quotes expected");
    is("{a:1}", "1: name in quotes expected");
    is("{'a':1}", "1: name in quotes expected");
    is("{1:1}", "1: name in quotes expected");
    is("{null:1}", "1: name in quotes expected");
    is("{[]:1}", "1: name in quotes expected");
    is("{\"a\" 1}", "5: \":\" expected");
    is("{\"a\",1}", "4: \":\" expected");
    is("{\"a\"}", "4: \":\" expected");
    is("{\"a\":}", "5: value expected");
    is("{\"a\"::1}", "5: value expected");
    is("{\"a\":1:2}", "6: \",\" or \"}\" expected");
    is("{\"a\":1 \"b\":2}", "7: \",\" or \"}\" expected");
    is("{\"a\":1]", "6: \",\" or \"}\" expected");
    is("[1}", "2: \",\" or \"]\" expected");
    is("[1 2]", "3: \",\" or \"]\" expected");
    is("[1:2]", "2: \",\" or \"]\" expected");
    is("[\"a\" \"b\"]", "5: \",\" or \"]\" expected");
    is("[\"a\"b]", "4: \",\" or \"]\" expected");
    is("[1]]", "3: text behind the value");
    is("{}}", "2: text behind the value");
    is("1 2", "2: text behind the value");
    is("[],", "2: text behind the value");
    is("{}//", "2: text behind the value");
    is("{}#", "2: text behind the value");
    is("1\0", "1: text behind the value");
    is("[1]\xef\xbb\xbf", "3: text behind the value");
    is("/**/1", "0: value expected");
    is("[1/**/]", "2: \",\" or \"]\" expected");
    is("[\0]", "1: value expected");
    is("[\v1]", "1: value expected");
    is("[\f1]", "1: value expected");
    is("[\xc2\xa0" "1]", "1: value expected");
    is("[\xe2\x81\xa0]", "1: value expected");
    is("'a'", "0: value expected");
    is("`a`", "0: value expected");
    is("<a>", "0: value expected");
    is("\\u0022a\"", "0: value expected");

    is("tru", "0: value expected");
    is("nul", "0: value expected");
    is("[fals]", "1: value expected");
    is("True", "0: value expected");
    is("NULL", "0: value expected");
    is("truex", "4: text behind the value");
    is("[nulll]", "5: \",\" or \"]\" expected");
    is("undefined", "0: value expected");
}


static void
test_numbers(void)
{
    is("[01]", "1: number with a leading zero");
    is("[-01]", "1: number with a leading zero");
    is("[00]", "1: number with a leading zero");
    is("[012.5]", "1: number with a leading zero");
    is("[+1]", "1: value expected");
    is("[.5]", "1: value expected");
    is("[-.5]", "2: digit expected");
    is("[-]", "2: digit expected");
    is("[--1]", "2: digit expected");
    is("[- 1]", "2: digit expected");
    is("[-a]", "2: digit expected");
    is("[1.]", "3: digit expected");
    is("[1.e1]", "3: digit expected");
    is("[0.e1]", "3: digit expected");
    is("[1..2]", "3: digit expected");
    is("[1e]", "3: digit expected");
    is("[1E+]", "4: digit expected");
    is("[1e-]", "4: digit expected");
    is("[1e++1]", "4: digit expected");
    is("[0e]", "3: digit expected");
    is("[1eE2]", "3: digit expected");
    is("[1e1.5]", "4: \",\" or \"]\" expected");
    is("[1.2.3]", "4: \",\" or \"]\" expected");
    is("[1.2e3-]", "6: \",\" or \"]\" expected");
    is("[1 000]", "3: \",\" or \"]\" expected");
    is("[1,000]", "3: number with a leading zero");
    is("[1+2]", "2: \",\" or \"]\" expected");
    is("[0x10]", "2: \",\" or \"]\" expected");
    is("[1a]", "2: \",\" or \"]\" expected");
    is("[1_000]", "2: \",\" or \"]\" expected");
    is("[NaN]", "1: value expected");
    is("[nan]", "1: value expected");
    is("[Infinity]", "1: value expected");
    is("[-Infinity]", "2: digit expected");
    is("[-NaN]", "2: digit expected");
    is("[\xef\xbc\x91]", "1: value expected");
}


static void
test_strings(void)
{
    same("\"\\\"\\\\\\b\\f\\n\\r\\t\"");
    is("\"\\/\\u002f\"", "\"//\"");
    is("\"\\u0041\\u004a\\u004A\"", "\"AJJ\"");
    is("\"\\u0022\\u005c\\u000a\"", "\"\\\"\\\\\\n\"");
    same("\"\\u0000\\u0001\\u001f\\u000b\\u000e\"");
    is("\"\\u007f\x7f\"", "\"\x7f\x7f\"");
    is("\"\\u0080\\u07ff\"", "\"\xc2\x80\xdf\xbf\"");
    is("\"\\u0800\\uffff\"", "\"\xe0\xa0\x80\xef\xbf\xbf\"");
    is("\"\\ud7ff\\ue000\"", "\"\xed\x9f\xbf\xee\x80\x80\"");
    is("\"\\ud800\\udc00\"", "\"\xf0\x90\x80\x80\"");
    is("\"\\uDBFF\\uDFFF\"", "\"\xf4\x8f\xbf\xbf\"");
    is("\"\\ud83d\\ude00x\"", "\"\xf0\x9f\x98\x80x\"");
    same("\"\\u2028\\u2029\"");
    is("\"a\xe2\x80\xa8" "b\xe2\x80\xa9\"", "\"a\\u2028b\\u2029\"");
    same("\"\xe2\x80\xa7\xe2\x80\xaa\"");
    same("\"\xc2\x80\xdf\xbf\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\"");
    same("\"\xef\xbf\xbf\xf0\x90\x80\x80\xf4\x8f\xbf\xbf\"");
    same("\"M\xc3\xbcller, Stra\xc3\x9f" "e 1, stays as it is here\"");
    same("{\"\xc3\xa9\":\"\xe6\xbc\xa2\xe5\xad\x97\"}");
    is("{\"\\u0061\\n\":1}", "{\"a\\n\":1}");
    is("\"0123456789abcdef\\n0123456789abcdef0123456789abcdef\\u00e9 \"",
       "\"0123456789abcdef\\n0123456789abcdef0123456789abcdef\xc3\xa9 \"");

    is("[\"\n\"]", "2: control character in a string");
    is("[\"a\t\"]", "3: control character in a string");
    is("[\"\0\"]", "2: control character in a string");
    is("[\"\x1f\"]", "2: control character in a string");
    is("{\"a\n\":1}", "3: control character in a string");
    is("[\"0123456789abcdef\r\"]", "18: control character in a string");
    is("[\"\\x\"]", "2: unknown escape sequence");
    is("[\"\\'\"]", "2: unknown escape sequence");
    is("[\"\\0\"]", "2: unknown escape sequence");
    is("[\"\\U0041\"]", "2: unknown escape sequence");
    is("[\"\\\n\"]", "2: unknown escape sequence");
    is("[\"\\\xc3\xa9\"]", "2: unknown escape sequence");
    is("[\"\\\0\"]", "2: unknown escape sequence");
    is("[\"\\", "2: unknown escape sequence");
    is("[\"\\u\"]", "2: unknown escape sequence");
    is("[\"\\u00\"]", "2: unknown escape sequence");
    is("[\"\\u004\"]", "2: unknown escape sequence");
    is("[\"\\u004g\"]", "2: unknown escape sequence");
    is("[\"\\u 041\"]", "2: unknown escape sequence");
    is("[\"\\u-041\"]", "2: unknown escape sequence");
    is("[\"\\u004", "2: unknown escape sequence");
    is("[\"\\u00@0\"]", "2: unknown escape sequence");
    is("[\"\\u00\x10" "0\"]", "2: unknown escape sequence");
    is("[\"\\ud800\"]", "2: half of a surrogate pair");
    is("[\"\\ud800x\"]", "2: half of a surrogate pair");
    is("[\"\\ud800\\n\"]", "2: half of a surrogate pair");
    is("[\"\\ud800\\u0041\"]", "2: half of a surrogate pair");
    is("[\"\\ud800\\ud800\\udc00\"]", "2: half of a surrogate pair");
    is("[\"\\udc00\"]", "2: half of a surrogate pair");
    is("[\"\\udc00\\udc00\"]", "2: half of a surrogate pair");
    is("[\"\\udc00\\ud800\"]", "2: half of a surrogate pair");
    is("[\"\\ud800\\udc0\"]", "2: half of a surrogate pair");
    is("[\"\\ud800\\udc", "2: half of a surrogate pair");
    is("[\"a\\\\\\", "5: unknown escape sequence");
    is("[\"a\\\"]", "6: unexpected end");
}


static void
test_utf8(void)
{
    is("[\"\x80\"]", "2: bytes that are not UTF-8");
    is("[\"a\xbf\"]", "3: bytes that are not UTF-8");
    is("[\"\xc0\x80\"]", "2: bytes that are not UTF-8");
    is("[\"\xc1\xbf\"]", "2: bytes that are not UTF-8");
    is("[\"\xe0\x80\x80\"]", "2: bytes that are not UTF-8");
    is("[\"\xe0\x9f\xbf\"]", "2: bytes that are not UTF-8");
    is("[\"\xf0\x80\x80\x80\"]", "2: bytes that are not UTF-8");
    is("[\"\xf0\x8f\xbf\xbf\"]", "2: bytes that are not UTF-8");
    is("[\"\xed\xa0\x80\"]", "2: bytes that are not UTF-8");
    is("[\"\xed\xbf\xbf\"]", "2: bytes that are not UTF-8");
    is("[\"\xf4\x90\x80\x80\"]", "2: bytes that are not UTF-8");
    is("[\"\xf5\x80\x80\x80\"]", "2: bytes that are not UTF-8");
    is("[\"\xff\"]", "2: bytes that are not UTF-8");
    is("[\"\xc3\"]", "2: bytes that are not UTF-8");
    is("[\"\xe2\x80\"]", "2: bytes that are not UTF-8");
    is("[\"\xe2\x28\xa1\"]", "2: bytes that are not UTF-8");
    is("[\"\xe2\x80\x28\"]", "2: bytes that are not UTF-8");
    is("[\"\xf0\x9f\x98\"]", "2: bytes that are not UTF-8");
    is("[\"\xf0\x9f\x98\x28\"]", "2: bytes that are not UTF-8");
    is("[\"\xc3", "2: bytes that are not UTF-8");
    is("[\"\xf0\x9f\x98", "2: bytes that are not UTF-8");
    is("[\"\xc3\xa9\xc3\"]", "4: bytes that are not UTF-8");
    is("{\"\xe9\":1}", "2: bytes that are not UTF-8");
    is("[\xc3\xa9]", "1: value expected");
}


/* every place in a word, and of its end in the text */

static void
test_words(void)
{
    char        text[64], blank[64];
    ngx_uint_t  i, n, good, stopped;

    good = 1;
    stopped = 1;

    for (n = 0; n < 40; n++) {
        memset(text, 'x', sizeof(text));
        text[0] = '"';
        text[n + 1] = '"';

        if (read_text(text, n + 2) != NGX_OK || root->len != n
            || root->data != body + 1
            || strlen(print(root)) != n + 2
            || memcmp(print(root), text, n + 2) != 0)
        {
            good = 0;
        }

        for (i = 1; i <= n; i++) {
            text[i] = '\n';

            if (read_text(text, n + 2) != NGX_DECLINED || err.offset != i) {
                stopped = 0;
            }

            text[i] = 'x';
        }

        memset(blank, ' ', sizeof(blank));
        blank[n] = '1';
        blank[n + 1 + n % 7] = 'x';

        if (read_text(blank, n + 2 + n % 7) != NGX_DECLINED
            || err.offset != n + 1 + n % 7)
        {
            stopped = 0;
        }
    }

    ok(good, "strings of all lengths are found");
    ok(stopped, "what is wrong is found at each place");
}


static void
test_names(void)
{
    char        text[2048], *p;
    ngx_uint_t  i, k, n, good;

    is("{\"a\":1,\"a\":2}", "7: duplicate name");
    is("{\"a\":1,\"\\u0061\":2}", "7: duplicate name");
    is("{\"\":1,\"\":2}", "6: duplicate name");
    is("{\"a\":1,\"b\":{\"a\":1},\"a\":2}", "19: duplicate name");
    is("{\"a\":{\"b\":1,\"b\":2}}", "12: duplicate name");
    is("{\"\xc3\xa9\":1,\"\\u00e9\":2}", "8: duplicate name");

    good = 1;

    for (n = 2; n < 70; n++) {

        for (i = 0; i <= n; i++) {
            p = text + sprintf(text, "{");

            for (k = 0; k < n; k++) {
                p += sprintf(p, "\"%.*s%d\":0,", (int) (k % 3), "xx",
                             (int) k);
            }

            /* all different when i is n */

            p += sprintf(p, "\"%.*s%d\":0}", (int) (i % 3), "xx", (int) i);

            if (read_text(text, p - text)
                != (i == n ? NGX_OK : NGX_DECLINED))
            {
                good = 0;
            }

            if (i < n && strcmp(err.text, "duplicate name") != 0) {
                good = 0;
            }
        }
    }

    ok(good, "each duplicate is found in objects of all sizes");
}


/* names one of which begins as the other, and long ones */

static void
test_many_names(void)
{
    char        *text, *p, *last;
    ngx_uint_t   i;

    limits.nodes = 2 * MEMBERS;
    limits.members = 2 * MEMBERS;

    text = malloc(MEMBERS * 40);
    p = text;
    last = p;

    *p++ = '{';

    for (i = 0; i < MEMBERS; i++) {
        last = p;
        p += sprintf(p, "\"n%x\":%d,", (int) i, (int) i % 10);
    }

    p[-1] = '}';

    ok(read_text(text, p - text) == NGX_OK, "60000 members");

    p[-1] = ',';
    p += sprintf(p, "\"n7\":1}");

    ok(read_text(text, p - text) == NGX_DECLINED
       && strcmp(err.text, "duplicate name") == 0
       && err.offset == (size_t) (strchr(last, ',') + 1 - text),
       "a duplicate of 60001");

    p = text;
    *p++ = '{';

    for (i = 1; i < 1000; i++) {
        *p++ = '"';
        memset(p, 'a', i);
        p += i;
        p += sprintf(p, "\":0,");
    }

    p[-1] = '}';

    ok(read_text(text, p - text) == NGX_OK, "names that begin as others");

    p[-1] = ',';
    *p++ = '"';
    memset(p, 'a', 500);
    p += 500;
    p += sprintf(p, "\":0}");

    ok(read_text(text, p - text) == NGX_DECLINED, "a duplicate of these");

    p = text;
    *p++ = '{';

    for (i = 0; i < 1000; i++) {
        *p++ = '"';
        memset(p, '\x7e', 1000);
        p[i] = '\x7f';
        p += 1000;
        p += sprintf(p, "\":0,");
    }

    p[-1] = '}';

    ok(read_text(text, p - text) == NGX_OK, "names of one long path");

    free(text);
    reset();
}


static void
test_limits(void)
{
    char       deep[1026];
    ngx_str_t  huge;

    limits.depth = 3;
    same("[[[]]]");
    same("{\"a\":[{\"b\":1}],\"c\":[[1],[2]]}");
    is("[[[[]]]]", "3: nested too deeply");
    is("[[[{", "3: nested too deeply");
    is("[[[1]],[[[1]]]]", "9: nested too deeply");
    is_num(err.code, 104, "the code of a limit");
    limits.depth = 0;
    same("1");
    is("[]", "0: nested too deeply");

    limits.depth = 100000;
    ok(read_text("[[1]]", 5) == NGX_OK, "a depth beyond the largest");

    memset(deep, '[', 513);
    memset(deep + 512, ']', 512);
    ok(read_text(deep, 1024) == NGX_OK, "512 arrays in each other");

    memset(deep, '[', 513);
    memset(deep + 513, ']', 513);
    ok(read_text(deep, 1026) == NGX_DECLINED && err.offset == 512,
       "513 are refused whatever the limit is");

    reset();

    limits.nodes = 3;
    same("[1,2]");
    same("{\"a\":[1]}");
    is("[1,2,3]", "5: too many values");
    is("{\"a\":[1,2]}", "8: too many values");
    is("{\"a\":1,\"b\":2,\"c\":3}", "13: too many values");
    limits.nodes = 0;
    is("1", "0: too many values");
    reset();

    limits.members = 2;
    same("[1,2]");
    same("[[1,2],[1,{\"a\":1,\"b\":2}]]");
    is("[1,2,3]", "5: too many members in one container");
    is("[[1,2],[1,2,3]]", "12: too many members in one container");
    is("{\"a\":1,\"b\":2,\"c\":3}", "13: too many members in one container");
    limits.members = 0;
    same("1");
    same("[]");
    is("[1]", "1: too many members in one container");
    reset();

    limits.number = 5;
    same("[12345,-1234,1.2e3]");
    is("[1,123456]", "3: number too long");
    is("[-12345]", "1: number too long");
    is("[1.2e34]", "1: number too long");
    reset();

    huge.data = (u_char *) "1";
    huge.len = (size_t) NGX_MAX_UINT32_VALUE + 1;
    ok(ngx_canonical_json_read(&arena, &huge, &limits, &root, &err)
       == NGX_DECLINED, "a text of 4G bytes");

    huge.data = NULL;
    huge.len = 0;
    ok(ngx_canonical_json_read(&arena, &huge, &limits, &root, &err)
       == NGX_DECLINED, "no text");
    is_num(err.code, 102, "the code of what is not JSON");
}


static void *
no_block(void *data, size_t size)
{
    ngx_uint_t  *left = data;

    return (*left)-- ? malloc(size) : NULL;
}


static void
test_memory(void)
{
    ngx_str_t               text;
    ngx_uint_t              i, left;
    ngx_canonical_arena_t   a;

    text.data = malloc(20000);

    /* nodes, decoded strings, names of a large object */

    text.len = sprintf((char *) text.data, "[");

    while (text.len < 400) {
        text.len += sprintf((char *) text.data + text.len, "1,");
    }

    text.len += sprintf((char *) text.data + text.len, "1]");

    limits.members = 1000;

    unit_arena(&a, 4096);
    ok(ngx_canonical_json_read(&a, &text, &limits, &root, &err)
       == NGX_DECLINED && a.full, "an arena that is full of nodes");
    unit_arena_free(&a);

    left = 0;
    ngx_canonical_arena_init(&a, no_block, &left, 1024 * 1024);
    ok(ngx_canonical_json_read(&a, &text, &limits, &root, &err)
       == NGX_ERROR, "no memory");

    text.len = sprintf((char *) text.data, "\"\\n%03000d\"", 1);

    unit_arena(&a, 2500);
    ok(ngx_canonical_json_read(&a, &text, &limits, &root, &err)
       == NGX_DECLINED && a.full, "an arena that a string does not fit in");
    unit_arena_free(&a);

    text.len = sprintf((char *) text.data, "{");

    for (i = 0; i < 100; i++) {
        text.len += sprintf((char *) text.data + text.len, "\"%d\":1,",
                            (int) i);
    }

    text.data[text.len - 1] = '}';

    for (i = 0; i < 14000; i += 40) {
        unit_arena(&a, i);

        /* blocks of the limit's size, to reach every allocation */

        a.next = i ? i : 1;

        if (ngx_canonical_json_read(&a, &text, &limits, &root, &err)
            != (a.full ? NGX_DECLINED : NGX_OK))
        {
            break;
        }

        left = a.full;
        unit_arena_free(&a);
    }

    ok(i >= 14000 && !left, "an arena that is full, at each allocation");

    free(text.data);
    reset();
}


static void
test_tree(void)
{
    ngx_str_t              path;
    ngx_canonical_node_t  *node;

    (void) read_text(" {\"id\":\"x\\ty\", \"a\":{\"b\":[1,true,null],"
                     "\"c\":\"d\"}, \"f\":false}", 58);

    is_num(root->kind, NGX_CANONICAL_OBJECT, "the root's kind");
    is_num(root->offset, 1, "the root's offset");
    ok(root->name == NULL && root->data == NULL && root->next == NULL,
       "the root has no name, no data and no sibling");

    node = ngx_canonical_get(root, "id");
    ok(node && node->len == 3 && memcmp(node->data, "x\ty", 3) == 0,
       "an escaped string is decoded");
    ok(node->name == body + 3 && node->name_len == 2, "a name in the text");
    is_num(node->offset, 7, "an offset");
    is_num(node->computed, 0, "a value of the body");

    node = ngx_canonical_get(root, "f");
    ok(node && node == root->last && node->next == NULL, "the last member");
    ok(node->kind == NGX_CANONICAL_BOOLEAN && node->len == 5
       && memcmp(node->data, "false", 5) == 0, "a boolean");

    ok(ngx_canonical_get(root, "b") == NULL, "no such member");
    ok(ngx_canonical_get(root, "") == NULL, "no such empty member");

    path.data = (u_char *) "a.c";
    path.len = 3;
    node = ngx_canonical_find(root, &path);
    ok(node && node->data[0] == 'd' && node->data > body
       && node->data < body + 58, "a path, a string in the text");

    path.data = (u_char *) "a.b";
    node = ngx_canonical_find(root, &path);
    ok(node && node->kind == NGX_CANONICAL_ARRAY
       && node->first->kind == NGX_CANONICAL_NUMBER
       && node->first->name == NULL
       && node->last->kind == NGX_CANONICAL_NULL, "an array");
    ok(ngx_canonical_member(node, "", 0) == NULL, "elements have no name");

    path.data = (u_char *) "a.x";
    ok(ngx_canonical_find(root, &path) == NULL, "no such path");
    path.data = (u_char *) "a.c.d";
    path.len = 5;
    ok(ngx_canonical_find(root, &path) == NULL, "no path into a string");
    path.len = 2;
    ok(ngx_canonical_find(root, &path) == NULL, "a path that ends in a dot");
    path.len = 0;
    ok(ngx_canonical_find(root, &path) == NULL, "an empty path");

    ngx_canonical_remove_last(root, root->last);
    ok(root->last == ngx_canonical_get(root, "a")
       && root->last->next == NULL, "one removed");
    ngx_canonical_remove_last(root, root->last);
    ngx_canonical_remove_last(root, root->last);
    ok(root->first == NULL && root->last == NULL, "all removed");

    node = ngx_canonical_node(&arena, NGX_CANONICAL_STRING);
    node->name = (u_char *) "n";
    node->name_len = 1;
    ngx_canonical_append(root, node);

    ok(strcmp(print(root), "{\"n\":\"\"}") == 0, "one appended");
}


static ngx_canonical_node_t *
leaf(ngx_canonical_node_t *parent, ngx_canonical_kind_e kind,
    const char *data)
{
    ngx_canonical_node_t  *node;

    node = ngx_canonical_node(&arena, kind);
    node->data = (u_char *) data;
    node->len = strlen(data);

    ngx_canonical_append(parent, node);

    return node;
}


static void
test_print(void)
{
    size_t                 i;
    char                  *out;
    ngx_canonical_node_t  *node, *child, *inner;

    (void) read_text("[]", 2);

    leaf(root, NGX_CANONICAL_STRING, "a\x80z");
    leaf(root, NGX_CANONICAL_STRING, "\xe2\x80");
    leaf(root, NGX_CANONICAL_STRING, "\xed\xa0\x80\xff");
    leaf(root, NGX_CANONICAL_NUMBER, "1.50");
    leaf(root, NGX_CANONICAL_BOOLEAN, "true");

    node = ngx_canonical_node(&arena, NGX_CANONICAL_NONE);
    ngx_canonical_append(root, node);
    leaf(node, NGX_CANONICAL_STRING, "not printed");

    node = leaf(root, NGX_CANONICAL_STRING, "with an id");
    leaf(node, NGX_CANONICAL_STRING, "not printed");

    out = print(root);
    ok(strcmp(out, "[\"a\xef\xbf\xbdz\",\"\xef\xbf\xbd\xef\xbf\xbd\","
                   "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\","
                   "1.50,true,null,\"with an id\"]") == 0,
       "bytes that are not UTF-8, a NONE, children of a primitive");

    /* not the whole tree: its siblings are no part of what is printed */

    is_num(strlen(print(root->first)), 7, "one node with siblings");

    /* a member that was given no name */

    node = ngx_canonical_node(&arena, NGX_CANONICAL_OBJECT);
    leaf(node, NGX_CANONICAL_NULL, "");
    ok(strcmp(print(node), "{\"\":null}") == 0, "a member without a name");

    /* deeper than any stack */

    inner = ngx_canonical_node(&arena, NGX_CANONICAL_ARRAY);
    node = inner;

    for (i = 0; i < DEEP; i++) {
        child = node;
        node = ngx_canonical_node(&arena, NGX_CANONICAL_ARRAY);
        ngx_canonical_append(node, child);
        leaf(node, NGX_CANONICAL_NUMBER, "1");
    }

    out = print(node);
    is_num(strlen(out), DEEP * 4 + 2, "a deep tree is printed");

    for (i = 0; node != inner; node = node->first) {
        i += (node->last == node->first->next && node->last->next == NULL);
    }

    is_num(i, DEEP, "and is what it was");
}


int
main(void)
{
    unit_arena(&arena, 1024);
    reset();

    test_accepted();
    test_refused();
    test_numbers();
    test_strings();
    test_utf8();
    test_words();
    test_names();
    test_many_names();
    test_limits();
    test_memory();
    test_tree();
    test_print();

    free(body);
    unit_arena_free(&arena);

    return unit_done();
}
