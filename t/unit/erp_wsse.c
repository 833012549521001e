
/*
 * WS-Security in envelopes: what is in them is read with libxml2, the digest
 * is computed a second time.
 */

#include "unit.h"
#include "arena.h"

#include <libxml/parser.h>
#include <openssl/evp.h>

#include "ngx_erp_auth_wsse.h"
#include "ngx_erp_auth_template.h"
#include "ngx_canonical_xml.h"
#include "ngx_erp_judge.h"


#define S11  "http://schemas.xmlsoap.org/soap/envelope/"
#define S12  "http://www.w3.org/2003/05/soap-envelope"

#define PROFILE  "http://docs.oasis-open.org/wss/2004/01/"                    \
                 "oasis-200401-wss-username-token-profile-1.0#"

#define BODY(p)  "<" p "Body><x>1</x></" p "Body>"


static ngx_canonical_arena_t  arena;
static ngx_erp_wsse_t         token;

static ngx_canonical_limits_t  limits = { 64, 1000, 1000, 100 };


static ngx_str_t
text(const char *s)
{
    ngx_str_t  str;

    str.data = (u_char *) s;
    str.len = strlen(s);

    return str;
}


static ngx_str_t
envelope(const char *body)
{
    ngx_int_t  rc;
    ngx_str_t  in, out;

    in = text(body);

    rc = ngx_erp_wsse(&arena, &token, &in, &out);

    return (rc == NGX_OK) ? out
                          : text(rc == NGX_DECLINED ? "declined" : "error");
}


/* the value at a place of the envelope; "none" */

static ngx_str_t
value(ngx_str_t *xml, const char *place)
{
    ngx_str_t              pointer, v;
    ngx_canonical_node_t  *root, *node;
    ngx_canonical_error_t  err;

    pointer = text(place);

    if (ngx_canonical_xml_read(&arena, xml, &limits, &root, &err) != NGX_OK) {
        return text("no XML");
    }

    if (ngx_erp_pointer(root, &pointer, &node) != NGX_OK
        || ngx_erp_judge_value(node, &v) != NGX_OK)
    {
        return text("none");
    }

    return v;
}


static ngx_int_t
holds(ngx_str_t *s, const char *part)
{
    size_t  i, len;

    len = strlen(part);

    for (i = 0; i + len <= s->len; i++) {
        if (memcmp(s->data + i, part, len) == 0) {
            return 1;
        }
    }

    return 0;
}


static xmlNodePtr
child(xmlNodePtr node, const char *name, const char *ns)
{
    for (node = node ? node->children : NULL; node; node = node->next) {

        if (node->type == XML_ELEMENT_NODE
            && strcmp((char *) node->name, name) == 0
            && node->ns && strstr((char *) node->ns->href, ns))
        {
            return node;
        }
    }

    return NULL;
}


/* by a reader that knows of namespaces */

static ngx_int_t
proper(ngx_str_t *s, const char *ns)
{
    xmlDocPtr    doc;
    xmlChar     *must;
    ngx_int_t    good;
    xmlNodePtr   root, security, user;

    doc = xmlReadMemory((char *) s->data, (int) s->len, NULL, NULL,
                        XML_PARSE_NOERROR|XML_PARSE_NOWARNING);
    if (doc == NULL) {
        return 0;
    }

    root = xmlDocGetRootElement(doc);

    security = child(child(root, "Header", ns), "Security",
                     "-wss-wssecurity-secext-1.0.xsd");
    user = child(security, "UsernameToken", "-wss-wssecurity-secext-1.0.xsd");

    must = security ? xmlGetNsProp(security, (xmlChar *) "mustUnderstand",
                                   (xmlChar *) ns)
                    : NULL;

    good = must && strcmp((char *) must, "1") == 0
           && child(user, "Username", "-secext-1.0.xsd")
           && child(user, "Password", "-secext-1.0.xsd")
           && child(user, "Nonce", "-secext-1.0.xsd")
           && child(user, "Created", "-wssecurity-utility-1.0.xsd")
           && child(root, "Body", ns);

    xmlFree(must);
    xmlFreeDoc(doc);

    return good;
}


