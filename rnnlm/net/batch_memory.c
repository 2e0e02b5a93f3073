// Batch learning: memory, and where streams begin.
#include "net/batch.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "net/batch_step.h"
#include "text/vocabulary.h"

// An array, unless one before could not be had.
static void *array(size_t count, size_t size, bool *ok, struct error *error)
{
    void *new = *ok ? memory_new(count, size, error) : NULL;
    *ok = new != NULL;
    return new;
}

static float *rows_of(size_t count, size_t row, bool *ok, struct error *error)
{
    return array(count, row * sizeof(float), ok, error);
}

static bool allocate_layers(struct batch *batch, struct error *error)
{
    const struct network *network = batch->network;
    size_t rows = batch->streams * batch->steps, row = network->hidden_row;
    bool compressed = network->shape.compression > 0, ok = true;
    batch->class_row = memory_row(network->shape.classes);
    batch->word = array(rows, sizeof *batch->word, &ok, error);
    batch->target = array(rows, sizeof *batch->target, &ok, error);
    batch->hidden = rows_of(rows + batch->streams, row, &ok, error);
    if (batch->rule.independent)
        batch->own_before = rows_of(rows, row, &ok, error);
    batch->below = rows_of(rows, network->output_row, &ok, error);
    if (compressed) {
        batch->compressed = rows_of(rows, network->output_row, &ok, error);
        batch->own_error = rows_of(rows, row, &ok, error);
        batch->norm_compressed = rows_of(rows, 1, &ok, error);
    }
    batch->class_error = rows_of(rows, batch->class_row, &ok, error);
    batch->norm_before = rows_of(rows, 1, &ok, error);
    batch->norm_hidden = rows_of(rows, 1, &ok, error);
    batch->prob = array(rows, sizeof *batch->prob, &ok, error);
    if (!ok)
        return false;
    batch->before = batch->own_before != NULL ? batch->own_before : batch->hidden;
    batch->input = compressed ? batch->compressed : batch->hidden + batch->streams * row;
    batch->error = compressed ? batch->own_error : batch->below;
    batch->norm_input = compressed ? batch->norm_compressed : batch->norm_hidden;
    return true;
}

static bool allocate_lists(struct batch *batch, struct error *error)
{
    const struct network *network = batch->network;
    size_t rows = batch->streams * batch->steps, words = network->shape.words;
    size_t classes = network->shape.classes;
    bool ok = true;
    batch->class_begin = array(classes + 2, sizeof *batch->class_begin, &ok, error);
    batch->errors_begin = array(classes, sizeof *batch->errors_begin, &ok, error);
    batch->slot_row = array(rows, sizeof *batch->slot_row, &ok, error);
    batch->slot_input = rows_of(rows, network->output_row, &ok, error);
    batch->slot_below = rows_of(rows, network->output_row, &ok, error);
    batch->first_row = array(words, sizeof *batch->first_row, &ok, error);
    batch->next_row = array(rows, sizeof *batch->next_row, &ok, error);
    batch->distinct = array(rows, sizeof *batch->distinct, &ok, error);
    batch->same_word = array(rows, sizeof *batch->same_word, &ok, error);
    if (network->shape.maxent > 0) {
        batch->history =
            array(rows + batch->streams, MAXENT_MOST_ORDER * sizeof(int32_t), &ok, error);
        batch->class_features = array(rows, sizeof *batch->class_features, &ok, error);
        batch->word_features = array(rows, sizeof *batch->word_features, &ok, error);
    }
    for (size_t i = 0; ok && i < words; i++)
        batch->first_row[i] = -1;
    return ok;
}

static bool add_matrix(struct batch *batch, const struct batch_matrix *like, struct error *error)
{
    struct batch_matrix *matrix = &batch->matrix[batch->matrices++];
    bool ok = true;
    *matrix = *like;
    matrix->transposed_row = memory_row(matrix->count);
    matrix->transposed = rows_of(matrix->width, matrix->transposed_row, &ok, error);
    matrix->mean = rows_of(matrix->count, 1, &ok, error);
    return ok;
}

