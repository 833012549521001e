
/*
 * FHIRPath beyond what the official tests have: errors of compilation with
 * their index, trees that are not of FHIR, references, bounds, what an
 * expression reads.
 */

#include "fhirexpr.h"


typedef struct {
    const char  *type;
    const char  *expression;
    const char  *want;           /* texts with a "," between them, or why */
    size_t       at;
} expect_t;


static void test_errors(void);
static void test_values(void);
static void test_untyped(void);
static void test_dynamic(void);
static void test_resolve(void);
static void test_bundle_large(void);
static void test_bounds(void);
static void test_memory(void);
static void test_results(void);
static void test_items(void);

static void evaluate(ngx_canonical_arena_t *a, ngx_canonical_node_t *root,
    const char *type, const char *text, ngx_uint_t untyped, char *out,
    size_t size);
static void expect(ngx_canonical_node_t *root, const expect_t *e,
    ngx_uint_t n, ngx_uint_t untyped);


static const char  patient[] =
    "{\"resourceType\":\"Patient\",\"id\":\"p1\",\"active\":true,"
    "\"birthDate\":\"1974-12-25\","
    "\"_birthDate\":{\"extension\":[{\"url\":\"urn:t\","
    "\"valueDateTime\":\"1974-12-25T14:35:45-05:00\"}]},"
    "\"name\":[{\"use\":\"official\",\"family\":\"M\xc3\xbcller\","
    "\"given\":[\"\xc3\x96zg\xc3\xbcr\",null,\"B\"],"
    "\"_given\":[null,{\"id\":\"x\"},null]},"
    "{\"use\":\"usual\",\"given\":[\"Z\"]}],"
    "\"identifier\":[{\"system\":\"urn:a\",\"value\":\"1\"},"
    "{\"system\":\"urn:b\",\"value\":\"2\"}],"
    "\"multipleBirthInteger\":2,\"other\":{\"valueString\":\"s\"},"
    "\"contained\":[{\"resourceType\":\"Organization\",\"id\":\"o\","
    "\"name\":\"Org\"}],"
    "\"managingOrganization\":{\"reference\":\"#o\"},"
    "\"generalPractitioner\":[{\"reference\":\"#none\"},"
    "{\"reference\":\"#\"}]}";

static const char  bundle[] =
    "{\"resourceType\":\"Bundle\",\"type\":\"collection\",\"entry\":["
    "{\"fullUrl\":\"http://x.example/Patient/1\",\"resource\":"
    "{\"resourceType\":\"Patient\",\"id\":\"1\",\"gender\":\"male\"}},"
    "{\"fullUrl\":\"urn:uuid:5\",\"resource\":"
    "{\"resourceType\":\"Practitioner\",\"id\":\"d\",\"active\":true}},"
    "{\"resource\":{\"resourceType\":\"Encounter\",\"id\":\"e\","
    "\"subject\":{\"reference\":\"Patient/1\"},"
    "\"participant\":[{\"individual\":{\"reference\":\"urn:uuid:5\"}},"
    "{\"individual\":{\"reference\":\"http://x.example/Patient/1\"}},"
    "{\"individual\":{\"reference\":\"Patient/1/_history/3\"}},"
    "{\"individual\":{\"reference\":\"Practitioner/1\"}}]}}]}";


int
main(void)
{
    if (ngx_fhir_types_init(malloc) != NGX_OK) {
        return EXIT_FAILURE;
    }

    test_errors();
    test_values();
    test_untyped();
    test_dynamic();
    test_resolve();
    test_bundle_large();
    test_bounds();
    test_memory();
    test_results();
    test_items();

    return unit_done();
}


