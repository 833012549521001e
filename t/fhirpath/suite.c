
/*
 * The official tests of FHIRPath for R4: suite DIRECTORY, where
 * tests-fhir-r4.xml and the resources that it names are.  Each test runs on
 * the JSON form of its resource and on the XML form, as far as they are
 * there.
 *
 * A test is outside if its expression has a function, operator, literal or
 * variable that ngx_fhirpath.h does not list; all others must pass.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libxml/parser.h>
#include <libxml/tree.h>

#include "ngx_fhirpath.h"
#include "ngx_fhir_tree.h"
#include "arena.h"


#define SUITE_FILES  32


typedef struct {
    char                   name[256];
    ngx_str_t              text;
    ngx_canonical_node_t  *root;         /* NULL: no such file */
} suite_file_t;


typedef struct {
    ngx_uint_t             inside, passed, failed, outside;
} suite_count_t;


typedef struct {
    const char            *name;
    xmlNode               *test;
    ngx_str_t              expression;
    ngx_uint_t             invalid;      /* an error is what it wants */
} suite_test_t;


typedef enum {
    SUITE_PASSED,
    SUITE_FAILED,
    SUITE_OUTSIDE
} suite_result_e;


static void suite_group(xmlNode *group, suite_count_t *all);
static suite_result_e suite_test(xmlNode *node);
static suite_result_e suite_run(suite_test_t *t, suite_file_t *file);
static suite_result_e suite_refused(suite_test_t *t, const char *why);
static suite_result_e suite_compare(suite_test_t *t,
    ngx_fhirpath_collection_t *result, ngx_canonical_arena_t *a);
static ngx_uint_t suite_boolean(ngx_fhirpath_collection_t *result);
static ngx_uint_t suite_find(suite_test_t *t, const char *want,
    ngx_fhirpath_collection_t *result, unsigned char *used, ngx_uint_t i,
    ngx_canonical_arena_t *a);
static suite_result_e suite_wrong(suite_test_t *t, const char *why);
static suite_file_t *suite_input(const char *name, const char *extension);
static int suite_load(suite_file_t *file);
static char *suite_attribute(xmlNode *node, const char *name,
    const char *otherwise);
static xmlNode *suite_child(xmlNode *node, const char *name);


static const char             *suite_directory;
static ngx_canonical_arena_t   suite_arena;
static suite_file_t            suite_files[SUITE_FILES];
static ngx_uint_t              suite_nfiles;


int
main(int argc, char **argv)
{
    char            path[4096];
    xmlDoc         *doc;
    xmlNode        *group;
    suite_count_t   all;

    if (argc != 2) {
        fprintf(stderr, "usage: suite DIRECTORY\n");
        return EXIT_FAILURE;
    }

    suite_directory = argv[1];
    snprintf(path, sizeof(path), "%s/tests-fhir-r4.xml", suite_directory);

    doc = xmlReadFile(path, NULL, XML_PARSE_NONET);

    if (doc == NULL || ngx_fhir_types_init(malloc) != NGX_OK) {
        fprintf(stderr, "suite: cannot read %s\n", path);
        return EXIT_FAILURE;
    }

    unit_arena(&suite_arena, 1 << 26);
    memset(&all, 0, sizeof(suite_count_t));

    printf("%-32s %7s %7s %7s %7s\n", "group", "subset", "passed", "failed",
           "outside");

    for (group = xmlDocGetRootElement(doc)->children; group;
         group = group->next)
    {
        if (group->type == XML_ELEMENT_NODE) {
            suite_group(group, &all);
        }
    }

    printf("%-32s %7lu %7lu %7lu %7lu\n", "all", (unsigned long) all.inside,
           (unsigned long) all.passed, (unsigned long) all.failed,
           (unsigned long) all.outside);

    xmlFreeDoc(doc);
    unit_arena_free(&suite_arena);

    return (all.failed || all.inside == 0) ? EXIT_FAILURE : EXIT_SUCCESS;
}


static void
suite_group(xmlNode *group, suite_count_t *all)
{
    char           *name;
    xmlNode        *test;
    suite_count_t   n;

    memset(&n, 0, sizeof(suite_count_t));

    for (test = group->children; test; test = test->next) {

        if (test->type != XML_ELEMENT_NODE
            || strcmp((char *) test->name, "test") != 0)
        {
            continue;
        }

        switch (suite_test(test)) {

        case SUITE_PASSED:
            n.passed++;
            break;

        case SUITE_FAILED:
            n.failed++;
            break;

        default:
            n.outside++;
        }
    }

    n.inside = n.passed + n.failed;
    name = suite_attribute(group, "name", "");

    printf("%-32s %7lu %7lu %7lu %7lu\n", name, (unsigned long) n.inside,
           (unsigned long) n.passed, (unsigned long) n.failed,
           (unsigned long) n.outside);

    free(name);

    all->inside += n.inside;
    all->passed += n.passed;
    all->failed += n.failed;
    all->outside += n.outside;
}


