
/*
 * Maps, compiled and run: the worked results of the design, blocks, objects,
 * errors and where they are, what no rule reads.
 */

#include "maprun.h"


/* --- the worked results of the design --- */

static const char *adt_map =
    "canonical_map m version=3 {\n"
    "    from    hl7 ADT^A01 ADT^A04 ADT^A08 ADT^A03;\n"
    "    emit    encounter key=visit_id;\n"
    "    zone    msh Europe/Berlin;\n"
    "    schema  encounter.v3.json on_error=reject;\n"
    "\n"
    "    set   event           EVN-1|MSH-9.2            required;\n"
    "    set   event_time      EVN-2|MSH-7              ts required;\n"
    "    set   visit_id        PV1-19.1|PID-18.1        required;\n"
    "    set   account_id      PID-18.1;\n"
    "    set   patient.token   PID-3[5=MR].1            hmac=patient"
    "                                                   required;\n"
    "    set   patient.birth   PID-7                    date mask=year;\n"
    "    set   patient.sex     PID-8;\n"
    "    set   class           PV1-2                    map=patient_class"
    "                                                   required;\n"
    "    set   location.facility PV1-3.4.1;\n"
    "    set   location.unit   PV1-3.1;\n"
    "    set   location.room   PV1-3.2;\n"
    "    set   location.bed    PV1-3.3;\n"
    "    set   cost_center     PV1-3.1                  map=cost_center;\n"
    "    set   admit_time      PV1-44|EVN-2             ts required;\n"
    "    set   discharge_time  PV1-45                   ts;\n"
    "    each  attending[]     PV1-7 {\n"
    "        set  id           .1                       required;\n"
    "        set  name         .2.1                     drop;\n"
    "    }\n"
    "    each  diagnoses[]     DG1 {\n"
    "        set  code.value   DG1-3.1                  required;\n"
    "        set  code.system  DG1-3.3                  map=code_system;\n"
    "        set  kind         DG1-6;\n"
    "    }\n"
    "    when  MSH-9.2 = A03 { const state closed; }\n"
    "    else  { const state open; }\n"
    "}\n";

static const char *adt =
    "MSH|^~\\&|EHR|GHH|IFE|GHH|20261121081500||ADT^A01^ADT_A01|MSG00017|P"
    "|2.5.1\r"
    "EVN|A01|20261121081400\r"
    "PID|1||900112^^^NAT^SS~PATID1234^^^GHH^MR||Everyman^Adam^A||19880818|M"
    "||||||||||ACC-77^^^GHH^AN\r"
    "PV1|1|I|4E^136^B^GHH&2.16.840.1&ISO|E|||1122334^Alaz^Mohammed~5566778"
    "^Roe^Jane||||||||||||V-4711^^^GHH^VN|||||||||||||||||||||||||"
    "20261121080000\r"
    "DG1|1||S72.0^Fracture of femur^I10|||A\r"
    "DG1|2||68235000^Nasal congestion^SCT|||F\r";

static const char *dft_map =
    "canonical_map m version=2 {\n"
    "    from    hl7 DFT^P03 DFT^P11;\n"
    "    zone    msh Europe/Berlin;\n"
    "    schema  charge.v2.json on_error=reject;\n"
    "\n"
    "    each  charge FT1 with PR1 NTE {\n"
    "        emit  charge key=charge_id;\n"
    "        set   charge_id       \"{MSH-4.1}/{MSH-10}/{FT1-1}\" required;\n"
    "        set   visit_id        PV1-19.1|PID-18.1;\n"
    "        set   patient.token   PID-3[5=MR].1        hmac=patient"
    "                                                   required;\n"
    "        set   kind            FT1-6                map=ft1_type"
    "                                                   required;\n"
    "        set   service_date    FT1-4.1              date required;\n"
    "        set   code.value      FT1-25.1|FT1-7.1     required;\n"
    "        set   code.system     FT1-25.3|FT1-7.3     map=code_system;\n"
    "        set   item            FT1-34.1|FT1-29.1;\n"
    "        set   quantity        FT1-10               decimal default=1;\n"
    "        set   amount.value    FT1-11.1.1           decimal=2;\n"
    "        set   amount.currency FT1-11.1.2           default=USD;\n"
    "        set   unit_price      FT1-12.1.1           decimal=2;\n"
    "        set   cost_center     FT1-13.1             map=cost_center;\n"
    "        each  diagnoses[]     FT1-19 {\n"
    "            set  value .1 required;\n"
    "            set  system .3 map=code_system;\n"
    "        }\n"
    "        each  procedures[]    PR1 {\n"
    "            set  value PR1-3.1;\n"
    "        }\n"
    "    }\n"
    "}\n";

static const char *dft =
    "MSH|^~\\&|OR|GHH|IFE|GHH|20261121101500+0100||DFT^P03^DFT_P03|MSG00018"
    "|P|2.8\r"
    "EVN|P03|20261121101500\r"
    "PID|1||PATID1234^^^GHH^MR||Everyman^Adam^A||19880818|M||||||||||ACC-77"
    "^^^GHH^AN\r"
    "PV1|1|I|4E^136^B^GHH||||||||||||||||V-4711^^^GHH^VN\r"
    "FT1|1|||20261121093000|20261121|CG|27130^Total hip^C4|||1|12500&USD"
    "|12500.00&USD|OR||||||S72.0^^I10\r"
    "PR1|1||27130^Total hip^C4||20261121\r"
    "FT1|2|||20261121|20261121|CG|C1776^Joint device^HCPCS|||2|3700.0&USD"
    "|1850&USD|OR||||||S72.0^^I10~M16.1^^I10|||||||||||||||IMP-4711-12\r";

