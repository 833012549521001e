
/*
 * The quarantine: raw bytes of what could not be parsed, one file each,
 * written by a thread, as a worker never waits for a disk.
 */

#ifndef _NGX_MLLP_QUARANTINE_H_INCLUDED_
#define _NGX_MLLP_QUARANTINE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_mllp_deviation.h"


typedef struct ngx_mllp_quarantine_s  ngx_mllp_quarantine_t;


/*
 * The setter of the directive: mllp_quarantine path [max=number] | off;
 * the slot is an ngx_mllp_quarantine_t *, NGX_CONF_UNSET_PTR before, NULL
 * for "off".  NGINX makes the directory, 0700 and of the worker's user.
 */
char *ngx_mllp_quarantine_slot(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

/*
 * Copies "len" bytes and has a thread write them to a file of its own; an
 * empty frame makes none.  The file's name tells the time, the deviation, or
 * "unreadable" for NGX_MLLP_DEVIATIONS, and the number of the connection; the
 * log gets one line at level warn with the name of the file, or one at err if
 * the bytes are dropped: the quarantine is full, too many are being written,
 * no memory, or the disk fails.  A worker that exits gracefully waits for
 * that; one that is terminated ends its writes, but does not log them.  "c"
 * is only used for the log and its number, and during the call.
 */
void ngx_mllp_quarantine_put(ngx_mllp_quarantine_t *q, ngx_connection_t *c,
    u_char *data, size_t len, ngx_mllp_deviation_e deviation);


#endif /* _NGX_MLLP_QUARANTINE_H_INCLUDED_ */
