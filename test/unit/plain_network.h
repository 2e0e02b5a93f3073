// The network's definition as plainly as it can be written, in double precision: what the tests
// hold the library against. A new kind of layer, activation or output needs its equation here.
#ifndef PLAIN_NETWORK_H
#define PLAIN_NETWORK_H

#include "base/bfloat16.h"
#include "net/output.h"
#include "net/state.h"
#include "testing.h"

enum { PLAIN_PARAMETERS = 24, PLAIN_LAYERS = 4, PLAIN_UNITS = 64, PLAIN_VECTORS = 5 };

// What has been drawn as noise for a block, and log(k q(w)) of all words.
struct plain_noise {
    const int32_t *word; // [words]
    size_t words;
    const double *log_share; // [V]
};

struct plain {
    const struct network *network;    // its shape, classes, and the names of its parameters
    double *weight[PLAIN_PARAMETERS]; // rows x width, without padding
    double *input[PLAIN_LAYERS], *recurrent[PLAIN_LAYERS];   // among them; NULL
    double *cell[PLAIN_LAYERS], *bias[PLAIN_LAYERS];         // likewise
    double *words, *classes, *word_bias, *class_bias, *hash; // likewise
    const float *mask[PLAIN_LAYERS]; // dropout: factors of what layers hand up; NULL for 1
    const double *word_factor;       // and of words taken in
    const struct plain_noise *noise; // that the output learns against; NULL for none
    // What learning adds to softmaxes (net/output.h); `lesson` is of the word at hand.
    double self_normalise, lesson_share;
    const struct output_lesson *lesson; // NULL: no teacher
};

// A state: what layers carry on (h, c where there is one, ...), and the history.
struct plain_state {
    double value[PLAIN_LAYERS][PLAIN_VECTORS][PLAIN_UNITS];
    int32_t history[SHAPE_MOST_ORDER];
};

// ---- weights ----------------------------------------------------------------------------------

static inline size_t plain_count(const struct plain *plain, size_t p)
{
    return plain->network->parameter[p].rows * plain->network->parameter[p].width;
}

// Takes over the network's weights as they are now.
static inline void plain_refresh(struct plain *plain)
{
    for (size_t p = 0; p < plain->network->parameters; p++)
        for (size_t i = 0; i < plain_count(plain, p); i++)
            plain->weight[p][i] = (double)*parameter_weight(&plain->network->parameter[p], i);
}

static inline double *plain_named(const struct plain *plain, const char *owner, const char *name)
{
    char full[PARAMETER_NAME];
    snprintf(full, sizeof full, "%.12s.%.16s", owner, name);
    const struct parameter *parameter = network_parameter(plain->network, full);
    return parameter != NULL ? plain->weight[parameter - plain->network->parameter] : NULL;
}

static inline struct plain plain_new(const struct network *network)
{
    struct plain plain = {.network = network};
    assert_true(network->parameters <= PLAIN_PARAMETERS && network->shape.layers <= PLAIN_LAYERS);
    for (size_t p = 0; p < network->parameters; p++) {
        plain.weight[p] = calloc(plain_count(&plain, p) + 1, sizeof(double));
        assert_non_null(plain.weight[p]);
    }
    for (size_t l = 0; l < network->shape.layers; l++) {
        char owner[16];
        snprintf(owner, sizeof owner, "layer%d", (int)l);
        assert_true(network->shape.layer[l].units <= PLAIN_UNITS);
        plain.input[l] = plain_named(&plain, owner, "input");
        plain.recurrent[l] = plain_named(&plain, owner, "recurrent");
        plain.cell[l] = plain_named(&plain, owner, "cell");
        plain.bias[l] = plain_named(&plain, owner, "bias");
    }
    plain.words = plain_named(&plain, "output", "words");
    plain.classes = plain_named(&plain, "output", "classes");
    plain.word_bias = plain_named(&plain, "output", "bias");
    plain.class_bias = plain_named(&plain, "output", "class_bias");
    plain.hash = plain_named(&plain, "output", "hash");
    plain_refresh(&plain);
    return plain;
}

static inline void plain_free(struct plain *plain)
{
    for (size_t p = 0; p < PLAIN_PARAMETERS; p++)
        free(plain->weight[p]);
}

// ---- layers -----------------------------------------------------------------------------------

