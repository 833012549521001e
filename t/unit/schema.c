
/*
 * JSON Schema: what compiles, what fits, and where it does not; the schemas
 * of conf/schemas.
 */

#include "unit.h"
#include "arena.h"

#include "ngx_canonical_schema.h"
#include "ngx_canonical_json.h"


#define TOKEN  "pt_k1_abcdefghijklmnopqrstuvwxyz"


static ngx_canonical_limits_t  limits = { 512, 100000, 10000, 1000 };


static ngx_canonical_schema_t *
compiled(ngx_canonical_arena_t *a, const char *text,
    ngx_canonical_error_t *err)
{
    ngx_str_t                s;
    ngx_canonical_schema_t  *schema;

    s.len = strlen(text);
    s.data = (u_char *) text;

    return ngx_canonical_schema_compile(&schema, a, &s, err) == NGX_OK
           ? schema : NULL;
}


/*
 * "" or "text at pointer"; the instance is in memory of its own, so that a
 * read beyond it is seen
 */

static void
verdict(ngx_canonical_arena_t *a, ngx_canonical_schema_t *schema,
    const char *instance, char *out)
{
    u_char                 *copy;
    ngx_int_t               rc;
    ngx_str_t               s;
    ngx_canonical_node_t   *root;
    ngx_canonical_error_t   err;

    s.len = strlen(instance);
    copy = malloc(s.len ? s.len : 1);
    memcpy(copy, instance, s.len);
    s.data = copy;

    memset(&err, 0xa5, sizeof(err));

    rc = ngx_canonical_json_read(a, &s, &limits, &root, &err);

    if (rc != NGX_OK) {
        sprintf(out, "no JSON: %s", err.text);
        free(copy);
        return;
    }

    memset(&err, 0xa5, sizeof(err));

    rc = ngx_canonical_schema_check(schema, a, root, &err);

    if (rc == NGX_OK) {
        *out = '\0';

    } else if (rc == NGX_DECLINED) {
        sprintf(out, "%s at %.*s", err.text, (int) err.target.len,
                err.target.data);

    } else {
        sprintf(out, "%d", (int) rc);
    }

    free(copy);
}


static void
fits(const char *schema, const char *instance, const char *want)
{
    char                     got[2048], title[1024];
    ngx_canonical_arena_t    a;
    ngx_canonical_error_t    err;
    ngx_canonical_schema_t  *s;

    unit_arena(&a, 1 << 24);

    s = compiled(&a, schema, &err);

    if (s == NULL) {
        sprintf(got, "not compiled: %s", err.text);

    } else {
        verdict(&a, s, instance, got);
    }

    snprintf(title, sizeof(title), "%.300s: %.100s %s %.99s", schema, instance,
             *want ? "is" : "fits", want);

    if (!ok(strcmp(got, want) == 0, title)) {
        printf("#   got %s\n", got);
    }

    unit_arena_free(&a);
}


/* "text at pointer byte offset" */

static void
refused(const char *schema, const char *want)
{
    char                    got[512], title[1024];
    ngx_canonical_arena_t   a;
    ngx_canonical_error_t   err;

    unit_arena(&a, 1 << 24);

    memset(&err, 0xa5, sizeof(err));

    if (compiled(&a, schema, &err)) {
        strcpy(got, "compiled");

    } else {
        sprintf(got, "%s at %.*s byte %d", err.text, (int) err.target.len,
                err.target.data, (int) err.offset);
    }

    snprintf(title, sizeof(title), "%.300s: %s", schema, want);

    if (!ok(strcmp(got, want) == 0, title)) {
        printf("#   got %s\n", got);
    }

    unit_arena_free(&a);
}


static void
test_types(void)
{
    fits("true", "[1,{}]", "");
    fits("{}", "null", "");
    fits("false", "1", "no value is allowed here at ");

    fits("{\"type\":\"null\"}", "null", "");
    fits("{\"type\":\"null\"}", "0", "type is not null at ");
    fits("{\"type\":\"boolean\"}", "false", "");
    fits("{\"type\":\"boolean\"}", "0", "type is not boolean at ");
    fits("{\"type\":\"string\"}", "\"\"", "");
    fits("{\"type\":\"string\"}", "null", "type is not string at ");
    fits("{\"type\":\"object\"}", "{}", "");
    fits("{\"type\":\"object\"}", "[]", "type is not object at ");
    fits("{\"type\":\"array\"}", "[]", "");
    fits("{\"type\":\"array\"}", "{}", "type is not array at ");
    fits("{\"type\":\"number\"}", "1.5", "");
    fits("{\"type\":\"number\"}", "\"1\"", "type is not number at ");
    fits("{\"type\":\"integer\"}", "-7", "");
    fits("{\"type\":\"integer\"}", "0", "");
    fits("{\"type\":\"integer\"}", "1.0", "");
    fits("{\"type\":\"integer\"}", "1e3", "");
    fits("{\"type\":\"integer\"}", "1.5e1", "");
    fits("{\"type\":\"integer\"}", "1000e-3", "");
    fits("{\"type\":\"integer\"}", "0.0e-5", "");
    fits("{\"type\":\"integer\"}", "1.5", "type is not integer at ");
    fits("{\"type\":\"integer\"}", "1e-1", "type is not integer at ");
    fits("{\"type\":\"integer\"}", "10000000000000000000000000.000001",
         "type is not integer at ");
    fits("{\"type\":\"integer\"}", "true", "type is not integer at ");
    fits("{\"type\":[\"string\",\"null\"]}", "null", "");
    fits("{\"type\":[\"string\",\"null\"]}", "{}",
         "type is not null or string at ");
    fits("{\"type\":[\"integer\",\"string\"]}", "2", "");
    fits("{\"type\":[\"integer\",\"string\"]}", "2.5",
         "type is not string or integer at ");
    fits("{\"type\":[\"integer\",\"number\"]}", "2.5", "");
}


