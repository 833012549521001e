
/*
 * Answers of ERPs: each in the shape that its documents or a real one show,
 * with texts of our own.
 */

#include "unit.h"
#include "arena.h"

#include <libxml/parser.h>

#include "ngx_erp_judge.h"
#include "ngx_canonical_json.h"


#define JSON  "application/json"
#define XML   "text/xml; charset=utf-8"
#define HTML  "text/html"
#define ACK   "MSH|^~\\&|A|B|C|D|2026||ACK|1|P|2.5\r"


static ngx_erp_judge_t        judge;
static ngx_canonical_arena_t  rules;


static const char  *outcomes[] = {
    "none", "done", "retry", "down", "unknown", "bad"
};


static ngx_erp_range_t *
ranges(const char *text)
{
    ngx_str_t         s;
    const char       *why;
    ngx_erp_range_t  *list;

    s.data = (u_char *) text;
    s.len = strlen(text);

    if (ngx_erp_judge_ranges(&rules, &s, &list, &why) != NGX_OK) {
        ok(0, text);
        return NULL;
    }

    return list;
}


/* tests that are separated by spaces */

static ngx_erp_test_t *
tests(const char *text)
{
    ngx_str_t        s;
    ngx_uint_t       n;
    const char      *why;
    ngx_erp_test_t  *list;

    list = ngx_canonical_zalloc(&rules, 8 * sizeof(ngx_erp_test_t));

    for (n = 0; *text; n++) {
        s.data = (u_char *) text;
        s.len = strcspn(text, " ");

        if (ngx_erp_judge_test(&s, &list[n], &why) != NGX_OK) {
            ok(0, text);
        }

        text += s.len;
        text += (*text == ' ');
    }

    return list;
}


static void
rule(const char *success, const char *bad, const char *down,
    const char *unknown, const char *body)
{
    memset(&judge, 0, sizeof(judge));

    judge.success = success ? ranges(success) : NULL;
    judge.bad = bad ? ranges(bad) : NULL;
    judge.down = down ? ranges(down) : NULL;
    judge.unknown = unknown ? ranges(unknown) : NULL;
    judge.tests = body ? tests(body) : NULL;
}


static void
is(ngx_uint_t status, const char *type, const char *body,
    ngx_erp_outcome_e outcome, const char *message, const char *code,
    const char *name)
{
    ngx_str_t              t, b;
    ngx_int_t              rc;
    ngx_erp_verdict_t      v;
    ngx_canonical_arena_t  a;

    unit_arena(&a, 16 * 1024 * 1024);

    t.len = strlen(type);
    t.data = (u_char *) type;

    b.len = strlen(body);
    b.data = NULL;

    if (b.len) {
        b.data = malloc(b.len);
        memcpy(b.data, body, b.len);
    }

    memset(&v, 0xa5, sizeof(v));
    rc = ngx_erp_judge(&judge, &a, status, &t, &b, &v);

    if (!ok(rc == NGX_OK && v.outcome == outcome && v.status == status && v.why
            && v.message.len == strlen(message)
            && (v.message.len == 0
                || memcmp(v.message.data, message, v.message.len) == 0)
            && v.code.len == strlen(code)
            && (v.code.len == 0
                || memcmp(v.code.data, code, v.code.len) == 0), name))
    {
        printf("#   got %ld %s \"%.*s\" \"%.*s\"\n#   as %s\n", (long) rc,
               outcomes[v.outcome], (int) v.message.len, v.message.data,
               (int) v.code.len, v.code.data, v.why);
    }

    free(b.data);
    unit_arena_free(&a);
}


static void
status(ngx_uint_t n, ngx_erp_outcome_e outcome)
{
    char  name[64];

    sprintf(name, "%d is %s", (int) n, outcomes[outcome]);

    is(n, "", "", outcome,
       outcome == NGX_ERP_DONE ? ""
       : n == NGX_ERP_STATUS_CONNECT ? "no connection"
       : n == NGX_ERP_STATUS_TIMEOUT ? "no whole answer"
       : "the answer has no message", "", name);
}


static void
test_default(void)
{
    rule(NULL, NULL, NULL, NULL, NULL);

    status(NGX_ERP_STATUS_CONNECT, NGX_ERP_DOWN);
    status(NGX_ERP_STATUS_TIMEOUT, NGX_ERP_UNKNOWN);
    status(200, NGX_ERP_DONE);
    status(201, NGX_ERP_DONE);
    status(204, NGX_ERP_DONE);
    status(299, NGX_ERP_DONE);
    status(100, NGX_ERP_RETRY);
    status(302, NGX_ERP_RETRY);
    status(400, NGX_ERP_BAD);
    status(401, NGX_ERP_DOWN);
    status(403, NGX_ERP_BAD);
    status(404, NGX_ERP_BAD);
    status(407, NGX_ERP_DOWN);
    status(408, NGX_ERP_DOWN);
    status(409, NGX_ERP_BAD);
    status(412, NGX_ERP_BAD);
    status(413, NGX_ERP_BAD);
    status(417, NGX_ERP_BAD);
    status(422, NGX_ERP_BAD);
    status(425, NGX_ERP_DOWN);
    status(428, NGX_ERP_BAD);
    status(429, NGX_ERP_DOWN);
    status(500, NGX_ERP_RETRY);
    status(501, NGX_ERP_RETRY);
    status(502, NGX_ERP_DOWN);
    status(503, NGX_ERP_DOWN);
    status(504, NGX_ERP_DOWN);
    status(505, NGX_ERP_RETRY);
    status(999, NGX_ERP_RETRY);
}


