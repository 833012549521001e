
/*
 * Large bodies: files blob/aa/<SHA-256 of what is in it>, "aa" being the
 * first byte of it.  A file is whole and on disk before its name is there, and
 * what it has is checked against its name when it is read.
 */

#ifndef _NGX_ERP_BLOB_H_INCLUDED_
#define _NGX_ERP_BLOB_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


#define NGX_ERP_BLOB_NAME     32
#define NGX_ERP_BLOB_FOLDERS  256


/*
 * Writes the file below "directory", in place of one that has that name:
 * NGX_OK and its name; NGX_ABORT: the disk is full; NGX_ERROR, see errno.
 */
ngx_int_t ngx_erp_blob_write(const char *directory, u_char *data, size_t len,
    u_char *name);

/*
 * Reads a file of "len" bytes: NGX_OK; NGX_DECLINED: there is none, or it has
 * another length or other bytes than its name says; NGX_ERROR, see errno.
 */
ngx_int_t ngx_erp_blob_read(const char *directory, u_char *name, u_char *data,
    size_t len);

void ngx_erp_blob_remove(const char *directory, u_char *name);

/*
 * Removes those files of a folder, 0 to 255, that were written before
 * "before" (seconds) and are not needed, and what a crash has left of
 * unfinished ones.  The handler returns 1 for a file that is needed.
 */
typedef ngx_uint_t (*ngx_erp_blob_pt)(void *data, u_char *name);

void ngx_erp_blob_sweep(const char *directory, ngx_uint_t folder,
    time_t before, ngx_erp_blob_pt needed, void *data);


#endif /* _NGX_ERP_BLOB_H_INCLUDED_ */
