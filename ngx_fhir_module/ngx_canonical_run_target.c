
/*
 * Nodes of the objects that a map makes: see the header.
 */

#include "ngx_canonical_run.h"


static void ngx_canonical_put_position(ngx_canonical_runner_t *r,
    ngx_canonical_node_t *node, ngx_canonical_value_t *v);
static ngx_canonical_node_t *ngx_canonical_place(ngx_canonical_runner_t *r,
    ngx_canonical_node_t *parent, ngx_canonical_slot_t *slot);
static ngx_canonical_node_t *ngx_canonical_slot_outer(
    ngx_canonical_frame_t *f, ngx_canonical_slot_t *slot,
    ngx_canonical_node_t *parent);
static ngx_canonical_node_t *ngx_canonical_own(ngx_canonical_runner_t *r,
    ngx_canonical_frame_t *f);


ngx_int_t
ngx_canonical_enter(ngx_canonical_runner_t *r, ngx_canonical_frame_t *f,
    ngx_canonical_frame_t *parent, ngx_canonical_rule_t *rule,
    ngx_canonical_block_t *block)
{
    ngx_memzero(f, sizeof(ngx_canonical_frame_t));

    f->parent = parent;
    f->block = block;
    f->rule = rule;

    if (parent) {
        f->scope = parent->scope;
        f->focus = parent->focus;
    }

    f->nodes = ngx_canonical_nodes(r, block);

    return f->nodes ? NGX_OK : NGX_ERROR;
}


ngx_canonical_node_t **
ngx_canonical_nodes(ngx_canonical_runner_t *r, ngx_canonical_block_t *block)
{
    /* one more: a block may have none */

    return ngx_canonical_zalloc(r->arena, (block->nslots + 1)
                                          * sizeof(ngx_canonical_node_t *));
}


ngx_int_t
ngx_canonical_put(ngx_canonical_runner_t *r, ngx_canonical_frame_t *f,
    ngx_uint_t slot, ngx_canonical_value_t *v)
{
    ngx_str_t              name;
    ngx_canonical_node_t  *node;

    node = ngx_canonical_slot(r, f, slot);
    if (node == NULL) {
        return NGX_ERROR;
    }

    if (f->block->slots[slot].kind == NGX_CANONICAL_ARRAY) {
        ngx_str_null(&name);

        node = ngx_canonical_add(r, node, v->kind, &name);
        if (node == NULL) {
            return NGX_ERROR;
        }
    }

    node->kind = v->kind;
    node->first = NULL;
    node->last = NULL;

    if (v->kind >= NGX_CANONICAL_OBJECT) {
        node->first = v->node->first;
        node->last = v->node->last;

    } else {
        node->data = v->text.data;
        node->len = v->text.len;
    }

    ngx_canonical_put_position(r, node, v);

    return NGX_OK;
}


/* for the errors of a schema */

static void
ngx_canonical_put_position(ngx_canonical_runner_t *r,
    ngx_canonical_node_t *node, ngx_canonical_value_t *v)
{
    node->offset = 0;
    node->computed = 1;

    if (v->state == NGX_CANONICAL_ABSENT) {
        return;
    }

    if (v->node) {
        node->offset = v->node->offset;
        node->computed = 0;

    } else if (v->source->kind == NGX_CANONICAL_SOURCE_HL7) {
        node->offset = v->hl7.raw.data - r->hl7->message->start;
        node->computed = 0;
    }
}


/* the node of a slot, made if it is not there; NULL: no memory */

