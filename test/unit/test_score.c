// Scoring and sampling with a network, against the same walked by hand with states and
// the plain network.
#include "plain_network.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "scratch.h"

#include "base/number.h"
#include "nbest/nbest.h"
#include "net/state.h"
#include "score/generate.h"
#include "score/perplexity.h"
#include "score/scorer.h"

enum { WORDS = 9, HIDDEN = 6, UNKNOWN_LOG10 = -8, NBEST_UNKNOWN_LOG10 = -5 };

static const char *const spelling[WORDS] = {"</s>", "a", "b", "c", "d", "e", "f", "g", "h"};

static struct model
    model; // a small network, if it may with direct connections, the same for all tests
static struct pool *pool; // two threads

static const char *layers = "elman:6";

static int make_model(void **state)
{
    const struct network_shape shape = new_shape(WORDS, layers, 3, 200, 3);
    if (!vocabulary_init(&model.vocabulary, NULL))
        return -1;
    for (size_t i = 0; i < WORDS; i++)
        vocabulary_add(&model.vocabulary, spelling[i], strlen(spelling[i]), NULL);
    make_network(&model.network, &shape, 9, 1.2);
    pool = pool_new(2, NULL);
    if (pool == NULL || !model_attach(&model, NULL))
        return -1;
    for (size_t i = 0; i < HIDDEN; i++)
        model.state[i] = 0.15f * (float)i;
    return scratch_enter(state);
}

static int free_model(void **state)
{
    model_free(&model);
    pool_free(pool);
    return scratch_leave(state);
}

// ---- by hand ----------------------------------------------------------------------------------

struct walk {
    struct state *now, *next;
    struct plain plain;
};

// Takes over `start`.
static struct walk begin_walk(struct state *start)
{
    struct walk walk = {
        .now = start, .next = state_new(&model.network, NULL), .plain = plain_new(&model.network)};
    assert_true(walk.now != NULL && walk.next != NULL);
    return walk;
}

static void end_walk(struct walk *walk)
{
    free(walk->now);
    free(walk->next);
    plain_free(&walk->plain);
}

static double walk_prob(struct walk *walk, int32_t word)
{
    return plain_prob_behind(&walk->plain, walk->now, word);
}

static void walk_on(struct walk *walk, int32_t word)
{
    advance_state(&model.network, walk->now, word, walk->next);
    state_copy(&model.network, walk->now, walk->next);
}

static struct state *stored_start(void)
{
    return state_at_start(&model.network, STATE_STORED, model.state, NULL);
}

// Zeros with </s> taken in.
static struct state *zero_start(void)
{
    struct state *zero = state_new(&model.network, NULL), *start = state_new(&model.network, NULL);
    assert_true(zero != NULL && start != NULL);
    advance_state(&model.network, zero, WORD_END, start);
    free(zero);
    return start;
}

static struct state *reset_start(void)
{
    return state_at_start(&model.network, STATE_SENTENCE, NULL, NULL);
}

// ---- a text and its ids -----------------------------------------------------------------------

static const char TEXT[] = "a b zebra c\n\nd d e\nh a quagga\ng\n";
static const int32_t ids[] = {1, 2, WORD_OOV, 3, 0, 0, 4, 4, 5, 0, 8, 1, WORD_OOV, 0, 7, 0};
enum { TOKENS = sizeof ids / sizeof ids[0] };

struct setting {
    bool independent, per_sentence;
    struct dynamic *dynamic;
    const char *other; // file of probabilities
    double lambda;
};

struct mix {
    struct source *network;
    double weight;
    struct blend blend;
};

static void open_mix(struct mix *mix, const struct setting *setting)
{
    struct error error = {""};
    memset(mix, 0, sizeof *mix);
    const struct network_use use = {.independent = setting->independent,
                                    .per_sentence = setting->per_sentence,
                                    .unknown = WORD_OOV,
                                    .dynamic = setting->dynamic,
                                    .pool = pool};
    mix->network = source_network(&model, &use, &error);
    assert_non_null(mix->network);
    mix->weight = 1;
    mix->blend = (struct blend){
        .network = &mix->network, .weight = &mix->weight, .networks = 1, .lambda = setting->lambda};
    if (setting->other != NULL) {
        mix->blend.other = source_stream(setting->other, &error);
        if (mix->blend.other == NULL)
            fail_msg("%s", error.text);
    }
}

