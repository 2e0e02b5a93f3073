// A back-off model with a network's probabilities: by brute force over all words and contexts of a
// small one.
#include "plain_network.h"

#include "scratch.h"

#include "ngram/arpa.h"
#include "score/network_arpa.h"
#include "score/scorer.h"

enum { WORDS = 9, STATE = 16, CONTEXT = 3 };

static const char *const spelling[WORDS] = {"</s>", "a", "b", "c", "d", "e", "<unk>", "g", "h"};

static struct model model; // the network; the n-grams lack its g and h, it lacks their z

// "b c" has all words but <s> among its n-grams, "a" nearly all of the mass, "z" is unknown to the
// network, "b c a" has no suffix "c a"; back-off weights are wrong, or there are none.
static const char base_text[] = "\\data\\\n"
                                "ngram 1=9\nngram 2=12\nngram 3=13\nngram 4=2\n"
                                "\\1-grams:\n"
                                "-99\t<s>\t-0.4\n"
                                "-0.8\t</s>\n"
                                "-0.7\ta\t-0.3\n"
                                "-0.9\tb\t-0.2\n"
                                "-1.1\tc\t0.5\n"
                                "-1.0\td\t-0.7\n"
                                "-1.3\te\n"
                                "-1.6\t<unk>\n"
                                "-0.6\tz\t-1\n"
                                "\\2-grams:\n"
                                "-0.5 <s> a -0.1\n"
                                "-0.9 <s> z\n"
                                "-0.2 a b -0.3\n"
                                "-0.9 a </s>\n"
                                "-1.9 a a\n"
                                "-1.4 a z\n"
                                "-0.3 b c -0.2\n"
                                "-0.7 z a -0.2\n"
                                "-0.3 z z\n"
                                "-0.6 d </s>\n"
                                "-0.8 a <s>\n"
                                "-0.6 c e\n"
                                "\\3-grams:\n"
                                "-0.4 <s> a b -0.7\n"
                                "-0.3 a b </s>\n"
                                "-0.8 z a b\n"
                                "-0.9 b c a -0.5\n"
                                "-0.9 b c b\n"
                                "-0.9 b c c\n"
                                "-0.9 b c d\n"
                                "-0.9 b c e\n"
                                "-0.9 b c z\n"
                                "-0.9 b c </s>\n"
                                "-0.9 b c <unk>\n"
                                "-0.2 <s> z z\n"
                                "-0.2 a <s> a\n"
                                "\\4-grams:\n"
                                "-0.4 <s> a b c\n"
                                "-0.7 b c a b\n"
                                "\\end\\\n";

static int make_model(void **state)
{
    const struct network_shape shape = new_shape(WORDS, "elman:6", 3, 200, 3);
    if (!vocabulary_init(&model.vocabulary, NULL))
        return -1;
    for (size_t i = 0; i < WORDS; i++)
        vocabulary_add(&model.vocabulary, spelling[i], strlen(spelling[i]), NULL);
    make_network(&model.network, &shape, 9, 1.2);
    if (!model_attach(&model, NULL))
        return -1;
    for (size_t i = 0; i < 6; i++)
        model.state[i] = 0.15f * (float)i;
    return scratch_enter(state);
}

static int free_model(void **state)
{
    model_free(&model);
    return scratch_leave(state);
}

static struct ngram_model *open_base(const char *text)
{
    struct error error;
    write_file("base.arpa", text, strlen(text));
    struct ngram_model *base = ngram_open("base.arpa", &error);
    if (base == NULL)
        print_error("%s\n", error.text);
    assert_non_null(base);
    return base;
}

static struct ngram_model *convert(double lambda, const char *text)
{
    struct error error;
    const struct network_arpa_options options = {.lambda = lambda, .text = text};
    struct ngram_model *base = open_base(base_text);
    if (!network_arpa(base, &model, &options, &error)) {
        print_error("%s\n", error.text);
        fail();
    }
    return base;
}

// ---- sums -------------------------------------------------------------------------------------

static double sum_after(const struct ngram_model *ngrams, const struct ngram_state *state)
{
    double sum = 0;
    struct ngram_state next;
    for (size_t word = 0; word < ngrams->words.size; word++)
        sum += pow(10, ngram_score(ngrams, state, (int32_t)word, &next, NULL));
    return sum;
}

