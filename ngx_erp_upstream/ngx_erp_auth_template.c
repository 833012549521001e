
/*
 * What a login's answer becomes in a header: see the header.
 */

#include "ngx_erp_auth_template.h"
#include "ngx_erp_judge.h"


#define NGX_ERP_TEMPLATE_MAX  65536


static u_char *ngx_erp_template_name(u_char *p, u_char *end,
    ngx_erp_template_part_t *part, const char **why);
static u_char *ngx_erp_template_text(u_char *p, u_char *end,
    ngx_uint_t base64, ngx_erp_template_part_t *part);
static ngx_int_t ngx_erp_template_value(ngx_erp_template_part_t *part,
    ngx_str_t *user, ngx_canonical_node_t *root, ngx_str_t *value);


#define ngx_erp_template_starts(p, end, literal)                              \
    ((size_t) ((end) - (p)) >= sizeof(literal) - 1                            \
     && ngx_memcmp(p, literal, sizeof(literal) - 1) == 0)


ngx_int_t
ngx_erp_template_compile(ngx_canonical_arena_t *a, ngx_str_t *text,
    ngx_erp_template_t *t, const char **why)
{
    u_char                   *p, *end;
    size_t                    n;
    ngx_uint_t                base64;
    ngx_erp_template_part_t  *part;

    *why = NULL;

    p = text->data;
    end = p + text->len;

    /* "{", "base64(" and ")" each end a part and are one */

    n = 1;

    for ( /* void */ ; p < end; p++) {
        n += 2 * (*p == '{' || *p == '(' || *p == ')');
    }

    part = ngx_canonical_zalloc(a, n * sizeof(ngx_erp_template_part_t));
    if (part == NULL) {
        return NGX_ERROR;
    }

    t->parts = part;

    /* 1: inside of it; 2: it was there */

    base64 = 0;

    for (p = text->data; p < end; part++) {

        if (*p == '{') {
            p = ngx_erp_template_name(p + 1, end, part, why);

            if (p == NULL) {
                return NGX_DECLINED;
            }

        } else if (ngx_erp_template_starts(p, end, "base64(")) {

            if (base64) {
                *why = "\"base64(\" is allowed once";
                return NGX_DECLINED;
            }

            base64 = 1;
            part->type = NGX_ERP_TEMPLATE_BASE64;
            p += sizeof("base64(") - 1;

        } else if (*p == ')' && base64 == 1) {
            base64 = 2;
            part->type = NGX_ERP_TEMPLATE_END;
            p++;

        } else {
            p = ngx_erp_template_text(p, end, base64, part);
        }
    }

    if (base64 == 1) {
        *why = "\")\" of \"base64(\" is missing";
        return NGX_DECLINED;
    }

    t->nparts = part - t->parts;

    if (t->nparts == 0) {
        *why = "is empty";
        return NGX_DECLINED;
    }

    return NGX_OK;
}


/* behind "{" */

static u_char *
ngx_erp_template_name(u_char *p, u_char *end, ngx_erp_template_part_t *part,
    const char **why)
{
    part->text.data = p;

    while (p < end && *p != '}') {

        if (*p == '~' && (end - p < 2 || (p[1] != '0' && p[1] != '1'))) {
            *why = "\"~\" of a JSON pointer is written \"~0\"";
            return NULL;
        }

        p++;
    }

    if (p == end) {
        *why = "\"}\" is missing";
        return NULL;
    }

    part->text.len = p - part->text.data;

    if (part->text.len && part->text.data[0] == '/') {
        part->type = NGX_ERP_TEMPLATE_POINTER;

    } else if (part->text.len == 4
               && ngx_memcmp(part->text.data, "user", 4) == 0)
    {
        part->type = NGX_ERP_TEMPLATE_USER;

    } else {
        *why = "\"{user}\" or a JSON pointer, \"{/token}\", is expected";
        return NULL;
    }

    return p + 1;
}


