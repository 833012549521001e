
/*
 * Look-ups that the files of ngx_canonical_hl7.h share.
 */

#ifndef _NGX_CANONICAL_HL7_PRIVATE_H_INCLUDED_
#define _NGX_CANONICAL_HL7_PRIVATE_H_INCLUDED_


#include "ngx_canonical_hl7.h"


/*
 * The first segment of the path's name in the innermost scope that has one of
 * its own, not looking at predicates and occurrences; *end is where the others
 * end.  One that is not less than *end is none.
 */
uint32_t ngx_canonical_hl7_range(ngx_canonical_hl7_path_t *path,
    ngx_canonical_hl7_scope_t *scope, uint32_t *end);

/* the one segment that a path without "*" names, or NONE */
uint32_t ngx_canonical_hl7_segment(ngx_canonical_hl7_path_t *path,
    ngx_canonical_hl7_scope_t *scope, uint32_t *end);

/* whether the path's predicate, if it has one, holds for the segment */
ngx_uint_t ngx_canonical_hl7_matches(ngx_canonical_hl7_path_t *path,
    ngx_canonical_hl7_t *hl7, uint32_t i);

/* whether the predicate of repetitions, if there is one, holds for this one */
ngx_uint_t ngx_canonical_hl7_filtered(ngx_canonical_hl7_path_t *path,
    ngx_hl7_message_t *m, ngx_str_t *repetition);

/* the value of a relative path, and of the path within a segment */
void ngx_canonical_hl7_relative(ngx_canonical_hl7_path_t *path,
    ngx_canonical_hl7_scope_t *scope, ngx_canonical_hl7_value_t *value);
void ngx_canonical_hl7_in(ngx_canonical_hl7_path_t *path,
    ngx_canonical_hl7_t *hl7, uint32_t i, ngx_canonical_hl7_value_t *value);

/* from value->whole and its state to the component that is meant */
void ngx_canonical_hl7_parts(ngx_canonical_hl7_path_t *path,
    ngx_canonical_hl7_t *hl7, ngx_uint_t field,
    ngx_canonical_hl7_value_t *value);

/* those within a field: MSH-1 and MSH-2 have none */
ngx_hl7_delimiters_t *ngx_canonical_hl7_delimiters(
    ngx_canonical_hl7_t *hl7, uint32_t segment, ngx_uint_t field);

/*
 * Field n of any segment, as ngx_hl7_field() gives it, with less work for the
 * many empty ones before it.
 */
ngx_hl7_state_e ngx_canonical_hl7_field(ngx_hl7_message_t *m,
    ngx_hl7_span_t *segment, ngx_uint_t n, ngx_str_t *value);


#endif /* _NGX_CANONICAL_HL7_PRIVATE_H_INCLUDED_ */
