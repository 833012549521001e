
/*
 * What a message is known by: to those who look for it, and, when it comes
 * again, as the same one.
 */

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include <openssl/evp.h>
#include <openssl/rand.h>

#include "ngx_http_erp_put.h"
#include "ngx_fhir_types.h"


#define NGX_HTTP_ERP_TEXT_MAX     255
#define NGX_HTTP_ERP_KEY_LEN      32         /* digits */

#define NGX_HTTP_ERP_PARTS_MAX    5


static ngx_int_t ngx_http_erp_put_names_hl7(ngx_http_erp_put_t *p);
static ngx_int_t ngx_http_erp_put_join(ngx_http_erp_put_t *p, ngx_str_t *out,
    ngx_str_t *one, u_char ch, ngx_str_t *two);
static ngx_int_t ngx_http_erp_put_natural(ngx_http_erp_put_t *p);
static ngx_int_t ngx_http_erp_put_random(ngx_http_erp_put_t *p);
static ngx_int_t ngx_http_erp_put_user(ngx_http_erp_put_t *p,
    ngx_str_t *user);
static ngx_int_t ngx_http_erp_put_known(ngx_http_erp_put_t *p,
    ngx_str_t *parts, ngx_uint_t n);
static ngx_int_t ngx_http_erp_put_digest(ngx_http_erp_put_t *p, u_char *hash,
    ngx_str_t *s);
static ngx_int_t ngx_http_erp_put_sha256(void);


/* of this worker: OpenSSL takes longer to find them than to use them */

static const EVP_MD  *ngx_http_erp_md;
static EVP_MD_CTX    *ngx_http_erp_md_ctx;


