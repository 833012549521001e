
/*
 * XML: any document as a tree, FHIR resources, what is refused and where.
 */

#include <libxml/parser.h>

#include "unit.h"
#include "arena.h"

#include "ngx_canonical_xml.h"
#include "ngx_hl7_message.h"
#include "ngx_fhir_tree.h"


#define FHIR  " xmlns=\"http://hl7.org/fhir\""
#define DIV   "<div xmlns=\"http://www.w3.org/1999/xhtml\">"

#define CORPUS  "../shared/corpus/fhirpath"


typedef ngx_int_t (*read_pt)(ngx_canonical_arena_t *a, ngx_str_t *text,
    ngx_canonical_limits_t *limits, ngx_canonical_node_t **root,
    ngx_canonical_error_t *err);


static ngx_canonical_limits_t  limits = { 64, 100000, 10000, 40 };
static ngx_canonical_error_t   err;
static ngx_canonical_arena_t   arena;


/* the body stands in memory of its own: a sanitizer sees what goes beyond */

static ngx_canonical_node_t *
read_len(read_pt reader, const char *body, size_t len)
{
    ngx_int_t              rc;
    ngx_str_t              text;
    ngx_canonical_node_t  *root;

    root = NULL;

    text.len = len;
    text.data = ngx_canonical_alloc(&arena, len + 1);
    memcpy(text.data, body, len);

    rc = reader(&arena, &text, &limits, &root, &err);

    if (rc == NGX_ERROR) {
        err.text = "no memory";
    }

    return (rc == NGX_OK) ? root : NULL;
}


/* as JSON without quotes; children of primitives in parentheses */

static char *
show(char *p, ngx_canonical_node_t *node)
{
    ngx_uint_t             container;
    ngx_canonical_node_t  *child;

    container = (node->kind >= NGX_CANONICAL_OBJECT);

    if (node->name_len) {
        p += sprintf(p, "%.*s:", (int) node->name_len, node->name);
    }

    if (node->kind == NGX_CANONICAL_NONE) {
        p += sprintf(p, "none");

    } else if (node->kind == NGX_CANONICAL_STRING) {
        p += sprintf(p, "'%.*s'", (int) node->len, node->data);

    } else if (!container) {
        p += sprintf(p, "%.*s", (int) node->len, node->data);
    }

    if (container || node->first) {
        *p++ = (node->kind == NGX_CANONICAL_OBJECT) ? '{'
               : (node->kind == NGX_CANONICAL_ARRAY) ? '[' : '(';

        for (child = node->first; child; child = child->next) {
            p = show(p, child);

            if (child->next) {
                *p++ = ',';
            }
        }

        *p++ = (node->kind == NGX_CANONICAL_OBJECT) ? '}'
               : (node->kind == NGX_CANONICAL_ARRAY) ? ']' : ')';
    }

    *p = '\0';

    return p;
}


static void
reads(read_pt reader, const char *body, const char *want, const char *title)
{
    char                   got[8192];
    ngx_canonical_node_t  *root;

    unit_arena(&arena, 1 << 20);

    root = read_len(reader, body, strlen(body));

    if (root) {
        show(got, root);

    } else {
        sprintf(got, "%d: %s", (int) err.offset, err.text);
    }

    if (!ok(strcmp(got, want) == 0, title)) {
        printf("#   got %s\n#   want %s\n", got, want);
    }

    unit_arena_free(&arena);
}


#define xml(body, want, title)                                                \
    reads(ngx_canonical_xml_read, body, want, title)

#define fhir(body, want, title)                                               \
    reads(ngx_fhir_xml_read, body, want, title)


