
/*
 * Frames between workers and the store process: what is written is read
 * again, and what is not a frame is refused.
 */

#include "unit.h"
#include "arena.h"

#include "ngx_erp_wire.h"


static ngx_uint_t  grows;        /* how often a buffer may still grow */


static void *
grow(void *data, void *old, size_t size)
{
    if (grows == 0) {
        return NULL;
    }

    grows--;

    return realloc(old, size);
}


static void *
alloc(void *data, size_t size)
{
    return ngx_canonical_alloc(data, size);
}


static void *
no_alloc(void *data, size_t size)
{
    ngx_uint_t  *asked = data;

    (*asked)++;

    return NULL;
}


static void
open_out(ngx_erp_out_t *out)
{
    memset(out, 0, sizeof(ngx_erp_out_t));
    out->grow = grow;
    grows = 100;
}


static void
open_in(ngx_erp_out_t *out, ngx_erp_in_t *in)
{
    u_char  *p;
    size_t   need;

    p = out->start;

    ok(ngx_erp_wire_next(&p, out->last, in, &need) == NGX_OK
       && p == out->last, "there is one frame, and no more");
}


static void
test_bytes(void)
{
    ngx_str_t       s = ngx_string("ab"), empty = ngx_null_string;
    ngx_erp_out_t   out;

    static u_char  frame[] = {
        9 + 8 + 6 + 4, 0, 0, 0, NGX_ERP_ASK,
        0x08, 0x07, 0x06, 0x05, 0x04, 0x03, 0x02, 0x01,
        0xff, 0, 0, 0, 0, 0, 0, 0x80,
        2, 0, 0, 0, 'a', 'b',
        0, 0, 0, 0
    };

    open_out(&out);

    ngx_erp_wire_begin(&out, NGX_ERP_ASK, 0x0102030405060708);
    ngx_erp_wire_num(&out, 0x80000000000000ff);
    ngx_erp_wire_str(&out, &s);
    ngx_erp_wire_str(&out, &empty);
    is_num(ngx_erp_wire_end(&out), NGX_OK, "a frame");

    ok((size_t) (out.last - out.start) == sizeof(frame)
       && memcmp(out.start, frame, sizeof(frame)) == 0,
       "it is little-endian, as the header says");

    free(out.start);
}


static void
test_fields(void)
{
    ngx_str_t      s = ngx_string("text"), got;
    ngx_erp_in_t   in;
    ngx_erp_out_t  out;

    open_out(&out);

    ngx_erp_wire_begin(&out, NGX_ERP_HELLO, 7);
    ngx_erp_wire_num(&out, NGX_ERP_WIRE_VERSION);
    ngx_erp_wire_str(&out, &s);
    is_num(ngx_erp_wire_end(&out), NGX_OK, "hello");

    open_in(&out, &in);

    is_num(in.type, NGX_ERP_HELLO, "its type");
    is_num(in.number, 7, "its number");
    is_num(ngx_erp_wire_get_num(&in), NGX_ERP_WIRE_VERSION, "a number");
    got = ngx_erp_wire_get_str(&in);
    is_str(got, "text", "a string");
    ok(got.data > out.start && got.data < out.last, "which is not copied");
    ok(!in.failed && in.pos == in.end, "that was all");

    got = ngx_erp_wire_get_str(&in);
    ok(in.failed && got.len == 0, "there is no more string");
    is_num(ngx_erp_wire_get_num(&in), 0, "nor a number");
    ok(in.failed, "and that stays");

    open_in(&out, &in);
    (void) ngx_erp_wire_get_num(&in);
    is_num(ngx_erp_wire_get_num(&in), 4 | 0x7478657400000000,
           "a string may be read as a number");

    /* a string that is longer than the frame */

    open_in(&out, &in);
    in.pos[8]++;
    (void) ngx_erp_wire_get_num(&in);
    got = ngx_erp_wire_get_str(&in);
    ok(in.failed && got.len == 0, "a string beyond the end is none");

    memset(in.pos, 0xff, 4);
    in.failed = 0;
    got = ngx_erp_wire_get_str(&in);
    ok(in.failed && got.len == 0, "nor is one of 4G bytes");

    free(out.start);
}


