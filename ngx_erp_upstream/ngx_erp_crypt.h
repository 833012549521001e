
/*
 * Bodies at rest: AES-256-GCM with the key of a file.
 *
 * A sealed body is: 1 byte version (1), 8 bytes key id (the first of SHA-256
 * of the key), 12 bytes nonce (random), the encrypted bytes, 16 bytes tag.
 * The row that it belongs to is authenticated with it, as are version and
 * key id, so that a body cannot be moved to another one.
 *
 * Random nonces are good for 2^32 bodies of a key (NIST SP 800-38D, 8.3):
 * some years of a busy engine, then the key is to be rotated.
 */

#ifndef _NGX_ERP_CRYPT_H_INCLUDED_
#define _NGX_ERP_CRYPT_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


#define NGX_ERP_KEY_LEN    32
#define NGX_ERP_KEY_ID     8
#define NGX_ERP_SEAL_MORE  (1 + NGX_ERP_KEY_ID + 12 + 16)


typedef struct {
    u_char     key[NGX_ERP_KEY_LEN];
    u_char     id[NGX_ERP_KEY_ID];
} ngx_erp_key_t;


typedef struct {
    ngx_erp_key_t   current;
    ngx_erp_key_t   previous;
    unsigned        has_previous:1;
} ngx_erp_keys_t;


/*
 * A key from the bytes of its file: 32 bytes, or 64 hexadecimal digits and
 * perhaps a newline.  NGX_OK; NGX_DECLINED: it is neither; NGX_ERROR: OpenSSL
 * has failed.  Nothing of it stays in *key then.  The caller clears "data".
 */
ngx_int_t ngx_erp_key_read(ngx_erp_key_t *key, u_char *data, size_t len);

/*
 * Seals with the current key: "out" has len + NGX_ERP_SEAL_MORE bytes and
 * does not overlap "data".  NGX_OK, or NGX_ERROR: OpenSSL has failed, or "len"
 * is 2G or more.
 */
ngx_int_t ngx_erp_seal(ngx_erp_keys_t *keys, uint64_t row, u_char *data,
    size_t len, u_char *out);

/*
 * Opens with the key that it names: "out" has len - NGX_ERP_SEAL_MORE bytes
 * and does not overlap "data".  NGX_OK; NGX_DECLINED: another key; NGX_ERROR:
 * damaged, or OpenSSL has failed: "out" has nothing of the body then.
 */
ngx_int_t ngx_erp_open(ngx_erp_keys_t *keys, uint64_t row, u_char *data,
    size_t len, u_char *out);


#endif /* _NGX_ERP_CRYPT_H_INCLUDED_ */
