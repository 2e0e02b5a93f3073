// Shared gradients.
//
// A message is a list of records: rows that follow each other and have as many terms, those of a
// piece behind those of the one before. On every process messages are taken in the order of ranks, and
// pieces lie in this order.
#include "learn/share.h"

#include <stdlib.h>
#include <string.h>

#include "base/kernels.h"
#include "base/memory.h"
#include "learn/held.h"

struct record {
    uint32_t parameter, first, count, terms;
    // Behind it: float power[count], if the optimiser wants norms; float row[count][width]
};

enum { NOTE = UINT32_MAX }; // the parameter of a record that is followed by a share_note

bool share_init(struct share *share, struct peers *peers, struct optimiser *optimiser,
                struct pool *pool, struct error *error)
{
    memset(share, 0, sizeof *share);
    share->peers = peers;
    share->optimiser = optimiser;
    share->pool = pool;
    if (!held_share(optimiser, error))
        return false;
    share->send = memory_new(peers->size, sizeof *share->send, error);
    share->power = memory_new(optimiser->stretches, sizeof *share->power, error);
    return share->send != NULL && share->power != NULL;
}

void share_free(struct share *share)
{
    for (size_t i = 0; share->send != NULL && i < share->peers->size; i++)
        peers_bytes_free(&share->send[i]);
    peers_parts_free(&share->received);
    free(share->send);
    free(share->power);
    memset(share, 0, sizeof *share);
}

static size_t owner_of(const struct share *share, size_t item)
{
    return item % share->peers->size;
}

static size_t own_items(const struct share *share)
{
    size_t items = share->optimiser->stretches, rank = share->peers->rank;
    return items > rank ? (items - rank - 1) / share->peers->size + 1 : 0;
}

static size_t own_item(const struct share *share, size_t i)
{
    return share->peers->rank + i * share->peers->size;
}

// ---- what is sent -------------------------------------------------------------------------------

// Rows from `row` on of a stretch that have as many terms.
static size_t alike(const uint32_t *terms, size_t row, size_t end)
{
    size_t from = row;
    while (row < end && terms[row] == terms[from])
        row++;
    return row - from;
}

static bool put_rows(struct peers_bytes *bytes, const struct held_rows *rows, const float *from,
                     const float *power, const struct record *record)
{
    size_t count = record->count, powers = power != NULL ? count : 0;
    char *to = peers_bytes_room(
        bytes, sizeof *record + (powers + count * rows->width) * sizeof(float), NULL);
    if (to == NULL)
        return false;
    memcpy(to, record, sizeof *record);
    to += sizeof *record;
    if (powers > 0)
        memcpy(to, power + record->first, powers * sizeof(float));
    to += powers * sizeof(float);
    for (size_t i = 0; i < count; i++)
        memcpy(to + i * rows->width * sizeof(float), from + (record->first + i) * rows->stride,
               rows->width * sizeof(float));
    return true;
}

// What is held of a stretch, or with `weights` those of its rows.
static bool put_stretch(const struct share *share, struct peers_bytes *bytes, size_t item,
                        bool weights)
{
    const struct optimiser *optimiser = share->optimiser;
    struct held_stretch stretch = held_stretch(optimiser, item);
    struct held_rows rows = held_rows_of(optimiser, stretch.parameter);
    const struct held *held = &optimiser->held[stretch.parameter];
    const float *from =
        weights ? optimiser->network->parameter[stretch.parameter].data : held->rows;
    size_t end = stretch.first + stretch.count, count;
    bool ok = true;
    for (size_t i = stretch.first; ok && i < end; i += count) {
        count = alike(held->terms, i, end);
        struct record record = {(uint32_t)stretch.parameter, (uint32_t)i, (uint32_t)count,
                                held->terms[i]};
        if (record.terms > 0)
            ok = put_rows(bytes, &rows, from, weights ? NULL : held->power, &record);
    }
    return ok;
}

// What is held that process `peer` owns.
static void put_for(void *context, size_t worker, size_t peer)
{
    struct share *share = context;
    size_t items = share->optimiser->stretches;
    (void)worker;
    for (size_t item = peer; item < items; item += share->peers->size)
        if (!put_stretch(share, &share->send[peer], item, false)) {
            atomic_store(&share->failed, true);
            return;
        }
}

static bool no_memory(struct error *error)
{
    return error_set(error, "not enough memory for what goes to other processes");
}

