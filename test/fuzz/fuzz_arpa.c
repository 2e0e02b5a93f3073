// Fuzzing of n-gram models (ngram/arpa.c), and of scoring with what was read.
#include "fuzz.h"

#include "base/file.h"
#include "ngram/arpa.h"
#include "ngram/backoff.h"

static void score(const struct ngram_model *model)
{
    struct ngram_state state;
    ngram_start(model, &state, true);
    for (size_t i = 0; i < 3 * model->words.size && i < 60; i++) {
        int matched;
        int32_t word = (int32_t)(i * 5 % model->words.size);
        double prob = ngram_score(model, &state, word, &state, &matched);
        fuzz_check(prob <= 1e-3 || prob != prob || !ngram_check(model, word, prob, NULL),
                   "a log probability above 0 is told of");
        fuzz_check(matched >= 0 && matched <= ngram_order(model), "an n-gram has an order");
    }
}

static void walk(const struct ngram_model *model)
{
    for (int order = 1; order <= ngram_order(model); order++) {
        struct ngram_walk walk;
        size_t count = 0;
        ngram_walk_start(&walk, model, order);
        while (ngram_walk_next(&walk))
            count++;
        fuzz_check(count == ngram_count(model, order), "a walk meets every n-gram");
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct fuzz_file file;
    struct error error = {""};
    struct ngram_model *model = ngram_open(fuzz_write(&file, data, size), &error);
    if (model == NULL) {
        fuzz_check_error(&error);
        return 0;
    }
    ngram_remark(model, file.path, &error);
    score(model);
    walk(model);
    fuzz_check(arpa_write(model, "/dev/null", &error), "a model can be written");
    ngram_close(model);
    return 0;
}
