
/*
 * Canonical maps in http{}: the configuration, what is known of a request,
 * and what other modules may ask.
 */

#ifndef _NGX_HTTP_CANONICAL_MODULE_H_INCLUDED_
#define _NGX_HTTP_CANONICAL_MODULE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "ngx_mllp_quarantine.h"
#include "ngx_hie_id.h"
#include "ngx_canonical_map.h"


/* time and control id of a message of ours */
#define NGX_HTTP_CANONICAL_MSH_LEN                                            \
    (sizeof("20261121081500+0000") - 1 + NGX_HIE_RANDOM_LEN)


/* of the configuration; the line 0 is nowhere */

typedef struct {
    u_char                     *file;
    ngx_uint_t                  line;
} ngx_http_canonical_place_t;


/* a table, key or map by its name, perhaps before it is defined */

typedef struct {
    ngx_str_t                   name;
    void                       *value;
    unsigned                    defined:1;

    ngx_http_canonical_place_t  named;     /* for the first time */

    /* of a map, where it is used first */

    ngx_http_canonical_place_t  reads;     /* makes canonical objects */
    ngx_http_canonical_place_t  renders;   /* makes something of them */
} ngx_http_canonical_name_t;


typedef struct {
    ngx_canonical_arena_t       arena;     /* of the configuration */
    ngx_canonical_compiler_t    compiler;

    ngx_array_t                 tables;    /* of ngx_http_canonical_name_t * */
    ngx_array_t                 keys;
    ngx_array_t                 maps;
    ngx_array_t                 schemas;
    ngx_array_t                 zones;
} ngx_http_canonical_main_conf_t;


typedef struct {
    ngx_array_t                *request;   /* of ngx_http_canonical_name_t * */
    ngx_array_t                *response;
    ngx_array_t                *render;

    size_t                      max_size;
    size_t                      max_memory;
    ngx_uint_t                  max_depth;
    ngx_uint_t                  max_members;
    ngx_uint_t                  max_number;
    ngx_uint_t                  max_objects;

    ngx_flag_t                  stream;

    ngx_mllp_quarantine_t      *quarantine;
} ngx_http_canonical_loc_conf_t;


/* what a body is, by its media type */

typedef enum {
    NGX_HTTP_CANONICAL_UNKNOWN = 0,
    NGX_HTTP_CANONICAL_HL7,
    NGX_HTTP_CANONICAL_JSON,
    NGX_HTTP_CANONICAL_XML,
    NGX_HTTP_CANONICAL_NDJSON
} ngx_http_canonical_media_e;


/* the mapping of one body, of a request or of a response */

typedef struct {
    ngx_canonical_arena_t       arena;
    ngx_canonical_run_t         run;

    ngx_array_t                *maps;      /* that it is given to */
    ngx_canonical_map_t       **used;      /* that it was for */
    ngx_uint_t                  nused;

    ngx_http_canonical_media_e  media;
    ngx_str_t                   type;      /* as it was named */
    ngx_str_t                   body;

    ngx_uint_t                  status;    /* of a refusal */
    ngx_str_t                   unmapped;  /* made when it is asked for */

    /* of NDJSON */

    ngx_uint_t                  line;      /* from 1 */
    ngx_uint_t                  before;    /* objects of earlier lines */
    ngx_pool_t                 *pool;      /* of the present line */
    ngx_str_t                   text;      /* the objects of a request */
    size_t                      size;      /* allocated for them */

    unsigned                    reported:1;
    unsigned                    many:1;    /* an array, even if it is one */
} ngx_http_canonical_mapping_t;


/* lines of NDJSON on their way, of a request or of a response */

typedef struct {
    ngx_http_canonical_mapping_t   *mapping;

    ngx_str_t                       buffer;     /* the beginning of a line */
    size_t                          size;       /* allocated for it */

    ngx_chain_t                    *in;
    ngx_chain_t                    *busy;
    ngx_chain_t                    *free;

    ngx_buf_t                      *out;        /* that is being filled */
    size_t                          written;    /* in this turn */
    size_t                          max;        /* of a turn, or so */
    unsigned                        holding:1;  /* all in mapping->text */
} ngx_http_canonical_flow_t;


/* canonical_stream: see ngx_http_canonical_upload.c */
typedef struct ngx_http_canonical_upload_s  ngx_http_canonical_upload_t;


