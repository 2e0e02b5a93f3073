// A training text cut into contiguous parts that are read side by side.
//
// The ids of the text lie in a temporary file (four bytes a token, gone with the process), from
// which each part reads some thousand at a time: memory does not grow with the text, compressed
// texts and pipes can be cut as well, and words are looked up once instead of in every epoch.
#ifndef TRAIN_TEXT_STREAMS_H
#define TRAIN_TEXT_STREAMS_H

#include "text/reader.h"

struct text_streams;

// Reads the whole text. Error: that of the text; the temporary file (in $TMPDIR or /tmp) cannot be
// made or written.
struct text_streams *text_streams_open(struct corpus *corpus, const struct vocabulary *vocabulary,
                                       size_t count, struct error *error);
void text_streams_close(struct text_streams *streams);

// Of the text (train/fingerprint.h).
uint64_t text_streams_fingerprint(const struct text_streams *streams);

// Words of the text, and those before the parts' next ones.
uint64_t text_streams_words(const struct text_streams *streams);
uint64_t text_streams_done(const struct text_streams *streams);

// Goes to step `step` of every part (0: its beginning).
bool text_streams_start(struct text_streams *streams, uint64_t step, struct error *error);

// The `count` words before part b's next one, latest first: word number -1 of the text and all
// before it are </s>.
bool text_streams_history(const struct text_streams *streams, size_t b, int32_t *history,
                          size_t count, struct error *error);

// The next steps, at most `steps`: word[t B + b] is what part b takes in at step t, target[t B + b]
// what follows it. A part that has no more words takes in and predicts WORD_OOV; the last part is
// never the first to end. *read is the number of steps, 0 at the end.
bool text_streams_read(struct text_streams *streams, size_t steps, int32_t *word, int32_t *target,
                       size_t *read, struct error *error);

#endif
