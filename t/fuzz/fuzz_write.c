
/*
 * A JSON text as a tree, and that by each writer.  XML is well formed for
 * libxml2, a form has no byte but those it may have, and an HL7 v2 message
 * gives back each value.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libxml/parser.h>

#include "arena.h"

#include "ngx_canonical_json.h"
#include "ngx_canonical_write.h"
#include "ngx_canonical_xml.h"
#include "ngx_hl7_text.h"


#define check(expr)  if (!(expr)) abort()

#define FUZZ_MEMORY  (16 << 20)


static void fuzz_xml(ngx_canonical_node_t *root);
static void fuzz_form(ngx_canonical_node_t *root);
static void fuzz_hl7(ngx_canonical_node_t *root);
static void fuzz_segment(ngx_canonical_node_t *node, ngx_hl7_span_t *segment);
static void fuzz_values(ngx_canonical_node_t *node, ngx_str_t *field);
static void fuzz_value(ngx_canonical_node_t *node, ngx_str_t *got);
static ngx_canonical_node_t *fuzz_message(ngx_canonical_node_t *root);


static ngx_canonical_limits_t  limits = { 200, 10000, 10000, 100 };
static ngx_canonical_arena_t   arena;
static ngx_hl7_message_t       m;


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ngx_str_t               text;
    ngx_canonical_node_t   *root;
    ngx_canonical_error_t   err;

    xmlInitParser();

    text.len = size;
    text.data = malloc(size);
    memcpy(text.data, data, size);

    unit_arena(&arena, FUZZ_MEMORY);

    if (ngx_canonical_json_read(&arena, &text, &limits, &root, &err)
        == NGX_OK)
    {
        fuzz_xml(root);
        fuzz_form(root);

        root = fuzz_message(root);

        if (root) {
            fuzz_hl7(root);
        }
    }

    unit_arena_free(&arena);
    free(text.data);

    return 0;
}


static void
fuzz_xml(ngx_canonical_node_t *root)
{
    ngx_int_t               rc;
    ngx_str_t               out;
    ngx_uint_t              i;
    const char             *why;
    ngx_canonical_node_t   *again;
    ngx_canonical_error_t   err;

    static ngx_canonical_xml_t  orders[] = {
        { ngx_string("o"), ngx_null_string, ngx_null_string, 0 },
        { ngx_string("p:o"), ngx_string("urn:p"), ngx_null_string, 11 }
    };

    for (i = 0; i < 2; i++) {
        why = NULL;
        rc = ngx_canonical_write_xml(&arena, root, &orders[i], &out, &why);

        if (rc != NGX_OK) {
            check(rc == NGX_DECLINED && why);
            continue;
        }

        check(ngx_canonical_xml_read(&arena, &out, &limits, &again, &err)
              == NGX_OK);
    }
}


static void
fuzz_form(ngx_canonical_node_t *root)
{
    size_t       i;
    u_char       ch;
    ngx_int_t    rc;
    ngx_str_t    out;
    const char  *why;

    why = NULL;
    rc = ngx_canonical_write_form(&arena, root, &out, &why);

    if (rc != NGX_OK) {
        check(rc == NGX_DECLINED && why);
        return;
    }

    for (i = 0; i < out.len; i++) {
        ch = out.data[i];

        check((ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z')
              || (ch >= '0' && ch <= '9') || (ch && strchr("*-._+%&=", ch)));
    }
}


/*
 * [{"ITM": {...}}, ...] with names for the segments; NULL if it is something
 * else.
 */

static ngx_canonical_node_t *
fuzz_message(ngx_canonical_node_t *root)
{
    ngx_canonical_node_t  *node, *next;

    if (root->kind != NGX_CANONICAL_ARRAY) {
        return NULL;
    }

    node = root->first;
    root->first = NULL;
    root->last = NULL;

    for ( /* void */ ; node; node = next) {
        next = node->next;

        if (node->kind != NGX_CANONICAL_OBJECT || node->first == NULL) {
            return NULL;
        }

        node = node->first;
        node->next = NULL;
        ngx_canonical_append(root, node);
    }

    return root;
}


