
/*
 * Trees as XML, SOAP, a form and an HL7 v2 message.
 */

#include <libxml/parser.h>

#include "unit.h"
#include "arena.h"

#include "ngx_canonical_json.h"
#include "ngx_canonical_write.h"
#include "ngx_hl7_text.h"


static ngx_canonical_limits_t  limits = { 400, 100000, 100000, 64 };
static ngx_canonical_arena_t   arena;
static ngx_canonical_xml_t     order;
static ngx_canonical_msh_t     header;


static ngx_canonical_node_t *
tree(const char *json)
{
    ngx_str_t               text;
    ngx_canonical_node_t   *root;
    ngx_canonical_error_t   err;

    text.data = (u_char *) json;
    text.len = strlen(json);

    if (ngx_canonical_json_read(&arena, &text, &limits, &root, &err)
        != NGX_OK)
    {
        printf("# %s at %d of %s\n", err.text, (int) err.offset, json);
        exit(2);
    }

    return root;
}


/* [{"ITM": {...}}, ...] to an array of objects with names */

static ngx_canonical_node_t *
message(const char *json)
{
    ngx_canonical_node_t  *root, *node, *next;

    root = tree(json);

    node = root->first;
    root->first = NULL;
    root->last = NULL;

    for ( /* void */ ; node; node = next) {
        next = node->next;
        ngx_canonical_append(root, node->first);
    }

    return root;
}


static void
result(ngx_int_t rc, ngx_str_t *out, const char *why, const char *want,
    const char *title)
{
    ngx_str_t  got;

    if (rc == NGX_OK) {
        got = *out;

    } else {
        got.data = (u_char *) (why ? why : "no memory");
        got.len = strlen((char *) got.data);
    }

    if (!ok(got.len == strlen(want) && memcmp(got.data, want, got.len) == 0,
            title))
    {
        printf("#   got %.*s\n#   want %s\n", (int) got.len, got.data, want);
    }
}


#define DECL  "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"


static void
xml(const char *json, const char *want, const char *title)
{
    ngx_int_t    rc;
    ngx_str_t    out;
    const char  *why;

    unit_arena(&arena, 1 << 20);

    why = NULL;
    rc = ngx_canonical_write_xml(&arena, tree(json), &order, &out, &why);

    result(rc, &out, why, want, title);

    unit_arena_free(&arena);
}


static void
to_xml(void)
{
    char  deep[2048], *p;

    ngx_str_set(&order.root, "o");

    xml("{\"a\":\"x\",\"b\":1.50,\"c\":true}",
        DECL "<o><a>x</a><b>1.50</b><c>true</c></o>\n", "members");
    xml("{}", DECL "<o/>\n", "an empty object");
    xml("\"x\"", DECL "<o>x</o>\n", "a string");
    xml("{\"a\":null,\"b\":\"\",\"c\":[]}", DECL "<o><a/><b></b></o>\n",
        "null, an empty string, an empty array");
    xml("{\"l\":[1,{\"m\":2},null]}",
        DECL "<o><l>1</l><l><m>2</m></l><l/></o>\n", "an array");
    xml("{\"a\":{\"b\":1,\"@c\":\"x\",\"@d\":null}}",
        DECL "<o><a c=\"x\" d=\"\"><b>1</b></a></o>\n",
        "attributes come first");
    xml("{\"#text\":\"12.50\",\"@cur\":\"EUR\"}",
        DECL "<o cur=\"EUR\">12.50</o>\n", "text beside attributes");
    xml("{\"a\":\"<&>\\\"]]>\\r\\n\\u00e4\",\"@b\":\"<&>\\\"'\\n\\u00e4\"}",
        DECL "<o b=\"&lt;&amp;&gt;&quot;'&#10;\xc3\xa4\"><a>&lt;&amp;&gt;"
        "&quot;]]&gt;&#13;\n\xc3\xa4</a></o>\n", "what must be escaped");
    xml("{\"\\u00e4\":1}", DECL "<o><\xc3\xa4>1</\xc3\xa4></o>\n",
        "a name beyond ASCII");

    xml("[1]", "an array is no XML document", "an array");
    xml("{\"a\":[[1]]}", "an array in an array", "an array in an array");
    xml("{\"\":1}", "not a name of XML", "no name");
    xml("{\"a b\":1}", "not a name of XML", "a space");
    xml("{\"1\":1}", "not a name of XML", "a number");
    xml("{\"a><b\":1}", "not a name of XML", "a tag");
    xml("{\"@\":1}", "not a name of XML", "an attribute without a name");
    xml("{\"a\\u0000b\":1}", "not a name of XML", "a zero");
    xml("{\"a:b\":1}", "a prefix without a namespace", "a prefix");
    xml("{\"@xmlns\":\"u\"}", "a namespace is no attribute", "xmlns");
    xml("{\"@xmlns:a\":\"u\"}", "a prefix without a namespace", "xmlns:a");
    xml("{\"@a\":{}}", "an attribute has one value", "an attribute's object");
    xml("{\"@a\":[]}", "an attribute has one value", "an attribute's array");
    xml("{\"#text\":{}}", "a text has one value", "a text's object");
    xml("{\"a\":\"\\u0001\"}", "a character that XML does not have",
        "a control character");
    xml("{\"a\":\"x\\u0000\"}", "a character that XML does not have",
        "a zero in a text");
    xml("{\"a\":\"\\uffff\"}", "a character that XML does not have", "U+FFFF");

    p = deep;
    memset(p, 0, sizeof(deep));

    while (p < deep + 127 * 5) {
        p = stpcpy(p, "{\"a\":");
    }

    memset(stpcpy(p, "1"), '}', 127);

    unit_arena(&arena, 1 << 20);
    {
        ngx_str_t    out;
        const char  *why;

        ok(ngx_canonical_write_xml(&arena, tree(deep), &order, &out, &why)
           == NGX_OK, "128 elements in each other");
    }
    unit_arena_free(&arena);

    memmove(deep + 5, deep, strlen(deep));
    memcpy(deep, "{\"a\":", 5);
    strcat(deep, "}");

    xml(deep, "nested too deeply", "129 elements");
}


