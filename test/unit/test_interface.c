// The public interface: models and states as a decoder uses them.
#include <limits.h>
#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "model/model_file.h"
#include "ngram/binary.h"
#include "rnnlm.h"
#include "scratch.h"
#include "testing.h"

enum { WORDS = 9, SENTENCE = 6, BATCH = 300 };

static const char *const spelling[WORDS] = {"</s>", "a", "b", "c", "d", "e", "f", "g", "h"};
static const int32_t sentence[SENTENCE] = {3, 1, 8, RNNLM_OOV, 2, RNNLM_SENTENCE_END};

static void write_model(const char *path, const char *layers, bool independent)
{
    struct network_shape shape = new_shape(WORDS, layers, 3, 1000, 3);
    struct model model = {.format = shape_is_reference(&shape) ? MODEL_BINARY : MODEL_NATIVE};
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

// What lies where a state is written does not show in it.
static void states_are_written_whole(void **state)
{
    (void)state;
    const char *const names[] = {"plain", "independent", "gates", "arpa"};
    for (int m = 0; m < 4; m++) {
        rnnlm_model *model = open_model(names[m]);
        size_t size = rnnlm_state_size(model);
        int32_t a = rnnlm_word_id(model, "a", 1), b = rnnlm_word_id(model, "b", 1);
        char *start = malloc(size), *clean = malloc(size), *soiled = malloc(size);
        memset(clean, 0, size);
        memset(soiled, 0xff, size); // not a number
        rnnlm_start(model, start);
        assert_near(rnnlm_score(model, start, a, soiled), rnnlm_score(model, start, a, clean), 0);
        assert_memory_equal(soiled, clean, size);
        memset(start, 0xff, size);
        rnnlm_start(model, start);
        assert_near(rnnlm_score(model, soiled, b, start), rnnlm_score(model, clean, b, NULL), 0);
        free(start);
        free(clean);
        free(soiled);
        rnnlm_close(model);
    }
}

// Random pairs at once, and one by one: the same numbers and the same states.
static void batches_equal_single_scores(void **state)
{
    (void)state;
    const char *const names[] = {"plain", "independent", "gates"};
    for (int m = 0; m < 3; m++) {
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
    const char *const names[] = {"plain", "independent", "gates"};
    for (int m = 0; m < 3; m++) {
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

// ---- n-gram models and mixtures -----------------------------------------------------------------

// Normalised; the words of the network, but for c..h, and one of its own.
static const char arpa[] = "what stands before is passed over\n\n\\data\\\nngram 1=6\nngram 2=2\n\n"
                           "\\1-grams:\n-0.69897\t</s>\n-99\t<s>\t-0.204120\n-0.69897\t<unk>\n"
                           "-0.69897\ta\t-0.39794\n-0.69897\tb\n-0.69897\tz\n\n"
                           "\\2-grams:\n-0.30103\t<s> a\n-0.167491\ta b\n\n\\end\\\n";

static int32_t id_of(const rnnlm_model *model, const char *word)
{
    return rnnlm_word_id(model, word, strlen(word));
}

static void ngram_models_are_known_by_content(void **state)
{
    (void)state;
    const char *const names[] = {"arpa", "arpa.gz", "binary"};
    for (int i = 0; i < 3; i++) {
        rnnlm_model *model = open_model(names[i]);
        char *begin = malloc(rnnlm_state_size(model)), *behind = malloc(rnnlm_state_size(model));
        assert_int_equal(rnnlm_order(model), 2);
        assert_int_equal(rnnlm_vocabulary_size(model), 6);
        assert_int_equal(id_of(model, "</s>"), RNNLM_SENTENCE_END);
        assert_int_equal(id_of(model, "zebra"), RNNLM_OOV);
        assert_int_equal(rnnlm_unknown_id(model), id_of(model, "<unk>"));
        rnnlm_start(model, begin);
        assert_near(rnnlm_score(model, begin, id_of(model, "a"), behind), -0.30103, 1e-6);
        assert_int_equal(rnnlm_matched(model, begin, id_of(model, "a")), 2);
        assert_near(rnnlm_score(model, behind, id_of(model, "b"), NULL), -0.167491, 1e-6);
        assert_near(rnnlm_score(model, behind, id_of(model, "z"), NULL), -1.09691, 1e-6);
        assert_near(rnnlm_score(model, begin, id_of(model, "b"), NULL), -0.90309, 1e-6);
        assert_int_equal(rnnlm_matched(model, begin, id_of(model, "b")), 1);
        assert_true(rnnlm_score(model, begin, RNNLM_OOV, behind) == -INFINITY);
        assert_int_equal(rnnlm_matched(model, begin, RNNLM_OOV), 0);
        rnnlm_start_anywhere(model, begin);
        assert_memory_equal(begin, behind, rnnlm_state_size(model));
        assert_near(rnnlm_score(model, begin, id_of(model, "a"), NULL), -0.69897, 1e-6);
        free(begin);
        free(behind);
        rnnlm_close(model);
    }
}

// A network's file is one, whatever its lines are like: this heading's name is not read.
static void networks_are_known_by_content(void **state)
{
    (void)state;
    static const char heading[] = "Vocabulary:", mark[] = "\\data\\";
    struct stat status;
    FILE *file = fopen("plain", "rb");
    assert_non_null(file);
    assert_int_equal(fstat(fileno(file), &status), 0);
    size_t size = (size_t)status.st_size;
    char *bytes = malloc(size), *at;
    assert_int_equal(fread(bytes, 1, size, file), size);
    fclose(file);
    at = memmem(bytes, size, heading, sizeof heading - 1);
    assert_non_null(at);
    memcpy(at, mark, sizeof mark - 1);
    write_file("marked", bytes, size);
    free(bytes);
    rnnlm_model *model = open_model("marked"), *plain = open_model("plain");
    assert_near(score_sentence(model), score_sentence(plain), 1e-9);
    rnnlm_close(model);
    rnnlm_close(plain);
}

// Probabilities of all words, which are those of single scores, and sum to 1.
static void distributions_are_scores(void **state)
{
    (void)state;
    const char *const names[] = {"plain", "independent", "arpa", "binary"};
    for (int i = 0; i < 4; i++) {
        rnnlm_model *model = open_model(names[i]);
        size_t words = rnnlm_vocabulary_size(model);
        char *begin = malloc(rnnlm_state_size(model)), *behind = malloc(rnnlm_state_size(model));
        double *prob = malloc(words * sizeof *prob), sum = 0;
        rnnlm_start(model, begin);
        rnnlm_score(model, begin, 1, behind);
        assert_int_equal(rnnlm_distribution(model, behind, prob), 0);
        for (size_t w = 0; w < words; sum += prob[w++])
            if (strcmp(rnnlm_word(model, (int32_t)w), "<s>") == 0)
                assert_true(prob[w] == 0);
            else
                assert_near(log10(prob[w]), rnnlm_score(model, behind, (int32_t)w, NULL), 1e-5);
        assert_near(sum, 1, 1e-5);
        free(begin);
        free(behind);
        free(prob);
        rnnlm_close(model);
    }
}

// What a mixture says is what its parts say, each with a state of its own.
static void mixtures_are_sums(void **state)
{
    (void)state;
    enum { PARTS = 3, LENGTH = 150 };
    const char *const names[PARTS] = {"plain", "arpa", "independent"};
    const double weights[PARTS] = {0.5, 0.375, 0.125};
    const char *const text[] = {"a", "b", "z", "c", "zebra", "<unk>", "</s>"};
    char error[RNNLM_ERROR_SIZE];
    rnnlm_model *mixture = rnnlm_open_mixture(names, weights, PARTS, error, sizeof error), *part[3];
    size_t size = rnnlm_state_size(mixture), sum = 0;
    assert_non_null(mixture);
    char *chain = malloc(size * (LENGTH + 1)), *own[PARTS];
    const void *before[LENGTH];
    void *after[LENGTH];
    int32_t word[LENGTH];
    double wanted[LENGTH] = {0}, found[LENGTH];
    for (int i = 0; i < PARTS; i++) {
        part[i] = open_model(names[i]);
        sum += rnnlm_state_size(part[i]);
        own[i] = malloc(2 * rnnlm_state_size(part[i]));
        rnnlm_start(part[i], own[i]);
    }
    assert_int_equal(size, sum);
    assert_int_equal(rnnlm_vocabulary_size(mixture), WORDS + 3);
    assert_int_equal(rnnlm_order(mixture), INT_MAX);
    rnnlm_start(mixture, chain);
    for (size_t t = 0; t < LENGTH; t++) {
        const char *name = text[t * t % 7];
        word[t] = id_of(mixture, name);
        before[t] = chain + t * size;
        after[t] = chain + (t + 1) * size;
        if (word[t] == RNNLM_OOV && t % 2 == 0)
            word[t] = rnnlm_unknown_id(mixture);
        for (int i = 0; i < PARTS; i++) {
            size_t bytes = rnnlm_state_size(part[i]);
            int32_t id = word[t] == RNNLM_OOV ? RNNLM_OOV : id_of(part[i], name);
            if (word[t] != RNNLM_OOV && id == RNNLM_OOV)
                id = rnnlm_unknown_id(part[i]);
            wanted[t] += weights[i] * pow(10, rnnlm_score(part[i], own[i], id, own[i] + bytes));
            memcpy(own[i], own[i] + bytes, bytes);
        }
        rnnlm_score(mixture, before[t], word[t], after[t]);
    }
    assert_int_equal(rnnlm_score_batch(mixture, LENGTH, before, word, NULL, found), 0);
    for (size_t t = 0; t < LENGTH; t++)
        if (word[t] == RNNLM_OOV)
            assert_true(found[t] == -INFINITY);
        else
            assert_near(found[t], log10(wanted[t]), 2e-6);
    double prob[WORDS + 3], all = 0;
    assert_int_equal(rnnlm_distribution(mixture, after[LENGTH - 1], prob), 0);
    for (int32_t i = 0; i < WORDS + 3; i++)
        all += prob[i];
    assert_near(all, 1, 1e-5);
    assert_int_equal(rnnlm_matched(mixture, chain, id_of(mixture, "a")), INT_MAX);
    for (int i = 0; i < PARTS; i++) {
        free(own[i]);
        rnnlm_close(part[i]);
    }
    free(chain);
    rnnlm_close(mixture);
}

// States that models write pass; others do not, and may not lead astray.
static void foreign_states_are_checked(void **state)
{
    (void)state;
    const char *const names[] = {"plain", "arpa", "binary", "mixture"};
    for (int i = 0; i < 4; i++) {
        const char *const mixed[] = {"plain", "binary"};
        rnnlm_model *model =
            i < 3 ? open_model(names[i]) : rnnlm_open_mixture(mixed, NULL, 2, NULL, 0);
        size_t size = rnnlm_state_size(model), refused = 0;
        char *good = malloc(size), *other = malloc(size), *behind = malloc(size);
        rnnlm_start_anywhere(model, good);
        assert_int_equal(rnnlm_state_check(model, good), 0);
        rnnlm_start(model, good);
        rnnlm_score(model, good, 1, other);
        assert_int_equal(rnnlm_state_check(model, good), 0);
        assert_int_equal(rnnlm_state_check(model, other), 0);
        for (size_t at = 0; at < size; at++)
            for (int value = 0x7f; value <= 0xff; value += 0x80) {
                memcpy(other, good, size);
                other[at] = (char)value;
                if (rnnlm_state_check(model, other) != 0)
                    refused++;
                else
                    rnnlm_score(model, other, 2, behind);
            }
        assert_true(refused > 10);
        free(good);
        free(other);
        free(behind);
        rnnlm_close(model);
    }
}

static void mixtures_are_checked(void **state)
{
    (void)state;
    const char *const names[] = {"plain", "nothing-here"};
    const double too_much[] = {0.7, 0.7};
    char error[RNNLM_ERROR_SIZE] = "";
    assert_null(rnnlm_open_mixture(names, NULL, 2, error, sizeof error));
    assert_contains(error, "nothing-here");
    assert_null(rnnlm_open_mixture(names, too_much, 2, error, sizeof error));
    assert_contains(error, "1.4");
    assert_null(rnnlm_open_mixture(names, NULL, 0, error, sizeof error));
    assert_contains(error, "at least one");
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
    write_model("plain", "elman:21", false);
    write_model("independent", "elman:21", true);
    write_model("gates", "lstm:7,gru:9", false);
    write_file("arpa", arpa, sizeof arpa - 1);
    write_gzip("arpa.gz", arpa, sizeof arpa - 1);
    struct ngram_model *ngram = ngram_load("arpa", NULL);
    bool ok = ngram != NULL && binary_write(ngram, "binary", 0, NULL);
    ngram_close(ngram);
    return ok ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_and_ids),
        cmocka_unit_test(probabilities_sum_to_one),
        cmocka_unit_test(states_are_written_whole),
        cmocka_unit_test(batches_equal_single_scores),
        cmocka_unit_test(independent_sentences_start_afresh),
        cmocka_unit_test(sentences_equal_their_words),
        cmocka_unit_test(threads_share_a_model),
        cmocka_unit_test(ngram_models_are_known_by_content),
        cmocka_unit_test(networks_are_known_by_content),
        cmocka_unit_test(distributions_are_scores),
        cmocka_unit_test(mixtures_are_sums),
        cmocka_unit_test(foreign_states_are_checked),
        cmocka_unit_test(mixtures_are_checked),
        cmocka_unit_test(failures_say_why),
    };
    return cmocka_run_group_tests_name("interface", tests, make_models, scratch_leave);
}
