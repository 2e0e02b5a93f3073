// The public interface: models and states as a decoder uses them.
#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "model/model_file.h"
#include "rnnlm.h"
#include "scratch.h"
#include "testing.h"

enum { WORDS = 9, SENTENCE = 6, BATCH = 300 };

static const char *const spelling[WORDS] = {"</s>", "a", "b", "c", "d", "e", "f", "g", "h"};
static const int32_t sentence[SENTENCE] = {3, 1, 8, RNNLM_OOV, 2, RNNLM_SENTENCE_END};

static void write_model(const char *path, bool independent)
{
    struct model model = {.format = MODEL_BINARY};
    struct network_shape shape = new_shape(WORDS, "elman:21", 3, 1000, 3);
    struct error error = {""};
    assert_true(vocabulary_init(&model.vocabulary, NULL));
    for (int i = 1; i < WORDS; i++)
        assert_int_equal(vocabulary_add(&model.vocabulary, spelling[i], strlen(spelling[i]), NULL),
                         i);
    make_network(&model.network, &shape, 9, 1.2);
    assert_true(model_attach(&model, NULL));
    model.record.bptt_block = 10;
    model.record.independent = independent;
    if (!model_save(&model, path, &error))
        fail_msg("%s", error.text);
    model_free(&model);
}

static rnnlm_model *open_model(const char *path)
{
    char error[RNNLM_ERROR_SIZE] = "";
    rnnlm_model *model = rnnlm_open(path, error, sizeof error);
    if (model == NULL)
        fail_msg("%s", error);
    return model;
}

static double score_sentence(const rnnlm_model *model)
{
    void *now = malloc(rnnlm_state_size(model)), *next = malloc(rnnlm_state_size(model));
    double sum = 0;
    rnnlm_start(model, now);
    for (int i = 0; i < SENTENCE; i++) {
        double log10_prob = rnnlm_score(model, now, sentence[i], next);
        if (sentence[i] == RNNLM_OOV)
            assert_true(log10_prob == -INFINITY);
        else
            sum += log10_prob;
        void *swapped = now;
        now = next;
        next = swapped;
    }
    free(now);
    free(next);
    return sum;
}

static void words_and_ids(void **state)
{
    (void)state;
    rnnlm_model *model = open_model("plain");
    assert_int_equal(rnnlm_vocabulary_size(model), WORDS);
    for (int32_t i = 0; i < WORDS; i++) {
        assert_string_equal(rnnlm_word(model, i), spelling[i]);
        assert_int_equal(rnnlm_word_id(model, spelling[i], strlen(spelling[i])), i);
    }
    assert_int_equal(rnnlm_word_id(model, "zebra", 5), RNNLM_OOV);
    assert_null(rnnlm_word(model, -1));
    assert_null(rnnlm_word(model, WORDS));
    assert_non_null(strchr(rnnlm_version(), '.'));
    rnnlm_close(model);
}

static void probabilities_sum_to_one(void **state)
{
    (void)state;
    rnnlm_model *model = open_model("plain");
    void *start = malloc(rnnlm_state_size(model));
    rnnlm_start(model, start);
    double sum = 0;
    for (int32_t word = 0; word < WORDS; word++)
        sum += pow(10, rnnlm_score(model, start, word, NULL));
    assert_near(sum, 1, 1e-5);
    free(start);
    rnnlm_close(model);
}

// Random pairs at once, and one by one: the same numbers and the same states.
static void batches_equal_single_scores(void **state)
{
    (void)state;
    const char *const names[] = {"plain", "independent"};
    for (int m = 0; m < 2; m++) {
        rnnlm_model *model = open_model(names[m]);
        size_t size = rnnlm_state_size(model);
        char *states = malloc(size * (BATCH + 1)), *single = malloc(size);
        const void *before[BATCH];
        void *after[BATCH];
        int32_t word[BATCH];
        double log10_prob[BATCH];
        rnnlm_start(model, states);
        // A chain of states, of which each second is used twice.
        for (size_t i = 0; i < BATCH; i++) {
            word[i] = i % 11 == 3 ? RNNLM_OOV : (int32_t)(i * 7 % WORDS);
            rnnlm_score(model, states + i * size, word[i], states + (i + 1) * size);
        }
        char *results = malloc(size * BATCH);
        for (size_t i = 0; i < BATCH; i++) {
            before[i] = states + i / 2 * size;
            after[i] = i % 5 == 0 ? NULL : results + i * size;
        }
        assert_int_equal(rnnlm_score_batch(model, BATCH, before, word, after, log10_prob), 0);
        for (size_t i = 0; i < BATCH; i++) {
            double wanted = rnnlm_score(model, before[i], word[i], single);
            if (word[i] == RNNLM_OOV)
                assert_true(wanted == -INFINITY && log10_prob[i] == -INFINITY);
            else
                assert_near(log10_prob[i], wanted, 2e-6);
            if (after[i] != NULL)
                for (int32_t next = 0; next < WORDS; next += 4)
                    assert_near(rnnlm_score(model, after[i], next, NULL),
                                rnnlm_score(model, single, next, NULL), 2e-6);
        }
        free(states);
        free(single);
        free(results);
        rnnlm_close(model);
    }
}

