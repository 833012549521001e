
#include "ngx_stream_mllp.h"


#define NGX_STREAM_MLLP_PIECES     8

#define NGX_STREAM_MLLP_ROUTES     4     /* a power of two */
#define NGX_STREAM_MLLP_TYPE_LEN   24
#define NGX_STREAM_MLLP_ROUTE_LEN  64


/* text of the configuration, or, when field is not 0, a value of MSH */

struct ngx_stream_mllp_piece_s {
    ngx_str_t             text;
    ngx_uint_t            field;
    ngx_uint_t            component;
};


/*
 * The URI that was made for a MSH-9 of this sender, who has a few of them.
 * That MSH-9 is made of codes, and the URI needs no escaping.
 */

struct ngx_stream_mllp_route_s {
    u_char                component;
    u_char                repetition;
    u_char                type_len;      /* 0: unused */
    u_char                uri_len;
    u_char                type[NGX_STREAM_MLLP_TYPE_LEN];
    u_char                uri[NGX_STREAM_MLLP_ROUTE_LEN];
};


static ngx_stream_complex_value_t *ngx_stream_mllp_compile(ngx_conf_t *cf,
    ngx_str_t *value);
static ngx_stream_mllp_piece_t *ngx_stream_mllp_pieces(ngx_conf_t *cf,
    ngx_str_t *uri);
static u_char *ngx_stream_mllp_name(u_char *p, u_char *last,
    ngx_str_t *name);
static ngx_uint_t ngx_stream_mllp_by_type(ngx_stream_mllp_piece_t *piece);
static ngx_stream_mllp_route_t *ngx_stream_mllp_route(
    ngx_stream_mllp_session_t *ms, ngx_hl7_message_t *m);
static void ngx_stream_mllp_learn(ngx_stream_mllp_route_t *route,
    ngx_hl7_message_t *m, ngx_str_t *uri);
static ngx_int_t ngx_stream_mllp_join(ngx_stream_mllp_piece_t *piece,
    ngx_hl7_message_t *m, ngx_pool_t *pool, ngx_str_t *uri);
static ngx_int_t ngx_stream_mllp_evaluate(ngx_stream_mllp_session_t *ms,
    ngx_pool_t *pool, ngx_str_t *uri, ngx_str_t *args);
static ngx_int_t ngx_stream_mllp_uri_check(ngx_str_t *uri);


ngx_int_t
ngx_stream_mllp_uri_compile(ngx_conf_t *cf, ngx_str_t *value,
    ngx_stream_mllp_srv_conf_t *conf)
{
    u_char     *p;
    ngx_str_t   uri, args;

    uri = *value;

    if (uri.len == 0 || (uri.data[0] != '/' && uri.data[0] != '$')) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "URI \"%V\" must begin with \"/\"", &uri);
        return NGX_ERROR;
    }

    /* values of a message do not decide where the arguments begin */

    p = ngx_strlchr(uri.data, uri.data + uri.len, '?');

    if (p) {
        args.data = p + 1;
        args.len = uri.data + uri.len - args.data;
        uri.len = p - uri.data;

        conf->args = ngx_stream_mllp_compile(cf, &args);
        if (conf->args == NULL) {
            return NGX_ERROR;
        }

    } else {
        conf->pieces = ngx_stream_mllp_pieces(cf, &uri);
        conf->by_type = ngx_stream_mllp_by_type(conf->pieces);
    }

    conf->uri = ngx_stream_mllp_compile(cf, &uri);

    return conf->uri ? NGX_OK : NGX_ERROR;
}


static ngx_stream_complex_value_t *
ngx_stream_mllp_compile(ngx_conf_t *cf, ngx_str_t *value)
{
    ngx_stream_complex_value_t          *cv;
    ngx_stream_compile_complex_value_t   ccv;

    cv = ngx_pcalloc(cf->pool, sizeof(ngx_stream_complex_value_t));
    if (cv == NULL) {
        return NULL;
    }

    ngx_memzero(&ccv, sizeof(ngx_stream_compile_complex_value_t));

    ccv.cf = cf;
    ccv.value = value;
    ccv.complex_value = cv;

    if (ngx_stream_compile_complex_value(&ccv) != NGX_OK) {
        return NULL;
    }

    return cv;
}


/*
 * A URI made of text and values of MSH only, as nearly all are, is joined from
 * its pieces for each message, without a script.  NULL: it is not one.
 */

