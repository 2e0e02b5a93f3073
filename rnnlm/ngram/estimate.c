// Estimation: counts, discounts, interpolation, pruning, writing.
#include "ngram/estimate.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

#include "base/file.h"
#include "base/number.h"
#include "base/threads.h"
#include "ngram/arpa.h"
#include "ngram/assemble.h"
#include "ngram/interpolate.h"
#include "ngram/lines.h"
#include "ngram/prune.h"
#include "ngram/writer.h"

enum { LOG10_ZERO = -99 };

void estimate_defaults(struct estimate_options *options)
{
    memset(options, 0, sizeof *options);
    options->order = 3;
    options->memory = (size_t)1 << 30;
    for (size_t k = 1; k <= NGRAM_MOST_ORDER; k++) {
        options->cutoff[k] = k > 2;
        options->gt_largest[k] = k == 1 ? 1 : 7;
    }
}

// ---- values on the command line ----------------------------------------------------------------

// A run of digits; false if there is none, or if it is too large.
static bool parse_digits(const char **text, uint64_t *value)
{
    const char *at = *text;
    *value = 0;
    for (; *at >= '0' && *at <= '9'; at++)
        if (__builtin_mul_overflow(*value, 10, value) ||
            __builtin_add_overflow(*value, (uint64_t)(*at - '0'), value))
            return false;
    bool found = at > *text;
    *text = at;
    return found;
}

bool estimate_parse_cutoffs(const char *text, size_t order, uint64_t *cutoff, struct error *error)
{
    const char *at = text;
    for (size_t k = 1;; k++) {
        uint64_t value;
        if (!parse_digits(&at, &value) || (*at != ',' && *at != '\0'))
            return error_set(error, "cut-offs \"%s\": whole numbers with commas between are wanted",
                             text);
        if (k > order)
            return error_set(error, "cut-offs \"%s\": at most %zu are wanted for order %zu", text,
                             order, order);
        cutoff[k] = value;
        if (*at++ == '\0')
            return true;
    }
}

bool estimate_parse_constants(const char *text, size_t order, double *constant, struct error *error)
{
    const char *at = text;
    size_t k = 0;
    double value = 0;
    for (bool more = true; more;) {
        size_t length = strcspn(at, ",");
        if (!number_parse(at, length, &value) || !(value >= 0 && value < INFINITY))
            return error_set(error, "\"%s\": numbers from 0 on with commas between are wanted",
                             text);
        if (++k > order)
            return error_set(error, "\"%s\": at most %zu are wanted for order %zu", text, order,
                             order);
        constant[k] = value;
        more = at[length] == ',';
        at += length + more;
    }
    while (++k <= NGRAM_MOST_ORDER)
        constant[k] = value;
    return true;
}

bool estimate_parse_memory(const char *text, size_t *memory, struct error *error)
{
    static const char units[] = "kmgt";
    const char *at = text;
    uint64_t value, factor = 1;
    bool ok = parse_digits(&at, &value);
    if (ok && *at != '\0') {
        const char *unit = strchr(units, *at | 0x20);
        for (ptrdiff_t i = 0; unit != NULL && i <= unit - units; i++)
            factor *= 1024;
        ok = unit != NULL && *++at == '\0';
    }
    if (!ok || __builtin_mul_overflow(value, factor, &value) || value > SIZE_MAX / 2)
        return error_set(error, "memory \"%s\": bytes are wanted, or a number with K, M, G or T",
                         text);
    *memory = (size_t)value;
    return true;
}

// ---- checks ------------------------------------------------------------------------------------

static bool check_options(const struct estimate_options *options, struct error *error)
{
    if (options->order < 1 || options->order > NGRAM_MOST_ORDER)
        return error_usage(error, "order %zu: 1 to %d is wanted", options->order, NGRAM_MOST_ORDER);
    if (options->memory < ESTIMATE_MEMORY_LEAST)
        return error_usage(error, "option -memory: found %zu bytes, wanted at least %d",
                           options->memory, ESTIMATE_MEMORY_LEAST);
    if (!(options->prune >= 0 && options->prune < INFINITY))
        return error_usage(error, "option -prune: found %g, wanted a number from 0 on",
                           options->prune);
    for (size_t k = 1; k <= options->order; k++) {
        if (options->gt_largest[k] > DISCOUNT_LARGEST)
            return error_usage(error, "option -gtmax: found %llu, wanted %d or less",
                               (unsigned long long)options->gt_largest[k], DISCOUNT_LARGEST);
        if (options->discount == DISCOUNT_ABSOLUTE && !(options->constant[k] <= 1))
            return error_usage(error, "option -constant: found %g, wanted 0 to 1",
                               options->constant[k]);
        if (options->discount == DISCOUNT_ADDITIVE && !(options->constant[k] > 0))
            return error_usage(error, "option -constant: found %g, wanted a number above 0",
                               options->constant[k]);
    }
    if (options->texts > 0 && options->count_files > 0)
        return error_usage(error,
                           "texts and files of counts do not go together: make counts of the "
                           "text first, with rnnlm-ngram count");
    return options->texts + options->count_files > 0 ||
           error_set(error, "no text to estimate from");
}

