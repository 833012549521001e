
/*
 * The compiler of maps: what a map becomes, and what is wrong with one.
 */

#include "mapcompile.h"


#define ITEM  "canonical_map m version=1 { from canonical item; to json; "


static void
test_map(void)
{
    ngx_canonical_map_t  *m;

    m = good("canonical_map adt-1 version=12 {\n"
             "    from hl7 ADT^A01 ADT^* ORU MFN^M16;\n"
             "    zone Europe/Berlin msh ambiguous=last;\n"
             "    schema x.json on_error=warn; # why\n"
             "    phi allow=id,a.b allow=c;\n"
             "    emit encounter key=id;\n"
             "    set id PV1-19; set a.b PID-5.1; set c PID-3;\n"
             "}\n");

    is_str(m->name, "adt-1", "its name");
    is_str(m->label, "adt-1@12", "its label");
    is_num(m->from, NGX_CANONICAL_FROM_HL7, "from hl7");
    is_num(m->nfrom, 4, "of four messages");
    is_str(m->events[0][0], "ADT", "a type");
    is_str(m->events[0][1], "A01", "an event");
    is_num(m->events[1][1].len, 0, "any event by *");
    is_num(m->events[2][1].len, 0, "any event by its absence");
    ok(m->zone && m->zone_msh && !m->zone_first && m->ambiguous_last,
       "the zone comes before that of MSH");
    ok(m->schema != NULL, "a schema");
    is_num(m->on_error, NGX_CANONICAL_WARN, "on_error");
    is_str(m->allow[2], "c", "the last one of allow");
    is_num(m->allow[3].len, 0, "and its end");
    is_num(m->line, 1, "its line");
    is_str(m->block->type, "encounter", "type of the object");
    is_num(m->block->key_slot, 0, "slot of the key");
    is_num(m->block->nslots, 4, "slots");
    is_num(m->block->slots[2].parent, 1, "of an object on the way");
    is_num(m->block->slots[1].kind, NGX_CANONICAL_OBJECT, "that is one");
    is_num(m->block->rules->line, 7, "line of a rule");

    m = good(HEAD "zone msh +01:00; on_error quarantine;"
             "emit x key=a; set a MSH-10; }");
    ok(m->zone_first && m->zone_msh && m->zone, "MSH before the zone");
    is_num(m->on_error, NGX_CANONICAL_QUARANTINE, "on_error alone");

    m = good("canonical_map m version=1 { from fhir Patient profile=http://p;"
             "emit x key=a; set a id; }");
    is_num(m->types[0], ngx_fhir_type((u_char *) "Patient", 7), "a resource");
    is_str(m->profile, "http://p", "and its profile");

    m = good("canonical_map m version=1 { from canonical item charge; to json;"
             "set a key; }");
    is_num(m->from, NGX_CANONICAL_FROM_CANONICAL, "from canonical");
    is_str(m->objects[1], "charge", "a second type");

    good("canonical_map m version=1 { from json; to form; set a b; }");
    good("canonical_map m version=1 { from xml; emit x key=a; set a b.c; }");

    m = good("canonical_map m version=1 { from canonical x; to soap s:Order "
             "xmlns=urn:x version=1.2 action=do; set s:Id.@s:x key; "
             "set s:Id.#text key; }");
    is_str(m->xml.root, "s:Order", "root element");
    is_str(m->xml.xmlns, "urn:x", "namespace");
    is_str(m->xml.action, "do", "action of SOAP");
    is_num(m->xml.soap, 12, "version of SOAP");

    bad("canonical_map m { from hl7 ADT; }",
        "1: a name of letters, digits, \"_\" and \"-\", and \"version=\" are "
        "expected");
    bad("canonical_map m version=x { from hl7 ADT; }",
        "1: invalid version \"x\", a number is expected");
    bad("canonical_map m v=1 { from hl7 ADT; }",
        "1: invalid parameter \"v=1\"");
    bad("canonical_map m version=1 { bogus x; }",
        "1: unknown directive \"bogus\"");
    bad(HEAD "\nbogus x; }", "2: unknown directive \"bogus\"");
    bad("canonical_map m version=1 { }", "1: a map needs \"from\"");
    bad("canonical_map m version=1 { emit x key=a; }",
        "1: \"from\" must stand first");
    bad(HEAD "from json; }", "1: \"from\" directive is duplicate");
    bad("canonical_map m version=1 { from csv; }",
        "1: invalid value \"csv\", hl7, fhir, json, xml or canonical is "
        "expected");
    bad("canonical_map m version=1 { from hl7; }",
        "1: \"from hl7\" names no messages");
    bad("canonical_map m version=1 { from hl7 ADT^a01; }",
        "1: invalid message \"ADT^a01\", TYPE^EVENT is expected");
    bad("canonical_map m version=1 { from hl7 AD^A01; }",
        "1: invalid message \"AD^A01\", TYPE^EVENT is expected");
    bad("canonical_map m version=1 { from fhir Patient Human; }",
        "1: unknown resource \"Human\"");
    bad("canonical_map m version=1 { from fhir HumanName; }",
        "1: unknown resource \"HumanName\"");
    bad("canonical_map m version=1 { from json x; }",
        "1: invalid parameter \"x\"");
    bad(HEAD "to yaml; }",
        "1: invalid value \"yaml\", json, xml, soap, form or hl7 is expected");
    bad(HEAD "to json; to xml x; }", "1: \"to\" directive is duplicate");
    bad(HEAD "to xml; }", "1: the name of the root element is missing");
    bad(HEAD "to xml 1x; }", "1: invalid element name \"1x\"");
    bad(HEAD "to xml x action=y; }", "1: invalid parameter \"action=y\"");
    bad(HEAD "to soap x version=1.3; }", "1: invalid parameter "
        "\"version=1.3\"");
    bad(HEAD "emit x key=a; to json; }",
        "1: \"to\" must stand before the rules");
    bad(HEAD "to json; emit x key=a; }",
        "1: a map with \"to\" has no \"emit\"");
    bad(HEAD "set a PID-3; }", "1: a map needs \"emit\" or \"to\"");
    bad(HEAD "emit x key=; }", "1: \"key=\" and a target are expected");
    bad(HEAD "emit x; }",
        "1: invalid number of arguments in \"emit\" directive");
    bad(HEAD "emit x key=a; emit y key=a; set a PID-3; }",
        "1: \"emit\" directive is duplicate");
    bad(HEAD "\nemit x key=b;\nset a PID-3; }",
        "2: \"key=b\" is set nowhere");
    bad(HEAD "\nemit x key=a;\nset a.b PID-3; }",
        "2: \"key=a\" is no single value");
    bad(HEAD "emit x key=a;\nset a PID-3;\nset type PID-8; }",
        "3: \"type\" is set by \"emit\"");
    bad(HEAD "emit x key=a;\nset a PID-3;\nset key.x PID-8; }",
        "3: \"key\" is set by \"emit\"");
    bad(HEAD "zone ambiguous=first; }", "1: \"zone\" names no time zone");
    bad(HEAD "zone +01:00 +02:00; }", "1: invalid parameter \"+02:00\"");
    bad(HEAD "zone +01:00; zone msh; }", "1: \"zone\" directive is duplicate");
    bad(HEAD "zone msh ambiguous=x; }", "1: invalid parameter "
        "\"ambiguous=x\"");
    bad(PAT "zone msh; }", "1: \"zone msh\" is for HL7 messages");
    bad(HEAD "schema a; schema b; }", "1: \"schema\" directive is duplicate");
    bad(HEAD "schema a on_error=x; }",
        "1: invalid value \"x\", reject, quarantine or warn is expected");
    bad(HEAD "schema a on_error=warn; on_error warn; }",
        "1: \"on_error\" is duplicate");
    bad(HEAD "phi x; }", "1: invalid parameter \"x\"");
    bad(HEAD "phi allow=a,; }", "1: a target is missing in \"allow=\"");
    bad(ADT "when PID-8 present { zone msh; } }",
        "1: \"zone\" directive is not allowed here");
    bad(ADT "\n\nset a PID-3", "3: unexpected end of file");
}


