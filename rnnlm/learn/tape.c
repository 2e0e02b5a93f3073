// The tape of a network along text.
#include "learn/tape.h"

#include <stdlib.h>
#include <string.h>

#include "base/kernels.h"
#include "base/memory.h"
#include "text/vocabulary.h"

// ---- memory -----------------------------------------------------------------------------------

static float *rows_of(size_t count, size_t row, bool *ok, struct error *error)
{
    size_t bytes;
    if (!*ok)
        return NULL;
    *ok = !__builtin_mul_overflow(row, sizeof(float), &bytes);
    float *rows = *ok ? memory_new(count, bytes, error) : NULL;
    *ok = rows != NULL;
    return rows;
}

// Rows 2i and 2i + 1 of what gradients are products of, as pairs: each with the stride of the floats.
static void init_pairs(struct tape *tape, size_t l, bool *ok, struct error *error)
{
    struct tape_layer *own = &tape->layer[l];
    const struct layer *layer = own->layer;
    size_t pairs = (tape->streams * tape->steps + 1) / 2;
    bool recurrent = layer_map(layer, MAP_STATE) != NULL;
    if (recurrent || (l > 0 && layer_map(layer, MAP_INPUT) != NULL))
        own->delta_pairs = (uint32_t *)rows_of(pairs, own->delta_row, ok, error);
    if (recurrent)
        own->before_pairs = (uint32_t *)rows_of(pairs, own->width, ok, error);
    if (l + 1 < tape->network->shape.layers)
        own->out_pairs = (uint32_t *)rows_of(pairs, own->width, ok, error);
}

static bool init_layer(struct tape *tape, size_t l, struct error *error)
{
    const struct layer *layer = &tape->network->layer[l];
    struct tape_layer *own = &tape->layer[l];
    size_t rows = tape->streams * tape->steps;
    bool ok = true, through = layer->type->state > 0;
    own->layer = layer;
    own->width = layer->row * (through ? layer->type->state : 1);
    own->after = rows_of(rows + tape->streams, own->width, &ok, error);
    own->error = rows_of(rows, own->width, &ok, error);
    if (!layer->type->in_place)
        own->sums = rows_of(rows, layer->sums_row, &ok, error);
    own->delta = layer->type->in_place ? own->error : own->sums;
    if (!layer->type->in_place && !tape->batches) // passes overlap: sums are wanted again
        own->delta = rows_of(rows, layer->sums_row, &ok, error);
    own->delta_row = layer->type->in_place ? own->width : layer->sums_row;
    if (layer_map(layer, MAP_DIAGONAL) != NULL)
        own->diagonal = rows_of(rows, layer_map(layer, MAP_DIAGONAL)->stride, &ok, error);
    if (through && tape->independent && tape->batches)
        own->own_before = rows_of(rows, own->width, &ok, error);
    if (tape->norms) {
        own->norm = rows_of(rows + tape->streams, 1, &ok, error);
        own->norm_before = own->norm;
        if (own->own_before != NULL || layer->vector_at[MAP_STATE] > 0)
            own->norm_before = rows_of(rows, 1, &ok, error);
    }
    if (tape->halves)
        init_pairs(tape, l, &ok, error);
    own->before = own->own_before != NULL ? own->own_before : own->after;
    if (own->delta_row > tape->scratch_row)
        tape->scratch_row = own->delta_row;
    if (own->after != NULL)
        own->out = own->after + tape->streams * own->width;
    if (own->norm != NULL)
        own->out_norm = own->norm + tape->streams;
    return ok;
}

static bool init_columns(struct tape *tape, struct error *error)
{
    const struct network *network = tape->network;
    bool ok = true;
    tape->columns = memory_new(network->parameters, sizeof *tape->columns, error);
    for (size_t i = 0; tape->columns != NULL && ok && i < network->parameters; i++)
        if (network->parameter[i].use == PARAMETER_EACH_WORD)
            ok = columns_init(&tape->columns[i], &network->parameter[i],
                              tape->halves ? COLUMNS_PAIRS_BOTH_WAYS : COLUMNS_FLOATS, error);
    return tape->columns != NULL && ok;
}

