
/*
 * FHIR R4: the table of its definitions, and the tree that JSON becomes.
 */

#include "unit.h"
#include "arena.h"

#include "ngx_fhir_tree.h"


static ngx_canonical_arena_t   arena;
static ngx_canonical_limits_t  limits = { 64, 100000, 100000, 64 };
static ngx_canonical_error_t   err;
static char                    shown[4096], *end;
static size_t                  taken;
static ngx_uint_t              refuse;
static void                   *table;


static void *
block(size_t size)
{
    if (refuse) {
        return NULL;
    }

    taken += size;
    table = malloc(size);

    return table;
}


static ngx_uint_t
type(const char *name)
{
    return ngx_fhir_type((u_char *) name, strlen(name));
}


/* "HumanName*" for an element, "" for none */

static void
element(const char *of, const char *name, const char *want)
{
    char                 got[256], title[256];
    ngx_str_t           *s;
    ngx_fhir_element_t  *e;

    e = ngx_fhir_element(type(of), (u_char *) name, strlen(name));

    got[0] = '\0';

    if (e) {
        s = ngx_fhir_type_name(e->type);
        sprintf(got, "%.*s %.*s%s%s%s", (int) e->name.len, e->name.data,
                (int) s->len, s->data, e->repeats ? "*" : "",
                e->choice ? "[x]" : "", e->typed ? " typed" : "");
    }

    sprintf(title, "%s.%s is \"%s\"", of, name, want);

    if (!ok(strcmp(got, want) == 0, title)) {
        printf("#   got \"%s\"\n", got);
    }
}


static void
test_init(void)
{
    refuse = 1;
    is_num(ngx_fhir_types_init(block), NGX_ERROR, "no memory");
    is_str(*ngx_fhir_type_name(NGX_FHIR_BUNDLE), "", "and nothing is known");

    refuse = 0;
    is_num(ngx_fhir_types_init(block), NGX_OK, "the table is read");
    is_num(ngx_fhir_types_init(block), NGX_OK, "again");
    ok(taken > 0 && taken < 1024 * 1024, "once, and into less than 1M");
}


static void
test_types(void)
{
    ngx_uint_t  i, n, known, resources, primitives, backbones;
    ngx_str_t  *name;

    known = resources = primitives = backbones = 0;

    for (n = 1; ngx_fhir_type_name(n)->len; n++) {
        name = ngx_fhir_type_name(n);

        known += (ngx_fhir_type(name->data, name->len) == n);
        resources += ngx_fhir_type_is_resource(n);
        primitives += ngx_fhir_type_is_primitive(n);

        for (i = 0; i < name->len && name->data[i] != '.'; i++) { /* void */ }

        backbones += (i < name->len);
    }

    is_num(n - 1, 682, "types in all");
    is_num(known, n - 1, "each found by its name");
    is_num(resources, 148, "resources and two abstract ones");
    is_num(primitives, 20, "primitives");
    is_num(backbones, 473, "types of backbone elements");

    is_num(type("boolean"), NGX_FHIR_BOOLEAN, "boolean has its number");
    is_num(type("base64Binary"), NGX_FHIR_BASE64, "base64Binary too");
    is_num(type("dateTime"), NGX_FHIR_DATETIME, "dateTime too");
    is_num(type("xhtml"), NGX_FHIR_XHTML, "xhtml too");
    is_num(type("Element"), NGX_FHIR_ELEMENT, "Element too");
    is_num(type("DomainResource"), NGX_FHIR_DOMAIN_RESOURCE, "and others");
    is_num(type("Bundle"), NGX_FHIR_BUNDLE, "Bundle too");
    ok(type("Patient") >= NGX_FHIR_NAMED, "Patient has one behind them");

    is_num(type("Nothing"), 0, "no such type");
    is_num(type("patient"), 0, "a name has its case");
    is_num(type("Patient.name"), 0, "an element is no type");
    is_num(type(""), 0, "no name");
    is_num(type("SubscriptionStatus"), 0, "not in R4");
    is_num(type("MoneyQuantity"), 0, "a profile is no type");
    is_str(*ngx_fhir_type_name(0), "", "unknown has no name");
    is_str(*ngx_fhir_type_name(65535), "", "nor has a number too large");
    is_num(ngx_fhir_type_parent(65535), 0, "nor a parent");
}


