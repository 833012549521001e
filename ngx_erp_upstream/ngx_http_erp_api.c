
/*
 * erp_api and erp_metrics: a request is handed to the store process, and its
 * answer is the response.  Who may do that is up to the access rules of the
 * location.
 */

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_http_erp_module.h"
#include "ngx_http_memory_body.h"


#define NGX_HTTP_ERP_API_BODY     65536
#define NGX_HTTP_ERP_API_PROBLEM  256


typedef struct ngx_http_erp_asking_s  ngx_http_erp_asking_t;

typedef ngx_int_t (*ngx_http_erp_asking_pt)(ngx_http_request_t *r,
    ngx_erp_answer_t *answer);

/* a question of a request; its answer is NULL when there is none */

struct ngx_http_erp_asking_s {
    ngx_http_request_t       *request;
    ngx_http_erp_asking_pt    send;
    ngx_erp_question_t        question;
    unsigned                  asked:1;
};


typedef struct {
    ngx_uint_t                status;
    const char               *title;
    const char               *detail;
} ngx_http_erp_problem_t;


static char *ngx_http_erp_api_conf(ngx_conf_t *cf, void *conf,
    ngx_http_handler_pt handler, ngx_uint_t api);

static ngx_int_t ngx_http_erp_api_path(ngx_http_request_t *r,
    ngx_str_t *path);
static u_char *ngx_http_erp_api_version(u_char *p, u_char *last);
static ngx_int_t ngx_http_erp_api_body(ngx_http_request_t *r,
    ngx_str_t *body);
static ngx_uint_t ngx_http_erp_api_own_site(ngx_http_request_t *r);
static ngx_int_t ngx_http_erp_api_send(ngx_http_request_t *r,
    ngx_erp_answer_t *answer);

static ngx_int_t ngx_http_erp_metrics_send(ngx_http_request_t *r,
    ngx_erp_answer_t *answer);

static ngx_int_t ngx_http_erp_api_ask(ngx_http_request_t *r,
    ngx_erp_ask_t *ask, ngx_http_erp_asking_pt send);
static ngx_int_t ngx_http_erp_api_watch(ngx_http_request_t *r);
static void ngx_http_erp_api_answered(ngx_erp_question_t *q);
static void ngx_http_erp_api_cleanup(void *data);

static ngx_int_t ngx_http_erp_api_problem(ngx_http_request_t *r,
    ngx_uint_t status);
static ngx_int_t ngx_http_erp_api_response(ngx_http_request_t *r,
    ngx_uint_t status, ngx_str_t *type, ngx_str_t *body);
static ngx_int_t ngx_http_erp_api_header(ngx_http_request_t *r,
    const char *name, const char *value);


static ngx_http_erp_problem_t  ngx_http_erp_problems[] = {

    { 404, "Not Found", "there is no such resource" },
    { 405, "Method Not Allowed", "not with this method" },
    { 413, "Content Too Large", "a request has at most 65536 bytes" },
    { 415, "Unsupported Media Type",
      "a change needs the type application/json, or X-Requested-With" },
    { 502, "Bad Gateway", "the store has no valid answer" },
    { 503, "Service Unavailable", "the store does not answer" },

    { 0, NULL, NULL }
};


static ngx_str_t  ngx_http_erp_store_head = ngx_string(
    "# HELP hie_store_up Whether the store process answers.\n"
    "# TYPE hie_store_up gauge\n");

static ngx_str_t  ngx_http_erp_metrics_type =
    ngx_string("text/plain; version=0.0.4");


char *
ngx_http_erp_api(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    return ngx_http_erp_api_conf(cf, conf, ngx_http_erp_api_handler, 1);
}


char *
ngx_http_erp_metrics(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    return ngx_http_erp_api_conf(cf, conf, ngx_http_erp_metrics_handler, 0);
}


static char *
ngx_http_erp_api_conf(ngx_conf_t *cf, void *conf, ngx_http_handler_pt handler,
    ngx_uint_t api)
{
    ngx_http_erp_loc_conf_t *elcf = conf;

    ngx_http_core_loc_conf_t  *clcf;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    if (clcf->handler == handler) {
        return "is duplicate";
    }

    if (clcf->handler) {
        return "conflicts with another handler of this location";
    }

    clcf->handler = handler;

    if (api) {
        elcf->api = 1;

    } else {
        elcf->metrics = 1;
    }

    return NGX_CONF_OK;
}


