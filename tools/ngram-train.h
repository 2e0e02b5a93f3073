// The commands of rnnlm-ngram that make something from text: `train`, an n-gram model, and
// `cache`, a probability stream.
#ifndef TOOLS_NGRAM_TRAIN_H
#define TOOLS_NGRAM_TRAIN_H

#include <stdio.h>

#include "base/machine.h"
#include "endings.h"
#include "ngram-vocab.h"
#include "ngram-watch.h"
#include "ngram/cache.h"
#include "ngram/estimate.h"
#include "options.h"

// ---- train -------------------------------------------------------------------------------------

static struct {
    struct option_list text, counts;
    const char *vocabulary, *unknown, *cutoff, *discount, *constant, *largest, *memory, *temporary,
        *output;
    int64_t order, debug, min_count, size, threads;
    double prune;
    bool unk, backoff, fallback;
} train_set = {.order = 3, .discount = "modified-kneser-ney", .memory = "1G", .output = "-"};

static struct {
    bool min_count, size;
} train_given;

static const struct option train_table[] = {
    {.type = OPTION_GROUP, .help = "Text"},
    {OPTION_LIST, "text", "FILE", &train_set.text, NULL, 0, 0,
     "Text to count, a sentence a line, plain or gzip-compressed; - is standard input. May be "
     "given several times."},
    {OPTION_LIST, "counts", "FILE", &train_set.counts, NULL, 0, 0,
     "Counts of n-grams, instead of a text: words and count a line, as rnnlm-ngram count and "
     "SRILM's "
     "ngram-count write them; or a folder in Google's form (1gms/vocab.gz, 2gms/2gm.idx...). May "
     "be "
     "given several times; counts of one n-gram add up."},
    {OPTION_TEXT, "vocab", "FILE", &train_set.vocabulary, NULL, 0, 0,
     "The words of the model, with blanks or newlines between, or lines WORD COUNT; without it, "
     "all "
     "words of the text."},
    {OPTION_COUNT, "min-count", "N", &train_set.min_count, &train_given.min_count, 1, 9e15,
     "Only words that the text has at least N times; all others are <unk>, as with -unk."},
    {OPTION_COUNT, "vocab-size", "N", &train_set.size, &train_given.size, 1, INT32_MAX,
     "Only the N most frequent words, </s> and <unk> not counted; all others are <unk>, as with "
     "-unk."},
    {OPTION_FLAG, "unk", NULL, &train_set.unk, NULL, 0, 0,
     "Keep <unk>, which unknown words become, as a word of the model. Without it n-grams with "
     "unknown words are left out."},
    {OPTION_TEXT, "unk-word", "WORD", &train_set.unknown, NULL, 0, 0,
     "Call it so, where the text does: <UNK>."},
    {.type = OPTION_GROUP, .help = "Model"},
    {OPTION_COUNT, "order", "N", &train_set.order, NULL, 1, NGRAM_MOST_ORDER,
     "Longest n-grams, 1 to 9."},
    {OPTION_TEXT, "cutoff", "C1,C2,...", &train_set.cutoff, NULL, 0, 0,
     "For each order, drop n-grams with this count or a smaller one (0,0,1,1,1,...). SRILM's "
     "-gtKmin M is M - 1 here."},
    {OPTION_TEXT, "discount", "NAME", &train_set.discount, NULL, 0, 0,
     "How counts are discounted for what has not been seen: modified-kneser-ney (SRILM's "
     "-kndiscount), kneser-ney (-ukndiscount), witten-bell (-wbdiscount), good-turing (what SRILM "
     "does without any), absolute (-cdiscount) or additive (-addsmooth)."},
    {OPTION_FLAG, "backoff", NULL, &train_set.backoff, NULL, 0, 0,
     "Do not interpolate with shorter n-grams, as SRILM without -interpolate. Good-turing and "
     "additive never do."},
    {OPTION_TEXT, "constant", "D1,D2,...", &train_set.constant, NULL, 0, 0,
     "For absolute, what is taken off each count of each order, 0 to 1, instead of n1 / (n1 + 2 "
     "n2) "
     "where n1 n-grams occur once and n2 twice; for additive, what is added, instead of 1. The "
     "last one is that of all higher orders."},
    {OPTION_TEXT, "gtmax", "M1,M2,...", &train_set.largest, NULL, 0, 0,
     "For good-turing, the largest count of each order that is discounted, up to 31 "
     "(1,7,7,7,...)."},
    {OPTION_FLAG, "discount-fallback", NULL, &train_set.fallback, NULL, 0, 0,
     "Take the discounts 0.5, 1 and 1.5 (or 0.5 where there is one) for an order whose counts of "
     "counts give none, which is "
     "otherwise an error."},
    {OPTION_NUMBER, "prune", "X", &train_set.prune, NULL, 0, 1e300,
     "Drop n-grams without which the perplexity of the model grows by less than this share, such "
     "as 1e-8. The model must fit in memory then."},
    {OPTION_TEXT, "o", "FILE", &train_set.output, NULL, 0, 0,
     "Write the model here, in ARPA format; compressed if the name ends in .gz."},
    {.type = OPTION_GROUP, .help = "Resources"},
    {OPTION_TEXT, "memory", "BYTES", &train_set.memory, NULL, 0, 0,
     "Memory for all, such as 500M or 2G, at least 1M; words and counts beyond it go to disk. "
     "Some 26 bytes for each different word there must be, and some 10 MB; with -prune, the "
     "model."},
    {OPTION_TEXT, "temp", "FOLDER", &train_set.temporary, NULL, 0, 0,
     "Folder for what does not fit in memory; without it, $TMPDIR or /tmp."},
    {OPTION_COUNT, "threads", "N", &train_set.threads, NULL, 0, 1 << 12,
     "Threads; 0 for one for each processor. The model does not depend on it."},
    {OPTION_COUNT, "debug", "N", &train_set.debug, NULL, 0, 1,
     "1: steps and their times, counts of counts, discounts and numbers of n-grams on standard "
     "error."}};

