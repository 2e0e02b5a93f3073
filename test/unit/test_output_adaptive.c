// The clusters of the adaptive output that cost least.
#include "testing.h"

#include <stdlib.h>

#include "net/outputs/adaptive.h"

static struct network_shape chosen(size_t words, size_t width, uint64_t (*count)(size_t word))
{
    struct network_shape shape = {.words = words, .layers = 1, .layer = {{.units = width}}};
    struct error error = {""};
    uint64_t *counts = calloc(words, sizeof *counts);
    assert_non_null(counts);
    for (size_t w = 0; w < words; w++)
        counts[w] = count(w);
    assert_true(adaptive_choose_clusters(&shape, counts, NULL, &error));
    free(counts);
    return shape;
}

static size_t end_of(const struct network_shape *shape, size_t k)
{
    return k + 1 < shape->clusters ? shape->cluster[k + 1].first : shape->words;
}

static uint64_t zipf(size_t word)
{
    return 1000000 / (word + 1) + 1;
}

static uint64_t once(size_t word)
{
    return word < 1000 ? 1000 / (word + 1) : 1;
}

static void few_words_are_all_frequent(void **state)
{
    (void)state;
    assert_int_equal(chosen(100, 200, zipf).clusters, 0);
    assert_int_equal(chosen(500, 200, zipf).clusters, 0);
}

// Rows as wide as 200 >> 2, >> 4 and 16: only those of the least width are divided again, in classes.
static void narrower_clusters_are_larger(void **state)
{
    (void)state;
    static const size_t vocabulary[] = {10000, 100000, 1000000};
    for (size_t v = 0; v < 3; v++)
        for (size_t c = 0; c < 2; c++) {
            struct network_shape shape = chosen(vocabulary[v], 200, c == 0 ? zipf : once);
            assert_true(shape.clusters >= 2 && shape.clusters <= SHAPE_MOST_CLUSTERS);
            for (size_t k = 0; k < shape.clusters; k++) {
                const struct cluster_shape *cluster = &shape.cluster[k];
                size_t words = end_of(&shape, k) - cluster->first;
                bool narrower = k == 0 || adaptive_width(200, k) < adaptive_width(200, k - 1);
                assert_true(cluster->first > 0 && cluster->first < end_of(&shape, k));
                assert_true(cluster->class_words < words);
                assert_true(cluster->group_classes * cluster->class_words < words);
                if (narrower)
                    assert_true(words >= 3 * cluster->first);
                else
                    assert_true(cluster->class_words > 0);
            }
        }
}

// Narrower rows are reason enough for a cluster.
static void narrower_clusters_need_no_classes(void **state)
{
    (void)state;
    struct network_shape shape = chosen(10000, 200, zipf);
    assert_true(shape.clusters >= 2);
    assert_int_equal(shape.cluster[0].class_words, 0);
    assert_int_equal(shape.cluster[1].class_words, 0);
}

static size_t parts(size_t whole, size_t each)
{
    return (whole + each - 1) / each;
}

// Rows that a word of a cluster touches: of all its levels.
static double rows_touched(const struct cluster_shape *cluster, size_t words)
{
    size_t n = cluster->class_words, m = cluster->group_classes;
    if (n == 0)
        return (double)words;
    return (double)(m == 0 ? n + parts(words, n) : n + m + parts(parts(words, n), m));
}

// Words that come once are as good as all the text: a place touches some hundred rows, where two
// levels of a million words are of a thousand each.
static void rare_words_touch_few_rows(void **state)
{
    (void)state;
    struct network_shape shape = chosen(1000000, 200, once);
    double touched = 0;
    for (size_t k = 0; k < shape.clusters; k++) {
        size_t words = end_of(&shape, k) - shape.cluster[k].first;
        touched += (double)words / 1e6 * rows_touched(&shape.cluster[k], words);
    }
    assert_true(touched < 200);
    assert_int_equal(shape.cluster[0].first, 128); // the first point of the grid is a choice, too
    assert_true(shape.clusters > 8 && shape.clusters < SHAPE_MOST_CLUSTERS); // each has its price
}

static void clusters_that_are_given_stay(void **state)
{
    (void)state;
    struct network_shape shape = {.words = 10000,
                                  .layers = 1,
                                  .layer = {{.units = 200}},
                                  .clusters = 1,
                                  .cluster = {{77, 0, 0}}};
    struct error error = {""};
    uint64_t count = 1;
    assert_true(adaptive_choose_clusters(&shape, &count, NULL, &error));
    assert_int_equal(shape.clusters, 1);
    assert_int_equal(shape.cluster[0].first, 77);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(few_words_are_all_frequent),
        cmocka_unit_test(narrower_clusters_are_larger),
        cmocka_unit_test(narrower_clusters_need_no_classes),
        cmocka_unit_test(rare_words_touch_few_rows),
        cmocka_unit_test(clusters_that_are_given_stay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
