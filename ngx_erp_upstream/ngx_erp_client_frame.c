
#include "ngx_erp_client_private.h"


static ngx_int_t ngx_erp_client_answer(ngx_erp_client_t *client,
    ngx_erp_in_t *in);
static ngx_erp_frame_e ngx_erp_client_answer_type(ngx_erp_frame_e type);
static ngx_erp_question_t *ngx_erp_client_find(ngx_erp_client_t *client,
    uint64_t number);
static ngx_int_t ngx_erp_client_ended(ngx_erp_client_t *client,
    ngx_erp_in_t *in);
static ngx_int_t ngx_erp_client_malformed(ngx_erp_client_t *client,
    ngx_erp_in_t *in);
static ngx_int_t ngx_erp_client_lease(ngx_erp_client_t *client,
    ngx_erp_in_t *in);
static ngx_int_t ngx_erp_client_give_back(ngx_erp_client_t *client,
    ngx_erp_lease_t *lease);


ngx_int_t
ngx_erp_client_frame(ngx_erp_client_t *client, ngx_erp_in_t *in)
{
    switch (in->type) {

    case NGX_ERP_PUT_ANSWER:
    case NGX_ERP_SETTLED:
    case NGX_ERP_ANSWER:
        return ngx_erp_client_answer(client, in);

    case NGX_ERP_LEASE:
        return ngx_erp_client_lease(client, in);

    case NGX_ERP_ENDED:
        return ngx_erp_client_ended(client, in);

    default:
        return ngx_erp_client_malformed(client, in);
    }
}


static ngx_int_t
ngx_erp_client_answer(ngx_erp_client_t *client, ngx_erp_in_t *in)
{
    ngx_erp_in_t         copy;
    ngx_erp_question_t  *q;

    union {
        ngx_erp_put_answer_t  put_answer;
        ngx_erp_answer_t      answer;
    } fields;

    copy = *in;

    if (ngx_erp_wire_get_frame(&copy, in->type, &fields) != NGX_OK) {
        return ngx_erp_client_malformed(client, in);
    }

    q = ngx_erp_client_find(client, in->number);

    if (q == NULL) {
        /* nobody waits for it any more */
        return NGX_OK;
    }

    if (ngx_erp_client_answer_type(q->type) != in->type) {
        return ngx_erp_client_malformed(client, in);
    }

    ngx_erp_client_remove(q);

    q->rc = NGX_OK;
    q->in = in;

    q->handler(q);

    return NGX_OK;
}


static ngx_erp_frame_e
ngx_erp_client_answer_type(ngx_erp_frame_e type)
{
    switch (type) {

    case NGX_ERP_PUT:
        return NGX_ERP_PUT_ANSWER;

    case NGX_ERP_ASK:
        return NGX_ERP_ANSWER;

    default: /* NGX_ERP_STEP, NGX_ERP_SETTLE */
        return NGX_ERP_SETTLED;
    }
}


static ngx_erp_question_t *
ngx_erp_client_find(ngx_erp_client_t *client, uint64_t number)
{
    ngx_queue_t         *q, *bucket;
    ngx_erp_question_t  *question;

    bucket = ngx_erp_client_bucket(client->numbers, number);

    for (q = ngx_queue_head(bucket);
         q != ngx_queue_sentinel(bucket);
         q = ngx_queue_next(q))
    {
        question = ngx_queue_data(q, ngx_erp_question_t, bucket);

        if (question->number == number) {
            return question;
        }
    }

    return NULL;
}


static ngx_int_t
ngx_erp_client_ended(ngx_erp_client_t *client, ngx_erp_in_t *in)
{
    ngx_erp_ended_t  ended;

    if (ngx_erp_wire_get_frame(in, NGX_ERP_ENDED, &ended) != NGX_OK) {
        return ngx_erp_client_malformed(client, in);
    }

    client->conf->ended(client->conf->data, in->number, &ended);

    return NGX_OK;
}


static ngx_int_t
ngx_erp_client_malformed(ngx_erp_client_t *client, ngx_erp_in_t *in)
{
    ngx_log_error(NGX_LOG_ERR, client->conf->log, 0,
                  "the store sent an unexpected or malformed frame of "
                  "type %ui", (ngx_uint_t) in->type);

    return NGX_ERROR;
}


static ngx_int_t
ngx_erp_client_lease(ngx_erp_client_t *client, ngx_erp_in_t *in)
{
    ngx_erp_lease_t          lease;
    ngx_erp_client_lease_t  *l;

    if (ngx_erp_wire_get_frame(in, NGX_ERP_LEASE, &lease) != NGX_OK) {
        return ngx_erp_client_malformed(client, in);
    }

    l = ngx_alloc(sizeof(ngx_erp_client_lease_t), client->conf->log);
    if (l == NULL) {
        /* the store takes it back when the connection is closed */
        return NGX_ERROR;
    }

    l->delivery = lease.delivery;
    l->attempt = lease.attempt;

    ngx_queue_insert_tail(ngx_erp_client_bucket(client->leases, l->delivery),
                          &l->queue);
    client->nleases++;

    if (client->exiting
        || client->conf->lease(client->conf->data, &lease) != NGX_OK)
    {
        return ngx_erp_client_give_back(client, &lease);
    }

    return NGX_OK;
}


/* an attempt that was not made */

static ngx_int_t
ngx_erp_client_give_back(ngx_erp_client_t *client, ngx_erp_lease_t *lease)
{
    ngx_erp_settle_t     settle;
    ngx_erp_question_t  *q;

    q = ngx_calloc(sizeof(ngx_erp_question_t), client->conf->log);
    if (q == NULL) {
        goto failed;
    }

    q->handler = ngx_erp_client_gave_back;

    ngx_memzero(&settle, sizeof(ngx_erp_settle_t));

    settle.delivery = lease->delivery;
    settle.attempt = lease->attempt;
    settle.step = lease->step;
    settle.results = lease->results;

    if (ngx_erp_client_ask(client, NGX_ERP_SETTLE, &settle, q) != NGX_OK) {
        ngx_free(q);
        goto failed;
    }

    return NGX_OK;

failed:

    /* nor is it told to be in flight: the store takes it back */

    ngx_erp_client_settled(client, lease->delivery, lease->attempt);

    return NGX_ERROR;
}


void
ngx_erp_client_gave_back(ngx_erp_question_t *q)
{
    ngx_free(q);
}


void
ngx_erp_client_settled(ngx_erp_client_t *client, uint64_t delivery,
    uint64_t attempt)
{
    ngx_queue_t             *q, *bucket;
    ngx_erp_client_lease_t  *lease;

    bucket = ngx_erp_client_bucket(client->leases, delivery);

    for (q = ngx_queue_head(bucket);
         q != ngx_queue_sentinel(bucket);
         q = ngx_queue_next(q))
    {
        lease = ngx_queue_data(q, ngx_erp_client_lease_t, queue);

        if (lease->delivery == delivery && lease->attempt == attempt) {
            ngx_queue_remove(q);
            ngx_free(lease);
            client->nleases--;
            return;
        }
    }
}


void
ngx_erp_client_free_leases(ngx_erp_client_t *client)
{
    ngx_uint_t    i;
    ngx_queue_t  *q;

    for (i = 0; i < NGX_ERP_CLIENT_BUCKETS; i++) {
        while (!ngx_queue_empty(&client->leases[i])) {
            q = ngx_queue_head(&client->leases[i]);
            ngx_queue_remove(q);
            ngx_free(ngx_queue_data(q, ngx_erp_client_lease_t, queue));
        }
    }

    client->nleases = 0;
}
