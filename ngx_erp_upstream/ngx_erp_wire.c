
/*
 * Frames between workers and the store process: see the header.
 */

#include "ngx_erp_wire.h"


#define NGX_ERP_WIRE_LENGTH  4
#define NGX_ERP_WIRE_NUM     8

/* what is allocated at first */
#define NGX_ERP_WIRE_BUFFER  4096


/*
 * The fields of a structure in the order that they go over the wire: one
 * table for both directions.
 */

typedef struct {
    uint16_t       offset;
    uint8_t        size;         /* on the wire, at least; 0: the end */
    uint8_t        is_str;
} ngx_erp_field_t;


#define ngx_erp_field_num(type, name)                                         \
    { offsetof(type, name), NGX_ERP_WIRE_NUM, 0 }
#define ngx_erp_field_str(type, name)                                         \
    { offsetof(type, name), NGX_ERP_WIRE_LENGTH, 1 }
#define ngx_erp_field_end                                                     \
    { 0, 0, 0 }


static u_char *ngx_erp_wire_room(ngx_erp_out_t *out, size_t size);
static ngx_int_t ngx_erp_wire_grow(ngx_erp_out_t *out, size_t size);
static void ngx_erp_wire_fields(ngx_erp_out_t *out, const void *base,
    const ngx_erp_field_t *fields);

static void ngx_erp_wire_get_fields(ngx_erp_in_t *in, void *base,
    const ngx_erp_field_t *fields);
static void *ngx_erp_wire_get_array(ngx_erp_in_t *in,
    const ngx_erp_field_t *fields, size_t size, uint64_t *n,
    void *(*alloc)(void *data, size_t size), void *data);
static ngx_int_t ngx_erp_wire_done(ngx_erp_in_t *in);

static u_char *ngx_erp_wire_print(u_char *p, uint64_t n, ngx_uint_t bytes);
static uint64_t ngx_erp_wire_parse(u_char *p, ngx_uint_t bytes);


static const ngx_erp_field_t  ngx_erp_message_fields[] = {
    ngx_erp_field_num(ngx_erp_message_t, received),
    ngx_erp_field_str(ngx_erp_message_t, flow),
    ngx_erp_field_str(ngx_erp_message_t, source),
    ngx_erp_field_str(ngx_erp_message_t, type),
    ngx_erp_field_str(ngx_erp_message_t, control_id),
    ngx_erp_field_str(ngx_erp_message_t, correlation_id),
    ngx_erp_field_str(ngx_erp_message_t, traceparent),
    ngx_erp_field_str(ngx_erp_message_t, dedup),
    ngx_erp_field_str(ngx_erp_message_t, hash),
    ngx_erp_field_str(ngx_erp_message_t, raw),
    ngx_erp_field_end
};


static const ngx_erp_field_t  ngx_erp_object_fields[] = {
    ngx_erp_field_str(ngx_erp_object_t, type),
    ngx_erp_field_str(ngx_erp_object_t, key),
    ngx_erp_field_str(ngx_erp_object_t, map),
    ngx_erp_field_str(ngx_erp_object_t, body),
    ngx_erp_field_end
};


static const ngx_erp_field_t  ngx_erp_target_fields[] = {
    ngx_erp_field_num(ngx_erp_target_t, object),
    ngx_erp_field_str(ngx_erp_target_t, destination),
    ngx_erp_field_str(ngx_erp_target_t, order),
    ngx_erp_field_str(ngx_erp_target_t, key),
    ngx_erp_field_num(ngx_erp_target_t, ttl),
    ngx_erp_field_num(ngx_erp_target_t, wait),
    ngx_erp_field_end
};


