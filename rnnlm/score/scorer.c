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

double scorer_word(struct scorer *scorer, int32_t word)
{
    const struct network *network = &scorer->model->network;
    if (scorer->learner != NULL)
        return learn_word(scorer, word);
    double prob = 0;
    if (word >= 0)
        prob = predict_word(network, scorer->now->hidden, scorer->now->history, word,
                            &scorer->prediction);
    if (scorer->independent && word == WORD_END) {
        state_copy(network, scorer->now, scorer->reset);
        return prob;
    }
    state_advance(network, scorer->now, word, scorer->next);
    struct state *next = scorer->now;
    scorer->now = scorer->next;
    scorer->next = next;
    return prob;
}
