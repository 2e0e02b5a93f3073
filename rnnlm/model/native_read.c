// Reading native model files: into memory of our own, or in place.
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/bfloat16.h"
#include "base/checksum.h"
#include "base/memory.h"
#include "model/native.h"
#include "model/native_format.h"

enum {
    PIECE = 1 << 18,
    HALVES = 1 << 12
}; // bytes, elements at a time; multiples of the checksum's

bool native_recognise(struct input *input)
{
    size_t size;
    const char *begin = input_block(input, &size);
    if (size > NATIVE_MAGIC_SIZE)
        size = NATIVE_MAGIC_SIZE;
    return size > 0 && memcmp(begin, NATIVE_MAGIC, size) == 0;
}

// ---- what both ways check ---------------------------------------------------------------------

static bool checksum_wrong(const struct native_header *header, size_t id, uint64_t found,
                           struct error *error)
{
    uint64_t wanted = header->section[id].checksum;
    return found != wanted && !error_set(error,
                                         "%s: found checksum %016" PRIx64 ", wanted %016" PRIx64
                                         ": the file is damaged",
                                         native_section_name(id), found, wanted);
}

static bool offsets_ok(const struct vocabulary *vocabulary, struct error *error)
{
    size_t largest = 0;
    for (size_t i = 0; i < vocabulary->size; i++)
        largest = vocabulary->offset[i] > largest ? vocabulary->offset[i] : largest;
    if (largest >= vocabulary->letters_used)
        return error_set(error, "word offsets: found %zu, wanted less than %zu", largest,
                         vocabulary->letters_used);
    return vocabulary->letters[vocabulary->letters_used - 1] == '\0' ||
           error_set(error, "words: the last one has no end");
}

static bool slots_ok(const struct vocabulary *vocabulary, struct error *error)
{
    int32_t largest = -1, least = 0;
    size_t used = 0;
    for (size_t i = 0; i < vocabulary->slots; i++) {
        int32_t id = vocabulary->slot[i];
        largest = id > largest ? id : largest;
        least = id < least ? id : least;
        used += id >= 0;
    }
    if (least < -1 || largest < 0 || (size_t)largest >= vocabulary->size)
        return error_set(error, "word hash table: found ids from %d to %d, wanted -1 to %zu", least,
                         largest, vocabulary->size - 1);
    return used == vocabulary->size ||
           error_set(error, "word hash table: found %zu words, wanted %zu", used, vocabulary->size);
}

// Enough for every look-up to stay inside and to end.
static bool vocabulary_in_bounds(const struct vocabulary *vocabulary, struct error *error)
{
    return offsets_ok(vocabulary, error) && slots_ok(vocabulary, error) &&
           (strcmp(vocabulary_word(vocabulary, WORD_END), "</s>") == 0 ||
            error_set(error, "words: the first is \"%.60s\", wanted </s>",
                      vocabulary_word(vocabulary, WORD_END)));
}

static bool every_word_found(const struct vocabulary *vocabulary, struct error *error)
{
    for (size_t i = 0; i < vocabulary->size; i++) {
        const char *word = vocabulary_word(vocabulary, (int32_t)i);
        size_t length = strlen(word);
        if (length == 0 || strcspn(word, " \t\r\n") < length)
            return error_set(error, "word %zu is \"%.60s\", wanted letters without blanks", i,
                             word);
        int32_t found = vocabulary_find(vocabulary, word, length);
        if (found != (int32_t)i)
            return error_set(error, "word hash table: \"%.60s\" has id %d, wanted %zu", word, found,
                             i);
    }
    return true;
}

// Sizes and numbers of the header; the names are read with the sections.
static void keep_record(struct model *model, const struct native_header *header)
{
    struct training_record *record = &model->record;
    record->valid_log10_prob = header->valid_log10_prob;
    record->train_log10_prob = header->train_log10_prob;
    record->epochs = (int64_t)header->epochs;
    record->position = header->position;
    record->save_every = header->save_every;
    record->train_words = header->train_words;
    record->bptt = (int64_t)header->bptt;
    record->bptt_block = (int64_t)header->bptt_block;
    record->old_classes = header->old_classes != 0;
    record->independent = header->independent != 0;
    record->halving = header->halving != 0;
    record->starting_alpha = header->starting_alpha;
    record->alpha = header->alpha;
    model->vocabulary.size = header->words;
    model->vocabulary.slots = header->slots;
    model->vocabulary.letters_used = header->letters;
    model->format = MODEL_NATIVE;
    for (size_t id = 0; id < NATIVE_SECTIONS; id++)
        if (header->section[id].type == NATIVE_BFLOAT16)
            model->format = MODEL_NATIVE_BFLOAT16;
}

