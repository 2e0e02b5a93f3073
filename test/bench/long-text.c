// Prints a text of any length and vocabulary in which n-grams of all lengths come again as in a
// language. The same arguments give the same text everywhere.
//
//   long-text SEED TOKENS WORDS
//
// Most tokens follow the one before as they did at another place of the text: from a place that is
// drawn among the last ones the text goes on as there, until, with a chance of 1 to RUN a token, another is
// drawn. A new place begins with a word of its own: word r of WORDS has a probability of about
// 1 / (r + 3). Sentences have LENGTH tokens on average.
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "random.h"

enum { REMEMBERED = 1 << 22, RUN = 4, LENGTH = 22, LETTERS = 48, FLAT = 3, ALL_NEW = 1 << 16 };

static uint32_t before[REMEMBERED];
// By the inverse of the integral of 1 / (r + FLAT).
static uint32_t draw_word(double words)
{
    double r = FLAT * pow((words + FLAT) / FLAT, random_uniform()) - FLAT;
    return r < words ? (uint32_t)r : (uint32_t)words - 1;
}

// Syllables, the more the rarer the word is; every number has a name of its own.
static size_t spell(uint32_t word, char *to)
{
    static const char consonant[] = "bdfghjklmnprstvwz", vowel[] = "aeiou";
    enum { CONSONANTS = sizeof consonant - 1, VOWELS = sizeof vowel - 1 };
    size_t length = 0;
    for (uint32_t left = word + 1; left > 0; left = (left - 1) / (CONSONANTS * VOWELS)) {
        uint32_t syllable = (left - 1) % (CONSONANTS * VOWELS);
        to[length++] = consonant[syllable / VOWELS];
        to[length++] = vowel[syllable % VOWELS];
    }
    return length;
}

int main(int argc, char **argv)
{
    uint64_t seed = argc == 4 ? strtoull(argv[1], NULL, 10) : 0;
    uint64_t tokens = argc == 4 ? strtoull(argv[2], NULL, 10) : 0;
    double words = argc == 4 ? (double)strtoul(argv[3], NULL, 10) : 0;
    if (!(words >= 1 && words <= INT32_MAX)) {
        fprintf(stderr, "usage: long-text SEED TOKENS WORDS\n");
        return 2;
    }
    random_state = seed * 0x9e3779b97f4a7c15 + 1;
    uint64_t place = 0;
    for (uint64_t i = 0; i < tokens; i++) {
        char text[LETTERS];
        uint64_t remembered = i < REMEMBERED ? i : REMEMBERED;
        bool new = i < ALL_NEW || random_uniform() * RUN < 1;
        if (new &&i > 0)
            place = i - 1 - (uint64_t)(random_uniform() * (double)remembered);
        uint32_t word = new ? draw_word(words) : before[place % REMEMBERED];
        before[i % REMEMBERED] = word;
        place++;
        size_t length = spell(word, text);
        text[length++] = random_uniform() * LENGTH < 1 ? '\n' : ' ';
        fwrite(text, 1, length, stdout);
    }
    putchar('\n');
    return fflush(stdout) != 0 || ferror(stdout) != 0;
}