static const char *fhir_map =
    "canonical_map m version=1 {\n"
    "    from    fhir Encounter;\n"
    "    emit    encounter key=visit_id;\n"
    "    zone    Europe/Amsterdam;\n"
    "\n"
    "    set   visit_id        \"identifier.where(system.endsWith('/visits'))"
    ".value.first() | id\" required;\n"
    "    set   patient.token   \"subject.reference.replace('Patient/', '')\""
    "                                                   hmac=patient"
    "                                                   required;\n"
    "    set   class           class.code               map=patient_class"
    "                                                   required;\n"
    "    set   state           status                   map=fhir_state"
    "                                                   required;\n"
    "    set   admit_time      period.start             ts;\n"
    "    set   discharge_time  period.end               ts;\n"
    "    set   location.facility serviceProvider.display;\n"
    "    each  attending[]     \"participant.where(individual.exists())\" {\n"
    "        set  id           \"individual.reference.replace('Practitioner/'"
    ", '')\" required;\n"
    "    }\n"
    "    each  reasons[]       reasonCode.coding {\n"
    "        set  value code;\n"
    "        set  system system;\n"
    "    }\n"
    "}\n";

/* with the fields of the one in the design */

static const char *encounter =
    "{\"resourceType\":\"Encounter\",\"id\":\"enc-9\",\"identifier\":["
    "{\"system\":\"urn:example:other\",\"value\":\"X-1\"},"
    "{\"system\":\"http://example.org/visits\",\"value\":\"v-2210\"}],"
    "\"status\":\"finished\",\"class\":{\"code\":\"AMB\"},"
    "\"subject\":{\"reference\":\"Patient/p77\",\"display\":\"A. Example\"},"
    "\"participant\":[{\"individual\":{\"reference\":\"Practitioner/d5\"}},"
    "{\"type\":[{\"text\":\"observer\"}]}],"
    "\"period\":{\"start\":\"2026-11-21T08:00:00\",\"end\":\"2026-11-22\"},"
    "\"reasonCode\":[{\"coding\":[{\"system\":\"http://snomed.info/sct\","
    "\"code\":\"68235000\"}]}],"
    "\"serviceProvider\":{\"display\":\"Example Hospital\"}}";


static void
test_worked(void)
{
    is(hl7(map(adt_map), adt),
       "{\"type\":\"encounter\",\"map\":\"m@3\",\"key\":\"V-4711\","
       "\"event\":\"A01\",\"event_time\":\"2026-11-21T08:14:00+01:00\","
       "\"visit_id\":\"V-4711\",\"account_id\":\"ACC-77\",\"patient\":{"
       "\"token\":\"pt_k1_zehavgudeyw7om5fmurc2ysuzo\",\"birth\":\"1988\","
       "\"sex\":\"M\"},\"class\":\"inpatient\",\"location\":{\"facility\":"
       "\"GHH\",\"unit\":\"4E\",\"room\":\"136\",\"bed\":\"B\"},"
       "\"cost_center\":\"4120\",\"admit_time\":\"2026-11-21T08:00:00+01:00\","
       "\"attending\":[{\"id\":\"1122334\"},{\"id\":\"5566778\"}],"
       "\"diagnoses\":[{\"code\":{\"value\":\"S72.0\",\"system\":\"icd10\"},"
       "\"kind\":\"A\"},{\"code\":{\"value\":\"68235000\",\"system\":"
       "\"snomed\"},\"kind\":\"F\"}],\"state\":\"open\"}",
       "ADT");

    is(hl7(map(dft_map), dft),
       "{\"type\":\"charge\",\"map\":\"m@2\",\"key\":\"GHH/MSG00018/1\","
       "\"charge_id\":\"GHH/MSG00018/1\",\"visit_id\":\"V-4711\",\"patient\":{"
       "\"token\":\"pt_k1_zehavgudeyw7om5fmurc2ysuzo\"},\"kind\":\"charge\","
       "\"service_date\":\"2026-11-21\",\"code\":{\"value\":\"27130\","
       "\"system\":\"cpt\"},\"quantity\":\"1\",\"amount\":{\"value\":"
       "\"12500.00\",\"currency\":\"USD\"},\"unit_price\":\"12500.00\","
       "\"cost_center\":\"4100\",\"diagnoses\":[{\"value\":\"S72.0\","
       "\"system\":\"icd10\"}],\"procedures\":[{\"value\":\"27130\"}]}\n"
       "{\"type\":\"charge\",\"map\":\"m@2\",\"key\":\"GHH/MSG00018/2\","
       "\"charge_id\":\"GHH/MSG00018/2\",\"visit_id\":\"V-4711\",\"patient\":{"
       "\"token\":\"pt_k1_zehavgudeyw7om5fmurc2ysuzo\"},\"kind\":\"charge\","
       "\"service_date\":\"2026-11-21\",\"code\":{\"value\":\"C1776\","
       "\"system\":\"hcpcs\"},\"item\":\"IMP-4711-12\",\"quantity\":\"2\","
       "\"amount\":{\"value\":\"3700.00\",\"currency\":\"USD\"},"
       "\"unit_price\":\"1850.00\",\"cost_center\":\"4100\",\"diagnoses\":["
       "{\"value\":\"S72.0\",\"system\":\"icd10\"},{\"value\":\"M16.1\","
       "\"system\":\"icd10\"}]}",
       "DFT, the same patient has the same token");

    is(tree(map(fhir_map), encounter),
       "{\"type\":\"encounter\",\"map\":\"m@1\",\"key\":\"v-2210\","
       "\"visit_id\":\"v-2210\",\"patient\":{"
       "\"token\":\"pt_k1_orsdjgsqt4sbvf44yh3plgtl37\"},\"class\":"
       "\"outpatient\",\"state\":\"closed\",\"admit_time\":"
       "\"2026-11-21T08:00:00+01:00\",\"discharge_time\":\"2026-11-22\","
       "\"location\":{\"facility\":\"Example Hospital\"},\"attending\":["
       "{\"id\":\"d5\"}],\"reasons\":[{\"value\":\"68235000\",\"system\":"
       "\"http://snomed.info/sct\"}]}",
       "Encounter");

    is_num(r.nobjects, 1, "one object");
    is_str(r.objects->type, "encounter", "its type");
    is_str(r.objects->key, "v-2210", "its key");
    ok(r.objects->map == mapconf_map(&mc, "m"), "its map");
}


