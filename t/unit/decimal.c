
/*
 * Decimals: what is read is what is printed, to the last digit.
 */

#include "unit.h"

#include "ngx_canonical_decimal.h"


#define NINES  "999999999999999999999999999999999999"        /* 36 of them */
#define ZEROS  "00000000000000000000000000000000000"         /* 35 of them */

#define DECLINED  "declined"


static ngx_str_t
str(const char *text)
{
    ngx_str_t  s;

    s.len = strlen(text);
    s.data = (u_char *) text;

    return s;
}


static void
same(const char *what, const char *got, const char *want)
{
    char  title[256];

    snprintf(title, sizeof(title), "%s is %s", what, want);

    if (!ok(strcmp(got, want) == 0, title)) {
        printf("#   got %s\n", got);
    }
}


static void
printed(ngx_int_t rc, ngx_canonical_decimal_t *d, char *out)
{
    u_char  *end;

    if (rc != NGX_OK) {
        strcpy(out, DECLINED);
        return;
    }

    end = ngx_canonical_decimal_print(d, (u_char *) out);
    ok(end - (u_char *) out <= NGX_CANONICAL_DECIMAL_LEN, "in its bounds");
    *end = '\0';
}


static void
read_as(const char *text, ngx_uint_t exponent, const char *want)
{
    char                     out[NGX_CANONICAL_DECIMAL_LEN + 1];
    ngx_str_t                s;
    ngx_canonical_decimal_t  d;

    s = str(text);

    printed(ngx_canonical_decimal_read(&d, &s, exponent), &d, out);
    same(text, out, want);
}


static void
test_read(void)
{
    read_as("0", 0, "0");
    read_as("100.10", 0, "100.10");
    read_as("1850", 0, "1850");
    read_as("+7", 0, "7");
    read_as("-7.25", 0, "-7.25");
    read_as("007", 0, "7");
    read_as("12.", 0, "12");
    read_as(".5", 0, "0.5");
    read_as("-.5", 0, "-0.5");
    read_as("0.000", 0, "0.000");
    read_as("-0", 0, "0");
    read_as("-0.00", 0, "0.00");
    read_as("12345678901234567.125", 0, "12345678901234567.125");
    read_as("18446744073709551615", 0, "18446744073709551615");
    read_as("18446744073709551616", 0, "18446744073709551616");
    read_as("1000000000000000000000000", 0, "1000000000000000000000000");
    read_as(NINES, 0, NINES);
    read_as("-" NINES, 0, "-" NINES);
    read_as("0." NINES, 0, "0." NINES);
    read_as("0." ZEROS "1", 0, "0." ZEROS "1");
    read_as(ZEROS ZEROS "1", 0, "1");

    read_as("", 0, DECLINED);
    read_as("-", 0, DECLINED);
    read_as(".", 0, DECLINED);
    read_as("--1", 0, DECLINED);
    read_as("1-", 0, DECLINED);
    read_as("1.2.3", 0, DECLINED);
    read_as("3,700", 0, DECLINED);
    read_as(" 1", 0, DECLINED);
    read_as("1 ", 0, DECLINED);
    read_as("0x10", 0, DECLINED);
    read_as("nan", 0, DECLINED);
    read_as("1e2", 0, DECLINED);
    read_as("9" NINES, 0, DECLINED);
    read_as("9." NINES, 0, DECLINED);
    read_as("0.0" ZEROS "1", 0, DECLINED);
}


static void
test_exponent(void)
{
    read_as("1e2", 1, "100");
    read_as("1E+2", 1, "100");
    read_as("1.50e1", 1, "15.0");
    read_as("-1.5e-3", 1, "-0.0015");
    read_as("1e35", 1, "1" ZEROS);
    read_as("1e-36", 1, "0." ZEROS "1");
    read_as("1.e0", 1, "1");
    read_as("0e999999999999999999999", 1, "0");
    read_as("0e-2", 1, "0.00");
    read_as("1.5", 1, "1.5");

    read_as("1e36", 1, DECLINED);
    read_as("1e-37", 1, DECLINED);
    read_as("1e999999999999999999999", 1, DECLINED);
    read_as("1e-999999999999999999999", 1, DECLINED);
    read_as("1e", 1, DECLINED);
    read_as("1e+", 1, DECLINED);
    read_as("e1", 1, DECLINED);
    read_as("1e1.0", 1, DECLINED);
    read_as("1f1", 1, DECLINED);
}


static void
scaled(const char *text, ngx_uint_t scale, const char *want)
{
    char                     out[NGX_CANONICAL_DECIMAL_LEN + 1];
    ngx_int_t                rc;
    ngx_str_t                s;
    ngx_canonical_decimal_t  d;

    s = str(text);

    ok(ngx_canonical_decimal_read(&d, &s, 0) == NGX_OK, "it is a number");

    rc = ngx_canonical_decimal_rescale(&d, scale);

    printed(rc, &d, out);
    same(text, out, want);
}


static void
test_rescale(void)
{
    scaled("1850", 2, "1850.00");
    scaled("3700.0", 2, "3700.00");
    scaled("100.10", 2, "100.10");
    scaled("100.100", 2, "100.10");
    scaled("-100.1000", 1, "-100.1");
    scaled("100", 0, "100");
    scaled("100.00", 0, "100");
    scaled("0", 36, "0.0" ZEROS);
    scaled("0.00", 0, "0");

    scaled("100.101", 2, DECLINED);
    scaled("-0.01", 1, DECLINED);
    scaled("0." NINES, 35, DECLINED);
    scaled(NINES, 1, DECLINED);
    scaled("-" NINES, 1, DECLINED);
    scaled("1", 36, DECLINED);
    scaled("1", 35, "1." ZEROS);
    scaled("0", 37, DECLINED);
}


