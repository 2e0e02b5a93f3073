// rnnlm-model: tables of words and their numbers, of a recogniser or of the model, for ONNX files.
#ifndef ONNX_WORDS_H
#define ONNX_WORDS_H

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "lattice/symbols.h"
#include "model/onnx.h"
#include "text/marks.h"

// What recognisers call the word that begins or ends sentences, beside the marks of text/marks.h.
static inline enum mark onnx_mark(const char *word)
{
    enum mark mark = mark_of(word, strlen(word));
    return mark != MARK_NONE                                              ? mark
           : strcmp(word, "<sos/eos>") == 0 || strcmp(word, "<eos>") == 0 ? MARK_END
           : strcmp(word, "<sos>") == 0                                   ? MARK_START
                                                                          : MARK_NONE;
}

// A recogniser's table: what its numbers are, and what is to be told of it.
struct onnx_table {
    struct onnx_words words;
    int32_t *word;     // [words.count]
    size_t taken;      // words of it that are none of the model's
    const char *first; // the first of these, of `symbols`
    size_t left;       // words of the model that are not in it
    struct symbols symbols;
};

static inline void onnx_table_free(struct onnx_table *table)
{
    symbols_free(&table->symbols);
    free(table->word);
}

// Numbers have to be 0, 1, 2, ... in any order: there are as many as words, and none is there
// twice.
static inline bool onnx_numbers_ok(const struct onnx_table *table, const char *path,
                                   struct error *error)
{
    const struct symbols *symbols = &table->symbols;
    for (size_t i = 0; i < symbols->words.size; i++)
        if (symbols->number[i] != UINT64_MAX && symbols->number[i] >= table->words.count)
            return error_set(error,
                             "%s: found the number %" PRIu64 " of \"%.60s\", wanted 0 to %zu for "
                             "the %zu words",
                             path, symbols->number[i], vocabulary_word(&symbols->words, (int32_t)i),
                             table->words.count - 1, table->words.count);
    return true;
}

// Fills in the model's words, and finds the numbers of what begins and ends sentences.
static inline bool onnx_table_fill(struct onnx_table *table, const struct vocabulary *known,
                                   const char *path, struct error *error)
{
    const struct symbols *symbols = &table->symbols;
    int32_t unknown = vocabulary_unknown(known, NULL);
    uint64_t start = UINT64_MAX, end = UINT64_MAX;
    for (size_t i = 0; i < symbols->words.size; i++) {
        const char *word = vocabulary_word(&symbols->words, (int32_t)i);
        uint64_t number = symbols->number[i];
        if (number == UINT64_MAX)
            continue;
        enum mark mark = onnx_mark(word);
        int32_t own = mark != MARK_NONE ? WORD_END : vocabulary_find(known, word, strlen(word));
        start = mark == MARK_START && start == UINT64_MAX ? number : start;
        end = mark == MARK_END && end == UINT64_MAX ? number : end;
        if (own == WORD_OOV && table->taken++ == 0)
            table->first = word;
        table->word[number] = own != WORD_OOV ? own : unknown;
    }
    for (size_t i = 1; i < known->size; i++)
        table->left += !vocabulary_has(&symbols->words, vocabulary_word(known, (int32_t)i));
    if (end == UINT64_MAX)
        return error_set(error,
                         "%s: found no </s> or <sos/eos>, wanted the number of what ends "
                         "sentences",
                         path);
    table->words.end = (size_t)end;
    table->words.start = (size_t)(start != UINT64_MAX ? start : end);
    return true;
}

// Error: what is wrong with the file. onnx_table_free() in any case.
static inline bool onnx_table_read(struct onnx_table *table, const char *path,
                                   const struct vocabulary *known, struct error *error)
{
    memset(table, 0, sizeof *table);
    if (!symbols_read(&table->symbols, path, error))
        return false;
    bool has_end = table->symbols.number[WORD_END] != UINT64_MAX;
    table->words.count = table->symbols.words.size - !has_end;
    table->word = memory_new(table->words.count, sizeof *table->word, error);
    table->words.word = table->word;
    return table->word != NULL && onnx_numbers_ok(table, path, error) &&
           onnx_table_fill(table, known, path, error);
}

// What the table and the model do not have in common, in a line; false where they agree.
static inline bool onnx_table_remark(const struct onnx_table *table, const struct vocabulary *known,
                                     const char *path, char text[ERROR_SIZE])
{
    int32_t unknown = vocabulary_unknown(known, NULL);
    char taken[128] = "", left[128] = "";
    if (table->taken > 0 && unknown != WORD_OOV)
        snprintf(taken, sizeof taken, ", taken as %.40s", vocabulary_word(known, unknown));
    else if (table->taken > 0)
        snprintf(taken, sizeof taken, ", passed by, with log10 P = %g", ONNX_UNKNOWN);
    if (table->left > 0)
        snprintf(left, sizeof left, "; %zu of the model's have no number", table->left);
    if (table->taken > 0)
        snprintf(text, ERROR_SIZE,
                 "%.300s: %zu of %zu words are none of the model's (\"%.60s\" is the first)%s%s",
                 path, table->taken, table->words.count, table->first, taken, left);
    else if (table->left > 0)
        snprintf(text, ERROR_SIZE, "%.300s: %zu words%s", path, table->words.count, left);
    return table->taken > 0 || table->left > 0;
}

// WORD NUMBER, a line for each word of a model, perhaps to `standard` output.
static inline bool onnx_write_words(const struct vocabulary *vocabulary, const char *path,
                                    struct output *standard, struct error *error)
{
    bool is_standard = strcmp(path, "-") == 0;
    struct output *output = is_standard ? standard : output_create(path, error);
    if (output == NULL)
        return false;
    for (size_t i = 0; i < vocabulary->size; i++)
        output_format(output, "%s %zu\n", vocabulary_word(vocabulary, (int32_t)i), i);
    return is_standard || output_commit(output, error);
}

#endif