static void
test_next(void)
{
    u_char         *p;
    size_t          need, len;
    ngx_int_t       rc;
    ngx_uint_t      i, bad;
    ngx_erp_in_t    in;
    ngx_erp_out_t   out;

    open_out(&out);

    ngx_erp_wire_begin(&out, NGX_ERP_SETTLED, 1);
    (void) ngx_erp_wire_end(&out);
    ngx_erp_wire_begin(&out, NGX_ERP_ANSWER, 2);
    ngx_erp_wire_num(&out, 3);
    (void) ngx_erp_wire_end(&out);

    p = out.start;
    is_num(ngx_erp_wire_next(&p, out.last, &in, &need), NGX_OK, "the first");
    ok(in.type == NGX_ERP_SETTLED && in.number == 1 && in.pos == in.end,
       "of two frames");
    is_num(ngx_erp_wire_next(&p, out.last, &in, &need), NGX_OK, "the second");
    ok(in.type == NGX_ERP_ANSWER && in.number == 2
       && ngx_erp_wire_get_num(&in) == 3, "with its field");
    is_num(ngx_erp_wire_next(&p, out.last, &in, &need), NGX_AGAIN,
           "no third one");
    ok(need == 0 && p == out.last, "and it is not known how long it is");

    len = out.last - out.start - NGX_ERP_WIRE_HEADER;
    bad = 0;

    for (i = 0; i < len; i++) {
        p = out.start + NGX_ERP_WIRE_HEADER;
        rc = ngx_erp_wire_next(&p, p + i, &in, &need);

        if (rc != NGX_AGAIN || need != (i < 4 ? 0 : len)
            || p != out.start + NGX_ERP_WIRE_HEADER)
        {
            bad++;
        }
    }

    is_num(bad, 0, "a frame that is not whole, at each byte");

    p = out.start;
    out.start[4] = NGX_ERP_ANSWER + 1;
    is_num(ngx_erp_wire_next(&p, p + 5, &in, &need), NGX_ERROR,
           "an unknown type");
    out.start[4] = 0;
    is_num(ngx_erp_wire_next(&p, p + 5, &in, &need), NGX_ERROR, "no type");
    out.start[4] = NGX_ERP_ANSWER;
    is_num(ngx_erp_wire_next(&p, p + 5, &in, &need), NGX_AGAIN, "the last");

    out.start[0] = NGX_ERP_WIRE_HEADER - 4 - 1;
    is_num(ngx_erp_wire_next(&p, p + 4, &in, &need), NGX_ERROR,
           "too short for a number");

    memcpy(out.start, "\xfc\xff\xff\x03", 4);
    is_num(ngx_erp_wire_next(&p, p + 4, &in, &need), NGX_AGAIN,
           "the longest frame");
    is_num(need, NGX_ERP_WIRE_MAX, "and how long it is");

    memcpy(out.start, "\xfd\xff\xff\x03", 4);
    is_num(ngx_erp_wire_next(&p, p + 4, &in, &need), NGX_ERROR,
           "one byte more");
    memcpy(out.start, "\xff\xff\xff\xff", 4);
    is_num(ngx_erp_wire_next(&p, p + 4, &in, &need), NGX_ERROR,
           "4G bytes");

    free(out.start);
}


static ngx_erp_object_t  objects[] = {
    { ngx_string("charge"), ngx_string("H/1/1"), ngx_string("dft@2"),
      ngx_string("{\"quantity\":1}") },
    { ngx_string("usage"), ngx_string("H/1/2"), ngx_string("use@1"),
      ngx_null_string }
};

static ngx_erp_target_t  targets[] = {
    { 0, ngx_string("/erp/charges"), ngx_string("V1"), ngx_string("k1"),
      0, 1 },
    { 1, ngx_string("/erp/stock"), ngx_null_string, ngx_string("k2"),
      86400000, 0 },
    { 1, ngx_string("/erp/copy"), ngx_null_string, ngx_string("k3"), 1, 0 }
};

