
/*
 * From what a source has to what a rule wants: see the header.
 */

#include "ngx_canonical_run.h"


#define NGX_CANONICAL_INT_DIGITS   18
#define NGX_CANONICAL_CODE_LEN     255


#define ngx_canonical_is_digit(ch)  ((ch) >= '0' && (ch) <= '9')


static ngx_int_t ngx_canonical_value_default(ngx_canonical_rule_t *rule,
    ngx_canonical_value_t *v);
static ngx_int_t ngx_canonical_value_convert(ngx_canonical_runner_t *r,
    ngx_canonical_frame_t *f, ngx_canonical_rule_t *rule,
    ngx_canonical_value_t *v);
static ngx_int_t ngx_canonical_value_container(ngx_canonical_runner_t *r,
    ngx_canonical_rule_t *rule, ngx_canonical_value_t *v);
static ngx_int_t ngx_canonical_value_table(ngx_canonical_rule_t *rule,
    ngx_canonical_value_t *v);
static ngx_int_t ngx_canonical_value_type(ngx_canonical_runner_t *r,
    ngx_canonical_rule_t *rule, ngx_canonical_value_t *v);
static ngx_int_t ngx_canonical_value_time(ngx_canonical_runner_t *r,
    ngx_canonical_rule_t *rule, ngx_canonical_value_t *v);
static ngx_int_t ngx_canonical_value_read_time(ngx_canonical_runner_t *r,
    ngx_canonical_rule_t *rule, ngx_canonical_value_t *v,
    ngx_canonical_time_t *t);
static void ngx_canonical_value_zone(ngx_canonical_runner_t *r,
    ngx_canonical_time_t *t);
static void ngx_canonical_value_read_msh(ngx_canonical_runner_t *r);
static ngx_int_t ngx_canonical_value_decimal(ngx_canonical_runner_t *r,
    ngx_canonical_rule_t *rule, ngx_canonical_value_t *v);
static ngx_uint_t ngx_canonical_value_is_decimal(ngx_str_t *text,
    ngx_uint_t scale);
static ngx_int_t ngx_canonical_value_int(ngx_canonical_runner_t *r,
    ngx_canonical_value_t *v);
static ngx_int_t ngx_canonical_value_bool(ngx_canonical_runner_t *r,
    ngx_canonical_rule_t *rule, ngx_canonical_value_t *v);
static ngx_uint_t ngx_canonical_value_in(ngx_str_t *words, ngx_str_t *text);
static ngx_int_t ngx_canonical_value_code(ngx_canonical_value_t *v);
static ngx_int_t ngx_canonical_value_hide(ngx_canonical_runner_t *r,
    ngx_canonical_frame_t *f, ngx_canonical_rule_t *rule,
    ngx_canonical_value_t *v);
static ngx_uint_t ngx_canonical_value_longer(ngx_str_t *text, ngx_uint_t max);
static ngx_int_t ngx_canonical_value_refuse(ngx_canonical_value_t *v,
    ngx_uint_t code, const char *why);


static ngx_str_t  ngx_canonical_yes[] = {
    ngx_string("Y"), ngx_string("true"), ngx_string("1"), ngx_string("T"),
    ngx_null_string
};

static ngx_str_t  ngx_canonical_no[] = {
    ngx_string("N"), ngx_string("false"), ngx_string("0"), ngx_string("F"),
    ngx_null_string
};


ngx_int_t
ngx_canonical_value(ngx_canonical_runner_t *r, ngx_canonical_frame_t *f,
    ngx_canonical_rule_t *rule, ngx_canonical_value_t *v)
{
    ngx_int_t  rc;

    switch (v->state) {

    case NGX_CANONICAL_VALUED:
        rc = ngx_canonical_value_convert(r, f, rule, v);

        if (rc != NGX_DONE) {
            return rc;
        }

        return ngx_canonical_value_default(rule, v);

    case NGX_CANONICAL_NIL:
        if (rule->required) {
            return ngx_canonical_value_refuse(v, NGX_HL7_REQUIRED_FIELD,
                                              "required value is missing");
        }

        v->kind = NGX_CANONICAL_NULL;
        ngx_str_null(&v->text);
        return NGX_OK;

    default: /* NGX_CANONICAL_ABSENT */
        return ngx_canonical_value_default(rule, v);
    }
}