/* on each form of its input; a test without one on nothing */

static suite_result_e
suite_test(xmlNode *node)
{
    char            *name, *input, *invalid;
    xmlNode         *expression;
    suite_file_t    *json, *xml;
    suite_test_t     t;
    suite_result_e   result;

    expression = suite_child(node, "expression");
    name = suite_attribute(node, "name", "");
    input = suite_attribute(node, "inputfile", "");
    invalid = suite_attribute(expression, "invalid", "");

    t.name = name;
    t.test = node;
    t.invalid = (*invalid != '\0');
    t.expression.data = xmlNodeGetContent(expression);
    t.expression.len = strlen((char *) t.expression.data);

    if (*input == '\0') {
        result = suite_run(&t, NULL);

    } else {
        json = suite_input(input, "json");
        xml = suite_input(input, "xml");
        result = SUITE_PASSED;

        if (json->root) {
            result = suite_run(&t, json);
        }

        if (xml->root && result == SUITE_PASSED) {
            result = suite_run(&t, xml);
        }

        if (json->root == NULL && xml->root == NULL) {
            result = suite_wrong(&t, "there is no input");
        }
    }

    xmlFree(t.expression.data);
    free(name);
    free(input);
    free(invalid);

    return result;
}


static suite_result_e
suite_run(suite_test_t *t, suite_file_t *file)
{
    size_t                      at;
    ngx_int_t                   rc;
    ngx_uint_t                  type;
    const char                 *why;
    suite_result_e              verdict;
    ngx_fhirpath_t             *fp;
    ngx_fhirpath_item_t         focus;
    ngx_canonical_arena_t       a;
    ngx_fhirpath_context_t      ctx;
    ngx_fhirpath_collection_t   result;

    unit_arena(&a, 1 << 24);

    type = file ? file->root->type : 0;
    fp = ngx_fhirpath_compile(&a, &t->expression, type, type, 0, &at, &why);

    if (fp == NULL) {
        verdict = suite_refused(t, why);
        unit_arena_free(&a);
        return verdict;
    }

    memset(&ctx, 0, sizeof(ngx_fhirpath_context_t));

    ctx.arena = &a;
    ctx.max_items = 10000;

    if (file) {
        ctx.root = file->root;
        ctx.resource = file->root;
        ngx_fhirpath_node(&focus, file->root, 0);
    }

    rc = ngx_fhirpath_eval(fp, &ctx, file ? &focus : NULL, &result);

    if (rc == NGX_OK) {
        verdict = t->invalid ? suite_wrong(t, "an error is expected")
                             : suite_compare(t, &result, &a);

    } else if (t->invalid && rc == NGX_DECLINED) {
        verdict = SUITE_PASSED;

    } else {
        verdict = suite_wrong(t, ctx.why ? ctx.why : "no memory");
    }

    unit_arena_free(&a);

    return verdict;
}


/* what is not supported says so */

static suite_result_e
suite_refused(suite_test_t *t, const char *why)
{
    if (strstr(why, "not supported")) {
        return SUITE_OUTSIDE;
    }

    return t->invalid ? SUITE_PASSED : suite_wrong(t, why);
}


static suite_result_e
suite_compare(suite_test_t *t, ngx_fhirpath_collection_t *result,
    ngx_canonical_arena_t *a)
{
    char           *predicate, *ordered, *want;
    xmlNode        *output;
    ngx_uint_t      i, found;
    unsigned char   used[256];

    predicate = suite_attribute(t->test, "predicate", "false");
    ordered = suite_attribute(t->test, "ordered", "true");

    memset(used, 0, sizeof(used));
    i = 0;
    found = 1;

    for (output = t->test->children; output; output = output->next) {

        if (output->type != XML_ELEMENT_NODE
            || strcmp((char *) output->name, "output") != 0)
        {
            continue;
        }

        want = (char *) xmlNodeGetContent(output);

        if (strcmp(predicate, "true") == 0) {
            found = (strcmp(want, suite_boolean(result) ? "true" : "false")
                     == 0);

        } else {
            found = suite_find(t, want, result, used,
                               strcmp(ordered, "true") == 0 ? i : 256, a)
                    && found;
        }

        xmlFree(want);
        i++;
    }

    if (strcmp(predicate, "true") != 0 && result->nitems != i) {
        found = 0;
    }

    free(predicate);
    free(ordered);

    return found ? SUITE_PASSED : suite_wrong(t, "another result");
}


