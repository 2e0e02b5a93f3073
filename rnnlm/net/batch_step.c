// The steps of the weights after a block.
#include "net/batch_step.h"

#include <math.h>
#include <string.h>

#include "base/kernels.h"
#include "base/memory.h"

enum { HASH_PARTS = 8, WORDS_AN_ITEM = 32 };

// Of the running mean of a row's power; the first block that touches a row sets it.
static const float MEMORY = 0.99f;

// In what follows a row's gradient is the sum of e x over `terms` words, and `power` the sum of e^2
// |x|^2. By Cauchy's inequality no element of the gradient is above sqrt(terms power).
static float bounded(float step, float power, size_t terms)
{
    float bound = BATCH_BOUND / sqrtf((float)terms * power);
    return step < bound ? step : bound;
}

static float matrix_step(const struct batch *batch, float power, size_t terms, float *mean)
{
    if (!(power > 0))
        return 0;
    *mean = *mean > 0 ? MEMORY * *mean + (1 - MEMORY) * power : power;
    return bounded(batch->rule.alpha / sqrtf(*mean), power, terms);
}

static float word_step(const struct batch *batch, float gain, float power, size_t terms)
{
    float step = gain * batch->rule.alpha;
    return power > 0 ? bounded(step / (1 + step * power), power, terms) : 0;
}

// What is left of a weight after `words` words: online, every tenth pays the penalty.
static float kept(const struct batch *batch, size_t words)
{
    float keep = 1 - batch->rule.alpha * batch->rule.beta * (float)words / 10;
    return keep > 0 ? keep : 0;
}

// ---- matrices ---------------------------------------------------------------------------------

void batch_transpose(struct batch_matrix *matrix, size_t first, size_t count)
{
    kernels_transpose(matrix->transposed + first, matrix->transposed_row,
                      matrix->rows + first * matrix->stride, matrix->stride, count, matrix->width);
}

static void move_matrix(struct batch *batch, struct batch_matrix *matrix, size_t group,
                        float *gradient)
{
    size_t first = group * GROUP_ROWS, terms = batch->rows_now;
    size_t count = matrix->count - first < GROUP_ROWS ? matrix->count - first : GROUP_ROWS;
    float power[GROUP_ROWS] = {0}, keep = kept(batch, terms);
    const float *error = matrix->error + first;
    memset(gradient, 0, count * matrix->stride * sizeof *gradient);
    kernels->products(gradient, matrix->stride, count, error, 1, matrix->error_row, matrix->input,
                      matrix->stride, terms, matrix->width);
    for (size_t r = 0; r < terms; r++)
        kernels->add_squares(power, error + r * matrix->error_row, count, matrix->norm[r]);
    for (size_t i = 0; i < count; i++)
        kernels->scale_add(matrix->rows + (first + i) * matrix->stride,
                           gradient + i * matrix->stride, matrix->width,
                           matrix_step(batch, power[i], terms, &matrix->mean[first + i]), keep);
    batch_transpose(matrix, first, count);
}

// ---- words ------------------------------------------------------------------------------------

// Up to GROUP_ROWS rows: errors times steps into `move`, which may be the errors themselves.
static void scale_errors(struct batch *batch, const struct batch_share *slots, const float *error,
                         float *move, size_t error_row, size_t rows)
{
    float power[GROUP_ROWS] = {0}, step[GROUP_ROWS];
    for (size_t i = 0; i < slots->count; i++)
        kernels->add_squares(power, error + i * error_row, rows,
                             batch->norm_input[batch->slot_row[slots->first + i]]);
    for (size_t j = 0; j < rows; j++)
        step[j] = word_step(batch, BATCH_WORD_GAIN, power[j], slots->count);
    for (size_t i = 0; i < slots->count; i++)
        for (size_t j = 0; j < rows; j++)
            move[i * error_row + j] = error[i * error_row + j] * step[j];
}

void batch_move_words(struct batch *batch, size_t k, size_t first, size_t count)
{
    const struct network *network = batch->network;
    size_t begin = (size_t)network->classes.begin[k], row = network->output_row;
    size_t error_row = memory_row((size_t)network->classes.begin[k + 1] - begin);
    struct batch_share slots = {.class = k, .first = batch->class_begin[k]};
    slots.count = batch->class_begin[k + 1] - slots.first;
    const float *error = batch->word_error + batch->errors_begin[k];
    float *move =
        (batch->history != NULL ? batch->word_move : batch->word_error) + batch->errors_begin[k];
    for (size_t at = first; at < first + count; at += GROUP_ROWS) {
        size_t rows = first + count - at < GROUP_ROWS ? first + count - at : GROUP_ROWS;
        scale_errors(batch, &slots, error + at, move + at, error_row, rows);
    }
    kernels->rank_update(network->output + (begin + first) * row, row, count, network->output_width,
                         move + first, error_row, batch->slot_input + slots.first * row, row,
                         slots.count, 1, kept(batch, slots.count));
}

