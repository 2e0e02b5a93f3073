// Batch learning: the phases of a block.
#include "net/batch.h"

#include <math.h>
#include <string.h>

#include "base/kernels.h"
#include "base/memory.h"
#include "net/batch_step.h"
#include "net/state.h"
#include "text/vocabulary.h"

// Slots of a class beyond which it is divided into several shares; rows of the output layer that
// they then move together; rows of a block that take their classes together.
enum { SHARE_SLOTS = 64, SPLIT_ROWS = 256, CHUNK_ROWS = 48 };

// Bound on errors where the user wants none: activations and weights stay far from overflow.
static const float SAFE_CUTOFF = 1000;

// ---- preparation ------------------------------------------------------------------------------

static size_t class_of(const struct batch *batch, size_t r)
{
    return (size_t)batch->network->classes.of_word[batch->target[r]];
}

static size_t words_of_class(const struct batch *batch, size_t k)
{
    return (size_t)(batch->network->classes.begin[k + 1] - batch->network->classes.begin[k]);
}

// Whether the next step of a row's stream starts afresh.
static bool ends_sentence(const struct batch *batch, size_t r)
{
    return batch->rule.independent && batch->target[r] == WORD_END;
}

static void sort_by_class(struct batch *batch)
{
    size_t classes = batch->network->shape.classes, *begin = batch->class_begin;
    memset(begin, 0, (classes + 2) * sizeof *begin);
    for (size_t r = 0; r < batch->rows_now; r++)
        if (batch->target[r] >= 0)
            begin[class_of(batch, r) + 2]++;
    for (size_t k = 2; k < classes + 2; k++)
        begin[k] += begin[k - 1];
    for (size_t r = 0; r < batch->rows_now; r++)
        if (batch->target[r] >= 0)
            batch->slot_row[begin[class_of(batch, r) + 1]++] = (uint32_t)r;
}

static bool add_share(struct batch_share **list, size_t *count, size_t *capacity,
                      const struct batch_share *share, struct error *error)
{
    if (!memory_grow(list, capacity, *count + 1, sizeof **list, error))
        return false;
    (*list)[(*count)++] = *share;
    return true;
}

static bool share_class(struct batch *batch, size_t k, struct error *error)
{
    size_t begin = batch->class_begin[k], count = batch->class_begin[k + 1] - begin;
    size_t words = words_of_class(batch, k), part;
    bool whole = count <= SHARE_SLOTS;
    for (size_t at = 0; at < count; at += part) {
        part = count - at < SHARE_SLOTS ? count - at : SHARE_SLOTS;
        if (!add_share(&batch->share, &batch->shares, &batch->share_capacity,
                       &(struct batch_share){k, begin + at, part, whole}, error))
            return false;
    }
    for (size_t at = 0; at < words && !whole; at += part) {
        part = words - at < SPLIT_ROWS ? words - at : SPLIT_ROWS;
        if (!add_share(&batch->split, &batch->splits, &batch->split_capacity,
                       &(struct batch_share){k, at, part, false}, error))
            return false;
    }
    return true;
}

// Divides the work on the words of classes, and makes room for their errors.
static bool share_classes(struct batch *batch, struct error *error)
{
    size_t total = 0;
    batch->shares = batch->splits = 0;
    for (size_t k = 0; k < batch->network->shape.classes; k++) {
        batch->errors_begin[k] = total;
        total += (batch->class_begin[k + 1] - batch->class_begin[k]) *
                 memory_row(words_of_class(batch, k));
        if (!share_class(batch, k, error))
            return false;
    }
    total += MEMORY_ROW;
    return memory_grow(&batch->word_error, &batch->word_error_capacity, total, sizeof(float),
                       error) &&
           (batch->history == NULL || memory_grow(&batch->word_move, &batch->word_move_capacity,
                                                  total, sizeof(float), error));
}

static void sort_by_word(struct batch *batch)
{
    for (size_t i = 0; i < batch->distinct_count; i++)
        batch->first_row[batch->distinct[i]] = -1;
    batch->distinct_count = 0;
    for (size_t r = batch->rows_now; r-- > 0;) {
        int32_t word = batch->word[r];
        if (word < 0)
            continue;
        int32_t next = batch->first_row[word];
        if (next < 0)
            batch->distinct[batch->distinct_count++] = word;
        batch->next_row[r] = next;
        batch->same_word[r] = next < 0 ? 1 : batch->same_word[next] + 1;
        batch->first_row[word] = (int32_t)r;
    }
    for (size_t r = 0; r < batch->rows_now; r++) // the first row of a word has counted them all
        if (batch->word[r] >= 0)
            batch->same_word[r] = batch->same_word[batch->first_row[batch->word[r]]];
}