static bool compute_discounts(struct counts *counts, const struct estimate_options *options,
                              struct estimate_report *report, struct error *error)
{
    bool ok = true;
    for (size_t k = 1; ok && k <= counts->order; k++) {
        struct discount *discount = &counts->discount[k];
        discount->method = options->discount;
        discount->constant = options->constant[k];
        discount->largest = options->gt_largest[k];
        ok = discount_compute(discount, k, options->discount_fallback, error);
    }
    memcpy(report->discount, counts->discount, sizeof report->discount);
    report->tokens = counts->tokens;
    report->sentences = counts->sentences;
    return ok;
}

// ---- writing -----------------------------------------------------------------------------------

static bool has_unigram(const struct counts *counts, uint32_t word)
{
    return word != counts->unknown || counts->unk;
}

// Single words on their way to lines. They go through a sequence, so that their arrays are gone when the
// words' letters come.
struct unigram_line {
    double log10_prob;
    float log10_backoff;
    uint32_t word; // with HAS_BACKOFF if there is a back-off weight
};

static const uint32_t HAS_BACKOFF = (uint32_t)1 << 31;

struct unigram_lines {
    const struct writer *writer;
    LINES_APART struct sequence unigrams;
};

static bool gather_unigrams(struct sequence *to, const struct interpolated *model,
                            const struct counts *counts, struct error *error)
{
    for (uint32_t word = 1; word <= counts->words; word++) {
        double p = model->unigram[word].probability;
        struct unigram_line line = {p > 0 ? log10(p) : LOG10_ZERO, model->unigram_backoff[word],
                                    word | (model->context[word] ? HAS_BACKOFF : 0)};
        if (has_unigram(counts, word) && !sequence_add(to, &line, error))
            return false;
    }
    return true;
}

static bool next_unigram(void *context, void *element, size_t *most, bool *ok, struct error *error)
{
    struct unigram_lines *lines = context;
    struct unigram_line *line = element;
    size_t taken;
    *ok = sequence_take(&lines->unigrams, line, 1, &taken, error);
    if (!*ok || taken == 0)
        return false;
    uint32_t word = line->word & ~HAS_BACKOFF;
    *most = writer_most(lines->writer, &word, 1);
    return true;
}

static char *format_unigram(const void *context, const void *element, char *to)
{
    const struct unigram_lines *lines = context;
    const struct unigram_line *line = element;
    uint32_t word = line->word & ~HAS_BACKOFF;
    return writer_put(lines->writer, line->log10_prob, &word, 1,
                      line->word != word ? &line->log10_backoff : NULL, to);
}

static bool write_unigrams(struct writer *writer, struct unigram_lines *unigrams,
                           struct allowance *allowance, struct error *error)
{
    struct lines lines = {unigrams, sizeof(struct unigram_line), next_unigram, NULL,
                          format_unigram};
    unigrams->writer = writer;
    writer_order(writer, 1);
    return sequence_start(&unigrams->unigrams, error) &&
           lines_write(&lines, writer->output, allowance, error);
}

// The n-grams of an order on their way to lines.
struct order_lines {
    const struct writer *writer;
    size_t order;
    LINES_APART struct assembly assembly;
};

// Contexts are held nearest word first.
static bool next_ngram(void *context, void *element, size_t *most, bool *ok, struct error *error)
{
    struct order_lines *lines = context;
    struct assembled *ngram = element;
    size_t order = lines->order;
    if (!assembly_next(&lines->assembly, ngram, ok, error))
        return false;
    for (size_t i = 0, j = order - 2; i < j; i++, j--) {
        uint32_t id = ngram->ids[i];
        ngram->ids[i] = ngram->ids[j];
        ngram->ids[j] = id;
    }
    *most = writer_most(lines->writer, ngram->ids, order);
    return true;
}

// Words next to the predicted one are mostly those of the line before.
static void look_ahead(const void *context, const void *element, bool last)
{
    const struct order_lines *lines = context;
    const struct assembled *ngram = element;
    word_ahead(lines->writer->words, ngram->ids[lines->order - 1], last);
    word_ahead(lines->writer->words, ngram->ids[0], last);
}

static char *format_ngram(const void *context, const void *element, char *to)
{
    const struct order_lines *lines = context;
    const struct assembled *ngram = element;
    return writer_put(lines->writer, ngram->log10_prob, ngram->ids, lines->order,
                      ngram->backoff ? &ngram->log10_backoff : NULL, to);
}

static bool write_order(struct writer *writer, struct interpolated *model, size_t order,
                        struct allowance *allowance, struct error *error)
{
    struct order_lines ngrams = {.writer = writer, .order = order};
    struct lines lines = {&ngrams, sizeof(struct assembled), next_ngram, look_ahead, format_ngram};
    writer_order(writer, order);
    return assembly_start(&ngrams.assembly, model, order, error) &&
           lines_write(&lines, writer->output, allowance, error);
}

