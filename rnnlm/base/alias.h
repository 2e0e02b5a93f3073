// Draws from a distribution over numbers 0.. in a time that does not depend on how many there are (alias method,
// Walker 1977; Vose 1991): each of `count` equal parts of the unit interval belongs to one number or two.
#ifndef BASE_ALIAS_H
#define BASE_ALIAS_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct alias {
    size_t count;
    uint32_t *own;  // [count] of 2^32, what of its part belongs to the number itself
    int32_t *other; // [count] whom the rest belongs to
};

// share[count] are the probabilities times `count`, 1 on average; they are used up. Error: no memory.
// alias_free() in any case.
bool alias_init(struct alias *alias, double *share, size_t count, struct error *error);
void alias_free(struct alias *alias);

// The number that 64 random bits stand for: the upper half tells the part, the lower one the place in it.
static inline int32_t alias_draw(const struct alias *alias, uint64_t random)
{
    size_t part = (size_t)((random >> 32) * alias->count >> 32);
    return (uint32_t)random < alias->own[part] ? (int32_t)part : alias->other[part];
}

#endif
