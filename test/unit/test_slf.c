// Lattice files: HTK's and Kaldi's formats in their variants, there and back, and damaged.
#include "testing.h"

#include "scratch.h"

#include "lattice/reader.h"
#include "lattice/result.h"

static const double ln10 = 2.302585092994046;

static struct lattice_reading reading;

static enum lattice_result read_first(const char *text, struct lattice *lattice,
                                      struct error *error)
{
    write_file("lattice", text, strlen(text));
    struct lattice_reader *reader = lattice_reader_open("lattice", &reading, error);
    enum lattice_result result =
        reader != NULL ? lattice_read(reader, lattice, error) : LATTICE_FAILED;
    if (result == LATTICE_READ)
        lattice->file = "lattice"; // the reader's name goes with it
    lattice_reader_close(reader);
    return result;
}

static void accept(const char *text, struct lattice *lattice)
{
    struct error error;
    if (read_first(text, lattice, &error) != LATTICE_READ)
        fail_msg("%s", error.text);
}

static void refuse(const char *text, const char *message)
{
    struct lattice lattice;
    struct error error = {""};
    assert_int_equal(read_first(text, &lattice, &error), LATTICE_FAILED);
    assert_contains(error.text, message);
}

static const struct lattice_link *find_link(const struct lattice *lattice, const char *word)
{
    for (size_t i = 0; i < lattice->links; i++)
        if (lattice_word(lattice, &lattice->link[i]) != NULL &&
            strcmp(lattice_word(lattice, &lattice->link[i]), word) == 0)
            return &lattice->link[i];
    fail_msg("no link has the word %s", word);
    return NULL;
}

static void write_lattice(const struct lattice *lattice, enum lattice_format format,
                          const struct symbols *symbols, const char *path)
{
    struct error error;
    const struct lattice_result_form form = {
        .writing = WRITE_LATTICE, .format = format, .quotes = reading.quotes, .symbols = symbols};
    struct output *output = output_open(path, &error);
    assert_non_null(output);
    assert_true(lattice_result_write(lattice, &form, output, &error));
    assert_true(output_commit(output, &error));
}

// ---- SLF --------------------------------------------------------------------------------------

#define TAIL "J=0 S=0 E=1 W=a a=-2 l=-1\nJ=1 S=1 E=2 W=</s> a=0 l=-4\n"
#define NODES "I=0\nI=1 t=0.25\nI=2 t=0.5\n"

static void test_slf_header(void **state)
{
    (void)state;
    struct lattice lattice;
    accept("# comment\nVERSION=1.0\nUTTERANCE=some/where/utt.mfc\nacscale=0.5 lmscale=12\n"
           "wdpenalty=-2 prscale=3 base=10\nN=3 L=2\n" NODES TAIL,
           &lattice);
    assert_string_equal(lattice.id, "utt.mfc");
    assert_near(lattice.scales.acoustic, 0.5, 0);
    assert_near(lattice.scales.lm, 12, 0);
    assert_near(lattice.scales.pronunciation, 3, 0);
    assert_near(lattice.scales.word_penalty, -2, 1e-12);
    assert_near(find_link(&lattice, "a")->acoustic, -2, 1e-12);
    assert_near(lattice.node[1].time, 0.25, 0);
    lattice_free(&lattice);
    accept("wdpenalty=-2\n" NODES TAIL, &lattice); // natural logarithms, no promises
    assert_string_equal(lattice.id, "lattice");
    assert_near(lattice.scales.word_penalty, -2 / ln10, 1e-12);
    assert_near(find_link(&lattice, "a")->acoustic, -2 / ln10, 1e-12);
    assert_int_equal(find_link(&lattice, "</s>")->kind, LINK_END);
    lattice_free(&lattice);
    accept("base=1.0003\n" NODES TAIL, &lattice); // SRILM's and Sphinx's integer logarithms
    assert_near(find_link(&lattice, "a")->acoustic, -2 * log10(1.0003), 1e-12);
    lattice_free(&lattice);
    accept("base=0\n" NODES "J=0 S=0 E=1 W=a a=0.01 l=1\nJ=1 S=1 E=2 W=b a=0 l=0.1\n", &lattice);
    assert_near(find_link(&lattice, "a")->acoustic, -2, 1e-12);
    assert_near(find_link(&lattice, "b")->acoustic, LATTICE_ZERO, 0);
    lattice_free(&lattice);
}

