// What an epoch of training reads: texts by their weights, in their order or shuffled.
//
// A text of weight w is read floor(w) times, and besides a share w - floor(w) of its lines, rounded to
// whole lines: every line is as likely as any other to be among them, and they are spread over the text.
// Without shuffling texts follow one another as they were given, each as often as it is read. With
// shuffling all of them are cut into blocks of lines, and the blocks of all come in one random order.
// What is drawn depends on the seed and the epoch alone. There is no more in memory than where blocks
// begin: 16 bytes a block, and 16 for each time that it is read.
#ifndef TRAIN_EPOCH_TEXT_H
#define TRAIN_EPOCH_TEXT_H

#include "text/corpus.h"

struct epoch_rule {
    bool shuffle;
    uint64_t
        block; // words of a block, which ends with the line that has the last of them; at least 1
    uint32_t seed;
};

struct epoch_text;

// Reads the texts, if they have not been read yet; they stay the caller's, with the ids of `vocabulary`.
// Error: that of the texts; no memory; a weight so small that no line is left.
struct epoch_text *epoch_text_new(struct corpus *corpus, const struct vocabulary *vocabulary,
                                  const struct epoch_rule *rule, struct error *error);
void epoch_text_free(struct epoch_text *text);

// Whether epochs differ: something is drawn.
bool epoch_text_draws(const struct epoch_text *text);

// Goes to an epoch, and tells its words. Places are anew then. Error: no memory.
bool epoch_text_begin(struct epoch_text *text, uint64_t epoch, uint64_t *words,
                      struct error *error);

// A place in the epoch, for one reader. Any number of readers go through an epoch at a time.
struct epoch_place {
    size_t piece;        // of the epoch
    const int32_t *word; // of the piece's text
    const int32_t *next; // the ids of a run of whole lines of the text that are left
    const int32_t *end;
    const int32_t *behind;  // where the piece ends
    uint64_t lines, wanted; // of a share: lines of the piece that are left, and are to be chosen
    uint64_t key;           // of random numbers
};

// The place before word number `word` of the epoch, at most the number of its words.
void epoch_text_seek(const struct epoch_text *text, uint64_t word, struct epoch_place *place);

// The next word's id, of which there must be one.
int32_t epoch_text_next(const struct epoch_text *text, struct epoch_place *place);

// Where word number `word` stands: its text's name and its line there. For messages: it takes time.
void epoch_text_where(const struct epoch_text *text, uint64_t word, const char **name,
                      uint64_t *line);

#endif