static inline double plain_logistic(double x)
{
    return 1 / (1 + exp(-x));
}

static inline double plain_activation(const char *name, double x)
{
    if (strcmp(name, "logistic") == 0)
        return plain_logistic(x);
    if (strcmp(name, "tanh") == 0)
        return tanh(x);
    if (strcmp(name, "relu") == 0)
        return x > 0 ? x : 0;
    if (strcmp(name, "elu") == 0)
        return x > 0 ? x : exp(x) - 1;
    fail_msg("no equation for the activation %s", name);
    return 0;
}

// a[i] += (M x)[i] for the rows of a matrix
static inline void plain_product(const double *matrix, size_t rows, size_t width, const double *x,
                                 double *a)
{
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < width; j++)
            a[i] += matrix[i * width + j] * x[j];
}

// What a layer takes in at one step.
struct plain_inputs {
    const struct plain *plain;
    size_t l, n; // the layer's number and units
    const char *activation;
    const double *recurrent; // W
    int32_t word;
    const double *below;
};

// a[i] = (E x)[i] for i < sums; at the bottom E x is the row of the word
static inline void plain_input(const struct plain_inputs *in, size_t sums, double *a)
{
    const double *input = in->plain->input[in->l], *factor = in->plain->word_factor;
    bool word = in->l == 0 && in->word >= 0;
    for (size_t i = 0; i < sums; i++)
        a[i] = word ? input[(size_t)in->word * sums + i] : 0;
    for (size_t i = 0; i < sums && word && factor != NULL; i++)
        a[i] *= factor[in->word];
    if (in->l > 0)
        plain_product(input, sums, in->plain->network->shape.layer[in->l - 1].units, in->below, a);
}

// a[i] += b[i] for i < sums, where the layer has biases
static inline void plain_bias(const struct plain_inputs *in, size_t sums, double *a)
{
    const double *bias = in->plain->bias[in->l];
    for (size_t i = 0; i < sums && bias != NULL; i++)
        a[i] += bias[i];
}

// The states of one layer before and after a step.
typedef double plain_vectors[PLAIN_VECTORS][PLAIN_UNITS];

// s = f(E x + W s + b)
static inline void plain_elman(const struct plain_inputs *in, const plain_vectors before,
                               plain_vectors after)
{
    double a[PLAIN_UNITS];
    plain_input(in, in->n, a);
    plain_product(in->recurrent, in->n, in->n, before[0], a);
    plain_bias(in, in->n, a);
    for (size_t k = 0; k < in->n; k++)
        after[0][k] = plain_activation(in->activation, a[k]);
}

// y = E x
static inline void plain_projection(const struct plain_inputs *in, const plain_vectors before,
                                    plain_vectors after)
{
    (void)before;
    plain_input(in, in->n, after[0]);
}

// s = f(E x + W c + b), of which c is a decaying trace
static inline void plain_jordan(const struct plain_inputs *in, const plain_vectors before,
                                plain_vectors after)
{
    double a[PLAIN_UNITS];
    plain_input(in, in->n, a);
    plain_product(in->recurrent, in->n, in->n, before[1], a);
    plain_bias(in, in->n, a);
    for (size_t k = 0; k < in->n; k++) {
        after[0][k] = plain_activation(in->activation, a[k]);
        after[1][k] = 0.5 * before[1][k] + after[0][k];
    }
}

// c = logistic(E x + b)
static inline void plain_compression(const struct plain_inputs *in, const plain_vectors before,
                                     plain_vectors after)
{
    double a[PLAIN_UNITS];
    (void)before;
    plain_input(in, in->n, a);
    plain_bias(in, in->n, a);
    for (size_t k = 0; k < in->n; k++)
        after[0][k] = plain_logistic(a[k]);
}

static inline void plain_lstm(const struct plain_inputs *in, const plain_vectors before,
                              plain_vectors after)
{
    size_t n = in->n;
    double a[4 * PLAIN_UNITS];
    plain_input(in, 4 * n, a);
    plain_product(in->recurrent, 4 * n, n, before[0], a);
    plain_bias(in, 4 * n, a);
    for (size_t k = 0; k < n; k++) {
        double i = plain_logistic(a[k]), f = plain_logistic(a[n + k]);
        double g = tanh(a[2 * n + k]), o = plain_logistic(a[3 * n + k]);
        after[1][k] = f * before[1][k] + i * g;
        after[0][k] = o * tanh(after[1][k]);
    }
}

