// Which words of a text a model gets: those of a list, or those that are frequent enough. The others
// become one word, <unk>, which is then learnt like any other.
#ifndef TEXT_WORD_CUT_H
#define TEXT_WORD_CUT_H

#include "text/vocabulary.h"

struct word_cut {
    const char *list; // path of a file with the only words there may be; NULL: none
    uint64_t least;   // words that occur less often are left out; 0: none
    uint64_t most;    // so many words are kept, the most frequent ones; 0: no bound
    const char
        *unknown; // what the others become; NULL: <unk>. Neither it nor </s> is counted in `most`
    // Filled by word_cut_choose().
    uint64_t words_left_out, tokens_left_out; // different words, and how often they occur together
    uint64_t listed, missing; // words of the list; those of them that the text does not have
};

const char *word_cut_unknown(const struct word_cut *cut);

// Reads a list of words into an empty vocabulary: words with blanks or newlines between; or lines WORD
// COUNT, if every line is so, of which the counts are passed over. </s> need not be there: it always is a
// word. Error: no word; with `once`, one that comes twice. vocabulary_free() in any case.
bool word_list_read(struct vocabulary *words, const char *path, bool once, struct error *error);

// The ids of a vocabulary, </s> aside, by falling count; of the same count those later in the order of
// their bytes first, as `sort -nr` puts lines COUNT WORD. order [size - 1].
bool words_by_count(const struct vocabulary *words, int32_t *order, struct error *error);

// Chooses among the words of a text with their counts: kept[id] [size]. </s> is kept, the word for
// unknown ones is not. Error: the list; nothing is kept; a word for unknown ones that cannot be it.
bool word_cut_choose(struct word_cut *cut, const struct vocabulary *words, bool *kept,
                     struct error *error);

// Makes the words that are not kept one, whose count is the sum of theirs, and which stands where the
// first of them stood: the vocabulary is then that of the text with the one word in their places. new_id
// [size] becomes the map from old to new ids. Where all are kept, there is no such word. Error: no memory.
bool word_cut_apply(const struct word_cut *cut, struct vocabulary *words, const bool *kept,
                    int32_t *new_id, struct error *error);

#endif
