// Models made from models: pruning, mixtures, back-off weights, selections, each against its plain
// definition in double precision, summed over all words.
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

#include "base/memory.h"
#include "base/random.h"
#include "ngram/arpa.h"
#include "ngram/build.h"
#include "ngram/estimate.h"
#include "ngram/mix.h"
#include "ngram/prune.h"
#include "ngram/renormalise.h"
#include "ngram/select.h"
#include "score/ngram_weights.h"
#include "scratch.h"

static const char text_path[] = "text", model_path[] = "model.arpa";
static struct random generator;

static int enter(void **state)
{
    random_seed(&generator, 11);
    return scratch_enter(state);
}

// ---- models ------------------------------------------------------------------------------------

static void write_text(size_t sentences, size_t first, size_t words)
{
    FILE *file = fopen(text_path, "w");
    assert_non_null(file);
    for (size_t i = 0; i < sentences; i++) {
        size_t length = 1 + (size_t)random_next(&generator) % 7, word = 0;
        for (size_t j = 0; j < length; j++) {
            double u = random_uniform(&generator, 0, 1);
            word = random_next(&generator) % 3 == 0 ? (word * 5 + 1) % words
                                                    : (size_t)((double)words * u * u);
            fprintf(file, j > 0 ? " w%zu" : "w%zu", first + word);
        }
        fputc('\n', file);
    }
    assert_int_equal(fclose(file), 0);
}

// The model of a text of words w<first> and on.
static struct ngram_model *new_model(size_t order, size_t sentences, size_t first, size_t words)
{
    static const char *texts[] = {text_path};
    struct error error = {""};
    struct estimate_options options;
    estimate_defaults(&options);
    memset(options.cutoff, 0, sizeof options.cutoff);
    options.order = order;
    options.text = texts;
    options.texts = 1;
    options.output = model_path;
    options.discount_fallback = true;
    write_text(sentences, first, words);
    unlink(model_path);
    if (!estimate(&options, NULL, &error))
        fail_msg("%s", error.text);
    struct ngram_model *model = ngram_open(model_path, &error);
    if (model == NULL)
        fail_msg("%s", error.text);
    return model;
}

// p(last | the others), by the definition of a back-off model.
static double plain_prob(const struct ngram_model *model, const int32_t *word, int count)
{
    uint32_t at = ngram_find(model, word, count);
    if (at != TRIE_NONE)
        return pow(10, (double)model->level[count].node[at].log10_prob);
    if (count == 1)
        return 0;
    at = ngram_find(model, word, count - 1);
    double backoff =
        at == TRIE_NONE ? 1 : pow(10, (double)model->level[count - 1].node[at].log10_backoff);
    return backoff * plain_prob(model, word + 1, count - 1);
}

static int32_t word_in(const struct ngram_model *to, const struct ngram_model *from, int32_t word)
{
    const char *text = vocabulary_word(&from->words, word);
    return vocabulary_find(&to->words, text, strlen(text));
}

static void check_sums(const struct ngram_model *model)
{
    for (int k = 0; k < model->order; k++) {
        struct ngram_walk walk;
        ngram_walk_start(&walk, model, k > 0 ? k : 1);
        while (ngram_walk_next(&walk)) {
            double sum = 0;
            if (k > 0 && walk.word[k - 1] == WORD_END)
                continue;
            for (size_t w = 0; w < model->words.size; w++) {
                int32_t word[NGRAM_LONGEST];
                memcpy(word, walk.word, sizeof word);
                word[k] = (int32_t)w;
                sum += (int32_t)w == model->start ? 0 : plain_prob(model, word, k + 1);
            }
            if (fabs(sum - 1) > 1e-5)
                fail_msg("order %d: sum %g", k + 1, sum);
            if (k == 0)
                break;
        }
    }
}

// ---- back-off weights --------------------------------------------------------------------------

