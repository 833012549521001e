
#include "ngx_hl7_envelope.h"
#include "ngx_hl7_segment.h"


/* how far bytes before the header are searched */
#define NGX_HL7_ENVELOPE_DAMAGE  1024

/* no frame holds more messages: a larger BTS-1 is no count */
#define NGX_HL7_ENVELOPE_COUNT   100000000


typedef struct {
    ngx_hl7_envelope_t     *env;
    ngx_mllp_frame_t       *frame;
    ngx_uint_t              tolerate;
    ngx_mllp_deviations_t  *deviations;

    u_char                 *message;     /* the first MSH of the walk */
    ngx_uint_t              outside;     /* of a message, in a batch */
    ngx_uint_t              uncounted;   /* a BTS-1 is no number */
} ngx_hl7_envelope_ctx_t;


static ngx_int_t ngx_hl7_envelope_header(ngx_hl7_envelope_ctx_t *ctx);
static ngx_uint_t ngx_hl7_envelope_utf16(u_char *p, u_char *end);
static ngx_uint_t ngx_hl7_envelope_short(u_char *p, u_char *end);
static void ngx_hl7_envelope_walk(ngx_hl7_envelope_ctx_t *ctx);
static void ngx_hl7_envelope_message(ngx_hl7_envelope_ctx_t *ctx, u_char *p);
static void ngx_hl7_envelope_batch(ngx_hl7_envelope_ctx_t *ctx,
    ngx_uint_t name, u_char *p, u_char *end);
static ngx_int_t ngx_hl7_envelope_count(ngx_hl7_envelope_t *env, u_char *p,
    u_char *end);
static ngx_uint_t ngx_hl7_envelope_boundary(ngx_uint_t name);
static void ngx_hl7_envelope_deviate(ngx_hl7_envelope_ctx_t *ctx,
    ngx_mllp_deviation_e kind, u_char *p);
static void ngx_hl7_envelope_decline(ngx_hl7_envelope_ctx_t *ctx,
    ngx_hl7_error_t *error, ngx_mllp_deviation_e kind, u_char *p);


/* by deviation, from NGX_MLLP_BOM to NGX_MLLP_EMPTY_FRAME */

static ngx_hl7_error_t  ngx_hl7_envelope_errors[] = {

    { NGX_HL7_SEGMENT_SEQUENCE,
      ngx_string("byte order mark before the header segment"),
      "MSH", 1, 0, 0, 0, 0, 0 },

    { NGX_HL7_SEGMENT_SEQUENCE,
      ngx_string("bytes before the header segment"),
      "MSH", 1, 0, 0, 0, 0, 0 },

    { NGX_HL7_SEGMENT_SEQUENCE,
      ngx_string("a segment ends with LF instead of CR"),
      "", 0, 0, 0, 0, 0, 0 },

    { NGX_HL7_SEGMENT_SEQUENCE,
      ngx_string("empty segment"),
      "", 0, 0, 0, 0, 0, 0 },

    { NGX_HL7_SEGMENT_SEQUENCE,
      ngx_string("no CR after the last segment"),
      "", 0, 0, 0, 0, 0, 0 },

    { NGX_HL7_REQUIRED_FIELD,
      ngx_string("less than four encoding characters"),
      "MSH", 1, 2, 0, 0, 0, 0 },

    { NGX_HL7_SEGMENT_SEQUENCE,
      ngx_string("several messages without FHS or BHS"),
      "MSH", 2, 0, 0, 0, 0, 0 },

    /* what MSH-18 says of it is not, or no longer, in table 0211 */

    { NGX_HL7_TABLE_VALUE,
      ngx_string("character set UTF-16 cannot be carried by MLLP"),
      "MSH", 1, 18, 0, 0, 0, 0 },

    { NGX_HL7_SEGMENT_SEQUENCE,
      ngx_string("empty frame"),
      "", 0, 0, 0, 0, 0, 0 }
};


static ngx_hl7_error_t  ngx_hl7_envelope_no_header = {
    NGX_HL7_SEGMENT_SEQUENCE, ngx_string("no MSH segment"), "MSH", 1, 0, 0, 0, 0, 0
};


