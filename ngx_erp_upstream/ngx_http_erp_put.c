
/*
 * The message for the store: the objects of a request, where each of them
 * goes, and by what it is known when it comes again.
 */

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_http_erp_put.h"


/* what the fields of the message itself may need */
#define NGX_HTTP_ERP_FIELDS_MAX   65536

/* numbers and lengths of an object, or a target, in the frame; and more */
#define NGX_HTTP_ERP_FIELDS_LEN   64

#define NGX_HTTP_ERP_OBJECTS_MAX  0xffff


static ngx_int_t ngx_http_erp_put_source(ngx_http_erp_put_t *p);
static ngx_int_t ngx_http_erp_put_type(ngx_http_erp_put_t *p,
    ngx_str_t *type);
static ngx_int_t ngx_http_erp_put_decline(ngx_http_erp_put_t *p,
    ngx_uint_t status, const char *text);
static ngx_int_t ngx_http_erp_put_objects(ngx_http_erp_put_t *p);
static ngx_int_t ngx_http_erp_put_object(ngx_http_erp_put_t *p,
    ngx_erp_object_t *o, ngx_canonical_object_t *object);
static ngx_int_t ngx_http_erp_put_add(ngx_http_erp_put_t *p, size_t size);
static ngx_int_t ngx_http_erp_put_targets(ngx_http_erp_put_t *p,
    ngx_uint_t n, ngx_canonical_object_t *object);
static ngx_int_t ngx_http_erp_put_value(ngx_http_erp_put_t *p,
    ngx_http_complex_value_t *cv, ngx_str_t *value);


