
/*
 * Frames of the store's socket.  What is read lies within the frame, and
 * what is a whole frame of its type is written again as the same bytes.
 */

#include <stdlib.h>
#include <string.h>

#include "ngx_erp_wire.h"


#define check(expr)  if (!(expr)) abort()

#define FUZZ_ARRAYS  2


static void fuzz_frame(ngx_erp_in_t *in, u_char *start);
static void fuzz_same(ngx_erp_out_t *out, ngx_erp_in_t *in, u_char *start);
static void fuzz_in(ngx_erp_in_t *in, ngx_str_t *s);


typedef struct {
    void        *p[FUZZ_ARRAYS];
    ngx_uint_t   n;
    size_t       limit;
} fuzz_memory_t;


static void *
fuzz_alloc(void *data, size_t size)
{
    fuzz_memory_t  *m = data;

    /* a field on the wire is never less than an eighth of it in memory */

    check(m->n < FUZZ_ARRAYS && size <= m->limit);

    m->p[m->n] = malloc(size);

    return m->p[m->n++];
}


static void *
fuzz_grow(void *data, void *old, size_t size)
{
    return realloc(old, size);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    u_char        *start, *pos, *frame;
    size_t         need;
    ngx_int_t      rc;
    ngx_erp_in_t   in;

    start = malloc(size);
    memcpy(start, data, size);
    pos = start;

    for ( ;; ) {
        frame = pos;
        rc = ngx_erp_wire_next(&pos, start + size, &in, &need);

        if (rc != NGX_OK) {
            break;
        }

        check(in.end == pos && in.pos == frame + NGX_ERP_WIRE_HEADER
              && pos <= start + size);

        fuzz_frame(&in, frame);
    }

    check(pos == frame);

    if (rc == NGX_AGAIN) {
        check(need == 0 || need > (size_t) (start + size - pos));
    }

    free(start);

    return 0;
}


static void
fuzz_frame(ngx_erp_in_t *in, u_char *start)
{
    uint64_t           i;
    ngx_uint_t         n;
    ngx_str_t          s;
    ngx_erp_in_t       copy;
    ngx_erp_out_t      out;
    fuzz_memory_t      memory;
    ngx_erp_frame_e    type;
    ngx_erp_message_t  m;

    union {
        ngx_erp_lease_t       lease;
        ngx_erp_settle_t      settle;
        ngx_erp_hello_t       hello;
        ngx_erp_put_answer_t  put_answer;
        ngx_erp_ended_t       ended;
        ngx_erp_holding_t     holding;
        ngx_erp_ask_t         ask;
        ngx_erp_answer_t      answer;
    } fields;

    memset(&out, 0, sizeof(out));
    out.grow = fuzz_grow;

    memset(&memory, 0, sizeof(memory));
    memory.limit = 8 * (in->end - in->pos);

    copy = *in;

    if (ngx_erp_wire_get_put(&copy, &m, fuzz_alloc, &memory) == NGX_OK) {
        for (i = 0; i < m.nobjects; i++) {
            fuzz_in(in, &m.objects[i].body);
        }

        for (i = 0; i < m.ntargets; i++) {
            fuzz_in(in, &m.targets[i].key);
            check(m.targets[i].object < m.nobjects);
        }

        check(ngx_erp_wire_put(&out, in->number, &m) == NGX_OK);
        fuzz_same(&out, in, start);
    }

    for (n = 0; n < memory.n; n++) {
        free(memory.p[n]);
    }

    for (type = NGX_ERP_HELLO; type <= NGX_ERP_ANSWER; type++) {

        if (type == NGX_ERP_PUT) {
            continue;
        }

        copy = *in;

        if (ngx_erp_wire_get_frame(&copy, type, &fields) != NGX_OK) {
            continue;
        }

        check(type == in->type && copy.pos == in->end);

        if (type == NGX_ERP_LEASE) {
            fuzz_in(in, &fields.lease.body);
        }

        if (type == NGX_ERP_SETTLE) {
            fuzz_in(in, &fields.settle.message);
        }

        check(ngx_erp_wire_frame(&out, type, in->number, &fields) == NGX_OK);
        fuzz_same(&out, in, start);
    }

    /* any frame as strings and numbers in turns */

    while (!in->failed) {
        s = ngx_erp_wire_get_str(in);
        fuzz_in(in, &s);
        (void) ngx_erp_wire_get_num(in);
    }
}


static void
fuzz_same(ngx_erp_out_t *out, ngx_erp_in_t *in, u_char *start)
{
    check(out->last - out->start == in->end - start);
    check(memcmp(out->start, start, out->last - out->start) == 0);

    free(out->start);
}


static void
fuzz_in(ngx_erp_in_t *in, ngx_str_t *s)
{
    check(s->data <= in->end && s->len <= (size_t) (in->end - s->data));
}
