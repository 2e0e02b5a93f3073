// Text drawn from a mixture of models: a source is drawn by its weight, then a word from it; or,
// where the distribution is made flatter or steeper, a word from the whole of it.
#include "score/generate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/random.h"
#include "text/span.h"

struct generator {
    struct blend *blend;
    const struct sampling *sampling;
    struct random random;
    struct output *output;
    // With a temperature: all words of all sources, and each source's ids among them.
    struct vocabulary words;
    int32_t **id;        // [sources][words of the source]
    double *prob, *part; // [words.size] of the mixture, and of one source
    size_t sources;
};

static struct source *source_at(const struct blend *blend, size_t i)
{
    return i < blend->networks ? blend->network[i] : blend->other;
}

static double weight_at(const struct blend *blend, size_t i)
{
    double networks = blend->other != NULL ? blend->lambda : 1;
    return i < blend->networks ? networks * blend->weight[i] : 1 - blend->lambda;
}

static bool no_draw(struct error *error)
{
    return error_set(error,
                     "words cannot be drawn from a file of probabilities (-lm-prob); -ngram can");
}

// ---- the whole distribution --------------------------------------------------------------------

static bool add_words(struct generator *generator, size_t i, struct error *error)
{
    const struct vocabulary *words = source_words(source_at(generator->blend, i));
    if (words == NULL)
        return no_draw(error);
    generator->id[i] = memory_new(words->size, sizeof **generator->id, error);
    for (size_t k = 0; generator->id[i] != NULL && k < words->size; k++) {
        const char *word = vocabulary_word(words, (int32_t)k);
        generator->id[i][k] = vocabulary_add(&generator->words, word, strlen(word), error);
        if (generator->id[i][k] < 0)
            return false;
    }
    return generator->id[i] != NULL;
}

static bool join_words(struct generator *generator, struct error *error)
{
    size_t sources = generator->blend->networks + (generator->blend->other != NULL);
    generator->id = memory_new(sources, sizeof *generator->id, error);
    bool ok = generator->id != NULL && vocabulary_init(&generator->words, error);
    while (ok && generator->sources < sources)
        ok = add_words(generator, generator->sources++, error);
    generator->prob = ok ? memory_new(generator->words.size, sizeof(double), error) : NULL;
    generator->part = ok ? memory_new(generator->words.size, sizeof(double), error) : NULL;
    return generator->prob != NULL && generator->part != NULL;
}

static bool mix_distributions(struct generator *generator, struct error *error)
{
    memset(generator->prob, 0, generator->words.size * sizeof *generator->prob);
    for (size_t i = 0; i < generator->sources; i++) {
        struct source *source = source_at(generator->blend, i);
        size_t words = source_words(source)->size;
        double weight = weight_at(generator->blend, i);
        if (!source_distribution(source, generator->part, error))
            return false;
        for (size_t k = 0; k < words; k++)
            generator->prob[generator->id[i][k]] += weight * generator->part[k];
    }
    return true;
}

// Divided by the largest before the power is taken, so that one word at least keeps a number.
static const char *draw_tempered(struct generator *generator, struct error *error)
{
    double temperature = generator->sampling->temperature, *prob = generator->prob, sum = 0;
    size_t size = generator->words.size, likeliest = 0, drawn;
    if (!mix_distributions(generator, error))
        return NULL;
    for (size_t i = 1; i < size; i++)
        likeliest = prob[i] > prob[likeliest] ? i : likeliest;
    double most = prob[likeliest];
    if (!(most > 0)) {
        error_set(error, "the models give no word a probability");
        return NULL;
    }
    for (size_t i = 0; i < size && temperature > 0; i++) {
        prob[i] = prob[i] > 0 ? pow(prob[i] / most, 1 / temperature) : 0;
        sum += prob[i];
    }
    drawn = likeliest;
    double left = temperature > 0 ? random_uniform(&generator->random, 0, sum) : 0;
    for (size_t i = 0; i < size && left > 0; i++) {
        drawn = prob[i] > 0 ? i : drawn; // rounding may leave a little after the last one
        left -= prob[i];
    }
    return vocabulary_word(&generator->words, (int32_t)drawn);
}

// ---- words -------------------------------------------------------------------------------------

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

