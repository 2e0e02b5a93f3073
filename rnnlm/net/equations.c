// The equations of the kinds of layers as text.
#include "net/equations.h"

#include <stdio.h>
#include <string.h>

#include "net/layers/kinds.h"

#define LAYER_EQUATIONS(name) {&layer_##name, equations_##name},

static const struct {
    const struct layer_type *type;
    const char *const *equations;
} all[] = {LAYER_KINDS(LAYER_EQUATIONS)};

const char *const *layer_equations(const struct layer_type *type)
{
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (all[i].type == type)
            return all[i].equations;
    return NULL;
}

bool equations_want(const char *const *equations, size_t v)
{
    char name[24];
    size_t length = (size_t)snprintf(name, sizeof name, ".b%zu", v);
    for (; *equations != NULL; equations++)
        for (const char *at = strstr(*equations, name); at != NULL; at = strstr(at + 1, name))
            if (at[length] < '0' || at[length] > '9')
                return true;
    return false;
}
