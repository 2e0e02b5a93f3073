// The output that is factorised by classes, learning word by word.
#include <stdlib.h>
#include <string.h>

#include "base/kernels.h"
#include "base/memory.h"
#include "net/outputs/class.h"

// What it computes at one place of a text.
struct online {
    const struct network *network;
    struct class_parameters own;
    const float *input;
    int32_t word;
    float *class_prob; // [C] softmax over classes
    float *word_prob;  // [largest class] softmax over the words of the word's class
    float *error;      // [larger of both] target - probability
    struct maxent_features class_features, word_features; // direct connections that took part
};

static void end(void *data)
{
    struct online *online = data;
    free(online->class_prob);
    free(online->word_prob);
    free(online->error);
    free(online);
}

static void *begin(const struct network *network, struct error *error)
{
    size_t classes = network->shape.classes, largest = network->classes.largest;
    struct online *online = memory_new(1, sizeof *online, error);
    if (online == NULL)
        return NULL;
    online->network = network;
    online->own = class_parameters(network);
    online->class_prob = memory_new(classes, sizeof(float), error);
    online->word_prob = memory_new(largest, sizeof(float), error);
    online->error = memory_new(classes > largest ? classes : largest, sizeof(float), error);
    if (online->class_prob != NULL && online->word_prob != NULL && online->error != NULL)
        return online;
    end(online);
    return NULL;
}

// out[i] = softmax of the rows first..first+n-1 times the input, their biases, and direct
// connections.
static void distribution(const struct online *online, const struct parameter *rows,
                         const struct parameter *bias, size_t first, size_t n,
                         const struct maxent_features *features, float *out)
{
    bias_begin(bias, first, n, out);
    linear_add_products(rows, first, n, online->input, out);
    maxent_add(online->own.hash, features, out, n);
    kernels->softmax(out, n);
}

static double predict(void *data, const float *input, const int32_t *history, int32_t word)
{
    struct online *online = data;
    const struct network *network = online->network;
    size_t k = (size_t)network->classes.of_word[word], first = class_first(network, k);
    online->input = input;
    online->word = word;
    maxent_class_features(network, history, &online->class_features);
    distribution(online, online->own.classes, online->own.class_bias, 0, network->shape.classes,
                 &online->class_features, online->class_prob);
    maxent_word_features(network, history, k, &online->word_features);
    distribution(online, online->own.words, online->own.bias, first, class_words(network, k),
                 &online->word_features, online->word_prob);
    return (double)online->class_prob[k] * (double)online->word_prob[(size_t)word - first];
}

// Errors of one softmax: its rows' step, those of biases and direct connections, and the error
// below.
static void learn_rows(struct online *online, struct parameter *rows, struct parameter *bias,
                       size_t first, size_t n, const float *prob, size_t target,
                       const struct maxent_features *features, const struct online_step *step,
                       float *error)
{
    float *e = online->error;
    for (size_t i = 0; i < n; i++)
        e[i] = -prob[i];
    e[target] += 1;
    linear_learn_rows(rows, first, n, e, online->input, step->step, step->keep, error);
    if (step->cutoff > 0)
        kernels->clamp(error, rows->width, step->cutoff);
    bias_learn(bias, first, n, e, step->step, step->keep);
    maxent_learn(online->own.hash, features, e, n, step->step, step->forget);
}

static void learn(void *data, const struct online_step *step, float *error)
{
    struct online *online = data;
    const struct network *network = online->network;
    size_t k = (size_t)network->classes.of_word[online->word], first = class_first(network, k);
    memset(error, 0, memory_row(network->width) * sizeof *error);
    learn_rows(online, online->own.words, online->own.bias, first, class_words(network, k),
               online->word_prob, (size_t)online->word - first, &online->word_features, step,
               error);
    learn_rows(online, online->own.classes, online->own.class_bias, 0, network->shape.classes,
               online->class_prob, k, &online->class_features, step, error);
}

const struct output_online class_online = {
    .begin = begin,
    .end = end,
    .predict = predict,
    .learn = learn,
};