static void
test_values(void)
{
    fits("{\"enum\":[\"a\",1,null]}", "\"a\"", "");
    fits("{\"enum\":[\"a\",1,null]}", "1.0", "");
    fits("{\"enum\":[\"a\",1,null]}", "null", "");
    fits("{\"enum\":[\"a\",1,null]}", "\"b\"",
         "none of the values of enum at ");
    fits("{\"enum\":[1]}", "true", "none of the values of enum at ");
    fits("{\"const\":\"x\"}", "\"x\"", "");
    fits("{\"const\":\"x\"}", "\"X\"", "not the value of const at ");
    fits("{\"const\":{\"a\":1,\"b\":[2,{}]}}", "{\"b\":[2.0,{}],\"a\":1}", "");
    fits("{\"const\":{\"a\":1}}", "{\"a\":1,\"b\":2}",
         "not the value of const at ");
    fits("{\"const\":{\"a\":1}}", "{\"b\":1}", "not the value of const at ");
    fits("{\"const\":[1,2]}", "[2,1]", "not the value of const at ");
    fits("{\"const\":[1,2]}", "[1]", "not the value of const at ");
    fits("{\"const\":false}", "0", "not the value of const at ");
    fits("{\"const\":0}", "-0.0e9", "");
    fits("{\"const\":\"\\u00e9\"}", "\"\xc3\xa9\"", "");
}


static void
test_numbers(void)
{
    fits("{\"minimum\":1.10}", "1.1", "");
    fits("{\"minimum\":1.10}", "1.09999999999999999999",
         "less than minimum at ");
    fits("{\"minimum\":-2}", "-2.0", "");
    fits("{\"minimum\":-2}", "-2.01", "less than minimum at ");
    fits("{\"minimum\":0}", "-0", "");
    fits("{\"minimum\":0}", "-1e-400", "less than minimum at ");
    fits("{\"maximum\":100}", "1e2", "");
    fits("{\"maximum\":100}", "100.00000000000000000001",
         "greater than maximum at ");
    fits("{\"maximum\":100}", "1e99999999999999999999999",
         "greater than maximum at ");
    fits("{\"maximum\":100}", "-1e99999999999999999999999", "");
    fits("{\"maximum\":100}", "1e-99999999999999999999999", "");
    fits("{\"exclusiveMinimum\":0}", "0.0",
         "not greater than exclusiveMinimum at ");
    fits("{\"exclusiveMinimum\":0}", "0.01", "");
    fits("{\"exclusiveMaximum\":12.5}", "125e-1",
         "not less than exclusiveMaximum at ");
    fits("{\"exclusiveMaximum\":12.5}", "12.49", "");
    fits("{\"exclusiveMaximum\":9007199254740993}", "9007199254740992", "");
    fits("{\"minimum\":5}", "\"1\"", "");
}


