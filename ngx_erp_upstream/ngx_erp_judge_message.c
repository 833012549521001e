
/*
 * Where an answer says what is wrong: see ngx_erp_judge.h.
 */

#include "ngx_erp_judge.h"
#include "ngx_canonical_text.h"


/* a text that is filled, and where it must end */

typedef struct {
    ngx_str_t     *text;
    size_t         max;
} ngx_erp_text_t;


static ngx_int_t ngx_erp_pointer_step(ngx_canonical_node_t **node, u_char *p,
    u_char *end);
static ngx_uint_t ngx_erp_pointer_same(ngx_canonical_node_t *node, u_char *p,
    u_char *end);

static void ngx_erp_judge_find(ngx_canonical_node_t *root,
    ngx_str_t *pointer, ngx_str_t *places, ngx_erp_text_t *t);
static void ngx_erp_judge_leaves(ngx_canonical_node_t *node,
    ngx_erp_text_t *t);
static void ngx_erp_judge_add(ngx_erp_text_t *t, u_char *p, size_t len);


/*
 * The usual places, those that say most first; a text is a string, or what is
 * in an object or an array, one after another.
 */

static ngx_str_t  ngx_erp_judge_messages[] = {
    ngx_string("/error/innererror/message"),         /* Dynamics 365 F&O */
    ngx_string("/error/data/message"),               /* Odoo, JSON-RPC */
    ngx_string("/error/message"),                    /* OData: SAP, BC */
    ngx_string("/o:errorDetails/0/detail"),          /* Oracle Fusion */
    ngx_string("/exception"),                        /* ERPNext */
    ngx_string("/_server_messages"),
    ngx_string("/Body/Fault/detail/Validation_Fault/Validation_Error/Message"),
    ngx_string("/Body/Fault/faultstring"),           /* SOAP 1.1 */
    ngx_string("/Body/Fault/Reason/Text"),           /* SOAP 1.2 */
    ngx_string("/error_description"),                /* OAuth 2.0 */
    ngx_string("/message"),                          /* OData as XML */
    ngx_string("/error"),                            /* Tryton */
    ngx_string("/detail"),                           /* RFC 9457 */
    ngx_string("/title"),
    ngx_null_string
};


static ngx_str_t  ngx_erp_judge_codes[] = {
    ngx_string("/error/data/name"),
    ngx_string("/error/code"),
    ngx_string("/o:errorDetails/0/o:errorCode"),
    ngx_string("/exc_type"),
    ngx_string("/Body/Fault/faultcode"),
    ngx_string("/Body/Fault/Code/Value"),
    ngx_string("/error/0"),
    ngx_string("/code"),
    ngx_string("/errorCode"),
    ngx_string("/error"),
    ngx_string("/name"),
    ngx_null_string
};


/* in a refusal by one of our own maps: the rule that it is by */

static ngx_str_t  ngx_erp_judge_rule[] = {
    ngx_string("/file"),
    ngx_string("/file_line"),
    ngx_string("/target"),
    ngx_null_string
};


