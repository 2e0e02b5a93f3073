// Transcripts with times: NIST's STM and CTM.
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/number.h"
#include "wer/letter_case.h"
#include "wer/transcript_reading.h"

// ---- what lines look like -----------------------------------------------------------------------

enum { STM_COLUMNS = 5, CTM_COLUMNS = 5, CTM_MOST = 8 };

// The first columns of a line; what is behind them is left in `line`.
static size_t take_columns(struct span *line, struct span *column, size_t most)
{
    size_t columns = 0;
    while (columns < most && span_take(line, &column[columns]))
        columns++;
    return columns;
}

// Seconds: neither negative nor without end.
static bool parse_time(struct span text, double *time)
{
    return number_parse(text.text, text.length, time) && *time >= 0 && *time < 1e12;
}

static bool has_point(struct span text)
{
    return memchr(text.text, '.', text.length) != NULL;
}

bool transcript_looks_like_stm(struct span line, bool *fraction)
{
    struct span column[STM_COLUMNS];
    double begin, end;
    if (take_columns(&line, column, STM_COLUMNS) < STM_COLUMNS || !parse_time(column[3], &begin) ||
        !parse_time(column[4], &end) || begin > end)
        return false;
    *fraction = *fraction || has_point(column[3]) || has_point(column[4]);
    return true;
}

static bool are_stars(const struct span *column)
{
    return span_is(column[2], "*") && span_is(column[3], "*");
}

bool transcript_looks_like_ctm(struct span line, bool *fraction)
{
    struct span column[CTM_MOST + 1];
    double time;
    size_t columns = take_columns(&line, column, CTM_MOST + 1);
    if (columns < CTM_COLUMNS || columns > CTM_MOST)
        return false;
    if (are_stars(column))
        return true;
    if (!parse_time(column[2], &time) || !parse_time(column[3], &time))
        return false;
    *fraction = *fraction || has_point(column[2]) || has_point(column[3]);
    return true;
}

// ---- channels -----------------------------------------------------------------------------------

// "FILE CHANNEL", which are the same in upper and lower case; free() it.
static char *channel_name(const struct span *column, struct error *error)
{
    size_t length = column[0].length + 1 + column[1].length;
    char *name = memory_new(length + 1, 1, error);
    if (name == NULL)
        return NULL;
    memcpy(name, column[0].text, column[0].length);
    name[column[0].length] = ' ';
    memcpy(name + column[0].length + 1, column[1].text, column[1].length);
    letter_case_lower(name, length);
    return name;
}

// The channel of a line, made if it is new.
static struct transcript_channel *own_channel(struct transcript *transcript,
                                              const struct span *column, struct error *error)
{
    char *name = channel_name(column, error);
    if (name == NULL)
        return NULL;
    int32_t id = vocabulary_add(&transcript->channels, name, strlen(name), error);
    free(name);
    if (id == WORD_OOV)
        return NULL;
    if ((size_t)id > transcript->channel_count) {
        if (!memory_grow(&transcript->channel, &transcript->channel_capacity,
                         transcript->channel_count + 1, sizeof *transcript->channel, error))
            return NULL;
        transcript->channel[transcript->channel_count++] = (struct transcript_channel){0};
    }
    return &transcript->channel[id - 1];
}

// Number of the channel of a line in the reference; false if it has none of that name.
static bool find_channel(const struct transcript *reference, const struct span *column,
                         size_t *channel, struct error *error)
{
    char *name = channel_name(column, error);
    if (name == NULL)
        return false;
    int32_t id = vocabulary_find(&reference->channels, name, strlen(name));
    if (id <= WORD_END)
        error_set(error, "found file and channel \"%.60s\", which %s has not", name,
                  reference->name);
    free(name);
    *channel = (size_t)(id - 1);
    return id > WORD_END;
}

// ---- STM ----------------------------------------------------------------------------------------

