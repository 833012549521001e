
/*
 * What workers count of the flows: in a zone of shared memory, which a reload
 * keeps as long as the flows are the same ones.
 */

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_http_erp_module.h"
#include "ngx_hl7_variables.h"
#include "ngx_erp_metrics.h"


#define NGX_HTTP_ERP_ZONE_PAGES  8          /* besides those of counters */
#define NGX_HTTP_ERP_SAMPLE      128        /* of a line, without its label */


/* how a message was answered: over MLLP, and over HTTP */

typedef enum {
    NGX_HTTP_ERP_AA = 0,
    NGX_HTTP_ERP_AE,
    NGX_HTTP_ERP_AR,
    NGX_HTTP_ERP_CA,
    NGX_HTTP_ERP_CE,
    NGX_HTTP_ERP_CR,
    NGX_HTTP_ERP_2XX,
    NGX_HTTP_ERP_4XX,
    NGX_HTTP_ERP_5XX,
    NGX_HTTP_ERP_OTHER,
    NGX_HTTP_ERP_CODES
} ngx_http_erp_code_e;


#define NGX_HTTP_ERP_NUMBERS                                                  \
    (NGX_HTTP_ERP_CODES + NGX_ERP_METRICS_TIMES + 1 + 2)

/* of a flow, in lines of the cache that no other flow has */

typedef struct {
    ngx_atomic_t              codes[NGX_HTTP_ERP_CODES];
    ngx_atomic_t              times[NGX_ERP_METRICS_TIMES + 1];
    ngx_atomic_t              sum;          /* milliseconds */
    ngx_atomic_t              last;         /* seconds since the epoch */
    ngx_atomic_t              unused[32 - NGX_HTTP_ERP_NUMBERS];
} ngx_http_erp_counter_t;


/* data of the zone */

typedef struct {
    ngx_http_erp_counter_t   *counters;     /* in shared memory */
    ngx_str_t                *labels;       /* names of flows, escaped */
    ngx_uint_t                n;
    time_t                    loaded;       /* the configuration */
} ngx_http_erp_counters_t;


static ngx_int_t ngx_http_erp_counters_label(ngx_conf_t *cf, ngx_str_t *label,
    ngx_str_t *flow, ngx_uint_t i);
static ngx_int_t ngx_http_erp_counters_init(ngx_shm_zone_t *zone,
    void *data);
static ngx_uint_t ngx_http_erp_counters_code(ngx_http_request_t *r);
static ngx_uint_t ngx_http_erp_counters_ack(ngx_str_t *code,
    ngx_uint_t status);
static u_char *ngx_http_erp_counters_flow(u_char *p, u_char *last,
    ngx_http_erp_counter_t *counter, ngx_str_t *label);


static ngx_str_t  ngx_http_erp_codes[NGX_HTTP_ERP_CODES] = {
    ngx_string("AA"),
    ngx_string("AE"),
    ngx_string("AR"),
    ngx_string("CA"),
    ngx_string("CE"),
    ngx_string("CR"),
    ngx_string("2xx"),
    ngx_string("4xx"),
    ngx_string("5xx"),
    ngx_string("other")
};


static ngx_str_t  ngx_http_erp_acked_head = ngx_string(
    "# HELP hie_messages_acked_total Answers of flows, by the code of HL7 or"
    " the class of HTTP.\n"
    "# TYPE hie_messages_acked_total counter\n");

static ngx_str_t  ngx_http_erp_accept_head = ngx_string(
    "# HELP hie_accept_duration_seconds From the receipt of a message to its"
    " answer.\n"
    "# TYPE hie_accept_duration_seconds histogram\n");

static ngx_str_t  ngx_http_erp_source_head = ngx_string(
    "# HELP hie_source_last_message_timestamp_seconds When a flow had its"
    " last message.\n"
    "# TYPE hie_source_last_message_timestamp_seconds gauge\n");

static ngx_str_t  ngx_http_erp_reload_head = ngx_string(
    "# HELP hie_config_last_reload_timestamp_seconds When the configuration"
    " was read.\n"
    "# TYPE hie_config_last_reload_timestamp_seconds gauge\n");


/*
 * The name of the zone tells which flows it is of, in their order: others
 * get another one, while workers of the old configuration still count in
 * theirs.
 */

