
/*
 * Patterns as automata: see the header.
 *
 * The pattern becomes Glushkov's automaton, where each character of it is a
 * position and a set of positions is a word; then sets of positions become
 * states.  Source: V. M. Glushkov, The abstract theory of automata, 1961.
 */

#include "ngx_canonical_automaton.h"


/* position 0 is the start: no character */

#define NGX_CANONICAL_POSITIONS       64
#define NGX_CANONICAL_STATES          200
#define NGX_CANONICAL_CLASSES         64
#define NGX_CANONICAL_GROUPS          8      /* in each other */
#define NGX_CANONICAL_COUNT           64     /* in {n} */
#define NGX_CANONICAL_ATOMS           1000   /* with all repetitions */

#define NGX_CANONICAL_ENDLESS         (NGX_CANONICAL_COUNT + 1)


typedef struct {
    uint64_t                    first;
    uint64_t                    last;
    ngx_uint_t                  empty;       /* may be nothing */
} ngx_canonical_fragment_t;


typedef struct {
    u_char                     *pos;
    u_char                     *end;
    ngx_uint_t                  n;           /* positions */
    ngx_uint_t                  atoms;
    ngx_uint_t                  groups;
    uint64_t                    follow[NGX_CANONICAL_POSITIONS];

    /* positions that a character may be at */
    uint64_t                    chars[128];

    /* of the deterministic one: a byte of each class, the sets */
    ngx_uint_t                  nclasses;
    u_char                      members[NGX_CANONICAL_CLASSES];
    ngx_uint_t                  nstates;
    uint64_t                    states[NGX_CANONICAL_STATES];
} ngx_canonical_pattern_t;


/* NGX_OK, or NGX_DECLINED: not a pattern of this kind */

static ngx_int_t ngx_canonical_automaton_read(ngx_canonical_pattern_t *b,
    ngx_str_t *pattern, ngx_canonical_fragment_t *f);
static ngx_int_t ngx_canonical_automaton_choice(ngx_canonical_pattern_t *b,
    ngx_canonical_fragment_t *f);
static ngx_int_t ngx_canonical_automaton_sequence(ngx_canonical_pattern_t *b,
    ngx_canonical_fragment_t *f);
static ngx_int_t ngx_canonical_automaton_item(ngx_canonical_pattern_t *b,
    ngx_canonical_fragment_t *f);
static ngx_int_t ngx_canonical_automaton_atom(ngx_canonical_pattern_t *b,
    ngx_canonical_fragment_t *f);
static ngx_int_t ngx_canonical_automaton_class(ngx_canonical_pattern_t *b,
    uint64_t bit);
static ngx_int_t ngx_canonical_automaton_count(ngx_canonical_pattern_t *b,
    ngx_uint_t *min, ngx_uint_t *max);
static ngx_int_t ngx_canonical_automaton_number(ngx_canonical_pattern_t *b,
    ngx_uint_t *n);
static void ngx_canonical_automaton_append(ngx_canonical_pattern_t *b,
    ngx_canonical_fragment_t *f, ngx_canonical_fragment_t *next);
static void ngx_canonical_automaton_link(ngx_canonical_pattern_t *b,
    uint64_t from, uint64_t to);

static ngx_int_t ngx_canonical_automaton_classes(ngx_canonical_pattern_t *b,
    uint8_t *classes);
static ngx_int_t ngx_canonical_automaton_rows(ngx_canonical_pattern_t *b,
    uint64_t last, uint16_t *rows);
static ngx_uint_t ngx_canonical_automaton_state(ngx_canonical_pattern_t *b,
    uint64_t set);


ngx_canonical_automaton_t *
ngx_canonical_automaton(ngx_canonical_arena_t *a, ngx_str_t *pattern)
{
    uint16_t                    rows[NGX_CANONICAL_STATES
                                     * (NGX_CANONICAL_CLASSES + 1)];
    ngx_canonical_pattern_t     b;
    ngx_canonical_fragment_t    f;
    ngx_canonical_automaton_t  *m;

    m = ngx_canonical_zalloc(a, sizeof(ngx_canonical_automaton_t));

    if (m == NULL
        || ngx_canonical_automaton_read(&b, pattern, &f) != NGX_OK
        || ngx_canonical_automaton_classes(&b, m->classes) != NGX_OK
        || ngx_canonical_automaton_rows(&b, f.last | f.empty, rows) != NGX_OK)
    {
        return NULL;
    }

    m->columns = b.nclasses + 1;

    m->rows = ngx_canonical_alloc(a, b.nstates * m->columns
                                     * sizeof(uint16_t));
    if (m->rows == NULL) {
        return NULL;
    }

    ngx_memcpy(m->rows, rows, b.nstates * m->columns * sizeof(uint16_t));

    return m;
}


