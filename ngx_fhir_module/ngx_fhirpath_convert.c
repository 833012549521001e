
/*
 * FHIRPath: upper(), lower(), and toString() and its like: what cannot be
 * converted is empty.
 */

#include "ngx_fhirpath_private.h"


static ngx_int_t ngx_fhirpath_case(ngx_fhirpath_run_t *run,
    ngx_fhirpath_op_t *op, ngx_uint_t upper);
static ngx_uint_t ngx_fhirpath_case_of(ngx_uint_t code, ngx_uint_t upper);
static ngx_uint_t ngx_fhirpath_case_latin(ngx_uint_t code, ngx_uint_t upper);
static ngx_uint_t ngx_fhirpath_case_range(ngx_uint_t code, ngx_uint_t upper,
    ngx_uint_t first, ngx_uint_t last, ngx_uint_t distance);
static ngx_int_t ngx_fhirpath_time(ngx_fhirpath_run_t *run,
    ngx_fhirpath_op_t *op, ngx_uint_t date);


ngx_int_t
ngx_fhirpath_eval_upper(ngx_fhirpath_run_t *run, ngx_fhirpath_op_t *op)
{
    return ngx_fhirpath_case(run, op, 1);
}


ngx_int_t
ngx_fhirpath_eval_lower(ngx_fhirpath_run_t *run, ngx_fhirpath_op_t *op)
{
    return ngx_fhirpath_case(run, op, 0);
}


/* characters of one and of two bytes, which keep their length */

static ngx_int_t
ngx_fhirpath_case(ngx_fhirpath_run_t *run, ngx_fhirpath_op_t *op,
    ngx_uint_t upper)
{
    u_char               *p, *out, *last;
    ngx_int_t             rc;
    ngx_str_t             s;
    ngx_uint_t            code;
    ngx_fhirpath_item_t   item;

    rc = ngx_fhirpath_operand(run, op->input, &item);

    if (rc != NGX_OK) {
        return (rc == NGX_DONE) ? NGX_OK : rc;
    }

    if (ngx_fhirpath_as_string(&item, &s) != NGX_OK) {
        return ngx_fhirpath_fail(run, "a string is needed", item.node);
    }

    out = ngx_canonical_copy(run->ctx->arena, &s);
    if (out == NULL) {
        return NGX_ERROR;
    }

    last = out + s.len;

    for (p = out; p < last; p++) {

        if (*p < 0x80) {
            *p = (u_char) ngx_fhirpath_case_of(*p, upper);

        } else if (*p >= 0xc3 && *p < 0xe0 && last - p > 1) {
            code = ngx_fhirpath_case_of(((*p & 0x1f) << 6) | (p[1] & 0x3f),
                                        upper);
            *p++ = (u_char) (0xc0 | (code >> 6));
            *p = (u_char) (0x80 | (code & 0x3f));
        }
    }

    return ngx_fhirpath_push_string(run, out, s.len, item.node);
}


static ngx_uint_t
ngx_fhirpath_case_of(ngx_uint_t code, ngx_uint_t upper)
{
    if (code < 0x80) {
        return ngx_fhirpath_case_range(code, upper, 'a', 'z', 0x20);
    }

    if (code < 0x180) {
        return ngx_fhirpath_case_latin(code, upper);
    }

    /* Greek without accents, Cyrillic */

    if (code >= 0x391 && code <= 0x3cb && code != 0x3c2 && code != 0x3a2) {
        return ngx_fhirpath_case_range(code, upper, 0x3b1, 0x3cb, 0x20);
    }

    code = (code >= 0x410 && code <= 0x44f)
           ? ngx_fhirpath_case_range(code, upper, 0x430, 0x44f, 0x20)
           : ngx_fhirpath_case_range(code, upper, 0x450, 0x45f, 0x50);

    return code;
}


/* Latin-1 and Latin Extended-A, the latter in pairs */

static ngx_uint_t
ngx_fhirpath_case_latin(ngx_uint_t code, ngx_uint_t upper)
{
    ngx_uint_t  odd;

    if (code < 0x100) {

        if (code == 0xff) {
            return upper ? 0x178 : code;
        }

        if (code == 0xd7 || code == 0xf7) {
            return code;
        }

        return ngx_fhirpath_case_range(code, upper, 0xe0, 0xfe, 0x20);
    }

    if (code == 0x178) {
        return upper ? code : 0xff;
    }

    /* the dotless and dotted i, kra, n with an apostrophe, long s */

    if (code == 0x130 || code == 0x131 || code == 0x138 || code == 0x149
        || code == 0x17f)
    {
        return code;
    }

    /* the small letter is the odd one, or the even one */

    odd = (code < 0x138 || (code > 0x149 && code < 0x178));

    if (upper) {
        return ((code & 1) == odd) ? code - 1 : code;
    }

    return ((code & 1) == odd) ? code : code + 1;
}


/* small letters from "first" to "last" */