static void
test_strings(void)
{
    fits("{\"minLength\":2}", "\"\xc3\xa9\"", "shorter than minLength at ");
    fits("{\"minLength\":2}", "\"\xc3\xa9x\"", "");
    fits("{\"maxLength\":2}", "\"\xc3\xa9\xf0\x9f\x98\x80\"", "");
    fits("{\"maxLength\":2}", "\"abc\"", "longer than maxLength at ");
    fits("{\"maxLength\":2.0}", "\"ab\"", "");
    fits("{\"minLength\":1e1}", "\"123456789\"", "shorter than minLength at ");
    fits("{\"minLength\":1e1}", "\"1234567890\"", "");
    fits("{\"maxLength\":0}", "\"\"", "");
    fits("{\"minLength\":2}", "1", "");

    fits("{\"format\":\"date\"}", "\"2024-02-29\"", "");
    fits("{\"format\":\"date\"}", "\"2023-02-29\"", "not of its format at ");
    fits("{\"format\":\"date\"}", "\"1900-02-29\"", "not of its format at ");
    fits("{\"format\":\"date\"}", "\"2000-02-29\"", "");
    fits("{\"format\":\"date\"}", "\"2026-11-31\"", "not of its format at ");
    fits("{\"format\":\"date\"}", "\"2026-13-01\"", "not of its format at ");
    fits("{\"format\":\"date\"}", "\"2026-11\"", "not of its format at ");
    fits("{\"format\":\"date\"}", "\"2026-1x-01\"", "not of its format at ");
    fits("{\"format\":\"date\"}", "7", "");
    fits("{\"format\":\"date-time\"}", "\"2026-11-21T08:14:00Z\"", "");
    fits("{\"format\":\"date-time\"}", "\"2026-11-21t08:14:00.5+01:00\"", "");
    fits("{\"format\":\"date-time\"}", "\"2026-11-21T08:14:00\"",
         "not of its format at ");
    fits("{\"format\":\"date-time\"}", "\"2026-11-21T24:00:00Z\"",
         "not of its format at ");
    fits("{\"format\":\"date-time\"}", "\"2026-11-21T08:14:00.Z\"",
         "not of its format at ");
    fits("{\"format\":\"date-time\"}", "\"2026-11-21T08:14:00.123\"",
         "not of its format at ");
    fits("{\"format\":\"date-time\"}", "\"2026-11-21T08:14:00+0100\"",
         "not of its format at ");
    fits("{\"format\":\"date-time\"}", "\"2026-12-31T23:59:60Z\"", "");
    fits("{\"format\":\"date-time\"}", "\"2027-01-01T00:59:60+01:00\"", "");
    fits("{\"format\":\"date-time\"}", "\"2026-12-31T22:59:60Z\"",
         "not of its format at ");
}


static void
test_patterns(void)
{
#define no_match  "does not match its pattern at "

    /* as an automaton */

    fits("{\"pattern\":\"^$\"}", "\"\"", "");
    fits("{\"pattern\":\"^$\"}", "\"x\"", no_match);
    fits("{\"pattern\":\"^[0-9]{4}(-[0-9]{2}){0,2}$\"}", "\"2026\"", "");
    fits("{\"pattern\":\"^[0-9]{4}(-[0-9]{2}){0,2}$\"}", "\"2026-11-21\"", "");
    fits("{\"pattern\":\"^[0-9]{4}(-[0-9]{2}){0,2}$\"}", "\"2026-11-21-1\"",
         no_match);
    fits("{\"pattern\":\"^[0-9]{4}(-[0-9]{2}){0,2}$\"}", "\"2026-1\"",
         no_match);
    fits("{\"pattern\":\"^[0-9]{4}(-[0-9]{2}){0,2}$\"}", "\"2026\\n\"",
         no_match);
    fits("{\"pattern\":\"^(a|b+c)*d$\"}", "\"abbcad\"", "");
    fits("{\"pattern\":\"^(a|b+c)*d$\"}", "\"abbad\"", no_match);
    fits("{\"pattern\":\"^(a|b+c)*d$\"}", "\"d\"", "");
    fits("{\"pattern\":\"^(a|b+c)*d$\"}", "\"\"", no_match);
    fits("{\"pattern\":\"^a{2,}$\"}", "\"aaaaa\"", "");
    fits("{\"pattern\":\"^a{2,}$\"}", "\"a\"", no_match);
    fits("{\"pattern\":\"^a{0}b?$\"}", "\"b\"", "");
    fits("{\"pattern\":\"^a{0}b?$\"}", "\"ab\"", no_match);
    fits("{\"pattern\":\"^(|x)(y?)*$\"}", "\"xyy\"", "");
    fits("{\"pattern\":\"^[A-Z-]$\"}", "\"-\"", "");
    fits("{\"pattern\":\"^[A-Z]$\"}", "\"\xc3\xa9\"", no_match);

    /* as a regular expression */

    fits("{\"pattern\":\"b\"}", "\"abc\"", "");
    fits("{\"pattern\":\"b\"}", "\"acd\"", no_match);
    fits("{\"pattern\":\"^a|b$\"}", "\"ax\"", "");
    fits("{\"pattern\":\"^.$\"}", "\"\xc3\xa9\"", "");
    fits("{\"pattern\":\"^[^a]$\"}", "\"\xc3\xa9\"", "");
    fits("{\"pattern\":\"^a\\\\.b$\"}", "\"a.b\"", "");
    fits("{\"pattern\":\"^a\\\\.b$\"}", "\"axb\"", no_match);
    fits("{\"pattern\":\"^a{80}$\"}", "\"a\"", no_match);
    fits("{\"pattern\":\"^a?\"}", "5", "");
    fits("{\"not\":{\"pattern\":\"^(a+)+(?=b)\"}}",
         "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaac\"",
         "its pattern cannot be tried at ");
}


