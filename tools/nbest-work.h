// What rnnlm-nbest works with: settings as they are checked, models as they are loaded.
#ifndef TOOLS_NBEST_WORK_H
#define TOOLS_NBEST_WORK_H

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/number.h"
#include "model/model_file.h"
#include "nbest-options.h"
#include "nbest/list_score.h"
#include "nbest/tune.h"
#include "net/output.h"
#include "score/mixture.h"
#include "score/stream.h"
#include "tool-lists.h"

// ---- what is worked with ----------------------------------------------------------------------

enum what { WRITE_SCORES, WRITE_SRILM, WRITE_KALDI, WRITE_LISTS, WRITE_RANKED, WRITE_BEST };

static const char *const what_names[] = {"scores", "srilm", "kaldi", "lists",
                                         "ranked", "best",  NULL};
static const char *const history_names[] = {"none", "previous", "best", NULL};
static const char *const mix_names[] = {"word", "sentence", NULL};

enum { LISTS_AT_ONCE = 64, HYPOTHESES_AT_ONCE = 4096 };

struct work {
    enum what what;
    enum hypothesis_form form;
    struct model *model; // [models.count], the first `loaded` of them
    size_t loaded;
    double *weight;
    int32_t *unknown_class;
    struct number_table unknown_words;
    struct unknown_shares shares;
    struct vocabulary word_list;
    struct ngram_model *ngram;
    struct stream *stream; // -lm-prob
    struct input *scores;  // -lm-score
    struct dynamic *dynamic; // [models.count] with -dynamic
    struct pool *pool;
    struct list_models models;
    struct list_scorer *scorer;
    struct list_reader *reader;
    struct nbest_list list[LISTS_AT_ONCE];
    struct transcript speakers; // -utt2spk
    struct vocabulary names;    // of theirs
    char *speaker;              // of the list before; NULL before the first
    size_t *order;
    size_t order_capacity;
    bool folder; // -out is one
    uint64_t written, skipped;
    struct output *output;
    struct vocabulary words, ignored; // of references
    struct transcript references;
    struct transcript_rules rules;
    bool *heard; // [references.count] in the lists
    struct tuning tuning;
};

static void free_work(struct work *work)
{
    list_scorer_free(work->scorer);
    list_reader_close(work->reader);
    for (size_t i = 0; i < LISTS_AT_ONCE; i++)
        nbest_list_free(&work->list[i]);
    for (size_t i = 0; i < work->loaded; i++) {
        if (work->dynamic != NULL)
            dynamic_free(&work->dynamic[i]);
        model_free(&work->model[i]);
    }
    free(work->dynamic);
    transcript_free(&work->speakers);
    vocabulary_free(&work->names);
    free(work->model);
    free(work->weight);
    free(work->unknown_class);
    number_table_free(&work->unknown_words);
    vocabulary_free(&work->word_list);
    ngram_close(work->ngram);
    stream_close(work->stream);
    input_close(work->scores);
    pool_free(work->pool);
    free(work->speaker);
    free(work->order);
    transcript_free(&work->references);
    vocabulary_free(&work->words);
    vocabulary_free(&work->ignored);
    free(work->heard);
    tuning_free(&work->tuning);
}

// Tells of something that is left out; true if the work goes on without it.
static bool leave_out(struct work *work, const struct error *error)
{
    if (!set.keep_going)
        return false;
    fprintf(stderr, PROGRAM ": left out: %s\n", error->text);
    work->skipped++;
    return true;
}

// ---- settings ---------------------------------------------------------------------------------

static bool choose(const char *option, const char *found, const char *const *names, int *choice,
                   struct error *error)
{
    char wanted[128] = "";
    for (*choice = 0; names[*choice] != NULL; ++*choice) {
        if (strcmp(found, names[*choice]) == 0)
            return true;
        snprintf(wanted + strlen(wanted), sizeof wanted - strlen(wanted), "%s%s",
                 *choice > 0 ? ", " : "", names[*choice]);
    }
    return error_usage(error, "option -%s: found \"%s\", wanted one of %s", option, found, wanted);
}

static bool choose_form(struct work *work, struct error *error)
{
    work->form = HYPOTHESIS_FORMS;
    return set.form == NULL || hypothesis_form_named(set.form, &work->form, error) ||
           error_option(error, "form");
}

