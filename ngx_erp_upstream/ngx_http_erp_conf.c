
/*
 * What nginx.conf says of answers of a destination, and of when to try again.
 */

#include "ngx_http_erp_conf.h"


/* in hundredths */
#define NGX_HTTP_ERP_FACTOR_MAX  10000

/* attempts a second */
#define NGX_HTTP_ERP_RATE_MAX    1000000

#define NGX_HTTP_ERP_NUMBER_MAX  1000000000


/* erp_outcome and erp_success, as they are read */

typedef struct {
    ngx_erp_judge_t   judge;
    ngx_array_t       tests;     /* of ngx_erp_test_t */
} ngx_http_erp_outcome_t;

typedef struct {
    ngx_erp_range_t  *status;
    ngx_array_t       tests;     /* of ngx_erp_test_t */
} ngx_http_erp_success_t;


/* erp_limit, as it is read */

typedef struct {
    ngx_uint_t        concurrency;
    ngx_uint_t        rate;
} ngx_http_erp_limit_t;


static const char *ngx_http_erp_conf_factor(ngx_conf_t *cf,
    ngx_http_erp_option_t *option, ngx_str_t *value, void *field);
static const char *ngx_http_erp_conf_jitter(ngx_conf_t *cf,
    ngx_http_erp_option_t *option, ngx_str_t *value, void *field);
static const char *ngx_http_erp_conf_ranges(ngx_conf_t *cf,
    ngx_http_erp_option_t *option, ngx_str_t *value, void *field);
static const char *ngx_http_erp_conf_test(ngx_conf_t *cf,
    ngx_http_erp_option_t *option, ngx_str_t *value, void *field);
static const char *ngx_http_erp_conf_denied(ngx_conf_t *cf,
    ngx_http_erp_option_t *option, ngx_str_t *value, void *field);
static ngx_int_t ngx_http_erp_conf_tests_begin(ngx_conf_t *cf,
    ngx_array_t *tests);
static ngx_erp_test_t *ngx_http_erp_conf_tests_end(ngx_array_t *tests);
static ngx_erp_judge_t *ngx_http_erp_conf_judge(ngx_conf_t *cf,
    ngx_http_erp_loc_conf_t *elcf);
static const char *ngx_http_erp_conf_percent(ngx_conf_t *cf,
    ngx_http_erp_option_t *option, ngx_str_t *value, void *field);
static const char *ngx_http_erp_conf_rate(ngx_conf_t *cf,
    ngx_http_erp_option_t *option, ngx_str_t *value, void *field);


ngx_erp_retry_t  ngx_http_erp_retry_default = {
    1000,                                  /* base */
    200,                                   /* factor */
    5 * 60 * 1000,                         /* max */
    NGX_ERP_JITTER_FULL,                   /* jitter */
    0,                                     /* attempts */
    72 * 60 * 60 * 1000,                   /* ttl */
    60 * 60 * 1000                         /* retry_after */
};


ngx_erp_breaker_conf_t  ngx_http_erp_breaker_default = {
    5,                                     /* consecutive */
    50,                                    /* errors */
    10,                                    /* minimum */
    30 * 1000,                             /* window */
    30 * 1000,                             /* open */
    5 * 60 * 1000                          /* max_open */
};


static ngx_http_erp_option_t  ngx_http_erp_retry_options[] = {

    { ngx_string("base"), ngx_http_erp_option_time,
      offsetof(ngx_erp_retry_t, base), 1, NGX_HTTP_ERP_TIME_MAX, 0 },

    { ngx_string("factor"), ngx_http_erp_conf_factor,
      offsetof(ngx_erp_retry_t, factor), 100, NGX_HTTP_ERP_FACTOR_MAX, 0 },

    { ngx_string("max"), ngx_http_erp_option_time,
      offsetof(ngx_erp_retry_t, max), 1, NGX_HTTP_ERP_TIME_MAX, 0 },

    { ngx_string("jitter"), ngx_http_erp_conf_jitter,
      offsetof(ngx_erp_retry_t, jitter), 0, 0, 0 },

    { ngx_string("attempts"), ngx_http_erp_option_number,
      offsetof(ngx_erp_retry_t, attempts), 0, NGX_HTTP_ERP_NUMBER_MAX, 0 },

    { ngx_string("ttl"), ngx_http_erp_option_time,
      offsetof(ngx_erp_retry_t, ttl), 0, NGX_HTTP_ERP_TIME_MAX, 0 },

    { ngx_string("retry_after"), ngx_http_erp_option_time,
      offsetof(ngx_erp_retry_t, retry_after), 0, NGX_HTTP_ERP_TIME_MAX, 0 },

    { ngx_null_string, NULL, 0, 0, 0, 0 }
};


