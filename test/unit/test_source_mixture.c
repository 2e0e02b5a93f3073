// Mixtures of sources as sources: linear and log-linear ones against their equations, by n-gram models whose
// probabilities are known.
#include "testing.h"

#include "score/source_mixture.h"
#include "scratch.h"

static const char
    ONE[] =
        "\\data\\\nngram 1=6\nngram 2=2\n\n\\1-grams:\n-99\t<s>\t-0.25\n-0.5\t</s>\n-0.75\t<unk>\n"
        "-0.7\ta\t-0.125\n-0.8\tb\n-0.9\tonly\n\n\\2-grams:\n-0.25\t<s> a\n-0.5\ta b\n\n"
        "\\end\\\n",
    TWO[] =
        "\\data\\\nngram 1=6\n\n\\1-grams:\n-99\t<s>\n-0.6\t</s>\n-0.5\t<unk>\n-1.1\ta\n-0.4\tb\n"
        "-0.9\tmine\n\n\\end\\\n",
    // without a word for unknown ones
    BARE[] =
        "\\data\\\nngram 1=4\n\n\\1-grams:\n-99\t<s>\n-0.4\t</s>\n-0.4\ta\n-0.7\tb\n\n\\end\\\n";

static const char TEXT[] = "a b\nb a only\n\nmine other a\n";
static const char *const words[] = {"</s>", "<unk>", "a", "b", "only", "mine"};
enum { WORDS = sizeof words / sizeof *words };

static struct ngram_model *model[3];

static struct source *part(size_t i)
{
    struct source *source = source_ngram(model[i], NULL, NULL);
    assert_non_null(source);
    return source;
}

static struct token token_of(const char *word)
{
    return (struct token){word, strlen(word), strcmp(word, "</s>") == 0};
}

// P_i(word) of the model by itself, behind the words before; then it goes on behind `word`.
static double own_prob(struct source *source, const char *word)
{
    struct token token = token_of(word);
    struct source_word found;
    assert_true(source_next(source, &token, &found, NULL));
    return found.prob;
}

// P_i of all words, where the text so far is `text`.
static void own_probs(size_t i, const char *const *text, size_t count, double *prob)
{
    for (size_t k = 0; k < WORDS; k++) {
        struct source *source = part(i);
        for (size_t t = 0; t < count; t++)
            own_prob(source, text[t]);
        prob[k] = own_prob(source, words[k]);
        source_free(source);
    }
}

static const char *const text[] = {"a", "b", "</s>", "only", "a", "mine", "</s>", "a", "a"};
enum { LENGTH = sizeof text / sizeof *text };

static void log_linear_equation(void **state)
{
    (void)state;
    const double weight[] = {0.7, 0.6};
    struct source *const parts[] = {part(0), part(1)};
    struct source *mixture = source_log_linear(parts, weight, 2, NULL);
    const struct vocabulary *all = source_words(mixture);
    assert_int_equal(all->size, WORDS + 1); // <s>
    for (size_t t = 0; t < LENGTH; t++) {
        double one[WORDS], two[WORDS], sum = 0, found[WORDS + 1], total = 0;
        own_probs(0, text, t, one);
        own_probs(1, text, t, two);
        for (size_t k = 0; k < WORDS; k++)
            sum += pow(one[k], weight[0]) * pow(two[k], weight[1]);
        assert_true(source_distribution(mixture, found, NULL));
        for (size_t k = 0; k < WORDS; k++) {
            int32_t id = vocabulary_find(all, words[k], strlen(words[k]));
            total += found[id];
            assert_near(found[id], pow(one[k], weight[0]) * pow(two[k], weight[1]) / sum, 1e-12);
        }
        assert_near(total, 1, 1e-12);
        struct token token = token_of(text[t]);
        struct source_word word;
        assert_true(source_next(mixture, &token, &word, NULL));
        assert_near(word.prob, found[vocabulary_find(all, text[t], strlen(text[t]))], 1e-12);
        assert_string_equal(word.name, text[t]);
    }
    struct token token = token_of("zebra");
    struct source_word word;
    double found[WORDS + 1];
    assert_true(source_distribution(mixture, found, NULL) &&
                source_next(mixture, &token, &word, NULL));
    assert_string_equal(word.name, "<unk>");
    assert_near(word.prob, found[word.id], 1e-12);
    source_free(mixture);
}

// A word that one of the models gives nothing is unknown; where that weighs nothing, it has no say.
static void words_that_one_does_not_know(void **state)
{
    (void)state;
    struct token only = token_of("only");
    struct source_word word;
    for (int none = 0; none < 2; none++) {
        const double weight[] = {1, none ? 0 : 0.5};
        struct source *const parts[] = {part(0), part(2)};
        struct source *mixture = source_log_linear(parts, weight, 2, NULL);
        assert_true(source_next(mixture, &only, &word, NULL));
        assert_true(none ? word.prob > 0 && word.id >= 0 : word.prob == 0 && word.id == WORD_OOV);
        source_free(mixture);
    }
}

static void linear_equation(void **state)
{
    (void)state;
    const double weight[] = {0.25, 0.75};
    struct source *const parts[] = {part(0), part(1)};
    struct source *mixture = source_linear(parts, weight, 2, NULL);
    const struct vocabulary *all = source_words(mixture);
    assert_int_equal(source_parts(mixture), 2);
    for (size_t t = 0; t < LENGTH; t++) {
        double one[WORDS], two[WORDS], found[WORDS + 1], total = 0;
        own_probs(0, text, t, one);
        own_probs(1, text, t, two);
        assert_true(source_distribution(mixture, found, NULL));
        for (size_t k = 0; k < all->size; k++)
            total += found[k];
        assert_near(total, 1, 0.3);    // these are not of the sum 1 themselves
        for (size_t k = 0; k < 4; k++) // those that both know
            assert_near(found[vocabulary_find(all, words[k], strlen(words[k]))],
                        0.25 * one[k] + 0.75 * two[k], 1e-12);
        size_t k = 0;
        while (strcmp(words[k], text[t]) != 0)
            k++;
        struct token token = token_of(text[t]);
        struct source_word word;
        assert_int_equal(source_id(mixture, &token),
                         vocabulary_find(all, text[t], strlen(text[t])));
        assert_true(source_next(mixture, &token, &word, NULL));
        assert_near(word.prob, 0.25 * one[k] + 0.75 * two[k], 1e-12);
    }
    source_free(mixture);
}

