
#include "unit.h"
#include "ngx_hl7_ack.h"


#define ACCEPT  NGX_HL7_OUTCOME_ACCEPT
#define ERROR   NGX_HL7_OUTCOME_ERROR
#define REJECT  NGX_HL7_OUTCOME_REJECT

/* sets of acknowledgements */
#define B   NGX_HL7_OWED_BLOCK
#define C   NGX_HL7_OWED_COMMIT
#define A   NGX_HL7_OWED_APPLICATION

#define HEAD  "MSH|^~\\&|LAB|NORD|HIS|SUED|20261121080000||"
#define BACK  "MSH|^~\\&|HIS|SUED|LAB|NORD|20261121080001||"


static ngx_hl7_message_t  message;
static u_char            *content;


static ngx_hl7_error_t  missing = {
    NGX_HL7_REQUIRED_FIELD, ngx_string("the patient identifier is missing"),
    "PID", 1, 3, 0, 0, 0, 87
};


/* opens a copy in memory of its exact size */

static ngx_hl7_message_t *
open_message(const char *text)
{
    size_t           len;
    ngx_hl7_error_t  err;

    len = strlen(text);

    free(content);
    content = malloc(len);
    memcpy(content, text, len);

    if (ngx_hl7_message_open(&message, content, content + len, &err)
        != NGX_OK)
    {
        ok(0, "a message for the test opens");
        exit(EXIT_FAILURE);
    }

    return &message;
}


static void
is_ack(const char *text, ngx_hl7_outcome_e outcome, ngx_uint_t commit,
    ngx_hl7_error_t *error, const char *want, const char *name)
{
    size_t         len;
    u_char        *buf, *end;
    ngx_hl7_ack_t  ack;

    ack.message = text ? open_message(text) : NULL;
    ack.outcome = outcome;
    ack.commit = commit;
    ngx_str_set(&ack.control_id, "K7");
    ngx_str_set(&ack.time, "20261121080001");
    ack.error = error;
    ack.clean = 0;

    len = ngx_hl7_ack_len(&ack);
    buf = malloc(len);
    end = ngx_hl7_ack_write(buf, &ack);

    unit_is((char *) buf, end - buf, want, strlen(want), name, __FILE__,
            __LINE__);
    ok((size_t) (end - buf) <= len, "it is within the length");

    free(buf);
}


/* MSH-15 by MSH-16, and what is owed to a message that was accepted or not */

static struct {
    const char  *accept;
    const char  *application;
    ngx_uint_t   good;
    ngx_uint_t   bad;
} conditions[] = {

    { "", "", A, A },              /* original mode */

    { "", "AL", A, A },            /* an empty MSH-15 is NE */
    { "", "NE", 0, 0 },
    { "", "ER", 0, A },
    { "", "SU", A, 0 },

    { "AL", "", C | A, C },        /* an empty MSH-16 is AL */
    { "AL", "AL", C | A, C },
    { "AL", "NE", C, C },
    { "AL", "ER", C, C },
    { "AL", "SU", C | A, C },

    { "NE", "", A, A },
    { "NE", "AL", A, A },
    { "NE", "NE", 0, 0 },
    { "NE", "ER", 0, A },
    { "NE", "SU", A, 0 },

    { "ER", "", A, C },
    { "ER", "AL", A, C },
    { "ER", "NE", 0, C },
    { "ER", "ER", 0, C },
    { "ER", "SU", A, C },

    { "SU", "", C | A, A },
    { "SU", "AL", C | A, A },
    { "SU", "NE", C, 0 },
    { "SU", "ER", C, A },
    { "SU", "SU", C | A, 0 },

    { "\"\"", "\"\"", A, A },      /* null is empty */
    { "\"\"", "NE", 0, 0 },
    { "AL", "\"\"", C | A, C },

    { "XX", "NE", C, C },          /* what is not in the table is AL */
    { "NE", "XX", A, A },
    { "NEVER", "ERROR", C | A, C },
    { "N", "S", C | A, C },
    { "ne", "NE", C, C }
};


static void
check_owed(const char *id, const char *accept, const char *application,
    ngx_hl7_outcome_e outcome, ngx_uint_t want)
{
    char                name[128], text[256];
    ngx_hl7_message_t  *m;

    sprintf(text, HEAD "ADT^A01|%s|P|2.5|||%s|%s\rEVN|A01\r", id, accept,
            application);
    sprintf(name, "MSH-10 '%s' MSH-15 '%s' MSH-16 '%s' outcome %d", id,
            accept, application, outcome);

    m = open_message(text);

    is_num(ngx_hl7_ack_owed(NGX_HL7_ACK_AUTO, m, outcome), want, name);
    is_num(ngx_hl7_ack_owed(NGX_HL7_ACK_RELEASE2, m, outcome), want | B,
           "release 2");
    is_num(ngx_hl7_ack_owed(NGX_HL7_ACK_ORIGINAL, m, outcome), A, "original");
    is_num(ngx_hl7_ack_owed(NGX_HL7_ACK_ACCEPT, m, outcome), C, "accept");
    is_num(ngx_hl7_ack_owed(NGX_HL7_ACK_NONE, m, outcome), 0, "none");
}