bool tape_init(struct tape *tape, struct network *network, size_t streams, size_t steps,
               bool batches, bool independent, bool norms, bool halves, struct error *error)
{
    size_t rows;
    memset(tape, 0, sizeof *tape);
    tape->network = network;
    tape->streams = streams;
    tape->steps = steps;
    tape->batches = batches;
    tape->independent = independent;
    tape->norms = norms;
    tape->halves = halves;
    tape->scratch_row = network_widest(network);
    if (__builtin_mul_overflow(streams, steps + 1, &rows) || rows > INT32_MAX)
        return error_set(error, "%zu streams by %zu steps: found more than %d words a block",
                         streams, steps, INT32_MAX);
    tape->word = memory_new(streams * steps, sizeof *tape->word, error);
    tape->target = memory_new(streams * steps, sizeof *tape->target, error);
    tape->restart = memory_new(network->state, sizeof *tape->restart, error);
    tape->layer = memory_new(network->shape.layers, sizeof *tape->layer, error);
    bool ok =
        tape->word != NULL && tape->target != NULL && tape->restart != NULL && tape->layer != NULL;
    for (size_t l = 0; ok && l < network->shape.layers; l++)
        ok = init_layer(tape, l, error);
    if (!ok)
        return false;
    state_values(network, STATE_SENTENCE, NULL, tape->restart);
    return !batches || init_columns(tape, error);
}

static void free_factors(struct tape *tape)
{
    for (size_t i = 0; tape->dropped != NULL && i < tape->network->parameters; i++)
        parameter_free(&tape->dropped[i]);
    for (size_t i = 0; tape->weight_factor != NULL && i < tape->network->parameters; i++)
        free(tape->weight_factor[i]);
    free(tape->dropped);
    free(tape->weight_factor);
    free(tape->word_factor);
    free(tape->kept_word);
}

void tape_free(struct tape *tape)
{
    for (size_t l = 0; tape->layer != NULL && l < tape->network->shape.layers; l++) {
        struct tape_layer *own = &tape->layer[l];
        if (own->norm_before != own->norm)
            free(own->norm_before);
        free(own->after);
        free(own->own_before);
        free(own->error);
        if (own->delta != own->error && own->delta != own->sums)
            free(own->delta);
        free(own->sums);
        free(own->norm);
        free(own->diagonal);
        free(own->delta_pairs);
        free(own->before_pairs);
        free(own->out_pairs);
        free(own->own_out);
        free(own->own_out_norm);
        free(own->mask);
    }
    for (size_t i = 0; tape->columns != NULL && i < tape->network->parameters; i++)
        columns_free(&tape->columns[i]);
    free_factors(tape);
    free(tape->columns);
    free(tape->layer);
    free(tape->restart);
    free(tape->word);
    free(tape->target);
    memset(tape, 0, sizeof *tape);
}

void tape_use_streams(struct tape *tape, size_t streams)
{
    for (size_t l = 0; l < tape->network->shape.layers; l++) {
        struct tape_layer *own = &tape->layer[l];
        if (own->masks == tape->streams) // one for each
            own->masks = streams;
        if (own->own_out != NULL)
            continue;
        own->out = own->after + streams * own->width;
        own->out_norm = own->norm != NULL ? own->norm + streams : NULL;
    }
    tape->streams = streams;
}

// ---- states -----------------------------------------------------------------------------------

static float square(const float *x, size_t width)
{
    float sum = 0;
    kernels->rows_times(&sum, x, memory_row(width), 1, x, width);
    return sum;
}

void tape_set_start(struct tape *tape, size_t b, const float *value)
{
    for (size_t l = 0; l < tape->network->advanced; l++) {
        struct tape_layer *own = &tape->layer[l];
        float *after = own->after + b * own->width;
        if (own->layer->floats > 0)
            memcpy(after, value + own->layer->at, own->width * sizeof *after);
        if (own->norm != NULL)
            own->norm[b] = square(after, own->layer->units);
    }
}

