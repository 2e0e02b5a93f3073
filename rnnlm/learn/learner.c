// Online learning.
#include "learn/learner.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/kernels.h"
#include "base/memory.h"
#include "text/vocabulary.h"

enum { SPARE_ROWS = 64, PENALTY_EVERY = 10 };

// Steps of one pass back through time.
static size_t pass_steps(const struct learning_rule *rule)
{
    return rule->bptt < 1 ? 1 : (size_t)(rule->bptt + rule->bptt_block - 1);
}

bool learner_init(struct learner *learner, struct network *network,
                  const struct learning_rule *rule, struct error *error)
{
    memset(learner, 0, sizeof *learner);
    learner->network = network;
    learner->rule = *rule;
    // Independent sentences begin on an empty tape: no row of it has the end of one before it.
    if (!tape_init(&learner->tape, network, 1, pass_steps(rule) + SPARE_ROWS, false, false, false,
                   false, error))
        return false;
    learner->scratch = memory_new(learner->tape.scratch_row + network->state, sizeof(float), error);
    learner->output = network->shape.output->online->begin(network, error);
    return learner->scratch != NULL && learner->output != NULL;
}

void learner_free(struct learner *learner)
{
    if (learner->output != NULL)
        learner->network->shape.output->online->end(learner->output);
    if (learner->network != NULL)
        tape_free(&learner->tape);
    free(learner->scratch);
    memset(learner, 0, sizeof *learner);
}

void learner_start(struct learner *learner, enum state_start start, const float *stored)
{
    float *value = learner->scratch + learner->tape.scratch_row;
    memset(learner->history, 0, sizeof learner->history);
    state_values(learner->network, start, stored, value);
    tape_set_start(&learner->tape, 0, value);
    learner->rows = 0;
    learner->at_start = true;
}

void learner_values(const struct learner *learner, float *value)
{
    // Row -1 is the state before the first: it lies where that of the last row before would.
    tape_get_after(&learner->tape, learner->rows - 1, value);
}

// ---- the tape ---------------------------------------------------------------------------------

static void slide_rows(float *rows, size_t width, size_t from, size_t count)
{
    memmove(rows, rows + from * width, count * width * sizeof *rows);
}

// Keeps what the next pass can reach, and makes room behind it.
static void slide(struct learner *learner)
{
    struct tape *tape = &learner->tape;
    size_t kept = pass_steps(&learner->rule), from = learner->rows - kept;
    memmove(tape->word, tape->word + from, kept * sizeof *tape->word);
    for (size_t l = 0; l < learner->network->shape.layers; l++) {
        struct tape_layer *own = &tape->layer[l];
        slide_rows(own->after, own->width, from, kept + 1); // the state before the first, too
        slide_rows(own->error, own->width, from, kept);
        if (own->sums != NULL)
            slide_rows(own->sums, own->delta_row, from, kept);
    }
    learner->rows = kept;
    learner->at_start = false;
}

// ---- steps ------------------------------------------------------------------------------------

static void move(struct learner *learner, const struct gradient *gradient, float keep)
{
    linear_move(&learner->network->parameter[gradient->parameter], gradient, learner->rule.alpha,
                keep);
}

// The words of a look-up table, latest first.
static void move_words(struct learner *learner, struct tape_rows rows, float keep)
{
    const struct tape_layer *own = &learner->tape.layer[0];
    const struct parameter *table = layer_map(own->layer, MAP_INPUT);
    for (size_t r = rows.begin + rows.count; r-- > rows.begin;)
        if (learner->tape.word[r] >= 0)
            move(learner,
                 &(struct gradient){.parameter = (size_t)(table - learner->network->parameter),
                                    .form = GRADIENT_SUM,
                                    .first = (size_t)learner->tape.word[r],
                                    .count = 1,
                                    .terms = 1,
                                    .right = own->delta + r * own->delta_row +
                                             own->layer->sums_at[MAP_INPUT]},
                 keep);
}

static void move_layer(struct learner *learner, size_t l, struct tape_rows rows, size_t known,
                       float keep)
{
    const struct layer *layer = &learner->network->layer[l];
    struct gradient gradient;
    for (size_t m = 0; m < layer->maps; m++) {
        if (layer->bottom && layer->type->map[m].from == MAP_INPUT) {
            move_words(learner, rows, keep);
            continue;
        }
        tape_gradient(&learner->tape, l, m, rows, known, 0, layer->map[m]->rows, &gradient);
        if (gradient.terms > 0)
            move(learner, &gradient, keep);
    }
}