static void
fuzz_hl7(ngx_canonical_node_t *root)
{
    ngx_int_t                  rc;
    ngx_str_t                  out;
    ngx_uint_t                 i;
    const char                *why;
    ngx_hl7_span_t            *segments;
    ngx_hl7_error_t            err;
    ngx_canonical_node_t      *node;

    static ngx_canonical_msh_t  msh = {
        ngx_string("MFN^M16^MFN_M16"), ngx_string("2.5.1"),
        ngx_string("1"), ngx_string("20261121")
    };

    why = NULL;
    rc = ngx_canonical_write_hl7(&arena, root, &msh, &out, &why);

    if (rc != NGX_OK) {
        check(rc == NGX_DECLINED && why);
        return;
    }

    check(ngx_hl7_message_open(&m, out.data, out.data + out.len, &err)
          == NGX_OK);
    check(m.multibyte == 0 || root->first->name[0] == 'M');

    /* it is all UTF-8, whatever MSH-18 is set to */

    m.multibyte = 0;

    segments = ngx_canonical_alloc(&arena,
                                   ngx_hl7_message_count_segments(&m)
                                   * sizeof(ngx_hl7_span_t));
    check(segments);

    ngx_hl7_message_index(&m, segments);

    i = 1;

    for (node = root->first; node; node = node->next) {

        if (memcmp(node->name, "MSH", 3) == 0) {
            fuzz_segment(node, &m.segments[0]);
            continue;
        }

        check(i < m.nsegments);
        check(m.segments[i].len >= 3);
        check(memcmp(m.start + m.segments[i].start, node->name, 3) == 0);

        fuzz_segment(node, &m.segments[i++]);
    }

    check(i == m.nsegments);
}


static void
fuzz_segment(ngx_canonical_node_t *node, ngx_hl7_span_t *segment)
{
    char                  *p, path[32];
    ngx_str_t              value, field;
    ngx_uint_t             n;
    ngx_canonical_node_t  *member;

    for (member = node->first; member; member = member->next) {
        memcpy(path, member->name, member->name_len);
        path[member->name_len] = '\0';

        n = strtoul(path, &p, 10);

        if (segment == m.segments && n >= NGX_HL7_MSH_FIELDS) {
            continue;
        }

        (void) ngx_hl7_field(&m, segment, n, &field);

        if (*p == '\0' && member->kind == NGX_CANONICAL_ARRAY) {
            n = 1;

            for (node = member->first; node; node = node->next) {
                (void) ngx_hl7_part(&m, &field, m.delimiters.repetition, n++,
                                    &value);
                fuzz_values(node, &value);
            }

            continue;
        }

        (void) ngx_hl7_part(&m, &field, m.delimiters.repetition, 1, &value);

        if (*p == '.') {
            n = strtoul(p + 1, &p, 10);
            (void) ngx_hl7_part(&m, &value, m.delimiters.component, n, &value);
        }

        if (*p == '.') {
            n = strtoul(p + 1, &p, 10);
            (void) ngx_hl7_part(&m, &value, m.delimiters.subcomponent, n,
                                &value);
        }

        fuzz_values(member, &value);
    }
}


/* objects are left to the unit test */

static void
fuzz_values(ngx_canonical_node_t *node, ngx_str_t *got)
{
    if (node->kind == NGX_CANONICAL_NULL) {
        check(got->len == 2 && memcmp(got->data, "\"\"", 2) == 0);

    } else if (node->kind < NGX_CANONICAL_OBJECT) {
        fuzz_value(node, got);
    }
}


/* ends of lines are LF, other control characters are spaces */

static void
fuzz_value(ngx_canonical_node_t *node, ngx_str_t *got)
{
    size_t   i, n;
    u_char   ch, *out, *last;

    if (node->len == 0) {
        check(got->len == 0);
        return;
    }

    check(ngx_hl7_state(got) == NGX_HL7_VALUED);

    out = malloc(got->len);
    last = ngx_hl7_unescape(&m, got, out);

    n = 0;

    for (i = 0; i < node->len; i++) {
        ch = node->data[i];

        if (ch == CR && i + 1 < node->len && node->data[i + 1] == LF) {
            continue;
        }

        if ((ch < ' ' && ch != LF) || ch == 0x7f) {
            ch = ' ';
        }

        check(out + n < last && out[n] == ch);
        n++;
    }

    check(out + n == last);

    free(out);
}
