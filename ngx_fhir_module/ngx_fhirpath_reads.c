
/*
 * FHIRPath: which elements an expression goes down to.
 */

#include "ngx_fhirpath_private.h"


static ngx_fhirpath_chain_t *ngx_fhirpath_chain(ngx_fhirpath_compiler_t *c);
static ngx_str_t *ngx_fhirpath_chain_name(ngx_fhirpath_chain_t *chain);


/* no name led there, and it is not the focus */

static ngx_str_t  ngx_fhirpath_no_name = ngx_null_string;


/* a chain without names */

ngx_int_t
ngx_fhirpath_chain_start(ngx_fhirpath_compiler_t *c,
    ngx_fhirpath_chains_t *chains, ngx_fhirpath_start_e start)
{
    ngx_fhirpath_chain_t  *chain;

    chain = ngx_fhirpath_chain(c);
    if (chain == NULL) {
        return NGX_ERROR;
    }

    chain->start = start;

    chains->items = ngx_canonical_alloc(c->arena,
                                        sizeof(ngx_fhirpath_chain_t *));
    if (chains->items == NULL) {
        c->why = "no memory";
        return NGX_ERROR;
    }

    chains->items[0] = chain;
    chains->n = 1;

    return NGX_OK;
}


static ngx_fhirpath_chain_t *
ngx_fhirpath_chain(ngx_fhirpath_compiler_t *c)
{
    ngx_fhirpath_chain_t  *chain;

    if (c->nchains++ == NGX_FHIRPATH_CHAINS) {
        ngx_fhirpath_wrong(c, c->token.at, "the expression is too large", NULL,
                           NULL);
        return NULL;
    }

    chain = ngx_canonical_zalloc(c->arena, sizeof(ngx_fhirpath_chain_t));
    if (chain == NULL) {
        c->why = "no memory";
        return NULL;
    }

    chain->next = c->fp->chains;
    c->fp->chains = chain;

    return chain;
}


/* a path that gets one more name keeps its chains */

ngx_int_t
ngx_fhirpath_chain_down(ngx_fhirpath_compiler_t *c,
    ngx_fhirpath_chains_t *from, ngx_fhirpath_step_t *steps,
    ngx_uint_t nsteps, ngx_fhirpath_chains_t *to)
{
    ngx_uint_t             i, again;
    ngx_fhirpath_chain_t  *chain, **chains;

    again = (nsteps > 1 && to->n);
    chains = to->items;

    if (!again && from->n) {
        chains = ngx_canonical_alloc(c->arena,
                                     from->n * sizeof(ngx_fhirpath_chain_t *));
        if (chains == NULL) {
            c->why = "no memory";
            return NGX_ERROR;
        }
    }

    for (i = 0; i < from->n; i++) {

        chain = again ? chains[i] : ngx_fhirpath_chain(c);
        if (chain == NULL) {
            return NGX_ERROR;
        }

        chain->parent = from->items[i];
        chain->steps = steps;
        chain->nsteps = nsteps;
        chains[i] = chain;
    }

    to->items = chains;
    to->n = from->n;

    return NGX_OK;
}


ngx_int_t
ngx_fhirpath_chain_join(ngx_fhirpath_compiler_t *c, ngx_fhirpath_chains_t *a,
    ngx_fhirpath_chains_t *b, ngx_fhirpath_chains_t *to)
{
    ngx_fhirpath_chain_t  **chains;

    if (a->n == 0 || b->n == 0) {
        *to = a->n ? *a : *b;
        return NGX_OK;
    }

    if (a->n + b->n > NGX_FHIRPATH_CHAINS) {
        ngx_fhirpath_wrong(c, c->token.at, "the expression is too large", NULL,
                           NULL);
        return NGX_ERROR;
    }

    chains = ngx_canonical_alloc(c->arena, (a->n + b->n)
                                           * sizeof(ngx_fhirpath_chain_t *));
    if (chains == NULL) {
        c->why = "no memory";
        return NGX_ERROR;
    }

    ngx_memcpy(chains, a->items, a->n * sizeof(ngx_fhirpath_chain_t *));
    ngx_memcpy(chains + a->n, b->items,
               b->n * sizeof(ngx_fhirpath_chain_t *));

    to->items = chains;
    to->n = a->n + b->n;

    return NGX_OK;
}


