
/*
 * The MLLP frame reader.  Every input is read whole, in reads of each size
 * and split in two at each byte; the transcript (see mllp_feed.h) must be the
 * expected one each time.
 */

#include "unit.h"
#include "mllp_feed.h"


#define VT   "\x0b"
#define FS   "\x1c"
#define END  FS "\r"

#define bit(kind)  ngx_mllp_bit(NGX_MLLP_##kind)

/* more than two of the blocks that the scan passes over */
#define LONG  500


static void test_frames(void);
static void test_double(void);
static void test_fs(void);
static void test_vt_in_data(void);
static void test_junk(void);
static void test_start(void);
static void test_bounds(void);
static void test_walk(void);
static void test_places(void);
static ngx_uint_t place(const char *start, const char *part, size_t at);
static void test_call(void);
static void test_names(void);


/* the literal may contain NULs */

#define check(name, tolerate, input, want)                                    \
    check_sized(name, tolerate, 64, 8, input, want)

#define check_sized(name, tolerate, max_size, max_junk, input, want)          \
    check_reads(name, tolerate, max_size, max_junk, (u_char *) input,         \
                sizeof(input) - 1, want)


static ngx_uint_t
check_transcript(feed_t *f, const char *want)
{
    ngx_uint_t  good;

    feed(f);

    good = (f->text_len == strlen(want)
            && memcmp(f->text, want, f->text_len) == 0);

    if (!good) {
        printf("# got  \"%.*s\"\n# want \"%s\"\n", (int) f->text_len, f->text,
               want);
    }

    free(f->text);

    return good;
}


static void
check_reads(const char *name, ngx_uint_t tolerate, size_t max_size,
    size_t max_junk, u_char *input, size_t len, const char *want)
{
    size_t      i, n;
    feed_t      f;
    u_char     *cuts;
    ngx_uint_t  good;

    cuts = calloc(1, len + 1);

    f.tolerate = tolerate;
    f.max_size = max_size;
    f.max_junk = max_junk;
    f.data = input;
    f.len = len;
    f.cuts = cuts;

    good = check_transcript(&f, want);

    for (n = 1; good && n < len; n++) {

        for (i = 0; i < len; i++) {
            cuts[i] = (i % n == n - 1);
        }

        good = check_transcript(&f, want);
    }

    memset(cuts, 0, len);

    for (i = 0; good && i < len; i++) {
        cuts[i] = 1;
        good = check_transcript(&f, want);
        cuts[i] = 0;
    }

    ok(good, name);

    free(cuts);
}


int
main(void)
{
    test_frames();
    test_double();
    test_fs();
    test_vt_in_data();
    test_junk();
    test_start();
    test_bounds();
    test_walk();
    test_places();
    test_call();
    test_names();

    return unit_done();
}


static void
test_frames(void)
{
    check("nothing", 0, "", "eof 0 between:");
    check("a frame", 0, VT "MSH|" END,
          "frame 1+4:; eof 7 between:");
    check("two frames", 0, VT "MSH|" END VT "MSH|2" END,
          "frame 1+4:; frame 8+5:; eof 15 between:");
    check("an empty frame", 0, VT END VT "a" END,
          "frame 1+0:; frame 4+1:; eof 7 between:");
    check("block acks", 0, VT "\x06" END VT "\x15" END,
          "frame 1+1:; frame 5+1:; eof 8 between:");
    check("VT alone", 0, VT, "eof 1 inside:");
    check("no end", 0, VT "MSH", "eof 1 inside:");
    check("FS alone at the end", 0, VT "MSH" FS, "eof 1 inside:");
    check("any other byte is content", 0,
          VT "\x00\x01\x09\x0c\x7f\x80\xff" END,
          "frame 1+7:; eof 10 between:");
}


