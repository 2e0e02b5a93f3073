// Words added to models and removed from them, against the equations of model/add_words.h.
#include "native_models.h"

#include "model/add_words.h"
#include "model/remove_words.h"
#include "model/resize.h"
#include "model/shares.h"
#include "text/classes.h"
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

static void rename_unknown(struct model *model)
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

// Of a word with sources 1/2 "w1" and 1/2 "w9": the input row is their mean, and so, without classes, is
// the output's, whose bias the share moves.
static void rows_are_means(void **state)
{
    (void)state;
    const struct recipe *recipe = &recipes[2];
    struct model model;
    struct added_report report;
    const struct adding adding = {.from = ADDING_FROM_LETTERS};
    make_model(&model, recipe, MODEL_NATIVE);
    add_new(&model, &adding, &report);
    struct word_parameters own = word_parameters(&model.network);
    size_t id = (size_t)vocabulary_find(&model.vocabulary, "new", 3);
    assert_int_equal(id, recipe->words + 3); // by falling count
    for (size_t i = 0; i < own.input->width; i++)
        assert_near(parameter_row(own.input, id)[i],
                    (parameter_row(own.input, 1)[i] + parameter_row(own.input, 3)[i]) / 2, 1e-6);
    for (size_t i = 0; i < own.words->width; i++)
        assert_near(parameter_row(own.words, id)[i],
                    (parameter_row(own.words, 1)[i] + parameter_row(own.words, 3)[i]) / 2, 1e-6);
    model_free(&model);
}

// From letters: weighted by likeness.
static void letters_weigh_rows(void **state)
{
    (void)state;
    struct model model;
    struct added_words added;
    struct added_report report;
    struct alike alike[2];
    struct error error;
    const struct adding adding = {.from = ADDING_FROM_LETTERS};
    make_model(&model, &recipes[2], MODEL_NATIVE);
    read_added(&added, "w4x\n", &model);
    assert_true(likeness_find(&model.vocabulary, &added.list, alike, &error));
    assert_true(model_add_words(&model, &added, &adding, &report, &error));
    assert_true(alike[1].count > 1);
    const struct parameter *input = word_parameters(&model.network).input;
    for (size_t i = 0; i < input->width; i++) {
        double sum = 0, all = 0;
        for (size_t s = 0; s < alike[1].count; s++) {
            all += (double)alike[1].likeness[s];
            sum += (double)alike[1].likeness[s] *
                   (double)parameter_row(input, (size_t)alike[1].id[s])[i];
        }
        assert_near(parameter_row(input, 40)[i], sum / all, 1e-6);
    }
    added_words_free(&added);
    model_free(&model);
}

// M: the mean of the rows of a class by counts.
static double mean_row(const struct model *model, const struct parameter *words, int32_t k,
                       size_t column)
{
    double sum = 0, all = 0;
    for (int32_t i = model->network.classes.begin[k]; i < model->network.classes.begin[k + 1];
         i++) {
        sum += (double)model->vocabulary.count[i] * (double)parameter_row(words, (size_t)i)[column];
        all += (double)model->vocabulary.count[i];
    }
    return sum / all;
}