static void fill_histories(struct batch *batch)
{
    size_t streams = batch->streams, size = MAXENT_MOST_ORDER;
    for (size_t r = 0; r < batch->rows_now; r++) {
        int32_t *to = batch->history + (r + streams) * size;
        if (r >= streams && ends_sentence(batch, r - streams))
            memset(to, 0, size * sizeof *to); // </s>
        else
            memcpy(to, batch->history + r * size, size * sizeof *to);
        history_push(to, batch->word[r]);
    }
}

// ---- forward ----------------------------------------------------------------------------------

// Item `part` of `parts`: streams *first..*last-1.
static void streams_of(const struct batch *batch, size_t part, size_t *first, size_t *last)
{
    size_t parts = pool_threads(batch->pool);
    *first = batch->streams * part / parts;
    *last = batch->streams * (part + 1) / parts;
}

static float square(const float *x, size_t width)
{
    float sum = 0;
    kernels->rows_times(&sum, x, memory_row(width), 1, x, width);
    return sum;
}

// The layer that a step starts from, if it is not simply the last one.
static void fill_before(struct batch *batch, size_t r)
{
    size_t row = batch->network->hidden_row;
    float *before = batch->own_before + r * row;
    memcpy(before, batch->hidden + r * row, row * sizeof *before);
    if (r >= batch->streams && ends_sentence(batch, r - batch->streams))
        for (size_t i = 0; i < batch->network->shape.hidden; i++)
            before[i] = STATE_INDEPENDENT;
}

static void fill_embedding(struct batch *batch, size_t r)
{
    size_t row = batch->network->hidden_row;
    float *to = batch->hidden + (r + batch->streams) * row;
    if (batch->word[r] >= 0)
        memcpy(to, batch->network->embedding + (size_t)batch->word[r] * row, row * sizeof *to);
    else
        memset(to, 0, row * sizeof *to);
}

static void run_streams(void *context, size_t worker, size_t item)
{
    struct batch *batch = context;
    const struct batch_matrix *matrix = &batch->matrix[0];
    size_t first, last, row = matrix->stride, width = matrix->width, streams = batch->streams;
    (void)worker;
    streams_of(batch, item, &first, &last);
    for (size_t t = 0; t < batch->steps_now; t++) {
        size_t begin = t * streams + first, end = t * streams + last;
        float *after = batch->hidden + (begin + streams) * row;
        for (size_t r = begin; r < end; r++) {
            fill_embedding(batch, r);
            if (batch->own_before != NULL)
                fill_before(batch, r);
        }
        kernels->products(after, row, last - first, batch->before + begin * row, row, 1,
                          matrix->transposed, matrix->transposed_row, width, width);
        for (size_t r = begin; r < end; r++, after += row) {
            kernels->sigmoid(after, width);
            batch->norm_before[r] = square(batch->before + r * row, width);
            batch->norm_hidden[r] = square(after, width);
        }
    }
}

static void compress(struct batch *batch, size_t first, size_t count)
{
    const struct batch_matrix *matrix = &batch->matrix[2];
    size_t row = batch->network->output_row, width = batch->network->shape.compression;
    float *out = batch->compressed + first * row;
    memset(out, 0, count * row * sizeof *out);
    kernels->products(out, row, count, matrix->input + first * matrix->stride, matrix->stride, 1,
                      matrix->transposed, matrix->transposed_row, matrix->width, width);
    for (size_t i = 0; i < count; i++) {
        kernels->sigmoid(out + i * row, width);
        batch->norm_compressed[first + i] = square(out + i * row, width);
    }
}

// Logits to probabilities to errors; returns the target's probability.
static double softmax_errors(float *e, size_t n, size_t target)
{
    kernels->softmax(e, n);
    double prob = (double)e[target];
    for (size_t i = 0; i < n; i++)
        e[i] = -e[i];
    e[target] += 1;
    return prob;
}

