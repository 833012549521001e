
/*
 * What the store process counts: see the header.
 */

#include <stdlib.h>
#include <time.h>

#include "ngx_erp_metrics_private.h"


static ngx_uint_t ngx_erp_metrics_char(u_char *p, u_char *end);
static ngx_erp_metrics_flow_t *ngx_erp_metrics_find(ngx_erp_metrics_t *m,
    ngx_str_t *flow);
static void ngx_erp_metrics_count(ngx_erp_metrics_t *m,
    ngx_erp_metrics_flow_t *f, ngx_str_t *type);
static ngx_uint_t ngx_erp_metrics_is_type(ngx_str_t *type);
static ngx_erp_metrics_type_t *ngx_erp_metrics_add_type(ngx_erp_metrics_t *m,
    ngx_erp_metrics_flow_t *f, ngx_str_t *type);
static uint64_t ngx_erp_metrics_now(void);
static ngx_erp_metrics_dest_t *ngx_erp_metrics_dest(ngx_erp_metrics_t *m,
    uint32_t number);
static ngx_int_t ngx_erp_metrics_grow(ngx_erp_metrics_t *m, uint32_t number);
static void ngx_erp_metrics_observe(ngx_erp_metrics_histogram_t *h,
    const ngx_erp_metrics_bound_t *bounds, uint64_t value);


const ngx_erp_metrics_bound_t
    ngx_erp_metrics_times[NGX_ERP_METRICS_TIMES + 1] =
{
    { "0.005", 5 },
    { "0.01", 10 },
    { "0.025", 25 },
    { "0.05", 50 },
    { "0.1", 100 },
    { "0.25", 250 },
    { "0.5", 500 },
    { "1", 1000 },
    { "2.5", 2500 },
    { "5", 5000 },
    { "10", 10000 },
    { "30", 30000 },
    { "60", 60000 },
    { "300", 300000 },
    { "3600", 3600000 },
    { NULL, 0 }
};


/* microseconds: a disk answers faster than an ERP */

const ngx_erp_metrics_bound_t  ngx_erp_metrics_syncs[] = {
    { "0.0005", 500 },
    { "0.001", 1000 },
    { "0.0025", 2500 },
    { "0.005", 5000 },
    { "0.01", 10000 },
    { "0.025", 25000 },
    { "0.05", 50000 },
    { "0.1", 100000 },
    { "0.25", 250000 },
    { "0.5", 500000 },
    { "1", 1000000 },
    { "2.5", 2500000 },
    { "5", 5000000 },
    { NULL, 0 }
};


const ngx_erp_metrics_bound_t  ngx_erp_metrics_batches[] = {
    { "1", 1 },
    { "2", 2 },
    { "5", 5 },
    { "10", 10 },
    { "20", 20 },
    { "50", 50 },
    { "100", 100 },
    { "200", 200 },
    { "500", 500 },
    { "1000", 1000 },
    { "2000", 2000 },
    { "5000", 5000 },
    { NULL, 0 }
};


const char *const  ngx_erp_metrics_reasons[NGX_ERP_METRICS_REASONS] = {
    "rejected", "expired", "attempts", "poison", "operator", "damaged",
    "unknown", "other"
};


ngx_erp_metrics_t *
ngx_erp_metrics_create(void)
{
    ngx_erp_metrics_t  *m;

    m = calloc(1, sizeof(ngx_erp_metrics_t));
    if (m == NULL) {
        return NULL;
    }

    ngx_memcpy(m->other.name, "other", 5);
    m->other.len = 5;

    return m;
}


void
ngx_erp_metrics_free(ngx_erp_metrics_t *m)
{
    ngx_uint_t  i;

    for (i = 0; i < m->nflows; i++) {
        free(m->flows[i].types);
    }

    free(m->other.types);

    for (i = 0; i < m->ndests; i++) {
        free(m->dests[i]);
    }

    free(m->dests);
    free(m->dead);
    free(m);
}


ngx_uint_t
ngx_erp_metrics_bucket(const ngx_erp_metrics_bound_t *bounds, uint64_t value)
{
    ngx_uint_t  i;

    for (i = 0; bounds[i].le; i++) {
        if (value <= bounds[i].max) {
            break;
        }
    }

    return i;
}


/* Prometheus refuses a whole page for one byte that is no UTF-8 */

size_t
ngx_erp_metrics_label(u_char *out, ngx_str_t *value)
{
    u_char      *p, *end, *last;
    ngx_uint_t   n;

    p = value->data;
    end = p + value->len;
    last = out;

    while (p < end) {
        n = ngx_erp_metrics_char(p, end);

        if ((size_t) (last - out) + ngx_max(n, 1) > NGX_ERP_METRICS_LABEL) {
            break;
        }

        if (n == 0 || (*p < 0x20 && *p != '\n') || *p == 0x7f) {
            *last++ = '?';
            p++;
            continue;
        }

        last = ngx_cpymem(last, p, n);
        p += n;
    }

    return last - out;
}


/* bytes of the character of UTF-8 at p, 0: it is none */