static const char *draw(struct generator *generator, struct error *error)
{
    struct random *random = &generator->random;
    if (generator->sampling->temperature != 1)
        return draw_tempered(generator, error);
    const char *word = source_draw(draw_source(generator->blend, random), random);
    if (word == NULL)
        no_draw(error);
    return word;
}

static void advance(struct blend *blend, const struct token *token)
{
    for (size_t i = 0; i < blend->networks; i++)
        source_advance(blend->network[i], token);
    if (blend->other != NULL)
        source_advance(blend->other, token);
}

static bool is_known(const struct blend *blend, const struct span *word)
{
    size_t sources = blend->networks + (blend->other != NULL);
    for (size_t i = 0; i < sources; i++) {
        const struct vocabulary *words = source_words(source_at(blend, i));
        if (words != NULL && vocabulary_find(words, word->text, word->length) >= 0)
            return true;
    }
    return false;
}

static bool check_prefix(const struct generator *generator, struct error *error)
{
    struct span rest = {generator->sampling->prefix, 0}, word;
    rest.length = rest.text != NULL ? strlen(rest.text) : 0;
    while (span_take(&rest, &word)) {
        if (word.length == 4 && memcmp(word.text, "</s>", 4) == 0)
            return error_set(error,
                             "option -prefix: found </s>, wanted words of a sentence's beginning");
        if (!generator->sampling->unk && !is_known(generator->blend, &word))
            return error_set(
                error, "option -prefix: no model has the word \"%.*s\"; -unk takes it as <unk>",
                (int)(word.length < 60 ? word.length : 60), word.text);
    }
    return true;
}

static void write_word(struct generator *generator, const struct token *token)
{
    output_write(generator->output, token->text, token->length);
    output_text(generator->output, " ");
    advance(generator->blend, token);
}

static void begin_with_prefix(struct generator *generator)
{
    struct span rest = {generator->sampling->prefix, 0}, word;
    rest.length = rest.text != NULL ? strlen(rest.text) : 0;
    while (span_take(&rest, &word))
        write_word(generator, &(struct token){word.text, word.length, false});
}

static void end_line(struct generator *generator)
{
    static const struct token end = {"</s>", 4, true};
    output_text(generator->output, "\n");
    advance(generator->blend, &end);
}

// Draws a word and goes behind it; *ended tells of </s>.
static bool go_on(struct generator *generator, bool *ended, struct error *error)
{
    const char *word = draw(generator, error);
    if (word == NULL)
        return false;
    *ended = strcmp(word, "</s>") == 0;
    if (*ended)
        end_line(generator);
    else
        write_word(generator, &(struct token){word, strlen(word), false});
    return true;
}

// ---- texts -------------------------------------------------------------------------------------

static bool generate_words(struct generator *generator, struct error *error)
{
    bool ended = generator->sampling->prefix == NULL;
    begin_with_prefix(generator);
    for (uint64_t i = 0; i < generator->sampling->words; i++)
        if (!go_on(generator, &ended, error))
            return false;
    if (!ended)
        output_text(generator->output, "\n");
    return true;
}

static bool generate_sentences(struct generator *generator, uint64_t *cut, struct error *error)
{
    for (uint64_t i = 0; i < generator->sampling->sentences; i++) {
        bool ended = false;
        begin_with_prefix(generator);
        for (uint64_t words = 0; !ended && words < generator->sampling->longest; words++)
            if (!go_on(generator, &ended, error))
                return false;
        if (ended)
            continue;
        end_line(generator);
        ++*cut;
    }
    return true;
}

static void generator_free(struct generator *generator)
{
    for (size_t i = 0; i < generator->sources; i++)
        free(generator->id[i]);
    free(generator->id);
    free(generator->prob);
    free(generator->part);
    vocabulary_free(&generator->words);
}

bool generate_text(struct blend *blend, const struct sampling *sampling, struct output *output,
                   uint64_t *cut, struct error *error)
{
    struct generator generator = {.blend = blend, .sampling = sampling, .output = output};
    uint64_t longer = 0;
    random_seed(&generator.random, sampling->seed);
    bool ok = check_prefix(&generator, error) &&
              (sampling->temperature == 1 || join_words(&generator, error)) &&
              (sampling->words > 0 || sampling->sentences == 0
                   ? generate_words(&generator, error)
                   : generate_sentences(&generator, &longer, error));
    generator_free(&generator);
    if (cut != NULL)
        *cut = longer;
    return ok;
}
