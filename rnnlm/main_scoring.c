// rnnlm -test, -gen and -gen-sentences.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "main_scoring.h"
#include "nbest/nbest.h"
#include "net/output.h"
#include "score/generate.h"
#include "score/neural_cache_tune.h"
#include "score/perplexity.h"
#include "score/surprisal.h"

// -lambda and -weights as numbers; where they are to be found, equal ones to begin with.
static bool parse_weights(struct blend *blend, struct error *error)
{
    blend->lambda = 0.5;
    if (!main_is_auto(set.lambda) &&
        !main_weight("lambda", set.lambda, strlen(set.lambda), &blend->lambda, error))
        return false;
    for (size_t i = 0; i < blend->networks; i++)
        blend->weight[i] = 1 / (double)blend->networks;
    if (set.weights == NULL || main_is_auto(set.weights))
        return true;
    const char *at = set.weights;
    for (size_t i = 0; i < blend->networks; i++) {
        size_t length = strcspn(at, ",");
        if (!main_weight("weights", at, length, &blend->weight[i], error))
            return false;
        at += length;
        if ((*at == ',') != (i + 1 < blend->networks))
            return error_usage(
                error, "option -weights: found \"%s\", wanted %zu numbers, one for each -rnnlm",
                set.weights, blend->networks);
        at += *at == ',';
    }
    return mixture_check(blend->networks, blend->weight, error) || error_option(error, "weights");
}

// -unnormalised wants scores of all of them.
static bool have_scores(const struct evaluation *evaluation, struct error *error)
{
    for (size_t i = 0; i < evaluation->loaded && set.unnormalised; i++)
        if (!output_has_scores(evaluation->model[i].network.shape.output, error))
            return error_prefix(error, "%s: ", set.models.item[i]);
    return true;
}

// What texts are read as.
static bool same_unit(struct evaluation *evaluation, struct error *error)
{
    evaluation->blend.unit = (enum text_unit)evaluation->model[0].record.unit;
    for (size_t i = 1; i < evaluation->loaded; i++)
        if (evaluation->model[i].record.unit != evaluation->blend.unit)
            return error_set(error, "%s: found a model of unit %s, wanted one of unit %s as %s is",
                             set.models.item[i],
                             unit_name((enum text_unit)evaluation->model[i].record.unit),
                             unit_name(evaluation->blend.unit), set.models.item[0]);
    return !set.nbest || model_is_of_words(&evaluation->model[0], set.models.item[0], error);
}

struct reader *main_open_text(const struct evaluation *evaluation, const char *path,
                              struct error *error)
{
    struct reader *reader = reader_open(path, error);
    if (reader != NULL)
        reader_set_unit(reader, evaluation->blend.unit);
    return reader;
}

static bool load_models(struct evaluation *evaluation, struct error *error)
{
    struct blend *blend = &evaluation->blend;
    bool (*read)(struct model *, const char *, struct error *) =
        set.dynamic > 0 ? model_load : model_open; // who learns needs weights of its own
    blend->networks = set.models.count;
    evaluation->model = memory_new(set.models.count, sizeof *evaluation->model, error);
    blend->network = memory_new(set.models.count, sizeof *blend->network, error);
    blend->weight = memory_new(set.models.count, sizeof *blend->weight, error);
    evaluation->cache = memory_new(set.models.count, sizeof *evaluation->cache, error);
    evaluation->dynamic = memory_new(set.models.count, sizeof *evaluation->dynamic, error);
    if (evaluation->model == NULL || evaluation->cache == NULL || evaluation->dynamic == NULL ||
        blend->network == NULL || blend->weight == NULL || !parse_weights(blend, error))
        return false;
    for (; evaluation->loaded < set.models.count; evaluation->loaded++)
        if (!read(&evaluation->model[evaluation->loaded], set.models.item[evaluation->loaded],
                  error))
            return false;
    if (!have_scores(evaluation, error) || !same_unit(evaluation, error))
        return false;
    if (set.ngram == NULL)
        return true;
    struct error remark;
    evaluation->ngram = ngram_open(set.ngram, error);
    if (evaluation->ngram != NULL && ngram_remark(evaluation->ngram, set.ngram, &remark))
        options_warn(PROGRAM, remark.text);
    return evaluation->ngram != NULL;
}

static bool has_shares(void)
{
    return set.unk_probs != NULL || set.unk_count > 0;
}

// What a network takes unknown words as.
static int32_t unknown_of(const struct vocabulary *vocabulary)
{
    if (has_shares())
        return vocabulary_rare(vocabulary, set.unk_word);
    bool unk = set.unk || set.unk_word != NULL;
    return unk ? vocabulary_unknown(vocabulary, set.unk_word) : WORD_OOV;
}

