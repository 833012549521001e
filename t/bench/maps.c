
/*
 * What a map costs, without a server: maps DIRECTORY writes the bodies that
 * the peers are given as well into DIRECTORY, and prints name=value lines,
 * microseconds for each body; maps DIRECTORY ROUNDS.
 */

#include <time.h>

#include "mapconf.h"
#include "arena.h"
#include "ngx_canonical_json.h"
#include "ngx_fhir_tree.h"


#define LARGE      (1024 * 1024)
#define MEMORY     (256 * 1024 * 1024)
#define SEGMENTS   65536


typedef struct {
    const char             *map;
    ngx_str_t               body;
    ngx_uint_t              fhir;
} bench_t;


static void adt(ngx_str_t *body);
static void oru(ngx_str_t *body);
static void encounter(ngx_str_t *body, ngx_uint_t n);
static void bundle(ngx_str_t *body);
static void put(ngx_str_t *body, const char *text);
static void save(const char *directory, const char *name, ngx_str_t *body);
static double run(bench_t *b, ngx_uint_t map, ngx_uint_t times);
static void once(bench_t *b, ngx_uint_t map);
static void map_hl7(bench_t *b, ngx_uint_t map);
static void map_fhir(bench_t *b, ngx_uint_t map);
static void map_one(bench_t *b, ngx_canonical_node_t *root);
static void measure(const char *name, bench_t *b, ngx_uint_t rounds,
    ngx_uint_t times);
static double now(void);
static void die(const char *what);


static mapconf_t                mc;
static ngx_canonical_arena_t    conf, a;
static ngx_canonical_run_t      r;
static ngx_hl7_span_t           segments[SEGMENTS];
static u_char                  *out;
static size_t                   out_len, taken;


int
main(int argc, char **argv)
{
    FILE        *f;
    char         text[65536];
    size_t       n;
    bench_t      b[4];
    ngx_uint_t   rounds;

    if (argc < 4) {
        die("usage: maps maps.conf DIRECTORY ROUNDS");
    }

    rounds = atoi(argv[3]);

    f = fopen(argv[1], "r");
    if (f == NULL) {
        die(argv[1]);
    }

    n = fread(text, 1, sizeof(text), f);
    fclose(f);

    unit_arena(&conf, MEMORY);
    mapconf_init(&mc, &conf);

    if (ngx_fhir_types_init(malloc) != NGX_OK
        || mapconf_read(&mc, text, n) != NGX_OK)
    {
        die(mc.error);
    }

    out = malloc(16 * LARGE);
    memset(b, 0, sizeof(b));

    b[0].map = "adt";
    adt(&b[0].body);

    b[1].map = "encounter";
    b[1].fhir = 1;
    encounter(&b[1].body, 4711);

    b[2].map = "oru";
    oru(&b[2].body);

    b[3].map = "encounter";
    b[3].fhir = 1;
    bundle(&b[3].body);

    save(argv[2], "adt.hl7", &b[0].body);
    save(argv[2], "encounter.json", &b[1].body);

    measure("adt", &b[0], rounds, 2000);
    measure("encounter", &b[1], rounds, 2000);
    measure("oru", &b[2], rounds, 20);
    measure("bundle", &b[3], rounds, 20);

    return 0;
}


static void
adt(ngx_str_t *body)
{
    put(body,
        "MSH|^~\\&|EHR|GHH|IFE|GHH|20261121081500||ADT^A01^ADT_A01|MSG00017"
        "|P|2.5.1\r"
        "EVN|A01|20261121081400|||8877^Smith^Ann\r"
        "PID|1||900112^^^NAT^SS~PATID1234^^^GHH^MR||Everyman^Adam^A||19880818"
        "|M|||1 Long Street^^Townsville^NW^12345^DEU||+49301234567|||M|CAT"
        "|ACC-77^^^GHH^AN|||||||||||||N\r"
        "PD1|||GHH PRIMARY^^10|9988^Primary^Paul\r"
        "NK1|1|Everyman^Eve|SPO|1 Long Street^^Townsville|+49301234568\r"
        "PV1|1|I|4E^136^B^GHH&2.16.840.1&ISO|E|||1122334^Alaz^Mohammed"
        "~5566778^Roe^Jane|||SUR||||7|||1122334^Alaz^Mohammed|INP|V-4711^^^GHH"
        "^VN|||||||||||||||||1|||||||20261121080000|20261125120000\r"
        "PV2|||^Hip fracture after a fall at home|||||20261121|5\r"
        "AL1|1|DA|1605^Acetaminophen^L|MO|Rash\r"
        "DG1|1||S72.0^Fracture of femur^I10|||A\r"
        "DG1|2||68235000^Nasal congestion^SCT|||F\r"
        "GT1|1||Everyman^Adam||1 Long Street^^Townsville|+49301234567\r"
        "IN1|1|PPO|HC02|HealthCo Insurance|||||GRP-1||||||||Everyman^Adam"
        "|18|19880818\r");
}


/* one order, as many results as there is room for */

