// Native model files of version 1.
#include "model/native_v1.h"

#include <inttypes.h>
#include <stddef.h>
#include <string.h>

#include "base/memory.h"
#include "model/native_text.h"
#include "net/layers/kinds.h"
#include "net/outputs/kinds.h"

#define MOST_COUNT ((uint64_t)9000000000000000000)
#define MOST_LENGTH ((uint64_t)1 << 48)

enum { VERSION = 1, MOST_BPTT = 1 << 20 };

enum section_id {
    TRAIN_FILE,
    VALID_FILE,
    COUNTS,
    OFFSETS,
    LETTERS,
    SLOTS,
    CLASSES,
    HIDDEN,
    EMBEDDING,
    RECURRENT,
    COMPRESSION,
    OUTPUT,
    MAXENT
};

// What they are called today; the output's rows are those of the words, then those of the classes.
static const char *const names[NATIVE_V1_SECTIONS] = {
    "train-file",   "valid-file",   "counts",     "offsets",      "letters",
    "slots",        "classes",      "state",      "layer0.input", "layer0.recurrent",
    "layer1.input", "output.words", "output.hash"};

bool native_v1_recognise(const void *begin, size_t size)
{
    struct native_v1_header header;
    size_t known = offsetof(struct native_v1_header, file_bytes);
    if (size < known)
        return false;
    memcpy(&header, begin, known);
    return header.version == VERSION && header.byte_order == SECTIONS_BYTE_ORDER;
}

// ---- sizes ------------------------------------------------------------------------------------

static uint64_t width_of(const struct native_v1_header *header, size_t id)
{
    switch (id) {
    case COUNTS:
    case OFFSETS:
    case CLASSES:
        return header->words;
    case LETTERS:
        return header->letters;
    case SLOTS:
        return header->slots;
    case HIDDEN:
    case EMBEDDING:
    case RECURRENT:
    case COMPRESSION:
        return header->hidden;
    case OUTPUT:
        return header->compression > 0 ? header->compression : header->hidden;
    case MAXENT:
        return header->maxent;
    default:
        return header->section[id].stride;
    }
}

static uint64_t rows_of(const struct native_v1_header *header, size_t id)
{
    switch (id) {
    case EMBEDDING:
        return header->words;
    case RECURRENT:
        return header->hidden;
    case COMPRESSION:
        return header->compression;
    case OUTPUT:
        return header->words + header->classes;
    default:
        return width_of(header, id) > 0;
    }
}

static uint64_t stride_of(const struct native_v1_header *header, size_t id)
{
    uint64_t width = width_of(header, id);
    if (id < EMBEDDING || id > OUTPUT)
        return width;
    return header->section[id].type == SECTION_BFLOAT16 ? memory_half_row(width)
                                                        : memory_row(width);
}

static bool type_ok(size_t id, uint32_t type)
{
    if (id == COUNTS || id == OFFSETS)
        return type == SECTION_UINT64;
    if (id == SLOTS || id == CLASSES)
        return type == SECTION_INT32;
    if (id < HIDDEN)
        return type == SECTION_BYTE;
    bool may_be_half = id == EMBEDDING || id == OUTPUT || id == MAXENT;
    return type == SECTION_FLOAT || (may_be_half && type == SECTION_BFLOAT16);
}

// ---- checks -----------------------------------------------------------------------------------

static bool header_ok(const struct native_v1_header *header, struct error *error)
{
    uint64_t found = checksum_of(header, offsetof(struct native_v1_header, checksum));
    const uint64_t counts[] = {header->epochs, header->position, header->save_every,
                               header->train_words};
    const uint64_t flags[] = {header->old_classes, header->independent, header->halving};
    if (found != header->checksum)
        return error_set(error,
                         "header: found checksum %016" PRIx64 ", wanted %016" PRIx64
                         ": the file is damaged",
                         found, header->checksum);
    if (header->letters > MOST_LENGTH || header->slots > MOST_LENGTH)
        return error_set(error, "words: found %" PRIu64 " bytes, %" PRIu64 " slots",
                         header->letters, header->slots);
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++)
        if (counts[i] > MOST_COUNT)
            return error_set(error, "training record: found %" PRIu64 ", wanted at most %" PRIu64,
                             counts[i], MOST_COUNT);
    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++)
        if (flags[i] > 1)
            return error_set(error, "training record: found %" PRIu64 ", wanted 0 or 1", flags[i]);
    for (size_t i = 0; i < NATIVE_V1_SPARE; i++)
        if (header->spare[i] != 0)
            return error_set(error, "header: found %" PRIu64 " in a spare field, wanted 0",
                             header->spare[i]);
    return header->bptt <= MOST_BPTT ||
           error_set(error, "bptt: found %" PRIu64 ", wanted at most %d", header->bptt, MOST_BPTT);
}

