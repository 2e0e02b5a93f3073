// rnnlm-ngram: back-off n-gram models without a network. The first argument is a command, each with
// options of its own.
#include <stdio.h>
#include <string.h>

#include "ngram-build.h"
#include "ngram-count.h"
#include "ngram-edit.h"
#include "ngram-train.h"
#include "ngram-vocab.h"
#include "ngram/backoff.h"
#include "score/ngram_text.h"
#include "score/surprisal.h"
#include "tool.h"

#define PROGRAM "rnnlm-ngram"

// ---- ppl --------------------------------------------------------------------------------------

static struct {
    const char *model, *text, *unknown, *unk_probs, *write;
    int64_t order, debug, unk_count;
    bool unk;
} ppl_set;

static const struct option ppl_table[] = {
    {.type = OPTION_GROUP, .help = "Files (plain or gzip-compressed; - is standard input)"},
    {OPTION_TEXT, "lm", "FILE", &ppl_set.model, NULL, 0, 0,
     "Model, an ARPA file or a binary model; -ngram and -ngrams are the same."},
    {OPTION_TEXT, "text", "FILE", &ppl_set.text, NULL, 0, 0, "Text, one sentence a line."},
    {.type = OPTION_GROUP, .help = "Scoring"},
    {OPTION_COUNT, "order", "N", &ppl_set.order, NULL, 1, NGRAM_LONGEST,
     "Use n-grams of up to N words; without it, all that the model has."},
    {OPTION_FLAG, "unk", NULL, &ppl_set.unk, NULL, 0, 0,
     "For command lines made for SRILM: unknown words are <unk> wherever the model gives <unk> a "
     "probability, and OOVs where it does not. <UNK>, [unk] and the like are found too."},
    {OPTION_TEXT, "unk-word", "WORD", &ppl_set.unknown, NULL, 0, 0,
     "The model's word for unknown words, where it is called otherwise."},
    {OPTION_TEXT, "unk-probs", "FILE", &ppl_set.unk_probs, NULL, 0, 0,
     "Lines WORD PROBABILITY, Kaldi's unk.probs: an unknown word has this share of <unk>'s "
     "probability, one that is not among these 1e-7."},
    {OPTION_COUNT, "unk-count", "N", &ppl_set.unk_count, NULL, 1, 1e15,
     "Unknown words share that probability equally among N."},
    {OPTION_COUNT, "debug", "N", &ppl_set.debug, NULL, 0, 100,
     "0 prints the totals of the text, 1 those of each sentence too, 2 each word's probability as "
     "well."},
    {OPTION_TEXT, "write", "NAME", &ppl_set.write, NULL, 0, 0,
     "srilm prints that; surprisal instead a table of each word's bits and entropies. (srilm)"},
};

static const struct options ppl_options = {
    .program = PROGRAM " ppl",
    .summary = "perplexity of a text under an n-gram model",
    .usage = "-lm MODEL -text FILE [options]",
    .about = "Perplexity of a text, printed as SRILM's `ngram -lm MODEL -ppl FILE` prints it.",
    .table = ppl_table,
    .count = sizeof ppl_table / sizeof *ppl_table,
};

// `table` starts empty, and is the caller's to free.
static bool ppl_read_shares(struct unknown_shares *shares, struct number_table *table,
                            struct error *error)
{
    *shares = (struct unknown_shares){.table = ppl_set.unk_probs != NULL ? table : NULL,
                                      .count = (double)ppl_set.unk_count,
                                      .other = 1e-7}; // as Kaldi's recipes have it
    if (ppl_set.unk_probs != NULL && ppl_set.unk_count > 0)
        return error_usage(error, "-unk-probs and -unk-count exclude each other");
    return ppl_set.unk_probs == NULL || number_table_read(table, ppl_set.unk_probs, 0, 1, error);
}

// -write surprisal.
static bool ppl_surprisal(const struct ngram_model *model, const struct unknown_shares *shares,
                          struct output *output, struct coverage *coverage, struct error *error)
{
    struct blend blend = {.other = source_ngram(model, shares, error)};
    struct reader *text = blend.other != NULL ? reader_open(ppl_set.text, error) : NULL;
    struct error remark;
    uint64_t unscored = 0;
    bool ok = text != NULL && surprisal_score(&blend, text, output, coverage, &unscored, error);
    if (ok && unscored > 0) {
        error_set(&remark, "%llu words that the model does not know have no surprisal (NA)",
                  (unsigned long long)unscored);
        options_warn(ppl_options.program, remark.text);
    }
    reader_close(text);
    source_free(blend.other);
    return ok;
}