static void
test_objects(void)
{
#define members                                                               \
    "{\"properties\":{\"a\":{\"type\":\"string\"},\"b\":true},"               \
    "\"required\":[\"a\",\"c\"]"

    fits(members "}", "{\"a\":\"\",\"c\":1,\"x\":{}}", "");
    fits(members "}", "{\"a\":\"\"}", "required member is missing: c at ");
    fits(members "}", "{\"c\":\"\"}", "required member is missing: a at ");
    fits(members "}", "{\"a\":1,\"c\":2}", "type is not string at /a");
    fits(members "}", "[]", "");
    fits(members ",\"additionalProperties\":false}", "{\"a\":\"\",\"c\":1}",
         "a member that the schema does not know at ");
    fits("{\"properties\":{\"p\":" members
         ",\"additionalProperties\":false}}}",
         "{\"p\":{\"a\":\"\",\"patient name\":1}}",
         "a member that the schema does not know at /p");
    fits(members ",\"additionalProperties\":true}",
         "{\"a\":\"\",\"c\":1,\"d\":1}", "");
    fits(members ",\"additionalProperties\":{\"type\":\"null\"}}",
         "{\"a\":\"\",\"b\":1,\"c\":null,\"d\":null}", "");
    fits(members ",\"additionalProperties\":{\"type\":\"null\"}}",
         "{\"a\":\"\",\"c\":null,\"secret\":1}", "type is not null at ");
    fits(members ",\"additionalProperties\":{\"type\":\"null\"}}",
         "{\"a\":\"\",\"c\":1}", "type is not null at /c");
    fits("{\"additionalProperties\":{\"items\":{\"type\":\"null\"}}}",
         "{\"secret\":[1]}", "type is not null at ");
    fits("{\"properties\":{\"a/b\":{\"properties\":{\"~\":false}}}}",
         "{\"a/b\":{\"~\":1}}", "no value is allowed here at /a~1b/~0");
    fits("{\"required\":[\"a\\nb\"]}", "{}",
         "required member is missing: a?b at ");
    fits("{\"properties\":{\"\":false}}", "{\"\":1}",
         "no value is allowed here at /");

    fits("{\"dependentRequired\":{\"a\":[\"b\",\"c\"]}}", "{\"b\":1}", "");
    fits("{\"dependentRequired\":{\"a\":[\"b\"]}}", "{\"a\":1,\"b\":2}", "");
    fits("{\"dependentRequired\":{\"a\":[\"b\"]}}", "{\"a\":1}",
         "dependent member is missing: b at ");
}


static void
test_arrays(void)
{
    fits("{\"items\":{\"type\":\"string\"}}", "[]", "");
    fits("{\"items\":{\"type\":\"string\"}}", "[\"\",\"\",1]",
         "type is not string at /2");
    fits("{\"items\":{\"items\":{\"type\":\"string\"}}}",
         "[[],[],[],[],[],[],[],[],[],[],[],[\"\",0]]",
         "type is not string at /11/1");
    fits("{\"items\":{\"type\":\"string\"}}", "{\"a\":1}", "");
    fits("{\"minItems\":1}", "[0]", "");
    fits("{\"minItems\":1}", "[]", "fewer elements than minItems at ");
    fits("{\"maxItems\":1}", "[0]", "");
    fits("{\"maxItems\":1}", "[0,1]", "more elements than maxItems at ");
    fits("{\"maxItems\":0}", "[]", "");
}


static void
test_combined(void)
{
    fits("{\"allOf\":[{\"minimum\":1},{\"maximum\":3}]}", "2", "");
    fits("{\"allOf\":[{\"minimum\":1},{\"maximum\":3}]}", "4",
         "greater than maximum at ");
    fits("{\"anyOf\":[{\"minimum\":3},{\"maximum\":1}]}", "1", "");
    fits("{\"anyOf\":[{\"minimum\":3},{\"maximum\":1}]}", "2",
         "fits none of anyOf at ");
    fits("{\"oneOf\":[{\"minimum\":3},{\"maximum\":5}]}", "6", "");
    fits("{\"oneOf\":[{\"minimum\":3},{\"maximum\":5}]}", "4",
         "fits more than one of oneOf at ");
    fits("{\"oneOf\":[{\"minimum\":3},{\"maximum\":1}]}", "2",
         "fits none of oneOf at ");
    fits("{\"not\":{\"type\":\"null\"}}", "0", "");
    fits("{\"not\":{\"type\":\"null\"}}", "null",
         "as what \"not\" excludes at ");
    fits("{\"not\":{\"not\":{\"type\":\"null\"}}}", "null", "");

#define branches                                                              \
    "{\"if\":{\"properties\":{\"k\":{\"const\":1}}},"                         \
    "\"then\":{\"required\":[\"t\"]},\"else\":{\"required\":[\"e\"]}}"

    fits(branches, "{\"k\":1,\"t\":0}", "");
    fits(branches, "{\"k\":1,\"e\":0}",
         "required member is missing: t at ");
    fits(branches, "{\"k\":2,\"e\":0}", "");
    fits(branches, "{\"k\":2}", "required member is missing: e at ");
    fits("{\"if\":{\"const\":1}}", "2", "");
    fits("{\"if\":{\"const\":1},\"else\":false}", "1", "");
}


