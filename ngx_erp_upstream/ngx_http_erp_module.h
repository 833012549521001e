
/*
 * Durable delivery in http{}: the configuration, the flow's side (erp_send),
 * the destination's side, the API and the metrics.
 */

#ifndef _NGX_HTTP_ERP_MODULE_H_INCLUDED_
#define _NGX_HTTP_ERP_MODULE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_erp_store.h"
#include "ngx_erp_client.h"
#include "ngx_erp_call.h"
#include "ngx_erp_auth.h"
#include "ngx_erp_judge.h"


typedef struct ngx_http_erp_loc_conf_s  ngx_http_erp_loc_conf_t;


/*
 * A URI that a directive names: of a location of that very name, in the same
 * server, or, if it is not there, in the only other one that has it.
 */

typedef struct {
    ngx_str_t                   uri;
    ngx_http_core_srv_conf_t   *server;      /* set after the whole of http{}
                                                has been read */
    ngx_http_erp_loc_conf_t    *conf;        /* of that location */

    ngx_http_core_srv_conf_t   *from;        /* the server that names it */
    u_char                     *file;
    ngx_uint_t                  line;
    unsigned                    send:1;      /* an erp_send names it */
} ngx_http_erp_uri_t;


/* erp_send */

typedef struct {
    ngx_http_erp_uri_t         *dest;
    ngx_str_t                   when;        /* type of object; empty: all */
    ngx_http_complex_value_t   *order_by;    /* NULL: no order */
    ngx_http_complex_value_t   *key;         /* NULL: of the message */
    ngx_msec_t                  wait;        /* 0: not */
    uint64_t                    ttl;         /* 0: that of the destination */
} ngx_http_erp_send_t;


/* name=/json/pointer, what is kept of an answer */

typedef struct {
    ngx_str_t                   name;
    ngx_str_t                   pointer;
} ngx_http_erp_result_t;


/* erp_step */

typedef struct {
    ngx_http_erp_uri_t         *uri;
    ngx_array_t                 results;     /* of ngx_http_erp_result_t */
} ngx_http_erp_step_t;


/* erp_on_error: an answer with this code asks for a request to "uri" first */

typedef struct {
    ngx_str_t                   code;
    ngx_http_erp_uri_t         *uri;
    ngx_array_t                 results;     /* of the answer with the error */
    ngx_uint_t                  attempts;    /* of it, per attempt; 1 */
} ngx_http_erp_on_error_t;


typedef enum {
    NGX_HTTP_ERP_KEY_TEXT = 0,               /* as it is */
    NGX_HTTP_ERP_KEY_HEX,                    /* 32 digits, of its hash */
    NGX_HTTP_ERP_KEY_UUID                    /* the same with dashes */
} ngx_http_erp_key_e;


/* erp_idempotency */

typedef struct {
    ngx_erp_header_t            key;         /* its name; empty: none */
    ngx_http_erp_key_e          format;
    ngx_erp_header_t            created;     /* with the date of the message */
    ngx_erp_header_t            upsert;      /* with "true" */
    ngx_http_erp_uri_t         *probe;       /* NULL: none */
    ngx_erp_test_t              found;       /* in the answer of the probe */
    unsigned                    none:1;      /* what is unknown is dead */
} ngx_http_erp_idempotency_t;


/* pointers are NULL where the directive is not there */

struct ngx_http_erp_loc_conf_s {
    /* a flow */
    ngx_array_t                *sends;       /* of ngx_http_erp_send_t */
    ngx_http_complex_value_t   *message_key; /* erp_message_key */
    ngx_flag_t                  no_message_key;      /* "off" */
    ngx_str_t                   flow;        /* name of the location */
    ngx_uint_t                  flow_index;  /* of its counters */

    /* a destination, a step of one, a search, a handshake */
    ngx_erp_retry_t            *retry;
    ngx_erp_breaker_conf_t     *breaker;     /* erp_breaker off: all zeros */
    ngx_uint_t                  concurrency; /* erp_limit; 0: any */
    ngx_uint_t                  rate;        /* thousandths a second */
    ngx_uint_t                  skip;        /* erp_blocked_key skip */
    ngx_erp_judge_t            *judge;       /* erp_outcome, erp_success,
                                                erp_error; merged, never NULL
                                                after that */
    ngx_http_erp_idempotency_t *idempotency; /* never NULL after the merge */
    ngx_array_t                *auths;       /* of ngx_erp_auth_t *; empty:
                                                off */
    ngx_array_t                *steps;       /* of ngx_http_erp_step_t */
    ngx_array_t                *on_error;    /* of ngx_http_erp_on_error_t */
    size_t                      max_answer;  /* erp_max_answer, 64k */

    ngx_flag_t                  api;
    ngx_flag_t                  metrics;
};


