// What is kept of a passage, and around it.
#include "vectors/passage.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/random.h"
#include "text/vocabulary.h"

void passage_keep(uint32_t *keep, const uint64_t *count, size_t words, double sample)
{
    double all = 0;
    for (size_t w = 0; w < words; w++)
        all += (double)count[w];
    for (size_t w = 0; w < words; w++) {
        double share = (double)count[w] / all;
        double kept = share > 0 && sample > 0 ? (sqrt(share / sample) + 1) * sample / share : 1;
        keep[w] = kept < 1 ? (uint32_t)(kept * 4294967296.0) : UINT32_MAX;
    }
}

bool passage_init(struct passage *passage, size_t window, struct error *error)
{
    size_t most = PASSAGE_TOKENS + 2 * window;
    *passage = (struct passage){.word = memory_new(most, sizeof *passage->word, error)};
    passage->begin = memory_new(most, sizeof *passage->begin, error);
    passage->end = memory_new(most, sizeof *passage->end, error);
    passage->random = memory_new(most, sizeof *passage->random, error);
    return passage->word != NULL && passage->begin != NULL && passage->end != NULL &&
           passage->random != NULL;
}

void passage_free(struct passage *passage)
{
    free(passage->word);
    free(passage->begin);
    free(passage->end);
    free(passage->random);
    memset(passage, 0, sizeof *passage);
}

// Whether token i is kept: *word and *random are then set.
static bool is_kept(const struct passage_text *text, uint64_t i, uint64_t key, int32_t *word,
                    uint64_t *random)
{
    *word = text->word[text->id[i]];
    if (*word < 0)
        return false;
    *random = random_mix(key + i * RANDOM_STEP);
    uint32_t keep = text->keep[*word];
    return keep == UINT32_MAX || (uint32_t)*random < keep;
}

// The words before token `from` in its line, at most `window`, as the first of the passage; returns how many.
static size_t look_back(struct passage *passage, const struct passage_text *text, uint64_t from,
                        uint64_t key)
{
    size_t place = text->window;
    uint64_t least = from > PASSAGE_LOOK ? from - PASSAGE_LOOK : 0;
    for (uint64_t i = from; i > least && place > 0 && text->id[i - 1] != WORD_END; i--)
        place -= is_kept(text, i - 1, key, &passage->word[place - 1], &passage->random[place - 1]);
    size_t count = text->window - place;
    memmove(passage->word, passage->word + place, count * sizeof *passage->word);
    memmove(passage->random, passage->random + place, count * sizeof *passage->random);
    return count;
}

static void add(struct passage *passage, const struct passage_text *text, uint64_t i, uint64_t key,
                uint32_t line)
{
    size_t place = passage->count;
    if (is_kept(text, i, key, &passage->word[place], &passage->random[place]))
        passage->begin[passage->count++] = line; // where its line begins
}

// From where lines begin, and end, to contexts.
static void bound_contexts(struct passage *passage, size_t window)
{
    size_t end = passage->count;
    for (size_t i = passage->count; i-- > passage->first;) {
        size_t reach = 1 + (size_t)((passage->random[i] >> 32) * window >> 32);
        size_t begin = passage->begin[i];
        passage->end[i] = (uint32_t)(end - i > reach ? i + reach + 1 : end);
        passage->begin[i] = (uint32_t)(i - begin > reach ? i - reach : begin);
        if (i == begin)
            end = i;
    }
}

void passage_take(struct passage *passage, const struct passage_text *text, uint64_t from,
                  uint64_t to, uint64_t key)
{
    size_t window = text->window;
    uint32_t line = 0; // the place at which the line begins
    passage->count = passage->first = look_back(passage, text, from, key);
    for (uint64_t i = from; i < to; i++) {
        if (text->id[i] == WORD_END)
            line = (uint32_t)passage->count;
        else
            add(passage, text, i, key, line);
    }
    passage->last = passage->count;
    uint64_t most = text->tokens - to < PASSAGE_LOOK ? text->tokens : to + PASSAGE_LOOK;
    for (uint64_t i = to; i < most && passage->count < passage->last + window &&
                          text->id[i] != WORD_END && passage->last > line;
         i++)
        add(passage, text, i, key, line);
    bound_contexts(passage, window);
}