// E has the rows n, z, r; W has z, r, n; the second bias of n is W's
static inline void plain_gru(const struct plain_inputs *in, const plain_vectors before,
                             plain_vectors after)
{
    size_t n = in->n;
    double x[3 * PLAIN_UNITS], h[3 * PLAIN_UNITS] = {0};
    const double *bias = in->plain->bias[in->l];
    plain_input(in, 3 * n, x);
    plain_bias(in, 3 * n, x);
    plain_product(in->recurrent, 3 * n, n, before[0], h);
    for (size_t k = 0; k < n; k++) {
        double z = plain_logistic(x[n + k] + h[k]), r = plain_logistic(x[2 * n + k] + h[n + k]);
        double candidate = tanh(x[k] + r * (h[2 * n + k] + bias[3 * n + k]));
        after[0][k] = (1 - z) * candidate + z * before[0][k];
    }
}

// Rows of E are x, f, r, s; those of v and b are f, r
static inline void plain_sru(const struct plain_inputs *in, const plain_vectors before,
                             plain_vectors after)
{
    size_t n = in->n;
    double a[4 * PLAIN_UNITS];
    const double *v = in->plain->cell[in->l], *b = in->plain->bias[in->l];
    plain_input(in, 4 * n, a);
    for (size_t k = 0; k < n; k++) {
        double f = plain_logistic(a[n + k] + v[k] * before[1][k] + b[k]);
        double r = plain_logistic(a[2 * n + k] + v[n + k] * before[1][k] + b[n + k]);
        after[1][k] = f * before[1][k] + (1 - f) * a[k];
        after[0][k] = r * after[1][k] + (1 - r) * a[3 * n + k];
    }
}

// Rows of E are z, f, o for this word, and the same for the next one, whose part is carried on
static inline void plain_qrnn(const struct plain_inputs *in, const plain_vectors before,
                              plain_vectors after)
{
    size_t n = in->n;
    double a[6 * PLAIN_UNITS];
    plain_input(in, 6 * n, a);
    plain_bias(in, 3 * n, a);
    for (size_t k = 0; k < n; k++) {
        double z = tanh(a[k] + before[2][k]), f = plain_logistic(a[n + k] + before[3][k]);
        double o = plain_logistic(a[2 * n + k] + before[4][k]);
        after[1][k] = f * before[1][k] + (1 - f) * z;
        after[0][k] = o * after[1][k];
        for (size_t gate = 0; gate < 3; gate++)
            after[2 + gate][k] = a[(3 + gate) * n + k];
    }
}

static const struct plain_kind {
    const char *name;
    void (*step)(const struct plain_inputs *in, const plain_vectors before, plain_vectors after);
} plain_kinds[] = {
    {"elman", plain_elman},
    {"jordan", plain_jordan},
    {"compression", plain_compression},
    {"lstm", plain_lstm},
    {"gru", plain_gru},
    {"sru", plain_sru},
    {"qrnn", plain_qrnn},
    {"projection", plain_projection},
};

// One step of a layer.
static inline void plain_layer(const struct plain *plain, size_t l, const double *recurrent,
                               int32_t word, const double *below, const plain_vectors before,
                               plain_vectors after)
{
    const struct layer_shape *shape = &plain->network->shape.layer[l];
    const struct plain_inputs in = {.plain = plain,
                                    .l = l,
                                    .n = shape->units,
                                    .activation =
                                        shape->activation != NULL ? shape->activation->name : NULL,
                                    .recurrent = recurrent,
                                    .word = word,
                                    .below = below};
    for (size_t i = 0; i < sizeof plain_kinds / sizeof plain_kinds[0]; i++)
        if (strcmp(plain_kinds[i].name, shape->type->name) == 0) {
            plain_kinds[i].step(&in, before, after);
            return;
        }
    fail_msg("no equation for layers of the kind %s", shape->type->name);
}

// What a layer hands up.
static inline void plain_hand_up(const struct plain *plain, size_t l, const double *output,
                                 double *out)
{
    for (size_t i = 0; i < plain->network->shape.layer[l].units; i++)
        out[i] = output[i] * (plain->mask[l] != NULL ? (double)plain->mask[l][i] : 1);
}

