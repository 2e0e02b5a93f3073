// rnnlm-nbest: language model scores of n-best lists, re-ranking, and the weights for it.
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/kernels.h"
#include "nbest-work.h"
#include "nbest/list_write.h"

// ---- reading ----------------------------------------------------------------------------------

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

// What another model gives the list, from files that are in step with the lists.
static bool take_others(struct work *work, struct nbest_list *list, struct error *error)
{
    for (size_t i = 0; work->scores != NULL && i < list->count; i++)
        if (!tool_take_score(work->scores, &list->hypothesis[i].language, error))
            return error_prefix(error, "%s: line %" PRIu64 ": ", list->path, list->line);
    if (work->stream == NULL || list_take_probs(list, work->stream, error))
        return true;
    if (stream_form(work->stream) == STREAM_NUMBERS)
        error_add(error, " (log10 scores of hypotheses, one a line: -lm-score FILE)");
    return false;
}

// Reads lists that can be scored at once. *lists is 0 at the end.
static bool read_lists(struct work *work, size_t *lists, struct error *error)
{
    bool alone = work->models.history != LIST_HISTORY_NONE || work->models.dynamic != NULL;
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
        if (!take_others(work, list, error))
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
    struct output *output = output_create(path, error);
    bool ok = output != NULL && write_list(work, list, output, error);
    ok = output_end(output, ok, error);
    free(path);
    return ok || error_prefix(error, "%s: line %" PRIu64 ": utterance %s: ", list->path, list->line,
                              name);
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

static bool find_speaker(const struct work *work, const struct nbest_list *list, const char **name,
                         size_t *length, struct error *error)
{
    *name = nbest_list_text(list, list->name);
    *length = speaker_length(*name);
    if (set.utt2spk == NULL)
        return true;
    const struct utterance *entry = transcript_find(&work->speakers, *name);
    if (entry == NULL)
        return error_set(error, "%s: there is no speaker for utterance %s", set.utt2spk, *name);
    if (entry->text.arcs != 1)
        return error_set(error,
                         "%s: line %" PRIu64 ": found %zu words behind an utterance, wanted its "
                         "speaker",
                         set.utt2spk, entry->line, entry->text.arcs);
    *name = vocabulary_word(&work->names, entry->text.arc[0].word);
    *length = strlen(*name);
    return true;
}

static bool change_speaker(struct work *work, const struct nbest_list *list, struct error *error)
{
    const char *name;
    size_t length;
    if (set.speaker_field == 0 && set.utt2spk == NULL)
        return true;
    if (!find_speaker(work, list, &name, &length, error))
        return false;
    if (work->speaker != NULL && strlen(work->speaker) == length &&
        memcmp(work->speaker, name, length) == 0)
        return true;
    if (work->speaker != NULL && !list_scorer_restart(work->scorer, error))
        return false;
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
        bool alone = work->models.history != LIST_HISTORY_NONE || work->models.dynamic != NULL;
        if (alone && lists > 0 &&
            !list_scorer_go_on(work->scorer, list[0], rerank_best(&set.rank, list[0]), error))
            return false;
        for (size_t i = 0; i < lists; i++)
            if (!put_list(work, list[i], error))
                return false;
    }
    return (work->stream == NULL || stream_end(work->stream, error)) &&
           (work->scores == NULL || tool_scores_end(work->scores, error));
}

// ---- tuning -----------------------------------------------------------------------------------

static bool read_references(struct work *work, struct error *error)
{
    static const char *const marks[] = {"trn", "all", "none", NULL};
    enum transcript_form form = TRANSCRIPT_ANY;
    int where;
    if (set.ref_form != NULL && !transcript_form_parse(set.ref_form, &form))
        return error_usage(error, "option -ref-form: found \"%s\", wanted trn, mlf, kaldi or plain",
                           set.ref_form);
    if (!choose("marks", set.marks, marks, &where, error) ||
        !vocabulary_init(&work->words, error) || !vocabulary_init(&work->ignored, error))
        return false;
    for (size_t i = 0; i < set.ignored.count; i++)
        if (!transcript_ignore(&work->ignored, set.ignored.item[i], false, error))
            return false;
    work->rules = (struct transcript_rules){
        .optional = true, .marks = (enum transcript_marks)where, .ignored = &work->ignored};
    if (!transcript_read(&work->references, set.tune, form, TRANSCRIPT_KALDI, &work->rules,
                         &work->words, error))
        return false;
    work->heard = memory_new(work->references.count, sizeof *work->heard, error);
    return work->heard != NULL &&
           tuning_init(&work->tuning,
                       work->models.sentence_mix && work->models.models > 0 && has_other(),
                       &work->rules, &work->words, error);
}

// References may be those of more than the lists.
static bool check_heard(struct work *work, struct error *error)
{
    size_t count = work->references.count, missing = 0, first = 0;
    for (size_t i = count; i > 0; i--)
        if (!work->heard[i - 1]) {
            missing++;
            first = i - 1;
        }
    if (missing > 0) {
        error_set(error,
                  "%s: %zu of %zu utterances are not in the lists and count nowhere: line "
                  "%" PRIu64 ": %s%s",
                  set.tune, missing, count, work->references.utterance[first].line,
                  transcript_id(&work->references, first), missing > 1 ? " and others" : "");
        options_warn(PROGRAM, error->text);
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
    struct output *file = output_create(set.write_weights, error);
    if (file == NULL)
        return false;
    write_weights(work, before, file);
    return output_commit(file, error);
}

// ---- the program ------------------------------------------------------------------------------

// -write-weights, and -out: a folder, or a file.
static bool open_out(struct work *work, struct error *error)
{
    struct stat status;
    if (set.write_weights != NULL && !output_try(set.write_weights, error))
        return false;
    if (set.out == NULL || set.tune != NULL)
        return true;
    bool can_be =
        work->what == WRITE_SRILM || work->what == WRITE_LISTS || work->what == WRITE_RANKED;
    bool made = *set.out != '\0' && set.out[strlen(set.out) - 1] == '/' && can_be;
    if (made && mkdir(set.out, 0777) != 0 && errno != EEXIST)
        return error_set(error, "cannot make the folder %s: %s", set.out, strerror(errno));
    work->folder = can_be && stat(set.out, &status) == 0 && S_ISDIR(status.st_mode);
    if (work->folder)
        return output_try_folder(set.out, error);
    work->output = output_create(set.out, error);
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
    if (work.output != output)
        ok = output_end(work.output, ok, error);
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
    program_begin(PROGRAM);
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
