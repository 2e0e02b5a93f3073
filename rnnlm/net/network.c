// Networks: making, initial values, copies.
#include "net/network.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/machine.h"
#include "base/memory.h"
#include "base/random.h"
#include "net/output.h"

// ---- making -----------------------------------------------------------------------------------

static void set_name(struct parameter *parameter, const char *owner, const char *name)
{
    snprintf(parameter->name, sizeof parameter->name, "%.12s.%.16s", owner, name);
}

static struct parameter *add_parameter(struct network *network, enum parameter_use use, size_t rows,
                                       size_t width)
{
    struct parameter *parameter = &network->parameter[network->parameters++];
    *parameter = (struct parameter){.use = use,
                                    .rows = rows,
                                    .width = width,
                                    .stride = parameter_stride(use, PARAMETER_FLOAT, width)};
    return parameter;
}

// A matrix has a row for each sum that it adds to; a table of words has a column for each, and so
// has the one row of a diagonal or a bias.
static void add_map(struct network *network, struct layer *layer, const struct linear_map *map,
                    const char *owner)
{
    static const enum parameter_use uses[MAP_SOURCES] = {[MAP_INPUT] = PARAMETER_EACH_WORD,
                                                         [MAP_STATE] = PARAMETER_EACH_WORD,
                                                         [MAP_DIAGONAL] = PARAMETER_DIAGONAL,
                                                         [MAP_ONE] = PARAMETER_BIAS};
    enum parameter_use use =
        map->from == MAP_INPUT && layer->bottom ? PARAMETER_BY_INPUT : uses[map->from];
    bool matrix = use == PARAMETER_EACH_WORD;
    size_t inputs = map->from == MAP_INPUT   ? layer->inputs
                    : map->from == MAP_STATE ? layer->units
                                             : 1;
    size_t sums = (map->count > 0 ? map->count : layer->type->gates) * layer->units;
    size_t at = map->first * layer->units, end = memory_row(at + memory_row(sums));
    struct parameter *parameter =
        add_parameter(network, use, matrix ? sums : inputs, matrix ? inputs : sums);
    set_name(parameter, owner, map->name);
    layer->map[layer->maps++] = parameter;
    layer->sums_at[map->from] = at;
    layer->vector_at[map->from] = map->vector * layer->row;
    layer->sums_row = end > layer->sums_row ? end : layer->sums_row;
}

static void add_layer(struct network *network, size_t i)
{
    const struct layer_shape *shape = &network->shape.layer[i];
    struct layer *layer = &network->layer[i];
    char owner[16];
    snprintf(owner, sizeof owner, "layer%d", (int)i);
    *layer = (struct layer){.type = shape->type,
                            .activation = shape->activation,
                            .units = shape->units,
                            .inputs = i > 0 ? network->layer[i - 1].units : network->shape.words,
                            .row = memory_row(shape->units),
                            .sums = shape->type->gates * shape->units,
                            .sums_row = memory_row(shape->type->gates * shape->units),
                            .bottom = i == 0};
    for (const struct linear_map *map = shape->type->map; map->name != NULL; map++)
        if (!map->optional || network->shape.biases)
            add_map(network, layer, map, owner);
}

// Which layers are computed word after word, and where their parts of a state lie.
static void lay_out_state(struct network *network)
{
    network->advanced = 1;
    for (size_t i = 0; i < network->shape.layers; i++)
        if (network->layer[i].type->state > 0)
            network->advanced = i + 1;
    for (size_t i = 0; i < network->advanced; i++) {
        struct layer *layer = &network->layer[i];
        bool kept = layer->type->state > 0 || i + 1 == network->advanced;
        layer->at = network->state;
        layer->floats = kept ? layer->row * (layer->type->state > 0 ? layer->type->state : 1) : 0;
        network->state += layer->floats;
    }
    network->top = network->layer[network->advanced - 1].at;
    network->width = network->layer[network->shape.layers - 1].units;
}

// Rows of words are the output's own, or (Press & Wolf 2017; Inan et al. 2017) those of the bottom
// layer.
static void add_output(struct network *network)
{
    struct output_parameter list[OUTPUT_MOST_PARAMETERS];
    size_t count = network->shape.output->parameters(network, list);
    network->output_at = network->parameters;
    for (size_t i = 0; i < count; i++)
        if (network->shape.tied && list[i].use == PARAMETER_BY_OUTPUT) {
            network->tied = layer_map(&network->layer[0], MAP_INPUT);
            network->tied->use = PARAMETER_BY_BOTH;
        } else {
            set_name(add_parameter(network, list[i].use, list[i].rows, list[i].width), "output",
                     list[i].name);
        }
}

