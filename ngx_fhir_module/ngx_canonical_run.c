
/*
 * Runs the rules of a map: see the headers.
 */

#include "ngx_canonical_run.h"


static ngx_int_t ngx_canonical_run_map(ngx_canonical_runner_t *r);
static ngx_int_t ngx_canonical_run_hl7(ngx_canonical_runner_t *r);
static ngx_uint_t ngx_canonical_run_has_profile(ngx_canonical_runner_t *r);
static ngx_int_t ngx_canonical_run_to(ngx_canonical_runner_t *r,
    ngx_canonical_frame_t *f);

static ngx_int_t ngx_canonical_block(ngx_canonical_runner_t *r,
    ngx_canonical_frame_t *f);

static ngx_int_t ngx_canonical_set(ngx_canonical_runner_t *r,
    ngx_canonical_frame_t *f, ngx_canonical_rule_t *rule);
static ngx_int_t ngx_canonical_set_all(ngx_canonical_runner_t *r,
    ngx_canonical_frame_t *f, ngx_canonical_rule_t *rule);
static ngx_int_t ngx_canonical_set_value(ngx_canonical_runner_t *r,
    ngx_canonical_frame_t *f, ngx_canonical_rule_t *rule,
    ngx_canonical_value_t *v);
static ngx_int_t ngx_canonical_const(ngx_canonical_runner_t *r,
    ngx_canonical_frame_t *f, ngx_canonical_rule_t *rule);
static ngx_int_t ngx_canonical_when(ngx_canonical_runner_t *r,
    ngx_canonical_frame_t *f, ngx_canonical_rule_t *rule);
static ngx_int_t ngx_canonical_test(ngx_canonical_rule_t *rule,
    ngx_canonical_value_t *v);
static ngx_int_t ngx_canonical_segment(ngx_canonical_runner_t *r,
    ngx_canonical_frame_t *f, ngx_canonical_rule_t *rule);
static ngx_int_t ngx_canonical_each(ngx_canonical_runner_t *r,
    ngx_canonical_frame_t *f, ngx_canonical_rule_t *rule);
static ngx_int_t ngx_canonical_each_hl7(ngx_canonical_runner_t *r,
    ngx_canonical_frame_t *inner, ngx_canonical_source_t *source,
    ngx_uint_t *n);
static ngx_int_t ngx_canonical_each_item(ngx_canonical_runner_t *r,
    ngx_canonical_frame_t *inner, ngx_canonical_source_t *source,
    ngx_uint_t *n);


ngx_int_t
ngx_canonical_map_run(ngx_canonical_map_t *map, ngx_canonical_run_t *run)
{
    ngx_int_t                 rc;
    ngx_uint_t                n;
    ngx_canonical_runner_t    r;
    ngx_canonical_object_t  **last;

    ngx_memzero(&r, sizeof(ngx_canonical_runner_t));

    r.map = map;
    r.run = run;
    r.arena = run->arena;

    r.keep = map->from == NGX_CANONICAL_FROM_JSON
             || map->from == NGX_CANONICAL_FROM_CANONICAL
             || map->to == NGX_CANONICAL_TO_JSON;

    if (run->last == NULL) {
        run->last = &run->objects;
    }

    last = run->last;
    n = run->nobjects;

    rc = ngx_canonical_run_map(&r);

    if (rc != NGX_OK) {
        run->last = last;
        run->nobjects = n;
        *last = NULL;
    }

    return rc;
}


static ngx_int_t
ngx_canonical_run_map(ngx_canonical_runner_t *r)
{
    ngx_canonical_run_t        *run;
    ngx_fhirpath_item_t         focus;
    ngx_canonical_frame_t       f;
    ngx_canonical_hl7_scope_t   scope;

    run = r->run;

    if (ngx_canonical_enter(r, &f, NULL, NULL, r->map->block) != NGX_OK) {
        return NGX_ERROR;
    }

    if (r->map->from == NGX_CANONICAL_FROM_HL7) {

        if (ngx_canonical_run_hl7(r) != NGX_OK) {
            return NGX_ERROR;
        }

        ngx_canonical_hl7_scope(&scope, r->hl7);
        f.scope = &scope;

    } else {
        r->fhirpath.arena = r->arena;
        r->fhirpath.root = run->body ? run->body : run->root;
        r->fhirpath.resource = run->root;
        r->fhirpath.max_items = run->max_items;

        if (!ngx_canonical_run_has_profile(r)) {
            return NGX_OK;
        }

        ngx_fhirpath_node(&focus, run->root, run->root->type);
        f.focus = &focus;
    }

    if (r->map->to != NGX_CANONICAL_TO_CANONICAL) {
        return ngx_canonical_run_to(r, &f);
    }

    return ngx_canonical_block(r, &f);
}