static void test_slf_words_on_nodes(void **state)
{
    (void)state;
    struct lattice lattice;
    accept("base=10 NODES=4 LINKS=4 start=3 end=0\nI=3 W=!SENT_START\nI=2 WORD=the v=2 l=-1\n"
           "I=1 W=cat a=-5\nI=0 W=!NULL\nJ=0 START=3 END=2 acoustic=-1\nJ=1 S=3 E=1 a=-2 l=-1\n"
           "J=2 S=2 E=1 a=-3 l=-2\nJ=3 S=1 E=0 p=0.5\n",
           &lattice);
    assert_int_equal(lattice.nodes, 4);
    const struct lattice_link *the = find_link(&lattice, "the");
    assert_near(the->lm, -1, 1e-12);
    assert_near(the->acoustic, -1, 1e-12);
    assert_string_equal(lattice.notes + the->note, "v=2");
    for (size_t i = 0, cats = 0; i < lattice.links; i++) {
        const struct lattice_link *link = &lattice.link[i];
        bool cat = lattice_word(&lattice, link) != NULL &&
                   strcmp(lattice_word(&lattice, link), "cat") == 0;
        cats += cat;
        if (cat)
            assert_near(link->acoustic, link->lm == -1 ? -7 : -8, 1e-12);
        if (i + 1 == lattice.links)
            assert_int_equal(cats, 2);
    }
    lattice_free(&lattice);
    // A word on the first node is no link's end: it gets a link of its own.
    accept("I=0 W=one\nI=1 W=two\nJ=0 S=0 E=1 a=-1\n", &lattice);
    assert_int_equal(lattice.links, 2);
    assert_string_equal(lattice_word(&lattice, &lattice.link[0]), "one");
    assert_string_equal(lattice_word(&lattice, &lattice.link[1]), "two");
    lattice_free(&lattice);
}

static void test_slf_kinds(void **state)
{
    (void)state;
    static const struct {
        const char *word;
        enum link_kind kind;
    } kinds[] = {{"!NULL", LINK_NULL},        {"<eps>", LINK_NULL},    {"<s>", LINK_START},
                 {"!SENT_START", LINK_START}, {"!SENT_END", LINK_END}, {"</s>", LINK_END},
                 {"null", LINK_WORD},         {"<unk>", LINK_WORD},    {"'n'", LINK_WORD},
                 {"\xc3\xa4", LINK_WORD},     {"\xe4", LINK_WORD},     {"a=b", LINK_WORD}};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        struct lattice lattice;
        char text[200];
        snprintf(text, sizeof text, "I=0\nI=1\nJ=0 S=0 E=1 W=%s\n", kinds[i].word);
        accept(text, &lattice);
        assert_int_equal(lattice.link[0].kind, kinds[i].kind);
        const char *word = lattice_word(&lattice, &lattice.link[0]);
        if (kinds[i].kind == LINK_NULL)
            assert_null(word);
        else
            assert_string_equal(word, kinds[i].word);
        lattice_free(&lattice);
    }
}

static void test_slf_quotes(void **state)
{
    (void)state;
    struct lattice lattice;
    reading.quotes = true;
    accept("I=0\nI=1\nI=2\nI=3\nI=4\nJ=0 S=0 E=1 W=\\'em\nJ=1 S=1 E=2 W=\"a \\\"b\"\n"
           "J=2 S=2 E=3 W=\\303\\244x\nJ=3 S=3 E=4 W='q' v=1\n",
           &lattice);
    static const char *const words[] = {"'em", "a \"b", "\xc3\xa4x", "q"};
    for (size_t i = 0; i < 4; i++)
        assert_string_equal(lattice_word(&lattice, &lattice.link[i]), words[i]);
    write_lattice(&lattice, LATTICE_SLF, NULL, "out");
    lattice_free(&lattice);
    size_t size;
    char *text = read_whole("out", false, &size);
    accept(text, &lattice);
    for (size_t i = 0; i < 4; i++)
        assert_string_equal(lattice_word(&lattice, &lattice.link[i]), words[i]);
    free(text);
    lattice_free(&lattice);
    reading.quotes = false;
}

