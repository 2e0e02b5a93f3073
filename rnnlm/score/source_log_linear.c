// Log-linear mixtures of sources, and their weights.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "score/distribution.h"
#include "score/source_mixture.h"

struct log_linear_source {
    struct source source;
    struct blend blend;               // of the parts, in the networks' place: their words
    struct distribution distribution; // its words alone
    int32_t **taken;                  // [parts][words] what each takes a word as
    double **log_prob;                // [parts][words of the part] here
    double *prob;                     // [words] here
    double most, sum; // logarithm that the largest had before normalisation; and their sum then
    bool filled;      // for this place
};

static struct log_linear_source *of(struct source *source)
{
    return (struct log_linear_source *)source;
}

static size_t words_of(const struct log_linear_source *mixture)
{
    return mixture->distribution.words.size;
}

// The logarithm of a part's P(word), for an id of its own.
static double log_prob(const struct log_linear_source *mixture, size_t part, int32_t id)
{
    return id >= 0 ? mixture->log_prob[part][id] : -INFINITY;
}

// ---- all words --------------------------------------------------------------------------------

static bool ask_parts(struct log_linear_source *mixture, struct error *error)
{
    for (size_t i = 0; i < mixture->blend.networks; i++) {
        struct source *part = mixture->blend.network[i];
        double *own = mixture->log_prob[i];
        if (!source_distribution(part, own, error))
            return false;
        for (size_t k = 0; k < source_words(part)->size; k++)
            own[k] = log(own[k]);
    }
    return true;
}

// The probabilities of all words, where the parts stand.
static bool fill(struct log_linear_source *mixture, struct error *error)
{
    const size_t words = words_of(mixture);
    double *prob = mixture->prob;
    if (mixture->filled)
        return true;
    if (!ask_parts(mixture, error))
        return false;
    memset(prob, 0, words * sizeof *prob);
    for (size_t i = 0; i < mixture->blend.networks; i++)
        for (size_t k = 0; k < words && mixture->blend.weight[i] > 0; k++)
            prob[k] += mixture->blend.weight[i] * log_prob(mixture, i, mixture->taken[i][k]);
    mixture->most = -INFINITY;
    mixture->sum = 0;
    for (size_t k = 0; k < words; k++)
        mixture->most = fmax(mixture->most, prob[k]);
    if (!(mixture->most > -INFINITY))
        return error_set(error, "the models of the log-linear mixture give no word in common a "
                                "probability");
    for (size_t k = 0; k < words; k++)
        mixture->sum += prob[k] = exp(prob[k] - mixture->most);
    for (size_t k = 0; k < words; k++)
        prob[k] /= mixture->sum;
    mixture->filled = true;
    return true;
}

// The probability of a token, which may be none of the words.
static double token_prob(const struct log_linear_source *mixture, const struct token *token)
{
    double sum = 0;
    for (size_t i = 0; i < mixture->blend.networks; i++)
        if (mixture->blend.weight[i] > 0)
            sum += mixture->blend.weight[i] *
                   log_prob(mixture, i, source_id(mixture->blend.network[i], token));
    return exp(sum - mixture->most) / mixture->sum;
}

// ---- the source -------------------------------------------------------------------------------

static void log_linear_advance(struct source *source, const struct token *token)
{
    struct log_linear_source *mixture = of(source);
    for (size_t i = 0; i < mixture->blend.networks; i++)
        source_advance(mixture->blend.network[i], token);
    mixture->filled = false;
}

static int32_t log_linear_id(const struct source *source, const struct token *token)
{
    const struct log_linear_source *mixture = (const struct log_linear_source *)source;
    const struct vocabulary *words = &mixture->distribution.words;
    int32_t id = vocabulary_find(words, token->text, token->length);
    for (size_t i = 0; i < mixture->blend.networks && id < 0; i++) {
        int32_t own = source_id(mixture->blend.network[i], token);
        id = own >= 0 ? mixture->distribution.id[i][own] : WORD_OOV;
    }
    return id;
}

static bool log_linear_next(struct source *source, const struct token *token,
                            struct source_word *word, struct error *error)
{
    struct log_linear_source *mixture = of(source);
    if (!fill(mixture, error))
        return false;
    word->prob = token_prob(mixture, token);
    word->id = word->prob > 0 ? log_linear_id(source, token) : WORD_OOV;
    word->name = word->id >= 0 ? vocabulary_word(&mixture->distribution.words, word->id) : NULL;
    word->listed = false;
    log_linear_advance(source, token);
    return true;
}

