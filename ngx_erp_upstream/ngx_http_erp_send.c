
/*
 * erp_send: a request becomes a message in the store, and is answered when it
 * is on disk, or when its deliveries have ended.
 */

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_http_dispatch.h"
#include "ngx_http_hl7_module.h"
#include "ngx_http_memory_body.h"
#include "ngx_http_erp_send.h"
#include "ngx_erp_db.h"


static char *ngx_http_erp_send_option(ngx_conf_t *cf, ngx_str_t *option,
    ngx_http_erp_send_t *send, ngx_uint_t *given);
static ngx_int_t ngx_http_erp_send_time(ngx_str_t *value, ngx_msec_t *msec);
static ngx_int_t ngx_http_erp_send_put(ngx_http_request_t *r);
static ngx_http_erp_sent_t *ngx_http_erp_send_create(ngx_http_request_t *r);
static void ngx_http_erp_send_mark(void *data);
static ngx_int_t ngx_http_erp_send_watch(ngx_http_request_t *r);
static void ngx_http_erp_send_broken(ngx_http_request_t *r);
static void ngx_http_erp_send_answered(ngx_erp_question_t *q);
static ngx_int_t ngx_http_erp_send_duplicate(ngx_http_erp_sent_t *sent,
    ngx_erp_put_answer_t *answer);
static ngx_int_t ngx_http_erp_send_failed(ngx_http_erp_sent_t *sent,
    const char *verdict, const char *why);
static ngx_int_t ngx_http_erp_send_stored(ngx_http_erp_sent_t *sent,
    ngx_uint_t status);
static void ngx_http_erp_send_wait(ngx_http_erp_sent_t *sent);
static void ngx_http_erp_send_expired(ngx_event_t *ev);
static ngx_http_erp_sent_t *ngx_http_erp_send_waiting(uint64_t number);
static void ngx_http_erp_send_finish(ngx_http_erp_sent_t *sent,
    ngx_int_t rc);
static void ngx_http_erp_send_cleanup(void *data);


#define ngx_http_erp_verdict(sent, text)                                      \
    (sent)->verdict.data = (u_char *) (text);                                 \
    (sent)->verdict.len = ngx_strlen(text)


/* bits of options that are given */

#define NGX_HTTP_ERP_SEND_WHEN      0x01
#define NGX_HTTP_ERP_SEND_ORDER_BY  0x02
#define NGX_HTTP_ERP_SEND_KEY       0x04
#define NGX_HTTP_ERP_SEND_WAIT      0x08
#define NGX_HTTP_ERP_SEND_TTL       0x10


typedef struct {
    ngx_str_t    name;
    ngx_uint_t   bit;
} ngx_http_erp_send_option_t;


static ngx_http_erp_send_option_t  ngx_http_erp_send_options[] = {
    { ngx_string("when="), NGX_HTTP_ERP_SEND_WHEN },
    { ngx_string("order_by="), NGX_HTTP_ERP_SEND_ORDER_BY },
    { ngx_string("key="), NGX_HTTP_ERP_SEND_KEY },
    { ngx_string("wait="), NGX_HTTP_ERP_SEND_WAIT },
    { ngx_string("ttl="), NGX_HTTP_ERP_SEND_TTL },
    { ngx_null_string, 0 }
};


/* requests of this worker that wait for deliveries */

static ngx_rbtree_t       ngx_http_erp_send_tree;
static ngx_rbtree_node_t  ngx_http_erp_send_sentinel;


char *
ngx_http_erp_send(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_erp_loc_conf_t *elcf = conf;

    char                      *rv;
    ngx_str_t                 *value;
    ngx_uint_t                 i, given;
    ngx_http_erp_send_t       *send;
    ngx_http_core_loc_conf_t  *clcf;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    if (clcf->handler && clcf->handler != ngx_http_erp_send_handler) {
        return "conflicts with another handler of this location";
    }

    if (elcf->sends == NULL) {
        elcf->sends = ngx_array_create(cf->pool, 2,
                                       sizeof(ngx_http_erp_send_t));
        if (elcf->sends == NULL) {
            return NGX_CONF_ERROR;
        }
    }

    send = ngx_array_push(elcf->sends);
    if (send == NULL) {
        return NGX_CONF_ERROR;
    }

    ngx_memzero(send, sizeof(ngx_http_erp_send_t));

    value = cf->args->elts;

    send->dest = ngx_http_erp_uri(cf, &value[1]);
    if (send->dest == NULL) {
        return NGX_CONF_ERROR;
    }

    given = 0;

    for (i = 2; i < cf->args->nelts; i++) {
        rv = ngx_http_erp_send_option(cf, &value[i], send, &given);

        if (rv != NGX_CONF_OK) {
            return rv;
        }
    }

    clcf->handler = ngx_http_erp_send_handler;

    return NGX_CONF_OK;
}


