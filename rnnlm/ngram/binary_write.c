// Writing binary n-gram models.
#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "ngram/binary.h"
#include "ngram/binary_format.h"
#include "ngram/codebook.h"

// Bytes of a level that are put at a time, a multiple of CHECKSUM_BLOCK, and what the last node before may
// go beyond them.
enum { PIECE = 1 << 16, MOST_NODE = 16 };

struct packing {
    const struct ngram_model *model;
    int32_t *order, *id;     // [words] from a new id to the old one, and back
    struct vocabulary words; // by new ids
    struct codebook prob[NGRAM_LONGEST + 1], backoff[NGRAM_LONGEST + 1]; // of a quantised model
    struct packed_shape shape[NGRAM_LONGEST + 1];
    int16_t *drift[NGRAM_LONGEST + 1]; // [packed_steps()]
    unsigned bits;
};

// What the section of a level is put from.
struct packing_level {
    const struct packing *packing;
    int order;
};

// ---- levels -----------------------------------------------------------------------------------
//
// All n-grams of an order that begin with the same word lie side by side, before and after packing: a
// level is packed by taking these blocks in the new order of words.

// The block of the word `old` in the level of an order.
static void block_of(const struct ngram_model *model, int32_t old, int order, uint32_t *begin,
                     uint32_t *end)
{
    *begin = (uint32_t)old;
    *end = (uint32_t)old + 1;
    for (int k = 1; k < order; k++) {
        *begin = model->level[k].node[*begin].first;
        *end = model->level[k].node[*end].first;
    }
}

