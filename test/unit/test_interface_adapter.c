// The public interface: models that go on learning, against dynamic evaluation by hand.
#include "native_models.h"

#include "learn/dynamic.h"
#include "rnnlm.h"
#include "train/statistics.h"

enum { WORDS = 13, LENGTH = 60 };

static const char *const sgd[] = {"dynamic", "0.3", "beta", "0.01"};
static const char *const rms[] = {"dynamic",       "0.02", "dynamic-rule",  "rms",
                                  "dynamic-decay", "0.1",  "dynamic-words", "4"};
static int32_t text[LENGTH];

static rnnlm_adapter *open_adapter(const char *path, bool by_rms)
{
    char error[RNNLM_ERROR_SIZE] = "";
    rnnlm_adapter *adapter =
        rnnlm_adapter_open(&path, NULL, 1, by_rms ? rms : sgd, by_rms ? 4 : 2, error, sizeof error);
    if (adapter == NULL)
        fail_msg("%s", error);
    return adapter;
}

static void learn(rnnlm_adapter *adapter, const int32_t *word, size_t count, double *log10_prob)
{
    char error[RNNLM_ERROR_SIZE] = "";
    if (rnnlm_adapter_learn(adapter, word, count, log10_prob, error, sizeof error) != 0)
        fail_msg("%s", error);
}

// What dynamic evaluation gives, on a network of its own.
static void by_hand(const char *path, bool by_rms, double *log10_prob)
{
    struct model model;
    struct dynamic dynamic;
    struct gradient_roots roots = {.root = NULL};
    struct error error = {""};
    assert_true(model_load(&model, path, &error));
    const struct dynamic_rule rule = {.rms = by_rms,
                                      .rate = by_rms ? 0.02 : 0.3,
                                      .beta = 0.01,
                                      .gradient_cutoff = 15,
                                      .bptt = model.record.bptt,
                                      .bptt_block = model.record.bptt_block,
                                      .independent = model.record.independent,
                                      .decay = 0.1,
                                      .words = 4};
    if (by_rms)
        assert_true(statistics_open(&roots, &model, path, NULL, &error));
    assert_true(
        dynamic_init(&dynamic, &model.network, &rule, by_rms ? &roots : NULL, &error) &&
        dynamic_start(&dynamic, rule.independent ? STATE_SENTENCE : STATE_TEXT, NULL, &error));
    for (size_t i = 0; i < LENGTH; i++) {
        double prob;
        assert_true(dynamic_next(&dynamic, text[i], &prob, &error));
        log10_prob[i] = log10(prob);
    }
    dynamic_free(&dynamic);
    model_free(&model);
}

static void same_as_dynamic_evaluation(void **state)
{
    (void)state;
    static const char *const path[] = {"plain", "lstm"};
    for (size_t k = 0; k < 4; k++) {
        double wanted[LENGTH], found[LENGTH], again[LENGTH];
        by_hand(path[k / 2], k % 2, wanted);
        rnnlm_adapter *adapter = open_adapter(path[k / 2], k % 2);
        for (size_t i = 0; i < LENGTH; i += 20) // in parts
            learn(adapter, text + i, 20, found + i);
        for (size_t i = 0; i < LENGTH; i++)
            assert_true(found[i] == wanted[i]);
        assert_int_equal(rnnlm_adapter_restart(adapter, 0), 0);
        learn(adapter, text, LENGTH, again);
        assert_true(memcmp(found, again, sizeof found) != 0);
        assert_int_equal(rnnlm_adapter_restart(adapter, 1), 0);
        learn(adapter, text, LENGTH, again);
        assert_memory_equal(found, again, sizeof found);
        rnnlm_adapter_close(adapter);
    }
}

// log10 P of a sentence, from its start.
static double score(const rnnlm_model *model, const int32_t *word, size_t count)
{
    double prob[LENGTH + 1], *row = prob, sum = 0;
    assert_int_equal(rnnlm_score_sentences(model, 1, &word, &count, &row), 0);
    for (size_t i = 0; i <= count; i++)
        sum += prob[i];
    return sum;
}