static ngx_http_erp_option_t  ngx_http_erp_outcome_options[] = {

    { ngx_string("bad"), ngx_http_erp_conf_ranges,
      offsetof(ngx_http_erp_outcome_t, judge.bad), 0, 0, 0 },

    { ngx_string("down"), ngx_http_erp_conf_ranges,
      offsetof(ngx_http_erp_outcome_t, judge.down), 0, 0, 0 },

    { ngx_string("unknown"), ngx_http_erp_conf_ranges,
      offsetof(ngx_http_erp_outcome_t, judge.unknown), 0, 0, 0 },

    { ngx_string("denied"), ngx_http_erp_conf_denied,
      offsetof(ngx_http_erp_outcome_t, tests), 0, 0, 1 },

    { ngx_null_string, NULL, 0, 0, 0, 0 }
};


static ngx_http_erp_option_t  ngx_http_erp_success_options[] = {

    { ngx_string("status"), ngx_http_erp_conf_ranges,
      offsetof(ngx_http_erp_success_t, status), 0, 0, 0 },

    { ngx_string("body"), ngx_http_erp_conf_test,
      offsetof(ngx_http_erp_success_t, tests), 0, 0, 1 },

    { ngx_null_string, NULL, 0, 0, 0, 0 }
};


static ngx_http_erp_option_t  ngx_http_erp_error_options[] = {

    { ngx_string("message"), ngx_http_erp_option_pointer,
      offsetof(ngx_erp_judge_t, message), 0, 0, 0 },

    { ngx_string("code"), ngx_http_erp_option_pointer,
      offsetof(ngx_erp_judge_t, code), 0, 0, 0 },

    { ngx_null_string, NULL, 0, 0, 0, 0 }
};


static ngx_http_erp_option_t  ngx_http_erp_breaker_options[] = {

    { ngx_string("consecutive"), ngx_http_erp_option_number,
      offsetof(ngx_erp_breaker_conf_t, consecutive), 0,
      NGX_HTTP_ERP_NUMBER_MAX, 0 },

    { ngx_string("errors"), ngx_http_erp_conf_percent,
      offsetof(ngx_erp_breaker_conf_t, errors), 0, 100, 0 },

    { ngx_string("minimum"), ngx_http_erp_option_number,
      offsetof(ngx_erp_breaker_conf_t, minimum), 1, NGX_HTTP_ERP_NUMBER_MAX,
      0 },

    { ngx_string("window"), ngx_http_erp_option_time,
      offsetof(ngx_erp_breaker_conf_t, window), 0, NGX_HTTP_ERP_TIME_MAX, 0 },

    { ngx_string("open"), ngx_http_erp_option_time,
      offsetof(ngx_erp_breaker_conf_t, open), 1, NGX_HTTP_ERP_TIME_MAX, 0 },

    { ngx_string("max_open"), ngx_http_erp_option_time,
      offsetof(ngx_erp_breaker_conf_t, max_open), 1, NGX_HTTP_ERP_TIME_MAX,
      0 },

    { ngx_null_string, NULL, 0, 0, 0, 0 }
};


static ngx_http_erp_option_t  ngx_http_erp_limit_options[] = {

    { ngx_string("concurrency"), ngx_http_erp_option_number,
      offsetof(ngx_http_erp_limit_t, concurrency), 0,
      NGX_HTTP_ERP_NUMBER_MAX, 0 },

    { ngx_string("rate"), ngx_http_erp_conf_rate,
      offsetof(ngx_http_erp_limit_t, rate), 1, NGX_HTTP_ERP_RATE_MAX, 0 },

    { ngx_null_string, NULL, 0, 0, 0, 0 }
};


char *
ngx_http_erp_retry(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_erp_loc_conf_t *elcf = conf;

    ngx_erp_retry_t  *retry;

    if (elcf->retry) {
        return "is duplicate";
    }

    retry = ngx_palloc(cf->pool, sizeof(ngx_erp_retry_t));
    if (retry == NULL) {
        return NGX_CONF_ERROR;
    }

    *retry = ngx_http_erp_retry_default;
    retry->max = 0;

    if (ngx_http_erp_options(cf, 1, ngx_http_erp_retry_options, retry)
        != NGX_CONF_OK)
    {
        return NGX_CONF_ERROR;
    }

    if (retry->max == 0) {
        retry->max = ngx_max(ngx_http_erp_retry_default.max, retry->base);
    }

    if (retry->max < retry->base) {
        return "has \"max=\" below \"base=\"";
    }

    elcf->retry = retry;

    return NGX_CONF_OK;
}


