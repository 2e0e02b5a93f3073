// The parts of an epoch.
#include "train/text_streams.h"

#include <stdlib.h>

#include "base/memory.h"

struct part {
    uint64_t begin, end; // of its targets, in words of the epoch
    uint64_t next;       // of those that are read
    int32_t previous;    // the word before `next`
    struct epoch_place place;
};

struct text_streams {
    struct corpus *corpus;
    struct epoch_text *text;
    bool begun;
    uint64_t epoch, words; // since text_streams_start()
    uint64_t step;         // at which all parts are
    uint64_t touched;      // words read since the files were let go
    size_t count;
    struct part *part;
};

struct text_streams *text_streams_open(struct corpus *corpus, const struct vocabulary *vocabulary,
                                       const struct epoch_rule *rule, size_t count,
                                       struct error *error)
{
    struct text_streams *streams = memory_new(1, sizeof *streams, error);
    if (streams == NULL)
        return NULL;
    streams->corpus = corpus;
    streams->count = count;
    streams->part = memory_new(count, sizeof *streams->part, error);
    if (streams->part != NULL)
        streams->text = epoch_text_new(corpus, vocabulary, rule, error);
    if (streams->text != NULL)
        return streams;
    text_streams_close(streams);
    return NULL;
}

void text_streams_close(struct text_streams *streams)
{
    if (streams == NULL)
        return;
    epoch_text_free(streams->text);
    free(streams->part);
    free(streams);
}

bool text_streams_draw(const struct text_streams *streams)
{
    return epoch_text_draws(streams->text);
}

uint64_t text_streams_words(const struct text_streams *streams)
{
    return streams->words;
}

uint64_t text_streams_place(const struct text_streams *streams, size_t b)
{
    const struct part *part = &streams->part[b];
    return streams->step < part->end - part->begin ? part->begin + streams->step : part->end;
}

uint64_t text_streams_done(const struct text_streams *streams)
{
    uint64_t done = 0;
    for (size_t b = 0; b < streams->count; b++)
        done += text_streams_place(streams, b) - streams->part[b].begin;
    return done;
}

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
    }
}

static int32_t word_at(const struct text_streams *streams, uint64_t word)
{
    struct epoch_place place;
    epoch_text_seek(streams->text, word, &place);
    return epoch_text_next(streams->text, &place);
}

bool text_streams_start(struct text_streams *streams, uint64_t epoch, uint64_t step,
                        struct error *error)
{
    bool same = streams->begun && (epoch == streams->epoch || !epoch_text_draws(streams->text));
    streams->epoch = epoch;
    if (!same && !epoch_text_begin(streams->text, epoch, &streams->words, error))
        return false;
    streams->begun = true;
    streams->step = step;
    cut(streams);
    for (size_t b = 0; b < streams->count; b++) {
        struct part *part = &streams->part[b];
        part->next = text_streams_place(streams, b);
        part->previous = part->next > 0 ? word_at(streams, part->next - 1) : WORD_END;
        epoch_text_seek(streams->text, part->next, &part->place);
    }
    return true;
}

void text_streams_history(const struct text_streams *streams, size_t b, int32_t *history,
                          size_t count)
{
    uint64_t next = text_streams_place(streams, b);
    for (size_t i = 0; i < count; i++)
        history[i] = i < next ? word_at(streams, next - 1 - i) : WORD_END;
}

static void next_word(struct text_streams *streams, struct part *part, int32_t *word,
                      int32_t *target)
{
    *word = *target = WORD_OOV;
    if (part->next == part->end)
        return;
    *word = part->previous;
    *target = part->previous = epoch_text_next(streams->text, &part->place);
    part->next++;
}

size_t text_streams_left(const struct text_streams *streams, size_t most)
{
    size_t last = streams->count - 1;
    uint64_t left = streams->part[last].end - text_streams_place(streams, last);
    return left < most ? (size_t)left : most;
}

void text_streams_read_parts(struct text_streams *streams, size_t first, size_t count, size_t steps,
                             int32_t *word, int32_t *target)
{
    for (size_t t = 0; t < steps; t++)
        for (size_t b = 0; b < count; b++)
            next_word(streams, &streams->part[first + b], &word[t * count + b],
                      &target[t * count + b]);
    streams->touched += steps * count;
    if (streams->touched < ID_TEXT_TOUCHED)
        return;
    corpus_let_go(streams->corpus);
    streams->touched = 0;
}

void text_streams_advance(struct text_streams *streams, size_t steps)
{
    streams->step += steps;
}

size_t text_streams_read(struct text_streams *streams, size_t steps, int32_t *word, int32_t *target)
{
    size_t read = text_streams_left(streams, steps);
    text_streams_read_parts(streams, 0, streams->count, read, word, target);
    text_streams_advance(streams, read);
    return read;
}

void text_streams_where(const struct text_streams *streams, size_t b, const char **name,
                        uint64_t *line)
{
    epoch_text_where(streams->text, streams->part[b].next - 1, name, line);
}