static void test_renormalising(void **state)
{
    (void)state;
    struct error error = {""};
    struct renormalised done;
    struct ngram_model *model = new_model(3, 60, 0, 15);
    for (int k = 1; k < 3; k++)
        for (size_t i = 0; i < model->level[k].count; i++)
            model->level[k].node[i].log10_backoff = -0.3f;
    float before = model->level[3].node[7].log10_prob;
    model->level[1].node[3].log10_prob -= 0.2f;
    assert_true(ngram_renormalise(model, NULL, &done, &error));
    check_sums(model);
    assert_int_equal(done.impossible, 0);
    assert_true(model->level[3].node[7].log10_prob == before);
    // A context with too much has nothing left.
    struct trie_node *node = model->level[1].node;
    uint32_t first = node[model->start].first, end = node[model->start + 1].first;
    assert_true(end - first > 1);
    for (uint32_t i = first; i < end; i++)
        model->level[2].node[i].log10_prob = -0.1f;
    assert_true(ngram_renormalise(model, NULL, &done, &error));
    assert_int_equal(done.impossible, 1);
    assert_true(node[model->start].log10_backoff == -INFINITY);
    ngram_close(model);
}

// Behind `a` stand all words there are: what they lack is shared out, and the weight is 1.
static void test_all_words_behind_a_context(void **state)
{
    (void)state;
    struct error error = {""};
    struct renormalised done;
    struct ngram_model *model = ngram_new(2, &error);
    int32_t a;
    assert_non_null(model);
    assert_true(ngram_add_word(model, "</s>", log10f(0.25f), 0, NULL, &error));
    assert_true(ngram_add_word(model, "a", log10f(0.75f), -1, &a, &error));
    assert_true(ngram_add(model, 2, (uint32_t)a, WORD_END, log10f(0.2f), 0, &error));
    assert_true(ngram_add(model, 2, (uint32_t)a, a, log10f(0.3f), 0, &error));
    assert_true(ngram_end_order(model, 2, &error));
    ngram_ready(model);
    assert_true(ngram_renormalise(model, NULL, &done, &error));
    const int32_t end[] = {a, WORD_END}, same[] = {a, a};
    assert_true(fabs(plain_prob(model, end, 2) - 0.4) < 1e-6);
    assert_true(fabs(plain_prob(model, same, 2) - 0.6) < 1e-6);
    assert_true(model->level[1].node[a].log10_backoff == 0);
    assert_int_equal(done.scaled, 1);
    ngram_close(model);
}

static void test_no_ngram_twice(void **state)
{
    (void)state;
    struct error error = {""};
    struct ngram_model *model = ngram_new(2, &error);
    assert_true(ngram_add_word(model, "</s>", -1, 0, NULL, &error));
    assert_true(ngram_add(model, 2, 0, 0, -1, 0, &error) &&
                ngram_add(model, 2, 0, 0, -1, 0, &error));
    assert_false(ngram_end_order(model, 2, &error));
    ngram_close(model);
}

// ---- pruning -----------------------------------------------------------------------------------

static double plain_joint(const struct ngram_model *model, const struct ngram_model *from,
                          const int32_t *word, int count)
{
    int32_t own[NGRAM_LONGEST];
    double joint = 1;
    for (int k = 0; k < count; k++)
        own[k] = word_in(model, from, word[k]);
    for (int k = 0; k < count; k++) {
        const int32_t end[] = {WORD_END};
        joint *= own[k] == model->start ? plain_prob(model, end, 1) : plain_prob(model, own, k + 1);
    }
    return joint;
}

// By how much the perplexity grows without an n-gram: the divergence of the model without it, over all
// words behind its context.
static double plain_loss(const struct ngram_model *model, const struct ngram_model *history,
                         const int32_t *ngram, int order)
{
    int32_t word[NGRAM_LONGEST];
    bool listed[256];
    double left = 1, lower_left = 1, divergence = 0, prob[256];
    memcpy(word, ngram, sizeof word);
    assert_true(model->words.size <= 256);
    for (size_t w = 0; w < model->words.size; w++) {
        word[order - 1] = (int32_t)w;
        listed[w] = ngram_find(model, word, order) != TRIE_NONE;
        prob[w] = plain_prob(model, word, order);
        if (listed[w] && (int32_t)w != ngram[order - 1]) {
            left -= prob[w];
            lower_left -= plain_prob(model, word + 1, order - 1);
        }
    }
    for (size_t w = 0; w < model->words.size; w++) {
        word[order - 1] = (int32_t)w;
        if ((listed[w] && (int32_t)w != ngram[order - 1]) || prob[w] == 0)
            continue;
        double without = left / lower_left * plain_prob(model, word + 1, order - 1);
        divergence += prob[w] * log(prob[w] / without);
    }
    return exp(plain_joint(history, model, ngram, order - 1) * divergence) - 1;
}