// Whatever comes behind a word changes no probability before it.
static void causality(void **state)
{
    (void)state;
    enum { MOST = 20 };
    const double weight[] = {0.6, 0.4};
    struct random random;
    random_seed(&random, 1);
    for (int trial = 0; trial < 1000; trial++) {
        const char *words_of[2][MOST];
        double prob[2][MOST];
        size_t same = 1 + (size_t)random_next(&random) % (MOST - 1);
        for (size_t side = 0; side < 2; side++) {
            struct source *const parts[] = {part(0), part(1)};
            struct source *mixture = trial % 2 ? source_log_linear(parts, weight, 2, NULL)
                                               : source_linear(parts, weight, 2, NULL);
            for (size_t i = 0; i < MOST; i++) {
                words_of[side][i] = side == 1 && i < same
                                        ? words_of[0][i]
                                        : words[(size_t)random_next(&random) % WORDS];
                prob[side][i] = own_prob(mixture, words_of[side][i]);
            }
            source_free(mixture);
        }
        assert_memory_equal(prob[0], prob[1], same * sizeof **prob);
    }
}

// ---- weights ----------------------------------------------------------------------------------

static size_t mixed = 2; // of the models

static struct source *mix(void *context, const double *weight, struct error *error)
{
    struct source *const parts[] = {part(0), part(1), mixed > 2 ? part(2) : NULL};
    ++*(int *)context;
    return source_log_linear(parts, weight, mixed, error);
}

static struct reader *open_text(void *context, struct error *error)
{
    (void)context;
    return reader_open("text", error);
}

// Of the words that have a probability.
static double score(const double *weight)
{
    int passes = 0;
    struct error error;
    struct source *mixture = mix(&passes, weight, &error);
    struct reader *reader = open_text(NULL, &error);
    struct token token;
    struct source_word word;
    double sum = 0;
    while (reader_next(reader, &token)) {
        assert_true(source_next(mixture, &token, &word, &error));
        sum += word.prob > 0 ? log10(word.prob) : 0;
    }
    reader_close(reader);
    source_free(mixture);
    return sum;
}

static void found_weights_are_the_best(void **state)
{
    (void)state;
    for (mixed = 2; mixed <= 3; mixed++) {
        int passes = 0;
        const struct log_linear_text on = {&passes, mix, open_text};
        const double first[] = {0.5, 0.5, 0.5};
        double weight[] = {0.5, 0.5, 0.5}, log10_prob;
        uint64_t count;
        struct error error = {""};
        if (!log_linear_tune(&on, weight, mixed, &log10_prob, &count, &error))
            fail_msg("%s", error.text);
        assert_true(mixed > 2 || count == 12);
        assert_true(passes < 10); // it is Newton's method
        assert_near(log10_prob, score(weight), 1e-9);
        assert_true(log10_prob > score(first));
        for (int way = 0; way < 125; way++) {
            const double step[] = {way % 5 - 2, way / 5 % 5 - 2, way / 25 - 2};
            double other[3];
            for (size_t i = 0; i < 3; i++)
                other[i] = fmax(0, weight[i] + 0.05 * step[i]);
            assert_true(score(other) <= log10_prob + 1e-5);
        }
    }
    mixed = 2;
}

static void failures_say_why(void **state)
{
    (void)state;
    struct error error = {""};
    const double weight[] = {1, 1};
    write_file("numbers", "0.5\n", 4);
    struct source *const stream[] = {part(0), source_stream("numbers", &error)};
    assert_null(source_log_linear(stream, weight, 2, &error));
    assert_contains(error.text, "found a file of probabilities");
    for (int log_linear = 0; log_linear < 2; log_linear++) {
        struct source *mixture = NULL;
        for (int failures = 0; mixture == NULL; failures++) {
            struct source *const parts[] = {part(0), part(1)};
            error = (struct error){""};
            memory_fail_after(failures);
            mixture = log_linear ? source_log_linear(parts, weight, 2, &error)
                                 : source_linear(parts, weight, 2, &error);
            memory_fail_after(-1);
            if (mixture == NULL)
                assert_contains(error.text, "not enough memory");
        }
        source_free(mixture);
    }
}

static int load_models(void **state)
{
    static const char *const files[] = {ONE, TWO, BARE};
    struct error error = {""};
    if (scratch_enter(state) != 0)
        return -1;
    write_file("text", TEXT, sizeof TEXT - 1);
    for (size_t i = 0; i < 3; i++) {
        write_file("arpa", files[i], strlen(files[i]));
        model[i] = ngram_load("arpa", &error);
        if (model[i] == NULL)
            return -1;
    }
    return 0;
}

static int free_models(void **state)
{
    for (size_t i = 0; i < 3; i++)
        ngram_close(model[i]);
    return scratch_leave(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(log_linear_equation), cmocka_unit_test(words_that_one_does_not_know),
        cmocka_unit_test(linear_equation),     cmocka_unit_test(found_weights_are_the_best),
        cmocka_unit_test(causality),           cmocka_unit_test(failures_say_why),
    };
    return cmocka_run_group_tests(tests, load_models, free_models);
}
