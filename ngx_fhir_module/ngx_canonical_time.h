
/*
 * Dates and times as people wrote them: with the precision they gave and the
 * offset they named, checked against the calendar.
 */

#ifndef _NGX_CANONICAL_TIME_H_INCLUDED_
#define _NGX_CANONICAL_TIME_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>

#include "ngx_canonical_zone.h"


typedef enum {
    NGX_CANONICAL_YEAR = 1,
    NGX_CANONICAL_MONTH,
    NGX_CANONICAL_DAY,
    NGX_CANONICAL_HOUR,
    NGX_CANONICAL_MINUTE,
    NGX_CANONICAL_SECOND,
    NGX_CANONICAL_FRACTION
} ngx_canonical_precision_e;


typedef struct {
    uint16_t      year;          /* 1 to 9999; 0: a time of day only */
    uint8_t       month, day;    /* from 1 */
    uint8_t       hour, minute, second;  /* second 60 is a leap second */
    uint8_t       precision;     /* ngx_canonical_precision_e */
    uint32_t      nanosecond;
    uint8_t       digits;        /* of the fraction, at most 9 */
    unsigned      zoned:1;
    unsigned      utc:1;         /* written as Z */
    int16_t       offset;        /* minutes east of UTC */
} ngx_canonical_time_t;


/* what ngx_canonical_time_print() writes at most */
#define NGX_CANONICAL_TIME_LEN  (sizeof("2026-11-21T08:14:00.123456789+01:00"))


/*
 * DTM/TS/DT of HL7 v2: YYYY[MM[DD[HH[MM[SS[.S{1,9}]]]]]][+/-ZZZZ]
 * (v2.9.1 §2A.3.21), the offset from -1200 to +1400.  Only a value with a time
 * of day keeps its offset.
 * NGX_OK, or NGX_DECLINED with *why a constant text.
 */
ngx_int_t ngx_canonical_time_read_hl7(ngx_canonical_time_t *t,
    ngx_str_t *text, const char **why);

/* TM of HL7 v2: HH[MM[SS[.S{1,9}]]][+/-ZZZZ] */
ngx_int_t ngx_canonical_time_read_hl7_tm(ngx_canonical_time_t *t,
    ngx_str_t *text, const char **why);

/*
 * date, dateTime, instant and time of FHIR, and what ISO 8601 has of the
 * kind: YYYY[-MM[-DD[Thh[:mm[:ss[.s{1,}]]][Z|(+|-)hh:mm]]]], or
 * hh[:mm[:ss[.s]]] with an optional leading T.  Digits of a fraction beyond
 * nine are refused.
 */
ngx_int_t ngx_canonical_time_read_iso(ngx_canonical_time_t *t,
    ngx_str_t *text, const char **why);

/*
 * Gives a time without an offset the one of the zone at that local time.  A
 * time that a clock skips gets the offset of before; one that it shows twice
 * the first one, or the second one if "last".  Nothing is done to a value
 * with an offset or without an hour.  Offsets with seconds, which are local
 * mean times, are rounded to minutes; one of more than 14 hours, as some
 * islands had before 1900, cannot be written and is not given.
 */
void ngx_canonical_time_zone(ngx_canonical_time_t *t,
    ngx_canonical_zone_t *zone, ngx_uint_t last);

/*
 * In the form of ISO 8601, as FHIR's dateTime: "2026", "2026-11",
 * "2026-11-21", "2026-11-21T08:14:00+01:00"; a missing minute or second is
 * printed as 00 (FHIR has no hour alone); returns the end.
 */
u_char *ngx_canonical_time_print(ngx_canonical_time_t *t, u_char *out);

/* the date alone, up to the day; the time of day alone, hh:mm:ss[.s] */
u_char *ngx_canonical_time_print_date(ngx_canonical_time_t *t, u_char *out);
u_char *ngx_canonical_time_print_tod(ngx_canonical_time_t *t, u_char *out);

/* DTM of HL7 v2, with the precision that is there */
u_char *ngx_canonical_time_print_hl7(ngx_canonical_time_t *t, u_char *out);

/*
 * Compares as FHIRPath does: field by field at the lesser precision, seconds
 * and their fraction as one; with both zoned, at the same offset.
 * NGX_OK and *result -1, 0 or 1; NGX_DECLINED: unknown, as the precisions
 * differ where it matters, or only one of them has a zone.
 */
ngx_int_t ngx_canonical_time_cmp(ngx_canonical_time_t *a,
    ngx_canonical_time_t *b, ngx_int_t *result);


#endif /* _NGX_CANONICAL_TIME_H_INCLUDED_ */