static void
test_references(void)
{
    char    deep[4096], want[2048], *p;
    size_t  i;

#define tree                                                                  \
    "{\"$defs\":{\"t\":{\"type\":\"object\",\"properties\":{\"c\":"           \
    "{\"items\":{\"$ref\":\"#/$defs/t\"}},\"n\":{\"$ref\":\"#/$defs/a~1b\"}}}"\
    ",\"a/b\":{\"type\":\"number\"}},\"$ref\":\"#/$defs/t\"}"

    fits(tree, "{\"n\":1,\"c\":[{\"c\":[]},{\"n\":2}]}", "");
    fits(tree, "{\"n\":1,\"c\":[{\"c\":[]},{\"n\":\"\"}]}",
         "type is not number at /c/1/n");
    fits("{\"$defs\":{\"s\":{\"type\":\"string\"}},\"$ref\":\"#/$defs/s\","
         "\"minLength\":1}", "\"\"", "shorter than minLength at ");
    fits("{\"$defs\":{\"s\":{\"type\":\"string\"}},\"$ref\":\"#/$defs/s\","
         "\"minLength\":1}", "1", "type is not string at ");

    fits("{\"$defs\":{\"s\":{\"type\":\"string\"}},\"items\":{"
         "\"$ref\":\"#/$defs/s\",\"minLength\":1}}", "[\"a\",\"\"]",
         "shorter than minLength at /1");

    refused("{\"$ref\":\"#/$defs/a\",\"$defs\":{\"a\":"
            "{\"$ref\":\"#/$defs/a\"}}}",
            "the schema refers to itself for the same value at "
            "/$defs/a/$ref byte 33");
    refused("{\"$defs\":{\"a\":{\"allOf\":[{\"not\":{\"$ref\":\"#/$defs/b\"}}]"
            "},\"b\":{\"if\":{\"$ref\":\"#/$defs/a\"}}}}",
            "the schema refers to itself for the same value at "
            "/$defs/b byte 59");
    refused("{\"$ref\":\"#\"}",
            "\"#/$defs/NAME\" is expected at /$ref byte 8");
    refused("{\"$ref\":\"#/$defs/x\"}",
            "there is no such schema in $defs at /$ref byte 8");
    refused("{\"items\":{\"$defs\":{}}}",
            "for the outermost schema only at /items/$defs byte 18");

    /* forty schemas for one value, then a value as deep as can be read */

    p = deep + sprintf(deep, "{\"$defs\":{");

    for (i = 0; i < 40; i++) {
        p += sprintf(p, "\"%d\":{\"$ref\":\"#/$defs/%d\"},", (int) i,
                     (int) i + 1);
    }

    sprintf(p, "\"40\":{}}}");

    refused(deep, "too many schemas for one value at /$defs/9 byte 239");

    memset(deep, '[', 511);
    memset(deep + 511, ']', 511);
    deep[1022] = '\0';

    fits("{\"$ref\":\"#/$defs/a\",\"$defs\":{\"a\":"
         "{\"items\":{\"$ref\":\"#/$defs/a\"}}}}", deep, "");

    p = want + sprintf(want, "too large for its schema at ");

    for (i = 0; i < 500; i++) {
        p += sprintf(p, "/0");
    }

    fits("{\"$ref\":\"#/$defs/a\",\"$defs\":{\"a\":{\"not\":{\"anyOf\":[{"
         "\"items\":{\"allOf\":[{\"$ref\":\"#/$defs/a\"}]}}]}}}}", deep, want);
}


