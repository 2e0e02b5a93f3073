// Words and their ids: a hash table over one block of letters.
#include "text/vocabulary.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "text/reader.h"

enum {
    FIRST_SLOTS = 1024,
    TOGETHER = 16 // words that are looked up side by side
};

// FNV-1a, with a last mixing step because the table's size is a power of two.
static uint64_t hash_word(const char *word, size_t length)
{
    uint64_t hash = 14695981039346656037u;
    for (size_t i = 0; i < length; i++)
        hash = (hash ^ (unsigned char)word[i]) * 1099511628211u;
    return hash ^ hash >> 32;
}

// The slot that holds the word of this hash, or the free one where it would go.
static size_t find_hashed(const struct vocabulary *vocabulary, uint64_t hash, const char *word,
                          size_t length)
{
    size_t mask = vocabulary->slots - 1;
    size_t slot = hash & mask;
    for (; vocabulary->slot[slot] >= 0; slot = (slot + 1) & mask) {
        const char *there = vocabulary_word(vocabulary, vocabulary->slot[slot]);
        if (strnlen(there, length + 1) == length && memcmp(there, word, length) == 0)
            break;
    }
    return slot;
}

static size_t find_slot(const struct vocabulary *vocabulary, const char *word, size_t length)
{
    return find_hashed(vocabulary, hash_word(word, length), word, length);
}

static bool rehash(struct vocabulary *vocabulary, size_t slots, struct error *error)
{
    int32_t *slot = memory_new(slots, sizeof *slot, error);
    if (slot == NULL)
        return false;
    memset(slot, 0xff, slots * sizeof *slot); // all -1
    free(vocabulary->slot);
    vocabulary->slot = slot;
    vocabulary->slots = slots;
    for (size_t id = 0; id < vocabulary->size; id++) { // all are different: nothing to compare
        const char *word = vocabulary_word(vocabulary, (int32_t)id);
        size_t at = hash_word(word, strlen(word)) & (slots - 1);
        while (slot[at] >= 0)
            at = (at + 1) & (slots - 1);
        slot[at] = (int32_t)id;
    }
    return true;
}

bool vocabulary_init(struct vocabulary *vocabulary, struct error *error)
{
    memset(vocabulary, 0, sizeof *vocabulary);
    return rehash(vocabulary, FIRST_SLOTS, error) &&
           vocabulary_add(vocabulary, "</s>", 4, error) == WORD_END;
}

void vocabulary_free(struct vocabulary *vocabulary)
{
    if (!vocabulary->borrowed) {
        free(vocabulary->count);
        free(vocabulary->offset);
        free(vocabulary->letters);
        free(vocabulary->slot);
    }
    memset(vocabulary, 0, sizeof *vocabulary);
}

// The usual one first; RNN_UNK, Kaldi's, is the last, since its models have <unk> as well.
static const char *const unknown_names[] = {"<unk>",     "<UNK>",     "[unk]",  "[UNK]",
                                            "<oov>",     "<OOV>",     "[OOV]",  "<unknown>",
                                            "<UNKNOWN>", "<RNN_UNK>", "RNN_UNK"};

enum { UNKNOWN_NAMES = sizeof unknown_names / sizeof *unknown_names };

bool vocabulary_is_unknown_name(const char *word, size_t length)
{
    for (size_t i = 0; i < UNKNOWN_NAMES; i++)
        if (strlen(unknown_names[i]) == length && memcmp(word, unknown_names[i], length) == 0)
            return true;
    return false;
}

int32_t vocabulary_unknown(const struct vocabulary *vocabulary, const char *name)
{
    int32_t id = name != NULL ? vocabulary_find(vocabulary, name, strlen(name)) : WORD_OOV;
    for (size_t i = 0; id == WORD_OOV && i < UNKNOWN_NAMES; i++)
        id = vocabulary_find(vocabulary, unknown_names[i], strlen(unknown_names[i]));
    return id;
}

int32_t vocabulary_rare(const struct vocabulary *vocabulary, const char *name)
{
    if (name != NULL)
        return vocabulary_find(vocabulary, name, strlen(name));
    int32_t id = vocabulary_find(vocabulary, "RNN_UNK", strlen("RNN_UNK"));
    if (id == WORD_OOV)
        id = vocabulary_find(vocabulary, "<RNN_UNK>", strlen("<RNN_UNK>"));
    return id != WORD_OOV ? id : vocabulary_unknown(vocabulary, NULL);
}