/* what JSON does not have, and sizes */

static void
to_xml_odd(void)
{
    size_t                 i;
    ngx_int_t              rc;
    ngx_str_t              out;
    const char            *why;
    ngx_canonical_node_t  *root;

    unit_arena(&arena, 1 << 20);

    root = tree("{\"a\":\"b\"}");
    root->first->name = (u_char *) "eh\x82";
    root->first->name_len = 3;

    why = NULL;
    rc = ngx_canonical_write_xml(&arena, root, &order, &out, &why);
    result(rc, &out, why, "not a name of XML", "a name that is not UTF-8");

    root->first->name_len = 1;
    root->first->name = (u_char *) "a";
    root->first->data = (u_char *) "\xe4";

    rc = ngx_canonical_write_xml(&arena, root, &order, &out, &why);
    result(rc, &out, why, "a character that XML does not have",
           "a text that is not UTF-8");

    root->first->len = 100000;
    root->first->data = ngx_canonical_alloc(&arena, 100000);
    memset(root->first->data, 'x', 100000);

    ok(ngx_canonical_write_xml(&arena, root, &order, &out, &why) == NGX_OK
       && out.len == sizeof(DECL "<o><a></a></o>\n") - 1 + 100000,
       "a text of 100,000 bytes");

    root = tree("{\"a\":[]}");

    for (i = 0; i < 200; i++) {
        ngx_canonical_append(root->first, tree("1"));
    }

    ok(ngx_canonical_write_xml(&arena, root, &order, &out, &why) == NGX_OK
       && out.len == sizeof(DECL "<o></o>\n") - 1 + 200 * 8,
       "200 elements in one");

    unit_arena_free(&arena);
}


static void
to_soap(void)
{
    ngx_str_set(&order.root, "m:Do");
    xml("{}", "a prefix without a namespace", "a root's prefix");

    ngx_str_set(&order.xmlns, "urn:a&b");
    xml("{\"m:a\":1,\"b\":{\"@m:c\":\"2\"}}",
        DECL "<m:Do xmlns:m=\"urn:a&amp;b\"><m:a>1</m:a><b m:c=\"2\"/>"
        "</m:Do>\n",
        "the root's prefix");
    xml("{\"n:a\":1}", "a prefix without a namespace", "another prefix");

    order.soap = 11;
    xml("{\"m:a\":1}",
        DECL "<soap:Envelope xmlns:soap=\"http://schemas.xmlsoap.org/soap/"
        "envelope/\"><soap:Body><m:Do xmlns:m=\"urn:a&amp;b\"><m:a>1</m:a>"
        "</m:Do></soap:Body></soap:Envelope>\n", "SOAP 1.1");

    order.soap = 12;
    ngx_str_set(&order.root, "Do");
    xml("{\"a\":1}",
        DECL "<soap:Envelope xmlns:soap=\"http://www.w3.org/2003/05/"
        "soap-envelope\"><soap:Body><Do xmlns=\"urn:a&amp;b\"><a>1</a>"
        "</Do></soap:Body></soap:Envelope>\n", "SOAP 1.2");

    ngx_memzero(&order, sizeof(order));
}


