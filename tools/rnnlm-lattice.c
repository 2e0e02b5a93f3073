// rnnlm-lattice: word lattices with language model scores from networks and back-off models.
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "lattice-options.h"
#include "lattice/reader.h"
#include "lattice/rescore.h"
#include "lattice/result.h"
#include "model/model_file.h"
#include "net/output.h"
#include "tool.h"

struct work {
    struct model model;
    struct ngram_model *ngram, *old;
    struct language language;
    struct pool *pool;
    struct symbols symbols;
    struct vocabulary ignored;
    struct number_table unknown_words; // of -unk-probs
    struct unknown_shares shares;
    struct rescore_options rescoring;
    struct lattice_reading reading;
    struct lattice_result_form form;
    struct output *output;
    uint64_t lattices; // written
    bool failed;
};

// ---- one lattice ------------------------------------------------------------------------------

static void scale(struct lattice *lattice)
{
    if (set.acoustic_given)
        lattice->scales.acoustic = set.scales.acoustic;
    if (set.lm_given)
        lattice->scales.lm = set.scales.lm;
    if (set.pronunciation_given)
        lattice->scales.pronunciation = set.scales.pronunciation;
    if (set.penalty_given)
        lattice->scales.word_penalty = set.scales.word_penalty;
}

// What scores are divided by for posteriors.
static double posterior_scale(const struct lattice *lattice)
{
    if (set.posterior_scale > 0)
        return set.posterior_scale;
    return lattice->scales.lm > 0 ? lattice->scales.lm : 1;
}

static bool rescores(void)
{
    return set.model != NULL || set.ngram != NULL || set.old_ngram != NULL;
}

static void note(const struct lattice *lattice, const struct narrowing *narrowing,
                 const struct search_bounds *bounds)
{
    struct error remark;
    if (!narrowing_remark(narrowing, bounds, &remark))
        return;
    error_prefix(&remark, "%s: %s: ", lattice->file, lattice->id);
    options_warn(PROGRAM, remark.text);
}

static bool rescore(struct work *work, struct lattice *lattice, struct error *error)
{
    size_t nodes = lattice->nodes, links = lattice->links;
    uint64_t predicted = work->language.predicted, advanced = work->language.advanced;
    struct rescore_options options_here = work->rescoring;
    options_here.log_linear = set.mix != NULL
                                  ? strcmp(set.mix, "log") == 0
                                  : lattice->format != LATTICE_SLF && set.old_ngram == NULL;
    if (set.prune > 0 && !lattice_prune(lattice, set.prune, posterior_scale(lattice), error))
        return false;
    size_t pruned_nodes = lattice->nodes, pruned_links = lattice->links;
    struct narrowing narrowing;
    if (rescores() && !lattice_rescore(lattice, &work->language, &options_here, &narrowing, error))
        return error_prefix(error, "%s: %s: ", lattice->file, lattice->id);
    if (rescores())
        note(lattice, &narrowing, &options_here.bounds);
    if (set.debug > 0)
        fprintf(stderr,
                "%s: %zu nodes, %zu links; pruned: %zu, %zu; rescored: %zu, %zu; %llu "
                "probabilities, %llu states\n",
                lattice->id, nodes, links, pruned_nodes, pruned_links, lattice->nodes,
                lattice->links, (unsigned long long)(work->language.predicted - predicted),
                (unsigned long long)(work->language.advanced - advanced));
    return true;
}

// The file of an utterance.
static struct output *open_own(const struct lattice *lattice, struct error *error)
{
    char *path = NULL;
    if (strchr(lattice->id, '/') != NULL || strcmp(lattice->id, ".") == 0 ||
        strcmp(lattice->id, "..") == 0) {
        error_set(error, "%s: found the utterance \"%s\", wanted a name for a file of -out-dir",
                  lattice->file, lattice->id);
        return NULL;
    }
    if (asprintf(&path, "%s/%s%s", set.folder, lattice->id, set.gz ? ".gz" : "") < 0) {
        error_set(error, "not enough memory");
        return NULL;
    }
    struct output *output = output_create(path, error);
    if (output == NULL)
        error_prefix(error, "%s: utterance %s: ", lattice->file, lattice->id);
    free(path);
    return output;
}

