
/*
 * Locations that are named in directives: destinations, steps, searches,
 * handshakes and logins, found when the whole of http{} has been read.
 */

#include "ngx_http_erp_module.h"


typedef struct {
    ngx_str_t                   name;
    ngx_http_core_srv_conf_t   *server;
    ngx_http_erp_loc_conf_t    *conf;
    ngx_uint_t                  exact;       /* unsigned  exact:1; */
} ngx_http_erp_location_t;


static ngx_int_t ngx_http_erp_uri_resolve(ngx_conf_t *cf,
    ngx_http_erp_main_conf_t *emcf, ngx_http_erp_uri_t *uri);
static ngx_int_t ngx_http_erp_uri_search(ngx_http_erp_main_conf_t *emcf,
    ngx_str_t *uri, ngx_http_core_srv_conf_t *server,
    ngx_http_erp_location_t **found);
static ngx_int_t ngx_http_erp_uri_dest(ngx_conf_t *cf,
    ngx_http_erp_main_conf_t *emcf, ngx_http_erp_uri_t *uri);
static ngx_uint_t ngx_http_erp_uri_same(ngx_str_t *one, ngx_str_t *two);


ngx_int_t
ngx_http_erp_uri_init(ngx_conf_t *cf, ngx_http_erp_main_conf_t *emcf)
{
    if (ngx_array_init(&emcf->uris, cf->pool, 16, sizeof(ngx_http_erp_uri_t *))
        != NGX_OK
        || ngx_array_init(&emcf->dests, cf->pool, 8,
                          sizeof(ngx_http_erp_uri_t *))
           != NGX_OK
        || ngx_array_init(&emcf->logins, cf->pool, 4,
                          sizeof(ngx_http_erp_login_t))
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_array_init(&emcf->locations, cf->pool, 16,
                          sizeof(ngx_http_erp_location_t));
}


ngx_http_erp_uri_t *
ngx_http_erp_uri(ngx_conf_t *cf, ngx_str_t *value)
{
    ngx_http_erp_uri_t        *uri, **slot;
    ngx_http_erp_main_conf_t  *emcf;

    if (value->len == 0 || value->data[0] != '/') {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "URI \"%V\" must begin with \"/\"", value);
        return NULL;
    }

    if (ngx_strlchr(value->data, value->data + value->len, '$')) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "URI \"%V\" is the name of a location, it cannot "
                           "have variables", value);
        return NULL;
    }

    uri = ngx_pcalloc(cf->pool, sizeof(ngx_http_erp_uri_t));
    if (uri == NULL) {
        return NULL;
    }

    uri->uri = *value;
    uri->from = ngx_http_conf_get_module_srv_conf(cf, ngx_http_core_module);
    uri->file = cf->conf_file->file.name.data;
    uri->line = cf->conf_file->line;

    emcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_erp_module);

    slot = ngx_array_push(&emcf->uris);
    if (slot == NULL) {
        return NULL;
    }

    *slot = uri;

    return uri;
}


ngx_int_t
ngx_http_erp_uri_location(ngx_conf_t *cf, ngx_http_erp_loc_conf_t *conf)
{
    ngx_http_erp_location_t   *location;
    ngx_http_core_loc_conf_t  *clcf;
    ngx_http_erp_main_conf_t  *emcf;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    /* a server has no name; "if" and "limit_except" have that of another */

    if (clcf->name.len == 0 || clcf->noname || clcf->named) {
        return NGX_OK;
    }

#if (NGX_PCRE)
    if (clcf->regex) {
        return NGX_OK;
    }
#endif

    emcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_erp_module);

    location = ngx_array_push(&emcf->locations);
    if (location == NULL) {
        return NGX_ERROR;
    }

    location->name = clcf->name;
    location->server = ngx_http_conf_get_module_srv_conf(cf,
                                                        ngx_http_core_module);
    location->conf = conf;
    location->exact = clcf->exact_match;

    return NGX_OK;
}