static ngx_erp_message_t  message = {
    1795000000000, ngx_string("/hl7/DFT/"), ngx_string("LAB^A"),
    ngx_string("DFT^P03"), ngx_string("MSG1"), ngx_string("c-1"),
    ngx_string("00-1-2-01"), ngx_string("0123456789abcdef0123456789abcdef"),
    ngx_string("fedcba9876543210fedcba9876543210"), ngx_string("MSH|"),
    objects, 2, targets, 3
};


static ngx_uint_t
same(ngx_str_t *a, ngx_str_t *b)
{
    return a->len == b->len
           && (a->len == 0 || memcmp(a->data, b->data, a->len) == 0);
}


static void
test_put(void)
{
    ngx_uint_t              i, bad, asked;
    ngx_erp_in_t            in;
    ngx_erp_out_t           out;
    ngx_erp_object_t       *o;
    ngx_erp_target_t       *t;
    ngx_erp_message_t       m;
    ngx_canonical_arena_t   a;

    open_out(&out);
    unit_arena(&a, 1024 * 1024);

    is_num(ngx_erp_wire_put(&out, 9, &message), NGX_OK, "put");

    open_in(&out, &in);
    is_num(ngx_erp_wire_get_put(&in, &m, alloc, &a), NGX_OK, "and get");

    is_num(m.received, 1795000000000, "received");
    is_str(m.flow, "/hl7/DFT/", "flow");
    is_str(m.source, "LAB^A", "source");
    is_str(m.type, "DFT^P03", "type");
    is_str(m.control_id, "MSG1", "control id");
    is_str(m.correlation_id, "c-1", "correlation id");
    is_str(m.traceparent, "00-1-2-01", "traceparent");
    is_str(m.dedup, "0123456789abcdef0123456789abcdef", "dedup");
    is_str(m.hash, "fedcba9876543210fedcba9876543210", "hash");
    is_str(m.raw, "MSH|", "raw");

    is_num(m.nobjects, 2, "two objects");
    is_num(m.ntargets, 3, "three targets");

    bad = 0;

    for (i = 0; i < 2; i++) {
        o = &m.objects[i];

        bad += !same(&o->type, &objects[i].type)
               || !same(&o->key, &objects[i].key)
               || !same(&o->map, &objects[i].map)
               || !same(&o->body, &objects[i].body);
    }

    for (i = 0; i < 3; i++) {
        t = &m.targets[i];

        bad += t->object != targets[i].object
               || !same(&t->destination, &targets[i].destination)
               || !same(&t->order, &targets[i].order)
               || !same(&t->key, &targets[i].key)
               || t->ttl != targets[i].ttl || t->wait != targets[i].wait;
    }

    is_num(bad, 0, "all as they were");

    asked = 0;
    open_in(&out, &in);
    is_num(ngx_erp_wire_get_put(&in, &m, no_alloc, &asked), NGX_ERROR,
           "no memory for the arrays");
    is_num(asked, 1, "it is asked for once");

    open_in(&out, &in);
    in.end--;
    is_num(ngx_erp_wire_get_put(&in, &m, alloc, &a), NGX_ERROR,
           "a byte is missing");

    open_in(&out, &in);
    in.type = NGX_ERP_LEASE;
    is_num(ngx_erp_wire_get_put(&in, &m, alloc, &a), NGX_ERROR,
           "another frame");

    unit_arena_free(&a);
    free(out.start);
}


/* numbers of objects and targets that cannot be */

