// A network's cache of its own states, against its definition in double precision; by itself, in a
// source, and its settings.
#include "testing.h"

#include <math.h>

#include "native_models.h"
#include "net/march.h"
#include "score/neural_cache_tune.h"

enum { WIDTH = 7, STRIDE = 9, KINDS = 12, LENGTH = 1700, THETAS = 3 };

static const double THETA[THETAS] = {0, 0.5, 2.5};

// A text with outputs, some words of which are unknown.
struct course {
    float top[LENGTH * STRIDE];
    int32_t word[LENGTH];
};

static void make_course(struct course *course, size_t known_from)
{
    struct random random;
    random_seed(&random, 5);
    for (size_t i = 0; i < LENGTH * STRIDE; i++)
        course->top[i] = (float)random_uniform(&random, -1, 1);
    for (size_t i = 0; i < LENGTH; i++)
        course->word[i] = i < known_from || random_next(&random) % 9 == 0
                              ? WORD_OOV
                              : random_next(&random) % KINDS;
}

// P_cache of all words [KINDS] in front of place `at`; false where the cache is empty.
static bool by_definition(const struct course *course, size_t at, size_t window, double theta,
                          double *prob)
{
    double sum = 0;
    memset(prob, 0, KINDS * sizeof *prob);
    for (size_t i = at, seen = 0; i-- > 0 && seen < window;) {
        if (course->word[i] < 0)
            continue;
        double product = 0;
        for (size_t j = 0; j < WIDTH; j++)
            product += (double)course->top[i * STRIDE + j] * (double)course->top[at * STRIDE + j];
        prob[course->word[i]] += exp(theta * product);
        sum += exp(theta * product);
        seen++;
    }
    for (size_t w = 0; w < KINDS && sum > 0; w++)
        prob[w] /= sum;
    return sum > 0;
}

static void new_cache(struct neural_cache *cache, size_t window, double theta, double lambda,
                      struct pool *pool)
{
    struct error error = {""};
    const struct neural_cache_rule rule = {window, theta, lambda};
    if (!neural_cache_init(cache, &rule, WIDTH, pool, &error))
        fail_msg("%s", error.text);
}

static void words_by_definition(void **state)
{
    (void)state;
    static struct course course;
    static double prob[THETAS * LENGTH], again[THETAS * LENGTH];
    const size_t windows[] = {1, 40, 900};
    struct pool *pool = pool_new(3, NULL);
    make_course(&course, 3);
    for (size_t k = 0; k < 3; k++) {
        struct neural_cache alone, many;
        new_cache(&alone, windows[k], 1, 0.5, NULL);
        new_cache(&many, windows[k], 1, 0.5, pool);
        neural_cache_words(&alone, course.top, STRIDE, course.word, LENGTH, THETA, THETAS, prob);
        neural_cache_words(&many, course.top, STRIDE, course.word, LENGTH, THETA, THETAS, again);
        assert_memory_equal(prob, again, sizeof prob);
        for (size_t i = 0; i < LENGTH; i++)
            for (size_t t = 0; t < THETAS; t++) {
                double wanted[KINDS];
                bool any = by_definition(&course, i, windows[k], THETA[t], wanted);
                double found = prob[t * LENGTH + i];
                assert_near(found,
                            course.word[i] < 0 ? 0
                            : any              ? wanted[course.word[i]]
                                               : -1,
                            2e-6);
            }
        neural_cache_free(&alone);
        neural_cache_free(&many);
    }
    pool_free(pool);
}

// Whole, and in pieces of all sizes.
static void mixed_in_pieces(void **state)
{
    (void)state;
    static struct course course;
    static double whole[LENGTH], pieces[LENGTH];
    struct neural_cache cache;
    make_course(&course, 3);
    for (int way = 0; way < 2; way++) {
        double *prob = way == 0 ? whole : pieces;
        for (size_t i = 0; i < LENGTH; i++)
            prob[i] = 0.25;
        new_cache(&cache, 40, 0.5, 0.375, NULL);
        for (size_t first = 0, n = LENGTH, round = 0; first < LENGTH; first += n, round++) {
            n = way == 0 ? LENGTH : (round * 7) % 90;
            n = n < LENGTH - first ? n : LENGTH - first;
            neural_cache_mix(&cache, course.top + first * STRIDE, STRIDE, course.word + first, n,
                             prob + first);
        }
        neural_cache_free(&cache);
    }
    assert_memory_equal(whole, pieces, sizeof whole);
    for (size_t i = 0; i < LENGTH; i++) {
        double wanted[KINDS];
        bool any = by_definition(&course, i, 40, 0.5, wanted) && course.word[i] >= 0;
        assert_near(whole[i], any ? 0.625 * 0.25 + 0.375 * wanted[course.word[i]] : 0.25, 2e-6);
    }
}