static bool has_shares(void)
{
    return set.unk_probs != NULL || set.unk_count > 0;
}

// Whether there is something to score with, or scores, beside networks.
static bool has_other(void)
{
    return set.ngram != NULL || set.lm_prob != NULL || set.lm_score != NULL || set.list_lm;
}

// Without networks: what is of no use then, and what scores.
static bool check_alone(struct error *error)
{
    const struct {
        const char *option, *why;
        bool given;
    } useless[] = {
        {"-weights", "it weighs networks among themselves", set.weights != NULL},
        {"-lambda", "it weighs networks beside another model", given.lambda},
        {"-dynamic", "a network is what learns", set.dynamic > 0},
        {"-unnormalised", "networks have such scores", set.unnormalised},
        {"-history", "networks alone go on behind a hypothesis", strcmp(set.history, "none") != 0},
        {"-word-list", "it has the words of networks", set.word_list != NULL},
    };
    if (set.models.count > 0)
        return true;
    if (!has_other())
        return error_usage(error,
                           "no model named: -rnnlm FILE or -ngram FILE is wanted, or for scores "
                           "that are there -list-lm, -lm-score FILE or -lm-prob FILE");
    for (size_t i = 0; i < sizeof useless / sizeof *useless; i++)
        if (useless[i].given)
            return error_usage(error, "%s wants -rnnlm FILE: %s", useless[i].option,
                               useless[i].why);
    if (set.ngram == NULL && (set.unk || set.unk_word != NULL || has_shares()))
        return error_usage(error, "-unk, -unk-word, -unk-probs and -unk-count want -rnnlm FILE or "
                                  "-ngram FILE");
    return true;
}

static bool check_other(const struct work *work, struct error *error)
{
    const char *scores = set.list_lm ? "-list-lm" : set.lm_score != NULL ? "-lm-score" : NULL;
    const char *in_step = set.lm_prob != NULL    ? "-lm-prob"
                          : set.lm_score != NULL ? "-lm-score"
                                                 : NULL;
    if ((set.ngram != NULL) + (set.lm_prob != NULL) + (set.lm_score != NULL) + set.list_lm > 1)
        return error_usage(error, "-ngram, -lm-prob, -lm-score and -list-lm exclude each other");
    if (scores != NULL && !work->models.sentence_mix)
        return error_usage(error, "%s wants -mix sentence: there are no scores of words", scores);
    if (in_step != NULL && set.keep_going)
        return error_usage(error,
                           "%s and -keep-going exclude each other: the scores of what is left "
                           "out would be others' then",
                           in_step);
    return true;
}

static bool check_speakers(const struct work *work, struct error *error)
{
    if (set.utt2spk != NULL && set.speaker_field > 0)
        return error_usage(error, "-utt2spk and -speaker-field exclude each other");
    if (set.utt2spk != NULL && work->models.history == LIST_HISTORY_NONE && !(set.dynamic > 0))
        return error_usage(error, "-utt2spk is for -history or -dynamic: nothing goes on from one "
                                  "utterance to the next");
    return !set.dynamic_reset ||
           (set.dynamic > 0 && (set.utt2spk != NULL || set.speaker_field > 0)) ||
           error_usage(error, "-dynamic-reset is for -dynamic RATE with -speaker-field N or "
                              "-utt2spk FILE, which say where the speaker changes");
}

static bool check_settings(struct work *work, struct error *error)
{
    int what, history, mix;
    if (!choose("write", set.write, what_names, &what, error) ||
        !choose("history", set.history, history_names, &history, error) ||
        !choose("mix", set.mix, mix_names, &mix, error) || !choose_form(work, error))
        return false;
    work->what = (enum what)what;
    work->models.history = (enum list_history)history;
    // without networks, too: the scores of sentences are the other model's alone
    work->models.sentence_mix = mix == 1 || set.models.count == 0;
    if (set.unk_probs != NULL && set.unk_count > 0)
        return error_usage(error, "-unk-probs and -unk-count exclude each other");
    if (set.dynamic > 0 && set.unnormalised)
        return error_usage(error,
                           "-unnormalised and -dynamic exclude each other: learning from the "
                           "lists wants probabilities");
    if (!dynamic_options_check(&set.dynamic_by, set.models.count, set.dynamic > 0, false, error) ||
        !check_speakers(work, error))
        return false;
    if (set.write_weights != NULL && set.tune == NULL)
        return error_usage(error, "-write-weights wants -tune REFS");
    return check_alone(error) && check_other(work, error);
}

