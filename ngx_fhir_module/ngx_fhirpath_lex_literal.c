
/*
 * FHIRPath: strings, quoted names, numbers, dates and times of an expression.
 */

#include "ngx_fhirpath_private.h"


static u_char *ngx_fhirpath_lex_escape(ngx_fhirpath_compiler_t *c,
    u_char **pos, u_char *end, u_char *out);
static ngx_int_t ngx_fhirpath_lex_unicode(ngx_fhirpath_compiler_t *c,
    u_char **pos, u_char *end, ngx_uint_t *code);
static ngx_int_t ngx_fhirpath_lex_hex(u_char *p, u_char *end,
    ngx_uint_t *code);
static u_char *ngx_fhirpath_lex_utf8(ngx_uint_t code, u_char *out);
static u_char *ngx_fhirpath_lex_digits(u_char *p, u_char *end, ngx_uint_t n);
static u_char *ngx_fhirpath_lex_date(u_char *p, u_char *end);
static u_char *ngx_fhirpath_lex_clock(u_char *p, u_char *end);
static u_char *ngx_fhirpath_lex_offset(u_char *p, u_char *end);


ngx_int_t
ngx_fhirpath_lex_quoted(ngx_fhirpath_compiler_t *c, u_char quote)
{
    u_char     *p, *end, *out;
    ngx_str_t  *text;

    end = c->text->data + c->text->len;
    text = &c->token.text;
    text->data = c->pos;

    for (p = c->pos; p < end && *p != quote && *p != '\\'; p++) {
        /* void */
    }

    if (p < end && *p == quote) {
        text->len = p - c->pos;

    } else {

        /* what an escape sequence stands for is never longer than that */

        out = ngx_canonical_bytes(c->arena, end - c->pos);
        if (out == NULL) {
            c->why = "no memory";
            return NGX_ERROR;
        }

        text->data = out;

        for (p = c->pos; p < end && *p != quote; /* void */) {

            if (*p != '\\') {
                *out++ = *p++;
                continue;
            }

            out = ngx_fhirpath_lex_escape(c, &p, end, out);
            if (out == NULL) {
                return NGX_ERROR;
            }
        }

        text->len = out - text->data;
    }

    if (p == end) {
        ngx_fhirpath_wrong(c, c->token.at, "the closing quote is missing",
                           NULL, NULL);
        return NGX_ERROR;
    }

    c->pos = p + 1;

    c->token.literal.kind = NGX_FHIRPATH_STRING;
    c->token.literal.string = *text;

    return NGX_OK;
}


static u_char *
ngx_fhirpath_lex_escape(ngx_fhirpath_compiler_t *c, u_char **pos, u_char *end,
    u_char *out)
{
    u_char      *p, ch;
    ngx_uint_t   code;

    p = *pos;
    ch = (end - p > 1) ? p[1] : '\0';
    *pos = p + 2;

    switch (ch) {

    case 'f':
        *out++ = '\f';
        return out;

    case 'n':
        *out++ = LF;
        return out;

    case 'r':
        *out++ = CR;
        return out;

    case 't':
        *out++ = '\t';
        return out;

    case '\\':
    case '/':
    case '"':
    case '`':
    case '\'':
        *out++ = ch;
        return out;

    case 'u':
        if (ngx_fhirpath_lex_unicode(c, pos, end, &code) == NGX_OK) {
            return ngx_fhirpath_lex_utf8(code, out);
        }
    }

    ngx_fhirpath_wrong(c, p - c->text->data, "invalid escape sequence", NULL,
                       NULL);
    return NULL;
}


/* behind "\u"; half of a surrogate pair needs the other */

static ngx_int_t
ngx_fhirpath_lex_unicode(ngx_fhirpath_compiler_t *c, u_char **pos, u_char *end,
    ngx_uint_t *code)
{
    u_char      *p;
    ngx_uint_t   low;

    p = *pos;

    if (ngx_fhirpath_lex_hex(p, end, code) != NGX_OK || *code == 0) {
        return NGX_ERROR;
    }

    p += 4;

    if (*code >= 0xd800 && *code <= 0xdfff) {

        if (*code >= 0xdc00 || end - p < 6 || p[0] != '\\' || p[1] != 'u'
            || ngx_fhirpath_lex_hex(p + 2, end, &low) != NGX_OK
            || low < 0xdc00 || low > 0xdfff)
        {
            return NGX_ERROR;
        }

        *code = 0x10000 + ((*code - 0xd800) << 10) + (low - 0xdc00);
        p += 6;
    }

    *pos = p;

    return NGX_OK;
}


