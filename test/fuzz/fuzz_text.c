// Fuzzing of text/: tokens, ids, vocabularies and their classes.
#include "fuzz.h"

#include "text/classes.h"
#include "text/corpus.h"

static uint64_t count_tokens(const char *path, enum text_unit unit)
{
    struct error error = {""};
    struct reader *reader = reader_open(path, &error);
    struct token token;
    uint64_t tokens = 0;
    if (reader == NULL) {
        fuzz_check_error(&error);
        return UINT64_MAX;
    }
    reader_set_unit(reader, unit);
    while (reader_next(reader, &token)) {
        fuzz_check(token.length > 0 && token.length <= READER_LONGEST, "a token has letters");
        tokens++;
    }
    bool ok = reader_ok(reader, &error);
    if (!ok)
        fuzz_check_error(&error);
    reader_close(reader);
    return ok ? tokens : UINT64_MAX;
}

static void assign(const struct vocabulary *vocabulary, size_t wanted, enum class_method method)
{
    struct classes classes;
    struct error error = {""};
    if (!classes_assign(&classes, vocabulary->count, vocabulary->size, wanted, method, &error)) {
        fuzz_check_error(&error);
        return;
    }
    int32_t last = 0;
    for (size_t i = 0; i < classes.words; i++) {
        fuzz_check(classes.of_word[i] >= last && (size_t)classes.of_word[i] < classes.count,
                   "classes are runs of words");
        last = classes.of_word[i];
    }
    classes_free(&classes);
}

static void learn(const char *path, enum text_unit unit, uint64_t wanted, unsigned way)
{
    struct vocabulary vocabulary;
    struct error error = {""};
    uint64_t tokens = 0, again = 0;
    int32_t id;
    struct corpus *corpus = corpus_open(path, &error);
    if (corpus != NULL)
        corpus_set_unit(corpus, unit);
    bool ok = vocabulary_init(&vocabulary, &error) && corpus != NULL &&
              corpus_learn_vocabulary(corpus, &vocabulary, NULL, &tokens, &error);
    if (ok) {
        fuzz_check(tokens == wanted, "tokens are those of the reader");
        ok = corpus_start(corpus, &vocabulary, &error);
    }
    while (ok && corpus_next(corpus, &id)) {
        fuzz_check(id >= 0 && (size_t)id < vocabulary.size, "a text knows its own words");
        again++;
    }
    if (!ok)
        fuzz_check_error(&error);
    fuzz_check(!ok || again == tokens, "a text is read twice alike");
    if (ok)
        assign(&vocabulary, way / 2 + 1, way & 1 ? CLASSES_SQRT : CLASSES_FREQUENCY);
    vocabulary_free(&vocabulary);
    corpus_close(corpus);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct fuzz_file file;
    unsigned way = fuzz_choice(&data, &size);
    fuzz_write(&file, data, size);
    enum text_unit unit = way & 64 ? UNIT_CHAR : UNIT_WORD;
    uint64_t tokens = count_tokens(file.path, unit);
    if (tokens < UINT64_MAX)
        learn(file.path, unit, tokens, way & 63);
    return 0;
}