static u_char *
ngx_erp_template_text(u_char *p, u_char *end, ngx_uint_t base64,
    ngx_erp_template_part_t *part)
{
    part->type = NGX_ERP_TEMPLATE_TEXT;
    part->text.data = p;

    /* the first character is not the start of anything else */

    for (p++; p < end; p++) {

        if (*p == '{' || (*p == ')' && base64 == 1)
            || ngx_erp_template_starts(p, end, "base64("))
        {
            break;
        }
    }

    part->text.len = p - part->text.data;

    return p;
}


ngx_int_t
ngx_erp_template_run(ngx_canonical_arena_t *a, ngx_erp_template_t *t,
    ngx_str_t *user, ngx_canonical_node_t *root, ngx_str_t *value,
    const char **why)
{
    u_char                   *p, *from, *raw;
    size_t                    len;
    ngx_str_t                 s;
    ngx_uint_t                i;
    ngx_erp_template_part_t  *part;

    len = 0;

    for (i = 0; i < t->nparts; i++) {

        if (ngx_erp_template_value(&t->parts[i], user, root, &s) != NGX_OK) {
            *why = "the answer has no value at a place that \"value=\" names";
            return NGX_DECLINED;
        }

        if (s.len > NGX_ERP_TEMPLATE_MAX - len) {
            *why = "the value is too long";
            return NGX_DECLINED;
        }

        len += s.len;
    }

    /* room for what is to be encoded, and for all of it with its padding */

    raw = ngx_canonical_bytes(a, len + ngx_erp_base64_len(len) + 4);
    if (raw == NULL) {
        return NGX_ERROR;
    }

    value->data = raw + len;

    p = value->data;
    from = NULL;

    for (i = 0; i < t->nparts; i++) {
        part = &t->parts[i];

        switch (part->type) {

        case NGX_ERP_TEMPLATE_BASE64:
            from = p;
            p = raw;
            break;

        case NGX_ERP_TEMPLATE_END:
            p = ngx_erp_base64(from, raw, p - raw);
            break;

        default:
            (void) ngx_erp_template_value(part, user, root, &s);
            p = ngx_cpymem(p, s.data, s.len);
        }
    }

    value->len = p - value->data;

    for (i = 0; i < value->len; i++) {
        if (value->data[i] < 0x20 || value->data[i] == 0x7f) {
            *why = "the value has a control character";
            return NGX_DECLINED;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_erp_template_value(ngx_erp_template_part_t *part, ngx_str_t *user,
    ngx_canonical_node_t *root, ngx_str_t *value)
{
    ngx_canonical_node_t  *node;

    switch (part->type) {

    case NGX_ERP_TEMPLATE_TEXT:
        *value = part->text;
        return NGX_OK;

    case NGX_ERP_TEMPLATE_USER:
        *value = *user;
        return NGX_OK;

    case NGX_ERP_TEMPLATE_POINTER:

        if (root == NULL
            || ngx_erp_pointer(root, &part->text, &node) != NGX_OK
            || ngx_erp_judge_value(node, value) != NGX_OK
            || value->len == 0)
        {
            return NGX_DECLINED;
        }

        return NGX_OK;

    default:
        ngx_str_null(value);
        return NGX_OK;
    }
}


u_char *
ngx_erp_base64(u_char *out, u_char *data, size_t len)
{
    uint32_t     n;
    static char  digits[] =
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    for ( /* void */ ; len > 2; len -= 3, data += 3) {
        n = (uint32_t) data[0] << 16 | (uint32_t) data[1] << 8 | data[2];

        *out++ = digits[n >> 18];
        *out++ = digits[n >> 12 & 0x3f];
        *out++ = digits[n >> 6 & 0x3f];
        *out++ = digits[n & 0x3f];
    }

    if (len == 0) {
        return out;
    }

    n = (uint32_t) data[0] << 16 | (len == 2 ? (uint32_t) data[1] << 8 : 0);

    *out++ = digits[n >> 18];
    *out++ = digits[n >> 12 & 0x3f];
    *out++ = (len == 2) ? digits[n >> 6 & 0x3f] : '=';
    *out++ = '=';

    return out;
}
