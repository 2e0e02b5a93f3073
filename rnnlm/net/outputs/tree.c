// The tree of words: parameters and scoring.
//
// A state remembers the way to the last word that it was asked for: words in the order of their
// numbers, as all words of a state are asked for, have most of their ways in common.
#include "net/outputs/tree.h"

#include <math.h>
#include <stdlib.h>

#include "base/memory.h"
#include "net/outputs/kinds.h"

// ---- the tree ---------------------------------------------------------------------------------

struct tree tree_of(const struct network *network)
{
    const struct classes *classes = &network->classes;
    struct tree tree = {.nodes = network_output_parameter(network, "nodes"),
                        .bias = network_output_parameter(network, "bias"),
                        .depth = classes->count - 1};
    size_t places = 1;
    for (size_t d = 0; d <= tree.depth; d++) {
        tree.begin[d] = (size_t)classes->begin[d];
        tree.begin[d + 1] = (size_t)classes->begin[d + 1];
        size_t inner = places - (tree.begin[d + 1] - tree.begin[d]);
        tree.inner[d + 1] = tree.inner[d] + inner;
        places = 2 * inner;
    }
    return tree;
}

size_t tree_path(const struct tree *tree, int32_t word, struct tree_step path[TREE_MOST_DEPTH])
{
    size_t depth = 0;
    while (tree->begin[depth + 1] <= (size_t)word)
        depth++;
    size_t place = (size_t)word - tree->begin[depth];
    for (size_t d = depth; d-- > 0;) {
        path[d] = (struct tree_step){tree->inner[d] + place / 2, place % 2 == 1};
        place = place / 2 + (tree->begin[d + 1] - tree->begin[d]);
    }
    return depth;
}

float tree_way(float logit, bool second)
{
    float x = second ? logit : -logit;
    return 1 / (1 + expf(x < -80 ? 80 : -x));
}

// ---- parameters -------------------------------------------------------------------------------

static size_t parameters(const struct network *network, struct output_parameter *list)
{
    size_t words = network->shape.words, nodes = words > 1 ? words - 1 : 1, count = 0;
    list[count++] = (struct output_parameter){"nodes", PARAMETER_BY_OUTPUT, nodes, network->width};
    if (network->shape.biases)
        list[count++] = (struct output_parameter){"bias", PARAMETER_BIAS, 1, nodes};
    return count;
}

static void initialise(const struct network *network, struct random *random)
{
    layer_draw_uniform(network_output_parameter(network, "nodes"), 0.1f, random);
}

// The sum of the counts of the words below a place, whose inner nodes have theirs.
static float below(const struct tree *tree, const uint64_t *count, size_t depth, size_t place)
{
    size_t words = tree->begin[depth + 1] - tree->begin[depth];
    if (place < words)
        return (float)count[tree->begin[depth] + place];
    return parameter_row(tree->bias, 0)[tree->inner[depth] + place - words];
}

// Sums from the deepest nodes up, and logits from the root down, whose children still are sums.
static void initialise_biases(const struct network *network, const uint64_t *count)
{
    struct tree tree = tree_of(network);
    float *bias = parameter_row(tree.bias, 0);
    for (size_t d = tree.depth; d-- > 0;)
        for (size_t i = 0; i < tree.inner[d + 1] - tree.inner[d]; i++)
            bias[tree.inner[d] + i] =
                below(&tree, count, d + 1, 2 * i) + below(&tree, count, d + 1, 2 * i + 1);
    for (size_t d = 0; d < tree.depth; d++)
        for (size_t i = 0; i < tree.inner[d + 1] - tree.inner[d]; i++)
            bias[tree.inner[d] + i] = logf((below(&tree, count, d + 1, 2 * i + 1) + 1) /
                                           (below(&tree, count, d + 1, 2 * i) + 1));
}

// There is none: every node has two ways to go.
static bool softmax(const struct network *network, size_t i, struct output_softmax *softmax)
{
    (void)network;
    (void)i;
    (void)softmax;
    return false;
}

// ---- scoring ----------------------------------------------------------------------------------

// The way to the last word that a state was asked for.
struct memory {
    size_t length;
    size_t node[TREE_MOST_DEPTH];
    float logit[TREE_MOST_DEPTH];
};

struct scoring {
    struct tree tree;
    struct output_inputs inputs;
    struct memory *memory; // [most]
};

static void end(void *data)
{
    struct scoring *scoring = data;
    free(scoring->memory);
    free(scoring);
}

static void *begin(const struct network *network, const struct columns *columns, size_t most,
                   struct error *error)
{
    struct scoring *scoring = memory_new(1, sizeof *scoring, error);
    (void)columns;
    if (scoring == NULL)
        return NULL;
    scoring->tree = tree_of(network);
    scoring->memory = memory_new(most, sizeof *scoring->memory, error);
    if (scoring->memory != NULL)
        return scoring;
    end(scoring);
    return NULL;
}

static void load(void *data, const struct output_inputs *inputs)
{
    struct scoring *scoring = data;
    scoring->inputs = *inputs;
    for (size_t i = 0; i < inputs->n; i++)
        scoring->memory[i].length = 0;
}

static float logit_of(const struct scoring *scoring, size_t state, size_t node)
{
    return bias_logit(&scoring->inputs, state, scoring->tree.nodes, scoring->tree.bias, node);
}

static double first_factor(void *data, size_t state, int32_t word)
{
    struct scoring *scoring = data;
    struct memory *memory = &scoring->memory[state];
    struct tree_step path[TREE_MOST_DEPTH];
    size_t length = tree_path(&scoring->tree, word, path);
    double prob = 1;
    for (size_t d = 0; d < length; d++) {
        if (d >= memory->length || memory->node[d] != path[d].node) {
            memory->node[d] = path[d].node;
            memory->logit[d] = logit_of(scoring, state, path[d].node);
            memory->length = d + 1;
        }
        prob *= (double)tree_way(memory->logit[d], path[d].second);
    }
    return tree_prob(prob);
}

static int32_t draw(void *data, size_t state, struct random *random)
{
    struct scoring *scoring = data;
    const struct tree *tree = &scoring->tree;
    size_t place = 0;
    for (size_t d = 0;; d++) {
        size_t words = tree->begin[d + 1] - tree->begin[d];
        if (place < words)
            return (int32_t)(tree->begin[d] + place);
        place -= words;
        double second = (double)tree_way(logit_of(scoring, state, tree->inner[d] + place), true);
        place = 2 * place + (random_uniform(random, 0, 1) < second);
    }
}

static const struct output_scoring tree_scoring = {
    .begin = begin,
    .end = end,
    .load = load,
    .load_inputs = load,
    .first_factor = first_factor,
    .draw = draw,
};

const struct output_type output_tree = {
    .name = "tree",
    .about = "a binary tree of words, Huffman's for their counts",
    .parameters = parameters,
    .initialise = initialise,
    .initialise_biases = initialise_biases,
    .divide = tree_divide,
    .divided_ok = tree_divided_ok,
    .softmax = softmax,
    .scoring = &tree_scoring,
    .online = &tree_online,
    .blocks = &tree_blocks,
};
