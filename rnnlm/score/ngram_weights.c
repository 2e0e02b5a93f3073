// Weights of a mixture of back-off models.
#include "score/ngram_weights.h"

#include <math.h>
#include <stdlib.h>

#include "base/memory.h"
#include "text/reader.h"

enum { MOST_ITERATIONS = 100000 };

struct weighing {
    struct ngram_model *const *model; // [models]
    size_t models, words;
    struct ngram_state *state; // [models]
    double **prob;             // [models][words]
    size_t *capacity;          // [models]
};

static void start_sentence(struct weighing *weighing)
{
    for (size_t i = 0; i < weighing->models; i++)
        ngram_start(weighing->model[i], &weighing->state[i], true);
}

static bool is_known(const struct weighing *weighing, const struct token *token)
{
    for (size_t i = 0; i < weighing->models; i++)
        if (vocabulary_find(&weighing->model[i]->words, token->text, token->length) != WORD_OOV)
            return true;
    return false;
}

static bool add_token(struct weighing *weighing, const struct token *token, struct error *error)
{
    bool known = is_known(weighing, token);
    for (size_t i = 0; i < weighing->models; i++) {
        const struct ngram_model *model = weighing->model[i];
        int32_t word =
            known ? vocabulary_find(&model->words, token->text, token->length) : model->unknown;
        if (!memory_grow(&weighing->prob[i], &weighing->capacity[i], weighing->words + 1,
                         sizeof(double), error))
            return false;
        double log10_prob =
            ngram_score(model, &weighing->state[i], word, &weighing->state[i], NULL);
        if (!ngram_check(model, word, log10_prob, error))
            return false;
        weighing->prob[i][weighing->words] = log10_prob < 0 ? pow(10, log10_prob) : 1;
    }
    weighing->words++;
    return true;
}

static bool is_mark(const struct token *token, const char *mark)
{
    for (size_t i = 0; i < token->length; i++)
        if (token->text[i] != mark[i])
            return false;
    return mark[token->length] == '\0';
}

// Empty lines are no sentences; <s> at a line's start and </s> at its end add nothing.
static bool read_text(struct weighing *weighing, struct reader *reader, struct error *error)
{
    struct token token;
    bool inside = false;
    start_sentence(weighing);
    while (reader_next(reader, &token)) {
        if (token.sentence_end ? !inside : is_mark(&token, "<s>") || is_mark(&token, "</s>"))
            continue;
        inside = !token.sentence_end;
        if (!add_token(weighing, &token, error))
            return error_prefix(error, "%s: line %llu: ", reader_name(reader),
                                (unsigned long long)reader_line_number(reader));
        if (token.sentence_end)
            start_sentence(weighing);
    }
    return reader_ok(reader, error);
}

static bool weigh(struct weighing *weighing, const char *text, double precision, double *weight,
                  struct mixture_score *score, struct error *error)
{
    struct reader *reader = reader_open(text, error);
    bool ok = reader != NULL && read_text(weighing, reader, error);
    reader_close(reader);
    if (!ok)
        return false;
    struct mixture mixture = {weighing->models, weighing->words,
                              (const double *const *)weighing->prob};
    mixture_start(weighing->models, weight);
    if (!mixture_train(&mixture, weight, precision, MOST_ITERATIONS, NULL, error))
        return error_prefix(error, "%s: ", text);
    *score = mixture_score(&mixture, weight);
    return true;
}

bool ngram_weights(struct ngram_model *const *model, size_t models, const char *text,
                   double precision, double *weight, struct mixture_score *score,
                   struct error *error)
{
    struct weighing weighing = {.model = model, .models = models};
    weighing.state = memory_new(models, sizeof *weighing.state, error);
    weighing.prob = memory_new(models, sizeof *weighing.prob, error);
    weighing.capacity = memory_new(models, sizeof *weighing.capacity, error);
    bool ok = weighing.state != NULL && weighing.prob != NULL && weighing.capacity != NULL &&
              weigh(&weighing, text, precision, weight, score, error);
    for (size_t i = 0; weighing.prob != NULL && i < models; i++)
        free(weighing.prob[i]);
    free(weighing.prob);
    free(weighing.capacity);
    free(weighing.state);
    return ok;
}