static void
test_set(void)
{
    ngx_canonical_map_t   *m;
    ngx_canonical_rule_t  *r;

    m = good(ADT "set a PID-3[5=MR].1|PID-18 | $x alt=PID-2 decimal=2 "
             "default=1 max=9 null=clear;"
             "set b PID-8 map=sex required; set c[] PV2-3[*].2;"
             "set d PID-3.1 hmac=patient authority=GHH;"
             "set e PID-7 date mask=year; set ZPI.x PID-2 drop;"
             "set f PID-30 bool=Y,1:N,0 default=0; set g PID-25 int default=3;"
             "set h EVN-2 ts default=20260101101112+0100;"
             "set i EVN-2 date default=2026-01; set j EVN-2 time default=0815;"
             "set k PID-30 bool default=true; set l PID-5 text; }");

    r = find(m->block->rules, "a");

    is_num(r->sources->kind, NGX_CANONICAL_SOURCE_HL7, "a path");
    is_str(r->sources->text, "PID-3[5=MR].1", "and its text");
    is_str(r->sources->next->text, "PID-18", "an alternative in the word");
    is_num(r->sources->next->next->kind, NGX_CANONICAL_SOURCE_VARIABLE,
           "one in the next word, a variable");
    is_str(r->sources->next->next->next->text, "PID-2", "one by alt=");
    is_num(r->type, NGX_CANONICAL_DECIMAL, "a decimal");
    is_num(r->scale, 2, "and its scale");
    is_str(r->value, "1.00", "default with the scale");
    is_num(r->max, 9, "max");
    ok(r->clear && !r->required && !r->all, "null=clear");

    r = find(m->block->rules, "b");
    ok(r->table && r->required && r->scale == NGX_CANONICAL_NO_SLOT, "a map");

    r = find(m->block->rules, "c[]");
    ok(r->all && r->sources->hl7.all_repetitions, "all values");
    is_num(m->block->slots[r->slot].kind, NGX_CANONICAL_ARRAY, "an array");
    is_str(m->block->slots[r->slot].name, "c", "and its name");

    r = find(m->block->rules, "d");
    is_str(r->key->id, "k1", "a key");
    is_str(r->authority, "GHH", "an authority");
    is_str(m->block->slots[r->previous].name, "d_previous",
           "the previous token");

    r = find(m->block->rules, "e");
    ok(r->type == NGX_CANONICAL_DATE && r->mask == NGX_CANONICAL_MASK_YEAR
       && r->previous == NGX_CANONICAL_NO_SLOT, "a masked date");

    r = find(m->block->rules, "ZPI.x");
    ok(r->drop && r->slot == NGX_CANONICAL_NO_SLOT, "drop sets nothing");

    r = find(m->block->rules, "f");
    is_str(r->yes[1], "1", "words for true");
    is_num(r->yes[2].len, 0, "their end");
    is_str(r->no[0], "N", "words for false");
    is_str(r->value, "false", "default of a boolean");
    is_num(r->value_kind, NGX_CANONICAL_BOOLEAN, "its kind");
    is_num(find(m->block->rules, "g")->value_kind, NGX_CANONICAL_NUMBER,
           "a number");
    is_str(find(m->block->rules, "h")->value, "2026-01-01T10:11:12+01:00",
           "default of a time");
    is_str(find(m->block->rules, "i")->value, "2026-01",
           "default of a date");
    is_str(find(m->block->rules, "j")->value, "08:15:00",
           "default of a time of day");
    is_str(find(m->block->rules, "k")->value, "true", "true is true");

    m = good(ADT "const a closed; const b.c -12 int; const d false bool; }");

    r = find(m->block->rules, "a");
    ok(r->kind == NGX_CANONICAL_CONST
       && r->value_kind == NGX_CANONICAL_STRING, "a constant");
    is_num(find(m->block->rules, "b.c")->value_kind, NGX_CANONICAL_NUMBER,
           "a constant number");
    is_num(find(m->block->rules, "d")->value_kind, NGX_CANONICAL_BOOLEAN,
           "a constant boolean");

    bad(ADT "set a PID-3 ts date; }", "1: a value has one type");
    bad(ADT "set a PID-3 decimal decimal=2; }", "1: a value has one type");
    bad(ADT "set a PID-3 decimal=19; }",
        "1: invalid scale \"19\", 0 to 18 is expected");
    bad(ADT "set a PID-3 bogus; }", "1: invalid parameter \"bogus\"");
    bad(ADT "set a PID-3 map=x; }", "1: unknown table \"x\"");
    bad(ADT "set a PID-3 hmac=x; }", "1: unknown key \"x\"");
    bad(ADT "set a PID-3 mask=x; }",
        "1: invalid mask \"x\", year, initial, last4 or zip3 is expected");
    bad(ADT "set a PID-3 null=x; }",
        "1: invalid value \"x\", keep or clear is expected");
    bad(ADT "set a PID-3 max=0; }", "1: invalid length \"0\"");
    bad(ADT "set a PID-3 max=1 max=2; }", "1: \"max=\" is given twice");
    bad(ADT "set a PID-3 hmac=patient mask=year; }",
        "1: \"hmac=\" and \"mask=\" exclude each other");
    bad(ADT "set a PID-3 int mask=last4; }",
        "1: a number or boolean can be neither hmac= nor mask=");
    bad(ADT "set a PID-3 authority=x; }",
        "1: \"authority=\" goes with \"hmac=\" only");
    bad(ADT "set a PID-3 required default=1; }",
        "1: \"required\" and \"default=\" exclude each other");
    bad(ADT "set a PID-3 drop required; }",
        "1: \"drop\" goes with nothing else");
    bad(ADT "set a PID-3 default=; }", "1: \"default=\" is empty");
    bad(ADT "set a PID-3 int default=x; }",
        "1: \"default=\" is not an integer");
    bad(ADT "set a PID-3 decimal default=1,5; }",
        "1: \"default=\" is not a number");
    bad(ADT "set a PID-3 decimal=1 default=1.55; }",
        "1: \"default=\" has more digits than the scale");
    bad(ADT "set a PID-3 date default=20261301; }",
        "1: \"default=\" is not of the type");
    bad(ADT "set a PID-3 ts default=202601011200; }",
        "1: \"default=\" has no offset");
    bad(ADT "set a PID-3 bool default=x; }",
        "1: \"default=\" is not a boolean");
    bad(ADT "set a PID-3 bool=Y; }", "1: \"bool=\" names the words for true, "
        "\":\" and those for false");
    bad(ADT "set a PID-3 bool=Y:N,Y; }", "1: \"Y\" is true and false");
    bad(ADT "set a PID-3 max=2 default=abc; }",
        "1: \"default=\" is longer than \"max=\"");
    bad(ADT "const a x ts; }", "1: invalid parameter \"ts\"");
    bad(ADT "const a 1.5 int; }", "1: \"1.5\" is not of the type");
    bad(ADT "const a; }",
        "1: invalid number of arguments in \"const\" directive");
}


