
/*
 * Objects, their keys and their schema: see the header.
 */

#include "ngx_canonical_run.h"


static ngx_int_t ngx_canonical_outer(ngx_canonical_runner_t *r,
    ngx_canonical_frame_t *f, ngx_canonical_node_t *root);
static ngx_int_t ngx_canonical_model(ngx_canonical_runner_t *r,
    ngx_canonical_frame_t *f);
static ngx_int_t ngx_canonical_from_model(ngx_canonical_runner_t *r,
    ngx_canonical_frame_t *f);
static ngx_int_t ngx_canonical_key(ngx_canonical_runner_t *r,
    ngx_canonical_frame_t *f, ngx_canonical_node_t *key);
static ngx_int_t ngx_canonical_check(ngx_canonical_runner_t *r,
    ngx_canonical_frame_t *f, ngx_canonical_node_t *root);
static ngx_canonical_rule_t *ngx_canonical_rule_of(
    ngx_canonical_rule_t *rules, ngx_str_t *target, ngx_uint_t pointer);
static ngx_uint_t ngx_canonical_target_at(ngx_str_t *target,
    ngx_str_t *pointer);


static ngx_str_t  ngx_canonical_name_type = ngx_string("type");
static ngx_str_t  ngx_canonical_name_map = ngx_string("map");
static ngx_str_t  ngx_canonical_name_key = ngx_string("key");


ngx_int_t
ngx_canonical_emit(ngx_canonical_runner_t *r, ngx_canonical_frame_t *f)
{
    ngx_int_t              rc;
    ngx_canonical_run_t   *run;
    ngx_canonical_node_t  *root, *type, *map, *key;

    run = r->run;

    if (run->max_objects && run->nobjects >= run->max_objects) {
        return ngx_canonical_stop(r, f, NULL, NGX_HL7_INTERNAL_ERROR,
                                  "too many objects");
    }

    root = ngx_canonical_node(r->arena, NGX_CANONICAL_OBJECT);
    if (root == NULL) {
        return NGX_ERROR;
    }

    type = ngx_canonical_add(r, root, NGX_CANONICAL_STRING,
                             &ngx_canonical_name_type);
    map = ngx_canonical_add(r, root, NGX_CANONICAL_STRING,
                            &ngx_canonical_name_map);
    key = ngx_canonical_add(r, root, NGX_CANONICAL_STRING,
                            &ngx_canonical_name_key);

    if (type == NULL || map == NULL || key == NULL) {
        return NGX_ERROR;
    }

    type->data = f->block->type.data;
    type->len = f->block->type.len;
    type->computed = 1;

    map->data = r->map->label.data;
    map->len = r->map->label.len;
    map->computed = 1;

    if (f->parent) {
        rc = ngx_canonical_outer(r, f->parent, root);
        if (rc != NGX_OK) {
            return rc;
        }

        f->merge = 1;
    }

    f->object = root;

    rc = ngx_canonical_rules(r, f, f->block->rules);
    if (rc != NGX_OK) {
        return rc;
    }

    rc = ngx_canonical_key(r, f, key);
    if (rc != NGX_OK) {
        return rc;
    }

    return ngx_canonical_object(r, f, root);
}


/* fills in the values of the blocks around, the outermost first */

static ngx_int_t
ngx_canonical_outer(ngx_canonical_runner_t *r, ngx_canonical_frame_t *f,
    ngx_canonical_node_t *root)
{
    ngx_int_t  rc;

    if (f->parent) {
        rc = ngx_canonical_outer(r, f->parent, root);
        if (rc != NGX_OK) {
            return rc;
        }
    }

    if (f->model == NULL) {
        rc = ngx_canonical_model(r, f);
        if (rc != NGX_OK) {
            return rc;
        }
    }

    f->object = root;

    return ngx_canonical_from_model(r, f);
}


static ngx_int_t
ngx_canonical_model(ngx_canonical_runner_t *r, ngx_canonical_frame_t *f)
{
    ngx_int_t  rc;

    f->object = ngx_canonical_node(r->arena, NGX_CANONICAL_OBJECT);
    f->nodes = ngx_canonical_nodes(r, f->block);
    f->order = ngx_canonical_alloc(r->arena, (f->block->nslots + 1)
                                             * sizeof(ngx_uint_t));

    if (f->object == NULL || f->nodes == NULL || f->order == NULL) {
        return NGX_ERROR;
    }

    f->norder = 0;
    f->merge = 0;
    f->record = 1;
    f->walk = 0;

    rc = ngx_canonical_rules(r, f, f->block->rules);

    f->record = 0;
    f->walk = 1;

    f->model = f->nodes;
    f->nodes = ngx_canonical_nodes(r, f->block);

    return f->nodes ? rc : NGX_ERROR;
}


/* what other blocks cannot add to is shared by all objects */

