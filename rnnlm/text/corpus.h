// One or several texts that are read as ids of a vocabulary, as often as wanted. The texts themselves
// are read once, when their words are asked for first, be they files, standard input or pipes.
#ifndef TEXT_CORPUS_H
#define TEXT_CORPUS_H

#include "text/id_text.h"
#include "text/word_cut.h"

struct corpus;

// Opens one text. Error: it cannot be opened.
struct corpus *corpus_open(const char *path, struct error *error);
void corpus_close(struct corpus *corpus);

// Opens one more, which stands behind those that are there. `weight`, above 0, tells how often it is
// read in an epoch of training, which need not be a whole number (train/epoch_text.h); that of the text
// which the corpus was opened with can be set.
bool corpus_add(struct corpus *corpus, const char *path, double weight, struct error *error);
void corpus_set_weight(struct corpus *corpus, double weight);

// The ids of the texts are kept in a folder (text/id_cache.h), and taken from there; `tell` is told what a
// user should know of that. To be called before they are read; the folder's name stays the caller's.
void corpus_keep_ids(struct corpus *corpus, const char *folder,
                     void (*tell)(void *context, const char *text), void *context);

// What its tokens are; words, if this is not called, and words in any case of kept ids. To be called before the
// texts are read.
void corpus_set_unit(struct corpus *corpus, enum text_unit unit);

// Words that are not in a vocabulary become this word of it, if it has it. To be called before
// corpus_start(); the word stays the caller's. NULL, as without: they are WORD_OOV.
void corpus_take_unknown(struct corpus *corpus, const char *word);

// Adds the words of the texts to an empty vocabulary with their counts, cuts it (unless `cut` is NULL)
// and sorts it. With weights, a count is how often an epoch has the word on average, rounded, and at
// least 1. An empty text is an error. *tokens counts those of an epoch, </s> included.
bool corpus_learn_vocabulary(struct corpus *corpus, struct vocabulary *vocabulary,
                             struct word_cut *cut, uint64_t *tokens, struct error *error);

// Goes to the beginning of the first text; ids are then those that `vocabulary` has now. Error: no
// memory, or that of a text.
bool corpus_start(struct corpus *corpus, const struct vocabulary *vocabulary, struct error *error);

// Next id, of each text once, whatever its weight; WORD_OOV for an unknown word; false at the end.
bool corpus_next(struct corpus *corpus, int32_t *id);

// The line of the token read last, and the name that its text was opened by, for messages.
uint64_t corpus_line_number(const struct corpus *corpus);
const char *corpus_name(const struct corpus *corpus);

// Of all texts, their words and weights: the same for the same. Since corpus_start() or
// corpus_learn_vocabulary().
uint64_t corpus_checksum(const struct corpus *corpus);

// ---- for those who read in an order of their own --------------------------------------------------

// A text since corpus_start(): id[i] is that of token i of the text among its own words, word[id[i]]
// that of the vocabulary.
struct corpus_text {
    const char *name;
    double weight;
    struct id_text ids;
    const int32_t *word; // [ids.words.size]
};

size_t corpus_texts(const struct corpus *corpus);
const struct corpus_text *corpus_text(const struct corpus *corpus, size_t i);

// id_text_let_go() of all.
void corpus_let_go(const struct corpus *corpus);

#endif