static void independent_sentences_start_afresh(void **state)
{
    (void)state;
    rnnlm_model *model = open_model("independent");
    size_t size = rnnlm_state_size(model);
    void *start = malloc(size), *after = malloc(size);
    rnnlm_start(model, start);
    rnnlm_score(model, start, RNNLM_SENTENCE_END, after);
    assert_memory_equal(start, after, size);
    free(start);
    free(after);
    rnnlm_close(model);
}

// Whole sentences, some empty, are their words scored one after the other, and their </s>.
static void sentences_equal_their_words(void **state)
{
    (void)state;
    enum { COUNT = 200, LONGEST = 7 };
    const char *const names[] = {"plain", "independent"};
    for (int m = 0; m < 2; m++) {
        rnnlm_model *model = open_model(names[m]);
        size_t size = rnnlm_state_size(model), length[COUNT];
        int32_t words[COUNT][LONGEST];
        double found[COUNT][LONGEST + 1];
        const int32_t *word[COUNT];
        double *log10_prob[COUNT];
        char *now = malloc(size), *next = malloc(size);
        for (size_t i = 0; i < COUNT; i++) {
            length[i] = i * 5 % (LONGEST + 1);
            word[i] = words[i];
            log10_prob[i] = found[i];
            for (size_t j = 0; j < length[i]; j++)
                words[i][j] = (i + j) % 13 == 5 ? RNNLM_OOV : (int32_t)((i * 7 + j * j) % WORDS);
        }
        assert_int_equal(rnnlm_score_sentences(model, COUNT, word, length, log10_prob), 0);
        for (size_t i = 0; i < COUNT; i++) {
            rnnlm_start(model, now);
            for (size_t j = 0; j <= length[i]; j++) {
                int32_t id = j < length[i] ? words[i][j] : RNNLM_SENTENCE_END;
                double wanted = rnnlm_score(model, now, id, next);
                if (id == RNNLM_OOV)
                    assert_true(found[i][j] == -INFINITY);
                else
                    assert_near(found[i][j], wanted, 2e-6);
                memcpy(now, next, size);
            }
        }
        assert_int_equal(rnnlm_score_sentences(model, 0, NULL, NULL, NULL), 0);
        free(now);
        free(next);
        rnnlm_close(model);
    }
}

static void *score_often(void *model)
{
    double *sum = malloc(sizeof *sum);
    *sum = 0;
    for (int i = 0; i < 50; i++)
        *sum += score_sentence(model);
    return sum;
}

static void threads_share_a_model(void **state)
{
    (void)state;
    rnnlm_model *model = open_model("plain");
    double wanted = 50 * score_sentence(model);
    pthread_t thread[4];
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, score_often, model), 0);
    for (int i = 0; i < 4; i++) {
        void *sum;
        pthread_join(thread[i], &sum);
        assert_near(*(double *)sum, wanted, 1e-9);
        free(sum);
    }
    rnnlm_close(model);
}

static void failures_say_why(void **state)
{
    (void)state;
    char error[RNNLM_ERROR_SIZE] = "";
    assert_null(rnnlm_open("nothing-here", error, sizeof error));
    assert_non_null(strstr(error, "nothing-here"));
    assert_null(rnnlm_open("nothing-here", NULL, 0));
    rnnlm_close(NULL);
}

static int make_models(void **state)
{
    if (scratch_enter(state) != 0)
        return -1;
    write_model("plain", false);
    write_model("independent", true);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_and_ids),
        cmocka_unit_test(probabilities_sum_to_one),
        cmocka_unit_test(batches_equal_single_scores),
        cmocka_unit_test(independent_sentences_start_afresh),
        cmocka_unit_test(sentences_equal_their_words),
        cmocka_unit_test(threads_share_a_model),
        cmocka_unit_test(failures_say_why),
    };
    return cmocka_run_group_tests_name("interface", tests, make_models, scratch_leave);
}
