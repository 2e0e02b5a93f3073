// Fuzzing of probability streams (score/stream.c, score/streams.c).
#include "fuzz.h"

#include <string.h>

#include "score/streams.h"

static void read_items(const char *path, enum stream_column column)
{
    struct error error = {""};
    struct stream_item item;
    struct stream *stream = stream_open(path, column, &error);
    if (stream == NULL) {
        fuzz_check_error(&error);
        return;
    }
    while (stream_next(stream, &item)) {
        fuzz_check(item.prob >= 0 && item.prob <= 1, "a probability is one");
        fuzz_check(stream_same_word(&item, &item), "a word is itself");
    }
    if (!stream_ok(stream, &error))
        fuzz_check_error(&error);
    stream_close(stream);
}

// Beside a text that has the same words, or others.
static void match(const char *path, enum stream_column column, unsigned way)
{
    static const char *const words[] = {"the", "cat", "<unk>", "a", "of"};
    struct error error = {""};
    double prob;
    struct stream *stream = stream_open(path, column, &error);
    if (stream == NULL)
        return;
    for (unsigned i = 0; i < 40; i++) {
        const char *word = (i + way) % 4 == 3 ? "</s>" : words[(i + way) % 5];
        const struct token token = {word, strlen(word), (i + way) % 4 == 3};
        if (!stream_match(stream, &token, &prob, &error)) {
            fuzz_check_error(&error);
            break;
        }
        fuzz_check(prob >= 0 && prob <= 1, "a probability is one");
    }
    if (!stream_end(stream, &error))
        fuzz_check_error(&error);
    stream_close(stream);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct fuzz_file file;
    struct error error = {""};
    struct streams streams;
    unsigned way = fuzz_choice(&data, &size);
    enum stream_column column = way & 1 ? STREAM_OTHER : STREAM_NET;
    fuzz_write(&file, data, size);
    const char *const path[2] = {file.path, file.path};
    read_items(file.path, column);
    match(file.path, column, way >> 1);
    if (!streams_read(&streams, path, NULL, 2, &error))
        fuzz_check_error(&error);
    streams_free(&streams);
    return 0;
}