static bool add_matrices(struct batch *batch, struct error *error)
{
    struct network *network = batch->network;
    const struct network_shape *shape = &network->shape;
    struct batch_matrix recurrent = {.rows = network->recurrent,
                                     .count = shape->hidden,
                                     .width = shape->hidden,
                                     .stride = network->hidden_row,
                                     .error = batch->error,
                                     .error_row = network->hidden_row,
                                     .input = batch->before,
                                     .norm = batch->norm_before};
    struct batch_matrix classes = {.rows = network->output + shape->words * network->output_row,
                                   .count = shape->classes,
                                   .width = network->output_width,
                                   .stride = network->output_row,
                                   .error = batch->class_error,
                                   .error_row = batch->class_row,
                                   .input = batch->input,
                                   .norm = batch->norm_input};
    struct batch_matrix compression = {.rows = network->compression,
                                       .count = shape->compression,
                                       .width = shape->hidden,
                                       .stride = network->hidden_row,
                                       .error = batch->below,
                                       .error_row = network->output_row,
                                       .input =
                                           batch->hidden + batch->streams * network->hidden_row,
                                       .norm = batch->norm_hidden};
    return add_matrix(batch, &recurrent, error) && add_matrix(batch, &classes, error) &&
           (shape->compression == 0 || add_matrix(batch, &compression, error));
}

static bool allocate_scratch(struct batch *batch, struct error *error)
{
    const struct network *network = batch->network;
    size_t row =
        network->hidden_row > network->output_row ? network->hidden_row : network->output_row;
    bool ok = true;
    batch->scratch = array(pool_threads(batch->pool), sizeof *batch->scratch, &ok, error);
    for (size_t i = 0; ok && i < pool_threads(batch->pool); i++)
        batch->scratch[i] = rows_of(GROUP_ROWS + batch->streams, row, &ok, error);
    return ok;
}

bool batch_init(struct batch *batch, struct network *network, const struct batch_rule *rule,
                size_t streams, size_t steps, struct pool *pool, struct error *error)
{
    size_t rows;
    memset(batch, 0, sizeof *batch);
    batch->network = network;
    batch->pool = pool;
    batch->rule = *rule;
    batch->streams = streams;
    batch->steps = steps;
    if (__builtin_mul_overflow(streams, steps + 1, &rows) || rows > INT32_MAX)
        return error_set(error, "%zu streams by %zu steps: found more than %d words a block",
                         streams, steps, INT32_MAX);
    return allocate_layers(batch, error) && allocate_lists(batch, error) &&
           add_matrices(batch, error) && allocate_scratch(batch, error);
}

static void free_layers(struct batch *batch)
{
    free(batch->word);
    free(batch->target);
    free(batch->hidden);
    free(batch->own_before);
    free(batch->below);
    free(batch->compressed);
    free(batch->own_error);
    free(batch->norm_compressed);
    free(batch->class_error);
    free(batch->norm_before);
    free(batch->norm_hidden);
    free(batch->prob);
}

static void free_lists(struct batch *batch)
{
    free(batch->class_begin);
    free(batch->errors_begin);
    free(batch->slot_row);
    free(batch->slot_input);
    free(batch->slot_below);
    free(batch->word_error);
    free(batch->word_move);
    free(batch->share);
    free(batch->split);
    free(batch->first_row);
    free(batch->next_row);
    free(batch->distinct);
    free(batch->same_word);
    free(batch->history);
    free(batch->class_features);
    free(batch->word_features);
}

void batch_free(struct batch *batch)
{
    free_layers(batch);
    free_lists(batch);
    for (size_t i = 0; i < batch->matrices; i++) {
        free(batch->matrix[i].transposed);
        free(batch->matrix[i].mean);
    }
    for (size_t i = 0; batch->scratch != NULL && i < pool_threads(batch->pool); i++)
        free(batch->scratch[i]);
    free(batch->scratch);
    memset(batch, 0, sizeof *batch);
}

void batch_refresh(struct batch *batch)
{
    for (size_t i = 0; i < batch->matrices; i++)
        batch_transpose(&batch->matrix[i], 0, batch->matrix[i].count);
}

void batch_start(struct batch *batch, size_t b, float activation, const int32_t *history)
{
    float *hidden = batch->hidden + b * batch->network->hidden_row;
    for (size_t i = 0; i < batch->network->shape.hidden; i++)
        hidden[i] = activation;
    if (batch->history == NULL)
        return;
    int32_t *to = batch->history + b * MAXENT_MOST_ORDER;
    for (size_t i = 0; i < MAXENT_MOST_ORDER; i++)
        to[i] = history != NULL ? history[i] : WORD_END;
}

const float *batch_hidden(const struct batch *batch, size_t b)
{
    return batch->hidden + b * batch->network->hidden_row;
}