// What the command line says goes before what the file says.
static bool read_weights(struct error *error)
{
    struct rerank_weights file = set.rank;
    if (set.weights_file == NULL)
        return true;
    if (!rerank_weights_read(&file, set.weights_file, error))
        return false;
    if (file.has_lambda && set.models.count == 0)
        return error_set(error,
                         "%s: found lambda, which weighs networks beside another model: -rnnlm "
                         "FILE is wanted",
                         set.weights_file);
    set.rank = (struct rerank_weights){
        .ac_scale = given.ac_scale ? set.rank.ac_scale : file.ac_scale,
        .lm_scale = given.lm_scale ? set.rank.lm_scale : file.lm_scale,
        .word_penalty = given.word_penalty ? set.rank.word_penalty : file.word_penalty,
        .lambda = given.lambda ? set.rank.lambda : file.lambda};
    return true;
}

static bool parse_model_weights(struct work *work, struct error *error)
{
    const char *at = set.weights;
    size_t count = set.models.count;
    for (size_t i = 0; i < count; i++) {
        work->weight[i] = 1 / (double)count;
        if (at == NULL)
            continue;
        size_t length = strcspn(at, ",");
        if (length == 0 || !number_parse(at, length, &work->weight[i]) ||
            (at[length] == ',') != (i + 1 < count))
            return error_usage(
                error, "option -weights: found \"%s\", wanted %zu numbers, one for each -rnnlm",
                set.weights, count);
        at += length + (at[length] == ',');
    }
    return count == 0 || mixture_check(count, work->weight, error) ||
           error_option(error, "weights");
}

// ---- models -----------------------------------------------------------------------------------

static bool load_models(struct work *work, struct error *error)
{
    size_t count = set.models.count;
    bool (*read)(struct model *, const char *, struct error *) =
        set.dynamic > 0 ? model_load : model_open; // who learns needs weights of its own
    work->model = memory_new(count, sizeof *work->model, error);
    work->weight = memory_new(count, sizeof *work->weight, error);
    work->unknown_class = memory_new(count, sizeof *work->unknown_class, error);
    if (work->model == NULL || work->weight == NULL || work->unknown_class == NULL ||
        !parse_model_weights(work, error))
        return false;
    for (; work->loaded < count; work->loaded++) {
        struct model *model = &work->model[work->loaded];
        const char *path = set.models.item[work->loaded];
        if (!read(model, path, error))
            return false;
        if (!model_is_of_words(model, path, error)) {
            work->loaded++;
            return false;
        }
        if (set.unnormalised && !model_has_scores(model, error)) {
            work->loaded++;
            return error_prefix(error, "%s: ", path);
        }
    }
    if (set.ngram != NULL && (work->ngram = tool_open_ngram(PROGRAM, set.ngram, error)) == NULL)
        return false;
    if (set.lm_score != NULL && (work->scores = input_open_text(set.lm_score, error)) == NULL)
        return false;
    return set.lm_prob == NULL ||
           (work->stream = stream_open(set.lm_prob, STREAM_NET, error)) != NULL;
}

static bool want_rare_word(const char *model, int32_t word, struct error *error)
{
    return !has_shares() ||
           unknown_shares_want(word, model, set.unk_word, set.unk_probs != NULL, error);
}

// The words for unknown ones, of all models.
static bool find_unknown_classes(struct work *work, struct error *error)
{
    bool found = set.unk_word == NULL;
    for (size_t i = 0; i < set.models.count; i++) {
        const struct vocabulary *vocabulary = &work->model[i].vocabulary;
        work->unknown_class[i] = has_shares() ? vocabulary_rare(vocabulary, set.unk_word)
                                              : vocabulary_unknown(vocabulary, set.unk_word);
        found = found || vocabulary_has(vocabulary, set.unk_word);
        if (!want_rare_word(set.models.item[i], work->unknown_class[i], error))
            return false;
    }
    work->models.unknown_class = work->unknown_class;
    if (work->ngram != NULL && set.unk_word != NULL) {
        work->ngram->unknown = vocabulary_unknown(&work->ngram->words, set.unk_word);
        found = found || vocabulary_has(&work->ngram->words, set.unk_word);
    }
    if (!found)
        return error_set(error, "option -unk-word: no model has the word \"%.60s\"", set.unk_word);
    return set.models.count > 0 || work->ngram == NULL ||
           want_rare_word(set.ngram, work->ngram->unknown, error);
}

