// Prints a text whose words stand in known relations, or the questions that word vectors learnt from it should
// answer. The same arguments give the same everywhere.
//
//   related-words SEED TOKENS        the text
//   related-words questions EACH     the questions: of each kind of pairs, EACH that are drawn
//
// There are KINDS kinds of pairs of words, such as countries and their capitals, PAIRS of each. A sentence is about
// one word of a pair. What stands around it are words that go with the pair (TOPICS of them, of which other
// pairs of the kind have some too), words that go with all first or all second words of the kind (MARKERS), and, most
// of all, words of no relation, word r of FILLERS with a probability of about 1 / (r + 3). So a pair's words
// are alike in what the pair has, and differ as the words of all pairs of the kind do: which makes
// `b - a + c` a place near d, for pairs (a, b) and (c, d).
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "random.h"

enum { KINDS = 5, PAIRS = 40, TOPICS = 10, POOL = 120, MARKERS = 12, FILLERS = 20000, FLAT = 3 };
enum { SHORTEST = 6, LONGER = 11, OF_TOPIC = 16, OF_MARKER = 10 }; // per cent of a sentence's words

static const struct kind {
    const char *name, *first, *second;
} kind[KINDS] = {{"country-capital", "country", "capital"},
                 {"singular-plural", "noun", "nouns"},
                 {"male-female", "actor", "actress"},
                 {"adjective-comparative", "adjective", "comparative"},
                 {"present-past", "present", "past"}};

static unsigned random_below(unsigned n)
{
    return (unsigned)(random_uniform() * n);
}

// By the inverse of the integral of 1 / (r + FLAT).
static unsigned draw_rank(unsigned words)
{
    double r = FLAT * pow((words + FLAT) / (double)FLAT, random_uniform()) - FLAT;
    return r < words ? (unsigned)r : words - 1;
}

// Word k of what goes with a pair, among POOL of its kind.
static unsigned topic(unsigned pair, unsigned k)
{
    return (pair * 31 + k * k * 7 + k * pair) % POOL;
}

static void print_word(unsigned of_kind, unsigned pair, unsigned second)
{
    double place = 100 * random_uniform();
    if (place < OF_TOPIC)
        printf("%s-topic%u", kind[of_kind].first, topic(pair, random_below(TOPICS)));
    else if (place < OF_TOPIC + OF_MARKER)
        printf("%s-mark%u", second ? kind[of_kind].second : kind[of_kind].first,
               random_below(MARKERS));
    else
        printf("w%u", draw_rank(FILLERS));
}

static unsigned print_sentence(void)
{
    unsigned length = SHORTEST + random_below(LONGER), at = random_below(length);
    unsigned of_kind = random_below(KINDS), pair = draw_rank(PAIRS), second = random_below(2);
    for (unsigned i = 0; i < length; i++) {
        if (i == at)
            printf("%s%u", second ? kind[of_kind].second : kind[of_kind].first, pair);
        else
            print_word(of_kind, pair, second);
        putchar(i + 1 < length ? ' ' : '\n');
    }
    return length + 1;
}

static void print_questions(unsigned each)
{
    for (unsigned k = 0; k < KINDS; k++) {
        printf(": %s\n", kind[k].name);
        for (unsigned i = 0; i < each; i++) {
            unsigned a = random_below(PAIRS), c = (a + 1 + random_below(PAIRS - 1)) % PAIRS;
            printf("%s%u %s%u %s%u %s%u\n", kind[k].first, a, kind[k].second, a, kind[k].first, c,
                   kind[k].second, c);
        }
    }
}

int main(int argc, char **argv)
{
    uint64_t number = argc == 3 ? strtoull(argv[2], NULL, 10) : 0;
    if (number == 0) {
        fprintf(stderr, "usage: related-words SEED TOKENS, or related-words questions EACH\n");
        return 2;
    }
    random_state = 0x9e3779b97f4a7c15;
    if (strcmp(argv[1], "questions") == 0) {
        print_questions((unsigned)number);
    } else {
        random_state *= 2 * strtoull(argv[1], NULL, 10) + 1;
        for (uint64_t tokens = 0; tokens < number;)
            tokens += print_sentence();
    }
    return fflush(stdout) != 0 || ferror(stdout) != 0;
}
