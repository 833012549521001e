
/*
 * A small reader of nginx.conf for those who need maps without nginx: unit
 * tests, fuzz targets, the benchmark.  Words, quotes, comments and braces are
 * as in nginx.  Known are canonical_map, canonical_table and
 *
 *     canonical_key NAME secret=TEXT id=ID [previous_secret=TEXT
 *                   previous_id=ID] [authorities=TABLE];
 *
 * Names are defined before they are used.
 */

#ifndef _UNIT_MAPCONF_H_INCLUDED_
#define _UNIT_MAPCONF_H_INCLUDED_


#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ngx_canonical_map.h"
#include "ngx_fhir_types.h"


#define MAPCONF_WORDS  256
#define MAPCONF_WORD   4000       /* bytes of one */

#define MAPCONF_BLOCK  1          /* "{" behind the words */
#define MAPCONF_CLOSE  2          /* "}" alone */
#define MAPCONF_END    3


typedef struct mapconf_name_s  mapconf_name_t;

struct mapconf_name_s {
    ngx_str_t                  name;
    void                      *value;
    uintptr_t                  index;
    mapconf_name_t            *next;
};


typedef struct {
    ngx_canonical_compiler_t   compiler;      /* the first: see mapconf() */
    ngx_canonical_arena_t     *arena;

    mapconf_name_t            *tables;
    mapconf_name_t            *keys;
    mapconf_name_t            *maps;          /* the last one first */
    mapconf_name_t            *variables;     /* numbered from 0 */
    ngx_uint_t                 nvariables;

    /* may be set behind mapconf_init() */

    const char                *directory;     /* of schemas; NULL: all are
                                                 the one that allows all */
    const char                *zoneinfo;      /* NULL: the system's */

    char                       error[640];    /* "LINE: what is wrong" */

    /* private */

    u_char                    *pos;
    u_char                    *end;
    ngx_uint_t                 line;
    ngx_str_t                  words[MAPCONF_WORDS];
    ngx_uint_t                 nwords;
    u_char                     text[MAPCONF_WORD + 2];
} mapconf_t;


#define mapconf(c)  ((mapconf_t *) (c))


static inline int
mapconf_fail(mapconf_t *mc, ngx_uint_t line, const char *text)
{
    snprintf(mc->error, sizeof(mc->error), "%d: %s", (int) line, text);
    return NGX_ERROR;
}


static inline mapconf_name_t *
mapconf_find(mapconf_name_t *n, ngx_str_t *name)
{
    for ( /* void */ ; n; n = n->next) {
        if (n->name.len == name->len
            && memcmp(n->name.data, name->data, name->len) == 0)
        {
            return n;
        }
    }

    return NULL;
}


static inline mapconf_name_t *
mapconf_define(mapconf_t *mc, mapconf_name_t **names, ngx_str_t *name,
    void *value)
{
    mapconf_name_t  *n;

    n = ngx_canonical_zalloc(mc->arena, sizeof(mapconf_name_t));
    if (n == NULL) {
        return NULL;
    }

    n->name = *name;
    n->value = value;
    n->next = *names;
    *names = n;

    return n;
}


static inline ngx_canonical_table_t *
mapconf_table(ngx_canonical_compiler_t *c, ngx_str_t *name)
{
    mapconf_name_t  *n;

    n = mapconf_find(mapconf(c)->tables, name);

    return n ? n->value : NULL;
}


static inline ngx_canonical_key_t *
mapconf_key(ngx_canonical_compiler_t *c, ngx_str_t *name)
{
    mapconf_name_t  *n;

    n = mapconf_find(mapconf(c)->keys, name);

    return n ? n->value : NULL;
}