static ngx_uint_t
ngx_erp_metrics_char(u_char *p, u_char *end)
{
    u_char      min;
    ngx_uint_t  i, n;

    if (*p < 0x80) {
        return 1;
    }

    if (*p < 0xc2 || *p > 0xf4) {
        return 0;
    }

    n = (*p < 0xe0) ? 2 : (*p < 0xf0) ? 3 : 4;

    if ((size_t) (end - p) < n) {
        return 0;
    }

    for (i = 1; i < n; i++) {
        if ((p[i] & 0xc0) != 0x80) {
            return 0;
        }
    }

    /* neither longer than need be, nor a surrogate, nor beyond Unicode */

    min = (*p == 0xe0) ? 0xa0 : (*p == 0xf0) ? 0x90 : 0x80;

    if (p[1] < min
        || (*p == 0xed && p[1] > 0x9f)
        || (*p == 0xf4 && p[1] > 0x8f))
    {
        return 0;
    }

    return n;
}


u_char *
ngx_erp_metrics_escape(u_char *out, ngx_str_t *label)
{
    u_char  *p, *end;

    end = label->data + label->len;

    for (p = label->data; p < end; p++) {

        if (*p == '\n') {
            *out++ = '\\';
            *out++ = 'n';
            continue;
        }

        if (*p == '\\' || *p == '"') {
            *out++ = '\\';
        }

        *out++ = *p;
    }

    return out;
}


/*
 * What cannot be stored is counted as an error of the store: its sender tries
 * again, and would be counted again.
 */

void
ngx_erp_metrics_put(ngx_erp_metrics_t *m, ngx_str_t *flow, ngx_str_t *type,
    ngx_erp_put_e verdict)
{
    ngx_erp_metrics_flow_t  *f;

    if (verdict == NGX_ERP_FULL || verdict == NGX_ERP_FAILED) {
        m->put_errors++;
        return;
    }

    f = ngx_erp_metrics_find(m, flow);

    f->messages++;
    f->last = ngx_erp_metrics_now();

    if (verdict == NGX_ERP_DUPLICATE) {
        f->duplicates++;
    }

    ngx_erp_metrics_count(m, f, type);
}


static ngx_erp_metrics_flow_t *
ngx_erp_metrics_find(ngx_erp_metrics_t *m, ngx_str_t *flow)
{
    u_char                   name[NGX_ERP_METRICS_LABEL];
    size_t                   len;
    ngx_uint_t               i;
    ngx_erp_metrics_flow_t  *f;

    len = ngx_erp_metrics_label(name, flow);

    if (len == m->other.len && ngx_memcmp(name, m->other.name, len) == 0) {
        return &m->other;
    }

    for (i = 0; i < m->nflows; i++) {
        f = &m->flows[i];

        if (f->len == len && ngx_memcmp(f->name, name, len) == 0) {
            return f;
        }
    }

    if (m->nflows == NGX_ERP_METRICS_FLOWS) {
        return &m->other;
    }

    f = &m->flows[m->nflows++];

    ngx_memcpy(f->name, name, len);
    f->len = len;

    return f;
}


static void
ngx_erp_metrics_count(ngx_erp_metrics_t *m, ngx_erp_metrics_flow_t *f,
    ngx_str_t *type)
{
    ngx_uint_t               i;
    ngx_erp_metrics_type_t  *t;

    for (i = 0; i < f->ntypes; i++) {
        t = &f->types[i];

        if (t->len == type->len
            && ngx_memcmp(t->name, type->data, type->len) == 0)
        {
            t->messages++;
            return;
        }
    }

    t = NULL;

    if (f->ntypes < NGX_ERP_METRICS_TYPES
        && m->series < NGX_ERP_METRICS_SERIES
        && ngx_erp_metrics_is_type(type))
    {
        t = ngx_erp_metrics_add_type(m, f, type);
    }

    if (t == NULL) {
        f->other++;
        return;
    }

    t->messages++;
}


/* it is the sender's: no free text, no name, and not our own word */

static ngx_uint_t
ngx_erp_metrics_is_type(ngx_str_t *type)
{
    u_char  *p, *end;

    if (type->len == 0
        || type->len > NGX_ERP_METRICS_TYPE
        || (type->len == 5 && ngx_memcmp(type->data, "other", 5) == 0))
    {
        return 0;
    }

    end = type->data + type->len;

    for (p = type->data; p < end; p++) {

        if ((*p >= '0' && *p <= '9') || *p == '^' || *p == '_' || *p == '-') {
            continue;
        }

        if ((*p | 0x20) < 'a' || (*p | 0x20) > 'z') {
            return 0;
        }
    }

    return 1;
}


static ngx_erp_metrics_type_t *
ngx_erp_metrics_add_type(ngx_erp_metrics_t *m, ngx_erp_metrics_flow_t *f,
    ngx_str_t *type)
{
    void                    *p;
    ngx_uint_t               n;
    ngx_erp_metrics_type_t  *t;

    if (f->ntypes == f->room) {
        n = f->room ? 2 * f->room : 4;

        p = realloc(f->types, n * sizeof(ngx_erp_metrics_type_t));
        if (p == NULL) {
            return NULL;
        }

        f->types = p;
        f->room = n;
    }

    t = &f->types[f->ntypes++];
    m->series++;

    ngx_memcpy(t->name, type->data, type->len);
    t->len = type->len;
    t->messages = 0;

    return t;
}


