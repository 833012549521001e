
/*
 * The store process: its life.
 *
 * NGINX calls the manager of our path in a process of its own, and ends that
 * by exit(): what has to be done then is in an atexit() handler.
 */

#include "ngx_erp_store_private.h"


#define NGX_ERP_STORE_AGAIN   20      /* ms, until the lock is free */
#define NGX_ERP_STORE_PERIOD  1000    /* ms, of what is done by the clock */
#define NGX_ERP_STORE_LEAVE   300     /* ms, for workers to tell that they are
                                         to end */


static void ngx_erp_store_single_handler(ngx_event_t *ev);
static ngx_erp_store_t *ngx_erp_store_create(ngx_erp_store_conf_t *conf);
static ngx_int_t ngx_erp_store_lock(ngx_erp_store_t *store);
static ngx_int_t ngx_erp_store_open(ngx_erp_store_t *store);
static void ngx_erp_store_refused(ngx_erp_store_t *store, ngx_err_t err,
    const char *why);
static void ngx_erp_store_close(ngx_erp_store_t *store);
static ngx_uint_t ngx_erp_store_crashed(ngx_erp_store_t *store);
static ngx_int_t ngx_erp_store_write_pid(ngx_erp_store_t *store);
static void ngx_erp_store_at_exit(void);
static void ngx_erp_store_linger(ngx_erp_store_t *store);
static ngx_uint_t ngx_erp_store_needed(ngx_erp_store_t *store,
    uint64_t until);
static void ngx_erp_store_tick(ngx_event_t *ev);
static uint64_t ngx_erp_store_monotonic(void);


/* of this process, if it is the store's */

static ngx_erp_store_t  *ngx_erp_store;


ngx_msec_t
ngx_erp_store_manager(void *data)
{
    ngx_int_t         rc;
    ngx_erp_store_t  *store;

    if (ngx_erp_store == NULL) {
        ngx_erp_store = ngx_erp_store_create(data);

        if (ngx_erp_store == NULL) {
            return NGX_ERP_STORE_PERIOD;
        }
    }

    store = ngx_erp_store;

    if (store->phase == NGX_ERP_STORE_LOCKING) {
        rc = ngx_erp_store_lock(store);

        if (rc != NGX_OK) {
            return (rc == NGX_AGAIN) ? NGX_ERP_STORE_AGAIN
                                     : NGX_ERP_STORE_PERIOD;
        }

        store->phase = NGX_ERP_STORE_OPENING;
    }

    if (store->phase == NGX_ERP_STORE_OPENING) {

        if (ngx_erp_store_open(store) != NGX_OK) {
            ngx_erp_store_close(store);
            return NGX_ERP_STORE_PERIOD;
        }

        store->phase = NGX_ERP_STORE_READY;
    }

    ngx_erp_store_keep(store);

    return NGX_ERP_STORE_PERIOD;
}


ngx_int_t
ngx_erp_store_single(ngx_cycle_t *cycle, ngx_erp_store_conf_t *conf)
{
    ngx_event_t  *ev;

    ngx_erp_store = ngx_erp_store_create(conf);

    if (ngx_erp_store == NULL) {
        return NGX_ERROR;
    }

    ev = &ngx_erp_store->single;

    ev->handler = ngx_erp_store_single_handler;
    ev->data = ngx_erp_store;
    ev->log = ngx_erp_store->log;

    ngx_add_timer(ev, 1);

    return NGX_OK;
}


static void
ngx_erp_store_single_handler(ngx_event_t *ev)
{
    ngx_erp_store_t  *store;

    store = ev->data;

    ngx_add_timer(ev, ngx_erp_store_manager(store->conf));
}


