
/*
 * The store process: the helper that NGINX spawns for a path with a manager
 * (the slot of the cache manager) owns the database, commits what arrived in
 * a turn with one fsync, and hands due deliveries to workers.
 *
 * It listens on store.sock in its directory.  A new one, after a reload, waits
 * for store.lock until the old one has gone.
 */

#ifndef _NGX_ERP_STORE_H_INCLUDED_
#define _NGX_ERP_STORE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_erp_schedule.h"


#define NGX_ERP_STORE_SOCKET  "store.sock"
#define NGX_ERP_STORE_LOCK    "store.lock"
#define NGX_ERP_STORE_PID     "store.pid"
#define NGX_ERP_STORE_BALLAST "ballast"

/*
 * The longest path that a store may have: the name of a socket is bounded by
 * the system, and the store's has a pid at its end at first.  To be checked
 * when the configuration is read; the store process does not start with a
 * longer one.
 */
#define NGX_ERP_STORE_PATH_MAX                                                \
    (sizeof(((struct sockaddr_un *) 0)->sun_path)                             \
     - sizeof("/" NGX_ERP_STORE_SOCKET ".1234567890"))


/* a destination, as nginx.conf has it */

typedef struct {
    ngx_str_t          uri;
    ngx_erp_rules_t    rules;
    ngx_uint_t         once;         /* erp_idempotency none: an attempt whose
                                        end nobody knows is the last one */
} ngx_erp_store_dest_t;


/* of erp_store; durations in milliseconds, 0: for ever */

typedef struct {
    ngx_path_t        *path;         /* of the database */
    off_t              min_free;     /* below it messages are refused; the WAL
                                        has 16m, which the file may need too */
    off_t              ballast;      /* for the ends of attempts, once the
                                        disk is full */
    uint64_t           keep;
    uint64_t           keep_dead;
    ngx_str_t          key_file;     /* empty: bodies are not sealed */
    ngx_str_t          previous_key_file;
    ngx_erp_keys_t     keys;         /* that the files had when nginx.conf was
                                        read: workers may not read them */
    ngx_msec_t         timeout;      /* of workers for an answer */
    ngx_uint_t         slots;        /* deliveries of a worker at a time */
    ngx_array_t        dests;        /* of ngx_erp_store_dest_t */
} ngx_erp_store_conf_t;


/* of ngx_path_t, "data" is the ngx_erp_store_conf_t: milliseconds to the
   next call */
ngx_msec_t ngx_erp_store_manager(void *data);

/* "master_process off" spawns no helper: the one process is the store too */
ngx_int_t ngx_erp_store_single(ngx_cycle_t *cycle,
    ngx_erp_store_conf_t *conf);

/* in exit_process: closes what is open; nothing in other processes */
void ngx_erp_store_exit(void);


#endif /* _NGX_ERP_STORE_H_INCLUDED_ */
