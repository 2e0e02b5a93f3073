// A file of probabilities as a source.
#include <stdlib.h>

#include "base/memory.h"
#include "score/source.h"
#include "score/stream.h"

struct stream_source {
    struct source source;
    struct stream *stream;
};

static bool stream_source_next(struct source *source, const struct token *token,
                               struct source_word *word, struct error *error)
{
    word->id = WORD_OOV;
    word->name = NULL;
    word->listed = false;
    return stream_match(((struct stream_source *)source)->stream, token, &word->prob, error);
}

static bool stream_source_end(struct source *source, struct error *error)
{
    return stream_end(((struct stream_source *)source)->stream, error);
}

static void stream_source_free(struct source *source)
{
    stream_close(((struct stream_source *)source)->stream);
    free(source);
}

static const struct source_type stream_type = {
    .next = stream_source_next, .end = stream_source_end, .free = stream_source_free};

struct source *source_stream(const char *path, struct error *error)
{
    struct stream_source *source = memory_new(1, sizeof *source, error);
    if (source == NULL)
        return NULL;
    source->source.type = &stream_type;
    source->stream = stream_open(path, STREAM_NET, error);
    if (source->stream == NULL) {
        free(source);
        return NULL;
    }
    return &source->source;
}
