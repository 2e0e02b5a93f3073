// Reading native model files: into memory of our own, or in place.
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/bfloat16.h"
#include "base/memory.h"
#include "model/native.h"
#include "model/native_text.h"
#include "model/native_v1.h"
#include "model/native_vocabulary.h"
#include "model/sections.h"

enum { HALVES = 1 << 12, MOST_TEXT = 1 << 20 }; // elements at a time; bytes of a text

bool native_recognise(struct input *input)
{
    return sections_recognise(input);
}

// ---- where content comes from -----------------------------------------------------------------

// A file being read, or one in memory. Sections are asked for in the order of the table.
struct source {
    struct sections sections;
    struct network_shape shape;
    bool old;                     // version 1: shape and record are there already
    const char *name;             // of the file
    struct section_reader reader; // of a file being read
    const void *mapped;           // or NULL
    struct error *error;
};

static bool wrong(const struct source *source)
{
    return error_prefix(source->error, "%s: ", source->name);
}

static const void *place_of(const struct source *source, const struct section *section)
{
    return (const char *)source->mapped + section->offset;
}

// A section of the given type and size; the size may be unknown (0).
static const struct section *find(const struct source *source, const char *name,
                                  enum section_type type, uint64_t count)
{
    const struct section *section = sections_find(&source->sections, name);
    if (section == NULL)
        error_set(source->error, "%s: %s: found no such section", source->name, name);
    else if (section->type != (uint32_t)type || section->rows != 1 ||
             section->width != section->stride || (count > 0 && section->width != count)) {
        error_set(source->error,
                  "%s: %s: found %" PRIu64 " rows of %" PRIu64 " elements of type %" PRIu32
                  ", wanted %" PRIu64 " elements of type %d",
                  source->name, name, section->rows, section->width, section->type, count,
                  (int)type);
        section = NULL;
    }
    return section;
}

// The content of a section into memory that is there, or is made; verified by its checksum.
static void *content(struct source *source, const struct section *section, void *data)
{
    void *new = NULL;
    if (section == NULL)
        return NULL;
    if (data == NULL)
        data = new = memory_new(section_bytes(section) + 1, 1, source->error);
    if (data == NULL)
        return NULL;
    bool ok = true;
    if (source->mapped == NULL) {
        ok = section_into(&source->reader, section, data);
    } else {
        memcpy(data, place_of(source, section), section_bytes(section));
        ok = section_checksum_ok(section, checksum_of(data, section_bytes(section)),
                                 source->error) ||
             wrong(source);
    }
    if (ok)
        return data;
    free(new);
    return NULL;
}

// A text, with a 0 byte behind it; to be freed.
static char *text_of(struct source *source, const char *name)
{
    const struct section *section = find(source, name, SECTION_BYTE, 0);
    if (section != NULL && section->width > MOST_TEXT) {
        error_set(source->error, "%s: %s: found %" PRIu64 " bytes, wanted at most %d", source->name,
                  name, section->width, MOST_TEXT);
        return NULL;
    }
    return content(source, section, NULL);
}

// ---- shape, record ----------------------------------------------------------------------------

static bool read_old_names(struct source *source, struct training_record *record)
{
    if (sections_find(&source->sections, "train-file") != NULL) {
        record->train_file = text_of(source, "train-file");
        if (record->train_file == NULL)
            return false;
    }
    if (sections_find(&source->sections, "valid-file") == NULL)
        return true;
    record->valid_file = text_of(source, "valid-file");
    return record->valid_file != NULL;
}

static bool read_texts(struct source *source, struct model *model)
{
    if (source->old)
        return read_old_names(source, &model->record);
    char *architecture = text_of(source, "architecture");
    char *record = architecture != NULL ? text_of(source, "record") : NULL;
    bool ok = record != NULL &&
              ((native_parse_architecture(&source->shape, architecture, source->error) &&
                native_parse_record(&model->record, record, source->error)) ||
               wrong(source));
    free(architecture);
    free(record);
    return ok;
}

// ---- vocabulary, classes ----------------------------------------------------------------------

