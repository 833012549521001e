
/*
 * Frames of workers, within a turn: all but STEP and SETTLE.
 */

#include "ngx_erp_store_private.h"


static ngx_int_t ngx_erp_store_hello(ngx_erp_store_t *store,
    ngx_erp_peer_t *peer, ngx_erp_in_t *in);
static ngx_int_t ngx_erp_store_holding(ngx_erp_store_t *store,
    ngx_erp_peer_t *peer, ngx_erp_in_t *in);
static void ngx_erp_store_claim(ngx_erp_store_t *store, ngx_erp_peer_t *peer,
    ngx_erp_holding_t *h);
static ngx_int_t ngx_erp_store_put(ngx_erp_store_t *store,
    ngx_erp_peer_t *peer, ngx_erp_in_t *in);
static ngx_int_t ngx_erp_store_put_read(ngx_erp_store_t *store,
    ngx_erp_in_t *in, ngx_erp_message_t *m);
static void ngx_erp_store_put_message(ngx_erp_store_t *store,
    ngx_erp_peer_t *peer, uint64_t number, ngx_erp_message_t *m,
    ngx_erp_put_answer_t *answer);
static ngx_int_t ngx_erp_store_put_known(ngx_erp_store_t *store, uint64_t id,
    ngx_erp_message_t *m, ngx_erp_put_answer_t *answer);
static ngx_int_t ngx_erp_store_put_rows(ngx_erp_store_t *store,
    ngx_erp_peer_t *peer, uint64_t number, ngx_erp_message_t *m,
    ngx_erp_row_t *rows);
static void ngx_erp_store_put_answer(ngx_erp_store_t *store,
    ngx_erp_peer_t *peer, uint64_t number, ngx_erp_message_t *m,
    ngx_erp_put_answer_t *answer);
static ngx_int_t ngx_erp_store_ask(ngx_erp_store_t *store,
    ngx_erp_peer_t *peer, ngx_erp_in_t *in);
static void ngx_erp_store_ask_ended(void *data, ngx_erp_row_t *row,
    const char *reason);
static void ngx_erp_store_ask_unavailable(ngx_erp_peer_t *peer,
    uint64_t number);
static void ngx_erp_store_refuse_frame(ngx_erp_store_t *store,
    ngx_erp_peer_t *peer, ngx_erp_in_t *in, u_char *frame);


static ngx_str_t  ngx_erp_store_problem_type =
    ngx_string("application/problem+json");

static ngx_str_t  ngx_erp_store_problem =
    ngx_string("{\"type\":\"about:blank\",\"title\":\"Service Unavailable\","
               "\"status\":503,\"detail\":\"the store cannot be written\"}");


ngx_int_t
ngx_erp_store_frame(ngx_erp_store_t *store, ngx_erp_peer_t *peer,
    ngx_erp_in_t *in, u_char *frame)
{
    if (in->type == NGX_ERP_HELLO) {
        return ngx_erp_store_hello(store, peer, in);
    }

    if (!peer->hello) {
        return NGX_DECLINED;
    }

    switch (in->type) {

    case NGX_ERP_HOLDING:
        return ngx_erp_store_holding(store, peer, in);

    case NGX_ERP_PUT:
        return ngx_erp_store_put(store, peer, in);

    case NGX_ERP_STEP:
    case NGX_ERP_SETTLE:
        return ngx_erp_store_settle(store, peer, in, frame);

    case NGX_ERP_ASK:
        return ngx_erp_store_ask(store, peer, in);

    default:
        return NGX_DECLINED;
    }
}


static ngx_int_t
ngx_erp_store_hello(ngx_erp_store_t *store, ngx_erp_peer_t *peer,
    ngx_erp_in_t *in)
{
    ngx_erp_hello_t  hello;

    if (ngx_erp_wire_get_frame(in, NGX_ERP_HELLO, &hello) != NGX_OK
        || hello.version != NGX_ERP_WIRE_VERSION)
    {
        return NGX_DECLINED;
    }

    peer->pid = hello.pid;
    peer->slots = hello.slots;

    if (!peer->hello) {
        peer->hello = 1;

        ngx_log_error(NGX_LOG_INFO, store->log, 0,
                      "worker %uL has come to the store, %ui slots",
                      peer->pid, peer->slots);
    }

    return NGX_OK;
}