typedef struct {
    ngx_http_canonical_mapping_t   *request;    /* NULL: not mapped */
    ngx_http_canonical_mapping_t   *response;

    ngx_canonical_object_t         *current;    /* that variables tell of */

    /* the body as it came, and the location that it was mapped in */

    ngx_str_t                       type;
    ngx_str_t                       body;
    ngx_http_canonical_loc_conf_t  *conf;
    ngx_uint_t                      refused;    /* with this status */
    unsigned                        has_body:1;

    ngx_http_canonical_upload_t    *upload;     /* NULL: mapped as a whole */

    /* a response on its way */

    ngx_http_canonical_flow_t       flow;
    unsigned                        collecting:1;
    unsigned                        streaming:1;
    unsigned                        started:1;  /* its header is out */
    unsigned                        dropping:1;
} ngx_http_canonical_ctx_t;


/* what has been mapped of this request; NULL: no memory */
ngx_http_canonical_ctx_t *ngx_http_canonical_ctx(ngx_http_request_t *r);

/* the same, but of the parent when a subrequest has nothing; or NULL */
ngx_http_canonical_ctx_t *ngx_http_canonical_find(ngx_http_request_t *r);

/*
 * Maps mapping->body: its members media, type, body and maps are set.
 * NGX_OK; NGX_DECLINED: refused with mapping->status and run.error; NGX_ERROR:
 * no memory.
 */
ngx_http_canonical_mapping_t *ngx_http_canonical_mapping(
    ngx_http_request_t *r, ngx_array_t *maps, ngx_str_t *type);
ngx_int_t ngx_http_canonical_map(ngx_http_request_t *r,
    ngx_http_canonical_mapping_t *mapping);

/* one body or line; the same results */
ngx_int_t ngx_http_canonical_map_text(ngx_http_request_t *r,
    ngx_http_canonical_mapping_t *mapping, ngx_str_t *text);

/* all lines of NDJSON, into mapping->text; the same results */
ngx_int_t ngx_http_canonical_map_lines(ngx_http_request_t *r,
    ngx_http_canonical_mapping_t *mapping);

/* puts the objects of a line there; the same results */
ngx_int_t ngx_http_canonical_keep_line(ngx_http_request_t *r,
    ngx_http_canonical_mapping_t *mapping, ngx_str_t *text);

/*
 * Maps one line of NDJSON, without its LF, with the same results: its objects
 * are in *out, and gone with the next line.
 */
ngx_int_t ngx_http_canonical_map_line(ngx_http_request_t *r,
    ngx_http_canonical_mapping_t *mapping, ngx_str_t *line, ngx_str_t *out);

/* refuses: NGX_DECLINED */
ngx_int_t ngx_http_canonical_none(ngx_http_canonical_mapping_t *mapping,
    ngx_uint_t status, ngx_uint_t code, const char *text);

/* of an arena, "data" is a pool */
void *ngx_http_canonical_memory(void *data, size_t size);

/* a body that no map can be for */
ngx_uint_t ngx_http_canonical_is_packed(ngx_http_request_t *r);

/* whether a map is for what mapping->media is */
ngx_uint_t ngx_http_canonical_takes(ngx_http_canonical_mapping_t *mapping);

/*
 * The body filter of NDJSON in responses, in front of "next": what a body
 * filter returns, or NGX_DECLINED: a line cannot be mapped.
 */
ngx_int_t ngx_http_canonical_stream(ngx_http_request_t *r,
    ngx_http_canonical_ctx_t *ctx, ngx_chain_t *in,
    ngx_http_output_body_filter_pt next);

/*
 * Maps the lines from *pos to "end", and moves *pos there, or to where it has
 * written enough for one turn; "last": nothing follows.  What they become is
 * in buffers behind *ll.  NGX_OK, NGX_DECLINED, NGX_ERROR as above.
 */
ngx_int_t ngx_http_canonical_flow(ngx_http_request_t *r,
    ngx_http_canonical_flow_t *flow, u_char **pos, u_char *end,
    ngx_uint_t last, ngx_chain_t ***ll);

/* a buffer that is free again, or a new one; of size 0 it is a special one */
ngx_chain_t *ngx_http_canonical_out(ngx_http_request_t *r,
    ngx_http_canonical_flow_t *flow, size_t size);

/* a piece of what is not mapped yet; NGX_ERROR: no memory */
ngx_int_t ngx_http_canonical_append(ngx_http_request_t *r,
    ngx_http_canonical_flow_t *flow, u_char *data, size_t size);

/*
 * canonical_stream: the body of the request is mapped when the content handler
 * reads it.  NGX_DECLINED: it is not to be, or no more; NGX_ERROR: no memory.
 */