static void
test_owed(void)
{
    ngx_uint_t  i;

    for (i = 0; i < sizeof(conditions) / sizeof(conditions[0]); i++) {
        check_owed("1", conditions[i].accept, conditions[i].application,
                   ACCEPT, conditions[i].good);
        check_owed("1", conditions[i].accept, conditions[i].application,
                   ERROR, conditions[i].bad);
        check_owed("1", conditions[i].accept, conditions[i].application,
                   REJECT, conditions[i].bad);

        /* without MSH-10 nothing is accepted */

        check_owed("", conditions[i].accept, conditions[i].application,
                   ACCEPT, conditions[i].bad);
    }
}


static void
test_owed_without_header(void)
{
    ngx_hl7_message_t  *m;

    is_num(ngx_hl7_ack_owed(NGX_HL7_ACK_AUTO, NULL, REJECT), A, "auto");
    is_num(ngx_hl7_ack_owed(NGX_HL7_ACK_ORIGINAL, NULL, REJECT), A,
           "original");
    is_num(ngx_hl7_ack_owed(NGX_HL7_ACK_ACCEPT, NULL, REJECT), C, "accept");
    is_num(ngx_hl7_ack_owed(NGX_HL7_ACK_RELEASE2, NULL, REJECT), B | A,
           "release 2");
    is_num(ngx_hl7_ack_owed(NGX_HL7_ACK_NONE, NULL, REJECT), 0, "none");

    /* MSH-15 and 16 are no fields of BHS */

    m = open_message("BHS|^~\\&|||||||||||||NE|NE\r");
    is_num(ngx_hl7_ack_owed(NGX_HL7_ACK_AUTO, m, REJECT), A, "batch header");
}


/* modes auto, original, accept, release 2 and none */

static void
check_owed_to_ack(const char *text, ngx_hl7_outcome_e outcome,
    ngx_uint_t asked, const char *name)
{
    ngx_hl7_message_t  *m;

    m = open_message(text);

    is_num(ngx_hl7_is_ack(m), 1, name);
    is_num(ngx_hl7_ack_owed(NGX_HL7_ACK_AUTO, m, outcome), asked, "auto");
    is_num(ngx_hl7_ack_owed(NGX_HL7_ACK_ORIGINAL, m, outcome), 0, "original");
    is_num(ngx_hl7_ack_owed(NGX_HL7_ACK_ACCEPT, m, outcome), asked, "accept");
    is_num(ngx_hl7_ack_owed(NGX_HL7_ACK_RELEASE2, m, outcome), asked | B,
           "release 2");
    is_num(ngx_hl7_ack_owed(NGX_HL7_ACK_NONE, m, outcome), 0, "none");
}


static void
test_owed_to_ack(void)
{
    check_owed_to_ack(HEAD "ACK|1|P|2.2\rMSA|AA|9\r", ACCEPT, 0, "ACK");
    check_owed_to_ack(HEAD "ACK^A01^ACK|1|P|2.5", ERROR, 0, "ACK alone");
    check_owed_to_ack(HEAD "ORR^O02|1|P|2.5\rMSA|AA|9\r", ACCEPT, 0,
                      "a reply by its MSA");
    check_owed_to_ack(HEAD "ORR^O02|1|P|2.5\r\n\r\nMSA|AA|9\r\n", ERROR, 0,
                      "MSA behind CRLF and an empty segment");
    check_owed_to_ack(HEAD "RSP^K22|1|P|2.6\rSFT|x\rSFT|y\rUAC|z\rMSA|AA|9",
                      ACCEPT, 0, "MSA behind SFT and UAC");
    check_owed_to_ack(HEAD "ACK|1|P|2.5|||AL|AL\rMSA|AA|9\r", ACCEPT, C,
                      "a commit ack is asked for");
    check_owed_to_ack(HEAD "ACK|1|P|2.5|||ER|AL\rMSA|AA|9\r", ACCEPT, 0,
                      "of an error only, accepted");
    check_owed_to_ack(HEAD "ACK|1|P|2.5|||ER|AL\rMSA|AA|9\r", REJECT, C,
                      "of an error only, rejected");
    check_owed_to_ack(HEAD "ACK|1|P|2.5|||NE|AL\rMSA|AA|9\r", ACCEPT, 0,
                      "none is asked for");
    check_owed_to_ack(HEAD "ACK|1|P|2.5||||AL\rMSA|AA|9\r", ACCEPT, 0,
                      "an application ack is asked for");

    is_num(ngx_hl7_is_ack(open_message(HEAD "ADT^A01|1|P|2.5\rEVN|\rMSA|AA")),
           0, "MSA further behind");
    is_num(ngx_hl7_is_ack(open_message(HEAD "ADT^ACK|1|P|2.5\r")), 0,
           "ACK in MSH-9.2");
    is_num(ngx_hl7_is_ack(open_message(HEAD "ACKX|1|P|2.5\rMS")), 0,
           "more than ACK");
}