ngx_int_t
ngx_http_erp_api_handler(ngx_http_request_t *r)
{
    ngx_int_t      rc;
    ngx_erp_ask_t  ask;

    if (!(r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD|NGX_HTTP_POST))) {
        return ngx_http_erp_api_problem(r, NGX_HTTP_NOT_ALLOWED);
    }

    ngx_memzero(&ask, sizeof(ngx_erp_ask_t));

    if (ngx_http_erp_api_path(r, &ask.path) != NGX_OK) {
        return ngx_http_erp_api_problem(r, NGX_HTTP_NOT_FOUND);
    }

    if (r->method == NGX_HTTP_POST) {

        if (!ngx_http_erp_api_own_site(r)) {
            return ngx_http_erp_api_problem(r,
                                            NGX_HTTP_UNSUPPORTED_MEDIA_TYPE);
        }

        rc = ngx_http_erp_api_body(r, &ask.body);

        if (rc == NGX_HTTP_REQUEST_ENTITY_TOO_LARGE) {
            r->keepalive = 0;
            return ngx_http_erp_api_problem(r, rc);
        }

    } else {
        rc = ngx_http_discard_request_body(r);
    }

    if (rc != NGX_OK) {
        return rc;
    }

    ask.method = r->method_name;
    ask.args = r->args;

    /*
     * The user of auth_basic, if that was asked for: a name that nobody has
     * checked does not go into the operator's book.
     */

    ask.who = r->headers_in.user.len ? r->headers_in.user
                                     : r->connection->addr_text;

    return ngx_http_erp_api_ask(r, &ask, ngx_http_erp_api_send);
}


/*
 * What is behind the name of the location: "/hie/" makes "/v1/status" of
 * "/hie/v1/status".  A location for a part of the API has "/v1" in its name
 * itself, or is a regular expression: then it begins there.
 */

static ngx_int_t
ngx_http_erp_api_path(ngx_http_request_t *r, ngx_str_t *path)
{
    u_char                    *p, *last;
    ngx_str_t                 *name;
    ngx_http_core_loc_conf_t  *clcf;

    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    name = &clcf->name;
    last = r->uri.data + r->uri.len;

    if (name->len > r->uri.len
        || ngx_strncmp(name->data, r->uri.data, name->len) != 0)
    {
        p = ngx_http_erp_api_version(r->uri.data, last);

    } else {
        p = ngx_http_erp_api_version(r->uri.data, r->uri.data + name->len);

        if (p == NULL) {
            p = r->uri.data + name->len;

            if (name->len && p[-1] == '/') {
                p--;
            }
        }
    }

    if (p == NULL || p == last || *p != '/') {
        return NGX_DECLINED;
    }

    path->data = p;
    path->len = last - p;

    return NGX_OK;
}


static u_char *
ngx_http_erp_api_version(u_char *p, u_char *last)
{
    for ( /* void */ ; last - p >= 3; p++) {
        if (p[0] == '/' && p[1] == 'v' && p[2] == '1'
            && (last - p == 3 || p[3] == '/'))
        {
            return p;
        }
    }

    return NULL;
}


/*
 * ngx_http_memory_body() is made for phases: it counts itself out when it has
 * begun to read, as the phase of content does once more with NGX_DONE.  The
 * handler is called again when the body is there.
 */

static ngx_int_t
ngx_http_erp_api_body(ngx_http_request_t *r, ngx_str_t *body)
{
    ngx_int_t   rc;
    ngx_buf_t  *b;

    r->main->count++;

    rc = ngx_http_memory_body(r, NGX_HTTP_ERP_API_BODY);

    if (rc == NGX_DONE) {
        return NGX_DONE;
    }

    r->main->count--;

    if (rc != NGX_DECLINED) {
        return rc;
    }

    if (r->request_body->bufs) {
        b = r->request_body->bufs->buf;
        body->data = b->pos;
        body->len = b->last - b->pos;
    }

    return NGX_OK;
}


/*
 * A page of another site can have a browser send a form, but neither this
 * type nor a header of its own, unless it is allowed to (CORS).
 */

