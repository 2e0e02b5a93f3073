// A softmax over all words, learning word by word.
#include <stdlib.h>
#include <string.h>

#include "base/kernels.h"
#include "base/memory.h"
#include "net/outputs/full.h"

// What it computes at one place of a text.
struct online {
    const struct network *network;
    struct full_parameters own;
    const float *input;
    int32_t word;
    float *prob; // [V]; when it learns, target - probability
};

static void end(void *data)
{
    struct online *online = data;
    free(online->prob);
    free(online);
}

static void *begin(const struct network *network, struct error *error)
{
    struct online *online = memory_new(1, sizeof *online, error);
    if (online == NULL)
        return NULL;
    online->network = network;
    online->own = full_parameters(network);
    online->prob = memory_new(network->shape.words, sizeof(float), error);
    if (online->prob != NULL)
        return online;
    end(online);
    return NULL;
}

static double predict(void *data, const float *input, const int32_t *history, int32_t word)
{
    struct online *online = data;
    size_t words = online->network->shape.words;
    (void)history;
    online->input = input;
    online->word = word;
    bias_begin(online->own.bias, 0, words, online->prob);
    linear_add_products(online->own.words, 0, words, input, online->prob);
    kernels->softmax(online->prob, words);
    return (double)online->prob[word];
}

static void learn(void *data, const struct online_step *step, float *error)
{
    struct online *online = data;
    size_t words = online->network->shape.words, width = online->network->width;
    float *e = online->prob;
    for (size_t i = 0; i < words; i++)
        e[i] = -e[i];
    e[online->word] += 1;
    memset(error, 0, memory_row(width) * sizeof *error);
    linear_learn_rows(online->own.words, 0, words, e, online->input, step->step, step->keep, error);
    if (step->cutoff > 0)
        kernels->clamp(error, width, step->cutoff);
    bias_learn(online->own.bias, 0, words, e, step->step, step->keep);
}

const struct output_online full_online = {
    .begin = begin,
    .end = end,
    .predict = predict,
    .learn = learn,
};
