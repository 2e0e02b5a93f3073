// Online learning.
#include "net/learner.h"

#include <stdlib.h>
#include <string.h>

#include "base/kernels.h"
#include "base/memory.h"
#include "net/recurrent.h"

enum { SPARE_SLOTS = 64, PENALTY_EVERY = 10 };

// Steps of one pass back through time.
static size_t pass_steps(const struct learning_rule *rule)
{
    return rule->bptt <= 1 ? 1 : (size_t)(rule->bptt + rule->bptt_block - 2);
}

bool learner_init(struct learner *learner, struct network *network,
                  const struct learning_rule *rule, struct error *error)
{
    memset(learner, 0, sizeof *learner);
    learner->network = network;
    learner->rule = *rule;
    learner->slots = pass_steps(rule) + 1 + SPARE_SLOTS;
    learner->word = memory_new(learner->slots, sizeof *learner->word, error);
    learner->hidden = memory_new(learner->slots, network->hidden_row * sizeof(float), error);
    learner->error = memory_new(learner->slots, network->hidden_row * sizeof(float), error);
    learner->scratch = memory_new(network->hidden_row, sizeof(float), error);
    return prediction_init(&learner->prediction, network, error) && learner->word != NULL &&
           learner->hidden != NULL && learner->error != NULL && learner->scratch != NULL;
}

void learner_free(struct learner *learner)
{
    prediction_free(&learner->prediction);
    free(learner->word);
    free(learner->hidden);
    free(learner->error);
    free(learner->scratch);
    memset(learner, 0, sizeof *learner);
}

static float *row_of(const struct learner *learner, float *rows, size_t slot)
{
    return rows + slot * learner->network->hidden_row;
}

void learner_start(struct learner *learner, float activation, const float *hidden)
{
    size_t width = learner->network->shape.hidden;
    memset(learner->history, 0, sizeof learner->history);
    memset(learner->hidden, 0, learner->network->hidden_row * sizeof(float));
    for (size_t i = 0; i < width; i++)
        learner->hidden[i] = hidden != NULL ? hidden[i] : activation;
    learner->newest = 0;
    learner->at_start = true;
}

const float *learner_hidden(const struct learner *learner)
{
    return learner->hidden + learner->newest * learner->network->hidden_row;
}

// Keeps what the next pass can reach, and makes room behind it.
static void slide(struct learner *learner)
{
    size_t kept = pass_steps(&learner->rule), row = learner->network->hidden_row * sizeof(float);
    size_t from = learner->newest - kept; // its hidden layer becomes slot 0
    memmove(learner->word, learner->word + from, (kept + 1) * sizeof *learner->word);
    memmove(learner->hidden, row_of(learner, learner->hidden, from), (kept + 1) * row);
    memmove(learner->error, row_of(learner, learner->error, from), (kept + 1) * row);
    learner->newest = kept;
    learner->at_start = false;
}

// One pass back through time from the newest step; the errors it has used are gone then.
static void pass_back(struct learner *learner, float keep)
{
    size_t steps = pass_steps(&learner->rule);
    if (steps > learner->newest)
        steps = learner->newest;
    size_t before = learner->newest - steps;
    // The reference takes the state before a text as it is only for the newest step, and as 0 for
    // the others.
    bool zero_before = learner->at_start && before == 0 && steps > 1;
    recurrent_backward(learner->network, steps, zero_before ? steps - 1 : steps,
                       learner->word + before + 1, row_of(learner, learner->hidden, before),
                       row_of(learner, learner->error, before + 1), learner->scratch,
                       learner->rule.gradient_cutoff, learner->rule.alpha, keep);
    memset(row_of(learner, learner->error, before + 1), 0,
           steps * learner->network->hidden_row * sizeof(float));
}

static void learn(struct learner *learner, int32_t target)
{
    const struct learning_rule *rule = &learner->rule;
    float penalty = rule->alpha * rule->beta;
    float keep = learner->counter % PENALTY_EVERY == 0 ? 1 - penalty : 1;
    struct output_step step = {
        .step = rule->alpha, .keep = keep, .forget = 1 - penalty, .cutoff = rule->gradient_cutoff};
    output_learn(learner->network, learner_hidden(learner), target, &learner->prediction, &step,
                 row_of(learner, learner->error, learner->newest));
    bool block_ends =
        learner->counter % (uint64_t)rule->bptt_block == 0 || (rule->independent && target == 0);
    if (rule->bptt <= 1 || block_ends)
        pass_back(learner, keep);
}

double learner_step(struct learner *learner, int32_t word, int32_t target)
{
    if (learner->newest + 1 == learner->slots)
        slide(learner);
    size_t slot = ++learner->newest;
    float *hidden = row_of(learner, learner->hidden, slot);
    recurrent_forward(learner->network, row_of(learner, learner->hidden, slot - 1), word, hidden);
    history_push(learner->history, word);
    learner->word[slot] = word;
    memset(row_of(learner, learner->error, slot), 0, learner->network->hidden_row * sizeof(float));
    if (target < 0)
        return 0;
    double prob =
        predict_word(learner->network, hidden, learner->history, target, &learner->prediction);
    learn(learner, target);
    return prob;
}