static void
test_lists(void)
{
    rule("201,409", "4xx,500", "connect,403,404,503", "timeout,5xx", NULL);

    status(200, NGX_ERP_UNKNOWN);
    status(201, NGX_ERP_DONE);
    status(409, NGX_ERP_DONE);
    status(400, NGX_ERP_BAD);
    status(401, NGX_ERP_BAD);
    status(403, NGX_ERP_DOWN);
    status(404, NGX_ERP_DOWN);
    status(429, NGX_ERP_BAD);
    status(500, NGX_ERP_BAD);
    status(501, NGX_ERP_UNKNOWN);
    status(503, NGX_ERP_DOWN);
    status(NGX_ERP_STATUS_CONNECT, NGX_ERP_DOWN);
    status(NGX_ERP_STATUS_TIMEOUT, NGX_ERP_UNKNOWN);

    rule("2xx", "timeout", NULL, "connect", NULL);
    status(207, NGX_ERP_DONE);
    status(NGX_ERP_STATUS_CONNECT, NGX_ERP_UNKNOWN);
    status(NGX_ERP_STATUS_TIMEOUT, NGX_ERP_BAD);
    status(503, NGX_ERP_DOWN);

    rule("400", "400", NULL, NULL, NULL);
    status(400, NGX_ERP_DONE);
}


static void
compiled(const char *text, const char *want)
{
    char              got[128], title[160];
    ngx_str_t         s;
    const char       *why;
    ngx_erp_range_t  *list;

    s.data = (u_char *) text;
    s.len = strlen(text);
    got[0] = '\0';

    if (ngx_erp_judge_ranges(&rules, &s, &list, &why) == NGX_OK) {
        for ( /* void */ ; list->from; list++) {
            sprintf(got + strlen(got), "%d-%d ", list->from, list->to);
        }

    } else if (why) {
        strcpy(got, "no");
    }

    sprintf(title, "\"%s\" is %s", text, want);

    if (!ok(strcmp(got, want) == 0, title)) {
        printf("#   got %s\n", got);
    }
}


static void
tested(const char *text, const char *want)
{
    char             got[128], title[160];
    ngx_str_t        s;
    const char      *why;
    ngx_erp_test_t   t;

    s.data = (u_char *) text;
    s.len = strlen(text);

    if (ngx_erp_judge_test(&s, &t, &why) == NGX_OK) {
        sprintf(got, "%d \"%.*s\" %s \"%.*s\"", t.not,
                (int) t.pointer.len, t.pointer.data,
                t.value.data ? "=" : "there",
                (int) t.value.len, t.value.data ? t.value.data : s.data);

    } else {
        strcpy(got, strstr(why, "~") ? "tilde" : "no");
    }

    sprintf(title, "%s is %s", text, want);

    if (!ok(strcmp(got, want) == 0, title)) {
        printf("#   got %s\n", got);
    }
}


static void
test_words(void)
{
    ngx_str_t               s = ngx_string("2xx");
    const char             *why;
    ngx_erp_range_t        *list;
    ngx_canonical_arena_t   none;

    compiled("2xx", "200-299 ");
    compiled("200", "200-200 ");
    compiled("connect,403,5xx,timeout", "1-1 403-403 500-599 2-2 ");
    compiled("599", "599-599 ");
    compiled("", "no");
    compiled(",", "no");
    compiled("200,", "no");
    compiled("6xx", "no");
    compiled("0xx", "no");
    compiled("2x0", "no");
    compiled("20x", "no");
    compiled("2", "no");
    compiled("2000", "no");
    compiled("connects", "no");
    compiled("Timeout", "no");
    compiled("200 201", "no");

    unit_arena(&none, 0);
    ok(ngx_erp_judge_ranges(&none, &s, &list, &why) == NGX_ERROR
       && why == NULL, "no memory for a list");
    unit_arena_free(&none);

    tested("/d/ok", "0 \"/d/ok\" there \"\"");
    tested("!/error", "1 \"/error\" there \"\"");
    tested("/status=booked", "0 \"/status\" = \"booked\"");
    tested("!/a=", "1 \"/a\" = \"\"");
    tested("/a=b=c", "0 \"/a\" = \"b=c\"");
    tested("/a~1b~0=~", "0 \"/a~1b~0\" = \"~\"");
    tested("soap", "0 \"\" there \"\"");
    tested("!soap", "no");
    tested("!", "no");
    tested("", "no");
    tested("error", "no");
    tested("=a", "no");
    tested("/a~", "tilde");
    tested("/a~2", "tilde");
}


/* SAP, OData of both versions */

