
/*
 * erp_store: where the database is, and what it is told of destinations.
 */

#include "ngx_http_erp_conf.h"
#include "ngx_erp_crypt.h"


/* more than the file of a key may have */
#define NGX_HTTP_ERP_KEY_FILE_MAX  (2 * NGX_ERP_KEY_LEN + 16)

#define NGX_HTTP_ERP_SLOTS_MAX     65535
#define NGX_HTTP_ERP_DAY           (24ULL * 60 * 60 * 1000)


static const char *ngx_http_erp_store_path(ngx_conf_t *cf,
    ngx_http_erp_option_t *option, ngx_str_t *value, void *field);
static const char *ngx_http_erp_store_file(ngx_conf_t *cf,
    ngx_http_erp_option_t *option, ngx_str_t *value, void *field);
static ngx_int_t ngx_http_erp_store_keys(ngx_conf_t *cf,
    ngx_erp_store_conf_t *store);
static ngx_int_t ngx_http_erp_store_key(ngx_conf_t *cf, ngx_str_t *file,
    ngx_erp_key_t *key);
static ngx_int_t ngx_http_erp_store_read_key(ngx_conf_t *cf, ngx_str_t *path,
    ngx_fd_t fd, ngx_erp_key_t *key);


static ngx_http_erp_option_t  ngx_http_erp_store_options[] = {

    { ngx_string("path"), ngx_http_erp_store_path,
      offsetof(ngx_erp_store_conf_t, path), 0, 0, 0 },

    { ngx_string("min_free"), ngx_http_erp_option_size,
      offsetof(ngx_erp_store_conf_t, min_free), 0, NGX_MAX_OFF_T_VALUE, 0 },

    { ngx_string("ballast"), ngx_http_erp_option_size,
      offsetof(ngx_erp_store_conf_t, ballast), 0, NGX_MAX_OFF_T_VALUE, 0 },

    { ngx_string("keep"), ngx_http_erp_option_time,
      offsetof(ngx_erp_store_conf_t, keep), 0, NGX_HTTP_ERP_TIME_MAX, 0 },

    { ngx_string("keep_dead"), ngx_http_erp_option_time,
      offsetof(ngx_erp_store_conf_t, keep_dead), 0, NGX_HTTP_ERP_TIME_MAX,
      0 },

    { ngx_string("key"), ngx_http_erp_store_file,
      offsetof(ngx_erp_store_conf_t, key_file), 0, 0, 0 },

    { ngx_string("previous_key"), ngx_http_erp_store_file,
      offsetof(ngx_erp_store_conf_t, previous_key_file), 0, 0, 0 },

    { ngx_string("timeout"), ngx_http_erp_option_msec,
      offsetof(ngx_erp_store_conf_t, timeout), 1, NGX_HTTP_ERP_DAY, 0 },

    { ngx_string("slots"), ngx_http_erp_option_number,
      offsetof(ngx_erp_store_conf_t, slots), 1, NGX_HTTP_ERP_SLOTS_MAX, 0 },

    { ngx_null_string, NULL, 0, 0, 0, 0 }
};