// The n-grams of the highest order go by their loss alone; others also stay as contexts.
static void check_pruning(const struct ngram_model *history)
{
    static const double threshold = 2e-4;
    struct error error = {""};
    struct ngram_model *model = new_model(3, 80, 0, 20), *pruned = ngram_open(model_path, &error);
    struct prune_options options = {threshold, 2, history};
    uint64_t gone[NGRAM_LONGEST + 1], found = 0;
    assert_true(ngram_prune(pruned, &options, gone, &error));
    check_sums(pruned);
    struct ngram_walk walk;
    ngram_walk_start(&walk, model, 3);
    while (ngram_walk_next(&walk)) {
        double loss = plain_loss(model, history != NULL ? history : model, walk.word, 3);
        bool there = ngram_find(pruned, walk.word, 3) != TRIE_NONE;
        if (fabs(loss / threshold - 1) > 0.01)
            assert_int_equal(there, loss >= threshold);
        found += !there;
    }
    assert_true(found > 0 && found < ngram_count(model, 3));
    assert_int_equal(gone[3], found);
    assert_int_equal(ngram_count(pruned, 3), ngram_count(model, 3) - found);
    assert_int_equal(ngram_count(pruned, 2), ngram_count(model, 2) - gone[2]);
    assert_true(gone[2] > 0);
    ngram_close(model);
    ngram_close(pruned);
}

static void test_pruning(void **state)
{
    (void)state;
    check_pruning(NULL);
}

static void test_pruning_with_a_history_model(void **state)
{
    (void)state;
    struct ngram_model *history = new_model(2, 300, 0, 20);
    check_pruning(history);
    ngram_close(history);
}

static void test_pruning_of_long_ngrams_alone(void **state)
{
    (void)state;
    struct error error = {""};
    struct ngram_model *model = new_model(3, 80, 0, 20);
    struct prune_options options = {1e9, 3, NULL};
    size_t bigrams = ngram_count(model, 2);
    assert_true(ngram_prune(model, &options, NULL, &error));
    assert_int_equal(ngram_count(model, 2), bigrams);
    assert_int_equal(ngram_count(model, 3), 0);
    check_sums(model);
    ngram_close(model);
}

// ---- mixtures ----------------------------------------------------------------------------------

static double mixed(struct ngram_model *const *model, const double *weight, size_t models,
                    const struct ngram_model *from, const int32_t *word, int count)
{
    double sum = 0;
    for (size_t i = 0; i < models; i++) {
        int32_t own[NGRAM_LONGEST];
        for (int k = 0; k < count; k++)
            own[k] = word_in(model[i], from, word[k]);
        sum += own[count - 1] == WORD_OOV ? 0 : weight[i] * plain_prob(model[i], own, count);
    }
    return sum;
}

static void test_mixing(void **state)
{
    (void)state;
    enum { MODELS = 3 };
    static const double weight[MODELS] = {0.5, 0.2, 0.3};
    struct error error = {""};
    struct ngram_model *model[MODELS] = {new_model(3, 60, 0, 15), new_model(2, 40, 8, 20),
                                         new_model(4, 50, 3, 10)};
    struct ngram_model *mix = ngram_mix(model, weight, MODELS, &error);
    assert_non_null(mix);
    assert_int_equal(mix->order, 4);
    check_sums(mix);
    size_t in_some = 0;
    for (int k = 1; k <= 4; k++) {
        struct ngram_walk walk;
        ngram_walk_start(&walk, mix, k);
        while (ngram_walk_next(&walk)) {
            double wanted = mixed(model, weight, MODELS, mix, walk.word, k);
            assert_true(fabs(plain_prob(mix, walk.word, k) - wanted) < 1e-6);
            for (size_t i = 0; i < MODELS; i++) {
                int32_t own[NGRAM_LONGEST];
                for (int j = 0; j < k; j++)
                    own[j] = word_in(model[i], mix, walk.word[j]);
                in_some += k <= model[i]->order && ngram_find(model[i], own, k) != TRIE_NONE;
            }
        }
    }
    size_t all = 0;
    for (size_t i = 0; i < MODELS; i++)
        for (int k = 1; k <= 4; k++)
            all += ngram_count(model[i], k);
    assert_int_equal(in_some, all); // nothing of the models is missing
    for (size_t i = 0; i < MODELS; i++)
        ngram_close(model[i]);
    ngram_close(mix);
}