static ngx_stream_mllp_piece_t *
ngx_stream_mllp_pieces(ngx_conf_t *cf, ngx_str_t *uri)
{
    u_char                   *p, *last;
    ngx_str_t                 name;
    ngx_uint_t                n;
    ngx_stream_mllp_piece_t  *pieces;

    pieces = ngx_pcalloc(cf->pool, (NGX_STREAM_MLLP_PIECES + 1)
                                   * sizeof(ngx_stream_mllp_piece_t));
    if (pieces == NULL) {
        return NULL;
    }

    p = uri->data;
    last = p + uri->len;

    for (n = 0; p < last; n++) {

        if (n == NGX_STREAM_MLLP_PIECES) {
            return NULL;
        }

        if (*p == '$') {
            p = ngx_stream_mllp_name(p + 1, last, &name);

            if (ngx_hl7_variable_of_msh(&name, &pieces[n].field,
                                        &pieces[n].component)
                != NGX_OK)
            {
                return NULL;
            }

            /* what ends the pieces is one without text and field */
            continue;
        }

        pieces[n].text.data = p;

        while (p < last && *p != '$') {
            p++;
        }

        pieces[n].text.len = p - pieces[n].text.data;
    }

    return pieces;
}


/* whether the URI is made of nothing but the type of the message */

static ngx_uint_t
ngx_stream_mllp_by_type(ngx_stream_mllp_piece_t *piece)
{
    if (piece == NULL) {
        return 0;
    }

    for ( /* void */ ; piece->text.len || piece->field; piece++) {
        if (piece->field && (piece->field != 9 || piece->component > 3)) {
            return 0;
        }
    }

    return 1;
}


/* $name or ${name}, behind the "$"; returns what follows it */

static u_char *
ngx_stream_mllp_name(u_char *p, u_char *last, ngx_str_t *name)
{
    u_char      ch;
    ngx_uint_t  bracket;

    bracket = (p < last && *p == '{');

    if (bracket) {
        p++;
    }

    name->data = p;

    for ( /* void */ ; p < last; p++) {
        ch = *p | 0x20;

        if (!((ch >= 'a' && ch <= 'z') || (*p >= '0' && *p <= '9')
              || *p == '_'))
        {
            break;
        }
    }

    name->len = p - name->data;

    return (bracket && p < last) ? p + 1 : p;
}


ngx_int_t
ngx_stream_mllp_uri(ngx_stream_mllp_message_t *m, ngx_pool_t *pool,
    ngx_str_t *uri, ngx_str_t *args)
{
    ngx_int_t                    rc;
    ngx_hl7_message_t           *hl7;
    ngx_stream_mllp_route_t     *route;
    ngx_stream_mllp_srv_conf_t  *conf;

    conf = m->session->conf;
    hl7 = &m->context.message;

    ngx_str_null(args);

    route = m->route;

    if (route) {
        uri->data = ngx_pnalloc(pool, route->uri_len);
        if (uri->data == NULL) {
            return NGX_ERROR;
        }

        uri->len = route->uri_len;
        ngx_memcpy(uri->data, route->uri, route->uri_len);

        return NGX_OK;
    }

    if (conf->pieces) {
        rc = ngx_stream_mllp_join(conf->pieces, hl7, pool, uri);

    } else {
        rc = ngx_stream_mllp_evaluate(m->session, pool, uri, args);
    }

    if (rc != NGX_OK) {
        return NGX_ERROR;
    }

    if (ngx_stream_mllp_uri_check(uri) == NGX_OK) {

        if (conf->by_type) {
            route = ngx_stream_mllp_route(m->session, hl7);

            if (route) {
                ngx_stream_mllp_learn(route, hl7, uri);
            }
        }

        return NGX_OK;
    }

    ngx_log_error(NGX_LOG_WARN, m->session->connection->log, 0,
                  "\"mllp_pass\" makes an unsafe URI of the message");

    m->context.error.code = NGX_HL7_MESSAGE_TYPE;
    ngx_str_set(&m->context.error.text, "message cannot be routed");

    return NGX_ERROR;
}


ngx_stream_mllp_route_t *
ngx_stream_mllp_known(ngx_stream_mllp_session_t *ms, ngx_hl7_message_t *m)
{
    ngx_stream_mllp_route_t  *route;

    route = ms->conf->by_type ? ngx_stream_mllp_route(ms, m) : NULL;

    if (route
        && route->type_len == m->msh[9].len
        && route->component == m->delimiters.component
        && route->repetition == m->delimiters.repetition
        && ngx_memcmp(route->type, m->start + m->msh[9].start,
                      route->type_len) == 0)
    {
        return route;
    }

    return NULL;
}


/* the place of the message's MSH-9, NULL if there is none for it */

