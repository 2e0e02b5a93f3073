// Epochs in batches.
#include "train/batch_run.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "net/state.h"

static size_t block_steps(const struct training_record *record)
{
    return (size_t)(record->bptt_block + record->bptt);
}

static bool init_batch(struct batch_run *run, const struct batch_rule *rule, size_t streams,
                       const struct batch_division *division, struct pool *pool,
                       struct error *error)
{
    struct model *model = run->model;
    struct batch_rule own = *rule;
    size_t processes = division->peers->size;
    run->pieces =
        (struct pieces_rule){.peers = division->peers,
                             .pieces = division->pieces > 0 ? division->pieces : processes,
                             .average = division->average};
    if (run->pieces.pieces > 1 || division->average)
        own.pieces = &run->pieces;
    return batch_init(&run->batch, &model->network, &own, streams, block_steps(&model->record),
                      pool, error) &&
           (!division->average ||
            average_init(&run->average, division->peers, &model->network, &division->rule, error));
}

bool batch_run_init(struct batch_run *run, struct model *model, const struct batch_rule *rule,
                    struct text_streams *streams, size_t count,
                    const struct batch_division *division, struct pool *pool, struct error *error)
{
    *run = (struct batch_run){.model = model, .streams = streams, .every = division->every};
    return init_batch(run, rule, count, division, pool, error);
}

void batch_run_free(struct batch_run *run)
{
    if (run->batch.network != NULL)
        batch_free(&run->batch);
    average_free(&run->average);
    memset(run, 0, sizeof *run);
}

static size_t all_streams(const struct batch_run *run)
{
    return run->batch.pieces != NULL ? run->batch.pieces->streams : run->batch.tape.streams;
}

// The words before a stream's next one, without the latest, which is still to be taken in.
static bool start_stream(struct batch_run *run, size_t b, struct error *error)
{
    int32_t before[SHAPE_MOST_ORDER + 1];
    const struct network *network = &run->model->network;
    float *value = memory_new(network->state, sizeof *value, error);
    if (value == NULL)
        return false;
    text_streams_history(run->streams, b, before, SHAPE_MOST_ORDER + 1);
    bool afresh = run->batch.rule.independent && before[0] == WORD_END, ended = afresh;
    for (size_t i = 1; run->batch.rule.independent && i <= SHAPE_MOST_ORDER; i++) {
        ended = ended || before[i] == WORD_END;
        before[i] = ended ? WORD_END : before[i];
    }
    state_values(network, afresh ? STATE_SENTENCE : STATE_TEXT, NULL, value);
    (run->batch.pieces != NULL ? pieces_start : batch_start)(&run->batch, b, value, before + 1);
    free(value);
    return true;
}

bool batch_run_start(struct batch_run *run, uint64_t words, bool anew, struct error *error)
{
    struct batch *batch = &run->batch;
    uint64_t streams = all_streams(run);
    uint64_t step = words / streams + (words % streams > 0); // the last one may not have all
    if (!text_streams_start(run->streams, (uint64_t)run->model->record.epochs, step, error))
        return false;
    for (size_t b = 0; anew && b < streams; b++)
        if (!start_stream(run, b, error))
            return false;
    batch->block = (uint64_t)run->model->record.epochs << 32 | step / batch->tape.steps;
    batch_refresh(batch);
    if (run->average.network != NULL)
        average_begin(&run->average);
    run->note = (struct share_note){0};
    return true;
}

// Reads the next steps of some streams into the tape, and what teachers say of them.
static void read_streams(struct batch_run *run, size_t first, size_t count, size_t steps)
{
    struct tape *tape = &run->batch.tape;
    text_streams_read_parts(run->streams, first, count, steps, tape->word, tape->target);
    for (size_t b = 0; b < count && run->batch.lesson != NULL; b++) {
        uint64_t place = text_streams_place(run->streams, first + b);
        for (size_t t = 0; t < steps; t++)
            run->batch.lesson[t * count + b] =
                lessons_at(run->lessons, place + t, tape->target[t * count + b]);
    }
}

