
/*
 * FHIRPath: which elements an expression goes down to.
 */

#include "ngx_fhirpath_private.h"


static ngx_fhirpath_chain_t *ngx_fhirpath_chain(ngx_fhirpath_compiler_t *c);


/* the focus: no name at all */

ngx_int_t
ngx_fhirpath_chain_start(ngx_fhirpath_compiler_t *c)
{
    ngx_fhirpath_chain_t   *chain;
    ngx_fhirpath_chains_t  *chains;

    chain = ngx_fhirpath_chain(c);
    if (chain == NULL) {
        return NGX_ERROR;
    }

    chains = &c->root.chains;

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
    ngx_fhirpath_chain_t  *used, *chain;

    end = names + NGX_FHIRPATH_DEPTH * 2;

    for (used = fp->chains; used; used = used->next) {

        if (!used->used) {
            continue;
        }

        name = end;

        for (chain = used; chain; chain = chain->parent) {

            for (i = chain->nsteps; i && name > names; i--) {
                *--name = chain->steps[i - 1].name;
            }
        }

        read(data, name, end - name);
    }
}


void
ngx_fhirpath_elements(ngx_fhirpath_t *fp, ngx_fhirpath_element_pt element,
    void *data)
{
    ngx_uint_t          i;
    ngx_fhirpath_op_t  *op;

    for (op = fp->paths; op; op = op->next) {

        for (i = 0; i < op->nsteps; i++) {
            element(data, op->steps[i].of, &op->steps[i].name);
        }
    }
}