static ngx_stream_mllp_route_t *
ngx_stream_mllp_route(ngx_stream_mllp_session_t *ms, ngx_hl7_message_t *m)
{
    u_char  *p;
    size_t   len;

    p = m->start + m->msh[9].start;
    len = m->msh[9].len;

    if (len == 0 || len > NGX_STREAM_MLLP_TYPE_LEN) {
        return NULL;
    }

    if (ms->routes == NULL) {

        ms->routes = ngx_pcalloc(ms->connection->pool,
                                 NGX_STREAM_MLLP_ROUTES
                                 * sizeof(ngx_stream_mllp_route_t));
        if (ms->routes == NULL) {
            return NULL;
        }
    }

    return &ms->routes[(p[0] + p[len - 1]) % NGX_STREAM_MLLP_ROUTES];
}


static void
ngx_stream_mllp_learn(ngx_stream_mllp_route_t *route, ngx_hl7_message_t *m,
    ngx_str_t *uri)
{
    if (uri->len > NGX_STREAM_MLLP_ROUTE_LEN
        || ngx_escape_uri(NULL, uri->data, uri->len, NGX_ESCAPE_URI) != 0)
    {
        return;
    }

    route->component = m->delimiters.component;
    route->repetition = m->delimiters.repetition;
    route->type_len = m->msh[9].len;
    route->uri_len = uri->len;

    ngx_memcpy(route->type, m->start + m->msh[9].start, route->type_len);
    ngx_memcpy(route->uri, uri->data, uri->len);
}


static ngx_int_t
ngx_stream_mllp_join(ngx_stream_mllp_piece_t *piece, ngx_hl7_message_t *m,
    ngx_pool_t *pool, ngx_str_t *uri)
{
    u_char      *p;
    size_t       len;
    ngx_str_t    part[NGX_STREAM_MLLP_PIECES];
    ngx_uint_t   i, n;

    len = 0;

    for (n = 0; piece[n].text.len || piece[n].field; n++) {

        if (piece[n].field) {
            (void) ngx_hl7_msh(m, piece[n].field, piece[n].component,
                               &part[n]);
        } else {
            part[n] = piece[n].text;
        }

        len += part[n].len;
    }

    p = ngx_pnalloc(pool, len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    uri->data = p;
    uri->len = len;

    for (i = 0; i < n; i++) {
        p = ngx_cpymem(p, part[i].data, part[i].len);
    }

    return NGX_OK;
}


/*
 * The URI is evaluated by a session that lives as long as the message, with
 * variables, captures and contexts of modules of its own: what is kept in
 * those of the connection is kept for all of it.
 */

static ngx_int_t
ngx_stream_mllp_evaluate(ngx_stream_mllp_session_t *ms, ngx_pool_t *pool,
    ngx_str_t *uri, ngx_str_t *args)
{
    void                         **ctx;
    ngx_int_t                      rc;
    ngx_pool_t                    *saved;
    ngx_stream_session_t          *s;
    ngx_stream_core_main_conf_t   *cmcf;

    cmcf = ngx_stream_get_module_main_conf(ms->stream, ngx_stream_core_module);

    s = ngx_palloc(pool, sizeof(ngx_stream_session_t));
    ctx = ngx_palloc(pool, ngx_stream_max_module * sizeof(void *));

    if (s == NULL || ctx == NULL) {
        return NGX_ERROR;
    }

    *s = *ms->stream;

    ngx_memcpy(ctx, s->ctx, ngx_stream_max_module * sizeof(void *));
    s->ctx = ctx;

    s->variables = ngx_pcalloc(pool, cmcf->variables.nelts
                                     * sizeof(ngx_stream_variable_value_t));
    if (s->variables == NULL) {
        return NGX_ERROR;
    }

#if (NGX_PCRE)
    s->captures = NULL;
    s->ncaptures = 0;
#endif

    saved = s->connection->pool;
    s->connection->pool = pool;

    rc = ngx_stream_complex_value(s, ms->conf->uri, uri);

    if (rc == NGX_OK && ms->conf->args) {
        rc = ngx_stream_complex_value(s, ms->conf->args, args);
    }

    s->connection->pool = saved;

    return rc;
}


/* values of the message must not lead out of the location that is meant */

static ngx_int_t
ngx_stream_mllp_uri_check(ngx_str_t *uri)
{
    u_char  *p, *last;

    if (uri->len == 0 || uri->data[0] != '/') {
        return NGX_ERROR;
    }

    last = uri->data + uri->len;

    for (p = uri->data; p < last; p++) {

        if (*p < 0x20 || *p == 0x7f || *p == '?' || *p == '#') {
            return NGX_ERROR;
        }

        if (*p != '/' || p + 1 == last || p[1] != '.') {
            continue;
        }

        /* "/." and "/.." up to the end or the next slash */

        if (p + 2 == last || p[2] == '/'
            || (p[2] == '.' && (p + 3 == last || p[3] == '/')))
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}
