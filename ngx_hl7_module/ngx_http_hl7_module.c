
#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_http_hl7_module.h"
#include "ngx_http_dispatch.h"
#include "ngx_http_memory_body.h"


typedef struct {
    ngx_uint_t            mllp_only;
} ngx_http_hl7_srv_conf_t;


typedef struct {
    ngx_flag_t            read_body;
} ngx_http_hl7_loc_conf_t;


typedef struct {
    ngx_hl7_context_t     context;
    unsigned              body_tried:1;
} ngx_http_hl7_ctx_t;


static ngx_int_t ngx_http_hl7_header_filter(ngx_http_request_t *r);
static ngx_int_t ngx_http_hl7_body_handler(ngx_http_request_t *r);
static ngx_http_hl7_ctx_t *ngx_http_hl7_get_ctx(ngx_http_request_t *r);
static void ngx_http_hl7_cleanup(void *data);
static void ngx_http_hl7_open_body(ngx_http_request_t *r,
    ngx_http_hl7_ctx_t *ctx);
static ngx_int_t ngx_http_hl7_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_hl7_prefix_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data);
static ngx_int_t ngx_http_hl7_add_variables(ngx_conf_t *cf);
static ngx_int_t ngx_http_hl7_init(ngx_conf_t *cf);
static ngx_int_t ngx_http_hl7_check_sockets(ngx_conf_t *cf,
    ngx_http_core_main_conf_t *cmcf);
static void *ngx_http_hl7_create_srv_conf(ngx_conf_t *cf);
static void *ngx_http_hl7_create_loc_conf(ngx_conf_t *cf);
static char *ngx_http_hl7_merge_loc_conf(ngx_conf_t *cf, void *parent,
    void *child);
static char *ngx_http_hl7_mllp_only(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);


static ngx_command_t  ngx_http_hl7_commands[] = {

    { ngx_string("mllp_only"),
      NGX_HTTP_SRV_CONF|NGX_CONF_NOARGS,
      ngx_http_hl7_mllp_only,
      NGX_HTTP_SRV_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("hl7_read_body"),
      NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF|NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_hl7_loc_conf_t, read_body),
      NULL },

      ngx_null_command
};


static ngx_http_module_t  ngx_http_hl7_module_ctx = {
    ngx_http_hl7_add_variables,            /* preconfiguration */
    ngx_http_hl7_init,                     /* postconfiguration */

    NULL,                                  /* create main configuration */
    NULL,                                  /* init main configuration */

    ngx_http_hl7_create_srv_conf,          /* create server configuration */
    NULL,                                  /* merge server configuration */

    ngx_http_hl7_create_loc_conf,          /* create location configuration */
    ngx_http_hl7_merge_loc_conf            /* merge location configuration */
};


ngx_module_t  ngx_http_hl7_module = {
    NGX_MODULE_V1,
    &ngx_http_hl7_module_ctx,              /* module context */
    ngx_http_hl7_commands,                 /* module directives */
    NGX_HTTP_MODULE,                       /* module type */
    NULL,                                  /* init master */
    NULL,                                  /* init module */
    NULL,                                  /* init process */
    NULL,                                  /* init thread */
    NULL,                                  /* exit thread */
    NULL,                                  /* exit process */
    NULL,                                  /* exit master */
    NGX_MODULE_V1_PADDING
};


static ngx_http_output_header_filter_pt  ngx_http_next_header_filter;

static ngx_str_t  ngx_http_hl7_default_charset = ngx_string("UTF-8");


/* the next one is NGINX's own: it makes bytes for a socket */

static ngx_int_t
ngx_http_hl7_header_filter(ngx_http_request_t *r)
{
    if (ngx_http_dispatch_of(r)) {
        return ngx_http_dispatch_header_filter(r);
    }

    return ngx_http_next_header_filter(r);
}


/*
 * A message that came over HTTP is read before the location's rewrite
 * directives, so that variables tell of it everywhere, as of one that came
 * over MLLP.
 */