static ngx_int_t
ngx_canonical_value_default(ngx_canonical_rule_t *rule,
    ngx_canonical_value_t *v)
{
    if (rule->value.data) {
        v->state = NGX_CANONICAL_ABSENT;
        v->kind = rule->value_kind;
        v->text = rule->value;
        return NGX_OK;
    }

    if (rule->required) {
        return ngx_canonical_value_refuse(v, NGX_HL7_REQUIRED_FIELD,
                                          "required value is missing");
    }

    return NGX_DONE;
}


static ngx_int_t
ngx_canonical_value_convert(ngx_canonical_runner_t *r,
    ngx_canonical_frame_t *f, ngx_canonical_rule_t *rule,
    ngx_canonical_value_t *v)
{
    ngx_int_t  rc;

    if (v->kind >= NGX_CANONICAL_OBJECT) {
        return ngx_canonical_value_container(r, rule, v);
    }

    if (rule->table) {
        rc = ngx_canonical_value_table(rule, v);
        if (rc != NGX_OK) {
            return rc;
        }
    }

    if (rule->type != NGX_CANONICAL_PLAIN) {
        rc = ngx_canonical_value_type(r, rule, v);
        if (rc != NGX_OK) {
            return rc;
        }

    } else if (!r->keep) {
        v->kind = NGX_CANONICAL_STRING;
    }

    if (rule->mask || rule->key) {
        rc = ngx_canonical_value_hide(r, f, rule, v);
        if (rc != NGX_OK) {
            return rc;
        }
    }

    if (rule->max && ngx_canonical_value_longer(&v->text, rule->max)) {
        return ngx_canonical_value_refuse(v, NGX_HL7_VALUE_TOO_LONG,
                                          "longer than max=");
    }

    return NGX_OK;
}


/* an object or array can be copied as it is, and nothing more */

static ngx_int_t
ngx_canonical_value_container(ngx_canonical_runner_t *r,
    ngx_canonical_rule_t *rule, ngx_canonical_value_t *v)
{
    if (r->keep && rule->type == NGX_CANONICAL_PLAIN && rule->table == NULL
        && rule->key == NULL && !rule->mask && rule->max == 0
        && !rule->flat)
    {
        return NGX_OK;
    }

    return ngx_canonical_value_refuse(v, NGX_HL7_DATA_TYPE,
                                      "not a single value");
}


/* a word that the table maps to nothing has no value */

static ngx_int_t
ngx_canonical_value_table(ngx_canonical_rule_t *rule, ngx_canonical_value_t *v)
{
    ngx_str_t  *word;

    word = ngx_canonical_table_get(rule->table, &v->text);

    if (word) {
        v->kind = NGX_CANONICAL_STRING;
        v->text = *word;
        return word->len ? NGX_OK : NGX_DONE;
    }

    if (rule->value.data) {
        return NGX_DONE;
    }

    return ngx_canonical_value_refuse(v, NGX_HL7_TABLE_VALUE,
                                      "not in the table");
}


static ngx_int_t
ngx_canonical_value_type(ngx_canonical_runner_t *r,
    ngx_canonical_rule_t *rule, ngx_canonical_value_t *v)
{
    switch (rule->type) {

    case NGX_CANONICAL_TS:
    case NGX_CANONICAL_DATE:
    case NGX_CANONICAL_TIME:
        return ngx_canonical_value_time(r, rule, v);

    case NGX_CANONICAL_DECIMAL:
        return ngx_canonical_value_decimal(r, rule, v);

    case NGX_CANONICAL_INT:
        return ngx_canonical_value_int(r, v);

    case NGX_CANONICAL_BOOL:
        return ngx_canonical_value_bool(r, rule, v);

    case NGX_CANONICAL_CODE:
        return ngx_canonical_value_code(v);

    default: /* NGX_CANONICAL_TEXT */
        v->kind = NGX_CANONICAL_STRING;
        return NGX_OK;
    }
}