static ngx_int_t
ngx_erp_store_holding(ngx_erp_store_t *store, ngx_erp_peer_t *peer,
    ngx_erp_in_t *in)
{
    ngx_erp_tie_t      *tie;
    ngx_erp_holding_t   h;

    if (ngx_erp_wire_get_frame(in, NGX_ERP_HOLDING, &h) != NGX_OK) {
        return NGX_DECLINED;
    }

    tie = ngx_erp_tie_find(&store->leases, h.delivery);

    if (tie == NULL) {
        ngx_erp_store_claim(store, peer, &h);
        return NGX_OK;
    }

    /* that of another worker is another attempt, and this one an old one */

    if (tie->peer != peer && tie->peer->connection == NULL
        && tie->peer->pid == peer->pid && tie->number == h.attempt)
    {
        ngx_erp_tie_move(tie, peer);
    }

    return NGX_OK;
}


/*
 * After a start.  One that cannot be claimed was settled, or given to another
 * worker: what becomes of it here is heard of late then.
 */

static void
ngx_erp_store_claim(ngx_erp_store_t *store, ngx_erp_peer_t *peer,
    ngx_erp_holding_t *h)
{
    ngx_str_t       reason;
    ngx_erp_row_t   row;
    ngx_erp_tie_t  *tie;

    if (ngx_erp_store_begin(store) != NGX_OK
        || ngx_erp_db_state(store->db, h->delivery, &row) != NGX_OK
        || h->attempt != (uint64_t) row.attempts + 1)
    {
        return;
    }

    store->touched = 1;

    if (ngx_erp_schedule_claim(store->schedule, h->delivery) != NGX_OK) {
        return;
    }

    tie = ngx_erp_tie_make(&store->leases, peer, h->delivery, h->attempt, 0);

    if (tie == NULL) {
        (void) ngx_erp_schedule_give_back(store->schedule, h->delivery,
                                          store->now + NGX_ERP_STORE_LATER);
        return;
    }

    if (row.state != NGX_ERP_LEASED && row.state != NGX_ERP_ENDING) {
        ngx_str_null(&reason);

        (void) ngx_erp_db_change(store->db, h->delivery, NGX_ERP_LEASED,
                                 row.next_at, &reason);
    }
}


static ngx_int_t
ngx_erp_store_put(ngx_erp_store_t *store, ngx_erp_peer_t *peer,
    ngx_erp_in_t *in)
{
    ngx_int_t              rc;
    ngx_erp_message_t      m;
    ngx_erp_put_answer_t   answer;

    ngx_memzero(&answer, sizeof(ngx_erp_put_answer_t));

    rc = ngx_erp_store_put_read(store, in, &m);

    if (rc == NGX_DECLINED) {
        return NGX_DECLINED;
    }

    if (rc == NGX_ERROR) {
        answer.verdict = NGX_ERP_FAILED;
        ngx_erp_peer_frame(peer, NGX_ERP_PUT_ANSWER, in->number, &answer);
        return NGX_OK;
    }

    if (store->full) {
        answer.verdict = NGX_ERP_FULL;

    } else {
        answer.verdict = NGX_ERP_FAILED;

        /* if it cannot begin, all of the turn is answered so */

        if (ngx_erp_store_begin(store) == NGX_OK) {
            ngx_erp_store_put_message(store, peer, in->number, &m, &answer);
        }
    }

    ngx_erp_store_put_answer(store, peer, in->number, &m, &answer);

    if (answer.verdict == NGX_ERP_DUPLICATE && answer.open) {
        ngx_erp_store_wait_again(store, peer, in->number, &m, answer.message);
    }

    return NGX_OK;
}


/* NGX_DECLINED: it is no message; NGX_ERROR: no memory */

static ngx_int_t
ngx_erp_store_put_read(ngx_erp_store_t *store, ngx_erp_in_t *in,
    ngx_erp_message_t *m)
{
    store->no_memory = 0;

    ngx_memzero(m, sizeof(ngx_erp_message_t));

    if (ngx_erp_wire_get_put(in, m, ngx_erp_store_alloc, store) == NGX_OK) {
        return NGX_OK;
    }

    return store->no_memory ? NGX_ERROR : NGX_DECLINED;
}


