// Files of n-gram counts.
#include "ngram/count_file.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "ngram/count_folder.h"

struct count_file {
    struct input *input;
    struct count_folder *folder; // NULL for a file
};

// Goes to the next file of a folder; at the end there is no input.
static bool next_file(struct count_file *file, struct error *error)
{
    bool ok;
    input_close(file->input);
    file->input = NULL;
    const char *path = count_folder_next(file->folder, &ok, error);
    if (path != NULL)
        file->input = input_open_text(path, error);
    return ok && (path == NULL || file->input != NULL);
}

struct count_file *count_file_open(const char *path, size_t order, struct error *error)
{
    struct count_file *file = memory_new(1, sizeof *file, error);
    if (file == NULL)
        return NULL;
    bool ok;
    if (count_folder_is(path)) {
        file->folder = count_folder_open(path, order, error);
        ok = file->folder != NULL && next_file(file, error);
    } else {
        file->input = input_open_text(path, error);
        ok = file->input != NULL;
    }
    if (ok)
        return file;
    count_file_close(file);
    return NULL;
}

const char *count_file_name(const struct count_file *file)
{
    return input_name(file->input);
}

void count_file_close(struct count_file *file)
{
    if (file == NULL)
        return;
    input_close(file->input);
    count_folder_close(file->folder);
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

// The next n-gram of the file that is being read.
static bool next_line(struct count_file *file, struct counted *ngram, bool *ok, struct error *error)
{
    const char *line;
    *ok = true;
    while (*ok && (line = input_line(file->input, NULL)) != NULL) {
        *ok = take_line(file, line, ngram, error);
        if (!*ok || ngram->count == 0)
            continue;
        *ok = file->folder == NULL || count_folder_take(file->folder, ngram, error) ||
              error_prefix(error, "%s: line %llu: ", input_name(file->input),
                           (unsigned long long)ngram->line);
        return *ok;
    }
    *ok = *ok && input_ok(file->input, error);
    return false;
}

bool count_file_next(struct count_file *file, struct counted *ngram, bool *ok, struct error *error)
{
    *ok = true;
    while (file->input != NULL) {
        if (next_line(file, ngram, ok, error))
            return true;
        if (!*ok || file->folder == NULL)
            return false;
        *ok = next_file(file, error);
    }
    return false;
}