static void
test_double(void)
{
    check("VT VT refused", 0, VT VT "a" END,
          "declined 1+0 double_frame: double_frame*1@1; eof 1 inside:");
    check("VT VT VT tolerated", bit(DOUBLE_FRAME), VT VT VT "a" END,
          "frame 3+1: double_frame*2@1; eof 6 between:");
    check("double trailer refused", 0, VT "a" END END,
          "frame 1+1:; declined 4+0 double_frame: double_frame*1@4; "
          "eof 4 between:");
    check("double trailer tolerated", bit(DOUBLE_FRAME),
          VT "a" END END END VT "b" END,
          "frame 1+1:; frame 9+1: double_frame*2@4; eof 12 between:");
    check("a trailer before any frame is junk", bit(DOUBLE_FRAME), END,
          "error 0+0 junk_between: junk_between*1@0; eof 0 between:");
    check("FS behind a trailer is junk", bit(DOUBLE_FRAME),
          VT "a" END FS VT,
          "frame 1+1:; error 4+0 junk_between: junk_between*1@4; "
          "eof 4 between:");
    check("a trailer behind LF is junk", bit(DOUBLE_FRAME) | bit(LF_AFTER_FS),
          VT "a" END "\n" END,
          "frame 1+1:; error 5+0 junk_between: "
          "junk_between*1@5 lf_after_fs*1@4; eof 5 between:");
    check("what was seen of a frame is not kept for the next", 0,
          VT "a\r\r\nMSH" END END,
          "frame 1+7 walk:; "
          "declined 10+0 double_frame: double_frame*1@10; eof 10 between:");
}


static void
test_fs(void)
{
    check("LF after FS CR refused", 0, VT "a" END "\n",
          "frame 1+1:; error 4+0 lf_after_fs: lf_after_fs*1@4; "
          "eof 4 between:");
    check("LF after FS CR tolerated", bit(LF_AFTER_FS),
          VT "a" END "\n" VT "b" END "\n",
          "frame 1+1:; frame 6+1: lf_after_fs*1@4; "
          "eof 10 between: lf_after_fs*1@9");
    check("one LF only", bit(LF_AFTER_FS), VT "a" END "\n\n",
          "frame 1+1:; error 5+0 junk_between: "
          "junk_between*1@5 lf_after_fs*1@4; eof 5 between:");
    check("LF after a double trailer", bit(LF_AFTER_FS) | bit(DOUBLE_FRAME),
          VT "a" END END "\n",
          "frame 1+1:; eof 7 between: lf_after_fs*1@6 double_frame*1@4");

    check("FS in data refused, the next VT is found", 0,
          VT "ab" FS "MSH" END VT "c" END,
          "declined 1+2 fs_in_data: fs_in_data*1@3; frame 10+1:; "
          "eof 13 between:");
    check("FS VT", 0, VT "ab" FS VT "c" END,
          "declined 1+2 fs_in_data: fs_in_data*1@3; frame 5+1:; "
          "eof 8 between:");
    check("what follows a refused FS is bounded", 0,
          VT "ab" FS "123456789" VT "c" END,
          "declined 1+2 fs_in_data: fs_in_data*1@3; "
          "error 12+0 too_much_junk: too_much_junk*1@12; eof 12 between:");
    check("FS in data tolerated", bit(FS_IN_DATA),
          VT FS "a" FS FS "b" END,
          "frame 1+5: fs_in_data*3@1; eof 8 between:");
    check("FS as data at the end of input", bit(FS_IN_DATA), VT "a" FS,
          "eof 1 inside:");

    check("FS only, at the end of input", bit(FS_ONLY), VT "a" FS,
          "frame 1+1:; eof 3 between: fs_only*1@2");
    check("FS only, then VT", bit(FS_ONLY), VT "a" FS VT "b" FS VT FS,
          "frame 1+1:; frame 4+1: fs_only*1@2; frame 7+0: fs_only*1@5; "
          "eof 8 between: fs_only*1@7");
    check("FS CR where FS is enough", bit(FS_ONLY), VT "a" END VT "b" END,
          "frame 1+1:; frame 5+1:; eof 8 between:");
    check("FS LF", bit(FS_ONLY) | bit(LF_AFTER_FS), VT "a" FS "\n" VT "b" FS,
          "frame 1+1:; frame 5+1: fs_only*1@2 lf_after_fs*1@3; "
          "eof 7 between: fs_only*1@6");
    check("FS FS CR", bit(FS_ONLY) | bit(DOUBLE_FRAME), VT "a" FS END,
          "frame 1+1:; eof 5 between: fs_only*1@2 double_frame*1@3");
    check("FS CR FS", bit(FS_ONLY) | bit(DOUBLE_FRAME), VT "a" END FS VT,
          "frame 1+1:; eof 6 inside: fs_only*1@4 double_frame*1@4");
    check("FS and junk", bit(FS_ONLY) | bit(JUNK_BETWEEN),
          VT "a" FS "x" VT "b" END,
          "frame 1+1:; frame 5+1: junk_between*1@3 fs_only*1@2; "
          "eof 8 between:");
}


