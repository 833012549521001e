
/*
 * The facts of FHIR R4 in a notation of our own, one string for each type,
 * read by ngx_fhir_types_init():
 *
 *     NAME:PARENT ELEMENT ELEMENT ...
 *
 *     birthDate=date        one
 *     name*HumanName        repeats
 *     contact*.             repeats, of the backbone type that is named by
 *                           type and element, "Patient.contact"
 *     multipleBirth[x]=boolean|integer
 *                           a choice
 *     value[x]=*            a choice of all types of ngx_fhir_r4_open
 *
 * Elements of the parent are not repeated.  An array ends with NULL.
 */

#ifndef _NGX_FHIR_R4_H_INCLUDED_
#define _NGX_FHIR_R4_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


extern const char         ngx_fhir_r4_open[];

extern const char *const  ngx_fhir_r4_types[];
extern const char *const  ngx_fhir_r4_resources_a[];
extern const char *const  ngx_fhir_r4_resources_b[];
extern const char *const  ngx_fhir_r4_resources_c[];


#endif /* _NGX_FHIR_R4_H_INCLUDED_ */
