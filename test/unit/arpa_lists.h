// Random back-off models as plain lists of n-grams, and as ARPA files. Include cmocka.h first.
#ifndef ARPA_LISTS_H
#define ARPA_LISTS_H

#include <math.h>

#include "base/random.h"
#include "ngram/backoff.h"
#include "scratch.h"

static struct random generator;

static inline int below(int n)
{
    return random_next(&generator) % n;
}

enum { MOST_GRAMS = 4000, MOST_WORDS = 40 };

struct gram {
    int length;
    int word[NGRAM_LONGEST];
    double prob, backoff;
    bool has_backoff;
};

struct list {
    int order, words, count;
    struct gram gram[MOST_GRAMS];
};

// Words of all lengths around eight bytes, some the beginnings of others.
static inline const char *name_of(int word)
{
    static const char *const name[MOST_WORDS] = {
        "<s>",        "</s>",       "<unk>",     "a",
        "ab",         "abcdefg",    "abcdefgh",  "abcdefghi",
        "abcdefghij", "abcdefghik", "\xc3\xa9t", "control\x01s",
        "\x02",       "-0.5",       "\\x",       "abcdefghabcdefgh"};
    static char other[MOST_WORDS][16];
    if (name[word] != NULL)
        return name[word];
    snprintf(other[word], sizeof other[word], "word%d", word);
    return other[word];
}

static inline int position(const struct list *list, const int *word, int length)
{
    for (int i = 0; i < list->count; i++)
        if (list->gram[i].length == length &&
            memcmp(list->gram[i].word, word, (size_t)length * sizeof *word) == 0)
            return i;
    return -1;
}

static inline void add_gram(struct list *list, const int *word, int length)
{
    if (position(list, word, length) >= 0 || list->count == MOST_GRAMS)
        return;
    struct gram *gram = &list->gram[list->count++];
    *gram = (struct gram){.length = length};
    memcpy(gram->word, word, (size_t)length * sizeof *word);
    gram->prob = below(20) == 0 ? -99 : -below(1000000) / 250000.0;
    gram->has_backoff = length < list->order && below(3) > 0;
    if (gram->has_backoff)
        gram->backoff = below(30) == 0 ? -99 : (below(1000000) - 700000) / 500000.0;
}

// Every n-gram has its prefix; shorter suffixes may lack, as in pruned models.
static inline void make_list(struct list *list, int order, int words, int longest)
{
    *list = (struct list){.order = order, .words = words};
    for (int w = 0; w < words; w++)
        add_gram(list, &w, 1);
    for (int i = 0; i < longest; i++) {
        int word[NGRAM_LONGEST];
        for (int k = 0; k < order; k++) {
            word[k] = below(words);
            add_gram(list, word, k + 1);
        }
    }
}

static inline const char *blanks(void)
{
    static const char *const some[] = {" ", "\t", " \t ", "  ", "\t\t"};
    return some[below(5)];
}

static inline void write_gram(FILE *file, const struct gram *gram)
{
    fprintf(file, "%s%.7g", below(4) == 0 ? blanks() : "", gram->prob);
    for (int k = 0; k < gram->length; k++)
        fprintf(file, "%s%s", blanks(), name_of(gram->word[k]));
    if (gram->has_backoff)
        fprintf(file, "%s%.7g", blanks(), gram->backoff);
    fprintf(file, "%s%s", below(4) == 0 ? blanks() : "", below(9) == 0 ? "\r\n" : "\n");
}

// N-grams of an order in random order.
static inline void write_list(const struct list *list, const char *path, int text_before)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    for (int i = 0; i < text_before; i++)
        fputc(i % 97 == 96 ? '\n' : 'x', file);
    fprintf(file, "\n\\data\\\n");
    for (int k = 1; k <= list->order; k++) {
        int count = 0;
        for (int i = 0; i < list->count; i++)
            count += list->gram[i].length == k;
        fprintf(file, "ngram %d%s%d\n", k, below(2) ? "=" : " = ", count);
    }
    for (int k = 1; k <= list->order; k++) {
        fprintf(file, "\n\\%d-grams:\n", k);
        int first = below(list->count);
        for (int i = 0; i < list->count; i++) {
            const struct gram *gram = &list->gram[(first + i) % list->count];
            if (gram->length == k)
                write_gram(file, gram);
        }
    }
    fprintf(file, "\n\\end\\\n");
    assert_int_equal(fclose(file), 0);
}

static inline double value_of(double log10_value)
{
    return log10_value == -99 ? -INFINITY : log10_value;
}

#endif
