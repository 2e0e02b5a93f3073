// The words of an epoch (train/epoch_text.h) cut into contiguous parts that are read side by side; online
// training reads one.
#ifndef TRAIN_TEXT_STREAMS_H
#define TRAIN_TEXT_STREAMS_H

#include "train/epoch_text.h"

struct text_streams;

// `count` parts of the texts by the rule. Error: that of epoch_text_new().
struct text_streams *text_streams_open(struct corpus *corpus, const struct vocabulary *vocabulary,
                                       const struct epoch_rule *rule, size_t count,
                                       struct error *error);
void text_streams_close(struct text_streams *streams);

// epoch_text_draws().
bool text_streams_draw(const struct text_streams *streams);

// Goes to step `step` of every part (0: its beginning) of an epoch. Error: no memory.
bool text_streams_start(struct text_streams *streams, uint64_t epoch, uint64_t step,
                        struct error *error);

// Words of the epoch, and those before the parts' next ones.
uint64_t text_streams_words(const struct text_streams *streams);
uint64_t text_streams_done(const struct text_streams *streams);

// The `count` words before part b's next one, latest first: word number -1 of the epoch and all
// before it are </s>.
void text_streams_history(const struct text_streams *streams, size_t b, int32_t *history,
                          size_t count);

// The next steps, at most `steps`: word[t B + b] is what part b takes in at step t, target[t B + b]
// what follows it. A part that has no more words takes in and predicts WORD_OOV; the last part is
// never the first to end. Returns the number of steps, 0 at the end.
size_t text_streams_read(struct text_streams *streams, size_t steps, int32_t *word,
                         int32_t *target);

// The number, in the epoch, of the word that part b predicts next.
uint64_t text_streams_place(const struct text_streams *streams, size_t b);

// Where the latest target of part b stands, for messages.
void text_streams_where(const struct text_streams *streams, size_t b, const char **name,
                        uint64_t *line);

// The same of some parts: steps that are left, at most `most`; parts first..first+count-1 for `steps` of
// these, as if there were no others; and on to the step behind these. A part is read in all blocks, or in
// none.
size_t text_streams_left(const struct text_streams *streams, size_t most);
void text_streams_read_parts(struct text_streams *streams, size_t first, size_t count, size_t steps,
                             int32_t *word, int32_t *target);
void text_streams_advance(struct text_streams *streams, size_t steps);

#endif
