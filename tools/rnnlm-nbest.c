// rnnlm-nbest: language model scores of n-best lists, re-ranking, and the weights for it.
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/kernels.h"
#include "base/memory.h"
#include "base/number.h"
#include "model/model_file.h"
#include "nbest-options.h"
#include "nbest/list_score.h"
#include "nbest/list_write.h"
#include "nbest/tune.h"
#include "score/mixture.h"
#include "score/stream.h"
#include "tool.h"

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
    struct vocabulary word_list;
    struct ngram_model *ngram;
    struct stream *stream;
    struct learner learner;
    struct pool *pool;
    struct list_models models;
    struct list_scorer *scorer;
    struct list_reader *reader;
    struct nbest_list list[LISTS_AT_ONCE];
    char *speaker; // of the list before; NULL before the first
    size_t *order;
    size_t order_capacity;
    bool folder; // -out is one
    uint64_t written, skipped;
    struct output *output;
    struct vocabulary words; // of references
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
    learner_free(&work->learner);
    for (size_t i = 0; i < work->loaded; i++)
        model_free(&work->model[i]);
    free(work->model);
    free(work->weight);
    free(work->unknown_class);
    number_table_free(&work->unknown_words);
    vocabulary_free(&work->word_list);
    ngram_close(work->ngram);
    stream_close(work->stream);
    pool_free(work->pool);
    free(work->speaker);
    free(work->order);
    transcript_free(&work->references);
    vocabulary_free(&work->words);
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
    return error_set(error, "option -%s: found \"%s\", wanted one of %s", option, found, wanted);
}

static bool choose_form(struct work *work, struct error *error)
{
    work->form = HYPOTHESIS_FORMS;
    return set.form == NULL || hypothesis_form_named(set.form, &work->form, error) ||
           error_prefix(error, "option -form: ");
}

static bool check_other(const struct work *work, struct error *error)
{
    if ((set.ngram != NULL) + (set.lm_prob != NULL) + set.list_lm > 1)
        return error_set(error, "-ngram, -lm-prob and -list-lm exclude each other");
    if (set.list_lm && !work->models.sentence_mix)
        return error_set(error, "-list-lm wants -mix sentence: the lists have no scores of words");
    if (set.lm_prob != NULL && set.keep_going)
        return error_set(error, "-lm-prob and -keep-going exclude each other: the probabilities of "
                                "what is left out would be others' then");
    return true;
}

static bool check_settings(struct work *work, struct error *error)
{
    int what, history, mix;
    if (set.models.count == 0)
        return error_set(error, "no model named: -rnnlm FILE is wanted");
    if (!choose("write", set.write, what_names, &what, error) ||
        !choose("history", set.history, history_names, &history, error) ||
        !choose("mix", set.mix, mix_names, &mix, error) || !choose_form(work, error))
        return false;
    work->what = (enum what)what;
    work->models.history = (enum list_history)history;
    work->models.sentence_mix = mix == 1;
    if (set.dynamic > 0 && set.models.count > 1)
        return error_set(error, "-dynamic wants a single model, found %zu", set.models.count);
    if (set.write_weights != NULL && set.tune == NULL)
        return error_set(error, "-write-weights wants -tune REFS");
    return check_other(work, error);
}

// What the command line says goes before what the file says.
static bool read_weights(struct error *error)
{
    struct rerank_weights file = set.rank;
    if (set.weights_file == NULL)
        return true;
    if (!rerank_weights_read(&file, set.weights_file, error))
        return false;
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
            return error_set(
                error, "option -weights: found \"%s\", wanted %zu numbers, one for each -rnnlm",
                set.weights, count);
        at += length + (at[length] == ',');
    }
    return mixture_check(count, work->weight, error) || error_prefix(error, "option -weights: ");
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
    for (; work->loaded < count; work->loaded++)
        if (!read(&work->model[work->loaded], set.models.item[work->loaded], error))
            return false;
    if (set.ngram != NULL && (work->ngram = tool_open_ngram(PROGRAM, set.ngram, error)) == NULL)
        return false;
    return set.lm_prob == NULL ||
           (work->stream = stream_open(set.lm_prob, STREAM_NET, error)) != NULL;
}

