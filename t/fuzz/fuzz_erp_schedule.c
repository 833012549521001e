
/*
 * The scheduler against the model of the unit test, with bytes that choose
 * the operations and their numbers.
 */

#include <stdint.h>
#include <stdio.h>

#include "erp_model.h"


typedef struct {
    const uint8_t  *pos;
    const uint8_t  *end;
} fuzz_bytes_t;


static uint64_t fuzz_number(void *data);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char      *why;
    fuzz_bytes_t     bytes;
    static model_t   m;

    bytes.pos = data;
    bytes.end = data + size;

    if (!model_open(&m, fuzz_number, &bytes)) {
        abort();
    }

    while (bytes.pos < bytes.end) {
        why = model_step(&m);

        if (why == NULL) {
            why = model_numbers_are(&m);
        }

        if (why) {
            fprintf(stderr, "%s\n", why);
            abort();
        }
    }

    ngx_erp_schedule_free(m.s);

    return 0;
}


/* a byte; above 247 the two behind it, so that large ones can be had */

static uint64_t
fuzz_number(void *data)
{
    uint64_t       n;
    fuzz_bytes_t  *bytes = data;

    if (bytes->pos == bytes->end) {
        return 0;
    }

    n = *bytes->pos++;

    if (n > 247 && bytes->end - bytes->pos >= 2) {
        n = bytes->pos[0] * 256 + bytes->pos[1];
        bytes->pos += 2;
    }

    return n;
}