// ---- into memory of our own -------------------------------------------------------------------

struct source {
    struct input *input;
    const struct native_header *header;
    struct checksum checksum;
    struct error *error;
};

static bool read_bytes(struct source *source, void *data, size_t size)
{
    for (char *at = data; size > 0;) {
        size_t piece = size < PIECE ? size : PIECE;
        if (!input_read(source->input, at, piece, source->error))
            return false;
        checksum_add(&source->checksum, at, piece);
        at += piece;
        size -= piece;
    }
    return true;
}

static bool skip_gap(struct source *source, uint64_t offset)
{
    char gap[NATIVE_ALIGNMENT];
    uint64_t at = input_offset(source->input);
    return offset <= at || input_read(source->input, gap, offset - at, source->error);
}

// A row of bfloat16, padding and all, into `width` floats.
static bool read_halves(struct source *source, float *row, size_t width, size_t stride)
{
    uint16_t half[HALVES];
    for (size_t at = 0; at < stride; at += HALVES) {
        size_t count = stride - at < HALVES ? stride - at : HALVES;
        if (!read_bytes(source, half, count * sizeof *half))
            return false;
        for (size_t i = 0; i < count && at + i < width; i++)
            row[at + i] = bfloat16_to(half[i]);
    }
    return true;
}

static bool read_content(struct source *source, size_t id, void *data)
{
    const struct native_section *section = &source->header->section[id];
    size_t width = native_section_width(source->header, id);
    if (section->type != NATIVE_BFLOAT16)
        return read_bytes(source, data, native_section_bytes(section));
    size_t row = section->rows > 1 ? memory_row(width) : width;
    for (size_t i = 0; i < section->rows; i++)
        if (!read_halves(source, (float *)data + i * row, width, section->stride))
            return false;
    return true;
}

static bool read_section(struct source *source, size_t id, void *data)
{
    const struct native_section *section = &source->header->section[id];
    if (section->rows == 0)
        return true;
    checksum_start(&source->checksum);
    if (!skip_gap(source, section->offset) || !read_content(source, id, data))
        return error_prefix(source->error, "%s: ", native_section_name(id));
    return !checksum_wrong(source->header, id, checksum_end(&source->checksum), source->error) ||
           error_prefix(source->error, "%s: ", input_name(source->input));
}

static bool read_name(struct source *source, size_t id, char **name)
{
    size_t length = source->header->section[id].stride;
    if (length == 0)
        return true;
    *name = memory_new(length + 1, 1, source->error);
    return *name != NULL && read_section(source, id, *name);
}

static bool read_vocabulary(struct source *source, struct vocabulary *vocabulary)
{
    struct error *error = source->error;
    vocabulary->count = memory_new(vocabulary->size, sizeof *vocabulary->count, error);
    vocabulary->count_capacity = vocabulary->size;
    vocabulary->offset = memory_new(vocabulary->size, sizeof *vocabulary->offset, error);
    vocabulary->offset_capacity = vocabulary->size;
    vocabulary->letters = memory_new(vocabulary->letters_used, 1, error);
    vocabulary->letters_capacity = vocabulary->letters_used;
    vocabulary->slot = memory_new(vocabulary->slots, sizeof *vocabulary->slot, error);
    if (vocabulary->count == NULL || vocabulary->offset == NULL || vocabulary->letters == NULL ||
        vocabulary->slot == NULL || !read_section(source, NATIVE_COUNTS, vocabulary->count) ||
        !read_section(source, NATIVE_OFFSETS, vocabulary->offset) ||
        !read_section(source, NATIVE_LETTERS, vocabulary->letters) ||
        !read_section(source, NATIVE_SLOTS, vocabulary->slot))
        return false;
    return (vocabulary_in_bounds(vocabulary, error) && every_word_found(vocabulary, error)) ||
           error_prefix(error, "%s: ", input_name(source->input));
}