static ngx_hl7_error_t  ngx_hl7_envelope_stray = {
    NGX_HL7_SEGMENT_SEQUENCE,
    ngx_string("a segment of the batch belongs to no message"),
    "", 0, 0, 0, 0, 0, 0
};


ngx_int_t
ngx_hl7_envelope_open(ngx_hl7_envelope_t *env, ngx_mllp_frame_t *frame,
    ngx_uint_t tolerate, ngx_mllp_deviations_t *deviations)
{
    ngx_hl7_envelope_ctx_t  ctx;

    env->kind = NGX_HL7_SINGLE;
    env->start = frame->start;
    env->end = frame->end;
    env->pos = frame->end;
    env->messages = 0;
    env->declared = -1;
    env->deviation = NGX_MLLP_DEVIATIONS;

    ngx_str_null(&env->fhs);
    ngx_str_null(&env->bhs);
    ngx_memzero(&env->error, sizeof(ngx_hl7_error_t));

    if (frame->end - frame->start == 1
        && (*frame->start == NGX_MLLP_ACK || *frame->start == NGX_MLLP_NAK))
    {
        env->kind = NGX_HL7_BLOCK_ACK;
        return NGX_OK;
    }

    ctx.env = env;
    ctx.frame = frame;
    ctx.tolerate = tolerate & (ngx_mllp_bit(NGX_MLLP_TOLERABLE) - 1);
    ctx.deviations = deviations;
    ctx.message = NULL;
    ctx.outside = 0;
    ctx.uncounted = 0;

    if (ngx_hl7_envelope_header(&ctx) != NGX_OK) {
        return NGX_DECLINED;
    }

    env->pos = env->start;

    if (ngx_hl7_envelope_short(env->start, env->end)) {
        ngx_hl7_envelope_deviate(&ctx, NGX_MLLP_SHORT_DELIMITERS,
                                 ngx_min(env->start + 4, env->end));
    }

    if (env->end[-1] != CR && env->end[-1] != LF) {
        ngx_hl7_envelope_deviate(&ctx, NGX_MLLP_NO_FINAL_CR, env->end);
    }

    if (env->kind == NGX_HL7_BATCH || frame->walk) {
        ngx_hl7_envelope_walk(&ctx);

    } else {
        env->messages = 1;
    }

    if (env->error.code == 0) {
        return NGX_OK;
    }

    /* of a batch, the first message is what can be answered */

    if (ctx.message) {
        env->start = ctx.message;
    }

    return NGX_DECLINED;
}


ngx_int_t
ngx_hl7_envelope_next(ngx_hl7_envelope_t *env, u_char **start, u_char **end)
{
    u_char  *p;

    p = env->pos;

    if (env->kind == NGX_HL7_SINGLE) {

        if (p == env->end) {
            return NGX_DONE;
        }

        *start = p;
        *end = env->end;
        env->pos = env->end;

        return NGX_OK;
    }

    while (ngx_hl7_segment_name(p, env->end) != NGX_HL7_MSH) {

        if (p == env->end) {
            return NGX_DONE;
        }

        p = ngx_hl7_segment_next(ngx_hl7_segment_end(p, env->end), env->end);
    }

    *start = p;

    do {
        p = ngx_hl7_segment_next(ngx_hl7_segment_end(p, env->end), env->end);

    } while (p < env->end
             && !ngx_hl7_envelope_boundary(ngx_hl7_segment_name(p, env->end)));

    *end = p;
    env->pos = p;

    return NGX_OK;
}


/* finds the first segment and what kind of envelope it begins */

