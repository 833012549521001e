
#include "unit.h"
#include "mllp_feed.h"
#include "ngx_hl7_envelope.h"


#define ALL         ((ngx_uint_t) -1)
#define NO_KIND     NGX_MLLP_DEVIATIONS
#define OFFSET      1000
#define A           "MSH|^~\\&|LAB|NORD|HIS|SUED|20261121||ORU^R01|A1|P|2.5\r"
#define B           "MSH|^~\\&|LAB|NORD|HIS|SUED|20261121||ORU^R01|B1|P|2.5\r"
#define FHS         "FHS|^~\\&|LAB|NORD|HIS|SUED|20261121||||F1\r"
#define BHS         "BHS|^~\\&|LAB|NORD|HIS|SUED|20261121||||B1\r"
#define PID         "PID|1||77^^^NORD\r"

#define frame_of(s)  make_frame((u_char *) s, sizeof(s) - 1)

/* one row of a table: content, what it must become */
#define row(s)       { (u_char *) s, sizeof(s) - 1 }


typedef struct {
    const char             *name;
    struct {
        u_char             *data;
        size_t              len;
    } content;
    ngx_mllp_deviation_e    kind;
    ngx_uint_t              count;
    size_t                  offset;      /* of the first one */
    ngx_uint_t              code;        /* when it is not tolerated */
    ngx_hl7_envelope_e      envelope;    /* when it is */
    ngx_uint_t              messages;
    size_t                  start;
} deviation_t;


static ngx_mllp_frame_t       frame;
static ngx_hl7_envelope_t     env;
static ngx_mllp_deviations_t  deviations;


/* memory of exactly this size: valgrind and ASan see what is read behind */

static void
make_frame(u_char *data, size_t len)
{
    free(frame.start);

    frame.start = malloc(len ? len : 1);
    memcpy(frame.start, data, len);

    frame.end = frame.start + len;
    frame.offset = OFFSET;
    frame.walk = feed_walk(frame.start, len);
}


static ngx_int_t
open_frame(ngx_uint_t tolerate)
{
    memset(&deviations, 0, sizeof(deviations));

    return ngx_hl7_envelope_open(&env, &frame, tolerate, &deviations);
}


static void
is_next(const char *want, const char *name)
{
    u_char     *start, *end;
    ngx_str_t   got;

    if (ngx_hl7_envelope_next(&env, &start, &end) != NGX_OK) {
        ok(0, name);
        return;
    }

    got.data = start;
    got.len = end - start;

    unit_is((char *) got.data, got.len, want, strlen(want), name, __FILE__,
            __LINE__);
}


static void
is_done(const char *name)
{
    u_char  *start, *end;

    is_num(ngx_hl7_envelope_next(&env, &start, &end), NGX_DONE, name);
}


static void
test_single(void)
{
    frame_of(A PID);

    is_num(frame.walk, 0, "a clean message need not be walked through");
    is_num(open_frame(0), NGX_OK, "a clean message is taken");
    is_num(env.kind, NGX_HL7_SINGLE, "it is a single one");
    is_num(env.messages, 1, "it is one message");
    is_num(env.declared, -1, "nothing is declared");
    is_num(env.deviation, NO_KIND, "it has no deviation");
    is_num(deviations.set, 0, "nothing is noted");
    ok(env.start == frame.start && env.end == frame.end, "all of it");
    is_next(A PID, "the message is the frame");
    is_done("there is no other");
    is_done("and never will be");

    /* BTS without BHS is not ours to judge: one message */

    frame_of(A PID "BTS|1\r");
    is_num(open_frame(0), NGX_OK, "batch trailer in a single message");
    is_next(A PID "BTS|1\r", "a single message is all of the envelope");

    frame_of("MSH|^~\\&\r");
    is_num(open_frame(0), NGX_OK, "four encoding characters and nothing else");

    frame_of("MSH|^~\\&");
    is_num(open_frame(ngx_mllp_bit(NGX_MLLP_NO_FINAL_CR)), NGX_OK,
           "not even CR behind them");

    frame_of("MSH\t\\$*+\t\r");
    is_num(open_frame(0), NGX_OK, "other delimiters");

    frame_of("MSH|^~\\&#|LAB\r");
    is_num(open_frame(0), NGX_OK, "five encoding characters");
}