static const ngx_erp_field_t  ngx_erp_lease_fields[] = {
    ngx_erp_field_num(ngx_erp_lease_t, delivery),
    ngx_erp_field_num(ngx_erp_lease_t, attempt),
    ngx_erp_field_num(ngx_erp_lease_t, step),
    ngx_erp_field_num(ngx_erp_lease_t, created),
    ngx_erp_field_str(ngx_erp_lease_t, destination),
    ngx_erp_field_str(ngx_erp_lease_t, order),
    ngx_erp_field_str(ngx_erp_lease_t, key),
    ngx_erp_field_str(ngx_erp_lease_t, object_type),
    ngx_erp_field_str(ngx_erp_lease_t, object_key),
    ngx_erp_field_str(ngx_erp_lease_t, correlation_id),
    ngx_erp_field_str(ngx_erp_lease_t, traceparent),
    ngx_erp_field_str(ngx_erp_lease_t, results),
    ngx_erp_field_str(ngx_erp_lease_t, body),
    ngx_erp_field_num(ngx_erp_lease_t, replay_of),
    ngx_erp_field_end
};


static const ngx_erp_field_t  ngx_erp_settle_fields[] = {
    ngx_erp_field_num(ngx_erp_settle_t, delivery),
    ngx_erp_field_num(ngx_erp_settle_t, attempt),
    ngx_erp_field_num(ngx_erp_settle_t, outcome),
    ngx_erp_field_num(ngx_erp_settle_t, status),
    ngx_erp_field_num(ngx_erp_settle_t, started),
    ngx_erp_field_num(ngx_erp_settle_t, took),
    ngx_erp_field_num(ngx_erp_settle_t, retry_after),
    ngx_erp_field_num(ngx_erp_settle_t, step),
    ngx_erp_field_str(ngx_erp_settle_t, results),
    ngx_erp_field_str(ngx_erp_settle_t, code),
    ngx_erp_field_str(ngx_erp_settle_t, message),
    ngx_erp_field_end
};


static const ngx_erp_field_t  ngx_erp_hello_fields[] = {
    ngx_erp_field_num(ngx_erp_hello_t, version),
    ngx_erp_field_num(ngx_erp_hello_t, pid),
    ngx_erp_field_num(ngx_erp_hello_t, slots),
    ngx_erp_field_end
};


static const ngx_erp_field_t  ngx_erp_put_answer_fields[] = {
    ngx_erp_field_num(ngx_erp_put_answer_t, verdict),
    ngx_erp_field_num(ngx_erp_put_answer_t, message),
    ngx_erp_field_num(ngx_erp_put_answer_t, deliveries),
    ngx_erp_field_num(ngx_erp_put_answer_t, open),
    ngx_erp_field_num(ngx_erp_put_answer_t, delivered),
    ngx_erp_field_num(ngx_erp_put_answer_t, dead),
    ngx_erp_field_str(ngx_erp_put_answer_t, correlation_id),
    ngx_erp_field_end
};


static const ngx_erp_field_t  ngx_erp_ended_fields[] = {
    ngx_erp_field_num(ngx_erp_ended_t, delivery),
    ngx_erp_field_num(ngx_erp_ended_t, state),
    ngx_erp_field_num(ngx_erp_ended_t, status),
    ngx_erp_field_str(ngx_erp_ended_t, reason),
    ngx_erp_field_str(ngx_erp_ended_t, code),
    ngx_erp_field_end
};


static const ngx_erp_field_t  ngx_erp_holding_fields[] = {
    ngx_erp_field_num(ngx_erp_holding_t, delivery),
    ngx_erp_field_num(ngx_erp_holding_t, attempt),
    ngx_erp_field_end
};


static const ngx_erp_field_t  ngx_erp_ask_fields[] = {
    ngx_erp_field_str(ngx_erp_ask_t, method),
    ngx_erp_field_str(ngx_erp_ask_t, path),
    ngx_erp_field_str(ngx_erp_ask_t, args),
    ngx_erp_field_str(ngx_erp_ask_t, body),
    ngx_erp_field_str(ngx_erp_ask_t, who),
    ngx_erp_field_end
};


static const ngx_erp_field_t  ngx_erp_answer_fields[] = {
    ngx_erp_field_num(ngx_erp_answer_t, status),
    ngx_erp_field_str(ngx_erp_answer_t, type),
    ngx_erp_field_str(ngx_erp_answer_t, body),
    ngx_erp_field_end
};


