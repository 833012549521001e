
/*
 * Tables of words, tokens and masks.
 */

#include "unit.h"
#include "arena.h"

#include "ngx_canonical_table.h"


#define MANY  5000


static ngx_str_t
str(const char *text)
{
    ngx_str_t  s;

    s.len = strlen(text);
    s.data = (u_char *) text;

    return s;
}


static ngx_int_t
add(ngx_canonical_table_t *t, const char *key, const char *value)
{
    ngx_str_t  k, v;

    k = str(key);
    v = str(value);

    return ngx_canonical_table_add(t, &k, &v);
}


static void
found(ngx_canonical_table_t *t, const char *key, const char *want)
{
    char        title[256];
    ngx_str_t   k, *v;

    k = str(key);
    v = ngx_canonical_table_get(t, &k);

    snprintf(title, sizeof(title), "\"%s\" is %s", key, want ? want : "none");

    if (want == NULL) {
        ok(v == NULL, title);

    } else {
        ok(v && v->len == strlen(want)
           && memcmp(v->data, want, v->len) == 0, title);
    }
}


static void
test_table(void)
{
    ngx_str_t               empty, v;
    ngx_canonical_arena_t   a;
    ngx_canonical_table_t  *t;

    unit_arena(&a, 1 << 20);

    t = ngx_canonical_table_create(&a);

    found(t, "I", NULL);
    found(t, "", NULL);

    is_num(add(t, "I", "inpatient"), NGX_OK, "a word is added");
    is_num(add(t, "i", "other"), NGX_OK, "the case is of importance");
    is_num(add(t, "I", "again"), NGX_BUSY, "but not twice");
    is_num(add(t, "4E", ""), NGX_OK, "an empty value is one");
    is_num(add(t, "abcdefgh", "8"), NGX_OK, "a word of 8 bytes");
    is_num(add(t, "abcdefghi", "9"), NGX_OK, "a word of 9");
    is_num(add(t, "http://example.org/system/one", "1"), NGX_OK, "long one");
    is_num(add(t, "http://example.org/system/two", "2"), NGX_OK, "another");

    found(t, "I", "inpatient");
    found(t, "i", "other");
    found(t, "4E", "");
    found(t, "abcdefgh", "8");
    found(t, "abcdefghi", "9");
    found(t, "abcdefghij", NULL);
    found(t, "http://example.org/system/one", "1");
    found(t, "http://example.org/system/two", "2");
    found(t, "http://example.org/system/tow", NULL);

    v = str("fallback");
    is_num(ngx_canonical_table_default(t, &v), NGX_OK, "a default is set");
    is_num(ngx_canonical_table_default(t, &v), NGX_BUSY, "but not twice");
    found(t, "nothing", "fallback");
    found(t, "I", "inpatient");

    ngx_str_null(&empty);
    ok(ngx_canonical_table_get(t, &empty) != NULL, "empty: the default");
    is_num(ngx_canonical_table_add(t, &empty, &empty), NGX_OK,
           "an empty word is one");
    is_num(ngx_canonical_table_get(t, &empty)->len, 0, "and is found");

    unit_arena_free(&a);
}


static void
test_many(void)
{
    char                    keys[MANY][8];
    ngx_str_t               k, *v;
    ngx_uint_t              i, good;
    ngx_canonical_arena_t   a;
    ngx_canonical_table_t  *t;

    unit_arena(&a, 1 << 22);

    t = ngx_canonical_table_create(&a);
    good = 0;

    for (i = 0; i < MANY; i++) {
        sprintf(keys[i], "%d", (int) i);
        good += (add(t, keys[i], keys[i]) == NGX_OK);
    }

    is_num(good, MANY, "many words are added");

    for (i = 0, good = 0; i < MANY; i++) {
        k = str(keys[i]);
        v = ngx_canonical_table_get(t, &k);
        good += (v && v->data == (u_char *) keys[i]);
    }

    is_num(good, MANY, "all of them are found");
    found(t, "5000", NULL);

    unit_arena_free(&a);
}


/* each allocation fails once; what was added before stays */

static void
test_memory(void)
{
    char                    keys[64][4];
    size_t                  limit;
    ngx_uint_t              i, failed;
    ngx_canonical_arena_t   a;
    ngx_canonical_table_t  *t;

    failed = 0;

    for (i = 0; i < 64; i++) {
        sprintf(keys[i], "%d", (int) i);
    }

    for (limit = 0; limit <= 16384; limit += 1024) {

        unit_arena(&a, limit);

        t = ngx_canonical_table_create(&a);

        for (i = 0; t && i < 64; i++) {
            if (add(t, keys[i], "value") != NGX_OK) {
                break;
            }
        }

        if (t == NULL || i < 64) {
            failed++;
        }

        if (t && i) {
            found(t, keys[i - 1], "value");
        }

        unit_arena_free(&a);
    }

    ok(failed > 2 && failed < 16, "without memory there is an error");
}


