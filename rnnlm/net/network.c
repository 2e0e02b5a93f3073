// The parameters of a network: allocation, initial values, copies.
#include "net/network.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/kernels.h"
#include "base/memory.h"
#include "base/random.h"

bool network_shape_ok(const struct network_shape *shape, struct error *error)
{
    if (shape->words < 1 || shape->words > INT32_MAX)
        return error_set(error, "vocabulary size: found %zu, wanted 1 to %d", shape->words,
                         INT32_MAX);
    if (shape->hidden < 1 || shape->hidden > 1 << 20)
        return error_set(error, "hidden layer size: found %zu, wanted 1 to %d", shape->hidden,
                         1 << 20);
    if (shape->classes < 1 || shape->classes > shape->words)
        return error_set(error, "class size: found %zu, wanted 1 to the vocabulary's %zu",
                         shape->classes, shape->words);
    if (shape->compression > 1 << 20)
        return error_set(error, "compression layer size: found %zu, wanted at most %d",
                         shape->compression, 1 << 20);
    if (shape->maxent == 1 || shape->maxent > (size_t)1 << 40)
        return error_set(error, "direct connections: found %zu, wanted 0 or 2 to 2^40",
                         shape->maxent);
    if (shape->maxent > 0 && (shape->maxent_order < 0 || shape->maxent_order > MAXENT_MOST_ORDER))
        return error_set(error, "direct order: found %d, wanted 0 to %d", shape->maxent_order,
                         MAXENT_MOST_ORDER);
    return true;
}

// A matrix that may be absent (0 rows); false if memory ran out.
static bool new_matrix(float **matrix, size_t rows, size_t row, struct error *error)
{
    size_t count;
    if (rows == 0)
        return true;
    if (__builtin_mul_overflow(rows, row, &count))
        return error_set(error, "not enough memory: a matrix of %zu rows of %zu floats wanted",
                         rows, row);
    *matrix = memory_new(count, sizeof **matrix, error);
    return *matrix != NULL;
}

static bool begin(struct network *network, const struct network_shape *shape,
                  struct classes *classes, struct error *error)
{
    memset(network, 0, sizeof *network);
    network->shape = *shape;
    network->classes = *classes;
    memset(classes, 0, sizeof *classes);
    network->hidden_row = memory_row(shape->hidden);
    network->output_width = shape->compression > 0 ? shape->compression : shape->hidden;
    network->output_row = memory_row(network->output_width);
    network->half_hidden_row = memory_half_row(shape->hidden);
    network->half_output_row = memory_half_row(network->output_width);
    return network_shape_ok(shape, error);
}

bool network_init(struct network *network, const struct network_shape *shape,
                  struct classes *classes, struct error *error)
{
    return begin(network, shape, classes, error) &&
           new_matrix(&network->embedding, shape->words, network->hidden_row, error) &&
           new_matrix(&network->recurrent, shape->hidden, network->hidden_row, error) &&
           new_matrix(&network->compression, shape->compression, network->hidden_row, error) &&
           new_matrix(&network->output, shape->words + shape->classes, network->output_row,
                      error) &&
           new_matrix(&network->maxent, shape->maxent, 1, error);
}

bool network_borrow(struct network *network, const struct network_shape *shape,
                    struct classes *classes, const struct network *arrays, struct error *error)
{
    bool ok = begin(network, shape, classes, error);
    network->borrowed = true;
    network->embedding = arrays->embedding;
    network->recurrent = arrays->recurrent;
    network->compression = arrays->compression;
    network->output = arrays->output;
    network->maxent = arrays->maxent;
    network->half_embedding = arrays->half_embedding;
    network->half_output = arrays->half_output;
    network->half_maxent = arrays->half_maxent;
    return ok;
}

void network_free(struct network *network)
{
    classes_free(&network->classes);
    if (!network->borrowed) {
        free(network->embedding);
        free(network->recurrent);
        free(network->compression);
        free(network->output);
        free(network->maxent);
    }
    memset(network, 0, sizeof *network);
}

void network_add_embedding(const struct network *network, int32_t word, float *to)
{
    size_t at = (size_t)word, row = network->hidden_row;
    if (word < 0)
        return;
    if (network->half_embedding != NULL)
        kernels->add_halves(to, network->half_embedding + at * network->half_hidden_row,
                            network->shape.hidden);
    else
        kernels->scale_add(to, network->embedding + at * row, row, 1, 1);
}