static void test_slf_round_trip(void **state)
{
    (void)state;
    static const char text[] =
        "VERSION=1.1\nUTTERANCE=u\nbase=10\nacscale=1\nlmscale=2.5\nwdpenalty=-0.5\nprscale=2\n"
        "start=0\nend=2\nN=3\tL=3\nI=0\tt=0\nI=1\tt=0.25\nI=2\tt=1.5\n"
        "J=0\tS=0\tE=1\tW=a\tv=1\td=:x,0.2:\ta=-2.125\tl=-1\tr=-0.5\n"
        "J=1\tS=0\tE=2\tW=\xe4\ta=-1e10\tl=-3\tr=0\nJ=2\tS=1\tE=2\tW=!NULL\ta=0\tl=-4\tr=0\n";
    struct lattice lattice;
    accept(text, &lattice);
    write_lattice(&lattice, LATTICE_SLF, NULL, "out");
    assert_file_holds("out", text);
    lattice_free(&lattice);
}

#define LINE(n) "lattice: line " #n ": "

static void test_bad_slf(void **state)
{
    (void)state;
    refuse("", "lattice: line 1: the file is empty");
    refuse("N=3 L=2\n" NODES "J=0 S=0 E=1 W=a a=0\nJ=1 S=1 E=7 W=b a=0\n",
           LINE(6) "found \"E=7\", wanted a node that is in the lattice");
    refuse("N=4 L=2\n" NODES TAIL, LINE(6) "found 3 nodes by the end of the file, wanted 4");
    refuse("N=3 L=9\n" NODES TAIL, LINE(6) "found 2 links by the end of the file, wanted 9");
    refuse(NODES "J=0 S=0 E=1 W=a a=nan\n", LINE(4) "found \"a=nan\", wanted a score");
    refuse(NODES "J=0 S=0 E=1 W=a a=inf\n", LINE(4) "found \"a=inf\", wanted a score");
    refuse(NODES "J=0 S=0 E=1 W=a a=1e300\n", LINE(4) "found \"a=1e300\", wanted a score");
    refuse(NODES "J=0 S=0 E=1 W=a l=\n", LINE(4) "found \"l=\", wanted a score");
    refuse(NODES "J=0 S=0 E=1 W=a l=-1x\n", LINE(4) "found \"l=-1x\", wanted a score");
    refuse("base=0\n" NODES "J=0 S=0 E=1 W=a a=-1\n", LINE(5) "found \"a=-1\", wanted a score");
    refuse(NODES "J=0 S=0 E=1 W=a a=-1\nJ=1 S=1 E=2 W=b\n",
           LINE(5) "the link of \"b\" has no acoustic score");
    refuse(NODES "J=0 S=0 E=1 W=a l=-1\nJ=1 S=1 E=2 W=b a=-1\n",
           LINE(4) "the link of \"a\" has no acoustic score");
    refuse(NODES "J=0 S=0 E=1 W=\n", LINE(4) "found \"W=\", wanted a word");
    refuse(NODES "J=0 S=0 W=a\n", LINE(4) "found \"J=0 S=0 W=a\", wanted J=... S=NODE");
    refuse(NODES "J=0 S=0 E=1 a b\n", LINE(4) "found \"a b\", wanted KEY=VALUE");
    refuse(NODES "I=1\n" TAIL, LINE(4) "found \"I=1\", wanted another number");
    refuse("base=1\n" NODES TAIL, LINE(1) "found \"base=1\", wanted a base");
    refuse("base=-2\n" NODES TAIL, LINE(1) "found \"base=-2\", wanted a base");
    refuse(NODES "base=10\n" TAIL, LINE(4) "found \"base=10\", wanted a base of logarithms");
    refuse("lmscale=x\n" NODES TAIL, LINE(1) "found \"lmscale=x\", wanted a number");
    refuse("N=-1\n" NODES TAIL, LINE(1) "found \"N=-1\"");
    refuse("start=9\n" NODES TAIL, "found start=9, wanted a node");
    refuse("I=0 L=sub\n", LINE(1) "found \"L=sub\", wanted a lattice without sublattices");
    refuse("SUBLAT=x\n", LINE(1) "found \"SUBLAT=x\", wanted a lattice without sublattices");
    refuse(NODES TAIL "N=3\n", LINE(6) "found \"N=3\", wanted a link");
    refuse(NODES "J=0 S=0 E=1 W=a\nJ=1 S=1 E=0 W=b\nJ=2 S=1 E=2 W=c\n", "closes a cycle");
    refuse("I=0\nI=1\nI=2\nJ=0 S=0 E=1 W=a\nJ=1 S=2 E=1 W=b\n", LINE(3));
    refuse("N=0 L=0\n", "0 nodes and 0 links");
    refuse("I=18446744073709551615\n", LINE(1));
}

