// Every way of discounting against its definition: counts in tables of all n-grams that there could be,
// sums over all words, in double precision.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/random.h"
#include "ngram/build.h"
#include "ngram/estimate.h"
#include "scratch.h"

enum { START, END, FIRST, WORDS = 32, ORDER = 3, ALL = WORDS * WORDS * WORDS };

static const char text_path[] = "text", model_path[] = "model.arpa";
static struct random generator;

static int enter(void **state)
{
    random_seed(&generator, 5);
    return scratch_enter(state);
}

// ---- counts ------------------------------------------------------------------------------------

// [k][n-gram]: an n-gram of k words is a number in base WORDS, the last word its last digit.
static double occurs[ORDER + 1][ALL];
static double counts[ORDER + 1][ALL]; // as the method wants them

static double seen[ORDER + 1][64]; // [k][c]: n-grams that have the count c

static size_t power(int k)
{
    return k == 0 ? 1 : WORDS * power(k - 1);
}

static void count_sentence(const int *word, size_t length)
{
    for (size_t i = 1; i < length; i++) {
        size_t ngram = 0;
        for (int k = 1; k <= ORDER && (size_t)k <= i + 1; k++) {
            ngram += (size_t)word[i + 1 - (size_t)k] * power(k - 1);
            occurs[k][ngram]++;
        }
    }
}

static void write_sentence(FILE *file, int *word, size_t length)
{
    for (size_t j = 1; j <= length; j++)
        fprintf(file, "w%d ", word[j]);
    fputc('\n', file);
    word[0] = START;
    word[length + 1] = END;
    count_sentence(word, length + 2);
}

// Each word alone, then words that depend on the ones before them; their frequencies fall.
static void make_text(size_t sentences)
{
    FILE *file = fopen(text_path, "w");
    assert_non_null(file);
    memset(occurs, 0, sizeof occurs);
    int word[16] = {START};
    for (int w = FIRST; w < WORDS; w++) {
        word[1] = w;
        write_sentence(file, word, 1);
    }
    for (size_t i = 0; i < sentences; i++) {
        size_t length = 1 + random_next(&generator) % 9;
        for (size_t j = 1; j <= length; j++) {
            double u = random_uniform(&generator, 0, 1);
            bool follows = j > 1 && random_next(&generator) % 3 == 0;
            word[j] = FIRST + (follows ? (word[j - 1] * 3 + 1) % (WORDS - FIRST)
                                       : (int)((WORDS - FIRST) * u * u * u * u));
        }
        write_sentence(file, word, length);
    }
    assert_int_equal(fclose(file), 0);
}

static void make_counts(bool kinds, int order)
{
    memcpy(counts, occurs, sizeof counts);
    for (int k = 1; kinds && k < order; k++) {
        for (size_t ngram = 0; ngram < power(k); ngram++) {
            if (ngram / power(k - 1) == START)
                continue;
            counts[k][ngram] = 0;
            for (size_t before = 0; before < WORDS; before++)
                counts[k][ngram] += occurs[k + 1][before * power(k) + ngram] > 0;
        }
    }
    memset(seen, 0, sizeof seen);
    for (int k = 1; k <= order; k++)
        for (size_t ngram = 0; ngram < power(k); ngram++)
            if (counts[k][ngram] < 64)
                seen[k][(int)counts[k][ngram]]++;
}

static double ngrams_seen(int k, double times)
{
    return seen[k][(int)times];
}

// ---- the definitions ---------------------------------------------------------------------------

struct definition {
    enum discount_method method;
    bool mixes;
    double constant;
    int largest;
};

