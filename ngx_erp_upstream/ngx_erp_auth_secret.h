
/*
 * Secrets from files: read with the configuration, and again in a worker when
 * the file has changed.  None is ever logged.
 */

#ifndef _NGX_ERP_AUTH_SECRET_H_INCLUDED_
#define _NGX_ERP_AUTH_SECRET_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


#define NGX_ERP_SECRET_MAX   65536

/* what its value is for */

#define NGX_ERP_SECRET_LINE  0x1     /* a header: no control characters */
#define NGX_ERP_SECRET_UTF8  0x2     /* JSON or XML */


/*
 * Each process has its own: the master has read it, and a worker that finds
 * another file changes the copy that the fork gave it.
 */

typedef struct {
    ngx_str_t          value;        /* from ngx_alloc() */
    ngx_uint_t         version;      /* of the value, from 1 */

    /* private */

    ngx_str_t          path;
    ngx_uint_t         flags;
    time_t             looked;
    struct timespec    mtime;        /* of the file that was read */
    off_t              size;
    ngx_file_uniq_t    uniq;
    unsigned           failed:1;     /* has been logged */
} ngx_erp_secret_t;


/* reads it; NULL with the error logged */
ngx_erp_secret_t *ngx_erp_secret_conf(ngx_conf_t *cf, ngx_str_t *file,
    ngx_uint_t flags);

/*
 * The value, read again if the file has changed, which is looked at once a
 * second, or at once with "now".  What cannot be read is logged, and the value
 * stays as it was.  It may move with the next call.
 */
ngx_str_t *ngx_erp_secret_get(ngx_erp_secret_t *s, ngx_uint_t now);

/* clears and frees a string from ngx_alloc() */
void ngx_erp_secret_wipe(ngx_str_t *value);


#endif /* _NGX_ERP_AUTH_SECRET_H_INCLUDED_ */
