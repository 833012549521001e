
/*
 * Errors of a run: see the header.
 */

#include "ngx_canonical_run.h"


static void ngx_canonical_refuse(ngx_canonical_runner_t *r,
    ngx_canonical_frame_t *f, ngx_canonical_rule_t *rule,
    ngx_canonical_value_t *v);
static void ngx_canonical_refuse_hl7(ngx_canonical_runner_t *r,
    ngx_canonical_frame_t *f, ngx_canonical_value_t *v);
static ngx_canonical_source_t *ngx_canonical_refuse_part(
    ngx_canonical_frame_t *f, ngx_canonical_source_t *s,
    ngx_canonical_hl7_value_t *value);
static void ngx_canonical_position_hl7(ngx_hl7_message_t *m,
    ngx_hl7_span_t *segment, size_t offset, ngx_canonical_error_t *err);


/* what is wrong is refused or left out, as on_error says */

ngx_int_t
ngx_canonical_fail(ngx_canonical_runner_t *r, ngx_canonical_frame_t *f,
    ngx_canonical_rule_t *rule, ngx_canonical_value_t *v)
{
    ngx_canonical_refuse(r, f, rule, v);

    return ngx_canonical_warn(r);
}


/* the run cannot go on */

ngx_int_t
ngx_canonical_stop(ngx_canonical_runner_t *r, ngx_canonical_frame_t *f,
    ngx_canonical_rule_t *rule, ngx_uint_t code, const char *why)
{
    ngx_canonical_value_t  v;

    v.state = NGX_CANONICAL_ABSENT;
    v.source = rule ? rule->sources : NULL;
    v.node = NULL;
    v.code = code;
    v.why = why;

    ngx_canonical_refuse(r, f, rule, &v);

    return NGX_DECLINED;
}


static void
ngx_canonical_refuse(ngx_canonical_runner_t *r, ngx_canonical_frame_t *f,
    ngx_canonical_rule_t *rule, ngx_canonical_value_t *v)
{
    ngx_canonical_node_t   *node;
    ngx_canonical_error_t  *err;

    err = &r->run->error;

    ngx_memzero(err, sizeof(ngx_canonical_error_t));

    err->text = v->why;
    err->code = v->code;
    err->map = r->map->label;
    err->file = r->map->file;
    err->line = r->map->line;

    if (rule) {
        err->target = rule->target;
        err->file = rule->file;
        err->line = rule->line;
    }

    if (v->source) {
        err->source = v->source->text;
    }

    if (r->hl7) {
        ngx_canonical_refuse_hl7(r, f, v);
        return;
    }

    node = v->node ? v->node : f->focus->node;

    if (node) {
        err->offset = node->offset;
        err->positioned = 1;
    }
}


static void
ngx_canonical_refuse_hl7(ngx_canonical_runner_t *r, ngx_canonical_frame_t *f,
    ngx_canonical_value_t *v)
{
    ngx_canonical_source_t     *s;
    ngx_canonical_hl7_value_t   value;

    s = v->source;

    if (s && s->kind == NGX_CANONICAL_SOURCE_TEMPLATE) {
        s = ngx_canonical_refuse_part(f, s, &value);

    } else if (s && s->kind == NGX_CANONICAL_SOURCE_HL7) {

        if (v->state == NGX_CANONICAL_ABSENT) {
            ngx_canonical_hl7_get(&s->hl7, f->scope, &value);

        } else {
            value = v->hl7;
        }

    } else {
        s = NULL;
    }

    if (s) {
        ngx_canonical_hl7_locate(&s->hl7, f->scope, &value, &r->run->error);
    }
}


/* of the paths of a template the one without a value, or the last one */

static ngx_canonical_source_t *
ngx_canonical_refuse_part(ngx_canonical_frame_t *f, ngx_canonical_source_t *s,
    ngx_canonical_hl7_value_t *value)
{
    ngx_canonical_part_t    *part;
    ngx_canonical_source_t  *found;

    found = NULL;

    for (part = s->parts; part; part = part->next) {

        if (part->source == NULL
            || part->source->kind != NGX_CANONICAL_SOURCE_HL7)
        {
            continue;
        }

        found = part->source;
        ngx_canonical_hl7_get(&found->hl7, f->scope, value);

        if (value->state != NGX_HL7_VALUED) {
            break;
        }
    }

    return found;
}


ngx_int_t
ngx_canonical_warn(ngx_canonical_runner_t *r)
{
    ngx_uint_t                 n;
    ngx_canonical_warning_t   *w, **last;

    if (r->map->on_error != NGX_CANONICAL_WARN) {
        return NGX_DECLINED;
    }

    n = 0;

    for (last = &r->run->warnings; *last; last = &(*last)->next) {
        n++;
    }

    if (n < NGX_CANONICAL_WARNINGS) {
        w = ngx_canonical_alloc(r->arena, sizeof(ngx_canonical_warning_t));
        if (w == NULL) {
            return NGX_ERROR;
        }

        w->error = r->run->error;
        w->next = NULL;
        *last = w;
    }

    ngx_memzero(&r->run->error, sizeof(ngx_canonical_error_t));

    return NGX_OK;
}


void
ngx_canonical_position(ngx_canonical_runner_t *r, size_t offset)
{
    ngx_uint_t              i;
    ngx_hl7_span_t         *segment;
    ngx_hl7_message_t      *m;
    ngx_canonical_error_t  *err;

    err = &r->run->error;

    err->offset = offset;
    err->positioned = 1;

    if (r->hl7 == NULL) {
        return;
    }

    m = r->hl7->message;

    for (i = 0; i < m->nsegments; i++) {
        segment = &m->segments[i];

        if (offset < segment->start + segment->len) {
            ngx_canonical_position_hl7(m, segment, offset, err);
            return;
        }
    }
}


/* counts delimiters from the segment's start */

static void
ngx_canonical_position_hl7(ngx_hl7_message_t *m, ngx_hl7_span_t *segment,
    size_t offset, ngx_canonical_error_t *err)
{
    u_char          *p, *end;
    ngx_uint_t       i;

    if (segment->len < 3) {
        return;
    }

    p = m->start + segment->start;
    end = m->start + offset;

    ngx_memcpy(err->segment, p, 3);
    err->number = segment - m->segments + 1;

    for (i = 0; i < err->number; i++) {
        if (ngx_hl7_segment_is(m, &m->segments[i], err->segment)) {
            err->occurrence++;
        }
    }

    err->field = ngx_hl7_segment_is_header(m, segment) ? 1 : 0;

    for (p = ngx_hl7_find(m, p, end, m->delimiters.field);
         p < end;
         p = ngx_hl7_find(m, p + 1, end, m->delimiters.field))
    {
        err->field++;
    }
}
