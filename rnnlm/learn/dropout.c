// Dropout: where factors are wanted, and how they are drawn.
#include "learn/dropout.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/random.h"

// Rows of masks, and of matrices, that are drawn together; numbers that are drawn at a time.
enum { ITEM_MASKS = 8, ITEM_ROWS = 16, NUMBERS = 64, PER_DRAW = 4 };

enum kind { UNITS, WEIGHTS, WORDS };

// ---- numbers ----------------------------------------------------------------------------------

static uint64_t key_of(const struct dropout *dropout, enum kind kind, size_t which, size_t row)
{
    uint64_t key = random_mix(dropout->rule.seed + RANDOM_STEP);
    key = random_mix(key + RANDOM_STEP + dropout->block);
    key = random_mix(key + RANDOM_STEP + (uint64_t)kind);
    key = random_mix(key + RANDOM_STEP + which);
    return random_mix(key + RANDOM_STEP + row);
}

// Of 2^16 numbers, those below are left out.
static uint16_t threshold_of(float share)
{
    return (uint16_t)lrintf(share * 65536);
}

static float kept_factor(float share)
{
    return 65536 / (float)(65536 - threshold_of(share));
}

// SplitMix64 (base/random.h), each number of which is four of 16 bits.
static void draw_row(float *factor, size_t n, float share, uint64_t key)
{
    uint64_t drawn[NUMBERS / PER_DRAW];
    uint16_t number[NUMBERS], threshold = threshold_of(share);
    float kept = kept_factor(share);
    for (size_t at = 0; at < n; at += NUMBERS) {
        size_t count = n - at < NUMBERS ? n - at : NUMBERS;
        for (size_t i = 0; i < NUMBERS / PER_DRAW; i++)
            drawn[i] = random_mix(key += RANDOM_STEP);
        memcpy(number, drawn, sizeof number);
        for (size_t i = 0; i < count; i++)
            factor[at + i] = number[i] < threshold ? 0 : kept;
    }
}

// ---- what is dropped --------------------------------------------------------------------------

static bool has_input(const struct network_shape *shape)
{
    return shape->layers > 1 && shape->layer[0].type->state == 0;
}

static float share_of_units(const struct dropout_rule *rule, const struct network_shape *shape,
                            size_t l)
{
    if (l + 1 == shape->layers)
        return rule->output;
    return l == 0 && has_input(shape) ? rule->input : rule->layers;
}

static bool has_recurrent_weights(const struct network_shape *shape)
{
    for (size_t l = 0; l < shape->layers; l++)
        for (const struct linear_map *map = shape->layer[l].type->map; map->name != NULL; map++)
            if (map->from == MAP_STATE)
                return true;
    return false;
}

bool dropout_wanted(const struct dropout_rule *rule)
{
    return rule->words > 0 || rule->input > 0 || rule->layers > 0 || rule->output > 0 ||
           rule->recurrent > 0;
}

bool dropout_check(const struct dropout_rule *rule, const struct network_shape *shape,
                   struct error *error)
{
    char layers[SHAPE_TEXT];
    shape_print_layers(shape, layers);
    if (rule->input > 0 && !has_input(shape))
        return error_set(error,
                         "-dropout-input: found layers %s, wanted one at the bottom that carries "
                         "nothing on; -dropout-words drops what others take in",
                         layers);
    if (rule->layers > 0 && shape->layers < (has_input(shape) ? 3 : 2))
        return error_set(error,
                         "-dropout-layers: found layers %s, wanted another above the first; "
                         "-dropout-output drops what the topmost hands to the output",
                         layers);
    return !(rule->recurrent > 0) || has_recurrent_weights(shape) ||
           error_set(error,
                     "-dropout-recurrent: found layers %s, wanted one that has recurrent weights",
                     layers);
}

// ---- memory -----------------------------------------------------------------------------------

static bool init_units(struct tape *tape, const struct dropout_rule *rule, size_t l,
                       struct error *error)
{
    struct tape_layer *own = &tape->layer[l];
    size_t rows = tape->streams * tape->steps;
    if (!(share_of_units(rule, &tape->network->shape, l) > 0))
        return true;
    own->masks = rule->each_word ? rows : tape->streams;
    own->mask = memory_new(own->masks, own->layer->row * sizeof *own->mask, error);
    own->own_out = memory_new(rows, own->width * sizeof *own->own_out, error);
    own->out = own->own_out;
    if (own->norm != NULL)
        own->own_out_norm = memory_new(rows, sizeof *own->own_out_norm, error);
    own->out_norm = own->own_out_norm;
    return own->mask != NULL && own->out != NULL && (own->norm == NULL || own->out_norm != NULL);
}

static bool init_weights(struct tape *tape, const struct parameter *parameter, struct error *error)
{
    size_t i = (size_t)(parameter - tape->network->parameter);
    tape->dropped[i] = *parameter;
    tape->dropped[i].data = NULL;
    tape->weight_factor[i] = memory_new(parameter_count(parameter), sizeof(float), error);
    return parameter_allocate(&tape->dropped[i], error) && tape->weight_factor[i] != NULL;
}

static bool init_recurrent(struct tape *tape, float share, struct error *error)
{
    const struct network *network = tape->network;
    tape->dropped = memory_new(network->parameters, sizeof *tape->dropped, error);
    tape->weight_factor = memory_new(network->parameters, sizeof *tape->weight_factor, error);
    tape->kept_weight = kept_factor(share);
    bool ok = tape->dropped != NULL && tape->weight_factor != NULL;
    for (size_t l = 0; l < network->shape.layers; l++)
        for (size_t m = 0; m < network->layer[l].maps; m++)
            if (ok && network->layer[l].type->map[m].from == MAP_STATE)
                ok = init_weights(tape, network->layer[l].map[m], error);
    return ok;
}

