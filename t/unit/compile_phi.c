
/*
 * The compiler of maps: "phi", and what of a person a map may let through.
 */

#include "mapcompile.h"


static void
phi(const char *head, const char *source)
{
    char  text[1024], error[512];

    snprintf(text, sizeof(text), "%sset a \"%s\"; }", head, source);
    snprintf(error, sizeof(error), "1: \"a\" lets PHI through: %s is neither "
             "hmac= nor mask= nor in \"phi allow=\"", source);

    bad(text, error);
}


static void
test_phi(void)
{
    ngx_canonical_map_t  *m;

    good(ADT "set a PID-5; }");
    good(ADT "set a PID-3 hmac=patient; set b PID-7 mask=year; "
         "set c PID-5 drop; set d PID-8; when PID-5 present { const e x; }"
         "phi allow=d; }");
    bad(ADT "\nphi;\nset patient.name PID-5; }",
        "3: \"patient.name\" lets PHI through: PID-5 is neither hmac= nor "
        "mask= nor in \"phi allow=\"");
    bad(ADT "set a EVN-1|NK1-2; phi; }",
        "1: \"a\" lets PHI through: NK1-2 is neither hmac= nor mask= nor in "
        "\"phi allow=\"");
    bad(ADT "set a \"x{EVN-1}{GT1-3}\"; phi; }",
        "1: \"a\" lets PHI through: GT1-3 is neither hmac= nor mask= nor in "
        "\"phi allow=\"");
    bad(ADT "set a $hl7_utf8_in1_2; phi; }",
        "1: \"a\" lets PHI through: IN1-2 is neither hmac= nor mask= nor in "
        "\"phi allow=\"");
    bad(ADT "each a[] PID-3 { set b .1; } phi allow=b; }",
        "1: \"a[].b\" lets PHI through: PID-3 is neither hmac= nor mask= nor "
        "in \"phi allow=\"");
    bad(ADT "each a[] PID-3 { each c[] OBX { set b .1; } } phi; }",
        "1: \"a[].c[].b\" lets PHI through: PID-3 is neither hmac= nor mask= "
        "nor in \"phi allow=\"");
    good(ADT "each a[] PID-3 { set b .1; } phi allow=a[].b; }");
    good(ADT "each a[] PV1-7 { set b .1; } phi; }");
    bad(ADT "phi allow=x; }", "1: \"phi allow=\": no rule sets \"x\"");

    bad(PAT "set a name.family; phi; }",
        "1: \"a\" lets PHI through: name.family is neither hmac= nor mask= "
        "nor in \"phi allow=\"");
    bad(PAT "each a[] contact { set b gender; } phi; }",
        "1: \"a[].b\" lets PHI through: contact is neither hmac= nor mask= "
        "nor in \"phi allow=\"");
    bad(PAT "set a \"%resource.birthDate\"; phi; }",
        "1: \"a\" lets PHI through: %resource.birthDate is neither hmac= nor "
        "mask= nor in \"phi allow=\"");
    good(PAT "set a gender; set b maritalStatus.text; set c deceased; "
         "set d link.other.display; set e generalPractitioner.display; "
         "set f communication.language.text; phi; }");

#define ENC  "canonical_map m version=1 { from fhir Encounter;"               \
             "emit encounter key=id; set id id; phi;"

    good(ENC "set a identifier.value; set b participant.individual.display;"
         "set c \"serviceProvider.resolve().ofType(Organization).name\";"
         "set d subject.reference; set e subject.display drop;"
         "set f subject.display mask=initial; set g location.location.display;"
         "set h \"participant.where(individual.display = 'x')"
         ".individual.identifier.value\"; when subject.display present {"
         "const i 1; } }");
    phi(ENC, "subject.resolve().name.family");
    phi(ENC, "subject.resolve().ofType(Patient).birthDate");
    phi(ENC, "subject.display");
    phi(ENC, "subject.identifier.value");
    phi(ENC, "(subject | serviceProvider).display");
    phi(ENC, "iif(status = 'x', serviceProvider, subject).display");
    phi(ENC, "'x' & subject.first().display");
    phi(ENC, "%resource.subject.display");
    phi(ENC, "partOf.resolve().subject.where(true).display");
    phi(ENC, "contained.name");
    phi(ENC, "contained.ofType(RelatedPerson).telecom.value");
    good(ENC "set a contained.ofType(Practitioner).name.family; }");
    bad(ENC "set a \"{id}/{subject.display}\"; }",
        "1: \"a\" lets PHI through: subject.display is neither hmac= nor "
        "mask= nor in \"phi allow=\"");
    bad(ENC "each p[] subject.resolve() { set a telecom.value; } }",
        "1: \"p[].a\" lets PHI through: telecom.value is neither hmac= nor "
        "mask= nor in \"phi allow=\"");
    bad(ENC "each p[] \"(subject | serviceProvider)\" {"
        "each q[] where(true) { set a display; } } }",
        "1: \"p[].q[].a\" lets PHI through: display is neither hmac= nor "
        "mask= nor in \"phi allow=\"");
    bad(ENC "each p[] serviceProvider | subject { set a display; } }",
        "1: \"p[].a\" lets PHI through: display is neither hmac= nor "
        "mask= nor in \"phi allow=\"");
    good(ENC "each p[] participant.individual { set a display; } }");
    m = good(ENC "each p[] participant.individual { "
             "set a %resource.identifier.value; } }");
    ok(reads_chain(m, "identifier.value")
       && !reads_chain(m, "participant.individual.identifier.value"),
       "%resource is what the map is for, also in each");
    bad(ENC "each p[] participant { set a %resource.subject.display; } }",
        "1: \"p[].a\" lets PHI through: %resource.subject.display is neither "
        "hmac= nor mask= nor in \"phi allow=\"");
    bad(PAT "each p[] contained.ofType(Organization) { "
        "set a %resource.name.family; } phi; }",
        "1: \"p[].a\" lets PHI through: %resource.name.family is neither "
        "hmac= nor mask= nor in \"phi allow=\"");
    good(ENC "each p[] subject { each q[] extension { "
         "set a value.ofType(Reference).display; } } }");

#define BUNDLE  "canonical_map m version=1 { from fhir Bundle;"               \
                "emit bundle key=id; set id id; phi;"

    phi(BUNDLE, "entry.resource.ofType(Patient).birthDate");
    phi(BUNDLE, "(entry.resource.ofType(Encounter).id"
                " | entry.resource.name.family)");
    phi(BUNDLE, "entry.resource.ofType(Encounter).subject.display");
    phi(BUNDLE, "entry.resource.ofType(Patient).contact.gender");
    phi(BUNDLE, "entry.resource.where($this is Encounter).address.city");
    good(BUNDLE "set a entry.resource.ofType(Encounter).identifier.value;"
         "set b \"(entry.resource.ofType(Organization).name "
         "| entry.resource.ofType(Location).name)\"; }");
    bad(BUNDLE "each e[] entry { set a "
        "\"(resource.ofType(Encounter).id | resource.name.family)\"; } }",
        "1: \"e[].a\" lets PHI through: (resource.ofType(Encounter).id | "
        "resource.name.family) is neither hmac= nor mask= nor in \"phi "
        "allow=\"");

    /* one of several resources */

#define PLACES  "canonical_map m version=1 { from fhir Organization Location;"\
                "emit place key=id; set id id; phi;"

    good(PLACES "set a name; set b managingOrganization.display; }");
    phi(PLACES, "(name | partOf.resolve().birthDate)");
    phi("canonical_map m version=1 { from fhir Organization Person;"
        "emit x key=id; set id id; phi;", "name");
    phi("canonical_map m version=1 { from fhir Encounter Patient;"
        "emit x key=id; set id id; phi;", "(class.code | birthDate)");

    /* objects as a whole, which JSON may hold */

#define COPY  "canonical_map m version=1 { from fhir Encounter; to json; phi;"

    phi(COPY, "$this");
    phi(COPY, "subject");
    phi(COPY, "participant");
    phi(COPY, "contained");
    phi(COPY, "subject.resolve().ofType(Patient)");
    m = good(COPY "set a class; set b serviceProvider; set c status;"
             "set d subject.resolve().gender; set e period; }");
    ok(!find(m->block->rules, "a")->flat
       && !find(m->block->rules, "b")->flat
       && find(m->block->rules, "d")->flat, "what may be anything is text");
    m = good(COPY "set d subject.resolve(); phi allow=d; }");
    ok(!find(m->block->rules, "d")->flat, "unless it may go out");
    m = good("canonical_map m version=1 { from fhir Encounter; to json;"
             "set d subject; }");
    ok(!find(m->block->rules, "d")->flat, "or the map does not care");
}


int
main(void)
{
    test_phi();

    unit_arena_free(&arena);

    return unit_done();
}
