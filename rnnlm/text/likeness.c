// Words that look alike. The n-grams of the words that are asked for are sorted; each word of the
// vocabulary looks its own up among them.
#include "text/likeness.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "text/marks.h"

enum { SHORTEST = 2, LONGEST = 5 };

// ---- n-grams of letters ------------------------------------------------------------------------

static int compare_numbers(const void *left, const void *right)
{
    uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;
    return a < b ? -1 : a > b;
}

// The n-grams of a word as hashes, each once.
struct letters {
    char *text; // ^word$
    size_t text_capacity;
    size_t *begin; // of the letters in it
    size_t begin_capacity;
    uint64_t *gram;
    size_t grams, gram_capacity;
};

static void letters_free(struct letters *letters)
{
    free(letters->text);
    free(letters->begin);
    free(letters->gram);
}

// Marks are bytes that no UTF-8 text has. FNV-1a.
static uint64_t hash_letters(const char *text, size_t length)
{
    uint64_t hash = 14695981039346656037u;
    for (size_t i = 0; i < length; i++)
        hash = (hash ^ (unsigned char)text[i]) * 1099511628211u;
    return hash ^ hash >> 32;
}

// Where letters begin: at bytes that go on with none. Returns how many there are.
static size_t find_letters(struct letters *letters, size_t length)
{
    size_t count = 0;
    for (size_t i = 0; i < length; i++)
        if (((unsigned char)letters->text[i] & 0xc0) != 0x80)
            letters->begin[count++] = i;
    letters->begin[count] = length;
    return count;
}

static void drop_equal(struct letters *letters)
{
    size_t kept = 0;
    qsort(letters->gram, letters->grams, sizeof *letters->gram, compare_numbers);
    for (size_t i = 0; i < letters->grams; i++)
        if (kept == 0 || letters->gram[kept - 1] != letters->gram[i])
            letters->gram[kept++] = letters->gram[i];
    letters->grams = kept;
}

static bool letters_take(struct letters *letters, const char *word, struct error *error)
{
    size_t length = strlen(word), most = LONGEST - SHORTEST + 1;
    if (!memory_grow(&letters->text, &letters->text_capacity, length + 2, 1, error) ||
        !memory_grow(&letters->begin, &letters->begin_capacity, length + 3, sizeof(size_t),
                     error) ||
        !memory_grow(&letters->gram, &letters->gram_capacity, most * (length + 2), sizeof(uint64_t),
                     error))
        return false;
    letters->text[0] = (char)0xfe;
    memcpy(letters->text + 1, word, length);
    letters->text[length + 1] = (char)0xff;
    size_t count = find_letters(letters, length + 2);
    letters->grams = 0;
    for (size_t n = SHORTEST; n <= LONGEST; n++)
        for (size_t i = 0; i + n <= count; i++)
            letters->gram[letters->grams++] = hash_letters(
                letters->text + letters->begin[i], letters->begin[i + n] - letters->begin[i]);
    drop_equal(letters);
    return true;
}

// ---- the words that are asked for --------------------------------------------------------------

struct entry {
    uint64_t gram;
    int32_t word;
};

static int compare_entries(const void *left, const void *right)
{
    const struct entry *a = left, *b = right;
    if (a->gram != b->gram)
        return a->gram < b->gram ? -1 : 1;
    return a->word < b->word ? -1 : a->word > b->word;
}

struct index {
    struct entry *entry; // sorted
    size_t entries, capacity;
    uint32_t *grams;  // [wanted] of each word
    uint32_t *shared; // [wanted] with the word at hand
    int32_t *touched; // [wanted] the words that share any
    struct letters letters;
};

static void index_free(struct index *index)
{
    free(index->entry);
    free(index->grams);
    free(index->shared);
    free(index->touched);
    letters_free(&index->letters);
}

static bool index_words(struct index *index, const struct vocabulary *wanted, struct error *error)
{
    index->grams = memory_new(wanted->size, sizeof *index->grams, error);
    index->shared = memory_new(wanted->size, sizeof *index->shared, error);
    index->touched = memory_new(wanted->size, sizeof *index->touched, error);
    if (index->grams == NULL || index->shared == NULL || index->touched == NULL)
        return false;
    for (int32_t word = 1; (size_t)word < wanted->size; word++) {
        if (!letters_take(&index->letters, vocabulary_word(wanted, word), error) ||
            !memory_grow(&index->entry, &index->capacity, index->entries + index->letters.grams,
                         sizeof *index->entry, error))
            return false;
        index->grams[word] = (uint32_t)index->letters.grams;
        for (size_t i = 0; i < index->letters.grams; i++)
            index->entry[index->entries++] = (struct entry){index->letters.gram[i], word};
    }
    qsort(index->entry, index->entries, sizeof *index->entry, compare_entries);
    return true;
}

// The first entry of an n-gram, or where it would be.
static size_t first_entry(const struct index *index, uint64_t gram)
{
    size_t low = 0, high = index->entries;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (index->entry[middle].gram < gram)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

// Into the list, if it is among the nearest so far. Ids come rising, so that equals stay behind.
static void insert(struct alike *alike, int32_t id, float likeness)
{
    size_t at = alike->count;
    if (at == LIKENESS_MOST && !(likeness > alike->likeness[at - 1]))
        return;
    alike->count += at < LIKENESS_MOST;
    for (at = alike->count - 1; at > 0 && likeness > alike->likeness[at - 1]; at--) {
        alike->id[at] = alike->id[at - 1];
        alike->likeness[at] = alike->likeness[at - 1];
    }
    alike->id[at] = id;
    alike->likeness[at] = likeness;
}

// Holds a word of the vocabulary against all that share an n-gram with it.
static void compare(struct index *index, int32_t id, struct alike *alike)
{
    size_t touched = 0, own = index->letters.grams;
    for (size_t i = 0; i < own; i++) {
        uint64_t gram = index->letters.gram[i];
        for (size_t at = first_entry(index, gram);
             at < index->entries && index->entry[at].gram == gram; at++) {
            int32_t word = index->entry[at].word;
            if (index->shared[word]++ == 0)
                index->touched[touched++] = word;
        }
    }
    for (size_t i = 0; i < touched; i++) {
        int32_t word = index->touched[i];
        double size = sqrt((double)own * (double)index->grams[word]);
        insert(&alike[word], id, (float)((double)index->shared[word] / size));
        index->shared[word] = 0;
    }
}

bool likeness_find(const struct vocabulary *known, const struct vocabulary *wanted,
                   struct alike *alike, struct error *error)
{
    struct index index = {.entries = 0};
    memset(alike, 0, wanted->size * sizeof *alike);
    bool ok = index_words(&index, wanted, error);
    for (int32_t id = 1; ok && (size_t)id < known->size; id++) {
        const char *word = vocabulary_word(known, id);
        size_t length = strlen(word);
        if (mark_of(word, length) != MARK_NONE || vocabulary_is_unknown_name(word, length))
            continue;
        ok = letters_take(&index.letters, word, error);
        if (ok)
            compare(&index, id, alike);
    }
    index_free(&index);
    return ok;
}