static void
test_parents(void)
{
    is_num(ngx_fhir_type_parent(type("Patient")), NGX_FHIR_DOMAIN_RESOURCE,
           "Patient is a DomainResource");
    is_num(ngx_fhir_type_parent(NGX_FHIR_DOMAIN_RESOURCE), NGX_FHIR_RESOURCE,
           "that is a Resource");
    is_num(ngx_fhir_type_parent(NGX_FHIR_RESOURCE), 0, "that is nothing else");
    is_num(ngx_fhir_type_parent(NGX_FHIR_BUNDLE), NGX_FHIR_RESOURCE,
           "Bundle is only a Resource");
    is_num(ngx_fhir_type_parent(type("Age")), NGX_FHIR_QUANTITY,
           "Age is a Quantity");
    is_num(ngx_fhir_type_parent(NGX_FHIR_CODE), NGX_FHIR_STRING,
           "code is a string");
    is_num(ngx_fhir_type_parent(type("Patient.contact")),
           type("BackboneElement"), "Patient.contact is a BackboneElement");
    is_num(ngx_fhir_type_parent(type("Timing.repeat")), NGX_FHIR_ELEMENT,
           "Timing.repeat is an Element");

    ok(ngx_fhir_type_is(type("Age"), NGX_FHIR_ELEMENT), "Age is an Element");
    ok(ngx_fhir_type_is(type("Age"), type("Age")), "Age is Age");
    ok(!ngx_fhir_type_is(NGX_FHIR_QUANTITY, type("Age")), "Quantity is not");
    ok(!ngx_fhir_type_is(0, 0), "unknown is nothing");
    ok(ngx_fhir_type_is_resource(type("Binary")), "Binary is a resource");
    ok(!ngx_fhir_type_is_resource(type("HumanName")), "HumanName is none");
    ok(!ngx_fhir_type_is_primitive(0)
       && !ngx_fhir_type_is_primitive(NGX_FHIR_ELEMENT),
       "what is around the primitives is none");
}


static void
test_elements(void)
{
    element("Patient", "birthDate", "birthDate date");
    element("Patient", "name", "name HumanName*");
    element("Patient", "active", "active boolean");
    element("Patient", "contact", "contact Patient.contact*");
    element("Patient.contact", "name", "name HumanName");
    element("Patient", "id", "id id");
    element("Patient", "meta", "meta Meta");
    element("Patient", "text", "text Narrative");
    element("Patient", "extension", "extension Extension*");
    element("Patient", "contained", "contained Resource*");
    element("Patient", "deceasedBoolean", "deceased boolean typed");
    element("Patient.contact", "id", "id string");
    element("Patient.contact", "modifierExtension",
            "modifierExtension Extension*");
    element("Narrative", "div", "div xhtml");
    element("HumanName", "given", "given string*");
    element("HumanName", "family", "family string");
    element("Meta", "lastUpdated", "lastUpdated instant");
    element("Meta", "profile", "profile canonical*");
    element("Coding", "system", "system uri");
    element("Age", "value", "value decimal");
    element("code", "extension", "extension Extension*");
    element("Extension", "url", "url uri");
    element("Timing.repeat", "boundsPeriod", "bounds Period typed");

    element("Observation", "value", "value [x]");
    element("Observation", "valueQuantity", "value Quantity typed");
    element("Observation", "valueCodeableConcept",
            "value CodeableConcept typed");
    element("Observation", "valueAddress", "");
    element("Observation", "valuequantity", "");
    element("Observation", "valueQ", "");
    element("Observation", "value[x]", "");
    element("Observation", "effectiveDateTime", "effective dateTime typed");
    element("Observation.component", "referenceRange",
            "referenceRange Observation.referenceRange*");

    element("Extension", "value", "value [x]");
    element("Extension", "valueBase64Binary", "value base64Binary typed");
    element("Extension", "valueMeta", "value Meta typed");
    element("Extension", "valueUuid", "value uuid typed");
    element("Extension", "valueXhtml", "");
    element("ElementDefinition", "patternHumanName",
            "pattern HumanName typed");
    element("Task.output", "valueReference", "value Reference typed");

    element("Bundle", "entry", "entry Bundle.entry*");
    element("Bundle.entry", "resource", "resource Resource");
    element("Bundle.entry", "link", "link Bundle.link*");
    element("Bundle.entry.response", "outcome", "outcome Resource");
    element("Parameters.parameter", "resource", "resource Resource");
    element("Parameters.parameter", "part", "part Parameters.parameter*");
    element("Questionnaire.item", "item", "item Questionnaire.item*");
    element("ValueSet.expansion.contains", "contains",
            "contains ValueSet.expansion.contains*");
    element("ClaimResponse", "adjudication",
            "adjudication ClaimResponse.item.adjudication*");
    element("EvidenceVariable.characteristic", "definitionCanonical",
            "definition canonical typed");
    element("VisionPrescription.lensSpecification.prism", "base",
            "base code");

    element("Patient", "", "");
    element("Patient", "nothing", "");
    element("Patient", "Name", "");
    element("Bundle", "text", "");
    element("Binary", "url", "");
    element("Meta", "project", "");
    element("Nothing", "id", "");
}


