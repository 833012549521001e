
/*
 * Time zones: see the header.
 *
 * All transitions are in one table, also those of the rule in the footer: it
 * is written out for 400 years, after which the calendar, days of the week
 * included, repeats.  So a look-up is a binary search and nothing else.
 */

#include "ngx_canonical_zone.h"
#include "ngx_canonical_zone_rule.h"

#include <fcntl.h>


#define NGX_CANONICAL_ZONE_DIRECTORY  "/usr/share/zoneinfo"

#define NGX_CANONICAL_ZONE_FILE       65536      /* bytes of a file */
#define NGX_CANONICAL_ZONE_PATH       512

#define NGX_CANONICAL_ZONE_OFFSET     (26 * 3600)
#define NGX_CANONICAL_ZONE_TIME       ((int64_t) 1 << 59)  /* RFC 8536 §3.2 */

#define NGX_CANONICAL_ZONE_HEADER     44

#define NGX_CANONICAL_ZONE_YEAR       31556952ll           /* on average */
#define NGX_CANONICAL_ZONE_PERIOD     (400 * NGX_CANONICAL_ZONE_YEAR)
#define NGX_CANONICAL_ZONE_YEARS      408                  /* of the rule */
#define NGX_CANONICAL_ZONE_EPOCH      (-62167219200ll)     /* 0000-01-01 */


/*
 * The offset holds from a local time on.  When clocks are put on or back, the
 * time is shown twice or not at all, and there are two of them: the earlier
 * and the later one.
 */

typedef struct {
    int64_t        early;
    int64_t        late;
    int32_t        offset;
} ngx_canonical_zone_change_t;


struct ngx_canonical_zone_s {
    int32_t        offset;        /* before the first change */
    ngx_uint_t     n;
    ngx_canonical_zone_change_t  *changes;

    int64_t        at;            /* of the last change, in UTC */
    int64_t        end;           /* local time from which all repeats each
                                     400 years, if "repeats" */
    unsigned       repeats:1;
};


/* what is read of a file */

typedef struct {
    u_char        *times;
    u_char        *indices;
    u_char        *types;
    u_char        *end;

    uint32_t       ntimes;
    uint32_t       ntypes;
    ngx_uint_t     size;          /* of a time, in bytes */
} ngx_canonical_zone_file_t;


static ngx_int_t ngx_canonical_zone_fixed(ngx_str_t *name, int32_t *offset);
static ngx_uint_t ngx_canonical_zone_two(u_char *p, int max, int *number);
static const char *ngx_canonical_zone_load(ngx_str_t *name,
    const char *directory, u_char *buf, size_t *len);
static const char *ngx_canonical_zone_path(ngx_str_t *name,
    const char *directory, u_char *path);

static const char *ngx_canonical_zone_parse(ngx_canonical_zone_t *z,
    ngx_canonical_arena_t *a, u_char *data, size_t len);
static const char *ngx_canonical_zone_block(ngx_canonical_zone_file_t *file,
    u_char *p, u_char *end, ngx_uint_t size);
static const char *ngx_canonical_zone_times(ngx_canonical_zone_t *z,
    ngx_canonical_zone_file_t *file);
static ngx_uint_t ngx_canonical_zone_type(ngx_canonical_zone_file_t *file,
    ngx_uint_t i, int32_t *offset);
static ngx_uint_t ngx_canonical_zone_add(ngx_canonical_zone_t *z, int64_t at,
    int32_t offset);

static ngx_uint_t ngx_canonical_zone_extend(ngx_canonical_zone_t *z,
    ngx_canonical_zone_rule_t *rule);
static uint32_t ngx_canonical_zone_uint32(u_char *p);
static int64_t ngx_canonical_zone_int64(u_char *p, ngx_uint_t size);


ngx_int_t
ngx_canonical_zone_open(ngx_canonical_zone_t **zone, ngx_canonical_arena_t *a,
    ngx_str_t *name, const char *directory, const char **why)
{
    u_char    buf[NGX_CANONICAL_ZONE_FILE];
    size_t    len;
    int32_t   offset;

    if (ngx_canonical_zone_fixed(name, &offset) == NGX_OK) {

        *zone = ngx_canonical_zalloc(a, sizeof(ngx_canonical_zone_t));
        if (*zone == NULL) {
            *why = "no memory";
            return NGX_ERROR;
        }

        (*zone)->offset = offset;

        return NGX_OK;
    }

    *why = ngx_canonical_zone_load(name, directory, buf, &len);
    if (*why) {
        return NGX_ERROR;
    }

    return ngx_canonical_zone_read(zone, a, buf, len, why);
}


