// A network as a source.
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "score/scorer.h"
#include "score/source.h"

struct network_source {
    struct source source;
    struct scorer scorer;
    int32_t unknown;          // what words that are not in the vocabulary are taken as
    struct state *begin;      // where the hypotheses of the current list begin
    struct state *after_best; // the state after the first hypothesis of the current list
    bool first, in_list;      // the hypothesis under way is the first of its list
};

static struct network_source *of(struct source *source)
{
    return (struct network_source *)source;
}

static int32_t id_of(const struct network_source *network, const struct token *token)
{
    int32_t id = vocabulary_find(&network->scorer.model->vocabulary, token->text, token->length);
    return id >= 0 ? id : network->unknown;
}

static void network_advance(struct source *source, const struct token *token)
{
    scorer_advance(&of(source)->scorer, id_of(of(source), token));
}

static bool network_next(struct source *source, const struct token *token, struct source_word *word,
                         struct error *error)
{
    struct network_source *network = of(source);
    word->id = id_of(network, token);
    word->name =
        word->id >= 0 ? vocabulary_word(&network->scorer.model->vocabulary, word->id) : NULL;
    word->prob = scorer_word(&network->scorer, word->id);
    if (word->id >= 0 && !(word->prob > 0 && word->prob <= 1.001))
        return error_set(error, "the network's probability of \"%.*s\" is %g", (int)token->length,
                         token->text, word->prob);
    if (network->in_list && network->first && token->sentence_end)
        state_copy(&network->scorer.model->network, network->after_best, network->scorer.now);
    return true;
}

// The words before a hypothesis, which direct connections look at, are those of the line before,
// whatever it was: so the reference has it, and so its scores are.
static void network_begin_hypothesis(struct source *source, bool first_of_list)
{
    struct network_source *network = of(source);
    const struct network *weights = &network->scorer.model->network;
    struct state *now = network->scorer.now;
    int32_t history[MAXENT_MOST_ORDER];
    memcpy(history, now->history, sizeof history);
    if (first_of_list)
        state_copy(weights, network->begin, network->after_best);
    state_copy(weights, now, network->begin);
    memcpy(now->history, history, sizeof history);
    network->in_list = true;
    network->first = first_of_list;
}

static const char *network_draw(struct source *source, struct random *random)
{
    struct scorer *scorer = &of(source)->scorer;
    return vocabulary_word(&scorer->model->vocabulary, scorer_draw(scorer, random));
}

static void network_free_source(struct source *source)
{
    struct network_source *network = of(source);
    scorer_free(&network->scorer);
    free(network->begin);
    free(network->after_best);
    free(network);
}

static const struct source_type network_type = {.next = network_next,
                                                .advance = network_advance,
                                                .begin_hypothesis = network_begin_hypothesis,
                                                .draw = network_draw,
                                                .free = network_free_source};

static bool network_init_source(struct network_source *network, const struct model *model,
                                bool independent, struct learner *learner, struct error *error)
{
    if (!scorer_init(&network->scorer, model, independent, learner, error))
        return false;
    // The first list begins where the reference has an empty state, into which </s> is taken twice.
    network->begin = state_at_start(&model->network, 0, NULL, error);
    network->after_best = state_new(&model->network, error);
    if (network->begin == NULL || network->after_best == NULL)
        return false;
    state_advance(&model->network, network->begin, WORD_END, network->after_best);
    return true;
}

struct source *source_network(const struct model *model, bool independent, bool unk,
                              struct learner *learner, struct error *error)
{
    struct network_source *network = memory_new(1, sizeof *network, error);
    if (network == NULL)
        return NULL;
    network->source.type = &network_type;
    network->unknown = unk ? vocabulary_find(&model->vocabulary, "<unk>", 5) : WORD_OOV;
    if (network_init_source(network, model, independent, learner, error))
        return &network->source;
    network_free_source(&network->source);
    return NULL;
}
