// Lists of words to add and to remove.
#include "text/changed_words.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "text/marks.h"
#include "text/span.h"

static const uint64_t MOST_COUNT = 1000000000000000;

// What a message shows of a word.
static int shown(struct span word)
{
    return (int)(word.length < 60 ? word.length : 60);
}

// ---- lines -------------------------------------------------------------------------------------

// Takes what stands on a line, of which `word` is the first word.
typedef bool take_line(void *context, struct span word, struct span rest, uint64_t line,
                       struct error *error);

static bool each_line(const char *path, take_line *take, void *context, struct error *error)
{
    char *text;
    size_t length, words = 0;
    struct input *input = input_open_text(path, error);
    if (input == NULL)
        return false;
    bool ok = true;
    while (ok && (text = input_line(input, &length)) != NULL) {
        struct span rest = {text, length}, word;
        uint64_t line = input_line_number(input);
        if (!span_take(&rest, &word))
            continue;
        words++;
        ok = take(context, word, rest, line, error) ||
             error_prefix(error, "%s: line %" PRIu64 ": ", path, line);
    }
    ok = ok && input_ok(input, error) &&
         (words > 0 || error_set(error, "%s: found no word, wanted one a line", path));
    input_close(input);
    return ok;
}

// ---- to add ------------------------------------------------------------------------------------

struct adding {
    struct added_words *added;
    const struct vocabulary *known;
};

static bool add_like(struct adding *adding, struct span word, struct error *error)
{
    struct added_words *added = adding->added;
    int32_t id = vocabulary_find(adding->known, word.text, word.length);
    if (id < 0)
        return error_set(error,
                         "found \"%.*s\" behind like:, which the model does not have, wanted one "
                         "of its words",
                         shown(word), word.text);
    if (id == WORD_END)
        return error_set(error, "found \"%.*s\" behind like:, wanted a word", shown(word),
                         word.text);
    if (!memory_grow(&added->like, &added->like_capacity, added->likes + 1, sizeof *added->like,
                     error))
        return false;
    added->like[added->likes++] = id;
    added->word[added->list.size - 1].likes++;
    return true;
}

static bool add_likes(struct adding *adding, struct span words, struct error *error)
{
    if (vocabulary_find(adding->known, words.text, words.length) >= 0)
        return add_like(adding, words, error);
    for (const char *end = words.text + words.length; words.text <= end;) {
        const char *comma = memchr(words.text, ',', (size_t)(end - words.text));
        words.length = (size_t)((comma != NULL ? comma : end) - words.text);
        if (!add_like(adding, words, error))
            return false;
        words.text += words.length + 1;
    }
    return true;
}

static bool parse_count(struct span field, uint64_t *count)
{
    *count = 0;
    for (size_t i = 0; i < field.length && *count <= MOST_COUNT; i++) {
        if (field.text[i] < '0' || field.text[i] > '9')
            return false;
        *count = *count * 10 + (uint64_t)(field.text[i] - '0');
    }
    return *count > 0 && *count <= MOST_COUNT;
}

static bool add_field(struct adding *adding, struct span field, struct error *error)
{
    struct added_word *word = &adding->added->word[adding->added->list.size - 1];
    uint64_t count;
    if (span_starts(field, "like:"))
        return add_likes(adding, (struct span){field.text + 5, field.length - 5}, error);
    if (!parse_count(field, &count))
        return error_set(error,
                         "found \"%.*s\" behind a word, wanted a count of at least 1 or "
                         "like:WORD,WORD (words hold no blanks)",
                         shown(field), field.text);
    if (word->count > 0)
        return error_set(error, "found a second count, %" PRIu64, count);
    word->count = count;
    return true;
}

static bool add_word(struct adding *adding, struct span word, uint64_t line, struct error *error)
{
    struct added_words *added = adding->added;
    size_t size = added->list.size;
    if (vocabulary_find(adding->known, word.text, word.length) >= 0)
        return error_set(error, "found \"%.*s\", which the model has already", shown(word),
                         word.text);
    if (mark_of(word.text, word.length) != MARK_NONE)
        return error_set(error, "found \"%.*s\", a mark of sentences, wanted a word", shown(word),
                         word.text);
    int32_t id = vocabulary_add(&added->list, word.text, word.length, error);
    if (id < 0 ||
        !memory_grow(&added->word, &added->word_capacity, size + 1, sizeof *added->word, error))
        return false;
    if ((size_t)id < size)
        return error_set(error, "found \"%.*s\" for the second time, the first is on line %" PRIu64,
                         shown(word), word.text, added->word[id].line);
    added->word[id] = (struct added_word){.line = line, .like = added->likes};
    return true;
}

static bool take_added(void *context, struct span word, struct span rest, uint64_t line,
                       struct error *error)
{
    struct span field;
    if (!add_word(context, word, line, error))
        return false;
    while (span_take(&rest, &field))
        if (!add_field(context, field, error))
            return false;
    return true;
}

bool added_words_read(struct added_words *added, const char *path, const struct vocabulary *known,
                      struct error *error)
{
    struct adding adding = {added, known};
    memset(added, 0, sizeof *added);
    if (!vocabulary_init(&added->list, error) ||
        !memory_grow(&added->word, &added->word_capacity, 1, sizeof *added->word, error))
        return false;
    added->word[WORD_END] = (struct added_word){.count = 0};
    return each_line(path, take_added, &adding, error);
}

void added_words_free(struct added_words *added)
{
    vocabulary_free(&added->list);
    free(added->word);
    free(added->like);
    memset(added, 0, sizeof *added);
}

// ---- to remove ---------------------------------------------------------------------------------

struct removing {
    bool *removed;
    const struct vocabulary *known;
};

static bool take_removed(void *context, struct span word, struct span rest, uint64_t line,
                         struct error *error)
{
    struct removing *removing = context;
    struct span more;
    (void)line;
    int32_t id = vocabulary_find(removing->known, word.text, word.length);
    if (id < 0)
        return error_set(error, "found \"%.*s\", which the model does not have", shown(word),
                         word.text);
    if (id == WORD_END)
        return error_set(error, "found </s>, the end of a sentence, which cannot be removed");
    if (removing->removed[id])
        return error_set(error, "found \"%.*s\" for the second time", shown(word), word.text);
    if (span_take(&rest, &more))
        return error_set(error, "found \"%.*s\" behind a word, wanted one word a line", shown(more),
                         more.text);
    removing->removed[id] = true;
    return true;
}

bool removed_words_read(bool *removed, const char *path, const struct vocabulary *known,
                        struct error *error)
{
    struct removing removing = {removed, known};
    memset(removed, 0, known->size * sizeof *removed);
    return each_line(path, take_removed, &removing, error);
}