static ngx_int_t
ngx_http_hl7_body_handler(ngx_http_request_t *r)
{
    ngx_http_hl7_loc_conf_t  *hlcf;

    if (r != r->main
        || r->request_body
        || r->headers_in.content_type == NULL
        || ngx_http_dispatch_of(r)
        || !ngx_http_hl7_type(&r->headers_in.content_type->value))
    {
        return NGX_DECLINED;
    }

    hlcf = ngx_http_get_module_loc_conf(r, ngx_http_hl7_module);

    if (!hlcf->read_body) {
        return NGX_DECLINED;
    }

    return ngx_http_memory_body(r, 0);
}


ngx_hl7_context_t *
ngx_http_hl7_context(ngx_http_request_t *r)
{
    ngx_http_dispatch_t  *d;
    ngx_http_hl7_ctx_t   *ctx;

    d = ngx_http_dispatch_of(r);

    if (d && d->context) {
        return d->context;
    }

    ctx = ngx_http_hl7_get_ctx(r->main);
    if (ctx == NULL) {
        return NULL;
    }

    if (!ctx->body_tried && r->main->request_body && !r->main->reading_body) {
        ctx->body_tried = 1;
        ngx_http_hl7_open_body(r->main, ctx);
    }

    return &ctx->context;
}


/*
 * The context hangs on the pool: an internal redirect forgets those of
 * modules, and the ids must not change on the way.
 */

static ngx_http_hl7_ctx_t *
ngx_http_hl7_get_ctx(ngx_http_request_t *r)
{
    ngx_str_t           *id, *tp;
    ngx_uint_t           i;
    ngx_list_part_t     *part;
    ngx_table_elt_t     *h;
    ngx_pool_cleanup_t  *cln;
    ngx_http_hl7_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_hl7_module);

    if (ctx) {
        return ctx;
    }

    for (cln = r->pool->cleanup; cln; cln = cln->next) {
        if (cln->handler == ngx_http_hl7_cleanup) {
            ctx = cln->data;
            ngx_http_set_ctx(r, ctx, ngx_http_hl7_module);
            return ctx;
        }
    }

    cln = ngx_pool_cleanup_add(r->pool, sizeof(ngx_http_hl7_ctx_t));
    if (cln == NULL) {
        return NULL;
    }

    ctx = cln->data;
    ngx_memzero(ctx, sizeof(ngx_http_hl7_ctx_t));

    cln->handler = ngx_http_hl7_cleanup;

    ctx->context.pool = r->pool;
    ctx->context.connection = r->connection;
    ctx->context.charset = ngx_hl7_charset(&ngx_http_hl7_default_charset);

    id = NULL;
    tp = NULL;

    part = &r->headers_in.headers.part;
    h = part->elts;

    for (i = 0; /* void */ ; i++) {

        if (i >= part->nelts) {
            if (part->next == NULL) {
                break;
            }

            part = part->next;
            h = part->elts;
            i = 0;
        }

        if (h[i].hash == 0) {
            continue;
        }

        if (id == NULL
            && h[i].key.len == sizeof("X-Correlation-ID") - 1
            && ngx_strncasecmp(h[i].key.data, (u_char *) "X-Correlation-ID",
                               h[i].key.len) == 0)
        {
            id = &h[i].value;
        }

        if (tp == NULL
            && h[i].key.len == sizeof("traceparent") - 1
            && ngx_strncasecmp(h[i].key.data, (u_char *) "traceparent",
                               h[i].key.len) == 0)
        {
            tp = &h[i].value;
        }
    }

    ngx_hie_id_make(&ctx->context.id, id, tp);

    ngx_http_set_ctx(r, ctx, ngx_http_hl7_module);

    return ctx;
}


/* only marks the context on the list of the pool */

static void
ngx_http_hl7_cleanup(void *data)
{
}


/* a body in a temporary file is left alone: no reading from disk here */

