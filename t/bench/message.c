
/*
 * The built-in messages.  Their content is made up.
 */

#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "message.h"


#define MESSAGE_MAX    (16 * 1024 * 1024)

#define ORU_SIZE       60000
#define ORU_RESULTS    160
#define ORU_LINES      90


typedef struct {
    char    *buf;
    size_t   len;
} text_t;


static int message_file(text_t *t, const char *name);
static void message_adt(text_t *t);
static void message_oru(text_t *t);
static void message_result(text_t *t, int n, uint32_t *seed);
static void message_document(text_t *t, size_t len, uint32_t *seed);
static uint32_t message_random(uint32_t *seed, uint32_t limit);
static void text_add(text_t *t, const char *s);
static int message_split(message_t *m, text_t *t);


static const char adt[] =
    "MSH|^~\\&|PATMAN|NORTHHOSP|HIE|REGION|20261104081523.417+0100||"
    "ADT^A01^ADT_A01|1|P|2.5.1|||||DEU|UNICODE UTF-8|de^German\r"
    "EVN|A01|20261104081520|||KLERK04^Brandt^Ute|20261104081000|NORTHHOSP\r"
    "PID|1||0048812731^^^NORTHHOSP^MR~T220417358^^^STATKASSE^NI||"
    "Weißmüller^Karla^Johanna^^Dr.^^L~Öhlert^Karla^^^^^M||19710926|F|||"
    "Am Lindenhof 14^^Altenbruch^NI^27478^DEU^H~Postfach 1180^^Altenbruch^NI"
    "^27470^DEU^M||^PRN^PH^^49^4722^551839~^NET^Internet^karla.w@example.org|"
    "^WPN^PH^^49^4721^700213|DEU^German|M|EV|V2611040017^^^NORTHHOSP^VN||||"
    "|||||DEU^Germany||N\r"
    "PD1||||5512^Petersen^Hauke^^^Dr. med.^^^GPREG\r"
    "NK1|1|Weißmüller^Enno^Gerd|SPO^Spouse^HL70063|Am Lindenhof 14^^"
    "Altenbruch^NI^27478^DEU|^PRN^CP^^49^170^5518390||EP^Emergency^HL70131\r"
    "PV1|1|I|CARD3^312^2^NORTHHOSP^^BED^MAIN^3|E|||4711^Iversen^Solveig^^^"
    "Dr. med.^^^NORTHHOSP|5512^Petersen^Hauke^^^Dr. med.|4388^Okafor^Chidi^^^"
    "Prof. Dr.|CAR||||7|||4711^Iversen^Solveig^^^Dr. med.|IN|V2611040017^^^"
    "NORTHHOSP^VN|STATKASSE|||||||||||||||||||||NORTHHOSP||ADM|||"
    "20261104081000\r"
    "PV2||SEMI^Twin room|I20.0^Unstable angina^I10|||||20261104|20261109|5\r"
    "OBX|1|NM|8302-2^Body height^LN||168|cm^centimetre^UCUM|||||F|||"
    "20261104080500\r"
    "OBX|2|NM|29463-7^Body weight^LN||71.4|kg^kilogram^UCUM|||||F|||"
    "20261104080500\r"
    "AL1|1|DA^Drug allergy^HL70127|J01CA04^Amoxicillin^ATC|MO|Rash|20190311\r"
    "DG1|1||I20.0^Unstable angina^I10||20261104080000|A\r"
    "IN1|1|GKV^Statutory|104212059|Statkasse Nord|Kanalweg 2^^Stade^NI"
    "^21680^DEU|||||||20240101||||Weißmüller^Karla|SEL|19710926\r";

static const char oru[] =
    "MSH|^~\\&|LABSYS|CENTRALLAB|HIE|REGION|20261104113042.006+0100||"
    "ORU^R01^ORU_R01|1|P|2.5.1|||||DEU|UNICODE UTF-8\r"
    "PID|1||0048812731^^^NORTHHOSP^MR||Weißmüller^Karla^Johanna||19710926|F\r"
    "PV1|1|I|CARD3^312^2^NORTHHOSP||||4711^Iversen^Solveig^^^Dr. med.\r"
    "ORC|RE|O884120^CARD3|L26110400931^LABSYS||CM||||20261104082000\r"
    "OBR|1|O884120^CARD3|L26110400931^LABSYS|PANEL9^Admission panel^L|||"
    "20261104082500|||||||20261104084100|BLDV|4711^Iversen^Solveig|||||"
    "20261104112900||LAB|F\r";

static const char report[] =
    "Sinus rhythm, rate 78 per minute, no new ST deviation against the "
    "recording of the day before\\.br\\";