static void
documents(void)
{
    xml("<a/>", "a:''", "an empty element is an empty string");
    xml("<a>x y</a>", "a:'x y'", "text");
    xml("<?xml version=\"1.0\"?>\n<!-- c --><a><b>1</b> t <c x='2'/></a>\n",
        "a:{b:'1',c:{x:'2'}}", "text between elements is left out");
    xml("<a><b>1</b><b>2</b><c/><b>3</b></a>",
        "a:{b:'1',b:'2',c:'',b:'3'}", "repeated ones stay repeated");
    xml("<a x=\"1\">t</a>", "a:{x:'1',value:'t'}", "text beside attributes");
    xml("<a x=\"1\"> \n</a>", "a:{x:'1'}", "white space is no value");
    xml("<a value=\"1\">t</a>", "a:{value:'1'}", "an attribute named value");
    xml("<a x=\"1\">t<b/>u</a>", "a:{x:'1',b:''}", "no value beside elements");
    xml("<p:a xmlns:p=\"urn:p\" p:x=\"1\" xml:lang=\"de\"><p:b/></p:a>",
        "a:{x:'1',lang:'de',b:''}", "local names");
    xml("<a b=\"&lt;&amp;&#228;\">&gt;&quot;&apos;&#x41;</a>",
        "a:{b:'<&\xc3\xa4',value:'>\"'A'}", "references");
    xml("<a>x<![CDATA[<&]]>y<!-- c -->z<?p i?>!</a>", "a:'x<&yz!'",
        "pieces of text");
    xml("<a>1\r\n2\r3</a>", "a:'1\n2\n3'", "ends of lines");
    xml("\xef\xbb\xbf<a>\xc3\xa4</a>", "a:'\xc3\xa4'", "a BOM");
    xml("<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>"
        "<a b=\"\xe4\">\xe4</a>",
        "a:{b:'\xc3\xa4',value:'\xc3\xa4'}", "Latin-1");
}


static void
refused(void)
{
    xml("", "0: no XML document", "an empty body");
    xml("{\"a\":1}", "0: no XML document", "JSON");
    xml("<a><b></a>", "10: end tag of another element", "a wrong end tag");
    xml("<a><b>", "6: document is not complete", "the end is missing");
    xml("<a/><b/>", "4: content behind the document", "two roots");
    xml("<a b=\"1\" b=\"2\"/>", "14: attribute is there twice",
        "an attribute twice");
    xml("<p:a/>", "4: prefix without a namespace", "no namespace");
    xml("<a>&nbsp;</a>", "9: entity that XML does not have", "&nbsp;");
    xml("<a b=\"&e;\"/>", "9: entity that XML does not have",
        "an entity in an attribute");
    xml("<!DOCTYPE a><a/>", "11: document type declaration", "a DTD");
    xml("<!DOCTYPE a SYSTEM \"file:///etc/hostname\"><a/>",
        "41: document type declaration", "an external DTD");
    xml("<!DOCTYPE a [<!ENTITY e SYSTEM \"file:///etc/hostname\">]><a>&e;</a>",
        "12: document type declaration", "an external entity");
    xml("<!DOCTYPE a [<!ENTITY e \"xx\"><!ENTITY f \"&e;&e;\">]><a>&f;</a>",
        "12: document type declaration", "entities of entities");
    xml("<!DOCTYPE\xc1" "a [<!ENTITY e \"x\">]><a>&e;</a>",
        "9: not a well-formed document", "a broken declaration");
    xml("<!DOCTYPE\xc1" "a [<!ENTITY e  \"x\"",
        "9: not a well-formed document", "one that ends in an entity");
    xml("<a>\x01</a>", "3: not a well-formed document", "a control character");
    xml("<a>\xff</a>", "3: not a well-formed document",
        "not UTF-8");
    xml("<?xml version=\"1.0\" encoding=\"X-NONE\"?><a/>",
        "37: unknown character set", "an unknown character set");
}