static const struct unknown_shares *shares_of(const struct evaluation *evaluation)
{
    return has_shares() ? &evaluation->shares : NULL;
}

// What unknown words share; that each network has a word for them.
static bool read_shares(struct evaluation *evaluation, struct error *error)
{
    evaluation->shares =
        (struct unknown_shares){.table = set.unk_probs != NULL ? &evaluation->unknown_words : NULL,
                                .count = (double)set.unk_count,
                                .other = 1e-7}; // as Kaldi's recipes have it
    for (size_t i = 0; i < evaluation->loaded && has_shares(); i++)
        if (!unknown_shares_want(unknown_of(&evaluation->model[i].vocabulary), set.models.item[i],
                                 set.unk_word, set.unk_probs != NULL, error))
            return false;
    return set.unk_probs == NULL ||
           number_table_read(&evaluation->unknown_words, set.unk_probs, 0, 1, error);
}

// -unk-word is a word of one model at least.
static bool choose_unknown(struct evaluation *evaluation, struct error *error)
{
    bool found = set.unk_word == NULL;
    for (size_t i = 0; i < evaluation->loaded; i++)
        found = found || vocabulary_has(&evaluation->model[i].vocabulary, set.unk_word);
    if (evaluation->ngram != NULL && set.unk_word != NULL) {
        const struct vocabulary *words = &evaluation->ngram->words;
        found = found || vocabulary_has(words, set.unk_word);
        evaluation->ngram->unknown = vocabulary_unknown(words, set.unk_word);
    }
    return found ||
           error_set(error, "option -unk-word: no model has the word \"%.60s\"", set.unk_word);
}

void main_free_sources(struct blend *blend)
{
    for (size_t i = 0; i < blend->networks && blend->network != NULL; i++) {
        source_free(blend->network[i]);
        blend->network[i] = NULL;
    }
    source_free(blend->other);
    blend->other = NULL;
}

struct network_use main_use_of(const struct evaluation *evaluation, size_t i)
{
    const struct model *model = &evaluation->model[i];
    return (struct network_use){.independent = set.independent || model->record.independent,
                                .unnormalised = set.unnormalised,
                                .unknown = unknown_of(&model->vocabulary),
                                .shares = shares_of(evaluation),
                                .cache = evaluation->cache[i],
                                .pool = evaluation->pool};
}

// Sources that stand before a text, whose lines may each begin in the start state; a file of
// probabilities belongs to one text.
bool main_make_sources(struct evaluation *evaluation, const char *lm_prob, bool per_sentence,
                       bool learns, struct error *error)
{
    struct blend *blend = &evaluation->blend;
    main_free_sources(blend);
    blend->per_sentence = per_sentence;
    for (size_t i = 0; i < blend->networks; i++) {
        const struct model *model = &evaluation->model[i];
        struct network_use use = main_use_of(evaluation, i);
        use.per_sentence = per_sentence;
        use.dynamic = learns ? &evaluation->dynamic[i] : NULL;
        blend->network[i] = source_network(model, &use, error);
        if (blend->network[i] == NULL)
            return false;
    }
    if (evaluation->ngram != NULL)
        blend->other = source_ngram(evaluation->ngram, shares_of(evaluation), error);
    else if (lm_prob != NULL)
        blend->other = source_stream(lm_prob, error);
    return blend->other != NULL || (evaluation->ngram == NULL && lm_prob == NULL);
}

static void write_weights(const struct evaluation *evaluation, const struct mixture_score *score,
                          struct output *output)
{
    const struct blend *blend = &evaluation->blend;
    for (size_t i = 0; i < blend->networks && blend->networks > 1; i++)
        output_format(output, "weight of %s: %f\n", set.models.item[i], blend->weight[i]);
    if (blend->other != NULL)
        output_format(output, "lambda: %f\n", blend->lambda);
    output_format(output, "PPL combine on %s: %f\n", set.tune, mixture_perplexity(score));
}

// Whether two texts hold the same words. What cannot be read is told where it is used.
static bool same_words(struct reader *a, struct reader *b)
{
    struct token one, other;
    bool more, same;
    do {
        more = reader_next(a, &one);
        same = reader_next(b, &other) == more &&
               (!more || (one.sentence_end == other.sentence_end && one.length == other.length &&
                          memcmp(one.text, other.text, one.length) == 0));
    } while (more && same);
    return same && reader_ok(a, NULL) && reader_ok(b, NULL);
}

