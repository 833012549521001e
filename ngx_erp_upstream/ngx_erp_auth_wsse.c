
/*
 * A UsernameToken of WS-Security: see the header.
 */

#include <openssl/err.h>
#include <openssl/evp.h>

#include "ngx_erp_auth_wsse.h"
#include "ngx_erp_auth_template.h"


#define NGX_ERP_WSSE_OASIS                                                    \
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-"

#define NGX_ERP_WSSE_PROFILE                                                  \
    NGX_ERP_WSSE_OASIS "username-token-profile-1.0#"

/* the text but for what varies has less than this */
#define NGX_ERP_WSSE_TEXT     1024

/* of a character that is escaped */
#define NGX_ERP_WSSE_ESCAPED  5

/* "2026-11-21T14:00:00Z" */
#define NGX_ERP_WSSE_CREATED  20


typedef struct {
    u_char      *start;
    u_char      *end;        /* behind ">" */
    ngx_str_t    prefix;
    ngx_str_t    local;
    ngx_str_t    ns;         /* that it binds its prefix to, data NULL: it
                                does not */
    unsigned     empty:1;    /* "/>" */
} ngx_erp_wsse_tag_t;


static ngx_uint_t ngx_erp_wsse_place(ngx_str_t *body,
    ngx_erp_wsse_tag_t *envelope, ngx_erp_wsse_tag_t *child);
static u_char *ngx_erp_wsse_skip(u_char *p, u_char *end);
static u_char *ngx_erp_wsse_behind(u_char *p, u_char *end, const char *what,
    size_t len);
static ngx_uint_t ngx_erp_wsse_tag(u_char *p, u_char *end,
    ngx_erp_wsse_tag_t *tag);
static u_char *ngx_erp_wsse_attribute(u_char *p, u_char *end,
    ngx_erp_wsse_tag_t *tag);
static u_char *ngx_erp_wsse_name(u_char *p, u_char *end);
static u_char *ngx_erp_wsse_space(u_char *p, u_char *end);
static ngx_uint_t ngx_erp_wsse_is(ngx_str_t *s, const char *text);
static ngx_uint_t ngx_erp_wsse_same(ngx_str_t *one, ngx_str_t *two);

static u_char *ngx_erp_wsse_print(u_char *p, ngx_erp_wsse_t *w,
    ngx_erp_wsse_tag_t *envelope);
static u_char *ngx_erp_wsse_password(u_char *p, ngx_erp_wsse_t *w,
    u_char *created);
static u_char *ngx_erp_wsse_escape(u_char *p, ngx_str_t *s);
static u_char *ngx_erp_wsse_header(u_char *p, ngx_str_t *prefix,
    const char *start);


#define ngx_erp_wsse_add(p, text)                                             \
    ngx_cpymem(p, text, sizeof(text) - 1)


ngx_int_t
ngx_erp_wsse(ngx_canonical_arena_t *a, ngx_erp_wsse_t *w, ngx_str_t *body,
    ngx_str_t *out)
{
    u_char              *p, *rest, *end;
    size_t               size;
    ngx_uint_t           close;
    ngx_erp_wsse_tag_t   envelope, child;

    if (!ngx_erp_wsse_place(body, &envelope, &child)) {
        return NGX_DECLINED;
    }

    size = body->len + NGX_ERP_WSSE_TEXT
           + (w->user.len + w->password.len) * NGX_ERP_WSSE_ESCAPED
           + 4 * envelope.prefix.len;

    p = ngx_canonical_bytes(a, size);
    if (p == NULL) {
        return NGX_ERROR;
    }

    out->data = p;
    end = body->data + body->len;

    if (ngx_erp_wsse_is(&child.local, "Body")) {
        rest = child.start;
        close = 1;
        p = ngx_cpymem(p, body->data, rest - body->data);
        p = ngx_erp_wsse_header(p, &envelope.prefix, "<");

    } else if (child.empty) {
        rest = child.end;
        close = 1;
        p = ngx_cpymem(p, body->data, rest - 2 - body->data);
        *p++ = '>';

    } else {
        rest = child.end;
        close = 0;
        p = ngx_cpymem(p, body->data, rest - body->data);
    }

    p = ngx_erp_wsse_print(p, w, &envelope);

    if (p == NULL) {
        return NGX_ERROR;
    }

    if (close) {
        p = ngx_erp_wsse_header(p, &envelope.prefix, "</");
    }

    p = ngx_cpymem(p, rest, end - rest);

    out->len = p - out->data;

    return NGX_OK;
}


