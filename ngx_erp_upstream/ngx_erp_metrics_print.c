
/*
 * All that the store process knows as Prometheus text, version 0.0.4: see
 * the header.
 */

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <nginx.h>

#include "ngx_erp_metrics_private.h"


#define NGX_ERP_METRICS_LINE  1024      /* of a sample, all of it */


typedef struct {
    u_char                  *data;
    size_t                   len;
    size_t                   size;
    unsigned                 failed:1;  /* no memory */
} ngx_erp_text_t;


/* a destination, as long as it is printed */

typedef struct {
    char                     name[NGX_ERP_METRICS_ESCAPED + 16];
    ngx_erp_metrics_dest_t  *counts;
    ngx_erp_metrics_dead_t  *dead;
    ngx_erp_numbers_t        numbers;
    uint32_t                 number;
    unsigned                 counted:1;  /* not among all the others */
    unsigned                 queued:1;   /* it is a row of the database */
} ngx_erp_shown_t;


typedef struct {
    ngx_erp_text_t           text;
    ngx_erp_metrics_t       *m;
    ngx_erp_metrics_now_t   *now;
    ngx_erp_shown_t         *dests;
    ngx_uint_t               ndests;
    ngx_uint_t               room;
} ngx_erp_print_t;


static void ngx_erp_text(ngx_erp_text_t *t, const char *format, ...);
static void ngx_erp_text_head(ngx_erp_text_t *t, const char *name,
    const char *type, const char *help);
static void ngx_erp_text_histogram(ngx_erp_text_t *t, const char *name,
    const char *labels, ngx_erp_metrics_histogram_t *h,
    const ngx_erp_metrics_bound_t *bounds, ngx_uint_t unit);

static ngx_int_t ngx_erp_print_dests(ngx_erp_print_t *p);
static ngx_int_t ngx_erp_print_dest(void *data, ngx_erp_destination_t *d);
static ngx_erp_shown_t *ngx_erp_print_add(ngx_erp_print_t *p);
static void ngx_erp_print_name(ngx_erp_shown_t *s, ngx_str_t *uri);

static void ngx_erp_print_flows(ngx_erp_print_t *p);
static void ngx_erp_print_types(ngx_erp_text_t *t, ngx_erp_metrics_flow_t *f);
static void ngx_erp_print_duplicates(ngx_erp_text_t *t,
    ngx_erp_metrics_flow_t *f);
static void ngx_erp_print_flow(char *name, ngx_erp_metrics_flow_t *f);
static void ngx_erp_print_deliveries(ngx_erp_print_t *p);
static void ngx_erp_print_dead(ngx_erp_print_t *p);
static void ngx_erp_print_latencies(ngx_erp_print_t *p);
static void ngx_erp_print_queues(ngx_erp_print_t *p);
static void ngx_erp_print_states(ngx_erp_print_t *p);
static ngx_uint_t ngx_erp_print_state(ngx_erp_shown_t *s);
static void ngx_erp_print_store(ngx_erp_print_t *p, ngx_erp_db_numbers_t *n);


static const char *const  ngx_erp_print_results[NGX_ERP_METRICS_RESULTS] = {
    "done", "retry", "down", "unknown", "bad"
};

static const char *const  ngx_erp_print_statenames[] = {
    "running", "stopped", "retrying", "down", "not_configured"
};

#define NGX_ERP_PRINT_STATES                                                  \
    (sizeof(ngx_erp_print_statenames) / sizeof(ngx_erp_print_statenames[0]))


ngx_int_t
ngx_erp_metrics_print(ngx_erp_metrics_t *m, ngx_erp_metrics_now_t *now,
    ngx_str_t *text)
{
    ngx_int_t             rc;
    ngx_erp_print_t       p;
    ngx_erp_db_numbers_t  n;

    ngx_memzero(&p, sizeof(ngx_erp_print_t));
    ngx_memzero(&n, sizeof(ngx_erp_db_numbers_t));

    p.m = m;
    p.now = now;

    rc = ngx_erp_metrics_look(m, now->db, now->now);

    if (rc == NGX_OK) {
        rc = ngx_erp_print_dests(&p);
    }

    if (rc == NGX_OK) {
        rc = ngx_erp_db_numbers(now->db, &n);
    }

    if (rc == NGX_OK) {
        ngx_erp_print_flows(&p);
        ngx_erp_print_deliveries(&p);
        ngx_erp_print_dead(&p);
        ngx_erp_print_latencies(&p);
        ngx_erp_print_queues(&p);
        ngx_erp_print_states(&p);
        ngx_erp_print_store(&p, &n);
    }

    free(p.dests);

    if (rc != NGX_OK || p.text.failed) {
        free(p.text.data);
        return NGX_ERROR;
    }

    text->data = p.text.data;
    text->len = p.text.len;

    return NGX_OK;
}


