
/*
 * One file per call: the event loop copies the bytes into a task, a thread
 * writes it with plain system calls, the event loop logs how that went.
 *
 * A file has its name only when all of it is on the disk; before that, and
 * for good if the worker is killed, the name has ".tmp" at its end.  Files
 * are never replaced and never deleted: an operator does that.
 */


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include <ngx_thread_pool.h>

#include <sys/file.h>

#include "ngx_mllp_quarantine.h"


#define NGX_MLLP_QUARANTINE_FILES   1000              /* default of "max" */

#define NGX_MLLP_QUARANTINE_WRITES  64                /* of a worker */
#define NGX_MLLP_QUARANTINE_BYTES   (64 * 1024 * 1024)

#define NGX_MLLP_QUARANTINE_NAME    128
#define NGX_MLLP_QUARANTINE_SLOW    60000             /* ms */


struct ngx_mllp_quarantine_s {
    ngx_path_t             *path;
    ngx_uint_t              max;
    ngx_thread_pool_t      *thread_pool;
};


/* what a thread writes, in memory of its own: the connection may be gone */

typedef struct {
    ngx_thread_task_t       task;
    ngx_log_t               log;       /* the connection's, no handler */
    ngx_mllp_quarantine_t  *quarantine;

    u_char                 *data;
    size_t                  len;

    char                    name[NGX_MLLP_QUARANTINE_NAME];
    char                    tmp[NGX_MLLP_QUARANTINE_NAME + 4];

    /* how it went, known when the thread is done */

    char                   *failed;    /* the system call, if any */
    ngx_err_t               err;
    ngx_uint_t              full;
} ngx_mllp_quarantine_file_t;


#if (NGX_THREADS)

static char *ngx_mllp_quarantine_create(ngx_conf_t *cf,
    ngx_mllp_quarantine_t **slot);
static void ngx_mllp_quarantine_name(ngx_mllp_quarantine_file_t *f,
    ngx_connection_t *c, ngx_mllp_deviation_e deviation);
static void ngx_mllp_quarantine_thread(void *data, ngx_log_t *log);
static int ngx_mllp_quarantine_open(ngx_mllp_quarantine_file_t *f, DIR *dir);
static ngx_uint_t ngx_mllp_quarantine_full(ngx_mllp_quarantine_t *q, DIR *dir);
static void ngx_mllp_quarantine_write(ngx_mllp_quarantine_file_t *f, int dir,
    int fd);
static void ngx_mllp_quarantine_failed(ngx_mllp_quarantine_file_t *f,
    char *call);
static void ngx_mllp_quarantine_done(ngx_event_t *ev);


/* of this worker: what its threads have not written yet */

static ngx_uint_t  ngx_mllp_quarantine_writes;
static size_t      ngx_mllp_quarantine_bytes;

static ngx_uint_t  ngx_mllp_quarantine_seq;

#endif


char *
ngx_mllp_quarantine_slot(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    char  *p = conf;

    ngx_str_t               *value;
    ngx_mllp_quarantine_t  **slot;

    slot = (ngx_mllp_quarantine_t **) (p + cmd->offset);

    if (*slot != NGX_CONF_UNSET_PTR) {
        return "is duplicate";
    }

    value = cf->args->elts;

    if (ngx_strcmp(value[1].data, "off") == 0) {

        if (cf->args->nelts > 2) {
            return "has parameters after \"off\"";
        }

        *slot = NULL;
        return NGX_CONF_OK;
    }

#if (NGX_THREADS)
    return ngx_mllp_quarantine_create(cf, slot);
#else
    return "needs NGINX to be built with threads";
#endif
}


#if (NGX_THREADS)