static bool init_words(struct tape *tape, float share, struct error *error)
{
    tape->word_factor = memory_new(tape->streams * tape->steps, sizeof(float), error);
    tape->kept_word = memory_new(tape->scratch_row, sizeof(float), error);
    for (size_t i = 0; tape->kept_word != NULL && i < tape->scratch_row; i++)
        tape->kept_word[i] = kept_factor(share);
    return tape->word_factor != NULL && tape->kept_word != NULL;
}

bool dropout_init(struct dropout *dropout, const struct dropout_rule *rule, struct tape *tape,
                  struct error *error)
{
    bool ok = true;
    *dropout = (struct dropout){
        .rule = *rule, .tape = dropout_wanted(rule) ? tape : NULL, .streams = tape->streams};
    for (size_t l = 0; ok && l < tape->network->shape.layers; l++)
        ok = init_units(tape, rule, l, error);
    if (ok && rule->recurrent > 0)
        ok = init_recurrent(tape, rule->recurrent, error);
    return ok && (!(rule->words > 0) || init_words(tape, rule->words, error));
}

// ---- drawing ----------------------------------------------------------------------------------

static size_t parts(size_t count, size_t size)
{
    return (count + size - 1) / size;
}

// Masks of a layer's units that the block has.
static size_t masks_now(const struct dropout *dropout, const struct tape_layer *own)
{
    return own->masks < dropout->rows ? own->masks : dropout->rows;
}

static size_t layer_items(const struct dropout *dropout, size_t l)
{
    const struct tape_layer *own = &dropout->tape->layer[l];
    return own->mask != NULL ? parts(masks_now(dropout, own), ITEM_MASKS) : 0;
}

// The number of a row among those of all streams.
static size_t place_of(const struct dropout *dropout, size_t row)
{
    size_t own = dropout->tape->streams;
    return row / own * dropout->streams + dropout->first + row % own;
}

static void draw_units(const struct dropout *dropout, size_t l, size_t item)
{
    const struct tape_layer *own = &dropout->tape->layer[l];
    float share = share_of_units(&dropout->rule, &dropout->tape->network->shape, l);
    size_t last = (item + 1) * ITEM_MASKS, most = masks_now(dropout, own);
    for (size_t i = item * ITEM_MASKS; i < last && i < most; i++)
        draw_row(own->mask + i * own->layer->row, own->layer->units, share,
                 key_of(dropout, UNITS, l, place_of(dropout, i)));
}

static size_t weight_items(const struct dropout *dropout, size_t p)
{
    const struct tape *tape = dropout->tape;
    bool any = tape->weight_factor != NULL && tape->weight_factor[p] != NULL;
    return any ? parts(tape->dropped[p].rows, ITEM_ROWS) : 0;
}

// Some rows of a matrix, and their copy in columns.
static void draw_weights(const struct dropout *dropout, size_t p, size_t item)
{
    struct tape *tape = dropout->tape;
    const struct parameter *from = &tape->network->parameter[p], *to = &tape->dropped[p];
    size_t first = item * ITEM_ROWS, left = from->rows - first;
    size_t count = left < ITEM_ROWS ? left : ITEM_ROWS;
    for (size_t i = first; i < first + count; i++) {
        const float *weight = parameter_row(from, i);
        float *dropped = parameter_row(to, i), *factor = tape->weight_factor[p] + i * to->stride;
        draw_row(factor, to->width, dropout->rule.recurrent, key_of(dropout, WEIGHTS, p, i));
        for (size_t j = 0; j < to->width; j++)
            dropped[j] = factor[j] * weight[j];
    }
    columns_fill_rows(&tape->columns[p], to, first, count);
}

static void draw_item(void *context, size_t worker, size_t item)
{
    const struct dropout *dropout = context;
    const struct network *network = dropout->tape->network;
    (void)worker;
    for (size_t l = 0; l < network->shape.layers; l++) {
        if (item < layer_items(dropout, l)) {
            draw_units(dropout, l, item);
            return;
        }
        item -= layer_items(dropout, l);
    }
    for (size_t p = 0; p < network->parameters; p++) {
        if (item < weight_items(dropout, p)) {
            draw_weights(dropout, p, item);
            return;
        }
        item -= weight_items(dropout, p);
    }
}

static void draw_words(const struct dropout *dropout)
{
    const struct tape *tape = dropout->tape;
    for (size_t r = 0; r < dropout->rows; r++)
        if (tape->word[r] >= 0)
            draw_row(&tape->word_factor[r], 1, dropout->rule.words,
                     key_of(dropout, WORDS, 0, (size_t)tape->word[r]));
}

void dropout_draw(struct dropout *dropout, uint64_t block, size_t rows, struct pool *pool)
{
    size_t items = 0;
    if (dropout->tape == NULL)
        return;
    dropout->block = block;
    dropout->rows = rows;
    for (size_t l = 0; l < dropout->tape->network->shape.layers; l++)
        items += layer_items(dropout, l);
    for (size_t p = 0; p < dropout->tape->network->parameters; p++)
        items += weight_items(dropout, p);
    pool_run(pool, draw_item, dropout, items);
    if (dropout->tape->word_factor != NULL)
        draw_words(dropout);
}