static ngx_int_t
ngx_canonical_run_hl7(ngx_canonical_runner_t *r)
{
    ngx_canonical_run_t  *run;

    run = r->run;

    if (run->hl7 == NULL) {
        r->hl7 = ngx_canonical_alloc(r->arena, sizeof(ngx_canonical_hl7_t));

        if (r->hl7 == NULL
            || ngx_canonical_hl7_init(r->hl7, run->message, run->charset,
                                      r->arena)
               != NGX_OK)
        {
            return NGX_ERROR;
        }

        run->hl7 = r->hl7;
    }

    r->hl7 = run->hl7;

    return NGX_OK;
}


/* a map with profile= is for resources that say that they follow it */

static ngx_uint_t
ngx_canonical_run_has_profile(ngx_canonical_runner_t *r)
{
    ngx_str_t             *profile;
    ngx_canonical_node_t  *node;

    profile = &r->map->profile;

    if (profile->len == 0) {
        return 1;
    }

    node = ngx_canonical_get(r->run->root, "meta");

    if (node) {
        node = ngx_canonical_get(node, "profile");
    }

    for (node = node ? node->first : NULL; node; node = node->next) {

        if (node->len == profile->len && node->data
            && ngx_memcmp(node->data, profile->data, profile->len) == 0)
        {
            return 1;
        }
    }

    return 0;
}


/* a map with "to" makes one root, an array of segments of HL7 */

static ngx_int_t
ngx_canonical_run_to(ngx_canonical_runner_t *r, ngx_canonical_frame_t *f)
{
    ngx_int_t              rc;
    ngx_canonical_kind_e   kind;

    kind = (r->map->to == NGX_CANONICAL_TO_HL7) ? NGX_CANONICAL_ARRAY
                                                : NGX_CANONICAL_OBJECT;

    r->root = ngx_canonical_node(r->arena, kind);
    if (r->root == NULL) {
        return NGX_ERROR;
    }

    f->object = r->root;

    rc = ngx_canonical_rules(r, f, f->block->rules);
    if (rc != NGX_OK) {
        return rc;
    }

    return ngx_canonical_object(r, f, r->root);
}


/* one iteration of a block */

static ngx_int_t
ngx_canonical_block(ngx_canonical_runner_t *r, ngx_canonical_frame_t *f)
{
    if (f->block->type.data) {
        return ngx_canonical_emit(r, f);
    }

    f->walk = f->block->has_emit;
    f->model = NULL;

    return ngx_canonical_rules(r, f, f->block->rules);
}


