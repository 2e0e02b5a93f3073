// Words with their counts.
#include "vectors/words.h"

#include <inttypes.h>
#include <string.h>

#include "base/file.h"
#include "text/span.h"

static bool are_enough(const struct vocabulary *words, uint64_t least, const char *name,
                       struct error *error)
{
    return words->size > 2 ||
           error_set(error,
                     "%s: found %zu words that occur %" PRIu64
                     " times or more, wanted 2 at least (-min-count says how often)",
                     name, words->size - 1, least);
}

// </s> in any case.
static bool keep(struct vocabulary *words, const struct vocabulary *all, uint64_t least,
                 struct error *error)
{
    if (!vocabulary_init(words, error))
        return false;
    words->count[WORD_END] = all->count[WORD_END];
    for (size_t i = 1; i < all->size; i++) {
        const char *word = vocabulary_word(all, (int32_t)i);
        if (all->count[i] < least)
            continue;
        int32_t id = vocabulary_add(words, word, strlen(word), error);
        if (id < 0)
            return false;
        words->count[id] = all->count[i];
    }
    return true;
}

bool vector_words_learn(struct vocabulary *words, struct corpus *text, uint64_t least,
                        struct error *error)
{
    struct vocabulary all = {.size = 0};
    uint64_t tokens;
    memset(words, 0, sizeof *words);
    bool ok = vocabulary_init(&all, error) &&
              corpus_learn_vocabulary(text, &all, NULL, &tokens, error) &&
              keep(words, &all, least, error) && are_enough(words, least, corpus_name(text), error);
    vocabulary_free(&all);
    return ok;
}

// ---- files ------------------------------------------------------------------------------------

enum { DIGITS = 15 };

static bool parse_count(struct span text, uint64_t *count)
{
    *count = 0;
    for (size_t i = 0; i < text.length; i++) {
        if (text.text[i] < '0' || text.text[i] > '9' || text.length > DIGITS)
            return false;
        *count = 10 * *count + (uint64_t)(text.text[i] - '0');
    }
    return *count > 0;
}

static bool take_line(struct vocabulary *all, const char *line, size_t length, bool *end,
                      struct error *error)
{
    struct span rest = {line, length}, word, number, more;
    uint64_t count;
    if (!span_take(&rest, &word) || !span_take(&rest, &number) || span_take(&rest, &more) ||
        (!parse_count(number, &count) && !(span_is(word, "</s>") && span_is(number, "0"))))
        return error_set(error, "found \"%.60s\", wanted WORD COUNT, of 1 to %d digits", line,
                         DIGITS);
    size_t before = all->size;
    int32_t id = vocabulary_add(all, word.text, word.length, error);
    if (id < 0)
        return false;
    if (all->size == before && (id != WORD_END || *end))
        return error_set(error, "found \"%.*s\" for the second time",
                         (int)(word.length < 60 ? word.length : 60), word.text);
    *end = *end || id == WORD_END;
    all->count[id] = count;
    return true;
}

static bool read_lines(struct vocabulary *all, struct input *input, struct error *error)
{
    const char *line;
    size_t length;
    bool end = false;
    while ((line = input_line(input, &length)) != NULL)
        if (!take_line(all, line, length, &end, error))
            return error_prefix(error, "%s: line %" PRIu64 ": ", input_name(input),
                                input_line_number(input));
    return input_ok(input, error);
}

bool vector_words_read(struct vocabulary *words, const char *path, uint64_t least,
                       struct error *error)
{
    struct vocabulary all = {.size = 0};
    memset(words, 0, sizeof *words);
    struct input *input = input_open_text(path, error);
    bool ok = input != NULL && vocabulary_init(&all, error) && read_lines(&all, input, error) &&
              keep(words, &all, least, error) && are_enough(words, least, path, error) &&
              vocabulary_sort(words, NULL, error);
    input_close(input);
    vocabulary_free(&all);
    return ok;
}

bool vector_words_write(const struct vocabulary *words, const char *path, struct error *error)
{
    struct output *output = output_create(path, error);
    if (output == NULL)
        return false;
    for (size_t i = 0; i < words->size; i++)
        output_format(output, "%s %" PRIu64 "\n", vocabulary_word(words, (int32_t)i),
                      words->count[i]);
    return output_commit(output, error);
}
