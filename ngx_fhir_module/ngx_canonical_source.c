
/*
 * Values of sources, and where they are: see the header.
 */

#include "ngx_canonical_run.h"


static ngx_int_t ngx_canonical_source_one(ngx_canonical_runner_t *r,
    ngx_canonical_frame_t *f, ngx_canonical_source_t *s,
    ngx_canonical_value_t *v);
static ngx_int_t ngx_canonical_source_hl7(ngx_canonical_runner_t *r,
    ngx_canonical_value_t *v);
static ngx_int_t ngx_canonical_source_fhirpath(ngx_canonical_runner_t *r,
    ngx_canonical_frame_t *f, ngx_canonical_source_t *s,
    ngx_canonical_value_t *v);
static ngx_int_t ngx_canonical_source_item(ngx_canonical_runner_t *r,
    ngx_fhirpath_item_t *item, ngx_canonical_value_t *v);
static ngx_int_t ngx_canonical_source_computed(ngx_canonical_runner_t *r,
    ngx_fhirpath_item_t *item, ngx_canonical_value_t *v);
static ngx_int_t ngx_canonical_source_variable(ngx_canonical_runner_t *r,
    ngx_canonical_source_t *s, ngx_canonical_value_t *v);
static ngx_int_t ngx_canonical_source_template(ngx_canonical_runner_t *r,
    ngx_canonical_frame_t *f, ngx_canonical_source_t *s,
    ngx_canonical_value_t *v);
static ngx_int_t ngx_canonical_template_texts(ngx_canonical_runner_t *r,
    ngx_canonical_frame_t *f, ngx_canonical_part_t *part, ngx_str_t *texts,
    ngx_canonical_value_t *v);

static ngx_int_t ngx_canonical_authority_hl7(ngx_canonical_runner_t *r,
    ngx_canonical_value_t *v, ngx_str_t *authority);
static ngx_int_t ngx_canonical_authority_fhir(ngx_canonical_runner_t *r,
    ngx_canonical_frame_t *f, ngx_canonical_value_t *v,
    ngx_str_t *authority);


ngx_int_t
ngx_canonical_source_get(ngx_canonical_runner_t *r, ngx_canonical_frame_t *f,
    ngx_canonical_source_t *sources, ngx_uint_t clear,
    ngx_canonical_value_t *v)
{
    ngx_int_t                rc;
    ngx_canonical_source_t  *s;

    for (s = sources; s; s = s->next) {
        rc = ngx_canonical_source_one(r, f, s, v);

        if (rc != NGX_OK || v->state == NGX_CANONICAL_VALUED
            || (v->state == NGX_CANONICAL_NIL && !clear))
        {
            return rc;
        }
    }

    v->state = NGX_CANONICAL_ABSENT;
    v->source = sources;
    v->node = NULL;
    v->secret.data = NULL;

    return NGX_OK;
}


static ngx_int_t
ngx_canonical_source_one(ngx_canonical_runner_t *r, ngx_canonical_frame_t *f,
    ngx_canonical_source_t *s, ngx_canonical_value_t *v)
{
    v->state = NGX_CANONICAL_ABSENT;
    v->kind = NGX_CANONICAL_STRING;
    v->source = s;
    v->node = NULL;
    v->secret.data = NULL;

    switch (s->kind) {

    case NGX_CANONICAL_SOURCE_HL7:
        ngx_canonical_hl7_get(&s->hl7, f->scope, &v->hl7);
        return ngx_canonical_source_hl7(r, v);

    case NGX_CANONICAL_SOURCE_FHIRPATH:
        return ngx_canonical_source_fhirpath(r, f, s, v);

    case NGX_CANONICAL_SOURCE_VARIABLE:
        return ngx_canonical_source_variable(r, s, v);

    default: /* NGX_CANONICAL_SOURCE_TEMPLATE */
        return ngx_canonical_source_template(r, f, s, v);
    }
}