static void
test_put_counts(void)
{
    u_char                 *p;
    ngx_str_t               empty = ngx_null_string;
    ngx_uint_t              i, asked;
    ngx_erp_in_t            in;
    ngx_erp_out_t           out;
    ngx_erp_message_t       m;
    ngx_canonical_arena_t   a;

    unit_arena(&a, 1024 * 1024);
    memset(&m, 0, sizeof(m));
    asked = 0;

    open_out(&out);
    is_num(ngx_erp_wire_put(&out, 1, &m), NGX_OK, "an empty message");
    open_in(&out, &in);
    memset(&m, 0xa5, sizeof(m));
    is_num(ngx_erp_wire_get_put(&in, &m, no_alloc, &asked), NGX_OK,
           "is read without memory");
    ok(m.nobjects == 0 && m.objects == NULL && m.ntargets == 0
       && m.targets == NULL && m.raw.len == 0, "and is empty");

    p = out.last - 16;
    p[0] = 1;
    open_in(&out, &in);
    is_num(ngx_erp_wire_get_put(&in, &m, no_alloc, &asked), NGX_ERROR,
           "an object in 8 bytes");

    memset(p, 0xff, 8);
    open_in(&out, &in);
    is_num(ngx_erp_wire_get_put(&in, &m, no_alloc, &asked), NGX_ERROR,
           "too many objects to be counted");
    is_num(asked, 0, "no memory was asked for");

    /* one object where its strings are, and a target of another one */

    out.last = out.start;
    ngx_erp_wire_begin(&out, NGX_ERP_PUT, 1);
    ngx_erp_wire_num(&out, 0);

    for (i = 0; i < 9; i++) {
        ngx_erp_wire_str(&out, &empty);
    }

    ngx_erp_wire_num(&out, 1);

    for (i = 0; i < 4; i++) {
        ngx_erp_wire_str(&out, &empty);
    }

    ngx_erp_wire_num(&out, 1);
    ngx_erp_wire_num(&out, 0);

    for (i = 0; i < 3; i++) {
        ngx_erp_wire_str(&out, &empty);
    }

    ngx_erp_wire_num(&out, 0);
    ngx_erp_wire_num(&out, 0);
    (void) ngx_erp_wire_end(&out);

    open_in(&out, &in);
    is_num(ngx_erp_wire_get_put(&in, &m, alloc, &a), NGX_OK,
           "the smallest object and target");

    out.last[-36] = 1;
    open_in(&out, &in);
    is_num(ngx_erp_wire_get_put(&in, &m, alloc, &a), NGX_ERROR,
           "a target of an object that is not there");

    unit_arena_free(&a);
    free(out.start);
}


static void
test_lease_settle(void)
{
    ngx_erp_in_t      in;
    ngx_erp_out_t     out;
    ngx_erp_lease_t   lease;
    ngx_erp_settle_t  settle;

    static ngx_erp_lease_t  l = {
        1, 2, 3, 4, ngx_string("/erp/a"), ngx_string("o"), ngx_string("k"),
        ngx_string("charge"), ngx_string("ok"), ngx_string("c"),
        ngx_string("t"), ngx_string("{}"), ngx_string("{\"a\":1}"), 14
    };

    static ngx_erp_settle_t  s = {
        1, 2, 3, 422, 5, 6, 7, 8, ngx_string("{}"), ngx_string("M7/021"),
        ngx_string("no stock")
    };

    open_out(&out);

    is_num(ngx_erp_wire_frame(&out, NGX_ERP_LEASE, 5, &l), NGX_OK, "a lease");
    open_in(&out, &in);
    is_num(ngx_erp_wire_get_frame(&in, NGX_ERP_LEASE, &lease), NGX_OK,
           "is read");

    ok(lease.delivery == 1 && lease.attempt == 2 && lease.step == 3
       && lease.created == 4 && lease.replay_of == 14, "its numbers");
    ok(same(&lease.destination, &l.destination) && same(&lease.order, &l.order)
       && same(&lease.key, &l.key) && same(&lease.object_type, &l.object_type)
       && same(&lease.object_key, &l.object_key)
       && same(&lease.correlation_id, &l.correlation_id)
       && same(&lease.traceparent, &l.traceparent)
       && same(&lease.results, &l.results) && same(&lease.body, &l.body),
       "its strings");

    open_in(&out, &in);
    is_num(ngx_erp_wire_get_frame(&in, NGX_ERP_SETTLE, &settle), NGX_ERROR,
           "it is no settlement");

    out.last = out.start;
    is_num(ngx_erp_wire_frame(&out, NGX_ERP_SETTLE, 6, &s), NGX_OK,
           "a settlement");
    open_in(&out, &in);
    is_num(in.number, 6, "its number");
    is_num(ngx_erp_wire_get_frame(&in, NGX_ERP_SETTLE, &settle), NGX_OK,
           "is read");

    ok(settle.delivery == 1 && settle.attempt == 2 && settle.outcome == 3
       && settle.status == 422 && settle.started == 5 && settle.took == 6
       && settle.retry_after == 7 && settle.step == 8, "its numbers");
    ok(same(&settle.results, &s.results) && same(&settle.code, &s.code)
       && same(&settle.message, &s.message), "its strings");

    open_in(&out, &in);
    is_num(ngx_erp_wire_get_frame(&in, NGX_ERP_LEASE, &lease), NGX_ERROR,
           "it is no lease");

    out.last = out.start;
    (void) ngx_erp_wire_frame(&out, NGX_ERP_STEP, 6, &s);
    open_in(&out, &in);
    is_num(ngx_erp_wire_get_frame(&in, NGX_ERP_SETTLE, &settle), NGX_ERROR,
           "a step is none");
    open_in(&out, &in);
    is_num(ngx_erp_wire_get_frame(&in, NGX_ERP_STEP, &settle), NGX_OK,
           "but has the same fields");

    out.last = out.start;
    (void) ngx_erp_wire_frame(&out, NGX_ERP_SETTLE, 6, &s);
    out.start[0]++;
    *out.last++ = 0;
    open_in(&out, &in);
    is_num(ngx_erp_wire_get_frame(&in, NGX_ERP_SETTLE, &settle), NGX_ERROR,
           "a byte too much");

    out.last = out.start;
    ngx_erp_wire_begin(&out, NGX_ERP_STEP, 6);
    (void) ngx_erp_wire_end(&out);
    open_in(&out, &in);
    is_num(ngx_erp_wire_get_frame(&in, NGX_ERP_STEP, &settle), NGX_ERROR,
           "an empty one");

    free(out.start);
}