static inline ngx_canonical_schema_t *
mapconf_schema(ngx_canonical_compiler_t *c, ngx_str_t *file, const char **why)
{
    long                     size;
    FILE                    *f;
    char                     path[1024];
    mapconf_t               *mc;
    ngx_str_t                text;
    ngx_canonical_error_t    err;
    ngx_canonical_schema_t  *schema;

    mc = mapconf(c);
    text.data = (u_char *) "{}";
    text.len = 2;

    if (mc->directory) {
        snprintf(path, sizeof(path), "%s/%.*s", mc->directory,
                 (int) file->len, file->data);

        *why = "not readable";

        f = fopen(path, "rb");
        if (f == NULL) {
            return NULL;
        }

        if (fseek(f, 0, SEEK_END) != 0 || (size = ftell(f)) < 0
            || fseek(f, 0, SEEK_SET) != 0)
        {
            fclose(f);
            return NULL;
        }

        text.data = ngx_canonical_bytes(mc->arena, size + 1);
        text.len = text.data ? fread(text.data, 1, size, f) : 0;

        fclose(f);

        if (text.len != (size_t) size) {
            return NULL;
        }
    }

    if (ngx_canonical_schema_compile(&schema, mc->arena, &text, &err)
        != NGX_OK)
    {
        *why = err.text;
        return NULL;
    }

    return schema;
}


static inline ngx_canonical_zone_t *
mapconf_zone(ngx_canonical_compiler_t *c, ngx_str_t *name, const char **why)
{
    ngx_canonical_zone_t  *zone;

    if (ngx_canonical_zone_open(&zone, mapconf(c)->arena, name,
                                mapconf(c)->zoneinfo, why)
        != NGX_OK)
    {
        return NULL;
    }

    return zone;
}


static inline ngx_int_t
mapconf_variable(ngx_canonical_compiler_t *c, ngx_str_t *name,
    uintptr_t *index, const char **why)
{
    mapconf_t       *mc;
    mapconf_name_t  *n;

    mc = mapconf(c);
    n = mapconf_find(mc->variables, name);

    if (n == NULL) {
        n = mapconf_define(mc, &mc->variables, name, NULL);
        if (n == NULL) {
            *why = "no memory";
            return NGX_ERROR;
        }

        n->index = mc->nvariables++;
    }

    *index = n->index;

    return NGX_OK;
}


static inline void
mapconf_init(mapconf_t *mc, ngx_canonical_arena_t *a)
{
    memset(mc, 0, sizeof(mapconf_t));

    mc->arena = a;

    mc->compiler.arena = a;
    mc->compiler.table = mapconf_table;
    mc->compiler.key = mapconf_key;
    mc->compiler.schema = mapconf_schema;
    mc->compiler.zone = mapconf_zone;
    mc->compiler.variable = mapconf_variable;
    mc->compiler.file.data = (u_char *) "map.conf";
    mc->compiler.file.len = sizeof("map.conf") - 1;

    (void) ngx_fhir_types_init(malloc);
}


/* one word: the backslash and quotes of nginx; a copy */

static inline int
mapconf_word(mapconf_t *mc)
{
    u_char      ch, quote, *p, *out, *last;
    ngx_str_t  *word;

    if (mc->nwords == MAPCONF_WORDS) {
        return mapconf_fail(mc, mc->line, "too many words");
    }

    word = &mc->words[mc->nwords++];
    quote = 0;

    if (*mc->pos == '"' || *mc->pos == '\'') {
        quote = *mc->pos++;
    }

    out = mc->text;
    last = out + MAPCONF_WORD;

    for (p = mc->pos; p < mc->end; p++) {
        ch = *p;

        if (out >= last) {
            return mapconf_fail(mc, mc->line, "too long word");
        }

        if (ch == LF) {
            mc->line++;
        }

        if (ch == '\\' && p + 1 < mc->end) {
            ch = *++p;

            switch (ch) {
            case '"':
            case '\'':
            case '\\':
                break;

            case 't':
                ch = '\t';
                break;

            case 'r':
                ch = CR;
                break;

            case 'n':
                ch = LF;
                break;

            default:
                *out++ = '\\';
            }

            *out++ = ch;
            continue;
        }

        if (quote) {
            if (ch == quote) {
                break;
            }

        } else if (ch == ' ' || ch == '\t' || ch == CR || ch == LF
                   || ch == ';' || (ch == '{' && (p == mc->pos
                                                  || p[-1] != '$')))
        {
            break;
        }

        *out++ = ch;
    }

    mc->pos = p;

    if (p == mc->end) {
        return mapconf_fail(mc, mc->line, "unexpected end of file");
    }

    if (quote) {
        mc->pos++;

        if (mc->pos < mc->end && memchr(" \t\r\n;{", *mc->pos, 6) == NULL) {
            return mapconf_fail(mc, mc->line, "unexpected character behind "
                                "a quote");
        }

    } else if (*p == LF) {
        mc->line--;
    }

    word->len = out - mc->text;
    word->data = ngx_canonical_bytes(mc->arena, word->len + 1);
    if (word->data == NULL) {
        return mapconf_fail(mc, mc->line, "no memory");
    }

    memcpy(word->data, mc->text, word->len);

    return NGX_OK;
}