static void
test_sap(void)
{
    rule("201", NULL, NULL, NULL, "!/error /d");

    is(201, JSON, "{\"d\":{\"MaterialDocument\":\"4900000017\"}}",
       NGX_ERP_DONE, "", "", "SAP: a goods movement");

    is(400, JSON ";odata=verbose",
       "{\"error\":{\"code\":\"M7/021\",\"message\":{\"lang\":\"en\","
       "\"value\":\"Deficit of stock\\n2 EA\"},\"innererror\":"
       "{\"transactionid\":\"0A1\",\"errordetails\":[{\"code\":\"M7/021\","
       "\"message\":\"Deficit\",\"severity\":\"error\"}]}}}",
       NGX_ERP_BAD, "Deficit of stock 2 EA", "M7/021", "SAP: V2");

    is(400, JSON,
       "{\"error\":{\"code\":\"M7/021\",\"message\":\"Deficit of stock\"}}",
       NGX_ERP_BAD, "Deficit of stock", "M7/021", "SAP: V4");

    is(400, "application/xml",
       "<?xml version=\"1.0\"?><error xmlns=\"urn:x-m\"><code>005056</code>"
       "<message xml:lang=\"en\">No  such\n property</message></error>",
       NGX_ERP_BAD, "No such property", "005056", "SAP: as XML");

    is(503, HTML, "<html><body>Logon group busy</body></html>", NGX_ERP_DOWN,
       "the answer has no message", "", "SAP: the page of its gateway");

    is(201, JSON, "{\"e\":1}", NGX_ERP_BAD, "the answer has no message", "",
       "SAP: created, but nothing of it is there");

    is(201, JSON, "{\"d\":{\"MaterialDocument\":\"49000", NGX_ERP_UNKNOWN,
       "the answer has no message", "", "SAP: an answer that is cut off");
}


static void
test_oracle(void)
{
    rule(NULL, NULL, NULL, NULL, NULL);

    is(400, "text/plain", " Invalid operation for\tthe resource.\n",
       NGX_ERP_BAD, "Invalid operation for the resource. ", "",
       "Oracle: a bare text");

    is(400, "application/vnd.oracle.adf.error+json",
       "{\"title\":\"Bad Request\",\"status\":\"400\",\"o:errorDetails\":"
       "[{\"detail\":\"The item is not known\",\"o:errorCode\":\"27024\","
       "\"o:errorPath\":\"/ItemNumber\"}]}",
       NGX_ERP_BAD, "The item is not known", "27024", "Oracle: details");

    is(412, JSON, "{\"title\":\"Precondition Failed\",\"status\":\"412\"}",
       NGX_ERP_BAD, "Precondition Failed", "", "Oracle: a title");

    is(504, "", "", NGX_ERP_DOWN, "the answer has no message", "",
       "Oracle: five minutes are over");

    is(400, JSON, "Invalid operation", NGX_ERP_BAD, "Invalid operation", "",
       "a bare text that is called JSON");
    is(400, JSON, "\"Invalid operation\"", NGX_ERP_BAD, "Invalid operation",
       "", "a string that is JSON");
}


static void
test_dynamics(void)
{
    rule("2xx", NULL, NULL, NULL, "!/error");

    is(204, "", "", NGX_ERP_DONE, "", "", "Dynamics: posted, no body");
    is(201, JSON, "{\"JournalBatchNumber\":\"B1\"}", NGX_ERP_DONE, "", "",
       "Dynamics: a journal");

    is(400, JSON,
       "{\"error\":{\"code\":\"\",\"message\":\"An error has occurred.\","
       "\"innererror\":{\"message\":\"Write failed for table row\","
       "\"type\":\"X\",\"stacktrace\":\"at A\\r\\nat B\"}}}",
       NGX_ERP_BAD, "Write failed for table row", "",
       "Dynamics: finance and operations");

    is(400, JSON,
       "{\"error\":{\"code\":\"Application_Dialog\",\"message\":"
       "\"The account is blocked.  CorrelationId:  7.\"}}",
       NGX_ERP_BAD, "The account is blocked. CorrelationId: 7.",
       "Application_Dialog", "Dynamics: business central");

    is(429, JSON, "{\"error\":{\"code\":\"0x8007232\",\"message\":\"Limit\"}}",
       NGX_ERP_DOWN, "Limit", "0x8007232", "Dynamics: too many");

    rule("2xx", NULL, NULL, NULL, "/id");
    is(204, "", "", NGX_ERP_UNKNOWN, "the answer has no message", "",
       "nothing is there where something should be");
    is(200, "", " \r\n", NGX_ERP_UNKNOWN, "the answer has no message", "",
       "only white space");
}


#define soap11(body)                                                          \
    "<?xml version=\"1.0\"?><SOAP-ENV:Envelope xmlns:SOAP-ENV="               \
    "\"http://schemas.xmlsoap.org/soap/envelope/\"><SOAP-ENV:Header/>"        \
    "<SOAP-ENV:Body>" body "</SOAP-ENV:Body></SOAP-ENV:Envelope>"

#define soap12(body)                                                          \
    "<env:Envelope xmlns:env=\"http://www.w3.org/2003/05/soap-envelope\">"    \
    "<env:Body>" body "</env:Body></env:Envelope>"

#define fault11(code, more)                                                   \
    soap11("<SOAP-ENV:Fault><faultcode>" code "</faultcode><faultstring"      \
           " xml:lang=\"en\">It is wrong</faultstring>" more                  \
           "</SOAP-ENV:Fault>")

