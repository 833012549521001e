
/*
 * What an ERP's answer means: by its status, and by its body, as many answer
 * 200 with an error in it, and some 500 for what is wrong with a document.
 */

#ifndef _NGX_ERP_JUDGE_H_INCLUDED_
#define _NGX_ERP_JUDGE_H_INCLUDED_


#include "ngx_erp_policy.h"
#include "ngx_canonical_node.h"


/* what happened to the request, besides statuses */

#define NGX_ERP_STATUS_CONNECT  1    /* no connection: nothing was sent */
#define NGX_ERP_STATUS_TIMEOUT  2    /* sent, no whole answer in time, or
                                        the connection broke */


/* a list of statuses: "2xx", "400", "connect", "timeout" */

typedef struct {
    uint16_t           from;
    uint16_t           to;
} ngx_erp_range_t;


/*
 * A test of the body: "/d/ok", "!/error", "/status=booked", "soap".  What is
 * null, false, an empty object or array, or an empty string of JSON counts as
 * not there: many answer "error": "" or "errors": [] when there is none.  Of
 * XML the pointer begins below the document's element.  "soap" is an envelope
 * without a Fault, of SOAP 1.1 or 1.2.
 */

typedef struct {
    ngx_str_t          pointer;      /* JSON pointer; empty: soap */
    ngx_str_t          value;        /* data NULL: is it there */
    unsigned           not:1;
} ngx_erp_test_t;


/* each list ends with from == 0, or is NULL: the directive is not there */

typedef struct {
    ngx_erp_range_t   *success;
    ngx_erp_range_t   *bad;
    ngx_erp_range_t   *down;
    ngx_erp_range_t   *unknown;
    ngx_erp_test_t    *denied;       /* of any answer, one must hold: it is
                                        judged as a 401; ends as "tests" */
    ngx_erp_test_t    *tests;        /* of a success, all must hold; ends
                                        with pointer.data == NULL */

    /*
     * Pointers to where the ERP says what is wrong.  Empty, or nothing is
     * there: the usual places are tried, see ngx_erp_judge_message.c.
     */

    ngx_str_t          message;
    ngx_str_t          code;
} ngx_erp_judge_t;


#define NGX_ERP_ERROR_MAX  512
#define NGX_ERP_CODE_MAX   128

typedef struct {
    ngx_erp_outcome_e  outcome;
    ngx_uint_t         status;       /* that it was judged by: the answer's,
                                        or 401 where "denied" holds */
    ngx_str_t          message;      /* of the ERP, or our own words */
    ngx_str_t          code;
    const char        *why;          /* our own words: which rule decided */
} ngx_erp_verdict_t;


/*
 * Compile words of directives: "2xx,409", "!/error".  NGX_OK, or NGX_ERROR
 * with *why, NULL: no memory.  Allocated from "a", the text is kept.
 */
ngx_int_t ngx_erp_judge_ranges(ngx_canonical_arena_t *a, ngx_str_t *text,
    ngx_erp_range_t **list, const char **why);
ngx_int_t ngx_erp_judge_test(ngx_str_t *text, ngx_erp_test_t *test,
    const char **why);

/*
 * Judges an answer.  "status" is that of HTTP or one of NGX_ERP_STATUS_...;
 * "type" its media type, with parameters or empty.  The body is read once at
 * most: first of all where there is "denied" and an answer of HTTP, else only
 * for a test or for what the ERP says is wrong.
 *
 * The lists are asked for the very status first, then for its class, each
 * time in their order above.  Without a rule for the status: 2xx is DONE, or
 * UNKNOWN where there is a list of successes without it; 401, 407, 408, 425,
 * 429, 502, 503, 504 and CONNECT are DOWN, TIMEOUT is UNKNOWN, other 4xx are
 * BAD, all else is RETRY; but 500 with a SOAP Fault is BAD, unless the Fault
 * is the server's.
 *
 * A success whose test fails is BAD, or RETRY by a Fault of the server.  One
 * whose body is to be tested and cannot be read (it is no JSON or XML, or was
 * cut off) is UNKNOWN; 202 and 204 without a body pass "!" and "soap".
 *
 * Texts are from "a", cut at NGX_ERP_ERROR_MAX and NGX_ERP_CODE_MAX bytes,
 * UTF-8, control characters and runs of spaces made one space.  They are the
 * ERP's, and may tell of a patient: for the store, not for a log.
 * NGX_OK, or NGX_ERROR: no memory.
 */
ngx_int_t ngx_erp_judge(ngx_erp_judge_t *judge, ngx_canonical_arena_t *a,
    ngx_uint_t status, ngx_str_t *type, ngx_str_t *body,
    ngx_erp_verdict_t *verdict);

/*
 * The node at a JSON pointer (RFC 6901), the root for an empty one: NGX_OK or
 * NGX_DECLINED.
 */
ngx_int_t ngx_erp_pointer(ngx_canonical_node_t *root, ngx_str_t *pointer,
    ngx_canonical_node_t **node);


/* --- private --- */

/*
 * The value of a node: of an element of XML with attributes its text.
 * NGX_OK, or NGX_DECLINED and an empty one: null, an array, another object.
 */
ngx_int_t ngx_erp_judge_value(ngx_canonical_node_t *node, ngx_str_t *value);

/*
 * Fill in message and code from a body that was read, and from one that is
 * plain text; left empty where there is none.  Each string has its room:
 * NGX_ERP_ERROR_MAX and NGX_ERP_CODE_MAX bytes at its data.
 */
void ngx_erp_judge_message(ngx_erp_judge_t *judge,
    ngx_canonical_node_t *root, ngx_erp_verdict_t *verdict);
void ngx_erp_judge_text(ngx_str_t *body, ngx_erp_verdict_t *verdict);

/*
 * The same from an acknowledgement of HL7 v2: MSA-3 or what ERR says, the code
 * of ERR or of MSA.
 */
void ngx_erp_judge_ack(ngx_str_t *body, ngx_erp_verdict_t *verdict);


#endif /* _NGX_ERP_JUDGE_H_INCLUDED_ */
