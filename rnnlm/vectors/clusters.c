// k-means by angle.
#include "vectors/clusters.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/kernels.h"
#include "base/matrix.h"
#include "base/memory.h"

enum { TILE = 256 }; // words

// Means of length 1; that of a class without words is 0.
static void find_centres(float *centre, const struct vector_table *table, size_t classes,
                         const int32_t *of_word)
{
    size_t stride = table->stride;
    memset(centre, 0, classes * stride * sizeof *centre);
    for (size_t w = 0; w < table->words.size; w++)
        kernels->scale_add(centre + (size_t)of_word[w] * stride, table->row + w * stride, stride, 1,
                           1);
    for (size_t c = 0; c < classes; c++) {
        float *row = centre + c * stride;
        double sum = 0;
        for (size_t j = 0; j < stride; j++)
            sum += (double)row[j] * (double)row[j];
        for (size_t j = 0; j < stride && sum > 0; j++)
            row[j] = (float)((double)row[j] / sqrt(sum));
    }
}

static void choose_nearest(const struct vector_table *table, const float *centre, size_t classes,
                           float *near, int32_t *of_word)
{
    size_t row = memory_row(classes);
    for (size_t first = 0; first < table->words.size; first += TILE) {
        size_t count = table->words.size - first < TILE ? table->words.size - first : TILE;
        matrix_product(near, row, count, classes, table->width,
                       (struct matrix){table->row + first * table->stride, table->stride, false},
                       (struct matrix){centre, table->stride, true}, 0);
        for (size_t i = 0; i < count; i++) {
            size_t best = 0;
            for (size_t c = 1; c < classes; c++)
                if (near[i * row + c] > near[i * row + best])
                    best = c;
            of_word[first + i] = (int32_t)best;
        }
    }
}

bool vector_clusters(const struct vector_table *table, size_t classes, int32_t *of_word,
                     struct error *error)
{
    float *centre = memory_new(classes * table->stride, sizeof *centre, error);
    float *near = memory_new(TILE * memory_row(classes), sizeof *near, error);
    bool ok = centre != NULL && near != NULL;
    for (size_t w = 0; w < table->words.size; w++)
        of_word[w] = (int32_t)(w % classes);
    for (size_t round = 0; ok && round < CLUSTER_ROUNDS; round++) {
        find_centres(centre, table, classes, of_word);
        choose_nearest(table, centre, classes, near, of_word);
    }
    free(centre);
    free(near);
    return ok;
}