/* as an invariant takes it */

static ngx_uint_t
suite_boolean(ngx_fhirpath_collection_t *result)
{
    if (result->nitems == 1
        && result->items[0].kind == NGX_FHIRPATH_BOOLEAN)
    {
        return result->items[0].boolean;
    }

    return result->nitems != 0;
}


/* the item "i", or any that is not used */

static ngx_uint_t
suite_find(suite_test_t *t, const char *want,
    ngx_fhirpath_collection_t *result, unsigned char *used, ngx_uint_t i,
    ngx_canonical_arena_t *a)
{
    ngx_str_t   text;
    ngx_uint_t  k;

    for (k = 0; k < result->nitems && k < 256; k++) {

        if (used[k] || (i < 256 && k != i)) {
            continue;
        }

        if (ngx_fhirpath_text(&result->items[k], a, &text) != NGX_OK) {
            continue;
        }

        /* a date is written as a literal */

        if (strlen(want + (*want == '@')) == text.len
            && memcmp(want + (*want == '@'), text.data, text.len) == 0)
        {
            used[k] = 1;
            return 1;
        }
    }

    return 0;
}


static suite_result_e
suite_wrong(suite_test_t *t, const char *why)
{
    printf("# %s: %s: %.*s\n", t->name, why, (int) t->expression.len,
           (char *) t->expression.data);

    return SUITE_FAILED;
}


/* "patient-example.xml" in one of its forms; read once */

static suite_file_t *
suite_input(const char *name, const char *extension)
{
    char         *dot;
    ngx_uint_t    i;
    suite_file_t  *file;

    file = &suite_files[suite_nfiles];

    snprintf(file->name, sizeof(file->name), "%s", name);

    dot = strrchr(file->name, '.');
    snprintf(dot, sizeof(file->name) - (dot - file->name), ".%s", extension);

    for (i = 0; i < suite_nfiles; i++) {
        if (strcmp(suite_files[i].name, file->name) == 0) {
            return &suite_files[i];
        }
    }

    if (suite_load(file) != 0 || ++suite_nfiles == SUITE_FILES) {
        fprintf(stderr, "suite: cannot read %s\n", file->name);
        exit(EXIT_FAILURE);
    }

    return file;
}


static int
suite_load(suite_file_t *file)
{
    FILE                    *f;
    char                     path[4096];
    size_t                   size;
    ngx_int_t                rc;
    ngx_canonical_error_t    err;
    ngx_canonical_limits_t   limits = { 64, 100000, 10000, 64 };

    snprintf(path, sizeof(path), "%s/%s", suite_directory, file->name);
    file->root = NULL;

    f = fopen(path, "rb");
    if (f == NULL) {
        return 0;
    }

    size = 1 << 20;
    file->text.data = ngx_canonical_bytes(&suite_arena, size);

    if (file->text.data == NULL) {
        fclose(f);
        return -1;
    }

    file->text.len = fread(file->text.data, 1, size, f);
    fclose(f);

    memset(&err, 0, sizeof(ngx_canonical_error_t));

    if (strstr(file->name, ".xml")) {
        rc = ngx_fhir_xml_read(&suite_arena, &file->text, &limits,
                               &file->root, &err);
    } else {
        rc = ngx_fhir_json_read(&suite_arena, &file->text, &limits,
                                &file->root, &err);
    }

    if (rc != NGX_OK) {
        fprintf(stderr, "%s: %s at %lu\n", file->name,
                err.text ? err.text : "no memory", (unsigned long) err.offset);
        return -1;
    }

    return 0;
}


static char *
suite_attribute(xmlNode *node, const char *name, const char *otherwise)
{
    char     *copy;
    xmlChar  *value;

    value = xmlGetProp(node, (xmlChar *) name);
    copy = strdup(value ? (char *) value : otherwise);
    xmlFree(value);

    return copy;
}


static xmlNode *
suite_child(xmlNode *node, const char *name)
{
    for (node = node->children; node; node = node->next) {

        if (node->type == XML_ELEMENT_NODE
            && strcmp((char *) node->name, name) == 0)
        {
            break;
        }
    }

    return node;
}
