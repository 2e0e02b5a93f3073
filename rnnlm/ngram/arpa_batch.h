// N-grams on their way from the lines of an ARPA file into the trie, many at once: the searches for
// words and contexts mostly wait for memory, and those of different lines can wait together.
#ifndef NGRAM_ARPA_BATCH_H
#define NGRAM_ARPA_BATCH_H

#include "ngram/backoff.h"
#include "ngram/word_table.h"

enum { ARPA_BATCH = 64 };

struct arpa_batch {
    size_t count;
    struct word_span word[NGRAM_LONGEST][ARPA_BATCH];
    int32_t id[NGRAM_LONGEST][ARPA_BATCH];
    uint32_t context[ARPA_BATCH]; // the n-gram without its last word, as a node
    float log10_prob[ARPA_BATCH], log10_backoff[ARPA_BATCH];
    uint64_t line[ARPA_BATCH];
};

// Puts the n-grams, of `order` words each (2 or more), into the model's level and empties the
// batch. Error: "line N: ..." where a word or a context is unknown.
bool arpa_batch_insert(struct arpa_batch *batch, struct ngram_model *model,
                       const struct word_table *table, int order, struct error *error);

#endif