static void
test_refused(void)
{
    refused("[]", "a schema is expected at  byte 0");
    refused("{\"items\":[{}]}", "a schema is expected at /items byte 9");
    refused("{\"anyOf\":[{},5]}", "a schema is expected at /anyOf/1 byte 13");
    refused("{\"properties\":{\"a/b\":{\"typ\":1}}}",
            "unknown keyword at /properties/a~1b/typ byte 28");
    refused("{\"$defs\":{\"a\":{\"uniqueItems\":true}}}",
            "unknown keyword at /$defs/a/uniqueItems byte 29");
    refused("{\"type\":\"text\"}", "unknown type at /type byte 8");
    refused("{\"type\":7}", "unknown type at /type byte 8");
    refused("{\"type\":[]}", "a type is expected at /type byte 8");
    refused("{\"type\":[\"null\",\"null\"]}",
            "a type is given twice at /type byte 16");
    refused("{\"enum\":[]}",
            "an array of values is expected at /enum byte 8");
    refused("{\"enum\":[[1e999999999999999999]]}",
            "a number out of range at /enum byte 8");
    refused("{\"minimum\":\"1\"}",
            "not a number, or out of range at /minimum byte 11");
    refused("{\"minimum\":1e-99999999999999999999}",
            "not a number, or out of range at /minimum byte 11");
    refused("{\"minLength\":-1}", "an integer from 0 to 999999999 is expected "
            "at /minLength byte 13");
    refused("{\"maxItems\":1.5}", "an integer from 0 to 999999999 is expected "
            "at /maxItems byte 12");
    refused("{\"maxItems\":1e10}", "an integer from 0 to 999999999 is "
            "expected at /maxItems byte 12");
    refused("{\"pattern\":7}",
            "a regular expression is expected at /pattern byte 11");
    refused("{\"pattern\":\"^[z-a]$\"}",
            "range out of order in character class at /pattern byte 11");
    refused("{\"format\":\"email\"}", "unknown format at /format byte 10");
    refused("{\"required\":\"a\"}",
            "an array of names is expected at /required byte 12");
    refused("{\"required\":[1]}", "a name is expected at /required byte 13");
    refused("{\"required\":[\"a\",\"b\",\"a\"]}",
            "a name is given twice at /required byte 21");
    refused("{\"dependentRequired\":[]}",
            "an object is expected at /dependentRequired byte 21");
    refused("{\"dependentRequired\":{\"a\":true}}",
            "an array of names is expected at /dependentRequired byte 26");
    refused("{\"properties\":[]}", "a value of another type is expected at "
            "/properties byte 14");
    refused("{\"title\":1}",
            "a value of another type is expected at /title byte 9");
    refused("{\"oneOf\":[]}",
            "an array of schemas is expected at /oneOf byte 9");
    refused("{\"then\":{}}", "then and else need an if at  byte 0");
    refused("{\"$schema\":\"http://json-schema.org/draft-07/schema#\"}",
            "not the URI of draft 2020-12 at /$schema byte 11");
}


/* 65 names: one more than there are bits */

static void
test_many(void)
{
    char     text[2048], *p;
    size_t   i;

    p = text + sprintf(text, "{\"required\":[\"m0\"");

    for (i = 1; i < 64; i++) {
        p += sprintf(p, ",\"m%d\"", (int) i);
    }

    strcpy(p, "]}");
    fits(text, "{\"m0\":1}", "required member is missing: m1 at ");

    strcpy(p, ",\"m64\"]}");
    refused(text, "more than 64 names at /required byte 387");
}


/* every block that is refused is an error, and no more than that */

static void
test_memory(void)
{
    size_t                   limit;
    ngx_str_t                text;
    ngx_uint_t               failed;
    ngx_canonical_arena_t    a;
    ngx_canonical_error_t    err;
    ngx_canonical_schema_t  *s;

    const char *schema =
        "{\"$defs\":{\"a\":{\"type\":[\"string\",\"null\"],"
        "\"pattern\":\"x\"}},"
        "\"properties\":{\"a\":{\"$ref\":\"#/$defs/a\"}},\"required\":[\"b\"],"
        "\"dependentRequired\":{\"a\":[\"b\"]},\"minimum\":2,"
        "\"anyOf\":[{\"pattern\":\"^a{40}$\"},true]}";

    ngx_str_null(&text);
    failed = 0;

    for (limit = 0; limit < 1 << 16; limit += 64) {
        unit_arena(&a, limit);

        s = compiled(&a, schema, &err);

        if (s == NULL) {
            failed++;

            if (err.text == NULL) {
                ok(0, "no memory has a text");
            }
        }

        unit_arena_free(&a);
    }

    ok(failed > 30 && s, "a schema compiles when there is memory enough");
}


static char *
file(const char *name)
{
    FILE         *f;
    char          path[128];
    size_t        n;

    static char   text[1 << 16];

    snprintf(path, sizeof(path), "conf/schemas/%s.json", name);

    f = fopen(path, "r");
    n = f ? fread(text, 1, sizeof(text) - 1, f) : 0;
    text[n] = '\0';

    if (f) {
        fclose(f);
    }

    return text;
}


