// Back-off weights from probabilities, shorter contexts first: the weights of h rest on those of h'.
#include "ngram/renormalise.h"

#include <math.h>

#include "ngram/successors.h"

// Sums of probabilities with seven digits are no better than this.
static const double ROUNDING = 3e-6;

// What the 1-grams leave goes to the words that have no probability, or evenly to all if all have some;
// <s> is never predicted.
static void complete_words(struct ngram_model *model)
{
    double left = 1;
    size_t words = 0, without = 0;
    struct ngram_walk walk;
    struct trie_node *node = model->level[1].node;
    ngram_walk_start(&walk, model, 1);
    while (ngram_walk_next(&walk)) {
        if (walk.word[0] == model->start)
            continue;
        words++;
        without += node[walk.index].log10_prob == -INFINITY;
        left -= pow(10, (double)node[walk.index].log10_prob);
    }
    if (left < ROUNDING)
        return;
    ngram_walk_start(&walk, model, 1);
    while (ngram_walk_next(&walk)) {
        float *log10_prob = &node[walk.index].log10_prob;
        if (walk.word[0] == model->start || (without > 0 && *log10_prob != -INFINITY))
            continue;
        double more = left / (double)(without > 0 ? without : words);
        *log10_prob = (float)log10(pow(10, (double)*log10_prob) + more);
    }
}

// Where the n-grams have all the probability nothing is left for other words; where they are all words
// that backing off could give, no weight matters, and they share all of it.
static float weight(struct ngram_model *model, int order, const struct successors *successors,
                    struct renormalised *done)
{
    double left = successors->left, lower_left = successors->lower_left;
    done->impossible += left < -ROUNDING;
    if (lower_left >= ROUNDING)
        return left >= ROUNDING ? (float)log10(left / lower_left) : -INFINITY;
    if (left >= ROUNDING) {
        done->scaled++;
        for (uint32_t i = successors->first; i < successors->end; i++)
            model->level[order + 1].node[i].log10_prob -= (float)log10(1 - left);
    }
    return 0;
}

bool ngram_renormalise(struct ngram_model *model, unsigned char *const *state,
                       struct renormalised *done, struct error *error)
{
    struct successors successors = {0};
    struct renormalised counted = {0};
    bool ok = true;
    complete_words(model);
    for (int k = 1; ok && k < model->order; k++) {
        struct ngram_walk walk;
        ngram_walk_start(&walk, model, k);
        while (ok && ngram_walk_next(&walk)) {
            struct trie_node *node = &model->level[k].node[walk.index];
            ok = successors_find(&successors, &walk, error);
            if (!ok)
                break;
            bool any = successors.first < successors.end;
            bool stale =
                state == NULL || successors.backed_off || (state[k][walk.index] & NGRAM_STALE);
            counted.contexts += any;
            if (!any)
                node->log10_backoff = 0;
            else if (stale)
                node->log10_backoff = weight(model, k, &successors, &counted);
        }
    }
    successors_free(&successors);
    if (done != NULL)
        *done = counted;
    return ok;
}
