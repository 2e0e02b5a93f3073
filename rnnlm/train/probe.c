// Probes: a batch of its own whose optimiser measures gradients and moves nothing.
#include "train/probe.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

// ---- gradients --------------------------------------------------------------------------------

static double squares(const float *x, size_t count)
{
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += (double)x[i] * (double)x[i];
    return sum;
}

// The optimiser is the batch's, and the batch is the probe's.
static struct probe *probe_of(struct optimiser *optimiser)
{
    return (struct probe *)((char *)optimiser - offsetof(struct probe, batch.optimiser));
}

static void measure(struct optimiser *optimiser, const struct gradient *gradient,
                    struct optimiser_scratch *scratch)
{
    const struct parameter *parameter = &optimiser->network->parameter[gradient->parameter];
    double *power = &probe_of(optimiser)->power[gradient->parameter];
    if (gradient->form == GRADIENT_RUN) {
        *power += squares(gradient->left, gradient->count);
        return;
    }
    for (size_t at = 0; at < gradient->count; at += OPTIMISER_ROWS) {
        size_t left = gradient->count - at, count = left < OPTIMISER_ROWS ? left : OPTIMISER_ROWS;
        const float *rows = optimiser_gradient_rows(optimiser, gradient, at, count, scratch);
        for (size_t i = 0; i < count; i++)
            *power += squares(rows + i * parameter->stride, parameter->width);
    }
}

static const struct optimiser_type measuring = {.name = "measuring", .move = measure};

// ---- a piece of text --------------------------------------------------------------------------

void probe_text(const struct corpus *corpus, int32_t text[PROBE_TEXT])
{
    const struct corpus_text *from = corpus_text(corpus, 0);
    const uint64_t piece = PROBE_STEPS + 1, tokens = from->ids.tokens;
    const uint64_t last = tokens > piece ? tokens - piece : 0; // where the last stream may begin
    for (size_t i = 0; i < PROBE_TEXT; i++) {
        uint64_t at = last * (i / piece) / PROBE_STREAMS + i % piece;
        text[i] = at < tokens ? from->word[from->ids.id[at]] : WORD_OOV;
    }
}

bool probe_init(struct probe *probe, struct model *model, const int32_t text[PROBE_TEXT],
                const struct output_noise *noise, struct error *error)
{
    struct network *network = &model->network;
    const struct batch_rule rule = {.optimiser = &measuring,
                                    .through_time = true,
                                    .independent = model->record.independent,
                                    .noise = *noise};
    memset(probe, 0, sizeof *probe);
    probe->model = model;
    probe->pool = pool_new(1, error);
    memcpy(probe->text, text, sizeof probe->text);
    probe->power = memory_new(network->parameters, sizeof *probe->power, error);
    if (probe->pool == NULL || probe->power == NULL)
        return false;
    return batch_init(&probe->batch, network, &rule, PROBE_STREAMS, PROBE_STEPS, probe->pool,
                      error);
}

void probe_free(struct probe *probe)
{
    batch_free(&probe->batch);
    pool_free(probe->pool);
    free(probe->power);
    memset(probe, 0, sizeof *probe);
}

// Streams begin as texts do; words before `targets_from` are not predicted.
static void fill(struct probe *probe, size_t targets_from)
{
    struct batch *batch = &probe->batch;
    float *value = batch->value;
    state_values(batch->network, STATE_TEXT, NULL, value);
    for (size_t b = 0; b < PROBE_STREAMS; b++) {
        const int32_t *text = probe->text + b * (PROBE_STEPS + 1);
        batch_start(batch, b, value, NULL);
        for (size_t t = 0; t < PROBE_STEPS; t++) {
            batch->tape.word[t * PROBE_STREAMS + b] = text[t];
            batch->tape.target[t * PROBE_STREAMS + b] = t >= targets_from ? text[t + 1] : WORD_OOV;
        }
    }
}

// ---- figures ----------------------------------------------------------------------------------

enum { LIST = 24 * PROBE_STEPS, NAME = 96 };

