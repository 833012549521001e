
/*
 * Large bodies as files: see the header.
 */

#include "ngx_erp_blob.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/evp.h>


#define NGX_ERP_BLOB_TEMPORARY  ".new"


static ngx_int_t ngx_erp_blob_hash(u_char *data, size_t len, u_char *name);
static ngx_int_t ngx_erp_blob_folder(const char *directory, ngx_uint_t n,
    char *path);
static void ngx_erp_blob_path(const char *folder, u_char *name, char *path);
static ngx_int_t ngx_erp_blob_make(const char *path, const char *parent);
static ngx_int_t ngx_erp_blob_save(const char *path, u_char *data,
    size_t len);
static ngx_int_t ngx_erp_blob_sync(const char *folder);
static ngx_int_t ngx_erp_blob_failed(void);
static ngx_int_t ngx_erp_blob_name(const char *text, u_char *name);


ngx_int_t
ngx_erp_blob_write(const char *directory, u_char *data, size_t len,
    u_char *name)
{
    char       folder[PATH_MAX], path[PATH_MAX], temporary[PATH_MAX];
    ngx_int_t  rc;

    if (ngx_erp_blob_hash(data, len, name) != NGX_OK
        || ngx_erp_blob_folder(directory, name[0], folder) != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_erp_blob_path(folder, name, path);

    if (snprintf(temporary, PATH_MAX, "%s/" NGX_ERP_BLOB_TEMPORARY "%d",
                 folder, (int) getpid())
        >= PATH_MAX)
    {
        errno = ENAMETOOLONG;
        return NGX_ERROR;
    }

    rc = ngx_erp_blob_make(folder, directory);
    if (rc != NGX_OK) {
        return rc;
    }

    rc = ngx_erp_blob_save(temporary, data, len);

    if (rc == NGX_OK && rename(temporary, path) != 0) {
        rc = ngx_erp_blob_failed();
    }

    if (rc != NGX_OK) {
        (void) unlink(temporary);
        return rc;
    }

    return ngx_erp_blob_sync(folder);
}


ngx_int_t
ngx_erp_blob_read(const char *directory, u_char *name, u_char *data,
    size_t len)
{
    int          fd;
    char         folder[PATH_MAX], path[PATH_MAX];
    u_char       is[NGX_ERP_BLOB_NAME];
    size_t       done;
    ssize_t      n;
    struct stat  st;

    if (ngx_erp_blob_folder(directory, name[0], folder) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_erp_blob_path(folder, name, path);

    fd = open(path, O_RDONLY|O_CLOEXEC);
    if (fd == -1) {
        return (errno == ENOENT) ? NGX_DECLINED : NGX_ERROR;
    }

    if (fstat(fd, &st) != 0) {
        n = -1;
        goto done;
    }

    if (st.st_size < 0 || (uint64_t) st.st_size != len) {
        (void) close(fd);
        return NGX_DECLINED;
    }

    for (done = 0; done < len; done += n) {
        n = read(fd, data + done, len - done);

        if (n == -1 && errno == EINTR) {
            n = 0;
            continue;
        }

        if (n <= 0) {
            goto done;
        }
    }

    n = 1;

done:

    (void) close(fd);

    if (n == -1) {
        return NGX_ERROR;
    }

    if (n == 0) {
        return NGX_DECLINED;
    }

    if (ngx_erp_blob_hash(data, len, is) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_memcmp(is, name, NGX_ERP_BLOB_NAME) == 0 ? NGX_OK
                                                        : NGX_DECLINED;
}


void
ngx_erp_blob_remove(const char *directory, u_char *name)
{
    char  folder[PATH_MAX], path[PATH_MAX];

    if (ngx_erp_blob_folder(directory, name[0], folder) == NGX_OK) {
        ngx_erp_blob_path(folder, name, path);
        (void) unlink(path);
    }
}


void
ngx_erp_blob_sweep(const char *directory, ngx_uint_t folder, time_t before,
    ngx_erp_blob_pt needed, void *data)
{
    DIR            *dir;
    char            path[PATH_MAX];
    u_char          name[NGX_ERP_BLOB_NAME];
    struct stat     st;
    struct dirent  *de;

    if (ngx_erp_blob_folder(directory, folder, path) != NGX_OK) {
        return;
    }

    dir = opendir(path);
    if (dir == NULL) {
        return;
    }

    while ((de = readdir(dir)) != NULL) {

        if (fstatat(dirfd(dir), de->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0
            || !S_ISREG(st.st_mode)
            || st.st_mtime >= before)
        {
            continue;
        }

        if (ngx_erp_blob_name(de->d_name, name) == NGX_OK) {
            if (name[0] != folder || needed(data, name)) {
                continue;
            }

        } else if (ngx_strncmp(de->d_name, NGX_ERP_BLOB_TEMPORARY,
                               sizeof(NGX_ERP_BLOB_TEMPORARY) - 1)
                   != 0)
        {
            continue;
        }

        (void) unlinkat(dirfd(dir), de->d_name, 0);
    }

    (void) closedir(dir);
}


static ngx_int_t
ngx_erp_blob_hash(u_char *data, size_t len, u_char *name)
{
    if (EVP_Digest(data, len, name, NULL, EVP_sha256(), NULL) != 1) {
        errno = ENOMEM;
        return NGX_ERROR;
    }

    return NGX_OK;
}


/* leaves room for a name */

static ngx_int_t
ngx_erp_blob_folder(const char *directory, ngx_uint_t n, char *path)
{
    if (snprintf(path, PATH_MAX, "%s/blob/%02x", directory, (unsigned) n)
        >= PATH_MAX - 2 * NGX_ERP_BLOB_NAME - 2)
    {
        errno = ENAMETOOLONG;
        return NGX_ERROR;
    }

    return NGX_OK;
}


static void
ngx_erp_blob_path(const char *folder, u_char *name, char *path)
{
    size_t             i;
    char              *p;
    static const char  hex[] = "0123456789abcdef";

    i = strlen(folder);
    p = path + i;

    ngx_memcpy(path, folder, i);
    *p++ = '/';

    for (i = 0; i < NGX_ERP_BLOB_NAME; i++) {
        *p++ = hex[name[i] >> 4];
        *p++ = hex[name[i] & 0xf];
    }

    *p = '\0';
}


/* the folder, and blob/ above it; both are there nearly always */

static ngx_int_t
ngx_erp_blob_make(const char *path, const char *parent)
{
    char  blob[PATH_MAX];

    if (access(path, F_OK) == 0) {
        return NGX_OK;
    }

    (void) snprintf(blob, PATH_MAX, "%.*s", (int) (strlen(path) - 3), path);

    if (mkdir(blob, 0700) == 0) {
        if (ngx_erp_blob_sync(parent) != NGX_OK) {
            return NGX_ERROR;
        }

    } else if (errno != EEXIST) {
        return ngx_erp_blob_failed();
    }

    if (mkdir(path, 0700) != 0 && errno != EEXIST) {
        return ngx_erp_blob_failed();
    }

    if (ngx_erp_blob_sync(blob) != NGX_OK) {
        /* so that it is tried again */
        (void) rmdir(path);
        return NGX_ERROR;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_erp_blob_save(const char *path, u_char *data, size_t len)
{
    int        fd;
    size_t     done;
    ssize_t    n;
    ngx_int_t  rc;

    /* one that a crash has left may stand there */

    fd = open(path, O_WRONLY|O_CREAT|O_TRUNC|O_CLOEXEC, 0600);
    if (fd == -1) {
        return ngx_erp_blob_failed();
    }

    rc = NGX_OK;

    for (done = 0; done < len; done += n) {
        n = write(fd, data + done, len - done);

        if (n == -1 && errno == EINTR) {
            n = 0;
            continue;
        }

        if (n <= 0) {
            rc = ngx_erp_blob_failed();
            break;
        }
    }

    if (rc == NGX_OK && fsync(fd) != 0) {
        rc = ngx_erp_blob_failed();
    }

    if (close(fd) != 0 && rc == NGX_OK) {
        rc = ngx_erp_blob_failed();
    }

    return rc;
}


/* what was made or renamed in a folder is on disk after it */

static ngx_int_t
ngx_erp_blob_sync(const char *folder)
{
    int        fd;
    ngx_int_t  rc;

    fd = open(folder, O_RDONLY|O_DIRECTORY|O_CLOEXEC);
    if (fd == -1) {
        return ngx_erp_blob_failed();
    }

    rc = (fsync(fd) == 0) ? NGX_OK : ngx_erp_blob_failed();

    (void) close(fd);

    return rc;
}


static ngx_int_t
ngx_erp_blob_failed(void)
{
    return (errno == ENOSPC || errno == EDQUOT) ? NGX_ABORT : NGX_ERROR;
}


static ngx_int_t
ngx_erp_blob_name(const char *text, u_char *name)
{
    size_t   i;
    u_char   ch;
    u_char   digit;

    if (strlen(text) != 2 * NGX_ERP_BLOB_NAME) {
        return NGX_DECLINED;
    }

    for (i = 0; i < 2 * NGX_ERP_BLOB_NAME; i++) {
        ch = text[i];

        if (ch >= '0' && ch <= '9') {
            digit = ch - '0';

        } else if (ch >= 'a' && ch <= 'f') {
            digit = ch - 'a' + 10;

        } else {
            return NGX_DECLINED;
        }

        name[i / 2] = (i & 1) ? (name[i / 2] << 4 | digit) : digit;
    }

    return NGX_OK;
}