static ngx_int_t
ngx_canonical_source_hl7(ngx_canonical_runner_t *r, ngx_canonical_value_t *v)
{
    ngx_int_t  rc;

    switch (v->hl7.state) {

    case NGX_HL7_VALUED:
        rc = ngx_canonical_hl7_text(r->hl7, &v->hl7, &v->text);

        if (rc == NGX_OK && v->text.len) {
            v->state = NGX_CANONICAL_VALUED;
        }

        return rc;

    case NGX_HL7_NULL:
        v->state = NGX_CANONICAL_NIL;
        return NGX_OK;

    default: /* NGX_HL7_ABSENT, NGX_HL7_EMPTY */
        return NGX_OK;
    }
}


static ngx_int_t
ngx_canonical_source_fhirpath(ngx_canonical_runner_t *r,
    ngx_canonical_frame_t *f, ngx_canonical_source_t *s,
    ngx_canonical_value_t *v)
{
    ngx_int_t                  rc;
    ngx_uint_t                 i;
    ngx_fhirpath_collection_t  items;

    rc = ngx_canonical_evaluate(r, f, s->fhirpath, v, &items);
    if (rc != NGX_OK) {
        return rc;
    }

    for (i = 0; i < items.nitems; i++) {
        rc = ngx_canonical_source_item(r, &items.items[i], v);

        if (rc != NGX_OK || v->state != NGX_CANONICAL_ABSENT) {
            return rc;
        }
    }

    return NGX_OK;
}


ngx_int_t
ngx_canonical_evaluate(ngx_canonical_runner_t *r, ngx_canonical_frame_t *f,
    ngx_fhirpath_t *fp, ngx_canonical_value_t *v,
    ngx_fhirpath_collection_t *items)
{
    ngx_int_t  rc;

    r->fhirpath.at = NULL;

    rc = ngx_fhirpath_eval(fp, &r->fhirpath, f->focus, items);

    if (rc == NGX_DECLINED) {
        v->why = r->fhirpath.why;
        v->code = NGX_HL7_DATA_TYPE;
        v->node = r->fhirpath.at;
    }

    return rc;
}


static ngx_int_t
ngx_canonical_source_item(ngx_canonical_runner_t *r,
    ngx_fhirpath_item_t *item, ngx_canonical_value_t *v)
{
    ngx_canonical_node_t  *node;

    node = item->node;
    v->node = node;

    if (item->kind != NGX_FHIRPATH_NODE) {
        return ngx_canonical_source_computed(r, item, v);
    }

    switch (node->kind) {

    case NGX_CANONICAL_NONE:
        return NGX_OK;

    case NGX_CANONICAL_NULL:
        v->state = NGX_CANONICAL_NIL;
        return NGX_OK;

    case NGX_CANONICAL_OBJECT:
    case NGX_CANONICAL_ARRAY:
        v->state = NGX_CANONICAL_VALUED;
        break;

    default:
        v->state = node->len ? NGX_CANONICAL_VALUED : NGX_CANONICAL_ABSENT;
    }

    v->kind = node->kind;
    v->text.data = node->data;
    v->text.len = node->len;

    return NGX_OK;
}