// The state behind `word`; `start` instead of `plain` has the recurrent matrices of the layers that
// take the state before a text for given (start_known).
static inline void plain_step_from(const struct plain *plain, const struct plain *start,
                                   const struct plain_state *before, int32_t word,
                                   struct plain_state *after)
{
    double below[PLAIN_UNITS] = {0};
    memcpy(after->history, before->history, sizeof after->history);
    history_push(after->history, word);
    for (size_t l = 0; l < plain->network->shape.layers; l++) {
        const struct plain *of = plain->network->shape.layer[l].type->start_known ? start : plain;
        plain_layer(plain, l, of->recurrent[l], word, below, before->value[l], after->value[l]);
        plain_hand_up(plain, l, after->value[l][0], below);
    }
}

static inline void plain_step(const struct plain *plain, const struct plain_state *before,
                              int32_t word, struct plain_state *after)
{
    plain_step_from(plain, plain, before, word, after);
}

// ---- states -----------------------------------------------------------------------------------

// Of values as the library has them, [network.state]; layers above the advanced ones follow from
// those below.
static inline void plain_set_values(const struct plain *plain, const float *value,
                                    struct plain_state *state)
{
    const struct network *network = plain->network;
    memset(state->value, 0, sizeof state->value);
    for (size_t l = 0; l < network->shape.layers; l++) {
        const struct layer *layer = &network->layer[l];
        for (size_t i = 0; i < layer->floats; i++)
            if (i % layer->row < layer->units)
                state->value[l][i / layer->row][i % layer->row] = (double)value[layer->at + i];
        if (l >= network->advanced)
            plain_layer(plain, l, NULL, -1, state->value[l - 1][0], state->value[l],
                        state->value[l]);
    }
}

// The first output of every unit of a layer is its kind's `start` or `restart`, and all else 0.
static inline void plain_begin(const struct plain *plain, bool sentence, struct plain_state *state)
{
    memset(state, 0, sizeof *state);
    for (size_t l = 0; l < plain->network->shape.layers; l++)
        for (size_t i = 0; i < plain->network->shape.layer[l].units; i++) {
            const struct layer_type *type = plain->network->shape.layer[l].type;
            state->value[l][0][i] = (double)(sentence ? type->restart : type->start);
        }
}

static inline void plain_assert_values(const struct plain *plain, const float *value,
                                       const struct plain_state *wanted, double tolerance)
{
    for (size_t l = 0; l < plain->network->advanced; l++) {
        const struct layer *layer = &plain->network->layer[l];
        for (size_t i = 0; i < layer->floats; i++)
            if (i % layer->row < layer->units)
                assert_near(value[layer->at + i], wanted->value[l][i / layer->row][i % layer->row],
                            tolerance);
            else
                assert_true(value[layer->at + i] == 0);
    }
}

// ---- output -----------------------------------------------------------------------------------

// The entry of the hash for the i-th class (k < 0) or the i-th word of class k at feature order
// `order`, or 0 if the features end before. An order takes part if no word of its history is OOV;
// orders end for an output at the first whose entry is not within 1..D-1.
static inline size_t plain_entry(const struct plain *plain, const int32_t *history, int64_t k,
                                 size_t i, uint32_t order)
{
    static const uint64_t p[36] = {
        108641969, 116049371, 125925907, 133333309, 145678979, 175308587, 197530793, 234567803,
        251851741, 264197411, 330864029, 399999781, 407407183, 459258997, 479012069, 545678687,
        560493491, 607407037, 629629243, 656789717, 716048933, 718518067, 725925469, 733332871,
        753085943, 755555077, 782715551, 790122953, 812345159, 814814293, 893826581, 923456189,
        940740127, 953085797, 985184539, 990122807};
    size_t entries = plain->network->shape.maxent;
    uint64_t x = p[0] * p[1] % 4294967296u, half = entries / 2;
    if (k >= 0)
        x *= (uint64_t)k + 1;
    for (uint64_t b = 1; b <= order; b++) {
        if (history[b - 1] < 0)
            return 0;
        x += p[(order * p[b] + b) % 4294967296u % 36] * ((uint64_t)history[b - 1] + 1);
    }
    uint64_t start = (k >= 0 ? half : 0) + x % half;
    return start > 0 && start + i < entries ? start + i : 0;
}

