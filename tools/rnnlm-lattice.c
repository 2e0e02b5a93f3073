// rnnlm-lattice: word lattices with language model scores from a network.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "lattice/reader.h"
#include "lattice/rescore.h"
#include "lattice/result.h"
#include "model/model_file.h"
#include "tool.h"

#define PROGRAM "rnnlm-lattice"

static struct {
    const char *model, *ngram, *unk_word, *list, *symbols, *output, *folder, *write, *format, *mix,
        *cost;
    struct option_list ignored;
    struct lattice_scales scales;
    bool acoustic_given, lm_given, pronunciation_given, penalty_given, lambda_given;
    double frame_shift, prune, posterior_scale, least_posterior, lambda, merge_margin,
        merge_distance, beam, oov_penalty;
    int64_t merge_order, most_histories, most_nodes, nbest, debug, threads;
    bool unk, trim, quotes, gz, keep_going, least_errors;
} set = {.write = "best",
         .lambda = 1,
         .beam = INFINITY,
         .oov_penalty = -5,
         .merge_order = 5,
         .merge_margin = 64,
         .most_nodes = 1000000,
         .nbest = 100};

static const struct option table[] = {
    {.type = OPTION_GROUP, .help = "Models"},
    {OPTION_TEXT, "rnnlm", "FILE", &set.model, NULL, 0, 0,
     "Network, in any model format. Without it the lattices' own scores count."},
    {OPTION_TEXT, "ngram", "FILE", &set.ngram, NULL, 0, 0,
     "Back-off model, an ARPA file or a binary model of rnnlm-ngram build, to be mixed with the "
     "network, word by word; the lattice's own "
     "scores are then replaced. -lm and -ngrams are the same."},
    {OPTION_NUMBER, "lambda", "X", &set.lambda, &set.lambda_given, 0, 1,
     "Weight of the network beside the back-off model (0.5 if not given), or without one, beside "
     "the lattice's own scores (1 if not given: they are replaced)."},
    {OPTION_TEXT, "mix", "HOW", &set.mix, NULL, 0, 0,
     "How the lattice's own scores are mixed in: `linear` (probabilities; the default for SLF) or "
     "`log` (logarithms; the default for the others, whose costs are not those of words alone)."},
    {OPTION_FLAG, "unk", NULL, &set.unk, NULL, 0, 0,
     "Words that a model does not know are taken as <unk>, if it has that word; <UNK>, [unk] and "
     "the "
     "like are found too."},
    {OPTION_TEXT, "unk-word", "WORD", &set.unk_word, NULL, 0, 0,
     "The models' word for unknown words, where it is called otherwise; implies -unk."},
    {OPTION_NUMBER, "oov-penalty", "X", &set.oov_penalty, NULL, -1e9, 0,
     "log10 probability of a word that no model knows."},
    {OPTION_LIST, "ignore", "WORD", &set.ignored, NULL, 0, 0,
     "A word that language models do not see, such as a noise or a pause; may be given several "
     "times."},
    {.type = OPTION_GROUP, .help = "Scores: what is not given is as in the lattice's header"},
    {OPTION_NUMBER, "ac-scale", "X", &set.scales.acoustic, &set.acoustic_given, 0, 1e9,
     "Weight of acoustic scores."},
    {OPTION_NUMBER, "lm-scale", "X", &set.scales.lm, &set.lm_given, 0, 1e9,
     "Weight of language model scores."},
    {OPTION_NUMBER, "pr-scale", "X", &set.scales.pronunciation, &set.pronunciation_given, 0, 1e9,
     "Weight of pronunciation scores."},
    {OPTION_NUMBER, "word-penalty", "X", &set.scales.word_penalty, &set.penalty_given, -1e9, 1e9,
     "What each word adds (log10)."},
    {.type = OPTION_GROUP, .help = "Size and speed"},
    {OPTION_NUMBER, "prune", "P", &set.prune, NULL, 0, 1,
     "First drop links whose posterior probability, by the lattice's own scores, is below P."},
    {OPTION_NUMBER, "posterior-scale", "X", &set.posterior_scale, NULL, 0, 1e9,
     "Scores are divided by X for posterior probabilities, here and in the output; 0: by the "
     "language model scale, as SRILM does, and Kaldi, whose acoustic scale is one over that of "
     "the language model. With that scale 1, posteriors are far too sure of themselves: Kaldi's "
     "lattices want -lm-scale 12, or -ac-scale 0.083, or what was best on other utterances."},
    {OPTION_COUNT, "merge-order", "N", &set.merge_order, NULL, 0, 1000,
     "Merge hypotheses of a node whose last N-1 words are the same, as far as -merge-margin lets "
     "them. 0: only those with all words the same, so that without -merge-distance, -beam and "
     "-max-histories the result is exact."},
    {OPTION_NUMBER, "merge-margin", "X", &set.merge_margin, NULL, 0, 1e9,
     "-merge-order keeps a hypothesis that is behind the better one by less than X times the root "
     "mean square difference of their hidden vectors (log10 of a probability), as it may win "
     "later; 0: it keeps none. On 400 lattices of 12 to 25 words the default found the best "
     "sentence of -merge-order 0 each time with 3 % of its work; 0 took half the default's time, "
     "but one sentence in ten was more than 0.1 % worse, up to 10 %."},
    {OPTION_NUMBER, "merge-distance", "X", &set.merge_distance, NULL, 0, 1,
     "Merge hypotheses of a node with the same last word whose hidden vectors have a root mean "
     "square difference below X."},
    {OPTION_NUMBER, "beam", "X", &set.beam, NULL, 0, INFINITY,
     "Drop hypotheses that are worse than the best of their node by more than X (log10, scaled)."},
    {OPTION_COUNT, "max-histories", "N", &set.most_histories, NULL, 0, 1000000,
     "Keep the best N hypotheses of a node; 0: all."},
    {OPTION_COUNT, "max-nodes", "N", &set.most_nodes, NULL, 1, 1e12,
     "An expanded lattice with more nodes is an error."},
    {OPTION_COUNT, "threads", "N", &set.threads, NULL, 0, 1 << 12,
     "Threads; 0 for one for each processor. Results do not depend on it."},
    {.type = OPTION_GROUP, .help = "Input"},
    {OPTION_TEXT, "list", "FILE", &set.list, NULL, 0, 0, "More lattice files, one name a line."},
    {OPTION_TEXT, "words", "FILE", &set.symbols, NULL, 0, 0,
     "Table of words and numbers, as Kaldi's words.txt, if the lattices have numbers for words."},
    {OPTION_TEXT, "fst-cost", "SCORE", &set.cost, NULL, 0, 0,
     "What the costs of OpenFst's files, which do not say what part of them is a language model's, "
     "are taken for: `acoustic` scores (the default: new language model scores come beside them) "
     "or "
     "`lm` (they take their place)."},
    {OPTION_NUMBER, "frame-shift", "X", &set.frame_shift, NULL, 0, 1000,
     "Seconds from one frame to the next (most often 0.01, or 0.03) of Kaldi's compact lattices, "
     "whose alignments then give nodes their times; 0: they have none. Words are where they belong "
     "after lattice-align-words."},
    {OPTION_FLAG, "htk-quotes", NULL, &set.quotes, NULL, 0, 0,
     "Words of SLF lattices have HTK's quotes and backslashes; without this option words are what "
     "stands there, as SRILM has it."},
    {OPTION_FLAG, "trim", NULL, &set.trim, NULL, 0, 0,
     "Nodes that are not on a way from start to end are dropped; otherwise they are errors."},
    {OPTION_FLAG, "keep-going", NULL, &set.keep_going, NULL, 0, 0,
     "Report and skip lattices that cannot be used; the exit status is then 1 at the end."},
    {.type = OPTION_GROUP, .help = "Output"},
    {OPTION_TEXT, "write", "WHAT", &set.write, NULL, 0, 0,
     "`best`: lines ID WORD WORD ...; `nbest`: lines of ID, acoustic score, language model score, "
     "number of words and words, between tabs; `lattice`; `posteriors`: a line ID 1 START "
     "DURATION WORD POSTERIOR for each word of the best sentence, in the order of NIST's CTM, "
     "with * for times that the lattice does not have (see -frame-shift); `sausage`: a confusion "
     "network, aligned to "
     "the sentence of -mbr, in SRILM's form of word meshes (wlat-format)."},
    {OPTION_FLAG, "mbr", NULL, &set.least_errors, NULL, 0, 0,
     "The best sentence is the one with the fewest word errors to be expected, given the posterior "
     "probabilities of all ways (minimum Bayes risk), not the most likely one; wants -write best, "
     "posteriors or sausage."},
    {OPTION_NUMBER, "min-posterior", "P", &set.least_posterior, NULL, 0, 1,
     "Leave words out of sausages whose posteriors are below P: what a slot then lacks of 1 is "
     "theirs."},
    {OPTION_COUNT, "nbest", "N", &set.nbest, NULL, 1, 1e9,
     "Length of n-best lists; no two hypotheses have the same words."},
    {OPTION_TEXT, "format", "FORMAT", &set.format, NULL, 0, 0,
     "Of lattices: `slf`, `kaldi`, `fst` or `fsa`; that of the input if not given. The last two "
     "are OpenFst's transducers and acceptors in text form; costs are of all scores, with their "
     "scales and the word penalty. With -write sausage, `kaldi` gives lines ID [ WORD POSTERIOR "
     "... ] ..., with numbers for words if there is -words."},
    {OPTION_TEXT, "o", "FILE", &set.output, NULL, 0, 0, "Write here, not to standard output."},
    {OPTION_TEXT, "out-dir", "DIR", &set.folder, NULL, 0, 0,
     "Write a file DIR/ID for each utterance; n-best lists are then lines of acoustic score, "
     "language model score, number of words, words, as SRILM reads them."},
    {OPTION_FLAG, "gz", NULL, &set.gz, NULL, 0, 0, "These files are DIR/ID.gz, compressed."},
    {OPTION_COUNT, "debug", "N", &set.debug, NULL, 0, 1,
     "1: sizes and work of each lattice on standard error."},
};

