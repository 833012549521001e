
/*
 * The API of a store that a test has: asks, and looks into the answers.
 */

#ifndef _UNIT_ERP_API_H_INCLUDED_
#define _UNIT_ERP_API_H_INCLUDED_


#include "erp_store.h"
#include "arena.h"

#include "ngx_erp_ask_private.h"
#include "ngx_canonical_json.h"


static ngx_erp_asked_t         asked;
static ngx_erp_ask_t           question;
static ngx_erp_answer_t        answer;
static ngx_canonical_arena_t   api_arena;
static ngx_canonical_node_t   *api_root;
static ngx_uint_t              api_used;


static inline ngx_int_t
api_row(void *data, ngx_erp_row_t *row)
{
    return ngx_erp_schedule_add(asked.schedule, row);
}


static inline ngx_int_t
api_blocking(void *data, ngx_erp_row_t *row)
{
    return ngx_erp_schedule_hold(asked.schedule, row->destination,
                                 row->order);
}


static inline ngx_int_t
api_destination(void *data, ngx_erp_destination_t *d)
{
    ngx_erp_rules_t     rules;
    ngx_erp_breaker_t  *b;

    memset(&rules, 0, sizeof(rules));

    rules.retry.base = 1000;
    rules.retry.factor = 200;
    rules.retry.max = 300000;
    rules.retry.ttl = 72 * 3600 * 1000;
    rules.breaker.open = 30000;
    rules.breaker.max_open = 30000;

    if (ngx_erp_schedule_destination(asked.schedule, d->number, &rules)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_erp_schedule_pause(asked.schedule, d->number, d->paused);

    if (d->breaker.len) {
        b = ngx_erp_schedule_breaker(asked.schedule, d->number);
        (void) ngx_erp_breaker_read(b, &d->breaker);
    }

    return NGX_OK;
}


/* the schedule as a start makes it of the rows */

static inline void
api_start(void)
{
    if (asked.schedule) {
        ngx_erp_schedule_free(asked.schedule);
    }

    if (asked.metrics == NULL) {
        asked.metrics = ngx_erp_metrics_create();
    }

    asked.db = db;
    asked.schedule = ngx_erp_schedule_create();
    asked.now = NOW + 1000;

    if (asked.metrics == NULL || asked.schedule == NULL
        || ngx_erp_db_destinations(db, api_destination, NULL) != NGX_OK
        || ngx_erp_db_blocking(db, api_blocking, NULL) != NGX_OK
        || ngx_erp_db_pending(db, api_row, NULL) != NGX_OK)
    {
        printf("Bail out! no schedule\n");
        exit(EXIT_FAILURE);
    }
}


static inline void
api_forget(void)
{
    if (api_used) {
        unit_arena_free(&api_arena);
        api_used = 0;
    }

    api_root = NULL;
}


static inline void
api_end(void)
{
    api_forget();

    ngx_erp_schedule_free(asked.schedule);
    ngx_erp_metrics_free(asked.metrics);

    memset(&asked, 0, sizeof(asked));
}


/* in a turn, with an arena of that many bytes; a small one counts each */

static inline ngx_int_t
api_turn(const char *method, const char *path, const char *args,
    const char *body, size_t limit)
{
    ngx_int_t  rc;

    api_forget();
    unit_arena(&api_arena, limit);
    api_used = 1;

    if (limit < NGX_ERP_ASK_ARENA) {
        api_arena.next = 1;
    }

    memset(&question, 0, sizeof(question));

    question.method = str(method);
    question.path = str(path);
    question.args = str(args);
    question.body = str(body);
    question.who = str("otto");

    asked.arena = &api_arena;

    if (strcmp(method, "POST") != 0) {
        return ngx_erp_ask(&asked, &question, &answer);
    }

    if (ngx_erp_db_begin_one(db) != NGX_OK) {
        return NGX_ABORT;
    }

    rc = ngx_erp_ask(&asked, &question, &answer);

    if (ngx_erp_db_commit(db) != NGX_OK && rc == NGX_OK) {
        rc = NGX_ABORT;
    }

    return rc;
}


/* whether the answer is JSON */

static inline int
api_read(void)
{
    ngx_canonical_error_t   err;
    ngx_canonical_limits_t  limits = { 16, 1000000, 1000000, 32 };

    memset(&err, 0, sizeof(err));
    api_arena.limit = 64 * 1024 * 1024;

    return ngx_canonical_json_read(&api_arena, &answer.body, &limits,
                                   &api_root, &err)
           == NGX_OK;
}


/* the status; the answer is read, and is below its bound */

static inline int
api(const char *method, const char *path, const char *args, const char *body)
{
    if (api_turn(method, path, args, body, NGX_ERP_ASK_ARENA) != NGX_OK
        || answer.body.len >= 1024 * 1024
        || (answer.type.data[0] == 'a' && !api_read()))
    {
        return 0;
    }

    return (int) answer.status;
}


#define get(path, args)   api("GET", path, args, NULL)
#define post(path, body)  api("POST", path, NULL, body)


/* the node at "messages.0.id", NULL: none */

static inline ngx_canonical_node_t *
api_node(const char *path)
{
    char                  *end;
    size_t                 len;
    ngx_uint_t             n;
    ngx_canonical_node_t  *node;

    for (node = api_root; node && *path; path += len + (path[len] == '.')) {
        len = strcspn(path, ".");

        if (node->kind != NGX_CANONICAL_ARRAY) {
            node = ngx_canonical_member(node, path, len);
            continue;
        }

        n = strtoul(path, &end, 10);

        for (node = node->first; node && n; n--) {
            node = node->next;
        }
    }

    return node;
}


static inline const char *
api_text(const char *path)
{
    ngx_canonical_node_t  *node;
    static char            text[2048];

    node = api_node(path);

    if (node == NULL) {
        return "(none)";
    }

    if (node->kind == NGX_CANONICAL_NULL) {
        return "null";
    }

    snprintf(text, sizeof(text), "%.*s", (int) node->len,
             node->data ? (char *) node->data : "");

    return text;
}


static inline int
api_length(const char *path)
{
    int                    n;
    ngx_canonical_node_t  *node;

    node = api_node(path);

    if (node == NULL) {
        return -1;
    }

    n = 0;

    for (node = node->first; node; node = node->next) {
        n++;
    }

    return n;
}


#define is_at(path, want, name)                                               \
    unit_row(api_text(path), want, name, __FILE__, __LINE__)


/* what goes next, 0: nothing */

static inline uint64_t
api_next(void)
{
    uint64_t        wait;
    ngx_uint_t      expired;
    ngx_erp_row_t   row;

    if (ngx_erp_schedule_next(asked.schedule, asked.now, &row, &expired,
                              &wait)
        != NGX_OK)
    {
        return 0;
    }

    return expired ? UINT64_MAX : row.id;
}


static inline void
api_settle(uint64_t id, ngx_erp_outcome_e outcome, uint64_t retry_after)
{
    const char     *reason;
    ngx_erp_row_t   row;

    (void) ngx_erp_schedule_settle(asked.schedule, id, outcome, retry_after,
                                   asked.now, 0, &row, &reason);
}


/* a message for a destination, of a key: its delivery */

static inline uint64_t
api_put(int n, const char *destination, const char *order)
{
    store_message_t  s;

    store_message(&s, n);

    s.target.destination = str(destination);
    s.target.order = str(order);

    if (ngx_erp_db_begin(db) != NGX_OK
        || store_put(&s) != NGX_OK
        || ngx_erp_db_commit(db) != NGX_OK
        || s.verdict != NGX_ERP_STORED)
    {
        return 0;
    }

    return s.row.id;
}


/* the same, and it is a dead letter */

static inline uint64_t
api_dead(int n, const char *destination, const char *order,
    const char *reason)
{
    uint64_t         id;
    ngx_erp_lease_t  lease;

    id = api_put(n, destination, order);

    if (store_lease(id, &lease) != NGX_OK
        || store_settle(id, 1, NGX_ERP_BAD, NGX_ERP_DEAD, reason) != NGX_OK)
    {
        return 0;
    }

    return id;
}


#endif /* _UNIT_ERP_API_H_INCLUDED_ */
