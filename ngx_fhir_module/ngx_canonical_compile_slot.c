
/*
 * The compiler of maps: targets become slots of the block they are set in.
 */

#include "ngx_canonical_compile.h"


/* more than any object has, and few enough to be looked through */
#define NGX_CANONICAL_COMPILE_SLOTS  1024


static const char *ngx_canonical_target_add(ngx_canonical_compiler_t *c,
    ngx_canonical_rule_t *rule, ngx_str_t *target);
static const char *ngx_canonical_target_field(ngx_canonical_compiler_t *c,
    ngx_canonical_rule_t *rule, ngx_str_t *target);
static ngx_uint_t ngx_canonical_field_numbers(ngx_str_t *target,
    ngx_uint_t *field);
static ngx_uint_t ngx_canonical_field_clash(ngx_str_t *a, ngx_str_t *b);
static u_char *ngx_canonical_target_end(u_char *p, u_char *end);
static ngx_uint_t ngx_canonical_target_is_position(
    ngx_canonical_compiler_t *c, ngx_str_t *name);
static ngx_uint_t ngx_canonical_target_is_name(ngx_canonical_compiler_t *c,
    ngx_str_t *name);
static const char *ngx_canonical_slot_add(ngx_canonical_compiler_t *c,
    ngx_str_t *name, ngx_uint_t parent, ngx_canonical_kind_e kind,
    ngx_uint_t *slot);
static ngx_uint_t ngx_canonical_slot_find(ngx_canonical_block_t *block,
    ngx_str_t *name, ngx_uint_t parent);
static ngx_int_t ngx_canonical_slot_grow(ngx_canonical_compiler_t *c,
    ngx_canonical_draft_t *draft);
static const char *ngx_canonical_slot_take(ngx_canonical_compiler_t *c,
    ngx_canonical_rule_t *rule, ngx_uint_t slot);
static ngx_uint_t ngx_canonical_frames_exclude(ngx_canonical_frame_t *a,
    ngx_canonical_frame_t *b);


const char *
ngx_canonical_compile_target(ngx_canonical_compiler_t *c,
    ngx_canonical_rule_t *rule, ngx_str_t *target, ngx_uint_t taken)
{
    ngx_str_t               name;
    const char             *why;
    ngx_canonical_draft_t  *draft;

    why = ngx_canonical_compile_name(c, rule, target);
    if (why) {
        return why;
    }

    draft = ngx_canonical_frame(c)->draft;
    name = *target;

    if (name.len > 2 && ngx_memcmp(name.data + name.len - 2, "[]", 2) == 0) {
        name.len -= 2;
        rule->all = 1;
    }

    why = draft->in_segment ? ngx_canonical_target_field(c, rule, &name)
                            : ngx_canonical_target_add(c, rule, &name);

    if (why || !taken) {
        return why;
    }

    return ngx_canonical_slot_take(c, rule, rule->slot);
}


const char *
ngx_canonical_compile_name(ngx_canonical_compiler_t *c,
    ngx_canonical_rule_t *rule, ngx_str_t *target)
{
    u_char     *p;
    ngx_str_t  *prefix;

    prefix = &ngx_canonical_frame(c)->draft->prefix;

    if (prefix->len == 0) {
        rule->target = *target;
        return NULL;
    }

    p = ngx_canonical_bytes(c->arena, prefix->len + target->len);
    if (p == NULL) {
        return NGX_CANONICAL_NO_MEMORY;
    }

    rule->target.data = p;
    p = ngx_cpymem(p, prefix->data, prefix->len);
    p = ngx_cpymem(p, target->data, target->len);
    rule->target.len = p - rule->target.data;

    return NULL;
}


/*
 * Names and dots, and positions of arrays; what is on the way gets slots of
 * its own.
 */

