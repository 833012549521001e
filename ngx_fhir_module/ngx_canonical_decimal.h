
/*
 * Decimals that never pass through a binary float: an integer and the number
 * of digits behind the point, which is kept ("100.10" has two).
 */

#ifndef _NGX_CANONICAL_DECIMAL_H_INCLUDED_
#define _NGX_CANONICAL_DECIMAL_H_INCLUDED_


#include <ngx_config.h>
#include <ngx_core.h>


/* digits in all, before and behind the point, leading zeros not counted */
#define NGX_CANONICAL_DECIMAL_DIGITS  36

/* what ngx_canonical_decimal_print() writes at most */
#define NGX_CANONICAL_DECIMAL_LEN     (NGX_CANONICAL_DECIMAL_DIGITS * 2 + 4)


/* an arena aligns to a pointer, not to 16 bytes */
typedef __int128  ngx_canonical_units_t
    __attribute__((aligned(sizeof(void *))));


typedef struct {
    ngx_canonical_units_t  units;
    ngx_uint_t             scale;  /* at most NGX_CANONICAL_DECIMAL_DIGITS */
} ngx_canonical_decimal_t;


/*
 * Reads [+-]digits[.digits] and, if "exponent", also [eE][+-]digits as JSON
 * has it.  A digit on each side of the point is not needed ("12." and ".5"
 * are numbers of HL7's NM).  NGX_OK, or NGX_DECLINED: no number, or more
 * digits than NGX_CANONICAL_DECIMAL_DIGITS.
 */
ngx_int_t ngx_canonical_decimal_read(ngx_canonical_decimal_t *d,
    ngx_str_t *text, ngx_uint_t exponent);

/*
 * Sets the number of digits behind the point: adds zeros, takes zeros away.
 * NGX_DECLINED: a digit that is not zero would be lost, or there is no room.
 */
ngx_int_t ngx_canonical_decimal_rescale(ngx_canonical_decimal_t *d,
    ngx_uint_t scale);

/* as plain digits, "-0" as "0"; returns the end */
u_char *ngx_canonical_decimal_print(ngx_canonical_decimal_t *d, u_char *out);

/* -1, 0 or 1; "1.0" and "1.00" are equal */
ngx_int_t ngx_canonical_decimal_cmp(ngx_canonical_decimal_t *a,
    ngx_canonical_decimal_t *b);

/*
 * The exact result, *r may be one of the operands.  A quotient is rounded
 * half away from zero to 8 digits behind the point or to the operands' greater
 * scale, whichever is more, then trailing zeros are dropped.  NGX_DECLINED:
 * too many digits, or a division by zero.
 */
ngx_int_t ngx_canonical_decimal_add(ngx_canonical_decimal_t *r,
    ngx_canonical_decimal_t *a, ngx_canonical_decimal_t *b);
ngx_int_t ngx_canonical_decimal_sub(ngx_canonical_decimal_t *r,
    ngx_canonical_decimal_t *a, ngx_canonical_decimal_t *b);
ngx_int_t ngx_canonical_decimal_mul(ngx_canonical_decimal_t *r,
    ngx_canonical_decimal_t *a, ngx_canonical_decimal_t *b);
ngx_int_t ngx_canonical_decimal_div(ngx_canonical_decimal_t *r,
    ngx_canonical_decimal_t *a, ngx_canonical_decimal_t *b);


#endif /* _NGX_CANONICAL_DECIMAL_H_INCLUDED_ */
