// Minimum Bayes risk and confusion networks against the enumeration of all ways, each aligned by
// itself; and what is written of them.
#include "testing.h"

#include "scratch.h"

#include "lattice/bayes.h"
#include "lattice/paths.h"
#include "lattice/result.h"

enum { LATTICES = 200, MOST_WAYS = 5000, MOST_WORDS = 16 };

static const double scale = 1.5;

// ---- lattices ---------------------------------------------------------------------------------

static void add(struct lattice *lattice, size_t from, size_t to, const char *word, double acoustic)
{
    struct lattice_link link = {.from = from, .to = to, .acoustic = acoustic, .lm = acoustic / 2};
    assert_true(lattice_set_word(lattice, &link, word, strlen(word), NULL));
    if (strcmp(word, "noise") == 0)
        link.kind = LINK_IGNORED;
    assert_true(lattice_add_link(lattice, &link, NULL));
}

static void begin(struct lattice *lattice, size_t nodes)
{
    assert_true(lattice_init(lattice, "file", "id", NULL));
    for (size_t i = 0; i < nodes; i++)
        assert_true(lattice_add_node(lattice, 0.25 * (double)i, i, i, NULL));
}

static void arrange(struct lattice *lattice)
{
    struct error error;
    if (!lattice_arrange(lattice, false, &error))
        fail_msg("%s", error.text);
}

static size_t below(struct random *random, size_t n)
{
    return (size_t)random_next(random) % n;
}

static const char *const words[] = {"a", "b", "c", "a", "b", "d", "noise", "!NULL", "<s>", "</s>"};
static const size_t kinds_of_words = sizeof words / sizeof *words;

// Any graph: each node leads on to the next one and to others.
static void make_graph(struct lattice *lattice, uint32_t seed)
{
    struct random random;
    random_seed(&random, seed);
    size_t nodes = 4 + below(&random, 5);
    begin(lattice, nodes);
    lattice->scales = (struct lattice_scales){0.7, 1.5, 1, -0.25};
    for (size_t i = 0; i + 1 < nodes; i++)
        for (size_t j = 0; j < 1 + below(&random, 3); j++)
            add(lattice, i, j == 0 ? i + 1 : i + 1 + below(&random, nodes - i - 1),
                words[below(&random, kinds_of_words)], random_uniform(&random, -2, 0));
    arrange(lattice);
}

// One way leads to each node but the end.
static void make_tree(struct lattice *lattice, uint32_t seed)
{
    struct random random;
    random_seed(&random, seed);
    size_t nodes = 8 + below(&random, 20);
    begin(lattice, nodes);
    for (size_t i = 1; i + 1 < nodes; i++)
        add(lattice, below(&random, i), i, words[below(&random, kinds_of_words)],
            random_uniform(&random, -1, 0));
    for (size_t i = 0; i + 1 < nodes; i++) {
        bool leaf = i > 0;
        for (size_t k = 0; k < lattice->links; k++)
            leaf = leaf && lattice->link[k].from != i;
        if (leaf)
            add(lattice, i, nodes - 1, words[below(&random, kinds_of_words)],
                random_uniform(&random, -1, 0));
    }
    arrange(lattice);
}

// ---- by definition ----------------------------------------------------------------------------

struct way {
    int32_t word[MOST_WORDS];
    size_t words;
    double weight; // 10^(total / scale), and then the probability
};

struct ways {
    struct way *way;
    size_t count;
};

static void walk(const struct lattice *lattice, size_t node, struct way way, struct ways *ways)
{
    if (node == lattice->end) {
        assert_true(ways->count < MOST_WAYS);
        ways->way[ways->count++] = way;
    }
    for (size_t i = lattice->first[node]; i < lattice->first[node + 1]; i++) {
        const struct lattice_link *link = &lattice->link[i];
        struct way after = way;
        after.weight *= pow(10, lattice_total(lattice, link) / scale);
        if (link->kind == LINK_WORD || link->kind == LINK_IGNORED) {
            assert_true(after.words < MOST_WORDS);
            after.word[after.words++] = link->word;
        }
        walk(lattice, link->to, after, ways);
    }
}

