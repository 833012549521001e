
/*
 * FHIRPath: what an expression reads, for the report of what no rule reads,
 * and for the rule of personal data.
 */

#include "fhirexpr.h"


static void
collect(void *data, ngx_str_t *names, ngx_uint_t n, ngx_uint_t resource)
{
    char        *out = data;
    ngx_uint_t   i;

    out += strlen(out);

    *out++ = ' ';

    if (resource) {
        *out++ = '/';
    }

    for (i = 0; i < n; i++) {
        out += sprintf(out, "%s%.*s", i ? "." : "", (int) names[i].len,
                       (char *) names[i].data);
    }

    *out++ = ' ';
    *out = '\0';
}


static void
test_reads(void)
{
    char                    out[1024];
    size_t                  at;
    ngx_uint_t              i;
    const char             *why, *p, *end;
    ngx_fhirpath_t         *fp;
    ngx_canonical_arena_t   a;

    /* each of the names, separated by a space, and no other */

    static const struct {
        const char  *type, *expression, *want;
    } reads[] = {
        { "Encounter", "period.end", "period.end" },
        { "Encounter", "Encounter.period.start.toString()", "period.start" },
        { "Encounter",
          "identifier.where(system.endsWith('/v')).value.first() | id",
          "identifier.system identifier.value id" },
        { "Encounter", "participant.where(individual.exists())",
          "participant.individual participant" },
        { "Encounter", "participant.select(type | individual).id",
          "participant.type.id participant.individual.id" },
        { "Encounter", "iif(status = 'x', period.start, period.end)",
          "status period.start period.end" },
        { "Encounter", "subject.resolve().id", "subject.reference" },
        { "Encounter", "participant.where(%resource.status = 'x').period",
          "/status participant.period" },
        { "Encounter", "extension('u').value",
          "extension.url extension.value" },
        { "Encounter", "participant[0].period.select($this.end)",
          "participant.period.end" },
        { "Encounter", "'a' & 1.toString()", "" }
    };

    for (i = 0; i < sizeof(reads) / sizeof(reads[0]); i++) {
        unit_arena(&a, 1 << 20);
        out[0] = '\0';

        fp = compile(&a, reads[i].type, reads[i].expression, 0, &at, &why);

        if (fp) {
            ngx_fhirpath_reads(fp, collect, out);
        }

        at = 0;

        for (p = reads[i].want; *p; p = *end ? end + 1 : end) {
            char  name[64];

            end = strchr(p, ' ');
            end = end ? end : p + strlen(p);

            sprintf(name, " %.*s ", (int) (end - p), p);
            at += strstr(out, name) ? strlen(name) : 1000;
        }

        if (!ok(fp && at == strlen(out), reads[i].expression)) {
            printf("# %s\n", out);
        }

        unit_arena_free(&a);
    }

    unit_arena(&a, 1 << 20);
    out[0] = '\0';

    fp = compile(&a, "Encounter", "$this", 0, &at, &why);
    ngx_fhirpath_reads(fp, collect, out);
    ok(strcmp(out, "  ") == 0, "the focus itself is no name");

    unit_arena_free(&a);
}


static void
collect_end(void *data, ngx_str_t *name)
{
    char       *out = data;
    ngx_str_t   none = ngx_string("^"), aside = ngx_string("-");

    name = !name ? &none : name->len ? name : &aside;

    sprintf(out + strlen(out), " %.*s ", (int) name->len, (char *) name->data);
}


/* "type:name<by", the focus is "^" */

static void
collect_element(void *data, ngx_uint_t of, ngx_str_t *name, ngx_str_t *by)
{
    char       *out = data;
    ngx_str_t  *type, none = ngx_string("^");

    type = ngx_fhir_type_name(of);
    by = by ? by : &none;

    sprintf(out + strlen(out), " %.*s:%.*s<%.*s ", (int) type->len,
            (char *) type->data, (int) name->len, (char *) name->data,
            (int) by->len, (char *) by->data);
}


static void
test_elements(void)
{
    char                    out[2048], *p, *q;
    size_t                  at, i;
    const char             *why, *want;
    ngx_fhirpath_t         *fp;
    ngx_canonical_arena_t   a;

    static const struct {
        const char  *expression;
        const char  *elements;
        const char  *ends;
    } tests[] = {
        { "subject.resolve().ofType(Patient).name.where(use = 'a').family",
          "Encounter:subject<^ Patient:name< HumanName:use<name "
          "HumanName:family<name", "family" },
        { "subject.resolve().birthDate", "Encounter:subject<^ :birthDate<",
          "birthDate" },
        { "subject.display", "Encounter:subject<^ Reference:display<subject",
          "display" },
        { "(subject | serviceProvider).where(true).first().display",
          "Encounter:subject<^ Encounter:serviceProvider<^ "
          "Reference:display<subject Reference:display<serviceProvider",
          "display display" },
        { "partOf.resolve().ofType(Encounter).where(true).subject[0].display",
          "Encounter:partOf<^ Encounter:subject< Reference:display<subject",
          "display" },
        { "partOf.resolve().where(true).subject.first().display",
          "Encounter:partOf<^ :subject< :display<subject", "display" },
        { "where(status = 'x')", "Encounter:status<^", "^" },
        { "partOf.resolve()", "Encounter:partOf<^", "-" },
        { "iif(status = 'x', subject, partOf.resolve())",
          "Encounter:status<^ Encounter:subject<^ Encounter:partOf<^",
          "subject -" },
        { "participant.select(individual).display",
          "Encounter:participant<^ "
          "Encounter.participant:individual<participant "
          "Reference:display<individual", "display" },
        { "status & 'x'", "Encounter:status<^", "" },
        { "participant.individual.where(%resource.id = display).reference",
          "Encounter:participant<^ "
          "Encounter.participant:individual<participant Encounter:id< "
          "Reference:display<individual Reference:reference<individual",
          "reference" },
        { "extension('u').value.ofType(Reference).display",
          "Extension:value<extension Reference:display<value", "display" }
    };

    for (i = 0; i < 2 * sizeof(tests) / sizeof(tests[0]); i++) {
        unit_arena(&a, 1 << 20);
        out[0] = '\0';

        want = (i & 1) ? tests[i / 2].ends : tests[i / 2].elements;

        fp = compile(&a, "Encounter", tests[i / 2].expression, 0, &at, &why);

        if (fp) {
            if (i & 1) {
                ngx_fhirpath_ends(fp, collect_end, out);

            } else {
                ngx_fhirpath_elements(fp, collect_element, out);
            }
        }

        /* in any order, and not one more */

        at = 0;

        for (p = (char *) want; *want; p = q + 1) {
            char  item[128];

            q = strchr(p, ' ');
            q = q ? q : p + strlen(p);

            sprintf(item, " %.*s ", (int) (q - p), p);
            at += strstr(out, item) ? strlen(item) : 10000;

            if (*q == '\0') {
                break;
            }
        }

        if (!ok(fp && at == strlen(out), tests[i / 2].expression)) {
            printf("#   got %s\n#   want %s\n", fp ? out : why, want);
        }

        unit_arena_free(&a);
    }
}


int
main(void)
{
    ngx_fhir_types_init(malloc);

    test_reads();
    test_elements();

    return unit_done();
}