void tape_get_after(const struct tape *tape, size_t row, float *value)
{
    for (size_t l = 0; l < tape->network->advanced; l++) {
        const struct tape_layer *own = &tape->layer[l];
        if (own->layer->floats > 0)
            memcpy(value + own->layer->at, own->after + (row + tape->streams) * own->width,
                   own->width * sizeof *value);
    }
}

bool tape_ends_sentence(const struct tape *tape, size_t row)
{
    return tape->independent && tape->target[row] == WORD_END;
}

// ---- forward ----------------------------------------------------------------------------------

// x = y times factors
static void times(float *x, const float *y, const float *factor, size_t n)
{
    for (size_t i = 0; i < n; i++)
        x[i] = y[i] * factor[i];
}

// The factors of the units of a row.
static const float *mask_of(const struct tape_layer *own, size_t row)
{
    return own->mask + row % own->masks * own->layer->row;
}

static const struct columns *columns_of(const struct tape *tape, const struct parameter *map)
{
    return &tape->columns[map - tape->network->parameter];
}

// out[i] += the map times in[i], for i < n; word by word n is 1.
static void multiply(const struct tape *tape, const struct parameter *map, size_t n,
                     const float *in, size_t in_row, float *out, size_t out_row)
{
    if (tape->batches)
        columns_multiply_rows(out, out_row, columns_of(tape, map), in, in_row, n);
    else
        linear_add_products(map, 0, map->rows, in, out);
}

// Where the sums of a row go, and how far one row's are from the next's.
static float *sums_at(const struct tape *tape, const struct tape_layer *own, size_t row)
{
    return own->sums != NULL ? own->sums + row * own->delta_row
                             : own->after + (row + tape->streams) * own->width;
}

static size_t sums_row(const struct tape_layer *own)
{
    return own->sums != NULL ? own->delta_row : own->width;
}

// The state that a row starts from, if it is not simply the last one.
static void fill_before(struct tape *tape, struct tape_layer *own, size_t r)
{
    size_t bytes = own->width * sizeof(float);
    float *before = own->own_before + r * own->width;
    bool anew = r >= tape->streams && tape_ends_sentence(tape, r - tape->streams);
    memcpy(before, anew ? tape->restart + own->layer->at : own->after + r * own->width, bytes);
}

// The bias, and at the bottom the word.
static void begin_sums(const struct tape *tape, const struct tape_layer *own, size_t row)
{
    const struct layer *layer = own->layer;
    const struct parameter *bias = layer_map(layer, MAP_ONE), *input = layer_map(layer, MAP_INPUT);
    float *sums = sums_at(tape, own, row);
    bool word = layer->bottom && tape->word[row] >= 0;
    size_t next = row + tape->streams; // of the same stream
    if (word && tape->batches && next < tape->streams * tape->steps && tape->word[next] >= 0)
        linear_fetch_rows(input, (size_t)tape->word[next], 1);
    memset(sums, 0, layer->sums_row * sizeof *sums);
    if (word)
        memcpy(sums + layer->sums_at[MAP_INPUT], parameter_row(input, (size_t)tape->word[row]),
               input->width * sizeof *sums);
    for (size_t i = 0; word && tape->word_factor != NULL && i < layer->sums_row; i++)
        sums[i] *= tape->word_factor[row];
    if (bias != NULL)
        linear_add_row(bias, 0, sums + layer->sums_at[MAP_ONE]);
}

void tape_inputs(struct tape *tape, size_t l, struct tape_rows rows)
{
    struct tape_layer *own = &tape->layer[l];
    const struct tape_layer *below = own - 1;
    for (size_t r = rows.begin; r < rows.begin + rows.count; r++)
        begin_sums(tape, own, r);
    multiply(tape, layer_map(own->layer, MAP_INPUT), rows.count,
             below->out + rows.begin * below->width, below->width,
             sums_at(tape, own, rows.begin) + own->layer->sums_at[MAP_INPUT], sums_row(own));
}

// Sums of a row += the part of a diagonal.
static void add_diagonals(const struct tape *tape, const struct tape_layer *own, size_t r)
{
    const struct layer *layer = own->layer;
    linear_add_diagonals(layer_map(layer, MAP_DIAGONAL),
                         own->before + r * own->width + layer->vector_at[MAP_DIAGONAL],
                         layer->units, sums_at(tape, own, r) + layer->sums_at[MAP_DIAGONAL]);
}

