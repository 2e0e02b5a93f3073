// The validation text.
#include "train/validation.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "net/march.h"

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

// What a pass works with.
struct pass {
    struct march march;
    struct state *state;
    int32_t word[BLOCK];
    uint64_t line[BLOCK];
    double prob[BLOCK];
    size_t count;
};

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
        double prob = pass->prob[i];
        if (pass->word[i] < 0)
            continue;
        if (!(prob > 0 && prob <= 1.001)) {
            validation->wrong_line = pass->line[i];
            validation->wrong_prob = prob;
            return false;
        }
        validation->log10_prob += log10(prob);
        validation->words++;
    }
    return true;
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
        if (!march_score(&pass->march, pass->state, pass->word, pass->count, pass->prob, error))
            return false;
        if (!add_block(pass, validation))
            return true;
    }
}

bool validation_run(const struct network *network, bool independent,
                    const struct vocabulary *vocabulary, struct corpus *text, struct pool *pool,
                    float *value, struct validation *validation, struct error *error)
{
    struct forward_crew crew = {.pool = NULL};
    struct pass *pass = memory_new(1, sizeof *pass, error);
    *validation = (struct validation){.most = validation->most, .stop = validation->stop};
    bool ok = pass != NULL && corpus_start(text, vocabulary, error) &&
              (pass->state = state_at_start(network, STATE_TEXT, NULL, error)) != NULL &&
              forward_crew_init(&crew, network, independent, pool, error) &&
              march_init(&pass->march, &crew, error) && score(pass, text, validation, error);
    if (ok && value != NULL && !validation->stopped)
        memcpy(value, pass->state->value, network->state * sizeof *value);
    if (pass != NULL) {
        march_free(&pass->march);
        free(pass->state);
    }
    forward_crew_free(&crew);
    free(pass);
    return ok;
}