static bool read_classes(struct source *source, struct classes *classes)
{
    size_t words = source->header->words;
    int32_t *of_word = memory_new(words, sizeof *of_word, source->error);
    bool ok =
        of_word != NULL && read_section(source, NATIVE_CLASSES, of_word) &&
        (classes_from_words(classes, of_word, words, source->header->classes, source->error) ||
         error_prefix(source->error, "%s: ", input_name(source->input)));
    free(of_word);
    return ok;
}

// The padding of rows takes part in no sum as long as it is zero.
static bool padding_ok(struct source *source, size_t id, const float *rows)
{
    const struct native_section *section = &source->header->section[id];
    size_t width = native_section_width(source->header, id), stride = section->stride;
    if (section->type != NATIVE_FLOAT)
        return true;
    for (size_t i = 0; i < section->rows; i++)
        for (size_t j = width; j < stride; j++)
            if (rows[i * stride + j] != 0)
                return error_set(source->error,
                                 "%s: %s: found %g in the padding of row %zu, wanted 0",
                                 input_name(source->input), native_section_name(id),
                                 (double)rows[i * stride + j], i);
    return true;
}

static bool read_matrix(struct source *source, size_t id, float *rows)
{
    return read_section(source, id, rows) && padding_ok(source, id, rows);
}

static bool read_network(struct source *source, struct model *model)
{
    const struct network *network = &model->network;
    struct network_shape shape = native_shape(source->header);
    struct classes classes = {0};
    if (!read_classes(source, &classes))
        return false;
    if (!network_init(&model->network, &shape, &classes, source->error) ||
        !model_attach(model, source->error))
        return error_prefix(source->error, "%s: ", input_name(source->input));
    return read_section(source, NATIVE_HIDDEN, model->hidden) &&
           read_matrix(source, NATIVE_EMBEDDING, network->embedding) &&
           read_matrix(source, NATIVE_RECURRENT, network->recurrent) &&
           read_matrix(source, NATIVE_COMPRESSION, network->compression) &&
           read_matrix(source, NATIVE_OUTPUT, network->output) &&
           read_matrix(source, NATIVE_MAXENT, network->maxent);
}

static bool size_wrong(uint64_t found, uint64_t wanted, struct error *error)
{
    return found != wanted &&
           !error_set(error, "found %" PRIu64 " bytes, wanted %" PRIu64 ": the file is %s", found,
                      wanted, found < wanted ? "cut short" : "too long");
}

static bool read_header(struct native_header *header, struct input *input, struct error *error)
{
    uint64_t size = input_bytes_left(input);
    if (!input_read(input, header, sizeof *header, error))
        return false;
    return (native_header_ok(header, error) &&
            (size == UINT64_MAX || !size_wrong(size, header->file_bytes, error))) ||
           error_prefix(error, "%s: ", input_name(input));
}

bool native_read(struct model *model, struct input *input, struct error *error)
{
    struct native_header header;
    struct source source = {.input = input, .header = &header, .error = error};
    if (!read_header(&header, input, error))
        return false;
    keep_record(model, &header);
    if (!read_name(&source, NATIVE_TRAIN_FILE, &model->record.train_file) ||
        !read_name(&source, NATIVE_VALID_FILE, &model->record.valid_file) ||
        !read_vocabulary(&source, &model->vocabulary) || !read_network(&source, model))
        return false;
    if (input_peek(input) >= 0)
        return error_set(error, "%s: found more than the %" PRIu64 " bytes wanted",
                         input_name(input), header.file_bytes);
    return input_ok(input, error);
}

// ---- in place ---------------------------------------------------------------------------------

// Arrays in a model are not const, since training has them too; nobody writes to these, and the
// processor would not let them.
static void *section_at(const struct map *map, const struct native_header *header, size_t id)
{
    const struct native_section *section = &header->section[id];
    return section->rows > 0 ? (void *)((uintptr_t)map->data + section->offset) : NULL;
}

static bool small_sections_ok(const struct map *map, const struct native_header *header,
                              struct error *error)
{
    for (size_t id = 0; id <= NATIVE_HIDDEN; id++)
        if (header->section[id].rows > 0 &&
            checksum_wrong(header, id,
                           checksum_of(section_at(map, header, id),
                                       native_section_bytes(&header->section[id])),
                           error))
            return false;
    return true;
}

