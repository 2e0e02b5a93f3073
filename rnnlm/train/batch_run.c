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

bool batch_run_init(struct batch_run *run, struct model *model, const struct batch_rule *rule,
                    struct text_streams *streams, size_t count, struct pool *pool,
                    struct error *error)
{
    *run = (struct batch_run){.model = model, .streams = streams};
    return batch_init(&run->batch, &model->network, rule, count, block_steps(&model->record), pool,
                      error);
}

void batch_run_free(struct batch_run *run)
{
    if (run->batch.network != NULL)
        batch_free(&run->batch);
    memset(run, 0, sizeof *run);
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
    batch_start(&run->batch, b, value, before + 1);
    free(value);
    return true;
}

bool batch_run_start(struct batch_run *run, uint64_t words, bool anew, struct error *error)
{
    struct batch *batch = &run->batch;
    uint64_t streams = batch->tape.streams;
    uint64_t step = words / streams + (words % streams > 0); // the last one may not have all
    if (!text_streams_start(run->streams, (uint64_t)run->model->record.epochs, step, error))
        return false;
    for (size_t b = 0; anew && b < batch->tape.streams; b++)
        if (!start_stream(run, b, error))
            return false;
    batch->block = (uint64_t)run->model->record.epochs << 32 | step / batch->tape.steps;
    batch_refresh(batch);
    return true;
}

bool batch_run_next(struct batch_run *run, uint64_t *words, double *log10_prob, bool *more,
                    struct error *error)
{
    struct batch *batch = &run->batch;
    size_t steps =
        text_streams_read(run->streams, batch->tape.steps, batch->tape.word, batch->tape.target);
    *words = text_streams_done(run->streams);
    *more = steps > 0;
    return !*more || batch_learn(batch, steps, log10_prob, error);
}

bool batch_run_finish(struct batch_run *run, float *value, struct error *error)
{
    const struct network *network = &run->model->network;
    size_t last = run->batch.tape.streams - 1;
    int32_t word;
    float *before = memory_new(network->state, sizeof *before, error);
    bool ok = before != NULL;
    if (ok) {
        text_streams_history(run->streams, last, &word, 1);
        batch_values(&run->batch, last, before);
        ok = state_step(network, before, word, value, error);
    }
    free(before);
    return ok;
}