static void
test_predicates(void)
{
    is_num(ngx_hl7_is_enhanced(open_message(HEAD "|1|P|2.5|||NE")), 1,
           "MSH-15 alone");
    is_num(ngx_hl7_is_enhanced(open_message(HEAD "|1|P|2.5||||NE")), 1,
           "MSH-16 alone");
    is_num(ngx_hl7_is_enhanced(open_message(HEAD "|1|P|2.5|||||US")), 0,
           "neither");
    is_num(ngx_hl7_is_enhanced(open_message(HEAD "|1|P|2.5|||\"\"|")), 0,
           "null");

    ok(strcmp(ngx_hl7_ack_code(ACCEPT, 0), "AA") == 0, "AA");
    ok(strcmp(ngx_hl7_ack_code(ERROR, 0), "AE") == 0, "AE");
    ok(strcmp(ngx_hl7_ack_code(REJECT, 0), "AR") == 0, "AR");
    ok(strcmp(ngx_hl7_ack_code(ACCEPT, 1), "CA") == 0, "CA");
    ok(strcmp(ngx_hl7_ack_code(ERROR, 1), "CE") == 0, "CE");
    ok(strcmp(ngx_hl7_ack_code(REJECT, 1), "CR") == 0, "CR");
}


#define old_form(v, type)                                                     \
    { HEAD "ADT^A01^ADT_A01|M1|P|" v "\rEVN|A01\r",                           \
      BACK type "|K7|P|" v "\rMSA|AA|M1\r",                                   \
      BACK type "|K7|P|" v "\r"                                               \
      "MSA|AE|M1|the patient identifier is missing\r"                         \
      "ERR|PID^1^3^101&Required field missing&HL70357\r" }

#define new_form(v)                                                           \
    { HEAD "ADT^A01^ADT_A01|M1|P|" v "\rEVN|A01\r",                           \
      BACK "ACK^A01^ACK|K7|P|" v "\rMSA|AA|M1\r",                             \
      BACK "ACK^A01^ACK|K7|P|" v "\rMSA|AE|M1\r"                              \
      "ERR||PID^1^3|101^Required field missing^HL70357|E|||byte 87|"          \
      "the patient identifier is missing\r" }


static void
test_versions(void)
{
    ngx_uint_t  i;

    static struct {
        const char  *message;
        const char  *good;
        const char  *bad;
    } table[] = {
        old_form("2.1", "ACK"),
        old_form("2.2", "ACK"),
        old_form("2.3", "ACK^A01"),
        old_form("2.3.1", "ACK^A01"),
        old_form("2.4", "ACK^A01^ACK"),
        new_form("2.5"),
        new_form("2.5.1"),
        new_form("2.6"),
        new_form("2.7"),
        new_form("2.9"),
        new_form("2.9.1"),
        new_form("2.5^DEU^1"),
        new_form(""),
        new_form("\"\""),
        new_form("nonsense")
    };

    for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        is_ack(table[i].message, ACCEPT, 0, NULL, table[i].good, "positive");
        is_ack(table[i].message, ERROR, 0, &missing, table[i].bad,
               "negative");
    }
}


