// Dynamic evaluation: what its two rules have in common.
#include "learn/dynamic.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "text/vocabulary.h"

// Roots that are smaller are taken as this part of the mean.
static const double LEAST_ROOT = 0.01;

static bool keep_weights(struct dynamic *dynamic, struct error *error)
{
    const struct network *network = dynamic->network;
    dynamic->trained = memory_new(network->parameters, sizeof *dynamic->trained, error);
    for (size_t p = 0; dynamic->trained != NULL && p < network->parameters; p++) {
        const struct parameter *parameter = &network->parameter[p];
        dynamic->trained[p] = memory_new(parameter_count(parameter), sizeof(float), error);
        if (dynamic->trained[p] == NULL)
            return false;
        memcpy(dynamic->trained[p], parameter->data, parameter_bytes(parameter));
    }
    return dynamic->trained != NULL;
}

static bool start_learner(struct dynamic *dynamic, const struct dynamic_rule *rule,
                          struct error *error)
{
    const struct learning_rule how = {.alpha = (float)rule->rate,
                                      .beta = (float)rule->beta,
                                      .gradient_cutoff = (float)rule->gradient_cutoff,
                                      .bptt = rule->bptt,
                                      .bptt_block = rule->bptt_block,
                                      .independent = rule->independent};
    return learner_init(&dynamic->learner, dynamic->network, &how, error) &&
           (!rule->restores || keep_weights(dynamic, error));
}

bool dynamic_init(struct dynamic *dynamic, struct network *network, const struct dynamic_rule *rule,
                  struct gradient_roots *roots, struct error *error)
{
    memset(dynamic, 0, sizeof *dynamic);
    dynamic->network = network;
    dynamic->rms = rule->rms;
    if (roots != NULL) {
        dynamic->roots = *roots;
        *roots = (struct gradient_roots){.root = NULL};
    }
    if (!rule->rms)
        return start_learner(dynamic, rule, error);
    const struct adapter_rule how = {.rate = rule->rate,
                                     .decay = rule->decay,
                                     .epsilon = LEAST_ROOT * dynamic->roots.mean + 1e-30,
                                     .words = rule->words,
                                     .independent = rule->independent};
    return adapter_init(&dynamic->adapter, network, &how, &dynamic->roots, error);
}

void dynamic_free(struct dynamic *dynamic)
{
    for (size_t p = 0; dynamic->trained != NULL && p < dynamic->network->parameters; p++)
        free(dynamic->trained[p]);
    free(dynamic->trained);
    learner_free(&dynamic->learner);
    adapter_free(&dynamic->adapter);
    gradient_roots_free(&dynamic->roots);
    memset(dynamic, 0, sizeof *dynamic);
}

void dynamic_set_rate(struct dynamic *dynamic, double rate, double decay)
{
    dynamic->learner.rule.alpha = (float)rate;
    dynamic->adapter.rule.rate = rate;
    dynamic->adapter.rule.decay = decay;
}

void dynamic_restore(struct dynamic *dynamic)
{
    const struct network *network = dynamic->network;
    if (dynamic->rms)
        adapter_restore(&dynamic->adapter);
    for (size_t p = 0; dynamic->trained != NULL && p < network->parameters; p++)
        memcpy(network->parameter[p].data, dynamic->trained[p],
               parameter_bytes(&network->parameter[p]));
    dynamic->steps++;
}

bool dynamic_start(struct dynamic *dynamic, enum state_start start, const float *stored,
                   struct error *error)
{
    dynamic->previous = WORD_END;
    if (!dynamic->rms) {
        learner_start(&dynamic->learner, start, stored);
        return true;
    }
    float *value = memory_new(dynamic->network->state, sizeof *value, error);
    if (value == NULL)
        return false;
    state_values(dynamic->network, start, stored, value);
    adapter_start(&dynamic->adapter, value);
    free(value);
    return true;
}

// The learner's counter stays at 0, as the reference's does here: a pass back through time and the L2 penalty
// at every word.
bool dynamic_next(struct dynamic *dynamic, int32_t word, double *prob, struct error *error)
{
    if (dynamic->rms) {
        bool ok = adapter_next(&dynamic->adapter, word, prob, error);
        dynamic->steps += dynamic->adapter.filled == 0;
        return ok;
    }
    *prob = learner_step(&dynamic->learner, dynamic->previous, word);
    dynamic->previous = word;
    dynamic->steps += word >= 0;
    return true;
}

const float *dynamic_top(const struct dynamic *dynamic)
{
    return dynamic->rms ? adapter_top(&dynamic->adapter) : learner_top(&dynamic->learner);
}