static void
test_vt_in_data(void)
{
    check("VT in data refused", 0, VT "ab" VT "c" END,
          "declined 1+2 vt_in_data: vt_in_data*1@3; eof 1 inside:");
    check("VT in data tolerated", bit(VT_IN_DATA),
          VT "a\nb" VT "c" VT "d" END,
          "fragment 1+3 walk vt_in_data: vt_in_data*1@4; "
          "fragment 5+1 vt_in_data: vt_in_data*1@6; frame 7+1:; "
          "eof 10 between:");
    check("VT VT in data", bit(VT_IN_DATA) | bit(DOUBLE_FRAME),
          VT "a" VT VT "b" END,
          "fragment 1+1 vt_in_data: vt_in_data*1@2; "
          "frame 4+1: double_frame*1@3; eof 7 between:");
    check("a frame without VT, then VT", bit(VT_IN_DATA) | bit(NO_VT),
          "MSH" VT "b" END,
          "fragment 0+3 vt_in_data: no_vt*1@0 vt_in_data*1@3; frame 4+1:; "
          "eof 7 between:");
}


static void
test_junk(void)
{
    check("junk refused", 0, VT "a" END "x" VT "b" END,
          "frame 1+1:; error 4+0 junk_between: junk_between*1@4; "
          "eof 4 between:");
    check("junk is counted by runs", bit(JUNK_BETWEEN),
          "x" VT "a" END "\0\0 MSH" END VT "b" END "\r",
          "frame 2+1: junk_between*1@0; frame 14+1: junk_between*1@5; "
          "eof 18 between: junk_between*1@17");
    check("as much junk as allowed, twice", bit(JUNK_BETWEEN),
          "12345678" VT "a" END "12345678" VT "b" END,
          "frame 9+1: junk_between*1@0; frame 21+1: junk_between*1@12; "
          "eof 24 between:");
    check("too much junk", bit(JUNK_BETWEEN),
          "123456789" VT "a" END,
          "error 8+0 too_much_junk: junk_between*1@0 too_much_junk*1@8; "
          "eof 8 between:");
    check("junk and what follows a refused FS are bounded apart",
          bit(JUNK_BETWEEN), "12345" VT "a" FS "12345" VT "b" END,
          "declined 6+1 fs_in_data: junk_between*1@0 fs_in_data*1@7; "
          "frame 14+1:; eof 17 between:");
    check("junk, then VT VT", bit(JUNK_BETWEEN) | bit(DOUBLE_FRAME),
          "x" VT VT "a" END,
          "frame 3+1: junk_between*1@0 double_frame*1@2; eof 6 between:");
    check_sized("no junk allowed by size", bit(JUNK_BETWEEN), 64, 0, "x",
          "error 0+0 too_much_junk: junk_between*1@0 too_much_junk*1@0; "
          "eof 0 between:");
    check_sized("junk without bound", bit(JUNK_BETWEEN), 64, (size_t) -1,
          "1234567890" VT "a" END,
          "frame 11+1: junk_between*1@0; eof 14 between:");
}


