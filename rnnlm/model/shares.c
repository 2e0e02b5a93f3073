// Shares of probability.
#include "model/shares.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/kernels.h"
#include "base/memory.h"
#include "model/resize.h"
#include "net/forward.h"

// Contexts are taken from texts that begin side by side, when each has gone a while. Words are asked for
// in runs of RUN; where many are, in fewer contexts.
enum {
    TEXTS = 64,
    BEGINNING = 16,
    STEPS = 16,
    RUN = 256,
    MOST_PAIRS = 1 << 23,
    ROUNDS = 30,
    STEPS_MOST = 200
};
static const double NEAR = 0.005, MOST_STEP = 4;

// ---- contexts ----------------------------------------------------------------------------------

void contexts_free(struct contexts *contexts)
{
    free(contexts->state);
    free(contexts->block);
    memset(contexts, 0, sizeof *contexts);
}

struct texts {
    struct random random;
    struct forward_weights weights;
    struct forward forward;
    struct state *now[TEXTS], *next[TEXTS];
};

static bool texts_begin(struct texts *texts, const struct model *model, struct error *error)
{
    const struct network *network = &model->network;
    random_seed(&texts->random, 1);
    if (!forward_weights_init(&texts->weights, network, model->record.independent, error) ||
        !forward_init(&texts->forward, &texts->weights, TEXTS, error))
        return false;
    for (size_t i = 0; i < TEXTS; i++) {
        texts->now[i] = state_at_start(network, STATE_TEXT, NULL, error);
        texts->next[i] = state_new(network, error);
        if (texts->now[i] == NULL || texts->next[i] == NULL)
            return false;
    }
    return true;
}

static void texts_end(struct texts *texts)
{
    for (size_t i = 0; i < TEXTS; i++) {
        free(texts->now[i]);
        free(texts->next[i]);
    }
    forward_free(&texts->forward);
    forward_weights_free(&texts->weights);
    free(texts);
}

// Each text goes on by a word.
static void texts_step(struct texts *texts)
{
    int32_t word[TEXTS];
    forward_load(&texts->forward, TEXTS, (const struct state *const *)texts->now);
    for (size_t i = 0; i < TEXTS; i++)
        word[i] = forward_draw(&texts->forward, i, &texts->random);
    forward_advance(&texts->forward, TEXTS, (const struct state *const *)texts->now, word,
                    texts->next);
    for (size_t i = 0; i < TEXTS; i++) {
        struct state *state = texts->now[i];
        texts->now[i] = texts->next[i];
        texts->next[i] = state;
    }
}

static void keep(struct contexts *contexts, const struct texts *texts,
                 const struct network *network)
{
    for (size_t i = 0; i < TEXTS; i++)
        state_copy(network, contexts->state[contexts->count++], texts->now[i]);
}

static bool allocate(struct contexts *contexts, const struct network *network, struct error *error)
{
    size_t bytes =
        (state_size(network) + MEMORY_ALIGNMENT - 1) / MEMORY_ALIGNMENT * MEMORY_ALIGNMENT;
    memset(contexts, 0, sizeof *contexts);
    contexts->state = memory_new(TEXTS * STEPS, sizeof *contexts->state, error);
    contexts->block = memory_new(TEXTS * STEPS, bytes, error);
    if (contexts->state == NULL || contexts->block == NULL)
        return false;
    for (size_t i = 0; i < TEXTS * STEPS; i++)
        contexts->state[i] = (struct state *)(contexts->block + i * bytes);
    return true;
}

bool contexts_generate(struct contexts *contexts, const struct model *model, struct error *error)
{
    struct texts *texts =
        allocate(contexts, &model->network, error) ? memory_new(1, sizeof *texts, error) : NULL;
    if (texts == NULL)
        return false;
    bool ok = texts_begin(texts, model, error);
    for (int i = 0; ok && i < BEGINNING + STEPS; i++) {
        texts_step(texts);
        if (i >= BEGINNING)
            keep(contexts, texts, &model->network);
    }
    texts_end(texts);
    return ok;
}

// ---- shares ------------------------------------------------------------------------------------

