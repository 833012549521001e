
/*
 * Compiles a JSON Schema: the schemas and how they hang together.  See
 * ngx_canonical_schema.h.
 */

#include "ngx_canonical_schema_private.h"
#include "ngx_canonical_json.h"


static ngx_int_t ngx_canonical_schema_defs(ngx_canonical_schema_compiler_t *c,
    ngx_canonical_node_t *root);
static ngx_canonical_schema_t *ngx_canonical_schema_new(
    ngx_canonical_schema_compiler_t *c, ngx_str_t *base, ngx_str_t *token,
    ngx_canonical_node_t *node);
static ngx_int_t ngx_canonical_schema_fill(ngx_canonical_schema_compiler_t *c,
    ngx_canonical_schema_t *s, ngx_canonical_node_t *node);
static ngx_int_t ngx_canonical_schema_properties(
    ngx_canonical_schema_compiler_t *c, ngx_canonical_schema_t *s,
    ngx_canonical_node_t *node);
static ngx_int_t ngx_canonical_schema_required(
    ngx_canonical_schema_compiler_t *c, ngx_canonical_schema_t *s,
    ngx_canonical_node_t *required);
static ngx_int_t ngx_canonical_schema_hash_init(
    ngx_canonical_schema_compiler_t *c, ngx_canonical_schema_t *s,
    ngx_uint_t n);
static ngx_canonical_schema_property_t *ngx_canonical_schema_add(
    ngx_canonical_schema_t *s, u_char *name, size_t len);
static ngx_int_t ngx_canonical_schema_chain(ngx_canonical_schema_compiler_t *c,
    ngx_canonical_schema_t *s, ngx_uint_t depth);
static ngx_int_t ngx_canonical_schema_link(ngx_canonical_schema_compiler_t *c,
    ngx_canonical_schema_t *s, ngx_canonical_schema_t *to, ngx_uint_t depth);


#define NGX_CANONICAL_SCHEMA_NO_MEMORY  "no memory, or the schema is too large"

/* of a schema file; its depth bounds the recursion of all that is here */

static ngx_canonical_limits_t  ngx_canonical_schema_limits = {
    64, 100000, 10000, 64
};


