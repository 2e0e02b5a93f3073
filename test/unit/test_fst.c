// OpenFst's text form: transducers and acceptors, with names and without, there and back, and
// damaged.
#include "testing.h"

#include "scratch.h"

#include "lattice/paths.h"
#include "lattice/reader.h"
#include "lattice/result.h"

static const double ln10 = 2.302585092994046;

static struct lattice_reading reading;

static enum lattice_result read_first(const char *path, struct lattice *lattice,
                                      struct error *error)
{
    struct lattice_reader *reader = lattice_reader_open(path, &reading, error);
    enum lattice_result result =
        reader != NULL ? lattice_read(reader, lattice, error) : LATTICE_FAILED;
    if (result == LATTICE_READ)
        lattice->file = "lattice"; // the reader's name goes with it
    lattice_reader_close(reader);
    return result;
}

static void accept(const char *text, enum lattice_format format, struct lattice *lattice)
{
    struct error error;
    write_file("lattice", text, strlen(text));
    if (read_first("lattice", lattice, &error) != LATTICE_READ)
        fail_msg("%s", error.text);
    assert_int_equal(lattice->format, format);
}

static void refuse(const char *text, const char *message)
{
    struct lattice lattice;
    struct error error = {""};
    write_file("lattice", text, strlen(text));
    assert_int_equal(read_first("lattice", &lattice, &error), LATTICE_FAILED);
    assert_contains(error.text, message);
}

static void write_lattice(const struct lattice *lattice, enum lattice_format format,
                          const struct symbols *symbols)
{
    struct error error;
    const struct lattice_result_form form = {
        .writing = WRITE_LATTICE, .format = format, .symbols = symbols, .named = !lattice->bare};
    struct output *output = output_open("out", &error);
    assert_non_null(output);
    if (!lattice_result_write(lattice, &form, output, &error))
        fail_msg("%s", error.text);
    assert_true(output_commit(output, &error));
}

static void assert_word(const struct lattice *lattice, size_t link, const char *word, double cost)
{
    assert_true(link < lattice->links);
    const char *found = lattice_word(lattice, &lattice->link[link]);
    if (word == NULL)
        assert_null(found);
    else
        assert_string_equal(found, word);
    assert_int_equal(lattice->link[link].kind, word != NULL ? LINK_WORD : LINK_NULL);
    assert_near(lattice->link[link].acoustic, -cost / ln10, 1e-12);
    assert_near(lattice->link[link].lm, 0, 0);
}

// ---- reading ----------------------------------------------------------------------------------

static void test_transducer(void **state)
{
    (void)state;
    static const char text[] = "0 1 7 a 1.5\n0 1 <eps> b 0\n1 2 c <eps> 0.25\n1\n2 0.5\n";
    struct lattice lattice;
    accept("0\t1 7 a\t1.5\n0 1 <eps> b\n1 2 c <eps> 0.25\n1\n2 0.5\n", LATTICE_FST, &lattice);
    assert_string_equal(lattice.id, "lattice");
    assert_true(lattice.bare);
    assert_int_equal(lattice.nodes, 4);
    assert_int_equal(lattice.links, 5);
    assert_word(&lattice, 0, "a", 1.5);
    assert_word(&lattice, 1, "b", 0);
    assert_word(&lattice, 2, NULL, 0.25);
    assert_word(&lattice, 3, NULL, 0);
    assert_word(&lattice, 4, NULL, 0.5);
    write_lattice(&lattice, LATTICE_FST, NULL);
    assert_file_holds("out", text);
    lattice_free(&lattice);
}