static void
lines(const char *text, ngx_int_t want, ngx_uint_t at, const char *message)
{
    char                    title[256];
    ngx_int_t               rc;
    ngx_str_t               s;
    ngx_uint_t              line;
    const char             *why;
    ngx_canonical_arena_t   a;
    ngx_canonical_table_t  *t;

    unit_arena(&a, 1 << 20);

    why = NULL;
    s = str(text);
    t = ngx_canonical_table_create(&a);
    rc = ngx_canonical_table_read(t, &s, &line, &why);

    snprintf(title, sizeof(title), "line %d: %s", (int) at,
             message ? message : "all are read");

    if (!ok(rc == want && line == at
            && (message == NULL || strcmp(why, message) == 0), title))
    {
        printf("#   got %d in line %d: %s\n", (int) rc, (int) line,
               why ? why : "");
    }

    unit_arena_free(&a);
}


static void
test_read(void)
{
    ngx_str_t               s;
    ngx_uint_t              line;
    const char             *why;
    ngx_canonical_arena_t   a;
    ngx_canonical_table_t  *t;

    unit_arena(&a, 1 << 20);

    s = str("\xef\xbb\xbf# cost centres\n"
            "OR,4100\r\n"
            "\n"
            "RAD-1\t4300\n"
            "\"4,E\",\"41,20\"\n"
            "\"say \"\"yes\"\"\",\"\"\"\"\n"
            "\"#1\",\n"
            "with space , x\n"
            "default,9999");

    t = ngx_canonical_table_create(&a);

    is_num(ngx_canonical_table_read(t, &s, &line, &why), NGX_OK, "a file");
    is_num(line, 9, "with nine lines");

    found(t, "OR", "4100");
    found(t, "RAD-1", "4300");
    found(t, "4,E", "41,20");
    found(t, "say \"yes\"", "\"");
    found(t, "#1", "");
    found(t, "with space ", " x");
    found(t, "other", "9999");

    unit_arena_free(&a);

    lines("", NGX_OK, 0, NULL);
    lines("\n\r\n", NGX_OK, 2, NULL);
    lines("a,1\nb\n", NGX_ERROR, 2, "a comma or a tab is expected");
    lines("a,1\n,2\n", NGX_ERROR, 2, "a key is expected");
    lines("\"\",2\n", NGX_ERROR, 1, "a key is expected");
    lines("a,1,2\n", NGX_ERROR, 1, "more than two columns");
    lines("a,\"1\",2\n", NGX_ERROR, 1, "more than two columns");
    lines("a,1\nb,2\na,3\n", NGX_ERROR, 3, "the key is there already");
    lines("default,1\ndefault,3\n", NGX_ERROR, 2, "the key is there already");
    lines("a,\"1\n\"\n", NGX_ERROR, 1, "a quote is not closed");
    lines("a,\"1\"\"\n", NGX_ERROR, 1, "a quote is not closed");
    lines("\"a", NGX_ERROR, 1, "a quote is not closed");
    lines("a,\"1\"2\n", NGX_ERROR, 1, "a comma or a tab is expected");
    lines("a,1\"2\n", NGX_ERROR, 1, "a quote within a word");
}


