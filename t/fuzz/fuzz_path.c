
/*
 * A path in the first line, a message behind it.  What is parsed can be
 * written down and parsed again; what it finds lies within the message.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ngx_hl7_path.h"


#define check(expr)  if (!(expr)) abort()


static void fuzz_again(ngx_hl7_path_t *path);
static void fuzz_get(ngx_hl7_path_t *path, const uint8_t *data, size_t size);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t           len, at;
    ngx_str_t        text;
    const char      *why;
    const uint8_t   *line;
    ngx_hl7_path_t   path;

    line = memchr(data, '\n', size);
    len = line ? (size_t) (line - data) : size;

    text.len = len;
    text.data = malloc(len);
    memcpy(text.data, data, len);

    if (ngx_hl7_path_parse_name(&path, &text, &at, &why) == NGX_OK) {
        check(at == len && path.filter_component == 0);
        fuzz_again(&path);

    } else {
        check(why && at <= len);
    }

    if (ngx_hl7_path_parse(&path, &text, &at, &why) == NGX_OK) {
        check(at == len);
        fuzz_again(&path);

        if (line) {
            fuzz_get(&path, line + 1, size - len - 1);
        }

    } else {
        check(why && at <= len);
    }

    free(text.data);

    return 0;
}


static void
fuzz_again(ngx_hl7_path_t *path)
{
    char            *buf, *p;
    size_t           at;
    ngx_str_t        text;
    const char      *why;
    ngx_hl7_path_t   again;

    check(path->occurrence && strlen(path->segment) == 3);

    buf = malloc(path->filter.len + 128);
    p = buf + sprintf(buf, "%s[%u]", path->segment, path->occurrence);

    if (path->field) {
        p += sprintf(p, "-%u", path->field);
    }

    if (path->repetition) {
        p += sprintf(p, "[%u]", path->repetition);
    }

    if (path->filter_component) {
        p += sprintf(p, "[%u", path->filter_component);

        if (path->filter_subcomponent) {
            p += sprintf(p, ".%u", path->filter_subcomponent);
        }

        *p++ = '=';
        memcpy(p, path->filter.data, path->filter.len);
        p += path->filter.len;
        *p++ = ']';
    }

    if (path->component) {
        p += sprintf(p, ".%u", path->component);
    }

    if (path->subcomponent) {
        p += sprintf(p, ".%u", path->subcomponent);
    }

    text.data = (u_char *) buf;
    text.len = p - buf;

    check(ngx_hl7_path_parse(&again, &text, &at, &why) == NGX_OK);
    check(memcmp(again.segment, path->segment, 4) == 0
          && again.occurrence == path->occurrence
          && again.field == path->field
          && again.repetition == path->repetition
          && again.component == path->component
          && again.subcomponent == path->subcomponent
          && again.filter_component == path->filter_component
          && again.filter_subcomponent == path->filter_subcomponent
          && again.filter.len == path->filter.len);

    free(buf);
}


static void
fuzz_get(ngx_hl7_path_t *path, const uint8_t *data, size_t size)
{
    u_char             *start;
    ngx_str_t           value;
    ngx_hl7_span_t     *segments;
    ngx_hl7_state_e     state;
    ngx_hl7_error_t     err;
    ngx_hl7_message_t   m;

    start = malloc(size);
    memcpy(start, data, size);

    if (ngx_hl7_message_open(&m, start, start + size, &err) == NGX_OK) {

        segments = malloc(ngx_hl7_message_count_segments(&m)
                          * sizeof(ngx_hl7_span_t));
        ngx_hl7_message_index(&m, segments);

        state = ngx_hl7_path_get(path, &m, &value);

        check(value.data >= start && value.data <= start + size);
        check(value.len <= (size_t) (start + size - value.data));
        check((value.len > 0)
              == (state == NGX_HL7_VALUED || state == NGX_HL7_NULL));

        free(segments);
    }

    free(start);
}