static ngx_int_t
ngx_canonical_zone_fixed(ngx_str_t *name, int32_t *offset)
{
    int      hours, minutes;
    u_char  *p;

    p = name->data;

    *offset = 0;

    if ((name->len == 1 && *p == 'Z')
        || (name->len == 3 && ngx_memcmp(p, "UTC", 3) == 0))
    {
        return NGX_OK;
    }

    if (!(name->len == 5 || (name->len == 6 && p[3] == ':'))
        || (*p != '+' && *p != '-'))
    {
        return NGX_DECLINED;
    }

    if (!ngx_canonical_zone_two(p + 1, 14, &hours)
        || !ngx_canonical_zone_two(p + name->len - 2, 59, &minutes)
        || (hours == 14 && minutes))
    {
        return NGX_DECLINED;
    }

    *offset = (hours * 60 + minutes) * 60;

    if (*name->data == '-') {
        *offset = -*offset;
    }

    return NGX_OK;
}


static ngx_uint_t
ngx_canonical_zone_two(u_char *p, int max, int *number)
{
    if (p[0] < '0' || p[0] > '9' || p[1] < '0' || p[1] > '9') {
        return 0;
    }

    *number = (p[0] - '0') * 10 + (p[1] - '0');

    return *number <= max;
}


static const char *
ngx_canonical_zone_load(ngx_str_t *name, const char *directory, u_char *buf,
    size_t *len)
{
    int          fd;
    u_char       path[NGX_CANONICAL_ZONE_PATH];
    ssize_t      n;
    const char  *why;

    if (directory == NULL) {
        directory = NGX_CANONICAL_ZONE_DIRECTORY;
    }

    why = ngx_canonical_zone_path(name, directory, path);
    if (why) {
        return why;
    }

    fd = open((const char *) path, O_RDONLY|O_CLOEXEC|O_NONBLOCK);

    if (fd == -1) {
        return "no such time zone";
    }

    *len = 0;

    do {
        n = read(fd, buf + *len, NGX_CANONICAL_ZONE_FILE - *len);

        if (n > 0) {
            *len += n;
        }

    } while (n > 0 || (n == -1 && errno == EINTR));

    if (close(fd) == -1 || n == -1) {
        return "a time zone that cannot be read";
    }

    return (*len == NGX_CANONICAL_ZONE_FILE) ? "a time zone that is too long"
                                             : NULL;
}


static const char *
ngx_canonical_zone_path(ngx_str_t *name, const char *directory, u_char *path)
{
    u_char      *p, ch;
    size_t       len, i;

    len = strlen(directory);

    if (name->len == 0
        || len > NGX_CANONICAL_ZONE_PATH
        || name->len > NGX_CANONICAL_ZONE_PATH
        || len + 1 + name->len + 1 > NGX_CANONICAL_ZONE_PATH)
    {
        return "no such time zone";
    }

    p = ngx_cpymem(path, directory, len);
    *p++ = '/';

    /* no dots: such a name cannot lead out of the directory */

    for (i = 0; i < name->len; i++) {
        ch = name->data[i];

        if (!((ch >= 'A' && ch <= 'Z') || (ch >= 'a' && ch <= 'z')
              || (ch >= '0' && ch <= '9')
              || ch == '_' || ch == '-' || ch == '+' || ch == '/'))
        {
            return "no such time zone";
        }

        *p++ = ch;
    }

    *p = '\0';

    return NULL;
}


ngx_int_t
ngx_canonical_zone_read(ngx_canonical_zone_t **zone, ngx_canonical_arena_t *a,
    u_char *data, size_t len, const char **why)
{
    *zone = ngx_canonical_zalloc(a, sizeof(ngx_canonical_zone_t));
    if (*zone == NULL) {
        *why = "no memory";
        return NGX_ERROR;
    }

    *why = ngx_canonical_zone_parse(*zone, a, data, len);

    return *why ? NGX_ERROR : NGX_OK;
}


/*
 * Version 1 has times of 32 bits; all later ones repeat the data behind them
 * with 64 bits, and a footer.
 */

