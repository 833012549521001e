
/*
 * The rule of a zone, as POSIX has TZ, which stands in the footer of its file:
 * "CET-1CEST,M3.5.0,M10.5.0/3".  Private to the zones.
 */

#ifndef _NGX_CANONICAL_ZONE_RULE_H_INCLUDED_
#define _NGX_CANONICAL_ZONE_RULE_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


typedef struct {
    u_char         form;          /* 'M', 'J', or 0: days from 0 */
    int            month, week, day;
    int32_t        time;
} ngx_canonical_zone_day_t;


typedef struct {
    int32_t                    standard;      /* seconds east of UTC */
    int32_t                    summer;
    ngx_canonical_zone_day_t   start;         /* of summer */
    ngx_canonical_zone_day_t   stop;
    unsigned                   changes:1;     /* has a summer */
} ngx_canonical_zone_rule_t;


/* 1: all of the text is a rule; a summer without its days is none */
ngx_uint_t ngx_canonical_zone_rule_read(ngx_canonical_zone_rule_t *rule,
    u_char *p, u_char *end);

/* when that is in a year, which may be negative, in seconds of local time */
int64_t ngx_canonical_zone_rule_at(ngx_canonical_zone_day_t *day,
    int64_t year);


#endif /* _NGX_CANONICAL_ZONE_RULE_H_INCLUDED_ */
