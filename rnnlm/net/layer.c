// Kinds of layers, and what all of them share.
#include "net/layer.h"

#include <string.h>

#include "net/layers/kinds.h"

#define LAYER_ENTRY(name) &layer_##name,

const struct layer_type *const layer_table[] = {LAYER_KINDS(LAYER_ENTRY) NULL};

const struct layer_type *layer_type_named(const char *name, size_t length)
{
    for (const struct layer_type *const *at = layer_table; *at != NULL; at++)
        if (strlen((*at)->name) == length && memcmp((*at)->name, name, length) == 0)
            return *at;
    return NULL;
}

size_t layer_word_row(const struct layer_type *type, size_t units)
{
    for (const struct linear_map *map = type->map; map->name != NULL; map++)
        if (map->from == MAP_INPUT)
            return (map->count > 0 ? map->count : type->gates) * units;
    return 0;
}

struct parameter *layer_map(const struct layer *layer, enum map_source from)
{
    for (size_t i = 0; i < layer->maps; i++)
        if (layer->type->map[i].from == from)
            return layer->map[i];
    return NULL;
}

void layer_draw_uniform(struct parameter *parameter, float range, struct random *random)
{
    for (size_t i = 0; i < parameter->rows; i++) {
        float *row = parameter_row(parameter, i);
        for (size_t j = 0; j < parameter->width; j++)
            row[j] = (float)random_uniform(random, (double)-range, (double)range);
    }
}
