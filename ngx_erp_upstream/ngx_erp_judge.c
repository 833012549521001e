
/*
 * What an ERP's answer means: see the header.
 */

#include "ngx_erp_judge.h"
#include "ngx_canonical_json.h"
#include "ngx_canonical_xml.h"


/* what an answer is read as */

typedef enum {
    NGX_ERP_BODY_EMPTY = 0,
    NGX_ERP_BODY_JSON,
    NGX_ERP_BODY_XML,
    NGX_ERP_BODY_TEXT,
    NGX_ERP_BODY_OTHER
} ngx_erp_form_e;


typedef struct {
    ngx_erp_form_e         form;
    ngx_canonical_node_t  *root;     /* NULL: it could not be read */
} ngx_erp_body_t;


static ngx_uint_t ngx_erp_judge_range(u_char *p, size_t len,
    ngx_erp_range_t *range);

static ngx_erp_outcome_e ngx_erp_judge_status(ngx_erp_judge_t *judge,
    ngx_uint_t status, const char **why, ngx_uint_t *ruled);
static ngx_uint_t ngx_erp_judge_listed(ngx_erp_range_t *list,
    ngx_uint_t status, ngx_uint_t exact);
static ngx_erp_outcome_e ngx_erp_judge_default(ngx_erp_judge_t *judge,
    ngx_uint_t status, const char **why);

static ngx_int_t ngx_erp_judge_open(ngx_canonical_arena_t *a,
    ngx_str_t *type, ngx_str_t *body, ngx_erp_verdict_t *verdict,
    ngx_erp_body_t *b);
static ngx_int_t ngx_erp_judge_read(ngx_canonical_arena_t *a,
    ngx_str_t *type, ngx_str_t *body, ngx_erp_body_t *b);
static ngx_erp_form_e ngx_erp_judge_form(ngx_str_t *type, u_char first);
static ngx_uint_t ngx_erp_judge_type(ngx_str_t *type, const char *end);

static ngx_uint_t ngx_erp_judge_denied(ngx_erp_test_t *tests,
    ngx_erp_body_t *b);
static ngx_erp_outcome_e ngx_erp_judge_tests(ngx_erp_test_t *tests,
    ngx_uint_t status, ngx_erp_body_t *b, const char **why);
static ngx_uint_t ngx_erp_judge_holds(ngx_erp_test_t *test,
    ngx_erp_body_t *b);
static ngx_uint_t ngx_erp_judge_there(ngx_canonical_node_t *node,
    ngx_erp_form_e form);

static ngx_canonical_node_t *ngx_erp_judge_envelope(ngx_erp_body_t *b);
static ngx_erp_outcome_e ngx_erp_judge_fault(ngx_canonical_node_t *fault,
    const char **why);
static ngx_uint_t ngx_erp_judge_validation(ngx_canonical_node_t *fault);
static void ngx_erp_judge_words(ngx_str_t *s, const char *text);


/* of an answer: an error that is longer than this says nothing to anyone */

static ngx_canonical_limits_t  ngx_erp_judge_limits = {
    64, 65536, 65536, 256
};


ngx_int_t
ngx_erp_judge_ranges(ngx_canonical_arena_t *a, ngx_str_t *text,
    ngx_erp_range_t **list, const char **why)
{
    u_char           *p, *end, *comma;
    size_t            i, n;
    ngx_erp_range_t  *range;

    *why = NULL;

    /* with the end of the list */

    n = 2;

    for (i = 0; i < text->len; i++) {
        n += (text->data[i] == ',');
    }

    range = ngx_canonical_zalloc(a, n * sizeof(ngx_erp_range_t));
    if (range == NULL) {
        return NGX_ERROR;
    }

    *list = range;

    p = text->data;
    end = p + text->len;

    for ( ;; ) {
        for (comma = p; comma < end && *comma != ','; comma++) { /* void */ }

        if (!ngx_erp_judge_range(p, comma - p, range++)) {
            *why = "a status is expected: \"404\", \"4xx\", \"connect\" or "
                   "\"timeout\"";
            return NGX_ERROR;
        }

        if (comma == end) {
            return NGX_OK;
        }

        p = comma + 1;
    }
}