// What goes up of a row.
static void hand_up(struct tape_layer *own, size_t r, const float *after)
{
    float *out = own->own_out + r * own->width;
    times(out, after, mask_of(own, r), own->layer->units);
    if (own->own_out_norm != NULL)
        own->own_out_norm[r] = square(out, own->layer->units);
}

void tape_forward(struct tape *tape, size_t l, struct tape_rows rows, bool inputs_done)
{
    struct tape_layer *own = &tape->layer[l];
    const struct layer *layer = own->layer;
    const struct parameter *recurrent = layer_map(layer, MAP_STATE);
    if (!inputs_done && l > 0)
        tape_inputs(tape, l, rows);
    for (size_t r = rows.begin; r < rows.begin + rows.count; r++) {
        if (l == 0)
            begin_sums(tape, own, r);
        if (own->own_before != NULL)
            fill_before(tape, own, r);
        if (own->norm_before != own->norm)
            own->norm_before[r] =
                square(own->before + r * own->width + layer->vector_at[MAP_STATE], layer->units);
        if (own->diagonal != NULL)
            add_diagonals(tape, own, r);
    }
    if (recurrent != NULL)
        multiply(tape, recurrent, rows.count,
                 own->before + rows.begin * own->width + layer->vector_at[MAP_STATE], own->width,
                 sums_at(tape, own, rows.begin) + layer->sums_at[MAP_STATE], sums_row(own));
    for (size_t r = rows.begin; r < rows.begin + rows.count; r++) {
        float *after = own->after + (r + tape->streams) * own->width;
        layer->type->forward(layer, sums_at(tape, own, r),
                             layer->type->state > 0 ? own->before + r * own->width : NULL, after);
        if (own->norm != NULL)
            own->norm[r + tape->streams] = square(after, layer->units);
        if (own->mask != NULL)
            hand_up(own, r, after);
    }
}

// ---- backward ---------------------------------------------------------------------------------

// A matrix with the weights that it has on this tape.
static const struct parameter *weights_of(const struct tape *tape, const struct parameter *map)
{
    size_t i = (size_t)(map - tape->network->parameter);
    return tape->dropped != NULL && tape->dropped[i].data != NULL ? &tape->dropped[i] : map;
}

// Word by word each part of an error is bounded before it is added, as the reference has it; in
// batches their sum, which is cheaper.
static void add_back(const struct tape *tape, const struct parameter *map, size_t n,
                     const float *delta, size_t delta_row, float *error, size_t error_row,
                     float *scratch)
{
    if (tape->batches) {
        columns_errors(columns_of(tape, map), weights_of(tape, map), 0, map->rows, delta, delta_row,
                       n, error, error_row);
        for (size_t i = 0; i < n && tape->cutoff > 0; i++)
            kernels->clamp(error + i * error_row, map->width, tape->cutoff);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        memset(scratch, 0, memory_row(map->width) * sizeof *scratch);
        linear_add_error(map, delta + i * delta_row, scratch);
        if (tape->cutoff > 0)
            kernels->clamp(scratch, map->width, tape->cutoff);
        kernels->scale_add(error + i * error_row, scratch, map->width, 1, 1);
    }
}

// The same through a diagonal.
static void add_back_diagonals(const struct tape *tape, const struct layer *layer, size_t n,
                               const float *delta, size_t delta_row, float *error, size_t error_row,
                               float *scratch)
{
    const struct parameter *map = layer_map(layer, MAP_DIAGONAL);
    for (size_t i = 0; i < n; i++) {
        float *to = tape->batches ? error + i * error_row : scratch;
        if (!tape->batches)
            memset(scratch, 0, layer->row * sizeof *scratch);
        linear_add_diagonal_error(map, delta + i * delta_row, layer->units, to);
        if (tape->cutoff > 0)
            kernels->clamp(to, layer->units, tape->cutoff);
        if (!tape->batches)
            kernels->scale_add(error + i * error_row, scratch, layer->units, 1, 1);
    }
}

