
/*
 * Bodies at rest: see the header.
 */

#include <limits.h>

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/sha.h>

#include "ngx_erp_crypt.h"


#define NGX_ERP_SEAL_VERSION  1
#define NGX_ERP_NONCE_LEN     12
#define NGX_ERP_TAG_LEN       16

/* version and key id, which the row follows in what is authenticated */
#define NGX_ERP_SEAL_HEAD     (1 + NGX_ERP_KEY_ID)
#define NGX_ERP_AAD_LEN       (NGX_ERP_SEAL_HEAD + 8)


static ngx_int_t ngx_erp_key_hex(u_char *key, u_char *data);
static ngx_int_t ngx_erp_key_digit(u_char ch);
static void ngx_erp_seal_aad(u_char *aad, u_char *head, uint64_t row);
static ngx_int_t ngx_erp_seal_body(EVP_CIPHER_CTX *ctx, ngx_erp_key_t *key,
    uint64_t row, u_char *data, size_t len, u_char *out);
static ngx_int_t ngx_erp_open_body(EVP_CIPHER_CTX *ctx, ngx_erp_key_t *key,
    uint64_t row, u_char *data, size_t len, u_char *out);


ngx_int_t
ngx_erp_key_read(ngx_erp_key_t *key, u_char *data, size_t len)
{
    u_char     digest[SHA256_DIGEST_LENGTH];
    ngx_int_t  rc;

    if (len == 2 * NGX_ERP_KEY_LEN + 1 && data[len - 1] == LF) {
        len--;

    } else if (len == 2 * NGX_ERP_KEY_LEN + 2 && data[len - 2] == CR
               && data[len - 1] == LF)
    {
        len -= 2;
    }

    rc = NGX_OK;

    if (len == NGX_ERP_KEY_LEN) {
        ngx_memcpy(key->key, data, NGX_ERP_KEY_LEN);

    } else if (len == 2 * NGX_ERP_KEY_LEN) {
        rc = ngx_erp_key_hex(key->key, data);

    } else {
        rc = NGX_DECLINED;
    }

    if (rc == NGX_OK) {

        if (EVP_Digest(key->key, NGX_ERP_KEY_LEN, digest, NULL, EVP_sha256(),
                       NULL)
            != 1)
        {
            ERR_clear_error();
            rc = NGX_ERROR;
        }

        ngx_memcpy(key->id, digest, NGX_ERP_KEY_ID);
        OPENSSL_cleanse(digest, sizeof(digest));
    }

    if (rc != NGX_OK) {
        OPENSSL_cleanse(key, sizeof(ngx_erp_key_t));
    }

    return rc;
}


static ngx_int_t
ngx_erp_key_hex(u_char *key, u_char *data)
{
    ngx_int_t   high, low;
    ngx_uint_t  i;

    for (i = 0; i < NGX_ERP_KEY_LEN; i++) {
        high = ngx_erp_key_digit(data[2 * i]);
        low = ngx_erp_key_digit(data[2 * i + 1]);

        if (high < 0 || low < 0) {
            return NGX_DECLINED;
        }

        key[i] = (u_char) (high << 4 | low);
    }

    return NGX_OK;
}


static ngx_int_t
ngx_erp_key_digit(u_char ch)
{
    if (ch >= '0' && ch <= '9') {
        return ch - '0';
    }

    ch |= 0x20;

    if (ch >= 'a' && ch <= 'f') {
        return ch - 'a' + 10;
    }

    return -1;
}


static void
ngx_erp_seal_aad(u_char *aad, u_char *head, uint64_t row)
{
    ngx_uint_t  i;

    ngx_memcpy(aad, head, NGX_ERP_SEAL_HEAD);

    for (i = NGX_ERP_SEAL_HEAD; i < NGX_ERP_AAD_LEN; i++) {
        aad[i] = (u_char) row;
        row >>= 8;
    }
}


ngx_int_t
ngx_erp_seal(ngx_erp_keys_t *keys, uint64_t row, u_char *data, size_t len,
    u_char *out)
{
    ngx_int_t        rc;
    EVP_CIPHER_CTX  *ctx;

    if (len > INT_MAX) {
        return NGX_ERROR;
    }

    ctx = EVP_CIPHER_CTX_new();

    rc = NGX_ERROR;

    if (ctx) {
        rc = ngx_erp_seal_body(ctx, &keys->current, row, data, len, out);

        /* the schedule of the key is cleared with it */

        EVP_CIPHER_CTX_free(ctx);
    }

    if (rc != NGX_OK) {
        ERR_clear_error();
    }

    return rc;
}