static void
oru(ngx_str_t *body)
{
    char        obx[256];
    ngx_uint_t  i;

    put(body,
        "MSH|^~\\&|LAB|GHH|EHR|GHH|20261121081500||ORU^R01^ORU_R01|R1|P|2.5.1\r"
        "PID|1||PATID1234^^^GHH^MR||Everyman^Adam^A||19880818|M\r"
        "PV1|1|I|4E^136^B^GHH||||||||||||||||V-4711^^^GHH^VN\r"
        "OBR|1|P-1|F-1|24323-8^Comprehensive metabolic panel^LN|||202611210800"
        "\r");

    for (i = 1; body->len < LARGE; i++) {
        sprintf(obx, "OBX|%d|NM|2345-7^Glucose [Mass/volume] in Serum^LN||%d.%d"
                "|mg/dL^^UCUM|70_105|N|||F|||20261121081000\r",
                (int) i, (int) (70 + i % 40), (int) (i % 10));
        put(body, obx);
    }
}


static void
encounter(ngx_str_t *body, ngx_uint_t n)
{
    char  *text;

    text = malloc(8192);

    sprintf(text,
        "{\n"
        "  \"resourceType\": \"Encounter\",\n"
        "  \"id\": \"e%d\",\n"
        "  \"meta\": {\"versionId\": \"3\", \"lastUpdated\": \"2026-11-21T08:15:0"
        "0.000+01:00\", \"profile\": [\"http://example.org/StructureDefinition/enc"
        "ounter\"]},\n"
        "  \"text\": {\"status\": \"generated\", \"div\": \"<div xmlns=\\\"http://"
        "www.w3.org/1999/xhtml\\\"><p>Encounter with Adam Everyman on the 21st of N"
        "ovember, admitted after a fall at home, discharged after surgery and five "
        "days on the ward.</p></div>\"},\n"
        "  \"identifier\": [\n"
        "    {\"use\": \"temp\", \"system\": \"http://example.org/ids/tmp\", \"valu"
        "e\": \"T%d\"},\n"
        "    {\"use\": \"official\", \"system\": \"http://example.org/ids/visits\","
        " \"value\": \"V-%d\"}\n"
        "  ],\n"
        "  \"status\": \"finished\",\n"
        "  \"statusHistory\": [\n"
        "    {\"status\": \"arrived\", \"period\": {\"start\": \"2026-11-21T08:00:"
        "00+01:00\", \"end\": \"2026-11-21T08:20:00+01:00\"}},\n"
        "    {\"status\": \"in-progress\", \"period\": {\"start\": \"2026-11-21T08:"
        "20:00+01:00\", \"end\": \"2026-11-25T12:00:00+01:00\"}}\n"
        "  ],\n"
        "  \"class\": {\"system\": \"http://terminology.hl7.org/CodeSystem/v3-ActC"
        "ode\", \"code\": \"IMP\", \"display\": \"inpatient encounter\"},\n"
        "  \"type\": [{\"coding\": [{\"system\": \"http://snomed.info/sct\", \"cod"
        "e\": \"183807002\", \"display\": \"Inpatient stay for nine days\"}]}],\n"
        "  \"priority\": {\"coding\": [{\"system\": \"http://snomed.info/sct\", \""
        "code\": \"394849002\", \"display\": \"High priority\"}]},\n"
        "  \"subject\": {\"reference\": \"Patient/PATID1234\", \"display\": \"Adam"
        " Everyman\"},\n"
        "  \"participant\": [\n"
        "    {\"type\": [{\"coding\": [{\"system\": \"http://terminology.hl7.org/C"
        "odeSystem/v3-ParticipationType\", \"code\": \"PART\"}]}]},\n"
        "    {\"type\": [{\"coding\": [{\"system\": \"http://terminology.hl7.org/C"
        "odeSystem/v3-ParticipationType\", \"code\": \"ATND\"}]}], \"individual\": "
        "{\"reference\": \"Practitioner/1122334\", \"display\": \"Dr Mohammed Alaz\""
        "}}\n"
        "  ],\n"
        "  \"period\": {\"start\": \"2026-11-21T08:00:00+01:00\", \"end\": \"2026-"
        "11-25T12:00:00+01:00\"},\n"
        "  \"reasonCode\": [{\"text\": \"Fracture of the neck of the femur\", \"co"
        "ding\": [{\"system\": \"http://snomed.info/sct\", \"code\": \"5913000\", "
        "\"display\": \"Fracture of neck of femur\"}]}],\n"
        "  \"hospitalization\": {\"admitSource\": {\"coding\": [{\"system\": \"htt"
        "p://terminology.hl7.org/CodeSystem/admit-source\", \"code\": \"emd\"}]}, \""
        "dischargeDisposition\": {\"coding\": [{\"system\": \"http://terminology.hl"
        "7.org/CodeSystem/discharge-disposition\", \"code\": \"home\"}]}},\n"
        "  \"location\": [{\"location\": {\"reference\": \"Location/4E\", \"displa"
        "y\": \"Ward 4E, room 136\"}, \"status\": \"completed\"}],\n"
        "  \"serviceProvider\": {\"reference\": \"Organization/GHH\", \"display\":"
        " \"General Hospital\"}\n"
        "}\n", (int) n, (int) n, (int) n);

    put(body, text);
    free(text);
}


