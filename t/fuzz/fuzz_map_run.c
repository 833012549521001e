
/*
 * Maps with every word of the language on a message of HL7 v2, a resource of
 * FHIR or any JSON.  What comes out is JSON that our own reader takes, errors
 * have a text and a place within the body, and the list of what is not read
 * keeps its bound.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "mapconf.h"

#include "ngx_canonical_json.h"
#include "ngx_fhir_tree.h"


#define check(expr)  if (!(expr)) abort()

#define MEMORY    (32 * 1024 * 1024)
#define UNMAPPED  200
#define DEPTH     32


static void fuzz_init(void);
static void fuzz_hl7(ngx_str_t *text);
static void fuzz_tree(ngx_str_t *text, ngx_uint_t fhir);
static void fuzz_maps(ngx_canonical_run_t *run, ngx_canonical_from_e from,
    size_t size);
static void fuzz_objects(ngx_canonical_run_t *run);
static void fuzz_error(ngx_canonical_error_t *err, size_t size);
static ngx_canonical_schema_t *fuzz_schema(ngx_canonical_compiler_t *c,
    ngx_str_t *file, const char **why);
static ngx_int_t fuzz_variable(void *data, uintptr_t index, ngx_str_t *value);


static mapconf_t  mc;

static ngx_canonical_limits_t  limits = { DEPTH, 20000, 20000, 64 };


static const char  conf[] =
    "canonical_table words { default other; I inpatient; X ''; }\n"
    "canonical_table strict { A a; B b; }\n"
    "canonical_table hospital { 2.16.840.1 GHH; urn:ghh GHH; }\n"
    "canonical_key patient secret=0123456789abcdef0123456789abcdef id=k1"
    " previous_secret=fedcba9876543210 previous_id=k0"
    " authorities=hospital;\n"

    "canonical_map h1 version=1 { from hl7 ADT; emit encounter key=key_id;"
    " zone msh Europe/Berlin; on_error warn; schema s.json;"
    " set key_id PV1-19.1 | MSH-10 default=none;"
    " set event EVN-1|MSH-9.2 code required;"
    " set at EVN-2|MSH-7 ts; set born PID-7 date mask=year;"
    " set tod PID-29 time; set n ZZZ-1 int; set d ZZZ-2 decimal=2;"
    " set e ZZZ-3 decimal; set b ZZZ-4 bool=J:N; set c ZZZ-5 bool;"
    " set patient.token PID-3[5=MR].1 hmac=patient;"
    " set patient.tokens[] PID-3[*].1 hmac=patient authority=GHH;"
    " set patient.zip PID-11.5 mask=zip3; set patient.last PID-19 mask=last4;"
    " set patient.initial PID-5.2 mask=initial; set class PV1-2 map=words;"
    " set strict PV1-4 map=strict default=z; set s PV1-5 map=strict;"
    " set short PID-8 max=1; set clear PID-10 null=clear default=none;"
    " set must PID-12 required; set var $v; set unset $w;"
    " set t \"{MSH-4.1}/{MSH-10|ZZZ-1}\"; set dropped PID-13 drop;"
    " set obs OBX[3.1=8867-4]-5; set all[] OBX[*]-5; set two OBX[2]-5.1.2;"
    " each names[] PID-5 { set family .1.1; set whole .;"
    "   when .2 present { set given .2 text; } else { const given none; } }"
    " each obx[] OBX with NTE { set v OBX-5;"
    "   each notes[] NTE { set text NTE-3;"
    "     each parts[] NTE-3 { set p .1; } } }"
    " when MSH-9.2 in A03 A04 { const state closed; }"
    " else { when PV1-2 ~ ^[IO] { const state open; }"
    "        else { when ZZZ-1 != 1 { const state 3 int; } } } }\n"

    "canonical_map h2 version=2 { from hl7 DFT; zone Europe/Berlin msh;"
    " schema s.json on_error=reject;"
    " set patient.token PID-3.1 hmac=patient; set list[] PID-4[*];"
    " set same PID-3; set thing.y PID-4; each o[] PID-5 { set a .; }"
    " when PID-8 = M { const sex male; }"
    " each group ORC with FT1 PR1 { set patient.group ORC-1;"
    " set thing.x ORC-2;"
    "   each charge FT1 with PR1 required { emit charge key=id;"
    "     set id \"{MSH-10}/{FT1-1}\"; set patient.name FT1-2;"
    "     set list[] FT1-3; set same FT1-3;"
    "     each p[] PR1 { set code PR1-3.1; set kind FT1-6; } } } }\n"

    "canonical_map f1 version=1 { from fhir Patient Encounter;"
    " emit x key=id; zone Europe/Berlin; on_error warn; schema s.json;"
    " set id id; set token identifier.value hmac=patient;"
    " set first \"identifier.where(use='usual').value.first()\" hmac=patient;"
    " set born birthDate date; set at \"period.start | birthDate\" ts;"
    " set active active bool; set n name.count() int;"
    " set t \"{id}-{name.first().family}\";"
    " each names[] name required { set family family text; set given[] given;"
    "   set whole $this; set bad \"given + 1\"; }"
    " each c[] \"contained.where(id.exists())\" { set id id; set r"
    "   subject.resolve().id; }"
    " when \"name.exists()\" present { const has yes; }"
    " else { const has no; } }\n"

    "canonical_map j1 version=1 { from json; to json; on_error warn;"
    " set a a; set b.c b; set all[] c; set d d decimal=2; set i i int;"
    " set o o bool; set at at ts; set day at date; set time time time;"
    " set m m max=3; set s s code; const k 1.50;"
    " each items[] items { set id id required; set copy $this;"
    "   each sub[] items { set v $this; } }"
    " when a = 1 { set w a; } }\n"

    "canonical_map c1 version=1 { from canonical item; to hl7 MFN^M16;"
    " segment MFI { const 1 INV; set 2 id; set 3 at ts; set 4 at date; }"
    " each x packs { segment PKG { set 1 id; set 2.1 qty; set 3[] tags;"
    "   set 4 ok bool; } } }\n";


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ngx_str_t  text;

    if (mc.arena == NULL) {
        fuzz_init();
    }

    text.len = size;
    text.data = malloc(size);
    memcpy(text.data, data, size);

    if (size && (data[0] == 'M' || data[0] == 'F' || data[0] == 'B')) {
        fuzz_hl7(&text);

    } else {
        fuzz_tree(&text, 0);
        fuzz_tree(&text, 1);
    }

    free(text.data);

    return 0;
}


static void
fuzz_init(void)
{
    static ngx_canonical_arena_t  arena;

    unit_arena(&arena, MEMORY);
    mapconf_init(&mc, &arena);
    mc.compiler.schema = fuzz_schema;

    if (mapconf_read(&mc, conf, sizeof(conf) - 1) != NGX_OK) {
        fprintf(stderr, "%s\n", mc.error);
        abort();
    }
}


static void
fuzz_hl7(ngx_str_t *text)
{
    ngx_hl7_error_t         err;
    ngx_hl7_message_t       m;
    ngx_canonical_run_t     run;
    ngx_canonical_arena_t   arena;

    static ngx_str_t  utf8 = ngx_string("UTF-8");

    if (ngx_hl7_message_open(&m, text->data, text->data + text->len, &err)
        != NGX_OK)
    {
        return;
    }

    unit_arena(&arena, MEMORY);

    memset(&run, 0, sizeof(ngx_canonical_run_t));

    ngx_hl7_message_index(&m, ngx_canonical_alloc(&arena,
                                  ngx_hl7_message_count_segments(&m)
                                  * sizeof(ngx_hl7_span_t)));

    run.arena = &arena;
    run.message = &m;
    run.charset = ngx_hl7_message_charset(&m, ngx_hl7_charset(&utf8));

    fuzz_maps(&run, NGX_CANONICAL_FROM_HL7, text->len);

    unit_arena_free(&arena);
}


static void
fuzz_tree(ngx_str_t *text, ngx_uint_t fhir)
{
    ngx_canonical_run_t     run;
    ngx_canonical_error_t   err;
    ngx_canonical_arena_t   arena;

    unit_arena(&arena, MEMORY);

    memset(&run, 0, sizeof(ngx_canonical_run_t));

    run.arena = &arena;

    if ((fhir ? ngx_fhir_json_read(&arena, text, &limits, &run.root, &err)
              : ngx_canonical_json_read(&arena, text, &limits, &run.root,
                                        &err))
        == NGX_OK)
    {
        run.body = run.root;

        if (fhir) {
            fuzz_maps(&run, NGX_CANONICAL_FROM_FHIR, text->len);

        } else {
            fuzz_maps(&run, NGX_CANONICAL_FROM_JSON, text->len);
            fuzz_maps(&run, NGX_CANONICAL_FROM_CANONICAL, text->len);
        }
    }

    unit_arena_free(&arena);
}


static void
fuzz_maps(ngx_canonical_run_t *run, ngx_canonical_from_e from, size_t size)
{
    ngx_int_t                 rc;
    ngx_str_t                 list;
    ngx_uint_t                n;
    mapconf_name_t           *name;
    ngx_canonical_map_t      *maps[8];
    ngx_canonical_warning_t  *w;

    run->variable = fuzz_variable;
    run->max_objects = 100;
    run->max_items = 1000;

    n = 0;

    for (name = mc.maps; name; name = name->next) {

        if (ngx_canonical_map_from(name->value) != from) {
            continue;
        }

        maps[n++] = name->value;

        rc = ngx_canonical_map_run(name->value, run);

        if (rc == NGX_DECLINED) {
            fuzz_error(&run->error, size);

        } else {
            check(rc == NGX_OK || run->arena->full);
        }
    }

    for (w = run->warnings; w; w = w->next) {
        fuzz_error(&w->error, size);
    }

    fuzz_objects(run);

    if (ngx_canonical_map_unmapped(maps, n, run, UNMAPPED, &list) == NGX_OK) {
        check(list.len <= UNMAPPED + 3);

    } else {
        check(run->arena->full);
    }
}


static void
fuzz_objects(ngx_canonical_run_t *run)
{
    size_t                    max;
    u_char                   *buf;
    ngx_str_t                 text;
    ngx_uint_t                n;
    ngx_canonical_node_t     *root;
    ngx_canonical_error_t     err;
    ngx_canonical_arena_t     arena;
    ngx_canonical_object_t   *o;

    /* copies stand deeper than they stood, and several times */

    static ngx_canonical_limits_t  more = { DEPTH * 4, 1000000, 1000000, 64 };

    n = 0;

    for (o = run->objects; o; o = o->next) {
        n++;

        max = ngx_canonical_print_size(o->root);
        buf = malloc(max);
        check(buf);

        text.data = buf;
        text.len = ngx_canonical_print(o->root, buf) - buf;
        check(text.len <= max);

        unit_arena(&arena, (size_t) 1024 * 1024 * 1024);

        check(ngx_canonical_json_read(&arena, &text, &more, &root, &err)
              == NGX_OK);

        check(o->type.len == 0 || o->key.len);

        unit_arena_free(&arena);
        free(buf);
    }

    check(n == run->nobjects && n <= run->max_objects);
}


static void
fuzz_error(ngx_canonical_error_t *err, size_t size)
{
    check(err->text && err->code && err->map.len && err->line);
    check(!err->positioned || err->offset <= size);
}


static ngx_canonical_schema_t *
fuzz_schema(ngx_canonical_compiler_t *c, ngx_str_t *file, const char **why)
{
    ngx_canonical_error_t    err;
    ngx_canonical_schema_t  *schema;

    static ngx_str_t  text = ngx_string(
        "{\"type\":\"object\",\"properties\":{\"event\":{\"pattern\":\"^A\"},"
        "\"names\":{\"maxItems\":3,\"items\":{\"properties\":{\"family\":"
        "{\"maxLength\":4}}}},\"patient\":{\"required\":[\"token\"]}}}");

    if (ngx_canonical_schema_compile(&schema, c->arena, &text, &err)
        != NGX_OK)
    {
        *why = err.text;
        return NULL;
    }

    return schema;
}


static ngx_int_t
fuzz_variable(void *data, uintptr_t index, ngx_str_t *value)
{
    if (index > 0) {
        return NGX_DECLINED;
    }

    ngx_str_set(value, "value");

    return NGX_OK;
}