static void
test_header(void)
{
    is_ack(HEAD "ADT|M1|P|2.5\r", ACCEPT, 0, NULL,
           BACK "ACK|K7|P|2.5\rMSA|AA|M1\r", "no trigger event");

    is_ack(HEAD "ADT^\"\"|M1|P|2.5\r", ACCEPT, 0, NULL,
           BACK "ACK|K7|P|2.5\rMSA|AA|M1\r", "trigger event is null");

    is_ack(HEAD "ADT^A01|M1|T^I|2.5|7|||\r", ACCEPT, 0, NULL,
           BACK "ACK^A01^ACK|K7|T^I|2.5\rMSA|AA|M1||7\r",
           "processing id, sequence number");

    is_ack(HEAD "ADT^A01|M1|P|2.3|7|||\r", ERROR, 0, &missing,
           BACK "ACK^A01|K7|P|2.3\r"
           "MSA|AE|M1|the patient identifier is missing|7\r"
           "ERR|PID^1^3^101&Required field missing&HL70357\r",
           "sequence number behind a text");

    is_ack(HEAD "ADT^A01|M1|P|2.5|||||DEU|8859/1~UNICODE UTF-8|DE\r", ACCEPT,
           0, NULL,
           BACK "ACK^A01^ACK|K7|P|2.5||||||8859/1~UNICODE UTF-8\r"
           "MSA|AA|M1\r", "character set");

    is_ack(HEAD "ADT^A01|M1|P|2.5|||AL|AL||8859/1\r", ACCEPT, 0, NULL,
           BACK "ACK^A01^ACK|K7|P|2.5|||NE|NE||8859/1\rMSA|AA|M1\r",
           "application ack of enhanced mode, character set");

    is_ack(HEAD "ADT^A01|M1|P|2.5||||ER\r", ACCEPT, 0, NULL,
           BACK "ACK^A01^ACK|K7|P|2.5|||NE|NE\rMSA|AA|M1\r",
           "application ack of enhanced mode");

    is_ack(HEAD "ADT^A01|M1|P|2.5|||AL|AL||8859/1\r", ACCEPT, 1, NULL,
           BACK "ACK^A01^ACK|K7|P|2.5||||||8859/1\rMSA|CA|M1\r",
           "commit ack");

    is_ack(HEAD "ADT^A01|M1|P|2.5|||AL|AL\r", REJECT, 1, &missing,
           BACK "ACK^A01^ACK|K7|P|2.5\rMSA|CR|M1\r"
           "ERR||PID^1^3|101^Required field missing^HL70357|E|||byte 87|"
           "the patient identifier is missing\r", "negative commit ack");

    is_ack("MSH|^~\\&|a^1.2^ISO||c&d|~|||ADT^A01|x^y~z&\\T\\|P|2.5\r", ACCEPT,
           0, NULL,
           "MSH|^~\\&|c&d|~|a^1.2^ISO||20261121080001||ACK^A01^ACK|K7|P|2.5\r"
           "MSA|AA|x^y~z&\\T\\\r", "fields are echoed as they are");

    is_ack(HEAD "ADT^A01|M\x1c\x0b" "1\x1c|P\x1c|2.5\r", ACCEPT, 0, NULL,
           BACK "ACK^A01^ACK|K7|P |2.5\rMSA|AA|M  1 \r",
           "nothing in it ends a frame");

    is_ack(HEAD "ADT^A01|M1", ACCEPT, 0, NULL,
           BACK "ACK^A01^ACK|K7||\rMSA|AA|M1\r", "cut off behind MSH-10");
}


static void
test_delimiters(void)
{
    is_ack("MSH$%*!@$LAB$NORD$HIS$SUED$$$ADT%A01$M1$P$2.5\r", ERROR, 0,
           &missing,
           "MSH$%*!@$HIS$SUED$LAB$NORD$20261121080001$$ACK%A01%ACK$K7$P$2.5\r"
           "MSA$AE$M1\r"
           "ERR$$PID%1%3$101%Required field missing%HL70357$E$$$byte 87$"
           "the patient identifier is missing\r", "new form");

    is_ack("MSH$%*!@$LAB$NORD$HIS$SUED$$$ADT%A01$M1$P$2.3\r", ERROR, 0,
           &missing,
           "MSH$%*!@$HIS$SUED$LAB$NORD$20261121080001$$ACK%A01$K7$P$2.3\r"
           "MSA$AE$M1$the patient identifier is missing\r"
           "ERR$PID%1%3%101@Required field missing@HL70357\r", "old form");

    is_ack("MSH|^~\\&#|LAB|NORD|HIS|SUED|||ADT^A01|M1|P|2.7\r", ACCEPT, 0,
           NULL,
           "MSH|^~\\&#|HIS|SUED|LAB|NORD|20261121080001||ACK^A01^ACK|K7|P|2.7"
           "\rMSA|AA|M1\r", "five encoding characters");

    is_ack("MSH|^~|LAB|NORD|HIS|SUED|||ADT^A01|M1|P|2.5\r", ACCEPT, 0, NULL,
           BACK "ACK^A01^ACK|K7|P|2.5\rMSA|AA|M1\r",
           "two encoding characters");

    is_ack("MSH||LAB|NORD|HIS|SUED|||ADT^A01|M1|P|2.5\r", ACCEPT, 0, NULL,
           BACK "ACK^A01^ACK|K7|P|2.5\rMSA|AA|M1\r",
           "no encoding character");

    is_ack("MSH^^LAB^NORD^HIS^SUED^^^ADT^M1^P^2.5\r", ERROR, 0, &missing,
           "MSH^ ~\\&^HIS^SUED^LAB^NORD^20261121080001^^ACK^K7^P^2.5\r"
           "MSA^AE^M1\r"
           "ERR^^PID 1 3^101 Required field missing HL70357^E^^^byte 87^"
           "the patient identifier is missing\r",
           "no component separator is left");

    is_ack("MSH|^~ &|LAB|NORD|HIS|SUED|||ADT^A01|M1|P|2.5\r", ACCEPT, 0,
           NULL,
           "MSH|^~ &|HIS|SUED|LAB|NORD|20261121080001||ACK^A01^ACK|K7|P|2.5\r"
           "MSA|AA|M1\r", "no escape character");
}