bool share_piece(struct share *share, const struct share_note *note, struct error *error)
{
    struct record record = {.parameter = NOTE};
    pool_run(share->pool, put_for, share, share->peers->size);
    held_forget(share->optimiser);
    if (atomic_load(&share->failed))
        return no_memory(error);
    for (size_t i = 0; i < share->peers->size; i++)
        if (!peers_bytes_add(&share->send[i], &record, sizeof record, error) ||
            !peers_bytes_add(&share->send[i], note, sizeof *note, error))
            return false;
    return true;
}

// ---- what is received ---------------------------------------------------------------------------

// Bytes behind a record.
static size_t behind(const struct share *share, const struct record *record, bool weights)
{
    if (record->parameter == NOTE)
        return sizeof(struct share_note);
    size_t width = held_rows_of(share->optimiser, record->parameter).width;
    bool powers = !weights && share->optimiser->held[record->parameter].power != NULL;
    return record->count * (width + powers) * sizeof(float);
}

static void add_row(struct held *held, const struct held_rows *rows, size_t row, uint32_t terms,
                    const float *from)
{
    float *to = held->rows + row * rows->stride;
    if (held->terms[row] == 0) {
        memcpy(to, from, rows->width * sizeof *to);
        memset(to + rows->width, 0, (rows->stride - rows->width) * sizeof *to);
    } else {
        for (size_t i = 0; i < rows->width; i++)
            to[i] += from[i];
    }
    held->terms[row] += terms;
    if (!held->runs) // two stretches, of different threads, may be in a group
        held_mark(held, row, 1);
}

static void add_record(const struct share *share, const struct record *record, const char *data)
{
    struct held *held = &share->optimiser->held[record->parameter];
    struct held_rows rows = held_rows_of(share->optimiser, record->parameter);
    const float *from = (const float *)(const void *)data;
    for (size_t i = 0; held->power != NULL && i < record->count; i++)
        held->power[record->first + i] += from[i];
    from += held->power != NULL ? record->count : 0;
    for (size_t i = 0; i < record->count; i++)
        add_row(held, &rows, record->first + i, record->terms, from + i * rows.width);
}

static void take_weights(const struct share *share, const struct record *record, const char *data)
{
    const struct optimiser *optimiser = share->optimiser;
    const struct parameter *parameter = &optimiser->network->parameter[record->parameter];
    struct held_rows rows = held_rows_of(optimiser, record->parameter);
    float *to = (float *)parameter->data + record->first * rows.stride;
    for (size_t i = 0; i < record->count; i++)
        memcpy(to + i * rows.stride, data + i * rows.width * sizeof *to, rows.width * sizeof *to);
    if (parameter->use == PARAMETER_EACH_WORD)
        columns_fill_rows(&optimiser->columns[record->parameter], parameter, record->first,
                          record->count);
}

// A message is taken in by all threads side by side, each of which looks for what is for it. A stretch is for
// one, whoever has sent it: how many there are changes no sum.
static size_t parts_of(const struct share *share)
{
    return pool_threads(share->pool);
}

static bool is_for(const struct share *share, const struct record *record, size_t part)
{
    size_t most = share->optimiser->held[record->parameter].stretch_rows;
    return (record->first / most + record->parameter) % parts_of(share) == part;
}

static void take_part(struct share *share, size_t part, bool weights)
{
    for (size_t i = 0; i < share->peers->size; i++) {
        struct peers_span from = share->received.part[i];
        if (weights && i == share->peers->rank)
            continue;
        for (size_t at = 0; at < from.size;) {
            struct record record;
            memcpy(&record, from.data + at, sizeof record);
            at += sizeof record;
            if (record.parameter != NOTE && is_for(share, &record, part)) {
                if (weights)
                    take_weights(share, &record, from.data + at);
                else
                    add_record(share, &record, from.data + at);
            }
            at += behind(share, &record, weights);
        }
    }
}

static void add_part(void *context, size_t worker, size_t part)
{
    (void)worker;
    take_part(context, part, false);
}

static void weights_part(void *context, size_t worker, size_t part)
{
    (void)worker;
    take_part(context, part, true);
}

static void add_notes(const struct share *share, struct share_note *sum)
{
    *sum = (struct share_note){0};
    for (size_t i = 0; i < share->peers->size; i++) {
        struct peers_span from = share->received.part[i];
        for (size_t at = 0; at < from.size;) {
            struct record record;
            struct share_note note;
            memcpy(&record, from.data + at, sizeof record);
            at += sizeof record;
            if (record.parameter == NOTE) {
                memcpy(&note, from.data + at, sizeof note);
                sum->log10_prob += note.log10_prob;
                sum->due = sum->due || note.due;
                sum->asked = sum->asked != 0 ? sum->asked : note.asked;
            }
            at += behind(share, &record, false);
        }
    }
}

