// Fuzzing of files with a key and a number a line: costs (score/number_table.c), symbols
// (lattice/kaldi.c), words with their counts (text/word_cut.c), what classes stand for
// (ngram/class_definitions.c), which a class n-gram model is then expanded by, words that get vectors
// (vectors/words.c), and questions (vectors/questions.c).
#include "fuzz.h"

#include <math.h>

#include "base/file.h"
#include "lattice/kaldi.h"
#include "ngram/backoff.h"
#include "ngram/class_expand.h"
#include "score/number_table.h"
#include "text/word_cut.h"
#include "vectors/questions.h"
#include "vectors/words.h"

static const struct ngram_model *class_model(void)
{
    static const char text[] =
        "\\data\\\nngram 1=5\nngram 2=4\n\\1-grams:\n-99 <s> -0.2\n-0.6 </s>\n"
        "-0.6 a -0.2\n-0.6 b -0.1\n-0.6 c\n\\2-grams:\n-0.3 <s> a\n-0.4 a b\n"
        "-0.5 a a\n-0.2 b </s>\n\\end\\\n";
    static struct ngram_model *model;
    static struct fuzz_file file;
    struct error error;
    if (model == NULL)
        model = ngram_load(fuzz_write(&file, (const uint8_t *)text, sizeof text - 1), &error);
    fuzz_check(model != NULL, "the class model is read");
    return model;
}

static void expand(const struct class_definitions *definitions)
{
    struct error error = {""};
    if (definitions->expansions > 40 || definitions->words_used > 200)
        return;
    struct ngram_model *expanded = class_expand(class_model(), definitions, 3, NULL, &error);
    fuzz_check(expanded != NULL || error.text[0] != '\0', "a model or a message");
    fuzz_check(expanded == NULL || ngram_order(expanded) <= 3, "n-grams are not too long");
    ngram_close(expanded);
}

static void tell(void *context, const char *kind, const struct question_counts *counts)
{
    (void)context;
    (void)kind;
    fuzz_check(counts->right <= counts->asked, "what is right has been asked");
}

static void ask(const char *path)
{
    static const char text[] = "a 1 2\nb 3 -1\nc 0 1\nx -1 0\n";
    static struct vector_table table;
    static struct fuzz_file file;
    struct error error = {""};
    if (table.width == 0)
        fuzz_check(vector_table_read(&table, fuzz_write(&file, text, sizeof text - 1), &error),
                   "vectors are read");
    if (!questions_answer(&table, path, tell, NULL, &error))
        fuzz_check_error(&error);
}

static void read_words(const char *path)
{
    struct vocabulary words;
    struct error error = {""};
    if (!vector_words_read(&words, path, 2, &error))
        fuzz_check_error(&error);
    else
        fuzz_check(words.size > 2 && words.count[words.size - 1] >= 2, "words are frequent");
    vocabulary_free(&words);
}

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
    struct class_definitions definitions;
    if (class_definitions_read(&definitions, file.path, &error))
        expand(&definitions);
    else
        fuzz_check_error(&error);
    class_definitions_free(&definitions);
    read_words(file.path);
    ask(file.path);
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