// What is found on the text that it is tested on makes a result better than it is.
static void warn_of_tuning_on_test(const struct evaluation *evaluation)
{
    bool tunes = main_is_auto(set.lambda) || main_is_auto(set.weights) || set.dynamic_auto ||
                 (set.cache_window > 0 && !(given.cache_theta && given.cache_lambda));
    if (!tunes || set.tune == NULL || set.test == NULL || !input_is_file(set.tune) ||
        !input_is_file(set.test))
        return;
    struct reader *tune = main_open_text(evaluation, set.tune, NULL);
    struct reader *test = main_open_text(evaluation, set.test, NULL);
    struct error warning;
    if (tune != NULL && test != NULL && same_words(tune, test)) {
        error_set(&warning,
                  "%s, which settings are found on (-tune), is the text that is tested: the "
                  "result will be better than on a new text",
                  set.tune);
        options_warn(PROGRAM, warning.text);
    }
    reader_close(tune);
    reader_close(test);
}

static bool tune(struct evaluation *evaluation, struct output *output, struct error *error)
{
    if (set.tune == NULL)
        return error_usage(
            error, "-lambda auto and -weights auto want a text to find weights on: -tune FILE");
    if (set.lm_prob != NULL && set.tune_lm_prob == NULL)
        return error_usage(
            error, "-lm-prob holds probabilities of the test text; those of the -tune text are "
                   "wanted too: -tune-lm-prob FILE");
    struct mixture_score score;
    struct reader *text = main_open_text(evaluation, set.tune, error);
    bool ok = text != NULL &&
              main_make_sources(evaluation, set.tune_lm_prob, set.per_sentence, false, error) &&
              blend_tune(&evaluation->blend, text, main_is_auto(set.weights),
                         main_is_auto(set.lambda), &score, error);
    if (ok && set.debug > 0 && main_form != TEST_SCORES && main_form != TEST_SURPRISAL)
        write_weights(evaluation, &score, output);
    reader_close(text);
    return ok;
}

// The settings of each network's cache that are not given are those with which the -tune text is most
// likely under the network.
static bool tune_caches(struct evaluation *evaluation, struct output *output, struct error *error)
{
    bool found = given.cache_theta && given.cache_lambda, learns = set.dynamic > 0;
    for (size_t i = 0; i < evaluation->loaded; i++) {
        struct neural_cache_rule *cache = &evaluation->cache[i];
        *cache = (struct neural_cache_rule){.window = (size_t)set.cache_window,
                                            .theta = given.cache_theta ? set.cache_theta : NAN,
                                            .lambda = given.cache_lambda ? set.cache_lambda : NAN};
        if (set.cache_window == 0 || found)
            continue;
        struct network_use use = main_use_of(evaluation, i);
        if (learns && !main_start_dynamic(evaluation, error))
            return false;
        use.dynamic = learns ? &evaluation->dynamic[i] : NULL;
        struct reader *text = main_open_text(evaluation, set.tune, error);
        bool ok =
            text != NULL && neural_cache_tune(&evaluation->model[i], &use, text, cache, error);
        reader_close(text);
        if (learns)
            main_restore_dynamic(evaluation);
        if (!ok)
            return false;
        if (set.debug > 0 && main_form == TEST_TOTALS)
            output_format(output, "cache of %s: theta %g, lambda %.4f\n", set.models.item[i],
                          cache->theta, cache->lambda);
    }
    return true;
}

static void warn_of_zeros(const struct blend *blend, const struct totals *totals)
{
    struct error warning;
    if (blend->other == NULL || totals->zeros == 0)
        return;
    error_set(&warning,
              "the other model gives %llu of %llu words no probability: its figures leave "
              "them out",
              (unsigned long long)totals->zeros, (unsigned long long)totals->words);
    options_warn(PROGRAM, warning.text);
}

// What the figures of a text leave out, and whether models and text belong together.
static void warn_of_unknown(uint64_t unscored, const char *left_out,
                            const struct coverage *coverage)
{
    struct error remark;
    if (unscored > 0) {
        error_set(&remark, "%llu words that no model knows %s", (unsigned long long)unscored,
                  left_out);
        options_warn(PROGRAM, remark.text);
    }
    if (coverage_remark(coverage, &remark))
        options_warn(PROGRAM, remark.text);
}

// -write scores.
static bool score_lines(struct blend *blend, struct reader *text, struct output *output,
                        struct error *error)
{
    struct totals totals;
    if (!perplexity_lines(blend, text, output, &totals, error))
        return false;
    warn_of_unknown(totals.oovs, "count in no line", &totals.coverage);
    return true;
}

// -write surprisal.
static bool tell_surprisals(struct blend *blend, struct reader *text, struct output *output,
                            struct error *error)
{
    struct coverage coverage;
    uint64_t unscored;
    if (!surprisal_score(blend, text, output, &coverage, &unscored, error))
        return false;
    warn_of_unknown(unscored, "have no surprisal (NA); -unk takes them as <unk>", &coverage);
    return true;
}