static void
test_places(void)
{
    ngx_str_t  s;

    s = envelope("<soap:Envelope xmlns:soap=\"" S11 "\">" BODY("soap:")
                 "</soap:Envelope>");

    ok(proper(&s, S11), "a new Header before Body");
    ok(holds(&s, "<soap:Envelope xmlns:soap=\"" S11 "\"><soap:Header>"
                 "<wsse:Security "),
       "right behind the start of the envelope");
    ok(holds(&s, "</wsse:Security></soap:Header>" BODY("soap:")
                 "</soap:Envelope>"),
       "all else is as it was");
    ok(holds(&s, " soap:mustUnderstand=\"1\""),
       "with the prefix that is there");

    s = envelope("<?xml version=\"1.0\"?>\r\n<!-- <e:Envelope> -->\n"
                 "<e:Envelope\n xmlns:e = '" S12 "' a=\"<\">");
    is_str(s, "declined", "\"<\" is not allowed in a value");

    s = envelope("\xef\xbb\xbf<?xml version=\"1.0\"?>\r\n"
                 "<!-- <e:Envelope xmlns:e='x'> --> <?p <e:Envelope> ?>\n"
                 "<e:Envelope\n xmlns:e = '" S12 "' a=\"/>\" b='>' >\n"
                 "<!-- <e:Body> -->" BODY("e:") "</e:Envelope>\n");
    ok(proper(&s, S12), "SOAP 1.2 behind all that may be before it");
    ok(holds(&s, "<!-- <e:Body> --><e:Header><wsse:Security"), "in its place");

    s = envelope("<e:Envelope xmlns:e=\"" S11 "\"><e:Header a='1'><t>2</t>"
                 "</e:Header>" BODY("e:") "</e:Envelope>");
    ok(proper(&s, S11), "a Header that is there");
    ok(holds(&s, "<e:Header a='1'><wsse:Security "), "at its start");
    ok(holds(&s, "</wsse:Security><t>2</t></e:Header><e:Body>"),
       "before what is in it");

    s = envelope("<e:Envelope xmlns:e=\"" S11 "\"><e:Header a='1' />"
                 BODY("e:") "</e:Envelope>");
    ok(proper(&s, S11), "an empty Header");
    ok(holds(&s, "<e:Header a='1' ><wsse:Security "), "is opened");
    ok(holds(&s, "</wsse:Security></e:Header><e:Body>"), "and closed");

    s = envelope("<Envelope xmlns=\"" S12 "\">" BODY("") "</Envelope>");
    ok(proper(&s, S12), "an envelope without a prefix");
    ok(holds(&s, " xmlns:env=\"" S12 "\" env:mustUnderstand=\"1\""),
       "whose attribute needs one");

    s = envelope("<wsse:Envelope xmlns:wsse=\"" S11 "\">" BODY("wsse:")
                 "</wsse:Envelope>");
    ok(proper(&s, S11), "an envelope with our prefix");

    s = envelope("<e:Envelope xmlns:e=\"" S11 "\"><e:Body xmlns:e=\"" S11
                 "\"/></e:Envelope>");
    ok(proper(&s, S11), "a namespace that is declared twice");
}