static void
test_errors(void)
{
    size_t                  at;
    ngx_uint_t              i;
    const char             *why;
    ngx_canonical_arena_t   a;

    static const expect_t  errors[] = {
        { "Patient", "", "an expression is expected", 0 },
        { "Patient", "name.nam", "HumanName has no element \"nam\"", 5 },
        { "Patient", "Patient.contact.nam",
          "Patient.contact has no element \"nam\"", 16 },
        { "Patient", "Encounter.id", "it is not applied to \"Encounter\"", 0 },
        { "Patient", "deceasedBoolean",
          "the element is a choice: \"deceased\"", 0 },
        { "Patient", "name.descendants()",
          "function \"descendants\" is not supported", 5 },
        { "Patient", "id ~ 'a'", "operator \"~\" is not supported", 3 },
        { "Patient", "active xor active", "operator \"xor\" is not supported",
          7 },
        { "Patient", "%ucum", "variable \"%ucum\" is not supported", 0 },
        { "Patient", "$total", "variable \"$total\" is not supported", 0 },
        { "Patient", "4 days", "quantities are not supported", 0 },
        { "Patient", "4 'mg'", "quantities are not supported", 0 },
        { "Patient", "name.where()", "too few arguments of \"where\"", 11 },
        { "Patient", "name.first(1)", "too many arguments of \"first\"", 11 },
        { "Patient", "name.where(use = 'a',)", "\",\" or \")\" is expected",
          21 },
        { "Patient", "id.replace('a' 'b')", "\",\" or \")\" is expected", 15 },
        { "Patient", "name[", "an expression is expected", 5 },
        { "Patient", "name[0", "\"]\" is expected", 6 },
        { "Patient", "name['a']", "the index is no integer", 5 },
        { "Patient", "(name", "\")\" is expected", 5 },
        { "Patient", "name name", "an operator is expected", 5 },
        { "Patient", "name.", "a name or function is expected after \".\"",
          5 },
        { "Patient", "'a", "the closing quote is missing", 0 },
        { "Patient", "'a\\", "invalid escape sequence", 2 },
        { "Patient", "'\\x'", "invalid escape sequence", 1 },
        { "Patient", "'\\ud800'", "invalid escape sequence", 1 },
        { "Patient", "id = #", "unexpected character", 5 },
        { "Patient", "id ! 3", "unexpected character", 3 },
        { "Patient", "99999999999999999999",
          "the number has too many digits", 0 },
        { "Patient", "@2015-02-30",
          "invalid date or time: ", 0 },
        { "Patient", "@T25", "invalid date or time: ", 0 },
        { "Patient", "name.startsWith('a')",
          "the input has the wrong type for \"startsWith\"", 5 },
        { "Patient", "id.matches(id)", "the pattern is no literal string",
          11 },
        { "Patient", "id.matches('(')", "invalid pattern: ", 11 },
        { "Patient", "id.startsWith(1)", "the argument has the wrong type",
          14 },
        { "Patient", "id is Strin", "unknown type \"Strin\"", 6 },
        { "Patient", "id is FHIR.String", "unknown type \"String\"", 6 },
        { "Patient", "birthDate < 'a'",
          "the types of the operands do not fit", 10 },
        { "Patient", "-id", "the operand is no number", 0 },
        { "Patient", "id.length().x", "a value has no element \"x\"", 12 },
        { "Patient", "name.resolve()",
          "the input has the wrong type for \"resolve\"", 5 },
        { "Patient", "1 /* 2", "the comment has no end", 2 }
    };

    for (i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
        unit_arena(&a, 1 << 20);
        at = 9999;
        why = NULL;

        ok(compile(&a, errors[i].type, errors[i].expression, 0, &at, &why)
           == NULL && why
           && strncmp(why, errors[i].want, strlen(errors[i].want)) == 0
           && (strlen(why) == strlen(errors[i].want)
               || errors[i].want[strlen(errors[i].want) - 1] == ' '),
           errors[i].expression);
        is_num(at, errors[i].at, "its index");

        unit_arena_free(&a);
    }
}