static ngx_int_t
ngx_erp_seal_body(EVP_CIPHER_CTX *ctx, ngx_erp_key_t *key, uint64_t row,
    u_char *data, size_t len, u_char *out)
{
    int      n;
    u_char  *nonce, aad[NGX_ERP_AAD_LEN];

    out[0] = NGX_ERP_SEAL_VERSION;
    ngx_memcpy(out + 1, key->id, NGX_ERP_KEY_ID);
    ngx_erp_seal_aad(aad, out, row);

    nonce = out + NGX_ERP_SEAL_HEAD;
    out = nonce + NGX_ERP_NONCE_LEN;

    if (RAND_bytes(nonce, NGX_ERP_NONCE_LEN) != 1
        || EVP_EncryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, key->key, nonce)
           != 1
        || EVP_EncryptUpdate(ctx, NULL, &n, aad, NGX_ERP_AAD_LEN) != 1)
    {
        return NGX_ERROR;
    }

    if (len && EVP_EncryptUpdate(ctx, out, &n, data, (int) len) != 1) {
        return NGX_ERROR;
    }

    out += len;

    if (EVP_EncryptFinal_ex(ctx, out, &n) != 1
        || EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_GET_TAG, NGX_ERP_TAG_LEN,
                               out)
           != 1)
    {
        return NGX_ERROR;
    }

    return NGX_OK;
}


ngx_int_t
ngx_erp_open(ngx_erp_keys_t *keys, uint64_t row, u_char *data, size_t len,
    u_char *out)
{
    ngx_int_t        rc;
    ngx_erp_key_t   *key;
    EVP_CIPHER_CTX  *ctx;

    if (len < NGX_ERP_SEAL_MORE || len > INT_MAX
        || data[0] != NGX_ERP_SEAL_VERSION)
    {
        return NGX_ERROR;
    }

    if (ngx_memcmp(data + 1, keys->current.id, NGX_ERP_KEY_ID) == 0) {
        key = &keys->current;

    } else if (keys->has_previous
               && ngx_memcmp(data + 1, keys->previous.id, NGX_ERP_KEY_ID)
                  == 0)
    {
        key = &keys->previous;

    } else {
        return NGX_DECLINED;
    }

    len -= NGX_ERP_SEAL_MORE;

    ctx = EVP_CIPHER_CTX_new();

    rc = NGX_ERROR;

    if (ctx) {
        rc = ngx_erp_open_body(ctx, key, row, data, len, out);
        EVP_CIPHER_CTX_free(ctx);
    }

    if (rc != NGX_OK) {
        ERR_clear_error();

        /* what was decrypted before the tag has been found to be wrong */

        OPENSSL_cleanse(out, len);
    }

    return rc;
}


static ngx_int_t
ngx_erp_open_body(EVP_CIPHER_CTX *ctx, ngx_erp_key_t *key, uint64_t row,
    u_char *data, size_t len, u_char *out)
{
    int      n;
    u_char  *nonce, aad[NGX_ERP_AAD_LEN], none[1];

    ngx_erp_seal_aad(aad, data, row);

    nonce = data + NGX_ERP_SEAL_HEAD;
    data = nonce + NGX_ERP_NONCE_LEN;

    if (EVP_DecryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, key->key, nonce) != 1
        || EVP_DecryptUpdate(ctx, NULL, &n, aad, NGX_ERP_AAD_LEN) != 1)
    {
        return NGX_ERROR;
    }

    if (len && EVP_DecryptUpdate(ctx, out, &n, data, (int) len) != 1) {
        return NGX_ERROR;
    }

    /* the end of GCM has no bytes: "none" stays as it is */

    if (EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_SET_TAG, NGX_ERP_TAG_LEN,
                            data + len)
        != 1
        || EVP_DecryptFinal_ex(ctx, none, &n) != 1)
    {
        return NGX_ERROR;
    }

    return NGX_OK;
}
