
/*
 * Tables of words: see the header.
 */

#include "ngx_canonical_table.h"


#define NGX_CANONICAL_TABLE_SLOTS  16       /* at first; a power of 2 */
#define NGX_CANONICAL_TABLE_MAX    ((ngx_uint_t) 1 << 26)

#define NGX_CANONICAL_TABLE_MIX    0x9e3779b97f4a7c15ull


typedef struct {
    ngx_str_t   key;
    ngx_str_t   value;
} ngx_canonical_table_entry_t;


typedef struct {
    uint64_t                       hash;
    ngx_canonical_table_entry_t   *entry;   /* NULL: the slot is free */
} ngx_canonical_table_slot_t;


struct ngx_canonical_table_s {
    ngx_canonical_table_slot_t    *slots;   /* half of them used at most */
    uint64_t                       mask;
    ngx_uint_t                     n;

    ngx_str_t                      other;   /* the default */
    unsigned                       has_default:1;

    ngx_canonical_arena_t         *arena;
};


static uint64_t ngx_canonical_table_hash(ngx_str_t *key);
static ngx_canonical_table_slot_t *ngx_canonical_table_find(
    ngx_canonical_table_t *t, ngx_str_t *key, uint64_t hash);
static ngx_int_t ngx_canonical_table_grow(ngx_canonical_table_t *t);

static const char *ngx_canonical_table_line(ngx_canonical_table_t *t,
    u_char *p, u_char *end);
static const char *ngx_canonical_table_word(ngx_canonical_table_t *t,
    u_char **pos, u_char *end, ngx_str_t *word);
static const char *ngx_canonical_table_quoted(ngx_canonical_table_t *t,
    u_char **pos, u_char *end, ngx_str_t *word);


/* both halves of the product: all bits of the word reach the lowest ones */

static ngx_inline uint64_t
ngx_canonical_table_mix(uint64_t word)
{
    unsigned __int128  product;

    product = (unsigned __int128) word * NGX_CANONICAL_TABLE_MIX;

    return (uint64_t) product ^ (uint64_t) (product >> 64);
}


ngx_canonical_table_t *
ngx_canonical_table_create(ngx_canonical_arena_t *a)
{
    ngx_canonical_table_t  *t;

    t = ngx_canonical_zalloc(a, sizeof(ngx_canonical_table_t));
    if (t == NULL) {
        return NULL;
    }

    t->slots = ngx_canonical_zalloc(a, NGX_CANONICAL_TABLE_SLOTS
                                       * sizeof(ngx_canonical_table_slot_t));
    if (t->slots == NULL) {
        return NULL;
    }

    t->mask = NGX_CANONICAL_TABLE_SLOTS - 1;
    t->arena = a;

    return t;
}


ngx_int_t
ngx_canonical_table_add(ngx_canonical_table_t *t, ngx_str_t *key,
    ngx_str_t *value)
{
    uint64_t                      hash;
    ngx_canonical_table_slot_t   *slot;
    ngx_canonical_table_entry_t  *entry;

    hash = ngx_canonical_table_hash(key);

    if (ngx_canonical_table_find(t, key, hash)->entry) {
        return NGX_BUSY;
    }

    if ((t->n + 1) * 2 > t->mask && ngx_canonical_table_grow(t) != NGX_OK) {
        return NGX_ERROR;
    }

    entry = ngx_canonical_alloc(t->arena, sizeof(ngx_canonical_table_entry_t));
    if (entry == NULL) {
        return NGX_ERROR;
    }

    entry->key = *key;
    entry->value = *value;

    slot = ngx_canonical_table_find(t, key, hash);
    slot->hash = hash;
    slot->entry = entry;

    t->n++;

    return NGX_OK;
}


ngx_int_t
ngx_canonical_table_default(ngx_canonical_table_t *t, ngx_str_t *value)
{
    if (t->has_default) {
        return NGX_BUSY;
    }

    t->other = *value;
    t->has_default = 1;

    return NGX_OK;
}


ngx_str_t *
ngx_canonical_table_get(ngx_canonical_table_t *t, ngx_str_t *key)
{
    ngx_canonical_table_slot_t  *slot;

    slot = ngx_canonical_table_find(t, key, ngx_canonical_table_hash(key));

    if (slot->entry) {
        return &slot->entry->value;
    }

    return t->has_default ? &t->other : NULL;
}


/*
 * Eight bytes at a time, the last ones overlapping.  What is looked up comes
 * from outside, what is in the table does not: no secret is needed.
 */

static uint64_t
ngx_canonical_table_hash(ngx_str_t *key)
{
    u_char    *p;
    size_t     n;
    uint32_t   first, last;
    uint64_t   hash, word;

    p = key->data;
    n = key->len;
    hash = n * NGX_CANONICAL_TABLE_MIX;

    if (n >= 8) {

        for ( /* void */ ; n > 8; n -= 8, p += 8) {
            ngx_memcpy(&word, p, 8);
            hash = ngx_canonical_table_mix(hash ^ word);
        }

        ngx_memcpy(&word, p + n - 8, 8);

    } else if (n >= 4) {
        ngx_memcpy(&first, p, 4);
        ngx_memcpy(&last, p + n - 4, 4);
        word = (uint64_t) first << 32 | last;

    } else if (n) {
        word = (uint64_t) p[0] << 16 | (uint64_t) p[n / 2] << 8 | p[n - 1];

    } else {
        word = 0;
    }

    return ngx_canonical_table_mix(hash ^ word);
}


