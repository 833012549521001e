
/*
 * Any way of cutting the same bytes into reads gives the same transcript.
 *
 * The first seven bytes of an input: tolerated kinds, max_size (two bytes),
 * max_junk, seed of the cuts (two bytes), one read in how many bytes.
 */

#include "mllp_feed.h"


#define FUZZ_HEAD  7


int LLVMFuzzerTestOneInput(const u_char *data, size_t size);


int
LLVMFuzzerTestOneInput(const u_char *data, size_t size)
{
    char      *text;
    size_t     i, len;
    feed_t     f;
    u_char    *cuts;
    uint32_t   seed;

    if (size < FUZZ_HEAD) {
        return 0;
    }

    f.tolerate = data[0] & (ngx_mllp_bit(NGX_MLLP_BOM) - 1);
    f.max_size = data[1] << 8 | data[2];
    f.max_junk = data[3];
    f.data = data + FUZZ_HEAD;
    f.len = size - FUZZ_HEAD;

    /* the configuration allows one of them at most */

    if (f.tolerate & ngx_mllp_bit(NGX_MLLP_FS_ONLY)) {
        f.tolerate &= ~ngx_mllp_bit(NGX_MLLP_FS_IN_DATA);
    }

    cuts = calloc(1, f.len + 1);
    feed_assert(cuts != NULL);

    f.cuts = cuts;
    feed(&f);

    text = f.text;
    len = f.text_len;

    seed = data[4] << 8 | data[5];

    for (i = 0; i < f.len; i++) {
        seed = seed * 1664525 + 1013904223;
        cuts[i] = (seed >> 16) % (data[6] + 1) == 0;
    }

    feed(&f);

    feed_assert(len == f.text_len && memcmp(text, f.text, len) == 0);

    free(text);
    free(f.text);
    free(cuts);

    return 0;
}