// There is one place for each section: behind the one before, at the next multiple of the alignment.
static bool section_ok(const struct native_v1_header *header, size_t id, uint64_t *end,
                       struct error *error)
{
    const struct native_v1_section *found = &header->section[id];
    if (found->id != id || !type_ok(id, found->type))
        return error_set(error, "%s: found section %" PRIu32 " of element type %" PRIu32, names[id],
                         found->id, found->type);
    if (id <= VALID_FILE && found->stride > MOST_LENGTH)
        return error_set(error, "%s: found %" PRIu64 " bytes", names[id], found->stride);
    uint64_t rows = rows_of(header, id), stride = rows > 0 ? stride_of(header, id) : 0;
    uint64_t offset =
        rows > 0 ? (*end + SECTIONS_ALIGNMENT - 1) / SECTIONS_ALIGNMENT * SECTIONS_ALIGNMENT : 0;
    if (found->offset != offset || found->rows != rows || found->stride != stride)
        return error_set(error,
                         "%s: found %" PRIu64 " rows of %" PRIu64 " from byte %" PRIu64
                         " on, wanted %" PRIu64 " rows of %" PRIu64 " from byte %" PRIu64 " on",
                         names[id], found->rows, found->stride, found->offset, rows, stride,
                         offset);
    if (rows > 0)
        *end = offset + rows * stride * section_element(found->type);
    return true;
}

// ---- conversion -------------------------------------------------------------------------------

static void add(struct sections *sections, const char *name, const struct native_v1_section *from,
                uint64_t rows, uint64_t width)
{
    struct section *to = &sections->section[sections->count++];
    *to = (struct section){.type = from->type,
                           .rows = rows,
                           .width = width,
                           .stride = from->stride,
                           .offset = from->offset,
                           .checksum = from->checksum};
    memcpy(to->name, name, strlen(name));
}

static bool make_table(const struct native_v1_header *header, struct sections *sections,
                       struct error *error)
{
    uint64_t end = sizeof *header;
    sections->section = memory_new(NATIVE_V1_SECTIONS + 1, sizeof *sections->section, error);
    if (sections->section == NULL)
        return false;
    for (size_t id = 0; id < NATIVE_V1_SECTIONS; id++) {
        const struct native_v1_section *from = &header->section[id];
        if (!section_ok(header, id, &end, error))
            return false;
        if (from->rows == 0)
            continue;
        add(sections, names[id], from, id == OUTPUT ? header->words : from->rows,
            width_of(header, id));
        if (id != OUTPUT)
            continue;
        struct section *words = &sections->section[sections->count - 1];
        words->joined = 1;
        add(sections, "output.classes", from, header->classes, width_of(header, id));
        words[1].offset = words->offset + section_bytes(words);
    }
    sections->file_bytes = header->file_bytes;
    return sections_ok(sections, sizeof *header, error);
}

static void make_shape(const struct native_v1_header *header, struct network_shape *shape)
{
    *shape = (struct network_shape){
        .words = header->words,
        .layer = {{&layer_elman, &activation_logistic, header->hidden},
                  {&layer_compression, NULL, header->compression}},
        .layers = header->compression > 0 ? 2 : 1,
        .output = &output_class,
        .classes = header->classes,
        .maxent = header->maxent,
        .maxent_order = header->maxent_order > INT32_MAX ? -1 : (int)header->maxent_order};
}

bool native_v1_convert(const struct native_v1_header *header, struct network_shape *shape,
                       struct training_record *record, struct sections *sections,
                       struct error *error)
{
    memset(sections, 0, sizeof *sections);
    make_shape(header, shape);
    if (!header_ok(header, error) || !shape_ok(shape, error))
        return false;
    *record = (struct training_record){.valid_log10_prob = header->valid_log10_prob,
                                       .train_log10_prob = header->train_log10_prob,
                                       .epochs = (int64_t)header->epochs,
                                       .position = header->position,
                                       .save_every = header->save_every,
                                       .train_words = header->train_words,
                                       .bptt = header->bptt > 1 ? (int64_t)header->bptt - 1 : 0,
                                       .bptt_block = (int64_t)header->bptt_block,
                                       .old_classes = header->old_classes != 0,
                                       .independent = header->independent != 0,
                                       .halving = header->halving != 0,
                                       .starting_alpha = header->starting_alpha,
                                       .alpha = header->alpha};
    if (native_record_ok(record, error) && make_table(header, sections, error))
        return true;
    sections_free(sections);
    return false;
}