static const ngx_erp_field_t  ngx_erp_no_fields[] = {
    ngx_erp_field_end
};


/* PUT has arrays too, and functions of its own */

static const ngx_erp_field_t  *ngx_erp_frames[] = {
    [NGX_ERP_HELLO] = ngx_erp_hello_fields,
    [NGX_ERP_PUT_ANSWER] = ngx_erp_put_answer_fields,
    [NGX_ERP_LEASE] = ngx_erp_lease_fields,
    [NGX_ERP_STEP] = ngx_erp_settle_fields,
    [NGX_ERP_SETTLE] = ngx_erp_settle_fields,
    [NGX_ERP_SETTLED] = ngx_erp_no_fields,
    [NGX_ERP_HOLDING] = ngx_erp_holding_fields,
    [NGX_ERP_ENDED] = ngx_erp_ended_fields,
    [NGX_ERP_ASK] = ngx_erp_ask_fields,
    [NGX_ERP_ANSWER] = ngx_erp_answer_fields
};


void
ngx_erp_wire_begin(ngx_erp_out_t *out, ngx_erp_frame_e type, uint64_t number)
{
    u_char  *p;

    out->frame = out->last - out->start;

    p = ngx_erp_wire_room(out, NGX_ERP_WIRE_HEADER);

    if (p) {
        p += NGX_ERP_WIRE_LENGTH;
        *p++ = (u_char) type;
        (void) ngx_erp_wire_print(p, number, NGX_ERP_WIRE_NUM);
    }
}


void
ngx_erp_wire_num(ngx_erp_out_t *out, uint64_t n)
{
    u_char  *p;

    p = ngx_erp_wire_room(out, NGX_ERP_WIRE_NUM);

    if (p) {
        (void) ngx_erp_wire_print(p, n, NGX_ERP_WIRE_NUM);
    }
}


void
ngx_erp_wire_str(ngx_erp_out_t *out, ngx_str_t *s)
{
    u_char  *p;

    if (s->len > NGX_ERP_WIRE_MAX) {
        out->failed = 1;
        return;
    }

    p = ngx_erp_wire_room(out, NGX_ERP_WIRE_LENGTH + s->len);

    if (p) {
        p = ngx_erp_wire_print(p, s->len, NGX_ERP_WIRE_LENGTH);

        if (s->len) {
            ngx_memcpy(p, s->data, s->len);
        }
    }
}


ngx_int_t
ngx_erp_wire_end(ngx_erp_out_t *out)
{
    size_t   len;
    u_char  *frame;

    if (out->failed) {
        out->failed = 0;

        /* there may be no buffer at all */

        if (out->start) {
            out->last = out->start + out->frame;
        }

        return NGX_ERROR;
    }

    frame = out->start + out->frame;
    len = out->last - frame - NGX_ERP_WIRE_LENGTH;

    (void) ngx_erp_wire_print(frame, len, NGX_ERP_WIRE_LENGTH);

    return NGX_OK;
}


/* "size" is at most NGX_ERP_WIRE_MAX and some bytes */

static u_char *
ngx_erp_wire_room(ngx_erp_out_t *out, size_t size)
{
    size_t   len;
    u_char  *p;

    if (out->failed) {
        return NULL;
    }

    len = out->last - out->start - out->frame;

    if (size > NGX_ERP_WIRE_MAX - len
        || ((size_t) (out->end - out->last) < size
            && ngx_erp_wire_grow(out, size) != NGX_OK))
    {
        out->failed = 1;
        return NULL;
    }

    p = out->last;
    out->last += size;

    return p;
}


static ngx_int_t
ngx_erp_wire_grow(ngx_erp_out_t *out, size_t size)
{
    size_t   used, total;
    u_char  *p;

    used = out->last - out->start;
    total = out->end - out->start;

    if (total > NGX_MAX_SIZE_T_VALUE / 4) {
        return NGX_ERROR;
    }

    total = ngx_max(used + size, 2 * total);
    total = ngx_max(total, NGX_ERP_WIRE_BUFFER);

    p = out->grow(out->data, out->start, total);
    if (p == NULL) {
        return NGX_ERROR;
    }

    out->start = p;
    out->last = p + used;
    out->end = p + total;

    return NGX_OK;
}