static void
ngx_http_hl7_open_body(ngx_http_request_t *r, ngx_http_hl7_ctx_t *ctx)
{
    size_t        len;
    u_char       *p, *start;
    ngx_buf_t    *b;
    ngx_chain_t  *cl, *bufs;

    if (r->headers_in.content_type == NULL
        || !ngx_http_hl7_type(&r->headers_in.content_type->value))
    {
        return;
    }

    bufs = r->request_body->bufs;
    len = 0;

    for (cl = bufs; cl; cl = cl->next) {
        b = cl->buf;

        if (b->in_file) {
            ngx_log_error(NGX_LOG_WARN, r->connection->log, 0,
                          "HL7 message is buffered to a temporary file, "
                          "\"client_body_buffer_size\" should be increased");
            return;
        }

        len += ngx_buf_size(b);
    }

    if (len == 0) {
        return;
    }

    if (bufs->next == NULL) {
        start = bufs->buf->pos;

    } else {
        start = ngx_pnalloc(r->pool, len);
        if (start == NULL) {
            return;
        }

        p = start;

        for (cl = bufs; cl; cl = cl->next) {
            p = ngx_cpymem(p, cl->buf->pos, ngx_buf_size(cl->buf));
        }
    }

    p = start + len;

    if (len > 3 && ngx_memcmp(start, "\xef\xbb\xbf", 3) == 0) {
        ctx->context.deviations = ngx_mllp_bit(NGX_MLLP_BOM);
        start += 3;
    }

    if (ngx_hl7_context_open(&ctx->context, start, p) != NGX_OK) {
        ngx_log_error(NGX_LOG_INFO, r->connection->log, 0,
                      "request body is no HL7 message: %V at byte %uz",
                      &ctx->context.error.text, ctx->context.error.offset);
    }
}


ngx_uint_t
ngx_http_hl7_type(ngx_str_t *type)
{
    size_t             n;
    ngx_uint_t         i;

    static ngx_str_t   types[] = {
        ngx_string(NGX_HL7_CONTENT_TYPE),
        ngx_string("x-application/hl7-v2+er7"),
        ngx_null_string
    };

    for (i = 0; types[i].len; i++) {
        n = types[i].len;

        if (type->len >= n
            && ngx_strncasecmp(type->data, types[i].data, n) == 0
            && (type->len == n || type->data[n] == ';'
                || type->data[n] == ' ' || type->data[n] == '\t'))
        {
            return 1;
        }
    }

    return 0;
}


static ngx_int_t
ngx_http_hl7_variable(ngx_http_request_t *r, ngx_http_variable_value_t *v,
    uintptr_t data)
{
    ngx_hl7_variable_t *var = (ngx_hl7_variable_t *) data;

    ngx_hl7_context_t  *ctx;

    ctx = ngx_http_hl7_context(r);
    if (ctx == NULL) {
        return NGX_ERROR;
    }

    return var->handler(ctx, r->pool, v, var->data);
}


static ngx_int_t
ngx_http_hl7_prefix_variable(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_hl7_context_t  *ctx;

    ctx = ngx_http_hl7_context(r);
    if (ctx == NULL) {
        return NGX_ERROR;
    }

    return ngx_hl7_prefix_variable(ctx, r->pool, v, data);
}