static void test_zero_byte(void **state)
{
    (void)state;
    static const char text[] = "I=0\nI=1\nJ=0 S=0 E=1 W=a\0b\n";
    struct error error;
    write_file("lattice", text, sizeof text - 1);
    assert_null(lattice_reader_open("lattice", &reading, &error));
    assert_contains(error.text, LINE(3) "found a zero byte");
}

static void test_cut_gzip(void **state)
{
    (void)state;
    enum { SIZE = 20000 };
    struct lattice lattice;
    struct error error;
    char *text = malloc(SIZE + 100), *gzip;
    size_t used = (size_t)sprintf(text, NODES), size;
    struct random random;
    random_seed(&random, 1);
    while (used < SIZE)
        used += (size_t)sprintf(text + used, "J=0 S=0 E=1 W=w%d a=-%d\n", random_next(&random),
                                random_next(&random) % 1000);
    write_gzip("whole.gz", text, used);
    gzip = read_whole("whole.gz", false, &size);
    write_file("cut.gz", gzip, size / 2);
    struct lattice_reader *reader = lattice_reader_open("cut.gz", &reading, &error);
    assert_non_null(reader);
    assert_int_equal(lattice_read(reader, &lattice, &error), LATTICE_FAILED);
    assert_contains(error.text, "cut.gz: line ");
    assert_contains(error.text, "cut short");
    lattice_reader_close(reader);
    free(gzip);
    free(text);
}

// ---- Kaldi ------------------------------------------------------------------------------------

static const char kaldi[] = "utt-1 \n0 1 the 1.5,-20,1_2_3\n0 2 cat 2,30,\n1 2 cat 0.25,0,4_4\n"
                            "2 0.5,1,9\n1 0,0,\n\nutt-2 \n0 1 a 1,2,\n1\n\n";

static void test_kaldi(void **state)
{
    (void)state;
    struct lattice lattice;
    struct error error;
    write_file("lattice", kaldi, strlen(kaldi));
    struct lattice_reader *reader = lattice_reader_open("lattice", &reading, &error);
    assert_int_equal(lattice_read(reader, &lattice, &error), LATTICE_READ);
    assert_string_equal(lattice.id, "utt-1");
    assert_int_equal(lattice.format, LATTICE_KALDI);
    assert_int_equal(lattice.nodes, 4);
    assert_int_equal(lattice.links, 5);
    const struct lattice_link *the = find_link(&lattice, "the");
    assert_near(the->lm, -1.5 / ln10, 1e-12);
    assert_near(the->acoustic, 20 / ln10, 1e-12);
    assert_string_equal(lattice.notes + the->note, "1_2_3");
    write_lattice(&lattice, LATTICE_KALDI, NULL, "out");
    assert_file_holds("out", "utt-1 \n0 1 the 1.5,-20,1_2_3\n0 2 cat 2,30,\n1 2 cat 0.25,0,4_4\n"
                             "1 0,0,\n2 0.5,1,9\n\n");
    lattice_free(&lattice);
    assert_int_equal(lattice_read(reader, &lattice, &error), LATTICE_READ);
    assert_string_equal(lattice.id, "utt-2");
    lattice_free(&lattice);
    assert_int_equal(lattice_read(reader, &lattice, &error), LATTICE_NO_MORE);
    lattice_reader_close(reader);
}

