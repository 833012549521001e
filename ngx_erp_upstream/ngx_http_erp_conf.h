
/*
 * Directives with parameters "name=value", as tables of them.
 */

#ifndef _NGX_HTTP_ERP_CONF_H_INCLUDED_
#define _NGX_HTTP_ERP_CONF_H_INCLUDED_


#include "ngx_http_erp_module.h"


/* the longest duration: a century, in milliseconds */
#define NGX_HTTP_ERP_TIME_MAX  (36500ULL * 24 * 60 * 60 * 1000)


typedef struct ngx_http_erp_option_s  ngx_http_erp_option_t;

/*
 * Sets the field.  NGX_CONF_OK; NGX_CONF_ERROR: it has been logged; else why
 * the value is invalid, "" where there is nothing to say.
 */
typedef const char *(*ngx_http_erp_option_pt)(ngx_conf_t *cf,
    ngx_http_erp_option_t *option, ngx_str_t *value, void *field);


/* a table ends with an empty name */

struct ngx_http_erp_option_s {
    ngx_str_t               name;
    ngx_http_erp_option_pt  handler;     /* NULL: a word alone, the field is
                                            an ngx_uint_t that becomes 1 */
    size_t                  offset;      /* of the field */
    uint64_t                min;
    uint64_t                max;
    ngx_uint_t              many;        /* may be given several times */
};


/*
 * Reads the words from "first" on into "data".  NGX_CONF_OK, or
 * NGX_CONF_ERROR: it has been logged.
 */
char *ngx_http_erp_options(ngx_conf_t *cf, ngx_uint_t first,
    ngx_http_erp_option_t *options, void *data);

/* handlers: min and max are bounds, of milliseconds and bytes too */

/* uint64_t */
const char *ngx_http_erp_option_time(ngx_conf_t *cf,
    ngx_http_erp_option_t *option, ngx_str_t *value, void *field);

/* ngx_msec_t */
const char *ngx_http_erp_option_msec(ngx_conf_t *cf,
    ngx_http_erp_option_t *option, ngx_str_t *value, void *field);

/* off_t */
const char *ngx_http_erp_option_size(ngx_conf_t *cf,
    ngx_http_erp_option_t *option, ngx_str_t *value, void *field);

/* ngx_uint_t */
const char *ngx_http_erp_option_number(ngx_conf_t *cf,
    ngx_http_erp_option_t *option, ngx_str_t *value, void *field);

/* ngx_str_t, not empty */
const char *ngx_http_erp_option_text(ngx_conf_t *cf,
    ngx_http_erp_option_t *option, ngx_str_t *value, void *field);

/* ngx_str_t, a JSON pointer that is not empty */
const char *ngx_http_erp_option_pointer(ngx_conf_t *cf,
    ngx_http_erp_option_t *option, ngx_str_t *value, void *field);

/* ngx_http_erp_uri_t * */
const char *ngx_http_erp_option_uri(ngx_conf_t *cf,
    ngx_http_erp_option_t *option, ngx_str_t *value, void *field);

/* ngx_erp_header_t, its name */
const char *ngx_http_erp_option_header(ngx_conf_t *cf,
    ngx_http_erp_option_t *option, ngx_str_t *value, void *field);

/* ngx_erp_test_t */
const char *ngx_http_erp_option_test(ngx_conf_t *cf,
    ngx_http_erp_option_t *option, ngx_str_t *value, void *field);


/* where the directive is not there */

extern ngx_erp_retry_t             ngx_http_erp_retry_default;
extern ngx_erp_breaker_conf_t      ngx_http_erp_breaker_default;
extern ngx_http_erp_idempotency_t  ngx_http_erp_idempotency_default;


#endif /* _NGX_HTTP_ERP_CONF_H_INCLUDED_ */
