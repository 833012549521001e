
/*
 * What is known of the message at hand, and the variables over it.  The
 * stream module and the HTTP module have one table and one evaluation.
 */

#ifndef _NGX_HL7_VARIABLES_H_INCLUDED_
#define _NGX_HL7_VARIABLES_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_mllp_deviation.h"
#include "ngx_hl7_message.h"
#include "ngx_hl7_text.h"
#include "ngx_hie_id.h"


typedef struct {
    ngx_hl7_message_t     message;
    ngx_hl7_charset_t    *charset;       /* for an empty MSH-18 */
    ngx_pool_t           *pool;          /* for the segment index */

    size_t                size;          /* of the message, in bytes */
    uint32_t              deviations;    /* ngx_mllp_bit(kind)s */
    ngx_str_t             ack_code;      /* "AA"; "CA,AA" if both were owed */

    ngx_hie_id_t          id;

    ngx_connection_t     *connection;    /* that the message came over */

    /* why the message is refused, set by the module that refuses it */
    ngx_hl7_error_t       error;

    unsigned              opened:1;      /* the header could be read */
    unsigned              indexed:1;
} ngx_hl7_context_t;


typedef struct ngx_hl7_variable_s  ngx_hl7_variable_t;

typedef ngx_int_t (*ngx_hl7_variable_pt)(ngx_hl7_context_t *ctx,
    ngx_pool_t *pool, ngx_variable_value_t *v, uintptr_t data);

struct ngx_hl7_variable_s {
    ngx_str_t             name;
    ngx_hl7_variable_pt   handler;
    uintptr_t             data;
};


/* terminated by an empty name; values are allocated from "pool" */
extern ngx_hl7_variable_t  ngx_hl7_variables[];

/* NGX_OK: the variable is a field or a component of MSH; NGX_DECLINED */
ngx_int_t ngx_hl7_variable_of_msh(ngx_str_t *name, ngx_uint_t *field,
    ngx_uint_t *component);


/* names that begin so are paths: $hl7_field_PID_3_1 */
extern ngx_str_t  ngx_hl7_prefixes[];


/* evaluates a variable with one of the prefixes; "data" is its ngx_str_t */
ngx_int_t ngx_hl7_prefix_variable(ngx_hl7_context_t *ctx, ngx_pool_t *pool,
    ngx_variable_value_t *v, uintptr_t data);

/*
 * Checks a name for nginx -t: NGX_OK also for names that are not ours,
 * NGX_ERROR with the error logged if one of ours is no path.
 */
ngx_int_t ngx_hl7_variable_check(ngx_conf_t *cf, ngx_str_t *name);

/*
 * Opens the message [start, end) in the context: NGX_OK, or NGX_DECLINED with
 * ctx->error.
 */
ngx_int_t ngx_hl7_context_open(ngx_hl7_context_t *ctx, u_char *start,
    u_char *end);

/* the character set of the message, NULL if MSH-18 names an unknown one */
ngx_hl7_charset_t *ngx_hl7_context_charset(ngx_hl7_context_t *ctx);

/* makes the segment index when it is asked for; NGX_ERROR: no memory */
ngx_int_t ngx_hl7_context_index(ngx_hl7_context_t *ctx);


#endif /* _NGX_HL7_VARIABLES_H_INCLUDED_ */