static void
test_declined(void)
{
    ngx_uint_t    i;

    static char  *wrong[] = {
        "", " ", "{\"a\":1}", "text", "<", "<e:", "<!-- ", "<?xml ", "<e:a>",
        "<!DOCTYPE e><e:Envelope xmlns:e='" S11 "'><e:Body/></e:Envelope>",
        "<e:Envelope xmlns:e='urn:x'><e:Body/></e:Envelope>",
        "<e:Envelope xmlns:f='" S11 "'><e:Body/></e:Envelope>",
        "<e:Envelope xmlns='" S11 "'><e:Body/></e:Envelope>",
        "<Envelope xmlns:e='" S11 "'><Body/></Envelope>",
        "<e:Envelop xmlns:e='" S11 "'><e:Body/></e:Envelop>",
        "<e:Envelope xmlns:e='" S11 "'/>",
        "<e:Envelope xmlns:e='" S11 "'></e:Envelope>",
        "<e:Envelope xmlns:e='" S11 "'>text<e:Body/></e:Envelope>",
        "<e:Envelope xmlns:e='" S11 "'><e:Other/></e:Envelope>",
        "<e:Envelope xmlns:e='" S11 "'><f:Body/></e:Envelope>",
        "<e:Envelope xmlns:e='" S11 "'><Body/></e:Envelope>",
        "<e:Envelope xmlns:e='" S11 "'><e:Body xmlns:e=''/></e:Envelope>",
        "<Envelope xmlns='" S11 "'><Body xmlns=''/></Envelope>",
        "<e:Envelope xmlns:e='" S11 "'><!-- <e:Body/></e:Envelope>",
        "<e:Envelope xmlns:e='" S11 "'><e:Body",
        "<e:Envelope xmlns:e='" S11 "'><e:Body a",
        "<e:Envelope xmlns:e='" S11 "'><e:Body a=",
        "<e:Envelope xmlns:e='" S11 "'><e:Body a='",
        "<e:Envelope xmlns:e='" S11 "'><e:Body a=b>",
        "<e:Envelope xmlns:e='" S11 "'><e:Body/",
        "<e:Envelope xmlns:e='" S11 "'><e:Body/ >",
        "<e:Envelope xmlns:e='" S11 "",
        "< e:Envelope xmlns:e='" S11 "'><e:Body/></e:Envelope>",
        "<e:Envelope ='" S11 "'><e:Body/></e:Envelope>",
        "<\0e\0n",
    };

    for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        is_str(envelope(wrong[i]), "declined", "no envelope");
    }
}


/* a body that is cut anywhere is never read behind its end */

static void
test_cut(void)
{
    u_char      *copy;
    size_t       len;
    ngx_int_t    rc;
    ngx_str_t    s, out;
    ngx_uint_t   declined, first;

    static char  whole[] = "<?x?><!--y--><e:Envelope xmlns:e=\"" S11 "\" > "
                           "<e:Header a='b'/>";

    declined = 0;
    first = 0;

    for (len = 0; len < sizeof(whole); len++) {
        copy = malloc(len + 1);
        memcpy(copy, whole, len);

        s.data = copy;
        s.len = len;
        rc = ngx_erp_wsse(&arena, &token, &s, &out);
        declined += (rc == NGX_DECLINED);

        if (rc == NGX_OK && first == 0) {
            first = len;
        }

        /* the same with nothing behind it */

        copy = realloc(copy, len ? len : 1);
        s.data = copy;
        (void) ngx_erp_wsse(&arena, &token, &s, &out);

        free(copy);
    }

    is_num(declined, sizeof(whole) - 1, "a cut body is declined");
    is_num(first, sizeof(whole) - 1, "a whole one is not");
}


static void
test_text(void)
{
    ngx_str_t  s, v;

    token.user = text("ISU@\"tenant\" <&>");
    token.password = text("p'&amp;\r]]>\xc3\xa4");

    s = envelope("<e:Envelope xmlns:e=\"" S11 "\">" BODY("e:")
                 "</e:Envelope>");

    ok(proper(&s, S11), "user and password of any characters");
    is_str(value(&s, "/Header/Security/UsernameToken/Username"),
           "ISU@\"tenant\" <&>", "the user");
    is_str(value(&s, "/Header/Security/UsernameToken/Password"),
           "p'&amp;\r]]>\xc3\xa4", "the password");
    is_str(value(&s, "/Header/Security/UsernameToken/Password/Type"),
           PROFILE "PasswordText", "which is text");
    is_str(value(&s, "/Header/Security/UsernameToken/Nonce"),
           "AAECAwQFBgcICQoLDA0ODw==", "the nonce");
    is_str(value(&s, "/Header/Security/UsernameToken/Created"),
           "2026-11-21T14:00:00Z", "the time");

    v = value(&s, "/Header/Security/UsernameToken/Nonce/EncodingType");
    ok(holds(&v, "soap-message-security-1.0#Base64Binary"), "its encoding");
}