/* the start tags of the envelope and of its first child: Header or Body */

static ngx_uint_t
ngx_erp_wsse_place(ngx_str_t *body, ngx_erp_wsse_tag_t *envelope,
    ngx_erp_wsse_tag_t *child)
{
    u_char  *p, *end;

    p = body->data;
    end = p + body->len;

    if (body->len >= 3 && ngx_memcmp(p, "\xef\xbb\xbf", 3) == 0) {
        p += 3;
    }

    p = ngx_erp_wsse_skip(p, end);

    if (p == NULL
        || !ngx_erp_wsse_tag(p, end, envelope)
        || envelope->empty
        || !ngx_erp_wsse_is(&envelope->local, "Envelope")
        || (!ngx_erp_wsse_is(&envelope->ns,
                             "http://schemas.xmlsoap.org/soap/envelope/")
            && !ngx_erp_wsse_is(&envelope->ns,
                                "http://www.w3.org/2003/05/soap-envelope")))
    {
        return 0;
    }

    p = ngx_erp_wsse_skip(envelope->end, end);

    if (p == NULL
        || !ngx_erp_wsse_tag(p, end, child)
        || !ngx_erp_wsse_same(&child->prefix, &envelope->prefix)
        || (child->ns.data && !ngx_erp_wsse_same(&child->ns, &envelope->ns)))
    {
        return 0;
    }

    return ngx_erp_wsse_is(&child->local, "Header")
           || ngx_erp_wsse_is(&child->local, "Body");
}


/* white space, comments, processing instructions; NULL: one has no end */

static u_char *
ngx_erp_wsse_skip(u_char *p, u_char *end)
{
    for ( ;; ) {
        p = ngx_erp_wsse_space(p, end);

        if (end - p >= 4 && ngx_memcmp(p, "<!--", 4) == 0) {
            p = ngx_erp_wsse_behind(p + 4, end, "-->", 3);

        } else if (end - p >= 2 && ngx_memcmp(p, "<?", 2) == 0) {
            p = ngx_erp_wsse_behind(p + 2, end, "?>", 2);

        } else {
            return p;
        }

        if (p == NULL) {
            return NULL;
        }
    }
}


static u_char *
ngx_erp_wsse_behind(u_char *p, u_char *end, const char *what, size_t len)
{
    for ( /* void */ ; (size_t) (end - p) >= len; p++) {
        if (ngx_memcmp(p, what, len) == 0) {
            return p + len;
        }
    }

    return NULL;
}


/* a start tag; 0: it is none, as "<!DOCTYPE" and the end of a body are none */

static ngx_uint_t
ngx_erp_wsse_tag(u_char *p, u_char *end, ngx_erp_wsse_tag_t *tag)
{
    u_char  *last, *colon;

    ngx_memzero(tag, sizeof(ngx_erp_wsse_tag_t));

    tag->start = p;

    if (p == end || *p != '<') {
        return 0;
    }

    p++;

    last = ngx_erp_wsse_name(p, end);

    if (last == p) {
        return 0;
    }

    for (colon = p; colon < last && *colon != ':'; colon++) { /* void */ }

    if (colon < last) {
        tag->prefix.data = p;
        tag->prefix.len = colon - p;
        p = colon + 1;
    }

    tag->local.data = p;
    tag->local.len = last - p;

    for (p = last; /* void */ ; /* void */ ) {
        p = ngx_erp_wsse_space(p, end);

        if (p == end) {
            return 0;
        }

        if (*p == '>') {
            tag->end = p + 1;
            return 1;
        }

        if (*p == '/') {
            tag->empty = 1;
            tag->end = p + 2;

            return end - p >= 2 && p[1] == '>';
        }

        p = ngx_erp_wsse_attribute(p, end, tag);

        if (p == NULL) {
            return 0;
        }
    }
}


