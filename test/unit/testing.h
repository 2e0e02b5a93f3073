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

// ---- networks ---------------------------------------------------------------------------------

// Random weights in [-range, range], the hash included; the padding of rows stays 0.
static inline void randomise_network(struct network *network, uint32_t seed, double range)
{
    const struct network_shape *shape = &network->shape;
    struct {
        float *data;
        size_t rows, width, stride;
    } list[] = {
        {network->embedding, shape->words, shape->hidden, network->hidden_row},
        {network->recurrent, shape->hidden, shape->hidden, network->hidden_row},
        {network->compression, shape->compression, shape->hidden, network->hidden_row},
        {network->output, shape->words + shape->classes, network->output_width,
         network->output_row},
        {network->maxent, shape->maxent, 1, 1},
    };
    struct random random;
    random_seed(&random, seed);
    for (size_t m = 0; m < sizeof list / sizeof list[0]; m++)
        for (size_t i = 0; i < list[m].rows; i++)
            for (size_t j = 0; j < list[m].width; j++)
                list[m].data[i * list[m].stride + j] =
                    (float)random_uniform(&random, -range, range);
}

// A network whose word i has class i * classes / words, with random weights.
static inline void make_network(struct network *network, const struct network_shape *shape,
                                uint32_t seed, double range)
{
    struct error error;
    struct classes classes;
    int32_t *of_word = calloc(shape->words, sizeof *of_word);
    assert_non_null(of_word);
    for (size_t i = 0; i < shape->words; i++)
        of_word[i] = (int32_t)(i * shape->classes / shape->words);
    assert_true(classes_from_words(&classes, of_word, shape->words, shape->classes, &error));
    assert_true(network_init(network, shape, &classes, &error));
    free(of_word);
    randomise_network(network, seed, range);
}

#endif
