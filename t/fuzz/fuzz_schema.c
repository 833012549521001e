
/*
 * A schema, a NUL or a line feed, an instance.  What compiles checks any
 * instance, twice with one result; an error has a text and a JSON pointer.
 */

#include "arena.h"

#include "ngx_canonical_schema.h"
#include "ngx_canonical_json.h"

#include <string.h>


#define check(expr)  if (!(expr)) abort()


static void fuzz_check(ngx_canonical_schema_t *schema, const uint8_t *data,
    size_t size);
static void fuzz_pointer(ngx_str_t *pointer);


static ngx_canonical_limits_t  fuzz_limits = { 128, 10000, 10000, 1000 };


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t                   len;
    ngx_str_t                text;
    const uint8_t           *end;
    ngx_canonical_arena_t    a;
    ngx_canonical_error_t    err;
    ngx_canonical_schema_t  *schema;

    for (end = data; end < data + size && *end && *end != '\n'; end++) {
        /* void */
    }

    len = end - data;

    text.len = len;
    text.data = malloc(len);
    memcpy(text.data, data, len);

    unit_arena(&a, 1 << 24);

    if (ngx_canonical_schema_compile(&schema, &a, &text, &err) != NGX_OK) {
        check(err.text && err.offset <= len);
        fuzz_pointer(&err.target);

    } else if (len < size) {
        fuzz_check(schema, end + 1, size - len - 1);
    }

    unit_arena_free(&a);
    free(text.data);

    return 0;
}


static void
fuzz_check(ngx_canonical_schema_t *schema, const uint8_t *data, size_t size)
{
    ngx_int_t               rc;
    ngx_str_t               text;
    ngx_canonical_node_t   *root;
    ngx_canonical_arena_t   a;
    ngx_canonical_error_t   err, again;

    text.len = size;
    text.data = malloc(size);
    memcpy(text.data, data, size);

    unit_arena(&a, 1 << 24);

    if (ngx_canonical_json_read(&a, &text, &fuzz_limits, &root, &err)
        == NGX_OK)
    {
        rc = ngx_canonical_schema_check(schema, &a, root, &err);

        check(rc == NGX_OK || rc == NGX_DECLINED);
        check(ngx_canonical_schema_check(schema, &a, root, &again) == rc);

        if (rc == NGX_DECLINED) {
            check(err.text && err.text == again.text);
            check(err.positioned && err.offset < size);
            fuzz_pointer(&err.target);
        }
    }

    unit_arena_free(&a);
    free(text.data);
}


static void
fuzz_pointer(ngx_str_t *pointer)
{
    size_t  i;

    check(pointer->len == 0 || pointer->data[0] == '/');

    for (i = 0; i < pointer->len; i++) {
        check(pointer->data[i] != '~'
              || (i + 1 < pointer->len && (pointer->data[i + 1] == '0'
                                           || pointer->data[i + 1] == '1')));
    }
}
