// Which words of a text a model gets.
#include "text/word_cut.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "text/reader.h"

const char *word_cut_unknown(const struct word_cut *cut)
{
    return cut->unknown != NULL ? cut->unknown : "<unk>";
}

// ---- lists ------------------------------------------------------------------------------------

// Words as they come, and whether one came before.
struct gathering {
    struct vocabulary *words;
    bool end;      // </s>, which a vocabulary has from the beginning, has come
    uint64_t line; // of the first word that came twice; 0: none has
    int32_t twice;
};

static bool gather(struct gathering *gathering, const struct reader *reader,
                   const struct token *token, struct error *error)
{
    size_t before = gathering->words->size;
    int32_t id = vocabulary_add(gathering->words, token->text, token->length, error);
    if (id < 0)
        return error_prefix(error, "%s: line %" PRIu64 ": ", reader_name(reader),
                            reader_line_number(reader));
    bool again = gathering->words->size == before && (id != WORD_END || gathering->end);
    gathering->end = gathering->end || id == WORD_END;
    if (again && gathering->line == 0) {
        gathering->line = reader_line_number(reader);
        gathering->twice = id;
    }
    return true;
}

static bool is_count(const struct token *token)
{
    size_t digits = 0;
    while (digits < token->length && token->text[digits] >= '0' && token->text[digits] <= '9')
        digits++;
    return digits == token->length;
}

// All words, and the first ones of the lines; *counted is set if all lines are WORD COUNT.
static bool read_lines(struct reader *reader, struct gathering *all, struct gathering *first,
                       bool *counted, struct error *error)
{
    struct token token;
    size_t fields = 0; // of the line
    *counted = true;
    while (reader_next(reader, &token)) {
        if (token.sentence_end) {
            *counted = *counted && fields != 1;
            fields = 0;
            continue;
        }
        *counted = *counted && (fields == 0 || (fields == 1 && is_count(&token)));
        if (!gather(all, reader, &token, error) ||
            (fields == 0 && !gather(first, reader, &token, error)))
            return false;
        fields++;
    }
    return reader_ok(reader, error);
}

static bool read_list(struct reader *reader, struct gathering *all, struct gathering *first,
                      bool once, struct error *error)
{
    bool counted;
    if (!vocabulary_init(all->words, error) || !vocabulary_init(first->words, error) ||
        !read_lines(reader, all, first, &counted, error))
        return false;
    if (counted) {
        struct vocabulary words = *all->words;
        *all->words = *first->words;
        *first->words = words;
    }
    const struct gathering *chosen = counted ? first : all;
    if (once && chosen->line > 0)
        return error_set(error, "%s: line %" PRIu64 ": found \"%.60s\" for the second time",
                         reader_name(reader), chosen->line,
                         vocabulary_word(all->words, chosen->twice));
    return all->words->size > 1 ||
           error_set(error, "%s: the vocabulary holds no word", reader_name(reader));
}

bool word_list_read(struct vocabulary *words, const char *path, bool once, struct error *error)
{
    struct vocabulary of_lines = {.size = 0};
    struct gathering all = {.words = words}, first = {.words = &of_lines};
    memset(words, 0, sizeof *words);
    struct reader *reader = reader_open(path, error);
    bool ok = reader != NULL && read_list(reader, &all, &first, once, error);
    reader_close(reader);
    vocabulary_free(&of_lines);
    return ok;
}

// ---- choosing ---------------------------------------------------------------------------------

struct counted_word {
    uint64_t count;
    const char *word;
    int32_t id;
};

static int compare_counts(const void *left, const void *right)
{
    const struct counted_word *a = left, *b = right;
    if (a->count != b->count)
        return a->count > b->count ? -1 : 1;
    return strcmp(b->word, a->word);
}