static void
test_target(void)
{
    ngx_canonical_map_t  *m;

    m = good(ADT "when PID-8 = M { set a PID-8; } else { const a x; }"
             "set c[] PID-3; set c[] PID-4; each d[] DG1 { set a DG1-3; }"
             "each d[] PR1 { set a PR1-3; } set e.f PID-1; set e.g PID-2; }");

    is_str(find(m->block->rules, "d[].a")->target, "d[].a", "a whole target");
    is_num(find(m->block->rules, "e.f")->slot + 1,
           find(m->block->rules, "e.g")->slot, "members of one object");

    bad(ADT "\nset a PID-1;\nset a PID-2; }", "3: \"a\" is set in line 2 "
        "already");
    bad(ADT "set a PID-1; when PID-8 = M { const a x; } }",
        "1: \"a\" is set in line 1 already");
    bad(ADT "when PID-8 = M { const a x; } when PID-8 = F { const a y; } }",
        "1: \"a\" is set in line 1 already");
    bad(ADT "when PID-8 = M { const a x; const a y; } }",
        "1: \"a\" is set in line 1 already");
    good(ADT "when PID-8 = M { when PID-7 present { const a x; } } "
         "else { when PID-7 present { const a z; } } }");
    bad(ADT "set a.b PID-1; set a PID-2; }",
        "1: \"a\" is set as a value, an object or an array elsewhere");
    bad(ADT "set a PID-1; each a[] DG1 { set x DG1-3; } }",
        "1: \"a\" is set as a value, an object or an array elsewhere");
    bad(HEAD "\nset a PID-1;\neach x ORC {\nset a.b ORC-1;\neach y OBR {"
        "emit z key=id; set id OBR-1; } } }",
        "4: \"a\" is set as a value, an object or an array elsewhere");
    bad(HEAD "\nset a.b PID-1;\neach x ORC {\nset a ORC-1;\neach y OBR {"
        "emit z key=id; set id OBR-1; } } }",
        "4: \"a\" is set as a value, an object or an array elsewhere");
    bad(HEAD "\nset a.b PID-1;\neach x ORC {\neach y OBR {emit z key=id; "
        "set id OBR-1; }\nset a.b.c ORC-1; } }",
        "5: \"b\" is set as a value, an object or an array elsewhere");
    bad(HEAD "\nset a.b PID-1;\neach x ORC {\nset c ORC-1;\neach y OBR {"
        "emit z key=id; set id OBR-1;\nset a[] OBR-2; } } }",
        "6: \"a\" is set as a value, an object or an array elsewhere");
    good(HEAD "set a.b PID-1; set v PID-2; each x ORC { set a.b ORC-1; "
         "set a.c ORC-2; set v ORC-3; each y OBR { emit z key=id; "
         "set id OBR-1; set a.d OBR-2; } } }");

    bad(ADT "set t PID-3 hmac=patient; set t_previous PID-4; }",
        "1: \"t_previous\" is set in line 1 already");
    bad(ADT "set 1a PID-1; }", "1: invalid target \"1a\"");
    bad(ADT "set a..b PID-1; }", "1: invalid target \"a..b\"");
    bad(ADT "set a. PID-1; }", "1: invalid target \"a.\"");
    bad(ADT "set a[].b PID-1; }", "1: invalid target \"a[].b\"");
    bad(ADT "set a[1] PID-1; }", "1: invalid target \"a[1]\"");
    bad(ADT "set [] PID-1; }", "1: invalid target \"[]\"");
    bad(ADT "set \"\" PID-1; }", "1: invalid target \"\"");
    bad(ADT "set a:b PID-1; }", "1: invalid target \"a:b\"");

    good(ITEM "set a[0][99].b[7] c; set a[1] d; set e.f[0] c; }");
    bad(ITEM "set [0] c; }", "1: invalid target \"[0]\"");
    bad(ITEM "set a[00] c; }", "1: invalid target \"a[00]\"");
    bad(ITEM "set a[100] c; }", "1: invalid target \"a[100]\"");
    bad(ITEM "set a[x] c; }", "1: invalid target \"a[x]\"");
    bad(ITEM "set a[1 c; }", "1: invalid target \"a[1\"");
    bad(ITEM "set a[1]b c; }", "1: invalid target \"a[1]b\"");
    bad(ITEM "set a.[1] c; }", "1: invalid target \"a.[1]\"");
    bad(ITEM "set a[1]. c; }", "1: invalid target \"a[1].\"");
    bad(ITEM "set a[1] c; set a.b c; }",
        "1: an array has positions, an object names, not both");
    bad(ITEM "set a[1] c; set a[1].b c; }",
        "1: \"[1]\" is set as a value, an object or an array elsewhere");
    bad("canonical_map m version=1 { from canonical item; to form;"
        " set a[1] c; }", "1: invalid target \"a[1]\"");
}


