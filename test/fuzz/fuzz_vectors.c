// Fuzzing of files of vectors (vectors/vectors.c).
#include "fuzz.h"

#include <math.h>
#include <string.h>

#include "vectors/vectors.h"

static bool take(void *context, const char *word, size_t length, const float *row, size_t width,
                 struct error *error)
{
    size_t *words = context;
    (void)error;
    fuzz_check(length > 0 && memchr(word, '\n', length) != word, "a word has letters");
    for (size_t j = 0; j < width; j++)
        fuzz_check(isfinite(row[j]), "numbers are finite");
    ++*words;
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct fuzz_file file;
    struct error error = {""};
    size_t width = 0, words = 0;
    fuzz_write(&file, data, size);
    if (!vectors_read(file.path, &width, take, &words, &error))
        fuzz_check_error(&error);
    else
        fuzz_check(words == 0 || width > 0, "words have numbers");
    return 0;
}
