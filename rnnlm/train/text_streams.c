// The parts of a training text.
#include "train/text_streams.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/descriptor.h"
#include "base/memory.h"
#include "train/fingerprint.h"

enum { BUFFER = 2048 }; // ids that a part reads at once

struct part {
    uint64_t begin, end; // of its targets, in words of the text
    uint64_t next;
    int32_t previous; // the word before `next`
    int32_t *buffer;  // [BUFFER] ids from `buffered` on
    uint64_t buffered;
    size_t count;
};

struct text_streams {
    int file;
    char *folder; // of the file
    uint64_t words, fingerprint;
    size_t count;
    struct part *part;
    int32_t *buffer; // [count][BUFFER]
};

// ---- the file of ids --------------------------------------------------------------------------

static bool make_file(struct text_streams *streams, struct error *error)
{
    const char *folder = getenv("TMPDIR");
    if (folder == NULL || *folder == '\0')
        folder = "/tmp";
    streams->folder = memory_text(folder, strlen(folder), error);
    if (streams->folder == NULL)
        return false;
    streams->file = descriptor_nameless(folder);
    if (streams->file < 0)
        return error_set(error, "cannot make a temporary file in %s: %s", folder, strerror(errno));
    return true;
}

static bool write_ids(struct text_streams *streams, const int32_t *ids, size_t count,
                      struct error *error)
{
    const char *from = (const char *)ids;
    size_t left = count * sizeof *ids;
    while (left > 0) {
        ssize_t done = write(streams->file, from, left);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return error_set(error,
                             "cannot write the training text's ids to a temporary file in %s: %s",
                             streams->folder, strerror(errno));
        from += done;
        left -= (size_t)done;
    }
    return true;
}

static bool read_ids(const struct text_streams *streams, uint64_t first, int32_t *ids, size_t count,
                     struct error *error)
{
    char *to = (char *)ids;
    size_t left = count * sizeof *ids;
    off_t at = (off_t)(first * sizeof *ids);
    while (left > 0) {
        ssize_t done = pread(streams->file, to, left, at);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return error_set(error, "cannot read the temporary file in %s: %s", streams->folder,
                             done < 0 ? strerror(errno) : "it has become shorter");
        to += done;
        at += done;
        left -= (size_t)done;
    }
    return true;
}

static bool store_text(struct text_streams *streams, struct corpus *corpus,
                       const struct vocabulary *vocabulary, struct error *error)
{
    size_t count = 0;
    if (!corpus_start(corpus, vocabulary, error))
        return false;
    streams->fingerprint = FINGERPRINT_EMPTY;
    while (corpus_next(corpus, &streams->buffer[count])) {
        streams->words++;
        streams->fingerprint = fingerprint_add(streams->fingerprint, streams->buffer[count]);
        if (++count < BUFFER)
            continue;
        if (!write_ids(streams, streams->buffer, count, error))
            return false;
        count = 0;
    }
    if (!corpus_ok(corpus, error))
        return false;
    if (streams->words == 0)
        return error_set(error, "the training text is empty");
    return write_ids(streams, streams->buffer, count, error);
}

// ---- parts ------------------------------------------------------------------------------------

// Lengths differ by one word at most; the longer parts are the last ones.
static void cut(struct text_streams *streams)
{
    uint64_t length = streams->words / streams->count, longer = streams->words % streams->count;
    uint64_t begin = 0;
    for (size_t b = 0; b < streams->count; b++) {
        struct part *part = &streams->part[b];
        part->begin = begin;
        begin += length + (b >= streams->count - longer);
        part->end = begin;
        part->buffer = streams->buffer + b * BUFFER;
    }
}

struct text_streams *text_streams_open(struct corpus *corpus, const struct vocabulary *vocabulary,
                                       size_t count, struct error *error)
{
    struct text_streams *streams = memory_new(1, sizeof *streams, error);
    if (streams == NULL)
        return NULL;
    streams->file = -1;
    streams->count = count;
    streams->part = memory_new(count, sizeof *streams->part, error);
    if (streams->part != NULL)
        streams->buffer = memory_new(count, BUFFER * sizeof(int32_t), error);
    if (streams->buffer == NULL || !make_file(streams, error) ||
        !store_text(streams, corpus, vocabulary, error)) {
        text_streams_close(streams);
        return NULL;
    }
    cut(streams);
    return streams;
}

void text_streams_close(struct text_streams *streams)
{
    if (streams == NULL)
        return;
    if (streams->file >= 0)
        close(streams->file);
    free(streams->folder);
    free(streams->part);
    free(streams->buffer);
    free(streams);
}

uint64_t text_streams_words(const struct text_streams *streams)
{
    return streams->words;
}

uint64_t text_streams_fingerprint(const struct text_streams *streams)
{
    return streams->fingerprint;
}

uint64_t text_streams_done(const struct text_streams *streams)
{
    uint64_t done = 0;
    for (size_t b = 0; b < streams->count; b++)
        done += streams->part[b].next - streams->part[b].begin;
    return done;
}

bool text_streams_start(struct text_streams *streams, uint64_t step, struct error *error)
{
    for (size_t b = 0; b < streams->count; b++) {
        struct part *part = &streams->part[b];
        part->next = step < part->end - part->begin ? part->begin + step : part->end;
        part->count = 0;
        part->previous = WORD_END;
        if (part->next > 0 && !read_ids(streams, part->next - 1, &part->previous, 1, error))
            return false;
    }
    return true;
}

bool text_streams_history(const struct text_streams *streams, size_t b, int32_t *history,
                          size_t count, struct error *error)
{
    uint64_t next = streams->part[b].next;
    for (size_t i = 0; i < count; i++) {
        history[i] = WORD_END;
        if (i < next && !read_ids(streams, next - 1 - i, &history[i], 1, error))
            return false;
    }
    return true;
}

static bool next_word(struct text_streams *streams, struct part *part, int32_t *word,
                      int32_t *target, struct error *error)
{
    *word = *target = WORD_OOV;
    if (part->next == part->end)
        return true;
    if (part->count == 0 || part->next - part->buffered == part->count) {
        uint64_t left = part->end - part->next;
        part->buffered = part->next;
        part->count = left < BUFFER ? (size_t)left : BUFFER;
        if (!read_ids(streams, part->next, part->buffer, part->count, error))
            return false;
    }
    *word = part->previous;
    *target = part->previous = part->buffer[part->next - part->buffered];
    part->next++;
    return true;
}

bool text_streams_read(struct text_streams *streams, size_t steps, int32_t *word, int32_t *target,
                       size_t *read, struct error *error)
{
    size_t count = streams->count;
    const struct part *last = &streams->part[count - 1];
    uint64_t left = last->end - last->next;
    *read = left < steps ? (size_t)left : steps;
    for (size_t t = 0; t < *read; t++)
        for (size_t b = 0; b < count; b++)
            if (!next_word(streams, &streams->part[b], &word[t * count + b], &target[t * count + b],
                           error))
                return false;
    return true;
}
