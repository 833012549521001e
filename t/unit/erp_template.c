
/*
 * What a login's answer becomes in a header, and Base64 against OpenSSL's.
 */

#include "unit.h"
#include "arena.h"

#include <openssl/evp.h>

#include "ngx_erp_auth_template.h"
#include "ngx_canonical_json.h"


static ngx_canonical_arena_t  arena;

static ngx_canonical_limits_t  limits = { 64, 1000, 1000, 100 };


static ngx_str_t
text(const char *s)
{
    ngx_str_t  str;

    str.data = (u_char *) s;
    str.len = strlen(s);

    return str;
}


static const char *
reason(const char *why)
{
    return why ? why : "none";
}


/* the value, or why there is none */

static ngx_str_t
value(const char *template, const char *user, const char *answer)
{
    ngx_str_t              s, u, json, out;
    const char            *why;
    ngx_erp_template_t     t;
    ngx_canonical_node_t  *root;
    ngx_canonical_error_t  err;

    s = text(template);
    u = text(user);
    root = NULL;

    if (answer) {
        json = text(answer);

        if (ngx_canonical_json_read(&arena, &json, &limits, &root, &err)
            != NGX_OK)
        {
            return text("no JSON");
        }
    }

    if (ngx_erp_template_compile(&arena, &s, &t, &why) != NGX_OK
        || ngx_erp_template_run(&arena, &t, &u, root, &out, &why) != NGX_OK)
    {
        return text(reason(why));
    }

    return out;
}


static void
test_values(void)
{
    is_str(value("plain", "u", NULL), "plain", "text stays as it is");
    is_str(value("Bearer {/token}", "u", "{\"token\":\"abc\"}"),
           "Bearer abc", "a member of the answer");
    is_str(value("{user}", "hie", NULL), "hie", "the user");
    is_str(value("{/a}{/b/1}{user}", "x", "{\"a\":1.50,\"b\":[0,true]}"),
           "1.50truex", "a number is its text, one beside the other");
    is_str(value("{/a~1b}{/c~0}", "x", "{\"a/b\":\"1\",\"c~\":\"2\"}"), "12",
           "a pointer with what is escaped");

    is_str(value("Session base64({user}:{/result/0}:{/result/1})", "hie",
                 "{\"id\":1,\"result\":[2,\"6487e0f4\"]}"),
           "Session aGllOjI6NjQ4N2UwZjQ=", "as Tryton wants it");
    is_str(value("base64(a)b)c", "u", NULL), "YQ==b)c",
           "text behind it, which may have a parenthesis");
    is_str(value("(x)base64()", "u", NULL), "(x)", "nothing, encoded");
    is_str(value("{/a)b}base64({/a)b})!", "u", "{\"a)b\":\"z\"}"), "zeg==!",
           "a parenthesis in a pointer does not end it");
    is_str(value("base64", "u", NULL), "base64",
           "no parenthesis, no encoding");
    is_str(value("ab base64(abcde)", "u", NULL), "ab YWJjZGU=",
           "text before it");
    is_str(value("ab{user}base64(c)", "x", NULL), "abxYw==",
           "more text than is encoded");
    is_str(value("base64({/a})", "u", "{\"a\":\"\\u0001\"}"), "AQ==",
           "anything may be encoded");
    is_str(value("}", "u", NULL), "}", "a brace that closes nothing");
}


static void
test_answers(void)
{
    const char  *missing = "the answer has no value at a place that "
                           "\"value=\" names";

    is_str(value("{/a}", "u", "{\"a\":\"b\\nc\"}"),
           "the value has a control character", "no line of its own");
    is_str(value("{/a}", "u", "{\"a\":\"\x7f\"}"),
           "the value has a control character", "nor DEL");

    ok(strcmp((char *) value("{/b}", "u", "{\"a\":1}").data, missing) == 0,
       "a member that is not there");
    ok(strcmp((char *) value("{/a}", "u", "{\"a\":null}").data, missing) == 0,
       "null");
    ok(strcmp((char *) value("{/a}", "u", "{\"a\":\"\"}").data, missing) == 0,
       "an empty one");
    ok(strcmp((char *) value("{/a}", "u", "{\"a\":[1]}").data, missing) == 0,
       "an array");
    ok(strcmp((char *) value("{/a}", "u", NULL).data, missing) == 0,
       "no answer at all");
}