ngx_int_t
ngx_canonical_schema_compile(ngx_canonical_schema_t **schema,
    ngx_canonical_arena_t *a, ngx_str_t *text, ngx_canonical_error_t *err)
{
    ngx_str_t                         none;
    ngx_int_t                         rc;
    ngx_canonical_node_t             *root;
    ngx_canonical_schema_t           *s;
    ngx_canonical_schema_compiler_t   c;

    ngx_memzero(err, sizeof(ngx_canonical_error_t));
    ngx_memzero(&c, sizeof(ngx_canonical_schema_compiler_t));

    c.arena = a;
    c.err = err;

    rc = ngx_canonical_json_read(a, text, &ngx_canonical_schema_limits, &root,
                                 err);
    if (rc == NGX_DECLINED) {
        return NGX_ERROR;
    }

    /* until another reason is known */

    err->text = NGX_CANONICAL_SCHEMA_NO_MEMORY;

    if (rc != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_str_null(&none);

    c.root = ngx_canonical_schema_new(&c, NULL, &none, root);

    if (c.root == NULL
        || ngx_canonical_schema_defs(&c, root) != NGX_OK
        || ngx_canonical_schema_fill(&c, c.root, root) != NGX_OK)
    {
        return NGX_ERROR;
    }

    for (s = c.schemas; s; s = s->next) {
        if (ngx_canonical_schema_chain(&c, s, 1) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    *schema = c.root;

    return NGX_OK;
}


/* all have their place before one is compiled: they refer to each other */

static ngx_int_t
ngx_canonical_schema_defs(ngx_canonical_schema_compiler_t *c,
    ngx_canonical_node_t *root)
{
    ngx_str_t                    base, token;
    ngx_uint_t                   i;
    ngx_canonical_node_t        *defs, *node;
    ngx_canonical_schema_def_t  *def;

    static ngx_str_t             name = ngx_string("$defs");

    if (root->kind != NGX_CANONICAL_OBJECT) {
        return NGX_OK;
    }

    defs = ngx_canonical_get(root, "$defs");

    if (defs == NULL || defs->kind != NGX_CANONICAL_OBJECT
        || defs->first == NULL)
    {
        return NGX_OK;
    }

    c->defs = ngx_canonical_alloc(c->arena,
                                  ngx_canonical_schema_count(defs)
                                  * sizeof(ngx_canonical_schema_def_t));

    if (c->defs == NULL
        || ngx_canonical_schema_pointer(c, &c->root->pointer, &name, &base)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    for (node = defs->first; node; node = node->next) {
        def = &c->defs[c->ndefs];

        token.data = node->name;
        token.len = node->name_len;

        def->schema = ngx_canonical_schema_new(c, &base, &token, node);
        if (def->schema == NULL) {
            return NGX_ERROR;
        }

        /* as a $ref has it */

        def->token.data = def->schema->pointer.data + base.len + 1;
        def->token.len = def->schema->pointer.len - base.len - 1;

        c->ndefs++;
    }

    for (i = 0, node = defs->first; node; i++, node = node->next) {
        if (ngx_canonical_schema_fill(c, c->defs[i].schema, node) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/* "base" is NULL: the root */

static ngx_canonical_schema_t *
ngx_canonical_schema_new(ngx_canonical_schema_compiler_t *c, ngx_str_t *base,
    ngx_str_t *token, ngx_canonical_node_t *node)
{
    ngx_canonical_schema_t  *s;

    s = ngx_canonical_zalloc(c->arena, sizeof(ngx_canonical_schema_t));
    if (s == NULL) {
        return NULL;
    }

    s->types = NGX_CANONICAL_SCHEMA_ANY;
    s->max_items = NGX_CANONICAL_SCHEMA_UNBOUNDED;
    s->max_length = NGX_CANONICAL_SCHEMA_UNBOUNDED;
    s->offset = node->offset;

    s->next = c->schemas;
    c->schemas = s;

    if (base
        && ngx_canonical_schema_pointer(c, base, token, &s->pointer) != NGX_OK)
    {
        return NULL;
    }

    return s;
}


static ngx_int_t
ngx_canonical_schema_fill(ngx_canonical_schema_compiler_t *c,
    ngx_canonical_schema_t *s, ngx_canonical_node_t *node)
{
    ngx_str_t                 name;
    ngx_uint_t                n;
    ngx_canonical_node_t     *member;
    ngx_canonical_keyword_t  *keyword;

    if (node->kind == NGX_CANONICAL_BOOLEAN) {
        s->types = (node->data[0] == 't') ? NGX_CANONICAL_SCHEMA_ANY : 0;
        s->mismatch = "no value is allowed here";
        return NGX_OK;
    }

    if (node->kind != NGX_CANONICAL_OBJECT) {
        return ngx_canonical_schema_wrong(c, s, NULL, s->offset,
                                          "a schema is expected");
    }

    n = 0;

    for (member = node->first; member; member = member->next) {
        keyword = ngx_canonical_schema_keyword(member);

        if (keyword == NULL) {
            name.data = member->name;
            name.len = member->name_len;

            return ngx_canonical_schema_wrong(c, s, &name, member->offset,
                                              "unknown keyword");
        }

        if (keyword->handler(c, s, member, keyword) != NGX_OK) {
            return NGX_ERROR;
        }

        n += (keyword->kinds != 0);

        if (keyword->kinds == NGX_CANONICAL_SCHEMA_ANY) {
            s->combined = 1;

        } else {
            s->keywords |= keyword->kinds & NGX_CANONICAL_SCHEMA_ANY;
        }
    }

    s->alone = (s->ref && n == 1);

    if (s->condition == NULL && (s->then || s->otherwise)) {
        return ngx_canonical_schema_wrong(c, s, NULL, s->offset,
                                          "then and else need an if");
    }

    return ngx_canonical_schema_properties(c, s, node);
}


/* a schema within another; one that is a reference only is what it means */

ngx_canonical_schema_t *
ngx_canonical_schema_sub(ngx_canonical_schema_compiler_t *c, ngx_str_t *base,
    ngx_str_t *token, ngx_canonical_node_t *node)
{
    ngx_canonical_schema_t  *s;

    s = ngx_canonical_schema_new(c, base, token, node);

    if (s == NULL || ngx_canonical_schema_fill(c, s, node) != NGX_OK) {
        return NULL;
    }

    return s->alone ? s->ref : s;
}


/* "properties" and "required" in one: an object is gone through once */

static ngx_int_t
ngx_canonical_schema_properties(ngx_canonical_schema_compiler_t *c,
    ngx_canonical_schema_t *s, ngx_canonical_node_t *node)
{
    ngx_str_t                         base;
    ngx_uint_t                        n;
    ngx_canonical_node_t             *properties, *required, *member;
    ngx_canonical_schema_property_t  *p;

    static ngx_str_t                  name = ngx_string("properties");

    properties = ngx_canonical_get(node, "properties");
    required = ngx_canonical_get(node, "required");

    n = (properties ? ngx_canonical_schema_count(properties) : 0)
        + (required ? ngx_canonical_schema_count(required) : 0);

    if (n == 0) {
        return NGX_OK;
    }

    if (ngx_canonical_schema_hash_init(c, s, n) != NGX_OK
        || ngx_canonical_schema_pointer(c, &s->pointer, &name, &base)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    member = properties ? properties->first : NULL;

    for ( /* void */ ; member; member = member->next) {
        p = ngx_canonical_schema_add(s, member->name, member->name_len);

        p->schema = ngx_canonical_schema_sub(c, &base, &p->name, member);
        if (p->schema == NULL) {
            return NGX_ERROR;
        }
    }

    return required ? ngx_canonical_schema_required(c, s, required) : NGX_OK;
}


static ngx_int_t
ngx_canonical_schema_required(ngx_canonical_schema_compiler_t *c,
    ngx_canonical_schema_t *s, ngx_canonical_node_t *required)
{
    uint64_t                          bit;
    ngx_canonical_node_t             *name;
    ngx_canonical_schema_property_t  *p;

    static ngx_str_t                  keyword = ngx_string("required");

    bit = 1;

    for (name = required->first; name; name = name->next) {

        if (bit == 0) {
            return ngx_canonical_schema_wrong(c, s, &keyword, name->offset,
                                              "more than 64 names");
        }

        p = ngx_canonical_schema_property(s, name->data, name->len);

        if (p == NULL) {
            p = ngx_canonical_schema_add(s, name->data, name->len);
        }

        p->missing = ngx_canonical_schema_text(c,
                                               "required member is missing: ",
                                               &p->name);
        if (p->missing == NULL) {
            return NGX_ERROR;
        }

        p->required = bit;
        s->required |= bit;
        bit <<= 1;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_canonical_schema_hash_init(ngx_canonical_schema_compiler_t *c,
    ngx_canonical_schema_t *s, ngx_uint_t n)
{
    ngx_uint_t  size;

    for (size = 4; size < n * 4; size *= 2) { /* void */ }

    s->properties = ngx_canonical_zalloc(c->arena,
                                  n * sizeof(ngx_canonical_schema_property_t));
    s->hash = ngx_canonical_zalloc(c->arena,
                             size * sizeof(ngx_canonical_schema_property_t *));
    s->hash_mask = size - 1;

    return (s->properties && s->hash) ? NGX_OK : NGX_ERROR;
}


/* a name that is not yet there */

static ngx_canonical_schema_property_t *
ngx_canonical_schema_add(ngx_canonical_schema_t *s, u_char *name, size_t len)
{
    ngx_uint_t                        i;
    ngx_canonical_schema_property_t  *p;

    p = &s->properties[s->nproperties++];

    p->name.data = name;
    p->name.len = len;

    i = ngx_canonical_schema_hash(name, len);

    while (s->hash[i & s->hash_mask]) {
        i++;
    }

    s->hash[i & s->hash_mask] = p;

    return p;
}


/*
 * How many schemas apply to one value by way of each other, this one counted.
 * What leads back to itself without a step into the value would never end.
 */

static ngx_int_t
ngx_canonical_schema_chain(ngx_canonical_schema_compiler_t *c,
    ngx_canonical_schema_t *s, ngx_uint_t depth)
{
    ngx_uint_t               i, n;
    ngx_canonical_schema_t  *edges[5], **lists[3];

    n = s->chain ? s->chain : 1;

    if (depth - 1 + n > NGX_CANONICAL_SCHEMA_CHAIN) {
        return ngx_canonical_schema_wrong(c, s, NULL, s->offset,
                                          "too many schemas for one value");
    }

    if (s->chain) {
        return NGX_OK;
    }

    edges[0] = s->ref;
    edges[1] = s->negated;
    edges[2] = s->condition;
    edges[3] = s->then;
    edges[4] = s->otherwise;

    lists[0] = s->all;
    lists[1] = s->any;
    lists[2] = s->one;

    s->visiting = 1;
    s->longest = 0;

    for (i = 0; i < 5; i++) {
        if (edges[i]
            && ngx_canonical_schema_link(c, s, edges[i], depth) != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    for (i = 0; i < 3; i++) {
        for ( /* void */ ; lists[i] && *lists[i]; lists[i]++) {
            if (ngx_canonical_schema_link(c, s, *lists[i], depth) != NGX_OK) {
                return NGX_ERROR;
            }
        }
    }

    s->visiting = 0;
    s->chain = s->longest + 1;

    return NGX_OK;
}


static ngx_int_t
ngx_canonical_schema_link(ngx_canonical_schema_compiler_t *c,
    ngx_canonical_schema_t *s, ngx_canonical_schema_t *to, ngx_uint_t depth)
{
    static ngx_str_t  ref = ngx_string("$ref");

    if (to->visiting) {
        return ngx_canonical_schema_wrong(c, s, s->ref == to ? &ref : NULL,
                                          s->offset, "the schema refers to "
                                          "itself for the same value");
    }

    if (ngx_canonical_schema_chain(c, to, depth + 1) != NGX_OK) {
        return NGX_ERROR;
    }

    s->longest = ngx_max(s->longest, to->chain);

    return NGX_OK;
}


ngx_uint_t
ngx_canonical_schema_count(ngx_canonical_node_t *node)
{
    ngx_uint_t             n;
    ngx_canonical_node_t  *child;

    n = 0;

    for (child = node->first; child; child = child->next) {
        n++;
    }

    return n;
}


const char *
ngx_canonical_schema_text(ngx_canonical_schema_compiler_t *c,
    const char *text, ngx_str_t *name)
{
    size_t   i, len;
    u_char  *p;

    len = strlen(text);

    p = ngx_canonical_bytes(c->arena, len + name->len + 1);
    if (p == NULL) {
        return NULL;
    }

    ngx_memcpy(p, text, len);

    for (i = 0; i < name->len; i++) {
        p[len + i] = (name->data[i] < ' ' || name->data[i] == 0x7f)
                     ? '?' : name->data[i];
    }

    p[len + i] = '\0';

    return (const char *) p;
}


ngx_int_t
ngx_canonical_schema_pointer(ngx_canonical_schema_compiler_t *c,
    ngx_str_t *base, ngx_str_t *token, ngx_str_t *pointer)
{
    size_t   len;
    u_char  *p;

    len = base->len + 1 + ngx_canonical_schema_token_len(token);

    p = ngx_canonical_bytes(c->arena, len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    pointer->data = p;
    pointer->len = len;

    if (base->len) {
        p = ngx_cpymem(p, base->data, base->len);
    }

    *p++ = '/';
    (void) ngx_canonical_schema_token(p, token);

    return NGX_OK;
}


ngx_int_t
ngx_canonical_schema_wrong(ngx_canonical_schema_compiler_t *c,
    ngx_canonical_schema_t *s, ngx_str_t *keyword, size_t offset,
    const char *text)
{
    c->err->target = s->pointer;

    if (keyword
        && ngx_canonical_schema_pointer(c, &s->pointer, keyword,
                                        &c->err->target)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    c->err->text = text;
    c->err->offset = offset;
    c->err->positioned = 1;

    return NGX_ERROR;
}