static const char *
ngx_canonical_target_add(ngx_canonical_compiler_t *c,
    ngx_canonical_rule_t *rule, ngx_str_t *target)
{
    u_char                *p, *end;
    ngx_str_t              name;
    ngx_uint_t             parent;
    const char            *why;
    ngx_canonical_kind_e   kind;

    end = target->data + target->len;
    parent = NGX_CANONICAL_NO_SLOT;

    for (name.data = target->data; /* void */ ; name.data = p) {

        p = ngx_canonical_target_end(name.data, end);
        name.len = p - name.data;

        if (ngx_canonical_slot_is_position(&name)
            ? parent == NGX_CANONICAL_NO_SLOT || name.data[-1] == '.'
              || !ngx_canonical_target_is_position(c, &name)
              || (p < end && *p != '.' && *p != '[')
            : !ngx_canonical_target_is_name(c, &name))
        {
            return ngx_canonical_compile_error(c, "invalid target \"%.*s\"",
                                              ngx_canonical_quote(
                                                  &rule->target));
        }

        if (p < end) {
            kind = NGX_CANONICAL_OBJECT;

        } else {
            kind = rule->all ? NGX_CANONICAL_ARRAY : NGX_CANONICAL_STRING;
        }

        why = ngx_canonical_slot_add(c, &name, parent, kind, &rule->slot);

        if (why || p == end) {
            return why;
        }

        parent = rule->slot;

        if (*p == '.') {
            p++;
        }
    }
}


/* the end of a name, or of a position with its brackets */

static u_char *
ngx_canonical_target_end(u_char *p, u_char *end)
{
    if (p < end && *p == '[') {
        for (p++; p < end && p[-1] != ']'; p++);
        return p;
    }

    for ( /* void */ ; p < end && *p != '.' && *p != '['; p++);

    return p;
}


/* "[0]" to "[99]"; other forms than JSON have no arrays of arrays */

static ngx_uint_t
ngx_canonical_target_is_position(ngx_canonical_compiler_t *c, ngx_str_t *name)
{
    if (c->map->to != NGX_CANONICAL_TO_JSON) {
        return 0;
    }

    if (name->len == 3) {
        return name->data[1] >= '0' && name->data[1] <= '9'
               && name->data[2] == ']';
    }

    return name->len == 4 && name->data[1] >= '1' && name->data[1] <= '9'
           && name->data[2] >= '0' && name->data[2] <= '9'
           && name->data[3] == ']';
}


/* "3", "3.1" or "3.4.2" of a segment: one name for its writer */

static const char *
ngx_canonical_target_field(ngx_canonical_compiler_t *c,
    ngx_canonical_rule_t *rule, ngx_str_t *target)
{
    ngx_str_t              *name;
    ngx_uint_t              i, n, field, numbers;
    ngx_canonical_kind_e    kind;
    ngx_canonical_block_t  *block;

    block = &ngx_canonical_frame(c)->draft->block;
    numbers = ngx_canonical_field_numbers(target, &field);

    /* of a repetition there are components only */

    n = block->name.len ? 3 : 2;

    if (numbers == 0 || numbers > n || (rule->all && numbers > 1)) {
        return ngx_canonical_compile_error(c, "invalid target \"%.*s\", the "
                                           "number of a field is expected",
                                           ngx_canonical_quote(
                                               &rule->target));
    }

    if (ngx_canonical_word_is(&block->name, "MSH")
        && (field < 3 || field == 9))
    {
        return "MSH-1, MSH-2 and MSH-9 cannot be set";
    }

    for (i = 0; i < block->nslots; i++) {
        name = &block->slots[i].name;

        if (ngx_canonical_field_clash(name, target)
            || ngx_canonical_field_clash(target, name))
        {
            return ngx_canonical_compile_error(c, "\"%.*s\" is a part of "
                                          "\"%.*s\", which is set as a whole",
                                          ngx_canonical_quote(
                                              name->len > target->len
                                              ? name : target),
                                          ngx_canonical_quote(
                                              name->len > target->len
                                              ? target : name));
        }
    }

    kind = rule->all ? NGX_CANONICAL_ARRAY : NGX_CANONICAL_STRING;

    return ngx_canonical_slot_add(c, target, NGX_CANONICAL_NO_SLOT, kind,
                                  &rule->slot);
}


/* how many numbers there are, 0: something is wrong with them */