// Kaldi's models have <unk> too, for what is no word at all: with its table RNN_UNK goes before, and
// -unk-word is not a wish.
static int32_t find_unknown_class(const struct vocabulary *vocabulary)
{
    const char *const names[] = {"RNN_UNK", "<RNN_UNK>"};
    int32_t id = WORD_OOV;
    if (set.unk_probs == NULL)
        return vocabulary_unknown(vocabulary, set.unk_word);
    if (set.unk_word != NULL)
        return vocabulary_find(vocabulary, set.unk_word, strlen(set.unk_word));
    for (size_t i = 0; i < 2 && id == WORD_OOV; i++)
        id = vocabulary_find(vocabulary, names[i], strlen(names[i]));
    return id != WORD_OOV ? id : vocabulary_unknown(vocabulary, NULL);
}

// The words for unknown ones, of all models.
static bool find_unknown_classes(struct work *work, struct error *error)
{
    bool found = set.unk_word == NULL;
    for (size_t i = 0; i < set.models.count; i++) {
        const struct vocabulary *vocabulary = &work->model[i].vocabulary;
        work->unknown_class[i] = find_unknown_class(vocabulary);
        found = found || vocabulary_has(vocabulary, set.unk_word);
        if (set.unk_probs != NULL && work->unknown_class[i] == WORD_OOV)
            return error_set(error,
                             "%s: has no word %s, which -unk-probs wants for rare words: -unk-word "
                             "names another",
                             set.models.item[i],
                             set.unk_word != NULL ? set.unk_word : "RNN_UNK, <unk> or the like");
    }
    work->models.unknown_class = work->unknown_class;
    if (work->ngram != NULL && set.unk_word != NULL) {
        work->ngram->unknown = vocabulary_unknown(&work->ngram->words, set.unk_word);
        found = found || vocabulary_has(&work->ngram->words, set.unk_word);
    }
    return found ||
           error_set(error, "option -unk-word: no model has the word \"%.60s\"", set.unk_word);
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
    if (set.unk_probs == NULL)
        return true;
    if (!number_table_read(&work->unknown_words, set.unk_probs, 0, 1, error))
        return false;
    models->unknown_words = &work->unknown_words;
    if (!given.oov)
        models->unknown_log10 = -7;
    return true;
}

static bool make_learner(struct work *work, struct error *error)
{
    struct model *model = &work->model[0];
    struct learning_rule rule = {.alpha = (float)set.dynamic,
                                 .beta = 1e-7F,
                                 .gradient_cutoff = 15,
                                 .bptt = model->record.bptt,
                                 .bptt_block = model->record.bptt_block,
                                 .independent = set.independent || model->record.independent ||
                                                work->models.history == LIST_HISTORY_NONE};
    work->models.learner = &work->learner;
    return learner_init(&work->learner, &model->network, &rule, error);
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
    models->other_language = set.list_lm;
    models->lambda = set.rank.lambda;
    models->unk = set.unk || (set.unk_word != NULL && set.unk_probs == NULL);
    models->unknown_log10 = set.oov;
    models->independent = set.independent;
    models->pool = work->pool;
    if (!read_unknown_words(work, error) || (set.dynamic > 0 && !make_learner(work, error)))
        return false;
    work->scorer = list_scorer_new(models, error);
    return work->scorer != NULL;
}

// ---- reading ----------------------------------------------------------------------------------

static bool has_other(void)
{
    return set.ngram != NULL || set.lm_prob != NULL || set.list_lm;
}