static void layer_figure(char name[NAME], const char *figure, const struct network *network,
                         size_t l)
{
    snprintf(name, NAME, "%s.layer%zu.%s", figure, l, network->layer[l].type->name);
}

static void add_number(char list[LIST], double number)
{
    size_t used = strlen(list);
    snprintf(list + used, LIST - used, "%s%.4g", used > 0 ? " " : "", number);
}

static bool log_gradients(const struct probe *probe, struct log *log, uint64_t words,
                          double seconds)
{
    const struct network *network = probe->batch.network;
    for (size_t i = 0; i < network->parameters; i++) {
        char name[NAME];
        snprintf(name, NAME, "gradient.%s", network->parameter[i].name);
        if (network->parameter[i].use != PARAMETER_HASH &&
            !log_add(log, words, seconds, name, "%.4g", sqrt(probe->power[i])))
            return false;
    }
    return true;
}

// How the outputs of a layer's units are spread.
static bool log_activations(const struct probe *probe, struct log *log, uint64_t words,
                            double seconds)
{
    const struct tape *tape = &probe->batch.tape;
    for (size_t l = 0; l < tape->network->shape.layers; l++) {
        const struct tape_layer *own = &tape->layer[l];
        const size_t rows = PROBE_STREAMS * PROBE_STEPS, units = own->layer->units;
        double least = 0, most = 0;
        size_t bin[LOG_BINS] = {0};
        char name[NAME], list[LIST] = "";
        for (size_t r = 0; r < rows; r++)
            for (size_t i = 0; i < units; i++) {
                double value = (double)own->out[r * own->width + i];
                least = value < least ? value : least;
                most = value > most ? value : most;
            }
        least =
            least < 0 && least > -1 ? -1 : least; // of most kinds all outputs are within -1 and 1
        most = most < 1 ? 1 : most;
        for (size_t r = 0; r < rows; r++)
            for (size_t i = 0; i < units; i++) {
                double part = ((double)own->out[r * own->width + i] - least) / (most - least);
                size_t at = part > 0 ? (size_t)(part * LOG_BINS) : 0;
                bin[at < LOG_BINS ? at : LOG_BINS - 1]++;
            }
        add_number(list, least);
        add_number(list, most);
        for (size_t i = 0; i < LOG_BINS; i++)
            add_number(list, (double)bin[i] / (double)(rows * units));
        layer_figure(name, "activation", tape->network, l);
        if (!log_add(log, words, seconds, name, "%s", list))
            return false;
    }
    return true;
}

// Root of the mean over streams of squares of lengths, at the last step and back from there.
static bool log_errors(const struct probe *probe, struct log *log, uint64_t words, double seconds)
{
    const struct tape *tape = &probe->batch.tape;
    for (size_t l = 0; l < tape->network->shape.layers; l++) {
        const struct tape_layer *own = &tape->layer[l];
        char name[NAME], list[LIST] = "";
        for (size_t t = PROBE_STEPS; t-- > 0;) {
            double power = 0;
            for (size_t b = 0; b < PROBE_STREAMS; b++)
                power +=
                    squares(own->error + (t * PROBE_STREAMS + b) * own->width, own->layer->units);
            add_number(list, sqrt(power / PROBE_STREAMS));
        }
        layer_figure(name, "error", tape->network, l);
        if (!log_add(log, words, seconds, name, "%s", list))
            return false;
    }
    return true;
}

bool probe_take(struct probe *probe, struct log *log, uint64_t words, double seconds,
                struct error *error)
{
    struct batch *batch = &probe->batch;
    double log10_prob = 0;
    batch_refresh(batch);
    memset(probe->power, 0, batch->network->parameters * sizeof *probe->power);
    fill(probe, 0);
    if (!batch_learn(batch, PROBE_STEPS, &log10_prob, error))
        return false;
    bool ok =
        log_gradients(probe, log, words, seconds) && log_activations(probe, log, words, seconds);
    fill(probe, PROBE_STEPS - 1);
    if (!batch_compute(batch, PROBE_STEPS, &log10_prob, error))
        return false;
    return (ok && log_errors(probe, log, words, seconds)) || error_set(error, "not enough memory");
}