/* read as it was written, and in no other way; "got" is its structure */

static void
test_frame(ngx_erp_frame_e type, const void *fields, void *got, size_t size,
    const char *name)
{
    u_char         *end;
    ngx_uint_t      i, bad;
    ngx_erp_in_t    in, copy;
    ngx_erp_out_t   out, again;

    union {
        ngx_erp_lease_t       lease;
        ngx_erp_settle_t      settle;
        ngx_erp_hello_t       hello;
        ngx_erp_put_answer_t  put_answer;
        ngx_erp_ended_t       ended;
        ngx_erp_holding_t     holding;
        ngx_erp_ask_t         ask;
        ngx_erp_answer_t      answer;
    } other;

    open_out(&out);
    memset(got, 0xa5, size);

    is_num(ngx_erp_wire_frame(&out, type, 1 + (uint64_t) type, fields),
           NGX_OK, name);
    open_in(&out, &in);
    ok(in.type == type && in.number == 1 + (uint64_t) type,
       "its type and number");
    is_num(ngx_erp_wire_get_frame(&in, type, got), NGX_OK, "is read");

    /* what was read is the same once more */

    open_out(&again);
    (void) ngx_erp_wire_frame(&again, type, 1 + (uint64_t) type, got);
    ok(again.last - again.start == out.last - out.start
       && memcmp(again.start, out.start, out.last - out.start) == 0,
       "as it was");
    free(again.start);

    open_in(&out, &in);
    bad = 0;

    for (i = NGX_ERP_HELLO; i <= NGX_ERP_ANSWER; i++) {
        if (i == NGX_ERP_PUT || i == (ngx_uint_t) type) {
            continue;
        }

        copy = in;

        if (ngx_erp_wire_get_frame(&copy, i, &other) != NGX_ERROR) {
            bad++;
        }
    }

    is_num(bad, 0, "as no other type");

    bad = 0;

    for (end = in.pos; end < in.end; end++) {
        copy = in;
        copy.end = end;

        if (ngx_erp_wire_get_frame(&copy, type, &other) != NGX_ERROR) {
            bad++;
        }
    }

    is_num(bad, 0, "not when it is cut, wherever");

    in.end++;
    is_num(ngx_erp_wire_get_frame(&in, type, &other), NGX_ERROR,
           "nor with a byte more");

    free(out.start);
}


