// Pieces of a batch.
#include "learn/pieces.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "learn/held.h"

static size_t divided(size_t all, size_t parts, size_t i)
{
    return (size_t)((unsigned __int128)all * i / parts);
}

static struct pieces_range part_of(size_t all, size_t parts, size_t i)
{
    size_t first = divided(all, parts, i);
    return (struct pieces_range){first, divided(all, parts, i + 1) - first};
}

size_t pieces_streams(const struct pieces_rule *rule, size_t streams)
{
    return (streams + rule->pieces - 1) / rule->pieces;
}

struct pieces_range pieces_range(const struct pieces *pieces, size_t piece)
{
    return part_of(pieces->streams, pieces->rule.pieces, piece);
}

struct pieces_range pieces_own(const struct pieces *pieces)
{
    return part_of(pieces->rule.pieces, pieces->rule.peers->size, pieces->rule.peers->rank);
}

// Streams of this process.
static struct pieces_range own_streams(const struct pieces *pieces, size_t rank)
{
    struct pieces_range own = part_of(pieces->rule.pieces, pieces->rule.peers->size, rank);
    size_t first = divided(pieces->streams, pieces->rule.pieces, own.first);
    size_t end = divided(pieces->streams, pieces->rule.pieces, own.first + own.count);
    return (struct pieces_range){first, end - first};
}

// ---- memory -----------------------------------------------------------------------------------

static bool allocate(struct batch *batch, struct error *error)
{
    struct pieces *pieces = batch->pieces;
    bool ok = true;
    pieces->layer = memory_new(batch->network->advanced, sizeof *pieces->layer, error);
    for (size_t l = 0; pieces->layer != NULL && ok && l < batch->network->advanced; l++) {
        const struct tape_layer *own = &batch->tape.layer[l];
        struct pieces_layer *layer = &pieces->layer[l];
        layer->after = memory_new(pieces->streams, own->width * sizeof(float), error);
        if (own->norm != NULL)
            layer->norm = memory_new(pieces->streams, sizeof(float), error);
        ok = layer->after != NULL && (layer->norm != NULL || own->norm == NULL);
    }
    if (ok && batch->history != NULL)
        pieces->history = memory_new(pieces->streams, SHAPE_MOST_ORDER * sizeof(int32_t), error);
    return pieces->layer != NULL && ok && (pieces->history != NULL || batch->history == NULL);
}

bool pieces_init(struct batch *batch, size_t streams, struct error *error)
{
    const struct pieces_rule *rule = batch->rule.pieces;
    struct pieces *pieces = batch->pieces = memory_new(1, sizeof *pieces, error);
    if (pieces == NULL)
        return false;
    pieces->rule = *rule;
    pieces->streams = streams;
    batch->dropout.streams = streams;
    size_t own = own_streams(pieces, rule->peers->rank).count;
    batch->optimiser.streams = !rule->average ? streams : own > 0 ? own : 1;
    return allocate(batch, error) &&
           (rule->average ||
            share_init(&pieces->share, rule->peers, &batch->optimiser, batch->pool, error));
}

void pieces_free(struct batch *batch)
{
    struct pieces *pieces = batch->pieces;
    if (pieces == NULL)
        return;
    for (size_t l = 0; pieces->layer != NULL && l < batch->network->advanced; l++) {
        free(pieces->layer[l].after);
        free(pieces->layer[l].norm);
    }
    free(pieces->layer);
    free(pieces->history);
    if (pieces->share.peers != NULL)
        share_free(&pieces->share);
    free(pieces);
}

void pieces_kept(struct batch *batch, struct kept *kept)
{
    struct pieces *pieces = batch->pieces;
    kept_add(kept, "batch", "history", pieces->history,
             pieces->streams * SHAPE_MOST_ORDER * sizeof(int32_t));
    for (size_t l = 0; l < batch->network->advanced; l++) {
        char owner[16];
        snprintf(owner, sizeof owner, "tape%d", (int)l);
        kept_add(kept, owner, "after", pieces->layer[l].after,
                 pieces->streams * batch->tape.layer[l].width * sizeof(float));
        kept_add(kept, owner, "norm", pieces->layer[l].norm, pieces->streams * sizeof(float));
    }
}

// ---- states -----------------------------------------------------------------------------------

// Copies what streams carry on, to the first rows of the tape or from there.
static void copy_states(struct batch *batch, struct pieces_range streams, bool to_tape)
{
    struct pieces *pieces = batch->pieces;
    for (size_t l = 0; l < batch->network->advanced; l++) {
        struct tape_layer *own = &batch->tape.layer[l];
        float *after = pieces->layer[l].after + streams.first * own->width;
        size_t bytes = streams.count * own->width * sizeof *after;
        memcpy(to_tape ? own->after : after, to_tape ? after : own->after, bytes);
        if (own->norm == NULL)
            continue;
        float *norm = pieces->layer[l].norm + streams.first;
        memcpy(to_tape ? own->norm : norm, to_tape ? norm : own->norm,
               streams.count * sizeof *norm);
    }
    if (batch->history == NULL)
        return;
    int32_t *history = pieces->history + streams.first * SHAPE_MOST_ORDER;
    memcpy(to_tape ? batch->history : history, to_tape ? history : batch->history,
           streams.count * SHAPE_MOST_ORDER * sizeof *history);
}

