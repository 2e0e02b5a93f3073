// The reference's initial weights.
#include "net/layers/reference_weights.h"

#include "base/memory.h"

static float draw(struct random *random)
{
    double sum = random_uniform(random, -0.1, 0.1);
    sum += random_uniform(random, -0.1, 0.1);
    sum += random_uniform(random, -0.1, 0.1);
    return (float)sum;
}

void reference_draw_row(float *row, size_t width, struct random *random)
{
    for (size_t j = 0; j < width; j++)
        row[j] = draw(random);
}

// A hidden unit's input weights are a column for us. Sixteen columns are drawn before they are
// stored, so that each store fills a cache line.
void reference_draw_hidden(struct parameter *input, struct parameter *recurrent,
                           struct random *random, float *scratch)
{
    size_t words = input->rows, units = input->width;
    for (size_t first = 0; first < units; first += MEMORY_ROW) {
        size_t count = units - first < MEMORY_ROW ? units - first : MEMORY_ROW;
        for (size_t i = 0; i < count; i++) {
            reference_draw_row(scratch + i * words, words, random);
            reference_draw_row(parameter_row(recurrent, first + i), recurrent->width, random);
        }
        for (size_t word = 0; word < words; word++)
            for (size_t i = 0; i < count; i++)
                parameter_row(input, word)[first + i] = scratch[i * words + word];
    }
}