/* --- blocks --- */

static void
test_when(void)
{
    is(rule("when ZZZ-1 present { const v 1; } else { const v 0; }", "a"),
       ",\"v\":\"1\"}", "present");
    is(rule("when ZZZ-1 present { const v 1; } else { const v 0; }", "\"\""),
       ",\"v\":\"0\"}", "a null is not");
    is(rule("when ZZZ present { const v 1; }", ""), ",\"v\":\"1\"}",
       "a segment");
    is(rule("when ZZY present { const v 1; }", ""), "}", "is not there");
    is(rule("when ZZZ-1 = a { const v 1; }", "a"), ",\"v\":\"1\"}", "=");
    is(rule("when ZZZ-1 = a { const v 1; }", "ab"), "}", "not =");
    is(rule("when ZZZ-1 != a { const v 1; }", "b"), ",\"v\":\"1\"}", "!=");
    is(rule("when ZZZ-1 != a { const v 1; }", ""), ",\"v\":\"1\"}",
       "nothing is not that");
    is(rule("when ZZZ-1 != a { const v 1; }", "a"), "}", "not !=");
    is(rule("when ZZZ-1 in a b { const v 1; }", "b"), ",\"v\":\"1\"}", "in");
    is(rule("when ZZZ-1 in a b { const v 1; }", "c"), "}", "not in");
    is(rule("when ZZZ-1 ~ ^b { const v 1; }", "bc"), ",\"v\":\"1\"}", "~");
    is(rule("when ZZZ-1 ~ c { const v 1; }", "bcd"), ",\"v\":\"1\"}",
       "anywhere");
    is(rule("when ZZZ-1 ~ x { const v 1; }", "bcd"), "}", "not ~");
    is(rule("when ZZZ-1 = a { when ZZZ-2 = b { const v 1; } else { const v 2;"
            " } } else { const v 3; }", "a|c"), ",\"v\":\"2\"}", "nested");

    is(rule("set v $a; set w $b; when $c ~ x { const x 1; }", ""),
       "102 the regular expression could not be matched; source $c; m@1 "
       "map.conf",
       "what is no UTF-8 cannot be told");

    is(member("when \"a.exists()\" present { const v 1; }", "{\"a\":1}"),
       "{\"v\":\"1\"}", "an expression that is true");
    is(member("when \"a.exists()\" present { const v 1; }", "{\"b\":1}"),
       "{}", "one that is false");
    is(member("when a present { const v 1; }", "{\"a\":false}"),
       "{\"v\":\"1\"}", "a member that is false is there");
    is(member("when a = false { const v 1; }", "{\"a\":false}"),
       "{\"v\":\"1\"}", "and is this text");
    is(member("when a present { const v 1; }", "{\"a\":{\"b\":1}}"),
       "{\"v\":\"1\"}", "an object");
    is(member("when a = b { const v 1; }", "{\"a\":{\"b\":1}}"), "{}",
       "has no text");
}


/* what is not written of a path is the first, wherever it stands */

static void
test_first(void)
{
    is(rule("set v ZZZ-1; set w ZZZ-1.2; set x[] ZZZ-1[*]; set y ZZZ-1[2];"
            " set z \"<{ZZZ-1}>\";", "a&b^c&d~e&f"),
       ",\"v\":\"a\",\"w\":\"c\",\"x\":[\"a\",\"e\"],\"y\":\"e\","
       "\"z\":\"<a>\"}",
       "set");
    is(rule("when ZZZ-1 = a { const v 1; } when ZZZ-2 present { const w 1; }",
            "a&b^c~d|^x"), ",\"v\":\"1\"}", "when");
    is(rule("set v ZZZ-1; set w ZZZ-2 default=d; set x ZZZ-3|ZZZ-3.2;",
            "\"\"^x|^y|^z"),
       ",\"v\":null,\"w\":\"d\",\"x\":\"z\"}", "null and empty");
    is(rule("set v ZZZ-1 required;", "^a"),
       "101 required value is missing; source ZZZ-1 (ZZZ^1^1^0^0^0 #2) @55; "
       "target v; m@1 map.conf",
       "which is required");
    is(rule("set v ZZZ-1 int;", "x&y^z~u"),
       "102 not an integer; source ZZZ-1 (ZZZ^1^1^0^0^0 #2) @55; target v; "
       "m@1 map.conf",
       "and where it is");
    is(rule("each v[] ZZZ-1 { set a .; set b .2; }", "a&b^c&d~e"),
       ",\"v\":[{\"a\":\"a\",\"b\":\"c\"},{\"a\":\"e\"}]}", "each");
}