static ngx_uint_t
ngx_http_erp_api_own_site(ngx_http_request_t *r)
{
    size_t      len;
    ngx_str_t  *type;

    static const char  json[] = "application/json";

    if (r->headers_in.content_type) {
        type = &r->headers_in.content_type->value;
        len = sizeof(json) - 1;

        if (type->len >= len
            && ngx_strncasecmp(type->data, (u_char *) json, len) == 0
            && (type->len == len || type->data[len] == ';'
                || type->data[len] == ' '))
        {
            return 1;
        }
    }

    return ngx_http_erp_header(r, "x-requested-with") != NULL;
}


static ngx_int_t
ngx_http_erp_api_send(ngx_http_request_t *r, ngx_erp_answer_t *answer)
{
    if (answer == NULL) {
        return ngx_http_erp_api_problem(r, NGX_HTTP_SERVICE_UNAVAILABLE);
    }

    if (answer->status < 200 || answer->status > 599
        || (answer->status >= 300 && answer->status < 400))
    {
        return ngx_http_erp_api_problem(r, NGX_HTTP_BAD_GATEWAY);
    }

    return ngx_http_erp_api_response(r, answer->status, &answer->type,
                                     &answer->body);
}


ngx_int_t
ngx_http_erp_metrics_handler(ngx_http_request_t *r)
{
    ngx_int_t      rc;
    ngx_erp_ask_t  ask;

    if (!(r->method & (NGX_HTTP_GET|NGX_HTTP_HEAD))) {
        return ngx_http_erp_api_problem(r, NGX_HTTP_NOT_ALLOWED);
    }

    rc = ngx_http_discard_request_body(r);
    if (rc != NGX_OK) {
        return rc;
    }

    ngx_memzero(&ask, sizeof(ngx_erp_ask_t));

    ngx_str_set(&ask.method, "GET");
    ngx_str_set(&ask.path, "/metrics");
    ask.who = r->connection->addr_text;

    return ngx_http_erp_api_ask(r, &ask, ngx_http_erp_metrics_send);
}


/* without the store, Prometheus is to see that, and what workers count */