static const char *
ngx_canonical_zone_parse(ngx_canonical_zone_t *z, ngx_canonical_arena_t *a,
    u_char *data, size_t len)
{
    u_char                     *p, *end, version;
    const char                 *why;
    ngx_canonical_zone_file_t   file;
    ngx_canonical_zone_rule_t   rule;

    end = data + len;

    why = ngx_canonical_zone_block(&file, data, end, 4);
    if (why) {
        return why;
    }

    version = data[4];

    if (version) {
        why = ngx_canonical_zone_block(&file, file.end, end, 8);
        if (why) {
            return why;
        }
    }

    z->changes = ngx_canonical_alloc(a,
                             (file.ntimes + 2 * NGX_CANONICAL_ZONE_YEARS + 1)
                             * sizeof(ngx_canonical_zone_change_t));
    if (z->changes == NULL) {
        return "no memory";
    }

    why = ngx_canonical_zone_times(z, &file);
    if (why || !version) {
        return why;
    }

    /* a line by itself, empty if there is no rule */

    p = file.end;

    if (p == end || *p++ != '\n') {
        return "a time zone without its footer";
    }

    end = memchr(p, '\n', end - p);

    if (end == NULL) {
        return "a time zone without its footer";
    }

    if (p == end) {
        return NULL;
    }

    if (!ngx_canonical_zone_rule_read(&rule, p, end)
        || !ngx_canonical_zone_extend(z, &rule))
    {
        return "a time zone with a wrong rule in its footer";
    }

    return NULL;
}


static const char *
ngx_canonical_zone_block(ngx_canonical_zone_file_t *file, u_char *p,
    u_char *end, ngx_uint_t size)
{
    uint32_t  isut, isstd, leap, chars;
    uint64_t  len;

    if (end - p < NGX_CANONICAL_ZONE_HEADER || ngx_memcmp(p, "TZif", 4) != 0) {
        return "not a file of a time zone";
    }

    isut = ngx_canonical_zone_uint32(p + 20);
    isstd = ngx_canonical_zone_uint32(p + 24);
    leap = ngx_canonical_zone_uint32(p + 28);
    file->ntimes = ngx_canonical_zone_uint32(p + 32);
    file->ntypes = ngx_canonical_zone_uint32(p + 36);
    chars = ngx_canonical_zone_uint32(p + 40);

    /* such a file counts leap seconds in its times */

    if (leap) {
        return "a time zone with leap seconds";
    }

    p += NGX_CANONICAL_ZONE_HEADER;

    len = (uint64_t) file->ntimes * (size + 1) + (uint64_t) file->ntypes * 6
          + chars + isstd + isut;

    if (file->ntypes == 0 || file->ntypes > 256
        || len > (uint64_t) (end - p))
    {
        return "not a file of a time zone";
    }

    file->size = size;
    file->times = p;
    file->indices = file->times + file->ntimes * size;
    file->types = file->indices + file->ntimes;
    file->end = p + len;

    return NULL;
}


static const char *
ngx_canonical_zone_times(ngx_canonical_zone_t *z,
    ngx_canonical_zone_file_t *file)
{
    int64_t      at, previous;
    int32_t      offset;
    ngx_uint_t   i;

    if (!ngx_canonical_zone_type(file, 0, &z->offset)) {
        return "a time zone with a wrong offset";
    }

    z->at = NGX_CANONICAL_ZONE_EPOCH;
    previous = -NGX_CANONICAL_ZONE_TIME - 1;

    for (i = 0; i < file->ntimes; i++) {

        at = ngx_canonical_zone_int64(file->times + i * file->size,
                                      file->size);

        if (at <= previous || at > NGX_CANONICAL_ZONE_TIME) {
            return "a time zone whose times are not in order";
        }

        if (!ngx_canonical_zone_type(file, file->indices[i], &offset)
            || !ngx_canonical_zone_add(z, at, offset))
        {
            return "a time zone with a wrong offset";
        }

        z->at = at;
        previous = at;
    }

    return NULL;
}


static ngx_uint_t
ngx_canonical_zone_type(ngx_canonical_zone_file_t *file, ngx_uint_t i,
    int32_t *offset)
{
    if (i >= file->ntypes) {
        return 0;
    }

    *offset = (int32_t) ngx_canonical_zone_uint32(file->types + i * 6);

    return *offset >= -NGX_CANONICAL_ZONE_OFFSET
           && *offset <= NGX_CANONICAL_ZONE_OFFSET;
}


