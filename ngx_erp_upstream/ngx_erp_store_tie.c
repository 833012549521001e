
/*
 * Which worker has which delivery in flight, and which waits for its end: what
 * a turn does to that is taken back if it fails.
 */

#include "ngx_erp_store_private.h"


static void ngx_erp_tie_insert(ngx_rbtree_node_t *temp,
    ngx_rbtree_node_t *node, ngx_rbtree_node_t *sentinel);
static void ngx_erp_tie_link(ngx_erp_ties_t *ties, ngx_erp_tie_t *tie);
static void ngx_erp_tie_unlink(ngx_erp_ties_t *ties, ngx_erp_tie_t *tie);


void
ngx_erp_ties_init(ngx_erp_ties_t *ties, ngx_uint_t leases)
{
    ngx_rbtree_init(&ties->tree, &ties->sentinel, ngx_erp_tie_insert);

    ngx_queue_init(&ties->made);
    ngx_queue_init(&ties->ended);

    ties->leases = leases;
}


/* keys of NGINX's trees have 32 bits on some systems */

static void
ngx_erp_tie_insert(ngx_rbtree_node_t *temp, ngx_rbtree_node_t *node,
    ngx_rbtree_node_t *sentinel)
{
    ngx_erp_tie_t       *tie, *other;
    ngx_rbtree_node_t  **p;

    tie = (ngx_erp_tie_t *) node;

    for ( ;; ) {
        other = (ngx_erp_tie_t *) temp;

        p = (tie->delivery < other->delivery) ? &temp->left : &temp->right;

        if (*p == sentinel) {
            break;
        }

        temp = *p;
    }

    *p = node;
    node->parent = temp;
    node->left = sentinel;
    node->right = sentinel;
    ngx_rbt_red(node);
}


ngx_erp_tie_t *
ngx_erp_tie_find(ngx_erp_ties_t *ties, uint64_t delivery)
{
    ngx_erp_tie_t      *tie;
    ngx_rbtree_node_t  *node;

    node = ties->tree.root;

    while (node != ties->tree.sentinel) {
        tie = (ngx_erp_tie_t *) node;

        if (tie->delivery == delivery) {
            return tie;
        }

        node = (delivery < tie->delivery) ? node->left : node->right;
    }

    return NULL;
}


ngx_erp_tie_t *
ngx_erp_tie_make(ngx_erp_ties_t *ties, ngx_erp_peer_t *peer,
    uint64_t delivery, uint64_t number, ngx_uint_t made)
{
    ngx_erp_tie_t  *tie;

    tie = malloc(sizeof(ngx_erp_tie_t));
    if (tie == NULL) {
        return NULL;
    }

    tie->peer = peer;
    tie->delivery = delivery;
    tie->number = number;
    tie->made = made ? 1 : 0;

    if (made) {
        ngx_queue_insert_tail(&ties->made, &tie->turn);
    }

    ngx_erp_tie_link(ties, tie);

    return tie;
}


static void
ngx_erp_tie_link(ngx_erp_ties_t *ties, ngx_erp_tie_t *tie)
{
    tie->node.key = (ngx_rbtree_key_t) tie->delivery;
    ngx_rbtree_insert(&ties->tree, &tie->node);

    if (ties->leases) {
        ngx_queue_insert_tail(&tie->peer->leases, &tie->queue);
        tie->peer->nleases++;

    } else {
        ngx_queue_insert_tail(&tie->peer->waits, &tie->queue);
    }
}


static void
ngx_erp_tie_unlink(ngx_erp_ties_t *ties, ngx_erp_tie_t *tie)
{
    ngx_rbtree_delete(&ties->tree, &tie->node);
    ngx_queue_remove(&tie->queue);

    if (ties->leases) {
        tie->peer->nleases--;
    }
}


/* a lease, to the same worker on another connection */

void
ngx_erp_tie_move(ngx_erp_tie_t *tie, ngx_erp_peer_t *peer)
{
    ngx_queue_remove(&tie->queue);
    tie->peer->nleases--;

    tie->peer = peer;

    ngx_queue_insert_tail(&peer->leases, &tie->queue);
    peer->nleases++;
}


void
ngx_erp_tie_end(ngx_erp_ties_t *ties, ngx_erp_tie_t *tie)
{
    ngx_erp_tie_unlink(ties, tie);

    if (tie->made) {
        ngx_queue_remove(&tie->turn);
        ngx_free(tie);
        return;
    }

    ngx_queue_insert_tail(&ties->ended, &tie->turn);
}


void
ngx_erp_ties_commit(ngx_erp_ties_t *ties)
{
    ngx_queue_t    *q;
    ngx_erp_tie_t  *tie;

    while (!ngx_queue_empty(&ties->made)) {
        q = ngx_queue_head(&ties->made);
        tie = ngx_queue_data(q, ngx_erp_tie_t, turn);

        ngx_queue_remove(q);
        tie->made = 0;
    }

    while (!ngx_queue_empty(&ties->ended)) {
        q = ngx_queue_head(&ties->ended);
        ngx_queue_remove(q);
        ngx_free(ngx_queue_data(q, ngx_erp_tie_t, turn));
    }
}


void
ngx_erp_ties_undo(ngx_erp_ties_t *ties)
{
    ngx_queue_t    *q;
    ngx_erp_tie_t  *tie;

    while (!ngx_queue_empty(&ties->made)) {
        q = ngx_queue_head(&ties->made);
        tie = ngx_queue_data(q, ngx_erp_tie_t, turn);

        ngx_queue_remove(q);
        ngx_erp_tie_unlink(ties, tie);
        ngx_free(tie);
    }

    while (!ngx_queue_empty(&ties->ended)) {
        q = ngx_queue_head(&ties->ended);
        tie = ngx_queue_data(q, ngx_erp_tie_t, turn);

        ngx_queue_remove(q);
        ngx_erp_tie_link(ties, tie);
    }
}


void
ngx_erp_ties_free(ngx_erp_ties_t *ties, ngx_queue_t *queue)
{
    ngx_erp_tie_t  *tie;

    while (!ngx_queue_empty(queue)) {
        tie = ngx_queue_data(ngx_queue_head(queue), ngx_erp_tie_t, queue);

        ngx_erp_tie_unlink(ties, tie);
        ngx_free(tie);
    }
}
