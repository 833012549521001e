
/*
 * A tree as the fields of a form: see ngx_canonical_write.h.
 *
 * Source: WHATWG URL, "application/x-www-form-urlencoded serializing".
 */

#include "ngx_canonical_write.h"


/* members in each other */
#define NGX_CANONICAL_FORM_DEPTH  64


typedef struct {
    u_char                  *out;        /* NULL: bytes are counted only */
    size_t                   len;
    const char              *why;

    /* from the root's member to the value; those of arrays have no name */

    ngx_canonical_node_t    *path[NGX_CANONICAL_FORM_DEPTH];
    ngx_uint_t               depth;
} ngx_canonical_form_t;


static ngx_int_t ngx_canonical_form_node(ngx_canonical_form_t *f,
    ngx_canonical_node_t *node);
static void ngx_canonical_form_field(ngx_canonical_form_t *f,
    ngx_canonical_node_t *node);
static void ngx_canonical_form_encode(ngx_canonical_form_t *f, u_char *p,
    size_t len);
static void ngx_canonical_form_put(ngx_canonical_form_t *f, const char *p,
    size_t len);


ngx_int_t
ngx_canonical_write_form(ngx_canonical_arena_t *a, ngx_canonical_node_t *root,
    ngx_str_t *out, const char **why)
{
    ngx_canonical_form_t  f;

    if (root->kind != NGX_CANONICAL_OBJECT) {
        *why = "a form is an object";
        return NGX_DECLINED;
    }

    f.out = NULL;
    f.len = 0;
    f.depth = 0;

    if (ngx_canonical_form_node(&f, root) != NGX_OK) {
        *why = f.why;
        return NGX_DECLINED;
    }

    if (f.len == 0) {
        ngx_str_set(out, "");
        return NGX_OK;
    }

    out->data = ngx_canonical_bytes(a, f.len);
    if (out->data == NULL) {
        return NGX_ERROR;
    }

    f.out = out->data;
    f.len = 0;

    (void) ngx_canonical_form_node(&f, root);

    out->len = f.len;

    return NGX_OK;
}


/* calls itself NGX_CANONICAL_FORM_DEPTH times at most */

static ngx_int_t
ngx_canonical_form_node(ngx_canonical_form_t *f, ngx_canonical_node_t *node)
{
    ngx_canonical_node_t  *child;

    if (node->kind != NGX_CANONICAL_OBJECT
        && node->kind != NGX_CANONICAL_ARRAY)
    {
        ngx_canonical_form_field(f, node);
        return NGX_OK;
    }

    if (node->first && f->depth == NGX_CANONICAL_FORM_DEPTH) {
        f->why = "nested too deeply";
        return NGX_DECLINED;
    }

    for (child = node->first; child; child = child->next) {
        f->path[f->depth++] = child;

        if (ngx_canonical_form_node(f, child) != NGX_OK) {
            return NGX_DECLINED;
        }

        f->depth--;
    }

    return NGX_OK;
}


static void
ngx_canonical_form_field(ngx_canonical_form_t *f, ngx_canonical_node_t *node)
{
    ngx_uint_t  i;

    if (f->len) {
        ngx_canonical_form_put(f, "&", 1);
    }

    ngx_canonical_form_encode(f, f->path[0]->name, f->path[0]->name_len);

    for (i = 1; i < f->depth; i++) {
        ngx_canonical_form_put(f, "%5B", 3);
        ngx_canonical_form_encode(f, f->path[i]->name, f->path[i]->name_len);
        ngx_canonical_form_put(f, "%5D", 3);
    }

    ngx_canonical_form_put(f, "=", 1);

    if (node->kind != NGX_CANONICAL_NULL && node->kind != NGX_CANONICAL_NONE) {
        ngx_canonical_form_encode(f, node->data, node->len);
    }
}


static void
ngx_canonical_form_encode(ngx_canonical_form_t *f, u_char *p, size_t len)
{
    char    escape[3];
    u_char  ch;

    static const char  hex[] = "0123456789ABCDEF";

    for ( /* void */ ; len; p++, len--) {
        ch = *p;

        if ((ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z')
            || (ch >= '0' && ch <= '9') || ch == '*' || ch == '-' || ch == '.'
            || ch == '_')
        {
            ngx_canonical_form_put(f, (char *) p, 1);

        } else if (ch == ' ') {
            ngx_canonical_form_put(f, "+", 1);

        } else {
            escape[0] = '%';
            escape[1] = hex[ch >> 4];
            escape[2] = hex[ch & 0xf];

            ngx_canonical_form_put(f, escape, 3);
        }
    }
}


static void
ngx_canonical_form_put(ngx_canonical_form_t *f, const char *p, size_t len)
{
    if (f->out) {
        ngx_memcpy(f->out + f->len, p, len);
    }

    f->len += len;
}