static bool find_vocabulary(struct source *source, const struct section *section[4])
{
    size_t words = source->shape.words;
    section[0] = find(source, "counts", SECTION_UINT64, words);
    section[1] = section[0] != NULL ? find(source, "offsets", SECTION_UINT64, words) : NULL;
    section[2] = section[1] != NULL ? find(source, "letters", SECTION_BYTE, 0) : NULL;
    section[3] = section[2] != NULL ? find(source, "slots", SECTION_INT32, 0) : NULL;
    return section[3] != NULL && (native_vocabulary_sizes_ok(words, section[2]->width,
                                                             section[3]->width, source->error) ||
                                  wrong(source));
}

static bool read_vocabulary(struct source *source, struct vocabulary *vocabulary)
{
    const struct section *section[4];
    if (!find_vocabulary(source, section))
        return false;
    vocabulary->size = vocabulary->count_capacity = vocabulary->offset_capacity =
        source->shape.words;
    vocabulary->letters_used = vocabulary->letters_capacity = section[2]->width;
    vocabulary->slots = section[3]->width;
    if ((vocabulary->count = content(source, section[0], NULL)) == NULL ||
        (vocabulary->offset = content(source, section[1], NULL)) == NULL ||
        (vocabulary->letters = content(source, section[2], NULL)) == NULL ||
        (vocabulary->slot = content(source, section[3], NULL)) == NULL)
        return false;
    return (native_vocabulary_in_bounds(vocabulary, source->error) &&
            native_vocabulary_complete(vocabulary, source->error)) ||
           wrong(source);
}

// Arrays in a model are not const, since training has them too; nobody writes to these, and the
// processor would not let them.
static void *in_place(const struct source *source, const struct section *section)
{
    return (void *)(uintptr_t)place_of(source, section);
}

static bool use_vocabulary(struct source *source, struct vocabulary *vocabulary)
{
    const struct section *section[4];
    if (!find_vocabulary(source, section))
        return false;
    for (size_t i = 0; i < 4; i++)
        if (!section_checksum_ok(
                section[i], checksum_of(place_of(source, section[i]), section_bytes(section[i])),
                source->error))
            return wrong(source);
    vocabulary->borrowed = true;
    vocabulary->size = source->shape.words;
    vocabulary->letters_used = section[2]->width;
    vocabulary->slots = section[3]->width;
    vocabulary->count = in_place(source, section[0]);
    vocabulary->offset = in_place(source, section[1]);
    vocabulary->letters = in_place(source, section[2]);
    vocabulary->slot = in_place(source, section[3]);
    return native_vocabulary_in_bounds(vocabulary, source->error) || wrong(source);
}

static bool read_classes(struct source *source, struct classes *classes)
{
    size_t words = source->shape.words;
    int32_t *of_word = content(source, find(source, "classes", SECTION_INT32, words), NULL);
    bool ok = of_word != NULL &&
              (classes_from_words(classes, of_word, words, source->shape.classes, source->error) ||
               wrong(source));
    free(of_word);
    return ok;
}

// ---- parameters -------------------------------------------------------------------------------

// The section of a parameter, of floats or, where it may be, bfloat16.
static const struct section *find_parameter(const struct source *source,
                                            const struct parameter *parameter)
{
    const struct section *section = sections_find(&source->sections, parameter->name);
    if (section == NULL) {
        error_set(source->error, "%s: %s: found no such section", source->name, parameter->name);
        return NULL;
    }
    enum parameter_type type =
        section->type == SECTION_BFLOAT16 ? PARAMETER_BFLOAT16 : PARAMETER_FLOAT;
    size_t stride = parameter_stride(parameter->use, type, parameter->width);
    if ((section->type == SECTION_FLOAT || section->type == SECTION_BFLOAT16) &&
        section->rows == parameter->rows && section->width == parameter->width &&
        section->stride == stride)
        return section;
    error_set(source->error,
              "%s: %s: found %" PRIu64 " rows of %" PRIu64 " elements, %" PRIu64
              " apart, of type %" PRIu32 "; wanted %zu rows of %zu, %zu apart",
              source->name, parameter->name, section->rows, section->width, section->stride,
              section->type, parameter->rows, parameter->width, stride);
    return NULL;
}

