// Fuzzing of files with a key and a number a line: costs (score/number_table.c), symbols
// (lattice/kaldi.c), words with their counts (text/word_cut.c).
#include "fuzz.h"

#include <math.h>

#include "lattice/kaldi.h"
#include "score/number_table.h"
#include "text/word_cut.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct fuzz_file file;
    struct error error = {""};
    struct number_table table;
    struct symbols symbols;
    fuzz_write(&file, data, size);
    if (number_table_read(&table, file.path, -1e6, 1e6, &error)) {
        for (size_t i = 1; i < table.keys.size; i++)
            fuzz_check(fabs(table.value[i]) <= 1e6, "numbers are within their bounds");
    } else {
        fuzz_check_error(&error);
    }
    number_table_free(&table);
    if (!symbols_read(&symbols, file.path, &error))
        fuzz_check_error(&error);
    symbols_free(&symbols);
    for (int once = 0; once < 2; once++) {
        struct vocabulary words;
        if (!word_list_read(&words, file.path, once, &error))
            fuzz_check_error(&error);
        else
            fuzz_check(words.size > 1, "a list has a word");
        vocabulary_free(&words);
    }
    return 0;
}