static struct ways enumerate(const struct lattice *lattice)
{
    struct ways ways = {malloc(MOST_WAYS * sizeof *ways.way), 0};
    const struct way none = {.weight = 1};
    double sum = 0;
    assert_non_null(ways.way);
    walk(lattice, lattice->start, none, &ways);
    for (size_t i = 0; i < ways.count; i++)
        sum += ways.way[i].weight;
    for (size_t i = 0; i < ways.count; i++)
        ways.way[i].weight /= sum;
    return ways;
}

static size_t edit_distance(const int32_t *a, size_t length, const struct way *b)
{
    size_t row[MOST_WORDS + 1];
    for (size_t k = 0; k <= b->words; k++)
        row[k] = k;
    for (size_t i = 0; i < length; i++) {
        size_t corner = row[0];
        row[0] = i + 1;
        for (size_t k = 0; k < b->words; k++) {
            size_t best = corner + (a[i] != b->word[k]);
            corner = row[k + 1];
            best = best < row[k] + 1 ? best : row[k] + 1;
            row[k + 1] = best < corner + 1 ? best : corner + 1;
        }
    }
    return row[b->words];
}

static double risk(const struct ways *ways, const int32_t *sentence, size_t length)
{
    double sum = 0;
    for (size_t i = 0; i < ways->count; i++)
        sum += ways->way[i].weight * (double)edit_distance(sentence, length, &ways->way[i]);
    return sum;
}

// ---- the recursion ----------------------------------------------------------------------------

static void find(const struct lattice *lattice, const int32_t *sentence, size_t length, bool decode,
                 struct confusions *confusions)
{
    struct error error;
    if (!confusions_find(lattice, scale, sentence, NULL, length, decode, confusions, &error))
        fail_msg("%s", error.text);
    assert_int_equal(confusions->slots, 2 * confusions->words + 1);
    for (size_t i = 0; i < confusions->slots; i++) {
        double sum = 0;
        for (size_t k = confusions->first[i]; k < confusions->first[i + 1]; k++) {
            const struct slot_word *word = &confusions->word[k];
            sum += word->posterior;
            if (k > confusions->first[i])
                assert_true(word->posterior <= word[-1].posterior);
            if (word->word != WORD_OOV)
                assert_true(word->begin < word->end);
        }
        assert_near(sum, 1, 1e-9);
    }
}

// The words of the likeliest way.
static struct way likeliest(const struct lattice *lattice)
{
    struct lattice_paths paths;
    struct way way = {.words = 0};
    assert_true(lattice_paths_find(lattice, 1, &paths, NULL));
    for (size_t i = 0; i < paths.path[0].links; i++) {
        const struct lattice_link *link = &lattice->link[paths.path[0].link[i]];
        if (link->kind == LINK_WORD || link->kind == LINK_IGNORED)
            way.word[way.words++] = link->word;
    }
    lattice_paths_free(&paths);
    return way;
}

// Where one way leads to each node, the errors to be expected of any sentence are exact.
static void test_exact_on_trees(void **state)
{
    (void)state;
    for (uint32_t seed = 1; seed <= LATTICES; seed++) {
        struct lattice lattice;
        struct random random;
        random_seed(&random, seed + 1000);
        make_tree(&lattice, seed);
        struct ways ways = enumerate(&lattice);
        for (size_t length = 0; length < 7; length++) {
            int32_t sentence[7];
            struct confusions confusions;
            for (size_t i = 0; i < length; i++)
                sentence[i] = (int32_t)below(&random, lattice.words.size);
            find(&lattice, sentence, length, false, &confusions);
            assert_near(confusions.errors, risk(&ways, sentence, length), 1e-9);
            assert_int_equal(confusions.words, length);
            assert_memory_equal(confusions.sentence, sentence, length * sizeof *sentence);
            confusions_free(&confusions);
        }
        free(ways.way);
        lattice_free(&lattice);
    }
}