static void
test_each(void)
{
    is(rule("each v[] ZZZ-1 { set a .1; set b.c .2; }", "1^2~~^3~4"),
       ",\"v\":[{\"a\":\"1\",\"b\":{\"c\":\"2\"}},{\"b\":{\"c\":\"3\"}},"
       "{\"a\":\"4\"}]}",
       "an object for each repetition that has a value");
    is(rule("each v[] ZZZ-1 { set a .1; }", ""), "}", "none");
    is(rule("each v[] ZZZ-1 { set a .3; }", "1~2"), "}",
       "none of them has a value");
    is(rule("each v[] ZZZ { each w[] ZZZ-1 { set a .; set b ZZZ-2; } }",
            "1~2|x\rZZZ|3|y"),
       ",\"v\":[{\"w\":[{\"a\":\"1\",\"b\":\"x\"},{\"a\":\"2\",\"b\":\"x\"}]},"
       "{\"w\":[{\"a\":\"3\",\"b\":\"y\"}]}]}",
       "in each other, each with its own segment");
    is(rule("each v[] ZZZ { set a ZZZ-1 required; }", "1\rZZZ||2"),
       "101 required value is missing; source ZZZ-1 (ZZZ^2^1^0^0^0 #3) @61; "
       "target v[].a; m@1 map.conf",
       "an error in the second one");
    is(rule("each v[] ZZZ { when ZZZ-1 = 2 { set a ZZZ-2; } }",
            "1|x\rZZZ|2|y"),
       ",\"v\":[{\"a\":\"y\"}]}", "when, in each");

    is(member("each v[] a { set x b; }",
              "{\"a\":[{\"b\":1},{\"c\":2},{\"b\":3}]}"),
       "{\"v\":[{\"x\":1},{\"x\":3}]}", "members");
    is(member("each v[] \"a.where(b > 1)\" { set x b; each y[] c { set z"
              " $this; } }",
              "{\"a\":[{\"b\":1},{\"b\":2,\"c\":[5,6]}]}"),
       "{\"v\":[{\"x\":2,\"y\":[{\"z\":5},{\"z\":6}]}]}",
       "items of an expression");

    r.max_items = 0;

    ok(open_hl7("MSH|^~\\&|||||20261121||ADT^A01\rZZZ|a~b~c\r") == NGX_OK,
       "a message");
    r.max_items = 2;
    is(result(ngx_canonical_map_run(map("canonical_map m version=1 {"
                                        " from hl7 ADT; emit x key=k;"
                                        " const k 1;"
                                        " each v[] ZZZ-1 { set a .; } }"),
                                    &r)),
       "207 too many items; source ZZZ-1 (ZZZ^1^1^0^0^0 #2) @35; target v[]; "
       "m@1 map.conf",
       "max_items");
}


static void
test_required(void)
{
    const char  *m;

    is(rule("each v[] ZZZ-1 required { set a .; }", "1~2"),
       ",\"v\":[{\"a\":\"1\"},{\"a\":\"2\"}]}", "required, and there");
    is(rule("each v[] ZZZ-1 required { set a .2; }", "1~2"), "}",
       "there, without a value inside");
    is(rule("each v[] ZZY|ZZZ required { set a ZZZ-1; }", "1"),
       ",\"v\":[{\"a\":\"1\"}]}", "an alternative");
    is(rule("each v[] ZZZ-1 required { set a .; }", ""),
       "101 required repetition is missing; source ZZZ-1 (ZZZ^1^1^0^0^0 #2) "
       "@55; target v[]; m@1 map.conf", "no repetition");
    is(rule("each v[] ZZY with ZZZ required { set a ZZY-1; }", ""),
       "101 required repetition is missing; source ZZY (ZZY^1^0^0^0^0 #0); "
       "target v[]; m@1 map.conf", "no segment");
    is(rule("each v[] ZZZ { each w[] ZZZ-1 required { set a .; } }",
            "1\rZZZ|"),
       "101 required repetition is missing; source ZZZ-1 (ZZZ^2^1^0^0^0 #3) "
       "@61; target v[].w[]; m@1 map.conf", "in another one");
    is(rule("when ZZZ-1 = x { each v[] ZZY required { set a ZZY-1; } }", "y"),
       "}", "when it does not matter");
    is(rule("on_error warn; each v[] ZZY required { set a ZZY-1; }", ""),
       "}\nwarning: 101 required repetition is missing; source ZZY "
       "(ZZY^1^0^0^0^0 #0); target v[]; m@1 map.conf", "a warning");

    m = "canonical_map m version=1 { from hl7 ADT; each o ZZA required {"
        " emit x key=k; set k ZZA-1; } }";

    is(hl7(map(m), "MSH|^~\\&|||||20261121||ADT^A01\rZZZ|1\r"),
       "101 required repetition is missing; source ZZA (ZZA^1^0^0^0^0 #0); "
       "target o; m@1 map.conf", "no object");
    is(hl7(map(m), "MSH|^~\\&|||||20261121||ADT^A01\rZZA|1\r"),
       "{\"type\":\"x\",\"map\":\"m@1\",\"key\":\"1\",\"k\":\"1\"}",
       "one object");

    is(member("each v[] a required { set b b; }", "{\"a\":[]}"),
       "101 required repetition is missing; source a @0; target v[]; m@1 "
       "map.conf", "no member");
    is(member("each v[] \"a.where(b > 1)\" required { set b b; }",
              "{\"a\":[{\"b\":2}]}"), "{\"v\":[{\"b\":2}]}", "a member");
}


static const char *outer_map =
    "canonical_map m version=1 {"
    " from hl7 ADT;"
    " set patient.id PID-3.1; set list[] PID-4[*]; set same PID-3.1;"
    " each o[] PID-4 { set a .; }"
    " when PID-3 present { const there yes; } set other.b PID-3.1;"
    " each x ZZA with ZZB {"
    "   set a ZZA-1;"
    "   set patient.group ZZA-1; set other.a ZZA-2;"
    "   each y ZZB {"
    "     emit thing key=id;"
    "     set id ZZB-1; set patient.name ZZB-2; set list[] ZZB-2;"
    "     set same ZZB-2;"
    "   } } }";