static char *
ngx_http_erp_send_option(ngx_conf_t *cf, ngx_str_t *option,
    ngx_http_erp_send_t *send, ngx_uint_t *given)
{
    ngx_str_t                           value;
    ngx_msec_t                          ttl;
    ngx_http_erp_send_option_t         *o;
    ngx_http_complex_value_t          **cv;
    ngx_http_compile_complex_value_t    ccv;

    for (o = ngx_http_erp_send_options; o->name.len; o++) {
        if (option->len > o->name.len
            && ngx_strncmp(option->data, o->name.data, o->name.len) == 0)
        {
            break;
        }
    }

    if (*given & o->bit) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "duplicate parameter \"%V\"", option);
        return NGX_CONF_ERROR;
    }

    *given |= o->bit;

    value.data = option->data + o->name.len;
    value.len = option->len - o->name.len;

    switch (o->bit) {

    case NGX_HTTP_ERP_SEND_WHEN:
        send->when = value;
        return NGX_CONF_OK;

    case NGX_HTTP_ERP_SEND_WAIT:

        if (ngx_http_erp_send_time(&value, &send->wait) == NGX_OK) {
            return NGX_CONF_OK;
        }

        break;

    case NGX_HTTP_ERP_SEND_TTL:

        if (ngx_http_erp_send_time(&value, &ttl) == NGX_OK) {
            send->ttl = ttl;
            return NGX_CONF_OK;
        }

        break;

    case NGX_HTTP_ERP_SEND_ORDER_BY:
    case NGX_HTTP_ERP_SEND_KEY:

        cv = (o->bit == NGX_HTTP_ERP_SEND_KEY) ? &send->key
                                               : &send->order_by;

        *cv = ngx_palloc(cf->pool, sizeof(ngx_http_complex_value_t));
        if (*cv == NULL) {
            return NGX_CONF_ERROR;
        }

        ngx_memzero(&ccv, sizeof(ngx_http_compile_complex_value_t));

        ccv.cf = cf;
        ccv.value = &value;
        ccv.complex_value = *cv;

        return (ngx_http_compile_complex_value(&ccv) == NGX_OK)
               ? NGX_CONF_OK : NGX_CONF_ERROR;
    }

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "invalid parameter \"%V\"", option);

    return NGX_CONF_ERROR;
}


/* not 0, which stands for "not given" */

static ngx_int_t
ngx_http_erp_send_time(ngx_str_t *value, ngx_msec_t *msec)
{
    ngx_int_t  n;

    n = ngx_parse_time(value, 0);

    if (n == NGX_ERROR || n == 0) {
        return NGX_ERROR;
    }

    *msec = n;

    return NGX_OK;
}


ngx_int_t
ngx_http_erp_send_handler(ngx_http_request_t *r)
{
    ngx_int_t  rc;

    if (r != r->main
        || !(r->method & (NGX_HTTP_POST|NGX_HTTP_PUT|NGX_HTTP_PATCH)))
    {
        return NGX_HTTP_NOT_ALLOWED;
    }

    /*
     * Without canonical_request nobody may have read it.  The phases go on
     * from this handler then, perhaps before the call returns; what we return
     * takes one off the count.
     */

    r->main->count++;

    rc = ngx_http_memory_body(r, 0);

    if (rc == NGX_DONE) {
        return NGX_DONE;
    }

    r->main->count--;

    return (rc == NGX_DECLINED) ? ngx_http_erp_send_put(r) : rc;
}


