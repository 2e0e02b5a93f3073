// The rows of a network that are words as vectors.
#include "model/vectors.h"

#include "model/resize.h"

static struct vectors of(const struct model *model, const struct parameter *table)
{
    return (struct vectors){.words = &model->vocabulary,
                            .row = table->data,
                            .width = table->width,
                            .stride = table->stride};
}

static bool is_float(const struct parameter *table, struct error *error)
{
    return table->type == PARAMETER_FLOAT ||
           error_set(error, "%s: found bfloat16, wanted floats", table->name);
}

bool vectors_in(struct vectors *vectors, const struct model *model, struct error *error)
{
    const struct parameter *table = word_parameters(&model->network).input;
    *vectors = of(model, table);
    return is_float(table, error);
}

bool vectors_out(struct vectors *vectors, const struct model *model, struct error *error)
{
    const struct output_type *output = model->network.shape.output;
    if (!output->resizes)
        return error_set(error,
                         "output %s has no vector for each word; class, full and nce have, and all "
                         "have those by which words are taken in",
                         output->name);
    const struct parameter *table = word_parameters(&model->network).words;
    *vectors = of(model, table);
    return is_float(table, error);
}