static void
test_hl7(void)
{
    ngx_canonical_map_t     *m;
    ngx_canonical_part_t    *part;
    ngx_canonical_rule_t    *r;
    ngx_canonical_source_t  *s;

    m = good(ADT "set a \"{{x}}{MSH-4.1}/{PID-3|$y}\";"
             "set w OBX[3.1=29463-7|x]-5; set z ZPD drop;"
             "each at[] PV1-7 { set x .1; each n[] OBX { set y .2.1; } }"
             "when ZPI present { const q 1; } }");

    s = find(m->block->rules, "a")->sources;
    is_num(s->kind, NGX_CANONICAL_SOURCE_TEMPLATE, "a template");

    part = s->parts;
    is_str(part->literal, "{x}", "braces in its literal");
    is_str(part->source->text, "MSH-4.1", "a source");

    part = part->next;
    is_str(part->literal, "/", "the next literal");
    is_str(part->source->next->text, "$y", "an alternative in a template");
    ok(part->next == NULL, "and no more");

    r = find(m->block->rules, "w");
    is_str(r->sources->hl7.is, "29463-7|x", "a \"|\" in a predicate");

    ok(reads(m, "PID", 3) && reads(m, "MSH", 4) && reads(m, "OBX", 3)
       && reads(m, "OBX", 5) && reads(m, "PV1", 7) && !reads(m, "PID", 5)
       && reads(m, "ZPI", 0) && !reads(m, "ZPI", 1) && !reads(m, "AL1", 0),
       "what it reads");

    ok(m->reads->segments[m->reads->nsegments - 1].all == 0,
       "a segment asked for is not all read");

    m = good(HEAD "emit x key=a; set a $hl7_field_EVN_5; set z ZPD drop; }");
    ok(reads(m, "EVN", 5), "a variable that is a path");
    ok(m->reads->segments[1].all, "a segment that is dropped as a whole");

    bad(ADT "set a PID-3[; }", "1: invalid path \"PID-3[\": a number from 1 to"
        " 65535 is expected at character 6");
    bad(ADT "set a PID-5|pid-3; }", "1: invalid path \"pid-3\": not a "
        "character of a segment name at character 0");
    bad(ADT "set a PID-5|; }",
        "1: invalid source \"PID-5|\": one of its alternatives is empty");
    bad(ADT "set a | PID-5; }", "1: a source is expected");
    bad(ADT "set a PID-5 |; }", "1: a source is expected");
    bad(ADT "set a \"{PID-5\"; }",
        "1: invalid template \"{PID-5\": \"{\" without \"}\" at character 0");
    bad(ADT "set a \"x{}\"; }",
        "1: invalid template \"x{}\": nothing in the braces at character 1");
    bad(ADT "set a \"{PID-5}}\"; }",
        "1: invalid template \"{PID-5}}\": unexpected \"}\" at character 7");
    bad(ADT "set a \"{{x}}\"; }",
        "1: template \"{{x}}\" has no source, use \"const\"");
    bad(ADT "set a \"{PID-0}\"; }", "1: invalid path \"PID-0\": a number from "
        "1 to 65535 is expected at character 4");
    bad(ADT "set a .1; }", "1: \".1\" stands in no \"each\" over a field");
    bad(ADT "each a[] DG1 { set a .1; } }",
        "1: \".1\" stands in no \"each\" over a field");
    bad(ADT "set a PID; }", "1: \"PID\" is a segment, not a field");
    bad(ADT "set a \"{PID}\"; }", "1: \"PID\" is a segment, not a field");
    bad(ADT "when PID = x { } }", "1: \"PID\" is a segment, not a field");
    bad(ADT "set a PID-3[*].1; }", "1: \"PID-3[*].1\" gives several values, "
        "which a target with \"[]\" can have only");
    bad(ADT "set a[] \"{PID-3[*].1}\"; }",
        "1: \"PID-3[*].1\" gives several values, which a target with \"[]\" "
        "can have only");
    bad(ADT "set a $; }", "1: invalid variable \"$\": it has no name");
}