// Learns what this process has of a block.
static bool learn_pieces(struct batch_run *run, size_t steps, struct share_note *note,
                         struct error *error)
{
    struct batch *batch = &run->batch;
    struct pieces_range own = pieces_own(batch->pieces);
    for (size_t p = own.first; p < own.first + own.count; p++) {
        struct pieces_range streams = pieces_range(batch->pieces, p);
        read_streams(run, streams.first, streams.count, steps);
        if (!pieces_learn(batch, p, steps, note, error))
            return false;
    }
    text_streams_advance(run->streams, steps);
    return pieces_step(batch, note, error);
}

// What all processes have learnt since they were settled.
static bool add_notes(struct batch_run *run, struct error *error)
{
    struct peers_parts parts = {0};
    struct share_note sum = {0}, note;
    bool ok = peers_gather(run->pieces.peers, &run->note, sizeof run->note, &parts, error);
    for (size_t i = 0; ok && i < run->pieces.peers->size; i++) {
        memcpy(&note, parts.part[i].data, sizeof note);
        sum.log10_prob += note.log10_prob;
        sum.due = sum.due || note.due;
        sum.asked = sum.asked != 0 ? sum.asked : note.asked;
    }
    run->note = sum;
    peers_parts_free(&parts);
    return ok;
}

static bool settle(struct batch_run *run, struct error *error)
{
    if (!add_notes(run, error) || !average_step(&run->average, error))
        return false;
    batch_refresh(&run->batch);
    return true;
}

static int32_t asked(const struct batch_run *run)
{
    return run->stop != NULL ? atomic_load(run->stop) : 0;
}

// A block of streams that are divided.
static bool next_divided(struct batch_run *run, uint64_t before, size_t steps, struct error *error)
{
    struct share_note note = {.asked = asked(run), .due = run->wants_save};
    uint64_t every = run->every > 0 ? run->every : 1;
    if (!learn_pieces(run, steps, &note, error))
        return false;
    run->note.log10_prob += note.log10_prob;
    run->note.asked = note.asked;
    run->note.due = note.due;
    uint64_t words = text_streams_done(run->streams);
    run->settled = run->average.network == NULL || words / every != before / every ||
                   text_streams_left(run->streams, 1) == 0;
    return !run->settled || run->average.network == NULL || settle(run, error);
}

static bool next_block(struct batch_run *run, uint64_t before, size_t steps, double *log10_prob,
                       struct error *error)
{
    struct batch *batch = &run->batch;
    if (batch->pieces != NULL)
        return next_divided(run, before, steps, error);
    run->note.asked = asked(run);
    run->note.due = run->wants_save;
    run->settled = true;
    read_streams(run, 0, batch->tape.streams, steps);
    text_streams_advance(run->streams, steps);
    return batch_learn(batch, steps, log10_prob, error);
}

bool batch_run_next(struct batch_run *run, uint64_t *words, double *log10_prob, bool *more,
                    struct error *error)
{
    size_t steps = text_streams_left(run->streams, run->batch.tape.steps);
    *more = steps > 0;
    if (*more && !next_block(run, *words, steps, log10_prob, error))
        return false;
    *words = text_streams_done(run->streams);
    if (!*more || !run->settled)
        return true;
    *log10_prob += run->note.log10_prob;
    run->asked = run->note.asked != 0;
    run->due = run->note.due != 0;
    run->note = (struct share_note){0};
    return true;
}

bool batch_run_gather(struct batch_run *run, struct error *error)
{
    return run->batch.pieces == NULL || pieces_gather(&run->batch, error);
}

void batch_run_values(const struct batch_run *run, float *value)
{
    size_t last = all_streams(run) - 1;
    (run->batch.pieces != NULL ? pieces_values : batch_values)(&run->batch, last, value);
}

bool batch_run_finish(struct batch_run *run, float *value, struct error *error)
{
    const struct network *network = &run->model->network;
    int32_t word;
    float *before = memory_new(network->state, sizeof *before, error);
    bool ok = before != NULL;
    if (ok) {
        text_streams_history(run->streams, all_streams(run) - 1, &word, 1);
        batch_run_values(run, before);
        ok = state_step(network, before, word, value, error);
    }
    free(before);
    return ok;
}

void batch_run_kept(struct batch_run *run, struct kept *kept)
{
    batch_kept(&run->batch, kept);
    if (run->average.network != NULL)
        average_kept(&run->average, kept);
}