ngx_canonical_node_t *
ngx_canonical_slot(ngx_canonical_runner_t *r, ngx_canonical_frame_t *f,
    ngx_uint_t i)
{
    ngx_canonical_node_t  *node, *parent;
    ngx_canonical_slot_t  *slot;

    if (f->nodes[i]) {
        return f->nodes[i];
    }

    slot = &f->block->slots[i];

    parent = (slot->parent == NGX_CANONICAL_NO_SLOT)
             ? ngx_canonical_own(r, f)
             : ngx_canonical_slot(r, f, slot->parent);

    if (parent == NULL) {
        return NULL;
    }

    node = f->merge ? ngx_canonical_slot_outer(f, slot, parent) : NULL;

    if (node == NULL) {
        node = ngx_canonical_slot_is_position(&slot->name)
               ? ngx_canonical_place(r, parent, slot)
               : ngx_canonical_add(r, parent, slot->kind, &slot->name);

        if (node == NULL) {
            return NULL;
        }
    }

    f->nodes[i] = node;

    if (f->record) {
        f->order[f->norder++] = i;
    }

    return node;
}


/* the element at a position, "[12]": those before it are null until set */

static ngx_canonical_node_t *
ngx_canonical_place(ngx_canonical_runner_t *r, ngx_canonical_node_t *parent,
    ngx_canonical_slot_t *slot)
{
    u_char                *p;
    ngx_str_t              name;
    ngx_uint_t             n;
    ngx_canonical_node_t  *node;

    n = 0;

    for (p = slot->name.data + 1; *p != ']'; p++) {
        n = n * 10 + (*p - '0');
    }

    parent->kind = NGX_CANONICAL_ARRAY;
    ngx_str_null(&name);

    for (node = parent->first; /* void */ ; node = node->next) {

        if (node == NULL) {
            node = ngx_canonical_add(r, parent, NGX_CANONICAL_NULL, &name);
            if (node == NULL) {
                return NULL;
            }
        }

        if (n-- == 0) {
            node->kind = slot->kind;
            return node;
        }
    }
}


/* what a block around has made of the same target: it is of the same kind */

static ngx_canonical_node_t *
ngx_canonical_slot_outer(ngx_canonical_frame_t *f, ngx_canonical_slot_t *slot,
    ngx_canonical_node_t *parent)
{
    ngx_uint_t              i;
    ngx_canonical_slot_t   *s;
    ngx_canonical_node_t   *node, *p;
    ngx_canonical_frame_t  *outer;

    for (outer = f->parent; outer; outer = outer->parent) {

        for (i = 0; i < outer->block->nslots; i++) {
            s = &outer->block->slots[i];
            node = outer->nodes[i];

            if (node == NULL || s->name.len != slot->name.len
                || ngx_memcmp(s->name.data, slot->name.data, s->name.len)
                   != 0)
            {
                continue;
            }

            p = (s->parent == NGX_CANONICAL_NO_SLOT) ? outer->object
                                                     : outer->nodes[s->parent];

            if (p == parent) {
                return node;
            }
        }
    }

    return NULL;
}


/* the object of the frame, made with its first value */

static ngx_canonical_node_t *
ngx_canonical_own(ngx_canonical_runner_t *r, ngx_canonical_frame_t *f)
{
    ngx_str_t              name;
    ngx_canonical_node_t  *node;

    if (f->object) {
        return f->object;
    }

    if (f->rule->kind == NGX_CANONICAL_SEGMENT) {
        f->object = ngx_canonical_add(r, r->root, NGX_CANONICAL_OBJECT,
                                      &f->block->name);
        return f->object;
    }

    node = ngx_canonical_slot(r, f->parent, f->rule->slot);

    if (node && node->kind == NGX_CANONICAL_ARRAY) {
        ngx_str_null(&name);
        node = ngx_canonical_add(r, node, NGX_CANONICAL_OBJECT, &name);
    }

    f->object = node;

    return node;
}


ngx_canonical_node_t *
ngx_canonical_add(ngx_canonical_runner_t *r, ngx_canonical_node_t *parent,
    ngx_canonical_kind_e kind, ngx_str_t *name)
{
    ngx_canonical_node_t  *node;

    node = ngx_canonical_node(r->arena, kind);

    if (node) {
        node->name = name->data;
        node->name_len = name->len;

        ngx_canonical_append(parent, node);
    }

    return node;
}
