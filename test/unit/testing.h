// What several unit tests need: comparisons, small networks.
#ifndef TESTING_H
#define TESTING_H

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/random.h"
#include "net/network.h"
#include "net/outputs/kinds.h"

// |found - wanted| <= tolerance (1 + |wanted|)
#define assert_near(found, wanted, tolerance)                                                      \
    testing_near((double)(found), (double)(wanted), tolerance, __FILE__, __LINE__)

static inline void testing_near(double found, double wanted, double tolerance, const char *file,
                                int line)
{
    if (!(fabs(found - wanted) <= tolerance * (1 + fabs(wanted)))) {
        print_error("found %.12g, wanted %.12g within %g\n", found, wanted, tolerance);
        _fail(file, line);
    }
}

#define assert_contains(text, part) testing_contains(text, part, __FILE__, __LINE__)

static inline void testing_contains(const char *text, const char *part, const char *file, int line)
{
    if (strstr(text, part) == NULL) {
        print_error("found \"%s\", wanted \"%s\" in it\n", text, part);
        _fail(file, line);
    }
}

// Whether this is a build under sanitizers or valgrind, where a part of many like cases is enough.
static inline bool slow_build(void)
{
    const char *slow = getenv("RNNLM_SLOW_BUILD");
    return slow != NULL && *slow == '1';
}

// ---- networks ---------------------------------------------------------------------------------

// What stands behind the layers.
static inline void add_output(struct network_shape *shape, const char *name)
{
    struct error error = {""};
    if (strcmp(name, "tied") == 0) {
        shape->tied = true;
        return;
    }
    if (!shape_parse_output(shape, name, &error))
        fail_msg("%s", error.text);
    if (!shape->output->classes)
        shape->classes = 1;
    if (!shape->output->direct)
        shape->maxent = 0;
}

// A shape whose layers are given as options have them, perhaps with an output behind them:
// "elman:5,compression:3", "lstm:7 full", "elman:5,lstm:5 class tied"; with biases where programs give
// it some. Classes and direct connections are for outputs that can have them.
static inline struct network_shape new_shape(size_t words, const char *layers, size_t classes,
                                             size_t maxent, int maxent_order)
{
    struct network_shape shape = {.words = words,
                                  .output = &output_class,
                                  .classes = classes,
                                  .maxent = maxent,
                                  .maxent_order = maxent_order};
    struct error error = {""};
    char text[SHAPE_TEXT];
    snprintf(text, sizeof text, "%s", layers);
    char *rest = NULL, *name;
    if (!shape_parse_layers(&shape, strtok_r(text, " ", &rest), NULL, &error))
        fail_msg("%s", error.text);
    while ((name = strtok_r(NULL, " ", &rest)) != NULL)
        add_output(&shape, name);
    shape.biases = !shape_is_reference(&shape);
    return shape;
}

// What small networks learn against whose output learns against noise: most counts are 0.
static inline struct output_noise small_noise(void)
{
    static const uint64_t count[256] = {40, 0, 3, 3, 17, 9, 1, 0, 25, 2, 2, 6, 11};
    return (struct output_noise){.count = count, .words = 9, .power = 0.75, .seed = 3};
}

// Entry `i` of a parameter, counted without padding.
static inline float *parameter_weight(const struct parameter *parameter, size_t i)
{
    return parameter_row(parameter, i / parameter->width) + i % parameter->width;
}

// Random weights in [-range, range], the hash included; the padding of rows stays 0.
static inline void randomise_network(struct network *network, uint32_t seed, double range)
{
    struct random random;
    random_seed(&random, seed);
    for (size_t p = 0; p < network->parameters; p++)
        for (size_t i = 0; i < network->parameter[p].rows * network->parameter[p].width; i++)
            *parameter_weight(&network->parameter[p], i) =
                (float)random_uniform(&random, -range, range);
}

// Word i has class i * classes / words, or where an output divides words by their counts, 1000 / (i + 1)
// of these.
static inline void make_classes(struct network_shape *shape, struct classes *classes)
{
    struct error error;
    *classes = (struct classes){.count = 0};
    int32_t *of_word = calloc(shape->words, sizeof *of_word);
    uint64_t *count = calloc(shape->words, sizeof *count);
    assert_true(of_word != NULL && count != NULL);
    for (size_t i = 0; i < shape->words; i++) {
        of_word[i] = (int32_t)(i * shape->classes / shape->words);
        count[i] = 1000 / (i + 1);
    }
    if (shape->output->divided_ok != NULL) {
        assert_true(shape->output->divide(shape, count, classes, &error));
        assert_true(shape->output->divided_ok(classes, &error));
    } else {
        assert_true(classes_from_words(classes, of_word, shape->words, shape->classes, &error));
    }
    free(of_word);
    free(count);
}

// A network with random weights.
static inline void make_network(struct network *network, const struct network_shape *shape,
                                uint32_t seed, double range)
{
    struct error error;
    struct classes classes;
    struct network_shape divided = *shape;
    make_classes(&divided, &classes);
    assert_true(network_init(network, &divided, &classes, &error));
    randomise_network(network, seed, range);
}

// To the last bit, padding included.
static inline void assert_same_parameters(const struct network *a, const struct network *b)
{
    assert_int_equal(a->parameters, b->parameters);
    for (size_t p = 0; p < a->parameters; p++) {
        assert_string_equal(a->parameter[p].name, b->parameter[p].name);
        assert_memory_equal(a->parameter[p].data, b->parameter[p].data,
                            parameter_bytes(&a->parameter[p]));
    }
}

#endif