static void
test_each(void)
{
    ngx_canonical_map_t   *m;
    ngx_canonical_rule_t  *r;

    m = good(KEY "canonical_map m version=1 { from hl7 DFT;"
             "each charge FT1 with PR1 NTE { emit charge key=id;"
             "set id FT1-2; each p[] PR1 { set v PR1-3; } } }");

    ok(m->block->type.data == NULL && m->block->has_emit, "emit in each");

    r = find(m->block->rules, "charge");
    ok(r->slot == NGX_CANONICAL_NO_SLOT && r->block->type.data
       && r->block->parent == m->block && r->block->each == r, "its block");
    is_num(r->with[0], ngx_hl7_name('P', 'R', '1'), "with");
    is_num(r->with[2], 0, "and its end");
    ok(find(m->block->rules, "p[].v") != NULL, "targets begin in the object");

    good(HEAD "set v PV1-19; each a FT1 { emit x key=v; set b FT1-1; }"
         "when PV1 present { each c PR1 { emit y key=d; set d PR1-1; } } }");
    good(HEAD "each a OBR with OBX { each b OBX { emit x key=c; "
         "set c OBX-3; } } }");

    good(HEAD "set v.a PV1-19; each x FT1 { emit x key=b; set b FT1-1; "
         "each a[] FT1-3 { } } }");

    m = good(ADT "each a[] FT1 | PR1 with NTE required { } "
             "each b[] PID-3 required { } each c[] FT1 with NTE { } }");
    r = find(m->block->rules, "a[]");
    ok(r->required && r->with[0] && r->with[1] == 0, "required, and with");
    ok(find(m->block->rules, "b[]")->required, "required");
    ok(!find(m->block->rules, "c[]")->required, "not required");
    good(PAT "each a[] name required { } each b[] name | contact.name "
         "required { } }");
    good("canonical_map m version=1 { from json; to json;"
         "each a[] required { } }");

    bad(HEAD "each a[] FT1 { emit x key=b; set b FT1-1; } }",
        "1: \"emit\" stands in an \"each\" whose name has no \"[]\"");
    bad(ADT "each a FT1 { emit x key=b; set b FT1-1; } }",
        "1: \"emit\" stands inside of another object");
    bad(HEAD "each a FT1 { emit x key=b; set b FT1-1; } emit y key=b; }",
        "1: \"emit\" stands around another one");
    bad(HEAD "when PV1 present { emit x key=b; } }",
        "1: \"emit\" stands in the map or in \"each\"");
    bad(ADT "\neach a FT1 { set b FT1-1; }\n}",
        "2: \"each\" without \"[]\" behind its name needs \"emit\" inside");
    bad(HEAD "set v.a PV1-19; each a FT1 { emit x key=b; set b FT1-1;\n"
        "set v FT1-2; } }",
        "2: \"v\" is set as a value, an object or an array elsewhere");
    bad(ADT "each a[] FT1-3.1 { } }", "1: \"each\" cannot go over "
        "\"FT1-3.1\"");
    bad(ADT "each a[] $x { } }", "1: \"each\" cannot go over \"$x\"");
    bad(ADT "each a[] \"{PID-3}\" { } }",
        "1: \"each\" cannot go over \"{PID-3}\"");
    bad(ADT "each a[] PV1-7 { each b[] .1 { } } }",
        "1: \"each\" cannot go over \".1\"");
    bad(ADT "each a[] FT1|PID-3 { } }",
        "1: \"each\" goes over segments or over fields, not over both");
    bad(ADT "each a[] FT1-3 with PR1 { } }",
        "1: \"with\" is for segments of HL7");
    bad(PAT "each a[] name with PR1 { } }",
        "1: \"with\" is for segments of HL7");
    bad(ADT "each a[] FT1 with { } }", "1: \"with\" names no segments");
    bad(ADT "each a[] FT1 with required { } }",
        "1: \"with\" names no segments");
    bad(ADT "each a[] FT1 required with PR1 { } }",
        "1: invalid parameter \"required\"");
    bad(ADT "each a[] FT1 required required { } }",
        "1: invalid parameter \"required\"");
    bad(ADT "each a[] required { } }",
        "1: invalid path \"required\": not a character of a segment name at "
        "character 0");
    bad(ADT "each a[] FT1 with pr1 { } }", "1: \"pr1\" is no segment");
    bad(ADT "each a[] FT1 with FT1 { } }", "1: invalid parameter \"FT1\"");
    bad(ADT "each a[] FT1 with PR1 PR1 { } }", "1: invalid parameter \"PR1\"");
    bad(ADT "each a[] FT1 PR1 { } }", "1: invalid parameter \"PR1\"");
    bad(ADT "each a[] FT1 { set b FT1-1", "1: unexpected end of file");
}