ngx_int_t
ngx_erp_pointer(ngx_canonical_node_t *root, ngx_str_t *pointer,
    ngx_canonical_node_t **node)
{
    u_char  *p, *end, *last;

    *node = root;

    if (pointer->len == 0) {
        return NGX_OK;
    }

    p = pointer->data;
    end = p + pointer->len;

    while (p < end) {

        if (*p++ != '/') {
            return NGX_DECLINED;
        }

        for (last = p; last < end && *last != '/'; last++) { /* void */ }

        if (ngx_erp_pointer_step(node, p, last) != NGX_OK) {
            return NGX_DECLINED;
        }

        p = last;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_erp_pointer_step(ngx_canonical_node_t **node, u_char *p, u_char *end)
{
    ngx_uint_t             n, kind;
    ngx_canonical_node_t  *child;

    kind = (*node)->kind;
    child = (*node)->first;

    if (kind == NGX_CANONICAL_OBJECT) {

        while (child && !ngx_erp_pointer_same(child, p, end)) {
            child = child->next;
        }

    } else if (kind == NGX_CANONICAL_ARRAY) {

        /* no array is as long as nine digits say */

        if (p == end || end - p > 9 || (*p == '0' && end - p > 1)) {
            return NGX_DECLINED;
        }

        for (n = 0; p < end; p++) {

            if (*p < '0' || *p > '9') {
                return NGX_DECLINED;
            }

            n = n * 10 + (*p - '0');
        }

        while (child && n--) {
            child = child->next;
        }

    } else {
        return NGX_DECLINED;
    }

    if (child == NULL) {
        return NGX_DECLINED;
    }

    *node = child;

    return NGX_OK;
}


/* "~1" is a slash, "~0" a tilde, a "~" alone is nothing */

static ngx_uint_t
ngx_erp_pointer_same(ngx_canonical_node_t *node, u_char *p, u_char *end)
{
    u_char    ch;
    uint32_t  i;

    for (i = 0; p < end; i++) {
        ch = *p++;

        if (ch == '~') {

            if (p == end || (*p != '0' && *p != '1')) {
                return 0;
            }

            ch = (*p++ == '1') ? '/' : '~';
        }

        if (i == node->name_len || node->name[i] != ch) {
            return 0;
        }
    }

    return i == node->name_len;
}


ngx_int_t
ngx_erp_judge_value(ngx_canonical_node_t *node, ngx_str_t *value)
{
    if (node->kind == NGX_CANONICAL_OBJECT) {
        node = ngx_canonical_get(node, "value");
    }

    if (node == NULL
        || (node->kind != NGX_CANONICAL_STRING
            && node->kind != NGX_CANONICAL_NUMBER
            && node->kind != NGX_CANONICAL_BOOLEAN))
    {
        ngx_str_null(value);
        return NGX_DECLINED;
    }

    value->data = node->data;
    value->len = node->len;

    return NGX_OK;
}


void
ngx_erp_judge_message(ngx_erp_judge_t *judge, ngx_canonical_node_t *root,
    ngx_erp_verdict_t *verdict)
{
    ngx_str_t             *place;
    ngx_erp_text_t         t;
    ngx_canonical_node_t  *node;

    t.text = &verdict->message;
    t.max = NGX_ERP_ERROR_MAX;

    if (root->kind == NGX_CANONICAL_STRING) {
        ngx_erp_judge_add(&t, root->data, root->len);
        return;
    }

    ngx_erp_judge_find(root, &judge->message, ngx_erp_judge_messages, &t);

    for (place = ngx_erp_judge_rule; place->len; place++) {
        if (ngx_erp_pointer(root, place, &node) != NGX_OK) {
            break;
        }

        ngx_erp_judge_leaves(node, &t);
    }

    t.text = &verdict->code;
    t.max = NGX_ERP_CODE_MAX;

    ngx_erp_judge_find(root, &judge->code, ngx_erp_judge_codes, &t);
}


void
ngx_erp_judge_text(ngx_str_t *body, ngx_erp_verdict_t *verdict)
{
    ngx_erp_text_t  t;

    t.text = &verdict->message;
    t.max = NGX_ERP_ERROR_MAX;

    ngx_erp_judge_add(&t, body->data, body->len);
}


static void
ngx_erp_judge_find(ngx_canonical_node_t *root, ngx_str_t *pointer,
    ngx_str_t *places, ngx_erp_text_t *t)
{
    ngx_str_t             *place, value;
    ngx_uint_t             code;
    ngx_canonical_node_t  *node;

    if (pointer->len && ngx_erp_pointer(root, pointer, &node) == NGX_OK) {
        ngx_erp_judge_leaves(node, t);
    }

    code = (places == ngx_erp_judge_codes);

    for (place = places; t->text->len == 0 && place->len; place++) {

        if (ngx_erp_pointer(root, place, &node) != NGX_OK) {
            continue;
        }

        /* "error": true says nothing, nor does a number, but as a code */

        if (code) {
            if (node->kind != NGX_CANONICAL_BOOLEAN) {
                (void) ngx_erp_judge_value(node, &value);
                ngx_erp_judge_add(t, value.data, value.len);
            }

        } else if (node->kind != NGX_CANONICAL_BOOLEAN
                   && node->kind != NGX_CANONICAL_NUMBER)
        {
            ngx_erp_judge_leaves(node, t);
        }
    }
}


/* the depth of the tree is bounded when it is read */

static void
ngx_erp_judge_leaves(ngx_canonical_node_t *node, ngx_erp_text_t *t)
{
    ngx_str_t              value;
    ngx_canonical_node_t  *child;

    if (ngx_erp_judge_value(node, &value) == NGX_OK) {

        if (value.len == 0) {
            return;
        }

        if (t->text->len) {
            ngx_erp_judge_add(t, (u_char *) ": ", 2);
        }

        ngx_erp_judge_add(t, value.data, value.len);
        return;
    }

    for (child = node->first; child && t->text->len < t->max;
         child = child->next)
    {
        ngx_erp_judge_leaves(child, t);
    }
}


/* whole characters, as many as there is room for; then nothing more */

static void
ngx_erp_judge_add(ngx_erp_text_t *t, u_char *p, size_t len)
{
    size_t   i, n, size;
    u_char  *last, *ch;

    last = t->text->data + t->text->len;

    for (i = 0; i < len; i += n) {
        ch = p + i;
        n = ngx_canonical_text_utf8(ch, p + len);
        size = n;

        if (n == 0) {
            ch = (u_char *) "?";
            n = 1;
            size = 1;

        } else if (*ch <= 0x20 || *ch == 0x7f || (*ch == 0xc2 && ch[1] < 0xa0))
        {
            /* the controls of two bytes are below U+00A0 */

            if (last == t->text->data || last[-1] == ' ') {
                continue;
            }

            ch = (u_char *) " ";
            size = 1;
        }

        if (size > t->max - (last - t->text->data)) {
            t->max = last - t->text->data;
            break;
        }

        last = ngx_cpymem(last, ch, size);
    }

    t->text->len = last - t->text->data;
}
