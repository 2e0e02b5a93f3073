// What the public interface opens: telling the kinds apart, and n-gram models.
#include "part.h"

#include <limits.h>
#include <math.h>

#include "base/file.h"
#include "model/mikolov.h"

bool part_open(struct part *part, const char *path, bool owned, struct error *error)
{
    struct input *input = input_open(path, error);
    if (input == NULL)
        return false;
    if (!mikolov_recognise(input) && ngram_recognise(input)) {
        part->ngram = ngram_open_input(input, path, error);
        if (part->ngram != NULL) {
            part->words = &part->ngram->words;
            part->unknown = part->ngram->unknown;
            part->state_size = sizeof(struct ngram_state);
        }
    } else {
        part->network = part_network_open(part, owned ? NULL : input, path, error);
    }
    input_close(input);
    return part->ngram != NULL || part->network != NULL;
}

void part_close(struct part *part)
{
    part_network_close(part->network);
    ngram_close(part->ngram);
}

void part_start(const struct part *part, bool sentence, void *state)
{
    if (part->network != NULL)
        part_network_start(part->network, sentence, state);
    else
        ngram_start(part->ngram, state, sentence);
}

bool part_state_ok(const struct part *part, const void *state)
{
    return part->network != NULL ? part_network_state_ok(part->network, state)
                                 : ngram_state_ok(part->ngram, state);
}

int part_order(const struct part *part)
{
    return part->network != NULL ? INT_MAX : ngram_order(part->ngram);
}

int part_matched(const struct part *part, const void *before, int32_t word)
{
    struct ngram_state after;
    int matched = word != WORD_OOV ? INT_MAX : 0;
    if (part->ngram != NULL)
        ngram_score(part->ngram, before, word, &after, &matched);
    return matched;
}

static void score_ngrams(const struct ngram_model *ngram, size_t n, const void *const *before,
                         const int32_t *word, void *const *after, double *log10_prob)
{
    struct ngram_query query[PART_BATCH];
    struct ngram_state unwanted[PART_BATCH];
    for (size_t i = 0; i < n; i++)
        query[i] =
            (struct ngram_query){.in = before[i],
                                 .out = after != NULL && after[i] != NULL ? after[i] : &unwanted[i],
                                 .word = word[i]};
    ngram_score_all(ngram, query, n);
    for (size_t i = 0; i < n; i++)
        log10_prob[i] = query[i].log10_prob;
}

bool part_score(const struct part *part, size_t n, const void *const *before, const int32_t *word,
                void *const *after, double *log10_prob)
{
    if (part->network != NULL)
        return part_network_score(part->network, n, before, word, after, log10_prob);
    score_ngrams(part->ngram, n, before, word, after, log10_prob);
    return true;
}

// <s> comes nowhere, whatever a file gives it.
bool part_distribution(const struct part *part, const void *state, double *prob)
{
    struct ngram_state after;
    if (part->network != NULL)
        return part_network_distribution(part->network, state, prob);
    for (size_t i = 0; i < part->words->size; i++)
        prob[i] = (int32_t)i == part->ngram->start
                      ? 0
                      : pow(10, ngram_score(part->ngram, state, (int32_t)i, &after, NULL));
    return true;
}