static bool write_result(struct work *work, const struct lattice *lattice, struct error *error)
{
    struct lattice_result_form form = work->form;
    form.posterior_scale = posterior_scale(lattice);
    if (set.format == NULL && form.writing == WRITE_LATTICE)
        form.format = lattice->format;
    if (set.folder != NULL) {
        struct output *output = open_own(lattice, error);
        bool ok = output != NULL && lattice_result_write(lattice, &form, output, error);
        return output_end(output, ok, error);
    }
    form.named = !lattice->bare;
    bool one = form.format == LATTICE_SLF || (form.format != LATTICE_KALDI && lattice->bare);
    if (work->lattices > 0 && form.writing == WRITE_LATTICE && one)
        return error_set(error,
                         "%s: found a second lattice, wanted one, as %s: -out-dir writes a file "
                         "each",
                         lattice->file,
                         form.format == LATTICE_SLF ? "SLF has one a file"
                                                    : "those without names are one a file");
    return lattice_result_write(lattice, &form, work->output, error);
}

// Reports a failure where -keep-going says so; false if it ends the work.
static bool pass_over(struct work *work, const struct error *error)
{
    if (set.keep_going)
        work->failed = options_fail(PROGRAM, error->text) != 0;
    return set.keep_going;
}

static bool process(struct work *work, const char *path, struct error *error)
{
    struct lattice lattice;
    enum lattice_result result;
    bool ok = true;
    struct lattice_reader *reader = lattice_reader_open(path, &work->reading, error);
    if (reader == NULL)
        return pass_over(work, error);
    while (ok && (result = lattice_read(reader, &lattice, error)) != LATTICE_NO_MORE) {
        ok = result == LATTICE_READ;
        if (ok) {
            scale(&lattice);
            ok = rescore(work, &lattice, error) && write_result(work, &lattice, error);
            lattice_free(&lattice);
            work->lattices += ok;
        }
        ok = ok || pass_over(work, error);
    }
    lattice_reader_close(reader);
    return ok;
}

// ---- the whole --------------------------------------------------------------------------------

static bool process_all(struct work *work, const struct option_list *operands, struct error *error)
{
    for (size_t i = 0; i < operands->count; i++)
        if (!process(work, operands->item[i], error))
            return false;
    struct input *list = set.list != NULL ? input_open_text(set.list, error) : NULL;
    bool ok = set.list == NULL || list != NULL;
    for (char *line; list != NULL && ok && (line = input_line(list, NULL)) != NULL;) {
        line += strspn(line, " \t\r");
        size_t length = strlen(line);
        while (length > 0 && strchr(" \t\r", line[length - 1]) != NULL)
            line[--length] = '\0';
        ok = length == 0 || process(work, line, error);
    }
    ok = ok && (list == NULL || input_ok(list, error));
    input_close(list);
    if (ok && work->lattices == 0 && !work->failed)
        return error_set(error, "found no lattice");
    return ok;
}

static bool choose_unknown(struct work *work, struct error *error)
{
    if (set.unk_word == NULL)
        return true;
    struct ngram_model *const ngram[] = {work->ngram, work->old};
    bool found = false;
    if (set.model != NULL) {
        found = vocabulary_has(&work->model.vocabulary, set.unk_word);
        work->language.unknown = vocabulary_unknown(&work->model.vocabulary, set.unk_word);
    }
    for (size_t i = 0; i < 2; i++) {
        if (ngram[i] == NULL)
            continue;
        found = found || vocabulary_has(&ngram[i]->words, set.unk_word);
        ngram[i]->unknown = vocabulary_unknown(&ngram[i]->words, set.unk_word);
    }
    return found ||
           error_set(error, "option -unk-word: no model has the word \"%.60s\"", set.unk_word);
}

static bool has_shares(void)
{
    return set.unk_probs != NULL || set.unk_count > 0;
}