ngx_int_t
ngx_http_erp_put_names(ngx_http_erp_put_t *p)
{
    ngx_str_t             *key;
    ngx_uint_t             type;
    ngx_erp_message_t     *m;
    ngx_canonical_node_t  *root;

    if (p->message) {
        return ngx_http_erp_put_names_hl7(p);
    }

    m = &p->sent->put;

    m->source = p->request->connection->addr_text;

    root = p->mapping ? p->mapping->run.body : NULL;
    type = root ? root->type : NGX_FHIR_UNKNOWN;

    m->type = type ? *ngx_fhir_type_name(type) : p->type;

    key = ngx_http_erp_header(p->request, "idempotency-key");

    if (key) {
        m->control_id = *key;
        return ngx_http_erp_put_text(p, &m->control_id);
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_erp_put_names_hl7(ngx_http_erp_put_t *p)
{
    ngx_str_t           one, two;
    ngx_erp_message_t  *m;

    m = &p->sent->put;

    (void) ngx_hl7_msh(p->message, 3, 1, &one);
    (void) ngx_hl7_msh(p->message, 4, 1, &two);

    if (ngx_http_erp_put_join(p, &m->source, &one, '/', &two) != NGX_OK) {
        return NGX_ERROR;
    }

    (void) ngx_hl7_msh(p->message, 9, 1, &one);

    if (ngx_hl7_msh(p->message, 9, 2, &two) == NGX_HL7_VALUED) {

        if (ngx_http_erp_put_join(p, &m->type, &one, '^', &two) != NGX_OK) {
            return NGX_ERROR;
        }

    } else {
        m->type = one;

        if (ngx_http_erp_put_text(p, &m->type) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    if (ngx_hl7_msh(p->message, 10, 0, &m->control_id) != NGX_HL7_VALUED) {
        ngx_str_null(&m->control_id);
    }

    return ngx_http_erp_put_text(p, &m->control_id);
}


static ngx_int_t
ngx_http_erp_put_join(ngx_http_erp_put_t *p, ngx_str_t *out, ngx_str_t *one,
    u_char ch, ngx_str_t *two)
{
    u_char  *last;

    out->data = ngx_pnalloc(p->request->pool, one->len + 1 + two->len);
    if (out->data == NULL) {
        return NGX_ERROR;
    }

    last = ngx_cpymem(out->data, one->data, one->len);
    *last++ = ch;
    last = ngx_cpymem(last, two->data, two->len);

    out->len = last - out->data;

    return ngx_http_erp_put_text(p, out);
}


ngx_int_t
ngx_http_erp_put_dedup(ngx_http_erp_put_t *p)
{
    ngx_erp_message_t  *m;

    m = &p->sent->put;

    m->hash.data = p->sent->hash;
    m->hash.len = NGX_HTTP_ERP_HASH_LEN;

    m->dedup.data = p->sent->dedup;
    m->dedup.len = NGX_HTTP_ERP_DEDUP_LEN;

    if (ngx_http_erp_put_digest(p, p->sent->hash, &m->raw) != NGX_OK) {
        return NGX_ERROR;
    }

    if (p->conf->no_message_key == 1) {
        return ngx_http_erp_put_random(p);
    }

    return ngx_http_erp_put_natural(p);
}


/* the first of these that there is */

static ngx_int_t
ngx_http_erp_put_natural(ngx_http_erp_put_t *p)
{
    ngx_str_t            parts[NGX_HTTP_ERP_PARTS_MAX], *key;
    ngx_http_request_t  *r;

    r = p->request;

    parts[1] = p->conf->flow;

    if (p->conf->message_key) {

        if (ngx_http_complex_value(r, p->conf->message_key, &parts[2])
            != NGX_OK)
        {
            return NGX_ERROR;
        }

        if (parts[2].len) {
            ngx_str_set(&parts[0], "key");
            return ngx_http_erp_put_known(p, parts, 3);
        }
    }

    if (p->message
        && ngx_hl7_msh(p->message, 10, 0, &parts[4]) == NGX_HL7_VALUED)
    {
        ngx_str_set(&parts[0], "hl7");

        (void) ngx_hl7_msh(p->message, 3, 0, &parts[2]);
        (void) ngx_hl7_msh(p->message, 4, 0, &parts[3]);

        return ngx_http_erp_put_known(p, parts, 5);
    }

    key = ngx_http_erp_header(r, "idempotency-key");

    if (key) {
        ngx_str_set(&parts[0], "http");
        parts[3] = *key;

        if (ngx_http_erp_put_user(p, &parts[2]) != NGX_OK) {
            return NGX_ERROR;
        }

        return ngx_http_erp_put_known(p, parts, 4);
    }

    return ngx_http_erp_put_random(p);
}


/* the same again is another one; the time makes them neighbours, see below */

static ngx_int_t
ngx_http_erp_put_random(ngx_http_erp_put_t *p)
{
    u_char      *d;
    uint64_t     now;
    ngx_uint_t   i;

    d = p->sent->dedup;
    now = p->sent->put.received;

    ngx_memzero(d, NGX_HTTP_ERP_GROUP_LEN + NGX_HTTP_ERP_TAIL_LEN);
    d += NGX_HTTP_ERP_GROUP_LEN + NGX_HTTP_ERP_TAIL_LEN;

    for (i = 1; i <= sizeof(uint64_t); i++) {
        *(d - i) = (u_char) now;
        now >>= 8;
    }

    if (RAND_bytes(d, NGX_HTTP_ERP_PROOF_LEN) != 1) {
        ngx_log_error(NGX_LOG_ALERT, p->request->connection->log, 0,
                      "RAND_bytes() failed");
        return NGX_ERROR;
    }

    return NGX_OK;
}


/* $remote_user, or empty */

static ngx_int_t
ngx_http_erp_put_user(ngx_http_erp_put_t *p, ngx_str_t *user)
{
    ngx_int_t  rc;

    ngx_str_null(user);

    rc = ngx_http_auth_basic_user(p->request);

    if (rc == NGX_ERROR) {
        return NGX_ERROR;
    }

    if (rc == NGX_OK) {
        *user = p->request->headers_in.user;
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_erp_put_key(ngx_http_erp_put_t *p, ngx_uint_t n, ngx_str_t *key)
{
    u_char     *last;
    ngx_str_t   s;
    u_char      hash[NGX_HTTP_ERP_HASH_LEN];
    u_char      buf[NGX_HTTP_ERP_DEDUP_LEN + NGX_INT_T_LEN];

    last = ngx_cpymem(buf, p->sent->dedup, NGX_HTTP_ERP_DEDUP_LEN);
    last = ngx_sprintf(last, "%ui", n);

    s.data = buf;
    s.len = last - buf;

    if (ngx_http_erp_put_digest(p, hash, &s) != NGX_OK) {
        return NGX_ERROR;
    }

    key->data = ngx_pnalloc(p->request->pool, NGX_HTTP_ERP_KEY_LEN);
    if (key->data == NULL) {
        return NGX_ERROR;
    }

    key->len = ngx_hex_dump(key->data, hash, NGX_HTTP_ERP_KEY_LEN / 2)
               - key->data;

    return NGX_OK;
}


ngx_int_t
ngx_http_erp_put_text(ngx_http_erp_put_t *p, ngx_str_t *s)
{
    size_t  i;
    u_char  hash[NGX_HTTP_ERP_HASH_LEN], *digits;

    for (i = 0; i < s->len; i++) {
        if (s->data[i] < 0x20 || s->data[i] == 0x7f) {
            break;
        }
    }

    if (i == s->len && s->len <= NGX_HTTP_ERP_TEXT_MAX) {
        return NGX_OK;
    }

    digits = ngx_pnalloc(p->request->pool, NGX_HTTP_ERP_KEY_LEN);

    if (digits == NULL || ngx_http_erp_put_digest(p, hash, s) != NGX_OK) {
        return NGX_ERROR;
    }

    s->data = digits;
    s->len = ngx_hex_dump(digits, hash, NGX_HTTP_ERP_KEY_LEN / 2) - digits;

    return NGX_OK;
}


/*
 * SHA-256 of the parts, a zero between them, is what tells one from another.
 * In front of it stands a hash of all but the last part, and the end of that:
 * control ids of a sender are numbers, or times, and their entries in the
 * index are neighbours then.  By the digest alone each message would write
 * to a page of its own.
 */

static ngx_int_t
ngx_http_erp_put_known(ngx_http_erp_put_t *p, ngx_str_t *parts, ngx_uint_t n)
{
    size_t       len;
    u_char      *last, *dedup, hash[NGX_HTTP_ERP_HASH_LEN];
    uint32_t     group;
    ngx_str_t    all;
    ngx_uint_t   i;

    len = n - 1;

    for (i = 0; i < n; i++) {
        len += parts[i].len;
    }

    all.len = len;
    all.data = ngx_pnalloc(p->request->pool, len);
    if (all.data == NULL) {
        return NGX_ERROR;
    }

    last = all.data;

    for (i = 0; i < n - 1; i++) {
        last = ngx_cpymem(last, parts[i].data, parts[i].len);
        *last++ = '\0';
    }

    group = ngx_murmur_hash2(all.data, last - all.data);

    (void) ngx_cpymem(last, parts[i].data, parts[i].len);

    if (ngx_http_erp_put_digest(p, hash, &all) != NGX_OK) {
        return NGX_ERROR;
    }

    dedup = p->sent->dedup;
    ngx_memcpy(dedup, &group, NGX_HTTP_ERP_GROUP_LEN);
    dedup += NGX_HTTP_ERP_GROUP_LEN;

    /* at the right: a number with one digit more comes behind the others */

    len = ngx_min(parts[i].len, NGX_HTTP_ERP_TAIL_LEN);

    ngx_memzero(dedup, NGX_HTTP_ERP_TAIL_LEN - len);
    dedup += NGX_HTTP_ERP_TAIL_LEN - len;

    dedup = ngx_cpymem(dedup, parts[i].data + parts[i].len - len, len);
    ngx_memcpy(dedup, hash, NGX_HTTP_ERP_PROOF_LEN);

    return NGX_OK;
}


static ngx_int_t
ngx_http_erp_put_digest(ngx_http_erp_put_t *p, u_char *hash, ngx_str_t *s)
{
    if ((ngx_http_erp_md || ngx_http_erp_put_sha256() == NGX_OK)
        && EVP_DigestInit_ex(ngx_http_erp_md_ctx, ngx_http_erp_md, NULL) == 1
        && EVP_DigestUpdate(ngx_http_erp_md_ctx, s->data, s->len) == 1
        && EVP_DigestFinal_ex(ngx_http_erp_md_ctx, hash, NULL) == 1)
    {
        return NGX_OK;
    }

    ngx_log_error(NGX_LOG_ALERT, p->request->connection->log, 0,
                  "SHA-256 failed");

    return NGX_ERROR;
}


static ngx_int_t
ngx_http_erp_put_sha256(void)
{
    if (ngx_http_erp_md_ctx == NULL) {
        ngx_http_erp_md_ctx = EVP_MD_CTX_new();

        if (ngx_http_erp_md_ctx == NULL) {
            return NGX_ERROR;
        }
    }

#if (OPENSSL_VERSION_NUMBER >= 0x30000000L)
    ngx_http_erp_md = EVP_MD_fetch(NULL, "SHA256", NULL);
#else
    ngx_http_erp_md = EVP_sha256();
#endif

    return ngx_http_erp_md ? NGX_OK : NGX_ERROR;
}


ngx_str_t *
ngx_http_erp_header(ngx_http_request_t *r, const char *name)
{
    size_t            len;
    ngx_uint_t        i;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h;

    len = ngx_strlen(name);

    part = &r->headers_in.headers.part;
    h = part->elts;

    for (i = 0; /* void */ ; i++) {

        if (i >= part->nelts) {
            if (part->next == NULL) {
                return NULL;
            }

            part = part->next;
            h = part->elts;
            i = 0;
        }

        if (h[i].hash
            && h[i].key.len == len
            && ngx_strncasecmp(h[i].key.data, (u_char *) name, len) == 0)
        {
            return h[i].value.len ? &h[i].value : NULL;
        }
    }
}