// Every sequence of up to `left` more words is a context of a distribution.
static void check_sums(const struct ngram_model *ngrams, const struct ngram_state *state, int left)
{
    struct ngram_state next;
    assert_near(sum_after(ngrams, state), 1, 2e-6);
    for (size_t word = 0; left > 0 && word < ngrams->words.size; word++) {
        ngram_score(ngrams, state, (int32_t)word, &next, NULL);
        check_sums(ngrams, &next, left - 1);
    }
}

static void check_model(const struct ngram_model *ngrams)
{
    struct ngram_state state;
    ngram_start(ngrams, &state, false);
    check_sums(ngrams, &state, CONTEXT);
}

static void every_context_sums_to_one(void **state)
{
    (void)state;
    static const double lambda[] = {0, 0.4, 1};
    static const char text[] = "a b c\nb c a q\n\nd z e\n";
    write_file("text", text, sizeof text - 1);
    for (size_t i = 0; i < 3; i++)
        for (int with_text = 0; with_text < 2; with_text++) {
            struct ngram_model *ngrams = convert(lambda[i], with_text ? "text" : NULL);
            check_model(ngrams);
            unlink("out.arpa"); // a result is written once
            assert_true(arpa_write(ngrams, "out.arpa", NULL));
            ngram_close(ngrams);
            ngrams = ngram_open("out.arpa", NULL);
            assert_non_null(ngrams);
            check_model(ngrams);
            ngram_close(ngrams);
        }
}

static void sums_can_be_wrong(void **state)
{
    (void)state;
    struct ngram_model *base = open_base(base_text);
    struct ngram_state start;
    ngram_start(base, &start, true);
    assert_true(fabs(sum_after(base, &start) - 1) > 1e-3);
    ngram_close(base);
}

// ---- probabilities ----------------------------------------------------------------------------

// log10 probability of an n-gram of the model, words with blanks between.
static double explicit_log10(const struct ngram_model *ngrams, const char *words)
{
    char copy[64], *rest = NULL;
    struct ngram_state state;
    int matched = 0, count = 0;
    double log10_prob = 0;
    snprintf(copy, sizeof copy, "%s", words);
    ngram_start(ngrams, &state, false);
    for (char *word = strtok_r(copy, " ", &rest); word != NULL; word = strtok_r(NULL, " ", &rest)) {
        log10_prob =
            ngram_score(ngrams, &state, ngram_word(ngrams, word, strlen(word)), &state, &matched);
        count++;
    }
    assert_int_equal(matched, count);
    return log10_prob;
}

// The same in the network, walked by hand: before the first word stands `value`, or the start of a
// sentence if that is <s>.
static double network_prob(const char *words, const float *value)
{
    char copy[64], *rest = NULL;
    struct plain plain = plain_new(&model.network);
    struct state *now = state_new(&model.network, NULL), *next = state_new(&model.network, NULL);
    memcpy(now->value, value, model.network.state * sizeof *value);
    for (int i = 0; i < SHAPE_MOST_ORDER; i++)
        now->history[i] = WORD_OOV;
    double prob = 0;
    snprintf(copy, sizeof copy, "%s", words);
    for (char *word = strtok_r(copy, " ", &rest); word != NULL; word = strtok_r(NULL, " ", &rest)) {
        bool start = strcmp(word, "<s>") == 0;
        int32_t id =
            vocabulary_find(&model.vocabulary, start ? "</s>" : word, start ? 4 : strlen(word));
        if (start)
            memcpy(now->value, model.state, model.network.state * sizeof *now->value);
        else if (id != WORD_OOV)
            prob = plain_prob_behind(&plain, now, id);
        advance_state(&model.network, now, id, next);
        state_copy(&model.network, now, next);
    }
    plain_free(&plain);
    free(now);
    free(next);
    return prob;
}

