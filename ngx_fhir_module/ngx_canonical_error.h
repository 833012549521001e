
/*
 * What is wrong with a body and where.  "text" is always our own words, never
 * bytes of the body: all of this may be logged and sent.
 */

#ifndef _NGX_CANONICAL_ERROR_H_INCLUDED_
#define _NGX_CANONICAL_ERROR_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


typedef struct {
    const char   *text;          /* "not a number" */
    ngx_uint_t    code;          /* table 0357 of HL7, 0: internal error */

    size_t        offset;        /* bytes from the body's start */
    unsigned      positioned:1;  /* "offset" says something */

    /* HL7 v2: as ERR-2; 0 and "" are not known */

    char          segment[4];
    ngx_uint_t    number;        /* of the segment in the message, from 1 */
    ngx_uint_t    occurrence;    /* among those of its name, from 1 */
    ngx_uint_t    field;
    ngx_uint_t    repetition;
    ngx_uint_t    component;
    ngx_uint_t    subcomponent;

    /* of the configuration, empty where no rule is at fault */

    ngx_str_t     source;        /* the path as it is written there */
    ngx_str_t     target;        /* "diagnoses[].code.value", or, from a
                                    schema, a JSON pointer */
    ngx_str_t     map;           /* name@version */
    ngx_str_t     file;
    ngx_uint_t    line;
} ngx_canonical_error_t;


#endif /* _NGX_CANONICAL_ERROR_H_INCLUDED_ */
