
#include "ngx_mllp_deviation.h"


ngx_str_t  ngx_mllp_deviation_names[NGX_MLLP_DEVIATIONS] = {
    ngx_string("junk_between"),
    ngx_string("no_vt"),
    ngx_string("vt_in_data"),
    ngx_string("fs_in_data"),
    ngx_string("fs_only"),
    ngx_string("lf_after_fs"),
    ngx_string("double_frame"),

    ngx_string("bom"),
    ngx_string("damaged_start"),
    ngx_string("lf_segments"),
    ngx_string("empty_segments"),
    ngx_string("no_final_cr"),
    ngx_string("short_delimiters"),
    ngx_string("multi_msh"),

    ngx_string("utf16"),
    ngx_string("empty_frame"),
    ngx_string("too_large"),
    ngx_string("too_much_junk"),
    ngx_string("tls"),
    ngx_string("http")
};


ngx_int_t
ngx_mllp_deviation_kind(ngx_str_t *word)
{
    ngx_str_t   *name;
    ngx_uint_t   kind;

    for (kind = 0; kind < NGX_MLLP_DEVIATIONS; kind++) {
        name = &ngx_mllp_deviation_names[kind];

        if (name->len == word->len
            && ngx_memcmp(name->data, word->data, word->len) == 0)
        {
            return kind;
        }
    }

    return NGX_ERROR;
}


u_char *
ngx_mllp_deviations_write(u_char *buf, uint32_t set)
{
    u_char      *p;
    ngx_str_t   *name;
    ngx_uint_t   kind;

    p = buf;

    for (kind = 0; kind < NGX_MLLP_DEVIATIONS; kind++) {

        if (!(set & ngx_mllp_bit(kind))) {
            continue;
        }

        if (p != buf) {
            *p++ = ',';
        }

        name = &ngx_mllp_deviation_names[kind];
        p = ngx_cpymem(p, name->data, name->len);
    }

    return p;
}
