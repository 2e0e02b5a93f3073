// Several probability streams of the same text.
#include "score/streams.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

struct reading {
    struct streams *streams;
    struct stream **stream;   // [count]
    struct stream_item *item; // [count] the current word's
    bool *there;              // [count] it has a current word
    bool *inside;             // [count] that is not the first of its sentence
    bool lacks_empty_lines;   // one of them is SRILM's output, which leaves them out
    size_t capacity;          // words for which there is room
};

static bool ended_early(const struct reading *reading, size_t ended, size_t goes_on,
                        struct error *error)
{
    const struct stream *a = reading->stream[ended], *b = reading->stream[goes_on];
    return error_set(error, "%s: ends after line %llu, %zu words; %s: line %llu: goes on",
                     stream_name(a), (unsigned long long)stream_line_number(a),
                     reading->streams->words, stream_name(b),
                     (unsigned long long)stream_line_number(b));
}

static bool words_differ(const struct reading *reading, size_t i, size_t j, struct error *error)
{
    const struct stream *a = reading->stream[i], *b = reading->stream[j];
    const struct stream_item *x = &reading->item[i], *y = &reading->item[j];
    const char *unnamed = "an unknown word";
    int most = 60;
    int m = x->word == NULL ? (int)strlen(unnamed) : x->length < 60 ? (int)x->length : most;
    int n = y->word == NULL ? (int)strlen(unnamed) : y->length < 60 ? (int)y->length : most;
    return error_set(error,
                     "%s: line %llu: found the probability of %.*s, but %s: line %llu: has that of "
                     "%.*s (word %zu)",
                     stream_name(b), (unsigned long long)stream_line_number(b), n,
                     y->word == NULL ? unnamed : y->word, stream_name(a),
                     (unsigned long long)stream_line_number(a), m,
                     x->word == NULL ? unnamed : x->word, reading->streams->words + 1);
}

// Every stream against the first, and against the first that names its word.
static bool check_words(const struct reading *reading, struct error *error)
{
    size_t count = reading->streams->count, named = 0;
    while (named < count && (reading->item[named].word == NULL || reading->item[named].unknown))
        named++;
    for (size_t i = 1; i < count; i++) {
        if (!stream_same_word(&reading->item[0], &reading->item[i]))
            return words_differ(reading, 0, i, error);
        if (named < count && !stream_same_word(&reading->item[named], &reading->item[i]))
            return words_differ(reading, named, i, error);
    }
    return true;
}

// The next item of a stream; the sentence ends of empty lines are passed over where others lack
// them.
static bool next_item(struct reading *reading, size_t i)
{
    struct stream_item *item = &reading->item[i];
    bool there = stream_next(reading->stream[i], item);
    while (there && reading->lacks_empty_lines && !reading->inside[i] && stream_is_end(item))
        there = stream_next(reading->stream[i], item);
    reading->inside[i] = there && !stream_is_end(item);
    return there;
}

// The next item of every stream; *more is false when all have ended.
static bool next_items(struct reading *reading, bool *more, struct error *error)
{
    size_t count = reading->streams->count;
    for (size_t i = 0; i < count; i++) {
        reading->there[i] = next_item(reading, i);
        if (!stream_ok(reading->stream[i], error))
            return false;
    }
    *more = reading->there[0];
    for (size_t i = 1; i < count; i++) {
        if (reading->there[i] != reading->there[0])
            return ended_early(reading, reading->there[0] ? i : 0, reading->there[0] ? 0 : i,
                               error);
    }
    return !*more || check_words(reading, error);
}

static bool make_room(struct reading *reading, struct error *error)
{
    struct streams *streams = reading->streams;
    if (streams->words < reading->capacity)
        return true;
    size_t grown = 0;
    for (size_t i = 0; i < streams->count; i++) {
        size_t capacity = reading->capacity;
        if (!memory_grow(&streams->prob[i], &capacity, streams->words + 1, sizeof **streams->prob,
                         error))
            return false;
        grown = capacity;
    }
    reading->capacity = grown;
    return true;
}

static bool read_all(struct reading *reading, struct error *error)
{
    struct streams *streams = reading->streams;
    bool more;
    for (;;) {
        if (!next_items(reading, &more, error))
            return false;
        if (!more)
            break;
        if (!make_room(reading, error))
            return false;
        for (size_t i = 0; i < streams->count; i++)
            streams->prob[i][streams->words] = reading->item[i].prob;
        streams->words++;
    }
    return streams->words > 0 ||
           error_set(error, "%s: no probability found, at least one is wanted",
                     stream_name(reading->stream[0]));
}

static bool open_all(struct reading *reading, const char *const *path,
                     const enum stream_column *column, struct error *error)
{
    for (size_t i = 0; i < reading->streams->count; i++) {
        reading->stream[i] = stream_open(path[i], column != NULL ? column[i] : STREAM_NET, error);
        if (reading->stream[i] == NULL)
            return false;
        reading->lacks_empty_lines |= stream_form(reading->stream[i]) == STREAM_SRILM;
    }
    return true;
}

bool streams_read(struct streams *streams, const char *const *path,
                  const enum stream_column *column, size_t count, struct error *error)
{
    struct reading reading = {.streams = streams};
    *streams = (struct streams){.count = count};
    streams->prob = memory_new(count, sizeof *streams->prob, error);
    reading.stream = memory_new(count, sizeof *reading.stream, error);
    reading.item = memory_new(count, sizeof *reading.item, error);
    reading.there = memory_new(count, sizeof *reading.there, error);
    reading.inside = memory_new(count, sizeof *reading.inside, error);
    bool ok = streams->prob != NULL && reading.stream != NULL && reading.item != NULL &&
              reading.there != NULL && reading.inside != NULL &&
              open_all(&reading, path, column, error) && read_all(&reading, error);
    for (size_t i = 0; i < count && reading.stream != NULL; i++)
        stream_close(reading.stream[i]);
    free(reading.stream);
    free(reading.item);
    free(reading.there);
    free(reading.inside);
    return ok;
}

void streams_free(struct streams *streams)
{
    for (size_t i = 0; i < streams->count && streams->prob != NULL; i++)
        free(streams->prob[i]);
    free(streams->prob);
    *streams = (struct streams){0};
}
