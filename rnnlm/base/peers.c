// What goes between processes, whatever the way.
#include "base/peers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/kernels.h"
#include "base/memory.h"

struct peers peers_alone = {.size = 1};

// ---- bytes --------------------------------------------------------------------------------------

void *peers_bytes_room(struct peers_bytes *bytes, size_t size, struct error *error)
{
    size_t needed;
    if (__builtin_add_overflow(bytes->size, size, &needed)) {
        error_set(error, "not enough memory: found more than 2^64 bytes");
        return NULL;
    }
    if (needed > bytes->capacity && !memory_grow(&bytes->data, &bytes->capacity, needed, 1, error))
        return NULL;
    void *room = bytes->data + bytes->size;
    bytes->size = needed;
    return room;
}

bool peers_bytes_add(struct peers_bytes *bytes, const void *data, size_t size, struct error *error)
{
    void *room = size > 0 ? peers_bytes_room(bytes, size, error) : NULL;
    if (room != NULL)
        memcpy(room, data, size);
    return size == 0 || room != NULL;
}

void peers_bytes_free(struct peers_bytes *bytes)
{
    free(bytes->data);
    memset(bytes, 0, sizeof *bytes);
}

void peers_parts_free(struct peers_parts *parts)
{
    free(parts->part);
    peers_bytes_free(&parts->bytes);
    memset(parts, 0, sizeof *parts);
}

// ---- exchange -----------------------------------------------------------------------------------

static bool exchange(struct peers *peers, const struct peers_span *send,
                     const struct peers_span *receive, struct error *error)
{
    size_t own = peers->rank;
    if (receive[own].size > 0 && receive[own].data != send[own].data)
        memmove(receive[own].data, send[own].data, receive[own].size);
    for (size_t i = 0; i < peers->size; i++)
        peers->sent += i != own ? send[i].size : 0;
    return peers->size == 1 || peers->type->exchange(peers, send, receive, error);
}

// What comes from each is aligned as numbers want it.
static size_t padded(uint64_t size)
{
    return (size / MEMORY_ALIGNMENT + 1) * MEMORY_ALIGNMENT;
}

// Room in `parts` for what the others have said that they send; one's own stays where it is.
static bool make_room(struct peers *peers, const uint64_t *size, struct peers_span own,
                      struct peers_parts *parts, struct error *error)
{
    parts->bytes.size = 0;
    for (size_t i = 0; i < peers->size; i++)
        if (i != peers->rank && (size[i] > SIZE_MAX / 2 ||
                                 peers_bytes_room(&parts->bytes, padded(size[i]), error) == NULL))
            return false;
    char *data = parts->bytes.data;
    for (size_t i = 0; i < peers->size; i++) {
        parts->part[i] = i == peers->rank ? own : (struct peers_span){data, size[i]};
        data += i == peers->rank ? 0 : padded(size[i]);
    }
    return true;
}

// The sizes of what comes go ahead of it.
static bool exchange_spans(struct peers *peers, const struct peers_span *send,
                           struct peers_span *scratch, uint64_t *size, struct peers_parts *parts,
                           struct error *error)
{
    size_t n = peers->size;
    uint64_t *mine = size + n;
    for (size_t i = 0; i < n; i++) {
        mine[i] = send[i].size;
        scratch[i] = (struct peers_span){(char *)&mine[i], sizeof *mine};
        parts->part[i] = (struct peers_span){(char *)&size[i], sizeof *size};
    }
    return exchange(peers, scratch, parts->part, error) &&
           make_room(peers, size, send[peers->rank], parts, error) &&
           exchange(peers, send, parts->part, error);
}

static bool exchange_all(struct peers *peers, const struct peers_span *send,
                         struct peers_parts *parts, struct error *error)
{
    struct peers_span *scratch = memory_new(peers->size, sizeof *scratch, error);
    uint64_t *size = memory_new(peers->size, 2 * sizeof *size, error);
    bool ok =
        scratch != NULL && size != NULL &&
        memory_grow(&parts->part, &parts->capacity, peers->size, sizeof *parts->part, error) &&
        exchange_spans(peers, send, scratch, size, parts, error);
    free(scratch);
    free(size);
    return ok;
}

bool peers_exchange(struct peers *peers, const struct peers_bytes *send, struct peers_parts *parts,
                    struct error *error)
{
    struct peers_span *span = memory_new(peers->size, sizeof *span, error);
    for (size_t i = 0; span != NULL && i < peers->size; i++)
        span[i] = (struct peers_span){send[i].data, send[i].size};
    bool ok = span != NULL && exchange_all(peers, span, parts, error);
    free(span);
    return ok;
}