// A text that one of the models was made from is likeliest with nearly all weight on that model.
static void test_weights(void **state)
{
    (void)state;
    struct error error = {""};
    struct mixture_score score;
    double weight[2];
    struct ngram_model *model[2] = {new_model(2, 60, 5, 15), new_model(2, 60, 0, 15)};
    assert_true(ngram_weights(model, 2, text_path, 1e-6, weight, &score, &error));
    assert_true(weight[1] > 0.9 && fabs(weight[0] + weight[1] - 1) < 1e-9);
    assert_int_equal(score.zeros, 0);
    assert_false(ngram_weights(model, 2, "/nonexistent/text", 1e-6, weight, &score, &error));
    ngram_close(model[0]);
    ngram_close(model[1]);
}

// ---- selections --------------------------------------------------------------------------------

static void test_selecting(void **state)
{
    (void)state;
    struct error error = {""};
    struct ngram_model *model = new_model(3, 60, 0, 15);
    struct vocabulary only;
    assert_true(vocabulary_init(&only, &error));
    for (int i = 0; i < 15; i += 2) {
        char word[8];
        int length = snprintf(word, sizeof word, "w%d", i);
        assert_true(vocabulary_add(&only, word, (size_t)length, &error) >= 0);
    }
    for (int order = 1; order <= 3; order++) {
        struct ngram_model *part = ngram_select(model, &only, order, &error);
        assert_non_null(part);
        assert_int_equal(part->order, order);
        for (int k = 1; k <= 3; k++) {
            struct ngram_walk walk;
            size_t stay = 0;
            ngram_walk_start(&walk, model, k);
            while (ngram_walk_next(&walk)) {
                int32_t own[NGRAM_LONGEST];
                bool in = k <= order;
                for (int j = 0; j < k; j++) {
                    const char *word = vocabulary_word(&model->words, walk.word[j]);
                    in &= word[0] != 'w' || vocabulary_has(&only, word);
                    own[j] = word_in(part, model, walk.word[j]);
                }
                uint32_t at = k <= order ? ngram_find(part, own, k) : TRIE_NONE;
                assert_int_equal(at != TRIE_NONE, in);
                if (!in)
                    continue;
                stay++;
                const struct trie_node *a = &part->level[k].node[at],
                                       *b = &model->level[k].node[walk.index];
                assert_true(a->log10_prob == b->log10_prob &&
                            a->log10_backoff == (k < order ? b->log10_backoff : 0));
            }
            assert_int_equal(ngram_count(part, k), stay);
        }
        ngram_close(part);
    }
    vocabulary_free(&only);
    ngram_close(model);
}

// ---- failures ----------------------------------------------------------------------------------

static bool mix_prune_select(struct ngram_model *const *model, struct error *error)
{
    static const double weight[] = {0.5, 0.5};
    struct prune_options options = {1e-4, 2, model[1]};
    struct ngram_model *mix = ngram_mix(model, weight, 2, error), *part = NULL;
    bool ok = mix != NULL && ngram_prune(mix, &options, NULL, error);
    if (ok)
        part = ngram_select(mix, NULL, 2, error);
    ok = part != NULL;
    ngram_close(mix);
    ngram_close(part);
    return ok;
}

static void test_failing_allocations(void **state)
{
    (void)state;
    struct ngram_model *model[] = {new_model(3, 20, 0, 10), new_model(2, 20, 5, 10)};
    bool ok = false;
    int64_t n = 0;
    for (; !ok && n < 10000; n++) {
        struct error error = {""};
        memory_fail_after(n);
        ok = mix_prune_select(model, &error);
        memory_fail_after(-1);
        if (!ok)
            assert_non_null(strstr(error.text, "not enough memory"));
    }
    assert_true(ok && n > 20);
    ngram_close(model[0]);
    ngram_close(model[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_renormalising),
        cmocka_unit_test(test_all_words_behind_a_context),
        cmocka_unit_test(test_no_ngram_twice),
        cmocka_unit_test(test_pruning),
        cmocka_unit_test(test_pruning_with_a_history_model),
        cmocka_unit_test(test_pruning_of_long_ngrams_alone),
        cmocka_unit_test(test_mixing),
        cmocka_unit_test(test_weights),
        cmocka_unit_test(test_selecting),
        cmocka_unit_test(test_failing_allocations),
    };
    return cmocka_run_group_tests(tests, enter, scratch_leave);
}
