
/*
 * Maps, compiled and run: the worked results of the design, every word of a
 * rule, every error and where it is, what no rule reads.
 */

#include "unit.h"
#include "arena.h"
#include "mapconf.h"

#include "ngx_canonical_json.h"
#include "ngx_fhir_tree.h"


#define MEMORY  (64 * 1024 * 1024)


static ngx_canonical_arena_t  conf;       /* of the maps */
static ngx_canonical_arena_t  arena;      /* of one run */
static mapconf_t              mc;
static ngx_canonical_run_t    r;

static const char            *schema_text = "{}";

static ngx_canonical_limits_t  limits = { 64, 100000, 100000, 64 };


static const char *tables =
    "canonical_table patient_class { default other; I inpatient;"
    "    IMP inpatient; O outpatient; AMB outpatient; E emergency; }\n"
    "canonical_table cost_center { default 9999; OR 4100; RAD-1 4300;"
    "    4E 4120; }\n"
    "canonical_table ft1_type { CG charge; CD credit; PY payment; }\n"
    "canonical_table code_system { default local; C4 cpt; SCT snomed;"
    "    I10 icd10; HCPCS hcpcs; }\n"
    "canonical_table fhir_state { planned expected; finished closed; }\n"
    "canonical_table nothing { X ''; }\n"
    "canonical_table hospital { 2.16.840.1 GHH; urn:ghh GHH; }\n"
    "canonical_key patient secret=0123456789abcdef0123456789abcdef id=k1"
    "    authorities=hospital;\n"
    "canonical_key turned secret=0123456789abcdef0123456789abcdef id=k1"
    "    previous_secret=fedcba9876543210 previous_id=k0;\n";


/* --- the harness --- */

static ngx_canonical_schema_t *
schema(ngx_canonical_compiler_t *c, ngx_str_t *file, const char **why)
{
    ngx_str_t                text;
    ngx_canonical_error_t    err;
    ngx_canonical_schema_t  *s;

    text.data = (u_char *) schema_text;
    text.len = strlen(schema_text);

    if (ngx_canonical_schema_compile(&s, c->arena, &text, &err) != NGX_OK) {
        *why = err.text;
        return NULL;
    }

    return s;
}


static ngx_int_t
variable(void *data, uintptr_t index, ngx_str_t *value)
{
    if (index > 0) {
        return NGX_DECLINED;
    }

    value->data = (u_char *) "10.0.0.1";
    value->len = 8;

    return NGX_OK;
}


/* compiles a map named "m" */

static ngx_canonical_map_t *
map(const char *text)
{
    static char  buf[16384];

    snprintf(buf, sizeof(buf), "%s%s", tables, text);

    unit_arena_free(&conf);
    unit_arena(&conf, MEMORY);

    mapconf_init(&mc, &conf);
    mc.compiler.schema = schema;

    if (mapconf_read(&mc, buf, strlen(buf)) != NGX_OK) {
        printf("# %s\n", mc.error);
        return NULL;
    }

    return mapconf_map(&mc, "m");
}


static char *
where(char *p, ngx_canonical_error_t *e)
{
    p += sprintf(p, "%d %s", (int) e->code, e->text);

    if (e->source.len) {
        p += sprintf(p, "; source %.*s", (int) e->source.len, e->source.data);
    }

    if (e->segment[0]) {
        p += sprintf(p, " (%s^%d^%d^%d^%d^%d #%d)", e->segment,
                     (int) e->occurrence, (int) e->field,
                     (int) e->repetition, (int) e->component,
                     (int) e->subcomponent, (int) e->number);
    }

    if (e->positioned) {
        p += sprintf(p, " @%d", (int) e->offset);
    }

    if (e->target.len) {
        p += sprintf(p, "; target %.*s", (int) e->target.len, e->target.data);
    }

    return p + sprintf(p, "; %.*s %.*s", (int) e->map.len, e->map.data,
                       (int) e->file.len, e->file.data);
}


static const char *
result(ngx_int_t rc)
{
    char                     *p;
    static char               buf[65536];
    ngx_canonical_object_t   *o;
    ngx_canonical_warning_t  *w;

    p = buf;

    if (rc == NGX_DECLINED) {
        p = where(p, &r.error);

    } else if (rc != NGX_OK) {
        p += sprintf(p, "no memory");
    }

    for (o = r.objects; o; o = o->next) {
        if (p != buf) {
            *p++ = '\n';
        }

        if (ngx_canonical_print_size(o->root) > 8192) {
            return "too long";
        }

        p = (char *) ngx_canonical_print(o->root, (u_char *) p);
    }

    for (w = r.warnings; w; w = w->next) {
        p += sprintf(p, "\nwarning: ");
        p = where(p, &w->error);
    }

    *p = '\0';

    return buf;
}


