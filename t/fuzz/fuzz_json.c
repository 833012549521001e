
/*
 * A JSON text, with the limits in its first four bytes.  What is read lies
 * within the limits and has no name twice; it can be printed, and the print
 * can be read again, within the same limits, and prints the same.
 */

#include <stdlib.h>
#include <string.h>

#include "arena.h"

#include "ngx_canonical_json.h"


#define check(expr)  if (!(expr)) abort()


static ngx_uint_t fuzz_tree(ngx_canonical_node_t *node, size_t size,
    ngx_canonical_limits_t *limits, ngx_uint_t depth);
static size_t fuzz_print(ngx_canonical_node_t *root, u_char **out);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    u_char                  *print, *second;
    size_t                   len;
    ngx_int_t                rc;
    ngx_str_t                text;
    ngx_canonical_node_t    *root;
    ngx_canonical_arena_t    a, b;
    ngx_canonical_error_t    err;
    ngx_canonical_limits_t   limits;

    if (size < 4) {
        return 0;
    }

    limits.depth = data[0];
    limits.nodes = 16 * data[1];
    limits.members = data[2];
    limits.number = data[3];

    text.len = size - 4;
    text.data = malloc(text.len);
    memcpy(text.data, data + 4, text.len);

    unit_arena(&a, 1024 * 1024);

    rc = ngx_canonical_json_read(&a, &text, &limits, &root, &err);

    if (rc == NGX_OK) {
        check(root->next == NULL && root->name == NULL);
        check(fuzz_tree(root, text.len, &limits, 0) <= limits.nodes);

        len = fuzz_print(root, &print);

        /* the tree is what it was */

        check(fuzz_print(root, &second) == len);
        check(memcmp(print, second, len) == 0);
        free(second);

        free(text.data);
        text.data = print;
        text.len = len;

        unit_arena(&b, 1024 * 1024);

        check(ngx_canonical_json_read(&b, &text, &limits, &root, &err)
              == NGX_OK);
        check(fuzz_print(root, &second) == len);
        check(memcmp(print, second, len) == 0);

        free(second);
        unit_arena_free(&b);

    } else {
        check(rc == NGX_DECLINED && err.text && err.code);
        check(err.positioned && err.offset <= text.len);
    }

    free(text.data);
    unit_arena_free(&a);

    return 0;
}


/* the number of nodes */

static ngx_uint_t
fuzz_tree(ngx_canonical_node_t *node, size_t size,
    ngx_canonical_limits_t *limits, ngx_uint_t depth)
{
    ngx_uint_t             n, members;
    ngx_canonical_node_t  *child;

    check(node->kind > NGX_CANONICAL_NONE);
    check(node->kind <= NGX_CANONICAL_ARRAY);
    check(node->offset < size && !node->computed);

    if (node->kind == NGX_CANONICAL_NUMBER) {
        check(node->len && node->len <= limits->number);
    }

    if (node->kind >= NGX_CANONICAL_OBJECT) {
        check(++depth <= limits->depth);

    } else {
        check(node->first == NULL && node->last == NULL);
    }

    n = 1;
    members = 0;

    for (child = node->first; child; child = child->next) {

        check(child->offset > node->offset);
        check(++members <= limits->members);

        if (child->next == NULL) {
            check(node->last == child);
        }

        if (node->kind == NGX_CANONICAL_OBJECT) {
            check(ngx_canonical_member(node, child->name, child->name_len)
                  == child);

        } else {
            check(child->name == NULL);
        }

        n += fuzz_tree(child, size, limits, depth);
    }

    return n;
}


static size_t
fuzz_print(ngx_canonical_node_t *root, u_char **out)
{
    size_t   size;
    u_char  *last;

    size = ngx_canonical_print_size(root);

    *out = malloc(size);
    last = ngx_canonical_print(root, *out);

    check(last > *out && (size_t) (last - *out) <= size);

    return last - *out;
}
