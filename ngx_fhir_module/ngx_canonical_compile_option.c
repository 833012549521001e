
/*
 * The compiler of maps: the words of "set" behind its sources, and literals.
 */

#include "ngx_canonical_compile.h"


#define NGX_CANONICAL_SCALE_MAX   18
#define NGX_CANONICAL_INT_DIGITS  18


typedef const char *(*ngx_canonical_option_pt)(ngx_canonical_compiler_t *c,
    ngx_canonical_rule_t *rule, ngx_str_t *value);

typedef struct {
    const char                *name;       /* with "=" if it has a value */
    ngx_canonical_option_pt    handler;
    ngx_uint_t                 bit;
} ngx_canonical_option_t;


#define NGX_CANONICAL_HAS_TYPE       0x0001
#define NGX_CANONICAL_HAS_MAP        0x0002
#define NGX_CANONICAL_HAS_DEFAULT    0x0004
#define NGX_CANONICAL_HAS_HMAC       0x0008
#define NGX_CANONICAL_HAS_AUTHORITY  0x0010
#define NGX_CANONICAL_HAS_MASK       0x0020
#define NGX_CANONICAL_HAS_DROP       0x0040
#define NGX_CANONICAL_HAS_MAX        0x0080
#define NGX_CANONICAL_HAS_REQUIRED   0x0100
#define NGX_CANONICAL_HAS_NULL       0x0200
#define NGX_CANONICAL_HAS_ALT        0x0400


static ngx_uint_t ngx_canonical_option_type(ngx_canonical_rule_t *rule,
    ngx_str_t *word);
static const char *ngx_canonical_option_scale(ngx_canonical_compiler_t *c,
    ngx_canonical_rule_t *rule, ngx_str_t *value);
static const char *ngx_canonical_option_bool(ngx_canonical_compiler_t *c,
    ngx_canonical_rule_t *rule, ngx_str_t *value);
static ngx_str_t *ngx_canonical_option_list(ngx_canonical_compiler_t *c,
    u_char *p, u_char *end);
static const char *ngx_canonical_option_map(ngx_canonical_compiler_t *c,
    ngx_canonical_rule_t *rule, ngx_str_t *value);
static const char *ngx_canonical_option_default(ngx_canonical_compiler_t *c,
    ngx_canonical_rule_t *rule, ngx_str_t *value);
static const char *ngx_canonical_option_hmac(ngx_canonical_compiler_t *c,
    ngx_canonical_rule_t *rule, ngx_str_t *value);
static const char *ngx_canonical_option_authority(ngx_canonical_compiler_t *c,
    ngx_canonical_rule_t *rule, ngx_str_t *value);
static const char *ngx_canonical_option_mask(ngx_canonical_compiler_t *c,
    ngx_canonical_rule_t *rule, ngx_str_t *value);
static const char *ngx_canonical_option_drop(ngx_canonical_compiler_t *c,
    ngx_canonical_rule_t *rule, ngx_str_t *value);
static const char *ngx_canonical_option_max(ngx_canonical_compiler_t *c,
    ngx_canonical_rule_t *rule, ngx_str_t *value);
static const char *ngx_canonical_option_required(ngx_canonical_compiler_t *c,
    ngx_canonical_rule_t *rule, ngx_str_t *value);
static const char *ngx_canonical_option_null(ngx_canonical_compiler_t *c,
    ngx_canonical_rule_t *rule, ngx_str_t *value);
static const char *ngx_canonical_option_alt(ngx_canonical_compiler_t *c,
    ngx_canonical_rule_t *rule, ngx_str_t *value);

static const char *ngx_canonical_option_conflict(ngx_canonical_rule_t *rule,
    ngx_uint_t has);
static const char *ngx_canonical_default(ngx_canonical_compiler_t *c,
    ngx_canonical_rule_t *rule);
static const char *ngx_canonical_default_type(ngx_canonical_compiler_t *c,
    ngx_canonical_rule_t *rule);
static const char *ngx_canonical_default_decimal(ngx_canonical_compiler_t *c,
    ngx_canonical_rule_t *rule);
static const char *ngx_canonical_default_time(ngx_canonical_compiler_t *c,
    ngx_canonical_rule_t *rule);
static const char *ngx_canonical_default_bool(ngx_canonical_compiler_t *c,
    ngx_canonical_rule_t *rule);
static ngx_uint_t ngx_canonical_in_list(ngx_str_t *list, ngx_str_t *word);
static ngx_uint_t ngx_canonical_is_int(ngx_str_t *text);