static void
test_block_ack(void)
{
    frame_of("\x06");
    is_num(open_frame(0), NGX_OK, "ACK is taken");
    is_num(env.kind, NGX_HL7_BLOCK_ACK, "ACK is a block acknowledgement");
    is_num(env.messages, 0, "it has no message");
    is_done("nothing comes out of it");

    frame_of("\x15");
    is_num(open_frame(0), NGX_OK, "NAK is taken");
    is_num(env.kind, NGX_HL7_BLOCK_ACK, "NAK is a block acknowledgement");

    frame_of("\x07");
    is_num(open_frame(ALL), NGX_DECLINED, "another byte is nothing");
}


/* each kind is taken when it is tolerated, and only then */

static void
test_tolerable(void)
{
    ngx_uint_t    i;
    deviation_t  *d;

    static deviation_t  table[] = {

        { "BOM", row("\xef\xbb\xbf" A PID),
          NGX_MLLP_BOM, 1, 0, 100, NGX_HL7_SINGLE, 1, 3 },

        { "BOM before a batch", row("\xef\xbb\xbf" BHS A "BTS|1\r"),
          NGX_MLLP_BOM, 1, 0, 100, NGX_HL7_BATCH, 1, 3 },

        { "CR before MSH", row("\r" A PID),
          NGX_MLLP_DAMAGED_START, 1, 0, 100, NGX_HL7_SINGLE, 1, 1 },

        { "text before MSH", row("x MS MSMSH|^~\\&|\r"),
          NGX_MLLP_DAMAGED_START, 1, 0, 100, NGX_HL7_SINGLE, 1, 7 },

        { "NUL before MSH", row("\0" A PID),
          NGX_MLLP_DAMAGED_START, 1, 0, 100, NGX_HL7_SINGLE, 1, 1 },

        { "three NUL before MSH", row("\0\0\0" A PID),
          NGX_MLLP_DAMAGED_START, 1, 0, 100, NGX_HL7_SINGLE, 1, 3 },

        { "text before a batch", row("??" FHS BHS A B "BTS|2\rFTS|1\r"),
          NGX_MLLP_DAMAGED_START, 1, 0, 100, NGX_HL7_BATCH, 2, 2 },

        { "LF", row("MSH|^~\\&|\nPID|1\nPV1|1\r"),
          NGX_MLLP_LF_SEGMENTS, 2, 9, 100, NGX_HL7_SINGLE, 1, 0 },

        { "CRLF", row("MSH|^~\\&|\r\nPID|1\r\n"),
          NGX_MLLP_LF_SEGMENTS, 2, 10, 100, NGX_HL7_SINGLE, 1, 0 },

        { "LF at the end only", row("MSH|^~\\&|\rPID|1\n"),
          NGX_MLLP_LF_SEGMENTS, 1, 15, 100, NGX_HL7_SINGLE, 1, 0 },

        { "CR CR", row("MSH|^~\\&|\r\rPID|1\r\r\rPV1|1\r"),
          NGX_MLLP_EMPTY_SEGMENTS, 3, 10, 100, NGX_HL7_SINGLE, 1, 0 },

        { "CR CR at the end", row("MSH|^~\\&|\rPID|1\r\r"),
          NGX_MLLP_EMPTY_SEGMENTS, 1, 16, 100, NGX_HL7_SINGLE, 1, 0 },

        { "no CR at the end", row("MSH|^~\\&|\rPID|1"),
          NGX_MLLP_NO_FINAL_CR, 1, 15, 100, NGX_HL7_SINGLE, 1, 0 },

        { "three encoding characters", row("MSH|^~\\|LAB\r"),
          NGX_MLLP_SHORT_DELIMITERS, 1, 4, 101, NGX_HL7_SINGLE, 1, 0 },

        { "no encoding character", row("MSH|||||LAB\r"),
          NGX_MLLP_SHORT_DELIMITERS, 1, 4, 101, NGX_HL7_SINGLE, 1, 0 },

        { "cut off in MSH-2", row("MSH|^~\\\r"),
          NGX_MLLP_SHORT_DELIMITERS, 1, 4, 101, NGX_HL7_SINGLE, 1, 0 },

        { "cut off in MSH-2, more behind", row("MSH|^~\\\rPID|1\r"),
          NGX_MLLP_SHORT_DELIMITERS, 1, 4, 101, NGX_HL7_SINGLE, 1, 0 },

        { "nothing behind MSH", row("MSH\r"),
          NGX_MLLP_SHORT_DELIMITERS, 1, 4, 101, NGX_HL7_SINGLE, 1, 0 },

        { "two messages", row(A PID B PID),
          NGX_MLLP_MULTI_MSH, 1, sizeof(A PID) - 1, 100,
          NGX_HL7_SEVERAL, 2, 0 },

        { "three messages", row(A B A),
          NGX_MLLP_MULTI_MSH, 2, sizeof(A) - 1, 100, NGX_HL7_SEVERAL, 3, 0 }
    };

    for (i = 0; i < sizeof(table) / sizeof(deviation_t); i++) {
        d = &table[i];
        make_frame(d->content.data, d->content.len);

        is_num(open_frame(ngx_mllp_bit(d->kind)), NGX_OK, d->name);
        is_num(deviations.set, ngx_mllp_bit(d->kind), "only this is noted");
        is_num(deviations.count[d->kind], d->count, "as often as it is there");
        is_num(deviations.offset[d->kind], OFFSET + d->offset, "first offset");
        is_num(env.kind, d->envelope, "kind");
        is_num(env.messages, d->messages, "messages");
        is_num(env.start - frame.start, d->start, "start");
        is_num(env.deviation, NO_KIND, "not declined");
        is_num(env.error.code, 0, "no error");

        is_num(open_frame(ALL & ~ngx_mllp_bit(d->kind)), NGX_DECLINED,
               "declined when all but this is tolerated");
        is_num(env.deviation, d->kind, "for this");
        is_num(env.error.code, d->code, "code");
        is_num(env.error.offset, d->offset, "offset in the frame");
        ok(env.error.text.len, "text");
        is_num(deviations.count[d->kind], d->count, "noted all the same");
        ok(memcmp(env.start, "MSH", 3) == 0, "an answer finds MSH");
    }
}