// What asks a network for probabilities in the contexts.
struct asking {
    const struct contexts *contexts;
    size_t count; // of the contexts that are asked in
    struct forward_weights weights;
    struct forward forward;
    size_t state[TEXTS * RUN]; // pairs
    int32_t word[TEXTS * RUN];
    double prob[TEXTS * RUN];
};

static struct asking *asking_begin(const struct contexts *contexts, const struct model *model,
                                   size_t words, struct error *error)
{
    struct asking *asking = memory_new(1, sizeof *asking, error);
    if (asking == NULL)
        return NULL;
    asking->contexts = contexts;
    asking->count = contexts->count;
    while (asking->count > TEXTS && asking->count / 2 * words > MOST_PAIRS)
        asking->count /= 2;
    if (forward_weights_init(&asking->weights, &model->network, model->record.independent, error) &&
        forward_init(&asking->forward, &asking->weights, TEXTS, error))
        return asking;
    forward_free(&asking->forward);
    forward_weights_free(&asking->weights);
    free(asking);
    return NULL;
}

static void asking_end(struct asking *asking)
{
    if (asking == NULL)
        return;
    forward_free(&asking->forward);
    forward_weights_free(&asking->weights);
    free(asking);
}

// Adds the probabilities of n <= RUN words in the loaded contexts to sum[n].
static bool add_run(struct asking *asking, size_t contexts, const int32_t *word, size_t n,
                    double *sum, struct error *error)
{
    size_t pairs = 0;
    for (size_t c = 0; c < contexts; c++)
        for (size_t i = 0; i < n; i++, pairs++) {
            asking->state[pairs] = c;
            asking->word[pairs] = word[i];
        }
    if (!forward_predict(&asking->forward, pairs, asking->state, asking->word, asking->prob, error))
        return false;
    for (size_t i = 0; i < pairs; i++)
        sum[i % n] += asking->prob[i];
    return true;
}

static bool ask(struct asking *asking, const int32_t *word, size_t n, double *share,
                struct error *error)
{
    memset(share, 0, n * sizeof *share);
    for (size_t from = 0; from < asking->count; from += TEXTS) {
        size_t count = asking->count - from < TEXTS ? asking->count - from : TEXTS;
        forward_load(&asking->forward, count,
                     (const struct state *const *)asking->contexts->state + from);
        for (size_t i = 0; i < n; i += RUN)
            if (!add_run(asking, count, word + i, n - i < RUN ? n - i : RUN, share + i, error))
                return false;
    }
    for (size_t i = 0; i < n; i++)
        share[i] /= (double)asking->count;
    return true;
}

bool shares_find(const struct contexts *contexts, const struct model *model, const int32_t *word,
                 size_t n, double *share, struct error *error)
{
    struct asking *asking = asking_begin(contexts, model, n, error);
    bool ok = asking != NULL && ask(asking, word, n, share, error);
    asking_end(asking);
    return ok;
}

// ---- moving ------------------------------------------------------------------------------------

struct moving {
    struct model *model;
    const struct shares_wanted *wanted;
    struct word_parameters own;
    struct asking *asking;
    float *direction;        // [width] m / (m . m); NULL where there are biases
    int32_t *word;           // [n] whose shares are needed
    double *share;           // [n]
    double *of_class, *step; // [classes] shares; by how much logits move
    size_t n;
};

static void moving_free(struct moving *moving)
{
    asking_end(moving->asking);
    free(moving->direction);
    free(moving->word);
    free(moving->share);
    free(moving->of_class);
    free(moving->step);
}

// Words that move, and all those of classes that do.
static bool choose_words(struct moving *moving, struct error *error)
{
    const struct network *network = &moving->model->network;
    size_t words = network->shape.words, classes = network->shape.classes;
    moving->word = memory_new(words, sizeof *moving->word, error);
    moving->share = memory_new(words, sizeof *moving->share, error);
    moving->of_class = memory_new(classes, sizeof *moving->of_class, error);
    moving->step = memory_new(classes, sizeof *moving->step, error);
    if (moving->word == NULL || moving->share == NULL || moving->of_class == NULL ||
        moving->step == NULL)
        return false;
    for (size_t i = 0; i < words; i++)
        if (!isnan(moving->wanted->word[i]) ||
            !isnan(moving->wanted->classes[network->classes.of_word[i]]))
            moving->word[moving->n++] = (int32_t)i;
    return true;
}

