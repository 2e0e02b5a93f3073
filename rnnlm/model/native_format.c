// Header of native model files: layout and checks.
#include "model/native_format.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/checksum.h"
#include "base/memory.h"

#define MOST_LETTERS ((uint64_t)1 << 48)
#define MOST_SLOTS ((uint64_t)1 << 33)
#define MOST_NAME ((uint64_t)1 << 32)
#define MOST_COUNT ((uint64_t)9000000000000000000)

enum { MOST_BPTT = 1 << 20 }; // as in the reference's formats

const char *native_section_name(size_t id)
{
    static const char *const name[NATIVE_SECTIONS] = {
        "name of the training file",
        "name of the validation file",
        "word counts",
        "word offsets",
        "words",
        "word hash table",
        "classes of words",
        "hidden layer activation",
        "input weights",
        "recurrent weights",
        "compression weights",
        "output weights",
        "direct connections",
    };
    return name[id];
}

static uint64_t element_bytes(uint32_t type)
{
    switch (type) {
    case NATIVE_UINT64:
        return 8;
    case NATIVE_INT32:
    case NATIVE_FLOAT:
        return 4;
    case NATIVE_BFLOAT16:
        return 2;
    default:
        return 1;
    }
}

uint64_t native_section_bytes(const struct native_section *section)
{
    return section->rows * section->stride * element_bytes(section->type);
}

static uint64_t section_rows(const struct native_header *header, size_t id)
{
    switch (id) {
    case NATIVE_EMBEDDING:
        return header->words;
    case NATIVE_RECURRENT:
        return header->hidden;
    case NATIVE_COMPRESSION:
        return header->compression;
    case NATIVE_OUTPUT:
        return header->words + header->classes;
    default:
        return native_section_width(header, id) > 0;
    }
}

// The names' widths are known only to the header: whoever fills or reads it, finds them there.
uint64_t native_section_width(const struct native_header *header, size_t id)
{
    switch (id) {
    case NATIVE_COUNTS:
    case NATIVE_OFFSETS:
    case NATIVE_CLASSES:
        return header->words;
    case NATIVE_LETTERS:
        return header->letters;
    case NATIVE_SLOTS:
        return header->slots;
    case NATIVE_HIDDEN:
    case NATIVE_EMBEDDING:
    case NATIVE_RECURRENT:
    case NATIVE_COMPRESSION:
        return header->hidden;
    case NATIVE_OUTPUT:
        return header->compression > 0 ? header->compression : header->hidden;
    case NATIVE_MAXENT:
        return header->maxent;
    default:
        return header->section[id].stride;
    }
}

static bool is_matrix(size_t id)
{
    return id >= NATIVE_EMBEDDING && id <= NATIVE_OUTPUT;
}

static uint64_t section_stride(const struct native_header *header, size_t id)
{
    uint64_t width = native_section_width(header, id);
    if (!is_matrix(id))
        return width;
    return header->section[id].type == NATIVE_BFLOAT16 ? memory_half_row(width) : memory_row(width);
}

void native_layout(struct native_header *header)
{
    uint64_t end = sizeof *header;
    for (size_t id = 0; id < NATIVE_SECTIONS; id++) {
        struct native_section *section = &header->section[id];
        section->id = (uint32_t)id;
        section->rows = section_rows(header, id);
        section->stride = section->rows > 0 ? section_stride(header, id) : 0;
        section->offset = 0;
        if (section->rows > 0) {
            section->offset = (end + NATIVE_ALIGNMENT - 1) / NATIVE_ALIGNMENT * NATIVE_ALIGNMENT;
            end = section->offset + native_section_bytes(section);
        }
    }
    header->file_bytes = end;
}

uint64_t native_header_checksum(const struct native_header *header)
{
    return checksum_of(header, offsetof(struct native_header, checksum));
}

struct network_shape native_shape(const struct native_header *header)
{
    return (struct network_shape){
        .words = header->words,
        .hidden = header->hidden,
        .classes = header->classes,
        .compression = header->compression,
        .maxent = header->maxent,
        .maxent_order = header->maxent_order > INT32_MAX ? -1 : (int)header->maxent_order};
}

// ---- checks -----------------------------------------------------------------------------------

static bool bytes_ok(const struct native_header *header, struct error *error)
{
    if (memcmp(header->magic, NATIVE_MAGIC, NATIVE_MAGIC_SIZE) != 0)
        return error_set(error, "this is no native model");
    if (header->byte_order == NATIVE_OTHER_ORDER)
        return error_set(error, "written by a machine of the other byte order: convert it there to "
                                "text or binary");
    if (header->byte_order != NATIVE_BYTE_ORDER)
        return error_set(error, "byte order: found mark %08" PRIx32 ", wanted %08" PRIx32,
                         header->byte_order, NATIVE_BYTE_ORDER);
    if (header->version != NATIVE_VERSION)
        return error_set(error, "native format version: found %" PRIu32 ", wanted %d",
                         header->version, NATIVE_VERSION);
    uint64_t found = native_header_checksum(header);
    return found == header->checksum || error_set(error,
                                                  "header: found checksum %016" PRIx64
                                                  ", wanted %016" PRIx64 ": the file is damaged",
                                                  found, header->checksum);
}