// ---- a block ------------------------------------------------------------------------------------

static void measure_item(void *context, size_t worker, size_t i)
{
    struct share *share = context;
    (void)worker;
    share->power[i] = held_measure(share->optimiser, own_item(share, i));
}

// Each measures what it owns; the sum is taken in the order of stretches.
static bool clip(struct share *share, struct error *error)
{
    size_t items = share->optimiser->stretches, own = own_items(share);
    struct peers_parts *parts = &share->received;
    double power = 0;
    pool_run(share->pool, measure_item, share, own);
    if (!peers_gather(share->peers, share->power, own * sizeof *share->power, parts, error))
        return false;
    for (size_t item = 0; item < items; item++) {
        double square;
        memcpy(&square,
               parts->part[owner_of(share, item)].data + item / share->peers->size * sizeof square,
               sizeof square);
        power += square;
    }
    optimiser_clip(share->optimiser, power);
    return true;
}

static void move_item(void *context, size_t worker, size_t i)
{
    struct share *share = context;
    held_move(share->optimiser, worker, own_item(share, i));
}

// The rows that have moved.
static bool spread(struct share *share, struct error *error)
{
    struct peers_bytes *bytes = &share->send[0];
    bytes->size = 0;
    for (size_t i = 0; i < own_items(share); i++)
        if (!put_stretch(share, bytes, own_item(share, i), true))
            return no_memory(error);
    if (!peers_gather(share->peers, bytes->data, bytes->size, &share->received, error))
        return false;
    pool_run(share->pool, weights_part, share, parts_of(share));
    return true;
}

bool share_step(struct share *share, struct share_note *note, struct error *error)
{
    struct optimiser *optimiser = share->optimiser;
    if (!peers_exchange(share->peers, share->send, &share->received, error))
        return false;
    add_notes(share, note);
    pool_run(share->pool, add_part, share, parts_of(share));
    if (optimiser->rule.clip_norm > 0 && !clip(share, error))
        return false;
    pool_run(share->pool, move_item, share, own_items(share));
    if (share->peers->size > 1 && !spread(share, error))
        return false;
    held_forget(optimiser);
    optimiser->blocks++;
    for (size_t i = 0; i < share->peers->size; i++)
        share->send[i].size = 0;
    return true;
}

// ---- memory -------------------------------------------------------------------------------------

// Has the memory of a stretch visited, part by part.
static bool visit_memory(const struct share *share, size_t item,
                         bool (*visit)(void *context, void *data, size_t bytes), void *context)
{
    struct optimiser *optimiser = share->optimiser;
    const struct optimiser_type *type = optimiser->type;
    struct held_stretch stretch = held_stretch(optimiser, item);
    size_t id = stretch.parameter, stride = held_rows_of(optimiser, id).stride;
    bool ok = true;
    for (size_t which = 0; ok && which < type->per_weight; which++)
        ok = visit(context,
                   optimiser_weights_memory(optimiser, id, which, 0) + stretch.first * stride,
                   stretch.count * stride * sizeof(float));
    if (ok && type->per_row > 0 && !optimiser->held[id].runs)
        ok = visit(context, optimiser_row_memory(optimiser, id, stretch.first),
                   stretch.count * type->per_row * sizeof(float));
    return ok;
}

static bool put_memory(void *context, void *data, size_t bytes)
{
    return peers_bytes_add(context, data, bytes, NULL);
}

static bool take_memory(void *context, void *data, size_t bytes)
{
    const char **from = context;
    memcpy(data, *from, bytes);
    *from += bytes;
    return true;
}

bool share_memory(struct share *share, struct error *error)
{
    struct peers_bytes *bytes = &share->send[0];
    size_t items = share->optimiser->stretches;
    if (share->peers->size == 1)
        return true;
    for (size_t i = 0; i < own_items(share); i++)
        if (!visit_memory(share, own_item(share, i), put_memory, bytes))
            return no_memory(error);
    bool ok = peers_gather(share->peers, bytes->data, bytes->size, &share->received, error);
    bytes->size = 0;
    for (size_t rank = 0; ok && rank < share->peers->size; rank++) {
        const char *from = share->received.part[rank].data;
        for (size_t item = rank; item < items; item += share->peers->size)
            visit_memory(share, item, take_memory, &from);
    }
    return ok;
}