bool words_by_count(const struct vocabulary *words, int32_t *order, struct error *error)
{
    struct counted_word *sorted = memory_new(words->size, sizeof *sorted, error);
    if (sorted == NULL)
        return false;
    for (size_t i = 1; i < words->size; i++)
        sorted[i - 1] =
            (struct counted_word){words->count[i], vocabulary_word(words, (int32_t)i), (int32_t)i};
    qsort(sorted, words->size - 1, sizeof *sorted, compare_counts);
    for (size_t i = 1; i < words->size; i++)
        order[i - 1] = sorted[i - 1].id;
    free(sorted);
    return true;
}

static bool keep_listed(struct word_cut *cut, const struct vocabulary *words, bool *kept,
                        struct error *error)
{
    struct vocabulary list = {.size = 0};
    bool ok = word_list_read(&list, cut->list, true, error);
    for (size_t i = 1; ok && i < words->size; i++) {
        const char *word = vocabulary_word(words, (int32_t)i);
        kept[i] = kept[i] && vocabulary_has(&list, word);
    }
    for (size_t i = 1; ok && i < list.size; i++) {
        const char *word = vocabulary_word(&list, (int32_t)i);
        if (strcmp(word, "<s>") == 0 || strcmp(word, word_cut_unknown(cut)) == 0)
            continue;
        cut->listed++;
        cut->missing += !vocabulary_has(words, word);
    }
    vocabulary_free(&list);
    return ok;
}

static bool keep_most(const struct word_cut *cut, const struct vocabulary *words, bool *kept,
                      struct error *error)
{
    int32_t *order = memory_new(words->size, sizeof *order, error);
    bool ok = order != NULL && words_by_count(words, order, error);
    uint64_t count = 0;
    for (size_t i = 0; ok && i + 1 < words->size; i++)
        if (kept[order[i]])
            kept[order[i]] = count++ < cut->most;
    free(order);
    return ok;
}

bool word_cut_choose(struct word_cut *cut, const struct vocabulary *words, bool *kept,
                     struct error *error)
{
    const char *unknown = word_cut_unknown(cut);
    if (strcmp(unknown, "</s>") == 0 || strcmp(unknown, "<s>") == 0 || *unknown == '\0' ||
        strpbrk(unknown, " \t\r\n") != NULL)
        return error_set(error, "\"%.60s\" cannot be the word for unknown words", unknown);
    int32_t unknown_id = vocabulary_find(words, unknown, strlen(unknown));
    cut->words_left_out = cut->tokens_left_out = cut->listed = cut->missing = 0;
    for (size_t i = 0; i < words->size; i++)
        kept[i] = i == WORD_END || ((int32_t)i != unknown_id && words->count[i] >= cut->least);
    if ((cut->list != NULL && !keep_listed(cut, words, kept, error)) ||
        (cut->most > 0 && !keep_most(cut, words, kept, error)))
        return false;
    uint64_t left = 0;
    for (size_t i = 1; i < words->size; i++) {
        bool out = !kept[i] && (int32_t)i != unknown_id;
        left += kept[i];
        cut->words_left_out += out;
        cut->tokens_left_out += out ? words->count[i] : 0;
    }
    return left > 0 ||
           error_set(error,
                     "no word is left of the %zu that the text has: a longer -vocab, or a lower "
                     "-min-count, is wanted",
                     words->size - 1 - (unknown_id >= 0));
}

bool word_cut_apply(const struct word_cut *cut, struct vocabulary *words, const bool *kept,
                    int32_t *new_id, struct error *error)
{
    const char *unknown = word_cut_unknown(cut);
    struct vocabulary left;
    bool ok = vocabulary_init(&left, error);
    for (size_t i = 0; ok && i < words->size; i++) {
        const char *word = kept[i] ? vocabulary_word(words, (int32_t)i) : unknown;
        new_id[i] = vocabulary_add(&left, word, strlen(word), error);
        ok = new_id[i] >= 0;
        if (ok)
            left.count[new_id[i]] += words->count[i];
    }
    if (!ok) {
        vocabulary_free(&left);
        return false;
    }
    vocabulary_free(words);
    *words = left;
    return true;
}