static void
test_refused(void)
{
    ngx_uint_t    i;
    deviation_t  *d;

    static deviation_t  table[] = {

        { "empty frame", row(""),
          NGX_MLLP_EMPTY_FRAME, 1, 0, 100, 0, 0, 0 },

        { "UTF-16, little endian with BOM",
          row("\xff\xfeM\0S\0H\0|\0^\0~\0\\\0&\0|\0\r\0"),
          NGX_MLLP_UTF16, 1, 0, 103, 0, 0, 0 },

        { "UTF-16, big endian with BOM",
          row("\xfe\xff\0M\0S\0H\0|\0^\0~\0\\\0&\0|\0\r"),
          NGX_MLLP_UTF16, 1, 0, 103, 0, 0, 0 },

        { "UTF-16, little endian", row("M\0S\0H\0|\0^\0~\0\\\0&\0|\0\r\0"),
          NGX_MLLP_UTF16, 1, 0, 103, 0, 0, 0 },

        { "UTF-16, big endian", row("\0M\0S\0H\0|\0^\0~\0\\\0&\0|\0\r"),
          NGX_MLLP_UTF16, 1, 0, 103, 0, 0, 0 },

        { "UTF-16, batch", row("\0F\0H\0S\0|\0^\0~\0\\\0&\0|\0\r"),
          NGX_MLLP_UTF16, 1, 0, 103, 0, 0, 0 },

        { "UTF-32, little endian", row("M\0\0\0S\0\0\0H\0\0\0|\0\0\0\r\0\0\0"),
          NGX_MLLP_UTF16, 1, 0, 103, 0, 0, 0 },

        { "UTF-32, big endian", row("\0\0\0M\0\0\0S\0\0\0H\0\0\0|\0\0\0\r"),
          NGX_MLLP_UTF16, 1, 0, 103, 0, 0, 0 },

        { "UTF-32, big endian with BOM", row("\0\0\xfe\xff\0\0\0M\0\0\0S"),
          NGX_MLLP_UTF16, 1, 0, 103, 0, 0, 0 },

        { "UTF-16 cut off", row("M\0"),
          NGX_MLLP_UTF16, 1, 0, 103, 0, 0, 0 },

        { "damaged MSH", row("SH|^~\\&|LAB\r" PID),
          NGX_MLLP_DAMAGED_START, 1, 0, 100, 0, 0, 0 },

        { "MS", row("MS"),
          NGX_MLLP_DAMAGED_START, 1, 0, 100, 0, 0, 0 },

        { "NUL", row("\0\0\0\0"),
          NGX_MLLP_DAMAGED_START, 1, 0, 100, 0, 0, 0 },

        { "NUL beside M, but not at the start", row("\0\0\0\0M\0"),
          NGX_MLLP_DAMAGED_START, 1, 0, 100, 0, 0, 0 },

        { "no message at all", row(PID PID),
          NGX_MLLP_DAMAGED_START, 1, 0, 100, 0, 0, 0 }
    };

    for (i = 0; i < sizeof(table) / sizeof(deviation_t); i++) {
        d = &table[i];
        make_frame(d->content.data, d->content.len);

        is_num(open_frame(ALL), NGX_DECLINED, d->name);
        is_num(env.deviation, d->kind, "for this");
        is_num(env.error.code, d->code, "code");
        ok(env.error.text.len, "text");
        is_num(deviations.set, ngx_mllp_bit(d->kind), "only this is noted");
        is_num(deviations.count[d->kind], d->count, "once");
        is_num(deviations.offset[d->kind], OFFSET + d->offset, "offset");
        ok(env.start == frame.start && env.end == frame.end, "all of it");
        is_done("no message comes out of it");
    }

    frame_of("\xef\xbb\xbf");
    is_num(open_frame(ALL), NGX_DECLINED, "BOM and nothing else");
    is_num(deviations.set,
           ngx_mllp_bit(NGX_MLLP_BOM) | ngx_mllp_bit(NGX_MLLP_DAMAGED_START),
           "both are noted");
}


