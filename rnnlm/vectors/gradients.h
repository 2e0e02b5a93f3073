// The gradients of a passage (vectors/training.h has the mathematics), and how vectors move by them.
#ifndef VECTORS_GRADIENTS_H
#define VECTORS_GRADIENTS_H

#include "base/alias.h"
#include "vectors/passage.h"
#include "vectors/training.h"
#include "vectors/word_tree.h"

// Every vector belongs to one of these, which alone moves it.
enum { GRADIENT_OWNERS = 32, GRADIENT_GROUP = 8 };

// What is learnt of: the same for all passages.
struct gradient_rules {
    const struct vectors_training *training;
    size_t words, stride;
    size_t drawn;       // of a group
    float share;        // what each of them counts
    struct alias noise; // number i is word i + 1
    struct word_tree tree;
    size_t outputs, rows; // at most: of a group, of a passage
};

bool gradient_rules_init(struct gradient_rules *rules, const struct vectors_training *training,
                         const struct vocabulary *words, struct error *error);
void gradient_rules_free(struct gradient_rules *rules);

// All vectors. Numbers: inputs are 0 to words - 1, outputs words to 2 words - 1, inner nodes stand behind.
struct vector_rows {
    float *input;     // [words][stride], not owned
    float *output;    // [words + nodes][stride]
    float *curvature; // [2 words + nodes] 0 but while vectors move
    size_t words, stride, width;
};

bool vector_rows_init(struct vector_rows *rows, const struct gradient_rules *rules, float *input,
                      struct error *error);

// Of a passage: gradients, of vectors that may come several times.
struct passage_gradients {
    size_t count;
    uint32_t *row;                       // [count] the vector's number
    float *curvature;                    // [count]
    float *gradient;                     // [count][stride]
    uint32_t *order;                     // [count] by owner
    uint32_t begin[GRADIENT_OWNERS + 1]; // of each owner in `order`
};

bool passage_gradients_init(struct passage_gradients *gradients, const struct gradient_rules *rules,
                            struct error *error);
void passage_gradients_free(struct passage_gradients *gradients);

// A thread's own.
struct gradient_scratch {
    struct passage passage;
    float *input;                // [PASSAGE_TOKENS + 2 window][stride] of the passage's words
    float *mean, *mean_gradient; // [GROUP][stride]
    float *output;               // [outputs][stride] of the group
    float *input_square, *output_square, *mean_square, *mean_curvature, *label, *weight, *error;
    int32_t *drawn;
};

bool gradient_scratch_init(struct gradient_scratch *scratch, const struct gradient_rules *rules,
                           struct error *error);
void gradient_scratch_free(struct gradient_scratch *scratch);

void passage_gradients_find(struct passage_gradients *gradients, const struct gradient_rules *rules,
                            const struct vector_rows *rows, struct gradient_scratch *scratch,
                            const struct passage_text *text, uint64_t from, uint64_t to,
                            uint64_t key);

// Adds the curvatures of an owner's vectors; moves these; sets the curvatures to 0 again.
void passage_gradients_sum(const struct passage_gradients *gradients, size_t owner,
                           float *curvature);
void passage_gradients_move(const struct passage_gradients *gradients, size_t owner,
                            struct vector_rows *rows, float alpha);
void passage_gradients_forget(const struct passage_gradients *gradients, size_t owner,
                              float *curvature);

#endif