typedef struct {
    ngx_erp_store_conf_t       *store;       /* NULL: no erp_store */
    ngx_array_t                 uris;        /* of ngx_http_erp_uri_t * */
    ngx_array_t                 dests;       /* of ngx_http_erp_uri_t *, those
                                                of erp_send, each once */
    ngx_array_t                 locations;   /* of all servers, private to
                                                ngx_http_erp_uri.c */
    ngx_array_t                 flows;       /* of ngx_http_erp_loc_conf_t *,
                                                the first one of each name */
    ngx_shm_zone_t             *counters;

    /* while the configuration is read */

    ngx_canonical_arena_t       arena;
    ngx_array_t                 logins;      /* of ngx_http_erp_login_t */
    ngx_str_t                   needs;       /* the first directive that needs
                                                erp_store, and its place */
    u_char                     *needs_file;
    ngx_uint_t                  needs_line;
} ngx_http_erp_main_conf_t;


/* the URI of a login */

typedef struct {
    ngx_erp_auth_t             *auth;
    ngx_http_erp_uri_t         *uri;
} ngx_http_erp_login_t;


/* --- ngx_http_erp_uri.c --- */

/* of the main configuration */
ngx_int_t ngx_http_erp_uri_init(ngx_conf_t *cf,
    ngx_http_erp_main_conf_t *emcf);

/* notes a URI, to be found later; "value" begins with "/"; NULL with the
   error logged */
ngx_http_erp_uri_t *ngx_http_erp_uri(ngx_conf_t *cf, ngx_str_t *value);

/* called by merge_loc_conf for each location; "conf" is of that one */
ngx_int_t ngx_http_erp_uri_location(ngx_conf_t *cf,
    ngx_http_erp_loc_conf_t *conf);

/* in postconfiguration: finds all of them, also those of auths, and fills in
   emcf->dests */
ngx_int_t ngx_http_erp_uri_find(ngx_conf_t *cf);


/* --- ngx_http_erp_conf_store.c --- */

char *ngx_http_erp_store(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);

/* in postconfiguration, with emcf->dests: what the store knows of them */
ngx_int_t ngx_http_erp_store_dests(ngx_http_erp_main_conf_t *emcf);


/* --- ngx_http_erp_conf.c, ngx_http_erp_conf_request.c: directives of a
       destination --- */

char *ngx_http_erp_retry(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_http_erp_outcome(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_http_erp_success(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_http_erp_error(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_http_erp_breaker(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_http_erp_limit(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_http_erp_idempotency(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_erp_auth(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_http_erp_step(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_http_erp_on_error(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);


/* --- ngx_http_erp_name.c --- */

/* the value of the first header of this name, NULL: none, or empty */
ngx_str_t *ngx_http_erp_header(ngx_http_request_t *r, const char *name);


/* --- ngx_http_erp_send.c, ngx_http_erp_answer.c: the flow's side --- */

char *ngx_http_erp_send(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
ngx_int_t ngx_http_erp_send_handler(ngx_http_request_t *r);

/* conf->ended of the client: a delivery that a flow waits for */
void ngx_http_erp_send_ended(void *data, uint64_t number,
    ngx_erp_ended_t *ended);

/* conf->connected of the client: flows that wait ask once more */
void ngx_http_erp_send_again(void *data);


/* --- ngx_http_erp_deliver.c: an attempt --- */

/* conf->lease of the client */
ngx_int_t ngx_http_erp_deliver(void *data, ngx_erp_lease_t *lease);

/*
 * In a location that is rendered for SOAP: adds WS-Security to the body,
 * behind canonical_render.  A handler of the precontent phase.
 */
ngx_int_t ngx_http_erp_envelope_handler(ngx_http_request_t *r);


/* --- ngx_http_erp_variables.c: $erp_key and the like --- */

ngx_int_t ngx_http_erp_add_variables(ngx_conf_t *cf);


/* --- ngx_http_erp_api.c --- */

char *ngx_http_erp_api(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_http_erp_metrics(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);

/* content handlers; "limit_except" does not inherit that of its location */
ngx_int_t ngx_http_erp_api_handler(ngx_http_request_t *r);
ngx_int_t ngx_http_erp_metrics_handler(ngx_http_request_t *r);


/* --- ngx_http_erp_counters.c: what workers count, in shared memory --- */

ngx_int_t ngx_http_erp_counters_zone(ngx_conf_t *cf);

/* a handler of the log phase */
ngx_int_t ngx_http_erp_counters_handler(ngx_http_request_t *r);

/* as Prometheus text; the size that it may have at most */
size_t ngx_http_erp_counters_size(ngx_http_erp_main_conf_t *emcf);
u_char *ngx_http_erp_counters_print(ngx_http_erp_main_conf_t *emcf,
    u_char *p, u_char *last);


/* of this worker; NULL: no erp_store, or this is no worker */
extern ngx_erp_client_t  *ngx_http_erp_client;

extern ngx_module_t  ngx_http_erp_module;


#endif /* _NGX_HTTP_ERP_MODULE_H_INCLUDED_ */
