// Curves of logs.
#include "report/curve.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

bool curve_read(struct curve *curve, const struct log *log, const char *name, struct error *error)
{
    *curve = (struct curve){.words = memory_new(log->count, sizeof(double), error),
                            .seconds = memory_new(log->count, sizeof(double), error),
                            .value = memory_new(log->count, sizeof(double), error)};
    if (curve->words == NULL || curve->seconds == NULL || curve->value == NULL)
        return false;
    for (size_t i = 0; i < log->count; i++) {
        const struct log_row *row = &log->row[i];
        if (strcmp(row->name, name) != 0 || log_numbers(row, &curve->value[curve->count], 1) == 0)
            continue;
        curve->words[curve->count] = (double)row->words;
        curve->seconds[curve->count++] = row->seconds;
    }
    return true;
}

void curve_free(struct curve *curve)
{
    free(curve->words);
    free(curve->seconds);
    free(curve->value);
    *curve = (struct curve){.count = 0};
}
