
/*
 * What a login's answer becomes in a header: text with "{user}" and JSON
 * pointers, "Session base64({user}:{/result/0}:{/result/1})".
 */

#ifndef _NGX_ERP_AUTH_TEMPLATE_H_INCLUDED_
#define _NGX_ERP_AUTH_TEMPLATE_H_INCLUDED_


#include "ngx_canonical_node.h"


typedef enum {
    NGX_ERP_TEMPLATE_TEXT = 0,
    NGX_ERP_TEMPLATE_USER,
    NGX_ERP_TEMPLATE_POINTER,
    NGX_ERP_TEMPLATE_BASE64,     /* from here on */
    NGX_ERP_TEMPLATE_END         /* of base64 */
} ngx_erp_template_part_e;


typedef struct {
    ngx_erp_template_part_e   type;
    ngx_str_t                 text;      /* or the pointer */
} ngx_erp_template_part_t;


typedef struct {
    ngx_erp_template_part_t  *parts;
    ngx_uint_t                nparts;
} ngx_erp_template_t;


/*
 * NGX_OK; NGX_DECLINED with *why: it is no template; NGX_ERROR: no memory.
 * The text is kept.
 */
ngx_int_t ngx_erp_template_compile(ngx_canonical_arena_t *a, ngx_str_t *text,
    ngx_erp_template_t *t, const char **why);

/*
 * The value, from "a".  NGX_OK; NGX_DECLINED with *why: the answer has not
 * what it needs, or the value cannot be one of a header; NGX_ERROR: no
 * memory.
 */
ngx_int_t ngx_erp_template_run(ngx_canonical_arena_t *a,
    ngx_erp_template_t *t, ngx_str_t *user, ngx_canonical_node_t *root,
    ngx_str_t *value, const char **why);

/* standard Base64, with padding: returns the end */
#define ngx_erp_base64_len(len)  (((len) + 2) / 3 * 4)

u_char *ngx_erp_base64(u_char *out, u_char *data, size_t len);


#endif /* _NGX_ERP_AUTH_TEMPLATE_H_INCLUDED_ */
