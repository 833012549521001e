
/*
 * Bodies at rest: what is sealed is opened with its key in its row, and in no
 * other way.
 */

#include "unit.h"

#include "ngx_erp_crypt.h"


static ngx_erp_keys_t  keys;


static void
key(ngx_erp_key_t *k, u_char first)
{
    u_char  data[NGX_ERP_KEY_LEN];

    memset(data, 0x11, sizeof(data));
    data[0] = first;

    (void) ngx_erp_key_read(k, data, sizeof(data));
}


static void
test_keys(void)
{
    u_char         raw[NGX_ERP_KEY_LEN], hex[2 * NGX_ERP_KEY_LEN + 3];
    ngx_uint_t     i;
    ngx_erp_key_t  a, b, zero;

    memset(&zero, 0, sizeof(zero));

    for (i = 0; i < NGX_ERP_KEY_LEN; i++) {
        raw[i] = (u_char) (i * 9 + 3);
        sprintf((char *) hex + 2 * i, i & 1 ? "%02x" : "%02X", raw[i]);
    }

    memcpy(hex + 64, "\r\n", 3);

    is_num(ngx_erp_key_read(&a, raw, 32), NGX_OK, "a key of 32 bytes");
    ok(memcmp(a.key, raw, 32) == 0, "which they are");

    is_num(ngx_erp_key_read(&b, hex, 64), NGX_OK, "64 digits");
    ok(memcmp(&a, &b, sizeof(a)) == 0, "are the same key, with the same id");
    is_num(ngx_erp_key_read(&b, hex, 66), NGX_OK, "a line of Windows");
    ok(memcmp(&a, &b, sizeof(a)) == 0, "and again");
    is_num(ngx_erp_key_read(&b, hex, 65), NGX_DECLINED, "but not half of it");
    ok(memcmp(&b, &zero, sizeof(b)) == 0, "and no key is left there");
    hex[64] = '\n';
    is_num(ngx_erp_key_read(&b, hex, 65), NGX_OK, "a line of Unix");
    is_num(ngx_erp_key_read(&b, hex, 66), NGX_DECLINED, "only one line");

    is_num(ngx_erp_key_read(&b, hex, 63), NGX_DECLINED, "63 digits");
    is_num(ngx_erp_key_read(&b, raw, 31), NGX_DECLINED, "31 bytes");
    is_num(ngx_erp_key_read(&b, hex, 33), NGX_DECLINED, "33 bytes");
    is_num(ngx_erp_key_read(&b, raw, 0), NGX_DECLINED, "an empty file");

    hex[63] = 'g';
    is_num(ngx_erp_key_read(&b, hex, 64), NGX_DECLINED, "g is no digit");
    ok(memcmp(&b, &zero, sizeof(b)) == 0, "nothing of the other 31 is left");
    hex[63] = '/';
    is_num(ngx_erp_key_read(&b, hex, 64), NGX_DECLINED, "nor is a slash");
    hex[63] = '1';
    hex[0] = '@';
    is_num(ngx_erp_key_read(&b, hex, 64), NGX_DECLINED, "nor at");

    /* the id from another program: printf '%032d' 0 | sha256sum */

    memset(raw, '0', 32);
    (void) ngx_erp_key_read(&a, raw, 32);
    ok(memcmp(a.id, "\x84\xe0\xc0\xea\xfa\xa9\x5a\x34", 8) == 0,
       "the id is the beginning of SHA-256");
}


static ngx_int_t
opens(ngx_erp_keys_t *k, uint64_t row, u_char *sealed, size_t len)
{
    u_char     *out;
    size_t      i, size;
    ngx_int_t   rc;

    size = len < NGX_ERP_SEAL_MORE ? 1 : len - NGX_ERP_SEAL_MORE;

    /* one byte at least: malloc(0) may be NULL */

    out = malloc(size + 1);
    memset(out, 0xa5, size + 1);

    rc = ngx_erp_open(k, row, sealed, len, out);

    if (rc == NGX_ERROR && len > NGX_ERP_SEAL_MORE) {
        for (i = 0; i < size; i++) {
            if (out[i] != 0 && out[i] != 0xa5) {
                rc = NGX_OK;
            }
        }
    }

    free(out);

    return rc;
}