// What the work wants of a list besides its words.
static bool check_list(struct work *work, const struct nbest_list *list, struct error *error)
{
    const char *name = nbest_list_text(list, list->name);
    for (size_t i = 0; set.list_lm && i < list->count; i++)
        if (isnan(list->hypothesis[i].language))
            return error_set(error,
                             "%s: line %" PRIu64 ": utterance %s: hypothesis %zu has no language "
                             "model score, which -list-lm wants",
                             list->path, list->line, name, i + 1);
    if (set.tune != NULL && transcript_find(&work->references, name) == NULL)
        return error_set(error,
                         "%s: line %" PRIu64 ": utterance %s is not in the references %s: "
                         "-keep-going leaves it out",
                         list->path, list->line, name, set.tune);
    return true;
}

// Reads lists that can be scored at once. *lists is 0 at the end.
static bool read_lists(struct work *work, size_t *lists, struct error *error)
{
    bool alone = work->models.history != LIST_HISTORY_NONE || work->models.learner != NULL;
    size_t hypotheses = 0;
    *lists = 0;
    while (*lists < (alone ? 1 : LISTS_AT_ONCE) && hypotheses < HYPOTHESES_AT_ONCE) {
        struct nbest_list *list = &work->list[*lists];
        struct error remark;
        enum list_result result = list_reader_next(work->reader, list, error);
        if (list_reader_remark(work->reader, &remark))
            options_warn(PROGRAM, remark.text);
        if (result == LIST_END)
            return true;
        if (result == LIST_FAILED)
            return false;
        if (result == LIST_BAD || !check_list(work, list, error)) {
            if (!leave_out(work, error))
                return false;
            continue;
        }
        if (work->stream != NULL && !list_take_probs(list, work->stream, error))
            return false;
        hypotheses += list->count;
        ++*lists;
    }
    return true;
}

// ---- writing ----------------------------------------------------------------------------------

static bool write_list(struct work *work, const struct nbest_list *list, struct output *output,
                       struct error *error)
{
    switch (work->what) {
    case WRITE_SCORES:
        list_write_scores(list, output);
        return true;
    case WRITE_SRILM:
        list_write_srilm(list, output);
        return true;
    case WRITE_KALDI:
        list_write_kaldi(list, output);
        return true;
    case WRITE_LISTS:
        list_write(list, NULL, &set.rank, output);
        return true;
    case WRITE_RANKED:
        if (!memory_grow(&work->order, &work->order_capacity, list->count, sizeof *work->order,
                         error) ||
            !rerank_order(&set.rank, list, work->order, error))
            return false;
        list_write(list, work->order, &set.rank, output);
        return true;
    case WRITE_BEST:
        list_write_best(list, rerank_best(&set.rank, list), output);
        return true;
    }
    return true;
}

// SRILM's lists have no IDs: in one file, blank lines separate them.
static bool wants_blank_line(const struct work *work, const struct nbest_list *list)
{
    bool nameless = list->form == HYPOTHESIS_SRILM || list->form == HYPOTHESIS_NBEST1 ||
                    list->form == HYPOTHESIS_NBEST2;
    return work->what == WRITE_SRILM ||
           (nameless && (work->what == WRITE_LISTS || work->what == WRITE_RANKED));
}

static bool write_file(struct work *work, const struct nbest_list *list, struct error *error)
{
    const char *name = nbest_list_text(list, list->name);
    if (*name == '.' || *name == '\0' || strchr(name, '/') != NULL)
        return error_set(error,
                         "%s: line %" PRIu64 ": the utterance name \"%s\" cannot be that of a "
                         "file in %s",
                         list->path, list->line, name, set.out);
    size_t size = strlen(set.out) + strlen(name) + 5;
    char *path = memory_new(size, 1, error);
    if (path == NULL)
        return false;
    // SRILM's scripts see only compressed files in a folder of scores.
    snprintf(path, size, "%s%s%s%s", set.out, set.out[strlen(set.out) - 1] == '/' ? "" : "/", name,
             work->what == WRITE_SRILM ? ".gz" : "");
    struct output *output = output_open(path, error);
    bool ok = output != NULL && write_list(work, list, output, error);
    if (output != NULL && !ok)
        output_discard(output);
    ok = ok && output_commit(output, error);
    free(path);
    return ok;
}

