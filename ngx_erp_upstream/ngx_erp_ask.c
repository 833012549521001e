
/*
 * The API: which answer a request gets, and what is wrong with it.
 */

#include "ngx_erp_ask_private.h"


typedef struct {
    const char       *path;          /* ends with "/": a number follows */
    ngx_erp_ask_pt    handler;
    unsigned          change:1;
    const char       *params;
} ngx_erp_ask_route_t;


static ngx_int_t ngx_erp_ask_route(ngx_erp_asking_t *q);
static ngx_uint_t ngx_erp_ask_path(ngx_erp_asking_t *q, const char *path);
static ngx_int_t ngx_erp_ask_params(ngx_erp_asking_t *q,
    ngx_erp_ask_route_t *route);
static ngx_int_t ngx_erp_ask_reason(ngx_erp_asking_t *q,
    ngx_erp_ask_route_t *route);
static const char *ngx_erp_ask_title(ngx_uint_t status);


static ngx_erp_ask_route_t  ngx_erp_ask_routes[] = {

    { "/v1/status", ngx_erp_ask_status, 0, "" },
    { "/v1/flows", ngx_erp_ask_flows, 0, "" },
    { "/v1/destinations", ngx_erp_ask_destinations, 0, "" },
    { "/v1/destinations/", ngx_erp_ask_destinations, 0, "" },

    { "/v1/queues", ngx_erp_ask_queues, 0,
      "destination limit after detail " },

    { "/v1/dead-letters", ngx_erp_ask_dead_letters, 0,
      NGX_ERP_ASK_FILTER "limit detail " },

    { "/v1/messages", ngx_erp_ask_messages, 0,
      "id correlation_id key control_id limit after detail " },

    { "/v1/audit/head", ngx_erp_ask_audit, 0, "check " },
    { "/v1/health/live", ngx_erp_ask_live, 0, "" },
    { "/v1/health/ready", ngx_erp_ask_ready, 0, "" },
    { "/metrics", ngx_erp_ask_metrics, 0, "" },

    { "/v1/destinations/pause", ngx_erp_ask_pause, 1,
      "destination reason " },
    { "/v1/destinations/resume", ngx_erp_ask_resume, 1,
      "destination reason " },
    { "/v1/destinations/probe", ngx_erp_ask_probe, 1,
      "destination reason " },

    { "/v1/dead-letters/replay", ngx_erp_ask_replay, 1,
      "filter reason dry_run limit rate new_key " },

    { "/v1/deliveries/skip", ngx_erp_ask_skip, 1, "ids reason " },
    { "/v1/deliveries/discard", ngx_erp_ask_discard, 1, "ids reason " },
    { "/v1/keys/release", ngx_erp_ask_release, 1,
      "destination order reason " },

    { NULL, NULL, 0, NULL }
};


ngx_int_t
ngx_erp_ask(ngx_erp_asked_t *asked, ngx_erp_ask_t *ask,
    ngx_erp_answer_t *answer)
{
    ngx_int_t         rc;
    ngx_erp_asking_t  q;

    ngx_memzero(&q, sizeof(ngx_erp_asking_t));

    q.asked = asked;
    q.ask = ask;
    q.answer = answer;

    ngx_memzero(answer, sizeof(ngx_erp_answer_t));

    answer->status = 200;
    ngx_str_set(&answer->type, "application/json");

    ngx_erp_json_init(&q.json, asked->arena);
    q.root = ngx_erp_json_root(&q.json);

    rc = ngx_erp_query_open(asked->db);

    if (rc == NGX_OK) {
        rc = ngx_erp_ask_route(&q);
    }

    /* the metrics have no tree */

    if ((rc == NGX_OK && answer->body.data == NULL) || rc == NGX_DECLINED) {
        rc = ngx_erp_json_print(&q.json, q.root, &answer->body);
    }

    if (rc == NGX_ERROR && q.changed) {

        /* what was changed must not be kept: nobody hears of it */

        (void) ngx_erp_db_end(asked->db,
                              ngx_erp_db_fail(asked->db, "no memory"));
        rc = NGX_ABORT;
    }

    asked->changed = q.changed;

    return rc;
}