static ngx_int_t
ngx_http_erp_send_put(ngx_http_request_t *r)
{
    ngx_int_t                rc;
    ngx_http_cleanup_t      *cln;
    ngx_http_erp_sent_t     *sent;
    ngx_http_erp_refusal_t   refusal;

    sent = ngx_http_erp_send_create(r);
    if (sent == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ngx_memzero(&refusal, sizeof(ngx_http_erp_refusal_t));

    rc = ngx_http_erp_put(r, sent, &refusal);

    if (rc == NGX_DECLINED) {
        return ngx_http_erp_refuse(r, &refusal);
    }

    cln = ngx_http_cleanup_add(r, 0);

    if (rc != NGX_OK || cln == NULL || ngx_http_erp_send_watch(r) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    cln->handler = ngx_http_erp_send_cleanup;
    cln->data = sent;

    sent->question.handler = ngx_http_erp_send_answered;
    sent->question.data = sent;

    if (ngx_http_erp_client == NULL
        || ngx_erp_client_ask(ngx_http_erp_client, NGX_ERP_PUT, &sent->put,
                              &sent->question)
           != NGX_OK)
    {
        r->read_event_handler = ngx_http_block_reading;

        return ngx_http_erp_send_failed(sent, "failed",
                                        "the store cannot be asked");
    }

    sent->asking = 1;

    r->main->count++;

    return NGX_DONE;
}


/*
 * On the pool, as an internal redirect forgets the contexts of modules.  An
 * error page may lead to another flow: the last one is the first of the list.
 */

static ngx_http_erp_sent_t *
ngx_http_erp_send_create(ngx_http_request_t *r)
{
    ngx_pool_cleanup_t   *cln;
    ngx_http_erp_sent_t  *sent;

    cln = ngx_pool_cleanup_add(r->pool, sizeof(ngx_http_erp_sent_t));
    if (cln == NULL) {
        return NULL;
    }

    sent = cln->data;
    ngx_memzero(sent, sizeof(ngx_http_erp_sent_t));

    sent->request = r;
    cln->handler = ngx_http_erp_send_mark;

    return sent;
}


ngx_http_erp_sent_t *
ngx_http_erp_sent(ngx_http_request_t *r)
{
    ngx_pool_cleanup_t  *cln;

    for (cln = r->main->pool->cleanup; cln; cln = cln->next) {
        if (cln->handler == ngx_http_erp_send_mark) {
            return cln->data;
        }
    }

    return NULL;
}


static void
ngx_http_erp_send_mark(void *data)
{
}


/* a client that leaves ends its request, not what was asked of the store */

static ngx_int_t
ngx_http_erp_send_watch(ngx_http_request_t *r)
{
    ngx_event_t  *rev;

    r->read_event_handler = ngx_http_erp_send_broken;

    if (ngx_http_dispatch_of(r)) {
        return NGX_OK;
    }

    rev = r->connection->read;

    if (rev->ready) {
        ngx_post_event(rev, &ngx_posted_events);
        return NGX_OK;
    }

    return ngx_handle_read_event(rev, 0);
}


static void
ngx_http_erp_send_broken(ngx_http_request_t *r)
{
    if (ngx_http_dispatch_of(r) == NULL) {
        ngx_http_test_reading(r);
        return;
    }

    /* its socket is that of other messages as well */

    if (r->connection->error) {
        ngx_http_finalize_request(r, NGX_HTTP_CLIENT_CLOSED_REQUEST);
    }
}


static void
ngx_http_erp_send_answered(ngx_erp_question_t *q)
{
    ngx_http_erp_sent_t *sent = q->data;

    ngx_int_t               rc;
    ngx_erp_put_answer_t    answer;
    ngx_http_erp_refusal_t  refusal;

    sent->asking = 0;

    ngx_http_set_log_request(sent->request->connection->log, sent->request);

    if (q->rc != NGX_OK) {
        rc = sent->stored ? ngx_http_erp_send_stored(sent, NGX_HTTP_ACCEPTED)
                          : ngx_http_erp_send_failed(sent, "failed",
                                                "the store does not answer");
        ngx_http_erp_send_finish(sent, rc);
        return;
    }

    if (ngx_erp_wire_get_frame(q->in, NGX_ERP_PUT_ANSWER, &answer) != NGX_OK) {
        answer.verdict = NGX_ERP_FAILED;
    }

    if (sent->stored && answer.verdict != NGX_ERP_DUPLICATE) {

        /* it was asked once more, and is on disk whatever that gives */

        rc = ngx_http_erp_send_stored(sent, NGX_HTTP_ACCEPTED);
        ngx_http_erp_send_finish(sent, rc);
        return;
    }

    switch (answer.verdict) {

    case NGX_ERP_STORED:
        sent->message = answer.message;

        ngx_http_erp_verdict(sent, sent->put.ntargets ? "stored"
                                                      : "filtered");

        if (sent->waiting) {
            ngx_http_erp_send_wait(sent);
            return;
        }

        rc = ngx_http_erp_send_stored(sent, NGX_HTTP_ACCEPTED);
        break;

    case NGX_ERP_DUPLICATE:
        rc = ngx_http_erp_send_duplicate(sent, &answer);

        if (rc == NGX_AGAIN) {
            return;
        }

        break;

    case NGX_ERP_CONFLICT:
        ngx_http_erp_verdict(sent, "conflict");

        ngx_memzero(&refusal, sizeof(ngx_http_erp_refusal_t));

        refusal.status = NGX_HTTP_CONFLICT;
        refusal.code = NGX_HTTP_ERP_DUPLICATE_KEY;
        refusal.text = "the same key came with other content before";
        refusal.message = answer.message;

        rc = ngx_http_erp_refuse(sent->request, &refusal);
        break;

    case NGX_ERP_FULL:
        rc = ngx_http_erp_send_failed(sent, "full", "the store is full");
        break;

    default: /* NGX_ERP_FAILED */
        rc = ngx_http_erp_send_failed(sent, "failed", "the store failed");
    }

    ngx_http_erp_send_finish(sent, rc);
}


/*
 * Who waits is told what has become of the first one, or waits for that:
 * NGX_AGAIN.
 */

static ngx_int_t
ngx_http_erp_send_duplicate(ngx_http_erp_sent_t *sent,
    ngx_erp_put_answer_t *answer)
{
    ngx_str_t               id;
    ngx_uint_t              status;
    ngx_http_erp_refusal_t  refusal;

    sent->message = answer->message;

    if (!sent->stored) {
        ngx_http_erp_verdict(sent, "duplicate");
    }

    if (sent->waiting && answer->open) {
        id.len = answer->correlation_id.len;
        id.data = ngx_pstrdup(sent->request->pool, &answer->correlation_id);

        if (id.data) {
            sent->put.correlation_id = id;
            ngx_http_erp_send_wait(sent);

            return NGX_AGAIN;
        }
    }

    status = NGX_HTTP_ACCEPTED;

    if (sent->waiting && answer->open == 0) {

        if (answer->dead) {
            ngx_memzero(&refusal, sizeof(ngx_http_erp_refusal_t));

            refusal.status = 422;
            refusal.code = NGX_HL7_INTERNAL_ERROR;
            refusal.text = "a delivery of this message has failed before";
            refusal.message = answer->message;

            return ngx_http_erp_refuse(sent->request, &refusal);
        }

        /* a destination may be new since the first one */

        if (answer->delivered) {
            status = NGX_HTTP_OK;
        }
    }

    return ngx_http_erp_accept(sent->request, status, sent,
                               &answer->correlation_id, answer->deliveries);
}


static ngx_int_t
ngx_http_erp_send_failed(ngx_http_erp_sent_t *sent, const char *verdict,
    const char *why)
{
    ngx_http_erp_refusal_t  refusal;

    ngx_http_erp_verdict(sent, verdict);

    ngx_memzero(&refusal, sizeof(ngx_http_erp_refusal_t));

    refusal.status = NGX_HTTP_SERVICE_UNAVAILABLE;
    refusal.code = NGX_HL7_INTERNAL_ERROR;
    refusal.text = why;

    return ngx_http_erp_refuse(sent->request, &refusal);
}


static ngx_int_t
ngx_http_erp_send_stored(ngx_http_erp_sent_t *sent, ngx_uint_t status)
{
    return ngx_http_erp_accept(sent->request, status, sent,
                               &sent->put.correlation_id,
                               sent->put.ntargets);
}


static void
ngx_http_erp_send_wait(ngx_http_erp_sent_t *sent)
{
    ngx_event_t  *ev;

    if (!sent->stored) {
        sent->stored = 1;

        ev = &sent->timer;

        ev->handler = ngx_http_erp_send_expired;
        ev->data = sent;
        ev->log = sent->request->connection->log;

        ngx_add_timer(ev, sent->wait);
    }

    if (ngx_http_erp_send_tree.root == NULL) {
        ngx_rbtree_init(&ngx_http_erp_send_tree, &ngx_http_erp_send_sentinel,
                        ngx_rbtree_insert_value);
    }

    sent->node.key = (ngx_rbtree_key_t) sent->question.number;
    ngx_rbtree_insert(&ngx_http_erp_send_tree, &sent->node);

    sent->registered = 1;
}


/*
 * A store that has taken the place of another has what the other had on disk:
 * it answers that these are duplicates, and tells of their ends then.
 */

void
ngx_http_erp_send_again(void *data)
{
    uint64_t              i;
    ngx_rbtree_node_t    *node;
    ngx_http_erp_sent_t  *sent;

    while (ngx_http_erp_send_tree.root != NULL
           && ngx_http_erp_send_tree.root != &ngx_http_erp_send_sentinel)
    {
        node = ngx_rbtree_min(ngx_http_erp_send_tree.root,
                              &ngx_http_erp_send_sentinel);

        sent = ngx_rbtree_data(node, ngx_http_erp_sent_t, node);

        ngx_rbtree_delete(&ngx_http_erp_send_tree, &sent->node);
        sent->registered = 0;
        sent->waiting = 0;

        for (i = 0; i < sent->put.ntargets; i++) {
            sent->waiting += sent->put.targets[i].wait;
        }

        /* one that cannot be asked waits for its time */

        if (ngx_erp_client_ask(ngx_http_erp_client, NGX_ERP_PUT, &sent->put,
                               &sent->question)
            == NGX_OK)
        {
            sent->asking = 1;
        }
    }
}


static void
ngx_http_erp_send_expired(ngx_event_t *ev)
{
    ngx_http_erp_sent_t *sent = ev->data;

    ngx_http_set_log_request(sent->request->connection->log, sent->request);

    ngx_http_erp_send_finish(sent, ngx_http_erp_send_stored(sent,
                                                         NGX_HTTP_ACCEPTED));
}


void
ngx_http_erp_send_ended(void *data, uint64_t number, ngx_erp_ended_t *ended)
{
    ngx_http_erp_sent_t     *sent;
    ngx_http_erp_refusal_t   refusal;

    sent = ngx_http_erp_send_waiting(number);

    if (sent == NULL) {
        return;
    }

    ngx_http_set_log_request(sent->request->connection->log, sent->request);

    if (ended->state == NGX_ERP_DELIVERED) {
        sent->waiting--;

        if (sent->waiting == 0) {
            ngx_http_erp_send_finish(sent, ngx_http_erp_send_stored(sent,
                                                               NGX_HTTP_OK));
        }

        return;
    }

    ngx_memzero(&refusal, sizeof(ngx_http_erp_refusal_t));

    refusal.status = 422;
    refusal.code = NGX_HL7_INTERNAL_ERROR;
    refusal.text = "a delivery has failed";
    refusal.message = sent->message;
    refusal.delivery = ended->delivery;
    refusal.reason = ended->reason;
    refusal.erp_code = ended->code;

    ngx_http_erp_send_finish(sent, ngx_http_erp_refuse(sent->request,
                                                       &refusal));
}


static ngx_http_erp_sent_t *
ngx_http_erp_send_waiting(uint64_t number)
{
    ngx_rbtree_key_t    key;
    ngx_rbtree_node_t  *node;

    key = (ngx_rbtree_key_t) number;
    node = ngx_http_erp_send_tree.root;

    while (node && node != &ngx_http_erp_send_sentinel) {

        if (node->key == key) {
            return ngx_rbtree_data(node, ngx_http_erp_sent_t, node);
        }

        node = (key < node->key) ? node->left : node->right;
    }

    return NULL;
}


static void
ngx_http_erp_send_finish(ngx_http_erp_sent_t *sent, ngx_int_t rc)
{
    ngx_connection_t    *c;
    ngx_http_request_t  *r;

    r = sent->request;
    c = r->connection;

    r->read_event_handler = ngx_http_block_reading;

    /* an error page may need the request for longer */

    ngx_http_erp_send_cleanup(sent);

    ngx_http_finalize_request(r, rc);
    ngx_http_run_posted_requests(c);
}


static void
ngx_http_erp_send_cleanup(void *data)
{
    ngx_http_erp_sent_t *sent = data;

    if (sent->asking) {
        sent->asking = 0;

        if (ngx_http_erp_client) {
            ngx_erp_client_forget(ngx_http_erp_client, &sent->question);
        }
    }

    if (sent->timer.timer_set) {
        ngx_del_timer(&sent->timer);
    }

    if (sent->registered) {
        sent->registered = 0;
        ngx_rbtree_delete(&ngx_http_erp_send_tree, &sent->node);
    }
}
