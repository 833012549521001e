
/*
 * The unbuffered reader of NGINX, and a buffer that it is copied into: see
 * the header.
 */

#include "ngx_http_memory_body.h"


#define NGX_HTTP_MEMORY_BODY_MIN  16384


typedef struct {
    u_char       *start;
    u_char       *last;
    u_char       *end;
    size_t        max;
    ngx_int_t     status;        /* why it could not be read */
} ngx_http_memory_body_t;


static ngx_int_t ngx_http_memory_body_check(ngx_http_request_t *r,
    size_t max);
static ngx_int_t ngx_http_memory_body_large(ngx_http_request_t *r);
static void ngx_http_memory_body_init(ngx_http_request_t *r);
static void ngx_http_memory_body_handler(ngx_http_request_t *r);
static ngx_int_t ngx_http_memory_body_collect(ngx_http_request_t *r,
    ngx_http_memory_body_t *mb);
static ngx_int_t ngx_http_memory_body_reserve(ngx_http_request_t *r,
    ngx_http_memory_body_t *mb, size_t size);
static ngx_int_t ngx_http_memory_body_set(ngx_http_request_t *r,
    ngx_http_memory_body_t *mb);
static ngx_http_memory_body_t *ngx_http_memory_body_get(ngx_http_request_t *r);
static void ngx_http_memory_body_cleanup(void *data);


