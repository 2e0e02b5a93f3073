// The commands of rnnlm-ngram that make a model from models: prune, mix, renorm, convert, expand.
#ifndef TOOLS_NGRAM_EDIT_H
#define TOOLS_NGRAM_EDIT_H

#include <stdio.h>
#include <stdlib.h>

#include "base/memory.h"
#include "base/number.h"
#include "ngram/arpa.h"
#include "ngram/class_expand.h"
#include "ngram/mix.h"
#include "ngram/prune.h"
#include "ngram/renormalise.h"
#include "ngram/select.h"
#include "score/ngram_weights.h"
#include "text/reader.h"
#include "tool.h"

// What all of them have.
static struct {
    const char *model, *output;
} edit_set = {.output = "-"};

#define EDIT_MODEL                                                                                 \
    {                                                                                              \
        OPTION_TEXT, "lm", "FILE", &edit_set.model, NULL, 0, 0,                                    \
            "Model, an ARPA file or a binary model; - is standard input."                          \
    }
#define EDIT_OUTPUT                                                                                \
    {                                                                                              \
        OPTION_TEXT, "o", "FILE", &edit_set.output, NULL, 0, 0,                                    \
            "Write the model here, in ARPA format; compressed if the name ends in .gz."            \
    }

typedef bool edit_work(struct error *error);

// `argv[0]` is not looked at. Returns the exit status. Messages only: standard output is the model's.
static int edit_run(const struct options *options, edit_work *work, int argc, char **argv)
{
    struct error error;
    enum options_result result = options_parse(options, argc, argv, NULL);
    if (result != OPTIONS_RUN)
        return options_status(result);
    endings_catch();
    bool ok = output_try(edit_set.output, &error) && work(&error);
    return ok ? 0 : options_error(options->program, &error);
}

static struct ngram_model *edit_open(const char *program, struct error *error)
{
    if (edit_set.model != NULL)
        return tool_load_ngram(program, edit_set.model, error);
    error_usage(error, "no model given: -lm FILE is wanted");
    return NULL;
}

static void edit_count(const struct ngram_model *model, uint64_t *count)
{
    for (int k = 1; k <= NGRAM_LONGEST; k++)
        count[k] = ngram_count(model, k);
}

static void edit_tell_dropped(const char *program, const uint64_t *before,
                              const struct ngram_model *after)
{
    for (int k = 1; k <= NGRAM_LONGEST && before[k] > 0; k++)
        fprintf(stderr, "%s: %d-grams: %llu of %llu dropped\n", program, k,
                (unsigned long long)(before[k] - ngram_count(after, k)),
                (unsigned long long)before[k]);
}

static bool edit_renormalise(const char *program, struct ngram_model *model, struct error *error)
{
    struct renormalised done;
    char text[160];
    if (!ngram_renormalise(model, NULL, &done, error))
        return false;
    snprintf(text, sizeof text,
             "of %llu contexts %llu have n-grams with more than all probability: they get the "
             "back-off weight 0",
             (unsigned long long)done.contexts, (unsigned long long)done.impossible);
    if (done.impossible > 0)
        options_warn(program, text);
    return true;
}

// ---- prune -------------------------------------------------------------------------------------

static struct {
    const char *history;
    double threshold;
    bool threshold_given;
    int64_t least;
} prune_set = {.least = 2};

static const struct option prune_table[] = {
    {.type = OPTION_GROUP, .help = "Files"},
    EDIT_MODEL,
    EDIT_OUTPUT,
    {.type = OPTION_GROUP, .help = "Pruning"},
    {OPTION_NUMBER, "threshold", "X", &prune_set.threshold, &prune_set.threshold_given, 0, 1e300,
     "Drop n-grams without which the perplexity of the model, by its own account, grows by less "
     "than this share, such as 1e-8."},
    {OPTION_TEXT, "history-lm", "FILE", &prune_set.history, NULL, 0, 0,
     "Ask this model how frequent contexts are, as SRILM's -prune-history-lm does; one order less "
     "is enough. The shorter n-grams of Kneser-Ney models are no frequencies, and prune badly."},
    {OPTION_COUNT, "min-order", "N", &prune_set.least, NULL, 2, NGRAM_LONGEST,
     "Drop n-grams of N words and more only, as SRILM's -minprune does."}};

static const struct options prune_options_table = {
    .program = "rnnlm-ngram prune",
    .summary = "drop the n-grams of a model that matter least",
    .usage = "-lm MODEL.arpa -threshold X [-history-lm MODEL.arpa] -o MODEL.arpa[.gz]",
    .about = "Prunes an n-gram model by relative entropy (Stolcke 1998), as SRILM's `ngram -lm\n"
             "MODEL -prune X -write-lm FILE` does. Says on standard error how much has gone.",
    .table = prune_table,
    .count = sizeof prune_table / sizeof *prune_table,
};

