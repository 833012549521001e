
/*
 * Time zones: a fixed offset, or one of the tz database, read at start from
 * its TZif file, as the C library's own are of the whole process.
 *
 * Source: RFC 8536 (TZif).
 */

#ifndef _NGX_CANONICAL_ZONE_H_INCLUDED_
#define _NGX_CANONICAL_ZONE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_canonical_arena.h"


typedef struct ngx_canonical_zone_s  ngx_canonical_zone_t;


/*
 * "+01:00", "-0330", "Z" or "UTC" is a fixed offset; all else is a name of the
 * tz database, "Europe/Berlin".  "directory" is where that is, NULL: the
 * system's.  The zone is allocated from "a".  NGX_OK, or NGX_ERROR with *why:
 * no such zone, not readable, or no memory.  Names that lead out of the
 * directory are unknown.
 */
ngx_int_t ngx_canonical_zone_open(ngx_canonical_zone_t **zone,
    ngx_canonical_arena_t *a, ngx_str_t *name, const char *directory,
    const char **why);

/* the same from the bytes of a TZif file, version 1 to 4 */
ngx_int_t ngx_canonical_zone_read(ngx_canonical_zone_t **zone,
    ngx_canonical_arena_t *a, u_char *data, size_t len, const char **why);

/*
 * Offsets in seconds east of UTC at a local time, which is counted in seconds
 * as if it were UTC.  Returns how many there are: 1; 2: the clock shows this
 * time twice, offset[0] is the first one; 0: it is skipped, offset[0] is the
 * one before, offset[1] the one behind the gap.  Behind the last transition
 * the rule in the file's footer holds.
 */
ngx_uint_t ngx_canonical_zone_offset(ngx_canonical_zone_t *zone,
    int64_t local, int32_t offset[2]);


#endif /* _NGX_CANONICAL_ZONE_H_INCLUDED_ */