static bool put_list(struct work *work, const struct nbest_list *list, struct error *error)
{
    if (set.tune != NULL) {
        const struct utterance *reference =
            transcript_find(&work->references, nbest_list_text(list, list->name));
        work->heard[reference - work->references.utterance] = true;
        return tuning_add(&work->tuning, list, set.rank.ac_scale, reference, error);
    }
    if (work->folder)
        return write_file(work, list, error);
    if (work->written++ > 0 && wants_blank_line(work, list))
        output_text(work->output, "\n");
    return write_list(work, list, work->output, error);
}

// ---- scoring ----------------------------------------------------------------------------------

// The first N parts of an utterance's name.
static size_t speaker_length(const char *name)
{
    size_t length = 0;
    for (int64_t field = 0; name[length] != '\0'; length++)
        if ((name[length] == '-' || name[length] == '_') && ++field == set.speaker_field)
            break;
    return length;
}

static bool change_speaker(struct work *work, const struct nbest_list *list, struct error *error)
{
    const char *name = nbest_list_text(list, list->name);
    size_t length = speaker_length(name);
    if (set.speaker_field == 0 || (work->speaker != NULL && strlen(work->speaker) == length &&
                                   memcmp(work->speaker, name, length) == 0))
        return true;
    if (work->speaker != NULL)
        list_scorer_restart(work->scorer);
    free(work->speaker);
    work->speaker = memory_text(name, length, error);
    return work->speaker != NULL;
}

static bool score_lists(struct work *work, struct error *error)
{
    struct nbest_list *list[LISTS_AT_ONCE];
    for (size_t i = 0; i < LISTS_AT_ONCE; i++)
        list[i] = &work->list[i];
    for (size_t lists = 1; lists > 0;) {
        if (!read_lists(work, &lists, error) ||
            (lists > 0 && !change_speaker(work, list[0], error)) ||
            !list_scorer_score(work->scorer, list, lists, error))
            return false;
        bool alone = work->models.history != LIST_HISTORY_NONE || work->models.learner != NULL;
        if (alone && lists > 0 &&
            !list_scorer_go_on(work->scorer, list[0], rerank_best(&set.rank, list[0]), error))
            return false;
        for (size_t i = 0; i < lists; i++)
            if (!put_list(work, list[i], error))
                return false;
    }
    return work->stream == NULL || stream_end(work->stream, error);
}

// ---- tuning -----------------------------------------------------------------------------------

static bool read_references(struct work *work, struct error *error)
{
    work->rules = (struct transcript_rules){.marks = TRANSCRIPT_MARKS_TRN};
    if (!vocabulary_init(&work->words, error) ||
        !transcript_read(&work->references, set.tune, TRANSCRIPT_ANY, TRANSCRIPT_KALDI,
                         &work->rules, &work->words, error))
        return false;
    work->heard = memory_new(work->references.count, sizeof *work->heard, error);
    return work->heard != NULL &&
           tuning_init(&work->tuning, work->models.sentence_mix && has_other(), &work->rules,
                       &work->words, error);
}

// Every reference must have a list.
static bool check_heard(struct work *work, struct error *error)
{
    for (size_t i = 0; i < work->references.count; i++)
        if (!work->heard[i]) {
            error_set(error, "%s: line %" PRIu64 ": utterance %s is not in the lists", set.tune,
                      work->references.utterance[i].line, transcript_id(&work->references, i));
            if (!leave_out(work, error))
                return false;
        }
    return work->tuning.lists > 0 ||
           error_set(error, "no utterance is in both lists and references %s", set.tune);
}

