
/*
 * What a rule makes of a value: every type and every word of "set".
 */

#include "maprun.h"


static void
test_types(void)
{
    is(rule("set v ZZZ-1;", "a\\T\\b  "), ",\"v\":\"a&b\"}", "plain");
    is(rule("set v ZZZ-1;", ""), "}", "nothing");
    is(rule("set v ZZZ-1;", "  "), "}", "spaces alone are nothing");
    is(rule("set v ZZZ-1 text;", "x"), ",\"v\":\"x\"}", "text");

    is(rule("set v ZZZ-1 decimal;", "3700.0"), ",\"v\":\"3700.0\"}",
       "a decimal keeps its digits");
    is(rule("set v ZZZ-1 decimal;", "+007.50"), ",\"v\":\"7.50\"}",
       "but for zeros at the start and a plus");
    is(rule("set v ZZZ-1 decimal;", "-0"), ",\"v\":\"0\"}", "-0");
    is(rule("set v ZZZ-1 decimal;", "-12."), ",\"v\":\"-12\"}", "-12.");
    is(rule("set v ZZZ-1 decimal;", ".5"), ",\"v\":\"0.5\"}", ".5");
    is(rule("set v ZZZ-1 decimal=2;", "3700.0"), ",\"v\":\"3700.00\"}",
       "a scale");
    is(rule("set v ZZZ-1 decimal=2;", "3700.10"), ",\"v\":\"3700.10\"}",
       "that it has");
    is(rule("set v ZZZ-1 decimal=0;", "3700.00"), ",\"v\":\"3700\"}",
       "a scale of 0");
    is(rule("set v ZZZ-1 decimal=2;", "1.005"),
       "102 more digits than the scale; source ZZZ-1 (ZZZ^1^1^0^0^0 #2) @55; "
       "target v; m@1 map.conf",
       "a digit that would be lost");
    is(rule("set v ZZZ-1 decimal;", "3,700"),
       "102 not a number; source ZZZ-1 (ZZZ^1^1^0^0^0 #2) @55; target v; m@1 "
       "map.conf",
       "no number");
    is(rule("set v ZZZ-1 decimal;", "1e3"),
       "102 not a number; source ZZZ-1 (ZZZ^1^1^0^0^0 #2) @55; target v; m@1 "
       "map.conf",
       "HL7 has no exponents");
    is(member("set v v decimal;", "{\"v\":1.5e3}"), "{\"v\":\"1500\"}",
       "JSON does");

    is(rule("set v ZZZ-1 int;", "42"), ",\"v\":42}", "an integer");
    is(rule("set v ZZZ-1 int;", "-42"), ",\"v\":-42}", "a negative one");
    is(rule("set v ZZZ-1 int;", "-0042.00"), ",\"v\":-42}", "with zeros");
    is(rule("set v ZZZ-1 int;", "+7"), ",\"v\":7}", "with a plus");
    is(rule("set v ZZZ-1 int;", "-0"), ",\"v\":0}", "0");
    is(rule("set v ZZZ-1 int;", "000123456789012345678"),
       ",\"v\":123456789012345678}", "eighteen digits");
    ok(strncmp(rule("set v ZZZ-1 int;", "1234567890123456789"),
               "102 an integer of too many digits", 33) == 0, "one more");
    ok(strncmp(rule("set v ZZZ-1 int;", "1.5"), "102 not an integer", 18) == 0,
       "1.5 is none");
    ok(strncmp(rule("set v ZZZ-1 int;", "-"), "102 not an integer", 18) == 0,
       "a sign is none");
    ok(strncmp(rule("set v ZZZ-1 int;", ".0"), "102 not an integer", 18) == 0,
       ".0 is none");
    ok(strncmp(rule("set v ZZZ-1 int;", "7x"), "102 not an integer", 18) == 0,
       "7x is none");

    is(rule("set v ZZZ-1 bool;", "Y"), ",\"v\":true}", "Y");
    is(rule("set v ZZZ-1 bool;", "0"), ",\"v\":false}", "0");
    is(rule("set v ZZZ-1 bool=J:N;", "J"), ",\"v\":true}", "words of ours");
    ok(strncmp(rule("set v ZZZ-1 bool=J:N;", "Y"), "102 not a boolean", 17)
       == 0, "others");
    is(member("set v v bool=J:N;", "{\"v\":true}"), "{\"v\":true}",
       "one of JSON");

    is(rule("set v ZZZ-1 code;", "A B"), ",\"v\":\"A B\"}", "a code");
    ok(strncmp(rule("set v ZZZ-1 code;", "A\\X01\\B"),
               "102 a control character in a code", 33) == 0,
       "with a control character");
}