static void
resources(void)
{
    fhir("<Patient" FHIR "><id value=\"p1\"/><active value=\"true\"/>"
         "<name><given value=\"A\"/><given value=\"B\"/></name>"
         "<multipleBirthInteger value=\"2\"/></Patient>",
         "{resourceType:'Patient',id:'p1',active:true,"
         "name:[{given:['A','B']}],multipleBirthInteger:2}", "a patient");
    fhir("<f:Patient xmlns:f=\"http://hl7.org/fhir\">"
         "<f:gender value=\"male\"/></f:Patient>",
         "{resourceType:'Patient',gender:'male'}", "a prefix");
    fhir("<Patient" FHIR "><birthDate id=\"b\" value=\"1970\"><extension "
         "url=\"u\"><valueDecimal value=\"1.50\"/></extension></birthDate>"
         "</Patient>",
         "{resourceType:'Patient',birthDate:'1970'(id:'b',"
         "extension:[{url:'u',valueDecimal:1.50}])}",
         "a primitive's children");
    fhir("<Patient" FHIR "><name id=\"n\"><given value=\"A\"/><given>"
         "<extension url=\"u\"><valueCode value=\"c\"/></extension></given>"
         "</name></Patient>",
         "{resourceType:'Patient',name:[{id:'n',given:['A',none(extension:"
         "[{url:'u',valueCode:'c'}])]}]}", "a primitive without a value");
    fhir("<Patient" FHIR "><contained><Organization><id value=\"o\"/>"
         "</Organization></contained><contained><Practitioner/></contained>"
         "</Patient>",
         "{resourceType:'Patient',contained:[{resourceType:'Organization',"
         "id:'o'},{resourceType:'Practitioner'}]}", "contained resources");
    fhir("<Bundle" FHIR "><type value=\"batch\"/><entry><fullUrl value=\"u\"/>"
         "<resource><Basic/></resource></entry></Bundle>",
         "{resourceType:'Bundle',type:'batch',entry:[{fullUrl:'u',"
         "resource:{resourceType:'Basic'}}]}", "a bundle");
    fhir("<Basic" FHIR "><text><status value=\"empty\"/>" DIV "<p class=\"x\">"
         "a <b>b</b></p></div></text></Basic>",
         "{resourceType:'Basic',text:{status:'empty',div:none}}",
         "the narrative is left out");
    fhir("<Basic" FHIR
         " xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\""
         " xsi:schemaLocation=\"a b\" xml:lang=\"en\"> \n </Basic>",
         "{resourceType:'Basic'}", "attributes of XML");
}


static void
resources_refused(void)
{
    fhir("<Patient/>", "0: not a resource of FHIR R4", "no namespace of FHIR");
    fhir("<Nothing" FHIR "/>", "0: not a resource of FHIR R4",
         "no such resource");
    fhir("<Resource" FHIR "/>", "0: not a resource of FHIR R4", "abstract");
    fhir("<DomainResource" FHIR "/>", "0: not a resource of FHIR R4",
         "abstract, too");
    fhir("<HumanName" FHIR "/>", "0: not a resource of FHIR R4", "a type");
    fhir("<Basic" FHIR "><nothing/></Basic>",
         "35: element that FHIR R4 does not have here", "an element");
    fhir("<Basic" FHIR "><x:id xmlns:x=\"urn:x\" value=\"1\"/></Basic>",
         "35: element of another namespace", "another namespace");
    fhir("<Basic" FHIR "><text><div>x</div></text></Basic>",
         "41: element of another namespace", "a narrative that is not XHTML");
    fhir("<Observation" FHIR "><value value=\"1\"/></Observation>",
         "41: element that FHIR R4 does not have here", "a plain choice");
    fhir("<Patient" FHIR "><name><id value=\"1\"/></name></Patient>",
         "43: element that FHIR R4 does not have here", "id is an attribute");
    fhir("<Basic" FHIR "><extension><url value=\"u\"/></extension></Basic>",
         "46: element that FHIR R4 does not have here", "and so is url");
    fhir("<Basic" FHIR " id=\"x\"/>",
         "39: attribute that FHIR R4 does not have here", "id of a resource");
    fhir("<Basic" FHIR "><code value=\"x\"/></Basic>",
         "48: attribute that FHIR R4 does not have here", "value of a type");
    fhir("<Basic" FHIR "><id value=\"1\" url=\"x\"/></Basic>",
         "54: attribute that FHIR R4 does not have here",
         "an attribute of a primitive");
    fhir("<Basic" FHIR "><contained x=\"1\"><Basic/></contained></Basic>",
         "49: attribute that FHIR R4 does not have here",
         "an attribute around a resource");
    fhir("<Basic" FHIR "><id value=\"1\"/><id value=\"2\"/></Basic>",
         "50: element that cannot repeat", "an element twice");
    fhir("<Patient" FHIR "><name><given value=\"1\"/><family value=\"2\"/>"
         "<given value=\"3\"/></name></Patient>",
         "80: repetitions that stand apart", "repetitions apart");
    fhir("<Basic" FHIR "><contained/></Basic>",
         "47: no resource where one must be", "nothing contained");
    fhir("<Basic" FHIR "><contained><Basic/><Basic/></contained></Basic>",
         "54: two resources where one can be", "two contained in one");
    fhir("<Basic" FHIR "><id/></Basic>",
         "40: element with neither value nor children", "no value");
    fhir("<Basic" FHIR "><code/></Basic>",
         "42: element with neither value nor children", "no children");
    fhir("<Basic" FHIR ">\n x</Basic>", "35: text beside elements", "text");
    fhir("<Basic" FHIR "><id value=\"1\">x</id></Basic>",
         "49: text beside elements", "text of a primitive");
}