static const struct options options = {
    .program = PROGRAM,
    .summary = "rescore word lattices with a recurrent network",
    .usage = "-rnnlm MODEL [-ngram A.arpa] [-lambda X] [-write WHAT] LATTICES...",
    .about = "Gives the words of lattices new language model scores, and prints the best sentence\n"
             "of each, an n-best list, posterior probabilities of words, a confusion network, or\n"
             "the lattice. LATTICES are files of HTK's standard lattice format (one utterance a\n"
             "file), of Kaldi's compact lattices in text form (any number of utterances), or of\n"
             "OpenFst's text form, as fstprint, k2 and Kaldi's lattice-to-fst write it (one, or\n"
             "any number with names as Kaldi has them), recognised by content, plain or\n"
             "gzip-compressed; - is standard input. Histories of words are expanded as far as\n"
             "-merge-order, -merge-distance and -beam let them. Scores are log10, but in the\n"
             "lattices themselves, which keep their base.",
    .table = table,
    .count = sizeof table / sizeof *table,
    .operands = "LATTICES...",
};

struct work {
    struct model model;
    struct ngram_model *ngram;
    struct language language;
    struct pool *pool;
    struct symbols symbols;
    struct vocabulary ignored;
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

static bool rescore(struct work *work, struct lattice *lattice, struct error *error)
{
    size_t nodes = lattice->nodes, links = lattice->links;
    uint64_t predicted = work->language.predicted, advanced = work->language.advanced;
    struct rescore_options options_here = work->rescoring;
    options_here.log_linear =
        set.mix != NULL ? strcmp(set.mix, "log") == 0 : lattice->format != LATTICE_SLF;
    if (set.prune > 0 && !lattice_prune(lattice, set.prune, posterior_scale(lattice), error))
        return false;
    size_t pruned_nodes = lattice->nodes, pruned_links = lattice->links;
    if (set.model != NULL && !lattice_rescore(lattice, &work->language, &options_here, error))
        return error_prefix(error, "%s: %s: ", lattice->file, lattice->id);
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
        if (output == NULL)
            return false;
        if (lattice_result_write(lattice, &form, output, error))
            return output_commit(output, error);
        output_discard(output);
        return false;
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
    bool found = vocabulary_has(&work->model.vocabulary, set.unk_word);
    work->language.unknown = vocabulary_unknown(&work->model.vocabulary, set.unk_word);
    if (work->ngram != NULL) {
        found = found || vocabulary_has(&work->ngram->words, set.unk_word);
        work->ngram->unknown = vocabulary_unknown(&work->ngram->words, set.unk_word);
    }
    return found ||
           error_set(error, "option -unk-word: no model has the word \"%.60s\"", set.unk_word);
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
    bool own = set.ngram == NULL; // scores to be mixed with, if any
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
                                               .most_nodes = (size_t)set.most_nodes,
                                               .oov_penalty = set.oov_penalty,
                                               .lambda = own ? set.lambda : 1};
    work->form.quotes = set.quotes;
    work->form.symbols = symbols;
    work->form.most = (size_t)set.nbest;
    work->form.with_id = set.folder == NULL;
    work->form.least_errors = set.least_errors;
    work->form.least_posterior = set.least_posterior;
    if (set.model != NULL && !model_open(&work->model, set.model, error))
        return false;
    if (set.ngram != NULL && (work->ngram = tool_open_ngram(PROGRAM, set.ngram, error)) == NULL)
        return false;
    if (set.model == NULL)
        return true;
    work->pool = pool_new(set.threads > 0 ? (size_t)set.threads : threads_available(), error);
    bool unk = set.unk || set.unk_word != NULL;
    return work->pool != NULL &&
           language_init(&work->language, &work->model, work->ngram, set.lambda, unk, work->pool,
                         error) &&
           choose_unknown(work, error);
}

