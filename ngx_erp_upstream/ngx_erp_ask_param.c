
/*
 * Parameters of the API: a query string and a JSON body are both an object.
 */

#include "ngx_erp_ask_private.h"
#include "ngx_canonical_json.h"


/* characters of an unknown name that are told */
#define NGX_ERP_ASK_NAME  64


static ngx_int_t ngx_erp_ask_arg(ngx_erp_asking_t *q, u_char *start,
    u_char *end);
static ngx_int_t ngx_erp_ask_decode(ngx_erp_asking_t *q, u_char *start,
    u_char *end, ngx_str_t *text);
static ngx_int_t ngx_erp_ask_hex(u_char c);
static ngx_int_t ngx_erp_ask_unknown(ngx_erp_asking_t *q,
    ngx_canonical_node_t *node);
static ngx_canonical_node_t *ngx_erp_ask_value(ngx_canonical_node_t *object,
    const char *name, ngx_str_t *text);
static ngx_int_t ngx_erp_ask_id(ngx_erp_asking_t *q,
    ngx_canonical_node_t *node, const char *name, uint64_t *id);


ngx_int_t
ngx_erp_ask_args(ngx_erp_asking_t *q)
{
    u_char     *p, *next, *end;
    ngx_int_t   rc;

    q->params = ngx_canonical_node(q->asked->arena, NGX_CANONICAL_OBJECT);

    if (q->params == NULL) {
        return NGX_ERROR;
    }

    if (q->ask->args.len == 0) {
        return NGX_OK;
    }

    p = q->ask->args.data;
    end = p + q->ask->args.len;

    while (p < end) {
        next = memchr(p, '&', end - p);

        if (next == NULL) {
            next = end;
        }

        if (next != p) {
            rc = ngx_erp_ask_arg(q, p, next);
            if (rc != NGX_OK) {
                return rc;
            }
        }

        p = next + 1;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_erp_ask_arg(ngx_erp_asking_t *q, u_char *start, u_char *end)
{
    u_char                *equal;
    ngx_int_t              rc;
    ngx_str_t              name, value;
    ngx_canonical_node_t  *node;

    equal = memchr(start, '=', end - start);

    rc = ngx_erp_ask_decode(q, start, equal ? equal : end, &name);

    if (rc == NGX_OK) {
        rc = ngx_erp_ask_decode(q, equal ? equal + 1 : end, end, &value);
    }

    if (rc != NGX_OK) {
        return rc;
    }

    node = ngx_canonical_node(q->asked->arena, NGX_CANONICAL_STRING);

    if (node == NULL) {
        return NGX_ERROR;
    }

    node->name = name.data;
    node->name_len = name.len;
    node->data = value.data;
    node->len = value.len;

    if (ngx_canonical_member(q->params, name.data, name.len)) {
        return ngx_erp_ask_refuse(q, 400, "a parameter is there twice", NULL);
    }

    ngx_canonical_append(q->params, node);

    return NGX_OK;
}


static ngx_int_t
ngx_erp_ask_decode(ngx_erp_asking_t *q, u_char *start, u_char *end,
    ngx_str_t *text)
{
    u_char     *p, *d;
    ngx_int_t   high, low;

    d = ngx_canonical_bytes(q->asked->arena, end - start);

    if (d == NULL) {
        return NGX_ERROR;
    }

    text->data = d;

    for (p = start; p < end; p++) {

        if (*p == '+') {
            *d++ = ' ';
            continue;
        }

        if (*p != '%') {
            *d++ = *p;
            continue;
        }

        if (end - p < 3) {
            return ngx_erp_ask_refuse(q, 400, "not a query string", NULL);
        }

        high = ngx_erp_ask_hex(p[1]);
        low = ngx_erp_ask_hex(p[2]);

        if (high == NGX_ERROR || low == NGX_ERROR) {
            return ngx_erp_ask_refuse(q, 400, "not a query string", NULL);
        }

        *d++ = (u_char) (high << 4 | low);
        p += 2;
    }

    text->len = d - text->data;

    return NGX_OK;
}


static ngx_int_t
ngx_erp_ask_hex(u_char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }

    c |= 0x20;

    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }

    return NGX_ERROR;
}