static ngx_int_t
ngx_canonical_automaton_read(ngx_canonical_pattern_t *b, ngx_str_t *pattern,
    ngx_canonical_fragment_t *f)
{
    if (pattern->len < 2 || pattern->data[0] != '^') {
        return NGX_DECLINED;
    }

    ngx_memzero(b, sizeof(ngx_canonical_pattern_t));

    b->pos = pattern->data + 1;
    b->end = pattern->data + pattern->len;
    b->n = 1;

    /* an alternative here would leave one side without its anchor */

    if (ngx_canonical_automaton_sequence(b, f) != NGX_OK
        || b->end - b->pos != 1 || *b->pos != '$')
    {
        return NGX_DECLINED;
    }

    b->follow[0] = f->first;

    return NGX_OK;
}


static ngx_int_t
ngx_canonical_automaton_choice(ngx_canonical_pattern_t *b,
    ngx_canonical_fragment_t *f)
{
    ngx_canonical_fragment_t  other;

    if (ngx_canonical_automaton_sequence(b, f) != NGX_OK) {
        return NGX_DECLINED;
    }

    while (b->pos < b->end && *b->pos == '|') {
        b->pos++;

        if (ngx_canonical_automaton_sequence(b, &other) != NGX_OK) {
            return NGX_DECLINED;
        }

        f->first |= other.first;
        f->last |= other.last;
        f->empty |= other.empty;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_canonical_automaton_sequence(ngx_canonical_pattern_t *b,
    ngx_canonical_fragment_t *f)
{
    ngx_canonical_fragment_t  next;

    f->first = 0;
    f->last = 0;
    f->empty = 1;

    while (b->pos < b->end && *b->pos != '|' && *b->pos != ')'
           && *b->pos != '$')
    {
        if (ngx_canonical_automaton_item(b, &next) != NGX_OK) {
            return NGX_DECLINED;
        }

        ngx_canonical_automaton_append(b, f, &next);
    }

    return NGX_OK;
}


/* an atom is read again for each of its repetitions */

static ngx_int_t
ngx_canonical_automaton_item(ngx_canonical_pattern_t *b,
    ngx_canonical_fragment_t *f)
{
    u_char                    *start, *end;
    ngx_uint_t                 i, n, min, max;
    ngx_canonical_fragment_t   next;

    start = b->pos;

    if (ngx_canonical_automaton_atom(b, &next) != NGX_OK
        || ngx_canonical_automaton_count(b, &min, &max) != NGX_OK)
    {
        return NGX_DECLINED;
    }

    end = b->pos;

    f->first = 0;
    f->last = 0;
    f->empty = 1;

    n = (max == NGX_CANONICAL_ENDLESS) ? ngx_max(min, 1) : max;

    for (i = 0; i < n; i++) {

        if (i) {
            b->pos = start;

            if (ngx_canonical_automaton_atom(b, &next) != NGX_OK) {
                return NGX_DECLINED;
            }
        }

        if (i == n - 1 && max == NGX_CANONICAL_ENDLESS) {
            ngx_canonical_automaton_link(b, next.last, next.first);
        }

        next.empty |= (i >= min);

        ngx_canonical_automaton_append(b, f, &next);
    }

    b->pos = end;

    return NGX_OK;
}


static ngx_int_t
ngx_canonical_automaton_atom(ngx_canonical_pattern_t *b,
    ngx_canonical_fragment_t *f)
{
    u_char     ch;
    uint64_t   bit;
    ngx_int_t  rc;

    if (b->n == NGX_CANONICAL_POSITIONS || b->atoms++ == NGX_CANONICAL_ATOMS) {
        return NGX_DECLINED;
    }

    ch = *b->pos++;

    if (ch == '(') {

        if (b->groups++ == NGX_CANONICAL_GROUPS) {
            return NGX_DECLINED;
        }

        rc = ngx_canonical_automaton_choice(b, f);

        b->groups--;

        return (rc == NGX_OK && b->pos < b->end && *b->pos++ == ')')
               ? NGX_OK : NGX_DECLINED;
    }

    bit = (uint64_t) 1 << b->n++;

    f->first = bit;
    f->last = bit;
    f->empty = 0;

    if (ch == '[') {
        return ngx_canonical_automaton_class(b, bit);
    }

    if (ch < ' ' || ch >= 0x7f || strchr("^.?*+{}]\\", ch)) {
        return NGX_DECLINED;
    }

    b->chars[ch] |= bit;

    return NGX_OK;
}


static ngx_int_t
ngx_canonical_automaton_class(ngx_canonical_pattern_t *b, uint64_t bit)
{
    u_char      *p, *start;
    ngx_uint_t   ch, last;

    start = b->pos;

    /* what looks like a class of POSIX */

    if (b->end - start > 2 && strchr(":.=", *start) && start[1] != ']') {
        return NGX_DECLINED;
    }

    for (p = start; p < b->end && *p != ']'; p++) {
        ch = *p;
        last = ch;

        if (b->end - p > 2 && p[1] == '-' && p[2] != ']') {
            p += 2;
            last = *p;
        }

        /* a range between two others, as in [a-c-e], is a trap */

        if (ch < ' ' || ch > last || last >= 0x7f || strchr("^[\\", ch)
            || strchr("[\\", last)
            || ((ch == '-' || last == '-') && p != start
                && (b->end - p == 1 || p[1] != ']')))
        {
            return NGX_DECLINED;
        }

        while (ch <= last) {
            b->chars[ch++] |= bit;
        }
    }

    if (p == start || p == b->end) {
        return NGX_DECLINED;
    }

    b->pos = p + 1;

    return NGX_OK;
}


static ngx_int_t
ngx_canonical_automaton_count(ngx_canonical_pattern_t *b, ngx_uint_t *min,
    ngx_uint_t *max)
{
    *min = 1;
    *max = 1;

    switch (b->pos < b->end ? *b->pos : 0) {

    case '?':
        *min = 0;
        break;

    case '*':
        *min = 0;
        *max = NGX_CANONICAL_ENDLESS;
        break;

    case '+':
        *max = NGX_CANONICAL_ENDLESS;
        break;

    case '{':
        b->pos++;

        if (ngx_canonical_automaton_number(b, min) != NGX_OK) {
            return NGX_DECLINED;
        }

        *max = *min;

        if (b->pos < b->end && *b->pos == ',') {
            b->pos++;

            if (b->pos < b->end && *b->pos == '}') {
                *max = NGX_CANONICAL_ENDLESS;

            } else if (ngx_canonical_automaton_number(b, max) != NGX_OK
                       || *max < *min)
            {
                return NGX_DECLINED;
            }
        }

        if (b->pos == b->end || *b->pos != '}') {
            return NGX_DECLINED;
        }

        break;

    default:
        return NGX_OK;
    }

    b->pos++;

    /* of another kind: lazy, possessive */

    return (b->pos < b->end && strchr("?*+{", *b->pos)) ? NGX_DECLINED
                                                        : NGX_OK;
}


static ngx_int_t
ngx_canonical_automaton_number(ngx_canonical_pattern_t *b, ngx_uint_t *n)
{
    u_char  *start;

    start = b->pos;

    for (*n = 0; b->pos < b->end && *b->pos >= '0' && *b->pos <= '9'; b->pos++)
    {
        *n = *n * 10 + (*b->pos - '0');

        if (*n > NGX_CANONICAL_COUNT) {
            return NGX_DECLINED;
        }
    }

    return (b->pos == start) ? NGX_DECLINED : NGX_OK;
}


static void
ngx_canonical_automaton_append(ngx_canonical_pattern_t *b,
    ngx_canonical_fragment_t *f, ngx_canonical_fragment_t *next)
{
    ngx_canonical_automaton_link(b, f->last, next->first);

    if (f->empty) {
        f->first |= next->first;
    }

    f->last = next->last | (next->empty ? f->last : 0);
    f->empty &= next->empty;
}


static void
ngx_canonical_automaton_link(ngx_canonical_pattern_t *b, uint64_t from,
    uint64_t to)
{
    ngx_uint_t  i;

    for (i = 0; i < b->n; i++) {
        if (from >> i & 1) {
            b->follow[i] |= to;
        }
    }
}


/* bytes that no state tells apart are one class */

static ngx_int_t
ngx_canonical_automaton_classes(ngx_canonical_pattern_t *b, uint8_t *classes)
{
    ngx_uint_t  ch, i;

    b->nclasses = 1;

    for (ch = 0; ch < 128; ch++) {

        if (b->chars[ch] == 0) {
            continue;
        }

        for (i = 1; i < b->nclasses; i++) {
            if (b->chars[b->members[i]] == b->chars[ch]) {
                break;
            }
        }

        if (i == NGX_CANONICAL_CLASSES) {
            return NGX_DECLINED;
        }

        if (i == b->nclasses) {
            b->members[i] = ch;
            b->nclasses++;
        }

        classes[ch] = i;
    }

    return NGX_OK;
}


/* position 0 is "last" if the pattern matches nothing */

static ngx_int_t
ngx_canonical_automaton_rows(ngx_canonical_pattern_t *b, uint64_t last,
    uint16_t *rows)
{
    uint64_t    next;
    ngx_uint_t  i, state, class, columns;

    columns = b->nclasses + 1;

    b->states[0] = 0;
    b->states[1] = 1;
    b->nstates = 2;

    ngx_memzero(rows, columns * sizeof(uint16_t));

    for (state = 1; state < b->nstates; state++) {

        next = 0;

        for (i = 0; i < b->n; i++) {
            next |= (b->states[state] >> i & 1) ? b->follow[i] : 0;
        }

        rows[state * columns] = 0;

        for (class = 1; class < b->nclasses; class++) {
            i = ngx_canonical_automaton_state(b,
                                         next & b->chars[b->members[class]]);
            if (i == NGX_CANONICAL_STATES) {
                return NGX_DECLINED;
            }

            rows[state * columns + class] = i * columns;
        }

        rows[state * columns + b->nclasses] = (b->states[state] & last) != 0;
    }

    return NGX_OK;
}


/* the number of a set, which may be a new one; NGX_CANONICAL_STATES: full */

static ngx_uint_t
ngx_canonical_automaton_state(ngx_canonical_pattern_t *b, uint64_t set)
{
    ngx_uint_t  i;

    for (i = 0; i < b->nstates; i++) {
        if (b->states[i] == set) {
            return i;
        }
    }

    if (i < NGX_CANONICAL_STATES) {
        b->states[i] = set;
        b->nstates++;
    }

    return i;
}