static const char  *ngx_canonical_types[] = {
    "ts", "date", "time", "decimal", "int", "bool", "code", "text", NULL
};


static ngx_canonical_option_t  ngx_canonical_options[] = {
    { "decimal=", ngx_canonical_option_scale, NGX_CANONICAL_HAS_TYPE },
    { "bool=", ngx_canonical_option_bool, NGX_CANONICAL_HAS_TYPE },
    { "map=", ngx_canonical_option_map, NGX_CANONICAL_HAS_MAP },
    { "default=", ngx_canonical_option_default, NGX_CANONICAL_HAS_DEFAULT },
    { "hmac=", ngx_canonical_option_hmac, NGX_CANONICAL_HAS_HMAC },
    { "authority=", ngx_canonical_option_authority,
      NGX_CANONICAL_HAS_AUTHORITY },
    { "mask=", ngx_canonical_option_mask, NGX_CANONICAL_HAS_MASK },
    { "drop", ngx_canonical_option_drop, NGX_CANONICAL_HAS_DROP },
    { "max=", ngx_canonical_option_max, NGX_CANONICAL_HAS_MAX },
    { "required", ngx_canonical_option_required, NGX_CANONICAL_HAS_REQUIRED },
    { "null=", ngx_canonical_option_null, NGX_CANONICAL_HAS_NULL },
    { "alt=", ngx_canonical_option_alt, NGX_CANONICAL_HAS_ALT },
    { NULL, NULL, 0 }
};


const char *
ngx_canonical_compile_options(ngx_canonical_compiler_t *c,
    ngx_canonical_rule_t *rule, ngx_str_t *words, ngx_uint_t n)
{
    ngx_str_t                value;
    ngx_uint_t               i, has, bit;
    const char              *why;
    ngx_canonical_option_t  *o;

    has = 0;

    for (i = 0; i < n; i++) {

        if (ngx_canonical_option_type(rule, &words[i])) {

            if (has & NGX_CANONICAL_HAS_TYPE) {
                return "a value has one type";
            }

            has |= NGX_CANONICAL_HAS_TYPE;
            continue;
        }

        for (o = ngx_canonical_options; o->name; o++) {

            if (o->name[strlen(o->name) - 1] == '='
                ? ngx_canonical_word_value(&words[i], o->name, &value)
                : ngx_canonical_word_is(&words[i], o->name))
            {
                break;
            }
        }

        if (o->name == NULL) {
            return ngx_canonical_unexpected(c, &words[i]);
        }

        bit = o->bit;

        if (bit == NGX_CANONICAL_HAS_TYPE && (has & bit)) {
            return "a value has one type";
        }

        if ((has & bit) && bit != NGX_CANONICAL_HAS_ALT) {
            return ngx_canonical_compile_error(c, "\"%s\" is given twice",
                                               o->name);
        }

        has |= bit;

        why = o->handler(c, rule, &value);
        if (why) {
            return why;
        }
    }

    why = ngx_canonical_option_conflict(rule, has);

    if (why || !(has & NGX_CANONICAL_HAS_DEFAULT)) {
        return why;
    }

    return ngx_canonical_default(c, rule);
}


static ngx_uint_t
ngx_canonical_option_type(ngx_canonical_rule_t *rule, ngx_str_t *word)
{
    ngx_uint_t  i;

    for (i = 0; ngx_canonical_types[i]; i++) {
        if (ngx_canonical_word_is(word, ngx_canonical_types[i])) {

            /* the first one stays, a second one is an error anyway */

            if (rule->type == NGX_CANONICAL_PLAIN) {
                rule->type = NGX_CANONICAL_TS + i;
            }

            return 1;
        }
    }

    return 0;
}


static const char *
ngx_canonical_option_scale(ngx_canonical_compiler_t *c,
    ngx_canonical_rule_t *rule, ngx_str_t *value)
{
    ngx_int_t  scale;

    scale = ngx_canonical_word_number(value, NGX_CANONICAL_SCALE_MAX);

    if (scale == NGX_ERROR) {
        return ngx_canonical_compile_error(c, "invalid scale \"%.*s\", 0 to "
                                           "%d is expected",
                                           ngx_canonical_quote(value),
                                           NGX_CANONICAL_SCALE_MAX);
    }

    rule->type = NGX_CANONICAL_DECIMAL;
    rule->scale = scale;

    return NULL;
}


/* bool=Y,1:N,0 */