static void
test_objects(void)
{
    ngx_canonical_map_t  *m;

    is(hl7(map(outer_map),
           "MSH|^~\\&|||||20261121||ADT^A01\rPID|||P1|u~v\r"
           "ZZA|g1\rZZB|1|n1\rZZB|2\rZZA|g2|x\rZZB|3|n3\r"),
       "{\"type\":\"thing\",\"map\":\"m@1\",\"key\":\"1\",\"patient\":{"
       "\"id\":\"P1\",\"group\":\"g1\",\"name\":\"n1\"},\"list\":[\"u\",\"v\","
       "\"n1\"],\"same\":\"n1\",\"o\":[{\"a\":\"u\"},{\"a\":\"v\"}],"
       "\"there\":\"yes\",\"other\":{\"b\":\"P1\"},\"a\":\"g1\","
       "\"id\":\"1\"}\n"
       "{\"type\":\"thing\",\"map\":\"m@1\",\"key\":\"2\",\"patient\":{"
       "\"id\":\"P1\",\"group\":\"g1\"},\"list\":[\"u\",\"v\"],"
       "\"same\":\"P1\",\"o\":[{\"a\":\"u\"},{\"a\":\"v\"}],"
       "\"there\":\"yes\",\"other\":{\"b\":\"P1\"},\"a\":\"g1\","
       "\"id\":\"2\"}\n"
       "{\"type\":\"thing\",\"map\":\"m@1\",\"key\":\"3\",\"patient\":{"
       "\"id\":\"P1\",\"group\":\"g2\",\"name\":\"n3\"},\"list\":[\"u\",\"v\","
       "\"n3\"],\"same\":\"n3\",\"o\":[{\"a\":\"u\"},{\"a\":\"v\"}],"
       "\"there\":\"yes\",\"other\":{\"b\":\"P1\",\"a\":\"x\"},\"a\":\"g2\","
       "\"id\":\"3\"}",
       "values of the blocks around belong to every object, and to no other");

    is(hl7(map(outer_map), "MSH|^~\\&|||||20261121||ADT^A01\rPID|||P1|u\r"),
       "", "no object");
    is(hl7(map(outer_map),
           "MSH|^~\\&|||||20261121||ADT^A01\rZZA|g1\rZZB|1\rZZB||x\r"),
       "101 no key; source ZZB-1 (ZZB^2^1^0^0^0 #4) @48; target id; m@1 "
       "map.conf",
       "no key in the second one: none at all");
    is_num(r.nobjects, 0, "none is counted");

    m = map(outer_map);
    ok(open_hl7("MSH|^~\\&|||||20261121||ADT^A01\rZZA|g\rZZB|1\rZZB|2\r")
       == NGX_OK, "a message");
    is_num(ngx_canonical_map_run(m, &r), NGX_OK, "a run");
    is_num(r.nobjects, 2, "two objects");
    is_num(ngx_canonical_map_run(m, &r), NGX_OK, "one more run");
    is_num(r.nobjects, 4, "adds two");
    r.max_objects = 5;
    is_num(ngx_canonical_map_run(m, &r), NGX_DECLINED, "max_objects");
    ok(strcmp(r.error.text, "too many objects") == 0, "which is said");
    is_num(r.nobjects, 4, "the others stay");
    ok(*r.last == NULL && r.objects->next->next->next->next == NULL,
       "and no more");

    ok(ngx_canonical_map_many(m), "several objects");
    ok(!ngx_canonical_map_many(map(adt_map)), "one object");
}


