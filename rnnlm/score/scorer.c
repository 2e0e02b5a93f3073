// A network on a running text.
#include "score/scorer.h"

#include <stdlib.h>
#include <string.h>

bool scorer_init(struct scorer *scorer, const struct model *model,
                 const struct forward_weights *weights, bool independent, struct learner *learner,
                 struct error *error)
{
    const struct network *network = &model->network;
    memset(scorer, 0, sizeof *scorer);
    scorer->model = model;
    scorer->independent = independent;
    scorer->learner = learner;
    scorer->begin =
        state_at_start(network, STATE_INDEPENDENT, independent ? NULL : model->hidden, error);
    scorer->reset = state_at_start(network, STATE_INDEPENDENT, NULL, error);
    scorer->now = state_new(network, error);
    scorer->next = state_new(network, error);
    if (scorer->begin == NULL || scorer->reset == NULL || scorer->now == NULL ||
        scorer->next == NULL || !forward_init(&scorer->forward, weights, 1, error))
        return false;
    state_copy(network, scorer->now, scorer->begin);
    if (learner != NULL)
        learner_start(learner, STATE_INDEPENDENT, independent ? NULL : model->hidden);
    return true;
}

void scorer_free(struct scorer *scorer)
{
    free(scorer->begin);
    free(scorer->reset);
    free(scorer->now);
    free(scorer->next);
    forward_free(&scorer->forward);
    memset(scorer, 0, sizeof *scorer);
}

static double learn_word(struct scorer *scorer, int32_t word)
{
    // The counter stays at 0, as the reference's does here: a pass back through time and the L2
    // penalty at every word.
    double prob = learner_step(scorer->learner, scorer->previous, word);
    scorer->previous = word;
    if (scorer->independent && word == WORD_END)
        learner_start(scorer->learner, STATE_INDEPENDENT, NULL);
    return prob;
}

void scorer_advance(struct scorer *scorer, int32_t word)
{
    const struct network *network = &scorer->model->network;
    if (scorer->independent && word == WORD_END) {
        state_copy(network, scorer->now, scorer->reset);
        return;
    }
    const struct state *now = scorer->now;
    forward_advance(&scorer->forward, 1, &now, &word, &scorer->next);
    struct state *next = scorer->now;
    scorer->now = scorer->next;
    scorer->next = next;
}

static void load(struct scorer *scorer)
{
    const struct state *now = scorer->now;
    forward_load(&scorer->forward, 1, &now);
}

double scorer_word(struct scorer *scorer, int32_t word)
{
    if (scorer->learner != NULL)
        return learn_word(scorer, word);
    double prob = 0;
    const size_t first = 0;
    if (word >= 0) {
        load(scorer);
        forward_predict(&scorer->forward, 1, &first, &word, &prob, NULL);
    }
    scorer_advance(scorer, word);
    return prob;
}

// ---- drawing words ----------------------------------------------------------------------------

// Index drawn in proportion to `share`, of which at least one is above 0.
static size_t draw(struct random *random, const float *share, size_t n)
{
    double total = 0;
    for (size_t i = 0; i < n; i++)
        total += (double)share[i];
    double left = random_uniform(random, 0, total);
    size_t last = 0;
    for (size_t i = 0; i < n; i++) {
        if (share[i] <= 0)
            continue;
        if (left < (double)share[i])
            return i;
        left -= (double)share[i];
        last = i;
    }
    return last;
}

// An empty class takes part in the softmax but has no words to draw.
static size_t draw_class(struct scorer *scorer, struct random *random)
{
    const struct classes *classes = &scorer->model->network.classes;
    float *prob = forward_classes(&scorer->forward, 0);
    for (size_t k = 0; k < classes->count; k++)
        if (classes->begin[k] == classes->begin[k + 1])
            prob[k] = 0;
    return draw(random, prob, classes->count);
}

int32_t scorer_draw(struct scorer *scorer, struct random *random)
{
    const struct classes *classes = &scorer->model->network.classes;
    load(scorer);
    size_t k = draw_class(scorer, random);
    int32_t first = classes->begin[k];
    return first + (int32_t)draw(random, forward_words(&scorer->forward, 0, k),
                                 (size_t)(classes->begin[k + 1] - first));
}