static void close_mix(struct mix *mix)
{
    source_free(mix->network);
    if (mix->blend.other != NULL)
        source_free(mix->blend.other);
}

// Scores a text, with the table in the file "table".
static bool score(const char *text, const struct setting *setting, struct totals *totals,
                  struct error *error)
{
    struct mix mix;
    open_mix(&mix, setting);
    write_file("text", text, strlen(text));
    struct reader *reader = reader_open("text", error);
    struct output *table = output_open("table", error);
    assert_true(reader != NULL && table != NULL);
    bool ok = perplexity_score(&mix.blend, reader, table, totals, error);
    reader_close(reader);
    if (ok)
        assert_true(output_commit(table, error));
    else
        output_discard(table);
    close_mix(&mix);
    return ok;
}

static struct totals score_well(const char *text, const struct setting *setting)
{
    struct totals totals;
    struct error error = {""};
    if (!score(text, setting, &totals, &error))
        fail_msg("%s", error.text);
    return totals;
}

// Words are scored in batches, whose products of matrices add up in another order than those of one
// word after another: single precision, and a dozen words.
#define BATCH_TOLERANCE 2e-6

// Holds a file against a text word by word: numbers may differ by the tolerance, all else is equal.
static void assert_file_like(const char *name, const char *text)
{
    size_t size;
    char *whole = read_whole(name, false, &size), *found = whole;
    while (*text != '\0' || *found != '\0') {
        size_t wanted_length = strcspn(text, " \t\n"), found_length = strcspn(found, " \t\n");
        double wanted, number;
        if (number_parse(text, wanted_length, &wanted) &&
            number_parse(found, found_length, &number))
            assert_near(number, wanted, BATCH_TOLERANCE);
        else if (wanted_length != found_length || memcmp(text, found, wanted_length) != 0)
            fail_msg("found \"%.60s\", wanted \"%.60s\"", found, text);
        text += wanted_length + (text[wanted_length] != '\0');
        found += found_length + (found[found_length] != '\0');
    }
    free(whole);
}

// ---- perplexity -------------------------------------------------------------------------------

static void perplexity_is_the_product_of_probabilities(void **state)
{
    (void)state;
    for (int independent = 0; independent < 2; independent++) {
        const struct setting setting = {.independent = independent};
        struct walk walk = begin_walk(independent ? reset_start() : stored_start());
        char wanted[2048] = "Index   P(NET)          Word\n----------------------------------\n";
        double sum = 0;
        for (int i = 0; i < TOKENS; i++) {
            double prob = walk_prob(&walk, ids[i]);
            size_t used = strlen(wanted);
            if (ids[i] >= 0) {
                sum += log10(prob);
                snprintf(wanted + used, sizeof wanted - used, "%d\t%.10f\t%s\n", ids[i], prob,
                         spelling[ids[i]]);
            } else {
                snprintf(wanted + used, sizeof wanted - used, "-1\t0\t\tOOV\n");
            }
            walk_on(&walk, ids[i]);
            if (independent && ids[i] == 0) {
                free(walk.now);
                walk.now = reset_start();
            }
        }
        end_walk(&walk);
        struct totals totals = score_well(TEXT, &setting);
        assert_int_equal(totals.words, TOKENS - 2);
        assert_int_equal(totals.oovs, 2);
        assert_near(totals.log10_net, sum, BATCH_TOLERANCE);
        assert_file_like("table", wanted);
    }
}

// Each sentence alone, and all together; without independence the sentences before matter.
static void independent_sentences(void **state)
{
    (void)state;
    const char *const sentences[] = {"a b c\n", "a b c\n", "d\n", "\n", "h g zebra\n"};
    for (int independent = 0; independent < 2; independent++) {
        const struct setting setting = {.independent = independent};
        char text[256] = "", backwards[256] = "";
        double alone = 0;
        for (int i = 0; i < 5; i++) {
            alone += score_well(sentences[i], &setting).log10_net;
            strcat(text, sentences[i]);
            strcat(backwards, sentences[4 - i]);
        }
        double together = score_well(text, &setting).log10_net;
        double reversed = score_well(backwards, &setting).log10_net;
        if (independent) {
            assert_near(together, alone, BATCH_TOLERANCE);
            assert_near(reversed, alone, BATCH_TOLERANCE);
        } else {
            assert_true(fabs(together - alone) > 0.01 && fabs(together - reversed) > 0.01);
        }
    }
}

