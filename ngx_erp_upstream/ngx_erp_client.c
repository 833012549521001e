
#include "ngx_erp_client_private.h"


/*
 * After a reload the next store listens once the last one has gone and the
 * database is open; after "quit" there is none.  An exiting worker cannot
 * tell these apart, and waits for so many milliseconds.
 */

#define NGX_ERP_CLIENT_REFUSED  1000

/* what waits for a store that does not read: then nothing more is asked */
#define NGX_ERP_CLIENT_UNSENT   NGX_ERP_WIRE_MAX


static void *ngx_erp_client_grow(void *data, void *old, size_t size);
static ngx_int_t ngx_erp_client_write(ngx_erp_client_t *client,
    const void *fields, ngx_erp_question_t *q);
static void ngx_erp_client_timeout(ngx_event_t *ev);
static ngx_msec_t ngx_erp_client_left(ngx_erp_question_t *q);
static ngx_int_t ngx_erp_client_hello(ngx_erp_client_t *client);
static ngx_int_t ngx_erp_client_again(ngx_erp_client_t *client,
    ngx_erp_question_t *q);
static void ngx_erp_client_fail(ngx_erp_question_t *q);


/* asked until they are on disk */
#define ngx_erp_client_lasts(q)                                               \
    ((q)->type == NGX_ERP_STEP || (q)->type == NGX_ERP_SETTLE)


ngx_erp_client_t *
ngx_erp_client_create(ngx_cycle_t *cycle, ngx_erp_client_conf_t *conf)
{
    ngx_uint_t         i;
    ngx_erp_client_t  *client;

    client = ngx_pcalloc(cycle->pool, sizeof(ngx_erp_client_t));
    if (client == NULL) {
        return NULL;
    }

    if (conf->path.len >= sizeof(client->sockaddr.sun_path)) {
        ngx_log_error(NGX_LOG_EMERG, conf->log, 0,
                      "path \"%V\" is too long for a socket", &conf->path);
        return NULL;
    }

    client->sockaddr.sun_family = AF_UNIX;
    ngx_memcpy(client->sockaddr.sun_path, conf->path.data, conf->path.len);

    client->conf = conf;
    client->out.grow = ngx_erp_client_grow;

    ngx_queue_init(&client->questions);

    for (i = 0; i < NGX_ERP_CLIENT_BUCKETS; i++) {
        ngx_queue_init(&client->numbers[i]);
        ngx_queue_init(&client->leases[i]);
    }

    ngx_erp_client_init_io(client);

    return client;
}


void
ngx_erp_client_free(ngx_erp_client_t *client)
{
    ngx_queue_t         *q;
    ngx_erp_question_t  *question;

    ngx_erp_client_close(client);

    while (!ngx_queue_empty(&client->questions)) {
        q = ngx_queue_head(&client->questions);
        question = ngx_queue_data(q, ngx_erp_question_t, queue);

        ngx_erp_client_remove(question);

        if (question->handler == ngx_erp_client_gave_back) {
            ngx_erp_client_gave_back(question);
        }
    }

    ngx_erp_client_free_leases(client);
}


static void *
ngx_erp_client_grow(void *data, void *old, size_t size)
{
    return realloc(old, size);
}


ngx_int_t
ngx_erp_client_ask(ngx_erp_client_t *client, ngx_erp_frame_e type,
    const void *fields, ngx_erp_question_t *q)
{
    size_t             before;
    ngx_msec_t         left;
    ngx_erp_out_t     *out;
    ngx_erp_settle_t  *settle;

    ngx_erp_client_check(client);

    out = &client->out;
    before = out->last - out->start;

    q->type = type;
    q->client = client;

    if (!ngx_erp_client_lasts(q)
        && before - client->sent > NGX_ERP_CLIENT_UNSENT)
    {
        return NGX_ERROR;
    }

    q->number = client->number + 1;

    if (ngx_erp_client_write(client, fields, q) != NGX_OK) {
        return NGX_ERROR;
    }

    client->number = q->number;

    q->started = ngx_current_msec;
    q->asked = 1;

    if (type == NGX_ERP_SETTLE) {
        settle = (ngx_erp_settle_t *) fields;

        q->delivery = settle->delivery;
        q->attempt = settle->attempt;
    }

    ngx_queue_insert_tail(&client->questions, &q->queue);
    ngx_queue_insert_tail(ngx_erp_client_bucket(client->numbers, q->number),
                          &q->bucket);

    ngx_memzero(&q->timer, sizeof(ngx_event_t));

    q->timer.handler = ngx_erp_client_timeout;
    q->timer.data = q;
    q->timer.log = client->conf->log;

    left = ngx_erp_client_lasts(q) ? ngx_erp_client_left(q)
                                   : client->conf->timeout;

    ngx_add_timer(&q->timer, ngx_max(left, 1));

    if (client->connection) {
        ngx_erp_client_flush(client);

    } else {
        out->last = out->start + before;
        ngx_erp_client_connect(client);
    }

    return NGX_OK;
}