static void
form(const char *json, const char *want, const char *title)
{
    ngx_int_t    rc;
    ngx_str_t    out;
    const char  *why;

    unit_arena(&arena, 1 << 20);

    why = NULL;
    rc = ngx_canonical_write_form(&arena, tree(json), &out, &why);

    result(rc, &out, why, want, title);

    unit_arena_free(&arena);
}


static void
to_form(void)
{
    char  deep[1024], *p;

    form("{\"a\":\"x y\",\"b\":-1.50,\"c\":false,\"d\":null,\"e\":\"\"}",
         "a=x+y&b=-1.50&c=false&d=&e=", "values");
    form("{\"a\":\"&=+%~*-._\\u00e4\\n/\"}",
         "a=%26%3D%2B%25%7E*-._%C3%A4%0A%2F", "what is escaped");
    form("{\"a b\":1,\"=\":2}", "a+b=1&%3D=2", "names");
    form("{\"a\":{\"b\":{\"c\":1}},\"d\":[1,2],\"e\":[{\"f\":3}]}",
         "a%5Bb%5D%5Bc%5D=1&d%5B%5D=1&d%5B%5D=2&e%5B%5D%5Bf%5D=3",
         "members in each other, arrays");
    form("{\"a\":{},\"b\":[]}", "", "nothing");
    form("[1]", "a form is an object", "an array");

    p = deep;
    memset(p, 0, sizeof(deep));

    while (p < deep + 65 * 5) {
        p = stpcpy(p, "{\"a\":");
    }

    memset(stpcpy(p, "1"), '}', 65);

    form(deep, "nested too deeply", "65 members in each other");
}


#define MSH    "MSH|^~\\&|||||20261121||MFN^M16^MFN_M16|C1|P|2.5.1\r"
#define MSH_U  "MSH|^~\\&|||||20261121||MFN^M16^MFN_M16|C1|P|2.5.1||||||"     \
               "UNICODE UTF-8\r"


static void
hl7(const char *json, const char *want, const char *title)
{
    ngx_int_t    rc;
    ngx_str_t    out;
    const char  *why;

    unit_arena(&arena, 16 << 20);

    why = NULL;
    rc = ngx_canonical_write_hl7(&arena, message(json), &header, &out, &why);

    result(rc, &out, why, want, title);

    unit_arena_free(&arena);
}