/* the words up to ";" (NGX_OK), "{", or what else ends them */

static inline int
mapconf_line(mapconf_t *mc)
{
    u_char  ch;

    mc->nwords = 0;

    while (mc->pos < mc->end) {
        ch = *mc->pos;

        switch (ch) {

        case LF:
            mc->line++;
            mc->pos++;
            continue;

        case ' ':
        case '\t':
        case CR:
            mc->pos++;
            continue;

        case '#':
            while (mc->pos < mc->end && *mc->pos != LF) {
                mc->pos++;
            }

            continue;

        case ';':
        case '{':
            mc->pos++;

            if (mc->nwords == 0) {
                return mapconf_fail(mc, mc->line, "unexpected \";\" or \"{\"");
            }

            return ch == ';' ? NGX_OK : MAPCONF_BLOCK;

        case '}':
            mc->pos++;

            if (mc->nwords) {
                return mapconf_fail(mc, mc->line, "unexpected \"}\"");
            }

            return MAPCONF_CLOSE;

        default:
            if (mapconf_word(mc) != NGX_OK) {
                return NGX_ERROR;
            }
        }
    }

    if (mc->nwords) {
        return mapconf_fail(mc, mc->line, "unexpected end of file");
    }

    return MAPCONF_END;
}


static inline int
mapconf_is(ngx_str_t *word, const char *text)
{
    return word->len == strlen(text)
           && memcmp(word->data, text, word->len) == 0;
}


static inline int
mapconf_read_table(mapconf_t *mc)
{
    int                     rc;
    ngx_canonical_table_t  *table;

    table = ngx_canonical_table_create(mc->arena);

    if (table == NULL
        || mapconf_define(mc, &mc->tables, &mc->words[1], table) == NULL)
    {
        return mapconf_fail(mc, mc->line, "no memory");
    }

    for ( ;; ) {
        rc = mapconf_line(mc);

        if (rc == MAPCONF_CLOSE) {
            return NGX_OK;
        }

        if (rc == NGX_ERROR) {
            return rc;
        }

        if (rc != NGX_OK || mc->nwords != 2) {
            return mapconf_fail(mc, mc->line, "not a key and a value");
        }

        rc = mapconf_is(&mc->words[0], "default")
             ? ngx_canonical_table_default(table, &mc->words[1])
             : ngx_canonical_table_add(table, &mc->words[0], &mc->words[1]);

        if (rc != NGX_OK) {
            return mapconf_fail(mc, mc->line, "there already");
        }
    }
}


static inline int
mapconf_read_key(mapconf_t *mc)
{
    u_char               *p;
    ngx_str_t             name, value, *word;
    ngx_canonical_key_t  *key;

    key = ngx_canonical_zalloc(mc->arena, sizeof(ngx_canonical_key_t));

    if (key == NULL
        || mapconf_define(mc, &mc->keys, &mc->words[1], key) == NULL)
    {
        return mapconf_fail(mc, mc->line, "no memory");
    }

    key->name = mc->words[1];

    for (word = mc->words + 2; word < mc->words + mc->nwords; word++) {
        p = memchr(word->data, '=', word->len);

        if (p == NULL) {
            return mapconf_fail(mc, mc->line, "name=value is expected");
        }

        name.data = word->data;
        name.len = p - word->data;
        value.data = p + 1;
        value.len = word->len - name.len - 1;

        if (mapconf_is(&name, "secret")) {
            key->secret = value;

        } else if (mapconf_is(&name, "id")) {
            key->id = value;

        } else if (mapconf_is(&name, "previous_secret")) {
            key->previous = value;

        } else if (mapconf_is(&name, "previous_id")) {
            key->previous_id = value;

        } else if (mapconf_is(&name, "authorities")) {
            key->authorities = mapconf_table(&mc->compiler, &value);

        } else {
            return mapconf_fail(mc, mc->line, "unknown word of a key");
        }
    }

    return NGX_OK;
}