static const char *
ngx_canonical_option_bool(ngx_canonical_compiler_t *c,
    ngx_canonical_rule_t *rule, ngx_str_t *value)
{
    u_char     *colon, *end;
    ngx_str_t  *word;

    rule->type = NGX_CANONICAL_BOOL;

    end = value->data + value->len;

    colon = value->len ? memchr(value->data, ':', value->len) : NULL;

    if (colon == NULL) {
        return "\"bool=\" names the words for true, \":\" and those for false";
    }

    rule->yes = ngx_canonical_option_list(c, value->data, colon);
    rule->no = ngx_canonical_option_list(c, colon + 1, end);

    if (rule->yes == NULL || rule->no == NULL) {
        return NGX_CANONICAL_NO_MEMORY;
    }

    if (rule->yes[0].len == 0 || rule->no[0].len == 0) {
        return "\"bool=\" names the words for true, \":\" and those for false";
    }

    for (word = rule->yes; word->len; word++) {
        if (ngx_canonical_in_list(rule->no, word)) {
            return ngx_canonical_compile_error(c, "\"%.*s\" is true and "
                                               "false",
                                               ngx_canonical_quote(word));
        }
    }

    return NULL;
}


/* words with commas between them; an empty one ends the list */

static ngx_str_t *
ngx_canonical_option_list(ngx_canonical_compiler_t *c, u_char *p, u_char *end)
{
    ngx_str_t   *list, *word;

    list = ngx_canonical_zalloc(c->arena,
                                (end - p + 2) * sizeof(ngx_str_t));
    if (list == NULL) {
        return NULL;
    }

    word = list;
    word->data = p;

    for ( /* void */ ; p < end; p++) {

        if (*p != ',') {
            word->len++;
            continue;
        }

        word++;
        word->data = p + 1;
    }

    return list;
}


static const char *
ngx_canonical_option_map(ngx_canonical_compiler_t *c,
    ngx_canonical_rule_t *rule, ngx_str_t *value)
{
    rule->table = c->table(c, value);

    if (rule->table == NULL) {
        return ngx_canonical_compile_error(c, "unknown table \"%.*s\"",
                                           ngx_canonical_quote(value));
    }

    return NULL;
}


static const char *
ngx_canonical_option_default(ngx_canonical_compiler_t *c,
    ngx_canonical_rule_t *rule, ngx_str_t *value)
{
    if (value->len == 0) {
        return "\"default=\" is empty";
    }

    rule->value = *value;

    return NULL;
}


static const char *
ngx_canonical_option_hmac(ngx_canonical_compiler_t *c,
    ngx_canonical_rule_t *rule, ngx_str_t *value)
{
    rule->key = c->key(c, value);

    if (rule->key == NULL) {
        return ngx_canonical_compile_error(c, "unknown key \"%.*s\"",
                                           ngx_canonical_quote(value));
    }

    return NULL;
}


static const char *
ngx_canonical_option_authority(ngx_canonical_compiler_t *c,
    ngx_canonical_rule_t *rule, ngx_str_t *value)
{
    rule->authority = *value;

    return NULL;
}


static const char *
ngx_canonical_option_mask(ngx_canonical_compiler_t *c,
    ngx_canonical_rule_t *rule, ngx_str_t *value)
{
    ngx_uint_t  i;

    static const char  *names[] = { "year", "initial", "last4", "zip3" };

    for (i = 0; i < 4; i++) {
        if (ngx_canonical_word_is(value, names[i])) {
            rule->mask = NGX_CANONICAL_MASK_YEAR + i;
            return NULL;
        }
    }

    return ngx_canonical_compile_error(c, "invalid mask \"%.*s\", year, "
                                       "initial, last4 or zip3 is expected",
                                       ngx_canonical_quote(value));
}


static const char *
ngx_canonical_option_drop(ngx_canonical_compiler_t *c,
    ngx_canonical_rule_t *rule, ngx_str_t *value)
{
    rule->drop = 1;

    return NULL;
}


static const char *
ngx_canonical_option_max(ngx_canonical_compiler_t *c,
    ngx_canonical_rule_t *rule, ngx_str_t *value)
{
    ngx_int_t  max;

    max = ngx_canonical_word_number(value, 999999999);

    if (max < 1) {
        return ngx_canonical_compile_error(c, "invalid length \"%.*s\"",
                                           ngx_canonical_quote(value));
    }

    rule->max = max;

    return NULL;
}


static const char *
ngx_canonical_option_required(ngx_canonical_compiler_t *c,
    ngx_canonical_rule_t *rule, ngx_str_t *value)
{
    rule->required = 1;

    return NULL;
}


