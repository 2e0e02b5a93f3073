// Lattices: order, posteriors, best ways, and rescoring against the enumeration of all ways.
#include "lattice_ways.h"

// ---- rescoring --------------------------------------------------------------------------------

// Every way through the expanded lattice has the score that walking the old one gives.
static void check_exact(const struct rescore_options *options, struct with with)
{
    for (uint32_t seed = 1; seed <= LATTICES; seed++) {
        struct lattice lattice;
        make_lattice(&lattice, seed);
        struct ways wanted = enumerate(&lattice, options, with);
        assert_true(rescore(&lattice, options, with));
        struct ways found = own_ways(&lattice);
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
    check_exact(&exact, network_alone);
}

// </s> within the lattice, behind another one or before words.
static void test_exact_with_two_ends(void **state)
{
    (void)state;
    ends = 4;
    check_exact(&exact, network_alone);
    check_exact(&exact, both);
    ends = 1;
}

static void test_exact_with_ngram(void **state)
{
    (void)state;
    check_exact(&exact, both);
}

static void test_exact_interpolated(void **state)
{
    (void)state;
    struct rescore_options options = exact;
    options.lambda = 0.3;
    check_exact(&options, network_alone);
    options.log_linear = true;
    check_exact(&options, network_alone);
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
        struct ways before = own_ways(&lattice);
        struct ways scored = enumerate(&lattice, &exact, network_alone);
        qsort(before.way, before.count, sizeof *before.way, by_acoustic);
        lattice_free(&lattice);
        for (size_t i = 0; i < 6; i++) {
            make_lattice(&lattice, seed);
            size_t nodes = lattice.nodes;
            rescore(&lattice, &options[i], network_alone);
            struct ways after = own_ways(&lattice);
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

// Every way of `left` is one of `all` with the same score.
static void check_among(const struct ways *left, const struct ways *all)
{
    for (size_t i = 0, at = 0; i < left->count; i++, at++) {
        while (at < all->count && all->way[at].total > left->way[i].total + 1e-4)
            at++;
        assert_true(at < all->count);
        assert_near(all->way[at].total, left->way[i].total, 1e-4);
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
        struct ways all = enumerate(&lattice, &exact, network_alone);
        options.beam = seed % 2 == 0 ? 0 : INFINITY;
        options.most_histories = seed % 2;
        rescore(&lattice, &options, network_alone);
        assert_true(lattice.nodes <= nodes + 1);
        struct ways left = own_ways(&lattice);
        check_among(&left, &all);
        free(all.way);
        free(left.way);
        lattice_free(&lattice);
    }
}

// However tight the bounds, there is a way, what is left has right scores, and wide ones do nothing.
static void test_bounds(void **state)
{
    (void)state;
    static const struct search_bounds bounds[] = {{.steps = 1},
                                                  {.steps = 12},
                                                  {.steps = 60},
                                                  {.live = 1},
                                                  {.live = 3},
                                                  {.live = 10},
                                                  {.memory = 1},
                                                  {.memory = 4000},
                                                  {.seconds = 1e-9},
                                                  {2, 30, 1, 1e-9},
                                                  {100000, 1000000, 100000000, 1000}};
    const size_t count = sizeof bounds / sizeof *bounds;
    size_t narrowed[sizeof bounds / sizeof *bounds] = {0};
    for (uint32_t seed = 1; seed <= LATTICES; seed++) {
        struct lattice lattice;
        make_lattice(&lattice, seed);
        struct ways all = enumerate(&lattice, &exact, network_alone);
        lattice_free(&lattice);
        for (size_t i = 0; i < count; i++) {
            struct rescore_options options = exact;
            options.bounds = bounds[i];
            make_lattice(&lattice, seed);
            bool whole = rescore(&lattice, &options, network_alone);
            struct ways left = own_ways(&lattice);
            narrowed[i] += !whole;
            assert_in_range(left.count, 1, all.count);
            if (whole)
                assert_int_equal(left.count, all.count);
            check_among(&left, &all);
            free(left.way);
            lattice_free(&lattice);
        }
        free(all.way);
    }
    for (size_t i = 0; i < count; i++)
        assert_int_equal(narrowed[i] > LATTICES / 4, i + 1 < count);
}

// The note names the bounds that were met.
static void test_narrowing_remark(void **state)
{
    (void)state;
    struct error remark;
    const struct search_bounds bounds = {7, 8, 9 << 20, 0.5};
    struct narrowing narrowing = {BOUND_STEPS | BOUND_SECONDS, 12, 3.25};
    assert_true(narrowing_remark(&narrowing, &bounds, &remark));
    assert_contains(remark.text, "12 links behind hypotheses were left out, each 3.25 or more");
    assert_contains(remark.text, "; -max-steps 8; -max-seconds 0.5 (another run");
    narrowing.bounds = BOUND_LIVE | BOUND_MEMORY;
    assert_true(narrowing_remark(&narrowing, &bounds, &remark));
    assert_contains(remark.text, "; -max-nodes 7; -memory 9");
    narrowing.dropped = 0;
    assert_false(narrowing_remark(&narrowing, &bounds, &remark));
}

static int falling(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;
    return a > b ? -1 : a < b;
}

// A cut leaves the best ones, and as many as wanted, whatever is equal.
static void test_cut(void **state)
{
    (void)state;
    enum { MOST = 40 };
    struct random random;
    random_seed(&random, 4);
    for (size_t round = 0; round < 2000; round++) {
        double value[MOST], sorted[MOST], moved[MOST];
        struct narrowing narrowing = {0};
        size_t count = 1 + below(&random, MOST), most = 1 + below(&random, MOST), stays = 0;
        for (size_t i = 0; i < count; i++)
            sorted[i] = moved[i] = value[i] = (double)below(&random, 1 + round % 30);
        qsort(sorted, count, sizeof *sorted, falling);
        struct cut cut = cut_to(moved, count, most);
        assert_near(cut.best, sorted[0], 0);
        for (size_t i = 0; i < count; i++)
            if (cut_stays(&cut, value[i], &narrowing)) {
                stays++;
                assert_true(value[i] >= sorted[(count < most ? count : most) - 1]);
            }
        assert_int_equal(stays, count < most ? count : most);
        assert_int_equal(narrowing.dropped, count - stays);
        if (count > most)
            assert_near(narrowing.nearest, sorted[0] - sorted[most], 0);
    }
}

// ---- back-off models and the old one ----------------------------------------------------------

static void test_ngram_alone(void **state)
{
    (void)state;
    const struct with alone = {.ngram = true};
    struct rescore_options options = exact;
    check_exact(&options, alone);
    options.lambda = 0.3;
    check_exact(&options, alone);
}

// What the old model says goes, the rest of a link's score stays.
static void test_old_model(void **state)
{
    (void)state;
    struct rescore_options options = exact;
    for (int i = 0; i < 8; i++) {
        const struct with with = {i & 1, i & 2, true};
        options.old_scale = i & 4 ? 0.6 : 1;
        options.lambda = 1;
        check_exact(&options, with);
        options.lambda = 0.3;
        options.log_linear = i & 1;
        check_exact(&options, with);
    }
}

// A model in its own place leaves the score of every way as it was, though it does not know all
// words.
static void test_same_model(void **state)
{
    (void)state;
    for (uint32_t seed = 1; seed <= LATTICES; seed++) {
        struct lattice lattice;
        struct language language;
        struct narrowing narrowing;
        const struct language_models models = {.ngram = other_ngram, .old = other_ngram};
        struct rescore_options options = exact;
        options.merge_order = 5;
        options.merge_margin = 64;
        make_lattice(&lattice, seed);
        struct ways before = own_ways(&lattice);
        assert_true(language_init(&language, &models, pool, NULL));
        assert_true(lattice_rescore(&lattice, &language, &options, &narrowing, NULL));
        language_free(&language);
        struct ways after = own_ways(&lattice);
        assert_int_equal(after.count, before.count);
        for (size_t i = 0; i < after.count; i++)
            assert_near(after.way[i].total, before.way[i].total, 1e-9);
        free(before.way);
        free(after.way);
        lattice_free(&lattice);
    }
}

// ---- the graph --------------------------------------------------------------------------------

static void test_paths(void **state)
{
    (void)state;
    for (uint32_t seed = 1; seed <= LATTICES; seed++) {
        struct lattice lattice;
        struct lattice_paths paths;
        make_lattice(&lattice, seed);
        struct ways ways = own_ways(&lattice);
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
    struct error error = {""};
    assert_false(lattice_posteriors(&lattice, 1e-310, posterior, &error)); // no numbers for them
    assert_string_equal(error.text,
                        "file: id: divided by 1e-310, scores are too large for probabilities: "
                        "-posterior-scale takes a larger one");
    assert_false(lattice_prune(&lattice, 0.5, 1e-310, &error));
    assert_int_equal(lattice.links, 2);
    lattice_free(&lattice);
}

static void test_prune_keeps_best(void **state)
{
    (void)state;
    for (uint32_t seed = 1; seed <= LATTICES; seed++) {
        struct lattice lattice;
        make_lattice(&lattice, seed);
        struct ways before = own_ways(&lattice);
        assert_true(lattice_prune(&lattice, seed % 3 * 0.4 + 0.1, 1, NULL));
        struct ways after = own_ways(&lattice);
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
    struct narrowing narrowing;
    const struct language_models models = models_of((struct with){true, true, true});
    options.merge_order = 3;
    options.merge_margin = 1;
    options.bounds = (struct search_bounds){.live = 4, .steps = 100, .memory = 10000};
    bool ok = false;
    for (int64_t left = 0; !ok; left++) {
        make_lattice(&lattice, 5);
        memory_fail_after(left);
        ok = language_init(&language, &models, pool, NULL) &&
             lattice_prune(&lattice, 1e-9, 1, NULL) &&
             lattice_rescore(&lattice, &language, &options, &narrowing, NULL);
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
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_narrowing_remark),
        cmocka_unit_test(test_cut),
        cmocka_unit_test(test_ngram_alone),
        cmocka_unit_test(test_old_model),
        cmocka_unit_test(test_same_model),
        cmocka_unit_test(test_paths),
        cmocka_unit_test(test_posteriors),
        cmocka_unit_test(test_prune_keeps_best),
        cmocka_unit_test(test_bad_graphs),
        cmocka_unit_test(test_trim),
        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, make_models, free_models);
}