static void
test_frames(void)
{
    ngx_erp_ask_t         ask;
    ngx_erp_in_t          in;
    ngx_erp_out_t         out;
    ngx_erp_ended_t       ended;
    ngx_erp_hello_t       hello;
    ngx_erp_answer_t      answer;
    ngx_erp_holding_t     holding;
    ngx_erp_put_answer_t  put;

    static ngx_erp_hello_t  h = { NGX_ERP_WIRE_VERSION, 4711, 64 };

    static ngx_erp_put_answer_t  p = {
        NGX_ERP_DUPLICATE, 2, 6, 3, 4, 5, ngx_string("c-1")
    };

    static ngx_erp_ended_t  e = {
        1, 2, 422, ngx_string("bad"), ngx_string("M7/021")
    };

    static ngx_erp_holding_t  g = { (uint64_t) 1 << 63, 2 };

    static ngx_erp_ask_t  q = {
        ngx_string("POST"), ngx_string("/v1/replay"), ngx_string("a=1"),
        ngx_string("{}"), ngx_string("192.0.2.1")
    };

    static ngx_erp_answer_t  a = {
        200, ngx_string("application/json"), ngx_string("{\"a\":1}")
    };

    test_frame(NGX_ERP_HELLO, &h, &hello, sizeof(hello), "hello");
    ok(hello.version == NGX_ERP_WIRE_VERSION && hello.pid == 4711
       && hello.slots == 64, "its fields");

    test_frame(NGX_ERP_PUT_ANSWER, &p, &put, sizeof(put), "answer to put");
    ok(put.verdict == NGX_ERP_DUPLICATE && put.message == 2
       && put.deliveries == 6 && put.open == 3 && put.delivered == 4
       && put.dead == 5, "its numbers");

    test_frame(NGX_ERP_ENDED, &e, &ended, sizeof(ended), "ended");
    ok(ended.delivery == 1 && ended.state == 2 && ended.status == 422
       && ended.reason.len == 3 && ended.code.len == 6, "its fields");

    test_frame(NGX_ERP_HOLDING, &g, &holding, sizeof(holding), "holding");
    ok(holding.delivery == (uint64_t) 1 << 63 && holding.attempt == 2,
       "its fields");

    test_frame(NGX_ERP_ASK, &q, &ask, sizeof(ask), "ask");
    test_frame(NGX_ERP_ANSWER, &a, &answer, sizeof(answer), "answer");
    is_num(answer.status, 200, "its number");

    /* the strings pointed into a buffer that is no more */

    open_out(&out);

    (void) ngx_erp_wire_frame(&out, NGX_ERP_ASK, 1, &q);
    open_in(&out, &in);
    (void) ngx_erp_wire_get_frame(&in, NGX_ERP_ASK, &ask);
    is_str(ask.method, "POST", "method");
    is_str(ask.path, "/v1/replay", "path");
    is_str(ask.args, "a=1", "args");
    is_str(ask.body, "{}", "body");
    is_str(ask.who, "192.0.2.1", "who");

    out.last = out.start;
    (void) ngx_erp_wire_frame(&out, NGX_ERP_ANSWER, 1, &a);
    open_in(&out, &in);
    (void) ngx_erp_wire_get_frame(&in, NGX_ERP_ANSWER, &answer);
    is_str(answer.type, "application/json", "type of the answer");
    is_str(answer.body, "{\"a\":1}", "and its body");

    out.last = out.start;
    (void) ngx_erp_wire_frame(&out, NGX_ERP_ENDED, 1, &e);
    open_in(&out, &in);
    (void) ngx_erp_wire_get_frame(&in, NGX_ERP_ENDED, &ended);
    is_str(ended.reason, "bad", "reason");
    is_str(ended.code, "M7/021", "code");

    out.last = out.start;
    (void) ngx_erp_wire_frame(&out, NGX_ERP_PUT_ANSWER, 1, &p);
    open_in(&out, &in);
    (void) ngx_erp_wire_get_frame(&in, NGX_ERP_PUT_ANSWER, &put);
    is_str(put.correlation_id, "c-1", "correlation id");

    /* the one without fields */

    out.last = out.start;
    is_num(ngx_erp_wire_frame(&out, NGX_ERP_SETTLED, 9, NULL), NGX_OK,
           "settled");
    is_num(out.last - out.start, NGX_ERP_WIRE_HEADER, "is a header only");
    open_in(&out, &in);
    is_num(ngx_erp_wire_get_frame(&in, NGX_ERP_SETTLED, NULL), NGX_OK,
           "is read");
    open_in(&out, &in);
    is_num(ngx_erp_wire_get_frame(&in, NGX_ERP_HOLDING, &holding), NGX_ERROR,
           "as no other type");

    *out.last++ = 0;
    out.start[0]++;
    open_in(&out, &in);
    is_num(ngx_erp_wire_get_frame(&in, NGX_ERP_SETTLED, NULL), NGX_ERROR,
           "nor with a byte more");

    free(out.start);
}