static void
ngx_erp_wire_fields(ngx_erp_out_t *out, const void *base,
    const ngx_erp_field_t *fields)
{
    u_char  *p;

    for ( /* void */ ; fields->size; fields++) {
        p = (u_char *) base + fields->offset;

        if (fields->is_str) {
            ngx_erp_wire_str(out, (ngx_str_t *) (void *) p);

        } else {
            ngx_erp_wire_num(out, *(uint64_t *) (void *) p);
        }
    }
}


ngx_int_t
ngx_erp_wire_put(ngx_erp_out_t *out, uint64_t number, ngx_erp_message_t *m)
{
    uint64_t  i;

    ngx_erp_wire_begin(out, NGX_ERP_PUT, number);
    ngx_erp_wire_fields(out, m, ngx_erp_message_fields);

    ngx_erp_wire_num(out, m->nobjects);

    for (i = 0; i < m->nobjects && !out->failed; i++) {
        ngx_erp_wire_fields(out, &m->objects[i], ngx_erp_object_fields);
    }

    ngx_erp_wire_num(out, m->ntargets);

    for (i = 0; i < m->ntargets && !out->failed; i++) {
        ngx_erp_wire_fields(out, &m->targets[i], ngx_erp_target_fields);
    }

    return ngx_erp_wire_end(out);
}


ngx_int_t
ngx_erp_wire_frame(ngx_erp_out_t *out, ngx_erp_frame_e type, uint64_t number,
    const void *fields)
{
    ngx_erp_wire_begin(out, type, number);
    ngx_erp_wire_fields(out, fields, ngx_erp_frames[type]);

    return ngx_erp_wire_end(out);
}


ngx_int_t
ngx_erp_wire_next(u_char **pos, u_char *end, ngx_erp_in_t *in, size_t *need)
{
    size_t   size, len;
    u_char  *p;

    p = *pos;
    size = end - p;
    *need = 0;

    if (size < NGX_ERP_WIRE_LENGTH) {
        return NGX_AGAIN;
    }

    len = NGX_ERP_WIRE_LENGTH + ngx_erp_wire_parse(p, NGX_ERP_WIRE_LENGTH);

    if (len < NGX_ERP_WIRE_HEADER || len > NGX_ERP_WIRE_MAX) {
        return NGX_ERROR;
    }

    /* nobody waits for the rest of a frame that is of no use */

    if (size > NGX_ERP_WIRE_LENGTH
        && (p[NGX_ERP_WIRE_LENGTH] < NGX_ERP_HELLO
            || p[NGX_ERP_WIRE_LENGTH] > NGX_ERP_ANSWER))
    {
        return NGX_ERROR;
    }

    if (size < len) {
        *need = len;
        return NGX_AGAIN;
    }

    in->type = p[NGX_ERP_WIRE_LENGTH];
    in->number = ngx_erp_wire_parse(p + NGX_ERP_WIRE_LENGTH + 1,
                                    NGX_ERP_WIRE_NUM);
    in->pos = p + NGX_ERP_WIRE_HEADER;
    in->end = p + len;
    in->failed = 0;

    *pos = in->end;

    return NGX_OK;
}


uint64_t
ngx_erp_wire_get_num(ngx_erp_in_t *in)
{
    uint64_t  n;

    if (in->failed || in->end - in->pos < NGX_ERP_WIRE_NUM) {
        in->failed = 1;
        return 0;
    }

    n = ngx_erp_wire_parse(in->pos, NGX_ERP_WIRE_NUM);
    in->pos += NGX_ERP_WIRE_NUM;

    return n;
}