// Hypotheses are scored with what has been learnt; models that others have opened stay as they are.
static void the_model_is_scored_with(void **state)
{
    (void)state;
    const int32_t heard[] = {3, 5, 7, RNNLM_SENTENCE_END};
    for (int by_rms = 0; by_rms < 2; by_rms++) {
        rnnlm_model *fixed = rnnlm_open("lstm", NULL, 0);
        rnnlm_adapter *adapter = open_adapter("lstm", by_rms);
        const rnnlm_model *model = rnnlm_adapter_model(adapter);
        const double before = score(fixed, heard, 3);
        assert_near(score(model, heard, 3), before, 1e-6);
        assert_int_equal(rnnlm_state_size(model), rnnlm_state_size(fixed));
        double last = score(model, heard, 3);
        for (int i = 0; i < 5; i++) {
            learn(adapter, heard, 4, NULL);
            assert_true(score(model, heard, 3) > last);
            last = score(model, heard, 3);
        }
        assert_true(score(fixed, heard, 3) == before);
        assert_int_equal(rnnlm_adapter_restart(adapter, 1), 0);
        assert_near(score(model, heard, 3), before, 1e-6);
        rnnlm_adapter_close(adapter);
        rnnlm_close(fixed);
    }
}

// Each part of a mixture goes its own way; n-gram models learn nothing.
static void mixtures(void **state)
{
    (void)state;
    static const char ARPA[] = "\\data\\\nngram 1=4\n\n\\1-grams:\n-99\t<s>\n-0.5\t</s>\n"
                               "-0.4\tw1\n-0.8\tw4\n\n\\end\\\n";
    const char *const path[] = {"plain", "arpa", "lstm"};
    const double weight[] = {0.5, 0.25, 0.25};
    char error[RNNLM_ERROR_SIZE] = "";
    double one[LENGTH], two[LENGTH], mixed[LENGTH];
    write_file("arpa", ARPA, sizeof ARPA - 1);
    rnnlm_adapter *adapter = rnnlm_adapter_open(path, weight, 3, rms, 4, error, sizeof error);
    if (adapter == NULL)
        fail_msg("%s", error);
    by_hand("plain", true, one);
    by_hand("lstm", true, two);
    learn(adapter, text, LENGTH, mixed); // ids of the first network are those of the mixture
    const rnnlm_model *model = rnnlm_adapter_model(adapter);
    for (size_t i = 0; i < LENGTH; i++) {
        const char *word = rnnlm_word(model, text[i]);
        double ngram = word == NULL                ? 0
                       : strcmp(word, "</s>") == 0 ? pow(10, -0.5)
                       : strcmp(word, "w1") == 0   ? pow(10, -0.4)
                       : strcmp(word, "w4") == 0   ? pow(10, -0.8)
                                                   : 0;
        if (word != NULL)
            assert_near(pow(10, mixed[i]),
                        0.5 * pow(10, one[i]) + 0.25 * ngram + 0.25 * pow(10, two[i]), 1e-6);
        else
            assert_true(mixed[i] == -INFINITY);
    }
    rnnlm_adapter_close(adapter);
}

// What comes behind a word changes no probability before it.
static void causality(void **state)
{
    (void)state;
    struct random random;
    random_seed(&random, 5);
    rnnlm_adapter *adapter[] = {open_adapter("lstm", false), open_adapter("lstm", true)};
    for (int trial = 0; trial < (slow_build() ? 100 : 1000); trial++) {
        double prob[2][LENGTH];
        size_t same = 1 + (size_t)random_next(&random) % (LENGTH - 1);
        for (size_t side = 0; side < 2; side++) {
            for (size_t i = side == 0 ? 0 : same; i < LENGTH; i++)
                text[i] = random_next(&random) % (WORDS + 1) - 1;
            assert_int_equal(rnnlm_adapter_restart(adapter[trial % 2], 1), 0);
            learn(adapter[trial % 2], text, LENGTH, prob[side]);
        }
        assert_memory_equal(prob[0], prob[1], same * sizeof **prob);
    }
    rnnlm_adapter_close(adapter[0]);
    rnnlm_adapter_close(adapter[1]);
}

static void refuses(const char *path, const char *const *option, size_t options, const char *why)
{
    char error[RNNLM_ERROR_SIZE] = "";
    assert_null(rnnlm_adapter_open(&path, NULL, 1, option, options, error, sizeof error));
    assert_contains(error, why);
}