// What lines of four fields are.
static void test_four_fields(void **state)
{
    (void)state;
    static const struct {
        const char *text, *word;
        enum lattice_format format;
        double cost;
    } cases[] = {
        {"0 1 a b\n1\n", "b", LATTICE_FST, 0},
        {"0 1 5 6\n1\n", "6", LATTICE_FST, 0},
        {"0 1 5 6.5\n1\n", "5", LATTICE_FSA, 6.5},
        {"0 1 5 -6\n1\n", "5", LATTICE_FSA, -6},
        {"0 1 5 1e2\n1\n", "5", LATTICE_FSA, 100},
        {"0 1 a 6\n1\n", "a", LATTICE_FSA, 6},
        {"0 1 5 6\n1 2 7\n2\n", "5", LATTICE_FSA, 6},
        {"0 1 5 6\n1 2 7 8 1\n2\n", "6", LATTICE_FST, 0},
        {"0 1 a 6\n1 2 b c\n2\n", "6", LATTICE_FST, 0},
        {"0 1 a\n1\n", "a", LATTICE_FSA, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct lattice lattice;
        accept(cases[i].text, cases[i].format, &lattice);
        assert_word(&lattice, 0, cases[i].word, cases[i].cost);
        lattice_free(&lattice);
    }
}

// Archives as Kaldi has them, of any form, an utterance at a time.
static void test_named(void **state)
{
    (void)state;
    static const char text[] = "u1 \n0 1 a a 1\n1\n\nu2 \n0 1 b 1,2,3_4\n1 0.5,1,\n\n"
                               "u3 \n0 1 <eps>\n1\n\nu4 \n0 1 5 c 0.5,1\n1 0,2\n\n"
                               "u5\n\n\nu6 \n0 1 c 0.5\n1";
    static const enum lattice_format formats[] = {LATTICE_FST, LATTICE_KALDI, LATTICE_KALDI,
                                                  LATTICE_FST, LATTICE_FSA,   LATTICE_FSA};
    struct lattice lattice;
    struct error error;
    write_file("lattice", text, strlen(text));
    struct lattice_reader *reader = lattice_reader_open("lattice", &reading, &error);
    assert_non_null(reader);
    for (size_t i = 0; i < 6; i++) {
        char id[] = {'u', (char)('1' + i), '\0'};
        if (i == 4) { // u5 has nothing
            assert_int_equal(lattice_read(reader, &lattice, &error), LATTICE_FAILED);
            assert_contains(error.text, "u5 ends without a final state");
            continue;
        }
        if (lattice_read(reader, &lattice, &error) != LATTICE_READ)
            fail_msg("%s", error.text);
        assert_string_equal(lattice.id, id);
        assert_int_equal(lattice.format, formats[i]);
        assert_false(lattice.bare);
        if (i == 3) { // graph and acoustic cost
            assert_near(lattice.link[0].lm, -0.5 / ln10, 1e-12);
            assert_near(lattice.link[0].acoustic, -1 / ln10, 1e-12);
            assert_near(lattice.link[1].acoustic, -2 / ln10, 1e-12);
        }
        lattice_free(&lattice);
    }
    assert_int_equal(lattice_read(reader, &lattice, &error), LATTICE_NO_MORE);
    lattice_reader_close(reader);
}

// Costs of the language model's, a compact lattice without a name, a word for no word.
static void test_choices(void **state)
{
    (void)state;
    struct lattice lattice;
    reading.cost_as_lm = true;
    accept("0 1 a 1.5\n1 0.5\n", LATTICE_FSA, &lattice);
    assert_near(lattice.link[0].lm, -1.5 / ln10, 1e-12);
    assert_near(lattice.link[1].lm, -0.5 / ln10, 1e-12);
    assert_near(lattice.link[0].acoustic, 0, 0);
    lattice_free(&lattice);
    reading.cost_as_lm = false;
    accept("0 1 a 1.5,2,3\n1\n", LATTICE_KALDI, &lattice);
    lattice_free(&lattice);
    accept("0 1 a\n1 2 <epsilon> Infinity\n2\n", LATTICE_FSA, &lattice);
    assert_int_equal(lattice.link[1].kind, LINK_NULL);
    assert_near(lattice.link[1].acoustic, LATTICE_ZERO, 0);
    write_lattice(&lattice, LATTICE_FSA, NULL);
    assert_file_holds("out", "0 1 a 0.0\n1 2 <eps> Infinity\n2\n");
    lattice_free(&lattice);
    accept("0 1 5 6.0\n1 2 7 8.0\n2\n", LATTICE_FSA, &lattice);
    write_lattice(&lattice, LATTICE_FSA, NULL); // costs still look like costs
    assert_file_holds("out", "0 1 5 6.0\n1 2 7 8.0\n2\n");
    lattice_free(&lattice);
    accept("0 0.5\n", LATTICE_FST, &lattice); // of no words
    assert_word(&lattice, 0, NULL, 0.5);
    lattice_free(&lattice);
}

static void test_numbers(void **state)
{
    (void)state;
    static const char words[] = "<none> 0\nthe 1\ncat 2\n</s> 3\n";
    static const char text[] = "0 1 9 1 0.5\n1 2 9 0 1\n2 3 2 2 0\n3\n";
    struct symbols symbols;
    struct lattice lattice;
    write_file("words", words, strlen(words));
    assert_true(symbols_read(&symbols, "words", NULL));
    reading.symbols = &symbols;
    accept(text, LATTICE_FST, &lattice);
    assert_word(&lattice, 0, "the", 0.5);
    assert_word(&lattice, 1, NULL, 1);
    assert_word(&lattice, 2, "cat", 0);
    write_lattice(&lattice, LATTICE_FST, &symbols);
    assert_file_holds("out", text);
    lattice_free(&lattice);
    refuse("0 1 1 1\n0 1 7 7\n1\n", "lattice: line 2: found \"7\", wanted the number of a word");
    refuse("0 1 the 0.5\n1\n", "lattice: line 1: found \"the\", wanted the number of a word");
    reading.symbols = NULL;
    symbols_free(&symbols);
    // without a table
    accept(text, LATTICE_FST, &lattice);
    assert_word(&lattice, 0, "1", 0.5);
    assert_word(&lattice, 1, NULL, 1);
    write_lattice(&lattice, LATTICE_FST, NULL);
    assert_file_holds("out", text);
    write_lattice(&lattice, LATTICE_FSA, NULL);
    assert_file_holds("out", "0 1 1 0.5\n1 2 0 1.0\n2 3 2 0.0\n3\n");
    lattice_free(&lattice);
}

static void test_bad_fst(void **state)
{
    (void)state;
    refuse("0 1 a b 1 2\n1\n", "lattice: line 1: found \"2\", wanted the arc's end");
    refuse("0 1 a b x\n1\n", "lattice: line 1: found \"x\", wanted a cost");
    refuse("0 1 a b nan\n1\n", "lattice: line 1: found \"nan\", wanted a cost");
    refuse("0 1 a b 1e11\n1\n", "lattice: line 1: found \"1e11\", wanted a cost");
    refuse("0 1 a b 1\n1 inf\n", "lattice: line 2: found \"inf\", wanted a cost");
    refuse("0 1 a b 1\n1 2 c x\n2 3 c\n3\n", "lattice: line 3: found \"c\", wanted two labels");
    refuse("0 1 a\n1 2 b x\n2\n", "lattice: line 2: found \"x\", wanted a cost");
    refuse("0 1 5 0.5\n1 2 -1 0.5\n2\n", "lattice: line 2: found \"-1\", wanted a label: k2");
    refuse("0 1 a 0.5\n0 x b 0.5\n1\n", "lattice: line 2: found \"x\", wanted the number");
    refuse("0 1 a b 1\n1 0 a b 1\n1\n", "closes a cycle");
    refuse("0 1 a b 1\n", "lattice: line 1: lattice ends without a final state");
    refuse("0 1 a b 1\n1\n\n0 1 a b 1\n1\n", "lattice: line 4: found \"0\", wanted the end");
    refuse("0 1 a b 1\n2 3 a b 1\n1\n3\n", "lattice: line 2: lattice: node 2 is unreachable");
}

// ---- there and back ---------------------------------------------------------------------------

static size_t below(struct random *random, size_t n)
{
    return (size_t)random_next(random) % n;
}

static void make_lattice(struct lattice *lattice, uint32_t seed, bool bare)
{
    static const char *const words[] = {"a", "b", "c", "!NULL"};
    struct random random;
    random_seed(&random, seed);
    size_t nodes = 3 + below(&random, 6);
    assert_true(lattice_init(lattice, "file", "id", NULL));
    lattice->scales = (struct lattice_scales){0.5, 2, 1, -0.25};
    lattice->bare = bare;
    for (size_t i = 0; i < nodes; i++)
        assert_true(lattice_add_node(lattice, NAN, i, i, NULL));
    for (size_t i = 0; i + 1 < nodes; i++)
        for (size_t j = 0; j < 1 + below(&random, 3); j++) {
            size_t to = j == 0 ? i + 1 : i + 1 + below(&random, nodes - i - 1);
            struct lattice_link link = {.from = i,
                                        .to = to,
                                        .acoustic = random_uniform(&random, -30, 0),
                                        .lm = -(double)below(&random, 3)};
            const char *word = words[below(&random, 4)];
            assert_true(lattice_set_word(lattice, &link, word, strlen(word), NULL));
            assert_true(lattice_add_link(lattice, &link, NULL));
        }
    assert_true(lattice_arrange(lattice, false, NULL));
}

static void assert_same_ways(const struct lattice *a, const struct lattice *b)
{
    struct lattice_paths left, right;
    assert_true(lattice_paths_find(a, SIZE_MAX, &left, NULL));
    assert_true(lattice_paths_find(b, SIZE_MAX, &right, NULL));
    assert_int_equal(left.count, right.count);
    for (size_t i = 0; i < left.count; i++) {
        assert_near(left.path[i].total, right.path[i].total, 1e-7);
        assert_int_equal(left.path[i].words, right.path[i].words);
    }
    lattice_paths_free(&left);
    lattice_paths_free(&right);
}

static void test_round_trip(void **state)
{
    (void)state;
    static const char words[] = "<eps> 0\na 1\nb 2\nc 30\n";
    struct symbols symbols;
    write_file("words", words, strlen(words));
    assert_true(symbols_read(&symbols, "words", NULL));
    for (uint32_t seed = 0; seed < 200; seed++) {
        struct lattice lattice, again;
        struct error error;
        bool acceptor = seed & 2;
        make_lattice(&lattice, seed, seed & 1);
        reading.symbols = seed & 4 ? &symbols : NULL;
        lattice.scales.word_penalty = seed & 8 ? -0.25 : 0;
        write_lattice(&lattice, acceptor ? LATTICE_FSA : LATTICE_FST, reading.symbols);
        if (read_first("out", &again, &error) != LATTICE_READ)
            fail_msg("%s", error.text);
        assert_int_equal(again.format, acceptor ? LATTICE_FSA : LATTICE_FST);
        assert_int_equal(again.bare, lattice.bare);
        assert_string_equal(again.id, lattice.bare ? "out" : "id");
        again.scales.word_penalty = 0;
        assert_same_ways(&lattice, &again);
        // and what was read is written as it was
        size_t size;
        char *text = read_whole("out", false, &size);
        write_lattice(&again, again.format, reading.symbols);
        assert_file_holds("out", text);
        free(text);
        lattice_free(&lattice);
        lattice_free(&again);
    }
    reading.symbols = NULL;
    symbols_free(&symbols);
}

static void test_no_memory(void **state)
{
    (void)state;
    static const char text[] = "u \n0 1 7 a 1.5\n0 1 <eps> b\n1 2 c <eps> 0.25\n1\n2 0.5\n\n";
    write_file("lattice", text, strlen(text));
    enum lattice_result result = LATTICE_FAILED;
    for (int64_t count = 0; result != LATTICE_READ; count++) {
        struct lattice lattice;
        struct error error = {""};
        memory_fail_after(count);
        result = read_first("lattice", &lattice, &error);
        memory_fail_after(-1);
        if (result == LATTICE_READ)
            lattice_free(&lattice);
        else if (!error_is_of_memory(&error))
            fail_msg("%s", error.text);
        assert_true(count < 1000);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_transducer), cmocka_unit_test(test_four_fields),
        cmocka_unit_test(test_named),      cmocka_unit_test(test_choices),
        cmocka_unit_test(test_numbers),    cmocka_unit_test(test_bad_fst),
        cmocka_unit_test(test_round_trip), cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, scratch_enter, scratch_leave);
}