static const char *log_linear_draw(struct source *source, struct random *random)
{
    struct log_linear_source *mixture = of(source);
    int32_t drawn = WORD_OOV;
    if (!fill(mixture, NULL))
        return NULL;
    double left = random_uniform(random, 0, 1);
    for (size_t k = 0; k < words_of(mixture) && left >= 0; k++) {
        drawn = mixture->prob[k] > 0 ? (int32_t)k : drawn; // rounding may leave a little at the end
        left -= mixture->prob[k];
    }
    return vocabulary_word(&mixture->distribution.words, drawn);
}

static const struct vocabulary *log_linear_words(const struct source *source)
{
    return &((const struct log_linear_source *)source)->distribution.words;
}

static bool log_linear_distribution(struct source *source, double *prob, struct error *error)
{
    struct log_linear_source *mixture = of(source);
    if (!fill(mixture, error))
        return false;
    memcpy(prob, mixture->prob, words_of(mixture) * sizeof *prob);
    return true;
}

static void log_linear_free(struct source *source)
{
    struct log_linear_source *mixture = of(source);
    for (size_t i = 0; i < mixture->blend.networks; i++) {
        if (mixture->taken != NULL)
            free(mixture->taken[i]);
        if (mixture->log_prob != NULL)
            free(mixture->log_prob[i]);
    }
    free(mixture->taken);
    free(mixture->log_prob);
    free(mixture->prob);
    blend_free(&mixture->blend);
    distribution_free(&mixture->distribution);
    free(mixture);
}

static const struct source_type log_linear_type = {.next = log_linear_next,
                                                   .advance = log_linear_advance,
                                                   .draw = log_linear_draw,
                                                   .words = log_linear_words,
                                                   .id = log_linear_id,
                                                   .distribution = log_linear_distribution,
                                                   .free = log_linear_free};

static bool find_taken(struct log_linear_source *mixture, size_t i, struct error *error)
{
    const struct source *part = mixture->blend.network[i];
    const size_t words = words_of(mixture);
    mixture->taken[i] = memory_new(words, sizeof **mixture->taken, error);
    mixture->log_prob[i] = memory_new(source_words(part)->size, sizeof **mixture->log_prob, error);
    if (mixture->taken[i] == NULL || mixture->log_prob[i] == NULL)
        return false;
    for (size_t k = 0; k < words; k++) {
        const char *word = vocabulary_word(&mixture->distribution.words, (int32_t)k);
        const struct token token = {word, strlen(word), k == WORD_END};
        mixture->taken[i][k] = source_id(part, &token);
    }
    return true;
}

static bool start(struct log_linear_source *mixture, struct error *error)
{
    const size_t parts = mixture->blend.networks;
    if (!distribution_known(&mixture->blend))
        return error_set(error, "a log-linear mixture wants models that tell the probabilities of "
                                "all words: found a file of probabilities");
    if (!distribution_init(&mixture->distribution, &mixture->blend, error))
        return false;
    const struct vocabulary *first = source_words(mixture->blend.network[0]);
    for (size_t k = 0; k < first->size; k++) // who asks how frequent words are is told
        mixture->distribution.words.count[mixture->distribution.id[0][k]] = first->count[k];
    mixture->taken = memory_new(parts, sizeof *mixture->taken, error);
    mixture->log_prob = memory_new(parts, sizeof *mixture->log_prob, error);
    mixture->prob = memory_new(words_of(mixture), sizeof *mixture->prob, error);
    bool ok = mixture->taken != NULL && mixture->log_prob != NULL && mixture->prob != NULL;
    for (size_t i = 0; ok && i < parts; i++)
        ok = find_taken(mixture, i, error);
    return ok;
}

struct source *source_log_linear(struct source *const *part, const double *weight, size_t parts,
                                 struct error *error)
{
    struct log_linear_source *mixture = memory_new(1, sizeof *mixture, error);
    struct blend blend;
    if (!blend_init(&blend, part, weight, parts, error) || mixture == NULL) {
        blend_free(&blend);
        free(mixture);
        return NULL;
    }
    mixture->source.type = &log_linear_type;
    mixture->blend = blend;
    if (start(mixture, error))
        return &mixture->source;
    log_linear_free(&mixture->source);
    return NULL;
}