static ngx_erp_store_t *
ngx_erp_store_create(ngx_erp_store_conf_t *conf)
{
    ngx_log_t        *log;
    ngx_time_t       *tp;
    ngx_erp_store_t  *store;

    log = ngx_cycle->log;

    store = ngx_calloc(sizeof(ngx_erp_store_t), log);
    if (store == NULL) {
        return NULL;
    }

    store->conf = conf;
    store->log = log;
    store->pid = ngx_pid;
    store->lock = NGX_INVALID_FILE;

    ngx_time_update();
    tp = ngx_timeofday();

    store->wall = (uint64_t) tp->sec * 1000 + tp->msec;
    store->monotonic = ngx_erp_store_monotonic();

    ngx_queue_init(&store->peers);
    ngx_queue_init(&store->kept);
    ngx_queue_init(&store->alone);
    ngx_queue_init(&store->written);

    ngx_erp_ties_init(&store->leases, 1);
    ngx_erp_ties_init(&store->waits, 0);

    store->event.handler = ngx_erp_store_turn;
    store->event.data = store;
    store->event.log = log;

    store->wake.handler = ngx_erp_store_wake;
    store->wake.data = store;
    store->wake.log = log;

    store->prune.handler = ngx_erp_store_prune;
    store->prune.data = store;
    store->prune.log = log;

    return store;
}


/*
 * The time of day at the start and what a monotonic clock counted since.  It
 * is never set right again: if the system's clock jumps, by an operator or a
 * time server, deliveries neither wait for hours nor expire all at once, and
 * the next start has the right time.
 */

uint64_t
ngx_erp_store_now(ngx_erp_store_t *store)
{
    return store->wall + (ngx_erp_store_monotonic() - store->monotonic);
}


static uint64_t
ngx_erp_store_monotonic(void)
{
    struct timespec  ts;

    (void) clock_gettime(CLOCK_MONOTONIC, &ts);

    return (uint64_t) ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}


u_char *
ngx_erp_store_path(ngx_erp_store_t *store, const char *name)
{
    *ngx_snprintf(store->path, NGX_MAX_PATH - 1, "%V/%s",
                  &store->conf->path->name, name)
        = '\0';

    return store->path;
}


/* NGX_AGAIN: the process before this one still has it, as after a reload */

static ngx_int_t
ngx_erp_store_lock(ngx_erp_store_t *store)
{
    u_char     *path;
    ngx_err_t   err;

    if (store->conf->path->name.len > NGX_ERP_STORE_PATH_MAX) {
        ngx_erp_store_refused(store, 0, "its path is too long");
        return NGX_ERROR;
    }

    if (store->lock == NGX_INVALID_FILE) {
        path = ngx_erp_store_path(store, NGX_ERP_STORE_LOCK);

        store->lock = open((char *) path, O_RDWR|O_CREAT|O_CLOEXEC, 0600);

        if (store->lock == NGX_INVALID_FILE) {
            ngx_erp_store_refused(store, ngx_errno,
                                  "\"" NGX_ERP_STORE_LOCK
                                  "\" cannot be opened");
            return NGX_ERROR;
        }
    }

    err = ngx_trylock_fd(store->lock);

    if (err == 0) {
        return NGX_OK;
    }

    if (err == NGX_EAGAIN || err == NGX_EACCES) {
        return NGX_AGAIN;
    }

    ngx_erp_store_refused(store, err,
                          "\"" NGX_ERP_STORE_LOCK "\" cannot be locked");
    return NGX_ERROR;
}


