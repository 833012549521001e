
/*
 * An expression in the first line, a JSON text behind it.  What compiles runs
 * to a result or an error within its bounds, and with the same result each
 * time, and whether the type was known when it was compiled or not.
 */

#include <stdlib.h>
#include <string.h>

#include "arena.h"

#include "ngx_canonical_json.h"
#include "ngx_fhir_tree.h"
#include "ngx_fhirpath.h"


#define check(expr)  if (!(expr)) abort()

#define FUZZ_ITEMS  2000


typedef struct {
    ngx_int_t                   rc;
    ngx_fhirpath_collection_t   result;
    ngx_canonical_arena_t       arena;
} fuzz_run_t;


static void fuzz_fhir(ngx_str_t *text);
static void fuzz_untyped(ngx_str_t *text, const uint8_t *data, size_t size);
static ngx_fhirpath_t *fuzz_compile(ngx_canonical_arena_t *a,
    ngx_str_t *text, ngx_uint_t type, ngx_uint_t untyped);
static void fuzz_eval(fuzz_run_t *r, ngx_fhirpath_t *fp,
    ngx_canonical_node_t *root);
static void fuzz_same(fuzz_run_t *a, fuzz_run_t *b);
static void fuzz_read(void *data, ngx_str_t *names, ngx_uint_t n,
    ngx_uint_t resource);
static void fuzz_element(void *data, ngx_uint_t of, ngx_str_t *name,
    ngx_str_t *by);
static void fuzz_end(void *data, ngx_str_t *name);


static const char  fuzz_patient[] =
    "{\"resourceType\":\"Patient\",\"id\":\"p1\",\"active\":true,"
    "\"birthDate\":\"1974-12-25\",\"_birthDate\":{\"extension\":["
    "{\"url\":\"u\",\"valueDateTime\":\"1974-12-25T14:35:45-05:00\"}]},"
    "\"name\":[{\"use\":\"official\",\"family\":\"M\xc3\xbcller\","
    "\"given\":[\"A\",null,\"B\"],\"_given\":[null,{\"id\":\"x\"},null]},"
    "{\"use\":\"usual\",\"given\":[\"Z\"]}],"
    "\"multipleBirthInteger\":2,\"contained\":[{\"resourceType\":"
    "\"Observation\",\"id\":\"o\",\"status\":\"final\",\"valueQuantity\":"
    "{\"value\":1.50,\"unit\":\"mg\"}}],"
    "\"managingOrganization\":{\"reference\":\"#o\"}}";


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ngx_str_t       text;
    const uint8_t  *line;

    check(ngx_fhir_types_init(malloc) == NGX_OK);

    line = memchr(data, '\n', size);
    text.len = line ? (size_t) (line - data) : size;
    text.data = malloc(text.len + 1);
    memcpy(text.data, data, text.len);

    fuzz_fhir(&text);

    if (line) {
        fuzz_untyped(&text, line + 1, size - text.len - 1);
    }

    free(text.data);

    return 0;
}


static void
fuzz_fhir(ngx_str_t *text)
{
    ngx_str_t                s;
    ngx_uint_t               type;
    fuzz_run_t               one, two;
    ngx_fhirpath_t          *fp, *dynamic;
    ngx_canonical_node_t    *root;
    ngx_canonical_arena_t    a;
    ngx_canonical_error_t    err;
    ngx_canonical_limits_t   limits = { 64, 1000, 1000, 64 };

    s.data = (u_char *) fuzz_patient;
    s.len = sizeof(fuzz_patient) - 1;
    type = ngx_fhir_type((u_char *) "Patient", 7);

    unit_arena(&a, 1 << 22);
    check(ngx_fhir_json_read(&a, &s, &limits, &root, &err) == NGX_OK);

    fp = fuzz_compile(&a, text, type, 0);
    dynamic = fuzz_compile(&a, text, 0, 0);

    if (fp) {
        check(dynamic);

        ngx_fhirpath_reads(fp, fuzz_read, NULL);
        ngx_fhirpath_elements(fp, fuzz_element, NULL);
        ngx_fhirpath_ends(fp, fuzz_end, NULL);

        fuzz_eval(&one, fp, root);
        fuzz_eval(&two, dynamic, root);
        fuzz_same(&one, &two);
    }

    unit_arena_free(&a);
}