/*
 * Adds a change, which comes in order; those of the name alone are left out.
 * 0: its local time is not behind the one of the change before.
 */

static ngx_uint_t
ngx_canonical_zone_add(ngx_canonical_zone_t *z, int64_t at, int32_t offset)
{
    int32_t                       before;
    ngx_canonical_zone_change_t  *c;

    c = &z->changes[z->n];
    before = z->n ? c[-1].offset : z->offset;

    if (offset == before) {
        return 1;
    }

    c->early = at + ngx_min(before, offset);
    c->late = at + ngx_max(before, offset);
    c->offset = offset;

    if (z->n && (c->early < c[-1].early || c->late < c[-1].late)) {
        return 0;
    }

    z->n++;

    return 1;
}


/*
 * Writes out the rule behind the last change, of a zone without any from the
 * year 0 on.  0: its changes do not follow each other.
 */

static ngx_uint_t
ngx_canonical_zone_extend(ngx_canonical_zone_t *z,
    ngx_canonical_zone_rule_t *rule)
{
    int64_t      year, last, at, start, stop;
    int32_t      offset, next;
    ngx_uint_t   i;

    if (!rule->changes) {
        return ngx_canonical_zone_add(z, z->at, rule->standard);
    }

    z->repeats = 1;
    z->end = z->at + NGX_CANONICAL_ZONE_PERIOD + NGX_CANONICAL_ZONE_YEAR;

    year = 1970 + z->at / NGX_CANONICAL_ZONE_YEAR - 3;
    last = z->at;
    offset = rule->standard;

    for (i = 0; i < 2 * NGX_CANONICAL_ZONE_YEARS; i++) {

        start = ngx_canonical_zone_rule_at(&rule->start, year)
                - rule->standard;
        stop = ngx_canonical_zone_rule_at(&rule->stop, year)
               - rule->summer;

        if ((start <= stop) == (i % 2 == 0)) {
            at = start;
            next = rule->summer;

        } else {
            at = stop;
            next = rule->standard;
        }

        year += i % 2;
        at = ngx_max(at, z->at);

        /* of those at the same time the last one holds: summer all year */

        if (at < last
            || (at > last && !ngx_canonical_zone_add(z, last, offset)))
        {
            return 0;
        }

        last = at;
        offset = next;
    }

    return ngx_canonical_zone_add(z, last, offset);
}


static uint32_t
ngx_canonical_zone_uint32(u_char *p)
{
    return (uint32_t) p[0] << 24 | (uint32_t) p[1] << 16
           | (uint32_t) p[2] << 8 | p[3];
}


static int64_t
ngx_canonical_zone_int64(u_char *p, ngx_uint_t size)
{
    if (size == 4) {
        return (int32_t) ngx_canonical_zone_uint32(p);
    }

    return (int64_t) ((uint64_t) ngx_canonical_zone_uint32(p) << 32
                      | ngx_canonical_zone_uint32(p + 4));
}


/*
 * Of the changes whose later time is not after the local one, the last is in
 * force by the first reading of the clock; then those whose earlier time is
 * not after it, by the second reading.
 */

ngx_uint_t
ngx_canonical_zone_offset(ngx_canonical_zone_t *zone, int64_t local,
    int32_t offset[2])
{
    ngx_uint_t                    low, high, middle;
    ngx_canonical_zone_change_t  *c;

    c = zone->changes;

    if (zone->repeats && local >= zone->end) {
        local -= ((local - zone->end) / NGX_CANONICAL_ZONE_PERIOD + 1)
                 * NGX_CANONICAL_ZONE_PERIOD;
    }

    low = 0;
    high = zone->n;

    while (low < high) {
        middle = (low + high) / 2;

        if (c[middle].late <= local) {
            low = middle + 1;

        } else {
            high = middle;
        }
    }

    offset[0] = low ? c[low - 1].offset : zone->offset;

    while (low < zone->n && c[low].early <= local) {
        low++;
    }

    offset[1] = low ? c[low - 1].offset : zone->offset;

    if (offset[0] == offset[1]) {
        return 1;
    }

    return (offset[0] > offset[1]) ? 2 : 0;
}
