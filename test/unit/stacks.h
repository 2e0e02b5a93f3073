// The stacks of layers that gradients and passes are tested with: every kind of the table with every
// activation, alone and one upon another, and mixtures, each with every output; and tied ones.
#ifndef STACKS_H
#define STACKS_H

#include "testing.h"

enum { MOST_STACKS = 512, STACK_TEXT = 96, SLOW = 11 }; // one in SLOW where the build is slow

struct stacks {
    size_t count;
    size_t turn[MOST_STACKS]; // its number among all, however many of them there are here
    char layers[MOST_STACKS][STACK_TEXT];
};

static inline void add_stack(struct stacks *stacks, const char *layers, bool tied)
{
    for (size_t i = 0; output_table[i] != NULL; i++) {
        if (tied && !output_table[i]->tied)
            continue;
        assert_true(stacks->count < MOST_STACKS);
        int length = snprintf(stacks->layers[stacks->count++], STACK_TEXT, "%s %s%s%s", layers,
                              output_table[i]->name, output_table[i]->clusters ? ":3/2" : "",
                              tied ? " tied" : "");
        assert_true(length < STACK_TEXT);
    }
}

// A kind with an activation (NULL: its own).
static inline void add_kind(struct stacks *stacks, const char *kind, const char *activation)
{
    char text[STACK_TEXT];
    const char *colon = activation != NULL ? ":" : "", *name = activation != NULL ? activation : "";
    snprintf(text, sizeof text, "%s:17%s%s", kind, colon, name);
    add_stack(stacks, text, false);
    snprintf(text, sizeof text, "%s:5%s%s,%s:6%s%s", kind, colon, name, kind, colon, name);
    add_stack(stacks, text, false);
}

// A kind alone, at the bottom, and at the top: where words' rows are as long as the topmost layer.
static inline void add_tied(struct stacks *stacks, const struct layer_type *type)
{
    char text[STACK_TEXT];
    snprintf(text, sizeof text, "%s:17", type->name);
    if (layer_word_row(type, 17) == 17)
        add_stack(stacks, text, true);
    snprintf(text, sizeof text, "%s:5,elman:%zu:tanh", type->name, layer_word_row(type, 5));
    add_stack(stacks, text, true);
    snprintf(text, sizeof text, "elman:6,%s:6", type->name);
    add_stack(stacks, text, true);
}

// A range of weights with which sums stay where floats are exact enough: what jordan layers carry on
// is itself a sum over steps, and tied tables take part at both ends.
static inline double stack_range(const char *layers)
{
    return strstr(layers, "jordan") != NULL ? 0.3 : strstr(layers, "tied") != NULL ? 0.5 : 0.7;
}

static inline struct stacks all_stacks(void)
{
    static const char *const mixed[] = {
        "elman:5,compression:3",
        "compression:4,elman:5",
        "compression:4,elman:5:relu,compression:3,compression:6",
        "compression:4,compression:6,elman:5",
        "lstm:5,elman:4",
        "elman:4:tanh,lstm:17",
        "lstm:5,compression:3",
        "compression:4,lstm:5,compression:3",
        "elman:5:relu,lstm:4,compression:3,elman:5:elu",
        "gru:5,lstm:4,compression:3",
        "elman:5:tanh,gru:17",
        "sru:5,elman:4,sru:17,compression:3",
        "jordan:5,lstm:17,jordan:4:tanh",
        "elman:4,qrnn:17,compression:3",
        "projection:17,lstm:5,projection:4",
        "projection:4,projection:5,elman:6",
    };
    struct stacks stacks = {0};
    for (size_t i = 0; layer_table[i] != NULL; i++) {
        if (!layer_table[i]->activation)
            add_kind(&stacks, layer_table[i]->name, NULL);
        for (size_t j = 0; layer_table[i]->activation && activation_table[j] != NULL; j++)
            add_kind(&stacks, layer_table[i]->name, activation_table[j]->name);
    }
    for (size_t i = 0; i < sizeof mixed / sizeof mixed[0]; i++)
        add_stack(&stacks, mixed[i], false);
    for (size_t i = 0; layer_table[i] != NULL; i++)
        add_tied(&stacks, layer_table[i]);
    size_t every = slow_build() ? SLOW : 1;
    for (size_t i = 0; every * i < stacks.count; i++) {
        memmove(stacks.layers[i], stacks.layers[every * i], STACK_TEXT);
        stacks.turn[i] = every * i;
    }
    stacks.count = (stacks.count + every - 1) / every;
    return stacks;
}

#endif