static const char  *objects[][2] = {

    { "encounter",
      "{\"type\":\"encounter\",\"map\":\"adt_encounter@3\",\"key\":\"V-4711\","
      "\"event\":\"A01\",\"event_time\":\"2026-11-21T08:14:00+01:00\","
      "\"visit_id\":\"V-4711\",\"account_id\":\"ACC-77\",\"patient\":{"
      "\"token\":\"" TOKEN "\",\"token_previous\":\"" TOKEN "\","
      "\"birth\":\"1988\",\"sex\":\"M\"},\"class\":\"inpatient\",\"location\":"
      "{\"facility\":\"GHH\",\"unit\":\"4E\",\"room\":\"136\",\"bed\":\"B\"},"
      "\"cost_center\":\"4120\",\"admit_time\":\"2026-11-21T08:00:00+01:00\","
      "\"attending\":[{\"id\":\"1122334\"},{\"id\":\"5566778\"}],"
      "\"diagnoses\":[{\"code\":{\"value\":\"S72.0\",\"system\":\"icd10\"},"
      "\"kind\":\"A\"},{\"code\":{\"value\":\"68235000\",\"system\":"
      "\"snomed\"},\"kind\":\"F\"}],\"state\":\"open\"}" },

    { "encounter",
      "{\"type\":\"encounter\",\"map\":\"fhir_encounter@1\",\"key\":\"v1451\","
      "\"visit_id\":\"v1451\",\"patient\":{\"token\":\"" TOKEN "\"},"
      "\"class\":\"outpatient\",\"state\":\"closed\",\"location\":{"
      "\"facility\":\"Burgers University Medical Center\"},\"attending\":[{"
      "\"id\":\"f002\"}],\"reasons\":[{\"value\":\"34068001\",\"system\":"
      "\"http://snomed.info/sct\"}]}" },

    { "charge",
      "{\"type\":\"charge\",\"map\":\"dft_charge@2\",\"key\":"
      "\"GHH/MSG00018/2\",\"charge_id\":\"GHH/MSG00018/2\",\"visit_id\":"
      "\"V-4711\",\"patient\":{\"token\":\"" TOKEN "\"},\"kind\":\"charge\","
      "\"service_date\":\"2026-11-21\",\"code\":{\"value\":\"C1776\","
      "\"system\":\"hcpcs\"},\"item\":\"IMP-4711-12\",\"quantity\":\"2\","
      "\"amount\":{\"value\":\"3700.00\",\"currency\":\"USD\"},"
      "\"unit_price\":\"1850.00\",\"cost_center\":\"4100\",\"diagnoses\":[{"
      "\"value\":\"S72.0\",\"system\":\"icd10\"},{\"value\":\"M16.1\","
      "\"system\":\"icd10\"}],\"procedures\":[{\"value\":\"27130\"}]}" },

    { "patient_account",
      "{\"type\":\"patient_account\",\"map\":\"m@1\",\"key\":\"A\","
      "\"account_id\":\"A\",\"patient\":{\"token\":\"" TOKEN "\"},"
      "\"status\":\"open\",\"guarantor\":{\"token\":null},\"payer\":[{"
      "\"rank\":1,\"policy\":{\"token\":\"" TOKEN "\"}}],\"balance\":{"
      "\"value\":\"-0.50\",\"currency\":\"EUR\"},\"opened\":\"2026-11\"}" },

    { "provider",
      "{\"type\":\"provider\",\"map\":\"m@1\",\"key\":\"P\",\"provider_id\":"
      "\"P\",\"active\":true,\"specialty\":[\"ortho\"],\"valid\":{\"from\":"
      "\"2026-01-01\",\"to\":null}}" },

    { "employee",
      "{\"type\":\"employee\",\"map\":\"m@1\",\"key\":\"E\",\"employee_id\":"
      "\"E\",\"name\":\"Roe\",\"job\":\"nurse\",\"cost_center\":\"1\","
      "\"hired\":\"2020-05\",\"licences\":[{\"no\":\"7\",\"expires\":"
      "\"2027\"}]}" },

    { "org_unit",
      "{\"type\":\"org_unit\",\"map\":\"m@1\",\"key\":\"U\",\"id\":\"U\","
      "\"kind\":\"department\",\"name\":\"Theatre\",\"active\":false}" },

    { "item",
      "{\"type\":\"item\",\"map\":\"m@1\",\"key\":\"I\",\"item_id\":\"I\","
      "\"description\":\"Screw\",\"status\":\"active\",\"base_unit\":\"EA\","
      "\"packs\":[{\"unit\":\"BX\",\"qty\":\"10\",\"default\":true}],"
      "\"stock\":[{\"reorder_point\":{\"value\":\"9\",\"unit\":\"EA\"},"
      "\"lots\":[{\"lot\":\"L\",\"expires\":\"2027-01-31\",\"qty\":{\"value\":"
      "\"3\"}}]}],\"expiry\":true}" },

    { "supplier",
      "{\"type\":\"supplier\",\"map\":\"m@1\",\"key\":\"S\",\"supplier_id\":"
      "\"S\",\"name\":\"Acme\",\"active\":true,\"currency\":\"EUR\","
      "\"address\":{\"lines\":[\"1 Road\"],\"city\":\"Town\"}}" },

    { "supply_usage",
      "{\"type\":\"supply_usage\",\"map\":\"m@1\",\"key\":\"G\",\"usage_id\":"
      "\"G\",\"item_id\":\"I\",\"quantity\":{\"value\":\"2\",\"unit\":\"EA\"},"
      "\"kind\":\"implanted\",\"location\":\"OR\",\"cost_center\":\"4100\","
      "\"used_at\":\"2026-11-21T09:30:00Z\",\"chargeable\":true}" },

    { "purchase_order",
      "{\"type\":\"purchase_order\",\"map\":\"m@1\",\"key\":\"O\",\"po_id\":"
      "\"O\",\"kind\":\"requisition\",\"ship_to\":\"OR\",\"lines\":[{\"line\":"
      "1,\"item_id\":\"I\",\"quantity\":{\"value\":\"12\"},\"need_by\":"
      "\"2026-12-01\"}]}" },

    { "invoice",
      "{\"type\":\"invoice\",\"map\":\"m@1\",\"key\":\"N\",\"invoice_id\":"
      "\"N\",\"direction\":\"customer\",\"party\":\"B\",\"date\":"
      "\"2026-11-21\",\"currency\":\"EUR\",\"total\":\"10.00\",\"lines\":[{"
      "\"line\":\"1\",\"amount\":{\"value\":\"10.00\",\"currency\":\"EUR\"}}]"
      "}" },

    { "claim",
      "{\"type\":\"claim\",\"map\":\"m@1\",\"key\":\"C\",\"claim_id\":\"C\","
      "\"visit_id\":\"V\",\"patient\":{\"token\":\"" TOKEN "\"},\"payer\":"
      "\"B\",\"total\":{\"value\":\"10.00\",\"currency\":\"EUR\"},\"lines\":[{"
      "\"code\":\"27130\",\"adjust\":[{\"group\":\"CO\",\"reason\":\"45\","
      "\"amount\":\"1.00\"}]}]}" },

    { "appointment",
      "{\"type\":\"appointment\",\"map\":\"m@1\",\"key\":\"T\","
      "\"appointment_id\":\"T\",\"status\":\"booked\",\"start\":"
      "\"2026-11-21T08:00:00Z\",\"end\":\"2026-11-21T08:30:00Z\","
      "\"duration_min\":30,\"location\":\"R1\",\"resources\":[{\"kind\":"
      "\"room\",\"id\":\"R1\"}]}" },
};