static void
compared(const char *a, const char *b, ngx_int_t want)
{
    char                     title[256];
    ngx_str_t                s;
    ngx_canonical_decimal_t  x, y;

    s = str(a);
    ngx_canonical_decimal_read(&x, &s, 0);
    s = str(b);
    ngx_canonical_decimal_read(&y, &s, 0);

    snprintf(title, sizeof(title), "%s against %s", a, b);

    is_num(ngx_canonical_decimal_cmp(&x, &y), want, title);
    is_num(ngx_canonical_decimal_cmp(&y, &x), -want, title);
}


static void
test_cmp(void)
{
    compared("1.0", "1.00", 0);
    compared("1.01", "1.001", 1);
    compared("-1.01", "-1.001", -1);
    compared("2", "10", -1);
    compared("-2", "1.5", -1);
    compared("0", "-0.00", 0);
    compared("0.1", "-0.01", 1);
    compared(NINES, "0." NINES, 1);
    compared(NINES, "0.1", 1);
    compared("-" NINES, "0." NINES, -1);
    compared("0." ZEROS "1", "0.1", -1);
}


typedef ngx_int_t (*operation)(ngx_canonical_decimal_t *r,
    ngx_canonical_decimal_t *a, ngx_canonical_decimal_t *b);


static void
computed(operation op, const char *a, const char *b, const char *want)
{
    char                     out[NGX_CANONICAL_DECIMAL_LEN + 1], what[256];
    ngx_int_t                rc;
    ngx_str_t                s;
    ngx_canonical_decimal_t  x, y;

    s = str(a);
    ok(ngx_canonical_decimal_read(&x, &s, 0) == NGX_OK, "left");
    s = str(b);
    ok(ngx_canonical_decimal_read(&y, &s, 0) == NGX_OK, "right");

    /* into an operand */

    rc = op(&x, &x, &y);

    printed(rc, &x, out);

    snprintf(what, sizeof(what), "%s %s %s", a,
             op == ngx_canonical_decimal_add ? "+"
             : op == ngx_canonical_decimal_sub ? "-"
             : op == ngx_canonical_decimal_mul ? "*" : "/", b);

    same(what, out, want);
}


static void
test_arithmetic(void)
{
    computed(ngx_canonical_decimal_add, "0.1", "0.2", "0.3");
    computed(ngx_canonical_decimal_add, "1850.00", "0.5", "1850.50");
    computed(ngx_canonical_decimal_add, "-1", "1.0", "0.0");
    computed(ngx_canonical_decimal_add, NINES, "1", DECLINED);
    computed(ngx_canonical_decimal_add, NINES, "0.1", DECLINED);
    computed(ngx_canonical_decimal_add, "0.1", NINES, DECLINED);
    computed(ngx_canonical_decimal_sub, "-" NINES, "1", DECLINED);
    computed(ngx_canonical_decimal_sub, "1", "1.01", "-0.01");
    computed(ngx_canonical_decimal_sub, NINES, NINES, "0");

    computed(ngx_canonical_decimal_mul, "1850.00", "2", "3700.00");
    computed(ngx_canonical_decimal_mul, "-0.5", "0.5", "-0.25");
    computed(ngx_canonical_decimal_mul, "-3", "-3", "9");
    computed(ngx_canonical_decimal_mul, "9223372036854775807",
             "9223372036854775807", DECLINED);
    computed(ngx_canonical_decimal_mul, NINES, "0", "0");
    computed(ngx_canonical_decimal_mul, "0", NINES, "0");
    computed(ngx_canonical_decimal_mul, NINES, "1", NINES);
    computed(ngx_canonical_decimal_mul, NINES, "2", DECLINED);
    computed(ngx_canonical_decimal_mul, NINES, NINES, DECLINED);
    computed(ngx_canonical_decimal_mul, "0." ZEROS "1", "0.1", DECLINED);
    computed(ngx_canonical_decimal_mul, "0." ZEROS "5", "0.2",
             "0." ZEROS "1");

    computed(ngx_canonical_decimal_div, "1", "3", "0.33333333");
    computed(ngx_canonical_decimal_div, "2", "3", "0.66666667");
    computed(ngx_canonical_decimal_div, "-2", "3", "-0.66666667");
    computed(ngx_canonical_decimal_div, "1", "-8", "-0.125");
    computed(ngx_canonical_decimal_div, "100.10", "1", "100.1");
    computed(ngx_canonical_decimal_div, "100", "10", "10");
    computed(ngx_canonical_decimal_div, "1", "0.01", "100");
    computed(ngx_canonical_decimal_div, "0.000000005", "1", "0.000000005");
    computed(ngx_canonical_decimal_div, "0.00000001", "2", "0.00000001");
    computed(ngx_canonical_decimal_div, "-0.00000001", "2", "-0.00000001");
    computed(ngx_canonical_decimal_div, "0.00000001", "3", "0");
    computed(ngx_canonical_decimal_div, NINES, "1", NINES);
    computed(ngx_canonical_decimal_div, NINES, NINES, "1");
    computed(ngx_canonical_decimal_div, NINES, "0.1", DECLINED);
    computed(ngx_canonical_decimal_div, NINES, "17", DECLINED);
    computed(ngx_canonical_decimal_div, "1", "0", DECLINED);
    computed(ngx_canonical_decimal_div, "0", "0.00", DECLINED);
}


int
main(void)
{
    test_read();
    test_exponent();
    test_rescale();
    test_cmp();
    test_arithmetic();

    return unit_done();
}