static void
test_damage_limit(void)
{
    u_char  content[2048];

    memset(content, '.', sizeof(content));
    memcpy(content + 1023, A, sizeof(A) - 1);

    make_frame(content, 1023 + sizeof(A) - 1);
    is_num(open_frame(ALL), NGX_OK, "MSH at the last byte of the search");
    is_num(env.start - frame.start, 1023, "it is found there");

    memset(content, '.', sizeof(content));
    memcpy(content + 1024, A, sizeof(A) - 1);

    make_frame(content, 1024 + sizeof(A) - 1);
    is_num(open_frame(ALL), NGX_DECLINED, "MSH one byte behind the search");
}


static void
test_several_deviations(void)
{
    frame_of("\xef\xbb\xbf..MSH|^~|LAB\r\n\r\nPID|1\n\rPV1|1");

    is_num(open_frame(ALL), NGX_OK, "all kinds at once");
    is_num(env.start - frame.start, 5, "starts at MSH");
    is_num(deviations.count[NGX_MLLP_BOM], 1, "BOM");
    is_num(deviations.count[NGX_MLLP_DAMAGED_START], 1, "damaged start");
    is_num(deviations.offset[NGX_MLLP_DAMAGED_START], OFFSET + 3,
           "which begins behind the BOM");
    is_num(deviations.count[NGX_MLLP_SHORT_DELIMITERS], 1, "short delimiters");
    is_num(deviations.offset[NGX_MLLP_SHORT_DELIMITERS], OFFSET + 9, "MSH-2");
    is_num(deviations.count[NGX_MLLP_LF_SEGMENTS], 3, "CRLF CRLF LF");
    is_num(deviations.offset[NGX_MLLP_LF_SEGMENTS], OFFSET + 16, "first LF");
    is_num(deviations.count[NGX_MLLP_EMPTY_SEGMENTS], 2, "CRLF CRLF, LF CR");
    is_num(deviations.offset[NGX_MLLP_EMPTY_SEGMENTS], OFFSET + 17, "first");
    is_num(deviations.count[NGX_MLLP_NO_FINAL_CR], 1, "no final CR");

    is_num(open_frame(ALL & ~ngx_mllp_bit(NGX_MLLP_LF_SEGMENTS)),
           NGX_DECLINED, "one of them is not allowed");
    is_num(env.deviation, NGX_MLLP_LF_SEGMENTS, "it is the one");
    is_num(deviations.count[NGX_MLLP_EMPTY_SEGMENTS], 2,
           "the others are noted behind it");

    is_num(open_frame(0), NGX_DECLINED, "none is allowed");
    is_num(env.deviation, NGX_MLLP_BOM, "the first one is the reason");
    is_num(env.error.offset, 0, "with its offset");

    frame_of(A "PID|1\rOBX|MSH|1\rMSH");
    is_num(open_frame(ALL), NGX_OK, "MSH in a field and at the very end");
    is_num(env.messages, 2, "a segment MSH is always a message");
    is_next(A "PID|1\rOBX|MSH|1\r", "the first one");
    is_next("MSH", "the bare one");
    is_done("that was all");
}