static bool read_shares(struct work *work, struct error *error)
{
    if (!has_shares())
        return true;
    if (set.unk_probs != NULL && !set.oov_given)
        set.oov_penalty = -7;
    work->shares = (struct unknown_shares){
        .table = set.unk_probs != NULL ? &work->unknown_words : NULL,
        .count = (double)set.unk_count,
        .other = pow(10, set.oov_penalty),
    };
    if (set.model != NULL)
        work->language.unknown = vocabulary_rare(&work->model.vocabulary, set.unk_word);
    work->language.models.shares = &work->shares;
    return (set.unk_probs == NULL ||
            number_table_read(&work->unknown_words, set.unk_probs, 0, 1, error)) &&
           (set.model == NULL || unknown_shares_want(work->language.unknown, set.model,
                                                     set.unk_word, set.unk_probs != NULL, error)) &&
           (set.ngram == NULL || unknown_shares_want(work->ngram->unknown, set.ngram, set.unk_word,
                                                     set.unk_probs != NULL, error));
}

static bool open_network(struct work *work, struct error *error)
{
    return model_open(&work->model, set.model, error) &&
           model_is_of_words(&work->model, set.model, error) &&
           (!set.unnormalised || model_has_scores(&work->model, error) ||
            error_prefix(error, "%s: ", set.model));
}

static bool prepare(struct work *work, struct error *error)
{
    if (!vocabulary_init(&work->ignored, error))
        return false;
    for (size_t i = 0; i < set.ignored.count; i++)
        if (vocabulary_add(&work->ignored, set.ignored.item[i], strlen(set.ignored.item[i]),
                           error) < 0)
            return false;
    if (set.symbols != NULL && !symbols_read(&work->symbols, set.symbols, error))
        return false;
    const struct symbols *symbols = set.symbols != NULL ? &work->symbols : NULL;
    const struct search_bounds bounds = {(size_t)set.most_nodes, (uint64_t)set.most_steps,
                                         (size_t)set.memory << 20, set.most_seconds};
    // the lattices' own scores are mixed with where there is one model
    bool own = set.ngram == NULL || set.model == NULL;
    if (!own && !set.lambda_given)
        set.lambda = 0.5;
    work->reading = (struct lattice_reading){
        .quotes = set.quotes,
        .trim = set.trim,
        .cost_as_lm = set.cost != NULL && strcmp(set.cost, "lm") == 0,
        .frame_shift = set.frame_shift,
        .symbols = symbols,
        .ignored = &work->ignored,
    };
    work->rescoring = (struct rescore_options){.merge_order = set.merge_order,
                                               .merge_margin = set.merge_margin,
                                               .merge_distance = set.merge_distance,
                                               .beam = set.beam,
                                               .most_histories = (size_t)set.most_histories,
                                               .old_scale = set.old_scale,
                                               .bounds = bounds,
                                               .lambda = own ? set.lambda : 1};
    work->form.quotes = set.quotes;
    work->form.symbols = symbols;
    work->form.most = (size_t)set.nbest;
    work->form.with_id = set.folder == NULL;
    work->form.least_errors = set.least_errors;
    work->form.least_posterior = set.least_posterior;
    if (set.model != NULL && !open_network(work, error))
        return false;
    if (set.ngram != NULL && (work->ngram = tool_open_ngram(PROGRAM, set.ngram, error)) == NULL)
        return false;
    if (set.old_ngram != NULL &&
        (work->old = tool_open_ngram(PROGRAM, set.old_ngram, error)) == NULL)
        return false;
    work->pool = pool_new(set.threads > 0 ? (size_t)set.threads : threads_available(), error);
    const struct language_models models = {
        .network = set.model != NULL ? &work->model : NULL,
        .ngram = work->ngram,
        .old = work->old,
        .lambda = set.lambda,
        .unnormalised = set.unnormalised,
        .unk = set.unk || set.unk_word != NULL || has_shares(),
    };
    if (work->pool == NULL || !language_init(&work->language, &models, work->pool, error) ||
        !choose_unknown(work, error) || !read_shares(work, error))
        return false;
    work->rescoring.oov_penalty = set.oov_penalty;
    return true;
}

// Words that no model knows; Kaldi's lattices may have numbers for words.
static void warn_of_unknown(const struct language *language)
{
    const struct coverage *coverage = &language->coverage, *old = &language->old_coverage;
    struct error remark;
    if (coverage_remark(coverage, &remark)) {
        if (set.symbols == NULL && coverage->numbers == coverage->unknown)
            error_add(&remark, ": they are numbers, -words FILE (words.txt) has the words");
        options_warn(PROGRAM, remark.text);
    }
    if (old->unknown == 0)
        return;
    error_set(&remark, "-old-ngram %s does not know %" PRIu64 " of %" PRIu64 " words of links: %s",
              set.old_ngram, old->unknown, old->words,
              set.unk || set.unk_word != NULL || has_shares()
                  ? "they count as its word for unknown words, or without one as -oov-penalty"
                  : "they count as -oov-penalty there");
    options_warn(PROGRAM, remark.text);
}

