
/*
 * Rules in the first line, a media type in the second, an answer behind them:
 *
 *     STATUS|SUCCESS|BAD|TEST|POINTER
 *
 * Whatever it is, there is a verdict, whose texts are UTF-8 without control
 * characters and within their bounds.  Only a success is tested.
 */

#include <stdlib.h>
#include <string.h>

#include <libxml/parser.h>

#include "arena.h"

#include "ngx_erp_judge.h"
#include "ngx_canonical_text.h"


#define check(expr)  if (!(expr)) abort()


static ngx_str_t fuzz_part(u_char **pos, u_char *end, u_char ch);
static ngx_erp_range_t *fuzz_ranges(ngx_canonical_arena_t *a,
    ngx_str_t *text);
static void fuzz_judge(ngx_erp_judge_t *judge, ngx_uint_t status,
    ngx_str_t *type, ngx_str_t *body);
static void fuzz_text(ngx_str_t *s, size_t max);


int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
    xmlInitParser();

    return 0;
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    u_char                 *start, *p, *end;
    size_t                  i;
    ngx_str_t               line, type, body, part;
    ngx_uint_t              status;
    const char             *why;
    ngx_erp_test_t          tests[2];
    ngx_erp_judge_t         judge;
    ngx_canonical_arena_t   a;

    start = malloc(size);
    memcpy(start, data, size);

    unit_arena(&a, 1024 * 1024);
    memset(&judge, 0, sizeof(judge));
    memset(tests, 0, sizeof(tests));

    p = start;
    end = start + size;

    line = fuzz_part(&p, end, '\n');
    type = fuzz_part(&p, end, '\n');
    body.data = p;
    body.len = end - p;

    p = line.data;
    end = p + line.len;

    part = fuzz_part(&p, end, '|');
    status = 0;

    for (i = 0; i < part.len && i < 4; i++) {
        status = status * 10 + part.data[i] % 10;
    }

    part = fuzz_part(&p, end, '|');
    judge.success = fuzz_ranges(&a, &part);

    part = fuzz_part(&p, end, '|');
    judge.bad = fuzz_ranges(&a, &part);

    part = fuzz_part(&p, end, '|');
    why = NULL;

    if (ngx_erp_judge_test(&part, &tests[0], &why) == NGX_OK) {
        check(tests[0].pointer.data);
        judge.tests = tests;

    } else {
        check(why);
    }

    judge.message = fuzz_part(&p, end, '|');
    judge.code = judge.message;

    fuzz_judge(&judge, status, &type, &body);

    unit_arena_free(&a);
    free(start);

    return 0;
}


static ngx_str_t
fuzz_part(u_char **pos, u_char *end, u_char ch)
{
    u_char     *last;
    ngx_str_t   s;

    last = memchr(*pos, ch, end - *pos);

    s.data = *pos;
    s.len = (last ? last : end) - *pos;

    *pos = last ? last + 1 : end;

    return s;
}


static ngx_erp_range_t *
fuzz_ranges(ngx_canonical_arena_t *a, ngx_str_t *text)
{
    const char       *why;
    ngx_erp_range_t  *list, *range;

    if (ngx_erp_judge_ranges(a, text, &list, &why) != NGX_OK) {
        return NULL;
    }

    check(list->from);

    for (range = list; range->from; range++) {
        check(range->from <= range->to && range->to <= 599);
    }

    return list;
}


static void
fuzz_judge(ngx_erp_judge_t *judge, ngx_uint_t status, ngx_str_t *type,
    ngx_str_t *body)
{
    ngx_int_t              rc;
    ngx_erp_verdict_t      v, plain;
    ngx_canonical_arena_t  a;

    unit_arena(&a, 8 * 1024 * 1024);

    rc = ngx_erp_judge(judge, &a, status, type, body, &v);

    check(rc == NGX_OK);
    check(v.why && v.outcome >= NGX_ERP_DONE && v.outcome <= NGX_ERP_BAD);
    check((v.outcome == NGX_ERP_DONE) == (v.message.len == 0));

    fuzz_text(&v.message, NGX_ERP_ERROR_MAX);
    fuzz_text(&v.code, NGX_ERP_CODE_MAX);

    /* a test never makes a success of something else */

    judge->tests = NULL;

    check(ngx_erp_judge(judge, &a, status, type, body, &plain) == NGX_OK);

    if (plain.outcome != NGX_ERP_DONE) {
        check(v.outcome == plain.outcome);
    }

    unit_arena_free(&a);

    /* little memory: a verdict or none */

    unit_arena(&a, 4096);

    rc = ngx_erp_judge(judge, &a, status, type, body, &v);

    check(rc == NGX_OK || rc == NGX_ERROR);

    unit_arena_free(&a);
}


static void
fuzz_text(ngx_str_t *s, size_t max)
{
    u_char  *p, *end;
    size_t   n;

    check(s->len <= max);

    if (s->len == 0) {
        return;
    }

    for (p = s->data, end = p + s->len; p < end; p += n) {
        n = ngx_canonical_text_utf8(p, end);
        check(n && *p >= 0x20 && *p != 0x7f);
    }
}