static ngx_uint_t
ngx_erp_judge_range(u_char *p, size_t len, ngx_erp_range_t *range)
{
    if (len == 7 && ngx_memcmp(p, "connect", 7) == 0) {
        range->from = NGX_ERP_STATUS_CONNECT;
        range->to = NGX_ERP_STATUS_CONNECT;
        return 1;
    }

    if (len == 7 && ngx_memcmp(p, "timeout", 7) == 0) {
        range->from = NGX_ERP_STATUS_TIMEOUT;
        range->to = NGX_ERP_STATUS_TIMEOUT;
        return 1;
    }

    if (len != 3 || p[0] < '1' || p[0] > '5') {
        return 0;
    }

    range->from = (p[0] - '0') * 100;
    range->to = range->from + 99;

    if (p[1] == 'x' && p[2] == 'x') {
        return 1;
    }

    if (p[1] < '0' || p[1] > '9' || p[2] < '0' || p[2] > '9') {
        return 0;
    }

    range->from += (p[1] - '0') * 10 + p[2] - '0';
    range->to = range->from;

    return 1;
}


ngx_int_t
ngx_erp_judge_test(ngx_str_t *text, ngx_erp_test_t *test, const char **why)
{
    u_char  *p, *end;

    ngx_memzero(test, sizeof(ngx_erp_test_t));

    p = text->data;
    end = p + text->len;

    if (text->len == 4 && ngx_memcmp(p, "soap", 4) == 0) {
        test->pointer.data = p;
        return NGX_OK;
    }

    if (p < end && *p == '!') {
        test->not = 1;
        p++;
    }

    if (p == end || *p != '/') {
        *why = "a JSON pointer, which begins with \"/\", or \"soap\" is "
               "expected";
        return NGX_ERROR;
    }

    test->pointer.data = p;

    for ( /* void */ ; p < end && *p != '='; p++) {
        if (*p == '~' && (end - p < 2 || (p[1] != '0' && p[1] != '1'))) {
            *why = "\"~\" of a JSON pointer is written \"~0\"";
            return NGX_ERROR;
        }
    }

    test->pointer.len = p - test->pointer.data;

    if (p < end) {
        test->value.data = p + 1;
        test->value.len = end - p - 1;
    }

    return NGX_OK;
}


