
/*
 * Tables of words (canonical_table) and PHI keys (canonical_key).
 */

#ifndef _NGX_CANONICAL_TABLE_H_INCLUDED_
#define _NGX_CANONICAL_TABLE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_canonical_arena.h"


typedef struct ngx_canonical_table_s  ngx_canonical_table_t;

/* an empty table; NULL: no memory */
ngx_canonical_table_t *ngx_canonical_table_create(ngx_canonical_arena_t *a);

/*
 * Adds a word; strings are not copied.  NGX_OK, NGX_BUSY: it is there
 * already, NGX_ERROR: no memory.
 */
ngx_int_t ngx_canonical_table_add(ngx_canonical_table_t *t, ngx_str_t *key,
    ngx_str_t *value);

/* what a word gets that is not in it; NGX_BUSY: set already */
ngx_int_t ngx_canonical_table_default(ngx_canonical_table_t *t,
    ngx_str_t *value);

/*
 * Adds the lines of a file: key, a comma or a TAB, value.  Values with commas
 * or quotes stand in double quotes, as in RFC 4180; empty lines and those that
 * begin with # are skipped; the key "default" sets the default.  NGX_OK, or
 * NGX_ERROR with *why and the line, from 1.  "text" is kept.
 */
ngx_int_t ngx_canonical_table_read(ngx_canonical_table_t *t, ngx_str_t *text,
    ngx_uint_t *line, const char **why);

/* the value, or the default, or NULL; letters of either case are different */
ngx_str_t *ngx_canonical_table_get(ngx_canonical_table_t *t, ngx_str_t *key);


/*
 * A key makes tokens: the same identifier of the same authority gets the
 * same token, wherever it comes from.
 */

typedef struct {
    ngx_str_t                name;
    ngx_str_t                id;          /* kept in the token */
    ngx_str_t                secret;

    ngx_str_t                previous_id; /* empty: none */
    ngx_str_t                previous;

    /* names of one authority: "GHH", its OID, its URI; or NULL */
    ngx_canonical_table_t   *authorities;
} ngx_canonical_key_t;


/* bytes of a secret, at least */
#define NGX_CANONICAL_SECRET_MIN  16

/* bytes of a token without the id */
#define NGX_CANONICAL_TOKEN_LEN   (sizeof("pt__") - 1 + 26)

/*
 * Writes pt_<id>_ and 26 characters of base32 (a-z, 2-7): the first 130 bits
 * of HMAC-SHA256 with the secret over the key's name, 0, the authority, 0 and
 * the value.  The authority is looked up in key->authorities first.  "out"
 * has NGX_CANONICAL_TOKEN_LEN + id.len bytes.  Returns the end, NULL: OpenSSL
 * has failed.
 */
u_char *ngx_canonical_token(ngx_canonical_key_t *key, ngx_uint_t previous,
    ngx_str_t *authority, ngx_str_t *value, u_char *out);


typedef enum {
    NGX_CANONICAL_MASK_NONE = 0,
    NGX_CANONICAL_MASK_YEAR,     /* "1988" of "1988-08-18" */
    NGX_CANONICAL_MASK_INITIAL,  /* first character, of UTF-8 */
    NGX_CANONICAL_MASK_LAST4,    /* the last four characters; all of a value
                                    that has eight or less become "*" */
    NGX_CANONICAL_MASK_ZIP3      /* first three digits, else nothing */
} ngx_canonical_mask_e;

/*
 * Masks a value in place by giving a part of it, NGX_DECLINED: it has none
 * (then *value is empty).  Stars are made in "a"; NGX_ERROR: no memory.
 */
ngx_int_t ngx_canonical_mask(ngx_canonical_mask_e mask, ngx_str_t *value,
    ngx_canonical_arena_t *a);


#endif /* _NGX_CANONICAL_TABLE_H_INCLUDED_ */