static const struct options train_options = {
    .program = "rnnlm-ngram train",
    .summary = "estimate an n-gram model from text",
    .usage = "-text FILE [-order N] [-discount NAME [-backoff]] [-o MODEL.arpa[.gz]]",
    .about =
        "Estimates an n-gram model: by interpolated modified Kneser-Ney smoothing, the model that\n"
        "SRILM's `ngram-count -kndiscount -interpolate` makes, or by another method of SRILM's.",
    .table = train_table,
    .count = sizeof train_table / sizeof *train_table,
};

static void train_print_discount(const struct discount *discount)
{
    const double *value = discount->value;
    switch (discount->method) {
    case DISCOUNT_MODIFIED_KNESER_NEY:
        fprintf(stderr, "  D1 %.6f D2 %.6f D3+ %.6f", value[0], value[1], value[2]);
        break;
    case DISCOUNT_KNESER_NEY:
    case DISCOUNT_ABSOLUTE:
        fprintf(stderr, "  D %.6f", value[0]);
        break;
    case DISCOUNT_GOOD_TURING:
        for (uint64_t c = 1; c <= discount->largest; c++)
            fprintf(stderr, " d%llu %.6f", (unsigned long long)c, 1 - value[c - 1] / (double)c);
        break;
    case DISCOUNT_WITTEN_BELL:
    case DISCOUNT_ADDITIVE:
        break;
    }
    fputs(discount->fallback ? " (fallback)" : "", stderr);
}

static void train_print_report(const struct estimate_report *report, size_t order)
{
    fprintf(stderr, "%llu sentences, %llu tokens, %llu words\n",
            (unsigned long long)report->sentences, (unsigned long long)report->tokens,
            (unsigned long long)report->words);
    for (size_t k = 1; k <= order; k++) {
        const struct discount *discount = &report->discount[k];
        fprintf(stderr, "order %zu:", k);
        for (int i = 0; i <= DISCOUNTS; i++)
            fprintf(stderr, " n%d %llu", i + 1, (unsigned long long)discount->occurring[i]);
        train_print_discount(discount);
        fprintf(stderr, "  written %llu", (unsigned long long)report->ngrams[k]);
        if (train_set.prune > 0)
            fprintf(stderr, " pruned %llu", (unsigned long long)report->pruned[k]);
        fputc('\n', stderr);
    }
}

