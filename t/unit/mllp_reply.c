
#include "unit.h"
#include "ngx_mllp_reply.h"


#define HEAD  "MSH|^~\\&|LAB|NORD|HIS|SUED|20261121080000||ADT^A01|"
#define BACK  "MSH|^~\\&|HIS|SUED|LAB|NORD|20261121080001||ACK|K1|P|2.5\r"

#define MAX   200


static ngx_hl7_message_t  message;
static ngx_hl7_error_t    err;
static u_char            *sent;
static u_char             action[NGX_MLLP_REPLIES + 1];

static ngx_mllp_reply_t   rp;
static ngx_str_t          content;
static u_char             in[16384];
static size_t             in_len;


/* in memory of its exact size */

static ngx_int_t
open_message(const char *text, size_t len)
{
    free(sent);
    sent = malloc(len + 1);
    memcpy(sent, text, len);
    sent = realloc(sent, len ? len : 1);

    memset(&err, 0, sizeof(ngx_hl7_error_t));

    return ngx_mllp_reply_open(&message, sent, sent + len, &err);
}


static void
begin(const char *text)
{
    ok(open_message(text, strlen(text)) == NGX_OK, "a message opens");

    memcpy(action, ngx_mllp_reply_actions, sizeof(action));
    ngx_mllp_reply_init(&rp, &message, action, MAX);
    in_len = 0;
}


static void
put(const char *bytes, size_t len)
{
    memcpy(in + in_len, bytes, len);
    in_len += len;
}


static void
put_frame(const char *text)
{
    put("\x0b", 1);
    put(text, strlen(text));
    put("\x1c\r", 2);
}


/* reads what there is, "step" bytes more each time */

static ngx_int_t
run(size_t step)
{
    u_char     *pos;
    size_t      len;
    ngx_int_t   rc;

    pos = in;
    rc = NGX_AGAIN;

    for (len = step; rc == NGX_AGAIN || rc == NGX_DONE; len += step) {

        do {
            rc = ngx_mllp_reply_read(&rp, &pos,
                                     in + (len < in_len ? len : in_len),
                                     &content);
        } while (rc == NGX_DONE);

        if (len >= in_len) {
            break;
        }
    }

    return rc;
}


static void
is_reply(const char *frames, size_t len, ngx_mllp_reply_e reply,
    ngx_uint_t late, const char *name)
{
    size_t  step;

    for (step = 1; step <= len; step += len > 8 ? 7 : 1) {
        begin(HEAD "M1|P|2.5\r");
        put(frames, len);

        ok(run(step) == NGX_OK, name);
        is_num(rp.reply, reply, name);
        is_num(rp.late, late, name);
    }
}


static void
test_open(void)
{
    ngx_str_t  id;

    ok(open_message(HEAD "M1|P|2.5\rPID|1\r", sizeof(HEAD) + 15) == NGX_OK,
       "a message");
    (void) ngx_hl7_msh(&message, 10, 0, &id);
    is_str(id, "M1", "its MSH-10");

    ok(open_message(HEAD "M1|P|2.5\nPID|1\nMSHX\nMSH", sizeof(HEAD) + 23)
       == NGX_OK, "what is like MSH is no MSH");

    ok(open_message("", 0) == NGX_DECLINED, "nothing");
    ok(open_message("MSH", 3) == NGX_DECLINED, "MSH");
    ok(open_message("PID|1\r", 6) == NGX_DECLINED, "no MSH");
    ok(open_message("BHS|^~\\&|A\r", 11) == NGX_DECLINED, "a batch");

    ok(open_message(HEAD "|P|2.5\r", sizeof(HEAD) + 6) == NGX_DECLINED,
       "no MSH-10");
    is_num(err.code, NGX_HL7_REQUIRED_FIELD, "no MSH-10: a required field");
    is_num(err.field, 10, "no MSH-10: which");
    ok(strcmp(err.segment, "MSH") == 0, "no MSH-10: where");
    ok(open_message(HEAD "\"\"|P|2.5\r", sizeof(HEAD) + 8) == NGX_DECLINED,
       "MSH-10 is null");

    ok(open_message(HEAD "M1|P|2.5\rPID|\x1c\r", sizeof(HEAD) + 15)
       == NGX_DECLINED, "FS");
    is_num(err.offset, sizeof(HEAD) - 1 + 13, "FS: where");
    ok(open_message(HEAD "M1|P|2.5\rPID|\x0b\r", sizeof(HEAD) + 15)
       == NGX_DECLINED, "VT");

    ok(open_message(HEAD "M1|P|2.5\r" HEAD "M2|P\r", 2 * sizeof(HEAD) + 12)
       == NGX_DECLINED, "two messages");
    is_num(err.offset, sizeof(HEAD) - 1 + 9, "two messages: where");
    ok(open_message(HEAD "M1|P|2.5\r\n\r" HEAD "M2", 2 * sizeof(HEAD) + 11)
       == NGX_DECLINED, "two messages, blank lines");
}


