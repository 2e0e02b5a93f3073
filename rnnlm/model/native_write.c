// Writing native model files.
#include <stdlib.h>
#include <string.h>

#include "base/bfloat16.h"
#include "base/checksum.h"
#include "base/memory.h"
#include "model/native.h"
#include "model/native_format.h"

enum { HALVES = 1 << 12 }; // elements at a time, a multiple of the checksum's

static uint64_t name_length(const char *name)
{
    return name != NULL ? strlen(name) : 0;
}

static void make_sizes(struct native_header *header, const struct model *model)
{
    const struct network_shape *shape = &model->network.shape;
    header->words = shape->words;
    header->hidden = shape->hidden;
    header->classes = shape->classes;
    header->compression = shape->compression;
    header->maxent = shape->maxent;
    header->maxent_order = shape->maxent_order < 0 ? 0 : (uint64_t)shape->maxent_order;
    header->letters = model->vocabulary.letters_used;
    header->slots = model->vocabulary.slots;
}

static void make_record(struct native_header *header, const struct training_record *record)
{
    header->valid_log10_prob = record->valid_log10_prob;
    header->train_log10_prob = record->train_log10_prob;
    header->starting_alpha = record->starting_alpha;
    header->alpha = record->alpha;
    header->epochs = (uint64_t)record->epochs;
    header->position = record->position;
    header->save_every = record->save_every;
    header->train_words = record->train_words;
    header->bptt = (uint64_t)record->bptt;
    header->bptt_block = (uint64_t)record->bptt_block;
    header->old_classes = record->old_classes;
    header->independent = record->independent;
    header->halving = record->halving;
}

static void make_types(struct native_header *header, const struct model *model)
{
    struct native_section *section = header->section;
    uint32_t large = model->format == MODEL_NATIVE_BFLOAT16 ? NATIVE_BFLOAT16 : NATIVE_FLOAT;
    for (size_t id = 0; id < NATIVE_SECTIONS; id++)
        section[id].type = id < NATIVE_HIDDEN ? NATIVE_BYTE : NATIVE_FLOAT;
    section[NATIVE_COUNTS].type = section[NATIVE_OFFSETS].type = NATIVE_UINT64;
    section[NATIVE_SLOTS].type = section[NATIVE_CLASSES].type = NATIVE_INT32;
    section[NATIVE_EMBEDDING].type = section[NATIVE_OUTPUT].type = large;
    section[NATIVE_MAXENT].type = large;
    section[NATIVE_TRAIN_FILE].stride = name_length(model->record.train_file);
    section[NATIVE_VALID_FILE].stride = name_length(model->record.valid_file);
}

static const void *section_data(const struct model *model, size_t id)
{
    switch (id) {
    case NATIVE_TRAIN_FILE:
        return model->record.train_file;
    case NATIVE_VALID_FILE:
        return model->record.valid_file;
    case NATIVE_COUNTS:
        return model->vocabulary.count;
    case NATIVE_OFFSETS:
        return model->vocabulary.offset;
    case NATIVE_LETTERS:
        return model->vocabulary.letters;
    case NATIVE_SLOTS:
        return model->vocabulary.slot;
    case NATIVE_CLASSES:
        return model->network.classes.of_word;
    case NATIVE_HIDDEN:
        return model->hidden;
    case NATIVE_EMBEDDING:
        return model->network.embedding;
    case NATIVE_RECURRENT:
        return model->network.recurrent;
    case NATIVE_COMPRESSION:
        return model->network.compression;
    case NATIVE_OUTPUT:
        return model->network.output;
    default:
        return model->network.maxent;
    }
}

// Where a section's bytes go: first to its checksum, later to the file.
struct sink {
    struct checksum checksum;
    struct output *output; // NULL for the checksum
};

static void put(struct sink *sink, const void *data, size_t size)
{
    if (sink->output != NULL)
        output_write(sink->output, data, size);
    else
        checksum_add(&sink->checksum, data, size);
}