static void ngrams_have_the_networks_probabilities(void **state)
{
    (void)state;
    static const char *const in_known[] = {"<s> a b", "a b </s>", "b c",     "<s> a b c",
                                           "d </s>",  "z a b",    "b c a b", "c e"};
    float hidden[STATE];
    state_values(&model.network, STATE_TEXT, NULL, hidden);
    struct ngram_model *ngrams = convert(1, NULL), *mixed = convert(0.25, NULL),
                       *base = open_base(base_text);
    for (size_t i = 0; i < sizeof in_known / sizeof *in_known; i++) {
        double net = network_prob(in_known[i], hidden);
        double old = pow(10, explicit_log10(base, in_known[i]));
        assert_near(pow(10, explicit_log10(ngrams, in_known[i])), net, 1e-5);
        assert_near(pow(10, explicit_log10(mixed, in_known[i])), 0.25 * net + 0.75 * old, 1e-5);
    }
    // What the network is given beside a word that it does not know.
    assert_near(pow(10, explicit_log10(ngrams, "a b")),
                network_prob("a b", hidden) * (1 - pow(10, -1.4)), 1e-5);
    assert_near(pow(10, explicit_log10(ngrams, "<s> a")),
                network_prob("<s> a", hidden) * (1 - pow(10, -0.9)), 1e-5);
    ngram_close(ngrams);
    ngram_close(mixed);
    ngram_close(base);
}

static void unigrams_are_scaled(void **state)
{
    (void)state;
    static const char *const known[] = {"</s>", "a", "b", "c", "d", "e", "<unk>"};
    float hidden[STATE];
    double sum = 0;
    state_values(&model.network, STATE_TEXT, NULL, hidden);
    for (size_t i = 0; i < 7; i++)
        sum += network_prob(known[i], hidden);
    struct ngram_model *ngrams = convert(1, NULL);
    for (size_t i = 0; i < 7; i++)
        assert_near(pow(10, explicit_log10(ngrams, known[i])),
                    network_prob(known[i], hidden) * (1 - pow(10, -0.6)) / sum, 1e-5);
    ngram_close(ngrams);
}

static void unknown_words_keep_theirs(void **state)
{
    (void)state;
    struct ngram_model *ngrams = convert(1, NULL);
    assert_near(explicit_log10(ngrams, "z"), -0.6, 1e-6);
    assert_near(explicit_log10(ngrams, "a z"), -1.4, 1e-6);
    assert_near(explicit_log10(ngrams, "z z"), -0.3, 1e-6);
    assert_near(explicit_log10(ngrams, "<s> z z"), -0.2, 1e-6);
    assert_true(explicit_log10(ngrams, "<s>") == -INFINITY);
    assert_true(explicit_log10(ngrams, "a <s>") == -INFINITY);
    ngram_close(ngrams);
}

static void a_text_gives_mean_states(void **state)
{
    (void)state;
    static const char text[] = "b\nb\nc q b\n";
    static const char *const word[] = {"b", "</s>", "b", "</s>", "c", "q", "b", "</s>"};
    float behind_b[STATE] = {0}, all[STATE] = {0};
    struct forward_weights weights;
    struct scorer scorer;
    write_file("text", text, sizeof text - 1);
    assert_true(forward_weights_init(&weights, &model.network, false, NULL));
    assert_true(scorer_init(&scorer, &model, &weights, STATE_STORED, NULL));
    for (size_t i = 0; i < 8; i++) {
        scorer_advance(&scorer, vocabulary_find(&model.vocabulary, word[i], strlen(word[i])));
        for (size_t j = 0; j < model.network.state; j++) {
            all[j] += scorer.now->value[j] / 8;
            behind_b[j] += *word[i] == 'b' ? scorer.now->value[j] / 3 : 0;
        }
    }
    scorer_free(&scorer);
    forward_weights_free(&weights);
    struct ngram_model *ngrams = convert(1, "text");
    // d is not in the text: its state is that of the empty context, advanced.
    assert_near(pow(10, explicit_log10(ngrams, "d </s>")), network_prob("d </s>", all), 1e-5);
    // The distribution behind b, with the history b.
    struct plain plain = plain_new(&model.network);
    struct state *behind = state_new(&model.network, NULL);
    for (int i = 0; i < SHAPE_MOST_ORDER; i++)
        behind->history[i] = i == 0 ? 2 : WORD_OOV;
    memcpy(behind->value, behind_b, model.network.state * sizeof *behind_b);
    assert_near(pow(10, explicit_log10(ngrams, "b c")), plain_prob_behind(&plain, behind, 3), 1e-5);
    free(behind);
    plain_free(&plain);
    ngram_close(ngrams);
}

