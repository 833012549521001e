
/*
 * The keywords of JSON Schema that are known, each with its value checked as
 * the draft's own schema has it.
 */

#include "ngx_canonical_schema_private.h"


static ngx_int_t ngx_canonical_schema_note(ngx_canonical_schema_compiler_t *c,
    ngx_canonical_schema_t *s, ngx_canonical_node_t *node,
    ngx_canonical_keyword_t *keyword);
static ngx_int_t ngx_canonical_schema_of_root(
    ngx_canonical_schema_compiler_t *c, ngx_canonical_schema_t *s,
    ngx_canonical_node_t *node, ngx_canonical_keyword_t *keyword);
static ngx_int_t ngx_canonical_schema_type(ngx_canonical_schema_compiler_t *c,
    ngx_canonical_schema_t *s, ngx_canonical_node_t *node,
    ngx_canonical_keyword_t *keyword);
static unsigned ngx_canonical_schema_type_bit(ngx_canonical_node_t *name);
static ngx_int_t ngx_canonical_schema_mismatch(
    ngx_canonical_schema_compiler_t *c, ngx_canonical_schema_t *s);
static ngx_int_t ngx_canonical_schema_value(ngx_canonical_schema_compiler_t *c,
    ngx_canonical_schema_t *s, ngx_canonical_node_t *node,
    ngx_canonical_keyword_t *keyword);
static ngx_uint_t ngx_canonical_schema_comparable(ngx_canonical_node_t *node);
static ngx_int_t ngx_canonical_schema_ref(ngx_canonical_schema_compiler_t *c,
    ngx_canonical_schema_t *s, ngx_canonical_node_t *node,
    ngx_canonical_keyword_t *keyword);
static ngx_int_t ngx_canonical_schema_list(ngx_canonical_schema_compiler_t *c,
    ngx_canonical_schema_t *s, ngx_canonical_node_t *node,
    ngx_canonical_keyword_t *keyword);
static ngx_int_t ngx_canonical_schema_one(ngx_canonical_schema_compiler_t *c,
    ngx_canonical_schema_t *s, ngx_canonical_node_t *node,
    ngx_canonical_keyword_t *keyword);
static ngx_int_t ngx_canonical_schema_additional(
    ngx_canonical_schema_compiler_t *c, ngx_canonical_schema_t *s,
    ngx_canonical_node_t *node, ngx_canonical_keyword_t *keyword);
static ngx_int_t ngx_canonical_schema_size(ngx_canonical_schema_compiler_t *c,
    ngx_canonical_schema_t *s, ngx_canonical_node_t *node,
    ngx_canonical_keyword_t *keyword);
static ngx_int_t ngx_canonical_schema_bound(ngx_canonical_schema_compiler_t *c,
    ngx_canonical_schema_t *s, ngx_canonical_node_t *node,
    ngx_canonical_keyword_t *keyword);
static ngx_int_t ngx_canonical_schema_pattern(
    ngx_canonical_schema_compiler_t *c, ngx_canonical_schema_t *s,
    ngx_canonical_node_t *node, ngx_canonical_keyword_t *keyword);
static ngx_int_t ngx_canonical_schema_format(
    ngx_canonical_schema_compiler_t *c, ngx_canonical_schema_t *s,
    ngx_canonical_node_t *node, ngx_canonical_keyword_t *keyword);
static ngx_int_t ngx_canonical_schema_names(ngx_canonical_schema_compiler_t *c,
    ngx_canonical_schema_t *s, ngx_canonical_node_t *node,
    ngx_canonical_keyword_t *keyword);
static ngx_int_t ngx_canonical_schema_dependent(
    ngx_canonical_schema_compiler_t *c, ngx_canonical_schema_t *s,
    ngx_canonical_node_t *node, ngx_canonical_keyword_t *keyword);


#define NGX_CANONICAL_SCHEMA_OBJECT                                           \
    ngx_canonical_schema_bit(NGX_CANONICAL_OBJECT)
#define NGX_CANONICAL_SCHEMA_ARRAY                                            \
    ngx_canonical_schema_bit(NGX_CANONICAL_ARRAY)
#define NGX_CANONICAL_SCHEMA_STRING                                           \
    ngx_canonical_schema_bit(NGX_CANONICAL_STRING)
#define NGX_CANONICAL_SCHEMA_NUMBER                                           \
    ngx_canonical_schema_bit(NGX_CANONICAL_NUMBER)