static void move_embedding(struct batch *batch, int32_t word, float *gradient)
{
    const struct network *network = batch->network;
    size_t row = network->hidden_row, width = network->shape.hidden, terms = 0;
    float power = 0;
    memset(gradient, 0, row * sizeof *gradient);
    for (int32_t r = batch->first_row[word]; r >= 0; r = batch->next_row[r], terms++) {
        const float *error = batch->error + (size_t)r * row;
        kernels->rows_times(&power, error, row, 1, error, width);
        kernels->scale_add(gradient, error, width, 1, 1);
    }
    kernels->scale_add(network->embedding + (size_t)word * row, gradient, width,
                       word_step(batch, BATCH_EMBEDDING_GAIN, power, terms), kept(batch, terms));
}

static void move_embeddings(struct batch *batch, size_t item, float *gradient)
{
    size_t last = (item + 1) * WORDS_AN_ITEM;
    if (last > batch->distinct_count)
        last = batch->distinct_count;
    for (size_t i = item * WORDS_AN_ITEM; i < last; i++)
        move_embedding(batch, batch->distinct[i], gradient);
}

// ---- direct connections -----------------------------------------------------------------------

// A part of the hash: an item of its own, because runs of different features may overlap.
struct range {
    size_t low, high;
};

// The step of a feature that `words` words of the block share.
static float shared_step(const struct batch *batch, size_t words)
{
    return batch->rule.alpha / (1 + batch->rule.alpha * (float)words / 10);
}

// Features of order 0 belong to `all` words, the others to those with the same last word at most.
static void move_runs(struct batch *batch, const struct maxent_features *features,
                      const struct range *range, size_t all, size_t same, const float *error,
                      size_t n)
{
    for (int i = 0; i < features->count; i++) {
        size_t begin = features->start[i];
        size_t end = begin + (n < features->most[i] ? n : features->most[i]);
        size_t from = begin > range->low ? begin : range->low;
        size_t to = end < range->high ? end : range->high;
        if (from < to)
            kernels->scale_add(batch->network->maxent + from, error + (from - begin), to - from,
                               shared_step(batch, i == 0 ? all : same), kept(batch, 10));
    }
}

static void move_slot(struct batch *batch, const struct range *range, size_t k, size_t slot)
{
    const struct network *network = batch->network;
    size_t r = batch->slot_row[slot], first = batch->class_begin[k];
    size_t same = batch->word[r] >= 0 ? (size_t)batch->same_word[r] : 1;
    size_t n = (size_t)(network->classes.begin[k + 1] - network->classes.begin[k]);
    move_runs(batch, &batch->class_features[r], range, batch->rows_now, same,
              batch->class_error + r * batch->class_row, network->shape.classes);
    move_runs(batch, &batch->word_features[r], range, batch->class_begin[k + 1] - first, same,
              batch->word_error + batch->errors_begin[k] + (slot - first) * memory_row(n), n);
}

static void move_hash(struct batch *batch, size_t part)
{
    size_t entries = batch->network->shape.maxent;
    struct range range = {entries / HASH_PARTS * part, entries / HASH_PARTS * (part + 1)};
    if (part + 1 == HASH_PARTS)
        range.high = entries;
    for (size_t k = 0; k < batch->network->shape.classes; k++)
        for (size_t slot = batch->class_begin[k]; slot < batch->class_begin[k + 1]; slot++)
            move_slot(batch, &range, k, slot);
}

// ---- all --------------------------------------------------------------------------------------

static size_t groups(size_t count, size_t size)
{
    return (count + size - 1) / size;
}

size_t batch_moves(const struct batch *batch)
{
    size_t count = batch->splits + groups(batch->distinct_count, WORDS_AN_ITEM);
    for (size_t i = 0; i < batch->matrices; i++)
        count += groups(batch->matrix[i].count, GROUP_ROWS);
    return count + (batch->history != NULL ? HASH_PARTS : 0);
}

void batch_move(void *context, size_t worker, size_t item)
{
    struct batch *batch = context;
    if (batch->history != NULL && item < HASH_PARTS) { // the longest items first
        move_hash(batch, item);
        return;
    }
    item -= batch->history != NULL ? HASH_PARTS : 0;
    for (size_t i = 0; i < batch->matrices; i++) {
        size_t count = groups(batch->matrix[i].count, GROUP_ROWS);
        if (item < count) {
            move_matrix(batch, &batch->matrix[i], item, batch->scratch[worker]);
            return;
        }
        item -= count;
    }
    if (item < batch->splits) {
        const struct batch_share *split = &batch->split[item];
        batch_move_words(batch, split->class, split->first, split->count);
        return;
    }
    move_embeddings(batch, item - batch->splits, batch->scratch[worker]);
}