static uint64_t
ngx_erp_metrics_now(void)
{
    struct timespec  ts;

    (void) clock_gettime(CLOCK_REALTIME, &ts);

    return (uint64_t) ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}


ngx_uint_t
ngx_erp_metrics_flow(ngx_erp_metrics_t *m, ngx_uint_t i, ngx_str_t *name,
    uint64_t *messages, uint64_t *last)
{
    ngx_erp_metrics_flow_t  *f;

    f = (i < m->nflows) ? &m->flows[i] : &m->other;

    if (i > m->nflows || (i == m->nflows && f->messages == 0)) {
        return 0;
    }

    name->data = f->name;
    name->len = f->len;
    *messages = f->messages;
    *last = f->last;

    return 1;
}


void
ngx_erp_metrics_attempt(ngx_erp_metrics_t *m, uint32_t destination,
    ngx_erp_outcome_e outcome, uint64_t took)
{
    ngx_erp_metrics_dest_t  *d;

    /* the others are no outcomes: it was never made */

    if (outcome < NGX_ERP_DONE || outcome > NGX_ERP_BAD) {
        return;
    }

    d = ngx_erp_metrics_dest(m, destination);

    d->attempts[outcome - NGX_ERP_DONE]++;
    ngx_erp_metrics_observe(&d->took, ngx_erp_metrics_times, took);
}


void
ngx_erp_metrics_ended(ngx_erp_metrics_t *m, uint32_t destination,
    ngx_erp_state_e state, const char *reason, uint64_t age)
{
    ngx_erp_metrics_dest_t  *d;

    d = ngx_erp_metrics_dest(m, destination);

    switch (state) {

    case NGX_ERP_DELIVERED:
        d->delivered++;
        ngx_erp_metrics_observe(&d->age, ngx_erp_metrics_times, age);
        break;

    case NGX_ERP_DEAD:
        d->dead[ngx_erp_metrics_reason(reason,
                                       reason ? ngx_strlen(reason) : 0)]++;
        break;

    default:
        break;
    }
}


ngx_uint_t
ngx_erp_metrics_reason(const char *reason, size_t len)
{
    ngx_uint_t  i;

    for (i = 0; i < NGX_ERP_METRICS_OTHER; i++) {
        if (ngx_strlen(ngx_erp_metrics_reasons[i]) == len
            && ngx_memcmp(ngx_erp_metrics_reasons[i], reason, len) == 0)
        {
            break;
        }
    }

    return i;
}


void
ngx_erp_metrics_replayed(ngx_erp_metrics_t *m, uint32_t destination)
{
    ngx_erp_metrics_dest(m, destination)->replayed++;
}


void
ngx_erp_metrics_commit(ngx_erp_metrics_t *m, ngx_uint_t changes,
    uint64_t took, ngx_int_t rc)
{
    if (rc != NGX_OK) {
        m->commit_errors++;
        return;
    }

    /* nothing was written: it would make the disk look fast */

    if (changes == 0) {
        return;
    }

    ngx_erp_metrics_observe(&m->sync, ngx_erp_metrics_syncs, took);
    ngx_erp_metrics_observe(&m->batch, ngx_erp_metrics_batches, changes);
}


void
ngx_erp_metrics_recovered(ngx_erp_metrics_t *m, uint64_t took)
{
    m->recovered = took;
}


/* above the bound, and without memory, that of all others */

static ngx_erp_metrics_dest_t *
ngx_erp_metrics_dest(ngx_erp_metrics_t *m, uint32_t number)
{
    if (number >= NGX_ERP_METRICS_DESTS
        || (number >= m->ndests && ngx_erp_metrics_grow(m, number) != NGX_OK))
    {
        m->rest_counts = 1;
        return &m->rest;
    }

    if (m->dests[number] == NULL) {
        m->dests[number] = calloc(1, sizeof(ngx_erp_metrics_dest_t));

        if (m->dests[number] == NULL) {
            m->rest_counts = 1;
            return &m->rest;
        }
    }

    return m->dests[number];
}


static ngx_int_t
ngx_erp_metrics_grow(ngx_erp_metrics_t *m, uint32_t number)
{
    void        *p;
    ngx_uint_t   n;

    n = ngx_max(2 * m->ndests, (ngx_uint_t) number + 1);

    p = realloc(m->dests, n * sizeof(ngx_erp_metrics_dest_t *));
    if (p == NULL) {
        return NGX_ERROR;
    }

    m->dests = p;

    ngx_memzero(m->dests + m->ndests,
                (n - m->ndests) * sizeof(ngx_erp_metrics_dest_t *));
    m->ndests = n;

    return NGX_OK;
}


static void
ngx_erp_metrics_observe(ngx_erp_metrics_histogram_t *h,
    const ngx_erp_metrics_bound_t *bounds, uint64_t value)
{
    h->n[ngx_erp_metrics_bucket(bounds, value)]++;
    h->sum += value;
}