static void
test_objects_of_conf(void)
{
    size_t  i;

    for (i = 0; i < sizeof(objects) / sizeof(objects[0]); i++) {
        fits(file(objects[i][0]), objects[i][1], "");
        fits(file(objects[i][0]), "{}",
             "required member is missing: type at ");
        fits(file(objects[i][0]), "{\"name_of_patient\":\"\"}",
             "a member that the schema does not know at ");
    }

    fits(file("encounter"), "{\"patient\":{\"token\":\"PATID1234\"}}",
         "does not match its pattern at /patient/token");
    fits(file("encounter"), "{\"patient\":{\"token\":\"" TOKEN "\","
         "\"birth\":\"1988-08-18\"}}",
         "does not match its pattern at /patient/birth");
    fits(file("encounter"), "{\"event_time\":\"2026-11-21T08:14:00\"}",
         "does not match its pattern at /event_time");
    fits(file("charge"), "{\"kind\":\"gift\"}",
         "none of the values of enum at /kind");
    fits(file("charge"), "{\"quantity\":2}",
         "type is not string at /quantity");
    fits(file("charge"), "{\"amount\":{\"value\":\"1.00\"}}",
         "dependent member is missing: currency at /amount");
    fits(file("charge"), "{\"amount\":null,\"code\":null}",
         "type is not string or object at /code");
    fits(file("invoice"), "{\"total\":{\"value\":1.5,\"currency\":\"EUR\"}}",
         "type is not string at /total/value");
}


/* what a log needs to know beside the text */

static void
test_error(void)
{
    ngx_str_t                text = ngx_string("{\"a\": [\"xyz\"]}");
    ngx_canonical_node_t    *root;
    ngx_canonical_arena_t    a;
    ngx_canonical_error_t    err;
    ngx_canonical_schema_t  *s;

    unit_arena(&a, 1 << 20);

    s = compiled(&a, "{\"properties\":{\"a\":{\"items\":{\"maxLength\":2}}}}",
                 &err);

    (void) ngx_canonical_json_read(&a, &text, &limits, &root, &err);

    is_num(ngx_canonical_schema_check(s, &a, root, &err), NGX_DECLINED,
           "a string is too long");
    is_num(err.code, 104, "its code of table 0357");
    is_num(err.offset, 7, "where it is");
    is_num(err.positioned, 1, "that this is known");
    is_str(err.target, "/a/0", "its JSON pointer");

    root->first->first->kind = NGX_CANONICAL_NONE;
    s = compiled(&a, "{\"properties\":{\"a\":{\"items\":{"
                 "\"type\":\"null\"}}}}", &err);
    is_num(ngx_canonical_schema_check(s, &a, root, &err), NGX_OK,
           "a primitive without a value is null");

    unit_arena_free(&a);
}


int
main(void)
{
    test_types();
    test_values();
    test_numbers();
    test_strings();
    test_patterns();
    test_objects();
    test_arrays();
    test_combined();
    test_references();
    test_refused();
    test_many();
    test_memory();
    test_objects_of_conf();
    test_error();

    return unit_done();
}