static const char *
ngx_http_erp_conf_factor(ngx_conf_t *cf, ngx_http_erp_option_t *option,
    ngx_str_t *value, void *field)
{
    ngx_uint_t *factor = field;

    ngx_int_t  n;

    n = ngx_atofp(value->data, value->len, 2);

    if (n == NGX_ERROR || (uint64_t) n < option->min
        || (uint64_t) n > option->max)
    {
        return "a number from 1 to 100 is expected";
    }

    *factor = n;

    return NGX_CONF_OK;
}


static const char *
ngx_http_erp_conf_jitter(ngx_conf_t *cf, ngx_http_erp_option_t *option,
    ngx_str_t *value, void *field)
{
    ngx_erp_jitter_e *jitter = field;

    if (ngx_strcmp(value->data, "full") == 0) {
        *jitter = NGX_ERP_JITTER_FULL;

    } else if (ngx_strcmp(value->data, "equal") == 0) {
        *jitter = NGX_ERP_JITTER_EQUAL;

    } else if (ngx_strcmp(value->data, "none") == 0) {
        *jitter = NGX_ERP_JITTER_NONE;

    } else {
        return "\"full\", \"equal\" or \"none\" is expected";
    }

    return NGX_CONF_OK;
}


char *
ngx_http_erp_outcome(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_erp_judge_t         *judge;
    ngx_http_erp_outcome_t   outcome;

    judge = ngx_http_erp_conf_judge(cf, conf);
    if (judge == NULL) {
        return NGX_CONF_ERROR;
    }

    if (judge->bad || judge->down || judge->unknown || judge->denied) {
        return "is duplicate";
    }

    ngx_memzero(&outcome, sizeof(ngx_http_erp_outcome_t));

    if (ngx_http_erp_conf_tests_begin(cf, &outcome.tests) != NGX_OK
        || ngx_http_erp_options(cf, 1, ngx_http_erp_outcome_options, &outcome)
           != NGX_CONF_OK)
    {
        return NGX_CONF_ERROR;
    }

    judge->bad = outcome.judge.bad;
    judge->down = outcome.judge.down;
    judge->unknown = outcome.judge.unknown;

    if (outcome.tests.nelts) {
        judge->denied = ngx_http_erp_conf_tests_end(&outcome.tests);

        if (judge->denied == NULL) {
            return NGX_CONF_ERROR;
        }
    }

    return NGX_CONF_OK;
}


static const char *
ngx_http_erp_conf_ranges(ngx_conf_t *cf, ngx_http_erp_option_t *option,
    ngx_str_t *value, void *field)
{
    const char                *why;
    ngx_http_erp_main_conf_t  *emcf;

    emcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_erp_module);

    if (ngx_erp_judge_ranges(&emcf->arena, value, field, &why) == NGX_OK) {
        return NGX_CONF_OK;
    }

    return why ? why : NGX_CONF_ERROR;
}


char *
ngx_http_erp_success(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_erp_judge_t         *judge;
    ngx_http_erp_success_t   success;

    judge = ngx_http_erp_conf_judge(cf, conf);
    if (judge == NULL) {
        return NGX_CONF_ERROR;
    }

    if (judge->success || judge->tests) {
        return "is duplicate";
    }

    success.status = NULL;

    if (ngx_http_erp_conf_tests_begin(cf, &success.tests) != NGX_OK
        || ngx_http_erp_options(cf, 1, ngx_http_erp_success_options, &success)
           != NGX_CONF_OK)
    {
        return NGX_CONF_ERROR;
    }

    judge->success = success.status;
    judge->tests = ngx_http_erp_conf_tests_end(&success.tests);

    return judge->tests ? NGX_CONF_OK : NGX_CONF_ERROR;
}


static ngx_int_t
ngx_http_erp_conf_tests_begin(ngx_conf_t *cf, ngx_array_t *tests)
{
    return ngx_array_init(tests, cf->pool, cf->args->nelts,
                          sizeof(ngx_erp_test_t));
}


/* with the end of the list; NULL: no memory */

static ngx_erp_test_t *
ngx_http_erp_conf_tests_end(ngx_array_t *tests)
{
    ngx_erp_test_t  *last;

    last = ngx_array_push(tests);
    if (last == NULL) {
        return NULL;
    }

    ngx_memzero(last, sizeof(ngx_erp_test_t));

    return tests->elts;
}


static const char *
ngx_http_erp_conf_test(ngx_conf_t *cf, ngx_http_erp_option_t *option,
    ngx_str_t *value, void *field)
{
    ngx_array_t *tests = field;

    ngx_erp_test_t  *test;

    test = ngx_array_push(tests);
    if (test == NULL) {
        return NGX_CONF_ERROR;
    }

    return ngx_http_erp_option_test(cf, option, value, test);
}


