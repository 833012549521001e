
/*
 * Parameters "name=value": see the header.
 */

#include "ngx_http_erp_conf.h"


static ngx_http_erp_option_t *ngx_http_erp_option_find(
    ngx_http_erp_option_t *options, ngx_str_t *word, ngx_str_t *value);
static const char *ngx_http_erp_option_duration(
    ngx_http_erp_option_t *option, ngx_str_t *value, uint64_t *ms);


char *
ngx_http_erp_options(ngx_conf_t *cf, ngx_uint_t first,
    ngx_http_erp_option_t *options, void *data)
{
    char                   *field;
    uint64_t                bit, given;
    ngx_str_t              *word, value;
    ngx_uint_t              i;
    const char             *why;
    ngx_http_erp_option_t  *option;

    word = cf->args->elts;
    given = 0;

    for (i = first; i < cf->args->nelts; i++) {

        option = ngx_http_erp_option_find(options, &word[i], &value);

        if (option == NULL) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid parameter \"%V\"", &word[i]);
            return NGX_CONF_ERROR;
        }

        bit = (uint64_t) 1 << (option - options);

        if ((given & bit) && !option->many) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "duplicate parameter \"%V\"", &word[i]);
            return NGX_CONF_ERROR;
        }

        given |= bit;
        field = (char *) data + option->offset;

        if (option->handler == NULL) {
            *(ngx_uint_t *) field = 1;
            continue;
        }

        why = option->handler(cf, option, &value, field);

        if (why == NGX_CONF_OK) {
            continue;
        }

        if (why != NGX_CONF_ERROR) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid parameter \"%V\"%s%s", &word[i],
                               *why ? ": " : "", why);
        }

        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


static ngx_http_erp_option_t *
ngx_http_erp_option_find(ngx_http_erp_option_t *options, ngx_str_t *word,
    ngx_str_t *value)
{
    u_char                 *p;
    size_t                  len;
    ngx_http_erp_option_t  *option;

    p = ngx_strlchr(word->data, word->data + word->len, '=');

    if (p) {
        len = p - word->data;
        value->data = p + 1;
        value->len = word->len - len - 1;

    } else {
        len = word->len;
        ngx_str_null(value);
    }

    for (option = options; option->name.len; option++) {

        if (option->name.len == len
            && ngx_strncmp(option->name.data, word->data, len) == 0
            && (p == NULL) == (option->handler == NULL))
        {
            return option;
        }
    }

    return NULL;
}


const char *
ngx_http_erp_option_time(ngx_conf_t *cf, ngx_http_erp_option_t *option,
    ngx_str_t *value, void *field)
{
    return ngx_http_erp_option_duration(option, value, field);
}


const char *
ngx_http_erp_option_msec(ngx_conf_t *cf, ngx_http_erp_option_t *option,
    ngx_str_t *value, void *field)
{
    ngx_msec_t *timeout = field;

    uint64_t     ms;
    const char  *why;

    why = ngx_http_erp_option_duration(option, value, &ms);

    if (why == NGX_CONF_OK) {
        *timeout = (ngx_msec_t) ms;
    }

    return why;
}


static const char *
ngx_http_erp_option_duration(ngx_http_erp_option_t *option, ngx_str_t *value,
    uint64_t *ms)
{
    ngx_int_t  n;

    n = ngx_parse_time(value, 0);

    if (n == (ngx_int_t) NGX_ERROR || (uint64_t) n < option->min
        || (uint64_t) n > option->max)
    {
        return "";
    }

    *ms = n;

    return NGX_CONF_OK;
}


const char *
ngx_http_erp_option_size(ngx_conf_t *cf, ngx_http_erp_option_t *option,
    ngx_str_t *value, void *field)
{
    off_t *size = field;

    off_t  n;

    n = ngx_parse_offset(value);

    if (n == (off_t) NGX_ERROR || (uint64_t) n < option->min
        || (uint64_t) n > option->max)
    {
        return "";
    }

    *size = n;

    return NGX_CONF_OK;
}


const char *
ngx_http_erp_option_number(ngx_conf_t *cf, ngx_http_erp_option_t *option,
    ngx_str_t *value, void *field)
{
    ngx_uint_t *number = field;

    ngx_int_t  n;

    n = ngx_atoi(value->data, value->len);

    if (n == NGX_ERROR || (uint64_t) n < option->min
        || (uint64_t) n > option->max)
    {
        return "";
    }

    *number = n;

    return NGX_CONF_OK;
}


const char *
ngx_http_erp_option_text(ngx_conf_t *cf, ngx_http_erp_option_t *option,
    ngx_str_t *value, void *field)
{
    ngx_str_t *text = field;

    if (value->len == 0) {
        return "";
    }

    *text = *value;

    return NGX_CONF_OK;
}


const char *
ngx_http_erp_option_pointer(ngx_conf_t *cf, ngx_http_erp_option_t *option,
    ngx_str_t *value, void *field)
{
    ngx_str_t *pointer = field;

    u_char  *p, *last;

    if (value->len == 0 || value->data[0] != '/') {
        return "a JSON pointer, which begins with \"/\", is expected";
    }

    last = value->data + value->len;

    for (p = value->data; p < last; p++) {
        if (*p == '~' && (last - p < 2 || (p[1] != '0' && p[1] != '1'))) {
            return "\"~\" of a JSON pointer is written \"~0\"";
        }
    }

    *pointer = *value;

    return NGX_CONF_OK;
}


const char *
ngx_http_erp_option_uri(ngx_conf_t *cf, ngx_http_erp_option_t *option,
    ngx_str_t *value, void *field)
{
    ngx_http_erp_uri_t **uri = field;

    *uri = ngx_http_erp_uri(cf, value);

    return *uri ? NGX_CONF_OK : NGX_CONF_ERROR;
}


const char *
ngx_http_erp_option_header(ngx_conf_t *cf, ngx_http_erp_option_t *option,
    ngx_str_t *value, void *field)
{
    ngx_erp_header_t *header = field;

    u_char  *p, *last;

    if (value->len == 0) {
        return "";
    }

    last = value->data + value->len;

    for (p = value->data; p < last; p++) {
        if (*p <= ' ' || *p >= 0x7f
            || ngx_strchr("\"(),/:;<=>?@[\\]{}", *p) != NULL)
        {
            return "the name of a header is expected";
        }
    }

    header->name.lowcase = ngx_pnalloc(cf->pool, value->len);
    if (header->name.lowcase == NULL) {
        return NGX_CONF_ERROR;
    }

    header->name.key = *value;
    header->name.hash = ngx_hash_strlow(header->name.lowcase, value->data,
                                        value->len);

    return NGX_CONF_OK;
}


const char *
ngx_http_erp_option_test(ngx_conf_t *cf, ngx_http_erp_option_t *option,
    ngx_str_t *value, void *field)
{
    const char  *why;

    if (ngx_erp_judge_test(value, field, &why) != NGX_OK) {
        return why;
    }

    return NGX_CONF_OK;
}
