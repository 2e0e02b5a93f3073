// Tests of the difference between two systems.
#include "wer/significance.h"

#include <math.h>
#include <stdlib.h>

#include "base/memory.h"

enum { BUFFER = 2 }; // words that both have right between two segments

// ---- segments ---------------------------------------------------------------------------------

static bool has_reference(const struct alignment_step *step)
{
    return step->reference != ALIGNMENT_NULL;
}

static size_t count_reference(const struct alignment *alignment)
{
    size_t count = 0;
    for (size_t i = 0; i < alignment->steps; i++)
        count += has_reference(&alignment->step[i]);
    return count;
}

static bool same_reference(const struct alignment *first, const struct alignment *second)
{
    size_t i = 0, j = 0;
    for (;;) {
        while (i < first->steps && !has_reference(&first->step[i]))
            i++;
        while (j < second->steps && !has_reference(&second->step[j]))
            j++;
        if (i == first->steps || j == second->steps)
            return i == first->steps && j == second->steps;
        if (first->step[i++].reference != second->step[j++].reference)
            return false;
    }
}

static bool is_error(const struct alignment_step *step)
{
    return step->kind == ALIGNMENT_SUBSTITUTION || step->kind == ALIGNMENT_DELETION ||
           step->kind == ALIGNMENT_INSERTION;
}

// errors[2 w] counts insertions before word w, errors[2 w + 1] the error of the word itself.
static void place_errors(const struct alignment *alignment, int64_t *errors)
{
    size_t word = 0;
    for (size_t i = 0; i < alignment->steps; i++) {
        const struct alignment_step *step = &alignment->step[i];
        errors[2 * word + has_reference(step)] += is_error(step);
        word += has_reference(step);
    }
}

static void add_segment(struct comparison *comparison, int64_t first, int64_t second)
{
    if (first == 0 && second == 0)
        return;
    double difference = (double)(first - second);
    comparison->segments++;
    comparison->sum += difference;
    comparison->squares += difference * difference;
}

static void add_segments(struct comparison *comparison, const int64_t *first, const int64_t *second,
                         size_t words)
{
    int64_t first_errors = 0, second_errors = 0;
    size_t right = 0; // words in a row that both have right
    for (size_t i = 0; i <= 2 * words; i++) {
        if (first[i] != 0 || second[i] != 0)
            right = 0;
        else if (i % 2 == 1 && ++right == BUFFER) {
            add_segment(comparison, first_errors, second_errors);
            first_errors = second_errors = 0;
        }
        first_errors += first[i];
        second_errors += second[i];
    }
    add_segment(comparison, first_errors, second_errors);
}

static int64_t errors_of(const struct alignment *alignment)
{
    return (int64_t)(alignment->substitutions + alignment->deletions + alignment->insertions);
}

bool comparison_add(struct comparison *comparison, const struct alignment *first,
                    const struct alignment *second, struct error *error)
{
    int64_t difference = errors_of(first) - errors_of(second);
    comparison->first_better += difference < 0;
    comparison->second_better += difference > 0;
    comparison->equal += difference == 0;
    if (!same_reference(first, second)) {
        add_segment(comparison, errors_of(first), errors_of(second));
        return true;
    }
    size_t words = count_reference(first), places = 2 * words + 1;
    if (!memory_grow(&comparison->errors, &comparison->capacity, 2 * places,
                     sizeof *comparison->errors, error))
        return false;
    for (size_t i = 0; i < 2 * places; i++)
        comparison->errors[i] = 0;
    place_errors(first, comparison->errors);
    place_errors(second, comparison->errors + places);
    add_segments(comparison, comparison->errors, comparison->errors + places, words);
    return true;
}

void comparison_free(struct comparison *comparison)
{
    free(comparison->errors);
    *comparison = (struct comparison){0};
}

// ---- probabilities ----------------------------------------------------------------------------

// The mean over its standard error is normal with variance 1.
double comparison_matched_pairs(const struct comparison *comparison, double *statistic)
{
    double count = (double)comparison->segments, mean = comparison->sum / count;
    double variance = (comparison->squares - count * mean * mean) / (count - 1);
    *statistic = comparison->segments < 2 ? NAN
                 : comparison->sum == 0   ? 0
                 : variance > 1e-12       ? mean / sqrt(variance / count)
                                          : copysign(INFINITY, mean);
    return isnan(*statistic) ? NAN : erfc(fabs(*statistic) / sqrt(2));
}

// Binomial with probability 1/2.
double comparison_sign(const struct comparison *comparison)
{
    uint64_t a = comparison->first_better, b = comparison->second_better, count = a + b;
    double total = 0;
    for (uint64_t k = a > b ? a : b; k <= count; k++)
        total += exp(lgamma((double)count + 1) - lgamma((double)k + 1) -
                     lgamma((double)(count - k) + 1) - (double)count * log(2));
    return total > 0.5 ? 1 : 2 * total;
}