#define fault12(code)                                                         \
    soap12("<env:Fault><env:Code><env:Value>" code "</env:Value></env:Code>"  \
           "<env:Reason><env:Text xml:lang=\"en\">It is wrong</env:Text>"     \
           "</env:Reason></env:Fault>")


static void
test_workday(void)
{
    rule(NULL, NULL, NULL, NULL, "soap");

    is(200, XML, soap11("<r:Response xmlns:r=\"urn:r\"><r:ID>7</r:ID>"
                        "</r:Response>"),
       NGX_ERP_DONE, "", "", "Workday: a response");
    is(200, "application/soap+xml", soap12("<r/>"), NGX_ERP_DONE, "", "",
       "SOAP 1.2");
    is(200, XML, soap11(""), NGX_ERP_DONE, "", "", "an empty Body");
    is(202, "", "", NGX_ERP_DONE, "", "", "accepted, one way");
    is(200, "", "", NGX_ERP_UNKNOWN, "the answer has no message", "",
       "nothing at all");
    is(200, XML, "<a><b/></a>", NGX_ERP_UNKNOWN, "the answer has no message",
       "", "other XML");
    is(200, JSON, "{\"Envelope\":{\"Body\":{}}}", NGX_ERP_UNKNOWN,
       "the answer has no message", "", "JSON");
    is(200, XML, "<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>",
       NGX_ERP_UNKNOWN, "the answer has no message", "",
       "a document type");

    is(500, XML,
       fault11("SOAP-ENV:Client.validationError",
               "<detail><wd:Validation_Fault xmlns:wd=\"urn:wd\">"
               "<wd:Validation_Error><wd:Message>Invalid ID value."
               "</wd:Message><wd:Detail_Message>More</wd:Detail_Message>"
               "<wd:Xpath>/a</wd:Xpath></wd:Validation_Error>"
               "</wd:Validation_Fault></detail>"),
       NGX_ERP_BAD, "Invalid ID value.", "SOAP-ENV:Client.validationError",
       "Workday: a Fault of 500 is a refusal");

    is(500, XML, fault11("SOAP-ENV:Server", ""), NGX_ERP_RETRY, "It is wrong",
       "SOAP-ENV:Server", "but one of the server is not");
    is(500, XML, fault11("Server.busy", "<detail/>"), NGX_ERP_RETRY,
       "It is wrong", "Server.busy", "without a prefix");
    is(500, XML, fault11("S:Server", "<detail><a/><Validation_Fault/>"
                         "</detail>"),
       NGX_ERP_BAD, "It is wrong", "S:Server", "unless the detail says so");
    is(500, XML, fault11("a:MyError", ""), NGX_ERP_BAD, "It is wrong",
       "a:MyError", "a code of one's own");
    is(500, XML, soap11("<f:Fault xmlns:f=\"urn:f\"/>"), NGX_ERP_RETRY,
       "the answer has no message", "", "a Fault without a code");
    is(500, "application/soap+xml", fault12("env:Sender"), NGX_ERP_BAD,
       "It is wrong", "env:Sender", "1.2: of the sender");
    is(500, "application/soap+xml", fault12("env:Receiver"), NGX_ERP_RETRY,
       "It is wrong", "env:Receiver", "1.2: of the receiver");

    is(200, XML, fault11("Client", ""), NGX_ERP_BAD, "It is wrong", "Client",
       "a Fault of 200");
    is(200, XML, fault12("env:Receiver"), NGX_ERP_RETRY, "It is wrong",
       "env:Receiver", "of the server");
    is(503, XML, fault11("Client", ""), NGX_ERP_DOWN, "It is wrong", "Client",
       "503 is 503");

    rule(NULL, NULL, "500", NULL, NULL);
    is(500, XML, fault11("Client", ""), NGX_ERP_DOWN, "It is wrong", "Client",
       "a rule for 500 comes first");
    rule(NULL, "500", NULL, NULL, NULL);
    is(500, XML, fault11("Server", ""), NGX_ERP_BAD, "It is wrong", "Server",
       "of any kind");
}


static void
test_frappe_odoo(void)
{
    rule(NULL, NULL, NULL, NULL, NULL);

    is(417, JSON,
       "{\"exc_type\":\"ValidationError\",\"exception\":"
       "\"frappe.exceptions.ValidationError: Qty is needed\","
       "\"_server_messages\":\"[\\\"{\\\\\\\"message\\\\\\\":1}\\\"]\"}",
       NGX_ERP_BAD, "frappe.exceptions.ValidationError: Qty is needed",
       "ValidationError", "ERPNext: a validation");
    is(417, JSON,
       "{\"exc_type\":\"ValidationError\",\"_server_messages\":"
       "\"[\\\"{\\\\\\\"message\\\\\\\":1}\\\"]\"}",
       NGX_ERP_BAD, "[\"{\\\"message\\\":1}\"]", "ValidationError",
       "ERPNext: without tracebacks");
    is(409, JSON, "{\"exc_type\":\"DuplicateEntryError\"}", NGX_ERP_BAD,
       "the answer has no message", "DuplicateEntryError",
       "ERPNext: a duplicate");
    is(500, JSON, "{\"exception\":\"KeyError\",\"exc_type\":\"KeyError\"}",
       NGX_ERP_RETRY, "KeyError", "KeyError", "ERPNext: a crash");

    rule("200", NULL, NULL, NULL, "!/error /result");

    is(200, JSON, "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":17}",
       NGX_ERP_DONE, "", "", "Odoo: a number");
    is(200, JSON,
       "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":200,\"message\":"
       "\"Odoo Server Error\",\"data\":"
       "{\"name\":\"odoo.exceptions.UserError\","
       "\"message\":\"No journal\",\"arguments\":[\"No journal\"],"
       "\"debug\":\"Traceback\"}}}",
       NGX_ERP_BAD, "No journal", "odoo.exceptions.UserError",
       "Odoo: 200 with an error");
    is(422, JSON, "{\"name\":\"odoo.exceptions.ValidationError\",\"message\":"
       "\"No date\",\"arguments\":[\"No date\"],\"debug\":\"\"}",
       NGX_ERP_BAD, "No date", "odoo.exceptions.ValidationError",
       "Odoo: 19 has real statuses");
}


