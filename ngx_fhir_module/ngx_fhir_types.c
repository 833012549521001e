
/*
 * The definitions of FHIR R4: see the header.
 *
 * What the text of ngx_fhir_r4.h says is read once into arrays, of types and
 * of elements, and a table with open addressing for each.  An element is
 * entered under its own type only; one that is inherited is found by going
 * up, four steps at most.
 */

#include "ngx_fhir_types.h"
#include "ngx_fhir_r4.h"


typedef struct {
    ngx_str_t      name;
    uint16_t       parent;
} ngx_fhir_type_t;


typedef struct {
    uint32_t       hash;
    uint16_t       type;
    uint16_t       element;      /* index + 1; 0: free */
} ngx_fhir_slot_t;


typedef struct {
    ngx_fhir_type_t     *types;
    ngx_uint_t           ntypes;

    ngx_fhir_element_t  *elements;
    ngx_uint_t           nelements;

    uint16_t            *names;        /* types by their name; 0: free */
    ngx_uint_t           names_mask;

    ngx_fhir_slot_t     *slots;        /* elements by type and name */
    ngx_uint_t           slots_mask;
} ngx_fhir_table_t;


static void ngx_fhir_count(ngx_fhir_table_t *t);
static void ngx_fhir_count_text(ngx_fhir_table_t *t, const char *text,
    ngx_uint_t open);
static ngx_uint_t ngx_fhir_mask(ngx_uint_t n);
static ngx_int_t ngx_fhir_alloc(ngx_fhir_table_t *t,
    void *(*block)(size_t size));
static void ngx_fhir_read_names(ngx_fhir_table_t *t);
static void ngx_fhir_read_elements(ngx_fhir_table_t *t);
static void ngx_fhir_read_type(ngx_fhir_table_t *t, const char *text);
static const char *ngx_fhir_read_element(ngx_fhir_table_t *t, ngx_uint_t type,
    const char *text);
static const char *ngx_fhir_read_choice(ngx_fhir_table_t *t, ngx_uint_t type,
    ngx_str_t *name, const char *text);
static ngx_uint_t ngx_fhir_read_backbone(ngx_fhir_table_t *t, ngx_uint_t type,
    ngx_str_t *name);
static ngx_fhir_element_t *ngx_fhir_enter(ngx_fhir_table_t *t,
    ngx_uint_t type, ngx_str_t *name, ngx_uint_t of, uint32_t hash);
static void ngx_fhir_enter_name(ngx_fhir_table_t *t, ngx_str_t *name);
static ngx_uint_t ngx_fhir_find_name(ngx_fhir_table_t *t, u_char *name,
    size_t len);
static ngx_uint_t ngx_fhir_is_name(ngx_fhir_table_t *t,
    ngx_fhir_element_t *element, u_char *name, size_t len);
static const char *ngx_fhir_word(const char *text, ngx_str_t *word);
static uint32_t ngx_fhir_hash(uint32_t hash, u_char *p, size_t len);


#define NGX_FHIR_HASH  2166136261u

#define ngx_fhir_slot(hash, type)                                             \
    ((((hash) ^ ((uint32_t) (type) * 0x9e3779b1u)) * 0x85ebca6bu) >> 15)


static const char *const *const  ngx_fhir_r4[] = {
    ngx_fhir_r4_types,
    ngx_fhir_r4_resources_a,
    ngx_fhir_r4_resources_b,
    ngx_fhir_r4_resources_c,
    NULL
};


/* those with fixed numbers, in the order of ngx_fhir_type_e */

static ngx_str_t  ngx_fhir_fixed[] = {
    ngx_string(""),
    ngx_string("boolean"),
    ngx_string("integer"),
    ngx_string("unsignedInt"),
    ngx_string("positiveInt"),
    ngx_string("decimal"),
    ngx_string("string"),
    ngx_string("code"),
    ngx_string("id"),
    ngx_string("markdown"),
    ngx_string("uri"),
    ngx_string("url"),
    ngx_string("canonical"),
    ngx_string("oid"),
    ngx_string("uuid"),
    ngx_string("base64Binary"),
    ngx_string("date"),
    ngx_string("dateTime"),
    ngx_string("instant"),
    ngx_string("time"),
    ngx_string("xhtml"),
    ngx_string("Element"),
    ngx_string("Resource"),
    ngx_string("DomainResource"),
    ngx_string("Extension"),
    ngx_string("Quantity"),
    ngx_string("Reference"),
    ngx_string("Bundle")
};