static void
test_owed(void)
{
    ngx_uint_t  i;

    static struct {
        const char  *text;
        ngx_uint_t   owed;
        ngx_uint_t   success;
    } cases[] = {
        { HEAD "M1|P|2.5\r", 1, 1 },
        { HEAD "M1|P|2.5|||AL|NE\r", 1, 1 },
        { HEAD "M1|P|2.5|||NE|AL\r", 1, 1 },
        { HEAD "M1|P|2.5|||NE|NE\r", 0, 0 },
        { HEAD "M1|P|2.5|||ER|NE\r", 1, 0 },
        { HEAD "M1|P|2.5|||ER|ER\r", 1, 0 },
        { HEAD "M1|P|2.5|||SU|NE\r", 1, 1 },
        { BACK "MSA|AA|M1\r", 0, 0 }
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        ok(open_message(cases[i].text, strlen(cases[i].text)) == NGX_OK,
           cases[i].text);
        is_num(ngx_mllp_reply_owed(&message), cases[i].owed, "owed");
        is_num(ngx_mllp_reply_owed_success(&message), cases[i].success,
               "owed if it is accepted");
    }
}


#define frames(s)  s, sizeof(s) - 1
#define F(s)       "\x0b" s "\x1c\r"

static void
test_reply(void)
{
    is_reply(frames(F(BACK "MSA|AA|M1\r")), NGX_MLLP_REPLY_AA, 0, "AA");
    is_str(content, BACK "MSA|AA|M1\r", "AA: the content");
    is_reply(frames(F(BACK "MSA|CA|M1\r")), NGX_MLLP_REPLY_CA, 0, "CA");
    is_reply(frames(F(BACK "MSA|AE|M1\r")), NGX_MLLP_REPLY_AE, 0, "AE");
    is_reply(frames(F(BACK "MSA|CE|M1\r")), NGX_MLLP_REPLY_CE, 0, "CE");
    is_reply(frames(F(BACK "MSA|AR|M1\r")), NGX_MLLP_REPLY_AR, 0, "AR");
    is_reply(frames(F(BACK "MSA|CR|M1\r")), NGX_MLLP_REPLY_CR, 0, "CR");
    is_reply(frames(F("\x06")), NGX_MLLP_REPLY_ACK, 0, "a block");
    is_num(content.len, 0, "a block has no content");
    is_reply(frames(F("\x15")), NGX_MLLP_REPLY_NAK, 0, "a negative one");

    is_reply(frames(F("MSH#^~\\&#HIS\nSFT#x\nMSA#AA#M1")), NGX_MLLP_REPLY_AA,
             0, "delimiters of its own, LF, SFT, no end");
    is_reply(frames("\r\nx" F(BACK "MSA|AA|M1\r")), NGX_MLLP_REPLY_AA, 0,
             "junk before it");
    is_reply(frames("\x0b" BACK "MSA|AA|M1\r\x1c"), NGX_MLLP_REPLY_AA, 0,
             "no CR behind it");

    is_reply(frames(F(BACK "MSA|AE|M\r") F(BACK "MSA|AE|M10\r")
                    F(BACK "MSA|AE\r") F(BACK "MSA|AE|m1\r")
                    F(BACK "MSA|AA|M1\r")),
             NGX_MLLP_REPLY_AA, 4, "MSA-2 of others");
    is_reply(frames(F(BACK) F("PID|1\r") F("MSA|AE|M1\r") F("x")
                    F("BHS|^~\\&|A\rMSA|AE|M1\r") F(BACK "MSA|AA|M1\r")),
             NGX_MLLP_REPLY_AA, 5, "what is no acknowledgement");
    is_reply(frames("\x0b" BACK F(BACK "MSA|AA|M1\r")), NGX_MLLP_REPLY_AA, 1,
             "a fragment");

    is_reply(frames(F(BACK "MSA|XX|M1\r")), NGX_MLLP_REPLY_MISMATCH, 0,
             "a code that is none");
    is_num(content.len, 0, "a mismatch has no content");
    is_reply(frames(F(BACK "MSA||M1\r")), NGX_MLLP_REPLY_MISMATCH, 0,
             "no code");
    is_reply(frames("\x0b\x1c\r" F(BACK "MSA|AA|M1\r")), NGX_MLLP_REPLY_AA,
             1, "an empty frame");
    is_reply(frames("MSH|^~\\&|\rMSA|AA|M1\r"), NGX_MLLP_REPLY_MISMATCH, 0,
             "no frame");
    is_reply(frames("HTTP/1.1 400 Bad Request\r\n\r\nGET PUT "
                    F(BACK "MSA|AA|M1\r")), NGX_MLLP_REPLY_AA, 0,
             "junk that looks like HTTP");
    is_reply(frames("GET / HTTP/1.1\r\n"), NGX_MLLP_REPLY_MISMATCH, 0,
             "HTTP");
}