/* names of all elements are not to be had, but of some in each type */

static void
test_resolved(void)
{
    size_t                i;
    ngx_uint_t            n, found, unresolved;
    ngx_fhir_element_t   *e;

    static const char  *names[] = {
        "id", "extension", "contained", "status", "code", "identifier",
        "item", "detail", "link", "part", "entry", "contact", "component",
        "action", "subject", "type", "name", "note", "period", "amount",
        "agent", "entity", "group", "section", "rest", "test", "concept",
        "contains", "participant", "relatedItem", "element", "reason",
        "procedure", "diagnosis", "source", "target", "parameter",
        "structure", "rule", "input", "output", "substance", "packageItem"
    };

    found = unresolved = 0;

    for (n = 1; ngx_fhir_type_name(n)->len; n++) {
        for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
            e = ngx_fhir_element(n, (u_char *) names[i], strlen(names[i]));

            if (e) {
                found++;
                unresolved += (e->type == 0 && !e->choice);
            }
        }
    }

    ok(found > 2000, "many elements are found");
    is_num(unresolved, 0, "the type of each is known");
}


static void
put(const char *s, size_t len)
{
    if (len) {
        memcpy(end, s, len);
    }

    end += len;
}


/* JSON without quotes, "=Type" at a resource, "value<children>" */

static void
show(ngx_canonical_node_t *node)
{
    ngx_str_t             *s;
    const char            *brackets;
    ngx_canonical_node_t  *child, *last;

    if (node->name_len) {
        put((char *) node->name, node->name_len);
        put(":", 1);
    }

    switch (node->kind) {
    case NGX_CANONICAL_OBJECT:  brackets = "{}"; break;
    case NGX_CANONICAL_ARRAY:   brackets = "[]"; break;
    default:                    brackets = "<>";
    }

    if (node->kind == NGX_CANONICAL_NONE) {
        put("none", 4);

    } else if (node->kind == NGX_CANONICAL_NULL) {
        put("null", 4);

    } else if (brackets[0] == '<') {
        put((char *) node->data, node->len);
    }

    if (brackets[0] != '<' || node->first) {
        put(brackets, 1);

        for (child = node->first; child; child = child->next) {
            show(child);
            put(child->next ? "," : "", child->next ? 1 : 0);
        }

        put(brackets + 1, 1);
    }

    if (node->type) {
        s = ngx_fhir_type_name(node->type);
        put("=", 1);
        put((char *) s->data, s->len);
    }

    for (last = node->first; last && last->next; last = last->next) {
        /* void */
    }

    if (last != node->last) {
        put("!", 1);
    }
}


static void
reads(const char *json, const char *want, const char *name)
{
    ngx_int_t              rc;
    ngx_str_t              text;
    ngx_canonical_node_t  *root;

    /* a copy of its size, so that a byte read too much is seen */

    text.len = strlen(json);
    text.data = malloc(text.len ? text.len : 1);
    memcpy(text.data, json, text.len);

    unit_arena(&arena, 1024 * 1024);

    end = shown;
    rc = ngx_fhir_json_read(&arena, &text, &limits, &root, &err);

    if (rc == NGX_OK) {
        show(root);
        *end = '\0';

    } else {
        sprintf(shown, "%d %d at %d: %s", (int) rc, (int) err.code,
                (int) err.offset, err.text);
    }

    if (!ok(strcmp(shown, want) == 0, name)) {
        printf("#   got %s\n#   want %s\n", shown, want);
    }

    unit_arena_free(&arena);
    free(text.data);
}


#define P   "{\"resourceType\":\"Patient\","
#define WP  "{resourceType:Patient,"


