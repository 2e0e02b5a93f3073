// Fuzzing of ARPA files (ngram/arpa.c), and of scoring with what was read.
#include "use_ngrams.h"

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
    use_loaded(model);
    return 0;
}