/* "want" is the status that it is judged by, of an answer with "status" */

static void
denied(ngx_uint_t status, const char *type, const char *body,
    ngx_uint_t want, ngx_erp_outcome_e outcome, const char *name)
{
    ngx_str_t              t, b;
    ngx_int_t              rc;
    ngx_erp_verdict_t      v;
    ngx_canonical_arena_t  a;

    unit_arena(&a, 16 * 1024 * 1024);

    t.len = strlen(type);
    t.data = (u_char *) type;
    b.len = strlen(body);
    b.data = (u_char *) body;

    memset(&v, 0xa5, sizeof(v));
    rc = ngx_erp_judge(&judge, &a, status, &t, &b, &v);

    if (!ok(rc == NGX_OK && v.status == want && v.outcome == outcome, name)) {
        printf("#   got %ld %s, status %ld\n", (long) rc, outcomes[v.outcome],
               (long) v.status);
    }

    unit_arena_free(&a);
}


static void
test_denied(void)
{
    rule(NULL, NULL, NULL, NULL, NULL);

    denied(200, JSON, "{\"error\":{\"code\":100}}", 200, NGX_ERP_DONE,
           "denied: not by itself");

    judge.denied = tests("/error/code=100 /error/data/name=AccessDenied "
                         "/Body/Fault/faultcode=S:Client.authenticationError");

    denied(200, JSON, "{\"error\":{\"code\":100}}", 401, NGX_ERP_DOWN,
           "denied: a number");
    denied(200, JSON, "{\"error\":{\"code\":1,\"data\":{\"name\":"
                      "\"AccessDenied\"}}}", 401, NGX_ERP_DOWN,
           "denied: a word, the second");
    denied(200, JSON, "{\"error\":{\"code\":1000}}", 200, NGX_ERP_DONE,
           "denied: not another one");
    denied(200, JSON, "{\"result\":100}", 200, NGX_ERP_DONE,
           "denied: no error");
    denied(200, XML, fault11("S:Client.authenticationError", ""), 401,
           NGX_ERP_DOWN, "denied: a Fault");
    denied(200, XML, fault11("S:Client.validationError", ""), 200,
           NGX_ERP_DONE, "denied: another Fault");
    denied(200, JSON, "{\"error\":{\"code\":100", 200, NGX_ERP_DONE,
           "denied: cut off");
    denied(200, HTML, "<html>", 200, NGX_ERP_DONE, "denied: a page");
    denied(200, "", "", 200, NGX_ERP_DONE, "denied: nothing");

    /* of whatever status; what is no answer has none */

    denied(403, JSON, "{\"error\":{\"code\":100}}", 401, NGX_ERP_DOWN,
           "denied: of 403");
    denied(500, XML, fault11("S:Client.authenticationError", ""), 401,
           NGX_ERP_DOWN, "denied: 500 with a Fault is not judged as that");
    denied(500, XML, fault11("S:Client.validationError", ""), 500,
           NGX_ERP_BAD, "denied: with another one it is");
    denied(199, JSON, "{\"error\":{\"code\":100}}", 199, NGX_ERP_RETRY,
           "denied: not of 199");
    denied(NGX_ERP_STATUS_TIMEOUT, JSON, "{\"error\":{\"code\":100}}",
           NGX_ERP_STATUS_TIMEOUT, NGX_ERP_UNKNOWN,
           "denied: not of half an answer");

    judge.success = ranges("200");
    judge.bad = ranges("401");
    judge.tests = tests("!/error");

    is(200, JSON, "{\"error\":{\"code\":7,\"message\":\"No\"}}", NGX_ERP_BAD,
       "No", "7", "denied: else judged by its own status, and tested");
    denied(200, JSON, "{\"error\":{\"code\":100}}", 401, NGX_ERP_BAD,
           "denied: the lists are asked for 401");

    judge.bad = NULL;
    judge.success = NULL;
    judge.denied = tests("/error/code=100");
    denied(200, JSON, "{\"error\":{\"code\":100,\"message\":\"Expired\"}}",
           401, NGX_ERP_DOWN, "denied: a success is not tested then");
}


/* who reads a body, by what is taken of the arena */