static struct work work;

static bool rescore_all(const struct option_list *operands, struct output *output,
                        struct error *error)
{
    work.output = set.output != NULL ? output_create(set.output, error) : output;
    bool ok = work.output != NULL && (set.folder == NULL || output_try_folder(set.folder, error)) &&
              prepare(&work, error) && process_all(&work, operands, error);
    if (set.output != NULL)
        ok = output_end(work.output, ok, error);
    if (ok)
        warn_of_unknown(&work.language);
    language_free(&work.language);
    pool_free(work.pool);
    ngram_close(work.ngram);
    ngram_close(work.old);
    if (set.model != NULL)
        model_free(&work.model);
    symbols_free(&work.symbols);
    vocabulary_free(&work.ignored);
    number_table_free(&work.unknown_words);
    return ok;
}

static const char *wrong_usage(const struct option_list *operands)
{
    if (operands->count == 0 && set.list == NULL)
        return "wanted: LATTICES...";
    if (set.model == NULL && set.ngram == NULL && (set.lambda_given || set.mix != NULL))
        return "-lambda and -mix want -rnnlm MODEL or -ngram FILE";
    if (set.model == NULL && set.unnormalised)
        return "-unnormalised wants -rnnlm MODEL, of -output nce or -self-normalise";
    if (set.unk_probs != NULL && set.unk_count > 0)
        return "-unk-probs and -unk-count exclude each other";
    if (has_shares() && set.model == NULL && set.ngram == NULL)
        return "-unk-probs and -unk-count want -rnnlm MODEL or -ngram FILE";
    if (set.old_ngram == NULL && set.old_scale_given)
        return "-old-scale wants -old-ngram FILE";
    if (set.folder != NULL && set.output != NULL)
        return "-o and -out-dir exclude each other";
    return NULL;
}

// Options with a few words to choose from.
static const char *wrong_choice(void)
{
    static const char *const writings[] = {"lattice", "nbest", "best", "posteriors", "sausage"};
    const size_t choices = sizeof writings / sizeof *writings;
    size_t writing = 0;
    while (writing < choices && strcmp(set.write, writings[writing]) != 0)
        writing++;
    work.form.writing = (enum lattice_writing)writing;
    if (writing == choices)
        return "-write: wanted lattice, nbest, best, posteriors or sausage";
    if (set.least_errors && writing < WRITE_BEST)
        return "-mbr wants -write best, posteriors or sausage";
    if (set.mix != NULL && strcmp(set.mix, "linear") != 0 && strcmp(set.mix, "log") != 0)
        return "-mix: wanted linear or log";
    if (set.cost != NULL && strcmp(set.cost, "acoustic") != 0 && strcmp(set.cost, "lm") != 0)
        return "-fst-cost: wanted acoustic or lm";
    static const char *const formats[] = {[LATTICE_SLF] = "slf",
                                          [LATTICE_KALDI] = "kaldi",
                                          [LATTICE_FST] = "fst",
                                          [LATTICE_FSA] = "fsa"};
    size_t format = 0;
    while (set.format != NULL && format < 4 && strcmp(set.format, formats[format]) != 0)
        format++;
    work.form.format = (enum lattice_format)format;
    if (format == 4)
        return "-format: wanted slf, kaldi, fst or fsa";
    return NULL;
}

int main(int argc, char **argv)
{
    static struct option_list operands;
    program_begin(PROGRAM);
    enum options_result result = options_parse(&options, argc, argv, &operands);
    if (result != OPTIONS_RUN)
        return options_status(result);
    const char *wrong = wrong_usage(&operands);
    if (wrong == NULL)
        wrong = wrong_choice();
    if (wrong != NULL) {
        options_fail(PROGRAM, wrong);
        return options_status(OPTIONS_BAD_USAGE);
    }
    int status = tool_run(PROGRAM, rescore_all, &operands);
    return status != 0 ? status : work.failed;
}