static void write_weights(const struct work *work, uint64_t before, struct output *output)
{
    const struct tuning *tuning = &work->tuning;
    double words = tuning->reference_words > 0 ? (double)tuning->reference_words : 1;
    uint64_t after = tuning_errors(tuning, &set.rank);
    output_format(output, "# %zu utterances, %" PRIu64 " words\n", tuning->lists,
                  tuning->reference_words);
    output_format(output, "# errors before: %" PRIu64 " (%.2f %%)\n", before,
                  100 * (double)before / words);
    output_format(output, "# errors: %" PRIu64 " (%.2f %%)\n", after, 100 * (double)after / words);
    rerank_weights_write(&set.rank, output);
}

static bool tune(struct work *work, struct error *error)
{
    if (!check_heard(work, error))
        return false;
    uint64_t before = tuning_errors(&work->tuning, &set.rank);
    if (!tuning_find(&work->tuning, (size_t)set.restarts, &set.rank, error))
        return false;
    write_weights(work, before, work->output);
    if (set.write_weights == NULL)
        return true;
    struct output *file = output_open(set.write_weights, error);
    if (file == NULL)
        return false;
    write_weights(work, before, file);
    return output_commit(file, error);
}

// ---- the program ------------------------------------------------------------------------------

// -out: a folder, or a file.
static bool open_out(struct work *work, struct error *error)
{
    struct stat status;
    if (set.out == NULL || set.tune != NULL)
        return true;
    bool can_be =
        work->what == WRITE_SRILM || work->what == WRITE_LISTS || work->what == WRITE_RANKED;
    bool made = *set.out != '\0' && set.out[strlen(set.out) - 1] == '/' && can_be;
    if (made && mkdir(set.out, 0777) != 0 && errno != EEXIST)
        return error_set(error, "cannot make the folder %s: %s", set.out, strerror(errno));
    work->folder = can_be && stat(set.out, &status) == 0 && S_ISDIR(status.st_mode);
    if (work->folder)
        return true;
    work->output = output_open(set.out, error);
    return work->output != NULL;
}

static bool run(struct work *work, const struct option_list *operands, struct error *error)
{
    const struct list_costs costs = {set.ac_cost, set.graph_cost, set.lm_cost};
    if (!check_settings(work, error) || !read_weights(error))
        return false;
    work->reader = list_reader_open(operands->item, operands->count, work->form, &costs, error);
    if (work->reader == NULL || !load_models(work, error) || !make_scorer(work, error) ||
        (set.tune != NULL && !read_references(work, error)))
        return false;
    return score_lists(work, error) && (set.tune == NULL || tune(work, error));
}

static bool score(const struct option_list *operands, struct output *output, struct error *error)
{
    static struct work work;
    work.output = output;
    bool ok = check_settings(&work, error) && open_out(&work, error) && run(&work, operands, error);
    if (work.output != NULL && work.output != output) {
        if (ok)
            ok = output_commit(work.output, error);
        else
            output_discard(work.output);
    }
    struct error remark;
    if (ok && coverage_remark(list_scorer_coverage(work.scorer), &remark))
        options_warn(PROGRAM, remark.text);
    uint64_t skipped = work.skipped;
    free_work(&work);
    if (ok && skipped > 0)
        return error_set(error, "%" PRIu64 " left out, see above", skipped);
    return ok;
}

int main(int argc, char **argv)
{
    static struct option_list operands;
    struct error error;
    enum options_result result = options_parse(&options, argc, argv, &operands);
    if (result != OPTIONS_RUN)
        return options_status(result);
    if (operands.count == 0) {
        options_fail(PROGRAM, "wanted: LISTS...");
        return options_status(OPTIONS_BAD_USAGE);
    }
    if (!kernels_choose(NULL, &error))
        return options_fail(PROGRAM, error.text);
    return tool_run(PROGRAM, score, &operands);
}
