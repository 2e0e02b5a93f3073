// rnnlm -dynamic: networks that go on learning from the text that they are tested on.
#include <math.h>
#include <stdlib.h>
#include <unistd.h>

#include "main_scoring.h"
#include "model/model_file.h"
#include "train/statistics.h"

bool main_has_adapter(void)
{
    return set.dynamic > 0 && set.dynamic_rule != NULL && strcmp(set.dynamic_rule, "rms") == 0;
}

// Numbers of which too small a root is none: a part of the mean.
static const double LEAST_ROOT = 0.01;

static bool read_statistics(struct evaluation *evaluation, struct error *error)
{
    bool named = set.statistics != NULL;
    char *path = named ? model_file_beside(set.statistics, "", error)
                       : model_file_beside(first_model(), STATISTICS_SUFFIX, error);
    gradient_roots_free(&evaluation->roots);
    bool ok =
        path != NULL && statistics_read(&evaluation->roots, &evaluation->model[0], path, error);
    if (!ok && path != NULL && !named && access(path, F_OK) != 0)
        error_add(error, ": rnnlm-model -statistics TEXT makes it of the training text");
    free(path);
    return ok;
}

static bool start_adapter(struct evaluation *evaluation, struct error *error)
{
    struct model *model = &evaluation->model[0];
    if (!read_statistics(evaluation, error))
        return false;
    const struct adapter_rule rule = {.rate = set.dynamic,
                                      .decay = set.dynamic_decay,
                                      .epsilon = LEAST_ROOT * evaluation->roots.mean + 1e-30,
                                      .words = (size_t)set.dynamic_words,
                                      .independent = set.independent || model->record.independent};
    adapter_free(&evaluation->adapter);
    return adapter_init(&evaluation->adapter, &model->network, &rule, &evaluation->roots, error);
}

bool main_start_learner(struct evaluation *evaluation, struct error *error)
{
    struct model *model = &evaluation->model[0];
    const struct learning_rule rule = {.alpha = (float)set.dynamic,
                                       .beta = (float)set.beta,
                                       .gradient_cutoff = (float)set.gradient_cutoff,
                                       .bptt = model->record.bptt,
                                       .bptt_block = model->record.bptt_block,
                                       .independent = set.independent || model->record.independent};
    if (evaluation->blend.networks > 1)
        return error_usage(error, "-dynamic wants a single model, found %zu",
                           evaluation->blend.networks);
    evaluation->ready = main_has_adapter()
                            ? start_adapter(evaluation, error)
                            : learner_init(&evaluation->learner, &model->network, &rule, error);
    return evaluation->ready;
}

bool main_restart_learner(struct evaluation *evaluation, struct error *error)
{
    main_free_sources(&evaluation->blend);
    learner_free(&evaluation->learner);
    evaluation->learner = (struct learner){.network = NULL};
    adapter_free(&evaluation->adapter);
    model_free(&evaluation->model[0]);
    return model_load(&evaluation->model[0], first_model(), error) &&
           main_start_learner(evaluation, error);
}

// ---- tuning -----------------------------------------------------------------------------------

// log10 P of the -tune text, of the words that the network knows, with set.dynamic and set.dynamic_decay. A
// network that blows up has minus infinity.
static bool score_tune(struct evaluation *evaluation, double *log10_prob, struct error *error)
{
    struct source *network;
    struct token token;
    struct source_word word;
    *log10_prob = 0;
    if (!main_restart_learner(evaluation, error) ||
        !main_make_sources(evaluation, set.tune_lm_prob, false, true, error))
        return false;
    struct reader *text = main_open_text(evaluation, set.tune, error);
    network = evaluation->blend.network[0];
    while (text != NULL && *log10_prob > -INFINITY && reader_next(text, &token)) {
        if (source_next(network, &token, &word, error))
            *log10_prob += word.prob > 0 ? log10(word.prob) : word.id >= 0 ? -INFINITY : 0;
        else if (error_is_of_memory(error))
            break;
        else
            *log10_prob = -INFINITY;
    }
    bool ok = text != NULL && (*log10_prob <= -INFINITY || reader_ok(text, error)) &&
              !(*log10_prob > -INFINITY && isnan(*log10_prob));
    reader_close(text);
    return ok;
}

// From *value on, by a factor, as long as the text becomes more probable; then the other way, if the first
// step has not made it so.
static bool climb(struct evaluation *evaluation, double *value, double factor, double most,
                  double *best, struct error *error)
{
    double at = *value, start = *value, found;
    for (int way = 0; way < 2; way++, factor = 1 / factor) {
        if (way == 1 && at != start)
            return true;
        for (*value = at * factor; *value <= most && *value > 1e-12; *value *= factor) {
            if (!score_tune(evaluation, &found, error))
                return false;
            if (!(found > *best))
                break;
            *best = found;
            at = *value;
        }
        *value = at;
    }
    return true;
}

bool main_tune_dynamic(struct evaluation *evaluation, struct output *output, struct error *error)
{
    static const double SGD = 0.1,
                        RMS = 2e-5; // rates to begin with; of RMS for each word of a block
    double best;
    if (set.tune == NULL)
        return error_usage(error, "-dynamic auto wants a text to find the rate on: -tune FILE");
    set.dynamic = main_has_adapter() ? RMS * (double)set.dynamic_words : SGD;
    bool ok = score_tune(evaluation, &best, error) &&
              climb(evaluation, &set.dynamic, 2, 1e6, &best, error) &&
              (!main_has_adapter() || given.dynamic_decay ||
               climb(evaluation, &set.dynamic_decay, 4, 1, &best, error)) &&
              main_restart_learner(evaluation, error);
    if (ok && set.debug > 0 && main_form == TEST_TOTALS) {
        output_format(output, "dynamic evaluation of %s: -dynamic %g", first_model(), set.dynamic);
        if (main_has_adapter())
            output_format(output, " -dynamic-decay %g", set.dynamic_decay);
        output_text(output, "\n");
    }
    return ok;
}
