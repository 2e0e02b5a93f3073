// The output layer, forward and backward.
#include "net/output.h"

#include <stdlib.h>
#include <string.h>

#include "base/kernels.h"
#include "base/memory.h"

bool prediction_init(struct prediction *prediction, const struct network *network,
                     struct error *error)
{
    size_t classes = network->shape.classes, largest = network->classes.largest;
    memset(prediction, 0, sizeof *prediction);
    prediction->compressed = memory_new(2 * network->output_row, sizeof(float), error);
    prediction->class_prob = memory_new(classes, sizeof(float), error);
    prediction->word_prob = memory_new(largest, sizeof(float), error);
    prediction->error = memory_new(classes > largest ? classes : largest, sizeof(float), error);
    return prediction->compressed != NULL && prediction->class_prob != NULL &&
           prediction->word_prob != NULL && prediction->error != NULL;
}

void prediction_free(struct prediction *prediction)
{
    free(prediction->compressed);
    free(prediction->class_prob);
    free(prediction->word_prob);
    free(prediction->error);
    memset(prediction, 0, sizeof *prediction);
}

// Rows of the output matrix for the words of class k, and for the classes.
static float *word_rows(const struct network *network, size_t k)
{
    return network->output + (size_t)network->classes.begin[k] * network->output_row;
}

static float *class_rows(const struct network *network)
{
    return network->output + network->shape.words * network->output_row;
}

static size_t words_of_class(const struct network *network, size_t k)
{
    return (size_t)(network->classes.begin[k + 1] - network->classes.begin[k]);
}

// out[i] = softmax of rows[i] . input + direct connections.
static void distribution(const struct network *network, const float *rows, size_t n,
                         const float *input, const struct maxent_features *features, float *out)
{
    memset(out, 0, n * sizeof *out);
    kernels->rows_times(out, rows, network->output_row, n, input, network->output_width);
    maxent_add(network, features, out, n);
    kernels->softmax(out, n);
}

void predict_classes(const struct network *network, const float *hidden, const int32_t *history,
                     struct prediction *prediction)
{
    size_t compression = network->shape.compression;
    prediction->input = hidden;
    if (compression > 0) {
        memset(prediction->compressed, 0, network->output_row * sizeof(float));
        kernels->rows_times(prediction->compressed, network->compression, network->hidden_row,
                            compression, hidden, network->shape.hidden);
        kernels->sigmoid(prediction->compressed, compression);
        prediction->input = prediction->compressed;
    }
    maxent_class_features(network, history, &prediction->class_features);
    distribution(network, class_rows(network), network->shape.classes, prediction->input,
                 &prediction->class_features, prediction->class_prob);
}

void predict_words(const struct network *network, const int32_t *history, size_t k,
                   struct prediction *prediction)
{
    prediction->k = k;
    maxent_word_features(network, history, k, &prediction->word_features);
    distribution(network, word_rows(network, k), words_of_class(network, k), prediction->input,
                 &prediction->word_features, prediction->word_prob);
}

double predict_word(const struct network *network, const float *hidden, const int32_t *history,
                    int32_t word, struct prediction *prediction)
{
    size_t k = (size_t)network->classes.of_word[word];
    predict_classes(network, hidden, history, prediction);
    predict_words(network, history, k, prediction);
    return (double)prediction->class_prob[k] *
           (double)prediction->word_prob[word - network->classes.begin[k]];
}

// Error of a softmax with respect to its logits, one row's step, and the error below.
static void learn_rows(struct network *network, float *rows, size_t n, const float *prob,
                       size_t target, const struct maxent_features *features,
                       struct prediction *prediction, const struct output_step *step, float *error)
{
    float *e = prediction->error;
    for (size_t i = 0; i < n; i++)
        e[i] = -prob[i];
    e[target] += 1;
    kernels->times_rows_update(error, e, rows, network->output_row, n, network->output_width,
                               prediction->input, step->step, step->keep);
    if (step->cutoff > 0)
        kernels->clamp(error, network->output_width, step->cutoff);
    maxent_update(network, features, e, n, step->step, step->forget);
}

void output_learn(struct network *network, const float *hidden, int32_t word,
                  struct prediction *prediction, const struct output_step *step, float *error)
{
    size_t k = prediction->k, compression = network->shape.compression;
    float *below = compression > 0 ? prediction->compressed + network->output_row : error;
    memset(below, 0, network->output_row * sizeof *below);
    learn_rows(network, word_rows(network, k), words_of_class(network, k), prediction->word_prob,
               (size_t)(word - network->classes.begin[k]), &prediction->word_features, prediction,
               step, below);
    learn_rows(network, class_rows(network), network->shape.classes, prediction->class_prob, k,
               &prediction->class_features, prediction, step, below);
    if (compression == 0)
        return;
    kernels->sigmoid_error(below, prediction->compressed, compression);
    memset(error, 0, network->hidden_row * sizeof *error);
    kernels->times_rows_update(error, below, network->compression, network->hidden_row, compression,
                               network->shape.hidden, hidden, step->step, step->keep);
    if (step->cutoff > 0)
        kernels->clamp(error, network->shape.hidden, step->cutoff);
}