static const char *
ngx_http_erp_conf_denied(ngx_conf_t *cf, ngx_http_erp_option_t *option,
    ngx_str_t *value, void *field)
{
    if (value->len == 4 && ngx_memcmp(value->data, "soap", 4) == 0) {
        return "a JSON pointer, which begins with \"/\", is expected";
    }

    return ngx_http_erp_conf_test(cf, option, value, field);
}


char *
ngx_http_erp_error(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_erp_judge_t  *judge;

    judge = ngx_http_erp_conf_judge(cf, conf);
    if (judge == NULL) {
        return NGX_CONF_ERROR;
    }

    if (judge->message.len || judge->code.len) {
        return "is duplicate";
    }

    return ngx_http_erp_options(cf, 1, ngx_http_erp_error_options, judge);
}


/* three directives share it */

static ngx_erp_judge_t *
ngx_http_erp_conf_judge(ngx_conf_t *cf, ngx_http_erp_loc_conf_t *elcf)
{
    if (elcf->judge == NULL) {
        elcf->judge = ngx_pcalloc(cf->pool, sizeof(ngx_erp_judge_t));
    }

    return elcf->judge;
}


char *
ngx_http_erp_breaker(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_erp_loc_conf_t *elcf = conf;

    ngx_str_t               *value;
    ngx_erp_breaker_conf_t  *breaker;

    if (elcf->breaker) {
        return "is duplicate";
    }

    breaker = ngx_pcalloc(cf->pool, sizeof(ngx_erp_breaker_conf_t));
    if (breaker == NULL) {
        return NGX_CONF_ERROR;
    }

    elcf->breaker = breaker;
    value = cf->args->elts;

    if (cf->args->nelts == 2 && ngx_strcmp(value[1].data, "off") == 0) {
        return NGX_CONF_OK;
    }

    *breaker = ngx_http_erp_breaker_default;
    breaker->max_open = 0;

    if (ngx_http_erp_options(cf, 1, ngx_http_erp_breaker_options, breaker)
        != NGX_CONF_OK)
    {
        return NGX_CONF_ERROR;
    }

    if (breaker->max_open == 0) {
        breaker->max_open = ngx_max(ngx_http_erp_breaker_default.max_open,
                                    breaker->open);
    }

    if (breaker->max_open < breaker->open) {
        return "has \"max_open=\" below \"open=\"";
    }

    return NGX_CONF_OK;
}


static const char *
ngx_http_erp_conf_percent(ngx_conf_t *cf, ngx_http_erp_option_t *option,
    ngx_str_t *value, void *field)
{
    ngx_str_t  number;

    if (value->len == 0 || value->data[value->len - 1] != '%') {
        return "";
    }

    number.data = value->data;
    number.len = value->len - 1;

    return ngx_http_erp_option_number(cf, option, &number, field);
}


char *
ngx_http_erp_limit(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_erp_loc_conf_t *elcf = conf;

    ngx_http_erp_limit_t  limit;

    if (elcf->rate != NGX_CONF_UNSET_UINT) {
        return "is duplicate";
    }

    ngx_memzero(&limit, sizeof(ngx_http_erp_limit_t));

    if (ngx_http_erp_options(cf, 1, ngx_http_erp_limit_options, &limit)
        != NGX_CONF_OK)
    {
        return NGX_CONF_ERROR;
    }

    elcf->concurrency = limit.concurrency;
    elcf->rate = limit.rate;

    return NGX_CONF_OK;
}


/* "50r/s" or "30r/m" */

static const char *
ngx_http_erp_conf_rate(ngx_conf_t *cf, ngx_http_erp_option_t *option,
    ngx_str_t *value, void *field)
{
    ngx_uint_t *rate = field;

    u_char       *unit;
    ngx_str_t     number;
    ngx_uint_t    n, scale;
    const char   *why;

    static const char  expected[] = "a rate such as \"50r/s\" or \"30r/m\" is "
                                    "expected";

    if (value->len < 4) {
        return expected;
    }

    number.data = value->data;
    number.len = value->len - 3;
    unit = value->data + number.len;

    if (ngx_strncmp(unit, "r/s", 3) == 0) {
        scale = 1;

    } else if (ngx_strncmp(unit, "r/m", 3) == 0) {
        scale = 60;

    } else {
        return expected;
    }

    why = ngx_http_erp_option_number(cf, option, &number, &n);

    if (why != NGX_CONF_OK) {
        return expected;
    }

    *rate = n * 1000 / scale;

    return NGX_CONF_OK;
}