static void
bundle(ngx_str_t *body)
{
    ngx_uint_t  i;

    put(body, "{\"resourceType\":\"Bundle\",\"type\":\"collection\",\"entry\":[");

    for (i = 1; body->len < LARGE; i++) {
        put(body, i > 1 ? ",{\"resource\":" : "{\"resource\":");
        encounter(body, i);
        put(body, "}");
    }

    put(body, "]}");
}


static void
put(ngx_str_t *body, const char *text)
{
    size_t  len;

    len = strlen(text);

    if (body->data == NULL) {
        body->data = malloc(2 * LARGE);
    }

    memcpy(body->data + body->len, text, len);
    body->len += len;
}


static void
save(const char *directory, const char *name, ngx_str_t *body)
{
    FILE  *f;
    char   path[1024];

    snprintf(path, sizeof(path), "%s/%s", directory, name);

    f = fopen(path, "w");
    if (f == NULL || fwrite(body->data, 1, body->len, f) != body->len) {
        die(path);
    }

    fclose(f);
}


static void
measure(const char *name, bench_t *b, ngx_uint_t rounds, ngx_uint_t times)
{
    double      us, parse, all;
    ngx_uint_t  i;

    parse = 1e9;
    all = 1e9;

    for (i = 0; i < rounds; i++) {
        us = run(b, 0, times);
        parse = ngx_min(parse, us);

        us = run(b, 1, times);
        all = ngx_min(all, us);
    }

    printf("%s_bytes=%d\n%s_parse=%.3f\n%s_all=%.3f\n%s_memory=%.2f\n"
           "%s_objects=%d\n%s_out=%d\n", name, (int) b->body.len, name, parse,
           name, all, name, (double) taken / b->body.len, name,
           (int) r.nobjects, name, (int) out_len);
}


static double
run(bench_t *b, ngx_uint_t map, ngx_uint_t times)
{
    double      start;
    ngx_uint_t  i;

    start = now();

    for (i = 0; i < times; i++) {
        once(b, map);
    }

    return (now() - start) * 1e6 / times;
}


/* each body has memory of its own, as a request has */

static void
once(bench_t *b, ngx_uint_t map)
{
    unit_arena(&a, MEMORY);
    memset(&r, 0, sizeof(ngx_canonical_run_t));

    r.arena = &a;
    r.max_objects = 100000;
    r.max_items = 1000000;

    if (b->fhir) {
        map_fhir(b, map);

    } else {
        map_hl7(b, map);
    }

    taken = a.taken;
    unit_arena_free(&a);
}


static void
map_hl7(bench_t *b, ngx_uint_t map)
{
    ngx_hl7_error_t         err;
    ngx_hl7_message_t       m;
    ngx_canonical_object_t *o;

    if (ngx_hl7_message_open(&m, b->body.data, b->body.data + b->body.len,
                             &err)
        != NGX_OK)
    {
        die("no message");
    }

    if (ngx_hl7_message_count_segments(&m) > SEGMENTS) {
        die("too many segments");
    }

    ngx_hl7_message_index(&m, segments);

    if (!map) {
        return;
    }

    r.message = &m;

    if (ngx_canonical_map_run(mapconf_map(&mc, b->map), &r) != NGX_OK) {
        die(r.error.text);
    }

    out_len = 0;

    for (o = r.objects; o; o = o->next) {
        out_len = ngx_canonical_print(o->root, out + out_len) - out;
    }
}


static void
map_fhir(bench_t *b, ngx_uint_t map)
{
    ngx_canonical_node_t    *root, *node;
    ngx_canonical_error_t    err;
    ngx_canonical_limits_t   limits = { 64, 10000000, 1000000, 64 };

    if (ngx_fhir_json_read(&a, &b->body, &limits, &root, &err) != NGX_OK) {
        die(err.text);
    }

    if (!map) {
        return;
    }

    r.body = root;
    out_len = 0;

    if (root->type != NGX_FHIR_BUNDLE) {
        map_one(b, root);
        return;
    }

    node = ngx_canonical_get(root, "entry")->first;

    for ( /* void */ ; node; node = node->next) {
        map_one(b, ngx_canonical_get(node, "resource"));
    }
}


static void
map_one(bench_t *b, ngx_canonical_node_t *root)
{
    ngx_canonical_object_t **o;

    r.root = root;
    o = r.last ? r.last : &r.objects;

    if (ngx_canonical_map_run(mapconf_map(&mc, b->map), &r) != NGX_OK) {
        die(r.error.text);
    }

    out_len = ngx_canonical_print((*o)->root, out + out_len) - out;
}


static double
now(void)
{
    struct timespec  ts;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);

    return ts.tv_sec + ts.tv_nsec / 1e9;
}


static void
die(const char *what)
{
    fprintf(stderr, "maps: %s\n", what);
    exit(1);
}
