
/*
 * What the store process does by the clock: it looks at the free space of the
 * disk and, while nobody waits, removes what is old and empties the WAL.
 */

#include "ngx_erp_store_private.h"
#include "ngx_erp_blob.h"


#define NGX_ERP_KEEP_SLICE   200      /* messages removed at a time */
#define NGX_ERP_KEEP_PAUSE   100      /* ms, between slices; of rest, before
                                         the WAL is emptied */
#define NGX_ERP_KEEP_PERIOD  60000    /* ms, to look for old messages, to make
                                         the ballast again */


static ngx_uint_t ngx_erp_store_is_full(ngx_erp_store_t *store);
static void ngx_erp_store_ballast(ngx_erp_store_t *store);
static void ngx_erp_store_checkpoint(ngx_erp_store_t *store);
static ngx_uint_t ngx_erp_store_idle(ngx_erp_store_t *store);


/* once a second */

void
ngx_erp_store_keep(ngx_erp_store_t *store)
{
    store->now = ngx_erp_store_now(store);

    ngx_erp_store_free_space(store);
    ngx_erp_store_ballast(store);
    ngx_erp_store_checkpoint(store);

    if (!store->prune.timer_set && store->prune_at <= store->now
        && (store->conf->keep || store->conf->keep_dead))
    {
        ngx_add_timer(&store->prune, 1);
    }
}


void
ngx_erp_store_free_space(ngx_erp_store_t *store)
{
    ngx_uint_t  full;

    *ngx_snprintf(store->path, NGX_MAX_PATH - 1, "%V",
                  &store->conf->path->name)
        = '\0';

    store->available = ngx_fs_available(store->path);

    ngx_erp_db_wal_room(store->db,
                        ngx_max(store->available - store->conf->min_free, 0));

    full = ngx_erp_store_is_full(store);

    if (full == store->full) {
        return;
    }

    store->full = full;

    if (full) {
        ngx_log_error(NGX_LOG_ERR, store->log, 0,
                      "store \"%V\": %O bytes of its disk are free, messages "
                      "are refused", &store->conf->path->name,
                      store->available);
        return;
    }

    ngx_log_error(NGX_LOG_NOTICE, store->log, 0,
                  "store \"%V\": %O bytes of its disk are free, messages are "
                  "taken again", &store->conf->path->name, store->available);
}


/* what a full disk got by the ballast is not for new messages */

static ngx_uint_t
ngx_erp_store_is_full(ngx_erp_store_t *store)
{
    off_t                  min;
    ngx_erp_store_conf_t  *conf;

    conf = store->conf;

    if (store->no_space && store->available > conf->min_free + conf->ballast) {
        store->no_space = 0;
    }

    min = conf->min_free;

    if (store->full) {
        min += min / 16;
    }

    return store->no_space || store->available < min;
}


static void
ngx_erp_store_ballast(ngx_erp_store_t *store)
{
    int                    fd, rc;
    u_char                *path;
    struct stat            st;
    ngx_erp_store_conf_t  *conf;

    conf = store->conf;

    if (conf->ballast == 0 || store->ballast
        || store->ballast_at > store->now)
    {
        return;
    }

    store->ballast_at = store->now + NGX_ERP_KEEP_PERIOD;

    path = ngx_erp_store_path(store, NGX_ERP_STORE_BALLAST);

    if (stat((char *) path, &st) == 0 && st.st_size == conf->ballast
        && (off_t) st.st_blocks * 512 >= conf->ballast)
    {
        store->ballast = 1;
        return;
    }

    if (store->available <= conf->min_free + conf->ballast) {
        return;
    }

    fd = open((char *) path, O_WRONLY|O_CREAT|O_TRUNC|O_CLOEXEC, 0600);

    if (fd == -1) {
        ngx_log_error(NGX_LOG_ERR, store->log, ngx_errno,
                      "open() \"%s\" failed", path);
        return;
    }

    rc = posix_fallocate(fd, 0, conf->ballast);

    (void) close(fd);

    if (rc != 0) {
        ngx_log_error(NGX_LOG_ERR, store->log, rc,
                      "posix_fallocate() of \"%s\" failed", path);

        (void) unlink((char *) path);
        return;
    }

    store->ballast = 1;
}


void
ngx_erp_store_no_space(ngx_erp_store_t *store)
{
    u_char  *path;

    store->no_space = 1;
    store->full = 1;

    /* also one that was not looked at yet */

    path = ngx_erp_store_path(store, NGX_ERP_STORE_BALLAST);

    if (unlink((char *) path) == 0) {
        ngx_log_error(NGX_LOG_ERR, store->log, 0,
                      "store \"%V\": its disk is full, \"%s\" is removed, "
                      "messages are refused", &store->conf->path->name, path);
    }

    store->ballast = 0;
    store->ballast_at = store->now + NGX_ERP_KEEP_PERIOD;
}


static void
ngx_erp_store_checkpoint(ngx_erp_store_t *store)
{
    ngx_erp_db_numbers_t  n;

    if (!store->changed && store->sweeps >= NGX_ERP_BLOB_FOLDERS) {
        return;
    }

    if (!ngx_erp_store_idle(store)
        || store->turned_at + NGX_ERP_KEEP_PAUSE > store->now)
    {
        return;
    }

    store->changed = 0;
    store->sweeps++;

    if (ngx_erp_db_checkpoint(store->db) != NGX_OK) {
        ngx_erp_store_error(store, "has no checkpoint");
    }

    /* the room that the WAL has may be what is missing */

    if (store->full && ngx_erp_db_numbers(store->db, &n) == NGX_OK && n.wal) {
        store->changed = 1;
    }
}


void
ngx_erp_store_prune(ngx_event_t *ev)
{
    uint64_t          before, dead;
    ngx_int_t         rc;
    ngx_uint_t        more;
    ngx_erp_store_t  *store;

    store = ev->data;

    store->now = ngx_erp_store_now(store);

    if (!ngx_erp_store_idle(store)) {
        ngx_add_timer(ev, NGX_ERP_KEEP_PAUSE);
        return;
    }

    before = store->conf->keep;
    before = (before && before < store->now) ? store->now - before : 0;

    dead = store->conf->keep_dead;
    dead = (dead && dead < store->now) ? store->now - dead : 0;

    rc = ngx_erp_db_prune(store->db, before, dead, NGX_ERP_KEEP_SLICE, &more);

    if (rc != NGX_OK) {
        ngx_erp_store_error(store, "cannot remove what is old");

        if (rc == NGX_ABORT) {
            ngx_erp_store_no_space(store);
        }

        more = 0;
    }

    store->changed = 1;

    if (more) {
        ngx_add_timer(ev, NGX_ERP_KEEP_PAUSE);
        return;
    }

    store->prune_at = store->now + NGX_ERP_KEEP_PERIOD;
}


/* no frame waits */

static ngx_uint_t
ngx_erp_store_idle(ngx_erp_store_t *store)
{
    return !store->event.posted && !store->rest && store->retry_at == 0;
}
