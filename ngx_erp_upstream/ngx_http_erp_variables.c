
/*
 * $erp_key and the like: what a delivery is, in the locations that it runs,
 * and what became of a message, in a flow.
 */

#include "ngx_http_erp_deliver.h"
#include "ngx_http_erp_send.h"


#define NGX_HTTP_ERP_RESULT_PREFIX  "erp_result_"


static ngx_int_t ngx_http_erp_text_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_erp_number_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_erp_step_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_erp_replay_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_erp_result_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_erp_verdict_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_erp_message_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_erp_set_text(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, ngx_str_t *text);
static ngx_int_t ngx_http_erp_set_number(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uint64_t n);


static ngx_http_variable_t  ngx_http_erp_vars[] = {

    { ngx_string("erp_destination"), NULL, ngx_http_erp_text_variable,
      offsetof(ngx_http_erp_delivery_t, lease.destination),
      NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("erp_delivery"), NULL, ngx_http_erp_number_variable,
      offsetof(ngx_http_erp_delivery_t, lease.delivery),
      NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("erp_key"), NULL, ngx_http_erp_text_variable,
      offsetof(ngx_http_erp_delivery_t, key),
      NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("erp_attempt"), NULL, ngx_http_erp_number_variable,
      offsetof(ngx_http_erp_delivery_t, lease.attempt),
      NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("erp_order"), NULL, ngx_http_erp_text_variable,
      offsetof(ngx_http_erp_delivery_t, lease.order),
      NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("erp_step"), NULL, ngx_http_erp_step_variable,
      0, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("erp_object_type"), NULL, ngx_http_erp_text_variable,
      offsetof(ngx_http_erp_delivery_t, lease.object_type),
      NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("erp_object_key"), NULL, ngx_http_erp_text_variable,
      offsetof(ngx_http_erp_delivery_t, lease.object_key),
      NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("erp_replay_of"), NULL, ngx_http_erp_replay_variable,
      0, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("erp_error_code"), NULL, ngx_http_erp_text_variable,
      offsetof(ngx_http_erp_delivery_t, code),
      NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("erp_error_message"), NULL, ngx_http_erp_text_variable,
      offsetof(ngx_http_erp_delivery_t, message),
      NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string(NGX_HTTP_ERP_RESULT_PREFIX), NULL,
      ngx_http_erp_result_variable,
      0, NGX_HTTP_VAR_NOCACHEABLE|NGX_HTTP_VAR_PREFIX, 0 },

    { ngx_string("erp_verdict"), NULL, ngx_http_erp_verdict_variable,
      0, NGX_HTTP_VAR_NOCACHEABLE, 0 },

    { ngx_string("erp_message"), NULL, ngx_http_erp_message_variable,
      0, NGX_HTTP_VAR_NOCACHEABLE, 0 },

      ngx_http_null_variable
};


ngx_int_t
ngx_http_erp_add_variables(ngx_conf_t *cf)
{
    ngx_http_variable_t  *var, *v;

    for (v = ngx_http_erp_vars; v->name.len; v++) {
        var = ngx_http_add_variable(cf, &v->name, v->flags);
        if (var == NULL) {
            return NGX_ERROR;
        }

        var->get_handler = v->get_handler;
        var->data = v->data;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_erp_text_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_http_erp_delivery_t  *d;

    d = ngx_http_erp_delivery_of(r);

    if (d == NULL) {
        v->not_found = 1;
        return NGX_OK;
    }

    return ngx_http_erp_set_text(r, v, (ngx_str_t *) ((char *) d + data));
}


static ngx_int_t
ngx_http_erp_number_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_http_erp_delivery_t  *d;

    d = ngx_http_erp_delivery_of(r);

    if (d == NULL) {
        v->not_found = 1;
        return NGX_OK;
    }

    return ngx_http_erp_set_number(r, v, *(uint64_t *) ((char *) d + data));
}


static ngx_int_t
ngx_http_erp_step_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_http_erp_delivery_t  *d;

    d = ngx_http_erp_delivery_of(r);

    if (d == NULL) {
        v->not_found = 1;
        return NGX_OK;
    }

    return ngx_http_erp_set_number(r, v, d->step);
}


static ngx_int_t
ngx_http_erp_replay_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_http_erp_delivery_t  *d;

    d = ngx_http_erp_delivery_of(r);

    if (d == NULL || d->lease.replay_of == 0) {
        v->not_found = 1;
        return NGX_OK;
    }

    return ngx_http_erp_set_number(r, v, d->lease.replay_of);
}


static ngx_int_t
ngx_http_erp_result_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_str_t *name = (ngx_str_t *) data;

    ngx_str_t                *value;
    ngx_http_erp_delivery_t  *d;

    d = ngx_http_erp_delivery_of(r);

    value = NULL;

    if (d) {
        value = ngx_http_erp_results_find(d,
                        name->data + sizeof(NGX_HTTP_ERP_RESULT_PREFIX) - 1,
                        name->len - (sizeof(NGX_HTTP_ERP_RESULT_PREFIX) - 1));
    }

    if (value == NULL) {
        v->not_found = 1;
        return NGX_OK;
    }

    return ngx_http_erp_set_text(r, v, value);
}


static ngx_int_t
ngx_http_erp_verdict_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_http_erp_sent_t  *sent;

    sent = ngx_http_erp_sent(r);

    if (sent == NULL) {
        v->not_found = 1;
        return NGX_OK;
    }

    return ngx_http_erp_set_text(r, v, &sent->verdict);
}


static ngx_int_t
ngx_http_erp_message_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_http_erp_sent_t  *sent;

    sent = ngx_http_erp_sent(r);

    if (sent == NULL || sent->message == 0) {
        v->not_found = 1;
        return NGX_OK;
    }

    return ngx_http_erp_set_number(r, v, sent->message);
}


/* what a message or an ERP said must not begin another header */

static ngx_int_t
ngx_http_erp_set_text(ngx_http_request_t *r, ngx_http_variable_value_t *v,
    ngx_str_t *text)
{
    u_char  *p;
    size_t   i;

    if (text->len == 0) {
        v->not_found = 1;
        return NGX_OK;
    }

    p = text->data;

    for (i = 0; i < text->len; i++) {
        if (p[i] < 0x20 || p[i] == 0x7f) {
            break;
        }
    }

    if (i < text->len) {
        p = ngx_pstrdup(r->pool, text);
        if (p == NULL) {
            return NGX_ERROR;
        }

        for ( /* void */ ; i < text->len; i++) {
            if (p[i] < 0x20 || p[i] == 0x7f) {
                p[i] = ' ';
            }
        }
    }

    v->valid = 1;
    v->no_cacheable = 0;
    v->not_found = 0;
    v->data = p;
    v->len = text->len;

    return NGX_OK;
}


static ngx_int_t
ngx_http_erp_set_number(ngx_http_request_t *r, ngx_http_variable_value_t *v,
    uint64_t n)
{
    u_char  *p;

    p = ngx_pnalloc(r->pool, NGX_INT64_LEN);
    if (p == NULL) {
        return NGX_ERROR;
    }

    v->valid = 1;
    v->no_cacheable = 0;
    v->not_found = 0;
    v->data = p;
    v->len = ngx_sprintf(p, "%uL", n) - p;

    return NGX_OK;
}
