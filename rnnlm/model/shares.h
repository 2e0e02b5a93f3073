// The shares that words have of a network's probability, and giving words and classes others.
//
// A share is a mean over contexts h that the network itself generates,
//
//   share(w) = 1/M sum over h of P(w | h)
//
// which is the word's unigram probability as the network has it. It is moved by adding d to the word's
// (or class's) logit, d the solution of share(w) = wanted by iteration: d += log(wanted / share(w)), for
// all together. Where the network has biases, d goes to the bias; where it has none (the reference's
// networks) d m / (m . m) goes to the row, m the mean of x, what the output takes in, over the contexts:
// the logit, row . x, then moves by d on average.
#ifndef MODEL_SHARES_H
#define MODEL_SHARES_H

#include "model/model.h"
#include "net/state.h"

// Contexts that a model has generated: states of any network with the same layers and the same words,
// among others.
struct contexts {
    size_t count;
    struct state **state; // [count], which lie in
    unsigned char *block;
};

// Always the same for the same model. Error: no memory. contexts_free() in any case.
bool contexts_generate(struct contexts *contexts, const struct model *model, struct error *error);
void contexts_free(struct contexts *contexts);

// share[i] of word[i], for i < n. Words of one class should stand together. Error: no memory.
bool shares_find(const struct contexts *contexts, const struct model *model, const int32_t *word,
                 size_t n, double *share, struct error *error);

// What shares are to be: NaN where a logit is to stay.
struct shares_wanted {
    double *word;    // [words]
    double *classes; // [classes]
};

// Moves logits until the shares are within half a per cent of what is wanted; *off becomes what is left
// of the largest |log(wanted / share)|. Error: no memory.
bool shares_move(const struct contexts *contexts, struct model *model,
                 const struct shares_wanted *wanted, double *off, struct error *error);

#endif