// Deltas of the streams' next step as far as they reach this one.
static const float *deltas_from_next(const struct tape *tape, const struct tape_layer *own,
                                     struct tape_rows rows, float *scratch)
{
    size_t row = own->delta_row;
    const float *next = own->delta + (rows.begin + tape->streams) * row;
    if (!tape->independent || !tape->batches)
        return next;
    memcpy(scratch, next, rows.count * row * sizeof *scratch);
    for (size_t i = 0; i < rows.count; i++)
        if (tape_ends_sentence(tape, rows.begin + i))
            memset(scratch + i * row, 0, row * sizeof *scratch);
    return scratch;
}

// What comes through maps from the streams' next step. One row at a time needs no copy of deltas,
// and so has `scratch` for the rest.
static void add_errors_from_next(const struct tape *tape, const struct tape_layer *own,
                                 struct tape_rows rows, float *scratch)
{
    const struct layer *layer = own->layer;
    const struct parameter *recurrent = layer_map(layer, MAP_STATE);
    float *error = own->error + rows.begin * own->width;
    if (recurrent == NULL && own->diagonal == NULL)
        return;
    const float *delta = deltas_from_next(tape, own, rows, scratch);
    if (recurrent != NULL)
        add_back(tape, recurrent, rows.count, delta + layer->sums_at[MAP_STATE], own->delta_row,
                 error + layer->vector_at[MAP_STATE], own->width, scratch);
    if (own->diagonal != NULL)
        add_back_diagonals(tape, layer, rows.count, delta + layer->sums_at[MAP_DIAGONAL],
                           own->delta_row, error + layer->vector_at[MAP_DIAGONAL], own->width,
                           scratch);
}

static void keep_diagonal(const struct tape_layer *own, size_t r)
{
    const struct layer *layer = own->layer;
    const struct parameter *map = layer_map(layer, MAP_DIAGONAL);
    linear_diagonal_gradient(map, own->delta + r * own->delta_row + layer->sums_at[MAP_DIAGONAL],
                             own->before + r * own->width + layer->vector_at[MAP_DIAGONAL],
                             layer->units, own->diagonal + r * map->stride);
}

void tape_backward(struct tape *tape, size_t l, struct tape_rows rows, bool next, bool earlier,
                   float *scratch)
{
    struct tape_layer *own = &tape->layer[l];
    const struct layer *layer = own->layer;
    // What a state carries on by itself begins with its output, or behind it.
    size_t own_way = layer->type->output_carried ? 0 : layer->row;
    float *error = own->error + rows.begin * own->width;
    if (next)
        add_errors_from_next(tape, own, rows, scratch);
    for (size_t i = 0; i < rows.count; i++) {
        size_t r = rows.begin + i;
        bool carried = earlier && own->width > own_way && r >= tape->streams &&
                       !tape_ends_sentence(tape, r - tape->streams);
        float *d_before = carried ? own->error + (r - tape->streams) * own->width : NULL;
        float *delta = own->sums != NULL ? own->delta + r * own->delta_row : NULL;
        if (own->sums != NULL && own->delta != own->sums)
            memcpy(delta, own->sums + r * own->delta_row, own->delta_row * sizeof *delta);
        layer->type->backward(
            layer, delta, layer->type->state > 0 ? own->before + r * own->width : NULL,
            own->after + (r + tape->streams) * own->width, error + i * own->width, d_before);
        if (carried && tape->cutoff > 0)
            kernels->clamp(d_before + own_way, own->width - own_way, tape->cutoff);
        if (own->diagonal != NULL)
            keep_diagonal(own, r);
    }
}

void tape_errors_out(struct tape *tape, size_t l, struct tape_rows rows)
{
    struct tape_layer *own = &tape->layer[l];
    for (size_t r = rows.begin; own->mask != NULL && r < rows.begin + rows.count; r++) {
        float *error = own->error + r * own->width;
        times(error, error, mask_of(own, r), own->layer->units);
    }
}