static void
ngx_erp_store_put_message(ngx_erp_store_t *store, ngx_erp_peer_t *peer,
    uint64_t number, ngx_erp_message_t *m, ngx_erp_put_answer_t *answer)
{
    uint64_t        id;
    ngx_int_t       rc;
    ngx_erp_row_t  *rows;
    ngx_erp_put_e   verdict;

    rows = ngx_erp_store_alloc(store,
                               (m->ntargets + 1) * sizeof(ngx_erp_row_t));
    if (rows == NULL) {
        return;
    }

    /* by the clock that its deliveries expire by: a worker's may jump */

    m->received = store->now;

    id = 0;

    rc = ngx_erp_db_put(store->db, m, store->now, &verdict, &id, rows);

    if (rc == NGX_OK && verdict == NGX_ERP_STORED) {
        store->changes++;

        if (ngx_erp_store_put_rows(store, peer, number, m, rows) != NGX_OK) {
            store->failed = NGX_ERROR;
        }

        answer->message = id;
        answer->deliveries = m->ntargets;
        answer->correlation_id = m->correlation_id;
    }

    if (rc == NGX_OK && verdict == NGX_ERP_DUPLICATE
        && ngx_erp_store_put_known(store, id, m, answer) != NGX_OK)
    {
        verdict = NGX_ERP_FAILED;
    }

    if (verdict == NGX_ERP_FAILED || verdict == NGX_ERP_FULL) {
        ngx_erp_store_error(store, "refuses a message");
    }

    answer->verdict = verdict;
}


/* who waits for some of its deliveries is told of these */

static ngx_int_t
ngx_erp_store_put_known(ngx_erp_store_t *store, uint64_t id,
    ngx_erp_message_t *m, ngx_erp_put_answer_t *answer)
{
    size_t      len;
    u_char     *p;
    uint64_t    i;
    ngx_str_t   waited;

    len = 0;

    for (i = 0; i < m->ntargets; i++) {
        if (m->targets[i].wait) {
            len += m->targets[i].destination.len + 2;
        }
    }

    waited.data = ngx_erp_store_alloc(store, len + 1);
    if (waited.data == NULL) {
        return NGX_ERROR;
    }

    p = waited.data;

    for (i = 0; i < m->ntargets; i++) {
        if (m->targets[i].wait) {
            *p++ = LF;
            p = ngx_cpymem(p, m->targets[i].destination.data,
                           m->targets[i].destination.len);
            *p++ = LF;
        }
    }

    waited.len = len;

    return ngx_erp_db_message(store->db, id, &waited, answer);
}


static ngx_int_t
ngx_erp_store_put_rows(ngx_erp_store_t *store, ngx_erp_peer_t *peer,
    uint64_t number, ngx_erp_message_t *m, ngx_erp_row_t *rows)
{
    uint64_t  i;

    store->touched = 1;

    for (i = 0; i < m->ntargets; i++) {

        if (ngx_erp_schedule_add(store->schedule, &rows[i]) != NGX_OK) {
            return NGX_ERROR;
        }

        /* without memory it is waited for in vain, and delivered */

        if (m->targets[i].wait) {
            (void) ngx_erp_tie_make(&store->waits, peer, rows[i].id, number,
                                    1);
        }
    }

    return NGX_OK;
}


static void
ngx_erp_store_put_answer(ngx_erp_store_t *store, ngx_erp_peer_t *peer,
    uint64_t number, ngx_erp_message_t *m, ngx_erp_put_answer_t *answer)
{
    ngx_erp_count_t  count;

    ngx_erp_peer_frame(peer, NGX_ERP_PUT_ANSWER, number, answer);

    ngx_memzero(&count, sizeof(ngx_erp_count_t));

    count.type = NGX_ERP_PUT;
    count.value = answer->verdict;
    count.flow = m->flow;
    count.message_type = m->type;

    ngx_erp_store_count(store, &count);
}


