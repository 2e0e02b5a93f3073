// Files with a key and a number a line.
#include "score/number_table.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/number.h"

static const char blanks[] = " \t\r";

// KEY and NUMBER of a line that is not blank.
static bool split(const char *line, size_t *key, double *value)
{
    *key = strcspn(line, blanks);
    const char *number = line + *key + strspn(line + *key, blanks);
    size_t length = strcspn(number, blanks);
    return *key > 0 && length > 0 && number[length + strspn(number + length, blanks)] == '\0' &&
           number_parse(number, length, value);
}

static bool add(struct number_table *table, const char *key, size_t length, double value,
                bool *twice, struct error *error)
{
    size_t before = table->keys.size;
    int32_t id = vocabulary_add(&table->keys, key, length, error);
    if (id < 0 ||
        !memory_grow(&table->value, &table->capacity, table->keys.size, sizeof(double), error))
        return false;
    *twice = table->keys.size == before && !(id == WORD_END && isnan(table->value[id]));
    table->value[id] = value;
    return true;
}

static bool read_lines(struct number_table *table, struct input *input, double least, double most,
                       struct error *error)
{
    char *line;
    size_t key;
    while ((line = input_line(input, NULL)) != NULL) {
        double value;
        bool twice = false;
        if (line[strspn(line, blanks)] == '\0')
            continue;
        char *start = line + strspn(line, blanks);
        if (!split(start, &key, &value) || !(value >= least && value <= most))
            return error_set(error,
                             "%s: line %" PRIu64
                             ": found \"%.80s\", wanted a key and a number from %g to %g",
                             input_name(input), input_line_number(input), line, least, most);
        if (!add(table, start, key, value, &twice, error))
            return false;
        if (twice)
            return error_set(error, "%s: line %" PRIu64 ": found \"%.*s\" for the second time",
                             input_name(input), input_line_number(input), (int)key, start);
    }
    return input_ok(input, error);
}

bool number_table_read(struct number_table *table, const char *path, double least, double most,
                       struct error *error)
{
    *table = (struct number_table){.path = memory_text(path, strlen(path), error)};
    if (table->path == NULL || !vocabulary_init(&table->keys, error) ||
        !memory_grow(&table->value, &table->capacity, 1, sizeof(double), error))
        return false;
    table->value[WORD_END] = NAN;
    struct input *input = input_open_text(path, error);
    bool ok = input != NULL && read_lines(table, input, least, most, error);
    input_close(input);
    return ok;
}

void number_table_free(struct number_table *table)
{
    free(table->path);
    free(table->value);
    vocabulary_free(&table->keys);
    *table = (struct number_table){.path = NULL};
}

bool number_table_find(const struct number_table *table, const char *key, size_t length,
                       double *value)
{
    int32_t id = vocabulary_find(&table->keys, key, length);
    if (id < 0 || isnan(table->value[id]))
        return false;
    *value = table->value[id];
    return true;
}
