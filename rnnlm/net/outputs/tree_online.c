// The tree of words, learning word by word.
#include <stdlib.h>
#include <string.h>

#include "base/kernels.h"
#include "base/memory.h"
#include "net/outputs/tree.h"

// What it computes at one place of a text.
struct online {
    struct tree tree;
    const float *input;
    struct tree_step path[TREE_MOST_DEPTH];
    size_t length;
    float error[TREE_MOST_DEPTH]; // 1 or 0 - probability of the second child
};

static void end(void *data)
{
    free(data);
}

static void *begin(const struct network *network, struct error *error)
{
    struct online *online = memory_new(1, sizeof *online, error);
    if (online != NULL)
        online->tree = tree_of(network);
    return online;
}

static double predict(void *data, const float *input, const int32_t *history, int32_t word)
{
    struct online *online = data;
    const struct tree *tree = &online->tree;
    double prob = 1;
    (void)history;
    online->input = input;
    online->length = tree_path(tree, word, online->path);
    for (size_t d = 0; d < online->length; d++) {
        const struct tree_step *step = &online->path[d];
        float logit;
        bias_begin(tree->bias, step->node, 1, &logit);
        linear_add_products(tree->nodes, step->node, 1, input, &logit);
        float way = tree_way(logit, step->second);
        prob *= (double)way;
        online->error[d] = step->second ? 1 - way : way - 1;
    }
    return tree_prob(prob);
}

static void learn(void *data, const struct online_step *step, float *error)
{
    struct online *online = data;
    const struct tree *tree = &online->tree;
    memset(error, 0, tree->nodes->stride * sizeof *error);
    for (size_t d = 0; d < online->length; d++) {
        size_t node = online->path[d].node;
        linear_learn_rows(tree->nodes, node, 1, &online->error[d], online->input, step->step,
                          step->keep, error);
        bias_learn(tree->bias, node, 1, &online->error[d], step->step, step->keep);
    }
    if (step->cutoff > 0)
        kernels->clamp(error, tree->nodes->width, step->cutoff);
}

const struct output_online tree_online = {
    .begin = begin,
    .end = end,
    .predict = predict,
    .learn = learn,
};