static void
test_start(void)
{
    check("no VT refused", 0, "MSH|",
          "error 0+0 no_vt: no_vt*1@0; eof 0 between:");
    check("no VT refused after a frame", 0, VT "a" END "MSH|",
          "frame 1+1:; error 4+0 no_vt: no_vt*1@4; eof 4 between:");
    check("no VT tolerated", bit(NO_VT),
          "MSH|" END "MSH|2" END VT "b" END,
          "frame 0+4: no_vt*1@0; frame 6+5: no_vt*1@6; frame 14+1:; "
          "eof 17 between:");
    check("no VT behind LF", bit(NO_VT) | bit(LF_AFTER_FS),
          VT "a" END "\nMSH" END,
          "frame 1+1:; frame 5+3: no_vt*1@5 lf_after_fs*1@4; "
          "eof 10 between:");
    check("no MSH in junk", bit(NO_VT) | bit(JUNK_BETWEEN),
          "MSMSH" VT "b" END,
          "frame 6+1: junk_between*1@0; eof 9 between:");
    check("the start of MSH is waited for", 0, "MS", "eof 0 between:");
    check("what is not MSH is junk from its first byte", 0, "MSG",
          "error 0+0 junk_between: junk_between*1@0; eof 0 between:");

    check("TLS", bit(JUNK_BETWEEN), "\x16\x03\x01\x02",
          "error 0+0 tls: tls*1@0; eof 0 between:");
    check("not TLS", 0, "\x16\x02",
          "error 0+0 junk_between: junk_between*1@0; eof 0 between:");
    check("TLS at the start of a connection only", bit(JUNK_BETWEEN),
          VT "a" END "\x16\x03" VT,
          "frame 1+1:; eof 7 inside: junk_between*1@4");

#define HTTP  "error 0+0 http: http*1@0; eof 0 between:"

    check("GET", bit(JUNK_BETWEEN), "GET / HTTP/1.1\r\n", HTTP);
    check("POST", bit(JUNK_BETWEEN), "POST / HTTP/1.1\r\n", HTTP);
    check("PUT", bit(JUNK_BETWEEN), "PUT / HTTP/1.1\r\n", HTTP);
    check("HEAD", bit(JUNK_BETWEEN), "HEAD / HTTP/1.1\r\n", HTTP);
    check("OPTIONS", bit(JUNK_BETWEEN), "OPTIONS * HTTP/1.1\r\n", HTTP);
    check("DELETE", bit(JUNK_BETWEEN), "DELETE / HTTP/1.1\r\n", HTTP);
    check("PATCH", bit(JUNK_BETWEEN), "PATCH / HTTP/1.1\r\n", HTTP);
    check("CONNECT", bit(JUNK_BETWEEN), "CONNECT a:1 HTTP/1.1\r\n", HTTP);
    check("TRACE", bit(JUNK_BETWEEN), "TRACE / HTTP/1.1\r\n", HTTP);
    check("HTTP/2", bit(JUNK_BETWEEN), "PRI * HTTP/2.0\r\n", HTTP);

    check("not HTTP", bit(JUNK_BETWEEN), "GETS" VT "b" END,
          "frame 5+1: junk_between*1@0; eof 8 between:");
    check("the start of a method is waited for", 0, "P", "eof 0 between:");
    check("HTTP at the start of a connection only", bit(JUNK_BETWEEN),
          VT "a" END "GET " VT "b" END,
          "frame 1+1:; frame 9+1: junk_between*1@4; eof 12 between:");
}


static void
test_bounds(void)
{
    check_sized("as large as allowed", 0, 4, 8, VT "abcd" END,
                "frame 1+4:; eof 7 between:");
    check_sized("too large", 0, 4, 8, VT "abcde" END,
                "declined 1+4 too_large: too_large*1@5; eof 1 inside:");
    check_sized("too large at once", 0, 4, 8, VT "abcde",
                "declined 1+4 too_large: too_large*1@5; eof 1 inside:");
    check_sized("not yet too large", 0, 4, 8, VT "abcd", "eof 1 inside:");
    check_sized("a fragment as large as allowed", bit(VT_IN_DATA), 4, 8,
                VT "abcd" VT "a" END,
                "fragment 1+4 vt_in_data: vt_in_data*1@5; frame 6+1:; "
                "eof 9 between:");
    check_sized("FS as data within the bound", bit(FS_IN_DATA), 4, 8,
                VT "abc" FS END,
                "frame 1+4: fs_in_data*1@4; eof 7 between:");
    check_sized("FS as data over the bound", bit(FS_IN_DATA), 4, 8,
                VT "abcd" FS "e",
                "declined 1+4 too_large: fs_in_data*1@5 too_large*1@5; "
                "eof 1 inside:");
    check_sized("FS only at the bound", bit(FS_ONLY), 4, 8, VT "abcd" FS,
                "frame 1+4:; eof 6 between: fs_only*1@5");
    check_sized("LF over the bound is not seen", 0, 4, 8, VT "abcd\n",
                "declined 1+4 too_large: too_large*1@5; eof 1 inside:");
    check_sized("no size at all", 0, 0, 8, VT END VT "a",
                "frame 1+0:; declined 4+0 too_large: too_large*1@4; "
                "eof 4 inside:");
    check_sized("no bound", 0, (size_t) -1, 8, VT "abcde" END,
                "frame 1+5:; eof 8 between:");
}