static ngx_uint_t
ngx_fhirpath_case_range(ngx_uint_t code, ngx_uint_t upper, ngx_uint_t first,
    ngx_uint_t last, ngx_uint_t distance)
{
    if (upper) {
        return (code >= first && code <= last) ? code - distance : code;
    }

    code += distance;

    return (code >= first && code <= last) ? code : code - distance;
}


ngx_int_t
ngx_fhirpath_eval_tostring(ngx_fhirpath_run_t *run, ngx_fhirpath_op_t *op)
{
    ngx_int_t            rc;
    ngx_str_t            text;
    ngx_fhirpath_item_t  item;

    rc = ngx_fhirpath_operand(run, op->input, &item);

    if (rc != NGX_OK) {
        return (rc == NGX_DONE) ? NGX_OK : rc;
    }

    rc = ngx_fhirpath_text(&item, run->ctx->arena, &text);

    if (rc == NGX_OK) {
        return ngx_fhirpath_push_string(run, text.data, text.len, item.node);
    }

    return (rc == NGX_DECLINED) ? NGX_OK : rc;
}


ngx_int_t
ngx_fhirpath_eval_tointeger(ngx_fhirpath_run_t *run, ngx_fhirpath_op_t *op)
{
    int64_t              n;
    ngx_int_t            rc;
    ngx_str_t            text;
    ngx_fhirpath_item_t  item;

    rc = ngx_fhirpath_operand(run, op->input, &item);

    if (rc != NGX_OK) {
        return (rc == NGX_DONE) ? NGX_OK : rc;
    }

    if (ngx_fhirpath_kind(&item) == NGX_FHIRPATH_BOOLEAN) {
        n = (ngx_fhirpath_truth(&item) == NGX_FHIRPATH_YES);

    } else if (item.kind == NGX_FHIRPATH_INTEGER) {
        n = item.integer;

    } else if (ngx_fhirpath_as_string(&item, &text) != NGX_OK
               || ngx_fhirpath_read_integer(&text, &n) != NGX_OK)
    {
        return NGX_OK;
    }

    return ngx_fhirpath_push_integer(run, n, item.node);
}


ngx_int_t
ngx_fhirpath_eval_todecimal(ngx_fhirpath_run_t *run, ngx_fhirpath_op_t *op)
{
    ngx_int_t                rc;
    ngx_fhirpath_item_t      item;
    ngx_canonical_decimal_t  d;

    rc = ngx_fhirpath_operand(run, op->input, &item);

    if (rc != NGX_OK) {
        return (rc == NGX_DONE) ? NGX_OK : rc;
    }

    if (ngx_fhirpath_kind(&item) == NGX_FHIRPATH_BOOLEAN) {
        d.units = (ngx_fhirpath_truth(&item) == NGX_FHIRPATH_YES) ? 10 : 0;
        d.scale = 1;

    } else if (item.kind == NGX_FHIRPATH_STRING) {
        if (ngx_fhirpath_read_decimal(&item.string, &d) != NGX_OK) {
            return NGX_OK;
        }

    } else if (ngx_fhirpath_as_decimal(&item, &d) != NGX_OK) {
        return NGX_OK;
    }

    return ngx_fhirpath_push_decimal(run, &d, item.node);
}


ngx_int_t
ngx_fhirpath_eval_todate(ngx_fhirpath_run_t *run, ngx_fhirpath_op_t *op)
{
    return ngx_fhirpath_time(run, op, 1);
}


ngx_int_t
ngx_fhirpath_eval_todatetime(ngx_fhirpath_run_t *run, ngx_fhirpath_op_t *op)
{
    return ngx_fhirpath_time(run, op, 0);
}


static ngx_int_t
ngx_fhirpath_time(ngx_fhirpath_run_t *run, ngx_fhirpath_op_t *op,
    ngx_uint_t date)
{
    ngx_int_t             rc;
    ngx_str_t             text;
    const char           *why;
    ngx_fhirpath_item_t   item, *copy;
    ngx_canonical_time_t  t;

    rc = ngx_fhirpath_operand(run, op->input, &item);

    if (rc != NGX_OK) {
        return (rc == NGX_DONE) ? NGX_OK : rc;
    }

    if (ngx_fhirpath_as_string(&item, &text) == NGX_OK) {
        rc = ngx_canonical_time_read_iso(&t, &text, &why);

    } else {
        rc = ngx_fhirpath_as_time(&item, &t);
    }

    if (rc != NGX_OK || t.year == 0) {
        return NGX_OK;
    }

    if (date && t.precision > NGX_CANONICAL_DAY) {
        t.precision = NGX_CANONICAL_DAY;
        t.zoned = 0;
    }

    copy = ngx_fhirpath_push(run);
    if (copy == NULL) {
        return run->rc;
    }

    copy->kind = date ? NGX_FHIRPATH_DATE : NGX_FHIRPATH_DATETIME;
    copy->node = item.node;
    copy->time = t;

    return NGX_OK;
}
