
/*
 * Compiles a map, runs it on a body and writes down what comes out: for the
 * tests of maps.
 */

#ifndef _UNIT_MAPRUN_H_INCLUDED_
#define _UNIT_MAPRUN_H_INCLUDED_


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


static inline ngx_canonical_schema_t *
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


static inline ngx_int_t
variable(void *data, uintptr_t index, ngx_str_t *value)
{
    switch (index) {

    case 0:
        ngx_str_set(value, "10.0.0.1");
        return NGX_OK;

    case 1:
        return NGX_DECLINED;

    default:
        ngx_str_set(value, "\xff");
        return NGX_OK;
    }
}


/* compiles a map named "m" */

static inline ngx_canonical_map_t *
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


static inline char *
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


static inline const char *
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


static inline void
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

static inline ngx_int_t
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


static inline const char *
hl7(ngx_canonical_map_t *m, const char *text)
{
    if (m == NULL) {
        return mc.error;
    }

    return open_hl7(text) == NGX_OK ? result(ngx_canonical_map_run(m, &r))
                                    : "no message";
}


static inline ngx_int_t
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


static inline const char *
tree(ngx_canonical_map_t *m, const char *text)
{
    if (m == NULL) {
        return mc.error;
    }

    if (open_tree(text, ngx_canonical_map_from(m) == NGX_CANONICAL_FROM_FHIR)
        != NGX_OK)
    {
        return "no body";
    }

    return result(ngx_canonical_map_run(m, &r));
}


static inline void
is(const char *got, const char *want, const char *name)
{
    if (!ok(strcmp(got, want) == 0, name)) {
        printf("#   got  %s\n#   want %s\n", got, want);
    }
}


/* one rule on a message whose ZZZ-1 is this; the members behind the key */

static inline const char *
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

static inline const char *
member(const char *words, const char *json)
{
    char  text[1024];

    snprintf(text, sizeof(text), "canonical_map m version=1 {"
             " from json; to json; %s }", words);

    return tree(map(text), json);
}


#endif /* _UNIT_MAPRUN_H_INCLUDED_ */