static ngx_int_t
ngx_hl7_envelope_header(ngx_hl7_envelope_ctx_t *ctx)
{
    u_char      *p, *h, *end, *last;
    ngx_uint_t   name;

    p = ctx->frame->start;
    end = ctx->frame->end;

    if (ngx_hl7_segment_name(p, end) == NGX_HL7_MSH) {
        return NGX_OK;
    }

    if (p == end) {
        ngx_hl7_envelope_deviate(ctx, NGX_MLLP_EMPTY_FRAME, p);
        return NGX_DECLINED;
    }

    if (ngx_hl7_envelope_utf16(p, end)) {
        ngx_hl7_envelope_deviate(ctx, NGX_MLLP_UTF16, p);
        return NGX_DECLINED;
    }

    if (end - p >= 3 && ngx_memcmp(p, "\xef\xbb\xbf", 3) == 0) {
        ngx_hl7_envelope_deviate(ctx, NGX_MLLP_BOM, p);
        p += 3;
    }

    last = p + ngx_min(end - p, NGX_HL7_ENVELOPE_DAMAGE);
    name = 0;

    for (h = p; h < last; h++) {
        name = ngx_hl7_segment_name(h, end);

        if (name == NGX_HL7_MSH || name == NGX_HL7_FHS || name == NGX_HL7_BHS)
        {
            break;
        }
    }

    if (h == last) {
        ngx_hl7_envelope_decline(ctx, &ngx_hl7_envelope_no_header,
                                 NGX_MLLP_DAMAGED_START, p);
        ngx_hl7_envelope_deviate(ctx, NGX_MLLP_DAMAGED_START, p);

        return NGX_DECLINED;
    }

    if (h != p) {
        ngx_hl7_envelope_deviate(ctx, NGX_MLLP_DAMAGED_START, p);
    }

    ctx->env->start = h;

    if (name != NGX_HL7_MSH) {
        ctx->env->kind = NGX_HL7_BATCH;
        ctx->outside = 1;
    }

    return NGX_OK;
}


/*
 * UTF-16 or UTF-32, of either byte order: a byte order mark, or a segment's
 * first letter in two or four bytes.
 */

static ngx_uint_t
ngx_hl7_envelope_utf16(u_char *p, u_char *end)
{
    u_char  *last;

    last = p + ngx_min(end - p, 3);

    while (p < last && *p == '\0') {
        p++;
    }

    if (end - p < 2) {
        return 0;
    }

    switch (p[0]) {

    case 0xfe:
        return p[1] == 0xff;

    case 0xff:
        return p[1] == 0xfe;

    case 'M':
    case 'F':
    case 'B':
        return p[1] == '\0';

    default:
        return 0;
    }
}


/* whether a header segment has less than four encoding characters */

static ngx_uint_t
ngx_hl7_envelope_short(u_char *p, u_char *end)
{
    ngx_uint_t  i;

    if (end - p < 8) {
        return 1;
    }

    for (i = 4; i < 8; i++) {
        if (p[i] == p[3] || p[i] == CR || p[i] == LF) {
            return 1;
        }
    }

    return 0;
}


static void
ngx_hl7_envelope_walk(ngx_hl7_envelope_ctx_t *ctx)
{
    u_char              *p, *end, *last;
    ngx_uint_t           name;
    ngx_hl7_envelope_t  *env;

    env = ctx->env;
    last = env->end;

    for (p = env->start; p < last; p = ngx_hl7_segment_next(end, last)) {

        end = ngx_hl7_segment_end(p, last);

        if (end < last && *end == LF) {
            ngx_hl7_envelope_deviate(ctx, NGX_MLLP_LF_SEGMENTS, end);

        } else if (last - end >= 2 && end[1] == LF) {
            ngx_hl7_envelope_deviate(ctx, NGX_MLLP_LF_SEGMENTS, end + 1);
        }

        if (end == p) {
            ngx_hl7_envelope_deviate(ctx, NGX_MLLP_EMPTY_SEGMENTS, p);
            continue;
        }

        name = ngx_hl7_segment_name(p, end);

        if (name == NGX_HL7_MSH) {
            ngx_hl7_envelope_message(ctx, p);

        } else if (env->kind == NGX_HL7_BATCH) {
            ngx_hl7_envelope_batch(ctx, name, p, end);
        }
    }

    if (ctx->uncounted) {
        env->declared = -1;
    }
}


