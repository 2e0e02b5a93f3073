// Fuzzing of kept ids (text/id_cache.h), from their packed form; what is read of them is counted again.
#include "fuzz_ids.h"

#include "packed.h"

#include "base/memory.h"
#include "text/id_cache.h"

static void use(const struct id_text *text)
{
    struct error error = {""};
    uint64_t *count = memory_new(text->words.size, sizeof *count, &error);
    fuzz_check(count != NULL, "there is memory for counts");
    for (uint64_t i = 0; i < text->tokens; i++) {
        fuzz_check(text->id[i] >= 0 && (size_t)text->id[i] < text->words.size, "ids are of words");
        count[text->id[i]]++;
    }
    for (size_t i = 0; i < text->words.size; i++) {
        const char *word = vocabulary_word(&text->words, (int32_t)i);
        fuzz_check(count[i] > 0 && count[i] == text->words.count[i], "every word is counted");
        fuzz_check(*word != '\0' && strpbrk(word, " \t\r\n") == NULL, "words are words");
    }
    fuzz_check(text->tokens > 0 && text->id[text->tokens - 1] == WORD_END, "it ends with a line");
    fuzz_check(id_text_lines(text) > 0, "it has lines");
    free(count);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct fuzz_file file, of;
    static char whole[UNPACKED_MOST];
    struct id_text text;
    struct error error = {""};
    size = unpack(whole, data, size);
    fuzz_write(&file, whole, size);
    const char *path = fuzz_write(&of, fuzz_ids_text, sizeof fuzz_ids_text - 1);
    if (id_cache_load(&text, file.path, path, &error))
        use(&text);
    else
        fuzz_check_error(&error);
    id_text_free(&text);
    return 0;
}