static void
test_long(void)
{
    char        *json, *want;
    u_char       out[8];
    ngx_str_t    s;
    const char  *why;

    json = malloc(70001);
    want = malloc(70001);
    memset(json, 'x', 70000);
    memset(want, 'x', 70000);
    json[70000] = '\0';
    memcpy(json, "{\"a\":\"", 6);

    strcpy(json + 69998, "\"}");
    why = "the value is too long";
    ok(strcmp((char *) value("{/a}", "u", json).data, why) == 0, why);

    strcpy(json + 6 + 65536, "\"}");
    s = value("{/a}", "u", json);
    ok(s.len == 65536 && memcmp(s.data, want, 65536) == 0, "the longest one");
    is_num(value("base64({/a})", "u", json).len, 87384, "and encoded");
    ok(strcmp((char *) value("{/a}{user}", "u", json).data, why) == 0,
       "one more");

    ok(ngx_erp_base64(out, (u_char *) "", 0) == out, "nothing is nothing");

    free(json);
    free(want);
}


static void
test_wrong(void)
{
    is_str(value("", "u", NULL), "is empty", "no template");
    is_str(value("{user", "u", NULL), "\"}\" is missing", "an open brace");
    is_str(value("{", "u", NULL), "\"}\" is missing", "only a brace");
    is_str(value("{}", "u", NULL),
           "\"{user}\" or a JSON pointer, \"{/token}\", is expected",
           "an empty name");
    is_str(value("{users}", "u", NULL),
           "\"{user}\" or a JSON pointer, \"{/token}\", is expected",
           "another name");
    is_str(value("{/a~}", "u", NULL),
           "\"~\" of a JSON pointer is written \"~0\"", "a bad escape");
    is_str(value("base64(a", "u", NULL), "\")\" of \"base64(\" is missing",
           "an open parenthesis");
    is_str(value("base64(base64(a))", "u", NULL),
           "\"base64(\" is allowed once", "one in the other");
    is_str(value("base64(a)base64(b)", "u", NULL),
           "\"base64(\" is allowed once", "one behind the other");
}


static void
test_base64(void)
{
    u_char      data[64], got[96], want[96];
    size_t      len;
    ngx_uint_t  i, good;

    for (i = 0; i < sizeof(data); i++) {
        data[i] = (u_char) (i * 97 + 201);
    }

    good = 0;

    for (len = 0; len <= sizeof(data); len++) {
        memset(got, 0, sizeof(got));
        memset(want, 0, sizeof(want));

        i = ngx_erp_base64(got, data, len) - got;
        EVP_EncodeBlock(want, data, (int) len);

        good += i == ngx_erp_base64_len(len)
                && i == strlen((char *) want) && memcmp(got, want, i) == 0;
    }

    is_num(good, sizeof(data) + 1, "Base64 of all lengths is OpenSSL's");
}


/* all that the template may write is in what it has taken */

static void
test_room(void)
{
    char         template[64], *p;
    ngx_str_t    s;
    ngx_uint_t   before, inside, good;

    good = 0;

    for (before = 0; before < 16; before++) {
        for (inside = 0; inside < 16; inside++) {
            p = template;
            memset(p, 'a', before);
            p += before;
            p += sprintf(p, "base64(");
            memset(p, 'b', inside);
            p += inside;
            strcpy(p, ")");

            s = value(template, "u", NULL);
            good += s.len == before + (inside + 2) / 3 * 4;
        }
    }

    is_num(good, 256, "text and Base64 of any length");
}


static void *
no_memory(void *data, size_t size)
{
    return NULL;
}


static void
test_memory(void)
{
    ngx_str_t              s, u, out;
    const char            *why;
    ngx_erp_template_t     t;
    ngx_canonical_arena_t  none;

    ngx_canonical_arena_init(&none, no_memory, NULL, 4096);

    s = text("{user}");
    u = text("u");

    is_num(ngx_erp_template_compile(&none, &s, &t, &why), NGX_ERROR,
           "no memory to compile");
    is_num(ngx_erp_template_compile(&arena, &s, &t, &why), NGX_OK, "some");
    is_num(ngx_erp_template_run(&none, &t, &u, NULL, &out, &why), NGX_ERROR,
           "no memory to run");
}


int
main(void)
{
    unit_arena(&arena, 64 * 1024 * 1024);

    test_values();
    test_answers();
    test_wrong();
    test_long();
    test_base64();
    test_room();
    test_memory();

    unit_arena_free(&arena);

    return unit_done();
}