ngx_int_t
ngx_http_memory_body(ngx_http_request_t *r, size_t max)
{
    ngx_int_t                rc;
    ngx_pool_cleanup_t      *cln;
    ngx_http_memory_body_t  *mb;

    mb = ngx_http_memory_body_get(r);

    if (mb && mb->status) {
        return mb->status;
    }

    if (r->request_body) {
        return ngx_http_memory_body_check(r, max);
    }

    if (r != r->main || r->discard_body) {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "request body cannot be read any more");
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (max && r->headers_in.content_length_n > (off_t) max) {
        return ngx_http_memory_body_large(r);
    }

    cln = ngx_pool_cleanup_add(r->pool, sizeof(ngx_http_memory_body_t));
    if (cln == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    mb = cln->data;
    ngx_memzero(mb, sizeof(ngx_http_memory_body_t));

    mb->max = max;

    cln->handler = ngx_http_memory_body_cleanup;

    r->request_body_no_buffering = 1;

    rc = ngx_http_read_client_request_body(r, ngx_http_memory_body_init);

    if (rc >= NGX_HTTP_SPECIAL_RESPONSE) {
        mb->status = rc;
        return rc;
    }

    ngx_http_finalize_request(r, NGX_DONE);
    return NGX_DONE;
}


/* somebody has read it: a message over MLLP, or the rewrite phase */

static ngx_int_t
ngx_http_memory_body_check(ngx_http_request_t *r, size_t max)
{
    size_t                   len;
    ngx_int_t                rc;
    ngx_chain_t             *cl;
    ngx_http_memory_body_t   mb;

    if (r->reading_body) {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "request body is being read by another");
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    len = 0;

    for (cl = r->request_body->bufs; cl; cl = cl->next) {

        if (cl->buf->in_file) {
            ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                          "request body is in a temporary file");
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        len += ngx_buf_size(cl->buf);
    }

    if (max && len > max) {
        return ngx_http_memory_body_large(r);
    }

    cl = r->request_body->bufs;

    if (cl == NULL || cl->next == NULL) {
        return NGX_DECLINED;
    }

    ngx_memzero(&mb, sizeof(ngx_http_memory_body_t));

    if (ngx_http_memory_body_reserve(r, &mb, len) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    for ( /* void */ ; cl; cl = cl->next) {
        mb.last = ngx_cpymem(mb.last, cl->buf->pos, ngx_buf_size(cl->buf));
    }

    rc = ngx_http_memory_body_set(r, &mb);

    return (rc == NGX_OK) ? NGX_DECLINED : rc;
}


static ngx_int_t
ngx_http_memory_body_large(ngx_http_request_t *r)
{
    ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                  "client intended to send too large body");

    return NGX_HTTP_REQUEST_ENTITY_TOO_LARGE;
}


static void
ngx_http_memory_body_init(ngx_http_request_t *r)
{
    ngx_chain_t  *cl;

    cl = r->request_body->bufs;

    if (!r->reading_body && (cl == NULL || cl->next == NULL)) {

        /* it came with the header, or there is none: no copy */

        r->preserve_body = 1;
        r->write_event_handler = ngx_http_core_run_phases;
        ngx_http_core_run_phases(r);
        return;
    }

    ngx_http_memory_body_handler(r);
}


static void
ngx_http_memory_body_handler(ngx_http_request_t *r)
{
    ngx_int_t                rc;
    ngx_http_memory_body_t  *mb;

    mb = ngx_http_memory_body_get(r);

    for ( ;; ) {
        rc = ngx_http_memory_body_collect(r, mb);

        if (rc == NGX_OK && !r->reading_body) {
            rc = ngx_http_memory_body_set(r, mb);
            break;
        }

        if (rc != NGX_OK) {
            break;
        }

        rc = ngx_http_read_unbuffered_request_body(r);

        if (rc >= NGX_HTTP_SPECIAL_RESPONSE) {
            break;
        }

        if (r->reading_body && r->request_body->bufs == NULL) {
            r->read_event_handler = ngx_http_memory_body_handler;
            return;
        }
    }

    r->request_body_no_buffering = 0;
    r->read_event_handler = ngx_http_block_reading;

    if (rc != NGX_OK) {
        mb->status = rc;
        ngx_http_finalize_request(r, rc);
        return;
    }

    r->preserve_body = 1;
    r->write_event_handler = ngx_http_core_run_phases;
    ngx_http_core_run_phases(r);
}


/* what NGINX has read, whose buffers it uses again then */

static ngx_int_t
ngx_http_memory_body_collect(ngx_http_request_t *r,
    ngx_http_memory_body_t *mb)
{
    size_t        size;
    ngx_buf_t    *b;
    ngx_chain_t  *cl, *ln;

    for (cl = r->request_body->bufs; cl; /* void */ ) {
        b = cl->buf;
        size = b->last - b->pos;

        if (mb->max && size > mb->max - (mb->last - mb->start)) {
            return ngx_http_memory_body_large(r);
        }

        if (ngx_http_memory_body_reserve(r, mb, size) != NGX_OK) {
            return NGX_HTTP_INTERNAL_SERVER_ERROR;
        }

        if (size) {
            mb->last = ngx_cpymem(mb->last, b->pos, size);
            b->pos = b->last;
        }

        ln = cl;
        cl = cl->next;
        ngx_free_chain(r->pool, ln);
    }

    r->request_body->bufs = NULL;

    return NGX_OK;
}


static ngx_int_t
ngx_http_memory_body_reserve(ngx_http_request_t *r,
    ngx_http_memory_body_t *mb, size_t size)
{
    size_t   used, room;
    u_char  *p;

    if ((size_t) (mb->end - mb->last) >= size) {
        return NGX_OK;
    }

    used = mb->last - mb->start;

    if (mb->start == NULL && r->headers_in.content_length_n > 0) {
        room = ngx_max(size, (size_t) r->headers_in.content_length_n);

    } else {
        room = ngx_max(used * 2, used + size);
        room = ngx_max(room, NGX_HTTP_MEMORY_BODY_MIN);
    }

    p = ngx_palloc(r->pool, room);
    if (p == NULL) {
        return NGX_ERROR;
    }

    if (used) {
        ngx_memcpy(p, mb->start, used);
    }

    if (mb->start) {
        ngx_pfree(r->pool, mb->start);
    }

    mb->start = p;
    mb->last = p + used;
    mb->end = p + room;

    return NGX_OK;
}


static ngx_int_t
ngx_http_memory_body_set(ngx_http_request_t *r, ngx_http_memory_body_t *mb)
{
    ngx_buf_t    *b;
    ngx_chain_t  *cl;

    if (mb->last == mb->start) {
        r->request_body->bufs = NULL;
        return NGX_OK;
    }

    b = ngx_calloc_buf(r->pool);
    cl = ngx_alloc_chain_link(r->pool);

    if (b == NULL || cl == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    b->start = mb->start;
    b->pos = mb->start;
    b->last = mb->last;
    b->end = mb->end;
    b->temporary = 1;
    b->last_buf = 1;

    cl->buf = b;
    cl->next = NULL;

    r->request_body->bufs = cl;

    return NGX_OK;
}


/* NULL: it was not read here */

static ngx_http_memory_body_t *
ngx_http_memory_body_get(ngx_http_request_t *r)
{
    ngx_pool_cleanup_t  *cln;

    for (cln = r->pool->cleanup; cln; cln = cln->next) {
        if (cln->handler == ngx_http_memory_body_cleanup) {
            return cln->data;
        }
    }

    return NULL;
}


/* only marks it on the list of the pool */

static void
ngx_http_memory_body_cleanup(void *data)
{
}
