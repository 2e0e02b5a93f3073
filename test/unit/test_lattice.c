// Lattices: order, posteriors, best ways, and rescoring against the enumeration of all ways with
// the network walked by hand.
#include "plain_network.h"

#include "scratch.h"

#include "lattice/paths.h"
#include "lattice/rescore.h"

enum { WORDS = 9, MOST_WAYS = 20000, LATTICES = 60 };

static const char *const spelling[WORDS] = {"</s>", "a", "b", "c", "d", "e", "f", "g", "h"};

static struct model model; // a small network with direct connections
static struct ngram_model *ngram;
static struct pool *pool; // two threads

static const char arpa[] =
    "\\data\\\nngram 1=7\nngram 2=4\n\n\\1-grams:\n-1\t<s>\t-0.2\n-0.9\t</s>\n"
    "-0.8\ta\t-0.3\n-0.7\tb\t-0.1\n-1.1\tc\n-0.6\tx\t-0.4\n-1.5\te\n\n"
    "\\2-grams:\n-0.3\t<s> a\n-0.5\ta b\n-0.4\tb x\n-0.2\tx </s>\n\n\\end\\\n";

static int make_models(void **state)
{
    const struct network_shape shape = new_shape(WORDS, "elman:6", 3, 200, 3);
    if (!vocabulary_init(&model.vocabulary, NULL))
        return -1;
    for (size_t i = 0; i < WORDS; i++)
        vocabulary_add(&model.vocabulary, spelling[i], strlen(spelling[i]), NULL);
    make_network(&model.network, &shape, 9, 1.2);
    if (!model_attach(&model, NULL) || scratch_enter(state) != 0)
        return -1;
    FILE *file = fopen("arpa", "w");
    if (file == NULL || fputs(arpa, file) < 0 || fclose(file) != 0)
        return -1;
    ngram = ngram_open("arpa", NULL);
    pool = pool_new(2, NULL);
    return ngram != NULL && pool != NULL ? 0 : -1;
}

static int free_models(void **state)
{
    model_free(&model);
    ngram_close(ngram);
    pool_free(pool);
    return scratch_leave(state);
}

// ---- lattices ---------------------------------------------------------------------------------

static void add(struct lattice *lattice, size_t from, size_t to, const char *word, double acoustic,
                double lm)
{
    struct lattice_link link = {.from = from, .to = to, .acoustic = acoustic, .lm = lm};
    link.line = lattice->links + 1;
    assert_true(lattice_set_word(lattice, &link, word, strlen(word), NULL));
    assert_true(lattice_add_link(lattice, &link, NULL));
}

static void begin(struct lattice *lattice, size_t nodes)
{
    assert_true(lattice_init(lattice, "file", "id", NULL));
    for (size_t i = 0; i < nodes; i++)
        assert_true(lattice_add_node(lattice, NAN, i, 100 + i, NULL));
}

static size_t below(struct random *random, size_t n)
{
    return (size_t)random_next(random) % n;
}

static size_t ends = 1; // nodes, the last ones, that </s> leads to

// A random graph in which each node leads on; a quarter of the words are special. `x` and `y` are
// not in the network's vocabulary, `y` is not in the other model's either.
static void make_lattice(struct lattice *lattice, uint32_t seed)
{
    static const char *const words[] = {"a", "b", "c", "e",     "a",   "b",
                                        "x", "y", "g", "!NULL", "<s>", "</s>"};
    struct random random;
    struct error error;
    random_seed(&random, seed);
    size_t nodes = 4 + below(&random, 5);
    begin(lattice, nodes);
    lattice->scales = (struct lattice_scales){0.7, 1.5, 1, -0.25};
    for (size_t i = 0; i + 1 < nodes; i++)
        for (size_t j = 0; j < 1 + below(&random, 4); j++) {
            size_t to = j == 0 ? i + 1 : i + 1 + below(&random, nodes - i - 1);
            const char *word = words[below(&random, to + ends >= nodes ? 12 : 11)];
            add(lattice, i, to, word, random_uniform(&random, -3, 0),
                random_uniform(&random, -3, -0.1));
        }
    if (!lattice_arrange(lattice, false, &error))
        fail_msg("%s", error.text);
}

// ---- by hand ----------------------------------------------------------------------------------

// All ways through a lattice: total, acoustic score and words of each.
struct way {
    double total, acoustic;
    char words[64];
};

struct ways {
    struct way *way; // [MOST_WAYS]
    size_t count;
};

