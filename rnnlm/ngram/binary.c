// Reading binary n-gram models, and unpacking them.
#include "ngram/binary.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "ngram/binary_format.h"
#include "ngram/codebook.h"
#include "text/stored_vocabulary.h"

bool binary_recognise(struct input *input)
{
    return sections_recognise(input);
}

// A model that is being read. Messages have the section's name, and get the file's in the end.
struct binary_reader {
    struct ngram_model *model;
    struct sections sections;
    const char *data; // the file
    unsigned bits;    // of a quantised value, 0 for floats
    struct error *error;
};

// ---- sections ---------------------------------------------------------------------------------

static const void *content(const struct binary_reader *reader, const struct section *section)
{
    return reader->data + section->offset;
}

static bool verified(const struct binary_reader *reader, const struct section *section)
{
    return section_checksum_ok(
        section, checksum_of(content(reader, section), section_bytes(section)), reader->error);
}

// An array that is verified by its checksum; *count, if not NULL, is how many elements it has.
static const void *find(const struct binary_reader *reader, const char *name,
                        enum section_type type, uint64_t wanted, uint64_t *count)
{
    const struct section *section =
        sections_array(&reader->sections, name, type, wanted, reader->error);
    if (section == NULL || !verified(reader, section))
        return NULL;
    if (count != NULL)
        *count = section->width;
    return content(reader, section);
}

// ---- shape ------------------------------------------------------------------------------------

static bool counts_ok(const struct binary_reader *reader, const uint64_t *count)
{
    if (count[0] < 1 || count[0] > INT32_MAX)
        return error_set(reader->error, "shape: found %" PRIu64 " words, wanted 1 to %d", count[0],
                         INT32_MAX);
    for (int k = 1; k < reader->model->order; k++)
        if (count[k] > TRIE_MOST_NODES)
            return error_set(reader->error,
                             "shape: found %" PRIu64 " %d-grams, at most %" PRIu64 " are possible",
                             count[k], k + 1, (uint64_t)TRIE_MOST_NODES);
    return true;
}

static bool take_shape(struct binary_reader *reader)
{
    uint64_t width;
    const uint64_t *shape = find(reader, "shape", SECTION_UINT64, 0, &width);
    if (shape == NULL)
        return false;
    if (width > 0 && shape[BINARY_VERSION] != BINARY_THIS_VERSION)
        return error_set(reader->error,
                         "version of binary n-gram models: found %" PRIu64
                         ", wanted %d: build the model again from its ARPA file",
                         shape[BINARY_VERSION], BINARY_THIS_VERSION);
    if (width <= BINARY_COUNTS || shape[BINARY_ORDER] < 1 || shape[BINARY_ORDER] > NGRAM_LONGEST ||
        width != BINARY_COUNTS + shape[BINARY_ORDER])
        return error_set(reader->error,
                         "shape: found %" PRIu64 " numbers, wanted %d for order 1 to %d for order "
                         "%d, and the order among them",
                         width, BINARY_COUNTS + 1, BINARY_COUNTS + NGRAM_LONGEST, NGRAM_LONGEST);
    uint64_t bits = shape[BINARY_BITS];
    if (shape[BINARY_HAS_END] > 1 || (bits != 0 && bits < CODEBOOK_LEAST_BITS) ||
        bits > BINARY_MOST_BITS)
        return error_set(reader->error,
                         "shape: found %" PRIu64 " and %" PRIu64
                         ", wanted 0 or 1, and 0 or bits from %d to %d",
                         shape[BINARY_HAS_END], bits, CODEBOOK_LEAST_BITS, BINARY_MOST_BITS);
    reader->model->order = (int)shape[BINARY_ORDER];
    reader->model->has_end = shape[BINARY_HAS_END] == 1;
    reader->bits = (unsigned)bits;
    if (!counts_ok(reader, shape + BINARY_COUNTS))
        return false;
    for (int k = 1; k <= reader->model->order; k++)
        reader->model->packed[k].count = (uint32_t)shape[BINARY_COUNTS + k - 1];
    return true;
}

// ---- words ------------------------------------------------------------------------------------

static bool take_words(struct binary_reader *reader)
{
    uint64_t words = reader->model->packed[1].count, letters, slots;
    const void *offset = find(reader, "offsets", SECTION_UINT64, words, NULL);
    const void *letter = offset != NULL ? find(reader, "letters", SECTION_BYTE, 0, &letters) : NULL;
    const void *slot = letter != NULL ? find(reader, "slots", SECTION_INT32, 0, &slots) : NULL;
    if (slot == NULL || !stored_vocabulary_sizes_ok(words, letters, slots, reader->error))
        return false;
    // Arrays of a vocabulary are not const, since others grow; nobody writes to these.
    reader->model->words = (struct vocabulary){.size = words,
                                               .offset = (size_t *)(uintptr_t)offset,
                                               .letters = (char *)(uintptr_t)letter,
                                               .letters_used = letters,
                                               .slot = (int32_t *)(uintptr_t)slot,
                                               .slots = slots,
                                               .borrowed = true};
    return stored_vocabulary_in_bounds(&reader->model->words, reader->error);
}

