
/*
 * A document behind a byte that says which reader gets it.  The tree is
 * within the limits and the memory that was allowed, its strings are UTF-8
 * and its offsets lie in the body; of what is refused there is a text of ours
 * and an offset in the body.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libxml/parser.h>

#include "arena.h"

#include "ngx_canonical_text.h"
#include "ngx_canonical_xml.h"
#include "ngx_fhir_tree.h"


#define check(expr)  if (!(expr)) abort()

#define FUZZ_MEMORY  (1 << 20)


static void fuzz_node(ngx_canonical_node_t *node, ngx_uint_t depth);
static void fuzz_text(u_char *p, size_t len);


static ngx_canonical_limits_t  limits = { 16, 500, 100, 20 };
static size_t                  size_of_body;
static ngx_uint_t              nodes, fhir;


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ngx_int_t               rc;
    ngx_str_t               text;
    ngx_canonical_node_t   *root;
    ngx_canonical_arena_t   arena;
    ngx_canonical_error_t   err;

    if (size == 0) {
        return 0;
    }

    xmlInitParser();
    check(ngx_fhir_types_init(malloc) == NGX_OK);

    fhir = data[0] & 1;

    text.len = size - 1;
    text.data = malloc(text.len);
    memcpy(text.data, data + 1, text.len);

    size_of_body = text.len;
    nodes = 0;

    unit_arena(&arena, FUZZ_MEMORY);

    memset(&err, 0xa5, sizeof(ngx_canonical_error_t));

    rc = fhir ? ngx_fhir_xml_read(&arena, &text, &limits, &root, &err)
              : ngx_canonical_xml_read(&arena, &text, &limits, &root, &err);

    check(arena.taken <= FUZZ_MEMORY);

    if (rc == NGX_OK) {
        check(fhir == (root->type != 0));
        check(root->next == NULL);

        fuzz_node(root, 0);
        check(nodes <= limits.nodes);

    } else {
        check(rc == NGX_DECLINED);
        check(err.text && err.code && err.offset <= size_of_body);
    }

    unit_arena_free(&arena);
    free(text.data);

    return 0;
}


/* "depth" containers are around it */

static void
fuzz_node(ngx_canonical_node_t *node, ngx_uint_t depth)
{
    ngx_uint_t             n;
    ngx_canonical_node_t  *child, *last;

    nodes++;

    check(node->offset <= size_of_body);
    fuzz_text(node->name, node->name_len);

    if (node->kind == NGX_CANONICAL_OBJECT
        || node->kind == NGX_CANONICAL_ARRAY)
    {
        check(node->data == NULL && node->len == 0);

    } else {
        check(node->data || node->kind == NGX_CANONICAL_NONE);
        check(fhir || (node->kind == NGX_CANONICAL_STRING && !node->first));
        check(node->kind != NGX_CANONICAL_NUMBER
              || node->len <= limits.number);
        fuzz_text(node->data, node->len);
    }

    n = 0;
    last = NULL;

    for (child = node->first; child; child = child->next) {
        check((child->name_len == 0) == (node->kind == NGX_CANONICAL_ARRAY));
        fuzz_node(child, depth + 1);

        last = child;
        n++;
    }

    check(node->last == last);
    check(n <= limits.members);
    check(n == 0 || depth < limits.depth);
}


static void
fuzz_text(u_char *p, size_t len)
{
    size_t  n;

    for ( /* void */ ; len; p += n, len -= n) {
        n = ngx_canonical_text_utf8(p, p + len);
        check(n && *p);
    }
}
