// Logs of trainings.
#include "report/log.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/memory.h"
#include "base/number.h"

static const char COLUMNS[] = "words\tseconds\tname\tvalue";

void log_free(struct log *log)
{
    for (size_t i = 0; i < log->count; i++) {
        free(log->row[i].name);
        free(log->row[i].value);
    }
    free(log->row);
    *log = (struct log){.row = NULL};
}

// ---- rows -------------------------------------------------------------------------------------

static void take_out_tabs(char *text)
{
    for (; *text != '\0'; text++)
        if (*text == '\t' || *text == '\n' || *text == '\r')
            *text = ' ';
}

// Takes over name and value, which may be NULL for want of memory.
static bool add_row(struct log *log, uint64_t words, double seconds, char *name, char *value,
                    struct error *error)
{
    bool ok = memory_grow(&log->row, &log->capacity, log->count + 1, sizeof *log->row, error);
    if (!ok || name == NULL || value == NULL) {
        free(name);
        free(value);
        return ok && error_set(error, "not enough memory");
    }
    log->row[log->count++] = (struct log_row){words, seconds, name, value};
    return true;
}

bool log_add(struct log *log, uint64_t words, double seconds, const char *name, const char *format,
             ...)
{
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, arguments);
    char *value = length >= 0 ? memory_new((size_t)length + 1, 1, NULL) : NULL;
    if (value != NULL) {
        vsnprintf(value, (size_t)length + 1, format, again);
        take_out_tabs(value);
    }
    va_end(again);
    va_end(arguments);
    return add_row(log, words, round(seconds * 1000) / 1000, memory_text(name, strlen(name), NULL),
                   value, NULL);
}

void log_drop(struct log *log, bool (*drop)(const void *context, const struct log_row *row),
              const void *context)
{
    size_t kept = 0;
    for (size_t i = 0; i < log->count; i++) {
        if (!drop(context, &log->row[i])) {
            log->row[kept++] = log->row[i];
            continue;
        }
        free(log->row[i].name);
        free(log->row[i].value);
    }
    log->count = kept;
}

const struct log_row *log_last(const struct log *log, const char *name)
{
    for (size_t i = log->count; i-- > 0;)
        if (strcmp(log->row[i].name, name) == 0)
            return &log->row[i];
    return NULL;
}

const char *log_name_behind(const struct log_row *row, const char *prefix)
{
    size_t length = strlen(prefix);
    return strncmp(row->name, prefix, length) == 0 ? row->name + length : NULL;
}

size_t log_numbers(const struct log_row *row, double *number, size_t most)
{
    size_t count = 0;
    const char *at = row->value;
    while (count < most) {
        size_t length = strcspn(at += strspn(at, " "), " ");
        if (length == 0 || !number_parse(at, length, &number[count]))
            return count;
        at += length;
        count++;
    }
    return count;
}

// ---- files ------------------------------------------------------------------------------------

// The text up to the next tab, which it ends.
static char *take_field(char **at)
{
    char *field = *at, *tab = strchr(field, '\t');
    if (tab == NULL)
        return NULL;
    *tab = '\0';
    *at = tab + 1;
    return field;
}

static bool parse_row(struct log *log, char *line, struct error *error)
{
    char *at = line, *words = take_field(&at), *seconds = words != NULL ? take_field(&at) : NULL;
    char *name = seconds != NULL ? take_field(&at) : NULL;
    double count = 0, time = 0;
    if (name == NULL || !number_parse(words, strlen(words), &count) ||
        !number_parse(seconds, strlen(seconds), &time) || !(count >= 0 && count < 1e18) ||
        !(time >= 0 && time < INFINITY))
        return error_set(error, "found no row, wanted words, seconds, name and value with tabs "
                                "between");
    return add_row(log, (uint64_t)count, time, memory_text(name, strlen(name), error),
                   memory_text(at, strlen(at), error), error);
}

static bool check_version(const struct log *log, struct error *error)
{
    const struct log_row *row = log->row;
    char wanted[16];
    snprintf(wanted, sizeof wanted, "%d", LOG_VERSION);
    if (log->count == 1 && strcmp(row->name, "log") == 0 && strcmp(row->value, wanted) == 0)
        return true;
    return error_set(error, "version of the log: found \"%.50s %.50s\", wanted \"log %s\"",
                     row->name, row->value, wanted);
}

static bool read_rows(struct log *log, struct input *input, struct error *error)
{
    size_t length;
    char *line = input_line(input, &length);
    if (line == NULL || strcmp(line, COLUMNS) != 0)
        return error_set(error,
                         "no log of a training: its first line is not \"words, seconds, name, "
                         "value\" with tabs between");
    while ((line = input_line(input, &length)) != NULL) {
        if (!parse_row(log, line, error) || (log->count == 1 && !check_version(log, error)))
            return error_prefix(error, "line %" PRIu64 ": ", input_line_number(input));
    }
    return log->count > 0 || error_set(error, "the log has no rows");
}

bool log_read(struct log *log, const char *path, struct error *error)
{
    struct input *input = input_open_text(path, error);
    if (input == NULL)
        return false;
    bool ok = read_rows(log, input, error);
    if (!ok && input_ok(input, NULL))
        error_prefix(error, "%s: ", path);
    ok = input_ok(input, error) && ok;
    input_close(input);
    return ok;
}

bool log_write(const struct log *log, const char *path, struct error *error)
{
    struct output *output = output_open(path, error);
    if (output == NULL)
        return false;
    output_format(output, "%s\n", COLUMNS);
    for (size_t i = 0; i < log->count; i++) {
        const struct log_row *row = &log->row[i];
        output_format(output, "%" PRIu64 "\t%.3f\t%s\t", row->words, row->seconds, row->name);
        output_text(output, row->value);
        output_text(output, "\n");
    }
    return output_commit(output, error);
}

bool log_may_be(const char *path, struct error *error)
{
    struct stat status;
    struct log log = {.row = NULL};
    if (stat(path, &status) != 0)
        return true;
    bool ok = S_ISREG(status.st_mode) ? log_read(&log, path, error)
                                      : error_set(error, "%s: no regular file", path);
    log_free(&log);
    return ok;
}