static ngx_int_t
ngx_canonical_value_time(ngx_canonical_runner_t *r,
    ngx_canonical_rule_t *rule, ngx_canonical_value_t *v)
{
    u_char                *p, *last;
    ngx_int_t              rc;
    ngx_uint_t             hl7;
    ngx_canonical_time_t   t;

    rc = ngx_canonical_value_read_time(r, rule, v, &t);
    if (rc != NGX_OK) {
        return rc;
    }

    p = ngx_canonical_bytes(r->arena, NGX_CANONICAL_TIME_LEN);
    if (p == NULL) {
        return NGX_ERROR;
    }

    hl7 = (r->map->to == NGX_CANONICAL_TO_HL7);

    switch (rule->type) {

    case NGX_CANONICAL_TS:
        ngx_canonical_value_zone(r, &t);

        last = hl7 ? ngx_canonical_time_print_hl7(&t, p)
                   : ngx_canonical_time_print(&t, p);
        break;

    case NGX_CANONICAL_DATE:

        if (t.precision > NGX_CANONICAL_DAY) {
            t.precision = NGX_CANONICAL_DAY;
            t.zoned = 0;
        }

        last = hl7 ? ngx_canonical_time_print_hl7(&t, p)
                   : ngx_canonical_time_print_date(&t, p);
        break;

    default: /* NGX_CANONICAL_TIME */
        t.year = 0;
        t.zoned = 0;

        last = hl7 ? ngx_canonical_time_print_hl7(&t, p)
                   : ngx_canonical_time_print_tod(&t, p);
        break;
    }

    ngx_canonical_trim(r->arena, p + NGX_CANONICAL_TIME_LEN, last);

    v->kind = NGX_CANONICAL_STRING;
    v->text.data = p;
    v->text.len = last - p;

    return NGX_OK;
}


static ngx_int_t
ngx_canonical_value_read_time(ngx_canonical_runner_t *r,
    ngx_canonical_rule_t *rule, ngx_canonical_value_t *v,
    ngx_canonical_time_t *t)
{
    ngx_int_t    rc;
    const char  *why;

    if (r->hl7 == NULL) {
        rc = ngx_canonical_time_read_iso(t, &v->text, &why);

    } else {
        rc = NGX_DECLINED;

        if (rule->type == NGX_CANONICAL_TIME) {
            rc = ngx_canonical_time_read_hl7_tm(t, &v->text, &why);
        }

        if (rc != NGX_OK) {
            rc = ngx_canonical_time_read_hl7(t, &v->text, &why);
        }
    }

    if (rc != NGX_OK) {
        return ngx_canonical_value_refuse(v, NGX_HL7_DATA_TYPE, why);
    }

    if (rule->type == NGX_CANONICAL_TIME) {

        if (t->precision < NGX_CANONICAL_HOUR) {
            return ngx_canonical_value_refuse(v, NGX_HL7_DATA_TYPE,
                                              "no time of day");
        }

    } else if (t->year == 0) {
        return ngx_canonical_value_refuse(v, NGX_HL7_DATA_TYPE, "no date");
    }

    return NGX_OK;
}


/* the offset of the message and the map's zone, in the order of the map */

static void
ngx_canonical_value_zone(ngx_canonical_runner_t *r, ngx_canonical_time_t *t)
{
    ngx_canonical_map_t  *map;

    if (t->zoned || t->precision < NGX_CANONICAL_HOUR) {
        return;
    }

    map = r->map;

    if (map->zone_msh && (map->zone_first || map->zone == NULL) && r->hl7) {

        if (!r->msh_read) {
            ngx_canonical_value_read_msh(r);
        }

        if (r->msh_zoned) {
            t->zoned = 1;
            t->utc = 0;
            t->offset = r->msh_offset;
            return;
        }
    }

    if (map->zone) {
        ngx_canonical_time_zone(t, map->zone, map->ambiguous_last);
    }
}


static void
ngx_canonical_value_read_msh(ngx_canonical_runner_t *r)
{
    ngx_str_t              text;
    const char            *why;
    ngx_canonical_time_t   t;

    r->msh_read = 1;

    if (ngx_hl7_msh(r->hl7->message, 7, 1, &text) == NGX_HL7_VALUED
        && ngx_canonical_time_read_hl7(&t, &text, &why) == NGX_OK
        && t.zoned)
    {
        r->msh_zoned = 1;
        r->msh_offset = t.offset;
    }
}