static void
test_times(void)
{
    is(rule("set v ZZZ-1 ts;", "2026"), ",\"v\":\"2026\"}", "a year");
    is(rule("set v ZZZ-1 ts;", "20261121"), ",\"v\":\"2026-11-21\"}",
       "a day gets no offset");
    is(rule("set v ZZZ-1 ts;", "20260621081400"),
       ",\"v\":\"2026-06-21T08:14:00+02:00\"}", "the zone of the map");
    is(rule("set v ZZZ-1 ts;", "20260621081400+0115"),
       ",\"v\":\"2026-06-21T08:14:00+01:15\"}", "an offset of its own");
    is(rule("set v ZZZ-1 date;", "20260621081400"), ",\"v\":\"2026-06-21\"}",
       "a date");
    is(rule("set v ZZZ-1 date;", "202606"), ",\"v\":\"2026-06\"}",
       "a month");
    is(rule("set v ZZZ-1 time;", "0814"), ",\"v\":\"08:14:00\"}",
       "a time of day");
    is(rule("set v ZZZ-1 time;", "20260621081400"), ",\"v\":\"08:14:00\"}",
       "that of a timestamp");
    ok(strncmp(rule("set v ZZZ-1 time;", "20260621"), "102 no time of day", 18)
       == 0, "a day has none");
    ok(strncmp(rule("set v ZZZ-1 ts;", "20261131"), "102 ", 4) == 0,
       "November has 30 days");

    is(hl7(map("canonical_map m version=1 { from hl7 ADT; emit x key=k;"
               " zone msh Europe/Berlin; const k 1; set v ZZZ-1 ts; }"),
           "MSH|^~\\&|||||20261121081500-0330||ADT^A01\rZZZ|202611210814\r"),
       "{\"type\":\"x\",\"map\":\"m@1\",\"key\":\"1\",\"k\":\"1\","
       "\"v\":\"2026-11-21T08:14:00-03:30\"}",
       "the offset of MSH-7");
    is(hl7(map("canonical_map m version=1 { from hl7 ADT; emit x key=k;"
               " zone Europe/Berlin msh; const k 1; set v ZZZ-1 ts; }"),
           "MSH|^~\\&|||||20261121081500-0330||ADT^A01\rZZZ|202611210814\r"),
       "{\"type\":\"x\",\"map\":\"m@1\",\"key\":\"1\",\"k\":\"1\","
       "\"v\":\"2026-11-21T08:14:00+01:00\"}",
       "unless the zone stands first");

    is(member("set v v ts;", "{\"v\":\"2026-11-21T08:14:00Z\"}"),
       "{\"v\":\"2026-11-21T08:14:00Z\"}", "ISO");
    is(member("set v v ts;", "{\"v\":\"2026-11-21T08:14:00\"}"),
       "{\"v\":\"2026-11-21T08:14:00\"}", "without a zone");
    is(member("set v v time;", "{\"v\":\"08:14\"}"),
       "{\"v\":\"08:14:00\"}", "a time of day");
    ok(strncmp(member("set v v ts;", "{\"v\":\"08:14\"}"), "102 no date", 11)
       == 0, "which is no timestamp");
    ok(strncmp(member("set v v ts;", "{\"v\":\"20261121\"}"), "102 ", 4) == 0,
       "nor is HL7's form in JSON");
}