static void
begin(void)
{
    unit_arena_free(&arena);
    unit_arena(&arena, MEMORY);

    memset(&r, 0, sizeof(ngx_canonical_run_t));

    r.arena = &arena;
    r.variable = variable;
    r.max_objects = 1000;
    r.max_items = 10000;
}


/* the message's segments are ended by LF */

static ngx_int_t
open_hl7(const char *text)
{
    ngx_hl7_span_t            *segments;
    ngx_hl7_error_t            err;
    static ngx_str_t           utf8 = ngx_string("UTF-8");
    static ngx_hl7_message_t   m;

    begin();

    if (ngx_hl7_message_open(&m, (u_char *) text,
                             (u_char *) text + strlen(text), &err)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    segments = ngx_canonical_alloc(&arena, ngx_hl7_message_count_segments(&m)
                                           * sizeof(ngx_hl7_span_t));
    if (segments == NULL) {
        return NGX_ERROR;
    }

    ngx_hl7_message_index(&m, segments);

    r.message = &m;
    r.charset = ngx_hl7_message_charset(&m, ngx_hl7_charset(&utf8));

    return NGX_OK;
}


static const char *
hl7(ngx_canonical_map_t *m, const char *text)
{
    if (m == NULL) {
        return mc.error;
    }

    return open_hl7(text) == NGX_OK ? result(ngx_canonical_map_run(m, &r))
                                    : "no message";
}


static ngx_int_t
open_tree(const char *text, ngx_uint_t fhir)
{
    ngx_str_t              s;
    ngx_canonical_error_t  err;

    begin();

    s.data = (u_char *) text;
    s.len = strlen(text);

    if ((fhir ? ngx_fhir_json_read(&arena, &s, &limits, &r.root, &err)
              : ngx_canonical_json_read(&arena, &s, &limits, &r.root, &err))
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    r.body = r.root;

    return NGX_OK;
}


static const char *
tree(ngx_canonical_map_t *m, const char *text)
{
    if (m == NULL) {
        return mc.error;
    }

    return open_tree(text, ngx_canonical_map_from(m) == NGX_CANONICAL_FROM_FHIR)
           == NGX_OK ? result(ngx_canonical_map_run(m, &r)) : "no body";
}


static void
is(const char *got, const char *want, const char *name)
{
    if (!ok(strcmp(got, want) == 0, name)) {
        printf("#   got  %s\n#   want %s\n", got, want);
    }
}


/* one rule on a message whose ZZZ-1 is this; the members behind the key */

static const char *
rule(const char *words, const char *value)
{
    char        text[1024], message[1024];
    const char *p;

    static const char  *head = "{\"type\":\"x\",\"map\":\"m@1\","
                               "\"key\":\"1\",\"k\":\"1\"";

    snprintf(text, sizeof(text), "canonical_map m version=1 {"
             " from hl7 ADT; emit x key=k; zone msh Europe/Berlin;"
             " const k 1;\n %s }", words);

    snprintf(message, sizeof(message),
             "MSH|^~\\&|A|B|C|D|20261121081500||ADT^A01|7|P|2.5.1\r"
             "ZZZ|%s\r", value);

    p = hl7(map(text), message);

    return strncmp(p, head, strlen(head)) == 0 ? p + strlen(head) : p;
}


/* the same on a JSON object */

static const char *
member(const char *words, const char *json)
{
    char  text[1024];

    snprintf(text, sizeof(text), "canonical_map m version=1 {"
             " from json; to json; %s }", words);

    return tree(map(text), json);
}


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


/* --- values --- */

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

    is(rule("set v[] ZZZ-1[*].1;", "a^1~~b^2"), ",\"v\":[\"a\",\"b\"]}",
       "all values");
    is(rule("set v[] ZZZ-1[*].1;", ""), "}", "none");
    is(rule("set v[] ZZZ-1[*].1 default=d;", ""), ",\"v\":[\"d\"]}",
       "the default of none");
    is(rule("set v[] ZZZ-1[*] int;", "1~x~3"),
       "102 not an integer; source ZZZ-1[*] (ZZZ^1^1^2^0^0 #2) @57; target "
       "v[]; m@1 map.conf",
       "a wrong one");
    is(rule("set v[] ZZZ-1[*]; set v[] ZZZ-2;", "a~\"\"|c"),
       ",\"v\":[\"a\",null,\"c\"]}", "two rules add to one array");
}


static void
test_tokens(void)
{
    is(rule("set v ZZZ-1.1 hmac=patient;", "PATID1234^^^GHH"),
       ",\"v\":\"pt_k1_zehavgudeyw7om5fmurc2ysuzo\"}", "a token");
    is(rule("set v ZZZ-1.1 hmac=patient;", "PATID1234^^^&2.16.840.1&ISO"),
       ",\"v\":\"pt_k1_zehavgudeyw7om5fmurc2ysuzo\"}",
       "the same by the authority's OID");
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


static const char *outer_map =
    "canonical_map m version=1 {"
    " from hl7 ADT;"
    " set patient.id PID-3.1; set list[] PID-4[*]; set same PID-3.1;"
    " each o[] PID-4 { set a .; }"
    " when PID-3 present { const there yes; } set other PID-3.1;"
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
       "\"there\":\"yes\",\"other\":\"P1\",\"a\":\"g1\",\"id\":\"1\"}\n"
       "{\"type\":\"thing\",\"map\":\"m@1\",\"key\":\"2\",\"patient\":{"
       "\"id\":\"P1\",\"group\":\"g1\"},\"list\":[\"u\",\"v\"],"
       "\"same\":\"P1\",\"o\":[{\"a\":\"u\"},{\"a\":\"v\"}],"
       "\"there\":\"yes\",\"other\":\"P1\",\"a\":\"g1\",\"id\":\"2\"}\n"
       "{\"type\":\"thing\",\"map\":\"m@1\",\"key\":\"3\",\"patient\":{"
       "\"id\":\"P1\",\"group\":\"g2\",\"name\":\"n3\"},\"list\":[\"u\",\"v\","
       "\"n3\"],\"same\":\"n3\",\"o\":[{\"a\":\"u\"},{\"a\":\"v\"}],"
       "\"there\":\"yes\",\"other\":{\"a\":\"x\"},\"a\":\"g2\","
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

    is(tree(map("canonical_map m version=1 { from canonical item; to hl7"
                " MFN^M16;"
                " segment MFI { const 1 INV; }"
                " each x packs { segment PKG { set 1 id; set 2.1 qty;"
                "   set 3 at ts; set 4 ok bool; set 5[] tags; } }"
                " segment ZZZ { set 1 none; } }"),
            "{\"type\":\"item\",\"packs\":[{\"id\":\"A\",\"qty\":2,"
            "\"at\":\"2026-11-21T08:14:00+01:00\",\"ok\":true,"
            "\"tags\":[\"x\",\"y\"]},{\"id\":\"B\",\"qty\":null}]}"),
       "[{\"1\":\"INV\"},{\"1\":\"A\",\"2.1\":2,\"3\":\"20261121081400+0100\","
       "\"4\":\"Y\",\"5\":[\"x\",\"y\"]},{\"1\":\"B\",\"2.1\":null}]",
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

    (void) rule("schema s.json; each v[] ZZZ-1 { set a.b .2; } set n ZZZ-2;",
                "^x1~^y2|n");
    is_str(r.error.target, "/v/1/a/b", "that is not kept: the JSON pointer");
    is_str(r.error.source, ".2", "the source");
    is_num(r.error.offset, 60, "where it has the value");
    is_num(r.error.field, 1, "of the message");
    is_num(r.error.number, 2, "its segment");
    is_num(r.error.line, 11, "and the line of the rule");

    is(rule("schema s.json on_error=warn; set v[] ZZZ-1;", "1"),
       ",\"v\":[\"1\"]}\nwarning: 101 required member is missing: n; m@1 "
       "map.conf",
       "a warning");

    schema_text = "{}";
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
                "ZZC|1|2|3||||||||||||||||||||||||||||||||||||||||||||||||||||||"
                "||||||||||||||||||||||||||||||||||||||||||||||||||101\r"
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

    m = map("canonical_map m version=1 { from canonical x; to json;"
            " set a a; set b b.c; each d[] d { set e e; } set v v.w drop; }");
    ok(open_tree("{\"type\":\"x\",\"key\":\"k\",\"a\":{\"a\":1},\"b\":{\"c\":"
                 "{\"x\":1},\"d\":2},\"d\":[{\"e\":1,\"f\":2},{\"f\":3,\"g\":4}"
                 "],\"h\":1,\"v\":{\"w\":1}}", 0) == NGX_OK, "an object");
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
    test_types();
    test_times();
    test_options();
    test_tokens();
    test_when();
    test_each();
    test_objects();
    test_to();
    test_errors();
    test_unmapped();
    test_map();

    unit_arena_free(&conf);
    unit_arena_free(&arena);

    return unit_done();
}
