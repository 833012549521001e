
/*
 * What the sender of a message is told: that it is stored or delivered, or
 * why it is not.
 */

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_http_hl7_module.h"
#include "ngx_http_canonical_module.h"
#include "ngx_http_erp_send.h"
#include "ngx_canonical_node.h"


#define NGX_HTTP_ERP_ANSWER_MAX   8192
#define NGX_HTTP_ERP_REASON_MAX   64
#define NGX_HTTP_ERP_RETRY_AFTER  "1"


static ngx_int_t ngx_http_erp_answer(ngx_http_request_t *r,
    ngx_uint_t status, ngx_str_t *type, ngx_str_t *body);
static void ngx_http_erp_refuse_log(ngx_http_request_t *r,
    ngx_http_erp_refusal_t *refusal);
static void ngx_http_erp_refuse_mllp(ngx_http_request_t *r,
    ngx_http_erp_refusal_t *refusal);
static ngx_int_t ngx_http_erp_retry_later(ngx_http_request_t *r);
static ngx_canonical_node_t *ngx_http_erp_problem(ngx_http_request_t *r,
    ngx_canonical_arena_t *a, ngx_http_erp_refusal_t *refusal);


typedef struct {
    ngx_uint_t    status;
    const char   *title;
} ngx_http_erp_title_t;


static ngx_http_erp_title_t  ngx_http_erp_titles[] = {
    { NGX_HTTP_BAD_REQUEST, "Bad Request" },
    { NGX_HTTP_CONFLICT, "Conflict" },
    { NGX_HTTP_REQUEST_ENTITY_TOO_LARGE, "Content Too Large" },
    { NGX_HTTP_UNSUPPORTED_MEDIA_TYPE, "Unsupported Media Type" },
    { 422, "Unprocessable Content" },
    { NGX_HTTP_SERVICE_UNAVAILABLE, "Service Unavailable" },
    { 0, "Error" }
};