static void test_kaldi_numbers(void **state)
{
    (void)state;
    static const char words[] = "<eps> 0\nthe 1\ncat 2\n</s> 3\n";
    struct symbols symbols;
    struct lattice lattice;
    struct error error;
    write_file("words", words, strlen(words));
    assert_true(symbols_read(&symbols, "words", &error));
    reading.symbols = &symbols;
    static const char text[] = "u \n0 1 1 1,2,\n1 2 0 1,2,\n2 3 2 1,2,\n3 0,0,\n\n";
    accept(text, &lattice);
    assert_int_equal(lattice.link[1].kind, LINK_NULL);
    assert_string_equal(lattice_word(&lattice, &lattice.link[2]), "cat");
    write_lattice(&lattice, LATTICE_KALDI, &symbols, "out");
    assert_file_holds("out", text);
    lattice_free(&lattice);
    refuse("u \n0 1 7 1,2,\n1 0,0,\n", LINE(2) "found \"7\", wanted the number of a word");
    refuse("u \n0 1 the 1,2,\n1 0,0,\n", LINE(2) "found \"the\", wanted the number of a word");
    reading.symbols = NULL;
    symbols_free(&symbols);
    static const char *const bad[] = {"a 1\na 2\n", "a 1\nb 1\n", "a\n",
                                      "a x\n",      "a 1 2\n",    "</s> 1\n</s> 2\n"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        write_file("words", bad[i], strlen(bad[i]));
        assert_false(symbols_read(&symbols, "words", &error));
        assert_contains(error.text, "words: line ");
        symbols_free(&symbols);
    }
}

// Alignments as times.
static void test_kaldi_frames(void **state)
{
    (void)state;
    struct lattice lattice;
    reading.frame_shift = 0.03;
    accept("u \n0 1 a 1,2,7_7_8\n1 2 b 1,2,\n0 2 b 1,2,5_5_5\n2 0,0,9\n\n", &lattice);
    assert_near(lattice.node[0].time, 0, 0);
    assert_near(lattice.node[1].time, 0.09, 1e-12);
    assert_near(lattice.node[2].time, 0.09, 1e-12);
    assert_near(lattice.node[3].time, 0.12, 1e-12);
    lattice_free(&lattice);
    refuse("u \n0 1 a 1,2,7_7\n1 2 b 1,2,\n0 2 b 1,2,5\n2\n",
           "line 3: u: found 2 frames on the way to node 2, wanted 1 as on another way");
    refuse("u \n0 1 a 1,2,\n1\n", "u: found no alignments");
    accept("base=10\n" NODES TAIL, &lattice); // has times of its own
    assert_near(lattice.node[1].time, 0.25, 0);
    lattice_free(&lattice);
    reading.frame_shift = 0;
}

// An SLF lattice as Kaldi's and back: costs stay, and the end is a state of its own where words
// lead there.
static void test_other_format(void **state)
{
    (void)state;
    struct lattice lattice;
    accept("UTTERANCE=u\nI=0\nI=1\nI=2\nJ=0 S=0 E=1 W=a v=3 a=-2 l=-1\nJ=1 S=1 E=2 W=b a=-1 l=-4\n",
           &lattice);
    write_lattice(&lattice, LATTICE_KALDI, NULL, "out");
    assert_file_holds("out", "u \n0 1 a 1,2,\n1 2 b 4,1,\n2 0,0,\n\n");
    lattice_free(&lattice);
}