static ngx_int_t
ngx_fhirpath_lex_hex(u_char *p, u_char *end, ngx_uint_t *code)
{
    u_char      ch;
    ngx_uint_t  i;

    if (end - p < 4) {
        return NGX_ERROR;
    }

    *code = 0;

    for (i = 0; i < 4; i++) {
        ch = p[i] | 0x20;

        if (ch >= '0' && ch <= '9') {
            *code = *code * 16 + (ch - '0');

        } else if (ch >= 'a' && ch <= 'f') {
            *code = *code * 16 + (ch - 'a' + 10);

        } else {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static u_char *
ngx_fhirpath_lex_utf8(ngx_uint_t code, u_char *out)
{
    if (code < 0x80) {
        *out++ = (u_char) code;
        return out;
    }

    if (code < 0x800) {
        *out++ = (u_char) (0xc0 | (code >> 6));
        *out++ = (u_char) (0x80 | (code & 0x3f));
        return out;
    }

    if (code < 0x10000) {
        *out++ = (u_char) (0xe0 | (code >> 12));

    } else {
        *out++ = (u_char) (0xf0 | (code >> 18));
        *out++ = (u_char) (0x80 | ((code >> 12) & 0x3f));
    }

    *out++ = (u_char) (0x80 | ((code >> 6) & 0x3f));
    *out++ = (u_char) (0x80 | (code & 0x3f));

    return out;
}


/* a point is of the number if a digit follows it */

ngx_int_t
ngx_fhirpath_lex_number(ngx_fhirpath_compiler_t *c)
{
    u_char               *p, *end;
    ngx_int_t             rc;
    ngx_fhirpath_item_t  *item;

    end = c->text->data + c->text->len;
    item = &c->token.literal;
    item->kind = NGX_FHIRPATH_INTEGER;

    for (p = c->pos; p < end && *p >= '0' && *p <= '9'; p++) { /* void */ }

    if (end - p > 1 && *p == '.' && p[1] >= '0' && p[1] <= '9') {
        item->kind = NGX_FHIRPATH_DECIMAL;

        for (p++; p < end && *p >= '0' && *p <= '9'; p++) { /* void */ }
    }

    c->token.text.len = p - c->pos;
    c->pos = p;

    if (item->kind == NGX_FHIRPATH_INTEGER) {
        rc = ngx_fhirpath_read_integer(&c->token.text, &item->integer);

    } else {
        item->decimal = ngx_canonical_alloc(c->arena,
                                            sizeof(ngx_canonical_decimal_t));
        if (item->decimal == NULL) {
            c->why = "no memory";
            return NGX_ERROR;
        }

        rc = ngx_canonical_decimal_read(item->decimal, &c->token.text, 0);
    }

    if (rc != NGX_OK) {
        ngx_fhirpath_wrong(c, c->token.at, "the number has too many digits",
                           NULL, NULL);
        return NGX_ERROR;
    }

    return NGX_OK;
}


ngx_int_t
ngx_fhirpath_lex_time(ngx_fhirpath_compiler_t *c)
{
    u_char               *p, *end;
    ngx_str_t             text;
    const char           *why;
    ngx_fhirpath_item_t  *item;

    end = c->text->data + c->text->len;
    item = &c->token.literal;
    text.data = c->pos;

    if (c->pos < end && *c->pos == 'T') {
        item->kind = NGX_FHIRPATH_TIME;
        p = ngx_fhirpath_lex_clock(c->pos + 1, end);
        text.len = p - text.data;

        if (ngx_fhirpath_lex_offset(p, end) != p) {
            ngx_fhirpath_wrong(c, p - c->text->data,
                               "a time of day has no offset", NULL, NULL);
            return NGX_ERROR;
        }

    } else {
        item->kind = NGX_FHIRPATH_DATE;
        p = ngx_fhirpath_lex_date(c->pos, end);
        text.len = p - text.data;

        if (p < end && *p == 'T') {
            item->kind = NGX_FHIRPATH_DATETIME;
            c->pos = ++p;
            p = ngx_fhirpath_lex_clock(p, end);

            if (p != c->pos) {
                p = ngx_fhirpath_lex_offset(p, end);
                text.len = p - text.data;
            }
        }
    }

    c->pos = p;

    if (ngx_canonical_time_read_iso(&item->time, &text, &why) != NGX_OK) {
        ngx_fhirpath_wrong(c, c->token.at, "invalid date or time: ", NULL,
                           why);
        return NGX_ERROR;
    }

    return NGX_OK;
}


/* the end of n digits, or NULL */

static u_char *
ngx_fhirpath_lex_digits(u_char *p, u_char *end, ngx_uint_t n)
{
    for ( /* void */ ; n; n--, p++) {
        if (p == end || *p < '0' || *p > '9') {
            return NULL;
        }
    }

    return p;
}


/* the end of YYYY[-MM[-DD]] as far as it is there */

static u_char *
ngx_fhirpath_lex_date(u_char *p, u_char *end)
{
    u_char      *next;
    ngx_uint_t   i;

    next = ngx_fhirpath_lex_digits(p, end, 4);
    if (next == NULL) {
        return p;
    }

    p = next;

    for (i = 0; i < 2 && p < end && *p == '-'; i++) {

        next = ngx_fhirpath_lex_digits(p + 1, end, 2);
        if (next == NULL) {
            break;
        }

        p = next;
    }

    return p;
}


/* the end of hh[:mm[:ss[.s]]] as far as it is there */

static u_char *
ngx_fhirpath_lex_clock(u_char *p, u_char *end)
{
    u_char      *next;
    ngx_uint_t   i;

    next = ngx_fhirpath_lex_digits(p, end, 2);
    if (next == NULL) {
        return p;
    }

    p = next;

    for (i = 0; i < 2; i++) {

        if (p == end || *p != ':') {
            return p;
        }

        next = ngx_fhirpath_lex_digits(p + 1, end, 2);
        if (next == NULL) {
            return p;
        }

        p = next;
    }

    if (end - p > 1 && *p == '.' && p[1] >= '0' && p[1] <= '9') {
        for (p++; p < end && *p >= '0' && *p <= '9'; p++) { /* void */ }
    }

    return p;
}


static u_char *
ngx_fhirpath_lex_offset(u_char *p, u_char *end)
{
    u_char  *next;

    if (p < end && *p == 'Z') {
        return p + 1;
    }

    if (p < end && (*p == '+' || *p == '-')) {
        next = ngx_fhirpath_lex_digits(p + 1, end, 2);

        if (next && next < end && *next == ':') {
            next = ngx_fhirpath_lex_digits(next + 1, end, 2);

            if (next) {
                return next;
            }
        }
    }

    return p;
}