static void
test_twins(void)
{
    reads(P "\"birthDate\":\"1970\",\"_birthDate\":{\"id\":\"a\"}}",
          WP "birthDate:1970<id:a>}=Patient", "a twin joins its element");

    reads(P "\"_birthDate\":{\"id\":\"a\"},\"birthDate\":\"1970\"}",
          WP "birthDate:1970<id:a>}=Patient", "also before it");

    reads(P "\"_active\":{\"id\":\"a\"},\"gender\":\"x\",\"active\":true,"
          "\"_gender\":{\"id\":\"b\"},\"id\":\"1\"}",
          WP "gender:x<id:b>,active:true<id:a>,id:1}=Patient",
          "and with others between them");

    reads("{\"_id\":{\"id\":\"b\"},\"resourceType\":\"Patient\",\"id\":\"a\"}",
          WP "id:a<id:b>}=Patient", "a twin that is the first member");

    reads(P "\"_birthDate\":{\"extension\":[{\"url\":\"u\"}]}}",
          WP "birthDate:none<extension:[{url:u}]>}=Patient",
          "an element without a value");

    reads(P "\"birthDate\":null,\"_birthDate\":{\"id\":\"a\"}}",
          WP "birthDate:none<id:a>}=Patient", "or null instead of it");

    reads(P "\"birthDate\":\"1970\",\"_birthDate\":{}}",
          WP "birthDate:1970}=Patient", "a twin with nothing in it");

    reads(P "\"\\u005fbirthDate\":{\"id\":\"a\"},\"birthDate\":\"1970\"}",
          WP "birthDate:1970<id:a>}=Patient", "a name in escape sequences");

    reads(P "\"a\\\\u005fb\":1,\"c\":\"\\u00e4\\n\"}",
          WP "a\\u005fb:1,c:\xc3\xa4\n}=Patient", "and what only looks so");
}


static void
test_twin_arrays(void)
{
    reads(P "\"name\":[{\"given\":[\"A\",\"B\"],"
          "\"_given\":[null,{\"id\":\"b\"}]}]}",
          WP "name:[{given:[A,B<id:b>]}]}=Patient", "arrays, one by one");

    reads(P "\"name\":[{\"given\":[null,\"B\",null],"
          "\"_given\":[{\"id\":\"a\"},null,null]}]}",
          WP "name:[{given:[none<id:a>,B,null]}]}=Patient",
          "null becomes an element without a value where it is one");

    reads(P "\"name\":[{\"given\":[\"A\",\"B\"],\"_given\":[{\"id\":\"a\"}],"
          "\"text\":\"t\"}]}",
          WP "name:[{given:[A<id:a>,B],text:t}]}=Patient", "a shorter twin");

    reads(P "\"name\":[{\"given\":[\"A\"],"
          "\"_given\":[null,null,{\"id\":\"c\"}]}]}",
          WP "name:[{given:[A,null,none<id:c>]}]}=Patient", "a longer twin");

    reads(P "\"name\":[{\"_given\":[{\"id\":\"a\"}],\"given\":[]}]}",
          WP "name:[{given:[none<id:a>]}]}=Patient", "a twin of nothing");

    reads(P "\"name\":[{\"_given\":[{\"id\":\"a\"},null]}]}",
          WP "name:[{given:[none<id:a>,null]}]}=Patient", "a twin alone");
}


static void
test_twins_inside(void)
{
    reads(P "\"_birthDate\":{\"extension\":[{\"url\":\"u\","
          "\"valueString\":\"v\",\"_valueString\":{\"id\":\"a\"}}]}}",
          WP "birthDate:none<extension:[{url:u,valueString:v<id:a>}]>}"
          "=Patient", "a twin in a twin");

    reads(P "\"contact\":[{\"gender\":\"x\",\"_gender\":{\"id\":\"a\"}}],"
          "\"contained\":[{\"resourceType\":\"Basic\",\"id\":\"i\","
          "\"_id\":{\"id\":\"b\"}}]}",
          WP "contact:[{gender:x<id:a>}],"
          "contained:[{resourceType:Basic,id:i<id:b>}=Basic]}=Patient",
          "twins at all depths");
}


static void
test_no_twins(void)
{
    reads(P "\"name\":{\"id\":\"n\"},\"_name\":{\"id\":\"a\"}}",
          WP "name:{id:n},_name:{id:a}}=Patient", "a twin of an object stays");

    reads(P "\"name\":[{\"id\":\"n\"}],\"_name\":[{\"id\":\"a\"}]}",
          WP "name:[{id:n}],_name:[{id:a}]}=Patient", "or of objects");

    reads(P "\"name\":[\"n\"],\"_name\":{\"id\":\"a\"}}",
          WP "name:[n],_name:{id:a}}=Patient", "an object beside an array");

    reads(P "\"name\":\"n\",\"_name\":[{\"id\":\"a\"}]}",
          WP "name:n,_name:[{id:a}]}=Patient", "an array beside a value");

    reads(P "\"_a\":\"b\",\"_c\":[1],\"_d\":null,\"_\":{},\"__e\":{}}",
          WP "_a:b,_c:[1],_d:null,_:{},__e:{}}=Patient",
          "what is no twin at all");
}