static bool add_segment(struct transcript_channel *channel, double begin, double end,
                        size_t utterance, struct error *error)
{
    double before = channel->segments > 0 ? channel->segment[channel->segments - 1].begin : 0;
    if (begin < before)
        return error_set(error,
                         "found a segment that begins at %g after one at %g, wanted those of a "
                         "channel sorted: sort -k1,1 -k2,2 -k4,4n",
                         begin, before);
    if (!memory_grow(&channel->segment, &channel->capacity, channel->segments + 1,
                     sizeof *channel->segment, error))
        return false;
    struct transcript_segment *segment = &channel->segment[channel->segments++];
    *segment = (struct transcript_segment){utterance, begin, (float)end};
    if (segment > channel->segment && segment[-1].end > segment->end)
        segment->end = segment[-1].end;
    return true;
}

// SPEAKER-NUMBER, the number counted up for each speaker.
static bool begin_segment(struct transcript_reading *reading, struct span speaker,
                          struct error *error)
{
    struct transcript *transcript = reading->transcript;
    int32_t id = vocabulary_add(&transcript->speakers, speaker.text, speaker.length, error);
    size_t room = speaker.length + 24;
    if (id == WORD_OOV)
        return false;
    if (id == WORD_END)
        return error_set(error, "found the speaker \"</s>\", wanted another name");
    char *name = memory_new(room, 1, error);
    if (name == NULL)
        return false;
    int length = snprintf(name, room, "%.*s-%03" PRIu64, (int)speaker.length, speaker.text,
                          transcript->speakers.count[id]++);
    bool ok = transcript_begin_utterance(reading, (struct span){name, (size_t)length}, error);
    free(name);
    if (ok)
        transcript->utterance[transcript->count - 1].speaker = id;
    return ok;
}

static bool is_label(struct span word)
{
    return word.length > 1 && word.text[0] == '<' && word.text[word.length - 1] == '>';
}

bool transcript_read_stm(struct transcript_reading *reading, struct error *error)
{
    struct transcript *transcript = reading->transcript;
    struct span line = reading->line, column[STM_COLUMNS], behind, word;
    double begin, end;
    if (line.length == 0 || transcript_is_comment(line))
        return true;
    if (take_columns(&line, column, STM_COLUMNS) < STM_COLUMNS || !parse_time(column[3], &begin) ||
        !parse_time(column[4], &end) || begin > end)
        return transcript_fail(reading, error, "FILE CHANNEL SPEAKER BEGIN END WORD ...");
    behind = line;
    if (span_take(&behind, &word) && is_label(word))
        line = behind;
    behind = line;
    bool ignored = span_take(&behind, &word) && span_is(word, "IGNORE_TIME_SEGMENT_IN_SCORING") &&
                   !span_take(&behind, &word);
    struct transcript_channel *channel = own_channel(transcript, column, error);
    if (channel == NULL ||
        !add_segment(channel, begin, end, ignored ? TRANSCRIPT_IGNORED : transcript->count, error))
        return false;
    if (ignored)
        return true;
    if (!begin_segment(reading, column[2], error)) {
        channel->segment[channel->segments - 1].utterance = TRANSCRIPT_IGNORED;
        return false;
    }
    return transcript_add_words(reading, line, error);
}

// ---- CTM ----------------------------------------------------------------------------------------

// A word, or a mark.
struct timed_word {
    size_t channel, segment, order;
    size_t text, length; // in struct ctm's text
    uint64_t line;
};

struct ctm {
    const struct transcript *reference;
    struct timed_word *word;
    size_t words, word_capacity;
    char *text;
    size_t used, text_capacity;
    bool *heard;     // [reference->channel_count] channels of which there are words
    double *last;    // [reference->channel_count] where the last word began
    size_t *reached; // [reference->channel_count] the segment of the last word
    bool open;       // within alternatives
    size_t group;    // the first word of those
    double middle;   // the latest middle of a word in them
};

// The first segment that ends behind a time, or the last; not one before that of the last word.
static size_t reach(struct ctm *ctm, size_t number, double time)
{
    const struct transcript_channel *channel = &ctm->reference->channel[number];
    size_t low = ctm->reached[number], high = channel->segments - 1;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (time < (double)channel->segment[middle].end)
            high = middle;
        else
            low = middle + 1;
    }
    ctm->reached[number] = low;
    return low;
}