void tape_errors_below(struct tape *tape, size_t l, struct tape_rows rows, float *scratch)
{
    const struct tape_layer *own = &tape->layer[l];
    struct tape_layer *below = &tape->layer[l - 1];
    add_back(tape, layer_map(own->layer, MAP_INPUT), rows.count,
             own->delta + rows.begin * own->delta_row + own->layer->sums_at[MAP_INPUT],
             own->delta_row, below->error + rows.begin * below->width, below->width, scratch);
    tape_errors_out(tape, l - 1, rows);
}

// ---- gradients --------------------------------------------------------------------------------

void tape_pair(struct tape *tape, size_t l, struct tape_rows rows)
{
    struct tape_layer *own = &tape->layer[l];
    const struct layer *layer = own->layer;
    size_t at = rows.begin / 2, width = layer->units;
    size_t vector = layer->vector_at[MAP_STATE];
    if (own->delta_pairs != NULL)
        kernels->pair_rows(own->delta_pairs + at * own->delta_row, own->delta_row,
                           own->delta + rows.begin * own->delta_row, own->delta_row, rows.count,
                           own->delta_row);
    if (own->before_pairs != NULL)
        kernels->pair_rows(own->before_pairs + at * own->width + vector, own->width,
                           own->before + rows.begin * own->width + vector, own->width, rows.count,
                           width);
    if (own->out_pairs != NULL)
        kernels->pair_rows(own->out_pairs + at * own->width, own->width,
                           own->out + rows.begin * own->width, own->width, rows.count, width);
}

// A gradient's factors once more, as pairs; those of rows from the first on.
static void add_pairs(const struct tape_layer *own, struct gradient *gradient, enum map_source from,
                      const uint32_t *right)
{
    gradient->left_pairs = own->delta_pairs + own->layer->sums_at[from] + gradient->first;
    gradient->right_pairs = right;
}

void tape_gradient(const struct tape *tape, size_t l, size_t m, struct tape_rows rows, size_t known,
                   size_t first, size_t count, struct gradient *gradient)
{
    const struct tape_layer *own = &tape->layer[l], *below = l > 0 ? own - 1 : NULL;
    const struct layer *layer = own->layer;
    const struct parameter *map = layer->map[m];
    enum map_source from = layer->type->map[m].from;
    const float *delta = own->delta + layer->sums_at[from];
    *gradient = (struct gradient){.parameter = (size_t)(map - tape->network->parameter),
                                  .form = GRADIENT_PRODUCTS,
                                  .first = first,
                                  .count = count,
                                  .terms = rows.count,
                                  .left = delta + rows.begin * own->delta_row + first,
                                  .left_stride = own->delta_row};
    switch (from) {
    case MAP_ONE:
        gradient->form = GRADIENT_SUM;
        gradient->right = delta + rows.begin * own->delta_row;
        gradient->right_stride = own->delta_row;
        break;
    case MAP_DIAGONAL:
        gradient->form = GRADIENT_SUM;
        gradient->terms = known;
        gradient->right = own->diagonal + (rows.begin + rows.count - known) * map->stride;
        gradient->right_stride = map->stride;
        break;
    case MAP_STATE:
        rows.begin += rows.count - known;
        gradient->terms = known;
        gradient->left = delta + rows.begin * own->delta_row + first;
        gradient->right = own->before + rows.begin * own->width + layer->vector_at[MAP_STATE];
        gradient->right_stride = own->width;
        gradient->norm = own->norm_before != NULL ? own->norm_before + rows.begin : NULL;
        if (tape->halves)
            add_pairs(own, gradient, from, own->before_pairs + layer->vector_at[MAP_STATE]);
        break;
    case MAP_INPUT:
        gradient->right = below->out + rows.begin * below->width;
        gradient->right_stride = below->width;
        gradient->norm = below->out_norm != NULL ? below->out_norm + rows.begin : NULL;
        if (tape->halves)
            add_pairs(own, gradient, from, below->out_pairs);
        break;
    }
    const float *factor =
        tape->weight_factor != NULL ? tape->weight_factor[gradient->parameter] : NULL;
    if (factor != NULL) {
        gradient->factor = factor + first * map->stride;
        gradient->most = tape->kept_weight;
    }
}
