// Models: making and freeing.
#include "model/model.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "net/output.h"

void model_free(struct model *model)
{
    vocabulary_free(&model->vocabulary);
    network_free(&model->network);
    free(model->state);
    free(model->record.train_file);
    free(model->record.valid_file);
    map_close(&model->map);
    memset(model, 0, sizeof *model);
}

bool model_has_scores(const struct model *model, struct error *error)
{
    const struct output_type *output = model->network.shape.output;
    bool has =
        output->noise || (model->record.self_normalise > 0 && output->normalise_biases != NULL);
    if (!has && error != NULL)
        error_set(
            error,
            "found output %s, whose scores sum to anything: -unnormalised wants a network that "
            "was trained with -self-normalise or -output nce",
            output->name);
    return has;
}

bool model_attach(struct model *model, struct error *error)
{
    model->state = memory_new(model->network.state, sizeof *model->state, error);
    return model->state != NULL;
}