static void
test_many_members(void)
{
    int          i;
    char        *p, *json;
    ngx_str_t    text;

    ngx_canonical_node_t  *root;

    json = malloc(64 * 1024);

    p = json + sprintf(json, P "\"_z\":{\"id\":\"a\"},\"b\":1,"
                       "\"_b\":{\"id\":\"a\"}");

    for (i = 0; i < 1000; i++) {
        p += sprintf(p, ",\"e%d\":1", i);
    }

    p += sprintf(p, ",\"z\":1}");

    text.data = (u_char *) json;
    text.len = p - json;

    unit_arena(&arena, 1024 * 1024);

    is_num(ngx_fhir_json_read(&arena, &text, &limits, &root, &err), NGX_OK,
           "more members than a resource has");
    ok(ngx_canonical_get(root, "_z"), "a twin far away stays");
    ok(ngx_canonical_get(root, "_b") == NULL, "one beside it is joined");

    unit_arena_free(&arena);
    free(json);
}


static void
test_resources(void)
{
    reads("{\"id\":\"a\",\"resourceType\":\"Patient\"}",
          "{id:a,resourceType:Patient}=Patient", "the type is not the first");

    reads("{\"resourceType\":\"Bundle\",\"entry\":[{\"fullUrl\":\"u\","
          "\"resource\":{\"id\":\"a\",\"resourceType\":\"Patient\","
          "\"contained\":[{\"resourceType\":\"Basic\"},"
          "{\"resourceType\":\"Nothing\"}]}},"
          "{\"response\":{\"outcome\":"
          "{\"resourceType\":\"OperationOutcome\"}}}]}",
          "{resourceType:Bundle,entry:[{fullUrl:u,resource:{id:a,"
          "resourceType:Patient,contained:[{resourceType:Basic}=Basic,"
          "{resourceType:Nothing}]}=Patient},{response:{outcome:"
          "{resourceType:OperationOutcome}=OperationOutcome}}]}=Bundle",
          "resources of a Bundle");

    reads("{\"resourceType\":\"Parameters\",\"parameter\":[{\"resource\":"
          "{\"resourceType\":\"Bundle\",\"entry\":[{\"resource\":"
          "{\"resourceType\":\"Basic\"}}]}},{\"part\":[{\"resource\":"
          "{\"resourceType\":\"Patient\"}}]}]}",
          "{resourceType:Parameters,parameter:[{resource:"
          "{resourceType:Bundle,entry:[{resource:"
          "{resourceType:Basic}=Basic}]}=Bundle},{part:[{resource:"
          "{resourceType:Patient}=Patient}]}]}=Parameters",
          "resources of Parameters");

    reads("{\"resourceType\":\"ExampleScenario\",\"instance\":"
          "[{\"resourceType\":\"Patient\"}]}",
          "{resourceType:ExampleScenario,instance:[{resourceType:Patient}]}"
          "=ExampleScenario", "an element of that name");

    reads(P "\"contained\":[{\"resourceType\":1},\"x\",[{}]]}",
          WP "contained:[{resourceType:1},x,[{}]]}=Patient",
          "what is no resource");
}


static void
test_refused(void)
{
    reads("[]", "-5 102 at 0: not an object", "an array");
    reads(" \"Patient\"", "-5 102 at 1: not an object", "a string");
    reads("{}", "-5 101 at 0: no resourceType", "an empty object");
    reads("{\"resourceType\":1}", "-5 101 at 16: no resourceType", "a number");
    reads("{\"resourceType\":\"Nothing\"}",
          "-5 103 at 16: not a resource of FHIR R4", "an unknown type");
    reads("{\"resourceType\":\"HumanName\"}",
          "-5 103 at 16: not a resource of FHIR R4", "a data type");
    reads("{\"resourceType\":\"DomainResource\"}",
          "-5 103 at 16: not a resource of FHIR R4", "an abstract type");
    reads("{\"resourceType\":\"Resource\"}",
          "-5 103 at 16: not a resource of FHIR R4", "the other one");
    reads("{\"resourceType\":\"Patient\"", "-5 102 at 25: unexpected end",
          "what is no JSON");
}


int
main(void)
{
    test_init();
    test_types();
    test_parents();
    test_elements();
    test_resolved();

    test_twins();
    test_twin_arrays();
    test_twins_inside();
    test_no_twins();
    test_many_members();
    test_resources();
    test_refused();

    free(table);

    return unit_done();
}
