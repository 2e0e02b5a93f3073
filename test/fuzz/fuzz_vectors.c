// Fuzzing of files of vectors (vectors/vectors.c), and of what is made of them.
#include "fuzz.h"

#include <math.h>
#include <string.h>

#include "vectors/clusters.h"
#include "vectors/neighbours.h"

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

static void use(const struct vector_table *table)
{
    enum { MOST = 1000 };
    int32_t of_word[MOST];
    double place[MOST];
    struct neighbour found[3];
    struct error error = {""};
    const struct vectors vectors = vectors_of(table);
    if (table->words.size > MOST || table->width > MOST)
        return;
    vectors_place(&vectors, (int32_t)table->words.size - 1, place);
    size_t count = vectors_nearest(&vectors, place, NULL, 0, found, 3);
    for (size_t i = 0; i < count; i++)
        fuzz_check((size_t)found[i].word < table->words.size, "a neighbour is a word");
    fuzz_check(vector_clusters(table, 3, of_word, &error), "words are divided");
    for (size_t w = 0; w < table->words.size; w++)
        fuzz_check(of_word[w] >= 0 && of_word[w] < 3, "each has a class");
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
    struct vector_table table;
    if (vector_table_read(&table, file.path, &error))
        use(&table);
    else
        fuzz_check_error(&error);
    vector_table_free(&table);
    return 0;
}
