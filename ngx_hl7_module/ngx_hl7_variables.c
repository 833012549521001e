
#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>

#include "ngx_hl7_variables.h"
#include "ngx_hl7_path.h"


#define ngx_hl7_msh_data(field, component)  ((field) << 8 | (component))


#if (NGX_SSL)
typedef ngx_int_t (*ngx_hl7_ssl_pt)(ngx_connection_t *c, ngx_pool_t *pool,
    ngx_str_t *s);
#endif


static ngx_int_t ngx_hl7_variable_msh(ngx_hl7_context_t *ctx,
    ngx_pool_t *pool, ngx_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_hl7_variable_charset(ngx_hl7_context_t *ctx,
    ngx_pool_t *pool, ngx_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_hl7_variable_size(ngx_hl7_context_t *ctx,
    ngx_pool_t *pool, ngx_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_hl7_variable_deviations(ngx_hl7_context_t *ctx,
    ngx_pool_t *pool, ngx_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_hl7_variable_str(ngx_hl7_context_t *ctx,
    ngx_pool_t *pool, ngx_variable_value_t *v, uintptr_t data);
#if (NGX_SSL)
static ngx_int_t ngx_hl7_variable_ssl_static(ngx_hl7_context_t *ctx,
    ngx_pool_t *pool, ngx_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_hl7_variable_ssl(ngx_hl7_context_t *ctx,
    ngx_pool_t *pool, ngx_variable_value_t *v, uintptr_t data);
#endif
static ngx_int_t ngx_hl7_variable_utf8(ngx_hl7_context_t *ctx,
    ngx_pool_t *pool, ngx_variable_value_t *v, ngx_str_t *field);
static ngx_int_t ngx_hl7_variable_text(ngx_pool_t *pool,
    ngx_variable_value_t *v, ngx_str_t *value);


ngx_hl7_variable_t  ngx_hl7_variables[] = {

    { ngx_string("hl7_message_type"), ngx_hl7_variable_msh,
      ngx_hl7_msh_data(9, 1) },

    { ngx_string("hl7_trigger_event"), ngx_hl7_variable_msh,
      ngx_hl7_msh_data(9, 2) },

    { ngx_string("hl7_structure"), ngx_hl7_variable_msh,
      ngx_hl7_msh_data(9, 3) },

    { ngx_string("hl7_control_id"), ngx_hl7_variable_msh,
      ngx_hl7_msh_data(10, 0) },

    { ngx_string("hl7_sending_app"), ngx_hl7_variable_msh,
      ngx_hl7_msh_data(3, 1) },

    { ngx_string("hl7_sending_facility"), ngx_hl7_variable_msh,
      ngx_hl7_msh_data(4, 1) },

    { ngx_string("hl7_receiving_app"), ngx_hl7_variable_msh,
      ngx_hl7_msh_data(5, 1) },

    { ngx_string("hl7_receiving_facility"), ngx_hl7_variable_msh,
      ngx_hl7_msh_data(6, 1) },

    { ngx_string("hl7_processing_id"), ngx_hl7_variable_msh,
      ngx_hl7_msh_data(11, 1) },

    { ngx_string("hl7_version"), ngx_hl7_variable_msh,
      ngx_hl7_msh_data(12, 1) },

    { ngx_string("hl7_charset"), ngx_hl7_variable_charset, 0 },

    { ngx_string("hl7_size"), ngx_hl7_variable_size, 0 },

    { ngx_string("hl7_deviations"), ngx_hl7_variable_deviations, 0 },

    { ngx_string("hl7_ack_code"), ngx_hl7_variable_str,
      offsetof(ngx_hl7_context_t, ack_code) },

    { ngx_string("hie_correlation_id"), ngx_hl7_variable_str,
      offsetof(ngx_hl7_context_t, id.correlation_id) },

    { ngx_string("hie_traceparent"), ngx_hl7_variable_str,
      offsetof(ngx_hl7_context_t, id.traceparent) },

#if (NGX_SSL)

    { ngx_string("hl7_ssl_protocol"), ngx_hl7_variable_ssl_static,
      (uintptr_t) ngx_ssl_get_protocol },

    { ngx_string("hl7_ssl_cipher"), ngx_hl7_variable_ssl_static,
      (uintptr_t) ngx_ssl_get_cipher_name },

    { ngx_string("hl7_ssl_server_name"), ngx_hl7_variable_ssl,
      (uintptr_t) ngx_ssl_get_server_name },

    { ngx_string("hl7_ssl_client_verify"), ngx_hl7_variable_ssl,
      (uintptr_t) ngx_ssl_get_client_verify },

    { ngx_string("hl7_ssl_client_s_dn"), ngx_hl7_variable_ssl,
      (uintptr_t) ngx_ssl_get_subject_dn },

    { ngx_string("hl7_ssl_client_i_dn"), ngx_hl7_variable_ssl,
      (uintptr_t) ngx_ssl_get_issuer_dn },

    { ngx_string("hl7_ssl_client_serial"), ngx_hl7_variable_ssl,
      (uintptr_t) ngx_ssl_get_serial_number },

    { ngx_string("hl7_ssl_client_fingerprint"), ngx_hl7_variable_ssl,
      (uintptr_t) ngx_ssl_get_fingerprint },

#endif

    { ngx_null_string, NULL, 0 }
};


ngx_str_t  ngx_hl7_prefixes[] = {
    ngx_string("hl7_field_"),              /* bytes as they are */
    ngx_string("hl7_utf8_"),               /* unescaped, in UTF-8 */
    ngx_null_string
};


ngx_int_t
ngx_hl7_variable_check(ngx_conf_t *cf, ngx_str_t *name)
{
    size_t           at;
    ngx_str_t        path, *p;
    const char      *why;
    ngx_hl7_path_t   parsed;

    for (p = ngx_hl7_prefixes; p->len; p++) {

        if (name->len < p->len
            || ngx_strncmp(name->data, p->data, p->len) != 0)
        {
            continue;
        }

        path.len = name->len - p->len;
        path.data = name->data + p->len;

        if (ngx_hl7_path_parse_name(&parsed, &path, &at, &why) != NGX_OK) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "variable \"$%V\" names no HL7 path: %s "
                               "at \"%*s\"", name, why,
                               path.len - at, path.data + at);
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


ngx_int_t
ngx_hl7_variable_of_msh(ngx_str_t *name, ngx_uint_t *field,
    ngx_uint_t *component)
{
    ngx_hl7_variable_t  *v;

    for (v = ngx_hl7_variables; v->name.len; v++) {

        if (v->handler == ngx_hl7_variable_msh
            && v->name.len == name->len
            && ngx_strncasecmp(v->name.data, name->data, name->len) == 0)
        {
            *field = v->data >> 8;
            *component = v->data & 0xff;
            return NGX_OK;
        }
    }

    return NGX_DECLINED;
}


ngx_int_t
ngx_hl7_context_open(ngx_hl7_context_t *ctx, u_char *start, u_char *end)
{
    ngx_hl7_charset_t  *cs;

    if (ngx_hl7_message_open(&ctx->message, start, end, &ctx->error)
        != NGX_OK)
    {
        return NGX_DECLINED;
    }

    ctx->opened = 1;
    ctx->size = end - start;

    if (ctx->message.msh[18].len == 0 && ctx->charset) {
        cs = ctx->charset;
        ctx->message.multibyte = cs->multibyte;
    }

    return NGX_OK;
}


ngx_hl7_charset_t *
ngx_hl7_context_charset(ngx_hl7_context_t *ctx)
{
    return ngx_hl7_message_charset(&ctx->message, ctx->charset);
}


ngx_int_t
ngx_hl7_context_index(ngx_hl7_context_t *ctx)
{
    ngx_uint_t       n;
    ngx_hl7_span_t  *segments;

    if (ctx->indexed) {
        return NGX_OK;
    }

    n = ngx_hl7_message_count_segments(&ctx->message);

    segments = ngx_palloc(ctx->pool, n * sizeof(ngx_hl7_span_t));
    if (segments == NULL) {
        return NGX_ERROR;
    }

    ngx_hl7_message_index(&ctx->message, segments);

    ctx->indexed = 1;

    return NGX_OK;
}


static ngx_int_t
ngx_hl7_variable_msh(ngx_hl7_context_t *ctx, ngx_pool_t *pool,
    ngx_variable_value_t *v, uintptr_t data)
{
    ngx_str_t  value;

    if (!ctx->opened
        || ngx_hl7_msh(&ctx->message, data >> 8, data & 0xff, &value)
           == NGX_HL7_ABSENT)
    {
        v->not_found = 1;
        return NGX_OK;
    }

    return ngx_hl7_variable_text(pool, v, &value);
}


static ngx_int_t
ngx_hl7_variable_charset(ngx_hl7_context_t *ctx, ngx_pool_t *pool,
    ngx_variable_value_t *v, uintptr_t data)
{
    ngx_hl7_charset_t  *cs;

    cs = ctx->opened ? ngx_hl7_context_charset(ctx) : NULL;

    if (cs == NULL) {
        v->not_found = 1;
        return NGX_OK;
    }

    return ngx_hl7_variable_text(pool, v, &cs->iana);
}


static ngx_int_t
ngx_hl7_variable_size(ngx_hl7_context_t *ctx, ngx_pool_t *pool,
    ngx_variable_value_t *v, uintptr_t data)
{
    u_char     *p;
    ngx_str_t   value;

    if (!ctx->opened) {
        v->not_found = 1;
        return NGX_OK;
    }

    p = ngx_pnalloc(pool, NGX_SIZE_T_LEN);
    if (p == NULL) {
        return NGX_ERROR;
    }

    value.data = p;
    value.len = ngx_sprintf(p, "%uz", ctx->size) - p;

    return ngx_hl7_variable_text(pool, v, &value);
}


static ngx_int_t
ngx_hl7_variable_deviations(ngx_hl7_context_t *ctx, ngx_pool_t *pool,
    ngx_variable_value_t *v, uintptr_t data)
{
    u_char     *p;
    ngx_str_t   value;

    if (ctx->deviations == 0) {
        v->not_found = 1;
        return NGX_OK;
    }

    p = ngx_pnalloc(pool, NGX_MLLP_DEVIATIONS_LEN);
    if (p == NULL) {
        return NGX_ERROR;
    }

    value.data = p;
    value.len = ngx_mllp_deviations_write(p, ctx->deviations) - p;

    return ngx_hl7_variable_text(pool, v, &value);
}


static ngx_int_t
ngx_hl7_variable_str(ngx_hl7_context_t *ctx, ngx_pool_t *pool,
    ngx_variable_value_t *v, uintptr_t data)
{
    ngx_str_t  *value;

    value = (ngx_str_t *) ((u_char *) ctx + data);

    if (value->len == 0) {
        v->not_found = 1;
        return NGX_OK;
    }

    return ngx_hl7_variable_text(pool, v, value);
}


#if (NGX_SSL)

/* OpenSSL's own constant strings, given without a length */

static ngx_int_t
ngx_hl7_variable_ssl_static(ngx_hl7_context_t *ctx, ngx_pool_t *pool,
    ngx_variable_value_t *v, uintptr_t data)
{
    ngx_str_t  value;

    if (ctx->connection == NULL || ctx->connection->ssl == NULL) {
        v->not_found = 1;
        return NGX_OK;
    }

    (void) ((ngx_hl7_ssl_pt) data)(ctx->connection, pool, &value);

    value.len = ngx_strlen(value.data);

    return ngx_hl7_variable_text(pool, v, &value);
}


static ngx_int_t
ngx_hl7_variable_ssl(ngx_hl7_context_t *ctx, ngx_pool_t *pool,
    ngx_variable_value_t *v, uintptr_t data)
{
    ngx_str_t  value;

    if (ctx->connection == NULL || ctx->connection->ssl == NULL) {
        v->not_found = 1;
        return NGX_OK;
    }

    if (((ngx_hl7_ssl_pt) data)(ctx->connection, pool, &value) != NGX_OK) {
        return NGX_ERROR;
    }

    if (value.len == 0) {
        v->not_found = 1;
        return NGX_OK;
    }

    return ngx_hl7_variable_text(pool, v, &value);
}

#endif


ngx_int_t
ngx_hl7_prefix_variable(ngx_hl7_context_t *ctx, ngx_pool_t *pool,
    ngx_variable_value_t *v, uintptr_t data)
{
    ngx_str_t *name = (ngx_str_t *) data;

    size_t           at;
    ngx_str_t        text, value, *p;
    const char      *why;
    ngx_hl7_path_t   path;

    p = ngx_hl7_prefixes;

    if (ngx_strncmp(name->data, p->data, p->len) != 0) {
        p++;
    }

    text.len = name->len - p->len;
    text.data = name->data + p->len;

    /* nginx -t refuses other names, but they may come from elsewhere */

    if (!ctx->opened
        || ngx_hl7_path_parse_name(&path, &text, &at, &why) != NGX_OK)
    {
        v->not_found = 1;
        return NGX_OK;
    }

    if (ngx_hl7_context_index(ctx) != NGX_OK) {
        return NGX_ERROR;
    }

    if (ngx_hl7_path_get(&path, &ctx->message, &value) == NGX_HL7_ABSENT) {
        v->not_found = 1;
        return NGX_OK;
    }

    if (p != ngx_hl7_prefixes) {
        return ngx_hl7_variable_utf8(ctx, pool, v, &value);
    }

    return ngx_hl7_variable_text(pool, v, &value);
}


static ngx_int_t
ngx_hl7_variable_utf8(ngx_hl7_context_t *ctx, ngx_pool_t *pool,
    ngx_variable_value_t *v, ngx_str_t *field)
{
    u_char             *p;
    ngx_str_t           text, value;
    ngx_hl7_charset_t  *cs;

    /* a character set that is unknown is not guessed */

    cs = ngx_hl7_context_charset(ctx);

    if (cs == NULL) {
        v->not_found = 1;
        return NGX_OK;
    }

    text.data = ngx_pnalloc(pool, field->len * (1 + NGX_HL7_UTF8_MAX) + 1);
    if (text.data == NULL) {
        return NGX_ERROR;
    }

    value.data = ngx_hl7_unescape(&ctx->message, field, text.data);
    text.len = value.data - text.data;

    p = ngx_hl7_to_utf8(cs, &text, value.data);

    if (p == NULL) {
        v->not_found = 1;
        return NGX_OK;
    }

    value.len = p - value.data;

    return ngx_hl7_variable_text(pool, v, &value);
}


/* values go into headers, paths and logs: control characters do not */

static ngx_int_t
ngx_hl7_variable_text(ngx_pool_t *pool, ngx_variable_value_t *v,
    ngx_str_t *value)
{
    u_char  *p;
    size_t   i;

    for (i = 0; i < value->len; i++) {
        if (value->data[i] < 0x20 || value->data[i] == 0x7f) {
            break;
        }
    }

    v->valid = 1;
    v->no_cacheable = 0;
    v->not_found = 0;
    v->len = value->len;
    v->data = value->data;

    if (i == value->len) {
        return NGX_OK;
    }

    p = ngx_pnalloc(pool, value->len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    v->data = p;

    for (i = 0; i < value->len; i++) {
        *p++ = (value->data[i] < 0x20 || value->data[i] == 0x7f)
               ? '?' : value->data[i];
    }

    return NGX_OK;
}
