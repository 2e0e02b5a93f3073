// What does not fit in memory: an allowance of bytes, and of threads, shared by several buffers;
// temporary files; and sequences of elements that begin in memory and go on in a file.
#ifndef NGRAM_SPILL_H
#define NGRAM_SPILL_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/threads.h"
#include "ngram/watch.h"

// ---- allowance ---------------------------------------------------------------------------------

// Not to be used by several threads at once.
struct allowance {
    size_t limit, used; // bytes
    size_t kept;        // of those used: that stay, whatever there is besides
    struct pool *pool;  // threads that work, NULL: the caller's alone
    struct watch *watch; // who watches that, may be NULL
};

// An allowance for what a program may take altogether: it has what program, threads and what is on its
// way from and to files leave, at least three quarters.
struct allowance allowance_of(size_t memory, struct pool *pool, struct watch *watch);

// Whether `bytes` more may be used; if so they are.
bool allowance_take(struct allowance *allowance, size_t bytes);
void allowance_give(struct allowance *allowance, size_t bytes);

// The same for what is used anyhow, and stays for long.
void allowance_keep(struct allowance *allowance, size_t bytes);
void allowance_drop(struct allowance *allowance, size_t bytes);

// What each of several users may have anyhow: a sixteenth of what is not kept, or of a quarter of all.
size_t allowance_share(const struct allowance *allowance);

// ---- temporary files ---------------------------------------------------------------------------

// A file without a name in `folder`: gone when it is closed, or when the program ends in whatever
// way.
struct temporary {
    int descriptor; // -1 if there is none
    const char *folder;
};

// `folder` NULL means TMPDIR or /tmp. The string is kept by reference.
void temporary_init(struct temporary *file, const char *folder);
bool temporary_open(struct temporary *file, struct error *error); // nothing if it is open
void temporary_close(struct temporary *file);
bool temporary_write(struct temporary *file, const void *data, size_t size, uint64_t offset,
                     struct error *error);
bool temporary_read(struct temporary *file, void *data, size_t size, uint64_t offset,
                    struct error *error);

// ---- sequences ---------------------------------------------------------------------------------

// Elements of one size, written once from the first to the last, then read from the first any
// number of times.
struct sequence {
    size_t size;    // bytes of an element
    uint64_t count; // elements written
    struct allowance *allowance;
    struct temporary file; // open when the sequence has outgrown its memory
    char *data;            // the elements, or a buffer of them: elements first..first+held-1
    size_t capacity;       // elements
    size_t most;           // that it may hold in memory; 0: what the allowance has
    size_t held;
    uint64_t first;
    uint64_t next; // to be read
};

void sequence_init(struct sequence *sequence, size_t size, struct allowance *allowance,
                   const char *folder);
void sequence_free(struct sequence *sequence);

// Takes over a block of `capacity` elements from malloc; it never grows.
void sequence_adopt(struct sequence *sequence, void *data, size_t capacity);

// Says that the first `count` elements have been written into that block.
void sequence_fill(struct sequence *sequence, size_t count);

bool sequence_add(struct sequence *sequence, const void *element, struct error *error);

bool sequence_add_all(struct sequence *sequence, const void *elements, size_t count,
                      struct error *error);

// Ends the writing, or goes back to the first element.
bool sequence_start(struct sequence *sequence, struct error *error);

// The next element, valid until the next call; NULL at the end. False only on failure.
bool sequence_next(struct sequence *sequence, const void **element, struct error *error);

// Copies the next elements, at most `most`; *taken 0 at the end.
bool sequence_take(struct sequence *sequence, void *to, size_t most, size_t *taken,
                   struct error *error);

#endif