static void
test_walk(void)
{
    check("CR alone is nothing to walk for", 0,
          VT "MSH\rPID\rSM\rSH\r" END,
          "frame 1+14:; eof 17 between:");
    check("LF", 0, VT "a\nb" END, "frame 1+3 walk:; eof 6 between:");
    check("LF is the first byte", 0, VT "\nb" END,
          "frame 1+2 walk:; eof 5 between:");
    check("CRLF", 0, VT "a\r\nb\r\n" END,
          "frame 1+6 walk:; eof 9 between:");
    check("CR CR", 0, VT "a\r\rb" END,
          "frame 1+4 walk:; eof 7 between:");
    check("CR CR at the start", 0, VT "\r\r" END,
          "frame 1+2 walk:; eof 5 between:");
    check("MSH after CR", 0, VT "a\rMSH" END,
          "frame 1+5 walk:; eof 8 between:");
    check("M after CR may be MSH", 0, VT "a\rMRG\r" END,
          "frame 1+6 walk:; eof 9 between:");
    check("MSH after another byte", 0, VT "aMSH|MSH\r|MSH" END,
          "frame 1+13:; eof 16 between:");
    check("M behind the CR of a trailer", bit(NO_VT),
          VT "a" END "MSH" END,
          "frame 1+1:; frame 4+3: no_vt*1@4; eof 9 between:");
    check("it is of one frame", 0,
          VT "a\n\r\r\rMSH" END VT "MSH\r" END,
          "frame 1+8 walk:; frame 12+4:; eof 18 between:");
}


/*
 * The scan passes over blocks of bytes: what it must see is put in each place
 * of a long frame, behind what changes what it looks for.  feed() compares
 * content and walk of every frame with their definition.
 */

static void
test_places(void)
{
    size_t       i;
    char         name[64];
    ngx_uint_t   n, k, good;

    static const char  *starts[] = { "", "\n", "\r\r", "\rMSH",
                                     "\n\r\r\rMSH" };
    static const char  *parts[] = {
        "\n", "\r\r", "\r\n\r\n", "\n\r\r", "\rMSH", "\nMSH", "\r\nMSH",
        "\rMS", "\rMXH", "MSH", "\rMSH\r\r\n", "\rMSH" VT "\n", VT, FS,
        "\r" FS, END VT
    };

    for (n = 0; n < sizeof(parts) / sizeof(parts[0]); n++) {
        good = 1;

        for (k = 0; k < sizeof(starts) / sizeof(starts[0]); k++) {

            for (i = 0; i < LONG; i++) {
                good &= place(starts[k], parts[n], i);
            }
        }

        sprintf(name, "part %u is found wherever it is", (unsigned) n);
        ok(good, name);
    }
}


/* VT start x... part x... FS CR, whole and split before and in the part */

static ngx_uint_t
place(const char *start, const char *part, size_t at)
{
    char        *whole;
    size_t       i, len, before;
    feed_t       f;
    u_char       data[LONG * 3], cuts[LONG * 3];
    ngx_uint_t   good;

    before = 1 + strlen(start) + at;
    len = before + strlen(part) + LONG;

    memset(data, 'x', len);
    memset(cuts, 0, len);

    data[0] = NGX_MLLP_VT;
    memcpy(data + 1, start, strlen(start));
    memcpy(data + before, part, strlen(part));
    data[len - 2] = NGX_MLLP_FS;
    data[len - 1] = CR;

    f.tolerate = bit(VT_IN_DATA) | bit(FS_IN_DATA) | bit(DOUBLE_FRAME);
    f.max_size = sizeof(data);
    f.max_junk = 0;
    f.data = data;
    f.len = len;
    f.cuts = cuts;

    feed(&f);

    whole = f.text;
    good = (f.text_len != 0 && strstr(whole, "inside") == NULL);

    for (i = 0; i < 4; i++) {
        cuts[before - 1 + i] = 1;
        good &= check_transcript(&f, whole);
        cuts[before - 1 + i] = 0;
    }

    free(whole);

    return good;
}