static char *
ngx_mllp_quarantine_create(ngx_conf_t *cf, ngx_mllp_quarantine_t **slot)
{
    ngx_int_t               max;
    ngx_str_t              *value;
    ngx_path_t             *path;
    ngx_mllp_quarantine_t  *q;

    value = cf->args->elts;
    max = NGX_MLLP_QUARANTINE_FILES;

    if (cf->args->nelts == 3) {

        max = NGX_ERROR;

        if (ngx_strncmp(value[2].data, "max=", 4) == 0) {
            max = ngx_atoi(value[2].data + 4, value[2].len - 4);
        }

        if (max == NGX_ERROR || max == 0) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid parameter \"%V\"", &value[2]);
            return NGX_CONF_ERROR;
        }
    }

    q = ngx_palloc(cf->pool, sizeof(ngx_mllp_quarantine_t));
    path = ngx_pcalloc(cf->pool, sizeof(ngx_path_t));

    if (q == NULL || path == NULL) {
        return NGX_CONF_ERROR;
    }

    path->name = value[1];

    if (path->name.len == 0) {
        return "has an empty path";
    }

    if (path->name.len > 1 && path->name.data[path->name.len - 1] == '/') {
        path->name.data[--path->name.len] = '\0';
    }

    if (ngx_conf_full_name(cf->cycle, &path->name, 0) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    path->conf_file = cf->conf_file->file.name.data;
    path->line = cf->conf_file->line;

    if (ngx_add_path(cf, &path) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    q->path = path;
    q->max = max;

    q->thread_pool = ngx_thread_pool_add(cf, NULL);
    if (q->thread_pool == NULL) {
        return NGX_CONF_ERROR;
    }

    *slot = q;

    return NGX_CONF_OK;
}


void
ngx_mllp_quarantine_put(ngx_mllp_quarantine_t *q, ngx_connection_t *c,
    u_char *data, size_t len, ngx_mllp_deviation_e deviation)
{
    ngx_event_t                 *ev;
    ngx_mllp_quarantine_file_t  *f;

    if (len == 0) {
        return;
    }

    if (ngx_mllp_quarantine_writes == NGX_MLLP_QUARANTINE_WRITES
        || len > NGX_MLLP_QUARANTINE_BYTES - ngx_mllp_quarantine_bytes)
    {
        ngx_log_error(NGX_LOG_ERR, c->log, 0,
                      "mllp quarantine: %uz bytes dropped, "
                      "%ui writes of %uz bytes are under way",
                      len, ngx_mllp_quarantine_writes,
                      ngx_mllp_quarantine_bytes);
        return;
    }

    f = ngx_alloc(sizeof(ngx_mllp_quarantine_file_t) + len, c->log);

    if (f == NULL) {
        ngx_log_error(NGX_LOG_ERR, c->log, 0,
                      "mllp quarantine: %uz bytes dropped, no memory", len);
        return;
    }

    ngx_memzero(f, sizeof(ngx_mllp_quarantine_file_t));

    /* its files are the server's and stay, its handler is the session's */

    f->log = *c->log;
    f->log.handler = NULL;
    f->log.action = NULL;

    f->quarantine = q;
    f->data = (u_char *) (f + 1);
    f->len = len;

    ngx_memcpy(f->data, data, len);
    ngx_mllp_quarantine_name(f, c, deviation);

    f->task.ctx = f;
    f->task.handler = ngx_mllp_quarantine_thread;

    ev = &f->task.event;
    ev->data = f;
    ev->handler = ngx_mllp_quarantine_done;
    ev->log = &f->log;

    if (ngx_thread_task_post(q->thread_pool, &f->task) != NGX_OK) {
        ngx_log_error(NGX_LOG_ERR, c->log, 0,
                      "mllp quarantine: %uz bytes dropped, "
                      "the thread pool does not take them", len);
        ngx_free(f);
        return;
    }

    /* a worker that is to exit waits for its timers, but not for tasks */

    ngx_add_timer(ev, NGX_MLLP_QUARANTINE_SLOW);

    ngx_mllp_quarantine_writes++;
    ngx_mllp_quarantine_bytes += len;
}


/* time, process, connection, number, deviation: no byte of the message */

static void
ngx_mllp_quarantine_name(ngx_mllp_quarantine_file_t *f, ngx_connection_t *c,
    ngx_mllp_deviation_e deviation)
{
    ngx_tm_t     tm;
    ngx_str_t   *name;
    ngx_time_t  *tp;

    static ngx_str_t  unreadable = ngx_string("unreadable");

    name = (deviation == NGX_MLLP_DEVIATIONS)
           ? &unreadable : &ngx_mllp_deviation_names[deviation];

    tp = ngx_timeofday();
    ngx_gmtime(tp->sec, &tm);

    /* both have been zeroed, their last byte ends them */

    ngx_snprintf((u_char *) f->name, sizeof(f->name) - 1,
                 "%04d%02d%02dT%02d%02d%02d.%03ui-%P-%uA-%ui-%V.hl7",
                 tm.ngx_tm_year, tm.ngx_tm_mon, tm.ngx_tm_mday,
                 tm.ngx_tm_hour, tm.ngx_tm_min, tm.ngx_tm_sec, tp->msec,
                 ngx_pid, c->number, ngx_mllp_quarantine_seq++, name);

    ngx_snprintf((u_char *) f->tmp, sizeof(f->tmp) - 1, "%s.tmp", f->name);
}


static void
ngx_mllp_quarantine_thread(void *data, ngx_log_t *log)
{
    ngx_mllp_quarantine_file_t *f = data;

    int   fd;
    DIR  *dir;

    dir = opendir((char *) f->quarantine->path->name.data);

    if (dir == NULL) {
        ngx_mllp_quarantine_failed(f, "opendir()");
        return;
    }

    fd = ngx_mllp_quarantine_open(f, dir);

    if (fd != -1) {
        ngx_mllp_quarantine_write(f, dirfd(dir), fd);
    }

    (void) closedir(dir);
}


static int
ngx_mllp_quarantine_open(ngx_mllp_quarantine_file_t *f, DIR *dir)
{
    int  fd;

    fd = -1;

    /*
     * Between counting and opening there is one thread of all workers.  A
     * disk that knows no locks makes "max" a little less exact.
     */

    (void) flock(dirfd(dir), LOCK_EX);

    if (ngx_mllp_quarantine_full(f->quarantine, dir)) {
        f->full = 1;

    } else {
        fd = openat(dirfd(dir), f->tmp, O_WRONLY|O_CREAT|O_EXCL|O_CLOEXEC,
                    0600);

        if (fd == -1) {
            ngx_mllp_quarantine_failed(f, "openat()");
        }
    }

    (void) flock(dirfd(dir), LOCK_UN);

    return fd;
}


/* whatever is in the directory counts */

static ngx_uint_t
ngx_mllp_quarantine_full(ngx_mllp_quarantine_t *q, DIR *dir)
{
    ngx_uint_t      n;
    struct dirent  *de;

    n = 0;

    while (n < q->max) {

        de = readdir(dir);

        if (de == NULL) {
            return 0;
        }

        if (de->d_name[0] != '.') {
            n++;
        }
    }

    return 1;
}


static void
ngx_mllp_quarantine_write(ngx_mllp_quarantine_file_t *f, int dir, int fd)
{
    size_t   sent;
    ssize_t  n;

    for (sent = 0; sent < f->len; sent += n) {

        n = write(fd, f->data + sent, f->len - sent);

        if (n == -1) {
            ngx_mllp_quarantine_failed(f, "write()");
            break;
        }
    }

    if (f->failed == NULL && fsync(fd) == -1) {
        ngx_mllp_quarantine_failed(f, "fsync()");
    }

    if (close(fd) == -1 && f->failed == NULL) {
        ngx_mllp_quarantine_failed(f, "close()");
    }

    /*
     * Another engine in the same directory, of the same process id in its
     * container, may have used the name.  Now it cannot: the .tmp is ours.
     */

    if (f->failed == NULL && faccessat(dir, f->name, F_OK, 0) == 0) {
        ngx_set_errno(NGX_EEXIST);
        ngx_mllp_quarantine_failed(f, "renameat()");
    }

    if (f->failed == NULL && renameat(dir, f->tmp, dir, f->name) == -1) {
        ngx_mllp_quarantine_failed(f, "renameat()");
    }

    if (f->failed) {
        (void) unlinkat(dir, f->tmp, 0);
        return;
    }

    (void) fsync(dir);
}


static void
ngx_mllp_quarantine_failed(ngx_mllp_quarantine_file_t *f, char *call)
{
    f->err = ngx_errno;
    f->failed = call;
}


static void
ngx_mllp_quarantine_done(ngx_event_t *ev)
{
    ngx_mllp_quarantine_t       *q;
    ngx_mllp_quarantine_file_t  *f;

    f = ev->data;
    q = f->quarantine;

    if (ev->timedout) {
        ev->timedout = 0;

        ngx_log_error(NGX_LOG_ERR, &f->log, 0,
                      "mllp quarantine: %uz bytes are still being written "
                      "to \"%V\"", f->len, &q->path->name);

        ngx_add_timer(ev, NGX_MLLP_QUARANTINE_SLOW);
        return;
    }

    ngx_del_timer(ev);

    if (f->full) {
        ngx_log_error(NGX_LOG_ERR, &f->log, 0,
                      "mllp quarantine: %uz bytes dropped, \"%V\" is full "
                      "with %ui files", f->len, &q->path->name, q->max);

    } else if (f->failed) {
        ngx_log_error(NGX_LOG_ERR, &f->log, f->err,
                      "mllp quarantine: %uz bytes dropped, "
                      "%s in \"%V\" failed",
                      f->len, f->failed, &q->path->name);

    } else {
        ngx_log_error(NGX_LOG_WARN, &f->log, 0,
                      "mllp quarantine: %uz bytes in \"%s\"", f->len, f->name);
    }

    ngx_mllp_quarantine_writes--;
    ngx_mllp_quarantine_bytes -= f->len;

    ngx_free(f);
}

#else

void
ngx_mllp_quarantine_put(ngx_mllp_quarantine_t *q, ngx_connection_t *c,
    u_char *data, size_t len, ngx_mllp_deviation_e deviation)
{
    /* not reached: the directive makes no quarantine */
}

#endif
