// Lines made side by side: while some threads make those of one set of blocks, another writes the set
// before and a third gets the elements of the set behind.
#include "ngram/lines.h"

#include <stdlib.h>

#include "base/gzip.h"
#include "base/memory.h"

// Blocks that are to be compressed are larger: each is compressed for itself.
enum {
    SETS = 3,
    BLOCKS_A_THREAD = 16,
    BLOCK_ELEMENTS = 1 << 10,
    BLOCK_BYTES = 1 << 18,
    BLOCK_TAKES = 320 << 10,
    LARGER = 4,
    AHEAD = 8
};

struct block {
    char *element;
    size_t count;
    char *text;
    size_t most, used, capacity; // bytes of it: that it may have, has, has room for
    char *packed;                // compressed
    size_t packed_size, packed_capacity;
    bool failed;                 // no memory
    struct error failure;
};

struct lines_run {
    const struct lines *lines;
    struct output *output;
    struct block *block[SETS]; // [blocks]
    bool packs;
    size_t blocks, elements, round, written; // blocks of a set, elements of a block
    bool end, ok; // of the elements
    struct error failure;
};

static void clear(struct lines_run *run, struct block *set)
{
    for (size_t i = 0; i < run->blocks; i++)
        set[i].count = set[i].used = set[i].most = 0;
}

static void get_elements(struct lines_run *run, struct block *set)
{
    const struct lines *lines = run->lines;
    const size_t most_bytes = BLOCK_BYTES * (run->packs ? LARGER : 1);
    bool end = run->end, ok = true;
    for (size_t i = 0; i < run->blocks && !end; i++) {
        struct block *block = &set[i];
        while (block->count < run->elements && block->most < most_bytes && !end) {
            size_t most = 0;
            end = !lines->next(lines->context, block->element + block->count * lines->size, &most,
                               &ok, &run->failure);
            block->count += !end;
            block->most += most;
        }
    }
    run->end = end;
    run->ok = run->ok && ok;
}

static void look_ahead(const struct lines *lines, const struct block *block, size_t i, bool last)
{
    if (i < block->count && lines->ahead != NULL)
        lines->ahead(lines->context, block->element + i * lines->size, last);
}

static void make_text(struct lines_run *run, struct block *block)
{
    const struct lines *lines = run->lines;
    block->failed = !memory_grow(&block->text, &block->capacity, block->most, 1, &block->failure);
    if (block->failed)
        return;
    char *to = block->text;
    for (size_t i = 0; i < block->count; i++) {
        look_ahead(lines, block, i + 2 * AHEAD, false);
        look_ahead(lines, block, i + AHEAD, true);
        to = lines->format(lines->context, block->element + i * lines->size, to);
    }
    block->used = (size_t)(to - block->text);
    if (run->packs && block->count > 0)
        block->failed = !memory_grow(&block->packed, &block->packed_capacity,
                                     gzip_most(block->used), 1, &block->failure) ||
                        !gzip_pack(block->text, block->used, block->packed, &block->packed_size,
                                   &block->failure);
}

static void write_text(struct lines_run *run, struct block *set)
{
    for (size_t i = 0; i < run->blocks && set[i].count > 0; i++) {
        if (run->packs)
            output_write_packed(run->output, set[i].packed, set[i].packed_size);
        else
            output_write(run->output, set[i].text, set[i].used);
        run->written += set[i].count;
    }
    clear(run, set);
}

// Of a round: the first item writes, the second gets elements, the others make text.
static void do_item(void *context, size_t worker, size_t item)
{
    struct lines_run *run = context;
    (void)worker;
    if (item == 0)
        write_text(run, run->block[run->round % SETS]);
    else if (item == 1)
        get_elements(run, run->block[(run->round + 2) % SETS]);
    else
        make_text(run, &run->block[(run->round + 1) % SETS][item - 2]);
}

static bool start_blocks(struct lines_run *run, struct error *error)
{
    for (size_t s = 0; s < SETS; s++) {
        run->block[s] = memory_new(run->blocks, sizeof *run->block[s], error);
        if (run->block[s] == NULL)
            return false;
        for (size_t i = 0; i < run->blocks; i++) {
            run->block[s][i].element = memory_new(run->elements, run->lines->size, error);
            if (run->block[s][i].element == NULL)
                return false;
        }
    }
    return true;
}

static void free_blocks(struct lines_run *run)
{
    for (size_t s = 0; s < SETS; s++) {
        for (size_t i = 0; run->block[s] != NULL && i < run->blocks; i++) {
            free(run->block[s][i].element);
            free(run->block[s][i].text);
            free(run->block[s][i].packed);
        }
        free(run->block[s]);
    }
}

static bool made_well(const struct lines_run *run, struct error *error)
{
    const struct block *set = run->block[(run->round + 1) % SETS];
    for (size_t i = 0; i < run->blocks; i++) {
        if (set[i].failed && error != NULL)
            *error = set[i].failure;
        if (set[i].failed)
            return false;
    }
    if (!run->ok && error != NULL)
        *error = run->failure;
    return run->ok;
}

static size_t blocks_for(size_t threads, size_t memory)
{
    size_t blocks = threads > 1 ? threads * BLOCKS_A_THREAD : 1;
    size_t most = memory / 8 / (SETS * (size_t)BLOCK_TAKES);
    return blocks < most ? blocks : most > threads ? most : threads;
}

// Elements are written in the second round behind that in which they are got.
bool lines_write(const struct lines *lines, struct output *output,
                 const struct allowance *allowance, struct error *error)
{
    struct pool *pool = allowance->pool;
    size_t threads = pool_ready(pool);
    struct lines_run run = {.lines = lines,
                            .output = output,
                            .packs = output_is_compressed(output),
                            .blocks = blocks_for(threads, allowance->limit),
                            .elements = BLOCK_ELEMENTS,
                            .ok = true};
    if (run.packs) {
        run.elements *= LARGER;
        run.blocks = (run.blocks + 1) / 2;
    }
    bool ok = start_blocks(&run, error);
    for (int last = 0; ok && last < SETS; run.round++) {
        pool_run(pool, do_item, &run, run.blocks + 2);
        watch_add(allowance->watch, run.written);
        run.written = 0;
        ok = made_well(&run, error);
        last += run.end;
    }
    free_blocks(&run);
    return ok;
}