static ngx_int_t
ngx_canonical_value_decimal(ngx_canonical_runner_t *r,
    ngx_canonical_rule_t *rule, ngx_canonical_value_t *v)
{
    u_char                   *p, *last;
    ngx_canonical_decimal_t   d;

    v->kind = NGX_CANONICAL_STRING;

    if (ngx_canonical_value_is_decimal(&v->text, rule->scale)) {
        return NGX_OK;
    }

    if (ngx_canonical_decimal_read(&d, &v->text, r->hl7 == NULL) != NGX_OK) {
        return ngx_canonical_value_refuse(v, NGX_HL7_DATA_TYPE,
                                          "not a number");
    }

    if (rule->scale != NGX_CANONICAL_NO_SLOT
        && ngx_canonical_decimal_rescale(&d, rule->scale) != NGX_OK)
    {
        return ngx_canonical_value_refuse(v, NGX_HL7_DATA_TYPE,
                                          "more digits than the scale");
    }

    p = ngx_canonical_bytes(r->arena, NGX_CANONICAL_DECIMAL_LEN);
    if (p == NULL) {
        return NGX_ERROR;
    }

    last = ngx_canonical_decimal_print(&d, p);

    ngx_canonical_trim(r->arena, p + NGX_CANONICAL_DECIMAL_LEN, last);

    v->text.data = p;
    v->text.len = last - p;

    return NGX_OK;
}


/* whether it is already what would be printed: the usual case, no copy */

static ngx_uint_t
ngx_canonical_value_is_decimal(ngx_str_t *text, ngx_uint_t scale)
{
    u_char  *p, *end, *point;

    if (text->len == 0 || text->len > NGX_CANONICAL_DECIMAL_DIGITS) {
        return 0;
    }

    p = text->data;
    end = p + text->len;
    point = NULL;

    if (*p == '0' && text->len > 1 && p[1] != '.') {
        return 0;
    }

    for ( /* void */ ; p < end; p++) {

        if (ngx_canonical_is_digit(*p)) {
            continue;
        }

        if (*p != '.' || point || p == text->data || p + 1 == end) {
            return 0;
        }

        point = p;
    }

    if (scale == NGX_CANONICAL_NO_SLOT) {
        return 1;
    }

    return (point ? (ngx_uint_t) (end - point - 1) : 0) == scale;
}


/* a number of JSON: no sign +, no leading zeros, and none behind a point */

static ngx_int_t
ngx_canonical_value_int(ngx_canonical_runner_t *r, ngx_canonical_value_t *v)
{
    u_char      *p, *start, *end, *copy;
    size_t       len;
    ngx_uint_t   minus;

    p = v->text.data;
    end = p + v->text.len;

    minus = (p < end && *p == '-');

    if (p < end && (*p == '-' || *p == '+')) {
        p++;
    }

    start = p;

    while (p < end && ngx_canonical_is_digit(*p)) {
        p++;
    }

    len = p - start;

    if (p < end && *p == '.' && len) {
        do {
            p++;
        } while (p < end && *p == '0');
    }

    if (len == 0 || p < end) {
        return ngx_canonical_value_refuse(v, NGX_HL7_DATA_TYPE,
                                          "not an integer");
    }

    while (len > 1 && *start == '0') {
        start++;
        len--;
    }

    if (len > NGX_CANONICAL_INT_DIGITS) {
        return ngx_canonical_value_refuse(v, NGX_HL7_DATA_TYPE,
                                          "an integer of too many digits");
    }

    v->kind = NGX_CANONICAL_NUMBER;

    if (minus && *start != '0') {

        if (start == v->text.data + 1) {
            start--;
            len++;

        } else {
            copy = ngx_canonical_bytes(r->arena, len + 1);
            if (copy == NULL) {
                return NGX_ERROR;
            }

            copy[0] = '-';
            ngx_memcpy(copy + 1, start, len);

            start = copy;
            len++;
        }
    }

    v->text.data = start;
    v->text.len = len;

    return NGX_OK;
}


/* HL7 has no booleans: there the words are what is written */

