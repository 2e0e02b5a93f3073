// What the machine has.
#ifndef BASE_MACHINE_H
#define BASE_MACHINE_H

#include <stdint.h>

#include "base/error.h"

// Bytes of memory that this process may come to use: what is built in, or less where its control
// group has less. UINT64_MAX where nothing says it.
uint64_t machine_memory(void);

// Whether so many bytes can be had at all. Error: what is wanted, what there is.
bool machine_has_memory(double bytes, struct error *error);

// From here on large blocks of memory go back to the system as soon as they are freed, and grow without
// being copied. glibc otherwise keeps them after a while. For programs that promise how much they take.
void machine_free_at_once(void);

#endif
