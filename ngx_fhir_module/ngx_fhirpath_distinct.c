
/*
 * FHIRPath: each item once.
 */

#include "ngx_fhirpath_private.h"


/* up to this many each is compared with each */
#define NGX_FHIRPATH_DISTINCT_FEW  16


typedef struct {
    uint32_t    hash;
    uint32_t    index;           /* in the stack, from 1; 0: not used */
} ngx_fhirpath_slot_t;


static ngx_int_t ngx_fhirpath_distinct_few(ngx_fhirpath_run_t *run,
    ngx_uint_t mark);
static ngx_int_t ngx_fhirpath_distinct_many(ngx_fhirpath_run_t *run,
    ngx_uint_t mark);
static ngx_fhirpath_slot_t *ngx_fhirpath_distinct_find(
    ngx_fhirpath_run_t *run, ngx_fhirpath_slot_t *slots, ngx_uint_t mask,
    ngx_fhirpath_item_t *item, uint32_t hash);
static uint32_t ngx_fhirpath_hash_item(ngx_fhirpath_run_t *run,
    ngx_fhirpath_item_t *item);
static uint32_t ngx_fhirpath_hash_number(ngx_fhirpath_item_t *item);
static uint32_t ngx_fhirpath_hash_members(ngx_fhirpath_run_t *run,
    ngx_fhirpath_item_t *item);


ngx_int_t
ngx_fhirpath_distinct(ngx_fhirpath_run_t *run, ngx_uint_t mark)
{
    return (run->n - mark <= NGX_FHIRPATH_DISTINCT_FEW)
           ? ngx_fhirpath_distinct_few(run, mark)
           : ngx_fhirpath_distinct_many(run, mark);
}


static ngx_int_t
ngx_fhirpath_distinct_few(ngx_fhirpath_run_t *run, ngx_uint_t mark)
{
    ngx_int_t              rc;
    ngx_uint_t             i, k, n;
    ngx_fhirpath_truth_e   equal;

    n = mark;

    for (i = mark; i < run->n; i++) {

        for (k = mark; k < n; k++) {

            rc = ngx_fhirpath_equal(run, &run->stack[k], &run->stack[i],
                                    &equal);
            if (rc != NGX_OK) {
                return rc;
            }

            if (equal == NGX_FHIRPATH_YES) {
                break;
            }
        }

        if (k == n) {
            run->stack[n++] = run->stack[i];
        }
    }

    run->n = n;

    return NGX_OK;
}


static ngx_int_t
ngx_fhirpath_distinct_many(ngx_fhirpath_run_t *run, ngx_uint_t mark)
{
    uint32_t              hash;
    ngx_uint_t            i, n, size;
    ngx_fhirpath_slot_t  *slots, *slot;

    for (size = 64; size < 2 * (run->n - mark); size *= 2) { /* void */ }

    slots = ngx_canonical_zalloc(run->ctx->arena,
                                 size * sizeof(ngx_fhirpath_slot_t));
    if (slots == NULL) {
        return NGX_ERROR;
    }

    n = mark;

    for (i = mark; i < run->n; i++) {

        hash = ngx_fhirpath_hash_item(run, &run->stack[i]);

        slot = ngx_fhirpath_distinct_find(run, slots, size - 1,
                                          &run->stack[i], hash);
        if (slot == NULL) {
            return run->rc;
        }

        if (slot->index == 0) {
            run->stack[n++] = run->stack[i];
            slot->hash = hash;
            slot->index = (uint32_t) n;
        }
    }

    run->n = n;

    return NGX_OK;
}


/* the slot of an item that is equal, or the one for this; NULL: run->rc */

static ngx_fhirpath_slot_t *
ngx_fhirpath_distinct_find(ngx_fhirpath_run_t *run,
    ngx_fhirpath_slot_t *slots, ngx_uint_t mask, ngx_fhirpath_item_t *item,
    uint32_t hash)
{
    ngx_uint_t             i;
    ngx_fhirpath_truth_e   equal;

    for (i = hash & mask; slots[i].index; i = (i + 1) & mask) {

        if (slots[i].hash != hash) {
            run->steps--;
            continue;
        }

        run->rc = ngx_fhirpath_equal(run, &run->stack[slots[i].index - 1],
                                     item, &equal);
        if (run->rc != NGX_OK) {
            return NULL;
        }

        if (equal == NGX_FHIRPATH_YES) {
            break;
        }
    }

    return &slots[i];
}


/* items that are equal have the same */

static uint32_t
ngx_fhirpath_hash_item(ngx_fhirpath_run_t *run, ngx_fhirpath_item_t *item)
{
    ngx_str_t  s;

    switch (ngx_fhirpath_kind(item)) {

    case NGX_FHIRPATH_NODE:
        return ngx_fhirpath_hash_members(run, item);

    case NGX_FHIRPATH_BOOLEAN:
        return ngx_fhirpath_truth(item);

    case NGX_FHIRPATH_INTEGER:
    case NGX_FHIRPATH_DECIMAL:
        return ngx_fhirpath_hash_number(item);

    case NGX_FHIRPATH_STRING:
        (void) ngx_fhirpath_as_string(item, &s);
        return ngx_fhirpath_hash(NGX_FHIRPATH_HASH, s.data, s.len);

    default:

        /* one time may be written in several ways */

        return NGX_FHIRPATH_TIME;
    }
}


/* 1.0 is 1 */

static uint32_t
ngx_fhirpath_hash_number(ngx_fhirpath_item_t *item)
{
    uint64_t                 parts[2];
    ngx_canonical_decimal_t  d;

    if (ngx_fhirpath_as_decimal(item, &d) != NGX_OK) {
        return 0;
    }

    while (d.scale && d.units % 10 == 0) {
        d.units /= 10;
        d.scale--;
    }

    parts[0] = (uint64_t) d.units;
    parts[1] = (uint64_t) d.scale;

    return ngx_fhirpath_hash(NGX_FHIRPATH_HASH, (u_char *) parts,
                             sizeof(parts));
}


/* the sum of those of the members, whose order does not matter */

static uint32_t
ngx_fhirpath_hash_members(ngx_fhirpath_run_t *run, ngx_fhirpath_item_t *item)
{
    uint32_t               sum, hash;
    ngx_fhir_element_t    *e;
    ngx_fhirpath_item_t    value;
    ngx_canonical_node_t  *m;

    sum = 0;

    if (item->node->kind == NGX_CANONICAL_ARRAY) {
        return sum;
    }

    for (m = item->node->first; m; m = m->next) {
        run->steps--;

        e = item->type ? ngx_fhir_element(item->type, m->name, m->name_len)
                       : NULL;

        ngx_fhirpath_node(&value, m, e ? e->type : 0);

        hash = ngx_fhirpath_hash(NGX_FHIRPATH_HASH, m->name, m->name_len);

        if (ngx_fhirpath_kind(&value) == NGX_FHIRPATH_STRING) {
            hash = ngx_fhirpath_hash(hash, m->data, m->len);
        }

        sum += hash;
    }

    return sum;
}
