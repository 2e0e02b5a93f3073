// What the parts of the program that use models have in common: scoring (main_scoring.c), dynamic evaluation
// (main_dynamic.c), hidden states (main_states.c), pages of texts (main_page.c).
#ifndef MAIN_SCORING_H
#define MAIN_SCORING_H

#include "main.h"
#include "score/blend.h"

// What is scored with: the models, and the sources made of them.
struct evaluation {
    struct model *model; // [models.count], those beyond the first `loaded` empty
    size_t loaded;
    struct ngram_model **ngram;        // [ngrams.count]
    struct number_table unknown_words; // -unk-probs
    struct unknown_shares shares;      // of them, or equal ones
    struct neural_cache_rule *cache;   // [models.count] of each
    struct pool *pool;
    struct dynamic *dynamic; // [models.count] of each, for dynamic evaluation
    bool ready;              // they have been made, and their weights are as trained
    double *other_weight;    // [main_others()] of other models among themselves
    double *exponent;        // [models.count + main_others()] of a log-linear mixture
    struct blend blend;      // of which a log-linear mixture is the one network
};

// -ngram and -lm-prob.
static inline size_t main_others(void)
{
    return set.ngrams.count + set.lm_probs.count;
}

struct reader *main_open_text(const struct evaluation *evaluation, const char *path,
                              struct error *error);

// Sources that stand before a text, whose lines may each begin in the start state; files of
// probabilities belong to one text. `learns`: the networks do, as main_start_dynamic() has prepared them.
bool main_make_sources(struct evaluation *evaluation, const struct option_list *lm_probs,
                       bool per_sentence, bool learns, struct error *error);
void main_free_sources(struct blend *blend);
struct network_use main_use_of(const struct evaluation *evaluation, size_t i);

// Prepares all networks for learning from a text, if they are not ready; and again when they have done so. Error:
// none of -dynamic-rule's statistics.
bool main_start_dynamic(struct evaluation *evaluation, struct error *error);
void main_restore_dynamic(struct evaluation *evaluation);

// -weights and -lambda (main_weights.c): as they are given, of models that are not loaded yet; as they are found on
// -tune, and told, where that is wanted.
bool main_parse_weights(struct evaluation *evaluation, struct error *error);
bool main_finds_weights(void);
bool main_finds_cache_weights(void); // together with them
void main_write_caches(const struct evaluation *evaluation, struct output *output);
bool main_tune_weights(struct evaluation *evaluation, struct output *output, struct error *error);

// -dynamic auto in its place: finds rule, rate and decay of each network on -tune, and tells them.
bool main_tune_dynamic(struct evaluation *evaluation, struct output *output, struct error *error);

// -hidden-states of a text: reads it twice more.
bool main_write_states(const struct evaluation *evaluation, struct error *error);

// -report of a text: reads it once more.
bool main_draw_page(struct evaluation *evaluation, struct error *error);

#endif
