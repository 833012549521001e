
/*
 * Regular expressions: see the header.
 */

#include "ngx_canonical_regex.h"

#define PCRE2_CODE_UNIT_WIDTH  8
#include <pcre2.h>


/*
 * Bounds of one match: steps of the matcher, so some milliseconds at most,
 * and KiB of its backtracking frames.
 */

#define NGX_CANONICAL_REGEX_STEPS  100000
#define NGX_CANONICAL_REGEX_HEAP   2048

#define NGX_CANONICAL_REGEX_WHY    128


/* a piece that PCRE2 has given back; its bytes follow */

typedef struct ngx_canonical_regex_piece_s  ngx_canonical_regex_piece_t;

struct ngx_canonical_regex_piece_s {
    ngx_canonical_regex_piece_t  *next;
    size_t                        size;
};


struct ngx_canonical_regex_s {
    ngx_canonical_arena_t        *arena;
    ngx_canonical_regex_piece_t  *unused;

    pcre2_code                   *code;
    pcre2_match_data             *data;
    pcre2_match_context          *match;
};


static void ngx_canonical_regex_setup(ngx_canonical_regex_t *re,
    ngx_str_t *pattern, int *err, size_t *at);
static void *ngx_canonical_regex_malloc(size_t size, void *data);
static void ngx_canonical_regex_free(void *p, void *data);


ngx_canonical_regex_t *
ngx_canonical_regex_compile(ngx_canonical_arena_t *a, ngx_str_t *pattern,
    const char **why, size_t *at)
{
    int                     err;
    u_char                 *text;
    ngx_canonical_regex_t  *re;

    *at = 0;
    *why = "no memory";

    re = ngx_canonical_zalloc(a, sizeof(ngx_canonical_regex_t));
    if (re == NULL) {
        return NULL;
    }

    re->arena = a;

    ngx_canonical_regex_setup(re, pattern, &err, at);

    if (err == 0) {
        *why = NULL;
        return re;
    }

    text = ngx_canonical_bytes(a, NGX_CANONICAL_REGEX_WHY);

    if (text && pcre2_get_error_message(err, text, NGX_CANONICAL_REGEX_WHY)
                != PCRE2_ERROR_BADDATA)
    {
        *why = (const char *) text;
    }

    return NULL;
}


/*
 * No JIT: its memory is not of the arena, and would be lost at each reload.
 */

static void
ngx_canonical_regex_setup(ngx_canonical_regex_t *re, ngx_str_t *pattern,
    int *err, size_t *at)
{
    uint32_t                options;
    pcre2_general_context  *general;
    pcre2_compile_context  *compile;

    *err = PCRE2_ERROR_NOMEMORY;

    general = pcre2_general_context_create(ngx_canonical_regex_malloc,
                                           ngx_canonical_regex_free, re);
    if (general == NULL) {
        return;
    }

    compile = pcre2_compile_context_create(general);
    re->match = pcre2_match_context_create(general);

    if (compile == NULL || re->match == NULL) {
        return;
    }

    (void) pcre2_set_match_limit(re->match, NGX_CANONICAL_REGEX_STEPS);
    (void) pcre2_set_depth_limit(re->match, NGX_CANONICAL_REGEX_STEPS);
    (void) pcre2_set_heap_limit(re->match, NGX_CANONICAL_REGEX_HEAP);

    options = PCRE2_UTF|PCRE2_DOLLAR_ENDONLY|PCRE2_NEVER_BACKSLASH_C;

    re->code = pcre2_compile(pattern->len ? pattern->data : (u_char *) "",
                             pattern->len, options, err, at, compile);
    if (re->code == NULL) {
        return;
    }

    *at = 0;

    /* one pair is enough: where it matched is not asked for */

    re->data = pcre2_match_data_create(1, general);

    *err = re->data ? 0 : PCRE2_ERROR_NOMEMORY;
}


ngx_int_t
ngx_canonical_regex_match(ngx_canonical_regex_t *re, ngx_str_t *text)
{
    int  rc;

    rc = pcre2_match(re->code, text->len ? text->data : (u_char *) "",
                     text->len, 0, 0, re->data, re->match);

    if (rc >= 0) {
        return NGX_OK;
    }

    return (rc == PCRE2_ERROR_NOMATCH) ? NGX_DECLINED : NGX_ERROR;
}


/*
 * What PCRE2 frees is used again: its frames of backtracking grow in a match,
 * and versions before 10.41 give them back at the end of each.
 */

static void *
ngx_canonical_regex_malloc(size_t size, void *data)
{
    ngx_canonical_regex_t *re = data;

    ngx_canonical_regex_piece_t  *piece, **p, **best;

    best = NULL;

    for (p = &re->unused; *p; p = &(*p)->next) {
        if ((*p)->size >= size && (best == NULL || (*p)->size < (*best)->size))
        {
            best = p;
        }
    }

    if (best) {
        piece = *best;
        *best = piece->next;
        return piece + 1;
    }

    if (size > NGX_MAX_SIZE_T_VALUE - sizeof(ngx_canonical_regex_piece_t)) {
        return NULL;
    }

    piece = ngx_canonical_alloc(re->arena,
                                sizeof(ngx_canonical_regex_piece_t) + size);
    if (piece == NULL) {
        return NULL;
    }

    piece->size = size;

    return piece + 1;
}


static void
ngx_canonical_regex_free(void *p, void *data)
{
    ngx_canonical_regex_t *re = data;

    ngx_canonical_regex_piece_t  *piece;

    if (p == NULL) {
        return;
    }

    piece = (ngx_canonical_regex_piece_t *) p - 1;
    piece->next = re->unused;
    re->unused = piece;
}