// With classes: G(w) = sum of a(s) (W(s) - M(c(s)) + C(c(s))), C(k) their mean, W(w) = G(w) - C(k). Where
// there are biases, shares leave rows as they are.
static void rows_have_their_classes(void **state)
{
    (void)state;
    const struct recipe recipe = {40, "lstm:6", 4, 0, 0, 0.5};
    static const int32_t source[2][2] = {{3, 30}, {12, 39}}; // w9 and w900, w144 and w1521
    struct model model;
    struct added_words added;
    struct added_report report;
    struct error error;
    const struct adding adding = {.from = ADDING_FROM_SIMILAR};
    make_model(&model, &recipe, MODEL_NATIVE);
    read_added(&added, "a 15 like:w9,w900\nb 5 like:w144,w1521\n", &model);
    assert_true(model_add_words(&model, &added, &adding, &report, &error));
    struct word_parameters own = word_parameters(&model.network);
    for (size_t i = 0; i < own.words->width; i++) {
        double sum[2] = {0};
        for (size_t w = 0; w < 2; w++)
            for (size_t s = 0; s < 2; s++) {
                int32_t k = model.network.classes.of_word[source[w][s]];
                sum[w] += ((double)parameter_row(own.words, (size_t)source[w][s])[i] -
                           mean_row(&model, own.words, k, i) +
                           (double)parameter_row(own.classes, (size_t)k)[i]) /
                          2;
            }
        double mean = (15 * sum[0] + 5 * sum[1]) / 20;
        assert_near(parameter_row(own.classes, 4)[i], mean, 1e-5);
        assert_near(parameter_row(own.words, 40)[i], sum[0] - mean, 1e-5);
        assert_near(parameter_row(own.words, 41)[i], sum[1] - mean, 1e-5);
    }
    added_words_free(&added);
    model_free(&model);
}

// A word with one source has, but for its share, the source's probability; with classes as far as the
// normaliser of the source's class is linear in what the output takes in: that of a class of one word is.
static void a_word_follows_its_source(void **state)
{
    (void)state;
    const struct recipe recipe = {20, "lstm:6", 20, 0, 0, 1};
    struct model model;
    struct added_words added;
    struct added_report report;
    struct error error;
    const struct adding adding = {.from = ADDING_FROM_SIMILAR};
    double ratio = 0;
    make_model(&model, &recipe, MODEL_NATIVE);
    read_added(&added, "new 5 like:w49\n", &model);
    assert_true(model_add_words(&model, &added, &adding, &report, &error));
    for (int32_t first = 0; first < 10; first++) {
        double prob[MOST_WORDS];
        distribution(&model, first, prob);
        double now = prob[20] / prob[7];
        assert_near(ratio > 0 ? now / ratio : 1, 1, 1e-4);
        ratio = now;
    }
    added_words_free(&added);
    model_free(&model);
}

// Others have what they had, on average; <unk> and new words together what <unk> had.
static void unknown_words_give(void **state)
{
    (void)state;
    for (size_t r = 0; r < RECIPES; r++) {
        struct model model;
        struct contexts contexts;
        struct added_report report;
        struct error error;
        double before, after;
        int32_t unknown = 2;
        const struct adding adding = {.from_unknown = true, .count = 1};
        make_model(&model, &recipes[r], MODEL_NATIVE);
        rename_unknown(&model);
        for (size_t i = 0; i < model.vocabulary.size; i++)
            model.vocabulary.count[i] *= 2;
        assert_true(contexts_generate(&contexts, &model, &error));
        assert_true(shares_find(&contexts, &model, &unknown, 1, &before, &error));
        add_new(&model, &adding, &report);
        assert_true(shares_find(&contexts, &model, &unknown, 1, &after, &error));
        assert_near((before - after) / report.share, 1, 0.05);
        contexts_free(&contexts);
        model_free(&model);
    }
}

static void unknown_words_have_to_have_it(void **state)
{
    (void)state;
    const struct adding adding = {.from_unknown = true, .count = 1000000};
    for (int named = 0; named < 2; named++) {
        struct model model;
        struct added_words added;
        struct added_report report;
        struct error error = {""};
        make_model(&model, &recipes[0], MODEL_NATIVE);
        if (named)
            rename_unknown(&model);
        read_added(&added, "new\n", &model);
        assert_false(model_add_words(&model, &added, &adding, &report, &error));
        assert_contains(error.text,
                        named ? "smaller counts are wanted" : "has no word for unknown words");
        added_words_free(&added);
        model_free(&model);
    }
}

// ---- the reference's formats -------------------------------------------------------------------