static void all_words_and_draws(void **state)
{
    (void)state;
    enum { DRAWS = 20000, AT = 60 };
    static struct course course;
    struct neural_cache cache;
    struct random random;
    double prob[KINDS], cached[KINDS], sum = 0;
    size_t drawn[KINDS] = {0}, from_network = 0;
    make_course(&course, 0);
    new_cache(&cache, 40, 0.5, 0.375, NULL);
    for (size_t w = 0; w < KINDS; w++)
        prob[w] = 1.0 / KINDS;
    neural_cache_mix_all(&cache, course.top, prob, KINDS);
    assert_true(prob[0] == 1.0 / KINDS); // empty
    random_seed(&random, 3);
    assert_int_equal(neural_cache_draw(&cache, course.top, &random), WORD_OOV);
    neural_cache_words(&cache, course.top, STRIDE, course.word, AT, THETA, 0, NULL);
    neural_cache_mix_all(&cache, course.top + AT * STRIDE, prob, KINDS);
    assert_true(by_definition(&course, AT, 40, 0.5, cached));
    for (size_t w = 0; w < KINDS; w++) {
        assert_near(prob[w], 0.625 / KINDS + 0.375 * cached[w], 1e-6);
        sum += prob[w];
    }
    assert_near(sum, 1, 1e-6);
    for (size_t i = 0; i < DRAWS; i++) {
        int32_t word = neural_cache_draw(&cache, course.top + AT * STRIDE, &random);
        if (word < 0)
            from_network++;
        else
            drawn[word]++;
    }
    assert_near((double)from_network / DRAWS, 0.625, 0.02);
    for (size_t w = 0; w < KINDS; w++)
        assert_near((double)drawn[w] / DRAWS, 0.375 * cached[w], 0.01);
    neural_cache_free(&cache);
}

// ---- in a source ------------------------------------------------------------------------------

enum { TEXT = 600 };

static struct model model;
static struct token token[TEXT];
static struct pool *pool;

static void make_text(void)
{
    struct random random;
    random_seed(&random, 8);
    for (size_t i = 0; i < TEXT; i++) {
        int32_t id = random_next(&random) % 40;
        // Some are known to nobody, and what is above a third of the vocabulary comes in runs.
        const char *word = id == 39 ? "nobody" : vocabulary_word(&model.vocabulary, id % 13);
        token[i] = (struct token){word, strlen(word), id % 13 == WORD_END && id != 39};
    }
}

static int open_model(void **state)
{
    static const struct recipe recipe = {13, "lstm:5,compression:4", 3, 0, 0, 1};
    make_model(&model, &recipe, MODEL_NATIVE);
    pool = pool_new(2, NULL);
    make_text();
    return scratch_enter(state);
}

static int close_model(void **state)
{
    model_free(&model);
    pool_free(pool);
    return scratch_leave(state);
}

static struct source *open_source(size_t window, double theta, double lambda)
{
    struct error error = {""};
    const struct network_use use = {
        .unknown = WORD_OOV, .cache = {window, theta, lambda}, .pool = pool};
    struct source *source = source_network(&model, &use, &error);
    if (source == NULL)
        fail_msg("%s", error.text);
    return source;
}

// The network's own probabilities, and what its output takes in.
static void march(double *prob, float *top, int32_t *id)
{
    struct forward_crew crew;
    struct march march;
    struct state *now = state_at_start(&model.network, STATE_STORED, model.state, NULL);
    for (size_t i = 0; i < TEXT; i++)
        id[i] = vocabulary_find(&model.vocabulary, token[i].text, token[i].length);
    assert_true(forward_crew_init(&crew, &model.network, false, pool, NULL) &&
                march_init(&march, &crew, NULL));
    assert_true(march_score_tops(&march, now, id, TEXT, prob, top, NULL));
    march_free(&march);
    forward_crew_free(&crew);
    free(now);
}

