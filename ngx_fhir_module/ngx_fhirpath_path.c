
/*
 * FHIRPath: down the tree by names.
 */

#include "ngx_fhirpath_private.h"


static ngx_int_t ngx_fhirpath_step(ngx_fhirpath_run_t *run,
    ngx_canonical_node_t *node, ngx_uint_t type, ngx_fhirpath_step_t *step,
    ngx_canonical_node_t **child, ngx_uint_t *child_type);
static ngx_canonical_node_t *ngx_fhirpath_choice(ngx_fhirpath_run_t *run,
    ngx_canonical_node_t *node, ngx_uint_t type, ngx_str_t *name,
    ngx_uint_t *child_type);
static ngx_uint_t ngx_fhirpath_choice_type(ngx_uint_t type,
    ngx_canonical_node_t *child, ngx_str_t *name);
static ngx_int_t ngx_fhirpath_walk_all(ngx_fhirpath_run_t *run,
    ngx_canonical_node_t *node, ngx_fhirpath_step_t *step,
    ngx_fhirpath_step_t *end);
static ngx_int_t ngx_fhirpath_walk_array(ngx_fhirpath_run_t *run,
    ngx_canonical_node_t *array, ngx_uint_t type, ngx_fhirpath_step_t *step,
    ngx_fhirpath_step_t *end);


ngx_int_t
ngx_fhirpath_eval_path(ngx_fhirpath_run_t *run, ngx_fhirpath_op_t *op)
{
    ngx_int_t             rc;
    ngx_uint_t            i, mark, top;
    ngx_fhirpath_item_t   item;
    ngx_fhirpath_step_t  *end;

    end = op->steps + op->nsteps;

    if (op->input->id == NGX_FHIRPATH_THIS) {

        if (run->selfless || run->self.kind != NGX_FHIRPATH_NODE) {
            return NGX_OK;
        }

        return ngx_fhirpath_walk(run, run->self.node, run->self.type,
                                 op->steps, end);
    }

    mark = run->n;

    rc = op->input->eval(run, op->input);
    if (rc != NGX_OK) {
        return rc;
    }

    top = run->n;

    for (i = mark; i < top; i++) {
        item = run->stack[i];

        if (item.kind != NGX_FHIRPATH_NODE) {
            continue;
        }

        rc = ngx_fhirpath_walk(run, item.node, item.type, op->steps, end);
        if (rc != NGX_OK) {
            return rc;
        }
    }

    ngx_fhirpath_drop(run, mark, top);

    return NGX_OK;
}


/*
 * Calls itself where there are several nodes to go on from, so at most once
 * for each name, and for each array in an array.
 */

ngx_int_t
ngx_fhirpath_walk(ngx_fhirpath_run_t *run, ngx_canonical_node_t *node,
    ngx_uint_t type, ngx_fhirpath_step_t *step, ngx_fhirpath_step_t *end)
{
    ngx_int_t              rc;
    ngx_fhirpath_item_t   *item;
    ngx_canonical_node_t  *child;

    for ( ;; ) {

        if (node->kind == NGX_CANONICAL_ARRAY) {

            if (node->first == NULL) {
                return NGX_OK;
            }

            if (node->first->next) {
                return ngx_fhirpath_walk_array(run, node, type, step, end);
            }

            node = node->first;
            type = node->type ? node->type : type;
            continue;
        }

        if (step == end) {
            break;
        }

        if (run->untyped) {
            return ngx_fhirpath_walk_all(run, node, step, end);
        }

        rc = ngx_fhirpath_step(run, node, type, step, &child, &type);

        if (rc != NGX_OK || child == NULL) {
            return rc;
        }

        node = child;
        step++;
    }

    /* null has a place in plain JSON only */

    if (node->kind == NGX_CANONICAL_NULL && !run->untyped) {
        return NGX_OK;
    }

    item = ngx_fhirpath_push(run);
    if (item == NULL) {
        return run->rc;
    }

    item->kind = NGX_FHIRPATH_NODE;
    item->type = (uint32_t) type;
    item->node = node;

    return NGX_OK;
}


/* one name down in a tree of FHIR; *child NULL: there is none */