static uint32_t float_bits(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static uint32_t coded(const struct codebook *book, float value, unsigned bits)
{
    uint32_t code = book->value != NULL ? codebook_code(book, value) : float_bits(value);
    return (uint32_t)(code & (((uint64_t)1 << bits) - 1)); // without the sign of a probability
}

static void put_node(const struct packing *packing, int order, const struct trie_node *node,
                     uint32_t first, struct packed_writer *writer)
{
    const struct packed_shape *shape = &packing->shape[order];
    if (order > 1)
        packed_put(writer, (uint32_t)packing->id[trie_word(node->key)], shape->key);
    packed_put(writer, first, shape->first);
    packed_put(writer, coded(&packing->prob[order], node->log10_prob, shape->prob), shape->prob);
    if (shape->backoff > 0)
        packed_put(writer, coded(&packing->backoff[order], node->log10_backoff, shape->backoff),
                   shape->backoff);
}

// Puts what is whole of the bytes, all if it is the end.
static void put_bytes(struct packed_writer *writer, unsigned char *bytes, struct section_sink *sink,
                      bool end)
{
    size_t size = (size_t)(writer->data - bytes);
    size_t piece = end ? size : size / CHECKSUM_BLOCK * CHECKSUM_BLOCK;
    section_put(sink, bytes, piece);
    memmove(bytes, bytes + piece, size - piece);
    writer->data = bytes + (size - piece);
}

static void put_level(const struct section_plan *plan, struct section_sink *sink)
{
    const struct packing_level *this = plan->context;
    const struct packing *packing = this->packing;
    const struct ngram_model *model = packing->model;
    const struct trie_node *node = model->level[this->order].node;
    const bool last = this->order == model->order;
    unsigned char bytes[PIECE + 2 * MOST_NODE + PACKED_BEHIND];
    struct packed_writer writer = {.data = bytes};
    uint32_t below = 0; // nodes of the next level so far
    for (size_t i = 0; i < model->words.size; i++) {
        uint32_t begin, end, first = 0, next = 0;
        block_of(model, packing->order[i], this->order, &begin, &end);
        if (!last)
            block_of(model, packing->order[i], this->order + 1, &first, &next);
        for (uint32_t j = begin; j < end; j++) {
            put_node(packing, this->order, &node[j], last ? 0 : node[j].first - first + below,
                     &writer);
            if (writer.data >= bytes + PIECE)
                put_bytes(&writer, bytes, sink, false);
        }
        below += next - first;
    }
    const struct packed_shape *shape = &packing->shape[this->order];
    packed_put(&writer, 0, shape->key);
    packed_put(&writer, below, shape->first);
    packed_put(&writer, 0, shape->prob);
    packed_put(&writer, 0, shape->backoff);
    packed_put(&writer, 0, (8 - writer.count) % 8);
    memset(writer.data, 0, PACKED_BEHIND);
    writer.data += PACKED_BEHIND;
    put_bytes(&writer, bytes, sink, true);
}

// ---- drifts -----------------------------------------------------------------------------------

struct packing_successors {
    const struct packing *packing;
    const struct trie_node *node;
    uint32_t spread;
};

static uint32_t key_of(const void *successors, uint32_t i)
{
    const struct packing_successors *these = successors;
    return (uint32_t)these->packing->id[trie_word(these->node[i].key)] * these->spread;
}

// Of the level of an order, 2 or more.
static bool make_drift(struct packing *packing, int order, struct error *error)
{
    const struct ngram_model *model = packing->model;
    const struct trie_node *context = model->level[order - 1].node;
    struct packing_successors successors = {packing, NULL, packed_spread(model->words.size)};
    uint32_t before = 0; // nodes of the level so far
    packing->drift[order] =
        memory_new(packed_steps(model->level[order].count), sizeof *packing->drift[order], error);
    if (packing->drift[order] == NULL)
        return false;
    for (size_t i = 0; i < model->words.size; i++) {
        uint32_t begin, end;
        block_of(model, packing->order[i], order - 1, &begin, &end);
        for (uint32_t j = begin; j < end; j++) {
            uint32_t count = context[j + 1].first - context[j].first;
            successors.node = model->level[order].node + context[j].first;
            packed_set_drift(packing->drift[order], before, count, key_of, &successors);
            before += count;
        }
    }
    return true;
}

static bool make_drifts(struct packing *packing, struct error *error)
{
    for (int k = 2; k <= packing->model->order; k++)
        if (!make_drift(packing, k, error))
            return false;
    return true;
}

// ---- codebooks --------------------------------------------------------------------------------

static bool make_codebook(struct codebook *book, const struct ngram_model *model, int order,
                          bool backoff, unsigned bits, struct error *error)
{
    const struct trie_level *level = &model->level[order];
    float *number = memory_new(level->count, sizeof *number, error);
    for (size_t i = 0; number != NULL && i < level->count; i++)
        number[i] = backoff ? level->node[i].log10_backoff : level->node[i].log10_prob;
    bool ok = number != NULL && codebook_make(book, number, level->count, bits, error);
    free(number);
    return ok;
}

static bool make_codebooks(struct packing *packing, struct error *error)
{
    const struct ngram_model *model = packing->model;
    for (int k = 2; packing->bits > 0 && k <= model->order; k++)
        if (!make_codebook(&packing->prob[k], model, k, false, packing->bits, error) ||
            (k < model->order &&
             !make_codebook(&packing->backoff[k], model, k, true, packing->bits, error)))
            return false;
    return true;
}

// ---- a model ----------------------------------------------------------------------------------

static bool number_words(struct packing *packing, struct error *error)
{
    const struct vocabulary *words = &packing->model->words;
    packing->order = packed_order(words->size, error);
    packing->id = memory_new(words->size, sizeof *packing->id, error);
    if (packing->order == NULL || packing->id == NULL || !vocabulary_init(&packing->words, error))
        return false;
    for (size_t i = 0; i < words->size; i++) {
        const char *word = vocabulary_word(words, packing->order[i]);
        packing->id[packing->order[i]] = (int32_t)i;
        if (vocabulary_add(&packing->words, word, strlen(word), error) == WORD_OOV)
            return false;
    }
    return true;
}

static void make_shapes(struct packing *packing)
{
    const struct ngram_model *model = packing->model;
    for (int k = 1; k <= model->order; k++) {
        bool last = k == model->order;
        packing->shape[k] = packed_shape_of(k, last, model->words.size,
                                            last ? 0 : model->level[k + 1].count, packing->bits);
    }
}

static struct section_plan array_of_order(const char *name, int order, enum section_type type,
                                          uint64_t count, const void *data)
{
    char text[SECTION_NAME];
    snprintf(text, sizeof text, "%s%d", name, order);
    return section_plan_array(text, type, count, data);
}

static bool write_sections(const struct packing *packing, struct output *output,
                           struct error *error)
{
    const struct ngram_model *model = packing->model;
    const struct vocabulary *words = &packing->words;
    struct section_plan plan[BINARY_MOST_SECTIONS];
    struct packing_level level[NGRAM_LONGEST + 1];
    uint64_t shape[BINARY_COUNTS + NGRAM_LONGEST] = {[BINARY_VERSION] = BINARY_THIS_VERSION,
                                                     [BINARY_ORDER] = (uint64_t)model->order,
                                                     [BINARY_HAS_END] = model->has_end,
                                                     [BINARY_BITS] = packing->bits};
    size_t count = 0;
    plan[count++] = section_plan_array("shape", SECTION_UINT64,
                                       (uint64_t)(BINARY_COUNTS + model->order), shape);
    plan[count++] = section_plan_array("offsets", SECTION_UINT64, words->size, words->offset);
    plan[count++] =
        section_plan_array("letters", SECTION_BYTE, words->letters_used, words->letters);
    plan[count++] = section_plan_array("slots", SECTION_INT32, words->slots, words->slot);
    for (int k = 1; k <= model->order; k++) {
        const struct codebook *prob = &packing->prob[k], *backoff = &packing->backoff[k];
        shape[BINARY_COUNTS + k - 1] = model->level[k].count;
        if (prob->value != NULL)
            plan[count++] = array_of_order("probs", k, SECTION_FLOAT, prob->size, prob->value);
        if (backoff->value != NULL)
            plan[count++] =
                array_of_order("backoffs", k, SECTION_FLOAT, backoff->size, backoff->value);
        if (packing->drift[k] != NULL)
            plan[count++] = array_of_order("drifts", k, SECTION_INT16,
                                           packed_steps(model->level[k].count), packing->drift[k]);
        level[k] = (struct packing_level){packing, k};
        plan[count] =
            array_of_order("ngrams", k, SECTION_BYTE,
                           packed_bytes_of(&packing->shape[k], model->level[k].count), NULL);
        plan[count].put = put_level;
        plan[count++].context = &level[k];
    }
    return sections_write(output, BINARY_KIND, plan, count, error);
}

static void packing_free(struct packing *packing)
{
    for (int k = 1; k <= NGRAM_LONGEST; k++) {
        codebook_free(&packing->prob[k]);
        codebook_free(&packing->backoff[k]);
        free(packing->drift[k]);
    }
    free(packing->order);
    free(packing->id);
    vocabulary_free(&packing->words);
}

bool binary_write(const struct ngram_model *model, const char *path, unsigned bits,
                  struct error *error)
{
    struct packing packing = {.model = model, .bits = bits};
    struct output *output = output_create(path, error);
    if (output == NULL)
        return false;
    bool ok = number_words(&packing, error) && make_codebooks(&packing, error) &&
              make_drifts(&packing, error);
    make_shapes(&packing);
    ok = ok && write_sections(&packing, output, error);
    packing_free(&packing);
    return output_end(output, ok, error);
}