static void
test_failures(void)
{
    size_t             used;
    u_char            *big;
    ngx_str_t          s;
    ngx_erp_in_t       in;
    ngx_erp_out_t      out;
    ngx_erp_settle_t   settle, got;

    memset(&settle, 0, sizeof(settle));

    open_out(&out);
    grows = 0;
    is_num(ngx_erp_wire_frame(&out, NGX_ERP_SETTLE, 1, &settle), NGX_ERROR,
           "no memory at all");

    grows = 1;
    is_num(ngx_erp_wire_frame(&out, NGX_ERP_SETTLE, 1, &settle), NGX_OK,
           "memory again");
    used = out.last - out.start;

    settle.message.len = 100000;
    settle.message.data = calloc(1, 100000);
    is_num(ngx_erp_wire_frame(&out, NGX_ERP_SETTLE, 2, &settle), NGX_ERROR,
           "no memory for a second one");
    ok((size_t) (out.last - out.start) == used && !out.failed,
       "which is taken back");

    open_in(&out, &in);
    is_num(ngx_erp_wire_get_frame(&in, NGX_ERP_SETTLE, &got), NGX_OK,
           "the first one is whole");

    grows = 1;
    is_num(ngx_erp_wire_frame(&out, NGX_ERP_SETTLE, 2, &settle), NGX_OK,
           "with memory it goes");
    ok(memcmp(out.start + used + 5, "\2\0\0\0\0\0\0\0", 8) == 0,
       "behind the first");
    used = out.last - out.start;

    free(settle.message.data);

    /* as long as a frame can be, and one byte more */

    big = calloc(1, NGX_ERP_WIRE_MAX);
    s.data = big;
    s.len = NGX_ERP_WIRE_MAX - NGX_ERP_WIRE_HEADER - 4;
    grows = 2;

    ngx_erp_wire_begin(&out, NGX_ERP_ASK, 3);
    ngx_erp_wire_str(&out, &s);
    is_num(ngx_erp_wire_end(&out), NGX_OK, "the longest frame");
    is_num(out.last - out.start - used, NGX_ERP_WIRE_MAX, "is that long");

    out.last = out.start + used;
    s.len++;
    grows = 100;

    ngx_erp_wire_begin(&out, NGX_ERP_ASK, 3);
    ngx_erp_wire_str(&out, &s);
    ok(out.failed, "one byte more fails");
    ngx_erp_wire_num(&out, 1);
    is_num(ngx_erp_wire_end(&out), NGX_ERROR, "and still at the end");
    ok((size_t) (out.last - out.start) == used, "nothing is left of it");

    s.len = NGX_ERP_WIRE_MAX - NGX_ERP_WIRE_HEADER - 4 - 7;
    ngx_erp_wire_begin(&out, NGX_ERP_ASK, 3);
    ngx_erp_wire_str(&out, &s);
    ngx_erp_wire_num(&out, 1);
    is_num(ngx_erp_wire_end(&out), NGX_ERROR, "too long by its last field");

    s.len = (size_t) 1 << 32;
    ngx_erp_wire_begin(&out, NGX_ERP_ASK, 3);
    ngx_erp_wire_str(&out, &s);
    is_num(ngx_erp_wire_end(&out), NGX_ERROR, "a string of 4G bytes");

    free(big);
    free(out.start);
}


int
main(void)
{
    test_bytes();
    test_fields();
    test_next();
    test_put();
    test_put_counts();
    test_lease_settle();
    test_frames();
    test_failures();

    return unit_done();
}