static bool vocabulary_ok(const struct native_header *header, struct error *error)
{
    if (header->letters < header->words || header->letters > MOST_LETTERS)
        return error_set(error, "words: found %" PRIu64 " bytes, wanted %" PRIu64 " to %" PRIu64,
                         header->letters, header->words, MOST_LETTERS);
    if (header->slots / 2 < header->words || header->slots > MOST_SLOTS ||
        (header->slots & (header->slots - 1)) != 0)
        return error_set(error,
                         "word hash table: found %" PRIu64
                         " slots, wanted a power of two, at least twice the vocabulary's %" PRIu64,
                         header->slots, header->words);
    return true;
}

static bool record_ok(const struct native_header *header, struct error *error)
{
    const uint64_t counts[] = {header->epochs, header->position, header->save_every,
                               header->train_words};
    const uint64_t flags[] = {header->old_classes, header->independent, header->halving};
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++)
        if (counts[i] > MOST_COUNT)
            return error_set(error, "training record: found %" PRIu64 ", wanted at most %" PRIu64,
                             counts[i], MOST_COUNT);
    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++)
        if (flags[i] > 1)
            return error_set(error, "training record: found %" PRIu64 ", wanted 0 or 1", flags[i]);
    for (size_t i = 0; i < NATIVE_SPARE; i++)
        if (header->spare[i] != 0)
            return error_set(error, "header: found %" PRIu64 " in a spare field, wanted 0",
                             header->spare[i]);
    if (header->bptt > MOST_BPTT || header->bptt_block < 1 || header->bptt_block > MOST_BPTT)
        return error_set(error,
                         "bptt: found %" PRIu64 " in blocks of %" PRIu64 ", wanted at most %d",
                         header->bptt, header->bptt_block, MOST_BPTT);
    return (isfinite(header->valid_log10_prob) && isfinite(header->train_log10_prob) &&
            isfinite(header->starting_alpha) && isfinite(header->alpha)) ||
           error_set(error, "training record: found a number that is not finite");
}

static bool type_ok(size_t id, uint32_t type)
{
    if (id == NATIVE_COUNTS || id == NATIVE_OFFSETS)
        return type == NATIVE_UINT64;
    if (id == NATIVE_SLOTS || id == NATIVE_CLASSES)
        return type == NATIVE_INT32;
    if (id < NATIVE_HIDDEN)
        return type == NATIVE_BYTE;
    bool may_be_half = id == NATIVE_EMBEDDING || id == NATIVE_OUTPUT || id == NATIVE_MAXENT;
    return type == NATIVE_FLOAT || (may_be_half && type == NATIVE_BFLOAT16);
}

static bool section_ok(const struct native_section *found, const struct native_section *wanted,
                       size_t id, struct error *error)
{
    if (found->id != id)
        return error_set(error, "section %zu: found number %" PRIu32, id, found->id);
    if (found->offset != wanted->offset || found->rows != wanted->rows ||
        found->stride != wanted->stride)
        return error_set(error,
                         "%s: found %" PRIu64 " rows of %" PRIu64 " from byte %" PRIu64
                         " on, wanted %" PRIu64 " rows of %" PRIu64 " from byte %" PRIu64 " on",
                         native_section_name(id), found->rows, found->stride, found->offset,
                         wanted->rows, wanted->stride, wanted->offset);
    return true;
}

// There is one place for each section: behind the one before, at the next multiple of
// NATIVE_ALIGNMENT.
static bool sections_ok(const struct native_header *header, struct error *error)
{
    struct native_header wanted = *header;
    for (size_t id = 0; id < NATIVE_SECTIONS; id++) {
        if (!type_ok(id, header->section[id].type))
            return error_set(error, "%s: found element type %" PRIu32 ", which is not for them",
                             native_section_name(id), header->section[id].type);
        if (id <= NATIVE_VALID_FILE && header->section[id].stride > MOST_NAME)
            return error_set(error, "%s: found %" PRIu64 " bytes, wanted at most %" PRIu64,
                             native_section_name(id), header->section[id].stride, MOST_NAME);
    }
    native_layout(&wanted);
    for (size_t id = 0; id < NATIVE_SECTIONS; id++)
        if (!section_ok(&header->section[id], &wanted.section[id], id, error))
            return false;
    return header->file_bytes == wanted.file_bytes ||
           error_set(error, "file size: found %" PRIu64 ", wanted %" PRIu64, header->file_bytes,
                     wanted.file_bytes);
}

bool native_header_ok(const struct native_header *header, struct error *error)
{
    if (!bytes_ok(header, error))
        return false;
    struct network_shape shape = native_shape(header);
    return network_shape_ok(&shape, error) && vocabulary_ok(header, error) &&
           record_ok(header, error) && sections_ok(header, error);
}