void pieces_start(struct batch *batch, size_t b, const float *value, const int32_t *history)
{
    batch_start(batch, 0, value, history);
    copy_states(batch, (struct pieces_range){b, 1}, false);
}

void pieces_values(const struct batch *batch, size_t b, float *value)
{
    for (size_t l = 0; l < batch->network->advanced; l++) {
        const struct tape_layer *own = &batch->tape.layer[l];
        if (own->layer->floats > 0)
            memcpy(value + own->layer->at, batch->pieces->layer[l].after + b * own->width,
                   own->width * sizeof *value);
    }
}

// ---- a block ----------------------------------------------------------------------------------

// The gradient of a piece, and what becomes of it.
static bool learn_streams(struct batch *batch, struct pieces_range streams, size_t steps,
                          double *log10_prob, struct error *error)
{
    tape_use_streams(&batch->tape, streams.count);
    copy_states(batch, streams, true);
    batch->dropout.first = streams.first;
    if (!batch_compute(batch, steps, log10_prob, error))
        return false;
    if (!batch->pieces->rule.average)
        optimiser_collect(&batch->optimiser, batch->pool, batch_give, batch, batch_items(batch));
    else if (!optimiser_step(&batch->optimiser, batch->pool, batch_give, batch, batch_items(batch),
                             error))
        return false;
    batch_carry_over(batch);
    copy_states(batch, streams, false);
    return true;
}

bool pieces_learn(struct batch *batch, size_t piece, size_t steps, struct share_note *note,
                  struct error *error)
{
    struct pieces *pieces = batch->pieces;
    struct pieces_range streams = pieces_range(pieces, piece);
    struct share_note own = {.asked = note->asked, .due = note->due};
    if (streams.count > 0 && !learn_streams(batch, streams, steps, &own.log10_prob, error))
        return false;
    note->log10_prob += own.log10_prob;
    return pieces->rule.average || share_piece(&pieces->share, &own, error);
}

bool pieces_step(struct batch *batch, struct share_note *note, struct error *error)
{
    batch->block++;
    return batch->pieces->rule.average || share_step(&batch->pieces->share, note, error);
}

// ---- all together -------------------------------------------------------------------------------

// Has what a process's streams carry on visited, part by part.
static bool visit_states(struct batch *batch, size_t rank,
                         bool (*visit)(void *context, void *data, size_t bytes), void *context)
{
    struct pieces *pieces = batch->pieces;
    struct pieces_range streams = own_streams(pieces, rank);
    bool ok = true;
    for (size_t l = 0; ok && l < batch->network->advanced; l++) {
        size_t width = batch->tape.layer[l].width;
        ok = visit(context, pieces->layer[l].after + streams.first * width,
                   streams.count * width * sizeof(float)) &&
             (pieces->layer[l].norm == NULL ||
              visit(context, pieces->layer[l].norm + streams.first, streams.count * sizeof(float)));
    }
    size_t order = SHAPE_MOST_ORDER;
    return ok && (pieces->history == NULL || visit(context, pieces->history + streams.first * order,
                                                   streams.count * order * sizeof(int32_t)));
}

static bool put(void *context, void *data, size_t bytes)
{
    return peers_bytes_add(context, data, bytes, NULL);
}

static bool take(void *context, void *data, size_t bytes)
{
    const char **from = context;
    if (bytes > 0)
        memcpy(data, *from, bytes);
    *from += bytes;
    return true;
}

static bool gather_states(struct batch *batch, struct error *error)
{
    struct peers *peers = batch->pieces->rule.peers;
    struct peers_bytes bytes = {0};
    struct peers_parts parts = {0};
    bool ok = visit_states(batch, peers->rank, put, &bytes) ||
              error_set(error, "not enough memory for what goes to other processes");
    ok = ok && peers_gather(peers, bytes.data, bytes.size, &parts, error);
    for (size_t rank = 0; ok && rank < peers->size; rank++) {
        const char *from = parts.part[rank].data;
        visit_states(batch, rank, take, &from);
    }
    peers_bytes_free(&bytes);
    peers_parts_free(&parts);
    return ok;
}

// Optimisers that have their own go on from the first one's.
static bool first_memory(struct batch *batch, struct error *error)
{
    struct kept kept = {0};
    optimiser_kept(&batch->optimiser, &kept);
    bool ok = kept_ok(&kept, error);
    for (size_t i = 0; ok && i < kept.count; i++)
        ok = peers_broadcast(batch->pieces->rule.peers, kept.piece[i].data, kept.piece[i].bytes,
                             error);
    kept_free(&kept);
    return ok;
}

bool pieces_gather(struct batch *batch, struct error *error)
{
    struct pieces *pieces = batch->pieces;
    if (pieces->rule.peers->size == 1)
        return true;
    return gather_states(batch, error) &&
           (pieces->rule.average ? first_memory(batch, error)
                                 : share_memory(&pieces->share, error));
}