static u_char *
ngx_erp_wsse_attribute(u_char *p, u_char *end, ngx_erp_wsse_tag_t *tag)
{
    u_char      quote;
    ngx_str_t   name, value;

    name.data = p;
    p = ngx_erp_wsse_name(p, end);
    name.len = p - name.data;

    p = ngx_erp_wsse_space(p, end);

    if (name.len == 0 || p == end || *p != '=') {
        return NULL;
    }

    p = ngx_erp_wsse_space(p + 1, end);

    if (p == end || (*p != '"' && *p != '\'')) {
        return NULL;
    }

    quote = *p++;
    value.data = p;

    while (p < end && *p != quote && *p != '<') {
        p++;
    }

    if (p == end || *p == '<') {
        return NULL;
    }

    value.len = p - value.data;

    if (tag->prefix.len == 0) {

        if (ngx_erp_wsse_is(&name, "xmlns")) {
            tag->ns = value;
        }

    } else if (name.len == sizeof("xmlns:") - 1 + tag->prefix.len
               && ngx_memcmp(name.data, "xmlns:", sizeof("xmlns:") - 1) == 0
               && ngx_memcmp(name.data + sizeof("xmlns:") - 1,
                             tag->prefix.data, tag->prefix.len)
                  == 0)
    {
        tag->ns = value;
    }

    return p + 1;
}


/* to the end of a name, which is of the form that XML has; perhaps empty */

