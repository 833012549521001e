
/*
 * erp_auth between its files: what the configuration has, and what a worker
 * has got with it.
 */

#ifndef _NGX_ERP_AUTH_PRIVATE_H_INCLUDED_
#define _NGX_ERP_AUTH_PRIVATE_H_INCLUDED_


#include "ngx_erp_auth.h"
#include "ngx_erp_auth_secret.h"
#include "ngx_erp_auth_template.h"


typedef enum {
    NGX_ERP_AUTH_BASIC = 0,
    NGX_ERP_AUTH_BEARER,
    NGX_ERP_AUTH_API_KEY,
    NGX_ERP_AUTH_OAUTH2,
    NGX_ERP_AUTH_SESSION,
    NGX_ERP_AUTH_CSRF,
    NGX_ERP_AUTH_WSSE
} ngx_erp_auth_kind_e;


typedef struct ngx_erp_auth_login_s  ngx_erp_auth_login_t;


/*
 * What a login gave, and logins that failed.  It is allocated with the
 * configuration, but belongs to the process: each worker has the copy that
 * the fork gave it, and the master never touches its own.  Strings are from
 * ngx_alloc(); times are of ngx_current_msec, which no clock sets.
 */

typedef struct {
    ngx_str_t                  value;        /* of the header, or empty */
    ngx_str_t                  cookie;       /* of Cookie, or empty */
    ngx_msec_t                 renew;
    ngx_msec_t                 expires;
    unsigned                   valid:1;
    unsigned                   lasting:1;    /* until it is refused */
    unsigned                   failed:1;     /* the last one did */

    ngx_erp_auth_login_t      *login;        /* on its way, or NULL */
    ngx_queue_t                waiting;      /* ngx_erp_auth_wait_t */

    ngx_msec_t                 next;         /* of failed: when it is tried */
    ngx_msec_t                 delay;
    ngx_uint_t                 version;      /* of the secret it failed with */
    ngx_uint_t                 status;       /* see ngx_erp_auth_wait_t */
    ngx_str_t                  retry_after;  /* asked for, over "delay" */
    const char                *why;
} ngx_erp_auth_state_t;


struct ngx_erp_auth_s {
    ngx_erp_auth_kind_e        kind;

    ngx_str_t                  uri;
    ngx_http_core_srv_conf_t  *server;

    ngx_str_t                  user;         /* or client_id */
    ngx_erp_secret_t          *secret;       /* NULL: csrf */
    ngx_str_t                  scope;
    ngx_msec_t                 early;
    ngx_str_t                  method;       /* of JSON-RPC, or empty */

    /* of the header: "lowcase" ends with a zero.  No name: no header. */
    ngx_http_dispatch_name_t   name;
    ngx_str_t                  prefix;
    ngx_erp_template_t         value;

    unsigned                   post:1;       /* the secret is in the body */
    unsigned                   cookie:1;
    unsigned                   digest:1;

    ngx_erp_auth_state_t      *state;        /* of those with a "uri" */
};


/* a login on its way: all of it is in "pool" */

struct ngx_erp_auth_login_s {
    ngx_erp_auth_t            *auth;
    ngx_pool_t                *pool;
    ngx_erp_call_t             call;
    ngx_array_t                headers;      /* of the request */
    ngx_array_t               *auths;        /* csrf: those it is one of */
    ngx_msec_t                 started;
    ngx_uint_t                 version;      /* of the secret */
    ngx_str_t                  credentials;  /* in a header, to be cleared */

    /* the result, for ngx_erp_auth_end(); why is NULL: it is good */

    const char                *why;
    ngx_str_t                  value;
    ngx_str_t                  cookie;
    ngx_msec_t                 life;         /* 0: until it is refused */
};


/*
 * The value of a header out of the secret, which is looked at at once with
 * "now", and "Basic ..." of any user; from "pool".  NGX_OK or NGX_ERROR.
 */
ngx_int_t ngx_erp_auth_secret(ngx_erp_auth_t *auth, ngx_pool_t *pool,
    ngx_uint_t now, ngx_str_t *value);
ngx_int_t ngx_erp_auth_basic(ngx_pool_t *pool, ngx_str_t *user,
    ngx_str_t *password, ngx_str_t *value);

/* whether "name" of a header is this one, in lower case */
#define ngx_erp_auth_is(name, literal)                                        \
    ((name)->key.len == sizeof(literal) - 1                                   \
     && ngx_memcmp((name)->lowcase, literal, sizeof(literal) - 1) == 0)

/*
 * Starts a login; "w" is the first who waits for it, or NULL: for a token that
 * is to be renewed.  NGX_OK: ngx_erp_auth_end() will be called, from the event
 * loop; NGX_ERROR: no memory.
 */
ngx_int_t ngx_erp_auth_login(ngx_erp_auth_t *auth, ngx_erp_auth_wait_t *w);

/* takes the result and frees the login, then wakes those who wait */
void ngx_erp_auth_end(ngx_erp_auth_login_t *login);

void ngx_erp_auth_login_free(ngx_erp_auth_login_t *login);

/* reads the answer of login->call: NULL, or why it is of no use */
const char *ngx_erp_auth_read(ngx_erp_auth_login_t *login);

/* forgets what a login gave */
void ngx_erp_auth_drop(ngx_erp_auth_state_t *state);

/* the value of a header, or NULL */
ngx_str_t *ngx_erp_auth_header(ngx_array_t *headers,
    ngx_http_dispatch_name_t *name);

extern ngx_http_dispatch_name_t  ngx_erp_auth_authorization;
extern ngx_http_dispatch_name_t  ngx_erp_auth_cookie;


#endif /* _NGX_ERP_AUTH_PRIVATE_H_INCLUDED_ */