#define ngx_canonical_schema_member(name)                                     \
    offsetof(ngx_canonical_schema_t, name)

static ngx_canonical_keyword_t  ngx_canonical_schema_keywords[] = {

    { ngx_string("type"), NGX_CANONICAL_SCHEMA_TYPE,
      ngx_canonical_schema_type, 0 },

    { ngx_string("enum"), NGX_CANONICAL_SCHEMA_ANY,
      ngx_canonical_schema_value, ngx_canonical_schema_member(values) },

    { ngx_string("const"), NGX_CANONICAL_SCHEMA_ANY,
      ngx_canonical_schema_value, ngx_canonical_schema_member(constant) },

    { ngx_string("$ref"), NGX_CANONICAL_SCHEMA_ANY,
      ngx_canonical_schema_ref, 0 },

    { ngx_string("allOf"), NGX_CANONICAL_SCHEMA_ANY,
      ngx_canonical_schema_list, ngx_canonical_schema_member(all) },

    { ngx_string("anyOf"), NGX_CANONICAL_SCHEMA_ANY,
      ngx_canonical_schema_list, ngx_canonical_schema_member(any) },

    { ngx_string("oneOf"), NGX_CANONICAL_SCHEMA_ANY,
      ngx_canonical_schema_list, ngx_canonical_schema_member(one) },

    { ngx_string("not"), NGX_CANONICAL_SCHEMA_ANY,
      ngx_canonical_schema_one, ngx_canonical_schema_member(negated) },

    { ngx_string("if"), NGX_CANONICAL_SCHEMA_ANY,
      ngx_canonical_schema_one, ngx_canonical_schema_member(condition) },

    { ngx_string("then"), NGX_CANONICAL_SCHEMA_ANY,
      ngx_canonical_schema_one, ngx_canonical_schema_member(then) },

    { ngx_string("else"), NGX_CANONICAL_SCHEMA_ANY,
      ngx_canonical_schema_one, ngx_canonical_schema_member(otherwise) },

    /* these two are made one by ngx_canonical_schema_properties() */

    { ngx_string("properties"), NGX_CANONICAL_SCHEMA_OBJECT,
      ngx_canonical_schema_note, NGX_CANONICAL_OBJECT },

    { ngx_string("required"), NGX_CANONICAL_SCHEMA_OBJECT,
      ngx_canonical_schema_names, 0 },

    { ngx_string("additionalProperties"), NGX_CANONICAL_SCHEMA_OBJECT,
      ngx_canonical_schema_additional,
      ngx_canonical_schema_member(additional) },

    { ngx_string("dependentRequired"), NGX_CANONICAL_SCHEMA_OBJECT,
      ngx_canonical_schema_dependent, 0 },

    { ngx_string("items"), NGX_CANONICAL_SCHEMA_ARRAY,
      ngx_canonical_schema_one, ngx_canonical_schema_member(items) },

    { ngx_string("minItems"), NGX_CANONICAL_SCHEMA_ARRAY,
      ngx_canonical_schema_size, ngx_canonical_schema_member(min_items) },

    { ngx_string("maxItems"), NGX_CANONICAL_SCHEMA_ARRAY,
      ngx_canonical_schema_size, ngx_canonical_schema_member(max_items) },

    { ngx_string("minLength"), NGX_CANONICAL_SCHEMA_STRING,
      ngx_canonical_schema_size, ngx_canonical_schema_member(min_length) },

    { ngx_string("maxLength"), NGX_CANONICAL_SCHEMA_STRING,
      ngx_canonical_schema_size, ngx_canonical_schema_member(max_length) },

    { ngx_string("pattern"), NGX_CANONICAL_SCHEMA_STRING,
      ngx_canonical_schema_pattern, 0 },

    { ngx_string("format"), NGX_CANONICAL_SCHEMA_STRING,
      ngx_canonical_schema_format, 0 },

    { ngx_string("minimum"), NGX_CANONICAL_SCHEMA_NUMBER,
      ngx_canonical_schema_bound, ngx_canonical_schema_member(minimum) },

    { ngx_string("maximum"), NGX_CANONICAL_SCHEMA_NUMBER,
      ngx_canonical_schema_bound, ngx_canonical_schema_member(maximum) },

    { ngx_string("exclusiveMinimum"), NGX_CANONICAL_SCHEMA_NUMBER,
      ngx_canonical_schema_bound,
      ngx_canonical_schema_member(exclusive_minimum) },

    { ngx_string("exclusiveMaximum"), NGX_CANONICAL_SCHEMA_NUMBER,
      ngx_canonical_schema_bound,
      ngx_canonical_schema_member(exclusive_maximum) },

    { ngx_string("$schema"), 0,
      ngx_canonical_schema_of_root, NGX_CANONICAL_STRING },

    { ngx_string("$id"), 0,
      ngx_canonical_schema_of_root, NGX_CANONICAL_STRING },

    { ngx_string("$defs"), 0,
      ngx_canonical_schema_of_root, NGX_CANONICAL_OBJECT },

    { ngx_string("title"), 0,
      ngx_canonical_schema_note, NGX_CANONICAL_STRING },

    { ngx_string("description"), 0,
      ngx_canonical_schema_note, NGX_CANONICAL_STRING },

    { ngx_string("$comment"), 0,
      ngx_canonical_schema_note, NGX_CANONICAL_STRING },

    { ngx_string("examples"), 0,
      ngx_canonical_schema_note, NGX_CANONICAL_ARRAY },

    { ngx_string("default"), 0,
      ngx_canonical_schema_note, NGX_CANONICAL_NONE },

    { ngx_null_string, 0, NULL, 0 }
};


