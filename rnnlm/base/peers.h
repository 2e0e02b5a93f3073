// The processes of a training that runs on several, on one machine or many: who they are, and how
// bytes go between them. A process by itself is the trivial case, and needs no back-end.
//
// All processes make the same calls in the same order; a call returns when its own part is done. What
// is added up is added in the order of ranks, whichever message comes first, so that results are the
// same on every process and in every run.
#ifndef BASE_PEERS_H
#define BASE_PEERS_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct peers;

// A stretch of bytes that belongs to somebody else.
struct peers_span {
    char *data;
    size_t size;
};

// A way to reach other processes. Errors: what the way says of a connexion; most ways end all
// processes instead.
struct peers_type {
    const char *name;
    // send[i] goes to process i, receive[i], of the size that it sends, comes from there; one's own is
    // left to the caller. Sizes may be 0.
    bool (*exchange)(struct peers *peers, const struct peers_span *send,
                     const struct peers_span *receive, struct error *error);
    bool (*broadcast)(struct peers *peers, struct peers_span span, struct error *error); // of 0
    // Ends all processes with this status, as far as they can be reached.
    void (*abort)(struct peers *peers, int status);
    void (*close)(struct peers *peers);
};

struct peers {
    const struct peers_type *type; // NULL: a process by itself
    void *own;                     // the type's
    size_t rank, size;             // rank < size
    const atomic_int
        *asked; // not 0: the process has been asked to end, so that peers that do not answer may
                // be lost; may be NULL
    void (*waits)(
        void *context); // called once where it has been asked to end, and waits for others; or NULL
    void *context;      // of that
    bool lost;          // one of them does not answer any more
    bool ended;         // all know that they end, and why
    uint64_t sent;      // bytes, to others
};

// One process: size 1.
extern struct peers peers_alone;

// Bytes that grow: zero at first. peers_bytes_free() at the end.
struct peers_bytes {
    char *data;
    size_t size, capacity;
};

// Error: no memory.
bool peers_bytes_add(struct peers_bytes *bytes, const void *data, size_t size, struct error *error);
// Room for `size` bytes more, which the caller fills; NULL: no memory. Valid until the next call.
void *peers_bytes_room(struct peers_bytes *bytes, size_t size, struct error *error);
void peers_bytes_free(struct peers_bytes *bytes);

// What came from each of all processes, in the order of ranks: zero at first.
struct peers_parts {
    struct peers_span *part; // [size], in `bytes`, or one's own where it was sent from
    struct peers_bytes bytes;
    size_t capacity;
};

void peers_parts_free(struct peers_parts *parts);

// send[i] goes to process i; what comes from each is in `parts`, also the process's own, which has to stay
// where it is for as long.
bool peers_exchange(struct peers *peers, const struct peers_bytes *send, struct peers_parts *parts,
                    struct error *error);

// The same bytes go to all.
bool peers_gather(struct peers *peers, const void *data, size_t size, struct peers_parts *parts,
                  struct error *error);

// Process 0's bytes take the place of the others'; all have the same size.
bool peers_broadcast(struct peers *peers, void *data, size_t size, struct error *error);

// x[i] becomes the sum of all processes' x[i], added in the order of ranks; all have the same n.
bool peers_sum(struct peers *peers, float *x, size_t n, struct error *error);

// Whether every process says `ok`. Where some do not, the error is that of the first of these, with its
// number and machine in front; `mine` is this process's own. All know then that they end.
bool peers_agree(struct peers *peers, bool ok, const struct error *mine, struct error *error);

// Returns when all have come here.
bool peers_barrier(struct peers *peers, struct error *error);

// "process 2 (machine)", from that process's own bytes of peers_name().
enum { PEERS_NAME = 96 };
void peers_name(const struct peers *peers, char name[PEERS_NAME]);

#endif
