// Words and their ids. Id 0 is always </s>, the end of a sentence.
#ifndef TEXT_VOCABULARY_H
#define TEXT_VOCABULARY_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum { WORD_OOV = -1, WORD_END = 0 }; // ids: not in the vocabulary; </s>

struct token;

struct vocabulary {
    size_t size;     // words, ids 0..size-1
    uint64_t *count; // [size] occurrences in the training text
    size_t *offset;  // [size] where a word begins in `letters`
    char *letters;   // all words, each with a 0 byte behind it
    int32_t *slot;   // [slots] open-addressed hash table of ids, -1 free
    size_t slots;    // a power of two
    size_t letters_used;
    size_t count_capacity, offset_capacity, letters_capacity;
    bool borrowed; // the arrays belong to somebody else: nothing can be added, nothing is freed
};

// An empty vocabulary holding only </s>, with count 0. vocabulary_free() also after a failure.
bool vocabulary_init(struct vocabulary *vocabulary, struct error *error);
void vocabulary_free(struct vocabulary *vocabulary);

// Id of a word, WORD_OOV if it is not there. Safe from any number of threads while nobody adds.
int32_t vocabulary_find(const struct vocabulary *vocabulary, const char *word, size_t length);

// Ids of n words, each as vocabulary_find() gives it. What lies in no cache, as most of a large
// vocabulary does, is asked of memory for many words at a time. Safe as vocabulary_find().
void vocabulary_find_all(const struct vocabulary *vocabulary, const struct token *token, size_t n,
                         int32_t *id);

// True if a word, 0-terminated, is there; it may be NULL, which is not.
bool vocabulary_has(const struct vocabulary *vocabulary, const char *word);

// Id of a word, added with count 0 at the end if it is not there; WORD_OOV and `error` only if
// memory or ids run out.
int32_t vocabulary_add(struct vocabulary *vocabulary, const char *word, size_t length,
                       struct error *error);

// The word of an id, valid until the next addition. Words never hold a 0 byte.
const char *vocabulary_word(const struct vocabulary *vocabulary, int32_t id);

// True for the names by which models know the word that unknown words become: <unk>, <UNK>, [unk]
// and the like, RNN_UNK.
bool vocabulary_is_unknown_name(const char *word, size_t length);

// That word of a vocabulary: `name` if it is not NULL and there, else the first there is of those
// names; WORD_OOV if there is none.
int32_t vocabulary_unknown(const struct vocabulary *vocabulary, const char *name);

// The word of a vocabulary for words that have a share of its probability, as Kaldi's models have one
// beside <unk>, which is for what is no word at all: `name` alone if it is not NULL, else RNN_UNK or
// <RNN_UNK>, else as above.
int32_t vocabulary_rare(const struct vocabulary *vocabulary, const char *name);

// Puts the words in the reference's order: </s> first, the others by falling count, ties as its
// selection sort leaves them. Takes O(V log V). If `new_id` is not NULL it becomes an array [size]
// from old to new ids, to be freed.
bool vocabulary_sort(struct vocabulary *vocabulary, int32_t **new_id, struct error *error);

// Whether no word but </s> has a lower count than one behind it, as the reference's order has it.
bool vocabulary_is_sorted(const struct vocabulary *vocabulary);

// Puts the words in the order of these ids [size], each of which is there once; new_id [size] becomes
// the map from old to new ones. Error: no memory; nothing has been done then.
bool vocabulary_reorder(struct vocabulary *vocabulary, const int32_t *old_id, int32_t *new_id,
                        struct error *error);

#endif