static void
test_values(void)
{
    ngx_canonical_arena_t   a;
    ngx_canonical_node_t   *root;

    static const expect_t  values[] = {
        { "Patient", "birthDate", "1974-12-25", 0 },
        { "Patient", "DomainResource.id", "p1", 0 },
        { "Patient", "Resource.id", "p1", 0 },
        { "Patient", "name.given", "\xc3\x96zg\xc3\xbcr,-,B,Z", 0 },
        { "Patient", "name.given.hasValue()", "false", 0 },
        { "Patient", "name.given.select(hasValue())",
          "true,false,true,true", 0 },
        { "Patient", "name.given.where(hasValue().not()).id", "x", 0 },
        { "Patient", "name.given.join('/')",
          "\xc3\x96zg\xc3\xbcr/B/Z", 0 },
        { "Patient", "name.first().given[2]", "B", 0 },
        { "Patient", "name[0].given[9]", "", 0 },
        { "Patient", "name.select($index)", "0,1", 0 },
        { "Patient", "name.family.length()", "6", 0 },
        { "Patient", "name.family.upper()", "M\xc3\x9cLLER", 0 },
        { "Patient", "name.given.first().lower()",
          "\xc3\xb6zg\xc3\xbcr", 0 },
        { "Patient", "name.family.substring(1, 2)", "\xc3\xbcl", 0 },
        { "Patient", "name.family.indexOf('l')", "2", 0 },
        { "Patient", "name.family.replace('', '-')",
          "-M-\xc3\xbc-l-l-e-r-", 0 },
        { "Patient", "name.family.replace('l', '')", "M\xc3\xbc""er", 0 },
        { "Patient", "'\\u00e5\\ud83d\\ude00'", "\xc3\xa5\xf0\x9f\x98\x80",
          0 },
        { "Patient", "'\xc5\xa1\xd0\xb6'.upper()", "\xc5\xa0\xd0\x96", 0 },
        { "Patient", "birthDate.extension('urn:t').value",
          "1974-12-25T14:35:45-05:00", 0 },
        { "Patient", "birthDate.extension('urn:t').value.is(dateTime)",
          "true", 0 },
        { "Patient", "birthDate.extension('urn:u')", "", 0 },
        { "Patient", "birthDate < @1975", "true", 0 },
        { "Patient", "birthDate >= @1974-12", "", 0 },
        { "Patient", "birthDate = '1974-12-25'", "false", 0 },
        { "Patient", "multipleBirth + 1", "3", 0 },
        { "Patient", "multipleBirth * 1.50", "3.00", 0 },
        { "Patient", "multipleBirth is integer", "true", 0 },
        { "Patient", "multipleBirth as boolean", "", 0 },
        { "Patient", "identifier.where(system = 'urn:b').value", "2", 0 },
        { "Patient", "identifier.where(system in ('urn:a' | 'urn:c')).value",
          "1", 0 },
        { "Patient", "identifier.exists(value = '2')", "true", 0 },
        { "Patient", "identifier.all(value = '2')", "false", 0 },
        { "Patient", "identifier.select(system | value)", "urn:a,1,urn:b,2",
          0 },
        { "Patient", "identifier.where($index = 1).select(%resource.id)",
          "p1", 0 },
        { "Patient", "identifier.select(%context.id)", "p1,p1", 0 },
        { "Patient", "identifier.system.endsWith('b')",
          "several items where one is needed", 0 },
        { "Patient", "id.toInteger()", "", 0 },
        { "Patient", "identifier[1].value.toInteger() + 1", "3", 0 },
        { "Patient", "identifier[1].value.toDecimal() / 3", "0.66666667", 0 },
        { "Patient", "birthDate.toDateTime() = birthDate", "true", 0 },
        { "Patient", "'2015-02-04T14:34:28+01:00'.toDate()", "2015-02-04",
          0 },
        { "Patient", "'14:34'.toDate()", "", 0 },
        { "Patient", "9223372036854775807 + 1", "", 0 },
        { "Patient", "-9223372036854775807 - 1", "-9223372036854775808", 0 },
        { "Patient", "1 / 0", "", 0 },
        { "Patient", "name & 'a'",
          "the types of the operands do not fit", 0 },
        { "Patient", "id & {} & 'a'", "p1a", 0 },
        { "Patient", "active and {}", "", 0 },
        { "Patient", "iif(active, 'y', 1 / 0)", "y", 0 },
        { "Patient", "name.first() = name.last()", "false", 0 },
        { "Patient", "(name | name).count()", "2", 0 },
        { "Patient", "name.use.matches('^off.*l$')",
          "several items where one is needed", 0 },
        { "Patient", "name[0].use.matches('^off.*l$')", "true", 0 },
        { "Patient", "true is System.Boolean", "true", 0 },
        { "Patient", "`id`", "p1", 0 }
    };

    unit_arena(&a, 1 << 20);
    root = read_json(&a, patient, 1);

    expect(root, values, sizeof(values) / sizeof(values[0]), 0);

    unit_arena_free(&a);
}


/* plain JSON, and what XML looks like: texts only, members repeated */

