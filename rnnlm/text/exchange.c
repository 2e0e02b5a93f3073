// The exchange algorithm.
#include "text/exchange.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

enum { PASSES = 20, TABLE = 1 << 16 };

struct exchange {
    size_t words, classes, tokens;
    int32_t *of_word;  // [words] not owned
    uint64_t *begin;   // [words + 1] of the words before word w, those from begin[w] on:
    int32_t *before;   // which one,
    uint32_t *times;   // how often; 0 behind the last different one
    size_t rows;       // words before with a row of their own; the last row is of all others
    uint32_t *count;   // [rows][classes] how often a word of a class follows
    uint64_t *follows; // [classes] how often a word of it comes
    size_t *members;   // [classes]
    double *gain;      // [classes]
    double *table;     // [TABLE] x log x
};

// ---- counting ---------------------------------------------------------------------------------

static size_t row_of(const struct exchange *exchange, int32_t before)
{
    size_t row = (size_t)before;
    return row < exchange->rows ? row : exchange->rows - 1;
}

// How often each word comes, as begin[word + 1] - begin[word].
static void count_words(struct exchange *exchange, struct corpus *corpus)
{
    int32_t word;
    for (size_t i = 0; i < exchange->tokens && corpus_next(corpus, &word); i++)
        if (word >= 0)
            exchange->begin[word + 1]++;
    for (size_t i = 0; i < exchange->words; i++)
        exchange->begin[i + 1] += exchange->begin[i];
}

// Which words come before each: times[begin[w]] is how many have been found while this goes on.
static void list_before(struct exchange *exchange, struct corpus *corpus)
{
    int32_t word, before = WORD_END;
    for (size_t i = 0; i < exchange->tokens && corpus_next(corpus, &word); i++) {
        if (word >= 0) {
            uint64_t at = exchange->begin[word];
            exchange->before[at + exchange->times[at]++] = before;
        }
        before = word >= 0 ? word : WORD_END;
    }
}

// Words that are listed several times are listed once, with how often. `seen` [rows] is 0.
static void count_before(struct exchange *exchange, uint32_t *seen)
{
    for (size_t w = 0; w < exchange->words; w++) {
        uint64_t first = exchange->begin[w], last = exchange->begin[w + 1], to = first;
        for (uint64_t i = first; i < last; i++) {
            size_t row = row_of(exchange, exchange->before[i]);
            if (seen[row]++ == 0)
                exchange->before[to++] = (int32_t)row;
        }
        memset(exchange->times + first, 0, (last - first) * sizeof *exchange->times);
        for (uint64_t i = first; i < to; i++) {
            exchange->times[i] = seen[exchange->before[i]];
            seen[exchange->before[i]] = 0;
        }
    }
}

static uint64_t end_of(const struct exchange *exchange, size_t w)
{
    uint64_t i = exchange->begin[w];
    while (i < exchange->begin[w + 1] && exchange->times[i] > 0)
        i++;
    return i;
}

// Adds a word's counts to a class, or takes them away.
static void count_word(struct exchange *exchange, size_t w, size_t class, bool add)
{
    uint64_t all = exchange->begin[w + 1] - exchange->begin[w], end = end_of(exchange, w);
    for (uint64_t i = exchange->begin[w]; i < end; i++) {
        uint32_t *count = exchange->count + (size_t)exchange->before[i] * exchange->classes + class;
        *count += add ? exchange->times[i] : -exchange->times[i];
    }
    exchange->follows[class] += add ? all : -all;
    exchange->members[class] += add ? 1 : (size_t)-1;
}

static bool count_pairs(struct exchange *exchange, struct corpus *corpus,
                        const struct vocabulary *vocabulary, struct error *error)
{
    if (!corpus_start(corpus, vocabulary, error))
        return false;
    count_words(exchange, corpus);
    uint64_t tokens = exchange->begin[exchange->words];
    exchange->before = memory_new(tokens, sizeof *exchange->before, error);
    exchange->times = memory_new(tokens, sizeof *exchange->times, error);
    uint32_t *seen = memory_new(exchange->rows, sizeof *seen, error);
    bool ok = exchange->before != NULL && exchange->times != NULL && seen != NULL &&
              corpus_start(corpus, vocabulary, error);
    if (ok) {
        list_before(exchange, corpus);
        count_before(exchange, seen);
    }
    for (size_t w = 0; ok && w < exchange->words; w++)
        count_word(exchange, w, (size_t)exchange->of_word[w], true);
    free(seen);
    return ok;
}

// ---- exchange ---------------------------------------------------------------------------------

// The log probability of the text, but for what no exchange changes, is
//   sum over v and classes k of f(N(v, k)) - sum over k of f(N(k)),   f(x) = x log x
static double f(const struct exchange *exchange, uint64_t x)
{
    return x < TABLE ? exchange->table[x] : (double)x * log((double)x);
}