// Good-Turing discounts that counts of counts do not give are left out; SRILM says so, too.
static void train_warn(const struct estimate_options *options, const struct estimate_report *report)
{
    for (size_t k = 1; options->discount == DISCOUNT_GOOD_TURING && k <= options->order; k++) {
        const struct discount *discount = &report->discount[k];
        struct error text;
        uint64_t c = 1;
        while (c <= discount->largest && discount->value[c - 1] != 0)
            c++;
        if (c > options->gt_largest[k])
            continue;
        if (c > discount->largest)
            error_set(&text,
                      "order %zu: no %zu-gram occurs %llu times: such counts and larger ones "
                      "keep all",
                      k, k, (unsigned long long)c);
        else
            error_set(&text,
                      "order %zu: the Good-Turing discount of the count %llu makes no sense: "
                      "it is left out",
                      k, (unsigned long long)c);
        options_warn(train_options.program, text.text);
    }
}

static bool train_read_options(struct estimate_options *to, struct error *error)
{
    estimate_defaults(to);
    to->order = (size_t)train_set.order;
    to->text = train_set.text.item;
    to->texts = train_set.text.count;
    to->counts = train_set.counts.item;
    to->count_files = train_set.counts.count;
    to->unk = train_set.unk;
    to->unknown = train_set.unknown;
    to->discount_fallback = train_set.fallback;
    to->temporary = train_set.temporary;
    to->threads = (size_t)train_set.threads;
    to->prune = train_set.prune;
    to->output = train_set.output;
    if (to->texts + to->count_files == 0)
        return error_usage(error, "no text given: -text FILE is wanted, or -counts FILE");
    if (train_set.cutoff != NULL &&
        !estimate_parse_cutoffs(train_set.cutoff, to->order, to->cutoff, error))
        return error_option(error, "cutoff");
    if (!vocab_check(train_set.vocabulary, train_given.min_count, train_given.size, error))
        return false;
    if (!discount_parse(train_set.discount, &to->discount, error))
        return error_option(error, "discount");
    to->backoff = train_set.backoff;
    for (size_t k = 1; to->discount == DISCOUNT_ADDITIVE && k <= NGRAM_MOST_ORDER; k++)
        to->constant[k] = 1;
    if (train_set.constant != NULL &&
        !estimate_parse_constants(train_set.constant, to->order, to->constant, error))
        return error_option(error, "constant");
    if (train_set.largest != NULL &&
        !estimate_parse_cutoffs(train_set.largest, to->order, to->gt_largest, error))
        return error_option(error, "gtmax");
    return (estimate_parse_memory(train_set.memory, &to->memory, error) &&
            machine_has_memory((double)to->memory, error)) ||
           error_option(error, "memory");
}

// -min-count and -vocab-size: the text is read for its words, and again for its n-grams.
static bool train_cut(struct vocabulary *words, struct error *error)
{
    struct word_cut cut = {.least = (uint64_t)train_set.min_count,
                           .most = (uint64_t)train_set.size,
                           .unknown = train_set.unknown};
    if (train_set.text.count == 0)
        return error_usage(error,
                           "%s is for -text, whose words it counts; -vocab says which there are",
                           train_given.min_count ? "-min-count" : "-vocab-size");
    if (!vocab_are_files(&train_set.text, train_given.min_count ? "-min-count" : "-vocab-size",
                         error))
        return false;
    bool *kept = vocab_choose(&train_set.text, UNIT_WORD, &cut, words, error);
    int32_t *new_id = kept != NULL ? memory_new(words->size, sizeof *new_id, error) : NULL;
    bool ok = new_id != NULL && word_cut_apply(&cut, words, kept, new_id, error);
    if (ok && cut.words_left_out == 0)
        options_warn(train_options.program, "no word of the text is left out");
    free(kept);
    free(new_id);
    return ok;
}

