// The network's definition as plainly as it can be written, in double precision: what the tests
// hold the library against.
#ifndef PLAIN_NETWORK_H
#define PLAIN_NETWORK_H

#include "testing.h"

enum { EMBEDDING, RECURRENT, COMPRESSION, OUTPUT, MAXENT, MATRICES };

struct plain {
    struct network_shape shape;
    const struct classes *classes;
    size_t width; // of the output rows
    double *weight[MATRICES];
};

// Entry `i` of matrix `m`, counted without padding.
static inline float *network_weight(const struct network *network, int m, size_t i)
{
    size_t hidden = network->shape.hidden, width = network->output_width;
    switch (m) {
    case EMBEDDING:
        return network->embedding + i / hidden * network->hidden_row + i % hidden;
    case RECURRENT:
        return network->recurrent + i / hidden * network->hidden_row + i % hidden;
    case COMPRESSION:
        return network->compression + i / hidden * network->hidden_row + i % hidden;
    case OUTPUT:
        return network->output + i / width * network->output_row + i % width;
    default:
        return network->maxent + i;
    }
}

static inline size_t plain_count(const struct plain *plain, int m)
{
    const struct network_shape *shape = &plain->shape;
    const size_t count[MATRICES] = {shape->words * shape->hidden, shape->hidden * shape->hidden,
                                    shape->compression * shape->hidden,
                                    (shape->words + shape->classes) * plain->width, shape->maxent};
    return count[m];
}

static inline struct plain plain_new(const struct network *network)
{
    struct plain plain = {
        .shape = network->shape, .classes = &network->classes, .width = network->output_width};
    for (int m = 0; m < MATRICES; m++) {
        plain.weight[m] = calloc(plain_count(&plain, m) + 1, sizeof(double));
        assert_non_null(plain.weight[m]);
        for (size_t i = 0; i < plain_count(&plain, m); i++)
            plain.weight[m][i] = (double)*network_weight(network, m, i);
    }
    return plain;
}

static inline void plain_free(struct plain *plain)
{
    for (int m = 0; m < MATRICES; m++)
        free(plain->weight[m]);
}

static inline double plain_sigmoid(double x)
{
    return 1 / (1 + exp(-x));
}

// after = sigmoid(E[word] + W before); `recurrent` is W.
static inline void plain_forward(const struct plain *plain, const double *recurrent,
                                 const double *before, int32_t word, double *after)
{
    size_t hidden = plain->shape.hidden;
    for (size_t i = 0; i < hidden; i++) {
        double sum = word >= 0 ? plain->weight[EMBEDDING][(size_t)word * hidden + i] : 0;
        for (size_t j = 0; j < hidden; j++)
            sum += recurrent[i * hidden + j] * before[j];
        after[i] = plain_sigmoid(sum);
    }
}

// What the output rows see: the compression layer, or the hidden one.
static inline void plain_input(const struct plain *plain, const double *hidden, double *input)
{
    for (size_t i = 0; i < plain->width; i++) {
        double sum = 0;
        if (plain->shape.compression > 0)
            for (size_t j = 0; j < plain->shape.hidden; j++)
                sum += plain->weight[COMPRESSION][i * plain->shape.hidden + j] * hidden[j];
        input[i] = plain->shape.compression > 0 ? plain_sigmoid(sum) : hidden[i];
    }
}

// The entry of the hash for the i-th class (k < 0) or the i-th word of class k at feature order
// `order`, or 0 if the features end before. An order takes part if no word of its history is OOV;
// orders end for an output at the first whose entry is not within 1..D-1.
static inline size_t plain_entry(const struct plain *plain, const int32_t *history, int64_t k,
                                 size_t i, uint32_t order)
{
    static const uint64_t p[36] = {
        108641969, 116049371, 125925907, 133333309, 145678979, 175308587, 197530793, 234567803,
        251851741, 264197411, 330864029, 399999781, 407407183, 459258997, 479012069, 545678687,
        560493491, 607407037, 629629243, 656789717, 716048933, 718518067, 725925469, 733332871,
        753085943, 755555077, 782715551, 790122953, 812345159, 814814293, 893826581, 923456189,
        940740127, 953085797, 985184539, 990122807};
    uint64_t x = p[0] * p[1] % 4294967296u, half = plain->shape.maxent / 2;
    if (k >= 0)
        x *= (uint64_t)k + 1;
    for (uint64_t b = 1; b <= order; b++) {
        if (history[b - 1] < 0)
            return 0;
        x += p[(order * p[b] + b) % 4294967296u % 36] * ((uint64_t)history[b - 1] + 1);
    }
    uint64_t start = (k >= 0 ? half : 0) + x % half;
    return start > 0 && start + i < plain->shape.maxent ? start + i : 0;
}

static inline double plain_maxent(const struct plain *plain, const int32_t *history, int64_t k,
                                  size_t i)
{
    double sum = 0;
    if (plain->shape.maxent == 0)
        return 0;
    for (uint32_t order = 0; order < (uint32_t)plain->shape.maxent_order; order++) {
        size_t entry = plain_entry(plain, history, k, i, order);
        if (entry == 0)
            break;
        sum += plain->weight[MAXENT][entry];
    }
    return sum;
}

// prob[i] for the classes (k < 0), or the words of class k, given the output rows' input.
static inline size_t plain_softmax(const struct plain *plain, const double *input,
                                   const int32_t *history, int64_t k, double *prob)
{
    size_t first = k < 0 ? plain->shape.words : (size_t)plain->classes->begin[k];
    size_t n = k < 0 ? plain->shape.classes : (size_t)plain->classes->begin[k + 1] - first;
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        double logit = plain_maxent(plain, history, k, i);
        for (size_t j = 0; j < plain->width; j++)
            logit += plain->weight[OUTPUT][(first + i) * plain->width + j] * input[j];
        prob[i] = exp(logit);
        sum += prob[i];
    }
    for (size_t i = 0; i < n; i++)
        prob[i] /= sum;
    return n;
}

// P(word | hidden layer, history)
static inline double plain_prob(const struct plain *plain, const double *hidden,
                                const int32_t *history, int32_t word)
{
    double input[64] = {0}, prob[64] = {0};
    assert_true(plain->width <= 64 && plain->shape.words <= 64);
    int32_t k = plain->classes->of_word[word];
    plain_input(plain, hidden, input);
    plain_softmax(plain, input, history, -1, prob);
    double class_prob = prob[k];
    plain_softmax(plain, input, history, k, prob);
    return class_prob * prob[word - plain->classes->begin[k]];
}

#endif