static void
test_several(void)
{
    frame_of(A PID "\r" B "\n" PID A);

    is_num(open_frame(ALL), NGX_OK, "three messages");
    is_num(env.messages, 3, "counted");
    is_next(A PID "\r", "an empty segment belongs to the message before it");
    is_next(B "\n" PID, "the next begins at MSH");
    is_next(A, "the last one");
    is_done("that was all");

    frame_of(A PID BHS "ZZZ|1\r" B "BTS|1\r");
    is_num(open_frame(ALL), NGX_OK, "batch segments behind a message");
    is_num(env.kind, NGX_HL7_SEVERAL, "do not make it a batch");
    is_num(env.bhs.len, 0, "with a header");
    is_num(env.declared, -1, "or a count");
    is_next(A PID, "but they end the message before them");
    is_next(B, "on both sides");
    is_done("that was all");
}


static void
test_batch(void)
{
    frame_of(FHS BHS A PID B PID "BTS|2\rBHS|^~\\&|X\r" A "BTS|1\rFTS|2\r");

    is_num(open_frame(0), NGX_OK, "a file of two batches");
    is_num(env.kind, NGX_HL7_BATCH, "kind");
    is_num(env.messages, 3, "messages");
    is_num(env.declared, 3, "as declared");
    is_num(deviations.set, 0, "nothing is noted");
    ok(env.fhs.data == frame.start && env.fhs.len == sizeof(FHS) - 2,
       "FHS without its CR");
    ok(env.bhs.data == frame.start + sizeof(FHS) - 1
       && env.bhs.len == sizeof(BHS) - 2, "the first BHS");
    is_next(A PID, "first message");
    is_next(B PID, "second message");
    is_next(A, "the message of the other batch");
    is_done("that was all");

    frame_of(BHS A B);
    is_num(open_frame(0), NGX_OK, "BHS without BTS");
    is_num(env.declared, -1, "nothing is declared");
    is_num(env.messages, 2, "messages");
    is_num(env.fhs.len, 0, "no FHS");

    frame_of(FHS A "FTS|1\r");
    is_num(open_frame(0), NGX_OK, "FHS without BHS");
    is_num(env.bhs.len, 0, "no BHS");
    is_next(A, "the message");
    is_done("FTS is none");

    frame_of(BHS "BTS|0\r");
    is_num(open_frame(0), NGX_OK, "an empty batch");
    is_num(env.messages, 0, "no message");
    is_num(env.declared, 0, "as declared");
    is_done("nothing comes out of it");

    frame_of("FHS|^~\\&\r");
    is_num(open_frame(0), NGX_OK, "a file header alone");
    is_num(env.messages, 0, "no message");

    frame_of(BHS "\n" A "BTS|1\r\n");
    is_num(open_frame(0), NGX_DECLINED, "LF in a batch");
    is_num(deviations.count[NGX_MLLP_LF_SEGMENTS], 2, "both are counted");
    is_num(env.start - frame.start, sizeof(BHS),
           "what is answered is the first message");
    is_num(open_frame(ALL), NGX_OK, "LF in a batch, tolerated");
    is_next(A, "its message");
}


