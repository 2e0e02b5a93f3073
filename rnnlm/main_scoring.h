// What the parts of the program that use models have in common: scoring (main_scoring.c), dynamic evaluation
// (main_dynamic.c), hidden states (main_states.c), pages of texts (main_page.c).
#ifndef MAIN_SCORING_H
#define MAIN_SCORING_H

#include "learn/adapter.h"
#include "learn/learner.h"
#include "main.h"
#include "score/blend.h"

// What is scored with: the models, and the sources made of them.
struct evaluation {
    struct model *model; // [models.count], those beyond the first `loaded` empty
    size_t loaded;
    struct ngram_model *ngram;
    struct number_table unknown_words; // -unk-probs
    struct unknown_shares shares;      // of them, or equal ones
    struct neural_cache_rule *cache;   // [models.count] of each
    struct pool *pool;
    bool ready;             // to learn: main_start_learner() has been there, and no text since
    struct learner learner; // of the first model, for dynamic evaluation
    struct adapter adapter; // likewise, by -dynamic-rule rms, with
    struct gradient_roots roots;
    struct blend blend;
};

struct reader *main_open_text(const struct evaluation *evaluation, const char *path,
                              struct error *error);

// Sources that stand before a text, whose lines may each begin in the start state; a file of
// probabilities belongs to one text. `learner`: the first model learns, as main_start_learner() has prepared it.
bool main_make_sources(struct evaluation *evaluation, const char *lm_prob, bool per_sentence,
                       bool learns, struct error *error);
void main_free_sources(struct blend *blend);
struct network_use main_use_of(const struct evaluation *evaluation, size_t i);

// -dynamic-rule rms.
bool main_has_adapter(void);

// Prepares the first model, and no others may be there, for learning from a text; and again, from its file,
// when it has done so. Error: several models, or none of -dynamic-rule's statistics.
bool main_start_learner(struct evaluation *evaluation, struct error *error);
bool main_restart_learner(struct evaluation *evaluation, struct error *error);

// -dynamic auto: finds rate and decay on -tune, and tells them.
bool main_tune_dynamic(struct evaluation *evaluation, struct output *output, struct error *error);

// -hidden-states of a text: reads it twice more.
bool main_write_states(const struct evaluation *evaluation, struct error *error);

// -report of a text: reads it once more.
bool main_draw_page(struct evaluation *evaluation, struct error *error);

#endif