static void
number(const char *value, ngx_uint_t good)
{
    char        body[256], got[64];
    ngx_uint_t  is;

    sprintf(body, "<Observation" FHIR "><valueQuantity><value value=\"%s\"/>"
            "</valueQuantity></Observation>", value);

    unit_arena(&arena, 1 << 20);

    is = (read_len(ngx_fhir_xml_read, body, strlen(body)) != NULL);

    sprintf(got, "\"%.40s\" is %sa number", value, good ? "" : "not ");
    ok(is == good && (good || (err.offset == 70 && err.positioned)), got);

    unit_arena_free(&arena);
}


static void
numbers(void)
{
    number("0", 1);
    number("-0.50", 1);
    number("100.10", 1);
    number("1e3", 1);
    number("1.0E-20", 1);
    number("1234567890123456789012345678901234567890", 1);
    number("12345678901234567890123456789012345678901", 0);
    number("", 0);
    number("-", 0);
    number("+1", 0);
    number("01", 0);
    number("1.", 0);
    number(".5", 0);
    number("1e", 0);
    number("1e+", 0);
    number("1 ", 0);
    number("0x1", 0);
    number("NaN", 0);

    fhir("<Patient" FHIR "><active value=\"1\"/></Patient>",
         "52: not a boolean", "a boolean");
    fhir("<Patient" FHIR "><active value=\"True\"/></Patient>",
         "52: not a boolean", "another boolean");
    fhir("<Patient" FHIR "><active value=\"\"/></Patient>",
         "52: not a boolean", "no boolean");
}


static void
limited(void)
{
    limits.depth = 2;
    xml("<a><b><c/></b></a>", "a:{b:{c:''}}", "two containers");
    xml("<a><b><c x=''/></b></a>", "6: nested too deeply", "three");
    fhir("<Basic" FHIR "><code><text value=\"x\"/></code></Basic>",
         "{resourceType:'Basic',code:{text:'x'}}", "two containers");
    fhir("<Patient" FHIR "><name><text value=\"x\"/></name></Patient>",
         "43: nested too deeply", "the array is one of three");

    limits.depth = 64;
    limits.members = 2;
    xml("<a><b/><b/></a>", "a:{b:'',b:''}", "two members");
    xml("<a><b/><b/><b/></a>", "11: too many members", "three elements");
    xml("<a b='' c=''>x</a>", "18: too many members", "three with the text");
    fhir("<Basic" FHIR "><identifier><use value=\"a\"/></identifier>"
         "<identifier><use value=\"b\"/></identifier></Basic>",
         "{resourceType:'Basic',identifier:[{use:'a'},{use:'b'}]}",
         "two in the array");
    fhir("<Basic" FHIR "><identifier><use value=\"a\"/></identifier>"
         "<identifier><use value=\"b\"/></identifier><identifier/></Basic>",
         "117: too many members", "three");

    limits.members = 10000;
    limits.nodes = 3;
    xml("<a><b/><b/></a>", "a:{b:'',b:''}", "three nodes");
    xml("<a><b/><b/><b/></a>", "11: too many values", "four");

    limits.nodes = 100000;
}


/* offsets of values in the body, and strings that are in it */

static void
offsets(void)
{
    ngx_str_t              text;
    ngx_canonical_node_t  *root, *node;

    unit_arena(&arena, 1 << 20);

    ngx_str_set(&text, "\xef\xbb\xbf<a  b=\"12\"><c>34</c><d><e/></d></a>");

    ok(ngx_canonical_xml_read(&arena, &text, &limits, &root, &err) == NGX_OK,
       "a document is read");

    is_num(root->offset, 3, "offset of the root");

    node = ngx_canonical_get(root, "b");
    is_num(node->offset, 10, "offset of an attribute's value");
    ok(node->data == text.data + 10, "which is not copied");

    node = ngx_canonical_get(root, "c");
    is_num(node->offset, 17, "offset of a text");
    ok(node->data == text.data + 17, "which is not copied");

    node = ngx_canonical_get(root, "d");
    is_num(node->offset, 23, "offset of an element");
    is_num(node->first->offset, 26, "offset of an empty element");

    ngx_str_set(&text, "<Basic" FHIR "><code><text value=\"x\"/></code>"
                       "</Basic>");

    ok(ngx_fhir_xml_read(&arena, &text, &limits, &root, &err) == NGX_OK,
       "a resource is read");

    is_num(root->type, ngx_fhir_type((u_char *) "Basic", 5), "its type");

    node = ngx_canonical_get(root, "code");
    is_num(node->offset, 35, "offset of an element of a resource");
    is_num(node->first->offset, 54, "offset of a primitive");
    is_num(node->type, 0, "no other node has a type");

    unit_arena_free(&arena);
}