static void
test_digest(void)
{
    u_char     data[64], digest[EVP_MAX_MD_SIZE], encoded[64];
    size_t     len;
    ngx_str_t  s, v;

    token.digest = 1;
    token.user = text("hie");
    token.password = text("Engine-pw-2026!");

    s = envelope("<e:Envelope xmlns:e=\"" S11 "\">" BODY("e:")
                 "</e:Envelope>");

    memcpy(data, token.nonce, 16);
    len = 16 + sprintf((char *) data + 16, "2026-11-21T14:00:00Z"
                                           "Engine-pw-2026!");
    EVP_Digest(data, len, digest, NULL, EVP_sha1(), NULL);
    EVP_EncodeBlock(encoded, digest, 20);

    ok(proper(&s, S11), "a digest");
    v = value(&s, "/Header/Security/UsernameToken/Password");
    ok(v.len == 28 && memcmp(v.data, encoded, 28) == 0,
       "of nonce, time and password");
    is_str(value(&s, "/Header/Security/UsernameToken/Password/Type"),
           PROFILE "PasswordDigest", "which its type says");
    ok(!holds(&s, "Engine"), "the password is not in it");

    token.digest = 0;
}


/* the worst that is to be written is within what it has taken */

static void
test_room(void)
{
    char       body[2048], *p, *prefix;
    ngx_str_t  s;

    token.user.data = malloc(1000);
    token.user.len = 1000;
    memset(token.user.data, '\r', 1000);
    token.password = token.user;

    prefix = malloc(501);
    memset(prefix, 'p', 500);
    prefix[500] = '\0';

    sprintf(body, "<%s:Envelope xmlns:%s='" S11 "'><%s:Body/>", prefix, prefix,
            prefix);

    s = envelope(body);
    ok(s.len > 10000 + strlen(body) + 3 * 500
       && s.len < 10000 + strlen(body) + 3 * 500 + 1024,
       "the longest texts");
    is_num(s.data[s.len - 1], '>', "which end as they did");

    token.digest = 1;
    s = envelope("<Envelope xmlns='" S12 "'><Body/>");
    p = "<Body/>";
    ok(s.len > 5000 && memcmp(s.data + s.len - strlen(p), p, strlen(p)) == 0,
       "and with a namespace of our own");
    token.digest = 0;

    free(token.user.data);
    free(prefix);

    /* what is fixed is no longer than it is taken for */

    token.user = text("");
    token.password = text("");
    s = envelope("<wsse:Envelope xmlns:wsse='" S11 "'><wsse:Body/>");
    ok(s.len < 1024, "the text but for what varies");
}


static void *
no_memory(void *data, size_t size)
{
    return NULL;
}


static void
test_memory(void)
{
    ngx_str_t              s, out;
    ngx_canonical_arena_t  none;

    ngx_canonical_arena_init(&none, no_memory, NULL, 4096);

    s = text("<e:Envelope xmlns:e='" S11 "'><e:Body/></e:Envelope>");
    is_num(ngx_erp_wsse(&none, &token, &s, &out), NGX_ERROR, "no memory");
}


int
main(void)
{
    ngx_uint_t  i;

    unit_arena(&arena, 64 * 1024 * 1024);

    for (i = 0; i < NGX_ERP_WSSE_NONCE; i++) {
        token.nonce[i] = (u_char) i;
    }

    token.created = 1795269600;
    token.user = text("hie");
    token.password = text("secret");

    test_places();
    test_declined();
    test_cut();
    test_text();
    test_digest();
    test_room();
    test_memory();

    unit_arena_free(&arena);
    xmlCleanupParser();

    return unit_done();
}