static void
test_read(void)
{
    size_t                 i, once;
    ngx_str_t              t = ngx_string(JSON), b;
    ngx_erp_verdict_t      v;
    ngx_canonical_arena_t  a;

    b.len = 4001;
    b.data = malloc(b.len);

    for (i = 0; i < b.len; i++) {
        b.data[i] = (i & 1) ? '1' : ',';
    }

    b.data[0] = '[';
    b.data[b.len - 1] = ']';

    rule(NULL, NULL, NULL, NULL, NULL);

    unit_arena(&a, 1024 * 1024);
    is_num(ngx_erp_judge(&judge, &a, 200, &t, &b, &v), NGX_OK,
           "a success without tests");
    is_num(a.taken, 0, "is not read");

    judge.denied = tests("/error/code=100");

    is_num(ngx_erp_judge(&judge, &a, NGX_ERP_STATUS_TIMEOUT, &t, &b, &v),
           NGX_OK, "nor is half an answer");
    is_num(a.taken, 0, "with \"denied\"");

    is_num(ngx_erp_judge(&judge, &a, 200, &t, &b, &v), NGX_OK,
           "a success is then");
    once = a.taken;
    ok(once > 100000 && v.outcome == NGX_ERP_DONE, "as a whole");
    unit_arena_free(&a);

    /* another tree would need as much again */

    judge.tests = tests("!/error");

    unit_arena(&a, 1024 * 1024);
    is_num(ngx_erp_judge(&judge, &a, 200, &t, &b, &v), NGX_OK,
           "and is not, to be tested");
    ok(a.taken == once && v.outcome == NGX_ERP_DONE, "once more");
    unit_arena_free(&a);

    unit_arena(&a, 1024 * 1024);
    is_num(ngx_erp_judge(&judge, &a, 400, &t, &b, &v), NGX_OK,
           "nor for what it says is wrong");
    ok(a.taken == once && v.outcome == NGX_ERP_BAD, "once more");
    unit_arena_free(&a);

    free(b.data);
}


static void
test_tryton(void)
{
    rule("200", NULL, "401", NULL, "!/error");

    is(200, JSON, "{\"id\":1,\"result\":[1]}", NGX_ERP_DONE, "", "",
       "Tryton: created");
    is(200, JSON, "{\"id\":1,\"result\":null}", NGX_ERP_DONE, "", "",
       "Tryton: null");
    is(200, JSON,
       "{\"id\":1,\"error\":[\"UserWarning\",[\"668f.done\",\"Stock moves "
       "\xe2\x80\x9c" "1\xe2\x80\x9d have no origin.\",\"\"]]}",
       NGX_ERP_BAD, "UserWarning: 668f.done: Stock moves \xe2\x80\x9c" "1"
       "\xe2\x80\x9d have no origin.", "UserWarning", "Tryton: a warning");
    is(200, JSON, "{\"id\":1,\"error\":[\"'nmae'\",\"\"]}", NGX_ERP_BAD,
       "'nmae'", "'nmae'", "Tryton: a bare KeyError");
    is(401, HTML, "<!doctype html><h1>Unauthorized</h1>", NGX_ERP_DOWN,
       "the answer has no message", "", "Tryton: no session");
    is(429, HTML, "<!doctype html><h1>Too Many Requests</h1>", NGX_ERP_DOWN,
       "the answer has no message", "", "Tryton: too many wrong passwords");
    is(500, HTML, "<!doctype html><h1>Internal Server Error</h1>",
       NGX_ERP_RETRY, "the answer has no message", "", "Tryton: not JSON");
    is(200, HTML, "<!doctype html><h1>Welcome</h1>", NGX_ERP_UNKNOWN,
       "the answer has no message", "", "a page where JSON should be");
    is(200, HTML, "{\"result\":1}", NGX_ERP_DONE, "", "",
       "JSON that is called a page");
}


static void
test_tests(void)
{
    rule(NULL, NULL, NULL, NULL, "!/error");

    is(200, JSON, "{}", NGX_ERP_DONE, "", "", "no error");
    is(200, JSON, "{\"error\":null}", NGX_ERP_DONE, "", "", "null");
    is(200, JSON, "{\"error\":false}", NGX_ERP_DONE, "", "", "false");
    is(200, JSON, "{\"error\":\"\"}", NGX_ERP_DONE, "", "", "empty");
    is(200, JSON, "{\"error\":[]}", NGX_ERP_DONE, "", "", "an empty array");
    is(200, JSON, "{\"error\":{}}", NGX_ERP_DONE, "", "", "an empty object");
    is(200, JSON, "{\"error\":true,\"message\":\"No\"}", NGX_ERP_BAD, "No",
       "", "true");
    is(200, JSON, "{\"error\":0}", NGX_ERP_BAD, "the answer has no message",
       "0", "a number");
    is(200, "", "[{\"error\":1}]", NGX_ERP_DONE, "", "", "of another object");
    is(200, "", "\xef\xbb\xbf{\"a\":1}", NGX_ERP_DONE, "", "",
       "behind a byte order mark");

    rule(NULL, NULL, NULL, NULL, "/status=booked !/state=open /n=7");
    is(200, JSON, "{\"status\":\"booked\",\"n\":7}", NGX_ERP_DONE, "", "",
       "three tests");
    is(200, JSON, "{\"status\":\"book\",\"n\":7}", NGX_ERP_BAD,
       "the answer has no message", "", "the first fails");
    is(200, JSON, "{\"status\":\"booked\",\"state\":\"open\",\"n\":7}",
       NGX_ERP_BAD, "the answer has no message", "", "the second");
    is(200, JSON, "{\"status\":\"booked\",\"n\":7.0}", NGX_ERP_BAD,
       "the answer has no message", "", "numbers are texts");

    rule(NULL, NULL, NULL, NULL, "/a=");
    is(200, JSON, "{\"a\":\"\"}", NGX_ERP_DONE, "", "", "an empty string");
    is(200, JSON, "{\"a\":{}}", NGX_ERP_BAD, "the answer has no message", "",
       "which an object is not");
    is(200, JSON, "{\"a\":null}", NGX_ERP_BAD, "the answer has no message",
       "", "nor null");

    rule(NULL, NULL, NULL, NULL, "/Ok /Result=done");
    is(200, XML, "<r><Ok/><Result a=\"b\">done</Result></r>", NGX_ERP_DONE,
       "", "", "elements");
    is(200, XML, "<r><Result>done</Result></r>", NGX_ERP_BAD,
       "the answer has no message", "", "that are not there");
    is(200, XML, "<r><Ok/><Result>done", NGX_ERP_UNKNOWN,
       "the answer has no message", "", "that are cut off");
}