static void
test_to(void)
{
    is(member("set a b; set c.d e; const f 1 int; set g g;",
              "{\"b\":1.50,\"e\":true,\"g\":{\"h\":[1,{\"i\":null}]}}"),
       "{\"a\":1.50,\"c\":{\"d\":true},\"f\":1,"
       "\"g\":{\"h\":[1,{\"i\":null}]}}",
       "numbers, booleans and objects stay what they are");
    is(member("set a[] b;", "{\"b\":[1,\"x\",{\"y\":2}]}"),
       "{\"a\":[1,\"x\",{\"y\":2}]}", "an array");
    is(member("set a b;", "{\"b\":[1,2]}"), "{\"a\":1}", "the first of it");
    is(member("set a b; set c b default=1;", "{\"b\":null}"),
       "{\"a\":null,\"c\":null}", "a null");
    is(member("set a b max=5;", "{\"b\":{}}"),
       "102 not a single value; source b @5; target a; m@1 map.conf",
       "an object has no length");
    is(member("set a b;", "{}"), "{}", "an empty object");
    is(member("set a b.count(); set c \"b.first() + 0.50\";",
              "{\"b\":[1,2]}"),
       "{\"a\":2,\"c\":1.50}", "computed numbers");
    is(member("set a \"b + 1\";", "{\"b\":[1,2]}"),
       "102 several items where one is needed; source b + 1 @6; target a; "
       "m@1 map.conf",
       "an error of FHIRPath");
    is(member("on_error warn; set a \"<{b + 1}>\"; set c[] \"b + 1\";"
              " each d[] \"b + 1\" { set e $this; }"
              " when \"b + 1\" present { const f 1; } const g 1;",
              "{\"b\":[1,2]}"),
       "{\"g\":\"1\"}\n"
       "warning: 102 several items where one is needed; source <{b + 1}> @6; "
       "target a; m@1 map.conf\n"
       "warning: 102 several items where one is needed; source b + 1 @6; "
       "target c[]; m@1 map.conf\n"
       "warning: 102 several items where one is needed; source b + 1 @6; "
       "target d[]; m@1 map.conf\n"
       "warning: 102 several items where one is needed; source b + 1 @6; "
       "m@1 map.conf",
       "which may be a warning, everywhere");

    is(member("set p[0][0].a b; const p[0][0].l[0][0] create;"
              " set p[0][0].l[0][1][0].q c; const p[2].x 1 int;"
              " set p[0][1][] d;"
              " each p[3][] e { set y[1] z; }",
              "{\"b\":1.50,\"c\":2,\"d\":[3,4],\"e\":{\"z\":5}}"),
       "{\"p\":[[{\"a\":1.50,\"l\":[[\"create\",[{\"q\":2}]]]},[3,4]],"
       "null,{\"x\":1},[{\"y\":[null,5]}]]}",
       "positions of arrays");
    is(member("set p[1] b; set p[0] c;", "{\"b\":{\"x\":1},\"c\":2}"),
       "{\"p\":[2,{\"x\":1}]}", "in any order");
    is(member("set p[1] b; set p[0] c; set q[0][0] c;", "{\"b\":1}"),
       "{\"p\":[null,1]}", "those that have no value are null, or not there");

    is(tree(map("canonical_map m version=1 { from canonical item; to hl7"
                " MFN^M16;"
                " segment MFI { const 1 INV; }"
                " each x packs { segment PKG { set 1 id; set 2.1 qty;"
                "   set 3 at ts; set 4 ok bool; set 5[] tags; set 6 at date;"
                "   set 7 at time; } }"
                " segment ZZZ { set 1 none; } }"),
            "{\"type\":\"item\",\"packs\":[{\"id\":\"A\",\"qty\":2,"
            "\"at\":\"2026-11-21T08:14:00+01:00\",\"ok\":true,"
            "\"tags\":[\"x\",\"y\"]},{\"id\":\"B\",\"qty\":null}]}"),
       "[{\"1\":\"INV\"},{\"1\":\"A\",\"2.1\":2,\"3\":\"20261121081400+0100\","
       "\"4\":\"Y\",\"5\":[\"x\",\"y\"],\"6\":\"20261121\",\"7\":\"081400\"},"
       "{\"1\":\"B\",\"2.1\":null}]",
       "segments, in order");
    ok(r.objects->root->first->name_len == 3
       && memcmp(r.objects->root->first->name, "MFI", 3) == 0,
       "nodes have their names");

    is(tree(map("canonical_map m version=1 { from fhir Patient;"
                " emit x key=id; set id id; set active active; set a name; }"),
            "{\"resourceType\":\"Patient\",\"id\":\"1\",\"active\":true,"
            "\"name\":[{\"family\":\"x\"}]}"),
       "102 not a single value; source name @57; target a; m@1 map.conf",
       "no objects out of FHIR");
    is(tree(map("canonical_map m version=1 { from fhir Patient;"
                " emit x key=id; set id id; set active active; }"),
            "{\"resourceType\":\"Patient\",\"id\":\"1\",\"active\":true}"),
       "{\"type\":\"x\",\"map\":\"m@1\",\"key\":\"1\",\"id\":\"1\","
       "\"active\":\"true\"}",
       "and text, without a type");

#define COPY(words)                                                           \
    tree(map("canonical_map m version=1 { from fhir Encounter; to json;"      \
             " set d subject.resolve(); set c class; set s status;" words     \
             " }"),                                                           \
         "{\"resourceType\":\"Encounter\",\"status\":\"x\","                  \
         "\"class\":{\"code\":\"AMB\"},"                                      \
         "\"contained\":[{\"resourceType\":\"Patient\","                      \
         "\"id\":\"p\"}],\"subject\":{\"reference\":\"#p\"}}")

    is(COPY("phi;"),
       "102 not a single value; source subject.resolve() @77; target d; m@1 "
       "map.conf",
       "what may be anything is not copied as a whole");
    is(COPY("phi allow=d;"),
       "{\"d\":{\"resourceType\":\"Patient\",\"id\":\"p\"},"
       "\"c\":{\"code\":\"AMB\"},\"s\":\"x\"}",
       "unless it is allowed");

    is(tree(map("canonical_map m version=1 { from fhir Patient"
                " profile=urn:p; emit x key=id; set id id; }"),
            "{\"resourceType\":\"Patient\",\"id\":\"1\",\"meta\":{"
            "\"profile\":[\"urn:q\",\"urn:p\"]}}"),
       "{\"type\":\"x\",\"map\":\"m@1\",\"key\":\"1\",\"id\":\"1\"}",
       "a profile");
    is(tree(mapconf_map(&mc, "m"), "{\"resourceType\":\"Patient\","
            "\"id\":\"1\",\"meta\":{\"profile\":[\"urn:q\"]}}"),
       "", "another one");
}


/* --- errors --- */

