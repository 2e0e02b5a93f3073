// Fuzzing of files of n-gram counts (ngram/count_file.c), and of models estimated from them.
#include "fuzz.h"

#include "ngram/backoff.h"
#include "ngram/counts_write.h"
#include "ngram/estimate.h"

static void estimate_from(const char *path, unsigned way)
{
    static const char *files[1];
    struct error error = {""};
    struct estimate_options options;
    files[0] = path;
    estimate_defaults(&options);
    options.order = 1 + way % 4;
    options.counts = files;
    options.count_files = 1;
    options.unk = way & 4;
    options.discount = (enum discount_method)(way / 8 % (DISCOUNT_ADDITIVE + 1));
    options.backoff = way & 64;
    options.discount_fallback = true;
    options.memory = ESTIMATE_MEMORY_LEAST;
    options.output = "/dev/null";
    options.prune = way & 128 ? 1e-3 : 0;
    for (size_t k = 1; k <= options.order; k++) {
        options.cutoff[k] = way % 3 == 1;
        options.constant[k] = 0.5;
    }
    if (!estimate(&options, NULL, &error))
        fuzz_check_error(&error);
}

static void add_up(const char *path, unsigned way)
{
    struct error error = {""};
    struct allowance allowance = {.limit = ESTIMATE_MEMORY_LEAST};
    const char *const files[] = {path, path};
    struct counts counts;
    struct counts_options options = {.order = 1 + way % 4,
                                     .file = files,
                                     .files = 1 + way / 4 % 2,
                                     .unk = true,
                                     .allowance = &allowance};
    if (!counts_read(&counts, &options, &error) ||
        !counts_write(&counts, "/dev/null", &allowance, NULL, NULL, &error))
        fuzz_check_error(&error);
    counts_free(&counts);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct fuzz_file file;
    unsigned way = fuzz_choice(&data, &size);
    fuzz_write(&file, data, size);
    estimate_from(file.path, way);
    add_up(file.path, way);
    return 0;
}
