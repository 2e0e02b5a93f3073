// The words nearest to a place.
#include "vectors/neighbours.h"

#include <math.h>
#include <string.h>

static double dot(const float *row, const double *place, size_t width)
{
    double sum = 0;
    for (size_t j = 0; j < width; j++)
        sum += (double)row[j] * place[j];
    return sum;
}

static double length_of(const float *row, size_t width)
{
    double sum = 0;
    for (size_t j = 0; j < width; j++)
        sum += (double)row[j] * (double)row[j];
    return sqrt(sum);
}

static bool is_among(int32_t word, const int32_t *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (list[i] == word)
            return true;
    return false;
}

size_t vectors_nearest(const struct vectors *vectors, const double *place, const int32_t *left_out,
                       size_t left, struct neighbour *found, size_t most)
{
    size_t count = 0;
    double own = 0;
    for (size_t j = 0; j < vectors->width; j++)
        own += place[j] * place[j];
    for (size_t i = 0; i < vectors->words->size && own > 0; i++) {
        const float *row = vectors->row + i * vectors->stride;
        double length = length_of(row, vectors->width);
        if (!(length > 0) || is_among((int32_t)i, left_out, left))
            continue;
        double cosine = dot(row, place, vectors->width) / length / sqrt(own);
        if (count == most && (most == 0 || !(cosine > found[most - 1].cosine)))
            continue;
        size_t at = count < most ? count++ : count - 1;
        for (; at > 0 && found[at - 1].cosine < cosine; at--)
            found[at] = found[at - 1];
        found[at] = (struct neighbour){(int32_t)i, cosine};
    }
    return count;
}

static void add_unit(const struct vectors *vectors, int32_t word, double factor, double *place)
{
    const float *row = vectors->row + (size_t)word * vectors->stride;
    double length = length_of(row, vectors->width);
    for (size_t j = 0; j < vectors->width && length > 0; j++)
        place[j] += factor * (double)row[j] / length;
}

void vectors_analogy(const struct vectors *vectors, int32_t a, int32_t b, int32_t c, double *place)
{
    memset(place, 0, vectors->width * sizeof *place);
    add_unit(vectors, a, -1, place);
    add_unit(vectors, b, 1, place);
    add_unit(vectors, c, 1, place);
}

void vectors_place(const struct vectors *vectors, int32_t word, double *place)
{
    memset(place, 0, vectors->width * sizeof *place);
    add_unit(vectors, word, 1, place);
}