static ngx_int_t
ngx_canonical_source_computed(ngx_canonical_runner_t *r,
    ngx_fhirpath_item_t *item, ngx_canonical_value_t *v)
{
    ngx_int_t  rc;

    rc = ngx_fhirpath_text(item, r->arena, &v->text);

    if (rc != NGX_OK) {
        return (rc == NGX_ERROR) ? NGX_ERROR : NGX_OK;
    }

    if (v->text.len) {
        v->state = NGX_CANONICAL_VALUED;
    }

    switch (item->kind) {

    case NGX_FHIRPATH_BOOLEAN:
        v->kind = NGX_CANONICAL_BOOLEAN;
        break;

    case NGX_FHIRPATH_INTEGER:
    case NGX_FHIRPATH_DECIMAL:
        v->kind = NGX_CANONICAL_NUMBER;
        break;

    default:
        v->kind = NGX_CANONICAL_STRING;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_canonical_source_variable(ngx_canonical_runner_t *r,
    ngx_canonical_source_t *s, ngx_canonical_value_t *v)
{
    ngx_int_t  rc;

    if (r->run->variable == NULL) {
        return NGX_OK;
    }

    rc = r->run->variable(r->run->data, s->variable, &v->text);

    if (rc == NGX_OK && v->text.len) {
        v->state = NGX_CANONICAL_VALUED;
    }

    return (rc == NGX_ERROR) ? NGX_ERROR : NGX_OK;
}


static ngx_int_t
ngx_canonical_source_template(ngx_canonical_runner_t *r,
    ngx_canonical_frame_t *f, ngx_canonical_source_t *s,
    ngx_canonical_value_t *v)
{
    u_char                *p;
    size_t                 len;
    ngx_int_t              rc;
    ngx_str_t             *texts;
    ngx_uint_t             i, n;
    ngx_canonical_part_t  *part;

    n = 0;

    for (part = s->parts; part; part = part->next) {
        n++;
    }

    texts = ngx_canonical_alloc(r->arena, n * sizeof(ngx_str_t));
    if (texts == NULL) {
        return NGX_ERROR;
    }

    rc = ngx_canonical_template_texts(r, f, s->parts, texts, v);
    if (rc != NGX_OK) {
        return (rc == NGX_DONE) ? NGX_OK : rc;
    }

    len = 0;

    for (part = s->parts, i = 0; part; part = part->next, i++) {
        len += part->literal.len + texts[i].len;
    }

    p = ngx_canonical_bytes(r->arena, len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    v->text.data = p;
    v->text.len = len;

    for (part = s->parts, i = 0; part; part = part->next, i++) {

        if (part->literal.len) {
            p = ngx_cpymem(p, part->literal.data, part->literal.len);
        }

        if (texts[i].len) {
            p = ngx_cpymem(p, texts[i].data, texts[i].len);
        }
    }

    v->state = len ? NGX_CANONICAL_VALUED : NGX_CANONICAL_ABSENT;

    return NGX_OK;
}


/* NGX_DONE: one of the sources has no value */

static ngx_int_t
ngx_canonical_template_texts(ngx_canonical_runner_t *r,
    ngx_canonical_frame_t *f, ngx_canonical_part_t *part, ngx_str_t *texts,
    ngx_canonical_value_t *v)
{
    ngx_int_t              rc;
    ngx_canonical_value_t  one;

    for ( /* void */ ; part; part = part->next, texts++) {

        if (part->source == NULL) {
            texts->len = 0;
            continue;
        }

        rc = ngx_canonical_source_get(r, f, part->source, 1, &one);

        if (rc != NGX_OK) {
            v->why = one.why;
            v->code = one.code;
            v->node = one.node;
            return rc;
        }

        if (one.state != NGX_CANONICAL_VALUED
            || one.kind >= NGX_CANONICAL_OBJECT)
        {
            return NGX_DONE;
        }

        *texts = one.text;
    }

    return NGX_OK;
}


ngx_int_t
ngx_canonical_values(ngx_canonical_runner_t *r, ngx_canonical_frame_t *f,
    ngx_canonical_source_t *source, ngx_canonical_values_t *vals,
    ngx_canonical_value_t *v)
{
    vals->source = source;
    vals->n = 0;

    v->source = source;
    v->node = NULL;

    switch (source->kind) {

    case NGX_CANONICAL_SOURCE_HL7:
        ngx_canonical_hl7_iter(&vals->iter, &source->hl7, f->scope);
        return NGX_OK;

    case NGX_CANONICAL_SOURCE_FHIRPATH:
        return ngx_canonical_evaluate(r, f, source->fhirpath, v, &vals->items);

    default:
        return NGX_OK;
    }
}


ngx_int_t
ngx_canonical_values_next(ngx_canonical_runner_t *r, ngx_canonical_frame_t *f,
    ngx_canonical_values_t *vals, ngx_canonical_value_t *v)
{
    ngx_uint_t  n;

    n = vals->n++;

    v->state = NGX_CANONICAL_ABSENT;
    v->kind = NGX_CANONICAL_STRING;
    v->source = vals->source;
    v->node = NULL;
    v->secret.data = NULL;

    switch (vals->source->kind) {

    case NGX_CANONICAL_SOURCE_HL7:
        if (ngx_canonical_hl7_next(&vals->iter, &v->hl7) != NGX_OK) {
            return NGX_DONE;
        }

        return ngx_canonical_source_hl7(r, v);

    case NGX_CANONICAL_SOURCE_FHIRPATH:
        if (n == vals->items.nitems) {
            return NGX_DONE;
        }

        return ngx_canonical_source_item(r, &vals->items.items[n], v);

    default:
        return n ? NGX_DONE : ngx_canonical_source_one(r, f, vals->source, v);
    }
}


ngx_int_t
ngx_canonical_source_authority(ngx_canonical_runner_t *r,
    ngx_canonical_frame_t *f, ngx_canonical_value_t *v, ngx_str_t *authority)
{
    ngx_str_null(authority);

    if (v->source->kind == NGX_CANONICAL_SOURCE_HL7) {
        return ngx_canonical_authority_hl7(r, v, authority);
    }

    if (v->source->kind == NGX_CANONICAL_SOURCE_FHIRPATH
        && v->source->owner && v->node)
    {
        return ngx_canonical_authority_fhir(r, f, v, authority);
    }

    return NGX_OK;
}


/* component 4 of CX: a name, or, in its place, an identifier as component 2 */

static ngx_int_t
ngx_canonical_authority_hl7(ngx_canonical_runner_t *r,
    ngx_canonical_value_t *v, ngx_str_t *authority)
{
    ngx_str_t                   hd;
    ngx_uint_t                  i;
    ngx_hl7_state_e             state;
    ngx_hl7_message_t          *m;
    ngx_canonical_hl7_value_t   part;

    m = r->hl7->message;

    state = ngx_hl7_part(m, &v->hl7.whole, m->delimiters.component, 4, &hd);
    if (state != NGX_HL7_VALUED) {
        return NGX_OK;
    }

    part = v->hl7;

    for (i = 1; i <= 2; i++) {
        part.state = ngx_hl7_part(m, &hd, m->delimiters.subcomponent, i,
                                  &part.raw);

        if (part.state == NGX_HL7_VALUED) {
            return ngx_canonical_hl7_text(r->hl7, &part, authority);
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_canonical_authority_fhir(ngx_canonical_runner_t *r,
    ngx_canonical_frame_t *f, ngx_canonical_value_t *v, ngx_str_t *authority)
{
    ngx_int_t                   rc;
    ngx_uint_t                  i;
    ngx_canonical_node_t       *node, *value;
    ngx_fhirpath_collection_t   items;

    value = v->node;

    rc = ngx_fhirpath_eval(v->source->owner, &r->fhirpath, f->focus, &items);

    if (rc != NGX_OK) {
        return (rc == NGX_DECLINED) ? NGX_OK : NGX_ERROR;
    }

    for (i = 0; i < items.nitems; i++) {
        node = items.items[i].node;

        if (node == NULL || node->kind != NGX_CANONICAL_OBJECT
            || ngx_canonical_get(node, "value") != value)
        {
            continue;
        }

        node = ngx_canonical_get(node, "system");

        if (node && node->kind == NGX_CANONICAL_STRING) {
            authority->data = node->data;
            authority->len = node->len;
        }

        break;
    }

    return NGX_OK;
}