static void
test_texts(void)
{
    char                  *body;
    ngx_str_t              t = ngx_string(JSON), b;
    ngx_erp_verdict_t      v;
    ngx_canonical_arena_t  a;

    rule(NULL, NULL, NULL, NULL, NULL);

    ngx_str_set(&judge.message, "/fehler/text");
    ngx_str_set(&judge.code, "/fehler/nr");

    is(400, JSON, "{\"fehler\":{\"text\":\"Falsch\",\"nr\":12},"
       "\"error\":\"x\"}", NGX_ERP_BAD, "Falsch", "12", "where it is said");
    is(400, JSON, "{\"error\":\"x\"}", NGX_ERP_BAD, "x", "x",
       "else where it usually is");
    is(400, JSON,
       "{\"error\":\"invalid_client\",\"error_description\":\"No\"}",
       NGX_ERP_BAD, "No", "invalid_client", "OAuth 2.0");
    is(500, JSON, "{\"status\":500,\"error\":\"Internal\",\"message\":\"M\"}",
       NGX_ERP_RETRY, "M", "Internal", "the message before its class");
    is(422, "application/problem+json",
       "{\"type\":\"about:blank\",\"title\":\"Unprocessable Content\","
       "\"status\":422,\"detail\":\"required value is missing\",\"code\":101,"
       "\"source\":\"used_at\",\"target\":\"PostingDate\","
       "\"map\":\"goods_issue@1\",\"file\":\"maps.conf\",\"file_line\":58}",
       NGX_ERP_BAD, "required value is missing: maps.conf: 58: PostingDate",
       "101", "a map of ours: with its rule");
    is(422, JSON, "{\"detail\":[{\"loc\":[\"a\",0],\"msg\":\"needed\"}]}",
       NGX_ERP_BAD, "a: 0: needed", "", "all that a detail has");
    is(400, "text/plain", "a\x80\xff\x7f\x01" "b\xc2\x85\xc2\xa0", NGX_ERP_BAD,
       "a?? b \xc2\xa0", "", "bytes that are no text");
    is(400, "image/png", "\x89PNG", NGX_ERP_BAD, "the answer has no message",
       "", "a picture");
    is(400, "application/xhtml+xml", "<html><b/></html>", NGX_ERP_BAD,
       "the answer has no message", "", "a page that is XML");
    is(400, "Application/JSON ; charset=x", "{\"error\":\"x\"}", NGX_ERP_BAD,
       "x", "x", "a media type in any case");

    is(422, "application/hl7-v2", ACK "MSA|AE|7\rERR|||101^Required^HL70357|E"
       "||||The bed is\r", NGX_ERP_BAD, "The bed is", "101",
       "an acknowledgement");
    is(422, "application/hl7-v2", ACK "MSA|AE|7|No such ward\nNTE|1\nERR||x|",
       NGX_ERP_BAD, "No such ward", "AE", "one of before 2.5");
    is(422, "application/hl7-v2", ACK "SFT|x\rMSA|CE|7\r\r\nERR|||^Why",
       NGX_ERP_BAD, "Why", "CE", "one with little in it");
    is(503, "application/hl7-v2", ACK "MSA|AR|7\r", NGX_ERP_DOWN,
       "the answer has no message", "AR", "one with nothing");
    is(422, "application/hl7-v2", ACK "MSA|A E|7|x\rERR|||\x01|E\r",
       NGX_ERP_BAD, "x", "", "one with codes that are none");
    is(422, "application/hl7-v2", ACK "PID|1\rMSA|AE|7|x\r", NGX_ERP_BAD,
       "the answer has no message", "", "no acknowledgement");
    is(422, "application/hl7-v2", "MSH", NGX_ERP_BAD,
       "the answer has no message", "", "no message");

    /* cut where a character ends */

    body = malloc(3000);
    memset(body, 'a', 511);
    strcpy(body + 511, "\xc3\xa4" "b");

    unit_arena(&a, 100000);
    b.data = (u_char *) body;
    b.len = 514;
    (void) ngx_erp_judge(&judge, &a, 400, &t, &b, &v);
    is_num(v.message.len, 511, "cut before what is not whole");

    body[510] = (char) 0xc3;
    body[511] = (char) 0xa4;
    b.len = 512;
    (void) ngx_erp_judge(&judge, &a, 400, &t, &b, &v);
    is_num(v.message.len, 512, "as long as it may be");

    /* of many strings, too */

    strcpy(body, "{\"error\":[\"ab\",");

    while (strlen(body) < 2000) {
        strcat(body, "\"\xe2\x82\xac\xe2\x82\xac\xe2\x82\xac\",");
    }

    strcat(body, "1]}");
    b.len = strlen(body);
    (void) ngx_erp_judge(&judge, &a, 400, &t, &b, &v);
    is_num(v.message.len, 510, "many strings, until one is cut");

    unit_arena_free(&a);

    /* no memory: for the texts, for the tree */

    judge.tests = tests("!/error");

    unit_arena(&a, 100);
    is_num(ngx_erp_judge(&judge, &a, 400, &t, &b, &v), NGX_ERROR,
           "no room for texts");
    unit_arena_free(&a);

    unit_arena(&a, 3000);
    is_num(ngx_erp_judge(&judge, &a, 200, &t, &b, &v), NGX_OK,
           "no room for the body");
    ok(v.outcome == NGX_ERP_UNKNOWN && v.message.len, "it is not known then");
    unit_arena_free(&a);

    judge.denied = tests("/error/code=100");

    unit_arena(&a, 100);
    is_num(ngx_erp_judge(&judge, &a, 200, &t, &b, &v), NGX_ERROR,
           "no room for texts, before a test of any answer");
    unit_arena_free(&a);

    unit_arena(&a, 3000);
    is_num(ngx_erp_judge(&judge, &a, 400, &t, &b, &v), NGX_OK,
           "nor for the body");
    ok(v.outcome == NGX_ERP_BAD && v.status == 400 && v.message.len,
       "it is judged by its status then");
    unit_arena_free(&a);

    free(body);
}


