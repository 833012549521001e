
/*
 * Paths of a map into an HL7 v2 message, compiled: see ngx_canonical_hl7.h.
 */

#include "ngx_canonical_hl7.h"
#include "ngx_hl7_segment.h"


#define NGX_CANONICAL_HL7_MAX  65535


/*
 * Each of these reads at *pos and moves it.  They return NULL, or what is
 * wrong with the character at *pos.
 */

static const char *ngx_canonical_hl7_read(ngx_canonical_hl7_path_t *path,
    u_char **pos, u_char *end);
static const char *ngx_canonical_hl7_relative(ngx_canonical_hl7_path_t *path,
    u_char **pos, u_char *end);
static const char *ngx_canonical_hl7_segment_name(
    ngx_canonical_hl7_path_t *path, u_char **pos, u_char *end);
static const char *ngx_canonical_hl7_which(ngx_canonical_hl7_path_t *path,
    u_char **pos, u_char *end);
static const char *ngx_canonical_hl7_repetition(
    ngx_canonical_hl7_path_t *path, u_char **pos, u_char *end);
static const char *ngx_canonical_hl7_parts(ngx_hl7_path_t *path, u_char **pos,
    u_char *end);
static const char *ngx_canonical_hl7_is(ngx_str_t *value, u_char **pos,
    u_char *end);
static const char *ngx_canonical_hl7_number(u_char **pos, u_char *end,
    uint16_t *number);
static ngx_uint_t ngx_canonical_hl7_skip(u_char **pos, u_char *end, u_char ch);


ngx_int_t
ngx_canonical_hl7_path(ngx_canonical_hl7_path_t *path, ngx_str_t *text,
    size_t *at, const char **why)
{
    u_char  *p, *end;

    ngx_memzero(path, sizeof(ngx_canonical_hl7_path_t));

    path->text = *text;
    path->path.occurrence = 1;

    p = text->data;
    end = text->data + text->len;

    *why = ngx_canonical_hl7_read(path, &p, end);

    if (*why == NULL && p != end) {
        *why = "unexpected character";
    }

    *at = p - text->data;

    if (*why) {
        return NGX_ERROR;
    }

    path->whole = path->path;
    path->whole.component = 0;
    path->whole.subcomponent = 0;

    if (path->path.repetition == 0 && path->path.filter_component == 0) {
        path->whole.repetition = 1;
    }

    return NGX_OK;
}


static const char *
ngx_canonical_hl7_read(ngx_canonical_hl7_path_t *path, u_char **pos,
    u_char *end)
{
    const char  *why;

    if (*pos < end && **pos == '.') {
        return ngx_canonical_hl7_relative(path, pos, end);
    }

    why = ngx_canonical_hl7_segment_name(path, pos, end);
    if (why) {
        return why;
    }

    if (ngx_canonical_hl7_skip(pos, end, '[')) {
        why = ngx_canonical_hl7_which(path, pos, end);
        if (why) {
            return why;
        }
    }

    if (*pos == end) {
        return NULL;
    }

    if (!ngx_canonical_hl7_skip(pos, end, '-')) {
        return "\"-\" is expected";
    }

    why = ngx_canonical_hl7_number(pos, end, &path->path.field);
    if (why) {
        return why;
    }

    if (ngx_canonical_hl7_skip(pos, end, '[')) {
        why = ngx_canonical_hl7_repetition(path, pos, end);
        if (why) {
            return why;
        }
    }

    return ngx_canonical_hl7_parts(&path->path, pos, end);
}


/* "." or ".2.1" */

static const char *
ngx_canonical_hl7_relative(ngx_canonical_hl7_path_t *path, u_char **pos,
    u_char *end)
{
    if (end - *pos == 1) {
        (*pos)++;
        return NULL;
    }

    return ngx_canonical_hl7_parts(&path->path, pos, end);
}


static const char *
ngx_canonical_hl7_segment_name(ngx_canonical_hl7_path_t *path, u_char **pos,
    u_char *end)
{
    char        *name;
    u_char       ch;
    ngx_uint_t   i;

    name = path->path.segment;

    for (i = 0; i < 3; i++, (*pos)++) {

        if (*pos == end) {
            return "a segment name has three characters";
        }

        ch = **pos;

        if (!(ch >= 'A' && ch <= 'Z') && !(i > 0 && ch >= '0' && ch <= '9')) {
            return "not a character of a segment name";
        }

        name[i] = ch;
    }

    path->name = ngx_hl7_name(name[0], name[1], name[2]);

    return NULL;
}