static bool test_text(struct blend *blend, struct reader *text, struct output *output,
                      struct error *error)
{
    struct totals totals;
    struct error remark;
    if (main_form == TEST_SRILM) {
        struct srilm_report report;
        srilm_report_init(&report, output, (int)set.debug);
        bool ok = perplexity_report(blend, text, &report, error);
        srilm_report_free(&report);
        return ok;
    }
    if (main_form == TEST_SCORES)
        return score_lines(blend, text, output, error);
    if (main_form == TEST_SURPRISAL)
        return tell_surprisals(blend, text, output, error);
    bool ok = set.nbest
                  ? nbest_score(blend, text, output, &totals, error)
                  : perplexity_score(blend, text, set.debug >= 2 ? output : NULL, &totals, error);
    totals.unnormalised = set.unnormalised;
    if (ok && (!set.nbest || set.debug > 0)) {
        totals_write(&totals, blend->other != NULL, blend->lambda, output);
        if (blend->unit != UNIT_WORD)
            totals_write_units(&totals, blend->unit, blend->other != NULL, output);
        warn_of_zeros(blend, &totals);
    }
    if (ok && coverage_remark(&totals.coverage, &remark))
        options_warn(PROGRAM, remark.text);
    return ok;
}

static bool test(struct evaluation *evaluation, struct output *output, struct error *error)
{
    bool dynamic = set.dynamic > 0 && !set.nbest, page = set.report != NULL && set.train.count == 0;
    if ((dynamic && !main_start_dynamic(evaluation, error)) ||
        (page && !output_try(set.report, error)) ||
        (set.hidden_states != NULL && !output_try(set.hidden_states, error)))
        return false;
    struct reader *text = main_open_text(evaluation, set.test, error);
    bool ok = text != NULL &&
              main_make_sources(evaluation, set.lm_prob, set.per_sentence, dynamic, error) &&
              test_text(&evaluation->blend, text, output, error);
    reader_close(text);
    return ok && (set.hidden_states == NULL || main_write_states(evaluation, error)) &&
           (!page || main_draw_page(evaluation, error));
}

static bool generate(struct evaluation *evaluation, struct output *output, struct error *error)
{
    struct sampling sampling = {.words = (uint64_t)set.words_to_generate,
                                .sentences = (uint64_t)set.sentences_to_generate,
                                .longest = (uint64_t)set.longest_sentence,
                                .temperature = set.temperature,
                                .prefix = set.prefix,
                                .unk = set.unk || set.unk_word != NULL || has_shares(),
                                .unit = evaluation->blend.unit,
                                .seed = (uint32_t)set.seed};
    bool per_sentence = set.per_sentence || set.sentences_to_generate > 0;
    uint64_t cut;
    if (!main_make_sources(evaluation, set.lm_prob, per_sentence, false, error) ||
        !generate_text(&evaluation->blend, &sampling, output, &cut, error))
        return false;
    if (cut > 0) {
        struct error warning;
        error_set(&warning, "%llu of %lld sentences were cut off behind %lld words (-gen-longest)",
                  (unsigned long long)cut, (long long)set.sentences_to_generate,
                  (long long)set.longest_sentence);
        options_warn(PROGRAM, warning.text);
    }
    return true;
}

static bool evaluate(struct evaluation *evaluation, struct output *output, struct error *error)
{
    evaluation->pool = pool_new(set.threads > 0 ? (size_t)set.threads : threads_available(), error);
    if (evaluation->pool == NULL || !load_models(evaluation, error) ||
        !choose_unknown(evaluation, error) || !read_shares(evaluation, error))
        return false;
    warn_of_tuning_on_test(evaluation);
    if ((set.dynamic_auto && !main_tune_dynamic(evaluation, output, error)) ||
        !tune_caches(evaluation, output, error))
        return false;
    if ((main_is_auto(set.lambda) || main_is_auto(set.weights)) && !tune(evaluation, output, error))
        return false;
    if (set.test != NULL && !test(evaluation, output, error))
        return false;
    return !main_generates() || generate(evaluation, output, error);
}

static void evaluation_free(struct evaluation *evaluation)
{
    main_free_sources(&evaluation->blend);
    for (size_t i = 0; i < evaluation->loaded; i++)
        dynamic_free(&evaluation->dynamic[i]);
    free(evaluation->dynamic);
    pool_free(evaluation->pool);
    for (size_t i = 0; i < evaluation->loaded; i++)
        model_free(&evaluation->model[i]);
    ngram_close(evaluation->ngram);
    number_table_free(&evaluation->unknown_words);
    free(evaluation->model);
    free(evaluation->cache);
    free(evaluation->blend.network);
    free(evaluation->blend.weight);
}

bool main_use(struct output *output, struct error *error)
{
    struct evaluation evaluation = {.loaded = 0};
    bool ok = evaluate(&evaluation, output, error);
    evaluation_free(&evaluation);
    return ok;
}