static float initial_weight(struct random *random)
{
    double sum = random_uniform(random, -0.1, 0.1);
    sum += random_uniform(random, -0.1, 0.1);
    sum += random_uniform(random, -0.1, 0.1);
    return (float)sum;
}

static void randomise_rows(float *rows, size_t count, size_t width, size_t stride,
                           struct random *random)
{
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < width; j++)
            rows[i * stride + j] = initial_weight(random);
}

// The reference draws a hidden unit's V input weights one after the other, which for us is a
// column. Sixteen columns are drawn before they are stored, so that each store fills a cache line.
static bool randomise_hidden(struct network *network, struct random *random, struct error *error)
{
    size_t words = network->shape.words, hidden = network->shape.hidden;
    float *columns = memory_new(MEMORY_ROW * words, sizeof *columns, error);
    if (columns == NULL)
        return false;
    for (size_t first = 0; first < hidden; first += MEMORY_ROW) {
        size_t count = hidden - first < MEMORY_ROW ? hidden - first : MEMORY_ROW;
        for (size_t i = 0; i < count; i++) {
            for (size_t word = 0; word < words; word++)
                columns[i * words + word] = initial_weight(random);
            randomise_rows(network->recurrent + (first + i) * network->hidden_row, 1, hidden,
                           network->hidden_row, random);
        }
        for (size_t word = 0; word < words; word++)
            for (size_t i = 0; i < count; i++)
                network->embedding[word * network->hidden_row + first + i] =
                    columns[i * words + word];
    }
    free(columns);
    return true;
}

bool network_randomise(struct network *network, uint32_t seed, struct error *error)
{
    const struct network_shape *shape = &network->shape;
    struct random random;
    random_seed(&random, seed);
    if (!randomise_hidden(network, &random, error))
        return false;
    if (shape->compression > 0)
        randomise_rows(network->compression, shape->compression, shape->hidden, network->hidden_row,
                       &random);
    randomise_rows(network->output, shape->words + shape->classes, network->output_width,
                   network->output_row, &random);
    return true;
}

// ---- all matrices -----------------------------------------------------------------------------

struct matrix {
    const char *name;
    float *data;
    size_t count;
};

enum { DENSE = 4, MATRICES = 5 }; // the hash is the last

static void list_matrices(const struct network *network, struct matrix list[MATRICES])
{
    const struct network_shape *shape = &network->shape;
    list[0] =
        (struct matrix){"input weights", network->embedding, shape->words * network->hidden_row};
    list[1] = (struct matrix){"recurrent weights", network->recurrent,
                              shape->hidden * network->hidden_row};
    list[2] = (struct matrix){"compression weights", network->compression,
                              shape->compression * network->hidden_row};
    list[3] = (struct matrix){"output weights", network->output,
                              (shape->words + shape->classes) * network->output_row};
    list[4] = (struct matrix){"direct connections", network->maxent, shape->maxent};
}

void network_copy_dense(struct network *to, const struct network *from)
{
    struct matrix target[MATRICES], source[MATRICES];
    list_matrices(to, target);
    list_matrices(from, source);
    for (int i = 0; i < DENSE; i++)
        if (source[i].count > 0)
            memcpy(target[i].data, source[i].data, source[i].count * sizeof(float));
}

// Numbers whose exponent is all ones are not finite; in this form the loop takes many at a time.
static bool all_finite(const float *data, size_t count)
{
    uint32_t found = 0;
    for (size_t i = 0; i < count; i++) {
        uint32_t bits;
        memcpy(&bits, &data[i], sizeof bits);
        found |= (bits & 0x7f800000u) == 0x7f800000u;
    }
    return found == 0;
}

bool network_is_finite(const struct network *network, struct error *error)
{
    struct matrix list[MATRICES];
    list_matrices(network, list);
    for (int i = 0; i < MATRICES; i++) {
        if (all_finite(list[i].data, list[i].count))
            continue;
        size_t j = 0;
        while (isfinite(list[i].data[j]))
            j++;
        return error_set(error, "%s: found %g, wanted finite numbers", list[i].name,
                         (double)list[i].data[j]);
    }
    return true;
}