// The classes that the reference makes of the counts are those of the file; a distribution stays one.
static void counts_make_the_same_classes(void **state)
{
    (void)state;
    for (int joins = 0; joins < 2; joins++) {
        struct model model, again;
        struct added_report report;
        struct classes classes;
        struct error error = {""};
        double prob[MOST_WORDS];
        const struct adding adding = {.from = ADDING_FROM_LETTERS, .count = 7};
        struct recipe recipe = recipes[0];
        recipe.words = 40;
        recipe.classes = joins ? 4 : 40; // the last has no words
        make_model(&model, &recipe, MODEL_TEXT);
        assert_true(classes_assign(&classes, model.vocabulary.count, 40, recipe.classes,
                                   CLASSES_SQRT, &error));
        size_t last = (size_t)classes.of_word[39];
        classes_free(&model.network.classes);
        model.network.classes = classes;
        add_new(&model, &adding, &report);
        assert_int_equal(report.joined, joins);
        assert_true(report.uncounted);
        save_model(&model, "model");
        read_with(model_load, &again, "model");
        assert_int_equal(again.vocabulary.size, 44);
        assert_true(classes_assign(&classes, again.vocabulary.count, 44, recipe.classes,
                                   CLASSES_SQRT, &error));
        assert_memory_equal(classes.of_word, again.network.classes.of_word, 44 * sizeof(int32_t));
        assert_int_equal(classes.of_word[43], joins ? last : last + 1);
        classes_free(&classes);
        distribution(&again, 1, prob);
        assert_near(sum_of(prob, 44), 1, 1e-5);
        model_free(&again);
        model_free(&model);
    }
}

// ---- files -------------------------------------------------------------------------------------

static void lists_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text, *message;
    } added[] = {
        {"a\nb\na\n", "words: line 3: found \"a\" for the second time, the first is on line 1"},
        {"a\nw4\n", "words: line 2: found \"w4\", which the model has already"},
        {"</s>\n", "line 1: found \"</s>\", which the model has already"},
        {"<s>\n", "line 1: found \"<s>\", a mark of sentences"},
        {"New York\n",
         "line 1: found \"York\" behind a word, wanted a count of at least 1 or like:"},
        {"a 0\n", "line 1: found \"0\" behind a word"},
        {"a 1000000000000001\n", "line 1: found \"1000000000000001\" behind a word"},
        {"a 3 4\n", "line 1: found a second count, 4"},
        {"\na like:w4,w5\n", "line 2: found \"w5\" behind like:, which the model does not have"},
        {"a like:w4,\n", "line 1: found \"\" behind like:"},
        {"a like:</s>\n", "line 1: found \"</s>\" behind like:, wanted a word"},
        {"", "words: found no word"},
        {" \n\t\n", "words: found no word"},
    };
    static const struct {
        const char *text, *message;
    } removed[] = {
        {"w4\nw9\nw4\n", "words: line 3: found \"w4\" for the second time"},
        {"w5\n", "words: line 1: found \"w5\", which the model does not have"},
        {"</s>\n", "line 1: found </s>, the end of a sentence"},
        {"w4 w9\n", "line 1: found \"w9\" behind a word, wanted one word a line"},
        {"\n\n", "words: found no word"},
    };
    struct vocabulary known;
    bool gone[13];
    make_vocabulary(&known, 13);
    for (size_t i = 0; i < sizeof added / sizeof *added; i++) {
        struct added_words words;
        struct error error = {""};
        write_file("words", added[i].text, strlen(added[i].text));
        assert_false(added_words_read(&words, "words", &known, &error));
        assert_contains(error.text, added[i].message);
        added_words_free(&words);
    }
    for (size_t i = 0; i < sizeof removed / sizeof *removed; i++) {
        struct error error = {""};
        write_file("words", removed[i].text, strlen(removed[i].text));
        assert_false(removed_words_read(gone, "words", &known, &error));
        assert_contains(error.text, removed[i].message);
    }
    vocabulary_free(&known);
}