static bool add_word(struct ctm *ctm, struct span text, size_t channel, size_t segment,
                     uint64_t line, struct error *error)
{
    if (!memory_grow(&ctm->word, &ctm->word_capacity, ctm->words + 1, sizeof *ctm->word, error) ||
        !memory_grow(&ctm->text, &ctm->text_capacity, ctm->used + text.length + 1, 1, error))
        return false;
    memcpy(ctm->text + ctm->used, text.text, text.length);
    ctm->text[ctm->used + text.length] = '\0';
    ctm->word[ctm->words] =
        (struct timed_word){channel, segment, ctm->words, ctm->used, text.length, line};
    ctm->words++;
    ctm->used += text.length + 1;
    return true;
}

// Alternatives stay together: where that of their words is whose middle comes last.
static void end_group(struct ctm *ctm, size_t channel)
{
    size_t segment = reach(ctm, channel, ctm->middle);
    for (size_t i = ctm->group; i < ctm->words; i++)
        ctm->word[i].segment = segment;
    ctm->open = false;
}

// <ALT_BEGIN>, <ALT>, <ALT_END>.
static bool add_mark(struct transcript_reading *reading, struct ctm *ctm, struct span word,
                     size_t channel, struct error *error)
{
    const char *mark = span_is(word, "<ALT_BEGIN>") ? "{" : span_is(word, "<ALT>") ? "/" : "}";
    bool opens = *mark == '{';
    if (opens == ctm->open)
        return transcript_fail(reading, error, opens ? "<ALT_END> before" : "<ALT_BEGIN> before");
    if (opens) {
        ctm->open = true;
        ctm->group = ctm->words;
        ctm->middle = 0;
    }
    if (!add_word(ctm, (struct span){mark, 1}, channel, 0, reading->next, error))
        return false;
    if (*mark == '}')
        end_group(ctm, channel);
    return true;
}

// How many words there are before the end of an alternative, or of the text.
static size_t words_of_branch(struct span text)
{
    size_t words = 0;
    for (struct span word; span_take(&text, &word) && !span_is(word, "/");)
        words += !span_is(word, "{") && !span_is(word, "}");
    return words;
}

// A word of a channel, which rules may make several, alternatives or none: they share its time.
static bool add_timed(struct transcript_reading *reading, struct ctm *ctm, struct span word,
                      size_t channel, double begin, double duration, struct error *error)
{
    if (!transcript_map(reading, &word, error))
        return false;
    bool alternatives = !ctm->open && word.length > 0 && *word.text == '{';
    size_t words = words_of_branch(word), at = 0;
    if (alternatives) {
        ctm->group = ctm->words;
        ctm->middle = 0;
    }
    for (struct span one; span_take(&word, &one);) {
        bool mark = span_is(one, "{") || span_is(one, "/") || span_is(one, "}");
        double middle = begin + duration * ((double)at + 0.5) / (double)words;
        bool single = !mark && !alternatives && !ctm->open;
        size_t segment = single ? reach(ctm, channel, middle) : 0;
        if (!mark && middle > ctm->middle)
            ctm->middle = middle;
        at += !mark;
        if (span_is(one, "/")) {
            words = words_of_branch(word);
            at = 0;
        }
        if (!add_word(ctm, one, channel, segment, reading->next, error))
            return false;
    }
    if (alternatives)
        end_group(ctm, channel);
    return true;
}

static bool read_word(struct transcript_reading *reading, struct ctm *ctm, struct error *error)
{
    struct span line = reading->line, column[CTM_COLUMNS];
    size_t channel;
    double begin = 0, duration = 0;
    if (line.length == 0 || transcript_is_comment(line))
        return true;
    if (take_columns(&line, column, CTM_COLUMNS) < CTM_COLUMNS ||
        (!are_stars(column) &&
         (!parse_time(column[2], &begin) || !parse_time(column[3], &duration))))
        return transcript_fail(reading, error, "FILE CHANNEL BEGIN DURATION WORD [CONFIDENCE]");
    if (!find_channel(ctm->reference, column, &channel, error))
        return false;
    ctm->heard[channel] = true;
    if (are_stars(column))
        return add_mark(reading, ctm, column[4], channel, error);
    if (!ctm->open && begin < ctm->last[channel])
        return error_set(error,
                         "found a word that begins at %g after one at %g, wanted those of a "
                         "channel sorted: sort -k1,1 -k2,2 -k3,3n",
                         begin, ctm->last[channel]);
    if (!ctm->open)
        ctm->last[channel] = begin;
    return add_timed(reading, ctm, column[4], channel, begin, duration, error);
}