static bool write_orders(struct writer *writer, struct interpolated *model,
                         struct unigram_lines *unigrams, struct allowance *allowance,
                         struct error *error)
{
    bool ok = write_unigrams(writer, unigrams, allowance, error);
    for (size_t k = 2; k <= model->orders && ok; k++)
        ok = write_order(writer, model, k, allowance, error);
    return ok;
}

static bool write_model(struct interpolated *model, struct counts *counts,
                        const struct estimate_options *options, const uint64_t *count,
                        struct allowance *allowance, struct error *error)
{
    uint64_t ngrams = 0;
    struct writer writer;
    struct unigram_lines unigrams;
    for (size_t k = 1; k <= counts->order; k++)
        ngrams += count[k];
    watch_begin(allowance->watch, "writing", "n-grams", ngrams);
    sequence_init(&unigrams.unigrams, sizeof(struct unigram_line), allowance, options->temporary);
    unigrams.unigrams.most = allowance->limit / 16 / sizeof(struct unigram_line);
    bool ok = gather_unigrams(&unigrams.unigrams, model, counts, error);
    interpolated_free_unigrams(model);
    counts_free_unigrams(counts);
    ok = ok && word_store_open(&counts->store, error) &&
         writer_open(&writer, options->output, &counts->store, count, counts->order, error);
    if (ok && !write_orders(&writer, model, &unigrams, allowance, error)) {
        writer_discard(&writer);
        ok = false;
    }
    sequence_free(&unigrams.unigrams);
    ok = ok && writer_commit(&writer, error);
    if (ok)
        watch_end(allowance->watch);
    return ok;
}

// ---- the whole ---------------------------------------------------------------------------------

// Pruning wants all n-grams in memory.
static bool write_pruned(struct interpolated *model, struct counts *counts,
                         const struct estimate_options *options, struct estimate_report *report,
                         struct error *error)
{
    const struct prune_options pruning = {.threshold = options->prune, .least = 2};
    struct ngram_model *whole =
        word_store_open(&counts->store, error) ? assemble_model(model, counts, error) : NULL;
    bool ok = whole != NULL && ngram_prune(whole, &pruning, report->pruned, error);
    for (size_t k = 2; ok && k <= counts->order; k++)
        report->ngrams[k] = ngram_count(whole, (int)k);
    ok = ok && arpa_write(whole, options->output, error);
    ngram_close(whole);
    return ok;
}

static bool estimate_from(struct counts *counts, struct interpolated *model,
                          const struct estimate_options *options, struct allowance *allowance,
                          struct estimate_report *report, struct error *error)
{
    bool mixes = !options->backoff && discount_interpolates(options->discount);
    if (!interpolate(model, counts, options->cutoff, mixes, allowance, options->temporary, error))
        return false;
    report->ngrams[1] = model->events + 1; // and <s>
    report->words = model->events;
    if (!assemble(model, report->ngrams, error))
        return false;
    for (size_t k = 2; k <= counts->order; k++)
        report->on_disk = report->on_disk || model->order[k].ngrams.file.descriptor >= 0;
    return options->prune > 0
               ? write_pruned(model, counts, options, report, error)
               : write_model(model, counts, options, report->ngrams, allowance, error);
}

static bool estimate_within(const struct estimate_options *options, struct allowance *allowance,
                            struct estimate_report *report, struct error *error)
{
    struct counts_options reading = {
        .order = options->order,
        .text = options->text,
        .texts = options->texts,
        .file = options->counts,
        .files = options->count_files,
        .vocabulary = options->vocabulary,
        .unk = options->unk,
        .unknown = options->unknown,
        .kinds = discount_counts_kinds(options->discount),
        .allowance = allowance,
        .temporary = options->temporary,
    };
    struct counts counts;
    bool ok = counts_read(&counts, &reading, error) && output_may_replace(options->output, error) &&
              compute_discounts(&counts, options, report, error);
    if (ok) {
        struct interpolated model;
        ok = estimate_from(&counts, &model, options, allowance, report, error);
        interpolated_free(&model);
    }
    counts_free(&counts);
    return ok;
}

bool estimate(const struct estimate_options *options, struct estimate_report *report,
              struct error *error)
{
    struct estimate_report unwanted;
    if (report == NULL)
        report = &unwanted;
    memset(report, 0, sizeof *report);
    if (!check_options(options, error) || !output_try(options->output, error))
        return false;
    size_t threads = options->threads > 0 ? options->threads : threads_available();
    struct pool *pool = pool_new(threads, error);
    struct allowance allowance = allowance_of(options->memory, pool, options->watch);
    bool ok = pool != NULL && estimate_within(options, &allowance, report, error);
    pool_free(pool);
    return ok;
}