static void similar_words_may_hold_commas(void **state)
{
    (void)state;
    struct vocabulary known;
    struct added_words words;
    struct error error;
    make_vocabulary(&known, 13);
    assert_int_equal(vocabulary_add(&known, "1,000", 5, &error), 13);
    write_file("words", "b\na like:1,000 7 like:w4,w9\n", 28);
    assert_true(added_words_read(&words, "words", &known, &error));
    assert_int_equal(words.list.size, 3);
    assert_int_equal(words.word[1].likes, 0);
    assert_int_equal(words.word[2].likes, 3);
    assert_int_equal(words.word[2].count, 7);
    assert_int_equal(words.like[0], 13);
    assert_int_equal(words.like[1], 2);
    assert_int_equal(words.like[2], 3);
    added_words_free(&words);
    vocabulary_free(&known);
}

static void similar_words_may_be_wanted(void **state)
{
    (void)state;
    struct model model;
    struct added_words added;
    struct added_report report;
    struct error error = {""};
    const struct adding adding = {.from = ADDING_FROM_SIMILAR};
    make_model(&model, &recipes[0], MODEL_NATIVE);
    read_added(&added, "a like:w4\n\nb\n", &model);
    assert_false(model_add_words(&model, &added, &adding, &report, &error));
    assert_contains(error.text, "line 3: found \"b\" without like:WORD");
    added_words_free(&added);
    model_free(&model);
}

// ---- likeness ----------------------------------------------------------------------------------

static void fill(struct vocabulary *vocabulary, const char *const *words)
{
    assert_true(vocabulary_init(vocabulary, NULL));
    for (; *words != NULL; words++)
        assert_true(vocabulary_add(vocabulary, *words, strlen(*words), NULL) > 0);
}

// ^ab$ has ^a ab b$ ^ab ab$ ^ab$; ^b$ has ^b b$ ^b$; \u00e9 is one letter.
static void likeness_is_of_shared_letters(void **state)
{
    (void)state;
    static const char *const have[] = {"ab",  "<unk>",   "b",        "<s>",
                                       "xyz", "\u00e9a", "ab\u00e9", NULL};
    static const char *const want[] = {"b", "ab", "q", "\u00e9", NULL};
    struct vocabulary known, wanted;
    struct alike alike[5];
    struct error error;
    fill(&known, have);
    fill(&wanted, want);
    assert_true(likeness_find(&known, &wanted, alike, &error));
    assert_int_equal(alike[1].count, 2); // b: itself and ab, by b$
    assert_int_equal(alike[1].id[0], 3);
    assert_near(alike[1].likeness[0], 1, 1e-6);
    assert_int_equal(alike[1].id[1], 1);
    assert_near(alike[1].likeness[1], 1 / sqrt(3 * 6), 1e-6);
    assert_int_equal(alike[2].count, 3); // ab: itself; ab\u00e9 by ^a ab ^ab of 10; b
    assert_int_equal(alike[2].id[0], 1);
    assert_int_equal(alike[2].id[1], 7);
    assert_near(alike[2].likeness[1], 3 / sqrt(6 * 10), 1e-6);
    assert_int_equal(alike[2].id[2], 3);
    assert_int_equal(alike[3].count, 0);
    assert_int_equal(alike[4].count, 2); // \u00e9: \u00e9a by ^\u00e9, ab\u00e9 by \u00e9$
    assert_int_equal(alike[4].id[0], 6);
    assert_near(alike[4].likeness[0], 1 / sqrt(3 * 6), 1e-6);
    vocabulary_free(&known);
    vocabulary_free(&wanted);
}