static void
ngx_hl7_envelope_message(ngx_hl7_envelope_ctx_t *ctx, u_char *p)
{
    ngx_hl7_envelope_t  *env;

    env = ctx->env;

    env->messages++;
    ctx->outside = 0;

    if (ctx->message == NULL) {
        ctx->message = p;
        return;
    }

    if (env->kind != NGX_HL7_BATCH) {
        env->kind = NGX_HL7_SEVERAL;
        ngx_hl7_envelope_deviate(ctx, NGX_MLLP_MULTI_MSH, p);
    }
}


/* a segment of a batch that is not MSH */

static void
ngx_hl7_envelope_batch(ngx_hl7_envelope_ctx_t *ctx, ngx_uint_t name,
    u_char *p, u_char *end)
{
    ngx_int_t            n;
    ngx_str_t           *header;
    ngx_hl7_envelope_t  *env;

    env = ctx->env;

    if (!ngx_hl7_envelope_boundary(name)) {

        if (ctx->outside) {
            ngx_hl7_envelope_decline(ctx, &ngx_hl7_envelope_stray,
                                     NGX_MLLP_DEVIATIONS, p);
        }

        return;
    }

    ctx->outside = 1;

    if (name == NGX_HL7_FHS || name == NGX_HL7_BHS) {
        header = (name == NGX_HL7_FHS) ? &env->fhs : &env->bhs;

        if (header->len == 0) {
            header->len = end - p;
            header->data = p;
        }

    } else if (name == NGX_HL7_BTS) {
        n = ngx_hl7_envelope_count(env, p, end);

        if (n < 0 || env->declared > NGX_HL7_ENVELOPE_COUNT) {
            ctx->uncounted = 1;
            return;
        }

        env->declared = (env->declared < 0) ? n : env->declared + n;
    }
}


/* BTS-1, the first component, or -1 if that is no number */

static ngx_int_t
ngx_hl7_envelope_count(ngx_hl7_envelope_t *env, u_char *p, u_char *end)
{
    u_char     *digits, separator, component;
    ngx_int_t   n;

    if (end - p < 5) {
        return -1;
    }

    separator = p[3];

    /* BTS has at least five bytes and is behind the header */
    component = env->start[4];

    digits = p + 4;
    n = 0;

    for (p = digits; p < end && *p >= '0' && *p <= '9'; p++) {
        n = n * 10 + (*p - '0');

        if (n > NGX_HL7_ENVELOPE_COUNT) {
            return -1;
        }
    }

    if (p == digits || (p < end && *p != separator && *p != component)) {
        return -1;
    }

    return n;
}


/* segments that end a message: the next one and those of a batch */

static ngx_uint_t
ngx_hl7_envelope_boundary(ngx_uint_t name)
{
    switch (name) {

    case NGX_HL7_MSH:
    case NGX_HL7_FHS:
    case NGX_HL7_BHS:
    case NGX_HL7_BTS:
    case NGX_HL7_FTS:
        return 1;

    default:
        return 0;
    }
}


static void
ngx_hl7_envelope_deviate(ngx_hl7_envelope_ctx_t *ctx,
    ngx_mllp_deviation_e kind, u_char *p)
{
    ngx_mllp_deviate(ctx->deviations, kind,
                     ctx->frame->offset + (p - ctx->frame->start));

    if (!(ctx->tolerate & ngx_mllp_bit(kind))) {
        ngx_hl7_envelope_decline(ctx,
                                 &ngx_hl7_envelope_errors[kind - NGX_MLLP_BOM],
                                 kind, p);
    }
}


/* the first reason is kept, the rest of the frame is looked at all the same */

static void
ngx_hl7_envelope_decline(ngx_hl7_envelope_ctx_t *ctx, ngx_hl7_error_t *error,
    ngx_mllp_deviation_e kind, u_char *p)
{
    ngx_hl7_envelope_t  *env;

    env = ctx->env;

    if (env->error.code) {
        return;
    }

    env->error = *error;
    env->error.offset = p - ctx->frame->start;
    env->deviation = kind;
}