// A row of bfloat16, padding and all, into floats.
static bool read_half_row(struct source *source, float *row, size_t width, size_t stride)
{
    uint16_t half[HALVES];
    for (size_t at = 0; at < stride; at += HALVES) {
        size_t count = stride - at < HALVES ? stride - at : HALVES;
        if (!section_read(&source->reader, half, count * sizeof *half))
            return false;
        for (size_t i = 0; i < count && at + i < width; i++)
            row[at + i] = bfloat16_to(half[i]);
    }
    return true;
}

static bool read_halves(struct source *source, const struct section *section,
                        const struct parameter *parameter)
{
    if (!section_begin(&source->reader, section))
        return false;
    for (size_t i = 0; i < parameter->rows; i++)
        if (!read_half_row(source, parameter_row(parameter, i), parameter->width, section->stride))
            return error_prefix(source->error, "%s: ", parameter->name);
    return section_end(&source->reader, section);
}

// The padding of rows takes part in no sum as long as it is zero.
static bool padding_ok(const struct source *source, const struct parameter *parameter)
{
    for (size_t i = 0; i < parameter->rows; i++)
        for (size_t j = parameter->width; j < parameter->stride; j++)
            if (parameter_row(parameter, i)[j] != 0)
                return error_set(
                    source->error, "%s: %s: found %g in the padding of row %zu, wanted 0",
                    source->name, parameter->name, (double)parameter_row(parameter, i)[j], i);
    return true;
}

// Before anything is allocated: a file that is too small for a shape asks for no memory.
static bool all_there(const struct source *source, const struct network *network)
{
    for (size_t i = 0; i < network->parameters; i++)
        if (find_parameter(source, &network->parameter[i]) == NULL)
            return false;
    return true;
}

static bool read_parameters(struct source *source, const struct network *network)
{
    for (size_t i = 0; i < network->parameters; i++) {
        struct parameter *parameter = &network->parameter[i];
        const struct section *section = find_parameter(source, parameter);
        parameter->borrowed = false;
        if (!parameter_allocate(parameter, source->error))
            return wrong(source);
        if (section->type == SECTION_BFLOAT16
                ? !read_halves(source, section, parameter)
                : !section_into(&source->reader, section, parameter->data))
            return false;
        if (!padding_ok(source, parameter))
            return false;
    }
    return true;
}

// Whether what is in a network's parameters can be used where it lies: what is multiplied word after
// word as floats, the others as floats or all of them as bfloat16.
static bool usable(const struct network *network)
{
    size_t halves = 0, floats = 0;
    for (size_t i = 0; i < network->parameters; i++) {
        const struct parameter *parameter = &network->parameter[i];
        bool half = parameter->type == PARAMETER_BFLOAT16;
        if (i < network->output_at && parameter->use != PARAMETER_BY_INPUT) {
            if (half)
                return false;
            continue;
        }
        *(half ? &halves : &floats) += 1;
    }
    return halves == 0 || floats == 0;
}

static void use_parameters(const struct source *source, struct network *network)
{
    for (size_t i = 0; i < network->parameters; i++) {
        struct parameter *parameter = &network->parameter[i];
        const struct section *section = find_parameter(source, parameter);
        parameter->type = section->type == SECTION_BFLOAT16 ? PARAMETER_BFLOAT16 : PARAMETER_FLOAT;
        parameter->stride = section->stride;
        parameter->data = in_place(source, section);
    }
    network_borrowed(network);
}

// ---- a file -----------------------------------------------------------------------------------

static enum model_format format_of(const struct sections *sections)
{
    for (size_t i = 0; i < sections->count; i++)
        if (sections->section[i].type == SECTION_BFLOAT16)
            return MODEL_NATIVE_BFLOAT16;
    return MODEL_NATIVE;
}