static void
test_when(void)
{
    char                   text[4096];
    ngx_uint_t             i;
    ngx_canonical_map_t   *m;
    ngx_canonical_rule_t  *r;

    m = good(ADT "when MSH-9.2 in A01 A04 { const a x; } else { const a y; }"
             "when PID-8 ~ ^[MF]$ { const b x; } }");

    r = m->block->rules->next;
    is_num(r->test, NGX_CANONICAL_IN, "in");
    is_str(r->values[1], "A04", "its second value");
    is_num(r->values[2].len, 0, "and the end");
    is_str(r->then->value, "x", "then");
    is_str(r->otherwise->value, "y", "else");
    ok(r->next->regex != NULL, "a regular expression");

    bad(ADT "else { } }", "1: \"else\" stands right behind \"when\"");
    bad(ADT "when PID-8 present { } set a PID-3; else { } }",
        "1: \"else\" stands right behind \"when\"");
    bad(ADT "when PID-8 present { } else { } else { } }",
        "1: \"else\" stands right behind \"when\"");
    bad(ADT "when PID-8 { } }",
        "1: invalid number of arguments in \"when\" directive");
    bad(ADT "when PID-8 == M { } }",
        "1: invalid test \"==\", present, =, !=, in or ~ is expected");
    bad(ADT "when PID-8 | PID-9 { } }",
        "1: present, =, !=, in or ~ is expected");
    bad(ADT "when PID-8 = { } }", "1: a value is expected behind \"=\"");
    bad(ADT "when PID-8 != M F { } }", "1: invalid parameter \"F\"");
    bad(ADT "when PID-8 present M { } }", "1: invalid parameter \"M\"");
    bad(ADT "when PID-8 = \"\" { } }",
        "1: an empty value is none, use \"present\" and \"else\"");
    bad(ADT "when PID-3[*] present { } }", "1: \"PID-3[*]\" gives several "
        "values, which a target with \"[]\" can have only");
    ok(compile(ADT "when PID-8 ~ a( { } }") == NULL
       && strstr(mc.error, "invalid regular expression \"a(\": "),
       "a wrong regular expression");

    strcpy(text, ADT);

    for (i = 0; i < 33; i++) {
        strcat(text, "when PID-8 present { ");
    }

    bad(text, "1: too many blocks in each other");
}


static void
test_fhir(void)
{
    ngx_canonical_map_t     *m;
    ngx_canonical_rule_t    *r;
    ngx_canonical_source_t  *s;

    m = good(PAT "set a \"identifier.where(system='a|b').value.first() | id\";"
             "set b \"(gender | id).first()\"; set c \"x{id}{gender|id}\";"
             "set d \"gender.matches('^[a-z]{3}$')\"; set e gender | id;"
             "set f $remote_addr; set g \"iif(active, id, {})\";"
             "set t identifier.value.first() hmac=patient;"
             "each n[] \"name.where(use = 'official')\" {"
             "set f family; set g[] given; } }");

    s = find(m->block->rules, "a")->sources;
    is_str(s->text, "identifier.where(system='a|b').value.first()",
           "the first alternative");
    is_str(s->next->text, "id", "the second one");

    s = find(m->block->rules, "b")->sources;
    ok(s->next == NULL, "a union in parentheses is one source");

    s = find(m->block->rules, "c")->sources;
    is_num(s->kind, NGX_CANONICAL_SOURCE_TEMPLATE, "a template");
    is_str(s->parts->next->source->next->text, "id", "with an alternative");

    s = find(m->block->rules, "d")->sources;
    is_num(s->kind, NGX_CANONICAL_SOURCE_FHIRPATH, "braces in a string");

    s = find(m->block->rules, "e")->sources;
    is_str(s->next->text, "id", "an alternative in the next word");

    s = find(m->block->rules, "f")->sources;
    is_num(s->kind, NGX_CANONICAL_SOURCE_VARIABLE, "a variable");

    s = find(m->block->rules, "g")->sources;
    is_num(s->kind, NGX_CANONICAL_SOURCE_FHIRPATH, "the empty collection");

    s = find(m->block->rules, "t")->sources;
    ok(s->owner != NULL, "who has an identifier's value");

    r = find(m->block->rules, "n[]");
    is_num(r->block->fhir, ngx_fhir_type((u_char *) "HumanName", 9),
           "the type in each");

    ok(reads_chain(m, "name.family") && reads_chain(m, "name.use")
       && reads_chain(m, "identifier.system") && reads_chain(m, "gender")
       && !reads_chain(m, "family"), "what it reads");

    ok(compile(PAT "set a nme.family; }") == NULL
       && strstr(mc.error, "1: invalid expression \"nme.family\": "),
       "an element that R4 does not have");
    ok(compile(PAT "set a \"id | name.\"; }") == NULL
       && strstr(mc.error, "1: invalid expression \"name.\": ")
       && strstr(mc.error, " at character 5"), "an expression cut off");
    ok(compile(PAT "set a \"{id}{name..x}\"; }") == NULL
       && strstr(mc.error, "1: invalid expression \"name..x\": "),
       "a wrong expression in a template");
    ok(compile(PAT "each n[] name { set a birthDate; } }") == NULL,
       "an element that the type in each does not have");

    m = good("canonical_map m version=1 { from canonical charge; to json;"
             "set x amount.value; each l[] lines { set y qty.value; } }");
    ok(reads_chain(m, "amount.value") && reads_chain(m, "lines.qty.value"),
       "names of a canonical object are not those of FHIR");
}


