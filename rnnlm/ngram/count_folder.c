// Folders of n-gram counts: their files one after the other, and whether they belong together.
#include "ngram/count_folder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"

enum { ORDERS = RECORD_MOST_IDS, NAME_SIZE = 40 };

struct count_folder {
    const char *path;
    size_t order, last; // of the file being read, 0 before the first; the highest wanted
    char *file;         // its path
    size_t file_capacity;
    struct input *index;
    uint64_t number; // of the file that is to come
    bool at_first;   // the file's first n-gram comes next
    char *first;     // that is what it must be
    size_t first_capacity;
    char *text, *before; // the n-gram, and the one before in this order, with single blanks
    size_t text_capacity, before_capacity;
    bool begun;      // there is one before
    uint64_t tokens; // the words' counts, without sentences' beginnings and ends
};

static bool exists(const char *path)
{
    return access(path, F_OK) == 0;
}

bool count_folder_is(const char *path)
{
    struct stat status;
    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

struct count_folder *count_folder_open(const char *path, size_t order, struct error *error)
{
    struct count_folder *folder = memory_new(1, sizeof *folder, error);
    if (folder == NULL)
        return NULL;
    folder->path = path;
    folder->last = order;
    return folder;
}

void count_folder_close(struct count_folder *folder)
{
    if (folder == NULL)
        return;
    input_close(folder->index);
    free(folder->file);
    free(folder->first);
    free(folder->text);
    free(folder->before);
    free(folder);
}

// ---- files -------------------------------------------------------------------------------------

// folder->file becomes PATH/Ngms/NAME.
static bool set_file(struct count_folder *folder, size_t order, const char *name,
                     struct error *error)
{
    size_t size = strlen(folder->path) + strlen(name) + NAME_SIZE;
    if (!memory_grow(&folder->file, &folder->file_capacity, size, 1, error))
        return false;
    snprintf(folder->file, size, "%s/%zugms%s%s", folder->path, order, name[0] != '\0' ? "/" : "",
             name);
    return true;
}

static bool set_text(char **to, size_t *capacity, const char *text, struct error *error)
{
    size_t size = strlen(text) + 1;
    if (!memory_grow(to, capacity, size, 1, error))
        return false;
    memcpy(*to, text, size);
    return true;
}

static bool begin_words(struct count_folder *folder, struct error *error)
{
    if (!set_file(folder, 1, "vocab.gz", error))
        return false;
    if (!exists(folder->file) && !set_file(folder, 1, "vocab", error))
        return false;
    return exists(folder->file) ||
           error_set(error,
                     "%s: neither 1gms/vocab.gz nor 1gms/vocab is there: a folder of counts in "
                     "Google's form is wanted, with 2gms/2gm.idx and so on beside it",
                     folder->path);
}

// Why there are no n-grams of an order.
static bool missing(struct count_folder *folder, size_t order, struct error *error)
{
    for (size_t k = order + 1; k <= ORDERS; k++) {
        if (!set_file(folder, k, "", error))
            return false;
        if (exists(folder->file))
            return error_set(error, "%s: %zugms is there, but %zugms is missing", folder->path, k,
                             order);
    }
    return error_set(error, "%s: has no n-grams of more than %zu word%s (-order %zu)", folder->path,
                     order - 1, order > 2 ? "s" : "", order - 1);
}

static bool begin_order(struct count_folder *folder, struct error *error)
{
    char name[NAME_SIZE];
    size_t order = folder->order;
    if (!set_file(folder, order, "", error))
        return false;
    if (!exists(folder->file))
        return missing(folder, order, error);
    snprintf(name, sizeof name, "%zugm.idx", order);
    if (!set_file(folder, order, name, error))
        return false;
    folder->index = input_open_text(folder->file, error);
    return folder->index != NULL;
}

// "2gm-0007.gz" to 7.
static bool parse_name(const char *name, size_t order, uint64_t *number)
{
    char *end;
    char begin[NAME_SIZE];
    size_t length = (size_t)snprintf(begin, sizeof begin, "%zugm-", order);
    if (strncmp(name, begin, length) != 0 || name[length] < '0' || name[length] > '9')
        return false;
    *number = strtoull(name + length, &end, 10);
    return *end == '\0' || strcmp(end, ".gz") == 0;
}

// Files that are there must be in the index.
static bool end_index(struct count_folder *folder, struct error *error)
{
    char name[NAME_SIZE];
    if (!input_ok(folder->index, error))
        return false;
    for (int packed = 0; packed <= 1; packed++) {
        snprintf(name, sizeof name, "%zugm-%04llu%s", folder->order,
                 (unsigned long long)folder->number, packed ? ".gz" : "");
        if (!set_file(folder, folder->order, name, error))
            return false;
        if (exists(folder->file))
            return error_set(error, "%s: %s is there, but not named here",
                             input_name(folder->index), name);
    }
    input_close(folder->index);
    folder->index = NULL;
    return true;
}

// Takes a line of the index; *end after the last.
static bool take_index(struct count_folder *folder, bool *end, struct error *error)
{
    char *line = input_line(folder->index, NULL), *tab = line != NULL ? strchr(line, '\t') : NULL;
    unsigned long long at = input_line_number(folder->index);
    const char *index = input_name(folder->index);
    uint64_t number = 0;
    *end = line == NULL;
    if (*end)
        return end_index(folder, error);
    if (tab != NULL)
        *tab = '\0';
    if (tab == NULL || !parse_name(line, folder->order, &number))
        return error_set(error,
                         "%s: line %llu: found \"%.60s\", wanted a file such as %zugm-0000.gz, a "
                         "tab and its first n-gram",
                         index, at, line, folder->order);
    bool begins = at == 1 && number <= 1; // some count from 1
    if (number != folder->number && !begins)
        return error_set(error, "%s: line %llu: found %s, wanted number %llu", index, at, line,
                         (unsigned long long)folder->number);
    folder->number = number + 1;
    folder->at_first = true;
    return set_text(&folder->first, &folder->first_capacity, tab + 1, error) &&
           set_file(folder, folder->order, line, error);
}

// A total that is smaller than the words' counts.
static bool check_total(struct count_folder *folder, struct error *error)
{
    if (!set_file(folder, 1, "total", error))
        return false;
    if (!exists(folder->file))
        return true;
    struct input *input = input_open_text(folder->file, error);
    const char *line = input != NULL ? input_line(input, NULL) : NULL;
    char *end = NULL;
    unsigned long long total = line != NULL ? strtoull(line, &end, 10) : 0;
    bool ok = input != NULL && input_ok(input, error);
    if (ok && (line == NULL || end == line || line[0] == '-' || end[strspn(end, " \t\r")] != '\0'))
        ok = error_set(error, "%s: found \"%.60s\", wanted a number of tokens", folder->file,
                       line != NULL ? line : "");
    else if (ok && total < folder->tokens)
        ok = error_set(error,
                       "contradictory counts: %s has %llu, but the words in vocab have %llu "
                       "together",
                       folder->file, total, (unsigned long long)folder->tokens);
    input_close(input);
    return ok;
}

const char *count_folder_next(struct count_folder *folder, bool *ok, struct error *error)
{
    bool end = true;
    *ok = !folder->at_first ||
          error_set(error, "%s: found no n-gram, wanted \"%.60s\", as %zugm.idx has it",
                    folder->file, folder->first, folder->order);
    if (!*ok)
        return NULL;
    if (folder->index != NULL)
        *ok = take_index(folder, &end, error);
    else if (folder->order == 1)
        *ok = check_total(folder, error);
    while (*ok && end && folder->order < folder->last) {
        folder->order++;
        folder->number = 0;
        folder->begun = false;
        if (folder->order == 1) {
            *ok = begin_words(folder, error);
            return *ok ? folder->file : NULL;
        }
        *ok = begin_order(folder, error) && take_index(folder, &end, error);
    }
    return *ok && !end ? folder->file : NULL;
}

// ---- n-grams -----------------------------------------------------------------------------------

// The n-gram as a text with one blank between words.
static bool join(struct count_folder *folder, const struct counted *ngram, struct error *error)
{
    size_t size = 1, used = 0;
    for (size_t i = 0; i < ngram->length; i++)
        size += ngram->word[i].length + 1;
    if (!memory_grow(&folder->text, &folder->text_capacity, size, 1, error))
        return false;
    for (size_t i = 0; i < ngram->length; i++) {
        if (i > 0)
            folder->text[used++] = ' ';
        memcpy(folder->text + used, ngram->word[i].text, ngram->word[i].length);
        used += ngram->word[i].length;
    }
    folder->text[used] = '\0';
    return true;
}

// Order of words by their bytes; a blank is less than all of a word's bytes.
static int compare(const char *a, const char *b)
{
    for (; *a == *b && *a != '\0'; a++, b++)
        ;
    int x = *a == ' ' ? 1 : *a == '\0' ? 0 : (unsigned char)*a + 1;
    int y = *b == ' ' ? 1 : *b == '\0' ? 0 : (unsigned char)*b + 1;
    return (x > y) - (x < y);
}

static void name_ends(struct counted *ngram)
{
    for (size_t i = 0; i < ngram->length; i++) {
        struct token *word = &ngram->word[i];
        if (word->length == 3 && memcmp(word->text, "<S>", 3) == 0)
            word->text = "<s>";
        if (word->length == 4 && memcmp(word->text, "</S>", 4) == 0)
            word->text = "</s>";
    }
}

static bool is_end(const struct token *word)
{
    return (word->length == 3 && memcmp(word->text, "<s>", 3) == 0) ||
           (word->length == 4 && memcmp(word->text, "</s>", 4) == 0);
}

static bool check_order(const struct count_folder *folder, struct error *error)
{
    if (folder->at_first && strcmp(folder->text, folder->first) != 0)
        return error_set(error, "found \"%.60s\", wanted \"%.60s\", as %zugm.idx has it",
                         folder->text, folder->first, folder->order);
    int order = folder->begun ? compare(folder->before, folder->text) : -1;
    if (order == 0)
        return error_set(error, "found \"%.60s\" twice", folder->text);
    return order < 0 ||
           error_set(error,
                     "out of order: found \"%.60s\" behind \"%.60s\"; the order of bytes "
                     "(LC_ALL=C sort) is wanted",
                     folder->text, folder->before);
}

bool count_folder_take(struct count_folder *folder, struct counted *ngram, struct error *error)
{
    if (ngram->length != folder->order)
        return error_set(error, "found %zu word%s and a count, wanted %zu", ngram->length,
                         ngram->length > 1 ? "s" : "", folder->order);
    if (!join(folder, ngram, error) || !check_order(folder, error))
        return false;
    char *text = folder->before;
    size_t capacity = folder->before_capacity;
    folder->before = folder->text;
    folder->before_capacity = folder->text_capacity;
    folder->text = text;
    folder->text_capacity = capacity;
    folder->begun = true;
    folder->at_first = false;
    name_ends(ngram);
    if (folder->order == 1 && !is_end(&ngram->word[0]))
        folder->tokens += ngram->count;
    return true;
}