// Every section is one that a model has.
static bool all_known(const struct source *source, const struct network *network)
{
    static const char *const others[] = {"architecture", "record",    "counts",  "offsets",
                                         "letters",      "slots",     "classes", "state",
                                         "train-file",   "valid-file"};
    for (size_t i = 0; i < source->sections.count; i++) {
        const char *name = source->sections.section[i].name;
        bool known = network_parameter(network, name) != NULL;
        for (size_t j = 0; j < sizeof others / sizeof others[0]; j++)
            known = known || strcmp(name, others[j]) == 0;
        if (!known)
            return error_set(source->error,
                             "%s: found a section \"%s\", which this version does not know",
                             source->name, name);
    }
    return true;
}

static bool read_state(struct source *source, struct model *model)
{
    size_t wanted = model->network.state,
           found = source->old ? model->network.layer[0].units : wanted;
    return content(source, find(source, "state", SECTION_FLOAT, found), model->state) != NULL;
}

// Everything, in the order of the table.
static bool read_model(struct source *source, struct model *model)
{
    struct classes classes = {0};
    bool mapped = source->mapped != NULL;
    model->format = format_of(&source->sections);
    if (!read_texts(source, model) ||
        !(mapped ? use_vocabulary(source, &model->vocabulary)
                 : read_vocabulary(source, &model->vocabulary)) ||
        !read_classes(source, &classes))
        return false;
    if (!network_outline(&model->network, &source->shape, &classes, source->error))
        return wrong(source);
    if (!all_known(source, &model->network) || !all_there(source, &model->network))
        return false;
    if (!model_attach(model, source->error))
        return wrong(source);
    if (!read_state(source, model))
        return false;
    if (!mapped)
        return read_parameters(source, &model->network);
    use_parameters(source, &model->network);
    return true;
}

static bool size_ok(uint64_t found, uint64_t wanted, struct error *error)
{
    return found == wanted ||
           error_set(error, "found %" PRIu64 " bytes, wanted %" PRIu64 ": the file is %s", found,
                     wanted, found < wanted ? "cut short" : "too long");
}

static bool read_table(struct source *source, struct model *model, struct input *input)
{
    struct native_v1_header old;
    size_t size;
    const char *begin = input_block(input, &size);
    uint64_t left = input_bytes_left(input);
    source->old = native_v1_recognise(begin, size);
    if (!source->old)
        return sections_read(&source->sections, input, "model", source->error);
    if (!input_read(input, &old, sizeof old, source->error))
        return false;
    return (native_v1_convert(&old, &source->shape, &model->record, &source->sections,
                              source->error) &&
            (left == UINT64_MAX || size_ok(left, source->sections.file_bytes, source->error))) ||
           wrong(source);
}

bool native_read(struct model *model, struct input *input, struct error *error)
{
    struct source source = {
        .name = input_name(input), .reader = {.input = input, .error = error}, .error = error};
    bool ok = read_table(&source, model, input) && read_model(&source, model);
    if (ok && input_peek(input) >= 0)
        ok = error_set(error, "%s: found more than the %" PRIu64 " bytes wanted", input_name(input),
                       source.sections.file_bytes);
    sections_free(&source.sections);
    return ok && input_ok(input, error);
}

// ---- in place ---------------------------------------------------------------------------------

static bool map_table(struct source *source, struct model *model)
{
    const struct map *map = &model->map;
    struct native_v1_header old;
    source->mapped = map->data;
    source->old = native_v1_recognise(map->data, map->size);
    if (!source->old)
        return sections_in(&source->sections, map->data, map->size, "model", source->error) ||
               wrong(source);
    if (map->size < sizeof old)
        return size_ok(map->size, sizeof old, source->error) || wrong(source);
    memcpy(&old, map->data, sizeof old);
    return (native_v1_convert(&old, &source->shape, &model->record, &source->sections,
                              source->error) &&
            size_ok(map->size, source->sections.file_bytes, source->error)) ||
           wrong(source);
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
    struct source source = {.name = path, .error = error};
    if (!map_open(&model->map, path, error))
        return false;
    bool ok = map_table(&source, model) && read_model(&source, model);
    sections_free(&source.sections);
    if (ok && !usable(&model->network)) {
        model_free(model);
        return read_path(model, path, error);
    }
    if (ok)
        map_let_go(&model->map); // the whole vocabulary has been read to verify it
    return ok;
}
