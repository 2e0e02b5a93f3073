// Models: making, freeing, and finding the right file format.
#include "model/model.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "model/mikolov.h"

void model_free(struct model *model)
{
    vocabulary_free(&model->vocabulary);
    network_free(&model->network);
    free(model->hidden);
    free(model->record.train_file);
    free(model->record.valid_file);
    memset(model, 0, sizeof *model);
}

bool model_attach(struct model *model, struct error *error)
{
    model->hidden = memory_new(model->network.shape.hidden, sizeof *model->hidden, error);
    return model->hidden != NULL;
}

bool model_load(struct model *model, const char *path, struct error *error)
{
    memset(model, 0, sizeof *model);
    struct input *input = input_open(path, error);
    if (input == NULL)
        return false;
    bool ok = mikolov_read(model, input, error);
    if (ok && !network_is_finite(&model->network, error))
        ok = error_prefix(error, "%s: ", input_name(input));
    input_close(input);
    if (!ok)
        model_free(model);
    return ok;
}

bool model_save(const struct model *model, const char *path, struct error *error)
{
    struct output *output = output_open(path, error);
    if (output == NULL)
        return false;
    mikolov_write(model, output);
    return output_commit(output, error);
}