// One pass back through time from the latest row, through the layers that carry something on; the
// errors it has used are gone then.
static void pass_back(struct learner *learner, float keep)
{
    struct tape *tape = &learner->tape;
    size_t steps = pass_steps(&learner->rule);
    if (steps > learner->rows)
        steps = learner->rows;
    struct tape_rows rows = {learner->rows - steps, steps};
    bool from_start = learner->at_start && rows.begin == 0 && steps > 1;
    for (size_t l = learner->network->advanced; l-- > 0;) {
        for (size_t r = rows.begin + steps; r-- > rows.begin;)
            tape_backward(tape, l, (struct tape_rows){r, 1}, r + 1 < rows.begin + steps,
                          r > rows.begin, learner->scratch);
        if (l > 0)
            tape_errors_below(tape, l, rows, learner->scratch);
    }
    for (size_t l = learner->network->advanced; l-- > 0;) {
        struct tape_layer *own = &tape->layer[l];
        size_t known = from_start && own->layer->type->start_known ? steps - 1 : steps;
        move_layer(learner, l, rows, known, keep);
        memset(own->error + rows.begin * own->width, 0, steps * own->width * sizeof(float));
    }
}

// The layers that carry nothing on learn at once.
static void learn_upper_layers(struct learner *learner, size_t row, float keep)
{
    struct tape *tape = &learner->tape;
    const struct learning_rule *rule = &learner->rule;
    for (size_t l = learner->network->shape.layers; l-- > learner->network->advanced;) {
        struct tape_layer *own = &tape->layer[l], *below = own - 1;
        struct parameter *map = layer_map(own->layer, MAP_INPUT);
        struct parameter *bias = layer_map(own->layer, MAP_ONE);
        float *error = below->error + row * below->width;
        tape_backward(tape, l, (struct tape_rows){row, 1}, false, false, learner->scratch);
        const float *delta = own->delta + row * own->delta_row;
        linear_learn_rows(map, 0, map->rows, delta + own->layer->sums_at[MAP_INPUT],
                          below->after + (row + 1) * below->width, rule->alpha, keep, error);
        if (bias != NULL)
            kernels->scale_add(parameter_row(bias, 0), delta + own->layer->sums_at[MAP_ONE],
                               bias->width, rule->alpha, keep);
        if (rule->gradient_cutoff > 0)
            kernels->clamp(error, map->width, rule->gradient_cutoff);
    }
}

static void learn(struct learner *learner, size_t row, int32_t target)
{
    const struct learning_rule *rule = &learner->rule;
    const struct output_online *output = learner->network->shape.output->online;
    struct tape_layer *top = &learner->tape.layer[learner->network->shape.layers - 1];
    float penalty = rule->alpha * rule->beta;
    float keep = learner->counter % PENALTY_EVERY == 0 ? 1 - penalty : 1;
    struct online_step step = {
        .step = rule->alpha, .keep = keep, .forget = 1 - penalty, .cutoff = rule->gradient_cutoff};
    output->learn(learner->output, &step, top->error + row * top->width);
    learn_upper_layers(learner, row, keep);
    bool block_ends = learner->counter % (uint64_t)rule->bptt_block == 0 ||
                      (rule->independent && target == WORD_END);
    if (rule->bptt < 1 || block_ends)
        pass_back(learner, keep);
}

double learner_step(struct learner *learner, int32_t word, int32_t target)
{
    const struct network *network = learner->network;
    struct tape *tape = &learner->tape;
    if (learner->rows == tape->steps)
        slide(learner);
    size_t row = learner->rows++;
    tape->cutoff = learner->rule.gradient_cutoff;
    tape->word[row] = word;
    for (size_t l = 0; l < network->shape.layers; l++) {
        struct tape_layer *own = &tape->layer[l];
        if (l < network->advanced || target >= 0)
            tape_forward(tape, l, (struct tape_rows){row, 1}, false);
        memset(own->error + row * own->width, 0, own->width * sizeof(float));
    }
    history_push(learner->history, word);
    if (target < 0)
        return 0;
    const struct tape_layer *top = &tape->layer[network->shape.layers - 1];
    learner->top = top->after + (row + 1) * top->width;
    double prob = network->shape.output->online->predict(learner->output, learner->top,
                                                         learner->history, target);
    learn(learner, row, target);
    if (learner->rule.independent && target == WORD_END)
        learner_start(learner, STATE_SENTENCE, NULL);
    return prob;
}

const float *learner_top(const struct learner *learner)
{
    return learner->top;
}

void learner_kept(struct learner *learner, struct kept *kept)
{
    struct tape *tape = &learner->tape;
    kept_add(kept, "learner", "counter", &learner->counter, sizeof learner->counter);
    kept_add(kept, "learner", "history", learner->history, sizeof learner->history);
    kept_add(kept, "learner", "rows", &learner->rows, sizeof learner->rows);
    kept_add(kept, "learner", "at_start", &learner->at_start, sizeof learner->at_start);
    kept_add(kept, "learner", "words", tape->word, tape->steps * sizeof *tape->word);
    for (size_t l = 0; l < learner->network->shape.layers; l++) {
        struct tape_layer *own = &tape->layer[l];
        char owner[16];
        snprintf(owner, sizeof owner, "tape%d", (int)l);
        size_t row = own->width * sizeof(float);
        kept_add(kept, owner, "after", own->after, (tape->steps + 1) * row);
        kept_add(kept, owner, "error", own->error, tape->steps * row);
        kept_add(kept, owner, "sums", own->sums, tape->steps * own->delta_row * sizeof(float));
    }
}