static void
test_errors(void)
{
    is(rule("on_error warn; set a ZZZ-1 int; set b ZZZ-2 required;"
            " set c ZZZ-3; set d[] ZZZ-4[*] int;", "x||y|1~z~3"),
       ",\"c\":\"y\",\"d\":[1,3]}\n"
       "warning: 102 not an integer; source ZZZ-1 (ZZZ^1^1^0^0^0 #2) @55; "
       "target a; m@1 map.conf\n"
       "warning: 101 required value is missing; source ZZZ-2 (ZZZ^1^2^0^0^0 "
       "#2) @57; target b; m@1 map.conf\n"
       "warning: 102 not an integer; source ZZZ-4[*] (ZZZ^1^4^2^0^0 #2) @62; "
       "target d[]; m@1 map.conf",
       "on_error=warn");
    is_num(r.nobjects, 1, "the object is made");

    is(hl7(map("canonical_map m version=1 { from hl7 ADT; on_error warn;"
               " emit x key=a.b; set a.b ZZZ-1; }"),
           "MSH|^~\\&|||||20261121||ADT^A01\rZZZ|\r"),
       "101 no key; source ZZZ-1 (ZZZ^1^1^0^0^0 #2) @35; target a.b; m@1 "
       "map.conf",
       "but no key is an error");

    is(tree(map(fhir_map),
            "{\"resourceType\":\"Encounter\",\"id\":\"1\",\"status\":\"x\","
            "\"class\":{\"code\":\"AMB\"},"
            "\"subject\":{\"reference\":\"Patient/1\"}}"),
       "103 not in the table; source status @46; target state; m@1 map.conf",
       "the offset of a JSON value");
    is(tree(map(fhir_map),
            "{\"resourceType\":\"Encounter\",\"id\":\"1\"}"),
       "101 required value is missing; source "
       "subject.reference.replace('Patient/', '') @0; target patient.token; "
       "m@1 map.conf",
       "that of what should have it");

    schema_text = "{\"type\":\"object\",\"properties\":{"
                  "\"v\":{\"type\":\"array\",\"items\":{\"properties\":"
                  "{\"a\":{\"properties\":{\"b\":{\"pattern\":\"^x\"}}}}}}},"
                  "\"required\":[\"n\"]}";

    is(rule("schema s.json; each v[] ZZZ-1 { set a.b .2; } set n ZZZ-2;",
            "^x1~^x2|n"),
       ",\"v\":[{\"a\":{\"b\":\"x1\"}},{\"a\":{\"b\":\"x2\"}}],\"n\":\"n\"}",
       "a schema");

    (void) rule("schema s.json; each v[] ZZZ { set a.b ZZZ-2.2; }"
                " const n 1;", "1|^x1\rZZZ|2|^y2");
    is_str(r.error.target, "/v/1/a/b", "that is not kept: the JSON pointer");
    is_str(r.error.source, "ZZZ-2.2", "the source");
    is_num(r.error.offset, 68, "where it has the value");
    is_num(r.error.number, 3, "its segment");
    is_num(r.error.occurrence, 2, "the second one");
    is_num(r.error.field, 2, "and field");
    is_num(r.error.line, 11, "and the line of the rule");

    is(rule("schema s.json on_error=warn; set v[] ZZZ-1;", "1"),
       ",\"v\":[\"1\"]}\nwarning: 101 required member is missing: n; m@1 "
       "map.conf",
       "a warning");

    schema_text = "{}";
}


/* memory that ends at each place in turn */

static void
test_memory(void)
{
    size_t                  limit;
    ngx_int_t               rc;
    ngx_uint_t              i, failed, done;
    ngx_str_t               list;
    ngx_canonical_map_t    *m;
    ngx_canonical_node_t   *root;
    ngx_canonical_arena_t   small;

    const char             *maps[] = { adt_map, dft_map, outer_map, fhir_map };
    const char             *bodies[] = {
        adt, dft, "MSH|^~\\&|||||20261121||ADT^A01\rPID|||P1|u~v\r"
                  "ZZA|g1\rZZB|1|n1\r", encounter
    };

    for (i = 0; i < 4; i++) {

        m = map(maps[i]);
        rc = (i == 3) ? open_tree(bodies[i], 1) : open_hl7(bodies[i]);
        root = r.root;
        failed = 0;
        done = 0;

        for (limit = 16; rc == NGX_OK && limit < 40000; limit += 56) {

            unit_arena(&small, limit);
            small.next = 16;

            r.arena = &small;
            r.root = root;
            r.hl7 = NULL;
            r.last = NULL;
            r.objects = NULL;
            r.nobjects = 0;

            switch (ngx_canonical_map_run(m, &r)) {

            case NGX_OK:
                done++;
                break;

            case NGX_ERROR:
                failed += (r.nobjects == 0 && small.full);
                break;

            default:
                rc = NGX_ERROR;
            }

            (void) ngx_canonical_map_unmapped(&m, 1, &r, 100, &list);

            unit_arena_free(&small);
        }

        ok(rc == NGX_OK && failed && done && failed + done == 714,
           "no memory is said, at each place");
    }
}


/* --- what is not read --- */

