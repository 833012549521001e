
/*
 * The compiled form of a map: ngx_canonical_compile*.c make it,
 * ngx_canonical_run*.c run it.
 */

#ifndef _NGX_CANONICAL_RULE_H_INCLUDED_
#define _NGX_CANONICAL_RULE_H_INCLUDED_


#include "ngx_canonical_map.h"
#include "ngx_canonical_regex.h"
#include "ngx_canonical_write.h"
#include "ngx_fhirpath.h"


/* where a value comes from */

typedef enum {
    NGX_CANONICAL_SOURCE_HL7 = 1,
    NGX_CANONICAL_SOURCE_FHIRPATH,
    NGX_CANONICAL_SOURCE_VARIABLE,       /* $name of nginx */
    NGX_CANONICAL_SOURCE_TEMPLATE        /* "{MSH-4.1}/{MSH-10}" */
} ngx_canonical_source_e;


typedef struct ngx_canonical_source_s  ngx_canonical_source_t;
typedef struct ngx_canonical_part_s    ngx_canonical_part_t;
typedef struct ngx_canonical_block_s   ngx_canonical_block_t;
typedef struct ngx_canonical_rule_s    ngx_canonical_rule_t;


struct ngx_canonical_source_s {
    ngx_canonical_source_e      kind;
    ngx_str_t                   text;    /* as it is written */

    union {
        ngx_canonical_hl7_path_t   hl7;
        ngx_fhirpath_t            *fhirpath;
        uintptr_t                  variable;
        ngx_canonical_part_t      *parts;   /* of a template */
    };

    /* of a FHIRPath to the value of an Identifier: what has it, for its
     * "system", the authority of a token; NULL: it is none */
    ngx_fhirpath_t             *owner;

    ngx_canonical_source_t     *next;    /* alternative, "a|b" */
};


/* of a template, which has no value if one of its sources has none */

struct ngx_canonical_part_s {
    ngx_str_t                   literal;
    ngx_canonical_source_t     *source;  /* behind the literal, or NULL */
    ngx_canonical_part_t       *next;
};


/*
 * A target is one slot of its block, the object that the block fills.  Slots
 * of the objects on the way ("code" of "code.value") come before it.  A node
 * is made when its first value is.
 */

#define NGX_CANONICAL_NO_SLOT  ((ngx_uint_t) -1)

typedef struct {
    ngx_str_t                   name;    /* of the member; or "[0]", the
                                            position in an array */
    ngx_uint_t                  parent;  /* slot, or NO_SLOT: the block's own
                                            object */
    ngx_canonical_kind_e        kind;    /* OBJECT on the way; ARRAY of a
                                            target with "[]"; else STRING */
} ngx_canonical_slot_t;


static ngx_inline ngx_uint_t
ngx_canonical_slot_is_position(ngx_str_t *name)
{
    return name->len && name->data[0] == '[';
}


typedef enum {
    NGX_CANONICAL_SET = 1,
    NGX_CANONICAL_CONST,
    NGX_CANONICAL_EACH,
    NGX_CANONICAL_WHEN,
    NGX_CANONICAL_SEGMENT                /* to hl7 */
} ngx_canonical_rule_e;


typedef enum {
    NGX_CANONICAL_PLAIN = 0,
    NGX_CANONICAL_TS,
    NGX_CANONICAL_DATE,
    NGX_CANONICAL_TIME,
    NGX_CANONICAL_DECIMAL,
    NGX_CANONICAL_INT,
    NGX_CANONICAL_BOOL,
    NGX_CANONICAL_CODE,
    NGX_CANONICAL_TEXT
} ngx_canonical_type_e;


typedef enum {
    NGX_CANONICAL_PRESENT = 1,
    NGX_CANONICAL_EQUAL,
    NGX_CANONICAL_NOT_EQUAL,
    NGX_CANONICAL_IN,
    NGX_CANONICAL_MATCH
} ngx_canonical_test_e;


struct ngx_canonical_rule_s {
    ngx_canonical_rule_e        kind;

    ngx_str_t                   target;  /* whole: "diagnoses[].code.value" */
    ngx_uint_t                  slot;    /* of its block; NO_SLOT: "drop", or
                                            an "each" of objects */
    ngx_canonical_source_t     *sources;

    /* set */