static void
to_hl7(void)
{
    ngx_str_set(&header.type, "MFN^M16^MFN_M16");
    ngx_str_set(&header.version, "2.5.1");
    ngx_str_set(&header.control_id, "C1");
    ngx_str_set(&header.time, "20261121");

    hl7("[]", MSH, "MSH alone");
    hl7("[{\"ITM\":{\"1\":\"I-1\",\"2\":\"Screw\",\"5\":12.50,\"6\":true}},"
        "{\"ZZ1\":{}}]", MSH "ITM|I-1|Screw|||12.50|true\rZZ1\r", "fields");
    hl7("[{\"ITM\":{\"5\":\"e\",\"1\":\"a\",\"3.2\":\"d\",\"3.1\":\"c\"}}]",
        MSH "ITM|a||c^d||e\r", "in the order of their numbers");
    hl7("[{\"PID\":{\"3.1\":\"1\",\"3.4.2\":\"o\",\"3.4.3\":\"ISO\","
        "\"3.5\":\"MR\"}}]", MSH "PID|||1^^^&o&ISO^MR\r",
        "components and subcomponents");
    hl7("[{\"PID\":{\"3\":[\"a\",\"\",\"c\"],\"5\":[],\"6\":[null,\"x\"]}}]",
        MSH "PID|||a~~c|||\"\"~x\r", "repetitions");
    hl7("[{\"PID\":{\"3\":[{\"1\":\"a\",\"4.1\":\"b\"},{\"1\":\"c\","
        "\"4\":{\"2\":\"d\"}}],\"5\":{\"1\":\"e\",\"2\":\"f\"}}}]",
        MSH "PID|||a^^^b~c^^^&d||e^f\r", "objects as parts");
    hl7("[{\"PID\":{\"3\":null,\"5.1\":null,\"7\":\"\",\"8\":\"\\\"\\\"\"}}]",
        MSH "PID|||\"\"||\"\"|||\\X2222\\\r",
        "nulls, and what looks like one");
    hl7("[{\"NTE\":{\"3\":\"a|b^c~d\\\\e&f\"}}]",
        MSH "NTE|||a\\F\\b\\S\\c\\R\\d\\E\\e\\T\\f\r", "delimiters");
    hl7("[{\"NTE\":{\"3\":\"a\\nb\\r\\n\\nc\\rd\\te\\n\"}}]",
        MSH "NTE|||a\\.br\\b\\.br\\\\.br\\c d e\\.br\\\r", "ends of lines");
    hl7("[{\"NTE\":{\"512\":\"\",\"3\":\"a\",\"4.512\":\"\"}}]",
        MSH "NTE|||a\r", "nothing is written for empty values");
    hl7("[{\"NTE\":{\"3\":\"\\u00e4\"}}]", MSH_U "NTE|||\xc3\xa4\r",
        "a byte beyond ASCII sets MSH-18");

    hl7("[{\"MSH\":{\"3\":\"ERP\",\"6.1\":\"F\",\"11\":\"T\",\"7\":\"2027\","
        "\"10\":\"C2\",\"12.1\":\"2.7\",\"21\":[\"a\",\"b\"]}}]",
        "MSH|^~\\&|ERP|||F|2027||MFN^M16^MFN_M16|C2|T|2.7|||||||||a~b\r",
        "MSH adds and replaces");
    hl7("[{\"MSH\":{\"18\":\"8859/1\"}}]",
        "MSH|^~\\&|||||20261121||MFN^M16^MFN_M16|C1|P|2.5.1||||||8859/1\r",
        "MSH-18 may be set");
    hl7("[{\"MSH\":{\"18\":\"UNICODE UTF-8\",\"3\":\"\\u00e4\"}}]",
        "MSH|^~\\&|\xc3\xa4||||20261121||MFN^M16^MFN_M16|C1|P|2.5.1||||||"
        "UNICODE UTF-8\r", "also to what it is");
    hl7("[{\"MSH\":{\"18\":\"8859/1\",\"3\":\"\\u00e4\"}}]",
        "MSH-18 is not UNICODE UTF-8", "but not to what it is not");
    hl7("[{\"MSH\":{\"1\":\"|\"}}]", "MSH-1, MSH-2 and MSH-9 cannot be set",
        "MSH-1");
    hl7("[{\"MSH\":{\"2\":\"|\"}}]", "MSH-1, MSH-2 and MSH-9 cannot be set",
        "MSH-2");
    hl7("[{\"MSH\":{\"9.1\":\"ADT\"}}]",
        "MSH-1, MSH-2 and MSH-9 cannot be set", "MSH-9");

    ngx_str_set(&header.type, "MFN|M16");
    hl7("[]", "not a message type", "a message type with a separator");
    ngx_str_set(&header.type, "MFN^M16^MFN_M16");

    ngx_str_set(&header.control_id, "C|1");
    hl7("[]", "MSH|^~\\&|||||20261121||MFN^M16^MFN_M16|C\\F\\1|P|2.5.1\r",
        "a control id is escaped");
    ngx_str_set(&header.control_id, "C1");
}