static ngx_int_t
ngx_erp_store_open(ngx_erp_store_t *store)
{
    char      why[256];
    uint64_t  took;

    /* the clock of the start, also if it took some tries */

    took = ngx_erp_store_now(store);

    store->crashed = ngx_erp_store_crashed(store);

    *ngx_snprintf(store->path, NGX_MAX_PATH - 1, "%V",
                  &store->conf->path->name)
        = '\0';

    why[0] = '\0';

    if (ngx_erp_db_open(&store->db, (char *) store->path,
                        store->conf->key_file.len ? &store->conf->keys : NULL,
                        why)
        != NGX_OK)
    {
        ngx_erp_store_refused(store, 0, why);
        return NGX_ERROR;
    }

    store->metrics = ngx_erp_metrics_create();
    if (store->metrics == NULL) {
        ngx_erp_store_refused(store, 0, "no memory");
        return NGX_ERROR;
    }

    store->now = ngx_erp_store_now(store);
    store->left_until = store->now + NGX_ERP_STORE_GRACE;

    if (ngx_erp_store_destinations(store) != NGX_OK
        || ngx_erp_store_load(store) != NGX_OK)
    {
        ngx_erp_store_refused(store, 0, ngx_erp_db_error(store->db));
        return NGX_ERROR;
    }

    if (ngx_erp_store_listen(store) != NGX_OK
        || ngx_erp_store_write_pid(store) != NGX_OK)
    {
        ngx_erp_store_refused(store, 0, "it cannot listen");
        return NGX_ERROR;
    }

    if (ngx_process == NGX_PROCESS_HELPER) {
        ngx_setproctitle("healthcare store process");
    }

    took = ngx_erp_store_now(store) - took;
    ngx_erp_metrics_recovered(store->metrics, took);

    ngx_log_error(NGX_LOG_NOTICE, store->log, 0,
                  "store process is ready: %uL deliveries pending, took %uL "
                  "ms", store->pending, took);

    store->why[0] = '\0';
    ngx_erp_store_post(store);

    return NGX_OK;
}


/* it is tried again each second, and told once */

static void
ngx_erp_store_refused(ngx_erp_store_t *store, ngx_err_t err, const char *why)
{
    if (why[0] == '\0') {
        why = "unknown";
    }

    if (ngx_strncmp(store->why, why, sizeof(store->why) - 1) == 0) {
        return;
    }

    (void) ngx_cpystrn((u_char *) store->why, (u_char *) why,
                       sizeof(store->why));

    ngx_log_error(NGX_LOG_EMERG, store->log, err,
                  "store \"%V\" is not started, messages are refused: %s",
                  &store->conf->path->name, why);
}


/* the lock is kept: it is tried again */

static void
ngx_erp_store_close(ngx_erp_store_t *store)
{
    ngx_queue_t     *q;
    ngx_erp_peer_t  *peer;

    while (!ngx_queue_empty(&store->peers)) {
        q = ngx_queue_head(&store->peers);
        peer = ngx_queue_data(q, ngx_erp_peer_t, queue);

        if (peer->connection) {
            ngx_erp_peer_close(peer);
        }

        ngx_erp_peer_free(peer);
    }

    if (store->listening) {
        ngx_close_connection(store->listening);
        store->listening = NULL;
    }

    if (store->wake.timer_set) {
        ngx_del_timer(&store->wake);
    }

    if (store->prune.timer_set) {
        ngx_del_timer(&store->prune);
    }

    if (store->event.posted) {
        ngx_delete_posted_event(&store->event);
    }

    if (store->schedule) {
        ngx_erp_schedule_free(store->schedule);
        store->schedule = NULL;
    }

    if (store->metrics) {
        ngx_erp_metrics_free(store->metrics);
        store->metrics = NULL;
    }

    if (store->known) {
        ngx_free(store->known);
        store->known = NULL;
        store->nknown = 0;
    }

    if (store->left) {
        ngx_free(store->left);
        store->left = NULL;
        store->nleft = 0;
        store->left_size = 0;
    }

    if (store->db) {
        ngx_erp_db_close(store->db);
        store->db = NULL;
    }
}


void
ngx_erp_store_exit(void)
{
    ngx_queue_t      *q;
    ngx_erp_store_t  *store;

    store = ngx_erp_store;

    if (store == NULL) {
        return;
    }

    ngx_erp_store_at_exit();
    ngx_erp_store_close(store);

    while (!ngx_queue_empty(&store->kept)) {
        q = ngx_queue_head(&store->kept);
        ngx_queue_remove(q);
        ngx_free(ngx_queue_data(q, ngx_erp_kept_t, queue));
    }

    ngx_erp_store_free_spare(store);

    if (store->single.timer_set) {
        ngx_del_timer(&store->single);
    }

    if (store->lock != NGX_INVALID_FILE) {
        (void) close(store->lock);
    }

    ngx_free(store);
    ngx_erp_store = NULL;
}