static void
ngx_erp_text(ngx_erp_text_t *t, const char *format, ...)
{
    int      n;
    void    *data;
    size_t   size;
    va_list  args;

    if (t->failed) {
        return;
    }

    if (t->size - t->len < NGX_ERP_METRICS_LINE) {
        size = 2 * t->size + 16 * NGX_ERP_METRICS_LINE;

        data = realloc(t->data, size);
        if (data == NULL) {
            t->failed = 1;
            return;
        }

        t->data = data;
        t->size = size;
    }

    va_start(args, format);
    n = vsnprintf((char *) t->data + t->len, NGX_ERP_METRICS_LINE, format,
                  args);
    va_end(args);

    if (n < 0 || n >= NGX_ERP_METRICS_LINE) {
        t->failed = 1;
        return;
    }

    t->len += n;
}


static void
ngx_erp_text_head(ngx_erp_text_t *t, const char *name, const char *type,
    const char *help)
{
    ngx_erp_text(t, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}


/* "labels" are all but "le", and end with a comma; "unit" is how many of what
   is counted are one of what is shown: 1, 1000 or 1000000 */

static void
ngx_erp_text_histogram(ngx_erp_text_t *t, const char *name,
    const char *labels, ngx_erp_metrics_histogram_t *h,
    const ngx_erp_metrics_bound_t *bounds, ngx_uint_t unit)
{
    char        own[NGX_ERP_METRICS_ESCAPED + 32];
    size_t      len;
    uint64_t    n;
    ngx_uint_t  i;

    n = 0;

    for (i = 0; bounds[i].le; i++) {
        n += h->n[i];
        ngx_erp_text(t, "%s_bucket{%sle=\"%s\"} %llu\n", name, labels,
                     bounds[i].le, (unsigned long long) n);
    }

    n += h->n[i];
    ngx_erp_text(t, "%s_bucket{%sle=\"+Inf\"} %llu\n", name, labels,
                 (unsigned long long) n);

    /* without the comma, and the braces where there is nothing in them */

    len = ngx_strlen(labels);
    own[0] = '\0';

    if (len) {
        snprintf(own, sizeof(own), "{%.*s}", (int) len - 1, labels);
    }

    ngx_erp_text(t, "%s_sum%s %llu.%06llu\n", name, own,
                 (unsigned long long) (h->sum / unit),
                 (unsigned long long) (h->sum % unit * (1000000 / unit)));

    ngx_erp_text(t, "%s_count%s %llu\n", name, own, (unsigned long long) n);
}


static ngx_int_t
ngx_erp_print_dests(ngx_erp_print_t *p)
{
    ngx_int_t         rc;
    ngx_str_t         other = ngx_string("other");
    ngx_erp_shown_t  *s;

    rc = ngx_erp_db_destinations(p->now->db, ngx_erp_print_dest, p);
    if (rc != NGX_OK) {
        return rc;
    }

    if (!p->m->rest_counts) {
        return NGX_OK;
    }

    s = ngx_erp_print_add(p);
    if (s == NULL) {
        return NGX_ERROR;
    }

    ngx_erp_print_name(s, &other);
    s->counts = &p->m->rest;
    s->counted = 1;

    return NGX_OK;
}


static ngx_int_t
ngx_erp_print_dest(void *data, ngx_erp_destination_t *d)
{
    ngx_uint_t                     n;
    ngx_erp_print_t               *p;
    ngx_erp_shown_t               *s;
    static ngx_erp_metrics_dest_t  zeros;

    p = data;

    s = ngx_erp_print_add(p);
    if (s == NULL) {
        return NGX_ERROR;
    }

    s->number = d->number;
    s->queued = 1;
    s->counted = d->number < NGX_ERP_METRICS_DESTS;
    s->counts = (d->number < p->m->ndests) ? p->m->dests[d->number] : NULL;

    if (s->counts == NULL) {
        s->counts = &zeros;
    }

    for (n = 0; n < p->m->ndead; n++) {
        if (p->m->dead[n].destination == d->number) {
            s->dead = &p->m->dead[n];
            break;
        }
    }

    ngx_erp_schedule_numbers(p->now->schedule, d->number, &s->numbers);
    ngx_erp_print_name(s, &d->uri);

    return NGX_OK;
}


static ngx_erp_shown_t *
ngx_erp_print_add(ngx_erp_print_t *p)
{
    void             *dests;
    ngx_uint_t        n;
    ngx_erp_shown_t  *s;

    if (p->ndests == p->room) {
        n = p->room ? 2 * p->room : 16;

        dests = realloc(p->dests, n * sizeof(ngx_erp_shown_t));
        if (dests == NULL) {
            return NULL;
        }

        p->dests = dests;
        p->room = n;
    }

    s = &p->dests[p->ndests++];
    ngx_memzero(s, sizeof(ngx_erp_shown_t));

    return s;
}


/* two URIs must not become one name: that of a changed one has its number */

static void
ngx_erp_print_name(ngx_erp_shown_t *s, ngx_str_t *uri)
{
    u_char     buf[NGX_ERP_METRICS_LABEL], *last;
    ngx_str_t  label;

    label.data = buf;
    label.len = ngx_erp_metrics_label(buf, uri);

    last = ngx_erp_metrics_escape((u_char *) s->name, &label);
    *last = '\0';

    if (label.len != uri->len || ngx_memcmp(buf, uri->data, uri->len) != 0) {
        snprintf((char *) last, 16, "#%u", (unsigned) s->number);
    }
}


static void
ngx_erp_print_flows(ngx_erp_print_t *p)
{
    ngx_uint_t          i;
    ngx_erp_text_t     *t;
    ngx_erp_metrics_t  *m;

    t = &p->text;
    m = p->m;

    ngx_erp_text_head(t, "hie_messages_received_total", "counter",
                      "Messages that reached the store, also duplicates.");

    for (i = 0; i < m->nflows; i++) {
        ngx_erp_print_types(t, &m->flows[i]);
    }

    ngx_erp_print_types(t, &m->other);

    ngx_erp_text_head(t, "hie_messages_duplicate_total", "counter",
                      "Messages that were there already.");

    for (i = 0; i < m->nflows; i++) {
        ngx_erp_print_duplicates(t, &m->flows[i]);
    }

    ngx_erp_print_duplicates(t, &m->other);
}


static void
ngx_erp_print_types(ngx_erp_text_t *t, ngx_erp_metrics_flow_t *f)
{
    char                     name[NGX_ERP_METRICS_ESCAPED + 1];
    ngx_uint_t               i;
    ngx_erp_metrics_type_t  *type;

    ngx_erp_print_flow(name, f);

    /* letters, digits, "^", "_" and "-": nothing is to be escaped */

    for (i = 0; i < f->ntypes; i++) {
        type = &f->types[i];

        ngx_erp_text(t, "hie_messages_received_total{flow=\"%s\","
                     "msg_type=\"%.*s\"} %llu\n", name, (int) type->len,
                     type->name, (unsigned long long) type->messages);
    }

    if (f->other) {
        ngx_erp_text(t, "hie_messages_received_total{flow=\"%s\","
                     "msg_type=\"other\"} %llu\n", name,
                     (unsigned long long) f->other);
    }
}


static void
ngx_erp_print_duplicates(ngx_erp_text_t *t, ngx_erp_metrics_flow_t *f)
{
    char  name[NGX_ERP_METRICS_ESCAPED + 1];

    /* it is that of all other flows, and there are none */

    if (f->messages == 0) {
        return;
    }

    ngx_erp_print_flow(name, f);

    ngx_erp_text(t, "hie_messages_duplicate_total{flow=\"%s\","
                 "stage=\"store\"} %llu\n", name,
                 (unsigned long long) f->duplicates);
}


static void
ngx_erp_print_flow(char *name, ngx_erp_metrics_flow_t *f)
{
    ngx_str_t  label;

    label.data = f->name;
    label.len = f->len;

    *ngx_erp_metrics_escape((u_char *) name, &label) = '\0';
}


#define ngx_erp_print_each(p, s)                                              \
    for (s = (p)->dests; s < (p)->dests + (p)->ndests; s++)


static void
ngx_erp_print_deliveries(ngx_erp_print_t *p)
{
    ngx_uint_t        i;
    ngx_erp_text_t   *t;
    ngx_erp_shown_t  *s;

    t = &p->text;

    ngx_erp_text_head(t, "hie_messages_delivered_total", "counter",
                      "Deliveries that a destination has taken.");

    ngx_erp_print_each(p, s) {
        if (s->counted) {
            ngx_erp_text(t, "hie_messages_delivered_total"
                         "{destination=\"%s\"} %llu\n", s->name,
                         (unsigned long long) s->counts->delivered);
        }
    }

    ngx_erp_text_head(t, "hie_delivery_attempts_total", "counter",
                      "Attempts to deliver, by what came of them.");

    ngx_erp_print_each(p, s) {
        for (i = 0; s->counted && i < NGX_ERP_METRICS_RESULTS; i++) {
            ngx_erp_text(t, "hie_delivery_attempts_total"
                         "{destination=\"%s\",result=\"%s\"} %llu\n", s->name,
                         ngx_erp_print_results[i],
                         (unsigned long long) s->counts->attempts[i]);
        }
    }

    ngx_erp_text_head(t, "hie_messages_replayed_total", "counter",
                      "Deliveries that an operator had made once more.");

    ngx_erp_print_each(p, s) {
        if (s->counted) {
            ngx_erp_text(t, "hie_messages_replayed_total"
                         "{destination=\"%s\"} %llu\n", s->name,
                         (unsigned long long) s->counts->replayed);
        }
    }
}


static void
ngx_erp_print_dead(ngx_erp_print_t *p)
{
    uint64_t          n;
    ngx_uint_t        i;
    ngx_erp_text_t   *t;
    ngx_erp_shown_t  *s;

    t = &p->text;

    ngx_erp_text_head(t, "hie_messages_dead_lettered_total", "counter",
                      "Deliveries that became dead letters.");

    ngx_erp_print_each(p, s) {
        for (i = 0; s->counted && i < NGX_ERP_METRICS_REASONS; i++) {
            ngx_erp_text(t, "hie_messages_dead_lettered_total"
                         "{destination=\"%s\",reason=\"%s\"} %llu\n", s->name,
                         ngx_erp_metrics_reasons[i],
                         (unsigned long long) s->counts->dead[i]);
        }
    }

    ngx_erp_text_head(t, "hie_dead_letter_messages", "gauge",
                      "Dead letters in the store.");

    ngx_erp_print_each(p, s) {
        for (i = 0; s->queued && i < NGX_ERP_METRICS_REASONS; i++) {
            n = s->dead ? s->dead->n[i] : 0;

            ngx_erp_text(t, "hie_dead_letter_messages"
                         "{destination=\"%s\",reason=\"%s\"} %llu\n", s->name,
                         ngx_erp_metrics_reasons[i], (unsigned long long) n);
        }
    }
}


static void
ngx_erp_print_latencies(ngx_erp_print_t *p)
{
    char              labels[NGX_ERP_METRICS_ESCAPED + 32];
    ngx_erp_text_t   *t;
    ngx_erp_shown_t  *s;

    t = &p->text;

    ngx_erp_text_head(t, "hie_delivery_duration_seconds", "histogram",
                      "From the receipt of a message to its delivery.");

    ngx_erp_print_each(p, s) {
        if (s->counted) {
            snprintf(labels, sizeof(labels), "destination=\"%s\",", s->name);
            ngx_erp_text_histogram(t, "hie_delivery_duration_seconds", labels,
                                   &s->counts->age, ngx_erp_metrics_times,
                                   1000);
        }
    }

    ngx_erp_text_head(t, "hie_upstream_response_duration_seconds",
                      "histogram", "How long an attempt to deliver took.");

    ngx_erp_print_each(p, s) {
        if (s->counted) {
            snprintf(labels, sizeof(labels), "destination=\"%s\",", s->name);
            ngx_erp_text_histogram(t,
                                   "hie_upstream_response_duration_seconds",
                                   labels, &s->counts->took,
                                   ngx_erp_metrics_times, 1000);
        }
    }
}


/* a queue that is empty has no oldest message, as 0 is very old */

static void
ngx_erp_print_queues(ngx_erp_print_t *p)
{
    ngx_uint_t          i, n;
    ngx_erp_text_t     *t;
    ngx_erp_shown_t    *s;
    ngx_erp_numbers_t  *q;

    static const struct {
        const char     *name;
        const char     *help;
    } gauges[] = {
        { "hie_queue_messages",
          "Deliveries that have not ended, all of them." },
        { "hie_queue_inflight_messages",
          "Of them, those that an attempt is on its way for." },
        { "hie_queue_held_messages",
          "Of them, those that are held, with all of a held key." },
        { "hie_queue_blocked_messages",
          "Of them, those that wait behind another one of their key." }
    };

    t = &p->text;

    for (i = 0; i < sizeof(gauges) / sizeof(gauges[0]); i++) {
        ngx_erp_text_head(t, gauges[i].name, "gauge", gauges[i].help);

        ngx_erp_print_each(p, s) {
            q = &s->numbers;

            n = (i == 0) ? q->ready + q->inflight + q->held + q->blocked
                : (i == 1) ? q->inflight
                : (i == 2) ? q->held : q->blocked;

            if (s->queued) {
                ngx_erp_text(t, "%s{destination=\"%s\"} %llu\n",
                             gauges[i].name, s->name, (unsigned long long) n);
            }
        }
    }

    ngx_erp_text_head(t, "hie_queue_oldest_message_timestamp_seconds",
                      "gauge",
                      "When the oldest one that has not ended was received.");

    ngx_erp_print_each(p, s) {
        if (s->numbers.oldest) {
            ngx_erp_text(t, "hie_queue_oldest_message_timestamp_seconds"
                         "{destination=\"%s\"} %llu.%03u\n", s->name,
                         (unsigned long long) (s->numbers.oldest / 1000),
                         (unsigned) (s->numbers.oldest % 1000));
        }
    }
}


static void
ngx_erp_print_states(ngx_erp_print_t *p)
{
    ngx_uint_t        i, state;
    ngx_erp_text_t   *t;
    ngx_erp_shown_t  *s;

    t = &p->text;

    ngx_erp_text_head(t, "hie_destination_state", "gauge",
                      "1 of the state that a destination is in.");

    ngx_erp_print_each(p, s) {
        state = ngx_erp_print_state(s);

        for (i = 0; s->queued && i < NGX_ERP_PRINT_STATES; i++) {
            ngx_erp_text(t, "hie_destination_state"
                         "{destination=\"%s\",state=\"%s\"} %d\n", s->name,
                         ngx_erp_print_statenames[i], i == state);
        }
    }
}


/* an index of ngx_erp_print_statenames[] */

static ngx_uint_t
ngx_erp_print_state(ngx_erp_shown_t *s)
{
    if (!s->numbers.configured) {
        return 4;
    }

    if (s->numbers.paused) {
        return 1;
    }

    if (s->numbers.breaker->state != NGX_ERP_CLOSED) {
        return 3;
    }

    return s->numbers.breaker->consecutive ? 2 : 0;
}


static void
ngx_erp_print_store(ngx_erp_print_t *p, ngx_erp_db_numbers_t *n)
{
    uint64_t            used, capacity;
    ngx_erp_text_t     *t;
    ngx_erp_metrics_t  *m;

    t = &p->text;
    m = p->m;

    used = (n->pages - ngx_min(n->free, n->pages)) * 4096 + n->wal;
    capacity = n->pages * 4096 + n->wal + ngx_max(p->now->capacity, 0);

    ngx_erp_text_head(t, "hie_queue_bytes", "gauge",
                      "Used bytes of the database and its log.");
    ngx_erp_text(t, "hie_queue_bytes %llu\n", (unsigned long long) used);

    ngx_erp_text_head(t, "hie_queue_capacity_bytes", "gauge",
                      "What they may grow to before messages are refused.");
    ngx_erp_text(t, "hie_queue_capacity_bytes %llu\n",
                 (unsigned long long) capacity);

    ngx_erp_text_head(t, "hie_queue_sync_duration_seconds", "histogram",
                      "How long a commit took, to be on disk.");
    ngx_erp_text_histogram(t, "hie_queue_sync_duration_seconds", "", &m->sync,
                           ngx_erp_metrics_syncs, 1000000);

    ngx_erp_text_head(t, "hie_queue_commit_batch_messages", "histogram",
                      "Changes that were on disk with one commit.");
    ngx_erp_text_histogram(t, "hie_queue_commit_batch_messages", "",
                           &m->batch, ngx_erp_metrics_batches, 1);

    ngx_erp_text_head(t, "hie_queue_corrupt_records_total", "counter",
                      "Damages that were met in the database.");
    ngx_erp_text(t, "hie_queue_corrupt_records_total %llu\n",
                 (unsigned long long) n->corrupt);

    ngx_erp_text_head(t, "hie_queue_write_errors_total", "counter",
                      "Messages that could not be stored, failed commits.");
    ngx_erp_text(t, "hie_queue_write_errors_total{op=\"put\"} %llu\n"
                 "hie_queue_write_errors_total{op=\"commit\"} %llu\n",
                 (unsigned long long) m->put_errors,
                 (unsigned long long) m->commit_errors);

    ngx_erp_text_head(t, "hie_queue_last_recovery_duration_seconds", "gauge",
                      "How long the store took at its start to be ready.");
    ngx_erp_text(t, "hie_queue_last_recovery_duration_seconds %llu.%03u\n",
                 (unsigned long long) (m->recovered / 1000),
                 (unsigned) (m->recovered % 1000));

    ngx_erp_text_head(t, "hie_build_info", "gauge",
                      "1, with the versions of what runs.");
    ngx_erp_text(t, "hie_build_info{version=\"%s\",nginx=\"%s\"} 1\n",
                 NGX_ERP_METRICS_VERSION, NGINX_VERSION);
}