static void sources_mix_their_cache_in(void **state)
{
    (void)state;
    enum { WINDOW = 50 };
    static double net[TEXT];
    static float top[TEXT * 4];
    static int32_t id[TEXT];
    struct error error = {""};
    struct source *ahead = open_source(WINDOW, 1.5, 0.25), *one = open_source(WINDOW, 1.5, 0.25),
                  *passing = open_source(WINDOW, 1.5, 0.25);
    struct neural_cache cache;
    const struct neural_cache_rule rule = {WINDOW, 1.5, 0.25};
    double all[13], sum = 0;
    march(net, top, id);
    assert_true(neural_cache_init(&cache, &rule, 4, NULL, NULL));
    neural_cache_mix(&cache, top, 4, id, TEXT, net);
    neural_cache_free(&cache);
    assert_true(source_look_ahead(ahead, token, TEXT, &error));
    for (size_t i = 0; i < TEXT; i++) {
        struct source_word a, b, c;
        if (i == TEXT - 100 && id[i] >= 0)
            assert_true(source_distribution(one, all, &error));
        assert_true(source_next(ahead, &token[i], &a, &error) &&
                    source_next(one, &token[i], &b, &error));
        assert_near(a.prob, net[i], 1e-7);
        assert_near(b.prob, net[i], 1e-6);
        if (i == TEXT - 100 && id[i] >= 0)
            assert_near(all[id[i]], b.prob, 1e-7);
        if (i % 2 == 0) {
            source_advance(passing, &token[i]);
        } else {
            assert_true(source_next(passing, &token[i], &c, &error));
            assert_near(c.prob, net[i], 1e-6);
        }
    }
    assert_true(source_distribution(one, all, &error));
    for (size_t w = 0; w < 13; w++)
        sum += all[w];
    assert_near(sum, 1, 1e-6);
    source_free(ahead);
    source_free(one);
    source_free(passing);
}

// A word's probability does not depend on what stands behind it.
static void only_the_past_is_used(void **state)
{
    (void)state;
    struct error error = {""};
    struct token other[TEXT];
    for (size_t cut = 1; cut < TEXT; cut += 97) {
        struct source *a = open_source(80, 2, 0.5), *b = open_source(80, 2, 0.5);
        for (size_t i = 0; i < TEXT; i++)
            other[i] = i <= cut ? token[i] : token[TEXT - 1 - (i - cut)];
        assert_true(source_look_ahead(a, token, TEXT, &error) &&
                    source_look_ahead(b, other, TEXT, &error));
        for (size_t i = 0; i <= cut; i++) {
            struct source_word x, y;
            assert_true(source_next(a, &token[i], &x, &error) &&
                        source_next(b, &other[i], &y, &error));
            assert_near(x.prob, y.prob, 1e-6);
        }
        source_free(a);
        source_free(b);
    }
}

static void draws_come_from_the_cache_too(void **state)
{
    (void)state;
    struct error error = {""};
    struct source *source = open_source(1, 1, 1);
    struct source_word word;
    struct random random;
    struct token known = {vocabulary_word(&model.vocabulary, 7), 3, false};
    known.length = strlen(known.text);
    random_seed(&random, 1);
    assert_non_null(source_draw(source, &random)); // from the network: there is nothing yet
    assert_true(source_next(source, &known, &word, &error));
    for (int i = 0; i < 20; i++)
        assert_string_equal(source_draw(source, &random), known.text);
    source_free(source);
}

// ---- settings ---------------------------------------------------------------------------------

// A text in which words come again.
static void write_text(void)
{
    FILE *file = fopen("text", "w");
    assert_non_null(file);
    for (size_t i = 0; i < 900; i++) {
        size_t id = 1 + (i * i / 40 % 3 + i / 60 * 5) % 12;
        fprintf(file, "%s%s", i % 11 == 10 ? "nobody" : vocabulary_word(&model.vocabulary, (int)id),
                i % 9 == 8 ? "\n" : " ");
    }
    fclose(file);
}

