// Word and sentence errors.
#include "wer/error_rate.h"

#include <math.h>
#include <stdlib.h>

#include "base/memory.h"
#include "base/random.h"

void error_counts_add(struct error_counts *counts, const struct error_counts *more)
{
    counts->correct += more->correct;
    counts->substitutions += more->substitutions;
    counts->deletions += more->deletions;
    counts->insertions += more->insertions;
    counts->sentences += more->sentences;
    counts->wrong_sentences += more->wrong_sentences;
}

uint64_t error_counts_words(const struct error_counts *counts)
{
    return counts->correct + counts->substitutions + counts->deletions;
}

uint64_t error_counts_errors(const struct error_counts *counts)
{
    return counts->substitutions + counts->deletions + counts->insertions;
}

double error_counts_percent(uint64_t part, uint64_t whole)
{
    return part == 0 ? 0 : 100 * (double)part / (double)whole;
}

struct error_counts error_counts_of(const struct alignment *alignment)
{
    struct error_counts counts = {alignment->correct,   alignment->substitutions,
                                  alignment->deletions, alignment->insertions,
                                  .sentences = 1,       .wrong_sentences = 0};
    counts.wrong_sentences = error_counts_errors(&counts) > 0;
    return counts;
}

// ---- speakers ---------------------------------------------------------------------------------

bool error_table_init(struct error_table *table, struct error *error)
{
    *table = (struct error_table){0};
    return vocabulary_init(&table->names, error);
}

bool error_table_add(struct error_table *table, const char *name, size_t length,
                     const struct error_counts *counts, struct error *error)
{
    int32_t id = vocabulary_add(&table->names, name, length, error);
    if (id == WORD_OOV)
        return false;
    if (id == WORD_END)
        return error_set(error, "found the speaker \"</s>\", wanted another name");
    if ((size_t)id > table->count) {
        if (!memory_grow(&table->speaker, &table->capacity, table->count + 1,
                         sizeof *table->speaker, error))
            return false;
        table->speaker[table->count++] = (struct error_counts){0};
    }
    error_counts_add(&table->speaker[id - 1], counts);
    return true;
}

void error_table_free(struct error_table *table)
{
    free(table->speaker);
    vocabulary_free(&table->names);
    *table = (struct error_table){0};
}

// ---- samples ----------------------------------------------------------------------------------

bool error_list_add(struct error_list *list, const struct error_counts *counts, struct error *error)
{
    if (!memory_grow(&list->words, &list->words_capacity, list->count + 1, sizeof *list->words,
                     error) ||
        !memory_grow(&list->errors, &list->errors_capacity, list->count + 1, sizeof *list->errors,
                     error))
        return false;
    list->words[list->count] = error_counts_words(counts);
    list->errors[list->count++] = error_counts_errors(counts);
    return true;
}

void error_list_free(struct error_list *list)
{
    free(list->words);
    free(list->errors);
    *list = (struct error_list){0};
}

// The rate, or difference of rates, in one sample; infinite or no number if it has no words.
static double draw(const struct error_list *list, const struct error_list *other,
                   struct random *random)
{
    uint64_t words = 0, errors = 0, other_words = 0, other_errors = 0;
    for (size_t i = 0; i < list->count; i++) {
        // 31 bits of rand() at a time reach every utterance of a list of up to 2^31.
        size_t drawn = (size_t)(((uint64_t)random_next(random) * list->count) >> 31);
        words += list->words[drawn];
        errors += list->errors[drawn];
        if (other != NULL) {
            other_words += other->words[drawn];
            other_errors += other->errors[drawn];
        }
    }
    double rate = 100 * (double)errors / (double)words;
    return other == NULL ? rate : 100 * (double)other_errors / (double)other_words - rate;
}

static int compare(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

// The value below which a share of a sorted list lies, between two values in proportion.
static double quantile(const double *value, uint64_t count, double share)
{
    double place = share * (double)(count - 1);
    uint64_t below = (uint64_t)place;
    double part = place - (double)below;
    return below + 1 < count ? value[below] * (1 - part) + value[below + 1] * part : value[below];
}

static void summarise(double *value, uint64_t samples, struct error_interval *interval)
{
    double sum = 0, squares = 0;
    uint64_t improved = 0;
    for (uint64_t i = 0; i < samples; i++) {
        sum += value[i];
        improved += value[i] < 0;
    }
    double mean = sum / (double)samples;
    for (uint64_t i = 0; i < samples; i++)
        squares += (value[i] - mean) * (value[i] - mean);
    qsort(value, samples, sizeof *value, compare);
    interval->deviation = samples > 1 ? sqrt(squares / (double)(samples - 1)) : 0;
    interval->low = quantile(value, samples, 0.025);
    interval->high = quantile(value, samples, 0.975);
    interval->improved = (double)improved / (double)samples;
}

bool error_list_bootstrap(const struct error_list *list, const struct error_list *other,
                          uint64_t samples, uint32_t seed, struct error_interval *interval,
                          struct error *error)
{
    enum { TRIES = 1000 }; // for a sample with words
    struct random random;
    double *value = memory_new(samples, sizeof *value, error);
    bool ok = value != NULL;
    random_seed(&random, seed);
    for (uint64_t i = 0; ok && i < samples; i++) {
        int tries = 0;
        do
            value[i] = draw(list, other, &random);
        while (!isfinite(value[i]) && ++tries < TRIES);
        if (tries == TRIES)
            ok = error_set(error, "no bootstrap: too few of the %zu utterances have words",
                           list->count);
    }
    if (ok)
        summarise(value, samples, interval);
    free(value);
    return ok;
}