// Each line from the start state, whatever stands before, as independent ones where they are so.
static void lines_begin_in_the_start_state(void **state)
{
    (void)state;
    for (int independent = 0; independent < 2; independent++) {
        const struct setting setting = {.independent = independent, .per_sentence = true};
        double sum = 0;
        struct walk walk = {.now = NULL};
        for (int i = 0; i < TOKENS; i++) {
            if (walk.now == NULL)
                walk = begin_walk(state_at_start(
                    &model.network, independent ? STATE_SENTENCE : STATE_TEXT, NULL, NULL));
            sum += ids[i] < 0 ? 0 : log10(walk_prob(&walk, ids[i]));
            walk_on(&walk, ids[i]);
            if (ids[i] == 0) {
                end_walk(&walk);
                walk.now = NULL;
            }
        }
        assert_near(score_well(TEXT, &setting).log10_net, sum, BATCH_TOLERANCE);
    }
}

// What is announced may end in the midst of a line, wherever; or nothing is.
static void lines_ahead_in_pieces(void **state)
{
    (void)state;
    const struct setting setting = {.per_sentence = true};
    struct token token[TOKENS];
    double wanted[TOKENS];
    struct error error = {""};
    for (size_t i = 0; i < TOKENS; i++) {
        const char *word = ids[i] < 0 ? "zebra" : spelling[ids[i]];
        token[i] = (struct token){word, strlen(word), ids[i] == 0};
    }
    for (size_t piece = 0; piece <= TOKENS; piece++) {
        struct mix mix;
        struct source_word word;
        open_mix(&mix, &setting);
        for (size_t i = 0; i < TOKENS; i++) {
            size_t left = TOKENS - i;
            if (piece > 0 && i % piece == 0)
                assert_true(
                    source_look_ahead(mix.network, token + i, left < piece ? left : piece, &error));
            assert_true(source_next(mix.network, &token[i], &word, &error));
            if (piece == 0)
                wanted[i] = word.prob;
            assert_near(word.prob, wanted[i], BATCH_TOLERANCE);
        }
        close_mix(&mix);
    }
}

static void mixture_with_other_model(void **state)
{
    (void)state;
    // A known word that the other model does not know; an OOV that it knows, and one not.
    const double other[] = {0.25, 0.5, 0.125, 0, 0.5};
    const int32_t word[] = {1, 2, WORD_OOV, 3, 0};
    write_file("probs", "0.25\n0.5\n0.125\n0\n0.5\n", 21);
    const struct setting setting = {.other = "probs", .lambda = 0.6};
    struct walk walk = begin_walk(stored_start());
    double net = 0, mix = 0, alone = 0;
    for (int i = 0; i < 5; i++) {
        double prob = walk_prob(&walk, word[i]);
        alone += other[i] > 0 ? log10(other[i]) : 0;
        net += word[i] < 0 ? UNKNOWN_LOG10 : log10(prob);
        mix += log10(0.6 * prob + 0.4 * other[i]);
        walk_on(&walk, word[i]);
    }
    end_walk(&walk);
    struct totals totals;
    struct error error = {""};
    // A word to which the other model gives 0 counts nowhere in its own total.
    assert_true(score("a b zebra c\n", &setting, &totals, &error));
    assert_int_equal(totals.words, 5);
    assert_int_equal(totals.zeros, 1);
    assert_near(totals.log10_other, alone, 1e-12);
    assert_near(totals.log10_net, net, BATCH_TOLERANCE);
    assert_near(totals.log10_mix, mix, BATCH_TOLERANCE);
    assert_false(score("a b zebra c d\n", &setting, &totals, &error));
    assert_contains(error.text, "probs");
    assert_false(score("a b zebra\n", &setting, &totals, &error));
    assert_contains(error.text, "probs");
}