static void
test_lengths(void)
{
    u_char  *data, *sealed, *out;
    size_t   i, bad;

    static size_t  lens[] = { 0, 1, 15, 16, 17, 1000, 300000 };

    for (i = 0; i < sizeof(lens) / sizeof(size_t); i++) {
        data = malloc(lens[i] + 1);
        out = malloc(lens[i] + 1);
        sealed = malloc(lens[i] + NGX_ERP_SEAL_MORE);

        memset(data, 'x', lens[i]);

        bad = ngx_erp_seal(&keys, 7, data, lens[i], sealed) != NGX_OK
              || ngx_erp_open(&keys, 7, sealed, lens[i] + NGX_ERP_SEAL_MORE,
                              out)
                 != NGX_OK
              || memcmp(data, out, lens[i]) != 0;

        is_num(bad, 0, "sealed and opened");

        free(data);
        free(out);
        free(sealed);
    }
}


static void
test_damage(void)
{
    u_char          sealed[20 + NGX_ERP_SEAL_MORE], again[sizeof(sealed)];
    size_t          i;
    ngx_int_t       rc;
    ngx_uint_t      bad;

    static u_char  data[] = "PID|1||10||DOE^JOHN|";

    memset(sealed, 0, sizeof(sealed));
    memset(again, 0, sizeof(again));

    (void) ngx_erp_seal(&keys, 42, data, 20, sealed);
    (void) ngx_erp_seal(&keys, 42, data, 20, again);

    is_num(sealed[0], 1, "version 1");
    ok(memcmp(sealed + 1, keys.current.id, 8) == 0, "the id of the key");
    ok(memcmp(sealed + 9, again + 9, 12) != 0, "each has its own nonce");
    ok(memcmp(sealed + 21, again + 21, 20) != 0, "so each is another one");
    ok(memcmp(sealed + 21, data, 20) != 0, "and nothing like the body");

    is_num(opens(&keys, 42, sealed, sizeof(sealed)), NGX_OK, "opened");
    is_num(opens(&keys, 43, sealed, sizeof(sealed)), NGX_ERROR,
           "but not in another row");
    is_num(opens(&keys, 42 | (uint64_t) 1 << 63, sealed, sizeof(sealed)),
           NGX_ERROR, "all bits of the row count");

    bad = 0;

    for (i = 0; i < 8 * sizeof(sealed); i++) {
        sealed[i / 8] ^= 1 << i % 8;
        rc = opens(&keys, 42, sealed, sizeof(sealed));
        sealed[i / 8] ^= 1 << i % 8;

        /* a bit of the key id makes it that of another key */

        bad += rc != (i / 8 >= 1 && i / 8 < 9 ? NGX_DECLINED : NGX_ERROR);
    }

    is_num(bad, 0, "any bit that is changed is seen");

    bad = 0;

    for (i = 0; i < sizeof(sealed); i++) {
        bad += opens(&keys, 42, sealed, i) != NGX_ERROR;
    }

    is_num(bad, 0, "and any byte that is missing");

    is_num(ngx_erp_seal(&keys, 1, data, (size_t) 1 << 31, sealed), NGX_ERROR,
           "2G are too many");
    is_num(ngx_erp_open(&keys, 1, sealed, (size_t) 1 << 31, again), NGX_ERROR,
           "to open, too");
}


static void
test_rotation(void)
{
    u_char          sealed[5 + NGX_ERP_SEAL_MORE];
    ngx_erp_keys_t  next, other;

    (void) ngx_erp_seal(&keys, 1, (u_char *) "hello", 5, sealed);

    memset(&next, 0, sizeof(next));
    key(&next.current, 2);
    is_num(opens(&next, 1, sealed, sizeof(sealed)), NGX_DECLINED,
           "a new key alone");

    next.previous = keys.current;
    is_num(opens(&next, 1, sealed, sizeof(sealed)), NGX_DECLINED,
           "one that is not in use");
    next.has_previous = 1;
    is_num(opens(&next, 1, sealed, sizeof(sealed)), NGX_OK,
           "the previous key");

    (void) ngx_erp_seal(&next, 1, (u_char *) "hello", 5, sealed);
    ok(memcmp(sealed + 1, next.current.id, 8) == 0,
       "the new one seals");
    is_num(opens(&next, 1, sealed, sizeof(sealed)), NGX_OK, "and opens");
    is_num(opens(&keys, 1, sealed, sizeof(sealed)), NGX_DECLINED,
           "the old one does not");

    /* the same id on another key */

    other = next;
    other.current.key[5] ^= 1;
    is_num(opens(&other, 1, sealed, sizeof(sealed)), NGX_ERROR,
           "an id alone opens nothing");
}


int
main(void)
{
    key(&keys.current, 1);

    test_keys();
    test_lengths();
    test_damage();
    test_rotation();

    return unit_done();
}