static inline double plain_maxent(const struct plain *plain, const int32_t *history, int64_t k,
                                  size_t i)
{
    double sum = 0;
    if (plain->hash == NULL)
        return 0;
    for (uint32_t order = 0; order < (uint32_t)plain->network->shape.maxent_order; order++) {
        size_t entry = plain_entry(plain, history, k, i, order);
        if (entry == 0)
            break;
        sum += plain->hash[entry];
    }
    return sum;
}

// The rows of the classes (k < 0), or of the words of class k.
static inline double *plain_rows(const struct plain *plain, int64_t k)
{
    return k < 0 ? plain->classes
                 : plain->words + (size_t)plain->network->classes.begin[k] * plain->network->width;
}

static inline double plain_output_bias(const struct plain *plain, int64_t k, size_t i)
{
    if (k < 0)
        return plain->class_bias != NULL ? plain->class_bias[i] : 0;
    size_t word = (size_t)plain->network->classes.begin[k] + i;
    return plain->word_bias != NULL ? plain->word_bias[word] : 0;
}

// prob[i] for the classes (k < 0), or the words of class k, given the rows' input, and the logarithm of what
// they were divided by.
static inline size_t plain_softmax(const struct plain *plain, const double *input,
                                   const int32_t *history, int64_t k, double *prob, double *log_z)
{
    const int32_t *begin = plain->network->classes.begin;
    size_t n = k < 0 ? plain->network->shape.classes : (size_t)(begin[k + 1] - begin[k]);
    size_t width = plain->network->width;
    const double *rows = plain_rows(plain, k);
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        double logit = plain_output_bias(plain, k, i) + plain_maxent(plain, history, k, i);
        for (size_t j = 0; j < width; j++)
            logit += rows[i * width + j] * input[j];
        prob[i] = exp(logit);
        sum += prob[i];
    }
    for (size_t i = 0; i < n; i++)
        prob[i] /= sum;
    *log_z = log(sum);
    return n;
}

static inline double plain_class_prob(const struct plain *plain, const double *input,
                                      const int32_t *history, int32_t word)
{
    double prob[PLAIN_UNITS] = {0}, class_prob = 1, log_z;
    const struct network *network = plain->network;
    int32_t k = network->classes.of_word[word];
    if (plain->classes != NULL) {
        plain_softmax(plain, input, history, -1, prob, &log_z);
        class_prob = prob[k];
    }
    plain_softmax(plain, input, history, k, prob, &log_z);
    return class_prob * prob[word - network->classes.begin[k]];
}

// One element of softmax(rows x + bias); `bias` may be NULL.
static inline double plain_element(const double *rows, const double *bias, size_t n, size_t width,
                                   const double *x, size_t element)
{
    double sum = 0, wanted = 0;
    for (size_t i = 0; i < n; i++) {
        double logit = bias != NULL ? bias[i] : 0;
        for (size_t j = 0; j < width; j++)
            logit += rows[i * width + j] * x[j];
        sum += exp(logit);
        wanted = i == element ? exp(logit) : wanted;
    }
    return wanted / sum;
}

// Of n rows of words in classes of c, and these in groups of g: how many rows there are.
static inline size_t plain_adaptive_rows(const struct cluster_shape *cluster, size_t words)
{
    size_t c = cluster->class_words, g = cluster->group_classes;
    size_t classes = c > 0 ? (words + c - 1) / c : 0, groups = g > 0 ? (classes + g - 1) / g : 0;
    return words + classes + groups;
}

// Element i of the softmax over rows from..from+n-1 that is in a run of `each` of them.
static inline double plain_run(const double *rows, const double *bias, size_t from, size_t n,
                               size_t each, size_t width, const double *z, size_t i)
{
    size_t run = i / each * each, size = n - run < each ? n - run : each;
    return plain_element(rows + (from + run) * width, bias != NULL ? bias + from + run : NULL, size,
                         width, z, i - run);
}

