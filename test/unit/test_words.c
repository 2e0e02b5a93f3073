// Words added to models and removed from them, against the equations of model/add_words.h.
#include "native_models.h"

#include "model/add_words.h"
#include "model/remove_words.h"
#include "model/resize.h"
#include "model/shares.h"
#include "text/likeness.h"

enum { MOST_WORDS = 128 };

static const struct recipe recipes[] = {
    {13, "elman:5", 3, 0, 0, 0.5},
    {40, "elman:17,compression:33", 4, 5003, 3, 0.5},
    {40, "lstm:18,elman:33 full", 1, 0, 0, 0.5},
    {40, "lstm:5,elman:20 class tied", 4, 0, 0, 0.5},
    {40, "elman:33:tanh full tied", 1, 0, 0, 0.5},
    {20, "elman:7:tanh class", 1, 0, 0, 0.5},
};

enum { RECIPES = sizeof recipes / sizeof *recipes };

// ---- models ------------------------------------------------------------------------------------

// The probabilities of all words after a text of three words.
static void distribution(const struct model *model, int32_t first, double *prob)
{
    struct error error = {""};
    struct forward_weights weights;
    struct forward forward;
    const struct network *network = &model->network;
    size_t at[MOST_WORDS] = {0};
    int32_t word[MOST_WORDS];
    assert_true(forward_weights_init(&weights, network, false, &error));
    assert_true(forward_init(&forward, &weights, MOST_WORDS, &error));
    struct state *now = state_at_start(network, STATE_TEXT, NULL, &error);
    struct state *next = state_new(network, &error);
    for (int32_t i = 0; i < 3; i++) {
        int32_t taken = (first + 3 * i) % 10;
        forward_advance(&forward, 1, (const struct state *const *)&now, &taken, &next);
        struct state *swapped = now;
        now = next;
        next = swapped;
    }
    for (size_t i = 0; i < network->shape.words; i++)
        word[i] = (int32_t)i;
    forward_load(&forward, 1, (const struct state *const *)&now);
    assert_true(forward_predict(&forward, network->shape.words, at, word, prob, &error));
    free(now);
    free(next);
    forward_free(&forward);
    forward_weights_free(&weights);
}

static double sum_of(const double *prob, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += prob[i];
    return sum;
}

__attribute__((unused)) static void rename_unknown(struct model *model)
{
    struct vocabulary words;
    assert_true(vocabulary_init(&words, NULL));
    for (size_t i = 1; i < model->vocabulary.size; i++) {
        const char *word = i == 2 ? "<unk>" : vocabulary_word(&model->vocabulary, (int32_t)i);
        assert_int_equal(vocabulary_add(&words, word, strlen(word), NULL), i);
        words.count[i] = model->vocabulary.count[i];
    }
    vocabulary_free(&model->vocabulary);
    model->vocabulary = words;
}

static void read_added(struct added_words *added, const char *text, const struct model *model)
{
    struct error error = {""};
    write_file("words", text, strlen(text));
    if (!added_words_read(added, "words", &model->vocabulary, &error))
        fail_msg("%s", error.text);
}

static const char *const new_words =
    "new 5 like:w1,w9\nw4x\n\n zzzz 11\t\r\nother like:w16 like:w25\n";

static void add_new(struct model *model, const struct adding *adding, struct added_report *report)
{
    struct error error = {""};
    struct added_words added;
    read_added(&added, new_words, model);
    if (!model_add_words(model, &added, adding, report, &error))
        fail_msg("%s", error.text);
    added_words_free(&added);
}

static void assert_share(const struct contexts *contexts, const struct model *model,
                         const char *word, double wanted)
{
    double share;
    struct error error;
    int32_t id = vocabulary_find(&model->vocabulary, word, strlen(word));
    assert_true(id > 0 && shares_find(contexts, model, &id, 1, &share, &error));
    assert_near(share / wanted, 1, 0.02);
}

// ---- adding ------------------------------------------------------------------------------------

// Old words keep their numbers, weights and, divided by one number, their probabilities.
static void others_keep_their_order(void **state)
{
    (void)state;
    for (size_t r = 0; r < RECIPES; r++) {
        struct model model, before;
        struct added_report report;
        const struct adding adding = {.from = ADDING_FROM_LETTERS};
        make_model(&model, &recipes[r], MODEL_NATIVE);
        make_model(&before, &recipes[r], MODEL_NATIVE);
        add_new(&model, &adding, &report);
        size_t old = before.vocabulary.size;
        assert_int_equal(model.vocabulary.size, old + 4);
        assert_int_equal(report.similar, 2);
        assert_int_equal(report.letters, 1);
        assert_int_equal(report.rare, 1);
        assert_false(report.joined || report.uncounted);
        for (int32_t first = 0; first < 10; first++) {
            double was[MOST_WORDS], is[MOST_WORDS];
            distribution(&before, first, was);
            distribution(&model, first, is);
            assert_near(sum_of(is, old + 4), 1, 1e-5);
            double left = sum_of(is, old);
            assert_true(left < 1);
            for (size_t i = 0; i < old; i++) {
                assert_string_equal(vocabulary_word(&model.vocabulary, (int32_t)i),
                                    vocabulary_word(&before.vocabulary, (int32_t)i));
                assert_near(is[i] / (was[i] * left), 1, 2e-5);
            }
        }
        model_free(&model);
        model_free(&before);
    }
}

static void shares_follow_counts(void **state)
{
    (void)state;
    for (size_t r = 0; r < RECIPES; r++) {
        struct model model;
        struct contexts contexts;
        struct added_report report;
        struct error error;
        double total = 0;
        const struct adding adding = {.from = ADDING_FROM_RARE, .count = 7};
        make_model(&model, &recipes[r], MODEL_NATIVE);
        assert_true(contexts_generate(&contexts, &model, &error));
        add_new(&model, &adding, &report);
        for (size_t i = 0; i < model.vocabulary.size; i++)
            total += (double)model.vocabulary.count[i];
        assert_true(report.off < 0.005);
        assert_near(report.share, (11 + 7 + 7 + 5) / total, 1e-9);
        assert_share(&contexts, &model, "zzzz", 11 / total);
        assert_share(&contexts, &model, "w4x", 7 / total);
        assert_share(&contexts, &model, "other", 7 / total);
        assert_share(&contexts, &model, "new", 5 / total);
        contexts_free(&contexts);
        model_free(&model);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(others_keep_their_order),
        cmocka_unit_test(shares_follow_counts),
    };
    return cmocka_run_group_tests_name("words", tests, scratch_enter, scratch_leave);
}