ngx_int_t ngx_http_canonical_upload(ngx_http_request_t *r,
    ngx_http_canonical_ctx_t *ctx);

/* another location has other maps; NGX_DECLINED: it is too late for them */
ngx_int_t ngx_http_canonical_upload_cancel(ngx_http_request_t *r,
    ngx_http_canonical_ctx_t *ctx);

/* whether a part of it has gone to an upstream, or will never be mapped */
ngx_uint_t ngx_http_canonical_upload_gone(ngx_http_request_t *r);

/*
 * Another media type, and length: -1: as it was.  "type" is NULL: there is no
 * body any more.
 */
ngx_int_t ngx_http_canonical_headers(ngx_http_request_t *r, ngx_str_t *type,
    off_t len);

/* whether this flush tells that the upstream died in mid-body */
ngx_uint_t ngx_http_canonical_cut(ngx_http_request_t *r, ngx_buf_t *b);

/* logs the warnings of on_error=warn */
void ngx_http_canonical_warn(ngx_http_request_t *r,
    ngx_http_canonical_mapping_t *mapping);

/*
 * The objects from "object" on as JSON in the pool: lines, an array or one
 * object; NULL data: no memory.
 */
ngx_str_t ngx_http_canonical_print(ngx_pool_t *pool,
    ngx_http_canonical_mapping_t *mapping, ngx_canonical_object_t *object);

ngx_http_canonical_media_e ngx_http_canonical_media(ngx_str_t *type);

void ngx_http_canonical_limits(ngx_http_canonical_loc_conf_t *clcf,
    ngx_canonical_limits_t *limits);

/* logs a refusal or a warning: all that is known but for the value */
void ngx_http_canonical_log(ngx_http_request_t *r, ngx_uint_t level,
    ngx_http_canonical_mapping_t *mapping, ngx_canonical_error_t *err);

/*
 * Answers a refused request: problem details, an OperationOutcome, or, over
 * MLLP, what becomes the ERR segment.  Returns what a phase handler returns.
 */
ngx_int_t ngx_http_canonical_refuse(ngx_http_request_t *r,
    ngx_http_canonical_mapping_t *mapping);

/*
 * The same, but only makes the answer; NGX_DECLINED: error_page has another;
 * NGX_ERROR: no memory.
 */
ngx_int_t ngx_http_canonical_answer(ngx_http_request_t *r,
    ngx_http_canonical_mapping_t *mapping, ngx_str_t *type, ngx_str_t *text);

/* whether the answer with this status is that of an "error_page" */
ngx_uint_t ngx_http_canonical_has_error_page(ngx_http_request_t *r,
    ngx_uint_t status);

/*
 * Members of problem details; they are left out when there is no memory, and
 * strings also if they are empty.
 */
void ngx_http_canonical_add_str(ngx_canonical_arena_t *a,
    ngx_canonical_node_t *parent, const char *name, ngx_str_t *value);
void ngx_http_canonical_add_text(ngx_canonical_arena_t *a,
    ngx_canonical_node_t *parent, const char *name, const char *value);
void ngx_http_canonical_add_num(ngx_canonical_arena_t *a,
    ngx_canonical_node_t *parent, const char *name, uint64_t value);

/* phase handlers, filters and variables, in their files */

ngx_int_t ngx_http_canonical_request_handler(ngx_http_request_t *r);
ngx_int_t ngx_http_canonical_response_handler(ngx_http_request_t *r);
ngx_int_t ngx_http_canonical_response_init(ngx_conf_t *cf);
ngx_int_t ngx_http_canonical_upload_init(ngx_conf_t *cf);
ngx_int_t ngx_http_canonical_add_variables(ngx_conf_t *cf);

/* directives with blocks or files of their own */

char *ngx_http_canonical_table(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_canonical_key(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_http_canonical_map_block(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);

/* the entry of a name, made if it is not there; NULL: no memory */
ngx_http_canonical_name_t *ngx_http_canonical_name(ngx_conf_t *cf,
    ngx_array_t *names, ngx_str_t *name);

/* notes where the configuration is, unless that is done already */
void ngx_http_canonical_place(ngx_conf_t *cf,
    ngx_http_canonical_place_t *place);


extern ngx_module_t  ngx_canonical_module;
extern ngx_module_t  ngx_http_canonical_module;


#endif /* _NGX_HTTP_CANONICAL_MODULE_H_INCLUDED_ */
