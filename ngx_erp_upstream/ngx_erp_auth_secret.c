
/*
 * Secrets from files: see the header.
 */

#include "ngx_erp_auth_secret.h"
#include "ngx_canonical_text.h"

#include <openssl/crypto.h>


/* why a file is not taken, and errno where there is one */

typedef struct {
    const char  *text;
    ngx_err_t    err;
} ngx_erp_secret_error_t;


static void ngx_erp_secret_cleanup(void *data);
static void ngx_erp_secret_look(ngx_erp_secret_t *s);
static ngx_uint_t ngx_erp_secret_same(ngx_erp_secret_t *s,
    ngx_file_info_t *fi);
static void ngx_erp_secret_failed(ngx_erp_secret_t *s,
    ngx_erp_secret_error_t *error);
static ngx_int_t ngx_erp_secret_open(ngx_erp_secret_t *s,
    ngx_file_info_t *fi, ngx_erp_secret_error_t *error);
static ngx_int_t ngx_erp_secret_read(ngx_erp_secret_t *s, ngx_fd_t fd,
    ngx_file_info_t *fi, ngx_erp_secret_error_t *error);
static const char *ngx_erp_secret_check(ngx_erp_secret_t *s,
    ngx_str_t *value);


ngx_erp_secret_t *
ngx_erp_secret_conf(ngx_conf_t *cf, ngx_str_t *file, ngx_uint_t flags)
{
    ngx_file_info_t          fi;
    ngx_erp_secret_t        *s;
    ngx_pool_cleanup_t      *cln;
    ngx_erp_secret_error_t   error;

    cln = ngx_pool_cleanup_add(cf->pool, sizeof(ngx_erp_secret_t));
    if (cln == NULL) {
        return NULL;
    }

    s = cln->data;

    ngx_memzero(s, sizeof(ngx_erp_secret_t));

    cln->handler = ngx_erp_secret_cleanup;

    s->path = *file;
    s->flags = flags;

    if (ngx_conf_full_name(cf->cycle, &s->path, 1) != NGX_OK) {
        return NULL;
    }

    if (ngx_erp_secret_open(s, &fi, &error) != NGX_OK) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, error.err,
                           "secret file \"%V\" %s", &s->path, error.text);
        return NULL;
    }

    if (fi.st_mode & (S_IRGRP|S_IROTH)) {
        ngx_conf_log_error(NGX_LOG_WARN, cf, 0, "secret file \"%V\" can be "
                           "read by others than its owner", &s->path);
    }

    return s;
}


static void
ngx_erp_secret_cleanup(void *data)
{
    ngx_erp_secret_t  *s = data;

    ngx_erp_secret_wipe(&s->value);
}


void
ngx_erp_secret_wipe(ngx_str_t *value)
{
    if (value->data) {
        OPENSSL_cleanse(value->data, value->len);
        ngx_free(value->data);
    }

    ngx_str_null(value);
}


ngx_str_t *
ngx_erp_secret_get(ngx_erp_secret_t *s, ngx_uint_t now)
{
    if (now || s->looked != ngx_time()) {
        s->looked = ngx_time();
        ngx_erp_secret_look(s);
    }

    return &s->value;
}


static void
ngx_erp_secret_look(ngx_erp_secret_t *s)
{
    ngx_file_info_t         fi;
    ngx_erp_secret_error_t  error;

    if (ngx_file_info(s->path.data, &fi) == NGX_FILE_ERROR) {
        error.text = "cannot be found";
        error.err = ngx_errno;
        ngx_erp_secret_failed(s, &error);
        return;
    }

    if (ngx_erp_secret_same(s, &fi)) {
        s->failed = 0;
        return;
    }

    if (ngx_erp_secret_open(s, &fi, &error) != NGX_OK) {
        ngx_erp_secret_failed(s, &error);
        return;
    }

    s->failed = 0;

    ngx_log_error(NGX_LOG_NOTICE, ngx_cycle->log, 0,
                  "secret file \"%V\" has been read again", &s->path);
}


static ngx_uint_t
ngx_erp_secret_same(ngx_erp_secret_t *s, ngx_file_info_t *fi)
{
    return fi->st_mtim.tv_sec == s->mtime.tv_sec
           && fi->st_mtim.tv_nsec == s->mtime.tv_nsec
           && ngx_file_size(fi) == s->size
           && ngx_file_uniq(fi) == s->uniq;
}