static void
test_unmapped(void)
{
    ngx_str_t             list;
    ngx_canonical_map_t  *m;

    m = map("canonical_map m version=1 { from hl7 ADT; emit x key=k;"
            " set k PID-3.1; set z ZZD drop; set l ZZC-2 drop;"
            " each v[] ZZC { set a ZZC-1; }"
            " when ZZE present { const e 1; } }");

    ok(open_hl7("MSH|^~\\&|A|B|||20261121||ADT^A01|7|P|2.5\r"
                "PID|1||3||5|\r"
                "ZZA|1\r"
                "ZZC|1|2|3|||||||||||||||||||||||||||||||||||||||||||||||||||"
                "|||||||||||||||||||||||||||||||||||||||||||||||||||||101\r"
                "ZZC|1||3|4\r"
                "ZZA|2\r"
                "ZZD|1\r"
                "ZZE|1\r"
                "zz\"|1\r") == NGX_OK, "a message");
    is_num(ngx_canonical_map_unmapped(&m, 1, &r, 1000, &list), NGX_OK,
           "the fields that no rule reads");
    is_str(list, "MSH-3,MSH-4,PID-1,PID-5,ZZA,ZZC-3,ZZC-107,ZZC-4,ZZE,zz?",
           "each once");
    is_num(ngx_canonical_map_unmapped(&m, 1, &r, 18, &list), NGX_OK,
           "a bound");
    is_str(list, "MSH-3,MSH-4,PID-1...", "the rest is left out");
    is_num(ngx_canonical_map_unmapped(&m, 0, &r, 18, &list), NGX_OK,
           "no map");
    is_num(list.len, 0, "no list");

    m = map(fhir_map);
    ok(open_tree(encounter, 1) == NGX_OK, "a resource");
    is_num(ngx_canonical_map_unmapped(&m, 1, &r, 1000, &list), NGX_OK,
           "its elements");
    is_str(list, "subject.display,participant.type", "the same of FHIR");

    m = map("canonical_map m version=1 { from fhir Observation; emit x key=k;"
            " set k id; set a value.ofType(Quantity).value;"
            " set c code.coding.code;"
            " each p[] component { set b value; set e extension.value; } }");
    ok(open_tree("{\"resourceType\":\"Observation\",\"id\":\"1\",\"meta\":"
                 "{\"versionId\":\"1\"},\"text\":{\"status\":\"generated\"},"
                 "\"contained\":[{\"resourceType\":\"Patient\"}],"
                 "\"extension\":[{\"url\":\"u\",\"valueCode\":\"c\"}],"
                 "\"code\":{\"id\":\"e\",\"text\":\"t\",\"coding\":[{\"code\":"
                 "\"c\"}]},\"effectiveDateTime\":\"2026\","
                 "\"valueQuantity\":{\"value\":1,\"unit\":\"g\"},"
                 "\"component\":[{\"valueString\":\"s\",\"extension\":"
                 "[{\"url\":\"u\",\"valueReference\":{\"display\":\"x\"}}]},"
                 "{\"valueQuantity\":{\"value\":2}}]}", 1) == NGX_OK,
       "a resource with choices");
    is_num(ngx_canonical_map_unmapped(&m, 1, &r, 1000, &list), NGX_OK,
           "its elements");
    is_str(list, "contained,extension,code.text,effectiveDateTime,"
                 "value.unit,component.extension.url",
           "a choice is read by its plain name; what every resource has is "
           "not listed");

    m = map("canonical_map m version=1 { from fhir Bundle; emit x key=k;"
            " set k id; set a entry.resource.ofType(Observation).value; }");
    ok(open_tree("{\"resourceType\":\"Bundle\",\"entry\":[{\"resource\":{"
                 "\"resourceType\":\"Observation\",\"id\":\"1\",\"meta\":{},"
                 "\"text\":{},\"status\":\"final\",\"valueString\":\"s\"}},"
                 "{\"resource\":{\"resourceType\":\"Patient\",\"id\":\"2\","
                 "\"gender\":\"other\",\"valueString\":\"s\"}}]}", 1)
       == NGX_OK,
       "a Bundle");
    is_num(ngx_canonical_map_unmapped(&m, 1, &r, 1000, &list), NGX_OK,
           "its elements");
    is_str(list, "entry.resource.status,entry.resource.gender,"
                 "entry.resource.valueString",
           "in each of its resources");

    m = map("canonical_map m version=1 { from canonical x; to json;"
            " set a a; set b b.c; each d[] d { set e e; } set v v.w drop; }");
    ok(open_tree("{\"type\":\"x\",\"key\":\"k\",\"a\":{\"a\":1},\"b\":{\"c\":"
                 "{\"x\":1},\"d\":2},\"d\":[{\"e\":1,\"f\":2},{\"f\":3,"
                 "\"g\":4}],\"h\":1,\"v\":{\"w\":1}}", 0)
       == NGX_OK, "an object");
    is_num(ngx_canonical_map_unmapped(&m, 1, &r, 1000, &list), NGX_OK,
           "its members");
    is_str(list, "b.d,d.f,d.g,h", "the same of a canonical object");
}


static void
test_map(void)
{
    ngx_str_t             adt_s = ngx_string("ADT"), a01 = ngx_string("A01"),
                          a99 = ngx_string("A99"), p03 = ngx_string("P03");
    ngx_canonical_map_t  *m;

    m = map(adt_map);

    is_str(*ngx_canonical_map_name(m), "m", "the name");
    is_str(*ngx_canonical_map_label(m), "m@3", "with its version");
    is_num(ngx_canonical_map_from(m), NGX_CANONICAL_FROM_HL7, "from");
    is_num(ngx_canonical_map_to(m), NGX_CANONICAL_TO_CANONICAL, "to");
    is_num(ngx_canonical_map_on_error(m), NGX_CANONICAL_REJECT, "on_error");
    ok(ngx_canonical_map_for_hl7(m, &adt_s, &a01), "its event");
    ok(!ngx_canonical_map_for_hl7(m, &adt_s, &a99), "another one");
    ok(!ngx_canonical_map_for_hl7(m, &p03, &a01), "another type");
    ok(!ngx_canonical_map_for_fhir(m, 0) && !ngx_canonical_map_for_object(m,
       &adt_s), "nothing else");

    m = map("canonical_map m version=1 { from hl7 ADT ORU^*; emit x key=k;"
            " const k 1; }");
    ok(ngx_canonical_map_for_hl7(m, &adt_s, &a99), "any event");

    m = map(fhir_map);
    ok(ngx_canonical_map_for_fhir(m, ngx_fhir_type((u_char *) "Encounter", 9)),
       "its resource");
    ok(!ngx_canonical_map_for_fhir(m, ngx_fhir_type((u_char *) "Patient", 7)),
       "another one");

    m = map("canonical_map m version=1 { from canonical ADT; to json;"
            " set a a; }");
    ok(ngx_canonical_map_for_object(m, &adt_s), "its object");
    ok(!ngx_canonical_map_for_object(m, &a01), "another one");
    ok(!ngx_canonical_map_for_hl7(m, &adt_s, &a01), "not a message");
}


int
main(void)
{
    unit_arena(&conf, MEMORY);
    unit_arena(&arena, MEMORY);

    test_worked();
    test_when();
    test_first();
    test_each();
    test_required();
    test_objects();
    test_to();
    test_errors();
    test_memory();
    test_unmapped();
    test_map();

    unit_arena_free(&conf);
    unit_arena_free(&arena);

    return unit_done();
}