/* a source that a map must not have, for all that its "phi" says */

static void
test_to_hl7(void)
{
    ngx_canonical_map_t   *m;
    ngx_canonical_rule_t  *r;

#define MFN  "canonical_map m version=1 { from canonical item; "              \
             "to hl7 MFN^M16^MFN_M16 version=2.8;"

    m = good(MFN "segment MSH { const 3 ERP; } segment ITM { set 1 id; "
             "set 4.1.2 status; set 5[] tags; } each pack packs {"
             "segment PKG { set 2 unit; each 6[] labels { set 1 c; "
             "set 2.1 t; } } } when lots present { segment ZLT { } } }");

    is_str(m->msh.type, "MFN^M16^MFN_M16", "its type");
    is_str(m->msh.version, "2.8", "its version");

    r = find(m->block->rules, "ITM");
    is_num(r->kind, NGX_CANONICAL_SEGMENT, "a segment");
    is_str(r->block->name, "ITM", "its name");
    is_str(r->block->slots[1].name, "4.1.2", "a field is one name");
    is_num(r->block->slots[1].parent, NGX_CANONICAL_NO_SLOT, "no objects");
    ok(find(m->block->rules, "ITM-4.1.2") && find(m->block->rules,
                                                  "PKG-6[].2.1"),
       "whole targets");

    bad(MFN "set a id; }", "1: \"set\" stands in no \"segment\"");
    bad(MFN "const a id; }", "1: \"const\" stands in no \"segment\"");
    bad(MFN "segment ITM { segment PKG { } } }",
        "1: \"segment\" stands in another one");
    bad(MFN "segment itm { } }", "1: \"itm\" is no segment");
    bad(MFN "segment ITM { } segment MSH { } }",
        "1: \"segment MSH\" must stand first");
    bad(MFN "segment MSH { const 9 x; } }",
        "1: MSH-1, MSH-2 and MSH-9 cannot be set");
    bad(MFN "segment ITM { set a id; } }",
        "1: invalid target \"ITM-a\", the number of a field is expected");
    bad(MFN "segment ITM { set 1.2.3.4 id; } }",
        "1: invalid target \"ITM-1.2.3.4\", the number of a field is "
        "expected");
    bad(MFN "segment ITM { set 0 id; } }",
        "1: invalid target \"ITM-0\", the number of a field is expected");
    bad(MFN "segment ITM { set 1.2[] id; } }",
        "1: invalid target \"ITM-1.2[]\", the number of a field is expected");
    bad(MFN "segment ITM { each 1[] x { set 1.2.3 id; } } }",
        "1: invalid target \"ITM-1[].1.2.3\", the number of a field is "
        "expected");
    bad(MFN "segment ITM { set 3 id; set 3.1 x; } }",
        "1: \"3.1\" is a part of \"3\", which is set as a whole");
    bad(MFN "segment ITM { set 3.1.1 id; set 3.1 x; } }",
        "1: \"3.1.1\" is a part of \"3.1\", which is set as a whole");
    bad(MFN "segment ITM { each x y { set 1 id; } } }",
        "1: the name of \"each\" ends with \"[]\"");
    bad(MFN "each x[] y { } }",
        "1: the name of an \"each\" around segments has no \"[]\"");
    bad(HEAD "to json; segment ITM { } }",
        "1: \"segment\" is for maps \"to hl7\"");
    bad(HEAD "to json; each x FT1 { set a FT1-1; } }",
        "1: the name of \"each\" ends with \"[]\"");
    bad(HEAD "to hl7 MFN; }",
        "1: invalid message \"MFN\", TYPE^EVENT is expected");
    bad(HEAD "to hl7; }", "1: TYPE^EVENT is expected");
    bad(HEAD "to hl7 MFN^M16 version=x; }",
        "1: invalid parameter \"version=x\"");
}


/* the maps of the language's description, as they stand there */