int32_t vocabulary_find(const struct vocabulary *vocabulary, const char *word, size_t length)
{
    return vocabulary->slot[find_slot(vocabulary, word, length)];
}

// A look-up reads a slot, the place of a word and its letters, one after the other: each is asked for
// in all words before the next is. A slot that another word has is found to be so only then.
static void find_together(const struct vocabulary *vocabulary, const struct token *token, size_t n,
                          int32_t *id)
{
    uint64_t hash[TOGETHER];
    const int32_t *slot[TOGETHER];
    for (size_t i = 0; i < n; i++) {
        hash[i] = hash_word(token[i].text, token[i].length);
        slot[i] = &vocabulary->slot[hash[i] & (vocabulary->slots - 1)];
        memory_fetch(slot[i], sizeof *slot[i]);
    }
    for (size_t i = 0; i < n; i++)
        if (*slot[i] >= 0)
            memory_fetch(&vocabulary->offset[*slot[i]], sizeof *vocabulary->offset);
    for (size_t i = 0; i < n; i++)
        if (*slot[i] >= 0)
            memory_fetch(vocabulary_word(vocabulary, *slot[i]), 1);
    for (size_t i = 0; i < n; i++)
        id[i] = vocabulary->slot[find_hashed(vocabulary, hash[i], token[i].text, token[i].length)];
}

void vocabulary_find_all(const struct vocabulary *vocabulary, const struct token *token, size_t n,
                         int32_t *id)
{
    for (size_t first = 0, count; first < n; first += count) {
        count = n - first < TOGETHER ? n - first : TOGETHER;
        find_together(vocabulary, token + first, count, id + first);
    }
}

bool vocabulary_has(const struct vocabulary *vocabulary, const char *word)
{
    return word != NULL && vocabulary_find(vocabulary, word, strlen(word)) != WORD_OOV;
}

static bool append(struct vocabulary *vocabulary, const char *word, size_t length,
                   struct error *error)
{
    size_t size = vocabulary->size;
    if (size >= INT32_MAX)
        return error_set(error, "too many different words: %zu", size + 1);
    if (!memory_grow(&vocabulary->count, &vocabulary->count_capacity, size + 1,
                     sizeof *vocabulary->count, error) ||
        !memory_grow(&vocabulary->offset, &vocabulary->offset_capacity, size + 1,
                     sizeof *vocabulary->offset, error) ||
        !memory_grow(&vocabulary->letters, &vocabulary->letters_capacity,
                     vocabulary->letters_used + length + 1, 1, error))
        return false;
    vocabulary->count[size] = 0;
    vocabulary->offset[size] = vocabulary->letters_used;
    memcpy(vocabulary->letters + vocabulary->letters_used, word, length);
    vocabulary->letters[vocabulary->letters_used + length] = '\0';
    vocabulary->letters_used += length + 1;
    vocabulary->size = size + 1;
    return true;
}

int32_t vocabulary_add(struct vocabulary *vocabulary, const char *word, size_t length,
                       struct error *error)
{
    size_t slot = find_slot(vocabulary, word, length);
    if (vocabulary->slot[slot] >= 0)
        return vocabulary->slot[slot];
    if (vocabulary->borrowed) {
        error_set(error, "the vocabulary belongs to a file in use and takes no words");
        return WORD_OOV;
    }
    if (memchr(word, '\0', length) != NULL) {
        error_set(error, "a word holds a zero byte: \"%s...\"", word);
        return WORD_OOV;
    }
    if (vocabulary->size >= vocabulary->slots / 2) {
        if (!rehash(vocabulary, vocabulary->slots * 2, error))
            return WORD_OOV;
        slot = find_slot(vocabulary, word, length);
    }
    if (!append(vocabulary, word, length, error))
        return WORD_OOV;
    return vocabulary->slot[slot] = (int32_t)(vocabulary->size - 1);
}

const char *vocabulary_word(const struct vocabulary *vocabulary, int32_t id)
{
    return vocabulary->letters + vocabulary->offset[id];
}

