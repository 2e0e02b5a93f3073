// Optimisers: how gradients move weights. A kind is one file in optimisers/ and one line in the table
// of optimiser.c.
#ifndef LEARN_OPTIMISER_H
#define LEARN_OPTIMISER_H

#include "base/threads.h"
#include "learn/kept.h"
#include "net/gradient.h"
#include "net/linear.h"
#include "net/network.h"

enum { OPTIMISER_ROWS = 16 }; // that move together

struct optimiser;

// Of one thread.
struct optimiser_scratch {
    float *rows;  // [OPTIMISER_ROWS][stride]
    float *terms; // [most terms][OPTIMISER_ROWS]
};

struct optimiser_type {
    const char *name; // as options have it
    const char *about;
    double alpha, clip_norm; // what a rule has where nothing is given: the rate to start with
    size_t per_weight;       // floats of memory beside each weight,
    size_t per_row;          // and each row
    bool norms;              // wants gradient.norm

    // Moves what the gradient is of.
    void (*move)(struct optimiser *optimiser, const struct gradient *gradient,
                 struct optimiser_scratch *scratch);

    // Of kinds whose models are averages of the weights since some block; NULL for others. Averages
    // begin, or begin anew, with the weights as they are; they are shown in the weights' place, or
    // the weights again, bit by bit.
    void (*begin_averages)(struct optimiser *optimiser);
    void (*show_averages)(struct optimiser *optimiser, bool show);
};

struct optimiser_averages {
    uint64_t begun;     // blocks that had been learnt then
    uint64_t on, shown; // 0 or 1
};

struct optimiser_rule {
    float alpha; // learning rate
    float beta;  // L2 penalty: a weight shrinks by alpha beta / 10 for each word that touches it
    float clip_norm; // bound on the length of the whole gradient (Pascanu et al. 2013), the hash
                     // aside; 0 for none
};

struct held; // gradients that wait until they are complete: learn/held.h

struct optimiser {
    struct gradient_sink sink; // first: whoever has the sink has the optimiser
    const struct optimiser_type *type;
    struct network *network;    // not owned
    struct columns *columns;    // not owned: transposed copies, kept true
    struct optimiser_rule rule; // may be changed between blocks, whether clip_norm is 0 excepted
    size_t streams;             // that gradients are sums over
    uint64_t blocks;            // learnt before this one
    struct optimiser_averages averages;
    float scale;    // of gradients: what clip_norm leaves of them
    float **memory; // [parameters] per_weight for each weight, then per_row for each row;
                    // NULL if it needs none
    struct held *held; // [parameters]
    size_t stretches;  // of what is held (learn/held.h)
    double *power; // [items] squares of the lengths of what is held and what is given, only with
                   // clip_norm
    size_t power_capacity;
    size_t *item; // [threads] of `power`, that a thread is at
    bool holding; // gradients come for the first time; else what is held is complete
    bool shared;  // all but those of a hash are held
    struct optimiser_scratch *scratch; // [threads]
    size_t threads;
};

extern const struct optimiser_type *const optimiser_table[]; // NULL at the end

// Error: the name, and the nearest there is.
const struct optimiser_type *optimiser_named(const char *name, struct error *error);

// Blocks have at most `most_terms` words. Error: no memory. optimiser_free() in any case.
bool optimiser_init(struct optimiser *optimiser, const struct optimiser_type *type,
                    struct network *network, struct columns *columns,
                    const struct optimiser_rule *rule, size_t streams, size_t most_terms,
                    size_t threads, struct error *error);
void optimiser_free(struct optimiser *optimiser);

// Has all gradients of a block given that have not been taken yet, item by item, some of them twice,
// and moves all weights that have not moved yet. Error: no memory.
bool optimiser_step(struct optimiser *optimiser, struct pool *pool,
                    void (*give)(void *context, size_t worker, size_t item), void *context,
                    size_t items, struct error *error);

// Has gradients given that are held (learn/held.h); and what is left by clip_norm of a gradient of this
// square.
void optimiser_collect(struct optimiser *optimiser, struct pool *pool,
                       void (*give)(void *context, size_t worker, size_t item), void *context,
                       size_t items);
void optimiser_clip(struct optimiser *optimiser, double power);

// Its memory.
void optimiser_kept(struct optimiser *optimiser, struct kept *kept);

// Floats of memory for a parameter.
size_t optimiser_memory(const struct optimiser *optimiser, size_t parameter);

// ---- for kinds --------------------------------------------------------------------------------

// What is left of a weight after `words` words: online, every tenth pays the penalty.
float optimiser_keep(const struct optimiser *optimiser, size_t words);

// Rows from..from+count-1 of a gradient that is not a run: out[count][stride].
void optimiser_compute_rows(const struct parameter *parameter, const struct gradient *gradient,
                            size_t from, size_t count, float *out);

// The same of at most OPTIMISER_ROWS rows, in scratch->rows or where they are already. clip_norm's scale is not
// in them.
const float *optimiser_gradient_rows(const struct optimiser *optimiser,
                                     const struct gradient *gradient, size_t from, size_t count,
                                     struct optimiser_scratch *scratch);

// Rows that lie one after another and have missed the same blocks: they move as one, their padding, which
// is zeros, included.
struct optimiser_span {
    size_t parameter, row; // the first of them
    size_t count;          // floats
    size_t terms;          // words that have a part in each row
    float missed; // blocks between this one and that in which they moved last; 0 without per_row
};

// Has the rows of a gradient that is not a run moved, span by span, by their gradient g[count]. A type
// with a number per_row leaves it to this function, which keeps there when a row moved last.
void optimiser_each_span(struct optimiser *optimiser, const struct gradient *gradient,
                         struct optimiser_scratch *scratch,
                         void (*move)(struct optimiser *optimiser,
                                      const struct optimiser_span *span, const float *g));

// Memory of row i of a parameter: its weights' first, second, ... numbers, and its own.
float *optimiser_weights_memory(const struct optimiser *optimiser, size_t parameter, size_t which,
                                size_t i);
float *optimiser_row_memory(const struct optimiser *optimiser, size_t parameter, size_t i);

// Row i is about to move: what it needs of memory is asked for.
void optimiser_fetch_row(const struct optimiser *optimiser, size_t parameter, size_t i);

#endif
