// The other model of an interpolation.
#include "score/other.h"

#include <stdlib.h>

#include "base/memory.h"
#include "score/stream.h"

struct other_model {
    struct stream *stream;
};

struct other_model *other_from_stream(const char *path, struct error *error)
{
    struct other_model *other = memory_new(1, sizeof *other, error);
    if (other == NULL)
        return NULL;
    other->stream = stream_open(path, STREAM_NET, error);
    if (other->stream == NULL) {
        free(other);
        return NULL;
    }
    return other;
}

void other_close(struct other_model *other)
{
    if (other == NULL)
        return;
    stream_close(other->stream);
    free(other);
}

bool other_next(struct other_model *other, const struct token *token, double *prob,
                struct error *error)
{
    return stream_match(other->stream, token, prob, error);
}

bool other_end(struct other_model *other, struct error *error)
{
    return stream_end(other->stream, error);
}