static const char *
ngx_canonical_option_null(ngx_canonical_compiler_t *c,
    ngx_canonical_rule_t *rule, ngx_str_t *value)
{
    rule->clear = ngx_canonical_word_is(value, "clear");

    if (!rule->clear && !ngx_canonical_word_is(value, "keep")) {
        return ngx_canonical_compile_error(c, "invalid value \"%.*s\", keep "
                                           "or clear is expected",
                                           ngx_canonical_quote(value));
    }

    return NULL;
}


static const char *
ngx_canonical_option_alt(ngx_canonical_compiler_t *c,
    ngx_canonical_rule_t *rule, ngx_str_t *value)
{
    return ngx_canonical_compile_alternative(c, value, &rule->sources);
}


static const char *
ngx_canonical_option_conflict(ngx_canonical_rule_t *rule, ngx_uint_t has)
{
    ngx_uint_t  number;

    number = (rule->type == NGX_CANONICAL_DECIMAL
              || rule->type == NGX_CANONICAL_INT
              || rule->type == NGX_CANONICAL_BOOL);

    if (rule->drop && (has & ~(NGX_CANONICAL_HAS_DROP
                               | NGX_CANONICAL_HAS_ALT)))
    {
        return "\"drop\" goes with nothing else";
    }

    if (rule->key && rule->mask) {
        return "\"hmac=\" and \"mask=\" exclude each other";
    }

    if ((rule->key || rule->mask) && number) {
        return "a number or boolean can be neither hmac= nor mask=";
    }

    if ((has & NGX_CANONICAL_HAS_AUTHORITY) && rule->key == NULL) {
        return "\"authority=\" goes with \"hmac=\" only";
    }

    if (rule->required && (has & NGX_CANONICAL_HAS_DEFAULT)) {
        return "\"required\" and \"default=\" exclude each other";
    }

    return NULL;
}


/* it goes out as it is: what the type would do to it is done now */

static const char *
ngx_canonical_default(ngx_canonical_compiler_t *c, ngx_canonical_rule_t *rule)
{
    size_t       i;
    ngx_uint_t   n;
    const char  *why;

    why = ngx_canonical_default_type(c, rule);
    if (why) {
        return why;
    }

    n = 0;

    for (i = 0; i < rule->value.len; i++) {
        n += ((rule->value.data[i] & 0xc0) != 0x80);
    }

    if (rule->max && n > rule->max) {
        return "\"default=\" is longer than \"max=\"";
    }

    return NULL;
}


static const char *
ngx_canonical_default_type(ngx_canonical_compiler_t *c,
    ngx_canonical_rule_t *rule)
{
    switch (rule->type) {

    case NGX_CANONICAL_TS:
    case NGX_CANONICAL_DATE:
    case NGX_CANONICAL_TIME:
        return ngx_canonical_default_time(c, rule);

    case NGX_CANONICAL_DECIMAL:
        return ngx_canonical_default_decimal(c, rule);

    case NGX_CANONICAL_INT:
        rule->value_kind = NGX_CANONICAL_NUMBER;
        return ngx_canonical_is_int(&rule->value)
               ? NULL : "\"default=\" is not an integer";

    case NGX_CANONICAL_BOOL:
        return ngx_canonical_default_bool(c, rule);

    default:
        return NULL;
    }
}


static const char *
ngx_canonical_default_decimal(ngx_canonical_compiler_t *c,
    ngx_canonical_rule_t *rule)
{
    u_char                   *p;
    ngx_canonical_decimal_t   d;

    if (ngx_canonical_decimal_read(&d, &rule->value, 0) != NGX_OK) {
        return "\"default=\" is not a number";
    }

    if (rule->scale != NGX_CANONICAL_NO_SLOT
        && ngx_canonical_decimal_rescale(&d, rule->scale) != NGX_OK)
    {
        return "\"default=\" has more digits than the scale";
    }

    p = ngx_canonical_bytes(c->arena, NGX_CANONICAL_DECIMAL_LEN);
    if (p == NULL) {
        return NGX_CANONICAL_NO_MEMORY;
    }

    rule->value.data = p;
    rule->value.len = ngx_canonical_decimal_print(&d, p) - p;

    return NULL;
}


/* written as in ISO 8601 or as in HL7, whatever the map is from */