static void
test_options(void)
{
    is(rule("set v ZZZ-1 | ZZZ-2;", "|b"), ",\"v\":\"b\"}",
       "the second alternative");
    is(rule("set v ZZZ-1|ZZZ-2;", "a|b"), ",\"v\":\"a\"}", "the first one");
    is(rule("set v ZZZ-1 default=d;", ""), ",\"v\":\"d\"}", "a default");
    is(rule("set v ZZZ-1 default=d;", "a"), ",\"v\":\"a\"}", "not used");
    is(rule("set v ZZZ-1 required;", ""),
       "101 required value is missing; source ZZZ-1 (ZZZ^1^1^0^0^0 #2) @55; "
       "target v; m@1 map.conf",
       "a required one");

    is(rule("set v ZZZ-1;", "\"\""), ",\"v\":null}", "a null");
    is(rule("set v ZZZ-1 decimal max=1;", "\"\""),
       ",\"v\":null}", "which is of any type");
    is(rule("set v ZZZ-1|ZZZ-2;", "\"\"|b"), ",\"v\":null}",
       "and is a value");
    is(rule("set v ZZZ-1|ZZZ-2 null=clear;", "\"\"|b"), ",\"v\":\"b\"}",
       "unless it is cleared");
    is(rule("set v ZZZ-1 null=clear default=d;", "\"\""), ",\"v\":\"d\"}",
       "then the default holds");
    is(rule("set v ZZZ-1 required;", "\"\""),
       "101 required value is missing; source ZZZ-1 (ZZZ^1^1^0^0^0 #2) @55; "
       "target v; m@1 map.conf",
       "a required value is not null");

    is(rule("set v ZZZ-1 map=ft1_type;", "CD"), ",\"v\":\"credit\"}",
       "a table");
    is(rule("set v ZZZ-1 map=ft1_type;", "XX"),
       "103 not in the table; source ZZZ-1 (ZZZ^1^1^0^0^0 #2) @55; target v; "
       "m@1 map.conf",
       "a word that is not in it");
    is(rule("set v ZZZ-1 map=ft1_type default=other;", "XX"),
       ",\"v\":\"other\"}", "has the default");
    is(rule("set v ZZZ-1 map=nothing;", "X"), "}", "a word that is nothing");

    is(rule("set v ZZZ-1 max=3;", "abc"), ",\"v\":\"abc\"}", "max=");
    is(rule("set v ZZZ-1 max=3;", "\xc3\xa4\xc3\xb6\xc3\xbc"),
       ",\"v\":\"\xc3\xa4\xc3\xb6\xc3\xbc\"}", "counts characters");
    is(rule("set v ZZZ-1 max=3;", "abcd"),
       "104 longer than max=; source ZZZ-1 (ZZZ^1^1^0^0^0 #2) @55; target v; "
       "m@1 map.conf",
       "too long");

    is(rule("set v ZZZ-1 mask=last4;", "123456789"), ",\"v\":\"6789\"}",
       "a mask");
    is(rule("set v ZZZ-1 mask=zip3;", "AB"), "}", "that leaves nothing");
    is(rule("set v ZZZ-1 mask=zip3 default=000;", "AB"), ",\"v\":\"000\"}",
       "then the default holds");

    is(rule("set v $remote_addr;", ""), ",\"v\":\"10.0.0.1\"}", "a variable");
    is(rule("set v $remote_addr; set w $unset;", ""),
       ",\"v\":\"10.0.0.1\"}", "one without a value");
    is(rule("set v \"<{ZZZ-1.1}:{ZZZ-1.2}>\";", "a^b"), ",\"v\":\"<a:b>\"}",
       "a template");
    is(rule("set v \"<{ZZZ-1.1}:{ZZZ-1.2}>\";", "a"), "}",
       "without one of its values");
    is(rule("set v \"<{ZZZ-1.1}:{ZZZ-1.2}>\" required;", "a"),
       "101 required value is missing; source <{ZZZ-1.1}:{ZZZ-1.2}> "
       "(ZZZ^1^1^1^2^0 #2) @56; target v; m@1 map.conf",
       "which is where the error is");
    is(rule("set v ZZZ-1 drop;", "a"), "}", "drop");
    is(rule("set v[] \"{ZZZ-1.1}{ZZZ-1.2}\";", "a^b"), ",\"v\":[\"ab\"]}",
       "one for all");

    is(rule("set v[] ZZZ-1[*].1;", "a^1~~b^2"), ",\"v\":[\"a\",\"b\"]}",
       "all values");
    is(rule("set v[] ZZZ-1[*].1;", ""), "}", "none");
    is(rule("set v[] ZZZ-1[*]|ZZZ-2[*] default=d;", "a~b|c"),
       ",\"v\":[\"a\",\"b\"]}", "of the first alternative that has one");
    is(rule("set v[] ZZZ-1[*]|ZZZ-2[*] default=d;", "|c"),
       ",\"v\":[\"c\"]}", "of the second one");
    is(rule("set v[] ZZZ-1[*].1 default=d;", ""), ",\"v\":[\"d\"]}",
       "the default of none");
    is(rule("set v[] ZZZ-1[*] int;", "1~x~3"),
       "102 not an integer; source ZZZ-1[*] (ZZZ^1^1^2^0^0 #2) @57; target "
       "v[]; m@1 map.conf",
       "a wrong one");
    is(rule("set v[] ZZZ-1[*]; set v[] ZZZ-2;", "a~\"\"|c"),
       ",\"v\":[\"a\",null,\"c\"]}", "two rules add to one array");
}