static void
test_worked(void)
{
    ngx_canonical_map_t   *m;
    ngx_canonical_rule_t  *r;

    static const char  text[] =
        KEY "\n"
        "canonical_table patient_class { default other; I inpatient;\n"
        "    AMB outpatient; }\n"
        "canonical_table cost_center   { default 9999; OR 4100; 4E 4120; }\n"
        "canonical_table ft1_type      { CG charge; CD credit; }  # none\n"
        "canonical_table code_system   { default local; C4 cpt; }\n"
        "canonical_table fhir_state    { finished closed; planned due; }\n"
        "canonical_map adt_encounter version=3 {\n"
        "    from    hl7 ADT^A01 ADT^A04 ADT^A08 ADT^A03;\n"
        "    emit    encounter key=visit_id;\n"
        "    zone    msh Europe/Berlin;\n"
        "    schema  encounter.v3.json on_error=reject;\n"
        "    set   event           EVN-1|MSH-9.2            required;\n"
        "    set   event_time      EVN-2|MSH-7              ts required;\n"
        "    set   visit_id        PV1-19.1|PID-18.1        required;\n"
        "    set   patient.token   PID-3[5=MR].1 hmac=patient required;\n"
        "    set   patient.birth   PID-7                    date mask=year;\n"
        "    set   class           PV1-2 map=patient_class required;\n"
        "    set   location.facility PV1-3.4.1;\n"
        "    each  attending[]     PV1-7 {\n"
        "        set  id           .1                       required;\n"
        "        set  name         .2.1                     drop;\n"
        "    }\n"
        "    each  diagnoses[]     DG1 {\n"
        "        set  code.value   DG1-3.1                  required;\n"
        "        set  code.system  DG1-3.3                  map=code_system;\n"
        "    }\n"
        "    when  MSH-9.2 = A03 { const state closed; }\n"
        "    else  { const state open; }\n"
        "}\n"
        "canonical_map dft_charge version=2 {\n"
        "    from    hl7 DFT^P03 DFT^P11;\n"
        "    zone    msh Europe/Berlin;\n"
        "    each  charge FT1 with PR1 NTE {       # one object per FT1\n"
        "        emit  charge key=charge_id;\n"
        "        set   charge_id FT1-2.1 | \"{MSH-4.1}/{MSH-10}/{FT1-1}\" "
        "required;\n"
        "        set   kind            FT1-6         map=ft1_type required;\n"
        "        set   service_date    FT1-4.1              date required;\n"
        "        set   quantity        FT1-10         decimal default=1;\n"
        "        set   amount.value    FT1-11.1.1           decimal=2;\n"
        "        set   amount.currency FT1-11.1.2           default=USD;\n"
        "        each  diagnoses[]     FT1-19 {\n"
        "            set  value .1 required;\n"
        "            set  system .3 map=code_system;\n"
        "        }\n"
        "        each  procedures[]    PR1 {\n"
        "            set  value PR1-3.1;\n"
        "        }\n"
        "    }\n"
        "}\n"
        "canonical_map fhir_encounter version=1 {\n"
        "    from    fhir Encounter;\n"
        "    emit    encounter key=visit_id;\n"
        "    zone    Europe/Amsterdam;\n"
        "    set   visit_id        \"identifier.where(system.endsWith("
        "'/visits')).value.first() | id\"  required;\n"
        "    set   patient.token   \"subject.reference.replace('Patient/', "
        "'')\"  hmac=patient required;\n"
        "    set   class           class.code map=patient_class required;\n"
        "    set   state           status     map=fhir_state required;\n"
        "    set   admit_time      period.start             ts;\n"
        "    set   location.facility serviceProvider.display;\n"
        "    each  attending[]     \"participant.where(individual.exists())\" "
        "{\n"
        "        set  id \"individual.reference.replace('Practitioner/', "
        "'')\" required;\n"
        "    }\n"
        "    each  reasons[]       reasonCode.coding {\n"
        "        set  value code;\n"
        "        set  system system;\n"
        "    }\n"
        "}\n";

    good(text);

    m = mapconf_map(&mc, "dft_charge");
    r = find(m->block->rules, "charge_id");
    is_num(r->line, 36, "a line of a map");
    is_num(r->sources->next->kind, NGX_CANONICAL_SOURCE_TEMPLATE,
           "a template as the second alternative");

    m = mapconf_map(&mc, "adt_encounter");
    ok(find(m->block->rules, "attending[].name")->drop, "drop");

    m = mapconf_map(&mc, "fhir_encounter");
    ok(reads_chain(m, "participant.individual.reference")
       && reads_chain(m, "reasonCode.coding.code")
       && reads_chain(m, "identifier.system") && reads_chain(m, "id"),
       "elements that are read");
}


/* each allocation may fail */

static void
test_memory(void)
{
    size_t                 limit;
    ngx_uint_t             failed;
    ngx_canonical_arena_t  a;

    static const char  text[] =
        ADT "set a.b PID-3[5=MR].1 hmac=patient; set c \"{PID-3}x\";"
        "each d[] DG1 with NTE { set e DG1-3 bool=Y:N default=Y; }"
        "when PID-8 in M F { const f x; } phi allow=c,d; }";

    failed = 0;

    for (limit = 0; limit < 64 * 1024; limit += 256) {

        unit_arena(&a, limit);
        mapconf_init(&mc, &a);

        if (mapconf_read(&mc, text, strlen(text)) != NGX_OK) {
            failed += (mc.error[0] != '\0');
        }

        unit_arena_free(&a);
    }

    ok(failed > 10, "out of memory is an error, wherever");
}


int
main(void)
{
    test_map();
    test_set();
    test_target();
    test_hl7();
    test_each();
    test_when();
    test_fhir();
    test_to_hl7();
    test_worked();

    unit_arena_free(&arena);

    test_memory();

    return unit_done();
}