struct walk {
    const struct lattice *lattice;
    const struct rescore_options *options; // NULL: the lattice's own scores
    bool mixed;                            // with the back-off model
    struct ways *ways;
};

static double predicted(const struct walk *walk, const struct state *state,
                        const struct ngram_state *history, const char *word, double old,
                        bool implied)
{
    const struct rescore_options *options = walk->options;
    struct plain plain = plain_new(&model.network);
    struct ngram_state after;
    int32_t id = vocabulary_find(&model.vocabulary, word, strlen(word));
    int32_t other = ngram_word(ngram, word, strlen(word));
    double prob = plain_prob_behind(&plain, state, id);
    plain_free(&plain);
    if (walk->mixed)
        prob = 0.4 * prob + 0.6 * pow(10, ngram_score(ngram, history, other, &after, NULL));
    if (options->lambda == 1 || (implied && old == 0 && !options->log_linear))
        return prob > 0 ? log10(prob) : options->oov_penalty;
    if (options->log_linear)
        return options->lambda * (prob > 0 ? log10(prob) : options->oov_penalty) +
               (1 - options->lambda) * old;
    return log10(options->lambda * prob + (1 - options->lambda) * pow(10, old));
}

static void step(const struct walk *walk, size_t node, const struct state *state,
                 const struct ngram_state *history, bool ended, const struct way *so_far);

static void take_link(const struct walk *walk, const struct lattice_link *link,
                      const struct state *state, const struct ngram_state *history, bool ended,
                      struct way way)
{
    struct state *after = state_new(&model.network, NULL);
    struct ngram_state history_after = *history;
    struct lattice_link copy = *link;
    bool end = link->kind == LINK_END && !ended; // a second end is none
    const char *word = end                       ? "</s>"
                       : link->kind == LINK_WORD ? lattice_word(walk->lattice, link)
                                                 : NULL;
    bool implied = word == NULL && link->kind == LINK_NULL && link->to == walk->lattice->end &&
                   !ended && walk->options != NULL;
    state_copy(&model.network, after, state);
    if (walk->options != NULL && (word != NULL || implied))
        copy.lm = predicted(walk, state, history, implied ? "</s>" : word, link->lm, implied);
    else if (walk->options != NULL)
        copy.lm = (1 - walk->options->lambda) * link->lm;
    if (word != NULL) {
        int32_t other = ngram_word(ngram, word, strlen(word));
        advance_state(&model.network, state, vocabulary_find(&model.vocabulary, word, strlen(word)),
                      after);
        ngram_score(ngram, history, other, &history_after, NULL);
        ended = end;
    }
    way.total += lattice_total(walk->lattice, &copy);
    way.acoustic += link->acoustic;
    if (link->kind == LINK_WORD)
        strcat(strcat(way.words, word), " ");
    step(walk, link->to, after, &history_after, ended || implied, &way);
    free(after);
}

static void step(const struct walk *walk, size_t node, const struct state *state,
                 const struct ngram_state *history, bool ended, const struct way *so_far)
{
    const struct lattice *lattice = walk->lattice;
    if (node == lattice->end) {
        struct way way = *so_far;
        if (!ended && walk->options != NULL)
            way.total += lattice->scales.lm * predicted(walk, state, history, "</s>", 0, true);
        assert_true(walk->ways->count < MOST_WAYS);
        walk->ways->way[walk->ways->count++] = way;
        return;
    }
    for (size_t i = lattice->first[node]; i < lattice->first[node + 1]; i++)
        take_link(walk, &lattice->link[i], state, history, ended, *so_far);
}

static int by_total(const void *left, const void *right)
{
    const struct way *a = left, *b = right;
    return a->total != b->total ? (a->total > b->total ? -1 : 1) : strcmp(a->words, b->words);
}

static int by_acoustic(const void *left, const void *right)
{
    const struct way *a = left, *b = right;
    return a->acoustic != b->acoustic ? (a->acoustic > b->acoustic ? -1 : 1)
                                      : strcmp(a->words, b->words);
}

// All ways of a lattice, the best first.
static struct ways enumerate(const struct lattice *lattice, const struct rescore_options *options,
                             bool mixed)
{
    struct ways ways = {malloc(MOST_WAYS * sizeof *ways.way), 0};
    struct state *start = state_at_start(&model.network, STATE_TEXT, NULL, NULL);
    struct ngram_state history;
    const struct way none = {0, 0, ""};
    const struct walk walk = {lattice, options, mixed, &ways};
    assert_true(ways.way != NULL && start != NULL);
    ngram_start(ngram, &history, true);
    step(&walk, lattice->start, start, &history, false, &none);
    free(start);
    qsort(ways.way, ways.count, sizeof *ways.way, by_total);
    return ways;
}