// Of more that are alike than there is room for, the nearest.
static void the_nearest_stay(void **state)
{
    (void)state;
    static const char *const want[] = {"abcdefghijklmnopqrstuvwxyz", NULL};
    struct vocabulary known, wanted;
    struct alike alike[2];
    struct error error;
    fill(&wanted, want);
    assert_true(vocabulary_init(&known, &error));
    for (size_t i = 0; i < 20; i++) {
        char word[32];
        int length = snprintf(word, sizeof word, "%.*s", (int)(3 + i * 7 % 20), want[0]);
        assert_true(vocabulary_add(&known, word, (size_t)length, &error) > 0);
    }
    assert_true(likeness_find(&known, &wanted, alike, &error));
    assert_int_equal(alike[1].count, LIKENESS_MOST);
    for (size_t i = 0; i < LIKENESS_MOST; i++)
        assert_int_equal(strlen(vocabulary_word(&known, alike[1].id[i])), 22 - i);
    vocabulary_free(&known);
    vocabulary_free(&wanted);
}

// ---- removing ----------------------------------------------------------------------------------

// What was added is removed, and nothing is left of it.
static void removed_as_added(void **state)
{
    (void)state;
    for (size_t r = 0; r < RECIPES; r++) {
        struct model model, before;
        struct added_report report;
        struct error error = {""};
        bool removed[MOST_WORDS] = {false};
        const struct adding adding = {.from = ADDING_FROM_LETTERS};
        make_model(&model, &recipes[r], MODEL_NATIVE);
        make_model(&before, &recipes[r], MODEL_NATIVE);
        add_new(&model, &adding, &report);
        write_file("words", "zzzz\nnew\nother\nw4x\n", 19);
        assert_true(removed_words_read(removed, "words", &model.vocabulary, &error));
        if (!model_remove_words(&model, removed, &error))
            fail_msg("%s", error.text);
        assert_same_parameters(&model.network, &before.network);
        assert_int_equal(model.network.classes.count, before.network.classes.count);
        assert_memory_equal(model.network.classes.of_word, before.network.classes.of_word,
                            before.vocabulary.size * sizeof(int32_t));
        assert_int_equal(model.vocabulary.size, before.vocabulary.size);
        model_free(&model);
        model_free(&before);
    }
}

// The others of a softmax have what they had, divided by what all of them had.
static void others_divide_what_was_removed(void **state)
{
    (void)state;
    static const size_t chosen[] = {0, 2, 3, 4}; // without direct connections
    for (size_t c = 0; c < sizeof chosen / sizeof *chosen; c++) {
        struct model model, before;
        struct error error = {""};
        double was[MOST_WORDS], is[MOST_WORDS], class_was[16] = {0}, class_left[16] = {0};
        bool removed[MOST_WORDS] = {false};
        make_model(&model, &recipes[chosen[c]], MODEL_NATIVE);
        make_model(&before, &recipes[chosen[c]], MODEL_NATIVE);
        rename_unknown(&model);
        removed[10] = removed[11] = removed[12] = true; // no history of distribution() has them
        assert_true(model_remove_words(&model, removed, &error));
        size_t words = before.vocabulary.size;
        const int32_t *of_word = before.network.classes.of_word;
        assert_int_equal(model.vocabulary.size, words - 3);
        assert_int_equal(model.vocabulary.count[2], 1000 / 2 + 1000 / 10 + 1000 / 11 + 1000 / 12);
        distribution(&before, 4, was);
        distribution(&model, 4, is);
        for (size_t i = 0; i < words; i++) {
            class_was[of_word[i]] += was[i];
            class_left[of_word[i]] += removed[i] ? 0 : was[i];
        }
        for (size_t i = 0; i < words; i++) {
            size_t k = (size_t)of_word[i], now = i < 10 ? i : i - 3;
            if (!removed[i])
                assert_near(is[now] / (was[i] / class_left[k] * class_was[k]), 1, 1e-4);
        }
        model_free(&model);
        model_free(&before);
    }
}

