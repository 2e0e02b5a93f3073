// Weights that several processes move by themselves and average now and then: the way for slow networks.
//
// Blockwise model-update filtering with Nesterov's momentum (Chen & Huo 2016). N processes begin with the
// same weights S, at first W, and each learns a stretch of its own streams; then, with w[i] the weights of
// process i,
//
//   g = (w[1] + ... + w[N]) / N - S        what the stretch says
//   d = eta d + zeta g                     what is done about it, with momentum
//   W = W + d
//   S = W + eta d                          with which all begin the next one: where momentum takes them
//
// With eta = 0 and zeta = 1 the average itself goes on, which takes 1/N of the steps that one process
// would; eta = 1 - 1/N makes up for that. What an optimiser remembers is each process's own. S is what is
// validated and saved; as the learning rate falls, so does d.
#ifndef LEARN_AVERAGE_H
#define LEARN_AVERAGE_H

#include "base/peers.h"
#include "learn/kept.h"
#include "net/network.h"

struct average_rule {
    double momentum, step; // eta, zeta
};

struct average {
    struct peers *peers;     // not owned
    struct network *network; // not owned
    struct average_rule rule;
    float **begun; // [parameters] S
    float **move;  // [parameters] d
};

// From the weights that there are. Error: no memory. average_free() in any case.
bool average_init(struct average *average, struct peers *peers, struct network *network,
                  const struct average_rule *rule, struct error *error);
void average_free(struct average *average);

// The weights are S, and have been read or written by somebody else.
void average_begin(struct average *average);

// The end of a stretch. Error: no memory, or that of a connexion.
bool average_step(struct average *average, struct error *error);

// d; what else must be kept are the weights.
void average_kept(struct average *average, struct kept *kept);

#endif