// Words that no model knows; Kaldi's lattices may have numbers for words.
static void warn_of_unknown(const struct coverage *coverage)
{
    struct error remark;
    if (!coverage_remark(coverage, &remark))
        return;
    if (set.symbols == NULL && coverage->numbers == coverage->unknown)
        error_add(&remark, ": they are numbers, -words FILE (words.txt) has the words");
    options_warn(PROGRAM, remark.text);
}

static struct work work;

static bool rescore_all(const struct option_list *operands, struct output *output,
                        struct error *error)
{
    work.output = set.output != NULL ? output_create(set.output, error) : output;
    bool ok = work.output != NULL && (set.folder == NULL || output_try_folder(set.folder, error)) &&
              prepare(&work, error) && process_all(&work, operands, error);
    if (set.output != NULL && ok)
        ok = output_commit(work.output, error);
    else if (set.output != NULL && work.output != NULL)
        output_discard(work.output);
    if (ok)
        warn_of_unknown(&work.language.coverage);
    language_free(&work.language);
    pool_free(work.pool);
    ngram_close(work.ngram);
    if (set.model != NULL)
        model_free(&work.model);
    symbols_free(&work.symbols);
    vocabulary_free(&work.ignored);
    return ok;
}

static const char *wrong_usage(const struct option_list *operands)
{
    if (operands->count == 0 && set.list == NULL)
        return "wanted: LATTICES...";
    if (set.model == NULL && (set.ngram != NULL || set.lambda_given || set.mix != NULL))
        return "-ngram, -lambda and -mix want -rnnlm MODEL";
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