// Frequent words and clusters F + k are one softmax; words of cluster k, perhaps in classes of N
// words each whose rows are behind them, and these in groups likewise, are softmaxes of projection_k x, a
// quarter as wide as the one before (but of 16 numbers at least, or all).
static inline double plain_adaptive_prob(const struct plain *plain, const double *x,
                                         const int32_t *history, int32_t word)
{
    const struct network_shape *shape = &plain->network->shape;
    size_t k = 0, frequent = shape->clusters > 0 ? shape->cluster[0].first : shape->words;
    size_t width = plain->network->width, least = width < 16 ? width : 16, w = (size_t)word,
           bias = 0;
    const double *head = plain_named(plain, "output", "head"),
                 *head_bias = plain_named(plain, "output", "head_bias");
    (void)history;
    if (w < frequent)
        return plain_element(head, head_bias, frequent + shape->clusters, width, x, w);
    for (; k + 1 < shape->clusters && w >= shape->cluster[k + 1].first; k++)
        bias += plain_adaptive_rows(&shape->cluster[k],
                                    shape->cluster[k + 1].first - shape->cluster[k].first);
    double prob =
        plain_element(head, head_bias, frequent + shape->clusters, width, x, frequent + k);
    size_t narrow = width >> (2 * (k + 1)), first = shape->cluster[k].first;
    size_t words = (k + 1 < shape->clusters ? shape->cluster[k + 1].first : shape->words) - first;
    size_t n = shape->cluster[k].class_words, m = shape->cluster[k].group_classes;
    char projection[32], rows[32];
    narrow = narrow > least ? narrow : least;
    snprintf(projection, sizeof projection, "projection%d", (int)k + 1);
    snprintf(rows, sizeof rows, "words%d", (int)k + 1);
    double z[PLAIN_UNITS] = {0};
    const double *of = plain_named(plain, "output", rows), *b = plain->word_bias;
    plain_product(plain_named(plain, "output", projection), narrow, width, x, z);
    b = b != NULL ? b + bias : NULL;
    w -= first;
    if (n == 0)
        return prob * plain_element(of, b, words, narrow, z, w);
    size_t classes = (words + n - 1) / n, c = w / n;
    prob *= plain_run(of, b, 0, words, n, narrow, z, w);
    if (m == 0)
        return prob * plain_run(of, b, words, classes, classes, narrow, z, c);
    size_t groups = (classes + m - 1) / m;
    return prob * plain_run(of, b, words, classes, m, narrow, z, c) *
           plain_run(of, b, words + classes, groups, groups, narrow, z, c / m);
}

// The word at `place` of a depth is the one below all the inner nodes on its way; words come first at
// each depth, in the order of their numbers, whose depths are their classes.
static inline double plain_tree_prob(const struct plain *plain, const double *x,
                                     const int32_t *history, int32_t word)
{
    const struct classes *classes = &plain->network->classes;
    size_t width = plain->network->width;
    double prob = 1, *nodes = plain_named(plain, "output", "nodes");
    int32_t depth = classes->of_word[word];
    size_t place = (size_t)(word - classes->begin[depth]);
    (void)history;
    for (int32_t d = depth - 1; d >= 0; d--) {
        size_t node = 0, places = 1, second = place % 2;
        for (int32_t above = 0; above < d; above++) { // inner nodes of lower depths
            size_t inner = places - (size_t)(classes->begin[above + 1] - classes->begin[above]);
            node += inner;
            places = 2 * inner;
        }
        place /= 2;
        node += place;
        double logit = plain->word_bias != NULL ? plain->word_bias[node] : 0;
        for (size_t j = 0; j < width; j++)
            logit += nodes[node * width + j] * x[j];
        prob *= plain_logistic(second ? logit : -logit);
        place += (size_t)(classes->begin[d + 1] - classes->begin[d]);
    }
    return prob;
}

static const struct plain_output {
    const char *name;
    double (*prob)(const struct plain *plain, const double *input, const int32_t *history,
                   int32_t word);
} plain_outputs[] = {
    {"class", plain_class_prob},       {"full", plain_class_prob}, {"nce", plain_class_prob},
    {"adaptive", plain_adaptive_prob}, {"tree", plain_tree_prob},
};

