// Words of a text that are too many for memory. When the words that are there take more than their share,
// they are written to disk, in the order of their bytes, and forgotten: those that come again later get
// other numbers. In the end these runs are merged: each word has one id, and each run a map from its own
// numbers to ids. What has been numbered is then read again, run by run, with that map. Words are
// compared by all their bytes, so that none is taken for another.
#ifndef NGRAM_WORD_RUNS_H
#define NGRAM_WORD_RUNS_H

#include "ngram/spill.h"
#include "ngram/word_store.h"
#include "text/vocabulary.h"

struct word_run {
    uint64_t begin, end; // bytes of the file
    uint64_t upto;       // what is numbered so ends here
    size_t words;
};

struct word_runs {
    struct allowance *allowance;
    struct temporary
        file; // for each word its number in the run, 32 bits, and the word, with a 0 byte
    struct temporary maps; // for each word its number in the run, and its id, 32 bits each
    uint64_t size;         // of the file
    struct word_run *run;
    size_t count, capacity;
};

// word_runs_free() also after a failure.
void word_runs_init(struct word_runs *runs, struct allowance *allowance, const char *temporary);
void word_runs_free(struct word_runs *runs);

// The words of a vocabulary, whose ids are their numbers, as a run. `upto`: how many things have been
// numbered with these runs and the ones before.
bool word_runs_add(struct word_runs *runs, const struct vocabulary *words, uint64_t upto,
                   struct error *error);

// Fills the store; `id` [fixed]: the ids of the words that have the numbers 0..fixed-1 in all runs.
bool word_runs_merge(struct word_runs *runs, struct word_store *store, uint32_t *id, size_t fixed,
                     struct error *error);

// The ids of a run's words, by their numbers; free them. NULL on failure. After word_runs_merge().
uint32_t *word_runs_map(struct word_runs *runs, size_t run, struct error *error);

#endif