/* a document of UTF-16, and one whose end is half a character */

static void
charsets(void)
{
    char                   body[256];
    size_t                 i, n;
    ngx_canonical_node_t  *root;

    static const char  text[] = "<a b=\"1\">xyz</a>";

    n = 0;
    body[n++] = '\xff';
    body[n++] = '\xfe';

    for (i = 0; text[i]; i++) {
        body[n++] = text[i];
        body[n++] = '\0';
    }

    unit_arena(&arena, 1 << 20);

    root = read_len(ngx_canonical_xml_read, body, n);
    ok(root != NULL, "UTF-16 is read");

    if (root) {
        ok(root->first->len == 1 && root->first->data[0] == '1'
           && root->last->len == 3
           && memcmp(root->last->data, "xyz", 3) == 0, "and is UTF-8 then");
    }

    body[20] = '\0';
    body[21] = '\xd8';

    ok(read_len(ngx_canonical_xml_read, body, n) == NULL,
       "half a surrogate pair is refused");

    unit_arena_free(&arena);
}


/* the same tree, members in whatever order */

static ngx_uint_t
same(ngx_canonical_node_t *a, ngx_canonical_node_t *b, const char **why)
{
    ngx_uint_t             n;
    ngx_canonical_node_t  *x, *y;

    static char  name[64];

    if (a->name_len == 3 && memcmp(a->name, "div", 3) == 0) {
        return 1;
    }

    if (a->name_len) {
        sprintf(name, "%.*s", (int) ngx_min(a->name_len, 60), a->name);
        *why = name;
    }

    if (a->kind != b->kind || a->type != b->type || a->len != b->len
        || a->name_len != b->name_len
        || (a->len && memcmp(a->data, b->data, a->len) != 0))
    {
        return 0;
    }

    n = 0;

    for (x = a->first, y = b->first; x; x = x->next) {
        n++;

        if (a->kind != NGX_CANONICAL_ARRAY) {
            y = ngx_canonical_member(b, x->name, x->name_len);
        }

        if (y == NULL || !same(x, y, why)) {
            return 0;
        }

        y = y->next;
    }

    for (y = b->first; y; y = y->next) {
        n--;
    }

    return n == 0;
}


static void
pair(const char *title, ngx_str_t *xml_text, ngx_str_t *json_text)
{
    const char            *why;
    ngx_canonical_node_t  *xml_root, *json_root;

    unit_arena(&arena, 16 << 20);

    why = "not read";
    xml_root = NULL;
    json_root = NULL;

    (void) ngx_fhir_xml_read(&arena, xml_text, &limits, &xml_root, &err);
    (void) ngx_fhir_json_read(&arena, json_text, &limits, &json_root, &err);

    if (!ok(xml_root && json_root && same(xml_root, json_root, &why), title)) {
        printf("#   %s, %s\n", why, err.text ? err.text : "");
    }

    unit_arena_free(&arena);
}


static ngx_str_t
file(const char *name, const char *ext)
{
    char        path[256];
    FILE       *f;
    ngx_str_t   text;

    sprintf(path, CORPUS "/%s.%s", name, ext);

    ngx_str_null(&text);

    f = fopen(path, "r");

    if (f) {
        text.data = malloc(1 << 20);
        text.len = fread(text.data, 1, 1 << 20, f);
        fclose(f);
    }

    return text;
}