static void
test_errors(void)
{
    ngx_uint_t       i;
    ngx_hl7_error_t  error;
    char             want[256];

    static struct {
        ngx_uint_t   code;
        const char  *text;
    } codes[] = {
        { 100, "Segment sequence error" },
        { 101, "Required field missing" },
        { 102, "Data type error" },
        { 103, "Table value not found" },
        { 104, "Value too long" },
        { 200, "Unsupported message type" },
        { 201, "Unsupported event code" },
        { 202, "Unsupported processing id" },
        { 203, "Unsupported version id" },
        { 207, "Application internal error" },
        { 4711, "" }
    };

    memset(&error, 0, sizeof(error));
    ngx_str_set(&error.text, "t");

    for (i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        error.code = codes[i].code;

        sprintf(want, BACK "ACK^A01^ACK|K7|P|2.5\rMSA|AR|M1\r"
                "ERR|||%d^%s^HL70357|E||||t\r", (int) codes[i].code,
                codes[i].text);
        is_ack(HEAD "ADT^A01|M1|P|2.5\r", REJECT, 0, &error, want,
               "a code, no location");

        sprintf(want, BACK "ACK^A01|K7|P|2.3\rMSA|AR|M1|t\r"
                "ERR|^^^%d&%s&HL70357\r", (int) codes[i].code, codes[i].text);
        is_ack(HEAD "ADT^A01|M1|P|2.3\r", REJECT, 0, &error, want,
               "a code, no location, old form");
    }

    error.code = NGX_HL7_SEGMENT_SEQUENCE;
    memcpy(error.segment, "OBX", 4);
    error.occurrence = 12;
    ngx_str_set(&error.text, "a|b^c~d\\e&f\r\ng");

    is_ack(HEAD "ADT^A01|M1|P|2.5\r", ERROR, 0, &error,
           BACK "ACK^A01^ACK|K7|P|2.5\rMSA|AE|M1\r"
           "ERR||OBX^12|100^Segment sequence error^HL70357|E|||byte 0|"
           "a\\F\\b\\S\\c\\R\\d\\E\\e\\T\\f  g\r",
           "a segment as a whole; delimiters in the text");

    is_ack(HEAD "ADT^A01|M1|P|2.3\r", ERROR, 0, &error,
           BACK "ACK^A01|K7|P|2.3\r"
           "MSA|AE|M1|a\\F\\b\\S\\c\\R\\d\\E\\e\\T\\f  g\r"
           "ERR|OBX^12^^100&Segment sequence error&HL70357\r",
           "the same in the old form");

    error.field = 11;
    error.component = 2;
    ngx_str_set(&error.text, "t");

    is_ack(HEAD "ADT^A01|M1|P|2.5\r", ERROR, 0, &error,
           BACK "ACK^A01^ACK|K7|P|2.5\rMSA|AE|M1\r"
           "ERR||OBX^12^11^^2|100^Segment sequence error^HL70357|E|||byte 0|"
           "t\r",
           "a component");

    is_ack(HEAD "ADT^A01|M1|P|2.3\r", ERROR, 0, &error,
           BACK "ACK^A01|K7|P|2.3\rMSA|AE|M1|t\r"
           "ERR|OBX^12^11^100&Segment sequence error&HL70357\r",
           "which the old form does not have");

    error.segment[0] = '\0';
    error.occurrence = 0;
    error.field = 0;
    error.component = 0;
    error.offset = 1234567;
    ngx_str_set(&error.text, "t");

    is_ack(HEAD "ADT^A01|M1|P|2.5\r", ERROR, 0, &error,
           BACK "ACK^A01^ACK|K7|P|2.5\rMSA|AE|M1\r"
           "ERR|||100^Segment sequence error^HL70357|E|||byte 1234567|t\r",
           "an offset alone");
}


/* the longest there can be: the length must hold, the text is cut */

static void
test_bounds(void)
{
    char            *p, text[300], want[1024];
    ngx_uint_t       i;
    ngx_hl7_error_t  error;

    memset(text, '|', sizeof(text));
    memset(&error, 0xff, sizeof(error));

    error.text.data = (u_char *) text;
    error.text.len = sizeof(text);
    memset(error.segment, '|', sizeof(error.segment));

    p = want + sprintf(want, BACK "ACK^A01^ACK|K7|P|2.5|||NE|NE||X\r"
                       "MSA|AE|M1||7\r"
                       "ERR||\\F\\\\F\\\\F\\\\F\\^%llu^%llu^%llu^%llu^%llu|"
                       "%llu^^HL70357|E|||byte %llu|",
                       -1LL, -1LL, -1LL, -1LL, -1LL, -1LL, -1LL);

    for (i = 0; i < 250; i++) {
        p += sprintf(p, "\\F\\");
    }

    strcpy(p, "\r");

    is_ack(HEAD "ADT^A01|M1|P|2.5|7||AL|AL||X\r", ERROR, 0, &error, want,
           "largest error");
}