ngx_int_t
ngx_http_erp_accept(ngx_http_request_t *r, ngx_uint_t status,
    ngx_http_erp_sent_t *sent, ngx_str_t *correlation_id, uint64_t deliveries)
{
    size_t       len;
    u_char      *p;
    uintptr_t    escape;
    ngx_str_t    type, body;

    ngx_str_set(&type, "application/json");

    escape = ngx_escape_json(NULL, correlation_id->data, correlation_id->len);

    len = sizeof("{\"correlation_id\":\"\",\"message\":,\"deliveries\":}") - 1
          + correlation_id->len + escape + 2 * NGX_INT64_LEN;

    p = ngx_pnalloc(r->pool, len);
    if (p == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    body.data = p;

    p = ngx_cpymem(p, "{\"correlation_id\":\"",
                   sizeof("{\"correlation_id\":\"") - 1);

    p = (u_char *) ngx_escape_json(p, correlation_id->data,
                                   correlation_id->len);

    p = ngx_sprintf(p, "\",\"message\":%uL,\"deliveries\":%uL}",
                    sent->message, deliveries);

    body.len = p - body.data;

    return ngx_http_erp_answer(r, status, &type, &body);
}


static ngx_int_t
ngx_http_erp_answer(ngx_http_request_t *r, ngx_uint_t status,
    ngx_str_t *type, ngx_str_t *body)
{
    ngx_http_complex_value_t  cv;

    ngx_memzero(&cv, sizeof(ngx_http_complex_value_t));

    cv.value = *body;

    return ngx_http_send_response(r, status, type, &cv);
}


ngx_int_t
ngx_http_erp_refuse(ngx_http_request_t *r, ngx_http_erp_refusal_t *refusal)
{
    ngx_str_t               type, body;
    ngx_canonical_node_t   *root;
    ngx_canonical_arena_t   a;

    ngx_http_erp_refuse_log(r, refusal);
    ngx_http_erp_refuse_mllp(r, refusal);

    if (refusal->status == NGX_HTTP_SERVICE_UNAVAILABLE
        && ngx_http_erp_retry_later(r) != NGX_OK)
    {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (ngx_http_canonical_has_error_page(r, refusal->status)) {
        return refusal->status;
    }

    ngx_canonical_arena_init(&a, ngx_http_canonical_memory, r->pool,
                             NGX_HTTP_ERP_ANSWER_MAX);

    root = ngx_http_erp_problem(r, &a, refusal);
    if (root == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    body.data = ngx_pnalloc(r->pool, ngx_canonical_print_size(root));
    if (body.data == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    body.len = ngx_canonical_print(root, body.data) - body.data;

    ngx_str_set(&type, "application/problem+json");

    return ngx_http_erp_answer(r, refusal->status, &type, &body);
}


/* the ERP's code may be anything, and is in the store: not logged */

static void
ngx_http_erp_refuse_log(ngx_http_request_t *r,
    ngx_http_erp_refusal_t *refusal)
{
    ngx_log_t  *log;

    log = r->connection->log;

    if (refusal->delivery) {
        ngx_log_error(NGX_LOG_ERR, log, 0,
                      "%s: delivery %uL of message %uL, reason \"%V\"",
                      refusal->text, refusal->delivery, refusal->message,
                      &refusal->reason);

    } else if (refusal->message) {
        ngx_log_error(NGX_LOG_ERR, log, 0, "%s: message %uL",
                      refusal->text, refusal->message);

    } else {
        ngx_log_error(NGX_LOG_ERR, log, 0, "message not stored: %s",
                      refusal->text);
    }
}


/* the ERR segment of the acknowledgement */

static void
ngx_http_erp_refuse_mllp(ngx_http_request_t *r,
    ngx_http_erp_refusal_t *refusal)
{
    size_t              len;
    u_char             *p;
    ngx_hl7_context_t  *ctx;

    ctx = ngx_http_hl7_context(r);

    if (ctx == NULL) {
        return;
    }

    ngx_memzero(&ctx->error, sizeof(ngx_hl7_error_t));

    ctx->error.code = refusal->code;
    ctx->error.text.data = (u_char *) refusal->text;
    ctx->error.text.len = ngx_strlen(refusal->text);

    if (refusal->reason.len == 0) {
        return;
    }

    len = ctx->error.text.len + sizeof(": ") - 1
          + ngx_min(refusal->reason.len, NGX_HTTP_ERP_REASON_MAX);

    p = ngx_pnalloc(r->pool, len);
    if (p == NULL) {
        return;
    }

    (void) ngx_snprintf(p, len, "%V: %V", &ctx->error.text, &refusal->reason);

    ctx->error.text.data = p;
    ctx->error.text.len = len;
}


static ngx_int_t
ngx_http_erp_retry_later(ngx_http_request_t *r)
{
    ngx_table_elt_t  *h;

    h = ngx_list_push(&r->headers_out.headers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    ngx_memzero(h, sizeof(ngx_table_elt_t));

    h->hash = 1;
    ngx_str_set(&h->key, "Retry-After");
    ngx_str_set(&h->value, NGX_HTTP_ERP_RETRY_AFTER);

    return NGX_OK;
}


/* RFC 9457 */

static ngx_canonical_node_t *
ngx_http_erp_problem(ngx_http_request_t *r, ngx_canonical_arena_t *a,
    ngx_http_erp_refusal_t *refusal)
{
    ngx_hl7_context_t     *ctx;
    ngx_canonical_node_t  *root;
    ngx_http_erp_title_t  *title;

    root = ngx_canonical_node(a, NGX_CANONICAL_OBJECT);
    if (root == NULL) {
        return NULL;
    }

    for (title = ngx_http_erp_titles; title->status; title++) {
        if (title->status == refusal->status) {
            break;
        }
    }

    ngx_http_canonical_add_text(a, root, "type", "about:blank");
    ngx_http_canonical_add_text(a, root, "title", title->title);
    ngx_http_canonical_add_num(a, root, "status", refusal->status);
    ngx_http_canonical_add_text(a, root, "detail", refusal->text);
    ngx_http_canonical_add_num(a, root, "code", refusal->code);

    ngx_http_canonical_add_str(a, root, "reason", &refusal->reason);
    ngx_http_canonical_add_str(a, root, "erp_code", &refusal->erp_code);

    if (refusal->message) {
        ngx_http_canonical_add_num(a, root, "message", refusal->message);
    }

    if (refusal->delivery) {
        ngx_http_canonical_add_num(a, root, "delivery", refusal->delivery);
    }

    ctx = ngx_http_hl7_context(r);

    if (ctx) {
        ngx_http_canonical_add_str(a, root, "correlation_id",
                                   &ctx->id.correlation_id);
    }

    return root;
}