static void
refused_hl7(void)
{
    ngx_int_t    rc;
    ngx_str_t    out;
    const char  *why;

    unit_arena(&arena, 1 << 20);
    why = NULL;
    rc = ngx_canonical_write_hl7(&arena, tree("{}"), &header, &out, &why);
    result(rc, &out, why, "a message is an array of segments", "an object");
    unit_arena_free(&arena);

    hl7("[{\"IT\":{}}]", "not a segment", "a name of two");
    hl7("[{\"ITMX\":{}}]", "not a segment", "a name of four");
    hl7("[{\"itm\":{}}]", "not a segment", "a name in lower case");
    hl7("[{\"1TM\":{}}]", "not a segment", "a name that begins with a digit");
    hl7("[{\"BHS\":{}}]", "not a segment", "a header of a batch");
    hl7("[{\"FHS\":{}}]", "not a segment", "a header of a file");
    hl7("[{\"ITM\":\"x\"}]", "not a segment", "a string");
    hl7("[{\"ITM\":{}},{\"MSH\":{}}]", "MSH is not the first segment",
        "MSH in the middle");

#define NUMBER  "not the number of a field or of a part of it"

    hl7("[{\"ITM\":{\"0\":1}}]", NUMBER, "field 0");
    hl7("[{\"ITM\":{\"01\":1}}]", NUMBER, "a leading zero");
    hl7("[{\"ITM\":{\"513\":1}}]", NUMBER, "field 513");
    hl7("[{\"ITM\":{\"99999999999999999999\":1}}]", NUMBER, "a large number");
    hl7("[{\"ITM\":{\"\":1}}]", NUMBER, "no number");
    hl7("[{\"ITM\":{\"3.\":1}}]", NUMBER, "a dot at the end");
    hl7("[{\"ITM\":{\"3-1\":1}}]", NUMBER, "another separator");
    hl7("[{\"ITM\":{\"3.1.1.1\":1}}]", NUMBER, "four numbers");
    hl7("[{\"ITM\":{\"3.1\":{\"1.1\":1}}}]", NUMBER, "four numbers in two");
    hl7("[{\"ITM\":{\"a\":1}}]", NUMBER, "a letter");

#define TWICE  "a field that is given twice"

    hl7("[{\"ITM\":{\"3\":1,\"3.1\":2}}]", TWICE, "3 and 3.1");
    hl7("[{\"ITM\":{\"3.1\":1,\"3\":2}}]", TWICE, "3.1 and 3");
    hl7("[{\"ITM\":{\"3.2\":1,\"3.2.2\":2}}]", TWICE, "3.2 and 3.2.2");
    hl7("[{\"ITM\":{\"3.2.1\":1,\"3\":{\"2.1\":2}}}]", TWICE, "3.2.1 twice");
    hl7("[{\"ITM\":{\"3\":[1,2],\"3.2\":2}}]", TWICE, "an array and 3.2");

    hl7("[{\"ITM\":{\"3.1\":[1]}}]", "only a field can repeat",
        "a component that repeats");
    hl7("[{\"ITM\":{\"3\":[[1]]}}]", "only a field can repeat",
        "an array in an array");
}


/* repetitions up to the limit, and one more */

static void
repetitions(void)
{
    int          i;
    char        *json, *p;
    ngx_str_t    out;
    const char  *why;

    json = malloc(65537 * 2 + 64);

    for (i = 65535; i <= 65536; i++) {
        p = stpcpy(json, "[{\"ITM\":{\"3\":[1");

        memset(p, 0, 65537 * 2);

        while (p < json + 15 + (i - 1) * 2) {
            p = stpcpy(p, ",1");
        }

        strcpy(p, "]}}]");

        unit_arena(&arena, 64 << 20);

        why = "";

        if (ngx_canonical_write_hl7(&arena, message(json), &header, &out, &why)
            == NGX_OK)
        {
            ok(i == 65535 && out.len == sizeof(MSH "ITM|||\r") - 1 + i * 2 - 1,
               "65,535 repetitions");

        } else {
            ok(i == 65536 && strcmp(why, "too many repetitions") == 0,
               "one more");
        }

        unit_arena_free(&arena);
    }

    free(json);
}


/* an arena that is too small, everywhere */

static void
memory(void)
{
    size_t                 limit, left;
    ngx_str_t              out;
    ngx_int_t              rc[3];
    ngx_uint_t             i, seen[3];
    const char            *why;
    ngx_canonical_node_t  *object, *array;

    ngx_memzero(seen, sizeof(seen));

    ngx_str_set(&order.root, "o");

    for (limit = 0; limit <= 65536; limit += 1024) {
        unit_arena(&arena, 1 << 20);

        object = tree("{\"a\":\"0123456789\",\"b\":{\"c\":[1,2,3]}}");
        array = message("[{\"ITM\":{\"1\":\"a\",\"2\":[1,2,3]}}]");

        /* the writers get "limit" bytes only */

        left = arena.limit;
        arena.pos = arena.end;
        arena.limit = arena.taken + limit;

        why = NULL;
        rc[0] = ngx_canonical_write_xml(&arena, object, &order, &out, &why);
        rc[1] = ngx_canonical_write_form(&arena, object, &out, &why);
        rc[2] = ngx_canonical_write_hl7(&arena, array, &header, &out, &why);

        for (i = 0; i < 3; i++) {
            seen[i] |= (rc[i] == NGX_OK) ? 1 : (rc[i] == NGX_ERROR) ? 2 : 4;
        }

        arena.limit = left;
        unit_arena_free(&arena);
    }

    ok(seen[0] == 3, "XML: no memory is an error");
    ok(seen[1] == 3, "a form: no memory is an error");
    ok(seen[2] == 3, "HL7: no memory is an error");
}


int
main(void)
{
    xmlInitParser();

    to_xml();
    to_xml_odd();
    to_soap();
    to_form();
    to_hl7();
    refused_hl7();
    repetitions();
    memory();

    xmlCleanupParser();

    return unit_done();
}