static void
check_values(const char *text, ngx_str_t *control_id, ngx_str_t *time,
    const char *want, const char *name)
{
    size_t         len;
    u_char        *buf, *end;
    ngx_hl7_ack_t  ack;

    memset(&ack, 0, sizeof(ack));

    ack.message = open_message(text);
    ack.control_id = *control_id;
    ack.time = *time;

    len = ngx_hl7_ack_len(&ack);
    buf = malloc(len);
    end = ngx_hl7_ack_write(buf, &ack);

    unit_is((char *) buf, end - buf, want, strlen(want), name, __FILE__,
            __LINE__);

    free(buf);
}


static void
test_own_values(void)
{
    ngx_str_t  id, time;

    ngx_str_set(&id, "12345678901234567890x");
    ngx_str_set(&time, "20261121080001.1234+0100xx");

    check_values("MSH|^~\\&|||||||ADT|M1|P|2.5\r", &id, &time,
                 "MSH|^~\\&|||||20261121080001.1234+0100xx||ACK|"
                 "12345678901234567890|P|2.5\rMSA|AA|M1\r",
                 "20 characters of the control id");

    ngx_str_set(&id, "K-7");

    check_values("MSH-^~\\&-------ADT-M1-P-x\r", &id, &time,
                 "MSH-^~\\&-----20261121080001.1234+0100xx--ACK-K-P-x\r"
                 "MSA-AA-M1\r", "the separator in the control id");

    check_values("MSH+^~\\&+++++++ADT+M1+P+x\r", &id, &time,
                 "MSH+^~\\&+++++20261121080001.1234++ACK+K-7+P+x\r"
                 "MSA+AA+M1\r", "the separator in the time");

    ngx_str_set(&time, "20261121080001.1234+0100xxy");

    check_values("MSH|^~\\&|||||||ADT|M1|P|2.5\r", &id, &time,
                 "MSH|^~\\&|||||20261121080001.1234+0100xx||ACK|K-7|P|2.5\r"
                 "MSA|AA|M1\r", "26 characters of the time");
}


static void
test_no_control_id(void)
{
    is_num(ngx_hl7_ack_outcome(open_message(HEAD "ADT^A01||P|2.5"), ACCEPT),
           ERROR, "without MSH-10 nothing is accepted");
    is_num(ngx_hl7_ack_outcome(open_message(HEAD "ADT^A01|\"\"|P|2.5"),
                               ACCEPT),
           ERROR, "null is none");
    is_num(ngx_hl7_ack_outcome(open_message(HEAD "ADT^A01"), ACCEPT), ERROR,
           "cut off before MSH-10");
    is_num(ngx_hl7_ack_outcome(NULL, ACCEPT), ERROR, "without a header too");
    is_num(ngx_hl7_ack_outcome(open_message(HEAD "ADT^A01||P|2.5"), REJECT),
           REJECT, "rejected stays rejected");
    is_num(ngx_hl7_ack_outcome(open_message(HEAD "ADT^A01|1|P|2.5"), ACCEPT),
           ACCEPT, "with MSH-10 accepted stays accepted");

    is_ack(HEAD "ADT^A01||P|2.5\r", ACCEPT, 0, NULL,
           BACK "ACK^A01^ACK|K7|P|2.5\rMSA|AE|\r"
           "ERR||MSH^1^10|101^Required field missing^HL70357|E|||byte 0|"
           "no message control id\r", "AA becomes AE");

    is_ack(HEAD "ADT^A01||P|2.3\r", ACCEPT, 1, &missing,
           BACK "ACK^A01|K7|P|2.3\rMSA|CE||no message control id\r"
           "ERR|MSH^1^10^101&Required field missing&HL70357\r",
           "CA becomes CE, and this is why");

    is_ack(HEAD "ADT^A01|\"\"|P|2.5\r", REJECT, 0, &missing,
           BACK "ACK^A01^ACK|K7|P|2.5\rMSA|AR|\"\"\r"
           "ERR||PID^1^3|101^Required field missing^HL70357|E|||byte 87|"
           "the patient identifier is missing\r",
           "another error is not hidden");

    is_ack(HEAD "ADT^A01|M1|P|2.5\r", ERROR, 0, NULL,
           BACK "ACK^A01^ACK|K7|P|2.5\rMSA|AE|M1\r"
           "ERR|||207^Application internal error^HL70357|E||||"
           "the message was not accepted\r", "negative without a reason");
}


