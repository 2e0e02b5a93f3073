// Unigram cache: each word's weight is brought up to date only when the word comes.
#include "ngram/cache.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "text/reader.h"
#include "text/vocabulary.h"

struct slot {
    double weight; // at time `last`
    uint64_t last; // when the weight was right
    uint64_t held; // tokens of this word that count
    uint64_t round;
};

struct cache {
    struct cache_options options;
    double forgotten; // decay^window: what a token that leaves the window weighs
    struct slot *slot;
    size_t slots;
    int32_t *recent; // [window] ring of tokens, where there is a window
    size_t recent_capacity;
    uint64_t time;  // tokens added
    uint64_t begun; // time of the last clearing
    uint64_t round; // clearings so far; slots of earlier rounds are empty
    double total;
};

struct cache *cache_new(const struct cache_options *options, struct error *error)
{
    if (!(options->decay > 0 && options->decay <= 1)) {
        error_usage(error, "option -decay: found %g, wanted a number above 0 and at most 1",
                    options->decay);
        return NULL;
    }
    struct cache *cache = memory_new(1, sizeof *cache, error);
    if (cache == NULL)
        return NULL;
    cache->options = *options;
    cache->forgotten = options->window > 0 ? pow(options->decay, (double)options->window) : 0;
    return cache;
}

void cache_free(struct cache *cache)
{
    if (cache == NULL)
        return;
    free(cache->slot);
    free(cache->recent);
    free(cache);
}

void cache_clear(struct cache *cache)
{
    cache->round++;
    cache->begun = cache->time;
    cache->total = 0;
}

static double weight_now(const struct cache *cache, const struct slot *slot)
{
    if (slot->round != cache->round || slot->held == 0)
        return 0;
    return slot->weight * pow(cache->options.decay, (double)(cache->time - slot->last));
}

double cache_probability(const struct cache *cache, int32_t word)
{
    if ((size_t)word >= cache->slots || cache->total <= 0)
        return 0;
    double p = weight_now(cache, &cache->slot[word]) / cache->total;
    return p < 1 ? p : 1;
}

static bool make_slot(struct cache *cache, int32_t word, struct error *error)
{
    size_t old = cache->slots, capacity = cache->slots;
    if ((size_t)word < old)
        return true;
    if (!memory_grow(&cache->slot, &capacity, (size_t)word + 1, sizeof *cache->slot, error))
        return false;
    memset(cache->slot + old, 0, (capacity - old) * sizeof *cache->slot);
    cache->slots = capacity;
    return true;
}

// Adds `weight` to a word's, at the present time; `held` is +1 or -1.
static void change(struct cache *cache, int32_t word, double weight, int held)
{
    struct slot *slot = &cache->slot[word];
    double now = weight_now(cache, slot) + weight;
    slot->held = slot->round == cache->round ? slot->held + (uint64_t)(int64_t)held : 1;
    slot->weight = now > 0 ? now : 0;
    slot->last = cache->time;
    slot->round = cache->round;
    cache->total += weight;
}

// Tokens that count before the next one is added.
static uint64_t filled(const struct cache *cache)
{
    uint64_t age = cache->time - cache->begun;
    return age < cache->options.window ? age : cache->options.window;
}

bool cache_add(struct cache *cache, int32_t word, struct error *error)
{
    size_t window = cache->options.window;
    if (!make_slot(cache, word, error))
        return false;
    bool full = window > 0 && filled(cache) == window;
    // The ring grows with what it holds: a window may be far larger than the text.
    size_t place = window > 0 ? (size_t)((cache->time - cache->begun) % window) : 0;
    if (window > 0 && !memory_grow(&cache->recent, &cache->recent_capacity, place + 1,
                                   sizeof *cache->recent, error))
        return false;
    cache->time++;
    cache->total *= cache->options.decay;
    if (full)
        change(cache, cache->recent[place], -cache->forgotten, -1);
    change(cache, word, 1, +1);
    if (window > 0)
        cache->recent[place] = word;
    return true;
}

// ---- streams -----------------------------------------------------------------------------------

static bool stream_text(struct reader *reader, struct cache *cache, struct vocabulary *vocabulary,
                        struct output *output, struct error *error)
{
    struct token token;
    uint64_t tokens = 0;
    while (reader_next(reader, &token)) {
        int32_t word = vocabulary_add(vocabulary, token.text, token.length, error);
        if (word < 0)
            return error_prefix(error, "%s: line %llu: ", reader_name(reader),
                                (unsigned long long)reader_line_number(reader));
        output_format(output, "%.10g\n", cache_probability(cache, word));
        if (!cache_add(cache, word, error))
            return false;
        if (token.sentence_end && cache->options.independent)
            cache_clear(cache);
        tokens++;
    }
    if (!reader_ok(reader, error))
        return false;
    return tokens > 0 || error_set(error, "%s: the text is empty", reader_name(reader));
}

bool cache_stream(const char *text, const char *output, const struct cache_options *options,
                  struct error *error)
{
    struct vocabulary vocabulary = {0};
    struct output *to = NULL;
    struct reader *reader = NULL;
    struct cache *cache = cache_new(options, error);
    bool ok = cache != NULL && output_try(output, error) && vocabulary_init(&vocabulary, error);
    ok = ok && (reader = reader_open(text, error)) != NULL;
    ok = ok && (to = output_create(output, error)) != NULL;
    ok = ok && stream_text(reader, cache, &vocabulary, to, error);
    ok = output_end(to, ok, error);
    reader_close(reader);
    cache_free(cache);
    vocabulary_free(&vocabulary);
    return ok;
}
