
/*
 * Tokens and masks of what identifies a patient: see ngx_canonical_table.h.
 */

#include "ngx_canonical_table.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>


/* longer values than identifiers are need memory of their own */
#define NGX_CANONICAL_TOKEN_TEXT   512

#define NGX_CANONICAL_TOKEN_CHARS  26

#define NGX_CANONICAL_MASK_CHARS   8
#define NGX_CANONICAL_MASK_SHOWN   4


static u_char *ngx_canonical_token_put(u_char *out, ngx_str_t *s);
static u_char *ngx_canonical_token_base32(u_char *out, u_char *mac);
static ngx_uint_t ngx_canonical_mask_digits(ngx_str_t *value, ngx_uint_t n);
static ngx_int_t ngx_canonical_mask_last(ngx_str_t *value,
    ngx_canonical_arena_t *a);
static size_t ngx_canonical_mask_char(ngx_str_t *value);


u_char *
ngx_canonical_token(ngx_canonical_key_t *key, ngx_uint_t previous,
    ngx_str_t *authority, ngx_str_t *value, u_char *out)
{
    u_char         buf[NGX_CANONICAL_TOKEN_TEXT], *text, *p;
    u_char         mac[EVP_MAX_MD_SIZE], *done;
    size_t         len;
    ngx_str_t     *name, *secret, *id;
    unsigned int   n;

    secret = previous ? &key->previous : &key->secret;
    id = previous ? &key->previous_id : &key->id;

    if (key->authorities) {
        name = ngx_canonical_table_get(key->authorities, authority);

        if (name) {
            authority = name;
        }
    }

    /* all of them are in memory already: the sum is no more than that */

    len = key->name.len + 1 + authority->len + 1 + value->len;
    text = buf;

    if (len > sizeof(buf)) {
        text = OPENSSL_malloc(len);
        if (text == NULL) {
            return NULL;
        }
    }

    p = ngx_canonical_token_put(text, &key->name);
    *p++ = '\0';
    p = ngx_canonical_token_put(p, authority);
    *p++ = '\0';
    (void) ngx_canonical_token_put(p, value);

    done = HMAC(EVP_sha256(), secret->data, (int) secret->len, text, len, mac,
                &n);

    if (text != buf) {
        OPENSSL_free(text);
    }

    if (done == NULL) {
        return NULL;
    }

    out = ngx_cpymem(out, "pt_", 3);
    out = ngx_canonical_token_put(out, id);
    *out++ = '_';

    return ngx_canonical_token_base32(out, mac);
}


static u_char *
ngx_canonical_token_put(u_char *out, ngx_str_t *s)
{
    return s->len ? ngx_cpymem(out, s->data, s->len) : out;
}


/* 130 bits, without padding */

static u_char *
ngx_canonical_token_base32(u_char *out, u_char *mac)
{
    uint32_t    word;
    ngx_uint_t  i, bit;

    static const u_char  digits[] = "abcdefghijklmnopqrstuvwxyz234567";

    for (i = 0; i < NGX_CANONICAL_TOKEN_CHARS; i++) {
        bit = i * 5;
        word = (uint32_t) mac[bit / 8] << 8 | mac[bit / 8 + 1];
        *out++ = digits[word >> (11 - bit % 8) & 0x1f];
    }

    return out;
}


ngx_int_t
ngx_canonical_mask(ngx_canonical_mask_e mask, ngx_str_t *value,
    ngx_canonical_arena_t *a)
{
    size_t  len;

    switch (mask) {

    case NGX_CANONICAL_MASK_YEAR:
        len = ngx_canonical_mask_digits(value, 4) ? 4 : 0;
        break;

    case NGX_CANONICAL_MASK_INITIAL:
        len = ngx_canonical_mask_char(value);
        break;

    case NGX_CANONICAL_MASK_LAST4:
        return ngx_canonical_mask_last(value, a);

    case NGX_CANONICAL_MASK_ZIP3:
        len = ngx_canonical_mask_digits(value, 3) ? 3 : 0;
        break;

    default: /* NGX_CANONICAL_MASK_NONE */
        return NGX_OK;
    }

    value->len = len;

    return len ? NGX_OK : NGX_DECLINED;
}


/* whether it begins with that many digits */

static ngx_uint_t
ngx_canonical_mask_digits(ngx_str_t *value, ngx_uint_t n)
{
    ngx_uint_t  i;

    if (value->len < n) {
        return 0;
    }

    for (i = 0; i < n; i++) {
        if (value->data[i] < '0' || value->data[i] > '9') {
            return 0;
        }
    }

    return 1;
}


static ngx_int_t
ngx_canonical_mask_last(ngx_str_t *value, ngx_canonical_arena_t *a)
{
    u_char      *p, *last;
    size_t       i;
    ngx_uint_t   n;

    /* characters, from the end: all bytes but those that continue one */

    n = 0;
    last = NULL;

    for (i = value->len; i > 0 && n <= NGX_CANONICAL_MASK_CHARS; i--) {
        p = value->data + i - 1;

        if ((*p & 0xc0) != 0x80 && ++n == NGX_CANONICAL_MASK_SHOWN) {
            last = p;
        }
    }

    if (n > NGX_CANONICAL_MASK_CHARS) {
        value->len -= last - value->data;
        value->data = last;
        return NGX_OK;
    }

    value->len = n;

    if (n == 0) {
        return NGX_DECLINED;
    }

    value->data = ngx_canonical_bytes(a, n);

    if (value->data == NULL) {
        value->len = 0;
        return NGX_ERROR;
    }

    ngx_memset(value->data, '*', n);

    return NGX_OK;
}


/* bytes of the first character; 0: there is none */

static size_t
ngx_canonical_mask_char(ngx_str_t *value)
{
    size_t  n;

    if (value->len == 0) {
        return 0;
    }

    for (n = 1; n < value->len && (value->data[n] & 0xc0) == 0x80; n++) {
        /* void */
    }

    return (n <= 4) ? n : 0;
}