// Dynamic evaluation is one learner's way through the text, whose word counter stays at 0.
static void dynamic_evaluation(void **state)
{
    (void)state;
    const struct learning_rule rule = {
        .alpha = 0.3f, .beta = 0.01f, .gradient_cutoff = 15, .bptt = 3, .bptt_block = 10};
    const struct dynamic_rule same = {.rate = (double)rule.alpha,
                                      .beta = (double)rule.beta,
                                      .gradient_cutoff = 15,
                                      .bptt = 3,
                                      .bptt_block = 10,
                                      .restores = true};
    const struct network_shape shape = model.network.shape;
    struct setting setting = {.independent = false};
    double fixed = score_well(TEXT, &setting).log10_net;
    struct learner by_hand;
    struct dynamic dynamic;
    struct network copy;
    make_network(&copy, &shape, 9, 1.2);
    assert_true(learner_init(&by_hand, &copy, &rule, NULL));
    assert_true(dynamic_init(&dynamic, &model.network, &same, NULL, NULL));
    setting.dynamic = &dynamic;
    learner_start(&by_hand, STATE_STORED, model.state);
    double wanted = 0;
    int32_t previous = WORD_END;
    for (int i = 0; i < TOKENS; i++) {
        double prob = learner_step(&by_hand, previous, ids[i]);
        wanted += ids[i] < 0 ? 0 : log10(prob);
        previous = ids[i];
    }
    double found = score_well(TEXT, &setting).log10_net;
    assert_near(found, wanted, 1e-12);
    assert_true(fabs(found - fixed) > 0.01);
    assert_true(score_well(TEXT, &setting).log10_net != found); // it has learnt
    dynamic_restore(&dynamic);
    assert_true(score_well(TEXT, &setting).log10_net == found);
    dynamic_free(&dynamic);
    learner_free(&by_hand);
    network_free(&copy);
    randomise_network(&model.network, 9, 1.2);
}

static void texts_without_words(void **state)
{
    (void)state;
    const struct setting setting = {.independent = false};
    struct totals totals;
    struct error error = {""};
    assert_false(score("", &setting, &totals, &error));
    assert_contains(error.text, "text: the text is empty");
    *parameter_weight(&model.network.parameter[model.network.output_at], 0) = NAN; // of the output
    assert_false(score("a\n", &setting, &totals, &error));
    assert_contains(error.text, "nan");
    randomise_network(&model.network, 9, 1.2);
}

// ---- n-best lists -----------------------------------------------------------------------------

static bool rescore(const char *lists, const struct setting *setting, struct totals *totals,
                    struct error *error)
{
    struct mix mix;
    open_mix(&mix, setting);
    write_file("lists", lists, strlen(lists));
    struct reader *reader = reader_open("lists", error);
    struct output *output = output_open("scores", error);
    assert_true(reader != NULL && output != NULL);
    bool ok = nbest_score(&mix.blend, reader, output, totals, error);
    reader_close(reader);
    if (ok)
        assert_true(output_commit(output, error));
    else
        output_discard(output);
    close_mix(&mix);
    return ok;
}

struct hypothesis {
    const char *line;
    bool first; // of its list
    int32_t word[5];
    int words; // </s> included
};

// Lists of two, one, and two hypotheses; the last has the first list's ID again.
static const struct hypothesis hypotheses[] = {
    {"u1 a b\n", true, {1, 2, 0}, 3},         {"u1 c zebra h\n", false, {3, WORD_OOV, 8, 0}, 4},
    {"u2 d d d\n", true, {4, 4, 4, 0}, 4},    {"u1 e\n", true, {5, 0}, 2},
    {"u1 quagga\n", false, {WORD_OOV, 0}, 2},
};
enum { HYPOTHESES = sizeof hypotheses / sizeof hypotheses[0] };

// A hypothesis begins with the hidden layer after the first hypothesis of the list before, at first
// with a layer of 0s into which </s> is taken twice; its history is what was scored last.
static void check_nbest(bool independent)
{
    const struct setting setting = {.independent = independent};
    struct state *begin = zero_start();
    struct state *after_best = state_new(&model.network, NULL);
    struct walk walk = begin_walk(independent ? reset_start() : stored_start());
    size_t values = model.network.state * sizeof(float);
    advance_state(&model.network, begin, WORD_END, after_best);
    char lists[256] = "", wanted[256] = "";
    double total = 0;
    for (int i = 0; i < HYPOTHESES; i++) {
        double sum = 0;
        if (hypotheses[i].first)
            memcpy(begin->value, after_best->value, values);
        memcpy(walk.now->value, begin->value, values);
        for (int j = 0; j < hypotheses[i].words; j++) {
            int32_t word = hypotheses[i].word[j];
            sum += word < 0 ? NBEST_UNKNOWN_LOG10 : log10(walk_prob(&walk, word));
            walk_on(&walk, word);
        }
        if (independent) {
            free(walk.now);
            walk.now = reset_start();
        }
        if (hypotheses[i].first)
            memcpy(after_best->value, walk.now->value, values);
        strcat(lists, hypotheses[i].line);
        snprintf(wanted + strlen(wanted), sizeof wanted - strlen(wanted), "%f\n", sum);
        total += sum;
    }
    end_walk(&walk);
    free(begin);
    free(after_best);
    struct totals totals;
    struct error error = {""};
    if (!rescore(lists, &setting, &totals, &error))
        fail_msg("%s", error.text);
    assert_file_like("scores", wanted);
    assert_int_equal(totals.words, 15);
    assert_near(totals.log10_net, total, BATCH_TOLERANCE);
}