// The only words of the model, if it does not have all.
static bool train_read_words(struct vocabulary *words, struct estimate_options *options,
                             struct error *error)
{
    bool cuts = train_given.min_count || train_given.size;
    if (!cuts && train_set.vocabulary == NULL)
        return true;
    options->vocabulary = words;
    options->unk = options->unk || cuts;
    // A text may serve as a list here.
    return cuts ? train_cut(words, error)
                : word_list_read(words, train_set.vocabulary, false, error);
}

// `argv[0]` is not looked at. Returns the exit status.
static int ngram_train(int argc, char **argv)
{
    struct error error;
    struct estimate_options options;
    struct estimate_report report;
    struct vocabulary words = {.size = 0};
    enum options_result result = options_parse(&train_options, argc, argv, NULL);
    if (result != OPTIONS_RUN)
        return options_status(result);
    endings_catch();
    machine_free_at_once();
    struct step_watch steps;
    step_watch_init(&steps, train_set.debug > 0);
    bool ok = train_read_options(&options, &error) && output_try(options.output, &error) &&
              train_read_words(&words, &options, &error);
    options.watch = &steps.watch;
    ok = ok && estimate(&options, &report, &error);
    step_watch_free(&steps);
    vocabulary_free(&words);
    if (!ok)
        return options_error(train_options.program, &error);
    train_warn(&options, &report);
    if (train_set.debug > 0)
        train_print_report(&report, options.order);
    return 0;
}

// ---- cache -------------------------------------------------------------------------------------

static struct {
    const char *text, *output;
    double decay;
    int64_t window;
    bool independent;
} cache_set = {.output = "-", .decay = CACHE_DECAY};

static const struct option cache_table[] = {
    {.type = OPTION_GROUP, .help = "Cache"},
    {OPTION_TEXT, "text", "FILE", &cache_set.text, NULL, 0, 0,
     "Text, a sentence a line; - is standard input."},
    {OPTION_NUMBER, "decay", "X", &cache_set.decay, NULL, 0, 1,
     "What a token weighs is multiplied by this with each further token; above 0, 1: no decay."},
    {OPTION_COUNT, "window", "N", &cache_set.window, NULL, 0, INT32_MAX,
     "Only so many tokens before the present one count; 0: all."},
    {OPTION_FLAG, "independent", NULL, &cache_set.independent, NULL, 0, 0,
     "Forget everything at the end of each sentence."},
    {OPTION_TEXT, "o", "FILE", &cache_set.output, NULL, 0, 0, "Write the probabilities here."}};

static const struct options cache_options_table = {
    .program = "rnnlm-ngram cache",
    .summary = "probabilities of words from a cache of the words before",
    .usage = "-text FILE [-decay X] [-window N] [-independent] [-o FILE]",
    .about = "Prints, for each token of a text, </s> included, its probability in a cache of the "
             "tokens\n"
             "before it: one number a line, 0 for words not seen yet. Mix it with other streams.",
    .table = cache_table,
    .count = sizeof cache_table / sizeof *cache_table,
};

static int ngram_cache(int argc, char **argv)
{
    struct error error;
    enum options_result result = options_parse(&cache_options_table, argc, argv, NULL);
    if (result != OPTIONS_RUN)
        return options_status(result);
    endings_catch();
    if (cache_set.text == NULL) {
        options_fail(cache_options_table.program, "no text given: -text FILE is wanted");
        return options_status(OPTIONS_BAD_USAGE);
    }
    struct cache_options options = {cache_set.decay, (size_t)cache_set.window,
                                    cache_set.independent};
    if (!cache_stream(cache_set.text, cache_set.output, &options, &error))
        return options_error(cache_options_table.program, &error);
    return 0;
}

#endif