ngx_str_t
ngx_erp_wire_get_str(ngx_erp_in_t *in)
{
    ngx_str_t  s;

    s.len = 0;
    s.data = in->end;

    if (in->failed || in->end - in->pos < NGX_ERP_WIRE_LENGTH) {
        in->failed = 1;
        return s;
    }

    s.len = ngx_erp_wire_parse(in->pos, NGX_ERP_WIRE_LENGTH);
    s.data = in->pos + NGX_ERP_WIRE_LENGTH;

    if (s.len > (size_t) (in->end - s.data)) {
        in->failed = 1;
        s.len = 0;
        s.data = in->end;
        return s;
    }

    in->pos = s.data + s.len;

    return s;
}


static void
ngx_erp_wire_get_fields(ngx_erp_in_t *in, void *base,
    const ngx_erp_field_t *fields)
{
    u_char  *p;

    for ( /* void */ ; fields->size; fields++) {
        p = (u_char *) base + fields->offset;

        if (fields->is_str) {
            *(ngx_str_t *) (void *) p = ngx_erp_wire_get_str(in);

        } else {
            *(uint64_t *) (void *) p = ngx_erp_wire_get_num(in);
        }
    }
}


/* NULL and *n == 0: there are none, or in->failed */

static void *
ngx_erp_wire_get_array(ngx_erp_in_t *in, const ngx_erp_field_t *fields,
    size_t size, uint64_t *n, void *(*alloc)(void *data, size_t size),
    void *data)
{
    u_char                 *array;
    size_t                  least;
    uint64_t                i;
    const ngx_erp_field_t  *field;

    *n = ngx_erp_wire_get_num(in);

    least = 0;

    for (field = fields; field->size; field++) {
        least += field->size;
    }

    if (*n > (size_t) (in->end - in->pos) / least) {
        in->failed = 1;
    }

    if (in->failed || *n == 0) {
        *n = 0;
        return NULL;
    }

    /* at most NGX_ERP_WIRE_MAX / least of them: no overflow */

    array = alloc(data, (size_t) *n * size);

    if (array == NULL) {
        in->failed = 1;
        *n = 0;
        return NULL;
    }

    for (i = 0; i < *n; i++) {
        ngx_erp_wire_get_fields(in, array + i * size, fields);
    }

    return array;
}


ngx_int_t
ngx_erp_wire_get_put(ngx_erp_in_t *in, ngx_erp_message_t *m,
    void *(*alloc)(void *data, size_t size), void *data)
{
    uint64_t  i;

    if (in->type != NGX_ERP_PUT) {
        return NGX_ERROR;
    }

    ngx_erp_wire_get_fields(in, m, ngx_erp_message_fields);

    m->objects = ngx_erp_wire_get_array(in, ngx_erp_object_fields,
                                        sizeof(ngx_erp_object_t),
                                        &m->nobjects, alloc, data);

    m->targets = ngx_erp_wire_get_array(in, ngx_erp_target_fields,
                                        sizeof(ngx_erp_target_t),
                                        &m->ntargets, alloc, data);

    for (i = 0; i < m->ntargets; i++) {
        if (m->targets[i].object >= m->nobjects) {
            return NGX_ERROR;
        }
    }

    return ngx_erp_wire_done(in);
}


ngx_int_t
ngx_erp_wire_get_frame(ngx_erp_in_t *in, ngx_erp_frame_e type, void *fields)
{
    if (in->type != type) {
        return NGX_ERROR;
    }

    ngx_erp_wire_get_fields(in, fields, ngx_erp_frames[type]);

    return ngx_erp_wire_done(in);
}


static ngx_int_t
ngx_erp_wire_done(ngx_erp_in_t *in)
{
    return (in->failed || in->pos != in->end) ? NGX_ERROR : NGX_OK;
}


static u_char *
ngx_erp_wire_print(u_char *p, uint64_t n, ngx_uint_t bytes)
{
    while (bytes--) {
        *p++ = (u_char) n;
        n >>= 8;
    }

    return p;
}


static uint64_t
ngx_erp_wire_parse(u_char *p, ngx_uint_t bytes)
{
    uint64_t  n;

    n = 0;

    while (bytes--) {
        n = n << 8 | p[bytes];
    }

    return n;
}
