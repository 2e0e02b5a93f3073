// Several probability streams of the same text, read whole, as score/mixture.h wants them.
#ifndef SCORE_STREAMS_H
#define SCORE_STREAMS_H

#include <stddef.h>

#include "score/stream.h"

struct streams {
    size_t count, words;
    double **prob; // [count][words]
};

// Reads the streams in step. Error, besides those of each stream: one ends before another; where
// several name their words, these differ; none has an item. Beside SRILM's output, which leaves empty
// lines out, a table's are passed over. `column` (may be NULL: the first) has
// an entry for each. streams_free() also after a failure.
bool streams_read(struct streams *streams, const char *const *path,
                  const enum stream_column *column, size_t count, struct error *error);
void streams_free(struct streams *streams);

#endif