ngx_int_t
ngx_http_erp_counters_zone(ngx_conf_t *cf)
{
    size_t                      size;
    uint32_t                    crc;
    ngx_str_t                   name, *flow;
    ngx_uint_t                  i;
    ngx_shm_zone_t             *zone;
    ngx_http_erp_loc_conf_t   **flows;
    ngx_http_erp_counters_t    *counters;
    ngx_http_erp_main_conf_t   *emcf;

    emcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_erp_module);

    counters = ngx_pcalloc(cf->pool, sizeof(ngx_http_erp_counters_t));
    if (counters == NULL) {
        return NGX_ERROR;
    }

    counters->n = emcf->flows.nelts;
    counters->loaded = ngx_time();

    counters->labels = ngx_pcalloc(cf->pool, (counters->n + 1)
                                             * sizeof(ngx_str_t));
    if (counters->labels == NULL) {
        return NGX_ERROR;
    }

    flows = emcf->flows.elts;

    ngx_crc32_init(crc);

    for (i = 0; i < counters->n; i++) {
        flow = &flows[i]->flow;

        ngx_crc32_update(&crc, flow->data, flow->len);
        ngx_crc32_update(&crc, (u_char *) "", 1);

        if (ngx_http_erp_counters_label(cf, &counters->labels[i], flow, i)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    ngx_crc32_final(crc);

    name.len = sizeof("erp_counters_") - 1 + 8 + 1 + NGX_INT_T_LEN;

    name.data = ngx_pnalloc(cf->pool, name.len);
    if (name.data == NULL) {
        return NGX_ERROR;
    }

    name.len = ngx_sprintf(name.data, "erp_counters_%08xD_%ui", crc,
                           counters->n)
               - name.data;

    /* of 64 bytes of counters the slab allocator may need one for itself */

    size = (counters->n + 1) * sizeof(ngx_http_erp_counter_t);
    size = ngx_align(size + size / 64, ngx_pagesize)
           + NGX_HTTP_ERP_ZONE_PAGES * ngx_pagesize;

    zone = ngx_shared_memory_add(cf, &name, size, &ngx_http_erp_module);
    if (zone == NULL) {
        return NGX_ERROR;
    }

    zone->init = ngx_http_erp_counters_init;
    zone->data = counters;

    emcf->counters = zone;

    return NGX_OK;
}


/* two flows must not become one series: a changed name has its number */

static ngx_int_t
ngx_http_erp_counters_label(ngx_conf_t *cf, ngx_str_t *label, ngx_str_t *flow,
    ngx_uint_t i)
{
    u_char     buf[NGX_ERP_METRICS_LABEL], *p;
    ngx_str_t  name;

    name.data = buf;
    name.len = ngx_erp_metrics_label(buf, flow);

    label->data = ngx_pnalloc(cf->pool, 2 * name.len + 1 + NGX_INT_T_LEN);
    if (label->data == NULL) {
        return NGX_ERROR;
    }

    p = ngx_erp_metrics_escape(label->data, &name);

    if (name.len != flow->len || ngx_memcmp(buf, flow->data, name.len) != 0) {
        p = ngx_sprintf(p, "#%ui", i);
    }

    label->len = p - label->data;

    return NGX_OK;
}


static ngx_int_t
ngx_http_erp_counters_init(ngx_shm_zone_t *zone, void *data)
{
    ngx_slab_pool_t          *shpool;
    ngx_http_erp_counters_t  *old, *counters;

    old = data;
    counters = zone->data;

    if (old) {
        counters->counters = old->counters;
        return NGX_OK;
    }

    shpool = (ngx_slab_pool_t *) zone->shm.addr;

    counters->counters = ngx_slab_calloc(shpool,
                                         (counters->n + 1)
                                         * sizeof(ngx_http_erp_counter_t));

    return counters->counters ? NGX_OK : NGX_ERROR;
}


ngx_int_t
ngx_http_erp_counters_handler(ngx_http_request_t *r)
{
    ngx_msec_int_t             ms;
    ngx_time_t                *tp;
    ngx_http_erp_counter_t    *counter;
    ngx_http_erp_counters_t   *counters;
    ngx_http_erp_loc_conf_t   *elcf;
    ngx_http_erp_main_conf_t  *emcf;

    if (r != r->main) {
        return NGX_OK;
    }

    elcf = ngx_http_get_module_loc_conf(r, ngx_http_erp_module);

    if (elcf->sends == NULL) {
        return NGX_OK;
    }

    emcf = ngx_http_get_module_main_conf(r, ngx_http_erp_module);

    counters = emcf->counters->data;
    counter = &counters->counters[elcf->flow_index];

    tp = ngx_timeofday();

    ms = (ngx_msec_int_t)
             ((tp->sec - r->start_sec) * 1000 + (tp->msec - r->start_msec));
    ms = ngx_max(ms, 0);

    (void) ngx_atomic_fetch_add(&counter->codes[ngx_http_erp_counters_code(r)],
                                1);
    (void) ngx_atomic_fetch_add(&counter->times[
                                    ngx_erp_metrics_bucket(
                                        ngx_erp_metrics_times, ms)],
                                1);
    (void) ngx_atomic_fetch_add(&counter->sum, ms);

    counter->last = tp->sec;

    return NGX_OK;
}


static ngx_uint_t
ngx_http_erp_counters_code(ngx_http_request_t *r)
{
    ngx_uint_t            status;
    ngx_hl7_context_t    *ctx;
    ngx_http_dispatch_t  *d;

    status = r->err_status ? r->err_status : r->headers_out.status;

    d = ngx_http_dispatch_of(r);

    if (d && d->context) {
        ctx = d->context;
        return ngx_http_erp_counters_ack(&ctx->ack_code, status);
    }

    switch (status / 100) {

    case 2:
        return NGX_HTTP_ERP_2XX;

    case 4:
        return NGX_HTTP_ERP_4XX;

    case 5:
        return NGX_HTTP_ERP_5XX;

    default:
        return NGX_HTTP_ERP_OTHER;
    }
}


/*
 * The last one of "CA,AA".  As a rule it is not known yet: then it is what
 * the status will become, see mllp_ack_map.
 */

static ngx_uint_t
ngx_http_erp_counters_ack(ngx_str_t *code, ngx_uint_t status)
{
    u_char      *p;
    ngx_uint_t   i;

    if (code->len >= 2) {
        p = code->data + code->len - 2;

        for (i = NGX_HTTP_ERP_AA; i <= NGX_HTTP_ERP_CR; i++) {
            if (ngx_memcmp(p, ngx_http_erp_codes[i].data, 2) == 0) {
                return i;
            }
        }
    }

    switch (status / 100) {

    case 2:
        return NGX_HTTP_ERP_AA;

    case 4:
        return NGX_HTTP_ERP_AE;

    case 5:
        return NGX_HTTP_ERP_AR;

    default:
        return NGX_HTTP_ERP_OTHER;
    }
}


size_t
ngx_http_erp_counters_size(ngx_http_erp_main_conf_t *emcf)
{
    size_t                    size;
    ngx_uint_t                i;
    ngx_http_erp_counters_t  *counters;

    if (emcf->counters == NULL) {
        return 0;
    }

    counters = emcf->counters->data;

    size = ngx_http_erp_acked_head.len + ngx_http_erp_accept_head.len
           + ngx_http_erp_source_head.len + ngx_http_erp_reload_head.len
           + NGX_HTTP_ERP_SAMPLE;

    for (i = 0; i < counters->n; i++) {
        size += (NGX_HTTP_ERP_NUMBERS + 1)
                * (NGX_HTTP_ERP_SAMPLE + counters->labels[i].len);
    }

    return size;
}


u_char *
ngx_http_erp_counters_print(ngx_http_erp_main_conf_t *emcf, u_char *p,
    u_char *last)
{
    ngx_uint_t                i, n;
    ngx_str_t                *labels;
    ngx_http_erp_counter_t   *counter;
    ngx_http_erp_counters_t  *counters;

    if (emcf->counters == NULL) {
        return p;
    }

    counters = emcf->counters->data;
    counter = counters->counters;
    labels = counters->labels;

    p = ngx_slprintf(p, last, "%V", &ngx_http_erp_acked_head);

    for (n = 0; n < counters->n; n++) {
        for (i = 0; i < NGX_HTTP_ERP_CODES; i++) {
            p = ngx_slprintf(p, last, "hie_messages_acked_total"
                             "{flow=\"%V\",code=\"%V\"} %uA\n", &labels[n],
                             &ngx_http_erp_codes[i], counter[n].codes[i]);
        }
    }

    p = ngx_slprintf(p, last, "%V", &ngx_http_erp_accept_head);

    for (n = 0; n < counters->n; n++) {
        p = ngx_http_erp_counters_flow(p, last, &counter[n], &labels[n]);
    }

    p = ngx_slprintf(p, last, "%V", &ngx_http_erp_source_head);

    for (n = 0; n < counters->n; n++) {
        if (counter[n].last) {
            p = ngx_slprintf(p, last,
                             "hie_source_last_message_timestamp_seconds"
                             "{flow=\"%V\"} %uA\n", &labels[n],
                             counter[n].last);
        }
    }

    return ngx_slprintf(p, last, "%Vhie_config_last_reload_timestamp_seconds"
                        " %T\n", &ngx_http_erp_reload_head,
                        counters->loaded);
}


/* each number is read once: others count meanwhile */

static u_char *
ngx_http_erp_counters_flow(u_char *p, u_char *last,
    ngx_http_erp_counter_t *counter, ngx_str_t *label)
{
    ngx_uint_t         i;
    ngx_atomic_uint_t  n, sum;

    n = 0;
    sum = counter->sum;

    for (i = 0; i < NGX_ERP_METRICS_TIMES; i++) {
        n += counter->times[i];

        p = ngx_slprintf(p, last, "hie_accept_duration_seconds_bucket"
                         "{flow=\"%V\",le=\"%s\"} %uA\n", label,
                         ngx_erp_metrics_times[i].le, n);
    }

    n += counter->times[i];

    return ngx_slprintf(p, last, "hie_accept_duration_seconds_bucket"
                        "{flow=\"%V\",le=\"+Inf\"} %uA\n"
                        "hie_accept_duration_seconds_sum"
                        "{flow=\"%V\"} %uA.%03uA\n"
                        "hie_accept_duration_seconds_count"
                        "{flow=\"%V\"} %uA\n", label, n, label, sum / 1000,
                        sum % 1000, label, n);
}