static const struct {
    const char  *code;
    const char  *unit;           /* OBX-6 and OBX-7 */
} results[] = {
    { "718-7^Haemoglobin^LN",  "g/dL|12.0-16.0" },
    { "2160-0^Creatinine^LN",  "mg/dL|0.5-1.1" },
    { "2823-3^Potassium^LN",   "mmol/L|3.5-5.1" },
    { "6598-7^Troponin T^LN",  "ng/L|<14" },
    { "6690-2^Leukocytes^LN",  "10*9/L|4.0-10.0" }
};


int
message_open(message_t *m, const char *name)
{
    text_t  t;

    t.len = 0;
    t.buf = malloc(MESSAGE_MAX);
    if (t.buf == NULL) {
        return -1;
    }

    t.buf[t.len++] = MLLP_VT;

    if (strcmp(name, "adt") == 0) {
        message_adt(&t);

    } else if (strcmp(name, "oru") == 0) {
        message_oru(&t);

    } else if (message_file(&t, name) != 0) {
        return -1;
    }

    t.buf[t.len++] = MLLP_FS;
    t.buf[t.len++] = MLLP_CR;

    return message_split(m, &t);
}


static int
message_file(text_t *t, const char *name)
{
    FILE  *f;

    f = fopen(name, "rb");
    if (f == NULL) {
        return -1;
    }

    t->len += fread(t->buf + t->len, 1, MESSAGE_MAX - 3, f);

    return fclose(f);
}


static void
message_adt(text_t *t)
{
    text_add(t, adt);
}


static void
message_oru(text_t *t)
{
    int       i;
    char      line[64];
    uint32_t  seed;

    seed = 2575;

    text_add(t, oru);

    for (i = 1; i <= ORU_RESULTS; i++) {
        message_result(t, i, &seed);
    }

    snprintf(line, sizeof(line), "OBX|%d|FT|18842-5^Report^LN||", i++);
    text_add(t, line);

    while (i++ < ORU_RESULTS + ORU_LINES) {
        text_add(t, report);
    }

    text_add(t, "||||||F\r");

    snprintf(line, sizeof(line), "OBX|%d|ED|11502-2^Laboratory report^LN||",
             ORU_RESULTS + 2);
    text_add(t, line);
    text_add(t, "^application^pdf^Base64^");
    message_document(t, ORU_SIZE - t->len, &seed);
    text_add(t, "||||||F\r");
}


static void
message_result(text_t *t, int n, uint32_t *seed)
{
    int       i;
    char      line[160];
    uint32_t  whole, tenth;

    i = n % (sizeof(results) / sizeof(results[0]));
    whole = message_random(seed, 20);
    tenth = message_random(seed, 10);

    snprintf(line, sizeof(line), "OBX|%d|NM|%s||%u.%u|%s|%s|||F|||"
             "20261104084100||TECH12^Aydin^Selma\r", n, results[i].code,
             whole, tenth, results[i].unit, whole > 14 ? "H" : "");
    text_add(t, line);

    if (n % 20 == 0) {
        text_add(t, "NTE|1|L|Sample slightly haemolytic, value confirmed by "
                    "a second measurement\r");
    }
}


static void
message_document(text_t *t, size_t len, uint32_t *seed)
{
    static const char  base64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "abcdefghijklmnopqrstuvwxyz0123456789+/";

    while (len--) {
        t->buf[t->len++] = base64[message_random(seed, 64)];
    }
}


static uint32_t
message_random(uint32_t *seed, uint32_t limit)
{
    *seed = *seed * 1103515245 + 12345;

    return (*seed >> 16) % limit;
}


static void
text_add(text_t *t, const char *s)
{
    size_t  len;

    len = strlen(s);
    memcpy(t->buf + t->len, s, len);
    t->len += len;
}


static int
message_split(message_t *m, text_t *t)
{
    int     n;
    char   *p, *end, sep;

    if (t->len < 7 || memcmp(t->buf + 1, "MSH", 3) != 0) {
        return -1;
    }

    sep = t->buf[4];
    p = t->buf + 4;
    end = memchr(p, MLLP_CR, t->len - 4);

    for (n = 1; n < 9 && p != NULL; n++) {
        p = memchr(p + 1, sep, end - p - 1);
    }

    if (p == NULL) {
        return -1;
    }

    p++;
    m->head = t->buf;
    m->head_len = p - t->buf;

    while (*p != sep && *p != MLLP_CR && *p != MLLP_FS) {
        p++;
    }

    m->tail = p;
    m->tail_len = t->buf + t->len - p;

    return 0;
}
