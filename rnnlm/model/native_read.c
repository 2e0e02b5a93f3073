// Reading native model files: into memory of our own, or in place.
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "model/native.h"
#include "model/native_parameters.h"
#include "model/native_text.h"
#include "net/output.h"
#include "text/stored_vocabulary.h"

bool native_recognise(struct input *input)
{
    return sections_recognise(input);
}

// ---- shape, record ----------------------------------------------------------------------------

// Names are missing where there were none.
static bool read_old_name(struct native_source *source, const char *section, char **name)
{
    if (sections_find(&source->sections, section) == NULL)
        return true;
    *name = native_text(source, section);
    return *name != NULL;
}

static bool read_texts(struct native_source *source, struct training_record *record)
{
    if (source->old)
        return read_old_name(source, "train-file", &record->train_file) &&
               read_old_name(source, "valid-file", &record->valid_file);
    char *shape = native_text(source, "architecture");
    char *text = shape != NULL ? native_text(source, "record") : NULL;
    bool ok = text != NULL && ((native_parse_architecture(&source->shape, shape, source->error) &&
                                native_parse_record(record, text, source->error)) ||
                               native_wrong(source));
    free(shape);
    free(text);
    return ok;
}

// ---- vocabulary, classes, state ---------------------------------------------------------------

enum { COUNTS, OFFSETS, LETTERS, SLOTS, ARRAYS };

static bool find_vocabulary(const struct native_source *source,
                            const struct section *section[ARRAYS])
{
    size_t words = source->shape.words;
    return (section[COUNTS] = native_array(source, "counts", SECTION_UINT64, words)) != NULL &&
           (section[OFFSETS] = native_array(source, "offsets", SECTION_UINT64, words)) != NULL &&
           (section[LETTERS] = native_array(source, "letters", SECTION_BYTE, 0)) != NULL &&
           (section[SLOTS] = native_array(source, "slots", SECTION_INT32, 0)) != NULL &&
           (stored_vocabulary_sizes_ok(words, section[LETTERS]->width, section[SLOTS]->width,
                                       source->error) ||
            native_wrong(source));
}

// Verified in any case: no id and no offset leads out of the arrays.
static bool take_vocabulary(struct native_source *source, struct vocabulary *vocabulary)
{
    const struct section *section[ARRAYS];
    void *array[ARRAYS] = {NULL};
    bool mapped = source->mapped != NULL, ok = find_vocabulary(source, section);
    for (size_t i = 0; ok && i < ARRAYS; i++) {
        array[i] =
            mapped ? native_verified_place(source, section[i]) : native_content(source, section[i]);
        ok = array[i] != NULL;
    }
    *vocabulary = (struct vocabulary){.count = array[COUNTS],
                                      .offset = array[OFFSETS],
                                      .letters = array[LETTERS],
                                      .slot = array[SLOTS],
                                      .borrowed = mapped};
    if (!ok)
        return false;
    vocabulary->size = vocabulary->count_capacity = vocabulary->offset_capacity =
        source->shape.words;
    vocabulary->letters_used = vocabulary->letters_capacity = section[LETTERS]->width;
    vocabulary->slots = section[SLOTS]->width;
    return (stored_vocabulary_in_bounds(vocabulary, source->error) &&
            (mapped || stored_vocabulary_complete(vocabulary, source->error))) ||
           native_wrong(source);
}

static bool read_classes(struct native_source *source, struct classes *classes)
{
    size_t words = source->shape.words;
    const struct output_type *output = source->shape.output;
    int32_t *of_word =
        native_content(source, native_array(source, "classes", SECTION_INT32, words));
    bool ok = of_word != NULL &&
              ((classes_from_words(classes, of_word, words, source->shape.classes, source->error) &&
                (output->divided_ok == NULL || output->divided_ok(classes, source->error))) ||
               native_wrong(source));
    free(of_word);
    if (!ok)
        classes_free(classes);
    return ok;
}

