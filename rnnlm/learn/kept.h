// What must be kept of whoever learns, so that learning goes on bit by bit: a list of named pieces
// of memory, from which a checkpoint is written and into which it is read.
#ifndef LEARN_KEPT_H
#define LEARN_KEPT_H

#include <stddef.h>

#include "base/error.h"
#include "net/network.h"

enum { KEPT_NAME = 48 };

struct kept_piece {
    char name[KEPT_NAME]; // of its own in a list
    void *data;           // not owned
    size_t bytes;
};

struct kept {
    struct kept_piece *piece; // [count]
    size_t count, capacity;
    bool failed; // memory ran out: kept_ok() says so
};

// A piece called OWNER.NAME. Empty ones are left out.
void kept_add(struct kept *kept, const char *owner, const char *name, void *data, size_t bytes);

// All parameters of a network that have data, as OWNER.PARAMETER.
void kept_add_network(struct kept *kept, const char *owner, const struct network *network);

// Error: memory had run out.
bool kept_ok(const struct kept *kept, struct error *error);
void kept_free(struct kept *kept);

#endif