static void
test_no_message(void)
{
    ngx_hl7_error_t  error;

    memset(&error, 0, sizeof(error));
    error.code = NGX_HL7_SEGMENT_SEQUENCE;
    ngx_str_set(&error.text, "no MSH segment");

    is_ack(NULL, REJECT, 0, &error,
           "MSH|^~\\&|||||20261121080001||ACK|K7|P|2.5\rMSA|AR|\r"
           "ERR|||100^Segment sequence error^HL70357|E||||no MSH segment\r",
           "no message");

    is_ack(NULL, ACCEPT, 1, NULL,
           "MSH|^~\\&|||||20261121080001||ACK|K7|P|2.5\rMSA|CE|\r"
           "ERR||MSH^1^10|101^Required field missing^HL70357|E|||byte 0|"
           "no message control id\r", "no message is never accepted");

    is_ack("BHS|$~\\&|a|b|c|d||||no id|x|2.3\r", REJECT, 0, &error,
           "MSH|^~\\&|||||20261121080001||ACK|K7|P|2.5\rMSA|AR|\r"
           "ERR|||100^Segment sequence error^HL70357|E||||no MSH segment\r",
           "a batch header is no message");
}


static void
is_batch(const char *fhs, const char *bhs, const char *begin,
    const char *finish, const char *name)
{
    size_t     len;
    u_char    *buf, *middle, *end;
    ngx_str_t  f, b, id, time;

    /* without a terminating zero */

    f.len = strlen(fhs);
    f.data = f.len ? memcpy(malloc(f.len), fhs, f.len) : NULL;
    b.len = strlen(bhs);
    b.data = b.len ? memcpy(malloc(b.len), bhs, b.len) : NULL;

    ngx_str_set(&id, "K7");
    ngx_str_set(&time, "20261121080001");

    len = ngx_hl7_batch_ack_len(&f, &b);
    buf = malloc(len);

    middle = ngx_hl7_batch_ack_begin(buf, &f, &b, &id, &time);
    end = ngx_hl7_batch_ack_end(middle, &f, &b, 12);

    unit_is((char *) buf, middle - buf, begin, strlen(begin), name, __FILE__,
            __LINE__);
    unit_is((char *) middle, end - middle, finish, strlen(finish), "its end",
            __FILE__, __LINE__);
    ok((size_t) (end - buf) <= len, "it is within the length");

    free(buf);
    free(f.data);
    free(b.data);
}


static void
test_batch(void)
{
    char  fhs[2048], want[4352];

    is_batch("", "BHS|^~\\&|LAB|NORD|HIS|SUED|20261121||name|note|B9|B8",
             "BHS|^~\\&|HIS|SUED|LAB|NORD|20261121080001||||K7|B9\r",
             "BTS|12\r", "a batch");

    is_batch("FHS|^~\\&|LAB|NORD|HIS|SUED|||||F9",
             "BHS$%*!@$LAB$WEST$HIS$OST$$$$$B9",
             "FHS|^~\\&|HIS|SUED|LAB|NORD|20261121080001||||K7|F9\r"
             "BHS$%*!@$HIS$OST$LAB$WEST$20261121080001$$$$K7$B9\r",
             "BTS$12\rFTS|1\r", "a file, each header as it came");

    is_batch("FHS$%*!@$LAB$NORD$HIS$SUED$$$$$F9", "",
             "FHS$%*!@$HIS$SUED$LAB$NORD$20261121080001$$$$K7$F9\r"
             "BHS$%*!@$HIS$SUED$LAB$NORD$20261121080001$$$$K7$F9\r",
             "BTS$12\rFTS$1\r", "a file without BHS");

    is_batch("", "", "BHS|^~\\&|||||20261121080001||||K7|\r", "BTS|12\r",
             "no header");

    is_batch("", "BHSxxx", "BHS|^~\\&|||||20261121080001||||K7|\r",
             "BTS|12\r", "a header that cannot be read");

    is_batch("", "BHS|^~\\&|\x1c\x0b",
             "BHS|^~\\&|||  ||20261121080001||||K7|\r", "BTS|12\r",
             "nothing in it ends a frame");

    is_batch("", "BHS|", "BHS|^~\\&|||||20261121080001||||K7|\r",
             "BTS|12\r", "a bare header");

    /* what is echoed twice fits as well */

    memset(fhs, 'x', sizeof(fhs));
    memcpy(fhs, "FHS|^~\\&|", 9);
    fhs[sizeof(fhs) - 1] = '\0';

    sprintf(want, "FHS|^~\\&|||%s||20261121080001||||K7|\r"
            "BHS|^~\\&|||%s||20261121080001||||K7|\r", fhs + 9, fhs + 9);

    is_batch(fhs, "", want, "BTS|12\rFTS|1\r", "a long sender");
}