static void nbest_by_hand(void **state)
{
    (void)state;
    check_nbest(false);
    check_nbest(true);
}

// The second hypothesis of a list changes nothing for what follows but the history that direct
// connections see: with the same two last words, nothing.
static void only_the_first_hypothesis_goes_on(void **state)
{
    (void)state;
    const struct setting setting = {.independent = false};
    const char *const second[] = {"u1 b\n", "u1 h h h h h b\n"};
    char *scores[2];
    struct totals totals;
    struct error error = {""};
    size_t size;
    for (int i = 0; i < 2; i++) {
        char lists[64];
        snprintf(lists, sizeof lists, "u1 a\n%su2 c\nu2 d\n", second[i]);
        assert_true(rescore(lists, &setting, &totals, &error));
        scores[i] = read_whole("scores", false, &size);
    }
    // the first line, and the two of the second list
    assert_int_equal(strcspn(scores[0], "\n"), strcspn(scores[1], "\n"));
    assert_memory_equal(scores[0], scores[1], strcspn(scores[0], "\n"));
    const char *rest[2];
    for (int i = 0; i < 2; i++) {
        rest[i] = strchr(strchr(scores[i], '\n') + 1, '\n');
        assert_non_null(rest[i]);
    }
    assert_string_equal(rest[0], rest[1]);
    free(scores[0]);
    free(scores[1]);
}

static void nbest_with_other_model(void **state)
{
    (void)state;
    struct totals totals;
    struct error error = {""};
    write_file("probs", "0.25\n0.5\n0.125\n0\n", 17);
    struct setting setting = {.other = "probs", .lambda = 0};
    // an OOV with the other model's probability, and </s> with the mixture's: here the other's
    // alone
    assert_true(rescore("u1 zebra\nu1 quagga\n", &setting, &totals, &error));
    size_t size;
    char *scores = read_whole("scores", false, &size);
    char wanted[64];
    snprintf(wanted, sizeof wanted, "%f\n", log10(0.25) + log10(0.5));
    assert_memory_equal(scores, wanted, strlen(wanted));
    free(scores);
}

static void bad_lists(void **state)
{
    (void)state;
    const struct setting setting = {.independent = false};
    struct totals totals;
    struct error error = {""};
    assert_false(rescore("u1 a\nu1 b\nu2\nu3 c\n", &setting, &totals, &error));
    assert_contains(error.text, "lists: line 3: found only the ID \"u2\"");
    assert_false(rescore("u1 a\n\nu2 b\n", &setting, &totals, &error));
    assert_contains(error.text, "lists: line 2: found an empty line");
    assert_false(rescore("", &setting, &totals, &error));
    assert_contains(error.text, "lists: the n-best file is empty");
    // a last line without newline is a hypothesis like any other
    assert_true(rescore("u1 a\nu1 b", &setting, &totals, &error));
    assert_int_equal(totals.words, 4);
}

// ---- sampling ---------------------------------------------------------------------------------

static void generate(const char *path, uint64_t words, uint32_t seed)
{
    struct mix mix;
    struct error error = {""};
    const struct setting setting = {.independent = false};
    open_mix(&mix, &setting);
    struct output *output = output_open(path, &error);
    assert_non_null(output);
    const struct sampling sampling = {.words = words, .temperature = 1, .seed = seed};
    assert_true(generate_text(&mix.blend, &sampling, output, NULL, &error));
    assert_true(output_commit(output, &error));
    close_mix(&mix);
}