static bool copy_name(char **name, const struct map *map, const struct native_header *header,
                      size_t id, struct error *error)
{
    if (header->section[id].rows > 0)
        *name = memory_text(section_at(map, header, id), header->section[id].stride, error);
    return header->section[id].rows == 0 || *name != NULL;
}

static bool use_vocabulary(struct vocabulary *vocabulary, const struct map *map,
                           const struct native_header *header, struct error *error)
{
    vocabulary->borrowed = true;
    vocabulary->count = section_at(map, header, NATIVE_COUNTS);
    vocabulary->offset = section_at(map, header, NATIVE_OFFSETS);
    vocabulary->letters = section_at(map, header, NATIVE_LETTERS);
    vocabulary->slot = section_at(map, header, NATIVE_SLOTS);
    return vocabulary_in_bounds(vocabulary, error);
}

static bool use_network(struct model *model, const struct map *map,
                        const struct native_header *header, struct error *error)
{
    struct network_shape shape = native_shape(header);
    struct classes classes = {0};
    struct network arrays = {.recurrent = section_at(map, header, NATIVE_RECURRENT),
                             .compression = section_at(map, header, NATIVE_COMPRESSION)};
    if (model->format == MODEL_NATIVE_BFLOAT16) {
        arrays.half_embedding = section_at(map, header, NATIVE_EMBEDDING);
        arrays.half_output = section_at(map, header, NATIVE_OUTPUT);
        arrays.half_maxent = section_at(map, header, NATIVE_MAXENT);
    } else {
        arrays.embedding = section_at(map, header, NATIVE_EMBEDDING);
        arrays.output = section_at(map, header, NATIVE_OUTPUT);
        arrays.maxent = section_at(map, header, NATIVE_MAXENT);
    }
    if (!classes_from_words(&classes, section_at(map, header, NATIVE_CLASSES), shape.words,
                            shape.classes, error) ||
        !network_borrow(&model->network, &shape, &classes, &arrays, error) ||
        !model_attach(model, error))
        return false;
    memcpy(model->hidden, section_at(map, header, NATIVE_HIDDEN),
           shape.hidden * sizeof *model->hidden);
    return true;
}

static bool use_map(struct model *model, const struct native_header *header, struct error *error)
{
    const struct map *map = &model->map;
    return small_sections_ok(map, header, error) &&
           copy_name(&model->record.train_file, map, header, NATIVE_TRAIN_FILE, error) &&
           copy_name(&model->record.valid_file, map, header, NATIVE_VALID_FILE, error) &&
           use_vocabulary(&model->vocabulary, map, header, error) &&
           use_network(model, map, header, error);
}

static bool map_header(struct native_header *header, const struct map *map, struct error *error)
{
    if (map->size < sizeof *header)
        return !size_wrong(map->size, sizeof *header, error);
    memcpy(header, map->data, sizeof *header);
    return native_header_ok(header, error) && !size_wrong(map->size, header->file_bytes, error);
}

static bool read_path(struct model *model, const char *path, struct error *error)
{
    struct input *input = input_open(path, error);
    bool ok = input != NULL && native_read(model, input, error);
    input_close(input);
    return ok;
}

// The large arrays are floats, or all of them bfloat16.
static bool used_in_place(const struct native_header *header)
{
    const struct native_section *section = header->section;
    uint32_t type = section[NATIVE_OUTPUT].type;
    return section[NATIVE_EMBEDDING].type == type &&
           (section[NATIVE_MAXENT].rows == 0 || section[NATIVE_MAXENT].type == type) &&
           section[NATIVE_RECURRENT].type == NATIVE_FLOAT &&
           (section[NATIVE_COMPRESSION].rows == 0 ||
            section[NATIVE_COMPRESSION].type == NATIVE_FLOAT);
}

bool native_map(struct model *model, const char *path, struct error *error)
{
    struct native_header header;
    if (!map_open(&model->map, path, error))
        return false;
    if (!map_header(&header, &model->map, error))
        return error_prefix(error, "%s: ", path);
    keep_record(model, &header);
    if (!used_in_place(&header)) {
        map_close(&model->map);
        return read_path(model, path, error);
    }
    if (!use_map(model, &header, error))
        return error_prefix(error, "%s: ", path);
    map_let_go(&model->map); // the whole vocabulary has been read to verify it
    return true;
}
