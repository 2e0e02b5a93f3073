// The validation text.
#include "train/validation.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "net/march.h"
#include "net/output.h"

enum { BLOCK = MARCH_WORDS }; // words at a time

bool validation_check(struct corpus *text, const struct vocabulary *vocabulary, struct error *error)
{
    uint64_t known = 0;
    int32_t word;
    if (!corpus_start(text, vocabulary, error))
        return false;
    while (corpus_next(text, &word))
        known += word >= 0;
    return known > 0 ||
           error_set(error, "%s: the model knows none of the words", corpus_name(text));
}

// A way along the text.
struct way {
    struct forward_crew crew;
    struct march march;
    struct state *state;
    double prob[BLOCK];
};

// What a pass works with.
struct pass {
    struct way exact;
    struct way scores; // where words have some; else empty: log Z = log(score(w) / P(w)) for any w
    bool has_scores;
    int32_t word[BLOCK];
    uint64_t line[BLOCK];
    size_t count;
};

static bool way_init(struct way *way, const struct network *network, bool independent,
                     struct pool *pool, struct error *error)
{
    way->state = state_at_start(network, STATE_TEXT, NULL, error);
    return way->state != NULL && forward_crew_init(&way->crew, network, independent, pool, error) &&
           march_init(&way->march, &way->crew, error);
}

static void way_free(struct way *way)
{
    march_free(&way->march);
    forward_crew_free(&way->crew);
    free(way->state);
}

static bool pass_init(struct pass *pass, const struct network *network, bool independent,
                      bool has_scores, struct pool *pool, struct error *error)
{
    pass->has_scores = has_scores;
    if (!way_init(&pass->exact, network, independent, pool, error))
        return false;
    if (!pass->has_scores)
        return true;
    if (!way_init(&pass->scores, network, independent, pool, error))
        return false;
    pass->scores.crew.weights.unnormalised = true;
    return true;
}

// Of no more than `most` words.
static void read_block(struct pass *pass, struct corpus *text, uint64_t most)
{
    for (pass->count = 0;
         pass->count < BLOCK && pass->count < most && corpus_next(text, &pass->word[pass->count]);)
        pass->line[pass->count++] = corpus_line_number(text);
}

// False at a probability that is none.
static bool add_block(const struct pass *pass, struct validation *validation)
{
    for (size_t i = 0; i < pass->count; i++) {
        double prob = pass->exact.prob[i];
        if (pass->word[i] < 0)
            continue;
        if (!(prob > 0 && prob <= 1.001)) {
            validation->wrong_line = pass->line[i];
            validation->wrong_prob = prob;
            return false;
        }
        validation->log10_prob += log10(prob);
        validation->words++;
        double log_z = pass->has_scores ? log(pass->scores.prob[i] / prob) : 0;
        validation->log_z += log_z;
        validation->log_z_squared += log_z * log_z;
    }
    return true;
}

static bool score_block(struct pass *pass, struct way *way, struct error *error)
{
    return march_score(&way->march, way->state, pass->word, pass->count, way->prob, error);
}

static bool score(struct pass *pass, struct corpus *text, struct validation *validation,
                  struct error *error)
{
    uint64_t left = validation->most > 0 ? validation->most : UINT64_MAX;
    for (;; left -= pass->count) {
        if (validation->stop != NULL && atomic_load(validation->stop) != 0) {
            validation->stopped = true;
            return true;
        }
        read_block(pass, text, left);
        if (pass->count == 0)
            return true;
        if (!score_block(pass, &pass->exact, error) ||
            (pass->has_scores && !score_block(pass, &pass->scores, error)))
            return false;
        if (!add_block(pass, validation))
            return true;
    }
}

bool validation_run(const struct network *network, bool independent,
                    const struct vocabulary *vocabulary, struct corpus *text, struct pool *pool,
                    float *value, struct validation *validation, struct error *error)
{
    struct pass *pass = memory_new(1, sizeof *pass, error);
    *validation = (struct validation){
        .most = validation->most, .has_scores = validation->has_scores, .stop = validation->stop};
    bool ok = pass != NULL && corpus_start(text, vocabulary, error) &&
              pass_init(pass, network, independent, validation->has_scores, pool, error) &&
              score(pass, text, validation, error);
    if (ok && value != NULL && !validation->stopped)
        memcpy(value, pass->exact.state->value, network->state * sizeof *value);
    if (pass != NULL) {
        way_free(&pass->exact);
        way_free(&pass->scores);
    }
    free(pass);
    return ok;
}