/* written once, by ngx_fhir_types_init() */
static ngx_fhir_table_t  ngx_fhir_table;


ngx_int_t
ngx_fhir_types_init(void *(*block)(size_t size))
{
    ngx_fhir_table_t  t;

    if (ngx_fhir_table.ntypes) {
        return NGX_OK;
    }

    ngx_memzero(&t, sizeof(ngx_fhir_table_t));

    ngx_fhir_count(&t);

    if (ngx_fhir_alloc(&t, block) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_fhir_read_names(&t);
    ngx_fhir_read_elements(&t);

    ngx_fhir_table = t;

    return NGX_OK;
}


static void
ngx_fhir_count(ngx_fhir_table_t *t)
{
    const char         *p;
    ngx_uint_t          i, open;
    const char *const  *text;

    open = 1;

    for (p = ngx_fhir_r4_open; *p; p++) {
        open += (*p == '|');
    }

    /* the unknown type */

    t->ntypes = 1;

    for (i = 0; ngx_fhir_r4[i]; i++) {
        for (text = ngx_fhir_r4[i]; *text; text++) {
            ngx_fhir_count_text(t, *text, open);
        }
    }
}


/* a choice is entered under its plain name and once for each of its types */

static void
ngx_fhir_count_text(ngx_fhir_table_t *t, const char *text, ngx_uint_t open)
{
    const char  *p;

    t->ntypes++;

    for (p = text; *p; p++) {

        switch (*p) {

        case ' ':
        case '[':
        case '|':
            t->nelements++;
            break;

        case '=':
            if (p[1] == '*') {
                t->nelements += open - 1;
            }
            break;
        }
    }
}


/* at most half of a table is used */

static ngx_uint_t
ngx_fhir_mask(ngx_uint_t n)
{
    ngx_uint_t  size;

    for (size = 1; size < n * 2; size *= 2) { /* void */ }

    return size - 1;
}


static ngx_int_t
ngx_fhir_alloc(ngx_fhir_table_t *t, void *(*block)(size_t size))
{
    size_t   types, elements, slots, names;
    u_char  *p;

    t->names_mask = ngx_fhir_mask(t->ntypes);
    t->slots_mask = ngx_fhir_mask(t->nelements);

    types = t->ntypes * sizeof(ngx_fhir_type_t);
    elements = t->nelements * sizeof(ngx_fhir_element_t);
    slots = (t->slots_mask + 1) * sizeof(ngx_fhir_slot_t);
    names = (t->names_mask + 1) * sizeof(uint16_t);

    p = block(types + elements + slots + names);
    if (p == NULL) {
        return NGX_ERROR;
    }

    ngx_memzero(p, types + elements + slots + names);

    t->types = (ngx_fhir_type_t *) p;
    p += types;

    t->elements = (ngx_fhir_element_t *) p;
    p += elements;

    t->slots = (ngx_fhir_slot_t *) p;
    p += slots;

    t->names = (uint16_t *) p;

    return NGX_OK;
}


/* before the elements, which may be of a type that comes later */

static void
ngx_fhir_read_names(ngx_fhir_table_t *t)
{
    ngx_str_t           name;
    ngx_uint_t          i;
    const char *const  *text;

    t->types[0].name = ngx_fhir_fixed[0];
    t->ntypes = 1;

    for (i = 1; i < NGX_FHIR_NAMED; i++) {
        ngx_fhir_enter_name(t, &ngx_fhir_fixed[i]);
    }

    for (i = 0; ngx_fhir_r4[i]; i++) {
        for (text = ngx_fhir_r4[i]; *text; text++) {
            (void) ngx_fhir_word(*text, &name);
            ngx_fhir_enter_name(t, &name);
        }
    }
}


static void
ngx_fhir_read_elements(ngx_fhir_table_t *t)
{
    ngx_uint_t          i;
    const char *const  *text;

    t->nelements = 0;

    for (i = 0; ngx_fhir_r4[i]; i++) {
        for (text = ngx_fhir_r4[i]; *text; text++) {
            ngx_fhir_read_type(t, *text);
        }
    }
}


static void
ngx_fhir_read_type(ngx_fhir_table_t *t, const char *text)
{
    ngx_str_t    name;
    ngx_uint_t   type;
    const char  *p;

    p = ngx_fhir_word(text, &name);
    type = ngx_fhir_find_name(t, name.data, name.len);

    if (*p == ':') {
        p = ngx_fhir_word(p + 1, &name);
        t->types[type].parent = (uint16_t) ngx_fhir_find_name(t, name.data,
                                                              name.len);
    }

    while (*p == ' ') {
        p = ngx_fhir_read_element(t, type, p + 1);
    }
}


static const char *
ngx_fhir_read_element(ngx_fhir_table_t *t, ngx_uint_t type, const char *text)
{
    uint32_t             hash;
    ngx_str_t            name, of;
    ngx_uint_t           repeats, number;
    const char          *p;
    ngx_fhir_element_t  *element;

    p = ngx_fhir_word(text, &name);

    if (*p == '[') {
        return ngx_fhir_read_choice(t, type, &name, p + sizeof("[x]=") - 1);
    }

    repeats = (*p == '*');

    p = ngx_fhir_word(p + 1, &of);

    if (of.len == 1 && of.data[0] == '.') {
        number = ngx_fhir_read_backbone(t, type, &name);

    } else {
        number = ngx_fhir_find_name(t, of.data, of.len);
    }

    hash = ngx_fhir_hash(NGX_FHIR_HASH, name.data, name.len);

    element = ngx_fhir_enter(t, type, &name, number, hash);
    element->repeats = repeats;

    return p;
}


static const char *
ngx_fhir_read_choice(ngx_fhir_table_t *t, ngx_uint_t type, ngx_str_t *name,
    const char *text)
{
    u_char               first;
    uint32_t             plain, hash;
    ngx_str_t            of;
    ngx_uint_t           number;
    const char          *p;
    ngx_fhir_element_t  *element;

    plain = ngx_fhir_hash(NGX_FHIR_HASH, name->data, name->len);

    element = ngx_fhir_enter(t, type, name, NGX_FHIR_UNKNOWN, plain);
    element->choice = 1;

    p = (*text == '*') ? ngx_fhir_r4_open : text;

    for ( ;; ) {
        p = ngx_fhir_word(p, &of);

        first = ngx_toupper(of.data[0]);

        hash = ngx_fhir_hash(plain, &first, 1);
        hash = ngx_fhir_hash(hash, of.data + 1, of.len - 1);

        number = ngx_fhir_find_name(t, of.data, of.len);

        element = ngx_fhir_enter(t, type, name, number, hash);
        element->typed = 1;

        if (*p != '|') {
            return (*text == '*') ? text + 1 : p;
        }

        p++;
    }
}


/* the type of "contact" in "Patient" is "Patient.contact" */

static ngx_uint_t
ngx_fhir_read_backbone(ngx_fhir_table_t *t, ngx_uint_t type, ngx_str_t *name)
{
    ngx_str_t  *of, *path;
    ngx_uint_t  i;

    of = &t->types[type].name;

    for (i = type + 1; i < t->ntypes; i++) {
        path = &t->types[i].name;

        if (path->len == of->len + 1 + name->len
            && ngx_memcmp(path->data, of->data, of->len) == 0
            && path->data[of->len] == '.'
            && ngx_memcmp(path->data + of->len + 1, name->data, name->len)
               == 0)
        {
            return i;
        }
    }

    return NGX_FHIR_UNKNOWN;
}


static ngx_fhir_element_t *
ngx_fhir_enter(ngx_fhir_table_t *t, ngx_uint_t type, ngx_str_t *name,
    ngx_uint_t of, uint32_t hash)
{
    ngx_uint_t           i;
    ngx_fhir_element_t  *element;

    i = ngx_fhir_slot(hash, type) & t->slots_mask;

    while (t->slots[i].element) {
        i = (i + 1) & t->slots_mask;
    }

    element = &t->elements[t->nelements++];

    element->type = (uint16_t) of;
    element->name = *name;

    t->slots[i].hash = hash;
    t->slots[i].type = (uint16_t) type;
    t->slots[i].element = (uint16_t) t->nelements;

    return element;
}


static void
ngx_fhir_enter_name(ngx_fhir_table_t *t, ngx_str_t *name)
{
    ngx_uint_t  i;

    if (ngx_fhir_find_name(t, name->data, name->len)) {
        return;
    }

    i = ngx_fhir_hash(NGX_FHIR_HASH, name->data, name->len) & t->names_mask;

    while (t->names[i]) {
        i = (i + 1) & t->names_mask;
    }

    t->types[t->ntypes].name = *name;
    t->names[i] = (uint16_t) t->ntypes++;
}


static ngx_uint_t
ngx_fhir_find_name(ngx_fhir_table_t *t, u_char *name, size_t len)
{
    ngx_str_t   *of;
    ngx_uint_t   i;

    i = ngx_fhir_hash(NGX_FHIR_HASH, name, len) & t->names_mask;

    while (t->names[i]) {
        of = &t->types[t->names[i]].name;

        if (of->len == len && ngx_memcmp(of->data, name, len) == 0) {
            return t->names[i];
        }

        i = (i + 1) & t->names_mask;
    }

    return NGX_FHIR_UNKNOWN;
}


/* up to one of the signs of the notation, which it returns */

static const char *
ngx_fhir_word(const char *text, ngx_str_t *word)
{
    const char  *p;

    p = text + strcspn(text, " :*=[|");

    word->data = (u_char *) text;
    word->len = p - text;

    return p;
}


/* FNV-1a, which can go on where it ended */

static uint32_t
ngx_fhir_hash(uint32_t hash, u_char *p, size_t len)
{
    u_char  *end;

    for (end = p + len; p < end; p++) {
        hash = (hash ^ *p) * 16777619u;
    }

    return hash;
}


ngx_uint_t
ngx_fhir_type(u_char *name, size_t len)
{
    return ngx_fhir_find_name(&ngx_fhir_table, name, len);
}


ngx_str_t *
ngx_fhir_type_name(ngx_uint_t type)
{
    return (type < ngx_fhir_table.ntypes) ? &ngx_fhir_table.types[type].name
                                          : &ngx_fhir_fixed[0];
}


ngx_uint_t
ngx_fhir_type_parent(ngx_uint_t type)
{
    return (type < ngx_fhir_table.ntypes) ? ngx_fhir_table.types[type].parent
                                          : NGX_FHIR_UNKNOWN;
}


ngx_uint_t
ngx_fhir_type_is(ngx_uint_t type, ngx_uint_t of)
{
    while (type != NGX_FHIR_UNKNOWN) {

        if (type == of) {
            return 1;
        }

        type = ngx_fhir_type_parent(type);
    }

    return 0;
}


ngx_uint_t
ngx_fhir_type_is_resource(ngx_uint_t type)
{
    return ngx_fhir_type_is(type, NGX_FHIR_RESOURCE);
}


ngx_fhir_element_t *
ngx_fhir_element(ngx_uint_t type, u_char *name, size_t len)
{
    uint32_t             hash;
    ngx_uint_t           i;
    ngx_fhir_slot_t     *slot;
    ngx_fhir_table_t    *t;
    ngx_fhir_element_t  *element;

    t = &ngx_fhir_table;
    hash = ngx_fhir_hash(NGX_FHIR_HASH, name, len);

    while (type != NGX_FHIR_UNKNOWN) {
        i = ngx_fhir_slot(hash, type) & t->slots_mask;

        for (slot = &t->slots[i]; slot->element; slot = &t->slots[i]) {
            element = &t->elements[slot->element - 1];

            if (slot->hash == hash && slot->type == type
                && ngx_fhir_is_name(t, element, name, len))
            {
                return element;
            }

            i = (i + 1) & t->slots_mask;
        }

        type = ngx_fhir_type_parent(type);
    }

    return NULL;
}


/* "valueQuantity" is kept as its two parts only */

static ngx_uint_t
ngx_fhir_is_name(ngx_fhir_table_t *t, ngx_fhir_element_t *element,
    u_char *name, size_t len)
{
    ngx_str_t  *of;

    if (len < element->name.len
        || ngx_memcmp(name, element->name.data, element->name.len) != 0)
    {
        return 0;
    }

    name += element->name.len;
    len -= element->name.len;

    if (!element->typed) {
        return len == 0;
    }

    of = &t->types[element->type].name;

    return len == of->len && name[0] == ngx_toupper(of->data[0])
           && ngx_memcmp(name + 1, of->data + 1, len - 1) == 0;
}