static void class_errors(struct batch *batch, size_t r)
{
    const struct network *network = batch->network;
    float *e = batch->class_error + r * batch->class_row;
    if (batch->target[r] < 0) {
        memset(e, 0, batch->class_row * sizeof *e);
        return;
    }
    if (batch->history != NULL) {
        struct maxent_features *features = &batch->class_features[r];
        maxent_class_features(network, batch->history + (r + batch->streams) * MAXENT_MOST_ORDER,
                              features);
        maxent_add(network, features, e, network->shape.classes);
    }
    batch->prob[r] = softmax_errors(e, network->shape.classes, class_of(batch, r));
}

static size_t chunks(const struct batch *batch)
{
    return (batch->rows_now + CHUNK_ROWS - 1) / CHUNK_ROWS;
}

static size_t chunk_rows(const struct batch *batch, size_t first)
{
    return batch->rows_now - first < CHUNK_ROWS ? batch->rows_now - first : CHUNK_ROWS;
}

// Compression layer, classes, and their errors down to the output layer's input, for a chunk of
// rows.
static void run_classes(void *context, size_t worker, size_t item)
{
    struct batch *batch = context;
    const struct batch_matrix *matrix = &batch->matrix[1];
    size_t first = item * CHUNK_ROWS, count = chunk_rows(batch, first), row = matrix->stride;
    float *e = batch->class_error + first * batch->class_row;
    float *below = batch->below + first * row;
    (void)worker;
    if (batch->compressed != NULL)
        compress(batch, first, count);
    memset(e, 0, count * batch->class_row * sizeof *e);
    kernels->products(e, batch->class_row, count, batch->input + first * row, row, 1,
                      matrix->transposed, matrix->transposed_row, matrix->width, matrix->count);
    for (size_t i = 0; i < count; i++)
        class_errors(batch, first + i);
    memset(below, 0, count * row * sizeof *below);
    kernels->products(below, row, count, e, batch->class_row, 1, matrix->rows, row, matrix->count,
                      matrix->width);
}

static void word_errors(struct batch *batch, size_t k, size_t slot, float *e)
{
    const struct network *network = batch->network;
    size_t r = batch->slot_row[slot], n = words_of_class(batch, k);
    if (batch->history != NULL) {
        struct maxent_features *features = &batch->word_features[r];
        maxent_word_features(network, batch->history + (r + batch->streams) * MAXENT_MOST_ORDER, k,
                             features);
        maxent_add(network, features, e, n);
    }
    batch->prob[r] *= softmax_errors(e, n, (size_t)(batch->target[r] - network->classes.begin[k]));
}

static float cutoff(const struct batch *batch)
{
    float wanted = batch->rule.gradient_cutoff;
    return wanted > 0 && wanted < SAFE_CUTOFF ? wanted : SAFE_CUTOFF;
}

static void add_below(struct batch *batch, size_t slot)
{
    size_t row = batch->network->output_row, width = batch->network->output_width;
    float *to = batch->below + batch->slot_row[slot] * row;
    kernels->scale_add(to, batch->slot_below + slot * row, width, 1, 1);
    kernels->clamp(to, width, cutoff(batch));
}

// The words of a class for some of its slots: errors, and where all slots are there the step too,
// while the rows are in the cache.
static void run_words(void *context, size_t worker, size_t item)
{
    struct batch *batch = context;
    const struct batch_share *share = &batch->share[item];
    const struct network *network = batch->network;
    size_t k = share->class, n = words_of_class(batch, k), error_row = memory_row(n);
    size_t row = network->output_row, width = network->output_width;
    const float *rows = network->output + (size_t)network->classes.begin[k] * row;
    float *e = batch->word_error + batch->errors_begin[k] +
               (share->first - batch->class_begin[k]) * error_row;
    float *input = batch->slot_input + share->first * row;
    float *below = batch->slot_below + share->first * row;
    (void)worker;
    for (size_t i = 0; i < share->count; i++)
        memcpy(input + i * row, batch->input + batch->slot_row[share->first + i] * row,
               row * sizeof *input);
    memset(e, 0, share->count * error_row * sizeof *e);
    memset(below, 0, share->count * row * sizeof *below);
    kernels->rows_times_many(e, error_row, rows, row, n, input, row, share->count, width);
    for (size_t i = 0; i < share->count; i++)
        word_errors(batch, k, share->first + i, e + i * error_row);
    kernels->products(below, row, share->count, e, error_row, 1, rows, row, n, width);
    for (size_t i = 0; i < share->count; i++)
        add_below(batch, share->first + i);
    if (share->whole)
        batch_move_words(batch, k, 0, n);
}