static void
test_bounds(void)
{
    char        text[512];
    ngx_uint_t  i;

    begin(HEAD "M1|P|2.5\r");

    for (i = 1; i < NGX_MLLP_REPLY_LATE; i++) {
        put_frame(BACK "MSA|AA|M2\r");
    }

    ok(run(1) == NGX_AGAIN, "others, not yet too many");
    is_num(ngx_mllp_reply_end(&rp), NGX_MLLP_REPLY_MISMATCH,
           "the end after others");

    put_frame(BACK "MSA|AA|M2\r");
    ngx_mllp_reply_init(&rp, &message, action, MAX);
    ok(run(in_len) == NGX_OK, "too many");
    is_num(rp.reply, NGX_MLLP_REPLY_MISMATCH, "which is a mismatch");
    ok(!rp.clean, "of which nothing is clean");

    begin(HEAD "M1|P|2.5\r");
    is_num(ngx_mllp_reply_end(&rp), NGX_MLLP_REPLY_TIMEOUT,
           "the end of nothing");

    memset(text, 'x', MAX);
    memcpy(text, BACK "MSA|AA|M1|", sizeof(BACK "MSA|AA|M1|") - 1);
    text[MAX] = '\0';
    put_frame(text);
    ok(run(1) == NGX_OK && rp.reply == NGX_MLLP_REPLY_AA, "as large as may be");

    begin(HEAD "M1|P|2.5\r");
    text[MAX] = 'x';
    text[MAX + 1] = '\0';
    put_frame(text);
    ok(run(1) == NGX_OK && rp.reply == NGX_MLLP_REPLY_MISMATCH,
       "one byte more");

    begin(HEAD "M1|P|2.5\r");
    memset(text, 'j', MAX + 1);
    put(text, MAX);
    ok(run(1) == NGX_AGAIN, "as much junk as may be");
    put("j", 1);
    ngx_mllp_reply_init(&rp, &message, action, MAX);
    ok(run(1) == NGX_OK && rp.reply == NGX_MLLP_REPLY_MISMATCH,
       "one byte more junk");
}


static void
test_wait(void)
{
    begin(HEAD "M1|P|2.5\r");
    action[NGX_MLLP_REPLY_CA] = NGX_MLLP_WAIT;
    action[NGX_MLLP_REPLY_ACK] = NGX_MLLP_WAIT;

    put_frame("\x06");
    put_frame(BACK "MSA|CA|M1\r");
    ok(run(3) == NGX_AGAIN, "what waits");
    is_num(rp.late, 0, "is not dropped");
    is_num(ngx_mllp_reply_end(&rp), NGX_MLLP_REPLY_TIMEOUT,
           "and is no mismatch");

    put_frame(BACK "MSA|AE|M1\r");
    ngx_mllp_reply_init(&rp, &message, action, MAX);
    ok(run(3) == NGX_OK && rp.reply == NGX_MLLP_REPLY_AE, "another decides");
}