static void
test_untyped(void)
{
    ngx_canonical_arena_t   a;
    ngx_canonical_node_t   *root, *node;

    static const expect_t  values[] = {
        { NULL, "a.b", "1,2,3", 0 },
        { NULL, "a.b.count()", "3", 0 },
        { NULL, "n", "-", 0 },
        { NULL, "n.exists()", "true", 0 },
        { NULL, "Patient", "x", 0 },
        { NULL, "valueString", "v", 0 },
        { NULL, "value", "", 0 },
        { NULL, "amount > 12", "true", 0 },
        { NULL, "amount = 12.5", "true", 0 },
        { NULL, "amount - 0.5", "12.00", 0 },
        { NULL, "amount < 'x'", "true", 0 },
        { NULL, "day < @2026-11-22", "true", 0 },
        { NULL, "day = @2026-11-21", "true", 0 },
        { NULL, "day = @T10", "false", 0 },
        { NULL, "flag = true", "true", 0 },
        { NULL, "amount = true", "false", 0 },
        { NULL, "day > 5", "these values cannot be compared", 0 },
        { NULL, "line", "one,two", 0 },
        { NULL, "line.where($this = 'two')", "two", 0 },
        { NULL, "num is Integer", "true", 0 },
        { NULL, "dec is Decimal", "true", 0 },
        { NULL, "same.x = same.y", "true", 0 },
        { NULL, "same.x = same.z", "false", 0 },
        { NULL, "(same.x | same.y | same.z).count()", "2", 0 },
        { NULL, "dec = 100.1", "true", 0 },
        { NULL, "dec.toString()", "100.10", 0 }
    };

    unit_arena(&a, 1 << 20);

    root = read_json(&a, "{\"a\":[{\"b\":1},{\"b\":[2,[3]]},5],\"n\":null,"
                     "\"Patient\":\"x\",\"valueString\":\"v\","
                     "\"amount\":\"12.50\",\"day\":\"2026-11-21\","
                     "\"flag\":\"true\",\"line\":\"one\",\"num\":7,"
                     "\"dec\":100.10,\"same\":"
                     "{\"x\":{\"p\":1,\"q\":[1,{\"r\":2}]},"
                     "\"y\":{\"q\":[1.0,{\"r\":2}],\"p\":1},"
                     "\"z\":{\"q\":[1.0,{\"r\":3}],\"p\":1}}}", 0);

    node = ngx_canonical_node(&a, NGX_CANONICAL_STRING);
    node->name = (u_char *) "line";
    node->name_len = 4;
    node->data = (u_char *) "two";
    node->len = 3;
    ngx_canonical_append(root, node);

    expect(root, values, sizeof(values) / sizeof(values[0]), 1);

    unit_arena_free(&a);
}


/* the type is known when the expression runs only */

static void
test_dynamic(void)
{
    ngx_canonical_arena_t   a;
    ngx_canonical_node_t   *root;

    static const expect_t  values[] = {
        { NULL, "multipleBirth", "2", 0 },
        { NULL, "Patient.multipleBirth.is(integer)", "true", 0 },
        { NULL, "Encounter.id", "", 0 },
        { NULL, "birthDate < @1975", "true", 0 },
        { NULL, "contained.name", "Org", 0 },
        { NULL, "contained.where($this is Organization).id", "o", 0 },
        { NULL, "contained.ofType(Patient)", "", 0 },
        { NULL, "nam", "", 0 },
        { NULL, "other.value", "s", 0 },
        { NULL, "other.value.is(string)", "true", 0 },
        { "DomainResource", "contained.ofType(Organization).name", "Org", 0 },
        { "DomainResource", "Patient.birthDate", "1974-12-25", 0 },
        { "Patient", "contained.name.startsWith('O')", "true", 0 }
    };

    unit_arena(&a, 1 << 20);
    root = read_json(&a, patient, 1);

    expect(root, values, sizeof(values) / sizeof(values[0]), 0);

    unit_arena_free(&a);
}


static void
test_resolve(void)
{
    ngx_canonical_arena_t   a;
    ngx_canonical_node_t   *root;

    static const expect_t  contained[] = {
        { "Patient", "managingOrganization.resolve().name", "Org", 0 },
        { "Patient", "generalPractitioner.resolve().id", "p1", 0 },
        { "Patient", "managingOrganization.resolve() is Organization",
          "true", 0 },
        { "Patient", "'Organization/o'.resolve()", "", 0 }
    };

    static const expect_t  entries[] = {
        { "Bundle", "entry.resource.ofType(Encounter).subject.resolve()"
          ".gender", "male", 0 },
        { "Bundle", "entry.resource.participant.individual.resolve().id",
          "d,1,1", 0 },
        { "Bundle", "entry.resource.participant.individual.resolve()"
          ".ofType(Practitioner).active", "true", 0 },
        { "Bundle", "entry.resource.select(id)", "1,d,e", 0 }
    };

    unit_arena(&a, 1 << 20);

    root = read_json(&a, patient, 1);
    expect(root, contained, sizeof(contained) / sizeof(contained[0]), 0);

    root = read_json(&a, bundle, 1);
    expect(root, entries, sizeof(entries) / sizeof(entries[0]), 0);

    unit_arena_free(&a);
}