// ---- sorting ----------------------------------------------------------------------------------
//
// For a = 1..V-1 the reference takes the first b >= a with the largest count and swaps a and b. A
// tournament tree over the positions answers "the first largest" in O(log V), and a swap replays
// two paths.

struct tournament {
    size_t leaves;     // a power of two >= V
    uint64_t *largest; // [2 * leaves] heap order, leaves behind; 0 for positions already sorted
};

static void replay(struct tournament *tree, size_t position, uint64_t value)
{
    size_t node = tree->leaves + position;
    tree->largest[node] = value;
    while (node > 1) {
        node /= 2;
        uint64_t left = tree->largest[2 * node], right = tree->largest[2 * node + 1];
        tree->largest[node] = left >= right ? left : right;
    }
}

static size_t first_largest(const struct tournament *tree)
{
    size_t node = 1;
    while (node < tree->leaves) {
        node *= 2;
        if (tree->largest[node] < tree->largest[node + 1])
            node++;
    }
    return node - tree->leaves;
}

// old_id[position] = id of the word that ends there. Values are counts + 1: 0 means "sorted".
static void selection_order(struct tournament *tree, const uint64_t *count, int32_t *old_id,
                            size_t size)
{
    for (size_t i = 0; i < size; i++) {
        old_id[i] = (int32_t)i;
        tree->largest[tree->leaves + i] = i > 0 ? count[i] + 1 : 0;
    }
    for (size_t node = tree->leaves - 1; node > 0; node--) {
        uint64_t left = tree->largest[2 * node], right = tree->largest[2 * node + 1];
        tree->largest[node] = left >= right ? left : right;
    }
    for (size_t a = 1; a < size; a++) {
        size_t b = first_largest(tree);
        int32_t id = old_id[b];
        old_id[b] = old_id[a];
        old_id[a] = id;
        if (b != a)
            replay(tree, b, tree->largest[tree->leaves + a]);
        replay(tree, a, 0);
    }
}

bool vocabulary_reorder(struct vocabulary *vocabulary, const int32_t *old_id, int32_t *new_id,
                        struct error *error)
{
    size_t size = vocabulary->size;
    uint64_t *count = memory_new(size, sizeof *count, error);
    size_t *offset = count != NULL ? memory_new(size, sizeof *offset, error) : NULL;
    if (offset == NULL) {
        free(count);
        return false;
    }
    for (size_t i = 0; i < size; i++) {
        count[i] = vocabulary->count[old_id[i]];
        offset[i] = vocabulary->offset[old_id[i]];
        new_id[old_id[i]] = (int32_t)i;
    }
    free(vocabulary->count);
    free(vocabulary->offset);
    vocabulary->count = count;
    vocabulary->offset = offset;
    vocabulary->count_capacity = vocabulary->offset_capacity = size;
    for (size_t slot = 0; slot < vocabulary->slots; slot++)
        if (vocabulary->slot[slot] >= 0)
            vocabulary->slot[slot] = new_id[vocabulary->slot[slot]];
    return true;
}

bool vocabulary_is_sorted(const struct vocabulary *vocabulary)
{
    for (size_t i = 2; i < vocabulary->size; i++)
        if (vocabulary->count[i] > vocabulary->count[i - 1])
            return false;
    return true;
}

bool vocabulary_sort(struct vocabulary *vocabulary, int32_t **new_id, struct error *error)
{
    struct tournament tree = {.leaves = 1};
    while (tree.leaves < vocabulary->size)
        tree.leaves *= 2;
    tree.largest = memory_new(2 * tree.leaves, sizeof *tree.largest, error);
    int32_t *old_id = memory_new(vocabulary->size, sizeof *old_id, error);
    int32_t *map = memory_new(vocabulary->size, sizeof *map, error);
    bool ok = tree.largest != NULL && old_id != NULL && map != NULL;
    if (ok) {
        selection_order(&tree, vocabulary->count, old_id, vocabulary->size);
        ok = vocabulary_reorder(vocabulary, old_id, map, error);
    }
    free(tree.largest);
    free(old_id);
    if (ok && new_id != NULL)
        *new_id = map;
    else
        free(map);
    return ok;
}
