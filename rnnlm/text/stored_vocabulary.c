// Whether a vocabulary as it lies in a native model can be used.
#include "text/stored_vocabulary.h"

#include <inttypes.h>
#include <string.h>

#define MOST_LETTERS ((uint64_t)1 << 48)
#define MOST_SLOTS ((uint64_t)1 << 33)

bool stored_vocabulary_sizes_ok(uint64_t words, uint64_t letters, uint64_t slots,
                                struct error *error)
{
    if (letters < words || letters > MOST_LETTERS)
        return error_set(error, "words: found %" PRIu64 " bytes, wanted %" PRIu64 " to %" PRIu64,
                         letters, words, MOST_LETTERS);
    if (slots / 2 < words || slots > MOST_SLOTS || (slots & (slots - 1)) != 0)
        return error_set(error,
                         "word hash table: found %" PRIu64
                         " slots, wanted a power of two, at least twice the vocabulary's %" PRIu64,
                         slots, words);
    return true;
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

bool stored_vocabulary_in_bounds(const struct vocabulary *vocabulary, struct error *error)
{
    return offsets_ok(vocabulary, error) && slots_ok(vocabulary, error) &&
           (strcmp(vocabulary_word(vocabulary, WORD_END), "</s>") == 0 ||
            error_set(error, "words: the first is \"%.60s\", wanted </s>",
                      vocabulary_word(vocabulary, WORD_END)));
}

bool stored_vocabulary_complete(const struct vocabulary *vocabulary, struct error *error)
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