static ngx_str_t  ngx_canonical_schema_draft =
    ngx_string("https://json-schema.org/draft/2020-12/schema");


/* by ngx_canonical_kind_e, the integer behind the last */

static ngx_str_t  ngx_canonical_schema_types[] = {
    ngx_null_string,
    ngx_string("null"),
    ngx_string("boolean"),
    ngx_string("number"),
    ngx_string("string"),
    ngx_string("object"),
    ngx_string("array"),
    ngx_string("integer")
};

#define NGX_CANONICAL_SCHEMA_TYPES                                            \
    (sizeof(ngx_canonical_schema_types) / sizeof(ngx_str_t))


ngx_canonical_keyword_t *
ngx_canonical_schema_keyword(ngx_canonical_node_t *node)
{
    ngx_canonical_keyword_t  *keyword;

    keyword = ngx_canonical_schema_keywords;

    for ( /* void */ ; keyword->handler; keyword++) {

        if (keyword->name.len == node->name_len
            && ngx_memcmp(keyword->name.data, node->name, node->name_len) == 0)
        {
            return keyword;
        }
    }

    return NULL;
}


static ngx_int_t
ngx_canonical_schema_note(ngx_canonical_schema_compiler_t *c,
    ngx_canonical_schema_t *s, ngx_canonical_node_t *node,
    ngx_canonical_keyword_t *keyword)
{
    if (keyword->offset && keyword->offset != node->kind) {
        return ngx_canonical_schema_wrong(c, s, &keyword->name, node->offset,
                                          "a value of another type is "
                                          "expected");
    }

    return NGX_OK;
}


static ngx_int_t
ngx_canonical_schema_of_root(ngx_canonical_schema_compiler_t *c,
    ngx_canonical_schema_t *s, ngx_canonical_node_t *node,
    ngx_canonical_keyword_t *keyword)
{
    ngx_str_t  *draft;

    draft = &ngx_canonical_schema_draft;

    if (s != c->root) {
        return ngx_canonical_schema_wrong(c, s, &keyword->name, node->offset,
                                          "for the outermost schema only");
    }

    if (ngx_canonical_schema_note(c, s, node, keyword) != NGX_OK) {
        return NGX_ERROR;
    }

    if (keyword->name.len == sizeof("$schema") - 1
        && (node->len != draft->len
            || ngx_memcmp(node->data, draft->data, draft->len) != 0))
    {
        return ngx_canonical_schema_wrong(c, s, &keyword->name, node->offset,
                                          "not the URI of draft 2020-12");
    }

    return NGX_OK;
}


static ngx_int_t
ngx_canonical_schema_type(ngx_canonical_schema_compiler_t *c,
    ngx_canonical_schema_t *s, ngx_canonical_node_t *node,
    ngx_canonical_keyword_t *keyword)
{
    unsigned               bit, types;
    ngx_canonical_node_t  *name;

    types = 0;
    name = (node->kind == NGX_CANONICAL_ARRAY) ? node->first : node;

    for ( /* void */ ; name; name = (name == node) ? NULL : name->next) {
        bit = ngx_canonical_schema_type_bit(name);

        if (bit == 0 || (types & bit)) {
            return ngx_canonical_schema_wrong(c, s, &keyword->name,
                                              name->offset, bit
                                              ? "a type is given twice"
                                              : "unknown type");
        }

        types |= bit;
    }

    if (types == 0) {
        return ngx_canonical_schema_wrong(c, s, &keyword->name, node->offset,
                                          "a type is expected");
    }

    s->types = types;

    return ngx_canonical_schema_mismatch(c, s);
}


