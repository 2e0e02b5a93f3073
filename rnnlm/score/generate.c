// Text drawn from a mixture of models: a source is drawn by its weight, then a word from it; or,
// where the distribution is made flatter or steeper, a word from the whole of it.
#include "score/generate.h"

#include <math.h>
#include <string.h>

#include "base/random.h"
#include "score/distribution.h"
#include "text/span.h"
#include "text/utf8.h"

struct generator {
    struct blend *blend;
    const struct sampling *sampling;
    struct random random;
    struct output *output;
    bool inside;                      // something of the line has been written
    struct distribution distribution; // with a temperature
};

static bool no_draw(struct error *error)
{
    return error_set(error,
                     "words cannot be drawn from a file of probabilities (-lm-prob); -ngram can");
}

// ---- from the whole distribution --------------------------------------------------------------------

// Divided by the largest before the power is taken, so that one word at least keeps a number.
static const char *draw_tempered(struct generator *generator, struct error *error)
{
    struct distribution *all = &generator->distribution;
    double temperature = generator->sampling->temperature, *prob = all->prob, sum = 0;
    size_t size = all->words.size, likeliest = 0, drawn;
    if (!distribution_fill(all, error))
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
    return vocabulary_word(&all->words, (int32_t)drawn);
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
    for (size_t i = 0; i < blend_sources(blend); i++)
        source_advance(blend_source(blend, i), token);
}

static bool is_known(const struct blend *blend, const struct span *word)
{
    for (size_t i = 0; i < blend_sources(blend); i++) {
        const struct vocabulary *words = source_words(blend_source(blend, i));
        if (words != NULL && vocabulary_find(words, word->text, word->length) >= 0)
            return true;
    }
    return false;
}

static void write_word(struct generator *generator, const struct token *token)
{
    struct output *output = generator->output;
    const char *text = token->text;
    size_t length = token->length;
    bool words = generator->sampling->unit == UNIT_WORD, space = false;
    if (!words)
        text = unit_text(text, &length, &space);
    if (space && generator->inside)
        output_text(output, " ");
    output_write(output, text, length);
    if (words)
        output_text(output, " ");
    generator->inside = true;
    advance(generator->blend, token);
}

// The next token of a prefix: a word, or a character of one, before which a space may come.
static bool prefix_next(const struct generator *generator, struct span *rest, struct span *word,
                        struct token *token)
{
    if (word->length == 0) {
        bool first = word->text == NULL;
        if (!span_take(rest, word))
            return false;
        if (!first && generator->sampling->unit == UNIT_CHAR) {
            *token = (struct token){UNIT_SPACE, sizeof UNIT_SPACE - 1, false};
            return true;
        }
    }
    size_t length = word->length;
    if (generator->sampling->unit == UNIT_CHAR)
        length = utf8_length(word->text, word->length);
    length = length > 0 ? length : 1;
    *token = (struct token){word->text, length, false};
    *word = (struct span){word->text + length, word->length - length};
    return true;
}

static bool check_prefix(const struct generator *generator, struct error *error)
{
    struct span rest = {generator->sampling->prefix, 0}, word = {NULL, 0};
    struct token token;
    rest.length = rest.text != NULL ? strlen(rest.text) : 0;
    while (prefix_next(generator, &rest, &word, &token)) {
        const struct span this = {token.text, token.length};
        if (token.length == 4 && memcmp(token.text, "</s>", 4) == 0)
            return error_set(error,
                             "option -prefix: found </s>, wanted words of a sentence's beginning");
        if (!generator->sampling->unk && !is_known(generator->blend, &this))
            return error_set(
                error, "option -prefix: no model has the word \"%.*s\"; -unk takes it as <unk>",
                (int)(token.length < 60 ? token.length : 60), token.text);
    }
    return true;
}

static void begin_with_prefix(struct generator *generator)
{
    struct span rest = {generator->sampling->prefix, 0}, word = {NULL, 0};
    struct token token;
    rest.length = rest.text != NULL ? strlen(rest.text) : 0;
    while (prefix_next(generator, &rest, &word, &token))
        write_word(generator, &token);
}

static void end_line(struct generator *generator)
{
    static const struct token end = {"</s>", 4, true};
    output_text(generator->output, "\n");
    generator->inside = false;
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

// What draws from the whole distribution.
static bool make_distribution(struct generator *generator, struct error *error)
{
    if (!distribution_known(generator->blend))
        return no_draw(error);
    return distribution_init(&generator->distribution, generator->blend, error);
}

bool generate_text(struct blend *blend, const struct sampling *sampling, struct output *output,
                   uint64_t *cut, struct error *error)
{
    struct generator generator = {.blend = blend, .sampling = sampling, .output = output};
    uint64_t longer = 0;
    random_seed(&generator.random, sampling->seed);
    bool ok = check_prefix(&generator, error) &&
              (sampling->temperature == 1 || make_distribution(&generator, error)) &&
              (sampling->words > 0 || sampling->sentences == 0
                   ? generate_words(&generator, error)
                   : generate_sentences(&generator, &longer, error));
    distribution_free(&generator.distribution);
    if (cut != NULL)
        *cut = longer;
    return ok;
}
