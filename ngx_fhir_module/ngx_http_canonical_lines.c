
/*
 * NDJSON: each line is a body of its own, and no memory is kept of it but the
 * text of its objects.
 */

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_http_canonical_module.h"


/* of pieces that ngx_pfree() gives back: more than a page */
#define NGX_HTTP_CANONICAL_LINES  16384


static ngx_int_t ngx_http_canonical_reuse(ngx_http_request_t *r,
    ngx_http_canonical_mapping_t *mapping);
static void ngx_http_canonical_destroy(void *data);


/* of a request: what is made of all lines, in mapping->text */

ngx_int_t
ngx_http_canonical_map_lines(ngx_http_request_t *r,
    ngx_http_canonical_mapping_t *mapping)
{
    u_char     *p, *end, *last;
    ngx_int_t   rc;
    ngx_str_t   line, text;

    p = mapping->body.data;
    last = p + mapping->body.len;

    while (p < last) {
        end = ngx_strlchr(p, last, LF);

        if (end == NULL) {
            end = last;
        }

        line.data = p;
        line.len = end - p;

        p = (end < last) ? end + 1 : last;

        rc = ngx_http_canonical_map_line(r, mapping, &line, &text);

        if (rc == NGX_OK) {
            rc = ngx_http_canonical_keep_line(r, mapping, &text);
        }

        if (rc != NGX_OK) {
            return rc;
        }
    }

    if (mapping->pool == NULL) {
        mapping->line = 0;
        return ngx_http_canonical_none(mapping, NGX_HTTP_BAD_REQUEST, 0,
                                       "empty body");
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_canonical_keep_line(ngx_http_request_t *r,
    ngx_http_canonical_mapping_t *mapping, ngx_str_t *text)
{
    size_t   used, size;
    u_char  *p;

    used = mapping->text.len;

    if (text->len > mapping->arena.limit - used) {
        return ngx_http_canonical_none(mapping,
                                       NGX_HTTP_REQUEST_ENTITY_TOO_LARGE, 0,
                                       "too much memory needed");
    }

    if (text->len > mapping->size - used) {

        size = ngx_max(mapping->size * 2, used + text->len);
        size = ngx_max(size, NGX_HTTP_CANONICAL_LINES);

        p = ngx_palloc(r->pool, size);
        if (p == NULL) {
            return NGX_ERROR;
        }

        if (used) {
            ngx_memcpy(p, mapping->text.data, used);
            ngx_pfree(r->pool, mapping->text.data);
        }

        mapping->text.data = p;
        mapping->size = size;
    }

    if (text->len) {
        ngx_memcpy(mapping->text.data + used, text->data, text->len);
        mapping->text.len += text->len;
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_canonical_map_line(ngx_http_request_t *r,
    ngx_http_canonical_mapping_t *mapping, ngx_str_t *line, ngx_str_t *out)
{
    ngx_int_t  rc;

    mapping->line++;

    ngx_str_null(out);

    if (line->len && line->data[line->len - 1] == CR) {
        line->len--;
    }

    if (line->len == 0) {
        return NGX_OK;
    }

    if (ngx_http_canonical_reuse(r, mapping) != NGX_OK) {
        return NGX_ERROR;
    }

    rc = ngx_http_canonical_map_text(r, mapping, line);

    if (rc != NGX_OK) {
        return rc;
    }

    ngx_http_canonical_warn(r, mapping);

    *out = ngx_http_canonical_print(mapping->pool, mapping,
                                    mapping->run.objects);

    return out->data ? NGX_OK : NGX_ERROR;
}


/* forgets the objects of the last line, and gives its memory to the next */

static ngx_int_t
ngx_http_canonical_reuse(ngx_http_request_t *r,
    ngx_http_canonical_mapping_t *mapping)
{
    ngx_canonical_run_t  run;
    ngx_pool_cleanup_t  *cln;

    if (mapping->pool == NULL) {

        cln = ngx_pool_cleanup_add(r->pool, 0);
        if (cln == NULL) {
            return NGX_ERROR;
        }

        mapping->pool = ngx_create_pool(NGX_DEFAULT_POOL_SIZE,
                                        r->connection->log);
        if (mapping->pool == NULL) {
            return NGX_ERROR;
        }

        cln->handler = ngx_http_canonical_destroy;
        cln->data = mapping->pool;

    } else {
        ngx_reset_pool(mapping->pool);
    }

    ngx_canonical_arena_init(&mapping->arena, ngx_http_canonical_memory,
                             mapping->pool, mapping->arena.limit);

    run = mapping->run;
    mapping->before += run.nobjects;

    ngx_memzero(&mapping->run, sizeof(ngx_canonical_run_t));

    mapping->run.arena = &mapping->arena;
    mapping->run.variable = run.variable;
    mapping->run.data = run.data;
    mapping->run.max_objects = run.max_objects;
    mapping->run.max_items = run.max_items;

    return NGX_OK;
}


static void
ngx_http_canonical_destroy(void *data)
{
    ngx_destroy_pool(data);
}