bool peers_gather(struct peers *peers, const void *data, size_t size, struct peers_parts *parts,
                  struct error *error)
{
    struct peers_span *span = memory_new(peers->size, sizeof *span, error);
    for (size_t i = 0; span != NULL && i < peers->size; i++)
        span[i] = (struct peers_span){(char *)data, size}; // only read
    bool ok = span != NULL && exchange_all(peers, span, parts, error);
    free(span);
    return ok;
}

bool peers_broadcast(struct peers *peers, void *data, size_t size, struct error *error)
{
    peers->sent += peers->rank == 0 ? size * (peers->size - 1) : 0;
    return peers->size == 1 || size == 0 ||
           peers->type->broadcast(peers, (struct peers_span){data, size}, error);
}

// ---- sums ---------------------------------------------------------------------------------------

enum { SUM_BLOCK = MEMORY_ROW }; // floats that are never divided among processes

// Elements that process i adds up.
static size_t first_of(const struct peers *peers, size_t i, size_t n)
{
    size_t blocks = (n + SUM_BLOCK - 1) / SUM_BLOCK, first = blocks * i / peers->size * SUM_BLOCK;
    return first < n ? first : n;
}

struct sum {
    struct peers_span *send, *receive;
    float *part; // [size][most] this process's elements of everybody
};

// Everybody adds up a part of the elements, and gives it to all.
static bool sum_parts(struct peers *peers, const struct sum *sum, float *x, size_t n,
                      struct error *error)
{
    size_t own = first_of(peers, peers->rank, n);
    size_t count = first_of(peers, peers->rank + 1, n) - own;
    for (size_t i = 0; i < peers->size; i++) {
        size_t first = first_of(peers, i, n), bytes = first_of(peers, i + 1, n) - first;
        sum->send[i] = (struct peers_span){(char *)(x + first), bytes * sizeof *x};
        sum->receive[i] = (struct peers_span){(char *)(sum->part + i * count), count * sizeof *x};
    }
    if (!exchange(peers, sum->send, sum->receive, error))
        return false;
    for (size_t i = 1; i < peers->size; i++)
        kernels->scale_add(sum->part, sum->part + i * count, count, 1, 1);
    if (count > 0)
        memcpy(x + own, sum->part, count * sizeof *x);
    for (size_t i = 0; i < peers->size; i++) {
        size_t first = first_of(peers, i, n), bytes = first_of(peers, i + 1, n) - first;
        sum->send[i] = (struct peers_span){(char *)(x + own), count * sizeof *x};
        sum->receive[i] = (struct peers_span){(char *)(x + first), bytes * sizeof *x};
    }
    return exchange(peers, sum->send, sum->receive, error);
}

bool peers_sum(struct peers *peers, float *x, size_t n, struct error *error)
{
    size_t most = n / peers->size + 2 * (size_t)SUM_BLOCK;
    if (peers->size == 1)
        return true;
    struct sum sum = {memory_new(peers->size, sizeof *sum.send, error),
                      memory_new(peers->size, sizeof *sum.receive, error),
                      memory_new(peers->size, most * sizeof *sum.part, error)};
    bool ok = sum.send != NULL && sum.receive != NULL && sum.part != NULL &&
              sum_parts(peers, &sum, x, n, error);
    free(sum.send);
    free(sum.receive);
    free(sum.part);
    return ok;
}

// ---- agreement ----------------------------------------------------------------------------------

void peers_name(const struct peers *peers, char name[PEERS_NAME])
{
    char host[64];
    if (gethostname(host, sizeof host) != 0)
        snprintf(host, sizeof host, "?");
    host[sizeof host - 1] = '\0';
    snprintf(name, PEERS_NAME, "process %zu (%s)", peers->rank, host);
}

bool peers_agree(struct peers *peers, bool ok, const struct error *mine, struct error *error)
{
    struct peers_parts parts = {0};
    char text[PEERS_NAME + ERROR_SIZE + 2] = "", name[PEERS_NAME];
    if (peers->size == 1) {
        if (!ok && error != mine)
            *error = *mine;
        return ok;
    }
    bool usage = !ok && mine->usage;
    peers_name(peers, name);
    if (!ok)
        snprintf(text, sizeof text, "%c%s: %s", usage ? 'u' : 'e', name, mine->text);
    bool all = peers_gather(peers, text, strlen(text) + 1, &parts, error);
    for (size_t i = 0; all && i < peers->size; i++) {
        const char *found = parts.part[i].data;
        if (parts.part[i].size < 2)
            continue;
        all = error_set(error, "%s", found + 1);
        error->usage = found[0] == 'u';
        peers->ended = true;
    }
    peers_parts_free(&parts);
    return all;
}

bool peers_barrier(struct peers *peers, struct error *error)
{
    return peers_agree(peers, true, NULL, error);
}