// The sentence found has fewer errors than the likeliest, by nine tenths of what the best of all ways
// has; the bound holds, and is tight.
static void check_decoding(void (*make)(struct lattice *, uint32_t), double slack)
{
    double found = 0, likely = 0, least = 0, bound = 0;
    for (uint32_t seed = 1; seed <= LATTICES; seed++) {
        struct lattice lattice;
        struct confusions first, last;
        make(&lattice, seed);
        struct ways ways = enumerate(&lattice);
        struct way way = likeliest(&lattice);
        find(&lattice, way.word, way.words, false, &first);
        find(&lattice, way.word, way.words, true, &last);
        double truth = risk(&ways, last.sentence, last.words), best = INFINITY;
        assert_true(last.errors <= first.errors);
        assert_true(truth <= last.errors + 1e-9);
        for (size_t i = 0; i < ways.count; i++) {
            double other = risk(&ways, ways.way[i].word, ways.way[i].words);
            best = other < best ? other : best;
        }
        found += truth;
        least += best;
        bound += last.errors;
        likely += risk(&ways, way.word, way.words);
        confusions_free(&first);
        confusions_free(&last);
        free(ways.way);
        lattice_free(&lattice);
    }
    assert_true(likely - found > 0.9 * (likely - least));
    assert_true(found <= least * (1 + slack));
    assert_true(bound <= found * (1 + slack));
}

static void test_decoding(void **state)
{
    (void)state;
    check_decoding(make_tree, 0.01);
    check_decoding(make_graph, 0.01);
}

static double posterior_of(const struct lattice *lattice, const struct confusions *confusions,
                           size_t slot, const char *word)
{
    int32_t id = word != NULL ? vocabulary_find(&lattice->words, word, strlen(word)) : WORD_OOV;
    for (size_t i = confusions->first[slot]; i < confusions->first[slot + 1]; i++)
        if (confusions->word[i].word == id)
            return confusions->word[i].posterior;
    return 0;
}

// A lattice that is a confusion network comes out as it went in, whatever the scale.
static void make_network_of_words(struct lattice *lattice)
{
    begin(lattice, 4);
    add(lattice, 0, 1, "a", -1);
    add(lattice, 0, 1, "b", -1.5);
    add(lattice, 1, 2, "!NULL", -1);
    add(lattice, 1, 2, "c", -1.2);
    add(lattice, 2, 3, "d", -3);
    add(lattice, 2, 3, "e", -2.5);
    add(lattice, 2, 3, "a", -4);
    arrange(lattice);
}

static void test_confusion_network(void **state)
{
    (void)state;
    struct lattice lattice;
    make_network_of_words(&lattice);
    for (double divisor = 0.5; divisor < 5; divisor *= 3) {
        struct confusions confusions;
        int32_t sentence[] = {1, 4};
        assert_string_equal(vocabulary_word(&lattice.words, 4), "d");
        assert_true(
            confusions_find(&lattice, divisor, sentence, NULL, 2, false, &confusions, NULL));
        double a = pow(10, -1.5 / divisor), b = pow(10, -2.25 / divisor);
        assert_near(posterior_of(&lattice, &confusions, 1, "a"), a / (a + b), 1e-12);
        assert_near(posterior_of(&lattice, &confusions, 1, "b"), b / (a + b), 1e-12);
        double none = pow(10, -1.5 / divisor), c = pow(10, -1.8 / divisor);
        assert_near(posterior_of(&lattice, &confusions, 2, "c"), c / (none + c), 1e-12);
        assert_near(posterior_of(&lattice, &confusions, 2, NULL), none / (none + c), 1e-12);
        double d = pow(10, -4.5 / divisor), e = pow(10, -3.75 / divisor), f = pow(10, -6 / divisor);
        assert_near(posterior_of(&lattice, &confusions, 3, "e"), e / (d + e + f), 1e-12);
        assert_near(confusions_own(&confusions, 3)->posterior, d / (d + e + f), 1e-12);
        assert_near(confusions_own(&confusions, 3)->begin, 0.5, 1e-12);
        assert_near(confusions_own(&confusions, 3)->end, 0.75, 1e-12);
        assert_near(confusions_own(&confusions, 3)->acoustic, -3, 1e-12);
        confusions_free(&confusions);
    }
    lattice_free(&lattice);
}

