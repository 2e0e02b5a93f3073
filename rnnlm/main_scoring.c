// rnnlm -test, -gen and -gen-sentences.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "learn/learner.h"
#include "main.h"
#include "nbest/nbest.h"
#include "net/output.h"
#include "report/text_page.h"
#include "score/generate.h"
#include "score/neural_cache_tune.h"
#include "score/perplexity.h"
#include "score/surprisal.h"
#include "score/text_view.h"
#include "train/statistics.h"

// What is scored with: the models, and the sources made of them.
struct evaluation {
    struct model *model; // [models.count], those beyond the first `loaded` empty
    size_t loaded;
    struct ngram_model *ngram;
    struct number_table unknown_words; // -unk-probs
    struct unknown_shares shares;      // of them, or equal ones
    struct neural_cache_rule *cache;   // [models.count] of each
    struct pool *pool;
    struct learner learner; // of the first model, for dynamic evaluation
    struct adapter adapter; // likewise, by -dynamic-rule rms, with
    struct gradient_roots roots;
    struct blend blend;
};

static bool has_adapter(void)
{
    return set.dynamic > 0 && set.dynamic_rule != NULL && strcmp(set.dynamic_rule, "rms") == 0;
}

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

static struct reader *open_text(const struct evaluation *evaluation, const char *path,
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
    if (evaluation->model == NULL || evaluation->cache == NULL || blend->network == NULL ||
        blend->weight == NULL || !parse_weights(blend, error))
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

static void free_sources(struct blend *blend)
{
    for (size_t i = 0; i < blend->networks && blend->network != NULL; i++) {
        source_free(blend->network[i]);
        blend->network[i] = NULL;
    }
    source_free(blend->other);
    blend->other = NULL;
}

static struct network_use use_of(const struct evaluation *evaluation, size_t i)
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
static bool make_sources(struct evaluation *evaluation, const char *lm_prob, bool per_sentence,
                         struct learner *learner, struct error *error)
{
    struct blend *blend = &evaluation->blend;
    free_sources(blend);
    blend->per_sentence = per_sentence;
    for (size_t i = 0; i < blend->networks; i++) {
        const struct model *model = &evaluation->model[i];
        struct network_use use = use_of(evaluation, i);
        use.per_sentence = per_sentence;
        use.learner = i == 0 && !has_adapter() ? learner : NULL;
        use.adapter = i == 0 && learner != NULL && has_adapter() ? &evaluation->adapter : NULL;
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
    struct reader *text = open_text(evaluation, set.tune, error);
    bool ok = text != NULL &&
              make_sources(evaluation, set.tune_lm_prob, set.per_sentence, NULL, error) &&
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
    bool found = given.cache_theta && given.cache_lambda;
    for (size_t i = 0; i < evaluation->loaded; i++) {
        struct neural_cache_rule *cache = &evaluation->cache[i];
        *cache = (struct neural_cache_rule){.window = (size_t)set.cache_window,
                                            .theta = given.cache_theta ? set.cache_theta : NAN,
                                            .lambda = given.cache_lambda ? set.cache_lambda : NAN};
        if (set.cache_window == 0 || found)
            continue;
        struct network_use use = use_of(evaluation, i);
        struct reader *text = open_text(evaluation, set.tune, error);
        bool ok =
            text != NULL && neural_cache_tune(&evaluation->model[i], &use, text, cache, error);
        reader_close(text);
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

// Numbers of which too small a root is none: a part of the mean.
static const double LEAST_ROOT = 0.01;

static bool start_adapter(struct evaluation *evaluation, struct error *error)
{
    struct model *model = &evaluation->model[0];
    char path[4096];
    snprintf(path, sizeof path, "%s%s", set.statistics != NULL ? set.statistics : first_model(),
             set.statistics != NULL ? "" : ".statistics");
    gradient_roots_free(&evaluation->roots);
    if (!statistics_read(&evaluation->roots, model, path, error))
        return set.statistics == NULL && access(path, F_OK) != 0
                   ? error_add(error,
                               ": rnnlm-model -statistics TEXT makes it of the training text")
                   : false;
    const struct adapter_rule rule = {.rate = set.dynamic,
                                      .decay = set.dynamic_decay,
                                      .epsilon = LEAST_ROOT * evaluation->roots.mean + 1e-30,
                                      .words = (size_t)set.dynamic_words,
                                      .independent = set.independent || model->record.independent};
    adapter_free(&evaluation->adapter);
    return adapter_init(&evaluation->adapter, &model->network, &rule, &evaluation->roots, error);
}

static bool start_learner(struct evaluation *evaluation, struct error *error)
{
    struct model *model = &evaluation->model[0];
    const struct learning_rule rule = {.alpha = (float)set.dynamic,
                                       .beta = (float)set.beta,
                                       .gradient_cutoff = (float)set.gradient_cutoff,
                                       .bptt = model->record.bptt,
                                       .bptt_block = model->record.bptt_block,
                                       .independent = set.independent || model->record.independent};
    if (evaluation->blend.networks > 1)
        return error_usage(error, "-dynamic wants a single model, found %zu",
                           evaluation->blend.networks);
    if (has_adapter())
        return start_adapter(evaluation, error);
    return learner_init(&evaluation->learner, &model->network, &rule, error);
}

// ---- a page of the text -------------------------------------------------------------------------

enum { PAGE_WORDS = 10000 };

// The networks as they are in their files, with their weights among themselves and nothing beside them.
struct plain_networks {
    struct blend blend;
    struct model learning; // the one that learns in the other blend, once more
};

static void plain_free(struct plain_networks *plain)
{
    free_sources(&plain->blend);
    free(plain->blend.network);
    model_free(&plain->learning);
}

static bool plain_start(struct plain_networks *plain, const struct evaluation *evaluation,
                        struct error *error)
{
    const struct blend *blend = &evaluation->blend;
    plain->blend = (struct blend){.networks = blend->networks,
                                  .weight = blend->weight,
                                  .lambda = 1,
                                  .unit = blend->unit,
                                  .per_sentence = blend->per_sentence};
    plain->blend.network = memory_new(blend->networks, sizeof(struct source *), error);
    if (plain->blend.network == NULL ||
        (set.dynamic > 0 && !model_open(&plain->learning, first_model(), error)))
        return false;
    for (size_t i = 0; i < blend->networks; i++) {
        struct network_use use = use_of(evaluation, i);
        use.per_sentence = blend->per_sentence;
        use.cache = (struct neural_cache_rule){.window = 0};
        plain->blend.network[i] =
            source_network(set.dynamic > 0 ? &plain->learning : &evaluation->model[i], &use, error);
        if (plain->blend.network[i] == NULL)
            return false;
    }
    return true;
}

static void take_view(void *context, const struct text_view_word *word)
{
    text_page_add(context, &(struct text_page_word){.text = word->token->text,
                                                    .length = word->token->length,
                                                    .sentence_end = word->token->sentence_end,
                                                    .known = word->known,
                                                    .prob = word->prob,
                                                    .plain = word->plain,
                                                    .alternatives = word->alternatives,
                                                    .alternative = word->alternative,
                                                    .alternative_prob = word->alternative_prob});
}

// What is beside the networks.
static const char *helper_of(const struct blend *blend)
{
    int helpers = (blend->other != NULL) + (set.cache_window > 0) + (set.dynamic > 0);
    return helpers > 1            ? "what is beside them"
           : helpers == 0         ? NULL
           : set.ngram != NULL    ? "the n-gram model"
           : set.cache_window > 0 ? "the cache"
           : set.dynamic > 0      ? "learning from the text"
                                  : "the other model";
}

static bool write_page(struct evaluation *evaluation, struct output *output, struct reader *text,
                       struct error *error)
{
    struct blend *blend = &evaluation->blend;
    struct plain_networks plain = {.blend = {.networks = 0}};
    struct coverage coverage;
    const char *helper = helper_of(blend);
    bool ok = helper == NULL || plain_start(&plain, evaluation, error);
    struct text_page *page =
        ok ? text_page_new(output, set.test, helper != NULL, helper,
                           evaluation->blend.unit == UNIT_WORD, PAGE_WORDS, error)
           : NULL;
    ok = page != NULL && text_view(blend, set.dynamic > 0, helper != NULL ? &plain.blend : NULL,
                                   text, PAGE_WORDS, &coverage, take_view, page, error);
    ok = text_page_end(page, ok ? error : NULL) && ok;
    plain_free(&plain);
    return ok;
}

// A network that has learnt from the text is read again.
static bool draw_page(struct evaluation *evaluation, struct error *error)
{
    struct output *output = output_create(set.report, error);
    if (output == NULL)
        return false;
    bool ok = true;
    if (set.dynamic > 0) {
        free_sources(&evaluation->blend);
        learner_free(&evaluation->learner);
        evaluation->learner = (struct learner){.network = NULL};
        adapter_free(&evaluation->adapter);
        model_free(&evaluation->model[0]);
        ok = model_load(&evaluation->model[0], first_model(), error) &&
             start_learner(evaluation, error);
    }
    struct reader *text = ok ? open_text(evaluation, set.test, error) : NULL;
    ok = text != NULL &&
         make_sources(evaluation, set.lm_prob, set.per_sentence,
                      set.dynamic > 0 ? &evaluation->learner : NULL, error) &&
         write_page(evaluation, output, text, error);
    reader_close(text);
    if (ok)
        return output_commit(output, error);
    output_discard(output);
    return false;
}

static bool test(struct evaluation *evaluation, struct output *output, struct error *error)
{
    bool dynamic = set.dynamic > 0 && !set.nbest, page = set.report != NULL && set.train.count == 0;
    if ((dynamic && !start_learner(evaluation, error)) || (page && !output_try(set.report, error)))
        return false;
    struct reader *text = open_text(evaluation, set.test, error);
    bool ok = text != NULL &&
              make_sources(evaluation, set.lm_prob, set.per_sentence,
                           dynamic ? &evaluation->learner : NULL, error) &&
              test_text(&evaluation->blend, text, output, error);
    reader_close(text);
    return ok && (!page || draw_page(evaluation, error));
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
    if (!make_sources(evaluation, set.lm_prob, per_sentence, NULL, error) ||
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
        !choose_unknown(evaluation, error) || !read_shares(evaluation, error) ||
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
    free_sources(&evaluation->blend);
    learner_free(&evaluation->learner);
    adapter_free(&evaluation->adapter);
    gradient_roots_free(&evaluation->roots);
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
