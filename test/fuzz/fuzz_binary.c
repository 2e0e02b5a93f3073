// Fuzzing of binary n-gram models (ngram/binary.c), files of sections from their packed form with the
// right checksums: used in place, whatever the levels are, and loaded.
#include "packed.h"
#include "use_ngrams.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct fuzz_file file;
    static char whole[UNPACKED_MOST];
    struct error error = {""};
    size = unpack(whole, data, size);
    const char *path = fuzz_write(&file, (const uint8_t *)whole, size);
    struct ngram_model *model = ngram_open(path, &error);
    if (model != NULL)
        use_opened(model, path);
    else
        fuzz_check_error(&error);
    model = ngram_load(path, &error);
    if (model != NULL)
        use_loaded(model);
    else
        fuzz_check_error(&error);
    return 0;
}
