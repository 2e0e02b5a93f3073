// Files of n-gram counts.
#include "ngram/count_file.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"

struct count_file {
    struct input *input;
};

struct count_file *count_file_open(const char *path, struct error *error)
{
    struct count_file *file = memory_new(1, sizeof *file, error);
    if (file == NULL)
        return NULL;
    file->input = input_open_text(path, error);
    if (file->input == NULL) {
        free(file);
        return NULL;
    }
    return file;
}

void count_file_close(struct count_file *file)
{
    if (file == NULL)
        return;
    input_close(file->input);
    free(file);
}

static const char blanks[] = " \t\r";

// The fields of a line; the last one, which is the count, goes to *last.
static void take_fields(const char *line, struct counted *ngram, struct token *last)
{
    ngram->length = 0;
    *last = (struct token){.text = NULL};
    for (line += strspn(line, blanks); *line != '\0'; line += strspn(line, blanks)) {
        if (last->text != NULL && ngram->length < RECORD_MOST_IDS)
            ngram->word[ngram->length] = *last;
        ngram->length += last->text != NULL;
        *last = (struct token){.text = line, .length = strcspn(line, blanks)};
        line += last->length;
    }
}

static bool take_count(const struct token *token, uint64_t *count)
{
    *count = 0;
    for (size_t i = 0; i < token->length; i++) {
        if (token->text[i] < '0' || token->text[i] > '9' || *count > COUNT_MOST)
            return false;
        *count = *count * 10 + (uint64_t)(token->text[i] - '0');
    }
    return *count <= COUNT_MOST;
}

static bool take_line(struct count_file *file, const char *line, struct counted *ngram,
                      struct error *error)
{
    struct token last;
    take_fields(line, ngram, &last);
    ngram->line = input_line_number(file->input);
    ngram->count = 0;
    if (last.text == NULL)
        return true;
    if (ngram->length == 0 || !take_count(&last, &ngram->count))
        return error_set(error,
                         "%s: line %llu: found \"%.60s\", wanted words and a count, a whole number "
                         "up to %llu",
                         input_name(file->input), (unsigned long long)ngram->line, line,
                         (unsigned long long)COUNT_MOST);
    return true;
}

bool count_file_next(struct count_file *file, struct counted *ngram, bool *ok, struct error *error)
{
    const char *line;
    *ok = true;
    while ((line = input_line(file->input, NULL)) != NULL) {
        *ok = take_line(file, line, ngram, error);
        if (!*ok || ngram->count > 0)
            return *ok;
    }
    *ok = input_ok(file->input, error);
    return false;
}