static void
test_batch_order(void)
{
    frame_of(BHS "NTE|1\r" A "BTS|1\r");
    is_num(open_frame(ALL), NGX_DECLINED, "a segment before the first MSH");
    is_num(env.error.code, NGX_HL7_SEGMENT_SEQUENCE, "segment sequence");
    is_num(env.error.offset, sizeof(BHS) - 1, "at that segment");
    is_num(env.deviation, NO_KIND, "it is no deviation that has a name");
    is_num(env.messages, 1, "the rest is looked at");
    ok(memcmp(env.start, A, sizeof(A) - 1) == 0, "MSH for the answer");

    frame_of(BHS A "BTS|1\r" PID);
    is_num(open_frame(ALL), NGX_DECLINED, "a segment behind BTS");
    is_num(env.error.offset, sizeof(BHS A "BTS|1\r") - 1, "at that segment");

    frame_of(BHS PID);
    is_num(open_frame(ALL), NGX_DECLINED, "a batch of no message but PID");
    ok(env.start == frame.start, "no MSH for the answer");

    frame_of(BHS A "BTS|1\rFTS|1\r" FHS BHS B);
    is_num(open_frame(ALL), NGX_OK, "two files in a frame");
    is_num(env.messages, 2, "messages of both");
}


static void
test_declared(void)
{
    ngx_uint_t  i;

    static struct {
        const char  *trailer;
        ngx_int_t    declared;
    } table[] = {
        { "BTS|1\r", 1 },
        { "BTS|1", 1 },
        { "BTS|0012|all of them\r", 12 },
        { "BTS|3^x|\r", 3 },
        { "BTS|100000000\r", 100000000 },
        { "BTS|100000001\r", -1 },
        { "BTS|99999999999999999999999999\r", -1 },
        { "BTS|100000000\rBTS|1\rBTS|1\r", -1 },
        { "BTS\r", -1 },
        { "BTS", -1 },
        { "BTS|\r", -1 },
        { "BTS||1\r", -1 },
        { "BTS|x\r", -1 },
        { "BTS|1x\r", -1 },
        { "BTS|-1\r", -1 },
        { "BTS|\"\"\r", -1 },
        { "BTS|2\rBTS|3\r", 5 },
        { "BTS|2\rBTS\r", -1 },
        { "BTS\rBTS|2\r", -1 },
        { "FTS|1\r", -1 }
    };

    char    name[64];
    u_char  content[256];

    for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        memcpy(content, BHS A, sizeof(BHS A) - 1);
        memcpy(content + sizeof(BHS A) - 1, table[i].trailer,
               strlen(table[i].trailer));

        make_frame(content, sizeof(BHS A) - 1 + strlen(table[i].trailer));

        is_num(open_frame(ALL), NGX_OK, "a trailer never spoils a batch");

        sprintf(name, "count of trailer %d", (int) i);
        is_num(env.declared, table[i].declared, name);
    }
}


int
main(void)
{
    test_single();
    test_block_ack();
    test_tolerable();
    test_refused();
    test_damage_limit();
    test_several_deviations();
    test_several();
    test_batch();
    test_batch_order();
    test_declared();

    free(frame.start);

    return unit_done();
}