static bool prune_work(struct error *error)
{
    const char *program = prune_options_table.program;
    struct ngram_model *history = NULL;
    uint64_t before[NGRAM_LONGEST + 1];
    if (!prune_set.threshold_given)
        return error_usage(error, "no threshold given: -threshold X, such as 1e-8, is wanted");
    struct ngram_model *model = edit_open(program, error);
    bool ok = model != NULL;
    if (ok && prune_set.history != NULL) {
        history = tool_load_ngram(program, prune_set.history, error);
        ok = history != NULL;
    }
    if (ok) {
        struct prune_options options = {prune_set.threshold, (int)prune_set.least, history};
        edit_count(model, before);
        ok = ngram_prune(model, &options, NULL, error) && arpa_write(model, edit_set.output, error);
    }
    if (ok)
        edit_tell_dropped(program, before, model);
    ngram_close(history);
    ngram_close(model);
    return ok;
}

static int ngram_prune_main(int argc, char **argv)
{
    return edit_run(&prune_options_table, prune_work, argc, argv);
}

// ---- mix ---------------------------------------------------------------------------------------

static struct {
    struct option_list model;
    const char *lambda, *tune;
    double precision;
} mix_set = {.precision = MIXTURE_PRECISION};

static const struct option mix_table[] = {
    {.type = OPTION_GROUP, .help = "Files"},
    {OPTION_LIST, "lm", "FILE", &mix_set.model, NULL, 0, 0,
     "Model, an ARPA file or a binary model; - is standard input. Given several times, once for "
     "each model."},
    EDIT_OUTPUT,
    {.type = OPTION_GROUP, .help = "Weights"},
    {OPTION_TEXT, "lambda", "A,B,...", &mix_set.lambda, NULL, 0, 0,
     "One weight for each model: none negative, sum 1; or without the last one, which is then what "
     "is left. Without this option and -tune all weigh the same."},
    {OPTION_TEXT, "tune", "FILE", &mix_set.tune, NULL, 0, 0,
     "Find the weights with which this text, a sentence a line, is most likely (expectation "
     "maximisation); they go to standard error."},
    {OPTION_NUMBER, "precision", "X", &mix_set.precision, NULL, 0, 1,
     "With -tune: end when no weight changes by so much in an iteration."}};

static const struct options mix_options_table = {
    .program = "rnnlm-ngram mix",
    .summary = "one n-gram model from a weighted mixture of several",
    .usage = "-lm A.arpa -lm B.arpa [-lm C.arpa...] [-lambda A,B,... | -tune TEXT] -o "
             "MODEL.arpa[.gz]",
    .about =
        "Interpolates n-gram models into one (static interpolation, SRILM's `ngram -lm A -mix-lm\n"
        "B -lambda L -write-lm FILE`): it has the n-grams of all, with the weighted sum of their\n"
        "probabilities, and back-off weights that make it sum to 1. A word that one of the models\n"
        "does not have has probability 0 there.",
    .table = mix_table,
    .count = sizeof mix_table / sizeof *mix_table,
};

static bool mix_read_lambda(double *weight, size_t models, struct error *error)
{
    const char *at = mix_set.lambda;
    double left = 1;
    size_t n = 0;
    for (bool more = true; more; n++) {
        size_t length = strcspn(at, ",");
        double value;
        if (!number_parse(at, length, &value))
            return error_usage(error, "option -lambda: found \"%.*s\", wanted a number",
                               (int)length, at);
        if (n < models)
            weight[n] = value;
        left -= value;
        more = at[length] == ',';
        at += length + more;
    }
    if (n + 1 == models)
        weight[n++] = left;
    if (n != models)
        return error_usage(
            error, "option -lambda: found %zu weights, wanted one for each of the %zu models", n,
            models);
    return mixture_check(models, weight, error) || error_option(error, "lambda");
}

static bool mix_find_weights(struct ngram_model *const *model, size_t models, double *weight,
                             struct error *error)
{
    struct mixture_score score;
    if (mix_set.lambda != NULL)
        return mix_read_lambda(weight, models, error);
    for (size_t i = 0; i < models; i++)
        weight[i] = 1 / (double)models;
    if (mix_set.tune == NULL)
        return true;
    if (!ngram_weights(model, models, mix_set.tune, mix_set.precision, weight, &score, error))
        return false;
    fprintf(stderr, "%s: -lambda ", mix_options_table.program);
    for (size_t i = 0; i < models; i++)
        fprintf(stderr, "%s%.8f", i > 0 ? "," : "", weight[i]);
    fprintf(stderr, " (perplexity %.4f, %llu words without probability)\n",
            mixture_perplexity(&score), (unsigned long long)score.zeros);
    return true;
}