/* many items are made distinct, many entries found */

static void
test_bundle_large(void)
{
    char                    out[64], *text, *p;
    ngx_uint_t              i;
    ngx_canonical_arena_t   a;
    ngx_canonical_node_t   *root;

    text = malloc(400000);
    p = text + sprintf(text, "{\"resourceType\":\"Bundle\",\"entry\":[");

    for (i = 0; i < 2000; i++) {
        p += sprintf(p, "%s{\"resource\":{\"resourceType\":\"Patient\","
                     "\"id\":\"%d\",\"active\":%s,\"gender\":\"g%d\","
                     "\"link\":[{\"other\":{\"reference\":\"Patient/%d\"}}]}}",
                     i ? "," : "", (int) i, (i & 1) ? "true" : "false",
                     (int) i % 50, (int) (i + 1));
    }

    sprintf(p, "]}");

    unit_arena(&a, 1 << 24);
    root = read_json(&a, text, 1);

    evaluate(&a, root, "Bundle", "entry.resource.gender.distinct().count()", 0,
             out, sizeof(out));
    ok(strcmp(out, "50") == 0, "distinct strings");

    evaluate(&a, root, "Bundle", "entry.resource.distinct().count()", 0, out,
             sizeof(out));
    ok(strcmp(out, "2000") == 0, "distinct resources");

    evaluate(&a, root, "Bundle", "entry.resource.id.isDistinct()", 0, out,
             sizeof(out));
    ok(strcmp(out, "true") == 0, "isDistinct()");

    evaluate(&a, root, "Bundle",
             "entry.resource.link.other.resolve().ofType(Patient).count()", 0,
             out, sizeof(out));
    ok(strcmp(out, "1999") == 0, "resolve() of each entry");

    unit_arena_free(&a);
    free(text);
}


static void
test_bounds(void)
{
    char                        deep[1024], wide[4096], out[128];
    size_t                      at, n;
    ngx_int_t                   rc;
    const char                 *why;
    ngx_fhirpath_t             *fp;
    ngx_fhirpath_item_t         focus;
    ngx_canonical_node_t       *root;
    ngx_canonical_arena_t       a;
    ngx_fhirpath_context_t      ctx;
    ngx_fhirpath_collection_t   result;

    unit_arena(&a, 1 << 24);
    root = read_json(&a, patient, 1);

    memset(deep, '(', 500);
    strcpy(deep + 500, "1");

    ok(compile(&a, "Patient", deep, 0, &at, &why) == NULL
       && strcmp(why, "the expression is nested too deep") == 0,
       "parentheses");

    memset(deep, '-', 500);

    ok(compile(&a, "Patient", deep, 0, &at, &why) == NULL
       && strcmp(why, "the expression is nested too deep") == 0, "signs");

    strcpy(wide, "1");

    for (n = 0; n < 500; n++) {
        strcat(wide, "+1");
    }

    ok(compile(&a, "Patient", wide, 0, &at, &why) == NULL
       && strcmp(why, "the expression is nested too deep") == 0,
       "left operands");

    strcpy(wide, "a");

    for (n = 0; n < 500; n++) {
        strcat(wide, ".a");
    }

    ok(compile(&a, NULL, wide, 1, &at, &why) == NULL
       && strcmp(why, "the expression is nested too deep") == 0, "names");

    wide[2 * 60] = '\0';
    wide[2 * 60 - 1] = '\0';
    ok(compile(&a, NULL, wide, 1, &at, &why) != NULL, "60 names");

    strcpy(wide, "(id|id)");

    for (n = 0; n < 8; n++) {
        strcat(wide, ".select($this|$this)");
    }

    ok(compile(&a, NULL, wide, 1, &at, &why) == NULL
       && strcmp(why, "the expression is too large") == 0,
       "ways through the tree");

    fp = compile(&a, "Patient", "name.given", 0, &at, &why);
    memset(&ctx, 0, sizeof(ngx_fhirpath_context_t));

    ctx.arena = &a;
    ctx.max_items = 4;
    ngx_fhirpath_node(&focus, root, 0);

    rc = ngx_fhirpath_eval(fp, &ctx, &focus, &result);
    ok(rc == NGX_OK && result.nitems == 4, "as many items as may be");

    ctx.max_items = 3;
    rc = ngx_fhirpath_eval(fp, &ctx, &focus, &result);
    ok(rc == NGX_DECLINED && strcmp(ctx.why, "too many items") == 0,
       "one item more");

    evaluate(&a, root, "Patient", "identifier.system.single()", 0, out,
             sizeof(out));
    ok(strcmp(out, "several items where one is needed") == 0, "single()");

    fp = compile(&a, "Patient", "identifier.system & 'a'", 0, &at, &why);
    ctx.max_items = 100;
    ctx.at = NULL;
    rc = ngx_fhirpath_eval(fp, &ctx, &focus, &result);
    ok(rc == NGX_DECLINED && ctx.at && ctx.at->len == 5
       && memcmp(ctx.at->data, "urn:a", 5) == 0, "where an error is");

    unit_arena_free(&a);
}