static void
pairs(void)
{
    ngx_str_t    x, j;
    ngx_uint_t   i;

    static const char *names[] = {
        "patient-example", "patient-example-period", "observation-example",
        "questionnaire-example", "valueset-example-expansion", NULL
    };

    ngx_str_set(&x,
        "<Observation" FHIR "><id value=\"o-1\"/><meta>"
        "<profile value=\"urn:a\"/><profile value=\"urn:b\"/></meta>"
        "<contained><Device><id value=\"d\"/>"
        "<deviceName id=\"n\"><name value=\"Pump &amp; co\"/>"
        "<type value=\"other\"/></deviceName></Device></contained>"
        "<extension url=\"urn:x\"><extension url=\"k\"><valueBoolean "
        "value=\"false\"/></extension></extension>"
        "<status value=\"final\"><extension url=\"urn:s\">"
        "<valueString value=\"&#xE4; x\"/></extension></status>"
        "<code><coding><system value=\"http://loinc.org\"/>"
        "<code value=\"29463-7\"/></coding></code>"
        "<effectiveDateTime><extension url=\"urn:absent\"><valueCode "
        "value=\"unknown\"/></extension></effectiveDateTime>"
        "<valueQuantity><value value=\"100.10\"/><unit value=\"kg\"/>"
        "</valueQuantity><component><code><text value=\"a\"/></code>"
        "<valueInteger value=\"3\"/></component></Observation>");

    ngx_str_set(&j,
        "{\"resourceType\":\"Observation\",\"id\":\"o-1\","
        "\"meta\":{\"profile\":[\"urn:a\",\"urn:b\"]},"
        "\"contained\":[{\"resourceType\":\"Device\","
        "\"id\":\"d\",\"deviceName\":[{\"id\":\"n\",\"name\":\"Pump & co\","
        "\"type\":\"other\"}]}],\"extension\":[{\"url\":\"urn:x\","
        "\"extension\":[{\"url\":\"k\",\"valueBoolean\":false}]}],"
        "\"status\":\"final\",\"_status\":{\"extension\":[{\"url\":\"urn:s\","
        "\"valueString\":\"\\u00e4 x\"}]},\"code\":{\"coding\":[{\"system\":"
        "\"http://loinc.org\",\"code\":\"29463-7\"}]},\"_effectiveDateTime\":"
        "{\"extension\":[{\"url\":\"urn:absent\",\"valueCode\":\"unknown\"}]},"
        "\"valueQuantity\":{\"value\":100.10,\"unit\":\"kg\"},\"component\":["
        "{\"code\":{\"text\":\"a\"},\"valueInteger\":3}]}");

    pair("an observation", &x, &j);

    ngx_str_set(&x,
        "<Bundle" FHIR "><type value=\"collection\"/><total value=\"1\"/>"
        "<entry><link><relation value=\"self\"/><url value=\"urn:l\"/></link>"
        "<resource><Patient><name><given value=\"A\"/><given id=\"g\">"
        "<extension url=\"u\"><valueDate value=\"2020\"/></extension></given>"
        "<given value=\"C\"/></name><deceasedBoolean value=\"true\"/>"
        "</Patient></resource></entry><entry><resource><Parameters>"
        "<parameter><name value=\"p\"/><resource><Basic/></resource>"
        "</parameter></Parameters></resource></entry></Bundle>");

    ngx_str_set(&j,
        "{\"resourceType\":\"Bundle\",\"type\":\"collection\",\"total\":1,"
        "\"entry\":[{\"link\":[{\"relation\":\"self\",\"url\":\"urn:l\"}],"
        "\"resource\":{\"resourceType\":\"Patient\","
        "\"name\":[{\"given\":[\"A\",null,\"C\"],\"_given\":[null,"
        "{\"id\":\"g\",\"extension\":[{\"url\":"
        "\"u\",\"valueDate\":\"2020\"}]},null]}],\"deceasedBoolean\":true}},"
        "{\"resource\":{\"resourceType\":\"Parameters\",\"parameter\":[{"
        "\"name\":\"p\",\"resource\":{\"resourceType\":\"Basic\"}}]}}]}");

    pair("a bundle", &x, &j);

    for (i = 0; names[i]; i++) {
        x = file(names[i], "xml");
        j = file(names[i], "json");

        if (x.data && j.data) {
            pair(names[i], &x, &j);
        }

        free(x.data);
        free(j.data);
    }
}


static void
repeat(char **p, const char *what, size_t n)
{
    while (n--) {
        *p = stpcpy(*p, what);
    }
}


