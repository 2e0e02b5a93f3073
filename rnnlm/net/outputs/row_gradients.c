// Gradients of words' rows over all rows of a block.
#include "net/outputs/row_gradients.h"

#include <stdlib.h>
#include <string.h>

#include "base/kernels.h"
#include "base/memory.h"

static bool allocate_halves(struct row_gradients *gradients, size_t most_rows, struct error *error)
{
    size_t threads = pool_threads(gradients->pool), pairs = (most_rows + 1) / 2;
    gradients->input_pairs = memory_new(pairs, gradients->words->stride * sizeof(uint32_t), error);
    gradients->error_pairs = memory_new(threads, sizeof *gradients->error_pairs, error);
    bool ok = gradients->input_pairs != NULL && gradients->error_pairs != NULL;
    for (size_t i = 0; ok && i < threads; i++) {
        gradients->error_pairs[i] = memory_new(pairs, ROW_GRADIENTS * sizeof(uint32_t), error);
        ok = gradients->error_pairs[i] != NULL;
    }
    return ok;
}

bool row_gradients_init(struct row_gradients *gradients, const struct parameter *words,
                        size_t most_rows, bool halves, struct pool *pool, struct error *error)
{
    *gradients = (struct row_gradients){.words = words, .pool = pool};
    gradients->rows = memory_new(pool_threads(pool), sizeof *gradients->rows, error);
    bool ok = gradients->rows != NULL;
    for (size_t i = 0; ok && i < pool_threads(pool); i++) {
        gradients->rows[i] = memory_new(ROW_GRADIENTS, words->stride * sizeof(float), error);
        ok = gradients->rows[i] != NULL;
    }
    return ok && (!halves || allocate_halves(gradients, most_rows, error));
}

void row_gradients_free(struct row_gradients *gradients)
{
    for (size_t i = 0; gradients->rows != NULL && i < pool_threads(gradients->pool); i++)
        free(gradients->rows[i]);
    for (size_t i = 0; gradients->error_pairs != NULL && i < pool_threads(gradients->pool); i++)
        free(gradients->error_pairs[i]);
    free(gradients->rows);
    free(gradients->input_pairs);
    free(gradients->error_pairs);
    *gradients = (struct row_gradients){.words = NULL};
}

void row_gradients_pair_input(const struct row_gradients *gradients,
                              const struct output_block *block)
{
    if (gradients->input_pairs != NULL)
        kernels->pair_rows(gradients->input_pairs, gradients->words->stride, block->input,
                           block->stride, block->rows, gradients->words->width);
}

static void pair_errors(const struct row_gradients *gradients, struct gradient *gradient,
                        size_t worker)
{
    uint32_t *pairs = gradients->error_pairs[worker];
    kernels->pair_rows(pairs, ROW_GRADIENTS, gradient->left, gradient->left_stride, gradient->terms,
                       gradient->count);
    gradient->left = NULL; // from here on it is the pairs' strides that count
    gradient->left_pairs = pairs;
    gradient->left_stride = ROW_GRADIENTS;
    gradient->right_pairs = gradients->input_pairs;
    gradient->right_stride = gradients->words->stride;
}

float *row_gradients_multiply(const struct row_gradients *gradients,
                              const struct output_block *block, const float *error,
                              size_t error_row, size_t count, size_t worker,
                              float power[ROW_GRADIENTS])
{
    struct gradient gradient = {.form = GRADIENT_PRODUCTS,
                                .count = count,
                                .terms = block->rows,
                                .left = error,
                                .left_stride = error_row,
                                .right = block->input,
                                .right_stride = block->stride,
                                .norm = block->norm};
    memset(power, 0, ROW_GRADIENTS * sizeof *power);
    if (block->norm != NULL)
        linear_add_power(gradients->words, &gradient, 0, count, power);
    if (gradients->input_pairs != NULL)
        pair_errors(gradients, &gradient, worker);
    linear_gradient(gradients->words, &gradient, 0, count, gradients->rows[worker]);
    return gradients->rows[worker];
}