// ---- weights ----------------------------------------------------------------------------------

enum { MOST_STEPS = 20, MOST_HALVINGS = 8 };

// A text with some weights: its log probability, of the words that have one, and the first and second derivatives,
//
//   d/dw_i = sum over words of log P_i(word) - E[log P_i],  - d2/dw_i dw_j = sum of Cov[log P_i, log P_j].
struct derivatives {
    double log_prob;
    uint64_t words;
    double *first;  // [parts]
    double *second; // [parts][parts] negative
    double *mean;   // [parts] scratch
};

static bool derivatives_init(struct derivatives *sums, size_t parts, struct error *error)
{
    sums->first = memory_new(parts, sizeof *sums->first, error);
    sums->second = memory_new(parts * parts, sizeof *sums->second, error);
    sums->mean = memory_new(parts, sizeof *sums->mean, error);
    return sums->first != NULL && sums->second != NULL && sums->mean != NULL;
}

static void derivatives_free(struct derivatives *sums)
{
    free(sums->first);
    free(sums->second);
    free(sums->mean);
}

static void add_word(const struct log_linear_source *mixture, const struct token *token,
                     struct derivatives *sums)
{
    const size_t parts = mixture->blend.networks;
    double prob = token_prob(mixture, token);
    if (!(prob > 0))
        return;
    memset(sums->mean, 0, parts * sizeof *sums->mean);
    for (size_t k = 0; k < words_of(mixture); k++)
        for (size_t i = 0; i < parts && mixture->prob[k] > 0; i++) {
            double own = mixture->prob[k] * log_prob(mixture, i, mixture->taken[i][k]);
            sums->mean[i] += own;
            for (size_t j = 0; j <= i; j++)
                sums->second[i * parts + j] += own * log_prob(mixture, j, mixture->taken[j][k]);
        }
    for (size_t i = 0; i < parts; i++) {
        const struct source *part = mixture->blend.network[i];
        sums->first[i] += log_prob(mixture, i, source_id(part, token)) - sums->mean[i];
        for (size_t j = 0; j <= i; j++)
            sums->second[i * parts + j] -= sums->mean[i] * sums->mean[j];
    }
    sums->log_prob += log(prob);
    sums->words++;
}

static bool add_text(struct source *source, struct reader *reader, struct derivatives *sums,
                     struct error *error)
{
    struct token token;
    while (reader_next(reader, &token)) {
        if (!fill(of(source), error))
            return false;
        add_word(of(source), &token, sums);
        log_linear_advance(source, &token);
    }
    return reader_ok(reader, error);
}

static bool pass(const struct log_linear_text *text, const double *weight, size_t parts,
                 struct derivatives *sums, struct error *error)
{
    memset(sums->first, 0, parts * sizeof *sums->first);
    memset(sums->second, 0, parts * parts * sizeof *sums->second);
    sums->log_prob = 0;
    sums->words = 0;
    struct source *source = text->mix(text->context, weight, error);
    struct reader *reader = source != NULL ? text->open(text->context, error) : NULL;
    bool ok = reader != NULL && add_text(source, reader, sums, error) &&
              (sums->words > 0 || error_set(error, "%s: no word has a probability in all models",
                                            reader_name(reader)));
    reader_close(reader);
    source_free(source);
    return ok;
}

// The solution of matrix x = right, by Cholesky's decomposition of a matrix that is a little more than positive
// definite, and overwritten: [n][n], of which the lower half is looked at.
static void solve(double *matrix, const double *right, double *x, size_t n)
{
    double trace = 0;
    for (size_t i = 0; i < n; i++)
        trace += matrix[i * n + i];
    for (size_t i = 0; i < n; i++) {
        matrix[i * n + i] += 1e-9 * trace + 1e-12;
        for (size_t j = 0; j <= i; j++) {
            double sum = matrix[i * n + j];
            for (size_t k = 0; k < j; k++)
                sum -= matrix[i * n + k] * matrix[j * n + k];
            matrix[i * n + j] = i == j ? sqrt(fmax(sum, 1e-12)) : sum / matrix[j * n + j];
        }
        x[i] = right[i];
        for (size_t k = 0; k < i; k++)
            x[i] -= matrix[i * n + k] * x[k];
        x[i] /= matrix[i * n + i];
    }
    for (size_t i = n; i-- > 0;) {
        for (size_t k = i + 1; k < n; k++)
            x[i] -= matrix[k * n + i] * x[k];
        x[i] /= matrix[i * n + i];
    }
}