/* what feed() does not see: the pointers, and that bytes may move */

static void
test_call(void)
{
    u_char                 *pos;
    u_char                  first[] = VT "ab", second[] = "abc" END VT;
    ngx_mllp_frame_t        frame;
    ngx_mllp_reader_t       rd;
    ngx_mllp_deviations_t   deviations;

    memset(&rd, 0, sizeof(ngx_mllp_reader_t));
    memset(&deviations, 0, sizeof(ngx_mllp_deviations_t));

    rd.max_size = 64;
    rd.deviations = &deviations;

    pos = first;

    is_num(ngx_mllp_read_frame(&rd, &pos, first, &frame), NGX_AGAIN,
           "no bytes");
    ok(pos == first && !ngx_mllp_in_frame(&rd), "no bytes, no frame");

    is_num(ngx_mllp_read_frame(&rd, &pos, first + 3, &frame), NGX_AGAIN,
           "a part of a frame");
    ok(pos == first + 1 && rd.offset == 1, "VT is done with");
    is_num(rd.scanned, 2, "the content has been looked at");
    ok(ngx_mllp_in_frame(&rd), "in a frame");

    pos = second;

    is_num(ngx_mllp_read_frame(&rd, &pos, second + 6, &frame), NGX_OK,
           "the whole frame elsewhere");
    ok(frame.start == second && frame.end == second + 3, "its content");
    is_num(frame.offset, 1, "its offset");
    ok(pos == second + 5 && rd.offset == 6, "the trailer is done with");
    ok(!ngx_mllp_in_frame(&rd), "between frames");
    is_num(ngx_mllp_read_eof(&rd), NGX_OK, "an end between frames");

    is_num(ngx_mllp_read_frame(&rd, &pos, second + 6, &frame), NGX_AGAIN,
           "VT alone");
    ok(ngx_mllp_in_frame(&rd), "in a frame behind VT");
    is_num(ngx_mllp_read_eof(&rd), NGX_DECLINED, "an end in a frame");
}


static void
test_names(void)
{
    u_char       buf[NGX_MLLP_DEVIATIONS_LEN];
    ngx_str_t    s, *name;
    ngx_uint_t   kind, good;

    good = 1;

    for (kind = 0; kind < NGX_MLLP_DEVIATIONS; kind++) {
        name = &ngx_mllp_deviation_names[kind];
        good &= (name->len > 0
                 && ngx_mllp_deviation_kind(name) == (ngx_int_t) kind);
    }

    ok(good, "each name is found");

    ngx_str_set(&s, "lf_after");
    is_num(ngx_mllp_deviation_kind(&s), NGX_ERROR, "a part of a name");
    ngx_str_set(&s, "lf_after_fs2");
    is_num(ngx_mllp_deviation_kind(&s), NGX_ERROR, "more than a name");
    ngx_str_set(&s, "");
    is_num(ngx_mllp_deviation_kind(&s), NGX_ERROR, "no name");
    ngx_str_set(&s, "http");
    is_num(ngx_mllp_deviation_kind(&s), NGX_MLLP_HTTP, "the last name");

    s.data = buf;

    s.len = ngx_mllp_deviations_write(buf, 0) - buf;
    is_str(s, "", "no deviation");
    s.len = ngx_mllp_deviations_write(buf, bit(JUNK_BETWEEN)) - buf;
    is_str(s, "junk_between", "one deviation");
    s.len = ngx_mllp_deviations_write(buf, bit(HTTP) | bit(BOM) | bit(NO_VT))
            - buf;
    is_str(s, "no_vt,bom,http", "several deviations");
    s.len = ngx_mllp_deviations_write(buf, bit(DEVIATIONS) - 1) - buf;
    ok(s.len < sizeof(buf), "all of them have room");
    is_num(memcmp(buf + s.len - 9, ",tls,http", 9), 0, "to the last one");
}