static void rescore(struct lattice *lattice, const struct rescore_options *options, bool mixed)
{
    struct language language;
    struct error error;
    assert_true(language_init(&language, &model, mixed ? ngram : NULL, 0.4, false, pool, &error));
    if (!lattice_rescore(lattice, &language, options, &error))
        fail_msg("%s", error.text);
    for (size_t i = 0; i < language.states; i++)
        assert_true(language.state[i].holders == 0);
    language_free(&language);
}

static const struct rescore_options exact = {
    .beam = INFINITY, .most_nodes = 100000, .oov_penalty = -4, .lambda = 1};

// ---- rescoring --------------------------------------------------------------------------------

// Every way through the expanded lattice has the score that walking the old one gives.
static void check_exact(const struct rescore_options *options, bool mixed)
{
    for (uint32_t seed = 1; seed <= LATTICES; seed++) {
        struct lattice lattice;
        make_lattice(&lattice, seed);
        struct ways wanted = enumerate(&lattice, options, mixed);
        rescore(&lattice, options, mixed);
        struct ways found = enumerate(&lattice, NULL, false);
        assert_int_equal(found.count, wanted.count);
        for (size_t i = 0; i < found.count; i++)
            assert_near(found.way[i].total, wanted.way[i].total, 1e-5);
        assert_string_equal(found.way[0].words, wanted.way[0].words);
        free(found.way);
        free(wanted.way);
        lattice_free(&lattice);
    }
}

static void test_exact(void **state)
{
    (void)state;
    check_exact(&exact, false);
}

// </s> within the lattice, behind another one or before words.
static void test_exact_with_two_ends(void **state)
{
    (void)state;
    ends = 4;
    check_exact(&exact, false);
    check_exact(&exact, true);
    ends = 1;
}

static void test_exact_with_ngram(void **state)
{
    (void)state;
    check_exact(&exact, true);
}

static void test_exact_interpolated(void **state)
{
    (void)state;
    struct rescore_options options = exact;
    options.lambda = 0.3;
    check_exact(&options, false);
    options.log_linear = true;
    check_exact(&options, false);
}

// Merging loses no way, and a high order or a wide margin merges nothing that differs.
static void test_merging(void **state)
{
    (void)state;
    struct rescore_options options[6] = {exact, exact, exact, exact, exact, exact};
    options[0].merge_order = 1;
    options[1].merge_order = 2;
    options[2].merge_distance = 1;
    options[3].merge_order = 12;
    options[4].merge_order = 1;
    options[4].merge_margin = 1e9;
    options[5].merge_order = 1;
    options[5].merge_margin = 0.5;
    options[5].merge_distance = 0.1;
    options[5].beam = 0.2; // what falls goes to the best one, no last words being wanted
    for (uint32_t seed = 1; seed <= LATTICES; seed++) {
        struct lattice lattice;
        make_lattice(&lattice, seed);
        struct ways before = enumerate(&lattice, NULL, false);
        struct ways scored = enumerate(&lattice, &exact, false);
        qsort(before.way, before.count, sizeof *before.way, by_acoustic);
        lattice_free(&lattice);
        for (size_t i = 0; i < 6; i++) {
            make_lattice(&lattice, seed);
            size_t nodes = lattice.nodes;
            rescore(&lattice, &options[i], false);
            struct ways after = enumerate(&lattice, NULL, false);
            if (i == 0)
                assert_true(lattice.nodes <= 2 * nodes + 1);
            if (i == 3 || i == 4)
                assert_near(after.way[0].total, scored.way[0].total, 1e-5);
            assert_int_equal(after.count, before.count);
            qsort(after.way, after.count, sizeof *after.way, by_acoustic);
            for (size_t k = 0; k < after.count; k++)
                assert_near(after.way[k].acoustic, before.way[k].acoustic, 1e-9);
            free(after.way);
            lattice_free(&lattice);
        }
        free(before.way);
        free(scored.way);
    }
}