static const char *
ngx_canonical_default_time(ngx_canonical_compiler_t *c,
    ngx_canonical_rule_t *rule)
{
    u_char                *p, *last;
    ngx_int_t              rc;
    ngx_uint_t             hl7;
    const char            *why;
    ngx_canonical_time_t   t;

    if (rule->type == NGX_CANONICAL_TIME) {
        rc = ngx_canonical_time_read_hl7_tm(&t, &rule->value, &why);

    } else {
        rc = ngx_canonical_time_read_hl7(&t, &rule->value, &why);
    }

    if (rc != NGX_OK) {
        rc = ngx_canonical_time_read_iso(&t, &rule->value, &why);
    }

    if (rc != NGX_OK || (t.year == 0) != (rule->type == NGX_CANONICAL_TIME)
        || (rule->type == NGX_CANONICAL_DATE
            && t.precision > NGX_CANONICAL_DAY))
    {
        return "\"default=\" is not of the type";
    }

    if (rule->type == NGX_CANONICAL_TS && !t.zoned
        && t.precision > NGX_CANONICAL_DAY)
    {
        return "\"default=\" has no offset";
    }

    p = ngx_canonical_bytes(c->arena, NGX_CANONICAL_TIME_LEN);
    if (p == NULL) {
        return NGX_CANONICAL_NO_MEMORY;
    }

    hl7 = (c->map->to == NGX_CANONICAL_TO_HL7);

    if (rule->type == NGX_CANONICAL_TIME) {
        t.zoned = 0;
    }

    if (hl7) {
        last = ngx_canonical_time_print_hl7(&t, p);

    } else if (rule->type == NGX_CANONICAL_TS) {
        last = ngx_canonical_time_print(&t, p);

    } else if (rule->type == NGX_CANONICAL_DATE) {
        last = ngx_canonical_time_print_date(&t, p);

    } else {
        last = ngx_canonical_time_print_tod(&t, p);
    }

    rule->value.data = p;
    rule->value.len = last - p;

    return NULL;
}


/* HL7 has no booleans, only the words for them */

static const char *
ngx_canonical_default_bool(ngx_canonical_compiler_t *c,
    ngx_canonical_rule_t *rule)
{
    ngx_uint_t  yes, no;

    yes = ngx_canonical_word_is(&rule->value, "true");
    no = ngx_canonical_word_is(&rule->value, "false");

    if (rule->yes) {
        yes |= ngx_canonical_in_list(rule->yes, &rule->value);
        no |= ngx_canonical_in_list(rule->no, &rule->value);
    }

    if (yes == no) {
        return "\"default=\" is not a boolean";
    }

    if (c->map->to == NGX_CANONICAL_TO_HL7) {

        if (rule->yes) {
            rule->value = yes ? rule->yes[0] : rule->no[0];

        } else if (yes) {
            ngx_str_set(&rule->value, "Y");

        } else {
            ngx_str_set(&rule->value, "N");
        }

        return NULL;
    }

    rule->value_kind = NGX_CANONICAL_BOOLEAN;

    if (yes) {
        ngx_str_set(&rule->value, "true");

    } else {
        ngx_str_set(&rule->value, "false");
    }

    return NULL;
}


static ngx_uint_t
ngx_canonical_in_list(ngx_str_t *list, ngx_str_t *word)
{
    for ( /* void */ ; list->len; list++) {
        if (list->len == word->len
            && ngx_memcmp(list->data, word->data, word->len) == 0)
        {
            return 1;
        }
    }

    return 0;
}


const char *
ngx_canonical_compile_literal(ngx_canonical_compiler_t *c,
    ngx_canonical_rule_t *rule, ngx_str_t *type)
{
    if (type == NULL) {
        return NULL;
    }

    if (ngx_canonical_word_is(type, "int")) {
        rule->value_kind = NGX_CANONICAL_NUMBER;

        if (ngx_canonical_is_int(&rule->value)) {
            return NULL;
        }

    } else if (ngx_canonical_word_is(type, "bool")) {
        rule->value_kind = NGX_CANONICAL_BOOLEAN;

        if (ngx_canonical_word_is(&rule->value, "true")
            || ngx_canonical_word_is(&rule->value, "false"))
        {
            return NULL;
        }

    } else {
        return ngx_canonical_unexpected(c, type);
    }

    return ngx_canonical_compile_error(c, "\"%.*s\" is not of the type",
                                       ngx_canonical_quote(&rule->value));
}


/* as JSON has it */

static ngx_uint_t
ngx_canonical_is_int(ngx_str_t *text)
{
    u_char  *p, *end;

    p = text->data;
    end = p + text->len;

    if (p < end && *p == '-') {
        p++;
    }

    if (p == end || end - p > NGX_CANONICAL_INT_DIGITS
        || (*p == '0' && end - p > 1))
    {
        return 0;
    }

    while (p < end && *p >= '0' && *p <= '9') {
        p++;
    }

    return p == end;
}