static ngx_int_t
ngx_canonical_value_bool(ngx_canonical_runner_t *r,
    ngx_canonical_rule_t *rule, ngx_canonical_value_t *v)
{
    ngx_str_t   *yes, *no;
    ngx_uint_t   is;

    yes = rule->yes ? rule->yes : ngx_canonical_yes;
    no = rule->no ? rule->no : ngx_canonical_no;

    if (v->kind == NGX_CANONICAL_BOOLEAN) {
        is = (v->text.len == sizeof("true") - 1);

    } else if (ngx_canonical_value_in(yes, &v->text)) {
        is = 1;

    } else if (ngx_canonical_value_in(no, &v->text)) {
        is = 0;

    } else {
        return ngx_canonical_value_refuse(v, NGX_HL7_DATA_TYPE,
                                          "not a boolean");
    }

    if (r->map->to == NGX_CANONICAL_TO_HL7) {
        v->kind = NGX_CANONICAL_STRING;
        v->text = is ? yes[0] : no[0];
        return NGX_OK;
    }

    v->kind = NGX_CANONICAL_BOOLEAN;

    if (is) {
        ngx_str_set(&v->text, "true");

    } else {
        ngx_str_set(&v->text, "false");
    }

    return NGX_OK;
}


static ngx_uint_t
ngx_canonical_value_in(ngx_str_t *words, ngx_str_t *text)
{
    for ( /* void */ ; words->len; words++) {

        if (words->len == text->len
            && ngx_memcmp(words->data, text->data, text->len) == 0)
        {
            return 1;
        }
    }

    return 0;
}


static ngx_int_t
ngx_canonical_value_code(ngx_canonical_value_t *v)
{
    size_t  i;

    v->kind = NGX_CANONICAL_STRING;

    if (v->text.len > NGX_CANONICAL_CODE_LEN) {
        return ngx_canonical_value_refuse(v, NGX_HL7_DATA_TYPE,
                                          "too long for a code");
    }

    for (i = 0; i < v->text.len; i++) {

        if (v->text.data[i] < ' ' || v->text.data[i] == 0x7f) {
            return ngx_canonical_value_refuse(v, NGX_HL7_DATA_TYPE,
                                             "a control character in a code");
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_canonical_value_hide(ngx_canonical_runner_t *r, ngx_canonical_frame_t *f,
    ngx_canonical_rule_t *rule, ngx_canonical_value_t *v)
{
    ngx_int_t  rc;

    v->kind = NGX_CANONICAL_STRING;

    if (rule->mask) {
        rc = ngx_canonical_mask(rule->mask, &v->text, r->arena);

        if (rc != NGX_OK) {
            return (rc == NGX_DECLINED) ? NGX_DONE : NGX_ERROR;
        }
    }

    if (rule->key == NULL) {
        return NGX_OK;
    }

    v->authority = rule->authority;

    if (rule->authority.data == NULL) {
        rc = ngx_canonical_source_authority(r, f, v, &v->authority);
        if (rc != NGX_OK) {
            return rc;
        }
    }

    v->secret = v->text;

    return ngx_canonical_value_token(r, rule->key, 0, v);
}


ngx_int_t
ngx_canonical_value_token(ngx_canonical_runner_t *r,
    ngx_canonical_key_t *key, ngx_uint_t previous, ngx_canonical_value_t *v)
{
    size_t      len;
    u_char     *p, *last;
    ngx_str_t  *id;

    id = previous ? &key->previous_id : &key->id;
    len = NGX_CANONICAL_TOKEN_LEN + id->len;

    p = ngx_canonical_bytes(r->arena, len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    last = ngx_canonical_token(key, previous, &v->authority, &v->secret, p);

    if (last == NULL) {
        return ngx_canonical_value_refuse(v, NGX_HL7_INTERNAL_ERROR,
                                          "the token cannot be made");
    }

    v->text.data = p;
    v->text.len = last - p;

    return NGX_OK;
}


/* characters of UTF-8: bytes that do not continue one */

static ngx_uint_t
ngx_canonical_value_longer(ngx_str_t *text, ngx_uint_t max)
{
    size_t      i;
    ngx_uint_t  n;

    if (text->len <= max) {
        return 0;
    }

    n = 0;

    for (i = 0; i < text->len; i++) {
        if ((text->data[i] & 0xc0) != 0x80) {
            n++;
        }
    }

    return n > max;
}


static ngx_int_t
ngx_canonical_value_refuse(ngx_canonical_value_t *v, ngx_uint_t code,
    const char *why)
{
    v->code = code;
    v->why = why;

    return NGX_DECLINED;
}