/* which segment: "*]", "2]" or "3.1=29463-7]" */

static const char *
ngx_canonical_hl7_which(ngx_canonical_hl7_path_t *path, u_char **pos,
    u_char *end)
{
    uint16_t     number;
    const char  *why;

    if (ngx_canonical_hl7_skip(pos, end, '*')) {
        path->all_segments = 1;

    } else {
        why = ngx_canonical_hl7_number(pos, end, &number);
        if (why) {
            return why;
        }

        if (*pos < end && (**pos == '.' || **pos == '=')) {
            path->where.field = number;

            why = ngx_canonical_hl7_parts(&path->where, pos, end);

            return why ? why : ngx_canonical_hl7_is(&path->is, pos, end);
        }

        path->occurrence = number;
        path->path.occurrence = number;
    }

    return ngx_canonical_hl7_skip(pos, end, ']') ? NULL : "\"]\" is expected";
}


/* which repetition: "*]", "2]" or "5=MR]" */

static const char *
ngx_canonical_hl7_repetition(ngx_canonical_hl7_path_t *path, u_char **pos,
    u_char *end)
{
    uint16_t     number;
    const char  *why;

    if (ngx_canonical_hl7_skip(pos, end, '*')) {
        path->all_repetitions = 1;

    } else {
        why = ngx_canonical_hl7_number(pos, end, &number);
        if (why) {
            return why;
        }

        if (ngx_canonical_hl7_skip(pos, end, '.')) {
            why = ngx_canonical_hl7_number(pos, end,
                                           &path->path.filter_subcomponent);
            if (why) {
                return why;
            }
        }

        if (path->path.filter_subcomponent || (*pos < end && **pos == '=')) {
            path->path.filter_component = number;
            return ngx_canonical_hl7_is(&path->path.filter, pos, end);
        }

        path->path.repetition = number;
    }

    return ngx_canonical_hl7_skip(pos, end, ']') ? NULL
                                          : "\"=\" or \"]\" is expected";
}


/* ".2.1", ".2" or nothing */

static const char *
ngx_canonical_hl7_parts(ngx_hl7_path_t *path, u_char **pos, u_char *end)
{
    const char  *why;

    if (ngx_canonical_hl7_skip(pos, end, '.')) {
        why = ngx_canonical_hl7_number(pos, end, &path->component);
        if (why) {
            return why;
        }

        if (ngx_canonical_hl7_skip(pos, end, '.')) {
            return ngx_canonical_hl7_number(pos, end, &path->subcomponent);
        }
    }

    return NULL;
}


/* "=value]" */

static const char *
ngx_canonical_hl7_is(ngx_str_t *value, u_char **pos, u_char *end)
{
    u_char  *last;

    if (!ngx_canonical_hl7_skip(pos, end, '=')) {
        return "\"=\" is expected";
    }

    last = memchr(*pos, ']', end - *pos);

    if (last == NULL) {
        *pos = end;
        return "\"]\" is expected";
    }

    if (last == *pos) {
        return "a value is expected";
    }

    value->data = *pos;
    value->len = last - *pos;
    *pos = last + 1;

    return NULL;
}


/* what is no number within the limits is wrong from its first digit on */

static const char *
ngx_canonical_hl7_number(u_char **pos, u_char *end, uint16_t *number)
{
    u_char      *p;
    ngx_uint_t   n;

    n = 0;

    for (p = *pos; p < end && *p >= '0' && *p <= '9'; p++) {
        n = n * 10 + (*p - '0');

        if (n > NGX_CANONICAL_HL7_MAX) {
            return "a number from 1 to 65535 is expected";
        }
    }

    if (n == 0) {
        return "a number from 1 to 65535 is expected";
    }

    *number = (uint16_t) n;
    *pos = p;

    return NULL;
}


static ngx_uint_t
ngx_canonical_hl7_skip(u_char **pos, u_char *end, u_char ch)
{
    if (*pos == end || **pos != ch) {
        return 0;
    }

    (*pos)++;

    return 1;
}
