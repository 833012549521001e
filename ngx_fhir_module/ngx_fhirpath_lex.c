
/*
 * FHIRPath: words and symbols of an expression.
 */

#include "ngx_fhirpath_private.h"


/* a name in a message, in bytes */
#define NGX_FHIRPATH_NAME_MAX  64


static ngx_int_t ngx_fhirpath_lex_space(ngx_fhirpath_compiler_t *c);
static ngx_int_t ngx_fhirpath_lex_name(ngx_fhirpath_compiler_t *c);
static ngx_int_t ngx_fhirpath_lex_variable(ngx_fhirpath_compiler_t *c,
    u_char ch);
static ngx_int_t ngx_fhirpath_lex_symbol(ngx_fhirpath_compiler_t *c);
static ngx_uint_t ngx_fhirpath_is_letter(u_char ch);


ngx_int_t
ngx_fhirpath_lex(ngx_fhirpath_compiler_t *c)
{
    u_char                 ch;
    ngx_fhirpath_token_t  *t;

    if (ngx_fhirpath_lex_space(c) != NGX_OK) {
        return NGX_ERROR;
    }

    t = &c->token;

    ngx_memzero(&t->literal, sizeof(ngx_fhirpath_item_t));

    t->at = c->pos - c->text->data;
    t->text.data = c->pos;
    t->text.len = 0;

    if (c->pos == c->text->data + c->text->len) {
        t->kind = NGX_FHIRPATH_END;
        return NGX_OK;
    }

    ch = *c->pos;

    if (ngx_fhirpath_is_letter(ch)) {
        t->kind = NGX_FHIRPATH_NAME;
        return ngx_fhirpath_lex_name(c);
    }

    if (ch >= '0' && ch <= '9') {
        t->kind = NGX_FHIRPATH_VALUE;
        return ngx_fhirpath_lex_number(c);
    }

    switch (ch) {

    case '\'':
        t->kind = NGX_FHIRPATH_VALUE;
        c->pos++;
        return ngx_fhirpath_lex_quoted(c, ch);

    case '`':
        t->kind = NGX_FHIRPATH_QUOTED;
        c->pos++;
        return ngx_fhirpath_lex_quoted(c, ch);

    case '@':
        t->kind = NGX_FHIRPATH_VALUE;
        c->pos++;
        return ngx_fhirpath_lex_time(c);

    case '$':
    case '%':
        return ngx_fhirpath_lex_variable(c, ch);

    default:
        t->kind = NGX_FHIRPATH_SYMBOL;
        return ngx_fhirpath_lex_symbol(c);
    }
}


/* white space and comments */

static ngx_int_t
ngx_fhirpath_lex_space(ngx_fhirpath_compiler_t *c)
{
    u_char  *p, *end, *start;

    end = c->text->data + c->text->len;

    for (p = c->pos; p < end; p++) {

        if (*p == ' ' || *p == '\t' || *p == CR || *p == LF) {
            continue;
        }

        if (*p != '/' || end - p < 2) {
            break;
        }

        if (p[1] == '/') {
            p = memchr(p, LF, end - p);

            if (p == NULL) {
                p = end;
                break;
            }

        } else if (p[1] == '*') {
            start = p;

            for (p += 2; end - p >= 2 && (p[0] != '*' || p[1] != '/'); p++) {
                /* void */
            }

            if (end - p < 2) {
                ngx_fhirpath_wrong(c, start - c->text->data,
                                   "the comment has no end", NULL, NULL);
                return NGX_ERROR;
            }

            p++;

        } else {
            break;
        }
    }

    c->pos = p;

    return NGX_OK;
}


static ngx_int_t
ngx_fhirpath_lex_name(ngx_fhirpath_compiler_t *c)
{
    u_char  *p, *end;

    end = c->text->data + c->text->len;
    p = c->pos;

    while (p < end
           && (ngx_fhirpath_is_letter(*p) || (*p >= '0' && *p <= '9')))
    {
        p++;
    }

    c->token.text.data = c->pos;
    c->token.text.len = p - c->pos;
    c->pos = p;

    return NGX_OK;
}


static ngx_int_t
ngx_fhirpath_lex_variable(ngx_fhirpath_compiler_t *c, u_char ch)
{
    size_t   at;
    u_char  *end;

    c->token.kind = (ch == '$') ? NGX_FHIRPATH_DOLLAR : NGX_FHIRPATH_PERCENT;

    at = c->token.at;
    end = c->text->data + c->text->len;
    c->pos++;

    if (c->pos < end && ngx_fhirpath_is_letter(*c->pos)) {
        return ngx_fhirpath_lex_name(c);
    }

    if (c->pos < end && ch == '%' && (*c->pos == '`' || *c->pos == '\'')) {
        ch = *c->pos++;
        return ngx_fhirpath_lex_quoted(c, ch);
    }

    ngx_fhirpath_wrong(c, at, "a variable's name is expected", NULL, NULL);

    return NGX_ERROR;
}


static ngx_int_t
ngx_fhirpath_lex_symbol(ngx_fhirpath_compiler_t *c)
{
    u_char  *p;
    size_t   n;

    p = c->pos;
    n = 1;

    if (c->text->data + c->text->len - p > 1
        && ((p[1] == '=' && (p[0] == '<' || p[0] == '>' || p[0] == '!'))
            || (p[1] == '~' && p[0] == '!')))
    {
        n = 2;
    }

    if (n == 1 && (*p == '\0' || strchr(".,()[]{}=<>|+-*/&~", *p) == NULL)) {
        ngx_fhirpath_wrong(c, c->token.at, "unexpected character", NULL, NULL);
        return NGX_ERROR;
    }

    c->token.text.len = n;
    c->pos += n;

    return NGX_OK;
}


static ngx_uint_t
ngx_fhirpath_is_letter(u_char ch)
{
    return (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') || ch == '_';
}


void
ngx_fhirpath_wrong(ngx_fhirpath_compiler_t *c, size_t at, const char *before,
    ngx_str_t *name, const char *after)
{
    ngx_str_t  first;

    if (name == NULL && after == NULL) {
        c->at = at;
        c->why = before;
        return;
    }

    first.data = (u_char *) before;
    first.len = strlen(before);

    ngx_fhirpath_wrong_two(c, at, &first, "", name, after);
}


void
ngx_fhirpath_wrong_two(ngx_fhirpath_compiler_t *c, size_t at, ngx_str_t *one,
    const char *between, ngx_str_t *two, const char *after)
{
    size_t   one_len, two_len;
    u_char  *p, *text;

    c->at = at;

    one_len = ngx_min(one->len, NGX_FHIRPATH_NAME_MAX);
    two_len = two ? ngx_min(two->len, NGX_FHIRPATH_NAME_MAX) : 0;

    text = ngx_canonical_bytes(c->arena, one_len + strlen(between) + two_len
                                         + strlen(after) + 1);
    if (text == NULL) {
        c->why = "no memory";
        return;
    }

    p = ngx_cpymem(text, one->data, one_len);
    p = ngx_cpymem(p, between, strlen(between));

    if (two_len) {
        p = ngx_cpymem(p, two->data, two_len);
    }

    p = ngx_cpymem(p, after, strlen(after));
    *p = '\0';

    c->why = (const char *) text;
}
