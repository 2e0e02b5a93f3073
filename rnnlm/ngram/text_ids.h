// Words of texts and of files of counts as ids, texts by several threads.
#ifndef NGRAM_TEXT_IDS_H
#define NGRAM_TEXT_IDS_H

#include "base/error.h"
#include "base/threads.h"
#include "ngram/spill.h"
#include "ngram/word_runs.h"
#include "text/reader.h"
#include "text/vocabulary.h"

// Ids while reading are those of a struct vocabulary; </s> is 0 and ends a sentence.
enum { ID_END = WORD_END, ID_START = 1, ID_UNKNOWN = 2, FIXED_IDS };

struct recent_word;

struct text_ids {
    struct allowance *allowance;
    struct vocabulary vocabulary;
    const char *unknown;        // the word for unknown ones
    bool closed;                // no word enters any more
    struct sequence ids;        // int32_t
    struct word_runs runs;      // words that have been put aside
    size_t words_most;          // bytes that they may take before that
    uint64_t tokens, sentences; // <s> not counted, </s> counted
    struct recent_word *recent; // [threads][]
};

// Words may take as much as the allowance has for ids, then they are put aside (ngram/word_runs.h). `unknown`: what the word for unknown words is called. `words`: the only words there are, NULL for
// those that come. text_ids_free() also after a failure.
bool text_ids_init(struct text_ids *ids, const char *unknown, const struct vocabulary *words,
                   struct allowance *allowance, const char *temporary, struct error *error);
void text_ids_free(struct text_ids *ids);

// The id of a word, which is added if it is new and words may enter.
bool text_ids_word(struct text_ids *ids, const struct token *token, int32_t *id,
                   struct error *error);

// Puts the words aside if they take too much memory: others get their ids then. `upto`: how many ids, or
// n-grams, have been made by now.
bool text_ids_make_room(struct text_ids *ids, uint64_t upto, struct error *error);

// The same whatever they take.
bool text_ids_put_aside(struct text_ids *ids, uint64_t upto, struct error *error);

// Appends the ids of a text. Empty lines are no sentences; <s> at the start and </s> at the end of a
// line add nothing. Error: file, line, what is wrong there.
bool text_ids_read(struct text_ids *ids, const char *path, struct error *error);

#endif
