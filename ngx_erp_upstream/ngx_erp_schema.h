
/*
 * The schema of the store's database, and how an older one becomes it.
 */

#ifndef _NGX_ERP_SCHEMA_H_INCLUDED_
#define _NGX_ERP_SCHEMA_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include <sqlite3.h>


#define NGX_ERP_APPLICATION_ID  0x68696565    /* "hiee" */


/* SQL of each version, the step to version i + 1 is the i-th */
extern const char *const  ngx_erp_schema[];
extern const ngx_uint_t   ngx_erp_schema_version;


/*
 * Whether it is ours, or empty, and not newer: NGX_OK, or NGX_DECLINED or
 * NGX_ERROR with *why (256 bytes).  Only reads.
 */
ngx_int_t ngx_erp_schema_check(sqlite3 *sqlite, ngx_uint_t nsteps,
    ngx_uint_t *version, char *why);

/*
 * Brings the database to the version of "steps" many steps, each in a
 * transaction of its own, after the same check.  NGX_ERROR with *why: also
 * that a step failed, the database is what it was before that step.
 */
ngx_int_t ngx_erp_schema_migrate(sqlite3 *sqlite, const char *const *steps,
    ngx_uint_t nsteps, char *why);


#endif /* _NGX_ERP_SCHEMA_H_INCLUDED_ */
