// Class n-gram models as word n-gram models, against their plain definition: for each n-gram of words,
// the sum over all class n-grams that it can be read from.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/random.h"
#include "ngram/arpa.h"
#include "ngram/build.h"
#include "ngram/class_expand.h"
#include "ngram/estimate.h"
#include "ngram/successors.h"
#include "scratch.h"

static struct random generator;

static size_t below(size_t n)
{
    return (size_t)random_next(&generator) % n;
}

// A model of a text of "c0" to "c3", which may be classes, and "plain".
static struct ngram_model *new_model(size_t order)
{
    static const char *texts[] = {"text"};
    struct error error = {""};
    struct estimate_options options;
    FILE *file = fopen("text", "w");
    assert_non_null(file);
    for (int i = 0; i < 60; i++) {
        for (size_t j = 0, length = 1 + below(5); j < length; j++)
            below(5) == 0 ? fprintf(file, "plain ") : fprintf(file, "c%zu ", below(2) * below(4));
        fputc('\n', file);
    }
    assert_int_equal(fclose(file), 0);
    estimate_defaults(&options);
    memset(options.cutoff, 0, sizeof options.cutoff);
    options.order = order;
    options.text = texts;
    options.texts = 1;
    options.output = "classes.arpa";
    options.discount_fallback = true;
    unlink("classes.arpa");
    if (!estimate(&options, NULL, &error))
        fail_msg("%s", error.text);
    struct ngram_model *model = ngram_load("classes.arpa", &error);
    if (model == NULL)
        fail_msg("%s", error.text);
    return model;
}

static void define(const char *text, struct class_definitions *definitions)
{
    struct error error = {""};
    write_file("definitions", text, strlen(text));
    if (!class_definitions_read(definitions, "definitions", &error))
        fail_msg("%s", error.text);
}

// ---- the definition ----------------------------------------------------------------------------

struct reading { // of a class n-gram
    const struct class_definitions *definitions;
    const char *token[NGRAM_LONGEST];
    int tokens;
    const char *word[NGRAM_LONGEST];
    int words;
};

// The weight with which tokens from `token` on are words from `word` on: the first one is the end of an
// expansion, the last one the beginning.
static double read_from(const struct reading *reading, int token, int word)
{
    const struct class_definitions *definitions = reading->definitions;
    const char *name = reading->token[token];
    int32_t class = vocabulary_find(&definitions->classes, name, strlen(name));
    bool last = token == reading->tokens - 1;
    int left = reading->words - word;
    double sum = 0;
    if (class <= WORD_END) {
        if (left == 0 || strcmp(name, reading->word[word]) != 0)
            return 0;
        return last ? left == 1 : read_from(reading, token + 1, word + 1);
    }
    for (size_t i = 0; i < definitions->expansions; i++) {
        const struct class_expansion *expansion = &definitions->expansion[i];
        int length = (int)expansion->length;
        for (int begin = 0; expansion->class == class && begin < (token == 0 ? length : 1);
             begin++) {
            int used = length - begin, same = 0;
            if (last ? left < 1 || left > used : left < used)
                continue;
            int wanted = last ? left : used;
            while (same < wanted &&
                   strcmp(vocabulary_word(
                              &definitions->words,
                              definitions->word[expansion->first + (size_t)(begin + same)]),
                          reading->word[word + same]) == 0)
                same++;
            if (same == wanted)
                sum += expansion->probability *
                       (last ? 1 : read_from(reading, token + 1, word + used));
        }
    }
    return sum;
}

// N(word[0..words-1])
static double plain_weight(const struct ngram_model *model,
                           const struct class_definitions *definitions, const char *const *word,
                           int words)
{
    double sum = 0;
    for (int k = 1; k <= model->order; k++) {
        struct ngram_walk walk;
        ngram_walk_start(&walk, model, k);
        while (ngram_walk_next(&walk)) {
            struct reading reading = {.definitions = definitions, .tokens = k, .words = words};
            struct ngram_state state;
            double log10_prob = 0;
            ngram_start(model, &state, false);
            for (int i = 0; i < k; i++) {
                reading.token[i] = vocabulary_word(&model->words, walk.word[i]);
                if (walk.word[i] == model->start)
                    ngram_start(model, &state, true);
                else
                    log10_prob += ngram_score(model, &state, walk.word[i], &state, NULL);
            }
            memcpy(reading.word, word, (size_t)words * sizeof *word);
            sum += pow(10, log10_prob) * read_from(&reading, 0, 0);
        }
    }
    return sum;
}