static bool read_word_list(struct vocabulary *words, struct error *error)
{
    struct input *input = input_open_text(set.word_list, error);
    bool ok = input != NULL && vocabulary_init(words, error);
    char *line;
    while (ok && (line = input_line(input, NULL)) != NULL) {
        line += strspn(line, " \t\r");
        size_t length = strcspn(line, " \t\r");
        ok = length == 0 || vocabulary_add(words, line, length, error) >= 0;
    }
    ok = ok && input_ok(input, error);
    input_close(input);
    return ok;
}

static bool read_unknown_words(struct work *work, struct error *error)
{
    struct list_models *models = &work->models;
    if (!find_unknown_classes(work, error))
        return false;
    if (set.word_list != NULL) {
        if (!read_word_list(&work->word_list, error))
            return false;
        models->known = &work->word_list;
    }
    if (!has_shares())
        return true;
    if (set.unk_probs != NULL &&
        !number_table_read(&work->unknown_words, set.unk_probs, 0, 1, error))
        return false;
    if (set.unk_probs != NULL && !given.oov)
        models->unknown_log10 = -7;
    work->shares = (struct unknown_shares){
        .table = set.unk_probs != NULL ? &work->unknown_words : NULL,
        .count = (double)set.unk_count,
        .other = pow(10, models->unknown_log10),
    };
    models->shares = &work->shares;
    return true;
}

static bool make_dynamic(struct work *work, struct error *error)
{
    work->dynamic = memory_new(set.models.count, sizeof *work->dynamic, error);
    for (size_t i = 0; work->dynamic != NULL && i < set.models.count; i++) {
        struct model *model = &work->model[i];
        const struct dynamic_rule rule = {.rate = set.dynamic,
                                          .beta = 1e-7,
                                          .gradient_cutoff = 15,
                                          .independent = set.independent ||
                                                         model->record.independent ||
                                                         work->models.history == LIST_HISTORY_NONE,
                                          .restores = set.dynamic_reset};
        if (!dynamic_options_start(&set.dynamic_by, &work->dynamic[i], model, set.models.item[i], i,
                                   dynamic_options_rms(&set.dynamic_by), rule, error))
            return false;
    }
    work->models.dynamic = work->dynamic;
    work->models.forgets = set.dynamic_reset;
    return work->dynamic != NULL;
}

static bool read_speakers(struct work *work, struct error *error)
{
    const struct transcript_rules as_is = {.case_sensitive = true, .marks = TRANSCRIPT_MARKS_NONE};
    return set.utt2spk == NULL || (vocabulary_init(&work->names, error) &&
                                   transcript_read(&work->speakers, set.utt2spk, TRANSCRIPT_KALDI,
                                                   TRANSCRIPT_ANY, &as_is, &work->names, error));
}

static bool make_scorer(struct work *work, struct error *error)
{
    struct list_models *models = &work->models;
    work->pool = pool_new(set.threads > 0 ? (size_t)set.threads : threads_available(), error);
    if (work->pool == NULL)
        return false;
    models->model = work->model;
    models->weight = work->weight;
    models->models = set.models.count;
    models->ngram = work->ngram;
    models->other_probs = work->stream != NULL;
    models->other_language = set.list_lm || set.lm_score != NULL;
    models->lambda = models->models > 0 ? set.rank.lambda : 0;
    // a table is for networks, or for an n-gram model alone
    models->unk = set.unk || set.unk_count > 0 ||
                  (set.unk_probs != NULL ? models->models == 0 : set.unk_word != NULL);
    models->unknown_log10 = set.oov;
    models->independent = set.independent;
    models->unnormalised = set.unnormalised;
    models->pool = work->pool;
    if (!read_unknown_words(work, error) || !read_speakers(work, error) ||
        (set.dynamic > 0 && !make_dynamic(work, error)))
        return false;
    work->scorer = list_scorer_new(models, error);
    return work->scorer != NULL;
}

#endif