/* its frame: to be sent, and kept until it is answered, to be sent again */

static ngx_int_t
ngx_erp_client_write(ngx_erp_client_t *client, const void *fields,
    ngx_erp_question_t *q)
{
    size_t          before, len;
    u_char         *p;
    ngx_int_t       rc;
    ngx_erp_out_t  *out;

    out = &client->out;
    before = out->last - out->start;

    if (q->type == NGX_ERP_PUT) {
        rc = ngx_erp_wire_put(out, q->number, (ngx_erp_message_t *) fields);

    } else {
        rc = ngx_erp_wire_frame(out, q->type, q->number, fields);
    }

    if (rc != NGX_OK) {
        ngx_log_error(NGX_LOG_ERR, client->conf->log, 0,
                      "no memory for a frame to the store, or it is over "
                      "%d bytes", NGX_ERP_WIRE_MAX);
        return NGX_ERROR;
    }

    len = out->last - out->start - before;

    p = ngx_alloc(len, client->conf->log);
    if (p == NULL) {
        out->last = out->start + before;
        return NGX_ERROR;
    }

    ngx_memcpy(p, out->start + before, len);

    q->frame.len = len;
    q->frame.data = p;

    return NGX_OK;
}


void
ngx_erp_client_forget(ngx_erp_client_t *client, ngx_erp_question_t *q)
{
    if (q->asked) {
        ngx_erp_client_remove(q);
    }
}


static void
ngx_erp_client_timeout(ngx_event_t *ev)
{
    ngx_erp_question_t *q = ev->data;

    ngx_msec_t  left;

    ngx_erp_client_check(q->client);

    left = ngx_erp_client_lasts(q) ? ngx_erp_client_left(q) : 0;

    if (left) {
        ngx_add_timer(ev, left);
        return;
    }

    ngx_log_error(NGX_LOG_WARN, q->client->conf->log, 0,
                  "the store did not answer in %M ms",
                  q->client->conf->timeout);

    ngx_erp_client_fail(q);
}


/* milliseconds to wait for it, of what is asked until it is on disk */

static ngx_msec_t
ngx_erp_client_left(ngx_erp_question_t *q)
{
    ngx_msec_t         since;
    ngx_erp_client_t  *client;

    client = q->client;

    if (!client->exiting) {
        return client->conf->timeout;
    }

    if (client->refusing) {
        /* not once more for each */
        since = client->refused;

    } else if ((ngx_msec_int_t) (q->started - client->exited) > 0) {
        since = q->started;

    } else {
        since = client->exited;
    }

    since = ngx_current_msec - since;

    return (since < client->conf->timeout) ? client->conf->timeout - since : 0;
}


void
ngx_erp_client_check(ngx_erp_client_t *client)
{
    if (!ngx_exiting || client->exiting) {
        return;
    }

    client->exiting = 1;
    client->exited = ngx_current_msec;

    if (client->connection) {

        /* without memory for it leases are given back one by one */

        (void) ngx_erp_client_hello(client);

        ngx_erp_client_flush(client);
    }
}


ngx_uint_t
ngx_erp_client_finished(ngx_erp_client_t *client)
{
    return client->exiting && client->nleases == 0
           && ngx_queue_empty(&client->questions);
}