// A class that is left without words goes with its row.
static void empty_classes_go(void **state)
{
    (void)state;
    struct model model;
    struct error error;
    double prob[MOST_WORDS];
    bool removed[MOST_WORDS] = {false};
    make_model(&model, &recipes[0], MODEL_NATIVE); // 13 words in 3 classes
    for (size_t i = 5; i < 9; i++)
        removed[i] = model.network.classes.of_word[i] == 1;
    assert_true(model_remove_words(&model, removed, &error));
    assert_int_equal(model.network.classes.count, 2);
    assert_int_equal(network_parameter(&model.network, "output.classes")->rows, 2);
    distribution(&model, 0, prob);
    assert_near(sum_of(prob, model.vocabulary.size), 1, 1e-5);
    model_free(&model);
}

static void some_words_cannot_be_removed(void **state)
{
    (void)state;
    struct model model;
    struct error error = {""};
    bool removed[MOST_WORDS] = {false};
    make_model(&model, &recipes[1], MODEL_NATIVE);
    removed[10] = true;
    assert_false(model_remove_words(&model, removed, &error));
    assert_contains(error.text, "direct connections are found by the numbers of words");
    assert_contains(error.text, "found \"w100\", behind which \"w1521\" would stay");
    model_free(&model);
    make_model(&model, &recipes[0], MODEL_BINARY);
    assert_false(model_remove_words(&model, removed, &error));
    assert_contains(error.text, "format binary makes classes of counts");
    assert_contains(error.text, "-format native is wanted");
    memset(removed + 1, true, 12);
    assert_false(model_remove_words(&model, removed, &error));
    assert_contains(error.text, "no word would be left but </s>");
    model_free(&model);
}

// ---- memory ------------------------------------------------------------------------------------

// Allocations fail one after another: a message, and nothing is lost.
static void memory_runs_out(void **state)
{
    (void)state;
    for (size_t r = 1; r < 4; r += 2) // with and without direct connections
        for (int64_t at = 0, done = 0; !done; at += slow_build() ? 17 : 3) {
            struct model model;
            struct added_words added;
            struct added_report report;
            struct error error = {""};
            bool removed[MOST_WORDS] = {false};
            const struct adding adding = {.from = ADDING_FROM_LETTERS};
            make_model(&model, &recipes[r], MODEL_NATIVE);
            memory_fail_after(at);
            done = added_words_read(&added, "all", &model.vocabulary, &error) &&
                   model_add_words(&model, &added, &adding, &report, &error);
            removed[recipes[r].words + 3] = done;
            done = done && model_remove_words(&model, removed, &error);
            memory_fail_after(-1);
            if (!done)
                assert_contains(error.text, "not enough memory");
            added_words_free(&added);
            model_free(&model);
        }
}

static int begin(void **state)
{
    int result = scratch_enter(state);
    write_file("all", new_words, strlen(new_words));
    return result;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(others_keep_their_order),
        cmocka_unit_test(shares_follow_counts),
        cmocka_unit_test(rows_are_means),
        cmocka_unit_test(letters_weigh_rows),
        cmocka_unit_test(rows_have_their_classes),
        cmocka_unit_test(a_word_follows_its_source),
        cmocka_unit_test(unknown_words_give),
        cmocka_unit_test(unknown_words_have_to_have_it),
        cmocka_unit_test(counts_make_the_same_classes),
        cmocka_unit_test(lists_are_refused),
        cmocka_unit_test(similar_words_may_hold_commas),
        cmocka_unit_test(similar_words_may_be_wanted),
        cmocka_unit_test(likeness_is_of_shared_letters),
        cmocka_unit_test(the_nearest_stay),
        cmocka_unit_test(removed_as_added),
        cmocka_unit_test(others_divide_what_was_removed),
        cmocka_unit_test(empty_classes_go),
        cmocka_unit_test(some_words_cannot_be_removed),
        cmocka_unit_test(memory_runs_out),
    };
    return cmocka_run_group_tests_name("words", tests, begin, scratch_leave);
}