// Of slots of the same cost a word is in the one that it is nearer to, by time or by level.
static void test_places(void **state)
{
    (void)state;
    for (int i = 0; i < 8; i++) {
        struct lattice lattice;
        struct confusions confusions;
        struct lattice_paths paths;
        bool early = i & 1, timed = i & 2, decode = i & 4;
        begin(&lattice, 4);
        add(&lattice, 0, 1, "a", -0.2);
        add(&lattice, 1, 3, "b", -0.2);
        add(&lattice, early ? 0 : 2, early ? 2 : 3, "x", -0.5);
        add(&lattice, early ? 2 : 0, early ? 3 : 2, "!NULL", 0);
        lattice.node[2].time = 0.25;
        lattice.node[0].time = timed ? 0 : NAN;
        arrange(&lattice);
        assert_true(lattice_paths_find(&lattice, 1, &paths, NULL));
        assert_int_equal(paths.path[0].words, 2);
        assert_true(confusions_find_from(&lattice, 1, &paths.path[0], decode, &confusions, NULL));
        assert_int_equal(confusions.words, 2);
        double x = pow(10, -0.75) / (pow(10, -0.75) + pow(10, -0.6));
        assert_near(posterior_of(&lattice, &confusions, early ? 1 : 3, "x"), x, 1e-12);
        assert_near(posterior_of(&lattice, &confusions, early ? 3 : 1, NULL), x, 1e-12);
        assert_int_equal(isnan(confusions_own(&confusions, 1)->begin), !timed);
        confusions_free(&confusions);
        lattice_paths_free(&paths);
        lattice_free(&lattice);
    }
}

// Probabilities that vanish beside others, scores that no scale makes one, and no memory.
static void test_extremes(void **state)
{
    (void)state;
    struct lattice lattice;
    struct confusions confusions;
    struct error error = {""};
    int32_t word = 1;
    begin(&lattice, 4);
    add(&lattice, 0, 1, "a", -1);
    add(&lattice, 0, 2, "b", LATTICE_ZERO);
    add(&lattice, 2, 3, "c", 0);
    add(&lattice, 1, 3, "d", -1);
    arrange(&lattice);
    find(&lattice, &word, 1, true, &confusions);
    assert_int_equal(confusions.words, 2);
    assert_near(confusions.errors, 0, 1e-9);
    confusions_free(&confusions);
    assert_false(confusions_find(&lattice, 1e-320, &word, NULL, 1, true, &confusions, &error));
    assert_contains(error.text, "file: id: divided by ");
    assert_contains(error.text, "-posterior-scale");
    confusions_free(&confusions);
    bool ok = false;
    for (int64_t count = 0; !ok; count++) {
        memory_fail_after(count);
        ok = confusions_find(&lattice, 1, &word, NULL, 1, true, &confusions, &error);
        memory_fail_after(-1);
        if (!ok)
            assert_true(error_is_of_memory(&error));
        assert_true(count < 1000);
        confusions_free(&confusions);
    }
    lattice_free(&lattice);
}

// ---- files ------------------------------------------------------------------------------------

static void assert_written(const struct lattice *lattice, struct lattice_result_form form,
                           const char *text)
{
    struct error error;
    form.posterior_scale = 1;
    struct output *output = output_open("out", &error);
    assert_non_null(output);
    if (!lattice_result_write(lattice, &form, output, &error))
        fail_msg("%s", error.text);
    assert_true(output_commit(output, &error));
    assert_file_holds("out", text);
}

// Words with posteriors of 3/4 and 1/4, of which one is left out.
static void make_simple(struct lattice *lattice)
{
    begin(lattice, 3);
    add(lattice, 0, 1, "a", log10(0.75));
    add(lattice, 0, 1, "b", log10(0.25));
    add(lattice, 1, 2, "c", log10(0.25));
    add(lattice, 1, 2, "!NULL", log10(0.75));
    lattice->scales.lm = 0;
    arrange(lattice);
}