    ngx_canonical_type_e        type;
    ngx_uint_t                  scale;   /* of decimal; NO_SLOT: any */
    ngx_str_t                  *yes;     /* of bool, the lists end with an */
    ngx_str_t                  *no;      /* empty one */
    ngx_canonical_table_t      *table;
    ngx_canonical_key_t        *key;     /* hmac= */
    ngx_str_t                   authority;   /* literal, data NULL: that of
                                                the source */
    ngx_uint_t                  previous;    /* slot of NAME_previous */
    ngx_canonical_mask_e        mask;
    ngx_str_t                   value;   /* default=, or of const, as it goes
                                            out: converted; data NULL: none */
    ngx_canonical_kind_e        value_kind;
    ngx_uint_t                  max;     /* characters; 0: any */
    unsigned                    required:1;  /* each: one at least */
    unsigned                    clear:1; /* null=clear */
    unsigned                    drop:1;  /* known, not wanted: never run */
    unsigned                    all:1;   /* target with "[]": all values */
    unsigned                    flat:1;  /* single values only: an object may
                                            have PHI inside */

    ngx_str_t                   phi;     /* compile time: "PID-5", a PHI field
                                            that the value comes from */

    /* when */

    ngx_canonical_test_e        test;
    ngx_str_t                  *values;  /* ends with an empty one */
    ngx_canonical_regex_t      *regex;

    /* each: "with", 0 at the end; when: the words of it and of "else" */

    ngx_uint_t                 *with;
    ngx_canonical_block_t      *block;   /* each, segment: a block with an
                                            object of its own */
    ngx_canonical_rule_t       *then;    /* when: rules of the same block */
    ngx_canonical_rule_t       *otherwise;

    ngx_str_t                   file;
    ngx_uint_t                  line;

    ngx_canonical_rule_t       *next;    /* in the order of the file */
};


/* rules that fill one object */

struct ngx_canonical_block_s {
    ngx_canonical_block_t      *parent;
    ngx_canonical_rule_t       *rules;

    ngx_canonical_slot_t       *slots;
    ngx_uint_t                  nslots;

    ngx_str_t                   type;    /* of emit; data NULL: not here */
    ngx_str_t                   key;     /* its target path */
    ngx_uint_t                  key_slot;

    ngx_str_t                   name;    /* of segment: "ITM" */

    /* compile time: what paths are relative to */

    ngx_canonical_rule_t       *each;    /* the nearest one, or NULL */
    ngx_uint_t                  fhir;    /* type of the focus, 0: unknown */
    unsigned                    phi:1;   /* "." is of a PHI field */
    unsigned                    has_emit:1;  /* here or in one inside */
};


/*
 * What the rules of a map read, "drop" included: of HL7 v2 segments, each
 * name once; of trees chains of names from the root, "participant.period",
 * each once.
 */

typedef struct {
    ngx_uint_t                  name;    /* ngx_hl7_name() */
    uint32_t                    fields[8];   /* a bit for each, from 0; none
                                                is set where the segment as
                                                such is asked for only */
    unsigned                    all:1;   /* "set zpv ZPV drop" */
} ngx_canonical_read_t;

#define ngx_canonical_read_field(read, n)                                     \
    ((n) < 256 && ((read)->fields[(n) / 32] >> ((n) % 32) & 1))

typedef struct {
    ngx_canonical_read_t       *segments;
    ngx_uint_t                  nsegments;

    ngx_str_t                  *chains;
    ngx_uint_t                  nchains;
} ngx_canonical_reads_t;


struct ngx_canonical_map_s {
    ngx_str_t                   name;
    ngx_str_t                   version;
    ngx_str_t                   label;   /* "adt_encounter@3" */

    ngx_canonical_from_e        from;
    ngx_canonical_to_e          to;

    /* "ADT^A01": type and event, the event "*" or empty: any; FHIR: numbers;
     * canonical: object types */

    ngx_str_t                 (*events)[2];
    ngx_uint_t                 *types;
    ngx_str_t                  *objects;
    ngx_uint_t                  nfrom;
    ngx_str_t                   profile; /* from fhir ... profile=URL */

    /* of a time without an offset, in this order */

    unsigned                    zone_msh:1;      /* that of MSH-7 */
    unsigned                    zone_first:1;    /* msh stands first */
    unsigned                    ambiguous_last:1;
    ngx_canonical_zone_t       *zone;

    ngx_canonical_schema_t     *schema;
    ngx_str_t                   schema_file;
    ngx_canonical_on_error_e    on_error;

    unsigned                    phi:1;   /* the directive is there */
    ngx_str_t                  *allow;   /* targets, ends with an empty one */

    ngx_canonical_xml_t         xml;     /* of "to xml", "to soap" */
    ngx_canonical_msh_t         msh;     /* of "to hl7": type and version */

    ngx_canonical_block_t      *block;   /* the outermost */

    ngx_canonical_reads_t      *reads;

    ngx_str_t                   file;
    ngx_uint_t                  line;
};


#endif /* _NGX_CANONICAL_RULE_H_INCLUDED_ */