static void
fuzz_untyped(ngx_str_t *text, const uint8_t *data, size_t size)
{
    ngx_str_t                body;
    fuzz_run_t               one, two;
    ngx_fhirpath_t          *fp;
    ngx_canonical_node_t    *root;
    ngx_canonical_arena_t    a;
    ngx_canonical_error_t    err;
    ngx_canonical_limits_t   limits = { 64, 1000, 1000, 64 };

    unit_arena(&a, 1 << 22);

    body.len = size;
    body.data = malloc(size + 1);
    memcpy(body.data, data, size);

    if (ngx_canonical_json_read(&a, &body, &limits, &root, &err) == NGX_OK) {

        fp = fuzz_compile(&a, text, 0, 1);

        if (fp) {
            fuzz_eval(&one, fp, root);
            fuzz_eval(&two, fp, root);
            fuzz_same(&one, &two);
        }
    }

    free(body.data);
    unit_arena_free(&a);
}


static ngx_fhirpath_t *
fuzz_compile(ngx_canonical_arena_t *a, ngx_str_t *text, ngx_uint_t type,
    ngx_uint_t untyped)
{
    size_t           at;
    const char      *why;
    ngx_fhirpath_t  *fp;

    fp = ngx_fhirpath_compile(a, text, type, type, untyped, &at, &why);

    if (fp == NULL) {
        check(why && strlen(why) && at <= text->len);
    }

    return fp;
}


static void
fuzz_eval(fuzz_run_t *r, ngx_fhirpath_t *fp, ngx_canonical_node_t *root)
{
    ngx_fhirpath_item_t      focus;
    ngx_fhirpath_context_t   ctx;

    unit_arena(&r->arena, 1 << 22);
    memset(&ctx, 0, sizeof(ngx_fhirpath_context_t));

    ctx.arena = &r->arena;
    ctx.root = root;
    ctx.resource = root;
    ctx.max_items = FUZZ_ITEMS;

    ngx_fhirpath_node(&focus, root, 0);

    r->rc = ngx_fhirpath_eval(fp, &ctx, &focus, &r->result);

    if (r->rc == NGX_OK) {
        check(r->result.nitems <= FUZZ_ITEMS);

    } else {
        check(r->rc == NGX_ERROR ? r->arena.full : ctx.why != NULL);
    }
}


static void
fuzz_same(fuzz_run_t *a, fuzz_run_t *b)
{
    ngx_int_t             rc;
    ngx_str_t             s, t;
    ngx_uint_t            i;
    ngx_fhirpath_item_t  *x, *y;

    check(a->rc == b->rc);

    if (a->rc == NGX_OK) {
        check(a->result.nitems == b->result.nitems);

        for (i = 0; i < a->result.nitems; i++) {
            x = &a->result.items[i];
            y = &b->result.items[i];

            check(x->kind == y->kind && x->type == y->type);
            check(x->node == y->node);

            rc = ngx_fhirpath_text(x, &a->arena, &s);
            check(rc == ngx_fhirpath_text(y, &b->arena, &t));

            if (rc == NGX_OK) {
                check(s.len == t.len && memcmp(s.data, t.data, s.len) == 0);
            }
        }
    }

    unit_arena_free(&a->arena);
    unit_arena_free(&b->arena);
}


static void
fuzz_read(void *data, ngx_str_t *names, ngx_uint_t n, ngx_uint_t resource)
{
    size_t      sum;
    ngx_uint_t  i;

    for (i = 0, sum = 0; i < n; i++) {
        sum += names[i].len;
    }

    check(n == 0 || sum > 0 || names[0].data != NULL);
}


static void
fuzz_element(void *data, ngx_uint_t of, ngx_str_t *name, ngx_str_t *by)
{
    check(name->data != NULL);
    check(of == 0 || ngx_fhir_type_name(of)->len);
    check(of == 0 || ngx_fhir_element(of, name->data, name->len));
    check(by == NULL || by->len == 0 || by->data);
}


static void
fuzz_end(void *data, ngx_str_t *name)
{
    check(name == NULL || name->len == 0 || name->data);
}