static void test_forms(void **state)
{
    (void)state;
    struct lattice lattice;
    make_simple(&lattice);
    assert_written(&lattice, (struct lattice_result_form){.writing = WRITE_SAUSAGE},
                   "name id\nnumaligns 2\nposterior 1\nalign 0 a 0.75 b 0.25\n"
                   "info 0 a 0 0.25 -0.124938737 -0.0624693683 ? ?\n"
                   "info 0 b 0 0.25 -0.602059991 -0.301029996 ? ?\n"
                   "align 1 *DELETE* 0.75 c 0.25\n"
                   "info 1 c 0.25 0.25 -0.602059991 -0.301029996 ? ?\n");
    struct lattice_result_form form = {.writing = WRITE_SAUSAGE, .least_posterior = 0.4};
    assert_written(&lattice, form,
                   "name id\nnumaligns 1\nposterior 1\nalign 0 a 0.75\n"
                   "info 0 a 0 0.25 -0.124938737 -0.0624693683 ? ?\n");
    form.format = LATTICE_KALDI;
    assert_written(&lattice, form, "id [ <eps> 1 ] [ a 0.75 ] [ <eps> 0.75 ]\n");
    form.least_posterior = 0;
    assert_written(&lattice, form, "id [ <eps> 1 ] [ a 0.75 b 0.25 ] [ <eps> 0.75 c 0.25 ]\n");
    struct symbols symbols;
    write_file("words", "<eps> 0\na 7\nb 8\nc 9\n", 20);
    assert_true(symbols_read(&symbols, "words", NULL));
    form.symbols = &symbols;
    assert_written(&lattice, form, "id [ 0 1 ] [ 7 0.75 8 0.25 ] [ 0 0.75 9 0.25 ]\n");
    symbols_free(&symbols);
    for (int mbr = 0; mbr < 2; mbr++) {
        form = (struct lattice_result_form){.writing = WRITE_POSTERIORS, .least_errors = mbr};
        assert_written(&lattice, form, "id 1 0.000 0.250 a 0.750000\n");
        form.writing = WRITE_BEST;
        assert_written(&lattice, form, "id a\n");
    }
    lattice.node[1].time = NAN;
    form = (struct lattice_result_form){.writing = WRITE_POSTERIORS};
    assert_written(&lattice, form, "id 1 * * a 0.750000\n");
    form.writing = WRITE_SAUSAGE;
    assert_written(&lattice, form,
                   "name id\nnumaligns 2\nposterior 1\nalign 0 a 0.75 b 0.25\n"
                   "align 1 *DELETE* 0.75 c 0.25\n");
    lattice_free(&lattice);
}

// The sentence of the fewest errors need not be that of any way.
static void test_best_of_all(void **state)
{
    (void)state;
    struct lattice lattice;
    begin(&lattice, 6);
    add(&lattice, 0, 1, "x", log10(0.4));
    add(&lattice, 1, 5, "y", 0);
    add(&lattice, 0, 2, "a", log10(0.3));
    add(&lattice, 2, 5, "b", 0);
    add(&lattice, 0, 3, "a", log10(0.3));
    add(&lattice, 3, 4, "c", 0);
    add(&lattice, 4, 5, "!NULL", 0);
    lattice.scales.lm = 0;
    arrange(&lattice);
    struct lattice_result_form form = {.writing = WRITE_BEST};
    assert_written(&lattice, form, "id x y\n");
    form.least_errors = true;
    assert_written(&lattice, form, "id a y\n"); // 1 error; "a b" and "a c" 1.1, "x y" 1.2
    lattice_free(&lattice);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_exact_on_trees),    cmocka_unit_test(test_decoding),
        cmocka_unit_test(test_confusion_network), cmocka_unit_test(test_places),
        cmocka_unit_test(test_extremes),          cmocka_unit_test(test_forms),
        cmocka_unit_test(test_best_of_all),
    };
    return cmocka_run_group_tests(tests, scratch_enter, scratch_leave);
}