// With one hypothesis a node the lattice does not grow; what is left has right scores.
static void test_beam(void **state)
{
    (void)state;
    for (uint32_t seed = 1; seed <= LATTICES; seed++) {
        struct lattice lattice;
        struct rescore_options options = exact;
        make_lattice(&lattice, seed);
        size_t nodes = lattice.nodes;
        struct ways all = enumerate(&lattice, &exact, false);
        options.beam = seed % 2 == 0 ? 0 : INFINITY;
        options.most_histories = seed % 2;
        rescore(&lattice, &options, false);
        assert_true(lattice.nodes <= nodes + 1);
        struct ways left = enumerate(&lattice, NULL, false);
        for (size_t i = 0, at = 0; i < left.count; i++, at++) {
            while (at < all.count && all.way[at].total > left.way[i].total + 1e-4)
                at++;
            assert_true(at < all.count);
            assert_near(all.way[at].total, left.way[i].total, 1e-4);
        }
        free(all.way);
        free(left.way);
        lattice_free(&lattice);
    }
}

static void test_most_nodes(void **state)
{
    (void)state;
    struct lattice lattice;
    struct language language;
    struct error error;
    struct rescore_options options = exact;
    options.most_nodes = 3;
    make_lattice(&lattice, 7);
    assert_true(language_init(&language, &model, NULL, 1, false, pool, &error));
    assert_false(lattice_rescore(&lattice, &language, &options, &error));
    assert_contains(error.text, "more than 3 nodes: -beam");
    options.most_nodes = 1000; // the same lattice and models can be used again
    assert_true(lattice_rescore(&lattice, &language, &options, &error));
    language_free(&language);
    lattice_free(&lattice);
}

// ---- the graph --------------------------------------------------------------------------------

static void test_paths(void **state)
{
    (void)state;
    for (uint32_t seed = 1; seed <= LATTICES; seed++) {
        struct lattice lattice;
        struct lattice_paths paths;
        make_lattice(&lattice, seed);
        struct ways ways = enumerate(&lattice, NULL, false);
        assert_true(lattice_paths_find(&lattice, SIZE_MAX, &paths, NULL));
        size_t wordings = 0;
        for (size_t i = 0; i < ways.count; i++) {
            size_t before = 0;
            while (strcmp(ways.way[before].words, ways.way[i].words) != 0)
                before++;
            if (before < i)
                continue; // a worse way with the same words
            assert_true(wordings < paths.count);
            assert_near(paths.path[wordings++].total, ways.way[i].total, 1e-9);
        }
        assert_int_equal(wordings, paths.count);
        lattice_paths_free(&paths);
        assert_true(lattice_paths_find(&lattice, 2, &paths, NULL));
        assert_int_equal(paths.count, wordings < 2 ? wordings : 2);
        lattice_paths_free(&paths);
        free(ways.way);
        lattice_free(&lattice);
    }
}

// The posterior of a link is the share of the ways that use it; acoustic scores tell them apart.
static void test_posteriors(void **state)
{
    (void)state;
    struct lattice lattice;
    double posterior[5];
    begin(&lattice, 4);
    add(&lattice, 0, 1, "a", -1, 0);
    add(&lattice, 0, 1, "b", -2, 0);
    add(&lattice, 1, 3, "c", 0, 0);
    add(&lattice, 0, 2, "d", -1.5, 0);
    add(&lattice, 2, 3, "e", -0.5, 0);
    assert_true(lattice_arrange(&lattice, false, NULL));
    assert_true(lattice_posteriors(&lattice, 2, posterior, NULL));
    double a = pow(10, -0.5), b = pow(10, -1), de = pow(10, -1), sum = a + b + de;
    for (size_t i = 0; i < 5; i++) {
        char word = lattice_word(&lattice, &lattice.link[i])[0];
        double wanted = word == 'a' ? a : word == 'b' ? b : word == 'c' ? a + b : de;
        assert_near(posterior[i], wanted / sum, 1e-12);
    }
    assert_true(lattice_prune(&lattice, 0.3, 2, NULL)); // a has more than half
    assert_int_equal(lattice.links, 2);
    assert_int_equal(lattice.nodes, 3);
    assert_true(lattice_prune(&lattice, 1, 0.001, NULL)); // the best way stays
    assert_int_equal(lattice.links, 2);
    lattice_free(&lattice);
}

static void test_prune_keeps_best(void **state)
{
    (void)state;
    for (uint32_t seed = 1; seed <= LATTICES; seed++) {
        struct lattice lattice;
        make_lattice(&lattice, seed);
        struct ways before = enumerate(&lattice, NULL, false);
        assert_true(lattice_prune(&lattice, seed % 3 * 0.4 + 0.1, 1, NULL));
        struct ways after = enumerate(&lattice, NULL, false);
        assert_near(after.way[0].total, before.way[0].total, 1e-12);
        assert_true(after.count <= before.count);
        free(before.way);
        free(after.way);
        lattice_free(&lattice);
    }
}