// What each class gains by taking in a word that is in none.
static void find_gains(struct exchange *exchange, size_t w)
{
    uint64_t all = exchange->begin[w + 1] - exchange->begin[w], end = end_of(exchange, w);
    for (size_t k = 0; k < exchange->classes; k++)
        exchange->gain[k] =
            f(exchange, exchange->follows[k]) - f(exchange, exchange->follows[k] + all);
    for (uint64_t i = exchange->begin[w]; i < end; i++) {
        const uint32_t *count = exchange->count + (size_t)exchange->before[i] * exchange->classes;
        uint32_t times = exchange->times[i];
        for (size_t k = 0; k < exchange->classes; k++)
            exchange->gain[k] += f(exchange, (uint64_t)count[k] + times) - f(exchange, count[k]);
    }
}

// Puts the word where it is best; true if that is another class.
static bool exchange_word(struct exchange *exchange, size_t w)
{
    size_t from = (size_t)exchange->of_word[w], to = from;
    if (exchange->members[from] == 1 || exchange->begin[w] == exchange->begin[w + 1])
        return false;
    count_word(exchange, w, from, false);
    find_gains(exchange, w);
    for (size_t k = 0; k < exchange->classes; k++)
        if (exchange->gain[k] > exchange->gain[to] + 1e-6)
            to = k;
    count_word(exchange, w, to, true);
    exchange->of_word[w] = (int32_t)to;
    return to != from;
}

static bool allocate(struct exchange *exchange, size_t counts, struct error *error)
{
    size_t classes = exchange->classes, fit = counts / classes;
    exchange->rows = exchange->words < fit ? exchange->words : fit > 0 ? fit : 1;
    exchange->begin = memory_new(exchange->words + 1, sizeof *exchange->begin, error);
    exchange->count = memory_new(exchange->rows, classes * sizeof *exchange->count, error);
    exchange->follows = memory_new(classes, sizeof *exchange->follows, error);
    exchange->members = memory_new(classes, sizeof *exchange->members, error);
    exchange->gain = memory_new(classes, sizeof *exchange->gain, error);
    exchange->table = memory_new(TABLE, sizeof *exchange->table, error);
    if (exchange->begin == NULL || exchange->count == NULL || exchange->follows == NULL ||
        exchange->members == NULL || exchange->gain == NULL || exchange->table == NULL)
        return false;
    for (size_t x = 1; x < TABLE; x++)
        exchange->table[x] = (double)x * log((double)x);
    return true;
}

static void free_exchange(struct exchange *exchange)
{
    free(exchange->begin);
    free(exchange->before);
    free(exchange->times);
    free(exchange->count);
    free(exchange->follows);
    free(exchange->members);
    free(exchange->gain);
    free(exchange->table);
}

bool exchange_classes(struct corpus *corpus, const struct vocabulary *vocabulary, size_t classes,
                      const struct exchange_limits *limits, int32_t *of_word, struct error *error)
{
    struct exchange exchange = {.words = vocabulary->size,
                                .classes = classes,
                                .tokens = limits->tokens,
                                .of_word = of_word};
    bool ok = allocate(&exchange, limits->counts, error) &&
              count_pairs(&exchange, corpus, vocabulary, error);
    size_t moved = exchange.words;
    for (int pass = 0; ok && pass < PASSES && moved > exchange.words / 1000; pass++) {
        moved = 0;
        for (size_t w = 0; w < exchange.words; w++)
            moved += exchange_word(&exchange, w);
    }
    free_exchange(&exchange);
    return ok;
}

// ---- order ------------------------------------------------------------------------------------

struct place {
    uint64_t class_count, count;
    int32_t class, word; // </s> and its class have counts that nobody has
};

static int compare_places(const void *a, const void *b)
{
    const struct place *p = a, *q = b;
    if (p->class_count != q->class_count)
        return p->class_count > q->class_count ? -1 : 1;
    if (p->class != q->class)
        return p->class < q->class ? -1 : 1;
    if (p->count != q->count)
        return p->count > q->count ? -1 : 1;
    return p->word < q->word ? -1 : 1;
}

bool exchange_order(const uint64_t *count, size_t words, size_t classes, int32_t *of_word,
                    int32_t *order, struct error *error)
{
    uint64_t *class_count = memory_new(classes, sizeof *class_count, error);
    struct place *place = memory_new(words, sizeof *place, error);
    bool ok = class_count != NULL && place != NULL;
    for (size_t w = 0; ok && w < words; w++)
        class_count[of_word[w]] += count[w];
    for (size_t w = 0; ok && w < words; w++) {
        bool first = of_word[w] == of_word[WORD_END];
        place[w] = (struct place){first ? UINT64_MAX : class_count[of_word[w]],
                                  w == WORD_END ? UINT64_MAX : count[w], of_word[w], (int32_t)w};
    }
    if (ok)
        qsort(place, words, sizeof *place, compare_places);
    int32_t class = 0;
    for (size_t i = 0; ok && i < words; i++) {
        class += i > 0 && place[i].class != place[i - 1].class;
        order[i] = place[i].word;
        of_word[i] = class;
    }
    free(class_count);
    free(place);
    return ok;
}