// ---- little left ------------------------------------------------------------------------------

// Contexts whose n-grams have all the mass, or more, in the base.
static void full_contexts_keep_a_little(void **state)
{
    (void)state;
    static const char text[] = "\\data\\\nngram 1=6\nngram 2=4\n\\1-grams:\n-99 <s>\n-1 </s>\n"
                               "-1 a\n-1 b\n-1 y\n-1 z\n"
                               "\\2-grams:\n-0 y z\n-0 z y\n-0.01 z z\n-99 a y\n\\end\\\n";
    const struct network_arpa_options options = {.lambda = 1};
    struct ngram_model *ngrams = open_base(text);
    assert_true(network_arpa(ngrams, &model, &options, NULL));
    check_model(ngrams);
    assert_near(1 - pow(10, explicit_log10(ngrams, "y z")), NETWORK_ARPA_LEAST, 1e-7);
    assert_near(explicit_log10(ngrams, "z y") - explicit_log10(ngrams, "z z"), 0.01, 1e-6);
    ngram_close(ngrams);
}

static void unigrams_alone_and_no_end(void **state)
{
    (void)state;
    const struct network_arpa_options options = {.lambda = 1};
    struct ngram_model *ngrams =
        open_base("\\data\\\nngram 1=3\n\\1-grams:\n-99 <s>\n-1 a\n-1 b\n\\end\\\n");
    assert_true(network_arpa(ngrams, &model, &options, NULL));
    check_model(ngrams);
    ngram_close(ngrams);
    ngrams = open_base("\\data\\\nngram 1=2\nngram 2=1\n\\1-grams:\n-1 a\n-1 b\n"
                       "\\2-grams:\n-1 a b\n\\end\\\n");
    assert_true(network_arpa(ngrams, &model, &options, NULL));
    check_model(ngrams);
    ngram_close(ngrams);
}

// ---- failures ---------------------------------------------------------------------------------

static void refuse(const char *base_arpa, const char *text, const char *message)
{
    struct error error = {""};
    const struct network_arpa_options options = {.lambda = 1, .text = text};
    struct ngram_model *base = open_base(base_arpa);
    assert_false(network_arpa(base, &model, &options, &error));
    assert_contains(error.text, message);
    ngram_close(base);
}

static void bad_input(void **state)
{
    (void)state;
    refuse("\\data\\\nngram 1=2\n\\1-grams:\n-1 y\n-1 <s>\n\\end\\\n", NULL, "none of the words");
    refuse(base_text, "no-such-file", "cannot open no-such-file");
    write_file("empty", "", 0);
    refuse(base_text, "empty", "empty: found no words");
    float *weight = parameter_row(&model.network.parameter[0], 0), kept = *weight;
    *weight = NAN;
    refuse(base_text, NULL, "no number");
    *weight = kept;
}

static void allocations_fail(void **state)
{
    (void)state;
    write_file("text", "a b\n", 4);
    const struct network_arpa_options options = {.lambda = 1, .text = "text"};
    bool ok = false;
    for (int64_t n = 0; !ok && n < 1000; n++) {
        struct error error = {""};
        struct ngram_model *base = open_base(base_text);
        memory_fail_after(n);
        ok = network_arpa(base, &model, &options, &error);
        memory_fail_after(-1);
        assert_true(ok || error.text[0] != '\0');
        ngram_close(base);
    }
    assert_true(ok);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_context_sums_to_one),
        cmocka_unit_test(sums_can_be_wrong),
        cmocka_unit_test(ngrams_have_the_networks_probabilities),
        cmocka_unit_test(unigrams_are_scaled),
        cmocka_unit_test(unknown_words_keep_theirs),
        cmocka_unit_test(a_text_gives_mean_states),
        cmocka_unit_test(full_contexts_keep_a_little),
        cmocka_unit_test(unigrams_alone_and_no_end),
        cmocka_unit_test(bad_input),
        cmocka_unit_test(allocations_fail),
    };
    return cmocka_run_group_tests(tests, make_model, free_model);
}