static bool ppl(const struct option_list *operands, struct output *output, struct error *error)
{
    (void)operands;
    struct srilm_totals totals;
    struct coverage coverage;
    struct error remark;
    bool table_of_words = ppl_set.write != NULL && strcmp(ppl_set.write, "surprisal") == 0;
    struct unknown_shares shares;
    struct number_table table = {.path = NULL};
    if (ppl_set.model == NULL || ppl_set.text == NULL)
        return error_usage(error, "wanted: -lm MODEL and -text FILE");
    if (ppl_set.write != NULL && !table_of_words && strcmp(ppl_set.write, "srilm") != 0)
        return error_usage(error, "option -write: found \"%s\", wanted srilm or surprisal",
                           ppl_set.write);
    struct ngram_model *model = tool_open_ngram(ppl_options.program, ppl_set.model, error);
    if (model == NULL)
        return false;
    if (ppl_set.order > 0)
        ngram_order_limit(model, (int)ppl_set.order);
    bool ok = ppl_set.unknown == NULL || vocabulary_has(&model->words, ppl_set.unknown) ||
              error_set(error, "option -unk-word: %s has no word \"%.60s\"", ppl_set.model,
                        ppl_set.unknown);
    if (ppl_set.unknown != NULL)
        model->unknown = vocabulary_unknown(&model->words, ppl_set.unknown);
    bool shared = ppl_set.unk_probs != NULL || ppl_set.unk_count > 0;
    ok = ok && ppl_read_shares(&shares, &table, error) &&
         (table_of_words ? ppl_surprisal(model, shared ? &shares : NULL, output, &coverage, error)
                         : ngram_text_score(model, shared ? &shares : NULL, ppl_set.text,
                                            (int)ppl_set.debug, output, &totals, &coverage, error));
    number_table_free(&table);
    if (ok && coverage_remark(&coverage, &remark))
        options_warn(ppl_options.program, remark.text);
    ngram_close(model);
    return ok;
}

static int ngram_ppl(int argc, char **argv)
{
    enum options_result result = options_parse(&ppl_options, argc, argv, NULL);
    if (result != OPTIONS_RUN)
        return options_status(result);
    return tool_run(ppl_options.program, ppl, NULL);
}

// ---- commands ---------------------------------------------------------------------------------

static const struct tool_command commands[] = {
    {"train", ngram_train},        {"count", ngram_count_main},
    {"build", ngram_build},        {"ppl", ngram_ppl},
    {"prune", ngram_prune_main},   {"mix", ngram_mix_main},
    {"renorm", ngram_renorm_main}, {"convert", ngram_convert_main},
    {"expand", ngram_expand_main}, {"cache", ngram_cache},
    {"vocab", ngram_vocab},
};

// The commands' names and usages as the program's own.
static const struct options program_options = {
    .program = PROGRAM,
    .summary = "n-gram models: train, test, prune, mix; counts and vocabularies",
    .usage = "ppl -lm MODEL -text FILE [-order N] [-unk] [-debug 0|1|2]\n"
             "train -text FILE [-order N] [-o MODEL.arpa[.gz]] [options]\n"
             "count -text FILE [-order N] [-o COUNTS[.gz]]\n"
             "build -lm MODEL.arpa -o MODEL.bin [-quantise BITS]\n"
             "prune -lm MODEL -threshold X [-history-lm MODEL] [-o MODEL.arpa[.gz]]\n"
             "mix -lm A -lm B [-lambda A,B | -tune TEXT] [-o MODEL.arpa[.gz]]\n"
             "renorm -lm MODEL [-o MODEL.arpa[.gz]]\n"
             "convert -lm MODEL [-vocab FILE] [-order N] [-renorm] [-o MODEL.arpa[.gz]]\n"
             "expand -lm CLASSES -classes FILE [-order N] [-o MODEL.arpa[.gz]]\n"
             "cache -text FILE [-decay X] [-window N] [-independent] [-o FILE]\n"
             "vocab -text FILE [-min-count N] [-vocab-size N] [-counts] [-o FILE]",
    .about =
        "Back-off n-gram models: perplexity of a text (ppl), estimation from a text or from\n"
        "counts (train), counts (count), a binary form that opens at once (build), models made\n"
        "from models (prune, mix, renorm, convert, expand), a cache of the words seen lately "
        "(cache),\n"
        "and the words of a text (vocab). COMMAND --help lists the options of a command.",
    .commands = "train count build ppl prune mix renorm convert expand cache vocab",
    .operands = "COMMAND",
};

int main(int argc, char **argv)
{
    program_begin(PROGRAM);
    return tool_choose(&program_options, commands, sizeof commands / sizeof *commands, argc, argv);
}