static u_char *
ngx_erp_wsse_name(u_char *p, u_char *end)
{
    u_char  *start;

    for (start = p; p < end; p++) {

        if ((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z')
            || *p == '_' || *p == ':' || *p >= 0x80)
        {
            continue;
        }

        if (p > start && ((*p >= '0' && *p <= '9') || *p == '-' || *p == '.'))
        {
            continue;
        }

        break;
    }

    return p;
}


static u_char *
ngx_erp_wsse_space(u_char *p, u_char *end)
{
    while (p < end && (*p == ' ' || *p == '\t' || *p == CR || *p == LF)) {
        p++;
    }

    return p;
}


static ngx_uint_t
ngx_erp_wsse_is(ngx_str_t *s, const char *text)
{
    return s->len == ngx_strlen(text)
           && ngx_memcmp(s->data, text, s->len) == 0;
}


static ngx_uint_t
ngx_erp_wsse_same(ngx_str_t *one, ngx_str_t *two)
{
    return one->len == two->len
           && (one->len == 0
               || ngx_memcmp(one->data, two->data, one->len) == 0);
}


/* NULL: OpenSSL has failed */

static u_char *
ngx_erp_wsse_print(u_char *p, ngx_erp_wsse_t *w, ngx_erp_wsse_tag_t *envelope)
{
    u_char     created[NGX_ERP_WSSE_CREATED + 1];
    struct tm  tm;

    if (gmtime_r(&w->created, &tm) == NULL
        || strftime((char *) created, sizeof(created), "%Y-%m-%dT%H:%M:%SZ",
                    &tm)
           != NGX_ERP_WSSE_CREATED)
    {
        return NULL;
    }

    p = ngx_erp_wsse_add(p, "<wsse:Security xmlns:wsse=\"" NGX_ERP_WSSE_OASIS
                            "wssecurity-secext-1.0.xsd\" xmlns:wsu=\""
                            NGX_ERP_WSSE_OASIS
                            "wssecurity-utility-1.0.xsd\" ");

    /* an attribute has no default namespace, and ours are declared here */

    if (envelope->prefix.len == 0
        || ngx_erp_wsse_is(&envelope->prefix, "wsse")
        || ngx_erp_wsse_is(&envelope->prefix, "wsu"))
    {
        p = ngx_erp_wsse_add(p, "xmlns:env=\"");
        p = ngx_cpymem(p, envelope->ns.data, envelope->ns.len);
        p = ngx_erp_wsse_add(p, "\" env");

    } else {
        p = ngx_cpymem(p, envelope->prefix.data, envelope->prefix.len);
    }

    p = ngx_erp_wsse_add(p, ":mustUnderstand=\"1\"><wsse:UsernameToken>"
                            "<wsse:Username>");
    p = ngx_erp_wsse_escape(p, &w->user);
    p = ngx_erp_wsse_add(p, "</wsse:Username><wsse:Password Type=\""
                            NGX_ERP_WSSE_PROFILE "Password");

    p = ngx_erp_wsse_password(p, w, created);

    if (p == NULL) {
        return NULL;
    }

    p = ngx_erp_wsse_add(p, "</wsse:Password><wsse:Nonce EncodingType=\""
                            NGX_ERP_WSSE_OASIS
                            "soap-message-security-1.0#Base64Binary\">");
    p = ngx_erp_base64(p, w->nonce, NGX_ERP_WSSE_NONCE);
    p = ngx_erp_wsse_add(p, "</wsse:Nonce><wsu:Created>");
    p = ngx_cpymem(p, created, NGX_ERP_WSSE_CREATED);

    return ngx_erp_wsse_add(p, "</wsu:Created></wsse:UsernameToken>"
                               "</wsse:Security>");
}


/* the end of its type, and the password: Base64 (SHA-1 (nonce + created +
   password)) or as it is */

static u_char *
ngx_erp_wsse_password(u_char *p, ngx_erp_wsse_t *w, u_char *created)
{
    u_char       digest[EVP_MAX_MD_SIZE];
    ngx_int_t    good;
    EVP_MD_CTX  *ctx;

    if (!w->digest) {
        p = ngx_erp_wsse_add(p, "Text\">");
        return ngx_erp_wsse_escape(p, &w->password);
    }

    ctx = EVP_MD_CTX_new();
    if (ctx == NULL) {
        return NULL;
    }

    good = EVP_DigestInit_ex(ctx, EVP_sha1(), NULL) == 1
           && EVP_DigestUpdate(ctx, w->nonce, NGX_ERP_WSSE_NONCE) == 1
           && EVP_DigestUpdate(ctx, created, NGX_ERP_WSSE_CREATED) == 1
           && EVP_DigestUpdate(ctx, w->password.data, w->password.len) == 1
           && EVP_DigestFinal_ex(ctx, digest, NULL) == 1;

    EVP_MD_CTX_free(ctx);

    if (!good) {
        ERR_clear_error();
        return NULL;
    }

    p = ngx_erp_wsse_add(p, "Digest\">");

    return ngx_erp_base64(p, digest, 20);
}


static u_char *
ngx_erp_wsse_escape(u_char *p, ngx_str_t *s)
{
    size_t  i;

    for (i = 0; i < s->len; i++) {

        switch (s->data[i]) {

        case '&':
            p = ngx_erp_wsse_add(p, "&amp;");
            break;

        case '<':
            p = ngx_erp_wsse_add(p, "&lt;");
            break;

        case '>':
            p = ngx_erp_wsse_add(p, "&gt;");
            break;

        case CR:
            /* a reader would make a line feed of it */
            p = ngx_erp_wsse_add(p, "&#13;");
            break;

        default:
            *p++ = s->data[i];
        }
    }

    return p;
}


static u_char *
ngx_erp_wsse_header(u_char *p, ngx_str_t *prefix, const char *start)
{
    p = ngx_cpymem(p, start, ngx_strlen(start));

    if (prefix->len) {
        p = ngx_cpymem(p, prefix->data, prefix->len);
        *p++ = ':';
    }

    return ngx_erp_wsse_add(p, "Header>");
}
