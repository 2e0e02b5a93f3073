// The options of dynamic evaluation, beside its rate: what programs and the public interface have in common.
#ifndef DYNAMIC_OPTIONS_H
#define DYNAMIC_OPTIONS_H

#include "learn/dynamic.h"
#include "model/model.h"
#include "options.h"

struct dynamic_options {
    const char *rule; // -dynamic-rule; NULL if not given
    double decay;
    int64_t words;
    bool decay_given, words_given;
    struct option_list statistics; // as many as networks, or none
};

#define DYNAMIC_OPTIONS_DEFAULT                                                                    \
    {                                                                                              \
        .decay = DYNAMIC_DECAY, .words = DYNAMIC_WORDS                                             \
    }

#define DYNAMIC_RULE_HELP                                                                          \
    "How it does: sgd, word by word as in training online, as the reference; or rms, after each "  \
    "-dynamic-words, by steps that statistics of the gradients over the training text measure, "   \
    "and back towards the weights as they were trained (Krause et al. 2018): for every network, "  \
    "and better. Wants MODEL.statistics, which rnnlm-model -statistics makes. (sgd)"
#define DYNAMIC_DECAY_HELP                                                                         \
    "With rms: the share of the way back to its first value that a weight of average gradients "   \
    "goes after each block."
#define DYNAMIC_STATISTICS_HELP                                                                    \
    "With rms: the statistics, where they are not in MODEL.statistics; of several networks "       \
    "given several times, in their order."

// clang-format off
// Rows of a table of options, for a struct dynamic_options.
#define DYNAMIC_OPTIONS_ROWS(set)                                                                  \
    {OPTION_TEXT, "dynamic-rule", "NAME", &(set).rule, NULL, 0, 0, DYNAMIC_RULE_HELP},             \
    {OPTION_NUMBER, "dynamic-decay", "X", &(set).decay, &(set).decay_given, 0, 1,                  \
     DYNAMIC_DECAY_HELP},                                                                          \
    {OPTION_COUNT, "dynamic-words", "N", &(set).words, &(set).words_given, 1, DYNAMIC_MOST_WORDS,  \
     "With rms: words of a block."},                                                               \
    {OPTION_LIST, "dynamic-statistics", "FILE", &(set).statistics, NULL, 0, 0,                     \
     DYNAMIC_STATISTICS_HELP}
// clang-format on

// Whether the rule is rms; false where it is not given.
bool dynamic_options_rms(const struct dynamic_options *options);

// Whether they go together, of so many networks: `on` if there is a rate, `open` if the rule may be found. Error:
// what is wrong with the command line.
bool dynamic_options_check(const struct dynamic_options *options, size_t networks, bool on,
                           bool open, struct error *error);

// Prepares network i, of the model in the file `path`, which may be written. `rule` says what options here do
// not: independent, rate, beta, gradient_cutoff and restores. Error: also that of statistics.
bool dynamic_options_start(const struct dynamic_options *options, struct dynamic *dynamic,
                           struct model *model, const char *path, size_t i, bool rms,
                           struct dynamic_rule rule, struct error *error);

#endif