static void failures_say_why(void **state)
{
    (void)state;
    const char *const none[] = {"dynamic-rule", "rms"}, *const wrong[] = {"dinamic", "1"},
                      *const decay[] = {"dynamic", "1", "dynamic-decay", "0.1"},
                      *const files[] = {"dynamic",
                                        "1",
                                        "dynamic-rule",
                                        "rms",
                                        "dynamic-statistics",
                                        "plain.statistics",
                                        "dynamic-statistics",
                                        "b"},
                      *const other[] = {"dynamic",
                                        "1",
                                        "dynamic-rule",
                                        "rms",
                                        "dynamic-statistics",
                                        "plain.statistics"},
                      *const high[] = {"dynamic", "1e6", "gradient-cutoff", "0", "beta", "1000"};
    char error[RNNLM_ERROR_SIZE] = "";
    refuses("plain", none, 1, "a rate above 0 is wanted");
    refuses("plain", wrong, 1, "did you mean dynamic?");
    refuses("plain", decay, 2, "-dynamic-decay is for -dynamic-rule rms");
    refuses("plain", files, 4, "found 2, wanted 1, one for each network");
    refuses("lstm", other, 3, "plain.statistics: ");
    refuses("missing", sgd, 2, "missing");
    refuses("arpa", sgd, 2, "arpa: found an n-gram model, wanted a network");
    const char *path = "lstm";
    rnnlm_adapter *adapter = rnnlm_adapter_open(&path, NULL, 1, high, 3, error, sizeof error);
    assert_int_equal(rnnlm_adapter_learn(adapter, text, LENGTH, NULL, error, sizeof error), -1);
    assert_contains(error, "the learning rate is too high");
    assert_int_equal(rnnlm_adapter_restart(adapter, 1), 0);
    rnnlm_model *fixed = rnnlm_open(path, NULL, 0);
    const int32_t heard[] = {3, 5};
    assert_near(score(rnnlm_adapter_model(adapter), heard, 2), score(fixed, heard, 2), 1e-6);
    rnnlm_close(fixed);
    rnnlm_adapter_close(adapter);
    rnnlm_adapter_close(NULL);
}

static void allocations_fail(void **state)
{
    (void)state;
    const char *path = "lstm";
    rnnlm_adapter *adapter = NULL;
    char error[RNNLM_ERROR_SIZE] = "";
    for (int failures = 0; adapter == NULL; failures++) {
        memory_fail_after(failures);
        adapter = rnnlm_adapter_open(&path, NULL, 1, rms, 4, error, sizeof error);
        memory_fail_after(-1);
    }
    rnnlm_adapter_close(adapter);
}

static void write_network(const char *path, const struct recipe *recipe)
{
    struct model model;
    struct gradient_roots roots;
    struct random random;
    struct error error = {""};
    make_model(&model, recipe, MODEL_NATIVE);
    model.record.independent = strcmp(path, "lstm") == 0;
    model.record.bptt = 3;
    model.record.bptt_block = 2;
    assert_true(model_save(&model, path, &error) &&
                gradient_roots_init(&roots, &model.network, &error));
    random_seed(&random, 11);
    for (size_t p = 0; p < model.network.parameters; p++)
        for (size_t i = 0; i < parameter_count(&model.network.parameter[p]); i++)
            roots.root[p][i] = (float)random_uniform(&random, 0, 0.2);
    char *beside = model_file_beside(path, STATISTICS_SUFFIX, &error);
    assert_true(statistics_write(&roots, &model, beside, &error));
    free(beside);
    gradient_roots_free(&roots);
    model_free(&model);
}

static int make_models(void **state)
{
    static const struct recipe small = {WORDS, "elman:5", 3, 0, 0, 0.5},
                               gates = {WORDS, "lstm:6 full", 1, 0, 0, 0.5};
    struct random random;
    if (scratch_enter(state) != 0)
        return -1;
    write_network("plain", &small);
    write_network("lstm", &gates);
    random_seed(&random, 2);
    for (size_t i = 0; i < LENGTH; i++)
        text[i] = random_next(&random) % (WORDS + 1) - 1; // RNNLM_OOV among them
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(same_as_dynamic_evaluation),
        cmocka_unit_test(the_model_is_scored_with),
        cmocka_unit_test(mixtures),
        cmocka_unit_test(failures_say_why),
        cmocka_unit_test(allocations_fail),
        cmocka_unit_test(causality),
    };
    return cmocka_run_group_tests(tests, make_models, scratch_leave);
}