static ngx_int_t
ngx_canonical_from_model(ngx_canonical_runner_t *r, ngx_canonical_frame_t *f)
{
    ngx_str_t              name;
    ngx_uint_t             i, n;
    ngx_canonical_node_t  *node, *from, *child, *copy;

    ngx_memzero(f->nodes, f->block->nslots * sizeof(ngx_canonical_node_t *));

    f->merge = (f->parent != NULL);

    for (n = 0; n < f->norder; n++) {
        i = f->order[n];
        from = f->model[i];

        node = ngx_canonical_slot(r, f, i);
        if (node == NULL) {
            return NGX_ERROR;
        }

        switch (f->block->slots[i].kind) {

        case NGX_CANONICAL_OBJECT:
            break;

        case NGX_CANONICAL_ARRAY:
            ngx_str_null(&name);

            for (child = from->first; child; child = child->next) {
                copy = ngx_canonical_add(r, node, child->kind, &name);
                if (copy == NULL) {
                    return NGX_ERROR;
                }

                *copy = *child;
                copy->next = NULL;
            }

            break;

        default:
            node->kind = from->kind;
            node->data = from->data;
            node->len = from->len;
            node->first = from->first;
            node->last = from->last;
            node->offset = from->offset;
            node->computed = from->computed;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_canonical_key(ngx_canonical_runner_t *r, ngx_canonical_frame_t *f,
    ngx_canonical_node_t *key)
{
    ngx_uint_t             slot;
    ngx_canonical_node_t  *node;
    ngx_canonical_rule_t  *rule;

    slot = f->block->key_slot;
    node = (slot == NGX_CANONICAL_NO_SLOT) ? NULL : f->nodes[slot];

    if (node == NULL) {
        node = ngx_canonical_find(f->object, &f->block->key);
    }

    if (node && node->len && node->kind >= NGX_CANONICAL_BOOLEAN
        && node->kind <= NGX_CANONICAL_STRING)
    {
        key->data = node->data;
        key->len = node->len;
        key->offset = node->offset;
        key->computed = node->computed;
        return NGX_OK;
    }

    rule = ngx_canonical_rule_of(r->map->block->rules, &f->block->key, 0);

    return ngx_canonical_stop(r, f, rule, NGX_HL7_REQUIRED_FIELD, "no key");
}


ngx_int_t
ngx_canonical_object(ngx_canonical_runner_t *r, ngx_canonical_frame_t *f,
    ngx_canonical_node_t *root)
{
    ngx_int_t                rc;
    ngx_canonical_run_t     *run;
    ngx_canonical_node_t    *key;
    ngx_canonical_object_t  *object;

    run = r->run;

    if (r->map->schema) {
        rc = ngx_canonical_check(r, f, root);
        if (rc != NGX_OK) {
            return rc;
        }
    }

    object = ngx_canonical_zalloc(r->arena, sizeof(ngx_canonical_object_t));
    if (object == NULL) {
        return NGX_ERROR;
    }

    object->map = r->map;
    object->root = root;

    if (f->block->type.data) {
        key = root->first->next->next;

        object->type = f->block->type;
        object->key.data = key->data;
        object->key.len = key->len;
    }

    *run->last = object;
    run->last = &object->next;
    run->nobjects++;

    return NGX_OK;
}


static ngx_int_t
ngx_canonical_check(ngx_canonical_runner_t *r, ngx_canonical_frame_t *f,
    ngx_canonical_node_t *root)
{
    ngx_int_t               rc;
    ngx_canonical_rule_t   *rule;
    ngx_canonical_error_t   err, *e;

    ngx_memzero(&err, sizeof(ngx_canonical_error_t));

    rc = ngx_canonical_schema_check(r->map->schema, r->arena, root, &err);

    if (rc != NGX_DECLINED) {
        return rc;
    }

    e = &r->run->error;
    *e = err;

    if (e->code == 0) {
        e->code = NGX_HL7_DATA_TYPE;
    }

    e->map = r->map->label;
    e->file = r->map->file;
    e->line = r->map->line;

    rule = ngx_canonical_rule_of(r->map->block->rules, &e->target, 1);

    if (rule) {
        e->file = rule->file;
        e->line = rule->line;

        if (rule->sources) {
            e->source = rule->sources->text;
        }

    }

    if (e->positioned && e->offset) {
        ngx_canonical_position(r, e->offset);

    } else {
        e->positioned = 0;
    }

    return ngx_canonical_warn(r);
}


/* the rule of a target, which is given by its name or by a JSON pointer */

static ngx_canonical_rule_t *
ngx_canonical_rule_of(ngx_canonical_rule_t *rules, ngx_str_t *target,
    ngx_uint_t pointer)
{
    ngx_canonical_rule_t  *rule, *found;

    for (rule = rules; rule; rule = rule->next) {

        switch (rule->kind) {

        case NGX_CANONICAL_SET:
        case NGX_CANONICAL_CONST:

            if (rule->drop) {
                continue;
            }

            if (pointer ? ngx_canonical_target_at(&rule->target, target)
                : (rule->target.len == target->len
                   && ngx_memcmp(rule->target.data, target->data, target->len)
                      == 0))
            {
                return rule;
            }

            continue;

        case NGX_CANONICAL_WHEN:
            found = ngx_canonical_rule_of(rule->then, target, pointer);

            if (found == NULL) {
                found = ngx_canonical_rule_of(rule->otherwise, target,
                                              pointer);
            }

            break;

        default: /* NGX_CANONICAL_EACH, NGX_CANONICAL_SEGMENT */
            found = ngx_canonical_rule_of(rule->block->rules, target, pointer);
        }

        if (found) {
            return found;
        }
    }

    return NULL;
}


/* whether "a[].b" is the target of "/a/12/b" */

static ngx_uint_t
ngx_canonical_target_at(ngx_str_t *target, ngx_str_t *pointer)
{
    u_char  *p, *end, *q, *last;

    p = target->data;
    end = p + target->len;

    q = pointer->data;
    last = q + pointer->len;

    while (q < last && *q == '/') {
        q++;

        while (p < end && q < last && *p == *q && *p != '.') {
            p++;
            q++;
        }

        if (end - p >= 2 && p[0] == '[' && p[1] == ']'
            && last - q >= 2 && *q == '/')
        {
            p += 2;
            q++;

            while (q < last && *q >= '0' && *q <= '9') {
                q++;
            }
        }

        if (p == end) {
            return q == last;
        }

        if (*p++ != '.') {
            return 0;
        }
    }

    return 0;
}