static bool mix_models(struct ngram_model **model, size_t models, double *weight,
                       struct error *error)
{
    for (size_t i = 0; i < models; i++) {
        model[i] = tool_load_ngram(mix_options_table.program, mix_set.model.item[i], error);
        if (model[i] == NULL)
            return false;
    }
    if (!mix_find_weights(model, models, weight, error))
        return false;
    struct ngram_model *mixed = ngram_mix(model, weight, models, error);
    bool ok = mixed != NULL && arpa_write(mixed, edit_set.output, error);
    ngram_close(mixed);
    return ok;
}

static bool mix_work(struct error *error)
{
    size_t models = mix_set.model.count;
    if (models < 2)
        return error_usage(error, "found %zu models, wanted -lm FILE twice or more", models);
    if (mix_set.lambda != NULL && mix_set.tune != NULL)
        return error_usage(error, "-lambda and -tune do not go together");
    struct ngram_model **model = memory_new(models, sizeof(struct ngram_model *), error);
    double *weight = memory_new(models, sizeof *weight, error);
    bool ok = model != NULL && weight != NULL && mix_models(model, models, weight, error);
    for (size_t i = 0; model != NULL && i < models; i++)
        ngram_close(model[i]);
    free(model);
    free(weight);
    return ok;
}

static int ngram_mix_main(int argc, char **argv)
{
    return edit_run(&mix_options_table, mix_work, argc, argv);
}

// ---- renorm ------------------------------------------------------------------------------------

static const struct option renorm_table[] = {
    {.type = OPTION_GROUP, .help = "Files"}, EDIT_MODEL, EDIT_OUTPUT};

static const struct options renorm_options = {
    .program = "rnnlm-ngram renorm",
    .summary = "back-off weights of an n-gram model anew",
    .usage = "-lm MODEL.arpa -o MODEL.arpa[.gz]",
    .about =
        "Computes the back-off weights of a model anew, so that the probabilities behind every\n"
        "context sum to 1, as SRILM's `ngram -lm MODEL -renorm -write-lm FILE` does. The\n"
        "probabilities of its n-grams stay, but for those of words if they do not sum to 1.",
    .table = renorm_table,
    .count = sizeof renorm_table / sizeof *renorm_table,
};

static bool renorm_work(struct error *error)
{
    struct ngram_model *model = edit_open(renorm_options.program, error);
    bool ok = model != NULL && edit_renormalise(renorm_options.program, model, error) &&
              arpa_write(model, edit_set.output, error);
    ngram_close(model);
    return ok;
}

static int ngram_renorm_main(int argc, char **argv)
{
    return edit_run(&renorm_options, renorm_work, argc, argv);
}

// ---- convert -----------------------------------------------------------------------------------

static struct {
    const char *vocabulary;
    int64_t order;
    bool renorm;
} convert_set = {.order = NGRAM_LONGEST};

static const struct option convert_table[] = {
    {.type = OPTION_GROUP, .help = "Files"},
    EDIT_MODEL,
    EDIT_OUTPUT,
    {.type = OPTION_GROUP, .help = "What is kept"},
    {OPTION_TEXT, "vocab", "FILE", &convert_set.vocabulary, NULL, 0, 0,
     "Keep n-grams of these words only, with blanks or newlines between; <s>, </s> and <unk> stay. "
     "What the others had of probability is lost unless -renorm is given."},
    {OPTION_COUNT, "order", "N", &convert_set.order, NULL, 1, NGRAM_LONGEST,
     "Keep n-grams of up to N words."},
    {OPTION_FLAG, "renorm", NULL, &convert_set.renorm, NULL, 0, 0,
     "Compute back-off weights anew, as rnnlm-ngram renorm does."}};

static const struct options convert_options = {
    .program = "rnnlm-ngram convert",
    .summary = "read an n-gram model and write it, or a part of it",
    .usage = "-lm MODEL.arpa [-vocab FILE] [-order N] [-renorm] -o MODEL.arpa[.gz]",
    .about = "Reads a model, checks it and writes it, as SRILM's `ngram -lm MODEL -write-lm FILE`\n"
             "does; with -vocab or -order a part of it, and says on standard error how much has\n"
             "gone.",
    .table = convert_table,
    .count = sizeof convert_table / sizeof *convert_table,
};