ngx_int_t
ngx_canonical_rules(ngx_canonical_runner_t *r, ngx_canonical_frame_t *f,
    ngx_canonical_rule_t *rule)
{
    ngx_int_t  rc;

    for ( /* void */ ; rule; rule = rule->next) {

        rc = NGX_OK;

        switch (rule->kind) {

        case NGX_CANONICAL_SET:
            if (!f->walk && !rule->drop) {
                rc = rule->all ? ngx_canonical_set_all(r, f, rule)
                               : ngx_canonical_set(r, f, rule);
            }

            break;

        case NGX_CANONICAL_CONST:
            if (!f->walk) {
                rc = ngx_canonical_const(r, f, rule);
            }

            break;

        case NGX_CANONICAL_EACH:
            if (f->walk == rule->block->has_emit) {
                rc = ngx_canonical_each(r, f, rule);
            }

            break;

        case NGX_CANONICAL_WHEN:
            rc = ngx_canonical_when(r, f, rule);
            break;

        default: /* NGX_CANONICAL_SEGMENT */
            rc = ngx_canonical_segment(r, f, rule);
        }

        if (rc != NGX_OK) {
            return rc;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_canonical_set(ngx_canonical_runner_t *r, ngx_canonical_frame_t *f,
    ngx_canonical_rule_t *rule)
{
    ngx_int_t              rc;
    ngx_canonical_value_t  v;

    rc = ngx_canonical_source_get(r, f, rule->sources, rule->clear, &v);

    if (rc == NGX_OK) {
        rc = ngx_canonical_set_value(r, f, rule, &v);
        return (rc == NGX_DONE) ? NGX_OK : rc;
    }

    return (rc == NGX_DECLINED) ? ngx_canonical_fail(r, f, rule, &v) : rc;
}


/* all values of the first alternative that has one */

static ngx_int_t
ngx_canonical_set_all(ngx_canonical_runner_t *r, ngx_canonical_frame_t *f,
    ngx_canonical_rule_t *rule)
{
    ngx_int_t                rc;
    ngx_uint_t               n;
    ngx_canonical_value_t    v;
    ngx_canonical_values_t   vals;
    ngx_canonical_source_t  *s;

    n = 0;

    for (s = rule->sources; s && n == 0; s = s->next) {

        rc = ngx_canonical_values(r, f, s, &vals, &v);

        while (rc == NGX_OK) {
            rc = ngx_canonical_values_next(r, f, &vals, &v);

            if (rc != NGX_OK || v.state == NGX_CANONICAL_ABSENT
                || (v.state == NGX_CANONICAL_NIL && rule->clear))
            {
                continue;
            }

            if (r->run->max_items && n == r->run->max_items) {
                return ngx_canonical_stop(r, f, rule, NGX_HL7_INTERNAL_ERROR,
                                          "too many items");
            }

            n++;

            rc = ngx_canonical_set_value(r, f, rule, &v);

            if (rc == NGX_DONE) {
                rc = NGX_OK;

            } else if (rc != NGX_OK) {
                return rc;
            }
        }

        if (rc != NGX_DONE) {
            v.state = NGX_CANONICAL_ABSENT;
            return (rc == NGX_DECLINED) ? ngx_canonical_fail(r, f, rule, &v)
                                        : NGX_ERROR;
        }
    }

    if (n) {
        return NGX_OK;
    }

    v.state = NGX_CANONICAL_ABSENT;
    v.source = rule->sources;
    v.node = NULL;
    v.secret.data = NULL;

    rc = ngx_canonical_set_value(r, f, rule, &v);

    return (rc == NGX_DONE) ? NGX_OK : rc;
}


/* NGX_DONE: there is none */

static ngx_int_t
ngx_canonical_set_value(ngx_canonical_runner_t *r, ngx_canonical_frame_t *f,
    ngx_canonical_rule_t *rule, ngx_canonical_value_t *v)
{
    ngx_int_t  rc;

    rc = ngx_canonical_value(r, f, rule, v);

    if (rc == NGX_OK) {
        rc = ngx_canonical_put(r, f, rule->slot, v);
    }

    if (rc == NGX_OK && v->secret.data && rule->key->previous_id.len
        && rule->previous != NGX_CANONICAL_NO_SLOT)
    {
        rc = ngx_canonical_value_token(r, rule->key, 1, v);

        if (rc == NGX_OK) {
            rc = ngx_canonical_put(r, f, rule->previous, v);
        }
    }

    return (rc == NGX_DECLINED) ? ngx_canonical_fail(r, f, rule, v) : rc;
}


static ngx_int_t
ngx_canonical_const(ngx_canonical_runner_t *r, ngx_canonical_frame_t *f,
    ngx_canonical_rule_t *rule)
{
    ngx_canonical_value_t  v;

    v.state = NGX_CANONICAL_ABSENT;
    v.kind = rule->value_kind;
    v.text = rule->value;
    v.node = NULL;

    return ngx_canonical_put(r, f, rule->slot, &v);
}


static ngx_int_t
ngx_canonical_when(ngx_canonical_runner_t *r, ngx_canonical_frame_t *f,
    ngx_canonical_rule_t *rule)
{
    ngx_int_t              rc;
    ngx_canonical_value_t  v;

    rc = ngx_canonical_source_get(r, f, rule->sources, 1, &v);

    if (rc == NGX_OK) {
        rc = ngx_canonical_test(rule, &v);

        if (rc == NGX_OK) {
            return ngx_canonical_rules(r, f, rule->then);
        }

        if (rc == NGX_DECLINED) {
            return ngx_canonical_rules(r, f, rule->otherwise);
        }

        v.code = NGX_HL7_DATA_TYPE;
        v.why = "the regular expression could not be matched";

        return ngx_canonical_fail(r, f, rule, &v);
    }

    return (rc == NGX_DECLINED) ? ngx_canonical_fail(r, f, rule, &v) : rc;
}


/* NGX_OK, NGX_DECLINED, or NGX_ERROR: it cannot be told */

static ngx_int_t
ngx_canonical_test(ngx_canonical_rule_t *rule, ngx_canonical_value_t *v)
{
    ngx_str_t   *value;
    ngx_uint_t   valued, found;

    valued = (v->state == NGX_CANONICAL_VALUED);

    if (rule->test == NGX_CANONICAL_PRESENT) {

        /* a computed "false" is the answer to a question */

        if (valued && v->kind == NGX_CANONICAL_BOOLEAN
            && v->text.len == sizeof("false") - 1
            && (v->node == NULL || v->node->data != v->text.data))
        {
            return NGX_DECLINED;
        }

        return valued ? NGX_OK : NGX_DECLINED;
    }

    if (valued && v->kind >= NGX_CANONICAL_OBJECT) {
        valued = 0;
    }

    if (rule->test == NGX_CANONICAL_MATCH) {
        return valued ? ngx_canonical_regex_match(rule->regex, &v->text)
                      : NGX_DECLINED;
    }

    found = 0;

    for (value = rule->values; valued && value->len; value++) {

        if (value->len == v->text.len
            && ngx_memcmp(value->data, v->text.data, value->len) == 0)
        {
            found = 1;
            break;
        }
    }

    if (rule->test == NGX_CANONICAL_NOT_EQUAL) {
        found = !found;
    }

    return found ? NGX_OK : NGX_DECLINED;
}


static ngx_int_t
ngx_canonical_segment(ngx_canonical_runner_t *r, ngx_canonical_frame_t *f,
    ngx_canonical_rule_t *rule)
{
    ngx_canonical_frame_t  inner;

    if (ngx_canonical_enter(r, &inner, f, rule, rule->block) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_canonical_rules(r, &inner, rule->block->rules);
}


/* over the first alternative that has one */

static ngx_int_t
ngx_canonical_each(ngx_canonical_runner_t *r, ngx_canonical_frame_t *f,
    ngx_canonical_rule_t *rule)
{
    ngx_int_t                rc;
    ngx_uint_t               n;
    ngx_canonical_value_t    v;
    ngx_canonical_frame_t    inner;
    ngx_canonical_source_t  *s;

    if (ngx_canonical_enter(r, &inner, f, rule, rule->block) != NGX_OK) {
        return NGX_ERROR;
    }

    n = 0;

    for (s = rule->sources; s && n == 0; s = s->next) {

        rc = r->hl7 ? ngx_canonical_each_hl7(r, &inner, s, &n)
                    : ngx_canonical_each_item(r, &inner, s, &n);

        if (rc != NGX_OK) {
            return rc;
        }
    }

    if (n || !rule->required) {
        return NGX_OK;
    }

    v.state = NGX_CANONICAL_ABSENT;
    v.source = rule->sources;
    v.node = NULL;
    v.code = NGX_HL7_REQUIRED_FIELD;
    v.why = "required repetition is missing";

    return ngx_canonical_fail(r, f, rule, &v);
}


static ngx_int_t
ngx_canonical_each_hl7(ngx_canonical_runner_t *r,
    ngx_canonical_frame_t *inner, ngx_canonical_source_t *source,
    ngx_uint_t *n)
{
    ngx_int_t                  rc;
    ngx_canonical_hl7_iter_t   iter;
    ngx_canonical_hl7_scope_t  scope;

    ngx_canonical_hl7_iter(&iter, &source->hl7, inner->scope);

    while (ngx_canonical_hl7_each(&iter, inner->rule->with, &scope) == NGX_OK)
    {
        if (r->run->max_items && *n == r->run->max_items) {
            return ngx_canonical_stop(r, inner->parent, inner->rule,
                                      NGX_HL7_INTERNAL_ERROR,
                                      "too many items");
        }

        (*n)++;

        inner->scope = &scope;
        inner->object = NULL;
        ngx_memzero(inner->nodes,
                   inner->block->nslots * sizeof(ngx_canonical_node_t *));

        rc = ngx_canonical_block(r, inner);
        if (rc != NGX_OK) {
            return rc;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_canonical_each_item(ngx_canonical_runner_t *r,
    ngx_canonical_frame_t *inner, ngx_canonical_source_t *source,
    ngx_uint_t *n)
{
    ngx_int_t                   rc;
    ngx_canonical_value_t       v;
    ngx_fhirpath_collection_t   items;

    inner->focus = inner->parent->focus;

    rc = ngx_canonical_evaluate(r, inner, source->fhirpath, &v, &items);

    if (rc != NGX_OK) {
        v.source = source;
        return (rc == NGX_DECLINED)
               ? ngx_canonical_fail(r, inner, inner->rule, &v) : NGX_ERROR;
    }

    for ( /* void */ ; *n < items.nitems; (*n)++) {
        inner->focus = &items.items[*n];
        inner->object = NULL;
        ngx_memzero(inner->nodes,
                   inner->block->nslots * sizeof(ngx_canonical_node_t *));

        rc = ngx_canonical_block(r, inner);
        if (rc != NGX_OK) {
            return rc;
        }
    }

    return NGX_OK;
}
