
/*
 * The definitions of FHIR R4 (4.0.1): which elements a type has, of which
 * type they are and which repeat.
 */

#ifndef _NGX_FHIR_TYPES_H_INCLUDED_
#define _NGX_FHIR_TYPES_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/*
 * A type is a number: 0 is unknown.  Backbone elements have types of their
 * own, named by their path ("Patient.contact").  The primitive types and
 * these few, that code asks for, have fixed numbers; the others follow.
 */

typedef enum {
    NGX_FHIR_UNKNOWN = 0,

    NGX_FHIR_BOOLEAN,
    NGX_FHIR_INTEGER,
    NGX_FHIR_UNSIGNED_INT,
    NGX_FHIR_POSITIVE_INT,
    NGX_FHIR_DECIMAL,
    NGX_FHIR_STRING,
    NGX_FHIR_CODE,
    NGX_FHIR_ID,
    NGX_FHIR_MARKDOWN,
    NGX_FHIR_URI,
    NGX_FHIR_URL,
    NGX_FHIR_CANONICAL,
    NGX_FHIR_OID,
    NGX_FHIR_UUID,
    NGX_FHIR_BASE64,
    NGX_FHIR_DATE,
    NGX_FHIR_DATETIME,
    NGX_FHIR_INSTANT,
    NGX_FHIR_TIME,
    NGX_FHIR_XHTML,              /* the last one of the primitives */

    NGX_FHIR_ELEMENT,
    NGX_FHIR_RESOURCE,           /* abstract; an element of this type holds
                                    any resource */
    NGX_FHIR_DOMAIN_RESOURCE,    /* abstract */
    NGX_FHIR_EXTENSION,
    NGX_FHIR_QUANTITY,
    NGX_FHIR_REFERENCE,
    NGX_FHIR_BUNDLE,
    NGX_FHIR_NAMED               /* the first one without a name here */
} ngx_fhir_type_e;


typedef struct {
    uint16_t      type;          /* 0: see choice */
    unsigned      repeats:1;
    unsigned      choice:1;      /* value[x], asked for by "value" */
    unsigned      typed:1;       /* value[x], asked for by "valueQuantity" */
    ngx_str_t     name;          /* as in the definition, without [x]: "value"
                                    in both cases */
} ngx_fhir_element_t;


/*
 * Reads the table; once, at start, before all others, in whatever order.
 * "block" is malloc() or the like, and what it gives is never freed by this.
 * NGX_OK, also when called again, or NGX_ERROR: no memory.
 */
ngx_int_t ngx_fhir_types_init(void *(*block)(size_t size));

/* the type of this name ("Patient", "dateTime", "Patient.contact"), or 0 */
ngx_uint_t ngx_fhir_type(u_char *name, size_t len);

/* its name; of 0 an empty one */
ngx_str_t *ngx_fhir_type_name(ngx_uint_t type);

/* what it is derived from: Patient from DomainResource; 0: nothing */
ngx_uint_t ngx_fhir_type_parent(ngx_uint_t type);

/* whether "type" is "of" or derived from it */
ngx_uint_t ngx_fhir_type_is(ngx_uint_t type, ngx_uint_t of);

#define ngx_fhir_type_is_primitive(type)                                      \
    ((type) >= NGX_FHIR_BOOLEAN && (type) <= NGX_FHIR_XHTML)

/* whether it is a resource, abstract ones included */
ngx_uint_t ngx_fhir_type_is_resource(ngx_uint_t type);

/*
 * The element "name" of the type or of one it is derived from: as JSON and
 * XML have it ("birthDate", "valueQuantity", whose type is Quantity), and a
 * choice by its plain name ("value").  NULL if there is none.  Constant
 * time.
 */
ngx_fhir_element_t *ngx_fhir_element(ngx_uint_t type, u_char *name,
    size_t len);


#endif /* _NGX_FHIR_TYPES_H_INCLUDED_ */
