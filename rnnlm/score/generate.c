// Text drawn from the network's distribution.
#include "score/generate.h"

#include "base/random.h"

// Index drawn in proportion to `share`, of which at least one is above 0.
static size_t draw(struct random *random, const float *share, size_t n)
{
    double total = 0;
    for (size_t i = 0; i < n; i++)
        total += (double)share[i];
    double left = random_uniform(random, 0, total);
    size_t last = 0;
    for (size_t i = 0; i < n; i++) {
        if (share[i] <= 0)
            continue;
        if (left < (double)share[i])
            return i;
        left -= (double)share[i];
        last = i;
    }
    return last;
}

// An empty class takes part in the softmax but has no words to draw.
static size_t draw_class(struct scorer *scorer, struct random *random)
{
    const struct classes *classes = &scorer->model->network.classes;
    for (size_t k = 0; k < classes->count; k++)
        if (classes->begin[k] == classes->begin[k + 1])
            scorer->prediction.class_prob[k] = 0;
    return draw(random, scorer->prediction.class_prob, classes->count);
}

static int32_t draw_word(struct scorer *scorer, struct random *random)
{
    const struct network *network = &scorer->model->network;
    const struct state *now = scorer->now;
    predict_classes(network, now->hidden, now->history, &scorer->prediction);
    size_t k = draw_class(scorer, random);
    predict_words(network, now->history, k, &scorer->prediction);
    int32_t first = network->classes.begin[k];
    return first + (int32_t)draw(random, scorer->prediction.word_prob,
                                 (size_t)(network->classes.begin[k + 1] - first));
}

void generate_text(struct scorer *scorer, uint64_t words, uint32_t seed, struct output *output)
{
    struct random random;
    bool line_open = false;
    random_seed(&random, seed);
    for (uint64_t i = 0; i < words; i++) {
        int32_t word = draw_word(scorer, &random);
        if (word == WORD_END) {
            output_text(output, "\n");
        } else {
            output_text(output, vocabulary_word(&scorer->model->vocabulary, word));
            output_text(output, " ");
        }
        line_open = word != WORD_END;
        scorer_word(scorer, word);
    }
    if (line_open)
        output_text(output, "\n");
}