/* tokens of expressions: who has assigned the number of FHIR */

static void
test_authority(void)
{
    size_t       i;
    char         text[1024], want[256];
    const char  *ghh = "zehavgudeyw7om5fmurc2ysuzo",
                *none = "wmlqpdc3gpufpffjjco3nib6oh";

    const struct {
        const char  *expression;
        const char  *token;
    } tests[] = {
        { "identifier.where(use = 'usual').value.first()", ghh },
        { "identifier.where(use = 'usual').first().value", ghh },
        { "identifier[1].value", ghh },
        { "identifier.value[1]", ghh },
        { "identifier.where(value = 'PATID1234' and use = 'usual').value",
          ghh },
        { "identifier.where(use = 'usual').value.replace('.value', '')", ghh },
        { "(identifier.where(use = 'x') | identifier.where(use = 'usual'))"
          ".value.last().trim()", ghh },
        { "contained.identifier[0].value", ghh },
        { "managingOrganization.resolve().identifier.where(use.empty()).value",
          ghh },
        { "identifier.where(use = 'usual').type.text", none },
        { "telecom.value", none },
        { "generalPractitioner.reference.replace('Practitioner/', '')", none },
        { "'PATID1234'", none }
    };

    for (i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {

        snprintf(text, sizeof(text), "canonical_map m version=1 {"
                 " from fhir Patient; emit x key=id; set id id;"
                 " set v \"%s\" hmac=patient required; }",
                 tests[i].expression);

        snprintf(want, sizeof(want), "{\"type\":\"x\",\"map\":\"m@1\","
                 "\"key\":\"1\",\"id\":\"1\",\"v\":\"pt_k1_%s\"}",
                 tests[i].token);

        is(tree(map(text),
                "{\"resourceType\":\"Patient\",\"id\":\"1\",\"identifier\":["
                "{\"use\":\"old\",\"system\":\"urn:lab\","
                "\"value\":\"PATID1234\"},"
                "{\"use\":\"usual\",\"system\":\"urn:ghh\","
                "\"type\":{\"text\":\"PATID1234\"},"
                "\"value\":\"PATID1234\"}],"
                "\"telecom\":[{\"system\":\"phone\","
                "\"value\":\"PATID1234\"}],"
                "\"contained\":[{\"resourceType\":\"Organization\","
                "\"id\":\"o\",\"identifier\":[{\"system\":\"urn:ghh\","
                "\"value\":\"PATID1234\"}]}],"
                "\"managingOrganization\":{\"reference\":\"#o\"},"
                "\"generalPractitioner\":[{\"reference\":"
                "\"Practitioner/PATID1234\"}]}"),
           want, tests[i].expression);
    }

    is(tree(map("canonical_map m version=1 { from fhir Patient;"
                " emit x key=id; set id id; each i[] identifier {"
                " set v value hmac=patient; } }"),
            "{\"resourceType\":\"Patient\",\"id\":\"1\",\"identifier\":["
            "{\"value\":\"PATID1234\"},"
            "{\"system\":\"urn:ghh\",\"value\":\"PATID1234\"}]}"),
       "{\"type\":\"x\",\"map\":\"m@1\",\"key\":\"1\",\"id\":\"1\","
       "\"i\":[{\"v\":\"pt_k1_wmlqpdc3gpufpffjjco3nib6oh\"},"
       "{\"v\":\"pt_k1_zehavgudeyw7om5fmurc2ysuzo\"}]}",
       "in each of them");
}


static void
test_tokens(void)
{
    is(rule("set v ZZZ-1.1 hmac=patient;", "PATID1234^^^GHH"),
       ",\"v\":\"pt_k1_zehavgudeyw7om5fmurc2ysuzo\"}", "a token");
    is(rule("set v ZZZ-1.1 hmac=patient;", "PATID1234^^^&2.16.840.1&ISO"),
       ",\"v\":\"pt_k1_zehavgudeyw7om5fmurc2ysuzo\"}",
       "the same by the authority's OID");
    is(rule("set v ZZZ-1 hmac=patient;", "PATID1234^^^GHH~x^^^LAB"),
       ",\"v\":\"pt_k1_zehavgudeyw7om5fmurc2ysuzo\"}",
       "also where the component is not written");
    is(rule("each i[] ZZZ-1 { set v . hmac=patient; }",
            "x^^^LAB~PATID1234^^^GHH"),
       ",\"i\":[{\"v\":\"pt_k1_ns6vbiagqvlph4sewfik7n4ivm\"},{\"v\":"
       "\"pt_k1_zehavgudeyw7om5fmurc2ysuzo\"}]}",
       "of a repetition as well");
    is(rule("set v ZZZ-1.1 hmac=patient;", "PATID1234"),
       ",\"v\":\"pt_k1_wmlqpdc3gpufpffjjco3nib6oh\"}", "without an authority");
    is(rule("set v ZZZ-1.1 hmac=patient authority=LAB;", "PATID1234^^^GHH"),
       ",\"v\":\"pt_k1_tv5ycosky3ln5v2p765ufan6vi\"}",
       "with that of the rule");
    is(rule("each i[] ZZZ-1 { set v .1 hmac=patient; }",
            "x^^^LAB~PATID1234^^^GHH"),
       ",\"i\":[{\"v\":\"pt_k1_ns6vbiagqvlph4sewfik7n4ivm\"},{\"v\":"
       "\"pt_k1_zehavgudeyw7om5fmurc2ysuzo\"}]}",
       "that of its own repetition");
    is(rule("set v ZZZ-1.1 hmac=turned authority=GHH;", "PATID1234"),
       ",\"v\":\"pt_k1_33nerzoz5x7veivejrubyxato3\","
       "\"v_previous\":\"pt_k0_lfxgbgpqmbxnn53vm4xjecioig\"}",
       "and by the previous key");

    is(tree(map("canonical_map m version=1 { from fhir Patient;"
                " emit x key=id; set id id;"
                " set v \"identifier.where(use='usual').value\" hmac=patient;"
                "}"),
            "{\"resourceType\":\"Patient\",\"id\":\"1\",\"identifier\":["
            "{\"use\":\"old\",\"system\":\"urn:lab\",\"value\":\"PATID1234\"},"
            "{\"use\":\"usual\",\"system\":\"urn:ghh\","
            "\"value\":\"PATID1234\"}]}"),
       "{\"type\":\"x\",\"map\":\"m@1\",\"key\":\"1\",\"id\":\"1\","
       "\"v\":\"pt_k1_zehavgudeyw7om5fmurc2ysuzo\"}",
       "the same from FHIR, by its system");

    test_authority();
}


int
main(void)
{
    unit_arena(&conf, MEMORY);
    unit_arena(&arena, MEMORY);

    test_types();
    test_times();
    test_options();
    test_tokens();

    unit_arena_free(&conf);
    unit_arena_free(&arena);

    return unit_done();
}
