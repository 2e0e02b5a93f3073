// Lists of what must be kept of whoever learns.
#include "learn/kept.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

void kept_add(struct kept *kept, const char *owner, const char *name, void *data, size_t bytes)
{
    if (data == NULL || bytes == 0)
        return;
    if (kept->failed ||
        !memory_grow(&kept->piece, &kept->capacity, kept->count + 1, sizeof *kept->piece, NULL)) {
        kept->failed = true;
        return;
    }
    struct kept_piece *piece = &kept->piece[kept->count++];
    snprintf(piece->name, sizeof piece->name, "%.14s.%.32s", owner, name);
    piece->data = data;
    piece->bytes = bytes;
}

void kept_add_network(struct kept *kept, const char *owner, const struct network *network)
{
    for (size_t i = 0; i < network->parameters; i++)
        kept_add(kept, owner, network->parameter[i].name, network->parameter[i].data,
                 parameter_bytes(&network->parameter[i]));
}

bool kept_ok(const struct kept *kept, struct error *error)
{
    return !kept->failed || error_set(error, "not enough memory");
}

void kept_free(struct kept *kept)
{
    free(kept->piece);
    memset(kept, 0, sizeof *kept);
}