static ngx_uint_t
ngx_canonical_field_numbers(ngx_str_t *target, ngx_uint_t *field)
{
    u_char      *p, *end;
    ngx_int_t    number;
    ngx_str_t    s;
    ngx_uint_t   n;

    end = target->data + target->len;
    n = 0;
    *field = 0;

    for (s.data = target->data; s.data <= end; s.data = p + 1) {

        for (p = s.data; p < end && *p != '.'; p++);

        s.len = p - s.data;
        number = ngx_canonical_word_number(&s, 999);

        if (number < 1 || s.data[0] == '0') {
            return 0;
        }

        if (n++ == 0) {
            *field = number;
        }
    }

    return n;
}


/* whether "a" is "b" and a dot and something */

static ngx_uint_t
ngx_canonical_field_clash(ngx_str_t *a, ngx_str_t *b)
{
    return a->len > b->len && a->data[b->len] == '.'
           && ngx_memcmp(a->data, b->data, b->len) == 0;
}


static ngx_uint_t
ngx_canonical_target_is_name(ngx_canonical_compiler_t *c, ngx_str_t *name)
{
    u_char     *p, *colon;
    ngx_str_t   rest;

    if (name->len == 0) {
        return 0;
    }

    rest = *name;

    if (rest.data[0] == '@' || rest.data[0] == '#') {
        rest.data++;
        rest.len--;
    }

    /* the prefix of a name of XML */

    if (c->map->to == NGX_CANONICAL_TO_XML
        || c->map->to == NGX_CANONICAL_TO_SOAP)
    {
        p = rest.data;
        colon = rest.len ? memchr(p, ':', rest.len) : NULL;

        if (colon) {
            rest.len = colon - p;

            if (!ngx_canonical_word_is_name(&rest)) {
                return 0;
            }

            rest.data = colon + 1;
            rest.len = name->data + name->len - rest.data;
        }
    }

    return ngx_canonical_word_is_name(&rest);
}


static const char *
ngx_canonical_slot_add(ngx_canonical_compiler_t *c, ngx_str_t *name,
    ngx_uint_t parent, ngx_canonical_kind_e kind, ngx_uint_t *slot)
{
    ngx_uint_t              i;
    ngx_canonical_slot_t   *s;
    ngx_canonical_block_t  *block;
    ngx_canonical_draft_t  *draft;

    draft = ngx_canonical_frame(c)->draft;
    block = &draft->block;

    i = ngx_canonical_slot_find(block, name, parent);

    if (i != NGX_CANONICAL_NO_SLOT) {

        if (block->slots[i].kind != kind) {
            return ngx_canonical_compile_error(c, "\"%.*s\" is set as a "
                                               "value, an object or an array "
                                               "elsewhere",
                                               ngx_canonical_quote(name));
        }

        *slot = i;

        return NULL;
    }

    for (i = 0; i < block->nslots; i++) {
        if (block->slots[i].parent == parent
            && ngx_canonical_slot_is_position(&block->slots[i].name)
               != ngx_canonical_slot_is_position(name))
        {
            return "an array has positions, an object names, not both";
        }
    }

    if (block->nslots == NGX_CANONICAL_COMPILE_SLOTS) {
        return "too many targets";
    }

    if (ngx_canonical_slot_grow(c, draft) != NGX_OK) {
        return NGX_CANONICAL_NO_MEMORY;
    }

    *slot = block->nslots++;

    s = &block->slots[*slot];
    s->name = *name;
    s->parent = parent;
    s->kind = kind;

    draft->uses[*slot] = NULL;

    return NULL;
}


static ngx_uint_t
ngx_canonical_slot_find(ngx_canonical_block_t *block, ngx_str_t *name,
    ngx_uint_t parent)
{
    ngx_uint_t             i;
    ngx_canonical_slot_t  *s;

    for (i = 0; i < block->nslots; i++) {
        s = &block->slots[i];

        if (s->parent == parent && s->name.len == name->len
            && ngx_memcmp(s->name.data, name->data, name->len) == 0)
        {
            return i;
        }
    }

    return NGX_CANONICAL_NO_SLOT;
}


/* room for one more */

