// Codebooks by Lloyd's algorithm, on numbers that are sorted: a step takes a search for each border.
#include "ngram/codebook.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

enum { STEPS = 30 };

static int compare_numbers(const void *left, const void *right)
{
    float a = *(const float *)left, b = *(const float *)right;
    return a < b ? -1 : a > b;
}

// The first of number[low..high-1] that is `least` or above, `high` if there is none.
static size_t first_from(const float *number, size_t low, size_t high, float least)
{
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (number[middle] < least)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

// Takes numbers of which the book has to have the exact value out of `number`, which is sorted; returns
// how many are left.
static size_t take_exact(struct codebook *book, float *number, size_t count)
{
    const float exact[] = {-INFINITY, 0};
    for (int i = 0; i < 2; i++) {
        size_t begin = first_from(number, 0, count, exact[i]), end = begin;
        while (end < count && number[end] == exact[i])
            end++;
        if (end == begin)
            continue;
        book->value[book->size++] = exact[i];
        memmove(number + begin, number + end, (count - end) * sizeof *number);
        count -= end - begin;
    }
    return count;
}

// All different numbers, if they are no more than `most`.
static bool take_all(struct codebook *book, const float *number, size_t count, size_t most)
{
    size_t before = book->size;
    for (size_t i = 0; i < count; i++) {
        if (i > 0 && number[i] == number[i - 1])
            continue;
        if (book->size == most) {
            book->size = before;
            return false;
        }
        book->value[book->size++] = number[i];
    }
    return true;
}

// The mean of number[begin..end-1], of which there is at least one; sum[i] is that of the first i.
static float mean(const float *number, const double *sum, size_t begin, size_t end)
{
    float value = (float)((sum[end] - sum[begin]) / (double)(end - begin));
    return value < number[begin]     ? number[begin]
           : value > number[end - 1] ? number[end - 1]
                                     : value;
}

// From bins of equally many numbers on: values are the means of their bins, borders the middles between
// values.
static void settle(float *value, size_t bins, const float *number, size_t count, const double *sum)
{
    for (size_t i = 0; i < bins; i++)
        value[i] = mean(number, sum, i * count / bins, (i + 1) * count / bins);
    for (int step = 0; step < STEPS; step++) {
        size_t begin = 0;
        for (size_t i = 0; i < bins; i++) {
            float border = i + 1 < bins ? value[i] + (value[i + 1] - value[i]) / 2 : INFINITY;
            size_t end = first_from(number, begin, count, border);
            if (end > begin)
                value[i] = mean(number, sum, begin, end);
            begin = end;
        }
    }
}

static bool take_means(struct codebook *book, const float *number, size_t count, size_t most,
                       struct error *error)
{
    double *sum = memory_new(count + 1, sizeof *sum, error);
    if (sum == NULL)
        return false;
    for (size_t i = 0; i < count; i++)
        sum[i + 1] = sum[i] + (double)number[i];
    settle(book->value + book->size, most - book->size, number, count, sum);
    book->size = most;
    free(sum);
    return true;
}

bool codebook_make(struct codebook *book, float *number, size_t count, unsigned bits,
                   struct error *error)
{
    size_t most = (size_t)1 << bits;
    *book = (struct codebook){.value = memory_new(most, sizeof *book->value, error)};
    if (book->value == NULL)
        return false;
    qsort(number, count, sizeof *number, compare_numbers);
    count = take_exact(book, number, count);
    if (!take_all(book, number, count, most) && !take_means(book, number, count, most, error))
        return false;
    qsort(book->value, book->size, sizeof *book->value, compare_numbers);
    for (; book->size < most; book->size++)
        book->value[book->size] = book->size > 0 ? book->value[book->size - 1] : 0;
    return true;
}

void codebook_free(struct codebook *book)
{
    free(book->value);
    *book = (struct codebook){.value = NULL};
}

uint32_t codebook_code(const struct codebook *book, float number)
{
    size_t above = first_from(book->value, 0, book->size, number);
    if (above == book->size)
        return (uint32_t)(book->size - 1);
    bool nearer = above > 0 && number - book->value[above - 1] < book->value[above] - number;
    return (uint32_t)(nearer ? above - 1 : above);
}