// P(word | state); 0 for an OOV.
static inline double plain_prob(const struct plain *plain, const struct plain_state *state,
                                int32_t word)
{
    double input[PLAIN_UNITS];
    const struct network *network = plain->network;
    size_t top = network->shape.layers - 1;
    assert_true(network->shape.words <= PLAIN_UNITS);
    if (word < 0)
        return 0;
    plain_hand_up(plain, top, state->value[top][0], input);
    for (size_t i = 0; i < sizeof plain_outputs / sizeof plain_outputs[0]; i++)
        if (strcmp(plain_outputs[i].name, network->shape.output->name) == 0)
            return plain_outputs[i].prob(plain, input, state->history, word);
    fail_msg("no equation for the output %s", network->shape.output->name);
    return 0;
}

// words[w] . x + bias[w], for outputs without classes.
static inline double plain_score(const struct plain *plain, const struct plain_state *state,
                                 int32_t word)
{
    double input[PLAIN_UNITS], score = plain->word_bias != NULL ? plain->word_bias[word] : 0;
    size_t top = plain->network->shape.layers - 1, width = plain->network->width;
    plain_hand_up(plain, top, state->value[top][0], input);
    for (size_t j = 0; j < width; j++)
        score += plain->words[(size_t)word * width + j] * input[j];
    return score;
}

// What one softmax of a word adds: `said` is what a teacher says of it.
static inline double plain_softmax_worth(const struct plain *plain, const double *input,
                                         const int32_t *history, int64_t k, size_t target,
                                         const uint16_t *said)
{
    double prob[PLAIN_UNITS] = {0}, log_z, share = said != NULL ? plain->lesson_share : 0;
    size_t n = plain_softmax(plain, input, history, k, prob, &log_z);
    double sum = (1 - share) * log(prob[target]) - plain->self_normalise * log_z * log_z;
    for (size_t i = 0; i < n && said != NULL; i++)
        sum += share * (double)bfloat16_to(said[i]) * log(prob[i]);
    return sum;
}

// log P(word | state) of outputs that are softmaxes, and what else learning asks of these.
static inline double plain_softmaxes_worth(const struct plain *plain,
                                           const struct plain_state *state, int32_t word)
{
    const struct output_lesson none = {NULL, NULL},
                               *lesson = plain->lesson != NULL ? plain->lesson : &none;
    const struct classes *classes = &plain->network->classes;
    double input[PLAIN_UNITS], sum = 0;
    size_t top = plain->network->shape.layers - 1;
    int32_t k = classes->of_word[word];
    plain_hand_up(plain, top, state->value[top][0], input);
    if (plain->classes != NULL)
        sum = plain_softmax_worth(plain, input, state->history, -1, (size_t)k, lesson->classes);
    return sum + plain_softmax_worth(plain, input, state->history, k,
                                     (size_t)(word - classes->begin[k]), lesson->words);
}

// What learning makes larger: log P(word | state), or that the word is told from noise:
//
//   J = log p(word) + sum over noise n of log(1 - p(n))   with p(w) = logistic(score(w) - log(k q(w)))
//
// Where no noise is given, the score of the word of outputs that learn against some.
static inline double plain_worth(const struct plain *plain, const struct plain_state *state,
                                 int32_t word)
{
    const struct plain_noise *noise = plain->noise;
    if (plain->self_normalise > 0 || plain->lesson != NULL)
        return plain_softmaxes_worth(plain, state, word);
    if (!plain->network->shape.output->noise)
        return log(plain_prob(plain, state, word));
    double score = plain_score(plain, state, word);
    if (noise == NULL)
        return score;
    double sum = log(plain_logistic(score - noise->log_share[word]));
    for (size_t i = 0; i < noise->words; i++) {
        int32_t other = noise->word[i];
        sum += log(plain_logistic(noise->log_share[other] - plain_score(plain, state, other)));
    }
    return sum;
}

// The same for a state of the library's.
static inline double plain_prob_behind(const struct plain *plain, const struct state *state,
                                       int32_t word)
{
    struct plain_state same;
    plain_set_values(plain, state->value, &same);
    memcpy(same.history, state->history, sizeof same.history);
    return plain_prob(plain, &same, word);
}

// after = before with `word` taken in, by the library's single steps.
static inline void advance_state(const struct network *network, const struct state *before,
                                 int32_t word, struct state *after)
{
    assert_true(state_step(network, before->value, word, after->value, NULL));
    memcpy(after->history, before->history, sizeof after->history);
    history_push(after->history, word);
}

#endif