static ngx_int_t
ngx_fhirpath_step(ngx_fhirpath_run_t *run, ngx_canonical_node_t *node,
    ngx_uint_t type, ngx_fhirpath_step_t *step, ngx_canonical_node_t **child,
    ngx_uint_t *child_type)
{
    ngx_fhir_element_t  *e;

    e = NULL;

    if (type) {
        e = (type == step->of) ? step->element
                               : ngx_fhir_element(type, step->name.data,
                                                  step->name.len);
    }

    *child_type = 0;

    if (e && e->choice) {
        *child = ngx_fhirpath_choice(run, node, type, &step->name, child_type);

    } else {
        *child = ngx_fhirpath_member(run, node, &step->name);

        if (e) {
            *child_type = e->type;

        } else if (*child == NULL && type == 0) {
            *child = ngx_fhirpath_choice(run, node, 0, &step->name,
                                         child_type);
        }
    }

    if (*child && (*child)->type) {
        *child_type = (*child)->type;
    }

    return (run->steps < 0) ? ngx_fhirpath_work(run, 0) : NGX_OK;
}


ngx_canonical_node_t *
ngx_fhirpath_member(ngx_fhirpath_run_t *run, ngx_canonical_node_t *node,
    ngx_str_t *name)
{
    u_char                *data;
    size_t                 len;
    ngx_canonical_node_t  *child;

    data = name->data;
    len = name->len;

    for (child = node->first; child; child = child->next) {
        run->steps--;

        if (child->name_len == len
            && ngx_memcmp(child->name, data, len) == 0)
        {
            break;
        }
    }

    return child;
}


/* "valueQuantity" for "value" */

static ngx_canonical_node_t *
ngx_fhirpath_choice(ngx_fhirpath_run_t *run, ngx_canonical_node_t *node,
    ngx_uint_t type, ngx_str_t *name, ngx_uint_t *child_type)
{
    size_t                 len;
    ngx_canonical_node_t  *child;

    len = name->len;

    for (child = node->first; child; child = child->next) {
        run->steps--;

        if (child->name_len <= len
            || child->name[len] < 'A' || child->name[len] > 'Z'
            || ngx_memcmp(child->name, name->data, len) != 0)
        {
            continue;
        }

        *child_type = ngx_fhirpath_choice_type(type, child, name);

        if (*child_type) {
            break;
        }
    }

    return child;
}


static ngx_uint_t
ngx_fhirpath_choice_type(ngx_uint_t type, ngx_canonical_node_t *child,
    ngx_str_t *name)
{
    u_char               primitive[sizeof("base64Binary")];
    size_t               len;
    ngx_uint_t           found;
    ngx_fhir_element_t  *e;

    if (type) {
        e = ngx_fhir_element(type, child->name, child->name_len);

        return (e && e->typed && e->name.len == name->len) ? e->type : 0;
    }

    len = child->name_len - name->len;
    found = ngx_fhir_type(child->name + name->len, len);

    if (found || len >= sizeof(primitive)) {
        return found;
    }

    ngx_memcpy(primitive, child->name + name->len, len);
    primitive[0] |= 0x20;

    return ngx_fhir_type(primitive, len);
}


/* a tree that is not of FHIR: the members of this name, all of them */

static ngx_int_t
ngx_fhirpath_walk_all(ngx_fhirpath_run_t *run, ngx_canonical_node_t *node,
    ngx_fhirpath_step_t *step, ngx_fhirpath_step_t *end)
{
    ngx_int_t              rc;
    ngx_canonical_node_t  *child;

    for (child = node->first; child; child = child->next) {

        if (--run->steps < 0) {
            return ngx_fhirpath_work(run, 0);
        }

        if (child->name_len != step->name.len
            || ngx_memcmp(child->name, step->name.data, step->name.len) != 0)
        {
            continue;
        }

        rc = ngx_fhirpath_walk(run, child, 0, step + 1, end);
        if (rc != NGX_OK) {
            return rc;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_fhirpath_walk_array(ngx_fhirpath_run_t *run, ngx_canonical_node_t *array,
    ngx_uint_t type, ngx_fhirpath_step_t *step, ngx_fhirpath_step_t *end)
{
    ngx_int_t              rc;
    ngx_canonical_node_t  *node;

    for (node = array->first; node; node = node->next) {

        rc = ngx_fhirpath_walk(run, node, node->type ? node->type : type, step,
                               end);
        if (rc != NGX_OK) {
            return rc;
        }
    }

    return NGX_OK;
}


void
ngx_fhirpath_drop(ngx_fhirpath_run_t *run, ngx_uint_t mark, ngx_uint_t top)
{
    ngx_memmove(&run->stack[mark], &run->stack[top],
                (run->n - top) * sizeof(ngx_fhirpath_item_t));

    run->n -= top - mark;
}