static void
at(const char *json, const char *pointer, const char *want)
{
    char                    title[160], out[256];
    u_char                 *last;
    ngx_str_t               s, p;
    ngx_canonical_node_t   *root, *node;
    ngx_canonical_error_t   err;
    ngx_canonical_arena_t   a;
    ngx_canonical_limits_t  limits = { 16, 100, 100, 100 };

    unit_arena(&a, 100000);

    s.data = (u_char *) json;
    s.len = strlen(json);
    p.data = (u_char *) pointer;
    p.len = strlen(pointer);
    strcpy(out, "none");

    if (ngx_canonical_json_read(&a, &s, &limits, &root, &err) == NGX_OK
        && ngx_erp_pointer(root, &p, &node) == NGX_OK)
    {
        last = ngx_canonical_print(node, (u_char *) out);
        *last = '\0';
    }

    sprintf(title, "\"%s\" of %.80s is %s", pointer, json, want);

    if (!ok(strcmp(out, want) == 0, title)) {
        printf("#   got %s\n", out);
    }

    unit_arena_free(&a);
}


static void
test_pointer(void)
{
    /* the examples of RFC 6901 §5 in a document of our own */

#define DOC  "{\"a\":[\"b\",{\"c\":1}],\"\":0,\"d/e\":1,\"f~g\":2,\"~1\":3," \
             "\" \":4,\"h\":{\"\":{\"i\":5}}}"

    at(DOC, "/a", "[\"b\",{\"c\":1}]");
    at(DOC, "/a/0", "\"b\"");
    at(DOC, "/a/1/c", "1");
    at(DOC, "/", "0");
    at(DOC, "/d~1e", "1");
    at(DOC, "/f~0g", "2");
    at(DOC, "/~01", "3");
    at(DOC, "/ ", "4");
    at(DOC, "/h//i", "5");
    at("[1]", "", "[1]");

    at(DOC, "a", "none");
    at(DOC, "/A", "none");
    at(DOC, "/a/2", "none");
    at(DOC, "/a/-", "none");
    at(DOC, "/a/00", "none");
    at(DOC, "/a/01", "none");
    at(DOC, "/a/", "none");
    at(DOC, "/a/1a", "none");
    at(DOC, "/a/999999999", "none");
    at(DOC, "/a/4294967296", "none");
    at(DOC, "/a/0/b", "none");
    at(DOC, "/f~g", "none");
    at(DOC, "/f~", "none");
    at(DOC, "/d", "none");
    at(DOC, "/d~1ef", "none");
    at("{}", "/", "none");
}


int
main(void)
{
    xmlInitParser();
    unit_arena(&rules, 1024 * 1024);

    test_words();
    test_default();
    test_lists();
    test_sap();
    test_oracle();
    test_dynamics();
    test_workday();
    test_frappe_odoo();
    test_denied();
    test_read();
    test_tryton();
    test_tests();
    test_texts();
    test_pointer();

    unit_arena_free(&rules);
    xmlCleanupParser();

    return unit_done();
}
