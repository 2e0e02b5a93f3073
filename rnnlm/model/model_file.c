// Finding the right file format.
#include "model/model_file.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "model/mikolov.h"
#include "model/native.h"
#include "net/output.h"
#include "text/unit.h"

static const char *const format_name[] = {"text", "binary", "native", "native-bf16"};

enum { FORMATS = sizeof format_name / sizeof format_name[0] };

const char *model_format_name(enum model_format format)
{
    return format_name[format];
}

bool model_format_named(const char *name, enum model_format *format, struct error *error)
{
    for (int i = 0; i < FORMATS; i++)
        if (strcmp(name, format_name[i]) == 0) {
            *format = (enum model_format)i;
            return true;
        }
    return error_set(error, "found \"%.60s\", wanted text, binary, native or native-bf16", name);
}

// Text is checked number by number as it is read; this finds the others. Weights in place are not
// looked at, for that would read the whole file.
static bool is_finite(const struct model *model, struct error *error)
{
    for (size_t i = 0; i < model->network.state; i++)
        if (!isfinite(model->state[i]))
            return error_set(error, "hidden layer activation: found %g, wanted finite numbers",
                             (double)model->state[i]);
    return model->map.data != NULL || network_is_finite(&model->network, error);
}

static bool read_model(struct model *model, struct input *input, const char *path, bool in_place,
                       struct error *error)
{
    if (!native_recognise(input))
        return mikolov_read(model, input, error);
    bool plain = strcmp(path, "-") != 0 && input_bytes_left(input) != UINT64_MAX;
    return in_place && plain ? native_map(model, path, error) : native_read(model, input, error);
}

static bool load_input(struct model *model, struct input *input, const char *path, bool in_place,
                       struct error *error)
{
    memset(model, 0, sizeof *model);
    bool ok = read_model(model, input, path, in_place, error);
    if (ok && !is_finite(model, error))
        ok = error_prefix(error, "%s: ", input_name(input));
    if (!ok)
        model_free(model);
    return ok;
}

static bool load(struct model *model, const char *path, bool in_place, struct error *error)
{
    memset(model, 0, sizeof *model);
    struct input *input = input_open(path, error);
    bool ok = input != NULL && load_input(model, input, path, in_place, error);
    input_close(input);
    return ok;
}

bool model_load(struct model *model, const char *path, struct error *error)
{
    return load(model, path, false, error);
}

bool model_open(struct model *model, const char *path, struct error *error)
{
    return load(model, path, true, error);
}

bool model_open_input(struct model *model, struct input *input, const char *path,
                      struct error *error)
{
    return load_input(model, input, path, true, error);
}

// The reference's formats hold the reference's networks, with the reference's classes.
bool model_can_be_saved(const struct model *model, const char *path, struct error *error)
{
    char layers[SHAPE_TEXT];
    if (model->network.halves)
        return error_set(error, "%s: a model that is used in place in bfloat16 cannot be written",
                         path);
    if (model->format == MODEL_NATIVE || model->format == MODEL_NATIVE_BFLOAT16)
        return true;
    if (model->record.unit != UNIT_WORD)
        return error_set(
            error,
            "%s: format %s holds models of words; found one of unit %s: -format native is "
            "wanted",
            path, model_format_name(model->format), unit_name((enum text_unit)model->record.unit));
    if (shape_is_reference(&model->network.shape))
        return vocabulary_is_sorted(&model->vocabulary) ||
               error_set(
                   error,
                   "%s: format %s holds words by falling count, of which the reference makes "
                   "classes anew when it reads them; found classes by context: -format native "
                   "is wanted",
                   path, model_format_name(model->format));
    shape_print_layers(&model->network.shape, layers);
    return error_set(
        error,
        "%s: format %s holds one logistic elman layer, perhaps a compression layer, and "
        "output class; found layers %.200s, output %s: -format native is wanted",
        path, model_format_name(model->format), layers, model->network.shape.output->name);
}

bool model_is_of_words(const struct model *model, const char *path, struct error *error)
{
    return model->record.unit != UNIT_CHAR ||
           error_set(error,
                     "%s: found a model of unit %s, wanted one of words: rnnlm -test and -gen know "
                     "such models",
                     path, unit_name((enum text_unit)model->record.unit));
}

bool model_save(const struct model *model, const char *path, struct error *error)
{
    if (!model_can_be_saved(model, path, error))
        return false;
    struct output *output = output_open(path, error);
    if (output == NULL)
        return false;
    if (model->format == MODEL_NATIVE || model->format == MODEL_NATIVE_BFLOAT16)
        return output_end(output, native_write(model, output, error), error);
    mikolov_write(model, output);
    return output_commit(output, error);
}

char *model_file_beside(const char *model_path, const char *suffix, struct error *error)
{
    size_t size = strlen(model_path) + strlen(suffix) + 1;
    char *path = memory_new(size, 1, error);
    if (path != NULL)
        snprintf(path, size, "%s%s", model_path, suffix);
    return path;
}
