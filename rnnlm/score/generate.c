// Text drawn from a mixture of models: a source is drawn by its weight, then a word from it.
#include "score/generate.h"

#include <string.h>

#include "base/random.h"

static struct source *draw_source(const struct blend *blend, struct random *random)
{
    if (blend->other != NULL && random_uniform(random, 0, 1) >= blend->lambda)
        return blend->other;
    double left = blend->networks > 1 ? random_uniform(random, 0, 1) : 0;
    size_t i = 0;
    while (i + 1 < blend->networks && left >= blend->weight[i])
        left -= blend->weight[i++];
    return blend->network[i];
}

static void advance(struct blend *blend, const struct token *token)
{
    for (size_t i = 0; i < blend->networks; i++)
        source_advance(blend->network[i], token);
    if (blend->other != NULL)
        source_advance(blend->other, token);
}

bool generate_text(struct blend *blend, uint64_t words, uint32_t seed, struct output *output,
                   struct error *error)
{
    struct random random;
    struct token token = {.sentence_end = true};
    random_seed(&random, seed);
    for (uint64_t i = 0; i < words; i++) {
        const char *word = source_draw(draw_source(blend, &random), &random);
        if (word == NULL)
            return error_set(
                error, "words cannot be drawn from a file of probabilities (-lm-prob); -ngram can");
        token = (struct token){word, strlen(word), strcmp(word, "</s>") == 0};
        output_text(output, token.sentence_end ? "\n" : word);
        if (!token.sentence_end)
            output_text(output, " ");
        advance(blend, &token);
    }
    if (!token.sentence_end)
        output_text(output, "\n");
    return true;
}