static ngx_canonical_node_t *
large(read_pt reader, const char *start, const char *what, size_t n,
    const char *end)
{
    char                  *body, *p;
    ngx_canonical_node_t  *root;

    body = malloc(strlen(start) + strlen(what) * n + strlen(end) + 1);

    p = stpcpy(body, start);
    repeat(&p, what, n);
    p = stpcpy(p, end);

    root = read_len(reader, body, p - body);

    free(body);

    return root;
}


static void
sizes(void)
{
    ngx_uint_t             i;
    char                   start[65536], *p;
    ngx_canonical_node_t  *root;

    static char  names[20000 * 9];

    unit_arena(&arena, 256 << 20);

    limits.members = 10000000;
    limits.nodes = 10000000;

    root = large(ngx_canonical_xml_read, "<a>", "<b x='1'>some text</b>\n",
                 1000000, "</a>");
    ok(root && root->last->offset == 3 + 999999 * 23,
       "a document of 23M bytes");

    root = large(ngx_canonical_xml_read, "<a>", "some \xc3\xa4 text", 300000,
                 "</a>");
    ok(root && root->len == 300000 * 12, "a text of 3.6M bytes in pieces");

    root = large(ngx_fhir_xml_read, "<Binary" FHIR "><data value=\"", "QUJD",
                 2000000, "\"/></Binary>");
    ok(root && root->last->len == 8000000, "a value of 8M bytes");

    root = large(ngx_canonical_xml_read, "<?xml version=\"1.0\" encoding="
                 "\"ISO-8859-1\"?><a>", "<b x='\xe4'>\xf6</b>", 100000,
                 "</a>");
    ok(root && root->last->last->len == 2, "a document of 1.4M in Latin-1");

    root = large(ngx_canonical_xml_read, "", "<a>", 250, "");
    ok(root == NULL && strcmp(err.text, "nested too deeply") == 0,
       "a deep document");

    limits.depth = 10000;

    root = large(ngx_canonical_xml_read, "", "<a>", 10000, "");
    ok(root == NULL && strcmp(err.text, "nested too deeply") == 0,
       "a document too deep for libxml2");

    limits.depth = 64;

    p = stpcpy(start, "<a ");

    for (i = 0; i < 5000; i++) {
        p += sprintf(p, "a%d='' ", (int) i);
    }

    root = large(ngx_canonical_xml_read, start, " ", 10000, "/>");
    ok(root == NULL && strcmp(err.text, "too many attributes") == 0,
       "a tag with 5,000 attributes");

    p = stpcpy(start, "<a ");

    for (i = 0; i < 300; i++) {
        p += sprintf(p, "xmlns:a%d='u' ", (int) i);
    }

    root = large(ngx_canonical_xml_read, start, " ", 1, "/>");
    ok(root == NULL && strcmp(err.text, "too many namespaces") == 0,
       "a tag with 300 namespaces");

    p = stpcpy(names, "<a>");

    for (i = 0; i < 20000; i++) {
        p += sprintf(p, "<a%d/>", (int) i);
    }

    root = large(ngx_canonical_xml_read, names, " ", 10000, "</a>");
    ok(root == NULL && strcmp(err.text, "too many names") == 0,
       "20,000 names");

    unit_arena_free(&arena);

    limits.members = 10000;
    limits.nodes = 100000;
}


/* each limit of the arena, down to none */

static void
memory(void)
{
    size_t                 limit;
    ngx_str_t              text;
    ngx_uint_t             read;
    ngx_canonical_node_t  *root;

    ngx_str_set(&text, "<Basic" FHIR "><id value=\"1\"/><identifier><use "
                "value=\"&#228;\"/></identifier></Basic>");

    read = 0;

    for (limit = 0; limit < 16384 && !read; limit += 1024) {
        unit_arena(&arena, limit);

        read = (ngx_fhir_xml_read(&arena, &text, &limits, &root, &err)
                == NGX_OK);

        if (!read && strcmp(err.text, "document takes too much memory") != 0) {
            break;
        }

        unit_arena_free(&arena);
    }

    ok(read && limit > 1024, "a full arena is told");
}


int
main(void)
{
    xmlInitParser();

    (void) ngx_fhir_types_init(malloc);

    documents();
    refused();
    resources();
    resources_refused();
    numbers();
    limited();
    offsets();
    charsets();
    pairs();
    sizes();
    memory();

    xmlCleanupParser();

    return unit_done();
}
