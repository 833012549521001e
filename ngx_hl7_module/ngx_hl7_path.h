
/*
 * Paths into a message, as people write them:
 *
 *     PID-3               first repetition's whole field, see below
 *     PID-3.1             component; PID-3.4.2 subcomponent
 *     PID-3[2].4.2        second repetition
 *     PID-3[5=MR].1       the first repetition whose component 5 is "MR";
 *                         [4.2=x] compares a subcomponent
 *     OBX[2]-5            second OBX of the message
 *
 * and the form of variable names, which know letters, digits and "_" only:
 *
 *     pid_3_1  pid_3r2_4_2  obx2_5      for PID-3.1, PID-3[2].4.2, OBX[2]-5
 *
 * A path without a repetition means all of the field when no component is
 * named ("PID-3" is the field as it stands in the message) and the first
 * repetition when one is.  A component of a value without component
 * delimiters is the value itself for .1, and absent for others (HL7 v2.9.1
 * §2.5.2: a component may be added to what was a simple type).
 */

#ifndef _NGX_HL7_PATH_H_INCLUDED_
#define _NGX_HL7_PATH_H_INCLUDED_


#include "ngx_hl7_message.h"


typedef struct {
    char            segment[4];
    uint16_t        occurrence;      /* of the segment, from 1 */
    uint16_t        field;           /* 0: the whole segment */
    uint16_t        repetition;      /* 0: not given */
    uint16_t        component;       /* 0: not given */
    uint16_t        subcomponent;    /* 0: not given */

    /* [filter_component.filter_subcomponent=filter] */
    uint16_t        filter_component;     /* 0: no filter */
    uint16_t        filter_subcomponent;
    ngx_str_t       filter;               /* points into the path's text */
} ngx_hl7_path_t;


/*
 * Compiles a path.  NGX_OK, or NGX_ERROR with *at the index of the offending
 * character in "text" and *why a constant message without it.  Numbers are 1
 * to 65535; one that is not is wrong at its first digit.  "text" must live as
 * long as the path.
 */
ngx_int_t ngx_hl7_path_parse(ngx_hl7_path_t *path, ngx_str_t *text,
    size_t *at, const char **why);

/* the same for the form of variable names; letters of either case */
ngx_int_t ngx_hl7_path_parse_name(ngx_hl7_path_t *path, ngx_str_t *name,
    size_t *at, const char **why);

/*
 * Evaluates a path on a message with a segment index.  *value points into
 * the message, escape sequences untouched.
 */
ngx_hl7_state_e ngx_hl7_path_get(ngx_hl7_path_t *path, ngx_hl7_message_t *m,
    ngx_str_t *value);

/*
 * The same within one segment of the index; the segment's name and
 * occurrence in the path are not looked at.
 */
ngx_hl7_state_e ngx_hl7_path_get_in(ngx_hl7_path_t *path,
    ngx_hl7_message_t *m, ngx_hl7_span_t *segment, ngx_str_t *value);


#endif /* _NGX_HL7_PATH_H_INCLUDED_ */