ngx_int_t
ngx_http_erp_put(ngx_http_request_t *r, ngx_http_erp_sent_t *sent,
    ngx_http_erp_refusal_t *refusal)
{
    ngx_int_t            rc;
    ngx_time_t          *tp;
    ngx_erp_message_t   *m;
    ngx_http_erp_put_t   p;

    ngx_memzero(&p, sizeof(ngx_http_erp_put_t));

    p.request = r;
    p.conf = ngx_http_get_module_loc_conf(r, ngx_http_erp_module);
    p.sent = sent;
    p.refusal = refusal;

    rc = ngx_http_erp_put_source(&p);
    if (rc != NGX_OK) {
        return rc;
    }

    m = &sent->put;

    tp = ngx_timeofday();
    m->received = (uint64_t) tp->sec * 1000 + tp->msec;

    m->flow = p.conf->flow;
    m->correlation_id = p.context->id.correlation_id;
    m->traceparent = p.context->id.traceparent;

    if (ngx_http_erp_put_names(&p) != NGX_OK
        || ngx_http_erp_put_dedup(&p) != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_erp_put_objects(&p);
}


/* what there is to be stored */

static ngx_int_t
ngx_http_erp_put_source(ngx_http_erp_put_t *p)
{
    ngx_buf_t                 *b;
    ngx_str_t                 *encoding;
    ngx_http_request_t        *r;
    ngx_http_canonical_ctx_t  *ctx;

    r = p->request;

    p->context = ngx_http_hl7_context(r);
    ctx = ngx_http_canonical_ctx(r);

    if (p->context == NULL || ctx == NULL) {
        return NGX_ERROR;
    }

    p->canonical = ctx;

    if (r->request_body->bufs) {
        b = r->request_body->bufs->buf;
        p->body.data = b->pos;
        p->body.len = b->last - b->pos;
    }

    p->sent->put.raw = ctx->has_body ? ctx->body : p->body;
    p->size = NGX_HTTP_ERP_FIELDS_MAX + p->sent->put.raw.len;

    /* one that was refused came here by error_page, as it was */

    if (ctx->request && ctx->refused == 0) {

        if (ctx->request->media == NGX_HTTP_CANONICAL_NDJSON) {
            return ngx_http_erp_put_decline(p, NGX_HTTP_UNSUPPORTED_MEDIA_TYPE,
                                    "NDJSON cannot be stored, send its lines "
                                    "one by one");
        }

        if (ctx->conf->render == NULL) {
            p->mapping = ctx->request;
        }

        p->message = ctx->request->run.message;
    }

    if (p->message == NULL && p->context->opened) {
        p->message = &p->context->message;
    }

    if (p->mapping) {
        return ngx_http_erp_put_type(p, &p->mapping->type);
    }

    if (p->body.len == 0) {
        return ngx_http_erp_put_decline(p, NGX_HTTP_BAD_REQUEST,
                                        "empty body");
    }

    encoding = ngx_http_erp_header(r, "content-encoding");

    if (encoding
        && (encoding->len != sizeof("identity") - 1
            || ngx_strncasecmp(encoding->data, (u_char *) "identity",
                               encoding->len)
               != 0))
    {
        return ngx_http_erp_put_decline(p, NGX_HTTP_UNSUPPORTED_MEDIA_TYPE,
                                        "a packed body cannot be stored");
    }

    return ngx_http_erp_put_type(p, r->headers_in.content_type
                                    ? &r->headers_in.content_type->value
                                    : NULL);
}


/* the media type without its parameters */

static ngx_int_t
ngx_http_erp_put_type(ngx_http_erp_put_t *p, ngx_str_t *type)
{
    size_t  len;

    ngx_str_set(&p->type, "application/octet-stream");

    if (type == NULL) {
        return NGX_OK;
    }

    for (len = 0; len < type->len; len++) {
        if (type->data[len] == ';' || type->data[len] == ' '
            || type->data[len] == '\t')
        {
            break;
        }
    }

    if (len == 0) {
        return NGX_OK;
    }

    p->type.data = ngx_pnalloc(p->request->pool, len);
    if (p->type.data == NULL) {
        return NGX_ERROR;
    }

    p->type.len = len;
    ngx_strlow(p->type.data, type->data, len);

    return ngx_http_erp_put_text(p, &p->type);
}


static ngx_int_t
ngx_http_erp_put_decline(ngx_http_erp_put_t *p, ngx_uint_t status,
    const char *text)
{
    p->refusal->status = status;
    p->refusal->text = text;
    p->refusal->code = (status == NGX_HTTP_REQUEST_ENTITY_TOO_LARGE)
                       ? NGX_HL7_VALUE_TOO_LONG : NGX_HL7_INTERNAL_ERROR;

    return NGX_DECLINED;
}


static ngx_int_t
ngx_http_erp_put_objects(ngx_http_erp_put_t *p)
{
    ngx_int_t                rc;
    ngx_uint_t               i, n;
    ngx_pool_t              *pool;
    ngx_erp_message_t       *m;
    ngx_canonical_object_t  *object;

    pool = p->request->pool;
    m = &p->sent->put;

    n = p->mapping ? p->mapping->run.nobjects : 1;

    if (n > NGX_HTTP_ERP_OBJECTS_MAX) {
        return ngx_http_erp_put_decline(p, NGX_HTTP_REQUEST_ENTITY_TOO_LARGE,
                                        "too many objects");
    }

    rc = ngx_http_erp_put_add(p, 0);

    if (rc != NGX_OK || n == 0) {
        return rc;
    }

    m->objects = ngx_pcalloc(pool, n * sizeof(ngx_erp_object_t));

    if (m->objects == NULL
        || ngx_array_init(&p->targets, pool, n * p->conf->sends->nelts,
                          sizeof(ngx_erp_target_t))
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    m->nobjects = n;

    object = p->mapping ? p->mapping->run.objects : NULL;

    for (i = 0; i < n; i++) {
        rc = ngx_http_erp_put_object(p, &m->objects[i], object);

        if (rc == NGX_OK) {
            rc = ngx_http_erp_put_targets(p, i, object);
        }

        if (rc != NGX_OK) {
            return rc;
        }

        object = object ? object->next : NULL;
    }

    m->targets = p->targets.elts;
    m->ntargets = p->targets.nelts;

    return NGX_OK;
}


/* "object" is NULL: the body itself */

static ngx_int_t
ngx_http_erp_put_object(ngx_http_erp_put_t *p, ngx_erp_object_t *o,
    ngx_canonical_object_t *object)
{
    size_t  size;

    if (object == NULL) {
        o->type = p->type;
        o->body = p->body;

    } else {
        o->type = object->type;
        o->key = object->key;
        o->map = *ngx_canonical_map_label(object->map);

        size = ngx_canonical_print_size(object->root);

        o->body.data = ngx_pnalloc(p->request->pool, size);
        if (o->body.data == NULL) {
            return NGX_ERROR;
        }

        o->body.len = ngx_canonical_print(object->root, o->body.data)
                      - o->body.data;
    }

    if (ngx_http_erp_put_text(p, &o->key) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_http_erp_put_add(p, o->type.len + o->key.len + o->map.len
                                   + o->body.len);
}


/* a frame that is too large would be refused again and again */

static ngx_int_t
ngx_http_erp_put_add(ngx_http_erp_put_t *p, size_t size)
{
    p->size += NGX_HTTP_ERP_FIELDS_LEN + size;

    if (p->size > NGX_ERP_WIRE_MAX) {
        return ngx_http_erp_put_decline(p, NGX_HTTP_REQUEST_ENTITY_TOO_LARGE,
                                        "too large to be stored");
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_erp_put_targets(ngx_http_erp_put_t *p, ngx_uint_t n,
    ngx_canonical_object_t *object)
{
    ngx_int_t                rc;
    ngx_uint_t               i;
    ngx_erp_object_t        *o;
    ngx_erp_target_t        *t;
    ngx_http_erp_send_t     *send;
    ngx_canonical_object_t  *current;

    o = &p->sent->put.objects[n];
    send = p->conf->sends->elts;

    for (i = 0; i < p->conf->sends->nelts; i++) {

        if (send[i].when.len
            && (send[i].when.len != o->type.len
                || ngx_memcmp(send[i].when.data, o->type.data, o->type.len)
                   != 0))
        {
            continue;
        }

        t = ngx_array_push(&p->targets);
        if (t == NULL) {
            return NGX_ERROR;
        }

        ngx_memzero(t, sizeof(ngx_erp_target_t));

        t->object = n;
        t->destination = send[i].dest->uri;
        t->ttl = send[i].ttl;

        if (send[i].wait) {
            t->wait = 1;
            p->sent->waiting++;
            p->sent->wait = ngx_max(p->sent->wait, send[i].wait);
        }

        /* variables tell of this object meanwhile */

        current = p->canonical->current;

        if (object) {
            p->canonical->current = object;
        }

        rc = ngx_http_erp_put_value(p, send[i].order_by, &t->order);

        if (rc == NGX_OK) {
            rc = ngx_http_erp_put_value(p, send[i].key, &t->key);
        }

        p->canonical->current = current;

        if (rc == NGX_OK && t->key.len == 0) {
            rc = ngx_http_erp_put_key(p, n, &t->key);
        }

        if (rc == NGX_OK) {
            rc = ngx_http_erp_put_add(p, t->destination.len + t->order.len
                                         + t->key.len);
        }

        if (rc != NGX_OK) {
            return rc;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_erp_put_value(ngx_http_erp_put_t *p, ngx_http_complex_value_t *cv,
    ngx_str_t *value)
{
    if (cv == NULL) {
        return NGX_OK;
    }

    if (ngx_http_complex_value(p->request, cv, value) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_http_erp_put_text(p, value);
}