static ngx_int_t
ngx_http_erp_metrics_send(ngx_http_request_t *r, ngx_erp_answer_t *answer)
{
    u_char                    *p, *last;
    size_t                     size;
    ngx_str_t                  text;
    ngx_uint_t                 up;
    ngx_http_erp_main_conf_t  *emcf;

    emcf = ngx_http_get_module_main_conf(r, ngx_http_erp_module);

    up = (answer && answer->status == NGX_HTTP_OK);

    size = (up ? answer->body.len : 0) + ngx_http_erp_store_head.len
           + sizeof("hie_store_up 1\n") - 1
           + ngx_http_erp_counters_size(emcf);

    text.data = ngx_pnalloc(r->pool, size);
    if (text.data == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    p = text.data;
    last = p + size;

    if (up) {
        p = ngx_cpymem(p, answer->body.data, answer->body.len);
    }

    p = ngx_slprintf(p, last, "%Vhie_store_up %ui\n",
                     &ngx_http_erp_store_head, up);
    p = ngx_http_erp_counters_print(emcf, p, last);

    text.len = p - text.data;

    return ngx_http_erp_api_response(r, NGX_HTTP_OK,
                                     &ngx_http_erp_metrics_type, &text);
}


/* returns what a content handler returns */

static ngx_int_t
ngx_http_erp_api_ask(ngx_http_request_t *r, ngx_erp_ask_t *ask,
    ngx_http_erp_asking_pt send)
{
    ngx_http_cleanup_t     *cln;
    ngx_http_erp_asking_t  *asking;

    if (ngx_http_erp_client == NULL) {
        return send(r, NULL);
    }

    asking = ngx_pcalloc(r->pool, sizeof(ngx_http_erp_asking_t));
    cln = ngx_http_cleanup_add(r, 0);

    if (asking == NULL || cln == NULL || ngx_http_erp_api_watch(r) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    asking->request = r;
    asking->send = send;
    asking->question.handler = ngx_http_erp_api_answered;
    asking->question.data = asking;

    if (ngx_erp_client_ask(ngx_http_erp_client, NGX_ERP_ASK, ask,
                           &asking->question)
        != NGX_OK)
    {
        return send(r, NULL);
    }

    asking->asked = 1;

    cln->handler = ngx_http_erp_api_cleanup;
    cln->data = asking;

    r->main->count++;

    return NGX_DONE;
}


/* that the client leaves ends the request */

static ngx_int_t
ngx_http_erp_api_watch(ngx_http_request_t *r)
{
    ngx_event_t  *rev;

    if (r != r->main || r->discard_body || ngx_http_dispatch_of(r)) {
        return NGX_OK;
    }

    rev = r->connection->read;

    r->read_event_handler = ngx_http_test_reading;

    if (rev->ready) {
        ngx_post_event(rev, &ngx_posted_events);
        return NGX_OK;
    }

    return ngx_handle_read_event(rev, 0);
}


static void
ngx_http_erp_api_answered(ngx_erp_question_t *q)
{
    ngx_int_t               rc;
    ngx_connection_t       *c;
    ngx_erp_answer_t        answer;
    ngx_http_request_t     *r;
    ngx_http_erp_asking_t  *asking;

    asking = q->data;
    asking->asked = 0;

    r = asking->request;
    c = r->connection;

    ngx_http_set_log_request(c->log, r);

    if (r == r->main && !r->discard_body) {
        r->read_event_handler = ngx_http_block_reading;
    }

    rc = q->rc;

    if (rc == NGX_OK) {
        rc = ngx_erp_wire_get_frame(q->in, NGX_ERP_ANSWER, &answer);
    }

    rc = asking->send(r, rc == NGX_OK ? &answer : NULL);

    ngx_http_finalize_request(r, rc);
    ngx_http_run_posted_requests(c);
}


static void
ngx_http_erp_api_cleanup(void *data)
{
    ngx_http_erp_asking_t *asking = data;

    if (asking->asked) {
        asking->asked = 0;
        ngx_erp_client_forget(ngx_http_erp_client, &asking->question);
    }
}


/* RFC 9457 */

static ngx_int_t
ngx_http_erp_api_problem(ngx_http_request_t *r, ngx_uint_t status)
{
    u_char                   *p;
    const char               *allow;
    ngx_str_t                 type, body;
    ngx_http_erp_problem_t   *problem;
    ngx_http_erp_loc_conf_t  *elcf;

    for (problem = ngx_http_erp_problems; problem->status != status; problem++)
    {
        if (problem->status == 0) {
            return status;
        }
    }

    body.data = ngx_pnalloc(r->pool, NGX_HTTP_ERP_API_PROBLEM);
    if (body.data == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    p = ngx_slprintf(body.data, body.data + NGX_HTTP_ERP_API_PROBLEM,
                     "{\"type\":\"about:blank\",\"title\":\"%s\","
                     "\"status\":%ui,\"detail\":\"%s\"}", problem->title,
                     status, problem->detail);

    body.len = p - body.data;

    ngx_str_set(&type, "application/problem+json");

    elcf = ngx_http_get_module_loc_conf(r, ngx_http_erp_module);

    allow = elcf->metrics ? "GET, HEAD" : "GET, HEAD, POST";

    if (status == NGX_HTTP_NOT_ALLOWED
        && ngx_http_erp_api_header(r, "Allow", allow) != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (status == NGX_HTTP_SERVICE_UNAVAILABLE
        && ngx_http_erp_api_header(r, "Retry-After", "1") != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_erp_api_response(r, status, &type, &body);
}


/* "type" and "body" are copied: those of an answer are of its frame */

static ngx_int_t
ngx_http_erp_api_response(ngx_http_request_t *r, ngx_uint_t status,
    ngx_str_t *type, ngx_str_t *body)
{
    ngx_str_t                 ct;
    ngx_http_complex_value_t  cv;

    ngx_memzero(&cv, sizeof(ngx_http_complex_value_t));

    cv.value.len = body->len;
    cv.value.data = ngx_pnalloc(r->pool, body->len + type->len);

    if (cv.value.data == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ct.len = type->len;
    ct.data = ngx_cpymem(cv.value.data, body->data, body->len);

    ngx_memcpy(ct.data, type->data, type->len);

    if (ngx_http_erp_api_header(r, "Cache-Control", "no-store") != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    return ngx_http_send_response(r, status, &ct, &cv);
}


static ngx_int_t
ngx_http_erp_api_header(ngx_http_request_t *r, const char *name,
    const char *value)
{
    ngx_table_elt_t  *h;

    h = ngx_list_push(&r->headers_out.headers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    ngx_memzero(h, sizeof(ngx_table_elt_t));

    h->hash = 1;
    h->key.data = (u_char *) name;
    h->key.len = ngx_strlen(name);
    h->value.data = (u_char *) value;
    h->value.len = ngx_strlen(value);

    return NGX_OK;
}