static ngx_int_t
ngx_erp_ask_route(ngx_erp_asking_t *q)
{
    ngx_int_t             rc;
    ngx_str_t            *method;
    ngx_uint_t            found, get, post;
    ngx_erp_ask_route_t  *route;

    method = &q->ask->method;

    get = (method->len == 3 && ngx_memcmp(method->data, "GET", 3) == 0)
          || (method->len == 4 && ngx_memcmp(method->data, "HEAD", 4) == 0);

    post = method->len == 4 && ngx_memcmp(method->data, "POST", 4) == 0;

    found = 0;

    for (route = ngx_erp_ask_routes; route->path; route++) {

        if (!ngx_erp_ask_path(q, route->path)) {
            continue;
        }

        found = 1;

        if (route->change ? !post : !get) {
            continue;
        }

        rc = ngx_erp_ask_params(q, route);

        return (rc == NGX_OK) ? route->handler(q) : rc;
    }

    if (found) {
        return ngx_erp_ask_refuse(q, 405, "not with this method", NULL);
    }

    return ngx_erp_ask_refuse(q, 404, "there is no such resource", NULL);
}


static ngx_uint_t
ngx_erp_ask_path(ngx_erp_asking_t *q, const char *path)
{
    size_t     len;
    ngx_str_t  rest;

    len = ngx_strlen(path);
    rest = q->ask->path;

    if (rest.len < len || ngx_memcmp(rest.data, path, len) != 0) {
        return 0;
    }

    rest.data += len;
    rest.len -= len;

    if (path[len - 1] == '/') {
        return ngx_erp_json_digits(&rest, &q->number) == NGX_OK
               && q->number != 0;
    }

    return rest.len == 0;
}


/* a change has none in its query string */

static ngx_int_t
ngx_erp_ask_params(ngx_erp_asking_t *q, ngx_erp_ask_route_t *route)
{
    ngx_int_t  rc;

    rc = ngx_erp_ask_args(q);

    if (rc == NGX_OK && route->change) {
        rc = ngx_erp_ask_known(q, q->params, "");

        if (rc == NGX_OK) {
            rc = ngx_erp_ask_body(q);
        }
    }

    if (rc == NGX_OK) {
        rc = ngx_erp_ask_known(q, q->params, route->params);
    }

    if (rc == NGX_OK && route->change) {
        rc = ngx_erp_ask_reason(q, route);
    }

    return rc;
}


/* of a dry run there is nothing to give a reason for */

static ngx_int_t
ngx_erp_ask_reason(ngx_erp_asking_t *q, ngx_erp_ask_route_t *route)
{
    size_t      i;
    ngx_int_t   rc;
    ngx_uint_t  dry;

    dry = 0;

    rc = ngx_erp_ask_text(q, q->params, "reason", &q->reason);

    if (rc == NGX_OK && route->handler == ngx_erp_ask_replay) {
        rc = ngx_erp_ask_flag(q, q->params, "dry_run", &dry);
    }

    if (rc != NGX_OK || dry) {
        return rc;
    }

    if (q->reason.len > NGX_ERP_JSON_STRING) {
        return ngx_erp_ask_refuse(q, 400, "too long", "reason");
    }

    for (i = 0; i < q->reason.len; i++) {
        if (q->reason.data[i] > ' ') {
            return NGX_OK;
        }
    }

    return ngx_erp_ask_refuse(q, 400, "a change needs a reason", "reason");
}


/* RFC 9457 */

ngx_int_t
ngx_erp_ask_refuse(ngx_erp_asking_t *q, ngx_uint_t status, const char *detail,
    const char *parameter)
{
    q->root = ngx_erp_json_root(&q->json);

    ngx_erp_json_text(&q->json, q->root, "type", "about:blank");
    ngx_erp_json_text(&q->json, q->root, "title", ngx_erp_ask_title(status));
    ngx_erp_json_num(&q->json, q->root, "status", status);
    ngx_erp_json_text(&q->json, q->root, "detail", detail);

    if (parameter) {
        ngx_erp_json_text(&q->json, q->root, "parameter", parameter);
    }

    q->answer->status = status;
    ngx_str_set(&q->answer->type, "application/problem+json");

    return NGX_DECLINED;
}


static const char *
ngx_erp_ask_title(ngx_uint_t status)
{
    switch (status) {

    case 400:
        return "Bad Request";

    case 404:
        return "Not Found";

    default:
        return "Method Not Allowed";
    }
}