static void
check_reply(const char *text, const char *reply, ngx_int_t rc,
    ngx_hl7_outcome_e outcome, ngx_uint_t commit, const char *name)
{
    ngx_str_t           copy;
    ngx_uint_t          got_commit;
    ngx_hl7_error_t     err;
    ngx_hl7_message_t  *m;
    ngx_hl7_outcome_e   got_outcome;

    m = open_message(text);

    copy.len = strlen(reply);
    copy.data = copy.len ? memcpy(malloc(copy.len), reply, copy.len) : NULL;

    is_num(ngx_hl7_ack_check(m, &copy, &got_outcome, &got_commit, &err), rc,
           name);

    if (rc == NGX_OK) {
        is_num(got_outcome, outcome, "outcome");
        is_num(got_commit, commit, "commit");

    } else {
        is_num(err.code, NGX_HL7_INTERNAL_ERROR, "code");
        is_num(err.segment[0] + err.offset, 0, "no location");
        ok(err.text.len, "text");
    }

    free(copy.data);
}


#define good(reply, outcome, commit, name)                                    \
    check_reply(HEAD "ADT^A01|M1|P|2.5\r", reply, NGX_OK, outcome, commit,    \
                name)

#define bad(reply, name)                                                      \
    check_reply(HEAD "ADT^A01|M1|P|2.5\r", reply, NGX_DECLINED, 0, 0, name)


static void
test_check(void)
{
    good(BACK "ACK|K7|P|2.5\rMSA|AA|M1\r", ACCEPT, 0, "AA");
    good(BACK "ACK|K7|P|2.5\rMSA|AE|M1\r", ERROR, 0, "AE");
    good(BACK "ACK|K7|P|2.5\rMSA|AR|M1\r", REJECT, 0, "AR");
    good(BACK "ACK|K7|P|2.5\rMSA|CA|M1\r", ACCEPT, 1, "CA");
    good(BACK "ACK|K7|P|2.5\rMSA|CE|M1\r", ERROR, 1, "CE");
    good(BACK "ACK|K7|P|2.5\rMSA|CR|M1\r", REJECT, 1, "CR");
    good(BACK "ACK|K7|P|2.5\nMSA|AE|M1|why\nERR|x\n", ERROR, 0, "LF");
    good(BACK "ACK|K7|P|2.5\r\nMSA|AA|M1\r\n", ACCEPT, 0, "CRLF");
    good("MSH$%*!@$$$$$$$ACK$K7$P$2.5\rSFT$x\rMSA$AA$M1", ACCEPT, 0,
         "delimiters of its own, SFT, no CR at the end");

    bad("", "nothing");
    bad("MSA|AA|M1\r", "no MSH");
    bad("<html>", "no HL7 at all");
    bad("BHS|^~\\&|||||||ACK|K7\rMSA|AA|M1\r", "BHS for MSH");
    bad(BACK "ACK|K7|P|2.5\r", "no MSA");
    bad(BACK "ACK|K7|P|2.5", "MSH without an end");
    bad(BACK "ACK|K7|P|2.5\rERR|x\rMSA|AA|M1\r", "MSA out of its place");
    bad(BACK "ACK|K7|P|2.5\rMSA\r", "MSA without fields");
    bad(BACK "ACK|K7|P|2.5\rMSA||M1\r", "MSA-1 empty");
    bad(BACK "ACK|K7|P|2.5\rMSA|AX|M1\r", "MSA-1 unknown");
    bad(BACK "ACK|K7|P|2.5\rMSA|aa|M1\r", "MSA-1 in small letters");
    bad(BACK "ACK|K7|P|2.5\rMSA|AAA|M1\r", "MSA-1 too long");
    bad(BACK "ACK|K7|P|2.5\rMSA|AA\r", "no MSA-2");
    bad(BACK "ACK|K7|P|2.5\rMSA|AA|M2\r", "another MSA-2");
    bad(BACK "ACK|K7|P|2.5\rMSA|AA|M\r", "half of MSH-10");
    bad(BACK "ACK|K7|P|2.5\rMSA|AA|M1 \r", "MSA-2 with a blank");
    bad("\x0b" BACK "ACK|K7|P|2.5\rMSA|AA|M1\r", "framed");
    bad(BACK "ACK|K\x0b|P|2.5\rMSA|AA|M1\r", "VT in a field");
    bad(BACK "ACK|K7|P|2.5\rMSA|AA|M1\r\x0b", "VT in it");
    bad(BACK "ACK|K7|P|2.5\rMSA|AA|M1\r\x1c", "FS in it");

    check_reply(HEAD "ADT^A01||P|2.5\r", BACK "ACK|K7|P|2.5\rMSA|AA|\r",
                NGX_DECLINED, 0, 0, "positive without MSH-10");
    check_reply(HEAD "ADT^A01||P|2.5\r", BACK "ACK|K7|P|2.5\rMSA|AE\r",
                NGX_OK, ERROR, 0, "negative without MSH-10");
}


int
main(void)
{
    test_owed();
    test_owed_without_header();
    test_owed_to_ack();
    test_predicates();
    test_versions();
    test_header();
    test_delimiters();
    test_errors();
    test_bounds();
    test_own_values();
    test_no_control_id();
    test_no_message();
    test_batch();
    test_check();

    free(content);

    return unit_done();
}