static unsigned
ngx_canonical_schema_type_bit(ngx_canonical_node_t *name)
{
    ngx_str_t   *type;
    ngx_uint_t   i;

    if (name->kind != NGX_CANONICAL_STRING) {
        return 0;
    }

    for (i = NGX_CANONICAL_NULL; i < NGX_CANONICAL_SCHEMA_TYPES; i++) {
        type = &ngx_canonical_schema_types[i];

        if (type->len == name->len
            && ngx_memcmp(type->data, name->data, name->len) == 0)
        {
            return (i == NGX_CANONICAL_NULL) ? NGX_CANONICAL_SCHEMA_NULL
                                             : ngx_canonical_schema_bit(i);
        }
    }

    return 0;
}


/* "type is not null or string" */

static ngx_int_t
ngx_canonical_schema_mismatch(ngx_canonical_schema_compiler_t *c,
    ngx_canonical_schema_t *s)
{
    ngx_uint_t   i;
    const char  *text;

    static ngx_str_t  separator = ngx_string(" or ");

    text = NULL;

    for (i = NGX_CANONICAL_NULL; i < NGX_CANONICAL_SCHEMA_TYPES; i++) {

        if (!(s->types & ngx_canonical_schema_bit(i))) {
            continue;
        }

        if (text) {
            text = ngx_canonical_schema_text(c, text, &separator);
        }

        text = ngx_canonical_schema_text(c, text ? text : "type is not ",
                                         &ngx_canonical_schema_types[i]);
        if (text == NULL) {
            return NGX_ERROR;
        }
    }

    s->mismatch = text;

    return NGX_OK;
}


static ngx_int_t
ngx_canonical_schema_value(ngx_canonical_schema_compiler_t *c,
    ngx_canonical_schema_t *s, ngx_canonical_node_t *node,
    ngx_canonical_keyword_t *keyword)
{
    const char             *why;
    ngx_canonical_node_t  **place;

    place = (ngx_canonical_node_t **) ((u_char *) s + keyword->offset);
    *place = node;

    why = NULL;

    if (place == &s->values
        && (node->kind != NGX_CANONICAL_ARRAY || node->first == NULL))
    {
        why = "an array of values is expected";

    } else if (!ngx_canonical_schema_comparable(node)) {
        why = "a number out of range";
    }

    return why ? ngx_canonical_schema_wrong(c, s, &keyword->name, node->offset,
                                            why)
               : NGX_OK;
}


/* see NGX_CANONICAL_SCHEMA_EXPONENT */

static ngx_uint_t
ngx_canonical_schema_comparable(ngx_canonical_node_t *node)
{
    ngx_canonical_node_t           *child;
    ngx_canonical_schema_number_t   n;

    if (node->kind == NGX_CANONICAL_NUMBER) {
        ngx_canonical_schema_number(&n, node->data, node->len);

        return n.exponent < NGX_CANONICAL_SCHEMA_EXPONENT / 2
               && n.exponent > -NGX_CANONICAL_SCHEMA_EXPONENT / 2;
    }

    for (child = node->first; child; child = child->next) {
        if (!ngx_canonical_schema_comparable(child)) {
            return 0;
        }
    }

    return 1;
}


/* #/$defs/NAME */

static ngx_int_t
ngx_canonical_schema_ref(ngx_canonical_schema_compiler_t *c,
    ngx_canonical_schema_t *s, ngx_canonical_node_t *node,
    ngx_canonical_keyword_t *keyword)
{
    size_t       len;
    ngx_str_t   *name;
    ngx_uint_t   i;

    len = sizeof("#/$defs/") - 1;

    if (node->kind != NGX_CANONICAL_STRING || node->len < len
        || ngx_memcmp(node->data, "#/$defs/", len) != 0)
    {
        return ngx_canonical_schema_wrong(c, s, &keyword->name, node->offset,
                                          "\"#/$defs/NAME\" is expected");
    }

    for (i = 0; i < c->ndefs; i++) {
        name = &c->defs[i].token;

        if (name->len == node->len - len
            && ngx_memcmp(name->data, node->data + len, name->len) == 0)
        {
            s->ref = c->defs[i].schema;
            return NGX_OK;
        }
    }

    return ngx_canonical_schema_wrong(c, s, &keyword->name, node->offset,
                                      "there is no such schema in $defs");
}


