// Kinds of outputs.
#include "net/output.h"

#include <string.h>

const struct output_type *const output_table[] = {
    &output_class,
    NULL,
};

const struct output_type *output_type_named(const char *name)
{
    for (const struct output_type *const *at = output_table; *at != NULL; at++)
        if (strcmp((*at)->name, name) == 0)
            return *at;
    return NULL;
}