// ---- levels -----------------------------------------------------------------------------------

static const void *find_of_order(const struct binary_reader *reader, const char *name, int order,
                                 enum section_type type, uint64_t count)
{
    char text[SECTION_NAME];
    snprintf(text, sizeof text, "%s%d", name, order);
    return find(reader, text, type, count, NULL);
}

// Values are probabilities, 0 or below, or back-off weights.
static bool take_codebook(const struct binary_reader *reader, const char *name, int order,
                          bool backoff, const float **code)
{
    size_t size = (size_t)1 << reader->bits;
    *code = find_of_order(reader, name, order, SECTION_FLOAT, size);
    for (size_t i = 0; *code != NULL && i < size; i++) {
        float value = (*code)[i];
        if (!(backoff ? value < INFINITY : value <= 0))
            return error_set(reader->error, "%s%d: found %g, wanted log10 of a %s", name, order,
                             (double)value, backoff ? "back-off weight" : "probability");
    }
    return *code != NULL;
}

static bool take_drift(const struct binary_reader *reader, int order)
{
    struct packed_level *level = &reader->model->packed[order];
    char name[SECTION_NAME];
    snprintf(name, sizeof name, "drifts%d", order);
    if (order == 1 || sections_find(&reader->sections, name) == NULL)
        return true;
    level->drift = find(reader, name, SECTION_INT16, packed_steps(level->count), NULL);
    return level->drift != NULL;
}

// The nodes themselves are not looked at.
static bool take_level(struct binary_reader *reader, int order)
{
    struct ngram_model *model = reader->model;
    struct packed_level *level = &model->packed[order];
    char name[SECTION_NAME];
    bool last = order == model->order;
    level->below = last ? 0 : level[1].count;
    level->shape = packed_shape_of(order, last, model->words.size, level->below, reader->bits);
    packed_level_init(level, model->words.size);
    if (reader->bits > 0 && order > 1 &&
        (!take_codebook(reader, "probs", order, false, &level->prob_code) ||
         (!last && !take_codebook(reader, "backoffs", order, true, &level->backoff_code))))
        return false;
    if (!take_drift(reader, order))
        return false;
    snprintf(name, sizeof name, "ngrams%d", order);
    const struct section *section =
        sections_array(&reader->sections, name, SECTION_BYTE,
                       packed_bytes_of(&level->shape, level->count), reader->error);
    if (section == NULL)
        return false;
    level->data = content(reader, section);
    return true;
}

static bool take_all(struct binary_reader *reader)
{
    if (!take_shape(reader) || !take_words(reader))
        return false;
    for (int k = 1; k <= reader->model->order; k++)
        if (!take_level(reader, k))
            return false;
    return true;
}

// ---- files ------------------------------------------------------------------------------------

static bool map_file(struct binary_reader *reader, const char *path)
{
    struct map *map = &reader->model->map;
    if (!map_open(map, path, reader->error))
        return false;
    reader->data = map->data;
    return (sections_in(&reader->sections, map->data, map->size, BINARY_KIND, reader->error) &&
            take_all(reader)) ||
           error_prefix(reader->error, "%s: ", path);
}

// What follows header and table, to its place in memory.
static bool read_rest(struct binary_reader *reader, struct input *input)
{
    struct room room = {.total = reader->sections.file_bytes};
    size_t at = (size_t)input_offset(input);
    bool ok = true;
    while (ok && at < room.total) {
        size_t piece = room.total - at < FILE_BUFFER ? room.total - at : FILE_BUFFER;
        ok = room_reserve(&room, input, at + piece, reader->error) &&
             input_read(input, (char *)room.data + at, piece, reader->error);
        at += piece;
    }
    reader->data = reader->model->memory = room.data;
    if (ok && input_peek(input) >= 0)
        return error_set(reader->error, "%s: found more than the %zu bytes wanted",
                         input_name(input), room.total);
    return ok && input_ok(input, reader->error);
}

static bool all_verified(const struct binary_reader *reader)
{
    for (size_t i = 0; i < reader->sections.count; i++)
        if (!verified(reader, &reader->sections.section[i]))
            return false;
    return true;
}

static bool read_file(struct binary_reader *reader, struct input *input)
{
    return sections_read(&reader->sections, input, BINARY_KIND, reader->error) &&
           read_rest(reader, input) &&
           ((all_verified(reader) && take_all(reader)) ||
            error_prefix(reader->error, "%s: ", input_name(input)));
}