/*
 * Alone in its turn: what is damaged, and how it fails, is nobody else's
 * trouble.  What only reads needs no transaction.
 */

static ngx_int_t
ngx_erp_store_ask(ngx_erp_store_t *store, ngx_erp_peer_t *peer,
    ngx_erp_in_t *in)
{
    ngx_int_t         rc;
    ngx_erp_ask_t     ask;
    ngx_erp_asked_t   asked;
    ngx_erp_answer_t  answer;

    if (ngx_erp_wire_get_frame(in, NGX_ERP_ASK, &ask) != NGX_OK) {
        return NGX_DECLINED;
    }

    if (ask.method.len == 4 && ngx_memcmp(ask.method.data, "POST", 4) == 0) {
        store->failed = ngx_erp_db_begin_one(store->db);

        if (store->failed != NGX_OK) {
            return NGX_OK;
        }

        store->begun = 1;
    }

    ngx_memzero(&asked, sizeof(ngx_erp_asked_t));

    asked.db = store->db;
    asked.schedule = store->schedule;
    asked.metrics = store->metrics;
    asked.now = store->now;
    asked.capacity = ngx_max(store->available - store->conf->min_free, 0);
    asked.full = store->full;
    asked.arena = &store->arena;
    asked.ended = ngx_erp_store_ask_ended;
    asked.data = store;

    ngx_memzero(&answer, sizeof(ngx_erp_answer_t));

    rc = ngx_erp_ask(&asked, &ask, &answer);

    if (asked.changed) {
        store->touched = 1;
        store->changes++;
    }

    if (rc == NGX_OK) {
        ngx_erp_peer_frame(peer, NGX_ERP_ANSWER, in->number, &answer);
        return NGX_OK;
    }

    ngx_erp_store_error(store, "cannot answer the API");

    if (store->begun) {
        ngx_erp_store_undo(store);
    }

    ngx_erp_store_ask_unavailable(peer, in->number);

    return NGX_OK;
}


static void
ngx_erp_store_ask_ended(void *data, ngx_erp_row_t *row, const char *reason)
{
    ngx_erp_store_ended(data, row, 0, reason, NULL);
}


static void
ngx_erp_store_ask_unavailable(ngx_erp_peer_t *peer, uint64_t number)
{
    ngx_erp_answer_t  answer;

    answer.status = 503;
    answer.type = ngx_erp_store_problem_type;
    answer.body = ngx_erp_store_problem;

    ngx_erp_peer_frame(peer, NGX_ERP_ANSWER, number, &answer);
}


void
ngx_erp_store_refuse(ngx_erp_store_t *store, ngx_erp_peer_t *peer)
{
    u_char        *pos, *frame;
    size_t         need;
    ngx_erp_in_t   in;

    pos = peer->start + peer->turn;

    while (pos != peer->pos) {
        frame = pos;

        if (ngx_erp_wire_next(&pos, peer->pos, &in, &need) != NGX_OK) {
            break;
        }

        ngx_erp_store_refuse_frame(store, peer, &in, frame);
    }
}


static void
ngx_erp_store_refuse_frame(ngx_erp_store_t *store, ngx_erp_peer_t *peer,
    ngx_erp_in_t *in, u_char *frame)
{
    ngx_erp_message_t     m;
    ngx_erp_put_answer_t  answer;

    switch (in->type) {

    case NGX_ERP_PUT:
        ngx_memzero(&answer, sizeof(ngx_erp_put_answer_t));

        answer.verdict = (store->failed == NGX_ABORT || store->full)
                         ? NGX_ERP_FULL : NGX_ERP_FAILED;

        (void) ngx_erp_store_put_read(store, in, &m);
        ngx_erp_store_put_answer(store, peer, in->number, &m, &answer);
        break;

    case NGX_ERP_STEP:
    case NGX_ERP_SETTLE:
        if (ngx_erp_store_keep_frame(&store->kept, peer, frame,
                                     in->end - frame)
            == NULL)
        {
            /* it connects again and asks again */
            peer->bad = 1;
        }

        break;

    case NGX_ERP_ASK:
        ngx_erp_store_ask_unavailable(peer, in->number);
        break;

    default:
        break;
    }
}
