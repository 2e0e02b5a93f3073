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
#include "score/source_mixture.h"
#include "score/surprisal.h"

// -unnormalised wants scores of all of them.
static bool have_scores(const struct evaluation *evaluation, struct error *error)
{
    for (size_t i = 0; i < evaluation->loaded && set.unnormalised; i++)
        if (!model_has_scores(&evaluation->model[i], error))
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
    size_t all = set.models.count + main_others();
    evaluation->model = memory_new(set.models.count, sizeof *evaluation->model, error);
    evaluation->ngram = memory_new(set.ngrams.count, sizeof *evaluation->ngram, error);
    evaluation->other_weight = memory_new(main_others(), sizeof *evaluation->other_weight, error);
    evaluation->exponent = memory_new(all, sizeof *evaluation->exponent, error);
    blend->network = memory_new(set.models.count, sizeof *blend->network, error);
    blend->weight = memory_new(set.models.count, sizeof *blend->weight, error);
    evaluation->cache = memory_new(set.models.count, sizeof *evaluation->cache, error);
    evaluation->dynamic = memory_new(set.models.count, sizeof *evaluation->dynamic, error);
    if (evaluation->model == NULL || evaluation->cache == NULL || evaluation->dynamic == NULL ||
        evaluation->ngram == NULL || evaluation->other_weight == NULL ||
        evaluation->exponent == NULL || blend->network == NULL || blend->weight == NULL ||
        !main_parse_weights(evaluation, error))
        return false;
    for (; evaluation->loaded < set.models.count; evaluation->loaded++)
        if (!read(&evaluation->model[evaluation->loaded], set.models.item[evaluation->loaded],
                  error))
            return false;
    if (!have_scores(evaluation, error) || !same_unit(evaluation, error))
        return false;
    for (size_t i = 0; i < set.ngrams.count; i++) {
        struct error remark;
        const char *path = set.ngrams.item[i];
        evaluation->ngram[i] = ngram_open(path, error);
        if (evaluation->ngram[i] == NULL)
            return false;
        if (ngram_remark(evaluation->ngram[i], path, &remark))
            options_warn(PROGRAM, remark.text);
    }
    return true;
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
    for (size_t i = 0; i < set.ngrams.count && set.unk_word != NULL; i++) {
        const struct vocabulary *words = &evaluation->ngram[i]->words;
        found = found || vocabulary_has(words, set.unk_word);
        evaluation->ngram[i]->unknown = vocabulary_unknown(words, set.unk_word);
    }
    return found ||
           error_set(error, "option -unk-word: no model has the word \"%.60s\"", set.unk_word);
}

void main_free_sources(struct blend *blend)
{
    for (size_t i = 0; blend->network != NULL && i < set.models.count; i++) {
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

static struct source *network_of(struct evaluation *evaluation, size_t i, bool per_sentence,
                                 bool learns, struct error *error)
{
    struct network_use use = main_use_of(evaluation, i);
    use.per_sentence = per_sentence;
    use.dynamic = learns ? &evaluation->dynamic[i] : NULL;
    return source_network(&evaluation->model[i], &use, error);
}

static struct source *other_of(struct evaluation *evaluation, size_t i,
                               const struct option_list *lm_probs, struct error *error)
{
    return i < set.ngrams.count ? source_ngram(evaluation->ngram[i], shares_of(evaluation), error)
                                : source_stream(lm_probs->item[i - set.ngrams.count], error);
}

// All of them, networks first; `part` is empty.
static bool make_parts(struct evaluation *evaluation, const struct option_list *lm_probs,
                       bool per_sentence, bool learns, struct source **part, struct error *error)
{
    const size_t networks = evaluation->loaded;
    for (size_t i = 0; i < networks + main_others(); i++) {
        part[i] = i < networks ? network_of(evaluation, i, per_sentence, learns, error)
                               : other_of(evaluation, i - networks, lm_probs, error);
        if (part[i] == NULL) {
            while (i-- > 0)
                source_free(part[i]);
            return false;
        }
    }
    return true;
}

bool main_make_sources(struct evaluation *evaluation, const struct option_list *lm_probs,
                       bool per_sentence, bool learns, struct error *error)
{
    struct blend *blend = &evaluation->blend;
    const size_t networks = evaluation->loaded, others = main_others();
    main_free_sources(blend);
    blend->per_sentence = per_sentence;
    struct source **part = memory_new(networks + others, sizeof *part, error);
    bool ok = part != NULL && make_parts(evaluation, lm_probs, per_sentence, learns, part, error);
    if (ok && main_is_log_linear()) {
        blend->networks = 1;
        blend->weight[0] = 1;
        blend->network[0] = source_log_linear(part, evaluation->exponent, networks + others, error);
        ok = blend->network[0] != NULL;
    } else if (ok) {
        blend->networks = networks;
        memcpy(blend->network, part, networks * sizeof *part);
        blend->other = others > 1
                           ? source_linear(part + networks, evaluation->other_weight, others, error)
                       : others == 1 ? part[networks]
                                     : NULL;
        ok = others == 0 || blend->other != NULL;
    }
    free(part);
    return ok;
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
    bool tunes = main_finds_weights() || set.dynamic_auto ||
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
    }
    if (!found && !main_finds_cache_weights() && set.debug > 0 && main_form == TEST_TOTALS)
        main_write_caches(evaluation, output);
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
              main_make_sources(evaluation, &set.lm_probs, set.per_sentence, dynamic, error) &&
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
    if (!main_make_sources(evaluation, &set.lm_probs, per_sentence, false, error) ||
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
    if (main_finds_weights() && !main_tune_weights(evaluation, output, error))
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
    for (size_t i = 0; evaluation->ngram != NULL && i < set.ngrams.count; i++)
        ngram_close(evaluation->ngram[i]);
    free(evaluation->ngram);
    free(evaluation->other_weight);
    free(evaluation->exponent);
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