/* whatever the limit of memory, there is a result or an error */

static void
test_memory(void)
{
    size_t                      at, limit;
    ngx_int_t                   rc;
    ngx_str_t                   text;
    ngx_uint_t                  good, done, none;
    const char                 *why;
    ngx_fhirpath_t             *fp;
    ngx_fhirpath_item_t         focus;
    ngx_canonical_node_t       *root;
    ngx_canonical_arena_t       a, b, c;
    ngx_fhirpath_context_t      ctx;
    ngx_fhirpath_collection_t   result;

    static const char  expression[] =
        "iif(name.where(use = 'a\\u0062').exists(), 1.5,"
        " (name.given | identifier.value).join('-').replace('-', '--')"
        ".split('-').select($this & upper()).distinct().join()"
        " & extension('a').value.toString())";

    unit_arena(&a, 1 << 20);
    root = read_json(&a, patient, 1);

    good = done = none = 0;

    for (limit = 2048; limit < 65536; limit += 512) {
        unit_arena(&b, limit);

        fp = compile(&b, "Patient", expression, 0, &at, &why);

        if (fp == NULL) {
            none += (strcmp(why, "no memory") == 0);
            unit_arena_free(&b);
            continue;
        }

        unit_arena(&c, limit - 2048);
        memset(&ctx, 0, sizeof(ngx_fhirpath_context_t));

        ctx.arena = &c;
        ctx.max_items = 1000;
        ngx_fhirpath_node(&focus, root, 0);

        rc = ngx_fhirpath_eval(fp, &ctx, &focus, &result);

        if (rc == NGX_OK) {
            good = (result.nitems == 1
                    && ngx_fhirpath_text(&result.items[0], &c, &text)
                       == NGX_OK);
        }

        done += (rc == NGX_OK || rc == NGX_ERROR);

        unit_arena_free(&b);
        unit_arena_free(&c);
    }

    ok(good && none && done && none + done == 124, "limits of memory");

    unit_arena_free(&a);
}


/* a result stays while others are made */

static void
test_results(void)
{
    size_t                      at;
    ngx_uint_t                  i;
    const char                 *why;
    ngx_fhirpath_t             *one, *two;
    ngx_fhirpath_item_t         focus;
    ngx_canonical_node_t       *root;
    ngx_canonical_arena_t       a;
    ngx_fhirpath_context_t      ctx;
    ngx_fhirpath_collection_t   first, other;

    unit_arena(&a, 1 << 20);
    root = read_json(&a, patient, 1);

    one = compile(&a, "Patient", "name", 0, &at, &why);
    two = compile(&a, "HumanName", "given.select($this | 'a' | 'b')", 0, &at,
                  &why);

    memset(&ctx, 0, sizeof(ngx_fhirpath_context_t));
    ctx.arena = &a;
    ctx.max_items = 1000;

    ngx_fhirpath_node(&focus, root, 0);
    ok(ngx_fhirpath_eval(one, &ctx, &focus, &first) == NGX_OK
       && first.nitems == 2, "the names");

    for (i = 0; i < 100; i++) {
        if (ngx_fhirpath_eval(two, &ctx, &first.items[i & 1], &other)
            != NGX_OK || other.nitems != ((i & 1) ? 3 : 9))
        {
            break;
        }
    }

    is_num(i, 100, "evaluated for each of them");
    ok(ngx_canonical_get(first.items[1].node, "given") != NULL
       && first.items[1].type == ngx_fhir_type((u_char *) "HumanName", 9),
       "they are what they were");
    is_num(ngx_fhirpath_type(one), first.items[1].type, "the type was known");

    unit_arena_free(&a);
}