static void test_bad_kaldi(void **state)
{
    (void)state;
    refuse("u \n0 1 a nan,1,\n1\n", LINE(2) "found \"nan,1,\", wanted a weight");
    refuse("u \n0 1 a 1,inf,\n1\n", LINE(2) "found \"1,inf,\", wanted a weight");
    refuse("u \n0 1 a 1,2,\n0 1 a 1\n1\n", LINE(3) "found \"1\", wanted a weight");
    refuse("u \n0 1 a 1,,\n1\n", LINE(2) "found \"1,,\", wanted a weight");
    refuse("u \n0 1 a 1,2,\n0 1 a a 1,2\n1\n", LINE(3) "found \"1,2\", wanted the arc's end");
    refuse("u \n0 -1 a 1,2,\n1\n", LINE(2) "found \"-1\", wanted the number of a state");
    refuse("u \n0 99999999999999999999999 a 1,2,\n1\n",
           LINE(2) "found \"99999999999999999999999\", wanted the number");
    refuse("u \n0 1 a 1,2,\n\n", "ends without a final state");
    refuse("u \n", "ends without a final state");
    refuse("u v \n0 1 a 1,2,\n1\n", LINE(1) "found \"u\", wanted a line with only");
    refuse("u \n0 1 a 1,2,\n1 0 a 1,2,\n1\n", "closes a cycle");
    refuse("u \n0 1 a 1,2,\n5 1 b 1,2,\n1\n", LINE(3) "u: node 5 is unreachable");
    refuse("u \n0 1 a 1,2,\n0 4 b 1,2,\n1\n", LINE(3) "u: node 4 is a dead end");
}

// The lattices behind a bad one are read.
static void test_going_on(void **state)
{
    (void)state;
    static const char text[] = "u1 \n0 1 a 1,x,\n1 2 b 1,2,\n2\n\nu2 v\n0 1 a 1,2,\n1\n\n"
                               "u3 \n0 1 a 1,2,\n\nu4 \n0 1 a 1,2,\n1 0 a 1,2,\n1\n\n"
                               "u5 \n0 1 good 1,2,\n1\n";
    struct lattice lattice;
    struct error error;
    write_file("lattice", text, strlen(text));
    struct lattice_reader *reader = lattice_reader_open("lattice", &reading, &error);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(lattice_read(reader, &lattice, &error), LATTICE_FAILED);
    assert_int_equal(lattice_read(reader, &lattice, &error), LATTICE_READ);
    assert_string_equal(lattice.id, "u5");
    lattice_free(&lattice);
    assert_int_equal(lattice_read(reader, &lattice, &error), LATTICE_NO_MORE);
    lattice_reader_close(reader);
}

// Whichever allocation fails, there is an error and no leak.
static void test_no_memory(void **state)
{
    (void)state;
    static const char *const texts[] = {"UTTERANCE=u\n" NODES TAIL, kaldi};
    for (size_t i = 0; i < 2; i++) {
        write_file("lattice", texts[i], strlen(texts[i]));
        enum lattice_result result = LATTICE_FAILED;
        for (int64_t left = 0; result != LATTICE_READ; left++) {
            struct lattice lattice;
            memory_fail_after(left);
            struct lattice_reader *reader = lattice_reader_open("lattice", &reading, NULL);
            result = reader != NULL ? lattice_read(reader, &lattice, NULL) : LATTICE_FAILED;
            memory_fail_after(-1);
            assert_int_not_equal(result, LATTICE_NO_MORE);
            if (result == LATTICE_READ)
                lattice_free(&lattice);
            lattice_reader_close(reader);
            assert_true(left < 1000);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_slf_header),     cmocka_unit_test(test_slf_words_on_nodes),
        cmocka_unit_test(test_slf_kinds),      cmocka_unit_test(test_slf_quotes),
        cmocka_unit_test(test_slf_round_trip), cmocka_unit_test(test_bad_slf),
        cmocka_unit_test(test_zero_byte),      cmocka_unit_test(test_cut_gzip),
        cmocka_unit_test(test_kaldi),          cmocka_unit_test(test_kaldi_numbers),
        cmocka_unit_test(test_kaldi_frames),   cmocka_unit_test(test_other_format),
        cmocka_unit_test(test_bad_kaldi),      cmocka_unit_test(test_going_on),
        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, scratch_enter, scratch_leave);
}
