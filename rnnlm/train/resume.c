// Where a run goes on from: what its checkpoint holds, and the settings that must be the same.
#include <inttypes.h>
#include <string.h>

#include "base/kernels.h"
#include "train/fingerprint.h"
#include "train/run.h"

// Where all three are the same, one option sets them.
static void list_dropout(const struct dropout_rule *dropout, struct checkpoint *checkpoint)
{
    if (dropout->input == dropout->layers && dropout->layers == dropout->output)
        checkpoint_setting(checkpoint, "-dropout", "%g", (double)dropout->input);
    else
        checkpoint_setting(checkpoint, "-dropout-input", "%g -dropout-layers %g -dropout-output %g",
                           (double)dropout->input, (double)dropout->layers,
                           (double)dropout->output);
}

static void list_noise(const struct training *training, const struct network_shape *shape,
                       struct checkpoint *checkpoint)
{
    if (!shape->output->noise)
        return;
    checkpoint_setting(checkpoint, "-noise", "%zu", training->noise.words);
    checkpoint_setting(checkpoint, "-noise-power", "%g", training->noise.power);
    if (!dropout_wanted(&training->dropout)) // which lists it too
        checkpoint_setting(checkpoint, "-rand-seed", "%" PRIu32, training->noise.seed);
}

// Where nothing is dropped, seed and masks are no matter.
static void list_regularisation(const struct training *training, struct checkpoint *checkpoint)
{
    const struct dropout_rule *dropout = &training->dropout;
    checkpoint_setting(checkpoint, "-dropout-words", "%g", (double)dropout->words);
    list_dropout(dropout, checkpoint);
    checkpoint_setting(checkpoint, "-dropout-recurrent", "%g", (double)dropout->recurrent);
    if (dropout_wanted(dropout)) {
        checkpoint_setting(checkpoint, "-dropout-mask", dropout->each_word ? "word" : "block");
        checkpoint_setting(checkpoint, "-rand-seed", "%" PRIu32, dropout->seed);
    }
    checkpoint_setting(checkpoint, "-penalty-activation", "%g",
                       (double)training->penalty.activation);
    checkpoint_setting(checkpoint, "-penalty-change", "%g", (double)training->penalty.change);
    if (training->self_normalise > 0)
        checkpoint_setting(checkpoint, "-self-normalise", "%g", training->self_normalise);
}

// What is drawn of each epoch's words (train/epoch_text.h).
static void list_order(struct run *run)
{
    const struct epoch_rule *order = &run->training->order;
    if (!text_streams_draw(run->text))
        checkpoint_setting(&run->checkpoint, "-shuffle", "0");
    else
        checkpoint_setting(&run->checkpoint, "-shuffle",
                           "%d -shuffle-block %" PRIu64 " -rand-seed %" PRIu32, order->shuffle,
                           order->block, order->seed);
}

// Teachers by their weights, wherever they are.
static void list_teachers(const struct training *training, struct checkpoint *checkpoint)
{
    for (size_t i = 0; i < training->teachers; i++)
        checkpoint_setting(checkpoint, "-teach", "%016" PRIx64 ":%g",
                           fingerprint_weights(&training->teacher[i].model->network),
                           training->teacher[i].weight);
    if (training->teachers > 0)
        checkpoint_setting(checkpoint, "-teach-share", "%g", training->lesson_share);
}

static void list_settings(struct run *run)
{
    const struct training *training = run->training;
    struct checkpoint *checkpoint = &run->checkpoint;
    const struct training_record *record = &run->model->record;
    char layers[SHAPE_TEXT];
    shape_print_layers(&run->model->network.shape, layers);
    checkpoint_setting(checkpoint, "vocabulary", "%016" PRIx64 "%s%s",
                       fingerprint_vocabulary(&run->model->vocabulary),
                       training->unknown != NULL ? ", other words as " : "",
                       training->unknown != NULL ? training->unknown : "");
    checkpoint_setting(checkpoint, "-layers", "%s", layers);
    checkpoint_setting(checkpoint, "text of -train", "%016" PRIx64,
                       corpus_checksum(training->train));
    checkpoint_setting(checkpoint, "text of -valid", "%016" PRIx64,
                       training->valid != NULL ? corpus_checksum(training->valid) : 0);
    list_order(run);
    checkpoint_setting(checkpoint, "-streams", "%zu", training->streams);
    if (training->streams > 0) {
        checkpoint_setting(checkpoint, "-products", training->halves ? "bf16" : "float");
        checkpoint_setting(checkpoint, "-optimiser", "%s", training->optimiser->name);
        checkpoint_setting(checkpoint, "-clip-norm", "%g", training->clip_norm);
        list_regularisation(training, checkpoint);
        list_noise(training, &run->model->network.shape, checkpoint);
        list_teachers(training, checkpoint);
    }
    checkpoint_setting(checkpoint, "-alpha", "%g", training->alpha);
    checkpoint_setting(checkpoint, "-beta", "%g", training->beta);
    checkpoint_setting(checkpoint, "-gradient-cutoff", "%g", training->gradient_cutoff);
    checkpoint_setting(checkpoint, "-min-improvement", "%g", training->min_improvement);
    checkpoint_setting(checkpoint, "-decay", "%g", training->decay);
    checkpoint_setting(checkpoint, "-epochs", "%" PRId64, training->epochs);
    checkpoint_setting(checkpoint, "-bptt", "%" PRId64, record->bptt);
    checkpoint_setting(checkpoint, "-bptt-block", "%" PRId64, record->bptt_block);
    checkpoint_setting(checkpoint, "-independent", "%d", record->independent);
    if (training->average)
        checkpoint_setting(checkpoint, "-peers", "average");
    checkpoint_setting(checkpoint, "RNNLM_KERNELS", "%s", kernels->name);
}

// What must be kept.
static void list_memory(struct run *run)
{
    struct kept *kept = &run->checkpoint.kept;
    struct model *model = run->model;
    kept_add_network(kept, "network", &model->network);
    kept_add(kept, "model", "state", model->state, model->network.state * sizeof(float));
    kept_add_network(kept, "best", &run->fallback);
    kept_add(kept, "best", "state", run->fallback_state, model->network.state * sizeof(float));
    if (run->training->streams > 0) {
        batch_run_kept(&run->batch, kept);
    } else {
        learner_kept(&run->learner, kept);
        kept_add(kept, "learner", "alpha", &run->learner.rule.alpha, sizeof(float));
    }
}

// Goes on from a checkpoint, if there is one.
bool run_resume(struct run *run, struct error *error)
{
    bool found;
    if (!checkpoint_init(&run->checkpoint, run->training->model_path, &run->model->record, error))
        return false;
    list_settings(run);
    list_memory(run);
    if (!kept_ok(&run->checkpoint.kept, error) || !division_same_training(run, error) ||
        !division_read_checkpoint(run, &found, error))
        return false;
    run->learnt = found && run->checkpoint.stage == CHECKPOINT_LEARNT;
    run->resumed = found && !run->learnt && run->model->record.position > 0;
    if (!found) {
        if (run->model->record.halving)
            run_begin_averages(run);
        return true;
    }
    run_tell(run, TRAINING_RESUMED, "%s", run->checkpoint.path);
    // The save that the checkpoint was written for may not have come to the model.
    bool ok = guard_is_finite(run, error) && run_save_model(run, error);
    run_show_averages(run, false);
    return ok;
}