/*
 * A process that ends in order removes store.pid: if it is there at a start,
 * what was in flight then may be what ended it.
 */

static ngx_uint_t
ngx_erp_store_crashed(ngx_erp_store_t *store)
{
    return access((char *) ngx_erp_store_path(store, NGX_ERP_STORE_PID), F_OK)
           == 0;
}


static ngx_int_t
ngx_erp_store_write_pid(ngx_erp_store_t *store)
{
    int                fd;
    u_char            *path, *last, text[NGX_INT64_LEN + 1];
    ssize_t            n;
    static ngx_uint_t  registered;

    path = ngx_erp_store_path(store, NGX_ERP_STORE_PID);
    last = ngx_sprintf(text, "%P\n", store->pid);

    fd = open((char *) path, O_WRONLY|O_CREAT|O_TRUNC|O_CLOEXEC, 0600);

    if (fd == -1) {
        ngx_log_error(NGX_LOG_EMERG, store->log, ngx_errno,
                      "open() \"%s\" failed", path);
        return NGX_ERROR;
    }

    /* an empty one does as well, if the disk is full: that it is there */

    n = write(fd, text, last - text);

    if (n != last - text) {
        ngx_log_error(NGX_LOG_ERR, store->log, ngx_errno,
                      "write() to \"%s\" failed", path);
    }

    (void) close(fd);

    if (!registered) {
        registered = 1;
        (void) atexit(ngx_erp_store_at_exit);
    }

    return NGX_OK;
}


static void
ngx_erp_store_at_exit(void)
{
    ngx_erp_store_t  *store;

    store = ngx_erp_store;

    if (store && store->phase == NGX_ERP_STORE_READY
        && store->pid == ngx_getpid())
    {
        if (ngx_process == NGX_PROCESS_HELPER) {
            ngx_erp_store_linger(store);
        }

        /* the WAL goes to the file, which is whole without it then */

        ngx_erp_db_close(store->db);
        store->db = NULL;

        (void) unlink((char *) ngx_erp_store_path(store, NGX_ERP_STORE_PID));
    }
}


/*
 * NGINX ends helpers at once: on "quit" workers are then left alone with what
 * they have in flight, the outcome of which nobody would know.  The store goes
 * when they have gone, but for a next one: then there are workers that are
 * not to end.
 */

static void
ngx_erp_store_linger(ngx_erp_store_t *store)
{
    uint64_t  until;

    until = ngx_erp_store_now(store) + NGX_ERP_STORE_LEAVE;

    store->tick.handler = ngx_erp_store_tick;
    store->tick.data = store;
    store->tick.log = store->log;

    while (ngx_quit && !ngx_terminate && ngx_erp_store_needed(store, until)) {

        if (!store->tick.timer_set) {
            ngx_add_timer(&store->tick, NGX_ERP_STORE_AGAIN);
        }

        ngx_process_events_and_timers((ngx_cycle_t *) ngx_cycle);
    }
}


static ngx_uint_t
ngx_erp_store_needed(ngx_erp_store_t *store, uint64_t until)
{
    ngx_uint_t       needed;
    ngx_queue_t     *q;
    ngx_erp_peer_t  *peer;

    needed = 0;

    for (q = ngx_queue_head(&store->peers);
         q != ngx_queue_sentinel(&store->peers);
         q = ngx_queue_next(q))
    {
        peer = ngx_queue_data(q, ngx_erp_peer_t, queue);

        if (peer->connection == NULL) {
            continue;
        }

        if (peer->slots && ngx_erp_store_now(store) >= until) {
            return 0;
        }

        needed = 1;
    }

    return needed;
}


/* the loop is to look around */

static void
ngx_erp_store_tick(ngx_event_t *ev)
{
}
