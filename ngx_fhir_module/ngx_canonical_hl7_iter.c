
/*
 * All values of a path, and the scopes of "each": see ngx_canonical_hl7.h.
 */

#include "ngx_canonical_hl7_private.h"


static ngx_int_t ngx_canonical_hl7_fields(ngx_canonical_hl7_iter_t *it,
    ngx_str_t *repetition);
static ngx_int_t ngx_canonical_hl7_repetition(ngx_canonical_hl7_iter_t *it,
    ngx_str_t *repetition);
static ngx_int_t ngx_canonical_hl7_segments(ngx_canonical_hl7_iter_t *it,
    ngx_uint_t each);


void
ngx_canonical_hl7_iter(ngx_canonical_hl7_iter_t *it,
    ngx_canonical_hl7_path_t *path, ngx_canonical_hl7_scope_t *scope)
{
    ngx_memzero(it, sizeof(ngx_canonical_hl7_iter_t));

    it->path = path;
    it->scope = scope;
}


ngx_int_t
ngx_canonical_hl7_next(ngx_canonical_hl7_iter_t *it,
    ngx_canonical_hl7_value_t *value)
{
    ngx_canonical_hl7_t       *hl7;
    ngx_canonical_hl7_path_t  *path;

    hl7 = it->scope->hl7;
    path = it->path;

    if (path->name == 0) {

        if (it->started) {
            return NGX_DONE;
        }

        it->started = 1;
        ngx_canonical_hl7_relative(path, it->scope, value);

        return (value->state > NGX_HL7_EMPTY) ? NGX_OK : NGX_DONE;
    }

    if (path->all_repetitions) {

        if (ngx_canonical_hl7_fields(it, &value->whole) != NGX_OK) {
            return NGX_DONE;
        }

        value->segment = it->current;
        value->repetition = it->number;
        value->state = ngx_hl7_state(&value->whole);

        ngx_canonical_hl7_parts(path, hl7, path->path.field, value);

        return NGX_OK;
    }

    while (ngx_canonical_hl7_segments(it, 0) == NGX_OK) {

        ngx_canonical_hl7_in(path, hl7, it->current, value);

        if (value->state > NGX_HL7_EMPTY) {
            return NGX_OK;
        }
    }

    return NGX_DONE;
}


ngx_int_t
ngx_canonical_hl7_each(ngx_canonical_hl7_iter_t *it, ngx_uint_t *with,
    ngx_canonical_hl7_scope_t *inner)
{
    uint32_t                   next;
    ngx_str_t                  repetition;
    ngx_canonical_hl7_path_t  *path;

    path = it->path;

    if (path->path.field) {

        do {
            if (ngx_canonical_hl7_fields(it, &repetition) != NGX_OK) {
                return NGX_DONE;
            }

        } while (!ngx_canonical_hl7_filtered(path, it->scope->hl7->message,
                                             &repetition)
                 || (path->path.repetition
                     && path->path.repetition != it->number));

        ngx_memzero(inner, sizeof(ngx_canonical_hl7_scope_t));

        inner->current = it->current;
        inner->repetition = repetition;
        inner->field = path->path.field;
        inner->number = it->number;

    } else {

        if (ngx_canonical_hl7_segments(it, 1) != NGX_OK) {
            return NGX_DONE;
        }

        ngx_memzero(inner, sizeof(ngx_canonical_hl7_scope_t));

        /* its group goes up to the next one, whatever predicate there is */

        next = it->scope->hl7->same[it->current];

        inner->name = path->name;
        inner->current = it->current;
        inner->end = ngx_min(next, it->end);
        inner->with = with;
    }

    inner->parent = it->scope;
    inner->hl7 = it->scope->hl7;

    return NGX_OK;
}


/* the next repetition of the field in all segments that the path names */

static ngx_int_t
ngx_canonical_hl7_fields(ngx_canonical_hl7_iter_t *it, ngx_str_t *repetition)
{
    ngx_hl7_state_e     state;
    ngx_hl7_message_t  *m;

    m = it->scope->hl7->message;

    while (!it->more) {

        if (ngx_canonical_hl7_segments(it, 0) != NGX_OK) {
            return NGX_DONE;
        }

        state = ngx_canonical_hl7_field(m, &m->segments[it->current],
                                        it->path->path.field, &it->rest);

        it->more = (state > NGX_HL7_EMPTY);
        it->number = 0;
    }

    return ngx_canonical_hl7_repetition(it, repetition);
}


static ngx_int_t
ngx_canonical_hl7_repetition(ngx_canonical_hl7_iter_t *it,
    ngx_str_t *repetition)
{
    ngx_hl7_delimiters_t  *d;

    d = ngx_canonical_hl7_delimiters(it->scope->hl7, it->current,
                                     it->path->path.field);

    (void) ngx_hl7_part(it->scope->hl7->message, &it->rest, d->repetition, 1,
                        repetition);

    it->number++;

    if (repetition->len == it->rest.len) {
        it->more = 0;

    } else {
        it->rest.data += repetition->len + 1;
        it->rest.len -= repetition->len + 1;
    }

    return NGX_OK;
}


/* the next segment; "each" goes over all of them where none is named */

static ngx_int_t
ngx_canonical_hl7_segments(ngx_canonical_hl7_iter_t *it, ngx_uint_t each)
{
    ngx_uint_t                 all;
    ngx_canonical_hl7_t       *hl7;
    ngx_canonical_hl7_path_t  *path;

    hl7 = it->scope->hl7;
    path = it->path;

    all = path->all_segments || (each && path->occurrence == 0);

    if (!it->started) {
        it->started = 1;

        if (all) {
            it->segment = ngx_canonical_hl7_range(path, it->scope, &it->end);

        } else {
            it->segment = ngx_canonical_hl7_segment(path, it->scope,
                                                    &it->end);
        }
    }

    while (it->segment < it->end
           && !ngx_canonical_hl7_matches(path, hl7, it->segment))
    {
        it->segment = hl7->same[it->segment];
    }

    if (it->segment >= it->end) {
        return NGX_DONE;
    }

    it->current = it->segment;
    it->segment = all ? hl7->same[it->segment] : NGX_CANONICAL_HL7_NONE;

    return NGX_OK;
}