static bool convert_read_words(struct vocabulary *words, const char *path, struct error *error)
{
    struct token token;
    struct reader *reader = reader_open(path, error);
    bool ok = reader != NULL;
    while (ok && reader_next(reader, &token))
        ok = vocabulary_add(words, token.text, token.length, error) != WORD_OOV;
    ok = ok && reader_ok(reader, error);
    if (ok && words->size == 1)
        ok = error_set(error, "%s: the vocabulary holds no word", reader_name(reader));
    reader_close(reader);
    return ok;
}

static struct ngram_model *convert_select(const struct ngram_model *model, struct error *error)
{
    struct vocabulary words = {0};
    struct ngram_model *part = NULL;
    bool limited = convert_set.vocabulary != NULL;
    if (!limited || (vocabulary_init(&words, error) &&
                     convert_read_words(&words, convert_set.vocabulary, error)))
        part = ngram_select(model, limited ? &words : NULL, (int)convert_set.order, error);
    vocabulary_free(&words);
    return part;
}

static bool convert_work(struct error *error)
{
    const char *program = convert_options.program;
    uint64_t before[NGRAM_LONGEST + 1];
    struct ngram_model *model = edit_open(program, error);
    if (model == NULL)
        return false;
    edit_count(model, before);
    bool whole = convert_set.vocabulary == NULL && convert_set.order >= model->order, ok = true;
    if (!whole) {
        struct ngram_model *part = convert_select(model, error);
        ngram_close(model);
        model = part;
        ok = part != NULL;
    }
    ok = ok && (!convert_set.renorm || edit_renormalise(program, model, error)) &&
         arpa_write(model, edit_set.output, error);
    if (ok && !whole)
        edit_tell_dropped(program, before, model);
    ngram_close(model);
    return ok;
}

static int ngram_convert_main(int argc, char **argv)
{
    return edit_run(&convert_options, convert_work, argc, argv);
}

// ---- expand ------------------------------------------------------------------------------------

static struct {
    const char *classes;
    int64_t order;
} expand_set;

static const struct option expand_table[] = {
    {.type = OPTION_GROUP, .help = "Files"},
    EDIT_MODEL,
    {OPTION_TEXT, "classes", "FILE", &expand_set.classes, NULL, 0, 0,
     "What the classes of the model stand for: CLASS [PROBABILITY] WORD... a line, SRILM's "
     "classes-format(5). Words of the model that are no classes stand for themselves."},
    EDIT_OUTPUT,
    {.type = OPTION_GROUP, .help = "Expansion"},
    {OPTION_COUNT, "order", "N", &expand_set.order, NULL, 1, NGRAM_LONGEST,
     "Longest n-grams of the result, which classes of several words make longer; without it, as "
     "long as those of the model."}};

static const struct options expand_options = {
    .program = "rnnlm-ngram expand",
    .summary = "a class n-gram model as a word n-gram model",
    .usage = "-lm CLASSES.arpa -classes FILE [-order N] -o MODEL.arpa[.gz]",
    .about =
        "Puts words in the place of the classes of a class n-gram model, as SRILM's `ngram -lm\n"
        "MODEL -classes FILE -expand-classes N -write-lm FILE` does: an n-gram of words for all\n"
        "that each n-gram of classes stands for.",
    .table = expand_table,
    .count = sizeof expand_table / sizeof *expand_table,
};

static struct ngram_model *expand_model(const struct ngram_model *model,
                                        const struct class_definitions *definitions,
                                        struct error *error)
{
    struct error remark;
    uint64_t left_out;
    int order = expand_set.order > 0 ? (int)expand_set.order : model->order;
    if (class_definitions_remark(definitions, expand_set.classes, &remark))
        options_warn(expand_options.program, remark.text);
    struct ngram_model *expanded = class_expand(model, definitions, order, &left_out, error);
    if (expanded != NULL && left_out > 0)
        fprintf(stderr,
                "%s: left out what has more than %d words, %llu times; -order N keeps more\n",
                expand_options.program, order, (unsigned long long)left_out);
    return expanded;
}

static bool expand_work(struct error *error)
{
    struct class_definitions definitions = {0};
    struct ngram_model *expanded = NULL;
    if (expand_set.classes == NULL)
        return error_usage(error, "no classes given: -classes FILE is wanted");
    struct ngram_model *model = edit_open(expand_options.program, error);
    if (model != NULL && class_definitions_read(&definitions, expand_set.classes, error))
        expanded = expand_model(model, &definitions, error);
    bool ok = expanded != NULL && arpa_write(expanded, edit_set.output, error);
    class_definitions_free(&definitions);
    ngram_close(model);
    ngram_close(expanded);
    return ok;
}

static int ngram_expand_main(int argc, char **argv)
{
    return edit_run(&expand_options, expand_work, argc, argv);
}

#endif