static void
test_clean(void)
{
    ngx_uint_t  i;

    static struct {
        const char  *rest;
        ngx_uint_t   clean;
    } cases[] = {
        { "\r", 1 },
        { "\r\n", 1 },
        { "\r" "\x0b\x06\x1c\r", 1 },
        { "\r" "\x0b\x06\x1c\r\n", 1 },
        { "", 0 },
        { "\n", 0 },
        { "\r\n\n", 0 },
        { "\rx", 0 },
        { "\r\x0b", 0 },
        { "\r" "\x0b\x06", 0 },
        { "\r" "\x0b\x06\x1c", 0 },
        { "\r" "\x0b\x06\x1c\rM", 0 },
        { "\r\x1c\r", 0 }
    };

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        begin(HEAD "M1|P|2.5\r");
        put(frames("\x0b" BACK "MSA|AA|M1\r\x1c"));
        put(cases[i].rest, strlen(cases[i].rest));

        ok(run(in_len) == NGX_OK && rp.reply == NGX_MLLP_REPLY_AA,
           "an acknowledgement and more");
        is_str(content, BACK "MSA|AA|M1\r", "its content");
        is_num(rp.clean, cases[i].clean, "whether it is clean");
    }
}


static const char *
word(const char *text, ngx_uint_t *set)
{
    ngx_str_t  s;

    s.data = (u_char *) text;
    s.len = strlen(text);

    return ngx_mllp_reply_word(&s, action, set);
}


static void
test_word(void)
{
    ngx_uint_t  set;

    memcpy(action, ngx_mllp_reply_actions, sizeof(action));
    set = 0;

    ok(word("AA,CA=unknown", &set) == NULL, "two replies");
    ok(word("AE=done", &set) == NULL, "one");
    ok(word("ACK=wait", &set) == NULL, "a block");
    ok(word("mismatch,timeout=fail", &set) == NULL, "what is no reply");

    is_num(action[NGX_MLLP_REPLY_AA], NGX_MLLP_UNKNOWN, "AA");
    is_num(action[NGX_MLLP_REPLY_CA], NGX_MLLP_UNKNOWN, "CA");
    is_num(action[NGX_MLLP_REPLY_AE], NGX_MLLP_DONE, "AE");
    is_num(action[NGX_MLLP_REPLY_CE], NGX_MLLP_FAIL, "CE, the default");
    is_num(action[NGX_MLLP_REPLY_ACK], NGX_MLLP_WAIT, "ACK");
    is_num(action[NGX_MLLP_REPLY_NAK], NGX_MLLP_RETRY, "NAK, the default");
    is_num(action[NGX_MLLP_REPLY_MISMATCH], NGX_MLLP_FAIL, "mismatch");
    is_num(action[NGX_MLLP_REPLY_TIMEOUT], NGX_MLLP_FAIL, "timeout");
    is_num(action[NGX_MLLP_REPLY_NONE], NGX_MLLP_DONE, "none");

    ok(word("CE,AA=done", &set) != NULL, "one that has been named");
    set = 0;
    ok(word("CE,CE=done", &set) != NULL, "twice in a word");
    ok(word("AA", &set) != NULL, "no action");
    ok(word("AA=", &set) != NULL, "an empty one");
    ok(word("AA=donee", &set) != NULL, "an unknown one");
    ok(word("=done", &set) != NULL, "no reply");
    ok(word("AA,=done", &set) != NULL, "an empty one at the end");
    ok(word("none=done", &set) != NULL, "none");
    ok(word("AR=wait", &set) != NULL, "AR cannot wait");
    ok(word("timeout=wait", &set) != NULL, "nor can a time-out");
}


int
main(void)
{
    test_open();
    test_owed();
    test_reply();
    test_bounds();
    test_wait();
    test_clean();
    test_word();

    free(sent);

    return unit_done();
}
