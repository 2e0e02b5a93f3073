// The output layer: a softmax over classes, then one over the words of a class, P(w) = P(class) P(w
// | class) (Goodman 2001; Mikolov et al. 2011), with an optional compression layer below.
#ifndef NET_OUTPUT_H
#define NET_OUTPUT_H

#include "net/maxent.h"
#include "net/network.h"

// What the output layer computes at one place of a text. One is enough for each thread.
struct prediction {
    float *compressed; // [output_row] compression layer, unused without one
    float *class_prob; // [C] softmax over classes
    float *word_prob;  // [largest class] softmax over the words of `k`
    const float
        *input; // what the output rows are multiplied with: the hidden or the compression layer
    size_t k;   // class of word_prob
    struct maxent_features class_features; // direct connections that took part
    struct maxent_features word_features;
    float *error; // [larger of C and largest class] target - probability, when learning
};

bool prediction_init(struct prediction *prediction, const struct network *network,
                     struct error *error);
void prediction_free(struct prediction *prediction);

// Class distribution after `hidden` [hidden_row] with this history: fills class_prob.
void predict_classes(const struct network *network, const float *hidden, const int32_t *history,
                     struct prediction *prediction);

// Word distribution in class k at the same place; predict_classes() comes first.
void predict_words(const struct network *network, const int32_t *history, size_t k,
                   struct prediction *prediction);

// Both, for the class of `word` (0 <= word < V): its probability.
double predict_word(const struct network *network, const float *hidden, const int32_t *history,
                    int32_t word, struct prediction *prediction);

// How one word's error moves the weights.
struct output_step {
    float step;   // learning rate
    float keep;   // 1 - L2 penalty for rows touched
    float forget; // the same for entries of the hash
    float cutoff; // bound on the errors handed down, 0 for none
};

// After predict_word(): moves output, compression and hash weights towards `word`, and hands down
// d log P / d hidden (with the weights as they were) in error[hidden_row].
void output_learn(struct network *network, const float *hidden, int32_t word,
                  struct prediction *prediction, const struct output_step *step, float *error);

#endif
