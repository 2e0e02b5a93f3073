// How many words the models do not know.
#include "text/coverage.h"

enum { SELDOM = 5 }; // one word in so many

static bool is_number(const char *word, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (word[i] < '0' || word[i] > '9')
            return false;
    return length > 0;
}

void coverage_add(struct coverage *coverage, const char *word, size_t length, bool known)
{
    coverage->words++;
    coverage->unknown += !known;
    coverage->numbers += !known && is_number(word, length);
}

bool coverage_remark(const struct coverage *coverage, struct error *remark)
{
    if (coverage->unknown <= coverage->words / SELDOM)
        return false;
    error_set(remark, "%llu of %llu words are unknown to the model",
              (unsigned long long)coverage->unknown, (unsigned long long)coverage->words);
    return true;
}