static int compare(const void *left, const void *right)
{
    const struct timed_word *a = left, *b = right;
    if (a->channel != b->channel)
        return a->channel < b->channel ? -1 : 1;
    if (a->segment != b->segment)
        return a->segment < b->segment ? -1 : 1;
    return a->order < b->order ? -1 : 1;
}

// A segment's words, from number *next on, which then is the first of the next segment.
static bool add_utterance(struct transcript_reading *reading, const struct ctm *ctm, size_t channel,
                          size_t segment, size_t *next, struct error *error)
{
    size_t utterance = ctm->reference->channel[channel].segment[segment].utterance;
    size_t count = reading->transcript->count;
    bool scored = utterance != TRANSCRIPT_IGNORED;
    const char *id = scored ? transcript_id(ctm->reference, utterance) : NULL;
    bool ok = !scored || transcript_begin_utterance(reading, (struct span){id, strlen(id)}, error);
    for (; *next < ctm->words; ++*next) {
        const struct timed_word *word = &ctm->word[*next];
        if (word->channel != channel || word->segment != segment)
            break;
        reading->bad = word->line;
        ok = ok && (!scored || transcript_words_add(
                                   &reading->words,
                                   (struct span){ctm->text + word->text, word->length}, error));
    }
    ok = ok && (!scored || transcript_words_end(&reading->words, error));
    if (ok)
        return true;
    transcript_spoil(reading, count);
    return transcript_skip(reading, error);
}

static bool add_utterances(struct transcript_reading *reading, struct ctm *ctm, struct error *error)
{
    size_t next = 0;
    if (ctm->words > 0)
        qsort(ctm->word, ctm->words, sizeof *ctm->word, compare);
    for (size_t channel = 0; channel < ctm->reference->channel_count; channel++)
        for (size_t i = 0; ctm->heard[channel] && i < ctm->reference->channel[channel].segments;
             i++)
            if (!add_utterance(reading, ctm, channel, i, &next, error))
                return false;
    return true;
}

static bool read_words(struct transcript_reading *reading, struct ctm *ctm, struct error *error)
{
    while (transcript_next_line(reading)) {
        reading->bad = reading->next;
        if (!read_word(reading, ctm, error) && !transcript_skip(reading, error))
            return false;
    }
    if (!ctm->open)
        return true;
    error_set(error, "found the end of the file, wanted <ALT_END>");
    return transcript_skip(reading, error);
}

bool transcript_read_ctm(struct transcript_reading *reading, struct error *error)
{
    const struct transcript *reference = reading->words.rules->segments;
    struct ctm ctm = {.reference = reference};
    if (reference == NULL)
        return error_set(error, "%s: found words with times (ctm), wanted a reference: stm",
                         reading->transcript->name);
    if (reference->form != TRANSCRIPT_STM)
        return error_set(
            error,
            "%s: words with times (ctm) want a reference with segments (stm), found %s "
            "in %s: -ref-form and -hyp-form tell the forms",
            reading->transcript->name, transcript_form_name(reference->form), reference->name);
    ctm.heard = memory_new(reference->channel_count, sizeof *ctm.heard, error);
    ctm.last = memory_new(reference->channel_count, sizeof *ctm.last, error);
    ctm.reached = memory_new(reference->channel_count, sizeof *ctm.reached, error);
    bool ok = ctm.heard != NULL && ctm.last != NULL && ctm.reached != NULL &&
              read_words(reading, &ctm, error) && add_utterances(reading, &ctm, error);
    free(ctm.word);
    free(ctm.text);
    free(ctm.heard);
    free(ctm.last);
    free(ctm.reached);
    return ok;
}