static bool state_padding_ok(const struct network *network, const float *state, struct error *error)
{
    for (size_t i = 0; i < network->advanced; i++) {
        const struct layer *layer = &network->layer[i];
        for (size_t at = 0; at < layer->floats; at++)
            if (at % layer->row >= layer->units && state[layer->at + at] != 0)
                return error_set(error, "state: found %g in the padding of layer %zu, wanted 0",
                                 (double)state[layer->at + at], i);
    }
    return true;
}

// Version 1 has the units of its one layer without padding.
static bool read_state(struct native_source *source, struct model *model)
{
    const struct network *network = &model->network;
    size_t count = source->old ? network->layer[0].units : network->state;
    float *state = native_content(source, native_array(source, "state", SECTION_FLOAT, count));
    bool ok = state != NULL;
    if (ok && (!model_attach(model, source->error) ||
               (!source->old && !state_padding_ok(network, state, source->error))))
        ok = native_wrong(source);
    if (ok)
        memcpy(model->state, state, count * sizeof *state);
    free(state);
    return ok;
}

// ---- a model ----------------------------------------------------------------------------------

static enum model_format format_of(const struct sections *sections)
{
    for (size_t i = 0; i < sections->count; i++)
        if (sections->section[i].type == SECTION_BFLOAT16)
            return MODEL_NATIVE_BFLOAT16;
    return MODEL_NATIVE;
}

// Every section is one that a model has.
static bool all_known(const struct native_source *source, const struct network *network)
{
    static const char *const others[] = {"architecture", "record", "counts",  "offsets",
                                         "letters",      "slots",  "classes", "state"};
    for (size_t i = 0; i < source->sections.count && !source->old; i++) {
        const char *name = source->sections.section[i].name;
        const struct parameter *parameter = network_parameter(network, name);
        bool known = parameter != NULL && strcmp(parameter->name, name) == 0;
        for (size_t j = 0; j < sizeof others / sizeof others[0]; j++)
            known = known || strcmp(name, others[j]) == 0;
        if (!known)
            return error_set(source->error,
                             "%s: found a section \"%s\", which this version does not know",
                             source->name, name);
    }
    return true;
}

// All that stands before the parameters, and the network in outline.
static bool read_head(struct native_source *source, struct model *model)
{
    struct classes classes = {0};
    model->format = format_of(&source->sections);
    if (!read_texts(source, &model->record) || !take_vocabulary(source, &model->vocabulary) ||
        !read_classes(source, &classes))
        return false;
    if (!network_outline(&model->network, &source->shape, &classes, source->error))
        return native_wrong(source);
    return all_known(source, &model->network) && native_parameters_fit(source, &model->network) &&
           read_state(source, model);
}

bool native_read(struct model *model, struct input *input, struct error *error)
{
    struct native_source source;
    bool ok = native_source_read(&source, input, &model->record, error) &&
              read_head(&source, model) && native_parameters_read(&source, &model->network);
    if (ok && input_peek(input) >= 0)
        ok = error_set(error, "%s: found more than the %" PRIu64 " bytes wanted", input_name(input),
                       source.sections.file_bytes);
    native_source_free(&source);
    return ok && input_ok(input, error);
}

static bool read_path(struct model *model, const char *path, struct error *error)
{
    struct input *input = input_open(path, error);
    bool ok = input != NULL && native_read(model, input, error);
    input_close(input);
    return ok;
}

bool native_map(struct model *model, const char *path, struct error *error)
{
    struct native_source source;
    if (!map_open(&model->map, path, error))
        return false;
    bool ok = native_source_map(&source, &model->map, path, &model->record, error) &&
              read_head(&source, model);
    bool used = ok && native_parameters_use(&source, &model->network);
    native_source_free(&source);
    if (used)
        map_let_go(&model->map); // the whole vocabulary has been read to verify it
    if (used || !ok)
        return ok;
    model_free(model);
    return read_path(model, path, error);
}
