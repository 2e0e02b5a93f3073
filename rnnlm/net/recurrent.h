// The hidden layer: an Elman network, s[t] = sigmoid(E[w[t-1]] + W s[t-1]), forward and back
// through time.
#ifndef NET_RECURRENT_H
#define NET_RECURRENT_H

#include "net/network.h"

// after[H] = sigmoid(E[word] + W before[H]); WORD_OOV adds no embedding. Both have hidden_row
// floats, zeros behind H, and do not overlap.
void recurrent_forward(const struct network *network, const float *before, int32_t word,
                       float *after);

// Back-propagation through `steps` steps (Werbos 1990), and the step against the gradient.
//   word[i]             (i < steps) the input word of step i
//   hidden[i]           (i <= steps) rows: hidden[i+1] is the layer after step i, hidden[0] the
//   state before them error[i]            (i < steps) rows: d log P / d hidden[i+1] from the output
//   layer; overwritten known               steps whose state before is taken as it is; 0 stands for
//   that of the earlier ones cutoff              bound on what is carried from a step to the one
//   before, 0 for none
// Then E and W move by step * gradient, and shrink by `keep` where touched. `scratch` is one row.
void recurrent_backward(struct network *network, size_t steps, size_t known, const int32_t *word,
                        const float *hidden, float *error, float *scratch, float cutoff, float step,
                        float keep);

#endif