static ngx_int_t
ngx_canonical_slot_grow(ngx_canonical_compiler_t *c,
    ngx_canonical_draft_t *draft)
{
    ngx_uint_t              n, size;
    ngx_canonical_use_t   **uses;
    ngx_canonical_slot_t   *slots;

    n = draft->block.nslots;

    if (n < draft->size) {
        return NGX_OK;
    }

    size = n ? n * 2 : 8;

    slots = ngx_canonical_alloc(c->arena, size * sizeof(ngx_canonical_slot_t));
    uses = ngx_canonical_alloc(c->arena, size * sizeof(ngx_canonical_use_t *));

    if (slots == NULL || uses == NULL) {
        return NGX_ERROR;
    }

    if (n) {
        ngx_memcpy(slots, draft->block.slots,
                   n * sizeof(ngx_canonical_slot_t));
        ngx_memcpy(uses, draft->uses, n * sizeof(ngx_canonical_use_t *));
    }

    draft->block.slots = slots;
    draft->uses = uses;
    draft->size = size;

    return NGX_OK;
}


/* arrays may be filled by several rules, one behind the other */

static const char *
ngx_canonical_slot_take(ngx_canonical_compiler_t *c,
    ngx_canonical_rule_t *rule, ngx_uint_t slot)
{
    ngx_canonical_use_t    *use;
    ngx_canonical_draft_t  *draft;
    ngx_canonical_frame_t  *frame;

    frame = ngx_canonical_frame(c);
    draft = frame->draft;

    for (use = draft->uses[slot]; use; use = use->next) {

        if (!rule->all && !ngx_canonical_frames_exclude(use->frame, frame)) {
            return ngx_canonical_compile_error(c, "\"%.*s\" is set in line "
                                              "%d already",
                                              ngx_canonical_quote(
                                                  &rule->target),
                                              (int) use->line);
        }
    }

    use = ngx_canonical_zalloc(c->arena, sizeof(ngx_canonical_use_t));
    if (use == NULL) {
        return NGX_CANONICAL_NO_MEMORY;
    }

    use->frame = frame;
    use->file = c->file;
    use->line = c->line;
    use->next = draft->uses[slot];
    draft->uses[slot] = use;

    return NULL;
}


/* whether one of the two is in "when", the other one in its "else" */

static ngx_uint_t
ngx_canonical_frames_exclude(ngx_canonical_frame_t *a,
    ngx_canonical_frame_t *b)
{
    ngx_canonical_frame_t  *f, *g;

    for (f = a; f && f->draft == a->draft; f = f->parent) {
        for (g = b; g && g->draft == b->draft; g = g->parent) {

            if (f->rule && f->rule == g->rule && f->otherwise != g->otherwise)
            {
                return 1;
            }
        }
    }

    return 0;
}


const char *
ngx_canonical_compile_previous(ngx_canonical_compiler_t *c,
    ngx_canonical_rule_t *rule)
{
    u_char                 *p;
    ngx_str_t               name;
    const char             *why;
    ngx_canonical_slot_t   *slot;

    slot = &ngx_canonical_frame(c)->draft->block.slots[rule->slot];

    p = ngx_canonical_bytes(c->arena, slot->name.len + sizeof("_previous"));
    if (p == NULL) {
        return NGX_CANONICAL_NO_MEMORY;
    }

    name.data = p;
    p = ngx_cpymem(p, slot->name.data, slot->name.len);
    p = ngx_cpymem(p, "_previous", sizeof("_previous") - 1);
    name.len = p - name.data;

    why = ngx_canonical_slot_add(c, &name, slot->parent, NGX_CANONICAL_STRING,
                                 &rule->previous);

    return why ? why : ngx_canonical_slot_take(c, rule, rule->previous);
}


ngx_uint_t
ngx_canonical_compile_slot(ngx_canonical_block_t *block, ngx_str_t *path)
{
    u_char      *p, *end;
    ngx_str_t    name;
    ngx_uint_t   slot;

    end = path->data + path->len;
    slot = NGX_CANONICAL_NO_SLOT;

    for (name.data = path->data; name.data <= end; name.data = p + 1) {

        for (p = name.data; p < end && *p != '.'; p++);

        name.len = p - name.data;
        slot = ngx_canonical_slot_find(block, &name, slot);

        if (slot == NGX_CANONICAL_NO_SLOT) {
            break;
        }
    }

    return slot;
}