static inline int
mapconf_read_map(mapconf_t *mc)
{
    int                        rc;
    ngx_str_t                  name;
    const char                *why;
    ngx_uint_t                 depth, block;
    ngx_canonical_map_t       *map;
    ngx_canonical_compiler_t  *c;

    c = &mc->compiler;
    c->line = mc->line;
    name = mc->words[1];

    why = ngx_canonical_map_begin(c, mc->words + 1, mc->nwords - 1);
    if (why) {
        return mapconf_fail(mc, c->line, why);
    }

    depth = 1;
    map = NULL;

    while (depth) {
        rc = mapconf_line(mc);

        if (rc == NGX_ERROR) {
            return rc;
        }

        if (rc == MAPCONF_END) {
            return mapconf_fail(mc, mc->line, "unexpected end of file");
        }

        c->line = mc->line;

        if (rc == MAPCONF_CLOSE) {
            why = --depth ? ngx_canonical_map_close(c)
                          : ngx_canonical_map_end(c, &map);

        } else {
            block = mapconf_is(&mc->words[0], "each")
                    || mapconf_is(&mc->words[0], "when")
                    || mapconf_is(&mc->words[0], "else")
                    || mapconf_is(&mc->words[0], "segment");

            if (block != (rc == MAPCONF_BLOCK)) {
                return mapconf_fail(mc, mc->line, block ? "no opening \"{\""
                                                        : "no \";\"");
            }

            depth += block;

            why = ngx_canonical_map_word(c, mc->words, mc->nwords);
        }

        if (why) {
            return mapconf_fail(mc, c->line, why);
        }
    }

    if (mapconf_define(mc, &mc->maps, &name, map) == NULL) {
        return mapconf_fail(mc, mc->line, "no memory");
    }

    return NGX_OK;
}


/*
 * Reads the text, which may go then: NGX_OK, or NGX_ERROR and mc->error.
 */

static inline int
mapconf_read(mapconf_t *mc, const char *text, size_t len)
{
    int         rc;
    ngx_str_t  *word;

    mc->pos = (u_char *) text;
    mc->end = (u_char *) text + len;
    mc->line = 1;
    mc->error[0] = '\0';

    word = mc->words;

    for ( ;; ) {
        rc = mapconf_line(mc);

        if (rc == MAPCONF_END) {
            return NGX_OK;
        }

        if (rc == NGX_ERROR) {
            return rc;
        }

        if (rc == MAPCONF_BLOCK && mc->nwords == 2
            && mapconf_is(word, "canonical_table"))
        {
            rc = mapconf_read_table(mc);

        } else if (rc == NGX_OK && mc->nwords > 2
                   && mapconf_is(word, "canonical_key"))
        {
            rc = mapconf_read_key(mc);

        } else if (rc == MAPCONF_BLOCK && mc->nwords > 1
                   && mapconf_is(word, "canonical_map"))
        {
            rc = mapconf_read_map(mc);

        } else {
            rc = mapconf_fail(mc, mc->line, "unknown directive");
        }

        if (rc != NGX_OK) {
            return rc;
        }
    }
}


/* the map of this name, or NULL */

static inline ngx_canonical_map_t *
mapconf_map(mapconf_t *mc, const char *name)
{
    ngx_str_t        s;
    mapconf_name_t  *n;

    s.data = (u_char *) name;
    s.len = strlen(name);

    n = mapconf_find(mc->maps, &s);

    return n ? n->value : NULL;
}


#endif /* _UNIT_MAPCONF_H_INCLUDED_ */