/* what a caller makes of a focus, and gets */

static void
test_items(void)
{
    size_t                      at;
    ngx_str_t                   text;
    const char                 *why;
    ngx_fhirpath_t             *fp;
    ngx_fhirpath_item_t         focus;
    ngx_canonical_arena_t       a;
    ngx_fhirpath_context_t      ctx;
    ngx_fhirpath_collection_t   result;

    unit_arena(&a, 1 << 20);

    memset(&ctx, 0, sizeof(ngx_fhirpath_context_t));
    ctx.arena = &a;
    ctx.max_items = 100;

    fp = compile(&a, NULL, "$this & 'x'", 0, &at, &why);

    ok(ngx_fhirpath_eval(fp, &ctx, NULL, &result) == NGX_OK
       && result.nitems == 1, "no focus");

    memset(&focus, 0, sizeof(ngx_fhirpath_item_t));
    focus.kind = NGX_FHIRPATH_STRING;
    ngx_str_set(&focus.string, "ab");

    ok(ngx_fhirpath_eval(fp, &ctx, &focus, &result) == NGX_OK
       && result.nitems == 1
       && ngx_fhirpath_text(&result.items[0], &a, &text) == NGX_OK, "a value");
    is_str(text, "abx", "its text");

    fp = compile(&a, NULL, "@T10:30", 0, &at, &why);

    ok(ngx_fhirpath_eval(fp, &ctx, &focus, &result) == NGX_OK
       && result.items[0].kind == NGX_FHIRPATH_TIME
       && ngx_fhirpath_text(&result.items[0], &a, &text) == NGX_OK
       && memcmp(text.data, "10:30", 5) == 0, "a time of day");

    focus.kind = NGX_FHIRPATH_NODE;
    focus.node = ngx_canonical_node(&a, NGX_CANONICAL_OBJECT);
    ok(ngx_fhirpath_text(&focus, &a, &text) == NGX_DECLINED,
       "a container has no text");

    unit_arena_free(&a);
}


static void
evaluate(ngx_canonical_arena_t *a, ngx_canonical_node_t *root,
    const char *type, const char *text, ngx_uint_t untyped, char *out,
    size_t size)
{
    char                       *p, *last;
    size_t                      at;
    ngx_str_t                   s;
    ngx_uint_t                  i;
    const char                 *why;
    ngx_fhirpath_t             *fp;
    ngx_fhirpath_item_t         focus;
    ngx_fhirpath_context_t      ctx;
    ngx_fhirpath_collection_t   result;

    fp = compile(a, type, text, untyped, &at, &why);

    if (fp == NULL) {
        snprintf(out, size, "%s", why);
        return;
    }

    memset(&ctx, 0, sizeof(ngx_fhirpath_context_t));

    ctx.arena = a;
    ctx.root = root;
    ctx.resource = root;
    ctx.max_items = 100000;
    ngx_fhirpath_node(&focus, root, 0);

    if (ngx_fhirpath_eval(fp, &ctx, &focus, &result) != NGX_OK) {
        snprintf(out, size, "%s", ctx.why ? ctx.why : "no memory");
        return;
    }

    p = out;
    last = out + size;
    *p = '\0';

    for (i = 0; i < result.nitems; i++) {

        if (ngx_fhirpath_text(&result.items[i], a, &s) != NGX_OK) {
            ngx_str_set(&s, "-");
        }

        p += snprintf(p, last - p, "%s%.*s", i ? "," : "", (int) s.len,
                      (char *) s.data);
    }
}


static void
expect(ngx_canonical_node_t *root, const expect_t *e, ngx_uint_t n,
    ngx_uint_t untyped)
{
    char                    out[512];
    ngx_uint_t              i;
    ngx_canonical_arena_t   a;

    for (i = 0; i < n; i++) {
        unit_arena(&a, 1 << 20);

        evaluate(&a, root, e[i].type, e[i].expression, untyped, out,
                 sizeof(out));

        if (!ok(strcmp(out, e[i].want) == 0, e[i].expression)) {
            printf("#   got \"%s\"\n#   want \"%s\"\n", out, e[i].want);
        }

        unit_arena_free(&a);
    }
}