static void sampling_depends_on_the_seed_alone(void **state)
{
    (void)state;
    size_t size[3];
    char *text[3];
    for (int i = 0; i < 3; i++) {
        generate("sample", 300, i < 2 ? 5 : 6);
        text[i] = read_whole("sample", false, &size[i]);
    }
    assert_string_equal(text[0], text[1]);
    assert_string_not_equal(text[0], text[2]);
    assert_true(text[0][size[0] - 1] == '\n');
    generate("sample", 0, 5);
    assert_file_holds("sample", "");
    for (int i = 0; i < 3; i++)
        free(text[i]);
}

// At each place of a sample the drawn word is one of nine with the network's probabilities: the
// counts of words, and of words after some word, must fit the sums of those. Chi-square with 8
// degrees of freedom is above 26.1 in one case of a thousand; the seed is fixed.
static void samples_follow_the_distribution(void **state)
{
    (void)state;
    enum { SAMPLE = 6000, CONTEXTS = 2 };
    static double count[CONTEXTS][WORDS], expected[CONTEXTS][WORDS];
    struct walk walk = begin_walk(stored_start());
    struct error error = {""};
    struct token token;
    uint64_t tokens = 0;
    generate("sample", SAMPLE, 1);
    struct reader *reader = reader_open("sample", &error);
    assert_non_null(reader);
    while (reader_next(reader, &token)) {
        int32_t word = vocabulary_find(&model.vocabulary, token.text, token.length);
        assert_true(word >= 0);
        for (int context = 0; context < CONTEXTS; context++) {
            if (context == 1 && walk.now->history[0] != 3)
                continue;
            for (int32_t i = 0; i < WORDS; i++)
                expected[context][i] += walk_prob(&walk, i);
            count[context][word]++;
        }
        walk_on(&walk, word);
        tokens++;
    }
    assert_true(tokens == SAMPLE || tokens == SAMPLE + 1); // a last line that was not complete
    for (int context = 0; context < CONTEXTS; context++) {
        double chi_square = 0, total = 0;
        for (int i = 0; i < WORDS; i++) {
            double difference = count[context][i] - expected[context][i];
            assert_true(expected[context][i] > 5);
            chi_square += difference * difference / expected[context][i];
            total += count[context][i];
        }
        assert_true(total > 200);
        if (!(chi_square < 26.1))
            fail_msg("context %d: chi-square is %g", context, chi_square);
    }
    reader_close(reader);
    end_walk(&walk);
}

// ---- no memory --------------------------------------------------------------------------------

static void failed_allocations(void **state)
{
    (void)state;
    int64_t count = 0;
    for (bool ok = false; !ok; count++) {
        struct error error = {""};
        memory_fail_after(count);
        const struct network_use use = {.unknown = WORD_OOV, .pool = pool};
        struct source *source = source_network(&model, &use, &error);
        memory_fail_after(-1);
        ok = source != NULL;
        if (!ok)
            assert_contains(error.text, "not enough memory");
        else
            source_free(source);
    }
    assert_true(count > 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(perplexity_is_the_product_of_probabilities),
        cmocka_unit_test(independent_sentences),
        cmocka_unit_test(lines_begin_in_the_start_state),
        cmocka_unit_test(lines_ahead_in_pieces),
        cmocka_unit_test(mixture_with_other_model),
        cmocka_unit_test(dynamic_evaluation),
        cmocka_unit_test(texts_without_words),
        cmocka_unit_test(nbest_by_hand),
        cmocka_unit_test(only_the_first_hypothesis_goes_on),
        cmocka_unit_test(nbest_with_other_model),
        cmocka_unit_test(bad_lists),
        cmocka_unit_test(sampling_depends_on_the_seed_alone),
        cmocka_unit_test(samples_follow_the_distribution),
        cmocka_unit_test(failed_allocations),
    };
    int failed = cmocka_run_group_tests_name("score", tests, make_model, free_model);
    layers = "elman:6 full";
    failed += cmocka_run_group_tests_name("score, full", tests, make_model, free_model);
    layers = "elman:6 adaptive:3,5/2";
    failed += cmocka_run_group_tests_name("score, adaptive", tests, make_model, free_model);
    layers = "elman:6 adaptive:1/3/2";
    failed += cmocka_run_group_tests_name("score, groups", tests, make_model, free_model);
    layers = "elman:9 tree";
    return failed + cmocka_run_group_tests_name("score, tree", tests, make_model, free_model);
}
