// What harnesses do with a model file.
#ifndef USE_MODEL_H
#define USE_MODEL_H

#include <math.h>

#include "fuzz.h"
#include "model/model_file.h"
#include "rnnlm.h"

enum { WORDS_SCORED = 4 };

static inline void score_words(const rnnlm_model *model)
{
    size_t words = rnnlm_vocabulary_size(model), size = rnnlm_state_size(model);
    char *state = malloc(2 * size);
    fuzz_check(words > 0 && state != NULL, "a model has words and a state");
    rnnlm_start(model, state);
    for (size_t i = 0; i < WORDS_SCORED; i++) {
        int32_t word = (int32_t)(i * 7 % words);
        double prob = rnnlm_score(model, state + i % 2 * size, word, state + (i + 1) % 2 * size);
        fuzz_check(!(prob > 1e-3), "a log probability is none above 0");
        fuzz_check(rnnlm_word(model, word) != NULL, "each id has a word");
    }
    free(state);
}

// Reads it to be trained, and to be used in place.
static inline void use_model(const char *path)
{
    struct model model;
    struct error error = {""};
    char text[RNNLM_ERROR_SIZE] = "";
    bool loaded = model_load(&model, path, &error);
    if (loaded)
        model_free(&model);
    else
        fuzz_check_error(&error);
    rnnlm_model *opened = rnnlm_open(path, text, sizeof text);
    fuzz_check(opened != NULL || text[0] != '\0', "a failure has a message");
    fuzz_check(opened != NULL || !loaded, "what can be trained can be used");
    if (opened != NULL)
        score_words(opened);
    rnnlm_close(opened);
}

#endif