// The mean of what the output takes in, divided by its square.
static bool find_direction(struct moving *moving, struct error *error)
{
    struct forward *forward = &moving->asking->forward;
    const struct contexts *contexts = moving->asking->contexts;
    size_t width = moving->model->network.width;
    double *mean = memory_new(width, sizeof *mean, error), square = 0;
    moving->direction = mean != NULL ? memory_new(width, sizeof(float), error) : NULL;
    for (size_t from = 0; moving->direction != NULL && from < contexts->count; from += TEXTS) {
        forward_load_inputs(forward, TEXTS, (const struct state *const *)contexts->state + from);
        for (size_t i = 0; i < TEXTS * width; i++)
            mean[i % width] +=
                (double)forward->inputs.input[i / width * forward->inputs.row + i % width] /
                (double)contexts->count;
    }
    for (size_t i = 0; moving->direction != NULL && i < width; i++)
        square += mean[i] * mean[i];
    for (size_t i = 0; square > 0 && i < width; i++)
        moving->direction[i] = (float)(mean[i] / square);
    free(mean);
    return moving->direction != NULL;
}

static void shift(const struct moving *moving, const struct parameter *rows,
                  const struct parameter *bias, size_t i, double step)
{
    if (bias != NULL)
        parameter_row(bias, 0)[i] += (float)step;
    else
        kernels->scale_add(parameter_row(rows, i), moving->direction, moving->model->network.width,
                           (float)step, 1);
}

// The step towards a share, of which *off keeps the longest.
static double step_to(double wanted, double share, double *off)
{
    double step = log(wanted / share);
    *off = fmax(*off, fabs(step));
    return fmin(fmax(step, -MOST_STEP), MOST_STEP);
}

static void move_classes(struct moving *moving, double *off)
{
    const struct network *network = &moving->model->network;
    memset(moving->of_class, 0, network->shape.classes * sizeof *moving->of_class);
    for (size_t i = 0; i < moving->n; i++)
        moving->of_class[network->classes.of_word[moving->word[i]]] += moving->share[i];
    for (size_t k = 0; k < network->shape.classes; k++) {
        double wanted = moving->wanted->classes[k];
        moving->step[k] = isnan(wanted) ? 0 : step_to(wanted, moving->of_class[k], off);
        if (!isnan(wanted))
            shift(moving, moving->own.classes, moving->own.class_bias, k, moving->step[k]);
    }
}

// A word moves with its class, and the rest of the way by itself.
static void move_words(struct moving *moving, double *off)
{
    const struct network *network = &moving->model->network;
    for (size_t i = 0; i < moving->n; i++) {
        size_t word = (size_t)moving->word[i], k = (size_t)network->classes.of_word[word];
        double wanted = moving->wanted->word[word];
        if (!isnan(wanted))
            shift(moving, moving->own.words, moving->own.bias, word,
                  step_to(wanted, moving->share[i], off) - moving->step[k]);
    }
}

static bool move(struct moving *moving, double *off, struct error *error)
{
    *off = INFINITY;
    for (int round = 0; round < ROUNDS && !(*off < NEAR); round++) {
        *off = 0;
        if (!ask(moving->asking, moving->word, moving->n, moving->share, error))
            return false;
        for (size_t i = 0; i < moving->n; i++)
            moving->share[i] = fmax(moving->share[i], 1e-300);
        move_classes(moving, off);
        move_words(moving, off);
        if (!forward_weights_refresh(&moving->asking->weights, error))
            return false;
    }
    return true;
}

bool shares_move(const struct contexts *contexts, struct model *model,
                 const struct shares_wanted *wanted, double *off, struct error *error)
{
    struct moving moving = {
        .model = model, .wanted = wanted, .own = word_parameters(&model->network)};
    bool ok = choose_words(&moving, error) &&
              (moving.asking = asking_begin(contexts, model, moving.n, error)) != NULL &&
              (moving.own.bias != NULL || find_direction(&moving, error)) &&
              move(&moving, off, error);
    moving_free(&moving);
    return ok;
}