// p(word[words-1] | the words before it), but for a factor where every word follows those.
static double plain_share(const struct ngram_model *model,
                          const struct class_definitions *definitions, const char *const *word,
                          int words)
{
    return plain_weight(model, definitions, word, words) /
           plain_weight(model, definitions, word, words - 1);
}

// Of all words behind word[0..words-2], which are n-grams of the expanded model.
static double plain_sum(const struct ngram_model *expanded, const struct ngram_model *model,
                        const struct class_definitions *definitions, const char *const *word,
                        int words)
{
    const char *with[NGRAM_LONGEST];
    double sum = 0;
    memcpy(with, word, (size_t)words * sizeof *word);
    for (size_t w = 0; w < expanded->words.size; w++)
        if ((int32_t)w != expanded->start) {
            with[words - 1] = vocabulary_word(&expanded->words, (int32_t)w);
            sum += plain_share(model, definitions, with, words);
        }
    return sum;
}

// Nothing is left for backing off to.
static bool all_follow(const struct ngram_model *expanded, const struct ngram_walk *walk)
{
    int32_t word[NGRAM_LONGEST];
    memcpy(word, walk->word, sizeof word);
    for (size_t w = 0; w < expanded->words.size; w++) {
        word[walk->order - 1] = (int32_t)w;
        if ((int32_t)w != expanded->start && ngram_find(expanded, word, walk->order) == TRIE_NONE)
            return false;
    }
    return true;
}

static double sum_behind(const struct ngram_model *model, const struct ngram_state *state)
{
    double sum = 0;
    struct ngram_state behind;
    for (size_t w = 0; w < model->words.size; w++)
        if ((int32_t)w != model->start)
            sum += pow(10, ngram_score(model, state, (int32_t)w, &behind, NULL));
    return sum;
}

// Every n-gram of two words and more; and that all words have probability 1 together behind each.
static size_t check(const struct ngram_model *expanded, const struct ngram_model *model,
                    const struct class_definitions *definitions)
{
    size_t checked = 0;
    for (int k = 2; k <= ngram_order(expanded); k++) {
        struct ngram_walk walk;
        ngram_walk_start(&walk, expanded, k);
        while (ngram_walk_next(&walk)) {
            const char *word[NGRAM_LONGEST];
            struct ngram_state state;
            for (int i = 0; i < k; i++)
                word[i] = vocabulary_word(&expanded->words, walk.word[i]);
            double wanted = plain_share(model, definitions, word, k);
            if (all_follow(expanded, &walk))
                wanted /= plain_sum(expanded, model, definitions, word, k);
            double found = (double)expanded->level[k].node[walk.path[k - 1]].log10_prob;
            if (fabs(log10(wanted) - found) > 1e-5)
                fail_msg("%s %s ...: found %g, wanted %g", word[0], word[1], found, log10(wanted));
            ngram_history(expanded, walk.word, k - 1, &state);
            if (fabs(sum_behind(expanded, &state) - 1) > 1e-5)
                fail_msg("behind %s ...: sum %g", word[0], sum_behind(expanded, &state));
            checked++;
        }
    }
    return checked;
}

// ---- tests -------------------------------------------------------------------------------------

static const char *const kinds[] = {
    "c0 0.5 a\nc0 0.5 b\nc1 0.25 d\nc1 0.75 e\nc2 f\nc3 1 g\n", // a word in one class
    "c0 0.4 a\nc0 0.6 b\nc1 0.5 a\nc1 0.5 b\nc3 plain\n",       // in several
    "c0 0.4 a b\nc0 0.6 b\nc1 0.25 a\nc1 0.5 b a b\nc1 0.25 a a\nc2 0.5 b b\nc2 0.5 a b "
    "a\n",                         // phrases
    "c0 .5 2 3\nc0 .5 4\nc1 5\n"}; // numbers