bool binary_read(struct ngram_model *model, struct input *input, const char *path, bool in_place,
                 struct error *error)
{
    struct binary_reader reader = {.model = model, .error = error};
    bool plain = strcmp(path, "-") != 0 && input_bytes_left(input) != UINT64_MAX;
    bool ok = in_place && plain ? map_file(&reader, path) : read_file(&reader, input);
    sections_free(&reader.sections);
    return ok;
}

// ---- unpacking --------------------------------------------------------------------------------

static uint32_t raw_first(const struct packed_level *level, uint32_t at)
{
    return packed_bits(level->data, (uint64_t)at * level->bits + level->shape.key,
                       level->shape.first);
}

// Successors follow one another, from the first node of the next level to the last, in the order of
// their keys.
static bool level_ok(const struct ngram_model *model, int order, struct error *error)
{
    const struct packed_level *level = &model->packed[order], *next = &level[1];
    bool ok = raw_first(level, 0) == 0 && raw_first(level, level->count) == level->below;
    for (uint32_t i = 0; ok && i < level->count; i++) {
        uint32_t begin = raw_first(level, i), end = raw_first(level, i + 1);
        ok = begin <= end && end <= level->below;
        for (uint32_t j = begin; ok && order < model->order && j < end; j++)
            ok = packed_word(next, j) < model->words.size &&
                 (j == begin || packed_word(next, j - 1) < packed_word(next, j));
    }
    return ok || error_set(error, "ngrams%d: found nodes that are out of order", order);
}

// The block of n-grams in the level of an order that begin with a word.
static void block_of(const struct ngram_model *model, uint32_t word, int order, uint32_t *begin,
                     uint32_t *end)
{
    *begin = word;
    *end = word + 1;
    for (int k = 1; k < order; k++) {
        *begin = raw_first(&model->packed[k], *begin);
        *end = raw_first(&model->packed[k], *end);
    }
}

// The blocks in the order of words that there was before packing.
static bool unpack_level(struct ngram_model *model, int order, const int32_t *word_before,
                         const uint32_t *word_now, struct error *error)
{
    const struct packed_level *packed = &model->packed[order];
    struct trie_level *level = &model->level[order];
    bool last = order == model->order;
    uint32_t below = 0; // nodes of the next level so far
    if (!trie_reserve(level, packed->count, error))
        return false;
    for (size_t i = 0; i < model->words.size; i++) {
        uint32_t begin, end, first = 0, next = 0;
        block_of(model, word_now[i], order, &begin, &end);
        if (!last)
            block_of(model, word_now[i], order + 1, &first, &next);
        for (uint32_t j = begin; j < end; j++) {
            int32_t word = order > 1 ? word_before[packed_word(packed, j)] : (int32_t)i;
            level->node[level->count++] = (struct trie_node){
                trie_key(word), packed_prob(packed, j), packed_backoff(packed, j),
                last ? 0 : raw_first(packed, j) - first + below};
        }
        below += next - first;
    }
    level->node[level->count] = (struct trie_node){.first = below};
    return true;
}

// Takes the words over in the order that there was.
static bool unpack_words(struct ngram_model *model, const uint32_t *word_now, struct error *error)
{
    struct vocabulary words;
    bool ok = vocabulary_init(&words, error);
    for (size_t i = 0; ok && i < model->words.size; i++) {
        const char *word = vocabulary_word(&model->words, (int32_t)word_now[i]);
        ok = vocabulary_add(&words, word, strlen(word), error) != WORD_OOV;
    }
    if (!ok) {
        vocabulary_free(&words);
        return false;
    }
    model->words = words; // the former ones are borrowed
    return true;
}

static bool unpack(struct ngram_model *model, const int32_t *word_before, const uint32_t *word_now,
                   struct error *error)
{
    for (int k = 1; k <= model->order; k++)
        if (!level_ok(model, k, error))
            return false;
    for (int k = 1; k <= model->order; k++)
        if (!unpack_level(model, k, word_before, word_now, error))
            return false;
    return unpack_words(model, word_now, error);
}

bool binary_unpack(struct ngram_model *model, struct error *error)
{
    size_t words = model->words.size;
    int32_t *word_before = packed_order(words, error);
    uint32_t *word_now = memory_new(words, sizeof *word_now, error);
    bool ok = word_before != NULL && word_now != NULL;
    for (size_t i = 0; ok && i < words; i++)
        word_now[word_before[i]] = (uint32_t)i;
    ok = ok && stored_vocabulary_complete(&model->words, error) &&
         unpack(model, word_before, word_now, error);
    free(word_before);
    free(word_now);
    if (!ok)
        return false;
    memset(model->packed, 0, sizeof model->packed);
    map_close(&model->map);
    free(model->memory);
    model->memory = NULL;
    return true;
}
