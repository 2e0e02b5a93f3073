// Fuzzing of ARPA files (ngram/arpa.c), of scoring with what was read, and of models made from it.
#include "use_ngrams.h"

#include "ngram/mix.h"
#include "ngram/prune.h"
#include "ngram/renormalise.h"
#include "ngram/select.h"

// Models made from the model; the last, in place.
static void edit(struct ngram_model *model)
{
    static const double weight[] = {0.25, 0.75};
    struct error error = {""};
    struct prune_options options = {1e-4, 2, model};
    struct ngram_model *part = ngram_select(model, &model->words, 2, &error);
    fuzz_check(part != NULL, "a part is a model");
    struct ngram_model *const both[] = {model, part};
    struct ngram_model *mixed = ngram_mix(both, weight, 2, &error);
    fuzz_check(mixed != NULL && ngram_prune(mixed, &options, NULL, &error), "models are mixed");
    use_loaded(mixed);
    ngram_close(part);
    fuzz_check(ngram_renormalise(model, NULL, NULL, &error), "weights are found");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct fuzz_file file;
    struct error error = {""};
    struct ngram_model *model = ngram_load(fuzz_write(&file, data, size), &error);
    if (model == NULL) {
        fuzz_check_error(&error);
        return 0;
    }
    ngram_remark(model, file.path, &error);
    edit(model);
    use_loaded(model);
    return 0;
}