void
ngx_fhirpath_chain_use(ngx_fhirpath_chains_t *chains)
{
    ngx_uint_t  i;

    for (i = 0; i < chains->n; i++) {
        chains->items[i]->used = 1;
    }
}


void
ngx_fhirpath_reads(ngx_fhirpath_t *fp, ngx_fhirpath_read_pt read, void *data)
{
    ngx_str_t              names[NGX_FHIRPATH_DEPTH * 2], *name, *end;
    ngx_uint_t             i;
    ngx_fhirpath_chain_t  *used, *chain, *first;

    end = names + NGX_FHIRPATH_DEPTH * 2;

    for (used = fp->chains; used; used = used->next) {

        if (!used->used) {
            continue;
        }

        name = end;
        first = used;

        for (chain = used; chain; chain = chain->parent) {
            first = chain;

            for (i = chain->nsteps; i && name > names; i--) {
                *--name = chain->steps[i - 1].name;
            }
        }

        if (first->start != NGX_FHIRPATH_ASIDE) {
            read(data, name, end - name,
                 first->start == NGX_FHIRPATH_RESOURCE);
        }
    }
}


void
ngx_fhirpath_elements(ngx_fhirpath_t *fp, ngx_fhirpath_element_pt element,
    void *data)
{
    ngx_uint_t              i;
    ngx_fhirpath_op_t      *op;
    ngx_fhirpath_step_t    *step;
    ngx_fhirpath_chains_t  *chains;

    for (op = fp->paths; op; op = op->next) {

        step = op->steps;
        chains = &op->input->result.chains;

        for (i = 0; i < chains->n; i++) {
            element(data, step->of, &step->name,
                    ngx_fhirpath_chain_name(chains->items[i]));
        }

        /* of what has no elements in earnest */

        if (chains->n == 0) {
            element(data, step->of, &step->name, &ngx_fhirpath_no_name);
        }

        for (i = 1; i < op->nsteps; i++) {
            element(data, step[i].of, &step[i].name, &step[i - 1].name);
        }
    }
}


/* see ngx_fhirpath_ends() */

static ngx_str_t *
ngx_fhirpath_chain_name(ngx_fhirpath_chain_t *chain)
{
    for ( /* void */ ; chain; chain = chain->parent) {

        if (chain->nsteps) {
            return &chain->steps[chain->nsteps - 1].name;
        }

        if (chain->start != NGX_FHIRPATH_FOCUS) {
            return &ngx_fhirpath_no_name;
        }
    }

    return NULL;
}


void
ngx_fhirpath_ends(ngx_fhirpath_t *fp, ngx_fhirpath_end_pt end, void *data)
{
    ngx_uint_t              i;
    ngx_fhirpath_chains_t  *chains;

    chains = &fp->op->result.chains;

    for (i = 0; i < chains->n; i++) {
        end(data, ngx_fhirpath_chain_name(chains->items[i]));
    }
}


/* its last name is left out, and so are all functions behind it */

ngx_int_t
ngx_fhirpath_owner(ngx_canonical_arena_t *a, ngx_fhirpath_t *fp,
    ngx_uint_t of, const char *name, ngx_fhirpath_t **owner)
{
    size_t                len;
    ngx_fhirpath_t       *own;
    ngx_fhirpath_op_t    *op;
    ngx_fhirpath_step_t  *step;

    for (op = fp->op; op && op->id != NGX_FHIRPATH_PATH; op = op->input) {
        /* void */
    }

    if (op == NULL) {
        return NGX_DECLINED;
    }

    step = &op->steps[op->nsteps - 1];
    len = strlen(name);

    if (step->name.len != len || ngx_memcmp(step->name.data, name, len) != 0
        || (step->of && step->of != of))
    {
        return NGX_DECLINED;
    }

    own = ngx_canonical_alloc(a, sizeof(ngx_fhirpath_t));
    if (own == NULL) {
        return NGX_ERROR;
    }

    *own = *fp;
    own->type = step->of;
    own->op = op->input;

    if (op->nsteps > 1) {
        own->op = ngx_canonical_alloc(a, sizeof(ngx_fhirpath_op_t));
        if (own->op == NULL) {
            return NGX_ERROR;
        }

        *own->op = *op;
        own->op->nsteps--;
    }

    *owner = own;

    return NGX_OK;
}