static void test_expanding(void **state)
{
    (void)state;
    size_t checked = 0;
    random_seed(&generator, 5);
    for (size_t kind = 0; kind < sizeof kinds / sizeof *kinds; kind++)
        for (size_t order = 1; order <= 3; order++)
            for (int words = 1; words <= 3; words++) {
                struct class_definitions definitions;
                struct error error = {""};
                uint64_t left_out;
                struct ngram_model *model = new_model(order);
                define(kinds[kind], &definitions);
                struct ngram_model *expanded =
                    class_expand(model, &definitions, words, &left_out, &error);
                assert_non_null(expanded);
                assert_true(ngram_order(expanded) <= words);
                assert_true(kind > 1 ||
                            ngram_order(expanded) == (words < (int)order ? words : (int)order));
                checked += check(expanded, model, &definitions);
                assert_true(kind > 1 || (left_out > 0) == ((int)order > words));
                ngram_close(expanded);
                ngram_close(model);
                class_definitions_free(&definitions);
            }
    assert_true(checked > 1000);
}

// Where a word is in one class, P(word | words) = P(class | classes) P(word | class), seen or not.
static void test_one_class(void **state)
{
    (void)state;
    static const char *const word[] = {"a", "b", "d", "e", "f", "g", "plain", "</s>"};
    static const char *const class[] = {"c0", "c0", "c1", "c1", "c2", "c3", "plain", "</s>"};
    static const double share[] = {0.5, 0.5, 0.25, 0.75, 1, 1, 1, 1};
    struct class_definitions definitions;
    struct error error = {""};
    random_seed(&generator, 6);
    struct ngram_model *model = new_model(3);
    define(kinds[0], &definitions);
    struct ngram_model *expanded = class_expand(model, &definitions, 3, NULL, &error);
    assert_non_null(expanded);
    for (int i = 0; i < 300; i++) {
        struct ngram_state words, classes;
        ngram_start(model, &classes, true);
        ngram_start(expanded, &words, true);
        for (size_t j = 0, at = 0; j < 6 && at != 7; j++) {
            at = below(8);
            double found = ngram_score(
                expanded, &words, ngram_word(expanded, word[at], strlen(word[at])), &words, NULL);
            double wanted = ngram_score(
                model, &classes, ngram_word(model, class[at], strlen(class[at])), &classes, NULL);
            if (fabs(found - wanted - log10(share[at])) > 2e-5)
                fail_msg("%s: found %g, wanted %g", word[at], found, wanted + log10(share[at]));
        }
    }
    ngram_close(expanded);
    ngram_close(model);
    class_definitions_free(&definitions);
}

static void test_definitions(void **state)
{
    (void)state;
    static const struct {
        const char *text, *message;
    } bad[] = {
        {"", "definitions: the file defines no class"},
        {"\n \n", "definitions: the file defines no class"},
        {"c a\nd\n", "definitions: line 2: found \"d\" alone, wanted words behind the class"},
        {"c 1.5 a\n", "definitions: line 1: found \"1.5\", wanted a probability, 0 to 1"},
        {"c -1 a\n", "definitions: line 1: found \"-1\", wanted a probability, 0 to 1"},
        {"</s> a\n", "definitions: line 1: </s> cannot be a class"}};
    struct class_definitions definitions;
    struct error error = {""};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        write_file("bad", bad[i].text, strlen(bad[i].text));
        rename("bad", "definitions");
        assert_false(class_definitions_read(&definitions, "definitions", &error));
        assert_string_equal(error.text, bad[i].message);
        class_definitions_free(&definitions);
    }
    assert_false(class_definitions_read(&definitions, "not-there", &error));
    class_definitions_free(&definitions);

    // A number alone behind a class is a word; lines add up; the class whose sum is wrong is named.
    define("c 0.5\nd 0.5 a\n  d\t0.25 a b\r\nd 0.25 b\n", &definitions);
    assert_false(class_definitions_remark(&definitions, "f", &error));
    assert_int_equal(definitions.expansions, 4);
    assert_string_equal(vocabulary_word(&definitions.words, definitions.word[0]), "0.5");
    assert_int_equal(definitions.expansion[2].length, 2);
    class_definitions_free(&definitions);
    define("d 0.5 a\nc 1 a\nd 0.25 b\n", &definitions);
    assert_true(class_definitions_remark(&definitions, "f", &error));
    assert_string_equal(error.text, "f: the probabilities of the class d sum to 0.75 instead of 1");
    class_definitions_free(&definitions);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_expanding),
                                       cmocka_unit_test(test_one_class),
                                       cmocka_unit_test(test_definitions)};
    return cmocka_run_group_tests(tests, scratch_enter, scratch_leave);
}