/* allOf, anyOf, oneOf */

static ngx_int_t
ngx_canonical_schema_list(ngx_canonical_schema_compiler_t *c,
    ngx_canonical_schema_t *s, ngx_canonical_node_t *node,
    ngx_canonical_keyword_t *keyword)
{
    u_char                    buf[NGX_INT_T_LEN];
    ngx_str_t                 base, token;
    ngx_uint_t                i, n;
    ngx_canonical_node_t     *child;
    ngx_canonical_schema_t  **list;

    if (node->kind != NGX_CANONICAL_ARRAY || node->first == NULL) {
        return ngx_canonical_schema_wrong(c, s, &keyword->name, node->offset,
                                          "an array of schemas is expected");
    }

    n = ngx_canonical_schema_count(node);

    list = ngx_canonical_zalloc(c->arena,
                                (n + 1) * sizeof(ngx_canonical_schema_t *));

    if (list == NULL
        || ngx_canonical_schema_pointer(c, &s->pointer, &keyword->name, &base)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    *(ngx_canonical_schema_t ***) ((u_char *) s + keyword->offset) = list;

    for (i = 0, child = node->first; child; i++, child = child->next) {
        token.data = ngx_canonical_schema_index(buf + NGX_INT_T_LEN, i);
        token.len = buf + NGX_INT_T_LEN - token.data;

        list[i] = ngx_canonical_schema_sub(c, &base, &token, child);
        if (list[i] == NULL) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_canonical_schema_one(ngx_canonical_schema_compiler_t *c,
    ngx_canonical_schema_t *s, ngx_canonical_node_t *node,
    ngx_canonical_keyword_t *keyword)
{
    ngx_canonical_schema_t  *sub;

    sub = ngx_canonical_schema_sub(c, &s->pointer, &keyword->name, node);

    *(ngx_canonical_schema_t **) ((u_char *) s + keyword->offset) = sub;

    return sub ? NGX_OK : NGX_ERROR;
}


static ngx_int_t
ngx_canonical_schema_additional(ngx_canonical_schema_compiler_t *c,
    ngx_canonical_schema_t *s, ngx_canonical_node_t *node,
    ngx_canonical_keyword_t *keyword)
{
    if (node->kind == NGX_CANONICAL_BOOLEAN) {
        s->closed = (node->data[0] == 'f');
        return NGX_OK;
    }

    return ngx_canonical_schema_one(c, s, node, keyword);
}


static ngx_int_t
ngx_canonical_schema_size(ngx_canonical_schema_compiler_t *c,
    ngx_canonical_schema_t *s, ngx_canonical_node_t *node,
    ngx_canonical_keyword_t *keyword)
{
    size_t                          size;
    u_char                         *p;
    int64_t                         i;
    ngx_canonical_schema_number_t   n;

    if (node->kind == NGX_CANONICAL_NUMBER) {
        ngx_canonical_schema_number(&n, node->data, node->len);
    }

    if (node->kind != NGX_CANONICAL_NUMBER || n.negative
        || !ngx_canonical_schema_integer(&n)
        || n.exponent > NGX_CANONICAL_SCHEMA_SIZE_DIGITS)
    {
        return ngx_canonical_schema_wrong(c, s, &keyword->name, node->offset,
                                          "an integer from 0 to 999999999 is "
                                          "expected");
    }

    size = 0;
    p = n.first;

    for (i = 0; n.first && i < n.exponent; i++) {

        if (p < n.last && *p == '.') {
            p++;
        }

        size = size * 10 + (p < n.last ? *p++ - '0' : 0);
    }

    *(size_t *) ((u_char *) s + keyword->offset) = size;

    return NGX_OK;
}


static ngx_int_t
ngx_canonical_schema_bound(ngx_canonical_schema_compiler_t *c,
    ngx_canonical_schema_t *s, ngx_canonical_node_t *node,
    ngx_canonical_keyword_t *keyword)
{
    ngx_canonical_schema_number_t  *n;

    if (node->kind != NGX_CANONICAL_NUMBER
        || !ngx_canonical_schema_comparable(node))
    {
        return ngx_canonical_schema_wrong(c, s, &keyword->name, node->offset,
                                          "not a number, or out of range");
    }

    n = ngx_canonical_alloc(c->arena, sizeof(ngx_canonical_schema_number_t));
    if (n == NULL) {
        return NGX_ERROR;
    }

    ngx_canonical_schema_number(n, node->data, node->len);

    *(ngx_canonical_schema_number_t **) ((u_char *) s + keyword->offset) = n;

    return NGX_OK;
}


static ngx_int_t
ngx_canonical_schema_pattern(ngx_canonical_schema_compiler_t *c,
    ngx_canonical_schema_t *s, ngx_canonical_node_t *node,
    ngx_canonical_keyword_t *keyword)
{
    size_t       at;
    ngx_str_t    pattern;
    const char  *why;

    if (node->kind != NGX_CANONICAL_STRING) {
        return ngx_canonical_schema_wrong(c, s, &keyword->name, node->offset,
                                          "a regular expression is expected");
    }

    pattern.data = node->data;
    pattern.len = node->len;

    s->automaton = ngx_canonical_automaton(c->arena, &pattern);
    if (s->automaton) {
        return NGX_OK;
    }

    s->regex = ngx_canonical_regex_compile(c->arena, &pattern, &why, &at);

    return s->regex ? NGX_OK
                    : ngx_canonical_schema_wrong(c, s, &keyword->name,
                                                 node->offset, why);
}


static ngx_int_t
ngx_canonical_schema_format(ngx_canonical_schema_compiler_t *c,
    ngx_canonical_schema_t *s, ngx_canonical_node_t *node,
    ngx_canonical_keyword_t *keyword)
{
    if (node->kind == NGX_CANONICAL_STRING) {

        if (node->len == 4 && ngx_memcmp(node->data, "date", 4) == 0) {
            s->format = NGX_CANONICAL_SCHEMA_DATE;
            return NGX_OK;
        }

        if (node->len == 9 && ngx_memcmp(node->data, "date-time", 9) == 0) {
            s->format = NGX_CANONICAL_SCHEMA_DATE_TIME;
            return NGX_OK;
        }
    }

    return ngx_canonical_schema_wrong(c, s, &keyword->name, node->offset,
                                      "unknown format");
}


/* an array of strings, each once */

static ngx_int_t
ngx_canonical_schema_names(ngx_canonical_schema_compiler_t *c,
    ngx_canonical_schema_t *s, ngx_canonical_node_t *node,
    ngx_canonical_keyword_t *keyword)
{
    ngx_canonical_node_t  *name, *other;

    if (node->kind != NGX_CANONICAL_ARRAY) {
        return ngx_canonical_schema_wrong(c, s, &keyword->name, node->offset,
                                          "an array of names is expected");
    }

    for (name = node->first; name; name = name->next) {

        if (name->kind != NGX_CANONICAL_STRING) {
            return ngx_canonical_schema_wrong(c, s, &keyword->name,
                                              name->offset,
                                              "a name is expected");
        }

        for (other = node->first; other != name; other = other->next) {

            if (ngx_canonical_schema_equal(other, name)) {
                return ngx_canonical_schema_wrong(c, s, &keyword->name,
                                                  name->offset,
                                                  "a name is given twice");
            }
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_canonical_schema_dependent(ngx_canonical_schema_compiler_t *c,
    ngx_canonical_schema_t *s, ngx_canonical_node_t *node,
    ngx_canonical_keyword_t *keyword)
{
    ngx_canonical_node_t              *member, *name;
    ngx_canonical_schema_dependent_t  *d;

    if (node->kind != NGX_CANONICAL_OBJECT) {
        return ngx_canonical_schema_wrong(c, s, &keyword->name, node->offset,
                                          "an object is expected");
    }

    for (member = node->first; member; member = member->next) {

        if (ngx_canonical_schema_names(c, s, member, keyword) != NGX_OK) {
            return NGX_ERROR;
        }

        for (name = member->first; name; name = name->next) {

            d = ngx_canonical_alloc(c->arena,
                                    sizeof(ngx_canonical_schema_dependent_t));
            if (d == NULL) {
                return NGX_ERROR;
            }

            d->name.data = member->name;
            d->name.len = member->name_len;
            d->required.data = name->data;
            d->required.len = name->len;

            d->missing = ngx_canonical_schema_text(c,
                                                   "dependent member is "
                                                   "missing: ", &d->required);
            if (d->missing == NULL) {
                return NGX_ERROR;
            }

            d->next = s->dependents;
            s->dependents = d;
        }
    }

    return NGX_OK;
}