/* its slot, or the free one where it would be */

static ngx_canonical_table_slot_t *
ngx_canonical_table_find(ngx_canonical_table_t *t, ngx_str_t *key,
    uint64_t hash)
{
    uint64_t                      i;
    ngx_canonical_table_entry_t  *entry;

    for (i = hash & t->mask; /* void */ ; i = (i + 1) & t->mask) {

        entry = t->slots[i].entry;

        if (entry == NULL) {
            break;
        }

        if (t->slots[i].hash == hash
            && entry->key.len == key->len
            && (key->len == 0
                || ngx_memcmp(entry->key.data, key->data, key->len) == 0))
        {
            break;
        }
    }

    return &t->slots[i];
}


static ngx_int_t
ngx_canonical_table_grow(ngx_canonical_table_t *t)
{
    uint64_t                     i, k, size, mask;
    ngx_canonical_table_slot_t  *slots;

    size = t->mask + 1;

    if (size >= NGX_CANONICAL_TABLE_MAX) {
        return NGX_ERROR;
    }

    slots = ngx_canonical_zalloc(t->arena, 2 * size
                                       * sizeof(ngx_canonical_table_slot_t));
    if (slots == NULL) {
        return NGX_ERROR;
    }

    mask = 2 * size - 1;

    for (i = 0; i < size; i++) {

        if (t->slots[i].entry == NULL) {
            continue;
        }

        k = t->slots[i].hash & mask;

        while (slots[k].entry) {
            k = (k + 1) & mask;
        }

        slots[k] = t->slots[i];
    }

    t->slots = slots;
    t->mask = mask;

    return NGX_OK;
}


ngx_int_t
ngx_canonical_table_read(ngx_canonical_table_t *t, ngx_str_t *text,
    ngx_uint_t *line, const char **why)
{
    u_char  *p, *end, *next, *last;

    p = text->data;
    end = p + text->len;
    *line = 0;

    /* spreadsheets write a BOM */

    if (text->len >= 3 && ngx_memcmp(p, "\xef\xbb\xbf", 3) == 0) {
        p += 3;
    }

    for ( /* void */ ; p < end; p = next) {

        (*line)++;

        last = memchr(p, '\n', end - p);

        if (last) {
            next = last + 1;

        } else {
            last = end;
            next = end;
        }

        if (last > p && last[-1] == '\r') {
            last--;
        }

        if (p == last || *p == '#') {
            continue;
        }

        *why = ngx_canonical_table_line(t, p, last);
        if (*why) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static const char *
ngx_canonical_table_line(ngx_canonical_table_t *t, u_char *p, u_char *end)
{
    ngx_int_t    rc;
    ngx_str_t    key, value;
    const char  *why;

    why = ngx_canonical_table_word(t, &p, end, &key);
    if (why) {
        return why;
    }

    if (key.len == 0) {
        return "a key is expected";
    }

    if (p == end) {
        return "a comma or a tab is expected";
    }

    p++;

    why = ngx_canonical_table_word(t, &p, end, &value);
    if (why) {
        return why;
    }

    if (p != end) {
        return "more than two columns";
    }

    if (key.len == 7 && ngx_memcmp(key.data, "default", 7) == 0) {
        rc = ngx_canonical_table_default(t, &value);

    } else {
        rc = ngx_canonical_table_add(t, &key, &value);
    }

    if (rc == NGX_BUSY) {
        return "the key is there already";
    }

    return (rc == NGX_OK) ? NULL : "no memory";
}


/* up to a comma, a tab or the end of the line */

static const char *
ngx_canonical_table_word(ngx_canonical_table_t *t, u_char **pos, u_char *end,
    ngx_str_t *word)
{
    u_char  *p;

    p = *pos;

    if (p < end && *p == '"') {
        return ngx_canonical_table_quoted(t, pos, end, word);
    }

    word->data = p;

    while (p < end && *p != ',' && *p != '\t') {

        if (*p == '"') {
            return "a quote within a word";
        }

        p++;
    }

    word->len = p - word->data;
    *pos = p;

    return NULL;
}


/* two quotes are one: then the word is a copy */

static const char *
ngx_canonical_table_quoted(ngx_canonical_table_t *t, u_char **pos, u_char *end,
    ngx_str_t *word)
{
    u_char      *p, *out;
    ngx_uint_t   doubled;

    doubled = 0;
    word->data = *pos + 1;

    for (p = word->data; p < end; p++) {

        if (*p != '"') {
            continue;
        }

        if (p + 1 == end || p[1] != '"') {
            break;
        }

        doubled++;
        p++;
    }

    if (p == end) {
        return "a quote is not closed";
    }

    word->len = p - word->data;
    *pos = p + 1;

    if (*pos < end && **pos != ',' && **pos != '\t') {
        return "a comma or a tab is expected";
    }

    if (doubled == 0) {
        return NULL;
    }

    out = ngx_canonical_bytes(t->arena, word->len - doubled);
    if (out == NULL) {
        return "no memory";
    }

    p = word->data;
    word->data = out;
    word->len -= doubled;

    while (out < word->data + word->len) {
        *out++ = *p;
        p += (*p == '"') ? 2 : 1;
    }

    return NULL;
}