static void
test_token(void)
{
    char                   *big;
    u_char                  out[128], *end;
    ngx_str_t               got, authority, value;
    ngx_canonical_key_t     key;
    ngx_canonical_arena_t   a;

    unit_arena(&a, 1 << 20);

    ngx_memzero(&key, sizeof(key));
    key.name = str("patient");
    key.id = str("k1");
    key.secret = str("0123456789abcdef0123456789abcdef");
    key.previous_id = str("k0");
    key.previous = str("fedcba9876543210");

    authority = str("GHH");
    value = str("PATID1234");
    got.data = out;

    end = ngx_canonical_token(&key, 0, &authority, &value, out);
    got.len = end - out;
    is_num(got.len, NGX_CANONICAL_TOKEN_LEN + 2, "the length of a token");

    /* computed with another program */
    is_str(got, "pt_k1_zehavgudeyw7om5fmurc2ysuzo", "a token");

    end = ngx_canonical_token(&key, 1, &authority, &value, out);
    got.len = end - out;
    is_str(got, "pt_k0_47gwfie5lewot3dyzfs4wlribo", "of the previous key");

    authority = str("");
    end = ngx_canonical_token(&key, 0, &authority, &value, out);
    got.len = end - out;
    is_str(got, "pt_k1_wmlqpdc3gpufpffjjco3nib6oh", "without an authority");

    /* the name of an authority, and its OID */

    key.authorities = ngx_canonical_table_create(&a);
    add(key.authorities, "2.16.840.1", "GHH");

    authority = str("2.16.840.1");
    end = ngx_canonical_token(&key, 0, &authority, &value, out);
    got.len = end - out;
    is_str(got, "pt_k1_zehavgudeyw7om5fmurc2ysuzo", "the same authority");

    authority = str("GHH");
    end = ngx_canonical_token(&key, 0, &authority, &value, out);
    got.len = end - out;
    is_str(got, "pt_k1_zehavgudeyw7om5fmurc2ysuzo", "one that has no alias");

    big = malloc(4096);
    memset(big, 'x', 4096);
    value.data = (u_char *) big;
    value.len = 4096;
    end = ngx_canonical_token(&key, 0, &authority, &value, out);
    got.len = end - out;
    is_str(got, "pt_k1_bkhwt5r4ucga6zlunaqyfdutbi", "of a long value");
    free(big);

    unit_arena_free(&a);
}


static void
masked(ngx_canonical_mask_e mask, const char *text, const char *want)
{
    char                   title[128];
    ngx_int_t              rc;
    ngx_str_t              s;
    ngx_canonical_arena_t  a;

    unit_arena(&a, 1 << 20);

    s = str(text);
    rc = ngx_canonical_mask(mask, &s, &a);

    snprintf(title, sizeof(title), "mask %d of \"%s\" is %s", (int) mask,
             text, want ? want : "nothing");

    if (want == NULL) {
        ok(rc == NGX_DECLINED && s.len == 0, title);

    } else {
        ok(rc == NGX_OK && s.len == strlen(want)
           && memcmp(s.data, want, s.len) == 0, title);
    }

    unit_arena_free(&a);
}


static void
test_mask(void)
{
    ngx_str_t              s;
    ngx_canonical_arena_t  a;

    masked(NGX_CANONICAL_MASK_NONE, "Everyman", "Everyman");

    masked(NGX_CANONICAL_MASK_YEAR, "1988-08-18", "1988");
    masked(NGX_CANONICAL_MASK_YEAR, "19880818", "1988");
    masked(NGX_CANONICAL_MASK_YEAR, "1988", "1988");
    masked(NGX_CANONICAL_MASK_YEAR, "198", NULL);
    masked(NGX_CANONICAL_MASK_YEAR, "08:14:00", NULL);
    masked(NGX_CANONICAL_MASK_YEAR, "", NULL);

    masked(NGX_CANONICAL_MASK_INITIAL, "Adam", "A");
    masked(NGX_CANONICAL_MASK_INITIAL, "\xc3\x84nne", "\xc3\x84");
    masked(NGX_CANONICAL_MASK_INITIAL, "\xf0\x9f\x98\x80x",
           "\xf0\x9f\x98\x80");
    masked(NGX_CANONICAL_MASK_INITIAL, "", NULL);
    masked(NGX_CANONICAL_MASK_INITIAL, "\x80\x80\x80\x80\x80", NULL);

    masked(NGX_CANONICAL_MASK_LAST4, "123456789", "6789");
    masked(NGX_CANONICAL_MASK_LAST4, "12345678", "********");
    masked(NGX_CANONICAL_MASK_LAST4, "1234", "****");
    masked(NGX_CANONICAL_MASK_LAST4, "1", "*");
    masked(NGX_CANONICAL_MASK_LAST4, "12345678\xc3\x84", "678\xc3\x84");
    masked(NGX_CANONICAL_MASK_LAST4, "1234567\xc3\x84", "********");
    masked(NGX_CANONICAL_MASK_LAST4, "", NULL);

    masked(NGX_CANONICAL_MASK_ZIP3, "12345-6789", "123");
    masked(NGX_CANONICAL_MASK_ZIP3, "12", NULL);
    masked(NGX_CANONICAL_MASK_ZIP3, "EC1A 1BB", NULL);

    unit_arena(&a, 0);

    s = str("1234");
    is_num(ngx_canonical_mask(NGX_CANONICAL_MASK_LAST4, &s, &a), NGX_ERROR,
           "no memory for stars");
    is_num(s.len, 0, "and nothing is shown");

    unit_arena_free(&a);
}


int
main(void)
{
    test_table();
    test_many();
    test_memory();
    test_read();
    test_token();
    test_mask();

    return unit_done();
}
