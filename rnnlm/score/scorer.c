// A network on a running text.
#include "score/scorer.h"

#include <stdlib.h>
#include <string.h>

bool scorer_init(struct scorer *scorer, const struct model *model, bool independent,
                 struct learner *learner, struct error *error)
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
        scorer->next == NULL || !prediction_init(&scorer->prediction, network, error))
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
    prediction_free(&scorer->prediction);
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
    state_advance(network, scorer->now, word, scorer->next);
    struct state *next = scorer->now;
    scorer->now = scorer->next;
    scorer->next = next;
}

double scorer_word(struct scorer *scorer, int32_t word)
{
    if (scorer->learner != NULL)
        return learn_word(scorer, word);
    double prob = 0;
    if (word >= 0)
        prob = predict_word(&scorer->model->network, scorer->now->hidden, scorer->now->history,
                            word, &scorer->prediction);
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
    for (size_t k = 0; k < classes->count; k++)
        if (classes->begin[k] == classes->begin[k + 1])
            scorer->prediction.class_prob[k] = 0;
    return draw(random, scorer->prediction.class_prob, classes->count);
}

int32_t scorer_draw(struct scorer *scorer, struct random *random)
{
    const struct network *network = &scorer->model->network;
    const struct state *now = scorer->now;
    predict_classes(network, now->hidden, now->history, &scorer->prediction);
    size_t k = draw_class(scorer, random);
    predict_words(network, now->history, k, &scorer->prediction);
    int32_t first = network->classes.begin[k];
    return first + (int32_t)draw(random, scorer->prediction.word_prob,
                                 (size_t)(network->classes.begin[k + 1] - first));
}