// What a step leaves of a weight at least: they stay above 0.
static const double LEAST_LEFT = 0.1;

// What is worked with.
struct climber {
    size_t parts;
    struct derivatives sums;
    double *step, *next, *right; // [parts]
    double *matrix;              // [parts][parts]
    bool *bound;                 // [parts] weights that fall as far as they may
};

// The equations of Newton's step, those of weights that are bound put to what these do.
static void set_equations(struct climber *climber, const double *weight)
{
    const size_t n = climber->parts;
    const double *second = climber->sums.second;
    for (size_t i = 0; i < n; i++) {
        climber->right[i] = climber->bound[i] ? climber->step[i] : climber->sums.first[i];
        for (size_t j = 0; j < n; j++) {
            double own = second[i > j ? i * n + j : j * n + i];
            bool both = !climber->bound[i] && !climber->bound[j];
            climber->matrix[i * n + j] = both ? own : i == j;
            if (!climber->bound[i] && climber->bound[j])
                climber->right[i] -= own * (LEAST_LEFT - 1) * weight[j];
        }
    }
}

// Newton's step as far as no weight falls below what is left of it at least.
static void find_step(struct climber *climber, const double *weight)
{
    bool more = true;
    memset(climber->bound, 0, climber->parts * sizeof *climber->bound);
    while (more) {
        set_equations(climber, weight);
        solve(climber->matrix, climber->right, climber->step, climber->parts);
        more = false;
        for (size_t i = 0; i < climber->parts; i++) {
            const double least = (LEAST_LEFT - 1) * weight[i];
            if (!climber->bound[i] && climber->step[i] < least)
                more = climber->bound[i] = true;
            if (climber->bound[i])
                climber->step[i] = least;
        }
    }
}

static bool climb(const struct log_linear_text *text, double *weight, struct climber *climber,
                  struct error *error)
{
    static const double PRECISION = 1e-7; // of log P, a word
    const size_t parts = climber->parts;
    struct derivatives *sums = &climber->sums;
    if (!pass(text, weight, parts, sums, error))
        return false;
    for (int steps = 0; steps < MOST_STEPS; steps++) {
        const double before = sums->log_prob;
        double scale = 1;
        find_step(climber, weight);
        for (int halvings = 0; halvings < MOST_HALVINGS; halvings++, scale /= 2) {
            for (size_t i = 0; i < parts; i++)
                climber->next[i] = weight[i] + scale * climber->step[i];
            if (!pass(text, climber->next, parts, sums, error))
                return false;
            if (sums->log_prob >= before)
                break;
        }
        if (!(sums->log_prob >= before)) { // rounding alone is left
            sums->log_prob = before;
            return true;
        }
        memcpy(weight, climber->next, parts * sizeof *weight);
        if (sums->log_prob - before < PRECISION * (double)sums->words)
            return true;
    }
    return true;
}

static bool climber_init(struct climber *climber, size_t parts, struct error *error)
{
    *climber = (struct climber){.parts = parts};
    climber->step = memory_new(parts, sizeof *climber->step, error);
    climber->next = memory_new(parts, sizeof *climber->next, error);
    climber->right = memory_new(parts, sizeof *climber->right, error);
    climber->matrix = memory_new(parts * parts, sizeof *climber->matrix, error);
    climber->bound = memory_new(parts, sizeof *climber->bound, error);
    return climber->step != NULL && climber->next != NULL && climber->right != NULL &&
           climber->matrix != NULL && climber->bound != NULL &&
           derivatives_init(&climber->sums, parts, error);
}

static void climber_free(struct climber *climber)
{
    derivatives_free(&climber->sums);
    free(climber->step);
    free(climber->next);
    free(climber->right);
    free(climber->matrix);
    free(climber->bound);
}

bool log_linear_tune(const struct log_linear_text *text, double *weight, size_t parts,
                     double *log10_prob, uint64_t *words, struct error *error)
{
    struct climber climber;
    bool ok = climber_init(&climber, parts, error) && climb(text, weight, &climber, error);
    *log10_prob = climber.sums.log_prob / log(10);
    *words = climber.sums.words;
    climber_free(&climber);
    return ok;
}