ngx_int_t
ngx_erp_judge(ngx_erp_judge_t *judge, ngx_canonical_arena_t *a,
    ngx_uint_t status, ngx_str_t *type, ngx_str_t *body,
    ngx_erp_verdict_t *verdict)
{
    ngx_uint_t             ruled;
    ngx_erp_body_t         b;
    ngx_erp_test_t        *denied;
    ngx_canonical_node_t  *envelope, *fault;

    ngx_memzero(verdict, sizeof(ngx_erp_verdict_t));

    denied = (status >= 200) ? judge->denied : NULL;

    if (denied) {

        if (ngx_erp_judge_open(a, type, body, verdict, &b) != NGX_OK) {
            return NGX_ERROR;
        }

        if (ngx_erp_judge_denied(denied, &b)) {
            status = 401;
        }
    }

    verdict->status = status;
    verdict->outcome = ngx_erp_judge_status(judge, status, &verdict->why,
                                            &ruled);

    if (verdict->outcome == NGX_ERP_DONE
        && (judge->tests == NULL || judge->tests->pointer.data == NULL))
    {
        return NGX_OK;
    }

    if (status == NGX_ERP_STATUS_CONNECT) {
        ngx_erp_judge_words(&verdict->message, "no connection");
        return NGX_OK;
    }

    if (status == NGX_ERP_STATUS_TIMEOUT) {
        ngx_erp_judge_words(&verdict->message, "no whole answer");
        return NGX_OK;
    }

    if (denied == NULL
        && ngx_erp_judge_open(a, type, body, verdict, &b) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (verdict->outcome == NGX_ERP_DONE) {
        verdict->outcome = ngx_erp_judge_tests(judge->tests, status, &b,
                                               &verdict->why);

        if (verdict->outcome == NGX_ERP_DONE) {
            return NGX_OK;
        }

    } else if (status == 500 && !ruled) {
        envelope = ngx_erp_judge_envelope(&b);
        fault = envelope ? ngx_canonical_get(envelope, "Fault") : NULL;

        if (fault) {
            verdict->outcome = ngx_erp_judge_fault(fault, &verdict->why);
        }
    }

    if (b.root) {
        ngx_erp_judge_message(judge, b.root, verdict);

    } else if (b.form == NGX_ERP_BODY_TEXT) {
        ngx_erp_judge_text(body, verdict);

    } else if (ngx_erp_judge_type(type, "application/hl7-v2")) {
        ngx_erp_judge_ack(body, verdict);
    }

    if (verdict->message.len == 0) {
        ngx_erp_judge_words(&verdict->message, "the answer has no message");
    }

    return NGX_OK;
}


/* *ruled: a list of the configuration has the status */

static ngx_erp_outcome_e
ngx_erp_judge_status(ngx_erp_judge_t *judge, ngx_uint_t status,
    const char **why, ngx_uint_t *ruled)
{
    ngx_uint_t  exact;

    *ruled = 1;

    for (exact = 2; exact--; /* void */ ) {

        if (ngx_erp_judge_listed(judge->success, status, exact)) {
            *why = "a status of erp_success";
            return NGX_ERP_DONE;
        }

        if (ngx_erp_judge_listed(judge->bad, status, exact)) {
            *why = "a status of erp_outcome bad";
            return NGX_ERP_BAD;
        }

        if (ngx_erp_judge_listed(judge->down, status, exact)) {
            *why = "a status of erp_outcome down";
            return NGX_ERP_DOWN;
        }

        if (ngx_erp_judge_listed(judge->unknown, status, exact)) {
            *why = "a status of erp_outcome unknown";
            return NGX_ERP_UNKNOWN;
        }
    }

    *ruled = 0;

    return ngx_erp_judge_default(judge, status, why);
}


static ngx_uint_t
ngx_erp_judge_listed(ngx_erp_range_t *list, ngx_uint_t status,
    ngx_uint_t exact)
{
    if (list == NULL) {
        return 0;
    }

    for ( /* void */ ; list->from; list++) {

        if (status >= list->from && status <= list->to
            && (list->from == list->to) == exact)
        {
            return 1;
        }
    }

    return 0;
}


static ngx_erp_outcome_e
ngx_erp_judge_default(ngx_erp_judge_t *judge, ngx_uint_t status,
    const char **why)
{
    switch (status) {

    case NGX_ERP_STATUS_CONNECT:
        *why = "no connection";
        return NGX_ERP_DOWN;

    case NGX_ERP_STATUS_TIMEOUT:
        *why = "no whole answer";
        return NGX_ERP_UNKNOWN;

    /* no document is at fault when the credentials are refused */

    case 401:
    case 407:
        *why = "not authenticated";
        return NGX_ERP_DOWN;

    case 408:
    case 425:
    case 429:
    case 502:
    case 503:
    case 504:
        *why = "a status that asks to come again";
        return NGX_ERP_DOWN;
    }

    if (status >= 200 && status < 300) {

        if (judge->success == NULL) {
            *why = "a status of success";
            return NGX_ERP_DONE;
        }

        /* it may be in effect, which is not what was agreed */

        *why = "a status of success that erp_success does not have";
        return NGX_ERP_UNKNOWN;
    }

    if (status >= 400 && status < 500) {
        *why = "a status of refusal";
        return NGX_ERP_BAD;
    }

    *why = "a status of failure";
    return NGX_ERP_RETRY;
}


/* room for the texts before the body may use up the arena */

static ngx_int_t
ngx_erp_judge_open(ngx_canonical_arena_t *a, ngx_str_t *type,
    ngx_str_t *body, ngx_erp_verdict_t *verdict, ngx_erp_body_t *b)
{
    verdict->message.data = ngx_canonical_bytes(a, NGX_ERP_ERROR_MAX
                                                   + NGX_ERP_CODE_MAX);
    if (verdict->message.data == NULL) {
        return NGX_ERROR;
    }

    verdict->code.data = verdict->message.data + NGX_ERP_ERROR_MAX;

    return ngx_erp_judge_read(a, type, body, b);
}


static ngx_int_t
ngx_erp_judge_read(ngx_canonical_arena_t *a, ngx_str_t *type,
    ngx_str_t *body, ngx_erp_body_t *b)
{
    u_char                 *p, *end;
    ngx_int_t               rc;
    ngx_canonical_error_t   err;

    b->root = NULL;
    b->form = NGX_ERP_BODY_EMPTY;

    if (body->len == 0) {
        return NGX_OK;
    }

    p = body->data;
    end = p + body->len;

    /* a byte order mark is no text */

    if (body->len >= 3 && ngx_memcmp(p, "\xef\xbb\xbf", 3) == 0) {
        p += 3;
    }

    while (p < end && (*p == ' ' || *p == '\t' || *p == CR || *p == LF)) {
        p++;
    }

    if (p == end) {
        return NGX_OK;
    }

    b->form = ngx_erp_judge_form(type, *p);
    rc = NGX_DECLINED;

    if (b->form == NGX_ERP_BODY_JSON) {
        rc = ngx_canonical_json_read(a, body, &ngx_erp_judge_limits, &b->root,
                                     &err);

    } else if (b->form == NGX_ERP_BODY_XML) {
        rc = ngx_canonical_xml_read(a, body, &ngx_erp_judge_limits, &b->root,
                                    &err);
    }

    if (rc == NGX_ERROR) {
        return NGX_ERROR;
    }

    if (rc == NGX_DECLINED) {
        b->root = NULL;

        /* a bare sentence, labelled as JSON */

        if (b->form == NGX_ERP_BODY_JSON && *p != '{' && *p != '['
            && *p != '"' && *p != '<')
        {
            b->form = NGX_ERP_BODY_TEXT;
        }
    }

    return NGX_OK;
}


/* by its type, else by its first character */

static ngx_erp_form_e
ngx_erp_judge_form(ngx_str_t *type, u_char first)
{
    if (ngx_erp_judge_type(type, "json")) {
        return NGX_ERP_BODY_JSON;
    }

    if (ngx_erp_judge_type(type, "xml")) {
        return NGX_ERP_BODY_XML;
    }

    if (first == '{' || first == '[') {
        return NGX_ERP_BODY_JSON;
    }

    /* the page of a proxy, which nobody needs to read */

    if (ngx_erp_judge_type(type, "html")) {
        return NGX_ERP_BODY_OTHER;
    }

    if (first == '<') {
        return NGX_ERP_BODY_XML;
    }

    if (type->len == 0 || ngx_erp_judge_type(type, "text/plain")) {
        return NGX_ERP_BODY_TEXT;
    }

    return NGX_ERP_BODY_OTHER;
}


/* whether the media type ends so: "application/problem+json; charset=x" */

static ngx_uint_t
ngx_erp_judge_type(ngx_str_t *type, const char *end)
{
    size_t  i, len, n;

    for (len = 0; len < type->len && type->data[len] != ';'; len++) {
        /* void */
    }

    while (len && (type->data[len - 1] == ' ' || type->data[len - 1] == '\t'))
    {
        len--;
    }

    n = ngx_strlen(end);

    if (len < n) {
        return 0;
    }

    for (i = 0; i < n; i++) {
        if (ngx_tolower(type->data[len - n + i]) != (u_char) end[i]) {
            return 0;
        }
    }

    return 1;
}


/* some say in the body of another status what is a 401 */

static ngx_uint_t
ngx_erp_judge_denied(ngx_erp_test_t *tests, ngx_erp_body_t *b)
{
    ngx_erp_test_t  *test;

    if (b->root == NULL) {
        return 0;
    }

    for (test = tests; test->pointer.data; test++) {
        if (ngx_erp_judge_holds(test, b)) {
            return 1;
        }
    }

    return 0;
}


static ngx_erp_outcome_e
ngx_erp_judge_tests(ngx_erp_test_t *tests, ngx_uint_t status,
    ngx_erp_body_t *b, const char **why)
{
    ngx_erp_test_t        *test;
    ngx_canonical_node_t  *envelope, *fault;

    for (test = tests; test->pointer.data; test++) {

        if (b->form == NGX_ERP_BODY_EMPTY && (status == 202 || status == 204)
            && (test->not || test->pointer.len == 0))
        {
            continue;
        }

        if (b->root == NULL) {
            *why = "a success whose body cannot be read";
            return NGX_ERP_UNKNOWN;
        }

        if (test->pointer.len) {

            if (!ngx_erp_judge_holds(test, b)) {
                *why = "a body that erp_success does not allow";
                return NGX_ERP_BAD;
            }

            continue;
        }

        envelope = ngx_erp_judge_envelope(b);

        if (envelope == NULL) {
            *why = "a success whose body is not SOAP";
            return NGX_ERP_UNKNOWN;
        }

        fault = ngx_canonical_get(envelope, "Fault");

        if (fault) {
            return ngx_erp_judge_fault(fault, why);
        }
    }

    return NGX_ERP_DONE;
}


static ngx_uint_t
ngx_erp_judge_holds(ngx_erp_test_t *test, ngx_erp_body_t *b)
{
    ngx_str_t              value;
    ngx_uint_t             holds;
    ngx_canonical_node_t  *node;

    holds = 0;

    if (ngx_erp_pointer(b->root, &test->pointer, &node) == NGX_OK) {

        if (test->value.data == NULL) {
            holds = ngx_erp_judge_there(node, b->form);

        } else if (ngx_erp_judge_value(node, &value) == NGX_OK) {

            holds = value.len == test->value.len
                    && (value.len == 0
                        || ngx_memcmp(value.data, test->value.data, value.len)
                           == 0);
        }
    }

    return holds != test->not;
}


static ngx_uint_t
ngx_erp_judge_there(ngx_canonical_node_t *node, ngx_erp_form_e form)
{
    switch (node->kind) {

    case NGX_CANONICAL_NUMBER:
        return 1;

    case NGX_CANONICAL_BOOLEAN:
        return node->data[0] == 't';

    case NGX_CANONICAL_STRING:
        return node->len != 0 || form == NGX_ERP_BODY_XML;

    case NGX_CANONICAL_OBJECT:
    case NGX_CANONICAL_ARRAY:
        return node->first != NULL;

    default:
        return 0;
    }
}


/* the Body of a SOAP envelope, or NULL */

static ngx_canonical_node_t *
ngx_erp_judge_envelope(ngx_erp_body_t *b)
{
    if (b->form != NGX_ERP_BODY_XML || b->root == NULL
        || b->root->name_len != 8
        || ngx_memcmp(b->root->name, "Envelope", 8) != 0)
    {
        return NULL;
    }

    return ngx_canonical_get(b->root, "Body");
}


/*
 * A Fault blames the message or the server, by its code: "soap:Client.What"
 * and "Server" of 1.1, "Sender" and "Receiver" of 1.2.  Codes of one's own
 * are refusals.  There are servers that call a wrong document "Server", and
 * say so in the detail only.
 */

static ngx_erp_outcome_e
ngx_erp_judge_fault(ngx_canonical_node_t *fault, const char **why)
{
    size_t                 i;
    ngx_str_t              code;
    ngx_canonical_node_t  *node;

    ngx_str_null(&code);

    node = ngx_canonical_get(fault, "faultcode");

    if (node == NULL) {
        node = ngx_canonical_get(fault, "Code");
        node = node ? ngx_canonical_get(node, "Value") : NULL;
    }

    if (node) {
        (void) ngx_erp_judge_value(node, &code);
    }

    for (i = code.len; i; i--) {
        if (code.data[i - 1] == ':') {
            code.data += i;
            code.len -= i;
            break;
        }
    }

    for (i = 0; i < code.len && code.data[i] != '.'; i++) { /* void */ }

    if ((i == 0
         || (i == 6 && ngx_memcmp(code.data, "Server", 6) == 0)
         || (i == 8 && ngx_memcmp(code.data, "Receiver", 8) == 0))
        && !ngx_erp_judge_validation(fault))
    {
        *why = "a SOAP Fault of the server";
        return NGX_ERP_RETRY;
    }

    *why = "a SOAP Fault of the message";
    return NGX_ERP_BAD;
}


static ngx_uint_t
ngx_erp_judge_validation(ngx_canonical_node_t *fault)
{
    ngx_canonical_node_t  *node;

    node = ngx_canonical_get(fault, "detail");

    if (node == NULL) {
        node = ngx_canonical_get(fault, "Detail");
    }

    node = node ? node->first : NULL;

    for ( /* void */ ; node; node = node->next) {

        if (node->name_len >= 10
            && ngx_memcmp(node->name, "Validation", 10) == 0)
        {
            return 1;
        }
    }

    return 0;
}


static void
ngx_erp_judge_words(ngx_str_t *s, const char *text)
{
    s->data = (u_char *) text;
    s->len = ngx_strlen(text);
}