char *
ngx_http_erp_store(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_erp_main_conf_t *emcf = conf;

    ngx_erp_store_conf_t  *store;

    if (emcf->store) {
        return "is duplicate";
    }

    store = ngx_pcalloc(cf->pool, sizeof(ngx_erp_store_conf_t));
    if (store == NULL) {
        return NGX_CONF_ERROR;
    }

    store->min_free = 256 * 1024 * 1024;
    store->ballast = 16 * 1024 * 1024;
    store->keep = 30 * NGX_HTTP_ERP_DAY;
    store->keep_dead = 365 * NGX_HTTP_ERP_DAY;
    store->timeout = 5000;
    store->slots = 64;

    if (ngx_array_init(&store->dests, cf->pool, 8,
                       sizeof(ngx_erp_store_dest_t))
        != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    if (ngx_http_erp_options(cf, 1, ngx_http_erp_store_options, store)
        != NGX_CONF_OK)
    {
        return NGX_CONF_ERROR;
    }

    if (store->path == NULL) {
        return "needs \"path=\"";
    }

    if (store->previous_key_file.len && store->key_file.len == 0) {
        return "has \"previous_key=\" without \"key=\"";
    }

    if (ngx_http_erp_store_keys(cf, store) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    store->path->manager = ngx_erp_store_manager;
    store->path->data = store;

    if (ngx_add_path(cf, &store->path) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    emcf->store = store;

    return NGX_CONF_OK;
}


static const char *
ngx_http_erp_store_path(ngx_conf_t *cf, ngx_http_erp_option_t *option,
    ngx_str_t *value, void *field)
{
    ngx_path_t **slot = field;

    ngx_path_t  *path;

    if (value->len == 0) {
        return "";
    }

    path = ngx_pcalloc(cf->pool, sizeof(ngx_path_t));
    if (path == NULL) {
        return NGX_CONF_ERROR;
    }

    path->name = *value;

    while (path->name.len > 1 && path->name.data[path->name.len - 1] == '/') {
        path->name.data[--path->name.len] = '\0';
    }

    if (ngx_conf_full_name(cf->cycle, &path->name, 0) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    if (path->name.len > NGX_ERP_STORE_PATH_MAX) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "path \"%V\" is longer than "
                           "%uz bytes, as a socket is in it", &path->name,
                           NGX_ERP_STORE_PATH_MAX);
        return NGX_CONF_ERROR;
    }

    path->conf_file = cf->conf_file->file.name.data;
    path->line = cf->conf_file->line;

    *slot = path;

    return NGX_CONF_OK;
}


static const char *
ngx_http_erp_store_file(ngx_conf_t *cf, ngx_http_erp_option_t *option,
    ngx_str_t *value, void *field)
{
    ngx_str_t *file = field;

    if (value->len == 0) {
        return "";
    }

    *file = *value;

    if (ngx_conf_full_name(cf->cycle, file, 1) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_http_erp_store_keys(ngx_conf_t *cf, ngx_erp_store_conf_t *store)
{
    if (store->key_file.len == 0) {
        return NGX_OK;
    }

    if (ngx_http_erp_store_key(cf, &store->key_file, &store->keys.current)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (store->previous_key_file.len == 0) {
        return NGX_OK;
    }

    store->keys.has_previous = 1;

    return ngx_http_erp_store_key(cf, &store->previous_key_file,
                                  &store->keys.previous);
}


static ngx_int_t
ngx_http_erp_store_key(ngx_conf_t *cf, ngx_str_t *file, ngx_erp_key_t *key)
{
    ngx_fd_t          fd;
    ngx_int_t         rc;
    ngx_file_info_t   fi;

    /* a pipe would be waited for */

    fd = ngx_open_file(file->data, NGX_FILE_RDONLY|NGX_FILE_NONBLOCK,
                       NGX_FILE_OPEN, 0);

    if (fd == NGX_INVALID_FILE) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno,
                           ngx_open_file_n " \"%V\" failed", file);
        return NGX_ERROR;
    }

    rc = ngx_http_erp_store_read_key(cf, file, fd, key);

    if (rc == NGX_OK && ngx_fd_info(fd, &fi) != NGX_FILE_ERROR
        && (fi.st_mode & (S_IRGRP|S_IROTH)))
    {
        ngx_conf_log_error(NGX_LOG_WARN, cf, 0, "key file \"%V\" can be read "
                           "by others than its owner", file);
    }

    if (ngx_close_file(fd) == NGX_FILE_ERROR) {
        ngx_conf_log_error(NGX_LOG_ALERT, cf, ngx_errno,
                           ngx_close_file_n " \"%V\" failed", file);
    }

    return rc;
}


static ngx_int_t
ngx_http_erp_store_read_key(ngx_conf_t *cf, ngx_str_t *path, ngx_fd_t fd,
    ngx_erp_key_t *key)
{
    u_char     data[NGX_HTTP_ERP_KEY_FILE_MAX];
    ssize_t    n;
    ngx_int_t  rc;

    n = ngx_read_fd(fd, data, sizeof(data));

    if (n == -1) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, ngx_errno,
                           ngx_read_fd_n " \"%V\" failed", path);
        return NGX_ERROR;
    }

    rc = ngx_erp_key_read(key, data, n);

    ngx_explicit_memzero(data, sizeof(data));

    if (rc == NGX_OK) {
        return NGX_OK;
    }

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       (rc == NGX_DECLINED)
                       ? "\"%V\" has no key: 32 bytes or 64 hexadecimal "
                         "digits are expected"
                       : "the key in \"%V\" cannot be used", path);

    return NGX_ERROR;
}


ngx_int_t
ngx_http_erp_store_dests(ngx_http_erp_main_conf_t *emcf)
{
    ngx_uint_t                 i;
    ngx_erp_rules_t           *rules;
    ngx_http_erp_uri_t       **uri;
    ngx_erp_store_dest_t      *dest;
    ngx_http_erp_loc_conf_t   *conf;

    uri = emcf->dests.elts;

    for (i = 0; i < emcf->dests.nelts; i++) {

        dest = ngx_array_push(&emcf->store->dests);
        if (dest == NULL) {
            return NGX_ERROR;
        }

        ngx_memzero(dest, sizeof(ngx_erp_store_dest_t));

        conf = uri[i]->conf;
        rules = &dest->rules;

        dest->uri = uri[i]->uri;
        rules->retry = *conf->retry;
        rules->breaker = *conf->breaker;
        rules->concurrency = conf->concurrency;
        rules->rate = conf->rate;
        rules->skip = conf->skip;

        dest->once = conf->idempotency->none;
    }

    return NGX_OK;
}