// What is taken off a count.
static double taken(const struct definition *definition, int k, double count)
{
    double n1 = ngrams_seen(k, 1), n2 = ngrams_seen(k, 2), y = n1 / (n1 + 2 * n2);
    if (count == 0)
        return 0;
    switch (definition->method) {
    case DISCOUNT_MODIFIED_KNESER_NEY: {
        double c = count < 3 ? count : 3;
        return c - (c + 1) * y * ngrams_seen(k, c + 1) / ngrams_seen(k, c);
    }
    case DISCOUNT_KNESER_NEY:
        return y;
    case DISCOUNT_ABSOLUTE:
        return definition->constant > 0 ? definition->constant : y;
    case DISCOUNT_GOOD_TURING: {
        int most = 0; // counts below which one is missing
        while (most < definition->largest && ngrams_seen(k, most + 1) > 0)
            most++;
        if (count > most)
            return 0;
        double a = (most + 1) * ngrams_seen(k, most + 1) / n1;
        double fewer = (count + 1) * ngrams_seen(k, count + 1) / ngrams_seen(k, count);
        double share = (fewer / count - a) / (1 - a);
        return !(share > 0 && share <= 1) ? 0 : count * (1 - share);
    }
    default:
        return 0;
    }
}

static double table[ORDER + 1][ALL], weight[ORDER + 1][ALL]; // p(w | h), b(h): what should be

// The words behind context h of k - 1 words; `lower` is p(w | h').
static void define_context(const struct definition *definition, int k, size_t context,
                           const double *lower)
{
    double total = 0, types = 0, more = 0, own[WORDS], sum = 0, lower_sum = 0;
    const double *count = &counts[k][context * WORDS];
    for (int w = END; w < WORDS; w++) {
        total += count[w];
        types += count[w] > 0;
    }
    weight[k - 1][context] = 1;
    if (definition->method == DISCOUNT_WITTEN_BELL)
        more = types;
    if (definition->method == DISCOUNT_ADDITIVE)
        more = definition->constant * (WORDS - 1);
    do {
        sum = lower_sum = 0;
        for (int w = END; w < WORDS; w++) {
            double add = definition->method == DISCOUNT_ADDITIVE ? definition->constant : 0;
            own[w] = count[w] > 0
                         ? (count[w] - taken(definition, k, count[w]) + add) / (total + more)
                         : 0;
            sum += own[w];
            lower_sum += count[w] > 0 ? lower[w] : 0;
        }
        total++;
    } while (!definition->mixes && sum > 1 - 3e-6 && types < WORDS - 1);
    bool all = 1 - lower_sum < 3e-6;
    if (total > 1) // the context has been seen
        weight[k - 1][context] = definition->mixes ? 1 - sum
                                 : all             ? 1
                                                   : (1 - sum) / (1 - lower_sum);
    for (int w = END; w < WORDS; w++) {
        double scale = !definition->mixes && all && k > 1 ? 1 / sum : 1;
        double rest = definition->mixes ? (1 - sum) * lower[w] : k == 1 ? (1 - sum) * lower[w] : 0;
        table[k][context * WORDS + (size_t)w] =
            count[w] > 0 ? own[w] * scale + rest : weight[k - 1][context] * lower[w];
    }
}

static void define(const struct definition *definition, int order)
{
    make_counts(discount_counts_kinds(definition->method), order);
    for (int k = 1; k <= order; k++) {
        for (size_t context = 0; context < power(k - 1); context++) {
            double lower[WORDS];
            for (size_t w = 0; w < WORDS; w++)
                lower[w] =
                    k == 1 ? 1.0 / (WORDS - 1) : table[k - 1][(context * WORDS + w) % power(k - 1)];
            define_context(definition, k, context, lower);
        }
    }
}

// ---- comparison --------------------------------------------------------------------------------

static struct ngram_model *estimated(const struct definition *definition, int order)
{
    static const char *texts[] = {text_path};
    struct error error = {""};
    struct estimate_options options;
    estimate_defaults(&options);
    memset(options.cutoff, 0, sizeof options.cutoff);
    options.order = (size_t)order;
    options.text = texts;
    options.texts = 1;
    options.output = model_path;
    options.discount = definition->method;
    options.backoff = !definition->mixes;
    for (int k = 1; k <= order; k++) {
        options.constant[k] = definition->constant;
        options.gt_largest[k] = (uint64_t)definition->largest;
    }
    unlink(model_path);
    if (!estimate(&options, NULL, &error))
        fail_msg("%s", error.text);
    struct ngram_model *model = ngram_open(model_path, &error);
    if (model == NULL)
        fail_msg("%s", error.text);
    return model;
}

