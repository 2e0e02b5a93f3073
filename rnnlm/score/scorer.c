// A network on a running text.
#include "score/scorer.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

bool scorer_init(struct scorer *scorer, const struct model *model,
                 const struct forward_weights *weights, enum state_start start, struct error *error)
{
    const struct network *network = &model->network;
    memset(scorer, 0, sizeof *scorer);
    scorer->model = model;
    scorer->begin = state_at_start(network, start, model->state, error);
    scorer->now = state_new(network, error);
    scorer->next = state_new(network, error);
    if (scorer->begin == NULL || scorer->now == NULL || scorer->next == NULL ||
        !forward_init(&scorer->forward, weights, 1, error))
        return false;
    state_copy(network, scorer->now, scorer->begin);
    return true;
}

void scorer_restart(struct scorer *scorer)
{
    state_copy(&scorer->model->network, scorer->now, scorer->begin);
}

void scorer_free(struct scorer *scorer)
{
    free(scorer->begin);
    free(scorer->now);
    free(scorer->next);
    free(scorer->all);
    free(scorer->place);
    forward_free(&scorer->forward);
    memset(scorer, 0, sizeof *scorer);
}

void scorer_advance(struct scorer *scorer, int32_t word)
{
    const struct state *now = scorer->now;
    forward_advance(&scorer->forward, 1, &now, &word, &scorer->next);
    struct state *next = scorer->now;
    scorer->now = scorer->next;
    scorer->next = next;
}

void scorer_load(struct scorer *scorer)
{
    const struct state *now = scorer->now;
    forward_load(&scorer->forward, 1, &now);
}

const float *scorer_top(const struct scorer *scorer)
{
    return scorer->forward.inputs.input;
}

double scorer_word(struct scorer *scorer, int32_t word)
{
    double prob = 0;
    const size_t first = 0;
    if (word >= 0) {
        scorer_load(scorer);
        forward_predict(&scorer->forward, 1, &first, &word, &prob, NULL);
    }
    scorer_advance(scorer, word);
    return prob;
}

int32_t scorer_draw(struct scorer *scorer, struct random *random)
{
    scorer_load(scorer);
    return forward_draw(&scorer->forward, 0, random);
}

bool scorer_distribution(struct scorer *scorer, double *prob, struct error *error)
{
    size_t words = scorer->model->vocabulary.size;
    if (scorer->all == NULL) {
        scorer->place = memory_new(words, sizeof *scorer->place, error);
        scorer->all = scorer->place != NULL ? memory_new(words, sizeof *scorer->all, error) : NULL;
        if (scorer->all == NULL)
            return false;
        for (size_t i = 0; i < words; i++)
            scorer->all[i] = (int32_t)i;
    }
    scorer_load(scorer);
    return forward_predict(&scorer->forward, words, scorer->place, scorer->all, prob, error);
}
