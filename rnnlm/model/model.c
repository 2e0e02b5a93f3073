// Models: making and freeing.
#include "model/model.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

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

bool model_attach(struct model *model, struct error *error)
{
    model->state = memory_new(model->network.state, sizeof *model->state, error);
    return model->state != NULL;
}