static double log10_of(double theta, double lambda)
{
    struct error error = {""};
    struct source *source = open_source(50, theta, lambda);
    struct reader *text = reader_open("text", &error);
    struct token next;
    struct source_word word;
    double sum = 0;
    while (reader_next(text, &next)) {
        assert_true(source_next(source, &next, &word, &error));
        sum += word.prob > 0 ? log10(word.prob) : 0;
    }
    reader_close(text);
    source_free(source);
    return sum;
}

static struct neural_cache_rule tuned(double theta, double lambda)
{
    struct error error = {""};
    const struct network_use use = {.unknown = WORD_OOV, .pool = pool};
    struct neural_cache_rule rule = {50, theta, lambda};
    struct reader *text = reader_open("text", &error);
    if (!neural_cache_tune(&model, &use, text, &rule, &error))
        fail_msg("%s", error.text);
    reader_close(text);
    return rule;
}

static void settings_are_the_likeliest(void **state)
{
    (void)state;
    write_text();
    struct neural_cache_rule both = tuned((double)NAN, (double)NAN);
    double best = log10_of(both.theta, both.lambda);
    assert_true(both.lambda > 0.01 && both.lambda < 0.99);
    assert_true(best > log10_of(both.theta, 0) + 10);
    for (int side = -1; side <= 1; side += 2) {
        assert_true(best > log10_of(both.theta, both.lambda * (1 + 0.05 * side)));
        double theta = both.theta * pow(2, 0.5 * side);
        assert_true(best > log10_of(theta, tuned(theta, (double)NAN).lambda));
    }
    struct neural_cache_rule given = tuned(both.theta, (double)NAN);
    assert_true(given.theta == both.theta);
    assert_near(given.lambda, both.lambda, 1e-9);
    given = tuned((double)NAN, 0.875);
    assert_true(given.lambda == 0.875 && given.window == 50);
    assert_true(log10_of(given.theta, 0.875) > log10_of(given.theta * 1.42, 0.875) &&
                log10_of(given.theta, 0.875) > log10_of(given.theta / 1.42, 0.875));
}

static void texts_that_tell_nothing(void **state)
{
    (void)state;
    const struct network_use use = {.unknown = WORD_OOV, .pool = pool};
    const char *const texts[] = {"", "nobody\n", "\n"};
    for (size_t i = 0; i < 3; i++) {
        struct error error = {""};
        struct neural_cache_rule rule = {50, (double)NAN, (double)NAN};
        write_file("none", texts[i], strlen(texts[i]));
        struct reader *text = reader_open("none", &error);
        assert_false(neural_cache_tune(&model, &use, text, &rule, &error));
        assert_contains(error.text, "none: found no two words that the model knows");
        assert_true(isnan(rule.theta) && isnan(rule.lambda));
        reader_close(text);
    }
}

static void failed_allocations(void **state)
{
    (void)state;
    const struct network_use use = {.unknown = WORD_OOV, .cache = {50, 1, 0.5}, .pool = pool};
    write_text();
    int64_t count = 0;
    for (bool ok = false; !ok; count++) {
        struct error error = {""};
        struct neural_cache_rule rule = {50, (double)NAN, (double)NAN};
        struct reader *text = reader_open("text", NULL);
        memory_fail_after(count);
        struct source *source = source_network(&model, &use, &error);
        ok = source != NULL && source_look_ahead(source, token, TEXT, &error) &&
             neural_cache_tune(&model, &use, text, &rule, &error);
        memory_fail_after(-1);
        if (!ok)
            assert_contains(error.text, "not enough memory");
        if (source != NULL)
            source_free(source);
        reader_close(text);
    }
    assert_true(count > 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_by_definition),
        cmocka_unit_test(mixed_in_pieces),
        cmocka_unit_test(all_words_and_draws),
        cmocka_unit_test(sources_mix_their_cache_in),
        cmocka_unit_test(only_the_past_is_used),
        cmocka_unit_test(draws_come_from_the_cache_too),
        cmocka_unit_test(settings_are_the_likeliest),
        cmocka_unit_test(texts_that_tell_nothing),
        cmocka_unit_test(failed_allocations),
    };
    return cmocka_run_group_tests_name("neural cache", tests, open_model, close_model);
}