ngx_int_t
ngx_http_erp_uri_find(ngx_conf_t *cf)
{
    ngx_uint_t                  i;
    ngx_http_erp_uri_t        **uri;
    ngx_http_erp_login_t       *login;
    ngx_http_erp_main_conf_t   *emcf;

    emcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_erp_module);

    uri = emcf->uris.elts;

    for (i = 0; i < emcf->uris.nelts; i++) {

        if (ngx_http_erp_uri_resolve(cf, emcf, uri[i]) != NGX_OK) {
            return NGX_ERROR;
        }

        if (uri[i]->send
            && ngx_http_erp_uri_dest(cf, emcf, uri[i]) != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    login = emcf->logins.elts;

    for (i = 0; i < emcf->logins.nelts; i++) {
        ngx_erp_auth_server(login[i].auth, login[i].uri->server);
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_erp_uri_resolve(ngx_conf_t *cf, ngx_http_erp_main_conf_t *emcf,
    ngx_http_erp_uri_t *uri)
{
    ngx_int_t                 rc;
    ngx_http_erp_location_t  *location;

    rc = ngx_http_erp_uri_search(emcf, &uri->uri, uri->from, &location);

    if (rc == NGX_DECLINED) {
        rc = ngx_http_erp_uri_search(emcf, &uri->uri, NULL, &location);
    }

    switch (rc) {

    case NGX_OK:
        uri->server = location->server;
        uri->conf = location->conf;
        return NGX_OK;

    case NGX_BUSY:
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "location \"%V\" is in several servers, named in %s:%ui",
                      &uri->uri, uri->file, uri->line);
        return NGX_ERROR;

    default: /* NGX_DECLINED */
        ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                      "no location \"%V\" in %s:%ui", &uri->uri, uri->file,
                      uri->line);
        return NGX_ERROR;
    }
}


/* in a server, or, if that is NULL, in the only one: NGX_BUSY: in several */

static ngx_int_t
ngx_http_erp_uri_search(ngx_http_erp_main_conf_t *emcf, ngx_str_t *uri,
    ngx_http_core_srv_conf_t *server, ngx_http_erp_location_t **found)
{
    ngx_uint_t                i;
    ngx_http_erp_location_t  *location;

    *found = NULL;
    location = emcf->locations.elts;

    for (i = 0; i < emcf->locations.nelts; i++) {

        if ((server && location[i].server != server)
            || !ngx_http_erp_uri_same(&location[i].name, uri))
        {
            continue;
        }

        if (*found && (*found)->server != location[i].server) {
            return NGX_BUSY;
        }

        /* of "= /a" and "/a" it is the first one that a request is in */

        if (*found == NULL || location[i].exact) {
            *found = &location[i];
        }
    }

    return *found ? NGX_OK : NGX_DECLINED;
}


/* the URI is the name of the destination in the database */

static ngx_int_t
ngx_http_erp_uri_dest(ngx_conf_t *cf, ngx_http_erp_main_conf_t *emcf,
    ngx_http_erp_uri_t *uri)
{
    ngx_uint_t            i;
    ngx_http_erp_uri_t  **dest;

    dest = emcf->dests.elts;

    for (i = 0; i < emcf->dests.nelts; i++) {

        if (!ngx_http_erp_uri_same(&dest[i]->uri, &uri->uri)) {
            continue;
        }

        if (dest[i]->server != uri->server) {
            ngx_log_error(NGX_LOG_EMERG, cf->log, 0,
                          "destination \"%V\" is in one server for %s:%ui, "
                          "and in another for that in %s:%ui", &uri->uri,
                          dest[i]->file, dest[i]->line, uri->file, uri->line);
            return NGX_ERROR;
        }

        return NGX_OK;
    }

    dest = ngx_array_push(&emcf->dests);
    if (dest == NULL) {
        return NGX_ERROR;
    }

    *dest = uri;

    return NGX_OK;
}


static ngx_uint_t
ngx_http_erp_uri_same(ngx_str_t *one, ngx_str_t *two)
{
    return one->len == two->len
           && ngx_strncmp(one->data, two->data, one->len) == 0;
}
