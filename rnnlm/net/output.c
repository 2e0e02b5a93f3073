// Kinds of outputs.
#include "net/output.h"

#include <string.h>

#include "net/outputs/kinds.h"

#define OUTPUT_ENTRY(name) &output_##name,

const struct output_type *const output_table[] = {OUTPUT_KINDS(OUTPUT_ENTRY) NULL};

const struct output_type *output_named(const char *name, struct error *error)
{
    const char *names[16] = {NULL};
    for (size_t i = 0; output_table[i] != NULL; i++) {
        if (strcmp(output_table[i]->name, name) == 0)
            return output_table[i];
        names[i] = output_table[i]->name;
    }
    shape_unknown_name("output", name, strlen(name), names, error);
    return NULL;
}
