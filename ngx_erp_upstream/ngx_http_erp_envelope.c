
/*
 * WS-Security in the body of a delivery: it is rendered by the location, and
 * sealed here before it goes.
 */

#include "ngx_http_erp_deliver.h"


static ngx_int_t ngx_http_erp_envelope_replace(ngx_http_request_t *r,
    ngx_str_t *body);


ngx_int_t
ngx_http_erp_envelope_handler(ngx_http_request_t *r)
{
    ngx_buf_t                *b;
    ngx_int_t                 rc;
    ngx_str_t                 body;
    ngx_http_erp_delivery_t  *d;

    if (r != r->main) {
        return NGX_DECLINED;
    }

    d = ngx_http_erp_delivery_of(r);

    if (d == NULL || d->auths == NULL || !ngx_erp_auth_in_body(d->auths)
        || r->request_body == NULL || r->request_body->bufs == NULL)
    {
        return NGX_DECLINED;
    }

    b = r->request_body->bufs->buf;

    /* an internal redirect leads here again */

    if (b->start == d->envelope) {
        return NGX_DECLINED;
    }

    body.data = b->pos;
    body.len = b->last - b->pos;

    rc = ngx_erp_auth_envelope(d->auths, r->pool, &body);

    if (rc == NGX_DECLINED) {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "the body for \"erp_auth wsse\" is no SOAP envelope");
    }

    if (rc != NGX_OK || ngx_http_erp_envelope_replace(r, &body) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    d->envelope = body.data;

    return NGX_DECLINED;
}


static ngx_int_t
ngx_http_erp_envelope_replace(ngx_http_request_t *r, ngx_str_t *body)
{
    u_char                   *p;
    ngx_buf_t                *b;
    ngx_chain_t              *cl;
    ngx_table_elt_t          *h;
    ngx_http_request_body_t  *rb;

    rb = ngx_palloc(r->pool, sizeof(ngx_http_request_body_t));
    b = ngx_calloc_buf(r->pool);
    cl = ngx_alloc_chain_link(r->pool);

    if (rb == NULL || b == NULL || cl == NULL) {
        return NGX_ERROR;
    }

    h = r->headers_in.content_length;

    if (h) {
        p = ngx_pnalloc(r->pool, NGX_SIZE_T_LEN);
        if (p == NULL) {
            return NGX_ERROR;
        }

        h->value.data = p;
        h->value.len = ngx_sprintf(p, "%uz", body->len) - p;
    }

    b->start = body->data;
    b->pos = body->data;
    b->last = body->data + body->len;
    b->end = b->last;
    b->temporary = 1;
    b->last_buf = 1;

    cl->buf = b;
    cl->next = NULL;

    *rb = *r->request_body;

    rb->bufs = cl;
    rb->buf = NULL;

    r->request_body = rb;
    r->headers_in.content_length_n = body->len;

    return NGX_OK;
}