void
ngx_erp_client_refused(ngx_erp_client_t *client)
{
    uint64_t             last;
    ngx_queue_t         *q;
    ngx_erp_question_t  *question;

    if (!client->exiting) {
        return;
    }

    if (!client->refusing) {
        client->refusing = 1;
        client->refused = ngx_current_msec;
        return;
    }

    if (ngx_current_msec - client->refused < NGX_ERP_CLIENT_REFUSED) {
        return;
    }

    /*
     * Handlers may forget any question and ask others: each time from the
     * head, and none that is newer than this call.
     */

    last = client->number;

    for ( ;; ) {
        question = NULL;

        for (q = ngx_queue_head(&client->questions);
             q != ngx_queue_sentinel(&client->questions);
             q = ngx_queue_next(q))
        {
            question = ngx_queue_data(q, ngx_erp_question_t, queue);

            if (!ngx_erp_client_lasts(question)) {
                break;
            }

            question = NULL;
        }

        if (question == NULL || question->number > last) {
            return;
        }

        ngx_erp_client_fail(question);
    }
}


ngx_int_t
ngx_erp_client_greet(ngx_erp_client_t *client)
{
    ngx_uint_t               i;
    ngx_queue_t             *q;
    ngx_erp_holding_t        holding;
    ngx_erp_question_t      *question;
    ngx_erp_client_lease_t  *lease;

    if (ngx_erp_client_hello(client) != NGX_OK) {
        return NGX_ERROR;
    }

    for (i = 0; i < NGX_ERP_CLIENT_BUCKETS; i++) {

        for (q = ngx_queue_head(&client->leases[i]);
             q != ngx_queue_sentinel(&client->leases[i]);
             q = ngx_queue_next(q))
        {
            lease = ngx_queue_data(q, ngx_erp_client_lease_t, queue);

            holding.delivery = lease->delivery;
            holding.attempt = lease->attempt;

            if (ngx_erp_wire_frame(&client->out, NGX_ERP_HOLDING, 0, &holding)
                != NGX_OK)
            {
                return NGX_ERROR;
            }
        }
    }

    for (q = ngx_queue_head(&client->questions);
         q != ngx_queue_sentinel(&client->questions);
         q = ngx_queue_next(q))
    {
        question = ngx_queue_data(q, ngx_erp_question_t, queue);

        if (ngx_erp_client_again(client, question) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    client->refusing = 0;

    client->conf->connected(client->conf->data);

    return NGX_OK;
}


static ngx_int_t
ngx_erp_client_hello(ngx_erp_client_t *client)
{
    ngx_erp_hello_t  hello;

    hello.version = NGX_ERP_WIRE_VERSION;
    hello.pid = ngx_pid;
    hello.slots = client->exiting ? 0 : client->conf->slots;

    return ngx_erp_wire_frame(&client->out, NGX_ERP_HELLO, 0, &hello);
}


/* a whole frame, as it was made */

static ngx_int_t
ngx_erp_client_again(ngx_erp_client_t *client, ngx_erp_question_t *q)
{
    size_t          used, size;
    u_char         *p;
    ngx_erp_out_t  *out;

    out = &client->out;

    if ((size_t) (out->end - out->last) < q->frame.len) {
        used = out->last - out->start;
        size = ngx_max(used + q->frame.len, 2 * used);

        p = out->grow(out->data, out->start, size);
        if (p == NULL) {
            return NGX_ERROR;
        }

        out->start = p;
        out->last = p + used;
        out->end = p + size;
    }

    out->last = ngx_cpymem(out->last, q->frame.data, q->frame.len);

    return NGX_OK;
}


void
ngx_erp_client_remove(ngx_erp_question_t *q)
{
    ngx_erp_client_t  *client;

    client = q->client;

    ngx_queue_remove(&q->queue);
    ngx_queue_remove(&q->bucket);

    if (q->timer.timer_set) {
        ngx_del_timer(&q->timer);
    }

    ngx_free(q->frame.data);
    ngx_str_null(&q->frame);

    q->asked = 0;

    if (q->type == NGX_ERP_SETTLE) {
        ngx_erp_client_settled(client, q->delivery, q->attempt);
    }
}


static void
ngx_erp_client_fail(ngx_erp_question_t *q)
{
    ngx_erp_client_remove(q);

    q->rc = NGX_ERROR;
    q->in = NULL;

    q->handler(q);
}