static ngx_int_t
ngx_http_hl7_add_variables(ngx_conf_t *cf)
{
    ngx_str_t            *prefix;
    ngx_hl7_variable_t   *hv;
    ngx_http_variable_t  *var;

    for (hv = ngx_hl7_variables; hv->name.len; hv++) {
        var = ngx_http_add_variable(cf, &hv->name, NGX_HTTP_VAR_NOCACHEABLE);
        if (var == NULL) {
            return NGX_ERROR;
        }

        var->get_handler = ngx_http_hl7_variable;
        var->data = (uintptr_t) hv;
    }

    for (prefix = ngx_hl7_prefixes; prefix->len; prefix++) {
        var = ngx_http_add_variable(cf, prefix, NGX_HTTP_VAR_NOCACHEABLE
                                                |NGX_HTTP_VAR_PREFIX);
        if (var == NULL) {
            return NGX_ERROR;
        }

        var->get_handler = ngx_http_hl7_prefix_variable;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_hl7_init(ngx_conf_t *cf)
{
    ngx_uint_t                  i;
    ngx_http_handler_pt        *h;
    ngx_http_variable_t        *v;
    ngx_http_core_main_conf_t  *cmcf;

    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);

    v = cmcf->variables.elts;

    for (i = 0; i < cmcf->variables.nelts; i++) {
        if (ngx_hl7_variable_check(cf, &v[i].name) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    h = ngx_array_push(&cmcf->phases[NGX_HTTP_REWRITE_PHASE].handlers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    *h = ngx_http_hl7_body_handler;

    ngx_http_next_header_filter = ngx_http_top_header_filter;
    ngx_http_top_header_filter = ngx_http_hl7_header_filter;

    return ngx_http_hl7_check_sockets(cf, cmcf);
}


/* a "listen" may come after "mllp_only" */

static ngx_int_t
ngx_http_hl7_check_sockets(ngx_conf_t *cf, ngx_http_core_main_conf_t *cmcf)
{
    ngx_uint_t                  i, j, k;
    ngx_http_conf_port_t       *port;
    ngx_http_conf_addr_t       *addr;
    ngx_http_hl7_srv_conf_t    *hscf;
    ngx_http_core_srv_conf_t  **cscfp;

    if (cmcf->ports == NULL) {
        return NGX_OK;
    }

    port = cmcf->ports->elts;

    for (i = 0; i < cmcf->ports->nelts; i++) {
        addr = port[i].addrs.elts;

        for (j = 0; j < port[i].addrs.nelts; j++) {
            cscfp = addr[j].servers.elts;

            for (k = 0; k < addr[j].servers.nelts; k++) {
                hscf = cscfp[k]->ctx->srv_conf[ngx_http_hl7_module.ctx_index];

                if (!hscf->mllp_only) {
                    continue;
                }

                ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                              "\"mllp_only\" conflicts with \"listen\" of "
                              "the server in %s:%ui",
                              cscfp[k]->file_name, cscfp[k]->line);
                return NGX_ERROR;
            }
        }
    }

    return NGX_OK;
}


static void *
ngx_http_hl7_create_srv_conf(ngx_conf_t *cf)
{
    ngx_http_hl7_srv_conf_t  *hscf;

    hscf = ngx_pcalloc(cf->pool, sizeof(ngx_http_hl7_srv_conf_t));
    if (hscf == NULL) {
        return NULL;
    }

    /*
     * set by ngx_pcalloc():
     *
     *     hscf->mllp_only = 0;
     */

    return hscf;
}


static void *
ngx_http_hl7_create_loc_conf(ngx_conf_t *cf)
{
    ngx_http_hl7_loc_conf_t  *hlcf;

    hlcf = ngx_palloc(cf->pool, sizeof(ngx_http_hl7_loc_conf_t));
    if (hlcf == NULL) {
        return NULL;
    }

    hlcf->read_body = NGX_CONF_UNSET;

    return hlcf;
}


static char *
ngx_http_hl7_merge_loc_conf(ngx_conf_t *cf, void *parent, void *child)
{
    ngx_http_hl7_loc_conf_t *prev = parent;
    ngx_http_hl7_loc_conf_t *conf = child;

    ngx_conf_merge_value(conf->read_body, prev->read_body, 1);

    return NGX_CONF_OK;
}


/* a server that listens nowhere: NGINX must not give it port 80 */

static char *
ngx_http_hl7_mllp_only(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_hl7_srv_conf_t *hscf = conf;

    ngx_http_core_srv_conf_t  *cscf;

    if (hscf->mllp_only) {
        return "is duplicate";
    }

    cscf = ngx_http_conf_get_module_srv_conf(cf, ngx_http_core_module);

    if (cscf->listen) {
        return "conflicts with \"listen\"";
    }

    hscf->mllp_only = 1;
    cscf->listen = 1;

    return NGX_CONF_OK;
}