static bool outline(struct network *network, const struct network_shape *shape,
                    struct classes *classes, struct error *error)
{
    memset(network, 0, sizeof *network);
    network->shape = *shape;
    network->classes = *classes;
    memset(classes, 0, sizeof *classes);
    if (!shape_ok(shape, error))
        return false;
    size_t most = shape->layers * LAYER_MOST_MAPS + OUTPUT_MOST_PARAMETERS;
    network->parameter = memory_new(most, sizeof *network->parameter, error);
    network->layer = memory_new(shape->layers, sizeof *network->layer, error);
    if (network->parameter == NULL || network->layer == NULL)
        return false;
    for (size_t i = 0; i < shape->layers; i++)
        add_layer(network, i);
    lay_out_state(network);
    add_output(network);
    return true;
}

static double bytes_of(const struct parameter *parameter)
{
    return (double)parameter->rows * (double)parameter->stride * sizeof(float);
}

static bool has_memory(const struct network *network, struct error *error)
{
    const struct parameter *largest = &network->parameter[0];
    double bytes = 0;
    for (size_t i = 0; i < network->parameters; i++) {
        const struct parameter *parameter = &network->parameter[i];
        bytes += bytes_of(parameter);
        largest = bytes_of(parameter) > bytes_of(largest) ? parameter : largest;
    }
    if (machine_has_memory(bytes, error))
        return true;
    char what[160];
    snprintf(what, sizeof what, "; %s takes %.1f GB (%s)", largest->name, bytes_of(largest) / 1e9,
             largest->use == PARAMETER_HASH ? "-direct N: N million numbers of 4 bytes"
                                            : "-hidden, -layers or -embedding make it smaller");
    return error_add(error, what);
}

bool network_has_memory(const struct network_shape *shape, struct error *error)
{
    struct network network;
    struct classes none = {0};
    bool ok = network_outline(&network, shape, &none, error) && has_memory(&network, error);
    network_free(&network);
    return ok;
}

bool network_init(struct network *network, const struct network_shape *shape,
                  struct classes *classes, struct error *error)
{
    bool ok = outline(network, shape, classes, error) && has_memory(network, error);
    for (size_t i = 0; ok && i < network->parameters; i++)
        ok = parameter_allocate(&network->parameter[i], error);
    return ok;
}

bool network_outline(struct network *network, const struct network_shape *shape,
                     struct classes *classes, struct error *error)
{
    bool ok = outline(network, shape, classes, error);
    for (size_t i = 0; i < network->parameters; i++)
        network->parameter[i].borrowed = true;
    return ok;
}

void network_borrowed(struct network *network)
{
    for (size_t i = 0; i < network->parameters; i++)
        network->halves |= network->parameter[i].type == PARAMETER_BFLOAT16;
}

void network_free(struct network *network)
{
    classes_free(&network->classes);
    for (size_t i = 0; i < network->parameters; i++)
        parameter_free(&network->parameter[i]);
    free(network->parameter);
    free(network->layer);
    memset(network, 0, sizeof *network);
}

bool network_randomise(struct network *network, uint32_t seed, struct error *error)
{
    struct random random;
    float *scratch = memory_new(network->shape.words, MEMORY_ROW * sizeof *scratch, error);
    if (scratch == NULL)
        return false;
    random_seed(&random, seed);
    for (size_t i = 0; i < network->shape.layers; i++)
        network->layer[i].type->initialise(&network->layer[i], &random, scratch);
    network->shape.output->initialise(network, &random);
    free(scratch);
    return true;
}

// ---- all parameters ---------------------------------------------------------------------------

struct parameter *network_parameter(const struct network *network, const char *name)
{
    for (size_t i = 0; i < network->parameters; i++)
        if (strcmp(network->parameter[i].name, name) == 0)
            return &network->parameter[i];
    return strcmp(name, "output.words") == 0 ? network->tied : NULL;
}

struct parameter *network_output_parameter(const struct network *network, const char *name)
{
    char full[PARAMETER_NAME];
    snprintf(full, sizeof full, "output.%.16s", name);
    return network_parameter(network, full);
}

void network_copy_weights(struct network *to, const struct network *from)
{
    for (size_t i = 0; i < to->parameters; i++)
        if (to->parameter[i].use != PARAMETER_HASH)
            memcpy(to->parameter[i].data, from->parameter[i].data,
                   parameter_bytes(&to->parameter[i]));
}

bool network_is_finite(const struct network *network, struct error *error)
{
    for (size_t i = 0; i < network->parameters; i++)
        if (!parameter_is_finite(&network->parameter[i], error))
            return false;
    return true;
}

size_t network_bytes(const struct network *network)
{
    size_t bytes = 0;
    for (size_t i = 0; i < network->parameters; i++)
        bytes += parameter_bytes(&network->parameter[i]);
    return bytes;
}

size_t network_history(const struct network *network)
{
    const struct network_shape *shape = &network->shape;
    return shape->maxent > 0 && shape->maxent_order > 1 ? (size_t)shape->maxent_order - 1 : 0;
}

size_t network_widest(const struct network *network)
{
    size_t most = 0;
    for (size_t i = 0; i < network->shape.layers; i++) {
        size_t sums = network->layer[i].sums_row, row = network->layer[i].row;
        most = sums > most ? sums : most;
        most = row > most ? row : most;
    }
    return most;
}