static void refused(struct lattice *lattice, const char *text)
{
    struct error error;
    assert_false(lattice_arrange(lattice, false, &error));
    assert_contains(error.text, text);
    lattice_free(lattice);
}

static void test_bad_graphs(void **state)
{
    (void)state;
    struct lattice lattice;
    begin(&lattice, 0);
    refused(&lattice, "0 nodes and 0 links");
    begin(&lattice, 1);
    refused(&lattice, "1 nodes and 0 links");
    begin(&lattice, 4);
    add(&lattice, 0, 1, "a", 0, 0);
    add(&lattice, 1, 2, "a", 0, 0);
    add(&lattice, 2, 1, "a", 0, 0);
    add(&lattice, 2, 3, "a", 0, 0);
    refused(&lattice, "closes a cycle");
    begin(&lattice, 2);
    add(&lattice, 0, 1, "a", 0, 0);
    add(&lattice, 1, 1, "a", 0, 0);
    refused(&lattice, "file: line 2: id: the link from node 1 to node 1 closes a cycle");
    begin(&lattice, 3);
    add(&lattice, 0, 1, "a", 0, 0);
    add(&lattice, 1, 0, "a", 0, 0);
    refused(&lattice, "closes a cycle"); // no node to begin with
    begin(&lattice, 3);
    add(&lattice, 0, 2, "a", 0, 0);
    add(&lattice, 1, 2, "a", 0, 0);
    refused(&lattice, "file: line 101: id: node 1 is unreachable");
    begin(&lattice, 3);
    add(&lattice, 0, 1, "a", 0, 0);
    add(&lattice, 0, 2, "a", 0, 0);
    refused(&lattice, "file: line 101: id: node 1 is a dead end");
}

static void test_trim(void **state)
{
    (void)state;
    struct lattice lattice;
    struct error error;
    begin(&lattice, 5);
    add(&lattice, 0, 4, "a", 0, 0);
    add(&lattice, 0, 1, "b", 0, 0);
    add(&lattice, 2, 4, "c", 0, 0);
    add(&lattice, 2, 3, "d", 0, 0);
    assert_true(lattice_arrange(&lattice, true, &error));
    assert_int_equal(lattice.nodes, 2);
    assert_int_equal(lattice.links, 1);
    assert_string_equal(lattice_word(&lattice, &lattice.link[0]), "a");
    lattice_free(&lattice);
    begin(&lattice, 2);
    add(&lattice, 0, 1, "a", 0, 0);
    lattice.start = 1;
    lattice.end = 0;
    assert_false(lattice_arrange(&lattice, true, &error));
    assert_contains(error.text, "no way leads from node 1 to node 0");
    lattice_free(&lattice);
}

// Whichever allocation fails, there is an error and no leak.
static void test_no_memory(void **state)
{
    (void)state;
    struct lattice lattice;
    struct language language;
    struct lattice_paths paths;
    struct rescore_options options = exact;
    options.merge_order = 3;
    options.merge_margin = 1;
    bool ok = false;
    for (int64_t left = 0; !ok; left++) {
        make_lattice(&lattice, 5);
        memory_fail_after(left);
        ok = language_init(&language, &model, ngram, 0.5, false, pool, NULL) &&
             lattice_prune(&lattice, 1e-9, 1, NULL) &&
             lattice_rescore(&lattice, &language, &options, NULL);
        bool found = ok && lattice_paths_find(&lattice, 5, &paths, NULL);
        memory_fail_after(-1);
        if (ok)
            lattice_paths_free(&paths);
        ok = found;
        language_free(&language);
        lattice_free(&lattice);
        assert_true(left < 10000);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_exact),
        cmocka_unit_test(test_exact_with_two_ends),
        cmocka_unit_test(test_exact_with_ngram),
        cmocka_unit_test(test_exact_interpolated),
        cmocka_unit_test(test_merging),
        cmocka_unit_test(test_beam),
        cmocka_unit_test(test_most_nodes),
        cmocka_unit_test(test_paths),
        cmocka_unit_test(test_posteriors),
        cmocka_unit_test(test_prune_keeps_best),
        cmocka_unit_test(test_bad_graphs),
        cmocka_unit_test(test_trim),
        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, make_models, free_models);
}