ngx_int_t
ngx_erp_ask_body(ngx_erp_asking_t *q)
{
    ngx_int_t                rc;
    ngx_canonical_error_t    err;
    ngx_canonical_limits_t   limits;

    limits.depth = 4;
    limits.nodes = 2 * NGX_ERP_ASK_REPLAYS;
    limits.members = NGX_ERP_ASK_REPLAYS;
    limits.number = 32;

    ngx_memzero(&err, sizeof(ngx_canonical_error_t));

    rc = ngx_canonical_json_read(q->asked->arena, &q->ask->body, &limits,
                                 &q->params, &err);

    if (rc == NGX_DECLINED) {
        return ngx_erp_ask_refuse(q, 400, "the body is not JSON, or too large",
                                  NULL);
    }

    if (rc != NGX_OK) {
        return NGX_ERROR;
    }

    if (q->params->kind != NGX_CANONICAL_OBJECT) {
        return ngx_erp_ask_refuse(q, 400, "the body is not an object", NULL);
    }

    return NGX_OK;
}


ngx_int_t
ngx_erp_ask_known(ngx_erp_asking_t *q, ngx_canonical_node_t *object,
    const char *names)
{
    size_t                 len;
    ngx_uint_t             found;
    const char            *name, *space;
    ngx_canonical_node_t  *node;

    for (node = object->first; node; node = node->next) {
        found = 0;

        for (name = names; *name && !found; name = space + 1) {
            space = strchr(name, ' ');
            len = space - name;

            found = node->name_len == len
                    && ngx_memcmp(node->name, name, len) == 0;
        }

        if (!found) {
            return ngx_erp_ask_unknown(q, node);
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_erp_ask_unknown(ngx_erp_asking_t *q, ngx_canonical_node_t *node)
{
    ngx_str_t  name;

    (void) ngx_erp_ask_refuse(q, 400, "an unknown parameter", NULL);

    name.data = node->name;
    name.len = node->name_len;

    ngx_erp_json_cut(&name, NGX_ERP_ASK_NAME);
    ngx_erp_json_str(&q->json, q->root, "parameter", &name);

    return NGX_DECLINED;
}


/* null is as if it were not there */

static ngx_canonical_node_t *
ngx_erp_ask_value(ngx_canonical_node_t *object, const char *name,
    ngx_str_t *text)
{
    ngx_canonical_node_t  *node;

    node = ngx_canonical_member(object, name, ngx_strlen(name));

    if (node == NULL || node->kind == NGX_CANONICAL_NULL) {
        return NULL;
    }

    text->data = node->data;
    text->len = node->len;

    return node;
}


ngx_int_t
ngx_erp_ask_text(ngx_erp_asking_t *q, ngx_canonical_node_t *object,
    const char *name, ngx_str_t *value)
{
    ngx_str_t              text;
    ngx_canonical_node_t  *node;

    node = ngx_erp_ask_value(object, name, &text);

    if (node == NULL) {
        return NGX_OK;
    }

    if (node->kind != NGX_CANONICAL_STRING || text.len == 0) {
        return ngx_erp_ask_refuse(q, 400, "not a text", name);
    }

    *value = text;

    return NGX_OK;
}


ngx_int_t
ngx_erp_ask_num(ngx_erp_asking_t *q, ngx_canonical_node_t *object,
    const char *name, uint64_t min, uint64_t max, uint64_t *value)
{
    uint64_t               n;
    ngx_str_t              text;
    ngx_canonical_node_t  *node;

    node = ngx_erp_ask_value(object, name, &text);

    if (node == NULL) {
        return NGX_OK;
    }

    if ((node->kind != NGX_CANONICAL_STRING
         && node->kind != NGX_CANONICAL_NUMBER)
        || ngx_erp_json_digits(&text, &n) != NGX_OK)
    {
        return ngx_erp_ask_refuse(q, 400, "not a number", name);
    }

    if (n < min || n > max) {
        return ngx_erp_ask_refuse(q, 400, "out of range", name);
    }

    *value = n;

    return NGX_OK;
}


ngx_int_t
ngx_erp_ask_flag(ngx_erp_asking_t *q, ngx_canonical_node_t *object,
    const char *name, ngx_uint_t *value)
{
    ngx_str_t              text;
    ngx_canonical_node_t  *node;

    node = ngx_erp_ask_value(object, name, &text);

    if (node == NULL) {
        return NGX_OK;
    }

    if ((text.len == 1 && text.data[0] == '1')
        || (text.len == 4 && ngx_memcmp(text.data, "true", 4) == 0))
    {
        *value = 1;
        return NGX_OK;
    }

    if ((text.len == 1 && text.data[0] == '0')
        || (text.len == 5 && ngx_memcmp(text.data, "false", 5) == 0))
    {
        *value = 0;
        return NGX_OK;
    }

    return ngx_erp_ask_refuse(q, 400, "neither true nor false", name);
}


ngx_int_t
ngx_erp_ask_time(ngx_erp_asking_t *q, ngx_canonical_node_t *object,
    const char *name, uint64_t *value)
{
    ngx_str_t              text;
    ngx_canonical_node_t  *node;

    node = ngx_erp_ask_value(object, name, &text);

    if (node == NULL) {
        return NGX_OK;
    }

    if ((node->kind != NGX_CANONICAL_STRING
         && node->kind != NGX_CANONICAL_NUMBER)
        || ngx_erp_json_ms(&text, value) != NGX_OK)
    {
        return ngx_erp_ask_refuse(q, 400, "not a time", name);
    }

    return NGX_OK;
}


/* one of them, or an array of them */

ngx_int_t
ngx_erp_ask_ids(ngx_erp_asking_t *q, ngx_canonical_node_t *object,
    const char *name, ngx_uint_t max, uint64_t **ids, ngx_uint_t *n)
{
    ngx_int_t              rc;
    ngx_str_t              text;
    ngx_uint_t             i;
    ngx_canonical_node_t  *node, *id;

    node = ngx_erp_ask_value(object, name, &text);

    if (node == NULL) {
        return NGX_OK;
    }

    id = node;
    i = 1;

    if (node->kind == NGX_CANONICAL_ARRAY) {
        i = 0;

        for (id = node->first; id; id = id->next) {
            i++;
        }

        id = node->first;
    }

    if (i == 0 || i > max) {
        return ngx_erp_ask_refuse(q, 400, "none or too many", name);
    }

    *ids = ngx_canonical_alloc(q->asked->arena, i * sizeof(uint64_t));

    if (*ids == NULL) {
        return NGX_ERROR;
    }

    *n = i;

    for (i = 0; i < *n; i++) {
        rc = ngx_erp_ask_id(q, id, name, &(*ids)[i]);
        if (rc != NGX_OK) {
            return rc;
        }

        id = id->next;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_erp_ask_id(ngx_erp_asking_t *q, ngx_canonical_node_t *node,
    const char *name, uint64_t *id)
{
    ngx_str_t  text;

    text.data = node->data;
    text.len = node->len;

    if ((node->kind != NGX_CANONICAL_STRING
         && node->kind != NGX_CANONICAL_NUMBER)
        || ngx_erp_json_digits(&text, id) != NGX_OK)
    {
        return ngx_erp_ask_refuse(q, 400, "not a number", name);
    }

    return NGX_OK;
}


ngx_int_t
ngx_erp_ask_destination(ngx_erp_asking_t *q, ngx_canonical_node_t *object,
    ngx_str_t *uri, uint32_t *number)
{
    ngx_int_t  rc;

    *number = 0;
    ngx_str_null(uri);

    rc = ngx_erp_ask_text(q, object, "destination", uri);

    if (rc != NGX_OK || uri->len == 0) {
        return rc;
    }

    if (ngx_erp_query_find(q->asked->db, uri, number) != NGX_OK) {
        return ngx_erp_ask_refuse(q, 404, "there is no such destination",
                                  "destination");
    }

    return NGX_OK;
}


ngx_int_t
ngx_erp_ask_page(ngx_erp_asking_t *q, ngx_erp_ask_page_t *page)
{
    ngx_int_t  rc;

    page->limit = NGX_ERP_ASK_LIMIT;
    page->after = 0;
    page->detail = 0;

    rc = ngx_erp_ask_num(q, q->params, "limit", 1, NGX_ERP_ASK_MAX,
                         &page->limit);

    if (rc == NGX_OK) {
        rc = ngx_erp_ask_num(q, q->params, "after", 0, INT64_MAX,
                             &page->after);
    }

    if (rc == NGX_OK) {
        rc = ngx_erp_ask_flag(q, q->params, "detail", &page->detail);
    }

    return rc;
}