// ---- backward ---------------------------------------------------------------------------------

static void run_compression_back(void *context, size_t worker, size_t item)
{
    struct batch *batch = context;
    const struct batch_matrix *matrix = &batch->matrix[2];
    size_t first = item * CHUNK_ROWS, count = chunk_rows(batch, first), row = matrix->error_row;
    float *below = batch->below + first * row;
    float *error = batch->error + first * matrix->stride;
    (void)worker;
    for (size_t i = 0; i < count; i++)
        kernels->sigmoid_error(below + i * row, batch->compressed + (first + i) * row,
                               matrix->count);
    memset(error, 0, count * matrix->stride * sizeof *error);
    kernels->products(error, matrix->stride, count, below, row, 1, matrix->rows, matrix->stride,
                      matrix->count, matrix->width);
    kernels->clamp(error, count * matrix->stride, cutoff(batch));
}

// Errors of the streams' next step as far as they reach this one.
static const float *errors_from_next(struct batch *batch, size_t begin, size_t count,
                                     float *scratch)
{
    size_t row = batch->network->hidden_row;
    const float *next = batch->error + (begin + batch->streams) * row;
    if (!batch->rule.independent)
        return next;
    memcpy(scratch, next, count * row * sizeof *scratch);
    for (size_t i = 0; i < count; i++)
        if (ends_sentence(batch, begin + i))
            memset(scratch + i * row, 0, row * sizeof *scratch);
    return scratch;
}

static void run_streams_back(void *context, size_t worker, size_t item)
{
    struct batch *batch = context;
    const struct batch_matrix *matrix = &batch->matrix[0];
    size_t first, last, row = matrix->stride, width = matrix->width, streams = batch->streams;
    streams_of(batch, item, &first, &last);
    size_t count = last - first;
    for (size_t t = batch->steps_now; t-- > 0;) {
        size_t begin = t * streams + first;
        float *e = batch->error + begin * row;
        if (batch->rule.through_time && t + 1 < batch->steps_now) {
            const float *next = errors_from_next(batch, begin, count, batch->scratch[worker]);
            kernels->products(e, row, count, next, row, 1, matrix->rows, row, width, width);
            kernels->clamp(e, count * row, cutoff(batch));
        }
        for (size_t i = 0; i < count; i++)
            kernels->sigmoid_error(e + i * row, batch->hidden + (begin + i + streams) * row, width);
    }
}

// ---- a block ----------------------------------------------------------------------------------

// The layers and histories after the block are those before the next.
static void carry_over(struct batch *batch)
{
    size_t streams = batch->streams, rows = batch->rows_now, row = batch->network->hidden_row;
    memcpy(batch->hidden, batch->hidden + rows * row, streams * row * sizeof *batch->hidden);
    if (batch->history != NULL)
        memcpy(batch->history, batch->history + rows * MAXENT_MOST_ORDER,
               streams * MAXENT_MOST_ORDER * sizeof *batch->history);
    for (size_t b = 0; b < streams; b++)
        if (ends_sentence(batch, rows - streams + b))
            batch_start(batch, b, STATE_INDEPENDENT, NULL);
}

bool batch_learn(struct batch *batch, size_t steps, double *log10_prob, struct error *error)
{
    struct pool *pool = batch->pool;
    size_t threads = pool_threads(pool);
    batch->steps_now = steps;
    batch->rows_now = steps * batch->streams;
    sort_by_class(batch);
    if (!share_classes(batch, error))
        return false;
    sort_by_word(batch);
    if (batch->history != NULL)
        fill_histories(batch);
    pool_run(pool, run_streams, batch, threads);
    pool_run(pool, run_classes, batch, chunks(batch));
    pool_run(pool, run_words, batch, batch->shares);
    if (batch->compressed != NULL)
        pool_run(pool, run_compression_back, batch, chunks(batch));
    pool_run(pool, run_streams_back, batch, threads);
    pool_run(pool, batch_move, batch, batch_moves(batch));
    for (size_t r = 0; r < batch->rows_now; r++)
        if (batch->target[r] >= 0)
            *log10_prob += log10(batch->prob[r]);
    carry_over(batch);
    return true;
}