static void check(const struct definition *definition, int order)
{
    struct ngram_model *model = estimated(definition, order);
    int32_t id[WORDS];
    size_t checked = 0;
    id[START] = vocabulary_find(&model->words, "<s>", 3);
    id[END] = WORD_END;
    for (int w = FIRST; w < WORDS; w++) {
        char text[8];
        int length = snprintf(text, sizeof text, "w%d", w);
        id[w] = vocabulary_find(&model->words, text, (size_t)length);
        assert_true(id[w] != WORD_OOV);
    }
    define(definition, order);
    for (int k = 1; k <= order; k++) {
        for (size_t ngram = 0; ngram < power(k); ngram++) {
            int32_t word[ORDER];
            for (int i = 0; i < k; i++)
                word[i] = id[ngram / power(k - 1 - i) % WORDS];
            uint32_t at = ngram_find(model, word, k);
            assert_int_equal(at != TRIE_NONE, occurs[k][ngram] > 0 || (k == 1 && ngram == START));
            if (at == TRIE_NONE)
                continue;
            const struct trie_node *node = &model->level[k].node[at];
            double prob = pow(10, (double)node->log10_prob),
                   backoff = pow(10, (double)node->log10_backoff);
            if (ngram % WORDS != START && fabs(prob - table[k][ngram]) > 1e-6)
                fail_msg("method %d mixes %d order %d: %d-gram %zu has %g, wanted %g",
                         definition->method, definition->mixes, order, k, ngram, prob,
                         table[k][ngram]);
            if (k < order && node[0].first < node[1].first &&
                fabs(backoff - weight[k][ngram]) > 1e-5 * (1 + weight[k][ngram]))
                fail_msg("method %d mixes %d order %d: context %zu of %d has %g, wanted %g",
                         definition->method, definition->mixes, order, ngram, k, backoff,
                         weight[k][ngram]);
            checked++;
        }
    }
    assert_true(checked >= WORDS);
    ngram_close(model);
}

// Kneser-Ney discounts want certain counts of counts of all orders.
static bool can_be_computed(const struct definition *definition, int order)
{
    bool modified = definition->method == DISCOUNT_MODIFIED_KNESER_NEY;
    if (!discount_counts_kinds(definition->method))
        return true;
    make_counts(true, order);
    for (int k = 1; k <= order; k++) {
        for (int c = 1; c <= (modified ? 4 : 2); c++)
            if (ngrams_seen(k, c) == 0)
                return false;
        for (int c = 1; modified && c <= 3; c++)
            if (taken(definition, k, c) < 0)
                return false;
    }
    return true;
}

static void test_definitions(void **state)
{
    (void)state;
    static const struct definition definitions[] = {
        {DISCOUNT_MODIFIED_KNESER_NEY, true, 0, 7}, {DISCOUNT_MODIFIED_KNESER_NEY, false, 0, 7},
        {DISCOUNT_KNESER_NEY, true, 0, 7},          {DISCOUNT_KNESER_NEY, false, 0, 7},
        {DISCOUNT_WITTEN_BELL, true, 0, 7},         {DISCOUNT_WITTEN_BELL, false, 0, 7},
        {DISCOUNT_GOOD_TURING, false, 0, 1},        {DISCOUNT_GOOD_TURING, false, 0, 3},
        {DISCOUNT_GOOD_TURING, false, 0, 7},        {DISCOUNT_ABSOLUTE, true, 0.4, 7},
        {DISCOUNT_ABSOLUTE, false, 0.4, 7},         {DISCOUNT_ADDITIVE, false, 0.3, 7},
    };
    enum { DEFINITIONS = sizeof definitions / sizeof *definitions };
    int checked[DEFINITIONS] = {0};
    for (int round = 0; round < 12; round++) {
        make_text(30 + 20 * (size_t)round);
        for (size_t i = 0; i < DEFINITIONS; i++) {
            for (int order = 1; order <= ORDER; order++) {
                if (!can_be_computed(&definitions[i], order))
                    continue;
                check(&definitions[i], order);
                checked[i] += order > 1;
            }
        }
    }
    for (size_t i = 0; i < DEFINITIONS; i++)
        assert_true(checked[i] > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_definitions)};
    return cmocka_run_group_tests(tests, enter, scratch_leave);
}