/* once for all looks that find the same */

static void
ngx_erp_secret_failed(ngx_erp_secret_t *s, ngx_erp_secret_error_t *error)
{
    if (s->failed) {
        return;
    }

    s->failed = 1;

    ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, error->err,
                  "secret file \"%V\" %s, the secret stays as it was",
                  &s->path, error->text);
}


static ngx_int_t
ngx_erp_secret_open(ngx_erp_secret_t *s, ngx_file_info_t *fi,
    ngx_erp_secret_error_t *error)
{
    ngx_fd_t   fd;
    ngx_int_t  rc;

    error->err = 0;

    /* a pipe would block */

    fd = ngx_open_file(s->path.data, NGX_FILE_RDONLY|NGX_FILE_NONBLOCK,
                       NGX_FILE_OPEN, 0);

    if (fd == NGX_INVALID_FILE) {
        error->text = "cannot be opened";
        error->err = ngx_errno;
        return NGX_ERROR;
    }

    rc = ngx_erp_secret_read(s, fd, fi, error);

    if (ngx_close_file(fd) == NGX_FILE_ERROR) {
        ngx_log_error(NGX_LOG_ALERT, ngx_cycle->log, ngx_errno,
                      ngx_close_file_n " \"%V\" failed", &s->path);
    }

    return rc;
}


static ngx_int_t
ngx_erp_secret_read(ngx_erp_secret_t *s, ngx_fd_t fd, ngx_file_info_t *fi,
    ngx_erp_secret_error_t *error)
{
    size_t     size;
    ssize_t    n;
    ngx_str_t  value;

    if (ngx_fd_info(fd, fi) == NGX_FILE_ERROR) {
        error->text = "cannot be looked at";
        error->err = ngx_errno;
        return NGX_ERROR;
    }

    if (!ngx_is_file(fi)) {
        error->text = "is not a file";
        return NGX_ERROR;
    }

    if (ngx_file_size(fi) > NGX_ERP_SECRET_MAX) {
        error->text = "is over 64k";
        return NGX_ERROR;
    }

    size = (size_t) ngx_file_size(fi);

    /* one more, to see that it does not grow */

    value.len = size + 1;
    value.data = ngx_alloc(value.len, ngx_cycle->log);
    if (value.data == NULL) {
        error->text = "cannot be read: no memory";
        return NGX_ERROR;
    }

    n = ngx_read_fd(fd, value.data, size + 1);

    if (n != (ssize_t) size) {
        error->text = (n == -1) ? "cannot be read" : "is being written";
        error->err = (n == -1) ? ngx_errno : 0;
        goto failed;
    }

    if (size && value.data[size - 1] == LF) {
        size--;

        if (size && value.data[size - 1] == CR) {
            size--;
        }
    }

    value.len = size;

    error->text = ngx_erp_secret_check(s, &value);

    if (error->text) {
        value.len = (size_t) n;
        goto failed;
    }

    if (value.len != s->value.len
        || ngx_memcmp(value.data, s->value.data, value.len) != 0)
    {
        s->version++;
    }

    /* what wipe() leaves of it is the newline */

    ngx_erp_secret_wipe(&s->value);

    s->value = value;
    s->mtime = fi->st_mtim;
    s->size = ngx_file_size(fi);
    s->uniq = ngx_file_uniq(fi);

    return NGX_OK;

failed:

    ngx_erp_secret_wipe(&value);

    return NGX_ERROR;
}


static const char *
ngx_erp_secret_check(ngx_erp_secret_t *s, ngx_str_t *value)
{
    u_char  *p, *end;
    size_t   n;

    if (value->len == 0) {
        return "is empty";
    }

    p = value->data;
    end = p + value->len;

    while (p < end) {

        if (*p == '\0') {
            return "has a zero byte";
        }

        if ((s->flags & NGX_ERP_SECRET_LINE) && (*p < 0x20 || *p == 0x7f)) {
            return "has a control character";
        }

        n = 1;

        if (s->flags & NGX_ERP_SECRET_UTF8) {
            n = ngx_canonical_text_utf8(p, end);

            if (n == 0) {
                return "is not UTF-8";
            }
        }

        p += n;
    }

    return NULL;
}