// A row, less `mean` unless that is NULL.
static void put_halves(struct sink *sink, const float *row, const float *mean, size_t width,
                       size_t stride)
{
    uint16_t half[HALVES];
    for (size_t at = 0; at < stride; at += HALVES) {
        size_t count = stride - at < HALVES ? stride - at : HALVES;
        for (size_t i = 0; i < count; i++)
            half[i] = at + i >= width ? 0
                      : mean != NULL  ? bfloat16_from(row[at + i] - mean[at + i])
                                      : bfloat16_from(row[at + i]);
        put(sink, half, count * sizeof *half);
    }
}

static void put_rows(struct sink *sink, const float *rows, size_t row, size_t n, const float *mean,
                     size_t width, size_t stride)
{
    for (size_t i = 0; i < n; i++)
        put_halves(sink, rows + i * row, mean, width, stride);
}

// Rows that take part in one softmax, less their mean: that changes no probability, but what is
// left is small (measured: a twentieth), and so is what rounding loses. A mean that is small
// already is left alone, so that what has been rounded stays as it is.
static void put_centred(struct sink *sink, const float *rows, size_t row, size_t n, float *mean,
                        size_t width, size_t stride)
{
    const double small = 1e-4;
    double power = 0, of_mean = 0;
    memset(mean, 0, width * sizeof *mean);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < width; j++) {
            float weight = rows[i * row + j];
            mean[j] += (weight - mean[j]) / (float)(i + 1);
            power += (double)weight * (double)weight / (double)n;
        }
    for (size_t j = 0; j < width; j++)
        of_mean += (double)mean[j] * (double)mean[j];
    put_rows(sink, rows, row, n, of_mean > small * power ? mean : NULL, width, stride);
}

static void put_output_halves(struct sink *sink, const struct network *network, float *mean,
                              size_t stride)
{
    const struct network_shape *shape = &network->shape;
    size_t row = network->output_row, width = network->output_width;
    for (size_t k = 0; k < shape->classes; k++) {
        size_t first = (size_t)network->classes.begin[k];
        put_centred(sink, network->output + first * row, row,
                    (size_t)network->classes.begin[k + 1] - first, mean, width, stride);
    }
    put_centred(sink, network->output + shape->words * row, row, shape->classes, mean, width,
                stride);
}

// `mean` is scratch for a row of the output matrix.
static void put_section(struct sink *sink, const struct model *model,
                        const struct native_header *header, size_t id, float *mean)
{
    const struct native_section *section = &header->section[id];
    const void *data = section_data(model, id);
    if (section->type != NATIVE_BFLOAT16) {
        put(sink, data, native_section_bytes(section));
        return;
    }
    size_t width = native_section_width(header, id);
    if (id == NATIVE_OUTPUT)
        put_output_halves(sink, &model->network, mean, section->stride);
    else
        put_rows(sink, data, section->rows > 1 ? memory_row(width) : width, section->rows, NULL,
                 width, section->stride);
}

static void make_header(struct native_header *header, const struct model *model, float *mean)
{
    memset(header, 0, sizeof *header);
    memcpy(header->magic, NATIVE_MAGIC, NATIVE_MAGIC_SIZE);
    header->byte_order = NATIVE_BYTE_ORDER;
    header->version = NATIVE_VERSION;
    make_sizes(header, model);
    make_record(header, &model->record);
    make_types(header, model);
    native_layout(header);
    for (size_t id = 0; id < NATIVE_SECTIONS; id++) {
        struct sink sink = {.output = NULL};
        checksum_start(&sink.checksum);
        if (header->section[id].rows > 0)
            put_section(&sink, model, header, id, mean);
        header->section[id].checksum = checksum_end(&sink.checksum);
    }
    header->checksum = native_header_checksum(header);
}

bool native_write(const struct model *model, struct output *output, struct error *error)
{
    static const char zeros[NATIVE_ALIGNMENT];
    struct native_header header;
    struct sink sink = {.output = output};
    float *mean = memory_new(model->network.output_width, sizeof *mean, error);
    if (mean == NULL)
        return false;
    make_header(&header, model, mean);
    output_write(output, &header, sizeof header);
    uint64_t end = sizeof header;
    for (size_t id = 0; id < NATIVE_SECTIONS; id++) {
        const struct native_section *section = &header.section[id];
        if (section->rows == 0)
            continue;
        output_write(output, zeros, section->offset - end);
        put_section(&sink, model, &header, id, mean);
        end = section->offset + native_section_bytes(section);
    }
    free(mean);
    return true;
}
